//! `cache(KEY, ways N) EXPR`: what is remembered may depend on nothing but the key, constants and pure functions.

use std::collections::HashSet;

use dg_spec::Span;
use dg_spec::ast;

use super::summary::impurity;
use super::{Checker, Want};
use crate::ir::spec::OperandKind;
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, LocalId, Ty};

/// How many answers a cache remembers when the specification does not say.
const DEFAULT_WAYS: u32 = 1;
const MAX_WAYS: u64 = 16;

/// The key of a cache, for comparing and for wording.
struct Key<'s> {
    texts: Vec<&'s str>,
    span: Span,
    bound: HashSet<LocalId>,
}

impl Checker<'_, '_> {
    /// `cache(keys, ways N) body`
    pub(super) fn cache(
        &mut self,
        keys: &[ast::Expr],
        ways: Option<(u64, Span)>,
        body: &ast::Expr,
        want: Want,
        span: Span,
    ) -> Expr {
        let ways = match ways {
            None => DEFAULT_WAYS,
            Some((ways, _)) if (1..=MAX_WAYS).contains(&ways) => ways as u32,
            Some((_, at)) => {
                self.errors.push(Error::BadWays { at });
                DEFAULT_WAYS
            }
        };
        let typed: Vec<Expr> = keys.iter().map(|key| self.key(key)).collect();
        let mut key = Key {
            texts: keys.iter().map(|key| self.text(key.span)).collect(),
            span: keys.iter().map(|key| key.span).reduce(Span::to).unwrap_or(span),
            bound: HashSet::new(),
        };
        let body = self.infer(
            body,
            if matches!(want, Want::Ty(Ty::Bool)) {
                want
            } else {
                Want::Any
            },
        );
        self.check_cached(&body, &mut key);
        let ty = body.ty;
        Expr {
            kind: ExprKind::Cache {
                keys: typed,
                ways,
                body: Box::new(body),
            },
            ty,
            span,
        }
    }

    /// A key: something that can be compared by its bits.
    fn key(&mut self, key: &ast::Expr) -> Expr {
        let key = self.infer(key, Want::Any);
        match key.ty {
            Ty::Unit | Ty::List | Ty::Plan(_) | Ty::Label | Ty::Attempt => {
                let (at, found) = (key.span, self.declarations.ty_name(key.ty));
                let wanted = "a key, one word that can be compared".to_string();
                self.fail(
                    at,
                    Error::Mismatch {
                        at,
                        wanted,
                        found,
                        help: None,
                    },
                )
            }
            _ => key,
        }
    }

    fn check_cached(&mut self, expr: &Expr, key: &mut Key<'_>) {
        let text = self.text(expr.span);
        if key.texts.contains(&text) {
            return;
        }
        let effect = match &expr.kind {
            ExprKind::Local(local) => {
                let alternatives = self.alternatives(*local);
                let constant = !alternatives.is_empty()
                    && alternatives.iter().all(|kind| {
                        matches!(
                            kind,
                            OperandKind::Const(_)
                                | OperandKind::ConstRef(_)
                                | OperandKind::ImmI32
                                | OperandKind::ImmU32
                                | OperandKind::ImmU16
                        )
                    });
                if !constant && !key.bound.contains(local) {
                    self.not_in_key(expr.span, key);
                }
                return;
            }
            ExprKind::Field { .. }
            | ExprKind::Length { .. }
            | ExprKind::Element { .. }
            | ExprKind::Pointed { .. }
            | ExprKind::Item { .. }
            | ExprKind::Callee
            | ExprKind::Varargs => return self.not_in_key(expr.span, key),
            ExprKind::CallExtern { callee, .. } => {
                impurity(&self.declarations.tables.externs[*callee].effects).map(|effect| {
                    (
                        format!("`{}`", self.declarations.externs[*callee].name),
                        format!("it {effect}"),
                    )
                })
            }
            ExprKind::CallHelper { helper, .. } => self.summaries[*helper].impure.clone().map(|effect| {
                (
                    format!("`{}`", self.declarations.helpers[*helper].signature.name),
                    effect,
                )
            }),
            ExprKind::Call(_) | ExprKind::Attempt { .. } | ExprKind::Yield(_) | ExprKind::TailCall(_) => {
                Some(("a call".to_string(), "it runs other code".to_string()))
            }
            ExprKind::Assign { .. } => Some(("a store".to_string(), "it writes".to_string())),
            ExprKind::New { .. } => Some(("a new object".to_string(), "it allocates".to_string())),
            ExprKind::Return(_)
            | ExprKind::Slow(_)
            | ExprKind::Leave(_)
            | ExprKind::Throw(_)
            | ExprKind::Goto(_)
            | ExprKind::Delegate => Some(("this".to_string(), "it leaves the cache".to_string())),
            ExprKind::Let { local, .. } => {
                key.bound.insert(*local);
                None
            }
            ExprKind::MatchPlan { arms, .. } => {
                key.bound
                    .extend(arms.iter().flat_map(|arm| arm.bindings.iter().flatten().copied()));
                None
            }
            _ => None,
        };
        if let Some((what, effect)) = effect {
            self.errors.push(Error::CacheEffect {
                at: expr.span,
                what,
                effect,
            });
            return;
        }
        expr.for_each_child(&mut |child| self.check_cached(child, key));
    }

    fn not_in_key(&mut self, at: Span, key: &Key<'_>) {
        let text = self.text(at).to_string();
        let key_texts = key.texts.join(", ");
        self.errors.push(Error::CacheReads {
            at,
            text,
            keys: key.span,
            key_texts,
        });
    }
}
