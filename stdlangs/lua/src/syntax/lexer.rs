//! Splits source text into tokens (section 2.1 of the manual), with the extensions of LuaJIT: hexadecimal numbers with fraction
//! and exponent, the escapes `\xXX` and `\z`.

use std::ops::Range;
use std::rc::Rc;

use super::ast::StrId;
use super::error::SyntaxError;
use super::interner::Interner;
use super::source::Source;
use super::token::{Token, Word};
use crate::text::parse_number::{is_space, parse_number};

type Result<T> = std::result::Result<T, SyntaxError>;

/// The token stream of one chunk.
pub(super) struct Lexer<'s> {
    chunk_name: &'s [u8],
    source: Source<'s>,
    /// The next byte to read.
    position: usize,
    /// Where the last token starts.
    token_start: usize,
    /// The line up to which the source has been read.
    pub(super) line: u32,
    /// Names and string constants seen so far.
    pub(super) strings: Interner,
    /// Contents of a string that differs from its source text.
    buffer: Vec<u8>,
}

impl<'s> Lexer<'s> {
    /// A lexer for `source`.
    pub(super) fn new(source: Source<'s>, chunk_name: &'s [u8]) -> Self {
        Self {
            chunk_name,
            line: source.first_line,
            source,
            position: 0,
            token_start: 0,
            strings: Interner::default(),
            buffer: Vec::new(),
        }
    }

    /// Where the last token stands in the source.
    pub(super) fn token_bytes(&self) -> Range<usize> {
        self.token_start..self.position
    }

    /// How long the source is, as far as it has been read.
    pub(super) fn source_len(&self) -> usize {
        self.source.text.len()
    }

