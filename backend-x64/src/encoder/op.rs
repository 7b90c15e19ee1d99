//! The operations and what is true of each whatever its operands are: flags and CPU features.

use std::fmt;
use std::ops::BitOr;

/// A set of arithmetic flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u8);

impl Flags {
    /// No flag.
    pub const NONE: Flags = Flags(0);
    /// Carry.
    pub const C: Flags = Flags(1);
    /// Parity; "unordered" after `ucomisd`.
    pub const P: Flags = Flags(2);
    /// Adjust.
    pub const A: Flags = Flags(4);
    /// Zero.
    pub const Z: Flags = Flags(8);
    /// Sign.
    pub const S: Flags = Flags(16);
    /// Overflow.
    pub const O: Flags = Flags(32);
    /// All six.
    pub const ALL: Flags = Flags(63);

    /// The flags in either set.
    pub const fn union(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// The flags of this set that are not in `other`.
    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }

    /// Is every flag of `other` in this set?
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Have the two sets a flag in common?
    pub const fn intersects(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// Is no flag in the set?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        self.union(other)
    }
}

/// A condition on the flags; the discriminant is the hardware's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cond {
    /// Overflow.
    O,
    /// No overflow.
    No,
    /// Below, unsigned; carry.
    B,
    /// Above or equal, unsigned; no carry.
    Ae,
    /// Equal; zero.
    E,
    /// Not equal; not zero.
    Ne,
    /// Below or equal, unsigned.
    Be,
    /// Above, unsigned.
    A,
    /// Negative.
    S,
    /// Not negative.
    Ns,
    /// Parity even; unordered after `ucomisd`.
    P,
    /// Parity odd; ordered after `ucomisd`.
    Np,
    /// Less, signed.
    L,
    /// Greater or equal, signed.
    Ge,
    /// Less or equal, signed.
    Le,
    /// Greater, signed.
    G,
}

impl Cond {
    /// All sixteen in hardware order.
    pub const ALL: [Cond; 16] = {
        use Cond::*;
        [O, No, B, Ae, E, Ne, Be, A, S, Ns, P, Np, L, Ge, Le, G]
    };

    /// The condition that holds exactly when this one does not.
    pub const fn negated(self) -> Cond {
        Cond::ALL[self as usize ^ 1]
    }

    /// The condition to use when the operands of the comparison change places. The conditions on a single flag that
    /// says nothing about order (`O`, `S`, `P` and their negations) stay what they are.
    pub const fn swapped(self) -> Cond {
        match self {
            Cond::B => Cond::A,
            Cond::A => Cond::B,
            Cond::Ae => Cond::Be,
            Cond::Be => Cond::Ae,
            Cond::L => Cond::G,
            Cond::G => Cond::L,
            Cond::Le => Cond::Ge,
            Cond::Ge => Cond::Le,
            same => same,
        }
    }

    /// The flags it looks at.
    pub const fn flags(self) -> Flags {
        match self {
            Cond::O | Cond::No => Flags::O,
            Cond::B | Cond::Ae => Flags::C,
            Cond::E | Cond::Ne => Flags::Z,
            Cond::Be | Cond::A => Flags::C.union(Flags::Z),
            Cond::S | Cond::Ns => Flags::S,
            Cond::P | Cond::Np => Flags::P,
            Cond::L | Cond::Ge => Flags::S.union(Flags::O),
            Cond::Le | Cond::G => Flags::S.union(Flags::O).union(Flags::Z),
        }
    }

    /// The suffix of the mnemonic, as in `jnp`.
    pub const fn suffix(self) -> &'static str {
        [
            "o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p", "np", "l", "ge", "le", "g",
        ][self as usize]
    }
}

impl fmt::Display for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.suffix())
    }
}

