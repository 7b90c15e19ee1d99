use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dg_lua::{AnyUserData, Error, Function, Lua, Result, UserData, UserDataMethods};

use super::{both, silently};

struct Log(Vec<String>);

impl UserData for Log {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_method("len", |_, log, ()| Ok(log.0.len()));
        methods.add_method_mut("add", |_, log, line: String| {
            log.0.push(line);
            Ok(())
        });
    }
}

#[test]
fn functions_borrow_from_the_host() {
    both(|lua| {
        let calls = Cell::new(0);
        lua.scope(|scope| {
            let count = scope.create_function(|_, n: i32| {
                calls.set(calls.get() + n);
                Ok(())
            })?;
            lua.globals().set("count", count)?;
            lua.load("for i = 1, 10 do count(i) end").exec()
        })?;
        assert_eq!(calls.get(), 55);
        let error = lua.load("count(1)").exec().unwrap_err();
        assert!(matches!(error.root_cause(), Error::CallbackDestructed), "{error}");
        assert_eq!(calls.get(), 55);
        Ok(())
    });
}

#[test]
fn userdata_borrow_from_the_host() {
    both(|lua| {
        let mut log = Log(vec![]);
        let kept: AnyUserData = lua.scope(|scope| {
            let userdata = scope.create_userdata_ref_mut(&mut log)?;
            lua.globals().set("log", &userdata)?;
            lua.load("log:add('a') log:add('b') assert(log:len() == 2)").exec()?;
            // No guards: they could outlive the scope.
            assert!(userdata.is::<Log>());
            assert!(matches!(userdata.borrow::<Log>(), Err(Error::UserDataTypeMismatch)));
            assert_eq!(userdata.with(|log: &Log| log.0.len())?, 2);
            userdata.with_mut(|log: &mut Log| log.0.push("c".into()))?;
            assert!(userdata.take::<Log>().is_err());
            Ok(userdata)
        })?;
        assert_eq!(log.0, ["a", "b", "c"]);
        assert!(matches!(kept.with(|_: &Log| ()), Err(Error::UserDataDestructed)));
        assert!(lua.load("log:len()").exec().is_err());
        lua.scope(|scope| {
            lua.globals().set("log", scope.create_userdata_ref(&log)?)?;
            lua.load("assert(log:len() == 3)").exec()?;
            let error = lua.load("log:add('d')").exec().unwrap_err();
            assert!(matches!(error.root_cause(), Error::UserDataBorrowMutError), "{error}");
            Ok(())
        })
    });
}

#[test]
fn scopes_end_when_they_fail_or_panic() {
    both(|lua| {
        let value = String::from("borrowed");
        let escape = |scope: &dyn Fn(&Function) -> Result<()>| -> Result<()> {
            lua.scope(|inner| {
                let function = inner.create_function(|_, ()| Ok(value.len()))?;
                lua.globals().set("escaped", &function)?;
                scope(&function)
            })
        };
        let error = escape(&|_| Err(Error::runtime("failed"))).unwrap_err();
        assert_eq!(error.message(), "failed");
        assert!(lua.load("escaped()").exec().is_err());
        let panicked = silently(|| catch_unwind(AssertUnwindSafe(|| escape(&|_| panic!("in a scope")))).is_err());
        assert!(panicked);
        assert!(lua.load("escaped()").exec().is_err());
        Ok(())
    });
}

#[test]
fn scopes_nest() {
    both(|lua| {
        let outer = Cell::new(0);
        lua.scope(|scope| {
            let outer_function = scope.create_function(|lua, ()| {
                let inner = Cell::new(0);
                lua.scope(|scope| {
                    let add = scope.create_function(|_, ()| {
                        inner.set(inner.get() + 1);
                        outer.set(outer.get() + 1);
                        Ok(())
                    })?;
                    lua.load("local add = ...; add() add()").call::<()>(add)
                })?;
                Ok(inner.get())
            })?;
            assert_eq!(outer_function.call::<i32>(())?, 2);
            assert_eq!(outer_function.call::<i32>(())?, 2);
            Ok(())
        })?;
        assert_eq!(outer.get(), 4);
        Ok(())
    });
}

#[test]
fn what_a_scope_has_made_may_be_collected_before_it_ends() {
    let lua: Lua = super::stressed();
    let value = 7;
    lua.scope(|scope| {
        for _ in 0..20 {
            let f = scope.create_function(|_, ()| Ok(value))?;
            assert_eq!(f.call::<i32>(())?, 7);
            drop(f);
            lua.gc_collect();
        }
        Ok(())
    })
    .unwrap();
}
