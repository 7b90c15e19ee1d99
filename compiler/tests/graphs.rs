//! Graphs as they are built, before any pass: well formed for every language of this repository, and as they should
//! read for each form of code.

use std::fmt::Write;
use std::path::Path;

use dg_compiler::ir::print::print_detached;
use dg_compiler::ir::verify::verify_program;
use dg_compiler::{build, infer, ir};
use dg_spec::{Style, parse, render};

const PRELUDE: &str = include_str!("diagnostics/prelude.txt");

fn graph(source: &str) -> ir::Program {
    match parse(source).and_then(|spec| infer::check(source, &spec)) {
        Ok(program) => build::build(&program),
        Err(diagnostics) => panic!("{}", render("test.dg", source, &diagnostics, 100, Style::Plain)),
    }
}

#[test]
fn the_graphs_of_the_languages_of_this_repository_are_well_formed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlangs");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "dg") {
            let program = graph(&std::fs::read_to_string(path).unwrap());
            assert_eq!(verify_program(&program), Ok(()));
            count += program.functions.len();
        }
    }
    assert!(count > 50);
}

/// Files with code that does not stand in a language: the graph of each of their bytecodes and native functions.
#[test]
fn every_form_of_code_has_its_graph() {
    insta::glob!("graphs/*.dg", |path| {
        let source = std::fs::read_to_string(path).unwrap() + PRELUDE;
        let program = graph(&source);
        assert_eq!(verify_program(&program), Ok(()));
        let mut text = String::new();
        for function in program.functions.values() {
            let _ = writeln!(text, "{}", print_detached(&program, function));
        }
        insta::assert_snapshot!(text);
    });
}
