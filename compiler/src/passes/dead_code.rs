//! What is unreachable, unused or only jumps goes.
//!
//! * Branches and switches on constants, and branches whose sides agree, become jumps.
//! * Edges to a block that only jumps or branches on skip it where the way on is known.
//! * A parameter that is always the same value is replaced by it; one that nobody reads goes.
//! * A block with one predecessor that does nothing but jump to it is joined to that one.
//! * Blocks that only go on in the same function become one.
//! * Operations without effect whose results nobody reads are dropped.

use crate::ir::cfg::Cfg;
use crate::ir::compact::{refresh_types, replace_values, retarget};
use crate::ir::inst::Edge;
use crate::ir::{Block, BlockCall, BlockId, Function, Id, InstId, Op, SpecTables, Terminator, ValueDef, ValueId};

/// Runs until nothing changes.
pub fn run(spec: &SpecTables, function: &mut Function) {
    let steps: [fn(&mut Function) -> bool; 5] = [
        fold_terminators,
        thread_jumps,
        drop_parameters,
        join_blocks,
        unite_tail_jumps,
    ];
    // Chains of empty blocks are shorter than the number of blocks; a ring of them would be followed for ever.
    for _ in 0..function.blocks.len() + 8 {
        let changed = steps.iter().fold(false, |changed, step| step(function) | changed);
        if !changed {
            break;
        }
    }
    drop_unused(spec, function);
    // A parameter's argument may be of a better type than the parameter was.
    refresh_types(spec, function);
}

fn fold_terminators(function: &mut Function) -> bool {
    let mut changed = false;
    for block in Cfg::new(function).order().to_vec() {
        let taken = match &function.blocks[block].terminator {
            Terminator::Branch { then, otherwise, .. } if then == otherwise => Some(then),
            Terminator::Branch {
                cond, then, otherwise, ..
            } => match function.def(*cond) {
                Some(Op::ConstBool(true)) => Some(then),
                Some(Op::ConstBool(false)) => Some(otherwise),
                _ => None,
            },
            Terminator::Switch { index, cases } => match function.def(*index) {
                Some(Op::ConstI32(case)) => usize::try_from(*case).ok().and_then(|case| cases.get(case)),
                _ if cases.iter().all(|case| *case == cases[0]) => cases.first(),
                _ => None,
            },
            _ => None,
        };
        if let Some(taken) = taken.cloned() {
            function.blocks[block].terminator = Terminator::Jump(taken);
            changed = true;
        }
    }
    changed
}

/// The blocks after caches: what they are entered with is remembered, so they stay what they are.
fn remembered(function: &Function) -> Vec<bool> {
    let mut remembered = vec![false; function.blocks.len()];
    for block in function.blocks.values() {
        if let Terminator::Cache { done, .. } = &block.terminator {
            remembered[done.index()] = true;
        }
    }
    remembered
}

/// Which blocks' parameters are read by their own terminator at most.
fn params_stay_inside(function: &Function) -> Vec<bool> {
    let mut inside = vec![true; function.blocks.len()];
    for (id, block) in function.blocks.iter() {
        let in_insts = block
            .insts
            .iter()
            .flat_map(|inst| function.insts[*inst].op.args())
            .map(|value| (value, true));
        let in_terminator = block.terminator.args().into_iter().map(|value| (value, false));
        for (value, by_inst) in in_insts.chain(in_terminator) {
            if let ValueDef::Param(owner, _) = function.values[value].def
                && (owner != id || by_inst)
            {
                inside[owner.index()] = false;
            }
        }
    }
    inside
}

