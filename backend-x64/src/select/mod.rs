//! Instruction selection: low-level IR to machine IR.
//!
//! Blocks are visited users first, and each block from its end to its start. So when an instruction is reached it is
//! known whether anybody still needs its result in a register: constants, addresses, comparisons and loads that all
//! users have absorbed into their own instructions are never selected at all.
//!
//! A load is absorbed when it has a single use, in the same block, and nothing between the two may write memory or
//! change a pinned register; loads of memory that is never written ignore the writes.

mod address;
mod compare;
mod convert;
mod integer;
mod operation;
mod terminator;

use crate::encoder::{Imm, Inst, Mem, Op, Reg, RegClass, Size};
use crate::lir::{self, BlockId, Pinned, Terminator, Type, Value};
use crate::machine::{
    Bindings, Edge, MachBlock, MachBlockId, MachFunction, MachInst, MachOp, MachReg, VReg, pinned_register,
};

/// Selects machine instructions for a well-formed function.
pub fn select(function: &lir::Function) -> MachFunction {
    let mut selector = Selector::new(function);
    for id in function.reverse_postorder().into_iter().rev() {
        selector.block(id);
    }
    selector.finish()
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Definition {
    Param,
    Inst(BlockId, usize),
}

struct Selector<'a> {
    function: &'a lir::Function,
    definitions: Vec<Definition>,
    uses: Vec<u32>,
    /// For a condition about overflow that a block ends with: the result of that arithmetic, if the instruction that
    /// sets the flags can leave it.
    overflow_results: Vec<Option<Value>>,
    /// Whether a value is left by such an instruction.
    is_overflow_result: Vec<bool>,
    predecessors: Vec<u32>,
    /// Registers of the values that are needed in one.
    vregs: Vec<Option<VReg>>,
    /// The machine block of each reachable block.
    block_ids: Vec<Option<MachBlockId>>,
    output: MachFunction,
    /// The instruction being selected: its block and its position, the terminator's being past the last instruction.
    at: (BlockId, usize),
    /// What has been selected for it.
    sequence: Vec<MachInst>,
    comment: Option<String>,
}

impl<'a> Selector<'a> {
    fn new(function: &'a lir::Function) -> Selector<'a> {
        let values = function.types.len();
        let mut selector = Selector {
            function,
            definitions: vec![Definition::Param; values],
            uses: vec![0; values],
            overflow_results: vec![None; values],
            is_overflow_result: vec![false; values],
            predecessors: vec![0; function.blocks.len()],
            vregs: vec![None; values],
            block_ids: vec![None; function.blocks.len()],
            output: MachFunction {
                name: function.name.clone(),
                blocks: Vec::new(),
                classes: Vec::new(),
            },
            at: (BlockId::ENTRY, 0),
            sequence: Vec::new(),
            comment: None,
        };
        selector.analyse();
        selector
    }

    fn analyse(&mut self) {
        for id in self.function.reverse_postorder() {
            let block = self.function.block(id);
            self.block_ids[id.index()] = Some(self.new_block(block.cold));
            for (index, inst) in block.insts.iter().enumerate() {
                for result in &inst.results {
                    self.definitions[result.index()] = Definition::Inst(id, index);
                }
                inst.op.for_each_operand(|value| self.uses[value.index()] += 1);
            }
            let terminator = self.terminator_of(id);
            terminator.for_each_operand(|value| self.uses[value.index()] += 1);
            for call in terminator.successors() {
                self.predecessors[call.block.index()] += 1;
            }
        }
        for id in self.function.reverse_postorder() {
            self.join_overflow(id);
        }
    }

    /// Where a block ends with a question about overflow and the result is needed behind it, one instruction does both.
    fn join_overflow(&mut self, id: BlockId) {
        let Terminator::Branch { cond, then, other } = self.terminator_of(id) else {
            return;
        };
        let Some(lir::Op::IntCompare(condition, lhs, rhs)) = self.operation_of(*cond) else {
            return;
        };
        let Some(arithmetic) = condition.arithmetic() else {
            return;
        };
        let (lhs, rhs) = (*lhs, *rhs);
        if !self.is_single_use(*cond) {
            return;
        }
        let is_same = |inst: &&lir::Inst| match inst.op {
            lir::Op::Binary(op, a, b) if op == arithmetic => {
                (a, b) == (lhs, rhs) || op.is_commutative() && (a, b) == (rhs, lhs)
            }
            _ => false,
        };
        let here = &self.function.block(id).insts;
        let result = match here.iter().find(is_same) {
            // What reads the result before the end of the block needs it earlier.
            Some(inst) => {
                let result = inst.results[0];
                let mut is_read = false;
                for inst in here {
                    inst.op.for_each_operand(|value| is_read |= value == result);
                }
                (!is_read).then_some(result)
            }
            None => [then, other].into_iter().find_map(|call| {
                let is_only_way = self.predecessors[call.block.index()] == 1;
                let found = self.function.block(call.block).insts.iter().find(is_same);
                found.filter(|_| is_only_way).map(|inst| inst.results[0])
            }),
        };
        if let Some(result) = result {
            self.overflow_results[cond.index()] = Some(result);
            self.is_overflow_result[result.index()] = true;
            self.uses[lhs.index()] -= 1;
            self.uses[rhs.index()] -= 1;
        }
    }

    fn terminator_of(&self, id: BlockId) -> &'a Terminator {
        self.function
            .block(id)
            .terminator
            .as_ref()
            .expect("a verified block has a terminator")
    }

