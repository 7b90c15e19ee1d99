//! Functions that are written in Rust: what Lua calls, and how that calls the host's closure.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dg_runtime::{CallContext, NativeResult, Ref, Throw};

use super::error::{Error, Result};
use super::function::Function;
use super::host::{self, Content};
use super::lua::Lua;
use super::multi::{FromLuaMulti, IntoLuaMulti, ValueReader, ValueWriter};
use super::reference::Reference;
use super::throw::{caught, throw, throw_panic};
use crate::generated::{Boxed, Function as VmFunction, Userdata, ValueKind};
use crate::library::calls;

/// A function that calls the closure, and the userdata that owns it.
///
/// # Safety
/// The closure must stay valid until the userdata is destroyed: `'static`, or in a scope.
pub(super) unsafe fn create<C>(lua: &Lua, closure: C) -> Result<(Function, Reference)>
where
    C: Fn(&Lua, &mut ValueReader<'_>) -> Result<()>,
{
    lua.poll();
    let vm = lua.vm();
    let make = || {
        let owner = host::userdata(vm, None, Content::Callback, closure)?;
        let function = calls::native(vm, "?", run::<C>, &[owner.boxed()])?;
        Ok((function, owner))
    };
    match make() {
        Ok((function, owner)) => Ok((Function::new(lua, function.boxed()), Reference::new(lua, owner.boxed()))),
        Err(thrown) => Err(caught(lua, thrown)),
    }
}

/// A closure that converts arguments and results.
#[inline]
pub(super) fn converting<F, A, R>(function: F) -> impl Fn(&Lua, &mut ValueReader<'_>) -> Result<()>
where
    F: Fn(&Lua, A) -> Result<R>,
    A: FromLuaMulti,
    R: IntoLuaMulti,
{
    move |lua, arguments| {
        let arguments = A::from_lua_multi(arguments)?;
        function(lua, arguments)?.into_lua_multi(&mut ValueWriter::new(lua))
    }
}

/// The same for a function that changes its state.
#[inline]
pub(super) fn converting_mut<F, A, R>(function: F) -> impl Fn(&Lua, &mut ValueReader<'_>) -> Result<()>
where
    F: FnMut(&Lua, A) -> Result<R>,
    A: FromLuaMulti,
    R: IntoLuaMulti,
{
    let function = RefCell::new(function);
    converting(move |lua: &Lua, arguments: A| {
        let mut function = function.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
        function(lua, arguments)
    })
}

/// What Lua calls: runs the closure that the running function has captured.
fn run<C>(cx: &mut CallContext<'_>) -> NativeResult
where
    C: Fn(&Lua, &mut ValueReader<'_>) -> Result<()>,
{
    // SAFETY: a call of the API is running.
    let lua = unsafe { Lua::running(cx) };
    let count = cx.count();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: made by `create::<C>`. The running function keeps the userdata alive, and nobody destroys it as long as
        // it runs: a scope ends after the calls that were made in it.
        let closure = unsafe { host::callback::<C>(owner(cx)) }.ok_or_else(|| Error::CallbackDestructed)?;
        let before = lua.vm().top();
        closure(&lua, &mut ValueReader::arguments(&lua, count))?;
        Ok(lua.vm().top() - before)
    }));
    match outcome {
        Ok(Ok(results)) => cx.ret_pushed(results),
        Ok(Err(error)) => Err(failed(&lua, error)),
        Err(payload) => Err(throw_panic(&lua, payload)),
    }
}

#[cold]
fn failed(lua: &Lua, error: Error) -> Throw {
    throw(lua, error)
}

/// The userdata that owns the closure of the running function.
#[inline]
fn owner<'v>(cx: &'v CallContext<'_>) -> Ref<'v, Userdata> {
    let captured = calls::captured(cx, cx.callee::<VmFunction>(), 0);
    captured.as_userdata(cx).expect("callbacks capture their owner")
}
