//! `dglua`: runs Lua 5.1 programs, with the options and the exit status of PUC Lua's `lua`.

use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::ExitCode;

use dg_lua::{Lua, LuaError, LuaValue, Options, skip_shebang};

const VERSION: &str = concat!("Lua 5.1 (dglua ", env!("CARGO_PKG_VERSION"), ")");

const USAGE: &str = "\
usage: dglua [options] [script [args]]
Available options are:
  -e stat     execute string 'stat'
  -l name     require library 'name'
  -i          enter interactive mode after executing 'script'
  -v          show version information
  --          stop handling options
  -           execute stdin and stop handling options
  --stats     print statistics as JSON to stderr at the end
  --gc-stress collect at every safepoint
";

fn main() -> ExitCode {
    end_with_the_reader();
    let arguments: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    let command = match Command::parse(&arguments) {
        Ok(command) => command,
        Err(message) => {
            say(std::io::stderr(), format_args!("dglua: {message}\n{USAGE}"));
            return ExitCode::FAILURE;
        }
    };
    let mut options = Options::default();
    options.gc.stress = command.gc_stress;
    let mut lua = match Lua::with_options(options) {
        Ok(lua) => lua,
        Err(error) => {
            say(std::io::stderr(), format_args!("dglua: cannot create state: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    lua.keep_tracebacks();
    let ran = command.run(&mut lua, &arguments);
    if let Err(error) = &ran {
        report(&mut lua, error);
    }
    if command.stats {
        print_stats(&lua);
    }
    if ran.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Lets a closed pipe end the program, as it ends any other: Rust's runtime ignores the signal, and a program that
/// prints for ever would go on for nobody.
fn end_with_the_reader() {
    // SAFETY: no other thread runs yet, and the default action needs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Writes a line that the program itself does not depend on: where it cannot be written, nothing is lost.
fn say(mut to: impl Write, text: std::fmt::Arguments) {
    let _ = to.write_fmt(text).and_then(|()| to.flush());
}

/// What the command line asks for.
#[derive(Default)]
struct Command {
    steps: Vec<Step>,
    interactive: bool,
    version: bool,
    stats: bool,
    gc_stress: bool,
    /// Where the script's name is among the arguments.
    script: Option<usize>,
}

enum Step {
    Execute(Vec<u8>),
    Require(Vec<u8>),
}

impl Command {
    fn parse(arguments: &[Vec<u8>]) -> Result<Command, String> {
        let mut command = Command::default();
        let mut index = 1;
        while index < arguments.len() {
            let argument = &arguments[index][..];
            match argument {
                b"--" => {
                    index += 1;
                    break;
                }
                b"-" => break,
                b"--stats" => command.stats = true,
                b"--gc-stress" => command.gc_stress = true,
                b"-i" => {
                    command.interactive = true;
                    command.version = true;
                }
                b"-v" => command.version = true,
                [b'-', option @ (b'e' | b'l'), attached @ ..] => {
                    let text = if attached.is_empty() {
                        index += 1;
                        let name = char::from(*option);
                        arguments
                            .get(index)
                            .ok_or_else(|| format!("'-{name}' needs argument"))?
                    } else {
                        attached
                    };
                    let text = text.to_vec();
                    command.steps.push(if *option == b'e' {
                        Step::Execute(text)
                    } else {
                        Step::Require(text)
                    });
                }
                [b'-', ..] => return Err(format!("unrecognized option '{}'", String::from_utf8_lossy(argument))),
                _ => break,
            }
            index += 1;
        }
        command.script = (index < arguments.len()).then_some(index);
        Ok(command)
    }

    fn run(&self, lua: &mut Lua, arguments: &[Vec<u8>]) -> Result<(), LuaError> {
        if self.version {
            say(std::io::stdout(), format_args!("{VERSION}\n"));
        }
        for step in &self.steps {
            match step {
                Step::Execute(source) => execute(lua, source, b"=(command line)", &[])?,
                Step::Require(name) => {
                    let require = lua.global("require")?;
                    lua.call(&require, &[LuaValue::String(name.clone())])?;
                }
            }
        }
        if let Some(script) = self.script {
            set_arg(lua, arguments, script)?;
            let rest: Vec<_> = arguments[script + 1..].iter().cloned().map(LuaValue::String).collect();
            execute_file(lua, &arguments[script], &rest)?;
        }
        let nothing_else = self.script.is_none() && self.steps.is_empty() && !self.version;
        if self.interactive || nothing_else && std::io::stdin().is_terminal() {
            if nothing_else {
                say(std::io::stdout(), format_args!("{VERSION}\n"));
            }
            interact(lua);
        } else if nothing_else {
            execute_file(lua, b"-", &[])?;
        }
        Ok(())
    }
}

/// The global `arg`: the script's name at 0, its arguments behind, what stands before it at negative indices.
fn set_arg(lua: &mut Lua, arguments: &[Vec<u8>], script: usize) -> Result<(), LuaError> {
    let make = lua.load(
        b"local first, t = ..., {} for i = 2, select('#', ...) do t[i - 2 - first] = select(i, ...) end arg = t",
        b"=arg",
    )?;
    let mut values = vec![LuaValue::Number(script as f64)];
    values.extend(arguments.iter().cloned().map(LuaValue::String));
    lua.call(&make, &values).map(drop)
}

fn execute(lua: &mut Lua, source: &[u8], name: &[u8], arguments: &[LuaValue]) -> Result<(), LuaError> {
    let chunk = lua.load(source, name)?;
    lua.call(&chunk, arguments).map(drop)
}

/// Runs a file, or the standard input for `-`.
fn execute_file(lua: &mut Lua, path: &[u8], arguments: &[LuaValue]) -> Result<(), LuaError> {
    let (read, name) = if path == b"-" {
        let mut source = Vec::new();
        let read = std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut source);
        (read.map(|_| source), b"=stdin".to_vec())
    } else {
        (std::fs::read(std::ffi::OsStr::from_bytes(path)), [b"@", path].concat())
    };
    match read {
        Ok(source) => execute(lua, skip_shebang(&source), &name, arguments),
        Err(error) => {
            let message = format!(
                "cannot open {}: {}",
                String::from_utf8_lossy(path),
                dg_lua::error_reason(&error)
            );
            Err(LuaError {
                value: LuaValue::Nil,
                message,
                traceback: String::new(),
            })
        }
    }
}

/// Reads and runs statements and expressions until the input ends.
fn interact(lua: &mut Lua) {
    let mut input = std::io::stdin().lock();
    let mut source = Vec::new();
    loop {
        let prompt = if source.is_empty() { "> " } else { ">> " };
        say(std::io::stdout(), format_args!("{prompt}"));
        let before = source.len();
        if input.read_until(b'\n', &mut source).is_err() || source.len() == before {
            say(std::io::stdout(), format_args!("\n"));
            return;
        }
        if before == 0 && source.first() == Some(&b'=') {
            source.splice(..1, *b"return ");
        }
        match lua.load(&source, b"=stdin") {
            Ok(chunk) => {
                source.clear();
                let printed = lua.call(&chunk, &[]).and_then(|results| match results.as_slice() {
                    [] => Ok(Vec::new()),
                    results => lua.global("print").and_then(|print| lua.call(&print, results)),
                });
                flush(lua);
                if let Err(error) = printed {
                    report(lua, &error);
                }
            }
            Err(error) if error.message.ends_with("near '<eof>'") => {}
            Err(error) => {
                source.clear();
                report(lua, &error);
            }
        }
    }
}

/// Writes out what the program has printed, so that messages come after it.
fn flush(lua: &mut Lua) {
    dg_lua::flush_files(lua);
}

fn report(lua: &mut Lua, error: &LuaError) {
    flush(lua);
    say(std::io::stderr(), format_args!("dglua: {}\n", error.message));
    if !error.traceback.is_empty() {
        say(std::io::stderr(), format_args!("{}\n", error.traceback));
    }
}

fn print_stats(lua: &Lua) {
    let stats = lua.vm().gc_stats();
    say(
        std::io::stderr(),
        format_args!(
            "{{\"gc\": {{\"minor\": {}, \"full\": {}, \"allocated_bytes\": {}, \"live_bytes\": {}, \"total_pause_seconds\": {}, \
         \"longest_pause_seconds\": {}}}, \"heap_bytes\": {}}}\n",
            stats.minor,
            stats.full,
            stats.allocated,
            stats.live,
            stats.total_pause.as_secs_f64(),
            stats.longest_pause.as_secs_f64(),
            lua.vm().bytes_in_use(),
        ),
    );
}