    fn block(&mut self, id: BlockId) {
        let block = self.function.block(id);
        let mach = self.block_ids[id.index()].expect("reachable blocks have been numbered");
        let mut reversed = Vec::new();

        self.at = (id, block.insts.len());
        self.comment = block.terminator_comment.clone();
        self.terminator(self.terminator_of(id));
        self.flush(&mut reversed);

        for (index, inst) in block.insts.iter().enumerate().rev() {
            let is_left = |value: &Value| self.is_overflow_result[value.index()];
            let is_needed = inst
                .results
                .iter()
                .any(|value| self.vregs[value.index()].is_some() && !is_left(value));
            if is_needed || inst.op.has_effect() {
                self.at = (id, index);
                self.comment = inst.comment.clone();
                self.operation(inst);
                self.flush(&mut reversed);
            }
        }

        if id == BlockId::ENTRY {
            let params = self.entry_params(&mut reversed);
            let native = matches!(block.insts.first(), Some(inst) if inst.op == lir::Op::EnterNative);
            reversed.push(MachInst {
                op: MachOp::Enter { native, params },
                comment: None,
            });
        } else {
            self.output.blocks[mach.index()].params = block.params.iter().map(|param| self.vreg(*param)).collect();
        }
        reversed.reverse();
        self.output.blocks[mach.index()].insts = reversed;
    }

    /// Binds the parameters that are needed. Of a 32-bit argument C leaves the upper half undefined.
    fn entry_params(&mut self, reversed: &mut Vec<MachInst>) -> Bindings {
        let mut params = Bindings::new();
        for (value, role) in self.function.blocks[0].params.iter().zip(&self.function.roles) {
            let Some(vreg) = self.vregs[value.index()] else {
                continue;
            };
            let place = crate::machine::role_register(*role);
            if matches!(role, lir::Role::CArg(_)) && self.ty(*value) == Type::I32 {
                let wide = self.new_gpr();
                let narrow = Inst::rr(Op::Mov, Size::S32, vreg, wide);
                reversed.push(MachInst {
                    op: MachOp::Asm(narrow),
                    comment: None,
                });
                params.push((wide, place));
            } else {
                params.push((vreg, place));
            }
        }
        params
    }

    fn flush(&mut self, reversed: &mut Vec<MachInst>) {
        if let Some(last) = self.sequence.last_mut()
            && last.comment.is_none()
        {
            last.comment = self.comment.take();
        }
        reversed.extend(self.sequence.drain(..).rev());
    }

    /// The function with its blocks in reverse postorder, as the allocator and its checker like them best.
    fn finish(self) -> MachFunction {
        let order = self.output.reverse_postorder();
        let mut numbers = vec![MachBlockId(u32::MAX); self.output.blocks.len()];
        for (number, id) in order.iter().enumerate() {
            numbers[id.index()] = MachBlockId(number as u32);
        }
        let mut blocks = self.output.blocks;
        let blocks = order.into_iter().map(|id| {
            let mut block = std::mem::take(&mut blocks[id.index()]);
            for inst in &mut block.insts {
                inst.op.renumber(|id| numbers[id.index()]);
            }
            block
        });
        MachFunction {
            blocks: blocks.collect(),
            ..self.output
        }
    }

    // Values --------------------------------------------------------------------------------------------------------

