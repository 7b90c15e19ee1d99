//! Interruptions, and limits of time.

use std::cell::RefCell;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use dg_runtime::InterruptHandle;

use super::error::Result;
use super::lua::Lua;
use crate::core::state::lua as state_of;

/// When the limits end that hold now.
#[derive(Default)]
pub struct Deadlines(RefCell<Vec<Instant>>);

impl Deadlines {
    /// Whether one of them has passed.
    pub fn passed(&self) -> bool {
        let deadlines = self.0.borrow();
        !deadlines.is_empty() && deadlines.iter().min().is_some_and(|first| *first <= Instant::now())
    }
}

/// A limit that holds until this is dropped.
struct Limit<'a> {
    lua: &'a Lua,
    /// Ends the watchdog when it goes.
    done: Option<Sender<()>>,
    watchdog: Option<JoinHandle<()>>,
}

impl Lua {
    /// Interrupts running Lua code, from another thread or a signal handler's: it gets an error, which is
    /// [`Error::Interrupted`](crate::Error::Interrupted) at the host. Lua code may catch it; for code that is not trusted
    /// use [`Lua::time_limit`].
    ///
    /// ```
    /// use dg_lua::{Error, Lua};
    ///
    /// let lua = Lua::new();
    /// let handle = lua.interrupt_handle();
    /// let interrupter = std::thread::spawn(move || {
    ///     std::thread::sleep(std::time::Duration::from_millis(20));
    ///     handle.interrupt();
    /// });
    /// let error = lua.load("while true do end").exec().unwrap_err();
    /// assert!(matches!(error, Error::Interrupted { .. }));
    /// # interrupter.join().unwrap();
    /// ```
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.vm().interrupt_handle()
    }

    /// Calls a function in which Lua code may run for so long. From then on whatever Lua code does is an error, so that
    /// `pcall` does not help it. Limits may nest.
    ///
    /// Code is stopped between two instructions: a function of the library or of the host that takes long is not.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dg_lua::{Error, Lua};
    ///
    /// let lua = Lua::new();
    /// let chunk = lua.load("while true do pcall(function() while true do end end) end").into_function()?;
    /// let outcome = lua.time_limit(Duration::from_millis(20), || chunk.call::<()>(()));
    /// assert!(matches!(outcome, Err(Error::Interrupted { .. })));
    /// lua.load("assert(1 + 1 == 2)").exec()?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// What the function answers; that the system has no thread for the watchdog.
    pub fn time_limit<R>(&self, limit: Duration, f: impl FnOnce() -> Result<R>) -> Result<R> {
        let Some(deadline) = Instant::now().checked_add(limit) else {
            return f();
        };
        let (done, wait) = channel::<()>();
        let handle = self.interrupt_handle();
        let watchdog = Builder::new().name("time limit".to_owned()).spawn(move || {
            if wait.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                handle.interrupt();
            }
        })?;
        self.deadlines().0.borrow_mut().push(deadline);
        let _limit = Limit {
            lua: self,
            done: Some(done),
            watchdog: Some(watchdog),
        };
        f()
    }

    fn deadlines(&self) -> &Deadlines {
        &state_of(self.vm()).host.deadlines
    }
}

impl Drop for Limit<'_> {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(watchdog) = self.watchdog.take() {
            // It does nothing that could panic.
            let _ = watchdog.join();
        }
        let deadlines = self.lua.deadlines();
        let passed = deadlines.passed();
        deadlines.0.borrow_mut().pop();
        if passed && !deadlines.passed() {
            self.lua.vm().clear_interrupt();
        }
    }
}
