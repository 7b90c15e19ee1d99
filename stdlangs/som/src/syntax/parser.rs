//! From tokens to the tree of a class.

use std::rc::Rc;

use super::ast::{Block, Body, ClassText, Expr, Literal, MethodText, Send, Side};
use super::error::{Position, SyntaxError};
use super::lexer::{Token, TokenKind, tokens};

/// Parentheses, blocks and chains of messages nest so deeply at most.
const MAX_DEPTH: u32 = 1000;

/// Parses a class file.
///
/// # Errors
/// The first syntax error.
pub fn parse_class(source: &[u8]) -> Result<ClassText, SyntaxError> {
    let mut parser = Parser::new(source)?;
    let class = parser.class()?;
    parser.expect_end()?;
    Ok(class)
}

/// Parses one method.
///
/// # Errors
/// The first syntax error.
pub fn parse_method(source: &[u8]) -> Result<MethodText, SyntaxError> {
    let mut parser = Parser::new(source)?;
    let method = parser.method()?;
    parser.expect_end()?;
    Ok(method)
}

/// Parses statements, as the body of a method that answers the value of the last one.
///
/// # Errors
/// The first syntax error.
pub fn parse_expression(source: &[u8], parameters: &[&str]) -> Result<Body, SyntaxError> {
    let mut parser = Parser::new(source)?;
    let mut code = Block {
        line: 1,
        ..Block::default()
    };
    code.names.0 = parameters.iter().map(|&name| name.into()).collect();
    parser.block_contents(&mut code, &TokenKind::End)?;
    parser.expect_end()?;
    match code.statements.pop() {
        Some(last @ Expr::Return(_)) => code.statements.push(last),
        Some(last) => code.statements.push(Expr::Return(Box::new(last))),
        None => {}
    }
    Ok(Body::new(code))
}

