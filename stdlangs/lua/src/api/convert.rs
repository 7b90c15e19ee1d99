//! Conversions between values of Lua and values of the host.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::function::Function;
use super::lua::Lua;
use super::multi::{Slot, ValueWriter};
use super::string::LuaString;
use super::table::Table;
use super::thread::Thread;
use super::userdata::{AnyUserData, UserData, UserDataRef, UserDataRefMut};
use super::value::Value;
use crate::core::coerce;

/// What becomes a value of Lua.
///
/// Implemented for numbers, booleans, strings, paths, `()` and `Option` (`None` is nil), collections (which become new
/// tables), [`UserData`], errors, and the types of this crate.
///
/// ```
/// use dg_lua::{IntoLua, Lua, Value};
///
/// struct Point { x: f64, y: f64 }
///
/// impl IntoLua for Point {
///     fn into_lua(self, lua: &Lua) -> dg_lua::Result<Value> {
///         lua.create_table_from([("x", self.x), ("y", self.y)])?.into_lua(lua)
///     }
/// }
///
/// let lua = Lua::new();
/// lua.globals().set("p", Point { x: 1.0, y: 2.0 })?;
/// lua.load("assert(p.x + p.y == 3)").exec()?;
/// # Ok::<(), dg_lua::Error>(())
/// ```
pub trait IntoLua: Sized {
    /// Converts it.
    ///
    /// # Errors
    /// When memory runs out, or there is no such value of Lua.
    fn into_lua(self, lua: &Lua) -> Result<Value>;

    /// The same, straight into a slot of the virtual machine where that spares a handle.
    #[doc(hidden)]
    #[inline]
    fn push_into(self, values: &mut ValueWriter<'_>) -> Result<()> {
        let value = self.into_lua(values.lua())?;
        values.push_converted(&value)
    }
}

/// What a value of Lua can become.
///
/// Implemented for numbers (of which strings may denote one), `bool` (as a condition sees the value), strings (a number is
/// written as one), `Option` (nil is `None`), collections (from tables), [`UserDataRef`] and [`UserDataRefMut`], and the
/// types of this crate. Integers are truncated towards zero, as the library of Lua 5.1 does; what is out of range is an
/// error.
///
/// ```
/// use dg_lua::{FromLua, Lua, Table, Value};
///
/// struct Point { x: f64, y: f64 }
///
/// impl FromLua for Point {
///     fn from_lua(value: Value, lua: &Lua) -> dg_lua::Result<Self> {
///         let table = Table::from_lua(value, lua)?;
///         Ok(Point { x: table.get("x")?, y: table.get("y")? })
///     }
/// }
///
/// let lua = Lua::new();
/// let point: Point = lua.load("{ x = 1, y = 2 }").eval()?;
/// assert_eq!(point.x + point.y, 3.0);
/// # Ok::<(), dg_lua::Error>(())
/// ```
pub trait FromLua: Sized {
    /// Converts a value.
    ///
    /// # Errors
    /// When the value is another one.
    fn from_lua(value: Value, lua: &Lua) -> Result<Self>;

    /// The same, straight from a slot of the virtual machine where that spares a handle.
    #[doc(hidden)]
    #[inline]
    fn from_slot(slot: Slot<'_>) -> Result<Self> {
        Self::from_lua(slot.value(), slot.lua())
    }
}

fn mismatch<T>(value: &Value, expected: &str) -> Result<T> {
    Err(Error::from_lua_conversion(value.type_name(), expected, None))
}

impl IntoLua for Value {
    #[inline]
    fn into_lua(self, _lua: &Lua) -> Result<Value> {
        Ok(self)
    }
}

impl FromLua for Value {
    #[inline]
    fn from_lua(value: Value, _lua: &Lua) -> Result<Value> {
        Ok(value)
    }
}

/// The types of objects: `type, variant, what an error says was expected`.
macro_rules! objects {
    ($($object:ident, $variant:ident, $name:literal;)*) => {$(
        impl IntoLua for $object {
            #[inline]
            fn into_lua(self, _lua: &Lua) -> Result<Value> {
                Ok(Value::$variant(self))
            }
        }

        impl IntoLua for &$object {
            #[inline]
            fn into_lua(self, _lua: &Lua) -> Result<Value> {
                Ok(Value::$variant(self.clone()))
            }
        }

        impl FromLua for $object {
            #[inline]
            fn from_lua(value: Value, _lua: &Lua) -> Result<$object> {
                match value {
                    Value::$variant(object) => Ok(object),
                    other => mismatch(&other, $name),
                }
            }
        }
    )*};
}

objects! {
    Table, Table, "table";
    Function, Function, "function";
    Thread, Thread, "thread";
    AnyUserData, UserData, "userdata";
}

impl IntoLua for LuaString {
    #[inline]
    fn into_lua(self, _lua: &Lua) -> Result<Value> {
        Ok(Value::String(self))
    }
}

