//! The standard library of Lua 5.1, and what LuaJIT has beyond it.

mod args;
mod base;
mod bit;
pub(crate) mod calls;
mod coroutine;
mod debug;
mod delegating;
pub mod files;
mod io;
mod math;
pub mod memory;
mod os;
mod outcome;
mod package;
mod string;
mod table;
#[cfg(test)]
mod tests;

pub use base::{metatable_shown, set_metatable, shown};
use dg_runtime::{NativeFn, Ref, Throw, Vm};
pub use string::substring;

use crate::api::StdLib;
use crate::core::state::lua;
use crate::core::{alloc, table as tables};
use crate::generated::{Boxed, Table};

/// The functions of a library: name and function.
type Functions = &'static [(&'static str, NativeFn)];

/// Opens a library.
type Open = fn(&Vm) -> Result<(), Throw>;

/// Opens libraries in a new virtual machine.
///
/// # Errors
/// When memory runs out.
pub fn open(vm: &Vm, wanted: StdLib) -> Result<(), Throw> {
    base::open(vm, wanted.contains(StdLib::IO))?;
    let libraries: [(StdLib, Open); 9] = [
        (StdLib::BIT, bit::open),
        (StdLib::COROUTINE, coroutine::open),
        (StdLib::DEBUG, debug::open),
        (StdLib::IO, io::open),
        (StdLib::MATH, math::open),
        (StdLib::OS, os::open),
        (StdLib::STRING, string::open),
        (StdLib::TABLE, table::open),
        // The last: it lists the others.
        (StdLib::PACKAGE, package::open),
    ];
    for (library, open) in libraries {
        if wanted.contains(library) {
            open(vm)?;
        }
    }
    delegating::open(vm)
}

/// Makes a global table of functions.
fn library<'v>(vm: &'v Vm, name: &str, functions: Functions) -> Result<Ref<'v, Table>, Throw> {
    let library = tables::new(vm, 0, functions.len() as u32)?;
    register(vm, library, functions)?;
    tables::set_str(vm, lua(vm).globals(vm), vm.str(name.as_bytes())?, library.boxed())?;
    Ok(library)
}

/// Adds functions to a table.
fn register(vm: &Vm, table: Ref<'_, Table>, functions: Functions) -> Result<(), Throw> {
    for &(name, function) in functions {
        tables::set_str(
            vm,
            table,
            vm.str(name.as_bytes())?,
            alloc::native(vm, name, function)?.boxed(),
        )?;
    }
    Ok(())
}
