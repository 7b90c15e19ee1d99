//! Random functions, built from a list of choices so that a failure shrinks.

use super::evaluate::mix;
use dg_backend_x64::encoder::Scale;
use dg_backend_x64::lir::{
    Addr, Base, BinaryOp, BlockCall, BlockId, Builder, CallTarget, FloatBinaryOp, FloatCond, FloatUnaryOp, Function,
    IntCond, MemType, Op, Pinned, Role, Terminator, Type, UnaryOp, Value,
};

/// Bytes of the memory a function may touch; its address is the first argument.
pub const MEMORY: usize = 256;

struct Choices<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl Choices<'_> {
    /// A number below `limit`; 0 when the choices are used up.
    fn below(&mut self, limit: usize) -> usize {
        let byte = self.bytes.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        usize::from(byte) % limit
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

struct Generator<'a> {
    b: Builder,
    choices: Choices<'a>,
    memory: Value,
    /// Values that may be used in the current block.
    values: Vec<Value>,
    /// Values of the entry block, which may be used everywhere.
    shared: Vec<Value>,
}

/// A C function of four integers that the choices describe.
pub fn function(choices: &[u8]) -> Function {
    let mut b = Builder::new("random");
    let memory = b.param(Role::CArg(0), Type::I64);
    let first = b.param(Role::CArg(1), Type::I64);
    let second = b.param(Role::CArg(2), Type::I32);
    let third = b.param(Role::CArg(3), Type::I64);
    b.push(Op::EnterNative, &[]);
    let choices = Choices {
        bytes: choices,
        next: 0,
    };
    let mut generator = Generator {
        b,
        choices,
        memory,
        values: vec![first, second, third],
        shared: Vec::new(),
    };
    generator.run();
    generator.b.finish()
}

