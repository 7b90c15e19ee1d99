//! What operators give for any two numbers: for primitives, and for instructions that expect other numbers.

use std::cmp::Ordering;

use dg_runtime::{Throw, Value, Vm};
use num_bigint::BigInt;

use super::error;
use super::number::{Integer, Number};
use super::object::boolean;
use crate::generated::Operator;

/// What an operator gives: `+`, `-`, `*`, `//`, `%`, a comparison.
///
/// # Errors
/// When an integer is divided by zero, or memory runs out.
pub fn compute<'v>(vm: &'v Vm, operator: Operator, lhs: &Number, rhs: &Number) -> Result<Value<'v>, Throw> {
    let ordered = |decide: fn(Ordering) -> bool| Ok(boolean(compare(lhs, rhs).is_some_and(decide)));
    match operator {
        Operator::Add => arithmetic(
            vm,
            (lhs, rhs),
            i64::checked_add,
            |lhs, rhs| lhs + rhs,
            |lhs, rhs| lhs + rhs,
        ),
        Operator::Sub => arithmetic(
            vm,
            (lhs, rhs),
            i64::checked_sub,
            |lhs, rhs| lhs - rhs,
            |lhs, rhs| lhs - rhs,
        ),
        Operator::Mul => arithmetic(
            vm,
            (lhs, rhs),
            i64::checked_mul,
            |lhs, rhs| lhs * rhs,
            |lhs, rhs| lhs * rhs,
        ),
        Operator::Quotient => Ok(Value::double(lhs.to_double() / rhs.to_double())),
        Operator::Mod => modulo(vm, lhs, rhs),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::LessEqual => ordered(Ordering::is_le),
        Operator::GreaterEqual => ordered(Ordering::is_ge),
        Operator::Equal => ordered(Ordering::is_eq),
        Operator::Different => Ok(boolean(compare(lhs, rhs) != Some(Ordering::Equal))),
        _ => unreachable!("{operator:?} is not computed for numbers"),
    }
}

/// Computes in 64 bits if that is enough, with doubles if an operand is one.
fn arithmetic<'v>(
    vm: &'v Vm,
    operands: (&Number, &Number),
    small: fn(i64, i64) -> Option<i64>,
    big: fn(BigInt, BigInt) -> BigInt,
    double: fn(f64, f64) -> f64,
) -> Result<Value<'v>, Throw> {
    match operands {
        (Number::Integer(lhs), Number::Integer(rhs)) => {
            let computed = lhs.small().zip(rhs.small()).and_then(|(lhs, rhs)| small(lhs, rhs));
            let computed = computed.map_or_else(|| Integer::from(big(lhs.to_big(), rhs.to_big())), Integer::Small);
            computed.value(vm)
        }
        (lhs, rhs) => Ok(Value::double(double(lhs.to_double(), rhs.to_double()))),
    }
}

/// Of integers, it has the sign of the divisor.
fn modulo<'v>(vm: &'v Vm, lhs: &Number, rhs: &Number) -> Result<Value<'v>, Throw> {
    match (lhs, rhs) {
        (Number::Integer(_), Number::Integer(rhs)) if rhs.is_zero() => Err(error::throw(vm, "% divides by zero")),
        (Number::Integer(Integer::Small(lhs)), Number::Integer(Integer::Small(rhs))) => {
            let rest = lhs.wrapping_rem(*rhs);
            let differs = rest != 0 && (rest < 0) != (*rhs < 0);
            Integer::Small(if differs { rest + rhs } else { rest }).value(vm)
        }
        (Number::Integer(lhs), Number::Integer(rhs)) => {
            let (lhs, rhs) = (lhs.to_big(), rhs.to_big());
            let rest = &lhs % &rhs;
            let zero = BigInt::from(0);
            let differs = rest != zero && (rest < zero) != (rhs < zero);
            Integer::from(if differs { rest + rhs } else { rest }).value(vm)
        }
        (lhs, rhs) => Ok(Value::double(lhs.to_double() % rhs.to_double())),
    }
}

/// The order of two numbers, exactly; none if one is no number.
fn compare(lhs: &Number, rhs: &Number) -> Option<Ordering> {
    match (lhs, rhs) {
        (Number::Integer(Integer::Small(lhs)), Number::Integer(Integer::Small(rhs))) => Some(lhs.cmp(rhs)),
        (Number::Integer(lhs), Number::Integer(rhs)) => Some(lhs.to_big().cmp(&rhs.to_big())),
        (Number::Double(lhs), Number::Double(rhs)) => lhs.partial_cmp(rhs),
        (Number::Integer(lhs), Number::Double(rhs)) => compare_mixed(lhs, *rhs),
        (Number::Double(lhs), Number::Integer(rhs)) => compare_mixed(rhs, *lhs).map(Ordering::reverse),
    }
}

/// Not every integer is a double.
fn compare_mixed(lhs: &Integer, rhs: f64) -> Option<Ordering> {
    match Integer::truncated(rhs) {
        Some(whole) => {
            let order = lhs.to_big().cmp(&whole.to_big());
            Some(order.then_with(|| 0.0.partial_cmp(&rhs.fract()).expect("a fraction of a finite number")))
        }
        None => 0.0.partial_cmp(&rhs),
    }
}
