//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::language::Language;

/// Compares engines on the benchmark programs.
#[derive(Parser, Debug)]
#[command(name = "dg-benches", version)]
pub struct Options {
    /// The language of the programs
    #[arg(long, value_enum, default_value_t = Language::Lua)]
    pub language: Language,

    /// Run only programs whose name contains one of these words
    #[arg(long, value_name = "WORD", value_delimiter = ',')]
    pub filter: Vec<String>,

    /// List the programs and stop
    #[arg(long)]
    pub list: bool,

    /// Use the small size of each program, and one run unless --runs says otherwise: a smoke test
    #[arg(long)]
    pub quick: bool,

    /// Measure an empty program instead of the programs
    #[arg(long)]
    pub start_up: bool,

    /// Measure how long the collector of dglua stops the programs, which are those of `pauses/` unless said otherwise
    #[arg(long)]
    pub pauses: bool,

    /// Rounds per program, each of which runs every engine once [default: 3; 1 with --quick; 40 with --start-up]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: Option<u32>,

    /// Which of the CPU times of the rounds counts
    #[arg(long, value_enum, default_value_t = Statistic::Min)]
    pub stat: Statistic,

    /// Stop a run that takes longer than this many seconds (wall clock) and count it as failed
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, value_parser = positive_seconds)]
    pub time_limit: f64,

    /// Path of our engine [default: `dglua` or `dgsom` in the folder of this runner]
    #[arg(long, value_name = "PATH", alias = "dglua")]
    pub own: Option<PathBuf>,

    /// Arguments for our engine before the program, separated by blanks
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true, alias = "dglua-args")]
    pub own_args: Option<String>,

    /// Add an engine: `name=command args`, separated by blanks; may be repeated
    #[arg(long, value_name = "NAME=COMMAND")]
    pub engine: Vec<String>,

    /// Run only these engines, in this order
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,

    /// The engine that others are compared with [default: lua5.1, or dgsom's interpreter]
    #[arg(long, value_name = "NAME")]
    pub base: Option<String>,

    /// Also write the results as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Folder of the programs [default: the language's]
    #[arg(long, value_name = "DIR")]
    pub programs: Option<PathBuf>,
}

impl Options {
    /// The folder of the programs.
    pub fn folder(&self) -> PathBuf {
        let default = || match self.pauses {
            true => Path::new(env!("CARGO_MANIFEST_DIR")).join("pauses"),
            false => self.language.folder(),
        };
        self.programs.clone().unwrap_or_else(default)
    }

    /// The name of the engine that others are compared with.
    pub fn base(&self) -> &str {
        self.base.as_deref().unwrap_or(self.language.base())
    }

    /// How often each engine runs each program.
    pub fn rounds(&self) -> u32 {
        let default = match (self.start_up, self.quick) {
            (true, _) => 40,
            (false, true) => 1,
            (false, false) => 3,
        };
        self.runs.unwrap_or(default)
    }

    /// The wall-clock limit of one run.
    pub fn time_limit(&self) -> Duration {
        Duration::from_secs_f64(self.time_limit)
    }
}

/// How the times of several rounds become one number.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    Min,
    Median,
}

impl Statistic {
    /// Reduces `samples`, in any unit, to one number. Panics on an empty slice.
    pub fn of(self, samples: &[f64]) -> f64 {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        match self {
            Statistic::Min => sorted[0],
            Statistic::Median => {
                let upper = sorted.len() / 2;
                let lower = (sorted.len() - 1) / 2;
                (sorted[lower] + sorted[upper]) / 2.0
            }
        }
    }
}

fn positive_seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds < 1e9 => Ok(seconds),
        _ => Err("expected a positive number of seconds".to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_odd_and_even_counts() {
        assert_eq!(Statistic::Min.of(&[3.0, 1.0, 2.0]), 1.0);
        assert_eq!(Statistic::Median.of(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(Statistic::Median.of(&[4.0, 1.0, 2.0, 10.0]), 3.0);
        assert_eq!(Statistic::Median.of(&[7.0]), 7.0);
    }

    #[test]
    fn rounds_follow_the_mode_unless_given() {
        let rounds = |arguments: &[&str]| {
            let line = ["dg-benches"].iter().chain(arguments);
            Options::try_parse_from(line).unwrap().rounds()
        };
        assert_eq!(rounds(&[]), 3);
        assert_eq!(rounds(&["--quick"]), 1);
        assert_eq!(rounds(&["--start-up"]), 40);
        assert_eq!(rounds(&["--quick", "--runs", "5"]), 5);
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [
            ["--runs", "0"],
            ["--time-limit", "0"],
            ["--time-limit", "nan"],
            ["--stat", "mean"],
        ] {
            let line = ["dg-benches"].iter().chain(&arguments);
            assert!(Options::try_parse_from(line).is_err(), "{arguments:?} was accepted");
        }
    }
}
