use dg_lua::{Error, ObjectLike, Table, Value};

use super::both;

#[test]
fn access_asks_metatables_and_raw_access_does_not() {
    both(|lua| {
        let table: Table = lua
            .load(
                "local log = {}
                return setmetatable({ own = 1 }, {
                    __index = function(t, k) return 'no ' .. tostring(k) end,
                    __newindex = function(t, k, v) rawset(t, k, v * 2) end,
                })",
            )
            .eval()?;
        assert_eq!(table.get::<i32>("own")?, 1);
        assert_eq!(table.get::<String>("other")?, "no other");
        assert_eq!(table.raw_get::<Value>("other")?, Value::Nil);
        table.set("new", 21)?;
        assert_eq!(table.raw_get::<i32>("new")?, 42);
        table.raw_set("raw", 1)?;
        assert_eq!(table.get::<i32>("raw")?, 1);
        assert!(table.contains_key("anything")?);
        let error = table.set("fails", lua.create_table()?).unwrap_err();
        assert!(matches!(error, Error::RuntimeError { .. }), "{error}");
        assert!(error.traceback().is_some());
        assert_eq!(table.get_field::<String>("f")?, "no f");
        table.set_field("g", 3)?;
        assert_eq!(table.raw_get::<i32>("g")?, 6);
        Ok(())
    });
}

#[test]
fn chains_of_index_tables_are_followed() {
    both(|lua| {
        let (base, derived) = (lua.create_table()?, lua.create_table()?);
        base.set("name", "base")?;
        let metatable = lua.create_table()?;
        metatable.set("__index", &base)?;
        derived.set_metatable(Some(&metatable))?;
        assert_eq!(derived.get::<String>("name")?, "base");
        assert_eq!(derived.metatable(), Some(metatable.clone()));
        assert_eq!(
            lua.load("local d = ...; return d.name").call::<String>(&derived)?,
            "base"
        );
        metatable.set("__index", Value::Nil)?;
        assert_eq!(derived.get::<Value>("name")?, Value::Nil);
        derived.set_metatable(None)?;
        assert_eq!(derived.metatable(), None);
        Ok(())
    });
}

#[test]
fn sequences_grow_and_shrink() {
    both(|lua| {
        let table = lua.create_table()?;
        assert!(table.is_empty()?);
        assert_eq!(table.pop::<Value>()?, Value::Nil);
        for i in 1..=5 {
            table.push(i)?;
        }
        assert_eq!(table.len()?, 5);
        assert_eq!(table.pop::<i32>()?, 5);
        table.raw_insert(1, 0)?;
        table.raw_insert(6, 9)?;
        assert_eq!(table.raw_remove::<i32>(3)?, 2);
        let values: Vec<i32> = table.sequence_values().collect::<dg_lua::Result<_>>()?;
        assert_eq!(values, [0, 1, 3, 4, 9]);
        table.set("x", 1)?;
        table.clear()?;
        assert!(table.is_empty()?);
        Ok(())
    });
}

#[test]
fn traversal_lets_values_change_and_keys_go() {
    both(|lua| {
        let table = lua.create_table_from((1..=20).map(|i| (format!("k{i}"), i)))?;
        let mut sum = 0;
        for entry in table.pairs::<String, i32>() {
            let (key, value) = entry?;
            sum += value;
            if value % 2 == 0 {
                table.set(key, Value::Nil)?;
            } else {
                table.set(key, value * 100)?;
            }
            lua.gc_collect();
        }
        assert_eq!(sum, 210);
        let mut rest = 0;
        table.for_each(|_: String, value: i32| {
            rest += value;
            Ok(())
        })?;
        assert_eq!(rest, 10_000);
        let stopped = table.for_each(|_: Value, _: Value| Err(Error::runtime("enough")));
        assert_eq!(stopped.unwrap_err().message(), "enough");
        let mismatch = table.pairs::<i32, i32>().next().expect("an entry");
        assert!(mismatch.is_err());
        Ok(())
    });
}

#[test]
fn equality_asks_metatables_if_wanted() {
    both(|lua| {
        let (one, other): (Table, Table) = lua
            .load("local m = { __eq = function(a, b) return a.id == b.id end } return setmetatable({ id = 1 }, m), setmetatable({ id = 1 }, m)")
            .eval()?;
        assert!(one.equals(&other)? && one != other);
        other.set("id", 2)?;
        assert!(!one.equals(&other)?);
        assert_ne!(one.to_pointer(), other.to_pointer());
        Ok(())
    });
}

#[test]
fn metatables_of_types_are_shared() {
    both(|lua| {
        let strings = lua.type_metatable(&lua.pack("x")?)?.expect("strings have one");
        let library: Table = lua.globals().get("string")?;
        assert_eq!(strings.get::<Table>("__index")?, library);
        assert!(lua.type_metatable(&Value::Number(1.0))?.is_none());
        Ok(())
    });
}
