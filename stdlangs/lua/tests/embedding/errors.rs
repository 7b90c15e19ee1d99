use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dg_lua::{Error, ErrorContext, ExternalResult, Function, Lua, Result, Table, Value};

use super::{both, silently};

#[derive(Debug)]
struct NotFound(u32);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no item {}", self.0)
    }
}

impl StdError for NotFound {}

fn assert_send<T: Send + Sync + 'static>() {}

#[test]
fn errors_go_between_threads() {
    assert_send::<Error>();
}

#[test]
fn chunks_that_do_not_compile() {
    both(|lua| {
        let error = lua.load("x = = 1").set_name("=c").exec().unwrap_err();
        let Error::SyntaxError {
            message,
            incomplete_input,
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!(
            (&**message, *incomplete_input),
            ("c:1: unexpected symbol near '='", false)
        );
        let error = lua.load("for i = 1, 2 do").set_name("=c").exec().unwrap_err();
        assert!(matches!(
            error,
            Error::SyntaxError {
                incomplete_input: true,
                ..
            }
        ));
        let here = lua.load("error('x')").exec().unwrap_err().message();
        assert!(here.contains("errors.rs:"), "{here}");
        Ok(())
    });
}

#[test]
fn files_that_are_missing() {
    let error = Lua::new()
        .load(std::path::Path::new("/no/such/file.lua"))
        .exec()
        .unwrap_err();
    assert_eq!(
        error.message(),
        "cannot open /no/such/file.lua: No such file or directory"
    );
    let error = error.downcast_ref::<std::io::Error>().expect("the cause");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn errors_of_lua_have_tracebacks() {
    both(|lua| {
        let chunk = "local function inner() error('oops') end\nlocal function outer() inner() end\nouter()";
        let error = lua.load(chunk).set_name("=t").exec().unwrap_err();
        assert_eq!(error.message(), "t:1: oops");
        let traceback = error.traceback().expect("a traceback");
        for line in [
            "t:1: in function 'inner'",
            "t:2: in function 'outer'",
            "t:3: in main chunk",
        ] {
            assert!(traceback.contains(line), "{traceback}");
        }
        // What pcall has caught leaves nothing behind.
        lua.load("pcall(error, 'caught')").exec()?;
        let error = lua.globals().get::<Table>(1).unwrap_err();
        assert!(error.traceback().is_none());
        Ok(())
    });
}

#[test]
fn thrown_values_are_kept_by_pcall() {
    both(|lua| {
        let throw: Function = lua.load("function(x) error(x, 0) end").eval()?;
        let table = lua.create_table()?;
        assert_eq!(throw.pcall::<()>(&table)?, Err(Value::Table(table)));
        assert_eq!(throw.pcall::<()>(())?, Err(Value::Nil));
        let echo: Function = lua.load("function(...) return ... end").eval()?;
        assert_eq!(echo.pcall::<i32>(3)?, Ok(3));
        assert!(echo.pcall::<i32>("x").is_err());
        let error = throw.call::<()>(lua.create_table()?).unwrap_err();
        assert_eq!(error.message(), "(error object is a table value)");
        Ok(())
    });
}

#[test]
fn errors_of_callbacks_are_chained_through_all_levels() {
    both(|lua| {
        let find = lua.create_function(|_, id: u32| -> Result<()> { Err(NotFound(id)).into_lua_err() })?;
        lua.globals().set("find", find)?;
        let middle =
            lua.create_function(|lua, ()| lua.load("find(7)").set_name("=inner").exec().context("while looking"))?;
        lua.globals().set("middle", middle)?;
        let error = lua.load("middle()").set_name("=outer").exec().unwrap_err();
        assert_eq!(error.message(), "while looking: no item 7");
        assert_eq!(error.downcast_ref::<NotFound>().map(|found| found.0), Some(7));
        let Error::CallbackError { traceback, cause } = &error else {
            panic!("{error:?}")
        };
        assert!(traceback.contains("outer:1: in main chunk"), "{traceback}");
        let inner = cause.traceback().expect("of the inner callback");
        assert!(
            inner.contains("inner:1: in main chunk") && inner.contains("'find'"),
            "{inner}"
        );
        let chain: Vec<String> = error.chain().map(|error| error.to_string()).collect();
        assert_eq!(chain.last().map(|last| &**last), Some("no item 7"));
        assert!(chain.len() >= 4, "{chain:?}");
        Ok(())
    });
}

#[test]
fn lua_code_catches_errors_of_callbacks() {
    both(|lua| {
        let fail = lua.create_function(|_, ()| -> Result<()> { Err(Error::runtime("no luck")) })?;
        lua.globals().set("fail", fail)?;
        let (ok, text, joined, kind, hidden): (bool, String, String, String, bool) = lua
            .load(
                "local ok, err = pcall(fail)
                return ok, tostring(err), 'said: ' .. err, type(err), getmetatable(err)",
            )
            .eval()?;
        assert_eq!(
            (ok, &*text, &*joined, &*kind, hidden),
            (false, "no luck", "said: no luck", "userdata", false)
        );
        let caught: Error = lua.load("select(2, pcall(fail))").eval()?;
        assert!(matches!(caught.root_cause(), Error::RuntimeError { message, .. } if message == "no luck"));
        // Thrown again it is the same error still.
        let error = lua.load("local _, e = pcall(fail) error(e)").exec().unwrap_err();
        assert_eq!(error.message(), "no luck");
        // Given to Lua code as a value, and thrown there.
        let throw: Function = lua.globals().get("error")?;
        let error = throw.call::<()>(Error::external("outside")).unwrap_err();
        assert_eq!(error.message(), "outside");
        Ok(())
    });
}

#[test]
fn handlers_of_xpcall_run_inside() {
    both(|lua| {
        let fail = lua.create_function(|_, ()| -> Result<()> { Err(Error::runtime("no luck")) })?;
        lua.globals().set("fail", fail)?;
        let seen: String = lua
            .load("select(2, xpcall(function() fail() end, function(e) return tostring(e) .. ' handled' end))")
            .eval()?;
        assert_eq!(seen, "no luck handled");
        // The host catches before the handler of an xpcall further out can see it.
        let tries = lua.create_function(|lua, ()| Ok(lua.load("error('inner', 0)").exec().unwrap_err().message()))?;
        lua.globals().set("tries", tries)?;
        let (ok, text): (bool, String) = lua.load("xpcall(tries, function() return 'handler' end)").eval()?;
        assert_eq!((ok, &*text), (true, "inner"));
        Ok(())
    });
}

#[test]
fn arguments_are_named_by_their_number() {
    both(|lua| {
        let add = lua.create_function(|_, (a, b): (i32, i32)| Ok(a + b))?;
        lua.globals().set("add", add)?;
        let table = lua.create_table()?;
        table.set("add", lua.globals().get::<Function>("add")?)?;
        lua.globals().set("object", table)?;
        let said = |chunk: &str| lua.load(chunk).exec().unwrap_err().message();
        assert_eq!(
            said("add(1, {})"),
            "bad argument #2 to 'add' (number expected, got table)"
        );
        assert_eq!(said("add()"), "bad argument #1 to 'add' (number expected, got nil)");
        assert_eq!(
            said("object.add('x')"),
            "bad argument #1 to 'add' (number expected, got string)"
        );
        Ok(())
    });
}

#[test]
fn panics_go_through_lua_to_the_host() {
    both(|lua| {
        let panics = lua.create_function(|_, text: String| -> Result<()> { panic!("panicked: {text}") })?;
        lua.globals().set("panics", panics)?;
        let payload = silently(|| catch_unwind(AssertUnwindSafe(|| lua.load("panics('deep')").exec()))).unwrap_err();
        // Through another level of the host.
        let level = lua.create_function(|lua, ()| lua.load("panics('deeper')").exec())?;
        let deeper = silently(|| catch_unwind(AssertUnwindSafe(|| level.call::<()>(())))).unwrap_err();
        // Lua code that catches it has an error.
        let keep = "kept = select(2, pcall(panics, 'x')) return tostring(kept)";
        let text: String = silently(|| lua.load(keep).eval())?;
        let again = catch_unwind(AssertUnwindSafe(|| lua.load("error(kept)").exec())).is_err();
        let resumed = lua.load("error(kept)").exec();
        assert_eq!(
            payload.downcast_ref::<String>().map(|text| &**text),
            Some("panicked: deep")
        );
        assert_eq!(
            deeper.downcast_ref::<String>().map(|text| &**text),
            Some("panicked: deeper")
        );
        assert_eq!(text, "panic: panicked: x");
        assert!(again && matches!(resumed, Err(Error::PanicResumed)));
        // The state is as good as before.
        assert_eq!(lua.load("1 + 1").eval::<i32>()?, 2);
        Ok(())
    });
}

#[test]
fn invalid_keys_are_errors() {
    both(|lua| {
        let table = lua.create_table()?;
        assert_eq!(table.set(Value::Nil, 1).unwrap_err().message(), "table index is nil");
        assert_eq!(table.raw_set(f64::NAN, 1).unwrap_err().message(), "table index is NaN");
        assert_eq!(
            table.raw_insert(3, 1).unwrap_err().message(),
            "there is no place 3 to insert at"
        );
        assert_eq!(
            table.raw_remove::<Value>(1).unwrap_err().message(),
            "there is no place 1 to remove"
        );
        Ok(())
    });
}
