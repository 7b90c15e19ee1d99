//! Listings of all machine code of an image, for review.

use std::fmt::Write as _;

use dg_backend_x64::lir::Pinned;
use dg_backend_x64::listing::Listing;
use dg_backend_x64::machine::pinned_register;

use crate::emit::{CodeSymbol, Image, Opcode, Section};
use crate::ir::spec::{OperandKind, ResultKind, SpecTables};

/// Every listing with the name of its symbol, in the order of the image. `path` is what the specification is called.
///
/// ```text
/// ; calc.dg:41  ADD.slot_slot  lhs: slot, rhs: slot -> slot      dst = lhs + rhs
/// ; interpreter, hot part: 12 instructions, 52 bytes
///   00  0f b7 45 04  movzx   eax, word [pc+4]
/// ```
pub fn listings(image: &Image, path: &str) -> Vec<(String, String)> {
    image
        .code
        .iter()
        .map(|symbol| (symbol.name.clone(), listing(image, path, symbol)))
        .collect()
}

fn listing(image: &Image, path: &str, symbol: &CodeSymbol) -> String {
    let mut listing = Listing::new(&symbol.object).heading(heading(image, path, symbol));
    listing = listing.part(match symbol.section {
        Section::Hot => "interpreter, hot part",
        Section::Cold => "interpreter, cold part",
    });
    let pinned = [(Pinned::Pc, "pc"), (Pinned::Base, "base"), (Pinned::Vm, "vm")];
    for (pinned, name) in pinned {
        listing = listing.register(pinned_register(pinned), name);
    }
    for (number, leaf) in image
        .spec
        .tag_registers
        .iter()
        .take(usize::from(Pinned::MAX_TAGS))
        .enumerate()
    {
        let name = format!("tag_{}", image.spec.leaves[*leaf].name);
        listing = listing.register(pinned_register(Pinned::Tag(number as u8)), name);
    }
    listing.render()
}

/// The bytecode that a symbol belongs to, with its line, operands and meaning; the name alone for framework code.
fn heading(image: &Image, path: &str, symbol: &CodeSymbol) -> String {
    let Some(opcode) = image
        .opcodes
        .iter()
        .find(|opcode| is_part(&symbol.name, &opcode.symbol))
    else {
        return symbol.name.clone();
    };
    let declared = &image.spec.bytecodes[opcode.bytecode];
    let doc = declared.doc.lines().next().unwrap_or_default().trim();
    format!(
        "{path}:{}  {}  {}      {doc}",
        declared.line,
        symbol.name,
        shape(&image.spec, opcode)
    )
}

fn is_part(name: &str, of: &str) -> bool {
    name.strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `lhs: slot, rhs: const double -> slot`
fn shape(spec: &SpecTables, opcode: &Opcode) -> String {
    let declared = &spec.bytecodes[opcode.bytecode];
    let mut text = String::new();
    for (index, (operand, kind)) in declared.operands.values().zip(&opcode.variant.operands).enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        let _ = write!(text, "{separator}{}: {}", operand.name, kind_text(spec, *kind));
    }
    if let Some(result) = opcode.variant.result {
        let result = match result {
            ResultKind::Slot => "slot",
            ResultKind::Slots => "slots",
            ResultKind::OpenSlots => "open slots",
        };
        let _ = write!(text, " -> {result}");
    }
    text.trim_start().to_owned()
}

fn kind_text(spec: &SpecTables, kind: OperandKind) -> String {
    match kind {
        OperandKind::Slot => "slot".into(),
        OperandKind::Const(set) => format!("const {}", crate::ir::print::print_set(spec, set)),
        OperandKind::ConstRef(record) => format!("const {}", spec.records[record].name),
        OperandKind::ImmI32 => "imm i32".into(),
        OperandKind::ImmU32 => "imm u32".into(),
        OperandKind::ImmU16 => "imm u16".into(),
        OperandKind::Label => "label".into(),
        OperandKind::Slots => "slots".into(),
        OperandKind::SlotsFixed(count) => format!("slots[{count}]"),
        OperandKind::OpenSlots => "open slots".into(),
        OperandKind::OutSlot => "out slot".into(),
    }
}
