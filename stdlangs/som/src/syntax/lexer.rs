//! From bytes to tokens.

use super::error::{Position, SyntaxError};

/// A token with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it begins.
    pub position: Position,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// `name`
    Identifier(String),
    /// `name:`
    Keyword(String),
    /// A run of operator characters; `=`, `|` and `-` alone as well.
    Operator(String),
    /// `#name`, `#name:name:`, `#+`, `#'text'`
    Symbol(Vec<u8>),
    /// `'text'`
    String(Vec<u8>),
    /// Digits.
    Integer(String),
    /// Digits, a point, digits.
    Double(String),
    /// `#(`
    ArrayStart,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    BlockStart,
    /// `]`
    BlockEnd,
    /// `:`
    Colon,
    /// `.`
    Period,
    /// `^`
    Caret,
    /// `:=`
    Assign,
    /// Four dashes or more.
    Separator,
    /// The end of the text.
    End,
}

impl TokenKind {
    /// The token as a message shows it.
    pub fn describe(&self) -> String {
        let shown = match self {
            TokenKind::Identifier(text)
            | TokenKind::Keyword(text)
            | TokenKind::Operator(text)
            | TokenKind::Integer(text)
            | TokenKind::Double(text) => text,
            TokenKind::Symbol(text) => return format!("the symbol #{}", String::from_utf8_lossy(text)),
            TokenKind::String(_) => return "a string".to_string(),
            TokenKind::ArrayStart => "#(",
            TokenKind::Open => "(",
            TokenKind::Close => ")",
            TokenKind::BlockStart => "[",
            TokenKind::BlockEnd => "]",
            TokenKind::Colon => ":",
            TokenKind::Period => ".",
            TokenKind::Caret => "^",
            TokenKind::Assign => ":=",
            TokenKind::Separator => "----",
            TokenKind::End => return "the end of the text".to_string(),
        };
        format!("`{shown}`")
    }
}

/// Splits a text into tokens; the last one is [`TokenKind::End`].
pub fn tokens(source: &[u8]) -> Result<Vec<Token>, SyntaxError> {
    let mut lexer = Lexer {
        source,
        at: 0,
        position: Position { line: 1, column: 1 },
    };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next()?;
        let is_last = token.kind == TokenKind::End;
        tokens.push(token);
        if is_last {
            return Ok(tokens);
        }
    }
}

struct Lexer<'s> {
    source: &'s [u8],
    at: usize,
    position: Position,
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic()
}

fn is_name_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_operator(byte: u8) -> bool {
    b"~&|*/\\+=><,@%-".contains(&byte)
}

impl Lexer<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn peek_at(&self, distance: usize) -> Option<u8> {
        self.source.get(self.at + distance).copied()
    }

    fn advance(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        if byte == b'\n' {
            self.position = Position {
                line: self.position.line + 1,
                column: 1,
            };
        } else {
            self.position.column += 1;
        }
        Some(byte)
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.advance();
        }
        String::from_utf8_lossy(&self.source[start..self.at]).into_owned()
    }

    fn skip_blanks(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n' | 0x0C) => {
                    self.advance();
                }
                Some(b'"') => {
                    let start = self.position;
                    self.advance();
                    loop {
                        match self.advance() {
                            Some(b'"') => break,
                            Some(_) => {}
                            None => return Err(SyntaxError::new(start, "this comment has no end")),
                        }
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn next(&mut self) -> Result<Token, SyntaxError> {
        self.skip_blanks()?;
        let position = self.position;
        let kind = match self.peek() {
            None => TokenKind::End,
            Some(byte) if is_letter(byte) => self.name(),
            Some(byte) if byte.is_ascii_digit() => self.number(),
            Some(byte) if is_operator(byte) => {
                let dashes = self.source[self.at..].iter().take_while(|&&byte| byte == b'-').count();
                if dashes >= 4 {
                    for _ in 0..dashes {
                        self.advance();
                    }
                    TokenKind::Separator
                } else {
                    TokenKind::Operator(self.take_while(is_operator))
                }
            }
            Some(b'\'') => TokenKind::String(self.string()?),
            Some(b'#') => self.symbol(position)?,
            Some(byte) => {
                self.advance();
                match byte {
                    b'(' => TokenKind::Open,
                    b')' => TokenKind::Close,
                    b'[' => TokenKind::BlockStart,
                    b']' => TokenKind::BlockEnd,
                    b'.' => TokenKind::Period,
                    b'^' => TokenKind::Caret,
                    b':' if self.peek() == Some(b'=') => {
                        self.advance();
                        TokenKind::Assign
                    }
                    b':' => TokenKind::Colon,
                    _ if byte.is_ascii_graphic() => {
                        let message = format!("the character `{}` means nothing here", char::from(byte));
                        return Err(SyntaxError::new(position, message));
                    }
                    _ => {
                        let message = format!("the byte {byte:#04x} may only stand in strings and comments");
                        return Err(SyntaxError::new(position, message));
                    }
                }
            }
        };
        Ok(Token { kind, position })
    }

    fn name(&mut self) -> TokenKind {
        let mut name = self.take_while(is_name_part);
        if self.peek() == Some(b':') {
            self.advance();
            name.push(':');
            TokenKind::Keyword(name)
        } else {
            TokenKind::Identifier(name)
        }
    }

    fn number(&mut self) -> TokenKind {
        let mut digits = self.take_while(|byte| byte.is_ascii_digit());
        if self.peek() == Some(b'.') && self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) {
            self.advance();
            digits.push('.');
            digits += &self.take_while(|byte| byte.is_ascii_digit());
            TokenKind::Double(digits)
        } else {
            TokenKind::Integer(digits)
        }
    }

    fn string(&mut self) -> Result<Vec<u8>, SyntaxError> {
        let start = self.position;
        self.advance();
        let mut text = Vec::new();
        loop {
            let position = self.position;
            match self.advance() {
                None => return Err(SyntaxError::new(start, "this string has no end")),
                Some(b'\'') => return Ok(text),
                Some(b'\\') => text.push(match self.advance() {
                    Some(b't') => b'\t',
                    Some(b'b') => 0x08,
                    Some(b'n') => b'\n',
                    Some(b'r') => b'\r',
                    Some(b'f') => 0x0C,
                    Some(b'0') => 0,
                    Some(b'\'') => b'\'',
                    Some(b'\\') => b'\\',
                    _ => {
                        let message = "no such escape: there are \\t \\b \\n \\r \\f \\0 \\' and \\\\";
                        return Err(SyntaxError::new(position, message));
                    }
                }),
                Some(byte) => text.push(byte),
            }
        }
    }

    fn symbol(&mut self, position: Position) -> Result<TokenKind, SyntaxError> {
        self.advance();
        self.skip_blanks()?;
        Ok(match self.peek() {
            Some(b'(') => {
                self.advance();
                TokenKind::ArrayStart
            }
            Some(b'\'') => TokenKind::Symbol(self.string()?),
            Some(byte) if is_letter(byte) => {
                let mut text = self.take_while(is_name_part);
                while self.peek() == Some(b':') && self.peek_at(1) != Some(b'=') {
                    self.advance();
                    text.push(':');
                    if self.peek().is_some_and(is_letter) {
                        text += &self.take_while(is_name_part);
                    }
                }
                TokenKind::Symbol(text.into_bytes())
            }
            Some(byte) if is_operator(byte) => TokenKind::Symbol(self.take_while(is_operator).into_bytes()),
            _ => return Err(SyntaxError::new(position, "a `#` begins a symbol or a literal array")),
        })
    }
}
