//! Expressions that are no control: operations, reads, stores.

use super::Lowering;
use super::value::Val;
use crate::ir::inst::{BinaryOp, IntCond, Op, Terminator, UnaryOp};
use crate::ir::spec::{FieldType, LeafEncoding, OperandKind};
use crate::ir::{RecordId, TypeSet, ValueId};
use crate::typed::{Expr, ExprKind, LocalId, LocalKind, NewPart, Place, Ty};

/// The bits of the first unit leaf, which stands for what is missing.
const MISSING: u64 = u64::MAX;

impl<'p> Lowering<'p> {
    /// Lowers an expression that is one value.
    pub fn one(&mut self, expr: &'p Expr) -> Option<ValueId> {
        let value = self.value(expr)?;
        Some(self.single(value))
    }

    /// Lowers an expression that is no branch, match or block.
    pub fn simple(&mut self, expr: &'p Expr) -> Option<Val> {
        let op = match &expr.kind {
            ExprKind::Int(number) => match expr.ty {
                Ty::I64 | Ty::U64 => Op::ConstI64(*number),
                Ty::Ref { record, .. } => Op::ConstNull(record),
                // A `u32` keeps its bits.
                _ => Op::ConstI32(*number as i32),
            },
            ExprKind::Double(number) => Op::ConstF64(number.to_bits()),
            ExprKind::Bool(holds) => Op::ConstBool(*holds),
            ExprKind::Unit(leaf) => match self.tables.leaves[*leaf].encoding {
                LeafEncoding::Unit { bits } => Op::ConstVal(bits),
                _ => unreachable!("only unit leaves are values by name"),
            },
            ExprKind::Local(local) => return self.local(*local, expr.ty),
            ExprKind::Callee => Op::Callee,
            ExprKind::Varargs => {
                let (ptr, count) = self.build.two(Op::Varargs);
                return Some(Val::List {
                    ptr,
                    count,
                    has_first: false,
                });
            }
            ExprKind::Field { base, record, field } => {
                let base = self.one(base)?;
                Op::Load {
                    record: *record,
                    field: *field,
                    base,
                }
            }
            ExprKind::Length { base, record } => {
                let base = self.one(base)?;
                Op::Length { record: *record, base }
            }
            ExprKind::Element { base, record, index } => return self.element(base, *record, index),
            ExprKind::Pointed { pointer, index } => {
                let ptr = self.one(pointer)?;
                let index = self.one(index)?;
                Op::PtrLoad { ptr, index }
            }
            ExprKind::Item { list, index } => return self.item(list, index),
            ExprKind::Is { subject, set } => {
                let value = self.one(subject)?;
                Op::Is { value, set: *set }
            }
            ExprKind::IsNull(subject) => {
                let value = self.one(subject)?;
                Op::Unary(crate::ir::UnaryOp::IsNull, value)
            }
            ExprKind::Not(inner) => {
                let value = self.one(inner)?;
                Op::Unary(crate::ir::UnaryOp::Not, value)
            }
            ExprKind::And(..) | ExprKind::Or(..) => return self.condition_value(expr),
            ExprKind::Unary(operation, inner) => {
                let value = self.one(inner)?;
                Op::Unary(*operation, value)
            }
            ExprKind::Binary(operation, left, right) => {
                let (left, right) = (self.one(left)?, self.one(right)?);
                Op::Binary(*operation, left, right)
            }
            ExprKind::FloatCompare(condition, left, right) => {
                let (left, right) = (self.one(left)?, self.one(right)?);
                Op::FloatCompare(*condition, left, right)
            }
            ExprKind::IntCompare(condition, left, right) => {
                let (left, right) = (self.one(left)?, self.one(right)?);
                Op::IntCompare(*condition, left, right)
            }
            ExprKind::SameBits(left, right) => {
                let (left, right) = (self.one(left)?, self.one(right)?);
                Op::SameBits(left, right)
            }
            ExprKind::Box(leaf, inner) => {
                let value = self.one(inner)?;
                Op::Box { leaf: *leaf, value }
            }
            ExprKind::Unbox(inner) => {
                let value = self.one(inner)?;
                Op::Unbox(value)
            }
            ExprKind::First(list) => {
                let list = self.value(list)?;
                return Some(Val::One(self.first(list)));
            }
            ExprKind::AfterFirst(list) => {
                let list = self.value(list)?;
                return Some(self.after_first(list));
            }
            ExprKind::Skip { list, count } => {
                let list = self.value(list)?;
                let skipped = self.one(count)?;
                let (ptr, count) = self.list(list);
                return Some(Val::List {
                    ptr: self.build.one(Op::PtrAdd { ptr, index: skipped }),
                    count: self.build.binary(BinaryOp::ISub, count, skipped),
                    has_first: false,
                });
            }
            ExprKind::Count(list) => {
                let list = self.value(list)?;
                return Some(Val::One(self.list(list).1));
            }
            ExprKind::Retype(inner) => return self.value(inner),
            ExprKind::CallExtern { callee, args } => return self.call_extern(*callee, args, expr.ty),
            ExprKind::New { record, parts } => return self.new_object(*record, parts),
            ExprKind::Call(invocation) => return self.call(invocation),
            ExprKind::Yield(values) => return self.yields(values),
            ExprKind::Cache { keys, ways, body } => return self.cache(keys, *ways, body),
            ExprKind::Let { local, value } => {
                let value = self.value(value)?;
                self.frame().locals.insert(*local, value);
                return Some(Val::None);
            }
            ExprKind::Assume { local, set } => {
                return self.assume(*local, *set);
            }
            ExprKind::Assign { place, value } => return self.assign(place, value),
            ExprKind::Leave(values) => {
                let (values, list) = self.values(values)?;
                self.build.end(Terminator::Leave { values, list });
                return None;
            }
            ExprKind::Throw(value) => {
                let value = self.one(value)?;
                self.build.end(Terminator::Throw(value));
                return None;
            }
            ExprKind::Goto(local) => {
                if let LocalKind::Operand(operand) = self.frame().code.locals[*local].kind {
                    self.build.end(Terminator::Goto(operand));
                }
                return None;
            }
            ExprKind::TailCall(invocation) => return self.tail_call(invocation),
            ExprKind::If { .. }
            | ExprKind::MatchPlan { .. }
            | ExprKind::MatchEnum { .. }
            | ExprKind::Attempt { .. }
            | ExprKind::Block { .. }
            | ExprKind::CallHelper { .. }
            | ExprKind::Return(_)
            | ExprKind::Slow(_)
            | ExprKind::Delegate => unreachable!("control is lowered elsewhere"),
        };
        Some(Val::One(self.build.one(op)))
    }

