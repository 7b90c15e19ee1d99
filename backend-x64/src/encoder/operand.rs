//! Operands: registers, memory, immediates and branch targets.

use super::holes::Hole;
use std::fmt;
use std::sync::Arc;

/// A place in the code object under construction. Numbers may come from
/// [`Assembler::new_label`](super::Assembler::new_label) or be chosen by the client, for example one per basic block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub u32);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.0)
    }
}

/// The name of something the linker, or whoever places the code, knows the address of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

impl Symbol {
    /// The symbol called `name`.
    pub fn new(name: impl Into<Arc<str>>) -> Symbol {
        Symbol(name.into())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Symbol {
    fn from(name: &str) -> Symbol {
        Symbol::new(name)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address in code or static data, reached relative to the instruction pointer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A label of the same code object.
    Label(Label),
    /// A named symbol, resolved through a relocation.
    Symbol(Symbol),
    /// An address that is filled in when the code is copied.
    Hole(Hole),
}

impl From<Label> for Target {
    fn from(label: Label) -> Target {
        Target::Label(label)
    }
}

impl From<Symbol> for Target {
    fn from(symbol: Symbol) -> Target {
        Target::Symbol(symbol)
    }
}

impl From<Hole> for Target {
    fn from(hole: Hole) -> Target {
        Target::Hole(hole)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Label(label) => label.fmt(f),
            Target::Symbol(symbol) => symbol.fmt(f),
            Target::Hole(hole) => hole.fmt(f),
        }
    }
}

/// An immediate operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Imm {
    /// A number; at a size of n bits it may be anything from -2^(n-1) to 2^n - 1.
    Value(i64),
    /// Filled in when the code is copied.
    Hole(Hole),
    /// The 64-bit address of a symbol plus an addend, through an absolute relocation.
    Address(Symbol, i64),
}

impl From<i64> for Imm {
    fn from(value: i64) -> Imm {
        Imm::Value(value)
    }
}

impl From<i32> for Imm {
    fn from(value: i32) -> Imm {
        Imm::Value(value.into())
    }
}

impl From<u32> for Imm {
    fn from(value: u32) -> Imm {
        Imm::Value(value.into())
    }
}

impl From<Hole> for Imm {
    fn from(hole: Hole) -> Imm {
        Imm::Hole(hole)
    }
}

impl fmt::Display for Imm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Imm::Value(value) => value.fmt(f),
            Imm::Hole(hole) => hole.fmt(f),
            Imm::Address(symbol, addend) => write!(f, "&{symbol}{addend:+}"),
        }
    }
}

/// What an index register is multiplied with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scale {
    /// Index times one.
    X1,
    /// Index times two.
    X2,
    /// Index times four.
    X4,
    /// Index times eight.
    X8,
}

impl Scale {
    /// All four, ascending.
    pub const ALL: [Scale; 4] = [Scale::X1, Scale::X2, Scale::X4, Scale::X8];

    /// The factor.
    pub const fn factor(self) -> u32 {
        1 << self as u32
    }

    /// The scale with this factor, if there is one.
    pub const fn from_factor(factor: u32) -> Option<Scale> {
        match factor {
            1 => Some(Scale::X1),
            2 => Some(Scale::X2),
            4 => Some(Scale::X4),
            8 => Some(Scale::X8),
            _ => None,
        }
    }
}

/// The constant part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disp {
    /// A number of bytes, encoded in the fewest bytes that hold it.
    Value(i32),
    /// Filled in when the code is copied; one or four bytes wide.
    Hole(Hole),
}

impl From<i32> for Disp {
    fn from(value: i32) -> Disp {
        Disp::Value(value)
    }
}

impl From<Hole> for Disp {
    fn from(hole: Hole) -> Disp {
        Disp::Hole(hole)
    }
}

/// A memory operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mem<R> {
    /// `[base + index*scale + disp]`; every part may be missing.
    Sum {
        /// Register the address starts from.
        base: Option<R>,
        /// Register that is scaled and added; never `rsp`.
        index: Option<(R, Scale)>,
        /// Constant that is added.
        disp: Disp,
    },
    /// `[rip + target + addend]`.
    Rip {
        /// What is addressed.
        target: Target,
        /// Bytes added to it; must be zero for a hole.
        addend: i32,
    },
}

