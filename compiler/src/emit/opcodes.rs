//! The instruction set as Rust: opcode numbers, the disassembler's table, and the builder.

use std::fmt::Write as _;

use super::caches::Caches;
use super::image::{Image, Opcode};
use super::names::{parameter_name, type_name};
use super::objects::{is_code, record_name};
use crate::ir::ids::{BytecodeId, Id, RecordId};
use crate::ir::spec::{Bytecode, OperandDecl, OperandKind, ResultKind, SpecTables, Variant};
use crate::ir::types::TypeSet;

/// Opcode constants, `OPCODES` and `Builder`.
pub fn opcodes(image: &Image) -> String {
    let mut out = String::new();
    opcode_constants(&mut out, image);
    opcode_table(&mut out, image);
    builder(&mut out, image);
    out
}

/// `pub mod op { /// lhs + rhs  pub const ADD_SLOT_SLOT: u16 = 3; .. }`
fn opcode_constants(out: &mut String, image: &Image) {
    out.push_str("/// The numbers of the instructions.\npub mod op {\n");
    for (number, opcode) in image.opcodes.iter().enumerate() {
        let doc = image.spec.bytecodes[opcode.bytecode]
            .doc
            .lines()
            .next()
            .unwrap_or_default()
            .trim();
        let _ = writeln!(
            out,
            "    /// {doc}\n    pub const {}: u16 = {number};",
            constant_name(opcode)
        );
    }
    out.push_str("}\n\n");
    out.push_str("/// Which bytecode an instruction is a variant of.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n");
    out.push_str("pub enum Bytecode {\n");
    for bytecode in image.spec.bytecodes.values() {
        doc_comment(out, "    ", &bytecode.doc);
        let _ = writeln!(out, "    {},", type_name(&bytecode.name));
    }
    out.push_str("}\n\n");
    let _ = writeln!(
        out,
        "/// The bytecode of each opcode.\npub static BYTECODES: [Bytecode; {}] = [",
        image.opcodes.len()
    );
    for opcode in &image.opcodes {
        let _ = writeln!(
            out,
            "    Bytecode::{},",
            type_name(&image.spec.bytecodes[opcode.bytecode].name)
        );
    }
    out.push_str("];\n\n");
}

fn constant_name(opcode: &Opcode) -> String {
    opcode.name.replace('.', "_").to_uppercase()
}

fn doc_comment(out: &mut String, indent: &str, doc: &str) {
    for line in doc.lines() {
        let _ = writeln!(out, "{indent}/// {}", line.trim());
    }
}

/// `pub static OPCODES: [OpcodeInfo; N] = [OpcodeInfo { name: "ADD.slot_slot", .. }, ..];`
fn opcode_table(out: &mut String, image: &Image) {
    let caches = Caches::of(image);
    let _ = writeln!(
        out,
        "/// The instructions, for disassembly.\npub static OPCODES: [OpcodeInfo; {}] = [",
        image.opcodes.len()
    );
    for opcode in &image.opcodes {
        let declared = &image.spec.bytecodes[opcode.bytecode];
        let doc = declared.doc.lines().next().unwrap_or_default().trim();
        let length = opcode.variant.encoding().length;
        let mut fields = operand_fields(&image.spec, declared, &opcode.variant);
        fields.sort_by_key(|(offset, ..)| *offset);
        let _ = writeln!(
            out,
            "    OpcodeInfo {{\n        name: {:?},\n        doc: {doc:?},\n        length: {length},\n\
             \x20       operands: &[",
            opcode.name
        );
        for (offset, name, kind) in fields {
            let _ = writeln!(
                out,
                "            OperandInfo {{ name: {name:?}, offset: {offset}, kind: OperandKind::{kind} }},"
            );
        }
        let cache = opcode.variant.cache.as_ref().map_or("None".to_owned(), |_| {
            format!("Some(&CACHES[{}])", caches.index(opcode))
        });
        let _ = write!(out, "        ],\n        cache: {cache},\n    }},\n");
    }
    out.push_str("];\n\n");
}

/// Offset, name and runtime kind of every field of an instruction.
fn operand_fields(spec: &SpecTables, declared: &Bytecode, variant: &Variant) -> Vec<(u32, String, &'static str)> {
    let encoding = variant.encoding();
    let mut fields = Vec::new();
    fields.extend(encoding.result.map(|offset| (offset, "result".to_owned(), "Result")));
    fields.extend(
        encoding
            .result_count
            .map(|offset| (offset, "results".to_owned(), "Count")),
    );
    for ((operand, kind), place) in declared
        .operands
        .values()
        .zip(&variant.operands)
        .zip(&encoding.operands)
    {
        fields.push((place.offset, operand.name.clone(), runtime_kind(spec, *kind)));
        fields.extend(
            place
                .count
                .map(|offset| (offset, format!("{} count", operand.name), "Count")),
        );
    }
    fields
}

