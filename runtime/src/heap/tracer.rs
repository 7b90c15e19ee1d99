//! Marking: the tracer is shown values and references, and marks what they refer to.

use crate::abi::{GC_MARKED, Header};
use crate::heap::blocks::{BLOCK, LINE, meta};
use crate::heap::kinds::Kinds;
use crate::value::reference_in_bits;
use crate::vm::Vm;

/// 8-byte units of a block.
const UNITS: u32 = (BLOCK / 8) as u32;

/// Marks objects. Its stack is its own, so no shape of the object graph can exhaust the native stack.
pub struct Tracer<'a> {
    vm: &'a Vm,
    arena: *mut u8,
    kinds: &'a Kinds,
    pub(super) marking: Marking,
}

/// How far marking has come.
#[derive(Default)]
pub(super) struct Marking {
    /// Marked, but not traced yet.
    stack: Vec<u32>,
    pub weak: Vec<u32>,
    pub ephemerons: Vec<u32>,
    pub marked_bytes: usize,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(vm: &'a Vm, kinds: &'a Kinds, marking: Marking) -> Self {
        Tracer {
            vm,
            arena: vm.arena(),
            kinds,
            marking,
        }
    }

    /// The VM that is collected.
    pub fn vm(&self) -> &'a Vm {
        self.vm
    }

    /// The value is alive.
    #[inline]
    pub fn value(&mut self, bits: u64) {
        if let Some(object) = reference_in_bits(bits) {
            self.reference(object);
        }
    }

    /// The object is alive, unless the reference is null.
    #[inline]
    pub fn reference(&mut self, object: u32) {
        if object != 0 && self.mark(object) {
            self.marking.stack.push(object);
        }
    }

    /// All these values are alive.
    ///
    /// # Safety
    /// `count` values are readable there.
    #[inline]
    pub unsafe fn values(&mut self, values: *const u64, count: usize) {
        for i in 0..count {
            // SAFETY: as the caller says.
            self.value(unsafe { *values.add(i) });
        }
    }

    /// The value in this slot is alive.
    ///
    /// # Safety
    /// Null, or a slot with a value. A slot on a stack is there as long as its coroutine is alive.
    pub unsafe fn slot(&mut self, slot: *const u64) {
        if !slot.is_null() {
            // SAFETY: as the caller says.
            self.value(unsafe { *slot });
        }
    }

    /// The object is alive; what it refers to need not be. For the storage of weak containers.
    pub fn mark_only(&mut self, object: u32) {
        if object != 0 {
            self.mark(object);
        }
    }

    /// The container is shown to `Hooks::clear_weak` when all is marked.
    pub fn weak(&mut self, container: u32) {
        self.marking.weak.push(container);
    }

    /// The container is shown to `Hooks::converge` until nothing more is marked, then to `Hooks::clear_weak`.
    pub fn ephemeron(&mut self, container: u32) {
        self.marking.ephemerons.push(container);
    }

    /// Whether the object is alive as far as is known.
    #[inline]
    pub fn is_marked(&self, object: u32) -> bool {
        let bit = object % UNITS;
        // SAFETY: every object lies in a block whose description is committed.
        unsafe { (*meta(self.arena, object / UNITS)).marks[bit as usize / 64] & 1 << (bit % 64) != 0 }
    }

    /// Whether the value is no reference, or to an object that is alive as far as is known.
    pub fn is_value_marked(&self, bits: u64) -> bool {
        reference_in_bits(bits).is_none_or(|object| self.is_marked(object))
    }

    /// Traces a marked object once more: it was written since.
    pub(crate) fn rescan(&mut self, object: u32) {
        self.marking.stack.push(object);
    }

    /// Traces until all that is reachable is marked.
    pub(super) fn drain(&mut self) {
        while !self.drain_some(usize::MAX) {}
    }

    /// Traces so many objects, or until all that is reachable is marked: then answers true.
    pub(super) fn drain_some(&mut self, objects: usize) -> bool {
        for _ in 0..objects {
            let Some(object) = self.marking.stack.pop() else {
                return true;
            };
            let header = self.vm.address(object).cast::<Header>().cast_const();
            // SAFETY: only live objects get onto the stack.
            let kind = self.kinds.get(unsafe { (*header).kind });
            if kind.special.is_some_and(|special| special(self.vm, header, self)) {
                continue;
            }
            // SAFETY: a live object of that kind.
            unsafe { (kind.trace)(header, self) };
        }
        self.marking.stack.is_empty()
    }

    /// Answers whether the object was not marked before.
    #[inline]
    fn mark(&mut self, object: u32) -> bool {
        let is_new = !self.is_marked(object);
        if is_new {
            self.mark_new(object);
        }
        is_new
    }

    fn mark_new(&mut self, object: u32) {
        let (block, bit) = (object / UNITS, object % UNITS);
        // SAFETY: references in live objects are to objects, whose blocks' descriptions are committed.
        let meta = unsafe { &mut *meta(self.arena, block) };
        meta.marks[bit as usize / 64] |= 1 << (bit % 64);
        let header = self.vm.address(object).cast::<Header>();
        // SAFETY: as above.
        let size = unsafe {
            (*header).gc |= GC_MARKED;
            self.kinds.size_of(header)
        };
        self.marking.marked_bytes += size;
        if meta.large == 0 {
            let start = bit as usize * 8;
            debug_assert!(start + size <= BLOCK, "an object ends outside of its block");
            set_lines(&mut meta.lines, start / LINE, (start + size - 1) / LINE);
        }
    }
}

fn set_lines(lines: &mut [u64], first: usize, last: usize) {
    for line in first..=last {
        lines[line / 64] |= 1 << (line % 64);
    }
}
