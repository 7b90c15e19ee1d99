//! Object.

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use super::{Table, native, spec};
use crate::core::object::{boolean, class_of, symbol_text};
use crate::core::state::som;
use crate::core::{error, number};
use crate::generated::{Boxed, Instance, Kind, ValueKind, natives};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("class",                                native(class)),
    ("objectSize",                           native(object_size)),
    ("==",                                   native(same)),
    ("hashcode",                             native(hashcode)),
    ("inspect",                              native(inspect)),
    ("halt",                                 native(inspect)),
    ("perform:",                             spec(&natives::PERFORM)),
    ("perform:withArguments:",               spec(&natives::PERFORM_WITH)),
    ("perform:inSuperclass:",                spec(&natives::PERFORM_IN_SUPERCLASS)),
    ("perform:withArguments:inSuperclass:",  spec(&natives::PERFORM_WITH_IN_SUPERCLASS)),
    ("instVarAt:",                           native(inst_var_at)),
    ("instVarAt:put:",                       native(inst_var_at_put)),
    ("instVarNamed:",                        native(inst_var_named)),
];

fn class(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(class_of(cx, cx.arg(0)).boxed())
}

/// In bytes.
fn object_size(cx: &mut CallContext<'_>) -> NativeResult {
    let size = match cx.arg(0).kind(cx) {
        Kind::Object(object) => 16 + 8 * object.len(),
        Kind::Array(array) => 16 + 8 * array.len(),
        Kind::String(string) => 16 + string.as_bytes().len(),
        Kind::Big(big) => 12 + 4 * big.len(),
        Kind::Function(function) => 40 + 8 * function.len(),
        _ => 8,
    };
    cx.ret(i32::try_from(size).unwrap_or(i32::MAX).boxed())
}

fn same(cx: &mut CallContext<'_>) -> NativeResult {
    let (lhs, rhs) = (cx.arg(0), cx.arg(1));
    let same = lhs == rhs
        || match (lhs.kind(cx), rhs.kind(cx)) {
            (Kind::Double(lhs), Kind::Double(rhs)) => lhs == rhs,
            (Kind::Big(_), Kind::Big(_)) => number::integer(cx, lhs) == number::integer(cx, rhs),
            _ => false,
        };
    cx.ret(boolean(same))
}

/// Objects do not move, so that where they are is a number that stays.
fn hashcode(cx: &mut CallContext<'_>) -> NativeResult {
    let hash = match cx.arg(0).kind(cx) {
        Kind::Integer(number) => number,
        Kind::String(string) => string_hash(string.as_bytes()),
        Kind::Symbol(symbol) => string_hash(symbol.text.get(cx).as_bytes()),
        _ => {
            let bits = cx.arg(0).bits();
            ((bits ^ bits >> 32).wrapping_mul(0x9E37_79B9) as u32 >> 2) as i32
        }
    };
    cx.ret(hash.boxed())
}

/// The hash of a text: the same in every run.
pub fn string_hash(text: &[u8]) -> i32 {
    let hash = text.iter().fold(0x811C_9DC5u32, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash >> 2) as i32
}

fn inspect(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(cx.arg(0))
}

/// The object with fields that a primitive is sent to.
fn fields<'v>(cx: &'v CallContext<'_>, selector: &str) -> Result<Ref<'v, Instance>, Throw> {
    let vm: &'v Vm = cx;
    cx.arg(0)
        .as_object(vm)
        .ok_or_else(|| error::wrong_argument(vm, selector, "an object with fields", cx.arg(0)))
}

/// The index of a field, from 0.
fn field_index(cx: &CallContext<'_>, object: Ref<'_, Instance>, selector: &str) -> Result<usize, Throw> {
    let given = cx.arg(1);
    match given.as_int32(0) {
        Some(index) if index >= 1 && index as usize <= object.len() => Ok(index as usize - 1),
        Some(_) => Err(error::out_of_range(cx, selector, given, object.len())),
        None => Err(error::wrong_argument(cx, selector, "an Integer as index", given)),
    }
}

fn inst_var_at(cx: &mut CallContext<'_>) -> NativeResult {
    let object = fields(cx, "instVarAt:")?;
    let index = field_index(cx, object, "instVarAt:")?;
    cx.ret(object.items()[index].get(cx))
}

fn inst_var_at_put(cx: &mut CallContext<'_>) -> NativeResult {
    let object = fields(cx, "instVarAt:put:")?;
    let index = field_index(cx, object, "instVarAt:put:")?;
    object.set_item(index, |field| field, cx.arg(2));
    cx.ret(cx.arg(0))
}

fn inst_var_named(cx: &mut CallContext<'_>) -> NativeResult {
    let object = fields(cx, "instVarNamed:")?;
    let name: Value<'_> = cx.arg(1);
    let Some(symbol) = name.as_symbol(cx) else {
        return Err(error::wrong_argument(cx, "instVarNamed:", "a Symbol", name));
    };
    let class = object.class.get(cx);
    let wanted = symbol_text(cx, symbol);
    let place = som(cx).classes.borrow()[class.number.get() as usize]
        .fields
        .iter()
        .rposition(|field| **field == *wanted);
    match place {
        Some(index) => cx.ret(object.items()[index].get(cx)),
        None => {
            let class = symbol_text(cx, class.name.get(cx));
            Err(error::throw(cx, format!("instVarNamed: {class} has no field {wanted}")))
        }
    }
}
