//! Tables: raw access, without metatables.
//!
//! The keys 0 up to `array_size` are in the array part. String keys are where the shape of the table says, in the object
//! itself or spilled to an array; those of a dictionary, and all other keys, are in the hash part.

mod array;
mod hash;
mod keys;
pub mod lookup;
pub mod shape;

use dg_runtime::{Field, Ref, Str, Throw, Value, ValueField, Vm};

use array::MAX_ARRAY_SIZE;
pub use array::set as set_in_array;
use hash::{hash_of_bits, normalized};
pub use shape::Origin;

use super::alloc;
use super::state::{is_event_name, lua};
use crate::generated::{Boxed, Event, HOLE, Kind, Metatable, NIL, Shape, Table, ValueKind, events, nil};

/// Spilled fields that are made when the first one spills.
const FIRST_SPILLED: usize = 4;

/// A new table with room for the keys 1 to `array` in its array part and for `hash` more.
///
/// # Errors
/// When memory runs out.
pub fn new(vm: &Vm, array: u32, hash: u32) -> Result<Ref<'_, Table>, Throw> {
    of_shape(vm, shape::root(vm, hash)?, array)
}

/// A new table of a shape, with room for the keys 1 to `array` in its array part. Its fields are nil.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn of_shape<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, array: u32) -> Result<Ref<'v, Table>, Throw> {
    let array = match array {
        0 => lua(vm).no_values(vm),
        _ => alloc::values(vm, array.min(MAX_ARRAY_SIZE - 1) + 1)?,
    };
    alloc::table_of(vm, shape, array)
}

/// A new table of a shape, whose fields have these values.
///
/// # Errors
/// When memory runs out.
pub fn with_fields<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, values: &[Value<'v>]) -> Result<Ref<'v, Table>, Throw> {
    alloc::table_with(vm, shape, lua(vm).no_values(vm), values)
}

/// The value of a key; nil if it has none.
#[inline]
pub fn get<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Value<'v> {
    match key.kind(vm) {
        Kind::String(name) => get_str(vm, table, name),
        Kind::Double(number) => get_number(vm, table, number),
        Kind::Nil => nil(),
        _ => hash::get(vm, table, key, hash_of_bits(key)),
    }
}

/// The value of a string key.
#[inline]
pub fn get_str<'v>(vm: &'v Vm, table: Ref<'v, Table>, name: Ref<'v, Str>) -> Value<'v> {
    let shape = table.shape.get(vm);
    if shape::is_dictionary(shape) {
        return hash::get(vm, table, name.boxed(), name.hash);
    }
    shape::position(vm, shape, name).map_or(nil(), |position| field(vm, table, shape, position).get(vm))
}

/// The value of a number key.
#[inline]
pub fn get_number<'v>(vm: &'v Vm, table: Ref<'v, Table>, number: f64) -> Value<'v> {
    match array::index(table, number) {
        // SAFETY: `array_size` is the length of the array part.
        Some(index) => unsafe { table.array.get(vm).items().get_unchecked(index) }.get(vm),
        None => {
            let key = Value::double(normalized(number));
            hash::get(vm, table, key, hash_of_bits(key))
        }
    }
}

/// Sets the value of a key, which a program has computed; nil removes it.
///
/// # Errors
/// When memory runs out.
///
/// # Panics
/// If the key is nil or NaN, which a caller words as an error.
pub fn set<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, value: Value<'v>) -> Result<(), Throw> {
    match key.kind(vm) {
        Kind::String(name) => set_str_if(vm, table, name, value, Origin::Computed, || true).map(|_| ()),
        Kind::Double(number) => set_number(vm, table, number, value),
        _ => hash::set(vm, table, key, hash_of_bits(key), value),
    }
}

/// Sets the value of a named string key; nil removes it.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn set_str<'v>(vm: &'v Vm, table: Ref<'v, Table>, name: Ref<'v, Str>, value: Value<'v>) -> Result<(), Throw> {
    set_str_if(vm, table, name, value, Origin::Named, || true).map(|_| ())
}

