//! A collection, step by step.

use std::time::Instant;

use crate::abi::{GC_REMEMBERED, Header, SAFEPOINT_COLLECT, SAFEPOINT_FINALIZE};
use crate::heap::blocks::{BLOCK, LINES, block_start, meta};
use crate::heap::tracer::Marking;
use crate::heap::{FIRST_NURSERY, GcStats, Registry, Space, Tracer};
use crate::language::WeakPhase;
use crate::vm::Vm;

/// How much to collect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Collection {
    /// What was allocated since the last collection.
    Minor,
    /// Everything.
    Full,
}

/// Blocks with fewer free lines than this are not worth a visit of the allocator.
const WORTHWHILE_LINES: usize = LINES / 16;

/// A step of marking looks at the clock after so many objects.
const STEP_OBJECTS: usize = 256;
/// Bytes that are allocated between two steps, at most.
const STEP_BYTES: usize = 1 << 20;

impl Vm {
    /// The collection that is due.
    pub(crate) fn collect_due(&mut self) {
        let heap = self.heap();
        // What was allocated since the last collection is left out: a minor one shows how much of it is garbage.
        let survived = heap.live.get() + heap.external.get();
        let full_is_due = heap.short.get() || survived >= heap.full_threshold.get();
        // Under stress most collections are minor, so that missing barriers show.
        let stats = heap.stats.get();
        let full_for_stress = heap.parameters.get().stress && (stats.minor + stats.full) % 8 == 7;
        let in_steps =
            survived >= heap.parameters.get().in_steps_from && !heap.short.get() && !heap.parameters.get().stress;
        if heap.marking.borrow().is_some() && !heap.short.get() {
            self.step_marking();
        } else if full_is_due && in_steps {
            self.start_marking();
        } else if full_is_due || full_for_stress {
            self.collect(Collection::Full);
        } else {
            self.collect(Collection::Minor);
        }
    }

    /// Begins a full collection that marks in steps. Until it is complete nothing is reclaimed, and memory is handed out
    /// from blocks only in which nothing is alive, because the marks do not say yet what is.
    fn start_marking(&self) {
        let begin = Instant::now();
        self.start(Collection::Full);
        let heap = self.heap();
        {
            let mut space = heap.space.borrow_mut();
            space.recyclable.clear();
        }
        let mut tracer = Tracer::new(self, &heap.kinds, Marking::default());
        self.trace_all_roots(&mut tracer);
        *heap.marking.borrow_mut() = Some(tracer.marking);
        self.await_next_step();
        self.count_pause(begin);
    }

    /// Marks for a while; completes the collection when all is marked. Objects that are marked and then written are
    /// remembered by the barrier, as old ones are, and traced again at the end; so are stacks that have run.
    fn step_marking(&mut self) {
        let begin = Instant::now();
        let marking = self.heap().marking.take().expect("marking is under way");
        // The running stack may be traced: what it has in use is known from its saved state.
        self.save_current();
        let mut tracer = Tracer::new(self, &self.heap().kinds, marking);
        let goal = self.gc_parameters().step;
        let mut done = tracer.drain_some(STEP_OBJECTS);
        while !done && begin.elapsed() < goal {
            done = tracer.drain_some(STEP_OBJECTS);
        }
        let marking = tracer.marking;
        if done {
            self.complete_marking(marking);
        } else {
            *self.heap().marking.borrow_mut() = Some(marking);
            self.await_next_step();
        }
        self.count_pause(begin);
    }

