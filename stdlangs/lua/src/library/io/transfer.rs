//! Reading and writing.

use std::io;

use dg_runtime::{CallContext, NativeResult, Throw};

use super::{CLOSED, with_file};
use crate::core::coerce::{append_text, is_truthy};
use crate::core::error;
use crate::core::state::lua;
use crate::generated::{Boxed, Function, ValueKind, nil};
use crate::library::args::Args;
use crate::library::calls::captured;
use crate::library::files::{BufferedFile, FileId, reason};
use crate::library::memory::{check_size, with_scratch};
use crate::library::outcome::{ret_error, ret_outcome};
use crate::text::parse_number::truncate_to_integer;

/// What to read.
#[derive(Clone, Copy, Debug)]
enum Format {
    Number,
    Line,
    All,
    Bytes(usize),
}

/// Reads what the arguments from `first` on ask for, a line if there are none, and returns it up to what is not there,
/// which is nil.
pub fn read(cx: &CallContext<'_>, id: FileId, first: u32) -> NativeResult {
    if cx.count() <= first {
        return match read_one(cx, id, Format::Line)? {
            Ok(_) => cx.ret_pushed(1),
            Err(error) => ret_error(cx, &error, None),
        };
    }
    for index in first..cx.count() {
        match read_one(cx, id, format(cx, index)?)? {
            Ok(true) => {}
            Ok(false) => return cx.ret_pushed(index - first + 1),
            Err(error) => return ret_error(cx, &error, None),
        }
    }
    cx.ret_pushed(cx.count() - first)
}

fn format(cx: &CallContext<'_>, index: u32) -> Result<Format, Throw> {
    if let Some(count) = cx.arg(index).as_double() {
        return Ok(Format::Bytes(truncate_to_integer(count) as usize));
    }
    match cx.arg(index).as_string(cx).map(|format| format.as_bytes()) {
        Some([b'*', b'n', ..]) => Ok(Format::Number),
        Some([b'*', b'l', ..]) => Ok(Format::Line),
        Some([b'*', b'a', ..]) => Ok(Format::All),
        Some([b'*', ..]) => Err(cx.bad(index, "invalid format")),
        _ => Err(cx.bad(index, "invalid option")),
    }
}

/// Pushes what is read, or nil if it is not there, and answers whether it was.
fn read_one(cx: &CallContext<'_>, id: FileId, format: Format) -> Result<io::Result<bool>, Throw> {
    if let Format::Number = format {
        return match with_file(cx, id, BufferedFile::read_number) {
            Ok(number) => {
                cx.push(number.map_or(nil(), Boxed::boxed))?;
                Ok(Ok(number.is_some()))
            }
            Err(error) => Ok(Err(error)),
        };
    }
    if let Format::Bytes(count) = format {
        check_size(cx, count)?;
    }
    with_scratch(cx, |text| {
        let read = with_file(cx, id, |file| match format {
            Format::Bytes(count) => file.read_bytes(text, count),
            Format::All => file.read_all(text).map(|()| true),
            Format::Number | Format::Line => file.read_line(text),
        });
        if let Ok(found) = read {
            cx.push(if found { cx.str(text)?.boxed() } else { nil() })?;
        }
        Ok(read)
    })
}

/// Writes the arguments from `first` on and returns whether that worked.
pub fn write(cx: &CallContext<'_>, id: FileId, first: u32) -> NativeResult {
    let mut outcome = Ok(());
    for index in first..cx.count() {
        let value = cx.arg(index);
        let written = match value.as_string(cx) {
            Some(text) => with_file(cx, id, |file| file.write(text.as_bytes())),
            None => with_scratch(cx, |text| {
                if append_text(cx, text, value) {
                    Ok(with_file(cx, id, |file| file.write(text)))
                } else {
                    Err(cx.type_error(index, "string"))
                }
            })?,
        };
        outcome = outcome.and(written);
    }
    ret_outcome(cx, outcome, None)
}

/// An iterator over lines: captures the file and whether to close it at the end.
pub fn next_line(cx: &mut CallContext<'_>) -> NativeResult {
    let iterator = cx.callee::<Function>();
    let file = captured(cx, iterator, 0).as_userdata(cx).expect("it captured a file");
    if file.host.get() == CLOSED {
        return Err(error::throw_from_native(cx, "file is already closed"));
    }
    let id = file.host.get() as FileId;
    with_scratch(cx, |line| match with_file(cx, id, |file| file.read_line(line)) {
        Ok(true) => cx.ret_bytes(line),
        Ok(false) => {
            if is_truthy(captured(cx, iterator, 1)) {
                file.host.set(CLOSED);
                // Nothing was written, so nothing can get lost.
                let _ = lua(cx).files.borrow_mut().close(id);
            }
            cx.ret_none()
        }
        Err(error) => Err(error::throw_from_native(cx, reason(&error))),
    })
}
