//! Tables.

use std::marker::PhantomData;

use dg_runtime::{Ref, Value as VmValue};

use super::convert::{FromLua, IntoLua};
use super::error::{Error, Result};
use super::function::Function;
use super::lua::{Lua, SlotGuard};
use super::multi::{FromLuaMulti, IntoLuaMulti, Slot, ValueWriter};
use super::reference::Reference;
use super::throw::caught;
use super::value::Value;
use crate::core::{externs, table};
use crate::generated::{Boxed, Found, Stored, Table as VmTable, ValueKind, nil};

/// A table.
///
/// What begins with `raw_` passes the metamethods by.
///
/// ```
/// let lua = dg_lua::Lua::new();
/// let table = lua.create_table()?;
/// table.set("name", "dg")?;
/// table.push(10)?;
/// table.push(20)?;
/// assert_eq!(table.get::<String>("name")?, "dg");
/// assert_eq!(table.raw_len(), 2);
/// assert_eq!(table.get::<Option<i32>>("age")?, None);
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table(pub(crate) Reference);

impl Table {
    #[inline]
    pub(crate) fn new(lua: &Lua, table: VmValue<'_>) -> Table {
        Table(Reference::new(lua, table))
    }

    #[inline]
    pub(crate) fn reference<'v>(&self, lua: &'v Lua) -> Result<Ref<'v, VmTable>> {
        let value = self.0.value(lua)?;
        Ok(value.as_table(lua.vm()).expect("a table's value is a table"))
    }

    /// The value of a key, `__index` included; nil if it has none.
    ///
    /// # Errors
    /// What a metamethod throws; that the value cannot be converted.
    pub fn get<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        let lua = self.0.lua()?;
        index(&lua, &self.0, key)
    }

    /// Sets the value of a key, `__newindex` included; nil removes it.
    ///
    /// # Errors
    /// What a metamethod throws; that the key is nil or NaN, or memory runs out.
    pub fn set(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        let lua = self.0.lua()?;
        set_index(&lua, &self.0, key, value)
    }

    /// Whether a key has a value, `__index` included.
    ///
    /// # Errors
    /// What a metamethod throws.
    pub fn contains_key(&self, key: impl IntoLua) -> Result<bool> {
        Ok(!self.get::<Value>(key)?.is_nil())
    }

    /// The value of a key; nil if it has none.
    ///
    /// # Errors
    /// That the value cannot be converted.
    pub fn raw_get<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        let lua = self.0.lua()?;
        let slots = SlotGuard::new(&lua);
        ValueWriter::new(&lua).push(key)?;
        let found = table::get(lua.vm(), self.reference(&lua)?, slots.get(0));
        V::from_slot(Slot::new(&lua, found))
    }

    /// Sets the value of a key; nil removes it.
    ///
    /// # Errors
    /// That the key is nil or NaN, or memory runs out.
    pub fn raw_set(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        let lua = self.0.lua()?;
        lua.poll();
        let slots = push_two(&lua, key, value)?;
        let set = externs::set_checked(lua.vm(), self.reference(&lua)?, slots.get(0), slots.get(1));
        set.map_err(|thrown| caught(&lua, thrown))
    }

    /// What `#` answers: Lua 5.1 asks no metamethod of a table. See [`Table::raw_len`].
    ///
    /// # Errors
    /// When the state is gone.
    pub fn len(&self) -> Result<usize> {
        let lua = self.0.lua()?;
        Ok(table::length(lua.vm(), self.reference(&lua)?) as usize)
    }

    /// A border: some n with a value at n and none at n + 1, or 0; 0 as well when the state is gone.
    pub fn raw_len(&self) -> usize {
        self.len().unwrap_or(0)
    }

    /// Whether it has no key at all.
    ///
    /// # Errors
    /// When the state is gone.
    pub fn is_empty(&self) -> Result<bool> {
        let lua = self.0.lua()?;
        Ok(matches!(table::next(lua.vm(), self.reference(&lua)?, nil()), Ok(None)))
    }

    /// Appends a value, past metamethods.
    ///
    /// # Errors
    /// When memory runs out; that the value cannot be converted.
    pub fn push(&self, value: impl IntoLua) -> Result<()> {
        let length = self.len()?;
        self.raw_set(length as f64 + 1.0, value)
    }

    /// Removes the last value and answers it, past metamethods; nil if there is none.
    ///
    /// # Errors
    /// That the value cannot be converted.
    pub fn pop<V: FromLua>(&self) -> Result<V> {
        let length = self.len()?;
        let value = self.raw_get(length as f64);
        if length > 0 {
            self.raw_set(length as f64, Value::Nil)?;
        }
        value
    }

    /// Inserts a value at a place from 1, and moves those behind it up.
    ///
    /// # Errors
    /// That there is no such place; when memory runs out.
    pub fn raw_insert(&self, place: usize, value: impl IntoLua) -> Result<()> {
        let length = self.len()?;
        if !(1..=length + 1).contains(&place) {
            return Err(Error::runtime(format!("there is no place {place} to insert at")));
        }
        for from in (place..=length).rev() {
            self.raw_set((from + 1) as f64, self.raw_get::<Value>(from as f64)?)?;
        }
        self.raw_set(place as f64, value)
    }

    /// Removes the value at a place from 1, and moves those behind it down; answers it.
    ///
    /// # Errors
    /// That there is no such place.
    pub fn raw_remove<V: FromLua>(&self, place: usize) -> Result<V> {
        let length = self.len()?;
        if !(1..=length).contains(&place) {
            return Err(Error::runtime(format!("there is no place {place} to remove")));
        }
        let removed = self.raw_get::<Value>(place as f64)?;
        for to in place..length {
            self.raw_set(to as f64, self.raw_get::<Value>((to + 1) as f64)?)?;
        }
        self.raw_set(length as f64, Value::Nil)?;
        V::from_lua(removed, &self.0.lua()?)
    }

    /// Removes all keys, past metamethods.
    ///
    /// # Errors
    /// When the state is gone.
    pub fn clear(&self) -> Result<()> {
        let keys: Result<Vec<Value>> = self
            .pairs::<Value, Value>()
            .map(|entry| entry.map(|(key, _)| key))
            .collect();
        for key in keys? {
            self.raw_set(key, Value::Nil)?;
        }
        Ok(())
    }

    /// The metatable.
    pub fn metatable(&self) -> Option<Table> {
        let lua = self.0.lua().ok()?;
        let metatable = table::metatable(lua.vm(), self.reference(&lua).ok()?)?;
        Some(Table::new(&lua, metatable.boxed()))
    }

    /// Sets the metatable, or takes it away; `__metatable` does not protect it from the host.
    ///
    /// # Errors
    /// When the state is gone, or the metatable is of another one.
    pub fn set_metatable(&self, metatable: Option<&Table>) -> Result<()> {
        let lua = self.0.lua()?;
        let metatable = metatable.map(|metatable| metatable.reference(&lua)).transpose()?;
        let table = self.reference(&lua)?;
        table::set_metatable(lua.vm(), table, metatable).map_err(|thrown| caught(&lua, thrown))
    }

    /// The entries, past metamethods, in no particular order. Values may be changed and keys be removed meanwhile;
    /// when a key is added, the iterator may end with an error.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// let table = lua.create_table_from([("a", 1), ("b", 2)])?;
    /// let mut sum = 0;
    /// for entry in table.pairs::<String, i32>() {
    ///     let (_name, value) = entry?;
    ///     sum += value;
    /// }
    /// assert_eq!(sum, 3);
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    pub fn pairs<K: FromLua, V: FromLua>(&self) -> TablePairs<'_, K, V> {
        TablePairs {
            table: self,
            key: Some(Value::Nil),
            types: PhantomData,
        }
    }

    /// Calls a function with each entry, past metamethods.
    ///
    /// # Errors
    /// What the function answers; that an entry cannot be converted.
    pub fn for_each<K: FromLua, V: FromLua>(&self, mut f: impl FnMut(K, V) -> Result<()>) -> Result<()> {
        self.pairs()
            .try_for_each(|entry| entry.and_then(|(key, value)| f(key, value)))
    }

    /// The values at 1, 2, and so on, to the first nil; past metamethods.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// let table: dg_lua::Table = lua.load("{ 'x', 'y', nil, 'z' }").eval()?;
    /// let values: Vec<String> = table.sequence_values().collect::<dg_lua::Result<_>>()?;
    /// assert_eq!(values, ["x", "y"]);
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    pub fn sequence_values<V: FromLua>(&self) -> TableSequence<'_, V> {
        TableSequence {
            table: self,
            next: 1,
            values: PhantomData,
        }
    }

    /// Whether `==` holds, `__eq` included.
    ///
    /// # Errors
    /// What a metamethod throws.
    pub fn equals(&self, other: &Table) -> Result<bool> {
        let lua = self.0.lua()?;
        Value::Table(self.clone()).equals(&Value::Table(other.clone()), &lua)
    }

    /// What tells it from other objects of its state.
    pub fn to_pointer(&self) -> usize {
        self.0.address()
    }
}

