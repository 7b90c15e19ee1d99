//! `io`, and what its functions share with the methods of files.
//!
//! A file is a userdata whose `host` is its number among the [`Files`](super::files::Files) of the virtual machine.
//! The functions and methods capture the metatable of files, a table of the files that are used by default, and a
//! function with the code of the iterators over lines.

mod methods;
mod transfer;

use std::io;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use super::args::Args;
use super::calls::{self, captured};
use super::files::{BufferedFile, FileId, STDERR, STDIN, STDOUT, path_of};
use super::outcome::{describe, ret_error, ret_outcome};
use super::{Functions, library};
use crate::core::state::lua;
use crate::core::table::{self as tables, get_number, set_number, set_str};
use crate::core::{alloc, coerce, error};
use crate::generated::{Boxed, Event, Function, Table, Userdata, ValueKind, false_, nil, true_};

/// The `host` of a closed file.
const CLOSED: u64 = u64::MAX;

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("close", close), ("flush", flush), ("input", input), ("lines", lines), ("open", open_file), ("output", output),
    ("popen", popen), ("read", read), ("tmpfile", tmpfile), ("type", type_), ("write", write),
];

/// A file that is used when none is named: the key in the table of these.
#[derive(Clone, Copy, Debug)]
enum Default {
    Input = 1,
    Output = 2,
}

/// Opens the library.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    let metatable = tables::new(vm, 0, 16)?;
    set_str(vm, lua(vm).registry(vm), vm.str(b"FILE*")?, metatable.boxed())?;
    set_str(vm, metatable, lua(vm).event_name(vm, Event::Index), metatable.boxed())?;
    let defaults = tables::new(vm, 2, 0)?;
    let line_iterator = calls::native(vm, "lines iterator", transfer::next_line, &[])?;
    let captured = [metatable.boxed(), defaults.boxed(), line_iterator.boxed()];
    let io = library(vm, "io", &[])?;
    for (table, functions) in [(io, FUNCTIONS), (metatable, methods::METHODS)] {
        for &(name, function) in functions {
            let function = calls::native(vm, name, function, &captured)?;
            set_str(vm, table, vm.str(name.as_bytes())?, function.boxed())?;
        }
    }
    for (name, id, default) in [
        ("stdin", STDIN, Some(Default::Input)),
        ("stdout", STDOUT, Some(Default::Output)),
        ("stderr", STDERR, None),
    ] {
        let file = alloc::userdata(vm, Some(metatable), id.into())?.boxed();
        set_str(vm, io, vm.str(name.as_bytes())?, file)?;
        if let Some(default) = default {
            set_number(vm, defaults, f64::from(default as u32), file)?;
        }
    }
    Ok(())
}

/// The metatable of files.
fn file_metatable<'v>(cx: &'v CallContext<'_>) -> Option<Ref<'v, Table>> {
    captured(cx, cx.callee(), 0).as_table(cx)
}

fn defaults<'v>(cx: &'v CallContext<'_>) -> Ref<'v, Table> {
    captured(cx, cx.callee(), 1)
        .as_table(cx)
        .expect("functions of io captured it")
}

/// A file object, open or closed.
fn as_file<'v>(cx: &'v CallContext<'_>, value: Value<'v>) -> Option<Ref<'v, Userdata>> {
    value
        .as_userdata(cx)
        .filter(|userdata| userdata.metatable.get(cx) == file_metatable(cx))
}

/// An argument that is an open file: the object and its number.
fn open_file_argument<'v>(cx: &'v CallContext<'_>, index: u32) -> Result<(Ref<'v, Userdata>, FileId), Throw> {
    if as_file(cx, cx.arg(index)).is_none() {
        return Err(cx.type_error(index, "FILE*"));
    }
    open_file_object(cx, cx.arg(index))
}

/// A value that is known to be a file, and its number if it is open.
fn open_file_object<'v>(cx: &'v CallContext<'_>, file: Value<'v>) -> Result<(Ref<'v, Userdata>, FileId), Throw> {
    let open = as_file(cx, file).and_then(|file| Some((file, id_of(file)?)));
    open.ok_or_else(|| error::throw_from_native(cx, "attempt to use a closed file"))
}

fn id_of(file: Ref<'_, Userdata>) -> Option<FileId> {
    (file.host.get() != CLOSED).then(|| file.host.get() as FileId)
}

fn default_file<'v>(cx: &'v CallContext<'_>, default: Default) -> Value<'v> {
    get_number(cx, defaults(cx), f64::from(default as u32))
}

/// The number of the file that is used by default.
fn default_id(cx: &CallContext<'_>, default: Default) -> Result<FileId, Throw> {
    as_file(cx, default_file(cx, default)).and_then(id_of).ok_or_else(|| {
        let name = match default {
            Default::Input => "input",
            Default::Output => "output",
        };
        error::throw_from_native(cx, format!("standard {name} file is closed"))
    })
}

/// A file object for a file.
fn new_file<'v>(cx: &'v CallContext<'_>, file: BufferedFile) -> Result<Value<'v>, Throw> {
    let object = alloc::userdata(cx, file_metatable(cx), CLOSED)?;
    object.host.set(lua(cx).files.borrow_mut().add(file).into());
    cx.add_finalizer(object);
    Ok(object.boxed())
}

