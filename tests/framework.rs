//! The framework knows no language: none of its four crates names one.

use std::fs;
use std::path::{Path, PathBuf};

const FRAMEWORK: [&str; 4] = ["spec", "compiler", "backend-x64", "runtime"];
const LANGUAGES: [&str; 3] = ["lua", "som", "smalltalk"];

#[test]
fn the_framework_names_no_language() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in FRAMEWORK {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 50, "only {} files found", files.len());
    let mut found = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(word) = words.find(|word| LANGUAGES.contains(word)) {
                found.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    assert!(
        found.is_empty(),
        "languages named in the framework:\n{}",
        found.join("\n")
    );
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a folder of the repository").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