/// Sets the value of a string key if `may_add` allows that or the key has a value; false, with nothing done, otherwise.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn set_str_if<'v>(
    vm: &'v Vm,
    table: Ref<'v, Table>,
    name: Ref<'v, Str>,
    value: Value<'v>,
    origin: Origin,
    may_add: impl FnOnce() -> bool,
) -> Result<bool, Throw> {
    let shape = table.shape.get(vm);
    if shape::is_dictionary(shape) {
        match hash::find(vm, table, name.boxed(), name.hash) {
            Some((_, node)) if node.value.bits() != NIL.0 => hash::replace(vm, table, node, value),
            _ if !may_add() => return Ok(false),
            Some((_, node)) => hash::replace(vm, table, node, value),
            None => hash::add(vm, table, name.boxed(), name.hash, value)?,
        }
    } else {
        match shape::position(vm, shape, name) {
            Some(position) => {
                if field(vm, table, shape, position).bits() == NIL.0 && !may_add() {
                    return Ok(false);
                }
                set_field(vm, table, shape, position, value);
            }
            None if !may_add() => return Ok(false),
            None => add_str(vm, table, shape, name, value, origin)?,
        }
    }
    if is_event_name(name) {
        event_set(vm, table);
    }
    Ok(true)
}

/// Sets the value of a number key; nil removes it.
///
/// # Errors
/// When memory runs out.
///
/// # Panics
/// If the number is NaN.
pub fn set_number<'v>(vm: &'v Vm, table: Ref<'v, Table>, number: f64, value: Value<'v>) -> Result<(), Throw> {
    if array::set(vm, table, number, value) {
        return Ok(());
    }
    let size = table.array_size.get();
    let extends = number == f64::from(size) && size > 0 || number == 1.0 && size == 0;
    if extends && value != nil() && size < MAX_ARRAY_SIZE && array::is_dense(vm, table) {
        array::extend(vm, table)?;
        if array::set(vm, table, number, value) {
            return Ok(());
        }
    }
    let key = Value::double(normalized(number));
    hash::set(vm, table, key, hash_of_bits(key), value)
}

/// A border: some n with a value at n and none at n + 1; 0 if there is none at 1.
#[inline]
pub fn length(vm: &Vm, table: Ref<'_, Table>) -> u32 {
    let size = table.array_size.get();
    if size > 1 {
        let items = table.array.get(vm).items();
        let is_nil = |index: u32| items[index as usize].bits() == NIL.0;
        if is_nil(size - 1) {
            // Most often one element was appended or removed since.
            let hint = table.border.get();
            for n in [hint.wrapping_add(1), hint, hint.wrapping_sub(1)] {
                if n > 0 && n < size - 1 && !is_nil(n) && is_nil(n + 1) {
                    table.border.set(n);
                    return n;
                }
            }
            let (mut present, mut absent) = (0, size - 1);
            while absent - present > 1 {
                let middle = present + (absent - present) / 2;
                if is_nil(middle) {
                    absent = middle
                } else {
                    present = middle
                }
            }
            table.border.set(present);
            return present;
        }
    }
    let last = size.saturating_sub(1);
    if table.nodes.get(vm).used.get() == 0 {
        last
    } else {
        hashed_length(vm, table, last)
    }
}

/// A border at `last`, the end of the array part, or behind it in the hash part.
#[cold]
fn hashed_length(vm: &Vm, table: Ref<'_, Table>, last: u32) -> u32 {
    let is_nil = |index: u32| get_number(vm, table, f64::from(index)) == nil();
    let (mut present, mut absent) = (last, last + 1);
    while !is_nil(absent) {
        present = absent;
        match absent.checked_mul(2) {
            Some(doubled) => absent = doubled,
            // A table made to fool the search: count.
            None => return (1..).find(|&index| is_nil(index)).map_or(u32::MAX, |index| index - 1),
        }
    }
    while absent - present > 1 {
        let middle = present + (absent - present) / 2;
        if is_nil(middle) {
            absent = middle
        } else {
            present = middle
        }
    }
    present
}

/// The entry after the one with this key, in an order that holds as long as no key is added; the first one for nil.
///
/// # Errors
/// If the table has no such key.
#[allow(clippy::type_complexity, reason = "a fallible iterator step")]
pub fn next<'v>(
    vm: &'v Vm,
    table: Ref<'v, Table>,
    key: Value<'v>,
) -> Result<Option<(Value<'v>, Value<'v>)>, UnknownKey> {
    let entry = entry_after(vm, table, key)?;
    Ok(entry.map(|(key, value, _)| (key, value)))
}

