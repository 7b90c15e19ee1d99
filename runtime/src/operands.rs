//! The operands of instructions, as generated builders take them.

use crate::value::RawValue;

/// A slot of the frame, by number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Slot(pub u16);

/// Where an instruction is: bytes from the start of its function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstPos(pub u32);

/// An operand that is a slot or a constant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The value in a slot.
    Slot(Slot),
    /// A constant of the instruction.
    Const(RawValue),
}

/// A run of neighbouring slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// The first one.
    pub start: Slot,
    /// How many there are.
    pub count: u16,
}

/// A list of values: as many as the instruction says, or up to the end of the last open result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum List {
    /// So many.
    Run(Run),
    /// All from this slot to the end of the last open result.
    Open(Slot),
}

/// Where results go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dest {
    /// The first one into a slot.
    Slot(Slot),
    /// As many as fit, missing ones filled.
    Run(Run),
    /// All of them, from this slot upwards.
    Open(Slot),
}