/// The entries of a table: see [`Table::pairs`].
#[derive(Debug)]
pub struct TablePairs<'a, K, V> {
    table: &'a Table,
    /// The last one; none at the end.
    key: Option<Value>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: FromLua, V: FromLua> TablePairs<'_, K, V> {
    fn step(&mut self) -> Result<Option<(K, V)>> {
        let Some(key) = self.key.take() else { return Ok(None) };
        let lua = self.table.0.lua()?;
        let table = self.table.reference(&lua)?;
        let entry = match table::next(lua.vm(), table, key.to_vm(&lua)?) {
            Ok(entry) => entry,
            Err(table::UnknownKey) => return Err(Error::runtime("a key was added to a table that is traversed")),
        };
        let Some((key, value)) = entry else { return Ok(None) };
        let (key, value) = (Value::from_vm(&lua, key), Value::from_vm(&lua, value));
        self.key = Some(key.clone());
        Ok(Some((K::from_lua(key, &lua)?, V::from_lua(value, &lua)?)))
    }
}

impl<K: FromLua, V: FromLua> Iterator for TablePairs<'_, K, V> {
    type Item = Result<(K, V)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// The values of a sequence: see [`Table::sequence_values`].
#[derive(Debug)]
pub struct TableSequence<'a, V> {
    table: &'a Table,
    next: u64,
    values: PhantomData<fn() -> V>,
}

