//! SOM on a generated virtual machine.

pub mod core;
mod emit;
mod primitives;
mod som;
pub mod syntax;

#[allow(dead_code, missing_docs, clippy::all)]
pub mod generated {
    include!(concat!(env!("OUT_DIR"), "/vm.rs"));
}

#[doc(hidden)]
pub use dg_runtime::launcher::{self, VmArguments};
pub use dg_runtime::{Options, Tier};
pub use som::{Som, SomError, SomValue};
