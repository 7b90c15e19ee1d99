//! What the launchers of all languages share: the VM's options on a command line, and statistics.

use crate::jit::Tier;
use crate::vm::{Options, Vm};

/// The lines of a usage text that describe the options read here.
pub const USAGE: &str = "  --stats     print statistics as JSON to stderr at the end
  --gc-stress collect at every safepoint
  --no-caches let no instruction remember what it has looked up
  --tier=T    interp: compile nothing; jit: compile each function when it is
              called first; auto: compile those that run often (default)
  --jit-threshold=N
              compile what has been called N times; eight jumps count as a call
  --jit-budget=N
              use N bytes for machine code at most; N may end in K or M
";

/// What a command line asks of the VM.
#[derive(Clone, Debug, Default)]
pub struct VmArguments {
    /// How to set it up.
    pub options: Options,
    /// Print statistics at the end.
    pub stats: bool,
}

impl VmArguments {
    /// Takes an argument, if it is an option of the VM. Answers whether it is.
    ///
    /// # Errors
    /// What is wrong with it, for the user.
    pub fn accept(&mut self, argument: &[u8]) -> Result<bool, String> {
        let Ok(argument) = std::str::from_utf8(argument) else {
            return Ok(false);
        };
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument, None),
        };
        match (name, value) {
            ("--stats", None) => self.stats = true,
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
                self.options.jit.threshold = number.ok_or("'--jit-threshold' needs a number")?;
            }
            ("--jit-budget", value) => {
                let bytes = value.and_then(size);
                self.options.jit.budget = bytes.ok_or("'--jit-budget' needs a number of bytes")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
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
pub fn stats(vm: &Vm) -> String {
    let gc = vm.gc_stats();
    let jit = vm.jit_stats();
    format!(
        "{{\"gc\": {{\"minor\": {}, \"full\": {}, \"allocated_bytes\": {}, \"live_bytes\": {}, \"total_pause_seconds\": {}, \
         \"longest_pause_seconds\": {}}}, \"heap_bytes\": {}, \"jit\": {{\"functions\": {}, \"instructions\": {}, \
         \"bytecode_bytes\": {}, \"hot_bytes\": {}, \"bytes_in_use\": {}, \"seconds\": {}, \"loop_entries\": {}, \
         \"refused\": {}, \"evicted\": {}, \"has_memory\": {}}}}}",
        gc.minor,
        gc.full,
        gc.allocated,
        gc.live,
        gc.total_pause.as_secs_f64(),
        gc.longest_pause.as_secs_f64(),
        vm.bytes_in_use(),
        jit.functions,
        jit.instructions,
        jit.bytecode_bytes,
        jit.hot_bytes,
        jit.bytes_in_use,
        jit.time.as_secs_f64(),
        jit.loop_entries,
        jit.refused,
        jit.evicted,
        jit.has_memory,
    )
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
            assert_eq!(arguments.accept(option.as_bytes()), Ok(true), "{option}");
        }
        let options = arguments.options;
        assert!(arguments.stats && options.gc.stress && options.no_caches);
        assert_eq!((options.jit.tier, options.jit.threshold), (Tier::Compiler, 7));
        assert_eq!(options.jit.budget, 64 << 10);
    }

    #[test]
    fn others_are_left() {
        let mut arguments = VmArguments::default();
        for argument in ["-v", "--", "--stats=1", "--tier", "script", "--unknown"] {
            assert_eq!(arguments.accept(argument.as_bytes()), Ok(false), "{argument}");
        }
        assert_eq!(arguments.accept(b"\xff"), Ok(false));
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
            let refused = VmArguments::default().accept(argument.as_bytes());
            assert_eq!(refused, Err(message.to_owned()));
        }
    }
}
