//! What is wrong with a specification is said in full: one file per error code in `diagnostics/`, its rendering
//! in `snapshots/`.

use std::path::Path;

use dg_compiler::infer;
use dg_spec::{Diagnostic, Style, parse, render};

/// What the files leave out: a language for their bytecodes.
const PRELUDE: &str = include_str!("diagnostics/prelude.txt");

fn check(source: &str) -> Vec<Diagnostic> {
    parse(source)
        .and_then(|spec| infer::check(source, &spec))
        .err()
        .unwrap_or_default()
}

#[test]
fn every_error_code_has_its_wording() {
    insta::glob!("diagnostics/*.dg", |path| {
        let name = path.file_stem().unwrap().to_string_lossy();
        let mut source = std::fs::read_to_string(path).unwrap();
        if !source.contains("language ") && !name.contains("missing_items") {
            source.push_str(PRELUDE);
        }
        let diagnostics = check(&source);
        let code = name.split('_').next().unwrap();
        assert!(
            diagnostics.iter().any(|diagnostic| diagnostic.code == code),
            "no {code} in {name}"
        );
        insta::assert_snapshot!(render("test.dg", &source, &diagnostics, 100, Style::Plain));
    });
}

#[test]
fn no_error_code_is_without_a_file() {
    let wording = include_str!("../src/resolve/error.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let mut codes = 0;
    for code in wording.split("\"E0").skip(1).map(|rest| format!("E0{}", &rest[..3])) {
        assert!(
            files.iter().any(|file| file.starts_with(&code)),
            "{code} has no file in tests/diagnostics"
        );
        codes += 1;
    }
    assert!(codes > 30);
}

#[test]
fn the_prelude_is_right() {
    assert_eq!(check(PRELUDE), []);
}

#[test]
fn errors_are_limited_and_coloured_on_request() {
    let source = format!("bytecode ONE() {{ a; b; c; }}{PRELUDE}");
    let diagnostics = check(&source);
    let plain = render("test.dg", &source, &diagnostics, 2, Style::Plain);
    assert!(plain.ends_with("1 more error not shown\n"), "{plain}");
    assert!(!plain.contains('\u{1b}'));
    assert!(render("test.dg", &source, &diagnostics, 2, Style::Colored).contains('\u{1b}'));
}
