//! Expressions whose value is wanted.

use super::fold::fold;
use super::function::Emitter;
use super::inst::{Arith, Const, Dest, Inst, Operand, Run, Slot};
use crate::syntax::ast::{BinaryOp, Expr, ExprId, LocalId, StrId, UnaryOp, UpvalueId};

/// Whole numbers below this can be keys in GETELEM and SETELEM.
const ELEMENT_LIMIT: f64 = (1 << 26) as f64;

/// How a table is indexed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    /// By a constant string.
    Field(StrId),
    /// By a small whole number.
    Element(u32),
    /// By the value of a slot.
    Slot(Slot),
}

impl Emitter<'_> {
    /// Evaluates an expression to exactly one value in `dst`.
    ///
    /// `dst` is a new temporary, or a variable that the expression may overwrite before it is through.
    pub(super) fn into(&mut self, expr: ExprId, dst: Slot) {
        let value = self.evaluate(expr, Some(dst));
        self.store_slot(value, dst, self.chunk.line(expr));
    }

    /// Moves or loads a value into `dst`, unless it is there already.
    pub(super) fn store_slot(&mut self, value: Operand, dst: Slot, line: u32) {
        match value {
            Operand::Slot(x) if x == dst => {}
            Operand::Slot(x) => self.code.push(Inst::Move { x, dst }, line),
            Operand::Const(k) => self.load(k, dst, line),
        }
    }

    /// Evaluates an expression into the next free slot. Its operands are evaluated there as well: a slot that is set aside
    /// and not yet written would keep alive what it held before.
    pub(super) fn push_value(&mut self, expr: ExprId) -> Slot {
        let next = Slot(self.free);
        let value = self.operand(expr);
        if value != Operand::Slot(next) {
            let line = self.chunk.line(expr);
            self.reserve(1, line);
            self.store_slot(value, next, line);
        }
        next
    }

    /// Evaluates an expression to wherever is convenient: a constant or a variable stays where it is.
    pub(super) fn operand(&mut self, expr: ExprId) -> Operand {
        self.evaluate(expr, None)
    }

    /// Evaluates an expression to a slot, which is that of the variable if it is one.
    pub(super) fn operand_slot(&mut self, expr: ExprId) -> Slot {
        let value = self.operand(expr);
        self.materialize(value, self.chunk.line(expr))
    }

    /// Evaluates an expression for its effects.
    pub(super) fn discard(&mut self, expr: ExprId) {
        let free = self.free;
        self.operand(expr);
        self.free = free;
    }

    /// Evaluates an expression. What is neither a constant nor a local variable goes to `wanted`, or else to a new
    /// temporary; other temporaries are free again.
    ///
    /// Goes down to the leftmost operand and applies what is around it from the inside out.
    pub(super) fn evaluate(&mut self, expr: ExprId, wanted: Option<Slot>) -> Operand {
        let mark = self.free;
        let mut pending = Vec::new();
        let mut leftmost = expr;
        while let Some(left) = self.left_operand(leftmost) {
            pending.push(leftmost);
            leftmost = left;
        }
        let wanted_of = |rest: &Vec<ExprId>| wanted.filter(|_| rest.is_empty());
        let mut value = self.evaluate_leftmost(leftmost, wanted_of(&pending));
        while let Some(expr) = pending.pop() {
            value = self.apply(expr, value, mark, wanted_of(&pending));
        }
        value
    }

    /// What is evaluated first in an expression, and to one value.
    fn left_operand(&self, expr: ExprId) -> Option<ExprId> {
        match self.chunk[expr] {
            Expr::Index { object, .. } | Expr::MethodCall { object, .. } => Some(object),
            Expr::Call { callee, .. } => Some(callee),
            Expr::Binary { op, lhs, .. } => {
                (!matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Concat)).then_some(lhs)
            }
            _ => None,
        }
    }

    /// Completes an expression whose left operand is evaluated.
    fn apply(&mut self, expr: ExprId, left: Operand, mark: u16, wanted: Option<Slot>) -> Operand {
        let line = self.chunk.line(expr);
        let chunk = self.chunk;
        match &chunk[expr] {
            Expr::Index { key, .. } => {
                let object = self.materialize(left, line);
                let key = self.key(*key);
                let dst = self.result(mark, wanted, line);
                self.emit(expr, get(object, key, dst));
                Operand::Slot(dst)
            }
            Expr::Binary { op, rhs, .. } => match arithmetic(*op) {
                Some(op) => self.arithmetic(op, expr, left, *rhs, mark, wanted),
                None => self.comparison_value(expr, left, mark, wanted),
            },
            _ => {
                let dst = wanted.unwrap_or(Slot(mark));
                self.finish_call(expr, left, mark, Dest::Slot(dst));
                Operand::Slot(self.result(mark, wanted, line))
            }
        }
    }

    /// Frees the temporaries from `mark` on and answers where the result goes.
    pub(super) fn result(&mut self, mark: u16, wanted: Option<Slot>, line: u32) -> Slot {
        self.free = mark;
        wanted.unwrap_or_else(|| self.reserve(1, line))
    }

    fn evaluate_leftmost(&mut self, expr: ExprId, wanted: Option<Slot>) -> Operand {
        let mark = self.free;
        let line = self.chunk.line(expr);
        let chunk = self.chunk;
        let dst = match &chunk[expr] {
            Expr::Nil => return Operand::Const(Const::Nil),
            Expr::True => return Operand::Const(Const::True),
            Expr::False => return Operand::Const(Const::False),
            Expr::Number(number) => return Operand::Const(Const::Number(*number)),
            Expr::String(id) => return Operand::Const(Const::String(*id)),
            Expr::Local(local) => return Operand::Slot(self.slot(*local)),
            Expr::Paren(inner) => return self.evaluate(*inner, wanted),
            Expr::Unary { op, operand } => return self.unary(*op, expr, *operand, wanted),
            Expr::Binary {
                op: BinaryOp::Concat, ..
            } => {
                let (values, innermost) = self.concat_operands(expr);
                let dst = self.result(mark, wanted, line);
                self.emit(innermost, Inst::Concat { values, dst });
                dst
            }
            Expr::Binary { .. } => return self.logic_value(expr, wanted),
            Expr::Table(fields) => {
                let dst = wanted.unwrap_or_else(|| self.reserve(1, line));
                self.table(expr, fields, dst);
                dst
            }
            Expr::Upvalue(upvalue) => {
                let dst = self.result(mark, wanted, line);
                self.emit(
                    expr,
                    Inst::GetUpval {
                        i: upvalue_index(*upvalue),
                        dst,
                    },
                );
                dst
            }
            Expr::Global(name) => {
                let dst = self.result(mark, wanted, line);
                self.emit(expr, Inst::GetGlobal { name: *name, dst });
                dst
            }
            Expr::Vararg => {
                let dst = self.result(mark, wanted, line);
                self.emit(expr, Inst::Vararg { dst: Dest::Slot(dst) });
                dst
            }
            Expr::Function(function) => {
                let dst = self.result(mark, wanted, line);
                self.emit(
                    expr,
                    Inst::Closure {
                        function: *function,
                        dst,
                    },
                );
                dst
            }
            Expr::Index { .. } | Expr::Call { .. } | Expr::MethodCall { .. } => {
                unreachable!("has a left operand")
            }
        };
        Operand::Slot(dst)
    }

    /// Evaluates a key of an index expression or a table constructor.
    pub(super) fn key(&mut self, expr: ExprId) -> Key {
        match self.operand(expr) {
            Operand::Const(Const::String(name)) => Key::Field(name),
            Operand::Const(Const::Number(number)) if is_element(number) => Key::Element(number as u32),
            value => Key::Slot(self.materialize(value, self.chunk.line(expr))),
        }
    }

    fn arithmetic(
        &mut self,
        op: Arith,
        expr: ExprId,
        lhs: Operand,
        rhs: ExprId,
        mark: u16,
        wanted: Option<Slot>,
    ) -> Operand {
        let line = self.chunk.line(expr);
        let rhs = self.operand(rhs);
        if let (Operand::Const(Const::Number(lhs)), Operand::Const(Const::Number(rhs))) = (lhs, rhs)
            && let Some(value) = fold(op, lhs, rhs)
        {
            return Operand::Const(Const::Number(value));
        }
        let (lhs, rhs) = self.numeric_operands(lhs, rhs, line);
        let dst = self.result(mark, wanted, line);
        self.emit(expr, Inst::Arith { op, lhs, rhs, dst });
        Operand::Slot(dst)
    }

    /// Operands of which none is a constant but a number, and not both are.
    pub(super) fn numeric_operands(&mut self, lhs: Operand, rhs: Operand, line: u32) -> (Operand, Operand) {
        let is_number = |operand| matches!(operand, Operand::Const(Const::Number(_)));
        let lhs = match lhs {
            Operand::Const(Const::Number(_)) if !is_number(rhs) => lhs,
            _ => Operand::Slot(self.materialize(lhs, line)),
        };
        let rhs = if is_number(rhs) {
            rhs
        } else {
            Operand::Slot(self.materialize(rhs, line))
        };
        (lhs, rhs)
    }

    fn unary(&mut self, op: UnaryOp, expr: ExprId, operand: ExprId, wanted: Option<Slot>) -> Operand {
        if op == UnaryOp::Not && self.is_logic(operand) {
            return self.logic_value(expr, wanted);
        }
        let mark = self.free;
        let line = self.chunk.line(expr);
        let value = self.operand(operand);
        match (op, value) {
            (UnaryOp::Neg, Operand::Const(Const::Number(number))) => {
                return Operand::Const(Const::Number(-number));
            }
            (UnaryOp::Not, Operand::Const(k)) => return Operand::Const((!k.is_truthy()).into()),
            _ => {}
        }
        let x = self.materialize(value, line);
        let dst = self.result(mark, wanted, line);
        self.emit(
            expr,
            match op {
                UnaryOp::Neg => Inst::Unm { x, dst },
                UnaryOp::Not => Inst::Not { x, dst },
                UnaryOp::Len => Inst::Len { x, dst },
            },
        );
        Operand::Slot(dst)
    }

    /// Evaluates the operands of a concatenation, and of those that it ends with, into neighbouring slots. Answers the
    /// innermost concatenation too, whose line errors name.
    fn concat_operands(&mut self, expr: ExprId) -> (Run, ExprId) {
        let start = Slot(self.free);
        let (mut innermost, mut last) = (expr, expr);
        while let Expr::Binary {
            op: BinaryOp::Concat,
            lhs,
            rhs,
        } = self.chunk[last]
        {
            self.push_value(lhs);
            (innermost, last) = (last, rhs);
        }
        self.push_value(last);
        (
            Run {
                start,
                count: self.free - start.0,
            },
            innermost,
        )
    }

    /// Whether an expression that is going to be assigned to `local` may need its old value after it has begun to
    /// write the new one there.
    pub(super) fn needs_old_value(&self, expr: ExprId, local: LocalId) -> bool {
        if !self.writes_early(expr) {
            return false;
        }
        if self.function.locals[local.index()].captured {
            return true;
        }
        let first_read = self.leftmost_of_logic(expr);
        self.reads(expr, local, Some(first_read))
    }

    /// Whether an expression reads a local variable, other than as its part `except`.
    pub(super) fn reads(&self, expr: ExprId, local: LocalId, except: Option<ExprId>) -> bool {
        let mut rest = vec![expr];
        while let Some(expr) = rest.pop() {
            match &self.chunk[expr] {
                Expr::Local(id) if *id == local && Some(expr) != except => return true,
                parent => parent.for_each_operand(|operand| rest.push(operand)),
            }
        }
        false
    }

    /// Whether an expression may write where its result is wanted before it is through.
    fn writes_early(&self, expr: ExprId) -> bool {
        match &self.chunk[expr] {
            Expr::Table(fields) => !fields.is_empty(),
            _ => self.is_logic(expr),
        }
    }
}

