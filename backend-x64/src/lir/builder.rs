//! Writing functions.

use super::function::{Block, BlockCall, BlockId, Function, Inst, Role, Terminator, Type, Value};
use super::op::{
    Addr, BinaryOp, CallTarget, FloatBinaryOp, FloatCond, FloatUnaryOp, IntCond, JumpTarget, MemType, Op, Pinned,
    UnaryOp,
};
use crate::encoder::{Hole, Symbol};

/// Appends instructions to the current block of a function.
///
/// Operands are not checked here but by [`verify`](super::verify).
#[derive(Debug)]
pub struct Builder {
    function: Function,
    current: BlockId,
    comment: Option<String>,
}

impl Builder {
    /// A function that starts with an empty hot entry block, which is current.
    pub fn new(name: impl Into<String>) -> Builder {
        let function = Function {
            name: name.into(),
            roles: Vec::new(),
            blocks: vec![Block::default()],
            types: Vec::new(),
        };
        Builder {
            function,
            current: BlockId::ENTRY,
            comment: None,
        }
    }

    /// The finished function.
    pub fn finish(self) -> Function {
        self.function
    }

    /// The function as far as it has been written.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// A new value that arrives in the given role.
    pub fn param(&mut self, role: Role, ty: Type) -> Value {
        let value = self.new_value(ty);
        self.function.roles.push(role);
        self.function.blocks[0].params.push(value);
        value
    }

    /// A new block.
    pub fn new_block(&mut self, cold: bool) -> BlockId {
        self.function.blocks.push(Block {
            cold,
            ..Block::default()
        });
        BlockId(self.function.blocks.len() as u32 - 1)
    }

    /// Says whether a block is rarely run.
    pub fn set_cold(&mut self, block: BlockId, cold: bool) {
        self.function.blocks[block.index()].cold = cold;
    }

    /// Adds a parameter to a block.
    pub fn block_param(&mut self, block: BlockId, ty: Type) -> Value {
        let value = self.new_value(ty);
        self.function.blocks[block.index()].params.push(value);
        value
    }

    /// Makes a block current.
    pub fn switch_to(&mut self, block: BlockId) {
        self.current = block;
    }

    /// The current block.
    pub fn current(&self) -> BlockId {
        self.current
    }

    /// Has the current block been ended?
    pub fn is_terminated(&self) -> bool {
        self.function.block(self.current).terminator.is_some()
    }

    /// Is the current block cold?
    pub fn is_cold(&self) -> bool {
        self.function.block(self.current).cold
    }

    /// Says something about the next instruction or terminator in the listing.
    pub fn comment(&mut self, text: impl Into<String>) {
        self.comment = Some(text.into());
    }

    /// The type of a value.
    pub fn value_type(&self, value: Value) -> Type {
        self.function.value_type(value)
    }

    /// The operation that defines a value in the current block, if it is a constant.
    pub fn constant(&self, value: Value) -> Option<Op> {
        let insts = &self.function.block(self.current).insts;
        let definition = insts.iter().rev().find(|inst| inst.results.contains(&value))?;
        let is_constant = matches!(definition.op, Op::Const32(_) | Op::Const64(_) | Op::ConstF64(_));
        is_constant.then(|| definition.op.clone())
    }

    // Instructions ------------------------------------------------------------------------------------------------

    /// A 32-bit number.
    pub fn const32(&mut self, number: u32) -> Value {
        self.one(Op::Const32(number), Type::I32)
    }

    /// A 64-bit number.
    pub fn const64(&mut self, number: u64) -> Value {
        self.one(Op::Const64(number), Type::I64)
    }

    /// A double.
    pub fn const_f64(&mut self, number: f64) -> Value {
        self.one(Op::ConstF64(number.to_bits()), Type::F64)
    }

    /// A number that is filled in when the code is copied.
    pub fn const_hole(&mut self, ty: Type, hole: Hole) -> Value {
        self.one(Op::ConstHole(ty, hole), ty)
    }

    /// The content of a pinned register.
    pub fn get_pinned(&mut self, pinned: Pinned) -> Value {
        self.one(Op::GetPinned(pinned), pinned.ty())
    }

    /// Changes a pinned register.
    pub fn set_pinned(&mut self, pinned: Pinned, value: Value) {
        self.push(Op::SetPinned(pinned, value), &[]);
    }

    /// A conversion.
    pub fn unary(&mut self, op: UnaryOp, value: Value) -> Value {
        self.one(Op::Unary(op, value), op.types().1)
    }

    /// Integer arithmetic.
    pub fn binary(&mut self, op: BinaryOp, lhs: Value, rhs: Value) -> Value {
        let ty = self.value_type(lhs);
        self.one(Op::Binary(op, lhs, rhs), ty)
    }

