//! The interactive mode: reads and runs statements and expressions until the input ends.

use std::io::{BufRead, IsTerminal, Write};

use dg_lua::{Error, Function, Lua, MultiValue, Result, Table, Value};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};

use crate::history::History;
use crate::interrupt::interruptible;
use crate::report;

/// Runs what is typed. A line that begins with `=` shows the values of expressions; what is incomplete goes on in the
/// next line.
pub fn interact(lua: &Lua) {
    let mut input = Input::new(lua);
    let mut source = Vec::new();
    loop {
        let prompt = match source.is_empty() {
            true => prompt(lua, "_PROMPT", "> "),
            false => prompt(lua, "_PROMPT2", ">> "),
        };
        let line = match input.line(&prompt) {
            Line::Text(line) => line,
            Line::Cancelled => {
                source.clear();
                continue;
            }
            Line::End => break,
        };
        if source.is_empty() && line.first() == Some(&b'=') {
            source.extend_from_slice(b"return ");
            source.extend_from_slice(&line[1..]);
        } else {
            if !source.is_empty() {
                source.push(b'\n');
            }
            source.extend_from_slice(&line);
        }
        let chunk = lua.load(&source).set_name("=stdin").into_function();
        if let Err(Error::SyntaxError {
            incomplete_input: true, ..
        }) = chunk
        {
            continue;
        }
        input.remember(&source);
        source.clear();
        let ran = chunk.and_then(|chunk| run_and_print(lua, &chunk));
        lua.flush_files();
        if let Err(error) = ran {
            report(lua, None, &error);
        }
    }
    println!();
}

fn run_and_print(lua: &Lua, chunk: &Function) -> Result<()> {
    let results: MultiValue = interruptible(lua, || chunk.call(()))?;
    if results.is_empty() {
        return Ok(());
    }
    let print: Result<Function> = lua.globals().get("print");
    print.and_then(|print| print.call(results)).map_err(|error| {
        let message = format!("error calling 'print' ({})", error.message());
        Error::RuntimeError {
            message,
            traceback: String::new(),
        }
    })
}

/// What a program says that the prompt is.
fn prompt(lua: &Lua, name: &str, default: &str) -> String {
    let given: Result<String> = lua.globals().raw_get(name);
    given.unwrap_or_else(|_| default.to_owned())
}

enum Line {
    /// Without its end.
    Text(Vec<u8>),
    /// Ctrl-C: what was typed is not wanted.
    Cancelled,
    End,
}

/// Where lines come from: an editor on a terminal, the standard input as it is otherwise.
enum Input<'l> {
    Editor(Box<Editor<Names<'l>, DefaultHistory>>, History),
    Plain,
}

impl<'l> Input<'l> {
    fn new(lua: &'l Lua) -> Input<'l> {
        if !std::io::stdin().is_terminal() {
            return Input::Plain;
        }
        match Editor::new() {
            Ok(mut editor) => {
                editor.set_helper(Some(Names(lua)));
                let history = History::of_user();
                for entry in history.load() {
                    // What is not worth remembering does not matter.
                    let _ = editor.add_history_entry(entry);
                }
                Input::Editor(Box::new(editor), history)
            }
            Err(_) => Input::Plain,
        }
    }

    fn line(&mut self, prompt: &str) -> Line {
        match self {
            Input::Editor(editor, _) => match editor.readline(prompt) {
                Ok(line) => Line::Text(line.into_bytes()),
                Err(ReadlineError::Interrupted) => Line::Cancelled,
                Err(_) => Line::End,
            },
            Input::Plain => {
                let mut output = std::io::stdout();
                // A prompt that nobody sees is no reason to stop.
                let _ = output.write_all(prompt.as_bytes()).and_then(|()| output.flush());
                let mut line = Vec::new();
                match std::io::stdin().lock().read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => Line::End,
                    Ok(_) => {
                        if line.last() == Some(&b'\n') {
                            line.pop();
                        }
                        Line::Text(line)
                    }
                }
            }
        }
    }

    fn remember(&mut self, source: &[u8]) {
        if let Input::Editor(editor, history) = self {
            let entry = String::from_utf8_lossy(source);
            if let Ok(true) = editor.add_history_entry(&*entry) {
                history.append(&entry);
            }
        }
    }
}

/// Completes names of global variables, and of fields in tables that global variables lead to.
struct Names<'l>(&'l Lua);

impl Names<'_> {
    /// Where the last name before `position` begins, and how it can go on.
    fn complete(&self, line: &str, position: usize) -> (usize, Vec<String>) {
        let is_part = |c: char| c.is_alphanumeric() || "_.:".contains(c);
        let before = &line[..position];
        let path = &before[before.trim_end_matches(is_part).len()..];
        let (tables, name) = match path.rfind(['.', ':']) {
            Some(dot) => (&path[..dot], &path[dot + 1..]),
            None => ("", path),
        };
        let mut table = self.0.globals();
        for part in tables.split(['.', ':']).filter(|part| !part.is_empty()) {
            match table.raw_get(part) {
                Ok(Value::Table(next)) => table = next,
                _ => return (position, Vec::new()),
            }
        }
        (position - name.len(), names_in(&table, name))
    }
}

/// The fields of a table whose names begin with `start`, in order.
fn names_in(table: &Table, start: &str) -> Vec<String> {
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let keys = table.pairs::<Value, Value>().filter_map(|pair| match pair.ok()?.0 {
        Value::String(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    let mut names: Vec<String> = keys.filter(|name| name.starts_with(start) && is_name(name)).collect();
    names.sort();
    names
}

impl Completer for Names<'_> {
    type Candidate = String;

    fn complete(&self, line: &str, position: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.complete(line, position))
    }
}

impl Hinter for Names<'_> {
    type Hint = String;
}

impl Highlighter for Names<'_> {}
impl Validator for Names<'_> {}
impl Helper for Names<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_completed() {
        let lua = Lua::new();
        lua.load("t = { one = { two = 1, twelve = 2 }, [1] = 0, ['not a name'] = 1 }")
            .exec()
            .unwrap();
        let check = |line: &str, start: usize, expected: &[&str]| {
            assert_eq!(
                Names(&lua).complete(line, line.len()),
                (start, expected.iter().map(|&name| name.to_owned()).collect()),
                "{line}"
            );
        };
        check("print(colle", 6, &["collectgarbage"]);
        check("x = string.re", 11, &["rep", "reverse"]);
        check("t.one.tw", 6, &["twelve", "two"]);
        check("t.", 2, &["one"]);
        check("t.nothing.x", 11, &[]);
        check("nothing_begins_so", 0, &[]);
    }
}
