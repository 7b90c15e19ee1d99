//! The hash part of tables: open addressing with linear probing, at most half full, so that most keys are found at their
//! first probe, which is the only one that bytecode makes. Entries whose value is nil stay until the next rehash: traversals
//! find their way by them.

use dg_runtime::{Field, Ref, Throw, Value, Vm};

use super::array::{self, MAX_ARRAY_SIZE};
use super::key_added;
use crate::core::alloc;
use crate::generated::{NIL, Node, Nodes, Table, ValueKind, nil};

/// Nodes that are made when the first key is added.
const FIRST_NODES: u32 = 4;

/// -0 and 0 are the same key.
pub fn normalized(number: f64) -> f64 {
    number + 0.0
}

/// The hash of a key as it stands in a node.
#[inline]
pub fn hash_of<'v>(vm: &'v Vm, key: Value<'v>) -> u32 {
    key.as_string(vm).map_or_else(|| hash_of_bits(key), |name| name.hash)
}

/// The hash of a key that is no string, which bytecode computes too.
#[inline]
pub fn hash_of_bits(key: Value<'_>) -> u32 {
    dg_runtime::hash_of_bits(key.bits())
}

/// The value of a key that is in the hash part.
#[inline]
pub fn get<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, hash: u32) -> Value<'v> {
    find(vm, table, key, hash).map_or(nil(), |(_, node)| node.value.get(vm))
}

/// The node with a key that is in the hash part, if it has ever been there since the last rehash, and its index.
#[inline]
pub fn find<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'_>, hash: u32) -> Option<(usize, &'v Node)> {
    let nodes = table.nodes.get(vm).items();
    let mask = nodes.len() - 1;
    let mut index = hash as usize & mask;
    // At most half of the nodes are in use, so a probe ends.
    loop {
        // SAFETY: the length of a hash part is a power of two, at least 1.
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

/// Sets the value of a key that belongs to the hash part.
///
/// # Errors
/// When memory runs out.
///
/// # Panics
/// If no table can have such a key.
pub fn set<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, hash: u32, value: Value<'v>) -> Result<(), Throw> {
    assert!(
        key != nil() && key.as_double().is_none_or(|number| !number.is_nan()),
        "no table has such a key"
    );
    match find(vm, table, key, hash) {
        Some((_, node)) => {
            replace(vm, table, node, value);
            Ok(())
        }
        None => add(vm, table, key, hash, value),
    }
}

/// Sets the value of a key that the hash part has.
#[inline]
pub fn replace<'v>(vm: &'v Vm, table: Ref<'v, Table>, node: &Node, value: Value<'v>) {
    if node.value.bits() == NIL.0 {
        let key = node.key.get(vm);
        key_added(vm, table, hash_of(vm, key));
    }
    table.nodes.get(vm).will_write(node);
    // SAFETY: the barrier has run.
    unsafe { node.value.write(value) };
}

/// Sets the value of a key that the table does not have.
#[inline]
pub fn add<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, hash: u32, value: Value<'v>) -> Result<(), Throw> {
    if value == nil() {
        return Ok(());
    }
    if !has_free_node(table.nodes.get(vm)) {
        rehash(vm, table, key)?;
        // The key may belong to the array part now.
        if key
            .as_double()
            .is_some_and(|number| array::set(vm, table, number, value))
        {
            return Ok(());
        }
    }
    key_added(vm, table, hash);
    insert(vm, table.nodes.get(vm), key, hash, value);
    Ok(())
}

/// Adds a key that the hash part, which has a free node, does not have.
///
/// A key that cannot have the node where its probe begins goes to the next free one, and leaves that again to the first
/// key whose probe begins there. So as many keys as possible are found at once.
#[inline]
fn insert<'v>(vm: &'v Vm, nodes: Ref<'v, Nodes>, key: Value<'v>, hash: u32, value: Value<'v>) {
    let mask = nodes.len() - 1;
    // SAFETY: the length of a hash part is a power of two.
    let node_at = |index: usize| unsafe { nodes.items().get_unchecked(index & mask) };
    let write = |node: &Node, key: Value<'v>, value: Value<'v>| {
        nodes.will_write(node);
        // SAFETY: the barrier has run.
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
    nodes.used.set(nodes.used.get() + 1);
}

/// Whether another key leaves half of the nodes free. The nodes that all empty tables share have none.
fn has_free_node(nodes: Ref<'_, Nodes>) -> bool {
    let capacity = nodes.len();
    capacity > 1 && (nodes.used.get() as usize + 1) * 2 <= capacity
}

/// Nodes for `count` keys.
pub fn capacity_for(count: u32) -> u32 {
    (count.min(1 << 28) * 2).next_power_of_two()
}

/// Entries that have a value.
pub fn live(nodes: Ref<'_, Nodes>) -> impl Iterator<Item = &Node> {
    nodes.items().iter().filter(|node| node.value.bits() != NIL.0)
}

/// Makes room for `key` and drops dead entries; the array part becomes the largest that at least half fills with whole
/// keys.
#[cold]
fn rehash<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Result<(), Throw> {
    let nodes = table.nodes.get(vm);
    let mut count = live(nodes).count() as u32 + 1;
    if key.is_double() || live(nodes).any(|node| node.key.get(vm).is_double()) {
        let mut whole_keys = WholeKeys::default();
        live(nodes).for_each(|node| whole_keys.count(node.key.get(vm)));
        whole_keys.count(key);
        whole_keys.count_array(vm, table);
        let (size, inside) = whole_keys.best_array_size();
        if size > table.array_size.get() {
            let in_array_already = whole_keys.array_total;
            array::grow(vm, table, size)?;
            // All the others moved from the hash part, or are the key that is about to be added.
            count -= inside - in_array_already;
        }
    }
    // A quarter more, so that a table that loses as many keys as it gains is not rehashed all the time.
    resize(vm, table, count + count / 4, std::iter::empty())
}

/// Gives the table a hash part with room for `count` keys: those that it has, and `more`.
///
/// # Errors
/// When memory runs out.
pub fn resize<'v>(
    vm: &'v Vm,
    table: Ref<'v, Table>,
    count: u32,
    more: impl Iterator<Item = (Value<'v>, Value<'v>)>,
) -> Result<(), Throw> {
    let nodes = alloc::nodes(vm, capacity_for(count).max(FIRST_NODES))?;
    for node in live(table.nodes.get(vm)) {
        let key = node.key.get(vm);
        insert(vm, nodes, key, hash_of(vm, key), node.value.get(vm));
    }
    for (key, value) in more {
        insert(vm, nodes, key, hash_of(vm, key), value);
    }
    table.set(|t| &t.nodes, nodes);
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
