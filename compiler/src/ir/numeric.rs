//! What numeric operations compute, on raw bits: the one definition that the evaluator and constant folding share.
//!
//! Values are carried as `u64`: doubles as their bits, `I32` and references zero-extended, conditions as 0 or 1.

use super::inst::{BinaryOp, IntCond, UnaryOp};
use super::types::Type;
use crate::abi::HASH_FACTOR;

/// The result of `op` on a value of type `ty`.
///
/// # Panics
/// When `op` does not take that type, which the verifier excludes.
pub fn unary(op: UnaryOp, ty: Type, bits: u64) -> u64 {
    let float = || f64::from_bits(bits);
    match op {
        UnaryOp::FNeg => bits ^ 1 << 63,
        UnaryOp::FAbs => bits & !(1 << 63),
        UnaryOp::FSqrt => float().sqrt().to_bits(),
        UnaryOp::FFloor => float().floor().to_bits(),
        UnaryOp::FCeil => float().ceil().to_bits(),
        UnaryOp::INeg => truncate(ty, bits.wrapping_neg()),
        UnaryOp::Not => truncate(ty, !bits),
        UnaryOp::TruncateToI32 => u64::from(truncate_to_i32(float()) as u32),
        UnaryOp::I32ToF64 => f64::from(bits as u32 as i32).to_bits(),
        UnaryOp::U32ToF64 => f64::from(bits as u32).to_bits(),
        UnaryOp::ZeroExtend | UnaryOp::Wrap => u64::from(bits as u32),
        UnaryOp::SignExtend => bits as u32 as i32 as i64 as u64,
        UnaryOp::BoolToI32 => bits,
        UnaryOp::IsNull => u64::from(bits as u32 == 0),
        UnaryOp::Hash => (bits ^ bits >> 32).wrapping_mul(HASH_FACTOR) >> 32,
    }
}

/// The result of `op` on two values of type `ty`.
///
/// # Panics
/// When `op` does not take that type, which the verifier excludes.
pub fn binary(op: BinaryOp, ty: Type, a: u64, b: u64) -> u64 {
    let (x, y) = (f64::from_bits(a), f64::from_bits(b));
    let count = b as u32 & (width(ty) - 1);
    match op {
        BinaryOp::FAdd => (x + y).to_bits(),
        BinaryOp::FSub => (x - y).to_bits(),
        BinaryOp::FMul => (x * y).to_bits(),
        BinaryOp::FDiv => (x / y).to_bits(),
        BinaryOp::FMin => {
            if x < y {
                a
            } else {
                b
            }
        }
        BinaryOp::FMax => {
            if x > y {
                a
            } else {
                b
            }
        }
        BinaryOp::IAdd => truncate(ty, a.wrapping_add(b)),
        BinaryOp::ISub => truncate(ty, a.wrapping_sub(b)),
        BinaryOp::IMul => truncate(ty, a.wrapping_mul(b)),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => truncate(ty, a << count),
        BinaryOp::Shr => a >> count,
        BinaryOp::Sar => truncate(ty, (signed(ty, a) >> count) as u64),
    }
}

/// Whether `cond` holds of two values of type `ty`.
pub const fn int_compare(cond: IntCond, ty: Type, a: u64, b: u64) -> bool {
    cond.evaluate(signed(ty, a), signed(ty, b))
}

/// The bits of a boxed double: the double's, NaNs made canonical.
pub fn canonical(bits: u64) -> u64 {
    if f64::from_bits(bits).is_nan() {
        0x7FF8_0000_0000_0000 | bits & 1 << 63
    } else {
        bits
    }
}

/// Towards zero; `i32::MIN` for what does not fit, as the machine instruction does.
fn truncate_to_i32(value: f64) -> i32 {
    let whole = value.trunc();
    if whole >= f64::from(i32::MIN) && whole <= f64::from(i32::MAX) {
        whole as i32
    } else {
        i32::MIN
    }
}

const fn width(ty: Type) -> u32 {
    if matches!(ty, Type::I64 | Type::Ptr) { 64 } else { 32 }
}

const fn truncate(ty: Type, bits: u64) -> u64 {
    match ty {
        Type::Bool => bits & 1,
        Type::I64 | Type::Ptr => bits,
        _ => bits & 0xFFFF_FFFF,
    }
}

const fn signed(ty: Type, bits: u64) -> i64 {
    match ty {
        Type::I64 | Type::Ptr | Type::Bool => bits as i64,
        _ => bits as u32 as i32 as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_that_do_not_fit_truncate_to_the_smallest_number() {
        let truncate = |value: f64| unary(UnaryOp::TruncateToI32, Type::F64, value.to_bits()) as u32 as i32;
        assert_eq!(truncate(-1.9), -1);
        assert_eq!(truncate(2_147_483_647.9), i32::MAX);
        assert_eq!(truncate(2_147_483_648.0), i32::MIN);
        assert_eq!(truncate(-2_147_483_649.0), i32::MIN);
        assert_eq!(truncate(f64::NAN), i32::MIN);
    }

    #[test]
    fn integers_keep_their_width() {
        assert_eq!(binary(BinaryOp::IAdd, Type::I32, 0xFFFF_FFFF, 1), 0);
        assert_eq!(binary(BinaryOp::Sar, Type::I32, 0x8000_0000, 33), 0xC000_0000);
        assert_eq!(binary(BinaryOp::Shl, Type::I64, 1, 40), 1 << 40);
        assert_eq!(unary(UnaryOp::Not, Type::Bool, 1), 0);
        assert!(int_compare(IntCond::Slt, Type::I32, 0xFFFF_FFFF, 0));
        assert!(!int_compare(IntCond::Ult, Type::I32, 0xFFFF_FFFF, 0));
    }

    #[test]
    fn overflow_is_that_of_signed_numbers_of_32_bits() {
        let (least, most, minus_one) = (0x8000_0000, 0x7FFF_FFFF, 0xFFFF_FFFF);
        let overflows = |cond: IntCond, a, b| {
            let answer = int_compare(cond, Type::I32, a, b);
            assert_ne!(answer, int_compare(cond.negate(), Type::I32, a, b));
            answer
        };
        assert!(overflows(IntCond::SumOverflows, most, 1));
        assert!(!overflows(IntCond::SumOverflows, most, minus_one));
        assert!(overflows(IntCond::DifferenceOverflows, least, 1));
        assert!(overflows(IntCond::DifferenceOverflows, 0, least));
        assert!(!overflows(IntCond::DifferenceOverflows, minus_one, least));
        assert!(overflows(IntCond::ProductOverflows, least, minus_one));
        assert!(!overflows(IntCond::ProductOverflows, 0x8000, 0xFFFF_0000));
    }

    #[test]
    fn minimum_answers_the_second_when_unordered() {
        let (nan, one) = (f64::NAN.to_bits(), 1f64.to_bits());
        assert_eq!(binary(BinaryOp::FMin, Type::F64, nan, one), one);
        assert_eq!(binary(BinaryOp::FMin, Type::F64, one, nan), nan);
    }
}
