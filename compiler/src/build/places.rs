//! Reading and writing elements, slots and fields.

use super::body::{Body, Outcome};
use crate::ir::spec::{FieldType, RecordKind};
use crate::ir::{Op, OperandId, RecordId, ValueId};
use crate::typed::{Expr, ExprKind, Place};

impl<'p> Body<'p> {
    /// An element of a trailing array; of structs, the reference to it.
    pub fn element(&mut self, base: &'p Expr, record: RecordId, index: &'p Expr) -> Option<ValueId> {
        let base = self.value(base)?;
        let index = self.value(index)?;
        let trailing = self.program.tables.records[record].trailing.as_ref();
        if !matches!(trailing.map(|trailing| trailing.element), Some(FieldType::Struct(_))) {
            return Some(self.build.one(Op::ElementLoad { record, base, index }));
        }
        let element = self.build.one(Op::ElementRef { record, base, index });
        self.owners.insert(element, base);
        Some(element)
    }

    /// A value of a list; of a run of slots, the slot.
    pub fn item(&mut self, list: &'p Expr, index: &'p Expr) -> Option<ValueId> {
        let list = self.list(list)?;
        if let Some(operand) = list.operand {
            let (slot, offset) = self.slot(operand, index)?;
            return Some(self.build.one(Op::SlotLoad { slot, offset }));
        }
        let index = self.value(index)?;
        Some(self.build.one(Op::PtrLoad { ptr: list.ptr, index }))
    }

    /// The slot `index` of a run: base and constant offset.
    fn slot(&mut self, operand: OperandId, index: &'p Expr) -> Option<(ValueId, i32)> {
        if let ExprKind::Int(number) = index.kind {
            return Some((self.build.one(Op::SlotIndex(operand)), number as i32));
        }
        let index = self.value(index)?;
        let start = self.build.one(Op::SlotIndex(operand));
        Some((self.offset_by(start, index), 0))
    }

    /// `place = value`
    pub fn assign(&mut self, place: &'p Place, value: &'p Expr) -> Outcome {
        match self.store(place, value) {
            Some(()) => Outcome::Unit,
            None => Outcome::Never,
        }
    }

    /// Builds the parts of the place, then the value, then the store.
    fn store(&mut self, place: &'p Place, value: &'p Expr) -> Option<()> {
        let op = match place {
            Place::Out(operand) => {
                let value = self.value(value)?;
                Op::SlotStore {
                    slot: self.build.one(Op::SlotIndex(*operand)),
                    offset: 0,
                    value,
                }
            }
            Place::Slot { operand, index } => {
                let (slot, offset) = self.slot(*operand, index)?;
                Op::SlotStore {
                    slot,
                    offset,
                    value: self.value(value)?,
                }
            }
            Place::Field { base, record, field } => {
                let base = self.value(base)?;
                let value = self.value(value)?;
                Op::Store {
                    record: *record,
                    field: *field,
                    base,
                    value,
                    owner: self.owner(*record, base),
                }
            }
            Place::Element { base, record, index } => {
                let base = self.value(base)?;
                let index = self.value(index)?;
                Op::ElementStore {
                    record: *record,
                    base,
                    index,
                    value: self.value(value)?,
                }
            }
            Place::Pointed {
                base,
                record,
                field,
                index,
            } => {
                let owner = self.value(base)?;
                let ptr = self.build.one(Op::Load {
                    record: *record,
                    field: *field,
                    base: owner,
                });
                let index = self.value(index)?;
                Op::PtrStore {
                    ptr,
                    index,
                    value: self.value(value)?,
                    owner,
                }
            }
        };
        self.build.op(op);
        Some(())
    }

    /// The object that a store into `base` concerns.
    fn owner(&self, record: RecordId, base: ValueId) -> ValueId {
        match self.program.tables.records[record].kind {
            RecordKind::Object { .. } => base,
            RecordKind::Struct => match self.owners.get(&base) {
                Some(owner) => *owner,
                None => unreachable!("a struct that is part of no object"),
            },
        }
    }
}
