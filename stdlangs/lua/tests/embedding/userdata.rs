use std::cell::Cell;
use std::rc::Rc;

use dg_lua::{
    AnyUserData, Error, Function, Lua, MetaMethod, ObjectLike, Result, Table, UserData, UserDataFields,
    UserDataMethods, UserDataRef, UserDataRefMut, Value, Variadic,
};

use super::{both, silently};

#[derive(Debug)]
struct Account {
    owner: String,
    balance: f64,
}

impl UserData for Account {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_field("KIND", "account");
        fields.add_field_method_get("owner", |_, account| Ok(account.owner.clone()));
        fields.add_field_method_get("balance", |_, account| Ok(account.balance));
        fields.add_field_method_set("owner", |_, account, owner: String| {
            if owner.is_empty() {
                return Err(Error::runtime("an owner has a name"));
            }
            account.owner = owner;
            Ok(())
        });
    }

    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_function("new", |_, owner: String| Ok(Account { owner, balance: 0.0 }));
        methods.add_method("describe", |_, account, suffix: Option<String>| {
            Ok(format!(
                "{}: {}{}",
                account.owner,
                account.balance,
                suffix.unwrap_or_default()
            ))
        });
        methods.add_method_mut("deposit", |_, account, amounts: Variadic<f64>| {
            account.balance += amounts.iter().sum::<f64>();
            Ok(account.balance)
        });
        methods.add_method_mut("while_changing", |_, _account, f: Function| f.call::<Value>(()));
        methods.add_method("while_reading", |_, _account, f: Function| f.call::<Value>(()));
        methods.add_function(
            "merge",
            |_, (mut into, from): (UserDataRefMut<Account>, UserDataRef<Account>)| {
                into.balance += from.balance;
                Ok(())
            },
        );
        let mut calls = 0;
        methods.add_function_mut("calls", move |_, ()| {
            calls += 1;
            Ok(calls)
        });
        methods.add_meta_method(MetaMethod::ToString, |_, account, ()| Ok(account.owner.clone()));
        methods.add_meta_method(MetaMethod::Len, |_, account, ()| Ok(account.owner.len()));
        methods.add_meta_method(MetaMethod::Eq, |_, account, other: UserDataRef<Account>| {
            Ok(account.owner == other.owner)
        });
        methods.add_meta_method(MetaMethod::Index, |_, _, key: String| Ok(format!("?{key}")));
        methods.add_meta_method_mut(MetaMethod::NewIndex, |_, account, (key, value): (String, f64)| {
            if key != "extra" {
                return Err(Error::runtime(format!("no field {key}")));
            }
            account.balance += value;
            Ok(())
        });
        methods.add_meta_method_mut(MetaMethod::Call, |_, account, factor: f64| {
            account.balance *= factor;
            Ok(account.balance)
        });
        methods.add_meta_function(MetaMethod::Concat, |lua, (left, right): (Value, Value)| {
            Ok(left.to_text(lua)? + "&" + &right.to_text(lua)?)
        });
        methods.add_meta_function(
            "__lt",
            |_, (left, right): (UserDataRef<Account>, UserDataRef<Account>)| Ok(left.balance < right.balance),
        );
    }
}

fn account(lua: &Lua) -> Result<AnyUserData> {
    let userdata = lua.create_userdata(Account {
        owner: "ann".into(),
        balance: 1.0,
    })?;
    lua.globals().set("a", &userdata)?;
    Ok(userdata)
}

