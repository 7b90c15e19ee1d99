//! The compiler from `.dg` specifications to VM crates.

pub mod abi;
pub mod build;
pub mod build_script;
pub mod dot;
pub mod emit;
pub mod infer;
pub mod ir;
pub mod layout;
pub mod listing;
pub mod lower;
pub mod passes;
pub mod pipeline;
mod resolve;
pub mod typed;
