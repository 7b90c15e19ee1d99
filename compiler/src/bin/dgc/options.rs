//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Compiles .dg specifications to virtual machines.
#[derive(Parser)]
#[command(name = "dgc", version, about, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    /// Colours in diagnostics
    #[arg(long, value_enum, global = true, default_value_t = Color::Auto)]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  dgc check calc.dg                        report every error in a specification
  dgc build calc.dg --out calc-vm           write a crate that holds the whole VM
  dgc asm calc.dg ADD                      the machine code of a bytecode, annotated
  dgc dump calc.dg --stage optimised ADD   its dataflow graph after all passes
  dgc graph calc.dg ADD | dot -Tsvg        the same as a picture
  dgc optimisations calc.dg                what can be left out, and what it does to sizes

Exit status: 0 done, 1 the specification has errors, 2 wrong usage or unreadable files.";

#[derive(Subcommand)]
pub enum Command {
    /// Reports every error in a specification
    Check(Source),
    /// Writes a Rust crate that holds the VM
    Build(Build),
    /// Shows the machine code of bytecodes, annotated
    Asm(Asm),
    /// Shows what a stage of the compiler makes of a specification
    Dump(Dump),
    /// Shows the dataflow graph of a bytecode in the DOT language
    Graph(Graph),
    /// Lists the optimisations that can be left out, and the size of the machine code without each
    Optimisations(Source),
}

#[derive(Args)]
pub struct Source {
    /// The specification
    pub file: PathBuf,
}

#[derive(Args)]
pub struct Switches {
    /// Leave out an optimisation (`dgc optimisations FILE` lists them); may be repeated
    #[arg(long, value_name = "NAME")]
    pub disable: Vec<String>,
}

#[derive(Args)]
pub struct Build {
    #[command(flatten)]
    pub source: Source,
    /// The directory of the crate; made if need be
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The name of the crate; by default the language's name and `-vm`
    #[arg(long)]
    pub name: Option<String>,
    /// Where the crate finds dg-runtime, instead of the registry
    #[arg(long, value_name = "PATH")]
    pub runtime: Option<PathBuf>,
    #[command(flatten)]
    pub switches: Switches,
}

#[derive(Args)]
pub struct Asm {
    #[command(flatten)]
    pub source: Source,
    /// Only this bytecode (all its variants), variant or symbol
    pub bytecode: Option<String>,
    /// For which tier
    #[arg(long, value_enum, default_value_t = Tier::Interp)]
    pub tier: Tier,
    #[command(flatten)]
    pub switches: Switches,
}

#[derive(Args)]
pub struct Dump {
    #[command(flatten)]
    pub source: Source,
    /// Only this bytecode (all its variants) or native function; of the syntax tree, any item
    pub bytecode: Option<String>,
    /// What to show
    #[arg(long, value_enum)]
    pub stage: Stage,
    #[command(flatten)]
    pub switches: Switches,
}

#[derive(Args)]
pub struct Graph {
    #[command(flatten)]
    pub source: Source,
    /// The bytecode or native function
    pub bytecode: String,
    #[command(flatten)]
    pub switches: Switches,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When standard error is a terminal
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tier {
    /// The interpreter's handlers
    Interp,
    /// The templates of compiled code
    Jit,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// The syntax tree, printed as a specification
    Ast,
    /// The dataflow graph as it is built
    Graph,
    /// The dataflow graph after each pass
    Passes,
    /// The dataflow graph after all passes
    Optimised,
    /// The low-level code
    Lir,
}
