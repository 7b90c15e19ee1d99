//! The metatable of a type of userdata.
//!
//! As long as a type has nothing but methods, `__index` is the table of them. Fields that are read by functions need a
//! function there, and fields that are written one in `__newindex`.

use std::any::TypeId;

use dg_runtime::{CallContext, NativeFn, NativeResult, Ref, Value as VmValue};

use super::registry::UserDataRegistry;
use super::{MetaMethod, UserData};
use crate::api::error::Result;
use crate::api::function::Function;
use crate::api::lua::Lua;
use crate::api::table::Table;
use crate::api::throw::caught;
use crate::api::value::Value;
use crate::core::state::lua as state_of;
use crate::core::{coerce, error, table};
use crate::generated::{Boxed, Found, Function as VmFunction, Table as VmTable, ValueKind, nil};
use crate::library::calls::{self, captured};

/// The metatable of a type, which is made once.
pub(super) fn of<T: UserData>(lua: &Lua) -> Result<Table> {
    let vm = lua.vm();
    let made = &state_of(vm).host.metatables;
    if let Some(metatable) = made.borrow().get(&TypeId::of::<T>()) {
        return Ok(Table::new(lua, metatable.get(vm).boxed()));
    }
    let metatable = build(lua, UserDataRegistry::<T>::collect(lua)?)?;
    let root = vm.root_ref(metatable.reference(lua)?);
    made.borrow_mut().insert(TypeId::of::<T>(), root);
    Ok(metatable)
}

fn build<T: UserData>(lua: &Lua, registry: UserDataRegistry<T>) -> Result<Table> {
    let metatable = lua.create_table()?;
    for (name, value) in registry.meta {
        metatable.raw_set(name, value)?;
    }
    let index: Value = metatable.raw_get(MetaMethod::Index.name())?;
    let new_index: Value = metatable.raw_get(MetaMethod::NewIndex.name())?;
    let methods = lua.create_table_from(registry.methods)?;
    let index = if registry.getters.is_empty() && index.is_nil() {
        Value::Table(methods)
    } else {
        let getters = lua.create_table_from(registry.getters)?;
        native(lua, get_field, &[Value::Table(getters), Value::Table(methods), index])?
    };
    metatable.raw_set(MetaMethod::Index.name(), index)?;
    if !registry.setters.is_empty() {
        let setters = lua.create_table_from(registry.setters)?;
        let new_index = native(lua, set_field, &[Value::Table(setters), new_index])?;
        metatable.raw_set(MetaMethod::NewIndex.name(), new_index)?;
    }
    metatable.raw_set("__metatable", false)?;
    Ok(metatable)
}

fn native(lua: &Lua, function: NativeFn, to_capture: &[Value]) -> Result<Value> {
    let values: Result<Vec<VmValue<'_>>> = to_capture.iter().map(|value| value.to_vm(lua)).collect();
    match calls::native(lua.vm(), "?", function, &values?) {
        Ok(function) => Ok(Value::Function(Function::new(lua, function.boxed()))),
        Err(thrown) => Err(caught(lua, thrown)),
    }
}

fn captured_table<'v>(cx: &'v CallContext<'_>, index: usize) -> Ref<'v, VmTable> {
    let table = captured(cx, cx.callee::<VmFunction>(), index).as_table(cx);
    table.expect("captured as a table")
}

/// `__index`: a field that is read by a function, a method, or what the type's own `__index` answers.
fn get_field(cx: &mut CallContext<'_>) -> NativeResult {
    let (object, key) = (cx.arg(0), cx.arg(1));
    let getter = table::get(cx, captured_table(cx, 0), key);
    if getter != nil() {
        let pending = cx.prepare(getter, &[object])?;
        let results = cx.call(pending)?;
        return cx.ret_results(results);
    }
    let method = table::get(cx, captured_table(cx, 1), key);
    if method != nil() {
        return cx.ret(method);
    }
    let fallback = captured(cx, cx.callee::<VmFunction>(), 2);
    if fallback == nil() {
        return cx.ret(nil());
    }
    if fallback.as_function(cx).is_none() {
        return match crate::core::externs::index(cx, fallback, key)? {
            Found::Value(found) => cx.ret(found),
            Found::Call(function, object) => {
                let pending = cx.prepare(function.boxed(), &[object, key])?;
                let results = cx.call(pending)?;
                cx.ret_results(results)
            }
        };
    }
    let pending = cx.prepare(fallback, &[object, key])?;
    let results = cx.call(pending)?;
    cx.ret_results(results)
}

/// `__newindex`: a field that is written by a function, or what the type's own `__newindex` does.
fn set_field(cx: &mut CallContext<'_>) -> NativeResult {
    let (object, key, value) = (cx.arg(0), cx.arg(1), cx.arg(2));
    let setter = table::get(cx, captured_table(cx, 0), key);
    let pending = if setter != nil() {
        cx.prepare(setter, &[object, value])?
    } else {
        let fallback = captured(cx, cx.callee::<VmFunction>(), 1);
        if fallback.as_function(cx).is_none() {
            let mut message = b"attempt to set unknown field '".to_vec();
            coerce::append_display(cx, &mut message, key);
            message.extend_from_slice(b"' of a userdata");
            return Err(error::throw_from_native(cx, message));
        }
        cx.prepare(fallback, &[object, key, value])?
    };
    cx.call(pending)?;
    cx.ret_none()
}
