//! The basic library.

use dg_runtime::{CallContext, NativeFn, NativeResult, Ref, Str, Throw, Value, Vm};

use super::args::{Args, is_boolean, to_int, type_string};
use super::calls;
use super::files::{BufferedFile, STDIN, STDOUT, path_of, reason};
use super::memory::check_size;
use super::{Functions, register};
use crate::chunk::{self, LoadError};
use crate::core::coerce::{self, is_truthy};
use crate::core::levels::{Level, levels};
use crate::core::state::lua;
use crate::core::{alloc, error, externs, meta, table};
use crate::generated::{Boxed, Event, Function, Kind, Table, ValueKind, natives, nil};
use crate::syntax::Source;
use crate::text::parse_number::parse_in_base;

/// `Function.kind` of `next`.
const KIND_NEXT: u32 = 2;

/// `Function.kind` of the function that ipairs answers.
const KIND_IPAIRS: u32 = 3;

/// Most results of `unpack`.
const MAX_UNPACKED: i64 = 1 << 18;

/// How often `load` may run in the reader function of another `load`. The parser uses the native stack, and is in use
/// while the reader runs.
const MAX_NESTED_LOADS: u32 = 16;

/// Bytes that a step of the collector takes care of at least.
const LEAST_STEP: usize = 2048;

/// Opens the library, with or without what reads files.
pub fn open(vm: &Vm, files: bool) -> Result<(), Throw> {
    let globals = lua(vm).globals(vm);
    register(vm, globals, FUNCTIONS)?;
    if files {
        register(vm, globals, FILE_FUNCTIONS)?;
    }
    table::set_str(vm, globals, vm.str(b"_VERSION")?, coerce::string(vm, b"Lua 5.1")?)?;
    for (name, native) in [("pcall", &natives::PCALL), ("xpcall", &natives::XPCALL)] {
        let function = alloc::function(vm, vm.new_spec_code(native)?, globals, 0)?;
        table::set_str(vm, globals, vm.str(name.as_bytes())?, function.boxed())?;
    }
    for (number, thrower) in lua(vm).not_callable.iter().enumerate() {
        let name = lua(vm).type_name(vm, number).boxed();
        thrower.set(Some(calls::native(vm, "call", throw_not_callable, &[name])?));
    }
    // The iterators are what `pairs` and `ipairs` captured.
    let next = table::get_str(vm, globals, vm.str(b"next")?);
    if let Some(next) = next.as_function(vm) {
        next.kind.set(KIND_NEXT);
    }
    let ipairs_iterator = alloc::native(vm, "ipairs iterator", ipairs_next)?;
    ipairs_iterator.kind.set(KIND_IPAIRS);
    with_captured(vm, globals, "pairs", pairs, next)?;
    with_captured(vm, globals, "ipairs", ipairs, ipairs_iterator.boxed())
}

fn with_captured<'v>(
    vm: &'v Vm,
    globals: Ref<'v, Table>,
    name: &str,
    native: NativeFn,
    captured: Value<'v>,
) -> Result<(), Throw> {
    let function = alloc::function(vm, vm.new_native_code(name, native)?, globals, 1)?;
    function.set_item(0, |item| item, alloc::closed_upvalue(vm, captured)?);
    table::set_str(vm, globals, vm.str(name.as_bytes())?, function.boxed())
}

/// The first captured variable of the running native function.
fn captured<'v>(cx: &'v CallContext<'_>) -> Value<'v> {
    cx.callee::<Function>().items()[0].get(cx).closed.get(cx)
}

/// Stands in for what a program has called that is no function; has captured the name of its type.
fn throw_not_callable(cx: &mut CallContext<'_>) -> NativeResult {
    let mut message = b"attempt to call a ".to_vec();
    coerce::append_text(cx, &mut message, captured(cx));
    message.extend_from_slice(b" value");
    Err(error::throw_plain(cx, &message))
}

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("assert", assert), ("collectgarbage", collectgarbage), ("error", throw), ("gcinfo", gcinfo),
    ("getfenv", getfenv), ("getmetatable", getmetatable), ("load", load),
    ("loadstring", loadstring), ("newproxy", newproxy), ("next", next), ("print", print), ("rawequal", rawequal),
    ("rawget", rawget), ("rawset", rawset), ("select", select), ("setfenv", setfenv), ("setmetatable", setmetatable),
    ("tonumber", tonumber), ("tostring", tostring), ("type", type_), ("unpack", unpack),
];

