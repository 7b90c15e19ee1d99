//! Turns measurements into ratios, means, a table for people and JSON for programs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::engine::Engine;
use crate::options::{Options, Statistic};
use crate::run::{Outcome, ProgramResult};

/// Everything that is reported; also the JSON document.
#[derive(Serialize)]
pub struct Report {
    /// The engine that others are compared with.
    base: String,
    rounds: u32,
    quick: bool,
    /// Means per engine, the base first.
    engines: Vec<EngineSummary>,
    programs: Vec<ProgramSummary>,
}

#[derive(Serialize)]
struct EngineSummary {
    name: String,
    /// Geometric mean of the speed-ups over the programs that both this engine and the base ran; none if
    /// there is no such program.
    speed_up: Option<f64>,
    /// Geometric mean of peak RSS relative to the base, over the same programs.
    memory: Option<f64>,
    /// How many programs the means are over.
    compared: usize,
    failed: usize,
}

#[derive(Serialize)]
struct ProgramSummary {
    name: String,
    /// By engine name.
    engines: BTreeMap<String, Cell>,
}

/// One engine on one program.
#[derive(Serialize, Default)]
struct Cell {
    /// CPU seconds: the minimum or median of the rounds.
    cpu: Option<f64>,
    /// CPU seconds of each round.
    samples: Vec<f64>,
    peak_rss: Option<u64>,
    /// Base time / own time: above 1 is faster than the base.
    speed_up: Option<f64>,
    /// Own peak RSS / base peak RSS: below 1 is smaller than the base.
    memory: Option<f64>,
    failure: Option<String>,
}

impl Report {
    /// Summarises `results`; the first of `engines` is the base.
    pub fn new(engines: &[Engine], results: Vec<ProgramResult>, options: &Options) -> Report {
        let names: Vec<String> = engines.iter().map(|engine| engine.name.clone()).collect();
        let programs: Vec<_> = results
            .iter()
            .map(|result| summarise(&names, result, options.stat))
            .collect();
        let engines = names.iter().map(|name| EngineSummary::new(name, &programs)).collect();
        Report {
            base: options.base().to_string(),
            rounds: options.rounds(),
            quick: options.quick,
            engines,
            programs,
        }
    }

    /// What went wrong, one line per engine and program.
    pub fn failures(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for program in &self.programs {
            for engine in &self.engines {
                if let Some(failure) = &program.engines[&engine.name].failure {
                    lines.push(format!("{} on {}: {failure}", program.name, engine.name));
                }
            }
        }
        lines
    }

    /// The table for people: seconds of the base, speed-up and memory of the others, means, failures.
    pub fn table(&self) -> String {
        let mut rows = vec![self.header()];
        rows.extend(self.programs.iter().map(|program| self.row(program)));
        rows.push(self.means());
        let mut text = format!(
            "speed-up against {} (higher is faster), and peak RSS relative to it (lower is smaller)\n\n{}",
            self.base,
            align(&rows)
        );
        for failure in self.failures() {
            text += &format!("FAILED {failure}\n");
        }
        text
    }

    fn others(&self) -> &[EngineSummary] {
        &self.engines[1..]
    }

    fn header(&self) -> Vec<String> {
        let mut row = vec!["program".to_string(), format!("{} s", self.base), "MB".to_string()];
        for engine in self.others() {
            row.extend([engine.name.clone(), "rss".to_string()]);
        }
        row
    }

    fn row(&self, program: &ProgramSummary) -> Vec<String> {
        let base = &program.engines[&self.base];
        let megabytes = base.peak_rss.map(|bytes| bytes as f64 / 1e6);
        let mut row = vec![program.name.clone(), number(base.cpu, 3), number(megabytes, 1)];
        for engine in self.others() {
            let cell = &program.engines[&engine.name];
            match cell.failure {
                Some(_) => row.extend(["FAILED".to_string(), "-".to_string()]),
                None => row.extend([number(cell.speed_up, 2), number(cell.memory, 2)]),
            }
        }
        row
    }

    fn means(&self) -> Vec<String> {
        let mut row = vec!["geometric mean".to_string(), String::new(), String::new()];
        for engine in self.others() {
            row.extend([number(engine.speed_up, 2), number(engine.memory, 2)]);
        }
        row
    }
}

/// Writes `report` to `path`; the error names the path.
pub fn write_json(report: &Report, path: &Path) -> Result<(), String> {
    let text = serde_json::to_string_pretty(report).map_err(|error| format!("cannot write JSON: {error}"))?;
    fs::write(path, text + "\n").map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// The mean of ratios: the n-th root of their product. None of nothing.
pub fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    if ratios.is_empty() {
        return None;
    }
    // Summing logarithms cannot overflow where the product could.
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    Some((sum / ratios.len() as f64).exp())
}

/// Pads columns: the first to the left, the others to the right.
pub fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.len())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            line += &if column == 0 {
                format!("{cell:<width$}")
            } else {
                format!("  {cell:>width$}")
            };
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// `value` with so many decimals, or a dash.
pub fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_string(), |value| format!("{value:.decimals$}"))
}

