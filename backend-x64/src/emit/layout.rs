//! Places the blocks, hot ones first, and encodes them.

use super::Compiled;
use super::rewrite::{Code, Destination, End};
use crate::code::CodeObject;
use crate::encoder::{Assembler, Cond, EncodeError, Hole, Inst, Label, Symbol, Target};
use crate::machine::{Config, FlagTest, MachBlockId};
use std::collections::HashSet;

pub(super) fn lay_out(code: &Code, config: &Config) -> Result<Compiled, EncodeError> {
    let orders = [false, true].map(|is_cold| order(code, is_cold));
    let mut writer = Writer {
        code,
        config,
        named: HashSet::new(),
    };
    writer.name_crossings();
    let [hot, cold] = orders.map(|order| {
        if order.is_empty() {
            Ok(None)
        } else {
            writer.part(&order).map(Some)
        }
    });
    Ok(Compiled { hot: hot?, cold: cold? })
}

/// The order of the reachable hot or cold blocks: each is followed by a successor where possible.
fn order(code: &Code, is_cold: bool) -> Vec<MachBlockId> {
    let mut placed = vec![false; code.blocks.len()];
    let reachable = reachable(code);
    let mut order = Vec::new();
    for start in 0..code.blocks.len() {
        let mut next = Some(MachBlockId(start as u32));
        while let Some(id) = next {
            let block = &code.blocks[id.index()];
            if placed[id.index()] || !reachable[id.index()] || block.is_cold != is_cold {
                break;
            }
            placed[id.index()] = true;
            order.push(id);
            let mut candidates: Vec<MachBlockId> = block.end.successors().collect();
            candidates.reverse(); // the second target of a branch is where it falls through
            next = candidates
                .into_iter()
                .find(|id| !placed[id.index()] && code.blocks[id.index()].is_cold == is_cold);
        }
    }
    order
}

fn reachable(code: &Code) -> Vec<bool> {
    let mut reachable = vec![false; code.blocks.len()];
    let mut stack = vec![MachBlockId(0)];
    while let Some(id) = stack.pop() {
        if !std::mem::replace(&mut reachable[id.index()], true) {
            stack.extend(code.blocks[id.index()].end.successors());
        }
    }
    reachable
}

struct Writer<'a> {
    code: &'a Code,
    config: &'a Config,
    /// Blocks that the other part jumps to, which therefore get a symbol.
    named: HashSet<MachBlockId>,
}

impl Writer<'_> {
    fn name_crossings(&mut self) {
        for block in &self.code.blocks {
            for successor in block.end.successors() {
                if self.code.blocks[successor.index()].is_cold != block.is_cold {
                    self.named.insert(successor);
                }
            }
        }
    }

    fn symbol(&self, block: MachBlockId) -> Symbol {
        match block.index() {
            0 => Symbol::new(self.code.name.as_str()),
            index => Symbol::new(format!("{}.{index}", self.code.name)),
        }
    }

    fn part(&self, order: &[MachBlockId]) -> Result<CodeObject, EncodeError> {
        let mut assembler = Assembler::new();
        assembler.reserve_labels(self.end_label().0 + 1);
        assembler.align(self.config.entry_alignment)?;
        for (position, id) in order.iter().enumerate() {
            if id.index() == 0 || self.named.contains(id) {
                assembler.define_symbol(self.symbol(*id));
            }
            assembler.bind(Label(id.0))?;
            let block = &self.code.blocks[id.index()];
            for inst in &block.insts {
                assembler.emit_with_comment(&inst.inst, inst.comment.clone())?;
            }
            let next = order.get(position + 1).copied();
            for (inst, comment) in self
                .end(*id, next)
                .into_iter()
                .zip(std::iter::once(block.end_comment.clone()).chain(std::iter::repeat(None)))
            {
                assembler.emit_with_comment(&inst, comment)?;
            }
        }
        if self.config.next.is_some() {
            assembler.bind(self.end_label())?;
        }
        assembler.finish()
    }

    /// The end of the part: a label of its own, beyond those of the blocks.
    fn end_label(&self) -> Label {
        Label(self.code.blocks.len() as u32)
    }

    /// The jumps at the end of a block that is followed by `next`.
    fn end(&self, id: MachBlockId, next: Option<MachBlockId>) -> Vec<Inst<crate::encoder::Reg>> {
        let block = &self.code.blocks[id.index()];
        let is_end = |hole: &Hole| !block.is_cold && Some(hole.kind) == self.config.next;
        let is_next = |destination: &Destination| match destination {
            Destination::Block(id) => Some(*id) == next,
            Destination::Hole(hole) => is_end(hole) && next.is_none(),
            Destination::Symbol(_) => false,
        };
        let target = |destination: &Destination| -> Target {
            match destination {
                Destination::Symbol(symbol) => symbol.clone().into(),
                Destination::Hole(hole) if is_end(hole) => self.end_label().into(),
                Destination::Hole(hole) => (*hole).into(),
                Destination::Block(target) if self.code.blocks[target.index()].is_cold == block.is_cold => {
                    Label(target.0).into()
                }
                Destination::Block(target) => self.symbol(*target).into(),
            }
        };
        let jump = |destination: &Destination| {
            if is_next(destination) {
                None
            } else {
                Some(Inst::jmp(target(destination)))
            }
        };
        match &block.end {
            End::Nothing => Vec::new(),
            End::Jump(destination) => jump(destination).into_iter().collect(),
            End::Branch { test, then, other } => {
                // As few jumps as possible: what follows is reached by falling through.
                let (test, then, other) = match is_next(then) {
                    true => (test.negated(), other, then),
                    false => (*test, then, other),
                };
                let jcc = |cond: Cond, destination: &Destination| Inst::jcc(cond, target(destination));
                let mut jumps = match test {
                    FlagTest::One(cond) => vec![jcc(cond, then)],
                    FlagTest::Either(a, b) => vec![jcc(a, then), jcc(b, then)],
                    FlagTest::Both(a, b) => vec![jcc(a.negated(), other), jcc(b, then)],
                };
                jumps.extend(jump(other));
                jumps
            }
        }
    }
}
