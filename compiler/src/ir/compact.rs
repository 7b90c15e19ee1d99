//! Renumbers a function so that only what is reachable remains: blocks in reverse postorder, then instructions and
//! values in the order they are printed. Two functions that do the same the same way then compare equal.

use super::builder::result_types;
use super::cfg::Cfg;
use super::function::{Block, Function, InstData, ValueData, ValueDef};
use super::ids::{BlockId, Id, Table, ValueId};
use super::inst::{ContinuationTarget, Terminator};
use super::spec::SpecTables;

/// Renumbers `function` and drops what cannot be reached.
pub fn compact(function: &mut Function) {
    let order: Vec<BlockId> = Cfg::new(function).order().to_vec();
    let mut new_block = vec![None; function.blocks.len()];
    for (index, block) in order.iter().enumerate() {
        new_block[block.index()] = Some(BlockId::from_index(index));
    }
    // Definitions first: reverse postorder puts a definition before its uses, except around loops.
    let mut values: Table<ValueId, ValueData> = Table::new();
    let mut new_value = vec![None; function.values.len()];
    let mut insts = Table::new();
    let mut blocks: Table<BlockId, Block> = Table::new();
    for block in &order {
        let Block {
            params,
            insts: old_insts,
            terminator,
            line,
            cold,
        } = function.blocks[*block].clone();
        let id = blocks.next_id();
        let mut define = |old: &ValueId, def| {
            let new = values.push(ValueData {
                ty: function.values[*old].ty,
                def,
            });
            new_value[old.index()] = Some(new);
            new
        };
        let params = params
            .iter()
            .enumerate()
            .map(|(index, old)| define(old, ValueDef::Param(id, index as u32)))
            .collect();
        let mut new_insts = Vec::with_capacity(old_insts.len());
        for inst in old_insts {
            let InstData { op, results, line } = function.insts[inst].clone();
            let id = insts.next_id();
            let results = results
                .iter()
                .enumerate()
                .map(|(index, old)| define(old, ValueDef::Result(id, index as u32)))
                .collect();
            new_insts.push(insts.push(InstData { op, results, line }));
        }
        blocks.push(Block {
            params,
            insts: new_insts,
            terminator,
            line,
            cold,
        });
    }
    // A use of a value that nothing reachable defines keeps a number that no value has; the verifier reports it.
    let undefined = ValueId::from_index(values.len());
    let rename = |value: &mut ValueId| *value = new_value[value.index()].unwrap_or(undefined);
    for (_, inst) in insts.iter_mut() {
        inst.op.visit_args_mut(rename);
    }
    for (_, block) in blocks.iter_mut() {
        block.terminator.visit_args_mut(rename);
        retarget(&mut block.terminator, |block| {
            *block = new_block[block.index()].unwrap_or(*block)
        });
    }
    function.entry = BlockId(0);
    function.blocks = blocks;
    function.insts = insts;
    function.values = values;
}

/// Calls `visit` on every block that `terminator` names.
pub fn retarget(terminator: &mut Terminator, mut visit: impl FnMut(&mut BlockId)) {
    if let Terminator::Cache { done, .. } = terminator {
        visit(done);
    }
    for to in terminator.block_calls_mut() {
        visit(&mut to.block);
    }
    for next in terminator.continuations_mut() {
        if let ContinuationTarget::Block(block) = &mut next.target {
            visit(block);
        }
    }
}

/// Recomputes the types of all results, after operands were replaced by values of which more is known.
pub fn refresh_types(spec: &SpecTables, function: &mut Function) {
    for block in Cfg::new(function).order().to_vec() {
        for inst in function.blocks[block].insts.clone() {
            let types = result_types(spec, function, &function.insts[inst].op);
            for (index, ty) in types.into_iter().enumerate().take(function.insts[inst].results.len()) {
                let value = function.insts[inst].results[index];
                function.values[value].ty = ty;
            }
        }
    }
}

/// Replaces uses: `replacement[v]` stands for `v`, followed to the end.
pub fn replace_values(function: &mut Function, replacement: &[Option<ValueId>]) {
    let rename = |value: &mut ValueId| {
        while let Some(Some(other)) = replacement.get(value.index()) {
            *value = *other;
        }
    };
    for (_, inst) in function.insts.iter_mut() {
        inst.op.visit_args_mut(rename);
    }
    for (_, block) in function.blocks.iter_mut() {
        block.terminator.visit_args_mut(rename);
    }
}
