//! A variant of each bytecode per operand shape and constant type.
//!
//! The alternatives of all operands and of the result are combined. In a variant every operand is of one kind, so its
//! value is read one way, and a constant's type is known to all that follows:
//!
//! ```text
//! rhs: slot | const double        v1: val = operand rhs   →   v1: val[double] = const_operand rhs
//! ```
//!
//! Switched off, a bytecode still has a variant per shape, since shapes are encoded differently; but constants of
//! different types share one, and it knows only that the constant is one of them.

use super::PassError;
use crate::ir::builder::result_types;
use crate::ir::compact::refresh_types;
use crate::ir::spec::{Bytecode, OperandKind, ResultKind, Variant};
use crate::ir::{Function, FunctionKind, Id, InstId, Op, Program, SpecTables, Table, TypeSet};

/// Replaces every bytecode's function by its variants.
pub fn run(program: &mut Program, enabled: bool) -> Result<(), PassError> {
    let spec = program.spec.clone();
    let mut functions = Table::new();
    for function in program.functions.values() {
        match function.kind {
            FunctionKind::Bytecode(id) if function.variant.is_none() => {
                for (name, variant) in variants(&spec, &spec.bytecodes[id], enabled) {
                    functions.push(specialised(&spec, function, name, variant));
                }
            }
            _ => {
                functions.push(function.clone());
            }
        }
    }
    program.functions = functions;
    Ok(())
}

/// The names and shapes of a bytecode's variants, in declared order, the last operand changing fastest. A name has a
/// part for each choice there was: `ADD.slot_double`.
pub fn variants(spec: &SpecTables, bytecode: &Bytecode, by_type: bool) -> Vec<(String, Variant)> {
    let start = Variant {
        operands: Vec::new(),
        result: None,
        cache: None,
    };
    let mut partial: Vec<(Vec<String>, Variant)> = vec![(Vec::new(), start)];
    for operand in bytecode.operands.values() {
        let alternatives = if by_type {
            operand.alternatives.clone()
        } else {
            merge_constants(&operand.alternatives)
        };
        partial = combine(
            partial,
            &alternatives,
            |kind| kind_name(spec, *kind),
            |variant, kind| {
                variant.operands.push(*kind);
            },
        );
    }
    partial = combine(
        partial,
        &bytecode.results,
        |kind| result_name(*kind).into(),
        |variant, kind| {
            variant.result = Some(*kind);
        },
    );
    let name = |parts: Vec<String>| match parts.is_empty() {
        true => bytecode.name.clone(),
        false => format!("{}.{}", bytecode.name, parts.join("_")),
    };
    partial
        .into_iter()
        .map(|(parts, variant)| (name(parts), variant))
        .collect()
}

/// Every partial variant with every alternative; only a real choice is named.
fn combine<T>(
    partial: Vec<(Vec<String>, Variant)>,
    alternatives: &[T],
    name: impl Fn(&T) -> String,
    choose: impl Fn(&mut Variant, &T),
) -> Vec<(Vec<String>, Variant)> {
    if alternatives.is_empty() {
        return partial;
    }
    let mut combined = Vec::with_capacity(partial.len() * alternatives.len());
    for (parts, variant) in partial {
        for alternative in alternatives {
            let (mut parts, mut variant) = (parts.clone(), variant.clone());
            if alternatives.len() > 1 {
                parts.push(name(alternative));
            }
            choose(&mut variant, alternative);
            combined.push((parts, variant));
        }
    }
    combined
}

/// One alternative instead of several that are constants.
fn merge_constants(alternatives: &[OperandKind]) -> Vec<OperandKind> {
    let mut merged: Vec<OperandKind> = Vec::new();
    for kind in alternatives {
        let constant = merged.iter_mut().find_map(|other| match other {
            OperandKind::Const(set) => Some(set),
            _ => None,
        });
        match (kind, constant) {
            (OperandKind::Const(set), Some(known)) => *known = known.union(*set),
            _ => merged.push(*kind),
        }
    }
    merged
}

fn specialised(spec: &SpecTables, function: &Function, name: String, variant: Variant) -> Function {
    let mut function = function.clone();
    function.name = name;
    for (_, block) in function.blocks.clone().iter() {
        for inst in &block.insts {
            let Op::Operand(operand) = function.insts[*inst].op else {
                continue;
            };
            match variant.operands[operand.index()] {
                OperandKind::Slot => {
                    let line = function.insts[*inst].line;
                    let types = result_types(spec, &function, &Op::SlotIndex(operand));
                    let index = function.make_inst(Op::SlotIndex(operand), &types, line);
                    let slot = function.insts[index].results[0];
                    function.insts[*inst].op = Op::SlotLoad { slot, offset: 0 };
                    insert_before(&mut function, *inst, index);
                }
                _ => function.insts[*inst].op = Op::ConstOperand(operand),
            }
        }
    }
    function.variant = Some(variant);
    refresh_types(spec, &mut function);
    function
}

fn insert_before(function: &mut Function, place: InstId, new: InstId) {
    for (_, block) in function.blocks.iter_mut() {
        if let Some(index) = block.insts.iter().position(|inst| *inst == place) {
            block.insts.insert(index, new);
        }
    }
}

fn kind_name(spec: &SpecTables, kind: OperandKind) -> String {
    match kind {
        OperandKind::Slot => "slot".into(),
        OperandKind::Const(set) => constant_name(spec, set),
        OperandKind::ConstRef(record) => spec.records[record].name.to_lowercase(),
        OperandKind::ImmI32 | OperandKind::ImmU32 | OperandKind::ImmU16 => "imm".into(),
        OperandKind::Label => "label".into(),
        OperandKind::Slots => "slots".into(),
        OperandKind::SlotsFixed(count) => format!("slots{count}"),
        OperandKind::OpenSlots => "open".into(),
        OperandKind::OutSlot => "out".into(),
        OperandKind::Last => "last".into(),
    }
}

fn constant_name(spec: &SpecTables, set: TypeSet) -> String {
    if set == spec.any() {
        return "const".into();
    }
    if let Some(group) = spec.groups.iter().find(|group| group.set == set) {
        return group.name.clone();
    }
    let names: Vec<&str> = set.leaves().map(|leaf| spec.leaves[leaf].name.as_str()).collect();
    names.join("_or_")
}

const fn result_name(kind: ResultKind) -> &'static str {
    match kind {
        ResultKind::Slot => "to_slot",
        ResultKind::Slots => "to_slots",
        ResultKind::OpenSlots => "to_open",
    }
}
