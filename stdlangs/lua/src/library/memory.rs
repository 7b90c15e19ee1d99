//! Strings that are put together: scratch space, and the check that a result is not too large.

use dg_runtime::{RuntimeError, Throw, Vm};

use crate::core::state::lua;

/// The longest string that a library function makes.
pub const MAX_STRING: usize = i32::MAX as usize;

/// Scratch space that has grown beyond this is given back.
const MAX_KEPT: usize = 1 << 20;

/// Lengths below this are not worth a check.
const CHECK_FROM: usize = 1 << 20;

/// Fails when a string of so many bytes would be beyond the memory limit or too long: to be asked before memory outside
/// of the heap is taken for it.
///
/// # Errors
/// "not enough memory"
#[inline]
pub fn check_size(vm: &Vm, bytes: usize) -> Result<(), Throw> {
    if bytes < CHECK_FROM {
        Ok(())
    } else {
        check_large_size(vm, bytes)
    }
}

#[cold]
fn check_large_size(vm: &Vm, bytes: usize) -> Result<(), Throw> {
    let limit = vm.gc_parameters().limit;
    let room = limit.map_or(MAX_STRING, |limit| limit.saturating_sub(vm.bytes_committed()));
    if bytes > room.min(MAX_STRING) {
        Err(vm.raise(RuntimeError::OutOfMemory))
    } else {
        Ok(())
    }
}

/// Lends the virtual machine's scratch space, empty. Whoever asks again meanwhile gets some of their own.
pub fn with_scratch<R>(vm: &Vm, build: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    let mut scratch = take_scratch(vm);
    let result = build(&mut scratch);
    keep_scratch(vm, scratch);
    result
}

/// As [`with_scratch`], for what runs guest code meanwhile; to be given back with [`keep_scratch`].
pub fn take_scratch(vm: &Vm) -> Vec<u8> {
    let mut scratch = lua(vm).scratch.take();
    scratch.clear();
    scratch
}

/// Gives scratch space back, for the next one who asks.
pub fn keep_scratch(vm: &Vm, scratch: Vec<u8>) {
    if scratch.capacity() <= MAX_KEPT {
        lua(vm).scratch.replace(scratch);
    }
}
