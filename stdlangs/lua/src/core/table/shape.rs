//! Hidden classes: which string keys a table has where, and which metatable.
//!
//! A shape is made from another by adding a key or by another metatable, and remembers the way there, so that tables that
//! are filled alike have the same shape. Ways are found by hashing, and do not keep shapes alive, but for the one that was
//! taken last. The shape of a table that serves as metatable, or that others inherit from, is its *own*: no other table has
//! it, so that what is remembered of such a table can be tied to it.

use dg_runtime::abi::Header;
use dg_runtime::{Ref, Str, Throw, Tracer, Value, Vm};

use super::keys;
use crate::core::state::lua;
use crate::generated::{Boxed, Event, HOLE, Keys, Metatable, NIL, Shape, Site, Table, Transitions, ValueKind, false_};

/// Bit of `Shape.traits`: the string keys of the table are in its hash part.
pub const DICTIONARY: u32 = 1;
/// Bit of `Shape.traits`: keys are weak. Weak tables are dictionaries.
pub const WEAK_KEYS: u32 = 2;
/// Bit of `Shape.traits`: values are weak.
pub const WEAK_VALUES: u32 = 4;

/// Most fields that tables have in themselves.
pub const MAX_CAPACITY: u32 = 32;

/// Fields in a table of which nothing is known.
const FIRST_CAPACITY: u32 = 4;

/// A table with more string keys is a dictionary, unless its shape is its own.
const MAX_FIELDS: u32 = 128;
/// The same for own shapes.
const MAX_OWN_FIELDS: u32 = 512;
/// The same for keys that no program names.
const MAX_COMPUTED_FIELDS: u32 = 8;

/// From a shape with more ways than this, keys that no program names lead to a dictionary.
const MAX_COMPUTED_WAYS: u32 = 8;
/// Most ways that a shape remembers.
const MAX_WAYS: u32 = 1024;

/// A constructor is observed until it has made this many tables, which bytecode knows too.
const OBSERVED_TABLES: u32 = 16;

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The text of a program, or the library: there are only so many of them.
    Named,
    /// A program has computed it: there is no telling how many there will be.
    Computed,
}

/// The shape of empty tables without metatable, with room for `capacity` fields in themselves.
///
/// # Errors
/// When memory runs out.
pub fn root(vm: &Vm, capacity: u32) -> Result<Ref<'_, Shape>, Throw> {
    let root = &lua(vm).root_shapes[capacity.min(MAX_CAPACITY) as usize];
    match root.get(vm) {
        Some(shape) => Ok(shape),
        None => {
            let shape = new_root(vm, capacity.min(MAX_CAPACITY), None)?;
            root.set(Some(shape));
            Ok(shape)
        }
    }
}

/// A new shape of empty tables with room for `capacity` fields in themselves, which know their constructor.
///
/// # Errors
/// When memory runs out.
pub fn new_root<'v>(vm: &'v Vm, capacity: u32, site: Option<Ref<'v, Site>>) -> Result<Ref<'v, Shape>, Throw> {
    let shape = vm.allocate::<Shape>()?;
    let writer = shape.writer();
    writer.set(|s| &s.keys, lua(vm).no_keys(vm));
    writer.set(|s| &s.metatable, lua(vm).no_metatable(vm));
    writer.set(|s| &s.site, site);
    shape.next_key.set_plain(NIL.0);
    shape.capacity.set(capacity);
    Ok(shape)
}

/// A shape like another, that has been reached in no way yet.
fn like<'v>(vm: &'v Vm, shape: Ref<'v, Shape>) -> Result<Ref<'v, Shape>, Throw> {
    let made = new_root(vm, shape.capacity.get(), shape.site.get(vm))?;
    let writer = made.writer();
    writer.set(|s| &s.keys, shape.keys.get(vm));
    writer.set(|s| &s.metatable, shape.metatable.get(vm));
    writer.set(|s| &s.role, shape.role.get(vm));
    made.count.set(shape.count.get());
    made.traits.set(shape.traits.get());
    Ok(made)
}