const FILE_FUNCTIONS: Functions = &[("dofile", dofile), ("loadfile", loadfile)];

fn assert(cx: &mut CallContext<'_>) -> NativeResult {
    if is_truthy(cx.any(0)?) {
        return cx.ret_args(0);
    }
    let message = if cx.is_none_or_nil(1) {
        b"assertion failed!"
    } else {
        cx.bytes(1)?
    };
    Err(error::throw_from_native(cx, message))
}

fn throw(cx: &mut CallContext<'_>) -> NativeResult {
    let level = to_int(cx.integer_or(1, 1)?);
    let thrown = cx.arg(0);
    let is_text = thrown.is_double() || thrown.as_string(cx).is_some();
    if level > 0 && is_text {
        let mut text = error::position_at(cx, level as usize);
        coerce::append_text(cx, &mut text, thrown);
        return Err(error::throw_plain(cx, &text));
    }
    Err(cx.throw(thrown))
}

fn collectgarbage(cx: &mut CallContext<'_>) -> NativeResult {
    let option = if cx.is_none_or_nil(0) { b"collect" } else { cx.bytes(0)? };
    let number = match option {
        b"collect" => {
            cx.integer_or(1, 0)?;
            collect(cx)?;
            0.0
        }
        b"count" => cx.bytes_in_use() as f64 / 1024.0,
        b"stop" | b"restart" => {
            let mut parameters = cx.gc_parameters();
            parameters.stopped = option == b"stop";
            cx.set_gc_parameters(parameters);
            0.0
        }
        b"step" => {
            let size = cx.integer_or(1, 0)?.clamp(0, i64::from(i32::MAX)) as usize;
            let finished = step(cx, size)?;
            return cx.ret_bool(finished);
        }
        b"setpause" => {
            let mut parameters = cx.gc_parameters();
            let before = parameters.pause;
            parameters.pause = cx.integer_or(1, 0)?.clamp(0, 100_000) as u32;
            cx.set_gc_parameters(parameters);
            before.into()
        }
        b"setstepmul" => {
            // How long a step takes is for the collector to decide: the number is just kept.
            let before = lua(cx).step_multiplier.get();
            lua(cx).step_multiplier.set(cx.integer_or(1, 0)?);
            before as f64
        }
        _ => {
            let option = String::from_utf8_lossy(option).into_owned();
            return Err(cx.bad(0, &format!("invalid option '{option}'")));
        }
    };
    cx.ret_number(number)
}

/// A collection with all that follows from it. An error in a finaliser is the caller's.
fn collect(cx: &mut CallContext<'_>) -> Result<(), Throw> {
    cx.collect_full();
    run_finalizers(cx)
}

fn run_finalizers(cx: &mut CallContext<'_>) -> Result<(), Throw> {
    lua(cx).finalizer_error.take();
    cx.run_finalizers();
    match lua(cx).finalizer_error.take() {
        Some(thrown) => Err(cx.throw(thrown.get(cx))),
        None => Ok(()),
    }
}

/// Advances a collection by `size` KiB, at least by a little, and answers whether it is complete.
fn step(cx: &mut CallContext<'_>, size: usize) -> Result<bool, Throw> {
    let is_complete = cx.collect_step((size * 1024).max(LEAST_STEP));
    run_finalizers(cx)?;
    Ok(is_complete)
}

fn gcinfo(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret_number((cx.bytes_in_use() / 1024) as f64)
}

/// Whose environment is asked for.
enum EnvOwner<'v> {
    /// The running coroutine's.
    Coroutine,
    /// A function's that is written in Lua.
    Function(Ref<'v, Function>),
    /// A function's that is not.
    Native,
}

