//! Conditions and the operators that evaluate only what they need.

use super::function::Emitter;
use super::inst::{Const, Inst, Label, Operand, Slot};
use crate::syntax::ast::{BinaryOp, Expr, ExprId, UnaryOp};

/// What remains to be emitted of a logical expression. A list of tasks instead of recursion: `and` and `or` chain
/// without limit.
enum Task {
    /// Puts the value into the destination.
    Value(ExprId),
    /// If the expression is true (or false, as `sense` says) puts its value into the destination and jumps; goes on
    /// otherwise, with whatever in the destination.
    ValueIf { expr: ExprId, sense: bool, to: Label },
    /// Jumps if the expression is true (or false, as `sense` says).
    Jump { expr: ExprId, sense: bool, to: Label },
    /// Puts a boolean into the destination.
    Load(bool),
    /// Binds a label.
    Bind(Label),
}

impl Emitter<'_> {
    /// Jumps to `to` if a condition is true (or false, as `sense` says).
    pub(super) fn jump_if(&mut self, condition: ExprId, sense: bool, to: Label) {
        self.run(
            vec![Task::Jump {
                expr: condition,
                sense,
                to,
            }],
            Slot(0),
        );
    }

    /// Evaluates an `and`, an `or`, or a `not` of a logical expression.
    pub(super) fn logic_value(&mut self, expr: ExprId, wanted: Option<Slot>) -> Operand {
        let dst = wanted.unwrap_or_else(|| self.reserve(1, self.chunk.line(expr)));
        self.run(vec![Task::Value(expr)], dst);
        Operand::Slot(dst)
    }

    /// Whether the value of an expression comes from jumps.
    pub(super) fn is_logic(&self, mut expr: ExprId) -> bool {
        while let Expr::Unary {
            op: UnaryOp::Not,
            operand,
        } = self.chunk[expr]
        {
            expr = operand;
        }
        match self.chunk[expr] {
            Expr::Binary { op, .. } => matches!(op, BinaryOp::And | BinaryOp::Or) || is_comparison(op),
            _ => false,
        }
    }

    /// Whether an expression is a comparison or a `not` of a logical expression: one that gives a boolean by jumps.
    pub(super) fn is_boolean(&self, expr: ExprId) -> bool {
        match self.chunk[expr] {
            Expr::Binary { op, .. } => is_comparison(op),
            Expr::Unary {
                op: UnaryOp::Not,
                operand,
            } => self.is_logic(operand),
            _ => false,
        }
    }

    /// The first operand of a chain of `and` and `or`.
    pub(super) fn leftmost_of_logic(&self, mut expr: ExprId) -> ExprId {
        while let Expr::Binary {
            op: BinaryOp::And | BinaryOp::Or,
            lhs,
            ..
        } = self.chunk[expr]
        {
            expr = lhs;
        }
        expr
    }

    fn run(&mut self, mut tasks: Vec<Task>, dst: Slot) {
        while let Some(task) = tasks.pop() {
            match task {
                Task::Value(expr) => self.value(expr, dst, &mut tasks),
                Task::ValueIf { expr, sense, to } => self.value_if(expr, sense, to, dst, &mut tasks),
                Task::Jump { expr, sense, to } => self.jump(expr, sense, to, &mut tasks),
                Task::Load(value) => self.load(value.into(), dst, self.last_line()),
                Task::Bind(label) => self.code.bind(label),
            }
        }
    }

    fn value(&mut self, expr: ExprId, dst: Slot, tasks: &mut Vec<Task>) {
        match self.chunk[expr] {
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                lhs,
                rhs,
            } => {
                let done = self.code.label();
                let sense = op == BinaryOp::Or;
                tasks.extend([
                    Task::Bind(done),
                    Task::Value(rhs),
                    Task::ValueIf {
                        expr: lhs,
                        sense,
                        to: done,
                    },
                ]);
            }
            Expr::Unary {
                op: UnaryOp::Not,
                operand,
            } if self.is_logic(operand) => {
                let done = self.code.label();
                self.load(Const::True, dst, self.chunk.line(expr));
                let jump = Task::Jump {
                    expr: operand,
                    sense: false,
                    to: done,
                };
                tasks.extend([Task::Bind(done), Task::Load(false), jump]);
            }
            _ => self.into(expr, dst),
        }
    }

    fn value_if(&mut self, expr: ExprId, sense: bool, to: Label, dst: Slot, tasks: &mut Vec<Task>) {
        let line = self.chunk.line(expr);
        match self.chunk[expr] {
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                lhs,
                rhs,
            } => {
                let rest = Task::ValueIf { expr: rhs, sense, to };
                if sense == (op == BinaryOp::Or) {
                    tasks.extend([rest, Task::ValueIf { expr: lhs, sense, to }]);
                } else {
                    let skip = self.code.label();
                    let jump = Task::Jump {
                        expr: lhs,
                        sense: !sense,
                        to: skip,
                    };
                    tasks.extend([Task::Bind(skip), rest, jump]);
                }
            }
            Expr::Unary { op: UnaryOp::Not, .. } => {
                self.load(sense.into(), dst, line);
                tasks.push(Task::Jump { expr, sense, to });
            }
            Expr::Binary { op, .. } if is_comparison(op) => {
                self.load(sense.into(), dst, line);
                tasks.push(Task::Jump { expr, sense, to });
            }
            _ => {
                let free = self.free;
                let value = self.evaluate(expr, Some(dst));
                self.free = free;
                match value {
                    Operand::Const(k) if k.is_truthy() != sense => {}
                    Operand::Const(k) => {
                        self.load(k, dst, line);
                        self.code.push(Inst::Jump { to }, line);
                    }
                    Operand::Slot(_) => {
                        self.store_slot(value, dst, line);
                        self.code.push(Inst::Test { x: dst, sense, to }, line);
                    }
                }
            }
        }
    }

    fn jump(&mut self, expr: ExprId, sense: bool, to: Label, tasks: &mut Vec<Task>) {
        let line = self.chunk.line(expr);
        let free = self.free;
        match self.chunk[expr] {
            Expr::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                lhs,
                rhs,
            } => {
                let rest = Task::Jump { expr: rhs, sense, to };
                if sense == (op == BinaryOp::Or) {
                    tasks.extend([rest, Task::Jump { expr: lhs, sense, to }]);
                } else {
                    let skip = self.code.label();
                    let jump = Task::Jump {
                        expr: lhs,
                        sense: !sense,
                        to: skip,
                    };
                    tasks.extend([Task::Bind(skip), rest, jump]);
                }
            }
            Expr::Unary {
                op: UnaryOp::Not,
                operand,
            } => {
                tasks.push(Task::Jump {
                    expr: operand,
                    sense: !sense,
                    to,
                });
            }
            Expr::Binary { op, lhs, rhs } if is_comparison(op) => {
                let lhs = self.operand(lhs);
                let rhs = self.operand(rhs);
                let comparison = self.comparison(op, lhs, rhs, line);
                self.code.push(comparison.branch(sense, to), line);
            }
            _ => match self.operand(expr) {
                Operand::Const(k) if k.is_truthy() == sense => self.code.push(Inst::Jump { to }, line),
                Operand::Const(_) => {}
                Operand::Slot(x) => self.code.push(Inst::Test { x, sense, to }, line),
            },
        }
        self.free = free;
    }

    /// Completes a comparison whose value is wanted and whose left operand is evaluated.
    pub(super) fn comparison_value(&mut self, expr: ExprId, lhs: Operand, mark: u16, wanted: Option<Slot>) -> Operand {
        let Expr::Binary { op, rhs, .. } = self.chunk[expr] else {
            unreachable!("a comparison has two operands");
        };
        let line = self.chunk.line(expr);
        let rhs = self.operand(rhs);
        let comparison = self.comparison(op, lhs, rhs, line);
        let dst = self.result(mark, wanted, line);
        let done = self.code.label();
        if comparison.reads(dst) {
            let is_true = self.code.label();
            self.code.push(comparison.branch(true, is_true), line);
            self.load(Const::False, dst, line);
            self.code.push(Inst::Jump { to: done }, line);
            self.code.bind(is_true);
            self.load(Const::True, dst, line);
        } else {
            self.load(Const::True, dst, line);
            self.code.push(comparison.branch(true, done), line);
            self.load(Const::False, dst, line);
        }
        self.code.bind(done);
        Operand::Slot(dst)
    }

    /// Brings the operands of a comparison into the form that instructions take.
    fn comparison(&mut self, op: BinaryOp, lhs: Operand, rhs: Operand, line: u32) -> Comparison {
        let (lhs, rhs) = match (op, lhs) {
            (BinaryOp::Gt | BinaryOp::Ge, _) => (rhs, lhs),
            (BinaryOp::Eq | BinaryOp::Ne, Operand::Const(_)) => (rhs, lhs),
            _ => (lhs, rhs),
        };
        let kind = match op {
            BinaryOp::Eq | BinaryOp::Ne => {
                let lhs = self.materialize(lhs, line);
                match rhs {
                    Operand::Const(Const::Number(_)) | Operand::Slot(_) => Kind::Equal { lhs, rhs },
                    Operand::Const(k) => Kind::EqualConst { x: lhs, k },
                }
            }
            BinaryOp::Lt | BinaryOp::Gt => {
                let (lhs, rhs) = self.numeric_operands(lhs, rhs, line);
                Kind::Less { lhs, rhs }
            }
            _ => {
                let (lhs, rhs) = self.numeric_operands(lhs, rhs, line);
                Kind::LessEqual { lhs, rhs }
            }
        };
        Comparison {
            kind,
            negated: op == BinaryOp::Ne,
        }
    }
}

