//! The assembler: collects instructions, labels and data, and lays them out as a [`CodeObject`].

use super::encode::{Encoded, Field, FieldValue, Reach, encode};
use super::error::EncodeError;
use super::holes::FieldWidth;
use super::inst::Inst;
use super::op::Op;
use super::operand::{Imm, Label, Operand, Symbol, Target};
use super::regs::Reg;
use super::relax::{Fragment, Layout, relax};
use crate::code::{
    CodeObject, HighVectorSite, HoleField, HoleSite, LabelSite, Piece, PieceKind, Relocation, RelocationKind,
    SymbolSite,
};
use std::collections::{HashMap, HashSet};

/// The largest alignment: a page.
const MAX_ALIGNMENT: u32 = 4096;

/// Collects a code object in the order of its bytes.
///
/// Branches to labels are made as short as they can be when the object is [finished](Assembler::finish).
#[derive(Clone, Debug, Default)]
pub struct Assembler {
    items: Vec<Item>,
    alignment: u32,
    bound: HashSet<Label>,
    names: HashMap<Label, String>,
    next_label: u32,
}

#[derive(Clone, Debug)]
struct Item {
    content: Content,
    comment: Option<String>,
}

#[derive(Clone, Debug)]
enum Content {
    Instruction(Encoded),
    Branch {
        target: Label,
        short: Encoded,
        near: Encoded,
    },
    Data {
        bytes: Vec<u8>,
        field: Option<Field>,
    },
    Align(u32),
    Label(Label),
    Symbol(Symbol),
}

impl Assembler {
    /// An empty one.
    pub fn new() -> Assembler {
        Assembler {
            alignment: 1,
            ..Assembler::default()
        }
    }

    /// A label that was neither handed out before nor mentioned in anything emitted so far. A client that also
    /// chooses numbers itself should do so from 0 and reserve them with [`Assembler::reserve_labels`].
    ///
    /// # Panics
    ///
    /// When the numbers are used up.
    pub fn new_label(&mut self) -> Label {
        let label = Label(self.next_label);
        self.next_label = self.next_label.checked_add(1).expect("fewer than 2^32 - 1 labels");
        label
    }

    /// Keeps [`Assembler::new_label`] from handing out labels below `count`.
    pub fn reserve_labels(&mut self, count: u32) {
        self.next_label = self.next_label.max(count);
    }

    /// Says what listings call `label`.
    pub fn name_label(&mut self, label: Label, name: impl Into<String>) {
        self.names.insert(label, name.into());
    }

    /// Binds `label` to the current position.
    ///
    /// # Errors
    ///
    /// [`EncodeError::LabelBoundTwice`].
    pub fn bind(&mut self, label: Label) -> Result<(), EncodeError> {
        if !self.bound.insert(label) {
            return Err(EncodeError::LabelBoundTwice(label));
        }
        self.reserve_label(label);
        self.push(Content::Label(label), None);
        Ok(())
    }

    /// Defines `symbol` at the current position. References to it stay relocations.
    pub fn define_symbol(&mut self, symbol: impl Into<Symbol>) {
        self.push(Content::Symbol(symbol.into()), None);
    }

    /// Appends an instruction.
    ///
    /// # Errors
    ///
    /// An [`EncodeError`] if the operation has no form with these operands; nothing is appended then.
    pub fn emit(&mut self, inst: &Inst<Reg>) -> Result<(), EncodeError> {
        self.emit_with_comment(inst, None)
    }

    /// Appends an instruction, and says in listings what it is for: above all, why control leaves.
    ///
    /// # Errors
    ///
    /// As [`Assembler::emit`].
    pub fn emit_commented(&mut self, inst: &Inst<Reg>, comment: impl Into<String>) -> Result<(), EncodeError> {
        self.emit_with_comment(inst, Some(comment.into()))
    }

    /// Appends an instruction with or without a comment.
    ///
    /// # Errors
    ///
    /// As [`Assembler::emit`].
    pub fn emit_with_comment(&mut self, inst: &Inst<Reg>, comment: Option<String>) -> Result<(), EncodeError> {
        let near = encode(inst, Reach::Near)?;
        for field in &near.fields {
            if let FieldValue::LabelDistance { label, .. } = field.value {
                self.reserve_label(label);
            }
        }
        let content = match label_of_branch(inst) {
            Some(target) => {
                let short = encode(inst, Reach::Short)?;
                Content::Branch { target, short, near }
            }
            None => Content::Instruction(near),
        };
        self.push(content, comment);
        Ok(())
    }

    /// Appends `bytes` bytes of `nop`s, in as few instructions as possible.
    pub fn nop(&mut self, bytes: usize) {
        for nop in nops(bytes) {
            self.push(Content::Instruction(Encoded::verbatim(nop)), None);
        }
    }

