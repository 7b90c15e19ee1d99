//! What the compiler finds out before it writes: how much room is needed at most, where loops begin, and what is worth
//! having in registers there.
//!
//! A loop is gone through once to see what it reads before it writes it, and what is in registers where it jumps back. A
//! slot of which both holds is in a register from the beginning.

use std::cell::Cell;

use super::compile::Cuts;
use super::registers::{REGISTERS, State, Step, field_i32, field_u16, slot_at};
use super::template::Template;
use super::template::Templates;

/// What is known of a function before its code is written.
pub(super) struct Survey {
    /// Bytes of hot and of cold code, at most.
    pub(super) hot: usize,
    pub(super) cold: usize,
    pub(super) instructions: u32,
    /// In the order of their places.
    pub(super) heads: Vec<Head>,
}

/// Where a loop begins.
pub(super) struct Head {
    /// Byte offset of its first instruction.
    pub(super) at: usize,
    /// That of the last instruction that jumps there.
    end: usize,
    /// What is in registers there.
    pub(super) state: State,
}

/// Slots below this number may be in registers from one iteration to the next.
const TRACKED: usize = 256;

impl Survey {
    /// `None` if the function is not made of the language's instructions.
    pub(super) fn of(templates: &Templates, bytecode: &[Cell<u64>], cuts: &Cuts) -> Option<Self> {
        let mut survey = Survey {
            hot: 0,
            cold: 0,
            instructions: 0,
            heads: Vec::new(),
        };
        survey.sizes(templates, bytecode)?;
        if !survey.heads.is_empty() {
            survey.heads.sort_unstable_by_key(|head| head.at);
            Loops::new(templates, bytecode).find(&mut survey.heads, cuts);
        }
        Some(survey)
    }

    fn sizes(&mut self, templates: &Templates, bytecode: &[Cell<u64>]) -> Option<()> {
        let [fixed, vararg, loop_head, load, check, reenter, go_to, miss] = templates.stubs else {
            return None;
        };
        // All registers loaded and checked, and what follows.
        let restored = REGISTERS * (load.most_hot + check.most_hot) as usize;
        let gone = restored + (go_to.most_hot + reenter.most_hot) as usize;
        for entry in [fixed, vararg] {
            self.add(entry);
        }
        let end = bytecode.len() * 8;
        let mut at = 0;
        while at < end {
            let template = template_at(templates, bytecode, at)?;
            if template.length as usize > end - at {
                return None;
            }
            self.add(template);
            self.hot += template.reads.len() * load.most_hot as usize;
            self.cold += reenter.most_hot as usize;
            if template.versions.iter().any(|version| version.is_linked) {
                self.cold += miss.most_hot as usize;
            }
            self.instructions += 1;
            if template.label != 0 {
                let distance = field_i32(bytecode, at + template.label as usize);
                if distance <= 0 {
                    self.cold += gone;
                    let target = at.checked_add_signed(distance as isize)?;
                    match self.heads.iter_mut().find(|head| head.at == target) {
                        Some(head) => head.end = at,
                        None => {
                            self.heads.push(Head {
                                at: target,
                                end: at,
                                state: State::EMPTY,
                            });
                            self.add(loop_head);
                            self.hot += restored;
                            self.cold += 3 * gone;
                        }
                    }
                }
            }
            at += template.length as usize;
        }
        Some(())
    }

    fn add(&mut self, template: &Template) {
        self.hot += template.most_hot as usize;
        self.cold += template.most_cold as usize;
    }
}

/// The template of the instruction at a byte offset.
pub(super) fn template_at(templates: &Templates, bytecode: &[Cell<u64>], at: usize) -> Option<&'static Template> {
    let number = templates.opcodes.get(usize::from(field_u16(bytecode, at)))?;
    Some(&templates.templates[usize::from(*number)])
}

/// Where control comes from by jumping forward: what is in registers there.
#[derive(Default)]
pub(super) struct Arrivals(Vec<(usize, State)>);

impl Arrivals {
    pub(super) fn add(&mut self, at: usize, state: &State) {
        match self.0.iter_mut().find(|(target, _)| *target == at) {
            Some((_, known)) => *known = known.meet(state),
            None => self.0.push((at, *state)),
        }
    }

