//! What is known about a source without the grammar: blanks, comments, lines that begin an item, nesting.

use crate::span::Span;
use crate::syntax_error::ITEM_KEYWORDS;

/// The first offset from `position` on where neither a blank nor a plain comment stands.
pub fn skip_trivia(source: &str, mut position: usize) -> usize {
    loop {
        let rest = &source[position..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        position += blank;
        let rest = &source[position..];
        if !is_plain_comment(rest) {
            return position;
        }
        position += rest.find('\n').unwrap_or(rest.len());
    }
}

/// The offset of the next line, from `position` on, that begins an item or its documentation; else the end.
pub fn next_item(source: &str, position: usize) -> usize {
    let bytes = source.as_bytes();
    let mut line = if position == 0 || bytes.get(position - 1) == Some(&b'\n') {
        position
    } else {
        next_line(bytes, position)
    };
    while line < source.len() {
        // A line starts behind a `\n`, so `line` is a boundary of characters.
        if begins_item(&source[line..]) {
            return line;
        }
        line = next_line(bytes, line);
    }
    source.len()
}

/// Where brackets, prefixes and operators first nest deeper than `limit`.
///
/// Counts what makes the parser recurse: open brackets, and within each of them the prefixes, operators and
/// `else`s of the statement that is being read.
pub fn too_deep(source: &str, limit: usize) -> Option<Span> {
    let bytes = source.as_bytes();
    // For every open bracket, what its current statement has piled up.
    let mut open = vec![0_usize];
    let mut depth = 0;
    let mut position = 0;
    while position < bytes.len() {
        let start = position;
        let byte = bytes[position];
        match byte {
            b'/' if bytes.get(position + 1) == Some(&b'/') => position = next_line(bytes, position),
            b'(' | b'[' | b'{' => {
                open.push(0);
                depth += 1;
                position += 1;
            }
            b')' | b']' | b'}' => {
                if open.len() > 1 {
                    depth -= open.pop().unwrap_or(0) + 1;
                }
                position += 1;
                let ends_statement = byte == b'}' && !source[skip_trivia(source, position)..].starts_with("else");
                if ends_statement && let Some(top) = open.last_mut() {
                    depth -= std::mem::take(top);
                }
            }
            b';' | b',' => {
                if let Some(top) = open.last_mut() {
                    depth -= std::mem::take(top);
                }
                position += 1;
            }
            _ if is_word(byte) => {
                while position < bytes.len() && is_word(bytes[position]) {
                    position += 1;
                }
                if RECURSING_WORDS.contains(&&source[start..position])
                    && let Some(top) = open.last_mut()
                {
                    *top += 1;
                    depth += 1;
                }
            }
            b'!' | b'-' | b'+' | b'*' | b'/' | b'&' | b'|' | b'^' | b'<' | b'>' | b'=' | b'.' => {
                if let Some(top) = open.last_mut() {
                    *top += 1;
                    depth += 1;
                }
                position += 1;
            }
            _ => position += 1,
        }
        if depth > limit {
            return Some(Span::new(start, start + 1));
        }
    }
    None
}

/// The words whose operand may begin with another of them.
const RECURSING_WORDS: [&str; 13] = [
    "cache", "call", "else", "if", "is", "leave", "match", "resume", "return", "slow", "tail", "throw", "yield",
];

fn begins_item(line: &str) -> bool {
    if line.starts_with("///") {
        return true;
    }
    ITEM_KEYWORDS.iter().any(|keyword| {
        line.strip_prefix(keyword)
            .is_some_and(|rest| !rest.bytes().next().is_some_and(is_word))
    })
}

fn is_plain_comment(text: &str) -> bool {
    text.strip_prefix("//")
        .is_some_and(|rest| !rest.starts_with('!') && (!rest.starts_with('/') || rest.starts_with("//")))
}

fn next_line(bytes: &[u8], position: usize) -> usize {
    bytes[position..]
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(bytes.len(), |found| position + found + 1)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
