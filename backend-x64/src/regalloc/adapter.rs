//! Machine IR as `regalloc2` sees it.

use crate::encoder::{Access, EncodeError, Gpr, Inst, Reg, RegClass, RegConstraint, Xmm};
use crate::machine::{Bindings, MachFunction, MachOp, MachReg, VReg, clobbered_by_calls};
use regalloc2 as ra;

/// The function and everything the allocator asks about it, worked out beforehand.
pub(crate) struct Adapter {
    blocks: Vec<BlockInfo>,
    insts: Vec<InstInfo>,
    vregs: usize,
    first_insts: Vec<usize>,
}

#[derive(Default)]
struct BlockInfo {
    range: Option<ra::InstRange>,
    successors: Vec<ra::Block>,
    predecessors: Vec<ra::Block>,
    params: Vec<ra::VReg>,
    /// What the jump at its end passes.
    args: Vec<ra::VReg>,
}

struct InstInfo {
    operands: Vec<ra::Operand>,
    clobbers: ra::PRegSet,
    is_branch: bool,
    is_return: bool,
}

impl Adapter {
    pub(crate) fn new(function: &MachFunction) -> Result<Adapter, String> {
        let mut adapter = Adapter {
            blocks: function.blocks.iter().map(|_| BlockInfo::default()).collect(),
            insts: Vec::new(),
            vregs: function.classes.len(),
            first_insts: Vec::new(),
        };
        for (index, block) in function.blocks.iter().enumerate() {
            let first = adapter.insts.len();
            adapter.first_insts.push(first);
            for inst in &block.insts {
                let info = describe(function, &inst.op).map_err(|error| format!("{}: {error}", inst.op))?;
                adapter.insts.push(info);
            }
            let range = ra::InstRange::new(ra::Inst::new(first), ra::Inst::new(adapter.insts.len()));
            let Some(last) = block.insts.last() else {
                return Err(format!("{}: block {index} is empty", function.name));
            };
            let successors = last.op.successors();
            let args = match &last.op {
                MachOp::Jump(edge) => edge.args.iter().map(|arg| vreg_of(function, *arg)).collect(),
                _ => Vec::new(),
            };
            for successor in &successors {
                adapter.blocks[successor.index()]
                    .predecessors
                    .push(ra::Block::new(index));
            }
            let info = &mut adapter.blocks[index];
            info.range = Some(range);
            info.successors = successors.iter().map(|block| ra::Block::new(block.index())).collect();
            info.params = block.params.iter().map(|param| vreg_of(function, *param)).collect();
            info.args = args;
        }
        Ok(adapter)
    }

    pub(crate) fn first_insts(&self) -> &[usize] {
        &self.first_insts
    }
}

/// Where the operands of an instruction stand in the allocator's list: `f` maps each register of the instruction.
///
/// The order is that of the encoder's visit. A register that an argument binds anyway shares its operand.
pub(crate) fn operand_positions(
    function: &MachFunction,
    op: &MachOp,
    allocation: impl Fn(usize) -> Reg,
) -> Result<Option<Inst<Reg>>, EncodeError> {
    let (inst, bound) = match op {
        MachOp::Asm(inst) => (inst, &[][..]),
        MachOp::Call { inst, args, .. } | MachOp::TailJump { inst, args } => (inst, &args[..]),
        _ => return Ok(None),
    };
    let mut operands = Operands::new(function, bound);
    inst.try_map(|reg, constraint| {
        Ok::<Reg, EncodeError>(match operands.register(*reg, constraint) {
            Place::Fixed(reg) => reg,
            Place::Operand(index) => allocation(index),
        })
    })
    .map(Some)
}

/// Builds the operand list of one instruction.
struct Operands<'a> {
    function: &'a MachFunction,
    bound: &'a [(VReg, Reg)],
    list: Vec<ra::Operand>,
}

enum Place {
    Fixed(Reg),
    Operand(usize),
}

impl<'a> Operands<'a> {
    fn new(function: &'a MachFunction, bound: &'a [(VReg, Reg)]) -> Operands<'a> {
        let list = bound
            .iter()
            .map(|(vreg, reg)| ra::Operand::reg_fixed_use(vreg_of(function, *vreg), preg_of(*reg)));
        Operands {
            function,
            bound,
            list: list.collect(),
        }
    }

    fn register(&mut self, reg: MachReg, constraint: RegConstraint) -> Place {
        match reg {
            MachReg::Fixed(reg) => Place::Fixed(reg),
            MachReg::Tied { result, source } => {
                let source_index = self.list.len();
                let place = match constraint.fixed {
                    Some(gpr) => ra::Operand::reg_fixed_use(vreg_of(self.function, source), preg_of(gpr.into())),
                    None => ra::Operand::reg_use(vreg_of(self.function, source)),
                };
                self.list.push(place);
                self.list.push(match constraint.fixed {
                    Some(gpr) => ra::Operand::reg_fixed_def(vreg_of(self.function, result), preg_of(gpr.into())),
                    None => ra::Operand::reg_reuse_def(vreg_of(self.function, result), source_index),
                });
                Place::Operand(source_index + 1)
            }
            MachReg::Virtual(vreg) => {
                if constraint.access == Access::Use
                    && let Some(index) = self.bound.iter().position(|(bound, _)| *bound == vreg)
                {
                    return Place::Operand(index);
                }
                let vreg = vreg_of(self.function, vreg);
                let fixed = constraint.fixed.map(|gpr| preg_of(gpr.into()));
                if constraint.access == Access::Use
                    && fixed.is_none()
                    && let Some(index) = self.list.iter().position(|known| *known == ra::Operand::reg_use(vreg))
                {
                    return Place::Operand(index); // read twice, but needed in one register only
                }
                self.list.push(match (constraint.access, fixed) {
                    (Access::Use, None) => ra::Operand::reg_use(vreg),
                    (Access::Use, Some(preg)) => ra::Operand::reg_fixed_use(vreg, preg),
                    (Access::Def, None) => ra::Operand::reg_def(vreg),
                    (Access::Def, Some(preg)) => ra::Operand::reg_fixed_def(vreg, preg),
                    (Access::Mod, _) => unreachable!("what is read and written is tied"),
                });
                Place::Operand(self.list.len() - 1)
            }
        }
    }
}