impl IntoLua for &LuaString {
    #[inline]
    fn into_lua(self, _lua: &Lua) -> Result<Value> {
        Ok(Value::String(self.clone()))
    }
}

impl FromLua for LuaString {
    fn from_lua(value: Value, lua: &Lua) -> Result<LuaString> {
        match value {
            Value::String(string) => Ok(string),
            number @ Value::Number(_) => Ok(lua.coerce_string(&number)?.expect("numbers are written as strings")),
            other => mismatch(&other, "string"),
        }
    }
}

impl IntoLua for Error {
    fn into_lua(self, _lua: &Lua) -> Result<Value> {
        Ok(Value::Error(Box::new(self)))
    }
}

impl FromLua for Error {
    fn from_lua(value: Value, lua: &Lua) -> Result<Error> {
        match value {
            Value::Error(error) => Ok(*error),
            other => Ok(Error::runtime(other.to_text(lua)?)),
        }
    }
}

impl<T: UserData> IntoLua for T {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.create_userdata(self).map(Value::UserData)
    }
}

impl<T: 'static> FromLua for UserDataRef<T> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Self> {
        AnyUserData::from_lua(value, lua)?.borrow()
    }
}

impl<T: 'static> FromLua for UserDataRefMut<T> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Self> {
        AnyUserData::from_lua(value, lua)?.borrow_mut()
    }
}

impl IntoLua for bool {
    #[inline]
    fn into_lua(self, _lua: &Lua) -> Result<Value> {
        Ok(Value::Boolean(self))
    }
}

impl FromLua for bool {
    #[inline]
    fn from_lua(value: Value, _lua: &Lua) -> Result<bool> {
        Ok(value.is_truthy())
    }
}

/// The number that a value is or denotes.
#[inline]
fn number(value: &Value, lua: &Lua) -> Result<f64> {
    match value {
        Value::Number(number) => Ok(*number),
        Value::String(_) => match coerce::to_number(lua.vm(), value.to_vm(lua)?) {
            Some(number) => Ok(number),
            None => mismatch(value, "number"),
        },
        other => mismatch(other, "number"),
    }
}

macro_rules! floats {
    ($($float:ty)*) => {$(
        impl IntoLua for $float {
            #[inline]
            fn into_lua(self, _lua: &Lua) -> Result<Value> {
                Ok(Value::Number(self.into()))
            }

            #[inline]
            fn push_into(self, values: &mut ValueWriter<'_>) -> Result<()> {
                values.push_number(self.into())
            }
        }

        impl FromLua for $float {
            #[inline]
            fn from_lua(value: Value, lua: &Lua) -> Result<$float> {
                number(&value, lua).map(|number| number as $float)
            }

            #[inline]
            fn from_slot(slot: Slot<'_>) -> Result<$float> {
                match slot.number() {
                    Some(number) => Ok(number as $float),
                    None => <$float>::from_lua(slot.value(), slot.lua()),
                }
            }
        }
    )*};
}

floats! { f32 f64 }

/// An integer that numbers can become.
trait Integer: Sized {
    /// The number without what is behind its point, if that is in range.
    fn truncated(number: f64) -> Option<Self>;
}

#[cold]
fn out_of_range(number: f64, to: &str) -> Error {
    Error::from_lua_conversion("number", to, format!("{} is out of range", number.trunc()))
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Integer for $integer {
            #[inline]
            fn truncated(number: f64) -> Option<$integer> {
                let whole = number.trunc();
                // The cast saturates; of the bounds, the upper one of wide integers is no double.
                let integer = whole as $integer;
                (integer as f64 == whole && whole < (<$integer>::MAX as f64) + 1.0).then_some(integer)
            }
        }

        impl IntoLua for $integer {
            #[inline]
            fn into_lua(self, _lua: &Lua) -> Result<Value> {
                Ok(Value::Number(self as f64))
            }

            #[inline]
            fn push_into(self, values: &mut ValueWriter<'_>) -> Result<()> {
                values.push_number(self as f64)
            }
        }

        impl FromLua for $integer {
            #[inline]
            fn from_lua(value: Value, lua: &Lua) -> Result<$integer> {
                let number = number(&value, lua)?;
                <$integer>::truncated(number).ok_or_else(|| out_of_range(number, stringify!($integer)))
            }

            #[inline]
            fn from_slot(slot: Slot<'_>) -> Result<$integer> {
                match slot.number().and_then(<$integer>::truncated) {
                    Some(integer) => Ok(integer),
                    None => <$integer>::from_lua(slot.value(), slot.lua()),
                }
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

macro_rules! texts {
    ($($text:ty)*) => {$(
        impl IntoLua for $text {
            #[inline]
            fn into_lua(self, lua: &Lua) -> Result<Value> {
                lua.create_string(self.as_bytes()).map(Value::String)
            }

            #[inline]
            fn push_into(self, values: &mut ValueWriter<'_>) -> Result<()> {
                values.push_bytes(self.as_bytes())
            }
        }
    )*};
}

texts! { &str String &String Box<str> Cow<'_, str> }

impl FromLua for String {
    fn from_lua(value: Value, lua: &Lua) -> Result<String> {
        LuaString::from_lua(value, lua)?.to_str()
    }

    #[inline]
    fn from_slot(slot: Slot<'_>) -> Result<String> {
        match slot.bytes().map(std::str::from_utf8) {
            Some(Ok(text)) => Ok(text.to_owned()),
            _ => String::from_lua(slot.value(), slot.lua()),
        }
    }
}

impl FromLua for Box<str> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Box<str>> {
        String::from_lua(value, lua).map(String::into_boxed_str)
    }
}

impl FromLua for Cow<'static, str> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Self> {
        String::from_lua(value, lua).map(Cow::Owned)
    }
}

impl IntoLua for char {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        self.encode_utf8(&mut [0; 4]).into_lua(lua)
    }
}

