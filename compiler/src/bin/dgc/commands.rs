//! What each command does.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use dg_compiler::pipeline::{self, Failure, Options};
use dg_compiler::{dot, emit, ir, listing, lower};
use dg_spec::Style;

use crate::options::{Asm, Build, Color, Dump, Graph, Source, Stage, Switches, Tier};

/// Diagnostics shown in one run.
const SHOWN: usize = 50;

/// What ends the program with an error.
pub struct Problem {
    /// The exit status.
    pub status: u8,
    /// Whole lines, for standard error.
    pub message: String,
}

type Outcome = Result<(), Problem>;

const SPEC_ERRORS: u8 = 1;
const USAGE: u8 = 2;

/// `dgc check FILE`
pub fn check(args: &Source, color: Color) -> Outcome {
    let source = Text::read(&args.file, color)?;
    pipeline::check(&source.text).map_err(|failure| source.problem(failure))?;
    Ok(())
}

/// `dgc build FILE --out DIR`
pub fn build(args: &Build, color: Color) -> Outcome {
    let source = Text::read(&args.source.file, color)?;
    let options = switches(&args.switches)?;
    let image = pipeline::image(&source.text, &options).map_err(|failure| source.problem(failure))?;
    let name = args
        .name
        .clone()
        .unwrap_or_else(|| format!("{}-vm", image.spec.language));
    if !is_crate_name(&name) {
        return Err(usage(format!(
            "`{name}` is no name for a crate: use letters, digits, `-` and `_`"
        )));
    }
    let runtime = match &args.runtime {
        Some(path) => Some(std::fs::canonicalize(path).map_err(|error| cannot("find", path, &error))?),
        None => None,
    };
    for (path, text) in emit::standalone_crate(&image, &name, runtime.as_deref()) {
        let path = args.out.join(path);
        let parent = path.parent().unwrap_or(&args.out);
        std::fs::create_dir_all(parent).map_err(|error| cannot("make", parent, &error))?;
        std::fs::write(&path, text).map_err(|error| cannot("write", &path, &error))?;
    }
    Ok(())
}

/// `dgc asm FILE [BYTECODE]`
pub fn asm(args: &Asm, color: Color) -> Outcome {
    let source = Text::read(&args.source.file, color)?;
    let options = switches(&args.switches)?;
    let image = pipeline::image(&source.text, &options).map_err(|failure| source.problem(failure))?;
    let path = source.path.display().to_string();
    let listings = match args.tier {
        Tier::Interp => listing::listings(&image, &path),
        Tier::Jit => listing::templates(&image, &path),
    };
    let mut text = String::new();
    for (name, listing) in &listings {
        if args.bytecode.as_deref().is_none_or(|wanted| belongs_to(name, wanted)) {
            let _ = writeln!(text, "{listing}");
        }
    }
    if text.is_empty() {
        let wanted = args.bytecode.as_deref().unwrap_or_default();
        return Err(unknown(wanted, listings.iter().map(|(name, _)| name.as_str())));
    }
    print(&text)
}

/// `dgc dump FILE --stage STAGE [BYTECODE]`
pub fn dump(args: &Dump, color: Color) -> Outcome {
    let source = Text::read(&args.source.file, color)?;
    let options = switches(&args.switches)?;
    let wanted = args.bytecode.as_deref();
    let text = match args.stage {
        Stage::Ast => {
            let spec = pipeline::parse(&source.text).map_err(|failure| source.problem(failure))?;
            items(spec, wanted)?
        }
        Stage::Graph => {
            let program = pipeline::graph(&source.text).map_err(|failure| source.problem(failure))?;
            functions(&program, wanted)?
        }
        Stage::Passes => {
            let mut text = String::new();
            let mut number = 0;
            let observe = |pass: &str, program: &ir::Program| {
                number += 1;
                let _ = writeln!(text, "; after pass {number}, {pass}\n");
                text.push_str(&functions(program, wanted).unwrap_or_default());
            };
            pipeline::optimised(&source.text, &options, observe).map_err(|failure| source.problem(failure))?;
            text
        }
        Stage::Optimised => {
            let program = pipeline::optimised(&source.text, &options, |_, _| {});
            functions(&program.map_err(|failure| source.problem(failure))?, wanted)?
        }
        Stage::Lir => {
            let program = pipeline::optimised(&source.text, &options, |_, _| {});
            let program = program.map_err(|failure| source.problem(failure))?;
            let lowered = lower::functions(&program, options.lowering())
                .map_err(|error| source.problem(Failure::Unsupported(error.to_string())))?;
            let shown = lowered
                .iter()
                .filter(|function| wanted.is_none_or(|wanted| belongs_to(&function.name, wanted)));
            let text: String = shown.map(|function| format!("{function}\n")).collect();
            match wanted {
                Some(wanted) if text.is_empty() => {
                    return Err(unknown(wanted, lowered.iter().map(|function| function.name.as_str())));
                }
                _ => text,
            }
        }
    };
    print(&text)
}

