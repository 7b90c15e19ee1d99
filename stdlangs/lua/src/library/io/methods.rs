//! The methods of files.

use std::io::{self, SeekFrom};

use dg_runtime::{CallContext, NativeResult};

use super::{as_file, id_of, open_file_argument, ret_closed, ret_line_iterator, transfer, with_file};
use crate::generated::{Boxed, false_};
use crate::library::Functions;
use crate::library::args::Args;
use crate::library::files::{BufferedFile, Buffering, STDERR};
use crate::library::outcome::{ret_error, ret_outcome};

#[rustfmt::skip] // a table
pub const METHODS: Functions = &[
    ("close", close), ("flush", flush), ("lines", lines), ("read", read), ("seek", seek), ("setvbuf", setvbuf),
    ("write", write), ("__gc", collect), ("__tostring", to_string),
];

pub fn close(cx: &mut CallContext<'_>) -> NativeResult {
    let (file, id) = open_file_argument(cx, 0)?;
    ret_closed(cx, file, id)
}

/// Closes a file that nobody refers to any more.
fn collect(cx: &mut CallContext<'_>) -> NativeResult {
    let file = as_file(cx, cx.arg(0)).ok_or_else(|| cx.type_error(0, "FILE*"))?;
    match id_of(file) {
        Some(id) if id > STDERR => ret_closed(cx, file, id),
        _ => cx.ret_none(),
    }
}

fn flush(cx: &mut CallContext<'_>) -> NativeResult {
    let (_, id) = open_file_argument(cx, 0)?;
    ret_outcome(cx, with_file(cx, id, BufferedFile::flush), None)
}

fn lines(cx: &mut CallContext<'_>) -> NativeResult {
    let (file, _) = open_file_argument(cx, 0)?;
    ret_line_iterator(cx, file.boxed(), false_())
}

fn read(cx: &mut CallContext<'_>) -> NativeResult {
    let (_, id) = open_file_argument(cx, 0)?;
    transfer::read(cx, id, 1)
}

fn seek(cx: &mut CallContext<'_>) -> NativeResult {
    let (_, id) = open_file_argument(cx, 0)?;
    let whence = cx.option(1, true, &["cur", "set", "end"])?;
    let offset = cx.integer_or(2, 0)?;
    let to = match whence {
        0 => Ok(SeekFrom::Current(offset)),
        1 => u64::try_from(offset).map(SeekFrom::Start),
        _ => Ok(SeekFrom::End(offset)),
    };
    let to = to.map_err(|_| io::Error::from_raw_os_error(libc::EINVAL));
    match to.and_then(|to| with_file(cx, id, |file| file.seek(to))) {
        Ok(position) => cx.ret_number(position as f64),
        Err(error) => ret_error(cx, &error, None),
    }
}

fn setvbuf(cx: &mut CallContext<'_>) -> NativeResult {
    let (_, id) = open_file_argument(cx, 0)?;
    let buffering =
        [Buffering::None, Buffering::Full, Buffering::Line][cx.option(1, false, &["no", "full", "line"])?];
    // The size of the buffer is not the program's business, but has to be a number.
    cx.integer_or(2, 0)?;
    ret_outcome(cx, with_file(cx, id, |file| file.set_buffering(buffering)), None)
}

fn to_string(cx: &mut CallContext<'_>) -> NativeResult {
    let file = as_file(cx, cx.arg(0)).ok_or_else(|| cx.type_error(0, "FILE*"))?;
    match id_of(file) {
        Some(_) => cx.ret_bytes(format!("file ({:p})", file.as_ptr()).as_bytes()),
        None => cx.ret_bytes(b"file (closed)"),
    }
}

fn write(cx: &mut CallContext<'_>) -> NativeResult {
    let (_, id) = open_file_argument(cx, 0)?;
    transfer::write(cx, id, 1)
}
