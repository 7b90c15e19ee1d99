//! The text of classes: lexer, parser, and what names mean.

pub mod ast;
pub mod control;
mod error;
mod lexer;
mod parser;
mod resolve;
#[cfg(test)]
mod tests;

pub use error::{Position, SyntaxError};
pub use parser::{parse_class, parse_expression, parse_method};
pub use resolve::{resolve_body, resolve_method, resolve_side};
