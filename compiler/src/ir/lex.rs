//! Tokens of the text form.

use std::fmt;

/// A mistake in the text form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for ParseError {}

/// The tokens of a text, read one by one.
pub struct Lexer<'t> {
    tokens: Vec<(&'t str, usize)>,
    next: usize,
}

impl<'t> Lexer<'t> {
    /// Splits `text` into words, numbers and punctuation. `;` starts a comment.
    pub fn new(text: &'t str) -> Self {
        let mut tokens = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let mut rest = line.split(';').next().unwrap_or_default().trim_start();
            while !rest.is_empty() {
                let (token, after) = rest.split_at(token_length(rest));
                tokens.push((token, index + 1));
                rest = after.trim_start();
            }
        }
        Self { tokens, next: 0 }
    }
    /// Where the next token is, for a second reading.
    pub const fn position(&self) -> usize {
        self.next
    }
    /// Goes back to a position.
    pub const fn rewind(&mut self, position: usize) {
        self.next = position;
    }
    /// Whether all is read.
    pub fn at_end(&self) -> bool {
        self.next == self.tokens.len()
    }
    /// The next token, not consumed; empty at the end.
    pub fn peek(&self) -> &'t str {
        self.tokens.get(self.next).map_or("", |(token, _)| token)
    }
    /// Consumes the next token.
    ///
    /// # Errors
    /// At the end of the text.
    pub fn take(&mut self) -> Result<&'t str, ParseError> {
        let Some((token, _)) = self.tokens.get(self.next) else {
            return Err(self.error("the text ends too early"));
        };
        self.next += 1;
        Ok(token)
    }
    /// Consumes the next token if it is `expected`.
    pub fn accept(&mut self, expected: &str) -> bool {
        let found = self.peek() == expected;
        self.next += usize::from(found);
        found
    }
    /// Consumes the next token.
    ///
    /// # Errors
    /// When it is not `expected`.
    pub fn expect(&mut self, expected: &str) -> Result<(), ParseError> {
        if self.accept(expected) {
            return Ok(());
        }
        Err(self.error(format!("expected `{expected}`, found `{}`", self.peek())))
    }
    /// Consumes a number.
    ///
    /// # Errors
    /// When the next token is none, or out of the range of `T`.
    pub fn number<T: std::str::FromStr>(&mut self) -> Result<T, ParseError> {
        let token = self.take()?;
        token
            .parse()
            .map_err(|_| self.error_before(format!("`{token}` is not a number that fits here")))
    }
    /// Consumes a word that is `prefix` and a number.
    ///
    /// # Errors
    /// When the next token is something else.
    pub fn id(&mut self, prefix: &str) -> Result<u32, ParseError> {
        let token = self.take()?;
        let number = token.strip_prefix(prefix).and_then(|number| number.parse().ok());
        number.ok_or_else(|| self.error_before(format!("expected `{prefix}` and a number, found `{token}`")))
    }
    /// An error at the next token.
    pub fn error(&self, message: impl Into<String>) -> ParseError {
        let last = self.tokens.len().saturating_sub(1);
        let line = self.tokens.get(self.next.min(last)).map_or(1, |(_, line)| *line);
        ParseError {
            line,
            message: message.into(),
        }
    }
    /// An error at the token just consumed.
    pub fn error_before(&self, message: impl Into<String>) -> ParseError {
        let line = self.tokens.get(self.next.wrapping_sub(1)).map_or(1, |(_, line)| *line);
        ParseError {
            line,
            message: message.into(),
        }
    }
}

/// The length in bytes of the token that `text` starts with.
fn token_length(text: &str) -> usize {
    if text.starts_with("->") {
        return 2;
    }
    let is_number = text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let mut previous = ' ';
    for (index, c) in text.char_indices() {
        let in_number = is_number && (c == '-' || c == '+') && (index == 0 || previous == 'e');
        if !(c.is_alphanumeric() || c == '_' || c == '.' || in_number) {
            return index.max(c.len_utf8());
        }
        previous = c;
    }
    text.len()
}
