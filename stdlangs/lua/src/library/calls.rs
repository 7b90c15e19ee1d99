//! Calls of guest code, and functions that capture values.

use dg_runtime::{Code, NativeFn, Pending, Ref, Throw, Value, Vm};

use crate::core::state::lua;
use crate::core::{alloc, externs};
use crate::generated::{Boxed, Found, Function, nil};

/// Calls, and leaves exactly one result, in the slot that is answered; [`Vm::set_top`] gives it free.
///
/// # Errors
/// What the callee throws.
pub fn call_for_slot(vm: &mut Vm, pending: Pending) -> Result<u32, Throw> {
    let results = vm.call(pending)?;
    if results.count == 0 {
        vm.push(nil())?;
    }
    vm.set_top(results.start + 1);
    Ok(results.start)
}

/// Reads a field as bytecode does, metamethods included. The value is left in the slot that is answered.
///
/// # Errors
/// If the object cannot be indexed; what a metamethod throws.
pub fn index(vm: &mut Vm, object_slot: u32, key_slot: u32) -> Result<u32, Throw> {
    let shared: &Vm = vm;
    let key = shared.slot(key_slot);
    match externs::index(shared, shared.slot(object_slot), key)? {
        Found::Value(found) => {
            shared.push(found)?;
            Ok(shared.top() - 1)
        }
        Found::Call(function, object) => {
            let pending = shared.prepare(function.boxed(), &[object, key])?;
            call_for_slot(vm, pending)
        }
    }
}

/// A function that captures values.
///
/// # Errors
/// When memory runs out.
pub fn with_code<'v>(vm: &'v Vm, code: Ref<'v, Code>, captured: &[Value<'v>]) -> Result<Ref<'v, Function>, Throw> {
    let function = alloc::function(vm, code, lua(vm).globals(vm), captured.len())?;
    for (index, &value) in captured.iter().enumerate() {
        function.set_item(index, |item| item, alloc::closed_upvalue(vm, value)?);
    }
    Ok(function)
}

/// A function that is written in Rust and captures values.
///
/// # Errors
/// When memory runs out.
pub fn native<'v>(
    vm: &'v Vm,
    name: &str,
    native: NativeFn,
    captured: &[Value<'v>],
) -> Result<Ref<'v, Function>, Throw> {
    with_code(vm, vm.new_native_code(name, native)?, captured)
}

/// What a function captured that was made by [`with_code`], from 0.
///
/// # Panics
/// If it captured fewer values.
#[inline]
pub fn captured<'v>(vm: &'v Vm, function: Ref<'v, Function>, index: usize) -> Value<'v> {
    function.items()[index].get(vm).closed.get(vm)
}
