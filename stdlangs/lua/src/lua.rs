//! Lua in a host program.
//!
//! ```no_run
//! use dg_lua::{Lua, LuaValue};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut lua = Lua::new()?;
//!     let double = lua.load(b"local x = ... return 2 * x", b"=double")?;
//!     let results = lua.call(&double, &[LuaValue::Number(21.0)])?;
//!     assert!(matches!(results[..], [LuaValue::Number(42.0)]));
//!     Ok(())
//! }
//! ```

use std::fmt;
use std::io;
use std::rc::Rc;

use dg_runtime::{Handle, NativeFn, Options, Results, Throw, Value, Vm, VmBox};

use crate::chunk::{self, LoadError};
use crate::core::externs::Semantics;
use crate::core::state::{LuaState, initialize, lua};
use crate::core::{alloc, coerce, hooks, table};
use crate::generated::{self, Boxed, Kind, ValueKind, false_, nil, true_};
use crate::library;

/// A Lua state with the standard library.
pub struct Lua {
    vm: VmBox,
}

/// A value as a host sees it.
#[derive(Clone, Debug)]
pub enum LuaValue {
    /// `nil`
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// A number.
    Number(f64),
    /// The bytes of a string.
    String(Vec<u8>),
    /// A table, function, userdata or coroutine, kept alive.
    Object(Rc<Handle>),
}

/// An error that a chunk has, or that left a call.
#[derive(Clone, Debug)]
pub struct LuaError {
    /// What was thrown; for a chunk that does not compile, the message.
    pub value: LuaValue,
    /// The message, if the value has one.
    pub message: String,
    /// Where it was thrown, if [`Lua::keep_tracebacks`] asked for it; empty otherwise.
    pub traceback: String,
}

impl fmt::Display for LuaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LuaError {}

impl Lua {
    /// A state with the standard library.
    ///
    /// # Errors
    /// When the system has no memory or address space for it.
    pub fn new() -> io::Result<Lua> {
        Lua::with_options(Options::default())
    }

    /// As [`Lua::new`], with options for the collector and the hash of strings.
    ///
    /// # Errors
    /// When the system has no memory or address space for it.
    pub fn with_options(options: Options) -> io::Result<Lua> {
        let vm = VmBox::new(
            generated::language::<Semantics>(),
            hooks::hooks(),
            options,
            Box::new(LuaState::new()),
        )?;
        let opened = initialize(&vm).and_then(|()| library::open(&vm));
        opened.map_err(|_thrown| io::Error::from(io::ErrorKind::OutOfMemory))?;
        Ok(Lua { vm })
    }

    /// The virtual machine, for functions written in Rust.
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// The virtual machine, for whatever may run Lua or collect.
    pub fn vm_mut(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// Errors that nobody catches come with a traceback from now on.
    pub fn keep_tracebacks(&mut self) {
        lua(&self.vm).keep_traceback.set(true);
    }

    /// Compiles a chunk to a function. `name` is shown in messages: after `@` a file name, after `=` as it is, otherwise
    /// as source text.
    ///
    /// # Errors
    /// If the source is no Lua 5.1, or memory runs out.
    pub fn load(&mut self, source: &[u8], name: &[u8]) -> Result<LuaValue, LuaError> {
        match chunk::load(&self.vm, source, name) {
            Ok(function) => Ok(LuaValue::Object(Rc::new(self.vm.root(function.boxed())))),
            Err(LoadError::Syntax(message)) => Err(LuaError {
                message: String::from_utf8_lossy(&message).into_owned(),
                value: LuaValue::String(message),
                traceback: String::new(),
            }),
            Err(LoadError::Thrown(throw)) => Err(self.caught(throw)),
        }
    }

    /// Calls a function.
    ///
    /// # Errors
    /// What it throws; that it is no function.
    pub fn call(&mut self, function: &LuaValue, arguments: &[LuaValue]) -> Result<Vec<LuaValue>, LuaError> {
        match self.try_call(function, arguments) {
            Ok(results) => {
                let values = (0..results.count).map(|index| self.value(results.get(&self.vm, index)));
                let values = values.collect();
                self.vm.pop(results);
                Ok(values)
            }
            Err(throw) => Err(self.caught(throw)),
        }
    }

    fn try_call(&mut self, function: &LuaValue, arguments: &[LuaValue]) -> Result<Results, Throw> {
        lua(&self.vm).traceback.borrow_mut().clear();
        let pending = self.vm.prepare_empty(self.guest_value(function)?)?;
        for argument in arguments {
            self.vm.push(self.guest_value(argument)?)?;
        }
        let pending = self.vm.complete(pending);
        self.vm.call(pending)
    }

    /// A global variable.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn global(&self, name: &str) -> Result<LuaValue, LuaError> {
        let found = self
            .vm
            .str(name.as_bytes())
            .map(|name| table::get_str(&self.vm, lua(&self.vm).globals(&self.vm), name));
        found.map(|value| self.value(value)).map_err(|throw| self.caught(throw))
    }

