//! Random programs print the same however the VM runs them.
//!
//! A few are run each time. For long, from a seed:
//! `DG_FUZZ_SEED=1 DG_FUZZ_PROGRAMS=100000 cargo test --release -p dg-som --test tier_fuzz -- --ignored --nocapture`.
//! What is wrong belongs into `tests/som` when it is right.

mod generator;
#[path = "../../../../tests/tier_fuzz/mod.rs"]
mod tier_fuzz;

use std::fs;

use tier_fuzz::{Language, programs, random, seed};

#[rustfmt::skip] // One line for each way.
const SOM: Language = Language {
    vm: env!("CARGO_BIN_EXE_dgsom"),
    directory: env!("CARGO_TARGET_TMPDIR"),
    ways: &[
        &["--tier=interp", "--no-caches"],
        &["--tier=interp"],
        &["--tier=jit"],
        &["--tier=auto", "--jit-threshold=1"],
        &["--tier=auto", "--jit-threshold=4"],
        &["--tier=jit", "--jit-budget=24K"],
    ],
    stressed: &[
        &["--tier=interp", "--gc-stress"],
        &["--tier=jit", "--gc-stress"],
    ],
    program: generator::program,
    store: |place, text| {
        // Each class goes into a file of its own: a class begins with its name at the start of a line.
        for class in text.split("\n\n") {
            if let Some((name, _)) = class.split_once(" = ") {
                let path = place.join(name).with_extension("som");
                fs::write(path, class).expect("the directory for tests can be written");
            }
        }
        place.join("Fuzz.som")
    },
};

#[test]
fn programs_print_the_same_in_all_tiers() {
    SOM.check(seed(), 20);
}

#[test]
#[ignore = "takes as long as it is told to"]
fn many_programs_print_the_same_in_all_tiers() {
    SOM.check(seed(), programs());
}

/// Programs that fail at once would compare nothing.
#[test]
fn programs_run_and_compute() {
    let mut lines = 0;
    let mut succeeded = 0;
    for seed in 0..20 {
        let outcome = SOM.outcome(seed);
        let out = String::from_utf8_lossy(&outcome.out).into_owned();
        lines += out.lines().count();
        succeeded += u32::from(outcome.status == Some(0));
    }
    assert!(lines > 500, "{lines} lines");
    assert!(succeeded > 10, "{succeeded} programs of 20 come to their end");
}
