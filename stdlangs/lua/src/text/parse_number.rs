//! Text as numbers: what `strtod` and `strtoul` of the C library accept, since that is what PUC Lua 5.1 relies on.

/// The number that `text` denotes with white space around it, or `None` if it denotes none.
///
/// Decimal and hexadecimal, integers and floats, `inf`, `infinity`, `nan` and `nan(...)` in any case. As for a C string,
/// everything from the first zero byte on is ignored.
pub fn parse_number(text: &[u8]) -> Option<f64> {
    let text = skip_space(until_zero(text));
    let (value, rest) = scan_float(text)?;
    skip_space(rest).is_empty().then_some(value)
}

/// `tonumber(text, base)`: an integer in base 2 to 36 with white space around it.
///
/// Values wrap and saturate as C's `unsigned long` does: `-1` is 2^64 - 1, and so is what overflows.
///
/// # Panics
/// If `base` is not within 2 to 36.
pub fn parse_in_base(text: &[u8], base: u32) -> Option<f64> {
    assert!((2..=36).contains(&base), "base {base} is not within 2 to 36");
    let (negative, mut digits) = split_sign(skip_space(until_zero(text)));
    if base == 16 && digits.len() > 2 && has_hex_prefix(digits) && digits[2].is_ascii_hexdigit() {
        digits = &digits[2..];
    }
    let (run, rest) = split_while(digits, |byte| digit_value(byte) < base);
    if run.is_empty() || !skip_space(rest).is_empty() {
        return None;
    }
    let magnitude = run.iter().try_fold(0u64, |value, &digit| {
        value.checked_mul(base.into())?.checked_add(digit_value(digit).into())
    });
    let value = match magnitude {
        Some(value) if negative => value.wrapping_neg(),
        Some(value) => value,
        None => u64::MAX,
    };
    Some(value as f64)
}

/// A C cast from `double` to `long` on x86-64: truncates; NaN and what is out of range become `i64::MIN`.
pub fn truncate_to_integer(value: f64) -> i64 {
    const LIMIT: f64 = (1u64 << 63) as f64;
    if (-LIMIT..LIMIT).contains(&value) {
        value as i64
    } else {
        i64::MIN
    }
}

/// White space in the C locale.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// What `strtod` reads at the start of `text`, without leading white space, and what it leaves.
pub fn scan_float(text: &[u8]) -> Option<(f64, &[u8])> {
    let (negative, unsigned) = split_sign(text);
    let (magnitude, rest) = scan_magnitude(unsigned)?;
    Some((if negative { -magnitude } else { magnitude }, rest))
}

fn scan_magnitude(text: &[u8]) -> Option<(f64, &[u8])> {
    match text.first()? {
        b'0'..=b'9' | b'.' if has_hex_prefix(text) => scan_hexadecimal(&text[2..]).or(Some((0.0, &text[1..]))),
        b'0'..=b'9' | b'.' => scan_decimal(text),
        _ => scan_word(text),
    }
}

fn scan_decimal(text: &[u8]) -> Option<(f64, &[u8])> {
    let (whole, rest) = split_while(text, |byte| byte.is_ascii_digit());
    // Up to 15 digits are exact in a double.
    if whole.len() <= 15 && !matches!(rest.first(), Some(b'.' | b'e' | b'E')) {
        let value = whole
            .iter()
            .fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
        return (!whole.is_empty()).then_some((value as f64, rest));
    }
    let (fraction, rest) = scan_fraction(rest, |byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let rest = scan_exponent(rest, b'e').map_or(rest, |(_, rest)| rest);
    let number = std::str::from_utf8(&text[..text.len() - rest.len()]).ok()?;
    Some((number.parse().ok()?, rest))
}

/// What follows `0x`; `None` without a digit.
fn scan_hexadecimal(text: &[u8]) -> Option<(f64, &[u8])> {
    let (whole, rest) = split_while(text, |byte| byte.is_ascii_hexdigit());
    let (fraction, rest) = scan_fraction(rest, |byte| byte.is_ascii_hexdigit());
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (exponent, rest) = scan_exponent(rest, b'p').unwrap_or((0, rest));
    // 16 significant digits fill 64 bits; the rest only matters for rounding: it leaves the lowest bit set.
    let mut mantissa = 0u64;
    let mut dropped = 0;
    for &digit in whole.iter().chain(fraction) {
        let value = u64::from(digit_value(digit));
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | value;
        } else {
            mantissa |= u64::from(value != 0);
            dropped += 1;
        }
    }
    let exponent = exponent.saturating_add(4 * (dropped - fraction.len() as i64));
    Some((scale_by_power_of_two(mantissa, exponent), rest))
}

