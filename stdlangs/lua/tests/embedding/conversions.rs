use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use dg_lua::{Error, FromLua, FromLuaMulti, IntoLua, Lua, LuaString, MultiValue, Nil, Result, Table, Value, Variadic};

use super::both;

/// What a conversion of the value of an expression says.
fn refused<T: FromLuaMulti>(lua: &Lua, expression: &str) -> String {
    match lua.load(expression).eval::<T>() {
        Ok(_) => panic!("{expression} was converted"),
        Err(error) => error.message(),
    }
}

#[test]
fn numbers_are_truncated_and_checked_for_their_range() {
    both(|lua| {
        assert_eq!(lua.load("-1.9").eval::<i32>()?, -1);
        assert_eq!(lua.load("'0x10'").eval::<u8>()?, 16);
        assert_eq!(lua.load("2^53").eval::<u64>()?, 1 << 53);
        assert_eq!(lua.load("-2^63").eval::<i64>()?, i64::MIN);
        assert_eq!(lua.load("0.5").eval::<f32>()?, 0.5);
        for (expression, message) in [
            ("256", "u8 expected, got number (256 is out of range)"),
            ("-1", "u8 expected, got number (-1 is out of range)"),
            ("0/0", "u8 expected, got number (NaN is out of range)"),
            ("'x'", "number expected, got string"),
            ("{}", "number expected, got table"),
        ] {
            assert_eq!(refused::<u8>(lua, expression), message);
        }
        assert!(lua.load("2^63").eval::<i64>().is_err());
        assert!(lua.load("2^64").eval::<u64>().is_err());
        assert!(lua.load("1e300").eval::<i128>().is_err());
        Ok(())
    });
}

#[test]
fn booleans_are_what_conditions_see() {
    both(|lua| {
        let seen: (bool, bool, bool, bool) = lua.load("nil, false, 0, ''").eval()?;
        assert_eq!(seen, (false, false, true, true));
        Ok(())
    });
}

#[test]
fn strings_are_bytes() {
    both(|lua| {
        let bytes: LuaString = lua.load(r"'a\0\255'").eval()?;
        assert_eq!(*bytes.as_bytes(), *b"a\0\xff");
        assert_eq!(bytes.to_string_lossy(), "a\0\u{fffd}");
        assert!(matches!(bytes.to_str(), Err(Error::FromLuaConversionError { .. })));
        assert!(lua.load(r"'\255'").eval::<String>().is_err());
        assert_eq!(lua.load("12").eval::<String>()?, "12");
        assert_eq!(format!("{bytes:?}"), r#""a\x00\xff""#);
        assert_eq!(bytes, lua.create_string(b"a\0\xff")?);
        assert_eq!(refused::<String>(lua, "{}"), "string expected, got table");
        Ok(())
    });
}

#[test]
fn texts_paths_and_characters_become_strings() {
    both(|lua| {
        let join = lua.load("return table.concat({ ... }, '|')").into_function()?;
        let joined: String = join.call((
            "a",
            String::from("b"),
            Cow::from("c"),
            'd',
            Path::new("/e"),
            PathBuf::from("f"),
            Box::<str>::from("g"),
        ))?;
        assert_eq!(joined, "a|b|c|d|/e|f|g");
        assert_eq!(lua.load("'/tmp/x'").eval::<PathBuf>()?, PathBuf::from("/tmp/x"));
        Ok(())
    });
}

/// Converts there and back.
fn round_trip<T: IntoLua + FromLua + Clone + PartialEq + std::fmt::Debug>(lua: &Lua, value: T) -> Result<()> {
    let there = value.clone().into_lua(lua)?;
    assert_eq!(T::from_lua(there, lua)?, value);
    Ok(())
}

#[test]
fn collections_are_tables() {
    both(|lua| {
        round_trip(lua, vec![1.5, 2.5])?;
        round_trip(lua, [true, false, true])?;
        round_trip(lua, vec![vec![String::from("x")], vec![]])?;
        round_trip(lua, HashMap::from([(String::from("a"), 1), (String::from("b"), 2)]))?;
        round_trip(lua, BTreeMap::from([(1, 'x'.to_string()), (-7, 'y'.to_string())]))?;
        round_trip(lua, HashSet::from([1, 2, 3]))?;
        round_trip(lua, BTreeSet::from([String::from("k")]))?;
        round_trip(lua, Some(7))?;
        round_trip(lua, None::<i32>)?;
        assert_eq!(
            refused::<[i32; 2]>(lua, "{ 1 }"),
            "array expected, got table (2 values are needed, it has 1)"
        );
        assert_eq!(refused::<Vec<i32>>(lua, "7"), "table expected, got number");
        assert_eq!(refused::<Vec<i32>>(lua, "{ 1, {} }"), "number expected, got table");
        assert!(matches!(
            lua.create_table_from([(f64::NAN, 1)]),
            Err(Error::RuntimeError { message, .. }) if message == "table index is NaN"
        ));
        Ok(())
    });
}

#[test]
fn lists_of_values_take_what_is_there() {
    both(|lua| {
        let (first, rest): (i32, Variadic<i32>) = lua.load("1, 2, 3").eval()?;
        assert_eq!((first, rest.into_vec()), (1, vec![2, 3]));
        let (a, b, c): (i32, Option<i32>, Value) = lua.load("1").eval()?;
        assert_eq!((a, b, c), (1, None, Nil));
        let all: MultiValue = lua.load("nil, nil").eval()?;
        assert_eq!(all.len(), 2);
        lua.load("return 1").eval::<()>()?;
        let count = lua.load("return select('#', ...)").into_function()?;
        assert_eq!(count.call::<i32>(((1, ()), Variadic::from(vec![2, 3]), (Nil,)))?, 4);
        Ok(())
    });
}

#[test]
fn values_show_and_compare_themselves() {
    both(|lua| {
        let show = |expression: &str| lua.load(expression).eval::<Value>()?.to_text(lua);
        assert_eq!(show("nil")?, "nil");
        assert_eq!(show("1 == 1")?, "true");
        assert_eq!(show("0.1")?, "0.1");
        assert!(show("{}")?.starts_with("table: 0x"));
        assert_eq!(
            show("setmetatable({}, { __tostring = function() return 'shown' end })")?,
            "shown"
        );
        assert!(show("setmetatable({}, { __tostring = function() return {} end })").is_err());
        let (left, right, other): (Value, Value, Value) = lua
            .load("local m = { __eq = function() return true end } return setmetatable({}, m), setmetatable({}, m), 1")
            .eval()?;
        assert!(left != right && left.equals(&right, lua)? && !left.equals(&other, lua)?);
        assert_eq!(left, left.clone());
        Ok(())
    });
}

#[test]
fn hosts_convert_their_own_types() {
    #[derive(Debug, PartialEq)]
    struct Pair(i32, i32);
    impl IntoLua for Pair {
        fn into_lua(self, lua: &Lua) -> Result<Value> {
            // Runs Lua code, in the middle of the arguments of another call.
            lua.load("return { ... }").call((self.0, self.1))
        }
    }
    impl FromLua for Pair {
        fn from_lua(value: Value, lua: &Lua) -> Result<Pair> {
            let table = Table::from_lua(value, lua)?;
            Ok(Pair(table.get(1)?, table.get(2)?))
        }
    }
    both(|lua| {
        let swap = lua.load("local p, q = ...; return { q[1], p[2] }, p").into_function()?;
        let (swapped, first): (Pair, Pair) = swap.call((Pair(1, 2), Pair(3, 4)))?;
        assert_eq!((swapped, first), (Pair(3, 2), Pair(1, 2)));
        Ok(())
    });
}
