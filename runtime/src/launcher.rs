//! What the launchers of all languages share: the VM's options on a command line, and statistics.

use crate::jit::Tier;
use crate::vm::{Options, Vm};

/// The lines of a usage text that describe the options read here.
pub const USAGE: &str = "  --stats     print statistics as JSON to stderr at the end
  --stats=hits
              count every instruction for them, which is slow: compile nothing
  --gc-stress collect at every safepoint
  --no-caches let no instruction remember what it has looked up
  --tier=T    interp: compile nothing; jit: compile each function when it is
              called first; auto: compile those that run often (default)
  --jit-threshold=N
              compile what has been called N times; jumps count in proportion
  --jit-budget=N
              use N bytes for machine code at most; N may end in K or M
  --perf-map  tell perf the names of compiled functions, in /tmp/perf-PID.map
  --gdb       tell GDB the names of compiled functions
  --dump-code FUNCTION
              print the compiled code of a function at the end; FUNCTION is its
              name, or FILE:LINE where it begins
";

/// What a command line asks of the VM.
#[derive(Clone, Debug, Default)]
pub struct VmArguments {
    /// How to set it up.
    pub options: Options,
    /// Print statistics at the end.
    pub stats: bool,
    /// The function whose compiled code is to be printed at the end.
    pub dump_code: Option<String>,
}

impl VmArguments {
    /// Takes an option of the VM, if these arguments begin with one. Answers how many arguments it takes.
    ///
    /// # Errors
    /// What is wrong with it, for the user.
    pub fn accept(&mut self, arguments: &[impl AsRef<[u8]>]) -> Result<usize, String> {
        let mut arguments = arguments.iter().map(|argument| std::str::from_utf8(argument.as_ref()));
        let Some(Ok(argument)) = arguments.next() else {
            return Ok(0);
        };
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument, None),
        };
        match (name, value) {
            ("--stats", None) => self.stats = true,
            ("--stats", Some("hits")) => {
                self.stats = true;
                self.options.count_instructions = true;
            }
            ("--gc-stress", None) => self.options.gc.stress = true,
            ("--no-caches", None) => self.options.no_caches = true,
            ("--tier", Some(tier)) => {
                self.options.jit.tier = match tier {
                    "interp" => Tier::Interpreter,
                    "jit" => Tier::Compiler,
                    "auto" => Tier::Automatic,
                    _ => return Err(format!("there is no tier '{tier}': it is interp, jit or auto")),
                }
            }
            ("--jit-threshold", value) => {
                let number = value.and_then(|value| value.parse().ok());
                self.options.jit.threshold = Some(number.ok_or("'--jit-threshold' needs a number")?);
            }
            ("--jit-budget", value) => {
                let bytes = value.and_then(size);
                self.options.jit.budget = bytes.ok_or("'--jit-budget' needs a number of bytes")?;
            }
            ("--perf-map", None) => self.options.jit.perf_map = true,
            #[cfg(feature = "debugging")]
            ("--gdb", None) => self.options.jit.gdb = true,
            #[cfg(feature = "debugging")]
            ("--dump-code", function) => {
                let next = function.is_none().then(|| arguments.next()).flatten();
                let function = function.or_else(|| next?.ok());
                self.dump_code = Some(function.ok_or("'--dump-code' needs the name of a function")?.to_owned());
                self.options.jit.listings = true;
                return Ok(1 + usize::from(next.is_some()));
            }
            #[cfg(not(feature = "debugging"))]
            ("--gdb" | "--dump-code", _) => return Err(format!("'{name}' needs the feature `debugging`")),
            _ => return Ok(0),
        }
        Ok(1)
    }

    /// What is to be printed at the end.
    pub fn report(&self, vm: &Vm) -> String {
        let mut report = String::new();
        #[cfg(feature = "debugging")]
        if let Some(function) = &self.dump_code {
            let listing = vm.list_compiled(function);
            match listing.is_empty() {
                true => report = format!("there is no function {function}\n"),
                false => report = listing,
            }
        }
        if self.stats {
            report.push_str(&stats(vm));
            report.push('\n');
        }
        report
    }
}

/// `4096`, `256K`, `64M`
fn size(text: &str) -> Option<usize> {
    let unit = match text.as_bytes().last()? {
        b'K' => 10,
        b'M' => 20,
        _ => return text.parse().ok(),
    };
    text[..text.len() - 1].parse::<usize>().ok()?.checked_mul(1 << unit)
}

