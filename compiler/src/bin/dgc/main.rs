//! `dgc`: checks `.dg` specifications, builds VMs from them, and shows what it makes.

mod commands;
mod options;

use std::process::ExitCode;

use clap::Parser as _;
use options::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Check(args) => commands::check(args, cli.color),
        Command::Build(args) => commands::build(args, cli.color),
        Command::Asm(args) => commands::asm(args, cli.color),
        Command::Dump(args) => commands::dump(args, cli.color),
        Command::Graph(args) => commands::graph(args, cli.color),
        Command::Optimisations(args) => commands::optimisations(args, cli.color),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", failure.message);
            ExitCode::from(failure.status)
        }
    }
}
