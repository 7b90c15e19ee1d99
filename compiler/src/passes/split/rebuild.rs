//! Gives a new function the values from outside that it needs: computed again, or passed.

use std::collections::HashMap;

use super::epochs::SlotEpochs;
use super::extract::{Boundary, Origin, cannot_keep};
use crate::ir::builder::append;
use crate::ir::facts::{State, root};
use crate::ir::spec::OperandKind;
use crate::ir::{
    BinaryOp, BlockId, Function, Id, InstId, Op, OperandId, SpecTables, Type, TypeSet, UnaryOp, ValueDef, ValueId,
};

/// Operations over operations that are worth computing again rather than passing their result.
const MAX_DEPTH: u32 = 4;

/// Rebuilds values of one function at the start of another.
pub struct Rebuilder<'f> {
    spec: &'f SpecTables,
    function: &'f Function,
    state: &'f State,
    epochs: &'f SlotEpochs,
    start: BlockId,
    boundary: Boundary,
    rebuilt: HashMap<ValueId, ValueId>,
    passed: Vec<ValueId>,
}

impl<'f> Rebuilder<'f> {
    /// For a part that is entered as `boundary` says.
    pub fn new(from: &'f Origin<'f>, boundary: Boundary) -> Self {
        let Origin {
            spec,
            function,
            state,
            epochs,
            start,
            ..
        } = *from;
        Self {
            spec,
            function,
            state,
            epochs,
            start,
            boundary,
            rebuilt: HashMap::new(),
            passed: Vec::new(),
        }
    }
    /// The values that the new function is to be entered with, in the order of its parameters.
    pub fn into_passed(self) -> Vec<ValueId> {
        self.passed
    }
    /// What stands for `value` in `part`.
    ///
    /// # Errors
    /// When it can neither be computed again nor be kept.
    pub fn value(&mut self, part: &mut Function, value: ValueId) -> Result<ValueId, String> {
        // A narrowed copy is its root, of which everything is known that is known here.
        let value = root(self.function, value);
        if let Some(known) = self.rebuilt.get(&value) {
            return Ok(*known);
        }
        let new = match self.function.values[value].def {
            ValueDef::Result(inst, index) if self.can_recompute(inst, 0) => {
                let results = self.recompute(part, inst)?;
                self.as_known(part, value, result(&results, index)?)
            }
            // A check proves something about its operands only where it is a check, so it is never passed as an answer.
            ValueDef::Result(inst, _) if self.is_condition(inst) => result(&self.recompute(part, inst)?, 0)?,
            // A box is made again where it is needed, rather than where its payload is.
            ValueDef::Result(inst, _)
                if self.boundary == Boundary::Jump && matches!(self.function.insts[inst].op, Op::Box { .. }) =>
            {
                result(&self.recompute(part, inst)?, 0)?
            }
            // Payloads are kept in the box they came in, which the collector understands.
            ValueDef::Result(inst, _)
                if self.boundary == Boundary::Call && matches!(self.function.insts[inst].op, Op::Unbox(_)) =>
            {
                result(&self.recompute(part, inst)?, 0)?
            }
            _ => self.pass(part, value)?,
        };
        self.rebuilt.insert(value, new);
        Ok(new)
    }

    fn pass(&mut self, part: &mut Function, value: ValueId) -> Result<ValueId, String> {
        let entry = part.entry;
        let ty = self.function.ty(value);
        let new = match (ty, self.boundary) {
            (Type::Val(_), _) => {
                let known = self.state.known(self.function, value).unwrap_or_default();
                part.add_param(entry, Type::Val(known))
            }
            (Type::Ref(record), Boundary::Call) => {
                let leaf = self
                    .spec
                    .leaf_of_record(record)
                    .ok_or_else(|| cannot_keep(self.spec, ty))?;
                let boxed = part.add_param(entry, Type::Val(TypeSet::leaf(leaf)));
                self.append(part, Op::Unbox(boxed), 0)[0]
            }
            (Type::I64 | Type::Ptr, Boundary::Call) => return Err(cannot_keep(self.spec, ty)),
            _ => part.add_param(entry, ty),
        };
        self.passed.push(value);
        Ok(new)
    }