    fn complete_marking(&mut self, marking: Marking) {
        {
            let heap = self.heap();
            self.retire_all(&mut heap.space.borrow_mut());
            let mut tracer = Tracer::new(self, &heap.kinds, marking);
            // Nothing was reclaimed since these were remembered. What is not marked yet is traced when it is.
            let mut written = std::mem::take(&mut *heap.remembered.borrow_mut());
            written.retain(|&object| {
                self.forget(object);
                tracer.is_marked(object)
            });
            written.into_iter().for_each(|object| tracer.rescan(object));
            self.trace_all_roots(&mut tracer);
            tracer.drain();
            self.finish_weak(Collection::Full, &mut tracer);
            heap.live.set(tracer.marking.marked_bytes);
            self.drop_dead(Collection::Full, &tracer);
            self.sweep_caches(Collection::Full, &tracer);
        }
        self.reclaim(Collection::Full);
        self.after_collection(Collection::Full);
        let stats = self.heap().stats.get();
        self.heap().stats.set(GcStats {
            full: stats.full + 1,
            ..stats
        });
    }

    /// Lets the program run until it has allocated a little more.
    fn await_next_step(&self) {
        let heap = self.heap();
        let bytes = STEP_BYTES.min(heap.parameters.get().nursery).max(BLOCK);
        heap.budget.set(heap.allocated.get() + bytes);
        self.clear_safepoint(SAFEPOINT_COLLECT);
    }

    fn count_pause(&self, begin: Instant) {
        let mut stats = self.heap().stats.get();
        let pause = begin.elapsed();
        stats.total_pause += pause;
        stats.longest_pause = stats.longest_pause.max(pause);
        self.heap().stats.set(stats);
    }

    pub(crate) fn collect(&mut self, what: Collection) {
        let begin = Instant::now();
        // What is marked in part says nothing about what is young.
        let what = match self.heap().marking.take() {
            Some(_) => Collection::Full,
            None => what,
        };
        self.start(what);
        {
            let heap = self.heap();
            let mut tracer = Tracer::new(self, &heap.kinds, Marking::default());
            self.trace_all_roots(&mut tracer);
            tracer.drain();
            self.finish_weak(what, &mut tracer);
            let survived = if what == Collection::Full { 0 } else { heap.live.get() };
            heap.live.set(survived + tracer.marking.marked_bytes);
            if what == Collection::Minor {
                self.adapt_nursery(tracer.marking.marked_bytes);
            }
            self.sweep_caches(what, &tracer);
            self.drop_dead(what, &tracer);
        }
        self.reclaim(what);
        self.after_collection(what);
        self.count_pause(begin);
        let mut stats = self.heap().stats.get();
        match what {
            Collection::Minor => stats.minor += 1,
            Collection::Full => stats.full += 1,
        }
        self.heap().stats.set(stats);
    }

    /// A collection costs as much as survives. When that is much, fewer collections give objects more time to die; when it
    /// is next to nothing, a small nursery costs nothing and stays in the cache.
    fn adapt_nursery(&self, survived: usize) {
        let heap = self.heap();
        let (nursery, allocated) = (heap.nursery.get(), heap.allocated.get());
        if survived > allocated / 16 {
            heap.nursery.set((2 * nursery).min(heap.parameters.get().nursery));
        } else if survived < allocated / 128 {
            heap.nursery.set((nursery / 2).max(FIRST_NURSERY));
        }
    }

    fn start(&self, what: Collection) {
        let heap = self.heap();
        let mut space = heap.space.borrow_mut();
        self.retire_all(&mut space);
        if what == Collection::Full {
            // Old objects are about to lose their marks, and with them what tells them from dead ones.
            for object in std::mem::take(&mut *heap.remembered.borrow_mut()) {
                self.forget(object);
            }
            space.clear_marks();
        }
    }

    /// What is allocated from now on lies elsewhere.
    fn retire_all(&self, space: &mut Space) {
        self.retire_run(space);
        space.next_line = LINES;
        (space.medium, space.medium_end) = (std::ptr::null_mut(), std::ptr::null_mut());
    }

    fn forget(&self, object: u32) {
        let header = self.address(object).cast::<Header>();
        // SAFETY: remembered objects are old, and old objects keep their memory until a full collection.
        unsafe { (*header).gc &= !GC_REMEMBERED };
    }

