//! Recursive descent for statements, precedence climbing for expressions; names are resolved on the way.

mod expressions;
mod statements;

use super::ast::{Block, Chunk, Expr, ExprId, Function, FunctionId, LocalId, StrId, Text, TextKind, Vararg};
use super::error::SyntaxError;
use super::lexer::Lexer;
use super::scope::{LimitExceeded, Scopes, WrongGoto};
use super::source::Source;
use super::token::{Token, Word};

type Result<T> = std::result::Result<T, SyntaxError>;

/// How deep blocks and expressions nest at most. PUC Lua allows 200 nested C calls, of which a Lua program that calls
/// `loadstring` has used two.
const MAX_LEVELS: usize = 198;

/// Parses a chunk. `chunk_name` is what messages call it, in the form that [`chunk_id`](super::chunk_id) takes.
///
/// Neither the native stack used here nor the depth of the result's statements grows with the source: both are
/// limited with the nesting of the program.
///
/// # Errors
///
/// The first syntax error, in the words of PUC Lua 5.1.
pub fn parse(source: &[u8], chunk_name: &[u8]) -> Result<Chunk> {
    parse_source(Source::new(source, 1), chunk_name)
}

/// Like [`parse`], for a part of a chunk, or for one that is read while it is parsed.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_source<'s>(source: Source<'s>, chunk_name: &'s [u8]) -> Result<Chunk> {
    let first_line = source.first_line;
    let mut parser = Parser {
        lexer: Lexer::new(source, chunk_name),
        token: Token::Eof,
        ahead: None,
        last_line: first_line,
        levels: 0,
        scopes: Scopes::default(),
        exprs: Vec::new(),
        lines: Vec::new(),
        functions: Vec::new(),
    };
    parser.main_function(first_line)?;
    let (source, strings) = parser.lexer.into_parts();
    Ok(Chunk {
        source: source.into(),
        strings,
        exprs: parser.exprs,
        lines: parser.lines,
        functions: parser.functions,
    })
}

struct Parser<'s> {
    lexer: Lexer<'s>,
    /// The token to be judged next.
    token: Token,
    /// The token behind it, if it has been read.
    ahead: Option<Token>,
    /// The line where the last token passed by ends.
    last_line: u32,
    /// How many blocks and expressions are being parsed.
    levels: usize,
    scopes: Scopes,
    exprs: Vec<Expr>,
    lines: Vec<u32>,
    functions: Vec<Function>,
}

