//! What instructions remember of named fields: the answers of `cache`.
//!
//! An answer depends on the shape alone, which never changes, and on the tables that are inherited from: their metatable
//! objects note that they are *watched*, and which names they were found not to have. A change of a watched table lets all
//! instructions forget.

use dg_runtime::{Ref, Str, Vm};

use super::{field, hash, missing_bit, shape};
use crate::core::meta;
use crate::core::state::is_event_name;
use crate::generated::{Event, Field, Metatable, NIL, Place, Shape, Table, ValueKind};

/// `__index` chains end here: longer ones are taken for loops.
const MAX_CHAIN: usize = 100;

/// Where tables of a shape have a field.
pub fn find_field<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, name: Ref<'v, Str>) -> Field<'v> {
    if shape::is_dictionary(shape) {
        return Field::Hashed;
    }
    if let Some(position) = shape::position(vm, shape, name) {
        let is_alone = matches!(inherited(vm, shape, name), Some(Field::Absent));
        return match (position.checked_sub(shape.capacity.get()), is_alone) {
            (None, true) => Field::Inline(position),
            (Some(after), true) => Field::Spilled(after),
            (None, false) => Field::InlineFirst(position),
            (Some(after), false) => Field::SpilledFirst(after),
        };
    }
    note_missing(vm, shape, name);
    inherited(vm, shape, name).unwrap_or(Field::Unknown)
}

/// Who has no such key would have to say when that changes.
fn note_missing<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, name: Ref<'v, Str>) {
    if let Some(role) = shape.role.get(vm) {
        role.missing.set(role.missing.get() | missing_bit(name.hash));
    }
}

/// Where tables of a shape inherit a key from that they do not have themselves; `None` if that cannot be remembered.
fn inherited<'v>(vm: &'v Vm, mut shape: Ref<'v, Shape>, name: Ref<'v, Str>) -> Option<Field<'v>> {
    for _ in 0..MAX_CHAIN {
        let known = shape.metatable.get(vm);
        let Some(metatable) = known.table.get(vm) else {
            return Some(Field::Absent);
        };
        watch(known);
        let method = meta::field(vm, metatable, Event::Index);
        if method.bits() == NIL.0 {
            return Some(Field::Absent);
        }
        let holder = method.as_table(vm)?;
        // Without memory for a shape of its own nothing can be remembered.
        watch(shape::own(vm, holder).ok()?);
        shape = holder.shape.get(vm);
        if shape::is_dictionary(shape) {
            if has_hashed(vm, holder, name) {
                return Some(Field::InheritedHashed(holder));
            }
        } else if let Some(position) = shape::position(vm, shape, name) {
            // What has no value may get one at any time.
            if field(vm, holder, shape, position).bits() == NIL.0 {
                return None;
            }
            return Some(match position.checked_sub(shape.capacity.get()) {
                None => Field::Inherited(holder, position),
                Some(after) => Field::InheritedSpilled(holder, after),
            });
        }
        note_missing(vm, shape, name);
    }
    None
}

/// Where a named field of tables of a shape is written.
pub fn find_place<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, name: Ref<'v, Str>) -> Place<'v> {
    // These are always written by the runtime, which knows what follows from it.
    if is_event_name(name) {
        return Place::Unknown;
    }
    if shape::is_dictionary(shape) {
        return Place::Hashed;
    }
    let known = shape.metatable.get(vm);
    if let Some(metatable) = known.table.get(vm) {
        if meta::field(vm, metatable, Event::NewIndex).bits() != NIL.0 {
            return Place::Unknown;
        }
        watch(known);
    }
    if let Some(position) = shape::position(vm, shape, name) {
        return match position.checked_sub(shape.capacity.get()) {
            None => Place::Inline(position),
            Some(after) => Place::Spilled(after),
        };
    }
    if shape.role.get(vm).is_some() {
        return Place::Unknown;
    }
    match shape::with_key(vm, shape, name, shape::Origin::Named) {
        Ok(Some(longer)) => {
            let position = shape.count.get();
            match position.checked_sub(shape.capacity.get()) {
                None => Place::AddInline(longer, position),
                Some(after) => Place::AddSpilled(longer, after),
            }
        }
        // A dictionary is to be made, or memory ran out.
        _ => Place::Unknown,
    }
}

fn has_hashed<'v>(vm: &'v Vm, table: Ref<'v, Table>, name: Ref<'v, Str>) -> bool {
    use crate::generated::Boxed;
    hash::get(vm, table, name.boxed(), name.hash).bits() != NIL.0
}

fn watch(known: Ref<'_, Metatable>) {
    known.watched.set(1);
}
