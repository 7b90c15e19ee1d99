//! Errors of Rust as values that Lua throws, and back.
//!
//! An error of Rust is thrown as a userdata that holds it. So is a panic, with what was panicked with.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::Arc;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value as VmValue, Vm};

use super::error::{Error, Result};
use super::host::{self, Content};
use super::lua::Lua;
use super::state::Raised;
use crate::core::levels::levels;
use crate::core::state::lua as state_of;
use crate::core::{alloc, coerce, table, traceback};
use crate::generated::{Boxed, Table, Userdata, ValueKind, false_};

/// What the userdata of an error holds.
struct ErrorObject(Error);

/// What the userdata of a panic holds, until the panic is resumed.
struct PanicObject(RefCell<Option<Box<dyn Any + Send>>>);

/// An error as a value of Lua.
pub(super) fn error_object(lua: &Lua, error: Error) -> Result<Ref<'_, Userdata>, Throw> {
    object(lua.vm(), ErrorObject(error))
}

fn object<T: 'static>(vm: &Vm, value: T) -> Result<Ref<'_, Userdata>, Throw> {
    host::userdata(vm, Some(metatable(vm)?), Content::Data(TypeId::of::<T>()), value)
}

/// The error in a userdata, if it is that of an error.
pub(super) fn error_in(userdata: Ref<'_, Userdata>) -> Option<Error> {
    host::data::<ErrorObject>(userdata).map(|object| object.0.clone())
}

/// Throws an error of a callback, which is running.
#[cold]
pub(super) fn throw(lua: &Lua, error: Error) -> Throw {
    let mut text = Vec::new();
    traceback::append(lua.vm(), &mut text, levels(lua.vm()), 0, 0);
    let error = Error::CallbackError {
        traceback: String::from_utf8_lossy(&text).into_owned(),
        cause: Arc::new(error),
    };
    match error_object(lua, error) {
        Ok(object) => lua.vm().throw(object.boxed()),
        Err(out_of_memory) => out_of_memory,
    }
}

/// Throws a panic of a callback.
#[cold]
pub(super) fn throw_panic(lua: &Lua, payload: Box<dyn Any + Send>) -> Throw {
    match object(lua.vm(), PanicObject(RefCell::new(Some(payload)))) {
        Ok(object) => lua.vm().throw(object.boxed()),
        Err(out_of_memory) => out_of_memory,
    }
}

/// The error for what was thrown, and has arrived at the host. A panic goes on.
#[cold]
pub(super) fn caught(lua: &Lua, thrown: Throw) -> Error {
    drop(thrown);
    error_for(lua, lua.vm().thrown())
}

/// The error for a value that was thrown, and has arrived at the host. A panic goes on.
#[cold]
pub(super) fn error_for(lua: &Lua, value: VmValue<'_>) -> Error {
    let vm = lua.vm();
    if let Some(userdata) = value.as_userdata(vm) {
        if let Some(error) = error_in(userdata) {
            return error;
        }
        if let Some(panic) = host::data::<PanicObject>(userdata) {
            let payload = panic.0.take();
            return match payload {
                Some(payload) => resume_unwind(payload),
                None => Error::PanicResumed,
            };
        }
    }
    let mut text = Vec::new();
    if !coerce::append_text(vm, &mut text, value) {
        let type_name = coerce::type_name(vm, value);
        text = format!("(error object is a {type_name} value)").into_bytes();
    }
    let message = String::from_utf8_lossy(&text).into_owned();
    let traceback = String::from_utf8_lossy(&std::mem::take(&mut *state_of(vm).traceback.borrow_mut())).into_owned();
    match state_of(vm).host.raised_as(value.bits()) {
        Some(Raised::OutOfMemory) => Error::MemoryError(message),
        Some(Raised::Interrupted) => Error::Interrupted { traceback },
        None => Error::RuntimeError { message, traceback },
    }
}

/// The metatable of errors and panics.
fn metatable(vm: &Vm) -> Result<Ref<'_, Table>, Throw> {
    let made = &state_of(vm).host.error_metatable;
    if let Some(metatable) = made.get() {
        return Ok(metatable.get(vm));
    }
    let metatable = table::new(vm, 0, 4)?;
    let set = |name: &[u8], value| table::set_str(vm, metatable, vm.str(name)?, value);
    set(b"__tostring", alloc::native(vm, "error to string", to_string)?.boxed())?;
    set(b"__concat", alloc::native(vm, "error concatenation", concat)?.boxed())?;
    set(b"__metatable", false_())?;
    // If it has been made meanwhile, either will do.
    let _ = made.set(vm.root_ref(metatable));
    Ok(metatable)
}

/// Appends what is shown of a value: of an error, all but the tracebacks.
fn append(vm: &Vm, out: &mut Vec<u8>, value: VmValue<'_>) {
    let Some(userdata) = value.as_userdata(vm) else {
        return coerce::append_display(vm, out, value);
    };
    if let Some(object) = host::data::<ErrorObject>(userdata) {
        out.extend_from_slice(object.0.message().as_bytes());
    } else if let Some(panic) = host::data::<PanicObject>(userdata) {
        out.extend_from_slice(b"panic: ");
        out.extend_from_slice(match &*panic.0.borrow() {
            Some(payload) => panic_message(&**payload).as_bytes(),
            None => b"resumed already",
        });
    } else {
        coerce::append_display(vm, out, value);
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

fn to_string(cx: &mut CallContext<'_>) -> NativeResult {
    let mut text = Vec::new();
    append(cx, &mut text, cx.arg(0));
    cx.ret(coerce::string(cx, &text)?)
}

/// So that messages can be put together as they are with strings.
fn concat(cx: &mut CallContext<'_>) -> NativeResult {
    let mut text = Vec::new();
    append(cx, &mut text, cx.arg(0));
    append(cx, &mut text, cx.arg(1));
    cx.ret(coerce::string(cx, &text)?)
}
