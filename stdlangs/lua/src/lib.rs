//! Lua 5.1 on a generated virtual machine.

mod api;
mod chunk;
pub mod core;
pub mod emit;
mod library;
mod precompiled;
pub mod syntax;
pub mod text;

#[allow(dead_code, missing_docs, clippy::all)]
pub mod generated {
    include!(concat!(env!("OUT_DIR"), "/vm.rs"));
}

pub use api::*;
#[doc(hidden)]
pub use dg_runtime::launcher::{self, VmArguments};
pub use syntax::skip_shebang;
