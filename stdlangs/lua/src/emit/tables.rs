//! Table constructors.

use super::expressions::set;
use super::function::Emitter;
use super::inst::{Dest, Inst, List, Slot};
use crate::syntax::ast::{ExprId, Field};

/// How many array elements wait in slots before they are stored.
const ELEMENTS_AT_ONCE: u16 = 50;

impl Emitter<'_> {
    /// Makes the table of a constructor in `dst`.
    pub(super) fn table(&mut self, expr: ExprId, fields: &[Field], dst: Slot) {
        let count = |is_wanted: fn(&Field) -> bool| {
            let count = fields.iter().filter(|field| is_wanted(field)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let mut array = count(|field| matches!(field, Field::Item(_)));
        let hash = count(|field| matches!(field, Field::Keyed { .. }));
        let open_end = match fields.last() {
            Some(&Field::Item(last)) if self.chunk[last].is_multiple() => Some(last),
            _ => None,
        };
        array -= u32::from(open_end.is_some());
        self.emit(expr, Inst::NewTable { array, hash, dst });

        let start = Slot(self.free);
        let mut stored = 0;
        for field in fields {
            match *field {
                Field::Item(value) if Some(value) == open_end => {
                    self.multiple(value, Dest::Open(Slot(self.free)));
                    self.emit(
                        expr,
                        Inst::SetList {
                            object: dst,
                            values: List::Open(start),
                            first: stored + 1,
                        },
                    );
                    self.free = start.0;
                }
                Field::Item(value) => {
                    self.push_value(value);
                    if self.free - start.0 == ELEMENTS_AT_ONCE {
                        stored += self.store_elements(expr, dst, start, stored + 1);
                    }
                }
                Field::Keyed { key, value, line } => {
                    let free = self.free;
                    let key = self.key(key);
                    let x = self.operand(value);
                    self.code.push(set(dst, key, x), line);
                    self.free = free;
                }
            }
        }
        self.store_elements(expr, dst, start, stored + 1);
    }

    /// Stores the elements that wait in the slots from `start` on; answers how many there were.
    fn store_elements(&mut self, expr: ExprId, object: Slot, start: Slot, first: u32) -> u32 {
        let waiting = self.free - start.0;
        if waiting > 0 {
            self.emit(
                expr,
                Inst::SetList {
                    object,
                    values: self.list_from(start),
                    first,
                },
            );
            self.free = start.0;
        }
        waiting.into()
    }
}
