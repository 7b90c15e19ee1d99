//! Compares with what PUC Lua 5.1 answered; `testdata/generate.lua` asked it.

use proptest::prelude::*;

use super::format::{Conversion, Directive, Piece, Pieces};
use super::format_write::write_quoted;
use super::number::write_number;
use super::parse_number::{parse_in_base, parse_number};
use super::pattern::{Capture, Matcher, Pattern, PatternError};
use super::search::{expand_template, find_plain, has_specials};
use super::sort::{Sequence, sort};

#[test]
fn numbers_as_text() {
    check(include_str!("testdata/number_text.txt"), |[number]| {
        text_of(double(number))
    });
}

#[test]
fn formatted_numbers() {
    check(include_str!("testdata/format_number.txt"), |[format, number]| {
        format_one(format, |out, directive| match directive.conversion {
            Conversion::Byte => directive.write_byte(out, double(number)),
            Conversion::Signed | Conversion::Unsigned => directive.write_integer(out, double(number)),
            _ => directive.write_float(out, double(number)),
        })
    });
}

#[test]
fn formatted_strings() {
    check(include_str!("testdata/format_string.txt"), |[format, text]| {
        format_one(format, |out, directive| match directive.conversion {
            Conversion::Quoted => write_quoted(out, text),
            _ => directive.write_string(out, text),
        })
    });
}

#[test]
fn malformed_formats() {
    check(include_str!("testdata/format_error.txt"), |[format]| {
        let formatted = format_one(format, |out, directive| directive.write_integer(out, 1.0));
        if formatted.starts_with(b"!") {
            formatted
        } else {
            [b"=", &formatted[..]].concat()
        }
    });
}

#[test]
fn text_as_numbers() {
    check(include_str!("testdata/parse_number.txt"), |[text]| {
        exact_text(parse_number(text))
    });
}

#[test]
fn text_as_numbers_in_a_base() {
    check(include_str!("testdata/parse_in_base.txt"), |[text, base]| {
        exact_text(parse_in_base(text, double(base) as u32))
    });
}

#[test]
fn finds() {
    check(include_str!("testdata/find.txt"), |[subject, pattern]| {
        outcome(find(subject, pattern))
    });
}

#[test]
fn global_matches() {
    check(include_str!("testdata/gmatch.txt"), |[subject, pattern]| {
        outcome(global_match(subject, pattern))
    });
}

#[test]
fn substitutions() {
    check(include_str!("testdata/gsub.txt"), |[subject, pattern, template]| {
        outcome(substitute(subject, pattern, template))
    });
}

#[test]
fn sorted_ties() {
    check(include_str!("testdata/sort.txt"), |[keys]| {
        let keys = keys
            .split(|&byte| byte == b' ')
            .filter(|key| !key.is_empty())
            .map(|key| double(key) as u64);
        let mut pairs = Pairs(keys.zip(1..).collect(), |left, right| left < right);
        let last = pairs.0.len().saturating_sub(1);
        sort(&mut pairs, 0, last).expect("the order is consistent");
        let places: Vec<_> = pairs.0.iter().map(|(_, place)| place.to_string()).collect();
        places.join(" ").into_bytes()
    });
}

#[test]
fn inconsistent_orders_end_without_leaving_the_range() {
    let orders: [fn(u64, u64) -> bool; 4] = [
        |_, _| true,
        |left, right| left <= right,
        |left, right| left != right,
        |left, right| (left ^ right) % 3 != 0,
    ];
    for order in orders {
        for length in 1..300u64 {
            let mut pairs = Pairs((0..length).map(|key| (key * 7 % 10, key)).collect(), order);
            if sort(&mut pairs, 0, length as usize - 1).is_ok() {
                pairs.0.sort_by_key(|pair| pair.1);
                assert!(pairs.0.iter().map(|pair| pair.1).eq(0..length), "elements got lost");
            }
        }
    }
    let mut equal = Pairs(vec![(1, 0); 10], |left, right| left <= right);
    assert_eq!(sort(&mut equal, 0, 9), Err("invalid order function for sorting"));
}

