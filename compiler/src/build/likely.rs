//! Tells branches which side is hot: the one that does not lead straight to slow code.

use crate::ir::{BlockId, Function, Likely, Terminator};

/// Sets `likely` of every branch of which exactly one side is cold.
pub fn mark(function: &mut Function) {
    let blocks: Vec<BlockId> = function.blocks.ids().collect();
    for block in blocks {
        let Terminator::Branch { then, otherwise, .. } = &function.blocks[block].terminator else {
            continue;
        };
        let verdict = match (
            leads_to_cold(function, then.block),
            leads_to_cold(function, otherwise.block),
        ) {
            (false, true) => Likely::Then,
            (true, false) => Likely::Else,
            _ => continue,
        };
        if let Terminator::Branch { likely, .. } = &mut function.blocks[block].terminator {
            *likely = verdict;
        }
    }
}

/// Whether the block is cold, or does nothing but jump to one that is.
fn leads_to_cold(function: &Function, mut block: BlockId) -> bool {
    for _ in 0..function.blocks.len() {
        let data = &function.blocks[block];
        match &data.terminator {
            _ if data.cold => return true,
            Terminator::Jump(to) if data.insts.is_empty() => block = to.block,
            _ => return false,
        }
    }
    false
}
