//! What generated Rust needs besides the types that hosts use.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi::Hot;
use crate::builtins::Status;
use crate::language::{Address, RuntimeError};
use crate::native::Throw;
use crate::vm::Vm;

/// A library function that is written in the specification.
#[derive(Clone, Copy, Debug)]
pub struct SpecNative {
    /// Its name there.
    pub name: &'static str,
    /// How many parameters it names.
    pub params: u32,
    /// Where its machine code starts.
    pub entry: Address,
}

/// A library function that is written in the specification as far as calls are as expected, and leaves the others to a
/// Rust function. See [`crate::Code`].
#[derive(Clone, Copy, Debug)]
pub struct DelegatingNative(pub SpecNative);

/// Runs a runtime function for machine code. What it throws, or a panic, becomes a status; no panic gets out.
///
/// # Safety
/// `vm` must be the VM whose machine code calls, and nothing else may refer to it.
#[inline]
pub unsafe fn throwing(vm: *mut Vm, function: impl FnOnce(&mut Vm) -> Result<u64, Throw>) -> Status {
    // SAFETY: the caller says that this is the only reference.
    let outcome = catch_unwind(AssertUnwindSafe(|| function(unsafe { &mut *vm })));
    match outcome {
        Ok(Ok(value)) => Status::ok(value),
        Ok(Err(_thrown)) => Status::THROWN,
        Err(payload) => {
            // SAFETY: as above; the function's own reference ended with it.
            panicked(unsafe { &*vm }, &*payload)
        }
    }
}

#[cold]
fn panicked(vm: &Vm, payload: &(dyn std::any::Any + Send)) -> Status {
    let _thrown = vm.raise(RuntimeError::Panic(panic_message(payload)));
    Status::THROWN
}

/// Leaves the payload of a plan where machine code looks for it.
///
/// # Safety
/// `hot` must be that of a VM.
#[inline]
pub unsafe fn set_plan(hot: *mut Hot, words: &[u64]) {
    for (index, word) in words.iter().enumerate() {
        // SAFETY: the caller says that it is alive; the index is checked against the array.
        unsafe { (&mut (*hot).plan)[index] = *word };
    }
}

/// What a panic said.
pub(crate) fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a runtime function panicked")
}
