//! The stages from the text of a specification to a VM, each a call.

use std::fmt;

use dg_spec::Diagnostic;
use dg_spec::ast::Spec;

use crate::emit::{self, Image};
use crate::ir::Program;
use crate::lower::{self, LowerOptions};
use crate::passes::{self, PASSES};
use crate::{build, infer, typed};

/// What can be switched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    passes: passes::Options,
    lowering: LowerOptions,
}

impl Options {
    /// Everything on, but for the optimisations named.
    ///
    /// # Errors
    /// The first name that no optimisation has.
    pub fn without<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, UnknownOptimisation> {
        let (mut in_passes, mut lowering) = (Vec::new(), LowerOptions::default());
        for name in names {
            match name {
                "register_pinning" => lowering.register_pinning = false,
                "tag_registers" => lowering.tag_registers = false,
                "safepoint_table" => lowering.safepoint_table = false,
                "value_registers" => lowering.value_registers = false,
                _ => in_passes.push(name),
            }
        }
        let passes = passes::Options::without(in_passes).map_err(|error| UnknownOptimisation(error.0))?;
        Ok(Self { passes, lowering })
    }
}

impl Options {
    /// Which optimisations of lowering are on.
    pub const fn lowering(&self) -> &LowerOptions {
        &self.lowering
    }
}

/// The optimisations that can be switched off, in the order they run: name and what it does.
pub fn optimisations() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<(&str, &str)> = Vec::new();
    for pass in PASSES {
        if all.iter().all(|(name, _)| *name != pass.name) {
            all.push((pass.name, pass.summary));
        }
    }
    all.push((
        "register_pinning",
        "the program counter and the frame's base live in registers",
    ));
    all.push(("tag_registers", "constants of tags live in registers"));
    all.push((
        "safepoint_table",
        "a due safepoint is entered through the dispatch table, so that no code asks for it",
    ));
    all.push((
        "value_registers",
        "templates hand each other values in registers, without checks of what is known to be a double",
    ));
    all
}

/// There is no optimisation of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownOptimisation(pub String);

impl fmt::Display for UnknownOptimisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = optimisations().iter().map(|(name, _)| *name).collect();
        write!(
            f,
            "there is no optimisation `{}`; there are {}",
            self.0,
            names.join(", ")
        )
    }
}

impl std::error::Error for UnknownOptimisation {}

/// Why there is no VM.
#[derive(Clone, Debug)]
pub enum Failure {
    /// The specification has errors.
    Spec(Vec<Diagnostic>),
    /// It is right, but cannot be translated: a limit of the compiler, in its words.
    Unsupported(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(diagnostics) => write!(f, "{} errors in the specification", diagnostics.len()),
            Self::Unsupported(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

/// Text to syntax tree.
///
/// # Errors
/// Everything that does not parse.
pub fn parse(source: &str) -> Result<Spec, Failure> {
    dg_spec::parse(source).map_err(Failure::Spec)
}

/// Text to typed program: all that a specification is checked for.
///
/// # Errors
/// Everything that is wrong with the specification.
pub fn check(source: &str) -> Result<typed::Program, Failure> {
    infer::check(source, &parse(source)?).map_err(Failure::Spec)
}

/// Text to graph, before any pass.
///
/// # Errors
/// Everything that is wrong with the specification.
pub fn graph(source: &str) -> Result<Program, Failure> {
    check(source).map(|program| build::build(&program))
}

/// Text to graph, after all passes; `observe` sees it after each.
///
/// # Errors
/// Everything that is wrong with the specification, or what a pass cannot translate.
pub fn optimised(source: &str, options: &Options, observe: impl FnMut(&str, &Program)) -> Result<Program, Failure> {
    let mut program = graph(source)?;
    passes::run_observed(&mut program, &options.passes, observe)
        .map_err(|error| Failure::Unsupported(error.to_string()))?;
    Ok(program)
}

/// Text to machine code.
///
/// # Errors
/// Everything that is wrong with the specification, or what cannot be translated.
pub fn image(source: &str, options: &Options) -> Result<Image, Failure> {
    let program = optimised(source, options, |_, _| {})?;
    lower::image(&program, &options.lowering).map_err(|error| Failure::Unsupported(error.to_string()))
}

/// The files of a VM: the Rust module and the assembly that it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmFiles {
    /// `vm.rs`.
    pub module: String,
    /// `vm.s`.
    pub assembly: String,
}

/// Text to the files of a VM.
///
/// # Errors
/// Everything that is wrong with the specification, or what cannot be translated.
pub fn vm(source: &str, options: &Options) -> Result<VmFiles, Failure> {
    let image = image(source, options)?;
    Ok(VmFiles {
        module: emit::module(&image),
        assembly: emit::assembly(&image),
    })
}
