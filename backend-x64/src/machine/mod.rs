//! Machine IR: encoder instructions over virtual registers, between selection and register allocation.
//!
//! Still in SSA form with block parameters: each virtual register is written once. An instruction that overwrites one
//! of its sources names both registers there, see [`MachReg::Tied`].

mod convention;

pub(crate) use convention::{CALLEE_SAVED, FRAME_BYTES, SPILL_SLOTS, allocatable, clobbered_by_calls};
pub use convention::{Config, c_float_args, c_int_args, pinned_register, role_register};

use crate::encoder::{Cond, Inst, Reg, RegClass};
use std::fmt;

/// A virtual register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VReg(pub u32);

impl VReg {
    /// Its number, from 0 within a function.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for VReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

/// A register operand before allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MachReg {
    /// A virtual register.
    Virtual(VReg),
    /// The instruction reads `source` here and leaves `result` in the same register.
    Tied {
        /// What is written.
        result: VReg,
        /// What is read.
        source: VReg,
    },
    /// A register that is never allocated: a pinned one or the stack pointer.
    Fixed(Reg),
}

impl From<VReg> for MachReg {
    fn from(vreg: VReg) -> MachReg {
        MachReg::Virtual(vreg)
    }
}

impl fmt::Display for MachReg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MachReg::Virtual(vreg) => vreg.fmt(f),
            MachReg::Tied { result, source } => write!(f, "{result}={source}"),
            MachReg::Fixed(reg) => reg.fmt(f),
        }
    }
}

/// The number of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachBlockId(pub u32);

impl MachBlockId {
    /// Its number, from 0 within a function.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for MachBlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mb{}", self.0)
    }
}

/// Values bound to registers at a boundary.
pub type Bindings = Vec<(VReg, Reg)>;

/// A jump within the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where to.
    pub block: MachBlockId,
    /// One register per parameter of the block.
    pub args: Vec<VReg>,
}

impl From<MachBlockId> for Edge {
    fn from(block: MachBlockId) -> Edge {
        Edge {
            block,
            args: Vec::new(),
        }
    }
}

/// A condition on the flags; comparisons of doubles for equality look at two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagTest {
    /// One condition.
    One(Cond),
    /// Both conditions.
    Both(Cond, Cond),
    /// One of the conditions.
    Either(Cond, Cond),
}

impl FlagTest {
    /// The test that holds exactly when this one does not.
    pub fn negated(self) -> FlagTest {
        match self {
            FlagTest::One(cond) => FlagTest::One(cond.negated()),
            FlagTest::Both(a, b) => FlagTest::Either(a.negated(), b.negated()),
            FlagTest::Either(a, b) => FlagTest::Both(a.negated(), b.negated()),
        }
    }
}

/// What a machine instruction is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachOp {
    /// One instruction of the encoder.
    Asm(Inst<MachReg>),
    /// The first of every function: binds its parameters, after making the native frame if it is a C function.
    Enter {
        /// Does it make the native frame?
        native: bool,
        /// The parameters.
        params: Bindings,
    },
    /// A call of a C function by `inst`.
    Call {
        /// The call instruction.
        inst: Inst<MachReg>,
        /// Arguments.
        args: Bindings,
        /// Results.
        results: Bindings,
    },
    /// Goes to a block; ends its block, as do all that follow.
    Jump(Edge),
    /// Goes to one of two blocks, which have no parameters and no other predecessors. The flags were set just before.
    Branch {
        /// The condition.
        test: FlagTest,
        /// Where to go if it holds.
        then: MachBlockId,
        /// Where to go if not.
        other: MachBlockId,
    },
    /// Leaves the function by `inst`, a jump.
    TailJump {
        /// The jump instruction.
        inst: Inst<MachReg>,
        /// What is passed.
        args: Bindings,
    },
    /// Removes the native frame and returns to C.
    Return {
        /// The result.
        args: Bindings,
    },
    /// Traps.
    Trap,
}

/// A machine instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachInst {
    /// What it is.
    pub op: MachOp,
    /// What to say about it in a listing.
    pub comment: Option<String>,
}