    /// The operation that defines a value, if one does.
    fn operation_of(&self, value: Value) -> Option<&'a lir::Op> {
        match self.definitions[value.index()] {
            Definition::Param => None,
            Definition::Inst(block, index) => Some(&self.function.block(block).insts[index].op),
        }
    }

    fn ty(&self, value: Value) -> Type {
        self.function.value_type(value)
    }

    fn is_single_use(&self, value: Value) -> bool {
        self.uses[value.index()] == 1
    }

    /// The number that an integer is known to be, sign-extended from its type.
    fn constant(&self, value: Value) -> Option<i64> {
        match self.operation_of(value)? {
            lir::Op::Const32(number) => Some(i64::from(*number as i32)),
            lir::Op::Const64(number) => Some(*number as i64),
            _ => None,
        }
    }

    /// The number as an immediate, if the instructions that take one can hold it.
    fn immediate(&self, value: Value) -> Option<Imm> {
        match self.operation_of(value)? {
            lir::Op::ConstHole(_, hole) if hole.width.bytes() <= 4 => Some(Imm::Hole(*hole)),
            _ => self
                .constant(value)
                .filter(|number| i32::try_from(*number).is_ok())
                .map(Imm::Value),
        }
    }

    /// The pinned register that holds the value at the current instruction.
    fn pinned(&self, value: Value) -> Option<Reg> {
        let Some(lir::Op::GetPinned(pinned)) = self.operation_of(value) else {
            return None;
        };
        self.is_unchanged(*pinned, self.definitions[value.index()])
            .then(|| pinned_register(*pinned))
    }

    /// Does a pinned register still hold what it held at the definition?
    fn is_unchanged(&self, pinned: Pinned, since: Definition) -> bool {
        // Of the registers for values, calls preserve none.
        let is_value = matches!(pinned, Pinned::Cached(_));
        let changes = |inst: &lir::Inst| match inst.op {
            lir::Op::SetPinned(changed, _) => changed == pinned,
            lir::Op::Call { .. } => is_value,
            _ => false,
        };
        match since {
            Definition::Inst(block, index) if block == self.at.0 => {
                !self.function.block(block).insts[index..self.at.1].iter().any(changes)
            }
            _ if is_value => {
                let (block, index) = self.at;
                let here = &self.function.block(block).insts[..index];
                !here.iter().any(changes) && !self.leads_here(|block| block.insts.iter().any(changes))
            }
            _ => !self.function.blocks.iter().any(|block| block.insts.iter().any(changes)),
        }
    }

    /// Does control get to the current block from one of these?
    fn leads_here(&self, starts: impl Fn(&lir::Block) -> bool) -> bool {
        let blocks = &self.function.blocks;
        let mut seen = vec![false; blocks.len()];
        let mut pending: Vec<&lir::Block> = blocks.iter().filter(|block| starts(block)).collect();
        while let Some(block) = pending.pop() {
            for call in block.terminator.iter().flat_map(|terminator| terminator.successors()) {
                if call.block == self.at.0 {
                    return true;
                }
                if !std::mem::replace(&mut seen[call.block.index()], true) {
                    pending.push(&blocks[call.block.index()]);
                }
            }
        }
        false
    }

    /// The virtual register of a value; asking for it makes the value needed.
    fn vreg(&mut self, value: Value) -> VReg {
        match self.vregs[value.index()] {
            Some(vreg) => vreg,
            None => {
                let vreg = self.new_vreg(class_of(self.ty(value)));
                self.vregs[value.index()] = Some(vreg);
                vreg
            }
        }
    }

    fn new_vreg(&mut self, class: RegClass) -> VReg {
        self.output.classes.push(class);
        VReg(self.output.classes.len() as u32 - 1)
    }

    fn new_gpr(&mut self) -> VReg {
        self.new_vreg(RegClass::Gpr)
    }

    /// A virtual register that holds the value at the current instruction; constants are made on the spot.
    fn source(&mut self, value: Value) -> VReg {
        match self.operation_of(value) {
            Some(lir::Op::Const32(_) | lir::Op::Const64(_) | lir::Op::ConstF64(_) | lir::Op::ConstHole(..)) => {
                let result = self.new_vreg(class_of(self.ty(value)));
                self.make_constant(result, value);
                result
            }
            Some(lir::Op::Unary(lir::UnaryOp::Zext, operand)) => self.source(*operand),
            Some(lir::Op::GetPinned(_)) => match self.pinned(value) {
                Some(fixed) => {
                    let result = self.new_vreg(fixed.class());
                    self.read_fixed(result, fixed);
                    result
                }
                None => self.vreg(value),
            },
            _ => self.vreg(value),
        }
    }

    /// Copies a register that is never allocated.
    fn read_fixed(&mut self, result: VReg, fixed: Reg) {
        let inst = match fixed {
            Reg::Gpr(_) => Inst::rr(Op::Mov, Size::S64, result, MachReg::Fixed(fixed)),
            Reg::Xmm(_) => Inst::rr(Op::Movaps, Size::S128, result, MachReg::Fixed(fixed)),
        };
        self.emit(inst);
    }

    /// A register to read the value from, which may be a pinned one.
    fn register(&mut self, value: Value) -> MachReg {
        match self.pinned(value) {
            Some(reg) => MachReg::Fixed(reg),
            None => self.source(value).into(),
        }
    }

    /// A register whose low half is the value, for instructions that look at no more than that.
    fn low_register(&mut self, value: Value) -> MachReg {
        match self.operation_of(value) {
            Some(lir::Op::Unary(lir::UnaryOp::Wrap, wide)) if !self.is_load(*wide) => self.register(*wide),
            _ => self.register(value),
        }
    }

    fn is_load(&self, value: Value) -> bool {
        matches!(self.operation_of(value), Some(lir::Op::Load { .. }))
    }

    /// Reads and overwrites: the source of a two-address instruction and its result.
    fn tied(&mut self, result: VReg, source: Value) -> MachReg {
        let source = self.source(source);
        MachReg::Tied { result, source }
    }

    fn make_constant(&mut self, result: VReg, value: Value) {
        match self.operation_of(value) {
            Some(lir::Op::Const32(0) | lir::Op::Const64(0)) => {
                self.emit(Inst::r(Op::Zero, Size::S32, result));
            }
            Some(lir::Op::Const32(number)) => {
                self.emit(Inst::ri(Op::Mov, Size::S32, result, *number));
            }
            Some(lir::Op::Const64(number)) => match u32::try_from(*number) {
                Ok(low) => self.emit(Inst::ri(Op::Mov, Size::S32, result, low)),
                Err(_) => self.emit(Inst::ri(Op::Mov, Size::S64, result, *number as i64)),
            },
            Some(lir::Op::ConstHole(ty, hole)) => {
                let size = match ty {
                    Type::I32 => Size::S32,
                    Type::I64 | Type::F64 => Size::S64,
                };
                self.emit(Inst::ri(Op::Mov, size, result, *hole));
            }
            Some(lir::Op::ConstF64(0)) => self.emit(Inst::r(Op::ZeroXmm, Size::S128, result)),
            Some(lir::Op::ConstF64(bits)) => {
                let bits_in_gpr = self.new_gpr();
                self.emit(Inst::ri(Op::Mov, Size::S64, bits_in_gpr, *bits as i64));
                self.emit(Inst::rr(Op::MovToXmm, Size::S64, result, bits_in_gpr));
            }
            other => unreachable!("not a constant: {other:?}"),
        }
    }

    // Loads ---------------------------------------------------------------------------------------------------------

    /// The address of a load that the current instruction may absorb, if the value is one in one of the given forms.
    fn absorb(&mut self, value: Value, forms: &[lir::MemType]) -> Option<Mem<MachReg>> {
        let Some(lir::Op::Load { mem, addr, invariant }) = self.operation_of(value) else {
            return None;
        };
        if !forms.contains(mem) || !self.is_single_use(value) || !self.may_delay(value, *invariant) {
            return None;
        }
        Some(self.address(addr))
    }

    /// May the load that defines `value` as well be done at the current instruction?
    fn may_delay(&self, value: Value, invariant: bool) -> bool {
        let Definition::Inst(block, index) = self.definitions[value.index()] else {
            return false;
        };
        let between = match block == self.at.0 {
            true => &self.function.block(block).insts[index + 1..self.at.1],
            false => return false,
        };
        !between.iter().any(|inst| match inst.op {
            lir::Op::SetPinned(..) => true,
            lir::Op::Store { .. } | lir::Op::Call { .. } => !invariant,
            _ => false,
        })
    }

    // Output --------------------------------------------------------------------------------------------------------

    fn emit(&mut self, inst: Inst<MachReg>) {
        self.emit_op(MachOp::Asm(inst));
    }

    fn emit_op(&mut self, op: MachOp) {
        self.sequence.push(MachInst { op, comment: None });
    }

    fn new_block(&mut self, cold: bool) -> MachBlockId {
        self.output.blocks.push(MachBlock {
            cold,
            ..MachBlock::default()
        });
        MachBlockId(self.output.blocks.len() as u32 - 1)
    }

    fn edge(&mut self, call: &lir::BlockCall) -> Edge {
        let block = self.block_ids[call.block.index()].expect("a successor is reachable");
        Edge {
            block,
            args: call.args.iter().map(|arg| self.source(*arg)).collect(),
        }
    }

    /// Binds values to registers; doubles and integers alike.
    fn bind(&mut self, values: impl IntoIterator<Item = (Value, Reg)>) -> Bindings {
        values
            .into_iter()
            .map(|(value, reg)| (self.source(value), reg))
            .collect()
    }
}

/// The register file of a type.
fn class_of(ty: Type) -> RegClass {
    match ty {
        Type::I32 | Type::I64 => RegClass::Gpr,
        Type::F64 => RegClass::Xmm,
    }
}

/// The operand size of an integer type.
fn size_of(ty: Type) -> Size {
    match ty {
        Type::I32 => Size::S32,
        Type::I64 | Type::F64 => Size::S64,
    }
}
