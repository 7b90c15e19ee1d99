//! The evaluator against machine code: every variant of every bytecode and every native function runs in many
//! situations through the graph evaluator, before and after all passes, and as machine code on the same memory. What
//! can be observed has to be the same: how it ended, what runtime functions and callees were asked, slots and heap.
//!
//! Dispatch, callees, return addresses and runtime functions are stubs that come back here ([`cpu`]); what they answer
//! is made up ([`script`]). `DG_SEED` and `DG_COUNT` repeat a run.

mod allocate;
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
mod template;

use dg_compiler::lower::LowerOptions;
use judge::Language;

/// A way to compile: its name, the passes that are off, and how lowering is done.
type Build = (&'static str, &'static [&'static str], LowerOptions);

/// Everything on; everything off that can be.
const BUILDS: [Build; 2] = [
    (
        "optimised",
        &[],
        LowerOptions {
            register_pinning: true,
            tag_registers: true,
            safepoint_table: true,
            value_registers: true,
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
            safepoint_table: false,
            value_registers: false,
        },
    ),
];

const ALL: LowerOptions = LowerOptions {
    register_pinning: true,
    tag_registers: true,
    safepoint_table: true,
    value_registers: true,
};

/// One thing off in each.
const ALONE: [Build; 10] = [
    ("without specialise", &["specialise"], ALL),
    ("without dead_code", &["dead_code"], ALL),
    ("without constant_folding", &["constant_folding"], ALL),
    ("without type_check_removal", &["type_check_removal"], ALL),
    ("without common_subexpressions", &["common_subexpressions"], ALL),
    ("without split", &["split"], ALL),
    (
        "without register_pinning",
        &[],
        LowerOptions {
            register_pinning: false,
            tag_registers: true,
            safepoint_table: true,
            value_registers: true,
        },
    ),
    (
        "without tag_registers",
        &[],
        LowerOptions {
            register_pinning: true,
            tag_registers: false,
            safepoint_table: true,
            value_registers: true,
        },
    ),
    (
        "without safepoint_table",
        &[],
        LowerOptions {
            safepoint_table: false,
            ..ALL
        },
    ),
    (
        "without value_registers",
        &[],
        LowerOptions {
            value_registers: false,
            ..ALL
        },
    ),
];

#[test]
fn smoke_lua() {
    check(&lua(&BUILDS), 1, 60);
}

#[test]
#[ignore = "runs for minutes"]
fn long_lua() {
    check(&lua(&BUILDS), long_seed(), 20_000);
}

#[test]
fn smoke_everything() {
    check(&everything(&BUILDS), 1, 60);
}

#[test]
#[ignore = "runs for minutes"]
fn long_everything() {
    check(&everything(&BUILDS), long_seed(), 20_000);
}

#[test]
#[ignore = "runs for minutes"]
fn every_optimisation_alone_off() {
    check(&everything(&ALONE), 1, 300);
    check(&lua(&ALONE), 1, 300);
}

#[test]
fn wrong_code_is_noticed() {
    let mut language = everything(&BUILDS[..1]);
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
fn everything(builds: &[Build]) -> Language {
    Language::new("everything", include_str!("everything.dg"), shapes::any, builds)
}

fn lua(builds: &[Build]) -> Language {
    Language::new("lua", include_str!("../../stdlangs/lua.dg"), shapes::tables, builds)
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
