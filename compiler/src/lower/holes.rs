//! Holes: what a template leaves open until it is copied for an instruction of a function.

use dg_backend_x64::encoder::{self, HoleKind};
use indexmap::IndexSet;

/// What belongs into a hole: `source * scale + addend`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hole {
    /// What it depends on.
    pub source: HoleSource,
    /// A factor.
    pub scale: i32,
    /// Added last.
    pub addend: i32,
}

/// What a hole depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoleSource {
    /// The `u16` at this offset of the instruction.
    U16(u32),
    /// The 4 bytes at this offset of the instruction.
    I32(u32),
    /// The instruction's distance from the first one of the function, in bytes.
    Position,
    /// Slots of the function's frame.
    FrameSize,
    /// Named parameters of the function.
    Params,
    /// Address of the function's first instruction.
    Bytecode,
    /// Of what the instruction remembers, a word of the key: a reference, 4 bytes at this offset. It is filled in anew
    /// when the instruction remembers something else, as are the two that follow.
    CacheKey(u32),
    /// A reference of its answer.
    CacheReference(u32),
    /// A number of its answer.
    CacheNumber(u32),
    /// The code that the runtime links this to: where another key is looked for.
    Link,
    /// The code of the next instruction.
    Next,
    /// The code of the instruction that the label at this offset names.
    Target(u32),
    /// A slot that the compiler chooses.
    Slot,
    /// Code that the compiler chooses.
    Place,
}

impl HoleSource {
    /// Is it so small that `factor` times it, and a little more, is a displacement? The runtime looks at the numbers
    /// that are remembered, where they are multiplied.
    const fn is_small(self, factor: u32) -> bool {
        match self {
            Self::U16(_) | Self::FrameSize | Self::Params | Self::Slot => factor <= 8,
            Self::CacheNumber(_) => factor != 1 && factor <= 8,
            _ => false,
        }
    }
}

impl Hole {
    /// The source itself.
    pub(super) const fn of(source: HoleSource) -> Self {
        Self {
            source,
            scale: 1,
            addend: 0,
        }
    }

    /// This number, and a number more.
    pub(super) const fn plus(self, addend: i32) -> Self {
        Self {
            addend: self.addend + addend,
            ..self
        }
    }

    /// This number times another.
    pub(super) const fn times(self, factor: i32) -> Self {
        Self {
            source: self.source,
            scale: self.scale * factor,
            addend: self.addend * factor,
        }
    }

    /// Can it be a displacement, `factor` times?
    pub(super) const fn fits_displacement(self, factor: u32) -> bool {
        self.source.is_small(factor) && self.scale == 1
    }
}

/// The holes of a function, by kind.
#[derive(Clone, Debug)]
pub(super) struct Holes(IndexSet<Hole>);

/// The kind of the hole for the next instruction's code, in every template.
pub(super) const NEXT: HoleKind = HoleKind(0);

impl Holes {
    pub(super) fn new() -> Self {
        Self(IndexSet::from([Hole::of(HoleSource::Next)]))
    }

    /// A field of 4 bytes for `hole`.
    pub(super) fn dword(&mut self, hole: Hole) -> encoder::Hole {
        encoder::Hole::dword(self.kind(hole))
    }

    /// A field of 8 bytes for `hole`.
    pub(super) fn qword(&mut self, hole: Hole) -> encoder::Hole {
        encoder::Hole::qword(self.kind(hole))
    }

    fn kind(&mut self, hole: Hole) -> u16 {
        self.0.insert_full(hole).0 as u16
    }

    /// The hole of a kind.
    pub(super) fn get(&self, kind: HoleKind) -> Hole {
        self.0[usize::from(kind.0)]
    }

    /// All, by kind.
    pub(super) fn into_vec(self) -> Vec<Hole> {
        self.0.into_iter().collect()
    }
}