/// The owner of the environment that argument 0 names: a function, or a level of the stack.
fn env_owner<'v>(cx: &'v CallContext<'_>, optional: bool) -> Result<EnvOwner<'v>, Throw> {
    let owner = |function: Ref<'v, Function>| match is_bytecode(function, cx) {
        true => EnvOwner::Function(function),
        false => EnvOwner::Native,
    };
    if let Some(function) = cx.arg(0).as_function(cx) {
        return Ok(owner(function));
    }
    let level = to_int(if optional { cx.integer_or(0, 1)? } else { cx.integer(0)? });
    if level < 0 {
        return Err(cx.bad(0, "level must be non-negative"));
    }
    if level == 0 {
        return Ok(EnvOwner::Coroutine);
    }
    match levels(cx).nth(level as usize) {
        Some(Level::Function { frame, .. }) => Ok(frame.callee().map_or(EnvOwner::Native, owner)),
        Some(Level::TailCall) => Err(error::throw_from_native(
            cx,
            format!("no function environment for tail call at level {level}"),
        )),
        Some(Level::Host) => Ok(EnvOwner::Native),
        None => Err(cx.bad(0, "invalid level")),
    }
}

fn is_bytecode(function: Ref<'_, Function>, vm: &Vm) -> bool {
    !function.code.get(vm).bytecode().is_empty()
}

fn getfenv(cx: &mut CallContext<'_>) -> NativeResult {
    let env = match env_owner(cx, true)? {
        EnvOwner::Function(function) => function.env.get(cx),
        EnvOwner::Coroutine | EnvOwner::Native => lua(cx).globals(cx),
    };
    cx.ret(env.boxed())
}

fn setfenv(cx: &mut CallContext<'_>) -> NativeResult {
    let env = cx.table(1)?;
    match env_owner(cx, false)? {
        EnvOwner::Coroutine => {
            lua(cx).set_globals_of(cx, cx.current_coroutine(), env)?;
            cx.ret_none()
        }
        EnvOwner::Function(function) => {
            function.set(|f| &f.env, env);
            cx.ret(function.boxed())
        }
        EnvOwner::Native => Err(error::throw_from_native(
            cx,
            "'setfenv' cannot change environment of given object",
        )),
    }
}

fn getmetatable(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(metatable_shown(cx, cx.any(0)?))
}

/// What `getmetatable` shows of a value's metatable.
pub fn metatable_shown<'v>(vm: &'v Vm, value: Value<'v>) -> Value<'v> {
    match meta::metatable(vm, value) {
        None => nil(),
        Some(metatable) => match meta::field(vm, metatable, Event::Metatable) {
            shown if shown == nil() => metatable.boxed(),
            shown => shown,
        },
    }
}

fn setmetatable(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    let metatable = cx.arg(1).as_table(cx);
    if !cx.has_arg(1) || metatable.is_none() && cx.arg(1) != nil() {
        return Err(cx.bad(1, "nil or table expected"));
    }
    if !set_metatable(cx, table, metatable)? {
        return Err(error::throw_from_native(cx, "cannot change a protected metatable"));
    }
    cx.ret(table.boxed())
}

/// Sets the metatable of a table, unless the present one is protected.
///
/// # Errors
/// When memory runs out.
pub fn set_metatable<'v>(vm: &'v Vm, table: Ref<'v, Table>, metatable: Option<Ref<'v, Table>>) -> Result<bool, Throw> {
    if meta::table_field(vm, table, Event::Metatable) != nil() {
        return Ok(false);
    }
    table::set_metatable(vm, table, metatable)?;
    Ok(true)
}

/// Answers a function, or nil and the message.
fn answer_loaded(cx: &CallContext<'_>, loaded: Result<Ref<'_, Function>, LoadError>) -> NativeResult {
    match loaded {
        Ok(function) => cx.ret(function.boxed()),
        Err(LoadError::Syntax(message)) => cx.ret_all(&[nil(), coerce::string(cx, &message)?]),
        Err(LoadError::Thrown(throw)) => Err(throw),
    }
}

