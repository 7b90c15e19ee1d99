//! The VM: its state at the start of its arena, and what library functions and hosts do with it.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell, UnsafeCell};
use std::io;
use std::marker::{PhantomData, PhantomPinned};
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::rc::Rc;

use crate::abi::{CODE_VARARG, DISPATCH, EXTERNS, FRAME_CALLEE, Header, Hot, KIND_CODE, SAFEPOINT_COUNT, STACK_MAX};
use crate::arena::{self, Arena};
use crate::builtins;
use crate::caches::Caches;
use crate::code::{Code, CodeInfo, NewCode, OwnedInfo};
use crate::glue::SpecNative;
use crate::handle::{Handle, RefHandle, RootList};
use crate::heap::{Collection, GcParameters, Heap, Kinds, Tracer};
use crate::jit::{Jit, JitOptions, Tier};
use crate::language::{Hooks, LanguageInfo, RuntimeError};
use crate::native::{NativeFn, Throw};
use crate::object::{ArrayObject, Object, Ref, Str, Values};
use crate::safepoint::{InterruptHandle, Safepoints};
use crate::statistics::Statistics;
use crate::strings::Strings;
use crate::value::{Value, reference_bits, reference_in_bits};

/// A VM. Always behind a reference: it is the start of its arena, whatever size Rust believes it has, and therefore
/// cannot be moved or swapped.
#[repr(C, align(8))]
pub struct Vm {
    state: UnsafeCell<[u8; 0]>,
    /// `&mut Vm` may alias what machine code and references to objects reach.
    pinned: PhantomPinned,
    /// One thread at a time, and handles are not for other threads at all.
    not_send: PhantomData<*mut ()>,
}

/// What is at the start of an arena.
#[repr(C)]
struct State {
    hot: Hot,
    heap: Heap,
    strings: Strings,
    roots: Rc<RootList>,
    language: &'static LanguageInfo,
    hooks: Hooks,
    /// Sorted by continuation.
    catches: Vec<(usize, *const u8)>,
    data: Box<dyn Any>,
    /// The type of `data`, which is asked for often.
    data_type: TypeId,
    main: Cell<u32>,
    /// Coroutines that have run since the last collection.
    ran: RefCell<Vec<u32>>,
    /// Read as the first result when there is none.
    no_results: Cell<u64>,
    /// The value being thrown has been shown to `Hooks::thrown`.
    unwinding: Cell<bool>,
    /// What unwinds is no error but leaves frames, up to the one with its base so many bytes from its stack's start.
    leaving: Cell<Option<usize>>,
    finalizing: Cell<bool>,
    /// The stack of the coroutine that ended last, and its capacity.
    last_stack: Cell<(*mut u64, u32)>,
    /// Memory that stacks have moved out of, and its capacity.
    left_stacks: RefCell<Vec<(*mut u64, u32)>>,
    /// How many errors are being looked at.
    handling: Cell<u32>,
    /// Slots that a stack may have.
    stack_slots: usize,
    caches: Caches,
    statistics: Statistics,
    watching: Cell<bool>,
    showing: Cell<bool>,
    interrupt: InterruptHandle,
    jit: RefCell<Jit>,
}

/// Owns a VM. Dropping it frees everything; finalisers that should run must be run before
/// ([`Vm::finalize_all`]).
#[derive(Debug)]
pub struct VmBox(Arena);

/// How to set up a VM.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// When to collect.
    pub gc: GcParameters,
    /// Seed of the string hash; random by default.
    pub hash_seed: Option<u64>,
    /// What to compile.
    pub jit: JitOptions,
    /// How many slots a guest stack may have; [`STACK_MAX`] by default.
    pub stack_slots: Option<usize>,
    /// Instructions remember nothing: whatever a `cache` answers is computed each time. For tests.
    pub no_caches: bool,
    /// Count each instruction that runs, for [`Vm::site_stats`]. Nothing is compiled then, and all is slow.
    pub count_instructions: bool,
}

