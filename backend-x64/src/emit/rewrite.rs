//! Puts the allocated registers into the instructions, and the allocator's moves between them.

use crate::encoder::{EncodeError, Gpr, Hole, Inst, Mem, Op, Operand, Reg, Size, Symbol, Target};
use crate::machine::{CALLEE_SAVED, FRAME_BYTES, FlagTest, MachBlockId, MachFunction, MachInst, MachOp};
use crate::regalloc::{Allocated, operand_positions, register_of};
use regalloc2::{Allocation, Edit, InstOrEdit, ProgPoint};
use std::ops::Range;

/// A function over physical registers.
pub(super) struct Code {
    pub(super) name: String,
    /// By machine block; the first is the entry.
    pub(super) blocks: Vec<CodeBlock>,
}

pub(super) struct CodeBlock {
    pub(super) insts: Vec<CodeInst>,
    pub(super) end: End,
    pub(super) end_comment: Option<String>,
    pub(super) is_cold: bool,
}

pub(super) struct CodeInst {
    pub(super) inst: Inst<Reg>,
    pub(super) comment: Option<String>,
}

/// Where a jump goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Block(MachBlockId),
    Symbol(Symbol),
    /// Where is filled in when the code is copied.
    Hole(Hole),
}

/// How a block ends, after its instructions.
pub(super) enum End {
    Jump(Destination),
    Branch {
        test: FlagTest,
        then: Destination,
        other: Destination,
    },
    /// The last instruction does not come back.
    Nothing,
}

impl End {
    /// The blocks it may go to.
    pub(super) fn successors(&self) -> impl Iterator<Item = MachBlockId> {
        let (first, second) = match self {
            End::Jump(destination) => (Some(destination), None),
            End::Branch { then, other, .. } => (Some(then), Some(other)),
            End::Nothing => (None, None),
        };
        first
            .into_iter()
            .chain(second)
            .filter_map(|destination| match destination {
                Destination::Block(block) => Some(*block),
                Destination::Symbol(_) | Destination::Hole(_) => None,
            })
    }
}

pub(super) fn rewrite(function: &MachFunction, allocated: &Allocated) -> Result<Code, EncodeError> {
    let mut blocks = Vec::with_capacity(function.blocks.len());
    for (index, block) in function.blocks.iter().enumerate() {
        let mut rewriter = Rewriter {
            function,
            allocated,
            insts: Vec::new(),
            end: End::Nothing,
            end_comment: None,
        };
        let first = allocated.first_insts[index];
        for item in items(allocated, first..first + block.insts.len()) {
            match item {
                InstOrEdit::Edit(Edit::Move { from, to }) => rewriter.copy(*from, *to),
                InstOrEdit::Inst(inst) => rewriter.inst(inst, &block.insts[inst.index() - first])?,
            }
        }
        let Rewriter {
            insts,
            end,
            end_comment,
            ..
        } = rewriter;
        blocks.push(CodeBlock {
            insts,
            end,
            end_comment,
            is_cold: block.cold,
        });
    }
    Ok(Code {
        name: function.name.clone(),
        blocks,
    })
}

/// The instructions of a block and the moves between them, in order.
fn items(allocated: &Allocated, range: Range<usize>) -> Vec<InstOrEdit<'_>> {
    let edits = allocated.output.edits.iter();
    let mut edits = edits
        .filter(|(point, _)| range.contains(&point.inst().index()))
        .peekable();
    let mut items = Vec::new();
    for index in range.clone() {
        let inst = regalloc2::Inst::new(index);
        while let Some((_, edit)) = edits.next_if(|(point, _)| *point <= ProgPoint::before(inst)) {
            items.push(InstOrEdit::Edit(edit));
        }
        items.push(InstOrEdit::Inst(inst));
    }
    items
}

struct Rewriter<'a> {
    function: &'a MachFunction,
    allocated: &'a Allocated,
    insts: Vec<CodeInst>,
    end: End,
    end_comment: Option<String>,
}

