//! The instruction table: one row per form, in the manual's terms.
//!
//! A form says at which sizes it exists, what its operands are and how it is encoded. Forms of one operation stand
//! together, the most general first: the constraints a register allocator sees are those of the first form that fits
//! the shape of the operands, while the encoder picks the shortest form that fits their values.

use super::op::Op;
use super::regs::{Gpr, Size};

/// What may stand at an operand position, and into which field of the encoding it goes.
///
/// "Sized" means: of the size of the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sized general register, in ModRM.reg.
    R,
    /// Sized general register or memory, in ModRM.rm.
    Rm,
    /// Byte register or memory, in ModRM.rm.
    Rm8,
    /// Memory only, in ModRM.rm.
    M,
    /// General register in the low bits of the opcode.
    O,
    /// As `O`, but not `rax`: `xchg eax, eax` in this form would be `nop`.
    OpNotRax,
    /// General register in VEX.vvvv.
    V,
    /// General register in both ModRM fields.
    Both,
    /// Exactly this general register, which the encoding implies.
    Is(Gpr),
    /// Vector register, in ModRM.reg.
    X,
    /// Vector register only, in ModRM.rm.
    Xr,
    /// Vector register or memory, in ModRM.rm.
    Xm,
    /// Vector register in both ModRM fields.
    XBoth,
    /// Immediate of the size of the instruction, at most 32 bits, sign-extended to 64.
    I,
    /// Immediate byte, sign-extended to the size of the instruction.
    Is8,
    /// Immediate byte that is no number of the instruction's size: a shift count, a mode.
    I8,
    /// 32-bit immediate, zero-extended to 64; never a hole, whose extension would then depend on the form.
    Iu32,
    /// 64-bit immediate.
    I64,
    /// The constant 1, which the encoding implies.
    One,
    /// Branch target, 8-bit distance.
    J8,
    /// Branch target, 32-bit distance.
    J32,
}

/// An operand position: how the instruction accesses it, and what may stand there. When memory stands there, the
/// access is that of the memory; the registers of its address are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Written, old value irrelevant.
    Def(Kind),
    /// Read.
    Use(Kind),
    /// Read and written.
    Mod(Kind),
}

impl Slot {
    /// What may stand there.
    pub const fn kind(self) -> Kind {
        match self {
            Slot::Def(kind) | Slot::Use(kind) | Slot::Mod(kind) => kind,
        }
    }
}

/// Mandatory prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// None.
    None,
    /// 66.
    P66,
    /// F3.
    PF3,
    /// F2.
    PF2,
}

/// Opcode map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// One-byte opcodes.
    One,
    /// 0F.
    M0F,
    /// 0F 38.
    M0F38,
    /// 0F 3A.
    M0F3A,
}

/// How the size of the instruction shows in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizing {
    /// Not at all.
    Fixed,
    /// REX.W or VEX.W at 64 bits.
    W,
    /// Prefix 66 at 16 bits, REX.W at 64.
    Int,
    /// As `Int`, and the opcode's lowest bit is clear at 8 bits and set otherwise.
    IntOrByte,
}

/// The encoding of a form.
#[derive(Clone, Copy, Debug)]
pub struct Encoding {
    /// Mandatory prefix.
    pub prefix: Prefix,
    /// Opcode map.
    pub map: Map,
    /// Opcode; a condition or an `O` register is added to it.
    pub opcode: u8,
    /// Opcode extension in ModRM.reg.
    pub digit: Option<u8>,
    /// How the size shows.
    pub sizing: Sizing,
    /// Is it VEX-encoded?
    pub vex: bool,
}

impl Encoding {
    const fn new(prefix: Prefix, map: Map, opcode: u8, sizing: Sizing) -> Encoding {
        Encoding {
            prefix,
            map,
            opcode,
            digit: None,
            sizing,
            vex: false,
        }
    }

    /// With the opcode extension `/digit`.
    const fn d(mut self, digit: u8) -> Encoding {
        self.digit = Some(digit);
        self
    }
}

/// A set of sizes, as a bit per [`Size`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes(u8);

