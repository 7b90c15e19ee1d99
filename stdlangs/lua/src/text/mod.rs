//! The algorithms over bytes and numbers behind the string, table and os libraries.
//!
//! Nothing here knows a virtual machine: bytes and numbers go in, bytes, numbers and plain error values come out. What
//! counts as right is what PUC Lua 5.1 on glibc prints and accepts.

pub mod byte_set;
pub mod format;
pub mod format_write;
pub mod number;
pub mod parse_number;
pub mod pattern;
pub mod pattern_cache;
mod pattern_compile;
pub mod random;
pub mod search;
pub mod sort;
pub mod time;

#[cfg(test)]
mod tests;
