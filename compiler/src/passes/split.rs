//! Cold regions and continuations become functions of their own.
//!
//! A handler should be its expected path and nothing else: what is cold gets its own code, registers and section. And
//! what follows a call cannot share registers with what was before it: the callee ran in between.
//!
//! * A *continuation* of a call becomes a function that is entered with nothing but the frame. What it needs from
//!   before is read again where that gives the same value (constants, operands, the callee), or saved by the call.
//! * A *cold region*, all that is reached through a block marked cold, becomes a function that is entered by a
//!   `tail_jump`. Slots that were not written since are read again as well; what is left is passed as arguments.
//!
//! ```text
//! b0: .. branch v2 b1, b2 likely then        b0: .. branch v2 b1, b2 likely then
//! b2 cold: v5 = extern slow(v1)          →   b2 cold: tail_jump ADD.cold1()
//!   ..                                       fn ADD.cold1 .. { b0 cold: v0 = slot_index lhs .. }
//! ```
//!
//! Code that both the expected path and a part of its own reach is copied into the part. Parts that come out the same
//! are made once. Switched off, cold regions stay where they are; continuations are split in any case.

mod epochs;
mod extract;
mod rebuild;

use std::collections::HashMap;

use super::PassError;
use crate::ir::builder::append;
use crate::ir::cfg::Cfg;
use crate::ir::compact::compact;
use crate::ir::facts::{Facts, State, drop_impossible};
use crate::ir::print::print_detached;
use crate::ir::verify::verify_function;
use crate::ir::{
    Block, BlockId, CallArgs, ContinuationTarget, Function, FunctionId, Id, Op, Program, Role, SpecTables, Terminator,
    Type, ValueId,
};
use epochs::SlotEpochs;
use extract::{Boundary, Origin, extract, forget_unproven};

/// Splits every function of `program`.
pub fn run(program: &mut Program, enabled: bool) -> Result<(), PassError> {
    let ids: Vec<FunctionId> = program.functions.ids().collect();
    let mut made = HashMap::new();
    for id in ids {
        if program.functions[id].role != Role::Entry {
            continue;
        }
        let mut splitter = Splitter {
            program,
            made: &mut made,
            entry: id,
            counts: [0; 3],
            outline: enabled,
        };
        let function = splitter.program.functions[id].clone();
        let function = splitter.split(function)?;
        program.functions[id] = function;
    }
    Ok(())
}

/// Splits one bytecode or native function.
struct Splitter<'p> {
    program: &'p mut Program,
    /// Parts by their text, so that equal ones are made once.
    made: &'p mut HashMap<String, FunctionId>,
    /// The part of role `Entry`.
    entry: FunctionId,
    /// Parts named so far: cold, continuations, catches.
    counts: [u32; 3],
    /// Whether cold regions are outlined.
    outline: bool,
}