impl IntoLua for &mut str {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        (&*self).into_lua(lua)
    }
}

impl IntoLua for PathBuf {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        self.as_path().into_lua(lua)
    }
}

impl IntoLua for &Path {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        let bytes = std::os::unix::ffi::OsStrExt::as_bytes(self.as_os_str());
        lua.create_string(bytes).map(Value::String)
    }
}

impl FromLua for PathBuf {
    fn from_lua(value: Value, lua: &Lua) -> Result<PathBuf> {
        let path = LuaString::from_lua(value, lua)?;
        let path: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(path.as_bytes().to_vec());
        Ok(path.into())
    }
}

impl<T: IntoLua> IntoLua for Option<T> {
    #[inline]
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        self.map_or(Ok(Value::Nil), |value| value.into_lua(lua))
    }
}

impl<T: FromLua> FromLua for Option<T> {
    #[inline]
    fn from_lua(value: Value, lua: &Lua) -> Result<Option<T>> {
        match value {
            Value::Nil => Ok(None),
            value => T::from_lua(value, lua).map(Some),
        }
    }
}

impl<T: IntoLua> IntoLua for Vec<T> {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.create_sequence_from(self).map(Value::Table)
    }
}

impl<T: IntoLua + Clone> IntoLua for &[T] {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.create_sequence_from(self.iter().cloned()).map(Value::Table)
    }
}

impl<T: IntoLua, const N: usize> IntoLua for [T; N] {
    fn into_lua(self, lua: &Lua) -> Result<Value> {
        lua.create_sequence_from(self).map(Value::Table)
    }
}

impl<T: FromLua> FromLua for Vec<T> {
    fn from_lua(value: Value, lua: &Lua) -> Result<Vec<T>> {
        Table::from_lua(value, lua)?.sequence_values().collect()
    }
}

impl<T: FromLua, const N: usize> FromLua for [T; N] {
    fn from_lua(value: Value, lua: &Lua) -> Result<[T; N]> {
        let values = Vec::from_lua(value, lua)?;
        let length = values.len();
        values.try_into().map_err(|_| {
            let message = format!("{N} values are needed, it has {length}");
            Error::from_lua_conversion("table", "array", message)
        })
    }
}

macro_rules! maps {
    ($($map:ident { $($key_bound:path),* } $([$hasher:ident])?;)*) => {$(
        impl<K: IntoLua, V: IntoLua $(, $hasher)?> IntoLua for $map<K, V $(, $hasher)?> {
            fn into_lua(self, lua: &Lua) -> Result<Value> {
                lua.create_table_from(self).map(Value::Table)
            }
        }

        impl<K: FromLua $(+ $key_bound)*, V: FromLua $(, $hasher: BuildHasher + Default)?> FromLua
            for $map<K, V $(, $hasher)?>
        {
            fn from_lua(value: Value, lua: &Lua) -> Result<Self> {
                Table::from_lua(value, lua)?.pairs().collect()
            }
        }
    )*};
}

maps! {
    HashMap { Eq, Hash } [S];
    BTreeMap { Ord };
}

/// Sets are the keys of tables whose values are true.
macro_rules! sets {
    ($($set:ident { $($key_bound:path),* } $([$hasher:ident])?;)*) => {$(
        impl<K: IntoLua $(, $hasher)?> IntoLua for $set<K $(, $hasher)?> {
            fn into_lua(self, lua: &Lua) -> Result<Value> {
                lua.create_table_from(self.into_iter().map(|key| (key, true))).map(Value::Table)
            }
        }

        impl<K: FromLua $(+ $key_bound)* $(, $hasher: BuildHasher + Default)?> FromLua for $set<K $(, $hasher)?> {
            fn from_lua(value: Value, lua: &Lua) -> Result<Self> {
                let table = Table::from_lua(value, lua)?;
                let keys = table.pairs::<K, Value>();
                keys.map(|entry| entry.map(|(key, _)| key)).collect()
            }
        }
    )*};
}

sets! {
    HashSet { Eq, Hash } [S];
    BTreeSet { Ord };
}