impl Rewriter<'_> {
    fn inst(&mut self, number: regalloc2::Inst, inst: &MachInst) -> Result<(), EncodeError> {
        let allocations = self.allocated.output.inst_allocs(number);
        let register = |index: usize| {
            let preg = allocations[index]
                .as_reg()
                .expect("operands of instructions are in registers");
            register_of(preg)
        };
        let comment = || inst.comment.clone();
        if let Some(inst) = operand_positions(self.function, &inst.op, register)? {
            let hole = match inst.operands().next() {
                Some(Operand::Target(Target::Hole(hole))) if inst.op() == Op::Jmp => Some(*hole),
                _ => None,
            };
            match hole {
                Some(hole) => self.end(End::Jump(Destination::Hole(hole)), comment()),
                None => self.push(inst, comment()),
            }
            return Ok(());
        }
        match &inst.op {
            MachOp::Enter { native: true, .. } => self.enter_native(),
            MachOp::Return { .. } => self.return_native(),
            MachOp::Trap => self.push(Inst::op0(Op::Ud2), comment()),
            MachOp::Jump(edge) => self.end(End::Jump(Destination::Block(edge.block)), comment()),
            MachOp::Branch { test, then, other } => {
                let (then, other) = (Destination::Block(*then), Destination::Block(*other));
                self.end(
                    End::Branch {
                        test: *test,
                        then,
                        other,
                    },
                    comment(),
                );
            }
            MachOp::Enter { native: false, .. } => {}
            MachOp::Asm(_) | MachOp::Call { .. } | MachOp::TailJump { .. } => {
                unreachable!("instructions of the encoder were pushed above")
            }
        }
        Ok(())
    }

    fn end(&mut self, end: End, comment: Option<String>) {
        self.end = end;
        self.end_comment = comment;
    }

    fn push(&mut self, inst: Inst<Reg>, comment: Option<String>) {
        self.insts.push(CodeInst { inst, comment });
    }

    fn copy(&mut self, from: Allocation, to: Allocation) {
        if from == to {
            return;
        }
        let register = |allocation: Allocation| allocation.as_reg().map(register_of);
        let slot = |allocation: Allocation| {
            let slot = allocation.as_stack().expect("an allocation is a register or a slot");
            Mem::base(Gpr::Rsp, 8 * slot.index() as i32)
        };
        let inst = match (register(to), register(from)) {
            (Some(to @ Reg::Gpr(_)), Some(from)) => Inst::rr(Op::Mov, Size::S64, to, from),
            (Some(to @ Reg::Xmm(_)), Some(from)) => Inst::rr(Op::Movaps, Size::S128, to, from),
            (Some(to @ Reg::Gpr(_)), None) => Inst::rm(Op::Mov, Size::S64, to, slot(from)),
            (Some(to @ Reg::Xmm(_)), None) => Inst::rm(Op::Movsd, Size::S64, to, slot(from)),
            (None, Some(from @ Reg::Gpr(_))) => Inst::mr(Op::Mov, Size::S64, slot(to), from),
            (None, Some(from @ Reg::Xmm(_))) => Inst::mr(Op::Movsd, Size::S64, slot(to), from),
            (None, None) => unreachable!("the allocator moves nothing from slot to slot"),
        };
        self.push(inst, None);
    }

    /// `push` what C wants kept, then make room for the spill slots.
    fn enter_native(&mut self) {
        for gpr in CALLEE_SAVED {
            self.push(Inst::r(Op::Push, Size::S64, gpr), None);
        }
        self.push(Inst::ri(Op::Sub, Size::S64, Gpr::Rsp, FRAME_BYTES), None);
    }

    fn return_native(&mut self) {
        self.push(Inst::ri(Op::Add, Size::S64, Gpr::Rsp, FRAME_BYTES), None);
        for gpr in CALLEE_SAVED.into_iter().rev() {
            self.push(Inst::r(Op::Pop, Size::S64, gpr), None);
        }
        self.push(Inst::op0(Op::Ret), None);
    }
}
