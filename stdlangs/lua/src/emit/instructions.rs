//! The instructions of a function while they are made.

use super::inst::{Inst, Label, Run, Slot};
use crate::syntax::ast::LocalId;

/// A function's instructions, branch targets and debug information. Positions are instruction numbers.
#[derive(Debug)]
pub struct Instructions {
    /// The instructions.
    pub insts: Vec<Inst>,
    /// Each line with the first instruction from which on it holds.
    pub lines: Vec<(u32, u32)>,
    /// Where each named variable can be seen.
    pub variables: Vec<VariableRange>,
    labels: Vec<LabelState>,
    /// Whether the next instruction can be reached.
    reachable: bool,
    /// Where a label was last bound.
    last_bound: u32,
}

/// Where a local variable can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariableRange {
    /// Which variable.
    pub local: LocalId,
    /// The first instruction that sees it.
    pub from: u32,
    /// The first one that does not any more.
    pub to: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct LabelState {
    position: Option<u32>,
    used: bool,
}

impl Instructions {
    pub(super) fn new() -> Self {
        Self {
            insts: Vec::new(),
            lines: Vec::new(),
            variables: Vec::new(),
            labels: Vec::new(),
            reachable: true,
            last_bound: 0,
        }
    }

    /// The number of the next instruction.
    pub(super) fn here(&self) -> u32 {
        u32::try_from(self.insts.len()).expect("fewer than 2^32 instructions")
    }

    /// Whether the next instruction can be reached.
    pub(super) fn is_reachable(&self) -> bool {
        self.reachable
    }

    /// Adds an instruction, unless nothing can reach it.
    pub(super) fn push(&mut self, inst: Inst, line: u32) {
        if !self.reachable || self.extend_last(&inst) {
            return;
        }
        if self.lines.last().is_none_or(|&(_, last)| last != line) {
            self.lines.push((self.here(), line));
        }
        if let Some(label) = inst.target() {
            self.labels[label.0 as usize].used = true;
        }
        self.reachable = !inst.is_terminator();
        self.insts.push(inst);
    }

    /// Makes one LOADNIL of two for neighbouring slots.
    fn extend_last(&mut self, inst: &Inst) -> bool {
        let follows_label = self.last_bound == self.here();
        let (Inst::LoadNil { dst: new }, Some(Inst::LoadNil { dst: last })) = (inst, self.insts.last_mut()) else {
            return false;
        };
        let extends = !follows_label && last.start.0 + last.count == new.start.0;
        if extends {
            last.count += new.count;
        }
        extends
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push(LabelState::default());
        Label(u32::try_from(self.labels.len() - 1).expect("fewer than 2^32 labels"))
    }

    /// Lets `label` stand for the next instruction.
    pub(super) fn bind(&mut self, label: Label) {
        let follows_label = self.last_bound == self.here();
        if !follows_label && self.insts.last() == Some(&Inst::Jump { to: label }) {
            self.insts.pop();
        }
        self.last_bound = self.here();
        let state = &mut self.labels[label.0 as usize];
        debug_assert!(state.position.is_none(), "a label is bound once");
        state.position = Some(self.last_bound);
        self.reachable |= state.used;
    }

    /// A label for the next instruction that is going to be jumped to from below, if the loop can be reached.
    pub(super) fn loop_label(&mut self, is_reachable: bool) -> Label {
        let label = self.label();
        self.bind(label);
        self.reachable = is_reachable;
        label
    }

    /// As [`Self::bind`], for a label that something jumps to, be it from further down.
    pub(super) fn bind_target(&mut self, label: Label) {
        self.bind(label);
        self.reachable = true;
    }

    /// The instruction that a jump to `label` ends at, past other jumps.
    ///
    /// # Panics
    ///
    /// If no instruction jumps to `label`, it may stand for none.
    pub fn position(&self, label: Label) -> u32 {
        /// An empty loop is a jump to itself.
        const MOST_JUMPS: usize = 8;
        let bound = |label: Label| {
            self.labels[label.0 as usize]
                .position
                .expect("a label that is used is bound")
        };
        let mut position = bound(label);
        for _ in 0..MOST_JUMPS {
            let Inst::Jump { to } = self.insts[position as usize] else {
                break;
            };
            position = bound(to);
        }
        position
    }

    /// LOADNIL for `count` slots, if there are any.
    pub(super) fn load_nil(&mut self, start: Slot, count: u16, line: u32) {
        if count > 0 {
            self.push(
                Inst::LoadNil {
                    dst: Run { start, count },
                },
                line,
            );
        }
    }
}
