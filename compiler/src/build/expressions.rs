//! Expressions: values, control flow, calls.

use super::body::{Binding, Body, List, Outcome};
use crate::ir::spec::LeafEncoding;
use crate::ir::{BinaryOp, BlockId, CallArgs, IntCond, Likely, Op, PlanId, Terminator, Type, UnaryOp, ValueId};
use crate::typed::{Arm, Expr, ExprKind, Invocation, LocalId, Ty, Values};

impl<'p> Body<'p> {
    /// Builds an expression.
    pub fn expr(&mut self, expr: &'p Expr) -> Outcome {
        self.at(expr);
        match &expr.kind {
            ExprKind::Local(local) => return self.local(*local, expr.ty),
            ExprKind::Block { statements, value } => return self.block(statements, value.as_deref()),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                return self.if_(condition, then, otherwise.as_deref(), expr.ty);
            }
            ExprKind::MatchPlan { subject, plan, arms } => return self.match_(subject, Some(*plan), arms, expr.ty),
            ExprKind::MatchEnum { subject, arms } => return self.match_(subject, None, arms, expr.ty),
            ExprKind::Retype(inner) => return self.expr(inner),
            ExprKind::CallHelper { helper, args } => {
                let mut outcomes = Vec::with_capacity(args.len());
                for arg in args {
                    match self.expr(arg) {
                        Outcome::Never => return Outcome::Never,
                        outcome => outcomes.push(outcome),
                    }
                }
                self.at(expr);
                return self.inline(&self.program.helpers[*helper], &outcomes);
            }
            // What is remembered is computed each time; its keys are pure, and only compared.
            ExprKind::Cache { body, .. } => return self.expr(body),
            ExprKind::Call(invocation) => return self.call(invocation),
            ExprKind::Yield(values) => return self.yield_(values),
            ExprKind::Attempt {
                resume,
                invocation,
                returned,
                threw,
            } => {
                return self.attempt(
                    *resume,
                    invocation,
                    (returned.0, &returned.1),
                    (threw.0, &threw.1),
                    expr.ty,
                );
            }
            ExprKind::Varargs => {
                let (ptr, count) = self.build.two(Op::Varargs);
                return Outcome::List(List {
                    ptr,
                    count,
                    operand: None,
                    padded: false,
                });
            }
            ExprKind::Let { local, value } => {
                let outcome = self.expr(value);
                if matches!(outcome, Outcome::Never) {
                    return Outcome::Never;
                }
                self.bind(*local, outcome);
            }
            ExprKind::Assume { local, set } => {
                let Outcome::Value(value) = self.local(*local, Ty::Unit) else {
                    return Outcome::Unit;
                };
                let assumed = self.build.one(Op::Assume { value, set: *set });
                self.bind(*local, Outcome::Value(assumed));
            }
            ExprKind::Assign { place, value } => return self.assign(place, value),
            ExprKind::Return(value) => {
                let outcome = value.as_deref().map_or(Outcome::Unit, |value| self.expr(value));
                self.leave_code(outcome);
                return Outcome::Never;
            }
            ExprKind::Slow(inner) => {
                let outer = self.cold;
                if !outer {
                    self.enter_cold();
                }
                let outcome = self.expr(inner);
                self.leave_code(outcome);
                self.cold = outer;
                return Outcome::Never;
            }
            ExprKind::Leave(values) => {
                if let Some((values, list)) = self.values(values) {
                    self.build.end(Terminator::Leave {
                        values,
                        list: list.map(|list| (list.ptr, list.count)),
                    });
                }
                return Outcome::Never;
            }
            ExprKind::Throw(thrown) => {
                if let Some(value) = self.value(thrown) {
                    self.build.end(Terminator::Throw(value));
                }
                return Outcome::Never;
            }
            ExprKind::Goto(local) => {
                if let Binding::Label(operand) = self.binding(*local) {
                    self.build.end(Terminator::Goto(operand));
                }
                return Outcome::Never;
            }
            ExprKind::TailCall(invocation) => {
                if let Some((callee, args)) = self.invocation(invocation) {
                    self.build.end(Terminator::TailCall { callee, args });
                }
                return Outcome::Never;
            }
            ExprKind::CallExtern { callee, args } => {
                let mut values = Vec::new();
                for arg in args {
                    match self.expr(arg) {
                        Outcome::Value(value) => values.push(value),
                        Outcome::List(list) => values.extend([list.ptr, list.count]),
                        Outcome::Unit => {}
                        Outcome::Never => return Outcome::Never,
                    }
                }
                self.at(expr);
                let results = self.build.op(Op::CallExtern {
                    callee: *callee,
                    args: values,
                });
                return match results.as_slice() {
                    [] => Outcome::Unit,
                    [ptr, count] => Outcome::List(List {
                        ptr: *ptr,
                        count: *count,
                        operand: None,
                        padded: false,
                    }),
                    [value, ..] => Outcome::Value(*value),
                };
            }
            _ => return self.scalar(expr).map_or(Outcome::Never, Outcome::Value),
        }
        Outcome::Unit
    }

    /// Builds an expression that is one value; `None` when it never gets that far.
    pub fn value(&mut self, expr: &'p Expr) -> Option<ValueId> {
        match self.expr(expr) {
            Outcome::Value(value) => Some(value),
            Outcome::Never => None,
            other => unreachable!("{:?} came to {other:?}, not to a value", expr.kind),
        }
    }

    /// Builds an expression that is a list.
    pub fn list(&mut self, expr: &'p Expr) -> Option<List> {
        match self.expr(expr) {
            Outcome::List(list) => Some(list),
            Outcome::Never => None,
            other => unreachable!("{:?} came to {other:?}, not to a list", expr.kind),
        }
    }

    /// Expressions that compute one value from values.
    fn scalar(&mut self, expr: &'p Expr) -> Option<ValueId> {
        let op = match &expr.kind {
            ExprKind::Int(number) => match expr.ty {
                Ty::I64 | Ty::U64 => Op::ConstI64(*number),
                _ => Op::ConstI32(*number as i32),
            },
            ExprKind::Double(number) => Op::ConstF64(number.to_bits()),
            ExprKind::Bool(value) => Op::ConstBool(*value),
            ExprKind::Unit(leaf) => match self.program.tables.leaves[*leaf].encoding {
                LeafEncoding::Unit { bits } => Op::ConstVal(bits),
                other => unreachable!("{other:?} is no unit"),
            },
            ExprKind::Callee => Op::Callee,
            ExprKind::Field { base, record, field } => Op::Load {
                base: self.value(base)?,
                record: *record,
                field: *field,
            },
            ExprKind::Length { base, record } => Op::Length {
                base: self.value(base)?,
                record: *record,
            },
            ExprKind::Element { base, record, index } => return self.element(base, *record, index),
            ExprKind::Pointed { pointer, index } => Op::PtrLoad {
                ptr: self.value(pointer)?,
                index: self.value(index)?,
            },
            ExprKind::Item { list, index } => return self.item(list, index),
            ExprKind::Is { subject, set } => Op::Is {
                value: self.value(subject)?,
                set: *set,
            },
            ExprKind::IsNull(inner) => Op::Unary(UnaryOp::IsNull, self.value(inner)?),
            ExprKind::Not(inner) => Op::Unary(UnaryOp::Not, self.value(inner)?),
            ExprKind::Unary(op, inner) => Op::Unary(*op, self.value(inner)?),
            ExprKind::Binary(op, a, b) => Op::Binary(*op, self.value(a)?, self.value(b)?),
            ExprKind::FloatCompare(cond, a, b) => Op::FloatCompare(*cond, self.value(a)?, self.value(b)?),
            ExprKind::IntCompare(cond, a, b) => Op::IntCompare(*cond, self.value(a)?, self.value(b)?),
            ExprKind::SameBits(a, b) => Op::SameBits(self.value(a)?, self.value(b)?),
            ExprKind::Box(leaf, inner) => Op::Box {
                leaf: *leaf,
                value: self.value(inner)?,
            },
            ExprKind::Unbox(inner) => Op::Unbox(self.value(inner)?),
            ExprKind::First(list) => return self.first(list),
            ExprKind::Count(list) => return Some(self.list(list)?.count),
            ExprKind::And(..) | ExprKind::Or(..) => return self.condition_value(expr),
            other => unreachable!("{other:?} is no scalar"),
        };
        self.at(expr);
        Some(self.build.one(op))
    }

    /// A local, with what is proven about it here.
    fn local(&mut self, local: LocalId, ty: Ty) -> Outcome {
        match (self.binding(local), ty) {
            (Binding::Known(Outcome::Value(value)), Ty::Value(set)) => Outcome::Value(self.build.narrow(value, set)),
            (Binding::Known(outcome), _) => outcome,
            (Binding::Label(_), _) => Outcome::Unit,
        }
    }

    /// The first value of a list, nil when there is none.
    fn first(&mut self, expr: &'p Expr) -> Option<ValueId> {
        let list = self.list(expr)?;
        let zero = self.build.i32(0);
        if list.padded {
            return Some(self.build.one(Op::PtrLoad {
                ptr: list.ptr,
                index: zero,
            }));
        }
        let nothing = self.nothing();
        let (some, join) = (self.build.block(self.cold), self.build.block(self.cold));
        let result = self.build.param(join, Type::Val(self.program.tables.any()));
        let is_empty = self.build.one(Op::IntCompare(IntCond::Eq, list.count, zero));
        self.build.end(Terminator::Branch {
            cond: is_empty,
            then: crate::ir::BlockCall {
                block: join,
                args: vec![nothing],
            },
            otherwise: some.into(),
            likely: Likely::Else,
        });
        self.build.switch_to(some);
        let first = self.build.one(Op::PtrLoad {
            ptr: list.ptr,
            index: zero,
        });
        self.build.jump(join, vec![first]);
        self.build.switch_to(join);
        Some(result)
    }

    /// The value that stands for a missing one: the first unit leaf.
    fn nothing(&mut self) -> ValueId {
        let units = self
            .program
            .tables
            .leaves
            .values()
            .find_map(|leaf| match leaf.encoding {
                LeafEncoding::Unit { bits } => Some(bits),
                _ => None,
            });
        self.build.one(Op::ConstVal(units.unwrap_or(u64::MAX)))
    }

    fn block(&mut self, statements: &'p [Expr], value: Option<&'p Expr>) -> Outcome {
        for statement in statements {
            if matches!(self.expr(statement), Outcome::Never) {
                return Outcome::Never;
            }
        }
        value.map_or(Outcome::Unit, |value| self.expr(value))
    }

    fn if_(&mut self, condition: &'p Expr, then: &'p Expr, otherwise: Option<&'p Expr>, ty: Ty) -> Outcome {
        let then_block = self.build.block(self.cold || is_slow(then));
        let else_block = self.build.block(self.cold || otherwise.is_some_and(is_slow));
        if !self.branch(condition, then_block, else_block) {
            return Outcome::Never;
        }
        let mut join = Join::new(ty);
        self.arm(&mut join, then_block, Some(then));
        self.arm(&mut join, else_block, otherwise);
        self.close(join)
    }

    /// Builds one arm; scope and temperature are as before afterwards.
    fn arm(&mut self, join: &mut Join, block: BlockId, body: Option<&'p Expr>) {
        let (scope, cold) = (self.scope.clone(), self.cold);
        self.cold = self.build.function().blocks[block].cold;
        self.build.switch_to(block);
        let outcome = body.map_or(Outcome::Unit, |body| self.expr(body));
        self.scope = scope;
        self.cold = cold;
        if !matches!(outcome, Outcome::Never) {
            join.ends.push((self.build.current(), outcome));
        }
    }

    /// Goes on behind the arms.
    fn close(&mut self, join: Join) -> Outcome {
        match join.ends.as_slice() {
            [] => Outcome::Never,
            [(end, outcome)] => {
                self.build.switch_to(*end);
                *outcome
            }
            ends => {
                let block = self.build.block(self.cold);
                for (end, outcome) in ends {
                    self.build.switch_to(*end);
                    self.jump_to_join(block, join.ty, *outcome);
                }
                self.build.switch_to(block);
                self.join_outcome(block, join.ty)
            }
        }
    }

    /// Ends the current block with a branch on `condition`; answers whether it gets that far.
    fn branch(&mut self, condition: &'p Expr, then: BlockId, otherwise: BlockId) -> bool {
        match &condition.kind {
            ExprKind::Not(inner) => self.branch(inner, otherwise, then),
            ExprKind::And(a, b) => {
                let second = self.build.block(self.cold);
                if !self.branch(a, second, otherwise) {
                    return false;
                }
                self.build.switch_to(second);
                self.branch(b, then, otherwise)
            }
            ExprKind::Or(a, b) => {
                let second = self.build.block(self.cold);
                if !self.branch(a, then, second) {
                    return false;
                }
                self.build.switch_to(second);
                self.branch(b, then, otherwise)
            }
            _ => {
                let Some(cond) = self.value(condition) else {
                    return false;
                };
                self.at(condition);
                self.build.branch(cond, then, otherwise, Likely::Unknown);
                true
            }
        }
    }

    /// `a && b` and `a || b` as values.
    fn condition_value(&mut self, expr: &'p Expr) -> Option<ValueId> {
        let (yes, no, join) = (
            self.build.block(self.cold),
            self.build.block(self.cold),
            self.build.block(self.cold),
        );
        let result = self.build.param(join, Type::Bool);
        if !self.branch(expr, yes, no) {
            return None;
        }
        for (block, answer) in [(yes, true), (no, false)] {
            self.build.switch_to(block);
            let answer = self.build.bool(answer);
            self.build.jump(join, vec![answer]);
        }
        self.build.switch_to(join);
        Some(result)
    }

    fn match_(&mut self, subject: &'p Expr, plan: Option<PlanId>, arms: &'p [Arm], ty: Ty) -> Outcome {
        let Some(answer) = self.value(subject) else {
            return Outcome::Never;
        };
        let count = arms.iter().flat_map(|arm| &arm.cases).max().map_or(0, |case| case + 1);
        let mut targets = vec![None; count as usize];
        let mut blocks = Vec::new();
        for arm in arms {
            let block = self.build.block(self.cold || is_slow(&arm.body));
            for case in &arm.cases {
                targets[*case as usize] = Some(block);
            }
            blocks.push(block);
        }
        let cases = targets.into_iter().flatten().map(Into::into).collect();
        self.build.end(Terminator::Switch { index: answer, cases });
        let mut join = Join::new(ty);
        for (arm, block) in arms.iter().zip(blocks) {
            self.build.switch_to(block);
            if let (Some(plan), [case]) = (plan, arm.cases.as_slice()) {
                self.bind_payload(answer, plan, *case, &arm.bindings);
            }
            self.arm(&mut join, block, Some(&arm.body));
        }
        self.close(join)
    }

    /// Binds what a case carries.
    fn bind_payload(&mut self, answer: ValueId, plan: PlanId, case: u32, bindings: &[Option<LocalId>]) {
        for (index, local) in bindings.iter().enumerate() {
            let Some(local) = local else { continue };
            let results = self.build.op(Op::PlanPayload {
                answer,
                plan,
                case,
                index: index as u32,
            });
            let outcome = match results.as_slice() {
                [ptr, count] => Outcome::List(List {
                    ptr: *ptr,
                    count: *count,
                    operand: None,
                    padded: false,
                }),
                [value] => Outcome::Value(*value),
                other => unreachable!("{} words of payload", other.len()),
            };
            self.bind(*local, outcome);
        }
    }

    /// Boxed values and a list; `None` when it never gets that far.
    fn values(&mut self, values: &'p Values) -> Option<(Vec<ValueId>, Option<List>)> {
        let mut fixed = Vec::with_capacity(values.fixed.len());
        for expr in &values.fixed {
            fixed.push(self.value(expr)?);
        }
        let list = match &values.list {
            Some(list) => Some(self.list(list)?),
            None => None,
        };
        Some((fixed, list))
    }

    /// What is called and its arguments: where they are, if they are just an operand.
    fn invocation(&mut self, invocation: &'p Invocation) -> Option<(ValueId, CallArgs)> {
        let target = self.value(&invocation.target)?;
        let (fixed, list) = self.values(&invocation.args)?;
        let args = match (fixed.as_slice(), list) {
            (
                [],
                Some(List {
                    operand: Some(operand), ..
                }),
            ) => CallArgs::InPlace(operand),
            _ => CallArgs::Copied {
                fixed,
                list: list.map(|list| (list.ptr, list.count)),
            },
        };
        Some((target, args))
    }

    fn call(&mut self, invocation: &'p Invocation) -> Outcome {
        let Some((callee, args)) = self.invocation(invocation) else {
            return Outcome::Never;
        };
        let next = self.build.block(self.cold);
        self.build.end(Terminator::Call {
            callee,
            args,
            next: next.into(),
            catch: None,
        });
        self.build.switch_to(next);
        self.call_results()
    }

    fn call_results(&mut self) -> Outcome {
        let (ptr, count) = self.build.two(Op::CallResults);
        Outcome::List(List {
            ptr,
            count,
            operand: None,
            padded: true,
        })
    }

    fn yield_(&mut self, values: &'p Values) -> Outcome {
        let Some((values, list)) = self.values(values) else {
            return Outcome::Never;
        };
        let next = self.build.block(self.cold);
        let list = list.map(|list| (list.ptr, list.count));
        self.build.end(Terminator::Yield {
            values,
            list,
            next: next.into(),
        });
        self.build.switch_to(next);
        self.call_results()
    }

    fn attempt(
        &mut self,
        resume: bool,
        invocation: &'p Invocation,
        (returned, then): (Option<LocalId>, &'p Expr),
        (threw, otherwise): (Option<LocalId>, &'p Expr),
        ty: Ty,
    ) -> Outcome {
        let Some((target, args)) = self.invocation(invocation) else {
            return Outcome::Never;
        };
        let (next, catch) = (self.build.block(self.cold), self.build.block(self.cold));
        let (to_next, to_catch) = (next.into(), Some(catch.into()));
        self.build.end(if resume {
            Terminator::Resume {
                coroutine: target,
                args,
                next: to_next,
                catch: to_catch,
            }
        } else {
            Terminator::Call {
                callee: target,
                args,
                next: to_next,
                catch: to_catch,
            }
        });
        let mut join = Join::new(ty);
        self.build.switch_to(next);
        let results = self.call_results();
        if let Some(local) = returned {
            self.bind(local, results);
        }
        self.arm(&mut join, next, Some(then));
        self.build.switch_to(catch);
        let thrown = self.build.one(Op::Caught);
        if let Some(local) = threw {
            self.bind(local, Outcome::Value(thrown));
        }
        self.arm(&mut join, catch, Some(otherwise));
        self.close(join)
    }

    /// A number that is added to another, which may be a constant 0.
    pub fn offset_by(&mut self, base: ValueId, index: ValueId) -> ValueId {
        self.build.binary(BinaryOp::IAdd, base, index)
    }
}

/// Arms that come together again.
struct Join {
    ty: Ty,
    /// Where each arm ended, and what it came to.
    ends: Vec<(BlockId, Outcome)>,
}

impl Join {
    const fn new(ty: Ty) -> Self {
        Self { ty, ends: Vec::new() }
    }
}

/// Whether an arm is nothing but slow code.
fn is_slow(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Slow(_) => true,
        ExprKind::Block { statements, value } => statements.first().or(value.as_deref()).is_some_and(is_slow),
        _ => false,
    }
}
