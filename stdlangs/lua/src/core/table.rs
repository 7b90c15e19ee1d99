//! Tables: raw access, without metatables.
//!
//! The array part holds the keys 0 up to `array_size` at their own index. Everything else is in the hash part: open
//! addressing with linear probing, at most half full, so that most keys are found at their first probe, which is the only
//! one that bytecode makes. Entries whose value is nil stay until the next rehash: `next` finds its way by them.

use dg_runtime::{Field, Ref, Str, Throw, Value, Values, Vm};

use super::alloc;
use super::state::lua;
use crate::generated::{Boxed, HOLE, Kind, NIL, Node, Nodes, Table, ValueKind, nil};

/// Smallest array part that is made when the first element is appended; index 0 counts.
const FIRST_ARRAY_SIZE: u32 = 4;

/// Nodes that are made when the first key is added.
const FIRST_NODES: u32 = 4;

/// Array parts stay below this size.
const MAX_ARRAY_SIZE: u32 = 1 << 26;

/// A new table with room for the keys 1 to `array` in its array part and for `hash` more.
///
/// # Errors
/// When memory runs out.
pub fn new(vm: &Vm, array: u32, hash: u32) -> Result<Ref<'_, Table>, Throw> {
    let state = lua(vm);
    let array = match array {
        0 => state.no_values(vm),
        _ => alloc::values(vm, array.min(MAX_ARRAY_SIZE - 1) + 1)?,
    };
    let nodes = match hash {
        0 => state.no_nodes(vm),
        _ => alloc::nodes(vm, capacity_for(hash))?,
    };
    alloc::table_of(vm, array, nodes)
}

/// The value of a key; nil if it has none.
#[inline]
pub fn get<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Value<'v> {
    match key.kind(vm) {
        Kind::String(name) => get_str(vm, table, name),
        Kind::Double(number) => get_number(vm, table, number),
        Kind::Nil => nil(),
        _ => get_hashed(vm, table, key),
    }
}

/// The value of a string key.
#[inline]
pub fn get_str<'v>(vm: &'v Vm, table: Ref<'v, Table>, name: Ref<'v, Str>) -> Value<'v> {
    find(vm, table, name.boxed(), name.hash).map_or(nil(), |node| node.value.get(vm))
}

/// The value of a number key.
#[inline]
pub fn get_number<'v>(vm: &'v Vm, table: Ref<'v, Table>, number: f64) -> Value<'v> {
    match array_index(table, number) {
        // SAFETY: `array_size` is the length of the array part.
        Some(index) => unsafe { table.array.get(vm).items().get_unchecked(index) }.get(vm),
        None => get_hashed(vm, table, Value::double(normalized(number))),
    }
}

/// Sets the value of a key; nil removes it.
///
/// # Errors
/// When memory runs out.
///
/// # Panics
/// If the key is nil or NaN, which a caller words as an error.
pub fn set<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, value: Value<'v>) -> Result<(), Throw> {
    match key.kind(vm) {
        Kind::String(name) => set_str(vm, table, name, value),
        Kind::Double(number) => set_number(vm, table, number, value),
        _ => set_hashed(vm, table, key, hash_of_bits(key), value),
    }
}

/// Sets the value of a string key; nil removes it.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn set_str<'v>(vm: &'v Vm, table: Ref<'v, Table>, name: Ref<'v, Str>, value: Value<'v>) -> Result<(), Throw> {
    set_hashed(vm, table, name.boxed(), name.hash, value)
}

