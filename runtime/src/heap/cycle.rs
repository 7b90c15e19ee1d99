//! A collection, from its beginning to its end, in as many steps as it takes.
//!
//! Each step goes on until its time is over. In between the program runs: what is marked and then written is remembered
//! by the write barrier, as old objects are, and traced again, as are the roots. A step that gets to the end of that
//! completes marking: weak containers are cleared. Then what is dead is known, and is swept in steps. Until the end
//! nothing else is collected, and no memory is used again that was not known to be free when the collection began.

use std::time::{Duration, Instant};

use crate::abi::{GC_REMEMBERED, Header, SAFEPOINT_COLLECT};
use crate::heap::blocks::{BLOCK, Release};
use crate::heap::tracer::{Marking, is_marked};
use crate::heap::{FIRST_NURSERY, GcStats, Tracer};
use crate::vm::Vm;

/// How much to collect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Collection {
    /// What was allocated since the last collection.
    Minor,
    /// Everything.
    Full,
}

/// A step looks at the clock after so many objects have been traced or swept, or fewer if it is to be a small one.
const STEP_OBJECTS: usize = 512;
const LEAST_OBJECTS: usize = 16;
/// Bytes that are allocated between two steps, at most.
const STEP_BYTES: usize = 1 << 20;
/// When so many steps have not been enough to trace what was written before them, steps take twice as long..
const ATTEMPTS: u32 = 16;
/// .. but at least so long.
const LEAST_LONGER_STEP: Duration = Duration::from_micros(100);
/// Blocks that are given back to the system before a step looks at the clock.
const STEP_RELEASED: u32 = 32;
/// As how many bytes it counts that an object is looked at.
const OBJECT_BYTES: usize = 4;
/// How large objects are, for who wants to mark so many bytes.
const AVERAGE_OBJECT: usize = 64;

/// A collection that is under way.
pub(super) struct Cycle {
    what: Collection,
    stage: Stage,
    /// The program has run since it began.
    was_interrupted: bool,
}

enum Stage {
    Mark { marking: Marking, attempts: u32 },
    Sweep(Sweep),
}

/// What is swept: one after the other, blocks last, because what is swept before is told by marks whether it lives.
enum Sweep {
    Strings,
    Codes,
    Coroutines,
    Large,
    Blocks,
    Memory(Release),
}

/// How long a step may go on.
struct Limit {
    begin: Instant,
    /// Time of the processor counts: a step that is interrupted by other programs would come to nothing.
    begin_cpu: Duration,
    time: Option<Duration>,
    /// Bytes that it may still look at.
    bytes: Option<usize>,
}

impl Limit {
    fn none() -> Self {
        Limit {
            begin: Instant::now(),
            begin_cpu: cpu_time(),
            time: None,
            bytes: None,
        }
    }

    fn spend(&mut self, bytes: usize) {
        self.bytes = self.bytes.map(|left| left.saturating_sub(bytes));
    }

    fn is_over(&self) -> bool {
        self.bytes == Some(0) || self.time.is_some_and(|time| self.cpu_time() >= time)
    }

    /// Whether there is not enough time left for what has to be done in one go.
    fn is_mostly_over(&self) -> bool {
        self.bytes == Some(0) || self.time.is_some_and(|time| self.cpu_time() >= time / 2)
    }

    /// Lets the step take longer: twice as long, so many times.
    fn lengthen(&mut self, times: u32) {
        if times > 0 {
            self.time = self.time.map(|time| time.max(LEAST_LONGER_STEP) * (1 << times.min(16)));
            self.bytes = self.bytes.map(|bytes| bytes.saturating_mul(1 << times.min(16)));
        }
    }

    /// Time that the step has taken.
    fn cpu_time(&self) -> Duration {
        cpu_time().saturating_sub(self.begin_cpu)
    }