/// The shape of tables with these keys, all of them in the table itself.
///
/// # Errors
/// When memory runs out.
pub fn with_keys<'v>(vm: &'v Vm, names: impl Iterator<Item = Ref<'v, Str>>) -> Result<Ref<'v, Shape>, Throw> {
    let names: Vec<_> = names.collect();
    let mut shape = root(vm, names.len() as u32)?;
    for name in names {
        // Every way that a root has taken is known: there are only so many constructors.
        shape = match way(vm, shape, name.boxed()) {
            Some(to) => to,
            None => add_named(vm, shape, name)?,
        };
    }
    Ok(shape)
}

/// Whether the string keys of tables of this shape are in their hash parts.
#[inline]
pub fn is_dictionary(shape: Ref<'_, Shape>) -> bool {
    shape.traits.get() & DICTIONARY != 0
}

/// The place of a key among the fields of a shape that is no dictionary.
#[inline]
pub fn position<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, name: Ref<'v, Str>) -> Option<u32> {
    debug_assert!(!is_dictionary(shape));
    keys::position(vm, shape.keys.get(vm), name).filter(|&position| position < shape.count.get())
}

/// The shape with one key more; none if the table is to be a dictionary.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn with_key<'v>(
    vm: &'v Vm,
    shape: Ref<'v, Shape>,
    name: Ref<'v, Str>,
    origin: Origin,
) -> Result<Option<Ref<'v, Shape>>, Throw> {
    match way(vm, shape, name.boxed()) {
        Some(to) => Ok(Some(to)),
        None => add_key(vm, shape, name, origin),
    }
}

fn add_key<'v>(
    vm: &'v Vm,
    shape: Ref<'v, Shape>,
    name: Ref<'v, Str>,
    origin: Origin,
) -> Result<Option<Ref<'v, Shape>>, Throw> {
    let (count, is_own) = (shape.count.get(), shape.role.get(vm).is_some());
    let ways = shape
        .transitions
        .get(vm)
        .map_or(0, |transitions| transitions.used.get());
    let is_dictionary = match origin {
        _ if is_own => count >= MAX_OWN_FIELDS,
        Origin::Named => count >= MAX_FIELDS || ways >= MAX_WAYS,
        Origin::Computed => count >= MAX_COMPUTED_FIELDS || ways >= MAX_COMPUTED_WAYS,
    };
    if is_dictionary {
        return Ok(None);
    }
    add_named(vm, shape, name).map(Some)
}

fn add_named<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, name: Ref<'v, Str>) -> Result<Ref<'v, Shape>, Throw> {
    let count = shape.count.get();
    let keys = keys::with(vm, shape.keys.get(vm), count, name)?;
    let is_own = shape.role.get(vm).is_some();
    // Nobody else has an own shape, and what is known of its other keys stays true.
    let to = if is_own { shape } else { like(vm, shape)? };
    to.set(|s| &s.keys, keys);
    to.count.set(count + 1);
    if let Some(site) = to.site.get(vm) {
        site.fields.set(site.fields.get().max(count + 1));
    }
    if !is_own {
        remember_way(vm, shape, name.boxed(), to)?;
    }
    Ok(to)
}

/// The shape with another metatable.
///
/// # Errors
/// When memory runs out.
pub fn with_metatable<'v>(
    vm: &'v Vm,
    shape: Ref<'v, Shape>,
    metatable: Ref<'v, Metatable>,
) -> Result<Ref<'v, Shape>, Throw> {
    let is_own = shape.role.get(vm).is_some();
    if is_dictionary(shape) && !is_own {
        return dictionary(vm, metatable);
    }
    let key = metatable.table.get(vm).map_or(false_(), Boxed::boxed);
    if let Some(to) = way(vm, shape, key) {
        return Ok(to);
    }
    let to = like(vm, shape)?;
    to.set(|s| &s.metatable, metatable);
    to.traits.set(shape.traits.get() & DICTIONARY);
    let ways = shape
        .transitions
        .get(vm)
        .map_or(0, |transitions| transitions.used.get());
    if !is_own && ways < MAX_WAYS {
        remember_way(vm, shape, key, to)?;
    }
    Ok(to)
}

