//! Conversions: which type fits where, and the code that makes it fit.

use super::{Checker, Want};
use crate::ir::inst::UnaryOp;
use crate::ir::{Type, TypeSet};
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, Ty};

impl Checker<'_, '_> {
    /// `found` in a place that wants `want`; reports where it does not fit.
    pub(super) fn adapt(&mut self, found: Expr, want: Want) -> Expr {
        match want {
            Want::Any => found,
            Want::Nothing => self.discard(found),
            Want::Ty(ty) => self.convert(found, ty, false),
            Want::Answer(ty) => self.convert(found, ty, true),
            Want::Results => match found.ty {
                Ty::List => found,
                _ => {
                    let any = self.declarations.tables.any();
                    self.convert(found, Ty::Value(any), true)
                }
            },
        }
    }

    /// Reports a value that is computed for nothing.
    fn discard(&mut self, found: Expr) -> Expr {
        let acts = matches!(
            found.kind,
            ExprKind::CallHelper { .. }
                | ExprKind::CallExtern { .. }
                | ExprKind::Call(_)
                | ExprKind::Yield(_)
                | ExprKind::Attempt { .. }
                | ExprKind::If { .. }
                | ExprKind::MatchPlan { .. }
                | ExprKind::MatchEnum { .. }
                | ExprKind::Block { .. }
        );
        if acts || matches!(found.ty, Ty::Unit | Ty::Never) {
            return found;
        }
        let (at, ty) = (found.span, self.declarations.ty_name(found.ty));
        self.fail(at, Error::UnusedValue { at, ty })
    }

    /// The leaves that a value of type `ty` is of when it is boxed.
    pub(super) fn boxed_set(&self, ty: Ty) -> Option<TypeSet> {
        let leaf = match ty {
            Ty::Value(set) => return Some(set),
            Ty::Double => self.declarations.tables.double_leaf()?,
            Ty::I32 => self.declarations.int_leaf()?,
            Ty::Ref {
                record,
                nullable: false,
            } => self.declarations.leaf_of(record)?,
            _ => return None,
        };
        Some(TypeSet::leaf(leaf))
    }

    fn convert(&mut self, found: Expr, to: Ty, answer: bool) -> Expr {
        let span = found.span;
        let from = found.ty;
        if from == to || from == Ty::Never {
            return found;
        }
        let wrap = |kind: fn(Box<Expr>) -> ExprKind, found: Expr| Expr {
            kind: kind(Box::new(found)),
            ty: to,
            span,
        };
        match (from, to) {
            (Ty::Value(have), Ty::Value(want)) if have.is_subset(want) => return found,
            (Ty::List, Ty::Value(want)) if want == self.declarations.tables.any() => {
                return wrap(ExprKind::First, found);
            }
            (_, Ty::Value(want)) if from != Ty::List => {
                if let Some(set) = self.boxed_set(from)
                    && set.is_subset(want)
                    && let Some(leaf) = set.single()
                    && !matches!(from, Ty::Value(_))
                {
                    return Expr {
                        kind: ExprKind::Box(leaf, Box::new(found)),
                        ty: Ty::Value(set),
                        span,
                    };
                }
            }
            (Ty::Value(set), _) => {
                let unboxed = set.single().and_then(|leaf| self.declarations.tables.unboxed(leaf));
                let fits = match (unboxed, to) {
                    (Some(Type::F64), Ty::Double) | (Some(Type::I32), Ty::I32) => true,
                    (Some(Type::Ref(have)), Ty::Ref { record, .. }) => have == record,
                    _ => false,
                };
                if fits {
                    return wrap(ExprKind::Unbox, found);
                }
                if let (Some(Type::I32), Ty::I64) = (unboxed, to) {
                    let inner = self.convert(found, Ty::I32, answer);
                    return self.convert(inner, to, answer);
                }
            }
            (Ty::U8 | Ty::U16, Ty::I32 | Ty::U32) | (Ty::U8, Ty::U16) | (Ty::Enum(_), Ty::I32 | Ty::U32) => {
                return wrap(ExprKind::Retype, found);
            }
            (Ty::U8 | Ty::U16 | Ty::U32, Ty::I64 | Ty::U64) => {
                return wrap(|inner| ExprKind::Unary(UnaryOp::ZeroExtend, inner), found);
            }
            (Ty::I32, Ty::I64) => return wrap(|inner| ExprKind::Unary(UnaryOp::SignExtend, inner), found),
            (
                Ty::Ref {
                    record: a,
                    nullable: false,
                },
                Ty::Ref {
                    record: b,
                    nullable: true,
                },
            ) if a == b => {
                return wrap(ExprKind::Retype, found);
            }
            _ => {}
        }
        self.misfit(found, to, answer)
    }

