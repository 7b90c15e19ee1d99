//! Values of Lua as the host sees them.

use dg_runtime::Value as VmValue;

use super::error::{Error, Result};
use super::function::Function;
use super::lua::Lua;
use super::string::LuaString;
use super::table::Table;
use super::thread::Thread;
use super::throw;
use super::userdata::AnyUserData;
use crate::core::{coerce, externs, meta};
use crate::generated::{Boxed, Event, Kind, ValueKind, false_, nil, true_};

/// A value of Lua.
///
/// ```
/// use dg_lua::{Lua, Value};
///
/// let lua = Lua::new();
/// let value: Value = lua.load("return { 1, 2 }").eval()?;
/// assert_eq!(value.type_name(), "table");
/// assert!(value.as_table().is_some_and(|table| table.raw_len() == 2));
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `nil`
    #[default]
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// A number. Lua 5.1 has one type of them.
    Number(f64),
    /// A string.
    String(LuaString),
    /// A table.
    Table(Table),
    /// A function, written in Lua or Rust.
    Function(Function),
    /// A coroutine.
    Thread(Thread),
    /// A value of the host, or a file.
    UserData(AnyUserData),
    /// An error of Rust: what a callback answered, as Lua code caught it.
    Error(Box<Error>),
}

/// The value `nil`, for patterns and arguments.
pub use Value::Nil;

impl Value {
    #[inline]
    pub(crate) fn from_vm(lua: &Lua, value: VmValue<'_>) -> Value {
        match value.kind(lua.vm()) {
            Kind::Nil | Kind::Hole => Value::Nil,
            Kind::False => Value::Boolean(false),
            Kind::True => Value::Boolean(true),
            Kind::Double(number) => Value::Number(number),
            Kind::String(_) => Value::String(LuaString::new(lua, value)),
            Kind::Table(_) => Value::Table(Table::new(lua, value)),
            Kind::Function(_) => Value::Function(Function::new(lua, value)),
            Kind::Thread(_) => Value::Thread(Thread::new(lua, value)),
            Kind::Userdata(userdata) => match throw::error_in(userdata) {
                Some(error) => Value::Error(Box::new(error)),
                None => Value::UserData(AnyUserData::new(lua, value)),
            },
        }
    }

    #[inline]
    pub(crate) fn to_vm<'v>(&self, lua: &'v Lua) -> Result<VmValue<'v>> {
        Ok(match self {
            Value::Nil => nil(),
            Value::Boolean(false) => false_(),
            Value::Boolean(true) => true_(),
            Value::Number(number) => VmValue::double(*number),
            Value::String(LuaString(reference))
            | Value::Table(Table(reference))
            | Value::Function(Function(reference))
            | Value::Thread(Thread(reference))
            | Value::UserData(AnyUserData(reference)) => reference.value(lua)?,
            Value::Error(error) => throw::error_object(lua, (**error).clone())
                .map_err(|thrown| throw::caught(lua, thrown))?
                .boxed(),
        })
    }

    /// The name of its type, as `type` answers it; `"error"` for an error of Rust.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Boolean(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Table(_) => "table",
            Value::Function(_) => "function",
            Value::Thread(_) => "thread",
            Value::UserData(_) => "userdata",
            Value::Error(_) => "error",
        }
    }

    /// Whether it is `nil`.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// Whether a condition takes it for true.
    pub fn is_truthy(&self) -> bool {
        !matches!(self, Value::Nil | Value::Boolean(false))
    }

    /// The boolean, if it is one.
    pub fn as_boolean(&self) -> Option<bool> {
        match self {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The string, if it is one.
    pub fn as_string(&self) -> Option<&LuaString> {
        match self {
            Value::String(string) => Some(string),
            _ => None,
        }
    }

    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The function, if it is one.
    pub fn as_function(&self) -> Option<&Function> {
        match self {
            Value::Function(function) => Some(function),
            _ => None,
        }
    }

    /// The coroutine, if it is one.
    pub fn as_thread(&self) -> Option<&Thread> {
        match self {
            Value::Thread(thread) => Some(thread),
            _ => None,
        }
    }

    /// The userdata, if it is one.
    pub fn as_userdata(&self) -> Option<&AnyUserData> {
        match self {
            Value::UserData(userdata) => Some(userdata),
            _ => None,
        }
    }

    /// The error of Rust, if it is one.
    pub fn as_error(&self) -> Option<&Error> {
        match self {
            Value::Error(error) => Some(error),
            _ => None,
        }
    }

    /// What `tostring` answers, `__tostring` included. Bytes that are no UTF-8 are replaced.
    ///
    /// # Errors
    /// What a metamethod throws.
    pub fn to_text(&self, lua: &Lua) -> Result<String> {
        if let Value::Error(error) = self {
            return Ok(error.to_string());
        }
        let vm = lua.vm();
        let value = self.to_vm(lua)?;
        let method = meta::method(vm, value, Event::ToString);
        if method == nil() {
            let mut text = Vec::new();
            match self {
                Value::Boolean(value) => text.extend_from_slice(value.to_string().as_bytes()),
                _ => coerce::append_display(vm, &mut text, value),
            }
            return Ok(String::from_utf8_lossy(&text).into_owned());
        }
        let answer: Value = Function::call_value(lua, method, self.clone())?;
        match answer {
            Value::String(text) => Ok(text.to_string_lossy()),
            Value::Number(_) => answer.to_text(lua),
            _ => Err(Error::runtime("'tostring' must return a string")),
        }
    }

    /// Whether `==` holds, `__eq` included.
    ///
    /// # Errors
    /// What a metamethod throws; that the values are of different states.
    pub fn equals(&self, other: &Value, lua: &Lua) -> Result<bool> {
        let vm = lua.vm();
        let (left, right) = (self.to_vm(lua)?, other.to_vm(lua)?);
        match externs::equality_method(vm, left, right) {
            None => Ok(coerce::raw_equal(left, right)),
            Some(method) => Function::call_value(lua, method, (self.clone(), other.clone())),
        }
    }
}

impl PartialEq for Value {
    /// As `rawequal`. Errors of Rust are equal to nothing.
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Nil, Value::Nil) => true,
            (Value::Boolean(left), Value::Boolean(right)) => left == right,
            (Value::Number(left), Value::Number(right)) => left == right,
            (Value::String(left), Value::String(right)) => left == right,
            (Value::Table(left), Value::Table(right)) => left == right,
            (Value::Function(left), Value::Function(right)) => left == right,
            (Value::Thread(left), Value::Thread(right)) => left == right,
            (Value::UserData(left), Value::UserData(right)) => left == right,
            _ => false,
        }
    }
}
