use dg_lua::{Error, Function, Lua, LuaString, Table, Value};

use super::{both, stressed};

#[test]
fn handles_keep_their_values_through_collections() {
    let lua = stressed();
    let mut kept: Vec<(i32, Table, LuaString)> = Vec::new();
    for i in 0..50 {
        let table = lua.create_table_from([("i", i)]).unwrap();
        let string = lua.create_string(format!("string {i}")).unwrap();
        // Every other one is dropped again, so that the places of dropped ones are used again.
        if i % 2 == 0 {
            kept.push((i, table, string));
        }
        lua.load("local t = {} for i = 1, 3 do t[i] = { tostring(i) } end")
            .exec()
            .unwrap();
    }
    for (i, table, string) in &kept {
        assert_eq!(table.get::<i32>("i").unwrap(), *i);
        assert_eq!(*string, format!("string {i}"));
    }
    let cloned = kept[3].1.clone();
    drop(kept);
    lua.gc_collect();
    assert_eq!(cloned.get::<i32>("i").unwrap(), 6);
}

#[test]
fn dropped_handles_let_their_values_go() {
    both(|lua| {
        let weak: Table = lua.load("setmetatable({}, { __mode = 'v' })").eval()?;
        let table = lua.create_table()?;
        weak.set(1, &table)?;
        let clone = table.clone();
        drop(table);
        lua.gc_collect();
        assert!(weak.contains_key(1)?);
        drop(clone);
        lua.gc_collect();
        assert!(!weak.contains_key(1)?);
        Ok(())
    });
}

#[test]
fn handles_outlive_their_state_without_harm() {
    let lua = Lua::new();
    let table = lua.create_table().unwrap();
    let string = lua.create_string("s").unwrap();
    let function: Function = lua.load("function() end").eval().unwrap();
    let thread = lua.create_thread(function.clone()).unwrap();
    let chunk = lua.load("return 1");
    drop(lua);
    assert!(matches!(table.get::<Value>(1), Err(Error::LuaDestroyed)));
    assert!(matches!(table.set(1, 2), Err(Error::LuaDestroyed)));
    assert!(matches!(function.call::<()>(()), Err(Error::LuaDestroyed)));
    assert!(matches!(thread.resume::<()>(()), Err(Error::LuaDestroyed)));
    assert!(matches!(chunk.exec(), Err(Error::LuaDestroyed)));
    assert_eq!((table.raw_len(), table.pairs::<Value, Value>().count()), (0, 1));
    assert_ne!(table, table.clone());
    assert_eq!(format!("{string:?}"), "LuaString(gone)");
    assert!(table.metatable().is_none());
}

#[test]
fn values_of_other_states_are_refused() {
    let (one, two) = (Lua::new(), Lua::new());
    let foreign = one.create_table().unwrap();
    assert!(matches!(two.globals().set("x", &foreign), Err(Error::MismatchedLua)));
    let echo: Function = two.load("function(...) return ... end").eval().unwrap();
    assert!(matches!(echo.call::<()>(&foreign), Err(Error::MismatchedLua)));
    assert!(matches!(two.set_globals(&foreign), Err(Error::MismatchedLua)));
    let table = two.create_table().unwrap();
    assert!(matches!(table.set_metatable(Some(&foreign)), Err(Error::MismatchedLua)));
    let leak = two.create_function(move |_, ()| Ok(foreign.clone())).unwrap();
    let error = leak.call::<()>(()).unwrap_err();
    assert!(matches!(error.root_cause(), Error::MismatchedLua), "{error}");
    // Strings compare by their bytes.
    assert_eq!(one.create_string("a").unwrap(), two.create_string("a").unwrap());
}

#[test]
fn a_state_that_loses_its_last_owner_in_a_callback_lives_on_to_its_end() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let owner = Rc::new(RefCell::new(None));
    let lua = Lua::new();
    let taken = owner.clone();
    let forget = lua
        .create_function(move |lua, ()| {
            drop(taken.borrow_mut().take());
            // Still all there.
            lua.load("local t = {} for i = 1, 1000 do t[i] = {} end return #t")
                .eval::<i32>()
        })
        .unwrap();
    let weak = lua.weak();
    *owner.borrow_mut() = Some(lua);
    assert_eq!(forget.call::<i32>(()).unwrap(), 1000);
    assert!(weak.try_upgrade().is_none());
    assert!(matches!(forget.call::<i32>(()), Err(Error::LuaDestroyed)));
}

#[test]
fn registry_keys_keep_values_and_may_travel() {
    both(|lua| {
        let weak: Table = lua.load("setmetatable({}, { __mode = 'v' })").eval()?;
        let table = lua.create_table()?;
        weak.set(1, &table)?;
        let key = lua.create_registry_value(table)?;
        lua.gc_collect();
        let key = std::thread::spawn(move || key).join().expect("nothing panics there");
        assert!(weak.contains_key(1)?);
        lua.replace_registry_value(&key, "other")?;
        assert_eq!(lua.registry_value::<String>(&key)?, "other");
        lua.gc_collect();
        assert!(!weak.contains_key(1)?);
        assert!(matches!(
            Lua::new().registry_value::<Value>(&key),
            Err(Error::MismatchedLua)
        ));
        let table = lua.create_table()?;
        weak.set(2, &table)?;
        let second = lua.create_registry_value(table)?;
        drop(second);
        drop(key);
        // The places are used again.
        let third = lua.create_registry_value(3)?;
        assert_eq!(lua.registry_value::<i32>(&third)?, 3);
        lua.gc_collect();
        assert!(!weak.contains_key(2)?);
        Ok(())
    });
}
