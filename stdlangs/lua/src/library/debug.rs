//! `debug`: what programs look at most.

use dg_runtime::abi::HEADER_WORDS;
use dg_runtime::{CallContext, Coroutine, Frame, Moment, NativeResult, Ref, Throw, Value, Vm};

use super::args::{Args, boolean, to_int};
use super::{Functions, library};
use crate::core::closure::closed_location;
use crate::core::coerce::{self, string};
use crate::core::error;
use crate::core::levels::{Level, levels_of};
use crate::core::state::lua;
use crate::core::watch::{self, Mask};
use crate::core::{meta, names, table, traceback};
use crate::generated::{Boxed, Function, Kind, Table, Upvalue, ValueKind, nil};
use crate::syntax::{RUNTIME_CHUNK_ID_LEN, chunk_id};
use crate::text::parse_number::truncate_to_integer;

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

/// Where the arguments begin behind a thread that is argument 0, and that thread, or the running one.
fn subject<'v>(cx: &'v CallContext<'_>) -> (u32, Ref<'v, Coroutine>) {
    match cx.arg(0).as_thread(cx) {
        Some(coroutine) => (1, coroutine),
        None => (0, cx.current_coroutine()),
    }
}

/// `debug.gethook([thread])`
fn gethook(cx: &mut CallContext<'_>) -> NativeResult {
    let (hook, mask) = watch::get(cx, subject(cx).1);
    let letters: Vec<u8> = [(mask.call, b'c'), (mask.ret, b'r'), (mask.line, b'l')]
        .iter()
        .filter_map(|&(wanted, letter)| wanted.then_some(letter))
        .collect();
    cx.ret_all(&[hook, string(cx, &letters)?, f64::from(mask.count).boxed()])
}

/// `debug.sethook([thread,] hook, mask, count)`
fn sethook(cx: &mut CallContext<'_>) -> NativeResult {
    let (first, coroutine) = subject(cx);
    if cx.is_none_or_nil(first) {
        watch::set(cx, coroutine, None, Mask::default())?;
        return cx.ret_none();
    }
    let letters = cx.bytes(first + 1)?;
    cx.function(first)?;
    let count = to_int(cx.integer_or(first + 2, 0)?);
    let mask = Mask {
        call: letters.contains(&b'c'),
        ret: letters.contains(&b'r'),
        line: letters.contains(&b'l'),
        count: count.max(0) as u32,
    };
    watch::set(cx, coroutine, Some(cx.arg(first)), mask)?;
    // Nobody has watched this call.
    cx.show(Moment::NativeReturn)?;
    cx.ret_none()
}

fn traceback_(cx: &mut CallContext<'_>) -> NativeResult {
    let (first, _) = subject(cx);
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
    let levels = levels_of(cx, subject(cx).1);
    traceback::append(cx, &mut text, levels, level, 0);
    cx.ret_bytes(&text)
}

fn getinfo(cx: &mut CallContext<'_>) -> NativeResult {
    let (first, coroutine) = subject(cx);
    let options = if cx.is_none_or_nil(first + 1) {
        b"flnSu"
    } else {
        cx.bytes(first + 1)?
    };
    if !options.iter().all(|option| b"flnSuL".contains(option)) {
        return Err(cx.bad(first + 1, "invalid option"));
    }
    let (function, level) = match cx.arg(first).as_function(cx) {
        Some(function) => (Some(function), None),
        None => {
            let level = cx
                .number(first)
                .map_err(|_| cx.bad(first, "function or level expected"))?;
            let level = usize::try_from(truncate_to_integer(level)).ok();
            match level.and_then(|level| levels_of(cx, coroutine).nth(level)) {
                Some(level) => (level.frame().and_then(Frame::callee), Some(level)),
                None => return cx.ret_nil(),
            }
        }
    };
    let info = table::new(cx, 0, 12)?;
    if options.contains(&b'S') {
        describe_source(cx, info, function, level)?;
    }
    if options.contains(&b'l') {
        let line = level.and_then(Level::frame).and_then(Frame::line);
        set(cx, info, "currentline", line.map_or(-1.0, f64::from).boxed())?;
    }
    if options.contains(&b'u') {
        set(
            cx,
            info,
            "nups",
            function.map_or(0.0, |function| function.len() as f64).boxed(),
        )?;
    }
    if options.contains(&b'n') {
        describe_name(cx, info, level)?;
    }
    if options.contains(&b'f') {
        set(cx, info, "func", function.map_or(nil(), Boxed::boxed))?;
    }
    if options.contains(&b'L')
        && let Some(function) = function.filter(|function| !function.code.get(cx).bytecode().is_empty())
    {
        set(cx, info, "activelines", active_lines(cx, function)?.boxed())?;
    }
    cx.ret(info.boxed())
}

