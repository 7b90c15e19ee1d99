//! `os`

use std::os::unix::ffi::OsStrExt;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Vm};

use super::args::{Args, boolean, to_int};
use super::files::{path_of, shell, temporary_name};
use super::outcome::ret_outcome;
use super::{Functions, library};
use crate::core::state::lua;
use crate::core::{coerce, error, table};
use crate::generated::{Boxed, Table, nil};
use crate::text::parse_number::truncate_to_integer;
use crate::text::time::{self, CalendarTime, Fields};

/// Opens the library.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    library(vm, "os", FUNCTIONS).map(drop)
}

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("clock", clock), ("date", date), ("difftime", difftime), ("execute", execute), ("exit", exit), ("getenv", getenv),
    ("remove", remove), ("rename", rename), ("setlocale", setlocale), ("time", time_), ("tmpname", tmpname),
];

fn clock(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret_number(time::cpu_seconds())
}

fn date(cx: &mut CallContext<'_>) -> NativeResult {
    let format = if cx.is_none_or_nil(0) { b"%c" } else { cx.bytes(0)? };
    let moment = if cx.is_none_or_nil(1) {
        time::now()
    } else {
        truncate_to_integer(cx.number(1)?)
    };
    let (calendar, format) = match format.strip_prefix(b"!") {
        Some(format) => (CalendarTime::utc(moment), format),
        None => (CalendarTime::local(moment), format),
    };
    let Some(calendar) = calendar else { return cx.ret_nil() };
    if format.starts_with(b"*t") {
        let fields = fields_table(cx, &calendar.fields())?;
        return cx.ret(fields.boxed());
    }
    let mut text = Vec::new();
    calendar.write(&mut text, format.split(|&byte| byte == 0).next().unwrap_or_default());
    cx.ret_bytes(&text)
}

fn fields_table<'v>(vm: &'v Vm, fields: &Fields) -> Result<Ref<'v, Table>, Throw> {
    let made = table::new(vm, 0, 9)?;
    let numbers = [
        ("sec", fields.second),
        ("min", fields.minute),
        ("hour", fields.hour),
        ("day", fields.day),
        ("month", fields.month),
        ("year", fields.year),
        ("wday", fields.weekday),
        ("yday", fields.day_of_year),
    ];
    for (name, number) in numbers {
        table::set_str(vm, made, vm.str(name.as_bytes())?, (number as f64).boxed())?;
    }
    if let Some(daylight_saving) = fields.daylight_saving {
        table::set_str(vm, made, vm.str(b"isdst")?, boolean(daylight_saving))?;
    }
    Ok(made)
}

fn time_(cx: &mut CallContext<'_>) -> NativeResult {
    if cx.is_none_or_nil(0) {
        return cx.ret_number(time::now() as f64);
    }
    cx.table(0)?;
    let daylight_saving = table::get_str(cx, cx.table(0)?, cx.str(b"isdst")?);
    let fields = Fields {
        second: field(cx, "sec", Some(0))?,
        minute: field(cx, "min", Some(0))?,
        hour: field(cx, "hour", Some(12))?,
        day: field(cx, "day", None)?,
        month: field(cx, "month", None)?,
        year: field(cx, "year", None)?,
        weekday: 1,
        day_of_year: 1,
        daylight_saving: (daylight_saving != nil()).then(|| coerce::is_truthy(daylight_saving)),
    };
    match time::timestamp(&fields) {
        Some(timestamp) => cx.ret_number(timestamp as f64),
        None => cx.ret_nil(),
    }
}

/// A whole number in a field of the table that is the first argument.
fn field(cx: &CallContext<'_>, name: &str, default: Option<i64>) -> Result<i64, Throw> {
    let value = table::get_str(cx, cx.table(0)?, cx.str(name.as_bytes())?);
    match (coerce::to_number(cx, value), default) {
        (Some(number), _) => Ok(to_int(truncate_to_integer(number))),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(error::throw_from_native(
            cx,
            format!("field '{name}' missing in date table"),
        )),
    }
}

fn difftime(cx: &mut CallContext<'_>) -> NativeResult {
    let earlier = if cx.is_none_or_nil(1) { 0.0 } else { cx.number(1)? };
    cx.ret_number(cx.number(0)?.trunc() - earlier.trunc())
}

fn getenv(cx: &mut CallContext<'_>) -> NativeResult {
    let name = path_of(cx.bytes(0)?).as_os_str();
    let is_name = !name.is_empty() && !name.as_bytes().contains(&b'=');
    match is_name.then(|| std::env::var_os(name)).flatten() {
        Some(value) => cx.ret_bytes(value.as_bytes()),
        None => cx.ret_nil(),
    }
}

fn exit(cx: &mut CallContext<'_>) -> NativeResult {
    let status = to_int(cx.integer_or(0, 0)?);
    lua(cx).files.borrow_mut().flush_all();
    std::process::exit(status as i32)
}

fn execute(cx: &mut CallContext<'_>) -> NativeResult {
    use std::os::unix::process::ExitStatusExt;
    if cx.is_none_or_nil(0) {
        return cx.ret_number(1.0);
    }
    lua(cx).files.borrow_mut().flush_all();
    let status = shell(cx.bytes(0)?).status();
    cx.ret_number(status.map_or(-1.0, |status| status.into_raw().into()))
}

fn remove(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.bytes(0)?;
    let path = path_of(name);
    let removed = if path.is_dir() {
        std::fs::remove_dir(path)
    } else {
        std::fs::remove_file(path)
    };
    ret_outcome(cx, removed, Some(name))
}

fn rename(cx: &mut CallContext<'_>) -> NativeResult {
    let (from, to) = (cx.bytes(0)?, cx.bytes(1)?);
    ret_outcome(cx, std::fs::rename(path_of(from), path_of(to)), Some(from))
}

/// Only the locale "C" exists.
fn setlocale(cx: &mut CallContext<'_>) -> NativeResult {
    let known = cx.is_none_or_nil(0) || matches!(cx.bytes(0)?, b"" | b"C" | b"POSIX");
    if known { cx.ret_bytes(b"C") } else { cx.ret_nil() }
}

fn tmpname(cx: &mut CallContext<'_>) -> NativeResult {
    match temporary_name() {
        Ok(path) => cx.ret_bytes(path.as_os_str().as_bytes()),
        Err(_) => Err(error::throw_from_native(cx, "unable to generate a unique filename")),
    }
}