/// What a processor must have beyond the x86-64 baseline (which includes SSE2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Nothing: every x86-64 processor runs it.
    Baseline,
    /// SSE4.1.
    Sse41,
    /// The `popcnt` instruction.
    Popcnt,
    /// The `lzcnt` instruction; without it the bytes mean `bsr`.
    Lzcnt,
    /// The first bit manipulation group; without it `tzcnt` means `bsf`.
    Bmi1,
    /// The second bit manipulation group.
    Bmi2,
}

/// Facts about an operation that do not depend on its operands.
#[derive(Clone, Copy, Debug)]
pub struct OpFacts {
    /// The assembler's name; conditional operations append the condition.
    pub mnemonic: &'static str,
    /// Flags it reads, besides those of a condition.
    pub reads: Flags,
    /// Flags it may change, also to an undefined value.
    pub writes: Flags,
    /// The processor feature it needs.
    pub feature: Feature,
    /// Is the operation completed by a [`Cond`]?
    pub conditional: bool,
}

const fn unconditional(_: ()) -> bool {
    false
}

const fn conditional(_: ()) -> bool {
    true
}

/// Declares [`Op`] and its facts, one row per operation.
macro_rules! operations {
    ($($variant:ident $mnemonic:literal $reads:ident $writes:ident $feature:ident $condition:ident $doc:literal)*) => {
        /// An operation. Its forms, that is the operands and sizes it accepts, are in [`forms`](super::forms::forms).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Op { $(#[doc = concat!("`", $mnemonic, "`: ", $doc)] $variant),* }

        impl Op {
            /// Every operation, in the order of the table.
            pub const ALL: &'static [Op] = &[$(Op::$variant),*];

            /// What is true of the operation whatever its operands are.
            pub const fn facts(self) -> &'static OpFacts {
                const FACTS: &[OpFacts] = &[$(OpFacts {
                    mnemonic: $mnemonic,
                    reads: $reads,
                    writes: $writes,
                    feature: Feature::$feature,
                    conditional: $condition(()),
                }),*];
                &FACTS[self as usize]
            }
        }
    };
}

const NO: Flags = Flags::NONE;
const ALL: Flags = Flags::ALL;
const C: Flags = Flags::C;
const Z: Flags = Flags::Z;
const ALL_BUT_C: Flags = ALL.without(C);
const ALL_BUT_Z: Flags = ALL.without(Z);
const CO: Flags = C.union(Flags::O);

