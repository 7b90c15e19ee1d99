//! Values that templates hand each other in registers.
//!
//! A slot that an instruction has written is mostly read soon after; a store and a load of one place take longer than
//! the arithmetic in between. So what a template computes as a double stays in a register besides going to its slot,
//! and a template that computes with a slot has it in a register when it is entered. Which slot is in which register is
//! known when a function is compiled, and so are slots that hold doubles for certain: there is a version of a template
//! for each combination of operands of which that is known, without the checks.
//!
//! ```text
//!     movaps xmm0, lhs                    ; ADD.slot_slot where both are known to be doubles
//!     addsd  xmm0, rhs
//!     movsd  [base+dst*8], xmm0
//!     movaps dst, xmm0
//! ```
//!
//! Slots always hold their values, too. So code that is off the expected path knows nothing of this.

use std::collections::{BTreeSet, HashMap};

use dg_backend_x64::lir::{self, JumpTarget, Pinned};
use indexmap::IndexSet;

use super::frame::Code;
use super::holes::{Hole, HoleSource};
use super::part::{Held, Part};
use crate::emit::{Exit, Place, Write, Written};
use crate::ir::cfg::Cfg;
use crate::ir::compact::{refresh_types, replace_values};
use crate::ir::facts::{Facts, root};
use crate::ir::spec::{OperandKind, ResultKind, SpecTables};
use crate::ir::{BlockId, Function, Op, OperandId, Role, TypeSet, ValueId};
use crate::passes::{dead_code, type_check_removal};

/// A slot that a template has in a register when it is entered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    operand: OperandId,
    element: i32,
    pub(super) place: Place,
    /// Is it checked for a double?
    pub(super) is_checked: bool,
}

/// No more operands than this are told apart by what is known of them.
const MAX_CHECKED: usize = 2;
/// The reads of a template, at most.
const MAX_READS: usize = 4;

/// The slots that a template reads as doubles, or copies. With `all` off only those that it cannot do without: what the
/// instruction before has computed.
pub(super) fn reads(spec: &SpecTables, function: &Function, all: bool) -> Vec<Read> {
    let (Some(double), Some(variant)) = (spec.double_leaf(), &function.variant) else {
        return vec![];
    };
    if function.role != Role::Entry {
        return vec![];
    }
    let encoding = variant.encoding();
    let place = |(operand, element): (OperandId, i32)| {
        let index = operand.0 as usize;
        let is_slot = matches!(
            variant.operands[index],
            OperandKind::Slot | OperandKind::Last | OperandKind::SlotsFixed(_)
        );
        is_slot.then(|| Place {
            offset: encoding.operands[index].offset,
            element: element as u32,
        })
    };
    let slot = |value: ValueId| match function.def(root(function, value)) {
        Some(Op::SlotLoad { slot, offset }) => slot_operand(function, *slot, *offset),
        _ => None,
    };
    let (mut checked, mut others) = (BTreeSet::new(), BTreeSet::new());
    let insts = function
        .blocks
        .values()
        .filter(|block| !block.cold)
        .flat_map(|block| &block.insts);
    for inst in insts.filter(|_| all) {
        match &function.insts[*inst].op {
            Op::Is { value, set } if *set == TypeSet::leaf(double) => checked.extend(slot(*value)),
            Op::BothDouble(a, b) => checked.extend([a, b].into_iter().filter_map(|value| slot(*value))),
            Op::StoreResult(value) => others.extend(slot(*value)),
            Op::SlotStore { slot, offset, .. } => {
                let written = slot_operand(function, *slot, *offset);
                let is_read = |place: &(OperandId, i32)| loads(function, *place);
                others.extend(written.filter(is_read));
            }
            _ => {}
        }
    }
    let last = variant.operands.iter().position(|kind| *kind == OperandKind::Last);
    others.extend(last.map(|index| (OperandId(index as u32), 0)));
    let is_checked: Vec<_> = checked.iter().take(MAX_CHECKED).copied().collect();
    let all: BTreeSet<_> = checked.union(&others).copied().collect();
    let reads = all.into_iter().filter_map(|(operand, element)| {
        Some(Read {
            operand,
            element,
            place: place((operand, element))?,
            is_checked: is_checked.contains(&(operand, element)),
        })
    });
    reads.take(MAX_READS).collect()
}

