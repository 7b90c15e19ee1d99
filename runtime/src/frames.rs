//! Guest frames, walked from the innermost out.

use crate::abi::{FRAME_CALLEE, FRAME_PC, FRAME_RETURN, FRAME_VARARGS, HEADER_WORDS, Header};
use crate::code::Code;
use crate::coroutine::{Coroutine, CoroutineStatus};
use crate::object::{Object, RawRef, Ref};
use crate::value::{Value, reference_bits};
use crate::vm::Vm;

/// A frame of a coroutine.
#[derive(Clone, Copy)]
pub struct Frame<'v> {
    vm: &'v Vm,
    coroutine: Ref<'v, Coroutine>,
    base: *mut u64,
    pc: *const u8,
    callee: u32,
}

/// The frames of a coroutine, the innermost first.
#[derive(Clone)]
pub struct Frames<'v> {
    vm: &'v Vm,
    coroutine: Ref<'v, Coroutine>,
    next: Option<(*mut u64, *const u8)>,
}

impl<'v> Frames<'v> {
    fn new(vm: &'v Vm, coroutine: Ref<'v, Coroutine>, base: *mut u64, pc: *const u8) -> Self {
        Frames {
            vm,
            coroutine,
            next: Some((base, pc)),
        }
    }

    fn none(vm: &'v Vm, coroutine: Ref<'v, Coroutine>) -> Self {
        Frames {
            vm,
            coroutine,
            next: None,
        }
    }
}

impl<'v> Iterator for Frames<'v> {
    type Item = Frame<'v>;

    fn next(&mut self) -> Option<Frame<'v>> {
        let (base, pc) = self.next?;
        let header = header(base);
        // A vararg frame that is the first of a coroutine has moved up from a base that is no frame of its own.
        let is_first = header.delta == 0 || header.return_address == self.vm.language().stubs.coroutine_finished.0;
        self.next = (!is_first).then(|| (base.wrapping_sub(header.delta), header.pc));
        // The host's own frame at the bottom has no callee.
        (header.callee != 0).then_some(Frame {
            vm: self.vm,
            coroutine: self.coroutine,
            base,
            pc,
            callee: header.callee,
        })
    }
}

impl<'v> Frame<'v> {
    /// The running function. `None` when `T` is not the callee object of the language.
    pub fn callee<T: Object>(self) -> Option<Ref<'v, T>> {
        // SAFETY: the callee of a frame is alive; its kind is checked.
        unsafe {
            let kind = (*self.vm.address(self.callee).cast::<Header>()).kind;
            (kind == T::KIND).then(|| RawRef::new(self.callee).get(self.vm))
        }
    }

    /// The running function as a value.
    pub fn function(self) -> Value<'v> {
        // SAFETY: the callee of a frame is alive, and of the declared leaf.
        unsafe { Value::from_bits(reference_bits(self.vm.language().callee_leaf, self.callee)) }
    }

    /// Its code.
    pub fn code(self) -> Ref<'v, Code> {
        self.vm.code_of(self.callee)
    }

    /// The instruction that runs: the call, for all but the innermost. Means nothing in functions that are
    /// not made of instructions.
    pub fn pc(self) -> *const u8 {
        self.pc
    }

    /// Byte offset of the instruction that runs; `None` in functions that are not made of instructions.
    pub fn offset(self) -> Option<u32> {
        let code = self.code();
        code.is_bytecode().then(|| code.offset(self.pc))
    }

    /// Source line that runs, when known.
    pub fn line(self) -> Option<u32> {
        self.code().line(self.pc)
    }

    /// The coroutine whose stack it is on.
    pub fn coroutine(self) -> Ref<'v, Coroutine> {
        self.coroutine
    }

    /// First slot of the frame.
    pub fn base(self) -> *mut u64 {
        self.base
    }

    /// Where the caller has put the first argument: above the slots that it uses itself. The same as `base`, except that
    /// the frame of a function that keeps extra arguments has moved above them.
    pub fn arguments(self) -> *mut u64 {
        callers_view_of_base(self.vm, self.base)
    }

    /// A slot of the frame.
    ///
    /// # Panics
    /// When the function has no such slot.
    pub fn slot(self, index: u32) -> Value<'v> {
        assert!(index < self.code().frame_size(), "there is no slot {index}");
        // SAFETY: slots of a frame are inside the stack, and hold values that were not collected.
        unsafe { Value::from_bits(*self.base.wrapping_add(index as usize)) }
    }

    /// Replaces what is in a slot.
    ///
    /// # Panics
    /// When the function has no such slot.
    pub fn set_slot(self, index: u32, value: Value<'_>) {
        assert!(index < self.code().frame_size(), "there is no slot {index}");
        self.vm.mark_ran(self.coroutine);
        // SAFETY: slots of a frame are inside the stack, which the next collection looks at again.
        unsafe { *self.base.wrapping_add(index as usize) = value.bits() };
    }

    /// Whether the caller is Rust code, or the frame is the first of a coroutine.
    pub fn is_called_by_host(self) -> bool {
        let header = header(self.base);
        let stubs = &self.vm.language().stubs;
        header.delta == 0 || [stubs.exit.0, stubs.coroutine_finished.0].contains(&header.return_address)
    }
}