#[rustfmt::skip] // one operation per line
operations! {
//  name        mnemonic    reads  writes     feature   condition      meaning
    Mov         "mov"       NO     NO         Baseline  unconditional  "dst = src"
    Zero        "xor"       NO     ALL        Baseline  unconditional  "dst = 0, as `xor dst, dst` without a use of `dst`"
    Movzxb      "movzx"     NO     NO         Baseline  unconditional  "dst = zero-extended byte"
    Movzxw      "movzx"     NO     NO         Baseline  unconditional  "dst = zero-extended 16-bit word"
    Movsxb      "movsx"     NO     NO         Baseline  unconditional  "dst = sign-extended byte"
    Movsxw      "movsx"     NO     NO         Baseline  unconditional  "dst = sign-extended 16-bit word"
    Movsxd      "movsxd"    NO     NO         Baseline  unconditional  "dst = sign-extended 32-bit word"
    Lea         "lea"       NO     NO         Baseline  unconditional  "dst = address"
    Xchg        "xchg"      NO     NO         Baseline  unconditional  "swaps its operands; atomic on memory"
    Bswap       "bswap"     NO     NO         Baseline  unconditional  "reverses the bytes"
    Push        "push"      NO     NO         Baseline  unconditional  "pushes onto the native stack"
    Pop         "pop"       NO     NO         Baseline  unconditional  "pops from the native stack"
    Add         "add"       NO     ALL        Baseline  unconditional  "dst += src"
    Or          "or"        NO     ALL        Baseline  unconditional  "dst |= src"
    Adc         "adc"       C      ALL        Baseline  unconditional  "dst += src + carry"
    Sbb         "sbb"       C      ALL        Baseline  unconditional  "dst -= src + carry"
    And         "and"       NO     ALL        Baseline  unconditional  "dst &= src"
    Sub         "sub"       NO     ALL        Baseline  unconditional  "dst -= src"
    Xor         "xor"       NO     ALL        Baseline  unconditional  "dst ^= src"
    Cmp         "cmp"       NO     ALL        Baseline  unconditional  "flags of lhs - rhs"
    Test        "test"      NO     ALL        Baseline  unconditional  "flags of lhs & rhs"
    Neg         "neg"       NO     ALL        Baseline  unconditional  "dst = -dst"
    Not         "not"       NO     NO         Baseline  unconditional  "dst = !dst"
    Inc         "inc"       NO     ALL_BUT_C  Baseline  unconditional  "dst += 1, carry kept"
    Dec         "dec"       NO     ALL_BUT_C  Baseline  unconditional  "dst -= 1, carry kept"
    Imul        "imul"      NO     ALL        Baseline  unconditional  "signed product: dst *= src, dst = src * imm, or rdx:rax = rax * src"
    Mul         "mul"       NO     ALL        Baseline  unconditional  "rdx:rax = rax * src, unsigned"
    Idiv        "idiv"      NO     ALL        Baseline  unconditional  "rax, rdx = quotient and remainder of rdx:rax / src, signed"
    Div         "div"       NO     ALL        Baseline  unconditional  "rax, rdx = quotient and remainder of rdx:rax / src, unsigned"
    Cdq         "cdq"       NO     NO         Baseline  unconditional  "rdx = sign of rax; `cwd`, `cdq` or `cqo` by size"
    Rol         "rol"       NO     CO         Baseline  unconditional  "rotates left"
    Ror         "ror"       NO     CO         Baseline  unconditional  "rotates right"
    Shl         "shl"       NO     ALL        Baseline  unconditional  "shifts left"
    Shr         "shr"       NO     ALL        Baseline  unconditional  "shifts right, unsigned"
    Sar         "sar"       NO     ALL        Baseline  unconditional  "shifts right, signed"
    Bt          "bt"        NO     ALL_BUT_Z  Baseline  unconditional  "carry = bit of lhs"
    Bts         "bts"       NO     ALL_BUT_Z  Baseline  unconditional  "carry = bit of lhs, then sets it"
    Btr         "btr"       NO     ALL_BUT_Z  Baseline  unconditional  "carry = bit of lhs, then clears it"
    Bsf         "bsf"       NO     ALL        Baseline  unconditional  "number of the lowest set bit; undefined for 0"
    Bsr         "bsr"       NO     ALL        Baseline  unconditional  "number of the highest set bit; undefined for 0"
    Popcnt      "popcnt"    NO     ALL        Popcnt    unconditional  "counts set bits"
    Lzcnt       "lzcnt"     NO     ALL        Lzcnt     unconditional  "counts leading zeros"
    Tzcnt       "tzcnt"     NO     ALL        Bmi1      unconditional  "counts trailing zeros"
    Cmov        "cmov"      NO     NO         Baseline  conditional    "dst = src if the condition holds"
    Set         "set"       NO     NO         Baseline  conditional    "dst = 1 if the condition holds, else 0; one byte"
    Jmp         "jmp"       NO     NO         Baseline  unconditional  "jumps"
    Jcc         "j"         NO     NO         Baseline  conditional    "jumps if the condition holds"
    Call        "call"      NO     NO         Baseline  unconditional  "calls; what the callee clobbers is the client's to say"
    Ret         "ret"       NO     NO         Baseline  unconditional  "returns"
    Int3        "int3"      NO     NO         Baseline  unconditional  "breakpoint"
    Ud2         "ud2"       NO     NO         Baseline  unconditional  "traps"
    Nop         "nop"       NO     NO         Baseline  unconditional  "does nothing"
    Movsd       "movsd"     NO     NO         Baseline  unconditional  "a double from or to memory; between registers, the low half only"
    Movss       "movss"     NO     NO         Baseline  unconditional  "a float from or to memory; between registers, the low quarter only"
    Movaps      "movaps"    NO     NO         Baseline  unconditional  "a whole vector register, aligned; the best register copy"
    Movapd      "movapd"    NO     NO         Baseline  unconditional  "as `movaps`, one byte longer"
    Movups      "movups"    NO     NO         Baseline  unconditional  "a whole vector register, unaligned"
    Movq        "movq"      NO     NO         Baseline  unconditional  "64 bits between vector registers or memory; clears the upper half"
    MovToXmm    "movd"      NO     NO         Baseline  unconditional  "general register or memory to vector register; `movd` or `movq` by size"
    MovFromXmm  "movd"      NO     NO         Baseline  unconditional  "vector register to general register or memory; `movd` or `movq` by size"
    Movmskpd    "movmskpd"  NO     NO         Baseline  unconditional  "the sign bits of both halves"
    Addsd       "addsd"     NO     NO         Baseline  unconditional  "dst += src, double"
    Subsd       "subsd"     NO     NO         Baseline  unconditional  "dst -= src, double"
    Mulsd       "mulsd"     NO     NO         Baseline  unconditional  "dst *= src, double"
    Divsd       "divsd"     NO     NO         Baseline  unconditional  "dst /= src, double"
    Minsd       "minsd"     NO     NO         Baseline  unconditional  "dst = if dst < src { dst } else { src }, double"
    Maxsd       "maxsd"     NO     NO         Baseline  unconditional  "dst = if dst > src { dst } else { src }, double"
    Sqrtsd      "sqrtsd"    NO     NO         Baseline  unconditional  "dst = square root of src, double"
    Ucomisd     "ucomisd"   NO     ALL        Baseline  unconditional  "compares doubles as if unsigned; parity if unordered"
    Comisd      "comisd"    NO     ALL        Baseline  unconditional  "as `ucomisd`, but a quiet NaN raises `invalid`"
    Andpd       "andpd"     NO     NO         Baseline  unconditional  "dst &= src, 128 bits"
    Andnpd      "andnpd"    NO     NO         Baseline  unconditional  "dst = !dst & src, 128 bits"
    Orpd        "orpd"      NO     NO         Baseline  unconditional  "dst |= src, 128 bits"
    Xorpd       "xorpd"     NO     NO         Baseline  unconditional  "dst ^= src, 128 bits"
    ZeroXmm     "xorps"     NO     NO         Baseline  unconditional  "dst = 0, as `xorps dst, dst` without a use of `dst`"
    Cvtsi2sd    "cvtsi2sd"  NO     NO         Baseline  unconditional  "signed integer of the given size to double"
    Cvttsd2si   "cvttsd2si" NO     NO         Baseline  unconditional  "double to signed integer of the given size, truncated"
    Cvtsd2si    "cvtsd2si"  NO     NO         Baseline  unconditional  "double to signed integer of the given size, rounded"
    Cvtss2sd    "cvtss2sd"  NO     NO         Baseline  unconditional  "float to double"
    Cvtsd2ss    "cvtsd2ss"  NO     NO         Baseline  unconditional  "double to float"
    Roundsd     "roundsd"   NO     NO         Sse41     unconditional  "rounds a double; 8 nearest, 9 down, 10 up, 11 to zero, all without `inexact`"
    Andn        "andn"      NO     ALL        Bmi1      unconditional  "dst = !lhs & rhs"
    Bextr       "bextr"     NO     ALL        Bmi1      unconditional  "dst = bits of src; the control holds start in byte 0, length in byte 1"
    Shlx        "shlx"      NO     NO         Bmi2      unconditional  "dst = src << count, no flags"
    Shrx        "shrx"      NO     NO         Bmi2      unconditional  "dst = src >> count, unsigned, no flags"
    Sarx        "sarx"      NO     NO         Bmi2      unconditional  "dst = src >> count, signed, no flags"
    Rorx        "rorx"      NO     NO         Bmi2      unconditional  "dst = src rotated right, no flags"
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().mnemonic)
    }
}