    fn local(&mut self, local: LocalId, ty: Ty) -> Option<Val> {
        let Some(value) = self.frame().locals.get(&local).cloned() else {
            unreachable!("the checker has seen that a local is bound where it is read");
        };
        match (value, ty) {
            (Val::One(value), Ty::Value(set)) => {
                self.possible(value, set)?;
                Some(Val::One(self.build.narrow(value, set)))
            }
            (value, _) => Some(value),
        }
    }

    /// Ends the block if `value` cannot be of any of these leaves: a function that is inlined for an argument of
    /// another type has paths that are not taken.
    fn possible(&mut self, value: ValueId, set: TypeSet) -> Option<()> {
        if self.build.ty(value).set().is_some_and(|known| known.is_disjoint(set)) {
            self.build.end(Terminator::Unreachable);
            return None;
        }
        Some(())
    }

    fn assume(&mut self, local: LocalId, set: TypeSet) -> Option<Val> {
        if let Some(Val::One(value)) = self.frame().locals.get(&local).cloned() {
            self.possible(value, set)?;
            let known = self.build.one(Op::Assume { value, set });
            self.frame().locals.insert(local, Val::One(known));
        }
        Some(Val::None)
    }

    fn element(&mut self, base: &'p Expr, record: RecordId, index: &'p Expr) -> Option<Val> {
        let base = self.one(base)?;
        let index = self.one(index)?;
        let element = self.tables.records[record]
            .trailing
            .as_ref()
            .map(|trailing| trailing.element);
        Some(match element {
            Some(FieldType::Struct(_)) => {
                let reference = self.build.one(Op::ElementRef { record, base, index });
                Val::Struct { reference, owner: base }
            }
            _ => Val::One(self.build.one(Op::ElementLoad { record, base, index })),
        })
    }

    fn item(&mut self, list: &'p Expr, index: &'p Expr) -> Option<Val> {
        let list = self.value(list)?;
        if let (Val::Run(operand), ExprKind::Int(number)) = (&list, &index.kind) {
            let slot = self.build.one(Op::SlotIndex(*operand));
            return Some(Val::One(self.build.one(Op::SlotLoad {
                slot,
                offset: *number as i32,
            })));
        }
        let index = self.one(index)?;
        let (ptr, _) = self.list(list);
        Some(Val::One(self.build.one(Op::PtrLoad { ptr, index })))
    }

