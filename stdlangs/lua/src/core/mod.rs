//! What the bytecode of Lua calls: tables, metatables, conversions, closures, errors.

pub mod alloc;
pub mod closure;
pub mod coerce;
pub mod error;
pub mod externs;
pub mod hooks;
pub mod levels;
pub mod meta;
pub mod names;
pub mod state;
pub mod table;
pub mod traceback;
pub mod watch;

#[cfg(test)]
mod tests;
