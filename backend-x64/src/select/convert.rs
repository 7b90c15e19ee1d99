//! Conversions and arithmetic on doubles.

use super::Selector;
use crate::encoder::{Inst, Op, Size};
use crate::lir::{FloatBinaryOp, FloatUnaryOp, MemType, Type, UnaryOp, Value};
use crate::machine::{MachReg, VReg};

/// Rounding modes of `roundsd`, without the "inexact" exception.
const ROUND_DOWN: i32 = 9;
const ROUND_UP: i32 = 10;

const SIGN: i64 = i64::MIN;

impl Selector<'_> {
    pub(super) fn convert(&mut self, result: VReg, op: UnaryOp, operand: Value) {
        match op {
            // A copy: users read the operand itself, this is for block parameters and the like.
            UnaryOp::Zext => {
                let reg = self.low_register(operand);
                self.emit(Inst::rr(Op::Mov, Size::S32, result, reg));
            }
            UnaryOp::Wrap => match self.absorb(operand, &[MemType::I64]) {
                Some(mem) => self.emit(Inst::rm(Op::Mov, Size::S32, result, mem)),
                None => {
                    let reg = self.register(operand);
                    self.emit(Inst::rr(Op::Mov, Size::S32, result, reg));
                }
            },
            UnaryOp::Sext => match self.absorb(operand, &[MemType::I32]) {
                Some(mem) => self.emit(Inst::rm(Op::Movsxd, Size::S64, result, mem)),
                None => {
                    let reg = self.low_register(operand);
                    self.emit(Inst::rr(Op::Movsxd, Size::S64, result, reg));
                }
            },
            UnaryOp::I32ToF64 | UnaryOp::I64ToF64 => self.int_to_float(result, op, operand),
            UnaryOp::F64ToI32 | UnaryOp::F64ToI64 => {
                let size = if op == UnaryOp::F64ToI32 { Size::S32 } else { Size::S64 };
                match self.absorb(operand, &[MemType::F64]) {
                    Some(mem) => self.emit(Inst::rm(Op::Cvttsd2si, size, result, mem)),
                    None => {
                        let source = self.register(operand);
                        self.emit(Inst::rr(Op::Cvttsd2si, size, result, source));
                    }
                }
            }
            UnaryOp::F64Bits => match self.absorb(operand, &[MemType::F64]) {
                Some(mem) => self.emit(Inst::rm(Op::Mov, Size::S64, result, mem)),
                None => {
                    let source = self.register(operand);
                    self.emit(Inst::rr(Op::MovFromXmm, Size::S64, result, source));
                }
            },
            UnaryOp::F64FromBits => match self.absorb(operand, &[MemType::I64]) {
                Some(mem) => self.emit(Inst::rm(Op::Movsd, Size::S64, result, mem)),
                None => {
                    let reg = self.register(operand);
                    self.emit(Inst::rr(Op::MovToXmm, Size::S64, result, reg));
                }
            },
        }
    }

    /// The conversion keeps the upper half of its result, so a zeroed one spares it waiting for an unrelated value.
    fn int_to_float(&mut self, result: VReg, op: UnaryOp, operand: Value) {
        let (size, form) = match op {
            UnaryOp::I32ToF64 => (Size::S32, MemType::I32),
            _ => (Size::S64, MemType::I64),
        };
        let mem = self.absorb(operand, &[form]);
        let reg = if mem.is_none() {
            Some(self.register(operand))
        } else {
            None
        };
        let zero = self.new_vreg(crate::encoder::RegClass::Xmm);
        self.emit(Inst::r(Op::ZeroXmm, Size::S128, zero));
        let tied = MachReg::Tied { result, source: zero };
        match (mem, reg) {
            (Some(mem), _) => self.emit(Inst::rm(Op::Cvtsi2sd, size, tied, mem)),
            (None, Some(reg)) => self.emit(Inst::rr(Op::Cvtsi2sd, size, tied, reg)),
            (None, None) => unreachable!("an operand is in memory or in a register"),
        }
    }

    pub(super) fn float_binary(&mut self, result: VReg, op: FloatBinaryOp, lhs: Value, rhs: Value) {
        let (instruction, is_commutative) = match op {
            FloatBinaryOp::Add => (Op::Addsd, true),
            FloatBinaryOp::Sub => (Op::Subsd, false),
            FloatBinaryOp::Mul => (Op::Mulsd, true),
            FloatBinaryOp::Div => (Op::Divsd, false),
            FloatBinaryOp::Min => (Op::Minsd, false),
            FloatBinaryOp::Max => (Op::Maxsd, false),
        };
        let overwritable = |value| self.is_single_use(value) && !self.is_load(value);
        let (lhs, rhs) = match is_commutative && !overwritable(lhs) && overwritable(rhs) {
            true => (rhs, lhs),
            false => (lhs, rhs),
        };
        match if lhs == rhs {
            None
        } else {
            self.absorb(rhs, &[MemType::F64])
        } {
            Some(mem) => {
                let tied = self.tied(result, lhs);
                self.emit(Inst::rm(instruction, Size::S64, tied, mem));
            }
            None => {
                let second = self.register(rhs);
                let tied = self.tied(result, lhs);
                self.emit(Inst::rr(instruction, Size::S64, tied, second));
            }
        }
    }

    pub(super) fn float_unary(&mut self, result: VReg, op: FloatUnaryOp, operand: Value) {
        match op {
            FloatUnaryOp::Sqrt => match self.absorb(operand, &[MemType::F64]) {
                Some(mem) => self.emit(Inst::rm(Op::Sqrtsd, Size::S64, result, mem)),
                None => {
                    let source = self.register(operand);
                    self.emit(Inst::rr(Op::Sqrtsd, Size::S64, result, source));
                }
            },
            FloatUnaryOp::Floor => self.round(result, operand, ROUND_DOWN),
            FloatUnaryOp::Ceil => self.round(result, operand, ROUND_UP),
            FloatUnaryOp::Abs => self.with_mask(result, Op::Andpd, !SIGN, operand),
            FloatUnaryOp::Neg => self.with_mask(result, Op::Xorpd, SIGN, operand),
        }
    }

    fn round(&mut self, result: VReg, operand: Value, mode: i32) {
        match self.absorb(operand, &[MemType::F64]) {
            Some(mem) => self.emit(Inst::rmi(Op::Roundsd, Size::S64, result, mem, mode)),
            None => {
                let source = self.source(operand);
                self.emit(Inst::rri(Op::Roundsd, Size::S64, result, source, mode));
            }
        }
    }

    fn with_mask(&mut self, result: VReg, op: Op, mask: i64, operand: Value) {
        let bits = self.new_gpr();
        let mask_reg = self.new_vreg(super::class_of(Type::F64));
        self.emit(Inst::ri(Op::Mov, Size::S64, bits, mask));
        self.emit(Inst::rr(Op::MovToXmm, Size::S64, mask_reg, bits));
        let tied = self.tied(result, operand);
        self.emit(Inst::rr(op, Size::S128, tied, mask_reg));
    }
}
