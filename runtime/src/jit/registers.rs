//! Which slots are in registers, at one point of a compiled function.
//!
//! Slots always hold their values; a register has a copy, and may be known to hold a double. So forgetting is always
//! right, and costs a load later.

use std::cell::Cell;

use super::template::{Exit, SlotField, Template, Version, Written};

/// Registers that values are kept in.
pub(super) const REGISTERS: usize = 8;

const NOTHING: u16 = u16::MAX;

/// What is in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct State {
    slots: [u16; REGISTERS],
    doubles: u8,
}

/// A slot in a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    pub(super) register: u8,
    pub(super) slot: u16,
    pub(super) is_double: bool,
}

impl State {
    pub(super) const EMPTY: State = State {
        slots: [NOTHING; REGISTERS],
        doubles: 0,
    };

    pub(super) fn is_empty(&self) -> bool {
        self.slots == Self::EMPTY.slots
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = Kept> + use<'_> {
        let registers = self.slots.iter().zip(0..).filter(|(slot, _)| **slot != NOTHING);
        registers.map(|(slot, register)| Kept {
            register,
            slot: *slot,
            is_double: self.doubles >> register & 1 != 0,
        })
    }

    /// What holds in both.
    pub(super) fn meet(&self, other: &State) -> State {
        let mut both = *self;
        for register in 0..REGISTERS {
            if self.slots[register] != other.slots[register] {
                both.clear(register as u8);
            }
        }
        both.doubles &= other.doubles;
        both
    }

    /// Those for which `is_wanted` says so.
    pub(super) fn only(&self, is_wanted: impl Fn(Kept) -> bool) -> State {
        let mut state = *self;
        for kept in self.kept().filter(|kept| !is_wanted(*kept)) {
            state.clear(kept.register);
        }
        state
    }

    /// Whether a slot is in this register here, and known to be a double if that is asked for.
    pub(super) fn has(&self, kept: Kept) -> bool {
        let register = usize::from(kept.register);
        self.slots[register] == kept.slot && (!kept.is_double || self.doubles >> register & 1 != 0)
    }

    /// Whether a slot is in this register here.
    pub(super) fn has_slot(&self, kept: Kept) -> bool {
        self.slots[usize::from(kept.register)] == kept.slot
    }

    fn find(&self, slot: u16) -> Option<u8> {
        let register = self.slots.iter().position(|kept| *kept == slot)?;
        Some(register as u8)
    }

    fn is_double(&self, register: u8) -> bool {
        self.doubles >> register & 1 != 0
    }

    fn clear(&mut self, register: u8) {
        self.slots[usize::from(register)] = NOTHING;
        self.doubles &= !(1 << register);
    }

    fn forget(&mut self, slot: u16) {
        if let Some(register) = self.find(slot) {
            self.clear(register);
        }
    }

    fn put(&mut self, slot: u16, register: u8, is_double: bool) {
        self.forget(slot);
        self.slots[usize::from(register)] = slot;
        self.doubles = self.doubles & !(1 << register) | u8::from(is_double) << register;
    }

    /// A register for a slot that is in none: mostly the same for the same slot, so that a loop ends as it begins.
    fn choose(&self, slot: u16, busy: u8) -> u8 {
        let preferred = slot as u8 % REGISTERS as u8;
        let is_free = |register: &u8| self.slots[usize::from(*register)] == NOTHING && busy >> register & 1 == 0;
        let mut registers = (0..REGISTERS as u8).map(|distance| (preferred + distance) % REGISTERS as u8);
        let usable = registers.clone().find(|register| busy >> register & 1 == 0);
        registers.find(is_free).or(usable).unwrap_or(preferred)
    }
}

/// What an instruction does to registers.
pub(super) struct Step {
    pub(super) version: &'static Version,
    /// What is to be loaded before it: slots into registers.
    pub(super) loads: [(u16, u8); Step::MAX_LOADS],
    pub(super) load_count: usize,
    /// The registers of the template.
    pub(super) registers: [u8; REGISTERS],
    /// What is in registers when the next instruction follows, if it does.
    pub(super) next: Option<State>,
    /// The same where the label is gone to.
    pub(super) target: Option<State>,
}