#[test]
fn sorting_takes_n_log_n_comparisons_on_what_defeats_the_median_of_three() {
    // The adversary of M. D. McIlroy's "A Killer Adversary for Quicksort": it fixes keys as late as it can.
    struct Adversary {
        keys: Vec<usize>,
        order: Vec<usize>,
        fixed: usize,
        candidate: usize,
        comparisons: usize,
    }
    impl Sequence for Adversary {
        type Error = ();
        fn less(&mut self, left: usize, right: usize) -> Result<bool, ()> {
            self.comparisons += 1;
            let (left, right) = (self.order[left], self.order[right]);
            let free = self.keys.len();
            if self.keys[left] == free && self.keys[right] == free {
                let fix = if left == self.candidate { left } else { right };
                self.keys[fix] = self.fixed;
                self.fixed += 1;
            }
            if self.keys[left] == free {
                self.candidate = left;
            } else if self.keys[right] == free {
                self.candidate = right;
            }
            Ok(self.keys[left] < self.keys[right])
        }
        fn swap(&mut self, left: usize, right: usize) -> Result<(), ()> {
            self.order.swap(left, right);
            Ok(())
        }
        fn invalid_order(&mut self) {}
    }
    let length = 10_000;
    let keys = vec![length; length];
    let mut adversary = Adversary {
        keys,
        order: (0..length).collect(),
        fixed: 0,
        candidate: 0,
        comparisons: 0,
    };
    sort(&mut adversary, 0, length - 1).expect("the adversary is consistent");
    assert!(
        adversary.comparisons < 2_500_000,
        "{} comparisons",
        adversary.comparisons
    );
    assert!(adversary.order.is_sorted_by_key(|&element| adversary.keys[element]));
}

#[test]
fn long_patterns_and_subjects_need_no_native_stack() {
    let subject = vec![b'a'; 1 << 20];
    let pattern = ["^".as_bytes(), &b"a?".repeat(100_000), b"a*$"].concat();
    assert_eq!(find(&subject, &pattern), Ok(vec!["1".into(), (1 << 20).to_string()]));
    assert_eq!(find(&subject, b"^(.-)b"), Ok(vec!["nil".into()]));
}

proptest! {
    #[test]
    fn seventeen_digits_are_read_back(bits: u64) {
        let number = f64::from_bits(bits);
        let text = format_one(b"%.17g", |out, directive| directive.write_float(out, number));
        let back = parse_number(&text).expect("formatted numbers are numbers");
        prop_assert!(back == number || back.is_nan() && number.is_nan());
    }

    #[test]
    fn short_numbers_survive_tostring(digits in -9_999_999_999_999i64..=9_999_999_999_999, exponent in -30i32..30) {
        let number: f64 = format!("{digits}e{exponent}").parse().expect("this is a number");
        prop_assert_eq!(parse_number(&text_of(number)), Some(number));
    }

    /// The judge of the exact fast path is the standard library's formatter.
    #[test]
    fn fixed_notation_is_exact(mantissa in 0u64..1 << 53, exponent in -70i32..12, precision in 0usize..30) {
        let number = mantissa as f64 * 2f64.powi(exponent);
        let text = format_one(format!("%.{precision}f").as_bytes(), |out, directive| directive.write_float(out, number));
        prop_assert_eq!(String::from_utf8_lossy(&text), format!("{number:.precision$}"));
    }

    #[test]
    fn any_pattern_ends_in_a_match_inside_or_an_error(
        pattern in "[%a-c\\[\\]().*+?^$0-2bf-]{0,12}",
        subject in "[a-c0()\\[\\]-]{0,20}",
    ) {
        let mut matcher = Matcher::new();
        if let Ok(Some((start, end))) = Pattern::new(pattern.as_bytes()).find(&mut matcher, subject.as_bytes(), 0) {
            prop_assert!(start <= end && end <= subject.len());
        }
    }

    #[test]
    fn any_bytes_are_a_format_or_an_error(format: Vec<u8>) {
        let literal: usize = Pieces::new(&format).flatten().map(|piece| match piece {
            Piece::Literal(text) => text.len(),
            Piece::Directive(_) => 0,
        }).sum();
        prop_assert!(literal <= format.len());
    }
}

