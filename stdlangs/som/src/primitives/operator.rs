//! The operators of numbers, which Integer and Double share.

use dg_runtime::{CallContext, NativeResult};

use crate::core::arithmetic::compute;
use crate::core::error;
use crate::core::number::number;
use crate::core::object::boolean;
use crate::core::state::OPERATOR_SELECTORS;
use crate::generated::Operator;

/// `receiver OPERATOR argument`
pub fn operate<const OPERATOR: usize>(cx: &mut CallContext<'_>) -> NativeResult {
    let (operator, selector) = (Operator::ALL[OPERATOR], OPERATOR_SELECTORS[OPERATOR]);
    let Some(lhs) = number(cx, cx.arg(0)) else {
        return Err(error::wrong_argument(cx, selector, "a number as receiver", cx.arg(0)));
    };
    match number(cx, cx.arg(1)) {
        Some(rhs) => cx.ret(compute(cx, operator, &lhs, &rhs)?),
        None if operator == Operator::Equal => cx.ret(boolean(false)),
        None => Err(error::wrong_argument(cx, selector, "a number", cx.arg(1))),
    }
}