impl Step {
    /// The reads of a template, at most.
    const MAX_LOADS: usize = 4;

    /// The instruction at byte `at`, with `before` in registers.
    pub(super) fn new(template: &'static Template, bytecode: &[Cell<u64>], at: usize, before: &State) -> Step {
        let mut state = *before;
        let mut step = Step {
            version: &template.versions[0],
            loads: [(0, 0); Step::MAX_LOADS],
            load_count: 0,
            registers: [0; REGISTERS],
            next: None,
            target: None,
        };
        let (mut busy, mut set, mut bit) = (0_u8, 0, 0);
        for (index, read) in template.reads.iter().enumerate() {
            let slot = slot_at(bytecode, at, *read);
            let register = state.find(slot).unwrap_or_else(|| {
                let register = state.choose(slot, busy);
                state.put(slot, register, false);
                step.loads[step.load_count] = (slot, register);
                step.load_count += 1;
                register
            });
            busy |= 1 << register;
            step.registers[index] = register;
            if template.checked >> index & 1 != 0 {
                set |= usize::from(state.is_double(register)) << bit;
                bit += 1;
            }
        }
        step.version = &template.versions[set];
        let exits = [step.version.next.as_ref(), step.version.target.as_ref()];
        // What is put into `state` for a write is there only where it has been written; what it takes the place of is
        // lost from here on.
        let mut kept = state;
        for write in exits.iter().flatten().flat_map(|exit| exit.writes) {
            let (Written::Double(number) | Written::Like(number, _) | Written::Any(number) | Written::Lost(number)) =
                write.value
            else {
                continue;
            };
            let slot = slot_at(bytecode, at, write.slot);
            let register = state.find(slot).unwrap_or_else(|| {
                let register = state.choose(slot, busy);
                state.put(slot, register, false);
                kept.clear(register);
                register
            });
            busy |= 1 << register;
            step.registers[usize::from(number)] = register;
        }
        let [next, target] = exits.map(|exit| exit.map(|exit| step.after(exit, template, bytecode, at, &kept)));
        step.next = next;
        step.target = target;
        step
    }

    fn after(&self, exit: &Exit, template: &Template, bytecode: &[Cell<u64>], at: usize, state: &State) -> State {
        let is_proven = |read: usize| exit.doubles >> read & 1 != 0 || state.is_double(self.registers[read]);
        let mut after = if exit.keeps { *state } else { State::EMPTY };
        if exit.keeps {
            let reads = (0..template.reads.len()).filter(|read| is_proven(*read));
            reads.for_each(|read| after.doubles |= 1 << self.registers[read]);
        }
        for write in exit.writes {
            let slot = slot_at(bytecode, at, write.slot);
            match write.value {
                Written::Unknown => after.forget(slot),
                Written::Lost(number) => {
                    after.forget(slot);
                    after.clear(self.registers[usize::from(number)]);
                }
                Written::Any(number) => after.put(slot, self.registers[usize::from(number)], false),
                Written::Double(number) => after.put(slot, self.registers[usize::from(number)], true),
                Written::Like(number, read) => {
                    let is_double = is_proven(read.into());
                    after.put(slot, self.registers[usize::from(number)], is_double);
                }
            }
        }
        after
    }
}

/// The slot that a field of the instruction at `at` names.
pub(super) fn slot_at(bytecode: &[Cell<u64>], at: usize, field: SlotField) -> u16 {
    field_u16(bytecode, at + usize::from(field.offset)).wrapping_add(field.element)
}

/// The instruction's field of 2 bytes.
pub(super) fn field_u16(bytecode: &[Cell<u64>], offset: usize) -> u16 {
    (bytecode[offset / 8].get() >> (8 * (offset % 8))) as u16
}

/// The instruction's aligned field of 4 bytes.
pub(super) fn field_i32(bytecode: &[Cell<u64>], offset: usize) -> i32 {
    (bytecode[offset / 8].get() >> (8 * (offset % 8))) as i32
}