    fn trace_all_roots(&self, tracer: &mut Tracer<'_>) {
        for object in std::mem::take(&mut *self.heap().remembered.borrow_mut()) {
            // A hook may have written to an object that was about to be reclaimed.
            if tracer.is_marked(object) {
                self.forget(object);
                tracer.rescan(object);
            }
        }
        for &object in self.heap().pending.borrow().iter() {
            tracer.reference(object);
        }
        self.trace_roots(tracer);
        (self.hooks().trace_roots)(self, tracer);
    }

    /// Ephemerons, weak containers, finalisers.
    fn finish_weak(&self, what: Collection, tracer: &mut Tracer<'_>) {
        self.converge(tracer);
        self.clear_weak(tracer, WeakPhase::BeforeFinalizers);
        if self.resurrect(what, tracer) {
            tracer.drain();
            self.converge(tracer);
        }
        self.clear_weak(tracer, WeakPhase::AfterFinalizers);
    }

    fn converge(&self, tracer: &mut Tracer<'_>) {
        loop {
            let mut progress = false;
            // Tracing may register more of them.
            let mut i = 0;
            while i < tracer.marking.ephemerons.len() {
                progress |= (self.hooks().converge)(self, tracer.marking.ephemerons[i], tracer);
                tracer.drain();
                i += 1;
            }
            if !progress {
                return;
            }
        }
    }

    fn clear_weak(&self, tracer: &mut Tracer<'_>, phase: WeakPhase) {
        for &container in tracer.marking.weak.iter().chain(&tracer.marking.ephemerons) {
            (self.hooks().clear_weak)(self, container, tracer, phase);
        }
    }

    /// Moves dead objects with finalisers to the pending ones and marks them. Answers whether there were any.
    fn resurrect(&self, what: Collection, tracer: &mut Tracer<'_>) -> bool {
        let mut dead = Vec::new();
        self.heap().finalizable.borrow_mut().retain(what, |object| {
            let lives = tracer.is_marked(object);
            if !lives {
                dead.push(object);
            }
            lives
        });
        for &object in &dead {
            tracer.reference(object);
        }
        let any = !dead.is_empty();
        if any {
            // The youngest is finalised first, but after those that already wait.
            let mut pending = self.heap().pending.borrow_mut();
            pending.splice(0..0, dead);
            self.raise_safepoint(SAFEPOINT_FINALIZE);
        }
        any
    }

    /// Lets go of what dead strings, code objects and coroutines occupy elsewhere.
    fn drop_dead(&self, what: Collection, tracer: &Tracer<'_>) {
        self.strings()
            .sweep(what == Collection::Full, |object| tracer.is_marked(object));
        self.heap().codes.borrow_mut().retain(what, |object| {
            let lives = tracer.is_marked(object);
            if !lives {
                self.free_code(object);
            }
            lives
        });
        self.heap().coroutines.borrow_mut().retain(what, |object| {
            let lives = tracer.is_marked(object);
            if !lives {
                self.free_coroutine(object);
            }
            lives
        });
    }

    fn reclaim(&self, what: Collection) {
        let heap = self.heap();
        let stress = heap.parameters.get().stress;
        let mut space = heap.space.borrow_mut();
        space.reclaim_large(what);
        match what {
            Collection::Minor => space.reclaim_used(stress),
            Collection::Full => space.reclaim_all(stress),
        }
        if what == Collection::Full {
            // Half of what is in use may come back at once; more than that is the system's.
            let keep = (space.blocks.in_use() / 2).max((heap.parameters.get().nursery / BLOCK) as u32);
            space.blocks.release_free(keep);
        }
    }

    fn after_collection(&self, what: Collection) {
        let heap = self.heap();
        let mut stats = heap.stats.get();
        stats.allocated += heap.allocated.get() as u64;
        heap.stats.set(stats);
        heap.allocated.set(0);
        let parameters = heap.parameters.get();
        if what == Collection::Full {
            let in_use = heap.live.get() + heap.external.get();
            heap.full_threshold.set(
                (in_use / 100)
                    .saturating_mul(parameters.pause as usize)
                    .max(parameters.minimum),
            );
        }
        heap.short.set(false);
        self.set_budgets();
        self.clear_safepoint(SAFEPOINT_COLLECT);
        if parameters.stress && !parameters.stopped {
            self.raise_safepoint(SAFEPOINT_COLLECT);
        }
    }

