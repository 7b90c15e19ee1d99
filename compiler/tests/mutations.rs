//! Whatever stands in a specification, it is either refused with errors that can be shown, or becomes a graph that is
//! well formed. Random changes to specifications that are right, a little way off and far off.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dg_compiler::ir::verify::verify_program;
use dg_compiler::pipeline::{self, Options};
use dg_compiler::{build, infer};
use dg_spec::{Diagnostic, Style, parse, render};

const PRELUDE: &str = include_str!("diagnostics/prelude.txt");

/// xorshift64*, which is random enough to choose words.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit.max(1)
    }
}

/// The specifications that are changed: what the other tests have, and the languages of this repository.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources: Vec<String> = read(&root.join("tests/graphs"))
        .map(|source| source + PRELUDE)
        .collect();
    sources.extend(read(&root.join("../stdlangs")));
    for folder in std::fs::read_dir(root.join("../examples")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            sources.extend(read(&folder));
        }
    }
    sources.sort();
    assert!(sources.len() > 6);
    sources
}

fn read(folder: &Path) -> impl Iterator<Item = String> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "dg"))
        .map(|path| std::fs::read_to_string(path).unwrap())
}

/// One to three changes: another word for a word, a character less, a piece more, a line twice.
fn mutate(source: &str, random: &mut Random) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> = source.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    let lines: Vec<&str> = source.split_inclusive('\n').collect();
    let mut changed = source.to_string();
    for _ in 0..=random.below(3) {
        let at = random.below(changed.len());
        match random.below(6) {
            0 => {
                changed.remove(at);
            }
            1 => changed.insert_str(
                at,
                ["{", "}", "(", ")", ";", " | ", " is ", ".", "=", "not "][random.below(10)],
            ),
            2 => {
                let line = changed[..at].rfind('\n').map_or(0, |end| end + 1);
                changed.insert_str(line, lines[random.below(lines.len())]);
            }
            _ => {
                let start = changed[..at].rfind(|c| !is_word(c)).map_or(0, |end| end + 1);
                let end = changed[at..]
                    .find(|c| !is_word(c))
                    .map_or(changed.len(), |end| at + end);
                changed.replace_range(start..end.max(start), words[random.below(words.len())]);
            }
        }
    }
    changed
}

/// Whether `source` is right; its graph is well formed then, and its errors can be shown if not.
fn check(source: &str) -> bool {
    let shown = |diagnostics: Vec<Diagnostic>| {
        assert!(!diagnostics.is_empty());
        assert!(!render("test.dg", source, &diagnostics, 10, Style::Plain).is_empty());
    };
    match parse(source).and_then(|spec| infer::check(source, &spec)) {
        Ok(program) => {
            assert_eq!(verify_program(&build::build(&program)), Ok(()));
            true
        }
        Err(diagnostics) => {
            shown(diagnostics);
            false
        }
    }
}

/// What is right becomes a virtual machine, unless it is more than one can be.
fn check_and_build(source: &str) -> bool {
    let is_right = check(source);
    if is_right && source.len() < 10_000 {
        match pipeline::image(source, &Options::default()) {
            Ok(image) => assert!(!image.code.is_empty()),
            Err(failure) => println!("not built: {failure}"),
        }
    }
    is_right
}

fn run(seed: u64, time: Duration, check: fn(&str) -> bool) {
    let sources = seeds();
    let mut random = Random(seed | 1);
    let start = Instant::now();
    let (mut right, mut wrong) = (0, 0);
    while start.elapsed() < time {
        let changed = mutate(&sources[random.below(sources.len())], &mut random);
        // Shown only when the test fails.
        println!("seed {seed}, change {}:\n{changed}", right + wrong);
        if check(&changed) { right += 1 } else { wrong += 1 }
    }
    assert!(wrong > 0, "no change of {right} was refused");
}

#[test]
fn smoke() {
    run(1, Duration::from_secs(1), check);
}

#[test]
#[ignore = "runs for a minute, from a new seed each time"]
fn for_a_minute() {
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(1, |time| time.as_nanos() as u64);
    run(seed, Duration::from_secs(60), check_and_build);
}
