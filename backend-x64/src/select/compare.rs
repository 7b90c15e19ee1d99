//! Comparisons and the flags they leave.

use super::{Selector, size_of};
use crate::encoder::{Cond, Imm, Inst, Op, Size};
use crate::lir::{self, BinaryOp, FloatCond, IntCond, MemType, Type, Value};
use crate::machine::FlagTest;

/// The flags condition of an integer comparison.
fn int_cond(cond: IntCond) -> Cond {
    match cond {
        IntCond::Eq => Cond::E,
        IntCond::Ne => Cond::Ne,
        IntCond::Lt => Cond::L,
        IntCond::Le => Cond::Le,
        IntCond::Gt => Cond::G,
        IntCond::Ge => Cond::Ge,
        IntCond::Ult => Cond::B,
        IntCond::Ule => Cond::Be,
        IntCond::Ugt => Cond::A,
        IntCond::Uge => Cond::Ae,
        IntCond::SumOverflows | IntCond::DifferenceOverflows | IntCond::ProductOverflows => Cond::O,
        IntCond::SumFits | IntCond::DifferenceFits | IntCond::ProductFits => Cond::No,
    }
}

impl Selector<'_> {
    /// Sets the flags so that the result is true exactly if `cond` is not zero.
    pub(super) fn flags(&mut self, cond: Value) -> FlagTest {
        match self.operation_of(cond) {
            Some(lir::Op::IntCompare(op, lhs, rhs)) => {
                if let Some(arithmetic) = op.arithmetic() {
                    let result = match self.overflow_results[cond.index()] {
                        Some(result) => self.vreg(result),
                        None => self.new_gpr(),
                    };
                    self.with_flags(result, arithmetic, *lhs, *rhs);
                    return FlagTest::One(int_cond(*op));
                }
                let negation = match (op, self.constant(*rhs)) {
                    (IntCond::Eq, Some(0)) => self.is_comparison(*lhs),
                    _ => false,
                };
                match negation {
                    true => self.flags(*lhs).negated(),
                    false => FlagTest::One(self.int_flags(int_cond(*op), *lhs, *rhs)),
                }
            }
            Some(lir::Op::FloatCompare(op, lhs, rhs)) => self.float_flags(*op, *lhs, *rhs),
            _ => {
                let reg = self.register(cond);
                self.emit(Inst::rr(Op::Test, Size::S32, reg, reg));
                FlagTest::One(Cond::Ne)
            }
        }
    }

    fn is_comparison(&self, value: Value) -> bool {
        matches!(
            self.operation_of(value),
            Some(lir::Op::IntCompare(..) | lir::Op::FloatCompare(..))
        )
    }

    fn int_flags(&mut self, cond: Cond, lhs: Value, rhs: Value) -> Cond {
        if self.immediate(lhs).is_some() && self.immediate(rhs).is_none() {
            return self.int_flags(cond.swapped(), rhs, lhs);
        }
        let Some(imm) = self.immediate(rhs) else {
            return self.compare_registers(cond, lhs, rhs);
        };
        // Nothing is below zero when unsigned.
        let cond = match (cond, &imm) {
            (Cond::Be, Imm::Value(0)) => Cond::E,
            (Cond::A, Imm::Value(0)) => Cond::Ne,
            _ => cond,
        };
        // Whether a sum is some number says what its first operand is.
        if let (Cond::E | Cond::Ne, Imm::Value(number)) = (cond, &imm)
            && let Some(lir::Op::Binary(BinaryOp::Add, first, second)) = self.operation_of(lhs)
            && self.ty(lhs) == Type::I32
            && self.is_single_use(lhs)
            && let Some(added) = self.constant(*second)
        {
            return self.compare_immediate(cond, *first, Imm::Value(i64::from((number - added) as i32)));
        }
        self.compare_immediate(cond, lhs, imm)
    }

    fn compare_immediate(&mut self, cond: Cond, lhs: Value, imm: Imm) -> Cond {
        let ty = self.ty(lhs);
        let size = size_of(ty);
        if imm == Imm::Value(0) && matches!(cond, Cond::E | Cond::Ne | Cond::L | Cond::Ge) {
            return self.compare_zero(cond, lhs);
        }
        if matches!(cond, Cond::E | Cond::Ne | Cond::B | Cond::Be | Cond::A | Cond::Ae)
            && matches!(imm, Imm::Value(0..=255))
            && let Some(mem) = self.absorb(lhs, &[MemType::U8])
        {
            self.emit(Inst::mi(Op::Cmp, Size::S8, mem, imm));
            return cond;
        }
        match self.absorb(lhs, &[full(ty)]) {
            Some(mem) => self.emit(Inst::mi(Op::Cmp, size, mem, imm)),
            None => {
                let reg = if ty == Type::I32 {
                    self.low_register(lhs)
                } else {
                    self.register(lhs)
                };
                self.emit(Inst::ri(Op::Cmp, size, reg, imm));
            }
        }
        cond
    }

    fn compare_registers(&mut self, cond: Cond, lhs: Value, rhs: Value) -> Cond {
        let ty = self.ty(lhs);
        let size = size_of(ty);
        if lhs != rhs {
            if let Some(mem) = self.absorb(rhs, &[full(ty)]) {
                let reg = self.register(lhs);
                self.emit(Inst::rm(Op::Cmp, size, reg, mem));
                return cond;
            }
            if let Some(mem) = self.absorb(lhs, &[full(ty)]) {
                let reg = self.register(rhs);
                self.emit(Inst::mr(Op::Cmp, size, mem, reg));
                return cond;
            }
        }
        let (lhs, rhs) = match ty {
            Type::I32 => (self.low_register(lhs), self.low_register(rhs)),
            Type::I64 | Type::F64 => (self.register(lhs), self.register(rhs)),
        };
        self.emit(Inst::rr(Op::Cmp, size, lhs, rhs));
        cond
    }

    /// Compares with zero; the flags of `test` are those of a comparison for these conditions.
    fn compare_zero(&mut self, cond: Cond, lhs: Value) -> Cond {
        let cond_of_test = match cond {
            Cond::L => Cond::S,
            Cond::Ge => Cond::Ns,
            cond => cond,
        };
        let ty = self.ty(lhs);
        let size = size_of(ty);
        if let Some(lir::Op::Binary(BinaryOp::And, a, b)) = self.operation_of(lhs)
            && self.is_single_use(lhs)
        {
            match self.immediate(*b) {
                Some(imm) => {
                    let is_byte = matches!(imm, Imm::Value(0..=255)) && matches!(cond, Cond::E | Cond::Ne);
                    let byte = if is_byte { self.absorb(*a, &[MemType::U8]) } else { None };
                    if let Some(mem) = byte {
                        self.emit(Inst::mi(Op::Test, Size::S8, mem, imm));
                    } else if let Some(mem) = self.absorb(*a, &[full(ty)]) {
                        self.emit(Inst::mi(Op::Test, size, mem, imm));
                    } else {
                        let reg = self.register(*a);
                        self.emit(Inst::ri(Op::Test, size, reg, imm));
                    }
                }
                None => {
                    let (a, b) = (self.register(*a), self.register(*b));
                    self.emit(Inst::rr(Op::Test, size, a, b));
                }
            }
            return cond_of_test;
        }
        if matches!(cond, Cond::E | Cond::Ne)
            && let Some(mem) = self.absorb(lhs, &[MemType::U8])
        {
            self.emit(Inst::mi(Op::Cmp, Size::S8, mem, 0));
            return cond;
        }
        if let Some(mem) = self.absorb(lhs, &[full(ty)]) {
            self.emit(Inst::mi(Op::Cmp, size, mem, 0));
            return cond;
        }
        let reg = self.register(lhs);
        self.emit(Inst::rr(Op::Test, size, reg, reg));
        cond_of_test
    }

    /// `ucomisd` sets carry for "less or unordered" and zero for "equal or unordered", so every order is asked for by
    /// a condition that is false for unordered operands, with the operands exchanged where needed.
    fn float_flags(&mut self, op: FloatCond, lhs: Value, rhs: Value) -> FlagTest {
        let test = match op {
            FloatCond::Eq => FlagTest::Both(Cond::Np, Cond::E),
            FloatCond::Ne => FlagTest::Either(Cond::P, Cond::Ne),
            FloatCond::Gt | FloatCond::Lt => FlagTest::One(Cond::A),
            FloatCond::Ge | FloatCond::Le => FlagTest::One(Cond::Ae),
            FloatCond::NotGt | FloatCond::NotLt => FlagTest::One(Cond::Be),
            FloatCond::NotGe | FloatCond::NotLe => FlagTest::One(Cond::B),
            FloatCond::Ordered => FlagTest::One(Cond::Np),
            FloatCond::Unordered => FlagTest::One(Cond::P),
        };
        let (mut lhs, mut rhs) = if is_exchanged(op) { (rhs, lhs) } else { (lhs, rhs) };
        if is_symmetric(op) && self.is_better_exchanged(lhs, rhs) {
            std::mem::swap(&mut lhs, &mut rhs);
        }
        let first = self.register(lhs);
        match if lhs == rhs {
            None
        } else {
            self.absorb(rhs, &[MemType::F64])
        } {
            Some(mem) => self.emit(Inst::rm(Op::Ucomisd, Size::S64, first, mem)),
            None => {
                let second = self.register(rhs);
                self.emit(Inst::rr(Op::Ucomisd, Size::S64, first, second));
            }
        }
        test
    }

    /// Where the order does not matter: memory comes second; and if the same operands are compared elsewhere, the order
    /// is the one used there, so that the flags can be used again.
    fn is_better_exchanged(&self, lhs: Value, rhs: Value) -> bool {
        if self.is_load(lhs) && self.is_single_use(lhs) {
            return !self.is_load(rhs);
        }
        self.function
            .blocks
            .iter()
            .flat_map(|block| &block.insts)
            .any(|inst| match inst.op {
                lir::Op::FloatCompare(op, a, b) if !is_symmetric(op) => {
                    let (a, b) = if is_exchanged(op) { (b, a) } else { (a, b) };
                    (a, b) == (rhs, lhs)
                }
                _ => false,
            })
    }
}

/// Is the answer the same when the operands change places?
fn is_symmetric(op: FloatCond) -> bool {
    matches!(
        op,
        FloatCond::Eq | FloatCond::Ne | FloatCond::Ordered | FloatCond::Unordered
    )
}

/// Is `ucomisd` given the operands in the opposite order?
fn is_exchanged(op: FloatCond) -> bool {
    matches!(op, FloatCond::Lt | FloatCond::Le | FloatCond::NotLt | FloatCond::NotLe)
}

/// The form in memory that has the size of the type.
pub(super) fn full(ty: Type) -> MemType {
    match ty {
        Type::I32 => MemType::I32,
        Type::I64 => MemType::I64,
        Type::F64 => MemType::F64,
    }
}