impl VmBox {
    /// A VM for a language. `data` is whatever the language wants to find again with [`Vm::data`].
    ///
    /// # Errors
    /// When the system has no address space or memory for it, or the processor lacks SSE4.1.
    pub fn new(
        language: &'static LanguageInfo,
        hooks: Hooks,
        mut options: Options,
        data: Box<dyn Any>,
    ) -> io::Result<Self> {
        if options.count_instructions {
            options.jit.tier = Tier::Interpreter;
        }
        if !std::arch::is_x86_feature_detected!("sse4.1") {
            let message = "this processor lacks SSE4.1, which the machine code of the VM uses";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        let arena = Arena::reserve()?;
        let start = arena.start();
        arena::commit(start, size_of::<State>())?;
        let kinds = Kinds::new(language, &hooks);
        let mut catches: Vec<_> = language
            .catches
            .iter()
            .map(|catch| (catch.continuation.0 as usize, catch.catch.0))
            .collect();
        catches.push((language.stubs.exit.0 as usize, language.stubs.exit_thrown.0));
        catches.sort_unstable();
        catches.dedup();
        let state = start.cast::<State>();
        // SAFETY: the memory was just committed, is zero and large enough. An all-zero `Hot` is valid; every other
        // field is written, none is read before.
        unsafe {
            fill_tables(&raw mut (*state).hot, language);
            (&raw mut (*state).heap).write(Heap::new(start, kinds, options.gc));
            (&raw mut (*state).strings).write(Strings::new(options.hash_seed));
            (&raw mut (*state).roots).write(Rc::default());
            (&raw mut (*state).language).write(language);
            (&raw mut (*state).hooks).write(hooks);
            (&raw mut (*state).catches).write(catches);
            (&raw mut (*state).data_type).write((*data).type_id());
            (&raw mut (*state).data).write(data);
            (&raw mut (*state).main).write(Cell::new(0));
            (&raw mut (*state).ran).write(RefCell::default());
            (&raw mut (*state).no_results).write(Cell::new(language.nil));
            (&raw mut (*state).unwinding).write(Cell::new(false));
            (&raw mut (*state).leaving).write(Cell::new(None));
            (&raw mut (*state).finalizing).write(Cell::new(false));
            (&raw mut (*state).left_stacks).write(RefCell::default());
            (&raw mut (*state).handling).write(Cell::new(0));
            (&raw mut (*state).stack_slots).write(options.stack_slots.unwrap_or(STACK_MAX));
            (&raw mut (*state).caches).write(Caches::new(!options.no_caches));
            (&raw mut (*state).statistics).write(Statistics::new(language, options.count_instructions));
            (&raw mut (*state).last_stack).write(Cell::new((ptr::null_mut(), 0)));
            (&raw mut (*state).watching).write(Cell::new(false));
            (&raw mut (*state).showing).write(Cell::new(false));
            let safepoints = Safepoints::new(&raw mut (*state).hot, language);
            (&raw mut (*state).interrupt).write(InterruptHandle::new(safepoints));
            (&raw mut (*state).jit).write(Jit::new(options.jit));
            (*state).hot.ticks = options.jit.ticks(language);
            (*state).hot.shared = language.templates.shared.as_ptr();
        }
        let vm = VmBox(arena);
        let Some(main) = vm.new_stack() else {
            return Err(io::ErrorKind::OutOfMemory.into());
        };
        vm.state().main.set(main.raw().0);
        vm.make_current(main);
        vm.set_gc_parameters(options.gc);
        if options.count_instructions {
            vm.raise_safepoint(SAFEPOINT_COUNT);
        }
        Ok(vm)
    }
}

/// # Safety
/// `hot` is writable.
unsafe fn fill_tables(hot: *mut Hot, language: &LanguageInfo) {
    assert!(language.externs.len() <= EXTERNS && language.dispatch.len() <= DISPATCH);
    // SAFETY: the tables are as long as was just checked.
    unsafe {
        for (builtin, address) in builtins::TABLE {
            (*hot).builtins[*builtin as usize] = address.0.cast();
        }
        for (i, function) in language.externs.iter().enumerate() {
            (*hot).externs[i] = function.0.cast();
        }
        for (i, handler) in language.dispatch.iter().enumerate() {
            (*hot).dispatch[i] = handler.0;
        }
        (*hot).handlers = language.dispatch.as_ptr();
    }
}

impl Deref for VmBox {
    type Target = Vm;

