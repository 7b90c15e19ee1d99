//! Drops comparisons whose flags are still there: a check and the comparison after it often look at the same operands.

use super::rewrite::Code;
use crate::encoder::{Access, EncodeError, Inst, Mem, Op, Operand, Reg};

pub(super) fn drop_repeated_comparisons(code: &mut Code) -> Result<(), EncodeError> {
    let mut predecessors = vec![Vec::new(); code.blocks.len()];
    for (index, block) in code.blocks.iter().enumerate() {
        for successor in block.end.successors() {
            predecessors[successor.index()].push(index);
        }
    }
    // What is known at the end of each block; unknown while it has not been visited.
    let mut at_end: Vec<Option<Inst<Reg>>> = vec![None; code.blocks.len()];
    for index in 0..code.blocks.len() {
        let mut known = match predecessors[index][..] {
            [only] if only < index && index != 0 => at_end[only].clone(),
            _ => None,
        };
        let mut kept = Vec::new();
        for inst in std::mem::take(&mut code.blocks[index].insts) {
            if is_comparison(&inst.inst) && known.as_ref() == Some(&inst.inst) {
                continue;
            }
            known = after(&inst.inst, known)?;
            kept.push(inst);
        }
        code.blocks[index].insts = kept;
        at_end[index] = known;
    }
    Ok(())
}

fn is_comparison(inst: &Inst<Reg>) -> bool {
    matches!(inst.op(), Op::Cmp | Op::Test | Op::Ucomisd)
}

/// The comparison whose flags stand after `inst`, given the one whose flags stood before.
fn after(inst: &Inst<Reg>, known: Option<Inst<Reg>>) -> Result<Option<Inst<Reg>>, EncodeError> {
    if is_comparison(inst) {
        return Ok(Some(inst.clone()));
    }
    let Some(known) = known else { return Ok(None) };
    if !inst.flags_written().is_empty() || inst.op() == Op::Call {
        return Ok(None);
    }
    let writes_memory = matches!(inst.operands().next(), Some(Operand::Mem(_)));
    if writes_memory && known.operands().any(|operand| matches!(operand, Operand::Mem(_))) {
        return Ok(None);
    }
    let mut is_kept = true;
    inst.visit(|reg, constraint| {
        is_kept &= constraint.access == Access::Use || !mentions(&known, *reg);
    })?;
    Ok(is_kept.then_some(known))
}

fn mentions(inst: &Inst<Reg>, reg: Reg) -> bool {
    let in_address = |mem: &Mem<Reg>| mem.registers().any(|part| *part == reg);
    inst.operands().any(|operand| match operand {
        Operand::Reg(operand) => *operand == reg,
        Operand::Mem(mem) => in_address(mem),
        Operand::Imm(_) | Operand::Target(_) => false,
    })
}
