//! The programs: a folder of files, each of which says in its first two lines what it does and how small it can be
//! made. A program of several files is a folder of its own, and the file of the folder's name is the program.
//!
//! ```lua
//! -- Sieve of Eratosthenes over a table of booleans.
//! -- quick: 2000
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use crate::language::Language;

/// A benchmark program. Its first argument is its size; without one it runs at its default size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The file name without its extension.
    pub name: String,
    pub path: PathBuf,
    /// What it does, in one line.
    pub about: String,
    /// The size for a smoke test.
    pub quick: String,
}

/// The programs in `folder` whose names contain one of `words` (all of them if there are none), by name.
pub fn select(language: Language, folder: &Path, words: &[String]) -> Result<Vec<Program>, String> {
    let programs = load(language, folder)?;
    let wanted = |program: &Program| words.is_empty() || words.iter().any(|word| program.name.contains(word.as_str()));
    let selected: Vec<_> = programs.into_iter().filter(wanted).collect();
    if selected.is_empty() {
        return Err(format!(
            "no program in {} matches; --list shows them without --filter",
            folder.display()
        ));
    }
    Ok(selected)
}

/// One line per program: name and what it does.
pub fn listing(programs: &[Program]) -> String {
    let width = programs.iter().map(|program| program.name.len()).max().unwrap_or(0);
    programs
        .iter()
        .map(|program| format!("{:width$}  {}\n", program.name, program.about))
        .collect()
}

fn load(language: Language, folder: &Path) -> Result<Vec<Program>, String> {
    let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut programs = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let mut path = entry.map_err(unreadable)?.path();
        if path.is_dir()
            && let Some(name) = path.file_name()
        {
            path = path.join(name).with_extension(language.extension());
        }
        if path.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == language.extension())
        {
            let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            programs.push(parse(language, &path, &text)?);
        }
    }
    programs.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(programs)
}

fn parse(language: Language, path: &Path, text: &str) -> Result<Program, String> {
    let (before, behind) = language.comment();
    let comment = |line: Option<&str>| {
        line.and_then(|line| line.strip_prefix(before)?.trim_end().strip_suffix(behind))
            .map(|rest| rest.trim().to_string())
    };
    let mut lines = text.lines();
    let about = comment(lines.next())
        .ok_or_else(|| format!("{}:1: expected `{before}what the program does{behind}`", path.display()))?;
    let quick = comment(lines.next())
        .and_then(|line| line.strip_prefix("quick: ").map(str::to_string))
        .filter(|size| size.parse::<u64>().is_ok())
        .ok_or_else(|| {
            format!(
                "{}:2: expected `{before}quick: SIZE{behind}`, a whole number",
                path.display()
            )
        })?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Program {
        name,
        path: path.to_path_buf(),
        about,
        quick,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_a_header_and_takes_a_size() {
        let of_som = load(Language::Som, &Language::Som.folder()).unwrap();
        assert!(of_som.len() >= 22, "only {} programs in SOM", of_som.len());
        let programs = load(Language::Lua, &Language::Lua.folder()).unwrap();
        assert!(programs.len() >= 36, "only {} programs", programs.len());
        let library = load(
            Language::Lua,
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/library")),
        )
        .unwrap();
        assert!(library.len() >= 20, "only {} library functions", library.len());
        for program in programs.into_iter().chain(library).chain(of_som) {
            let text = fs::read_to_string(&program.path).unwrap();
            assert!(
                text.contains("tonumber(arg and arg[1])") || text.contains("(arguments at: 2) asInteger"),
                "{} takes no size",
                program.name
            );
            assert!(
                program.about.ends_with('.'),
                "{}: `{}` is no sentence",
                program.name,
                program.about
            );
        }
    }

    #[test]
    fn the_header_is_two_comments() {
        let som = "\"Recursion.\"\n\"quick: 20\"\nFib = ( )\n";
        let program = parse(Language::Som, Path::new("Fib/Fib.som"), som).unwrap();
        assert_eq!((program.about.as_str(), program.quick.as_str()), ("Recursion.", "20"));
        let parse = |text: &str| parse(Language::Lua, Path::new("dir/fib.lua"), text);
        let program = parse("-- Recursion.\n-- quick: 20\nprint(1)\n").unwrap();
        assert_eq!(
            (program.name.as_str(), program.about.as_str(), program.quick.as_str()),
            ("fib", "Recursion.", "20")
        );
        assert_eq!(
            parse("print(1)").unwrap_err(),
            "dir/fib.lua:1: expected `-- what the program does`"
        );
        for second in ["", "\n-- quick:", "\n-- quick: many", "\n-- slow: 3"] {
            let error = parse(&format!("-- Recursion.{second}")).unwrap_err();
            assert_eq!(error, "dir/fib.lua:2: expected `-- quick: SIZE`, a whole number");
        }
    }
}
