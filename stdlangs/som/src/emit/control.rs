//! Messages that become jumps.

use std::rc::Rc;

use dg_runtime::Throw;

use super::cold::{After, Cold};
use super::function::{Emitter, Want, slot};
use crate::generated::{Label, NIL};
use crate::syntax::ast::{Block, Expr, Literal, Send};
use crate::syntax::control::Control;

/// A jump on a condition.
#[derive(Clone, Copy)]
pub(super) struct Test {
    /// Jumps if the condition is this.
    pub sense: bool,
    /// Where to.
    pub to: Label,
    /// Where to if the condition is no Boolean, which is then in the slot `answer`.
    pub strange: Label,
    /// That slot.
    pub answer: u32,
}

impl<'a> Emitter<'a> {
    /// A message that becomes jumps.
    pub fn control(&mut self, send: &'a Send, control: Control<'a>, want: Want) -> Result<(), Throw> {
        let saved = self.top;
        match control {
            Control::If { on_true, on_false } => self.conditional(send, on_true, on_false, want)?,
            Control::IfNil { on_nil, on_other } => self.nil_test(send, on_nil, on_other, want)?,
            Control::And(_) | Control::Or(_) => self.logical(send, control, want)?,
            Control::While { sense, condition, body } => self.while_loop(send, sense, condition, body, want)?,
            Control::Count { down, body } => self.counting_loop(send, down, body, want)?,
        }
        self.set_top(saved);
        Ok(())
    }

    /// The statements of a block in place, with new variables.
    fn inline(&mut self, block: &'a Block, want: Want) -> Result<(), Throw> {
        let saved = self.top;
        self.locals(&block.locals);
        self.statements(block, want)?;
        self.set_top(saved);
        Ok(())
    }

    /// As `inline`, for the block of one of two branches; nil without a block.
    fn branch(&mut self, block: Option<&'a Rc<Block>>, want: Want) -> Result<(), Throw> {
        match (block, want) {
            (Some(block), _) => self.inline(block, want),
            (None, Want::In(dst)) => {
                self.load(dst, NIL);
                Ok(())
            }
            (None, Want::Effect) => Ok(()),
        }
    }

    fn conditional(
        &mut self,
        send: &'a Send,
        on_true: Option<&'a Rc<Block>>,
        on_false: Option<&'a Rc<Block>>,
        want: Want,
    ) -> Result<(), Throw> {
        let (other, end) = (self.builder.label(), self.builder.label());
        // The branch with a block comes first, the other one is jumped to.
        let first_is_true = on_true.is_some();
        let (first, second) = if first_is_true {
            (on_true, on_false)
        } else {
            (on_false, None)
        };
        self.test_of(send, &send.receiver, !first_is_true, other, want, end)?;
        self.branch(first, want)?;
        if (second.is_some() || matches!(want, Want::In(_))) && !first.is_some_and(|block| leaves(block)) {
            self.builder.emit_jump(end);
        }
        self.builder.bind(other);
        self.branch(second, want)?;
        self.builder.bind(end);
        Ok(())
    }

    /// Tests the receiver of `send`: goes to `to` if it is `sense`. If it is no Boolean, the message is really sent, and
    /// what it answers is the value of the whole, at `end`.
    fn test_of(
        &mut self,
        send: &'a Send,
        receiver: &'a Expr,
        sense: bool,
        to: Label,
        want: Want,
        end: Label,
    ) -> Result<(), Throw> {
        let saved = self.top;
        let answer = self.reserve(1);
        let strange = self.builder.label();
        self.cold.push_back(Cold::Send {
            label: strange,
            top: self.top,
            receiver: answer,
            limit: None,
            send,
            after: After::Value { want, end },
        });
        let test = Test {
            sense,
            to,
            strange,
            answer,
        };
        self.test(receiver, test)?;
        self.set_top(saved);
        Ok(())
    }

    /// Jumps on a condition.
    fn test(&mut self, expr: &'a Expr, test: Test) -> Result<(), Throw> {
        let saved = self.top;
        self.test_inner(expr, test)?;
        self.set_top(saved);
        Ok(())
    }

    fn test_inner(&mut self, expr: &'a Expr, test: Test) -> Result<(), Throw> {
        if let Expr::Send(send) = expr
            && !send.to_super
        {
            match Control::of(send) {
                Some(Control::And(block)) if has_value(block) => return self.test_logical(send, block, true, test),
                Some(Control::Or(block)) if has_value(block) => return self.test_logical(send, block, false, test),
                Some(_) => {}
                None if self.test_comparison(send, test)? => return Ok(()),
                None if &*send.selector == "not" => return self.test_negation(send, test),
                None => {}
            }
        }
        if let Expr::Literal(Literal::Boolean(value)) = expr {
            if *value == test.sense {
                self.builder.emit_jump(test.to);
            }
            return Ok(());
        }
        let variable = match expr {
            Expr::Variable(variable) => self.own_slot(*variable),
            _ => None,
        };
        match variable {
            Some(at) => {
                let label = self.builder.label();
                self.cold.push_back(Cold::Move {
                    label,
                    from: at,
                    to: test.answer,
                    then: test.strange,
                });
                self.jump_on(at, Test { strange: label, ..test });
            }
            None => {
                self.value(expr, test.answer)?;
                self.jump_on(test.answer, test);
            }
        }
        Ok(())
    }

