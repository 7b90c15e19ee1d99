//! Jump threading: what jumps to a block that only jumps on goes where that goes.

use super::rewrite::{Code, Destination, End};
use crate::encoder::{Op, Operand, Target};
use crate::machine::MachBlockId;

pub(super) fn thread_jumps(code: &mut Code) {
    for index in 0..code.blocks.len() {
        let end = std::mem::replace(&mut code.blocks[index].end, End::Nothing);
        code.blocks[index].end = match end {
            End::Jump(destination) => End::Jump(resolve(code, destination)),
            End::Branch { test, then, other } => {
                let (then, other) = (resolve(code, then), resolve(code, other));
                match then == other {
                    true => End::Jump(then),
                    false => End::Branch { test, then, other },
                }
            }
            End::Nothing => End::Nothing,
        };
    }
}

/// Where control ends up. A loop of empty blocks is left alone.
fn resolve(code: &Code, destination: Destination) -> Destination {
    let mut current = destination.clone();
    for _ in 0..code.blocks.len() {
        let Destination::Block(block) = current else {
            return current;
        };
        match passed_on(code, block) {
            Some(next) => current = next,
            None => return current,
        }
    }
    destination
}

/// Where a block goes if that is all it does.
fn passed_on(code: &Code, block: MachBlockId) -> Option<Destination> {
    let block = &code.blocks[block.index()];
    match (&block.insts[..], &block.end) {
        ([], End::Jump(destination)) => Some(destination.clone()),
        ([only], End::Nothing) if only.inst.op() == Op::Jmp => match only.inst.operands().next() {
            Some(Operand::Target(Target::Symbol(symbol))) => Some(Destination::Symbol(symbol.clone())),
            _ => None,
        },
        _ => None,
    }
}
