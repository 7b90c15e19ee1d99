//! Eviction: what happens when the memory for code is full.
//!
//! When it is nearly full, every compiled function is put *on trial*: it is entered as if it were not compiled, and its
//! first call takes it off again. When it is full, a safepoint discards the code of functions that are still on trial,
//! and, if that is not enough, of others, the oldest first, until a third of the memory is free. What was discarded is
//! compiled again when it has run often once more.
//!
//! Frames return to compiled code, so functions that have a frame on any stack keep theirs. That is why a safepoint does
//! it: there all frames can be seen.

use std::collections::HashSet;

use super::memory::{CodeMemory, Half};
use super::{Function, Jit};
use crate::abi::SAFEPOINT_EVICT;
use crate::code::Code;
use crate::object::{RawRef, Ref};
use crate::vm::Vm;

/// How pressing it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) enum Pressure {
    /// There is room.
    #[default]
    None,
    /// There will be none soon; functions are on trial.
    Trial,
    /// Something found no room.
    Full,
}

/// So many functions may find no room after an eviction that found nothing to discard, until the next one.
const PATIENCE: u32 = 256;

/// Who wants room, and when it is looked for.
#[derive(Default)]
pub(super) struct Evictions {
    pressure: Pressure,
    /// Refusals to ignore, because the last eviction found nothing.
    patience: u32,
}

impl Vm {
    /// A function found no room: there shall be some soon.
    pub(super) fn want_room(&self, jit: &mut Jit) {
        if jit.evictions.patience > 0 {
            jit.evictions.patience -= 1;
        } else if jit.evictions.pressure < Pressure::Full {
            jit.evictions.pressure = Pressure::Full;
            self.raise_safepoint(SAFEPOINT_EVICT);
        }
    }

    /// A function was compiled: looks whether the memory will be full soon.
    pub(super) fn watch_room(&self, jit: &mut Jit) {
        let is_crowded = jit.memory.as_ref().is_some_and(|memory| !has_free(memory, 4));
        if is_crowded && jit.evictions.pressure == Pressure::None {
            jit.evictions.pressure = Pressure::Trial;
            self.begin_trials(jit);
        }
    }

    /// Discards compiled code, until there is room again.
    pub(crate) fn evict(&self) {
        self.clear_safepoint(SAFEPOINT_EVICT);
        let running = self.running_functions();
        let jit = &mut *self.jit().borrow_mut();
        jit.evictions.pressure = Pressure::None;
        let Some(memory) = &mut jit.memory else { return };
        let before = memory.used(Half::Hot);
        let mut idle: Vec<(bool, u64, u32)> = Vec::new();
        for (&code, function) in &mut jit.functions {
            if !running.contains(&code) {
                for version in function.retired.drain(..) {
                    version.free(memory);
                }
                idle.push((function.trial.is_none(), function.number, code));
            }
        }
        idle.sort_unstable();
        // What is free may be in pieces that are too small: some functions go in any case.
        let least = idle.len().div_ceil(8);
        for (number, (is_used, _, raw)) in idle.into_iter().enumerate() {
            if is_used && number >= least && has_free(memory, 3) {
                break;
            }
            if let Some(function) = jit.functions.remove(&raw) {
                // SAFETY: compiled code of dead functions has gone.
                let code = unsafe { RawRef::<Code>::new(raw).get(self) };
                self.enter_interpreted(code);
                code.compiled.set(std::ptr::null());
                code.countdown.set(jit.options.countdown(self.language()));
                function.compiled.free(memory);
                jit.stats.evicted += 1;
            }
        }
        jit.evictions.patience = if memory.used(Half::Hot) < before { 0 } else { PATIENCE };
    }

    /// All functions are entered as if they were not compiled, once.
    fn begin_trials(&self, jit: &mut Jit) {
        for (&code, function) in &mut jit.functions {
            // SAFETY: compiled code of dead functions has gone.
            let code = unsafe { RawRef::<Code>::new(code).get(self) };
            if function.trial.is_none() {
                function.trial = Some(code.countdown.replace(0));
                self.enter_interpreted(code);
            }
        }
    }

    /// Takes a function off trial. Answers whether it was on trial.
    pub(super) fn end_trial(&self, function: &mut Function, code: Ref<'_, Code>) -> bool {
        let Some(countdown) = function.trial.take() else {
            return false;
        };
        code.countdown.set(countdown);
        code.entry.set(function.compiled.entry());
        true
    }

    /// Code objects that have a frame on some stack.
    fn running_functions(&self) -> HashSet<u32> {
        let coroutines = self.heap().coroutines.borrow();
        let frames = coroutines.iter().flat_map(|coroutine| {
            // SAFETY: what is registered has not been freed; dead coroutines are still what they were.
            let coroutine = unsafe { Ref::from_pointer(self.address(coroutine).cast()) };
            self.frames_of(coroutine)
        });
        frames.map(|frame| frame.code().raw().0).collect()
    }
}

/// Whether one part in so many is free, of both halves.
fn has_free(memory: &CodeMemory, part: usize) -> bool {
    [Half::Hot, Half::Cold]
        .iter()
        .all(|half| memory.capacity() - memory.used(*half) >= memory.capacity() / part)
}