    /// Objects to be looked at before the limit is.
    fn objects(&self) -> usize {
        let of_bytes = self.bytes.map_or(STEP_OBJECTS, |bytes| bytes / AVERAGE_OBJECT);
        of_bytes.clamp(LEAST_OBJECTS, STEP_OBJECTS)
    }
}

impl Vm {
    /// What is due: a step of the collection that is under way, or the beginning of one.
    pub(crate) fn collect_due(&mut self) {
        let heap = self.heap();
        let parameters = heap.parameters.get();
        if heap.short.get() {
            return self.collect(Collection::Full);
        }
        let mut limit = Limit {
            time: Some(parameters.step),
            ..Limit::none()
        };
        if heap.cycle.borrow().is_none() {
            // What was allocated since the last collection is left out: a minor one shows how much of it is garbage.
            let survived = heap.live.get() + heap.external.get();
            // Under stress most collections are minor, so that missing barriers show, and every fourth goes in steps.
            let stats = heap.stats.get();
            let count = stats.minor + stats.full;
            let full_for_stress = parameters.stress && count % 8 == 7;
            let full_is_due = survived >= heap.full_threshold.get() || full_for_stress;
            let what = if full_is_due {
                Collection::Full
            } else {
                Collection::Minor
            };
            if parameters.stress && count % 4 != 3 {
                return self.collect(what);
            }
            self.begin(what);
        }
        if parameters.stress {
            limit.bytes = Some(1);
        }
        self.advance(&mut limit);
    }

    /// Collects at once.
    pub(crate) fn collect(&mut self, what: Collection) {
        // A full collection begins anew: what is marked so far may have died since.
        let cycle = self.heap().cycle.take();
        let is_of_use = |cycle: &Cycle| what == Collection::Minor || matches!(cycle.stage, Stage::Sweep(_));
        if let Some(cycle) = cycle.filter(is_of_use) {
            *self.heap().cycle.borrow_mut() = Some(cycle);
            self.advance(&mut Limit::none());
        }
        let mut limit = Limit::none();
        self.begin(what);
        self.advance(&mut limit);
    }

    /// Advances a full collection by about so many bytes of objects; begins one if none is under way. Answers whether it is
    /// complete.
    pub fn collect_step(&mut self, bytes: usize) -> bool {
        let is_minor = |cycle: &Cycle| cycle.what == Collection::Minor;
        if self.heap().cycle.borrow().as_ref().is_some_and(is_minor) {
            self.advance(&mut Limit::none());
        }
        let mut limit = Limit {
            bytes: Some(bytes.max(1)),
            ..Limit::none()
        };
        if self.heap().cycle.borrow().is_none() {
            self.begin(Collection::Full);
        }
        self.advance(&mut limit)
    }

    fn begin(&self, what: Collection) {
        let heap = self.heap();
        self.retire_all();
        if what == Collection::Full {
            // Old objects are about to lose their marks, and with them what tells them from dead ones.
            for object in std::mem::take(&mut *heap.remembered.borrow_mut()) {
                self.forget(object);
            }
            for object in std::mem::take(&mut *heap.written.borrow_mut()) {
                self.forget_written(object);
            }
            heap.space.borrow_mut().clear_marks();
        }
        let mut tracer = Tracer::new(self, &heap.kinds, Marking::default());
        self.rescan_written(&mut tracer);
        self.trace_all_roots(&mut tracer);
        *heap.cycle.borrow_mut() = Some(Cycle {
            what,
            stage: Stage::Mark {
                marking: tracer.marking,
                attempts: 0,
            },
            was_interrupted: false,
        });
    }

