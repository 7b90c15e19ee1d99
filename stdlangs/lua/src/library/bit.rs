//! `bit`: operations on 32-bit integers, as in LuaJIT and its BitOp module.

use dg_runtime::{CallContext, NativeResult, Throw, Vm};

use super::args::Args;
use super::{Functions, library};

/// Added to a double of moderate size, it leaves the low bits of its integer in the low bits of the sum's representation.
const INTEGER_IN_LOW_BITS: f64 = 6_755_399_441_055_744.0;

/// Digits of a number, if it is not said how many are wanted.
const DIGITS: i32 = 8;

/// Most digits; there are zeros in front.
const MAX_DIGITS: usize = 254;

/// Opens the library.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    library(vm, "bit", FUNCTIONS).map(|_| ())
}

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("arshift", |cx| shift(cx, |x, count| x >> count)), ("band", |cx| fold(cx, |x, y| x & y)),
    ("bnot", |cx| unary(cx, |x| !x)), ("bor", |cx| fold(cx, |x, y| x | y)), ("bswap", |cx| unary(cx, i32::swap_bytes)),
    ("bxor", |cx| fold(cx, |x, y| x ^ y)), ("lshift", |cx| shift(cx, |x, count| x << count)),
    ("rol", |cx| shift(cx, i32::rotate_left)), ("ror", |cx| shift(cx, i32::rotate_right)),
    ("rshift", |cx| shift(cx, |x, count| (x as u32 >> count) as i32)), ("tobit", |cx| unary(cx, |x| x)), ("tohex", tohex),
];

/// An argument as a 32-bit integer: rounded, and without its higher bits.
fn bits(cx: &CallContext<'_>, index: u32) -> Result<i32, Throw> {
    Ok((cx.number(index)? + INTEGER_IN_LOW_BITS).to_bits() as i32)
}

fn ret_bits(cx: &CallContext<'_>, bits: i32) -> NativeResult {
    cx.ret_number(bits.into())
}

fn unary(cx: &mut CallContext<'_>, function: impl Fn(i32) -> i32) -> NativeResult {
    ret_bits(cx, function(bits(cx, 0)?))
}

/// Joins all arguments, one at least.
fn fold(cx: &mut CallContext<'_>, join: impl Fn(i32, i32) -> i32) -> NativeResult {
    let mut result = bits(cx, 0)?;
    for index in 1..cx.count() {
        result = join(result, bits(cx, index)?);
    }
    ret_bits(cx, result)
}

/// Shifts argument 0 by argument 1, of which the five lowest bits count.
fn shift(cx: &mut CallContext<'_>, shifted: impl Fn(i32, u32) -> i32) -> NativeResult {
    let (x, count) = (bits(cx, 0)?, bits(cx, 1)?);
    ret_bits(cx, shifted(x, count as u32 & 31))
}

/// The lowest digits in base 16: as many as argument 1 says, in capital letters if it is negative.
fn tohex(cx: &mut CallContext<'_>) -> NativeResult {
    let x = bits(cx, 0)?;
    let count = if cx.is_none_or_nil(1) { DIGITS } else { bits(cx, 1)? };
    let shown = (count.unsigned_abs() as usize).min(MAX_DIGITS);
    let all = if count < 0 {
        format!("{x:0MAX_DIGITS$X}")
    } else {
        format!("{x:0MAX_DIGITS$x}")
    };
    cx.ret_bytes(&all.as_bytes()[all.len() - shown..])
}