/// A basic block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachBlock {
    /// Registers its predecessors pass.
    pub params: Vec<VReg>,
    /// Instructions; the last one ends the block and no other does.
    pub insts: Vec<MachInst>,
    /// Is it rarely run?
    pub cold: bool,
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachFunction {
    /// Its symbol.
    pub name: String,
    /// Blocks by id; the first is the entry. Their order is the order in which hot blocks are placed.
    pub blocks: Vec<MachBlock>,
    /// The register file of each virtual register.
    pub classes: Vec<RegClass>,
}

impl MachFunction {
    /// The register file of a virtual register.
    pub fn class(&self, vreg: VReg) -> RegClass {
        self.classes[vreg.index()]
    }

    /// The blocks that can be reached, in reverse postorder; the last successor of a block stands nearest to it.
    pub fn reverse_postorder(&self) -> Vec<MachBlockId> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.blocks.len()];
        let mut stack = vec![(MachBlockId(0), self.successors(MachBlockId(0)))];
        seen[0] = true;
        while let Some((block, pending)) = stack.last_mut() {
            if pending.is_empty() {
                order.push(*block);
                stack.pop();
            } else {
                let next = pending.remove(0);
                if !std::mem::replace(&mut seen[next.index()], true) {
                    stack.push((next, self.successors(next)));
                }
            }
        }
        order.reverse();
        order
    }

    /// The blocks a block may go to.
    pub fn successors(&self, block: MachBlockId) -> Vec<MachBlockId> {
        self.blocks[block.index()]
            .insts
            .last()
            .map_or(Vec::new(), |inst| inst.op.successors())
    }
}

impl MachOp {
    /// The blocks it may go to.
    pub fn successors(&self) -> Vec<MachBlockId> {
        match self {
            MachOp::Jump(edge) => vec![edge.block],
            MachOp::Branch { then, other, .. } => vec![*then, *other],
            _ => Vec::new(),
        }
    }

    /// Gives other numbers to the blocks it may go to.
    pub(crate) fn renumber(&mut self, number: impl Fn(MachBlockId) -> MachBlockId) {
        match self {
            MachOp::Jump(edge) => edge.block = number(edge.block),
            MachOp::Branch { then, other, .. } => {
                *then = number(*then);
                *other = number(*other);
            }
            _ => {}
        }
    }
}

fn print_bindings(bindings: &Bindings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let list: Vec<String> = bindings.iter().map(|(vreg, reg)| format!("{vreg} in {reg}")).collect();
    write!(f, "({})", list.join(", "))
}

impl fmt::Display for MachOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MachOp::Asm(inst) => inst.fmt(f),
            MachOp::Enter { native, params } => {
                f.write_str(if *native { "enter_native" } else { "enter" })?;
                print_bindings(params, f)
            }
            MachOp::Call { inst, args, results } => {
                inst.fmt(f)?;
                print_bindings(args, f)?;
                f.write_str(" -> ")?;
                print_bindings(results, f)
            }
            MachOp::Jump(edge) => {
                let args: Vec<String> = edge.args.iter().map(VReg::to_string).collect();
                write!(f, "goto {}({})", edge.block, args.join(", "))
            }
            MachOp::Branch { test, then, other } => write!(f, "if {test:?} goto {then} else {other}"),
            MachOp::TailJump { inst, args } => {
                inst.fmt(f)?;
                print_bindings(args, f)
            }
            MachOp::Return { args } => {
                f.write_str("return")?;
                print_bindings(args, f)
            }
            MachOp::Trap => f.write_str("trap"),
        }
    }
}

impl fmt::Display for MachFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "machine function {} {{", self.name)?;
        for (index, block) in self.blocks.iter().enumerate() {
            let params: Vec<String> = block.params.iter().map(VReg::to_string).collect();
            let cold = if block.cold { " cold" } else { "" };
            writeln!(f, "mb{index}({}){cold}:", params.join(", "))?;
            for inst in &block.insts {
                writeln!(f, "    {}", inst.op)?;
            }
        }
        writeln!(f, "}}")
    }
}
