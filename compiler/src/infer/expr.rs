//! Expressions, blocks and everything that decides where control goes.

use dg_spec::ast::{self, ExprKind as Ast, Name, TypeKind};
use dg_spec::{Span, nearest};

use super::flow::proven;
use super::{Checker, CodeKind, Want};
use crate::ir::TypeSet;
use crate::ir::spec::OperandKind;
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, LocalId, LocalKind, Ty, Values};

impl Checker<'_, '_> {
    /// An expression in a place that wants `want`.
    pub(super) fn expr(&mut self, expr: &ast::Expr, want: Want) -> Expr {
        let found = self.infer(expr, want);
        self.adapt(found, want)
    }

    /// An expression of type `ty`.
    pub(super) fn expr_of(&mut self, expr: &ast::Expr, ty: Ty) -> Expr {
        self.expr(expr, Want::Ty(ty))
    }

    /// What stands for an expression that cannot be: one of its operands has an error, which is reported, or control
    /// ends in it, which is reported here.
    pub(super) fn poison(&mut self, span: Span) -> Expr {
        if let Some(after) = self.flow.ended {
            self.errors.push(Error::Unreachable { at: span, after });
        }
        Self::nothing(span)
    }

    /// Reports `error`, answers what stands for the expression.
    pub(super) fn fail(&mut self, span: Span, error: Error) -> Expr {
        self.errors.push(error);
        Self::nothing(span)
    }

    /// Fits everywhere.
    const fn nothing(span: Span) -> Expr {
        Expr {
            kind: ExprKind::Bool(false),
            ty: Ty::Never,
            span,
        }
    }

    /// The expression with its own type; `want` decides where it could be several.
    pub(super) fn infer(&mut self, expr: &ast::Expr, want: Want) -> Expr {
        let span = expr.span;
        let wanted = match want {
            Want::Ty(ty) | Want::Answer(ty) => Some(ty),
            _ => None,
        };
        let typed = |kind, ty| Expr { kind, ty, span };
        match &expr.kind {
            Ast::Int(number) => self.int(*number, false, span, wanted),
            Ast::Double(number) => typed(ExprKind::Double(*number), Ty::Double),
            Ast::Name(name) => self.name(name, want),
            Ast::Field(base, field) => self.field(base, field, span),
            Ast::Index(base, index) => self.element(base, index, span),
            Ast::Apply { function, args } => self.apply(function, args, span),
            Ast::Unary(ast::UnaryOp::Neg, operand) => self.negation(operand, span, wanted),
            Ast::Unary(ast::UnaryOp::Not, operand) => {
                let operand = self.expr_of(operand, Ty::Bool);
                typed(ExprKind::Not(Box::new(operand)), Ty::Bool)
            }
            Ast::Binary(ast::BinaryOp::And, left, right) => self.connective(left, right, true, span),
            Ast::Binary(ast::BinaryOp::Or, left, right) => self.connective(left, right, false, span),
            Ast::Binary(operator, left, right) => self.binary(*operator, left, right, span, wanted),
            Ast::Is { subject, negated, ty } => self.test(subject, *negated, ty, span),
            Ast::Call { catch: true, .. } | Ast::Resume { .. } => {
                let what = if matches!(expr.kind, Ast::Resume { .. }) {
                    "`resume`"
                } else {
                    "`try call`"
                };
                self.fail(
                    span,
                    Error::Misplaced {
                        at: span,
                        what: what.to_string(),
                        why: "it comes back in one of two ways".to_string(),
                        help: Some(format!(
                            "write `match {} {{ Returned(list) => .., Threw(e) => .. }}`",
                            self.text(span)
                        )),
                    },
                )
            }
            Ast::Call {
                catch: false,
                callee,
                args,
            } => {
                let invocation = self.invocation(callee, args);
                self.note_call(span);
                typed(ExprKind::Call(invocation), Ty::List)
            }
            Ast::Yield(values) => {
                self.native_only("`yield`", span);
                let values = self.values(std::slice::from_ref(&**values));
                self.note_call(span);
                typed(ExprKind::Yield(values), Ty::List)
            }
            Ast::Cache { keys, ways, body } => self.cache(keys, *ways, body, want, span),
            Ast::New { object, fields } => self.new_object(object, fields, span),
            Ast::If {
                condition,
                then,
                otherwise,
            } => self.branch(condition, then, otherwise.as_deref(), want, span),
            Ast::Match { subject, arms } => self.matching(subject, arms, want, span),
            Ast::Block(block) => self.block(block, want),
            Ast::Assign { place, value } => self.assign(place, value, span),
            Ast::Return(values) => self.return_statement(values, span),
            Ast::Slow(body) => self.slow(body, span),
            Ast::Throw(value) => {
                let any = self.declarations.tables.any();
                let value = self.expr_of(value, Ty::Value(any));
                self.end(span);
                typed(ExprKind::Throw(Box::new(value)), Ty::Never)
            }
            Ast::Goto(label) => self.goto(label, span),
            Ast::Delegate => {
                self.native_only("`delegate`", span);
                self.end(span);
                typed(ExprKind::Delegate, Ty::Never)
            }
            Ast::Leave(values) => {
                if let CodeKind::Native(_) = self.kind {
                    self.errors.push(Error::Misplaced {
                        at: span,
                        what: "`leave`".to_string(),
                        why: "a native function has no other function to return from".to_string(),
                        help: Some("write `return`".to_string()),
                    });
                }
                let values = self.values(values);
                self.end(span);
                typed(ExprKind::Leave(values), Ty::Never)
            }
            Ast::TailCall { callee, args } => {
                let invocation = self.invocation(callee, args);
                self.end(span);
                typed(ExprKind::TailCall(invocation), Ty::Never)
            }
        }
    }

