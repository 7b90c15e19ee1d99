//! The embedding API, used as a host uses it: without a line of unsafe code.

#![forbid(unsafe_code)]

mod conversions;
mod coroutines;
mod errors;
mod functions;
mod handles;
mod limits;
mod scopes;
mod states;
mod tables;
mod userdata;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

use dg_lua::{Lua, Options, StdLib};

/// A state that collects at every safepoint, and when the host makes an object.
fn stressed() -> Lua {
    let mut options = Options::default();
    options.gc.stress = true;
    Lua::new_with(StdLib::ALL, options).expect("memory")
}

/// Runs a test as it is and with all these collections.
fn both(test: impl Fn(&Lua) -> dg_lua::Result<()>) {
    for lua in [Lua::new(), stressed()] {
        if let Err(error) = test(&lua) {
            panic!("{error}");
        }
    }
}

/// Runs what panics as expected, without the messages of panics. They would be of all threads, so one at a time.
fn silently<R>(run: impl FnOnce() -> R) -> R {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let answer = catch_unwind(AssertUnwindSafe(run));
    std::panic::set_hook(hook);
    answer.unwrap_or_else(|panic| resume_unwind(panic))
}