    fn misfit(&mut self, found: Expr, to: Ty, answer: bool) -> Expr {
        let at = found.span;
        let text = self.text(at).to_string();
        let from = found.ty;
        let declarations = self.declarations;
        let may_be_null = match (from, to) {
            (Ty::Ref { record, nullable: true }, Ty::Ref { record: wanted, .. }) => record == wanted,
            (Ty::Ref { record, nullable: true }, Ty::Value(set)) => {
                declarations.leaf_of(record).is_some_and(|leaf| set.contains(leaf))
            }
            _ => false,
        };
        if may_be_null {
            let local = matches!(found.kind, ExprKind::Local(_));
            return self.fail(at, Error::MayBeNull { at, text, local });
        }
        if let (Ty::Value(set), Some(wanted)) = (from, self.boxed_set(to)) {
            let known = declarations.set_name(set);
            let name = self.type_to_test(wanted);
            let possible = !set.is_disjoint(wanted);
            let help = name
                .filter(|_| possible)
                .map(|leaf| self.test_first(&found, &text, &leaf));
            let wanted = declarations.set_name(wanted);
            return self.fail(
                at,
                Error::Unproven {
                    at,
                    text,
                    wanted,
                    known,
                    help,
                },
            );
        }
        let found_name = declarations.ty_name(from);
        let help = match (from, to) {
            (Ty::I32 | Ty::U32 | Ty::U16 | Ty::U8, Ty::Double | Ty::Value(_)) => {
                Some(format!("write `to_double({text})`"))
            }
            (Ty::Double, Ty::I32 | Ty::U32) => Some(format!("write `truncate({text})`")),
            (Ty::I32, Ty::U32) => Some(format!("write `as_u32({text})`")),
            (Ty::U32, Ty::I32) => Some(format!("write `as_i32({text})`")),
            (Ty::Bool, Ty::Value(_)) => Some(format!(
                "write `if {text} {{ .. }} else {{ .. }}` with the values it stands for"
            )),
            (Ty::Value(_), Ty::Bool) => Some(format!("ask for its type: `{text} is ..`")),
            (Ty::Unit, _) if text.starts_with('{') => Some("remove the `;` behind the last expression".to_string()),
            _ => None,
        };
        let wanted = match to {
            Ty::Unit => "nothing".to_string(),
            _ => declarations.ty_name(to),
        };
        let error = match (answer, to) {
            (true, Ty::Unit) => {
                let help = help.or_else(|| Some("declare a result, or end the expression with `;`".to_string()));
                Error::Result {
                    at,
                    declared: wanted,
                    found: found_name,
                    help,
                }
            }
            (true, _) => Error::Result {
                at,
                declared: wanted,
                found: found_name,
                help,
            },
            _ => Error::Mismatch {
                at,
                wanted,
                found: found_name,
                help,
            },
        };
        self.fail(at, error)
    }

    /// The name by which a test proves exactly `set`.
    fn type_to_test(&self, set: TypeSet) -> Option<String> {
        let tables = &self.declarations.tables;
        if let Some(leaf) = set.single() {
            return Some(tables.leaves[leaf].name.clone());
        }
        tables
            .groups
            .iter()
            .find(|group| group.set == set)
            .map(|group| group.name.clone())
    }
}
