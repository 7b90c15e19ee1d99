//! The words of the text form: one row per operation that needs nothing but its operands.

use super::inst::{BinaryOp, FloatCond, IntCond, UnaryOp};

/// Unary operations.
#[rustfmt::skip] // a table
pub const UNARY: &[(&str, UnaryOp)] = &[
    ("fneg", UnaryOp::FNeg),             ("fabs", UnaryOp::FAbs),         ("fsqrt", UnaryOp::FSqrt),
    ("ffloor", UnaryOp::FFloor),         ("fceil", UnaryOp::FCeil),       ("ineg", UnaryOp::INeg),
    ("not", UnaryOp::Not),               ("truncate", UnaryOp::TruncateToI32),
    ("i32_to_f64", UnaryOp::I32ToF64),   ("u32_to_f64", UnaryOp::U32ToF64),
    ("zero_extend", UnaryOp::ZeroExtend), ("sign_extend", UnaryOp::SignExtend),
    ("wrap", UnaryOp::Wrap),             ("bool_to_i32", UnaryOp::BoolToI32), ("is_null", UnaryOp::IsNull),
    ("hash", UnaryOp::Hash),
];

/// Binary operations.
#[rustfmt::skip] // a table
pub const BINARY: &[(&str, BinaryOp)] = &[
    ("fadd", BinaryOp::FAdd), ("fsub", BinaryOp::FSub), ("fmul", BinaryOp::FMul), ("fdiv", BinaryOp::FDiv),
    ("fmin", BinaryOp::FMin), ("fmax", BinaryOp::FMax),
    ("iadd", BinaryOp::IAdd), ("isub", BinaryOp::ISub), ("imul", BinaryOp::IMul),
    ("and", BinaryOp::And),   ("or", BinaryOp::Or),     ("xor", BinaryOp::Xor),
    ("shl", BinaryOp::Shl),   ("shr", BinaryOp::Shr),   ("sar", BinaryOp::Sar),
];

/// Comparisons of doubles, behind `fcmp`.
#[rustfmt::skip] // a table
pub const FLOAT_CONDS: &[(&str, FloatCond)] = &[
    ("eq", FloatCond::Eq),   ("ne", FloatCond::Ne),   ("lt", FloatCond::Lt),   ("le", FloatCond::Le),
    ("gt", FloatCond::Gt),   ("ge", FloatCond::Ge),   ("ult", FloatCond::Ult), ("ule", FloatCond::Ule),
    ("ugt", FloatCond::Ugt), ("uge", FloatCond::Uge), ("ordered", FloatCond::Ordered), ("unordered", FloatCond::Unordered),
];

/// Comparisons of integers, behind `icmp`.
#[rustfmt::skip] // a table
pub const INT_CONDS: &[(&str, IntCond)] = &[
    ("eq", IntCond::Eq),   ("ne", IntCond::Ne),
    ("slt", IntCond::Slt), ("sle", IntCond::Sle), ("sgt", IntCond::Sgt), ("sge", IntCond::Sge),
    ("ult", IntCond::Ult), ("ule", IntCond::Ule), ("ugt", IntCond::Ugt), ("uge", IntCond::Uge),
    ("sum_overflows", IntCond::SumOverflows), ("sum_fits", IntCond::SumFits),
    ("difference_overflows", IntCond::DifferenceOverflows), ("difference_fits", IntCond::DifferenceFits),
    ("product_overflows", IntCond::ProductOverflows), ("product_fits", IntCond::ProductFits),
];

/// The word of `item`.
///
/// # Panics
/// When the table has no row for it, which the test below excludes.
pub fn word<T: PartialEq>(table: &[(&'static str, T)], item: &T) -> &'static str {
    table
        .iter()
        .find(|(_, found)| found == item)
        .expect("every operation has a word")
        .0
}

/// The item that `word` means.
pub fn item<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table.iter().find(|(found, _)| *found == word).map(|(_, item)| *item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_complete() {
        assert_eq!(UNARY.len(), UnaryOp::Hash as usize + 1);
        assert_eq!(BINARY.len(), BinaryOp::Sar as usize + 1);
        assert_eq!(FLOAT_CONDS.len(), FloatCond::Unordered as usize + 1);
        assert_eq!(INT_CONDS.len(), IntCond::ProductFits as usize + 1);
    }
}
