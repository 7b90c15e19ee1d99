//! Every program in `tests/lua` gives the output that stands beside it, however the VM is run.

mod runner;

use runner::{Suite, check_all};

const SUITE: Suite = Suite {
    program: env!("CARGO_BIN_EXE_dglua"),
    directory: concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/lua"),
    extension: "lua",
    least: 20,
};

#[test]
fn programs_give_their_output() {
    check_all(&SUITE, &[], |_| true);
}

/// Without those that say so themselves: where a collection costs much each time, or where what is collected when is seen.
#[test]
fn programs_give_their_output_when_every_safepoint_collects() {
    check_all(&SUITE, &["--gc-stress"], |source| {
        !source.starts_with("-- not under gc stress: ")
    });
}

#[test]
fn programs_give_their_output_when_compiled_at_the_first_call() {
    check_all(&SUITE, &["--tier=jit"], |_| true);
}

/// Nearly every function is compiled while it runs, and loops go on in compiled code.
#[test]
fn programs_give_their_output_when_compiled_soon() {
    check_all(&SUITE, &["--tier=auto", "--jit-threshold=1"], |_| true);
}

#[test]
fn programs_give_their_output_when_interpreted() {
    check_all(&SUITE, &["--tier=interp"], |_| true);
}

#[test]
fn programs_give_their_output_when_compiled_and_every_safepoint_collects() {
    check_all(&SUITE, &["--tier=jit", "--gc-stress"], |source| {
        !source.starts_with("-- not under gc stress: ")
    });
}