    /// Appends `nop`s up to the next multiple of `alignment` bytes.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Alignment`] unless it is a power of two up to 4096.
    pub fn align(&mut self, alignment: u32) -> Result<(), EncodeError> {
        if !alignment.is_power_of_two() || alignment > MAX_ALIGNMENT {
            return Err(EncodeError::Alignment(alignment));
        }
        self.alignment = self.alignment.max(alignment);
        self.push(Content::Align(alignment), None);
        Ok(())
    }

    /// Appends data.
    pub fn data(&mut self, bytes: impl Into<Vec<u8>>) {
        self.push(
            Content::Data {
                bytes: bytes.into(),
                field: None,
            },
            None,
        );
    }

    /// Appends a 64-bit word: a number, the address of a symbol, or an eight-byte hole.
    ///
    /// # Errors
    ///
    /// [`EncodeError::HoleWidth`] if it is a hole of another width.
    pub fn quad(&mut self, value: impl Into<Imm>) -> Result<(), EncodeError> {
        let value = match value.into() {
            Imm::Value(value) => {
                self.data(value.to_le_bytes());
                return Ok(());
            }
            Imm::Hole(hole) if hole.width != FieldWidth::B8 => {
                return Err(EncodeError::HoleWidth {
                    inst: "quad".into(),
                    hole,
                });
            }
            Imm::Hole(hole) => FieldValue::Hole {
                kind: hole.kind,
                relative: false,
            },
            Imm::Address(symbol, addend) => FieldValue::Address { symbol, addend },
        };
        let field = Some(Field {
            position: 0,
            width: FieldWidth::B8,
            value,
        });
        self.push(
            Content::Data {
                bytes: vec![0; 8],
                field,
            },
            None,
        );
        Ok(())
    }

    /// Appends the 32-bit signed distance from `base` to `target`, an entry of a jump table.
    pub fn label_difference(&mut self, target: Label, base: Label) {
        self.reserve_label(target);
        self.reserve_label(base);
        let field = Some(Field {
            position: 0,
            width: FieldWidth::B4,
            value: FieldValue::Difference { target, base },
        });
        self.push(
            Content::Data {
                bytes: vec![0; 4],
                field,
            },
            None,
        );
    }

    /// Lays everything out.
    ///
    /// # Errors
    ///
    /// [`EncodeError::UnboundLabel`] if a label is used but not bound, [`EncodeError::TooLarge`] if the object or a
    /// distance in it exceeds 2 GiB.
    pub fn finish(self) -> Result<CodeObject, EncodeError> {
        let fragments: Vec<Fragment> = self.items.iter().map(|item| item.content.fragment()).collect();
        let layout = relax(&fragments);
        if layout.offsets.last().is_some_and(|&end| i32::try_from(end).is_err()) {
            return Err(EncodeError::TooLarge);
        }
        let mut writer = Writer::new(&layout, &self.names, self.alignment);
        for (index, item) in self.items.iter().enumerate() {
            writer.item(index, item)?;
        }
        Ok(writer.object)
    }

    fn reserve_label(&mut self, label: Label) {
        self.reserve_labels(label.0.saturating_add(1));
    }

    fn push(&mut self, content: Content, comment: Option<String>) {
        self.items.push(Item { content, comment });
    }
}

/// The label whose distance decides about the length of the instruction.
fn label_of_branch(inst: &Inst<Reg>) -> Option<Label> {
    match (inst.op(), inst.operands().next()) {
        (Op::Jmp | Op::Jcc, Some(Operand::Target(Target::Label(label)))) => Some(*label),
        _ => None,
    }
}

impl Content {
    fn fragment(&self) -> Fragment {
        match self {
            Content::Instruction(encoded) => Fragment::Fixed {
                length: encoded.bytes().len() as u64,
            },
            Content::Branch { target, short, near } => Fragment::Branch {
                target: *target,
                short: short.bytes().len() as u64,
                near: near.bytes().len() as u64,
            },
            Content::Data { bytes, .. } => Fragment::Fixed {
                length: bytes.len() as u64,
            },
            Content::Align(alignment) => Fragment::Align { alignment: *alignment },
            Content::Label(label) => Fragment::Bind { label: *label },
            Content::Symbol(_) => Fragment::Fixed { length: 0 },
        }
    }
}

/// Writes the laid-out items into a code object.
struct Writer<'a> {
    layout: &'a Layout,
    names: &'a HashMap<Label, String>,
    object: CodeObject,
}

