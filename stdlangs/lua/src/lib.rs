//! Lua 5.1 on a generated virtual machine.

mod chunk;
pub mod core;
pub mod emit;
mod library;
mod lua;
mod precompiled;
pub mod syntax;
pub mod text;

#[allow(dead_code, missing_docs, clippy::all)]
pub mod generated {
    include!(concat!(env!("OUT_DIR"), "/vm.rs"));
}

pub use dg_runtime::Options;
pub use library::files::reason as error_reason;
pub use lua::{Lua, LuaError, LuaValue, flush_files};
pub use syntax::skip_shebang;