    /// Goes on with the collection that is under way. Answers whether it is complete.
    fn advance(&self, limit: &mut Limit) -> bool {
        // The running stack may be traced: what it has in use is known from its saved state.
        self.save_current();
        let mut cycle = self.heap().cycle.take().expect("a collection is under way");
        let (what, was_interrupted) = (cycle.what, cycle.was_interrupted);
        let is_complete = loop {
            match &mut cycle.stage {
                Stage::Mark { marking, attempts } => {
                    let mut tracer = Tracer::new(self, &self.heap().kinds, std::mem::take(marking));
                    let attempts = was_interrupted.then_some(attempts);
                    if !self.mark(&mut tracer, attempts, limit) {
                        *marking = tracer.marking;
                        break false;
                    }
                    self.finish_marking(what, tracer);
                    cycle.stage = Stage::Sweep(Sweep::Strings);
                }
                Stage::Sweep(sweep) => break self.sweep(what, sweep, limit),
            }
        };
        if is_complete {
            self.end_cycle(what);
        } else {
            cycle.was_interrupted = true;
            *self.heap().cycle.borrow_mut() = Some(cycle);
            self.await_next_step();
        }
        self.count_pause(limit, is_complete.then_some(what));
        is_complete
    }

    /// Marks what is reachable. If the program has run since marking began, `attempts` counts how often it was looked at what
    /// has changed. Answers true when nothing is left to mark, for the moment.
    fn mark(&self, tracer: &mut Tracer<'_>, attempts: Option<&mut u32>, limit: &mut Limit) -> bool {
        if !self.drain(tracer, limit) {
            return false;
        }
        let Some(attempts) = attempts else {
            return true;
        };
        *attempts += 1;
        limit.lengthen(*attempts / ATTEMPTS);
        self.rescan_written(tracer);
        self.trace_all_roots(tracer);
        // What follows is done in one go, which takes time as well.
        self.drain(tracer, limit) && !limit.is_mostly_over()
    }

    /// Traces until nothing is left, or the limit is reached: then answers false.
    fn drain(&self, tracer: &mut Tracer<'_>, limit: &mut Limit) -> bool {
        loop {
            let (before, objects) = (tracer.marking.marked_bytes, limit.objects());
            if tracer.drain_some(objects) {
                return true;
            }
            limit.spend(tracer.marking.marked_bytes - before + objects * OBJECT_BYTES);
            if limit.is_over() {
                return false;
            }
        }
    }

    /// Completes marking: sees what is weak. What is not marked then is dead.
    fn finish_marking(&self, what: Collection, mut tracer: Tracer<'_>) {
        let heap = self.heap();
        self.retire_all();
        tracer.refresh_weak();
        self.finish_weak(what, &mut tracer);
        // Hooks may have written to what is dead.
        heap.remembered.borrow_mut().retain(|&object| tracer.is_marked(object));
        heap.written.borrow_mut().retain(|&object| {
            let lives = tracer.is_marked(object);
            if !lives {
                self.forget_written(object);
            }
            lives
        });
        let survived = if what == Collection::Full { 0 } else { heap.live.get() };
        heap.live.set(survived + tracer.marking.marked_bytes);
        if what == Collection::Minor {
            self.adapt_nursery(tracer.marking.marked_bytes);
        }
        let stats = heap.stats.get();
        heap.stats.set(GcStats {
            allocated: stats.allocated + heap.allocated.get() as u64,
            ..stats
        });
        heap.allocated.set(0);
        self.sweep_caches(what, &tracer);
        self.strings().begin_sweep(what);
        heap.codes.borrow_mut().begin_sweep(what);
        heap.coroutines.borrow_mut().begin_sweep(what);
        heap.space.borrow_mut().begin_sweep(what);
    }