/// The shape of dictionaries with this metatable.
///
/// # Errors
/// When memory runs out.
pub fn dictionary<'v>(vm: &'v Vm, metatable: Ref<'v, Metatable>) -> Result<Ref<'v, Shape>, Throw> {
    if let Some(shape) = metatable.dictionary.get(vm) {
        return Ok(shape);
    }
    let shape = single_dictionary(vm, metatable, None, 0)?;
    metatable.set(|m| &m.dictionary, Some(shape));
    Ok(shape)
}

/// The shape of a dictionary that is weak, or has a shape of its own.
///
/// # Errors
/// When memory runs out.
pub fn single_dictionary<'v>(
    vm: &'v Vm,
    metatable: Ref<'v, Metatable>,
    role: Option<Ref<'v, Metatable>>,
    weak: u32,
) -> Result<Ref<'v, Shape>, Throw> {
    let shape = new_root(vm, 0, None)?;
    let writer = shape.writer();
    writer.set(|s| &s.keys, lua(vm).hashed_keys(vm));
    writer.set(|s| &s.metatable, metatable);
    writer.set(|s| &s.role, role);
    shape.traits.set(DICTIONARY | weak);
    Ok(shape)
}

/// What a table is to those that have it as metatable or inherit from it; gives it a shape of its own.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn own<'v>(vm: &'v Vm, table: Ref<'v, Table>) -> Result<Ref<'v, Metatable>, Throw> {
    match table.shape.get(vm).role.get(vm) {
        Some(role) => Ok(role),
        None => make_own(vm, table),
    }
}

#[cold]
fn make_own<'v>(vm: &'v Vm, table: Ref<'v, Table>) -> Result<Ref<'v, Metatable>, Throw> {
    let role = vm.allocate_array::<Metatable>(Event::ALL.len())?;
    role.set(|m| &m.table, Some(table));
    set_index(vm, role, table);
    let shape = like(vm, table.shape.get(vm))?;
    let writer = shape.writer();
    writer.set(|s| &s.role, Some(role));
    writer.set(|s| &s.site, None);
    table.set(|t| &t.shape, shape);
    Ok(role)
}

/// Notes the `__index` of a metatable.
pub fn set_index<'v>(vm: &'v Vm, role: Ref<'v, Metatable>, table: Ref<'v, Table>) {
    let index = super::get_str(vm, table, lua(vm).event_name(vm, Event::Index));
    role.set(|m| &m.index, index.as_table(vm));
}

/// The shape of the next table that a constructor makes.
///
/// Its first tables show how many fields its tables get: they have shapes by themselves, which know the constructor. After
/// them it makes tables with as much room, and the shapes of all others that have it.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn of_site<'v>(vm: &'v Vm, site: Ref<'v, Site>) -> Result<Ref<'v, Shape>, Throw> {
    if site.made.get() < OBSERVED_TABLES {
        observe(vm, site)?;
    }
    Ok(site.root.get(vm))
}

#[cold]
fn observe<'v>(vm: &'v Vm, site: Ref<'v, Site>) -> Result<(), Throw> {
    site.made.set(site.made.get() + 1);
    match site.made.get() {
        // A constructor that runs once makes no shapes by itself.
        2 => site.set(|s| &s.root, new_root(vm, FIRST_CAPACITY, Some(site))?),
        OBSERVED_TABLES => site.set(|s| &s.root, root(vm, site.fields.get())?),
        _ => {}
    }
    Ok(())
}

/// A table constructor; `fields` is what is known of the fields of its tables.
///
/// # Errors
/// When memory runs out.
pub fn new_site(vm: &Vm, fields: Option<u32>) -> Result<Ref<'_, Site>, Throw> {
    let site = vm.allocate::<Site>()?;
    site.set(|s| &s.values, lua(vm).no_values(vm));
    site.set(|s| &s.nodes, lua(vm).no_nodes(vm));
    site.set(|s| &s.root, root(vm, fields.unwrap_or(FIRST_CAPACITY))?);
    if fields.is_some() {
        site.made.set(OBSERVED_TABLES);
    }
    Ok(site)
}

