//! The x86-64 back end: encoder, machine IR, register allocation and listings.

#![warn(missing_docs)]

pub mod code;
pub mod emit;
pub mod encoder;
pub mod lir;
pub mod listing;
pub mod machine;
pub mod regalloc;
pub mod select;