impl Parser<'_> {
    fn main_function(&mut self, first_line: u32) -> Result<()> {
        self.advance()?;
        let id = self.enter_function(0);
        debug_assert_eq!(id, Chunk::MAIN);
        self.scopes.function().vararg = Vararg::Main;
        let body = self.statements()?;
        self.check(Token::Eof)?;
        self.scopes.function().text = Text {
            bytes: 0..self.lexer.source_len(),
            line: first_line,
            kind: TextKind::Chunk,
        };
        self.leave_function(body, 0, self.last_line)
    }

    /// Leaves the innermost function, whose `end` is at `last_line` and whose last token at `end_line`.
    fn leave_function(&mut self, body: Block, last_line: u32, end_line: u32) -> Result<()> {
        let left = self.scopes.leave_function(body, last_line, end_line);
        let (id, function) = left.map_err(|wrong| self.goto_error(&wrong))?;
        self.functions[id.index()] = function;
        Ok(())
    }

    /// Enters a function that begins at `line` and sets its place aside.
    fn enter_function(&mut self, line: u32) -> FunctionId {
        let id = FunctionId::from_index(self.functions.len());
        self.functions.push(Function::default());
        self.scopes.enter_function(id, line);
        id
    }

    fn advance(&mut self) -> Result<()> {
        self.last_line = self.lexer.line;
        self.token = match self.ahead.take() {
            Some(token) => token,
            None => self.lexer.next()?,
        };
        Ok(())
    }

    /// The token behind the current one.
    fn look_ahead(&mut self) -> Result<Token> {
        if let Some(token) = self.ahead {
            return Ok(token);
        }
        let token = self.lexer.next()?;
        self.ahead = Some(token);
        Ok(token)
    }

    fn at(&self, token: impl Into<Token>) -> bool {
        self.token == token.into()
    }

    /// Whether the current token is the first colon of a `::`.
    fn at_label(&mut self) -> bool {
        self.at(b':') && self.lexer.is_followed_by(b':')
    }

    /// Passes `token` by if it is the current one.
    fn accept(&mut self, token: impl Into<Token>) -> Result<bool> {
        let accepted = self.at(token);
        if accepted {
            self.advance()?;
        }
        Ok(accepted)
    }

    fn check(&self, token: impl Into<Token>) -> Result<()> {
        let token = token.into();
        if self.at(token) {
            return Ok(());
        }
        Err(self.error_near(&format!("'{}' expected", describe(token))))
    }

    fn expect(&mut self, token: impl Into<Token>) -> Result<()> {
        self.check(token)?;
        self.advance()
    }

    /// Expects the token that closes what `opener` opened at `line`.
    fn expect_closing(&mut self, closer: impl Into<Token>, opener: impl Into<Token>, line: u32) -> Result<()> {
        let closer = closer.into();
        if self.at(closer) || line == self.lexer.line {
            return self.expect(closer);
        }
        let (closer, opener) = (describe(closer), describe(opener.into()));
        Err(self.error_near(&format!("'{closer}' expected (to close '{opener}' at line {line})")))
    }

    fn expect_name(&mut self) -> Result<StrId> {
        let Token::Name(name) = self.token else {
            return Err(self.error_near("'<name>' expected"));
        };
        self.advance()?;
        Ok(name)
    }

    /// Declares a local variable after `pending` others that are not yet in scope.
    fn declare(&mut self, name: StrId, pending: usize) -> Result<LocalId> {
        let declared = self.scopes.declare(name, pending);
        declared.map_err(|exceeded| self.limit_error(&exceeded))
    }

    /// Declares a local variable whose name is not in the source.
    fn declare_implicit(&mut self, name: &str, pending: usize) -> Result<LocalId> {
        let name = self.lexer.strings.intern(name.as_bytes());
        self.declare(name, pending)
    }

    /// Parses what stands one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.levels += 1;
        if self.levels > MAX_LEVELS {
            return Err(self.lexer.error("chunk has too many syntax levels"));
        }
        let result = parse(self)?;
        self.levels -= 1;
        Ok(result)
    }

    /// Stores an expression whose errors name the line of the last token.
    fn add(&mut self, expr: Expr) -> ExprId {
        self.add_at(expr, self.last_line)
    }

    /// Stores an expression whose errors name `line`.
    fn add_at(&mut self, expr: Expr, line: u32) -> ExprId {
        let id = ExprId::from_index(self.exprs.len());
        self.exprs.push(expr);
        self.lines.push(line);
        id
    }

    /// An error at the current token.
    fn error_near(&self, what: &str) -> SyntaxError {
        self.lexer.error_near(what, self.token)
    }

    /// An error at a `goto`.
    fn goto_error(&self, wrong: &WrongGoto) -> SyntaxError {
        let text = |name| String::from_utf8_lossy(self.lexer.strings.get(name)).into_owned();
        let label = text(wrong.label);
        let what = match wrong.enters {
            None => format!("undefined label '{label}'"),
            Some(local) => format!("<goto {label}> jumps into the scope of local '{}'", text(local)),
        };
        self.lexer.error_at(wrong.line, &what)
    }

    fn limit_error(&self, exceeded: &LimitExceeded) -> SyntaxError {
        let LimitExceeded {
            function_line,
            limit,
            what,
        } = exceeded;
        let subject = match function_line {
            0 => "main function".to_owned(),
            line => format!("function at line {line}"),
        };
        self.lexer.error(&format!("{subject} has more than {limit} {what}"))
    }
}

/// A token that the grammar asks for, in a message.
fn describe(token: Token) -> String {
    String::from_utf8_lossy(&token.describe()).into_owned()
}

/// Whether `token` ends a block.
fn ends_block(token: Token) -> bool {
    use Word::{Else, Elseif, End, Until};
    matches!(token, Token::Eof | Token::Word(Else | Elseif | End | Until))
}