#[test]
fn fields_methods_and_metamethods_work() {
    both(|lua| {
        account(lua)?;
        lua.load(
            "assert(a.KIND == 'account' and a.owner == 'ann' and a.balance == 1)
            a.owner = 'bob'
            assert(a.owner == 'bob' and a:describe() == 'bob: 1' and a:describe('!') == 'bob: 1!')
            assert(a:deposit(1, 2, 3) == 7 and a.balance == 7)
            assert(tostring(a) == 'bob' and #a == 3 and a(2) == 14)
            assert(a.unknown == '?unknown')
            a.extra = 6
            assert(a.balance == 20)
            local b = a.new('cid')
            assert(b.balance == 0 and b < a and not (a < b) and a ~= b and a == a.new('bob'))
            assert(a .. b == 'bob&cid' and a .. 'x' == 'bob&x' and 1 .. a == '1&bob')
            a.merge(b, a)
            assert(b.balance == 20 and a.calls() == 1 and b.calls() == 2)
            assert(type(a) == 'userdata' and getmetatable(a) == false)
            assert(not pcall(setmetatable, a, {}))",
        )
        .exec()
    });
}

#[test]
fn misuse_is_an_error() {
    both(|lua| {
        let userdata = account(lua)?;
        lua.globals()
            .set("other", lua.create_userdata(Counted(Rc::default()))?)?;
        for (chunk, message) in [
            (
                "a.describe()",
                "bad argument #1 to 'describe' (userdata of another type)",
            ),
            (
                "a.describe(io.stdout)",
                "bad argument #1 to 'describe' (userdata of another type)",
            ),
            (
                "a.describe(other)",
                "bad argument #1 to 'describe' (userdata of another type)",
            ),
            (
                "a:deposit({})",
                "bad argument #1 to 'deposit' (number expected, got table)",
            ),
            ("a.owner = ''", "an owner has a name"),
            ("a.nothing = 1", "no field nothing"),
            ("other.x = 1", "attempt to index global 'other' (a userdata value)"),
            (
                "a.merge(a, a)",
                "bad argument #2 to 'merge' (userdata is being changed)",
            ),
            (
                "a:while_changing(function() return a.balance end)",
                "userdata is being changed",
            ),
            (
                "a:while_reading(function() return a:deposit(1) end)",
                "bad argument #1 to 'deposit' (userdata is in use)",
            ),
        ] {
            let error = lua.load(chunk).set_name("=").exec().unwrap_err().message();
            assert!(error.ends_with(message), "{chunk}: {error}");
        }
        assert_eq!(
            lua.load("a:while_reading(function() return a:describe() end)")
                .eval::<String>()?,
            "ann: 1"
        );
        assert!(matches!(userdata.borrow::<Counted>(), Err(Error::UserDataTypeMismatch)));
        let file: AnyUserData = lua.load("io.stdout").eval()?;
        assert!(!file.is::<Account>());
        assert!(matches!(file.borrow::<Account>(), Err(Error::UserDataTypeMismatch)));
        Ok(())
    });
}

#[test]
fn borrows_are_checked() {
    both(|lua| {
        let userdata = account(lua)?;
        let reader = userdata.borrow::<Account>()?;
        let second = userdata.borrow::<Account>()?;
        assert!(matches!(
            userdata.borrow_mut::<Account>(),
            Err(Error::UserDataBorrowMutError)
        ));
        assert!(matches!(userdata.take::<Account>(), Err(Error::UserDataBorrowMutError)));
        drop((reader, second));
        let mut writer = userdata.borrow_mut::<Account>()?;
        writer.balance = 5.0;
        assert!(matches!(userdata.borrow::<Account>(), Err(Error::UserDataBorrowError)));
        assert!(lua.load("a:describe()").exec().is_err());
        drop(writer);
        assert_eq!(userdata.with(|account: &Account| account.balance)?, 5.0);
        assert_eq!(userdata.call_method::<String>("describe", ())?, "ann: 5");
        userdata.set_field("owner", "eve")?;
        assert_eq!(userdata.get_field::<String>("owner")?, "eve");
        assert_eq!(userdata.call_object::<f64>(3)?, 15.0);
        assert_eq!(userdata.take::<Account>()?.owner, "eve");
        assert!(matches!(userdata.borrow::<Account>(), Err(Error::UserDataDestructed)));
        let error = lua.load("a:describe()").exec().unwrap_err();
        assert!(matches!(error.root_cause(), Error::UserDataDestructed), "{error}");
        Ok(())
    });
}

#[test]
fn guards_outlive_everything() {
    let lua = Lua::new();
    let userdata = account(&lua).unwrap();
    let guard = userdata.borrow::<Account>().unwrap();
    drop((userdata, lua));
    assert_eq!(guard.owner, "ann");
}

/// Counts how often it was dropped.
struct Counted(Rc<Cell<u32>>);

impl UserData for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn values_are_dropped_once() {
    let drops = Rc::new(Cell::new(0));
    let lua = Lua::new();
    // Collected.
    drop(lua.create_userdata(Counted(drops.clone())).unwrap());
    lua.gc_collect();
    assert_eq!(drops.get(), 1);
    // Destroyed before.
    let userdata = lua.create_userdata(Counted(drops.clone())).unwrap();
    userdata.destroy::<Counted>().unwrap();
    assert_eq!(drops.get(), 2);
    drop(userdata);
    lua.gc_collect();
    assert_eq!(drops.get(), 2);
    // Taken out.
    let userdata = lua.create_userdata(Counted(drops.clone())).unwrap();
    drop(userdata.take::<Counted>().unwrap());
    assert_eq!(drops.get(), 3);
    // With the state, held by Lua.
    lua.globals()
        .set("x", lua.create_userdata(Counted(drops.clone())).unwrap())
        .unwrap();
    drop(lua);
    assert_eq!(drops.get(), 4);
}

#[test]
fn destructors_may_use_the_state() {
    struct Notes(Lua, Function);
    impl UserData for Notes {}
    impl Drop for Notes {
        fn drop(&mut self) {
            let _ = self.1.call::<()>(self.0.used_memory() as f64);
        }
    }
    let lua = super::stressed();
    let note: Function = lua
        .load("function(n) notes = (notes or 0) + 1; last = { tostring(n) } end")
        .eval()
        .unwrap();
    for _ in 0..10 {
        lua.create_userdata(Notes(lua.clone(), note.clone())).unwrap();
        lua.load("local t = { {} }").exec().unwrap();
    }
    lua.gc_collect();
    assert_eq!(lua.globals().get::<i32>("notes").unwrap(), 10);
    assert!(lua.load("tonumber(last[1]) > 0").eval::<bool>().unwrap());
}

#[test]
fn panics_in_destructors_are_lost() {
    struct Panics;
    impl UserData for Panics {}
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let lua = Lua::new();
    lua.create_userdata(Panics).unwrap();
    silently(|| {
        lua.load("for i = 1, 1e5 do local t = {} end").exec().unwrap();
        lua.gc_collect();
    });
    assert_eq!(lua.load("1").eval::<i32>().unwrap(), 1);
}

#[test]
fn unreachable_values_are_finalised_while_lua_code_runs() {
    let drops = Rc::new(Cell::new(0));
    let lua = Lua::new();
    let counted = drops.clone();
    let make = lua.create_function(move |_, ()| Ok(Counted(counted.clone()))).unwrap();
    lua.globals().set("make", make).unwrap();
    lua.load("for i = 1, 50000 do make() local t = { i } end")
        .exec()
        .unwrap();
    assert!(drops.get() > 0, "nothing was finalised");
    drop(lua);
    assert_eq!(drops.get(), 50_000);
}

#[test]
fn restricted_metamethods_are_refused() {
    struct Bad;
    impl UserData for Bad {
        fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
            methods.add_meta_function("__gc", |_, ()| Ok(()));
        }
    }
    let error = Lua::new().create_userdata(Bad).unwrap_err();
    assert!(matches!(error, Error::MetaMethodRestricted(_)), "{error}");
}