impl<R> Mem<R> {
    /// `[base + disp]`.
    pub fn base(base: impl Into<R>, disp: impl Into<Disp>) -> Mem<R> {
        Mem::Sum {
            base: Some(base.into()),
            index: None,
            disp: disp.into(),
        }
    }

    /// `[base + index*scale + disp]`.
    pub fn base_index(base: impl Into<R>, index: impl Into<R>, scale: Scale, disp: impl Into<Disp>) -> Mem<R> {
        Mem::Sum {
            base: Some(base.into()),
            index: Some((index.into(), scale)),
            disp: disp.into(),
        }
    }

    /// `[index*scale + disp]`.
    pub fn index(index: impl Into<R>, scale: Scale, disp: impl Into<Disp>) -> Mem<R> {
        Mem::Sum {
            base: None,
            index: Some((index.into(), scale)),
            disp: disp.into(),
        }
    }

    /// `[disp]`, an address in the lowest or highest 2 GiB.
    pub fn absolute(disp: impl Into<Disp>) -> Mem<R> {
        Mem::Sum {
            base: None,
            index: None,
            disp: disp.into(),
        }
    }

    /// `[rip + target]`.
    pub fn rip(target: impl Into<Target>) -> Mem<R> {
        Mem::Rip {
            target: target.into(),
            addend: 0,
        }
    }

    /// The registers the address is computed from: base first, then index.
    pub fn registers(&self) -> impl Iterator<Item = &R> {
        let (base, index) = match self {
            Mem::Sum { base, index, .. } => (base.as_ref(), index.as_ref().map(|(index, _)| index)),
            Mem::Rip { .. } => (None, None),
        };
        base.into_iter().chain(index)
    }

    /// The same address over other registers; `f` sees base before index.
    pub fn try_map<S, E>(&self, f: &mut impl FnMut(&R) -> Result<S, E>) -> Result<Mem<S>, E> {
        Ok(match self {
            Mem::Sum { base, index, disp } => Mem::Sum {
                base: base.as_ref().map(&mut *f).transpose()?,
                index: match index {
                    Some((index, scale)) => Some((f(index)?, *scale)),
                    None => None,
                },
                disp: *disp,
            },
            Mem::Rip { target, addend } => Mem::Rip {
                target: target.clone(),
                addend: *addend,
            },
        })
    }
}

impl<R: fmt::Display> fmt::Display for Mem<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mem::Rip { target, addend: 0 } => write!(f, "[rip+{target}]"),
            Mem::Rip { target, addend } => write!(f, "[rip+{target}{addend:+}]"),
            Mem::Sum { base, index, disp } => {
                let mut plus = "";
                f.write_str("[")?;
                if let Some(base) = base {
                    write!(f, "{base}")?;
                    plus = "+";
                }
                if let Some((index, scale)) = index {
                    write!(f, "{plus}{index}*{}", scale.factor())?;
                    plus = "+";
                }
                match disp {
                    Disp::Value(0) if !plus.is_empty() => {}
                    Disp::Value(value) if *value < 0 => write!(f, "{value}")?,
                    Disp::Value(value) => write!(f, "{plus}{value}")?,
                    Disp::Hole(hole) => write!(f, "{plus}{hole}")?,
                }
                f.write_str("]")
            }
        }
    }
}

/// One operand of an instruction, over registers of type `R`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand<R> {
    /// A register.
    Reg(R),
    /// A place in memory.
    Mem(Mem<R>),
    /// A constant.
    Imm(Imm),
    /// Where control goes.
    Target(Target),
}

impl<R> From<Mem<R>> for Operand<R> {
    fn from(mem: Mem<R>) -> Operand<R> {
        Operand::Mem(mem)
    }
}

impl<R> From<Imm> for Operand<R> {
    fn from(imm: Imm) -> Operand<R> {
        Operand::Imm(imm)
    }
}

impl<R> From<Target> for Operand<R> {
    fn from(target: Target) -> Operand<R> {
        Operand::Target(target)
    }
}

impl<R: fmt::Display> fmt::Display for Operand<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Reg(reg) => reg.fmt(f),
            Operand::Mem(mem) => mem.fmt(f),
            Operand::Imm(imm) => imm.fmt(f),
            Operand::Target(target) => target.fmt(f),
        }
    }
}
