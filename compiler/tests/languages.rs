//! The languages of this repository pass all checks.

use std::path::Path;

use dg_compiler::infer;
use dg_spec::{Style, parse, render};

#[test]
fn the_languages_of_this_repository_are_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stdlangs");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "dg") {
            let source = std::fs::read_to_string(&path).unwrap();
            if let Err(diagnostics) = parse(&source).and_then(|spec| infer::check(&source, &spec)) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                panic!("{}", render(&name, &source, &diagnostics, 100, Style::Plain));
            }
            count += 1;
        }
    }
    assert!(count > 0);
}
