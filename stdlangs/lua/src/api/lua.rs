//! The state of Lua, and what a host does with it.

use std::any::Any;
use std::fmt;
use std::mem::ManuallyDrop;
use std::rc::{Rc, Weak};

use dg_runtime::{GcStats, JitStats, Options, Pending, Value as VmValue, Vm, VmBox};

use super::app_data::{AppData, AppDataRef, AppDataRefMut};
use super::callback;
use super::chunk::{AsChunk, Chunk};
use super::convert::{FromLua, IntoLua};
use super::error::Result;
use super::function::Function;
use super::multi::{FromLuaMulti, IntoLuaMulti, ValueReader};
use super::reference::Reference;
use super::registry::{Registry, RegistryKey};
use super::stdlib::StdLib;
use super::string::LuaString;
use super::table::Table;
use super::thread::Thread;
use super::throw::caught;
use super::userdata::{self, AnyUserData, UserData};
use super::value::Value;
use crate::core::externs::Semantics;
use crate::core::levels::levels;
use crate::core::state::{LuaState, initialize, lua as state_of};
use crate::core::{coerce, hooks, table, traceback};
use crate::generated::{self, Boxed};
use crate::library;

/// A state of Lua: its global variables, its heap, everything.
///
/// Clones are the same state. It lives as long as one of them; the values that a host has of it do not keep it alive, and
/// answer [`Error::LuaDestroyed`](crate::Error::LuaDestroyed) afterwards.
///
/// Any number of states may live in a process, each on a thread of its own if wanted. A state does not leave the thread that
/// has made it, nor do its values: they count references without locks, and callbacks need not be `Send`. What goes
/// between threads is data. An [`InterruptHandle`](crate::InterruptHandle) may go, and a [`RegistryKey`].
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(dg_lua::Lua::new());
/// ```
///
/// ```
/// use dg_lua::Lua;
///
/// let lua = Lua::new();
/// lua.globals().set("greeting", "hello")?;
/// let shout: String = lua.load("return greeting:upper() .. '!'").eval()?;
/// assert_eq!(shout, "HELLO!");
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone)]
#[repr(transparent)]
pub struct Lua(Rc<Shared>);

/// A state of Lua that is not kept alive. For values of the host that Lua owns, which would otherwise keep alive what owns
/// them.
///
/// ```
/// let lua = dg_lua::Lua::new();
/// let weak = lua.weak();
/// assert!(weak.try_upgrade().is_some());
/// drop(lua);
/// assert!(weak.try_upgrade().is_none());
/// ```
#[derive(Clone)]
pub struct WeakLua(Weak<Shared>);

/// What the clones of a [`Lua`] share.
pub(crate) struct Shared {
    vm: VmBox,
    app_data: AppData,
    registry: Registry,
}

impl Lua {
    /// A state with the whole standard library.
    ///
    /// # Panics
    /// When the system has no memory or address space for it, or the processor lacks SSE4.1.
    pub fn new() -> Lua {
        Lua::new_with(StdLib::ALL, Options::default()).expect("a state of Lua needs memory")
    }

    /// A state with some libraries, and with options for the collector and the hash of strings.
    ///
    /// ```
    /// use dg_lua::{Lua, Options, StdLib};
    ///
    /// // No files, no processes, no modules, no look behind the scenes.
    /// let lua = Lua::new_with(StdLib::SANDBOX, Options::default())?;
    /// lua.load("assert(io == nil and os == nil and debug == nil and dofile == nil)").exec()?;
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the system has no memory or address space for it, or the processor lacks SSE4.1.
    pub fn new_with(libraries: StdLib, options: Options) -> Result<Lua> {
        let data = Box::new(LuaState::new());
        let vm = VmBox::new(generated::language::<Semantics>(), hooks::hooks(), options, data)?;
        let lua = Lua(Rc::new(Shared {
            vm,
            app_data: AppData::default(),
            registry: Registry::default(),
        }));
        state_of(lua.vm()).host.owner.set(Rc::as_ptr(&lua.0));
        let opened = initialize(lua.vm()).and_then(|()| library::open(lua.vm(), libraries));
        match opened {
            Ok(()) => Ok(lua),
            Err(thrown) => Err(caught(&lua, thrown)),
        }
    }

