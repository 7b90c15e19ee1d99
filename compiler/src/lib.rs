//! The compiler from `.dg` specifications to VM crates.

pub mod ir;
