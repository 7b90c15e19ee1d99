//! Array.

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Vm};

use super::{Table, class, native};
use crate::core::error;
use crate::core::object::array_of;
use crate::generated::{Array, Boxed, ValueKind};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("at:",     native(at)),
    ("at:put:", native(at_put)),
    ("length",  native(length)),
];

#[rustfmt::skip] // one row each
pub const CLASS_TABLE: Table = &[
    ("new:", native(new)),
];

fn receiver<'v>(cx: &'v CallContext<'_>, selector: &str) -> Result<Ref<'v, Array>, Throw> {
    let vm: &'v Vm = cx;
    cx.arg(0)
        .as_array(vm)
        .ok_or_else(|| error::wrong_argument(vm, selector, "an Array as receiver", cx.arg(0)))
}

/// The index in the first argument, from 0.
fn index(cx: &CallContext<'_>, array: Ref<'_, Array>, selector: &str) -> Result<usize, Throw> {
    let given = cx.arg(1);
    match given.as_int32(0) {
        Some(index) if index >= 1 && index as usize <= array.len() => Ok(index as usize - 1),
        Some(_) => Err(error::out_of_range(cx, selector, given, array.len())),
        None => Err(error::wrong_argument(cx, selector, "an Integer as index", given)),
    }
}

fn at(cx: &mut CallContext<'_>) -> NativeResult {
    let array = receiver(cx, "at:")?;
    let index = index(cx, array, "at:")?;
    cx.ret(array.items()[index].get(cx))
}

fn at_put(cx: &mut CallContext<'_>) -> NativeResult {
    let array = receiver(cx, "at:put:")?;
    let index = index(cx, array, "at:put:")?;
    array.set_item(index, |item| item, cx.arg(2));
    cx.ret(cx.arg(0))
}

fn length(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret((receiver(cx, "length")?.len() as i32).boxed())
}

fn new(cx: &mut CallContext<'_>) -> NativeResult {
    let class = class::receiver(cx, "new:")?;
    let length = cx.arg(1);
    match length.as_int32(0) {
        Some(count) if count >= 0 => cx.ret(array_of(cx, class, count as usize)?.boxed()),
        _ => Err(error::wrong_argument(cx, "new:", "a length of 0 or more", length)),
    }
}
