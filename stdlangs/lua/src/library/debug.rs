//! `debug`: what programs look at most.

use dg_runtime::{CallContext, Frame, Frames, LocalInfo, NativeResult, Ref, Throw, Value, Vm};

use super::args::{Args, boolean, to_int};
use super::{Functions, library};
use crate::core::closure::closed_location;
use crate::core::coerce::{self, string};
use crate::core::error;
use crate::core::state::lua;
use crate::core::{hooks, meta, names, table, traceback};
use crate::generated::{Boxed, Function, Kind, Table, Upvalue, ValueKind, nil};
use crate::syntax::{RUNTIME_CHUNK_ID_LEN, chunk_id};

/// Opens the library.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    library(vm, "debug", FUNCTIONS).map(drop)
}

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("getfenv", getfenv), ("gethook", gethook), ("getinfo", getinfo), ("getlocal", getlocal),
    ("getmetatable", getmetatable), ("getregistry", getregistry), ("getupvalue", getupvalue), ("setfenv", setfenv),
    ("sethook", sethook), ("setlocal", setlocal), ("setmetatable", setmetatable), ("setupvalue", setupvalue),
    ("traceback", traceback_),
];

/// Where the arguments begin behind a thread that is argument 0, and the frames of that thread, or of the running one.
fn subject<'v>(cx: &'v CallContext<'_>) -> (u32, Frames<'v>) {
    match cx.arg(0).as_thread(cx) {
        Some(coroutine) => (1, cx.frames_of(coroutine)),
        None => (0, cx.frames()),
    }
}

/// `debug.gethook()`: there never is one.
fn gethook(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret_all(&[nil(), string(cx, b"")?, 0.0.boxed()])
}

/// `debug.sethook([thread,] hook, mask, count)`: a hook can be taken away only.
fn sethook(cx: &mut CallContext<'_>) -> NativeResult {
    let (first, _) = subject(cx);
    if cx.arg(first).as_function(cx).is_some() {
        return Err(error::throw_from_native(cx, "hooks are not supported"));
    }
    cx.ret_none()
}

fn traceback_(cx: &mut CallContext<'_>) -> NativeResult {
    let first = u32::from(cx.arg(0).as_thread(cx).is_some());
    let message = cx.arg(first);
    let is_text = message.is_double() || message.as_string(cx).is_some();
    if cx.has_arg(first) && !is_text {
        return cx.ret(message);
    }
    let level = to_int(cx.integer_or(first + 1, i64::from(first == 0))?).max(0) as usize;
    let mut text = Vec::new();
    if is_text {
        coerce::append_text(cx, &mut text, message);
        text.push(b'\n');
    }
    match cx.arg(0).as_thread(cx) {
        Some(coroutine) => traceback::append_frames(cx, &mut text, cx.frames_of(coroutine), level),
        None => traceback::append(cx, &mut text, level),
    }
    cx.ret_bytes(&text)
}

