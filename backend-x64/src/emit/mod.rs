//! From a low-level IR function to its code objects.

mod flags;
mod layout;
mod rewrite;
mod thread;

use crate::code::CodeObject;
use crate::encoder::EncodeError;
use crate::lir::{self, LirError};
use crate::machine::Config;
use std::error::Error;
use std::fmt;

/// A compiled function. The part that contains the entry defines the function's symbol; the two refer to each other
/// through symbols that start with the function's name and a dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The blocks that are often run; `None` if the entry is cold.
    pub hot: Option<CodeObject>,
    /// The cold blocks, if there are any.
    pub cold: Option<CodeObject>,
}

/// Why a function could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// It is not well-formed.
    Lir(LirError),
    /// Its values found no room: the function and the reason.
    Allocation(String, String),
    /// An instruction has no encoding: the function and the reason.
    Encode(String, EncodeError),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Lir(error) => error.fmt(f),
            CompileError::Allocation(function, reason) => write!(f, "{function}: {reason}"),
            CompileError::Encode(function, error) => write!(f, "{function}: {error}"),
        }
    }
}

impl Error for CompileError {}

/// Compiles a function.
///
/// # Errors
///
/// [`CompileError`]; a well-formed function fails only if it keeps too many values at once.
pub fn compile(function: &lir::Function, config: &Config) -> Result<Compiled, CompileError> {
    let name = &function.name;
    let encode_error = |error| CompileError::Encode(name.clone(), error);
    lir::verify(function).map_err(CompileError::Lir)?;
    let machine = crate::select::select(function);
    let allocated =
        crate::regalloc::allocate(&machine, config).map_err(|reason| CompileError::Allocation(name.clone(), reason))?;
    let mut code = rewrite::rewrite(&machine, &allocated).map_err(encode_error)?;
    thread::thread_jumps(&mut code);
    flags::drop_repeated_comparisons(&mut code).map_err(encode_error)?;
    layout::lay_out(&code, config).map_err(encode_error)
}
