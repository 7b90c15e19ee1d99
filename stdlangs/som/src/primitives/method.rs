//! Method and Primitive.

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Vm};

use super::{Table, native, spec};
use crate::core::error;
use crate::generated::{Boxed, Method, ValueKind, natives};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("signature",      native(signature)),
    ("holder",         native(holder)),
    ("invokeOn:with:", spec(&natives::INVOKE_ON)),
];

fn method<'v>(cx: &'v CallContext<'_>, selector: &str) -> Result<Ref<'v, Method>, Throw> {
    let vm: &'v Vm = cx;
    match cx.arg(0).as_function(vm) {
        Some(function) => Ok(function.method.get(vm)),
        None => Err(error::wrong_argument(vm, selector, "a Method as receiver", cx.arg(0))),
    }
}

fn signature(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(method(cx, "signature")?.signature.get(cx).boxed())
}

fn holder(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(method(cx, "holder")?.holder.get(cx).boxed())
}
