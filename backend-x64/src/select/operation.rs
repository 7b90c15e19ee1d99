//! Instructions with results or effects: dispatch, memory, calls.

use super::Selector;
use super::compare::full;
use crate::encoder::{Gpr, Imm, Inst, Mem, Op, Reg, Size, Xmm};
use crate::lir::{self, Addr, BinaryOp, CallTarget, MemType, Type, UnaryOp, Value};
use crate::machine::{Bindings, MachOp, MachReg, VReg, c_float_args, c_int_args, pinned_register};

impl Selector<'_> {
    /// Selects the instruction at the current position, whose result is needed or which has an effect.
    pub(super) fn operation(&mut self, inst: &lir::Inst) {
        match &inst.op {
            lir::Op::SetPinned(pinned, value) => self.set_pinned(pinned_register(*pinned), *value),
            lir::Op::Store { mem, addr, value } => self.store(*mem, addr, *value),
            lir::Op::Call { target, args, .. } => self.call(target, args, &inst.results),
            lir::Op::EnterNative => {} // part of the entry
            lir::Op::Breakpoint => self.emit(Inst::op0(Op::Int3)),
            op => {
                let result = inst.results[0];
                let vreg = self.vreg(result);
                self.pure(op, result, vreg);
            }
        }
    }

    fn pure(&mut self, op: &lir::Op, value: Value, result: VReg) {
        match op {
            lir::Op::GetPinned(pinned) => {
                self.read_fixed(result, pinned_register(*pinned));
            }
            lir::Op::Unary(op, operand) => self.convert(result, *op, *operand),
            lir::Op::Binary(op, lhs, rhs) => self.binary(result, *op, *lhs, *rhs),
            lir::Op::FloatUnary(op, operand) => self.float_unary(result, *op, *operand),
            lir::Op::FloatBinary(op, lhs, rhs) => self.float_binary(result, *op, *lhs, *rhs),
            lir::Op::IntCompare(..) | lir::Op::FloatCompare(..) => {
                let test = self.flags(value);
                self.materialise_flags(result, test);
            }
            lir::Op::Select(cond, then, other) => self.select_value(result, *cond, *then, *other),
            lir::Op::AddressOf(addr) => {
                let mem = self.address(addr);
                self.emit(Inst::rm(Op::Lea, Size::S64, result, mem));
            }
            lir::Op::Load { mem, addr, .. } => {
                let address = self.address(addr);
                self.emit(load(*mem, result, address));
            }
            _ => self.make_constant(result, value),
        }
    }

    /// Puts a double into a register that is never allocated, from where it is.
    fn set_vector(&mut self, fixed: MachReg, value: Value) {
        if let Some(mem) = self.absorb(value, &[MemType::F64]) {
            return self.emit(Inst::rm(Op::Movsd, Size::S64, fixed, mem));
        }
        let inst = match self.operation_of(value) {
            Some(lir::Op::Unary(UnaryOp::F64FromBits, bits)) if self.is_single_use(value) => {
                let bits = self.register(*bits);
                Inst::rr(Op::MovToXmm, Size::S64, fixed, bits)
            }
            _ => {
                let value = self.register(value);
                Inst::rr(Op::Movaps, Size::S128, fixed, value)
            }
        };
        self.emit(inst);
    }

    fn set_pinned(&mut self, reg: Reg, value: Value) {
        let fixed = MachReg::Fixed(reg);
        if matches!(reg, Reg::Xmm(_)) {
            return self.set_vector(fixed, value);
        }
        if let Some(lir::Op::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), lhs, rhs)) = self.operation_of(value)
            && self.pinned(*lhs) == Some(reg)
            && let Some(imm) = self.immediate(*rhs)
        {
            let op = if *op == BinaryOp::Add { Op::Add } else { Op::Sub };
            self.emit(Inst::ri(op, Size::S64, fixed, imm));
            return;
        }
        if let Some(lir::Op::Binary(op @ (BinaryOp::Add | BinaryOp::Sub), lhs, rhs)) = self.operation_of(value)
            && self.is_single_use(value)
            && self.pinned(*lhs) == Some(reg)
        {
            let op = if *op == BinaryOp::Add { Op::Add } else { Op::Sub };
            let reg = self.register(*rhs);
            self.emit(Inst::rr(op, Size::S64, fixed, reg));
            return;
        }
        if let Some(mem) = self.absorb(value, &[MemType::I64]) {
            self.emit(Inst::rm(Op::Mov, Size::S64, fixed, mem));
            return;
        }
        match self.operation_of(value) {
            Some(lir::Op::ConstHole(Type::I64, hole)) => self.emit(Inst::ri(Op::Mov, Size::S64, fixed, *hole)),
            Some(lir::Op::Binary(BinaryOp::Add, lhs, rhs)) if self.is_single_use(value) => {
                // The sum can be formed in place even if it reads the register it replaces.
                let addr = Addr {
                    base: lir::Base::Value(*lhs),
                    index: Some((*rhs, crate::encoder::Scale::X1)),
                    disp: 0.into(),
                };
                let mem = self.address(&addr);
                self.emit(Inst::rm(Op::Lea, Size::S64, fixed, mem));
            }
            Some(lir::Op::AddressOf(addr)) if self.is_single_use(value) && self.reads_only_here(addr, value) => {
                let mem = self.address(addr);
                self.emit(Inst::rm(Op::Lea, Size::S64, fixed, mem));
            }
            _ => match self.immediate(value) {
                Some(imm) => self.emit(Inst::ri(Op::Mov, Size::S64, fixed, imm)),
                None => {
                    let reg = self.register(value);
                    self.emit(Inst::rr(Op::Mov, Size::S64, fixed, reg));
                }
            },
        }
    }

    /// Does the address, computed by `value`, still mean the same here?
    fn reads_only_here(&self, addr: &Addr, value: Value) -> bool {
        match addr.base {
            lir::Base::Pinned(pinned) => self.is_unchanged(pinned, self.definitions[value.index()]),
            _ => true,
        }
    }

    fn store(&mut self, mem: MemType, addr: &Addr, value: Value) {
        let size = match mem {
            MemType::U8 | MemType::I8 => Size::S8,
            MemType::U16 | MemType::I16 => Size::S16,
            MemType::I32 | MemType::I32AsI64 => Size::S32,
            MemType::I64 | MemType::F64 => Size::S64,
        };
        if mem == MemType::F64 {
            return self.store_float(addr, value);
        }
        if let Some(imm) = self.immediate(value) {
            let address = self.address(addr);
            let imm = match imm {
                Imm::Value(number) => Imm::Value(cut(number, size)),
                hole => hole,
            };
            self.emit(Inst::mi(Op::Mov, size, address, imm));
            return;
        }
        if let Some(lir::Op::Unary(UnaryOp::F64Bits, float)) = self.operation_of(value)
            && mem == MemType::I64
        {
            return self.store_float(addr, *float);
        }
        if self.update(size, mem, addr, value) {
            return;
        }
        let reg = if size == Size::S64 {
            self.register(value)
        } else {
            self.low_register(value)
        };
        let address = self.address(addr);
        self.emit(Inst::mr(Op::Mov, size, address, reg));
    }

    fn store_float(&mut self, addr: &Addr, value: Value) {
        if let Some(lir::Op::ConstF64(bits)) = self.operation_of(value) {
            let address = self.address(addr);
            match i32::try_from(*bits as i64) {
                Ok(number) => self.emit(Inst::mi(Op::Mov, Size::S64, address, number)),
                Err(_) => {
                    let reg = self.new_gpr();
                    self.emit(Inst::ri(Op::Mov, Size::S64, reg, *bits as i64));
                    self.emit(Inst::mr(Op::Mov, Size::S64, address, reg));
                }
            }
            return;
        }
        if let Some(lir::Op::Unary(UnaryOp::F64FromBits, bits)) = self.operation_of(value) {
            let reg = self.register(*bits);
            let address = self.address(addr);
            self.emit(Inst::mr(Op::Mov, Size::S64, address, reg));
            return;
        }
        let source = self.register(value);
        let address = self.address(addr);
        self.emit(Inst::mr(Op::Movsd, Size::S64, address, source));
    }

    /// A store of what a load from the same place and an operation yield: one instruction on memory.
    fn update(&mut self, size: Size, mem: MemType, addr: &Addr, value: Value) -> bool {
        let Some(lir::Op::Binary(op, lhs, rhs)) = self.operation_of(value) else {
            return false;
        };
        let op = match op {
            BinaryOp::Add => Op::Add,
            BinaryOp::Sub => Op::Sub,
            BinaryOp::And => Op::And,
            BinaryOp::Or => Op::Or,
            BinaryOp::Xor => Op::Xor,
            _ => return false,
        };
        let is_same_place =
            matches!(self.operation_of(*lhs), Some(lir::Op::Load { addr: source, .. }) if source == addr);
        let same_form = full(self.ty(value)) == mem;
        if !is_same_place
            || !same_form
            || lhs == rhs
            || !self.is_single_use(value)
            || self.absorb(*lhs, &[mem]).is_none()
        {
            return false;
        }
        match self.immediate(*rhs) {
            Some(imm) => {
                let address = self.address(addr);
                self.emit(Inst::mi(op, size, address, imm));
            }
            None => {
                let reg = self.register(*rhs);
                let address = self.address(addr);
                self.emit(Inst::mr(op, size, address, reg));
            }
        }
        true
    }

    fn call(&mut self, target: &CallTarget, args: &[Value], results: &[Value]) {
        let args = self.c_args(args);
        let inst = match target {
            CallTarget::Symbol(symbol) => Inst::call(symbol.clone()),
            CallTarget::Memory(addr) => Inst::m(Op::Call, Size::S64, self.address(addr)),
            CallTarget::Value(value) => {
                let reg = self.register(*value);
                Inst::r(Op::Call, Size::S64, reg)
            }
        };
        let mut bindings = Bindings::new();
        let mut narrow = Vec::new();
        let mut general = [Gpr::Rax, Gpr::Rdx].into_iter();
        for result in results {
            let reg = match self.ty(*result) {
                Type::F64 => Reg::from(Xmm::Xmm0),
                Type::I32 | Type::I64 => general.next().expect("at most two integer results").into(),
            };
            let Some(vreg) = self.vregs[result.index()] else {
                continue;
            };
            if self.ty(*result) == Type::I32 {
                let wide = self.new_gpr();
                bindings.push((wide, reg));
                narrow.push((vreg, wide));
            } else {
                bindings.push((vreg, reg));
            }
        }
        self.emit_op(MachOp::Call {
            inst,
            args,
            results: bindings,
        });
        if let Some(last) = self.sequence.last_mut() {
            last.comment = self.comment.take();
        }
        for (vreg, wide) in narrow {
            self.emit(Inst::rr(Op::Mov, Size::S32, vreg, wide));
        }
    }

    fn c_args(&mut self, args: &[Value]) -> Bindings {
        let mut general = c_int_args().into_iter();
        let mut floats = c_float_args().into_iter();
        let places: Vec<(Value, Reg)> = args
            .iter()
            .map(|arg| match self.ty(*arg) {
                Type::F64 => (*arg, floats.next().expect("at most eight doubles").into()),
                Type::I32 | Type::I64 => (*arg, general.next().expect("at most six integers").into()),
            })
            .collect();
        self.bind(places)
    }
}

/// The instruction that loads a value.
fn load(mem: MemType, result: VReg, address: Mem<MachReg>) -> Inst<MachReg> {
    let (op, size) = match mem {
        MemType::U8 => (Op::Movzxb, Size::S32),
        MemType::I8 => (Op::Movsxb, Size::S32),
        MemType::U16 => (Op::Movzxw, Size::S32),
        MemType::I16 => (Op::Movsxw, Size::S32),
        MemType::I32 => (Op::Mov, Size::S32),
        MemType::I32AsI64 => (Op::Movsxd, Size::S64),
        MemType::I64 => (Op::Mov, Size::S64),
        MemType::F64 => (Op::Movsd, Size::S64),
    };
    Inst::rm(op, size, result, address)
}

/// The number as an immediate of the size holds it.
fn cut(number: i64, size: Size) -> i64 {
    match size {
        Size::S8 => i64::from(number as i8),
        Size::S16 => i64::from(number as i16),
        Size::S32 => i64::from(number as i32),
        Size::S64 | Size::S128 => number,
    }
}
