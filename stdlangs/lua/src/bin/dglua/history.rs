//! What was typed in earlier sessions, in a file of the user's: an entry a line. It is a convenience: where there is no file and none
//! can be made, there is no history.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Most entries that are loaded.
const MOST: usize = 1000;

/// A history on disk.
pub struct History {
    path: Option<PathBuf>,
}

impl History {
    /// The history of the user who runs the program.
    pub fn of_user() -> History {
        History {
            path: path(std::env::var_os("XDG_DATA_HOME"), std::env::var_os("HOME")),
        }
    }

    /// The latest entries, the oldest first.
    pub fn load(&self) -> Vec<String> {
        let Some(text) = self.path.as_ref().and_then(|path| std::fs::read(path).ok()) else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let entries: Vec<String> = lines[lines.len().saturating_sub(MOST)..]
            .iter()
            .map(|line| unescape(line))
            .collect();
        if lines.len() > 2 * MOST {
            self.replace(&entries);
        }
        entries
    }

    /// Adds an entry.
    pub fn append(&self, entry: &str) {
        let _ = self.path.as_ref().map(|path| append(path, entry));
    }

    /// Forgets what is older than these entries.
    fn replace(&self, entries: &[String]) {
        let Some(path) = &self.path else { return };
        let text: String = entries.iter().map(|entry| escape(entry) + "\n").collect();
        let _ = std::fs::write(path, text);
    }
}

/// Where the history is, going by the directories for data and of the user.
fn path(data: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let given = |variable: Option<OsString>| variable.map(PathBuf::from).filter(|path| path.is_absolute());
    let data = given(data).or_else(|| Some(given(home)?.join(".local/share")))?;
    Some(data.join("dglua/history"))
}

fn append(path: &Path, entry: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    // In one write, so that sessions that run at the same time do not mix their lines.
    file.write_all((escape(entry) + "\n").as_bytes())
}

/// An entry as one line.
fn escape(entry: &str) -> String {
    entry.replace('\\', "\\\\").replace('\r', "\\r").replace('\n', "\\n")
}

fn unescape(line: &str) -> String {
    let mut entry = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        entry.push(match c {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            _ => c,
        });
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let directory = std::env::temp_dir().join(format!("dglua history {}", std::process::id()));
        let history = History {
            path: Some(directory.join("new/history")),
        };
        assert!(history.load().is_empty());
        let entries = ["x = 1", "for i = 1, 2 do\n  print('a\\n')\nend", "\\", "", "ä\r"];
        entries.iter().for_each(|entry| history.append(entry));
        assert_eq!(history.load(), entries);

        (0..2 * MOST).for_each(|number| history.append(&number.to_string()));
        assert_eq!(history.load().len(), MOST);
        let text = std::fs::read_to_string(directory.join("new/history")).unwrap();
        assert_eq!(text.lines().count(), MOST, "the file does not grow for ever");
        assert_eq!(history.load().last().unwrap(), &(2 * MOST - 1).to_string());
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn no_place_is_no_error() {
        for path in [None, Some(PathBuf::from("/dev/null/history"))] {
            let history = History { path };
            history.append("x");
            assert!(history.load().is_empty());
        }
    }

    #[test]
    fn places() {
        let os = |text: &str| Some(OsString::from(text));
        assert_eq!(
            path(os("/data"), os("/home/me")).unwrap(),
            Path::new("/data/dglua/history")
        );
        let at_home = Path::new("/home/me/.local/share/dglua/history");
        assert_eq!(path(None, os("/home/me")).unwrap(), at_home);
        assert_eq!(path(os("not absolute"), os("/home/me")).unwrap(), at_home);
        assert_eq!(path(None, None), None);
    }
}
