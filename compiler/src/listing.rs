//! Listings of all machine code of an image, for review.

use std::fmt::Write as _;

use dg_backend_x64::encoder::Reg;
use dg_backend_x64::lir::Pinned;
use dg_backend_x64::listing::Listing;
use dg_backend_x64::machine::pinned_register;

use crate::emit::{CodeSymbol, Image, Opcode, Place, Section, Template, TemplateVersion};
use crate::ir::spec::{CacheForm, OperandKind, ResultKind, SpecTables};
use crate::lower::{Hole, HoleSource};

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
    let listing = Listing::new(&symbol.object).heading(heading(image, path, &symbol.name));
    let listing = listing.part(match symbol.section {
        Section::Hot => "interpreter, hot part",
        Section::Cold => "interpreter, cold part",
    });
    registers(image, listing).render()
}

/// Every template of compiled code with its name, in the order of the opcodes. Holes are named by what belongs there.
///
/// ```text
/// ; calc.dg:41  ADD.slot_slot  lhs: slot, rhs: slot -> slot      dst = lhs + rhs
/// ; template, hot part: 6 instructions, 38 bytes, 3 holes
///   00  f2 0f 10 83 [lhs*8]  movsd   xmm0, [base+lhs*8]
/// ```
pub fn templates(image: &Image, path: &str) -> Vec<(String, String)> {
    let opcodes = image.templates.iter().zip(image.opcodes.iter().map(Some));
    let stubs = image.stub_templates.iter().zip(std::iter::repeat(None));
    let mut listings: Vec<(String, String)> = Vec::new();
    for (template, opcode) in opcodes.chain(stubs) {
        // Several opcodes may have the same template.
        if listings.iter().all(|(name, _)| *name != template.name) {
            listings.push((template.name.clone(), template_listing(image, path, template, opcode)));
        }
    }
    listings
}

fn template_listing(image: &Image, path: &str, template: &Template, opcode: Option<&Opcode>) -> String {
    let mut text = String::new();
    for (set, version) in template.versions.iter().enumerate() {
        if template.versions.len() > 1 {
            let _ = writeln!(text, "; {}\n", known_names(image, opcode, template, set));
        }
        text.push_str(&version_listing(image, path, template, version, opcode));
    }
    text
}

/// `known to be doubles: lhs, rhs`
fn known_names(image: &Image, opcode: Option<&Opcode>, template: &Template, set: usize) -> String {
    let checked = (0..template.reads.len()).filter(|index| template.checked >> index & 1 != 0);
    let known = checked.enumerate().filter(|(bit, _)| set >> bit & 1 != 0);
    let names: Vec<String> = known
        .map(|(_, index)| place_name(image, opcode, template.reads[index]))
        .collect();
    match names.is_empty() {
        true => "known to be doubles: none".into(),
        false => format!("known to be doubles: {}", names.join(", ")),
    }
}

/// `lhs`, `control+1`
fn place_name(image: &Image, opcode: Option<&Opcode>, place: Place) -> String {
    let name = opcode
        .and_then(|opcode| field_name(image, opcode, place.offset))
        .unwrap_or_else(|| format!("field{}", place.offset));
    match place.element {
        0 => name,
        element => format!("{name}+{element}"),
    }
}

/// What each register of a template holds: the reads, then what is written.
fn value_registers(
    image: &Image,
    opcode: Option<&Opcode>,
    template: &Template,
    version: &TemplateVersion,
) -> Vec<String> {
    let mut names: Vec<String> = template
        .reads
        .iter()
        .map(|place| place_name(image, opcode, *place))
        .collect();
    for write in [&version.next, &version.target]
        .into_iter()
        .flatten()
        .flat_map(|exit| &exit.writes)
    {
        if let Some((register, _)) = write.register {
            let number = usize::from(register);
            names.resize(names.len().max(number + 1), String::new());
            names[number] = match names.contains(&place_name(image, opcode, write.place)) {
                false => place_name(image, opcode, write.place),
                true => format!("{}'", place_name(image, opcode, write.place)),
            };
        }
    }
    names
}

fn version_listing(
    image: &Image,
    path: &str,
    template: &Template,
    version: &TemplateVersion,
    opcode: Option<&Opcode>,
) -> String {
    let mut text = String::new();
    let values = value_registers(image, opcode, template, version);
    for part in &version.parts {
        let halves = [(Some(&part.hot), "hot"), (part.cold.as_ref(), "cold")];
        for (object, half) in halves {
            let Some(object) = object else { continue };
            let name = match half {
                "hot" => part.name.clone(),
                _ => format!("{}.cold", part.name),
            };
            let listing = Listing::new(object)
                .heading(heading(image, path, &name))
                .part(format!("template, {half} part"))
                .holes(|kind| hole_name(image, opcode, part.holes[usize::from(kind.0)]));
            let named = values.iter().enumerate().filter(|(_, name)| !name.is_empty());
            let listing = named.fold(listing, |listing, (number, name)| {
                listing.register(pinned_register(Pinned::Cached(number as u8)), format!("<{name}>"))
            });
            let _ = writeln!(text, "{}", registers(image, listing).render());
        }
    }
    text
}

