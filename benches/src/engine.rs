//! The engines: which there are, where they are, and which of them this run compares.

use std::env;
use std::path::{Path, PathBuf};

use crate::options::Options;

/// A command that runs a program: `command args... program size`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    pub name: String,
    pub program: PathBuf,
    pub args: Vec<String>,
}

/// The engines that `options` ask for, the base first. An engine that nobody asked for by name and that
/// is not installed is left out with a note on stderr.
pub fn select(options: &Options) -> Result<Vec<Engine>, String> {
    let mut engines = Vec::new();
    engines.extend(own(options)?);
    for (name, program, args) in options.language.installed() {
        match find(Path::new(program)) {
            Some(program) => engines.push(Engine {
                name: name.to_string(),
                program,
                args: args.iter().map(|arg| arg.to_string()).collect(),
            }),
            None => eprintln!("note: {name} is left out: no `{program}` on PATH"),
        }
    }
    for definition in &options.engine {
        engines.push(parse(definition)?);
    }
    reject_duplicates(&engines)?;
    if !options.only.is_empty() {
        engines = options
            .only
            .iter()
            .map(|name| named(&engines, name).cloned())
            .collect::<Result<_, _>>()?;
    }
    let base = named(&engines, options.base())
        .map_err(|message| format!("{message}; --base must name an engine that takes part"))?
        .clone();
    engines.retain(|engine| *engine != base);
    engines.insert(0, base);
    Ok(engines)
}

/// Our own engines, as far as they are built.
pub fn own(options: &Options) -> Result<Vec<Engine>, String> {
    let beside = |command: &str| find(&env::current_exe().ok()?.with_file_name(command));
    let mut engines = Vec::new();
    for (name, command, args) in options.language.own() {
        let program = match &options.own {
            Some(path) => find(path).ok_or_else(|| format!("--own: `{}` is not an executable file", path.display()))?,
            None => match beside(command) {
                Some(path) => path,
                None => {
                    eprintln!(
                        "note: {name} is left out: not built yet (cargo build --release --bin {command}), \
                         or say --own PATH"
                    );
                    continue;
                }
            },
        };
        let given = words(options.own_args.as_deref().unwrap_or_default());
        engines.push(Engine {
            name: name.to_string(),
            program,
            args: args.iter().map(|arg| arg.to_string()).chain(given).collect(),
        });
    }
    Ok(engines)
}

fn parse(definition: &str) -> Result<Engine, String> {
    let shape = || format!("--engine: expected `name=command args`, found `{definition}`");
    let (name, command) = definition.split_once('=').ok_or_else(shape)?;
    let mut words = words(command).into_iter();
    let program = words.next().filter(|_| !name.trim().is_empty()).ok_or_else(shape)?;
    let program =
        find(Path::new(&program)).ok_or_else(|| format!("--engine {name}: `{program}` is not an executable file"))?;
    Ok(Engine {
        name: name.trim().to_string(),
        program,
        args: words.collect(),
    })
}

fn reject_duplicates(engines: &[Engine]) -> Result<(), String> {
    for (index, engine) in engines.iter().enumerate() {
        if engines[..index].iter().any(|earlier| earlier.name == engine.name) {
            return Err(format!("two engines are named `{}`", engine.name));
        }
    }
    Ok(())
}

fn named<'a>(engines: &'a [Engine], name: &str) -> Result<&'a Engine, String> {
    engines.iter().find(|engine| engine.name == name).ok_or_else(|| {
        let known: Vec<_> = engines.iter().map(|engine| format!("`{}`", engine.name)).collect();
        format!("no engine is named `{name}`; there are: {}", known.join(", "))
    })
}

/// Resolves a command the way a shell does: a path stands for itself, a bare name is looked up on `PATH`.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return is_executable(program).then(|| program.to_path_buf());
    }
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_a_name_and_a_command() {
        let engine = parse("shell = /bin/sh -e -u").unwrap();
        assert_eq!(engine.name, "shell");
        assert_eq!(engine.program, Path::new("/bin/sh"));
        assert_eq!(engine.args, ["-e", "-u"]);
    }

    #[test]
    fn bad_definitions_are_explained() {
        assert_eq!(
            parse("sh").unwrap_err(),
            "--engine: expected `name=command args`, found `sh`"
        );
        assert_eq!(
            parse("x=").unwrap_err(),
            "--engine: expected `name=command args`, found `x=`"
        );
        assert_eq!(
            parse("=sh").unwrap_err(),
            "--engine: expected `name=command args`, found `=sh`"
        );
        assert_eq!(
            parse("x=./no/such").unwrap_err(),
            "--engine x: `./no/such` is not an executable file"
        );
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let engines = [parse("a=/bin/sh").unwrap(), parse("b=/bin/sh").unwrap()];
        assert_eq!(
            named(&engines, "c").unwrap_err(),
            "no engine is named `c`; there are: `a`, `b`"
        );
        assert!(reject_duplicates(&engines).is_ok());
        assert!(reject_duplicates(&[engines[0].clone(), engines[0].clone()]).is_err());
    }
}
