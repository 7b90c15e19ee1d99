//! Expressions.

use super::{Parser, Result};
use crate::syntax::ast::{BinaryOp, Expr, ExprId, Field, StrId, Text, TextKind, UnaryOp, Vararg};
use crate::syntax::scope::Variable;
use crate::syntax::token::{Token, Word};

/// What a suffixed expression may be used for besides its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The target of an assignment.
    Assignable,
    /// A statement.
    Call,
    Other,
}

/// How strongly prefix operators bind.
const UNARY_PRIORITY: u8 = 8;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<ExprId> {
        self.operators(0)
    }

    /// One or more expressions, separated by commas.
    pub(super) fn expressions(&mut self) -> Result<Box<[ExprId]>> {
        let mut list = vec![self.expression()?];
        while self.accept(b',')? {
            self.settle(list[list.len() - 1]);
            list.push(self.expression()?);
        }
        Ok(list.into())
    }

    /// An expression of operators that bind more strongly than `limit`.
    fn operators(&mut self, limit: u8) -> Result<ExprId> {
        self.nested(|parser| {
            let mut lhs = match unary_op(parser.token) {
                Some(op) => {
                    parser.advance()?;
                    let operand = parser.operators(UNARY_PRIORITY)?;
                    parser.add(Expr::Unary { op, operand })
                }
                None => parser.simple_expression()?,
            };
            while let Some(op) = binary_op(parser.token) {
                let (left, right) = priorities(op);
                if left <= limit {
                    break;
                }
                parser.advance()?;
                parser.settle(lhs);
                let rhs = parser.operators(right)?;
                lhs = parser.add(Expr::Binary { op, lhs, rhs });
            }
            Ok(lhs)
        })
    }

    fn simple_expression(&mut self) -> Result<ExprId> {
        let expr = match self.token {
            Token::Number(number) => Expr::Number(number),
            Token::String(id) => Expr::String(id),
            Token::Word(Word::Nil) => Expr::Nil,
            Token::Word(Word::True) => Expr::True,
            Token::Word(Word::False) => Expr::False,
            Token::Word(Word::Dots) => {
                if !self.scopes.use_varargs() {
                    return Err(self.error_near("cannot use '...' outside a vararg function"));
                }
                Expr::Vararg
            }
            Token::Byte(b'{') => return self.table(),
            Token::Word(Word::Function) => {
                self.advance()?;
                return self.function_body(self.lexer.line, false);
            }
            _ => return Ok(self.suffixed_expression()?.0),
        };
        self.advance()?;
        Ok(self.add(expr))
    }

    /// A name or a parenthesised expression, and any indexing and calls behind it.
    pub(super) fn suffixed_expression(&mut self) -> Result<(ExprId, Form)> {
        let (mut expr, mut form) = self.prefix_expression()?;
        loop {
            let token = self.token;
            (expr, form) = match token {
                Token::Byte(b'.') => {
                    self.advance()?;
                    let name = self.expect_name()?;
                    (self.field(expr, name), Form::Assignable)
                }
                Token::Byte(b'[') => {
                    let key = self.bracketed_key()?;
                    (self.add(Expr::Index { object: expr, key }), Form::Assignable)
                }
                Token::Byte(b':') if !self.at_label() => {
                    self.advance()?;
                    let name = self.expect_name()?;
                    self.settle(expr);
                    let (args, line) = self.arguments()?;
                    (
                        self.add_at(
                            Expr::MethodCall {
                                object: expr,
                                name,
                                args,
                            },
                            line,
                        ),
                        Form::Call,
                    )
                }
                Token::Byte(b'(' | b'{') | Token::String(_) => {
                    let (args, line) = self.arguments()?;
                    (self.add_at(Expr::Call { callee: expr, args }, line), Form::Call)
                }
                _ => return Ok((expr, form)),
            }
        }
    }

    fn prefix_expression(&mut self) -> Result<(ExprId, Form)> {
        match self.token {
            Token::Name(name) => {
                self.advance()?;
                Ok((self.variable(name)?, Form::Assignable))
            }
            Token::Byte(b'(') => {
                let line = self.lexer.line;
                self.advance()?;
                let inner = self.expression()?;
                self.expect_closing(b')', b'(', line)?;
                self.settle(inner);
                let truncates = self.exprs[inner.index()].is_multiple();
                let expr = if truncates { self.add(Expr::Paren(inner)) } else { inner };
                Ok((expr, Form::Other))
            }
            _ => Err(self.error_near("unexpected symbol")),
        }
    }

    /// The variable called `name`, which has just been passed by.
    pub(super) fn variable(&mut self, name: StrId) -> Result<ExprId> {
        let resolved = self.scopes.resolve(name);
        let variable = resolved.map_err(|exceeded| self.limit_error(&exceeded))?;
        Ok(self.add(match variable {
            Variable::Local(id) => Expr::Local(id),
            Variable::Upvalue(id) => Expr::Upvalue(id),
            Variable::Global(name) => Expr::Global(name),
        }))
    }

    /// `object.name`, where the name has just been passed by.
    pub(super) fn field(&mut self, object: ExprId, name: StrId) -> ExprId {
        let key = self.add(Expr::String(name));
        self.add(Expr::Index { object, key })
    }

    /// Lets the errors of an expression that has just been completed name the line of the last token, if it is an
    /// index expression: PUC Lua makes its instruction no earlier than this.
    fn settle(&mut self, expr: ExprId) {
        if matches!(self.exprs[expr.index()], Expr::Index { .. }) {
            self.lines[expr.index()] = self.last_line;
        }
    }

    /// `[key]`
    fn bracketed_key(&mut self) -> Result<ExprId> {
        self.advance()?;
        let key = self.expression()?;
        self.expect(b']')?;
        Ok(key)
    }

    /// The arguments of a call, and the line where they begin.
    fn arguments(&mut self) -> Result<(Box<[ExprId]>, u32)> {
        let line = self.lexer.line;
        let args: Box<[ExprId]> = match self.token {
            Token::Byte(b'(') => {
                if line != self.last_line {
                    return Err(self.error_near("ambiguous syntax (function call x new statement)"));
                }
                self.advance()?;
                let args = if self.at(b')') {
                    Box::default()
                } else {
                    self.expressions()?
                };
                self.expect_closing(b')', b'(', line)?;
                if let Some(&last) = args.last() {
                    self.settle(last);
                }
                args
            }
            Token::Byte(b'{') => Box::new([self.table()?]),
            Token::String(id) => {
                self.advance()?;
                Box::new([self.add(Expr::String(id))])
            }
            _ => return Err(self.error_near("function arguments expected")),
        };
        Ok((args, line))
    }

    fn table(&mut self) -> Result<ExprId> {
        let line = self.lexer.line;
        self.expect(b'{')?;
        let mut fields = Vec::new();
        while !self.at(b'}') {
            let field = self.table_field()?;
            fields.push(field);
            if !self.accept(b',')? && !self.accept(b';')? {
                break;
            }
            self.settle_item(field);
        }
        self.expect_closing(b'}', b'{', line)?;
        if let Some(&last) = fields.last() {
            self.settle_item(last);
        }
        Ok(self.add(Expr::Table(fields.into())))
    }

    fn settle_item(&mut self, field: Field) {
        if let Field::Item(value) = field {
            self.settle(value);
        }
    }

    fn table_field(&mut self) -> Result<Field> {
        let token = self.token;
        let key = match token {
            Token::Byte(b'[') => self.bracketed_key()?,
            Token::Name(name) if self.look_ahead()? == Token::Byte(b'=') => {
                self.advance()?;
                self.add(Expr::String(name))
            }
            _ => return Ok(Field::Item(self.expression()?)),
        };
        self.expect(b'=')?;
        let value = self.expression()?;
        Ok(Field::Keyed {
            key,
            value,
            line: self.last_line,
        })
    }

    /// A function from its parameters on, whose messages say that it begins at `line`.
    pub(super) fn function_body(&mut self, line: u32, is_method: bool) -> Result<ExprId> {
        let id = self.enter_function(line);
        let (text_start, text_line) = (self.lexer.token_bytes().start, self.lexer.line);
        self.expect(b'(')?;
        if is_method {
            let local = self.declare_implicit("self", 0)?;
            self.scopes.activate(local, 1);
            self.scopes.function().parameters = 1;
        }
        self.parameters()?;
        self.expect(b')')?;
        let body = self.statements()?;
        let last_line = self.lexer.line;
        self.scopes.function().text = Text {
            bytes: text_start..self.lexer.token_bytes().end,
            line: text_line,
            kind: if is_method {
                TextKind::Method
            } else {
                TextKind::Function
            },
        };
        self.expect_closing(Word::End, Word::Function, line)?;
        self.leave_function(body, last_line, last_line)?;
        Ok(self.add(Expr::Function(id)))
    }

    /// The names between the parentheses of a function.
    fn parameters(&mut self) -> Result<()> {
        let mut first = None;
        let mut declared = 0;
        if !self.at(b')') {
            loop {
                let is_vararg = self.at(Word::Dots);
                let local = match self.token {
                    Token::Name(name) => {
                        self.advance()?;
                        self.scopes.function().parameters += 1;
                        self.declare(name, declared)?
                    }
                    Token::Word(Word::Dots) => {
                        self.advance()?;
                        self.scopes.function().vararg = Vararg::ArgTable;
                        self.declare_implicit("arg", declared)?
                    }
                    _ => return Err(self.error_near("<name> or '...' expected")),
                };
                first.get_or_insert(local);
                declared += 1;
                if is_vararg || !self.accept(b',')? {
                    break;
                }
            }
        }
        if let Some(first) = first {
            self.scopes.activate(first, declared);
        }
        Ok(())
    }
}

