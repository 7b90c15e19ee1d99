//! How long the collector stops a program.

use std::process::Command;

use serde::Deserialize;

use crate::engine::Engine;
use crate::measure::{self, Run};
use crate::options::Options;
use crate::report::align;
use crate::suite::Program;

/// What `dglua --stats` prints.
#[derive(Deserialize)]
struct Stats {
    gc: Collector,
}

#[derive(Deserialize)]
struct Collector {
    minor: u64,
    full: u64,
    live_bytes: u64,
    pauses: u64,
    total_pause_seconds: f64,
    longest_pause_seconds: f64,
    longest_pause_cpu_seconds: f64,
}

/// Runs programs once on dglua, and prints what the collector says of itself. `Ok(false)`: a run failed.
pub fn measure(programs: &[Program], dglua: &Engine, options: &Options) -> Result<bool, String> {
    let head = [
        "program",
        "CPU s",
        "live MB",
        "peak MB",
        "minor",
        "full",
        "pauses",
        "longest ms",
        "on CPU ms",
        "all ms",
    ];
    let mut rows = vec![head.map(str::to_string).to_vec()];
    let mut failures = Vec::new();
    for (index, program) in programs.iter().enumerate() {
        eprintln!("[{}/{}] {}", index + 1, programs.len(), program.name);
        let mut command = Command::new(&dglua.program);
        command.args(&dglua.args).arg("--stats").arg(&program.path);
        if options.quick {
            command.arg(&program.quick);
        }
        let measured = measure::run(&mut command, options.time_limit()).and_then(|run| Ok((stats(&run)?, run)));
        match measured {
            Ok((stats, run)) => rows.push(row(&program.name, &stats, &run)),
            Err(message) => failures.push(format!("FAILED {}: {message}\n", program.name)),
        }
    }
    print!("{}{}", align(&rows), failures.concat());
    Ok(failures.is_empty())
}

/// Reads the statistics, which are a line of the standard error.
fn stats(run: &Run) -> Result<Collector, String> {
    let text = String::from_utf8_lossy(&run.stderr);
    let line = text.lines().find(|line| line.starts_with('{'));
    let stats = serde_json::from_str::<Stats>(line.ok_or("it does not print statistics")?);
    Ok(stats
        .map_err(|error| format!("its statistics are not as expected: {error}"))?
        .gc)
}

fn row(name: &str, stats: &Collector, run: &Run) -> Vec<String> {
    let megabytes = |bytes: u64| format!("{:.0}", bytes as f64 / 1e6);
    let milliseconds = |seconds: f64| format!("{:.1}", seconds * 1e3);
    vec![
        name.to_string(),
        format!("{:.2}", run.cpu),
        megabytes(stats.live_bytes),
        megabytes(run.peak_rss),
        stats.minor.to_string(),
        stats.full.to_string(),
        stats.pauses.to_string(),
        milliseconds(stats.longest_pause_seconds),
        milliseconds(stats.longest_pause_cpu_seconds),
        milliseconds(stats.total_pause_seconds),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(stderr: &str) -> Run {
        Run {
            cpu: 1.5,
            wall: 2.0,
            peak_rss: 30_000_000,
            stdout: Vec::new(),
            stderr: stderr.into(),
        }
    }

    #[test]
    fn statistics_are_read() {
        let run = printed(
            "a warning\n{\"gc\": {\"minor\": 3, \"full\": 1, \"live_bytes\": 2000000, \"pauses\": 5, \"total_pause_seconds\": 0.5, \
             \"longest_pause_seconds\": 0.0123, \"longest_pause_cpu_seconds\": 0.01}, \"heap_bytes\": 7}\n",
        );
        let expected = ["p", "1.50", "2", "30", "3", "1", "5", "12.3", "10.0", "500.0"];
        assert_eq!(row("p", &stats(&run).unwrap(), &run), expected);
    }

    #[test]
    fn missing_statistics_are_an_error() {
        assert!(stats(&printed("")).is_err_and(|message| message == "it does not print statistics"));
        assert!(stats(&printed("{}\n")).is_err());
    }
}
