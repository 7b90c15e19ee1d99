//! What is known at one point of the code: proven types, whether it is reached, the last call.

use std::collections::BTreeMap;

use dg_spec::Span;

use crate::ir::{LeafId, TypeSet};
use crate::typed::{Expr, ExprKind, LocalId, Ty};

/// What is known at one point.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Locals of which more is known than their declared type says.
    pub facts: BTreeMap<LocalId, Ty>,
    /// Where control ended, if this point is not reached.
    pub ended: Option<Span>,
    /// The number of the last guest call before this point, and where it is.
    pub call: (u32, Span),
    /// The number of the last answer by plan before this point.
    pub plan: u32,
    /// Something before this point that must not happen twice.
    pub effect: Option<Span>,
}

impl Flow {
    /// Whether this point is reached.
    pub const fn is_alive(&self) -> bool {
        self.ended.is_none()
    }

    /// What is known where control comes from either.
    pub fn join(self, other: Self) -> Self {
        match (self.ended, other.ended) {
            (Some(_), None) => return other,
            (None, Some(_)) => return self,
            _ => {}
        }
        let facts = self
            .facts
            .iter()
            .filter_map(|(local, ty)| Some((*local, either(*ty, *other.facts.get(local)?)?)))
            .collect();
        let call = if self.call.0 >= other.call.0 {
            self.call
        } else {
            other.call
        };
        Self {
            facts,
            ended: self.ended,
            call,
            plan: self.plan.max(other.plan),
            effect: self.effect.or(other.effect),
        }
    }

    /// Adds what has been proven.
    pub fn learn(&mut self, facts: Vec<(LocalId, Ty)>) {
        self.facts.extend(facts);
    }
}

/// What is known of something that is known to be the one or the other.
fn either(a: Ty, b: Ty) -> Option<Ty> {
    match (a, b) {
        (Ty::Value(a), Ty::Value(b)) => Some(Ty::Value(a.union(b))),
        _ => (a == b).then_some(a),
    }
}

/// What `condition` proves about locals when it is `holds`.
///
/// `double` is the leaf whose test is weak: it may fail for a NaN, so that a failed test does not exclude it.
pub fn proven(condition: &Expr, holds: bool, double: Option<LeafId>) -> Vec<(LocalId, Ty)> {
    match &condition.kind {
        ExprKind::Is { subject, set } => {
            let (ExprKind::Local(local), Ty::Value(known)) = (&subject.kind, subject.ty) else {
                return Vec::new();
            };
            let weak = double.map_or(TypeSet::EMPTY, TypeSet::leaf);
            let now = if holds {
                known.intersect(*set)
            } else {
                known.minus(set.minus(weak))
            };
            vec![(*local, Ty::Value(now))]
        }
        ExprKind::IsNull(subject) => {
            let (ExprKind::Local(local), Ty::Ref { record, .. }) = (&subject.kind, subject.ty) else {
                return Vec::new();
            };
            if holds {
                Vec::new()
            } else {
                vec![(
                    *local,
                    Ty::Ref {
                        record,
                        nullable: false,
                    },
                )]
            }
        }
        ExprKind::Not(inner) => proven(inner, !holds, double),
        ExprKind::And(left, right) => both(left, right, holds, holds, double),
        ExprKind::Or(left, right) => both(left, right, holds, !holds, double),
        _ => Vec::new(),
    }
}

/// What two conditions prove: all of it when both decide, what they agree on when either may have.
fn both(left: &Expr, right: &Expr, holds: bool, all: bool, double: Option<LeafId>) -> Vec<(LocalId, Ty)> {
    let mut left = proven(left, holds, double);
    let right = proven(right, holds, double);
    if all {
        // The right one was tested knowing what the left one proves, so its facts are the stronger ones.
        left.extend(right);
        return left;
    }
    left.into_iter()
        .filter_map(|(local, ty)| {
            let other = right.iter().find(|(other, _)| *other == local)?;
            Some((local, either(ty, other.1)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(set: usize) -> Flow {
        let facts = BTreeMap::from([(LocalId(0), Ty::Value(TypeSet::all(set)))]);
        Flow {
            facts,
            ..Flow::default()
        }
    }

    #[test]
    fn where_paths_meet_both_types_are_possible() {
        assert_eq!(known(1).join(known(2)).facts[&LocalId(0)], Ty::Value(TypeSet::all(2)));
        assert!(known(1).join(Flow::default()).facts.is_empty());
    }

    #[test]
    fn a_path_that_ends_says_nothing() {
        let ended = Flow {
            ended: Some(Span::default()),
            ..Flow::default()
        };
        let joined = ended.clone().join(known(1));
        assert!(joined.is_alive());
        assert_eq!(joined.facts.len(), 1);
        assert!(!ended.clone().join(ended).is_alive());
    }
}
