//! What an expression comes to in the graph.

use super::Lowering;
use crate::ir::inst::{BlockCall, Op, Terminator};
use crate::ir::spec::OperandKind;
use crate::ir::{BlockId, OperandId, PlanId, Type, ValueId};
use crate::typed::Ty;

/// The values that stand for an expression.
#[derive(Clone, Debug)]
pub enum Val {
    /// Nothing.
    None,
    /// One value.
    One(ValueId),
    /// A run of slots that is an operand.
    Run(OperandId),
    /// A list.
    List {
        /// Its first value.
        ptr: ValueId,
        /// How many there are.
        count: ValueId,
        /// Whether there is always a first value to read, nil in place of none.
        has_first: bool,
    },
    /// A reference to a struct, and to the object it is part of.
    Struct {
        /// The struct.
        reference: ValueId,
        /// The object.
        owner: ValueId,
    },
    /// What a runtime function answered; what it carries is in memory.
    Answer {
        /// The number of the case.
        case: ValueId,
        /// Which plan.
        plan: PlanId,
    },
    /// A plan whose every word is a value.
    Plan {
        /// The number of the case.
        case: ValueId,
        /// What the cases carry, one behind the other.
        words: Vec<ValueId>,
    },
}

impl Lowering<'_> {
    /// The type in the graph of something that is one value.
    pub fn graph_type(&self, ty: Ty) -> Type {
        match ty {
            Ty::Value(set) => Type::Val(set),
            Ty::Double => Type::F64,
            Ty::Bool => Type::Bool,
            Ty::I64 | Ty::U64 => Type::I64,
            Ty::Ptr | Ty::ValuePtr => Type::Ptr,
            Ty::Ref { record, .. } => Type::Ref(record),
            _ => Type::I32,
        }
    }

    /// The one value that `value` is.
    pub fn single(&self, value: Val) -> ValueId {
        match value {
            Val::One(value) | Val::Struct { reference: value, .. } | Val::Answer { case: value, .. } => value,
            Val::Plan { case, .. } => case,
            other => unreachable!("the checker lets no {other:?} stand for one value"),
        }
    }

    /// Address and count of a list.
    pub fn list(&mut self, value: Val) -> (ValueId, ValueId) {
        match value {
            Val::Run(operand) => self.build.two(Op::ListOperand(operand)),
            Val::List { ptr, count, .. } => (ptr, count),
            other => unreachable!("the checker lets no {other:?} stand for a list"),
        }
    }

    /// All values that `value` consists of.
    fn flatten(&mut self, value: Val) -> Vec<ValueId> {
        match value {
            Val::None => vec![],
            Val::One(value) => vec![value],
            Val::Run(_) | Val::List { .. } => {
                let (ptr, count) = self.list(value);
                vec![ptr, count]
            }
            Val::Struct { reference, owner } => vec![reference, owner],
            Val::Answer { case, plan } => {
                let mut values = vec![case];
                for (number, data) in self.tables.plans[plan].cases.iter().enumerate() {
                    for index in 0..data.payload.len() {
                        let word = Op::PlanPayload {
                            answer: case,
                            plan,
                            case: number as u32,
                            index: index as u32,
                        };
                        values.extend(self.build.op(word));
                    }
                }
                values
            }
            Val::Plan { case, words } => std::iter::once(case).chain(words).collect(),
        }
    }

    /// The reverse of [`Self::flatten`].
    fn gather(&self, values: Vec<ValueId>, like: &Val) -> Val {
        match (like, values.as_slice()) {
            (Val::None, _) => Val::None,
            (Val::One(_), [value]) => Val::One(*value),
            (Val::Run(_) | Val::List { .. }, [ptr, count]) => Val::List {
                ptr: *ptr,
                count: *count,
                has_first: false,
            },
            (Val::Struct { .. }, [reference, owner]) => Val::Struct {
                reference: *reference,
                owner: *owner,
            },
            (Val::Answer { .. } | Val::Plan { .. }, [case, words @ ..]) => Val::Plan {
                case: *case,
                words: words.to_vec(),
            },
            _ => unreachable!("{like:?} does not consist of {} values", values.len()),
        }
    }

    /// Goes on where all `arrivals` meet; answers what the value is there, none when there are none.
    pub fn merge(&mut self, mut arrivals: Vec<(BlockId, Val)>, ty: Ty) -> Option<Val> {
        match arrivals.len() {
            0 => return None,
            1 => {
                let (block, value) = arrivals.swap_remove(0);
                self.build.switch_to(block);
                return Some(value);
            }
            _ => {}
        }
        let join = self.build.block(self.cold);
        Some(self.meet(arrivals, join, ty))
    }

    /// Ends all `arrivals` with a jump to `join`, an empty block, and goes on there.
    pub fn meet(&mut self, arrivals: Vec<(BlockId, Val)>, join: BlockId, ty: Ty) -> Val {
        let mut params: Option<(Vec<ValueId>, Val)> = None;
        for (block, value) in arrivals {
            self.build.switch_to(block);
            let args = self.flatten(value.clone());
            if params.is_none() {
                let types: Vec<Type> = match (&value, ty) {
                    (Val::One(_), Ty::Value(_)) => vec![self.graph_type(ty)],
                    _ => args.iter().map(|arg| self.build.ty(*arg)).collect(),
                };
                let values: Vec<ValueId> = types.into_iter().map(|ty| self.build.param(join, ty)).collect();
                let merged = self.gather(values.clone(), &value);
                params = Some((values, merged));
            }
            self.build.end(Terminator::Jump(BlockCall { block: join, args }));
        }
        self.build.switch_to(join);
        params.map_or(Val::None, |(_, merged)| merged)
    }

    /// Whether `operand` is always a run that a call can take where it is.
    pub fn is_in_place(&self, operand: OperandId) -> bool {
        self.alternatives(operand)
            .iter()
            .all(|kind| matches!(kind, OperandKind::Slots | OperandKind::OpenSlots))
    }
}
