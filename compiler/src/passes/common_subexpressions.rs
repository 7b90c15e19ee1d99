//! What was computed before, on every path to here, is not computed again.
//!
//! Blocks are visited in reverse postorder; an operation with the same operands as one that dominates it is replaced.
//! Reads of memory carry the *epoch* of what they read, a number that changes with every write that could reach it;
//! a value just stored is what a load of the same place in the same epoch answers.
//!
//! Writes are told apart as far as types do: slots from the heap, fields by record and name. An address may point
//! anywhere.

use std::collections::{BTreeMap, HashMap};

use crate::ir::cfg::Cfg;
use crate::ir::compact::{refresh_types, replace_values};
use crate::ir::inst::Edge;
use crate::ir::spec::{ExternResult, FieldId, FieldType};
use crate::ir::{BlockId, Function, Id, Op, RecordId, SpecTables, ValueId};

/// An operation and the epochs of what it reads.
type Expression = (Op, Vec<u32>);

/// Where it was computed, and the results.
type Computed = (BlockId, Vec<ValueId>);

/// Replaces what was computed before; dead code elimination drops what is left over.
pub fn run(spec: &SpecTables, function: &mut Function) {
    let cfg = Cfg::new(function);
    let mut memory = Memory {
        next: 1,
        after: vec![None; function.blocks.len()],
    };
    let mut known: HashMap<Expression, Vec<Computed>> = HashMap::new();
    let mut replacement: Vec<Option<ValueId>> = vec![None; function.values.len()];
    for block in cfg.order() {
        let mut epochs = memory.entering(function, &cfg, *block);
        for inst in function.blocks[*block].insts.clone() {
            let mut op = function.insts[inst].op.clone();
            op.visit_args_mut(|value| *value = replacement[value.index()].unwrap_or(*value));
            if let Some(read) = epochs.reads(spec, &op) {
                let found = known.entry((op.clone(), read)).or_default();
                match found.iter().find(|(above, _)| cfg.dominates(*above, *block)) {
                    Some((_, values)) => {
                        for (result, value) in function.insts[inst].results.iter().zip(values) {
                            replacement[result.index()] = Some(*value);
                        }
                        function.blocks[*block].insts.retain(|other| *other != inst);
                    }
                    None => found.push((*block, function.insts[inst].results.clone())),
                }
            }
            epochs.write(spec, &op, &mut memory.next);
            if let Some((load, value)) = loaded_back(spec, &op) {
                let read = epochs.reads(spec, &load).unwrap_or_default();
                known.entry((load, read)).or_default().insert(0, (*block, vec![value]));
            }
        }
        memory.after[block.index()] = Some(epochs);
    }
    replace_values(function, &replacement);
    refresh_types(spec, function);
}

/// Epochs at the end of each visited block.
struct Memory {
    next: u32,
    after: Vec<Option<Epochs>>,
}

/// The current epoch of each kind of memory.
#[derive(Clone, PartialEq, Eq)]
struct Epochs {
    slots: u32,
    heap: u32,
    /// Written since `heap`; `None` for the trailing array.
    fields: BTreeMap<(RecordId, Option<FieldId>), u32>,
}

impl Memory {
    /// What holds on entry: what all predecessors agree on, else new epochs.
    fn entering(&mut self, function: &Function, cfg: &Cfg, block: BlockId) -> Epochs {
        let mut agreed: Option<Epochs> = None;
        let mut agree = true;
        for predecessor in cfg.predecessors(block) {
            let edges = function.blocks[*predecessor].terminator.edges();
            let through_call = edges
                .iter()
                .any(|edge| edge.block() == block && matches!(edge, Edge::Call(_)));
            match &self.after[predecessor.index()] {
                Some(after) if !through_call && agreed.as_ref().is_none_or(|agreed| agreed == after) => {
                    agreed = Some(after.clone());
                }
                _ => agree = false,
            }
        }
        match agreed {
            Some(agreed) if agree => agreed,
            _ => {
                self.next += 2;
                Epochs {
                    slots: self.next - 1,
                    heap: self.next,
                    fields: BTreeMap::new(),
                }
            }
        }
    }
}

impl Epochs {
    /// The epochs of what `op` reads; `None` when it must not be replaced.
    fn reads(&self, spec: &SpecTables, op: &Op) -> Option<Vec<u32>> {
        match op {
            Op::SlotLoad { .. } | Op::Operand(_) | Op::ListOperand(_) => Some(vec![self.slots]),
            Op::PtrLoad { .. } => Some(self.everything()),
            Op::Load { record, field, .. } => Some(self.field(*record, Some(*field))),
            Op::ElementLoad { record, .. } => Some(self.field(*record, None)),
            Op::CallExtern { callee, .. } => {
                let row = &spec.externs[*callee];
                let replaceable = row.effects.is_removable() && !matches!(row.result, ExternResult::Plan(_));
                let read = if row.effects.is_pure() {
                    vec![]
                } else {
                    self.everything()
                };
                replaceable.then_some(read)
            }
            // Only other code makes an instruction remember something else.
            Op::CacheLoad(_) => Some(vec![self.heap]),
            // What a call left behind is read at once, and once.
            Op::CallResults | Op::Caught | Op::PlanPayload { .. } => None,
            op if op.has_effect() => None,
            _ => Some(vec![]),
        }
    }
    fn field(&self, record: RecordId, field: Option<FieldId>) -> Vec<u32> {
        vec![self.heap, self.fields.get(&(record, field)).copied().unwrap_or(0)]
    }
    /// One list for all memory: it changes with every write.
    fn everything(&self) -> Vec<u32> {
        [self.slots, self.heap]
            .into_iter()
            .chain(self.fields.values().copied())
            .collect()
    }
    /// Starts new epochs of what `op` writes.
    fn write(&mut self, spec: &SpecTables, op: &Op, next: &mut u32) {
        let mut new = || {
            *next += 1;
            *next
        };
        match op {
            Op::SlotStore { .. } | Op::StoreResult(_) | Op::StoreResults { .. } => self.slots = new(),
            Op::Store { record, field, .. } => {
                self.fields.insert((*record, Some(*field)), new());
            }
            Op::ElementStore { record, .. } => {
                self.fields.insert((*record, None), new());
            }
            Op::PtrStore { .. } => {
                self.slots = new();
                self.heap = new();
                self.fields.clear();
            }
            Op::CallExtern { callee, .. } => {
                let effects = &spec.externs[*callee].effects;
                if effects.may_write_heap() {
                    self.heap = new();
                    self.fields.clear();
                }
                if effects.may_write_slots() {
                    self.slots = new();
                }
            }
            _ => {}
        }
    }
}

/// The load that would answer what `op` stored, when memory holds all of it.
fn loaded_back(spec: &SpecTables, op: &Op) -> Option<(Op, ValueId)> {
    match op {
        Op::SlotStore { slot, offset, value } => Some((
            Op::SlotLoad {
                slot: *slot,
                offset: *offset,
            },
            *value,
        )),
        Op::Store {
            record,
            field,
            base,
            value,
            ..
        } => {
            let ty = spec.records[*record].fields[field.0 as usize].ty;
            let whole = !matches!(ty, FieldType::U8 | FieldType::U16);
            whole.then_some((
                Op::Load {
                    record: *record,
                    field: *field,
                    base: *base,
                },
                *value,
            ))
        }
        _ => None,
    }
}
