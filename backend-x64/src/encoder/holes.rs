//! Holes: fields of an instruction whose value is known only when the code is copied.

use std::fmt;

/// What a hole stands for; the client chooses the numbers and knows their names, scales and addends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoleKind(pub u16);

/// Width of a field in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FieldWidth {
    /// One byte.
    B1,
    /// Two bytes.
    B2,
    /// Four bytes.
    B4,
    /// Eight bytes.
    B8,
}

impl FieldWidth {
    /// The width in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            FieldWidth::B1 => 1,
            FieldWidth::B2 => 2,
            FieldWidth::B4 => 4,
            FieldWidth::B8 => 8,
        }
    }

    /// Does `value` survive being cut to this width and sign-extended again?
    pub const fn holds_signed(self, value: i64) -> bool {
        match self {
            FieldWidth::B1 => value as i8 as i64 == value,
            FieldWidth::B2 => value as i16 as i64 == value,
            FieldWidth::B4 => value as i32 as i64 == value,
            FieldWidth::B8 => true,
        }
    }
}

/// An immediate, displacement or branch target to be filled in later.
///
/// A holed field always takes the full declared width, and an instruction with a hole never changes its
/// length. The processor sign-extends a field that is narrower than the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hole {
    /// What will be filled in.
    pub kind: HoleKind,
    /// How many bytes the field takes.
    pub width: FieldWidth,
}

impl Hole {
    /// A hole of the given kind and width.
    pub const fn new(kind: HoleKind, width: FieldWidth) -> Hole {
        Hole { kind, width }
    }

    /// A one-byte hole.
    pub const fn byte(kind: u16) -> Hole {
        Hole::new(HoleKind(kind), FieldWidth::B1)
    }

    /// A four-byte hole, the usual one for displacements and branch targets.
    pub const fn dword(kind: u16) -> Hole {
        Hole::new(HoleKind(kind), FieldWidth::B4)
    }

    /// An eight-byte hole, for `mov r64, imm64`.
    pub const fn qword(kind: u16) -> Hole {
        Hole::new(HoleKind(kind), FieldWidth::B8)
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "?{}:{}", self.kind.0, self.width.bytes() * 8)
    }
}