/// Sets the value of a number key; nil removes it.
///
/// # Errors
/// When memory runs out.
///
/// # Panics
/// If the number is NaN.
pub fn set_number<'v>(vm: &'v Vm, table: Ref<'v, Table>, number: f64, value: Value<'v>) -> Result<(), Throw> {
    if set_in_array(vm, table, number, value) {
        return Ok(());
    }
    let size = table.array_size.get();
    let extends = number == f64::from(size) && size > 0 || number == 1.0 && size == 0;
    if extends && value != nil() && size < MAX_ARRAY_SIZE && is_dense(vm, table) {
        grow_array(vm, table, if size == 0 { FIRST_ARRAY_SIZE } else { size * 2 })?;
        if set_in_array(vm, table, number, value) {
            return Ok(());
        }
    }
    let key = Value::double(normalized(number));
    set_hashed(vm, table, key, hash_of_bits(key), value)
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
    if table.node_used.get() == 0 {
        last
    } else {
        hashed_length(vm, table, last)
    }
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
    let size = table.array_size.get() as usize;
    let start = match key.kind(vm) {
        Kind::Nil => 0,
        Kind::Double(number) if array_index(table, number).is_some_and(|index| index < size) => number as usize + 1,
        _ => {
            let key = key.as_double().map_or(key, |number| Value::double(normalized(number)));
            size + 1 + find_node(vm, table, key, hash_of(vm, key)).ok_or(UnknownKey)?.0
        }
    };
    if start < size {
        let items = &table.array.get(vm).items()[start..];
        if let Some(offset) = items.iter().position(|item| item.bits() != NIL.0) {
            let index = (start + offset) as f64;
            return Ok(Some((Value::double(index), items[offset].get(vm))));
        }
    }
    let nodes = &table.nodes.get(vm).items()[start.saturating_sub(size)..];
    let node = nodes.iter().find(|node| node.value.bits() != NIL.0);
    Ok(node.map(|node| (node.key.get(vm), node.value.get(vm))))
}

/// `next` was given a key that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownKey;

/// Stores `values` at `first` and the whole keys after it.
///
/// # Errors
/// When memory runs out.
pub fn set_list<'v>(vm: &'v Vm, table: Ref<'v, Table>, values: &[Value<'v>], first: u32) -> Result<(), Throw> {
    let end = first as usize + values.len();
    if end > table.array_size.get() as usize && end <= MAX_ARRAY_SIZE as usize {
        grow_array(vm, table, end as u32)?;
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
        grow_array(vm, table, count + 1)
    } else {
        Ok(())
    }
}

/// Sets the value of a key of the array part; false, with nothing done, if it is not there.
#[inline]
pub fn set_in_array<'v>(vm: &'v Vm, table: Ref<'v, Table>, number: f64, value: Value<'v>) -> bool {
    let Some(index) = array_index(table, number) else {
        return false;
    };
    let array = table.array.get(vm);
    array.writer();
    // SAFETY: `array_size` is the length of the array part, whose barrier has run.
    unsafe { array.items().get_unchecked(index).write(value) };
    true
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
    may_add: impl FnOnce() -> bool,
) -> Result<bool, Throw> {
    match find(vm, table, name.boxed(), name.hash) {
        Some(node) if node.value.bits() != NIL.0 => replace(vm, table, node, value),
        _ if !may_add() => return Ok(false),
        Some(node) => replace(vm, table, node, value),
        None => add(vm, table, name.boxed(), name.hash, value)?,
    }
    Ok(true)
}

/// Where in the array part a key is.
#[inline]
fn array_index(table: Ref<'_, Table>, number: f64) -> Option<usize> {
    let index = number as u32;
    (index < table.array_size.get() && f64::from(index) == number).then_some(index as usize)
}

/// -0 and 0 are the same key.
fn normalized(number: f64) -> f64 {
    number + 0.0
}

/// The hash of a key as it stands in a node.
#[inline]
fn hash_of<'v>(vm: &'v Vm, key: Value<'v>) -> u32 {
    key.as_string(vm).map_or_else(|| hash_of_bits(key), |name| name.hash)
}

/// The hash of a key that is no string.
#[inline]
fn hash_of_bits(key: Value<'_>) -> u32 {
    // Whole numbers have zeros in the low bits, which the low bits of a product would show. The high half of a wide one
    // depends on all bits of the key.
    let product = u128::from(key.bits()) * 0x9E37_79B9_7F4A_7C15;
    ((product >> 64) ^ product) as u32
}

fn get_hashed<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Value<'v> {
    find(vm, table, key, hash_of_bits(key)).map_or(nil(), |node| node.value.get(vm))
}

/// The node with a key that is in the hash part, if it has ever been there since the last rehash.
#[inline]
fn find<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'_>, hash: u32) -> Option<&'v Node> {
    find_node(vm, table, key, hash).map(|(_, node)| node)
}