/// A comparison that is ready to be emitted.
struct Comparison {
    kind: Kind,
    negated: bool,
}

enum Kind {
    Equal { lhs: Slot, rhs: Operand },
    EqualConst { x: Slot, k: Const },
    Less { lhs: Operand, rhs: Operand },
    LessEqual { lhs: Operand, rhs: Operand },
}

impl Comparison {
    /// The instruction that jumps if the comparison gives `sense`.
    fn branch(&self, sense: bool, to: Label) -> Inst {
        let sense = sense != self.negated;
        match self.kind {
            Kind::Equal { lhs, rhs } => Inst::Equal { lhs, rhs, sense, to },
            Kind::EqualConst { x, k } => Inst::EqualConst { x, k, sense, to },
            Kind::Less { lhs, rhs } => Inst::Less { lhs, rhs, sense, to },
            Kind::LessEqual { lhs, rhs } => Inst::LessEqual { lhs, rhs, sense, to },
        }
    }

    /// Whether `slot` is an operand.
    fn reads(&self, slot: Slot) -> bool {
        match self.kind {
            Kind::Equal { lhs, rhs } => lhs == slot || rhs == Operand::Slot(slot),
            Kind::EqualConst { x, .. } => x == slot,
            Kind::Less { lhs, rhs } | Kind::LessEqual { lhs, rhs } => {
                lhs == Operand::Slot(slot) || rhs == Operand::Slot(slot)
            }
        }
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge
    )
}
