//! Statements without loops.

use super::function::Emitter;
use super::inst::{Const, Dest, Inst, Label, List, Operand, Run, Slot};
use crate::syntax::ast::{Block, Expr, ExprId, Stat, StatKind};

impl Emitter<'_> {
    /// Emits statements in the current scope.
    pub(super) fn statements(&mut self, block: &Block) {
        for stat in &block.stats {
            let free = self.free;
            self.statement(stat);
            if !matches!(stat.kind, StatKind::Local { .. } | StatKind::LocalFunction { .. }) {
                self.free = free;
            }
        }
    }

    fn statement(&mut self, stat: &Stat) {
        let line = stat.line;
        match &stat.kind {
            StatKind::Local { locals, values } => {
                let count = locals.end.index() - locals.start.index();
                let start = self.adjusted(values, count, line);
                self.declare(locals.start, count, start);
            }
            StatKind::LocalFunction { local, function } => {
                let slot = self.push_value(*function);
                self.declare(*local, 1, slot);
            }
            StatKind::Assign { targets, values } => self.assign(targets, values, line),
            StatKind::Function { target, function } => self.assign_one(*target, *function, line),
            StatKind::Call(call) => {
                let no_results = Dest::Run(Run {
                    start: Slot(self.free),
                    count: 0,
                });
                self.call(*call, no_results);
            }
            StatKind::Do(body) => self.block(body),
            StatKind::While { condition, body } => self.while_loop(*condition, body),
            StatKind::Repeat { body, condition } => self.repeat_loop(body, *condition),
            StatKind::If { arms, otherwise } => self.if_statement(arms, otherwise.as_ref()),
            StatKind::NumericFor { .. } => self.numeric_for(stat),
            StatKind::GenericFor { .. } => self.generic_for(stat),
            StatKind::Return(values) => self.return_statement(values, line),
            StatKind::Break => {
                let Some((exit, scope)) = self.loops.last().map(|innermost| (innermost.exit, innermost.scope)) else {
                    unreachable!("the parser accepts break only in loops");
                };
                self.close(scope, line);
                self.code.push(Inst::Jump { to: exit }, line);
            }
            StatKind::Goto(goto) => {
                let label = self.function.gotos[goto.index()];
                let scope = self.scope_of(self.function.labels[label.index()].innermost);
                self.close(scope, line);
                let to = self.target(label);
                self.code.push(Inst::Jump { to }, line);
            }
            StatKind::Label(label) => {
                if self.function.labels[label.index()].used {
                    let target = self.target(*label);
                    self.code.bind_target(target);
                }
            }
        }
    }

    fn if_statement(&mut self, arms: &[(ExprId, Block)], otherwise: Option<&Block>) {
        let end = self.code.label();
        for (index, (condition, body)) in arms.iter().enumerate() {
            if let Some(exit) = self.only_breaks(body) {
                self.jump_if(*condition, true, exit);
                continue;
            }
            let next = self.code.label();
            self.jump_if(*condition, false, next);
            self.block(body);
            if index + 1 < arms.len() || otherwise.is_some() {
                self.code.push(Inst::Jump { to: end }, self.last_line());
            }
            self.code.bind(next);
        }
        if let Some(body) = otherwise {
            self.block(body);
        }
        self.code.bind(end);
    }

    /// Where a block goes that does nothing but leave the loop.
    fn only_breaks(&self, body: &Block) -> Option<Label> {
        let [
            Stat {
                kind: StatKind::Break, ..
            },
        ] = body.stats.as_slice()
        else {
            return None;
        };
        let innermost = self.loops.last()?;
        let needs_close = self.first_captured(innermost.scope).is_some();
        (!needs_close).then_some(innermost.exit)
    }

    fn return_statement(&mut self, values: &[ExprId], line: u32) {
        let inst = match *values {
            [] => Inst::Return0,
            [value] => match self.chunk[value] {
                Expr::Call { .. } | Expr::MethodCall { .. } => return self.tail_call(value),
                Expr::Vararg => Inst::Return {
                    values: self.values(Slot(self.free), values),
                },
                _ if self.is_boolean(value) => return self.return_boolean(value, line),
                _ => Inst::Return1 { x: self.operand(value) },
            },
            _ => {
                let values = match self.neighbours(values) {
                    Some(run) => List::Run(run),
                    None => self.values(Slot(self.free), values),
                };
                Inst::Return { values }
            }
        };
        self.close_all(line);
        self.code.push(inst, line);
    }

    /// `return` of a comparison, or of a `not` of one: the branch chooses between two returns.
    fn return_boolean(&mut self, value: ExprId, line: u32) {
        let is_true = self.code.label();
        self.jump_if(value, true, is_true);
        for k in [Const::False, Const::True] {
            self.close_all(line);
            self.code.push(Inst::Return1 { x: Operand::Const(k) }, line);
            if k == Const::False {
                self.code.bind(is_true);
            }
        }
    }

    /// The slots of values that are local variables in neighbouring slots.
    fn neighbours(&self, values: &[ExprId]) -> Option<Run> {
        let slot = |&value: &ExprId| match self.chunk[value] {
            Expr::Local(local) => Some(self.slot(local)),
            _ => None,
        };
        let start = slot(values.first()?)?;
        let mut expected = start.0;
        for value in values {
            if slot(value)?.0 != expected {
                return None;
            }
            expected += 1;
        }
        Some(Run {
            start,
            count: expected - start.0,
        })
    }
}
