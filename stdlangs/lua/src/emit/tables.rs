//! Table constructors.

use super::expressions::set;
use super::function::Emitter;
use super::inst::{Dest, Inst, List, Run, Slot};
use crate::syntax::ast::{Chunk, Expr, ExprId, Field, StrId};

/// How many array elements wait in slots before they are stored.
const ELEMENTS_AT_ONCE: u16 = 50;

/// Most fields of a constructor whose values wait in slots before there is a table.
const LARGEST_OBJECT: usize = 32;

/// Such values use no slots behind this one: frames are limited.
const LAST_OBJECT_SLOT: usize = 150;

/// The names of the fields of a constructor, of those that have one.
pub(super) fn constant_keys(chunk: &Chunk, constructor: ExprId) -> impl Iterator<Item = StrId> {
    let fields = match &chunk[constructor] {
        Expr::Table(fields) => &fields[..],
        _ => &[],
    };
    fields.iter().filter_map(|field| constant_key(chunk, field))
}

fn constant_key(chunk: &Chunk, field: &Field) -> Option<StrId> {
    match *field {
        Field::Keyed { key, .. } => match chunk[key] {
            Expr::String(name) => Some(name),
            _ => None,
        },
        Field::Item(_) => None,
    }
}

impl Emitter<'_> {
    /// Makes the table of a constructor in `dst`.
    pub(super) fn table(&mut self, expr: ExprId, fields: &[Field], dst: Slot) {
        let count = |is_wanted: fn(&Field) -> bool| {
            let count = fields.iter().filter(|field| is_wanted(field)).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        let mut array = count(|field| matches!(field, Field::Item(_)));
        let hash = count(|field| matches!(field, Field::Keyed { .. }));
        if array == 0 && self.is_object(fields) {
            return self.object(expr, fields, dst);
        }
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

    /// Whether all fields have different names, and slots enough for their values.
    fn is_object(&self, fields: &[Field]) -> bool {
        let mut names: Vec<_> = fields.iter().map(|field| constant_key(self.chunk, field)).collect();
        let has_slots = fields.len() <= LARGEST_OBJECT && usize::from(self.free) + fields.len() <= LAST_OBJECT_SLOT;
        if names.is_empty() || !has_slots || names.contains(&None) {
            return false;
        }
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    }

    /// Makes the table of a constructor that is nothing but named fields: first all values, then the table.
    fn object(&mut self, expr: ExprId, fields: &[Field], dst: Slot) {
        let start = Slot(self.free);
        for field in fields {
            if let Field::Keyed { value, .. } = *field {
                self.push_value(value);
            }
        }
        let values = Run {
            start,
            count: self.free - start.0,
        };
        self.free = start.0;
        self.emit(
            expr,
            Inst::NewObject {
                fields: expr,
                values,
                dst,
            },
        );
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
