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
    let haystack = &haystack[from..];
    let found = match *needle {
        [] => Some(0),
        [byte] => memchr::memchr(byte, haystack),
        [first, ..] if haystack.len() < LONG => find_in_short(haystack, needle, first),
        _ => memmem::find(haystack, needle),
    };
    found.map(|offset| from + offset)
}

/// From this length on, the tables of a searcher that is never quadratic are worth making.
const LONG: usize = 1024;

/// The first occurrence of `needle`, which begins with `first`.
fn find_in_short(haystack: &[u8], needle: &[u8], first: u8) -> Option<usize> {
    let starts = haystack.len().checked_sub(needle.len())? + 1;
    memchr::memchr_iter(first, &haystack[..starts]).find(|&at| haystack[at..].starts_with(needle))
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

#[cfg(test)]
mod tests {
    use super::{LONG, find_plain};

    #[test]
    fn plain_text_is_found_in_subjects_of_any_length() {
        for length in [0, 1, 2, 3, 10, LONG - 1, LONG, LONG + 5] {
            let subject = [b"ab".repeat(length / 2), b"a".repeat(length % 2)].concat();
            for needle in [&b""[..], b"a", b"b", b"ab", b"ba", b"bb", b"aba", b"abc"] {
                for from in [0, 1, length / 2, length].map(|from| from.min(length)) {
                    let expected = (from..=length).find(|&at| subject[at..].starts_with(needle));
                    assert_eq!(
                        find_plain(&subject, needle, from),
                        expected,
                        "{length} {needle:?} {from}"
                    );
                }
            }
        }
    }
}
