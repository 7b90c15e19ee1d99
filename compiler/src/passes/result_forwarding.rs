//! A result is handed to the next instruction in a register, too.
//!
//! What an instruction computes goes to a slot, and mostly the next instruction reads it there: a store and a load of the
//! same place, which on current processors take longer than the addition in between. So an instruction whose result is
//! computed as a double also leaves it in a register ([`Bytecode::forwards`]), and a bytecode that checks an operand for
//! a double gets a variant in which this operand is the result of the instruction before:
//!
//! ```text
//! ADD.slot_slot    movsd xmm4, [base+rcx*8]      →   ADD.last_slot    (xmm0 is lhs already)
//! ```
//!
//! The slot has the value as well, so all that is not expected reads it there. The builder picks such a variant where
//! one instruction follows the other on every path: no label stands between them.
//!
//! [`Bytecode::forwards`]: crate::ir::spec::Bytecode::forwards

use std::collections::BTreeSet;
use std::sync::Arc;

use super::PassError;
use crate::ir::cfg::Cfg;
use crate::ir::facts::root;
use crate::ir::spec::{OperandKind, ResultKind, SpecTables};
use crate::ir::{BytecodeId, Function, FunctionKind, Id, LeafId, Op, OperandId, Program, Table, TypeSet, ValueId};

/// Finds the bytecodes that forward, and makes the variants that make use of it.
pub fn run(program: &mut Program, enabled: bool) -> Result<(), PassError> {
    let Some(double) = program.spec.double_leaf().filter(|_| enabled) else {
        return Ok(());
    };
    let forwarding: BTreeSet<BytecodeId> = program
        .functions
        .values()
        .filter_map(|function| match function.kind {
            FunctionKind::Bytecode(id) if computes_double(function, double) => Some(id),
            _ => None,
        })
        .collect();
    if forwarding.is_empty() {
        return Ok(());
    }
    let spec = Arc::make_mut(&mut program.spec);
    for id in forwarding {
        spec.bytecodes[id].forwards = true;
    }
    let mut functions = Table::new();
    for function in program.functions.values() {
        for operand in checked_operands(function, double) {
            functions.push(with_last(&program.spec, function, operand));
        }
        functions.push(function.clone());
    }
    program.functions = functions;
    Ok(())
}

/// Whether the result of an instruction is, on an expected path, a double that it has computed.
fn computes_double(function: &Function, double: LeafId) -> bool {
    let is_slot = matches!(&function.variant, Some(variant) if variant.result == Some(ResultKind::Slot));
    let boxes =
        |value: &ValueId| matches!(function.def(root(function, *value)), Some(Op::Box { leaf, .. }) if *leaf == double);
    is_slot
        && function.blocks.values().filter(|block| !block.cold).any(|block| {
            block
                .insts
                .iter()
                .any(|inst| matches!(&function.insts[*inst].op, Op::StoreResult(value) if boxes(value)))
        })
}

/// The slots that are checked for doubles on the expected path.
fn checked_operands(function: &Function, double: LeafId) -> BTreeSet<OperandId> {
    let double = TypeSet::leaf(double);
    let mut found = BTreeSet::new();
    let Some(variant) = &function.variant else {
        return found;
    };
    for block in Cfg::new(function).order() {
        let block = &function.blocks[*block];
        for inst in block.insts.iter().filter(|_| !block.cold) {
            let checked = match &function.insts[*inst].op {
                Op::Is { value, set } if *set == double => vec![*value],
                Op::BothDouble(a, b) => vec![*a, *b],
                _ => vec![],
            };
            let operands = checked.into_iter().filter_map(|value| slot_operand(function, value));
            found.extend(operands.filter(|operand| variant.operands[operand.index()] == OperandKind::Slot));
        }
    }
    found
}

/// The operand whose slot a value was read from.
fn slot_operand(function: &Function, value: ValueId) -> Option<OperandId> {
    match function.def(root(function, value))? {
        Op::SlotLoad { slot, offset: 0 } => match function.def(*slot)? {
            Op::SlotIndex(operand) => Some(*operand),
            _ => None,
        },
        _ => None,
    }
}

/// `function` for an operand that is the result of the instruction before.
fn with_last(spec: &SpecTables, function: &Function, operand: OperandId) -> Function {
    let mut function = function.clone();
    if let Some(variant) = &mut function.variant {
        variant.operands[operand.index()] = OperandKind::Last;
    }
    let FunctionKind::Bytecode(bytecode) = function.kind else {
        return function;
    };
    let declared = &spec.bytecodes[bytecode];
    // Where there is a choice of operands, its word is replaced in the name; else one is added.
    let chosen: Vec<usize> = declared
        .operands
        .iter()
        .filter(|(_, operand)| operand.alternatives.len() > 1)
        .map(|(id, _)| id.index())
        .collect();
    let words: Vec<&str> = match function.name.split_once('.') {
        Some((_, words)) => words.split('_').collect(),
        None => vec![],
    };
    let name = match chosen.iter().position(|index| *index == operand.index()) {
        Some(at) if words.len() >= chosen.len() => {
            let replaced = words
                .iter()
                .enumerate()
                .map(|(index, word)| if index == at { "last" } else { word });
            format!("{}.{}", declared.name, replaced.collect::<Vec<_>>().join("_"))
        }
        _ => {
            let last = format!("{}_last", declared.operands[operand].name);
            let words = words.into_iter().chain([last.as_str()]);
            format!("{}.{}", declared.name, words.collect::<Vec<_>>().join("_"))
        }
    };
    function.name = name;
    function
}
