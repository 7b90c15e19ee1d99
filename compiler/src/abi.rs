//! The numbers that machine code and the runtime agree on. Generated crates compare them with the runtime's structs.

/// Offsets from the start of the VM, in bytes.
pub mod hot {
    /// Base of the running frame.
    pub const BASE: i32 = 0x00;
    /// The running instruction.
    pub const PC: i32 = 0x08;
    /// Frames end at or below this address.
    pub const STACK_LIMIT: i32 = 0x10;
    /// End of the last open result, in slots from the base: `u32`.
    pub const OPEN_TOP: i32 = 0x18;
    /// Nonzero when a safepoint has something to do: `u32`.
    pub const SAFEPOINT: i32 = 0x1c;
    /// The value being thrown.
    pub const ERROR: i32 = 0x20;
    /// Where a switch goes.
    pub const TARGET: i32 = 0x28;
    /// First result of what returned.
    pub const RESULTS: i32 = 0x30;
    /// Number of results.
    pub const COUNT: i32 = 0x38;
    /// Base of the frame that was left.
    pub const CALLEE_BASE: i32 = 0x40;
    /// The running coroutine: `u32`.
    pub const COROUTINE: i32 = 0x48;
    /// How many native frames of the VM there are: `u32`.
    pub const NATIVE_DEPTH: i32 = 0x4c;
    /// Payload of a plan.
    pub const PLAN: i32 = 0x50;
    /// Next free byte of the memory that is handed out next.
    pub const ALLOC_CURSOR: i32 = 0x80;
    /// End of that memory.
    pub const ALLOC_END: i32 = 0x88;
    /// Address of the table of handlers that stays as it is.
    pub const HANDLERS: i32 = 0x90;
    /// Jumps that the interpreter takes until it looks whether the function should be compiled: `u32`.
    pub const TICKS: i32 = 0x98;
    /// Address of the table of what compiled functions run for an instruction that they have no code for.
    pub const SHARED: i32 = 0xa0;
    /// Functions of the runtime, by [`super::Builtin`].
    pub const BUILTINS: i32 = 0x100;
    /// Runtime functions of the language, in declared order.
    pub const EXTERNS: i32 = 0x400;
    /// Handlers by opcode, or the `safepoint` stub when something is due.
    pub const DISPATCH: i32 = 0x1400;
}

/// Offsets from the base of a frame, in bytes.
pub mod frame {
    /// Low half the callee object, high half the distance to the caller's base in slots.
    pub const CALLEE: i32 = -24;
    /// The high half of [`CALLEE`].
    pub const DELTA: i32 = -20;
    /// The return address.
    pub const RETURN: i32 = -16;
    /// The caller's program counter.
    pub const PC: i32 = -8;
    /// Of a frame with surplus arguments: low half their number, high half how many slots the frame was moved.
    pub const VARARGS: i32 = -32;
    /// The high half of [`VARARGS`].
    pub const SHIFT: i32 = -28;
    /// Words of a header.
    pub const HEADER_WORDS: u32 = 3;
}

/// Offsets in a code object, in bytes.
pub mod code {
    /// Flags of its header: `u16`.
    pub const FLAGS: i32 = 2;
    /// Bit of the flags: the entry moves the frame above surplus arguments.
    pub const VARARG: u32 = 1;
    /// The stub that makes the frame.
    pub const ENTRY: i32 = 8;
    /// First instruction.
    pub const BYTECODE: i32 = 16;
    /// Slots of a frame: `u32`.
    pub const FRAME_SIZE: i32 = 24;
    /// Named parameters: `u32`.
    pub const PARAMS: i32 = 28;
    /// Its compiled code, see [`super::compiled`], or null.
    pub const COMPILED: i32 = 48;
    /// Calls until it should be compiled: `u32`.
    pub const COUNTDOWN: i32 = 56;
}

/// Offsets in what the runtime says about compiled code, in bytes.
pub mod compiled {
    /// Address of the code.
    pub const START: i32 = 0;
    /// Where in it the code for each word of bytecode starts: `u32` each.
    pub const OFFSETS: i32 = 8;
}

