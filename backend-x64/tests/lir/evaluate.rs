//! What a low-level IR function means, without any machine code: the reference for the back end.

use dg_backend_x64::encoder::Disp;
use dg_backend_x64::lir::{
    Addr, Base, BinaryOp, BlockCall, BlockId, FloatBinaryOp, FloatCond, FloatUnaryOp, Function, IntCond, MemType, Op,
    Pinned, Terminator, Type, UnaryOp, Value,
};
use std::collections::HashMap;

/// The C function that random programs call.
pub extern "C" fn mix(a: u64, b: u64, c: f64) -> u64 {
    a.rotate_left(7) ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ c.to_bits().rotate_left(31)
}

/// Runs a C function of the low-level IR. Values are bits; memory is the process's own.
///
/// # Safety
///
/// The function may only touch memory that may be touched, and call [`mix`] alone.
pub unsafe fn run(function: &Function, args: &[u64]) -> u64 {
    let mut machine = Machine {
        function,
        values: vec![0; function.types.len()],
        pinned: HashMap::new(),
    };
    for (param, arg) in function.blocks[0].params.iter().zip(args) {
        machine.set(*param, *arg);
    }
    let mut block = BlockId::ENTRY;
    loop {
        for inst in &function.block(block).insts {
            // SAFETY: the caller's promise.
            if let Some(result) = unsafe { machine.op(&inst.op) } {
                machine.set(inst.results[0], result);
            }
        }
        let terminator = function.block(block).terminator.as_ref().expect("blocks end");
        block = match terminator {
            Terminator::Jump(call) => machine.enter(call),
            Terminator::Branch { cond, then, other } => {
                machine.enter(if machine.get(*cond) != 0 { then } else { other })
            }
            Terminator::CountDown { counter, empty, other } => {
                let address = machine.address(counter);
                // SAFETY: the caller's promise.
                let left = unsafe { read(MemType::I32, address) } as u32;
                // SAFETY: as above.
                unsafe { write(MemType::I32, address, u64::from(left.wrapping_sub(1))) };
                machine.enter(if left == 0 { empty } else { other })
            }
            Terminator::Switch { value, cases, default } => {
                let number = machine.get(*value);
                let case = cases.iter().find(|(case, _)| u64::from(*case) == number);
                machine.enter(case.map_or(default, |(_, call)| call))
            }
            Terminator::ReturnNative(value) => return value.map_or(0, |value| machine.get(value)),
            Terminator::TailJump { .. } | Terminator::Trap => panic!("{terminator} in a random program"),
        };
    }
}

struct Machine<'a> {
    function: &'a Function,
    values: Vec<u64>,
    pinned: HashMap<Pinned, u64>,
}

