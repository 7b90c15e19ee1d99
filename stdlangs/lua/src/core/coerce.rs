//! Conversions between values, and the names of types.

use dg_runtime::{Ref, Str, Throw, Value, Vm};

use super::error;
use super::state::lua;
use crate::generated::{Boxed, FALSE, Kind, NIL, ValueKind};
use crate::text::number::write_number;
use crate::text::parse_number::parse_number;

/// Whether a condition takes the value for true.
pub fn is_truthy(value: Value<'_>) -> bool {
    value.bits() != NIL.0 && value.bits() != FALSE.0
}

/// The number that a value is or, for a string, denotes.
#[inline]
pub fn to_number<'v>(vm: &'v Vm, value: Value<'v>) -> Option<f64> {
    match value.as_double() {
        Some(number) => Some(number),
        None => value.as_string(vm).and_then(|text| parse_number(text.as_bytes())),
    }
}

/// The string that a value is or, for a number, is written as; `None` for other values.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn to_string<'v>(vm: &'v Vm, value: Value<'v>) -> Result<Option<Ref<'v, Str>>, Throw> {
    match value.as_string(vm) {
        Some(text) => Ok(Some(text)),
        None => value.as_double().map(|number| number_string(vm, number)).transpose(),
    }
}

/// A number as a string.
///
/// # Errors
/// When memory runs out.
pub fn number_string(vm: &Vm, number: f64) -> Result<Ref<'_, Str>, Throw> {
    let mut text = Vec::with_capacity(24);
    write_number(&mut text, number);
    vm.str(&text)
}

/// Appends the bytes of a string or number; false for other values.
pub fn append_text<'v>(vm: &'v Vm, out: &mut Vec<u8>, value: Value<'v>) -> bool {
    if let Some(text) = value.as_string(vm) {
        out.extend_from_slice(text.as_bytes());
    } else if let Some(number) = value.as_double() {
        write_number(out, number);
    } else {
        return false;
    }
    true
}

/// Appends what `tostring` shows for a value without a `__tostring`.
pub fn append_display<'v>(vm: &'v Vm, out: &mut Vec<u8>, value: Value<'v>) {
    if append_text(vm, out, value) {
        return;
    }
    let address = match value.kind(vm) {
        Kind::Nil | Kind::Hole => return out.extend_from_slice(b"nil"),
        Kind::False => return out.extend_from_slice(b"false"),
        Kind::True => return out.extend_from_slice(b"true"),
        Kind::Double(_) | Kind::String(_) => unreachable!("these are text"),
        Kind::Table(object) => object.as_ptr() as usize,
        Kind::Function(object) => object.as_ptr() as usize,
        Kind::Userdata(object) => object.as_ptr() as usize,
        Kind::Thread(object) => object.as_ptr() as usize,
    };
    out.extend_from_slice(format!("{}: {address:#x}", type_name(vm, value)).as_bytes());
}

/// The name of a value's type.
pub fn type_name<'v>(vm: &'v Vm, value: Value<'v>) -> &'static str {
    TYPE_NAMES[type_number(vm, value)]
}

/// The names of types, by [`type_number`].
pub const TYPE_NAMES: [&str; 8] = [
    "nil", "boolean", "number", "string", "table", "function", "userdata", "thread",
];

/// The [`type_number`] of strings.
pub const STRING: usize = 3;

/// A small number for a value's type.
pub fn type_number<'v>(vm: &'v Vm, value: Value<'v>) -> usize {
    match value.kind(vm) {
        Kind::Nil | Kind::Hole => 0,
        Kind::False | Kind::True => 1,
        Kind::Double(_) => 2,
        Kind::String(_) => STRING,
        Kind::Table(_) => 4,
        Kind::Function(_) => 5,
        Kind::Userdata(_) => 6,
        Kind::Thread(_) => 7,
    }
}

/// Lua's `%`: the result has the sign of the divisor.
#[inline]
pub fn modulo(lhs: f64, rhs: f64) -> f64 {
    lhs - floor(lhs / rhs) * rhs
}

/// As `f64::floor`, which is a call on processors that are not known to have an instruction for it.
#[inline]
fn floor(number: f64) -> f64 {
    /// From here on all doubles are whole.
    const LIMIT: f64 = (1u64 << 52) as f64;
    if number.abs() < LIMIT {
        let truncated = number as i64 as f64;
        let floor = if truncated > number { truncated - 1.0 } else { truncated };
        floor.copysign(number)
    } else {
        number
    }
}

/// Whether two values are equal without metamethods.
pub fn raw_equal(lhs: Value<'_>, rhs: Value<'_>) -> bool {
    match (lhs.as_double(), rhs.as_double()) {
        (Some(lhs), Some(rhs)) => lhs == rhs,
        _ => lhs == rhs,
    }
}

/// A string value of these bytes.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn string<'v>(vm: &'v Vm, bytes: &[u8]) -> Result<Value<'v>, Throw> {
    match bytes {
        [byte] => Ok(lua(vm).byte_string(vm, *byte).boxed()),
        _ => Ok(vm.str(bytes)?.boxed()),
    }
}

/// The value to throw for a message without a position.
pub fn message<'v>(vm: &'v Vm, text: &str) -> Value<'v> {
    error::message_value(vm, text.as_bytes())
}
