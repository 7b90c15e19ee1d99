//! Calls of guest functions and what follows them, calls of runtime functions.

use super::Lowering;
use super::control::Goal;
use super::value::Val;
use crate::ir::inst::{CallArgs, Continuation, Op, Terminator};
use crate::ir::{BlockId, ExternId, ValueId};
use crate::typed::{Expr, Invocation, LocalId, Ty, Values};

impl<'p> Lowering<'p> {
    /// `call f(args)`: the list of what the callee returns.
    pub fn call(&mut self, invocation: &'p Invocation) -> Option<Val> {
        let (callee, args) = self.invocation(invocation)?;
        let next = self.build.block(self.cold);
        self.build.end(Terminator::Call {
            callee,
            args,
            first: None,
            next: next.into(),
            catch: None,
        });
        Some(self.results_in(next))
    }

    /// `yield values`: the list of what the coroutine is resumed with.
    pub fn yields(&mut self, values: &'p Values) -> Option<Val> {
        let (values, list) = self.values(values)?;
        let next = self.build.block(self.cold);
        self.build.end(Terminator::Yield {
            values,
            list,
            next: next.into(),
        });
        Some(self.results_in(next))
    }

    /// `tail call f(args)`
    pub fn tail_call(&mut self, invocation: &'p Invocation) -> Option<Val> {
        let (callee, args) = self.invocation(invocation)?;
        self.build.end(Terminator::TailCall { callee, args });
        None
    }

    /// `match try call f(args) { .. }` and `match resume co(args) { .. }`
    pub fn attempt(
        &mut self,
        resume: bool,
        invocation: &'p Invocation,
        returned: &'p (Option<LocalId>, Box<Expr>),
        threw: &'p (Option<LocalId>, Box<Expr>),
        ty: Ty,
        goal: Goal,
    ) -> Option<Val> {
        let (target, args) = self.invocation(invocation)?;
        let (next_block, catch_block) = (self.build.block(self.cold), self.build.block(self.cold));
        let next = Continuation::from(next_block);
        let catch = Some(Continuation::from(catch_block));
        self.build.end(match resume {
            true => Terminator::Resume {
                coroutine: target,
                args,
                next,
                catch,
            },
            false => Terminator::Call {
                callee: target,
                args,
                first: None,
                next,
                catch,
            },
        });
        let locals = self.frame().locals.clone();
        let mut arrivals = Vec::new();

        let results = self.results_in(next_block);
        if let Some(local) = returned.0 {
            self.frame().locals.insert(local, results);
        }
        if let Some(value) = self.lower(&returned.1, goal) {
            arrivals.push((self.build.current(), value));
        }
        self.frame().locals.clone_from(&locals);

        self.build.switch_to(catch_block);
        let thrown = self.build.one(Op::Caught);
        if let Some(local) = threw.0 {
            self.frame().locals.insert(local, Val::One(thrown));
        }
        if let Some(value) = self.lower(&threw.1, goal) {
            arrivals.push((self.build.current(), value));
        }
        self.frame().locals = locals;
        if ty == Ty::Unit {
            arrivals.iter_mut().for_each(|(_, value)| *value = Val::None);
        }
        self.merge(arrivals, ty)
    }

    /// Goes on in `next`, a continuation.
    fn results_in(&mut self, next: BlockId) -> Val {
        self.build.switch_to(next);
        let (ptr, count) = self.build.two(Op::CallResults);
        Val::List {
            ptr,
            count,
            has_first: true,
        }
    }

    fn invocation(&mut self, invocation: &'p Invocation) -> Option<(ValueId, CallArgs)> {
        let target = self.one(&invocation.target)?;
        let args = &invocation.args;
        if args.fixed.is_empty()
            && let Some(list) = &args.list
        {
            let list = self.value(list)?;
            if let Val::Run(operand) = list
                && self.is_in_place(operand)
            {
                return Some((target, CallArgs::InPlace(operand)));
            }
            let list = Some(self.list(list));
            return Some((target, CallArgs::Copied { fixed: vec![], list }));
        }
        let (fixed, list) = self.values(args)?;
        Some((target, CallArgs::Copied { fixed, list }))
    }

    /// Values, then a list.
    #[expect(clippy::type_complexity, reason = "the shape that terminators take")]
    pub fn values(&mut self, values: &'p Values) -> Option<(Vec<ValueId>, Option<(ValueId, ValueId)>)> {
        let fixed = values
            .fixed
            .iter()
            .map(|value| self.one(value))
            .collect::<Option<Vec<ValueId>>>()?;
        let list = match &values.list {
            Some(list) => {
                let list = self.value(list)?;
                Some(self.list(list))
            }
            None => None,
        };
        Some((fixed, list))
    }

    /// Calls a runtime function.
    pub fn call_extern(&mut self, callee: ExternId, args: &'p [Expr], ty: Ty) -> Option<Val> {
        let mut values = Vec::new();
        for arg in args {
            let value = self.value(arg)?;
            match arg.ty {
                Ty::List => {
                    let (ptr, count) = self.list(value);
                    values.extend([ptr, count]);
                }
                _ => values.push(self.single(value)),
            }
        }
        let results = self.build.op(Op::CallExtern { callee, args: values });
        Some(match (ty, results.as_slice()) {
            (Ty::Plan(plan), [case]) => Val::Answer { case: *case, plan },
            (_, []) => Val::None,
            (_, [value]) => Val::One(*value),
            (_, [ptr, count, ..]) => Val::List {
                ptr: *ptr,
                count: *count,
                has_first: false,
            },
        })
    }
}
