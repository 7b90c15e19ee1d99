//! Arithmetic on constants.

use super::inst::Arith;

/// What an operation on constants gives, if it may be done ahead of time: like PUC Lua, not if it divides by zero or
/// gives a NaN.
pub(super) fn fold(op: Arith, lhs: f64, rhs: f64) -> Option<f64> {
    let value = match op {
        Arith::Add => lhs + rhs,
        Arith::Sub => lhs - rhs,
        Arith::Mul => lhs * rhs,
        Arith::Div | Arith::Mod if rhs == 0.0 => return None,
        Arith::Div => lhs / rhs,
        Arith::Mod => lhs - (lhs / rhs).floor() * rhs,
        Arith::Pow => lhs.powf(rhs),
    };
    (!value.is_nan()).then_some(value)
}