/// As [`find`], with the index of the node.
#[inline]
fn find_node<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'_>, hash: u32) -> Option<(usize, &'v Node)> {
    let (nodes, mask) = (table.nodes.get(vm).items(), table.node_mask.get() as usize);
    debug_assert_eq!(mask + 1, nodes.len());
    let mut index = hash as usize & mask;
    // At most half of the nodes are in use, so a probe ends.
    loop {
        // SAFETY: `node_mask` is one less than the number of nodes.
        let node = unsafe { nodes.get_unchecked(index) };
        let found = node.key.bits();
        if found == key.bits() {
            return Some((index, node));
        }
        if found == NIL.0 {
            return None;
        }
        index = (index + 1) & mask;
    }
}

fn set_hashed<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, hash: u32, value: Value<'v>) -> Result<(), Throw> {
    assert!(
        key != nil() && key.as_double().is_none_or(|number| !number.is_nan()),
        "no table has such a key"
    );
    match find(vm, table, key, hash) {
        Some(node) => {
            replace(vm, table, node, value);
            Ok(())
        }
        None => add(vm, table, key, hash, value),
    }
}

/// Sets the value of a key that the hash part has.
#[inline]
fn replace<'v>(vm: &'v Vm, table: Ref<'v, Table>, node: &Node, value: Value<'v>) {
    if node.value.bits() == NIL.0 {
        // An event that was known to be absent may be there now.
        table.absent.set(0);
    }
    table.nodes.get(vm).writer();
    // SAFETY: the barrier of the node's object has run.
    unsafe { node.value.write(value) };
}

/// Sets the value of a key that the table does not have.
#[inline]
fn add<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, hash: u32, value: Value<'v>) -> Result<(), Throw> {
    if value == nil() {
        return Ok(());
    }
    if !has_free_node(table) {
        rehash(vm, table, key)?;
        // The key may belong to the array part now.
        if key
            .as_double()
            .is_some_and(|number| set_in_array(vm, table, number, value))
        {
            return Ok(());
        }
    }
    insert(vm, table, key, hash, value);
    Ok(())
}

/// Adds a key that the hash part, which has a free node, does not have.
///
/// A key that cannot have the node where its probe begins goes to the next free one, and leaves that again to the first
/// key whose probe begins there. So as many keys as possible are found at once.
#[inline]
fn insert<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, hash: u32, value: Value<'v>) {
    let (nodes, mask) = (table.nodes.get(vm), table.node_mask.get() as usize);
    debug_assert_eq!(mask + 1, nodes.len());
    nodes.writer();
    // SAFETY: `node_mask` is one less than the number of nodes.
    let node_at = |index: usize| unsafe { nodes.items().get_unchecked(index & mask) };
    let write = |node: &Node, key: Value<'v>, value: Value<'v>| {
        // SAFETY: the barrier of the node's object has run.
        unsafe {
            node.key.write(key);
            node.value.write(value);
        }
    };
    let home = node_at(hash as usize);
    if home.key.bits() == NIL.0 {
        write(home, key, value);
    } else {
        let mut index = hash as usize + 1;
        while node_at(index).key.bits() != NIL.0 {
            index += 1;
        }
        let occupant = home.key.get(vm);
        let is_guest = (hash_of(vm, occupant) ^ hash) as usize & mask != 0;
        if is_guest {
            // Everything between is in use, so its probe, which gets to `home`, gets to the free node as well.
            write(node_at(index), occupant, home.value.get(vm));
            write(home, key, value);
        } else {
            write(node_at(index), key, value);
        }
    }
    table.node_used.set(table.node_used.get() + 1);
    table.absent.set(0);
}

/// Whether another key leaves half of the nodes free. The nodes that all empty tables share have none.
fn has_free_node(table: Ref<'_, Table>) -> bool {
    let capacity = table.node_mask.get() + 1;
    capacity > 1 && (table.node_used.get() + 1) * 2 <= capacity
}

/// Nodes for `count` keys.
fn capacity_for(count: u32) -> u32 {
    (count.min(1 << 28) * 2).next_power_of_two()
}

