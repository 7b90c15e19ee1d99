//! Random programs print the same however the VM runs them.
//!
//! A few are run each time. For long, from a seed:
//! `DG_FUZZ_SEED=1 DG_FUZZ_PROGRAMS=100000 cargo test --release -p dg-lua --test tier_fuzz -- --ignored --nocapture`.
//! What is wrong belongs into `tests/lua` when it is right.

mod generator;
#[path = "../../../../tests/tier_fuzz/mod.rs"]
mod tier_fuzz;

use std::fs;

use tier_fuzz::{Language, programs, random, seed};

#[rustfmt::skip] // One line for each way.
const LUA: Language = Language {
    vm: env!("CARGO_BIN_EXE_dglua"),
    directory: env!("CARGO_TARGET_TMPDIR"),
    ways: &[
        &["--tier=interp", "--no-caches"],
        &["--tier=interp"],
        &["--tier=jit"],
        &["--tier=jit", "--no-caches"],
        &["--tier=auto", "--jit-threshold=1"],
        &["--tier=auto", "--jit-threshold=4"],
        &["--tier=jit", "--jit-budget=24K"],
    ],
    stressed: &[
        &["--tier=interp", "--gc-stress"],
        &["--tier=jit", "--gc-stress"],
        &["--tier=auto", "--jit-threshold=1", "--gc-stress"],
    ],
    program: generator::program,
    store: |place, text| {
        let path = place.join("program.lua");
        fs::write(&path, text).expect("the directory for tests can be written");
        path
    },
};

#[test]
fn programs_print_the_same_in_all_tiers() {
    LUA.check(seed(), 30);
}

#[test]
#[ignore = "takes as long as it is told to"]
fn many_programs_print_the_same_in_all_tiers() {
    LUA.check(seed(), programs());
}

/// Programs that fail at once would compare nothing.
#[test]
fn programs_run_and_compute() {
    let mut lines = 0;
    let mut succeeded = 0;
    for seed in 0..40 {
        let outcome = LUA.outcome(seed);
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
    assert!(lines > 1000, "{lines} lines");
    assert!(succeeded > lines / 5, "{succeeded} calls of {lines} succeed");
}
