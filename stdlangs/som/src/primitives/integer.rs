//! Integer.

use dg_runtime::{CallContext, NativeResult, Throw, Value};
use num_bigint::BigInt;

use super::operator::operate;
use super::{Table, delegating, native};
use crate::core::error;
use crate::core::number::{Integer, Number, integer, number};
use crate::core::object::text_of;
use crate::core::state::som;
use crate::generated::{Boxed, Operator, natives};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("+",                    native(operate::<{ Operator::Add as usize }>)),
    ("-",                    native(operate::<{ Operator::Sub as usize }>)),
    ("*",                    native(operate::<{ Operator::Mul as usize }>)),
    ("/",                    native(divide)),
    ("//",                   native(operate::<{ Operator::Quotient as usize }>)),
    ("%",                    native(operate::<{ Operator::Mod as usize }>)),
    ("rem:",                 native(remainder)),
    ("&",                    native(and)),
    ("<<",                   native(shift_left)),
    (">>>",                  native(shift_right)),
    ("bitXor:",              delegating(&natives::BIT_XOR, xor)),
    ("sqrt",                 native(sqrt)),
    ("atRandom",             native(at_random)),
    ("=",                    native(operate::<{ Operator::Equal as usize }>)),
    ("<",                    native(operate::<{ Operator::Less as usize }>)),
    (">",                    native(operate::<{ Operator::Greater as usize }>)),
    ("<=",                   native(operate::<{ Operator::LessEqual as usize }>)),
    (">=",                   native(operate::<{ Operator::GreaterEqual as usize }>)),
    ("asString",             native(as_string)),
    ("as32BitSignedValue",   native(as_signed)),
    ("as32BitUnsignedValue", native(as_unsigned)),
    ("asDouble",             native(as_double)),
];

#[rustfmt::skip] // one row each
pub const CLASS_TABLE: Table = &[
    ("fromString:", native(from_string)),
];

/// Shifts to the left beyond this would need more memory than there is.
const MAX_SHIFT: i64 = 1 << 30;

fn receiver(cx: &CallContext<'_>, selector: &str) -> Result<Integer, Throw> {
    integer(cx, cx.arg(0)).ok_or_else(|| error::wrong_argument(cx, selector, "an Integer as receiver", cx.arg(0)))
}

/// The argument as a number.
fn argument(cx: &CallContext<'_>, selector: &str) -> Result<Number, Throw> {
    number(cx, cx.arg(1)).ok_or_else(|| error::wrong_argument(cx, selector, "a number", cx.arg(1)))
}

fn integer_argument(cx: &CallContext<'_>, selector: &str) -> Result<Integer, Throw> {
    integer(cx, cx.arg(1)).ok_or_else(|| error::wrong_argument(cx, selector, "an Integer", cx.arg(1)))
}

fn answer(cx: &CallContext<'_>, integer: &Integer) -> NativeResult {
    cx.ret(integer.value(cx)?)
}

fn answer_double(cx: &CallContext<'_>, double: f64) -> NativeResult {
    cx.ret(Value::double(double))
}

fn by_zero(cx: &CallContext<'_>, selector: &str) -> Throw {
    error::throw(cx, format!("{selector} divides by zero"))
}

/// A double without its fraction, as an integer.
pub fn truncate(cx: &CallContext<'_>, selector: &str, double: f64) -> NativeResult {
    match Integer::truncated(double) {
        Some(integer) => answer(cx, &integer),
        None => {
            let double = crate::core::number::double_text(double);
            Err(error::throw(cx, format!("{selector}: {double} is no Integer")))
        }
    }
}

/// Rounds towards zero.
fn divide(cx: &mut CallContext<'_>) -> NativeResult {
    let lhs = receiver(cx, "/")?;
    match argument(cx, "/")? {
        Number::Integer(rhs) if rhs.is_zero() => Err(by_zero(cx, "/")),
        Number::Integer(rhs) => {
            let computed = lhs.small().zip(rhs.small()).and_then(|(lhs, rhs)| lhs.checked_div(rhs));
            let computed = computed.map_or_else(|| Integer::from(lhs.to_big() / rhs.to_big()), Integer::Small);
            answer(cx, &computed)
        }
        Number::Double(0.0) => Err(by_zero(cx, "/")),
        Number::Double(rhs) => truncate(cx, "/", lhs.to_double() / rhs),
    }
}

