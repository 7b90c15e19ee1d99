//! Functions and userdata that borrow from the host, and are gone at the end of a scope.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::callback;
use super::error::Result;
use super::function::Function;
use super::host;
use super::lua::Lua;
use super::multi::{FromLuaMulti, IntoLuaMulti, ValueReader};
use super::reference::Reference;
use super::userdata::{self, AnyUserData, UserData};
use crate::generated::ValueKind;

/// Makes functions and userdata that borrow from the host: see [`Lua::scope`].
pub struct Scope<'scope, 'env: 'scope> {
    lua: Lua,
    /// The userdata that own what borrows.
    owners: RefCell<Vec<Reference>>,
    /// As with scoped threads: neither lifetime may be shortened, as both are of what was borrowed.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl Lua {
    /// Calls a function with a scope, in which functions and userdata for Lua may borrow from the host. At the end of the
    /// scope they are gone: Lua code that has kept one gets an error when it uses it.
    ///
    /// ```
    /// use dg_lua::{Error, Function};
    ///
    /// let lua = dg_lua::Lua::new();
    /// let mut lines = Vec::new();
    /// lua.scope(|scope| {
    ///     let print = scope.create_function_mut(|_, line: String| {
    ///         lines.push(line);
    ///         Ok(())
    ///     })?;
    ///     lua.globals().set("print", print)?;
    ///     lua.load("for i = 1, 3 do print('line ' .. i) end").exec()
    /// })?;
    /// assert_eq!(lines, ["line 1", "line 2", "line 3"]);
    ///
    /// let error = lua.globals().get::<Function>("print")?.call::<()>("late").unwrap_err();
    /// assert!(matches!(error.root_cause(), Error::CallbackDestructed));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// What is borrowed must live longer than the scope:
    ///
    /// ```compile_fail,E0597
    /// let lua = dg_lua::Lua::new();
    /// lua.scope(|scope| {
    ///     let gone = String::from("gone");
    ///     let f = scope.create_function(|_, ()| Ok(gone.len()))?;
    ///     lua.globals().set("f", f)
    /// });
    /// ```
    ///
    /// # Errors
    /// What the function answers.
    pub fn scope<'env, R>(&self, f: impl for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> Result<R>) -> Result<R> {
        let scope = Scope {
            lua: self.clone(),
            owners: RefCell::default(),
            scope: PhantomData,
            env: PhantomData,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| f(&scope)));
        let ended = scope.end();
        match (outcome, ended) {
            (Ok(answer), Ok(())) => answer,
            (Err(panic), _) | (_, Err(panic)) => resume_unwind(panic),
        }
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// As [`Lua::create_function`], for a function that borrows.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_function<F, A, R>(&'scope self, function: F) -> Result<Function>
    where
        F: Fn(&Lua, A) -> Result<R> + 'scope,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: the closure captures the function alone.
        unsafe { self.create(callback::converting(function)) }
    }

    /// As [`Lua::create_function_mut`], for a function that borrows.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_function_mut<F, A, R>(&'scope self, function: F) -> Result<Function>
    where
        F: FnMut(&Lua, A) -> Result<R> + 'scope,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: the closure captures the function alone.
        unsafe { self.create(callback::converting_mut(function)) }
    }

    /// # Safety
    /// What the closure captures lives as long as `'scope`.
    unsafe fn create(&self, closure: impl Fn(&Lua, &mut ValueReader<'_>) -> Result<()>) -> Result<Function> {
        // SAFETY: the end of the scope destroys the closure, before what it borrows ends.
        let (function, owner) = unsafe { callback::create(&self.lua, closure) }?;
        self.owners.borrow_mut().push(owner);
        Ok(function)
    }

    /// A userdata that borrows a value. Of its guards it has none: it is used by its methods, and by
    /// [`AnyUserData::with`].
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_userdata_ref<T: UserData>(&'scope self, value: &'env T) -> Result<AnyUserData> {
        self.add(userdata::create_scoped(
            &self.lua,
            std::ptr::from_ref(value).cast_mut(),
            false,
        )?)
    }

    /// As [`Scope::create_userdata_ref`], for a value that is changed.
    ///
    /// ```
    /// use dg_lua::{UserData, UserDataMethods};
    ///
    /// struct Counter(u32);
    /// impl UserData for Counter {
    ///     fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
    ///         methods.add_method_mut("increase", |_, counter, by: u32| {
    ///             counter.0 += by;
    ///             Ok(())
    ///         });
    ///     }
    /// }
    ///
    /// let lua = dg_lua::Lua::new();
    /// let mut counter = Counter(1);
    /// lua.scope(|scope| {
    ///     lua.globals().set("counter", scope.create_userdata_ref_mut(&mut counter)?)?;
    ///     lua.load("counter:increase(41)").exec()
    /// })?;
    /// assert_eq!(counter.0, 42);
    /// assert!(lua.load("counter:increase(1)").exec().is_err());
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Errors
    /// When memory runs out.
    pub fn create_userdata_ref_mut<T: UserData>(&'scope self, value: &'env mut T) -> Result<AnyUserData> {
        self.add(userdata::create_scoped(&self.lua, std::ptr::from_mut(value), true)?)
    }

    fn add(&self, userdata: AnyUserData) -> Result<AnyUserData> {
        self.owners.borrow_mut().push(userdata.0.clone());
        Ok(userdata)
    }

    /// Destroys everything that borrows, whatever destructors do. Answers what the last of them has panicked with.
    fn end(&self) -> std::thread::Result<()> {
        let mut ended = Ok(());
        for owner in self.owners.take() {
            let destroyed = catch_unwind(AssertUnwindSafe(|| {
                let value = owner.value(&self.lua).expect("the scope's own state");
                let userdata = value.as_userdata(self.lua.vm()).expect("owners are userdata");
                host::destroy(self.lua.vm(), userdata);
            }));
            ended = destroyed.and(ended);
        }
        ended
    }
}

impl std::fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scope")
    }
}