    /// What is in registers at an instruction, control coming from above with `state` or not at all.
    pub(super) fn arrive(&mut self, at: usize, state: Option<State>) -> State {
        let Some(index) = self.0.iter().position(|(target, _)| *target == at) else {
            return state.unwrap_or(State::EMPTY);
        };
        let (_, arriving) = self.0.swap_remove(index);
        state.map_or(arriving, |state| state.meet(&arriving))
    }
}

/// A loop being gone through.
struct Open {
    /// Its head's number.
    head: usize,
    /// Slots that are read in an iteration before they are written.
    exposed: [u64; TRACKED / 64],
    /// What is in registers when it is entered from above, and where it jumps back.
    above: State,
    back: Option<State>,
}

struct Loops<'a> {
    templates: &'a Templates,
    bytecode: &'a [Cell<u64>],
    open: Vec<Open>,
    /// Where each slot was written last; one more than that.
    written: [u32; TRACKED],
    /// The same for what was in registers: the last call.
    lost: u32,
}

impl<'a> Loops<'a> {
    fn new(templates: &'a Templates, bytecode: &'a [Cell<u64>]) -> Self {
        Loops {
            templates,
            bytecode,
            open: Vec::new(),
            written: [0; TRACKED],
            lost: 0,
        }
    }

    fn find(mut self, heads: &mut [Head], cuts: &Cuts) {
        let mut arrivals = Arrivals::default();
        let mut state = Some(State::EMPTY);
        let (mut at, mut next_head) = (0, 0);
        let end = self.bytecode.len() * 8;
        while at < end {
            let Some(template) = template_at(self.templates, self.bytecode, at) else {
                return;
            };
            let mut before = arrivals.arrive(at, state);
            if cuts.contains(at) {
                before = State::EMPTY;
            }
            if heads.get(next_head).is_some_and(|head| head.at == at) {
                self.open.push(Open {
                    head: next_head,
                    exposed: [0; TRACKED / 64],
                    above: before,
                    back: None,
                });
                next_head += 1;
            }
            let step = Step::new(template, self.bytecode, at, &before);
            self.note(template, &step, at, heads);
            if let Some(after) = &step.target {
                let distance = field_i32(self.bytecode, at + template.label as usize);
                let target = at.wrapping_add_signed(distance as isize);
                match distance > 0 {
                    true => arrivals.add(target, after),
                    false => self.jump_back(target, after, heads),
                }
            }
            while let Some(open) = self.open.pop_if(|open| heads[open.head].end <= at) {
                heads[open.head].state = match cuts.contains(heads[open.head].at) {
                    true => State::EMPTY,
                    false => open.worth_keeping(),
                };
            }
            state = step.next;
            at += template.length as usize;
        }
    }

    fn jump_back(&mut self, target: usize, state: &State, heads: &[Head]) {
        if let Some(open) = self.open.iter_mut().find(|open| heads[open.head].at == target) {
            open.back = Some(open.back.map_or(*state, |back| back.meet(state)));
        }
    }

    /// Notes down what an instruction reads and writes.
    fn note(&mut self, template: &Template, step: &Step, at: usize, heads: &[Head]) {
        for read in template.reads {
            let slot = usize::from(slot_at(self.bytecode, at, *read));
            let Some(written) = self.written.get(slot) else {
                continue;
            };
            for open in &mut self.open {
                if (*written).max(self.lost) as usize <= heads[open.head].at {
                    open.exposed[slot / 64] |= 1 << (slot % 64);
                }
            }
        }
        for exit in [&step.version.next, &step.version.target].into_iter().flatten() {
            if !exit.keeps {
                self.lost = at as u32 + 1;
            }
            for write in exit.writes {
                let slot = usize::from(slot_at(self.bytecode, at, write.slot));
                if let Some(written) = self.written.get_mut(slot) {
                    *written = at as u32 + 1;
                }
            }
        }
    }
}

impl Open {
    fn worth_keeping(&self) -> State {
        let Some(back) = &self.back else {
            return State::EMPTY;
        };
        let is_exposed = |slot: u16| {
            let slot = usize::from(slot);
            slot < TRACKED && self.exposed[slot / 64] >> (slot % 64) & 1 != 0
        };
        back.only(|kept| is_exposed(kept.slot) || self.above.has_slot(kept))
    }
}
