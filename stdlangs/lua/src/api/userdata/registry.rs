//! What a type of userdata adds.

use std::cell::RefCell;
use std::marker::PhantomData;

use super::metamethod::MetaMethod;
use super::{UserData, with, with_mut};
use crate::api::callback;
use crate::api::convert::{FromLua, IntoLua};
use crate::api::error::{Error, Result};
use crate::api::function::Function;
use crate::api::lua::Lua;
use crate::api::multi::{FromLuaMulti, IntoLuaMulti, ValueReader, ValueWriter};
use crate::api::value::Value;
use crate::generated::ValueKind;

/// Takes the methods of a type.
pub trait UserDataMethods<T> {
    /// A method that reads the value: `object:name(arguments)`.
    fn add_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A method that changes the value: `object:name(arguments)`.
    fn add_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A function: `object.name(arguments)`.
    fn add_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A function that changes its own state: `object.name(arguments)`.
    fn add_function_mut<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: FnMut(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A metamethod that reads the value, which must be its first operand. Where it may be the second one, use
    /// [`UserDataMethods::add_meta_function`].
    fn add_meta_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A metamethod that changes the value, which must be its first operand.
    fn add_meta_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;

    /// A metamethod that gets its operands as they are.
    fn add_meta_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti;
}

/// Takes the fields of a type.
pub trait UserDataFields<T> {
    /// A field that is the same for all values of the type.
    fn add_field<V: IntoLua>(&mut self, name: impl Into<String>, value: V);

    /// How a field is read.
    fn add_field_method_get<M, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T) -> Result<R> + 'static,
        R: IntoLua;

    /// How a field is written.
    fn add_field_method_set<M, A>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<()> + 'static,
        A: FromLua;

    /// A field of the metatable.
    fn add_meta_field<V: IntoLua>(&mut self, name: impl Into<String>, value: V);
}

/// What a type of userdata adds, as it is collected.
pub struct UserDataRegistry<T> {
    lua: Lua,
    pub(super) methods: Vec<(String, Value)>,
    pub(super) getters: Vec<(String, Function)>,
    pub(super) setters: Vec<(String, Function)>,
    pub(super) meta: Vec<(String, Value)>,
    /// What went wrong first.
    failure: Option<Error>,
    of: PhantomData<fn(T)>,
}

