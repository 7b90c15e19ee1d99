//! Property tests whose seed is printed, so that a failure can be repeated.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

/// Environment variable that repeats a run: the seed that the run printed.
const SEED_VARIABLE: &str = "DG_SEED";

/// Runs `property` on `cases` random inputs and panics with the smallest counterexample.
pub fn check<S: Strategy<Value: Debug>>(cases: u32, inputs: S, property: impl Fn(S::Value) -> TestCaseResult) {
    let seed = match std::env::var(SEED_VARIABLE) {
        Ok(text) => text.parse().expect("the seed is a number"),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock")
            .as_nanos() as u64,
    };
    println!("{SEED_VARIABLE}={seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, rng);
    if let Err(failure) = runner.run(&inputs, property) {
        panic!("{failure}\nrepeat with {SEED_VARIABLE}={seed}");
    }
}
