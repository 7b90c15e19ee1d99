//! Calls, and lists of values that end with one.

use super::function::{Emitter, HEADER_SLOTS};
use super::inst::{Dest, Inst, List, Operand, Run, Slot};
use crate::syntax::ast::{Expr, ExprId, StrId};

/// A call up to its instruction.
struct Prepared {
    f: Slot,
    args: List,
}

impl Emitter<'_> {
    /// Evaluates a call; its results go to `dest`.
    pub(super) fn call(&mut self, expr: ExprId, dest: Dest) {
        let free = self.free;
        let left = self.callee(expr);
        self.finish_call(expr, left, free, dest);
        self.free = free;
    }

    /// `return` of a call's results.
    pub(super) fn tail_call(&mut self, expr: ExprId) {
        let free = self.free;
        let left = self.callee(expr);
        let Prepared { f, args } = self.prepare_call(expr, left, free);
        self.close_all(self.chunk.line(expr));
        self.emit(expr, Inst::TailCall { f, args });
        self.free = free;
    }

    /// Evaluates what is called, or the receiver of a method call.
    fn callee(&mut self, expr: ExprId) -> Operand {
        match self.chunk[expr] {
            Expr::Call { callee: left, .. } | Expr::MethodCall { object: left, .. } => self.operand(left),
            _ => unreachable!("only calls are called"),
        }
    }

    /// Completes a call whose callee (or receiver) is evaluated, to a temporary at `mark` if to any.
    ///
    /// Temporaries stay taken.
    pub(super) fn finish_call(&mut self, expr: ExprId, left: Operand, mark: u16, dst: Dest) {
        let Prepared { f, args } = self.prepare_call(expr, left, mark);
        self.emit(expr, Inst::Call { f, args, dst });
    }

    fn prepare_call(&mut self, expr: ExprId, left: Operand, mark: u16) -> Prepared {
        let line = self.chunk.line(expr);
        let chunk = self.chunk;
        match &chunk[expr] {
            Expr::MethodCall { object: _, name, args } => self.prepare_method_call(expr, left, mark, *name, args),
            Expr::Call { callee, args } => {
                let f = if self.may_be_reassigned(*callee, args) {
                    let dst = self.reserve(1, line);
                    self.store_slot(left, dst, line);
                    dst
                } else {
                    self.materialize(left, line)
                };
                let args = self.arguments(line, |emitter| emitter.values(Slot(emitter.free), args));
                Prepared { f, args }
            }
            _ => unreachable!("only calls are called"),
        }
    }

    fn prepare_method_call(
        &mut self,
        expr: ExprId,
        left: Operand,
        mark: u16,
        name: StrId,
        args: &[ExprId],
    ) -> Prepared {
        let line = self.chunk.line(expr);
        let object = self.materialize(left, line);
        let f = if self.free > mark {
            Slot(mark)
        } else {
            self.reserve(1, line)
        };
        let args = self.arguments(line, |emitter| {
            let receiver = emitter.reserve(1, line);
            emitter.emit(
                expr,
                Inst::SelfField {
                    object,
                    name,
                    receiver,
                    dst: f,
                },
            );
            emitter.values(receiver, args)
        });
        Prepared { f, args }
    }

    /// Evaluates arguments above the room for a frame header.
    fn arguments(&mut self, line: u32, evaluate: impl FnOnce(&mut Self) -> List) -> List {
        self.open_headers += 1;
        self.reserve(HEADER_SLOTS.into(), line);
        let args = evaluate(self);
        self.open_headers -= 1;
        args
    }

    /// Whether evaluating `args` may change the local variable that is called.
    fn may_be_reassigned(&self, callee: ExprId, args: &[ExprId]) -> bool {
        let Expr::Local(local) = self.chunk[callee] else {
            return false;
        };
        let variable = &self.function.locals[local.index()];
        let is_inert = |&arg: &ExprId| {
            use Expr::{False, Function, Local, Nil, Number, String, True, Upvalue, Vararg};
            matches!(
                self.chunk[arg],
                Nil | True | False | Number(_) | String(_) | Vararg | Function(_) | Local(_) | Upvalue(_)
            )
        };
        variable.captured && variable.assigned && !args.iter().all(is_inert)
    }

    /// Evaluates a list of values into neighbouring slots from the next free one on; the list begins at `start`,
    /// with values that are already there.
    pub(super) fn values(&mut self, start: Slot, exprs: &[ExprId]) -> List {
        let Some((&last, others)) = exprs.split_last() else {
            return self.list_from(start);
        };
        for &expr in others {
            self.push_value(expr);
        }
        if self.chunk[last].is_multiple() {
            let open = Dest::Open(Slot(self.free));
            self.multiple(last, open);
            return List::Open(start);
        }
        self.push_value(last);
        self.list_from(start)
    }

    /// The temporaries from `start` on.
    pub(super) fn list_from(&self, start: Slot) -> List {
        List::Run(Run {
            start,
            count: self.free.saturating_sub(start.0),
        })
    }

    /// Evaluates a call or `...`, with any number of results.
    pub(super) fn multiple(&mut self, expr: ExprId, dst: Dest) {
        match self.chunk[expr] {
            Expr::Vararg => self.emit(expr, Inst::Vararg { dst }),
            _ => self.call(expr, dst),
        }
    }

    /// Evaluates a list of expressions to exactly `count` values in neighbouring slots, which it takes; answers the
    /// first slot.
    pub(super) fn adjusted(&mut self, exprs: &[ExprId], count: usize, line: u32) -> Slot {
        let start = self.free;
        for (index, &expr) in exprs.iter().enumerate() {
            let is_last = index + 1 == exprs.len();
            if index >= count {
                self.discard(expr);
            } else if is_last && count > exprs.len() && self.chunk[expr].is_multiple() {
                // A call's frame may lie over the slots of its results.
                let missing = u16::try_from(count - index).unwrap_or(u16::MAX);
                self.multiple(
                    expr,
                    Dest::Run(Run {
                        start: Slot(self.free),
                        count: missing,
                    }),
                );
                self.reserve(count - index, line);
                return Slot(start);
            } else {
                self.push_value(expr);
            }
        }
        if let Some(missing) = count.checked_sub(exprs.len()).filter(|&missing| missing > 0) {
            let first = self.reserve(missing, line);
            self.code
                .load_nil(first, u16::try_from(missing).unwrap_or(u16::MAX), line);
        }
        Slot(start)
    }
}
