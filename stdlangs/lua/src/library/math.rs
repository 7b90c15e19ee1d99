//! `math`

use dg_runtime::{CallContext, NativeResult, Throw, Vm};

use super::args::{Args, to_int};
use super::{Functions, library};
use crate::core::error;
use crate::core::state::lua;
use crate::core::table::set_str;
use crate::generated::Boxed;

/// Opens the library.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    let math = library(vm, "math", FUNCTIONS)?;
    set_str(vm, math, vm.str(b"pi")?, std::f64::consts::PI.boxed())?;
    set_str(vm, math, vm.str(b"huge")?, f64::INFINITY.boxed())
}

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("abs", |cx| unary(cx, f64::abs)), ("acos", |cx| unary(cx, f64::acos)), ("asin", |cx| unary(cx, f64::asin)),
    ("atan", |cx| unary(cx, f64::atan)), ("atan2", |cx| binary(cx, f64::atan2)), ("ceil", |cx| unary(cx, f64::ceil)),
    ("cos", |cx| unary(cx, f64::cos)), ("cosh", |cx| unary(cx, f64::cosh)), ("deg", |cx| unary(cx, to_degrees)),
    ("exp", |cx| unary(cx, f64::exp)), ("floor", |cx| unary(cx, f64::floor)), ("fmod", |cx| binary(cx, |x, y| x % y)),
    ("mod", |cx| binary(cx, |x, y| x % y)), ("frexp", frexp), ("ldexp", ldexp), ("log", |cx| unary(cx, f64::ln)),
    ("log10", |cx| unary(cx, f64::log10)), ("max", |cx| extreme(cx, |x, best| x > best)),
    ("min", |cx| extreme(cx, |x, best| x < best)), ("modf", modf), ("pow", |cx| binary(cx, f64::powf)),
    ("rad", |cx| unary(cx, to_radians)), ("random", random), ("randomseed", randomseed), ("sin", |cx| unary(cx, f64::sin)),
    ("sinh", |cx| unary(cx, f64::sinh)), ("sqrt", |cx| unary(cx, f64::sqrt)), ("tan", |cx| unary(cx, f64::tan)),
    ("tanh", |cx| unary(cx, f64::tanh)),
];

fn unary(cx: &mut CallContext<'_>, function: impl Fn(f64) -> f64) -> NativeResult {
    cx.ret_number(function(cx.number(0)?))
}

fn binary(cx: &mut CallContext<'_>, function: impl Fn(f64, f64) -> f64) -> NativeResult {
    // The last one is checked first, as in PUC Lua where a C compiler decides it.
    let y = cx.number(1)?;
    cx.ret_number(function(cx.number(0)?, y))
}

const RADIANS_PER_DEGREE: f64 = std::f64::consts::PI / 180.0;

fn to_degrees(radians: f64) -> f64 {
    radians / RADIANS_PER_DEGREE
}

fn to_radians(degrees: f64) -> f64 {
    degrees * RADIANS_PER_DEGREE
}

fn frexp(cx: &mut CallContext<'_>) -> NativeResult {
    let number = cx.number(0)?;
    let (mantissa, exponent) = split(number);
    cx.ret_all(&[mantissa.boxed(), f64::from(exponent).boxed()])
}

/// `number` as a mantissa from 0.5 to below 1 and a power of two.
fn split(number: f64) -> (f64, i32) {
    if number == 0.0 || !number.is_finite() {
        return (number, 0);
    }
    let biased = (number.to_bits() >> 52 & 0x7FF) as i32;
    if biased == 0 {
        // Subnormal: its leading zeros count.
        let (mantissa, exponent) = split(number * 2f64.powi(64));
        return (mantissa, exponent - 64);
    }
    (
        f64::from_bits(number.to_bits() & !(0x7FF << 52) | 1022 << 52),
        biased - 1022,
    )
}

fn ldexp(cx: &mut CallContext<'_>) -> NativeResult {
    let exponent = to_int(cx.integer(1)?);
    let mantissa = cx.number(0)?;
    // A double spans less than 2200 powers of two. Scaling by normal steps rounds once, in the last one, if at all.
    let exponent = exponent.clamp(-2200, 2200) as i32;
    let (fraction, power) = split(mantissa);
    let exponent = (exponent + power).clamp(-1200, 1200);
    let scaled = if exponent > 1000 {
        fraction * 2f64.powi(1000) * 2f64.powi(exponent - 1000)
    } else if exponent < -1000 {
        fraction * 2f64.powi(-1000) * 2f64.powi(exponent + 1000)
    } else {
        fraction * 2f64.powi(exponent)
    };
    cx.ret_number(scaled)
}

fn modf(cx: &mut CallContext<'_>) -> NativeResult {
    let number = cx.number(0)?;
    let whole = number.trunc();
    let fraction = if number.is_infinite() { 0.0 } else { number - whole };
    cx.ret_all(&[whole.boxed(), fraction.copysign(number).boxed()])
}

fn extreme(cx: &mut CallContext<'_>, is_better: impl Fn(f64, f64) -> bool) -> NativeResult {
    let mut best = cx.number(0)?;
    for index in 1..cx.count() {
        let number = cx.number(index)?;
        if is_better(number, best) {
            best = number;
        }
    }
    cx.ret_number(best)
}

fn random(cx: &mut CallContext<'_>) -> NativeResult {
    let uniform = lua(cx).random.uniform();
    let in_range = |low: f64, high: f64| (uniform * (high - low + 1.0)).floor() + low;
    match cx.count() {
        0 => cx.ret_number(uniform),
        1 => {
            let high = to_int(cx.integer(0)?);
            if high < 1 {
                return Err(cx.bad(0, "interval is empty"));
            }
            cx.ret_number(in_range(1.0, high as f64))
        }
        2 => {
            let (low, high) = (to_int(cx.integer(0)?), to_int(cx.integer(1)?));
            if low > high {
                return Err(cx.bad(1, "interval is empty"));
            }
            cx.ret_number(in_range(low as f64, high as f64))
        }
        _ => Err(error::throw_from_native(cx, "wrong number of arguments")),
    }
}

fn randomseed(cx: &mut CallContext<'_>) -> NativeResult {
    let seed = cx.number(0)?.to_bits();
    lua(cx).random.seed(seed);
    cx.ret_none()
}
