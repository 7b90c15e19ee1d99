//! Conditions, branches, matches, caches: where control goes.

use super::Lowering;
use super::frame::{Answer, Frame};
use super::value::Val;
use crate::ir::inst::{BlockCall, IntCond, Likely, Op, Terminator};
use crate::ir::{BlockId, PlanId, ValueId};
use crate::typed::{Arm, Expr, ExprKind, Helper, HelperId, Ty};

/// What to do with the value of an expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Goal {
    /// It is the answer of the frame.
    Answer,
    /// It is used by what follows.
    Value,
    /// It is a condition: control goes to the first block when it holds, else to the second.
    Branch(BlockId, BlockId),
}

impl<'p> Lowering<'p> {
    /// Lowers `expr` as the answer of the frame. The current block ends.
    pub fn answer(&mut self, expr: &'p Expr) {
        let goal = match self.frame().answer {
            Answer::Branch(then, otherwise) => Goal::Branch(then, otherwise),
            _ => Goal::Answer,
        };
        self.lower(expr, goal);
    }

    /// Lowers `expr`; answers what it comes to, none when control does not come past it.
    pub fn value(&mut self, expr: &'p Expr) -> Option<Val> {
        self.lower(expr, Goal::Value)
    }

    /// Lowers `expr`; answers what it comes to when that is the goal and control comes past it.
    pub fn lower(&mut self, expr: &'p Expr, goal: Goal) -> Option<Val> {
        self.build.set_line(self.program.lines.line(expr.span.start));
        match &expr.kind {
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => self.branch(condition, then, otherwise.as_deref(), expr.ty, goal),
            ExprKind::MatchPlan { subject, plan, arms } => {
                let subject = self.value(subject)?;
                self.match_plan(subject, *plan, arms, expr.ty, goal)
            }
            ExprKind::MatchEnum { subject, arms } => {
                let subject = self.one(subject)?;
                let blocks = self.arm_blocks(arms);
                self.switch(subject, arms, &blocks);
                self.arms(arms, blocks, expr.ty, goal, |_, _, _| {})
            }
            ExprKind::Attempt {
                resume,
                invocation,
                returned,
                threw,
            } => self.attempt(*resume, invocation, returned, threw, expr.ty, goal),
            ExprKind::Block { statements, value } => {
                for statement in statements {
                    self.value(statement)?;
                }
                match value {
                    Some(value) => self.lower(value, goal),
                    None => self.reach(Val::None, goal),
                }
            }
            ExprKind::CallHelper { helper, args } => {
                let args = args.iter().map(|arg| self.value(arg)).collect::<Option<Vec<Val>>>()?;
                self.inline(*helper, args, goal)
            }
            ExprKind::Return(value) => {
                match value {
                    Some(value) => self.answer(value),
                    None => self.deliver(Val::None),
                }
                None
            }
            ExprKind::Delegate => {
                self.in_cold(|lowering| lowering.build.end(Terminator::Delegate));
                None
            }
            ExprKind::Slow(body) => {
                self.in_cold(|lowering| lowering.answer(body));
                None
            }
            _ => match goal {
                Goal::Branch(then, otherwise) => {
                    self.test(expr, then, otherwise);
                    None
                }
                _ => {
                    let value = self.simple(expr)?;
                    self.reach(value, goal)
                }
            },
        }
    }

    fn reach(&mut self, value: Val, goal: Goal) -> Option<Val> {
        match goal {
            Goal::Value => Some(value),
            Goal::Answer => {
                self.deliver(value);
                None
            }
            Goal::Branch(..) => unreachable!("nothing is no condition"),
        }
    }

    /// Lowers what `inside` lowers off the expected path. Control does not come back from there.
    fn in_cold<R>(&mut self, inside: impl FnOnce(&mut Self) -> R) -> R {
        let block = self.build.current();
        let is_empty = block != self.build.function().entry && self.build.function().blocks[block].insts.is_empty();
        let outer = std::mem::replace(&mut self.cold, true);
        if is_empty {
            self.cold_blocks.push(block);
        } else if !outer {
            let cold = self.build.block(true);
            self.build.jump(cold, vec![]);
            self.build.switch_to(cold);
        }
        let result = inside(self);
        self.cold = outer;
        result
    }

