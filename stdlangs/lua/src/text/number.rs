//! Numbers as decimal text: `tostring`'s `%.14g`, and the digits that every other float format is made of.
//!
//! Most numbers that a program prints have few digits and a modest exponent. For these, `value * 10^k` is computed
//! exactly in 128 bits and rounded once; the rest goes through the standard library's formatter, which is exact too.

use std::io::Write;

/// Significant digits of a number converted to a string.
const TOSTRING_DIGITS: usize = 14;

/// Integers below this have at most [`TOSTRING_DIGITS`] digits and so print without an exponent.
const TOSTRING_INTEGER_LIMIT: f64 = 1e14;

/// The most significant digits that can be asked for: a precision of 99 after the leading digit.
pub const MAX_DIGITS: usize = 100;

/// Appends `value` as `tostring` shows it: `%.14g`.
pub fn write_number(out: &mut Vec<u8>, value: f64) {
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let magnitude = value.abs();
    if magnitude < TOSTRING_INTEGER_LIMIT && magnitude as u64 as f64 == magnitude {
        write_unsigned(out, magnitude as u64);
    } else if let Some(word) = non_finite_word(value) {
        out.extend_from_slice(word.as_bytes());
    } else {
        write_general(out, magnitude, TOSTRING_DIGITS, false);
    }
}

/// `inf` or `nan`, without a sign; `None` for finite values.
pub fn non_finite_word(value: f64) -> Option<&'static str> {
    match value {
        _ if value.is_finite() => None,
        _ if value.is_nan() => Some("nan"),
        _ => Some("inf"),
    }
}

/// Appends `value` in decimal.
pub fn write_unsigned(out: &mut Vec<u8>, value: u64) {
    let mut buffer = [0; 20];
    let start = fill_backwards(&mut buffer, value);
    out.extend_from_slice(&buffer[start..]);
}

/// Appends `magnitude` (finite, not negative) as `%.<precision>f`.
///
/// `keep_point` writes the point even when no digit follows it, as the flag `#` asks for.
pub fn write_fixed(out: &mut Vec<u8>, magnitude: f64, precision: usize, keep_point: bool) {
    if let Some(scaled) = scaled(magnitude, precision as i32) {
        let mut buffer = [b'0'; 20 + MAX_SCALE as usize];
        let start = fill_backwards(&mut buffer, scaled).min(buffer.len() - precision - 1);
        let (whole, fraction) = buffer[start..].split_at(buffer.len() - start - precision);
        out.extend_from_slice(whole);
        if precision > 0 {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    } else {
        write!(out, "{magnitude:.precision$}").expect("a vector accepts every write");
    }
    if keep_point && precision == 0 {
        out.push(b'.');
    }
}

/// Appends `magnitude` (finite, not negative) as `%.<precision>e`; `keep_point` as in [`write_fixed`].
///
/// # Panics
/// If `precision` is not below [`MAX_DIGITS`].
pub fn write_scientific(out: &mut Vec<u8>, magnitude: f64, precision: usize, keep_point: bool) {
    let decimal = Decimal::new(magnitude, precision + 1);
    write_mantissa_and_exponent(out, decimal.digits(), decimal.exponent, keep_point);
}

/// Appends `magnitude` (finite, not negative) with `digits` significant digits as `%.<digits>g`.
///
/// `keep_zeros` keeps trailing zeros and the point, as the flag `#` asks for.
///
/// # Panics
/// If `digits` is 0 or above [`MAX_DIGITS`].
pub fn write_general(out: &mut Vec<u8>, magnitude: f64, digits: usize, keep_zeros: bool) {
    let decimal = Decimal::new(magnitude, digits);
    let shown = if keep_zeros {
        decimal.digits()
    } else {
        decimal.digits_without_trailing_zeros()
    };
    let exponent = decimal.exponent;
    if exponent < -4 || exponent >= digits as i32 {
        write_mantissa_and_exponent(out, shown, exponent, keep_zeros);
    } else if exponent < 0 {
        out.extend_from_slice(&b"0.000"[..(1 - exponent) as usize]);
        out.extend_from_slice(shown);
    } else {
        let before_point = exponent as usize + 1;
        let (whole, fraction) = shown.split_at(before_point.min(shown.len()));
        out.extend_from_slice(whole);
        out.resize(out.len() + before_point - whole.len(), b'0');
        if keep_zeros || !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    }
}

/// `d.ddde±xx` with at least two digits of exponent.
fn write_mantissa_and_exponent(out: &mut Vec<u8>, digits: &[u8], exponent: i32, keep_point: bool) {
    out.push(digits[0]);
    if keep_point || digits.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&digits[1..]);
    }
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    write_unsigned(out, exponent.unsigned_abs().into());
}

/// A number rounded to a count of significant decimal digits: `d.ddd * 10^exponent`.
struct Decimal {
    buffer: [u8; MAX_DIGITS],
    len: usize,
    exponent: i32,
}