impl EngineSummary {
    fn new(name: &str, programs: &[ProgramSummary]) -> EngineSummary {
        let cells: Vec<&Cell> = programs.iter().map(|program| &program.engines[name]).collect();
        let speed_ups: Vec<f64> = cells.iter().filter_map(|cell| cell.speed_up).collect();
        let memories: Vec<f64> = cells.iter().filter_map(|cell| cell.memory).collect();
        EngineSummary {
            name: name.to_string(),
            speed_up: geometric_mean(&speed_ups),
            memory: geometric_mean(&memories),
            compared: speed_ups.len(),
            failed: cells.iter().filter(|cell| cell.failure.is_some()).count(),
        }
    }
}

fn summarise(names: &[String], result: &ProgramResult, statistic: Statistic) -> ProgramSummary {
    let base = cell(&result.outcomes[0], &Cell::default(), statistic);
    let cells = result.outcomes.iter().map(|outcome| cell(outcome, &base, statistic));
    ProgramSummary {
        name: result.name.clone(),
        engines: names.iter().cloned().zip(cells).collect(),
    }
}

fn cell(outcome: &Outcome, base: &Cell, statistic: Statistic) -> Cell {
    match outcome {
        Err(failure) => Cell {
            failure: Some(failure.clone()),
            ..Cell::default()
        },
        Ok(measured) => {
            let cpu = statistic.of(&measured.cpu);
            Cell {
                cpu: Some(cpu),
                samples: measured.cpu.clone(),
                peak_rss: Some(measured.peak_rss),
                speed_up: base.cpu.map(|base| ratio(base, cpu)),
                memory: base.peak_rss.map(|base| ratio(measured.peak_rss as f64, base as f64)),
                failure: None,
            }
        }
    }
}

/// `a / b`. Both are at least one microsecond or byte: what the kernel reports as zero is below its clock.
fn ratio(a: f64, b: f64) -> f64 {
    const LEAST: f64 = 1e-6;
    a.max(LEAST) / b.max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Measured;
    use clap::Parser;
    use std::path::PathBuf;

    fn engine(name: &str) -> Engine {
        Engine {
            name: name.to_string(),
            program: PathBuf::from(name),
            args: Vec::new(),
        }
    }

    fn took(cpu: &[f64], peak_rss: u64) -> Outcome {
        Ok(Measured {
            cpu: cpu.to_vec(),
            peak_rss,
        })
    }

    fn report(results: Vec<Vec<Outcome>>) -> Report {
        let named = |(index, outcomes)| ProgramResult {
            name: format!("p{index}"),
            outcomes,
        };
        let options = Options::parse_from(["dg-benches"]);
        Report::new(
            &[engine("lua5.1"), engine("fast")],
            results.into_iter().enumerate().map(named).collect(),
            &options,
        )
    }

    #[test]
    fn geometric_means() {
        assert_eq!(geometric_mean(&[]), None);
        let close = |ratios: &[f64], expected: f64| {
            let mean = geometric_mean(ratios).unwrap();
            assert!((mean - expected).abs() < 1e-9 * expected, "{mean}, not {expected}");
        };
        close(&[3.0], 3.0);
        close(&[2.0, 8.0], 4.0);
        close(&[0.5, 2.0], 1.0);
        close(&[1e300, 1e300, 1e300], 1e300);
    }

    #[test]
    fn ratios_and_means_of_a_report() {
        let report = report(vec![
            vec![took(&[4.0, 5.0], 1_000_000), took(&[2.5, 2.0], 2_000_000)],
            vec![took(&[8.0], 1_000_000), took(&[1.0], 500_000)],
        ]);
        let expected = "\
speed-up against lua5.1 (higher is faster), and peak RSS relative to it (lower is smaller)

program         lua5.1 s   MB  fast   rss
p0                 4.000  1.0  2.00  2.00
p1                 8.000  1.0  8.00  0.50
geometric mean                 4.00  1.00
";
        assert_eq!(report.table(), expected);
        assert!(report.failures().is_empty());
        assert_eq!((report.engines[1].compared, report.engines[1].failed), (2, 0));
    }

    #[test]
    fn a_failure_is_reported_and_left_out_of_the_mean() {
        let report = report(vec![
            vec![took(&[6.0], 10), took(&[2.0], 10)],
            vec![took(&[6.0], 10), Err("wrong output".to_string())],
            vec![Err("stopped after 1 s".to_string()), took(&[0.1], 10)],
        ]);
        assert_eq!(
            report.failures(),
            ["p1 on fast: wrong output", "p2 on lua5.1: stopped after 1 s"]
        );
        assert_eq!((report.engines[1].compared, report.engines[1].failed), (1, 1));
        assert!((report.engines[1].speed_up.unwrap() - 3.0).abs() < 1e-12);
        assert!(
            report
                .table()
                .ends_with("FAILED p1 on fast: wrong output\nFAILED p2 on lua5.1: stopped after 1 s\n")
        );
    }

    #[test]
    fn json_holds_ratios_and_samples() {
        let report = report(vec![vec![took(&[4.0, 5.0], 100), took(&[2.0, 3.0], 50)]]);
        let json = serde_json::to_value(&report).unwrap();
        let fast = &json["programs"][0]["engines"]["fast"];
        assert_eq!(fast["speed_up"], 2.0);
        assert_eq!(fast["memory"], 0.5);
        assert_eq!(fast["samples"], serde_json::json!([2.0, 3.0]));
        assert_eq!(json["engines"][1]["compared"], 1);
    }
}