    /// The state that the running virtual machine belongs to. It is not counted: to be used as long as that runs.
    ///
    /// # Safety
    /// The virtual machine must be running a call that the API has made, or its last finalisers.
    #[inline]
    pub(crate) unsafe fn running(vm: &Vm) -> ManuallyDrop<Lua> {
        let owner = state_of(vm).host.owner.get();
        debug_assert!(!owner.is_null());
        // SAFETY: whoever calls holds a state for as long as the call lasts, so that this one stays where it is.
        ManuallyDrop::new(Lua(unsafe { Rc::from_raw(owner) }))
    }

    /// The virtual machine.
    #[inline]
    pub(crate) fn vm(&self) -> &Vm {
        &self.0.vm
    }

    /// The virtual machine, for what may collect.
    ///
    /// # Safety
    /// No value or reference that borrows the virtual machine may be used any more.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "the callers have nothing of it")]
    pub(crate) unsafe fn vm_mut(&self) -> &mut Vm {
        // SAFETY: a virtual machine is where its hot part is; for Rust it has no size, so that references to it do not
        // exclude one another. What the collector could take away is not used any more.
        unsafe { &mut *self.vm().hot().cast::<Vm>() }
    }

    /// The same state, not kept alive.
    #[inline]
    pub fn weak(&self) -> WeakLua {
        WeakLua(Rc::downgrade(&self.0))
    }

    /// Collects, and runs finalisers, if that is due. To be called where the host makes objects, because only running
    /// Lua code asks otherwise.
    #[inline]
    pub(crate) fn poll(&self) {
        // SAFETY: it is called first, when nothing of the virtual machine is held.
        unsafe { self.vm_mut() }.collect_if_due();
    }

    /// Makes a call that was prepared, and reads its results. What was pushed for it is the caller's to take away again
    /// ([`SlotGuard`]).
    #[inline]
    pub(crate) fn run<R>(&self, pending: Pending, read: impl FnOnce(&mut ValueReader<'_>) -> Result<R>) -> Result<R> {
        let lua_state = state_of(self.vm());
        lua_state.forget_traceback();
        let outer = lua_state.host.enter(self.vm());
        // SAFETY: everything that the call needs is in slots.
        let outcome = unsafe { self.vm_mut() }.call(pending);
        lua_state.host.leave(outer);
        match outcome {
            Ok(results) => read(&mut ValueReader::results(self, results)),
            Err(thrown) => Err(caught(self, thrown)),
        }
    }

    /// The table of global variables.
    pub fn globals(&self) -> Table {
        let vm = self.vm();
        Table::new(self, state_of(vm).globals(vm).boxed())
    }

    /// Replaces the table of global variables, for chunks that are loaded from now on.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn set_globals(&self, globals: &Table) -> Result<()> {
        let vm = self.vm();
        let globals = globals.reference(self)?;
        let set = state_of(vm).set_globals_of(vm, vm.current_coroutine(), globals);
        set.map_err(|thrown| caught(self, thrown))
    }

