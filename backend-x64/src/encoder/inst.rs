//! Instructions over any type of register.

use super::error::EncodeError;
use super::forms::{Form, Kind, Slot, forms};
use super::op::{Cond, Feature, Flags, Op};
use super::operand::{Imm, Mem, Operand, Target};
use super::regs::{Gpr, RegClass, Size};
use std::fmt;

/// How an instruction accesses a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Written; the old value does not matter.
    Def,
    /// Read.
    Use,
    /// Read and written.
    Mod,
}

/// What an instruction demands of a register operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RegConstraint {
    /// How it is accessed.
    pub access: Access,
    /// The register file it must come from.
    pub class: RegClass,
    /// The one register it must be, if the encoding implies it.
    pub fixed: Option<Gpr>,
    /// The one register it must not be, if any: an index may not be `rsp`.
    pub excluded: Option<Gpr>,
}

/// An instruction: an operation, a size and up to three operands over registers of type `R`.
///
/// Before register allocation `R` is whatever names a virtual register, afterwards it is [`Reg`](super::Reg). Operands
/// stand in Intel's order; registers that the encoding merely implies are operands too (`shl` by `rcx`, `rax` and
/// `rdx` of a division), only the stack pointer of `push`, `pop`, `call` and `ret` is not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Inst<R> {
    op: Op,
    size: Size,
    cond: Option<Cond>,
    operands: [Option<Operand<R>>; 3],
}

impl<R> Inst<R> {
    /// The general constructor; the others are shorthands. Whether such a form exists shows when the instruction is
    /// encoded or its registers are visited.
    pub fn new<const N: usize>(op: Op, size: Size, operands: [Operand<R>; N]) -> Inst<R> {
        const { assert!(N <= 3, "an instruction has at most three operands") };
        let mut operands = operands.into_iter();
        Inst {
            op,
            size,
            cond: None,
            operands: std::array::from_fn(|_| operands.next()),
        }
    }

    /// An instruction without operands, such as `ret`.
    pub fn op0(op: Op) -> Inst<R> {
        Inst::new(op, Size::S64, [])
    }

    /// `op reg`.
    pub fn r(op: Op, size: Size, reg: impl Into<R>) -> Inst<R> {
        Inst::new(op, size, [Operand::Reg(reg.into())])
    }

    /// `op mem`.
    pub fn m(op: Op, size: Size, mem: Mem<R>) -> Inst<R> {
        Inst::new(op, size, [Operand::Mem(mem)])
    }

    /// `op imm`.
    pub fn i(op: Op, size: Size, imm: impl Into<Imm>) -> Inst<R> {
        Inst::new(op, size, [Operand::Imm(imm.into())])
    }

    /// `op reg, reg`.
    pub fn rr(op: Op, size: Size, first: impl Into<R>, second: impl Into<R>) -> Inst<R> {
        Inst::new(op, size, [Operand::Reg(first.into()), Operand::Reg(second.into())])
    }

    /// `op reg, mem`.
    pub fn rm(op: Op, size: Size, reg: impl Into<R>, mem: Mem<R>) -> Inst<R> {
        Inst::new(op, size, [Operand::Reg(reg.into()), Operand::Mem(mem)])
    }

    /// `op mem, reg`.
    pub fn mr(op: Op, size: Size, mem: Mem<R>, reg: impl Into<R>) -> Inst<R> {
        Inst::new(op, size, [Operand::Mem(mem), Operand::Reg(reg.into())])
    }

    /// `op reg, imm`.
    pub fn ri(op: Op, size: Size, reg: impl Into<R>, imm: impl Into<Imm>) -> Inst<R> {
        Inst::new(op, size, [Operand::Reg(reg.into()), Operand::Imm(imm.into())])
    }

    /// `op mem, imm`.
    pub fn mi(op: Op, size: Size, mem: Mem<R>, imm: impl Into<Imm>) -> Inst<R> {
        Inst::new(op, size, [Operand::Mem(mem), Operand::Imm(imm.into())])
    }

    /// `op reg, reg, reg`.
    pub fn rrr(op: Op, size: Size, first: impl Into<R>, second: impl Into<R>, third: impl Into<R>) -> Inst<R> {
        let operands = [first.into(), second.into(), third.into()];
        Inst::new(op, size, operands.map(Operand::Reg))
    }

