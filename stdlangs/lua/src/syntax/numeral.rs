//! Conversion of text to numbers, as C99's `strtod` does it.

/// Reads `text` as one number between optional white space; `None` if anything else is in it.
///
/// Accepts what `tonumber` does: a sign; decimal digits with a point and an exponent; hexadecimal digits after
/// `0x`, also with a point and a binary exponent; `inf`, `infinity` and `nan` in any case. The result is the
/// nearest double (ties to even), infinite on overflow.
pub fn parse_number(text: &[u8]) -> Option<f64> {
    let text = trim(text);
    let (negative, unsigned) = match text.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, text),
    };
    let magnitude = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => parse_hexadecimal(digits)?,
        [b'+' | b'-', ..] => return None,
        _ => std::str::from_utf8(unsigned).ok()?.parse().ok()?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// `text` without the white space (C's `isspace`) around it.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// C's `isspace` in the "C" locale.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The number behind `0x`: `h.hhhp±d`, where the point and the exponent may be missing.
fn parse_hexadecimal(text: &[u8]) -> Option<f64> {
    let mut mantissa = Mantissa::default();
    let mut seen_digit = false;
    let mut seen_point = false;
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        if let Some(digit) = char::from(*byte).to_digit(16) {
            mantissa.push(digit.into(), seen_point);
            seen_digit = true;
        } else if *byte == b'.' && !seen_point {
            seen_point = true;
        } else {
            break;
        }
        rest = tail;
    }
    if !seen_digit {
        return None;
    }
    let exponent = match rest {
        [] => 0,
        [b'p' | b'P', exponent @ ..] => parse_exponent(exponent)?,
        _ => return None,
    };
    Some(mantissa.scale(exponent))
}

/// A decimal integer, saturated far beyond what a double's exponent can hold.
fn parse_exponent(text: &[u8]) -> Option<i64> {
    const SATURATED: i64 = 1 << 40;
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0;
    for &byte in digits {
        let digit = char::from(byte).to_digit(10)?;
        value = (value * 10 + i64::from(digit)).min(SATURATED);
    }
    Some(if negative { -value } else { value })
}

/// A hexadecimal mantissa of any length: `bits * 2^exponent`, and whether anything non-zero was cut off below.
#[derive(Default)]
struct Mantissa {
    bits: u64,
    exponent: i64,
    inexact: bool,
}

impl Mantissa {
    fn push(&mut self, digit: u64, after_point: bool) {
        if self.bits >> 60 == 0 {
            self.bits = self.bits << 4 | digit;
            self.exponent -= if after_point { 4 } else { 0 };
        } else {
            self.inexact |= digit != 0;
            self.exponent += if after_point { 0 } else { 4 };
        }
    }

    /// The double nearest to the mantissa times `2^exponent`.
    fn scale(&self, exponent: i64) -> f64 {
        const MIN_EXPONENT: i64 = f64::MIN_EXP as i64 - 1;
        const MAX_EXPONENT: i64 = f64::MAX_EXP as i64 - 1;
        /// Bits of a `u64` below those that a normal double keeps.
        const EXCESS_BITS: i64 = 64 - f64::MANTISSA_DIGITS as i64;

        if self.bits == 0 {
            return 0.0;
        }
        let leading_zeros = self.bits.leading_zeros();
        let bits = self.bits << leading_zeros;
        let exponent = self.exponent + exponent + 63 - i64::from(leading_zeros);
        if exponent > MAX_EXPONENT {
            return f64::INFINITY;
        }
        let cut = EXCESS_BITS + (MIN_EXPONENT - exponent).max(0);
        if cut > 64 {
            return 0.0;
        }
        let kept = bits.checked_shr(cut as u32).unwrap_or(0);
        let lost = bits << (64 - cut);
        let half = 1 << 63;
        let odd_or_more = self.inexact || kept & 1 == 1;
        let round_up = lost > half || (lost == half && odd_or_more);
        // The leading bit of a normal number adds one to the biased exponent, as does a carry out of rounding.
        let biased = (exponent - MIN_EXPONENT).max(0) as u64;
        f64::from_bits((biased << (f64::MANTISSA_DIGITS - 1)) + kept + u64::from(round_up))
    }
}