/// As [`next`], with the place behind the entry.
///
/// # Errors
/// If the table has no such key.
#[allow(clippy::type_complexity, reason = "a fallible iterator step")]
pub fn entry_after<'v>(
    vm: &'v Vm,
    table: Ref<'v, Table>,
    key: Value<'v>,
) -> Result<Option<(Value<'v>, Value<'v>, usize)>, UnknownKey> {
    let start = match key.kind(vm) {
        Kind::Nil => 0,
        _ => place_of(vm, table, key).ok_or(UnknownKey)? + 1,
    };
    Ok(entry_from(vm, table, start))
}

/// `next` was given a key that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKey;

/// The first entry at `place` or behind it, and the place behind that: places count the array part, the fields and the hash
/// part, in this order.
pub fn entry_from<'v>(vm: &'v Vm, table: Ref<'v, Table>, place: usize) -> Option<(Value<'v>, Value<'v>, usize)> {
    let size = table.array_size.get() as usize;
    if place < size {
        let items = &table.array.get(vm).items()[place..];
        if let Some(offset) = items.iter().position(|item| item.bits() != NIL.0) {
            let index = place + offset;
            return Some((Value::double(index as f64), items[offset].get(vm), index + 1));
        }
    }
    let shape = table.shape.get(vm);
    let count = shape.count.get() as usize;
    if place < size + count {
        let names = shape.keys.get(vm).names.get(vm).items();
        for (position, name) in names[..count].iter().enumerate().skip(place.saturating_sub(size)) {
            let value = field(vm, table, shape, position as u32);
            if value.bits() != NIL.0 {
                return Some((name.get(vm), value.get(vm), size + position + 1));
            }
        }
    }
    let nodes = table.nodes.get(vm).items();
    let start = place.saturating_sub(size + count).min(nodes.len());
    let offset = nodes[start..].iter().position(|node| node.value.bits() != NIL.0)?;
    let node = &nodes[start + offset];
    Some((node.key.get(vm), node.value.get(vm), size + count + start + offset + 1))
}

/// Where a traversal comes by a key.
fn place_of<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Option<usize> {
    let shape = table.shape.get(vm);
    let size = table.array_size.get() as usize;
    let key = match key.kind(vm) {
        Kind::Double(number) => match array::index(table, number) {
            Some(index) => return Some(index),
            None => Value::double(normalized(number)),
        },
        Kind::String(name) if !shape::is_dictionary(shape) => {
            return shape::position(vm, shape, name).map(|position| size + position as usize);
        }
        _ => key,
    };
    let (index, _) = hash::find(vm, table, key, hash::hash_of(vm, key))?;
    Some(size + shape.count.get() as usize + index)
}

/// Stores `values` at `first` and the whole keys after it.
///
/// # Errors
/// When memory runs out.
pub fn set_list<'v>(vm: &'v Vm, table: Ref<'v, Table>, values: &[Value<'v>], first: u32) -> Result<(), Throw> {
    let end = first as usize + values.len();
    if end > table.array_size.get() as usize && end <= MAX_ARRAY_SIZE as usize {
        array::grow(vm, table, end as u32)?;
    }
    if end <= table.array_size.get() as usize {
        let array = table.array.get(vm);
        array.writer();
        for (item, &value) in array.items()[first as usize..end].iter().zip(values) {
            // SAFETY: the barrier of the array part has run.
            unsafe { item.write(value) };
        }
        return Ok(());
    }
    for (index, &value) in (first..).zip(values) {
        set_number(vm, table, f64::from(index), value)?;
    }
    Ok(())
}

/// Makes room for the keys 1 to `count` in the array part.
///
/// # Errors
/// When memory runs out.
pub fn reserve_array(vm: &Vm, table: Ref<'_, Table>, count: u32) -> Result<(), Throw> {
    if count >= table.array_size.get() && count < MAX_ARRAY_SIZE {
        array::grow(vm, table, count + 1)
    } else {
        Ok(())
    }
}

/// The largest number among the keys that have a value; 0 if there is none above.
pub fn largest_number(vm: &Vm, table: Ref<'_, Table>) -> f64 {
    let array = table.array.get(vm).items();
    let last = array.iter().rposition(|item| item.bits() != NIL.0).unwrap_or(0) as f64;
    let keys = hash::live(table.nodes.get(vm)).filter_map(|node| node.key.get(vm).as_double());
    keys.fold(last, f64::max)
}

/// The metatable of a table.
#[inline]
pub fn metatable<'v>(vm: &'v Vm, table: Ref<'v, Table>) -> Option<Ref<'v, Table>> {
    table.shape.get(vm).metatable.get(vm).table.get(vm)
}

