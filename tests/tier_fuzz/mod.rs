//! Random programs print the same however the VM runs them: what all languages share of this test.
//!
//! A language writes programs from seeds, and says in which ways its VM runs one. A difference is made small and written
//! to the directory of the tests' temporary files.

pub mod random;
mod reduce;

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use reduce::reduce;

/// The options that programs are run with.
pub type Way = &'static [&'static str];

/// Seconds of the processor that a program may take; those that take longer are not compared.
const SECONDS: libc::rlim_t = 5;

/// A language, and how its programs are run.
pub struct Language {
    /// The VM.
    pub vm: &'static str,
    /// Where files can be written.
    pub directory: &'static str,
    /// The first way is what the others are compared with.
    pub ways: &'static [Way],
    /// Further ones, for programs that do not do much: a collection at every safepoint.
    pub stressed: &'static [Way],
    /// Writes the program of a seed.
    pub program: fn(u64) -> String,
    /// Puts a program into a directory, and answers the file to run.
    pub store: fn(&Path, &str) -> PathBuf,
}

/// What a program did.
#[derive(PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: Option<i32>,
    /// What it printed.
    pub out: Vec<u8>,
    /// The message, without where it came from.
    pub error: Vec<u8>,
}

impl Language {
    /// Runs programs from a seed on, on all processors; fails with the first difference of each.
    pub fn check(&self, seed: u64, programs: u64) {
        eprintln!("programs of the seeds from {seed} on: set DG_FUZZ_SEED to repeat them");
        let next = AtomicU64::new(0);
        let found = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..std::thread::available_parallelism().map_or(2, usize::from))
                .map(|thread| {
                    let next = &next;
                    scope.spawn(move || self.check_some(seed, programs, next, &self.place(&thread.to_string())))
                })
                .collect();
            let found = threads
                .into_iter()
                .filter_map(|thread| thread.join().expect("no thread panics"));
            found.collect::<Vec<_>>()
        });
        assert!(found.is_empty(), "{}", found.join("\n\n"));
    }

    /// What the program of a seed does with a VM's defaults.
    ///
    /// # Panics
    /// If it takes too long.
    pub fn outcome(&self, seed: u64) -> Outcome {
        let place = self.place("sample");
        let outcome = self.store_and_run(&(self.program)(seed), &[], &place);
        fs::remove_dir_all(&place).ok();
        outcome.expect("it ends soon")
    }

    fn check_some(&self, seed: u64, programs: u64, next: &AtomicU64, place: &Path) -> Option<String> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= programs {
                fs::remove_dir_all(place).ok();
                return None;
            }
            let seed = seed.wrapping_add(number);
            let text = (self.program)(seed);
            let Some(way) = self.difference(&text, place) else {
                continue;
            };
            next.store(programs, Ordering::Relaxed);
            let base = self.ways[0];
            let small = reduce(&text, |text| {
                let Some(expected) = self.store_and_run(text, base, place) else {
                    return false;
                };
                // What is left may print addresses: then it is not even the same twice.
                self.differs(text, way, place, &expected) && !self.differs(text, base, place, &expected)
            });
            let kept = (self.store)(&self.place(&format!("difference-{seed}")), &small);
            let (way, kept) = (way.join(" "), kept.display());
            return Some(format!("seed {seed} differs with {way}: {kept}\n{small}"));
        }
    }

    /// The way in which a program does something else than in the first way.
    fn difference(&self, text: &str, place: &Path) -> Option<Way> {
        let expected = self.store_and_run(text, self.ways[0], place)?;
        let mut ways = self.ways[1..].to_vec();
        // What prints much does much.
        if expected.out.len() < 4000 {
            ways.extend(self.stressed);
        }
        ways.into_iter().find(|way| self.differs(text, way, place, &expected))
    }

    fn differs(&self, text: &str, way: Way, place: &Path, expected: &Outcome) -> bool {
        let outcome = self.store_and_run(text, way, place);
        outcome.is_some_and(|outcome| outcome != *expected)
    }

    /// What a program does; `None` if it takes too long.
    fn store_and_run(&self, text: &str, way: Way, place: &Path) -> Option<Outcome> {
        let mut command = Command::new(self.vm);
        command.args(way).arg((self.store)(place, text)).stdin(Stdio::null());
        // SAFETY: between fork and exec it makes a system call only.
        unsafe { command.pre_exec(limit_time) };
        let output = command.output().expect("the program can be started");
        if output.status.signal() == Some(libc::SIGXCPU) {
            return None;
        }
        let error = output.stderr.split(|byte| *byte == b'\n').next();
        Some(Outcome {
            status: output.status.code(),
            out: output.stdout,
            error: error.unwrap_or_default().to_vec(),
        })
    }

    /// A directory for a program.
    fn place(&self, name: &str) -> PathBuf {
        let process = std::process::id();
        let place = Path::new(self.directory).join(format!("tier-fuzz-{process}-{name}"));
        fs::create_dir_all(&place).expect("the directory for tests can be written");
        place
    }
}

fn limit_time() -> std::io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: SECONDS,
        rlim_max: SECONDS + 1,
    };
    // SAFETY: reads the limit.
    match unsafe { libc::setrlimit(libc::RLIMIT_CPU, &raw const limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// The seed that the environment asks for, or another one each time.
pub fn seed() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH);
    let new = time.map_or(1, |time| time.as_millis() as u64 * 1000);
    number_from_environment("DG_FUZZ_SEED").unwrap_or(new)
}

/// How many programs the environment asks for.
pub fn programs() -> u64 {
    number_from_environment("DG_FUZZ_PROGRAMS").unwrap_or(20_000)
}

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