    /// Sets how much may be allocated until the next collection. Near the memory limit that is less.
    pub(super) fn set_budgets(&self) {
        let heap = self.heap();
        let parameters = heap.parameters.get();
        // The more is alive, the more a collection costs that looks at all of the roots; but it should not take long.
        let in_use = heap.live.get() + heap.external.get();
        let nursery = heap.nursery.get().min(parameters.nursery);
        let mut budget = nursery.max((in_use / 8).min(2 * parameters.nursery));
        if let Some(limit) = parameters.limit {
            let room = limit.saturating_sub(in_use);
            budget = budget.min(room / 2);
            heap.full_threshold
                .set(heap.full_threshold.get().min(limit - limit / 4));
        }
        heap.budget.set(budget.max(BLOCK));
    }
}

impl Registry {
    /// Keeps the objects that `lives` answers true for; a minor collection asks about young ones only.
    pub(super) fn retain(&mut self, what: Collection, mut lives: impl FnMut(u32) -> bool) {
        let from = if what == Collection::Full { 0 } else { self.young };
        let mut kept = from;
        for i in from..self.objects.len() {
            if lives(self.objects[i]) {
                self.objects[kept] = self.objects[i];
                kept += 1;
            }
        }
        self.objects.truncate(kept);
        self.young = kept;
    }
}

impl Space {
    fn clear_marks(&mut self) {
        for &block in self.small.iter().chain(&self.large.objects) {
            // SAFETY: blocks in use have descriptions.
            let meta = unsafe { &mut *meta(self.arena, block) };
            meta.marks.fill(0);
            meta.lines.fill(0);
        }
    }

    fn reclaim_large(&mut self, what: Collection) {
        let (arena, blocks) = (self.arena, &mut self.blocks);
        self.large.retain(what, |first| {
            // SAFETY: blocks in use have descriptions.
            let meta = unsafe { &mut *meta(arena, first) };
            let lives = meta.marks[0] & 1 != 0;
            if !lives {
                blocks.give_back(first, meta.large);
                meta.large = 0;
            }
            lives
        });
    }

    /// Only blocks that were allocated from can have changed.
    fn reclaim_used(&mut self, stress: bool) {
        for block in std::mem::take(&mut self.used) {
            if !self.reclaim_block(block, stress) {
                self.empty.push(block);
            }
        }
    }

    fn reclaim_all(&mut self, stress: bool) {
        self.used.clear();
        self.recyclable.clear();
        self.empty.clear();
        let mut small = std::mem::take(&mut self.small);
        small.retain(|&block| {
            let stays = self.reclaim_block(block, stress);
            if !stays {
                self.blocks.give_back(block, 1);
            }
            stays
        });
        self.small = small;
    }

    /// Makes the block's free lines available. Answers whether anything in it is alive.
    fn reclaim_block(&mut self, block: u32, stress: bool) -> bool {
        // SAFETY: blocks in use have descriptions.
        let meta = unsafe { &mut *meta(self.arena, block) };
        meta.dirty = true;
        let marked: u32 = meta.lines.iter().map(|word| word.count_ones()).sum();
        if stress {
            self.poison(block);
        }
        if marked != 0 && LINES - marked as usize >= WORTHWHILE_LINES {
            self.recyclable.push(block);
        }
        marked != 0
    }

    /// Fills free lines with what no object looks like, so that a stale reference shows at once.
    fn poison(&mut self, block: u32) {
        let mut from = 0;
        // SAFETY: blocks in use have descriptions, and no object touches free lines.
        unsafe {
            let lines = &(*meta(self.arena, block)).lines;
            while let Some((first, end)) = super::free_run(lines, from) {
                block_start(self.arena, block)
                    .add(first * super::LINE)
                    .write_bytes(0xDB, (end - first) * super::LINE);
                from = end;
            }
        }
    }
}
