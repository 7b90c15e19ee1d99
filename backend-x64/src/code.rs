//! Code objects: what the encoder produces, and what is linked, printed or copied into executable memory.

use crate::encoder::{FieldWidth, HoleKind, Label, Symbol};

/// Machine code with everything that is needed to place it.
///
/// All offsets count bytes from the start of the object. Every list is sorted by offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodeObject {
    /// The code; relocated and holed fields are zero.
    pub bytes: Vec<u8>,
    /// The largest alignment asked for inside; the object must start at a multiple of it.
    pub alignment: u32,
    /// Fields that depend on where things are placed.
    pub relocations: Vec<Relocation>,
    /// Fields that are filled in with each copy.
    pub holes: Vec<HoleSite>,
    /// Where registers from `xmm8` on are named: each copy may name others of these.
    pub high_vectors: Vec<HighVectorSite>,
    /// Where the labels are.
    pub labels: Vec<LabelSite>,
    /// Symbols that the object defines.
    pub symbols: Vec<SymbolSite>,
    /// What the bytes are, from the first to the last without a gap.
    pub pieces: Vec<Piece>,
}

/// How the value of a relocated field is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelocationKind {
    /// 32 bits: symbol + addend - address of the field, as `R_X86_64_PC32`.
    PcRelative32,
    /// 64 bits: symbol + addend, as `R_X86_64_64`.
    Absolute64,
}

/// A field that holds the address of a symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Where the field is.
    pub offset: u32,
    /// Its width and meaning.
    pub kind: RelocationKind,
    /// Whose address.
    pub symbol: Symbol,
    /// What to add. For pc-relative fields it includes the distance from the field to the end of the instruction.
    pub addend: i64,
}

/// Which part of an instruction a hole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoleField {
    /// A number, or a displacement from a register: holds the value itself.
    Value,
    /// A branch target or `rip`-relative address: holds the distance from `end` to the target.
    Distance {
        /// Offset of the end of the instruction.
        end: u32,
    },
}

/// A field to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoleSite {
    /// Where the field is.
    pub offset: u32,
    /// How wide it is.
    pub width: FieldWidth,
    /// What belongs there.
    pub kind: HoleKind,
    /// How it is to be written.
    pub field: HoleField,
}

/// Three bits that name a register from `xmm8` on: they hold its number less 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HighVectorSite {
    /// Which byte.
    pub offset: u32,
    /// The lowest of the bits.
    pub shift: u8,
    /// The register's number, less 8.
    pub number: u8,
}

/// A label that was bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSite {
    /// Where it is.
    pub offset: u32,
    /// Which it is.
    pub label: Label,
    /// What listings call it, if it was named.
    pub name: Option<String>,
}

/// A symbol that the object defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolSite {
    /// Where it is.
    pub offset: u32,
    /// Its name.
    pub symbol: Symbol,
}

/// What a piece of a code object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// One instruction.
    Instruction,
    /// Data.
    Data,
    /// What an alignment skips, filled with `nop`s.
    Padding,
}

/// An instruction or a run of other bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it starts.
    pub offset: u32,
    /// How many bytes it has; never zero.
    pub length: u32,
    /// What it is.
    pub kind: PieceKind,
    /// What a listing says about it.
    pub comment: Option<String>,
}

impl CodeObject {
    /// Where `label` was bound.
    pub fn label_offset(&self, label: Label) -> Option<u32> {
        self.labels
            .iter()
            .find(|site| site.label == label)
            .map(|site| site.offset)
    }

    /// How many instructions there are, padding not counted.
    pub fn instruction_count(&self) -> usize {
        self.pieces
            .iter()
            .filter(|piece| piece.kind == PieceKind::Instruction)
            .count()
    }
}