fn runtime_kind(spec: &SpecTables, kind: OperandKind) -> &'static str {
    match kind {
        OperandKind::Slot
        | OperandKind::Last
        | OperandKind::Slots
        | OperandKind::SlotsFixed(_)
        | OperandKind::OpenSlots => "Slot",
        OperandKind::OutSlot => "Result",
        OperandKind::Const(_) => "Constant",
        OperandKind::ConstRef(record) if is_code(&spec.records[record]) => "Code",
        OperandKind::ConstRef(_) => "Reference",
        OperandKind::ImmI32 => "I32",
        OperandKind::ImmU32 => "U32",
        OperandKind::ImmU16 => "U16",
        OperandKind::Label => "Label",
    }
}

/// How a parameter of a builder method is written.
enum Parameter {
    Slot,
    Operand,
    Constant,
    /// Of this object.
    Reference(RecordId),
    Number(&'static str),
    Label,
    Run,
    List,
    Dest,
}

impl Parameter {
    fn of_operand(declared: &OperandDecl) -> Self {
        let several = declared.alternatives.len() > 1;
        match declared.alternatives[0] {
            OperandKind::Slot if several => Self::Operand,
            OperandKind::Const(_) if several => Self::Constant,
            OperandKind::Slots | OperandKind::SlotsFixed(_) | OperandKind::OpenSlots if several => {
                if declared.alternatives.contains(&OperandKind::OpenSlots) {
                    Self::List
                } else {
                    Self::Run
                }
            }
            OperandKind::Slot
            | OperandKind::Last
            | OperandKind::OutSlot
            | OperandKind::SlotsFixed(_)
            | OperandKind::OpenSlots => Self::Slot,
            OperandKind::Const(_) => Self::Constant,
            OperandKind::ConstRef(record) => Self::Reference(record),
            OperandKind::ImmI32 => Self::Number("i32"),
            OperandKind::ImmU32 => Self::Number("u32"),
            OperandKind::ImmU16 => Self::Number("u16"),
            OperandKind::Label => Self::Label,
            OperandKind::Slots => Self::Run,
        }
    }

    fn of_result(results: &[ResultKind]) -> Self {
        match results {
            [ResultKind::Slots] => Self::Run,
            [_] => Self::Slot,
            _ => Self::Dest,
        }
    }

    fn rust_type(&self, spec: &SpecTables) -> String {
        let name = match self {
            Self::Reference(record) => return format!("RawRef<{}>", record_name(&spec.records[*record])),
            Self::Slot => "Slot",
            Self::Operand => "Operand",
            Self::Constant => "RawValue",
            Self::Number(ty) => ty,
            Self::Label => "Label",
            Self::Run => "Run",
            Self::List => "List",
            Self::Dest => "Dest",
        };
        name.to_owned()
    }
}

/// `pub struct Builder { .. }` with a method for each bytecode, which picks the variant that its operands call for.
fn builder(out: &mut String, image: &Image) {
    out.push_str(BUILDER_HEAD);
    for (id, bytecode) in image.spec.bytecodes.iter() {
        builder_method(out, image, id, bytecode);
    }
    out.push_str("}\n\n");
}

const BUILDER_HEAD: &str = "\
/// Writes the bytecode of a function: a method for each bytecode, which picks the variant that its operands call for.
#[derive(Default, Debug)]
pub struct Builder {
    buffer: BytecodeBuffer,
    /// The slot that the instruction before has written, if it forwards its result.
    last: Option<Slot>,
}

impl Builder {
    /// An empty function.
    pub fn new() -> Self {
        Self::default()
    }

    /// The position of the next instruction: bytes from the start of the function.
    pub fn here(&self) -> InstPos {
        InstPos(self.buffer.offset())
    }

    /// A label, to be bound once.
    pub fn label(&mut self) -> Label {
        self.buffer.new_label()
    }

    /// Says that a label means the next instruction.
    pub fn bind(&mut self, label: Label) {
        self.last = None;
        self.buffer.bind(label);
    }

