//! The heap: a precise, non-moving, generational mark-region collector.
//!
//! * Small and medium objects lie in 32 KiB blocks of 64-byte lines. They are allocated by bumping a cursor through runs
//!   of free lines; a line is free when no marked object touches it. Nothing is swept object by object: marking sets
//!   line bits, and a block's free runs are read off them. After S. M. Blackburn and K. S. McKinley, "Immix: A
//!   Mark-Region Garbage Collector" (PLDI 2008), without its copying.
//! * Large objects have block ranges of their own.
//! * Marks stay after a collection: marked is old. A minor collection traces from the roots and from old objects that
//!   were written since, through unmarked objects only (sticky mark bits: A. Demers et al., "Combining Generational
//!   and Conservative Garbage Collection", POPL 1990). A full one clears all marks first.
//! * A full collection of a large heap marks in steps, between which the program runs. What is marked and then written is
//!   remembered by the same barrier, and traced again at the end.
//! * The marks are bits beside the blocks. `GC_MARKED` in the header repeats them for the write barrier.

mod blocks;
mod collect;
mod grow;
mod kinds;
mod tracer;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::abi::{GC_REMEMBERED, Header, SAFEPOINT_COLLECT};
use crate::vm::Vm;
use blocks::{BLOCK, BlockAllocator, LINE, LINES, block_start, meta};
pub(crate) use collect::Collection;
pub(crate) use kinds::Kinds;
use tracer::Marking;
pub use tracer::Tracer;

/// Objects up to this size lie in blocks with others.
const SMALL_MAX: usize = BLOCK / 4;
/// Objects from this size on do not skip small runs of lines, but go to blocks of their own.
const MEDIUM_MIN: usize = 8 * LINE;

/// Bytes that are allocated before the first collection. Small, so that what programs use that leave nothing behind fits
/// into the processor's cache.
const FIRST_NURSERY: usize = 512 << 10;

/// When to collect.
#[derive(Clone, Copy, Debug)]
pub struct GcParameters {
    /// Most bytes that are allocated between minor collections; more when much is alive, fewer as long as next to nothing
    /// survives them.
    pub nursery: usize,
    /// A full collection is due when this percentage of what the last one left is in use.
    pub pause: u32,
    /// Below this many bytes in use no full collection is due.
    pub minimum: usize,
    /// From this many bytes in use on, a full collection that becomes due marks in steps.
    pub in_steps_from: usize,
    /// About how long such a step takes.
    pub step: Duration,
    /// Collect at every safepoint, and fill free memory with garbage.
    pub stress: bool,
    /// Nothing is collected unless asked for.
    pub stopped: bool,
    /// Allocation fails when more bytes than this are in use.
    pub limit: Option<usize>,
}

impl Default for GcParameters {
    fn default() -> Self {
        GcParameters {
            nursery: 4 << 20,
            pause: 200,
            minimum: 2 << 20,
            in_steps_from: 32 << 20,
            step: Duration::from_millis(5),
            stress: false,
            stopped: false,
            limit: None,
        }
    }
}

/// What the collector has done so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcStats {
    /// Minor collections.
    pub minor: u64,
    /// Full collections.
    pub full: u64,
    /// Bytes allocated before the last collection, over all.
    pub allocated: u64,
    /// Bytes that were alive after the last collection (objects; old garbage counts until a full one).
    pub live: usize,
    /// Sum of all pauses.
    pub total_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
}

pub(crate) struct Heap {
    pub kinds: Kinds,
    pub parameters: Cell<GcParameters>,
    pub stats: Cell<GcStats>,
    /// Old objects that were written since the last collection.
    pub remembered: RefCell<Vec<u32>>,
    /// Objects that will be finalised, in the order in which that was asked for.
    pub finalizable: RefCell<Registry>,
    /// Objects that died and wait for their finalisers; the next one last.
    pub pending: RefCell<Vec<u32>>,
    /// Code objects: they own memory outside of the heap.
    pub codes: RefCell<Registry>,
    /// Coroutines: likewise.
    pub coroutines: RefCell<Registry>,
    /// A full collection that is under way.
    marking: RefCell<Option<Marking>>,
    /// Allocation has failed since the last collection.
    short: Cell<bool>,
    /// Bytes that objects own outside of the heap.
    pub external: Cell<usize>,
    /// Bytes of objects marked by the last collections.
    live: Cell<usize>,
    /// Bytes allocated since the last collection, the current run excepted.
    allocated: Cell<usize>,
    /// Bytes that are allocated between minor collections at the moment.
    nursery: Cell<usize>,
    /// A collection is due when `allocated` reaches it.
    budget: Cell<usize>,
    /// A full collection is due when more than this is in use.
    full_threshold: Cell<usize>,
    space: RefCell<Space>,
}