/// The field of an event in a table that is known to serve as metatable; nil if it has none. Absence is remembered.
#[inline]
pub fn event_field<'v>(vm: &'v Vm, known: Ref<'v, Metatable>, table: Ref<'v, Table>, event: Event) -> Value<'v> {
    if known.absent.get() & 1 << event as u32 != 0 {
        return nil();
    }
    match known.items()[event as usize].get().checked_sub(1) {
        Some(position) => field(vm, table, table.shape.get(vm), position.into()).get(vm),
        None => find_event_field(vm, known, table, event),
    }
}

fn find_event_field<'v>(vm: &'v Vm, known: Ref<'v, Metatable>, table: Ref<'v, Table>, event: Event) -> Value<'v> {
    let name = lua(vm).event_name(vm, event);
    let found = get_str(vm, table, name);
    if found == nil() {
        known.absent.set(known.absent.get() | 1 << event as u32);
    } else if !shape::is_dictionary(table.shape.get(vm))
        && let Some(position) = shape::position(vm, table.shape.get(vm), name)
    {
        known.items()[event as usize].set(u8::try_from(position + 1).unwrap_or(0));
    }
    found
}

/// Sets the metatable of a table, which makes it weak if its `__mode` says so.
///
/// # Errors
/// When memory runs out.
pub fn set_metatable<'v>(vm: &'v Vm, table: Ref<'v, Table>, metatable: Option<Ref<'v, Table>>) -> Result<(), Throw> {
    let known = match metatable {
        Some(metatable) => shape::own(vm, metatable)?,
        None => lua(vm).no_metatable(vm),
    };
    let weak = metatable.map_or(0, |metatable| weakness(vm, metatable));
    let shape = table.shape.get(vm);
    let weak_before = shape.traits.get() & !shape::DICTIONARY;
    if shape.metatable.raw() == known.raw() && weak == weak_before {
        return Ok(());
    }
    changed(vm, table);
    if weak != 0 {
        make_weak(vm, table, known, weak)
    } else {
        table.set(|t| &t.shape, shape::with_metatable(vm, shape, known)?);
        Ok(())
    }
}

/// Makes a table weak.
///
/// # Errors
/// When memory runs out.
pub fn make_weak<'v>(vm: &'v Vm, table: Ref<'v, Table>, metatable: Ref<'v, Metatable>, weak: u32) -> Result<(), Throw> {
    let role = table.shape.get(vm).role.get(vm);
    let shape = shape::single_dictionary(vm, metatable, role, weak)?;
    make_dictionary(vm, table, shape)
}

/// The weak bits for tables with this metatable.
fn weakness<'v>(vm: &'v Vm, metatable: Ref<'v, Table>) -> u32 {
    let mode = super::meta::field(vm, metatable, Event::Mode).as_string(vm);
    let has = |letter| mode.is_some_and(|mode| mode.as_bytes().contains(&letter));
    let keys = if has(b'k') { shape::WEAK_KEYS } else { 0 };
    let values = if has(b'v') { shape::WEAK_VALUES } else { 0 };
    keys | values
}

/// The field at a place of the shape.
#[inline]
pub fn field<'v>(vm: &'v Vm, table: Ref<'v, Table>, shape: Ref<'v, Shape>, position: u32) -> &'v ValueField {
    let capacity = shape.capacity.get();
    if position < capacity {
        &table.items()[position as usize]
    } else {
        &table.spilled.get(vm).items()[(position - capacity) as usize]
    }
}

/// Sets the field at a place of the shape.
#[inline]
fn set_field<'v>(vm: &'v Vm, table: Ref<'v, Table>, shape: Ref<'v, Shape>, position: u32, value: Value<'v>) {
    let capacity = shape.capacity.get();
    if position < capacity {
        table.set_item(position as usize, |field| field, value);
    } else {
        let spilled = table.spilled.get(vm);
        spilled.set_item((position - capacity) as usize, |field| field, value);
    }
}