    /// Jumps on what is in a slot.
    pub fn jump_on(&mut self, at: u32, test: Test) {
        if test.sense {
            self.builder.emit_jtrue(slot(at), test.to, test.strange);
        } else {
            self.builder.emit_jfalse(slot(at), test.to, test.strange);
        }
    }

    /// Jumps on a comparison. Answers whether it is one.
    fn test_comparison(&mut self, send: &'a Send, test: Test) -> Result<bool, Throw> {
        let Test {
            sense,
            to,
            strange,
            answer,
        } = test;
        let answer = slot(answer);
        match &*send.selector {
            "<" | ">" | "<=" | ">=" | "=" | "<>" => {
                let (lhs, rhs) = self.operands(send)?;
                let lhs = slot(lhs);
                self.line(send.line);
                let builder = &mut self.builder;
                match (&*send.selector, sense) {
                    ("<", true) => builder.emit_jless(lhs, rhs, answer, to, strange),
                    ("<", false) => builder.emit_jnotless(lhs, rhs, answer, to, strange),
                    (">", true) => builder.emit_jgreater(lhs, rhs, answer, to, strange),
                    (">", false) => builder.emit_jnotgreater(lhs, rhs, answer, to, strange),
                    ("<=", true) => builder.emit_jlessequal(lhs, rhs, answer, to, strange),
                    ("<=", false) => builder.emit_jnotlessequal(lhs, rhs, answer, to, strange),
                    (">=", true) => builder.emit_jgreaterequal(lhs, rhs, answer, to, strange),
                    (">=", false) => builder.emit_jnotgreaterequal(lhs, rhs, answer, to, strange),
                    ("=", true) => builder.emit_jequal(lhs, rhs, answer, to, strange),
                    ("=", false) => builder.emit_jnotequal(lhs, rhs, answer, to, strange),
                    (_, true) => builder.emit_jdifferent(lhs, rhs, answer, to, strange),
                    (_, false) => builder.emit_jnotdifferent(lhs, rhs, answer, to, strange),
                };
                Ok(true)
            }
            "==" => {
                let (lhs, rhs) = self.steady_operands(send)?;
                self.line(send.line);
                if sense {
                    self.builder.emit_jsame(slot(lhs), slot(rhs), answer, to, strange);
                } else {
                    self.builder.emit_jnotsame(slot(lhs), slot(rhs), answer, to, strange);
                }
                Ok(true)
            }
            "isNil" | "notNil" => {
                let x = slot(self.operand(&send.receiver)?);
                self.line(send.line);
                let builder = &mut self.builder;
                match (&*send.selector, sense) {
                    ("isNil", true) => builder.emit_jisnil(x, answer, to, strange),
                    ("isNil", false) => builder.emit_jnotisnil(x, answer, to, strange),
                    (_, true) => builder.emit_jisnotnil(x, answer, to, strange),
                    (_, false) => builder.emit_jnotnotnil(x, answer, to, strange),
                };
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// `and:` if `is_and`, `or:` otherwise, in a condition.
    fn test_logical(&mut self, send: &'a Send, block: &'a Rc<Block>, is_and: bool, test: Test) -> Result<(), Throw> {
        let end = self.builder.label();
        // Decided by the receiver alone: false for `and:`, true for `or:`.
        let decided = !is_and;
        let first = self.builder.label();
        self.cold.push_back(Cold::Send {
            label: first,
            top: self.top,
            receiver: test.answer,
            limit: None,
            send,
            after: After::Test { test, end },
        });
        let to = if decided == test.sense { test.to } else { end };
        self.test(
            &send.receiver,
            Test {
                sense: decided,
                to,
                strange: first,
                ..test
            },
        )?;
        self.locals(&block.locals);
        let (last, others) = block.statements.split_last().expect("the block has a value");
        for statement in others {
            self.statement(statement)?;
        }
        self.test(last, test)?;
        self.builder.bind(end);
        Ok(())
    }

    fn test_negation(&mut self, send: &'a Send, test: Test) -> Result<(), Throw> {
        let (end, strange) = (self.builder.label(), self.builder.label());
        self.cold.push_back(Cold::Send {
            label: strange,
            top: self.top,
            receiver: test.answer,
            limit: None,
            send,
            after: After::Test { test, end },
        });
        let inner = Test {
            sense: !test.sense,
            strange,
            ..test
        };
        self.test(&send.receiver, inner)?;
        self.builder.bind(end);
        Ok(())
    }

    /// `and:` and `or:` for their value.
    fn logical(&mut self, send: &'a Send, control: Control<'a>, want: Want) -> Result<(), Throw> {
        let (is_and, block) = match control {
            Control::And(block) => (true, block),
            Control::Or(block) => (false, block),
            _ => unreachable!("only these are logical"),
        };
        let (decided, end) = (self.builder.label(), self.builder.label());
        self.test_of(send, &send.receiver, !is_and, decided, want, end)?;
        self.inline(block, want)?;
        if let Want::In(dst) = want {
            self.builder.emit_jump(end);
            self.builder.bind(decided);
            self.load_boolean(dst, !is_and);
        } else {
            self.builder.bind(decided);
        }
        self.builder.bind(end);
        Ok(())
    }

    fn nil_test(
        &mut self,
        send: &'a Send,
        on_nil: Option<&'a Rc<Block>>,
        on_other: Option<&'a Rc<Block>>,
        want: Want,
    ) -> Result<(), Throw> {
        let (other, end) = (self.builder.label(), self.builder.label());
        let receiver = self.operand(&send.receiver)?;
        let (first, second) = if on_nil.is_some() {
            self.builder.emit_jnotnil(slot(receiver), other);
            (on_nil, on_other)
        } else {
            self.builder.emit_jnil(slot(receiver), other);
            (on_other, None)
        };
        self.branch(first, want)?;
        self.builder.emit_jump(end);
        self.builder.bind(other);
        match (second, want) {
            (None, Want::In(dst)) => self.move_to(receiver, dst),
            _ => self.branch(second, want)?,
        }
        self.builder.bind(end);
        Ok(())
    }

    fn while_loop(
        &mut self,
        send: &'a Send,
        sense: bool,
        condition: &'a Rc<Block>,
        body: &'a Rc<Block>,
        want: Want,
    ) -> Result<(), Throw> {
        let (check, again, end) = (self.builder.label(), self.builder.label(), self.builder.label());
        self.builder.emit_jump(check);
        self.builder.bind(again);
        self.inline(body, Want::Effect)?;
        self.builder.bind(check);
        let saved = self.top;
        let answer = self.reserve(1);
        let strange = self.builder.label();
        self.cold.push_back(Cold::Loop {
            label: strange,
            top: self.top,
            receiver: answer,
            selector: if sense { "ifTrue:" } else { "ifFalse:" },
            body,
            line: send.line,
            end,
        });
        let test = Test {
            sense,
            to: again,
            strange,
            answer,
        };
        self.locals(&condition.locals);
        match condition.statements.split_last() {
            Some((last @ Expr::Return(_), others)) => {
                others.iter().try_for_each(|statement| self.statement(statement))?;
                self.statement(last)?;
            }
            Some((last, others)) => {
                others.iter().try_for_each(|statement| self.statement(statement))?;
                self.test(last, test)?;
            }
            None => {
                self.load(answer, NIL);
                self.jump_on(answer, test);
            }
        }
        self.set_top(saved);
        self.builder.bind(end);
        if let Want::In(dst) = want {
            self.load(dst, NIL);
        }
        Ok(())
    }

    fn counting_loop(&mut self, send: &'a Send, down: bool, body: &'a Rc<Block>, want: Want) -> Result<(), Throw> {
        let (again, exit, end) = (self.builder.label(), self.builder.label(), self.builder.label());
        let strange = self.builder.label();
        let kept = match want {
            Want::In(_) => Some(self.reserve(1)),
            Want::Effect => None,
        };
        let index = self.reserve(1);
        self.value(&send.receiver, index)?;
        if let Some(kept) = kept {
            self.move_to(index, kept);
        }
        let limit = self.reserve(1);
        self.value(&send.arguments[0], limit)?;
        self.cold.push_back(Cold::Send {
            label: strange,
            top: self.top,
            receiver: index,
            limit: Some(limit),
            send,
            after: After::Value { want, end },
        });
        if down {
            self.builder.emit_downprep(slot(index), exit, strange);
        } else {
            self.builder.emit_forprep(slot(index), exit, strange);
        }
        self.builder.bind(again);
        let saved = self.top;
        let parameter = body.parameters[0];
        if self.body.variables[parameter.index()].assigned {
            let own = self.reserve(1);
            self.move_to(index, own);
            self.place(parameter, own);
            self.share(parameter);
        } else {
            self.place(parameter, index);
        }
        self.inline(body, Want::Effect)?;
        self.set_top(saved);
        if down {
            self.builder.emit_downloop(slot(index), again);
        } else {
            self.builder.emit_forloop(slot(index), again);
        }
        self.builder.bind(exit);
        if let (Want::In(dst), Some(kept)) = (want, kept) {
            self.move_to(kept, dst);
        }
        self.builder.bind(end);
        Ok(())
    }
}

/// Whether a block ends with a return.
fn leaves(block: &Block) -> bool {
    matches!(block.statements.last(), Some(Expr::Return(_)))
}

/// Whether the value of a block is that of an expression.
fn has_value(block: &Block) -> bool {
    !block.statements.is_empty() && !leaves(block)
}