fn load(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.bytes_or(1, b"=(load)")?.to_vec();
    cx.function(0)?;
    let depth = lua(cx).loading.get();
    if depth == MAX_NESTED_LOADS {
        return Err(error::throw_from_native(cx, "C stack overflow"));
    }
    lua(cx).loading.set(depth + 1);
    let mut failure = None;
    let mut more = |text: &mut Vec<u8>| {
        if failure.is_none() {
            failure = read_piece(cx, text).err();
        }
    };
    let mut text = Vec::new();
    more(&mut text);
    let parsed = if chunk::is_precompiled(&text) {
        read_all(&mut text, more);
        None
    } else {
        Some(chunk::parse(
            Source::in_pieces(std::mem::take(&mut text), &mut more),
            &name,
        ))
    };
    lua(cx).loading.set(depth);
    if let Some(throw) = failure {
        // Whatever the reader throws is the answer.
        drop(throw);
        return cx.ret_all(&[nil(), cx.thrown()]);
    }
    let loaded = match parsed {
        Some(parsed) => parsed.and_then(|parsed| chunk::load_parsed(cx, &parsed, &name)),
        None => chunk::load(cx, &text, &name),
    };
    answer_loaded(cx, loaded)
}

/// Asks for pieces until there are no more.
fn read_all(text: &mut Vec<u8>, mut more: impl FnMut(&mut Vec<u8>)) {
    loop {
        let before = text.len();
        more(text);
        if text.len() == before {
            return;
        }
    }
}

/// Appends the string that the function that is argument 0 answers; nothing for nil.
fn read_piece(cx: &mut CallContext<'_>, text: &mut Vec<u8>) -> Result<(), Throw> {
    let pending = cx.prepare(cx.arg(0), &[])?;
    let results = cx.call(pending)?;
    let piece = results.get(cx, 0);
    if piece != nil() && !coerce::append_text(cx, text, piece) {
        return Err(error::throw_from_native(cx, "reader function must return a string"));
    }
    cx.pop(results);
    check_size(cx, text.len())
}

fn loadstring(cx: &mut CallContext<'_>) -> NativeResult {
    let source = cx.bytes(0)?;
    let name = if cx.is_none_or_nil(1) { source } else { cx.bytes(1)? };
    answer_loaded(cx, chunk::load(cx, source, name))
}

/// Reads a file, or the standard input: its text without a first line that begins with `#`, and the chunk's name.
fn read_source(vm: &Vm, path: Option<&[u8]>) -> Result<(Vec<u8>, Vec<u8>), Vec<u8>> {
    let failed = |what: &[u8], error: &std::io::Error| {
        let name = path.unwrap_or(b"stdin");
        [b"cannot ", what, b" ", name, b": ", reason(error).as_bytes()].concat()
    };
    let mut source = Vec::new();
    let (read, name) = match path {
        None => {
            let mut files = lua(vm).files.borrow_mut();
            let read = files.get(STDIN).map_or(Ok(()), |file| file.read_all(&mut source));
            (read, b"=stdin".to_vec())
        }
        Some(path) => {
            let mut file = BufferedFile::open(path_of(path), b"r").map_err(|error| failed(b"open", &error))?;
            (file.read_all(&mut source), [b"@", path].concat())
        }
    };
    match read {
        Ok(()) => Ok((crate::syntax::skip_shebang(&source).to_vec(), name)),
        Err(error) => Err(failed(b"read", &error)),
    }
}

/// Compiles a file, or the standard input.
pub(super) fn load_file<'v>(vm: &'v Vm, path: Option<&[u8]>) -> Result<Ref<'v, Function>, LoadError> {
    let (source, name) = read_source(vm, path).map_err(LoadError::Syntax)?;
    chunk::load(vm, &source, &name)
}

fn loadfile(cx: &mut CallContext<'_>) -> NativeResult {
    let path = if cx.is_none_or_nil(0) { None } else { Some(cx.bytes(0)?) };
    answer_loaded(cx, load_file(cx, path))
}