/// The shape that has been reached with this key or metatable before.
#[inline]
fn way<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, key: Value<'v>) -> Option<Ref<'v, Shape>> {
    if shape.next_key.bits() == key.bits() {
        return shape.next.get(vm);
    }
    let transitions = shape.transitions.get(vm)?;
    let to = transitions.items()[find_way(transitions, key)].to.get(vm)?;
    shape.set(|s| &s.next, Some(to));
    shape.set(|s| &s.next_key, key);
    Some(to)
}

fn remember_way<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, key: Value<'v>, to: Ref<'v, Shape>) -> Result<(), Throw> {
    if let Some(before) = shape.next.get(vm) {
        let transitions = match shape.transitions.get(vm) {
            Some(transitions) => transitions,
            None => {
                let made = vm.allocate_array::<Transitions>(FIRST_WAYS)?;
                shape.set(|s| &s.transitions, Some(made));
                insert_way(made, shape.next_key.get(vm), before);
                made
            }
        };
        let transitions = with_room(vm, shape, transitions)?;
        insert_way(transitions, key, to);
    }
    shape.set(|s| &s.next, Some(to));
    shape.set(|s| &s.next_key, key);
    Ok(())
}

/// Entries of the first transitions of a shape.
const FIRST_WAYS: usize = 4;

/// The transitions of a shape, with room for one more.
fn with_room<'v>(
    vm: &'v Vm,
    shape: Ref<'v, Shape>,
    transitions: Ref<'v, Transitions>,
) -> Result<Ref<'v, Transitions>, Throw> {
    let length = transitions.len();
    if (transitions.used.get() as usize + 1) * 2 <= length {
        return Ok(transitions);
    }
    let live = || {
        transitions
            .items()
            .iter()
            .filter_map(|entry| Some((entry.key.get(vm), entry.to.get(vm)?)))
    };
    let made = vm.allocate_array::<Transitions>(((live().count() + 1) * 4).next_power_of_two())?;
    for (key, to) in live() {
        insert_way(made, key, to);
    }
    shape.set(|s| &s.transitions, Some(made));
    Ok(made)
}

/// The index of the entry with a key, or of the one that ends the search for it.
fn find_way(transitions: Ref<'_, Transitions>, key: Value<'_>) -> usize {
    let entries = transitions.items();
    let mask = entries.len() - 1;
    let mut index = hash(key) & mask;
    // At most half of the entries are in use, so a probe ends.
    while entries[index].key.bits() != key.bits() && entries[index].key.bits() != UNUSED {
        index = (index + 1) & mask;
    }
    index
}

fn insert_way<'v>(transitions: Ref<'v, Transitions>, key: Value<'v>, to: Ref<'v, Shape>) {
    let index = find_way(transitions, key);
    if transitions.items()[index].key.bits() == UNUSED {
        transitions.used.set(transitions.used.get() + 1);
    }
    transitions.set_item(index, |entry| &entry.key, key);
    transitions.set_item(index, |entry| &entry.to, Some(to));
}

/// What new memory holds.
pub const UNUSED: u64 = 0;

/// Keys are strings and tables, which are told by their references.
fn hash(key: Value<'_>) -> usize {
    let product = u64::from(key.bits() as u32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (product >> 32) as usize
}

/// Transitions keep nothing alive: their keys belong to the shapes.
pub fn trace_transitions(_: &Vm, object: *const Header, tracer: &mut Tracer<'_>) -> bool {
    // SAFETY: the collector calls it with live transitions.
    let transitions = unsafe { Ref::<Transitions>::from_pointer(object.cast_mut().cast()) };
    tracer.weak(transitions.raw().0);
    true
}

/// Forgets the ways to shapes that died.
pub fn clear_transitions(transitions: Ref<'_, Transitions>, marks: &Tracer<'_>) {
    for entry in transitions.items() {
        let to = entry.to.raw();
        if !to.is_null() && !marks.is_marked(to.0) {
            entry.to.clear();
            entry.key.set_plain(HOLE.0);
        }
    }
}

/// The names of the fields of tables of a shape, in the order of their places.
pub fn names<'v>(vm: &'v Vm, shape: Ref<'v, Shape>) -> impl Iterator<Item = Value<'v>> {
    let keys: Ref<'v, Keys> = shape.keys.get(vm);
    let names = keys.names.get(vm).items();
    names[..shape.count.get() as usize].iter().map(move |name| name.get(vm))
}
