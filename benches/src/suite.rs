//! The programs: a folder of Lua files, each of which says in its first two lines what it does and how
//! small it can be made.
//!
//! ```lua
//! -- Sieve of Eratosthenes over a table of booleans.
//! -- quick: 2000
//! ```

use std::fs;
use std::path::{Path, PathBuf};

/// A benchmark program. Its first argument is its size; without one it runs at its default size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The file name without `.lua`.
    pub name: String,
    pub path: PathBuf,
    /// What it does, in one line.
    pub about: String,
    /// The size for a smoke test.
    pub quick: String,
}

/// The programs in `folder` whose names contain one of `words` (all of them if there are none), by name.
pub fn select(folder: &Path, words: &[String]) -> Result<Vec<Program>, String> {
    let programs = load(folder)?;
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

fn load(folder: &Path) -> Result<Vec<Program>, String> {
    let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut programs = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "lua") {
            let text = fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            programs.push(parse(&path, &text)?);
        }
    }
    programs.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(programs)
}

fn parse(path: &Path, text: &str) -> Result<Program, String> {
    let comment = |line: Option<&str>| {
        line.and_then(|line| line.strip_prefix("-- "))
            .map(|rest| rest.trim().to_string())
    };
    let mut lines = text.lines();
    let about =
        comment(lines.next()).ok_or_else(|| format!("{}:1: expected `-- what the program does`", path.display()))?;
    let quick = comment(lines.next())
        .and_then(|line| line.strip_prefix("quick: ").map(str::to_string))
        .filter(|size| size.parse::<u64>().is_ok())
        .ok_or_else(|| format!("{}:2: expected `-- quick: SIZE`, a whole number", path.display()))?;
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
        let programs = load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lua"))).unwrap();
        assert!(programs.len() >= 36, "only {} programs", programs.len());
        let library = load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/library"))).unwrap();
        assert!(library.len() >= 20, "only {} library functions", library.len());
        for program in programs.into_iter().chain(library) {
            let text = fs::read_to_string(&program.path).unwrap();
            assert!(
                text.contains("tonumber(arg and arg[1])"),
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
        let parse = |text: &str| parse(Path::new("dir/fib.lua"), text);
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