/// A list of objects in the order of their age.
#[derive(Default)]
pub(crate) struct Registry {
    pub objects: Vec<u32>,
    /// The objects before this one are old.
    pub young: usize,
}

/// Where objects lie.
struct Space {
    arena: *mut u8,
    blocks: BlockAllocator,
    /// All blocks of small objects.
    small: Vec<u32>,
    /// Those of them that have free lines and were not used since the last collection.
    recyclable: Vec<u32>,
    /// Those of them that have nothing but free lines.
    empty: Vec<u32>,
    /// Those of them that were used.
    used: Vec<u32>,
    /// First blocks of large objects.
    large: Registry,
    /// Block of the current run, and the line behind the run.
    current: u32,
    next_line: usize,
    run_start: *mut u8,
    medium: *mut u8,
    medium_end: *mut u8,
    /// Bytes that new blocks may take.
    room: usize,
}

impl Heap {
    pub fn new(arena: *mut u8, kinds: Kinds, parameters: GcParameters) -> Self {
        Heap {
            kinds,
            parameters: Cell::new(parameters),
            stats: Cell::default(),
            remembered: RefCell::default(),
            finalizable: RefCell::default(),
            pending: RefCell::default(),
            codes: RefCell::default(),
            coroutines: RefCell::default(),
            marking: RefCell::default(),
            short: Cell::new(false),
            external: Cell::new(0),
            live: Cell::new(0),
            allocated: Cell::new(0),
            nursery: Cell::new(FIRST_NURSERY),
            budget: Cell::new(FIRST_NURSERY),
            full_threshold: Cell::new(parameters.minimum),
            space: RefCell::new(Space {
                arena,
                blocks: BlockAllocator::new(arena),
                small: Vec::new(),
                recyclable: Vec::new(),
                empty: Vec::new(),
                used: Vec::new(),
                large: Registry::default(),
                current: 0,
                next_line: LINES,
                run_start: std::ptr::null_mut(),
                medium: std::ptr::null_mut(),
                medium_end: std::ptr::null_mut(),
                room: 0,
            }),
        }
    }
}

impl Vm {
    /// Memory for an object, zero but for its header; `None` when there is none.
    #[inline]
    pub(crate) fn allocate_object(&self, kind: u8, length: usize) -> Option<*mut Header> {
        self.allocate_sized(kind, length, self.heap().kinds.size(kind, length))
    }

    /// Memory for an object whose size is known: `bytes`, if there can be such an object.
    #[inline]
    pub(crate) fn allocate_sized(&self, kind: u8, length: usize, bytes: Option<usize>) -> Option<*mut Header> {
        let aux = u32::try_from(length).ok()?;
        let size = bytes?.checked_next_multiple_of(8)?;
        debug_assert_eq!(Some(size), self.heap().kinds.size(kind, length));
        let hot = self.hot();
        // SAFETY: the hot part is always readable and writable; only this thread uses the allocation run.
        let (cursor, end) = unsafe { ((*hot).alloc_cursor, (*hot).alloc_end) };
        let object = if size <= end as usize - cursor as usize {
            // SAFETY: as above; the new cursor is in the run.
            unsafe { (*hot).alloc_cursor = cursor.add(size) };
            cursor
        } else {
            self.allocate_slow(size)?
        };
        let object = object.cast::<Header>();
        // SAFETY: the memory was free, is zero, and large enough.
        unsafe {
            object.write(Header {
                kind,
                gc: 0,
                flags: 0,
                aux,
            })
        };
        Some(object)
    }

