//! The functions of the runtime that machine code calls, through `Hot::builtins` (offset `0x100 + 8 * number`).
//!
//! All are `extern "C"`, `vm` first. Machine code stores `base` to `Hot::base` and, unless noted, `pc` to `Hot::pc`
//! before the call. [`Status`] is returned in rax:rdx; when `ok` (rdx) is 0 the value thrown is in `Hot::error` and
//! machine code goes to the `throw` stub. Whatever may grow the stack moves it: **reload base from `Hot::base`** after
//! every builtin but the barriers.
//!
//! | no | builtin             | signature                                                                             |
//! |----|---------------------|---------------------------------------------------------------------------------------|
//! | 0  | `Barrier`           | `fn(vm, object: u32)`; neither base nor pc needed                                     |
//! | 1  | `Safepoint`         | `fn(vm) -> Status`: whether compiled code has to leave for the interpreter            |
//! | 2  | `GrowStack`         | `fn(vm, slots: u32) -> Status`                                                        |
//! | 3  | `Throw`             | `fn(vm)`, then the `switch` tail                                                      |
//! | 4  | `CopyValues`        | `fn(vm, source: *const u64, count: u64, destination: *mut u64) -> Status`             |
//! | 5  | `Resume`            | `fn(vm, coroutine: u32, values: *const u64, count: u64, continuation, callee_base)`, then the `switch` tail |
//! | 6  | `Yield`             | `fn(vm, values: *const u64, count: u64, continuation, callee_base)`, then the `switch` tail |
//! | 7  | `CoroutineFinished` | `fn(vm, values: *const u64, count: u64)`, then the `switch` tail                      |
//! | 8  | `CallNative`        | `fn(vm, nargs: u32, code: u32) -> Status`                                             |
//! | 9  | `InvalidOpcode`     | `fn(vm)`, then the `switch` tail                                                      |
//! | 10 | `NotCallable`       | `fn(vm, value: u64)`, then the `switch` tail                                          |
//! | 11 | `CacheLink`         | `fn(vm, case: u32) -> u64`: whether the instruction at `Hot::pc` is of that case now    |
//! | 12 | `Allocate`          | `fn(vm, kind: u32, length: u32) -> Status`                                            |
//! | 13 | `CallLink`          | `fn(vm, callee: u32, nargs: u32) -> u64`: whether the instruction remembers the callee  |
//! | 14 | `Compile`           | `fn(vm, code: u32)`; no pc needed                                                     |
//! | 15 | `Tick`              | `fn(vm) -> *const u8`; moves no stack                                                 |
//! | 16 | `Reenter`           | `fn(vm)`; moves no stack                                                              |
//! | 17 | `BarrierElement`    | `fn(vm, object: u32, element: *const u8)`; neither base nor pc needed                 |
//!
//! * `Safepoint`: collects, runs finalisers, shows the instruction to the language, or throws for an interruption. Called
//!   between instructions (`pc` is the next one), where nothing is alive outside of frames. `Hot::open_top` survives.
//!   Puts the handlers back into `Hot::dispatch`.
//! * `GrowStack`: makes room for `slots` slots above `Hot::base` (slack comes on top); throws "stack overflow". In an
//!   entry stub `Hot::base` is the new frame's base, whose header is complete: the error then belongs to the callee,
//!   and is thrown from its frame (its code's first instruction is a good `Hot::pc`).
//! * `CopyValues`: copies values to `destination` on the running stack and makes room for them there first. Both
//!   pointers may be into the stack, and may overlap. The value is where the copy is after a possible move.
//! * `Throw`: `Hot::error` is set; finds out who catches.
//! * `Resume`, `Yield`: `continuation` is the return address of the resume or yield point; `callee_base` comes
//!   back in rdi, as when a callee with that base returns. Values may be anywhere.
//!   Catch continuations of a resume are found in the catch table by its `continuation`.
//! * `CoroutineFinished`: the first frame of a coroutine has returned these values.
//! * `CallNative`: called by `entry_native` with the header complete and `nargs` arguments at `Hot::base`; runs the Rust
//!   function. The results are in `Hot::results`/`Hot::count`, at least one value readable; the stub then reloads
//!   base from `Hot::base` (the native frame's) and returns as any function does.
//! * `Allocate`: a new object, zero but for its header; its reference. Machine code takes memory from the allocation run
//!   itself while there is enough. Never moves a stack.
//! * `Compile`: the function is about to be entered. Afterwards `Code::entry` says how.
//! * `Tick`: `Hot::pc` is the instruction that the interpreter has jumped to. Answers where to go on in compiled code,
//!   with `Hot::pc` the address of the function's first instruction; or null, and `Hot::pc` is as it was.
//! * `Reenter`: `Hot::pc` is an instruction whose compiled code counts on values in registers, and control comes from
//!   where they were not loaded. It is run without that code.
//! * the **`switch` tail**: base = `Hot::base`, pc = `Hot::pc`, rax = `Hot::results`, ecx = `Hot::count`,
//!   rdi = `Hot::callee_base`, edx = low half of `Hot::plan[0]` (the code object when a coroutine starts), jump to
//!   `Hot::target`. A coroutine that starts is entered as by a call (ecx = nargs, edx = code, header complete).

