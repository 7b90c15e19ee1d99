//! Random programs print the same however the VM runs them.
//!
//! A few are run each time. For long, from a seed:
//! `DG_FUZZ_SEED=1 DG_FUZZ_PROGRAMS=100000 cargo test --release -p dg-lua --test tier_fuzz -- --ignored --nocapture`.
//! A difference is made small and written to the directory of the tests' temporary files; what is wrong belongs into
//! `tests/lua` when it is right.

mod generator;
mod random;
mod reduce;

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use reduce::reduce;

/// The options that programs are run with.
type Way = &'static [&'static str];

/// How programs are run; the first is what the others are compared with.
#[rustfmt::skip] // One line for each way.
const WAYS: &[Way] = &[
    &["--tier=interp", "--no-caches"],
    &["--tier=interp"],
    &["--tier=jit"],
    &["--tier=jit", "--no-caches"],
    &["--tier=auto", "--jit-threshold=1"],
    &["--tier=auto", "--jit-threshold=4"],
    &["--tier=jit", "--jit-budget=24K"],
];

/// Likewise, with a collection at every safepoint.
const STRESSED: &[Way] = &[
    &["--tier=interp", "--gc-stress"],
    &["--tier=jit", "--gc-stress"],
    &["--tier=auto", "--jit-threshold=1", "--gc-stress"],
];

/// Seconds of the processor that a program may take; those that take longer are not compared.
const SECONDS: libc::rlim_t = 5;

/// What a program did.
#[derive(PartialEq, Eq)]
struct Outcome {
    status: Option<i32>,
    out: Vec<u8>,
    /// The message, without where it came from.
    error: Vec<u8>,
}

/// What a program does; `None` if it takes too long.
fn run(way: Way, path: &Path) -> Option<Outcome> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dglua"));
    command.args(way).arg(path).stdin(Stdio::null());
    // SAFETY: between fork and exec it makes a system call only.
    unsafe { command.pre_exec(limit_time) };
    let output = command.output().expect("the program can be started");
    if output.status.signal() == Some(libc::SIGXCPU) {
        return None;
    }
    let error = output.stderr.split(|byte| *byte == b'\n').next();
    Some(Outcome {
        status: output.status.code(),
        out: output.stdout,
        error: error.unwrap_or_default().to_vec(),
    })
}

fn limit_time() -> std::io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: SECONDS,
        rlim_max: SECONDS + 1,
    };
    // SAFETY: reads the limit.
    match unsafe { libc::setrlimit(libc::RLIMIT_CPU, &raw const limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// A file of this thread for a program.
fn file(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tier-fuzz");
    fs::create_dir_all(&directory).expect("the directory for tests can be written");
    directory.join(name)
}

fn write_and_run(text: &str, way: Way, path: &Path) -> Option<Outcome> {
    fs::write(path, text).expect("the directory for tests can be written");
    run(way, path)
}

/// The way in which a program does something else than in the first way.
fn difference(text: &str, path: &Path) -> Option<Way> {
    let expected = write_and_run(text, WAYS[0], path)?;
    let mut ways = WAYS[1..].to_vec();
    // What prints much does much.
    if expected.out.len() < 4000 {
        ways.extend(STRESSED);
    }
    ways.into_iter().find(|way| differs(way, path, &expected))
}

fn differs(way: Way, path: &Path, expected: &Outcome) -> bool {
    run(way, path).is_some_and(|outcome| outcome != *expected)
}

/// Runs programs from a seed on, on all processors; fails with the first difference of each.
fn check(seed: u64, programs: u64) {
    eprintln!("programs of the seeds from {seed} on: set DG_FUZZ_SEED to repeat them");
    let next = AtomicU64::new(0);
    let found = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..std::thread::available_parallelism().map_or(2, usize::from))
            .map(|thread| {
                let next = &next;
                scope.spawn(move || {
                    let path = file(&format!("program-{}-{thread}.lua", std::process::id()));
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= programs {
                            fs::remove_file(&path).ok();
                            return None;
                        }
                        let seed = seed.wrapping_add(number);
                        let text = generator::program(seed);
                        if let Some(way) = difference(&text, &path) {
                            next.store(programs, Ordering::Relaxed);
                            let small = reduce(&text, |text| {
                                let Some(expected) = write_and_run(text, WAYS[0], &path) else {
                                    return false;
                                };
                                // What is left may print addresses: then it is not even the same twice.
                                differs(way, &path, &expected) && !differs(WAYS[0], &path, &expected)
                            });
                            let kept = file(&format!("difference-{seed}.lua"));
                            fs::write(&kept, &small).expect("the directory for tests can be written");
                            return Some(format!(
                                "seed {seed} differs with {}: {}\n{small}",
                                way.join(" "),
                                kept.display()
                            ));
                        }
                    }
                })
            })
            .collect();
        let found = threads
            .into_iter()
            .filter_map(|thread| thread.join().expect("no thread panics"));
        found.collect::<Vec<_>>()
    });
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Other programs each time.
fn new_seed() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    time.map_or(1, |time| time.as_millis() as u64 * 1000)
}

#[test]
fn programs_print_the_same_in_all_tiers() {
    check(number_from_environment("DG_FUZZ_SEED").unwrap_or_else(new_seed), 30);
}

#[test]
#[ignore = "takes as long as it is told to"]
fn many_programs_print_the_same_in_all_tiers() {
    let seed = number_from_environment("DG_FUZZ_SEED").unwrap_or_else(new_seed);
    check(seed, number_from_environment("DG_FUZZ_PROGRAMS").unwrap_or(20_000));
}

/// Programs that fail at once would compare nothing.
#[test]
fn programs_run_and_compute() {
    let path = file(&format!("sample-{}.lua", std::process::id()));
    let mut lines = 0;
    let mut succeeded = 0;
    for seed in 0..40 {
        fs::write(&path, generator::program(seed)).expect("the directory for tests can be written");
        let outcome = run(&[], &path).expect("it ends soon");
        assert_eq!(
            outcome.status,
            Some(0),
            "seed {seed}: {}",
            String::from_utf8_lossy(&outcome.error)
        );
        let out = String::from_utf8_lossy(&outcome.out).into_owned();
        lines += out.lines().count();
        succeeded += out.lines().filter(|line| line.contains("true")).count();
    }
    fs::remove_file(&path).ok();
    assert!(lines > 1000, "{lines} lines");
    assert!(succeeded > lines / 5, "{succeeded} calls of {lines} succeed");
}
