//! Which slots are still as they were: a number per block and instruction that changes with every write to slots.

use crate::ir::cfg::Cfg;
use crate::ir::inst::Edge;
use crate::ir::{BlockId, Function, Id, InstId, Op, SpecTables};

/// The epoch of the slots on entry to each block and before each instruction. Equal epochs: nothing was written in
/// between on any path.
pub struct SlotEpochs {
    entering: Vec<Option<u32>>,
    before: Vec<Option<u32>>,
}

impl SlotEpochs {
    /// Numbers the epochs of `function`.
    pub fn new(spec: &SpecTables, function: &Function, cfg: &Cfg) -> Self {
        let mut epochs = Self {
            entering: vec![None; function.blocks.len()],
            before: vec![None; function.insts.len()],
        };
        let mut leaving: Vec<Option<u32>> = vec![None; function.blocks.len()];
        let mut last = 0;
        for block in cfg.order() {
            let mut epoch = agreed(function, cfg, &leaving, *block).unwrap_or_else(|| {
                last += 1;
                last
            });
            epochs.entering[block.index()] = Some(epoch);
            for inst in &function.blocks[*block].insts {
                epochs.before[inst.index()] = Some(epoch);
                if writes_slots(spec, &function.insts[*inst].op) {
                    last += 1;
                    epoch = last;
                }
            }
            leaving[block.index()] = Some(epoch);
        }
        epochs
    }
    /// Whether no slot was written between `inst` and the start of `block`, which it dominates.
    pub fn unchanged(&self, inst: InstId, block: BlockId) -> bool {
        let before = self.before.get(inst.index()).copied().flatten();
        before.is_some() && before == self.entering[block.index()]
    }
}

/// The epoch that all predecessors leave with; none at the entry, after a call, or when they differ.
fn agreed(function: &Function, cfg: &Cfg, leaving: &[Option<u32>], block: BlockId) -> Option<u32> {
    let mut agreed = None;
    for predecessor in cfg.predecessors(block) {
        let edges = function.blocks[*predecessor].terminator.edges();
        let through_call = edges
            .iter()
            .any(|edge| edge.block() == block && matches!(edge, Edge::Call(_)));
        let epoch = leaving[predecessor.index()]?;
        if through_call || *agreed.get_or_insert(epoch) != epoch {
            return None;
        }
    }
    agreed
}

fn writes_slots(spec: &SpecTables, op: &Op) -> bool {
    match op {
        Op::SlotStore { .. } | Op::StoreResult(_) | Op::StoreResults { .. } | Op::PtrStore { .. } => true,
        Op::CallExtern { callee, .. } => spec.externs[*callee].effects.may_write_slots(),
        _ => false,
    }
}