/// The operand and the element of a slot that is named by the instruction itself.
fn slot_operand(function: &Function, slot: ValueId, offset: i32) -> Option<(OperandId, i32)> {
    match function.def(slot) {
        Some(Op::SlotIndex(operand)) => Some((*operand, offset)),
        _ => None,
    }
}

/// Is a slot read?
fn loads(function: &Function, place: (OperandId, i32)) -> bool {
    function.insts.values().any(|inst| match inst.op {
        Op::SlotLoad { slot, offset } => slot_operand(function, slot, offset) == Some(place),
        _ => false,
    })
}

/// The version of `function` for reads that are known to be doubles: those whose bits are set in `known`.
pub(super) fn assume(spec: &SpecTables, function: &Function, reads: &[Read], known: u8) -> Function {
    let mut function = function.clone();
    let Some(double) = spec.double_leaf().filter(|_| known != 0) else {
        return function;
    };
    let set = TypeSet::leaf(double);
    let is_known = |place: Option<(OperandId, i32)>| {
        let mut reads = reads.iter().enumerate();
        reads.any(|(bit, read)| known >> bit & 1 != 0 && place == Some((read.operand, read.element)))
    };
    let mut assumed = vec![None; function.values.len()];
    let mut added = Vec::new();
    for block in Cfg::new(&function).order().to_vec() {
        for (index, inst) in function.blocks[block].insts.clone().into_iter().enumerate() {
            let data = function.insts[inst].clone();
            let Op::SlotLoad { slot, offset } = data.op else {
                continue;
            };
            if !is_known(slot_operand(&function, slot, offset)) {
                continue;
            }
            let value = data.results[0];
            let narrow = function.make_inst(Op::Assume { value, set }, &[crate::ir::Type::Val(set)], data.line);
            assumed[value.0 as usize] = Some(function.insts[narrow].results[0]);
            added.push((block, index, narrow, value));
        }
    }
    replace_values(&mut function, &assumed);
    for (block, index, narrow, value) in added.into_iter().rev() {
        // The assumption itself is about the value that has been replaced.
        function.insts[narrow].op = Op::Assume { value, set };
        function.blocks[block].insts.insert(index + 1, narrow);
    }
    refresh_types(spec, &mut function);
    type_check_removal::run(spec, &mut function);
    dead_code::run(spec, &mut function);
    function
}

/// What a template being lowered has in registers.
pub(super) struct Registers {
    reads: Vec<Read>,
    /// Which of them are known to be doubles, by bit.
    known: u8,
    /// The values of the reads.
    values: Vec<lir::Value>,
    /// Of values of the graph that were read there, which read they are.
    read: HashMap<ValueId, usize>,
    facts: Facts,
    /// What has been written to slots that the instruction names.
    writes: Vec<Wrote>,
    /// The places that are kept in registers, in the order of those, behind the ones of the reads.
    places: IndexSet<Place>,
    exits: Vec<(HoleSource, Exit)>,
    /// Whether results are kept.
    keeps_results: bool,
    /// Whether slots are written that the instruction does not name one by one.
    is_opaque: bool,
}

struct Wrote {
    block: BlockId,
    place: Place,
    value: Option<(lir::Value, Written)>,
}

impl Registers {
    pub(super) fn new(spec: &SpecTables, function: &Function, reads: &[Read], known: u8, keeps_results: bool) -> Self {
        Self {
            reads: reads.to_vec(),
            known,
            values: vec![],
            read: HashMap::new(),
            facts: Facts::new(spec, function, &Cfg::new(function)),
            writes: vec![],
            places: IndexSet::new(),
            exits: vec![],
            keeps_results,
            is_opaque: writes_more(function),
        }
    }

    /// What holds when the next instruction follows, and when the label is gone to.
    pub(super) fn exits(self) -> [Option<Exit>; 2] {
        let is_next = |source: &HoleSource| *source == HoleSource::Next;
        [true, false].map(|next| {
            let exits = self.exits.iter().filter(|(source, _)| is_next(source) == next);
            exits.map(|(_, exit)| exit.clone()).reduce(|a, b| a.meet(&b))
        })
    }
}