    /// What a `let` can bind.
    pub(super) fn bindable(&mut self, value: Expr) -> Expr {
        match value.ty {
            Ty::Unit | Ty::Label | Ty::Attempt => {
                let found = self.declarations.ty_name(value.ty);
                let span = value.span;
                let wanted = "a value to bind".to_string();
                self.fail(
                    span,
                    Error::Mismatch {
                        at: span,
                        wanted,
                        found,
                        help: None,
                    },
                )
            }
            _ => value,
        }
    }

    pub(super) fn assume(&mut self, test: &ast::Expr) -> Option<Expr> {
        let typed = self.infer(test, Want::Ty(Ty::Bool));
        let facts = proven(&typed, true, self.declarations.tables.double_leaf());
        if typed.ty == Ty::Never {
            return None;
        }
        let Some(&(local, Ty::Value(set))) = facts.first() else {
            self.errors.push(Error::BadTest {
                at: test.span,
                why: "only what a name stands for can be assumed to be of a type of value".to_string(),
            });
            return None;
        };
        self.flow.learn(facts);
        Some(Expr {
            kind: ExprKind::Assume { local, set },
            ty: Ty::Unit,
            span: test.span,
        })
    }

    pub(super) fn name(&mut self, name: &Name, want: Want) -> Expr {
        let span = name.span;
        if let Some(local) = self.find(name.as_str()) {
            return self.read(local, span);
        }
        if let Some((arg, used)) = self.template.get_mut(&name.text) {
            *used = true;
            let arg: &ast::Expr = arg;
            // What is passed to a template is written outside of its body.
            let scope = std::mem::take(&mut self.scope);
            let template = std::mem::take(&mut self.template);
            let mut value = self.infer(arg, want);
            self.template = template;
            self.scope = scope;
            value.span = span;
            return value;
        }
        let wants_bool = matches!(want, Want::Ty(Ty::Bool) | Want::Answer(Ty::Bool));
        let leaf = self.declarations.unit_leaf(name.as_str());
        match name.as_str() {
            text @ ("true" | "false") if wants_bool || leaf.is_none() => {
                return Expr {
                    kind: ExprKind::Bool(text == "true"),
                    ty: Ty::Bool,
                    span,
                };
            }
            "callee" => {
                if let Some(record) = self.declarations.tables.callee {
                    return Expr {
                        kind: ExprKind::Callee,
                        ty: Ty::Ref {
                            record,
                            nullable: false,
                        },
                        span,
                    };
                }
            }
            "varargs" => {
                if !matches!(self.kind, CodeKind::Bytecode(_)) {
                    self.errors.push(Error::Misplaced {
                        at: span,
                        what: "`varargs`".to_string(),
                        why: "only a bytecode knows the function it runs in".to_string(),
                        help: Some(
                            "take a parameter: `args: rest` in a native function, `args: list` in a `fn`".into(),
                        ),
                    });
                }
                return Expr {
                    kind: ExprKind::Varargs,
                    ty: Ty::List,
                    span,
                };
            }
            "null" => {
                if let Want::Ty(ty @ Ty::Ref { nullable: true, .. }) = want {
                    return Expr {
                        kind: ExprKind::Int(0),
                        ty,
                        span,
                    };
                }
                let why = "`null` is only for fields declared `ref?`; test with `is null`".to_string();
                let what = "`null`".to_string();
                return self.fail(
                    span,
                    Error::Misplaced {
                        at: span,
                        what,
                        why,
                        help: None,
                    },
                );
            }
            _ => {}
        }
        if let Some(leaf) = leaf {
            return Expr {
                kind: ExprKind::Unit(leaf),
                ty: Ty::Value(TypeSet::leaf(leaf)),
                span,
            };
        }
        let text = name.text.to_string();
        let error = if self.declarations.functions.contains_key(&name.text) || super::is_intrinsic(&text) {
            Error::WrongKind {
                at: span,
                name: text,
                is: "a function",
                wanted: "a value",
            }
        } else if let Some(kind) = self.declarations.types.get(&name.text) {
            Error::WrongKind {
                at: span,
                name: text,
                is: kind.describe(),
                wanted: "a value",
            }
        } else {
            let locals = self.scope.iter().rev().map(|(name, _)| &**name);
            let units = self.declarations.types.keys().map(|name| &**name);
            let units = units.filter(|name| self.declarations.unit_leaf(name).is_some());
            let known = locals
                .chain(units)
                .chain(self.template.keys().map(|name| &**name))
                .chain(["callee", "varargs"]);
            let nearest = nearest(&text, known).map(str::to_string);
            Error::UnknownName {
                at: span,
                what: "value",
                name: text,
                nearest,
            }
        };
        self.fail(span, error)
    }

