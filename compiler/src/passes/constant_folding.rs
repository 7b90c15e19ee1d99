//! What can be computed now is: exactly as the machine would, bit for bit ([`crate::ir::numeric`]).
//!
//! Also what undoes itself: unboxing what was just boxed, the negation of a comparison, a branch on a negation. No
//! identity that changes a bit of any double is used: `x + 0.0` stays.

use crate::ir::cfg::Cfg;
use crate::ir::compact::{refresh_types, replace_values};
use crate::ir::spec::LeafEncoding;
use crate::ir::{
    BinaryOp, BlockId, Function, InstId, IntCond, Likely, Op, SpecTables, Terminator, Type, TypeSet, UnaryOp, ValueId,
    numeric,
};

/// What an instruction becomes.
enum Folded {
    /// Another operation.
    Op(Op),
    /// A value that is already there.
    Value(ValueId),
}

/// Runs until nothing changes; each change removes an operation or makes it a constant.
pub fn run(spec: &SpecTables, function: &mut Function) {
    loop {
        let mut replacement = vec![None; function.values.len()];
        let mut changed = false;
        for block in Cfg::new(function).order().to_vec() {
            for inst in function.blocks[block].insts.clone() {
                match fold(spec, function, inst) {
                    Some(Folded::Op(op)) => function.insts[inst].op = op,
                    Some(Folded::Value(value)) => {
                        replacement[function.insts[inst].results[0].0 as usize] = Some(value);
                        function.blocks[block].insts.retain(|other| *other != inst);
                    }
                    None => continue,
                }
                changed = true;
            }
            changed |= fold_branch(function, block);
        }
        if !changed {
            return;
        }
        replace_values(function, &replacement);
        refresh_types(spec, function);
    }
}

fn fold(spec: &SpecTables, function: &Function, inst: InstId) -> Option<Folded> {
    let constant = |value: ValueId| constant(function, value);
    let def = |value: ValueId| function.def(value);
    match &function.insts[inst].op {
        Op::Unary(op, a) => {
            if let Some(bits) = constant(*a) {
                let result = function.insts[inst].results[0];
                return of_type(function.ty(result), numeric::unary(*op, function.ty(*a), bits));
            }
            match (op, def(*a)?) {
                (UnaryOp::Not, Op::Unary(UnaryOp::Not, inner)) => Some(Folded::Value(*inner)),
                (UnaryOp::FNeg, Op::Unary(UnaryOp::FNeg, inner)) => Some(Folded::Value(*inner)),
                (UnaryOp::Not, Op::FloatCompare(cond, x, y)) => {
                    Some(Folded::Op(Op::FloatCompare(cond.negate(), *x, *y)))
                }
                (UnaryOp::Not, Op::IntCompare(cond, x, y)) => Some(Folded::Op(Op::IntCompare(cond.negate(), *x, *y))),
                _ => None,
            }
        }
        Op::Binary(op, a, b) => {
            let ty = function.ty(*a);
            match (constant(*a), constant(*b)) {
                (Some(x), Some(y)) => of_type(ty, numeric::binary(*op, ty, x, y)),
                (None, Some(y)) => identity(*op, ty, y).then_some(Folded::Value(*a)),
                (Some(x), None) if is_commutative(*op) => identity(*op, ty, x).then_some(Folded::Value(*b)),
                _ => None,
            }
        }
        Op::FloatCompare(cond, a, b) => {
            let (x, y) = (constant(*a)?, constant(*b)?);
            Some(Folded::Op(Op::ConstBool(
                cond.evaluate(f64::from_bits(x), f64::from_bits(y)),
            )))
        }
        Op::IntCompare(cond, a, b) => {
            let reflexive = matches!(
                cond,
                IntCond::Eq | IntCond::Sle | IntCond::Sge | IntCond::Ule | IntCond::Uge
            );
            if a == b && !cond.is_about_overflow() {
                return Some(Folded::Op(Op::ConstBool(reflexive)));
            }
            let (x, y) = match (constant(*a), constant(*b)) {
                (Some(x), Some(y)) => (x, y),
                // A condition that is compared with a constant is the condition, or its opposite.
                (None, Some(y)) if function.ty(*a) == Type::Bool => match cond {
                    IntCond::Eq | IntCond::Ne if (y != 0) == (*cond == IntCond::Eq) => {
                        return Some(Folded::Value(*a));
                    }
                    IntCond::Eq | IntCond::Ne => return Some(Folded::Op(Op::Unary(UnaryOp::Not, *a))),
                    _ => return None,
                },
                _ => return None,
            };
            Some(Folded::Op(Op::ConstBool(numeric::int_compare(
                *cond,
                function.ty(*a),
                x,
                y,
            ))))
        }
        Op::SameBits(a, b) if a == b => Some(Folded::Op(Op::ConstBool(true))),
        Op::SameBits(a, b) => match (def(*a)?, def(*b)?) {
            (Op::ConstVal(x), Op::ConstVal(y)) => Some(Folded::Op(Op::ConstBool(x == y))),
            _ => None,
        },
        Op::Unbox(value) => match def(*value)? {
            Op::ConstVal(bits) => of_type(function.ty(function.insts[inst].results[0]), *bits),
            // A boxed double has canonical NaNs, which arithmetic on it may not observe but a second boxing restores.
            Op::Box { value, .. } => Some(Folded::Value(*value)),
            _ => None,
        },
        Op::Box { leaf, value } => match (def(*value)?, spec.leaves[*leaf].encoding) {
            (Op::Unbox(boxed), _) if function.ty(*boxed) == Type::Val(TypeSet::leaf(*leaf)) => {
                Some(Folded::Value(*boxed))
            }
            (Op::ConstF64(bits), LeafEncoding::Double) => Some(Folded::Op(Op::ConstVal(numeric::canonical(*bits)))),
            (Op::ConstI32(number), LeafEncoding::Int32 { tag }) => Some(Folded::Op(Op::ConstVal(
                u64::from(tag) << 32 | u64::from(*number as u32),
            ))),
            _ => None,
        },
        _ => None,
    }
}