impl Exit {
    /// What holds at both.
    fn meet(&self, other: &Exit) -> Exit {
        let places: IndexSet<Place> = self
            .writes
            .iter()
            .chain(&other.writes)
            .map(|write| write.place)
            .collect();
        // Two places may be one slot, so their order matters.
        let is_same_order = self
            .writes
            .iter()
            .map(|write| write.place)
            .eq(other.writes.iter().map(|write| write.place));
        let write = |place: Place| {
            let find = |exit: &Exit| exit.writes.iter().find(|write| write.place == place).copied();
            match (find(self), find(other)) {
                (Some(a), Some(b)) if a == b && is_same_order => a,
                (a, b) => {
                    let register = [a, b].into_iter().flatten().find_map(|write| write.register);
                    let register = register.map(|(number, _)| (number, Written::Lost));
                    Write { place, register }
                }
            }
        };
        Exit {
            keeps: self.keeps && other.keeps,
            doubles: self.doubles & other.doubles,
            writes: places.into_iter().map(write).collect(),
        }
    }
}

/// Takes what is in registers when a template is entered.
pub(super) fn take(code: &mut Code, function: &Function, reads: &[Read]) -> Vec<lir::Value> {
    let mut values = Vec::new();
    for (read, number) in reads.iter().zip(0..) {
        let value = code.b.get_pinned(Pinned::Cached(number));
        values.push(value);
        let variant = function.variant.as_ref();
        if variant.is_some_and(|variant| variant.operands[read.operand.0 as usize] == OperandKind::Last) {
            code.last = Some(value);
        }
    }
    values
}

impl Part<'_> {
    /// In a template: takes what is in registers.
    pub(super) fn take_registers(&mut self) {
        if let Some(registers) = &mut self.registers {
            registers.values = take(&mut self.code, self.function, &registers.reads);
        }
    }

    /// The register that holds what is read from a slot as `result`.
    pub(super) fn register_of_slot(&mut self, slot: ValueId, offset: i32, result: ValueId) -> Option<lir::Value> {
        let registers = self.registers.as_mut().filter(|_| self.epoch == 0)?;
        let place = slot_operand(self.function, slot, offset)?;
        let is_place = |read: &Read| (read.operand, read.element) == place;
        let index = registers.reads.iter().position(is_place)?;
        registers.read.insert(result, index);
        registers.values.get(index).copied()
    }

    /// Notes down that the result has been written.
    pub(super) fn wrote_result(&mut self, value: ValueId) {
        let place = self.encoding.as_ref().and_then(|encoding| encoding.result);
        if let Some(offset) = place {
            self.wrote(Place { offset, element: 0 }, value);
        }
    }

    /// Notes down that a slot has been written.
    pub(super) fn wrote_slot(&mut self, slot: ValueId, offset: i32, value: ValueId) {
        let place = slot_operand(self.function, slot, offset).and_then(|(operand, element)| {
            let encoding = self.encoding.as_ref()?.operands.get(operand.0 as usize)?;
            Some(Place {
                offset: encoding.offset,
                element: element as u32,
            })
        });
        if let Some(place) = place {
            self.wrote(place, value);
        }
    }

    fn wrote(&mut self, place: Place, value: ValueId) {
        if self.registers.is_none() {
            return;
        }
        let value = self.in_register(value).or_else(|| self.loaded(value));
        let block = self.current;
        if let Some(registers) = &mut self.registers {
            let value = value.filter(|_| registers.keeps_results);
            registers.writes.push(Wrote { block, place, value });
        }
    }

    /// A value that is in a register as a double or as what a slot holds.
    fn in_register(&self, value: ValueId) -> Option<(lir::Value, Written)> {
        let root = self.root(value);
        let Held::Boxed(boxed) = &self.held[&root] else {
            return None;
        };
        if let Some(float) = boxed.computed_double() {
            return Some((float, Written::Double));
        }
        let registers = self.registers.as_ref()?;
        let index = *registers.read.get(&root)?;
        Some((*registers.values.get(index)?, Written::Like(index as u8)))
    }

    /// A value that was read from an object, and is moved to a register since it may be a double.
    fn loaded(&mut self, value: ValueId) -> Option<(lir::Value, Written)> {
        let root = self.root(value);
        let is_loaded = matches!(
            self.function.def(root),
            Some(Op::Load { .. } | Op::ElementLoad { .. } | Op::PtrLoad { .. })
        );
        let double = self.spec.double_leaf()?;
        let may_be_double = self.function.ty(root).set().is_some_and(|set| set.contains(double));
        let is_kept = self.registers.as_ref().is_some_and(|registers| registers.keeps_results);
        (is_loaded && may_be_double && is_kept && !self.code.b.is_cold()).then(|| {
            let bits = self.bits(root);
            (self.code.b.unary(lir::UnaryOp::F64FromBits, bits), Written::Any)
        })
    }

    /// The register that holds all bits of a value that was read from a slot.
    pub(super) fn raw_register(&self, value: ValueId) -> Option<lir::Value> {
        match self.in_register(value)? {
            (register, Written::Like(_)) => Some(register),
            (_, Written::Double | Written::Any | Written::Lost) => None,
        }
    }

    /// Before the expected path of a template ends: puts what is kept into registers.
    pub(super) fn leave_registers(&mut self, source: HoleSource) {
        let Some(registers) = &mut self.registers else { return };
        let state = registers.facts.at(self.current);
        let double = self.spec.double_leaf().map(TypeSet::leaf).unwrap_or_default();
        let is_known = |index: usize| {
            let mut values = registers.read.iter().filter(|(_, read)| **read == index);
            values.any(|(value, _)| {
                let known = state.known(self.function, *value).unwrap_or_default();
                known.is_subset(double)
            })
        };
        let mut exit = Exit {
            keeps: true,
            doubles: registers.known,
            writes: vec![],
        };
        for index in 0..registers.reads.len() {
            exit.doubles |= u8::from(is_known(index)) << index;
        }
        // In the order in which they were written last: two places may be one slot.
        let last_first: IndexSet<Place> = registers.writes.iter().rev().map(|write| write.place).collect();
        let mut kept = Vec::new();
        for place in last_first.into_iter().rev() {
            let mut writes = registers.writes.iter().rev().filter(|write| write.place == place);
            let last = writes
                .next()
                .filter(|write| self.cfg.dominates(write.block, self.current));
            let last = last.filter(|_| !registers.is_opaque);
            let kept_as = last.and_then(|write| write.value).and_then(|(value, written)| {
                let number = registers.reads.len() + registers.places.insert_full(place).0;
                let number = u8::try_from(number)
                    .ok()
                    .filter(|number| *number < Pinned::MAX_CACHED)?;
                kept.push((number, value));
                Some((number, written))
            });
            exit.writes.push(Write {
                place,
                register: kept_as,
            });
        }
        registers.exits.push((source, exit));
        for (number, value) in kept {
            self.code.b.set_pinned(Pinned::Cached(number), value);
        }
    }
}

