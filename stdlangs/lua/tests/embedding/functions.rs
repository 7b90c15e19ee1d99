use std::cell::Cell;
use std::rc::Rc;

use dg_lua::{Error, Function, FunctionInfo, Lua, MultiValue, Result, Table, Value, Variadic};

use super::both;

#[test]
fn calls_go_back_and_forth() {
    both(|lua| {
        // Rust -> Lua -> Rust -> Lua and so on, to the depth given.
        let bounce = lua.create_function(|lua, depth: u32| -> Result<u32> {
            if depth == 0 {
                return Ok(0);
            }
            let again: Function = lua.globals().get("again")?;
            Ok(again.call::<u32>(depth - 1)? + 1)
        })?;
        lua.globals().set("bounce", bounce)?;
        lua.load("function again(depth) return (bounce(depth)) end").exec()?;
        assert_eq!(lua.load("bounce(30)").eval::<u32>()?, 30);
        let error = lua.load("bounce(1e6)").eval::<u32>().unwrap_err();
        assert_eq!(error.root_cause().to_string().lines().next(), Some("C stack overflow"));
        assert_eq!(lua.load("bounce(3)").eval::<u32>()?, 3);
        Ok(())
    });
}

#[test]
fn many_arguments_and_results_pass() {
    both(|lua| {
        let reverse =
            lua.create_function(|_, values: MultiValue| Ok(values.into_iter().rev().collect::<MultiValue>()))?;
        let numbers: Variadic<i32> = (0..1000).collect();
        let reversed: Variadic<i32> = reverse.call(numbers)?;
        assert!(reversed.iter().copied().eq((0..1000).rev()));
        lua.globals().set("reverse", reverse)?;
        assert_eq!(lua.load("select('#', reverse(1, nil, nil))").eval::<i32>()?, 3);
        assert_eq!(lua.load("(reverse())").eval::<Option<i32>>()?, None);
        Ok(())
    });
}

#[test]
fn callbacks_serve_the_library_and_metatables() {
    both(|lua| {
        let upper = lua.create_function(|_, text: String| Ok(text.to_uppercase()))?;
        let descending = lua.create_function(|_, (a, b): (f64, f64)| Ok(a > b))?;
        lua.globals().set("upper", upper)?;
        lua.globals().set("descending", descending)?;
        let (text, first): (String, i32) = lua
            .load("local t = { 3, 9, 5 } table.sort(t, descending) return ('a-b'):gsub('%a', upper), t[1]")
            .call(())?;
        assert_eq!((&*text, first), ("A-B", 9));
        let metatable = lua.create_table()?;
        metatable.set(
            "__index",
            lua.create_function(|_, (_, key): (Value, String)| Ok(key + "!"))?,
        )?;
        let object = lua.create_table()?;
        object.set_metatable(Some(&metatable))?;
        assert_eq!(object.get::<String>("x")?, "x!");
        lua.globals().set("object", &object)?;
        assert_eq!(lua.load("object.y").eval::<String>()?, "y!");
        Ok(())
    });
}

#[test]
fn functions_that_change_their_state_run_once_at_a_time() {
    both(|lua| {
        let recurse = lua.create_function_mut(|lua, ()| lua.globals().get::<Function>("recurse")?.call::<()>(()))?;
        lua.globals().set("recurse", &recurse)?;
        let error = recurse.call::<()>(()).unwrap_err();
        assert!(matches!(error.root_cause(), Error::RecursiveMutCallback), "{error}");
        Ok(())
    });
}

#[test]
fn bound_arguments_come_first() {
    both(|lua| {
        let pack: Function = lua.load("function(...) return select('#', ...), ... end").eval()?;
        let bound = pack.bind(("a", lua.create_table()?))?.bind(7)?;
        let (count, a, _table, seven, last): (i32, String, Table, i32, String) = bound.call("z")?;
        assert_eq!((count, &*a, seven, &*last), (4, "a", 7, "z"));
        lua.globals().set("bound", bound)?;
        assert_eq!(lua.load("(bound())").eval::<i32>()?, 3);
        let error = pack.bind(())?.call::<Table>(()).unwrap_err();
        assert_eq!(error.message(), "table expected, got number");
        Ok(())
    });
}

#[test]
fn functions_say_where_they_are_from() {
    both(|lua| {
        let function: Function = lua.load("\n\nreturn function() end").set_name("@dir/file.lua").eval()?;
        let FunctionInfo {
            is_lua,
            source,
            line_defined,
            ..
        } = function.info()?;
        assert_eq!(
            (is_lua, source.as_deref(), line_defined),
            (true, Some("dir/file.lua"), Some(3))
        );
        let print: Function = lua.globals().get("print")?;
        assert!(!print.info()?.is_lua);
        Ok(())
    });
}

#[test]
fn environments_are_tables() {
    both(|lua| {
        let environment = lua.create_table_from([("x", 1)])?;
        let chunk = lua
            .load("x = x + 1; return x")
            .set_environment(environment.clone())
            .into_function()?;
        assert_eq!(chunk.call::<i32>(())?, 2);
        assert_eq!(chunk.environment()?, environment);
        assert_eq!(lua.globals().get::<Option<i32>>("x")?, None);
        let other = lua.create_table_from([("x", 10)])?;
        chunk.set_environment(&other)?;
        assert_eq!(chunk.call::<i32>(())?, 11);
        lua.set_globals(&other)?;
        assert_eq!(lua.load("x").eval::<i32>()?, 11);
        Ok(())
    });
}

#[test]
fn whatever_is_callable_is_called_as_an_object() {
    use dg_lua::ObjectLike;
    both(|lua| {
        let object: Table = lua
            .load("setmetatable({ n = 1 }, { __call = function(self, a) return self.n + a end })")
            .eval()?;
        assert_eq!(object.call_object::<i32>(41)?, 42);
        let plain = lua.create_table()?;
        let error = plain.call_object::<()>(()).unwrap_err();
        assert_eq!(error.message(), "attempt to call a table value");
        let error = plain.call_method::<()>("missing", ()).unwrap_err();
        assert_eq!(error.message(), "attempt to call a nil value");
        Ok(())
    });
}

#[test]
fn closures_are_dropped_with_their_functions() {
    let lua = Lua::new();
    let witness = Rc::new(Cell::new(0));
    let captured = witness.clone();
    let function = lua
        .create_function(move |_, ()| {
            captured.set(captured.get() + 1);
            Ok(())
        })
        .unwrap();
    function.call::<()>(()).unwrap();
    assert_eq!((witness.get(), Rc::strong_count(&witness)), (1, 2));
    drop(function);
    lua.gc_collect();
    assert_eq!(Rc::strong_count(&witness), 1);
}
