//! Block and its relatives.

use dg_runtime::{CallContext, NativeResult};

use super::{Table, native, spec};
use crate::core::error;
use crate::generated::natives;

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("value",   spec(&natives::EVALUATE)),
    ("restart", native(restart)),
];

#[rustfmt::skip] // one row each
pub const EVALUATION: Table = &[
    ("value",       spec(&natives::EVALUATE)),
    ("value:",      spec(&natives::EVALUATE)),
    ("value:with:", spec(&natives::EVALUATE)),
];

/// The compiler makes a jump of it where it may be used.
fn restart(cx: &mut CallContext<'_>) -> NativeResult {
    Err(error::throw(
        cx,
        "restart: only a method of a class of blocks can start again, with `self restart`",
    ))
}
