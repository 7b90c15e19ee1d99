//! The `.dg` language: grammar, syntax tree and diagnostics.

pub mod ast;
mod diagnostic;
mod nearest;
mod parser;
mod print;
mod span;
mod syntax_error;

pub use diagnostic::{Diagnostic, Label, Style, render};
pub use nearest::nearest;
pub use parser::{MAX_DEPTH, MAX_SOURCE, decode, parse};
pub use print::print;
pub use span::Span;
pub use syntax_error::SyntaxError;
