use std::time::{Duration, Instant};

use dg_lua::{Error, Function, Lua, Options, Result, StdLib, Value};

use super::both;

#[test]
fn memory_limits_hold_in_lua_and_at_the_host() {
    let lua = Lua::new();
    assert_eq!(lua.set_memory_limit(Some(lua.used_memory() + (8 << 20))), None);
    for chunk in [
        "local t = {} for i = 1, 1e9 do t[i] = { i } end",
        "local s = 'x' while true do s = s .. s end",
        "return ('x'):rep(1e9)",
        "local t = {} for i = 1, 1e9 do t[i] = function() return t end end",
    ] {
        let error = lua.load(chunk).exec().unwrap_err();
        assert!(matches!(error, Error::MemoryError(_)), "{chunk}: {error}");
        lua.gc_collect();
    }
    let error = lua.create_string(vec![0; 32 << 20]).unwrap_err();
    assert!(matches!(error, Error::MemoryError(_)), "{error}");
    let error = lua.create_table_with_capacity(1 << 25, 0).unwrap_err();
    assert!(matches!(error, Error::MemoryError(_)), "{error}");
    // A host that fills a table itself.
    let table = lua.create_table().unwrap();
    let filled = (1..10_000_000).try_for_each(|i| table.raw_set(i, i));
    assert!(matches!(filled, Err(Error::MemoryError(_))));
    drop(table);
    assert!(
        lua.load("select(2, pcall(string.rep, 'x', 1e9))")
            .eval::<String>()
            .unwrap()
            .contains("memory")
    );
    assert!(lua.set_memory_limit(None).is_some());
    lua.load("assert(#('x'):rep(2e7) == 2e7)").exec().unwrap();
}

#[test]
fn a_host_that_allocates_collects() {
    let lua = Lua::new();
    for _ in 0..200_000 {
        lua.create_table_with_capacity(8, 8).unwrap();
    }
    assert!(lua.gc_stats().minor > 0);
    assert!(lua.used_memory() < 32 << 20, "{} bytes in use", lua.used_memory());
}

#[test]
fn interruptions_come_from_other_threads() {
    let lua = Lua::new();
    let handle = lua.interrupt_handle();
    let interrupter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        handle.interrupt();
    });
    // Lua code may catch a single one.
    let caught: bool = lua
        .load("return pcall(function() while true do end end)")
        .eval()
        .unwrap();
    interrupter.join().unwrap();
    assert!(!caught);
    let handle = lua.interrupt_handle();
    drop(lua);
    handle.interrupt();
}

/// What must end when its time is up, whatever it catches.
fn assert_stopped(lua: &Lua, chunk: &str) {
    let function = lua.load(chunk).into_function().unwrap();
    let begin = Instant::now();
    let outcome = lua.time_limit(Duration::from_millis(30), || function.call::<Value>(()));
    let error = outcome.expect_err(chunk);
    assert!(
        matches!(error.root_cause(), Error::Interrupted { .. }),
        "{chunk}: {error}"
    );
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn time_limits_cannot_be_caught() {
    both(|lua| {
        for chunk in [
            "while true do end",
            "while true do pcall(function() while true do end end) end",
            "local function f() return f() end f()",
            "while true do xpcall(function() while true do end end, function() while true do end end) end",
            "repeat local co = coroutine.wrap(function() while true do end end); pcall(co) until false",
            "for _ in function() return 1 end do end",
        ] {
            assert_stopped(lua, chunk);
        }
        // Nothing is left of it.
        assert_eq!(
            lua.load("local n = 0 for i = 1, 1000 do n = n + i end return n")
                .eval::<f64>()?,
            500_500.0
        );
        Ok(())
    });
}

#[test]
fn time_limits_nest_and_let_quick_code_through() {
    let lua = Lua::new();
    let long = Duration::from_secs(100);
    let answer = lua.time_limit(long, || lua.load("6 * 7").eval::<i32>()).unwrap();
    assert_eq!(answer, 42);
    let inner = lua.create_function(move |lua, ()| lua.time_limit(long, || lua.load("while true do end").exec()));
    lua.globals().set("inner", inner.unwrap()).unwrap();
    assert_stopped(&lua, "inner()");
    let outcome = lua.time_limit(long, || {
        lua.time_limit(Duration::from_millis(20), || lua.load("while true do end").exec())
            .unwrap_err();
        lua.load("'goes on'").eval::<String>()
    });
    assert_eq!(outcome.unwrap(), "goes on");
}

#[test]
fn sandboxes_reach_nothing_outside() {
    let lua = Lua::new_with(StdLib::SANDBOX, Options::default()).unwrap();
    for name in [
        "io", "os", "debug", "package", "require", "module", "dofile", "loadfile",
    ] {
        assert_eq!(lua.globals().get::<Value>(name).unwrap(), Value::Nil, "{name}");
    }
    lua.load("assert(coroutine.wrap(function() return ('x'):rep(3) end)() == 'xxx' and math.max(1, 2) == 2)")
        .exec()
        .unwrap();
    lua.load("assert(table.concat({ 1, 2 }, ',') == '1,2' and loadstring('return 1')() == 1)")
        .exec()
        .unwrap();
    let bare = Lua::new_with(StdLib::NONE, Options::default()).unwrap();
    bare.load("assert(string == nil and table == nil and pcall(error) == false)")
        .exec()
        .unwrap();
    // Coroutines of the host need no library.
    let body: Function = bare.load("function(x) return x + 1 end").eval().unwrap();
    assert_eq!(bare.create_thread(body).unwrap().resume::<i32>(1).unwrap(), 2);
    let with_files = Lua::new_with(StdLib::ALL - StdLib::OS, Options::default()).unwrap();
    with_files
        .load("assert(io and dofile and require and not os)")
        .exec()
        .unwrap();
    assert_eq!(
        with_files.load("package.loaded.os").eval::<Value>().unwrap(),
        Value::Nil
    );
}

#[test]
fn the_collector_can_be_stopped() -> Result<()> {
    let lua = Lua::new();
    lua.gc_stop();
    let before = lua.gc_stats();
    lua.load("for i = 1, 3e5 do local t = {} end").exec()?;
    let stopped = lua.gc_stats();
    assert_eq!((stopped.minor, stopped.full), (before.minor, before.full));
    lua.gc_restart();
    lua.load("for i = 1, 3e5 do local t = {} end").exec()?;
    assert!(lua.gc_stats().minor > stopped.minor);
    Ok(())
}