/// Has the sign of the dividend.
fn remainder(cx: &mut CallContext<'_>) -> NativeResult {
    let lhs = receiver(cx, "rem:")?;
    match argument(cx, "rem:")? {
        Number::Integer(rhs) if rhs.is_zero() => Err(by_zero(cx, "rem:")),
        Number::Integer(rhs) => {
            let computed = lhs.small().zip(rhs.small()).map(|(lhs, rhs)| lhs.wrapping_rem(rhs));
            let computed = computed.map_or_else(|| Integer::from(lhs.to_big() % rhs.to_big()), Integer::Small);
            answer(cx, &computed)
        }
        Number::Double(rhs) => answer_double(cx, lhs.to_double() % rhs),
    }
}

fn and(cx: &mut CallContext<'_>) -> NativeResult {
    let (lhs, rhs) = (receiver(cx, "&")?, integer_argument(cx, "&")?);
    let computed = match (lhs.small(), rhs.small()) {
        (Some(lhs), Some(rhs)) => Integer::Small(lhs & rhs),
        _ => Integer::from(lhs.to_big() & rhs.to_big()),
    };
    answer(cx, &computed)
}

fn xor(cx: &mut CallContext<'_>) -> NativeResult {
    let (lhs, rhs) = (receiver(cx, "bitXor:")?, integer_argument(cx, "bitXor:")?);
    let computed = match (lhs.small(), rhs.small()) {
        (Some(lhs), Some(rhs)) => Integer::Small(lhs ^ rhs),
        _ => Integer::from(lhs.to_big() ^ rhs.to_big()),
    };
    answer(cx, &computed)
}

fn shift_left(cx: &mut CallContext<'_>) -> NativeResult {
    let (lhs, rhs) = (receiver(cx, "<<")?, integer_argument(cx, "<<")?);
    match rhs.small() {
        Some(count @ 0..=MAX_SHIFT) => answer(cx, &Integer::from(lhs.to_big() << count)),
        Some(count) if (-MAX_SHIFT..0).contains(&count) => answer(cx, &Integer::from(lhs.to_big() >> -count)),
        _ => Err(error::throw(cx, format!("<< {rhs}: this would be too large"))),
    }
}

/// Shifts the pattern of 64 bits.
fn shift_right(cx: &mut CallContext<'_>) -> NativeResult {
    let (lhs, rhs) = (receiver(cx, ">>>")?, integer_argument(cx, ">>>")?);
    let shifted = match rhs.small() {
        Some(count @ 0..64) => lhs.low_bits() >> count,
        Some(64..) => 0,
        _ => return Err(error::throw(cx, format!(">>> {rhs}: the count has to be 0 or more"))),
    };
    answer(cx, &Integer::from(BigInt::from(shifted)))
}

fn sqrt(cx: &mut CallContext<'_>) -> NativeResult {
    let number = receiver(cx, "sqrt")?;
    let double = number.to_double().sqrt();
    if let Some(root) = Integer::truncated(double)
        && Integer::from(root.to_big() * root.to_big()) == number
    {
        return answer(cx, &root);
    }
    answer_double(cx, double)
}

/// From 0 up to, but without, the receiver.
fn at_random(cx: &mut CallContext<'_>) -> NativeResult {
    let bound = receiver(cx, "atRandom")?;
    // Marsaglia's xorshift, times a constant.
    let mut state = som(cx).random.get();
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    som(cx).random.set(state);
    let random = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 1;
    if bound.is_zero() {
        return answer(cx, &Integer::Small(0));
    }
    answer(cx, &Integer::from(BigInt::from(random) % bound.to_big()))
}

fn as_string(cx: &mut CallContext<'_>) -> NativeResult {
    let text = receiver(cx, "asString")?.to_string();
    cx.ret(cx.str(text.as_bytes())?.boxed())
}

fn as_signed(cx: &mut CallContext<'_>) -> NativeResult {
    let bits = receiver(cx, "as32BitSignedValue")?.low_bits();
    cx.ret((bits as i32).boxed())
}

fn as_unsigned(cx: &mut CallContext<'_>) -> NativeResult {
    let bits = receiver(cx, "as32BitUnsignedValue")?.low_bits();
    answer(cx, &Integer::Small((bits as u32).into()))
}

fn as_double(cx: &mut CallContext<'_>) -> NativeResult {
    answer_double(cx, receiver(cx, "asDouble")?.to_double())
}

fn from_string(cx: &mut CallContext<'_>) -> NativeResult {
    let Some(text) = text_of(cx, cx.arg(1)) else {
        return Err(error::wrong_argument(cx, "fromString:", "a String", cx.arg(1)));
    };
    let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
    match Integer::parse(text.trim()) {
        Some(integer) => answer(cx, &integer),
        None => Err(error::throw(cx, format!("fromString: '{text}' is no Integer"))),
    }
}
