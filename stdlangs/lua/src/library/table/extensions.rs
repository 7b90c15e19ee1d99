//! `table.new` and `table.clear`, which LuaJIT's programs get by `require "table.new"` and `require "table.clear"`.

use dg_runtime::{CallContext, NativeFn, NativeResult, Ref, Throw, Vm};

use crate::core::state::lua;
use crate::core::{alloc, error, table as tables};
use crate::generated::{Boxed, Table, ValueKind, nil};
use crate::library::args::Args;

/// Most elements that a table is made for.
const MAX_RESERVED: i64 = 1 << 27;

/// Lets `require` find the functions; `preload` is its table of loaders.
///
/// # Errors
/// When memory runs out.
pub fn preload<'v>(vm: &'v Vm, preload: Ref<'v, Table>) -> Result<(), Throw> {
    let loaders: [(&str, NativeFn); 2] = [
        ("table.clear", |cx| load(cx, "clear", clear)),
        ("table.new", |cx| load(cx, "new", new)),
    ];
    for (name, loader) in loaders {
        let function = alloc::native(vm, name, loader)?.boxed();
        tables::set_str(vm, preload, vm.str(name.as_bytes())?, function)?;
    }
    Ok(())
}

/// Adds a function to the library, and answers it.
fn load(cx: &CallContext<'_>, name: &str, function: NativeFn) -> NativeResult {
    let function = alloc::native(cx, name, function)?.boxed();
    let library = tables::get_str(cx, lua(cx).globals(cx), cx.str(b"table")?);
    if let Some(library) = library.as_table(cx) {
        tables::set_str(cx, library, cx.str(name.as_bytes())?, function)?;
    }
    cx.ret(function)
}

/// `new(elements, others)`: an empty table with room for so many elements of a list and other entries.
fn new(cx: &mut CallContext<'_>) -> NativeResult {
    let [array, hash] = [cx.integer(0)?, cx.integer(1)?].map(|count| count.max(0));
    if array.saturating_add(hash) > MAX_RESERVED {
        return Err(error::throw_from_native(cx, "table overflow"));
    }
    cx.ret(tables::new(cx, array as u32, hash as u32)?.boxed())
}

/// `clear(t)`: removes all entries.
fn clear(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    let mut from = 0;
    while let Some((key, _, after)) = tables::entry_from(cx, table, from) {
        tables::set(cx, table, key, nil())?;
        from = after;
    }
    cx.ret_none()
}
