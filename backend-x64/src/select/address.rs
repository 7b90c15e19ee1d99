//! Memory operands.

use super::Selector;
use crate::encoder::{Disp, Mem, Scale};
use crate::lir::{self, Addr, Base, BinaryOp, Type, UnaryOp, Value};
use crate::machine::{MachReg, pinned_register};

/// An address under construction: values are not yet registers.
struct Sum {
    base: Option<Value>,
    /// A pinned base instead of a value.
    pinned: Option<MachReg>,
    index: Option<(Value, Scale)>,
    disp: Disp,
}

impl Selector<'_> {
    /// The memory operand for an address, with sums and shifts of its parts folded in.
    pub(super) fn address(&mut self, addr: &Addr) -> Mem<MachReg> {
        if let (Base::Symbol(symbol), Disp::Value(addend)) = (&addr.base, addr.disp) {
            return Mem::Rip {
                target: symbol.clone().into(),
                addend,
            };
        }
        let mut sum = Sum {
            base: None,
            pinned: None,
            index: addr.index,
            disp: addr.disp,
        };
        match addr.base {
            Base::Value(value) => sum.base = Some(value),
            Base::Pinned(pinned) => sum.pinned = Some(MachReg::Fixed(pinned_register(pinned))),
            Base::None | Base::Symbol(_) => {}
        }
        while self.fold(&mut sum) {}
        let base = match (sum.pinned, sum.base) {
            (Some(pinned), _) => Some(pinned),
            (None, Some(value)) => Some(self.register(value)),
            (None, None) => None,
        };
        let index = sum.index.map(|(value, scale)| (self.register(value), scale));
        match (base, index) {
            // Without a base an index needs a 32-bit displacement.
            (None, Some((index, Scale::X1))) => Mem::Sum {
                base: Some(index),
                index: None,
                disp: sum.disp,
            },
            (base, index) => Mem::Sum {
                base,
                index,
                disp: sum.disp,
            },
        }
    }

    /// Folds one more operation into the address; false when there is none.
    fn fold(&self, sum: &mut Sum) -> bool {
        self.fold_base(sum) || self.fold_index(sum)
    }

    fn fold_base(&self, sum: &mut Sum) -> bool {
        let Some(base) = sum.base else { return false };
        if self.ty(base) == Type::I64
            && self
                .constant(base)
                .is_some_and(|number| add_to(&mut sum.disp, number, 1))
        {
            sum.base = None;
            return true;
        }
        match self.operation_of(base) {
            Some(lir::Op::Unary(UnaryOp::Zext, operand)) => {
                sum.base = Some(*operand);
                true
            }
            Some(lir::Op::Binary(BinaryOp::Add, lhs, rhs)) if self.ty(base) == Type::I64 => {
                if self
                    .constant(*rhs)
                    .is_some_and(|number| add_to(&mut sum.disp, number, 1))
                {
                    sum.base = Some(*lhs);
                    return true;
                }
                let fits = sum.index.is_none() && self.is_single_use(base);
                if fits {
                    sum.base = Some(*lhs);
                    sum.index = Some((*rhs, Scale::X1));
                }
                fits
            }
            Some(lir::Op::AddressOf(inner)) if self.may_merge(base, inner, sum) => {
                let Disp::Value(disp) = inner.disp else { return false };
                if !add_to(&mut sum.disp, disp.into(), 1) {
                    return false;
                }
                (sum.base, sum.pinned) = match inner.base {
                    Base::Value(value) => (Some(value), None),
                    Base::Pinned(pinned) => (None, Some(MachReg::Fixed(pinned_register(pinned)))),
                    Base::None | Base::Symbol(_) => (None, None),
                };
                sum.index = sum.index.or(inner.index);
                true
            }
            _ => false,
        }
    }

    fn fold_index(&self, sum: &mut Sum) -> bool {
        let Some((index, scale)) = sum.index else { return false };
        if let Some(number) = self.constant(index) {
            let unsigned = if self.ty(index) == Type::I32 {
                i64::from(number as u32)
            } else {
                number
            };
            if add_to(&mut sum.disp, unsigned, scale.factor()) {
                sum.index = None;
                return true;
            }
        }
        let next = match self.operation_of(index) {
            Some(lir::Op::Unary(UnaryOp::Zext, operand)) => Some((*operand, scale)),
            Some(lir::Op::Binary(op, lhs, rhs)) if self.ty(index) == Type::I64 => match (op, self.constant(*rhs)) {
                (BinaryOp::Add, Some(number)) => add_to(&mut sum.disp, number, scale.factor()).then_some((*lhs, scale)),
                (BinaryOp::Shl, Some(count @ 0..=3)) => {
                    Scale::from_factor(scale.factor() << count).map(|scale| (*lhs, scale))
                }
                _ => None,
            },
            _ => None,
        };
        sum.index = next.or(sum.index);
        next.is_some()
    }

    /// May the address that `base` is be computed again in here?
    fn may_merge(&self, base: Value, inner: &Addr, sum: &Sum) -> bool {
        let is_possible = match inner.base {
            Base::None | Base::Value(_) => self.is_single_use(base),
            Base::Pinned(pinned) => self.is_unchanged(pinned, self.definitions[base.index()]),
            Base::Symbol(_) => false,
        };
        is_possible && (inner.index.is_none() || sum.index.is_none())
    }
}

/// Adds `number * factor` to a displacement, unless the sum does not fit or is not known.
fn add_to(disp: &mut Disp, number: i64, factor: u32) -> bool {
    let Disp::Value(old) = *disp else { return number == 0 };
    let sum = number
        .checked_mul(factor.into())
        .and_then(|product| product.checked_add(old.into()));
    match sum.and_then(|sum| i32::try_from(sum).ok()) {
        Some(sum) => {
            *disp = Disp::Value(sum);
            true
        }
        None => false,
    }
}