fn getinfo(cx: &mut CallContext<'_>) -> NativeResult {
    let (first, frames) = subject(cx);
    let options = if cx.is_none_or_nil(first + 1) {
        b"flnSu"
    } else {
        cx.bytes(first + 1)?
    };
    if !options.iter().all(|option| b"flnSuL".contains(option)) {
        return Err(cx.bad(first + 1, "invalid option"));
    }
    let frames: Vec<Frame<'_>> = frames.collect();
    let (function, level) = match cx.arg(first).as_function(cx) {
        Some(function) => (function, None),
        None => {
            let level = cx
                .number(first)
                .map_err(|_| cx.bad(first, "function or level expected"))?;
            let function = frames
                .get(level as usize)
                .filter(|_| level >= 0.0)
                .and_then(|frame| frame.callee());
            match function {
                Some(function) => (function, Some(level as usize)),
                None => return cx.ret_nil(),
            }
        }
    };
    let info = table::new(cx, 0, 12)?;
    if options.contains(&b'S') {
        describe_source(cx, info, function)?;
    }
    if options.contains(&b'l') {
        let line = level.and_then(|level| frames[level].line());
        set(cx, info, "currentline", line.map_or(-1.0, f64::from).boxed())?;
    }
    if options.contains(&b'u') {
        set(cx, info, "nups", (function.len() as f64).boxed())?;
    }
    if options.contains(&b'n') {
        let name = level.and_then(|level| names::of_callee(cx, *frames.get(level + 1)?));
        let kind = name.as_ref().map_or("", |name| name.kind);
        set(cx, info, "namewhat", string(cx, kind.as_bytes())?)?;
        if let Some(name) = name {
            set(cx, info, "name", string(cx, &name.name)?)?;
        }
    }
    if options.contains(&b'f') {
        set(cx, info, "func", function.boxed())?;
    }
    if options.contains(&b'L') && !function.code.get(cx).bytecode().is_empty() {
        let lines = table::new(cx, 0, 0)?;
        for (_, line) in function.code.get(cx).info().lines.entries() {
            table::set_number(cx, lines, f64::from(*line), boolean(true))?;
        }
        set(cx, info, "activelines", lines.boxed())?;
    }
    cx.ret(info.boxed())
}

fn set<'v>(vm: &'v Vm, info: Ref<'v, Table>, name: &str, value: Value<'v>) -> Result<(), Throw> {
    table::set_str(vm, info, vm.str(name.as_bytes())?, value)
}

fn describe_source<'v>(vm: &'v Vm, info: Ref<'v, Table>, function: Ref<'v, Function>) -> Result<(), Throw> {
    let code = function.code.get(vm);
    let known = code.info();
    let is_native = code.bytecode().is_empty();
    let source = if is_native { "=[C]" } else { &known.source };
    let what = match known.line_defined {
        _ if is_native => "C",
        0 => "main",
        _ => "Lua",
    };
    let line = |line: u32| if is_native { -1.0 } else { f64::from(line) };
    set(vm, info, "source", string(vm, source.as_bytes())?)?;
    set(
        vm,
        info,
        "short_src",
        string(vm, &chunk_id(source.as_bytes(), RUNTIME_CHUNK_ID_LEN))?,
    )?;
    set(vm, info, "what", string(vm, what.as_bytes())?)?;
    set(vm, info, "linedefined", line(known.line_defined).boxed())?;
    set(vm, info, "lastlinedefined", line(known.last_line).boxed())
}

/// The frame and the variable that `[thread,] level, index` name; no variable if there is none of this index.
fn local<'v>(cx: &'v CallContext<'_>) -> Result<(Frame<'v>, Option<&'v LocalInfo>), Throw> {
    let (first, mut frames) = subject(cx);
    let (level, index) = (to_int(cx.integer(first)?), to_int(cx.integer(first + 1)?));
    let Some(frame) = usize::try_from(level).ok().and_then(|level| frames.nth(level)) else {
        return Err(cx.bad(first, "level out of range"));
    };
    let offset = frame.offset().filter(|_| !frame.code().bytecode().is_empty());
    let local = offset
        .zip(usize::try_from(index - 1).ok())
        .and_then(|(offset, index)| frame.code().info().locals_at(offset).nth(index));
    Ok((frame, local))
}

/// `debug.getlocal([thread,] level, index)`
fn getlocal(cx: &mut CallContext<'_>) -> NativeResult {
    match local(cx)? {
        (frame, Some(local)) => cx.ret_all(&[string(cx, local.name.as_bytes())?, frame.slot(local.slot)]),
        (_, None) => cx.ret_nil(),
    }
}

