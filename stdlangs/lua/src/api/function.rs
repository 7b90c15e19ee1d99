//! Functions.

use dg_runtime::{CallContext, NativeResult, Pending, Ref, Value as VmValue};

use super::error::{Error, Result};
use super::lua::{Lua, SlotGuard};
use super::multi::{FromLuaMulti, IntoLuaMulti, ValueWriter};
use super::reference::Reference;
use super::table::Table;
use super::throw::caught;
use super::value::Value;
use crate::core::{coerce, meta};
use crate::generated::{Boxed, Event, Function as VmFunction, ValueKind, nil};
use crate::library::calls;
use crate::syntax::{RUNTIME_CHUNK_ID_LEN, chunk_id};

/// A function, written in Lua or in Rust.
///
/// ```
/// let lua = dg_lua::Lua::new();
/// let max: dg_lua::Function = lua.globals().get::<dg_lua::Table>("math")?.get("max")?;
/// assert_eq!(max.call::<f64>((1, 3, 2))?, 3.0);
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Function(pub(crate) Reference);

/// What is known of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// Whether it is written in Lua.
    pub is_lua: bool,
    /// The name of its chunk, as messages show it.
    pub source: Option<String>,
    /// The line that it begins in; 0 for the main function of a chunk.
    pub line_defined: Option<u32>,
}

impl Function {
    #[inline]
    pub(crate) fn new(lua: &Lua, function: VmValue<'_>) -> Function {
        Function(Reference::new(lua, function))
    }

