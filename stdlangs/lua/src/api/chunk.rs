//! Chunks: source text that is about to be compiled.

use std::borrow::Cow;
use std::io;
use std::panic::Location;
use std::path::{Path, PathBuf};

use super::error::{Error, Result};
use super::function::Function;
use super::lua::{Lua, WeakLua};
use super::multi::{FromLuaMulti, IntoLuaMulti};
use super::table::Table;
use super::throw::caught;
use crate::chunk::{self, LoadError};
use crate::generated::Boxed;
use crate::syntax::skip_shebang;

/// What can be loaded: source text, or a path to a file with it.
pub trait AsChunk<'a> {
    /// What messages call it, if it has a name.
    fn name(&self) -> Option<String> {
        None
    }

    /// Its source.
    ///
    /// # Errors
    /// When it cannot be read.
    fn source(self) -> io::Result<Cow<'a, [u8]>>;
}

impl<'a> AsChunk<'a> for &'a str {
    fn source(self) -> io::Result<Cow<'a, [u8]>> {
        Ok(Cow::Borrowed(self.as_bytes()))
    }
}

impl<'a> AsChunk<'a> for &'a String {
    fn source(self) -> io::Result<Cow<'a, [u8]>> {
        Ok(Cow::Borrowed(self.as_bytes()))
    }
}

impl AsChunk<'static> for String {
    fn source(self) -> io::Result<Cow<'static, [u8]>> {
        Ok(Cow::Owned(self.into_bytes()))
    }
}

impl<'a> AsChunk<'a> for &'a [u8] {
    fn source(self) -> io::Result<Cow<'a, [u8]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a> AsChunk<'a> for &'a Vec<u8> {
    fn source(self) -> io::Result<Cow<'a, [u8]>> {
        Ok(Cow::Borrowed(self))
    }
}

impl AsChunk<'static> for Vec<u8> {
    fn source(self) -> io::Result<Cow<'static, [u8]>> {
        Ok(Cow::Owned(self))
    }
}

impl AsChunk<'static> for &Path {
    fn name(&self) -> Option<String> {
        Some(format!("@{}", self.display()))
    }

    fn source(self) -> io::Result<Cow<'static, [u8]>> {
        let source = std::fs::read(self)?;
        Ok(Cow::Owned(skip_shebang(&source).to_vec()))
    }
}

impl AsChunk<'static> for PathBuf {
    fn name(&self) -> Option<String> {
        self.as_path().name()
    }

    fn source(self) -> io::Result<Cow<'static, [u8]>> {
        self.as_path().source()
    }
}

/// A chunk that is about to be compiled: made by [`Lua::load`](crate::Lua::load).
///
/// ```
/// # let lua = dg_lua::Lua::new();
/// let environment = lua.create_table_from([("x", 2)])?;
/// let chunk = lua.load("x * 21").set_name("=answer").set_environment(environment);
/// assert_eq!(chunk.eval::<i32>()?, 42);
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[must_use = "nothing is compiled or run yet"]
#[derive(Debug)]
pub struct Chunk<'a> {
    lua: WeakLua,
    source: io::Result<Cow<'a, [u8]>>,
    name: String,
    environment: Option<Table>,
}

impl<'a> Chunk<'a> {
    pub(super) fn new(lua: &Lua, source: impl AsChunk<'a>, caller: &Location<'_>) -> Chunk<'a> {
        let name = source.name();
        Chunk {
            lua: lua.weak(),
            name: name.unwrap_or_else(|| format!("={}:{}", caller.file(), caller.line())),
            source: source.source(),
            environment: None,
        }
    }

    /// Sets what messages call it: after `@` a file name, after `=` as it is, otherwise as source text. By default it is
    /// the path of the file or, for source text, the place where `load` was called.
    pub fn set_name(mut self, name: impl Into<String>) -> Chunk<'a> {
        self.name = name.into();
        self
    }

    /// Sets the table that its global variables are in.
    pub fn set_environment(mut self, environment: Table) -> Chunk<'a> {
        self.environment = Some(environment);
        self
    }

    /// Compiles and runs it.
    ///
    /// # Errors
    /// What it throws; that it does not compile.
    pub fn exec(self) -> Result<()> {
        self.call(())
    }

    /// Compiles and runs it, as an expression if it is one.
    ///
    /// # Errors
    /// What it throws; that it does not compile; that the results cannot be converted.
    pub fn eval<R: FromLuaMulti>(self) -> Result<R> {
        let function = match self.compile_as(b"return ") {
            Ok(expression) => expression,
            Err(_no_expression) => self.into_function()?,
        };
        function.call(())
    }

    /// Compiles and runs it with arguments, which it sees as `...`.
    ///
    /// # Errors
    /// What it throws; that it does not compile; that the results cannot be converted.
    pub fn call<R: FromLuaMulti>(self, arguments: impl IntoLuaMulti) -> Result<R> {
        self.into_function()?.call(arguments)
    }

    /// Compiles it.
    ///
    /// # Errors
    /// That it does not compile, or cannot be read.
    pub fn into_function(self) -> Result<Function> {
        self.compile_as(b"")
    }

    fn compile_as(&self, prefix: &[u8]) -> Result<Function> {
        let lua = self.lua.try_upgrade().ok_or(Error::LuaDestroyed)?;
        lua.poll();
        let source = match &self.source {
            Ok(source) => source,
            Err(error) => return Err(unreadable(&self.name, error)),
        };
        let source = match prefix {
            b"" => Cow::Borrowed(&**source),
            _ => Cow::Owned([prefix, source].concat()),
        };
        match chunk::load(lua.vm(), &source, self.name.as_bytes()) {
            Ok(function) => {
                if let Some(environment) = &self.environment {
                    function.set(|f| &f.env, environment.reference(&lua)?);
                }
                Ok(Function::new(&lua, function.boxed()))
            }
            Err(LoadError::Syntax(message)) => {
                let message = String::from_utf8_lossy(&message).into_owned();
                Err(Error::SyntaxError {
                    incomplete_input: message.ends_with("near '<eof>'"),
                    message,
                })
            }
            Err(LoadError::Thrown(thrown)) => Err(caught(&lua, thrown)),
        }
    }
}

fn unreadable(name: &str, error: &io::Error) -> Error {
    let shown = name.strip_prefix(['@', '=']).unwrap_or(name);
    let reason = crate::library::files::reason(error);
    Error::external(io::Error::new(error.kind(), format!("cannot open {shown}: {reason}")))
}
