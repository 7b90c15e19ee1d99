//! Lists of values: arguments and results.

use std::ops::{Deref, DerefMut};

use dg_runtime::{Ref, Results, Value as VmValue};

use super::convert::{FromLua, IntoLua};
use super::error::{Error, Result};
use super::lua::Lua;
use super::throw::caught;
use super::value::Value;
use crate::core::{coerce, names};
use crate::generated::ValueKind;

/// Reads arguments or results, one after another. An iterator over those that are left.
#[derive(Debug)]
pub struct ValueReader<'a> {
    lua: &'a Lua,
    /// Slots of the running frame. The next one may be behind the end: more was asked for.
    next: u32,
    end: u32,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Arguments,
    Results,
}

impl<'a> ValueReader<'a> {
    #[inline]
    pub(super) fn arguments(lua: &'a Lua, count: u32) -> ValueReader<'a> {
        ValueReader {
            lua,
            next: 0,
            end: count,
            what: What::Arguments,
        }
    }

    #[inline]
    pub(super) fn results(lua: &'a Lua, results: Results) -> ValueReader<'a> {
        ValueReader {
            lua,
            next: results.start,
            end: results.start + results.count,
            what: What::Results,
        }
    }

    /// The state that the values are of.
    #[inline]
    pub fn lua(&self) -> &'a Lua {
        self.lua
    }

    /// The next value as it is; nil when none is left.
    #[inline]
    pub(super) fn next_slot(&mut self) -> VmValue<'a> {
        let slot = self.next;
        self.next += 1;
        if slot < self.end {
            self.lua.vm().slot(slot)
        } else {
            self.lua.vm().nil()
        }
    }

    /// The next value, converted; nil when none is left.
    ///
    /// # Errors
    /// What the conversion says; of an argument, with its number.
    #[inline]
    pub fn take<T: FromLua>(&mut self) -> Result<T> {
        let value = self.next_slot();
        let position = self.next;
        match T::from_slot(Slot::new(self.lua, value)) {
            Ok(converted) => Ok(converted),
            Err(error) => Err(self.in_argument(position, error)),
        }
    }

    /// The error, as that of the argument at a position, from 1, if arguments are read.
    #[cold]
    pub(super) fn in_argument(&self, position: u32, cause: Error) -> Error {
        if self.what == What::Results {
            return cause;
        }
        let vm = self.lua.vm();
        let name = vm.frames().nth(1).and_then(|caller| names::of_callee(vm, caller));
        let is_method = name.as_ref().is_some_and(|name| name.kind == "method");
        Error::BadArgument {
            to: name.map(|name| String::from_utf8_lossy(&name.name).into_owned()),
            // As in the messages of the library, the object before the colon does not count.
            position: position as usize - usize::from(is_method && position > 1),
            cause: cause.into(),
        }
    }
}

impl Iterator for ValueReader<'_> {
    type Item = Value;

    #[inline]
    fn next(&mut self) -> Option<Value> {
        (self.next < self.end).then(|| {
            let value = self.next_slot();
            Value::from_vm(self.lua, value)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end.saturating_sub(self.next) as usize;
        (left, Some(left))
    }
}

impl ExactSizeIterator for ValueReader<'_> {}

/// Takes arguments or results, one after another.
#[derive(Debug)]
pub struct ValueWriter<'a> {
    lua: &'a Lua,
}

impl<'a> ValueWriter<'a> {
    #[inline]
    pub(super) fn new(lua: &'a Lua) -> ValueWriter<'a> {
        ValueWriter { lua }
    }

    /// The state that the values are for.
    #[inline]
    pub fn lua(&self) -> &'a Lua {
        self.lua
    }

    /// Adds a value.
    ///
    /// # Errors
    /// What the conversion says; stack overflow.
    #[inline]
    pub fn push(&mut self, value: impl IntoLua) -> Result<()> {
        value.push_into(self)
    }

    #[inline]
    pub(super) fn push_converted(&mut self, value: &Value) -> Result<()> {
        let value = value.to_vm(self.lua)?;
        self.lua.vm().push(value).map_err(|thrown| caught(self.lua, thrown))
    }

    #[inline]
    pub(super) fn push_number(&mut self, number: f64) -> Result<()> {
        let pushed = self.lua.vm().push(VmValue::double(number));
        pushed.map_err(|thrown| caught(self.lua, thrown))
    }

    #[inline]
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.lua.poll();
        let vm = self.lua.vm();
        let pushed = coerce::string(vm, bytes).and_then(|string| vm.push(string));
        pushed.map_err(|thrown| caught(self.lua, thrown))
    }
}

/// A value as it lies in a slot, before anything runs that could take it away.
#[doc(hidden)]
#[derive(Debug)]
pub struct Slot<'a> {
    lua: &'a Lua,
    value: VmValue<'a>,
}

