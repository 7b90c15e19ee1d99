//! New objects, with every field set before anyone sees them.

use dg_runtime::{Code, Field, NativeFn, Ref, Throw, Value, Values, Vm};

use super::closure::closed_location;
use super::state::lua;
use super::table::shape;
use crate::generated::{Function, NIL, Nodes, Shape, Table, Upvalue, Userdata};

/// An empty table.
pub fn table(vm: &Vm) -> Result<Ref<'_, Table>, Throw> {
    table_with(vm, shape::root(vm, 0)?, lua(vm).no_values(vm), &[])
}

/// A table of a shape, all whose fields are nil, with an array part.
#[inline]
pub fn table_of<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, array: Ref<'v, Values>) -> Result<Ref<'v, Table>, Throw> {
    table_with(vm, shape, array, &[])
}

/// A table of a shape, whose first fields have these values, and the others are nil.
#[inline]
pub fn table_with<'v>(
    vm: &'v Vm,
    shape: Ref<'v, Shape>,
    array: Ref<'v, Values>,
    values: &[Value<'v>],
) -> Result<Ref<'v, Table>, Throw> {
    let state = lua(vm);
    let table = vm.allocate_array::<Table>(shape.capacity.get() as usize)?;
    let writer = table.writer();
    writer.set(|t| &t.shape, shape);
    writer.set(|t| &t.array, array);
    writer.set(|t| &t.spilled, state.no_values(vm));
    writer.set(|t| &t.nodes, state.no_nodes(vm));
    table.array_size.set(array.len() as u32);
    let fields = table.items();
    for (field, &value) in fields.iter().zip(values) {
        // SAFETY: the table is young.
        unsafe { field.write(value) };
    }
    let missing = fields.get(values.len()..).unwrap_or_default();
    missing.iter().for_each(|field| field.set_plain(NIL.0));
    Ok(table)
}

/// An array part of nils.
pub fn values(vm: &Vm, length: u32) -> Result<Ref<'_, Values>, Throw> {
    vm.new_values(length as usize)
}

/// A hash part without keys.
pub fn nodes(vm: &Vm, length: u32) -> Result<Ref<'_, Nodes>, Throw> {
    let nodes = vm.allocate_array::<Nodes>(length as usize)?;
    for node in nodes.items() {
        node.key.set_plain(NIL.0);
        node.value.set_plain(NIL.0);
    }
    Ok(nodes)
}

/// A function whose captured variables are still to be set.
pub fn function<'v>(
    vm: &'v Vm,
    code: Ref<'v, Code>,
    env: Ref<'v, Table>,
    captured: usize,
) -> Result<Ref<'v, Function>, Throw> {
    let function = vm.allocate_array::<Function>(captured)?;
    function.set(|f| &f.code, code);
    function.set(|f| &f.env, env);
    function.kind.set(u32::from(code.bytecode().is_empty()));
    Ok(function)
}

/// A function that is written in Rust. `name` is for tracebacks.
pub fn native<'v>(vm: &'v Vm, name: &str, native: NativeFn) -> Result<Ref<'v, Function>, Throw> {
    let code = vm.new_native_code(name, native)?;
    function(vm, code, lua(vm).globals(vm), 0)
}

/// A closed captured variable that holds nil.
pub fn upvalue(vm: &Vm) -> Result<Ref<'_, Upvalue>, Throw> {
    let upvalue = vm.allocate::<Upvalue>()?;
    upvalue.closed.set_plain(NIL.0);
    upvalue.location.set(closed_location(upvalue));
    Ok(upvalue)
}

/// A captured variable that belongs to no frame.
pub fn closed_upvalue<'v>(vm: &'v Vm, value: Value<'v>) -> Result<Ref<'v, Upvalue>, Throw> {
    let upvalue = upvalue(vm)?;
    upvalue.set(|u| &u.closed, value);
    Ok(upvalue)
}

/// A host object; `host` is the host's to understand.
pub fn userdata<'v>(vm: &'v Vm, metatable: Option<Ref<'v, Table>>, host: u64) -> Result<Ref<'v, Userdata>, Throw> {
    let userdata = vm.allocate::<Userdata>()?;
    userdata.set(|u| &u.metatable, metatable);
    userdata.host.set(host);
    Ok(userdata)
}
