//! The passes over the dataflow graph, in the order they run.
//!
//! [`PASSES`] is the table of contents: each row is a module, and a name that turns it off.

mod call_caching;
mod check_strength_reduction;
mod common_subexpressions;
mod constant_folding;
pub(crate) mod dead_code;
mod inline_caching;
mod result_forwarding;
mod specialise;
mod split;
pub(crate) mod type_check_removal;

use std::collections::BTreeSet;
use std::fmt;

use crate::ir::compact::compact;
use crate::ir::verify::{Violation, verify_program};
use crate::ir::{Function, Program, SpecTables};

/// A pass: its name, and what it does.
pub struct Pass {
    /// Turns it off in [`Options`].
    pub name: &'static str,
    /// One line for `--help`.
    pub summary: &'static str,
    run: Run,
}

/// What a pass works on. Passes over programs are told whether they are switched on rather than left out, because later
/// stages need the shape that they establish.
enum Run {
    Function(fn(&SpecTables, &mut Function)),
    Program(fn(&mut Program, bool) -> Result<(), PassError>),
}

#[rustfmt::skip] // a table of contents
/// All passes in order. A pass that occurs twice is switched by its one name.
pub const PASSES: &[Pass] = &[
    Pass { name: "specialise",               run: Run::Program(specialise::run),                summary: "a variant per operand shape and constant type" },
    Pass { name: "result_forwarding",        run: Run::Program(result_forwarding::run),         summary: "a result is handed to the next instruction in a register, too" },
    Pass { name: "inline_caching",           run: Run::Program(inline_caching::run),            summary: "a form per case of what a cache remembers" },
    Pass { name: "dead_code",                run: Run::Function(dead_code::run),                summary: "what is unreachable, unused or only jumps" },
    Pass { name: "constant_folding",         run: Run::Function(constant_folding::run),         summary: "what can be computed now" },
    Pass { name: "type_check_removal",       run: Run::Function(type_check_removal::run),       summary: "checks that are already decided" },
    Pass { name: "common_subexpressions",    run: Run::Function(common_subexpressions::run),    summary: "what was computed before" },
    Pass { name: "dead_code",                run: Run::Function(dead_code::run),                summary: "what is unreachable, unused or only jumps" },
    Pass { name: "check_strength_reduction", run: Run::Function(check_strength_reduction::run), summary: "the cheapest check given what is known" },
    Pass { name: "type_check_removal",       run: Run::Function(type_check_removal::run),       summary: "checks that are already decided" },
    Pass { name: "constant_folding",         run: Run::Function(constant_folding::run),         summary: "what can be computed now" },
    Pass { name: "dead_code",                run: Run::Function(dead_code::run),                summary: "what is unreachable, unused or only jumps" },
    Pass { name: "split",                    run: Run::Program(split::run),                     summary: "cold regions and continuations become functions of their own" },
    Pass { name: "call_caching",             run: Run::Program(call_caching::run),              summary: "calls remember whom they call" },
    Pass { name: "type_check_removal",       run: Run::Function(type_check_removal::run),       summary: "checks that are already decided" },
    Pass { name: "dead_code",                run: Run::Function(dead_code::run),                summary: "what is unreachable, unused or only jumps" },
];

/// Which passes run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    disabled: BTreeSet<String>,
}

impl Options {
    /// All passes but those named.
    ///
    /// # Errors
    /// The first name that no pass has.
    pub fn without<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, UnknownPass> {
        let mut options = Self::default();
        for name in names {
            if PASSES.iter().all(|pass| pass.name != name) {
                return Err(UnknownPass(name.into()));
            }
            options.disabled.insert(name.into());
        }
        Ok(options)
    }
    /// Whether the pass named `name` runs.
    pub fn is_enabled(&self, name: &str) -> bool {
        !self.disabled.contains(name)
    }
}

/// There is no pass of this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPass(pub String);

impl fmt::Display for UnknownPass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: BTreeSet<&str> = PASSES.iter().map(|pass| pass.name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        write!(f, "there is no pass `{}`; there are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownPass {}

/// A specification that a pass cannot translate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassError {
    /// The bytecode or native function.
    pub function: String,
    /// The line of the specification, 0 when unknown.
    pub line: u32,
    /// What is wrong, fit for a diagnostic.
    pub message: String,
}

impl fmt::Display for PassError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.function, self.line, self.message)
    }
}

impl std::error::Error for PassError {}

/// Runs all passes that `options` leave on.
///
/// # Errors
/// When the specification cannot be translated.
///
/// # Panics
/// In debug builds, when a pass breaks the program: that is a bug of the pass, not of the specification.
pub fn run(program: &mut Program, options: &Options) -> Result<(), PassError> {
    run_observed(program, options, |_, _| {})
}

/// Like [`run`], and shows the program after each pass to `observe`, with the pass's name.
///
/// # Errors
/// When the specification cannot be translated.
///
/// # Panics
/// In debug builds, when a pass breaks the program.
pub fn run_observed(
    program: &mut Program,
    options: &Options,
    mut observe: impl FnMut(&str, &Program),
) -> Result<(), PassError> {
    for pass in PASSES {
        run_pass(program, pass, options.is_enabled(pass.name))?;
        observe(pass.name, program);
    }
    Ok(())
}

/// Runs the pass named `name` alone.
///
/// # Errors
/// When the specification cannot be translated.
///
/// # Panics
/// When there is no such pass; in debug builds, when the pass breaks the program.
pub fn run_one(program: &mut Program, name: &str) -> Result<(), PassError> {
    let pass = PASSES
        .iter()
        .find(|pass| pass.name == name)
        .expect("the name of a pass");
    run_pass(program, pass, true)
}

fn run_pass(program: &mut Program, pass: &Pass, enabled: bool) -> Result<(), PassError> {
    match pass.run {
        Run::Function(run) if enabled => {
            let spec = program.spec.clone();
            for (_, function) in program.functions.iter_mut() {
                run(&spec, function);
                compact(function);
            }
        }
        Run::Function(_) => {}
        Run::Program(run) => {
            run(program, enabled)?;
            for (_, function) in program.functions.iter_mut() {
                compact(function);
            }
        }
    }
    if cfg!(debug_assertions)
        && let Err(violations) = verify_program(program)
    {
        let violations: Vec<String> = violations.iter().map(Violation::to_string).collect();
        panic!("{} broke the program:\n{}", pass.name, violations.join("\n"));
    }
    Ok(())
}