/// Adds a string key that the shape of the table does not have.
fn add_str<'v>(
    vm: &'v Vm,
    table: Ref<'v, Table>,
    shape: Ref<'v, Shape>,
    name: Ref<'v, Str>,
    value: Value<'v>,
    origin: Origin,
) -> Result<(), Throw> {
    if value == nil() {
        return Ok(());
    }
    key_added(vm, table, name.hash);
    let Some(longer) = shape::with_key(vm, shape, name, origin)? else {
        changed(vm, table);
        let role = shape.role.get(vm);
        if let Some(role) = role {
            role.items().iter().for_each(|place| place.set(0));
        }
        let metatable = shape.metatable.get(vm);
        let shape = match role {
            Some(_) => shape::single_dictionary(vm, metatable, role, 0)?,
            None => shape::dictionary(vm, metatable)?,
        };
        make_dictionary(vm, table, shape)?;
        return hash::set(vm, table, name.boxed(), name.hash, value);
    };
    let position = longer.count.get() - 1;
    if position >= shape.capacity.get() {
        reserve_spilled(vm, table, (position - shape.capacity.get()) as usize + 1)?;
    }
    table.set(|t| &t.shape, longer);
    set_field(vm, table, longer, position, value);
    Ok(())
}

/// Makes room for `count` spilled fields.
fn reserve_spilled(vm: &Vm, table: Ref<'_, Table>, count: usize) -> Result<(), Throw> {
    let old = table.spilled.get(vm);
    if count <= old.len() {
        return Ok(());
    }
    let new = vm.new_values(count.max(old.len() * 2).max(FIRST_SPILLED))?;
    new.writer();
    for (old, new) in old.items().iter().zip(new.items()) {
        // SAFETY: the barrier of the new array has run.
        unsafe { new.write(old.get(vm)) };
    }
    table.set(|t| &t.spilled, new);
    Ok(())
}

/// Moves the fields of a table to its hash part and gives it the shape of a dictionary.
fn make_dictionary<'v>(vm: &'v Vm, table: Ref<'v, Table>, dictionary: Ref<'v, Shape>) -> Result<(), Throw> {
    let shape = table.shape.get(vm);
    if shape.count.get() > 0 {
        let fields = || {
            let values = (0..).map(|position| field(vm, table, shape, position).get(vm));
            shape::names(vm, shape).zip(values).filter(|&(_, value)| value != nil())
        };
        let count = hash::live(table.nodes.get(vm)).count() + fields().count();
        hash::resize(vm, table, count as u32 + 1, fields())?;
        table.items().iter().for_each(|field| field.set_plain(NIL.0));
        table.set(|t| &t.spilled, lua(vm).no_values(vm));
    }
    table.set(|t| &t.shape, dictionary);
    Ok(())
}

/// A table is about to get another metatable, or other places for its keys.
#[inline]
fn changed(vm: &Vm, table: Ref<'_, Table>) {
    if let Some(role) = table.shape.get(vm).role.get(vm)
        && role.watched.get() | role.missing.get() != 0
    {
        forget(vm, role);
    }
}

/// A table is about to get a string key that it did not have, or that had no value.
#[inline]
fn key_added(vm: &Vm, table: Ref<'_, Table>, hash: u32) {
    if let Some(role) = table.shape.get(vm).role.get(vm)
        && role.missing.get() & missing_bit(hash) != 0
    {
        forget(vm, role);
    }
}

/// A field that says what becomes of an event has been set.
#[cold]
fn event_set(vm: &Vm, table: Ref<'_, Table>) {
    if let Some(role) = table.shape.get(vm).role.get(vm) {
        role.absent.set(0);
        shape::set_index(vm, role, table);
        changed(vm, table);
    }
}

/// What instructions remember of a table does not hold any more.
#[cold]
fn forget(vm: &Vm, role: Ref<'_, Metatable>) {
    role.watched.set(0);
    role.missing.set(0);
    vm.invalidate(events::SHAPES_CHANGED);
}

/// The bit of `Metatable.missing` for a name.
fn missing_bit(hash: u32) -> u32 {
    1 << (hash & 31)
}

/// Removes the entries that hold a dead object from a weak table, or whatever `is_dead` says.
pub fn remove_entries(
    vm: &Vm,
    table: Ref<'_, Table>,
    is_dead_value: impl Fn(u64) -> bool,
    is_dead_key: impl Fn(u64) -> bool,
) {
    for item in table.array.get(vm).items() {
        if is_dead_value(item.bits()) {
            item.set_plain(NIL.0);
        }
    }
    for node in table.nodes.get(vm).items() {
        let key_died = is_dead_key(node.key.bits());
        if key_died || is_dead_value(node.value.bits()) {
            node.value.set_plain(NIL.0);
        }
        if key_died {
            node.key.set_plain(HOLE.0);
        }
    }
}