    /// Lets go of what is dead, until the limit is reached. Answers whether nothing is left to do.
    fn sweep(&self, what: Collection, sweep: &mut Sweep, limit: &mut Limit) -> bool {
        let (heap, arena) = (self.heap(), self.arena());
        let parameters = heap.parameters.get();
        loop {
            let objects = limit.objects();
            let next = match sweep {
                Sweep::Strings => self.strings().sweep(self, objects).then_some(Sweep::Codes),
                Sweep::Codes => {
                    let is_done = heap.codes.borrow_mut().sweep(objects, |object| {
                        let lives = is_marked(arena, object);
                        if !lives {
                            self.free_code(object);
                        }
                        lives
                    });
                    is_done.then_some(Sweep::Coroutines)
                }
                Sweep::Coroutines => {
                    let is_done = heap.coroutines.borrow_mut().sweep(objects, |object| {
                        let lives = is_marked(arena, object);
                        match lives {
                            true if what == Collection::Full => self.shrink_stack(object),
                            true => {}
                            false => self.free_coroutine(object),
                        }
                        lives
                    });
                    is_done.then_some(Sweep::Large)
                }
                Sweep::Large => {
                    let is_done = heap.space.borrow_mut().sweep_large(objects);
                    is_done.then_some(Sweep::Blocks)
                }
                Sweep::Blocks => {
                    let mut space = heap.space.borrow_mut();
                    let is_done = space.sweep_blocks(what, objects, parameters.stress);
                    if is_done && what == Collection::Minor {
                        return true;
                    }
                    is_done.then(|| Sweep::Memory(space.begin_release(parameters.nursery)))
                }
                Sweep::Memory(release) => {
                    if heap.space.borrow().blocks.release_free(release, STEP_RELEASED) {
                        return true;
                    }
                    None
                }
            };
            if let Some(next) = next {
                *sweep = next;
                continue;
            }
            limit.spend(objects * OBJECT_BYTES);
            if limit.is_over() {
                return false;
            }
        }
    }

    /// Nothing is left to be swept.
    fn end_cycle(&self, what: Collection) {
        let heap = self.heap();
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
        self.check_budget();
    }

    /// Lets the program run until it has allocated a little more.
    fn await_next_step(&self) {
        let heap = self.heap();
        let parameters = heap.parameters.get();
        let bytes = STEP_BYTES.min(parameters.nursery).max(BLOCK);
        heap.budget.set(heap.allocated.get() + bytes);
        self.clear_safepoint(SAFEPOINT_COLLECT);
        if parameters.stress && !parameters.stopped {
            self.raise_safepoint(SAFEPOINT_COLLECT);
        }
    }

    fn count_pause(&self, limit: &Limit, completed: Option<Collection>) {
        let mut stats = self.heap().stats.get();
        let pause = limit.begin.elapsed();
        stats.pauses += 1;
        stats.total_pause += pause;
        stats.longest_pause = stats.longest_pause.max(pause);
        stats.longest_pause_cpu = stats.longest_pause_cpu.max(limit.cpu_time());
        match completed {
            Some(Collection::Minor) => stats.minor += 1,
            Some(Collection::Full) => stats.full += 1,
            None => {}
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

    /// What is allocated from now on lies elsewhere.
    fn retire_all(&self) {
        let mut space = self.heap().space.borrow_mut();
        self.retire_run(&mut space);
        space.retire();
    }

    fn forget(&self, object: u32) {
        let header = self.address(object).cast::<Header>();
        // SAFETY: remembered objects are old, and old objects keep their memory until a full collection.
        unsafe { (*header).gc &= !GC_REMEMBERED };
    }

    /// Traces marked objects again that were written since.
    fn rescan_written(&self, tracer: &mut Tracer<'_>) {
        for object in std::mem::take(&mut *self.heap().remembered.borrow_mut()) {
            self.forget(object);
            // What is not marked yet is traced when it is.
            if tracer.is_marked(object) {
                tracer.rescan(object);
            }
        }
        for object in std::mem::take(&mut *self.heap().written.borrow_mut()) {
            match tracer.is_marked(object) {
                true => tracer.rescan_written(object),
                false => self.forget_written(object),
            }
        }
    }

    fn trace_all_roots(&self, tracer: &mut Tracer<'_>) {
        for &object in self.heap().pending.borrow().iter() {
            tracer.reference(object);
        }
        self.trace_roots(tracer);
        (self.hooks().trace_roots)(self, tracer);
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

/// Time that the processor has been busy with this thread.
fn cpu_time() -> Duration {
    // SAFETY: all zeroes is a time, and the clock writes one.
    let time = unsafe {
        let mut time: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time);
        time
    };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
