//! Runs every program on every engine, round robin, and compares outputs.

use std::process::Command;

use crate::engine::Engine;
use crate::measure::{self, Run};
use crate::options::Options;
use crate::suite::Program;

/// What all engines did on one program.
pub struct ProgramResult {
    pub name: String,
    /// One per engine, in the order of the engines.
    pub outcomes: Vec<Outcome>,
}

/// All rounds of one engine on one program, or why it failed.
pub type Outcome = Result<Measured, String>;

/// The samples of an engine that ran a program to its end in every round, with the right output.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// CPU seconds, one per round.
    pub cpu: Vec<f64>,
    /// The largest resident set of all rounds, in bytes.
    pub peak_rss: u64,
}

/// Measures `programs` on `engines`, of which the first is the base whose output is the right one. Progress
/// goes to stderr. An engine that fails on a program sits out the remaining rounds of that program.
pub fn run_all(programs: &[Program], engines: &[Engine], options: &Options) -> Vec<ProgramResult> {
    let run_one = |(index, program): (usize, &Program)| {
        eprintln!("[{}/{}] {}", index + 1, programs.len(), program.name);
        run_program(program, engines, options)
    };
    programs.iter().enumerate().map(run_one).collect()
}

fn run_program(program: &Program, engines: &[Engine], options: &Options) -> ProgramResult {
    let mut records: Vec<Result<Vec<Run>, String>> = engines.iter().map(|_| Ok(Vec::new())).collect();
    for _ in 0..options.rounds() {
        for (engine, record) in engines.iter().zip(&mut records) {
            if let Ok(runs) = record {
                match measure::run(&mut command(engine, program, options.quick), options.time_limit()) {
                    Ok(run) => runs.push(run),
                    Err(message) => *record = Err(message),
                }
            }
        }
    }
    let expected = records[0].as_ref().ok().map(|runs| runs[0].stdout.clone());
    let outcomes = records
        .into_iter()
        .map(|record| outcome(record?, expected.as_deref()))
        .collect();
    ProgramResult {
        name: program.name.clone(),
        outcomes,
    }
}

fn command(engine: &Engine, program: &Program, quick: bool) -> Command {
    let mut command = Command::new(&engine.program);
    command.args(&engine.args).arg(&program.path);
    if quick {
        command.arg(&program.quick);
    }
    command
}

/// Judges the runs of one engine. Without an `expected` output, the base having failed, the first round's is
/// taken, so that at least the rounds have to agree.
fn outcome(runs: Vec<Run>, expected: Option<&[u8]>) -> Outcome {
    let expected = expected.unwrap_or(&runs[0].stdout);
    if let Some(wrong) = runs.iter().find(|run| run.stdout != expected) {
        return Err(describe_difference(expected, &wrong.stdout));
    }
    Ok(Measured {
        cpu: runs.iter().map(|run| run.cpu).collect(),
        peak_rss: runs.iter().map(|run| run.peak_rss).max().unwrap_or(0),
    })
}

/// Names the first line that differs.
fn describe_difference(expected: &[u8], found: &[u8]) -> String {
    let (expected, found) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(found));
    let (mut expected, mut found) = (expected.lines(), found.lines());
    for line in 1.. {
        match (expected.next(), found.next()) {
            (Some(right), Some(wrong)) if right == wrong => {}
            (Some(right), Some(wrong)) => {
                return format!("wrong output in line {line}: `{wrong}`, not `{right}`");
            }
            (Some(right), None) => {
                return format!("wrong output: ends before line {line}, `{right}`");
            }
            (None, Some(wrong)) => {
                return format!("wrong output: goes on after the end, line {line}: `{wrong}`");
            }
            (None, None) => break,
        }
    }
    "wrong output: line ends differ".to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> Run {
        Run {
            cpu: 1.0,
            wall: 1.0,
            peak_rss: 10,
            stdout: text.as_bytes().to_vec(),
            stderr: Vec::new(),
        }
    }

    #[test]
    fn equal_outputs_are_measured() {
        let measured = outcome(
            vec![
                printed("a\n"),
                Run {
                    cpu: 2.0,
                    peak_rss: 30,
                    ..printed("a\n")
                },
            ],
            Some(b"a\n"),
        );
        assert_eq!(
            measured,
            Ok(Measured {
                cpu: vec![1.0, 2.0],
                peak_rss: 30
            })
        );
    }

    #[test]
    fn a_wrong_output_in_any_round_is_a_failure() {
        let error = outcome(vec![printed("a\nb\n"), printed("a\nc\n")], Some(b"a\nb\n")).unwrap_err();
        assert_eq!(error, "wrong output in line 2: `c`, not `b`");
    }

    #[test]
    fn rounds_must_agree_even_without_a_base() {
        assert!(outcome(vec![printed("a"), printed("a")], None).is_ok());
        assert!(outcome(vec![printed("a"), printed("b")], None).is_err());
    }

    #[test]
    fn differences_are_located() {
        assert_eq!(
            describe_difference(b"a\nb\n", b"a\n"),
            "wrong output: ends before line 2, `b`"
        );
        assert_eq!(
            describe_difference(b"a\n", b"a\nb\n"),
            "wrong output: goes on after the end, line 2: `b`"
        );
        assert_eq!(describe_difference(b"a\n", b"a"), "wrong output: line ends differ");
    }
}
