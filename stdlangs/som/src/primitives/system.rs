//! System.

use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use super::string::argument;
use super::{Table, native};
use crate::core::class::bind;
use crate::core::number::Integer;
use crate::core::object::{array, boolean, global_value, symbol_of, symbol_text};
use crate::core::state::som;
use crate::core::{error, load, trace};
use crate::generated::{Boxed, Symbol, nil};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("global:",              native(global)),
    ("global:put:",          native(global_put)),
    ("hasGlobal:",           native(has_global)),
    ("load:",                native(load)),
    ("loadFile:",            native(load_file)),
    ("exit:",                native(exit)),
    ("printString:",         native(print_string)),
    ("printNewline",         native(print_newline)),
    ("errorPrint:",          native(error_print)),
    ("errorPrintln:",        native(error_println)),
    ("printStackTrace",      native(print_stack_trace)),
    ("time",                 native(time)),
    ("ticks",                native(ticks)),
    ("fullGC",               native(full_gc)),
    ("gcStats",              native(gc_stats)),
    ("totalCompilationTime", native(total_compilation_time)),
];

/// The name in the first argument.
fn name<'v>(cx: &'v CallContext<'_>, selector: &str) -> Result<Ref<'v, Symbol>, Throw> {
    let text = argument(cx, 1, selector)?;
    symbol_of(cx, text)
}

fn global(cx: &mut CallContext<'_>) -> NativeResult {
    let name = name(cx, "global:")?;
    cx.ret(global_value(cx, name).unwrap_or(nil()))
}

fn global_put(cx: &mut CallContext<'_>) -> NativeResult {
    let name = name(cx, "global:put:")?;
    bind(cx, name, cx.arg(2))?;
    cx.ret(cx.arg(2))
}

fn has_global(cx: &mut CallContext<'_>) -> NativeResult {
    let name = name(cx, "hasGlobal:")?;
    cx.ret(boolean(global_value(cx, name).is_some()))
}

fn load(cx: &mut CallContext<'_>) -> NativeResult {
    let name = symbol_text(cx, name(cx, "load:")?);
    let class = load::class(cx, &name)?;
    cx.ret(class.map_or(nil(), Boxed::boxed))
}

fn load_file(cx: &mut CallContext<'_>) -> NativeResult {
    let path = argument(cx, 1, "loadFile:")?;
    match std::fs::read(std::ffi::OsStr::from_bytes(path.as_bytes())) {
        Ok(text) => cx.ret(cx.str(&text)?.boxed()),
        Err(_) => cx.ret(nil()),
    }
}

/// Nobody catches what is thrown; the host sees the status.
fn exit(cx: &mut CallContext<'_>) -> NativeResult {
    let status = crate::core::number::integer(cx, cx.arg(1));
    match status {
        Some(status) => {
            som(cx).exit.set(Some((status.low_bits() & 0xFF) as i32));
            Err(cx.throw(nil()))
        }
        None => Err(error::wrong_argument(cx, "exit:", "an Integer", cx.arg(1))),
    }
}

fn print_string(cx: &mut CallContext<'_>) -> NativeResult {
    let text = argument(cx, 1, "printString:")?;
    som(cx).output.borrow_mut().print(text.as_bytes());
    cx.ret(cx.arg(0))
}

fn print_newline(cx: &mut CallContext<'_>) -> NativeResult {
    som(cx).output.borrow_mut().print(b"\n");
    cx.ret(cx.arg(0))
}

/// Prints to the standard error, behind all that was printed before.
fn print_error(cx: &CallContext<'_>, text: &[u8]) {
    use std::io::Write;
    som(cx).output.borrow_mut().flush();
    // What cannot be written is lost: there is nobody to tell.
    let _ = std::io::stderr().write_all(text);
}

fn error_print(cx: &mut CallContext<'_>) -> NativeResult {
    print_error(cx, argument(cx, 1, "errorPrint:")?.as_bytes());
    cx.ret(cx.arg(0))
}

fn error_println(cx: &mut CallContext<'_>) -> NativeResult {
    let line = [argument(cx, 1, "errorPrintln:")?.as_bytes(), b"\n"].concat();
    print_error(cx, &line);
    cx.ret(cx.arg(0))
}

fn print_stack_trace(cx: &mut CallContext<'_>) -> NativeResult {
    let trace = trace::trace(cx);
    som(cx).output.borrow_mut().print(trace.as_bytes());
    cx.ret(cx.arg(0))
}

fn integer<'v>(vm: &'v Vm, number: u128) -> Result<Value<'v>, Throw> {
    Integer::Small(i64::try_from(number).unwrap_or(i64::MAX)).value(vm)
}

fn elapsed(cx: &CallContext<'_>) -> Duration {
    som(cx).started().elapsed()
}

fn time(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(integer(cx, elapsed(cx).as_millis())?)
}

fn ticks(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(integer(cx, elapsed(cx).as_micros().max(1))?)
}

fn full_gc(cx: &mut CallContext<'_>) -> NativeResult {
    cx.collect_full();
    cx.ret(boolean(true))
}

/// Collections, milliseconds, bytes allocated.
fn gc_stats(cx: &mut CallContext<'_>) -> NativeResult {
    let stats = cx.gc_stats();
    let numbers = [
        u128::from(stats.minor + stats.full),
        stats.total_pause.as_millis(),
        u128::from(stats.allocated),
    ];
    let values: Result<Vec<_>, _> = numbers.iter().map(|&number| integer(cx, number)).collect();
    cx.ret(array(cx, &values?)?.boxed())
}

/// Methods are compiled when they are first called, in no time worth counting.
fn total_compilation_time(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(0.boxed())
}