    fn deref(&self) -> &Vm {
        // SAFETY: the VM is the start of its arena, and has no size of its own.
        unsafe { &*self.0.start().cast::<Vm>() }
    }
}

impl DerefMut for VmBox {
    fn deref_mut(&mut self) -> &mut Vm {
        // SAFETY: as in `deref`.
        unsafe { &mut *self.0.start().cast::<Vm>() }
    }
}

impl Drop for VmBox {
    fn drop(&mut self) {
        self.state().interrupt.disconnect();
        for code in self.heap().codes.borrow_mut().take() {
            self.free_code(code);
        }
        for coroutine in self.heap().coroutines.borrow_mut().take() {
            self.free_coroutine(coroutine);
        }
        self.free_left_stacks();
        self.free_stack(self.last_stack().replace((ptr::null_mut(), 0)));
        // SAFETY: written by `new`, and nothing uses the VM any more. The arena itself goes after this.
        unsafe { ptr::drop_in_place(self.0.start().cast::<State>()) };
    }
}

// The state, for the modules of this crate.
impl Vm {
    #[inline]
    pub(crate) fn arena(&self) -> *mut u8 {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// The hot part. Machine code writes it too: never to be borrowed, only accessed through the pointer.
    #[inline]
    pub fn hot(&self) -> *mut Hot {
        self.arena().cast()
    }

    #[inline]
    fn state(&self) -> &State {
        // SAFETY: every `Vm` is the start of an arena with an initialised state; it is written through cells and raw
        // pointers only. The hot part is only accessed through raw pointers.
        unsafe { &*self.arena().cast::<State>() }
    }

    #[inline]
    pub(crate) fn heap(&self) -> &Heap {
        &self.state().heap
    }

    #[inline]
    pub(crate) fn strings(&self) -> &Strings {
        &self.state().strings
    }

    pub(crate) fn roots(&self) -> &Rc<RootList> {
        &self.state().roots
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.state().hooks
    }

    pub(crate) fn jit(&self) -> &RefCell<Jit> {
        &self.state().jit
    }

    pub(crate) fn main(&self) -> u32 {
        self.state().main.get()
    }

    pub(crate) fn ran(&self) -> &RefCell<Vec<u32>> {
        &self.state().ran
    }

    #[inline]
    pub(crate) fn unwinding(&self) -> &Cell<bool> {
        &self.state().unwinding
    }

    pub(crate) fn watching(&self) -> &Cell<bool> {
        &self.state().watching
    }

    pub(crate) fn showing(&self) -> &Cell<bool> {
        &self.state().showing
    }

    pub(crate) fn leaving(&self) -> &Cell<Option<usize>> {
        &self.state().leaving
    }

    /// What unwound has arrived, or was caught.
    #[inline]
    pub(crate) fn end_unwinding(&self) {
        self.unwinding().set(false);
        self.leaving().set(None);
    }

    pub(crate) fn finalizing(&self) -> &Cell<bool> {
        &self.state().finalizing
    }

    pub(crate) fn left_stacks(&self) -> &RefCell<Vec<(*mut u64, u32)>> {
        &self.state().left_stacks
    }

    pub(crate) fn statistics(&self) -> &Statistics {
        &self.state().statistics
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.state().caches
    }

    pub(crate) fn handling(&self) -> &Cell<u32> {
        &self.state().handling
    }

    /// Slots that a stack may have.
    pub(crate) fn stack_slots(&self) -> usize {
        self.state().stack_slots
    }

    pub(crate) fn handling_errors(&self) -> bool {
        self.state().handling.get() > 0
    }

    pub(crate) fn last_stack(&self) -> &Cell<(*mut u64, u32)> {
        &self.state().last_stack
    }

    pub(crate) fn no_results(&self) -> *mut u64 {
        self.state().no_results.set(self.language().nil);
        self.state().no_results.as_ptr()
    }

    /// Where an object is.
    #[inline]
    pub(crate) fn address(&self, object: u32) -> *mut u8 {
        self.arena().wrapping_add(object as usize * 8)
    }

    /// Who catches what is thrown out of a call that returns to `continuation`.
    pub(crate) fn catch(&self, continuation: *const u8) -> Option<*const u8> {
        let catches = &self.state().catches;
        let (&(first, _), &(last, _)) = (catches.first()?, catches.last()?);
        // Most continuations are elsewhere.
        if !(first..=last).contains(&(continuation as usize)) {
            return None;
        }
        let found = catches.binary_search_by_key(&(continuation as usize), |&(continuation, _)| continuation);
        found.ok().map(|index| catches[index].1)
    }

    /// The code of a callee object.
    #[inline]
    pub(crate) fn code_of(&self, callee: u32) -> Ref<'_, Code> {
        // SAFETY: callers pass live callee objects, which have a reference to their code there.
        unsafe {
            let code = *self
                .address(callee)
                .add(self.language().callee_code as usize)
                .cast::<u32>();
            Ref::from_pointer(self.address(code).cast())
        }
    }