    /// Whether the operation gives the same results when computed again at the start of the new function.
    fn can_recompute(&self, inst: InstId, depth: u32) -> bool {
        let op = &self.function.insts[inst].op;
        let by_itself = match op {
            Op::SlotLoad { .. } | Op::Operand(_) => {
                self.boundary == Boundary::Jump && self.epochs.unchanged(inst, self.start)
            }
            Op::ListOperand(operand) => {
                let written = self.boundary == Boundary::Call || !self.epochs.unchanged(inst, self.start);
                !(written && self.is_open(*operand))
            }
            // Code that runs in a call may make the instruction remember something else, and compiled code may know an
            // earlier answer.
            Op::CacheLoad(_)
            | Op::PtrLoad { .. }
            | Op::Load { .. }
            | Op::ElementLoad { .. }
            | Op::PlanPayload { .. }
            | Op::CallResults
            | Op::Caught => false,
            op => !op.has_effect(),
        };
        by_itself
            && depth <= MAX_DEPTH
            && op
                .args()
                .into_iter()
                .all(|arg| match self.function.values[root(self.function, arg)].def {
                    ValueDef::Result(inst, _) => self.can_recompute(inst, depth + 1),
                    ValueDef::Param(..) => false,
                })
    }

    /// Whether the length of a run is wherever the last open result ended.
    fn is_open(&self, operand: OperandId) -> bool {
        let kinds = self.function.variant.as_ref().map(|variant| &variant.operands);
        kinds.is_none_or(|kinds| {
            kinds
                .get(operand.index())
                .is_none_or(|kind| *kind == OperandKind::OpenSlots)
        })
    }

    /// Whether a branch on it proves something about a value.
    fn is_condition(&self, inst: InstId) -> bool {
        let data = &self.function.insts[inst];
        let of_conditions = data
            .results
            .first()
            .is_some_and(|result| self.function.ty(*result) == Type::Bool);
        match data.op {
            Op::Is { .. } | Op::BothDouble(..) | Op::SameBits(..) => true,
            Op::Unary(UnaryOp::Not, _) | Op::Binary(BinaryOp::And | BinaryOp::Or, ..) => of_conditions,
            _ => false,
        }
    }

    fn recompute(&mut self, part: &mut Function, inst: InstId) -> Result<Vec<ValueId>, String> {
        let data = &self.function.insts[inst];
        let mut op = data.op.clone();
        let mut args = Vec::new();
        for arg in op.args() {
            args.push(self.value(part, arg)?);
        }
        let mut args = args.into_iter();
        op.visit_args_mut(|arg| *arg = args.next().unwrap_or(*arg));
        let results = self.append(part, op, data.line);
        for (old, new) in data.results.iter().zip(&results) {
            self.rebuilt.insert(*old, *new);
        }
        Ok(results)
    }

    /// What was read again with what had been proven about it.
    fn as_known(&self, part: &mut Function, old: ValueId, new: ValueId) -> ValueId {
        match (part.ty(new), self.state.known(self.function, old)) {
            (Type::Val(set), Some(known)) if !set.is_subset(known) => {
                self.append(part, Op::Assume { value: new, set: known }, 0)[0]
            }
            _ => new,
        }
    }

    fn append(&self, part: &mut Function, op: Op, line: u32) -> Vec<ValueId> {
        let entry = part.entry;
        let inst = append(self.spec, part, entry, op, line);
        part.insts[inst].results.clone()
    }
}

/// Result number `index`, which is missing when too little is known about an operand to compute it.
fn result(results: &[ValueId], index: u32) -> Result<ValueId, String> {
    let result = results.get(index as usize).copied();
    result.ok_or_else(|| "a value is used as of a type that is not proven".into())
}
