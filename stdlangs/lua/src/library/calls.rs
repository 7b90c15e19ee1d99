//! What libraries do to values that may have metamethods.

use dg_runtime::{CallContext, Throw};

use crate::core::externs::{self, Semantics};
use crate::core::coerce;
use crate::generated::{Boxed, Externs, Found, Ordering};

/// Pushes `object[key]` for what is in two slots.
pub fn push_indexed(cx: &mut CallContext<'_>, object: u32, key: u32) -> Result<(), Throw> {
    match externs::index(cx, cx.slot(object), cx.slot(key))? {
        Found::Value(value) => cx.push(value),
        Found::Call(function, receiver) => {
            let pending = cx.prepare(function.boxed(), &[receiver, cx.slot(key)])?;
            let results = cx.call(pending)?;
            let answer = results.get(cx, 0);
            cx.pop(results);
            cx.push(answer)
        }
    }
}

/// Whether the value in one slot is less than that in another.
pub fn less(cx: &mut CallContext<'_>, lhs: u32, rhs: u32) -> Result<bool, Throw> {
    let (left, right) = (cx.slot(lhs), cx.slot(rhs));
    let pending = match Semantics::less_slow(cx, left, right)? {
        Ordering::Known(known) => return Ok(known),
        Ordering::Call(function) => cx.prepare(function.boxed(), &[left, right])?,
        Ordering::CallObject(function, object) => cx.prepare(function.boxed(), &[object, left, right])?,
        Ordering::Swapped(_) | Ordering::SwappedObject(..) => unreachable!("only `<=` asks with swapped operands"),
    };
    let results = cx.call(pending)?;
    let answer = coerce::is_truthy(results.get(cx, 0));
    cx.pop(results);
    Ok(answer)
}
