//! Double.

use dg_runtime::{CallContext, NativeResult, Throw, Value};

use super::integer::{argument, compare, ordered, truncate};
use super::{Table, native};
use crate::core::error;
use crate::core::number::{Number, double_text};
use crate::core::object::{boolean, text_of};
use crate::generated::Boxed;

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("+",         native(add)),
    ("-",         native(subtract)),
    ("*",         native(multiply)),
    ("//",        native(divide)),
    ("%",         native(modulo)),
    ("sqrt",      native(sqrt)),
    ("round",     native(round)),
    ("asInteger", native(as_integer)),
    ("cos",       native(cos)),
    ("sin",       native(sin)),
    ("=",         native(equal)),
    ("<",         native(less)),
    (">",         native(greater)),
    ("<=",        native(less_equal)),
    (">=",        native(greater_equal)),
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

fn arithmetic(cx: &CallContext<'_>, selector: &str, compute: fn(f64, f64) -> f64) -> NativeResult {
    let lhs = receiver(cx, selector)?;
    let rhs = match argument(cx, selector)? {
        Number::Integer(rhs) => rhs.to_double(),
        Number::Double(rhs) => rhs,
    };
    cx.ret(Value::double(compute(lhs, rhs)))
}

fn add(cx: &mut CallContext<'_>) -> NativeResult {
    arithmetic(cx, "+", |lhs, rhs| lhs + rhs)
}

fn subtract(cx: &mut CallContext<'_>) -> NativeResult {
    arithmetic(cx, "-", |lhs, rhs| lhs - rhs)
}

fn multiply(cx: &mut CallContext<'_>) -> NativeResult {
    arithmetic(cx, "*", |lhs, rhs| lhs * rhs)
}

fn divide(cx: &mut CallContext<'_>) -> NativeResult {
    arithmetic(cx, "//", |lhs, rhs| lhs / rhs)
}

fn modulo(cx: &mut CallContext<'_>) -> NativeResult {
    arithmetic(cx, "%", |lhs, rhs| lhs % rhs)
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

fn equal(cx: &mut CallContext<'_>) -> NativeResult {
    let lhs = Number::Double(receiver(cx, "=")?);
    cx.ret(boolean(compare(cx, &lhs) == Some(Some(std::cmp::Ordering::Equal))))
}

fn less(cx: &mut CallContext<'_>) -> NativeResult {
    ordered(cx, "<", &Number::Double(receiver(cx, "<")?), std::cmp::Ordering::is_lt)
}

fn greater(cx: &mut CallContext<'_>) -> NativeResult {
    ordered(cx, ">", &Number::Double(receiver(cx, ">")?), std::cmp::Ordering::is_gt)
}

fn less_equal(cx: &mut CallContext<'_>) -> NativeResult {
    ordered(
        cx,
        "<=",
        &Number::Double(receiver(cx, "<=")?),
        std::cmp::Ordering::is_le,
    )
}

fn greater_equal(cx: &mut CallContext<'_>) -> NativeResult {
    ordered(
        cx,
        ">=",
        &Number::Double(receiver(cx, ">=")?),
        std::cmp::Ordering::is_ge,
    )
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