impl<V: FromLua> Iterator for TableSequence<'_, V> {
    type Item = Result<V>;

    fn next(&mut self) -> Option<Self::Item> {
        let value = self.table.raw_get::<Value>(self.next as f64);
        self.next += 1;
        match value {
            Ok(Value::Nil) => None,
            Ok(value) => Some(self.table.0.lua().and_then(|lua| V::from_lua(value, &lua))),
            Err(error) => Some(Err(error)),
        }
    }
}

/// What can be indexed and called as an object: tables and userdata.
///
/// ```
/// use dg_lua::{ObjectLike, Table};
///
/// # let lua = dg_lua::Lua::new();
/// let account: Table = lua.load("{ balance = 10, add = function(self, n) return self.balance + n end }").eval()?;
/// assert_eq!(account.call_method::<i32>("add", 5)?, 15);
/// # Ok::<(), dg_lua::Error>(())
/// ```
pub trait ObjectLike: Sized {
    #[doc(hidden)]
    fn object(&self) -> Value;

    #[doc(hidden)]
    fn state(&self) -> Result<Lua>;

    /// `object[key]`
    ///
    /// # Errors
    /// What a metamethod throws; that the value cannot be converted.
    fn get_field<V: FromLua>(&self, key: impl IntoLua) -> Result<V> {
        let lua = self.state()?;
        index(&lua, &Reference::new(&lua, self.object().to_vm(&lua)?), key)
    }