    pub(crate) fn reference<'v>(&self, lua: &'v Lua) -> Result<Ref<'v, VmFunction>> {
        let value = self.0.value(lua)?;
        Ok(value.as_function(lua.vm()).expect("a function's value is a function"))
    }

    /// Calls it.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// let divide: dg_lua::Function = lua.load("function(a, b) return math.floor(a / b), a % b end").eval()?;
    /// let (quotient, remainder): (i32, i32) = divide.call((17, 5))?;
    /// assert_eq!((quotient, remainder), (3, 2));
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Errors
    /// What it throws; that an argument or a result cannot be converted.
    ///
    /// # Panics
    /// When a callback panics that it has called, and no `pcall` catches that.
    #[inline]
    pub fn call<R: FromLuaMulti>(&self, arguments: impl IntoLuaMulti) -> Result<R> {
        let lua = self.0.lua()?;
        Function::call_value(&lua, self.0.value(&lua)?, arguments)
    }

    /// As [`Function::call`]; what is thrown is answered as it is, as `pcall` does.
    ///
    /// ```
    /// use dg_lua::{Function, Table};
    ///
    /// # let lua = dg_lua::Lua::new();
    /// let fail: Function = lua.load("function() error({ code = 7 }) end").eval()?;
    /// let thrown = fail.pcall::<()>(())?.unwrap_err();
    /// assert_eq!(thrown.as_table().expect("a table").get::<i32>("code")?, 7);
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Errors
    /// That an argument or a result cannot be converted.
    pub fn pcall<R: FromLuaMulti>(&self, arguments: impl IntoLuaMulti) -> Result<std::result::Result<R, Value>> {
        let lua = self.0.lua()?;
        let _slots = SlotGuard::new(&lua);
        let pending = prepare(&lua, self.0.value(&lua)?)?;
        arguments.into_lua_multi(&mut ValueWriter::new(&lua))?;
        let pending = lua.vm().complete(pending);
        let mut has_returned = false;
        let answer = lua.run(pending, |results| {
            has_returned = true;
            R::from_lua_multi(results)
        });
        match answer {
            Err(_thrown) if !has_returned => Ok(Err(Value::from_vm(&lua, lua.vm().thrown()))),
            answer => answer.map(Ok),
        }
    }

    /// Calls any value of a function, or whatever has a `__call`.
    #[inline]
    pub(crate) fn call_value<R: FromLuaMulti>(
        lua: &Lua,
        callee: VmValue<'_>,
        arguments: impl IntoLuaMulti,
    ) -> Result<R> {
        let _slots = SlotGuard::new(lua);
        let pending = prepare(lua, callee)?;
        arguments.into_lua_multi(&mut ValueWriter::new(lua))?;
        lua.run(lua.vm().complete(pending), R::from_lua_multi)
    }

    /// A function that calls this one with these arguments in front of its own.
    ///
    /// ```
    /// # let lua = dg_lua::Lua::new();
    /// let format: dg_lua::Function = lua.load("string.format").eval()?;
    /// let greet = format.bind(("%s, %s!", "Hello"))?;
    /// assert_eq!(greet.call::<String>("world")?, "Hello, world!");
    /// # Ok::<(), dg_lua::Error>(())
    /// ```
    ///
    /// # Errors
    /// When memory runs out; that an argument cannot be converted.
    pub fn bind(&self, arguments: impl IntoLuaMulti) -> Result<Function> {
        let lua = self.0.lua()?;
        lua.poll();
        let slots = SlotGuard::new(&lua);
        let first = lua.vm().top();
        ValueWriter::new(&lua).push(self)?;
        arguments.into_lua_multi(&mut ValueWriter::new(&lua))?;
        let vm = lua.vm();
        let captured: Vec<VmValue<'_>> = (first..vm.top()).map(|slot| vm.slot(slot)).collect();
        let bound = calls::native(vm, "?", call_bound, &captured);
        let bound = bound.map(|function| Function::new(&lua, function.boxed()));
        drop(slots);
        bound.map_err(|thrown| caught(&lua, thrown))
    }

    /// The table of its global variables.
    ///
    /// # Errors
    /// When the state is gone.
    pub fn environment(&self) -> Result<Table> {
        let lua = self.0.lua()?;
        let environment = self.reference(&lua)?.env.get(lua.vm());
        Ok(Table::new(&lua, environment.boxed()))
    }

    /// Replaces the table of its global variables.
    ///
    /// # Errors
    /// When the state is gone, or the table is of another one.
    pub fn set_environment(&self, environment: &Table) -> Result<()> {
        let lua = self.0.lua()?;
        self.reference(&lua)?.set(|f| &f.env, environment.reference(&lua)?);
        Ok(())
    }

    /// Where it comes from.
    ///
    /// # Errors
    /// When the state is gone.
    pub fn info(&self) -> Result<FunctionInfo> {
        let lua = self.0.lua()?;
        let code = self.reference(&lua)?.code.get(lua.vm());
        let is_lua = code.is_bytecode();
        let source = || chunk_id(&code.info().source, RUNTIME_CHUNK_ID_LEN);
        Ok(FunctionInfo {
            is_lua,
            source: is_lua.then(|| String::from_utf8_lossy(&source()).into_owned()),
            line_defined: is_lua.then(|| code.info().line_defined),
        })
    }

    /// What tells it from other objects of its state.
    pub fn to_pointer(&self) -> usize {
        self.0.address()
    }
}

/// Begins a call: of a function, or of the `__call` of an object with that in front.
#[inline]
fn prepare(lua: &Lua, callee: VmValue<'_>) -> Result<Pending> {
    if callee.as_function(lua.vm()).is_none() {
        return prepare_object(lua, callee);
    }
    lua.vm().prepare_empty(callee).map_err(|thrown| caught(lua, thrown))
}

#[cold]
fn prepare_object(lua: &Lua, callee: VmValue<'_>) -> Result<Pending> {
    let vm = lua.vm();
    let method = meta::method(vm, callee, Event::Call);
    if method == nil() {
        return Err(Error::runtime(format!(
            "attempt to call a {} value",
            coerce::type_name(vm, callee)
        )));
    }
    vm.prepare(method, &[callee]).map_err(|thrown| caught(lua, thrown))
}

/// What [`Function::bind`] answers: its first captured variable is the function, the others are arguments.
fn call_bound(cx: &mut CallContext<'_>) -> NativeResult {
    let bound = cx.callee::<VmFunction>();
    let pending = cx.prepare_empty(calls::captured(cx, bound, 0))?;
    for index in 1..bound.items().len() {
        cx.push(calls::captured(cx, bound, index))?;
    }
    for index in 0..cx.count() {
        cx.push(cx.arg(index))?;
    }
    let pending = cx.complete(pending);
    let results = cx.call(pending)?;
    cx.ret_results(results)
}