/// Numbers of the functions in `Hot::builtins`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
#[allow(missing_docs, reason = "the table in the module's documentation says it once")]
pub enum Builtin {
    Barrier = 0,
    Safepoint = 1,
    GrowStack = 2,
    Throw = 3,
    CopyValues = 4,
    Resume = 5,
    Yield = 6,
    CoroutineFinished = 7,
    CallNative = 8,
    InvalidOpcode = 9,
    NotCallable = 10,
    CacheLink = 11,
    Allocate = 12,
    CallLink = 13,
    Compile = 14,
    Tick = 15,
    Reenter = 16,
    BarrierElement = 17,
}

/// What a function that may throw answers to machine code, in rax:rdx.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// The answer.
    pub value: u64,
    /// 0 when a value was thrown; it is in `Hot::error`.
    pub ok: u64,
}

impl Status {
    /// An answer.
    pub const fn ok(value: u64) -> Self {
        Status { value, ok: 1 }
    }

    /// A value was thrown.
    pub const THROWN: Self = Status { value: 0, ok: 0 };
}

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::glue::panic_message;
use crate::language::{Address, Moment, RuntimeError};
use crate::native::{CallContext, Returned, Throw};
use crate::vm::Vm;

/// The functions with their numbers.
#[rustfmt::skip] // one row each
pub(crate) const TABLE: &[(Builtin, Address)] = &[
    (Builtin::Barrier,           Address(barrier as *const u8)),
    (Builtin::Safepoint,         Address(safepoint as *const u8)),
    (Builtin::GrowStack,         Address(grow_stack as *const u8)),
    (Builtin::Throw,             Address(throw as *const u8)),
    (Builtin::CopyValues,        Address(copy_values as *const u8)),
    (Builtin::Resume,            Address(resume as *const u8)),
    (Builtin::Yield,             Address(yield_values as *const u8)),
    (Builtin::CoroutineFinished, Address(coroutine_finished as *const u8)),
    (Builtin::CallNative,        Address(call_native as *const u8)),
    (Builtin::InvalidOpcode,     Address(invalid_opcode as *const u8)),
    (Builtin::NotCallable,       Address(not_callable as *const u8)),
    (Builtin::CacheLink,         Address(cache_link as *const u8)),
    (Builtin::Allocate,          Address(allocate as *const u8)),
    (Builtin::CallLink,          Address(call_link as *const u8)),
    (Builtin::Compile,           Address(compile as *const u8)),
    (Builtin::Tick,              Address(tick as *const u8)),
    (Builtin::Reenter,           Address(reenter as *const u8)),
    (Builtin::BarrierElement,    Address(barrier_element as *const u8)),
];

/// # Safety
/// For all functions here: `vm` is the VM that runs, and used by nothing else at the moment.
unsafe extern "C" fn barrier(vm: *mut Vm, object: u32) {
    // SAFETY: as above.
    unsafe { &*vm }.remember(object);
}

unsafe extern "C" fn barrier_element(vm: *mut Vm, object: u32, element: *const u8) {
    // SAFETY: as above.
    unsafe { &*vm }.remember_place(object, element);
}

