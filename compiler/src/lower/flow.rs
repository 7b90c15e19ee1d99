//! How blocks end, calls excepted: see [`super::calls`].

use dg_backend_x64::lir::{self, IntCond, MemType};

use super::LowerError;
use super::frame::Form;
use super::holes::HoleSource;
use super::part::Part;
use super::stubs;
use crate::abi::hot;
use crate::ir::print::print_set;
use crate::ir::spec::CacheForm;
use crate::ir::{BlockCall, ContinuationTarget, FunctionId, Likely, Op, OperandId, Role, Terminator, ValueId};

impl Part<'_> {
    pub(super) fn terminator(&mut self, terminator: &Terminator) -> Result<(), LowerError> {
        match terminator {
            Terminator::Jump(to) => {
                let to = self.block_call(to);
                self.code.b.terminate(lir::Terminator::Jump(to));
            }
            Terminator::Branch {
                cond,
                then,
                otherwise,
                likely,
            } => self.branch(*cond, then, otherwise, *likely),
            Terminator::Switch { index, cases } => self.switch(*index, cases),
            // Always going to the body is a correct implementation.
            Terminator::Cache { body, .. } => {
                let body = self.block_call(body);
                self.code.b.terminate(lir::Terminator::Jump(body));
            }
            Terminator::Next => return self.next(),
            Terminator::Again => self.code.again(),
            Terminator::Goto(label) => return self.goto(*label),
            Terminator::Leave { values, list } => self.leave(values, *list),
            Terminator::Call {
                callee,
                args,
                first,
                next,
                catch,
            } => return self.call(*callee, args, *first, next, catch.as_ref()),
            Terminator::TailCall { callee, args } => return self.tail_call(*callee, args),
            Terminator::Throw(value) => {
                self.code.save_state();
                let bits = self.bits(*value);
                self.code.store_hot(MemType::I64, hot::ERROR, bits);
                self.code.b.tail_jump(stubs::THROW, vec![]);
            }
            Terminator::Delegate => return self.delegate(),
            Terminator::Resume {
                coroutine,
                args,
                next,
                catch,
            } => return self.resume(*coroutine, args, next, catch.as_ref()),
            Terminator::Yield { values, list, next } => return self.yield_values(values, *list, next),
            Terminator::TailJump { function, args } => return self.jump_to_part(*function, args),
            Terminator::Unreachable => self.code.b.terminate(lir::Terminator::Trap),
        }
        Ok(())
    }

    /// A branch falls through to where it is likely to go: where nothing is known, a value is of the type that it is tested
    /// for.
    fn branch(&mut self, cond: ValueId, then: &BlockCall, otherwise: &BlockCall, likely: Likely) {
        let condition = self.value(cond);
        let is_cold = |call: &BlockCall| self.function.blocks[call.block].cold;
        let is_likely = match likely {
            Likely::Then => true,
            Likely::Else => false,
            Likely::Unknown => matches!(self.function.def(cond), Some(Op::Is { .. } | Op::BothDouble(..))),
        };
        let falls_into_then = is_cold(otherwise) || (is_likely && !is_cold(then));
        let why = match (is_cold(then), is_cold(otherwise)) {
            (false, true) => self.describe(cond, false),
            (true, false) => self.describe(cond, true),
            _ => None,
        };
        let (then, otherwise) = (self.block_call(then), self.block_call(otherwise));
        let b = &mut self.code.b;
        match falls_into_then {
            true => {
                let negated = b.int_compare_imm(IntCond::Eq, condition, 0);
                why.into_iter().for_each(|why| b.comment(why));
                b.branch(negated, otherwise, then);
            }
            false => {
                why.into_iter().for_each(|why| b.comment(why));
                b.branch(condition, then, otherwise);
            }
        }
    }

    /// What it means that a condition holds or not, as a comment: why control leaves the expected path.
    fn describe(&self, cond: ValueId, holds: bool) -> Option<String> {
        let not = if holds { "" } else { "not " };
        match self.function.def(cond)? {
            Op::BothDouble(..) => Some(format!("{not}both doubles")),
            Op::Is { set, .. } => Some(format!("{not}{}", print_set(self.spec, *set))),
            Op::Unary(crate::ir::UnaryOp::Not, inner) => self.describe(*inner, !holds),
            Op::Unary(crate::ir::UnaryOp::IsNull, _) => Some(format!("{not}null")),
            Op::SameBits(..) => Some(format!("{not}the same")),
            _ => None,
        }
    }

    fn switch(&mut self, index: ValueId, cases: &[BlockCall]) {
        let value = self.value(index);
        let mut cases: Vec<(u32, lir::BlockCall)> = cases
            .iter()
            .enumerate()
            .map(|(number, case)| (number as u32, self.block_call(case)))
            .collect();
        let terminator = match cases.pop() {
            Some((_, default)) => lir::Terminator::Switch { value, cases, default },
            None => lir::Terminator::Trap,
        };
        self.code.b.terminate(terminator);
    }

    /// The next instruction.
    fn next(&mut self) -> Result<(), LowerError> {
        let Some(encoding) = &self.encoding else {
            return self.unsupported("a native function has to return");
        };
        let length = encoding.length as i32;
        let forwarded = self.forwarded()?;
        if !self.code.b.is_cold() {
            self.leave_registers(HoleSource::Next);
        }
        self.code.next(length, self.has_allocated, forwarded);
        Ok(())
    }

    /// The instruction that a label names.
    fn goto(&mut self, label: OperandId) -> Result<(), LowerError> {
        let offset = self.operand(label)?.1.offset;
        if !self.code.b.is_cold() {
            self.leave_registers(HoleSource::Target(offset));
        }
        self.code.goto(offset, self.has_allocated);
        Ok(())
    }

    /// Another part of the same function.
    fn jump_to_part(&mut self, function: FunctionId, args: &[ValueId]) -> Result<(), LowerError> {
        let values: Vec<lir::Value> = args.iter().map(|arg| self.value(*arg)).collect();
        let types: Vec<lir::Type> = values.iter().map(|value| self.code.b.value_type(*value)).collect();
        let places = self.places(&types)?;
        let target = &self.program.functions[function];
        let name = self.code.form.symbol(&target.name);
        let mut args: Vec<_> = places.into_iter().zip(values).collect();
        if target.role == Role::Entry {
            // Another form of the bytecode starts as this one did.
            args.extend(self.code.last.map(|value| (lir::Role::Forwarded, value)));
        }
        if self.knows_cache && target.form == CacheForm::Linking {
            self.code.link();
            return Ok(());
        }
        if self.code.form == Form::Template {
            self.code.write_cold();
            self.code.enter_instruction();
        }
        self.code.b.tail_jump(name.as_str(), args);
        Ok(())
    }

    /// The symbol of a continuation that is found by it: by the unwinder, or by a coroutine that goes on.
    pub(super) fn continuation(&self, target: ContinuationTarget) -> Result<String, LowerError> {
        match target {
            ContinuationTarget::Function(id) => Ok(self.code.form.symbol(&self.program.functions[id].name)),
            ContinuationTarget::Block(_) => self.unsupported("the continuation of a call has not been split off"),
        }
    }
}