/// Statistics of a VM, as JSON on one line.
fn stats(vm: &Vm) -> String {
    let gc = vm.gc_stats();
    let jit = vm.jit_stats();
    let gc = object([
        ("minor", gc.minor.to_string()),
        ("full", gc.full.to_string()),
        ("allocated_bytes", gc.allocated.to_string()),
        ("live_bytes", gc.live.to_string()),
        ("pauses", gc.pauses.to_string()),
        ("total_pause_seconds", gc.total_pause.as_secs_f64().to_string()),
        ("longest_pause_seconds", gc.longest_pause.as_secs_f64().to_string()),
        (
            "longest_pause_cpu_seconds",
            gc.longest_pause_cpu.as_secs_f64().to_string(),
        ),
    ]);
    let memory = match (jit.has_memory, jit.was_refused_memory) {
        (true, _) => "\"in use\"",
        (false, true) => "\"refused\"",
        (false, false) => "\"not needed\"",
    };
    let jit = object([
        ("memory", memory.to_owned()),
        ("functions", jit.functions.to_string()),
        ("instructions", jit.instructions.to_string()),
        ("bytecode_bytes", jit.bytecode_bytes.to_string()),
        ("hot_bytes", jit.hot_bytes.to_string()),
        ("cold_bytes", jit.cold_bytes.to_string()),
        ("bytes_in_use", jit.bytes_in_use.to_string()),
        ("seconds", jit.time.as_secs_f64().to_string()),
        ("loop_entries", jit.loop_entries.to_string()),
        ("cases_added", jit.cases_added.to_string()),
        ("refused", jit.refused.to_string()),
        ("evicted", jit.evicted.to_string()),
    ]);
    let sites = object(vm.site_stats().into_iter().map(|stats| {
        let counts = [("hits", stats.hits), ("uncached", stats.uncached)];
        let known = counts
            .into_iter()
            .filter_map(|(name, count)| Some((name, count?.to_string())));
        let sites = object(stats.sites.into_iter().map(|(name, count)| (name, count.to_string())));
        let misses = ("misses", stats.misses.to_string());
        (
            stats.name,
            object([misses].into_iter().chain(known).chain([("sites", sites)])),
        )
    }));
    object([
        ("gc", gc),
        ("heap_bytes", vm.bytes_in_use().to_string()),
        ("jit", jit),
        ("caches", sites),
    ])
}

/// `{"name": value, ..}`
fn object<'n>(fields: impl IntoIterator<Item = (&'n str, String)>) -> String {
    let fields = fields.into_iter().map(|(name, value)| format!("\"{name}\": {value}"));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_vm_are_taken() {
        let mut arguments = VmArguments::default();
        for option in [
            "--stats",
            "--gc-stress",
            "--no-caches",
            "--tier=jit",
            "--jit-threshold=7",
            "--jit-budget=64K",
        ] {
            assert_eq!(arguments.accept(&[option, "script"]), Ok(1), "{option}");
        }
        let options = arguments.options;
        assert!(arguments.stats && options.gc.stress && options.no_caches);
        assert_eq!((options.jit.tier, options.jit.threshold), (Tier::Compiler, Some(7)));
        assert_eq!(options.jit.budget, 64 << 10);
    }

    #[test]
    #[cfg(feature = "debugging")]
    fn the_function_to_be_listed_may_be_the_next_argument() {
        for (words, taken) in [(&["--dump-code", "f", "g"][..], 2), (&["--dump-code=f"], 1)] {
            let mut arguments = VmArguments::default();
            assert_eq!(arguments.accept(words), Ok(taken));
            assert_eq!(arguments.dump_code.as_deref(), Some("f"));
        }
    }

    #[test]
    fn others_are_left() {
        let mut arguments = VmArguments::default();
        for argument in ["-v", "--", "--stats=1", "--tier", "script", "--unknown"] {
            assert_eq!(arguments.accept(&[argument]), Ok(0), "{argument}");
        }
        assert_eq!(arguments.accept(&[b"\xff"]), Ok(0));
    }

    #[test]
    fn wrong_ones_say_what_is_wrong() {
        for (argument, message) in [
            ("--tier=fast", "there is no tier 'fast': it is interp, jit or auto"),
            ("--jit-threshold", "'--jit-threshold' needs a number"),
            ("--jit-threshold=x", "'--jit-threshold' needs a number"),
            ("--jit-budget=1G", "'--jit-budget' needs a number of bytes"),
            (
                "--jit-budget=99999999999999999999M",
                "'--jit-budget' needs a number of bytes",
            ),
        ] {
            let refused = VmArguments::default().accept(&[argument]);
            assert_eq!(refused, Err(message.to_owned()));
        }
    }
}
