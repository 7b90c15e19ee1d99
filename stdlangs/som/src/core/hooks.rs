//! What the runtime asks SOM to do: word its errors, show its roots, note where an error was thrown.

use dg_runtime::{Hooks, RuntimeError, Value, Vm};

use super::object::describe;
use super::state::som;
use super::{error, trace};

/// The hooks of SOM.
pub fn hooks() -> Hooks {
    Hooks {
        trace_roots: |vm, tracer| som(vm).trace(tracer),
        thrown: |vm| {
            if som(vm).exit.get().is_none() {
                *som(vm).traceback.borrow_mut() = trace::trace(vm);
            }
            None
        },
        ..Hooks::new(word_error)
    }
}

/// The error value for an error of the runtime.
fn word_error(vm: &Vm, error: RuntimeError<'_>) -> u64 {
    let message = match error {
        RuntimeError::StackOverflow => "the recursion is too deep: the stack cannot grow any more".to_string(),
        RuntimeError::NativeStackOverflow => "calls between primitives are nested too deeply".to_string(),
        RuntimeError::OutOfMemory => "there is not enough memory (-H sets how much may be used)".to_string(),
        RuntimeError::Interrupted => "interrupted".to_string(),
        RuntimeError::Panic(message) | RuntimeError::Message(message) => message.to_string(),
        RuntimeError::NotCallable(bits) => {
            // SAFETY: the runtime was given this value by the running function.
            let value = unsafe { Value::from_bits(bits) };
            format!("{} cannot be run", describe(vm, value))
        }
        RuntimeError::NotSuspended | RuntimeError::CannotYield => "there are no coroutines here".to_string(),
    };
    drop(error::throw(vm, message));
    vm.thrown().bits()
}
