//! Errors: what a program does wrong that it cannot catch.

use dg_runtime::{Throw, Value, Vm};

use super::object::describe;

/// Throws an error with this message, and where it happens. The program ends, or the line of the interactive mode.
#[cold]
pub fn throw(vm: &Vm, message: impl AsRef<str>) -> Throw {
    let place = vm.frames().find_map(|frame| {
        let line = frame.line()?;
        let source = String::from_utf8_lossy(&frame.code().info().source);
        Some(format!("{source}:{line}: "))
    });
    throw_plain(vm, place.unwrap_or_default() + message.as_ref())
}

/// Throws an error with this message as it is.
#[cold]
pub fn throw_plain(vm: &Vm, message: impl AsRef<str>) -> Throw {
    match vm.str(message.as_ref().as_bytes()) {
        Ok(text) => {
            use crate::generated::Boxed;
            vm.throw(text.boxed())
        }
        Err(no_memory) => no_memory,
    }
}

/// Throws the error for an argument of the wrong type.
#[cold]
pub fn wrong_argument(vm: &Vm, selector: &str, wanted: &str, found: Value<'_>) -> Throw {
    throw(vm, format!("{selector} needs {wanted}, not {}", describe(vm, found)))
}

/// Throws the error for an index that an object does not have.
#[cold]
pub fn out_of_range(vm: &Vm, selector: &str, index: Value<'_>, length: usize) -> Throw {
    let index = describe(vm, index);
    let message = match length {
        0 => format!("{selector} {index}: there is nothing in it"),
        _ => format!("{selector} {index}: the index has to be between 1 and {length}"),
    };
    throw(vm, message)
}