    /// The callee object in a value.
    #[inline]
    pub(crate) fn callee_in(&self, function: Value<'_>) -> Result<u32, Throw> {
        if function.is_reference(self.language().callee_leaf) {
            Ok(function.bits() as u32)
        } else {
            Err(self.raise(RuntimeError::NotCallable(function.bits())))
        }
    }

    pub(crate) fn trace_roots(&self, tracer: &mut Tracer<'_>) {
        self.roots().for_each(|bits| tracer.value(bits));
        // SAFETY: the hot part is always readable.
        tracer.value(unsafe { (*self.hot()).error });
        self.trace_coroutines(tracer);
    }

    pub(crate) fn free_code(&self, object: u32) {
        let code = self.address(object).cast::<Code>();
        // SAFETY: a code object in the list of such; it owns its information.
        unsafe {
            let info = Box::from_raw((*code).info.replace(ptr::null_mut()));
            self.free_compiled(object);
            self.remove_external(info.bytes());
        }
    }
}

// Values, objects, roots.
impl Vm {
    /// The language's tables.
    #[inline]
    pub fn language(&self) -> &'static LanguageInfo {
        self.state().language
    }

    /// What the language gave to [`VmBox::new`].
    ///
    /// # Panics
    /// When that was of another type.
    #[inline]
    pub fn data<T: 'static>(&self) -> &T {
        let state = self.state();
        assert!(
            state.data_type == TypeId::of::<T>(),
            "the language's data is of another type"
        );
        // SAFETY: the data is of this type, and stays where it is as long as the VM.
        unsafe { &*ptr::from_ref(&*state.data).cast::<T>() }
    }

    /// The value that stands for a missing one.
    #[inline]
    pub fn nil(&self) -> Value<'_> {
        // SAFETY: a unit leaf.
        unsafe { Value::from_bits(self.language().nil) }
    }

    /// The interned string with these bytes.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn str(&self, bytes: &[u8]) -> Result<Ref<'_, Str>, Throw> {
        self.strings().intern(self, bytes).ok_or_else(|| self.out_of_memory())
    }

    /// An array of values, all nil.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_values(&self, length: usize) -> Result<Ref<'_, Values>, Throw> {
        let values = self.allocate_array::<Values>(length)?;
        let nil = self.language().nil;
        values.items().iter().for_each(|field| field.set_unit(nil));
        Ok(values)
    }

    /// A new object, all zero: numbers are 0, references null, values the double 0.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn allocate<T: Object>(&self) -> Result<Ref<'_, T>, Throw> {
        self.allocate_of_size(0, Some(size_of::<T>()))
    }

    /// A new object with a trailing array, all zero: numbers are 0, references null, values the double 0.
    ///
    /// # Errors
    /// Out of memory.
    #[inline]
    pub fn allocate_array<T: ArrayObject>(&self, length: usize) -> Result<Ref<'_, T>, Throw> {
        let items = length.checked_mul(size_of::<T::Item>());
        self.allocate_of_size(length, items.and_then(|items| items.checked_add(T::ITEMS_OFFSET)))
    }

    #[inline]
    fn allocate_of_size<T: Object>(&self, length: usize, bytes: Option<usize>) -> Result<Ref<'_, T>, Throw> {
        match self.allocate_sized(T::KIND, length, bytes) {
            // SAFETY: just allocated with this kind.
            Some(object) => Ok(unsafe { Ref::from_pointer(object.cast()) }),
            None => Err(self.out_of_memory()),
        }
    }

    #[cold]
    fn out_of_memory(&self) -> Throw {
        self.raise(RuntimeError::OutOfMemory)
    }

    /// A code object for bytecode. Machine code trusts it: it has to be what the language's builder wrote.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_code(&self, new: NewCode) -> Result<Ref<'_, Code>, Throw> {
        let stubs = &self.language().stubs;
        let entry = if new.vararg {
            stubs.entry_vararg
        } else {
            stubs.entry_fixed
        };
        let flags = if new.vararg { CODE_VARARG } else { 0 };
        self.make_code(new.info, flags, |code| {
            code.entry.set(entry.0);
            code.bytecode.set(code.bytecode().as_ptr().cast());
            code.countdown.set(self.jit_options().countdown(self.language()));
            code.frame_size.set(new.frame_size.max(new.params));
            code.params.set(new.params);
        })
    }

    /// A code object for a function written in Rust.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_native_code(&self, name: &str, native: NativeFn) -> Result<Ref<'_, Code>, Throw> {
        let info = CodeInfo {
            name: name.to_string(),
            ..CodeInfo::default()
        };
        self.make_code(info, 0, |code| {
            code.entry.set(self.language().stubs.entry_native.0);
            code.native.set(native as *const ());
        })
    }

    /// A code object for a function written in the specification.
    ///
    /// # Errors
    /// Out of memory.
    pub fn new_spec_code(&self, native: &SpecNative) -> Result<Ref<'_, Code>, Throw> {
        let info = CodeInfo {
            name: native.name.to_string(),
            ..CodeInfo::default()
        };
        self.make_code(info, 0, |code| {
            code.entry.set(native.entry.0);
            code.frame_size.set(native.params);
            code.params.set(native.params);
        })
    }

    pub(crate) fn make_code(
        &self,
        info: CodeInfo,
        flags: u16,
        fill: impl FnOnce(Ref<'_, Code>),
    ) -> Result<Ref<'_, Code>, Throw> {
        let info = OwnedInfo::new(info, self.language().opcodes);
        let bytes = info.bytes();
        let object = self
            .allocate_object(KIND_CODE, 0)
            .ok_or_else(|| self.raise(RuntimeError::OutOfMemory))?;
        // SAFETY: just allocated.
        let code = unsafe {
            (*object).flags = flags;
            Ref::<Code>::from_pointer(object.cast())
        };
        code.info.set(Box::into_raw(Box::new(info)));
        fill(code);
        self.add_external(bytes);
        self.heap().codes.borrow_mut().push(code.raw().0);
        Ok(code)
    }

    /// Number of strings that are interned.
    pub fn string_count(&self) -> usize {
        self.strings().len()
    }

    /// Keeps a value alive until the handle is dropped.
    pub fn root(&self, value: Value<'_>) -> Handle {
        Handle::new(self.roots(), value.bits())
    }

    /// Keeps an object alive until the handle is dropped.
    pub fn root_ref<T: Object>(&self, object: Ref<'_, T>) -> RefHandle<T> {
        RefHandle::new(self.roots(), object)
    }

    /// Collects everything that is dead. Finalisers run at the next safepoint.
    pub fn collect_full(&mut self) {
        self.collect(Collection::Full);
    }

    /// Collects what died young.
    pub fn collect_minor(&mut self) {
        self.collect(Collection::Minor);
    }

    /// When the object dies, it will be given to [`Hooks::finalize`], once.
    pub fn add_finalizer<T: Object>(&self, object: Ref<'_, T>) {
        self.heap().finalizable.borrow_mut().push(object.raw().0);
    }

    /// Runs the finalisers of all objects that died, now.
    pub fn run_finalizers(&mut self) {
        // What becomes due meanwhile is done here as well.
        self.clear_safepoint(crate::abi::SAFEPOINT_FINALIZE);
        if self.finalizing().replace(true) {
            return;
        }
        loop {
            let next = self.heap().pending.borrow_mut().pop();
            let Some(object) = next else { break };
            // It stays reachable while its finaliser runs.
            // SAFETY: pending objects are kept alive.
            let value = unsafe { Value::from_bits(reference_bits(0, object)) };
            let handle = self.root(value);
            let finalize = self.hooks().finalize;
            finalize(self, object);
            drop(handle);
        }
        self.finalizing().set(false);
    }

    /// Runs all finalisers, of living objects too: the program ends. The youngest first.
    pub fn finalize_all(&mut self) {
        let mut living = self.heap().finalizable.borrow_mut().take();
        living.append(&mut self.heap().pending.borrow_mut());
        *self.heap().pending.borrow_mut() = living;
        self.run_finalizers();
    }

    /// For interrupting the VM from another thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.state().interrupt.clone()
    }
}

