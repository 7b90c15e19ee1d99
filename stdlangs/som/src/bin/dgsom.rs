//! `dgsom`: runs SOM programs.

use std::ffi::OsString;
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dg_som::{Som, SomError, SomValue, VmArguments, launcher};

const USAGE: &str = "\
usage: dgsom [options] [File.som [arguments]]
Without a file, lines are read and evaluated; `it` is the value of the line before.
Available options are:
  -cp A:B:C    look for classes in these directories, in this order (.)
  -HnMB, -HnKB limit the memory for objects
  -d           show the bytecode of methods when they are compiled
  -cfg         show how the program was built
  -h, --help   show this text
  -v           show the version
";

fn main() -> ExitCode {
    end_with_the_reader();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let command = match Command::parse(&arguments) {
        Ok(command) => command,
        Err(message) => {
            say(
                std::io::stderr(),
                format_args!("dgsom: {message}\n{USAGE}{}", launcher::USAGE),
            );
            return ExitCode::FAILURE;
        }
    };
    match command.show {
        Some(Show::Usage) => say(std::io::stdout(), format_args!("{USAGE}{}", launcher::USAGE)),
        Some(Show::Version) => say(std::io::stdout(), format_args!("dgsom {}\n", env!("CARGO_PKG_VERSION"))),
        Some(Show::Configuration) => say(
            std::io::stdout(),
            format_args!(
                "dgsom {}\nintegers: 32 bits in values, any size in objects\n",
                env!("CARGO_PKG_VERSION")
            ),
        ),
        None => return command.start(),
    }
    ExitCode::SUCCESS
}

/// Lets a closed pipe end the program, as it ends any other: Rust's runtime ignores the signal, and a program that
/// prints for ever would go on for nobody.
fn end_with_the_reader() {
    // SAFETY: no other thread runs yet, and the default action needs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Writes a text that the program itself does not depend on: where it cannot be written, nothing is lost.
fn say(mut to: impl Write, text: std::fmt::Arguments) {
    let _ = to.write_fmt(text).and_then(|()| to.flush());
}

enum Show {
    Usage,
    Version,
    Configuration,
}

/// What the command line asks for.
#[derive(Default)]
struct Command {
    class_path: Vec<PathBuf>,
    vm: VmArguments,
    show: Option<Show>,
    dump: bool,
    /// The program and its arguments.
    program: Vec<OsString>,
}

impl Command {
    fn parse(arguments: &[OsString]) -> Result<Command, String> {
        let mut command = Command::default();
        let words: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
        command.vm.options = Som::options();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_bytes() {
                b"-cp" => {
                    let path = rest.next().ok_or("-cp needs a list of directories")?;
                    let directories = path.as_bytes().split(|&byte| byte == b':');
                    command.class_path = directories
                        .map(|directory| PathBuf::from(OsString::from_vec(directory.to_vec())))
                        .collect();
                }
                b"-h" | b"--help" => command.show = Some(Show::Usage),
                b"-v" => command.show = Some(Show::Version),
                b"-cfg" => command.show = Some(Show::Configuration),
                b"-d" => command.dump = true,
                [b'-', b'H', size @ ..] => {
                    let limit = memory_size(size)
                        .ok_or_else(|| format!("{} is no size: write -H16MB or -H512KB", argument.to_string_lossy()))?;
                    command.vm.options.gc.limit = Some(limit);
                }
                [b'-', ..] => match command.vm.accept(&words[words.len() - rest.len() - 1..])? {
                    0 => return Err(format!("there is no option {}", argument.to_string_lossy())),
                    taken => drop(rest.by_ref().take(taken - 1).count()),
                },
                _ => {
                    command.program.push(argument.clone());
                    command.program.extend(rest.cloned());
                    break;
                }
            }
        }
        Ok(command)
    }

    /// The directories to look for classes in, and the arguments for the system object.
    fn resolve(&self) -> (Vec<PathBuf>, Vec<Vec<u8>>) {
        let mut class_path = self.class_path.clone();
        let mut arguments: Vec<Vec<u8>> = self.program.iter().map(|word| word.as_bytes().to_vec()).collect();
        if let Some(first) = self.program.first() {
            let path = Path::new(first);
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            if let Some(directory) = directory
                && !class_path.iter().any(|known| known == directory)
            {
                class_path.insert(0, directory.to_path_buf());
            }
            let name = path.file_name().unwrap_or(first).as_bytes();
            arguments[0] = name.strip_suffix(b".som").unwrap_or(name).to_vec();
        }
        if !class_path.iter().any(|known| known == Path::new(".")) {
            class_path.push(".".into());
        }
        (class_path, arguments)
    }

    fn start(&self) -> ExitCode {
        let (class_path, arguments) = self.resolve();
        let mut som = match Som::with_options(&class_path, self.vm.options) {
            Ok(som) => som,
            Err(error) => {
                say(std::io::stderr(), format_args!("dgsom: {error}\n"));
                return ExitCode::FAILURE;
            }
        };
        som.show_bytecode(self.dump);
        let ended = if arguments.is_empty() {
            interact(&mut som)
        } else {
            som.run(&arguments).map(drop)
        };
        som.flush();
        let status = match ended {
            Ok(()) => 0,
            Err(SomError::Exit(status)) => status,
            Err(error @ SomError::Failed { .. }) => {
                report(&error);
                1
            }
        };
        say(std::io::stderr(), format_args!("{}", self.vm.report(som.vm())));
        ExitCode::from(status as u8)
    }
}

/// `16MB`, `512KB`
fn memory_size(text: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(text).ok()?;
    let (digits, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let unit = match unit {
        "KB" => 10,
        "MB" => 20,
        "GB" => 30,
        _ => return None,
    };
    digits.parse::<usize>().ok()?.checked_mul(1 << unit)
}

/// Errors are part of what a program prints; where they come from is not.
fn report(error: &SomError) {
    if let SomError::Failed { message, traceback } = error {
        say(std::io::stdout(), format_args!("ERROR: {message}\n"));
        say(std::io::stderr(), format_args!("{traceback}"));
    }
}

/// Reads and evaluates lines until the input ends.
fn interact(som: &mut Som) -> Result<(), SomError> {
    let mut input = std::io::stdin().lock();
    let prompt = std::io::stdin().is_terminal();
    let mut it = SomValue::Nil;
    loop {
        if prompt {
            say(std::io::stdout(), format_args!("---> "));
        }
        let mut line = Vec::new();
        match input.read_until(b'\n', &mut line) {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Ok(()),
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.trim().is_empty() {
            continue;
        }
        let evaluated = som
            .evaluate_with(line.trim_end(), &it)
            .and_then(|value| som.send(&value, "println", &[]).map(|_| value));
        som.flush();
        match evaluated {
            Ok(value) => it = value,
            Err(error @ SomError::Failed { .. }) => report(&error),
            Err(error) => return Err(error),
        }
    }
}
