//! Checks of arguments, with the errors that PUC Lua words.

use dg_runtime::{CallContext, NativeResult, Ref, Str, Throw, Value, Vm};

use crate::core::coerce::{self, type_name};
use crate::core::error::argument_error;
use crate::core::state::lua;
use crate::generated::{Boxed, FALSE, Function, NIL, TRUE, Table, ValueKind, false_, nil, true_};
use crate::text::parse_number::truncate_to_integer;

/// The arguments of a native function, from 0.
pub trait Args {
    /// The bytes of a string, or of a number as a string. A number argument is replaced by its string.
    fn bytes(&self, index: u32) -> Result<&[u8], Throw>;

    /// A string, or a number as a string.
    fn string(&self, index: u32) -> Result<Ref<'_, Str>, Throw>;

    /// As `bytes`; `default` for a missing or nil argument.
    fn bytes_or<'c>(&'c self, index: u32, default: &'c [u8]) -> Result<&'c [u8], Throw>;

    /// Which of these names the argument is; the first one for a missing or nil argument if it is optional.
    fn option(&self, index: u32, optional: bool, names: &[&str]) -> Result<usize, Throw>;

    /// A number, or the number that a string denotes.
    fn number(&self, index: u32) -> Result<f64, Throw>;

    /// A number, truncated to an integer.
    fn integer(&self, index: u32) -> Result<i64, Throw>;

    /// A number, truncated to an integer; `default` for a missing or nil argument.
    fn integer_or(&self, index: u32, default: i64) -> Result<i64, Throw>;

    /// A table.
    fn table(&self, index: u32) -> Result<Ref<'_, Table>, Throw>;

    /// A function.
    fn function(&self, index: u32) -> Result<Ref<'_, Function>, Throw>;

    /// Any value, but it must be there.
    fn any(&self, index: u32) -> Result<Value<'_>, Throw>;

    /// Whether the argument is missing or nil.
    fn is_none_or_nil(&self, index: u32) -> bool;

    /// "bad argument ... (`expected` expected, got ...)"
    fn type_error(&self, index: u32, expected: &str) -> Throw;

    /// "bad argument ... (`reason`)"
    fn bad(&self, index: u32, reason: &str) -> Throw;

    /// Returns a boolean.
    fn ret_bool(&self, value: bool) -> NativeResult;

    /// Returns a number.
    fn ret_number(&self, value: f64) -> NativeResult;

    /// Returns a string.
    fn ret_bytes(&self, bytes: &[u8]) -> NativeResult;

    /// Returns nil.
    fn ret_nil(&self) -> NativeResult;
}

impl Args for CallContext<'_> {
    #[inline]
    fn bytes(&self, index: u32) -> Result<&[u8], Throw> {
        self.string(index).map(Ref::as_bytes)
    }

    #[inline]
    fn string(&self, index: u32) -> Result<Ref<'_, Str>, Throw> {
        if let Some(text) = self.arg(index).as_string(self) {
            return Ok(text);
        }
        match self.arg(index).as_double() {
            Some(number) => {
                let text = coerce::number_string(self, number)?;
                // Nothing else may keep the new string alive across a call.
                self.set_arg(index, text.boxed());
                Ok(text)
            }
            None => Err(self.type_error(index, "string")),
        }
    }

    fn bytes_or<'c>(&'c self, index: u32, default: &'c [u8]) -> Result<&'c [u8], Throw> {
        if self.is_none_or_nil(index) {
            Ok(default)
        } else {
            self.bytes(index)
        }
    }

    fn option(&self, index: u32, optional: bool, names: &[&str]) -> Result<usize, Throw> {
        if optional && self.is_none_or_nil(index) {
            return Ok(0);
        }
        let given = self.bytes(index)?;
        let found = names.iter().position(|name| name.as_bytes() == given);
        found.ok_or_else(|| self.bad(index, &format!("invalid option '{}'", String::from_utf8_lossy(given))))
    }

    #[inline]
    fn number(&self, index: u32) -> Result<f64, Throw> {
        match self.arg(index).as_double() {
            Some(number) => Ok(number),
            None => coerce::to_number(self, self.arg(index)).ok_or_else(|| self.type_error(index, "number")),
        }
    }

    #[inline]
    fn integer(&self, index: u32) -> Result<i64, Throw> {
        self.number(index).map(truncate_to_integer)
    }

    #[inline]
    fn integer_or(&self, index: u32, default: i64) -> Result<i64, Throw> {
        if self.is_none_or_nil(index) {
            Ok(default)
        } else {
            self.integer(index)
        }
    }

    #[inline]
    fn table(&self, index: u32) -> Result<Ref<'_, Table>, Throw> {
        self.arg(index)
            .as_table(self)
            .ok_or_else(|| self.type_error(index, "table"))
    }

    fn function(&self, index: u32) -> Result<Ref<'_, Function>, Throw> {
        self.arg(index)
            .as_function(self)
            .ok_or_else(|| self.type_error(index, "function"))
    }

    fn any(&self, index: u32) -> Result<Value<'_>, Throw> {
        if self.has_arg(index) {
            Ok(self.arg(index))
        } else {
            Err(self.bad(index, "value expected"))
        }
    }

    #[inline]
    fn is_none_or_nil(&self, index: u32) -> bool {
        self.arg(index).bits() == NIL.0
    }

    #[cold]
    fn type_error(&self, index: u32, expected: &str) -> Throw {
        let got = if self.has_arg(index) {
            type_name(self, self.arg(index))
        } else {
            "no value"
        };
        self.bad(index, &format!("{expected} expected, got {got}"))
    }

    #[cold]
    fn bad(&self, index: u32, reason: &str) -> Throw {
        argument_error(self, index, reason)
    }

    #[inline]
    fn ret_bool(&self, value: bool) -> NativeResult {
        self.ret(boolean(value))
    }

    #[inline]
    fn ret_number(&self, value: f64) -> NativeResult {
        self.ret(Value::double(value))
    }

    #[inline]
    fn ret_bytes(&self, bytes: &[u8]) -> NativeResult {
        self.ret(coerce::string(self, bytes)?)
    }

    #[inline]
    fn ret_nil(&self) -> NativeResult {
        self.ret(nil())
    }
}

/// A boolean as a value.
pub fn boolean<'v>(value: bool) -> Value<'v> {
    if value { true_() } else { false_() }
}

/// Whether a value is a boolean.
pub fn is_boolean(value: Value<'_>) -> bool {
    value.bits() == TRUE.0 || value.bits() == FALSE.0
}

/// The name of a value's type, as a string value.
pub fn type_string<'v>(vm: &'v Vm, value: Value<'v>) -> Value<'v> {
    lua(vm).type_name(vm, coerce::type_number(vm, value)).boxed()
}

/// C's cast of a wide integer to `int`, which many library functions make.
pub fn to_int(value: i64) -> i64 {
    i64::from(value as i32)
}