    /// The values of a list after the first.
    fn after_first(&mut self, list: Val) -> Val {
        let (ptr, count) = self.list(list);
        let (zero, one) = (self.build.i32(0), self.build.i32(1));
        // An empty list stays empty.
        let some = self.build.one(Op::IntCompare(IntCond::Ne, count, zero));
        let dropped = self.build.unary(UnaryOp::BoolToI32, some);
        Val::List {
            ptr: self.build.one(Op::PtrAdd { ptr, index: one }),
            count: self.build.binary(BinaryOp::ISub, count, dropped),
            has_first: false,
        }
    }

    /// The first value of a list, or what stands for a missing one.
    fn first(&mut self, list: Val) -> ValueId {
        if let Val::Run(operand) = list
            && self
                .alternatives(operand)
                .iter()
                .all(|kind| matches!(kind, OperandKind::SlotsFixed(1..)))
        {
            let slot = self.build.one(Op::SlotIndex(operand));
            return self.build.one(Op::SlotLoad { slot, offset: 0 });
        }
        let has_first = matches!(list, Val::List { has_first: true, .. });
        let (ptr, count) = self.list(list);
        let zero = self.build.i32(0);
        if has_first {
            return self.build.one(Op::PtrLoad { ptr, index: zero });
        }
        let is_empty = self.build.one(Op::IntCompare(IntCond::Eq, count, zero));
        let (none, some) = (self.build.block(self.cold), self.build.block(self.cold));
        self.build.branch(is_empty, none, some, crate::ir::Likely::Unknown);
        self.build.switch_to(none);
        let missing = Val::One(self.build.one(Op::ConstVal(MISSING)));
        self.build.switch_to(some);
        let first = Val::One(self.build.one(Op::PtrLoad { ptr, index: zero }));
        let any = Ty::Value(self.tables.any());
        match self.merge(vec![(none, missing), (some, first)], any) {
            Some(value) => self.single(value),
            None => unreachable!("two paths arrive"),
        }
    }

    fn new_object(&mut self, record: RecordId, parts: &'p [NewPart]) -> Option<Val> {
        let (mut fields, mut array) = (Vec::new(), None);
        for part in parts {
            match part {
                NewPart::Field(field, value) => fields.push((*field, self.one(value)?)),
                NewPart::Array { element, count } => array = Some((self.one(element)?, self.one(count)?)),
            }
        }
        Some(Val::One(self.build.one(Op::New { record, fields, array })))
    }

    fn assign(&mut self, place: &'p Place, value: &'p Expr) -> Option<Val> {
        match place {
            Place::Out(operand) => {
                let value = self.one(value)?;
                let slot = self.build.one(Op::SlotIndex(*operand));
                self.build.op(Op::SlotStore { slot, offset: 0, value });
            }
            Place::Slot { operand, index } => {
                let constant = match index.kind {
                    ExprKind::Int(number) => Some(number as i32),
                    _ => None,
                };
                let index = match constant {
                    Some(_) => None,
                    None => Some(self.one(index)?),
                };
                let value = self.one(value)?;
                let mut slot = self.build.one(Op::SlotIndex(*operand));
                if let Some(index) = index {
                    slot = self.build.binary(BinaryOp::IAdd, slot, index);
                }
                self.build.op(Op::SlotStore {
                    slot,
                    offset: constant.unwrap_or(0),
                    value,
                });
            }
            Place::Field { base, record, field } => {
                let (base, owner) = match self.value(base)? {
                    Val::Struct { reference, owner } => (reference, owner),
                    object => {
                        let object = self.single(object);
                        (object, object)
                    }
                };
                let value = self.one(value)?;
                self.build.op(Op::Store {
                    record: *record,
                    field: *field,
                    base,
                    value,
                    owner,
                });
            }
            Place::Element { base, record, index } => {
                let base = self.one(base)?;
                let index = self.one(index)?;
                let value = self.one(value)?;
                self.build.op(Op::ElementStore {
                    record: *record,
                    base,
                    index,
                    value,
                });
            }
            Place::Pointed {
                base,
                record,
                field,
                index,
            } => {
                let owner = self.one(base)?;
                let ptr = self.build.one(Op::Load {
                    record: *record,
                    field: *field,
                    base: owner,
                });
                let index = self.one(index)?;
                let value = self.one(value)?;
                self.build.op(Op::PtrStore {
                    ptr,
                    index,
                    value,
                    owner,
                });
            }
        }
        Some(Val::None)
    }
}
