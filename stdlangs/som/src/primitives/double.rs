//! Double.

use dg_runtime::{CallContext, NativeResult, Throw, Value};

use super::integer::truncate;
use super::operator::operate;
use super::{Table, native};
use crate::core::error;
use crate::core::number::double_text;
use crate::core::object::text_of;
use crate::generated::{Boxed, Operator};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("+",         native(operate::<{ Operator::Add as usize }>)),
    ("-",         native(operate::<{ Operator::Sub as usize }>)),
    ("*",         native(operate::<{ Operator::Mul as usize }>)),
    ("//",        native(operate::<{ Operator::Quotient as usize }>)),
    ("%",         native(operate::<{ Operator::Mod as usize }>)),
    ("sqrt",      native(sqrt)),
    ("round",     native(round)),
    ("asInteger", native(as_integer)),
    ("cos",       native(cos)),
    ("sin",       native(sin)),
    ("=",         native(operate::<{ Operator::Equal as usize }>)),
    ("<",         native(operate::<{ Operator::Less as usize }>)),
    (">",         native(operate::<{ Operator::Greater as usize }>)),
    ("<=",        native(operate::<{ Operator::LessEqual as usize }>)),
    (">=",        native(operate::<{ Operator::GreaterEqual as usize }>)),
    ("asString",  native(as_string)),
];

#[rustfmt::skip] // one row each
pub const CLASS_TABLE: Table = &[
    ("PositiveInfinity", native(positive_infinity)),
    ("fromString:",      native(from_string)),
];

fn receiver(cx: &CallContext<'_>, selector: &str) -> Result<f64, Throw> {
    cx.arg(0)
        .as_double()
        .ok_or_else(|| error::wrong_argument(cx, selector, "a Double as receiver", cx.arg(0)))
}

fn sqrt(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(Value::double(receiver(cx, "sqrt")?.sqrt()))
}

/// Halves away from zero.
fn round(cx: &mut CallContext<'_>) -> NativeResult {
    truncate(cx, "round", receiver(cx, "round")?.round())
}

fn as_integer(cx: &mut CallContext<'_>) -> NativeResult {
    truncate(cx, "asInteger", receiver(cx, "asInteger")?)
}

fn cos(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(Value::double(receiver(cx, "cos")?.cos()))
}

fn sin(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(Value::double(receiver(cx, "sin")?.sin()))
}

fn as_string(cx: &mut CallContext<'_>) -> NativeResult {
    let text = double_text(receiver(cx, "asString")?);
    cx.ret(cx.str(text.as_bytes())?.boxed())
}

fn positive_infinity(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(Value::double(f64::INFINITY))
}

/// NaN of what is no number.
fn from_string(cx: &mut CallContext<'_>) -> NativeResult {
    let Some(text) = text_of(cx, cx.arg(1)) else {
        return Err(error::wrong_argument(cx, "fromString:", "a String", cx.arg(1)));
    };
    let text = String::from_utf8_lossy(text.as_bytes());
    let double = text.trim().parse().unwrap_or(f64::NAN);
    cx.ret(Value::double(double))
}