    /// Integer arithmetic with a constant.
    pub fn binary_imm(&mut self, op: BinaryOp, lhs: Value, rhs: i64) -> Value {
        let rhs = match self.value_type(lhs) {
            Type::I32 => self.const32(rhs as u32),
            Type::I64 | Type::F64 => self.const64(rhs as u64),
        };
        self.binary(op, lhs, rhs)
    }

    /// Arithmetic on a double.
    pub fn float_unary(&mut self, op: FloatUnaryOp, value: Value) -> Value {
        self.one(Op::FloatUnary(op, value), Type::F64)
    }

    /// Arithmetic on doubles.
    pub fn float_binary(&mut self, op: FloatBinaryOp, lhs: Value, rhs: Value) -> Value {
        self.one(Op::FloatBinary(op, lhs, rhs), Type::F64)
    }

    /// Compares integers.
    pub fn int_compare(&mut self, cond: IntCond, lhs: Value, rhs: Value) -> Value {
        self.one(Op::IntCompare(cond, lhs, rhs), Type::I32)
    }

    /// Compares an integer with a constant.
    pub fn int_compare_imm(&mut self, cond: IntCond, lhs: Value, rhs: i64) -> Value {
        let rhs = match self.value_type(lhs) {
            Type::I32 => self.const32(rhs as u32),
            Type::I64 | Type::F64 => self.const64(rhs as u64),
        };
        self.int_compare(cond, lhs, rhs)
    }

    /// Compares doubles.
    pub fn float_compare(&mut self, cond: FloatCond, lhs: Value, rhs: Value) -> Value {
        self.one(Op::FloatCompare(cond, lhs, rhs), Type::I32)
    }

    /// One of two integers.
    pub fn select(&mut self, cond: Value, then: Value, other: Value) -> Value {
        let ty = self.value_type(then);
        self.one(Op::Select(cond, then, other), ty)
    }

    /// An address.
    pub fn address_of(&mut self, addr: Addr) -> Value {
        self.one(Op::AddressOf(addr), Type::I64)
    }

    /// Reads memory.
    pub fn load(&mut self, mem: MemType, addr: Addr) -> Value {
        self.one(
            Op::Load {
                mem,
                addr,
                invariant: false,
            },
            mem.value_type(),
        )
    }

    /// Reads memory that is never written while the function runs.
    pub fn load_invariant(&mut self, mem: MemType, addr: Addr) -> Value {
        self.one(
            Op::Load {
                mem,
                addr,
                invariant: true,
            },
            mem.value_type(),
        )
    }

    /// Writes memory.
    pub fn store(&mut self, mem: MemType, addr: Addr, value: Value) {
        self.push(Op::Store { mem, addr, value }, &[]);
    }

    /// Calls a C function.
    pub fn call(&mut self, target: CallTarget, args: Vec<Value>, results: &[Type]) -> Vec<Value> {
        self.push(
            Op::Call {
                target,
                args,
                results: results.to_vec(),
            },
            results,
        )
    }

    /// Appends any operation, with results of the given types.
    pub fn push(&mut self, op: Op, results: &[Type]) -> Vec<Value> {
        let results: Vec<Value> = results.iter().map(|ty| self.new_value(*ty)).collect();
        let inst = Inst {
            op,
            results: results.clone(),
            comment: self.comment.take(),
        };
        self.function.blocks[self.current.index()].insts.push(inst);
        results
    }

    // Terminators -------------------------------------------------------------------------------------------------

    /// Goes to a block.
    pub fn jump(&mut self, block: BlockId, args: Vec<Value>) {
        self.terminate(Terminator::Jump(BlockCall { block, args }));
    }

    /// Goes to one of two blocks.
    pub fn branch(&mut self, cond: Value, then: impl Into<BlockCall>, other: impl Into<BlockCall>) {
        self.terminate(Terminator::Branch {
            cond,
            then: then.into(),
            other: other.into(),
        });
    }

    /// Takes one from a counter; goes to `empty` if it was 0.
    pub fn count_down(&mut self, counter: Addr, empty: impl Into<BlockCall>, other: impl Into<BlockCall>) {
        self.terminate(Terminator::CountDown {
            counter,
            empty: empty.into(),
            other: other.into(),
        });
    }

    /// Leaves for a symbol.
    pub fn tail_jump(&mut self, target: impl Into<Symbol>, args: Vec<(Role, Value)>) {
        self.terminate(Terminator::TailJump {
            target: JumpTarget::Symbol(target.into()),
            args,
        });
    }

    /// Ends the current block; of a block that has ended already nothing changes.
    pub fn terminate(&mut self, terminator: Terminator) {
        let comment = self.comment.take();
        let block = &mut self.function.blocks[self.current.index()];
        if block.terminator.is_none() {
            block.terminator = Some(terminator);
            block.terminator_comment = comment;
        }
    }

    fn one(&mut self, op: Op, ty: Type) -> Value {
        self.push(op, &[ty])[0]
    }

    fn new_value(&mut self, ty: Type) -> Value {
        self.function.types.push(ty);
        Value(self.function.types.len() as u32 - 1)
    }
}
