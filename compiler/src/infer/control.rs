//! Blocks, branches and everything that ends a path.

use dg_spec::ast::{self, Block, Name, StatementKind};
use dg_spec::{Span, nearest};

use super::flow::proven;
use super::{Checker, CodeKind, Want};
use crate::ir::TypeSet;
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, LocalKind, Ty};

impl Checker<'_, '_> {
    /// A block in a scope of its own.
    pub(super) fn block(&mut self, block: &Block, want: Want) -> Expr {
        let depth = self.scope.len();
        let mut statements = Vec::new();
        let mut reported = false;
        for statement in &block.statements {
            self.reach(statement.span, &mut reported);
            match &statement.kind {
                StatementKind::Let { name, value } => {
                    let value = self.infer(value, Want::Any);
                    let value = self.bindable(value);
                    let ty = value.ty;
                    let local = self.local(name, ty, LocalKind::Let, "binding");
                    let kind = ExprKind::Let {
                        local,
                        value: Box::new(value),
                    };
                    statements.push(Expr {
                        kind,
                        ty: Ty::Unit,
                        span: statement.span,
                    });
                }
                StatementKind::Assume(test) => statements.extend(self.assume(test)),
                StatementKind::Expr(expr) => statements.push(self.expr(expr, Want::Nothing)),
            }
        }
        let value = block.value.as_ref().map(|value| {
            self.reach(value.span, &mut reported);
            Box::new(self.expr(value, want))
        });
        let ty = match &value {
            _ if !self.flow.is_alive() || reported => Ty::Never,
            Some(value) => value.ty,
            None => {
                let end = Span {
                    start: block.span.end - 1,
                    end: block.span.end,
                };
                if self.nothing_wanted(want, end, "the block ends here") {
                    Ty::Never
                } else {
                    Ty::Unit
                }
            }
        };
        self.leave_scope(depth);
        Expr {
            kind: ExprKind::Block { statements, value },
            ty,
            span: block.span,
        }
    }

    /// Reports code behind the end of control, once per block.
    pub(super) fn reach(&mut self, span: Span, reported: &mut bool) {
        if let Some(after) = self.flow.ended.take() {
            if !*reported {
                self.errors.push(Error::Unreachable { at: span, after });
            }
            *reported = true;
        }
    }

    /// Reports a path that ends without the value that is wanted; answers whether one is wanted.
    pub(super) fn nothing_wanted(&mut self, want: Want, at: Span, why: &str) -> bool {
        let wanted = match want {
            Want::Any | Want::Nothing | Want::Ty(Ty::Unit | Ty::Never) | Want::Answer(Ty::Unit | Ty::Never) => {
                return false;
            }
            Want::Ty(ty) | Want::Answer(ty) => self.declarations.ty_name(ty),
            Want::Results => "a value or a list".to_string(),
        };
        self.errors.push(Error::NoValue {
            at,
            wanted,
            why: why.to_string(),
        });
        true
    }

    /// `left && right` or `left || right`: the right side knows what the left one has proven.
    pub(super) fn connective(&mut self, left: &ast::Expr, right: &ast::Expr, and: bool, span: Span) -> Expr {
        let left = self.expr_of(left, Ty::Bool);
        let before = self.flow.clone();
        self.flow
            .learn(proven(&left, and, self.declarations.tables.double_leaf()));
        let right = self.expr_of(right, Ty::Bool);
        let after = std::mem::take(&mut self.flow);
        self.flow = after.join(before);
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = if and {
            ExprKind::And(left, right)
        } else {
            ExprKind::Or(left, right)
        };
        Expr {
            kind,
            ty: Ty::Bool,
            span,
        }
    }

    pub(super) fn branch(
        &mut self,
        condition: &ast::Expr,
        then: &Block,
        otherwise: Option<&ast::Expr>,
        want: Want,
        span: Span,
    ) -> Expr {
        let condition = self.expr_of(condition, Ty::Bool);
        let double = self.declarations.tables.double_leaf();
        let mut other_flow = self.flow.clone();
        self.flow.learn(proven(&condition, true, double));
        other_flow.learn(proven(&condition, false, double));

        // Without `else` the value of the other path is nothing.
        let inner = if otherwise.is_none() && want == Want::Any {
            Want::Nothing
        } else {
            want
        };
        let then = self.block(then, inner);
        let then_flow = std::mem::replace(&mut self.flow, other_flow);
        let mut ty = Ty::Unit;
        let otherwise = match otherwise {
            Some(other) => Some(self.expr(other, inner)),
            None => {
                if self.nothing_wanted(inner, span, "there is no `else`") {
                    ty = Ty::Never;
                }
                None
            }
        };
        let other_flow = std::mem::take(&mut self.flow);
        self.flow = then_flow.join(other_flow);
        let condition = Box::new(condition);
        let Some(otherwise) = otherwise else {
            let kind = ExprKind::If {
                condition,
                then: Box::new(then),
                otherwise: None,
            };
            return Expr { kind, ty, span };
        };
        let mut branches = vec![then, otherwise];
        let ty = self.unify(&mut branches, inner);
        let otherwise = branches.pop().map(Box::new);
        let then = Box::new(branches.swap_remove(0));
        Expr {
            kind: ExprKind::If {
                condition,
                then,
                otherwise,
            },
            ty,
            span,
        }
    }

