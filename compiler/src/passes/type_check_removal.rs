//! Checks that are already decided by what is known disappear.
//!
//! What is known about a value: its type (a specialised operand, a boxed constant, the result of a box), and what the
//! branches on the way have proven ([`crate::ir::facts`]). A check that must hold or cannot hold becomes a constant; a
//! condition that was branched on before becomes one too; a narrowing that says nothing new is replaced by its value.
//! A block parameter can be of no leaves but those of its arguments.
//!
//! ```text
//! v1: val[double] = const_operand rhs
//! v2: bool = is v1 [double]              →   v2: bool = bool true
//! ```

use crate::ir::cfg::Cfg;
use crate::ir::compact::{refresh_types, replace_values};
use crate::ir::facts::{Facts, State};
use crate::ir::inst::Edge;
use crate::ir::{BlockId, Function, InstId, Op, SpecTables, Terminator, Type, TypeSet, ValueId};

/// Runs until nothing changes: a removed narrowing gives its users a better type.
pub fn run(spec: &SpecTables, function: &mut Function) {
    loop {
        let mut changed = narrow_parameters(function);
        if changed {
            refresh_types(spec, function);
        }
        changed |= decide(spec, function);
        changed |= drop_narrowings(function);
        if !changed {
            return;
        }
        refresh_types(spec, function);
    }
}

/// Gives each block parameter the type that all its arguments have.
fn narrow_parameters(function: &mut Function) -> bool {
    let cfg = Cfg::new(function);
    let mut changed = false;
    for block in cfg.order() {
        for (index, param) in function.blocks[*block].params.clone().into_iter().enumerate() {
            let Type::Val(set) = function.ty(param) else { continue };
            let Some(found) = leaves_of_arguments(function, &cfg, *block, index) else {
                continue;
            };
            if !set.is_subset(found) {
                function.values[param].ty = Type::Val(found.intersect(set));
                changed = true;
            }
        }
    }
    changed
}

/// The leaves that parameter `index` can be of; `None` when it is not only entered by edges with arguments.
fn leaves_of_arguments(function: &Function, cfg: &Cfg, block: BlockId, index: usize) -> Option<TypeSet> {
    let mut found = TypeSet::EMPTY;
    if cfg.predecessors(block).is_empty() {
        return None;
    }
    for predecessor in cfg.predecessors(block) {
        for edge in function.blocks[*predecessor].terminator.edges() {
            match edge {
                Edge::Args(to) if to.block == block => found = found.union(function.ty(to.args[index]).set()?),
                other if other.block() == block => return None,
                _ => {}
            }
        }
    }
    Some(found)
}

fn decide(spec: &SpecTables, function: &mut Function) -> bool {
    let cfg = Cfg::new(function);
    let facts = Facts::new(spec, function, &cfg);
    let mut changed = false;
    for block in cfg.order() {
        let state = facts.at(*block);
        for inst in function.blocks[*block].insts.clone() {
            if let Some(answer) = decided(spec, function, inst, &state) {
                function.insts[inst].op = Op::ConstBool(answer);
                changed = true;
            }
        }
        changed |= decide_branch(spec, function, *block, &state);
    }
    changed
}

/// What a check answers here, when nothing else is possible.
fn decided(spec: &SpecTables, function: &Function, inst: InstId, state: &State) -> Option<bool> {
    let known = |value| state.known(function, value).unwrap_or_default();
    match &function.insts[inst].op {
        Op::Is { value, set } => one_way(known(*value), *set),
        Op::BothDouble(a, b) => {
            let double = spec.double_leaf().map(TypeSet::leaf).unwrap_or_default();
            match (one_way(known(*a), double), one_way(known(*b), double)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }
        }
        Op::SameBits(a, b) if known(*a).is_disjoint(known(*b)) => Some(false),
        _ => None,
    }
}

/// A value that is one of `known`: is it one of `set`?
const fn one_way(known: TypeSet, set: TypeSet) -> Option<bool> {
    if known.is_subset(set) {
        Some(true)
    } else if known.is_disjoint(set) {
        Some(false)
    } else {
        None
    }
}

/// A branch goes one way when the other contradicts what is known: it was decided before, or just now.
fn decide_branch(spec: &SpecTables, function: &mut Function, block: BlockId, state: &State) -> bool {
    let Terminator::Branch {
        cond, then, otherwise, ..
    } = &function.blocks[block].terminator
    else {
        return false;
    };
    let possible = |holds| {
        let mut state = state.clone();
        state.learn(spec, function, *cond, holds);
        !state.is_impossible()
    };
    let taken = match (possible(true), possible(false)) {
        (true, false) => then.clone(),
        (false, true) => otherwise.clone(),
        _ => return false,
    };
    function.blocks[block].terminator = Terminator::Jump(taken);
    true
}

/// Narrowings of values whose type says as much are replaced by the values.
fn drop_narrowings(function: &mut Function) -> bool {
    let mut replacement: Vec<Option<ValueId>> = vec![None; function.values.len()];
    let mut changed = false;
    for (_, block) in function.blocks.clone().iter() {
        for inst in &block.insts {
            let data = &function.insts[*inst];
            let (Op::Narrow { value, set } | Op::Assume { value, set }) = &data.op else {
                continue;
            };
            if function.ty(*value).fits(Type::Val(*set)) {
                replacement[data.results[0].0 as usize] = Some(*value);
                changed = true;
            }
        }
    }
    if changed {
        replace_values(function, &replacement);
        let is_replaced = |function: &Function, inst: InstId| {
            let results = &function.insts[inst].results;
            results
                .first()
                .is_some_and(|result| replacement[result.0 as usize].is_some())
        };
        for block in function.blocks.ids() {
            let mut insts = std::mem::take(&mut function.blocks[block].insts);
            insts.retain(|inst| !is_replaced(function, *inst));
            function.blocks[block].insts = insts;
        }
    }
    changed
}
