//! What a language tells the runtime about itself: tables that are generated, and hooks that its author writes.

use std::fmt;

use crate::abi::Header;
use crate::caches::CacheInfo;
use crate::code::Code;
use crate::coroutine::Coroutine;
use crate::handle::Handle;
use crate::heap::Tracer;
use crate::jit::Templates;
use crate::native::Throw;
use crate::object::Ref;
use crate::vm::Vm;

/// An address in machine code. In static tables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Address(pub *const u8);

// SAFETY: a number; whoever jumps there answers for it.
unsafe impl Sync for Address {}
// SAFETY: as above.
unsafe impl Send for Address {}

/// All that a VM has to know about its language; one static per language.
pub struct LanguageInfo {
    /// Its name.
    pub name: &'static str,
    /// Number of `ref` leaves of its values.
    pub reference_leaves: u32,
    /// Bits of the value that stands for a missing one.
    pub nil: u64,
    /// Which `ref` leaf is the callee object.
    pub callee_leaf: u32,
    /// Kind of the callee object.
    pub callee_kind: u8,
    /// Where the callee object keeps its `ref Code`, in bytes from its start.
    pub callee_code: u32,
    /// Its objects in declared order: kind `KIND_FIRST + index`.
    pub kinds: &'static [KindInfo],
    /// Handlers by opcode, to be copied to `Hot::dispatch`.
    pub dispatch: &'static [Address],
    /// Its runtime functions, to be copied to `Hot::externs`.
    pub externs: &'static [Address],
    /// The framework stubs of its VM crate.
    pub stubs: Stubs,
    /// Pairs of continuations, in any order.
    pub catches: &'static [Catch],
    /// Its instructions by opcode, for disassembly.
    pub opcodes: &'static [OpcodeInfo],
    /// What compiled code is made of.
    pub templates: &'static Templates,
    /// When a function is compiled, unless the host says otherwise.
    pub compile_after: CompileAfter,
}

/// When a function has run so often that it is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CompileAfter {
    /// After so many calls.
    pub calls: u32,
    /// After so many jumps.
    pub jumps: u32,
}

/// How the collector sees the objects of a kind.
pub struct KindInfo {
    /// Name of the object in the specification.
    pub name: &'static str,
    /// Bytes before the trailing array, or of the whole object.
    pub size: u32,
    /// Bytes of an element of the trailing array; 0 without one.
    pub item_size: u32,
    /// Shows the tracer each value and reference in the object.
    ///
    /// # Safety
    /// To be called with a live object of the kind.
    pub trace: unsafe fn(object: *const Header, tracer: &mut Tracer<'_>),
}

/// The stubs that every VM crate has. `enter` is called; the others are jumped to.
#[derive(Clone, Copy)]
pub struct Stubs {
    /// `extern "C" fn(vm, base, nargs: u32, code: u32) -> u32`: runs a callee whose arguments and complete header
    /// (return address `exit`) are in place; answers 0 after `exit`, 1 after `exit_thrown`.
    pub enter: Address,
    /// Return address of frames that Rust called: stores rax and ecx to `Hot::{results, count}`, leaves `enter`
    /// with 0.
    pub exit: Address,
    /// Catch continuation of `exit`: leaves `enter` with 1.
    pub exit_thrown: Address,
    /// Return address of the first frame of a coroutine: calls `Builtin::CoroutineFinished`, then goes on as
    /// `switch` does.
    pub coroutine_finished: Address,
    /// `Code::entry` for code with a fixed number of parameters.
    pub entry_fixed: Address,
    /// `Code::entry` for code that takes extra arguments.
    pub entry_vararg: Address,
    /// `Code::entry` for functions written in Rust.
    pub entry_native: Address,
    /// Stands for every handler while a safepoint has something to do: calls `Builtin::Safepoint`, then runs the
    /// instruction.
    pub safepoint: Address,
}

/// A continuation that catches, and where it goes when the callee throws.
#[derive(Clone, Copy)]
pub struct Catch {
    /// The return address that is in the callee's header.
    pub continuation: Address,
    /// Where to go instead. Roles as for a continuation: the base is the callee's, rax points to the value thrown, ecx
    /// is 1.
    pub catch: Address,
}

/// An instruction of the language.
pub struct OpcodeInfo {
    /// Its name, operand variant included.
    pub name: &'static str,
    /// One line that says what it does.
    pub doc: &'static str,
    /// Bytes.
    pub length: u32,
    /// Its operands in the order of their offsets.
    pub operands: &'static [OperandInfo],
    /// What it remembers, if its bytecode has a `cache`.
    pub cache: Option<&'static CacheInfo>,
}

/// An operand of an instruction.
pub struct OperandInfo {
    /// Its name.
    pub name: &'static str,
    /// Bytes from the instruction's start.
    pub offset: u32,
    /// What it is.
    pub kind: OperandKind,
}

/// What an operand field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperandKind {
    /// u16: a slot that is read or written.
    Slot,
    /// u16: the slot of the result.
    Result,
    /// u16: a number of slots.
    Count,
    /// u16: a number.
    U16,
    /// u32: a number.
    U32,
    /// i32: a number.
    I32,
    /// i32: bytes from the instruction's start to the branch target.
    Label,
    /// u64: a boxed value.
    Constant,
    /// u32: a code object.
    Code,
    /// u32: an object of the language.
    Reference,
}