fn describe(function: &MachFunction, op: &MachOp) -> Result<InstInfo, EncodeError> {
    let mut info = InstInfo {
        operands: Vec::new(),
        clobbers: ra::PRegSet::empty(),
        is_branch: matches!(op, MachOp::Jump(_) | MachOp::Branch { .. }),
        is_return: matches!(op, MachOp::TailJump { .. } | MachOp::Return { .. } | MachOp::Trap),
    };
    let visit = |inst: &Inst<MachReg>, bound: &[(VReg, Reg)]| {
        let mut operands = Operands::new(function, bound);
        inst.visit(|reg, constraint| {
            operands.register(*reg, constraint);
        })?;
        Ok::<_, EncodeError>(operands.list)
    };
    let definitions = |bindings: &Bindings| -> Vec<ra::Operand> {
        bindings
            .iter()
            .map(|(vreg, reg)| ra::Operand::reg_fixed_def(vreg_of(function, *vreg), preg_of(*reg)))
            .collect()
    };
    match op {
        MachOp::Asm(inst) => info.operands = visit(inst, &[])?,
        MachOp::Enter { params, .. } => info.operands = definitions(params),
        MachOp::Call { inst, args, results } => {
            info.operands = visit(inst, args)?;
            info.operands.extend(definitions(results));
            info.clobbers = clobbered_by_calls().into_iter().map(preg_of).collect();
            for (_, reg) in results {
                info.clobbers.remove(preg_of(*reg));
            }
        }
        MachOp::TailJump { inst, args } => info.operands = visit(inst, args)?,
        MachOp::Return { args } => info.operands = Operands::new(function, args).list,
        MachOp::Jump(_) | MachOp::Branch { .. } | MachOp::Trap => {}
    }
    Ok(info)
}

fn vreg_of(function: &MachFunction, vreg: VReg) -> ra::VReg {
    let class = match function.class(vreg) {
        RegClass::Gpr => ra::RegClass::Int,
        RegClass::Xmm => ra::RegClass::Float,
    };
    ra::VReg::new(vreg.index(), class)
}

pub(super) fn preg_of(reg: Reg) -> ra::PReg {
    match reg {
        Reg::Gpr(gpr) => ra::PReg::new(gpr.number().into(), ra::RegClass::Int),
        Reg::Xmm(xmm) => ra::PReg::new(xmm.number().into(), ra::RegClass::Float),
    }
}

/// The register that the allocator means.
pub(crate) fn register_of(preg: ra::PReg) -> Reg {
    match preg.class() {
        ra::RegClass::Int => Gpr::ALL[preg.hw_enc()].into(),
        ra::RegClass::Float | ra::RegClass::Vector => Xmm::ALL[preg.hw_enc()].into(),
    }
}

impl ra::Function for Adapter {
    fn num_insts(&self) -> usize {
        self.insts.len()
    }

    fn num_blocks(&self) -> usize {
        self.blocks.len()
    }

    fn entry_block(&self) -> ra::Block {
        ra::Block::new(0)
    }

    fn block_insns(&self, block: ra::Block) -> ra::InstRange {
        self.blocks[block.index()].range.expect("every block was described")
    }

    fn block_succs(&self, block: ra::Block) -> &[ra::Block] {
        &self.blocks[block.index()].successors
    }

    fn block_preds(&self, block: ra::Block) -> &[ra::Block] {
        &self.blocks[block.index()].predecessors
    }

    fn block_params(&self, block: ra::Block) -> &[ra::VReg] {
        &self.blocks[block.index()].params
    }

    fn is_ret(&self, inst: ra::Inst) -> bool {
        self.insts[inst.index()].is_return
    }

    fn is_branch(&self, inst: ra::Inst) -> bool {
        self.insts[inst.index()].is_branch
    }

    fn branch_blockparams(&self, block: ra::Block, _: ra::Inst, _: usize) -> &[ra::VReg] {
        &self.blocks[block.index()].args
    }

    fn inst_operands(&self, inst: ra::Inst) -> &[ra::Operand] {
        &self.insts[inst.index()].operands
    }

    fn inst_clobbers(&self, inst: ra::Inst) -> ra::PRegSet {
        self.insts[inst.index()].clobbers
    }

    fn num_vregs(&self) -> usize {
        self.vregs
    }

    fn spillslot_size(&self, _: ra::RegClass) -> usize {
        1
    }
}
