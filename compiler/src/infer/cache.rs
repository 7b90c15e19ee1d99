//! `cache(KEY, ways N) EXPR`: what is remembered may depend on nothing but the key, constants and pure functions.

use std::collections::{BTreeSet, HashSet};

use dg_spec::Span;
use dg_spec::ast;

use super::summary::impurity;
use super::{Checker, CodeKind, Want};
use crate::ir::spec::{OperandKind, RecordKind};
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
        self.note_cache(span);
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
        self.check_events(&body);
        let ty = body.ty;
        self.check_remembered(ty, body.span);
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
            Ty::Unit | Ty::List | Ty::Plan(_) | Ty::Label | Ty::Attempt | Ty::Double => {
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
            ty => {
                self.check_remembered(ty, key.span);
                key
            }
        }
    }

    /// A cache stands at `at`, here or in a function that is used here.
    pub(super) fn note_cache(&mut self, at: Span) {
        if matches!(self.kind, CodeKind::Native(_)) {
            self.errors.push(Error::Misplaced {
                at,
                what: "a `cache`".to_string(),
                why: "a native function has no instruction that could remember".to_string(),
                help: Some("use it in a bytecode".to_string()),
            });
        }
        if let Some(first) = self.cache {
            self.errors.push(Error::SecondCache { at, first });
        } else if let Some(effect) = self.flow.effect {
            self.errors.push(Error::EffectBeforeCache { at, effect });
        }
        self.cache.get_or_insert(at);
    }

    /// Elements of arrays have no life of their own, so nothing of them can be remembered.
    fn check_remembered(&mut self, ty: Ty, at: Span) {
        if let Ty::Ref { record, .. } = ty
            && self.declarations.tables.records[record].kind == RecordKind::Struct
        {
            self.errors.push(Error::Misplaced {
                at,
                what: "remembering a reference to a struct".to_string(),
                why: "it is a part of an object".to_string(),
                help: Some("remember the object and the index".to_string()),
            });
        }
    }

    /// What is remembered is forgotten at one event.
    fn check_events(&mut self, body: &Expr) {
        let mut events = BTreeSet::new();
        self.add_events(body, &mut events);
        if let [first, second, ..] = events.iter().collect::<Vec<_>>()[..] {
            let why = format!("it holds until `{first}` and until `{second}`");
            self.errors.push(Error::Misplaced {
                at: body.span,
                what: "what is forgotten at two events".to_string(),
                why,
                help: Some("ask one function, which holds until one event".to_string()),
            });
        }
    }

    fn add_events(&self, expr: &Expr, events: &mut BTreeSet<String>) {
        match &expr.kind {
            ExprKind::CallExtern { callee, .. } => {
                events.extend(self.declarations.tables.externs[*callee].effects.until.clone());
            }
            ExprKind::CallHelper { helper, .. } => events.extend(self.summaries[*helper].events.iter().cloned()),
            _ => {}
        }
        expr.for_each_child(&mut |child| self.add_events(child, events));
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
