//! What every generated VM shares at run time: values, heap, strings, stacks, frames, unwinding, coroutines.
//!
//! A [`VmBox`] owns a VM: an arena of 32 GiB of address space with the VM's own state at its start ([`abi::Hot`] first),
//! which is where machine code finds everything. A language gives a [`LanguageInfo`] (generated) and [`Hooks`] (by
//! hand). Nothing is global: any number of VMs may live in a process, each on one thread at a time.
//!
//! # What the types say
//!
//! * [`Value`] and [`Ref`] borrow the VM. A collection needs `&mut Vm`, so none can be held across one. Allocation
//!   never collects and takes `&Vm`; it only makes the next safepoint collect.
//! * [`Handle`] and guest slots ([`CallContext`]) keep values across collections.
//! * [`RawValue`] and [`RawRef`] are just numbers.

#![deny(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

pub mod abi;
mod arena;
mod builtins;
mod bytecode;
mod caches;
mod code;
mod coroutine;
mod disassemble;
mod frames;
pub mod glue;
mod handle;
mod heap;
mod jit;
mod language;
pub mod launcher;
mod native;
mod object;
mod operands;
mod safepoint;
mod statistics;
mod strings;
mod unwind;
mod value;
mod vm;

pub use builtins::{Builtin, Status};
pub use bytecode::{BytecodeBuffer, BytecodeError, Label};
pub use caches::{CacheCase, CacheEvent, CacheInfo, CachedReference, CallWords};
pub use code::{Code, CodeInfo, LineTable, LocalInfo, NewCode};
pub use coroutine::{Coroutine, CoroutineStatus};
pub use frames::{Frame, Frames};
pub use glue::{DelegatingNative, SpecNative};
pub use handle::{Handle, RefHandle};
pub use heap::{GcParameters, GcStats, Tracer};
pub use jit::{
    Bytes, Exit, JitOptions, JitStats, ListingNames, Patch, PatchKind, SlotField, Template, Templates, Tier, Version,
    Write,
};
pub use language::{
    Address, Catch, CompileAfter, FunctionName, Hooks, KindInfo, LanguageInfo, Moment, OpcodeInfo, OperandInfo,
    OperandKind, RuntimeError, SpecialTrace, Stubs, WeakPhase,
};
pub use native::{CallContext, NativeFn, NativeResult, Pending, Results, Returned, Throw};
pub use object::{
    ArrayObject, Field, Object, OptionalRefField, RawRef, Ref, RefField, Str, ValueField, Values, Writer,
};
pub use operands::{Dest, InstPos, List, Operand, Run, Slot};
pub use safepoint::InterruptHandle;
pub use statistics::SiteStats;
pub use value::{
    RawValue, Value, double_bits, hash_of_bits, int32_bits, is_double_bits, reference_bits, reference_in_bits,
    unit_bits,
};
pub use vm::{Options, Vm, VmBox};