fn thread_jumps(function: &mut Function) -> bool {
    let cfg = Cfg::new(function);
    let remembered = remembered(function);
    let inside = params_stay_inside(function);
    let skippable = |function: &Function, block: BlockId| {
        function.blocks[block].insts.is_empty() && !remembered[block.index()] && inside[block.index()]
    };
    let mut changed = false;
    for block in cfg.order() {
        let mut terminator = function.blocks[*block].terminator.clone();
        let mut local = false;
        for edge in terminator.block_calls_mut() {
            if skippable(function, edge.block)
                && let Some(on) = way_on(function, edge)
                && on.block != edge.block
            {
                *edge = on;
                local = true;
            }
        }
        if let Terminator::Jump(to) = &terminator
            && to.block != *block
            && skippable(function, to.block)
            && is_short_end(&function.blocks[to.block])
        {
            let mut end = function.blocks[to.block].terminator.clone();
            end.visit_args_mut(|value| *value = argument(function, to, *value));
            function.blocks[*block].line = function.blocks[to.block].line;
            terminator = end;
            local = true;
        }
        if local {
            function.blocks[*block].terminator = terminator;
            changed = true;
        }
    }
    changed
}

/// Where an edge to an empty block leads in the end, if that is known.
fn way_on(function: &Function, edge: &BlockCall) -> Option<BlockCall> {
    let mut on = match &function.blocks[edge.block].terminator {
        Terminator::Jump(to) => to.clone(),
        Terminator::Branch {
            cond, then, otherwise, ..
        } => match function.def(argument(function, edge, *cond)) {
            Some(Op::ConstBool(true)) => then.clone(),
            Some(Op::ConstBool(false)) => otherwise.clone(),
            _ => return None,
        },
        _ => return None,
    };
    for arg in &mut on.args {
        *arg = argument(function, edge, *arg);
    }
    Some(on)
}

/// What `value` is in the block that `edge` leads to, when it is entered by that edge.
fn argument(function: &Function, edge: &BlockCall, value: ValueId) -> ValueId {
    match function.values[value].def {
        ValueDef::Param(block, index) if block == edge.block => edge.args[index as usize],
        _ => value,
    }
}

/// Whether a block ends in something that is better repeated than jumped to.
fn is_short_end(block: &Block) -> bool {
    match &block.terminator {
        Terminator::Next | Terminator::Again | Terminator::Goto(_) | Terminator::Unreachable => true,
        Terminator::Branch { cond, .. } => block.params.contains(cond),
        _ => false,
    }
}

fn drop_parameters(function: &mut Function) -> bool {
    let cfg = Cfg::new(function);
    let remembered = remembered(function);
    let mut changed = false;
    for block in cfg.order().to_vec() {
        if block == function.entry || remembered[block.index()] {
            continue;
        }
        for index in (0..function.blocks[block].params.len()).rev() {
            let param = function.blocks[block].params[index];
            if let Some(value) = only_argument(function, &cfg, block, index, param) {
                let mut replacement = vec![None; function.values.len()];
                replacement[param.index()] = Some(value);
                replace_values(function, &replacement);
            } else if is_read(function, &cfg, param) {
                continue;
            }
            remove_parameter(function, block, index);
            changed = true;
        }
    }
    changed
}

/// Whether anything that can be reached reads `value`.
fn is_read(function: &Function, cfg: &Cfg, value: ValueId) -> bool {
    cfg.order().iter().any(|block| {
        let block = &function.blocks[*block];
        let by_inst = |inst: &InstId| function.insts[*inst].op.args().contains(&value);
        block.terminator.args().contains(&value) || block.insts.iter().any(by_inst)
    })
}

/// The one value that parameter `index` of `block` is entered with, itself aside.
fn only_argument(function: &Function, cfg: &Cfg, block: BlockId, index: usize, param: ValueId) -> Option<ValueId> {
    let mut only = None;
    for predecessor in cfg.predecessors(block) {
        for edge in function.blocks[*predecessor].terminator.edges() {
            match edge {
                Edge::Args(to) if to.block == block => {
                    let arg = to.args[index];
                    if arg != param && *only.get_or_insert(arg) != arg {
                        return None;
                    }
                }
                _ => {}
            }
        }
    }
    only
}