    /// Gives the values of several paths one type.
    pub(super) fn unify(&mut self, paths: &mut [Expr], want: Want) -> Ty {
        let types: Vec<Ty> = paths.iter().map(|path| path.ty).filter(|ty| *ty != Ty::Never).collect();
        let Some(&first) = types.first() else { return Ty::Never };
        match want {
            Want::Nothing => return Ty::Unit,
            Want::Results => return if types.contains(&Ty::List) { Ty::List } else { first },
            Want::Ty(ty) | Want::Answer(ty) => return ty,
            Want::Any => {}
        }
        if types.iter().all(|ty| *ty == first) {
            return first;
        }
        let sets: Option<Vec<TypeSet>> = types.iter().map(|ty| self.boxed_set(*ty)).collect();
        let common = match sets {
            Some(sets) => Ty::Value(sets.into_iter().fold(TypeSet::EMPTY, TypeSet::union)),
            None => first,
        };
        for path in paths {
            let value = std::mem::replace(
                path,
                Expr {
                    kind: ExprKind::Bool(false),
                    ty: Ty::Never,
                    span: path.span,
                },
            );
            *path = self.adapt(value, Want::Ty(common));
        }
        common
    }

    pub(super) fn return_statement(&mut self, values: &[ast::Expr], span: Span) -> Expr {
        if let CodeKind::Native(_) = self.kind {
            let values = self.values(values);
            self.end(span);
            return Expr {
                kind: ExprKind::Leave(values),
                ty: Ty::Never,
                span,
            };
        }
        let value = match values {
            [] => {
                self.nothing_wanted(self.answer, span, "this returns nothing");
                None
            }
            [value] => Some(Box::new(self.expr(value, self.answer))),
            [_, second, ..] => {
                let what = "returning several values".to_string();
                let why = "the result is one value or one list".to_string();
                let help = Some("to return from the guest function, write `leave`".to_string());
                self.errors.push(Error::Misplaced {
                    at: second.span,
                    what,
                    why,
                    help,
                });
                None
            }
        };
        self.end(span);
        Expr {
            kind: ExprKind::Return(value),
            ty: Ty::Never,
            span,
        }
    }

    pub(super) fn slow(&mut self, body: &ast::Expr, span: Span) -> Expr {
        if let CodeKind::Native(_) = self.kind {
            let body = self.expr(body, Want::Nothing);
            if self.flow.is_alive() {
                let (wanted, why) = ("the answer of a native function", "this does not `return`");
                self.errors.push(Error::NoValue {
                    at: span,
                    wanted: wanted.to_string(),
                    why: why.to_string(),
                });
            }
            self.end(span);
            return Expr {
                kind: ExprKind::Slow(Box::new(body)),
                ty: Ty::Never,
                span,
            };
        }
        let body = self.expr(body, self.answer);
        self.end(span);
        Expr {
            kind: ExprKind::Slow(Box::new(body)),
            ty: Ty::Never,
            span,
        }
    }

    pub(super) fn goto(&mut self, label: &Name, span: Span) -> Expr {
        let target = self.label(label, span);
        self.end(span);
        target
    }

    pub(super) fn label(&mut self, label: &Name, span: Span) -> Expr {
        let Some(local) = self.find(label.as_str()) else {
            let known = self
                .scope
                .iter()
                .filter(|(_, id)| self.locals[*id].ty == Ty::Label)
                .map(|(name, _)| &**name);
            let nearest = nearest(label.as_str(), known).map(str::to_string);
            let name = label.text.to_string();
            return self.fail(
                span,
                Error::UnknownName {
                    at: label.span,
                    what: "label",
                    name,
                    nearest,
                },
            );
        };
        let target = self.read(local, label.span);
        if target.ty != Ty::Label {
            let (found, wanted) = (self.declarations.ty_name(target.ty), "a label".to_string());
            let help = Some(format!("declare it as an operand: `{}: label`", label.text));
            return self.fail(
                span,
                Error::Mismatch {
                    at: label.span,
                    wanted,
                    found,
                    help,
                },
            );
        }
        self.end(span);
        Expr {
            kind: ExprKind::Goto(local),
            ty: Ty::Never,
            span,
        }
    }
}