    /// A chunk of Lua: source text, or a path to a file with it. Nothing is compiled or run yet.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// let sum: i32 = lua.load("local a, b = ...; return a + b").set_name("=sum").call((20, 22))?;
    /// assert_eq!(sum, 42);
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    #[track_caller]
    pub fn load<'a>(&self, source: impl AsChunk<'a>) -> Chunk<'a> {
        Chunk::new(self, source, std::panic::Location::caller())
    }

    /// A string. Lua's strings are bytes.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_string(&self, bytes: impl AsRef<[u8]>) -> Result<LuaString> {
        self.poll();
        match coerce::string(self.vm(), bytes.as_ref()) {
            Ok(string) => Ok(LuaString::new(self, string)),
            Err(thrown) => Err(caught(self, thrown)),
        }
    }

    /// An empty table.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_table(&self) -> Result<Table> {
        self.create_table_with_capacity(0, 0)
    }

    /// An empty table with room for the whole keys from 1 to `array`, and for `hash` others.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_table_with_capacity(&self, array: usize, hash: usize) -> Result<Table> {
        self.poll();
        let room = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        match table::new(self.vm(), room(array), room(hash)) {
            Ok(table) => Ok(Table::new(self, table.boxed())),
            Err(thrown) => Err(caught(self, thrown)),
        }
    }

    /// A table with these entries.
    ///
    /// # Errors
    /// When memory runs out; when a key is nil or NaN, or cannot be converted.
    pub fn create_table_from<K: IntoLua, V: IntoLua>(
        &self,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Table> {
        let entries = entries.into_iter();
        let table = self.create_table_with_capacity(0, entries.size_hint().0.min(1 << 20))?;
        for (key, value) in entries {
            table.raw_set(key, value)?;
        }
        Ok(table)
    }

    /// A table with these values at 1, 2, and so on.
    ///
    /// # Errors
    /// When memory runs out; when a value cannot be converted.
    pub fn create_sequence_from<V: IntoLua>(&self, values: impl IntoIterator<Item = V>) -> Result<Table> {
        let values = values.into_iter();
        let table = self.create_table_with_capacity(values.size_hint().0.min(1 << 20), 0)?;
        for (index, value) in (1u64..).zip(values) {
            table.raw_set(index as f64, value)?;
        }
        Ok(table)
    }

    /// A function that is written in Rust.
    ///
    /// Its arguments are converted as its second parameter says: a tuple, `()`, a single value, [`Variadic`] for
    /// what is left, [`MultiValue`] for everything. Surplus arguments are dropped, missing ones are nil.
    ///
    /// An error that it answers is thrown in Lua, with the argument's number if an argument did not fit. A panic in it is
    /// an error that Lua code may catch; if none does, the panic goes on where the host has called. It cannot yield.
    ///
    /// ```
    /// use dg_lua::{Lua, Variadic};
    ///
    /// let lua = Lua::new();
    /// let sum = lua.create_function(|_, numbers: Variadic<f64>| Ok(numbers.iter().sum::<f64>()))?;
    /// lua.globals().set("sum", sum)?;
    /// assert_eq!(lua.load("return sum(1, 2, 3.5)").eval::<f64>()?, 6.5);
    ///
    /// let error = lua.load("sum(1, {})").exec().unwrap_err();
    /// assert_eq!(error.message(), "bad argument #2 to 'sum' (number expected, got table)");
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// [`Variadic`]: crate::Variadic
    /// [`MultiValue`]: crate::MultiValue
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_function<F, A, R>(&self, function: F) -> Result<Function>
    where
        F: Fn(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: the function borrows nothing.
        unsafe { callback::create(self, callback::converting(function)) }.map(|(function, _)| function)
    }

    /// As [`Lua::create_function`], for a function that changes its state. Calling it while it runs is an error.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// let mut count = 0;
    /// let next = lua.create_function_mut(move |_, ()| {
    ///     count += 1;
    ///     Ok(count)
    /// })?;
    /// next.call::<()>(())?;
    /// assert_eq!(next.call::<i32>(())?, 2);
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_function_mut<F, A, R>(&self, function: F) -> Result<Function>
    where
        F: FnMut(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: the function borrows nothing.
        unsafe { callback::create(self, callback::converting_mut(function)) }.map(|(function, _)| function)
    }

    /// A coroutine that will run a function, which must be written in Lua.
    ///
    /// # Errors
    /// When memory runs out; when the function is written in Rust.
    pub fn create_thread(&self, function: Function) -> Result<Thread> {
        self.poll();
        Thread::create(self, &function)
    }

    /// A userdata that owns a value.
    ///
    /// # Errors
    /// When memory runs out; what is wrong with the methods that the type adds.
    pub fn create_userdata<T: UserData>(&self, value: T) -> Result<AnyUserData> {
        self.poll();
        userdata::create(self, value)
    }

    /// The running coroutine.
    pub fn current_thread(&self) -> Thread {
        Thread::new(self, self.vm().current_coroutine().boxed())
    }

    /// Converts a value of the host to one of Lua.
    ///
    /// # Errors
    /// What the conversion says.
    pub fn pack(&self, value: impl IntoLua) -> Result<Value> {
        value.into_lua(self)
    }

    /// Converts a value of Lua to one of the host.
    ///
    /// # Errors
    /// What the conversion says.
    pub fn unpack<T: FromLua>(&self, value: Value) -> Result<T> {
        T::from_lua(value, self)
    }

    /// The levels of the running coroutine, as `debug.traceback` shows them, from `level` on: 0 runs.
    pub fn traceback(&self, level: usize) -> String {
        let mut text = Vec::new();
        traceback::append(self.vm(), &mut text, levels(self.vm()), level, 0);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Keeps a value in the state, and answers a key for it that may be sent to other threads.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// let key = lua.create_registry_value("kept")?;
    /// assert_eq!(lua.registry_value::<String>(&key)?, "kept");
    /// lua.remove_registry_value(key)?;
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the value cannot be converted.
    pub fn create_registry_value(&self, value: impl IntoLua) -> Result<RegistryKey> {
        let value = value.into_lua(self)?;
        let reference = Reference::new(self, value.to_vm(self)?);
        Ok(self.0.registry.insert(reference))
    }

    /// The value that was kept.
    ///
    /// # Errors
    /// When the key is of another state; when the value cannot be converted.
    pub fn registry_value<T: FromLua>(&self, key: &RegistryKey) -> Result<T> {
        let reference = self.0.registry.get(key)?;
        T::from_lua(Value::from_vm(self, reference.value(self)?), self)
    }

    /// Keeps another value instead.
    ///
    /// # Errors
    /// When the key is of another state; when the value cannot be converted.
    pub fn replace_registry_value(&self, key: &RegistryKey, value: impl IntoLua) -> Result<()> {
        let value = value.into_lua(self)?;
        let reference = Reference::new(self, value.to_vm(self)?);
        self.0.registry.replace(key, reference)
    }

    /// Gives the value free. Dropping the key does the same.
    ///
    /// # Errors
    /// When the key is of another state.
    pub fn remove_registry_value(&self, key: RegistryKey) -> Result<()> {
        self.0.registry.get(&key).map(drop)
    }

    /// Keeps a value of the host with the state, one for each type; answers the one that was there.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// struct Config { limit: usize }
    /// lua.set_app_data(Config { limit: 10 });
    /// let check = lua.create_function(|lua, size: usize| {
    ///     Ok(size <= lua.app_data_ref::<Config>().expect("was set").limit)
    /// })?;
    /// assert!(check.call::<bool>(7)?);
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Panics
    /// When the one that was there is borrowed.
    pub fn set_app_data<T: Any>(&self, data: T) -> Option<T> {
        self.0.app_data.insert(data)
    }

    /// The value of the host of this type, if there is one.
    ///
    /// # Panics
    /// When it is borrowed mutably.
    pub fn app_data_ref<T: Any>(&self) -> Option<AppDataRef<T>> {
        self.0.app_data.borrow()
    }

    /// The value of the host of this type, to be changed, if there is one.
    ///
    /// # Panics
    /// When it is borrowed.
    pub fn app_data_mut<T: Any>(&self) -> Option<AppDataRefMut<T>> {
        self.0.app_data.borrow_mut()
    }

    /// Takes the value of the host of this type.
    ///
    /// # Panics
    /// When it is borrowed.
    pub fn remove_app_data<T: Any>(&self) -> Option<T> {
        self.0.app_data.remove()
    }

    /// Bytes of memory in use.
    pub fn used_memory(&self) -> usize {
        self.vm().bytes_in_use()
    }

    /// Sets how many bytes may be in use, `None` for as many as there are; answers the limit that was set before. What
    /// would need more is an error, [`Error::MemoryError`](crate::Error::MemoryError) at the host. Values of the host that Lua owns do not count.
    ///
    /// ```
    /// use dg_lua::{Error, Lua};
    ///
    /// let lua = Lua::new();
    /// lua.set_memory_limit(Some(16 << 20));
    /// let error = lua.load("local t = {} for i = 1, 1e9 do t[i] = {} end").exec().unwrap_err();
    /// assert!(matches!(error, Error::MemoryError(_)));
    /// ```
    pub fn set_memory_limit(&self, bytes: Option<usize>) -> Option<usize> {
        let mut parameters = self.vm().gc_parameters();
        let before = std::mem::replace(&mut parameters.limit, bytes);
        self.vm().set_gc_parameters(parameters);
        before
    }

    /// Collects everything that is dead, and runs finalisers.
    pub fn gc_collect(&self) {
        // SAFETY: nothing of the virtual machine is held.
        let vm = unsafe { self.vm_mut() };
        vm.collect_full();
        vm.run_finalizers();
    }

    /// Stops the collector, until [`Lua::gc_restart`]. The memory limit still holds.
    pub fn gc_stop(&self) {
        self.set_stopped(true);
    }

    /// Starts the collector again.
    pub fn gc_restart(&self) {
        self.set_stopped(false);
    }

    fn set_stopped(&self, stopped: bool) {
        let mut parameters = self.vm().gc_parameters();
        parameters.stopped = stopped;
        self.vm().set_gc_parameters(parameters);
    }

    /// What the collector has done so far.
    pub fn gc_stats(&self) -> GcStats {
        self.vm().gc_stats()
    }

    /// What the compiler has done so far.
    pub fn jit_stats(&self) -> JitStats {
        self.vm().jit_stats()
    }

    /// Compiles every function, whether it runs or not. For measurements.
    #[doc(hidden)]
    pub fn compile_all(&self) {
        self.vm().compile_all();
    }

    /// What a command line asked to be printed at the end.
    #[doc(hidden)]
    pub fn report(&self, arguments: &dg_runtime::launcher::VmArguments) -> String {
        arguments.report(self.vm())
    }

    /// Writes out what Lua has written to files, `print` included, and not flushed. Errors are lost.
    pub fn flush_files(&self) {
        state_of(self.vm()).files.borrow_mut().flush_all();
    }

    /// A number as Lua would convert it: a number, or a string that denotes one.
    pub fn coerce_number(&self, value: &Value) -> Result<Option<f64>> {
        Ok(coerce::to_number(self.vm(), value.to_vm(self)?))
    }

    /// A string as Lua would convert it: a string, or a number as it is written.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn coerce_string(&self, value: &Value) -> Result<Option<LuaString>> {
        match coerce::to_string(self.vm(), value.to_vm(self)?) {
            Ok(string) => Ok(string.map(|string| LuaString::new(self, string.boxed()))),
            Err(thrown) => Err(caught(self, thrown)),
        }
    }

    /// The metatable that all values of a type share. Tables and userdata have their own.
    pub fn type_metatable(&self, of: &Value) -> Result<Option<Table>> {
        let vm = self.vm();
        let found = state_of(vm).type_metatable(vm, coerce::type_number(vm, of.to_vm(self)?));
        Ok(found.map(|metatable| Table::new(self, metatable.boxed())))
    }
}

