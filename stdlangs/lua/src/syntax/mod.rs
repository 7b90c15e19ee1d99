//! The front end: from the bytes of a Lua 5.1 chunk to a syntax tree in which every name is resolved.
//!
//! ```text
//! bytes --lexer--> tokens --parser, scope--> Chunk (ast)
//! ```
//!
//! Accepts the language that PUC Lua 5.1 accepts in its default configuration, with its limits (200 local
//! variables and 60 upvalues per function, 198 levels of nesting), its compatibility options (the local `arg` of
//! vararg functions, the error for nested `[[`) and the wording of its messages.
//!
//! Source text, names and string constants are bytes; nothing here assumes an encoding.

pub mod ast;
mod error;
mod interner;
mod lexer;
mod parser;
mod print;
mod scope;
mod source;
mod token;

#[cfg(test)]
mod tests;

pub use error::{RUNTIME_CHUNK_ID_LEN, SyntaxError, append_chunk_id, chunk_id};
pub use parser::{parse, parse_source};
pub use print::print;
pub use source::Source;

/// Blanks out a first line that starts with `#`, as the loader of files does (Unix exec files).
///
/// The line's end stays, so that later lines keep their numbers, unless a precompiled chunk is behind it.
pub fn skip_shebang(source: &[u8]) -> &[u8] {
    if source.first() != Some(&b'#') {
        return source;
    }
    let line_end = source.iter().position(|&byte| byte == b'\n');
    let rest = &source[line_end.unwrap_or(source.len())..];
    match rest {
        [_, precompiled @ ..] if precompiled.first() == Some(&crate::precompiled::MARK) => precompiled,
        _ => rest,
    }
}