impl Machine<'_> {
    fn get(&self, value: Value) -> u64 {
        self.values[value.index()]
    }

    fn float(&self, value: Value) -> f64 {
        f64::from_bits(self.get(value))
    }

    fn set(&mut self, value: Value, bits: u64) {
        let is_narrow = self.function.value_type(value) == Type::I32;
        self.values[value.index()] = if is_narrow { bits & 0xffff_ffff } else { bits };
    }

    fn enter(&mut self, call: &BlockCall) -> BlockId {
        let args: Vec<u64> = call.args.iter().map(|arg| self.get(*arg)).collect();
        for (param, arg) in self.function.block(call.block).params.iter().zip(args) {
            self.set(*param, arg);
        }
        call.block
    }

    fn address(&self, addr: &Addr) -> u64 {
        let base = match &addr.base {
            Base::None => 0,
            Base::Value(value) => self.get(*value),
            Base::Pinned(pinned) => self.pinned[pinned],
            Base::Symbol(symbol) => panic!("{symbol} in a random program"),
        };
        let Disp::Value(disp) = addr.disp else {
            panic!("a hole in a random program")
        };
        let index = addr
            .index
            .map_or(0, |(index, scale)| self.get(index).wrapping_mul(scale.factor().into()));
        base.wrapping_add(index).wrapping_add(disp as i64 as u64)
    }

    unsafe fn op(&mut self, op: &Op) -> Option<u64> {
        Some(match op {
            Op::Const32(number) => u64::from(*number),
            Op::Const64(number) | Op::ConstF64(number) => *number,
            Op::GetPinned(pinned) => self.pinned[pinned],
            Op::SetPinned(pinned, value) => {
                self.pinned.insert(*pinned, self.get(*value));
                return None;
            }
            Op::Unary(op, value) => self.unary(*op, *value),
            Op::Binary(op, lhs, rhs) => match self.function.value_type(*lhs) {
                Type::I32 => binary32(*op, self.get(*lhs) as u32, self.get(*rhs) as u32).into(),
                _ => binary64(*op, self.get(*lhs), self.get(*rhs)),
            },
            Op::FloatUnary(op, value) => {
                let x = self.float(*value);
                let result = match op {
                    FloatUnaryOp::Sqrt => x.sqrt(),
                    FloatUnaryOp::Floor => x.floor(),
                    FloatUnaryOp::Ceil => x.ceil(),
                    FloatUnaryOp::Abs => x.abs(),
                    FloatUnaryOp::Neg => -x,
                };
                result.to_bits()
            }
            Op::FloatBinary(op, lhs, rhs) => {
                let (a, b) = (self.float(*lhs), self.float(*rhs));
                let result = match op {
                    FloatBinaryOp::Add => a + b,
                    FloatBinaryOp::Sub => a - b,
                    FloatBinaryOp::Mul => a * b,
                    FloatBinaryOp::Div => a / b,
                    FloatBinaryOp::Min => {
                        if a < b {
                            a
                        } else {
                            b
                        }
                    }
                    FloatBinaryOp::Max => {
                        if a > b {
                            a
                        } else {
                            b
                        }
                    }
                };
                result.to_bits()
            }
            Op::IntCompare(cond, lhs, rhs) => {
                let (a, b) = (self.get(*lhs), self.get(*rhs));
                let signed = match self.function.value_type(*lhs) {
                    Type::I32 => (i64::from(a as i32), i64::from(b as i32)),
                    _ => (a as i64, b as i64),
                };
                u64::from(compare(*cond, self.function.value_type(*lhs), (a, b), signed))
            }
            Op::FloatCompare(cond, lhs, rhs) => u64::from(compare_floats(*cond, self.float(*lhs), self.float(*rhs))),
            Op::Select(cond, then, other) => self.get(if self.get(*cond) != 0 { *then } else { *other }),
            Op::AddressOf(addr) => self.address(addr),
            // SAFETY: the caller's promise.
            Op::Load { mem, addr, .. } => unsafe { read(*mem, self.address(addr)) },
            Op::Store { mem, addr, value } => {
                // SAFETY: the caller's promise.
                unsafe { write(*mem, self.address(addr), self.get(*value)) };
                return None;
            }
            Op::Call { args, .. } => mix(self.get(args[0]), self.get(args[1]), self.float(args[2])),
            Op::EnterNative => return None,
            Op::ConstHole(..) | Op::Breakpoint => panic!("{op} in a random program"),
        })
    }

    fn unary(&self, op: UnaryOp, value: Value) -> u64 {
        let (bits, float) = (self.get(value), self.float(value));
        match op {
            UnaryOp::Zext | UnaryOp::Wrap | UnaryOp::F64Bits | UnaryOp::F64FromBits => bits,
            UnaryOp::Sext => bits as i32 as i64 as u64,
            UnaryOp::I32ToF64 => f64::from(bits as i32).to_bits(),
            UnaryOp::I64ToF64 => (bits as i64 as f64).to_bits(),
            UnaryOp::F64ToI32 if float > -2147483649.0 && float < 2147483648.0 => float as i32 as u32 as u64,
            UnaryOp::F64ToI32 => i32::MIN as u32 as u64,
            UnaryOp::F64ToI64 if (-9223372036854775808.0..9223372036854775808.0).contains(&float) => {
                float as i64 as u64
            }
            UnaryOp::F64ToI64 => i64::MIN as u64,
        }
    }
}

fn binary32(op: BinaryOp, a: u32, b: u32) -> u32 {
    match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => a.wrapping_shl(b),
        BinaryOp::Shr => a.wrapping_shr(b),
        BinaryOp::Sar => (a as i32).wrapping_shr(b) as u32,
    }
}