    #[cold]
    fn allocate_slow(&self, size: usize) -> Option<*mut u8> {
        let heap = self.heap();
        let mut space = heap.space.borrow_mut();
        let limit = heap.parameters.get().limit;
        space.room = limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.committed(&space)));
        let object = if size > SMALL_MAX {
            space.allocate_large(size)
        } else if size >= MEDIUM_MIN {
            space.allocate_medium(size)
        } else {
            self.retire_run(&mut space);
            space.next_run(size).map(|(start, end)| {
                let hot = self.hot();
                // SAFETY: only this thread uses the allocation run.
                unsafe {
                    (*hot).alloc_cursor = start.add(size);
                    (*hot).alloc_end = end;
                }
                start
            })
        };
        drop(space);
        match object {
            Some(_) if size >= MEDIUM_MIN => heap.allocated.set(heap.allocated.get() + size),
            Some(_) => {}
            None => self.memory_is_short(),
        }
        self.check_budget();
        object
    }

    /// The next safepoint collects everything.
    fn memory_is_short(&self) {
        self.heap().short.set(true);
        self.raise_safepoint(SAFEPOINT_COLLECT);
    }

    /// Counts what was allocated in the current run, and forgets the run.
    fn retire_run(&self, space: &mut Space) {
        let (heap, hot) = (self.heap(), self.hot());
        // SAFETY: only this thread uses the allocation run.
        unsafe {
            let bytes = (*hot).alloc_cursor as usize - space.run_start as usize;
            heap.allocated.set(heap.allocated.get() + bytes);
            (*hot).alloc_cursor = std::ptr::null_mut();
            (*hot).alloc_end = std::ptr::null_mut();
        }
        space.run_start = std::ptr::null_mut();
    }

    /// Bytes of blocks with objects, and of what objects own outside.
    fn committed(&self, space: &Space) -> usize {
        (space.blocks.in_use() as usize - space.empty.len()) * BLOCK + self.heap().external.get()
    }

    /// Asks for a collection when one is due.
    fn check_budget(&self) {
        let heap = self.heap();
        if heap.allocated.get() >= heap.budget.get() && !heap.parameters.get().stopped {
            self.raise_safepoint(SAFEPOINT_COLLECT);
        }
    }

    /// Counts bytes that an object owns outside of the heap. Answers false when they are beyond the memory limit; they
    /// count nevertheless.
    pub(crate) fn add_external(&self, bytes: usize) -> bool {
        let heap = self.heap();
        heap.external.set(heap.external.get() + bytes);
        heap.allocated.set(heap.allocated.get() + bytes);
        self.check_budget();
        let limit = heap.parameters.get().limit;
        let fits = limit.is_none_or(|limit| self.committed(&heap.space.borrow()) <= limit);
        if !fits {
            self.memory_is_short();
        }
        fits
    }

    /// Counts bytes that an object no longer owns.
    pub(crate) fn remove_external(&self, bytes: usize) {
        self.heap().external.set(self.heap().external.get() - bytes);
    }

    /// Bytes in use: objects alive after the last collection, what was allocated since, and what they own outside.
    pub fn bytes_in_use(&self) -> usize {
        let heap = self.heap();
        let space = heap.space.borrow();
        // SAFETY: the hot part is always readable.
        let run = unsafe { (*self.hot()).alloc_cursor } as usize - space.run_start as usize;
        heap.live.get() + heap.allocated.get() + run + heap.external.get()
    }

    /// Bytes of memory that blocks in use take.
    pub fn bytes_committed(&self) -> usize {
        self.committed(&self.heap().space.borrow())
    }

    /// What the collector has done so far.
    pub fn gc_stats(&self) -> GcStats {
        GcStats {
            live: self.heap().live.get(),
            ..self.heap().stats.get()
        }
    }

    /// When to collect.
    pub fn gc_parameters(&self) -> GcParameters {
        self.heap().parameters.get()
    }

    /// Changes when to collect, from now on.
    pub fn set_gc_parameters(&self, parameters: GcParameters) {
        self.heap().parameters.set(parameters);
        self.set_budgets();
        if parameters.stopped {
            self.clear_safepoint(SAFEPOINT_COLLECT);
        } else if parameters.stress {
            self.raise_safepoint(SAFEPOINT_COLLECT);
        }
        self.check_budget();
    }

    /// The slow half of the write barrier: an old object is about to be written, or just was.
    pub(crate) fn remember(&self, object: u32) {
        let header = self.address(object).cast::<Header>();
        // SAFETY: the barrier is called with live objects only.
        unsafe { (*header).gc |= GC_REMEMBERED };
        self.heap().remembered.borrow_mut().push(object);
    }
}

impl Registry {
    pub fn push(&mut self, object: u32) {
        self.objects.push(object);
    }
}

