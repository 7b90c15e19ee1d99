//! From the graph of each function to machine code for the interpreter.
//!
//! Every part of a bytecode or native function (see [`crate::ir::Role`]) becomes one low-level function. They hand
//! control to each other by jumps: a handler ends with the dispatch of the next instruction, a call with a jump to the
//! callee's entry, a return with a jump to the continuation that the caller left in the callee's header.

mod boxed;
mod cached;
mod caches;
mod calls;
mod catches;
mod checks;
mod copy;
mod coroutines;
mod effects;
mod flow;
mod frame;
mod holes;
mod memory;
mod natives;
mod objects;
mod part;
mod results;
mod roots;
mod stubs;
mod templates;

use std::fmt;

use dg_backend_x64::emit::{CompileError, compile};
use dg_backend_x64::lir;
use dg_backend_x64::machine::Config;

use self::frame::Form;
pub use self::holes::{Hole, HoleSource};
use crate::abi;
use crate::emit::{Image, NativeImage, Opcode};
use crate::ir::{Function, FunctionKind, Program, Role, Terminator};

/// Optimisations of lowering that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LowerOptions {
    /// Whether the program counter and the frame's base live in registers; if not, they are read from the VM.
    pub register_pinning: bool,
    /// Whether the tags that the language names live in registers.
    pub tag_registers: bool,
    /// Whether a due safepoint is entered through the dispatch table; if not, code asks for it at jumps, at entries of
    /// functions and after allocating.
    pub safepoint_table: bool,
    /// Whether templates hand each other values in registers, and leave out checks of what is known to be a double.
    pub value_registers: bool,
}

impl Default for LowerOptions {
    fn default() -> Self {
        Self {
            register_pinning: true,
            tag_registers: true,
            safepoint_table: true,
            value_registers: true,
        }
    }
}

/// Why a program cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LowerError {
    /// The specification asks for something that is not supported: in which function and line, and what.
    Unsupported {
        /// The function.
        function: String,
        /// The line of the specification, 0 when unknown.
        line: u32,
        /// What is not supported.
        message: String,
    },
    /// The back end gave up.
    Backend(CompileError),
}

impl fmt::Display for LowerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported {
                function,
                line,
                message,
            } => write!(f, "{function}, line {line}: {message}"),
            Self::Backend(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LowerError {}

impl From<CompileError> for LowerError {
    fn from(error: CompileError) -> Self {
        Self::Backend(error)
    }
}

/// Lowers all functions of a program that has been through all passes, and adds the framework's own code.
///
/// # Errors
/// See [`LowerError`].
pub fn image(program: &Program, options: &LowerOptions) -> Result<Image, LowerError> {
    check_limits(program)?;
    let config = config(program, options);
    let compilation = templates::all(program, options, &config)?;
    let mut image = Image {
        spec: (*program.spec).clone(),
        opcodes: Vec::new(),
        natives: Vec::new(),
        catches: catches::all(program, options)?,
        stubs: stubs::symbols(),
        code: Vec::new(),
        templates: compilation.opcodes,
        stub_templates: compilation.stubs,
        shared: compilation.shared,
    };
    for (_, function) in program.functions.iter() {
        add_names(&mut image, function);
        let lowered = part::lower(program, function, options, Form::Interpreter)?;
        image
            .code
            .extend(templates::symbols(compile(&lowered, &config)?, &function.name));
    }
    for stub in stubs::all(&program.spec, options) {
        image
            .code
            .extend(templates::symbols(compile(&stub, &config)?, &stub.name));
    }
    Ok(image)
}

/// The low-level form of every function and stub, for dumps.
///
/// # Errors
/// See [`LowerError`].
pub fn functions(program: &Program, options: &LowerOptions) -> Result<Vec<lir::Function>, LowerError> {
    check_limits(program)?;
    let parts = program
        .functions
        .values()
        .map(|function| part::lower(program, function, options, Form::Interpreter));
    let mut all = parts.collect::<Result<Vec<_>, _>>()?;
    all.extend(stubs::all(&program.spec, options));
    Ok(all)
}

/// What the form of a part is called that compiled functions share.
pub fn shared_symbol(name: &str) -> String {
    Form::Shared.symbol(name)
}

/// What the back end has to know.
fn config(program: &Program, options: &LowerOptions) -> Config {
    let tags = if options.tag_registers {
        program.spec.tag_registers.len()
    } else {
        0
    };
    let tag_registers = tags.min(lir::Pinned::MAX_TAGS.into()) as u8;
    Config {
        tag_registers,
        pin_frame: options.register_pinning,
        ..Config::default()
    }
}

fn check_limits(program: &Program) -> Result<(), LowerError> {
    let opcodes = program
        .functions
        .values()
        .filter(|function| is_handler(function))
        .count();
    let limits = [
        ("variants of bytecodes", opcodes, abi::MAX_OPCODES),
        ("runtime functions", program.spec.externs.len(), abi::MAX_EXTERNS),
    ];
    for (what, found, limit) in limits {
        if found > limit {
            let message = format!("{found} {what}, the limit is {limit}");
            return Err(LowerError::Unsupported {
                function: program.spec.language.clone(),
                line: 0,
                message,
            });
        }
    }
    Ok(())
}

fn is_handler(function: &Function) -> bool {
    function.role == Role::Entry && matches!(function.kind, FunctionKind::Bytecode(_))
}

fn add_names(image: &mut Image, function: &Function) {
    if function.role != Role::Entry {
        return;
    }
    match (function.kind, &function.variant) {
        (FunctionKind::Bytecode(bytecode), Some(variant)) => image.opcodes.push(Opcode {
            bytecode,
            variant: variant.clone(),
            form: function.form,
            name: function.name.clone(),
            symbol: function.name.clone(),
        }),
        (FunctionKind::Native(_), _) => image.natives.push(NativeImage {
            symbol: function.name.clone(),
            delegates: function
                .blocks
                .values()
                .any(|block| block.terminator == Terminator::Delegate),
        }),
        (FunctionKind::Bytecode(_), None) => {}
    }
}
