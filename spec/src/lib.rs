//! The `.dg` language: grammar, syntax tree and diagnostics.

pub mod ast;
mod span;

pub use span::Span;