    /// `op reg, reg, imm`.
    pub fn rri(op: Op, size: Size, first: impl Into<R>, second: impl Into<R>, imm: impl Into<Imm>) -> Inst<R> {
        let registers = [Operand::Reg(first.into()), Operand::Reg(second.into())];
        let [first, second] = registers;
        Inst::new(op, size, [first, second, Operand::Imm(imm.into())])
    }

    /// `op reg, mem, imm`.
    pub fn rmi(op: Op, size: Size, reg: impl Into<R>, mem: Mem<R>, imm: impl Into<Imm>) -> Inst<R> {
        Inst::new(
            op,
            size,
            [Operand::Reg(reg.into()), Operand::Mem(mem), Operand::Imm(imm.into())],
        )
    }

    /// The same instruction under a condition; for [`Op::Jcc`], [`Op::Cmov`] and [`Op::Set`].
    pub fn with_cond(mut self, cond: Cond) -> Inst<R> {
        self.cond = Some(cond);
        self
    }

    /// `jmp target`.
    pub fn jmp(target: impl Into<Target>) -> Inst<R> {
        Inst::new(Op::Jmp, Size::S64, [Operand::Target(target.into())])
    }

    /// `j<cond> target`.
    pub fn jcc(cond: Cond, target: impl Into<Target>) -> Inst<R> {
        Inst::new(Op::Jcc, Size::S64, [Operand::Target(target.into())]).with_cond(cond)
    }

    /// `call target`.
    pub fn call(target: impl Into<Target>) -> Inst<R> {
        Inst::new(Op::Call, Size::S64, [Operand::Target(target.into())])
    }

    /// `cmov<cond> dst, src`.
    pub fn cmov(cond: Cond, size: Size, dst: impl Into<R>, src: impl Into<R>) -> Inst<R> {
        Inst::rr(Op::Cmov, size, dst, src).with_cond(cond)
    }

    /// `set<cond> dst`, one byte.
    pub fn setcc(cond: Cond, dst: impl Into<R>) -> Inst<R> {
        Inst::r(Op::Set, Size::S8, dst).with_cond(cond)
    }

    /// The operation.
    pub fn op(&self) -> Op {
        self.op
    }

    /// The size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The condition, of a conditional operation.
    pub fn cond(&self) -> Option<Cond> {
        self.cond
    }

    /// The operands, in Intel's order.
    pub fn operands(&self) -> impl ExactSizeIterator<Item = &Operand<R>> + Clone {
        let count = self.operands.iter().flatten().count();
        self.operands[..count]
            .iter()
            .map(|operand| operand.as_ref().expect("operands are filled from the front"))
    }

    /// Flags the instruction reads.
    pub fn flags_read(&self) -> Flags {
        self.op.facts().reads | self.cond.map_or(Flags::NONE, Cond::flags)
    }

    /// Flags the instruction may change, also to an undefined value.
    pub fn flags_written(&self) -> Flags {
        self.op.facts().writes
    }

    /// The processor feature it needs.
    pub fn feature(&self) -> Feature {
        self.op.facts().feature
    }

    /// The same instruction over other registers.
    ///
    /// `f` sees every register operand with what the instruction demands of it, in the order of the operands, and
    /// within an address base before index. An instruction with a `Mod` operand names that register once; a client
    /// whose registers are assigned only once lets `S` stand for a position in a list of its own.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoForm`] if no form has operands of this shape, or the first error of `f`.
    pub fn try_map<S, E: From<EncodeError>>(
        &self,
        mut f: impl FnMut(&R, RegConstraint) -> Result<S, E>,
    ) -> Result<Inst<S>, E>
    where
        R: fmt::Display,
    {
        let form = self
            .form_by_shape()
            .ok_or_else(|| EncodeError::NoForm { inst: self.to_string() })?;
        let mut operands = [const { None }; 3];
        for ((mapped, operand), slot) in operands.iter_mut().zip(self.operands()).zip(form.slots) {
            *mapped = Some(match operand {
                Operand::Reg(reg) => Operand::Reg(f(reg, constraint(*slot))?),
                Operand::Mem(mem) => Operand::Mem(map_address(mem, &mut f)?),
                Operand::Imm(imm) => Operand::Imm(imm.clone()),
                Operand::Target(target) => Operand::Target(target.clone()),
            });
        }
        Ok(Inst {
            op: self.op,
            size: self.size,
            cond: self.cond,
            operands,
        })
    }