impl<T: UserData> UserDataRegistry<T> {
    /// Asks a type.
    pub(super) fn collect(lua: &Lua) -> Result<UserDataRegistry<T>> {
        let mut registry = UserDataRegistry {
            lua: lua.clone(),
            methods: Vec::new(),
            getters: Vec::new(),
            setters: Vec::new(),
            meta: Vec::new(),
            failure: None,
            of: PhantomData,
        };
        T::add_fields(&mut registry);
        T::add_methods(&mut registry);
        match registry.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(registry),
        }
    }

    /// The value, or nothing after the first failure.
    fn keep<V>(&mut self, made: Result<V>) -> Option<V> {
        match made {
            Ok(value) => Some(value),
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }

    /// # Safety
    /// The closure captures nothing that is borrowed.
    unsafe fn function(&mut self, closure: impl Fn(&Lua, &mut ValueReader<'_>) -> Result<()>) -> Option<Function> {
        // SAFETY: as the caller says.
        let made = unsafe { callback::create(&self.lua, closure) };
        self.keep(made.map(|(function, _)| function))
    }

    fn add_value(&mut self, name: impl Into<String>, function: Option<Function>) {
        let value = function.map(|function| (name.into(), Value::Function(function)));
        self.methods.extend(value);
    }

    fn add_meta(&mut self, name: impl Into<String>, value: Option<Value>) {
        let name = name.into();
        let checked = MetaMethod::check(&name);
        if self.keep(checked).is_some() {
            self.meta.extend(value.map(|value| (name, value)));
        }
    }
}

/// A closure for a method that reads the value.
fn reading<T, M, A, R>(method: M) -> impl Fn(&Lua, &mut ValueReader<'_>) -> Result<()>
where
    T: 'static,
    M: Fn(&Lua, &T, A) -> Result<R>,
    A: FromLuaMulti,
    R: IntoLuaMulti,
{
    move |lua, arguments| {
        let Some(object) = arguments.next_slot().as_userdata(lua.vm()) else {
            return Err(no_object(arguments));
        };
        let mut reached = false;
        let answer = with(object, |value: &T| {
            reached = true;
            let converted = A::from_lua_multi(arguments)?;
            method(lua, value, converted)?.into_lua_multi(&mut ValueWriter::new(lua))
        });
        answer.map_err(|error| blame_object(arguments, error, reached))
    }
}

/// The same for one that changes it.
fn changing<T, M, A, R>(method: M) -> impl Fn(&Lua, &mut ValueReader<'_>) -> Result<()>
where
    T: 'static,
    M: FnMut(&Lua, &mut T, A) -> Result<R>,
    A: FromLuaMulti,
    R: IntoLuaMulti,
{
    let method = RefCell::new(method);
    move |lua, arguments| {
        let Some(object) = arguments.next_slot().as_userdata(lua.vm()) else {
            return Err(no_object(arguments));
        };
        let mut reached = false;
        let answer = with_mut(object, |value: &mut T| {
            reached = true;
            let converted = A::from_lua_multi(arguments)?;
            let mut method = method.try_borrow_mut().map_err(|_| Error::RecursiveMutCallback)?;
            method(lua, value, converted)?.into_lua_multi(&mut ValueWriter::new(lua))
        });
        answer.map_err(|error| blame_object(arguments, error, reached))
    }
}

#[cold]
fn no_object(arguments: &ValueReader<'_>) -> Error {
    arguments.in_argument(1, Error::UserDataTypeMismatch)
}

/// The error is about the object itself if its value was not reached.
#[cold]
fn blame_object(arguments: &ValueReader<'_>, error: Error, reached: bool) -> Error {
    if reached {
        return error;
    }
    match arguments.in_argument(1, error) {
        // A field or an operator: nobody has passed an argument.
        Error::BadArgument { to: None, cause, .. } => Error::clone(&cause),
        named => named,
    }
}

impl<T: UserData> UserDataMethods<T> for UserDataRegistry<T> {
    fn add_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: it captures the method alone, which borrows nothing.
        let function = unsafe { self.function(reading(method)) };
        self.add_value(name, function);
    }

    fn add_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: it captures the method alone, which borrows nothing.
        let function = unsafe { self.function(changing(method)) };
        self.add_value(name, function);
    }

    fn add_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: it captures the function alone, which borrows nothing.
        let function = unsafe { self.function(callback::converting(function)) };
        self.add_value(name, function);
    }

    fn add_function_mut<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: FnMut(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: it captures the function alone, which borrows nothing.
        let function = unsafe { self.function(callback::converting_mut(function)) };
        self.add_value(name, function);
    }

    fn add_meta_method<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: it captures the method alone, which borrows nothing.
        let function = unsafe { self.function(reading(method)) };
        self.add_meta(name, function.map(Value::Function));
    }

    fn add_meta_method_mut<M, A, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: it captures the method alone, which borrows nothing.
        let function = unsafe { self.function(changing(method)) };
        self.add_meta(name, function.map(Value::Function));
    }

    fn add_meta_function<F, A, R>(&mut self, name: impl Into<String>, function: F)
    where
        F: Fn(&Lua, A) -> Result<R> + 'static,
        A: FromLuaMulti,
        R: IntoLuaMulti,
    {
        // SAFETY: it captures the function alone, which borrows nothing.
        let function = unsafe { self.function(callback::converting(function)) };
        self.add_meta(name, function.map(Value::Function));
    }
}

impl<T: UserData> UserDataFields<T> for UserDataRegistry<T> {
    fn add_field<V: IntoLua>(&mut self, name: impl Into<String>, value: V) {
        let value = value.into_lua(&self.lua);
        let value = self.keep(value).map(|value| (name.into(), value));
        self.methods.extend(value);
    }

    fn add_field_method_get<M, R>(&mut self, name: impl Into<String>, method: M)
    where
        M: Fn(&Lua, &T) -> Result<R> + 'static,
        R: IntoLua,
    {
        // SAFETY: it captures the method alone, which borrows nothing.
        let function = unsafe { self.function(reading(move |lua: &Lua, value: &T, ()| method(lua, value))) };
        self.getters.extend(function.map(|function| (name.into(), function)));
    }

    fn add_field_method_set<M, A>(&mut self, name: impl Into<String>, mut method: M)
    where
        M: FnMut(&Lua, &mut T, A) -> Result<()> + 'static,
        A: FromLua,
    {
        let changing = changing(move |lua: &Lua, value: &mut T, argument: A| method(lua, value, argument));
        // SAFETY: it captures the method alone, which borrows nothing.
        let function = unsafe { self.function(changing) };
        self.setters.extend(function.map(|function| (name.into(), function)));
    }

    fn add_meta_field<V: IntoLua>(&mut self, name: impl Into<String>, value: V) {
        let value = value.into_lua(&self.lua);
        let value = self.keep(value);
        self.add_meta(name, value);
    }
}

impl<T> std::fmt::Debug for UserDataRegistry<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserDataRegistry")
    }
}