/// Offsets in a coroutine, in bytes.
pub mod coroutine {
    /// Flags of its header: `u16`.
    pub const FLAGS: i32 = 2;
    /// Bit of the flags: the collector knows that it has run.
    pub const RAN: u32 = 1;
    /// The end of its frames.
    pub const STACK_LIMIT: i32 = 16;
    /// The base of its top frame.
    pub const BASE: i32 = 24;
    /// Its program counter.
    pub const PC: i32 = 32;
    /// Where it goes on.
    pub const CONTINUATION: i32 = 40;
    /// The callee's base for the continuation.
    pub const CALLEE_BASE: i32 = 48;
    /// The end of an open result: `u32`.
    pub const OPEN_TOP: i32 = 60;
    /// Who resumed it: `u32`.
    pub const RESUMER: i32 = 64;
    /// Native frames when it was resumed: `u32`.
    pub const NATIVE_DEPTH: i32 = 68;
    /// How many wait for it: `u32`.
    pub const RESUME_DEPTH: i32 = 72;
    /// What it is doing: `u8`.
    pub const STATUS: i32 = 80;
    /// A status.
    pub const SUSPENDED: u32 = 1;
    /// A status.
    pub const RUNNING: u32 = 2;
    /// A status.
    pub const NORMAL: u32 = 3;
    /// The largest [`RESUME_DEPTH`].
    pub const RESUME_DEPTH_MAX: u32 = 10_000;
}

/// Slots above the limit of a stack that are always there.
pub const STACK_SLACK: u32 = 32;
/// Offset of the collector's byte in an object's header.
pub const GC_BYTE: i32 = 1;
/// The collector's byte of an old object that is not remembered: a store into it has to be reported.
pub const GC_OLD: u32 = 1;
/// An object of more bytes than this is remembered by the parts that were written.
pub const SMALL_OBJECT: u32 = 8192;
/// High half of the first reference among values.
pub const REF_HIGH: u32 = 0xFFFE_0000;
/// Offset of the length of an object's trailing array: `u32`.
pub const LENGTH: i32 = 4;
/// The number of the kind of plain arrays of values.
pub const KIND_VALUES: u8 = 2;
/// The number of a code object's kind.
pub const KIND_CODE: u8 = 3;
/// Entries of the table of handlers.
pub const MAX_OPCODES: usize = 2048;
/// Entries of the table of runtime functions.
pub const MAX_EXTERNS: usize = 512;
/// Words that a plan's payload can have.
pub const MAX_PLAN: u32 = 6;
/// Largest high half of a double's bits.
pub const DOUBLE_MAX_HIGH: u32 = 0xFFF8_0000;
/// What folded bits are multiplied with to hash a value; the high half of the product is the hash.
pub const HASH_FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
/// The bits of the NaN that boxes instead of all others.
pub const CANONICAL_NAN: u64 = 0x7FF8_0000_0000_0000;

/// Functions of the runtime that machine code calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Builtin {
    /// Remembers an object: `fn(vm, object)`.
    Barrier = 0,
    /// Does what a safepoint has to do: `fn(vm) -> Status`.
    Safepoint = 1,
    /// Makes room above the base: `fn(vm, slots) -> Status`.
    GrowStack = 2,
    /// Finds who catches, then switches: `fn(vm)`.
    Throw = 3,
    /// Copies values to the stack and makes room for them: `fn(vm, source, count, destination) -> Status`.
    CopyValues = 4,
    /// Resumes a coroutine, then switches: `fn(vm, coroutine, values, count, continuation, callee_base)`.
    Resume = 5,
    /// Yields, then switches: `fn(vm, values, count, continuation, callee_base)`.
    Yield = 6,
    /// Ends a coroutine, then switches: `fn(vm, values, count)`.
    CoroutineFinished = 7,
    /// Runs a function written in Rust: `fn(vm, nargs, code) -> Status`.
    CallNative = 8,
    /// Makes the running instruction one of a case of its cache, unless its key keeps changing: `fn(vm, case) -> bool`.
    CacheLink = 11,
    /// Makes an object that is zero but for its header: `fn(vm, kind, length) -> Status`.
    Allocate = 12,
    /// Makes the running instruction remember the callee of its call: `fn(vm, callee, nargs) -> bool`.
    CallLink = 13,
    /// Compiles a function that has been called often, if it can: `fn(vm, code)`.
    Compile = 14,
    /// Counts for the running function, and compiles it if it has run often: `fn(vm) -> address`, where to go on, or 0.
    Tick = 15,
    /// Control is at an instruction whose compiled code counts on values in registers: notes it down, and compiles the
    /// function anew if that happens often: `fn(vm)`.
    Reenter = 16,
    /// Remembers that an element of an object was written: `fn(vm, object, element)`.
    BarrierElement = 17,
}

impl Builtin {
    /// Where its address is, in bytes from the start of the VM.
    pub const fn offset(self) -> i32 {
        hot::BUILTINS + 8 * self as i32
    }
}
