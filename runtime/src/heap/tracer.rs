//! Marking: the tracer is shown values and references, and marks what they refer to.

use std::collections::HashSet;
use std::ops::Range;

use crate::abi::{GC_MARKED, Header, KIND_STR};
use crate::heap::blocks::{BLOCK, LINE, UNITS, meta};
use crate::heap::cards;
use crate::heap::kinds::Kinds;
use crate::value::reference_in_bits;
use crate::vm::Vm;

/// Elements of a large object that are traced at a time.
const PART: usize = 1024;
/// So many of them count as an object.
const PART_ITEMS: usize = 16;

/// Marks objects. Its stack is its own, so no shape of the object graph can exhaust the native stack.
pub struct Tracer<'a> {
    vm: &'a Vm,
    arena: *mut u8,
    kinds: &'a Kinds,
    /// Which elements of the object are to be traced.
    window: Range<usize>,
    pub(super) marking: Marking,
}

/// How far marking has come.
#[derive(Default)]
pub(super) struct Marking {
    /// Marked, but not traced yet.
    stack: Vec<u32>,
    /// Elements of large objects that are to be traced yet.
    parts: Vec<(u32, Range<u32>)>,
    pub weak: Vec<u32>,
    pub ephemerons: Vec<u32>,
    /// Weak containers, and the objects that hold what is in them. These are marked, but not traced.
    held_weakly: HashSet<u32>,
    /// One of those was written since.
    is_stale: bool,
    pub marked_bytes: usize,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(vm: &'a Vm, kinds: &'a Kinds, marking: Marking) -> Self {
        Tracer {
            vm,
            arena: vm.arena(),
            kinds,
            window: 0..usize::MAX,
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
        if object != 0 && !self.is_marked(object) {
            self.mark_and_trace(object);
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

    /// Which elements of the object that is traced are to be shown, of so many: an object that has very many is traced in
    /// parts.
    #[inline]
    pub fn part(&self, length: usize) -> Range<usize> {
        self.window.start.min(length)..self.window.end.min(length)
    }

    /// The object is alive; what it refers to need not be. For the storage of weak containers.
    pub fn mark_only(&mut self, object: u32) {
        if object != 0 {
            self.marking.held_weakly.insert(object);
            if !self.is_marked(object) {
                self.marking.marked_bytes += set_mark(self.vm, object).size;
            }
        }
    }

    /// The container is shown to `Hooks::clear_weak` when all is marked.
    pub fn weak(&mut self, container: u32) {
        if self.window.start == 0 {
            self.marking.held_weakly.insert(container);
            self.marking.weak.push(container);
        }
    }

    /// The container is shown to `Hooks::converge` until nothing more is marked, then to `Hooks::clear_weak`.
    pub fn ephemeron(&mut self, container: u32) {
        if self.window.start == 0 {
            self.marking.held_weakly.insert(container);
            self.marking.ephemerons.push(container);
        }
    }

    /// Whether the object is alive as far as is known.
    #[inline]
    pub fn is_marked(&self, object: u32) -> bool {
        is_marked(self.arena, object)
    }

    /// Whether the value is no reference, or to an object that is alive as far as is known.
    pub fn is_value_marked(&self, bits: u64) -> bool {
        reference_in_bits(bits).is_none_or(|object| self.is_marked(object))
    }

    /// Traces a marked object once more: it was written since.
    pub(crate) fn rescan(&mut self, object: u32) {
        if self.marking.held_weakly.contains(&object) {
            self.marking.is_stale = true;
        } else {
            self.push(object);
        }
    }

    /// Traces the parts of a marked large object once more that were written since.
    pub(super) fn rescan_written(&mut self, object: u32) {
        let (arena, kinds) = (self.arena, self.kinds);
        let held_weakly = self.marking.held_weakly.contains(&object);
        self.marking.is_stale |= held_weakly;
        let header = self.vm.address(object).cast::<Header>().cast_const();
        // SAFETY: the object is a large one that is alive.
        unsafe {
            let length = (*header).aux as usize;
            cards::take(arena, object / UNITS, |bytes| {
                if !held_weakly {
                    let items = kinds.items_at((*header).kind, bytes);
                    let (first, end) = (items.start.min(length) as u32, items.end.min(length) as u32);
                    self.marking.parts.push((object, first..end));
                }
            });
        }
    }

    /// Traces weak containers again, if one of them was written since it was traced.
    pub(super) fn refresh_weak(&mut self) {
        if !std::mem::take(&mut self.marking.is_stale) {
            return;
        }
        let before = std::mem::take(&mut self.marking.held_weakly);
        let mut containers = std::mem::take(&mut self.marking.weak);
        containers.append(&mut self.marking.ephemerons);
        containers.sort_unstable();
        containers.dedup();
        containers.into_iter().for_each(|container| self.push(container));
        self.drain();
        // What does not belong to a weak container any more is like any other object.
        for object in before {
            if !self.marking.held_weakly.contains(&object) {
                self.push(object);
            }
        }
        self.drain();
    }

    /// Traces until all that is reachable is marked.
    pub(super) fn drain(&mut self) {
        while !self.drain_some(usize::MAX) {}
    }

    /// Traces about so many objects, or until all that is reachable is marked: then answers true.
    pub(super) fn drain_some(&mut self, objects: usize) -> bool {
        let mut work = 0;
        while work < objects {
            if let Some(object) = self.marking.stack.pop() {
                self.trace(object);
                work += 1;
            } else if let Some((object, items)) = self.marking.parts.pop() {
                work += items.len().clamp(1, PART) / PART_ITEMS + 1;
                self.trace_part(object, items);
            } else {
                return true;
            }
        }
        self.marking.stack.is_empty() && self.marking.parts.is_empty()
    }

    fn trace(&mut self, object: u32) {
        let header = self.vm.address(object).cast::<Header>().cast_const();
        // SAFETY: only live objects get onto the stack.
        let kind = self.kinds.get(unsafe { (*header).kind });
        if kind.special.is_some_and(|special| special(self.vm, header, self)) {
            return;
        }
        // SAFETY: a live object of that kind.
        unsafe { (kind.trace)(header, self) };
    }

    fn trace_part(&mut self, object: u32, items: Range<u32>) {
        let (start, end) = (items.start as usize, items.end as usize);
        let until = end.min(start + PART);
        if until < end {
            self.marking.parts.push((object, until as u32..items.end));
        }
        self.window = start..until;
        self.trace(object);
        self.window = 0..usize::MAX;
    }

    fn mark_and_trace(&mut self, object: u32) {
        let marked = set_mark(self.vm, object);
        self.marking.marked_bytes += marked.size;
        if !marked.is_leaf {
            self.push_sized(object, marked.is_large);
        }
    }

    fn push(&mut self, object: u32) {
        // SAFETY: live objects lie in blocks with descriptions.
        self.push_sized(object, unsafe { (*meta(self.arena, object / UNITS)).large != 0 });
    }

    fn push_sized(&mut self, object: u32, is_large: bool) {
        if is_large {
            // SAFETY: the object is alive.
            let length = unsafe { (*self.vm.address(object).cast::<Header>()).aux };
            self.marking.parts.push((object, 0..length));
        } else {
            self.marking.stack.push(object);
        }
    }
}

/// Whether the object is marked.
#[inline]
pub(crate) fn is_marked(arena: *mut u8, object: u32) -> bool {
    let bit = object % UNITS;
    // SAFETY: every object lies in a block whose description is committed.
    unsafe { (*meta(arena, object / UNITS)).marks[bit as usize / 64] & 1 << (bit % 64) != 0 }
}

/// An object that was just marked.
pub(super) struct Marked {
    pub size: usize,
    is_large: bool,
    /// It refers to nothing.
    is_leaf: bool,
}

/// Marks an object that is not marked yet.
pub(super) fn set_mark(vm: &Vm, object: u32) -> Marked {
    let (block, bit) = (object / UNITS, object % UNITS);
    // SAFETY: references in live objects are to objects, whose blocks' descriptions are committed.
    let meta = unsafe { &mut *meta(vm.arena(), block) };
    meta.marks[bit as usize / 64] |= 1 << (bit % 64);
    let header = vm.address(object).cast::<Header>();
    // SAFETY: as above.
    let (size, is_leaf) = unsafe {
        (*header).gc |= GC_MARKED;
        (vm.heap().kinds.size_of(header), (*header).kind == KIND_STR)
    };
    let is_large = meta.large != 0;
    if !is_large {
        let start = bit as usize * 8;
        debug_assert!(start + size <= BLOCK, "an object ends outside of its block");
        set_lines(&mut meta.lines, start / LINE, (start + size - 1) / LINE);
    }
    Marked {
        size,
        is_large,
        is_leaf,
    }
}

fn set_lines(lines: &mut [u64], first: usize, last: usize) {
    for line in first..=last {
        lines[line / 64] |= 1 << (line % 64);
    }
}
