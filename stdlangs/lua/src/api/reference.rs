//! What tables, functions and so on are on the side of the host: a rooted value and its state.

use std::fmt;

use dg_runtime::{Handle, Value as VmValue};

use super::error::{Error, Result};
use super::lua::{Lua, WeakLua};

/// A value that is kept alive for the host, and the state that it belongs to. It does not keep the state alive.
#[derive(Clone)]
pub(crate) struct Reference {
    lua: WeakLua,
    handle: Handle,
}

impl Reference {
    #[inline]
    pub fn new(lua: &Lua, value: VmValue<'_>) -> Reference {
        Reference {
            lua: lua.weak(),
            handle: lua.vm().root(value),
        }
    }

    /// The state, if it is still there.
    #[inline]
    pub fn lua(&self) -> Result<Lua> {
        self.lua.try_upgrade().ok_or_else(|| Error::LuaDestroyed)
    }

    /// The value, for the state that it belongs to.
    ///
    /// # Errors
    /// When it belongs to another one.
    #[inline]
    pub fn value<'v>(&self, lua: &'v Lua) -> Result<VmValue<'v>> {
        if self.lua.is(lua) {
            Ok(self.handle.get(lua.vm()))
        } else {
            Err(Error::MismatchedLua)
        }
    }

    /// What tells the value from others of its state; 0 when the state is gone.
    pub fn address(&self) -> usize {
        self.lua().map_or(0, |lua| {
            self.value(&lua).map_or(0, |value| value.bits() as u32 as usize * 8)
        })
    }
}

impl PartialEq for Reference {
    /// The same object.
    fn eq(&self, other: &Reference) -> bool {
        self.lua.same(&other.lua) && self.address() != 0 && self.address() == other.address()
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.address())
    }
}