impl Splitter<'_> {
    fn split(&mut self, mut function: Function) -> Result<Function, PassError> {
        drop_impossible(&self.program.spec, &mut function);
        self.continuations(&mut function)?;
        if self.outline && !function.blocks[function.entry].cold {
            self.cold_regions(&mut function)?;
        }
        compact(&mut function);
        Ok(function)
    }

    /// Makes functions of all blocks that calls continue in.
    fn continuations(&mut self, function: &mut Function) -> Result<(), PassError> {
        let cfg = Cfg::new(function);
        let order = cfg.order().to_vec();
        let has_call = order
            .iter()
            .any(|block| !function.blocks[*block].terminator.continuations().is_empty());
        if has_call && cfg.is_cyclic() {
            return Err(self.error(function, function.entry, "a call cannot stand in a loop"));
        }
        for block in order {
            // What only continuations reach has moved into them.
            if !Cfg::new(function).is_reachable(block) {
                continue;
            }
            self.continuations_of(function, block)?;
        }
        Ok(())
    }

    /// Makes functions of the blocks that the call at the end of `block` continues in. Both read the same saved values:
    /// what the catch needs stands behind what the normal continuation needs.
    fn continuations_of(&mut self, function: &mut Function, block: BlockId) -> Result<(), PassError> {
        let mut saved = Vec::new();
        for index in 0..function.blocks[block].terminator.continuations().len() {
            let continuation = function.blocks[block].terminator.continuations()[index];
            let ContinuationTarget::Block(target) = continuation.target else {
                continue;
            };
            let of = self.entry;
            let role = if index == 0 {
                Role::Continuation { of }
            } else {
                Role::Catch { of }
            };
            let before: Vec<Type> = saved.iter().map(|value| function.ty(*value)).collect();
            let (part, needed) = self.part(function, target, role, &before)?;
            saved = self.save(function, block, part, saved, &needed)?;
            let mut continuations = function.blocks[block].terminator.continuations_mut();
            continuations[index].target = ContinuationTarget::Function(part);
            continuations[index].saved.clone_from(&saved);
        }
        if !saved.is_empty() {
            copy_arguments(&self.program.spec, function, block);
        }
        Ok(())
    }

    /// What a call saves: `saved`, then `needed` as something that a frame can hold, so references are boxed.
    fn save(
        &self,
        function: &mut Function,
        block: BlockId,
        part: FunctionId,
        mut saved: Vec<ValueId>,
        needed: &[ValueId],
    ) -> Result<Vec<ValueId>, PassError> {
        let spec = self.program.spec.clone();
        for value in needed {
            let value = extract::boxed_to_save(&spec, function, block, *value)
                .map_err(|message| self.error(function, block, message))?;
            saved.push(value);
        }
        Ok(self.hand_over(function, block, part, saved))
    }

    /// The values that `block` enters `part` with, as what the part takes them for: what is known about them there is
    /// known at the end of `block`.
    fn hand_over(
        &self,
        function: &mut Function,
        block: BlockId,
        part: FunctionId,
        values: Vec<ValueId>,
    ) -> Vec<ValueId> {
        let target = &self.program.functions[part];
        let params = &target.blocks[target.entry].params;
        let narrowed = values
            .into_iter()
            .zip(params)
            .map(|(value, param)| match target.ty(*param) {
                Type::Val(set) if !function.ty(value).fits(Type::Val(set)) => {
                    let line = function.blocks[block].line;
                    let inst = append(&self.program.spec, function, block, Op::Narrow { value, set }, line);
                    function.insts[inst].results[0]
                }
                _ => value,
            });
        narrowed.collect()
    }

    /// Makes functions of all cold regions, the last ones first: an earlier one may jump to them.
    fn cold_regions(&mut self, function: &mut Function) -> Result<(), PassError> {
        let cfg = Cfg::new(function);
        if cfg.is_cyclic() {
            return Ok(());
        }
        for block in leaders(function, &cfg).into_iter().rev() {
            let role = Role::Cold { of: self.entry };
            let (part, passed) = self.part(function, block, role, &[])?;
            function.blocks[block].insts.clear();
            let args = function.blocks[block].params.iter().copied().chain(passed).collect();
            let args = self.hand_over(function, block, part, args);
            function.blocks[block].terminator = Terminator::TailJump { function: part, args };
        }
        Ok(())
    }

    /// Makes a function of what is reached from `block`. Also answers the values of `function` that it is to be entered
    /// with, after parameters of the types `before` and those of `block`.
    fn part(
        &mut self,
        function: &Function,
        block: BlockId,
        role: Role,
        before: &[Type],
    ) -> Result<(FunctionId, Vec<ValueId>), PassError> {
        let spec = self.program.spec.clone();
        let cfg = Cfg::new(function);
        let facts = Facts::new(&spec, function, &cfg);
        let epochs = SlotEpochs::new(&spec, function, &cfg);
        let boundary = match role {
            Role::Cold { .. } => Boundary::Jump,
            _ => Boundary::Call,
        };
        let from = Origin {
            spec: &spec,
            function,
            cfg: &cfg,
            state: &facts.at(block),
            epochs: &epochs,
            start: block,
        };
        // Most parts need not know what has been proven before them, and are the same without it.
        let nothing = State::default();
        let unaware = Origin {
            state: &nothing,
            ..from
        };
        let mut extracted = extract(&unaware, boundary, before, role);
        if let Ok((part, _)) = &mut extracted {
            forget_unproven(&spec, part);
        }
        if !matches!(&extracted, Ok((part, _)) if verify_function(self.program, part).is_ok()) {
            extracted = extract(&from, boundary, before, role);
        }
        let (part, passed) = extracted.map_err(|message| self.error(function, block, message))?;
        let part = self.split(part)?;
        let text = print_detached(self.program, &without_lines(&part));
        if let Some(known) = self.made.get(&text) {
            return Ok((*known, passed));
        }
        let (word, count) = match role {
            Role::Cold { .. } | Role::Entry => ("cold", &mut self.counts[0]),
            Role::Continuation { .. } => ("after", &mut self.counts[1]),
            Role::Catch { .. } => ("catch", &mut self.counts[2]),
        };
        *count += 1;
        let name = format!("{}.{word}{count}", self.program.functions[self.entry].name);
        let id = self.program.functions.push(Function { name, ..part });
        self.made.insert(text, id);
        Ok((id, passed))
    }

    fn error(&self, function: &Function, block: BlockId, message: impl Into<String>) -> PassError {
        let lines = function.blocks[block]
            .insts
            .iter()
            .map(|inst| function.insts[*inst].line);
        let line = lines
            .chain([function.blocks[block].line])
            .find(|line| *line != 0)
            .unwrap_or(0);
        PassError {
            function: self.program.functions[self.entry].name.clone(),
            line,
            message: message.into(),
        }
    }
}