/// What goes wrong in the runtime itself; the language words it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuntimeError<'a> {
    /// The guest stack cannot grow any more.
    StackOverflow,
    /// Calls between Rust and guest code are nested too deeply.
    NativeStackOverflow,
    /// The memory limit is reached, or an object would be too large.
    OutOfMemory,
    /// The host asked for it.
    Interrupted,
    /// A function written in Rust panicked with this message.
    Panic(&'a str),
    /// A function written in Rust failed with this message.
    Message(&'a str),
    /// A value that is no function was called.
    NotCallable(u64),
    /// A coroutine was resumed that is not suspended.
    NotSuspended,
    /// A yield outside of a coroutine, or across a frame of Rust.
    CannotYield,
}

/// The error in plain words, for languages that have none of their own.
impl fmt::Display for RuntimeError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RuntimeError::StackOverflow => "stack overflow",
            RuntimeError::NativeStackOverflow => "calls between functions of the host are nested too deeply",
            RuntimeError::OutOfMemory => "not enough memory",
            RuntimeError::Interrupted => "interrupted",
            RuntimeError::Panic(message) | RuntimeError::Message(message) => message,
            RuntimeError::NotCallable(_) => "a value that is no function was called",
            RuntimeError::NotSuspended => "a coroutine that is not suspended was resumed",
            RuntimeError::CannotYield => "there is no coroutine to yield from, or functions of the host are in between",
        })
    }
}

/// When a weak container is shown to [`Hooks::clear_weak`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WeakPhase {
    /// Objects that wait for their finaliser are still unmarked.
    BeforeFinalizers,
    /// Objects that wait for their finaliser are marked again, with all they refer to.
    AfterFinalizers,
}

/// What a language can watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// An instruction is about to run.
    Instruction,
    /// A function written in Rust is about to run; its frame is there, with its arguments.
    NativeCall,
    /// A function written in Rust is about to return; its frame is still there.
    NativeReturn,
}

/// What the author of a language writes. No collection happens in them, except in `finalize`, `watched` and
/// `thrown`.
pub struct Hooks {
    /// The value to throw for an error of the runtime. May allocate; the memory limit is lifted meanwhile.
    pub error: fn(vm: &Vm, error: RuntimeError<'_>) -> u64,
    /// A stack has moved: every pointer into `coroutine`'s old stack must move by `by_bytes`.
    pub stack_moved: fn(vm: &Vm, coroutine: &Coroutine, by_bytes: isize),
    /// The slots from `from` on, to the top of `coroutine`'s stack, are about to go: captured variables in them must be
    /// saved.
    pub leave_frames: fn(vm: &Vm, coroutine: &Coroutine, from: *mut u64),
    /// Shows the tracer what the language keeps in `Vm::language_data`, and what a coroutine's captured variables need.
    pub trace_roots: fn(vm: &Vm, tracer: &mut Tracer<'_>),
    /// Kinds that are traced by hand: answers whether it did, else the generated function runs.
    pub special_trace: &'static [(u8, SpecialTrace)],
    /// Called until nothing is marked any more: marks what an ephemeron's marked keys reach. Answers whether it
    /// marked anything.
    pub converge: fn(vm: &Vm, container: u32, tracer: &mut Tracer<'_>) -> bool,
    /// Drops what died from a container that was registered with `Tracer::weak` or `Tracer::ephemeron`.
    pub clear_weak: fn(vm: &Vm, container: u32, marks: &Tracer<'_>, phase: WeakPhase),
    /// Finalises an object that was given to `Vm::add_finalizer`. Errors are its own business.
    pub finalize: fn(vm: &mut Vm, object: u32),
    /// Called for each [`Moment`], while [`Vm::watch`] is on; not within itself. May run guest code.
    pub watched: fn(vm: &mut Vm, moment: Moment) -> Result<(), Throw>,
    /// What a function is called in listings and debuggers.
    pub function_name: fn(code: Ref<'_, Code>) -> FunctionName,
    /// An error is about to unwind: called once per throw, with the frames still in place. Answers another value to be
    /// thrown instead, if any. May run guest code, for which the stack may become a little larger than otherwise.
    pub thrown: fn(vm: &mut Vm) -> Option<Handle>,
}

/// What a function is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FunctionName {
    /// Its name; empty if it has none.
    pub name: String,
    /// Where it is defined: a file, mostly.
    pub source: String,
}

/// Traces an object by hand, or answers false.
///
/// Called with a live object of its kind only.
pub type SpecialTrace = fn(vm: &Vm, object: *const Header, tracer: &mut Tracer<'_>) -> bool;

impl Hooks {
    /// Hooks that do nothing, with this one for errors.
    pub const fn new(error: fn(&Vm, RuntimeError<'_>) -> u64) -> Self {
        Hooks {
            error,
            stack_moved: |_, _, _| {},
            leave_frames: |_, _, _| {},
            trace_roots: |_, _| {},
            special_trace: &[],
            converge: |_, _, _| false,
            clear_weak: |_, _, _, _| {},
            finalize: |_, _| {},
            watched: |_, _| Ok(()),
            function_name: |code| FunctionName {
                name: code.info().name.clone(),
                source: String::from_utf8_lossy(&code.info().source).into_owned(),
            },
            thrown: |_| None,
        }
    }
}