fn remove_parameter(function: &mut Function, block: BlockId, index: usize) {
    function.blocks[block].params.remove(index);
    for (number, param) in function.blocks[block].params.clone().into_iter().enumerate() {
        function.values[param].def = ValueDef::Param(block, number as u32);
    }
    for (_, other) in function.blocks.iter_mut() {
        for edge in other.terminator.block_calls_mut() {
            if edge.block == block {
                edge.args.remove(index);
            }
        }
    }
}

fn join_blocks(function: &mut Function) -> bool {
    let mut changed = false;
    for block in Cfg::new(function).order().to_vec() {
        // Joining moves the successor's content here, so go on as long as there is one to join.
        while let Terminator::Jump(to) = function.blocks[block].terminator.clone() {
            let cfg = Cfg::new(function);
            let goes_cold = function.blocks[to.block].cold && !function.blocks[block].cold;
            let joins = cfg.is_reachable(block)
                && cfg.predecessors(to.block).len() == 1
                && to.block != block
                && !goes_cold
                && !remembered(function)[to.block.index()];
            if !joins {
                break;
            }
            let next = std::mem::replace(
                &mut function.blocks[to.block],
                Block {
                    params: vec![],
                    insts: vec![],
                    terminator: Terminator::Unreachable,
                    line: 0,
                    cold: false,
                },
            );
            let mut replacement = vec![None; function.values.len()];
            for (param, arg) in next.params.iter().zip(&to.args) {
                replacement[param.index()] = Some(*arg);
            }
            let into = &mut function.blocks[block];
            into.insts.extend(next.insts);
            into.terminator = next.terminator;
            into.line = next.line;
            replace_values(function, &replacement);
            changed = true;
        }
    }
    changed
}

/// Blocks that only go on in the same function, with the same arguments, are one.
fn unite_tail_jumps(function: &mut Function) -> bool {
    let mut first: Vec<BlockId> = Vec::new();
    let mut same: Vec<Option<BlockId>> = vec![None; function.blocks.len()];
    for block in Cfg::new(function).order().to_vec() {
        let data = &function.blocks[block];
        let is_stub = data.insts.is_empty() && data.params.is_empty() && block != function.entry;
        if !is_stub || !matches!(data.terminator, Terminator::TailJump { .. }) {
            continue;
        }
        match first
            .iter()
            .find(|other| function.blocks[**other].terminator == data.terminator)
        {
            Some(other) => same[block.index()] = Some(*other),
            None => first.push(block),
        }
    }
    if same.iter().all(Option::is_none) {
        return false;
    }
    for (_, block) in function.blocks.iter_mut() {
        retarget(&mut block.terminator, |block| {
            *block = same[block.index()].unwrap_or(*block)
        });
    }
    true
}

fn drop_unused(spec: &SpecTables, function: &mut Function) {
    let order = Cfg::new(function).order().to_vec();
    let mut used = vec![false; function.values.len()];
    let mut work: Vec<ValueId> = Vec::new();
    for block in &order {
        let block = &function.blocks[*block];
        work.extend(block.terminator.args());
        for inst in block.insts.iter().filter(|inst| must_stay(spec, function, **inst)) {
            work.extend(function.insts[*inst].op.args());
        }
    }
    while let Some(value) = work.pop() {
        if !std::mem::replace(&mut used[value.index()], true)
            && let ValueDef::Result(inst, _) = function.values[value].def
        {
            work.extend(function.insts[inst].op.args());
        }
    }
    for block in order {
        let mut insts = std::mem::take(&mut function.blocks[block].insts);
        insts.retain(|inst| {
            must_stay(spec, function, *inst) || function.insts[*inst].results.iter().any(|result| used[result.index()])
        });
        function.blocks[block].insts = insts;
    }
}

fn must_stay(spec: &SpecTables, function: &Function, inst: InstId) -> bool {
    match &function.insts[inst].op {
        Op::CallExtern { callee, .. } => !spec.externs[*callee].effects.is_removable(),
        op => op.has_effect(),
    }
}
