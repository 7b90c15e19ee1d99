//! Random low-level IR, run as machine code and by an evaluator: both must agree on the result and on memory.

#[path = "lir/evaluate.rs"]
mod evaluate;
#[path = "lir/execute.rs"]
mod execute;
#[path = "lir/random.rs"]
mod random;

use dg_backend_x64::emit::{CompileError, compile};
use dg_backend_x64::machine::Config;
use execute::Executable;
use proptest::prelude::*;

fn check(choices: &[u8]) {
    let function = random::function(choices);
    let compiled = match compile(&function, &Config::default()) {
        Ok(compiled) => compiled,
        Err(CompileError::Allocation(_, reason)) if reason.contains("spill slots are needed") => return,
        Err(error) => panic!("{error}\n{function}"),
    };
    let executable = Executable::new(&compiled, &function.name);
    for seed in [0u64, 1, 0x8000_0000_ffff_fff7] {
        let run = |run: &dyn Fn([u64; 4]) -> u64| {
            let mut memory: Vec<u8> = (0..random::MEMORY).map(|n| (n as u64 ^ seed) as u8).collect();
            let args = [
                memory.as_mut_ptr() as u64,
                seed,
                !seed << 32 | seed & 0xffff_ffff ^ 5,
                !seed,
            ];
            (run(args), memory)
        };
        // SAFETY: generated functions touch their memory alone, and the caller's registers are checked by this test's
        // not falling over.
        let expected = run(&|args| unsafe { evaluate::run(&function, &args) });
        // SAFETY: as above.
        let found = run(&|args| unsafe { executable.call(args) });
        assert_eq!(expected, found, "seed {seed:#x}\n{function}");
    }
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..600)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn smoke(choices in choices()) {
        check(&choices);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[ignore = "runs for minutes; the long twin of `smoke`"]
    fn long(choices in choices()) {
        check(&choices);
    }
}