fn unary_op(token: Token) -> Option<UnaryOp> {
    match token {
        Token::Byte(b'-') => Some(UnaryOp::Neg),
        Token::Byte(b'#') => Some(UnaryOp::Len),
        Token::Word(Word::Not) => Some(UnaryOp::Not),
        _ => None,
    }
}

fn binary_op(token: Token) -> Option<BinaryOp> {
    Some(match token {
        Token::Byte(b'+') => BinaryOp::Add,
        Token::Byte(b'-') => BinaryOp::Sub,
        Token::Byte(b'*') => BinaryOp::Mul,
        Token::Byte(b'/') => BinaryOp::Div,
        Token::Byte(b'%') => BinaryOp::Mod,
        Token::Byte(b'^') => BinaryOp::Pow,
        Token::Word(Word::Concat) => BinaryOp::Concat,
        Token::Word(Word::Eq) => BinaryOp::Eq,
        Token::Word(Word::Ne) => BinaryOp::Ne,
        Token::Byte(b'<') => BinaryOp::Lt,
        Token::Word(Word::Le) => BinaryOp::Le,
        Token::Byte(b'>') => BinaryOp::Gt,
        Token::Word(Word::Ge) => BinaryOp::Ge,
        Token::Word(Word::And) => BinaryOp::And,
        Token::Word(Word::Or) => BinaryOp::Or,
        _ => return None,
    })
}

/// How strongly an infix operator binds to its left and right; it associates to the right where the left is stronger.
#[rustfmt::skip] // a table
fn priorities(op: BinaryOp) -> (u8, u8) {
    use BinaryOp::{Add, And, Concat, Div, Eq, Ge, Gt, Le, Lt, Mod, Mul, Ne, Or, Pow, Sub};
    match op {
        Or                          => (1, 1),
        And                         => (2, 2),
        Eq | Ne | Lt | Le | Gt | Ge => (3, 3),
        Concat                      => (5, 4),
        Add | Sub                   => (6, 6),
        Mul | Div | Mod             => (7, 7),
        Pow                         => (10, 9),
    }
}