#[test]
fn types_without_getters_have_a_plain_method_table() {
    struct Plain;
    impl UserData for Plain {
        fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
            fields.add_field_method_set("x", |_, _, _: i32| Ok(()));
            fields.add_meta_field("__name", "Plain");
        }
        fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
            methods.add_method("one", |_, _, ()| Ok(1));
        }
    }
    both(|lua| {
        let userdata = lua.create_userdata(Plain)?;
        let metatable: Table = userdata.metatable().expect("it has one");
        assert_eq!(metatable.get::<String>("__name")?, "Plain");
        assert!(metatable.get::<Table>("__index")?.contains_key("one")?);
        lua.globals().set("p", userdata)?;
        assert_eq!(lua.load("p:one()").eval::<i32>()?, 1);
        lua.load("p.x = 1").exec()?;
        let error = lua.load("p.y = 1").set_name("=u").exec().unwrap_err();
        assert_eq!(error.message(), "u:1: attempt to set unknown field 'y' of a userdata");
        assert_eq!(lua.load("p.y").eval::<Value>()?, Value::Nil);
        Ok(())
    });
}

#[test]
fn scripts_cannot_confuse_userdata_with_the_debug_library() {
    both(|lua| {
        account(lua)?;
        // The metatable of files on a value of the host, and the other way round.
        lua.load(
            "local accounts, files = debug.getmetatable(a), debug.getmetatable(io.stdout)
            local describe = a.describe
            debug.setmetatable(a, files)
            assert(not pcall(a.write, a, 'x') or true)
            local proxy, file = newproxy(), io.tmpfile()
            debug.setmetatable(proxy, accounts)
            debug.setmetatable(file, accounts)
            assert(not pcall(describe, proxy) and not pcall(describe, file))
            assert(not pcall(function() return proxy.owner end))
            debug.setmetatable(file, files)
            debug.setmetatable(a, accounts)
            assert(debug.getupvalue(describe, 1) == nil and debug.setupvalue(describe, 1, proxy) == nil)
            assert(describe(a) == 'ann: 1')",
        )
        .exec()
    });
}