impl Default for Lua {
    fn default() -> Lua {
        Lua::new()
    }
}

impl fmt::Debug for Lua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lua({:p})", self.vm())
    }
}

impl Drop for Lua {
    #[inline]
    fn drop(&mut self) {
        if Rc::strong_count(&self.0) == 1 {
            self.close();
        }
    }
}

impl Lua {
    /// The last owner goes. Finalisers still find the state.
    #[cold]
    fn close(&self) {
        state_of(self.vm()).host.closing.set(true);
        // SAFETY: nothing of the virtual machine is held.
        unsafe { self.vm_mut() }.finalize_all();
        state_of(self.vm()).host.closing.set(false);
    }
}

impl WeakLua {
    /// The state, if it is still there.
    #[inline]
    pub fn try_upgrade(&self) -> Option<Lua> {
        self.0.upgrade().map(Lua)
    }

    /// Whether this is the state of `lua`.
    #[inline]
    pub(crate) fn is(&self, lua: &Lua) -> bool {
        self.0.as_ptr() == Rc::as_ptr(&lua.0)
    }

    pub(crate) fn same(&self, other: &WeakLua) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

impl fmt::Debug for WeakLua {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeakLua({:p})", self.0.as_ptr())
    }
}

/// Takes away, when it goes, what was pushed since it was made: also when something fails or panics between.
pub(crate) struct SlotGuard<'a> {
    vm: &'a Vm,
    top: u32,
}

impl<'a> SlotGuard<'a> {
    /// A slot that was pushed since.
    #[inline]
    pub fn get(&self, index: u32) -> VmValue<'a> {
        self.vm.slot(self.top + index)
    }

    #[inline]
    pub fn new(lua: &'a Lua) -> SlotGuard<'a> {
        let vm = lua.vm();
        SlotGuard { vm, top: vm.top() }
    }
}

impl Drop for SlotGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.vm.top() > self.top {
            self.vm.set_top(self.top);
        }
    }
}
