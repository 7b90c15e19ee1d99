//! What parses, prints and parses again; what does not, and what is said about it.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use dg_spec::{Style, decode, parse, print, render};

/// The rendering of all errors of `source`.
fn errors(source: &str) -> String {
    match parse(source) {
        Ok(_) => panic!("no error in:\n{source}"),
        Err(diagnostics) => render("test.dg", source, &diagnostics, 20, Style::Plain),
    }
}

/// Parses, prints and parses again; both prints must be equal.
fn round_trip(source: &str) -> String {
    let tree = parse(source).unwrap_or_else(|diagnostics| {
        panic!("{}", render("test.dg", source, &diagnostics, 20, Style::Plain));
    });
    let printed = print(&tree);
    let again = parse(&printed).unwrap_or_else(|diagnostics| {
        panic!("{}", render("printed.dg", &printed, &diagnostics, 20, Style::Plain));
    });
    assert_eq!(print(&again), printed);
    printed
}

#[test]
fn the_languages_of_this_repository_round_trip() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlangs");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "dg") {
            round_trip(&std::fs::read_to_string(path).unwrap());
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn every_form_prints() {
    insta::assert_snapshot!(round_trip(include_str!("every_form.dg")));
}

#[test]
fn precedence() {
    let source = "fn f() { a || b && c == d | e ^ g & h << 1 + 2 * -3; a is x | y && b; !a is not z; 0x_10 - 1.5e3; }";
    insta::assert_snapshot!(round_trip(source).trim_start(), @r"
    fn f() {
        (a || (b && (c == (d | (e ^ (g & (h << (1 + (2 * (-3))))))))));
        ((a is x | y) && b);
        ((!a) is not z);
        (16 - 1500.0);
    }
    ");
}

#[test]
fn a_slip_hides_no_other() {
    insta::assert_snapshot!(errors(
        "bytcode ADD() { }\n\nenum A { X Y }\n\nbytcode ADD() { }\n\nfn f(x: ) { }\n\nplan P { Done(value), }\nfn g() { let x = 1 }\n"
    ));
}

#[test]
fn missing_tokens() {
    insta::assert_snapshot!(errors(
        "fn f(v: value) { match v { Done(x) x } }\nfn g() { let a 1; }\nfn h() { a[1; }\nfn i() { a b }\nfn j() { a +; }\nfn k() { f(a b); }\nfn l() { if a b }\n"
    ));
}

#[test]
fn an_item_that_is_never_closed() {
    insta::assert_snapshot!(errors("fn f() { if a {\n\n/// Next.\nfn g() { }\n"));
}

#[test]
fn the_end_of_the_file() {
    insta::assert_snapshot!(errors("fn f() { if a {"));
}

#[test]
fn words_of_the_language_are_no_names() {
    insta::assert_snapshot!(errors("fn f(match: value) { }\n\nfn g() { let is = 1; }\n"));
}

#[test]
fn calls() {
    insta::assert_snapshot!(errors("fn f() { call g; a.b(1); resume co; call f(1).x; assume a; }"));
}

#[test]
fn numbers_and_stray_docs() {
    insta::assert_snapshot!(errors(
        "fn f() { 18446744073709551616; }\n\nfn g() {\n    /// Here.\n    1;\n}\n"
    ));
}

#[test]
fn nesting_is_limited() {
    let open = "(".repeat(100);
    let close = ")".repeat(100);
    insta::assert_snapshot!(errors(&format!("fn f() {{ {open}1{close}; }}")));
    for pile in [
        "! ",
        "- ",
        "slow ",
        "return ",
        "cache(k) ",
        "{ ",
        "if a { } else ",
        "call ",
        "1 + ",
        "a.",
        "throw ",
    ] {
        let source = format!("fn f() {{ {}x }}", pile.repeat(100_000));
        assert!(errors(&source).starts_with("error[E0005]: nested more than"), "{pile}");
    }
}

#[test]
fn what_is_just_below_the_limit_parses() {
    let depth = dg_spec::MAX_DEPTH - 2;
    for (open, close) in [
        ("(", ")"),
        ("!", ""),
        ("{", "}"),
        ("slow ", ""),
        ("cache(k) ", ""),
        ("a[", "]"),
        ("f(", ")"),
    ] {
        let source = format!("fn f() {{ {}x{} }}", open.repeat(depth), close.repeat(depth));
        assert!(parse(&source).is_ok(), "{open}");
    }
    round_trip(&format!("fn f() {{ {} }}", "if a { 1 } ".repeat(1_000)));
    round_trip(&format!("fn f() {{ match e {{ {} }} }}", "A => a + 1, ".repeat(1_000)));
}

#[test]
fn garbage_is_refused_quickly() {
    let start = Instant::now();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let bytes: Vec<u8> = (0..10 << 20).map(|_| random() as u8).collect();
    insta::assert_snapshot!(decode(&bytes).unwrap_err().message, @"the source is too large: 10485760 bytes, at most 2097152 are accepted");
    assert!(decode(&bytes[..1000]).unwrap_err().message.contains("not UTF-8"));
    let text: String = (0..2 << 20).map(|_| char::from(b' ' + (random() % 95) as u8)).collect();
    assert!(parse(&text).is_err());
    let mut lines = String::new();
    for _ in 0..50_000 {
        let _ = writeln!(lines, "fn {}", random());
    }
    assert!(errors(&lines).contains("31 more errors not shown"));
    assert!(parse("\u{0}").is_err());
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn an_empty_source_is_an_empty_specification() {
    assert!(parse("").unwrap().items.is_empty());
    assert!(parse("// nothing\n").unwrap().items.is_empty());
}
