//! Ctrl-C while a program runs: an error in it, the first time; the end of the process, if it does not listen.

use std::sync::OnceLock;

use dg_lua::{InterruptHandle, Lua};

static RUNNING: OnceLock<InterruptHandle> = OnceLock::new();

/// Runs something in the state. Ctrl-C interrupts it; a second one ends the process, as does any that comes when nothing
/// runs.
pub fn interruptible<R>(lua: &Lua, run: impl FnOnce() -> R) -> R {
    RUNNING.get_or_init(|| lua.interrupt_handle());
    let handler = interrupt as extern "C" fn(libc::c_int);
    // SAFETY: the handler only raises a flag, which is allowed at any time.
    unsafe { libc::signal(libc::SIGINT, handler as libc::sighandler_t) };
    let result = run();
    restore();
    result
}

extern "C" fn interrupt(_signal: libc::c_int) {
    restore();
    if let Some(running) = RUNNING.get() {
        running.interrupt();
    }
}

fn restore() {
    // SAFETY: the default action needs no handler.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
}
