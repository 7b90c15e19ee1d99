//! Every program in `tests/lua` gives the output that stands beside it, however the VM is run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn programs_give_their_output() {
    check_all(&[], |_| true);
}

/// Without those that say so themselves: where a collection costs much each time, or where what is collected when is seen.
#[test]
fn programs_give_their_output_when_every_safepoint_collects() {
    check_all(&["--gc-stress"], |source| {
        !source.starts_with("-- not under gc stress: ")
    });
}

#[test]
fn programs_give_their_output_when_compiled_at_the_first_call() {
    check_all(&["--tier=jit"], |_| true);
}

/// Nearly every function is compiled while it runs, and loops go on in compiled code.
#[test]
fn programs_give_their_output_when_compiled_soon() {
    check_all(&["--tier=auto", "--jit-threshold=1"], |_| true);
}

#[test]
fn programs_give_their_output_when_interpreted() {
    check_all(&["--tier=interp"], |_| true);
}

#[test]
fn programs_give_their_output_when_compiled_and_every_safepoint_collects() {
    check_all(&["--tier=jit", "--gc-stress"], |source| {
        !source.starts_with("-- not under gc stress: ")
    });
}

/// Runs all programs whose source is `wanted` with these options of `dglua`; fails with every difference.
fn check_all(options: &[&str], wanted: fn(&str) -> bool) {
    let mut programs = programs();
    programs.retain(|path| {
        wanted(&String::from_utf8_lossy(
            &fs::read(path).expect("a file of the repository"),
        ))
    });
    assert!(programs.len() > 20, "only {} programs found", programs.len());
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(program) = programs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = check(program, options) {
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

fn programs() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lua");
    let mut programs: Vec<PathBuf> = fs::read_dir(directory)
        .expect("the directory is part of the repository")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "lua"))
        .collect();
    programs.sort();
    programs
}

/// Runs one program in its own directory.
fn check(program: &Path, options: &[&str]) -> Result<(), String> {
    let name = program.file_name().expect("a file").to_string_lossy().into_owned();
    let expected = fs::read(program.with_extension("out")).map_err(|error| format!("{name}: no .out file: {error}"))?;
    let output = Command::new(env!("CARGO_BIN_EXE_dglua"))
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
