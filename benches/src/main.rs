//! Runs the benchmark programs on several engines and reports how they compare.
//!
//! Rounds are interleaved: within a program every engine runs once per round, so a machine that gets
//! slower for a while slows all of them. Times are CPU time (user + system) of the child process alone.
//! Outputs are compared with those of the base engine, because a fast wrong answer is no answer.

mod engine;
mod language;
mod measure;
mod options;
mod pauses;
mod report;
mod run;
mod startup;
mod suite;

use std::process::ExitCode;

use clap::Parser;

use crate::options::Options;

fn main() -> ExitCode {
    match benchmark(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Does what the command line asks for. `Ok(false)` means that something ran, and failed or disagreed.
fn benchmark(options: &Options) -> Result<bool, String> {
    let programs = suite::select(options.language, &options.folder(), &options.filter)?;
    if options.list {
        print!("{}", suite::listing(&programs));
        return Ok(true);
    }
    if options.pauses {
        let dglua = engine::own(options)?
            .into_iter()
            .next()
            .ok_or("--pauses measures dglua")?;
        return pauses::measure(&programs, &dglua, options);
    }
    let engines = engine::select(options)?;
    if options.start_up {
        return startup::measure(&engines, options);
    }
    let results = run::run_all(&programs, &engines, options);
    let report = report::Report::new(&engines, results, options);
    print!("{}", report.table());
    if let Some(path) = &options.json {
        report::write_json(&report, path)?;
    }
    Ok(report.failures().is_empty())
}
