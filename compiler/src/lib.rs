//! The compiler from `.dg` specifications to VM crates.

pub mod abi;
pub mod build;
pub mod emit;
pub mod infer;
pub mod ir;
pub mod layout;
pub mod lower;
pub mod passes;
mod resolve;
pub mod typed;