    /// Lowers a copy of the body of a `fn`.
    fn inline(&mut self, helper: HelperId, args: Vec<Val>, goal: Goal) -> Option<Val> {
        let helper: &'p Helper = &self.program.helpers[helper];
        let answer = match goal {
            Goal::Answer => Answer::Outer,
            Goal::Value => Answer::Collect,
            Goal::Branch(then, otherwise) => Answer::Branch(then, otherwise),
        };
        let mut frame = Frame::new(&helper.code, answer);
        for (param, arg) in helper.params.iter().zip(args) {
            let arg = match arg {
                Val::One(value) if helper.cold => Val::One(self.forget(value, helper.code.locals[*param].ty)),
                arg => arg,
            };
            frame.locals.insert(*param, arg);
        }
        self.frames.push(frame);
        if let Some(body) = &helper.code.body {
            if helper.cold {
                self.in_cold(|lowering| lowering.answer(body));
            } else {
                self.answer(body);
            }
        }
        let arrivals = self.frames.pop().map(|frame| frame.arrivals).unwrap_or_default();
        self.merge(arrivals, helper.result)
    }

    /// `value` without what is proven about it beyond `ty`: cold code gains nothing from that, and copies of it come
    /// out the same, so that `split` makes them once.
    fn forget(&self, value: ValueId, ty: Ty) -> ValueId {
        let Ty::Value(accepted) = ty else { return value };
        let function = self.build.function();
        let mut known = value;
        while let Some(Op::Narrow { value: inner, .. }) = function.def(known) {
            known = *inner;
        }
        if function.ty(known).set().is_some_and(|set| set.is_subset(accepted)) {
            known
        } else {
            value
        }
    }

    fn branch(
        &mut self,
        condition: &'p Expr,
        then: &'p Expr,
        otherwise: Option<&'p Expr>,
        ty: Ty,
        goal: Goal,
    ) -> Option<Val> {
        if let Some(holds) = decided(condition) {
            return match (holds, otherwise) {
                (true, _) => self.lower(then, goal),
                (false, Some(otherwise)) => self.lower(otherwise, goal),
                (false, None) => self.reach(Val::None, goal),
            };
        }
        let (then_block, other_block) = (self.build.block(self.cold), self.build.block(self.cold));
        self.condition(condition, then_block, other_block);
        let mut arrivals = Vec::new();
        let locals = self.frame().locals.clone();

        self.build.switch_to(then_block);
        if let Some(value) = self.lower(then, goal) {
            arrivals.push((self.build.current(), self.kept(value, otherwise.is_some())));
        }
        self.frame().locals.clone_from(&locals);
        self.build.switch_to(other_block);
        let value = match otherwise {
            Some(otherwise) => self.lower(otherwise, goal),
            None => self.reach(Val::None, goal),
        };
        if let Some(value) = value {
            arrivals.push((self.build.current(), value));
        }
        self.frame().locals = locals;
        self.merge(arrivals, ty)
    }

    /// Without `else` there is no value.
    fn kept(&self, value: Val, has_value: bool) -> Val {
        if has_value { value } else { Val::None }
    }

    /// Ends the current block with a branch on `condition`.
    pub fn condition(&mut self, condition: &'p Expr, then: BlockId, otherwise: BlockId) {
        self.lower(condition, Goal::Branch(then, otherwise));
    }

    /// The same for a condition that is no branch, match or block itself.
    fn test(&mut self, condition: &'p Expr, then: BlockId, otherwise: BlockId) {
        if let Some(holds) = decided(condition) {
            return self.build.jump(if holds { then } else { otherwise }, vec![]);
        }
        match &condition.kind {
            ExprKind::Not(inner) => self.condition(inner, otherwise, then),
            ExprKind::And(left, right) => {
                let middle = self.build.block(self.cold);
                self.condition(left, middle, otherwise);
                self.build.switch_to(middle);
                self.condition(right, then, otherwise);
            }
            ExprKind::Or(left, right) => {
                let middle = self.build.block(self.cold);
                self.condition(left, then, middle);
                self.build.switch_to(middle);
                self.condition(right, then, otherwise);
            }
            // `c == true` and the like, from the parameters of templates.
            ExprKind::IntCompare(cond @ (IntCond::Eq | IntCond::Ne), left, right)
                if decided(left).is_some() || decided(right).is_some() =>
            {
                let (known, other) = match decided(right) {
                    Some(known) => (known, left),
                    None => (decided(left) == Some(true), right),
                };
                let same = known == (*cond == IntCond::Eq);
                let (then, otherwise) = if same { (then, otherwise) } else { (otherwise, then) };
                self.condition(other, then, otherwise);
            }
            _ => {
                // Where a value does not get so far, its block has ended already.
                if let Some(Val::One(holds)) = self.simple(condition) {
                    self.build.branch(holds, then, otherwise, Likely::Unknown);
                }
            }
        }
    }

