//! Metamethods, by name.

use std::fmt;

use crate::api::error::{Error, Result};

/// A metamethod of a userdata.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum MetaMethod {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// `a % b`
    Mod,
    /// `a ^ b`
    Pow,
    /// `-a`
    Unm,
    /// `a .. b`
    Concat,
    /// `#a`
    Len,
    /// `a == b`
    Eq,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a[key]`, for keys that are neither fields nor methods.
    Index,
    /// `a[key] = value`, for keys that are no fields.
    NewIndex,
    /// `a(...)`
    Call,
    /// What `tostring` answers.
    ToString,
}

impl MetaMethod {
    /// What its field in the metatable is called.
    pub const fn name(self) -> &'static str {
        match self {
            MetaMethod::Add => "__add",
            MetaMethod::Sub => "__sub",
            MetaMethod::Mul => "__mul",
            MetaMethod::Div => "__div",
            MetaMethod::Mod => "__mod",
            MetaMethod::Pow => "__pow",
            MetaMethod::Unm => "__unm",
            MetaMethod::Concat => "__concat",
            MetaMethod::Len => "__len",
            MetaMethod::Eq => "__eq",
            MetaMethod::Lt => "__lt",
            MetaMethod::Le => "__le",
            MetaMethod::Index => "__index",
            MetaMethod::NewIndex => "__newindex",
            MetaMethod::Call => "__call",
            MetaMethod::ToString => "__tostring",
        }
    }

    /// Refuses what hosts cannot define.
    pub(super) fn check(name: &str) -> Result<()> {
        let reason = match name {
            "__gc" => "__gc cannot be defined: a userdata's value is dropped when it is collected",
            "__metatable" => "__metatable cannot be defined: metatables of userdata are hidden",
            _ => return Ok(()),
        };
        Err(Error::MetaMethodRestricted(reason.to_owned()))
    }
}

impl fmt::Display for MetaMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<MetaMethod> for String {
    fn from(method: MetaMethod) -> String {
        method.name().to_owned()
    }
}