unsafe extern "C" fn safepoint(vm: *mut Vm) -> Status {
    // SAFETY: as above.
    let vm = unsafe { &mut *vm };
    let outcome = vm.safepoint();
    status(outcome.map(|()| vm.watching().get().into()))
}

unsafe extern "C" fn grow_stack(vm: *mut Vm, slots: u32) -> Status {
    // SAFETY: as above.
    let vm = unsafe { &mut *vm };
    vm.free_left_stacks();
    // SAFETY: the hot part is always readable.
    let base = unsafe { (*vm.hot()).base };
    let grown = vm.reserve_stack(&vm.current_coroutine(), base.wrapping_add(slots as usize));
    status(grown.map(|_| 0))
}

unsafe extern "C" fn throw(vm: *mut Vm) {
    // SAFETY: as above.
    unsafe { &mut *vm }.unwind();
}

unsafe extern "C" fn copy_values(vm: *mut Vm, source: *const u64, count: u64, destination: *mut u64) -> Status {
    // SAFETY: as above.
    let vm = unsafe { &*vm };
    let coroutine = vm.current_coroutine();
    let on_stack = (coroutine.stack_start().cast_const()..coroutine.stack_end().cast_const()).contains(&source);
    status(
        vm.reserve_stack(&coroutine, destination.wrapping_add(count as usize))
            .map(|moved| {
                let source = if on_stack {
                    source.wrapping_byte_offset(moved)
                } else {
                    source
                };
                let destination = destination.wrapping_byte_offset(moved);
                // SAFETY: machine code passes that many values; room for them was just made.
                unsafe { std::ptr::copy(source, destination, count as usize) };
                destination as u64
            }),
    )
}

unsafe extern "C" fn resume(
    vm: *mut Vm,
    coroutine: u32,
    values: *const u64,
    count: u64,
    continuation: *const u8,
    callee_base: *mut u64,
) {
    // SAFETY: as above.
    unsafe { &mut *vm }.resume(coroutine, values, count as usize, continuation, callee_base);
}

unsafe extern "C" fn yield_values(
    vm: *mut Vm,
    values: *const u64,
    count: u64,
    continuation: *const u8,
    callee_base: *mut u64,
) {
    // SAFETY: as above.
    unsafe { &mut *vm }.yield_values(values, count as usize, continuation, callee_base);
}

unsafe extern "C" fn coroutine_finished(vm: *mut Vm, values: *const u64, count: u64) {
    // SAFETY: as above.
    unsafe { &*vm }.coroutine_finished(values, count as usize);
}

unsafe extern "C" fn call_native(vm: *mut Vm, nargs: u32, code: u32) -> Status {
    // SAFETY: as above.
    let vm = unsafe { &mut *vm };
    status(vm.call_native(nargs, code).map(|()| 0))
}

/// Stands in the table for `call_native` while the language watches.
unsafe extern "C" fn call_native_watched(vm: *mut Vm, nargs: u32, code: u32) -> Status {
    // SAFETY: as above.
    let vm = unsafe { &mut *vm };
    status(vm.call_native_watched(nargs, code).map(|()| 0))
}

unsafe extern "C" fn invalid_opcode(vm: *mut Vm) {
    // SAFETY: as above.
    let vm = unsafe { &mut *vm };
    let Throw(()) = vm.error("invalid instruction");
    vm.unwind();
}

unsafe extern "C" fn not_callable(vm: *mut Vm, value: u64) {
    // SAFETY: as above.
    let vm = unsafe { &mut *vm };
    let Throw(()) = vm.raise(RuntimeError::NotCallable(value));
    vm.unwind();
}

unsafe extern "C" fn cache_link(vm: *mut Vm, case: u32) -> u64 {
    // SAFETY: as above.
    unsafe { &*vm }.link_cache(case).into()
}

unsafe extern "C" fn allocate(vm: *mut Vm, kind: u32, length: u32) -> Status {
    // SAFETY: as above.
    let vm = unsafe { &*vm };
    let object = vm.allocate_object(kind as u8, length as usize);
    let reference = object.map(|object| (object as u64 - vm.arena() as u64) / 8);
    status(reference.ok_or_else(|| vm.raise(RuntimeError::OutOfMemory)))
}

