//! Functions, blocks and instructions.

use super::op::{Addr, JumpTarget, Op};
use std::fmt;

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// 32 bits in a general register, the upper half of which is zero.
    I32,
    /// 64 bits in a general register.
    I64,
    /// A double in a vector register.
    F64,
}

impl Type {
    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Type::I32 => "i32",
            Type::I64 => "i64",
            Type::F64 => "f64",
        }
    }
}

/// A value: a block parameter or a result of an instruction, defined once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub(super) u32);

impl Value {
    /// Its number, from 0 within a function.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A basic block of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub(super) u32);

impl BlockId {
    /// Where every function starts.
    pub const ENTRY: BlockId = BlockId(0);

    /// Its number, from 0 within a function.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "block{}", self.0)
    }
}

/// The place in which a value crosses from one function to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Pointer to the first result of a call.
    Results,
    /// Number of arguments of a call, or of its results.
    Count,
    /// Reference to the code object that is called.
    Code,
    /// A double that one instruction hands the next.
    Forwarded,
    /// The n-th integer that the parts of one function hand each other, n below 9.
    Int(u8),
    /// The n-th double that the parts of one function hand each other, n below 16.
    Float(u8),
    /// The n-th integer argument of a C function, n below 6; the upper half of an `I32` may be anything.
    CArg(u8),
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Role::Results => f.write_str("results"),
            Role::Count => f.write_str("count"),
            Role::Code => f.write_str("code"),
            Role::Forwarded => f.write_str("forwarded"),
            Role::Int(n) => write!(f, "int{n}"),
            Role::Float(n) => write!(f, "float{n}"),
            Role::CArg(n) => write!(f, "carg{n}"),
        }
    }
}

/// An instruction: an operation and the values it defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inst {
    /// What it does.
    pub op: Op,
    /// What it defines.
    pub results: Vec<Value>,
    /// What to say about it in a listing.
    pub comment: Option<String>,
}

/// A jump to a block with arguments for its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCall {
    /// The block.
    pub block: BlockId,
    /// One value per parameter.
    pub args: Vec<Value>,
}

impl From<BlockId> for BlockCall {
    fn from(block: BlockId) -> BlockCall {
        BlockCall {
            block,
            args: Vec::new(),
        }
    }
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Goes to a block.
    Jump(BlockCall),
    /// Goes to `then` if `cond`, an `I32`, is not zero, otherwise to `other`.
    Branch {
        /// The condition.
        cond: Value,
        /// Where to go if it holds.
        then: BlockCall,
        /// Where to go if not.
        other: BlockCall,
    },
    /// Takes one from a 32-bit counter in memory; goes to `empty` if it was 0, which makes it the largest number.
    CountDown {
        /// Where the counter is.
        counter: Addr,
        /// Where to go if it was 0.
        empty: BlockCall,
        /// Where to go if not.
        other: BlockCall,
    },
    /// Goes to the block that stands next to the number that equals `value`, an `I32`, otherwise to `default`.
    Switch {
        /// The number.
        value: Value,
        /// The cases, the likeliest first.
        cases: Vec<(u32, BlockCall)>,
        /// Where to go in all other cases.
        default: BlockCall,
    },
    /// Leaves the function for other code.
    TailJump {
        /// Where to.
        target: JumpTarget,
        /// What is passed, each role at most once.
        args: Vec<(Role, Value)>,
    },
    /// Undoes [`Op::EnterNative`] and returns to the C caller, with a result in `rax` if there is one.
    ReturnNative(Option<Value>),
    /// Never reached; traps if it is.
    Trap,
}

impl Terminator {
    /// The jumps to other blocks, in order.
    pub fn successors(&self) -> Vec<&BlockCall> {
        match self {
            Terminator::Jump(call) => vec![call],
            Terminator::Branch { then, other, .. } => vec![then, other],
            Terminator::CountDown { empty, other, .. } => vec![empty, other],
            Terminator::Switch { cases, default, .. } => cases.iter().map(|(_, call)| call).chain([default]).collect(),
            Terminator::TailJump { .. } | Terminator::ReturnNative(_) | Terminator::Trap => Vec::new(),
        }
    }

    /// Calls `f` with every operand, arguments of blocks included.
    pub fn for_each_operand(&self, mut f: impl FnMut(Value)) {
        match self {
            Terminator::Branch { cond: value, .. } | Terminator::Switch { value, .. } => f(*value),
            Terminator::CountDown { counter, .. } => counter.values().for_each(&mut f),
            Terminator::ReturnNative(value) => value.iter().copied().for_each(&mut f),
            Terminator::TailJump { target, args } => {
                match target {
                    JumpTarget::Value(value) => f(*value),
                    JumpTarget::Memory(addr) => addr.values().for_each(&mut f),
                    JumpTarget::Symbol(_) | JumpTarget::Hole(_) => {}
                }
                args.iter().for_each(|(_, value)| f(*value));
            }
            Terminator::Jump(_) | Terminator::Trap => {}
        }
        for call in self.successors() {
            call.args.iter().copied().for_each(&mut f);
        }
    }
}

/// A basic block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Values its predecessors pass; those of the entry block are the function's own, see [`Function::roles`].
    pub params: Vec<Value>,
    /// What it does.
    pub insts: Vec<Inst>,
    /// How it ends; a finished block has one.
    pub terminator: Option<Terminator>,
    /// What to say about its terminator in a listing.
    pub terminator_comment: Option<String>,
    /// Is it rarely run? Cold blocks are placed apart.
    pub cold: bool,
}

/// A function: the unit that is compiled and named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The symbol it defines.
    pub name: String,
    /// In which roles the parameters of the entry block arrive.
    pub roles: Vec<Role>,
    /// The blocks, by [`BlockId`]; the first is the entry.
    pub blocks: Vec<Block>,
    /// The type of each value, by [`Value`].
    pub types: Vec<Type>,
}

impl Function {
    /// The block with this id.
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }

    /// The type of a value.
    pub fn value_type(&self, value: Value) -> Type {
        self.types[value.index()]
    }

    /// All blocks with their ids.
    pub fn blocks(&self) -> impl Iterator<Item = (BlockId, &Block)> {
        self.blocks
            .iter()
            .enumerate()
            .map(|(index, block)| (BlockId(index as u32), block))
    }

    /// The blocks that can be reached from the entry, in reverse postorder: a block that dominates another stands
    /// before it. The last successor of a block is placed nearest to it.
    pub fn reverse_postorder(&self) -> Vec<BlockId> {
        let mut order = Vec::with_capacity(self.blocks.len());
        let mut seen = vec![false; self.blocks.len()];
        let mut stack = vec![(BlockId::ENTRY, 0)];
        seen[0] = true;
        while let Some((block, next)) = stack.last_mut() {
            let successors = self
                .block(*block)
                .terminator
                .as_ref()
                .map_or(Vec::new(), Terminator::successors);
            match successors.get(*next) {
                Some(call) => {
                    *next += 1;
                    let target = call.block;
                    if !std::mem::replace(&mut seen[target.index()], true) {
                        stack.push((target, 0));
                    }
                }
                None => {
                    order.push(*block);
                    stack.pop();
                }
            }
        }
        order.reverse();
        order
    }
}