/// Values are saved below the callee's frame, so its arguments cannot stay where the caller's slots are.
fn copy_arguments(spec: &SpecTables, function: &mut Function, block: BlockId) {
    let line = function.blocks[block].line;
    let operand = match &function.blocks[block].terminator {
        Terminator::Call {
            args: CallArgs::InPlace(operand),
            ..
        }
        | Terminator::Resume {
            args: CallArgs::InPlace(operand),
            ..
        } => *operand,
        _ => return,
    };
    let inst = append(spec, function, block, Op::ListOperand(operand), line);
    let results = &function.insts[inst].results;
    let list = Some((results[0], results[1]));
    if let Terminator::Call { args, .. } | Terminator::Resume { args, .. } = &mut function.blocks[block].terminator {
        *args = CallArgs::Copied { fixed: vec![], list };
    }
}

/// `function` as it is compared with others: from whatever line it comes.
fn without_lines(function: &Function) -> Function {
    let mut function = function.clone();
    for (_, inst) in function.insts.iter_mut() {
        inst.line = 0;
    }
    for (_, block) in function.blocks.iter_mut() {
        block.line = 0;
    }
    function
}

/// The blocks that cold regions start with, in reverse postorder: cold blocks whose immediate dominator is not cold.
/// A block is cold when all paths to it run through one that is marked. The body of a cache stays with the cache.
fn leaders(function: &Function, cfg: &Cfg) -> Vec<BlockId> {
    let mut hot = vec![false; function.blocks.len()];
    let kept = in_cache_bodies(function, cfg);
    let cold = cold_blocks(function, cfg);
    let mut work = vec![function.entry];
    while let Some(block) = work.pop() {
        if !std::mem::replace(&mut hot[block.index()], true) {
            let successors = function.blocks[block].terminator.successors();
            work.extend(
                successors
                    .into_iter()
                    .filter(|next| !cold[next.index()] || kept[next.index()]),
            );
        }
    }
    let is_leader = |block: &BlockId| {
        let above = cfg.immediate_dominator(*block);
        let is_end = is_bare_end(&function.blocks[*block]);
        !hot[block.index()] && !is_end && above.is_some_and(|above| hot[above.index()])
    };
    cfg.order().iter().copied().filter(is_leader).collect()
}

/// Whether a block only ends the bytecode: a jump to elsewhere would be no shorter.
fn is_bare_end(block: &Block) -> bool {
    let is_end = match &block.terminator {
        Terminator::Next | Terminator::Again | Terminator::Goto(_) | Terminator::Delegate => true,
        Terminator::TailJump { args, .. } => args.is_empty(),
        _ => false,
    };
    is_end && block.insts.is_empty() && block.params.is_empty()
}

/// Blocks that are marked cold, and those from which all ways on are cold.
fn cold_blocks(function: &Function, cfg: &Cfg) -> Vec<bool> {
    let mut cold = vec![false; function.blocks.len()];
    for block in cfg.order().iter().rev() {
        let successors = function.blocks[*block].terminator.successors();
        let only_cold = !successors.is_empty() && successors.iter().all(|next| cold[next.index()]);
        cold[block.index()] = (function.blocks[*block].cold || only_cold) && !is_bare_end(&function.blocks[*block]);
    }
    cold
}

/// Blocks between the body of a cache and the block after it.
fn in_cache_bodies(function: &Function, cfg: &Cfg) -> Vec<bool> {
    let mut kept = vec![false; function.blocks.len()];
    for block in cfg.order() {
        let Terminator::Cache { body, done, .. } = &function.blocks[*block].terminator else {
            continue;
        };
        // In reverse order every successor is decided before its predecessors.
        let mut leads_there = vec![false; function.blocks.len()];
        for inner in cfg.order().iter().rev() {
            let successors = function.blocks[*inner].terminator.successors();
            leads_there[inner.index()] = *inner == *done || successors.iter().any(|next| leads_there[next.index()]);
        }
        for inner in cfg.order() {
            let inside = leads_there[inner.index()] && cfg.dominates(body.block, *inner) && *inner != *done;
            kept[inner.index()] |= inside;
        }
    }
    kept
}
