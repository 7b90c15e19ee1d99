//! Assignments.

use super::expressions::{Key, set, upvalue_index};
use super::function::Emitter;
use super::inst::{Inst, Operand, Slot};
use crate::syntax::ast::{Expr, ExprId, LocalId, StrId};

/// Where a value is assigned to, with its table and key evaluated.
#[derive(Clone, Copy)]
enum Place {
    Local(LocalId),
    Upvalue(u16),
    Global(StrId),
    Index { object: Slot, key: Key },
}

impl Emitter<'_> {
    /// `targets = values`. Tables and keys are evaluated first, from left to right, then the values; the last target is
    /// assigned to first.
    pub(super) fn assign(&mut self, targets: &[ExprId], values: &[ExprId], line: u32) {
        let mut places = Vec::with_capacity(targets.len());
        for &target in targets {
            let place = self.place(target);
            if let Place::Local(local) = place {
                self.protect(&mut places, local, line);
            }
            places.push(place);
        }
        if targets.len() != values.len() {
            let mut value = self.adjusted(values, targets.len(), line);
            value.0 += u16::try_from(targets.len()).expect("targets are limited");
            for &place in places.iter().rev() {
                value.0 -= 1;
                self.store(place, Operand::Slot(value), line);
            }
            return;
        }
        let mut waiting = Vec::new();
        for (index, (&place, &value)) in places.iter().zip(values).enumerate() {
            let is_last = index + 1 == values.len();
            if is_last || self.can_assign_early(index, &places, &values[index + 1..]) {
                self.assign_directly(place, value, line);
            } else {
                waiting.push((place, self.snapshot(value)));
            }
        }
        for (place, value) in waiting.into_iter().rev() {
            self.store(place, value, line);
        }
    }

    /// Whether a local variable can be assigned to before the values of later targets are evaluated, with the same
    /// effect: nothing uses it in between.
    fn can_assign_early(&self, index: usize, places: &[Place], later_values: &[ExprId]) -> bool {
        let Place::Local(local) = places[index] else {
            return false;
        };
        let slot = self.slot(local);
        let is_used = |(other, place): (usize, &Place)| match *place {
            Place::Local(id) => id == local && other != index,
            Place::Index { object, key } => object == slot || matches!(key, Key::Slot(key) if key == slot),
            Place::Upvalue(_) | Place::Global(_) => false,
        };
        !self.function.locals[local.index()].captured
            && !places.iter().enumerate().any(is_used)
            && !later_values.iter().any(|&value| self.reads(value, local, None))
    }

    /// `target = value`, where nothing is evaluated between the value and the assignment.
    pub(super) fn assign_one(&mut self, target: ExprId, value: ExprId, line: u32) {
        let place = self.place(target);
        self.assign_directly(place, value, line);
    }

    fn assign_directly(&mut self, place: Place, value: ExprId, line: u32) {
        match place {
            Place::Local(local) if !self.needs_old_value(value, local) => {
                let dst = self.slot(local);
                let value = self.evaluate(value, Some(dst));
                self.store_slot(value, dst, line);
            }
            _ => {
                let value = self.operand(value);
                self.store(place, value, line);
            }
        }
    }

    /// Evaluates a value for later: neither a constant nor a temporary changes.
    fn snapshot(&mut self, value: ExprId) -> Operand {
        let line = self.chunk.line(value);
        let mark = self.free;
        match self.operand(value) {
            Operand::Slot(slot) if slot.0 < mark => {
                let dst = self.reserve(1, line);
                self.store_slot(Operand::Slot(slot), dst, line);
                Operand::Slot(dst)
            }
            value => value,
        }
    }

    fn place(&mut self, target: ExprId) -> Place {
        match self.chunk[target] {
            Expr::Local(local) => Place::Local(local),
            Expr::Upvalue(upvalue) => Place::Upvalue(upvalue_index(upvalue)),
            Expr::Global(name) => Place::Global(name),
            Expr::Index { object, key } => {
                let object = self.operand_slot(object);
                Place::Index {
                    object,
                    key: self.key(key),
                }
            }
            _ => unreachable!("the parser accepts only variables as targets"),
        }
    }

    /// Lets `places` use a copy of a local variable that is assigned to together with them.
    fn protect(&mut self, places: &mut [Place], local: LocalId, line: u32) {
        let slot = self.slot(local);
        let mut copy = None;
        for place in places {
            let Place::Index { object, key } = place else {
                continue;
            };
            let key_slot = match key {
                Key::Slot(slot) => Some(slot),
                _ => None,
            };
            for used in [Some(object), key_slot].into_iter().flatten() {
                if *used == slot {
                    *used = *copy.get_or_insert_with(|| self.reserve(1, line));
                }
            }
        }
        if let Some(dst) = copy {
            self.code.push(Inst::Move { x: slot, dst }, line);
        }
    }

    fn store(&mut self, place: Place, value: Operand, line: u32) {
        let inst = match place {
            Place::Local(local) => return self.store_slot(value, self.slot(local), line),
            Place::Upvalue(i) => Inst::SetUpval { i, x: value },
            Place::Global(name) => Inst::SetGlobal { name, x: value },
            Place::Index { object, key } => set(object, key, value),
        };
        self.code.push(inst, line);
    }
}
