//! What can go wrong between a host and Lua.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// What most functions of this crate answer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong between a host and Lua.
///
/// An error that a callback answers goes through Lua as an error object, which `pcall` catches and `tostring` shows, and
/// arrives at the host as [`Error::CallbackError`] with the original as its cause. So errors that pass through several
/// levels of Rust and Lua are chained ([`Error::chain`], [`std::error::Error::source`]).
///
/// ```
/// use dg_lua::{Error, Lua};
///
/// let lua = Lua::new();
/// let error = lua.load("local t = nil; return t.x").set_name("=example").exec().unwrap_err();
/// let Error::RuntimeError { message, traceback } = &error else { panic!("{error}") };
/// assert_eq!(message, "example:1: attempt to index local 't' (a nil value)");
/// assert!(traceback.starts_with("stack traceback:\n\texample:1: in main chunk"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// A chunk does not compile.
    SyntaxError {
        /// What is wrong, with the position.
        message: String,
        /// The source ends too early: more of it could complete it.
        incomplete_input: bool,
    },
    /// Lua code has thrown something that is not an error of Rust, or an operation of Lua has failed.
    RuntimeError {
        /// What was thrown, if it is a string or number.
        message: String,
        /// Where it was thrown; empty for errors that hosts make themselves.
        traceback: String,
    },
    /// The memory limit is reached, or an object would be too large.
    MemoryError(String),
    /// The host has interrupted the running code: see [`Lua::interrupt_handle`](crate::Lua::interrupt_handle) and
    /// [`Lua::time_limit`](crate::Lua::time_limit).
    Interrupted {
        /// Where the code was.
        traceback: String,
    },
    /// A callback has answered an error.
    CallbackError {
        /// Where it was called.
        traceback: String,
        /// What it answered.
        cause: Arc<Error>,
    },
    /// An argument of a callback is not what it takes.
    BadArgument {
        /// What the function is called where it is called, if that is known.
        to: Option<String>,
        /// Which argument, from 1.
        position: usize,
        /// What is wrong with it.
        cause: Arc<Error>,
    },
    /// A value of Lua is not what was asked for.
    FromLuaConversionError {
        /// The type of the value.
        from: &'static str,
        /// What was asked for.
        to: String,
        /// More about it.
        message: Option<String>,
    },
    /// A value of Rust has no counterpart in Lua.
    ToLuaConversionError {
        /// The type of the value.
        from: &'static str,
        /// What it should have become.
        to: &'static str,
        /// More about it.
        message: Option<String>,
    },
    /// A callback was called after its scope had ended, or after it had been finalised.
    CallbackDestructed,
    /// A callback that needs its state for itself was called while it runs.
    RecursiveMutCallback,
    /// A coroutine was resumed that is not suspended.
    CoroutineUnresumable,
    /// A userdata is of another type.
    UserDataTypeMismatch,
    /// A userdata was used after its value had been taken, its scope had ended, or it had been finalised.
    UserDataDestructed,
    /// A userdata cannot be read while it is being changed.
    UserDataBorrowError,
    /// A userdata cannot be changed while it is in use.
    UserDataBorrowMutError,
    /// A metamethod that hosts cannot define, with the reason.
    MetaMethodRestricted(String),
    /// A value or key belongs to another Lua state.
    MismatchedLua,
    /// The Lua state that a value belonged to is gone.
    LuaDestroyed,
    /// A panic has left a callback, was caught by Lua as an error, and has been resumed already.
    PanicResumed,
    /// An error of the host.
    ExternalError(Arc<dyn StdError + Send + Sync>),
    /// An error with something said about it.
    WithContext {
        /// What was said.
        context: String,
        /// The error.
        cause: Arc<Error>,
    },
}

impl Error {
    /// An error with a message.
    pub fn runtime(message: impl fmt::Display) -> Error {
        Error::RuntimeError {
            message: message.to_string(),
            traceback: String::new(),
        }
    }

    /// Wraps an error of the host.
    pub fn external(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        Error::ExternalError(error.into().into())
    }