    /// The source, as far as it has been read, and all names and string constants in it.
    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<Rc<[u8]>>) {
        (self.source.text, self.strings.into_strings())
    }

    /// An error at the current line, which names no token.
    pub(super) fn error(&self, what: &str) -> SyntaxError {
        self.error_at(self.line, what)
    }

    /// An error at another line.
    pub(super) fn error_at(&self, line: u32, what: &str) -> SyntaxError {
        SyntaxError::new(self.chunk_name, line, what, None)
    }

    /// An error at the current line next to `token`, which must be the last one read. (A NUL is not mentioned: PUC Lua
    /// takes it for no token.)
    pub(super) fn error_near(&self, what: &str, token: Token) -> SyntaxError {
        let near = match token {
            Token::Name(id) => self.strings.get(id).to_vec(),
            Token::String(id) => self.quoted(self.strings.get(id)),
            Token::Number(_) => self.token_text().to_vec(),
            Token::Byte(0) => return self.error(what),
            _ => token.describe(),
        };
        self.error_near_text(what, &near)
    }

    fn error_near_text(&self, what: &str, near: &[u8]) -> SyntaxError {
        SyntaxError::new(self.chunk_name, self.line, what, Some(near))
    }

    /// `contents` in the delimiters of the last token.
    fn quoted(&self, contents: &[u8]) -> Vec<u8> {
        let text = self.token_text();
        let delimiter_len = match text[0] {
            b'[' => 2 + text[1..].iter().take_while(|&&byte| byte == b'=').count(),
            _ => 1,
        };
        let (open, close) = (&text[..delimiter_len], &text[text.len() - delimiter_len..]);
        [open, contents, close].concat()
    }

    /// Whether this byte stands right behind the last token.
    pub(super) fn is_followed_by(&mut self, byte: u8) -> bool {
        self.peek() == Some(byte)
    }

    fn token_text(&self) -> &[u8] {
        &self.source.text[self.token_start..self.position]
    }

    fn peek(&mut self) -> Option<u8> {
        self.source.byte(self.position)
    }

    fn accept(&mut self, byte: u8) -> bool {
        let accepted = self.peek() == Some(byte);
        self.position += usize::from(accepted);
        accepted
    }

    fn skip_while(&mut self, accept: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&accept) {
            self.position += 1;
        }
    }

    /// Reads the next token.
    pub(super) fn next(&mut self) -> Result<Token> {
        loop {
            self.token_start = self.position;
            let Some(byte) = self.peek() else {
                return Ok(Token::Eof);
            };
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => return Ok(self.name()),
                b'0'..=b'9' => return self.number(),
                b'"' | b'\'' => return self.quoted_string(byte),
                b'\n' | b'\r' => self.line_end(),
                _ if is_space(byte) => self.position += 1,
                b'-' if self.source.byte(self.position + 1) == Some(b'-') => self.comment()?,
                b'[' => return self.open_bracket(),
                b'.' => return self.dots(),
                b'=' | b'<' | b'>' | b'~' => return Ok(self.relation(byte)),
                _ => {
                    self.position += 1;
                    // A source that is read in pieces has been read up to here when the token is judged, as in PUC Lua.
                    self.peek();
                    return Ok(Token::Byte(byte));
                }
            }
        }
    }

    /// Skips a line end: CR, LF, CR LF or LF CR.
    fn line_end(&mut self) {
        let first = self.peek();
        self.position += 1;
        let second = self.peek();
        if is_line_end(second) && second != first {
            self.position += 1;
        }
        self.line = self.line.saturating_add(1);
    }

    fn name(&mut self) -> Token {
        self.skip_while(is_name_byte);
        let text = &self.source.text[self.token_start..self.position];
        match Word::from_text(text) {
            Some(word) => Token::Word(word),
            None => Token::Name(self.strings.intern(text)),
        }
    }

    fn relation(&mut self, first: u8) -> Token {
        self.position += 1;
        if !self.accept(b'=') {
            return Token::Byte(first);
        }
        Token::Word(match first {
            b'=' => Word::Eq,
            b'<' => Word::Le,
            b'>' => Word::Ge,
            _ => Word::Ne,
        })
    }

    /// `.`, `..`, `...` or a number that starts with its point.
    fn dots(&mut self) -> Result<Token> {
        self.position += 1;
        if self.accept(b'.') {
            let word = if self.accept(b'.') { Word::Dots } else { Word::Concat };
            return Ok(Token::Word(word));
        }
        match self.peek() {
            Some(b'0'..=b'9') => self.number(),
            _ => Ok(Token::Byte(b'.')),
        }
    }

    /// A number: everything that looks like a part of it is taken, then it must convert.
    fn number(&mut self) -> Result<Token> {
        if self.peek() == Some(b'0') && matches!(self.source.byte(self.position + 1), Some(b'x' | b'X')) {
            self.position += 2;
            self.hexadecimal();
        } else {
            self.skip_while(|byte| byte.is_ascii_digit() || byte == b'.');
            if self.accept(b'e') || self.accept(b'E') {
                let _ = self.accept(b'+') || self.accept(b'-');
            }
        }
        self.skip_while(is_name_byte);
        match parse_number(self.token_text()) {
            Some(number) => Ok(Token::Number(number)),
            None => Err(self.error_near_text("malformed number", self.token_text())),
        }
    }

    /// What follows `0x`, up to the digits of an exponent. Two points begin no fraction: they join strings.
    fn hexadecimal(&mut self) {
        self.skip_while(|byte| byte.is_ascii_hexdigit());
        if self.peek() == Some(b'.') && self.source.byte(self.position + 1) != Some(b'.') {
            self.position += 1;
            self.skip_while(|byte| byte.is_ascii_hexdigit());
        }
        if self.accept(b'p') || self.accept(b'P') {
            let _ = self.accept(b'+') || self.accept(b'-');
        }
    }

    fn comment(&mut self) -> Result<()> {
        self.position += 2;
        if self.peek() == Some(b'[')
            && let Bracket::Long(level) = self.bracket(b'[')
        {
            self.position += 1;
            return self.long_text(level, "unfinished long comment");
        }
        self.skip_while(|byte| !is_line_end(Some(byte)));
        Ok(())
    }

    fn open_bracket(&mut self) -> Result<Token> {
        match self.bracket(b'[') {
            Bracket::Single => Ok(Token::Byte(b'[')),
            Bracket::Broken => Err(self.error_near_text("invalid long string delimiter", self.token_text())),
            Bracket::Long(level) => {
                self.position += 1;
                self.long_text(level, "unfinished long string")?;
                let delimiter_len = level + 2;
                let contents = self.token_start + delimiter_len..self.position - delimiter_len;
                Ok(Token::String(self.intern_long(contents)))
            }
        }
    }

    /// Reads a square bracket and the equals signs behind it, but not the second bracket.
    fn bracket(&mut self, bracket: u8) -> Bracket {
        self.position += 1;
        let start = self.position;
        self.skip_while(|byte| byte == b'=');
        let level = self.position - start;
        if self.peek() == Some(bracket) {
            Bracket::Long(level)
        } else if level == 0 {
            Bracket::Single
        } else {
            Bracket::Broken
        }
    }

    /// Reads up to the closing long bracket of `level`.
    fn long_text(&mut self, level: usize, unfinished: &str) -> Result<()> {
        loop {
            let Some(byte) = self.peek() else {
                return Err(self.error_near(unfinished, Token::Eof));
            };
            match byte {
                b'\n' | b'\r' => self.line_end(),
                b'[' | b']' => {
                    if self.bracket(byte) != Bracket::Long(level) {
                        continue;
                    }
                    self.position += 1;
                    if byte == b']' {
                        return Ok(());
                    }
                    if level == 0 {
                        return Err(self.error_near_text("nesting of [[...]] is deprecated", b"["));
                    }
                }
                _ => self.position += 1,
            }
        }
    }

    /// The contents of a long string: without a line end at its start, with every other one as LF.
    fn intern_long(&mut self, contents: Range<usize>) -> StrId {
        let contents = match &self.source.text[contents] {
            [b'\r', b'\n', rest @ ..] | [b'\n', b'\r', rest @ ..] => rest,
            [b'\r' | b'\n', rest @ ..] => rest,
            contents => contents,
        };
        if !contents.contains(&b'\r') {
            return self.strings.intern(contents);
        }
        self.buffer.clear();
        let mut rest = contents;
        while let [first, tail @ ..] = rest {
            rest = tail;
            if !is_line_end(Some(*first)) {
                self.buffer.push(*first);
                continue;
            }
            self.buffer.push(b'\n');
            if let [second, tail @ ..] = rest
                && is_line_end(Some(*second))
                && second != first
            {
                rest = tail;
            }
        }
        self.strings.intern(&self.buffer)
    }

    /// A string in `delimiter`s.
    fn quoted_string(&mut self, delimiter: u8) -> Result<Token> {
        self.position += 1;
        let start = self.position;
        self.skip_while(|byte| byte != delimiter && !matches!(byte, b'\\' | b'\n' | b'\r'));
        if self.peek() == Some(delimiter) {
            let id = self.strings.intern(&self.source.text[start..self.position]);
            self.position += 1;
            return Ok(Token::String(id));
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.source.text[start..self.position]);
        loop {
            let Some(byte) = self.peek() else {
                return Err(self.error_near("unfinished string", Token::Eof));
            };
            match byte {
                b'\n' | b'\r' => return Err(self.string_error("unfinished string", delimiter)),
                b'\\' => self.escape(delimiter)?,
                _ => {
                    self.position += 1;
                    if byte == delimiter {
                        return Ok(Token::String(self.strings.intern(&self.buffer)));
                    }
                    self.buffer.push(byte);
                }
            }
        }
    }

    /// An error near the part of a string that has been read.
    fn string_error(&self, what: &str, delimiter: u8) -> SyntaxError {
        self.error_near_text(what, &[&[delimiter], self.buffer.as_slice()].concat())
    }

    /// Reads an escape sequence into the buffer.
    fn escape(&mut self, delimiter: u8) -> Result<()> {
        self.position += 1;
        let Some(byte) = self.peek() else {
            return Ok(());
        };
        let value = match byte {
            b'\n' | b'\r' => {
                self.line_end();
                self.buffer.push(b'\n');
                return Ok(());
            }
            b'0'..=b'9' => return self.decimal_escape(delimiter),
            b'x' => {
                self.hexadecimal_escape();
                return Ok(());
            }
            b'z' => {
                self.position += 1;
                self.skip_space();
                return Ok(());
            }
            b'a' => 0x07,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            _ => byte,
        };
        self.position += 1;
        self.buffer.push(value);
        Ok(())
    }

    /// Reads `\xXX`. Without its two digits it is an `x`, as in PUC Lua.
    fn hexadecimal_escape(&mut self) {
        let mut digit = |offset| char::from(self.source.byte(self.position + offset)?).to_digit(16);
        let value = digit(1).and_then(|high| Some(16 * high + digit(2)?));
        match value.and_then(|value| u8::try_from(value).ok()) {
            Some(byte) => {
                self.position += 3;
                self.buffer.push(byte);
            }
            None => {
                self.position += 1;
                self.buffer.push(b'x');
            }
        }
    }

    /// Skips white space and line ends.
    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' | b'\r' => self.line_end(),
                _ if is_space(byte) => self.position += 1,
                _ => break,
            }
        }
    }

    /// Reads the up to three digits of `\ddd`.
    fn decimal_escape(&mut self, delimiter: u8) -> Result<()> {
        let mut value = 0;
        for _ in 0..3 {
            let Some(digit @ b'0'..=b'9') = self.peek() else {
                break;
            };
            value = value * 10 + u32::from(digit - b'0');
            self.position += 1;
        }
        let Ok(byte) = u8::try_from(value) else {
            return Err(self.string_error("escape sequence too large", delimiter));
        };
        self.buffer.push(byte);
        Ok(())
    }
}

/// What a square bracket begins.
#[derive(PartialEq)]
enum Bracket {
    /// `[`, or `]`
    Single,
    /// `[==` without the second bracket
    Broken,
    /// A long bracket with this many equals signs.
    Long(usize),
}

fn is_line_end(byte: Option<u8>) -> bool {
    matches!(byte, Some(b'\n' | b'\r'))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
