//! The evaluator against machine code: every variant of every bytecode and every native function runs in many
//! situations through the graph evaluator, before and after all passes, and as machine code on the same memory. What
//! can be observed has to be the same: how it ended, what runtime functions and callees were asked, slots and heap.
//!
//! Dispatch, callees, return addresses and runtime functions are stubs that come back here ([`cpu`]); what they answer
//! is made up ([`script`]). `DG_SEED` and `DG_COUNT` repeat a run.

mod arena;
mod cpu;
mod heap;
mod judge;
mod link;
mod machine;
mod oracle;
mod random;
mod scenario;
mod script;
mod shapes;

use dg_compiler::lower::LowerOptions;
use judge::Language;

/// Everything on; everything off that can be.
const BUILDS: [(&str, &[&str], LowerOptions); 2] = [
    (
        "optimised",
        &[],
        LowerOptions {
            register_pinning: true,
            tag_registers: true,
        },
    ),
    (
        "unoptimised",
        &[
            "constant_folding",
            "type_check_removal",
            "common_subexpressions",
            "check_strength_reduction",
            "dead_code",
        ],
        LowerOptions {
            register_pinning: false,
            tag_registers: false,
        },
    ),
];

#[test]
fn smoke_lua() {
    check(&lua(), 1, 60);
}

#[test]
#[ignore = "runs for minutes"]
fn long_lua() {
    check(&lua(), long_seed(), 20_000);
}

#[test]
fn smoke_everything() {
    check(&everything(), 1, 60);
}

#[test]
#[ignore = "runs for minutes"]
fn long_everything() {
    check(&everything(), long_seed(), 20_000);
}

#[test]
fn wrong_code_is_noticed() {
    let source = include_str!("everything.dg");
    let mut language = Language::new("everything", source, shapes::any, &BUILDS[..1]);
    for (one, other) in [
        ("ADD.slot_slot", "SUB.slot_slot"),
        ("LEAVE1.slot", "THROW.slot"),
        ("JINT", "JDOUBLE"),
    ] {
        language.exchange(one, other);
    }
    let differences = language.judge(1, 20).differences;
    for name in [
        "ADD.slot_slot",
        "SUB.slot_slot",
        "LEAVE1.slot",
        "THROW.slot",
        "JINT",
        "JDOUBLE",
    ] {
        let title = format!("everything {name}, optimised");
        assert!(
            differences.iter().any(|text| text.starts_with(&title)),
            "{name} is not told of: {differences:#?}"
        );
    }
    let told = differences
        .iter()
        .filter(|text| text.starts_with("everything ADD.slot_int"));
    assert_eq!(told.count(), 0, "{differences:#?}");
}

/// A language that uses each construct.
fn everything() -> Language {
    Language::new("everything", include_str!("everything.dg"), shapes::any, &BUILDS)
}

fn lua() -> Language {
    Language::new("lua", include_str!("../../stdlangs/lua.dg"), shapes::tables, &BUILDS)
}

/// Something else each time.
fn long_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(1, |now| now.as_secs())
}

fn check(language: &Language, seed: u64, count: u64) {
    let from_environment = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = from_environment("DG_SEED").unwrap_or(seed);
    let count = from_environment("DG_COUNT").unwrap_or(count);
    println!("DG_SEED={seed} DG_COUNT={count}");
    let report = language.judge(seed, count);
    println!("{} situations compared, {} unfit", report.compared, report.skipped);
    let number = report.differences.len();
    assert!(number == 0, "{number} differences\n{}", report.differences.join("\n"));
}
