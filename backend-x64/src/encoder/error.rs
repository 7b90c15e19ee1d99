//! What can be wrong with an instruction or a code object.

use super::holes::Hole;
use super::operand::Label;
use super::regs::Gpr;
use std::error::Error;
use std::fmt;

/// Why something could not be encoded. `inst` is always the text of the instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The operation has no form with such operands at this size.
    NoForm {
        /// The instruction.
        inst: String,
    },
    /// A register is of the wrong class or not the one that the form implies.
    Register {
        /// The instruction.
        inst: String,
        /// The operand, counted from 0.
        operand: usize,
        /// The register that the form implies, if the class was right.
        expected: Option<Gpr>,
    },
    /// A number fits no immediate field the operation has.
    Immediate {
        /// The instruction.
        inst: String,
        /// The number.
        value: i64,
    },
    /// No form has a field as wide as the hole in its place.
    HoleWidth {
        /// The instruction.
        inst: String,
        /// The hole.
        hole: Hole,
    },
    /// An address is computed from a vector register.
    AddressRegister {
        /// The instruction.
        inst: String,
    },
    /// `rsp` cannot be an index.
    IndexIsRsp {
        /// The instruction.
        inst: String,
    },
    /// The address of a symbol needs a 64-bit immediate, which the operation lacks.
    AddressWidth {
        /// The instruction.
        inst: String,
    },
    /// An addend stands next to a holed target; it belongs into what fills the hole.
    HoleAddend {
        /// The instruction.
        inst: String,
    },
    /// A label is used but never bound.
    UnboundLabel(Label),
    /// A label is bound a second time.
    LabelBoundTwice(Label),
    /// An alignment that is no power of two, or above 4096.
    Alignment(u32),
    /// The code object, or a distance in it, exceeds 2 GiB.
    TooLarge,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::NoForm { inst } => write!(f, "`{inst}`: no such form of this instruction"),
            EncodeError::Register {
                inst,
                operand,
                expected: Some(gpr),
            } => {
                write!(f, "`{inst}`: operand {operand} must be {gpr}")
            }
            EncodeError::Register {
                inst,
                operand,
                expected: None,
            } => {
                write!(f, "`{inst}`: operand {operand} is a register of the wrong kind")
            }
            EncodeError::Immediate { inst, value } => write!(f, "`{inst}`: {value} does not fit"),
            EncodeError::HoleWidth { inst, hole } => {
                write!(
                    f,
                    "`{inst}`: no form has a {}-bit field for the hole",
                    hole.width.bytes() * 8
                )
            }
            EncodeError::AddressRegister { inst } => {
                write!(f, "`{inst}`: an address is computed from general registers")
            }
            EncodeError::IndexIsRsp { inst } => write!(f, "`{inst}`: rsp cannot be an index"),
            EncodeError::AddressWidth { inst } => {
                write!(f, "`{inst}`: an address needs a 64-bit immediate")
            }
            EncodeError::HoleAddend { inst } => {
                write!(f, "`{inst}`: a holed target cannot have an addend")
            }
            EncodeError::UnboundLabel(label) => write!(f, "label {label} is used but never bound"),
            EncodeError::LabelBoundTwice(label) => write!(f, "label {label} is bound twice"),
            EncodeError::Alignment(alignment) => {
                write!(f, "alignment {alignment} is not a power of two up to 4096")
            }
            EncodeError::TooLarge => f.write_str("the code object exceeds 2 GiB"),
        }
    }
}

impl Error for EncodeError {}