    /// Reads a local.
    pub(super) fn read(&mut self, local: LocalId, span: Span) -> Expr {
        self.uses[local.0 as usize].2 = true;
        let data = &self.locals[local];
        if self.alternatives(local) == [OperandKind::OutSlot] {
            return self.fail(
                span,
                Error::Misplaced {
                    at: span,
                    what: "reading an `out slot`".to_string(),
                    why: "it is only written".to_string(),
                    help: Some("declare it as `slot` to read it".to_string()),
                },
            );
        }
        let ty = self.flow.facts.get(&local).copied().unwrap_or(data.ty);
        let kind = data.kind;
        let (call, plan) = self.born[local.0 as usize];
        let stale = match ty {
            Ty::List if matches!(kind, LocalKind::Let | LocalKind::Param) => Some("a list of the frame that was left"),
            Ty::List if kind == LocalKind::Rest => {
                Some("the surplus arguments, which lie where the callee's frame was")
            }
            Ty::Ref { record, .. } if self.declarations.leaf_of(record).is_none() && kind != LocalKind::Param => {
                Some("a reference into the inside of an object")
            }
            Ty::Ptr | Ty::ValuePtr => Some("an address"),
            _ => None,
        };
        let is_operand = matches!(kind, LocalKind::Operand(_));
        if let Some(what) = stale
            && call < self.flow.call.0
            && !is_operand
        {
            let (name, call) = (self.locals[local].name.clone(), self.flow.call.1);
            return self.fail(
                span,
                Error::Stale {
                    at: span,
                    name,
                    what,
                    call,
                },
            );
        }
        if let Ty::Plan(_) = ty
            && plan < self.flow.plan
        {
            let name = self.locals[local].name.clone();
            return self.fail(
                span,
                Error::Misplaced {
                    at: span,
                    what: format!("looking at `{name}`"),
                    why: "another function has answered by plan since, over the same memory".to_string(),
                    help: Some("match it before the next such function is asked".to_string()),
                },
            );
        }
        Expr {
            kind: ExprKind::Local(local),
            ty,
            span,
        }
    }