    /// `a && b` and the like as a value.
    pub fn condition_value(&mut self, condition: &'p Expr) -> Option<Val> {
        let (holds, fails) = (self.build.block(self.cold), self.build.block(self.cold));
        self.condition(condition, holds, fails);
        let mut arrivals = Vec::new();
        for (block, value) in [(holds, true), (fails, false)] {
            self.build.switch_to(block);
            arrivals.push((block, Val::One(self.build.bool(value))));
        }
        self.merge(arrivals, Ty::Bool)
    }

    fn match_plan(&mut self, subject: Val, plan: PlanId, arms: &'p [Arm], ty: Ty, goal: Goal) -> Option<Val> {
        let blocks = self.arm_blocks(arms);
        let case = self.single(subject.clone());
        self.switch(case, arms, &blocks);
        let tables = self.tables;
        self.arms(arms, blocks, ty, goal, |lowering, arm, number| {
            let cases = &tables.plans[plan].cases;
            // Where the words of this case begin among those of all cases.
            let mut at: usize = cases[..number as usize]
                .iter()
                .flat_map(|case| &case.payload)
                .map(|ty| ty.values().len())
                .sum();
            for (index, crossing) in cases[number as usize].payload.iter().enumerate() {
                let count = crossing.values().len();
                if let Some(Some(local)) = arm.bindings.get(index) {
                    let values = match &subject {
                        Val::Plan { words, .. } => words[at..at + count].to_vec(),
                        _ => lowering.build.op(Op::PlanPayload {
                            answer: case,
                            plan,
                            case: number,
                            index: index as u32,
                        }),
                    };
                    let value = match values.as_slice() {
                        [ptr, words] => Val::List {
                            ptr: *ptr,
                            count: *words,
                            has_first: false,
                        },
                        values => Val::One(values[0]),
                    };
                    lowering.frame().locals.insert(*local, value);
                }
                at += count;
            }
        })
    }

    fn arm_blocks(&mut self, arms: &[Arm]) -> Vec<BlockId> {
        arms.iter().map(|_| self.build.block(self.cold)).collect()
    }

    fn switch(&mut self, index: ValueId, arms: &[Arm], blocks: &[BlockId]) {
        if let [block] = blocks {
            return self.build.jump(*block, vec![]);
        }
        let mut numbered: Vec<(u32, BlockId)> = Vec::new();
        for (arm, block) in arms.iter().zip(blocks) {
            numbered.extend(arm.cases.iter().map(|case| (*case, *block)));
        }
        numbered.sort_by_key(|(case, _)| *case);
        let cases = numbered.into_iter().map(|(_, block)| BlockCall::to(block)).collect();
        self.build.end(Terminator::Switch { index, cases });
    }

    fn arms(
        &mut self,
        arms: &'p [Arm],
        blocks: Vec<BlockId>,
        ty: Ty,
        goal: Goal,
        bind: impl Fn(&mut Self, &'p Arm, u32),
    ) -> Option<Val> {
        let locals = self.frame().locals.clone();
        let mut arrivals = Vec::new();
        for (arm, block) in arms.iter().zip(blocks) {
            self.build.switch_to(block);
            if let [number] = arm.cases.as_slice() {
                bind(self, arm, *number);
            }
            if let Some(value) = self.lower(&arm.body, goal) {
                arrivals.push((self.build.current(), self.kept(value, ty != Ty::Unit)));
            }
            self.frame().locals.clone_from(&locals);
        }
        self.merge(arrivals, ty)
    }

    /// `cache(keys) body`
    pub fn cache(&mut self, keys: &'p [Expr], ways: u32, body: &'p Expr) -> Option<Val> {
        let key = keys.iter().map(|key| self.one(key)).collect::<Option<Vec<ValueId>>>()?;
        let (miss, done) = (self.build.block(true), self.build.block(self.cold));
        self.build.end(Terminator::Cache {
            key,
            ways,
            body: miss.into(),
            done,
        });
        self.build.switch_to(miss);
        let outer = std::mem::replace(&mut self.cold, true);
        let value = self.value(body);
        self.cold = outer;
        let arrivals = value.map(|value| (self.build.current(), value)).into_iter().collect();
        Some(self.meet(arrivals, done, body.ty))
    }
}

/// What a condition is when it depends on nothing.
fn decided(condition: &Expr) -> Option<bool> {
    match &condition.kind {
        ExprKind::Bool(holds) => Some(*holds),
        ExprKind::Not(inner) => decided(inner).map(|holds| !holds),
        _ => None,
    }
}
