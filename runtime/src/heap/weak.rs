//! What follows when all is marked that must live: ephemerons, weak containers, finalisers.

use crate::abi::SAFEPOINT_FINALIZE;
use crate::heap::{Collection, Tracer};
use crate::language::WeakPhase;
use crate::vm::Vm;

impl Vm {
    /// Marks what ephemerons and finalisers keep alive, and lets weak containers drop the rest.
    pub(super) fn finish_weak(&self, what: Collection, tracer: &mut Tracer<'_>) {
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
}
