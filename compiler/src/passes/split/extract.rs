//! Copies what is reached from a block into a function of its own.

use std::collections::BTreeSet;

use super::epochs::SlotEpochs;
use super::rebuild::Rebuilder;
use crate::ir::builder::append;
use crate::ir::cfg::Cfg;
use crate::ir::compact::{refresh_types, replace_values, retarget};
use crate::ir::facts::{Facts, State, root};
use crate::ir::{BlockId, Function, FunctionKind, Id, InstId, Op, Role, SpecTables, Type, ValueId};

/// How the new function is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// By a jump: registers and memory are as they were.
    Jump,
    /// By the return of a callee: only the instruction, the frame's function and what was saved are as they were.
    Call,
}

/// Where a part comes from.
#[derive(Clone, Copy)]
pub struct Origin<'f> {
    /// The tables.
    pub spec: &'f SpecTables,
    /// The whole function.
    pub function: &'f Function,
    /// Its control flow.
    pub cfg: &'f Cfg,
    /// What is known at `start`.
    pub state: &'f State,
    /// Which of its slots are still as they were.
    pub epochs: &'f SlotEpochs,
    /// Where the part starts.
    pub start: BlockId,
}

/// The function that does what follows from the start on, and the values it is to be entered with, after parameters of
/// the types `before`, which it does not read, and the parameters of the start.
///
/// # Errors
/// When a value that it needs can neither be computed again nor be kept.
pub fn extract(
    from: &Origin<'_>,
    boundary: Boundary,
    before: &[Type],
    role: Role,
) -> Result<(Function, Vec<ValueId>), String> {
    let Origin {
        spec,
        function,
        cfg,
        start,
        ..
    } = *from;
    let region = reachable(function, cfg, start);
    let mut part = empty_like(function);
    part.role = role;
    part.blocks[part.entry].cold = boundary == Boundary::Jump || function.blocks[start].cold;

    let mut new_block = vec![None; function.blocks.len()];
    new_block[start.index()] = Some(part.entry);
    for block in region.iter().filter(|block| **block != start) {
        let new = part.add_block();
        part.blocks[new].cold = part.blocks[part.entry].cold || function.blocks[*block].cold;
        new_block[block.index()] = Some(new);
    }

    for ty in before {
        part.add_param(part.entry, *ty);
    }
    // Parameters first, then what is computed again, then the copies.
    let mut new_value: Vec<Option<ValueId>> = vec![None; function.values.len()];
    for block in &region {
        for param in &function.blocks[*block].params {
            let new = new_block[block.index()].map(|block| part.add_param(block, function.ty(*param)));
            new_value[param.index()] = new;
        }
    }
    // In the order of what they are copies of, whatever the copies: parts that need the same come out the same.
    let mut needed: Vec<ValueId> = needed_from_outside(function, &region).into_iter().collect();
    needed.sort_by_key(|value| root(function, *value));
    let mut rebuilder = Rebuilder::new(from, boundary);
    for value in needed {
        new_value[value.index()] = Some(rebuilder.value(&mut part, value)?);
    }
    let passed = rebuilder.into_passed();

    for block in &region {
        let Some(new) = new_block[block.index()] else { continue };
        for inst in &function.blocks[*block].insts {
            let data = &function.insts[*inst];
            let types: Vec<Type> = data.results.iter().map(|result| function.ty(*result)).collect();
            let copy = part.make_inst(data.op.clone(), &types, data.line);
            for (old, new) in data.results.iter().zip(&part.insts[copy].results) {
                new_value[old.index()] = Some(*new);
            }
            part.blocks[new].insts.push(copy);
        }
        part.blocks[new].line = function.blocks[*block].line;
        part.blocks[new].terminator = function.blocks[*block].terminator.clone();
    }
    rename(&mut part, &new_block, &new_value, &region, function);
    refresh_types(spec, &mut part);
    Ok((part, passed))
}

/// A function without content, of the same bytecode and shape.
fn empty_like(function: &Function) -> Function {
    let mut part = Function::new("", FunctionKind::clone(&function.kind));
    part.variant = function.variant.clone();
    part.form = function.form;
    part
}

