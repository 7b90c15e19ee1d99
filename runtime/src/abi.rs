//! The numbers that machine code and Rust agree on: object headers, the hot part of the VM, frame headers.
//!
//! Everything here is fixed; the assertions at the end fail the build when a struct drifts from its numbers.

use std::mem::{offset_of, size_of};

use crate::language::Address;

/// Address space of one VM; also the alignment of its start, so that an object's address names its VM.
pub const ARENA_SIZE: usize = 32 << 30;

/// Bit 0 of [`Header::gc`]: the object survived a collection (it is *old*).
pub const GC_MARKED: u8 = 1;
/// Bit 1 of [`Header::gc`]: the object is in the remembered set.
pub const GC_REMEMBERED: u8 = 2;

/// An object of more bytes than this has blocks of its own, and is remembered by the parts that were written.
pub const SMALL_OBJECT: usize = 8192;

/// Bit 0 of [`Header::flags`] of a `Code`: its entry moves the frame above the extra arguments.
pub const CODE_VARARG: u16 = 1;

/// Kind of memory that holds no object.
pub const KIND_FREE: u8 = 0;
/// Kind of interned strings.
pub const KIND_STR: u8 = 1;
/// Kind of plain arrays of values.
pub const KIND_VALUES: u8 = 2;
/// Kind of code objects.
pub const KIND_CODE: u8 = 3;
/// Kind of coroutines.
pub const KIND_COROUTINE: u8 = 4;
/// Kind of the first object that a language declares.
pub const KIND_FIRST: u8 = 8;

/// Largest high half (unsigned) of a double's bits.
pub const DOUBLE_MAX_HIGH: u32 = 0xFFF8_0000;
/// High half of the first `int32` leaf; the k-th one adds k.
pub const INT32_HIGH: u32 = 0xFFFC_0000;
/// High half of the first `ref` leaf; the k-th one adds k.
pub const REF_HIGH: u32 = 0xFFFE_0000;

/// Factor of [`hash_of_bits`](crate::value::hash_of_bits).
pub const HASH_FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Words of a frame header, all below the frame's base.
pub const HEADER_WORDS: usize = 3;
/// Frame header: low half the callee object, high half the distance to the caller's base in slots.
pub const FRAME_CALLEE: isize = -24;
/// Frame header: the return address.
pub const FRAME_RETURN: isize = -16;
/// Frame header: the caller's pc.
pub const FRAME_PC: isize = -8;
/// Below the header of a vararg frame: low half the number of extra arguments, high half the distance in slots
/// from the base that the caller set up to the moved one.
pub const FRAME_VARARGS: isize = -32;

/// Slots above `Hot::stack_limit` that are always there: headers, saved values and fixed arguments of a call
/// may be written before the callee checks for its own frame.
pub const STACK_SLACK: usize = 32;
/// Most slots that a guest stack may have, slack not counted.
pub const STACK_MAX: usize = 1_000_000;

/// Bit of [`Header::flags`] of a `Coroutine`: it has run since the last collection.
pub const COROUTINE_RAN: u16 = 1;
/// In a `Coroutine`: what `Hot::stack_limit` is while it runs.
pub const COROUTINE_STACK_LIMIT: usize = 16;
/// In a `Coroutine`: the base of its top frame while it does not run.
pub const COROUTINE_BASE: usize = 24;
/// In a `Coroutine`: `pc` while it does not run.
pub const COROUTINE_PC: usize = 32;
/// In a `Coroutine`: where it goes on.
pub const COROUTINE_CONTINUATION: usize = 40;
/// In a `Coroutine`: what its continuation gets as the callee's base; the end of what is in use while it is suspended.
pub const COROUTINE_CALLEE_BASE: usize = 48;
/// In a `Coroutine`: `Hot::open_top` while it does not run.
pub const COROUTINE_OPEN_TOP: usize = 60;
/// In a `Coroutine`: who resumed it, or 0.
pub const COROUTINE_RESUMER: usize = 64;
/// In a `Coroutine`: `Hot::native_depth` when it was resumed.
pub const COROUTINE_NATIVE_DEPTH: usize = 68;
/// In a `Coroutine`: how many wait for it, one for another.
pub const COROUTINE_RESUME_DEPTH: usize = 72;
/// In a `Coroutine`: its `CoroutineStatus`.
pub const COROUTINE_STATUS: usize = 80;
/// Coroutines that resume one another without end are stopped at this depth.
pub const RESUME_DEPTH_MAX: u32 = 10_000;

/// Bit of `Hot::safepoint`: a collection is due.
pub const SAFEPOINT_COLLECT: u32 = 1;
/// Bit of `Hot::safepoint`: the host asked for an interruption.
pub const SAFEPOINT_INTERRUPT: u32 = 2;
/// Bit of `Hot::safepoint`: objects wait for their finalisers.
pub const SAFEPOINT_FINALIZE: u32 = 4;