fn set<'v>(vm: &'v Vm, info: Ref<'v, Table>, name: &str, value: Value<'v>) -> Result<(), Throw> {
    table::set_str(vm, info, vm.str(name.as_bytes())?, value)
}

fn describe_source<'v>(
    vm: &'v Vm,
    info: Ref<'v, Table>,
    function: Option<Ref<'v, Function>>,
    level: Option<Level<'v>>,
) -> Result<(), Throw> {
    let written_in_lua = function.map(|function| function.code.get(vm).info());
    let (what, source, lines) = match written_in_lua.filter(|info| !info.bytecode.is_empty()) {
        Some(known) => {
            let what = if known.line_defined == 0 { "main" } else { "Lua" };
            let lines = (f64::from(known.line_defined), f64::from(known.last_line));
            (what, &known.source[..], lines)
        }
        None if matches!(level, Some(Level::TailCall)) => ("tail", &b"=(tail call)"[..], (-1.0, -1.0)),
        None => ("C", &b"=[C]"[..], (-1.0, -1.0)),
    };
    let short_source = chunk_id(source, RUNTIME_CHUNK_ID_LEN);
    set(vm, info, "source", string(vm, source)?)?;
    set(vm, info, "short_src", string(vm, &short_source)?)?;
    set(vm, info, "what", string(vm, what.as_bytes())?)?;
    set(vm, info, "linedefined", lines.0.boxed())?;
    set(vm, info, "lastlinedefined", lines.1.boxed())
}

/// What the function at a level is called by its caller.
fn describe_name<'v>(vm: &'v Vm, info: Ref<'v, Table>, level: Option<Level<'v>>) -> Result<(), Throw> {
    let caller = level.and_then(|level| level.caller(vm));
    let (kind, name) = match caller.and_then(|caller| names::of_callee(vm, caller)) {
        Some(name) => (name.kind, Some(name.name)),
        None if matches!(level, Some(Level::TailCall)) => ("", Some(Vec::new())),
        None => ("", None),
    };
    set(vm, info, "namewhat", string(vm, kind.as_bytes())?)?;
    set(vm, info, "name", name.map_or(Ok(nil()), |name| string(vm, &name))?)
}

/// The lines of a function that have instructions, as keys.
fn active_lines<'v>(vm: &'v Vm, function: Ref<'v, Function>) -> Result<Ref<'v, Table>, Throw> {
    let known = function.code.get(vm).info();
    let lines = table::new(vm, 0, 0)?;
    for (_, line) in known.lines.entries() {
        table::set_number(vm, lines, f64::from(*line), boolean(true))?;
    }
    // PUC Lua always returns in the last line as well.
    if known.line_defined > 0 {
        table::set_number(vm, lines, f64::from(known.last_line), boolean(true))?;
    }
    Ok(lines)
}

/// What a value without a name is called.
const TEMPORARY: &str = "(*temporary)";

/// A variable, or a value that has no name, in a frame.
struct Local<'v> {
    name: &'v str,
    frame: Frame<'v>,
    slot: u32,
}