fn dofile(cx: &mut CallContext<'_>) -> NativeResult {
    let path = if cx.is_none_or_nil(0) { None } else { Some(cx.bytes(0)?) };
    let pending = match load_file(cx, path) {
        Ok(function) => cx.prepare(function.boxed(), &[])?,
        Err(LoadError::Syntax(message)) => return Err(error::throw_plain(cx, &message)),
        Err(LoadError::Thrown(throw)) => return Err(throw),
    };
    let results = cx.call(pending)?;
    cx.ret_results(results)
}

fn newproxy(cx: &mut CallContext<'_>) -> NativeResult {
    let argument = cx.arg(0);
    let metatable = match argument.kind(cx) {
        Kind::True => Some(table::new(cx, 0, 0)?),
        Kind::Userdata(proxy) => match proxy.metatable.get(cx) {
            Some(metatable) => Some(metatable),
            None => return Err(cx.bad(0, "boolean or proxy expected")),
        },
        Kind::Nil | Kind::False => None,
        _ => return Err(cx.bad(0, "boolean or proxy expected")),
    };
    let proxy = alloc::userdata(cx, metatable, 0)?;
    cx.add_finalizer(proxy);
    cx.ret(proxy.boxed())
}

fn next(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    match table::next(cx, table, cx.arg(1)) {
        Ok(Some((key, value))) => cx.ret_all(&[key, value]),
        Ok(None) => cx.ret_nil(),
        Err(table::UnknownKey) => Err(error::throw(cx, "invalid key to 'next'")),
    }
}

fn pairs(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    cx.ret_all(&[captured(cx), table.boxed(), nil()])
}

fn ipairs(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    cx.ret_all(&[captured(cx), table.boxed(), 0.0.boxed()])
}

fn ipairs_next(cx: &mut CallContext<'_>) -> NativeResult {
    let index = cx.number(1)? + 1.0;
    let found = table::get_number(cx, cx.table(0)?, index);
    if found == nil() {
        cx.ret_none()
    } else {
        cx.ret_all(&[index.boxed(), found])
    }
}

fn print(cx: &mut CallContext<'_>) -> NativeResult {
    let mut line = Vec::with_capacity(80);
    for index in 0..cx.count() {
        if index > 0 {
            line.push(b'\t');
        }
        let start = line.len();
        // Looked up each time: a program may replace it.
        let globals = lua(cx).globals(cx);
        let shown_by = table::get_str(cx, globals, cx.str(b"tostring")?);
        let is_original = shown_by.as_function(cx).is_some_and(|function| {
            function
                .code
                .get(cx)
                .native()
                .is_some_and(|native| std::ptr::fn_addr_eq(native, tostring as NativeFn))
        });
        if is_original && meta::method(cx, cx.arg(index), Event::ToString) == nil() {
            coerce::append_display(cx, &mut line, cx.arg(index));
            end_at_zero(&mut line, start);
            continue;
        }
        let pending = cx.prepare(shown_by, &[cx.arg(index)])?;
        let results = cx.call(pending)?;
        if !coerce::append_text(cx, &mut line, results.get(cx, 0)) {
            return Err(error::throw_from_native(
                cx,
                "'tostring' must return a string to 'print'",
            ));
        }
        end_at_zero(&mut line, start);
        cx.pop(results);
    }
    line.push(b'\n');
    let mut files = lua(cx).files.borrow_mut();
    if let Some(output) = files.get(STDOUT) {
        // As in C, an error shows at the next flush, if anyone looks.
        let _ = output.write(&line);
    }
    drop(files);
    cx.ret_none()
}

/// Cuts what was printed from `start` on at its first zero byte: PUC Lua prints C strings.
fn end_at_zero(line: &mut Vec<u8>, start: usize) {
    let zero = memchr::memchr(0, &line[start..]);
    line.truncate(zero.map_or(line.len(), |zero| start + zero));
}