/// Whether nothing that a template does on the way to where it goes on destroys what is in registers: no call, and no
/// slot is written that its exits do not name.
pub(super) fn keeps_registers(function: &Function, lowered: &lir::Function, holes: &[Hole]) -> bool {
    let is_one = function
        .variant
        .as_ref()
        .is_some_and(|variant| matches!(variant.result, None | Some(ResultKind::Slot)));
    is_one && !writes_more(function) && !calls_on_the_way(lowered, holes)
}

/// Whether slots may be written on the expected path that the instruction does not name one by one.
fn writes_more(function: &Function) -> bool {
    let hot = function.blocks.values().filter(|block| !block.cold);
    hot.flat_map(|block| &block.insts)
        .any(|inst| match function.insts[*inst].op {
            Op::StoreResults { .. } | Op::SlotAddress { .. } | Op::ListOperand(_) | Op::Varargs => true,
            Op::SlotStore { slot, offset, .. } => slot_operand(function, slot, offset).is_none(),
            _ => false,
        })
}

/// Whether a call leads to a place where the template goes on.
fn calls_on_the_way(function: &lir::Function, holes: &[Hole]) -> bool {
    let goes_on = |block: &lir::Block| match &block.terminator {
        Some(lir::Terminator::TailJump {
            target: JumpTarget::Hole(hole),
            ..
        }) => matches!(
            holes[usize::from(hole.kind.0)].source,
            HoleSource::Next | HoleSource::Target(_)
        ),
        _ => false,
    };
    let calls = |block: &lir::Block| block.insts.iter().any(|inst| matches!(inst.op, lir::Op::Call { .. }));
    let mut seen = vec![false; function.blocks.len()];
    let mut pending: Vec<usize> = (0..function.blocks.len())
        .filter(|block| calls(&function.blocks[*block]))
        .collect();
    while let Some(index) = pending.pop() {
        if std::mem::replace(&mut seen[index], true) {
            continue;
        }
        let block = &function.blocks[index];
        if goes_on(block) {
            return true;
        }
        let successors = block.terminator.iter().flat_map(|terminator| terminator.successors());
        pending.extend(successors.map(|call| call.block.index()));
    }
    false
}