/// Bit of `Hot::safepoint`: the language wants to see each instruction before it runs.
pub const SAFEPOINT_WATCH: u32 = 8;

/// Bit of `Hot::safepoint`: compiled code has to make room.
pub const SAFEPOINT_EVICT: u32 = 16;

/// Bit of `Hot::safepoint`: each instruction is counted before it runs.
pub const SAFEPOINT_COUNT: u32 = 32;

/// Slots that a stack may have beyond its limit while an error is looked at.
pub const STACK_EXTRA: usize = 10_000;

/// Number of entries of `Hot::builtins`.
pub const BUILTINS: usize = 96;
/// Number of entries of `Hot::externs`.
pub const EXTERNS: usize = 512;
/// Number of entries of `Hot::dispatch`.
pub const DISPATCH: usize = 2048;

/// The first 8 bytes of every heap object.
#[repr(C)]
#[derive(Debug)]
pub struct Header {
    /// Which object this is.
    pub kind: u8,
    /// [`GC_MARKED`] and [`GC_REMEMBERED`]; no other bit is ever set.
    pub gc: u8,
    /// Free for the kind to use.
    pub flags: u16,
    /// Length of the trailing array.
    pub aux: u32,
}

/// The part of a VM that machine code reads and writes, at the start of the arena.
#[repr(C)]
pub struct Hot {
    /// Base of the running frame.
    pub base: *mut u64,
    /// The running instruction, stored before whatever may look at it.
    pub pc: *const u8,
    /// Frames must end at or below this address; [`STACK_SLACK`] slots follow.
    pub stack_limit: *mut u64,
    /// End of the last open result (or, in a native frame, of the slots in use), in slots from `base`.
    pub open_top: u32,
    /// Nonzero when the next safepoint has something to do (`SAFEPOINT_*`).
    pub safepoint: u32,
    /// The value being thrown.
    pub error: u64,
    /// Where the `switch` stub jumps to.
    pub target: *const u8,
    /// First result of what returned to `target` or to Rust.
    pub results: *mut u64,
    /// Number of results.
    pub count: u64,
    /// What `Coroutine::callee_base` is of the coroutine that has been made the running one.
    pub callee_base: *mut u64,
    /// The running coroutine.
    pub coroutine: u32,
    /// How many `enter` frames are on the native stack.
    pub native_depth: u32,
    /// Payload of a plan that an extern answered.
    pub plan: [u64; 6],
    /// Next free byte of the allocation run.
    pub alloc_cursor: *mut u8,
    /// End of the allocation run.
    pub alloc_end: *mut u8,
    /// Handlers by opcode, whatever is in `dispatch`.
    pub handlers: *const Address,
    /// Jumps that the interpreter takes until it looks whether the function should be compiled.
    pub ticks: u32,
    /// What compiled functions run for an instruction that they have no code for, by opcode.
    pub shared: *const Address,
    reserved: [u64; 11],
    /// Functions of the runtime, by `Builtin`.
    pub builtins: [*const (); BUILTINS],
    /// Functions of the language, by declaration order.
    pub externs: [*const (); EXTERNS],
    /// Handlers by opcode; the `safepoint` stub in each entry when a safepoint has something to do.
    pub dispatch: [*const u8; DISPATCH],
}

const _: () = {
    assert!(size_of::<Header>() == 8);
    assert!(offset_of!(Hot, base) == 0x00);
    assert!(offset_of!(Hot, pc) == 0x08);
    assert!(offset_of!(Hot, stack_limit) == 0x10);
    assert!(offset_of!(Hot, open_top) == 0x18);
    assert!(offset_of!(Hot, safepoint) == 0x1c);
    assert!(offset_of!(Hot, error) == 0x20);
    assert!(offset_of!(Hot, target) == 0x28);
    assert!(offset_of!(Hot, results) == 0x30);
    assert!(offset_of!(Hot, count) == 0x38);
    assert!(offset_of!(Hot, callee_base) == 0x40);
    assert!(offset_of!(Hot, coroutine) == 0x48);
    assert!(offset_of!(Hot, native_depth) == 0x4c);
    assert!(offset_of!(Hot, plan) == 0x50);
    assert!(offset_of!(Hot, alloc_cursor) == 0x80);
    assert!(offset_of!(Hot, alloc_end) == 0x88);
    assert!(offset_of!(Hot, handlers) == 0x90);
    assert!(offset_of!(Hot, ticks) == 0x98);
    assert!(offset_of!(Hot, shared) == 0xa0);
    assert!(offset_of!(Hot, builtins) == 0x100);
    assert!(offset_of!(Hot, externs) == 0x400);
    assert!(offset_of!(Hot, dispatch) == 0x1400);
    assert!(size_of::<Hot>() == 0x5400);
};