/// `debug.setlocal([thread,] level, index, value)`
fn setlocal(cx: &mut CallContext<'_>) -> NativeResult {
    let (frame, local) = local(cx)?;
    let value = cx.any(subject(cx).0 + 2)?;
    match local {
        Some(local) => {
            frame.set_slot(local.slot, value);
            cx.ret_bytes(local.name.as_bytes())
        }
        None => cx.ret_nil(),
    }
}

fn getregistry(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(lua(cx).registry(cx).boxed())
}

fn getmetatable(cx: &mut CallContext<'_>) -> NativeResult {
    let metatable = meta::metatable(cx, cx.any(0)?);
    cx.ret(metatable.map_or(nil(), Boxed::boxed))
}

fn setmetatable(cx: &mut CallContext<'_>) -> NativeResult {
    let metatable = cx.arg(1).as_table(cx);
    if metatable.is_none() && (!cx.has_arg(1) || cx.arg(1) != nil()) {
        return Err(cx.bad(1, "nil or table expected"));
    }
    match cx.arg(0).kind(cx) {
        Kind::Table(table) => {
            table.set(|t| &t.metatable, metatable);
            hooks::note_mode(cx, table);
        }
        Kind::Userdata(userdata) => userdata.set(|u| &u.metatable, metatable),
        _ => lua(cx).set_type_metatable(coerce::type_number(cx, cx.arg(0)), metatable),
    }
    cx.ret_bool(true)
}

fn getfenv(cx: &mut CallContext<'_>) -> NativeResult {
    match cx.any(0)?.kind(cx) {
        Kind::Function(function) => cx.ret(function.env.get(cx).boxed()),
        Kind::Userdata(userdata) => cx.ret(userdata.env.get(cx).map_or(nil(), Boxed::boxed)),
        Kind::Thread(coroutine) => cx.ret(lua(cx).globals_of(cx, coroutine).boxed()),
        _ => cx.ret_nil(),
    }
}

fn setfenv(cx: &mut CallContext<'_>) -> NativeResult {
    let env = cx.table(1)?;
    match cx.arg(0).kind(cx) {
        Kind::Function(function) => function.set(|f| &f.env, env),
        Kind::Userdata(userdata) => userdata.set(|u| &u.env, Some(env)),
        Kind::Thread(coroutine) => lua(cx).set_globals_of(cx, coroutine, env)?,
        _ => {
            return Err(error::throw_from_native(
                cx,
                "'setfenv' cannot change environment of given object",
            ));
        }
    }
    cx.ret(cx.arg(0))
}

/// Argument 1 of the captured variables of the function that is argument 0: its name and the variable.
fn captured<'v>(cx: &'v CallContext<'_>) -> Result<Option<(&'v str, Ref<'v, Upvalue>)>, Throw> {
    let (function, index) = (cx.function(0)?, to_int(cx.integer(1)?));
    let found = usize::try_from(index - 1).ok().and_then(|index| {
        let name = function.code.get(cx).info().captured.get(index)?;
        Some((name.as_str(), function.items().get(index)?.get(cx)))
    });
    Ok(found)
}

fn getupvalue(cx: &mut CallContext<'_>) -> NativeResult {
    match captured(cx)? {
        Some((name, upvalue)) => {
            // SAFETY: the location of a captured variable holds a value, in its frame or in itself.
            let value = unsafe { Value::from_bits(*upvalue.location.get()) };
            cx.ret_all(&[string(cx, name.as_bytes())?, value])
        }
        None => cx.ret_none(),
    }
}

fn setupvalue(cx: &mut CallContext<'_>) -> NativeResult {
    let value = cx.any(2)?;
    match captured(cx)? {
        Some((name, upvalue)) => {
            if upvalue.location.get() == closed_location(upvalue) {
                upvalue.set(|u| &u.closed, value);
            } else {
                // SAFETY: the variable is open: its location is a slot of a stack, which needs no barrier.
                unsafe { *upvalue.location.get() = value.bits() };
            }
            cx.ret_bytes(name.as_bytes())
        }
        None => cx.ret_none(),
    }
}
