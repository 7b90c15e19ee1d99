//! Integer arithmetic.

use super::compare::full;
use super::{Selector, size_of};
use crate::encoder::{Imm, Inst, Mem, Op, Scale, Size};
use crate::lir::{BinaryOp, Type, Value};
use crate::machine::{FlagTest, MachReg, VReg};

/// The two-address instruction of an operation.
fn instruction(op: BinaryOp) -> Op {
    match op {
        BinaryOp::Add => Op::Add,
        BinaryOp::Sub => Op::Sub,
        BinaryOp::Mul => Op::Imul,
        BinaryOp::And => Op::And,
        BinaryOp::Or => Op::Or,
        BinaryOp::Xor => Op::Xor,
        BinaryOp::Shl => Op::Shl,
        BinaryOp::Shr => Op::Shr,
        BinaryOp::Sar => Op::Sar,
    }
}

impl Selector<'_> {
    pub(super) fn binary(&mut self, result: VReg, op: BinaryOp, lhs: Value, rhs: Value) {
        let (lhs, rhs) = match op.is_commutative() && self.is_better_first(rhs, lhs) {
            true => (rhs, lhs),
            false => (lhs, rhs),
        };
        match op {
            BinaryOp::Shl | BinaryOp::Shr | BinaryOp::Sar => self.shift(result, op, lhs, rhs),
            _ => match self.immediate(rhs) {
                Some(imm) => self.with_immediate(result, op, lhs, imm),
                None => self.with_operand(result, op, lhs, rhs),
            },
        }
    }

    /// As `binary`, with the flags of the result, for which an address computation does not do.
    pub(super) fn with_flags(&mut self, result: VReg, op: BinaryOp, lhs: Value, rhs: Value) {
        let (lhs, rhs) = match op.is_commutative() && self.is_better_first(rhs, lhs) {
            true => (rhs, lhs),
            false => (lhs, rhs),
        };
        let ty = self.ty(lhs);
        let size = size_of(ty);
        if let Some(imm) = self.immediate(rhs) {
            if op == BinaryOp::Mul {
                let reg = self.register(lhs);
                self.emit(Inst::rri(Op::Imul, size, result, reg, imm));
            } else {
                let tied = self.tied(result, lhs);
                self.emit(Inst::ri(instruction(op), size, tied, imm));
            }
            return;
        }
        if lhs != rhs
            && let Some(mem) = self.absorb(rhs, &[full(ty)])
        {
            let tied = self.tied(result, lhs);
            self.emit(Inst::rm(instruction(op), size, tied, mem));
            return;
        }
        let second = match ty {
            Type::I32 => self.low_register(rhs),
            Type::I64 | Type::F64 => self.register(rhs),
        };
        let tied = self.tied(result, lhs);
        self.emit(Inst::rr(instruction(op), size, tied, second));
    }

    /// Should `a` rather than `b` be the operand that is overwritten? Not if it could be an immediate, a pinned
    /// register or memory, rather if nothing else needs it.
    fn is_better_first(&self, a: Value, b: Value) -> bool {
        let rank = |value| {
            if self.immediate(value).is_some() {
                0
            } else if self.pinned(value).is_some() {
                1
            } else if self.is_load(value) && self.is_single_use(value) {
                2
            } else if !self.is_single_use(value) {
                3
            } else {
                4
            }
        };
        rank(a) > rank(b)
    }

    fn with_immediate(&mut self, result: VReg, op: BinaryOp, lhs: Value, imm: Imm) {
        let ty = self.ty(lhs);
        let size = size_of(ty);
        match (op, &imm) {
            (BinaryOp::And, Imm::Value(0xff)) => {
                let reg = self.register(lhs);
                self.emit(Inst::rr(Op::Movzxb, Size::S32, result, reg));
            }
            (BinaryOp::And, Imm::Value(0xffff)) => {
                let reg = self.register(lhs);
                self.emit(Inst::rr(Op::Movzxw, Size::S32, result, reg));
            }
            (BinaryOp::Xor, Imm::Value(-1)) => {
                let tied = self.tied(result, lhs);
                self.emit(Inst::r(Op::Not, size, tied));
            }
            (BinaryOp::Mul, _) => match self.absorb(lhs, &[full(ty)]) {
                Some(mem) => self.emit(Inst::rmi(Op::Imul, size, result, mem, imm)),
                None => {
                    let reg = self.register(lhs);
                    self.emit(Inst::rri(Op::Imul, size, result, reg, imm));
                }
            },
            (BinaryOp::Add | BinaryOp::Sub, Imm::Value(number))
                if (!self.is_single_use(lhs) || self.pinned(lhs).is_some())
                    && let Ok(disp) = i32::try_from(if op == BinaryOp::Sub { -number } else { *number }) =>
            {
                let reg = self.register(lhs);
                self.emit(Inst::rm(Op::Lea, size, result, Mem::base(reg, disp)));
            }
            _ => {
                let tied = self.tied(result, lhs);
                self.emit(Inst::ri(instruction(op), size, tied, imm));
            }
        }
    }

    fn with_operand(&mut self, result: VReg, op: BinaryOp, lhs: Value, rhs: Value) {
        let ty = self.ty(lhs);
        let size = size_of(ty);
        if op == BinaryOp::Sub && self.constant(lhs) == Some(0) {
            let tied = self.tied(result, rhs);
            self.emit(Inst::r(Op::Neg, size, tied));
            return;
        }
        if lhs != rhs
            && let Some(mem) = self.absorb(rhs, &[full(ty)])
        {
            let tied = self.tied(result, lhs);
            self.emit(Inst::rm(instruction(op), size, tied, mem));
            return;
        }
        if op == BinaryOp::Add && (!self.is_single_use(lhs) || self.pinned(lhs).is_some()) {
            let (lhs, rhs) = (self.register(lhs), self.register(rhs));
            self.emit(Inst::rm(Op::Lea, size, result, Mem::base_index(lhs, rhs, Scale::X1, 0)));
            return;
        }
        let second = match ty {
            Type::I32 => self.low_register(rhs),
            Type::I64 | Type::F64 => self.register(rhs),
        };
        let tied = self.tied(result, lhs);
        self.emit(Inst::rr(instruction(op), size, tied, second));
    }

    fn shift(&mut self, result: VReg, op: BinaryOp, lhs: Value, count: Value) {
        let size = size_of(self.ty(lhs));
        let mask = i64::from(size.bits()) - 1;
        match self.constant(count) {
            Some(number) => {
                let tied = self.tied(result, lhs);
                self.emit(Inst::ri(instruction(op), size, tied, number & mask));
            }
            None => {
                let count = self.source(count);
                let tied = self.tied(result, lhs);
                self.emit(Inst::rr(instruction(op), size, tied, count));
            }
        }
    }

    /// 1 or 0, as a comparison says.
    pub(super) fn materialise_flags(&mut self, result: VReg, test: FlagTest) {
        let first = self.new_gpr();
        let byte = match test {
            FlagTest::One(cond) => {
                self.emit(Inst::setcc(cond, first));
                first
            }
            FlagTest::Both(a, b) | FlagTest::Either(a, b) => {
                let (second, both) = (self.new_gpr(), self.new_gpr());
                self.emit(Inst::setcc(a, first));
                self.emit(Inst::setcc(b, second));
                let op = if matches!(test, FlagTest::Both(..)) {
                    Op::And
                } else {
                    Op::Or
                };
                let tied = MachReg::Tied {
                    result: both,
                    source: first,
                };
                self.emit(Inst::rr(op, Size::S32, tied, second));
                both
            }
        };
        self.emit(Inst::rr(Op::Movzxb, Size::S32, result, byte));
    }

    /// `then` if the condition holds, else `other`.
    pub(super) fn select_value(&mut self, result: VReg, cond: Value, then: Value, other: Value) {
        let size = size_of(self.ty(then));
        let then_reg = self.register(then);
        let other_reg = self.source(other);
        match self.flags(cond) {
            FlagTest::One(cond) => {
                let tied = MachReg::Tied {
                    result,
                    source: other_reg,
                };
                self.emit(Inst::cmov(cond, size, tied, then_reg));
            }
            FlagTest::Either(a, b) => {
                let middle = self.new_gpr();
                let tied = MachReg::Tied {
                    result: middle,
                    source: other_reg,
                };
                self.emit(Inst::cmov(a, size, tied, then_reg));
                let tied = MachReg::Tied { result, source: middle };
                self.emit(Inst::cmov(b, size, tied, then_reg));
            }
            FlagTest::Both(a, b) => {
                // Not (not a or not b): start from `then` and replace it where one fails.
                let start = match then_reg {
                    MachReg::Virtual(vreg) => vreg,
                    fixed => {
                        let copy = self.new_gpr();
                        self.emit(Inst::rr(Op::Mov, Size::S64, copy, fixed));
                        copy
                    }
                };
                let middle = self.new_gpr();
                let tied = MachReg::Tied {
                    result: middle,
                    source: start,
                };
                self.emit(Inst::cmov(a.negated(), size, tied, other_reg));
                let tied = MachReg::Tied { result, source: middle };
                self.emit(Inst::cmov(b.negated(), size, tied, other_reg));
            }
        }
    }
}
