//! `coroutine`

use dg_runtime::{CallContext, Coroutine, CoroutineStatus, NativeResult, Ref, Throw, Vm};

use super::args::Args;
use super::{Functions, library};
use crate::core::state::lua;
use crate::core::{alloc, table};
use crate::generated::{Boxed, ValueKind, natives};

/// Opens the library.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    let library = library(vm, "coroutine", FUNCTIONS)?;
    for (name, native) in [
        ("resume", &natives::COROUTINE_RESUME),
        ("yield", &natives::COROUTINE_YIELD),
    ] {
        let function = alloc::function(vm, vm.new_spec_code(native)?, lua(vm).globals(vm), 0)?;
        table::set_str(vm, library, vm.str(name.as_bytes())?, function.boxed())?;
    }
    lua(vm)
        .wrapped_code
        .set(Some(vm.new_spec_code(&natives::COROUTINE_WRAPPED)?));
    Ok(())
}

const FUNCTIONS: Functions = &[
    ("create", create),
    ("running", running),
    ("status", status),
    ("wrap", wrap),
];

/// The argument, if it is a function that a coroutine can run.
fn body<'v>(cx: &'v CallContext<'_>) -> Result<dg_runtime::Value<'v>, Throw> {
    match cx.arg(0).as_function(cx) {
        Some(function) if !function.code.get(cx).bytecode().is_empty() => Ok(function.boxed()),
        _ => Err(cx.bad(0, "Lua function expected")),
    }
}

/// A coroutine for the argument.
fn new_coroutine<'v>(cx: &'v CallContext<'_>) -> Result<Ref<'v, Coroutine>, Throw> {
    let coroutine = cx.new_coroutine(body(cx)?)?;
    lua(cx).hand_down_globals(cx, coroutine)?;
    Ok(coroutine)
}

fn create(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(new_coroutine(cx)?.boxed())
}

fn wrap(cx: &mut CallContext<'_>) -> NativeResult {
    let coroutine = new_coroutine(cx)?;
    let code = lua(cx).wrapped_code.get(cx).expect("the library was opened");
    let function = alloc::function(cx, code, lua(cx).globals(cx), 1)?;
    function.set_item(0, |item| item, alloc::closed_upvalue(cx, coroutine.boxed())?);
    cx.ret(function.boxed())
}

fn running(cx: &mut CallContext<'_>) -> NativeResult {
    let coroutine = cx.current_coroutine();
    if coroutine == cx.main_coroutine() {
        cx.ret_nil()
    } else {
        cx.ret(coroutine.boxed())
    }
}

fn status(cx: &mut CallContext<'_>) -> NativeResult {
    let Some(coroutine) = cx.arg(0).as_thread(cx) else {
        return Err(cx.bad(0, "coroutine expected"));
    };
    cx.ret_bytes(match coroutine.status() {
        CoroutineStatus::New | CoroutineStatus::Suspended => b"suspended",
        CoroutineStatus::Running => b"running",
        CoroutineStatus::Normal => b"normal",
        CoroutineStatus::Dead => b"dead",
    })
}