fn binary64(op: BinaryOp, a: u64, b: u64) -> u64 {
    match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::And => a & b,
        BinaryOp::Or => a | b,
        BinaryOp::Xor => a ^ b,
        BinaryOp::Shl => a.wrapping_shl(b as u32),
        BinaryOp::Shr => a.wrapping_shr(b as u32),
        BinaryOp::Sar => (a as i64).wrapping_shr(b as u32) as u64,
    }
}

fn compare(cond: IntCond, ty: Type, unsigned: (u64, u64), signed: (i64, i64)) -> bool {
    let fits = |exact: i128| match ty {
        Type::I32 => i32::try_from(exact).is_ok(),
        Type::I64 | Type::F64 => i64::try_from(exact).is_ok(),
    };
    match cond {
        IntCond::Eq => unsigned.0 == unsigned.1,
        IntCond::Ne => unsigned.0 != unsigned.1,
        IntCond::Lt => signed.0 < signed.1,
        IntCond::Le => signed.0 <= signed.1,
        IntCond::Gt => signed.0 > signed.1,
        IntCond::Ge => signed.0 >= signed.1,
        IntCond::Ult => unsigned.0 < unsigned.1,
        IntCond::Ule => unsigned.0 <= unsigned.1,
        IntCond::Ugt => unsigned.0 > unsigned.1,
        IntCond::Uge => unsigned.0 >= unsigned.1,
        IntCond::SumOverflows => !fits(i128::from(signed.0) + i128::from(signed.1)),
        IntCond::SumFits => fits(i128::from(signed.0) + i128::from(signed.1)),
        IntCond::DifferenceOverflows => !fits(i128::from(signed.0) - i128::from(signed.1)),
        IntCond::DifferenceFits => fits(i128::from(signed.0) - i128::from(signed.1)),
        IntCond::ProductOverflows => !fits(i128::from(signed.0) * i128::from(signed.1)),
        IntCond::ProductFits => fits(i128::from(signed.0) * i128::from(signed.1)),
    }
}

#[allow(clippy::neg_cmp_op_on_partial_ord)] // that is what the conditions mean
fn compare_floats(cond: FloatCond, a: f64, b: f64) -> bool {
    match cond {
        FloatCond::Eq => a == b,
        FloatCond::Ne => a != b,
        FloatCond::Lt => a < b,
        FloatCond::Le => a <= b,
        FloatCond::Gt => a > b,
        FloatCond::Ge => a >= b,
        FloatCond::NotLt => !(a < b),
        FloatCond::NotLe => !(a <= b),
        FloatCond::NotGt => !(a > b),
        FloatCond::NotGe => !(a >= b),
        FloatCond::Ordered => !(a.is_nan() || b.is_nan()),
        FloatCond::Unordered => a.is_nan() || b.is_nan(),
    }
}

unsafe fn read(mem: MemType, address: u64) -> u64 {
    // SAFETY: the caller's promise; no alignment is assumed.
    unsafe {
        match mem {
            MemType::U8 => (address as *const u8).read_unaligned().into(),
            MemType::I8 => (address as *const i8).read_unaligned() as i32 as u32 as u64,
            MemType::U16 => (address as *const u16).read_unaligned().into(),
            MemType::I16 => (address as *const i16).read_unaligned() as i32 as u32 as u64,
            MemType::I32 => (address as *const u32).read_unaligned().into(),
            MemType::I32AsI64 => (address as *const i32).read_unaligned() as i64 as u64,
            MemType::I64 | MemType::F64 => (address as *const u64).read_unaligned(),
        }
    }
}

unsafe fn write(mem: MemType, address: u64, bits: u64) {
    // SAFETY: the caller's promise; no alignment is assumed.
    unsafe {
        match mem.bytes() {
            1 => (address as *mut u8).write_unaligned(bits as u8),
            2 => (address as *mut u16).write_unaligned(bits as u16),
            4 => (address as *mut u32).write_unaligned(bits as u32),
            _ => (address as *mut u64).write_unaligned(bits),
        }
    }
}
