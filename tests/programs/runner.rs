//! Runs the programs of a folder and compares what they print with what stands beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Programs of a language.
pub struct Suite {
    /// What runs them.
    pub program: &'static str,
    /// The folder that they are in.
    pub directory: &'static str,
    /// How their names end.
    pub extension: &'static str,
    /// There are so many at least.
    pub least: usize,
    /// How programs begin that are not run with a collection at every safepoint: it would cost much each time, or they show
    /// what is collected when.
    pub unstressed: Option<&'static str>,
}

/// The tests that every language has: all programs of `$suite`, however the VM is run.
macro_rules! programs_give_their_output {
    ($suite:expr) => {
        #[test]
        fn programs_give_their_output() {
            $crate::runner::check_all(&$suite, &[]);
        }

        #[test]
        fn programs_give_their_output_when_every_safepoint_collects() {
            $crate::runner::check_all(&$suite, &["--gc-stress"]);
        }

        #[test]
        fn programs_give_their_output_when_compiled_at_the_first_call() {
            $crate::runner::check_all(&$suite, &["--tier=jit"]);
        }

        /// Nearly every function is compiled while it runs, and loops go on in compiled code.
        #[test]
        fn programs_give_their_output_when_compiled_soon() {
            $crate::runner::check_all(&$suite, &["--tier=auto", "--jit-threshold=1"]);
        }

        #[test]
        fn programs_give_their_output_when_interpreted() {
            $crate::runner::check_all(&$suite, &["--tier=interp"]);
        }

        #[test]
        fn programs_give_their_output_when_compiled_and_every_safepoint_collects() {
            $crate::runner::check_all(&$suite, &["--tier=jit", "--gc-stress"]);
        }
    };
}
pub(crate) use programs_give_their_output;

/// Runs all programs of a suite with these options; fails with every difference.
pub fn check_all(suite: &Suite, options: &[&str]) {
    let mut programs = programs(suite);
    if let Some(start) = suite.unstressed.filter(|_| options.contains(&"--gc-stress")) {
        programs.retain(|path| {
            let source = fs::read(path).expect("a file of the repository");
            !source.starts_with(start.as_bytes())
        });
    }
    assert!(programs.len() >= suite.least, "only {} programs found", programs.len());
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = check(suite, program, options) {
                        failures.lock().expect("no thread panics with it").push(difference);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no thread panics with it");
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} of {} programs differ with {options:?}:\n\n{}",
        failures.len(),
        programs.len(),
        failures.join("\n")
    );
}

/// The programs of a suite: the files that have an output.
fn programs(suite: &Suite) -> Vec<PathBuf> {
    let mut programs: Vec<PathBuf> = fs::read_dir(suite.directory)
        .expect("the directory is part of the repository")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == suite.extension))
        .filter(|path| path.with_extension("out").exists())
        .collect();
    programs.sort();
    programs
}

/// Runs one program in its own directory.
fn check(suite: &Suite, program: &Path, options: &[&str]) -> Result<(), String> {
    let name = program.file_name().expect("a file").to_string_lossy().into_owned();
    let expected = fs::read(program.with_extension("out")).map_err(|error| format!("{name}: no .out file: {error}"))?;
    let output = Command::new(suite.program)
        .args(options)
        .arg(&name)
        .current_dir(program.parent().expect("a directory"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{name}: {}\n{errors}", output.status));
    }
    if output.stdout != expected {
        return Err(format!(
            "{name}: {}\n{errors}",
            first_difference(&expected, &output.stdout)
        ));
    }
    Ok(())
}

fn first_difference(expected: &[u8], found: &[u8]) -> String {
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
    let (mut wanted, mut got) = (expected.lines(), found.lines());
    for number in 1.. {
        match (wanted.next(), got.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => return format!("line {number}:\n  expected {a:?}\n  found    {b:?}"),
        }
    }
    "the output differs in its line ends".into()
}