impl Body {
    fn new(code: Block) -> Body {
        Body {
            variables: Vec::new(),
            code,
            is_home: false,
            may_be_home: false,
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
}

type Parsed<T> = Result<T, SyntaxError>;

impl Parser {
    fn new(source: &[u8]) -> Parsed<Parser> {
        Ok(Parser {
            tokens: tokens(source)?,
            at: 0,
            depth: 0,
        })
    }

    fn peek(&self) -> &TokenKind {
        &self.tokens[self.at].kind
    }

    fn peek_next(&self) -> &TokenKind {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].kind
    }

    fn position(&self) -> Position {
        self.tokens[self.at].position
    }

    fn advance(&mut self) -> Token {
        let token = self.tokens[self.at].clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn take(&mut self, kind: &TokenKind) -> bool {
        let there = self.peek() == kind;
        if there {
            self.advance();
        }
        there
    }

    fn is_operator(&self, text: &str) -> bool {
        matches!(self.peek(), TokenKind::Operator(operator) if operator == text)
    }

    fn take_operator(&mut self, text: &str) -> bool {
        let there = self.is_operator(text);
        if there {
            self.advance();
        }
        there
    }

    fn unexpected<T>(&self, wanted: &str) -> Parsed<T> {
        let found = self.peek().describe();
        Err(SyntaxError::new(
            self.position(),
            format!("{wanted} expected, but {found} found"),
        ))
    }

    fn expect(&mut self, kind: &TokenKind) -> Parsed<()> {
        if self.take(kind) {
            Ok(())
        } else {
            self.unexpected(&kind.describe())
        }
    }

    fn expect_end(&self) -> Parsed<()> {
        match self.peek() {
            TokenKind::End => Ok(()),
            _ => self.unexpected("the end of the text"),
        }
    }

    fn identifier(&mut self, wanted: &str) -> Parsed<Rc<str>> {
        match self.peek() {
            TokenKind::Identifier(name) => {
                let name = name.as_str().into();
                self.advance();
                Ok(name)
            }
            _ => self.unexpected(wanted),
        }
    }

    /// Runs `parse` one level further down.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(SyntaxError::new(self.position(), "this is nested too deeply"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn class(&mut self) -> Parsed<ClassText> {
        let position = self.position();
        let name = self.identifier("the name of a class")?;
        if !self.take_operator("=") {
            return self.unexpected("`=`");
        }
        let superclass = match self.peek() {
            TokenKind::Identifier(_) => Some(self.identifier("a superclass")?),
            _ => None,
        };
        self.expect(&TokenKind::Open)?;
        let instance = self.side()?;
        let class = if self.take(&TokenKind::Separator) {
            self.side()?
        } else {
            Side::default()
        };
        self.expect(&TokenKind::Close)?;
        Ok(ClassText {
            name,
            position,
            superclass,
            instance,
            class,
        })
    }

    fn side(&mut self) -> Parsed<Side> {
        let mut side = Side {
            fields: self.names()?,
            methods: Vec::new(),
        };
        while !matches!(self.peek(), TokenKind::Close | TokenKind::Separator) {
            side.methods.push(self.method()?);
        }
        Ok(side)
    }

    /// `| name name |`, if it is there.
    fn names(&mut self) -> Parsed<Vec<Rc<str>>> {
        let mut names = Vec::new();
        if !self.take_operator("|") {
            return Ok(names);
        }
        while !self.take_operator("|") {
            names.push(self.identifier("a name or `|`")?);
        }
        Ok(names)
    }

    fn method(&mut self) -> Parsed<MethodText> {
        let position = self.position();
        let mut parameters = Vec::new();
        let selector: Rc<str> = match self.peek() {
            TokenKind::Identifier(name) => {
                let name = name.as_str().into();
                self.advance();
                name
            }
            TokenKind::Operator(operator) => {
                let operator = operator.as_str().into();
                self.advance();
                parameters.push(self.identifier("the name of a parameter")?);
                operator
            }
            TokenKind::Keyword(_) => {
                let mut selector = String::new();
                while let TokenKind::Keyword(part) = self.peek() {
                    selector += part;
                    self.advance();
                    parameters.push(self.identifier("the name of a parameter")?);
                }
                selector.into()
            }
            _ => return self.unexpected("a method or `)`"),
        };
        if !self.take_operator("=") {
            return self.unexpected("`=`");
        }
        let body = if matches!(self.peek(), TokenKind::Identifier(word) if word == "primitive") {
            self.advance();
            None
        } else {
            let mut code = Block {
                line: self.position().line,
                ..Block::default()
            };
            self.expect(&TokenKind::Open)?;
            code.names.0 = parameters;
            self.block_contents(&mut code, &TokenKind::Close)?;
            self.expect(&TokenKind::Close)?;
            Some(Body::new(code))
        };
        Ok(MethodText {
            selector,
            position,
            body,
        })
    }

    /// Local variables and statements, up to `end`.
    fn block_contents(&mut self, block: &mut Block, end: &TokenKind) -> Parsed<()> {
        block.names.1 = self.names()?;
        while self.peek() != end {
            if self.take(&TokenKind::Caret) {
                let value = self.nested(Self::expression)?;
                block.statements.push(Expr::Return(Box::new(value)));
                self.take(&TokenKind::Period);
                if self.peek() != end {
                    return self.unexpected(&end.describe());
                }
                return Ok(());
            }
            let value = self.nested(Self::expression)?;
            block.statements.push(value);
            if !self.take(&TokenKind::Period) && self.peek() != end {
                return self.unexpected(&format!("`.` or {}", end.describe()));
            }
        }
        Ok(())
    }

    fn expression(&mut self) -> Parsed<Expr> {
        if let (TokenKind::Identifier(name), TokenKind::Assign) = (self.peek(), self.peek_next()) {
            let target = Expr::Name(name.as_str().into(), self.position());
            self.advance();
            self.advance();
            let value = self.nested(Self::expression)?;
            return Ok(Expr::Assign(Box::new(target), Box::new(value)));
        }
        let mut links = 0;
        let (receiver, to_super) = self.primary()?;
        let receiver = self.unary_messages(receiver, to_super, &mut links)?;
        let untouched = matches!(receiver, Expr::SelfName);
        let receiver = self.binary_messages(receiver, to_super && untouched, &mut links)?;
        let untouched = matches!(receiver, Expr::SelfName);
        self.keyword_message(receiver, to_super && untouched)
    }

    /// One more message in a chain of them: chains nest as parentheses do.
    fn link(&self, links: &mut u32) -> Parsed<()> {
        *links += 1;
        if self.depth + *links > MAX_DEPTH {
            return Err(SyntaxError::new(self.position(), "this chain of messages is too long"));
        }
        Ok(())
    }

    fn unary_messages(&mut self, mut receiver: Expr, mut to_super: bool, links: &mut u32) -> Parsed<Expr> {
        while let TokenKind::Identifier(selector) = self.peek() {
            let selector = selector.as_str().into();
            self.link(links)?;
            let line = self.advance().position.line;
            receiver = send(receiver, to_super, selector, Vec::new(), line);
            to_super = false;
        }
        Ok(receiver)
    }

    fn binary_messages(&mut self, mut receiver: Expr, mut to_super: bool, links: &mut u32) -> Parsed<Expr> {
        while let TokenKind::Operator(selector) = self.peek() {
            let selector = selector.as_str().into();
            self.link(links)?;
            let line = self.advance().position.line;
            let argument = self.nested(Self::binary_operand)?;
            receiver = send(receiver, to_super, selector, vec![argument], line);
            to_super = false;
        }
        Ok(receiver)
    }

    fn binary_operand(&mut self) -> Parsed<Expr> {
        let (receiver, to_super) = self.primary()?;
        self.unary_messages(receiver, to_super, &mut 0)
    }

    fn keyword_message(&mut self, receiver: Expr, to_super: bool) -> Parsed<Expr> {
        if !matches!(self.peek(), TokenKind::Keyword(_)) {
            return Ok(receiver);
        }
        let line = self.position().line;
        let (mut selector, mut arguments) = (String::new(), Vec::new());
        while let TokenKind::Keyword(part) = self.peek() {
            selector += part;
            self.advance();
            arguments.push(self.nested(|parser| {
                let (receiver, to_super) = parser.primary()?;
                let mut links = 0;
                let receiver = parser.unary_messages(receiver, to_super, &mut links)?;
                let untouched = matches!(receiver, Expr::SelfName);
                parser.binary_messages(receiver, to_super && untouched, &mut links)
            })?);
        }
        Ok(send(receiver, to_super, selector.into(), arguments, line))
    }

    /// An operand, and whether it is `super`.
    fn primary(&mut self) -> Parsed<(Expr, bool)> {
        let position = self.position();
        let expr = match self.peek() {
            TokenKind::Identifier(name) => {
                let name: Rc<str> = name.as_str().into();
                self.advance();
                match &*name {
                    "super" => return Ok((Expr::SelfName, true)),
                    "self" => Expr::SelfName,
                    _ => Expr::Name(name, position),
                }
            }
            TokenKind::Open => {
                self.advance();
                let inner = self.nested(Self::expression)?;
                self.expect(&TokenKind::Close)?;
                inner
            }
            TokenKind::BlockStart => self.nested(Self::block)?,
            _ => Expr::Literal(self.literal("an expression")?),
        };
        Ok((expr, false))
    }

    fn block(&mut self) -> Parsed<Expr> {
        let mut block = Block {
            line: self.position().line,
            ..Block::default()
        };
        self.advance();
        while self.peek() == &TokenKind::Colon {
            let position = self.position();
            self.advance();
            block.names.0.push(self.identifier("the name of a parameter")?);
            if block.names.0.len() > 2 {
                return Err(SyntaxError::new(position, "a block has two parameters at most"));
            }
        }
        if !block.names.0.is_empty() && !self.take_operator("|") && self.peek() != &TokenKind::BlockEnd {
            return self.unexpected("`|`");
        }
        self.block_contents(&mut block, &TokenKind::BlockEnd)?;
        self.expect(&TokenKind::BlockEnd)?;
        Ok(Expr::Block(Rc::new(block)))
    }

    fn literal(&mut self, wanted: &str) -> Parsed<Literal> {
        if self.is_operator("-") && matches!(self.peek_next(), TokenKind::Integer(_) | TokenKind::Double(_)) {
            self.advance();
            return Ok(match self.literal(wanted)? {
                Literal::Integer(digits) => Literal::Integer(format!("-{digits}")),
                Literal::Double(double) => Literal::Double(-double),
                other => other,
            });
        }
        let literal = match self.peek() {
            TokenKind::Integer(digits) => Literal::Integer(digits.clone()),
            TokenKind::Double(text) => Literal::Double(text.parse().expect("digits, a point and digits are a number")),
            TokenKind::String(text) => Literal::String(text.clone()),
            TokenKind::Symbol(text) => Literal::Symbol(text.clone()),
            TokenKind::ArrayStart => return self.nested(Self::literal_array),
            _ => return self.unexpected(wanted),
        };
        self.advance();
        Ok(literal)
    }

    fn literal_array(&mut self) -> Parsed<Literal> {
        self.advance();
        let mut elements = Vec::new();
        while !self.take(&TokenKind::Close) {
            elements.push(self.literal("a literal or `)`")?);
        }
        Ok(Literal::Array(elements))
    }
}

fn send(receiver: Expr, to_super: bool, selector: Rc<str>, arguments: Vec<Expr>, line: u32) -> Expr {
    Expr::Send(Box::new(Send {
        receiver,
        to_super,
        selector,
        arguments,
        line,
    }))
}
