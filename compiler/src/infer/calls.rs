//! Calls: of functions of the specification, of runtime functions, of guest functions.

use std::rc::Rc;

use dg_spec::ast::{self, ExprKind as Ast, Name};
use dg_spec::{Span, nearest};

use super::intrinsics::INTRINSICS;
use super::{Checker, Want};
use crate::ir::{RecordId, Type, TypeSet};
use crate::resolve::error::Error;
use crate::resolve::{FunctionName, TypeName};
use crate::typed::{Expr, ExprKind, Invocation, Ty};

impl Checker<'_, '_> {
    /// `function(args)`
    pub(super) fn apply(&mut self, function: &Name, args: &[ast::Expr], span: Span) -> Expr {
        let function = match self.template.get_mut(&function.text) {
            Some((arg, used)) => {
                *used = true;
                match &arg.kind {
                    Ast::Name(name) => Name {
                        text: Rc::clone(&name.text),
                        span: function.span,
                    },
                    _ => {
                        let name = function.text.to_string();
                        let (is, wanted) = ("a value in this use of the template", "a function");
                        return self.fail(
                            span,
                            Error::WrongKind {
                                at: function.span,
                                name,
                                is,
                                wanted,
                            },
                        );
                    }
                }
            }
            None => function.clone(),
        };
        if super::is_intrinsic(function.as_str()) {
            return self.intrinsic(&function, args, span);
        }
        let declarations = self.declarations;
        let Some(found) = declarations.functions.get(&function.text).copied() else {
            args.iter().for_each(|arg| {
                self.infer(arg, Want::Any);
            });
            let error = self.unknown_function(&function);
            return self.fail(span, error);
        };
        let signature = match found {
            FunctionName::Helper(id) => &declarations.helpers[id].signature,
            FunctionName::Extern(id) => &declarations.externs[id],
        };
        signature.used.set(true);
        if signature.params.len() != args.len() {
            return self.wrong_arity(&function, signature.params.len(), args, span);
        }
        let args: Vec<Expr> = args
            .iter()
            .zip(&signature.params)
            .map(|(arg, ty)| self.expr_of(arg, *ty))
            .collect();
        let (calls, plans, effect) = match found {
            FunctionName::Helper(id) => {
                let summary = &self.summaries[id];
                self.inlined = self.inlined.saturating_add(summary.size);
                if summary.caches {
                    self.note_cache(span);
                }
                (summary.calls, summary.plans, summary.effect)
            }
            FunctionName::Extern(id) => {
                let effects = &declarations.tables.externs[id].effects;
                let plans = matches!(signature.result, Ty::Plan(_));
                (effects.reenters, plans, !effects.is_removable())
            }
        };
        if effect {
            self.note_effect(span);
        }
        if calls {
            self.note_call(span);
        }
        if plans {
            self.plans += 1;
            self.flow.plan = self.plans;
        }
        let ty = signature.result;
        if ty == Ty::Never {
            self.end(span);
        }
        let kind = match found {
            FunctionName::Helper(helper) => ExprKind::CallHelper { helper, args },
            FunctionName::Extern(callee) => ExprKind::CallExtern { callee, args },
        };
        Expr { kind, ty, span }
    }

    fn unknown_function(&self, function: &Name) -> Error {
        let (at, name) = (function.span, function.text.to_string());
        if self.find(function.as_str()).is_some() {
            return Error::AppliedValue { at, name };
        }
        if let Some(kind) = self.declarations.types.get(&function.text) {
            return Error::WrongKind {
                at,
                name,
                is: TypeName::describe(*kind),
                wanted: "a function",
            };
        }
        let known = self.declarations.functions.keys().map(|name| &**name).chain(INTRINSICS);
        let nearest = nearest(&name, known).map(str::to_string);
        Error::UnknownName {
            at,
            what: "function",
            name,
            nearest,
        }
    }

    /// Remembers that other code has run.
    pub(super) fn note_call(&mut self, span: Span) {
        self.calls += 1;
        self.flow.call = (self.calls, span);
        self.note_effect(span);
    }

    /// Remembers that something has happened that must not happen twice.
    pub(super) fn note_effect(&mut self, span: Span) {
        self.flow.effect.get_or_insert(span);
    }

    /// The callee and the arguments of a guest call.
    pub(super) fn invocation(&mut self, callee: &ast::Expr, args: &[ast::Expr]) -> Invocation {
        let at = callee.span;
        let callee = match self.declarations.tables.callee {
            Some(record) => self.target(callee, record, "a callable object"),
            None => self.fail(
                at,
                Error::Misplaced {
                    at,
                    what: "a call".to_string(),
                    why: "the language does not say what its functions are".to_string(),
                    help: Some("add `callee OBJECT;` to the `language` item".to_string()),
                },
            ),
        };
        Invocation {
            target: Box::new(callee),
            args: self.values(args),
        }
    }

    /// The coroutine and the arguments of a `resume`.
    pub(super) fn resumption(&mut self, coroutine: &ast::Expr, args: &[ast::Expr]) -> Invocation {
        let record = match self.declarations.types.get("Coroutine") {
            Some(TypeName::Record(record)) => *record,
            _ => unreachable!("the framework declares Coroutine"),
        };
        let target = self.target(coroutine, record, "a coroutine");
        Invocation {
            target: Box::new(target),
            args: self.values(args),
        }
    }

    /// What is called, as a reference to a `record`.
    fn target(&mut self, callee: &ast::Expr, record: RecordId, wanted: &str) -> Expr {
        let callee = self.infer(callee, Want::Any);
        let at = callee.span;
        match callee.ty {
            Ty::Never => return callee,
            Ty::Ref {
                record: found,
                nullable: false,
            } if found == record => return callee,
            Ty::Value(set) => {
                let unboxed = set.single().and_then(|leaf| self.declarations.tables.unboxed(leaf));
                if unboxed == Some(Type::Ref(record)) {
                    return self.adapt(
                        callee,
                        Want::Ty(Ty::Ref {
                            record,
                            nullable: false,
                        }),
                    );
                }
            }
            _ => {}
        }
        let text = self.text(at).to_string();
        let leaf = self
            .declarations
            .leaf_of(record)
            .filter(|leaf| matches!(callee.ty, Ty::Value(set) if !set.is_disjoint(TypeSet::leaf(*leaf))));
        let help = leaf.map(|leaf| self.test_first(&callee, &text, &self.declarations.tables.leaves[leaf].name));
        let known = self.declarations.ty_name(callee.ty);
        self.fail(
            at,
            Error::NotCallable {
                at,
                text,
                callee: wanted.to_string(),
                known,
                help,
            },
        )
    }
}
