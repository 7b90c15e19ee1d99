//! The x86-64 back end: encoder, machine IR, register allocation and listings.

#![warn(missing_docs)]

pub mod code;
pub mod encoder;
pub mod listing;
