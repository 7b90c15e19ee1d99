//! Metatables and metamethods.

use dg_runtime::{Ref, Throw, Value, Vm};

use super::coerce::type_number;
use super::error;
use super::state::lua;
use super::table;
use crate::generated::{Event, Function, Kind, Table, ValueKind, nil};

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
        Kind::Table(object) => table::metatable(vm, object),
        Kind::Userdata(object) => object.metatable.get(vm),
        _ => lua(vm).type_metatable(vm, type_number(vm, value)),
    }
}

/// The field of an event in a metatable; nil if it has none.
#[inline]
pub fn field<'v>(vm: &'v Vm, metatable: Ref<'v, Table>, event: Event) -> Value<'v> {
    match metatable.shape.get(vm).role.get(vm) {
        Some(known) => table::event_field(vm, known, metatable, event),
        None => table::get_str(vm, metatable, lua(vm).event_name(vm, event)),
    }
}

/// The field of an event in the metatable of a table; nil if it has none.
#[inline]
pub fn table_field<'v>(vm: &'v Vm, table: Ref<'v, Table>, event: Event) -> Value<'v> {
    let known = table.shape.get(vm).metatable.get(vm);
    match known.table.get(vm) {
        Some(metatable) => table::event_field(vm, known, metatable, event),
        None => nil(),
    }
}

/// The metamethod of a value for an event; nil if it has none.
pub fn method<'v>(vm: &'v Vm, value: Value<'v>, event: Event) -> Value<'v> {
    match value.kind(vm) {
        Kind::Table(object) => table_field(vm, object, event),
        _ => metatable(vm, value).map_or(nil(), |metatable| field(vm, metatable, event)),
    }
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