/// `lhs*8+4`
fn hole_name(image: &Image, opcode: Option<&Opcode>, hole: Hole) -> String {
    let field = |offset: u32| {
        opcode
            .and_then(|opcode| field_name(image, opcode, offset))
            .unwrap_or_else(|| format!("field{offset}"))
    };
    let source = match hole.source {
        HoleSource::U16(offset) | HoleSource::I32(offset) | HoleSource::Target(offset) => field(offset),
        HoleSource::CacheKey(offset) | HoleSource::CacheReference(offset) | HoleSource::CacheNumber(offset) => opcode
            .and_then(|opcode| word_name(opcode, offset))
            .unwrap_or_else(|| field(offset)),
        HoleSource::Link => "link".into(),
        HoleSource::Position => "pos".into(),
        HoleSource::FrameSize => "frame_size".into(),
        HoleSource::Params => "params".into(),
        HoleSource::Bytecode => "bytecode".into(),
        HoleSource::Next => "next".into(),
        HoleSource::Slot => "slot".into(),
        HoleSource::Place => "place".into(),
    };
    let scaled = match hole.scale {
        1 => source,
        -1 => format!("-{source}"),
        scale => format!("{source}*{scale}"),
    };
    match hole.addend {
        0 => scaled,
        addend => format!("{scaled}{addend:+}"),
    }
}

/// The operand whose field is at `offset` of an instruction.
fn field_name(image: &Image, opcode: &Opcode, offset: u32) -> Option<String> {
    let encoding = opcode.variant.encoding();
    if encoding.result == Some(offset) {
        return Some("dst".into());
    }
    if encoding.result_count == Some(offset) {
        return Some("dst.count".into());
    }
    let operands = image.spec.bytecodes[opcode.bytecode].operands.values();
    operands.zip(&encoding.operands).find_map(|(operand, place)| {
        if place.offset == offset {
            return Some(operand.name.clone());
        }
        (place.count == Some(offset)).then(|| format!("{}.count", operand.name))
    })
}

/// The word at `offset` of what an instruction of this form remembers: `key`, or `word0` of its case.
fn word_name(opcode: &Opcode, offset: u32) -> Option<String> {
    let cache = opcode.variant.encoding().cache?;
    if let Some(index) = cache.key.iter().position(|at| *at == offset) {
        return Some(if cache.key.len() == 1 {
            "key".into()
        } else {
            format!("key{index}")
        });
    }
    let CacheForm::Case(case) = opcode.form else {
        return None;
    };
    let index = cache.cases[case as usize].iter().position(|at| *at == offset)?;
    Some(format!("word{index}"))
}

/// Calls the pinned registers what they hold.
fn registers<'a>(image: &Image, listing: Listing<'a>) -> Listing<'a> {
    let pinned = pinned(image).into_iter();
    pinned.fold(listing, |listing, (register, name)| listing.register(register, name))
}

/// The pinned registers, and what they hold.
pub(crate) fn pinned(image: &Image) -> Vec<(Reg, String)> {
    let fixed = [(Pinned::Pc, "pc"), (Pinned::Base, "base"), (Pinned::Vm, "vm")];
    let fixed = fixed.map(|(pinned, name)| (pinned_register(pinned), name.to_owned()));
    let tags = image.spec.tag_registers.iter().take(usize::from(Pinned::MAX_TAGS));
    let tags = tags.enumerate().map(|(number, leaf)| {
        let name = format!("tag_{}", image.spec.leaves[*leaf].name);
        (pinned_register(Pinned::Tag(number as u8)), name)
    });
    fixed.into_iter().chain(tags).collect()
}

/// The bytecode that a symbol belongs to, with its line, operands and meaning; the name alone for framework code.
fn heading(image: &Image, path: &str, name: &str) -> String {
    let Some(opcode) = image.opcodes.iter().find(|opcode| is_part(name, &opcode.symbol)) else {
        return name.to_owned();
    };
    let declared = &image.spec.bytecodes[opcode.bytecode];
    let doc = declared.doc.lines().next().unwrap_or_default().trim();
    format!(
        "{path}:{}  {}  {}      {doc}",
        declared.line,
        name,
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
        OperandKind::Last => "last result".into(),
    }
}