    /// `object[key] = value`
    ///
    /// # Errors
    /// What a metamethod throws.
    fn set_field(&self, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
        let lua = self.state()?;
        set_index(&lua, &Reference::new(&lua, self.object().to_vm(&lua)?), key, value)
    }

    /// `object(arguments)`
    ///
    /// # Errors
    /// What it throws; that it has no `__call`.
    fn call_object<R: FromLuaMulti>(&self, arguments: impl IntoLuaMulti) -> Result<R> {
        let lua = self.state()?;
        Function::call_value(&lua, self.object().to_vm(&lua)?, arguments)
    }

    /// `object:name(arguments)`
    ///
    /// # Errors
    /// What it throws.
    fn call_method<R: FromLuaMulti>(&self, name: &str, arguments: impl IntoLuaMulti) -> Result<R> {
        self.call_function(name, (self.object(), arguments))
    }

    /// `object.name(arguments)`
    ///
    /// # Errors
    /// What it throws.
    fn call_function<R: FromLuaMulti>(&self, name: &str, arguments: impl IntoLuaMulti) -> Result<R> {
        let lua = self.state()?;
        let method: Value = self.get_field(name)?;
        Function::call_value(&lua, method.to_vm(&lua)?, arguments)
    }
}

impl ObjectLike for Table {
    fn object(&self) -> Value {
        Value::Table(self.clone())
    }

    fn state(&self) -> Result<Lua> {
        self.0.lua()
    }
}

/// Pushes a key and a value. Converting one may run anything, and the other is in its slot.
#[inline]
fn push_two<'a>(lua: &'a Lua, key: impl IntoLua, value: impl IntoLua) -> Result<SlotGuard<'a>> {
    let slots = SlotGuard::new(lua);
    let mut values = ValueWriter::new(lua);
    values.push(key)?;
    values.push(value)?;
    Ok(slots)
}

/// Reads a field of any value, metamethods included.
#[inline]
fn index<V: FromLua>(lua: &Lua, object: &Reference, key: impl IntoLua) -> Result<V> {
    let slots = SlotGuard::new(lua);
    ValueWriter::new(lua).push(key)?;
    let (object, key) = (object.value(lua)?, slots.get(0));
    match externs::index(lua.vm(), object, key) {
        Ok(Found::Value(found)) => V::from_slot(Slot::new(lua, found)),
        Ok(Found::Call(function, object)) => {
            let found: Value = call_with_slots(lua, function.boxed(), &[object, key])?;
            V::from_lua(found, lua)
        }
        Err(thrown) => Err(caught(lua, thrown)),
    }
}

/// Writes a field of any value, metamethods included.
#[inline]
fn set_index(lua: &Lua, object: &Reference, key: impl IntoLua, value: impl IntoLua) -> Result<()> {
    lua.poll();
    let slots = push_two(lua, key, value)?;
    let (object, key, value) = (object.value(lua)?, slots.get(0), slots.get(1));
    match externs::store(lua.vm(), object, key, value, table::Origin::Named) {
        Ok(Stored::Done) => Ok(()),
        Ok(Stored::Call(function, object)) => call_with_slots(lua, function.boxed(), &[object, key, value]),
        Err(thrown) => Err(caught(lua, thrown)),
    }
}

/// Calls a metamethod.
fn call_with_slots<R: FromLuaMulti>(lua: &Lua, function: VmValue<'_>, arguments: &[VmValue<'_>]) -> Result<R> {
    let _slots = SlotGuard::new(lua);
    match lua.vm().prepare(function, arguments) {
        Ok(pending) => lua.run(pending, R::from_lua_multi),
        Err(thrown) => Err(caught(lua, thrown)),
    }
}
