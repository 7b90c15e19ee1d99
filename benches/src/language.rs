//! The languages: where their programs are, what these look like, and which engines there are.

use std::path::PathBuf;

use clap::ValueEnum;

/// A language that there are programs in.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Lua,
    Som,
}

/// An engine that is looked for: name, command, arguments.
pub type Known = (&'static str, &'static str, &'static [&'static str]);

impl Language {
    /// The folder of its programs.
    pub fn folder(self) -> PathBuf {
        let benches = env!("CARGO_MANIFEST_DIR");
        match self {
            Language::Lua => PathBuf::from(benches).join("lua"),
            Language::Som => PathBuf::from(benches).join("som"),
        }
    }

    /// How the names of its files end.
    pub fn extension(self) -> &'static str {
        match self {
            Language::Lua => "lua",
            Language::Som => "som",
        }
    }

    /// What stands before and behind the text of a comment that fills a line.
    pub fn comment(self) -> (&'static str, &'static str) {
        match self {
            Language::Lua => ("-- ", ""),
            Language::Som => ("\"", "\""),
        }
    }

    /// A program that does nothing, in a file of this name.
    pub fn empty_program(self, name: &str) -> String {
        match self {
            Language::Lua => String::new(),
            Language::Som => format!("{name} = ( run = ( ^ self ) )\n"),
        }
    }

    /// Our engines, which lie in the folder of this runner.
    #[rustfmt::skip] // one engine per line
    pub fn own(self) -> &'static [Known] {
        match self {
            Language::Lua => &[("dglua",         "dglua", &[])],
            Language::Som => &[("dgsom",         "dgsom", &[]),
                               ("dgsom, interp", "dgsom", &["--tier=interp"])],
        }
    }

    /// Engines looked for on `PATH`.
    #[rustfmt::skip] // one engine per line
    pub fn installed(self) -> &'static [Known] {
        match self {
            Language::Lua => &[("lua5.1",        "lua5.1", &[]),
                               ("luajit -joff",  "luajit", &["-joff"]),
                               ("luajit",        "luajit", &[])],
            Language::Som => &[],
        }
    }

    /// The engine that others are compared with, if nothing else is said.
    pub fn base(self) -> &'static str {
        match self {
            Language::Lua => "lua5.1",
            Language::Som => "dgsom, interp",
        }
    }
}
