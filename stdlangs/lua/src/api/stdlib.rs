//! Which libraries a state has.

use std::ops::{BitOr, BitOrAssign, Sub};

/// A set of libraries, for [`Lua::new_with`](crate::Lua::new_with).
///
/// ```
/// use dg_lua::{Lua, Options, StdLib};
///
/// let lua = Lua::new_with(StdLib::SANDBOX | StdLib::OS, Options::default())?;
/// assert!(lua.load("return os.time()").eval::<f64>()? > 0.0);
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StdLib(u32);

impl StdLib {
    /// Nothing but the basic functions that reach nothing outside: those without `dofile` and `loadfile`.
    pub const NONE: StdLib = StdLib(0);
    /// `coroutine`
    pub const COROUTINE: StdLib = StdLib(1);
    /// `table`
    pub const TABLE: StdLib = StdLib(1 << 1);
    /// `string`
    pub const STRING: StdLib = StdLib(1 << 2);
    /// `math`
    pub const MATH: StdLib = StdLib(1 << 3);
    /// `io`, with `dofile` and `loadfile`
    pub const IO: StdLib = StdLib(1 << 4);
    /// `os`
    pub const OS: StdLib = StdLib(1 << 5);
    /// `package`, with `require` and `module`
    pub const PACKAGE: StdLib = StdLib(1 << 6);
    /// `debug`. It breaks no memory, but what programs hide from one another.
    pub const DEBUG: StdLib = StdLib(1 << 7);
    /// `bit`, which Lua 5.1 does not have: operations on the bits of integers, as in LuaJIT
    pub const BIT: StdLib = StdLib(1 << 8);
    /// What programs need that reach nothing outside: no files, processes, modules, environment, and no `debug`.
    /// `print` writes to the standard output.
    pub const SANDBOX: StdLib = StdLib(0b1_0000_1111);
    /// Everything.
    pub const ALL: StdLib = StdLib(0x1FF);

    /// Whether all libraries of `other` are in the set.
    pub const fn contains(self, other: StdLib) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for StdLib {
    type Output = StdLib;

    fn bitor(self, other: StdLib) -> StdLib {
        StdLib(self.0 | other.0)
    }
}

impl BitOrAssign for StdLib {
    fn bitor_assign(&mut self, other: StdLib) {
        *self = *self | other;
    }
}

impl Sub for StdLib {
    type Output = StdLib;

    /// The libraries that are not in `other`.
    fn sub(self, other: StdLib) -> StdLib {
        StdLib(self.0 & !other.0)
    }
}