/// `dst = object[key]`
fn get(object: Slot, key: Key, dst: Slot) -> Inst {
    match key {
        Key::Field(name) => Inst::GetField { object, name, dst },
        Key::Element(i) => Inst::GetElem { object, i, dst },
        Key::Slot(key) => Inst::GetIndex { object, key, dst },
    }
}

/// `object[key] = x`
pub(super) fn set(object: Slot, key: Key, x: Operand) -> Inst {
    match key {
        Key::Field(name) => Inst::SetField { object, name, x },
        Key::Element(i) => Inst::SetElem { object, i, x },
        Key::Slot(key) => Inst::SetIndex { object, key, x },
    }
}

fn is_element(number: f64) -> bool {
    (0.0..ELEMENT_LIMIT).contains(&number) && number.fract() == 0.0
}

/// An upvalue's number in instructions.
pub(super) fn upvalue_index(upvalue: UpvalueId) -> u16 {
    u16::try_from(upvalue.index()).expect("upvalues are limited")
}

fn arithmetic(op: BinaryOp) -> Option<Arith> {
    Some(match op {
        BinaryOp::Add => Arith::Add,
        BinaryOp::Sub => Arith::Sub,
        BinaryOp::Mul => Arith::Mul,
        BinaryOp::Div => Arith::Div,
        BinaryOp::Mod => Arith::Mod,
        BinaryOp::Pow => Arith::Pow,
        _ => return None,
    })
}