impl Space {
    /// The next run of free lines that is large enough, zeroed.
    fn next_run(&mut self, size: usize) -> Option<(*mut u8, *mut u8)> {
        loop {
            while self.next_line < LINES {
                // SAFETY: blocks in use have descriptions.
                let meta = unsafe { &mut *meta(self.arena, self.current) };
                let Some((first, end)) = free_run(&meta.lines, self.next_line) else {
                    break;
                };
                self.next_line = end;
                if (end - first) * LINE < size {
                    continue;
                }
                let start = block_start(self.arena, self.current).wrapping_add(first * LINE);
                if meta.dirty {
                    // SAFETY: no object touches free lines.
                    unsafe { start.write_bytes(0, (end - first) * LINE) };
                }
                meta.dirty |= end == LINES;
                self.run_start = start;
                return Some((start, start.wrapping_add((end - first) * LINE)));
            }
            self.current = match self.recyclable.pop() {
                Some(block) => block,
                None => self.new_small_block()?,
            };
            self.used.push(self.current);
            self.next_line = 0;
        }
    }

    fn new_small_block(&mut self) -> Option<u32> {
        if self.room < BLOCK {
            return None;
        }
        if let Some(block) = self.empty.pop() {
            return Some(block);
        }
        let block = self.blocks.take(1)?;
        // SAFETY: blocks that were taken have descriptions.
        debug_assert!(unsafe { (*meta(self.arena, block)).lines == [0; LINES / 64] });
        self.small.push(block);
        Some(block)
    }

    fn allocate_medium(&mut self, size: usize) -> Option<*mut u8> {
        if size > self.medium_end as usize - self.medium as usize {
            let block = self.new_small_block()?;
            self.used.push(block);
            let start = block_start(self.arena, block);
            self.zero(block, BLOCK);
            (self.medium, self.medium_end) = (start, start.wrapping_add(BLOCK));
        }
        let object = self.medium;
        self.medium = object.wrapping_add(size);
        Some(object)
    }

    fn allocate_large(&mut self, size: usize) -> Option<*mut u8> {
        if size > self.room {
            return None;
        }
        let count = u32::try_from(size.div_ceil(BLOCK)).ok()?;
        let first = self.blocks.take(count)?;
        for (i, block) in (first..first + count).enumerate() {
            self.zero(block, BLOCK.min(size - i * BLOCK));
        }
        // SAFETY: blocks that were taken have descriptions.
        unsafe { (*meta(self.arena, first)).large = count };
        self.large.push(first);
        Some(block_start(self.arena, first))
    }

    /// Makes the first bytes of a free block zero and the block dirty.
    fn zero(&mut self, block: u32, bytes: usize) {
        // SAFETY: blocks that were taken have descriptions, and nothing else in them.
        unsafe {
            let meta = &mut *meta(self.arena, block);
            if meta.dirty {
                block_start(self.arena, block).write_bytes(0, bytes);
            }
            meta.dirty = true;
        }
    }
}

/// First and last (exclusive) of the next free lines from `from` on.
fn free_run(lines: &[u64; LINES / 64], from: usize) -> Option<(usize, usize)> {
    let first = next_line(lines, from, true)?;
    Some((first, next_line(lines, first, false).unwrap_or(LINES)))
}

/// The next line that is free, or that is not.
fn next_line(lines: &[u64; LINES / 64], from: usize, free: bool) -> Option<usize> {
    let mut word = from / 64;
    let mut mask = u64::MAX << (from % 64);
    while word < lines.len() {
        let bits = if free { !lines[word] } else { lines[word] } & mask;
        if bits != 0 {
            return Some(word * 64 + bits.trailing_zeros() as usize);
        }
        word += 1;
        mask = u64::MAX;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_runs() {
        let mut lines = [0; LINES / 64];
        assert_eq!(free_run(&lines, 0), Some((0, LINES)));
        lines[0] = 0b1011;
        lines[2] = 1;
        assert_eq!(free_run(&lines, 0), Some((2, 3)));
        assert_eq!(free_run(&lines, 3), Some((4, 128)));
        assert_eq!(free_run(&lines, 128), Some((129, LINES)));
        assert_eq!(free_run(&[u64::MAX; LINES / 64], 0), None);
        lines[LINES / 64 - 1] = 1 << 63;
        assert_eq!(free_run(&lines, 129), Some((129, LINES - 1)));
        assert_eq!(free_run(&lines, LINES - 1), None);
    }
}