impl Generator<'_> {
    fn run(&mut self) {
        let third = self.values[2];
        for pinned in [Pinned::Pc, Pinned::Base, Pinned::Tag(0)] {
            self.b.set_pinned(pinned, third);
        }
        let memory = self.memory;
        self.b.set_pinned(Pinned::Vm, memory);
        self.body();
        self.shared = self.values.clone();

        let blocks: Vec<(BlockId, Vec<Type>)> = (0..1 + self.choices.below(5)).map(|_| self.new_block()).collect();
        let exit = self.new_block();
        let fuel = self.b.const32(20);
        self.end(fuel, 0, &blocks, &exit);
        for index in 0..blocks.len() {
            self.b.switch_to(blocks[index].0);
            self.enter(blocks[index].0);
            self.body();
            let fuel = self.b.function().block(blocks[index].0).params[0];
            let fuel = self.b.binary_imm(BinaryOp::Sub, fuel, 1);
            self.end(fuel, index + 1, &blocks, &exit);
        }
        self.b.switch_to(exit.0);
        self.enter(exit.0);
        let mut result = self.b.const64(0x1234_5678_9abc);
        for value in self.values.clone() {
            let bits = self.bits(value);
            let factor = self.b.const64(0x9e37_79b9_7f4a_7c15);
            let product = self.b.binary(BinaryOp::Mul, result, factor);
            result = self.b.binary(BinaryOp::Xor, product, bits);
        }
        self.b.terminate(Terminator::ReturnNative(Some(result)));
    }

    /// A block with a fuel parameter and some others.
    fn new_block(&mut self) -> (BlockId, Vec<Type>) {
        let is_cold = self.choices.below(3) == 0;
        let block = self.b.new_block(is_cold);
        self.b.block_param(block, Type::I32);
        let types: Vec<Type> = (0..self.choices.below(4)).map(|_| self.ty()).collect();
        for ty in &types {
            self.b.block_param(block, *ty);
        }
        (block, types)
    }

    fn enter(&mut self, block: BlockId) {
        self.values = self.shared.clone();
        self.values.extend(&self.b.function().block(block).params[1..]);
    }

    fn ty(&mut self) -> Type {
        self.choices.pick(&[Type::I64, Type::I32, Type::F64])
    }

    /// Ends a block: goes anywhere ahead, or back while there is fuel.
    fn end(&mut self, fuel: Value, ahead: usize, blocks: &[(BlockId, Vec<Type>)], exit: &(BlockId, Vec<Type>)) {
        let target = |generator: &mut Self, all: bool| {
            let first = if all { 0 } else { ahead };
            let count = blocks.len() + 1 - first;
            let index = first + generator.choices.below(count);
            let (block, types) = blocks.get(index).unwrap_or(exit);
            let mut args = vec![fuel];
            args.extend(types.iter().map(|ty| generator.value(*ty)));
            BlockCall { block: *block, args }
        };
        match self.choices.below(5) {
            0 => {
                let call = target(self, false);
                self.b.terminate(Terminator::Jump(call));
            }
            3 => {
                let counter = self.address();
                let (empty, other) = (target(self, false), target(self, false));
                self.b.count_down(counter, empty, other);
            }
            1 => {
                let cond = self.condition();
                let (then, other) = (target(self, false), target(self, false));
                self.b.branch(cond, then, other);
            }
            2 => {
                let value = self.value(Type::I32);
                let value = self.b.binary_imm(BinaryOp::And, value, 3);
                let cases = (0..self.choices.below(4))
                    .map(|case| (case as u32, target(self, false)))
                    .collect();
                let default = target(self, false);
                self.b.terminate(Terminator::Switch { value, cases, default });
            }
            _ => {
                let other = target(self, true);
                let mut args = vec![fuel];
                args.extend(exit.1.iter().map(|ty| self.value(*ty)));
                let done = self.b.int_compare_imm(IntCond::Le, fuel, 0);
                self.b.branch(done, BlockCall { block: exit.0, args }, other);
            }
        }
    }

    fn body(&mut self) {
        for _ in 0..self.choices.below(12) {
            self.statement();
        }
    }

    fn statement(&mut self) {
        let value = match self.choices.below(14) {
            0 | 1 => {
                let ty = self.choices.pick(&[Type::I64, Type::I32]);
                let (lhs, rhs) = (self.value(ty), self.value(ty));
                let op = self.choices.pick(BinaryOp::ALL);
                self.b.binary(op, lhs, rhs)
            }
            2 => {
                let (lhs, rhs) = (self.value(Type::F64), self.value(Type::F64));
                let op = self.choices.pick(FloatBinaryOp::ALL);
                self.b.float_binary(op, lhs, rhs)
            }
            3 => self.float_unary(),
            4 | 5 => self.convert(),
            6 => self.condition(),
            7 => {
                let cond = self.condition();
                let ty = self.choices.pick(&[Type::I64, Type::I32]);
                let (then, other) = (self.value(ty), self.value(ty));
                self.b.select(cond, then, other)
            }
            8 | 9 => {
                let mem = self.memory_type();
                let addr = self.address();
                let loaded = match self.choices.below(4) {
                    0 => self.b.load(mem, addr),
                    _ => self.b.load(mem, addr),
                };
                self.without_nan(loaded)
            }
            10 | 11 => return self.store(),
            12 => {
                let args = vec![self.value(Type::I64), self.value(Type::I64), self.value(Type::F64)];
                let address = self.b.const64(mix as *const () as u64);
                self.b.call(CallTarget::Value(address), args, &[Type::I64])[0]
            }
            _ => match self.choices.below(3) {
                0 => {
                    let value = self.value(Type::I64);
                    let pinned = self.choices.pick(&[Pinned::Pc, Pinned::Base, Pinned::Tag(0)]);
                    return self.b.set_pinned(pinned, value);
                }
                1 => {
                    let pinned = self.choices.pick(&[Pinned::Pc, Pinned::Base, Pinned::Tag(0)]);
                    self.b.get_pinned(pinned)
                }
                _ => {
                    let (base, index) = (self.value(Type::I64), self.value(Type::I64));
                    let disp = self.number() as i32;
                    let addr = Addr::value(base, disp).indexed(index, self.choices.pick(&Scale::ALL));
                    self.b.address_of(addr)
                }
            },
        };
        self.values.push(value);
    }

    fn store(&mut self) {
        let mem = self.memory_type();
        let addr = self.address();
        if matches!(mem, MemType::I32 | MemType::I64) && self.choices.below(2) == 0 {
            // An update in place.
            let old = self.b.load(mem, addr.clone());
            let operand = self.value(mem.value_type());
            let op = self
                .choices
                .pick(&[BinaryOp::Add, BinaryOp::Sub, BinaryOp::And, BinaryOp::Xor]);
            let new = self.b.binary(op, old, operand);
            return self.b.store(mem, addr, new);
        }
        let value = self.value(mem.value_type());
        self.b.store(mem, addr, value);
    }

    fn memory_type(&mut self) -> MemType {
        use MemType::*;
        self.choices.pick(&[I64, I32, F64, U8, U16, I8, I16, I32AsI64])
    }

    /// Somewhere in the memory.
    fn address(&mut self) -> Addr {
        let disp = 8 * self.choices.below(8) as i32;
        let base = match self.choices.below(3) {
            0 => Base::Pinned(Pinned::Vm),
            1 => {
                let offset = self.b.const64(32);
                Base::Value(self.b.binary(BinaryOp::Add, self.memory, offset))
            }
            _ => Base::Value(self.memory),
        };
        let addr = Addr {
            base,
            index: None,
            disp: disp.into(),
        };
        if self.choices.below(2) == 0 {
            return addr;
        }
        let index = self.value(Type::I32);
        let index = self.b.binary_imm(BinaryOp::And, index, 7);
        match self.choices.below(2) {
            0 => addr.indexed(index, Scale::X8),
            _ => {
                let wide = self.b.unary(UnaryOp::Zext, index);
                let doubled = self.b.binary_imm(BinaryOp::Shl, wide, 1);
                addr.indexed(doubled, Scale::X4)
            }
        }
    }

    fn float_unary(&mut self) -> Value {
        let op = self.choices.pick(FloatUnaryOp::ALL);
        let mut operand = self.value(Type::F64);
        if matches!(op, FloatUnaryOp::Abs | FloatUnaryOp::Neg) {
            operand = self.without_nan(operand);
        }
        self.b.float_unary(op, operand)
    }

    fn convert(&mut self) -> Value {
        let op = self.choices.pick(UnaryOp::ALL);
        let operand = self.value(op.types().0);
        let result = self.b.unary(op, operand);
        self.without_nan(result)
    }

    /// Which of two NaNs an operation yields depends on the order of its operands, which the back end may change. So
    /// there is only ever one NaN, that of invalid operations: what might be another is replaced.
    fn without_nan(&mut self, value: Value) -> Value {
        match self.b.value_type(value) {
            Type::F64 => {
                let other = self.b.const_f64(-1.5);
                self.b.float_binary(FloatBinaryOp::Max, value, other)
            }
            _ => value,
        }
    }

    fn condition(&mut self) -> Value {
        match self.choices.below(3) {
            0 => {
                let (lhs, rhs) = (self.value(Type::F64), self.value(Type::F64));
                let cond = self.choices.pick(FloatCond::ALL);
                self.b.float_compare(cond, lhs, rhs)
            }
            1 => {
                let ty = self.choices.pick(&[Type::I64, Type::I32]);
                let (lhs, rhs) = (self.value(ty), self.value(ty));
                let masked = self.b.binary(BinaryOp::And, lhs, rhs);
                let cond = self.choices.pick(IntCond::ALL);
                self.b.int_compare_imm(cond, masked, 0)
            }
            _ => {
                let ty = self.choices.pick(&[Type::I64, Type::I32]);
                let (lhs, rhs) = (self.value(ty), self.value(ty));
                let cond = self.choices.pick(IntCond::ALL);
                if let Some(arithmetic) = cond.arithmetic() {
                    let result = self.b.binary(arithmetic, lhs, rhs);
                    self.values.push(result);
                }
                self.b.int_compare(cond, lhs, rhs)
            }
        }
    }

    fn number(&mut self) -> u64 {
        let numbers = [
            0,
            1,
            2,
            3,
            8,
            32,
            0xff,
            0x7fff_ffff,
            0xffff_ffff,
            u64::MAX,
            u64::MAX - 1,
            1 << 63,
            0x1_0000_0000,
        ];
        self.choices.pick(&numbers)
    }

    /// An existing value of the type, or a constant.
    fn value(&mut self, ty: Type) -> Value {
        let existing: Vec<Value> = self
            .values
            .iter()
            .copied()
            .filter(|value| self.b.value_type(*value) == ty)
            .collect();
        if !existing.is_empty() && self.choices.below(4) != 0 {
            return self.choices.pick(&existing);
        }
        match ty {
            Type::I32 => {
                let number = self.number() as u32;
                self.b.const32(number)
            }
            Type::I64 => {
                let number = self.number();
                self.b.const64(number)
            }
            Type::F64 => {
                let number = self
                    .choices
                    .pick(&[0.0, 1.0, -2.5, 1e300, f64::INFINITY, 0.5, -0.0, 4294967296.0]);
                self.b.const_f64(number)
            }
        }
    }

    fn bits(&mut self, value: Value) -> Value {
        match self.b.value_type(value) {
            Type::I32 => self.b.unary(UnaryOp::Zext, value),
            Type::I64 => value,
            Type::F64 => self.b.unary(UnaryOp::F64Bits, value),
        }
    }
}