/// Compares `answer` with the last field of each line of `table`, given the others.
fn check<const FIELDS: usize>(table: &str, answer: impl Fn([&[u8]; FIELDS]) -> Vec<u8>) {
    let mut failures = Vec::new();
    for (index, line) in table.lines().enumerate() {
        let fields: Vec<_> = line.split('\t').map(unescape).collect();
        let (expected, given) = fields.split_last().expect("a line has fields");
        let given: Vec<_> = given.iter().map(Vec::as_slice).collect();
        let given = given
            .try_into()
            .unwrap_or_else(|_| panic!("line {} has too many or few fields", index + 1));
        let answered = answer(given);
        if answered != *expected {
            failures.push(format!("{}: {line}\n  answered {}", index + 1, answered.escape_ascii()));
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(!table.is_empty());
}

fn unescape(field: &str) -> Vec<u8> {
    let mut parts = field.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).expect("two hexadecimal digits"));
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

/// A number of a table, read by the standard library; C writes the sign of NaN.
fn double(text: &[u8]) -> f64 {
    let text = std::str::from_utf8(text).expect("numbers are ASCII");
    match text {
        "nan" => f64::NAN.copysign(1.0),
        "-nan" => f64::NAN.copysign(-1.0),
        _ => text.parse().expect("a number"),
    }
}

fn text_of(number: f64) -> Vec<u8> {
    let mut out = Vec::new();
    write_number(&mut out, number);
    out
}

/// What the tables hold for a number that was read.
fn exact_text(number: Option<f64>) -> Vec<u8> {
    match number {
        None => b"nil".to_vec(),
        Some(number) => format_one(b"%.17g", |out, directive| directive.write_float(out, number)),
    }
}

/// Formats with every directive of `format`; `!` and the message, if it is malformed.
fn format_one(format: &[u8], write: impl Fn(&mut Vec<u8>, &Directive)) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in Pieces::new(format) {
        match piece {
            Ok(Piece::Literal(text)) => out.extend_from_slice(text),
            Ok(Piece::Directive(directive)) => write(&mut out, &directive),
            Err(error) => return [b"!", &error.message()[..]].concat(),
        }
    }
    out
}

fn outcome(results: Result<Vec<String>, PatternError>) -> Vec<u8> {
    match results {
        Ok(values) => format!("={}", values.join(","))
            .chars()
            .map(|char| char as u8)
            .collect(),
        Err(error) => format!("!{}", error.message()).into_bytes(),
    }
}

/// `string.find(subject, pattern)`.
fn find(subject: &[u8], pattern: &[u8]) -> Result<Vec<String>, PatternError> {
    let mut matcher = Matcher::new();
    if !has_specials(pattern) {
        let found = find_plain(subject, pattern, 0);
        return Ok(found.map_or(vec!["nil".into()], |start| {
            vec![(start + 1).to_string(), (start + pattern.len()).to_string()]
        }));
    }
    let pattern = Pattern::new(pattern);
    let Some((start, end)) = pattern.find(&mut matcher, subject, 0)? else {
        return Ok(vec!["nil".into()]);
    };
    let mut results = vec![(start + 1).to_string(), end.to_string()];
    for index in 0..pattern.capture_count() {
        results.push(capture_text(subject, pattern.capture(&matcher, index)?));
    }
    Ok(results)
}

/// The first two captures of each match of `string.gmatch(subject, pattern)`.
fn global_match(subject: &[u8], pattern: &[u8]) -> Result<Vec<String>, PatternError> {
    let (pattern, mut matcher) = (Pattern::without_anchor(pattern), Matcher::new());
    let (mut results, mut from) = (Vec::new(), 0);
    while let Some((start, end)) = pattern.find(&mut matcher, subject, from)? {
        for index in 0..pattern.capture_count().max(1) {
            let capture = pattern.capture_or_whole(&matcher, index, (start, end))?;
            if index < 2 {
                results.push(capture_text(subject, capture));
            }
        }
        from = if end == start { end + 1 } else { end };
    }
    Ok(results)
}

/// `string.gsub(subject, pattern, template)`.
fn substitute(subject: &[u8], pattern: &[u8], template: &[u8]) -> Result<Vec<String>, PatternError> {
    let (pattern, mut matcher) = (Pattern::new(pattern), Matcher::new());
    let (mut out, mut copied, mut from, mut count) = (Vec::new(), 0, 0, 0);
    while let Some((start, end)) = pattern.find(&mut matcher, subject, from)? {
        out.extend_from_slice(&subject[copied..start]);
        expand_template(&mut out, template, &pattern, &matcher, subject, (start, end))?;
        count += 1;
        (copied, from) = (end, if end == start { end + 1 } else { end });
        if pattern.is_anchored() {
            break;
        }
    }
    out.extend_from_slice(&subject[copied..]);
    Ok(vec![latin1(&out), count.to_string()])
}

fn capture_text(subject: &[u8], capture: Capture) -> String {
    match capture {
        Capture::Span { start, end } => latin1(&subject[start..end]),
        Capture::Position(position) => (position + 1).to_string(),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// Keys with their original places, ordered by a function of two keys.
struct Pairs(Vec<(u64, u64)>, fn(u64, u64) -> bool);

impl Sequence for Pairs {
    type Error = &'static str;

    fn less(&mut self, left: usize, right: usize) -> Result<bool, Self::Error> {
        Ok(self.1(self.0[left].0, self.0[right].0))
    }

    fn swap(&mut self, left: usize, right: usize) -> Result<(), Self::Error> {
        self.0.swap(left, right);
        Ok(())
    }

    fn invalid_order(&mut self) -> Self::Error {
        "invalid order function for sorting"
    }
}