/// The raw bits of a constant that is no boxed value.
fn constant(function: &Function, value: ValueId) -> Option<u64> {
    match function.def(value)? {
        Op::ConstF64(bits) => Some(*bits),
        Op::ConstI32(number) => Some(u64::from(*number as u32)),
        Op::ConstI64(number) => Some(*number as u64),
        Op::ConstBool(holds) => Some(u64::from(*holds)),
        Op::ConstNull(_) => Some(0),
        _ => None,
    }
}

/// The constant of type `ty` with these bits. There is none for addresses and objects.
fn of_type(ty: Type, bits: u64) -> Option<Folded> {
    Some(Folded::Op(match ty {
        Type::F64 => Op::ConstF64(bits),
        Type::I32 => Op::ConstI32(bits as u32 as i32),
        Type::I64 => Op::ConstI64(bits as i64),
        Type::Bool => Op::ConstBool(bits != 0),
        Type::Val(_) | Type::Ptr | Type::Ref(_) => return None,
    }))
}

/// Whether `x op bits` is `x` for every x of type `ty`.
const fn identity(op: BinaryOp, ty: Type, bits: u64) -> bool {
    match op {
        BinaryOp::IAdd | BinaryOp::ISub | BinaryOp::Or | BinaryOp::Xor => bits == 0,
        BinaryOp::Shl | BinaryOp::Shr | BinaryOp::Sar => bits == 0,
        BinaryOp::IMul => bits == 1,
        BinaryOp::And => match ty {
            Type::Bool => bits == 1,
            Type::I64 => bits == u64::MAX,
            _ => bits == 0xFFFF_FFFF,
        },
        BinaryOp::FAdd | BinaryOp::FSub | BinaryOp::FMul | BinaryOp::FDiv | BinaryOp::FMin | BinaryOp::FMax => false,
    }
}

const fn is_commutative(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::IAdd | BinaryOp::IMul | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor
    )
}

/// A branch on a negation is the branch the other way round.
fn fold_branch(function: &mut Function, block: BlockId) -> bool {
    let Terminator::Branch {
        cond,
        then,
        otherwise,
        likely,
    } = &function.blocks[block].terminator
    else {
        return false;
    };
    let Some(Op::Unary(UnaryOp::Not, inner)) = function.def(*cond) else {
        return false;
    };
    let likely = match likely {
        Likely::Unknown => Likely::Unknown,
        Likely::Then => Likely::Else,
        Likely::Else => Likely::Then,
    };
    let swapped = Terminator::Branch {
        cond: *inner,
        then: otherwise.clone(),
        otherwise: then.clone(),
        likely,
    };
    function.blocks[block].terminator = swapped;
    true
}
