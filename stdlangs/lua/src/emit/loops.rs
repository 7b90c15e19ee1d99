//! Loops.

use super::function::{Emitter, Loop, Scope};
use super::inst::{Const, Inst, Label, Operand, Run};
use crate::syntax::ast::{Block, Expr, ExprId, Stat, StatKind};

/// How many hidden locals precede the variables of a `for` loop.
const HIDDEN_LOCALS: u16 = 3;

/// How many variables FORSTEP writes.
const STEP_VARIABLES: usize = 2;

impl Emitter<'_> {
    /// ```text
    ///        JUMP check
    /// body:  ...
    /// check: condition -> body
    /// exit:
    /// ```
    pub(super) fn while_loop(&mut self, condition: ExprId, body: &Block) {
        let always = match self.chunk[condition] {
            Expr::Nil | Expr::False => return,
            Expr::True | Expr::Number(_) | Expr::String(_) => true,
            _ => false,
        };
        let check = self.code.label();
        let is_reachable = self.code.is_reachable();
        if !always {
            self.code.push(Inst::Jump { to: check }, self.chunk.line(condition));
        }
        let start = self.code.loop_label(is_reachable);
        let exit = self.enter_loop(self.scope());
        self.block(body);
        self.code.bind(check);
        self.jump_if(condition, true, start);
        self.leave_loop(exit);
    }

    /// ```text
    /// body: ...
    ///       not condition -> body
    /// exit:
    /// ```
    pub(super) fn repeat_loop(&mut self, body: &Block, condition: ExprId) {
        let line = self.chunk.line(condition);
        let (scope, free) = (self.scope(), self.free);
        let start = self.code.loop_label(self.code.is_reachable());
        let exit = self.enter_loop(scope);
        self.statements(body);
        if self.first_captured(scope).is_none() {
            self.jump_if(condition, false, start);
        } else {
            let done = self.code.label();
            self.jump_if(condition, true, done);
            self.close(scope, line);
            self.code.push(Inst::Jump { to: start }, line);
            self.code.bind(done);
        }
        self.leave_scope(scope, free);
        self.leave_loop(exit);
    }

    /// ```text
    ///       FORPREP -> exit
    /// body: ...
    ///       FORLOOP -> body
    /// exit:
    /// ```
    pub(super) fn numeric_for(&mut self, stat: &Stat) {
        let StatKind::NumericFor {
            hidden,
            start,
            limit,
            step,
            do_line,
            body,
        } = &stat.kind
        else {
            return;
        };
        let (scope, free) = (self.scope(), self.free);
        let control = self.push_value(*start);
        self.push_value(*limit);
        let known_positive = self.step(*step, *do_line);
        self.declare(*hidden, HIDDEN_LOCALS.into(), control);
        let body_free = self.free;
        let variable = self.reserve(1, stat.line);

        let body_scope = self.scope();
        let exit = self.enter_loop(body_scope);
        self.code.push(Inst::ForPrep { control, exit }, *do_line);
        let body_label = self.code.loop_label(self.code.is_reachable());
        self.declare(hidden.after(HIDDEN_LOCALS.into()), 1, variable);
        self.statements(body);
        self.leave_scope(body_scope, body_free);
        self.code.push(
            Inst::ForLoop {
                control,
                known_positive,
                body: body_label,
            },
            stat.line,
        );
        self.leave_loop(exit);
        self.leave_scope(scope, free);
    }

    /// Evaluates the step of a numeric `for` into the next slot; whether it is known to be positive.
    fn step(&mut self, step: Option<ExprId>, line: u32) -> bool {
        let dst = self.reserve(1, line);
        let value = match step {
            Some(step) => self.evaluate(step, Some(dst)),
            None => Operand::Const(Const::Number(1.0)),
        };
        self.store_slot(value, dst, line);
        matches!(value, Operand::Const(Const::Number(number)) if number > 0.0)
    }

    /// ```text
    ///       LOADNIL                place
    ///       JUMP next
    /// body: ...
    /// next: FORSTEP -> body       at most two variables
    ///       FORCALL
    ///       FORNEXT -> body
    /// exit:
    /// ```
    pub(super) fn generic_for(&mut self, stat: &Stat) {
        let StatKind::GenericFor {
            hidden,
            variables,
            values,
            values_line,
            body,
        } = &stat.kind
        else {
            return;
        };
        let (scope, free) = (self.scope(), self.free);
        let iterator = self.adjusted(values, HIDDEN_LOCALS.into(), *values_line);
        self.declare(*hidden, HIDDEN_LOCALS.into(), iterator);
        let may_step = *variables <= STEP_VARIABLES;
        if may_step {
            let place = self.reserve(1, stat.line);
            self.code.load_nil(place, 1, *values_line);
        }
        let body_free = self.free;
        let first = self.reserve(*variables, stat.line);
        let count = self.free - body_free;
        if may_step {
            self.reserve(STEP_VARIABLES - usize::from(count), stat.line);
        }

        let is_reachable = self.code.is_reachable();
        let next = self.code.label();
        self.code.push(Inst::Jump { to: next }, *values_line);
        let body_label = self.code.loop_label(is_reachable);
        let body_scope = self.scope();
        let exit = self.enter_loop(body_scope);
        self.declare(hidden.after(HIDDEN_LOCALS.into()), *variables, first);
        self.statements(body);
        self.leave_scope(body_scope, body_free);
        self.code.bind(next);
        if may_step {
            let step = Inst::ForStep {
                iterator,
                variables: first,
                body: body_label,
            };
            self.code.push(step, *values_line);
        }
        let dst = Run { start: first, count };
        self.code.push(Inst::ForCall { iterator, dst }, *values_line);
        self.code.push(
            Inst::ForNext {
                iterator,
                variable: first,
                body: body_label,
            },
            *values_line,
        );
        self.leave_loop(exit);
        self.leave_scope(scope, free);
    }

    /// Enters a loop whose body has the locals since `scope`; the result is where it ends.
    fn enter_loop(&mut self, scope: Scope) -> Label {
        let exit = self.code.label();
        self.loops.push(Loop { exit, scope });
        exit
    }

    fn leave_loop(&mut self, exit: Label) {
        self.loops.pop();
        self.code.bind(exit);
    }
}
