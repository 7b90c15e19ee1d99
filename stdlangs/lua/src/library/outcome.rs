//! How functions answer what the system did.

use std::io;

use dg_runtime::{CallContext, NativeResult};

use super::args::Args;
use super::files::reason;
use crate::core::coerce;
use crate::generated::{Boxed, nil};

/// Returns true; or nil, a message that names the file, and the system's number of the error.
pub fn ret_outcome(cx: &CallContext<'_>, outcome: io::Result<()>, file: Option<&[u8]>) -> NativeResult {
    match outcome {
        Ok(()) => cx.ret_bool(true),
        Err(error) => ret_error(cx, &error, file),
    }
}

/// Returns nil, a message that names the file, and the system's number of the error.
pub fn ret_error(cx: &CallContext<'_>, error: &io::Error, file: Option<&[u8]>) -> NativeResult {
    let message = describe(error, file);
    let number = f64::from(error.raw_os_error().unwrap_or(0));
    cx.ret_all(&[nil(), coerce::string(cx, &message)?, number.boxed()])
}

/// What went wrong, with the file's name in front.
pub fn describe(error: &io::Error, file: Option<&[u8]>) -> Vec<u8> {
    let reason = reason(error);
    match file {
        Some(file) => [file, b": ", reason.as_bytes()].concat(),
        None => reason.into_bytes(),
    }
}
