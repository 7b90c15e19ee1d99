//! Strings.

use std::fmt;
use std::ops::Deref;

use dg_runtime::{Ref, Str, Value as VmValue};

use super::error::{Error, Result};
use super::lua::Lua;
use super::reference::Reference;
use crate::generated::ValueKind;

/// A string of Lua: bytes, in no particular encoding.
///
/// ```
/// let lua = dg_lua::Lua::new();
/// let string = lua.create_string("caf\u{e9}")?;
/// assert_eq!(string.to_str()?, "café");
/// assert_eq!(string.as_bytes().len(), 5);
/// assert_eq!(string, "café");
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone)]
pub struct LuaString(pub(crate) Reference);

/// The bytes of a string. They stay where they are, and their state does, until this is dropped.
pub struct BorrowedBytes<'a> {
    lua: Lua,
    string: &'a LuaString,
}

impl LuaString {
    #[inline]
    pub(crate) fn new(lua: &Lua, string: VmValue<'_>) -> LuaString {
        LuaString(Reference::new(lua, string))
    }

    fn string<'v>(&self, lua: &'v Lua) -> Ref<'v, Str> {
        let value = self.0.value(lua).expect("its own state");
        value.as_string(lua.vm()).expect("a string's value is a string")
    }

    fn try_bytes(&self) -> Result<BorrowedBytes<'_>> {
        Ok(BorrowedBytes {
            lua: self.0.lua()?,
            string: self,
        })
    }

    /// The bytes.
    ///
    /// # Panics
    /// When the state is gone.
    pub fn as_bytes(&self) -> BorrowedBytes<'_> {
        self.try_bytes().expect("the state of the string")
    }

    /// The text, if it is UTF-8.
    ///
    /// # Errors
    /// When it is not; when the state is gone.
    pub fn to_str(&self) -> Result<String> {
        let bytes = self.try_bytes()?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(Error::from_lua_conversion("string", "text", error.to_string())),
        }
    }

    /// The text, with U+FFFD in place of what is no UTF-8.
    ///
    /// # Panics
    /// When the state is gone.
    pub fn to_string_lossy(&self) -> String {
        String::from_utf8_lossy(&self.as_bytes()).into_owned()
    }
}

impl Deref for BorrowedBytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.string.string(&self.lua).as_bytes()
    }
}

impl AsRef<[u8]> for BorrowedBytes<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for BorrowedBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

impl PartialEq for LuaString {
    /// The same bytes; of another state as well.
    fn eq(&self, other: &LuaString) -> bool {
        self.0 == other.0 || matches!((self.try_bytes(), other.try_bytes()), (Ok(left), Ok(right)) if *left == *right)
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for LuaString {
    fn eq(&self, other: &T) -> bool {
        self.try_bytes().is_ok_and(|bytes| *bytes == *other.as_ref())
    }
}

impl Eq for LuaString {}

impl std::hash::Hash for LuaString {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for LuaString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_bytes() {
            Ok(bytes) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Err(_) => f.write_str("LuaString(gone)"),
        }
    }
}
