//! Formats one argument of `string.format`, as C's `printf` does.

use super::format::{Directive, Flags};
use super::number::{non_finite_word, write_fixed, write_general, write_scientific, write_unsigned};
use super::parse_number::truncate_to_integer;

/// The precision of floats when none is given.
const DEFAULT_PRECISION: usize = 6;

/// Strings from here on are not cut at a zero byte: PUC Lua passes them on without `printf`.
const UNFORMATTED_LENGTH: usize = 100;

impl Directive {
    /// Appends a number with the conversion `c`.
    ///
    /// As in PUC Lua the result is a C string, so that the byte 0 leaves nothing but the padding before it.
    pub fn write_byte(&self, out: &mut Vec<u8>, value: f64) {
        let byte = truncate_to_integer(value) as u8;
        let padding = self.width.saturating_sub(1);
        if !self.flags.left {
            out.resize(out.len() + padding, b' ');
        }
        if byte != 0 {
            out.push(byte);
            out.resize(out.len() + if self.flags.left { padding } else { 0 }, b' ');
        }
    }

    /// Appends a number with a conversion for integers: `d`, `i`, `u`, `o`, `x` or `X`.
    pub fn write_integer(&self, out: &mut Vec<u8>, value: f64) {
        let start = out.len();
        let mut magnitude = truncate_to_unsigned(value);
        if matches!(self.letter, b'd' | b'i') {
            let signed = truncate_to_integer(value);
            magnitude = signed.unsigned_abs();
            write_sign(out, signed < 0, self.flags);
        }
        if self.flags.alternate && magnitude != 0 && self.letter.eq_ignore_ascii_case(&b'x') {
            out.extend_from_slice(&[b'0', self.letter]);
        }
        let digits_start = out.len();
        // No digits at all are shown for 0 with a precision of 0.
        if magnitude != 0 || self.precision != Some(0) {
            write_digits(out, magnitude, self.letter);
        }
        let digits = out.len() - digits_start;
        let mut wanted = self.precision.unwrap_or(1);
        if self.flags.alternate && self.letter == b'o' && out.get(digits_start) != Some(&b'0') {
            wanted = wanted.max(digits + 1);
        }
        insert(out, digits_start, wanted.saturating_sub(digits), b'0');
        self.pad_from(out, start, digits_start, self.precision.is_none());
    }

    /// Appends a number with a conversion for floats: `e`, `E`, `f`, `g` or `G`.
    pub fn write_float(&self, out: &mut Vec<u8>, value: f64) {
        let start = out.len();
        write_sign(out, value.is_sign_negative(), self.flags);
        let digits_start = out.len();
        let (precision, alternate) = (self.precision.unwrap_or(DEFAULT_PRECISION), self.flags.alternate);
        match (non_finite_word(value), self.letter.to_ascii_lowercase()) {
            (Some(word), _) => out.extend_from_slice(word.as_bytes()),
            (None, b'f') => write_fixed(out, value.abs(), precision, alternate),
            (None, b'e') => write_scientific(out, value.abs(), precision, alternate),
            (None, _) => write_general(out, value.abs(), precision.max(1), alternate),
        }
        if self.letter.is_ascii_uppercase() {
            out[digits_start..].make_ascii_uppercase();
        }
        self.pad_from(out, start, digits_start, value.is_finite());
    }

    /// Appends a string with the conversion `s`.
    ///
    /// As in PUC Lua, short strings and those with a precision end at their first zero byte.
    pub fn write_string(&self, out: &mut Vec<u8>, text: &[u8]) {
        if self.precision.is_none() && text.len() >= UNFORMATTED_LENGTH {
            return out.extend_from_slice(text);
        }
        let text = &text[..memchr::memchr(0, text).unwrap_or(text.len())];
        let text = &text[..self.precision.unwrap_or(text.len()).min(text.len())];
        let padding = self.width.saturating_sub(text.len());
        let before = if self.flags.left { 0 } else { padding };
        out.resize(out.len() + before, b' ');
        out.extend_from_slice(text);
        out.resize(out.len() + padding - before, b' ');
    }

    /// Pads what stands in `out` from `start` on; zeros, if allowed and asked for, go before `digits_start`.
    fn pad_from(&self, out: &mut Vec<u8>, start: usize, digits_start: usize, may_fill_with_zeros: bool) {
        let padding = self.width.saturating_sub(out.len() - start);
        if self.flags.left {
            out.resize(out.len() + padding, b' ');
        } else if self.flags.zero && may_fill_with_zeros {
            insert(out, digits_start, padding, b'0');
        } else {
            insert(out, start, padding, b' ');
        }
    }
}

/// Appends a string with the conversion `q`: in double quotes, with escapes that a Lua reader undoes.
pub fn write_quoted(out: &mut Vec<u8>, text: &[u8]) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', byte]),
            b'\r' => out.extend_from_slice(b"\\r"),
            0 => out.extend_from_slice(b"\\000"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn write_sign(out: &mut Vec<u8>, negative: bool, flags: Flags) {
    if negative {
        out.push(b'-');
    } else if flags.plus {
        out.push(b'+');
    } else if flags.space {
        out.push(b' ');
    }
}

fn write_digits(out: &mut Vec<u8>, value: u64, letter: u8) {
    let bits = match letter {
        b'o' => 3,
        b'x' | b'X' => 4,
        _ => return write_unsigned(out, value),
    };
    let digits = (u64::BITS - value.leading_zeros()).div_ceil(bits).max(1);
    for place in (0..digits).rev() {
        let digit = (value >> (place * bits)) as u32 & ((1 << bits) - 1);
        let digit = char::from_digit(digit, 16).expect("masked to one digit") as u8;
        out.push(if letter == b'X' {
            digit.to_ascii_uppercase()
        } else {
            digit
        });
    }
}

/// A C cast from `double` to `unsigned long` on x86-64: negative numbers wrap.
fn truncate_to_unsigned(value: f64) -> u64 {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if value >= LIMIT {
        (truncate_to_integer(value - LIMIT) as u64) ^ (1 << 63)
    } else {
        truncate_to_integer(value) as u64
    }
}

/// Inserts `count` times `byte` at `at`.
fn insert(out: &mut Vec<u8>, at: usize, count: usize, byte: u8) {
    if count > 0 {
        let end = out.len();
        out.resize(end + count, byte);
        out.copy_within(at..end, at + count);
        out[at..at + count].fill(byte);
    }
}
