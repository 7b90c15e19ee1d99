//! `dglua`: runs Lua 5.1 programs, with the options and the exit status of PUC Lua's `lua`.

mod history;
mod interactive;
mod interrupt;

use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::ExitCode;

use dg_lua::{Error, Function, Lua, Result, StdLib, Variadic, VmArguments, launcher, skip_shebang};

use interactive::interact;
use interrupt::interruptible;

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
";

fn main() -> ExitCode {
    end_with_the_reader();
    let arguments: Vec<Vec<u8>> = std::env::args_os().map(OsStringExt::into_vec).collect();
    let command = match Command::parse(&arguments) {
        Ok(command) => command,
        Err(message) => {
            say(
                std::io::stderr(),
                format_args!("{}: {message}\n{USAGE}{}", name_of(&arguments), launcher::USAGE),
            );
            return ExitCode::FAILURE;
        }
    };
    let lua = match Lua::new_with(StdLib::ALL, command.vm.options) {
        Ok(lua) => lua,
        Err(error) => {
            say(std::io::stderr(), format_args!("dglua: cannot create state: {error}\n"));
            return ExitCode::FAILURE;
        }
    };
    let ran = command.run(&lua, &arguments);
    if let Err(error) = &ran {
        report(&lua, Some(&name_of(&arguments)), error);
    }
    say(std::io::stderr(), format_args!("{}", lua.report(&command.vm)));
    if ran.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// What the program is called.
fn name_of(arguments: &[Vec<u8>]) -> String {
    let name = arguments.first().filter(|name| !name.is_empty());
    name.map_or("dglua".into(), |name| String::from_utf8_lossy(name).into_owned())
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
    vm: VmArguments,
    /// Where the script's name is among the arguments.
    script: Option<usize>,
}

enum Step {
    Execute(Vec<u8>),
    Require(Vec<u8>),
}

impl Command {
    fn parse(arguments: &[Vec<u8>]) -> std::result::Result<Command, String> {
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
                [b'-', ..] => match command.vm.accept(&arguments[index..])? {
                    0 => return Err(format!("unrecognized option '{}'", String::from_utf8_lossy(argument))),
                    taken => index += taken - 1,
                },
                _ => break,
            }
            index += 1;
        }
        command.script = (index < arguments.len()).then_some(index);
        Ok(command)
    }

    fn run(&self, lua: &Lua, arguments: &[Vec<u8>]) -> Result<()> {
        run_init(lua)?;
        if self.version {
            say(std::io::stderr(), format_args!("{VERSION}\n"));
        }
        for step in &self.steps {
            match step {
                Step::Execute(source) => {
                    let chunk = lua.load(source).set_name("=(command line)").into_function()?;
                    interruptible(lua, || chunk.call::<()>(()))?;
                }
                Step::Require(name) => {
                    let require: Function = lua.globals().get("require")?;
                    let name = lua.create_string(name)?;
                    interruptible(lua, || require.call::<()>(name))?;
                }
            }
        }
        if let Some(script) = self.script {
            set_arg(lua, arguments, script)?;
            // Behind `--` it is a name, whatever it looks like.
            let is_input = arguments[script] == b"-" && arguments[script - 1] != b"--";
            let path = (!is_input).then_some(&arguments[script][..]);
            execute_file(lua, path, &arguments[script + 1..])?;
        }
        let nothing_else = self.script.is_none() && self.steps.is_empty() && !self.version;
        if self.interactive || nothing_else && std::io::stdin().is_terminal() {
            if nothing_else {
                say(std::io::stderr(), format_args!("{VERSION}\n"));
            }
            interact(lua);
        } else if nothing_else {
            execute_file(lua, None, &[])?;
        }
        Ok(())
    }
}

/// The global `arg`: the script's name at 0, its arguments behind, what stands before it at negative indices.
fn set_arg(lua: &Lua, arguments: &[Vec<u8>], script: usize) -> Result<()> {
    let arg = lua.create_table()?;
    for (index, argument) in arguments.iter().enumerate() {
        arg.set(index as f64 - script as f64, lua.create_string(argument)?)?;
    }
    lua.globals().set("arg", arg)
}

/// What the environment says that is run first: a file, after `@`, or statements.
fn run_init(lua: &Lua) -> Result<()> {
    let Some(init) = std::env::var_os("LUA_INIT").map(OsStringExt::into_vec) else {
        return Ok(());
    };
    if let Some(path) = init.strip_prefix(b"@") {
        return execute_file(lua, Some(path), &[]);
    }
    let chunk = lua.load(&init).set_name("=LUA_INIT").into_function()?;
    interruptible(lua, || chunk.call(()))
}

/// Runs a file, or the standard input.
fn execute_file(lua: &Lua, path: Option<&[u8]>, arguments: &[Vec<u8>]) -> Result<()> {
    let arguments: Result<Variadic<_>> = arguments.iter().map(|text| lua.create_string(text)).collect();
    let chunk = match path {
        Some(path) => lua.load(Path::new(OsStr::from_bytes(path))).into_function()?,
        None => {
            let mut source = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut source)?;
            lua.load(skip_shebang(&source)).set_name("=stdin").into_function()?
        }
    };
    let arguments = arguments?;
    interruptible(lua, || chunk.call(arguments))
}

/// Shows an error, after what the program has printed; who reports it, in front, unless that is clear.
fn report(lua: &Lua, program: Option<&str>, error: &Error) {
    lua.flush_files();
    let program = program.map_or(String::new(), |name| format!("{name}: "));
    say(std::io::stderr(), format_args!("{program}{}\n", error.message()));
    if let Some(traceback) = error.traceback() {
        say(std::io::stderr(), format_args!("{traceback}\n"));
    }
}