impl Sizes {
    /// Is `size` in the set?
    pub const fn contains(self, size: Size) -> bool {
        self.0 & (1 << size as u8) != 0
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Sizes at which it exists.
    pub sizes: Sizes,
    /// Its operands, as [`Inst`](super::Inst) lists them.
    pub slots: &'static [Slot],
    /// Its bytes.
    pub encoding: Encoding,
}

const fn row(sizes: Sizes, slots: &'static [Slot], encoding: Encoding) -> Form {
    Form { sizes, slots, encoding }
}

// How the rows below say "encoding".
const fn pair(opcode: u8) -> Encoding {
    Encoding::new(Prefix::None, Map::One, opcode, Sizing::IntOrByte)
}
const fn int(opcode: u8) -> Encoding {
    Encoding::new(Prefix::None, Map::One, opcode, Sizing::Int)
}
const fn int_0f(opcode: u8) -> Encoding {
    Encoding::new(Prefix::None, Map::M0F, opcode, Sizing::Int)
}
const fn int_f3_0f(opcode: u8) -> Encoding {
    Encoding::new(Prefix::PF3, Map::M0F, opcode, Sizing::Int)
}
const fn plain(opcode: u8) -> Encoding {
    Encoding::new(Prefix::None, Map::One, opcode, Sizing::Fixed)
}
const fn plain_0f(opcode: u8) -> Encoding {
    Encoding::new(Prefix::None, Map::M0F, opcode, Sizing::Fixed)
}
const fn sse(prefix: Prefix, opcode: u8) -> Encoding {
    Encoding::new(prefix, Map::M0F, opcode, Sizing::Fixed)
}
const fn sse_w(prefix: Prefix, opcode: u8) -> Encoding {
    Encoding::new(prefix, Map::M0F, opcode, Sizing::W)
}
const fn sse_3a(prefix: Prefix, opcode: u8) -> Encoding {
    Encoding::new(prefix, Map::M0F3A, opcode, Sizing::Fixed)
}
const fn vex_38(prefix: Prefix, opcode: u8) -> Encoding {
    let mut encoding = Encoding::new(prefix, Map::M0F38, opcode, Sizing::W);
    encoding.vex = true;
    encoding
}
const fn vex_3a(prefix: Prefix, opcode: u8) -> Encoding {
    let mut encoding = Encoding::new(prefix, Map::M0F3A, opcode, Sizing::W);
    encoding.vex = true;
    encoding
}

const B: Sizes = Sizes(1 << Size::S8 as u8);
const D: Sizes = Sizes(1 << Size::S32 as u8);
const Q: Sizes = Sizes(1 << Size::S64 as u8);
const DQ: Sizes = Sizes(D.0 | Q.0);
const WD: Sizes = Sizes(1 << Size::S16 as u8 | D.0);
const WDQ: Sizes = Sizes(WD.0 | Q.0);
const BWDQ: Sizes = Sizes(B.0 | WDQ.0);
const XX: Sizes = Sizes(1 << Size::S128 as u8);

use Kind::*;
use Prefix::{P66, PF2, PF3};
use Slot::*;

const NP: Prefix = Prefix::None;
const RAX: Kind = Is(Gpr::Rax);
const RCX: Kind = Is(Gpr::Rcx);
const RDX: Kind = Is(Gpr::Rdx);

/// The rows of an operation, promoted to a static slice.
macro_rules! rows {
    ($($row:expr,)*) => { const { &[$($row),*] } };
}

/// The eight classic operations on two operands: `$access` is how the first is accessed, `$n` the operation's number.
macro_rules! classic {
    ($access:ident, $n:literal) => {
        rows! {
            row(BWDQ, &[$access(Rm), Use(R)],   pair($n * 8)),
            row(BWDQ, &[$access(R),  Use(Rm)],  pair($n * 8 + 2)),
            row(BWDQ, &[$access(Rm), Use(I)],   pair(0x80).d($n)),
            row(WDQ,  &[$access(Rm), Use(Is8)], int(0x83).d($n)),
            row(BWDQ, &[$access(RAX), Use(I)],  pair($n * 8 + 4)),
        }
    };
}

/// Shifts and rotations; `$n` is the operation's number.
macro_rules! shift {
    ($n:literal) => {
        rows! {
            row(BWDQ, &[Mod(Rm), Use(I8)],  pair(0xc0).d($n)),
            row(BWDQ, &[Mod(Rm), Use(One)], pair(0xd0).d($n)),
            row(BWDQ, &[Mod(Rm), Use(RCX)], pair(0xd2).d($n)),
        }
    };
}

/// Multiplication and division over `rdx:rax`; at 8 bits over `ax`.
macro_rules! wide {
    ($access_rdx:ident, $n:literal) => {
        rows! {
            row(WDQ, &[Mod(RAX), $access_rdx(RDX), Use(Rm)], int(0xf7).d($n)),
            row(B,   &[Mod(RAX), Use(Rm)],                   plain(0xf6).d($n)),
        }
    };
}

/// Operations on a scalar double.
macro_rules! scalar {
    ($access:ident, $prefix:expr, $opcode:literal) => {
        rows! {
            row(Q, &[$access(X), Use(Xm)], sse($prefix, $opcode)),
        }
    };
}

/// Operations on 128 bits.
macro_rules! packed {
    ($opcode:literal) => {
        rows! {
            row(XX, &[Mod(X), Use(Xm)], sse(P66, $opcode)),
        }
    };
}

/// Copies of 128 bits.
macro_rules! copy {
    ($prefix:expr, $opcode:literal) => {
        rows! {
            row(XX, &[Def(X), Use(Xm)], sse($prefix, $opcode)),
            row(XX, &[Def(M), Use(X)],  sse($prefix, $opcode + 1)),
        }
    };
}

/// The forms of an operation.
#[rustfmt::skip] // one form per line
pub const fn forms(op: Op) -> &'static [Form] {
    match op {
        Op::Mov => rows! {
            row(BWDQ, &[Def(Rm), Use(R)],    pair(0x88)),
            row(BWDQ, &[Def(R),  Use(Rm)],   pair(0x8a)),
            row(BWDQ, &[Def(Rm), Use(I)],    pair(0xc6).d(0)),
            row(B,    &[Def(O),  Use(I)],    plain(0xb0)),
            row(WD,   &[Def(O),  Use(I)],    int(0xb8)),
            row(Q,    &[Def(O),  Use(Iu32)], plain(0xb8)),
            row(Q,    &[Def(O),  Use(I64)],  int(0xb8)),
        },
        Op::Zero => rows! { row(DQ, &[Def(Both)], plain(0x31)), },

        // Writing 32 bits clears the upper half, so the zero extensions need no REX.W.
        Op::Movzxb => rows! {
            row(WD, &[Def(R), Use(Rm8)], int_0f(0xb6)),
            row(Q,  &[Def(R), Use(Rm8)], plain_0f(0xb6)),
        },
        Op::Movzxw => rows! { row(DQ,  &[Def(R), Use(Rm)],  plain_0f(0xb7)), },
        Op::Movsxb => rows! { row(WDQ, &[Def(R), Use(Rm8)], int_0f(0xbe)), },
        Op::Movsxw => rows! { row(DQ,  &[Def(R), Use(Rm)],  int_0f(0xbf)), },
        Op::Movsxd => rows! { row(Q,   &[Def(R), Use(Rm)],  int(0x63)), },

        Op::Lea => rows! { row(WDQ, &[Def(R), Use(M)], int(0x8d)), },
        Op::Xchg => rows! {
            row(BWDQ, &[Mod(Rm), Mod(R)],   pair(0x86)),
            row(BWDQ, &[Mod(R),  Mod(Rm)],  pair(0x86)),
            row(WDQ,  &[Mod(OpNotRax), Mod(RAX)], int(0x90)),
            row(WDQ,  &[Mod(RAX), Mod(OpNotRax)], int(0x90)),
        },
        Op::Bswap => rows! { row(DQ, &[Mod(O)], int_0f(0xc8)), },
        Op::Push => rows! {
            row(Q, &[Use(Rm)],  plain(0xff).d(6)),
            row(Q, &[Use(O)],   plain(0x50)),
            row(Q, &[Use(I)],   plain(0x68)),
            row(Q, &[Use(Is8)], plain(0x6a)),
        },
        Op::Pop => rows! {
            row(Q, &[Def(Rm)], plain(0x8f).d(0)),
            row(Q, &[Def(O)],  plain(0x58)),
        },

        Op::Add => classic!(Mod, 0),
        Op::Or  => classic!(Mod, 1),
        Op::Adc => classic!(Mod, 2),
        Op::Sbb => classic!(Mod, 3),
        Op::And => classic!(Mod, 4),
        Op::Sub => classic!(Mod, 5),
        Op::Xor => classic!(Mod, 6),
        Op::Cmp => classic!(Use, 7),
        Op::Test => rows! {
            row(BWDQ, &[Use(Rm),  Use(R)],  pair(0x84)),
            row(BWDQ, &[Use(R),   Use(Rm)], pair(0x84)),
            row(BWDQ, &[Use(Rm),  Use(I)],  pair(0xf6).d(0)),
            row(BWDQ, &[Use(RAX), Use(I)],  pair(0xa8)),
        },
        Op::Not => rows! { row(BWDQ, &[Mod(Rm)], pair(0xf6).d(2)), },
        Op::Neg => rows! { row(BWDQ, &[Mod(Rm)], pair(0xf6).d(3)), },
        Op::Inc => rows! { row(BWDQ, &[Mod(Rm)], pair(0xfe).d(0)), },
        Op::Dec => rows! { row(BWDQ, &[Mod(Rm)], pair(0xfe).d(1)), },

        Op::Imul => rows! {
            row(WDQ, &[Mod(R), Use(Rm)],                 int_0f(0xaf)),
            row(WDQ, &[Def(R), Use(Rm), Use(I)],         int(0x69)),
            row(WDQ, &[Def(R), Use(Rm), Use(Is8)],       int(0x6b)),
            row(WDQ, &[Mod(RAX), Def(RDX), Use(Rm)],     int(0xf7).d(5)),
            row(B,   &[Mod(RAX), Use(Rm)],               plain(0xf6).d(5)),
        },
        Op::Mul  => wide!(Def, 4),
        Op::Div  => wide!(Mod, 6),
        Op::Idiv => wide!(Mod, 7),
        Op::Cdq  => rows! { row(WDQ, &[Use(RAX), Def(RDX)], int(0x99)), },

        Op::Rol => shift!(0),
        Op::Ror => shift!(1),
        Op::Shl => shift!(4),
        Op::Shr => shift!(5),
        Op::Sar => shift!(7),

        Op::Bt => rows! {
            row(WDQ, &[Use(Rm), Use(R)],  int_0f(0xa3)),
            row(WDQ, &[Use(Rm), Use(I8)], int_0f(0xba).d(4)),
        },
        Op::Bts => rows! {
            row(WDQ, &[Mod(Rm), Use(R)],  int_0f(0xab)),
            row(WDQ, &[Mod(Rm), Use(I8)], int_0f(0xba).d(5)),
        },
        Op::Btr => rows! {
            row(WDQ, &[Mod(Rm), Use(R)],  int_0f(0xb3)),
            row(WDQ, &[Mod(Rm), Use(I8)], int_0f(0xba).d(6)),
        },
        // A zero source leaves the destination as it was on most processors, hence `Mod`.
        Op::Bsf    => rows! { row(WDQ, &[Mod(R), Use(Rm)], int_0f(0xbc)), },
        Op::Bsr    => rows! { row(WDQ, &[Mod(R), Use(Rm)], int_0f(0xbd)), },
        Op::Popcnt => rows! { row(WDQ, &[Def(R), Use(Rm)], int_f3_0f(0xb8)), },
        Op::Tzcnt  => rows! { row(WDQ, &[Def(R), Use(Rm)], int_f3_0f(0xbc)), },
        Op::Lzcnt  => rows! { row(WDQ, &[Def(R), Use(Rm)], int_f3_0f(0xbd)), },

        Op::Cmov => rows! { row(WDQ, &[Mod(R), Use(Rm)], int_0f(0x40)), },
        Op::Set  => rows! { row(B, &[Def(Rm)], plain_0f(0x90).d(0)), },

        Op::Jmp => rows! {
            row(Q, &[Use(J32)], plain(0xe9)),
            row(Q, &[Use(J8)],  plain(0xeb)),
            row(Q, &[Use(Rm)],  plain(0xff).d(4)),
        },
        Op::Jcc => rows! {
            row(Q, &[Use(J32)], plain_0f(0x80)),
            row(Q, &[Use(J8)],  plain(0x70)),
        },
        Op::Call => rows! {
            row(Q, &[Use(J32)], plain(0xe8)),
            row(Q, &[Use(Rm)],  plain(0xff).d(2)),
        },
        Op::Ret  => rows! { row(Q, &[], plain(0xc3)), },
        Op::Int3 => rows! { row(Q, &[], plain(0xcc)), },
        Op::Ud2  => rows! { row(Q, &[], plain_0f(0x0b)), },
        Op::Nop  => rows! { row(Q, &[], plain(0x90)), },

        Op::Movsd => rows! {
            row(Q, &[Mod(X), Use(Xr)], sse(PF2, 0x10)),
            row(Q, &[Def(X), Use(M)],  sse(PF2, 0x10)),
            row(Q, &[Def(M), Use(X)],  sse(PF2, 0x11)),
        },
        Op::Movss => rows! {
            row(D, &[Mod(X), Use(Xr)], sse(PF3, 0x10)),
            row(D, &[Def(X), Use(M)],  sse(PF3, 0x10)),
            row(D, &[Def(M), Use(X)],  sse(PF3, 0x11)),
        },
        Op::Movups => copy!(NP,  0x10),
        Op::Movaps => copy!(NP,  0x28),
        Op::Movapd => copy!(P66, 0x28),
        Op::Movq => rows! {
            row(Q, &[Def(X), Use(Xm)], sse(PF3, 0x7e)),
            row(Q, &[Def(M), Use(X)],  sse(P66, 0xd6)),
        },
        Op::MovToXmm => rows! {
            row(DQ, &[Def(X), Use(Rm)], sse_w(P66, 0x6e)),
            row(Q,  &[Def(X), Use(M)],  sse(PF3, 0x7e)),
        },
        Op::MovFromXmm => rows! {
            row(DQ, &[Def(Rm), Use(X)], sse_w(P66, 0x7e)),
            row(Q,  &[Def(M),  Use(X)], sse(P66, 0xd6)),
        },
        Op::Movmskpd => rows! { row(DQ, &[Def(R), Use(Xr)], sse(P66, 0x50)), },

        // The upper half of the destination, which scalar operations keep, does not count as a use.
        Op::Sqrtsd   => scalar!(Def, PF2, 0x51),
        Op::Addsd    => scalar!(Mod, PF2, 0x58),
        Op::Mulsd    => scalar!(Mod, PF2, 0x59),
        Op::Subsd    => scalar!(Mod, PF2, 0x5c),
        Op::Minsd    => scalar!(Mod, PF2, 0x5d),
        Op::Divsd    => scalar!(Mod, PF2, 0x5e),
        Op::Maxsd    => scalar!(Mod, PF2, 0x5f),
        Op::Ucomisd  => scalar!(Use, P66, 0x2e),
        Op::Comisd   => scalar!(Use, P66, 0x2f),
        Op::Cvtsd2ss => scalar!(Def, PF2, 0x5a),
        Op::Cvtss2sd => scalar!(Def, PF3, 0x5a),
        Op::Roundsd  => rows! { row(Q, &[Def(X), Use(Xm), Use(I8)], sse_3a(P66, 0x0b)), },
        Op::Cvtsi2sd  => rows! { row(DQ, &[Def(X), Use(Rm)], sse_w(PF2, 0x2a)), },
        Op::Cvttsd2si => rows! { row(DQ, &[Def(R), Use(Xm)], sse_w(PF2, 0x2c)), },
        Op::Cvtsd2si  => rows! { row(DQ, &[Def(R), Use(Xm)], sse_w(PF2, 0x2d)), },
        Op::Andpd  => packed!(0x54),
        Op::Andnpd => packed!(0x55),
        Op::Orpd   => packed!(0x56),
        Op::Xorpd  => packed!(0x57),
        Op::ZeroXmm => rows! { row(XX, &[Def(XBoth)], sse(NP, 0x57)), },

        Op::Andn  => rows! { row(DQ, &[Def(R), Use(V),  Use(Rm)], vex_38(NP,  0xf2)), },
        Op::Bextr => rows! { row(DQ, &[Def(R), Use(Rm), Use(V)],  vex_38(NP,  0xf7)), },
        Op::Shlx  => rows! { row(DQ, &[Def(R), Use(Rm), Use(V)],  vex_38(P66, 0xf7)), },
        Op::Sarx  => rows! { row(DQ, &[Def(R), Use(Rm), Use(V)],  vex_38(PF3, 0xf7)), },
        Op::Shrx  => rows! { row(DQ, &[Def(R), Use(Rm), Use(V)],  vex_38(PF2, 0xf7)), },
        Op::Rorx  => rows! { row(DQ, &[Def(R), Use(Rm), Use(I8)], vex_3a(PF2, 0xf0)), },
    }
}