    /// The finished bytecode.
    ///
    /// # Errors
    /// When it is too long, or a label was never bound.
    pub fn finish(self) -> Result<Box<[Cell<u64>]>, BytecodeError> {
        self.buffer.finish()
    }

";

fn builder_method(out: &mut String, image: &Image, id: BytecodeId, bytecode: &Bytecode) {
    let mut params = Vec::new();
    let mut subjects = Vec::new();
    let variants: Vec<(usize, &Opcode)> = image
        .opcodes
        .iter()
        .enumerate()
        .filter(|(_, opcode)| opcode.bytecode == id && opcode.is_written())
        .collect();
    let chosen = chosen_operands(bytecode, &variants);
    for (operand, is_chosen) in bytecode.operands.values().zip(&chosen) {
        let parameter = Parameter::of_operand(operand);
        let name = parameter_name(&operand.name);
        if *is_chosen {
            subjects.push(name.clone());
        }
        params.push(format!("{name}: {}", parameter.rust_type(&image.spec)));
    }
    if !bytecode.results.is_empty() {
        if bytecode.results.len() > 1 {
            subjects.push("dst".into());
        }
        params.push(format!(
            "dst: {}",
            Parameter::of_result(&bytecode.results).rust_type(&image.spec)
        ));
    }
    doc_comment(out, "    ", &bytecode.doc);
    let _ = writeln!(
        out,
        "    pub fn emit_{}(&mut self{}) -> InstPos {{",
        bytecode.name.to_lowercase(),
        params.iter().map(|param| format!(", {param}")).collect::<String>()
    );
    out.push_str("        let position = ");
    if let ([(number, opcode)], true) = (variants.as_slice(), subjects.is_empty()) {
        out.push_str("{\n");
        instruction(out, "            ", bytecode, *number, opcode);
        out.push_str("        };\n");
    } else {
        let _ = writeln!(out, "match ({},) {{", subjects.join(", "));
        for (number, opcode) in variants {
            let (patterns, guards) = variant_patterns(&image.spec, bytecode, &chosen, &opcode.variant);
            let guard = if guards.is_empty() {
                String::new()
            } else {
                format!(" if {}", guards.join(" && "))
            };
            let _ = writeln!(out, "            ({},){guard} => {{", patterns.join(", "));
            instruction(out, "                ", bytecode, number, opcode);
            out.push_str("            }\n");
        }
        if variants_need_fallback(&image.spec, bytecode) {
            let _ = writeln!(
                out,
                "            other => panic!(\"{} has no variant for {{other:?}}\"),",
                bytecode.name
            );
        }
        out.push_str("        };\n");
    }
    let last = match bytecode.results.as_slice() {
        [ResultKind::Slot] if bytecode.forwards => "Some(dst)",
        [_, _, ..] if bytecode.forwards => "if let Dest::Slot(dst) = dst { Some(dst) } else { None }",
        _ => "None",
    };
    let _ = writeln!(out, "        self.last = {last};\n        position\n    }}\n");
}

/// Of each operand, whether the variant depends on it.
fn chosen_operands(bytecode: &Bytecode, variants: &[(usize, &Opcode)]) -> Vec<bool> {
    let operands = bytecode.operands.iter().map(|(id, operand)| {
        let is_last = |(_, opcode): &(usize, &Opcode)| opcode.variant.operands[id.index()] == OperandKind::Last;
        operand.alternatives.len() > 1 || variants.iter().any(is_last)
    });
    operands.collect()
}

/// Whether some operand takes constants of certain types or runs of certain lengths only, so that a match over the variants is not complete.
fn variants_need_fallback(spec: &SpecTables, bytecode: &Bytecode) -> bool {
    bytecode
        .operands
        .values()
        .filter(|operand| operand.alternatives.len() > 1)
        .any(|operand| {
            let fixed = |kind: &OperandKind| matches!(kind, OperandKind::SlotsFixed(_));
            if operand.alternatives.iter().any(fixed) && !operand.alternatives.contains(&OperandKind::Slots) {
                return true;
            }
            let constants: Vec<TypeSet> = operand
                .alternatives
                .iter()
                .filter_map(|kind| {
                    if let OperandKind::Const(set) = kind {
                        Some(*set)
                    } else {
                        None
                    }
                })
                .collect();
            !constants.is_empty() && !constants.contains(&spec.any())
        })
}

/// The patterns that tell a variant by its operands, and the guards for the types of constants.
fn variant_patterns(
    spec: &SpecTables,
    bytecode: &Bytecode,
    chosen: &[bool],
    variant: &Variant,
) -> (Vec<String>, Vec<String>) {
    let (mut patterns, mut guards) = (Vec::new(), Vec::new());
    for ((declared, kind), is_chosen) in bytecode.operands.values().zip(&variant.operands).zip(chosen) {
        if !is_chosen {
            continue;
        }
        let name = parameter_name(&declared.name);
        let is_wrapped = declared.alternatives.len() > 1;
        if *kind == OperandKind::Last {
            guards.push(format!("self.last == Some({name})"));
        }
        match kind {
            OperandKind::Slot | OperandKind::Last if !is_wrapped => patterns.push(name),
            OperandKind::Slot | OperandKind::Last => patterns.push(format!("Operand::Slot({name})")),
            OperandKind::Const(set) => {
                patterns.push(format!("Operand::Const({name})"));
                if *set != spec.any() {
                    guards.push(constant_guard(spec, *set, &name));
                }
            }
            OperandKind::Slots | OperandKind::SlotsFixed(_) => {
                let run = match kind {
                    OperandKind::SlotsFixed(count) => format!("Run {{ start: {name}, count: {count} }}"),
                    _ => name,
                };
                let is_list = declared.alternatives.contains(&OperandKind::OpenSlots);
                patterns.push(if is_list { format!("List::Run({run})") } else { run });
            }
            OperandKind::OpenSlots => patterns.push(format!("List::Open({name})")),
            other => unreachable!("{other:?} is no alternative"),
        }
    }
    if bytecode.results.len() > 1 {
        patterns.extend(variant.result.map(|result| match result {
            ResultKind::Slot => "Dest::Slot(dst)".into(),
            ResultKind::Slots => "Dest::Run(dst)".into(),
            ResultKind::OpenSlots => "Dest::Open(dst)".into(),
        }));
    }
    (patterns, guards)
}

/// A test of the type of a constant: `is_of(&[..leaves..], x)` in terms of bits.
fn constant_guard(spec: &SpecTables, set: TypeSet, name: &str) -> String {
    use crate::ir::spec::LeafEncoding;
    let tests: Vec<String> = set
        .leaves()
        .map(|leaf| match spec.leaves[leaf].encoding {
            LeafEncoding::Unit { bits } => format!("{name}.0 == {bits:#x}"),
            LeafEncoding::Double => format!("dg_runtime::is_double_bits({name}.0)"),
            LeafEncoding::Int32 { tag } | LeafEncoding::Ref { tag, .. } => format!("{name}.0 >> 32 == {tag:#x}"),
        })
        .collect();
    if tests.len() == 1 {
        tests.concat()
    } else {
        format!("({})", tests.join(" || "))
    }
}

/// The statements that write one instruction.
fn instruction(out: &mut String, indent: &str, bytecode: &Bytecode, number: usize, opcode: &Opcode) {
    let encoding = opcode.variant.encoding();
    let mut fields: Vec<(&str, u32, String)> = Vec::new();
    if let Some(offset) = encoding.result {
        match encoding.result_count {
            None => fields.push(("u16", offset, "dst.0".into())),
            Some(count) => fields.extend([
                ("u16", offset, "dst.start.0".into()),
                ("u16", count, "dst.count".into()),
            ]),
        }
    }
    for ((operand, kind), place) in bytecode
        .operands
        .values()
        .zip(&opcode.variant.operands)
        .zip(&encoding.operands)
    {
        let name = parameter_name(&operand.name);
        let (width, value) = match kind {
            OperandKind::Slot
            | OperandKind::Last
            | OperandKind::OutSlot
            | OperandKind::SlotsFixed(_)
            | OperandKind::OpenSlots => ("u16", format!("{name}.0")),
            OperandKind::Slots => ("u16", format!("{name}.start.0")),
            OperandKind::Const(_) => ("u64", format!("{name}.0")),
            OperandKind::ConstRef(_) => ("u32", format!("{name}.0")),
            OperandKind::ImmU16 => ("u16", name.clone()),
            OperandKind::ImmU32 => ("u32", name.clone()),
            OperandKind::ImmI32 => ("i32", name.clone()),
            OperandKind::Label => ("label", name.clone()),
        };
        fields.push((width, place.offset, value));
        fields.extend(place.count.map(|offset| ("u16", offset, format!("{name}.count"))));
    }
    let _ = writeln!(
        out,
        "{indent}let at = self.buffer.instruction({number}, {});",
        encoding.length
    );
    for (width, offset, value) in fields {
        let _ = match width {
            "label" => writeln!(out, "{indent}self.buffer.set_label(at, at + {offset}, {value});"),
            _ => writeln!(out, "{indent}self.buffer.set_{width}(at + {offset}, {value});"),
        };
    }
    let _ = writeln!(out, "{indent}InstPos(at)");
}
