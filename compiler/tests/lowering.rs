//! Machine code of each form of code, as a reviewer reads it; and that switching an optimisation of lowering off leaves
//! a whole VM.

use std::path::Path;

use dg_compiler::lower::{self, LowerOptions};
use dg_compiler::{build, infer, ir, listing, passes};
use dg_spec::{Style, parse, render};

const PRELUDE: &str = include_str!("diagnostics/prelude.txt");

fn optimised(source: &str) -> ir::Program {
    let mut program = match parse(source).and_then(|spec| infer::check(source, &spec)) {
        Ok(program) => build::build(&program),
        Err(diagnostics) => panic!("{}", render("test.dg", source, &diagnostics, 100, Style::Plain)),
    };
    passes::run(&mut program, &passes::Options::default()).unwrap_or_else(|error| panic!("{error}"));
    program
}

/// Files with code that does not stand in a language: the listings of each of their bytecodes and native functions.
#[test]
fn every_form_of_code_has_its_listing() {
    insta::glob!("graphs/*.dg", |path| {
        let program = optimised(&(std::fs::read_to_string(path).unwrap() + PRELUDE));
        let image = lower::image(&program, &LowerOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        let listings = listing::listings(&image, "test.dg").into_iter();
        let listings = listings.filter(|(name, _)| !name.starts_with("stub."));
        insta::assert_snapshot!(listings.map(|(_, text)| text).collect::<Vec<_>>().join("\n"));
    });
}

/// The code that every VM has.
#[test]
fn the_stubs() {
    let program = optimised(PRELUDE);
    let image = lower::image(&program, &LowerOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    let listings = listing::listings(&image, "test.dg").into_iter();
    let listings = listings.filter(|(name, _)| name.starts_with("stub."));
    insta::assert_snapshot!(listings.map(|(_, text)| text).collect::<Vec<_>>().join("\n"));
}

#[test]
fn optimisations_of_lowering_can_be_switched_off() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlangs");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "dg") {
            continue;
        }
        let program = optimised(&std::fs::read_to_string(path).unwrap());
        let size = |register_pinning, tag_registers, safepoint_table| {
            let image = lower::image(
                &program,
                &LowerOptions {
                    register_pinning,
                    tag_registers,
                    safepoint_table,
                    ..LowerOptions::default()
                },
            );
            let image = image.unwrap_or_else(|error| panic!("{error}"));
            image
                .code
                .iter()
                .map(|symbol| symbol.object.instruction_count())
                .sum::<usize>()
        };
        let all = size(true, true, true);
        assert!(size(false, true, true) > all, "without pinning there is more to load");
        assert!(size(true, true, false) > all, "code asks whether a safepoint is due");
        assert_ne!(size(true, false, true), 0);
    }
}