    /// Shows `f` every register operand, as [`Inst::try_map`] does.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NoForm`] if no form has operands of this shape.
    pub fn visit(&self, mut f: impl FnMut(&R, RegConstraint)) -> Result<(), EncodeError>
    where
        R: fmt::Display,
    {
        self.try_map(|reg, constraint| {
            f(reg, constraint);
            Ok::<_, EncodeError>(())
        })
        .map(|_| ())
    }

    /// The first form whose operands have the shape of these.
    fn form_by_shape(&self) -> Option<&'static Form> {
        forms(self.op).iter().find(|form| self.has_shape_of(form))
    }

    /// Is the instruction of this form, if only its registers and numbers are right?
    pub(super) fn has_shape_of(&self, form: &Form) -> bool {
        form.sizes.contains(self.size)
            && form.slots.len() == self.operands().len()
            && self.cond.is_some() == self.op.facts().conditional
            && form
                .slots
                .iter()
                .zip(self.operands())
                .all(|(slot, operand)| fits_shape(slot.kind(), operand))
    }
}

/// Could the operand stand at a position of this kind, if its registers and numbers are right?
fn fits_shape<R>(kind: Kind, operand: &Operand<R>) -> bool {
    match kind {
        Kind::R | Kind::O | Kind::OpNotRax | Kind::V | Kind::Both | Kind::Is(_) => {
            matches!(operand, Operand::Reg(_))
        }
        Kind::X | Kind::Xr | Kind::XBoth => matches!(operand, Operand::Reg(_)),
        Kind::Rm | Kind::Rm8 | Kind::Xm => matches!(operand, Operand::Reg(_) | Operand::Mem(_)),
        Kind::M => matches!(operand, Operand::Mem(_)),
        Kind::I | Kind::Is8 | Kind::I8 | Kind::Iu32 | Kind::I64 | Kind::One => {
            matches!(operand, Operand::Imm(_))
        }
        Kind::J8 | Kind::J32 => matches!(operand, Operand::Target(_)),
    }
}

/// What a position demands of the register that stands there.
fn constraint(slot: Slot) -> RegConstraint {
    let (access, kind) = match slot {
        Slot::Def(kind) => (Access::Def, kind),
        Slot::Use(kind) => (Access::Use, kind),
        Slot::Mod(kind) => (Access::Mod, kind),
    };
    let class = match kind {
        Kind::X | Kind::Xr | Kind::Xm | Kind::XBoth => RegClass::Xmm,
        _ => RegClass::Gpr,
    };
    let fixed = match kind {
        Kind::Is(gpr) => Some(gpr),
        _ => None,
    };
    RegConstraint {
        access,
        class,
        fixed,
        excluded: None,
    }
}

fn map_address<R, S, E>(mem: &Mem<R>, f: &mut impl FnMut(&R, RegConstraint) -> Result<S, E>) -> Result<Mem<S>, E> {
    let has_base = matches!(mem, Mem::Sum { base: Some(_), .. });
    let mut seen = 0;
    mem.try_map(&mut |reg| {
        let is_index = seen == usize::from(has_base);
        seen += 1;
        let excluded = is_index.then_some(Gpr::Rsp);
        f(
            reg,
            RegConstraint {
                access: Access::Use,
                class: RegClass::Gpr,
                fixed: None,
                excluded,
            },
        )
    })
}

impl<R: fmt::Display> fmt::Display for Inst<R> {
    /// `add.64 rax, [rbx+8]`, for dumps and error messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.op)?;
        if let Some(cond) = self.cond {
            write!(f, "{cond}")?;
        }
        if self.operands().len() > 0 && !matches!(self.op, Op::Jmp | Op::Jcc | Op::Call) {
            write!(f, ".{}", self.size.bits())?;
        }
        for (index, operand) in self.operands().enumerate() {
            write!(f, "{}{operand}", if index == 0 { " " } else { ", " })?;
        }
        Ok(())
    }
}
