//! Every program in `tests/lua` gives the output that stands beside it, however the VM is run.

mod runner;

use runner::{Suite, programs_give_their_output};

const SUITE: Suite = Suite {
    program: env!("CARGO_BIN_EXE_dglua"),
    directory: concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/lua"),
    extension: "lua",
    least: 20,
    unstressed: Some("-- not under gc stress: "),
};

programs_give_their_output!(SUITE);