impl<'a> Slot<'a> {
    #[inline]
    pub(super) fn lua(&self) -> &'a Lua {
        self.lua
    }

    #[inline]
    pub(super) fn value(&self) -> Value {
        Value::from_vm(self.lua, self.value)
    }

    #[inline]
    pub(super) fn number(&self) -> Option<f64> {
        self.value.as_double()
    }

    /// The bytes, if it is a string.
    #[inline]
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        self.value.as_string(self.lua.vm()).map(Ref::as_bytes)
    }

    #[inline]
    pub(super) fn new(lua: &'a Lua, value: VmValue<'a>) -> Slot<'a> {
        Slot { lua, value }
    }
}

/// What becomes arguments or results: whatever is [`IntoLua`], tuples, `()`, [`Variadic`], [`MultiValue`].
pub trait IntoLuaMulti: Sized {
    /// Adds the values.
    ///
    /// # Errors
    /// What a conversion says; stack overflow.
    fn into_lua_multi(self, values: &mut ValueWriter<'_>) -> Result<()>;
}

/// What arguments or results become: whatever is [`FromLua`], tuples, `()`, [`Variadic`], [`MultiValue`].
///
/// ```
/// # let lua = dg_lua::Lua::new();
/// let (quotient, rest): (f64, f64) = lua.load("math.floor(17 / 5), 17 % 5").eval()?;
/// assert_eq!((quotient, rest), (3.0, 2.0));
/// # Ok::<(), dg_lua::Error>(())
/// ```
pub trait FromLuaMulti: Sized {
    /// Takes as many values as it wants. Missing ones are nil; those that are left are dropped.
    ///
    /// # Errors
    /// What a conversion says.
    fn from_lua_multi(values: &mut ValueReader<'_>) -> Result<Self>;
}

impl<T: IntoLua> IntoLuaMulti for T {
    #[inline]
    fn into_lua_multi(self, values: &mut ValueWriter<'_>) -> Result<()> {
        values.push(self)
    }
}

impl<T: FromLua> FromLuaMulti for T {
    #[inline]
    fn from_lua_multi(values: &mut ValueReader<'_>) -> Result<T> {
        values.take()
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: IntoLuaMulti),*> IntoLuaMulti for ($($name,)*) {
            #[inline]
            #[allow(non_snake_case, unused_variables, reason = "the names of the types serve for the values")]
            fn into_lua_multi(self, values: &mut ValueWriter<'_>) -> Result<()> {
                let ($($name,)*) = self;
                $($name.into_lua_multi(values)?;)*
                Ok(())
            }
        }

        impl<$($name: FromLuaMulti),*> FromLuaMulti for ($($name,)*) {
            #[inline]
            #[allow(unused_variables, reason = "no values for the empty tuple")]
            fn from_lua_multi(values: &mut ValueReader<'_>) -> Result<Self> {
                Ok(($($name::from_lua_multi(values)?,)*))
            }
        }
    };
}

tuples! {}
tuples! { A }
tuples! { A B }
tuples! { A B C }
tuples! { A B C D }
tuples! { A B C D E }
tuples! { A B C D E F }
tuples! { A B C D E F G }
tuples! { A B C D E F G H }
tuples! { A B C D E F G H I }
tuples! { A B C D E F G H I J }
tuples! { A B C D E F G H I J K }
tuples! { A B C D E F G H I J K L }

/// Any number of values of one type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variadic<T>(Vec<T>);

/// Any number of values.
pub type MultiValue = Variadic<Value>;

impl<T> Variadic<T> {
    /// None.
    pub const fn new() -> Variadic<T> {
        Variadic(Vec::new())
    }

    /// The values.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T> Deref for Variadic<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for Variadic<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T> From<Vec<T>> for Variadic<T> {
    fn from(values: Vec<T>) -> Variadic<T> {
        Variadic(values)
    }
}

impl<T> FromIterator<T> for Variadic<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Variadic<T> {
        Variadic(Vec::from_iter(values))
    }
}

impl<T> IntoIterator for Variadic<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: IntoLua> IntoLuaMulti for Variadic<T> {
    fn into_lua_multi(self, values: &mut ValueWriter<'_>) -> Result<()> {
        self.0.into_iter().try_for_each(|value| values.push(value))
    }
}

impl<T: FromLua> FromLuaMulti for Variadic<T> {
    fn from_lua_multi(values: &mut ValueReader<'_>) -> Result<Variadic<T>> {
        let mut taken = Vec::with_capacity(values.len());
        while values.len() > 0 {
            taken.push(values.take()?);
        }
        Ok(Variadic(taken))
    }
}