/// What `[thread,] level, index` name, if there is something of this index.
fn local<'v>(cx: &'v CallContext<'_>) -> Result<Option<Local<'v>>, Throw> {
    let (first, coroutine) = subject(cx);
    let (level, index) = (to_int(cx.integer(first)?), to_int(cx.integer(first + 1)?));
    let bad_level = || cx.bad(first, "level out of range");
    let mut inner = None;
    let mut levels = levels_of(cx, coroutine);
    for _ in 0..usize::try_from(level).map_err(|_| bad_level())? {
        inner = levels.next().ok_or_else(bad_level)?.frame().or(inner);
    }
    let found = levels.next().ok_or_else(bad_level)?.frame();
    let index = usize::try_from(index - 1).ok();
    Ok(found
        .zip(index)
        .and_then(|(frame, index)| local_of(frame, inner, index)))
}

/// The variable `index`, from 0, of a frame. Behind the variables are values without a name, up to the function that has
/// been called, whose frame is `inner`.
fn local_of<'v>(frame: Frame<'v>, inner: Option<Frame<'v>>, index: usize) -> Option<Local<'v>> {
    let info = frame.code().info();
    let offset = frame.offset().filter(|_| !info.bytecode.is_empty())?;
    if let Some(local) = info.locals_at(offset).nth(index) {
        let (name, slot) = (&*local.name, local.slot);
        return Some(Local { name, frame, slot });
    }
    let unnamed = index - info.locals_at(offset).count();
    let first = info.locals_at(offset).map(|local| local.slot + 1).max().unwrap_or(0);
    let slot = first + u32::try_from(unnamed).ok()?;
    let end = (inner?.arguments() as usize - frame.base() as usize) / size_of::<u64>();
    let end = end
        .saturating_sub(HEADER_WORDS + 1)
        .min(frame.code().frame_size() as usize);
    ((slot as usize) < end).then_some(Local {
        name: TEMPORARY,
        frame,
        slot,
    })
}

/// The running function's own argument that `0, index` name, if they do.
fn own_argument(cx: &CallContext<'_>) -> Option<u32> {
    let own_level = cx.arg(0).as_double() == Some(0.0);
    let index = to_int(cx.integer(1).ok()?) - 1;
    u32::try_from(index)
        .ok()
        .filter(|&index| own_level && cx.has_arg(index))
}

/// `debug.getlocal([thread,] level, index)`
fn getlocal(cx: &mut CallContext<'_>) -> NativeResult {
    if let Some(index) = own_argument(cx) {
        return cx.ret_all(&[string(cx, TEMPORARY.as_bytes())?, cx.arg(index)]);
    }
    match local(cx)? {
        Some(Local { name, frame, slot }) => cx.ret_all(&[string(cx, name.as_bytes())?, frame.slot(slot)]),
        None => cx.ret_nil(),
    }
}

/// `debug.setlocal([thread,] level, index, value)`. What the program has no name for keeps its type: the instructions that
/// use it rely on that.
fn setlocal(cx: &mut CallContext<'_>) -> NativeResult {
    let value = cx.any(subject(cx).0 + 2)?;
    let keeps_type = |local: &Local<'_>| {
        let old = coerce::type_number(cx, local.frame.slot(local.slot));
        !local.name.starts_with('(') || old == coerce::type_number(cx, value)
    };
    match local(cx)?.filter(keeps_type) {
        Some(Local { name, frame, slot }) => {
            frame.set_slot(slot, value);
            cx.ret_bytes(name.as_bytes())
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
            table::set_metatable(cx, table, metatable)?;
        }
        Kind::Userdata(userdata) => userdata.set(|u| &u.metatable, metatable),
        _ => lua(cx).set_type_metatable(cx, coerce::type_number(cx, cx.arg(0)), metatable)?,
    }
    cx.ret_bool(true)
}

fn getfenv(cx: &mut CallContext<'_>) -> NativeResult {
    match cx.any(0)?.kind(cx) {
        Kind::Function(function) => cx.ret(function.env.get(cx).boxed()),
        Kind::Userdata(userdata) => cx.ret(userdata.env.get(cx).unwrap_or(lua(cx).globals(cx)).boxed()),
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
    let index = to_int(cx.integer(1)?);
    let function = cx.function(0)?;
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
