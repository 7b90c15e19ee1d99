//! `find` without a pattern, and the template of `gsub`.

use memchr::memmem;

use super::number::write_unsigned;
use super::pattern::{Capture, Matcher, Pattern, PatternError};

/// Whether `pattern` has a character with a meaning of its own, and so needs more than a plain search.
///
/// As in C strings, what follows a zero byte is not looked at.
pub fn has_specials(pattern: &[u8]) -> bool {
    let ends_or_special = |byte: &&u8| {
        matches!(
            **byte,
            b'^' | b'$' | b'*' | b'+' | b'?' | b'.' | b'(' | b'[' | b'%' | b'-' | 0
        )
    };
    pattern.iter().find(ends_or_special).is_some_and(|&byte| byte != 0)
}

/// The first occurrence of `needle` in `haystack` at `from` or later.
///
/// # Panics
/// If `from` is behind the end of `haystack`.
pub fn find_plain(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    memmem::find(&haystack[from..], needle).map(|offset| from + offset)
}

/// Appends a `gsub` template to `out`: `%0` is the match from `start` to `end`, `%1` to `%9` its captures, `%` before any
/// other byte is that byte, and, as for a C string, a `%` at the end is a zero byte.
///
/// # Errors
/// If the template names a capture that the pattern does not have or does not close.
pub fn expand_template(
    out: &mut Vec<u8>,
    template: &[u8],
    pattern: &Pattern,
    matcher: &Matcher,
    subject: &[u8],
    (start, end): (usize, usize),
) -> Result<(), PatternError> {
    let mut rest = template;
    while let Some(escape) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(&rest[..escape]);
        let escaped = rest.get(escape + 1).copied().unwrap_or(0);
        rest = rest.get(escape + 2..).unwrap_or_default();
        match escaped {
            b'0' => out.extend_from_slice(&subject[start..end]),
            b'1'..=b'9' => match pattern.capture_or_whole(matcher, usize::from(escaped - b'1'), (start, end))? {
                Capture::Span { start, end } => out.extend_from_slice(&subject[start..end]),
                Capture::Position(position) => write_unsigned(out, position as u64 + 1),
            },
            byte => out.push(byte),
        }
    }
    out.extend_from_slice(rest);
    Ok(())
}
