//! Lists of string keys with an index, which shapes share.

use dg_runtime::{Ref, Str, Throw, Vm};

use super::shape::UNUSED;
use crate::generated::{Boxed, Keys, ValueKind};

/// Room in the first list that is made.
const FIRST_NAMES: usize = 4;

/// Up to this many names the index is larger than it has to be.
const SMALL_NAMES: usize = 16;

/// Where a key is in the list.
#[inline]
pub fn position<'v>(_: &'v Vm, keys: Ref<'v, Keys>, name: Ref<'v, Str>) -> Option<u32> {
    let (entries, wanted) = (keys.items(), name.boxed().bits());
    let mask = entries.len() - 1;
    let mut index = name.hash as usize & mask;
    // At most half of the entries are in use, so a probe ends.
    loop {
        // SAFETY: the length is a power of two, at least 1.
        let entry = unsafe { entries.get_unchecked(index) };
        if entry.name.bits() == wanted {
            return Some(entry.position.get());
        }
        if entry.name.bits() == UNUSED {
            return None;
        }
        index = (index + 1) & mask;
    }
}

/// A list that begins with the first `count` keys and goes on with `name`. It is the same list if nobody has made it longer
/// before; others then use just the beginning.
///
/// # Errors
/// When memory runs out.
pub fn with<'v>(vm: &'v Vm, keys: Ref<'v, Keys>, count: u32, name: Ref<'v, Str>) -> Result<Ref<'v, Keys>, Throw> {
    let has_room = keys.used.get() == count && (count as usize) < keys.names.get(vm).len();
    let longer = if has_room { keys } else { copy(vm, keys, count)? };
    append(vm, longer, name);
    Ok(longer)
}

/// A list with the first `count` keys and room for more.
fn copy<'v>(vm: &'v Vm, keys: Ref<'v, Keys>, count: u32) -> Result<Ref<'v, Keys>, Throw> {
    let names = (count as usize + 1).next_power_of_two().max(FIRST_NAMES);
    // Bytecode looks at one entry: what is not there should show by an unused one.
    let length = names * if names <= SMALL_NAMES { 4 } else { 2 };
    let copy = vm.allocate_array::<Keys>(length)?;
    copy.set(|k| &k.names, vm.new_values(names)?);
    for name in &keys.names.get(vm).items()[..count as usize] {
        append(vm, copy, name.get(vm).as_string(vm).expect("keys are strings"));
    }
    Ok(copy)
}

fn append<'v>(vm: &'v Vm, keys: Ref<'v, Keys>, name: Ref<'v, Str>) {
    let place = keys.used.get();
    let (entries, mask) = (keys.items(), keys.len() - 1);
    let mut index = name.hash as usize & mask;
    while entries[index].name.bits() != UNUSED {
        index = (index + 1) & mask;
    }
    keys.set_item(index, |entry| &entry.name, name.boxed());
    entries[index].position.set(place);
    keys.names.get(vm).set_item(place as usize, |item| item, name.boxed());
    keys.used.set(place + 1);
}
