//! The array part of tables: the keys 0 up to `array_size`, each at its own index.

use dg_runtime::{Field, Ref, Throw, Value, Values, Vm};

use crate::core::alloc;
use crate::generated::{NIL, Table};

/// Smallest array part that is made when the first element is appended; index 0 counts.
pub const FIRST_ARRAY_SIZE: u32 = 4;

/// So many places show whether an array part is dense.
const SAMPLE: usize = 256;

/// Array parts stay below this size.
pub const MAX_ARRAY_SIZE: u32 = 1 << 26;

/// Where in the array part a key is.
#[inline]
pub fn index(table: Ref<'_, Table>, number: f64) -> Option<usize> {
    let index = number as u32;
    (index < table.array_size.get() && f64::from(index) == number).then_some(index as usize)
}

/// Sets the value of a key of the array part; false, with nothing done, if it is not there.
#[inline]
pub fn set<'v>(vm: &'v Vm, table: Ref<'v, Table>, number: f64, value: Value<'v>) -> bool {
    let Some(index) = index(table, number) else {
        return false;
    };
    let array = table.array.get(vm);
    // SAFETY: `array_size` is the length of the array part.
    let item = unsafe { array.items().get_unchecked(index) };
    array.will_write(item);
    // SAFETY: the barrier has run.
    unsafe { item.write(value) };
    true
}

/// Whether it is worth growing the array part for the key behind it: its last place is in use, and half of the others,
/// of which a sample is looked at if they are many. (A queue, which loses its first elements, would otherwise grow without
/// bounds.)
pub fn is_dense(vm: &Vm, table: Ref<'_, Table>) -> bool {
    let items = table.array.get(vm).items();
    let sample = || items.iter().step_by(items.len().div_ceil(SAMPLE));
    let in_use = || sample().filter(|item| item.bits() != NIL.0);
    items
        .last()
        .is_none_or(|last| last.bits() != NIL.0 && in_use().count() * 2 >= sample().len())
}

/// Makes room for the key behind the array part.
///
/// # Errors
/// When memory runs out.
pub fn extend(vm: &Vm, table: Ref<'_, Table>) -> Result<(), Throw> {
    let size = table.array_size.get();
    let longer = size + size / 4;
    // Where nothing has to be copied, memory is taken bit by bit.
    if table.nodes.get(vm).used.get() == 0 && grow_in_place(vm, table, longer) {
        return Ok(());
    }
    grow(vm, table, if size == 0 { FIRST_ARRAY_SIZE } else { size * 2 })
}

fn grow_in_place(vm: &Vm, table: Ref<'_, Table>, size: u32) -> bool {
    let array = table.array.get(vm);
    let grown = size <= MAX_ARRAY_SIZE && vm.grow_values(array, size as usize);
    if grown {
        table.array_size.set(size);
    }
    grown
}

/// Makes the array part `size` long and moves the keys there that the hash part has.
///
/// # Errors
/// When memory runs out.
pub fn grow(vm: &Vm, table: Ref<'_, Table>, size: u32) -> Result<(), Throw> {
    let old_size = table.array_size.get() as usize;
    if !grow_in_place(vm, table, size.min(MAX_ARRAY_SIZE)) {
        let (old, new) = (table.array.get(vm), alloc::values(vm, size.min(MAX_ARRAY_SIZE))?);
        new.writer();
        for (item, new_item) in old.items()[..old_size].iter().zip(new.items()) {
            // SAFETY: the barrier of the new array part has run.
            unsafe { new_item.write(item.get(vm)) };
        }
        install(table, new);
    }
    let new = table.array.get(vm);
    let nodes = table.nodes.get(vm);
    if nodes.used.get() > 0 {
        for node in nodes.items() {
            let Some(number) = node.key.get(vm).as_double() else {
                continue;
            };
            let index = number as usize;
            if index as f64 == number && (old_size..new.len()).contains(&index) {
                new.set_item(index, |item| item, node.value.get(vm));
                // The key stays, without a value, until the next rehash: `next` never shows it.
                node.value.set_plain(NIL.0);
            }
        }
    }
    Ok(())
}

fn install<'v>(table: Ref<'v, Table>, values: Ref<'v, Values>) {
    table.set(|t| &t.array, values);
    table.array_size.set(values.len() as u32);
}