impl Decimal {
    fn new(magnitude: f64, len: usize) -> Decimal {
        debug_assert!(magnitude.is_finite() && !magnitude.is_sign_negative());
        assert!((1..=MAX_DIGITS).contains(&len), "{len} digits asked for");
        let mut decimal = Decimal {
            buffer: [b'0'; MAX_DIGITS],
            len,
            exponent: 0,
        };
        if magnitude != 0.0 && !decimal.fill_scaled(magnitude) {
            decimal.fill_formatted(magnitude);
        }
        decimal
    }

    fn digits(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    fn digits_without_trailing_zeros(&self) -> &[u8] {
        let last = self.digits().iter().rposition(|&digit| digit != b'0').unwrap_or(0);
        &self.buffer[..=last]
    }

    /// Scales to an integer of `len` digits; false, with nothing changed, when that cannot be done exactly.
    fn fill_scaled(&mut self, magnitude: f64) -> bool {
        if self.len > 17 {
            return false;
        }
        // 1233 / 4096 is log10(2) to five digits: over the exponents that `scaled` accepts, the estimate is the decimal
        // exponent or one less.
        let estimate = ((binary_exponent(magnitude) * 1233) >> 12) as i32;
        for exponent in [estimate, estimate + 1] {
            let Some(integer) = scaled(magnitude, self.len as i32 - 1 - exponent) else {
                return false;
            };
            if integer < POWERS_OF_TEN[self.len] {
                if integer < POWERS_OF_TEN[self.len - 1] {
                    return false;
                }
                fill_backwards(&mut self.buffer[..self.len], integer);
                self.exponent = exponent;
                return true;
            }
        }
        false
    }

    fn fill_formatted(&mut self, magnitude: f64) {
        let mut text = [0; MAX_DIGITS + 8];
        let mut rest = &mut text[..];
        let precision = self.len - 1;
        write!(rest, "{magnitude:.precision$e}").expect("a digit, a point, the precision and `e-308` fit");
        let unused = rest.len();
        let text = &text[..text.len() - unused];
        let marker = text
            .iter()
            .rposition(|&byte| byte == b'e')
            .expect("scientific notation has an exponent");
        self.buffer[0] = text[0];
        if precision > 0 {
            self.buffer[1..self.len].copy_from_slice(&text[2..marker]);
        }
        let exponent = std::str::from_utf8(&text[marker + 1..])
            .ok()
            .and_then(|digits| digits.parse().ok());
        self.exponent = exponent.expect("scientific notation has a decimal exponent");
    }
}

/// 10^27 is the last power of ten whose factor 5^27 fits into 63 bits, so that times 53 bits fits into 128.
const MAX_SCALE: i32 = 27;

const POWERS_OF_FIVE: [u64; MAX_SCALE as usize + 1] = powers(5);
const POWERS_OF_TEN: [u64; 20] = powers(10);

const fn powers<const N: usize>(base: u64) -> [u64; N] {
    let mut table = [1; N];
    let mut i = 1;
    while i < N {
        table[i] = table[i - 1] * base;
        i += 1;
    }
    table
}

/// `magnitude * 10^scale`, computed exactly, then rounded half to even as C's `printf` does.
///
/// `None` when the scale is out of range, the result needs more than 64 bits, or the number is subnormal.
fn scaled(magnitude: f64, scale: i32) -> Option<u64> {
    if magnitude == 0.0 {
        return (0..=MAX_SCALE).contains(&scale).then_some(0);
    }
    let bits = magnitude.to_bits();
    if !(0..=MAX_SCALE).contains(&scale) || bits >> 52 == 0 {
        return None;
    }
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let product = u128::from(mantissa) * u128::from(POWERS_OF_FIVE[scale as usize]);
    let shift = binary_exponent(magnitude) - 52 + i64::from(scale);
    if shift >= 0 {
        // More than 11 places would push the mantissa's 53 bits out of 64.
        return (shift <= 11)
            .then(|| product << shift)
            .and_then(|value| u64::try_from(value).ok());
    }
    let places = -shift;
    if places >= 127 {
        return Some(0);
    }
    let (whole, remainder) = (product >> places, product & ((1 << places) - 1));
    let half = 1 << (places - 1);
    let up = remainder > half || remainder == half && whole & 1 == 1;
    u64::try_from(whole + u128::from(up)).ok()
}

/// The unbiased exponent of a normal number: `floor(log2(magnitude))`.
fn binary_exponent(magnitude: f64) -> i64 {
    (magnitude.to_bits() >> 52) as i64 - 1023
}

/// Writes `value` in decimal into the end of `buffer` and returns where it starts; bytes before stay as they are.
fn fill_backwards(buffer: &mut [u8], mut value: u64) -> usize {
    let mut at = buffer.len();
    while value >= 10 {
        let pair = (value % 100) as usize;
        value /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&DIGIT_PAIRS[pair]);
    }
    if value > 0 || at == buffer.len() {
        at -= 1;
        buffer[at] = b'0' + value as u8;
    }
    at
}

/// `00` to `99`.
const DIGIT_PAIRS: [[u8; 2]; 100] = {
    let mut table = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        table[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    table
};