fn ret_opened(cx: &CallContext<'_>, opened: io::Result<BufferedFile>, name: Option<&[u8]>) -> NativeResult {
    match opened {
        Ok(file) => cx.ret(new_file(cx, file)?),
        Err(error) => ret_error(cx, &error, name),
    }
}

/// Closes a file and returns whether that worked; the standard ones stay open.
fn ret_closed(cx: &CallContext<'_>, file: Ref<'_, Userdata>, id: FileId) -> NativeResult {
    if id <= STDERR {
        return cx.ret_all(&[nil(), coerce::string(cx, b"cannot close standard file")?]);
    }
    file.host.set(CLOSED);
    let closed = lua(cx).files.borrow_mut().close(id);
    ret_outcome(cx, closed, None)
}

/// Calls a function with a file. A standard file that the process was started without is one that cannot be used.
fn with_file<R>(vm: &Vm, id: FileId, use_file: impl FnOnce(&mut BufferedFile) -> io::Result<R>) -> io::Result<R> {
    match lua(vm).files.borrow_mut().get(id) {
        Some(file) => use_file(file),
        None => Err(io::Error::from_raw_os_error(libc::EBADF)),
    }
}

fn close(cx: &mut CallContext<'_>) -> NativeResult {
    if cx.has_arg(0) {
        return methods::close(cx);
    }
    let (file, id) = open_file_object(cx, default_file(cx, Default::Output))?;
    ret_closed(cx, file, id)
}

fn flush(cx: &mut CallContext<'_>) -> NativeResult {
    let id = default_id(cx, Default::Output)?;
    ret_outcome(cx, with_file(cx, id, BufferedFile::flush), None)
}

fn input(cx: &mut CallContext<'_>) -> NativeResult {
    set_default(cx, Default::Input, b"r")
}

fn output(cx: &mut CallContext<'_>) -> NativeResult {
    set_default(cx, Default::Output, b"w")
}

/// Makes a file the default, if one is given by name or as it is, and returns the default.
fn set_default(cx: &CallContext<'_>, default: Default, mode: &[u8]) -> NativeResult {
    if !cx.is_none_or_nil(0) {
        let file = if cx.arg(0).as_userdata(cx).is_some() {
            open_file_argument(cx, 0)?.0.boxed()
        } else if cx.arg(0).as_string(cx).is_some() || cx.arg(0).is_double() {
            open_or_throw(cx, cx.bytes(0)?, mode)?
        } else {
            return Err(cx.type_error(0, "FILE*"));
        };
        set_number(cx, defaults(cx), f64::from(default as u32), file)?;
    }
    cx.ret(default_file(cx, default))
}

/// Opens the file that argument 0 names; if that fails, the argument is to blame.
fn open_or_throw<'v>(cx: &'v CallContext<'_>, name: &[u8], mode: &[u8]) -> Result<Value<'v>, Throw> {
    match BufferedFile::open(path_of(name), mode) {
        Ok(file) => new_file(cx, file),
        Err(error) => Err(error::argument_error(cx, 0, describe(&error, Some(name)))),
    }
}

fn lines(cx: &mut CallContext<'_>) -> NativeResult {
    let (file, closes) = if cx.is_none_or_nil(0) {
        let file = default_file(cx, Default::Input);
        open_file_object(cx, file)?;
        (file, false_())
    } else {
        (open_or_throw(cx, cx.bytes(0)?, b"r")?, true_())
    };
    ret_line_iterator(cx, file, closes)
}

/// Returns an iterator over the lines of a file, which it `closes` at the end or not.
fn ret_line_iterator<'v>(cx: &'v CallContext<'_>, file: Value<'v>, closes: Value<'v>) -> NativeResult {
    let template = captured(cx, cx.callee::<Function>(), 2)
        .as_function(cx)
        .expect("functions of io captured it");
    cx.ret(calls::with_code(cx, template.code.get(cx), &[file, closes])?.boxed())
}

fn open_file(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.bytes(0)?;
    let mode = cx.bytes_or(1, b"r")?;
    ret_opened(cx, BufferedFile::open(path_of(name), mode), Some(name))
}

fn popen(cx: &mut CallContext<'_>) -> NativeResult {
    let command = cx.bytes(0)?;
    let mode = cx.bytes_or(1, b"r")?;
    // The process may write to the same files.
    lua(cx).files.borrow_mut().flush_all();
    ret_opened(cx, BufferedFile::of_process(command, mode), Some(command))
}

fn read(cx: &mut CallContext<'_>) -> NativeResult {
    transfer::read(cx, default_id(cx, Default::Input)?, 0)
}

fn tmpfile(cx: &mut CallContext<'_>) -> NativeResult {
    ret_opened(cx, BufferedFile::temporary(), None)
}

fn type_(cx: &mut CallContext<'_>) -> NativeResult {
    match as_file(cx, cx.any(0)?) {
        Some(file) => cx.ret_bytes(if id_of(file).is_some() { b"file" } else { b"closed file" }),
        None => cx.ret_nil(),
    }
}

fn write(cx: &mut CallContext<'_>) -> NativeResult {
    transfer::write(cx, default_id(cx, Default::Output)?, 0)
}