    /// Sets a global variable.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn set_global(&mut self, name: &str, value: &LuaValue) -> Result<(), LuaError> {
        let vm: &Vm = &self.vm;
        let set = vm
            .str(name.as_bytes())
            .and_then(|name| table::set_str(vm, lua(vm).globals(vm), name, self.guest_value(value)?));
        set.map_err(|throw| self.caught(throw))
    }

    /// Makes a function that is written in Rust a global variable.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn register(&mut self, name: &str, function: NativeFn) -> Result<(), LuaError> {
        let vm: &Vm = &self.vm;
        let set = vm
            .str(name.as_bytes())
            .and_then(|key| table::set_str(vm, lua(vm).globals(vm), key, alloc::native(vm, name, function)?.boxed()));
        set.map_err(|throw| self.caught(throw))
    }

    /// A value of the virtual machine for the host.
    pub fn value(&self, value: Value<'_>) -> LuaValue {
        match value.kind(&self.vm) {
            Kind::Nil | Kind::Hole => LuaValue::Nil,
            Kind::False => LuaValue::Boolean(false),
            Kind::True => LuaValue::Boolean(true),
            Kind::Double(number) => LuaValue::Number(number),
            Kind::String(text) => LuaValue::String(text.as_bytes().to_vec()),
            _ => LuaValue::Object(Rc::new(self.vm.root(value))),
        }
    }

    /// A value of the host for the virtual machine.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn guest_value(&self, value: &LuaValue) -> Result<Value<'_>, Throw> {
        Ok(match value {
            LuaValue::Nil => nil(),
            LuaValue::Boolean(false) => false_(),
            LuaValue::Boolean(true) => true_(),
            LuaValue::Number(number) => Value::double(*number),
            LuaValue::String(bytes) => coerce::string(&self.vm, bytes)?,
            LuaValue::Object(handle) => handle.get(&self.vm),
        })
    }

    /// The error for what was thrown last.
    fn caught(&self, throw: Throw) -> LuaError {
        drop(throw);
        let thrown = self.vm.thrown();
        let mut message = Vec::new();
        if !coerce::append_text(&self.vm, &mut message, thrown) {
            let type_name = coerce::type_name(&self.vm, thrown);
            message = format!("(error object is a {type_name} value)").into_bytes();
        }
        LuaError {
            value: self.value(thrown),
            message: String::from_utf8_lossy(&message).into_owned(),
            traceback: String::from_utf8_lossy(&lua(&self.vm).traceback.borrow()).into_owned(),
        }
    }
}

impl Drop for Lua {
    fn drop(&mut self) {
        self.vm.finalize_all();
    }
}

/// Writes out what Lua has written to files and not flushed; errors are lost.
pub fn flush_files(lua_state: &Lua) {
    lua(lua_state.vm()).files.borrow_mut().flush_all();
}
