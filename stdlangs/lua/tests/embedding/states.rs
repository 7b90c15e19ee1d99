use dg_lua::{Lua, Options, Result, StdLib, Table, Value, Variadic};

use super::both;

#[test]
fn states_run_on_threads_of_their_own() {
    let threads: Vec<_> = (0..4)
        .map(|number: u32| {
            std::thread::spawn(move || -> Result<f64> {
                let lua = Lua::new();
                let add = lua.create_function(move |_, n: f64| Ok(n + f64::from(number)))?;
                lua.globals().set("add", add)?;
                lua.load("local n = 0 for i = 1, 20000 do local t = { i } n = add(n) end return n")
                    .eval()
            })
        })
        .collect();
    for (number, thread) in threads.into_iter().enumerate() {
        let sum = thread
            .join()
            .expect("no panic")
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(sum, 20_000.0 * number as f64);
    }
}

#[test]
fn states_do_not_see_one_another() {
    let (one, two) = (Lua::new(), Lua::new());
    one.globals().set("x", 1).unwrap();
    assert_eq!(two.globals().get::<Value>("x").unwrap(), Value::Nil);
    // One calls the other in a callback.
    let inner = two.clone();
    let ask = one
        .create_function(move |_, chunk: String| inner.load(&chunk).eval::<Variadic<f64>>())
        .unwrap();
    one.globals().set("ask", ask).unwrap();
    assert_eq!(one.load("(ask('x = 5 return x')) + x").eval::<i32>().unwrap(), 6);
    let error = one.load("ask('error(\"there\", 0)')").exec().unwrap_err();
    assert_eq!(error.message(), "there");
}

#[test]
fn clones_are_the_same_state() {
    let lua = Lua::new();
    let clone = lua.clone();
    drop(lua);
    clone.load("x = 1").exec().unwrap();
    assert_eq!(clone.globals().get::<i32>("x").unwrap(), 1);
}

#[test]
fn finalisers_run_at_the_end() {
    use std::cell::RefCell;
    use std::rc::Rc;
    let seen = Rc::new(RefCell::new(Vec::new()));
    let lua = Lua::new();
    let log = seen.clone();
    let note = lua
        .create_function(move |lua, text: String| {
            log.borrow_mut().push(text);
            // All of the state is still there, and new things may be made.
            lua.globals().set("last", lua.create_function(|_, ()| Ok(()))?)
        })
        .unwrap();
    lua.globals().set("note", note).unwrap();
    lua.load("p = newproxy(true) getmetatable(p).__gc = function() note('proxy ' .. #('x'):rep(3)) end")
        .exec()
        .unwrap();
    drop(lua);
    assert_eq!(*seen.borrow(), ["proxy 3"]);
    assert_eq!(Rc::strong_count(&seen), 1);
}

#[test]
fn app_data_is_kept_by_type() {
    both(|lua| {
        assert!(lua.app_data_ref::<u32>().is_none());
        assert_eq!(lua.set_app_data(1u32), None);
        assert_eq!(lua.set_app_data(2u32), Some(1));
        lua.set_app_data(String::from("text"));
        *lua.app_data_mut::<u32>().expect("is set") += 1;
        let reads = lua.create_function(|lua, ()| Ok(*lua.app_data_ref::<u32>().expect("is set")))?;
        assert_eq!(reads.call::<u32>(())?, 3);
        assert_eq!(
            lua.app_data_ref::<String>().as_deref().map(|text| &**text),
            Some("text")
        );
        assert_eq!(lua.remove_app_data::<u32>(), Some(3));
        assert!(lua.app_data_mut::<u32>().is_none());
        Ok(())
    });
}

#[test]
#[should_panic(expected = "the app data is in use")]
fn app_data_that_is_borrowed_cannot_be_replaced() {
    let lua = Lua::new();
    lua.set_app_data(1u32);
    let _borrowed = lua.app_data_ref::<u32>();
    lua.set_app_data(2u32);
}

#[test]
fn chunks_come_from_files() {
    let directory = std::env::temp_dir().join(format!("dg-lua-embedding-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("chunk.lua");
    std::fs::write(
        &path,
        "#!/usr/bin/lua\nlocal a = ...; return a * 2, debug.getinfo(1, 'S').source",
    )
    .unwrap();
    let lua = Lua::new();
    let answer = lua.load(path.as_path()).call::<(i32, String)>(21);
    std::fs::remove_dir_all(&directory).unwrap();
    assert_eq!(answer.unwrap(), (42, format!("@{}", path.display())));
}

#[test]
fn many_states_come_and_go() {
    for _ in 0..50 {
        let lua = Lua::new_with(StdLib::SANDBOX, Options::default()).unwrap();
        let table: Table = lua.load("{ 1, 2, 3 }").eval().unwrap();
        assert_eq!(table.raw_len(), 3);
    }
}

#[test]
fn tracebacks_and_coercions_are_at_hand() {
    both(|lua| {
        let show = lua.create_function(|lua, ()| Ok(lua.traceback(1)))?;
        lua.globals().set("show", show)?;
        let text: String = lua
            .load("local function f() return (show()) end return f()")
            .set_name("=t")
            .eval()?;
        assert!(text.starts_with("stack traceback:\n\tt:1: in function "), "{text}");
        assert_eq!(lua.coerce_number(&lua.pack("0x10")?)?, Some(16.0));
        assert_eq!(lua.coerce_number(&lua.pack(true)?)?, None);
        assert_eq!(
            lua.coerce_string(&Value::Number(1e15))?
                .map(|text| text.to_string_lossy()),
            Some("1e+15".into())
        );
        assert_eq!(lua.unpack::<Option<i32>>(lua.pack(None::<i32>)?)?, None);
        Ok(())
    });
}