// Errors.
impl Vm {
    /// Throws a value: to be passed on with `?`.
    pub fn throw(&self, value: Value<'_>) -> Throw {
        self.end_unwinding();
        // SAFETY: the hot part is always writable.
        unsafe { (*self.hot()).error = value.bits() };
        Throw(())
    }

    /// Throws an error with a message, as the language words it.
    pub fn error(&self, message: impl AsRef<str>) -> Throw {
        self.raise(RuntimeError::Message(message.as_ref()))
    }

    /// Throws an error of the runtime, as the language words it.
    pub fn raise(&self, error: RuntimeError<'_>) -> Throw {
        let parameters = self.heap().parameters.get();
        self.heap().parameters.set(GcParameters {
            limit: None,
            ..parameters
        });
        let bits = (self.hooks().error)(self, error);
        self.heap().parameters.set(parameters);
        // SAFETY: what the hook answers is a value of this VM, just made.
        self.throw(unsafe { Value::from_bits(bits) })
    }

    /// The value that was thrown last.
    pub fn thrown(&self) -> Value<'_> {
        // SAFETY: the collector keeps the error alive.
        unsafe { Value::from_bits((*self.hot()).error) }
    }

    /// An object being kept as a value of leaf 0 is nothing to look at; its kind says what it is.
    pub fn kind_of(&self, value: Value<'_>) -> Option<u8> {
        let object = reference_in_bits(value.bits())?;
        // SAFETY: values refer to live objects.
        Some(unsafe { (*self.address(object).cast::<Header>()).kind })
    }

    /// The base of the running frame.
    #[inline]
    pub fn running_base(&self) -> *mut u64 {
        // SAFETY: the hot part is always readable.
        unsafe { (*self.hot()).base }
    }

    /// The function that runs. `T` is the callee object of the language.
    ///
    /// # Panics
    /// When `T` is another object.
    #[inline]
    pub fn running_callee<T: Object>(&self) -> Ref<'_, T> {
        // SAFETY: a frame is running, so there is a header below its base with a live callee, whose kind is checked.
        unsafe {
            // As wide as it was stored: a wider load would have to wait for the store.
            let callee = *(*self.hot()).base.byte_offset(FRAME_CALLEE).cast::<u32>();
            let object = self.address(callee);
            assert_eq!((*object.cast::<Header>()).kind, T::KIND, "the callee is another object");
            Ref::from_pointer(object.cast())
        }
    }
}
