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
//! * A collection that would take long goes in steps, between which the program runs (`cycle.rs`).
//! * Of large objects it is remembered which parts were written (`cards.rs`).
//! * The marks are bits beside the blocks. `GC_MARKED` in the header repeats them for the write barrier.

mod blocks;
mod cards;
mod cycle;
mod grow;
mod kinds;
mod registry;
mod space;
mod tracer;
mod weak;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::abi::{GC_REMEMBERED, Header, SAFEPOINT_COLLECT, SMALL_OBJECT};
use crate::vm::Vm;
use blocks::{BLOCK, LINE, UNITS, meta};
pub(crate) use cycle::Collection;
use cycle::Cycle;
pub(crate) use kinds::Kinds;
pub(crate) use registry::Registry;
use space::Space;
pub use tracer::Tracer;
pub(crate) use tracer::is_marked;

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
    /// About how long a collection may take at a time. What takes longer goes in steps.
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
    /// Bytes allocated, over all.
    pub allocated: u64,
    /// Bytes that were alive after the last collection (objects; old garbage counts until a full one).
    pub live: usize,
    /// How often the program has stood still: once for each collection, or for each of its steps.
    pub pauses: u64,
    /// Sum of all pauses.
    pub total_pause: Duration,
    /// Longest pause.
    pub longest_pause: Duration,
    /// Most time that the processor was busy with one pause: less than that when other programs ran meanwhile.
    pub longest_pause_cpu: Duration,
}

pub(crate) struct Heap {
    pub kinds: Kinds,
    pub parameters: Cell<GcParameters>,
    pub stats: Cell<GcStats>,
    /// Old objects that were written since the last collection.
    pub remembered: RefCell<Vec<u32>>,
    /// Large ones of which that is known by parts.
    written: RefCell<Vec<u32>>,
    /// Objects that will be finalised, in the order in which that was asked for.
    pub finalizable: RefCell<Registry>,
    /// Objects that died and wait for their finalisers; the next one last.
    pub pending: RefCell<Vec<u32>>,
    /// Code objects: they own memory outside of the heap.
    pub codes: RefCell<Registry>,
    /// Coroutines: likewise.
    pub coroutines: RefCell<Registry>,
    /// A collection that is under way.
    cycle: RefCell<Option<Cycle>>,
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

impl Heap {
    pub fn new(arena: *mut u8, kinds: Kinds, parameters: GcParameters) -> Self {
        Heap {
            kinds,
            parameters: Cell::new(parameters),
            stats: Cell::default(),
            remembered: RefCell::default(),
            written: RefCell::default(),
            finalizable: RefCell::default(),
            pending: RefCell::default(),
            codes: RefCell::default(),
            coroutines: RefCell::default(),
            cycle: RefCell::default(),
            short: Cell::new(false),
            external: Cell::new(0),
            live: Cell::new(0),
            allocated: Cell::new(0),
            nursery: Cell::new(FIRST_NURSERY),
            budget: Cell::new(FIRST_NURSERY),
            full_threshold: Cell::new(parameters.minimum),
            space: RefCell::new(Space::new(arena)),
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
        let object = if size > SMALL_OBJECT {
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
        heap.live.get() + heap.allocated.get() + self.bytes_in_run() + heap.external.get()
    }

    /// Bytes of memory that blocks in use take.
    pub fn bytes_committed(&self) -> usize {
        self.committed(&self.heap().space.borrow())
    }

    /// What the collector has done so far.
    pub fn gc_stats(&self) -> GcStats {
        let heap = self.heap();
        let stats = heap.stats.get();
        GcStats {
            live: heap.live.get(),
            allocated: stats.allocated + (heap.allocated.get() + self.bytes_in_run()) as u64,
            ..stats
        }
    }

    /// Bytes of the current allocation run that are in use.
    fn bytes_in_run(&self) -> usize {
        // SAFETY: the hot part is always readable.
        unsafe { (*self.hot()).alloc_cursor as usize - self.heap().space.borrow().run_start as usize }
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

    /// The same, when a place in the object is written.
    pub(crate) fn remember_place(&self, object: u32, place: *const u8) {
        let first = object / UNITS;
        // SAFETY: the barrier is called with live objects only, and places in them.
        unsafe {
            if (*meta(self.arena(), first)).large == 0 {
                self.remember(object);
            } else if cards::write(self.arena(), first, place) {
                self.heap().written.borrow_mut().push(object);
            }
        }
    }

    /// What was written of a large object does not matter any more.
    fn forget_written(&self, object: u32) {
        // SAFETY: the object is listed as one that was written, and large objects that are keep their memory.
        unsafe { cards::take(self.arena(), object / UNITS, |_| {}) };
    }

    /// Keeps a string that is in the table of strings, and may have been found dead.
    pub(crate) fn keep_string(&self, string: u32) {
        if !is_marked(self.arena(), string) {
            let marked = tracer::set_mark(self, string);
            self.heap().live.set(self.heap().live.get() + marked.size);
        }
    }
}
