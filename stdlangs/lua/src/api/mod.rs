//! Lua in a host program.
//!
//! `docs/embedding.md` is the guide. Each type has a file of its own here:
//!
//! * [`Lua`] is a state, [`Chunk`] source text that is about to be run, [`Value`] any value of Lua; [`LuaString`], [`Table`],
//!   [`Function`], [`Thread`] and [`AnyUserData`] are values that the host keeps alive by holding them.
//! * [`IntoLua`] and [`FromLua`] convert single values, [`IntoLuaMulti`] and [`FromLuaMulti`] arguments and results.
//! * [`UserData`] makes a type of the host one that Lua code can use; [`Scope`] lends it what only lives for a while.
//! * [`Error`] is what can go wrong.
//!
//! # How it is safe
//!
//! * What the host holds are rooted handles, which a collection leaves alone ([`reference`]). Raw values of the virtual
//!   machine are held here only between two calls of anything that could collect: code of the host (conversions, callbacks,
//!   destructors) always runs with everything in handles or guest slots.
//! * No panic crosses machine code: callbacks catch it, throw it as a value, and the host's call resumes it ([`throw`]).
//! * A call holds the state, so that nothing that runs can lose its virtual machine ([`lua`]).

mod app_data;
mod callback;
mod cell;
mod chunk;
mod convert;
mod error;
mod function;
pub(crate) mod host;
mod interrupt;
mod lua;
mod multi;
mod reference;
mod registry;
mod scope;
pub(crate) mod state;
mod stdlib;
mod string;
mod table;
mod thread;
mod throw;
mod userdata;
mod value;

pub use app_data::{AppDataRef, AppDataRefMut};
pub use cell::{Borrowed, BorrowedMut};
pub use chunk::{AsChunk, Chunk};
pub use convert::{FromLua, IntoLua};
pub use dg_runtime::{GcParameters, GcStats, InterruptHandle, JitOptions, JitStats, Options, Tier};
pub use error::{Error, ErrorContext, ExternalResult, Result};
pub use function::{Function, FunctionInfo};
pub use lua::{Lua, WeakLua};
#[doc(hidden)]
pub use multi::Slot;
pub use multi::{FromLuaMulti, IntoLuaMulti, MultiValue, ValueReader, ValueWriter, Variadic};
pub use registry::RegistryKey;
pub use scope::Scope;
pub use stdlib::StdLib;
pub use string::{BorrowedBytes, LuaString};
pub use table::{ObjectLike, Table, TablePairs, TableSequence};
pub use thread::{Thread, ThreadStatus};
pub use userdata::{
    AnyUserData, MetaMethod, UserData, UserDataFields, UserDataMethods, UserDataRef, UserDataRefMut, UserDataRegistry,
};
pub use value::{Nil, Value};

/// The examples of the guide.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/embedding.md")]
mod guide {}