/// The blocks reached from `start`, itself first, in reverse postorder.
fn reachable(function: &Function, cfg: &Cfg, start: BlockId) -> Vec<BlockId> {
    let mut seen = vec![false; function.blocks.len()];
    let mut work = vec![start];
    while let Some(block) = work.pop() {
        if !std::mem::replace(&mut seen[block.index()], true) {
            work.extend(function.blocks[block].terminator.successors());
        }
    }
    let others = cfg
        .order()
        .iter()
        .copied()
        .filter(|block| *block != start && seen[block.index()]);
    std::iter::once(start).chain(others).collect()
}

/// The values that a region reads and does not define, in order.
fn needed_from_outside(function: &Function, region: &[BlockId]) -> BTreeSet<ValueId> {
    let mut defined = BTreeSet::new();
    let mut used = BTreeSet::new();
    for block in region {
        let block = &function.blocks[*block];
        defined.extend(block.params.iter().copied());
        for inst in &block.insts {
            defined.extend(function.insts[*inst].results.iter().copied());
            used.extend(function.insts[*inst].op.args());
        }
        used.extend(block.terminator.args());
    }
    &used - &defined
}

/// Makes the copies in `part` mention new values and blocks. What was computed again mentions them already.
fn rename(
    part: &mut Function,
    new_block: &[Option<BlockId>],
    new_value: &[Option<ValueId>],
    region: &[BlockId],
    function: &Function,
) {
    let value = |old: &mut ValueId| *old = new_value[old.index()].unwrap_or(*old);
    for block in region {
        let Some(new) = new_block[block.index()] else { continue };
        let copied = function.blocks[*block].insts.len();
        let insts = part.blocks[new].insts.clone();
        for inst in &insts[insts.len() - copied..] {
            part.insts[*inst].op.visit_args_mut(value);
        }
        let terminator = &mut part.blocks[new].terminator;
        terminator.visit_args_mut(value);
        retarget(terminator, |block| *block = new_block[block.index()].unwrap_or(*block));
    }
}

/// Replaces narrowed values that nothing in `part` proves by the values that were narrowed: most were narrowed only
/// because something was known about them.
pub fn forget_unproven(spec: &SpecTables, part: &mut Function) {
    let cfg = Cfg::new(part);
    let facts = Facts::new(spec, part, &cfg);
    let mut replacement = vec![None; part.values.len()];
    for block in cfg.order() {
        let state = facts.at(*block);
        let unproven = |part: &Function, inst: InstId| match part.insts[inst].op {
            Op::Narrow { value, set } if !state.known(part, value)?.is_subset(set) => Some(value),
            _ => None,
        };
        for inst in part.blocks[*block].insts.clone() {
            if let Some(value) = unproven(part, inst) {
                replacement[part.insts[inst].results[0].index()] = Some(value);
                part.blocks[*block].insts.retain(|other| *other != inst);
            }
        }
    }
    replace_values(part, &replacement);
    refresh_types(spec, part);
}

/// `value`, which a call saves, as something that a frame can hold: a reference is boxed at the end of `block`.
///
/// # Errors
/// When the collector could not find what the value refers to.
pub fn boxed_to_save(
    spec: &SpecTables,
    function: &mut Function,
    block: BlockId,
    value: ValueId,
) -> Result<ValueId, String> {
    match function.ty(value) {
        Type::Val(_) | Type::F64 | Type::I32 | Type::Bool => Ok(value),
        Type::Ref(record) => {
            let leaf = spec
                .leaf_of_record(record)
                .ok_or_else(|| cannot_keep(spec, function.ty(value)))?;
            let line = function.blocks[block].line;
            let inst = append(spec, function, block, Op::Box { leaf, value }, line);
            Ok(function.insts[inst].results[0])
        }
        Type::I64 | Type::Ptr => Err(cannot_keep(spec, function.ty(value))),
    }
}

/// Why a value of type `ty` cannot be kept across a call.
pub fn cannot_keep(spec: &SpecTables, ty: Type) -> String {
    let what = match ty {
        Type::Ref(record) => format!("a reference to `{}`", spec.records[record].name),
        Type::Ptr => "a list or an address".into(),
        _ => "a 64-bit number".into(),
    };
    format!("{what} cannot be kept across a call: read it again after the call")
}
