//! Builds blocks, statements and expressions.

use std::sync::LazyLock;

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::Rule;
use super::cursor::{Cursor, span_of};
use super::items::Builder;
use crate::ast::{Arm, BinaryOp, Block, Expr, ExprKind, Name, NewField, Pattern, Statement, StatementKind, UnaryOp};
use crate::syntax_error::SyntaxError;

/// Loosest first. `is` binds like a comparison.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or_or))
        .op(left(Rule::and_and))
        .op(left(Rule::eq_eq)
            | left(Rule::not_eq)
            | left(Rule::less)
            | left(Rule::less_eq)
            | left(Rule::greater)
            | left(Rule::greater_eq)
            | Op::postfix(Rule::is_test))
        .op(left(Rule::pipe))
        .op(left(Rule::caret))
        .op(left(Rule::ampersand))
        .op(left(Rule::shift_left) | left(Rule::shift_right))
        .op(left(Rule::plus) | left(Rule::minus))
        .op(left(Rule::star) | left(Rule::slash))
});

impl Builder<'_> {
    /// `block`
    pub fn block(&mut self, mut cursor: Cursor<'_>) -> Block {
        let span = cursor.span;
        let mut statements = Vec::new();
        let mut value = None;
        while let Some(mut statement) = cursor.next() {
            let mut form = statement.expect();
            let span = form.span;
            let ended = form.ends_with_semicolon();
            let kind = match form.rule {
                Rule::let_statement => {
                    let name = form.name();
                    StatementKind::Let {
                        name,
                        value: self.expr(form.expect()),
                    }
                }
                Rule::assume_statement => {
                    let test = self.expr(form.expect());
                    if !matches!(test.kind, ExprKind::Is { .. }) {
                        self.errors.push(SyntaxError::AssumeWithoutTest { at: test.span });
                    }
                    StatementKind::Assume(test)
                }
                Rule::block_statement => StatementKind::Expr(self.primary(form.expect())),
                _ => StatementKind::Expr(self.action(form.expect())),
            };
            match kind {
                // An `if` or `match` without semicolon is the value only where the block ends.
                StatementKind::Expr(last) if !ended && cursor.is_done() => value = Some(Box::new(last)),
                kind => statements.push(Statement { kind, span }),
            }
        }
        Block {
            statements,
            value,
            span,
        }
    }

    /// `action`: an expression, or a store
    fn action(&mut self, mut cursor: Cursor<'_>) -> Expr {
        let span = cursor.span;
        let first = self.expr(cursor.expect());
        match cursor.next() {
            Some(value) => {
                let value = Box::new(self.expr(value));
                Expr {
                    kind: ExprKind::Assign {
                        place: Box::new(first),
                        value,
                    },
                    span,
                }
            }
            None => first,
        }
    }

    /// `expr`
    pub fn expr(&mut self, cursor: Cursor<'_>) -> Expr {
        let (children, base) = cursor.raw();
        // Both closures report errors, so the builder changes hands.
        let builder = std::cell::RefCell::new(self);
        PRECEDENCE
            .map_primary(|pair| builder.borrow_mut().unary(Cursor::new(pair, base)))
            .map_infix(|left, operator: Pair<'_, Rule>, right| {
                let span = left.span.to(right.span);
                Expr {
                    kind: ExprKind::Binary(binary_op(operator.as_rule()), Box::new(left), Box::new(right)),
                    span,
                }
            })
            .map_postfix(|subject, test| {
                let mut test = Cursor::new(test, base);
                let span = subject.span.to(test.span);
                let negated = test.take(Rule::kw_not).is_some();
                let ty = builder.borrow_mut().type_expr(test.expect());
                Expr {
                    kind: ExprKind::Is {
                        subject: Box::new(subject),
                        negated,
                        ty,
                    },
                    span,
                }
            })
            .parse(children)
    }

    fn unary(&mut self, cursor: Cursor<'_>) -> Expr {
        let whole = cursor.span;
        let (children, base) = cursor.raw();
        let mut prefixes = Vec::new();
        let mut operand = None;
        for pair in children {
            match pair.as_rule() {
                Rule::minus => prefixes.push((UnaryOp::Neg, span_of(&pair, base))),
                Rule::bang => prefixes.push((UnaryOp::Not, span_of(&pair, base))),
                _ => operand = Some(self.postfix(Cursor::new(pair, base))),
            }
        }
        let Some(mut expr) = operand else {
            unreachable!("the grammar ends a unary expression with its operand")
        };
        for (operator, at) in prefixes.into_iter().rev() {
            expr = Expr {
                kind: ExprKind::Unary(operator, Box::new(expr)),
                span: at.to(whole),
            };
        }
        expr
    }

    fn postfix(&mut self, mut cursor: Cursor<'_>) -> Expr {
        let mut expr = {
            let first = cursor.expect();
            self.primary(first)
        };
        while let Some(mut suffix) = cursor.next() {
            let span = expr.span.to(suffix.span);
            let kind = match suffix.rule {
                Rule::field_access => ExprKind::Field(Box::new(expr), suffix.name()),
                Rule::index_access => {
                    let index = self.expr(suffix.expect());
                    ExprKind::Index(Box::new(expr), Box::new(index))
                }
                _ => {
                    let args = self.arguments(suffix);
                    match expr.kind {
                        ExprKind::Name(function) => ExprKind::Apply { function, args },
                        _ => {
                            self.errors.push(SyntaxError::AppliedExpression { at: expr.span });
                            expr.kind
                        }
                    }
                }
            };
            expr = Expr { kind, span };
        }
        expr
    }

    /// `arguments`
    pub fn arguments(&mut self, mut list: Cursor<'_>) -> Vec<Expr> {
        let mut args = Vec::new();
        while let Some(arg) = list.next() {
            args.push(self.expr(arg));
        }
        args
    }

    /// One of the forms of `primary`.
    fn primary(&mut self, mut cursor: Cursor<'_>) -> Expr {
        let span = cursor.span;
        let (text, _) = cursor.own_text();
        let kind = match cursor.rule {
            Rule::name => ExprKind::Name(Name {
                text: text.into(),
                span,
            }),
            Rule::integer => ExprKind::Int(self.number((text, span))),
            // Every text that the rule lets through is a number to Rust as well.
            Rule::double => ExprKind::Double(text.replace('_', "").parse().unwrap_or(f64::NAN)),
            Rule::parenthesised => {
                return Expr {
                    span,
                    ..self.expr(cursor.expect())
                };
            }
            Rule::block => ExprKind::Block(self.block(cursor)),
            Rule::if_expr => {
                let condition = Box::new(self.expr(cursor.expect()));
                let then = self.block(cursor.expect());
                let otherwise = cursor.next().map(|other| Box::new(self.primary(other)));
                ExprKind::If {
                    condition,
                    then,
                    otherwise,
                }
            }
            Rule::match_expr => {
                let subject = Box::new(self.expr(cursor.expect()));
                let mut arms = Vec::new();
                while let Some(arm) = cursor.next() {
                    arms.push(self.arm(arm));
                }
                ExprKind::Match { subject, arms }
            }
            Rule::slow_block => {
                let block = cursor.expect();
                let span = block.span;
                let body = Expr {
                    kind: ExprKind::Block(self.block(block)),
                    span,
                };
                ExprKind::Slow(Box::new(body))
            }
            Rule::slow_expr => ExprKind::Slow(Box::new(self.expr(cursor.expect()))),
            Rule::return_expr => ExprKind::Return(self.arguments(cursor)),
            Rule::leave_expr => ExprKind::Leave(self.arguments(cursor)),
            Rule::throw_expr => ExprKind::Throw(Box::new(self.expr(cursor.expect()))),
            Rule::goto_expr => ExprKind::Goto(cursor.name()),
            Rule::delegate => ExprKind::Delegate,
            Rule::yield_expr => ExprKind::Yield(Box::new(self.expr(cursor.expect()))),
            Rule::tail_call => {
                let (callee, args) = self.called(cursor, "tail call");
                ExprKind::TailCall { callee, args }
            }
            Rule::try_call => {
                let (callee, args) = self.called(cursor, "try call");
                ExprKind::Call {
                    catch: true,
                    callee,
                    args,
                }
            }
            Rule::guest_call => {
                let (callee, args) = self.called(cursor, "call");
                ExprKind::Call {
                    catch: false,
                    callee,
                    args,
                }
            }
            Rule::resume => {
                let (coroutine, args) = self.called(cursor, "resume");
                ExprKind::Resume { coroutine, args }
            }
            Rule::cache => {
                let (mut keys, mut ways, mut body) = (Vec::new(), None, None);
                while let Some(mut part) = cursor.next() {
                    match part.rule {
                        Rule::ways => ways = Some(self.integer(&mut part)),
                        Rule::unary => body = Some(self.unary(part)),
                        _ => keys.push(self.expr(part)),
                    }
                }
                let Some(body) = body else {
                    unreachable!("the grammar ends a cache with its body")
                };
                ExprKind::Cache {
                    keys,
                    ways,
                    body: Box::new(body),
                }
            }
            Rule::new_object => {
                let object = cursor.name();
                let mut fields = Vec::new();
                while let Some(field) = cursor.next() {
                    fields.push(self.new_field(field));
                }
                ExprKind::New { object, fields }
            }
            rule => unreachable!("{rule:?} is no expression"),
        };
        Expr { kind, span }
    }

    /// `new_field`
    fn new_field(&mut self, mut field: Cursor<'_>) -> NewField {
        let name = field.name();
        let mut value = field.expect();
        let (value, count) = if value.rule == Rule::array_fill {
            let element = self.expr(value.expect());
            (element, Some(self.expr(value.expect())))
        } else {
            (self.expr(value), None)
        };
        NewField { name, value, count }
    }

    /// The callee and the arguments of `word f(args)`.
    fn called(&mut self, mut cursor: Cursor<'_>, word: &'static str) -> (Box<Expr>, Vec<Expr>) {
        let mut target = cursor.expect();
        let whole = target.span;
        let mut callee = {
            let first = target.expect();
            self.primary(first)
        };
        let mut args = None;
        while let Some(mut suffix) = target.next() {
            let span = callee.span.to(suffix.span);
            let kind = match suffix.rule {
                Rule::field_access => ExprKind::Field(Box::new(callee), suffix.name()),
                Rule::index_access => {
                    let index = self.expr(suffix.expect());
                    ExprKind::Index(Box::new(callee), Box::new(index))
                }
                _ => {
                    if args.is_some() {
                        self.errors.push(SyntaxError::AppliedExpression { at: span });
                    }
                    args = Some(self.arguments(suffix));
                    continue;
                }
            };
            if args.is_some() {
                self.errors.push(SyntaxError::CallFollowed { at: suffix.span, word });
            }
            callee = Expr { kind, span };
        }
        let args = args.unwrap_or_else(|| {
            self.errors.push(SyntaxError::CallWithoutArguments { at: whole, word });
            Vec::new()
        });
        (Box::new(callee), args)
    }

    fn arm(&mut self, mut arm: Cursor<'_>) -> Arm {
        let span = arm.span;
        let mut pattern = arm.expect();
        let pattern = {
            let span = pattern.span;
            let first = pattern.name();
            let second = pattern.take_name();
            let (owner, case) = match second {
                Some(case) => (Some(first), case),
                None => (None, first),
            };
            let bindings = pattern.take(Rule::bindings).map(|mut list| {
                let mut names = Vec::new();
                while let Some(name) = list.take_name() {
                    names.push(name);
                }
                names
            });
            let case = (case.as_str() != "_").then_some(case);
            Pattern {
                case,
                owner,
                bindings,
                span,
            }
        };
        let body = arm.expect().expect();
        let body = if body.rule == Rule::block {
            self.primary(body)
        } else {
            self.action(body)
        };
        Arm { pattern, body, span }
    }
}

fn binary_op(rule: Rule) -> BinaryOp {
    match rule {
        Rule::plus => BinaryOp::Add,
        Rule::minus => BinaryOp::Sub,
        Rule::star => BinaryOp::Mul,
        Rule::slash => BinaryOp::Div,
        Rule::ampersand => BinaryOp::BitAnd,
        Rule::pipe => BinaryOp::BitOr,
        Rule::caret => BinaryOp::BitXor,
        Rule::shift_left => BinaryOp::Shl,
        Rule::shift_right => BinaryOp::Shr,
        Rule::eq_eq => BinaryOp::Eq,
        Rule::not_eq => BinaryOp::Ne,
        Rule::less => BinaryOp::Lt,
        Rule::less_eq => BinaryOp::Le,
        Rule::greater => BinaryOp::Gt,
        Rule::greater_eq => BinaryOp::Ge,
        Rule::and_and => BinaryOp::And,
        Rule::or_or => BinaryOp::Or,
        rule => unreachable!("{rule:?} is no infix operator"),
    }
}