fn rawequal(cx: &mut CallContext<'_>) -> NativeResult {
    let equal = coerce::raw_equal(cx.any(0)?, cx.any(1)?);
    cx.ret_bool(equal)
}

fn rawget(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    cx.ret(table::get(cx, table, cx.any(1)?))
}

fn rawset(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    let (key, value) = (cx.any(1)?, cx.any(2)?);
    externs::set_checked(cx, table, key, value)?;
    cx.ret(table.boxed())
}

fn select(cx: &mut CallContext<'_>) -> NativeResult {
    if cx
        .arg(0)
        .as_string(cx)
        .is_some_and(|text| text.as_bytes().first() == Some(&b'#'))
    {
        return cx.ret_number(f64::from(cx.count() - 1));
    }
    let (index, count) = (to_int(cx.integer(0)?), i64::from(cx.count()));
    let first = if index < 0 { count + index } else { index.min(count) };
    if first < 1 {
        return Err(cx.bad(0, "index out of range"));
    }
    cx.ret_args(first as u32)
}

fn tonumber(cx: &mut CallContext<'_>) -> NativeResult {
    let base = to_int(cx.integer_or(1, 10)?);
    let number = if base == 10 {
        coerce::to_number(cx, cx.any(0)?)
    } else {
        let text = cx.bytes(0)?;
        if !(2..=36).contains(&base) {
            return Err(cx.bad(1, "base out of range"));
        }
        parse_in_base(text, base as u32)
    };
    number.map_or_else(|| cx.ret_nil(), |number| cx.ret_number(number))
}

fn tostring(cx: &mut CallContext<'_>) -> NativeResult {
    let value = cx.any(0)?;
    let method = meta::method(cx, value, Event::ToString);
    if method != nil() {
        let pending = match meta::handler(cx, method)? {
            meta::Handler::Function(function) => cx.prepare(function.boxed(), &[value])?,
            meta::Handler::Object(function, object) => cx.prepare(function.boxed(), &[object, value])?,
        };
        let results = cx.call(pending)?;
        let text = results.get(cx, 0);
        return cx.ret(text);
    }
    if value.as_string(cx).is_some() {
        return cx.ret(value);
    }
    if is_boolean(value) || value == nil() {
        return cx.ret_bytes(if value == nil() {
            b"nil"
        } else if is_truthy(value) {
            b"true"
        } else {
            b"false"
        });
    }
    let mut text = Vec::with_capacity(32);
    coerce::append_display(cx, &mut text, value);
    cx.ret_bytes(&text)
}

/// What `tostring` answers for a string or a number, if their types have no `__tostring`.
pub fn shown<'v>(vm: &'v Vm, value: Value<'v>) -> Option<Result<Ref<'v, Str>, Throw>> {
    if meta::method(vm, value, Event::ToString) != nil() {
        return None;
    }
    coerce::to_string(vm, value).transpose()
}

fn type_(cx: &mut CallContext<'_>) -> NativeResult {
    let value = cx.any(0)?;
    cx.ret(type_string(cx, value))
}

/// `unpack(list, first, last)`, also for other libraries.
pub(super) fn unpack(cx: &mut CallContext<'_>) -> NativeResult {
    let list = cx.table(0)?;
    let first = to_int(cx.integer_or(1, 1)?);
    let last = if cx.is_none_or_nil(2) {
        table::length(cx, list).into()
    } else {
        to_int(cx.integer(2)?)
    };
    if first > last {
        return cx.ret_none();
    }
    if last - first >= MAX_UNPACKED {
        return Err(error::throw_from_native(cx, "too many results to unpack"));
    }
    let elements = usize::try_from(first)
        .ok()
        .and_then(|first| list.array.get(cx).items().get(first..=last as usize));
    match elements {
        Some(elements) => cx.push_each(elements.iter().map(|element| element.get(cx)))?,
        None => {
            for index in first..=last {
                cx.push(table::get_number(cx, list, index as f64))?;
            }
        }
    }
    cx.ret_pushed((last - first + 1) as u32)
}