    /// The innermost cause of an error that has passed through callbacks.
    ///
    /// ```
    /// use dg_lua::{Error, Lua};
    ///
    /// let lua = Lua::new();
    /// let fail = lua.create_function(|_, ()| -> dg_lua::Result<()> { Err(Error::runtime("no such user")) })?;
    /// let error = fail.call::<()>(()).unwrap_err();
    /// assert!(matches!(error.root_cause(), Error::RuntimeError { message, .. } if message == "no such user"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn root_cause(&self) -> &Error {
        let mut error = self;
        while let Error::CallbackError { cause, .. }
        | Error::BadArgument { cause, .. }
        | Error::WithContext { cause, .. } = error
        {
            error = cause;
        }
        error
    }

    /// The error and its causes, the outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let first: &(dyn StdError + 'static) = self;
        std::iter::successors(Some(first), |&error| error.source())
    }

    /// The first error in the chain that is of type `T`: an external error, or an [`Error`].
    pub fn downcast_ref<T: StdError + 'static>(&self) -> Option<&T> {
        self.chain().find_map(|error| error.downcast_ref())
    }

    /// Says something about the error.
    #[must_use]
    pub fn context(self, context: impl fmt::Display) -> Error {
        Error::WithContext {
            context: context.to_string(),
            cause: Arc::new(self),
        }
    }

    /// A value of a type was given where something else was asked for.
    pub fn from_lua_conversion(from: &'static str, to: impl Into<String>, message: impl Into<Option<String>>) -> Error {
        Error::FromLuaConversionError {
            from,
            to: to.into(),
            message: message.into(),
        }
    }

    /// Where in Lua it happened, if that is known; of a chain, where the outermost callback was called.
    pub fn traceback(&self) -> Option<&str> {
        match self {
            Error::RuntimeError { traceback, .. }
            | Error::Interrupted { traceback }
            | Error::CallbackError { traceback, .. } => {
                Some(traceback).filter(|text| !text.is_empty()).map(|text| &**text)
            }
            Error::WithContext { cause, .. } => cause.traceback(),
            _ => None,
        }
    }

    /// The message, without tracebacks and with the causes of chained errors.
    pub fn message(&self) -> String {
        match self {
            Error::RuntimeError { message, .. } => message.clone(),
            Error::Interrupted { .. } => "interrupted!".to_owned(),
            Error::CallbackError { cause, .. } => cause.message(),
            Error::BadArgument { to, position, cause } => {
                let shown = to.as_deref().unwrap_or("?");
                format!("bad argument #{position} to '{shown}' ({})", cause.message())
            }
            Error::WithContext { context, cause } => format!("{context}: {}", cause.message()),
            other => other.to_string(),
        }
    }
}

fn write_with<T: fmt::Display>(f: &mut fmt::Formatter<'_>, text: T, more: Option<&str>) -> fmt::Result {
    match more {
        Some(more) => write!(f, "{text} ({more})"),
        None => write!(f, "{text}"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::SyntaxError { message, .. } => f.write_str(message),
            Error::MemoryError(message) => f.write_str(message),
            Error::RuntimeError { .. } | Error::Interrupted { .. } | Error::CallbackError { .. } => {
                f.write_str(&self.message())?;
                self.traceback().map_or(Ok(()), |traceback| write!(f, "\n{traceback}"))
            }
            Error::BadArgument { .. } | Error::WithContext { .. } => f.write_str(&self.message()),
            Error::FromLuaConversionError { from, to, message } => {
                write_with(f, format_args!("{to} expected, got {from}"), message.as_deref())
            }
            Error::ToLuaConversionError { from, to, message } => {
                write_with(f, format_args!("cannot make a Lua {to} of {from}"), message.as_deref())
            }
            Error::CallbackDestructed => f.write_str("a function of the host was called that is gone"),
            Error::RecursiveMutCallback => f.write_str("a function of the host was called while it runs"),
            Error::CoroutineUnresumable => f.write_str("cannot resume a coroutine that is not suspended"),
            Error::UserDataTypeMismatch => f.write_str("userdata of another type"),
            Error::UserDataDestructed => f.write_str("userdata was used that is gone"),
            Error::UserDataBorrowError => f.write_str("userdata is being changed"),
            Error::UserDataBorrowMutError => f.write_str("userdata is in use"),
            Error::MetaMethodRestricted(reason) => f.write_str(reason),
            Error::MismatchedLua => f.write_str("a value of another Lua state"),
            Error::LuaDestroyed => f.write_str("the Lua state of this value is gone"),
            Error::PanicResumed => f.write_str("a panic that has been resumed already"),
            Error::ExternalError(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::CallbackError { cause, .. }
            | Error::BadArgument { cause, .. }
            | Error::WithContext { cause, .. } => Some(&**cause),
            // What it shows is the error itself: its own source comes next.
            Error::ExternalError(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Turns errors of the host into errors for Lua: `something().into_lua_err()?`.
pub trait ExternalResult<T> {
    /// Wraps the error, if it is one, in [`Error::ExternalError`].
    ///
    /// # Errors
    /// The same one, wrapped.
    fn into_lua_err(self) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> ExternalResult<T> for std::result::Result<T, E> {
    fn into_lua_err(self) -> Result<T> {
        self.map_err(Error::external)
    }
}

/// Says something about errors.
pub trait ErrorContext<T> {
    /// Says something about the error, if it is one.
    ///
    /// # Errors
    /// The same one, with the context.
    fn context(self, context: impl fmt::Display) -> Result<T>;

    /// As `context`, for what costs something to say.
    ///
    /// # Errors
    /// The same one, with the context.
    fn with_context<C: fmt::Display>(self, context: impl FnOnce(&Error) -> C) -> Result<T>;
}

impl<T> ErrorContext<T> for Result<T> {
    fn context(self, context: impl fmt::Display) -> Result<T> {
        self.map_err(|error| error.context(context))
    }

    fn with_context<C: fmt::Display>(self, context: impl FnOnce(&Error) -> C) -> Result<T> {
        self.map_err(|error| {
            let context = context(&error);
            error.context(context)
        })
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::external(error)
    }
}

impl From<std::str::Utf8Error> for Error {
    fn from(error: std::str::Utf8Error) -> Error {
        Error::external(error)
    }
}

impl From<fmt::Error> for Error {
    fn from(error: fmt::Error) -> Error {
        Error::external(error)
    }
}
