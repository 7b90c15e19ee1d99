//! `string`

mod basic;
mod format;
mod patterns;

pub use basic::substring;
use dg_runtime::{Throw, Vm};

use super::{Functions, library};
use crate::core::coerce::STRING;
use crate::core::state::lua;
use crate::core::table::{self, set_str};
use crate::generated::{Boxed, Event};

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("byte", basic::byte), ("char", basic::char), ("dump", basic::dump), ("find", patterns::find),
    ("format", format::format), ("gmatch", patterns::gmatch), ("gsub", patterns::gsub), ("len", basic::len),
    ("lower", basic::lower), ("match", patterns::match_), ("rep", basic::rep), ("reverse", basic::reverse),
    ("sub", basic::sub), ("upper", basic::upper),
];

/// Opens the library, and makes its functions methods of all strings.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    let string = library(vm, "string", FUNCTIONS)?;
    patterns::open(vm)?;
    // Its name in Lua 5.0.
    set_str(
        vm,
        string,
        vm.str(b"gfind")?,
        table::get_str(vm, string, vm.str(b"gmatch")?),
    )?;
    let metatable = table::new(vm, 0, 1)?;
    set_str(vm, metatable, lua(vm).event_name(vm, Event::Index), string.boxed())?;
    lua(vm).set_type_metatable(vm, STRING, Some(metatable))
}

/// A position in a string as functions are given it, from 1 on or from the end if negative: never negative.
#[inline]
fn position(given: i64, length: usize) -> i64 {
    let position = if given < 0 { given + length as i64 + 1 } else { given };
    position.max(0)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn positions_from_either_end() {
        assert_eq!([1, 3, 9].map(|given| position(given, 3)), [1, 3, 9]);
        assert_eq!([-1, -3, -4, 0].map(|given| position(given, 3)), [3, 1, 0, 0]);
        assert_eq!([i64::MIN, i64::MAX].map(|given| position(given, 3)), [0, i64::MAX]);
    }
}