/// `dgc graph FILE BYTECODE`
pub fn graph(args: &Graph, color: Color) -> Outcome {
    let source = Text::read(&args.source.file, color)?;
    let options = switches(&args.switches)?;
    let program = pipeline::optimised(&source.text, &options, |_, _| {});
    let program = program.map_err(|failure| source.problem(failure))?;
    let chosen: Vec<ir::FunctionId> = program
        .functions
        .iter()
        .filter(|(_, function)| belongs_to(&function.name, &args.bytecode))
        .map(|(id, _)| id)
        .collect();
    if chosen.is_empty() {
        return Err(unknown(
            &args.bytecode,
            program.functions.values().map(|function| function.name.as_str()),
        ));
    }
    print(&dot::dot(&program, &chosen))
}

/// `dgc optimisations FILE`
pub fn optimisations(args: &Source, color: Color) -> Outcome {
    let source = Text::read(&args.file, color)?;
    let mut text = format!(
        "{:<26} {:>10} {:>9} {:>10}\n",
        "left out", "hot instr.", "hot bytes", "cold bytes"
    );
    let nothing = std::iter::once(("nothing", ""));
    for (name, summary) in nothing.chain(pipeline::optimisations()) {
        let options = Options::without((!summary.is_empty()).then_some(name)).map_err(usage)?;
        let image = pipeline::image(&source.text, &options).map_err(|failure| source.problem(failure))?;
        let (mut hot, mut hot_bytes, mut cold_bytes) = (0, 0, 0);
        for symbol in &image.code {
            match symbol.section {
                emit::Section::Hot => {
                    hot += symbol.object.instruction_count();
                    hot_bytes += symbol.object.bytes.len();
                }
                emit::Section::Cold => cold_bytes += symbol.object.bytes.len(),
            }
        }
        let row = format!("{name:<26} {hot:>10} {hot_bytes:>9} {cold_bytes:>10}  {summary}");
        let _ = writeln!(text, "{}", row.trim_end());
    }
    print(&text)
}

/// The items named `wanted`, or all of them, as a specification.
fn items(mut spec: dg_spec::ast::Spec, wanted: Option<&str>) -> Result<String, Problem> {
    let Some(wanted) = wanted else {
        return Ok(dg_spec::print(&spec));
    };
    let is_wanted = |item: &dg_spec::ast::Item| item.name().is_some_and(|name| name.as_str() == wanted);
    if !spec.items.iter().any(is_wanted) {
        let names = spec.items.iter().filter_map(|item| Some(item.name()?.as_str()));
        return Err(unknown(wanted, names));
    }
    spec.items.retain(is_wanted);
    spec.docs.clear();
    Ok(dg_spec::print(&spec))
}

/// The text form of the functions that belong to `wanted`.
fn functions(program: &ir::Program, wanted: Option<&str>) -> Result<String, Problem> {
    let mut text = String::new();
    for (id, function) in program.functions.iter() {
        if wanted.is_none_or(|wanted| belongs_to(&function.name, wanted)) {
            let _ = writeln!(text, "{}", ir::print::print_function(program, id));
        }
    }
    match wanted {
        Some(wanted) if text.is_empty() => Err(unknown(
            wanted,
            program.functions.values().map(|function| function.name.as_str()),
        )),
        _ => Ok(text),
    }
}

/// Whether a symbol is `wanted`, or a variant or part of it.
fn belongs_to(name: &str, wanted: &str) -> bool {
    name.strip_prefix(wanted)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn unknown<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Problem {
    let names: Vec<&str> = names.collect();
    let hint = dg_spec::nearest(wanted, names.iter().copied())
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default();
    usage(format!("there is nothing named `{wanted}`{hint}"))
}

fn switches(switches: &Switches) -> Result<Options, Problem> {
    Options::without(switches.disable.iter().map(String::as_str)).map_err(|error| usage(error.to_string()))
}

fn is_crate_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn usage(message: impl std::fmt::Display) -> Problem {
    Problem {
        status: USAGE,
        message: format!("error: {message}\n"),
    }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Problem {
    usage(format!("cannot {what} {}: {error}", path.display()))
}

/// Writes to standard output; a reader that has gone away is no error.
fn print(text: &str) -> Outcome {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(usage(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// A specification that was read.
struct Text {
    path: PathBuf,
    text: String,
    style: Style,
}

impl Text {
    fn read(path: &Path, color: Color) -> Result<Self, Problem> {
        let style = match color {
            Color::Always => Style::Colored,
            Color::Never => Style::Plain,
            Color::Auto if std::io::stderr().is_terminal() => Style::Colored,
            Color::Auto => Style::Plain,
        };
        let bytes = std::fs::read(path).map_err(|error| cannot("read", path, &error))?;
        let mut source = Self {
            path: path.to_owned(),
            text: String::new(),
            style,
        };
        match dg_spec::decode(&bytes) {
            Ok(text) => text.clone_into(&mut source.text),
            Err(diagnostic) => return Err(source.problem(Failure::Spec(vec![diagnostic]))),
        }
        Ok(source)
    }

    fn problem(&self, failure: Failure) -> Problem {
        let path = self.path.display().to_string();
        let message = match failure {
            Failure::Spec(diagnostics) => dg_spec::render(&path, &self.text, &diagnostics, SHOWN, self.style),
            Failure::Unsupported(message) => format!("error: {path}: {message}\n"),
        };
        Problem {
            status: SPEC_ERRORS,
            message,
        }
    }
}
