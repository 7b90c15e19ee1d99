//! What the documents say is true: their examples check, the paths that they name exist, their tables are complete.
//!
//! A block fenced as ```` ```dg ```` has to be a right specification; one fenced as ```` ```dg error=E0202 ```` has to
//! be rejected with that code and no other. A block without a `language` item is a fragment: it is completed by the
//! block of `docs/language.md` that is fenced as ```` ```dg prelude ````.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dg_compiler::pipeline::{self, Failure};
use dg_spec::{Style, render};

const LANGUAGE: &str = include_str!("../docs/language.md");
const DIAGNOSTICS: &str = include_str!("../docs/diagnostics.md");
const OPTIMISATIONS: &str = include_str!("../docs/optimisations.md");

/// Names of folders and files of the repository's root that begin a path.
const ROOTS: [&str; 11] = [
    "spec",
    "compiler",
    "backend-x64",
    "runtime",
    "stdlangs",
    "benches",
    "tests",
    "docs",
    "examples",
    "src",
    ".ci",
];

#[test]
fn examples_are_right_or_wrong_as_said() {
    let prelude = blocks(LANGUAGE)
        .into_iter()
        .find(|block| block.info == "dg prelude")
        .expect("a prelude")
        .text;
    let (mut examples, mut problems) = (0, Vec::new());
    for (path, text) in documents() {
        for block in blocks(&text)
            .iter()
            .filter(|block| block.info.split(' ').next() == Some("dg") && block.file().is_none())
        {
            examples += 1;
            let at = format!("{}:{}", path.display(), block.line);
            let is_whole = block.text.lines().any(|line| line.starts_with("language "));
            // The prelude stands behind, so that lines in diagnostics are those of the example.
            let source = if is_whole {
                block.text.clone()
            } else {
                format!("{}\n{prelude}", block.text)
            };
            if let Some(problem) = judge(&at, &block.info, &source) {
                problems.push(problem);
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(examples > 25, "only {examples} examples found");
}

/// A block fenced as ```` ```dg file=PATH ```` (or any other language) quotes that file.
#[test]
fn quotations_stand_in_their_files() {
    let mut quotations = 0;
    let mut problems = Vec::new();
    for (path, text) in documents() {
        for block in blocks(&text) {
            let Some(file) = block.file() else { continue };
            quotations += 1;
            let quoted = fs::read_to_string(root().join(file)).unwrap_or_default();
            if !format!("\n{quoted}").contains(&format!("\n{}", block.text)) {
                problems.push(format!("{}:{}: not in {file}", path.display(), block.line));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(quotations > 15, "only {quotations} quotations found");
}

#[test]
fn shown_diagnostics_are_what_is_rendered() {
    let prelude = blocks(LANGUAGE)
        .into_iter()
        .find(|block| block.info == "dg prelude")
        .expect("a prelude")
        .text;
    let mut shown = 0;
    for pair in blocks(LANGUAGE)
        .windows(2)
        .filter(|pair| pair[1].info == "text diagnostic")
    {
        shown += 1;
        let source = format!("{}\n{prelude}", pair[0].text);
        let Err(Failure::Spec(diagnostics)) = pipeline::check(&source) else {
            panic!("docs/language.md:{} is right", pair[0].line)
        };
        let rendered = render("demo.dg", &source, &diagnostics, 10, Style::Plain);
        assert_eq!(
            pair[1].text.trim_end(),
            rendered.trim_end(),
            "docs/language.md:{}",
            pair[1].line
        );
    }
    assert!(shown > 0, "docs/language.md shows no diagnostic");
}

/// What is wrong with an example, in words.
fn judge(at: &str, info: &str, source: &str) -> Option<String> {
    let diagnostics = match pipeline::check(source) {
        Ok(_) => Vec::new(),
        Err(Failure::Spec(diagnostics)) => diagnostics,
        Err(failure) => return Some(format!("{at}: {failure}")),
    };
    let rendered = || render(at, source, &diagnostics, 10, Style::Plain);
    match info {
        "dg" | "dg prelude" => (!diagnostics.is_empty()).then(rendered),
        _ => {
            let Some(code) = info.strip_prefix("dg error=") else {
                return Some(format!("{at}: `{info}` is no kind of example"));
            };
            let found: BTreeSet<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
            (found != BTreeSet::from([code])).then(|| {
                format!(
                    "{at}: {code} and nothing else expected, found {found:?}\n{}",
                    rendered()
                )
            })
        }
    }
}

#[test]
fn every_error_code_has_a_row() {
    let mut known = BTreeSet::new();
    for file in ["spec/src/syntax_error.rs", "compiler/src/resolve/error.rs"] {
        let text = fs::read_to_string(root().join(file)).expect("a source file");
        known.extend(codes(&text));
    }
    for file in fs::read_dir(root().join("compiler/tests/diagnostics"))
        .expect("a folder")
        .flatten()
    {
        let name = file.file_name().to_string_lossy().into_owned();
        known.extend(name.get(..5).filter(|code| is_code(code)).map(str::to_string));
    }
    let rows: Vec<String> = DIAGNOSTICS
        .lines()
        .filter(|line| line.starts_with("| E"))
        .map(|line| line[2..7].to_string())
        .collect();
    let documented: BTreeSet<String> = rows.iter().cloned().collect();
    assert!(known.len() > 40, "only {} codes found", known.len());
    assert_eq!(rows.len(), documented.len(), "a code has two rows");
    let missing: Vec<&String> = known.difference(&documented).collect();
    let unknown: Vec<&String> = documented.difference(&known).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "without a row: {missing:?}; rows for no error: {unknown:?}"
    );
}

#[test]
fn every_optimisation_has_a_section() {
    for (name, _) in pipeline::optimisations() {
        let heading = format!("\n## `{name}`\n");
        assert!(
            OPTIMISATIONS.contains(&heading),
            "docs/optimisations.md has no section `{name}`"
        );
    }
}

#[test]
fn every_intrinsic_and_keyword_is_documented() {
    let intrinsics = fs::read_to_string(root().join("compiler/src/infer/intrinsics.rs")).expect("a source file");
    let grammar = fs::read_to_string(root().join("spec/src/dg.pest")).expect("the grammar");
    let list = intrinsics
        .split("INTRINSICS: [")
        .nth(1)
        .and_then(|rest| rest.split("];").next())
        .expect("a list");
    let operations = list.split('"').skip(1).step_by(2);
    let keywords = grammar
        .lines()
        .filter(|line| line.starts_with("kw_"))
        .map(|line| line.split('"').nth(1).expect("the word"));
    let words: BTreeSet<&str> = operations.chain(keywords).collect();
    assert!(words.len() > 45, "only {} words found", words.len());
    let written: BTreeSet<&str> = LANGUAGE.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let missing: Vec<&&str> = words.difference(&written).collect();
    assert!(missing.is_empty(), "docs/language.md does not mention {missing:?}");
}

#[test]
fn every_path_exists() {
    let (mut paths, mut missing) = (0, Vec::new());
    for (document, text) in documents() {
        for (number, line) in text.lines().enumerate() {
            for path in line.split('`').skip(1).step_by(2).filter(|path| is_path(path)) {
                paths += 1;
                if !root().join(path).exists() {
                    missing.push(format!("{}:{}: {path}", document.display(), number + 1));
                }
            }
        }
    }
    assert!(paths > 20, "only {paths} paths found");
    assert!(missing.is_empty(), "paths that do not exist:\n{}", missing.join("\n"));
}

/// Whether what stands in backticks is a path of the repository.
fn is_path(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "./_-".contains(c));
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    plain && text.contains('/') && ROOTS.contains(&first) && !rest.contains("..")
}

/// A fenced block: what stands behind the fence, its text, the line where that begins.
struct Block {
    info: String,
    text: String,
    line: usize,
}

impl Block {
    /// The file that is quoted.
    fn file(&self) -> Option<&str> {
        self.info.split_once(" file=").map(|(_, file)| file)
    }
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (number, line) in document.lines().enumerate() {
        match (line.strip_prefix("```"), is_open) {
            (Some(_), true) => is_open = false,
            (Some(info), false) => {
                is_open = true;
                blocks.push(Block {
                    info: info.trim().to_string(),
                    text: String::new(),
                    line: number + 2,
                });
            }
            (None, true) => {
                let text = &mut blocks.last_mut().expect("a block is open").text;
                text.push_str(line);
                text.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!is_open, "a fenced block is never closed");
    blocks
}

/// The README and all documents, by path from the root, in order.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = vec![PathBuf::from("README.md")];
    for folder in ["docs", "docs/decisions"] {
        for entry in fs::read_dir(root().join(folder))
            .expect("a folder of documents")
            .flatten()
        {
            if entry.path().extension().is_some_and(|extension| extension == "md") {
                paths.push(Path::new(folder).join(entry.file_name()));
            }
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(root().join(&path)).expect("a document");
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// The codes in `text` that stand in quotes.
fn codes(text: &str) -> impl Iterator<Item = String> {
    text.split('"').filter(|part| is_code(part)).map(str::to_string)
}

/// `E` and four digits.
fn is_code(text: &str) -> bool {
    text.len() == 5 && text.starts_with('E') && text[1..].chars().all(|c| c.is_ascii_digit())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
