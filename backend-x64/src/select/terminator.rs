//! How blocks end.

use super::Selector;
use crate::encoder::{Cond, Imm, Inst, Op, Size};
use crate::lir::{Addr, BlockCall, JumpTarget, MemType, Role, Terminator, Value};
use crate::machine::{Edge, FlagTest, MachBlockId, MachOp, role_register};

impl Selector<'_> {
    pub(super) fn terminator(&mut self, terminator: &Terminator) {
        match terminator {
            Terminator::Jump(call) => {
                let edge = self.edge(call);
                self.emit_op(MachOp::Jump(edge));
            }
            Terminator::Branch { cond, then, other } => self.branch(*cond, then, other),
            Terminator::CountDown { counter, empty, other } => self.count_down(counter, empty, other),
            Terminator::Switch { value, cases, default } => self.switch(*value, cases, default),
            Terminator::TailJump { target, args } => self.tail_jump(target, args),
            Terminator::ReturnNative(value) => {
                let role = crate::encoder::Reg::from(crate::encoder::Gpr::Rax);
                let args = self.bind(value.map(|value| (value, role)));
                self.emit_op(MachOp::Return { args });
            }
            Terminator::Trap => self.emit_op(MachOp::Trap),
        }
    }

    fn branch(&mut self, cond: Value, then: &BlockCall, other: &BlockCall) {
        if let Some(number) = self.constant(cond) {
            let edge = self.edge(if number != 0 { then } else { other });
            self.emit_op(MachOp::Jump(edge));
            return;
        }
        let then = self.branch_target(then);
        let other = self.branch_target(other);
        let test = self.flags(cond);
        self.emit_op(MachOp::Branch { test, then, other });
    }

    /// ```text
    ///     sub dword [counter], 1
    ///     jb  empty
    /// ```
    fn count_down(&mut self, counter: &Addr, empty: &BlockCall, other: &BlockCall) {
        let then = self.branch_target(empty);
        let other = self.branch_target(other);
        let counter = self.address(counter);
        self.emit(Inst::mi(Op::Sub, Size::S32, counter, 1));
        let test = FlagTest::One(Cond::B);
        self.emit_op(MachOp::Branch { test, then, other });
    }

    /// The block to branch to: the target itself if this is the only way there and it takes nothing, otherwise a new
    /// block that passes the arguments on.
    fn branch_target(&mut self, call: &BlockCall) -> MachBlockId {
        let target = self.block_ids[call.block.index()].expect("a successor is reachable");
        if call.args.is_empty() && self.predecessors[call.block.index()] == 1 {
            return target;
        }
        let is_cold = self.function.block(call.block).cold || self.function.block(self.at.0).cold;
        let block = self.new_block(is_cold);
        let outer = std::mem::take(&mut self.sequence);
        let args = call.args.iter().map(|arg| self.source(*arg)).collect();
        self.emit_op(MachOp::Jump(Edge { block: target, args }));
        self.output.blocks[block.index()].insts = std::mem::replace(&mut self.sequence, outer);
        block
    }

    fn switch(&mut self, value: Value, cases: &[(u32, BlockCall)], default: &BlockCall) {
        if cases.is_empty() {
            let edge = self.edge(default);
            self.emit_op(MachOp::Jump(edge));
            return;
        }
        let is_cold = self.function.block(self.at.0).cold;
        let selector = self.source(value);
        let mut first = None;
        let mut block = None;
        for (index, (number, call)) in cases.iter().enumerate() {
            let then = self.branch_target(call);
            let is_last = index + 1 == cases.len();
            let other = if is_last {
                self.branch_target(default)
            } else {
                self.new_block(is_cold)
            };
            match number {
                0 => self.emit(Inst::rr(Op::Test, Size::S32, selector, selector)),
                number => self.emit(Inst::ri(
                    Op::Cmp,
                    Size::S32,
                    selector,
                    Imm::Value(i64::from(*number as i32)),
                )),
            }
            self.emit_op(MachOp::Branch {
                test: FlagTest::One(Cond::E),
                then,
                other,
            });
            let insts = std::mem::take(&mut self.sequence);
            match block {
                None => first = Some(insts),
                Some(MachBlockId(id)) => self.output.blocks[id as usize].insts = insts,
            }
            block = Some(other);
        }
        self.sequence = first.expect("there is a case");
    }

    fn tail_jump(&mut self, target: &JumpTarget, args: &[(Role, Value)]) {
        let args = self.bind(args.iter().map(|(role, value)| (*value, role_register(*role))));
        let inst = match target {
            JumpTarget::Symbol(symbol) => Inst::jmp(symbol.clone()),
            JumpTarget::Hole(hole) => Inst::jmp(*hole),
            JumpTarget::Memory(addr) => Inst::m(Op::Jmp, Size::S64, self.address(addr)),
            JumpTarget::Value(value) => match self.absorb(*value, &[MemType::I64]) {
                Some(mem) => Inst::m(Op::Jmp, Size::S64, mem),
                None => {
                    let reg = self.register(*value);
                    Inst::r(Op::Jmp, Size::S64, reg)
                }
            },
        };
        self.emit_op(MachOp::TailJump { inst, args });
    }
}
