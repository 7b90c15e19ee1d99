//! Class.

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use super::{Table, native};
use crate::core::object::{array, array_of, instance, symbol, symbol_text};
use crate::core::state::{Layout, som};
use crate::core::{class as classes, error};
use crate::generated::{Boxed, Class, ValueKind};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("name",       native(name)),
    ("new",        native(new)),
    ("superclass", native(superclass)),
    ("fields",     native(fields)),
    ("methods",    native(methods)),
];

/// The class that a primitive is sent to.
pub fn receiver<'v>(cx: &'v CallContext<'_>, selector: &str) -> Result<Ref<'v, Class>, Throw> {
    let vm: &'v Vm = cx;
    cx.arg(0)
        .as_class(vm)
        .ok_or_else(|| error::wrong_argument(vm, selector, "a class as receiver", cx.arg(0)))
}

fn name(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(receiver(cx, "name")?.name.get(cx).boxed())
}

fn new(cx: &mut CallContext<'_>) -> NativeResult {
    let class = receiver(cx, "new")?;
    match classes::inherited_layout(cx, class) {
        Layout::Instance => cx.ret(instance(cx, class)?.boxed()),
        Layout::Array => cx.ret(array_of(cx, class, 0)?.boxed()),
        Layout::Class | Layout::Value => {
            let class = symbol_text(cx, class.name.get(cx));
            Err(error::throw(
                cx,
                format!("{class} new: instances of {class} are not made with new"),
            ))
        }
    }
}

fn superclass(cx: &mut CallContext<'_>) -> NativeResult {
    let above = receiver(cx, "superclass")?.superclass.get(cx);
    cx.ret(above.map_or(cx.nil(), Boxed::boxed))
}

fn fields(cx: &mut CallContext<'_>) -> NativeResult {
    let class = receiver(cx, "fields")?;
    let names = classes::fields(cx, class);
    let symbols: Result<Vec<Value<'_>>, Throw> = names
        .iter()
        .map(|name| symbol(cx, name.as_bytes()).map(Boxed::boxed))
        .collect();
    cx.ret(array(cx, &symbols?)?.boxed())
}

fn methods(cx: &mut CallContext<'_>) -> NativeResult {
    let class = receiver(cx, "methods")?;
    let vm: &Vm = cx;
    let functions: Vec<Value<'_>> = som(vm).classes.borrow()[class.number.get() as usize]
        .methods
        .values()
        // SAFETY: methods live for ever.
        .filter_map(|method| unsafe { method.get(vm) }.function.get(vm))
        .map(Boxed::boxed)
        .collect();
    cx.ret(array(vm, &functions)?.boxed())
}
