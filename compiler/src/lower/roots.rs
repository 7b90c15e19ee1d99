//! What has to stay alive while a runtime function runs guest code.
//!
//! A runtime function that re-enters may collect, and the collector sees slots, not registers. What is needed after the
//! call, and only held in registers, is therefore copied above the slots in use before it. Nothing moves, so nobody has
//! to read it back.

use std::collections::HashSet;

use dg_backend_x64::lir::{self, BinaryOp, IntCond, MemType};

use super::LowerError;
use super::part::Part;
use crate::abi::hot;
use crate::ir::spec::LeafEncoding;
use crate::ir::{BlockId, LeafId, Type, ValueId};
use crate::layout::REF_TAG;

impl Part<'_> {
    /// Copies what is needed after the running instruction, and can be collected, above the slots in use:
    ///
    /// ```text
    ///     mov  eax, [vm+open_top]
    ///     ..   ecx = max(eax, frame_size)
    ///     mov  [base+rcx*8], value
    ///     add  ecx, 1
    ///     mov  [vm+open_top], ecx
    /// ```
    ///
    /// Answers the slots that were in use before.
    pub(super) fn keep_across(&mut self) -> Result<Option<lir::Value>, LowerError> {
        let kept: Vec<ValueId> = self
            .needed_later()
            .into_iter()
            .filter(|value| self.is_collected(self.function.ty(*value)))
            .collect();
        if kept.is_empty() {
            return Ok(None);
        }
        let words: Vec<lir::Value> = kept.iter().map(|value| self.kept_word(*value)).collect();
        let frame = self.frame_size()?;
        let code = &mut self.code;
        let in_use = code.load_hot(MemType::I32, hot::OPEN_TOP);
        let is_less = code.b.int_compare(IntCond::Ult, in_use, frame);
        let first = code.b.select(is_less, frame, in_use);
        for (index, word) in words.iter().enumerate() {
            let addr = code.slot(first, index as i32);
            code.b.store(MemType::I64, addr, *word);
        }
        let top = code.add_imm(first, words.len() as i64);
        code.store_hot(MemType::I32, hot::OPEN_TOP, top);
        Ok(Some(in_use))
    }

    /// A word that the collector follows. Which type of value it says does not matter to it.
    fn kept_word(&mut self, value: ValueId) -> lir::Value {
        let word = self.value(value);
        let Type::Ref(_) = self.function.ty(value) else {
            return word;
        };
        let tag = self.code.b.const64(u64::from(REF_TAG) << 32);
        let reference = self.code.wide(word);
        self.code.b.binary(BinaryOp::Or, reference, tag)
    }

    /// Whether the collector could free what a value of this type refers to.
    fn is_collected(&self, ty: Type) -> bool {
        let is_reference = |leaf: LeafId| matches!(self.spec.leaves[leaf].encoding, LeafEncoding::Ref { .. });
        match ty {
            Type::Val(set) => set.leaves().any(is_reference),
            Type::Ref(record) => !self.is_struct(record),
            _ => false,
        }
    }

    /// What is defined before the end of the running instruction and used behind it, in the order of definition.
    fn needed_later(&self) -> Vec<ValueId> {
        let function = self.function;
        let block = &function.blocks[self.current];
        let (before, after) = block.insts.split_at(self.position);
        let (_running, after) = after.split_first().expect("an instruction is running");
        let mut used: HashSet<ValueId> = after.iter().flat_map(|inst| function.insts[*inst].op.args()).collect();
        used.extend(block.terminator.args());
        let later = self.reached_from(self.current);
        for id in &later {
            used.extend(
                function.blocks[*id]
                    .insts
                    .iter()
                    .flat_map(|inst| function.insts[*inst].op.args()),
            );
            used.extend(function.blocks[*id].terminator.args());
        }
        let defined_here = block.params.iter().copied().chain(
            before
                .iter()
                .flat_map(|inst| function.insts[*inst].results.iter().copied()),
        );
        let defined_above = self
            .cfg
            .order()
            .iter()
            .filter(|id| **id != self.current && self.cfg.dominates(**id, self.current))
            .flat_map(|id| {
                let block = &function.blocks[*id];
                let results = block
                    .insts
                    .iter()
                    .flat_map(|inst| function.insts[*inst].results.iter().copied());
                block.params.iter().copied().chain(results)
            });
        defined_above
            .chain(defined_here)
            .filter(|value| used.contains(value))
            .collect()
    }

    /// The blocks that control may come to from the end of `block`.
    fn reached_from(&self, block: BlockId) -> Vec<BlockId> {
        let mut reached = Vec::new();
        let mut open = self.function.blocks[block].terminator.successors();
        while let Some(next) = open.pop() {
            if !reached.contains(&next) {
                reached.push(next);
                open.extend(self.function.blocks[next].terminator.successors());
            }
        }
        reached
    }
}
