//! How long an engine takes to do nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use crate::engine::Engine;
use crate::language::Language;
use crate::measure::{self, Run};
use crate::options::{Options, Statistic};
use crate::report::{align, number};

/// Runs an empty program on all engines, round robin, and prints CPU time, wall-clock time and peak RSS of
/// each. `Ok(false)`: an engine failed.
pub fn measure(engines: &[Engine], options: &Options) -> Result<bool, String> {
    let script = EmptyProgram::create(options.language)?;
    let mut records: Vec<Result<Vec<Run>, String>> = engines.iter().map(|_| Ok(Vec::new())).collect();
    for _ in 0..options.rounds() {
        for (engine, record) in engines.iter().zip(&mut records) {
            if let Ok(runs) = record {
                let mut command = Command::new(&engine.program);
                command.args(&engine.args).arg(script.path());
                match measure::run(&mut command, options.time_limit()) {
                    Ok(run) => runs.push(run),
                    Err(message) => *record = Err(message),
                }
            }
        }
    }
    let mut rows = vec![
        ["start-up", "CPU ms", "wall ms", "peak MB"]
            .map(str::to_string)
            .to_vec(),
    ];
    rows.extend(
        engines
            .iter()
            .zip(&records)
            .map(|(engine, record)| row(engine, record, options.stat)),
    );
    print!("{}", align(&rows));
    for (engine, record) in engines.iter().zip(&records) {
        if let Err(message) = record {
            println!("FAILED {}: {message}", engine.name);
        }
    }
    Ok(records.iter().all(Result::is_ok))
}

fn row(engine: &Engine, record: &Result<Vec<Run>, String>, statistic: Statistic) -> Vec<String> {
    let runs = record.as_deref().unwrap_or_default();
    let column = |field: fn(&Run) -> f64, decimals| {
        let samples: Vec<f64> = runs.iter().map(field).collect();
        number((!samples.is_empty()).then(|| statistic.of(&samples)), decimals)
    };
    vec![
        engine.name.clone(),
        column(|run| run.cpu * 1e3, 2),
        column(|run| run.wall * 1e3, 2),
        column(|run| run.peak_rss as f64 / 1e6, 2),
    ]
}

/// An empty file that is removed when no longer needed.
struct EmptyProgram(PathBuf);

impl EmptyProgram {
    fn create(language: Language) -> Result<EmptyProgram, String> {
        let name = format!("Empty{}", process::id());
        let path = env::temp_dir().join(&name).with_extension(language.extension());
        fs::write(&path, language.empty_program(&name))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(EmptyProgram(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for EmptyProgram {
    fn drop(&mut self) {
        // A file left behind in the temporary folder harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}
