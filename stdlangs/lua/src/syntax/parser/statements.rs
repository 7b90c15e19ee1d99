//! Statements.

use super::expressions::Form;
use super::{MAX_LEVELS, Parser, Result, ends_block};
use crate::syntax::ast::{Block, Expr, ExprId, Stat, StatKind, StrId};
use crate::syntax::scope::Variable;
use crate::syntax::token::{Token, Word};

impl Parser<'_> {
    /// Statements up to the end of the block, in the current scope.
    pub(super) fn statements(&mut self) -> Result<Block> {
        self.nested(|parser| {
            let mut stats = Vec::new();
            while !ends_block(parser.token) {
                let stat = parser.statement()?;
                parser.accept(b';')?;
                let is_last = matches!(stat.kind, StatKind::Return(_) | StatKind::Break);
                stats.push(stat);
                if is_last {
                    break;
                }
            }
            Ok(Block { stats })
        })
    }

    /// Statements in a scope of their own.
    fn block(&mut self) -> Result<Block> {
        self.scoped(false, Self::statements)
    }

    fn scoped<T>(&mut self, is_loop: bool, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.scopes.enter_block(is_loop);
        let result = parse(self)?;
        self.scopes.leave_block();
        Ok(result)
    }

    fn statement(&mut self) -> Result<Stat> {
        let line = self.lexer.line;
        let token = self.token;
        let word = match token {
            Token::Word(word) => word,
            Token::Byte(b':') if self.at_label() => return self.label_statement(line),
            Token::Name(name) if self.is_goto(name)? => return self.goto_statement(line),
            _ => return self.expression_statement(),
        };
        let kind = match word {
            Word::If => self.if_statement(line)?,
            Word::While => self.while_statement(line)?,
            Word::Do => {
                self.advance()?;
                let body = self.block()?;
                self.expect_closing(Word::End, Word::Do, line)?;
                StatKind::Do(body)
            }
            Word::For => self.for_statement(line)?,
            Word::Repeat => self.repeat_statement(line)?,
            Word::Function => self.function_statement(line)?,
            Word::Local => return self.local_statement(line),
            Word::Return => return self.return_statement(),
            Word::Break => {
                self.advance()?;
                if !self.scopes.in_loop() {
                    return Err(self.error_near("no loop to break"));
                }
                StatKind::Break
            }
            _ => return self.expression_statement(),
        };
        Ok(Stat { line, kind })
    }

    /// Whether the current name is the keyword `goto`: where a name follows, which Lua 5.1 has no use for.
    fn is_goto(&mut self, name: StrId) -> Result<bool> {
        Ok(self.lexer.strings.get(name) == b"goto" && matches!(self.look_ahead()?, Token::Name(_)))
    }

    fn goto_statement(&mut self, line: u32) -> Result<Stat> {
        self.advance()?;
        let name = self.expect_name()?;
        Ok(Stat {
            line,
            kind: StatKind::Goto(self.scopes.add_goto(name, line)),
        })
    }

    /// All labels that stand here. At the end of a block they are outside of the scope of its variables; the condition of a
    /// `repeat` loop is within.
    fn label_statement(&mut self, line: u32) -> Result<Stat> {
        let mut names = Vec::new();
        loop {
            self.advance()?;
            self.advance()?;
            let name = self.expect_name()?;
            if names.contains(&name) || self.scopes.has_label(name) {
                let name = String::from_utf8_lossy(self.lexer.strings.get(name)).into_owned();
                return Err(self.lexer.error(&format!("duplicate label '{name}'")));
            }
            names.push(name);
            if !self.at_label() {
                return Err(self.error_near("'::' expected"));
            }
            self.advance()?;
            self.advance()?;
            if !self.at_label() {
                break;
            }
        }
        let is_last = ends_block(self.token) && !self.at(Word::Until);
        let label = self.scopes.add_label(&names, is_last);
        Ok(Stat {
            line,
            kind: StatKind::Label(label.map_err(|wrong| self.goto_error(&wrong))?),
        })
    }

    /// A statement without keyword: a call or an assignment.
    fn expression_statement(&mut self) -> Result<Stat> {
        let (expr, form) = self.suffixed_expression()?;
        let kind = match form {
            Form::Call => StatKind::Call(expr),
            _ => self.assignment(expr, form)?,
        };
        Ok(Stat {
            line: self.last_line,
            kind,
        })
    }

    fn assignment(&mut self, first: ExprId, form: Form) -> Result<StatKind> {
        self.check_target(form)?;
        let mut targets = vec![first];
        while self.accept(b',')? {
            let (target, form) = self.suffixed_expression()?;
            let limit = MAX_LEVELS - self.levels;
            if targets.len() > limit {
                let exceeded = self.scopes.limit_exceeded(limit, "variables in assignment");
                return Err(self.limit_error(&exceeded));
            }
            self.check_target(form)?;
            targets.push(target);
        }
        self.expect(b'=')?;
        let values = self.expressions()?;
        for &target in &targets {
            self.mark_assigned(target);
        }
        Ok(StatKind::Assign {
            targets: targets.into(),
            values,
        })
    }

    fn check_target(&self, form: Form) -> Result<()> {
        match form {
            Form::Assignable => Ok(()),
            _ => Err(self.error_near("syntax error")),
        }
    }

    fn mark_assigned(&mut self, target: ExprId) {
        match self.exprs[target.index()] {
            Expr::Local(id) => self.scopes.mark_assigned(Variable::Local(id)),
            Expr::Upvalue(id) => self.scopes.mark_assigned(Variable::Upvalue(id)),
            _ => {}
        }
    }

    fn if_statement(&mut self, line: u32) -> Result<StatKind> {
        let mut arms = Vec::new();
        loop {
            self.advance()?;
            let condition = self.expression()?;
            self.expect(Word::Then)?;
            arms.push((condition, self.block()?));
            if !self.at(Word::Elseif) {
                break;
            }
        }
        let otherwise = if self.accept(Word::Else)? {
            Some(self.block()?)
        } else {
            None
        };
        self.expect_closing(Word::End, Word::If, line)?;
        Ok(StatKind::If { arms, otherwise })
    }

    fn while_statement(&mut self, line: u32) -> Result<StatKind> {
        self.advance()?;
        let condition = self.expression()?;
        self.scoped(true, |parser| {
            parser.expect(Word::Do)?;
            let body = parser.block()?;
            parser.expect_closing(Word::End, Word::While, line)?;
            Ok(StatKind::While { condition, body })
        })
    }

    fn repeat_statement(&mut self, line: u32) -> Result<StatKind> {
        self.scoped(true, |parser| {
            parser.advance()?;
            let body = parser.statements()?;
            parser.expect_closing(Word::Until, Word::Repeat, line)?;
            let condition = parser.expression()?;
            Ok(StatKind::Repeat { body, condition })
        })
    }

    fn for_statement(&mut self, line: u32) -> Result<StatKind> {
        self.scoped(true, |parser| {
            parser.advance()?;
            let name = parser.expect_name()?;
            let kind = match parser.token {
                Token::Byte(b'=') => parser.numeric_for(name)?,
                Token::Byte(b',') | Token::Word(Word::In) => parser.generic_for(name)?,
                _ => return Err(parser.error_near("'=' or 'in' expected")),
            };
            parser.expect_closing(Word::End, Word::For, line)?;
            Ok(kind)
        })
    }

    fn numeric_for(&mut self, name: StrId) -> Result<StatKind> {
        let hidden = self.declare_implicit("(for index)", 0)?;
        self.declare_implicit("(for limit)", 1)?;
        self.declare_implicit("(for step)", 2)?;
        self.declare(name, HIDDEN_LOCALS)?;
        self.expect(b'=')?;
        let start = self.expression()?;
        self.expect(b',')?;
        let limit = self.expression()?;
        let step = if self.accept(b',')? {
            Some(self.expression()?)
        } else {
            None
        };
        self.scopes.activate(hidden, HIDDEN_LOCALS);
        let do_line = self.lexer.line;
        self.expect(Word::Do)?;
        self.scopes.activate(hidden.after(HIDDEN_LOCALS), 1);
        let body = self.statements()?;
        Ok(StatKind::NumericFor {
            hidden,
            start,
            limit,
            step,
            do_line,
            body,
        })
    }

    fn generic_for(&mut self, name: StrId) -> Result<StatKind> {
        let hidden = self.declare_implicit("(for generator)", 0)?;
        self.declare_implicit("(for state)", 1)?;
        self.declare_implicit("(for control)", 2)?;
        self.declare(name, HIDDEN_LOCALS)?;
        let mut variables = 1;
        while self.accept(b',')? {
            let name = self.expect_name()?;
            self.declare(name, HIDDEN_LOCALS + variables)?;
            variables += 1;
        }
        self.expect(Word::In)?;
        let values_line = self.lexer.line;
        let values = self.expressions()?;
        self.scopes.activate(hidden, HIDDEN_LOCALS);
        self.expect(Word::Do)?;
        self.scopes.activate(hidden.after(HIDDEN_LOCALS), variables);
        let body = self.statements()?;
        Ok(StatKind::GenericFor {
            hidden,
            variables,
            values,
            values_line,
            body,
        })
    }

    fn function_statement(&mut self, line: u32) -> Result<StatKind> {
        self.advance()?;
        let name = self.expect_name()?;
        let mut target = self.variable(name)?;
        let mut is_method = false;
        while !is_method && (self.at(b'.') || self.at(b':')) {
            is_method = self.at(b':');
            self.advance()?;
            let name = self.expect_name()?;
            target = self.field(target, name);
        }
        let function = self.function_body(line, is_method)?;
        self.mark_assigned(target);
        Ok(StatKind::Function { target, function })
    }

    fn local_statement(&mut self, line: u32) -> Result<Stat> {
        self.advance()?;
        if self.accept(Word::Function)? {
            let name = self.expect_name()?;
            let local = self.declare(name, 0)?;
            self.scopes.activate(local, 1);
            let function = self.function_body(self.lexer.line, false)?;
            return Ok(Stat {
                line,
                kind: StatKind::LocalFunction { local, function },
            });
        }
        let name = self.expect_name()?;
        let first = self.declare(name, 0)?;
        let mut count = 1;
        while self.accept(b',')? {
            let name = self.expect_name()?;
            self.declare(name, count)?;
            count += 1;
        }
        let values = if self.accept(b'=')? {
            self.expressions()?
        } else {
            Box::default()
        };
        let locals = first..first.after(count);
        self.scopes.activate(first, count);
        Ok(Stat {
            line: self.last_line,
            kind: StatKind::Local { locals, values },
        })
    }

    fn return_statement(&mut self) -> Result<Stat> {
        self.advance()?;
        let is_empty = ends_block(self.token) || self.at(b';');
        let values = if is_empty { Box::default() } else { self.expressions()? };
        Ok(Stat {
            line: self.last_line,
            kind: StatKind::Return(values),
        })
    }
}

/// How many hidden local variables precede those of a `for` loop.
const HIDDEN_LOCALS: usize = 3;
