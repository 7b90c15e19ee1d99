//! Lua 5.1 on a generated virtual machine.

pub mod syntax;

pub mod text;