/// `mantissa * 2^exponent`, rounded once, half to even.
fn scale_by_power_of_two(mantissa: u64, exponent: i64) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let leading = mantissa.leading_zeros();
    let mantissa = mantissa << leading;
    // The value is 1.xxx * 2^magnitude.
    let magnitude = exponent.saturating_add(63 - i64::from(leading));
    if magnitude > 1023 {
        return f64::INFINITY;
    }
    if magnitude < -1075 {
        return 0.0;
    }
    // A double keeps 53 of the 64 bits, a subnormal fewer.
    let dropped = 11 + (-1022 - magnitude).max(0);
    let wide = u128::from(mantissa);
    let (kept, remainder, half) = (wide >> dropped, wide & ((1 << dropped) - 1), 1 << (dropped - 1));
    let kept = kept as u64 + u64::from(remainder > half || remainder == half && kept & 1 == 1);
    // A carry out of the mantissa, and a subnormal that became normal, move into the exponent field by themselves.
    let biased = (magnitude.max(-1022) + 1022) as u64;
    f64::from_bits((biased << 52) + kept)
}

/// `inf`, `infinity`, `nan` and `nan(letters, digits and underscores)`; what the parentheses say is ignored.
fn scan_word(text: &[u8]) -> Option<(f64, &[u8])> {
    if let Some(rest) = strip_word(text, b"inf") {
        return Some((f64::INFINITY, strip_word(rest, b"inity").unwrap_or(rest)));
    }
    let rest = strip_word(text, b"nan")?;
    let after_payload = rest.strip_prefix(b"(").and_then(|payload| {
        let (_, rest) = split_while(payload, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
        rest.strip_prefix(b")")
    });
    Some((f64::NAN, after_payload.unwrap_or(rest)))
}

/// The digits behind a point, if there is one.
fn scan_fraction(text: &[u8], is_digit: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    match text.strip_prefix(b".") {
        Some(digits) => split_while(digits, is_digit),
        None => (&[], text),
    }
}

/// An exponent behind `marker` (lower case, matches both), saturated far outside of a double's range.
fn scan_exponent(text: &[u8], marker: u8) -> Option<(i64, &[u8])> {
    let (&first, rest) = text.split_first()?;
    let (negative, rest) = split_sign(rest);
    let (digits, rest) = split_while(rest, |byte| byte.is_ascii_digit());
    if first.to_ascii_lowercase() != marker || digits.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0i64, |value, digit| {
        value.saturating_mul(10).saturating_add((digit - b'0').into())
    });
    Some((if negative { -value } else { value }, rest))
}

fn has_hex_prefix(text: &[u8]) -> bool {
    matches!(text, [b'0', b'x' | b'X', ..])
}

fn strip_word<'t>(text: &'t [u8], lower_case: &[u8]) -> Option<&'t [u8]> {
    let (word, rest) = text.split_at_checked(lower_case.len())?;
    word.eq_ignore_ascii_case(lower_case).then_some(rest)
}

fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn split_while(text: &[u8], accept: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|&byte| !accept(byte)).unwrap_or(text.len()))
}

fn skip_space(text: &[u8]) -> &[u8] {
    split_while(text, is_space).1
}

fn until_zero(text: &[u8]) -> &[u8] {
    split_while(text, |byte| byte != 0).0
}

/// The value of a digit or letter in bases up to 36; `u32::MAX` for other bytes.
fn digit_value(byte: u8) -> u32 {
    (byte as char).to_digit(36).unwrap_or(u32::MAX)
}
