//! Physical registers and operand sizes.

use std::fmt;

/// Width of an operation, in bits of its main operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Size {
    /// 8 bits.
    S8,
    /// 16 bits.
    S16,
    /// 32 bits; writing a 32-bit general register clears its upper half.
    S32,
    /// 64 bits; also scalar doubles.
    S64,
    /// 128 bits: a whole `xmm` register.
    S128,
}

impl Size {
    /// The sizes a general register can be used at.
    pub const GENERAL: [Size; 4] = [Size::S8, Size::S16, Size::S32, Size::S64];

    /// The width in bits.
    pub const fn bits(self) -> u32 {
        match self {
            Size::S8 => 8,
            Size::S16 => 16,
            Size::S32 => 32,
            Size::S64 => 64,
            Size::S128 => 128,
        }
    }

    /// The width in bytes.
    pub const fn bytes(self) -> u32 {
        self.bits() / 8
    }
}

/// The two register files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegClass {
    /// General registers, [`Gpr`].
    Gpr,
    /// Vector registers, [`Xmm`].
    Xmm,
}

/// Declares a register enum whose discriminants are the hardware numbers.
macro_rules! registers {
    ($(#[$doc:meta])* $name:ident { $($variant:ident)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        #[repr(u8)]
        pub enum $name { $($variant),* }

        impl $name {
            /// All sixteen, in the order of their hardware numbers.
            pub const ALL: [$name; 16] = [$($name::$variant),*];

            /// The number used in encodings, 0 to 15.
            pub const fn number(self) -> u8 {
                self as u8
            }
        }
    };
}

registers! {
    /// A general register, named by its 64-bit name.
    Gpr { Rax Rcx Rdx Rbx Rsp Rbp Rsi Rdi R8 R9 R10 R11 R12 R13 R14 R15 }
}

registers! {
    /// A vector register.
    Xmm { Xmm0 Xmm1 Xmm2 Xmm3 Xmm4 Xmm5 Xmm6 Xmm7 Xmm8 Xmm9 Xmm10 Xmm11 Xmm12 Xmm13 Xmm14 Xmm15 }
}

/// Names of the general registers at 8, 16, 32 and 64 bits.
#[rustfmt::skip] // one register per line
const GPR_NAMES: [[&str; 4]; 16] = [
    ["al",   "ax",   "eax",  "rax"],
    ["cl",   "cx",   "ecx",  "rcx"],
    ["dl",   "dx",   "edx",  "rdx"],
    ["bl",   "bx",   "ebx",  "rbx"],
    ["spl",  "sp",   "esp",  "rsp"],
    ["bpl",  "bp",   "ebp",  "rbp"],
    ["sil",  "si",   "esi",  "rsi"],
    ["dil",  "di",   "edi",  "rdi"],
    ["r8b",  "r8w",  "r8d",  "r8"],
    ["r9b",  "r9w",  "r9d",  "r9"],
    ["r10b", "r10w", "r10d", "r10"],
    ["r11b", "r11w", "r11d", "r11"],
    ["r12b", "r12w", "r12d", "r12"],
    ["r13b", "r13w", "r13d", "r13"],
    ["r14b", "r14w", "r14d", "r14"],
    ["r15b", "r15w", "r15d", "r15"],
];

impl Gpr {
    /// The assembler's name at `size`; 64 bits is the widest a general register has.
    pub const fn name(self, size: Size) -> &'static str {
        let column = match size {
            Size::S8 => 0,
            Size::S16 => 1,
            Size::S32 => 2,
            Size::S64 | Size::S128 => 3,
        };
        GPR_NAMES[self as usize][column]
    }
}

impl fmt::Display for Gpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name(Size::S64))
    }
}

impl fmt::Display for Xmm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "xmm{}", self.number())
    }
}

/// A physical register of either class: what [`Inst`](super::Inst) holds when it is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reg {
    /// A general register.
    Gpr(Gpr),
    /// A vector register.
    Xmm(Xmm),
}

impl Reg {
    /// The register file it belongs to.
    pub const fn class(self) -> RegClass {
        match self {
            Reg::Gpr(_) => RegClass::Gpr,
            Reg::Xmm(_) => RegClass::Xmm,
        }
    }
}

impl From<Gpr> for Reg {
    fn from(gpr: Gpr) -> Reg {
        Reg::Gpr(gpr)
    }
}

impl From<Xmm> for Reg {
    fn from(xmm: Xmm) -> Reg {
        Reg::Xmm(xmm)
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reg::Gpr(gpr) => gpr.fmt(f),
            Reg::Xmm(xmm) => xmm.fmt(f),
        }
    }
}