impl<'a> Writer<'a> {
    fn new(layout: &'a Layout, names: &'a HashMap<Label, String>, alignment: u32) -> Writer<'a> {
        Writer {
            layout,
            names,
            object: CodeObject {
                alignment,
                ..CodeObject::default()
            },
        }
    }

    /// The current position. It fits: the length of the object was checked.
    fn offset(&self) -> u32 {
        self.object.bytes.len() as u32
    }

    fn item(&mut self, index: usize, item: &Item) -> Result<(), EncodeError> {
        match &item.content {
            Content::Instruction(encoded) => self.instruction(encoded, &item.comment),
            Content::Branch { near, .. } if self.layout.is_near[index] => self.instruction(near, &item.comment),
            Content::Branch { short, .. } => self.instruction(short, &item.comment),
            Content::Data { bytes, field } => {
                let start = self.offset();
                self.object.bytes.extend_from_slice(bytes);
                self.piece(start, PieceKind::Data, &item.comment);
                field.iter().try_for_each(|field| self.field(start, field))
            }
            Content::Align(_) => {
                let start = self.offset();
                let padding = (self.layout.offsets[index + 1] - self.layout.offsets[index]) as usize;
                self.object.bytes.extend(nops(padding).flatten());
                self.piece(start, PieceKind::Padding, &None);
                Ok(())
            }
            Content::Label(label) => {
                let name = self.names.get(label).cloned();
                self.object.labels.push(LabelSite {
                    offset: self.offset(),
                    label: *label,
                    name,
                });
                Ok(())
            }
            Content::Symbol(symbol) => {
                self.object.symbols.push(SymbolSite {
                    offset: self.offset(),
                    symbol: symbol.clone(),
                });
                Ok(())
            }
        }
    }

    fn instruction(&mut self, encoded: &Encoded, comment: &Option<String>) -> Result<(), EncodeError> {
        let start = self.offset();
        self.object.bytes.extend_from_slice(encoded.bytes());
        self.piece(start, PieceKind::Instruction, comment);
        let sites = encoded.high_vectors.iter().map(|named| HighVectorSite {
            offset: start + named.position as u32,
            shift: named.shift,
            number: named.number,
        });
        self.object.high_vectors.extend(sites);
        encoded.fields.iter().try_for_each(|field| self.field(start, field))
    }

    /// Everything from `start` to the current position is a piece.
    fn piece(&mut self, start: u32, kind: PieceKind, comment: &Option<String>) {
        let length = self.offset() - start;
        if length > 0 {
            self.object.pieces.push(Piece {
                offset: start,
                length,
                kind,
                comment: comment.clone(),
            });
        }
    }

    /// Fills in or records a field of the piece that was just written and began at `start`.
    fn field(&mut self, start: u32, field: &Field) -> Result<(), EncodeError> {
        let offset = start + field.position as u32;
        let end = self.offset();
        match &field.value {
            FieldValue::Hole { kind, relative } => {
                let role = if *relative {
                    HoleField::Distance { end }
                } else {
                    HoleField::Value
                };
                self.object.holes.push(HoleSite {
                    offset,
                    width: field.width,
                    kind: *kind,
                    field: role,
                });
            }
            FieldValue::LabelDistance { label, addend } => {
                let distance = self.label(*label)? - i64::from(end) + i64::from(*addend);
                self.patch(offset, field.width, distance)?;
            }
            FieldValue::SymbolDistance { symbol, addend } => {
                let addend = i64::from(*addend) - i64::from(end - offset);
                self.relocate(offset, RelocationKind::PcRelative32, symbol, addend);
            }
            FieldValue::Address { symbol, addend } => {
                self.relocate(offset, RelocationKind::Absolute64, symbol, *addend);
            }
            FieldValue::Difference { target, base } => {
                let distance = self.label(*target)? - self.label(*base)?;
                self.patch(offset, field.width, distance)?;
            }
        }
        Ok(())
    }

    fn label(&self, label: Label) -> Result<i64, EncodeError> {
        let offset = self.layout.labels.get(&label).ok_or(EncodeError::UnboundLabel(label))?;
        Ok(*offset as i64)
    }

    fn patch(&mut self, offset: u32, width: FieldWidth, value: i64) -> Result<(), EncodeError> {
        if !width.holds_signed(value) {
            return Err(EncodeError::TooLarge);
        }
        let field = &mut self.object.bytes[offset as usize..][..width.bytes()];
        field.copy_from_slice(&value.to_le_bytes()[..width.bytes()]);
        Ok(())
    }

    fn relocate(&mut self, offset: u32, kind: RelocationKind, symbol: &Symbol, addend: i64) {
        self.object.relocations.push(Relocation {
            offset,
            kind,
            symbol: symbol.clone(),
            addend,
        });
    }
}

/// The recommended `nop` of each length up to nine bytes.
#[rustfmt::skip] // one per line
const NOPS: [&[u8]; 9] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
    &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];

/// The fewest `nop`s that fill `bytes` bytes.
fn nops(mut bytes: usize) -> impl Iterator<Item = &'static [u8]> {
    std::iter::from_fn(move || {
        let length = bytes.min(NOPS.len());
        bytes -= length;
        length.checked_sub(1).map(|index| NOPS[index])
    })
}