impl Vm {
    /// The frames of the running coroutine.
    pub fn frames(&self) -> Frames<'_> {
        // SAFETY: the hot part is always readable.
        unsafe { Frames::new(self, self.current_coroutine(), (*self.hot()).base, (*self.hot()).pc) }
    }

    /// The frame whose guest code will catch what is being thrown, in the running coroutine. Rust functions between
    /// are taken to pass errors on.
    pub fn catching_frame(&self) -> Option<Frame<'_>> {
        let exit = self.language().stubs.exit.0;
        let mut inner = self.frames();
        loop {
            let return_address = header(inner.next()?.base).return_address;
            if return_address != exit && self.catch(return_address).is_some() {
                return inner.next();
            }
        }
    }

    /// The frames of a coroutine; none when it has returned or was not started. Of one that has thrown they are those that
    /// were there then.
    pub fn frames_of<'v>(&'v self, coroutine: Ref<'v, Coroutine>) -> Frames<'v> {
        match coroutine.status() {
            CoroutineStatus::Running => self.frames(),
            CoroutineStatus::New => Frames::none(self, coroutine),
            _ if coroutine.stack_start().is_null() => Frames::none(self, coroutine),
            CoroutineStatus::Suspended | CoroutineStatus::Normal | CoroutineStatus::Dead => {
                Frames::new(self, coroutine, coroutine.base.get(), coroutine.pc.get())
            }
        }
    }
}

pub(crate) struct FrameHeader {
    pub callee: u32,
    /// Slots to the caller's base; 0 in the first frame of a stack.
    pub delta: usize,
    pub return_address: *const u8,
    /// The caller's.
    pub pc: *const u8,
}

/// Reads the header below the base of a frame.
pub(crate) fn header(base: *mut u64) -> FrameHeader {
    // SAFETY: only called with bases of frames, which have complete headers below them.
    unsafe {
        // Each half as it was stored: a load of both would have to wait for the stores.
        let halves = base.byte_offset(FRAME_CALLEE).cast::<u32>();
        FrameHeader {
            callee: *halves,
            delta: *halves.add(1) as usize,
            return_address: *base.byte_offset(FRAME_RETURN) as *const u8,
            pc: *base.byte_offset(FRAME_PC) as *const u8,
        }
    }
}

/// Writes the header below the base of a frame.
///
/// # Safety
/// The three words are on a stack and free.
pub(crate) unsafe fn write_header(base: *mut u64, header: &FrameHeader) {
    // SAFETY: as the caller says.
    unsafe {
        *base.byte_offset(FRAME_CALLEE) = header.callee as u64 | (header.delta as u64) << 32;
        *base.byte_offset(FRAME_RETURN) = header.return_address as u64;
        *base.byte_offset(FRAME_PC) = header.pc as u64;
    }
}

/// The base that the caller of a frame set up: that of a vararg frame has moved, unless its stack could not grow.
pub(crate) fn callers_view_of_base(vm: &Vm, base: *mut u64) -> *mut u64 {
    let moved = header(base);
    if moved.callee == 0 || !vm.code_of(moved.callee).is_vararg() {
        return base;
    }
    // SAFETY: below the header of a frame is a word of the stack.
    let shift = (unsafe { *base.byte_offset(FRAME_VARARGS) } >> 32) as usize;
    if shift <= HEADER_WORDS || shift > moved.delta {
        return base;
    }
    // The header that the caller wrote is still where it was.
    let callers = base.wrapping_sub(shift);
    let original = header(callers);
    let is_same = original.callee == moved.callee
        && original.delta + shift == moved.delta
        && original.return_address == moved.return_address
        && original.pc == moved.pc;
    if is_same { callers } else { base }
}
