//! Metatables and metamethods.

use dg_runtime::{Ref, Throw, Value, Vm};

use super::coerce::type_number;
use super::error;
use super::state::lua;
use super::table;
use crate::generated::{Event, Function, Kind, NIL, Table, ValueKind, nil};

/// A metamethod that can be called.
#[derive(Clone, Copy, Debug)]
pub enum Handler<'v> {
    Function(Ref<'v, Function>),
    /// The `__call` of an object, which goes in front of the arguments.
    Object(Ref<'v, Function>, Value<'v>),
}

/// The metatable of a value.
pub fn metatable<'v>(vm: &'v Vm, value: Value<'v>) -> Option<Ref<'v, Table>> {
    match value.kind(vm) {
        Kind::Table(object) => object.metatable.get(vm),
        Kind::Userdata(object) => object.metatable.get(vm),
        _ => lua(vm).type_metatable(vm, type_number(vm, value)),
    }
}

/// The field of an event in a metatable; nil if it has none. Absence is remembered in the metatable.
#[inline]
pub fn field<'v>(vm: &'v Vm, metatable: Ref<'v, Table>, event: Event) -> Value<'v> {
    let bit = 1 << event as u32;
    if metatable.absent.get() & bit != 0 {
        return nil();
    }
    let found = table::get_str(vm, metatable, lua(vm).event_name(vm, event));
    if found.bits() == NIL.0 {
        metatable.absent.set(metatable.absent.get() | bit);
    }
    found
}

/// The metamethod of a value for an event; nil if it has none.
pub fn method<'v>(vm: &'v Vm, value: Value<'v>, event: Event) -> Value<'v> {
    metatable(vm, value).map_or(nil(), |metatable| field(vm, metatable, event))
}

/// How a metamethod that was found is called.
///
/// # Errors
/// If it cannot be called.
pub fn handler<'v>(vm: &'v Vm, method: Value<'v>) -> Result<Handler<'v>, Throw> {
    if let Some(function) = method.as_function(vm) {
        return Ok(Handler::Function(function));
    }
    match self::method(vm, method, Event::Call).as_function(vm) {
        Some(function) => Ok(Handler::Object(function, method)),
        None => Err(error::type_error(vm, None, method, "call")),
    }
}
