//! Syntax errors and the display form of chunk names.

use std::fmt;

/// Why a chunk does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The whole message with its position, `chunk:line: what near 'token'`, as a Lua program sees it.
    pub message: Vec<u8>,
    /// The line, counted from 1, that the message names.
    pub line: u32,
}

impl SyntaxError {
    /// An error at `line` of the chunk called `chunk_name`; `near` is the offending token's text.
    ///
    /// Like a C string, `near` ends at its first NUL.
    pub(crate) fn new(chunk_name: &[u8], line: u32, what: &str, near: Option<&[u8]>) -> Self {
        let mut message = chunk_id(chunk_name, SYNTAX_CHUNK_ID_LEN);
        message.extend_from_slice(format!(":{line}: {what}").as_bytes());
        if let Some(near) = near {
            let end = near.iter().position(|&byte| byte == 0);
            message.extend_from_slice(b" near '");
            message.extend_from_slice(&near[..end.unwrap_or(near.len())]);
            message.push(b'\'');
        }
        Self { message, line }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.message))
    }
}

impl std::error::Error for SyntaxError {}

/// Longest [`chunk_id`] in the message of a syntax error.
const SYNTAX_CHUNK_ID_LEN: usize = 80;

/// Longest [`chunk_id`] in the message of a run-time error and in `short_src`.
pub const RUNTIME_CHUNK_ID_LEN: usize = 60;

/// How messages show a chunk name: `@file` as `file` (its tail, after `...`, if it is too long), `=name` as
/// `name`, and anything else, which is source text, as `[string "first line..."]`.
///
/// The result is shorter than `max_len` bytes (at least 20), with the exact cut-offs of PUC Lua 5.1. Like a C
/// string, `name` ends at its first NUL.
pub fn chunk_id(name: &[u8], max_len: usize) -> Vec<u8> {
    let mut id = Vec::with_capacity(max_len);
    append_chunk_id(&mut id, name, max_len);
    id
}

/// Appends a [`chunk_id`].
pub fn append_chunk_id(out: &mut Vec<u8>, name: &[u8], max_len: usize) {
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    match name.split_first() {
        Some((b'=', literal)) => out.extend_from_slice(&literal[..literal.len().min(max_len - 1)]),
        Some((b'@', file)) => {
            let room = max_len - QUOTED_ELLIPSIS_LEN;
            if file.len() <= room {
                return out.extend_from_slice(file);
            }
            out.extend_from_slice(b"...");
            out.extend_from_slice(&file[file.len() - room..]);
        }
        _ => {
            let line_end = name.iter().position(|byte| b"\n\r".contains(byte));
            let room = max_len - STRING_ELLIPSIS_LEN;
            let shown = line_end.unwrap_or(name.len()).min(room);
            let ellipsis: &[u8] = if shown < name.len() { b"..." } else { b"" };
            for part in [b"[string \"", &name[..shown], ellipsis, b"\"]"] {
                out.extend_from_slice(part);
            }
        }
    }
}

/// What PUC Lua sets aside for a file name's decoration and the terminator.
const QUOTED_ELLIPSIS_LEN: usize = " '...' \0".len();

/// What PUC Lua sets aside for the decoration of source text and the terminator.
const STRING_ELLIPSIS_LEN: usize = " [string \"...\"] \0".len();
