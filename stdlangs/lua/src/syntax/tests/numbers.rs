use super::{check, check_expr};
use crate::syntax::parse_number;

#[track_caller]
fn check_number(text: &str, expected: Option<f64>) {
    let number = parse_number(text.as_bytes());
    assert_eq!(
        number.map(f64::to_bits),
        expected.map(f64::to_bits),
        "for {text}: {number:?}"
    );
}

#[test]
fn decimal() {
    check_number("0", Some(0.0));
    check_number("08", Some(8.0));
    check_number("3.25", Some(3.25));
    check_number(".5", Some(0.5));
    check_number("5.", Some(5.0));
    check_number("1e2", Some(100.0));
    check_number("1E+2", Some(100.0));
    check_number("1.5e-3", Some(0.0015));
    check_number("1e400", Some(f64::INFINITY));
    check_number("1e-400", Some(0.0));
    check_number("9007199254740993", Some(9_007_199_254_740_992.0));
    check_number("-0", Some(-0.0));
}

#[test]
fn hexadecimal() {
    check_number("0x10", Some(16.0));
    check_number("0XfF", Some(255.0));
    check_number("-0xA", Some(-10.0));
    check_number("0x.8", Some(0.5));
    check_number("0x1.8p1", Some(3.0));
    check_number("0x1P-2", Some(0.25));
    check_number("0x0p99999999999999999999", Some(0.0));
    check_number("0x0000000000000000000000000000001", Some(1.0));
}

#[test]
fn hexadecimal_rounds_to_nearest_even() {
    check_number("0x20000000000001", Some(9_007_199_254_740_992.0));
    check_number("0x20000000000003", Some(9_007_199_254_740_996.0));
    check_number(
        "0x200000000000010000000000000001",
        Some(2.0_f64.powi(117) + 2.0_f64.powi(65)),
    );
    check_number("0x200000000000010000000000000000", Some(2.0_f64.powi(117)));
    check_number("0xffffffffffffffffffff", Some(2.0_f64.powi(80)));
}

#[test]
fn hexadecimal_at_the_ends_of_the_range() {
    check_number("0x1.fffffffffffffp1023", Some(f64::MAX));
    check_number("0x1.fffffffffffff8p1023", Some(f64::INFINITY));
    check_number("0x1p1024", Some(f64::INFINITY));
    check_number("0x1p-1022", Some(f64::MIN_POSITIVE));
    check_number("0x1p-1074", Some(f64::from_bits(1)));
    check_number("0x3p-1075", Some(f64::from_bits(2)));
    check_number("0x1p-1075", Some(0.0));
    check_number("0x1.0000000000001p-1075", Some(f64::from_bits(1)));
    check_number("0x1p-1076", Some(0.0));
    check_number("0x1p-99999999999999999999", Some(0.0));
    check_number("0x1p99999999999999999999", Some(f64::INFINITY));
}

#[test]
fn surroundings() {
    check_number(" \t\n\x0b\x0c\r1 \n", Some(1.0));
    check_number("+1", Some(1.0));
    check_number("inf", Some(f64::INFINITY));
    check_number("-Infinity", Some(f64::NEG_INFINITY));
    assert!(parse_number(b"NaN").unwrap().is_nan());
}

#[test]
fn not_numbers() {
    for text in [
        "", " ", ".", "-", "e5", "1e", "1e+", "1x", "1 2", "- 1", "+-1", "--1", "0x", "0x.", "0xg", "0x1p", "0x1p+",
        "0x1.2.3", "1_000", "1.2.3", "0x-1", "infinit", "1\0",
    ] {
        check_number(text, None);
    }
}

#[test]
fn literals() {
    check_expr("1.5, .5, 0x10, 1e2, 3.", "1.5 0.5 16 100 3");
    check("x = 3x", "t:1: malformed number near '3x'");
    check("x = 1..2", "t:1: malformed number near '1..2'");
    check("x = 1e+", "t:1: malformed number near '1e+'");
    check("x = 0x", "t:1: malformed number near '0x'");
    check("x = 0x1p-2", "t:1: malformed number near '0x1p'");
    check("x = 1_0", "t:1: malformed number near '1_0'");
    check("x = .5.", "t:1: malformed number near '.5.'");
}
