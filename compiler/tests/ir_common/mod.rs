//! A small language to write graphs for, and a machine to run them on.

#![allow(dead_code, reason = "each test crate uses a part")]

pub mod generate;
pub mod machine;

use std::sync::Arc;

use dg_compiler::ir::parse::parse_program;
use dg_compiler::ir::spec::{
    Bytecode, Effects, Extern, ExternResult, ExternType, Field, FieldType, Group, Leaf, LeafEncoding, Native,
    OperandDecl, OperandKind, Plan, PlanCase, Record, RecordKind, ResultKind, Trailing,
};
use dg_compiler::ir::verify::{Violation, verify_program};
use dg_compiler::ir::{LeafId, Program, RecordId, SpecTables, Table, TypeSet};

pub const TEXT: RecordId = RecordId(0);
pub const PAIR: RecordId = RecordId(1);
pub const FUNCTION: RecordId = RecordId(2);
pub const ARRAY: RecordId = RecordId(3);
pub const ENTRY: RecordId = RecordId(4);
pub const DOUBLE: LeafId = LeafId(3);

/// Values: nil, false, true, doubles, small numbers, texts, pairs, functions.
pub fn spec() -> Arc<SpecTables> {
    let any = TypeSet::all(8);
    let value = ExternType::Value(any);
    let leaves: Table<LeafId, Leaf> = [
        ("nil", LeafEncoding::Unit { bits: u64::MAX }),
        ("false", LeafEncoding::Unit { bits: u64::MAX - 1 }),
        ("true", LeafEncoding::Unit { bits: u64::MAX - 2 }),
        ("double", LeafEncoding::Double),
        ("int", LeafEncoding::Int32 { tag: 0xFFFC_0000 }),
        (
            "text",
            LeafEncoding::Ref {
                tag: 0xFFFE_0000,
                record: TEXT,
            },
        ),
        (
            "pair",
            LeafEncoding::Ref {
                tag: 0xFFFE_0001,
                record: PAIR,
            },
        ),
        (
            "function",
            LeafEncoding::Ref {
                tag: 0xFFFE_0002,
                record: FUNCTION,
            },
        ),
    ]
    .into_iter()
    .map(|(name, encoding)| Leaf {
        name: name.into(),
        encoding,
    })
    .collect();
    let field = |name: &str, offset, ty| Field {
        name: name.into(),
        offset,
        ty,
    };
    let object = |name: &str, number, fields, trailing, size| Record {
        name: name.into(),
        kind: RecordKind::Object { number },
        fields,
        trailing,
        size,
    };
    let array = |offset, stride, element| {
        Some(Trailing {
            name: "items".into(),
            offset,
            stride,
            element,
        })
    };
    let records = [
        object("Text", 8, vec![field("hash", 8, FieldType::U32)], None, 16),
        object(
            "Pair",
            9,
            vec![
                field("head", 8, FieldType::Value(any)),
                field(
                    "tail",
                    16,
                    FieldType::Ref {
                        record: PAIR,
                        nullable: true,
                    },
                ),
                field("marks", 20, FieldType::U32),
            ],
            None,
            24,
        ),
        object(
            "Function",
            10,
            vec![field("code", 8, FieldType::U64)],
            array(16, 8, FieldType::Value(any)),
            16,
        ),
        object("Array", 11, vec![], array(8, 16, FieldType::Struct(ENTRY)), 8),
        Record {
            name: "Entry".into(),
            kind: RecordKind::Struct,
            fields: vec![
                field("key", 0, FieldType::Value(any)),
                field("value", 8, FieldType::Value(any)),
            ],
            trailing: None,
            size: 16,
        },
    ];
    let effects = |words: &str| Effects {
        reads: words.contains("reads"),
        writes: words.contains("writes"),
        allocates: words.contains("allocates"),
        throws: words.contains("throws"),
        reenters: words.contains("reenters"),
        until: None,
    };
    let externs = [
        (
            "slow",
            vec![value, value],
            ExternResult::Plan(dg_compiler::ir::PlanId(0)),
            "allocates throws",
        ),
        (
            "power",
            vec![ExternType::F64, ExternType::F64],
            ExternResult::One(ExternType::F64),
            "",
        ),
        ("peek", vec![value], ExternResult::One(value), "reads"),
        ("poke", vec![value], ExternResult::None, "writes"),
        (
            "join",
            vec![ExternType::List],
            ExternResult::One(value),
            "allocates throws",
        ),
        ("fail", vec![value], ExternResult::One(value), "throws"),
    ]
    .into_iter()
    .map(|(name, params, result, words)| Extern {
        name: name.into(),
        params: params
            .into_iter()
            .enumerate()
            .map(|(index, ty)| (format!("p{index}"), ty))
            .collect(),
        result,
        effects: effects(words),
    })
    .collect();
    let double = OperandKind::Const(TypeSet::leaf(DOUBLE));
    let text = OperandKind::Const(TypeSet::leaf(LeafId(5)));
    let bytecode = |name: &str, operands: &[(&str, &[OperandKind])], results: &[ResultKind]| Bytecode {
        name: name.into(),
        doc: String::new(),
        line: 1,
        operands: operands
            .iter()
            .map(|(name, alternatives)| OperandDecl {
                name: (*name).into(),
                alternatives: alternatives.to_vec(),
            })
            .collect(),
        results: results.to_vec(),
        forwards: false,
    };
    use OperandKind::{ImmI32, Label, OutSlot, Slot, Slots};
    let bytecodes = [
        bytecode(
            "ADD",
            &[("lhs", &[Slot, double]), ("rhs", &[Slot, double])],
            &[ResultKind::Slot],
        ),
        bytecode("TEST", &[("a", &[Slot]), ("b", &[Slot]), ("to", &[Label])], &[]),
        bytecode(
            "CALL",
            &[("args", &[Slots])],
            &[ResultKind::Slots, ResultKind::OpenSlots],
        ),
        bytecode(
            "GET",
            &[("object", &[Slot]), ("key", &[text, double])],
            &[ResultKind::Slot],
        ),
        bytecode("STEP", &[("counter", &[OutSlot]), ("by", &[ImmI32])], &[]),
    ]
    .into_iter()
    .collect();
    let outcome = Plan {
        name: "Outcome".into(),
        cases: vec![
            PlanCase {
                name: "Done".into(),
                payload: vec![value],
            },
            PlanCase {
                name: "Call".into(),
                payload: vec![
                    ExternType::Ref {
                        record: FUNCTION,
                        nullable: false,
                    },
                    value,
                ],
            },
        ],
        fallback: None,
    };
    Arc::new(SpecTables {
        language: "small".into(),
        callee: Some(FUNCTION),
        tag_registers: vec![],
        max_slots: 250,
        compile_after_calls: 100,
        compile_after_jumps: 800,
        leaves,
        groups: vec![Group {
            name: "falsy".into(),
            set: TypeSet::all(2),
        }],
        records: records.into_iter().collect(),
        enums: Table::new(),
        plans: [outcome].into_iter().collect(),
        externs,
        bytecodes,
        natives: [Native {
            name: "first".into(),
            doc: String::new(),
            line: 1,
            params: vec!["p".into()],
            rest: None,
        }]
        .into_iter()
        .collect(),
    })
}

/// Reads a program of the small language.
///
/// # Panics
/// When it does not parse.
pub fn parse(text: &str) -> Program {
    parse_program(&spec(), text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Reads a program of the small language and checks it.
///
/// # Panics
/// When it does not parse, or is ill-formed.
pub fn parse_valid(text: &str) -> Program {
    let program = parse(text);
    if let Err(violations) = verify_program(&program) {
        panic!("{}\n{text}", lines(&violations));
    }
    program
}

/// Violations, one per line.
pub fn lines(violations: &[Violation]) -> String {
    violations.iter().map(|violation| format!("{violation}\n")).collect()
}