/// Makes room for `key` and drops dead entries; the array part becomes the largest that at least half fills with whole
/// keys.
#[cold]
fn rehash<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Result<(), Throw> {
    let nodes = table.nodes.get(vm);
    let live = || nodes.items().iter().filter(|node| node.value.bits() != NIL.0);
    let mut count = live().count() as u32 + 1;
    if key.is_double() || live().any(|node| node.key.get(vm).is_double()) {
        let mut whole_keys = WholeKeys::default();
        live().for_each(|node| whole_keys.count(node.key.get(vm)));
        whole_keys.count(key);
        whole_keys.count_array(vm, table);
        let (size, inside) = whole_keys.best_array_size();
        if size > table.array_size.get() {
            let in_array_already = whole_keys.array_total;
            grow_array(vm, table, size)?;
            // All the others moved from the hash part, or are the key that is about to be added.
            count -= inside - in_array_already;
        }
    }
    // A quarter more, so that a table that loses as many keys as it gains is not rehashed all the time.
    install_nodes(
        table,
        alloc::nodes(vm, capacity_for(count + count / 4).max(FIRST_NODES))?,
    );
    for node in nodes.items().iter().filter(|node| node.value.bits() != NIL.0) {
        let key = node.key.get(vm);
        insert(vm, table, key, hash_of(vm, key), node.value.get(vm));
    }
    Ok(())
}

/// How many whole keys lie between neighbouring powers of two.
#[derive(Default)]
struct WholeKeys {
    /// Element `i` counts the keys in `2^(i-1)+1 ..= 2^i`.
    slices: [u32; 27],
    array_total: u32,
}

impl WholeKeys {
    fn count(&mut self, key: Value<'_>) {
        let Some(number) = key.as_double() else { return };
        let whole = number as u32;
        if f64::from(whole) == number && whole > 0 && whole < MAX_ARRAY_SIZE {
            self.slices[slice_of(whole)] += 1;
        }
    }

    fn count_array(&mut self, vm: &Vm, table: Ref<'_, Table>) {
        for (index, item) in table.array.get(vm).items().iter().enumerate().skip(1) {
            if item.bits() != NIL.0 {
                self.slices[slice_of(index as u32)] += 1;
                self.array_total += 1;
            }
        }
    }

    /// The size of the largest array part of which more than half is used, and how many keys it takes.
    fn best_array_size(&self) -> (u32, u32) {
        let (mut best, mut sum) = ((0, 0), 0);
        for (power, count) in self.slices.iter().enumerate() {
            sum += count;
            let limit = 1u32 << power;
            if sum > limit / 2 {
                best = (limit + 1, sum);
            }
        }
        best
    }
}

fn slice_of(whole: u32) -> usize {
    (u32::BITS - (whole - 1).leading_zeros()) as usize
}

/// Whether it is worth growing the array part for the key behind it: its last place is in use, and half of the others. (A
/// queue, which loses its first elements, would otherwise grow without bounds.)
fn is_dense(vm: &Vm, table: Ref<'_, Table>) -> bool {
    let items = table.array.get(vm).items();
    let in_use = || items.iter().filter(|item| item.bits() != NIL.0);
    items
        .last()
        .is_none_or(|last| last.bits() != NIL.0 && in_use().count() * 2 >= items.len())
}

/// Makes the array part `size` long and moves the keys there that the hash part has.
fn grow_array(vm: &Vm, table: Ref<'_, Table>, size: u32) -> Result<(), Throw> {
    let (old, new) = (table.array.get(vm), alloc::values(vm, size.min(MAX_ARRAY_SIZE))?);
    let writer = new.writer();
    for (item, new_item) in old.items()[..table.array_size.get() as usize].iter().zip(new.items()) {
        // SAFETY: the barrier of the new array part has run.
        unsafe { new_item.write(item.get(vm)) };
    }
    let old_size = table.array_size.get() as usize;
    if table.node_used.get() > 0 {
        let nodes = table.nodes.get(vm);
        for node in nodes.items() {
            let Some(number) = node.key.get(vm).as_double() else {
                continue;
            };
            let index = number as usize;
            if index as f64 == number && (old_size..new.len()).contains(&index) {
                writer.set_item(index, |item| item, node.value.get(vm));
                // The key stays, without a value, until the next rehash: `next` never shows it.
                node.value.set_plain(NIL.0);
            }
        }
    }
    install_array(table, new);
    Ok(())
}

fn install_array<'v>(table: Ref<'v, Table>, values: Ref<'v, Values>) {
    table.set(|t| &t.array, values);
    table.array_size.set(values.len() as u32);
}

fn install_nodes<'v>(table: Ref<'v, Table>, nodes: Ref<'v, Nodes>) {
    table.set(|t| &t.nodes, nodes);
    table.node_mask.set(nodes.len() as u32 - 1);
    table.node_used.set(0);
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
