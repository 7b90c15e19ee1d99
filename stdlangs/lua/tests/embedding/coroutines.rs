use dg_lua::{Error, Function, Lua, Result, Table, Thread, ThreadStatus, Value};

use super::both;

#[test]
fn values_pass_both_ways() {
    both(|lua| {
        let thread: Thread = lua
            .load("coroutine.create(function(a, b) local c = coroutine.yield(a + b) return 'end', c end)")
            .eval()?;
        assert_eq!(thread.status(), ThreadStatus::Resumable);
        assert_eq!(thread.resume::<i32>((1, 2))?, 3);
        assert_eq!(thread.resume::<(String, i32)>(9)?, ("end".into(), 9));
        assert_eq!(thread.status(), ThreadStatus::Finished);
        assert!(matches!(thread.resume::<()>(()), Err(Error::CoroutineUnresumable)));
        Ok(())
    });
}

#[test]
fn what_a_coroutine_throws_has_its_traceback() {
    both(|lua| {
        let body: Function = lua
            .load("function() local function f() error('inside') end f() end")
            .set_name("=co")
            .eval()?;
        let thread = lua.create_thread(body)?;
        let error = thread.resume::<()>(()).unwrap_err();
        assert_eq!(error.message(), "co:1: inside");
        assert!(
            error.traceback().is_some_and(|text| text.contains("in function 'f'")),
            "{error}"
        );
        assert_eq!(thread.status(), ThreadStatus::Finished);
        Ok(())
    });
}

#[test]
fn errors_of_callbacks_leave_coroutines() {
    both(|lua| {
        let fail = lua.create_function(|_, ()| -> Result<()> { Err(Error::external("outside")) })?;
        let body: Function = lua.load("local f = ...; return function() f() end").call(fail)?;
        let error = lua.create_thread(body)?.resume::<()>(()).unwrap_err();
        assert_eq!(error.root_cause().to_string(), "outside");
        Ok(())
    });
}

#[test]
fn callbacks_run_coroutines_within_coroutines() {
    both(|lua| {
        let next = lua.create_function(|_, thread: Thread| thread.resume::<Option<i32>>(()))?;
        lua.globals().set("next_of", next)?;
        let sum: i32 = lua
            .load(
                "local inner = coroutine.create(function() for i = 1, 4 do coroutine.yield(i) end end)
                local outer = coroutine.wrap(function()
                    while true do
                        local n = next_of(inner)
                        if not n then return end
                        coroutine.yield(n * 10)
                    end
                end)
                local sum = 0
                for n in outer do sum = sum + n end
                return sum",
            )
            .eval()?;
        assert_eq!(sum, 100);
        Ok(())
    });
}

#[test]
fn the_running_coroutine_is_known() {
    both(|lua| {
        let main = lua.current_thread();
        assert_eq!(main.status(), ThreadStatus::Running);
        let check = lua.create_function(move |lua, ()| {
            let current = lua.current_thread();
            Ok(current != main && current.status() == ThreadStatus::Running && main.status() == ThreadStatus::Normal)
        })?;
        let body: Function = lua
            .load("local check = ...; return function() return check() end")
            .call(check)?;
        assert!(lua.create_thread(body)?.resume::<bool>(())?);
        Ok(())
    });
}

#[test]
fn callbacks_cannot_yield() {
    both(|lua| {
        let call = lua.create_function(|_, f: Function| f.call::<()>(()))?;
        lua.globals().set("call", call)?;
        let body: Function = lua.load("function() call(coroutine.yield) end").eval()?;
        let error = lua.create_thread(body)?.resume::<()>(()).unwrap_err();
        assert_eq!(error.message(), "attempt to yield across metamethod/C-call boundary");
        let error = lua.create_thread(lua.globals().get("print")?).unwrap_err();
        assert_eq!(error.message(), "a coroutine runs a function that is written in Lua");
        Ok(())
    });
}

#[test]
fn suspended_coroutines_are_kept_by_their_handles() {
    let lua: Lua = super::stressed();
    let body: Function = lua
        .load("function() local t = { 'kept' } coroutine.yield() return t end")
        .eval()
        .unwrap();
    let thread = lua.create_thread(body).unwrap();
    thread.resume::<Value>(()).unwrap();
    lua.load("for i = 1, 100 do local t = { {} } end").exec().unwrap();
    let table: Table = thread.resume(()).unwrap();
    assert_eq!(table.get::<String>(1).unwrap(), "kept");
}