    pub(super) fn test(&mut self, subject: &ast::Expr, negated: bool, ty: &ast::TypeExpr, span: Span) -> Expr {
        let subject = self.infer(subject, Want::Any);
        let is_null = matches!(&ty.kind, TypeKind::Name(name) if name.as_str() == "null");
        let test = if is_null {
            match subject.ty {
                Ty::Ref { nullable: true, .. } => ExprKind::IsNull(Box::new(subject)),
                Ty::Never => return self.poison(span),
                other => {
                    let why = format!(
                        "`{}` is {}, never null",
                        self.text(subject.span),
                        self.declarations.ty_name(other)
                    );
                    return self.fail(span, Error::BadTest { at: subject.span, why });
                }
            }
        } else {
            let set = match self.declarations.written_set(ty) {
                Ok(set) => set,
                Err(error) => return self.fail(span, error),
            };
            let any = Ty::Value(self.declarations.tables.any());
            let subject = match subject.ty {
                Ty::Value(_) => subject,
                _ => self.adapt(subject, Want::Ty(any)),
            };
            let Ty::Value(known) = subject.ty else {
                return self.poison(span);
            };
            if known.is_disjoint(set) && !self.in_template() {
                let text = self.text(subject.span).to_string();
                let (wanted, known) = (self.declarations.set_name(set), self.declarations.set_name(known));
                return self.fail(
                    span,
                    Error::NeverHolds {
                        at: subject.span,
                        text,
                        wanted,
                        known,
                    },
                );
            }
            ExprKind::Is {
                subject: Box::new(subject),
                set,
            }
        };
        let test = Expr {
            kind: test,
            ty: Ty::Bool,
            span,
        };
        if negated {
            Expr {
                kind: ExprKind::Not(Box::new(test)),
                ty: Ty::Bool,
                span,
            }
        } else {
            test
        }
    }

    /// Boxed values and at the end a list.
    pub(super) fn values(&mut self, args: &[ast::Expr]) -> Values {
        let any = Ty::Value(self.declarations.tables.any());
        let mut values = Values::default();
        for (index, arg) in args.iter().enumerate() {
            // `true` and `false` are values here, not conditions.
            let value = self.infer(arg, Want::Ty(any));
            if value.ty == Ty::List {
                if index + 1 == args.len() {
                    values.list = Some(Box::new(value));
                    continue;
                }
                if !matches!(arg.kind, Ast::Call { .. }) {
                    self.errors.push(Error::ListNotLast { at: arg.span });
                    continue;
                }
            }
            values.fixed.push(self.adapt(value, Want::Ty(any)));
        }
        values
    }

    pub(super) fn native_only(&mut self, what: &str, at: Span) {
        if !matches!(self.kind, CodeKind::Native(_)) {
            self.errors.push(Error::Misplaced {
                at,
                what: what.to_string(),
                why: "only a `native fn` runs between two other functions".to_string(),
                help: None,
            });
        }
    }
}