unsafe extern "C" fn call_link(vm: *mut Vm, callee: u32, nargs: u32) -> u64 {
    // SAFETY: as above.
    unsafe { &*vm }.link_call(callee, nargs).into()
}

unsafe extern "C" fn compile(vm: *mut Vm, code: u32) {
    // SAFETY: as above.
    let vm = unsafe { &*vm };
    // SAFETY: machine code passes the code object that it found in the callee.
    vm.compile(unsafe { crate::object::RawRef::<crate::code::Code>::new(code).get(vm) });
}

unsafe extern "C" fn tick(vm: *mut Vm) -> *const u8 {
    // SAFETY: as above.
    unsafe { &*vm }.tick()
}

unsafe extern "C" fn reenter(vm: *mut Vm) {
    // SAFETY: as above.
    unsafe { &*vm }.reenter();
}

fn status(result: Result<u64, Throw>) -> Status {
    match result {
        Ok(value) => Status::ok(value),
        Err(Throw(())) => Status::THROWN,
    }
}

impl Vm {
    /// For runtime functions that machine code calls, and that call back: what they push goes above the running
    /// frame, and is gone when they are done. Native functions have a frame of their own and do not need this.
    pub fn protect_frame<R>(&mut self, run: impl FnOnce(&mut Vm) -> R) -> R {
        let open_top = self.top();
        let slots = self.save_current().slots_in_use(self);
        // SAFETY: the hot part is always writable.
        unsafe { (*self.hot()).open_top = slots as u32 };
        let result = run(self);
        // SAFETY: as above.
        unsafe { (*self.hot()).open_top = open_top };
        result
    }

    /// Runs a native function in the frame that was made for it.
    fn call_native(&mut self, nargs: u32, code: u32) -> Result<(), Throw> {
        let hot = self.hot();
        // SAFETY: the hot part is always writable.
        unsafe { (*hot).open_top = nargs };
        // SAFETY: machine code passes the code object that it found in the callee.
        let code = unsafe { crate::object::RawRef::<crate::code::Code>::new(code).get(self) };
        let native = code.native().expect("the entry of native code is for native code only");
        let answer = catch_unwind(AssertUnwindSafe(|| native(&mut CallContext::new(self, nargs))));
        match answer {
            Ok(Ok(Returned(count))) => {
                let first = self.top() - count;
                if count == 0 {
                    // The slot may be in the slack, but is there.
                    // SAFETY: within the stack; see above.
                    unsafe { *(*hot).base.wrapping_add(first as usize) = self.language().nil };
                }
                self.end_unwinding();
                // SAFETY: the hot part is always writable.
                unsafe {
                    (*hot).results = (*hot).base.wrapping_add(first as usize);
                    (*hot).count = count as u64;
                }
                Ok(())
            }
            Ok(Err(throw)) => Err(throw),
            Err(panic) => Err(self.native_panicked(&*panic)),
        }
    }

    fn call_native_watched(&mut self, nargs: u32, code: u32) -> Result<(), Throw> {
        // SAFETY: the hot part is always writable.
        unsafe { (*self.hot()).open_top = nargs };
        self.show(Moment::NativeCall)?;
        self.call_native(nargs, code)?;
        let hot = self.hot();
        // SAFETY: the hot part is always readable; the results lie in the frame, which may move with its stack.
        let (from_base, count) = unsafe { ((*hot).results as usize - (*hot).base as usize, (*hot).count) };
        self.show(Moment::NativeReturn)?;
        // SAFETY: as above.
        unsafe {
            (*hot).results = (*hot).base.wrapping_byte_add(from_base);
            (*hot).count = count;
        }
        Ok(())
    }

    /// Shows the language calls of native functions, or does not.
    pub(crate) fn watch_natives(&self, on: bool) {
        let call = if on { call_native_watched } else { call_native };
        // SAFETY: the hot part is always writable, and both functions have the type that machine code calls.
        unsafe { (*self.hot()).builtins[Builtin::CallNative as usize] = call as *const () };
    }

    #[cold]
    fn native_panicked(&self, panic: &(dyn std::any::Any + Send)) -> Throw {
        self.raise(RuntimeError::Panic(panic_message(panic)))
    }
}
