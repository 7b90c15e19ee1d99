//! Coroutines.

use dg_runtime::{Coroutine, CoroutineStatus, Ref, Value as VmValue};

use super::error::{Error, Result};
use super::function::Function;
use super::lua::{Lua, SlotGuard};
use super::multi::{FromLuaMulti, IntoLuaMulti, ValueWriter};
use super::reference::Reference;
use super::throw::{caught, error_for};
use crate::core::state::lua as state_of;
use crate::core::{alloc, coerce};
use crate::generated::{Boxed, Function as VmFunction, ValueKind, natives};

/// A coroutine.
///
/// ```
/// use dg_lua::{Function, ThreadStatus};
///
/// let lua = dg_lua::Lua::new();
/// let body: Function = lua.load("function(n) while true do n = n + coroutine.yield(n * 2) end end").eval()?;
/// let thread = lua.create_thread(body)?;
/// assert_eq!(thread.resume::<i32>(1)?, 2);
/// assert_eq!(thread.resume::<i32>(10)?, 22);
/// assert_eq!(thread.status(), ThreadStatus::Resumable);
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Thread(pub(crate) Reference);

/// What a coroutine is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThreadStatus {
    /// It waits, at its beginning or in a yield.
    Resumable,
    /// It runs.
    Running,
    /// It waits for another one that it has resumed.
    Normal,
    /// It has returned or thrown, or its state is gone.
    Finished,
}

impl Thread {
    #[inline]
    pub(crate) fn new(lua: &Lua, thread: VmValue<'_>) -> Thread {
        Thread(Reference::new(lua, thread))
    }

    pub(super) fn create(lua: &Lua, body: &Function) -> Result<Thread> {
        let vm = lua.vm();
        let function = body.reference(lua)?;
        if !function.code.get(vm).is_bytecode() {
            return Err(Error::runtime("a coroutine runs a function that is written in Lua"));
        }
        let made = vm.new_coroutine(function.boxed()).and_then(|coroutine| {
            state_of(vm).hand_down_globals(vm, coroutine)?;
            Ok(Thread::new(lua, coroutine.boxed()))
        });
        made.map_err(|thrown| caught(lua, thrown))
    }

    fn reference<'v>(&self, lua: &'v Lua) -> Result<Ref<'v, Coroutine>> {
        let value = self.0.value(lua)?;
        Ok(value.as_thread(lua.vm()).expect("a coroutine's value is a coroutine"))
    }

    /// Runs it until it yields, returns or throws: starts it with arguments, or lets its yield answer them.
    ///
    /// # Errors
    /// What it throws; that it is not suspended; that a value cannot be converted.
    pub fn resume<R: FromLuaMulti>(&self, arguments: impl IntoLuaMulti) -> Result<R> {
        let lua = self.0.lua()?;
        if self.status() != ThreadStatus::Resumable {
            return Err(Error::CoroutineUnresumable);
        }
        let _slots = SlotGuard::new(&lua);
        let vm = lua.vm();
        let pending = resume_function(&lua)
            .and_then(|resume| vm.prepare_empty(resume.boxed()))
            .map_err(|thrown| caught(&lua, thrown))?;
        let mut values = ValueWriter::new(&lua);
        values.push(self)?;
        arguments.into_lua_multi(&mut values)?;
        // Arguments may have done anything.
        let coroutine = self.reference(&lua)?.raw().0;
        let resumed = &state_of(vm).host.resumed;
        let outer = resumed.replace(coroutine);
        let answer = lua.run(vm.complete(pending), |results| {
            resumed.set(outer);
            if coerce::is_truthy(results.next_slot()) {
                R::from_lua_multi(results)
            } else {
                Err(error_for(&lua, results.next_slot()))
            }
        });
        resumed.set(outer);
        answer
    }

    /// What it is doing.
    pub fn status(&self) -> ThreadStatus {
        let lua = self.0.lua();
        let status = lua.and_then(|lua| self.reference(&lua).map(|coroutine| coroutine.status()));
        match status {
            Ok(CoroutineStatus::New | CoroutineStatus::Suspended) => ThreadStatus::Resumable,
            Ok(CoroutineStatus::Running) => ThreadStatus::Running,
            Ok(CoroutineStatus::Normal) => ThreadStatus::Normal,
            Ok(CoroutineStatus::Dead) | Err(_) => ThreadStatus::Finished,
        }
    }

    /// What tells it from other objects of its state.
    pub fn to_pointer(&self) -> usize {
        self.0.address()
    }
}

/// `coroutine.resume`, whether or not the library is there.
fn resume_function(lua: &Lua) -> Result<Ref<'_, VmFunction>, dg_runtime::Throw> {
    let vm = lua.vm();
    let made = &state_of(vm).host.resume;
    if let Some(resume) = made.get() {
        return Ok(resume.get(vm));
    }
    let code = vm.new_spec_code(&natives::COROUTINE_RESUME)?;
    let resume = alloc::function(vm, code, state_of(vm).globals(vm), 0)?;
    // If it has been made meanwhile, either will do.
    let _ = made.set(vm.root_ref(resume));
    Ok(resume)
}
