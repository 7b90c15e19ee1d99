//! Expressions, blocks and everything that decides where control goes.

use dg_spec::ast::{self, Block, ExprKind as Ast, Name, StatementKind, TypeKind};
use dg_spec::{Span, nearest};

use super::flow::proven;
use super::{Checker, CodeKind, Want};
use crate::ir::spec::{FieldType, OperandKind};
use crate::ir::{RecordId, Type, TypeSet};
use crate::resolve::TypeName;
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

    /// What stands for an expression with an error: fits everywhere.
    pub(super) fn poison(&self, span: Span) -> Expr {
        Expr {
            kind: ExprKind::Bool(false),
            ty: Ty::Never,
            span,
        }
    }

    /// Reports `error`, answers what stands for the expression.
    pub(super) fn fail(&mut self, span: Span, error: Error) -> Expr {
        self.errors.push(error);
        self.poison(span)
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
    fn reach(&mut self, span: Span, reported: &mut bool) {
        if let Some(after) = self.flow.ended.take() {
            if !*reported {
                self.errors.push(Error::Unreachable { at: span, after });
            }
            *reported = true;
        }
    }

    /// Reports a path that ends without the value that is wanted; answers whether one is wanted.
    fn nothing_wanted(&mut self, want: Want, at: Span, why: &str) -> bool {
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

    /// What a `let` can bind.
    fn bindable(&mut self, value: Expr) -> Expr {
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

    fn assume(&mut self, test: &ast::Expr) -> Option<Expr> {
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

    fn name(&mut self, name: &Name, want: Want) -> Expr {
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

    fn field(&mut self, base: &ast::Expr, field: &Name, span: Span) -> Expr {
        if let Ast::Name(name) = &base.kind
            && self.find(name.as_str()).is_none()
            && !self.template.contains_key(&name.text)
            && let Some(TypeName::Enum(id)) = self.declarations.types.get(&name.text).copied()
        {
            let cases = &self.declarations.tables.enums[id].cases;
            return match cases.iter().position(|case| **case == *field.text) {
                Some(index) => Expr {
                    kind: ExprKind::Int(index as i64),
                    ty: Ty::Enum(id),
                    span,
                },
                None => {
                    let error = self.unknown_case(field, &name.text, cases);
                    self.fail(span, error)
                }
            };
        }
        let base = self.infer(base, Want::Any);
        let Some((base, record)) = self.record(base, Some(field)) else {
            return self.poison(span);
        };
        if let Some((id, ty)) = self.declarations.field(record, field.as_str()) {
            return Expr {
                kind: ExprKind::Field {
                    base: Box::new(base),
                    record,
                    field: id,
                },
                ty,
                span,
            };
        }
        let data = &self.declarations.tables.records[record];
        if let Some(trailing) = &data.trailing {
            if field.as_str() == "length" {
                return Expr {
                    kind: ExprKind::Length {
                        base: Box::new(base),
                        record,
                    },
                    ty: Ty::U32,
                    span,
                };
            }
            if trailing.name == *field.text {
                let text = self.text(span);
                let (what, why) = (
                    "the whole array".to_string(),
                    "its elements are read one by one".to_string(),
                );
                let help = Some(format!(
                    "write `{text}[i]`, or `{}.length` for its length",
                    self.text(base.span)
                ));
                return self.fail(
                    span,
                    Error::Misplaced {
                        at: span,
                        what,
                        why,
                        help,
                    },
                );
            }
        }
        let error = self.no_field(record, field);
        self.fail(span, error)
    }

    /// The error for a field that `record` does not have.
    pub(super) fn no_field(&self, record: RecordId, field: &Name) -> Error {
        let data = &self.declarations.tables.records[record];
        let mut names: Vec<&str> = data.fields.iter().map(|field| field.name.as_str()).collect();
        if let Some(trailing) = &data.trailing {
            names.extend([trailing.name.as_str(), "length"]);
        }
        let nearest = nearest(field.as_str(), names.iter().copied()).map(str::to_string);
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let (record, field_name) = (data.name.clone(), field.text.to_string());
        Error::NoField {
            at: field.span,
            record,
            field: field_name,
            nearest,
            all: all.join(", "),
        }
    }

    /// The reference to a record that `base` is or holds; `field` is what is read from it.
    pub(super) fn record(&mut self, base: Expr, field: Option<&Name>) -> Option<(Expr, RecordId)> {
        let span = base.span;
        match base.ty {
            Ty::Ref {
                record,
                nullable: false,
            } => return Some((base, record)),
            Ty::Ref { nullable: true, .. } => {
                let local = matches!(base.kind, ExprKind::Local(_));
                let text = self.text(span).to_string();
                self.errors.push(Error::MayBeNull { at: span, text, local });
            }
            Ty::Value(set) => {
                let unboxed = set.single().and_then(|leaf| self.declarations.tables.unboxed(leaf));
                if let Some(Type::Ref(record)) = unboxed {
                    let ty = Ty::Ref {
                        record,
                        nullable: false,
                    };
                    return Some((
                        Expr {
                            kind: ExprKind::Unbox(Box::new(base)),
                            ty,
                            span,
                        },
                        record,
                    ));
                }
                let error = self.unproven_object(&base, set, field);
                self.errors.push(error);
            }
            Ty::Never => {}
            ty => {
                let (text, ty) = (self.text(span).to_string(), self.declarations.ty_name(ty));
                self.errors.push(Error::NoFields { at: span, text, ty });
            }
        }
        None
    }

    fn unproven_object(&self, base: &Expr, set: TypeSet, field: Option<&Name>) -> Error {
        let tables = &self.declarations.tables;
        let fitting = tables.leaves.ids().find(|leaf| match (tables.unboxed(*leaf), field) {
            (Some(Type::Ref(record)), Some(field)) => {
                let array = &tables.records[record].trailing;
                set.contains(*leaf)
                    && (tables.field(record, field.as_str()).is_some()
                        || array
                            .as_ref()
                            .is_some_and(|array| array.name == *field.text || field.as_str() == "length"))
            }
            (Some(Type::Ref(_)), None) => set.contains(*leaf),
            _ => false,
        });
        let text = self.text(base.span).to_string();
        let known = self.declarations.set_name(set);
        let (wanted, help) = match fitting {
            Some(leaf) => {
                let leaf = &tables.leaves[leaf].name;
                (format!("a `{leaf}`"), Some(self.test_first(base, &text, leaf)))
            }
            None => ("an object".to_string(), None),
        };
        Error::Unproven {
            at: base.span,
            text,
            wanted,
            known,
            help,
        }
    }

    /// How to prove that `subject` is a `leaf`.
    pub(super) fn test_first(&self, subject: &Expr, text: &str, leaf: &str) -> String {
        match subject.kind {
            ExprKind::Local(_) => format!("test it first: `if {text} is not {leaf} {{ slow .. }}`"),
            _ => format!("give it a name and test that: `let v = {text}; if v is not {leaf} {{ slow .. }}`"),
        }
    }

    fn element(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
        if let Ast::Field(object, field) = &base.kind {
            let object = self.infer(object, Want::Any);
            let Some((object, record)) = self.record(object, Some(field)) else {
                self.index(index);
                return self.poison(span);
            };
            let trailing = self.declarations.tables.records[record].trailing.as_ref();
            if trailing.is_some_and(|trailing| trailing.name == *field.text)
                && let Some(ty) = self.declarations.elements[record]
            {
                let index = Box::new(self.index(index));
                return Expr {
                    kind: ExprKind::Element {
                        base: Box::new(object),
                        record,
                        index,
                    },
                    ty,
                    span,
                };
            }
            let Some((id, ty)) = self.declarations.field(record, field.as_str()) else {
                let error = self.no_field(record, field);
                return self.fail(span, error);
            };
            let kind = ExprKind::Field {
                base: Box::new(object),
                record,
                field: id,
            };
            return self.element_of(
                Expr {
                    kind,
                    ty,
                    span: base.span,
                },
                index,
                span,
            );
        }
        let base = self.infer(base, Want::Any);
        self.element_of(base, index, span)
    }

    fn element_of(&mut self, base: Expr, index: &ast::Expr, span: Span) -> Expr {
        let index = self.index(index);
        let any = Ty::Value(self.declarations.tables.any());
        match base.ty {
            Ty::List => {
                self.check_range(&base, &index);
                Expr {
                    kind: ExprKind::Item {
                        list: Box::new(base),
                        index: Box::new(index),
                    },
                    ty: any,
                    span,
                }
            }
            Ty::ValuePtr => {
                let kind = ExprKind::Pointed {
                    pointer: Box::new(base),
                    index: Box::new(index),
                };
                Expr { kind, ty: any, span }
            }
            Ty::Never => self.poison(span),
            ty => {
                let (at, text) = (base.span, self.text(base.span).to_string());
                let ty = self.declarations.ty_name(ty);
                self.fail(span, Error::NoFields { at, text, ty })
            }
        }
    }

    /// Reports a constant index beyond a run of known length.
    pub(super) fn check_range(&mut self, list: &Expr, index: &Expr) {
        let (ExprKind::Local(local), ExprKind::Int(number)) = (&list.kind, &index.kind) else {
            return;
        };
        let shortest = self.alternatives(*local).iter().map(|kind| match kind {
            OperandKind::SlotsFixed(length) => Some(u64::from(*length)),
            _ => None,
        });
        let Some(length) = shortest
            .collect::<Option<Vec<u64>>>()
            .and_then(|lengths| lengths.into_iter().min())
        else {
            return;
        };
        let number = u64::try_from(*number).unwrap_or(u64::MAX);
        if number >= length {
            self.errors.push(Error::IndexRange {
                at: index.span,
                index: number,
                length,
            });
        }
    }

    /// An index: a number of at most 32 bits, or a constant of an enum.
    pub(super) fn index(&mut self, index: &ast::Expr) -> Expr {
        let index = self.infer(index, Want::Ty(Ty::U32));
        match index.ty {
            ty if ty.is_small_int() => index,
            Ty::Enum(_) | Ty::Never => index,
            Ty::Value(_) => self.adapt(index, Want::Ty(Ty::I32)),
            ty => {
                let (at, found) = (index.span, self.declarations.ty_name(ty));
                let help = (ty == Ty::Double).then(|| format!("write `truncate({})`", self.text(at)));
                self.fail(
                    at,
                    Error::Mismatch {
                        at,
                        wanted: "an index".to_string(),
                        found,
                        help,
                    },
                )
            }
        }
    }

    fn test(&mut self, subject: &ast::Expr, negated: bool, ty: &ast::TypeExpr, span: Span) -> Expr {
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

    /// `left && right` or `left || right`: the right side knows what the left one has proven.
    fn connective(&mut self, left: &ast::Expr, right: &ast::Expr, and: bool, span: Span) -> Expr {
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

    fn branch(
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

    fn return_statement(&mut self, values: &[ast::Expr], span: Span) -> Expr {
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

    fn slow(&mut self, body: &ast::Expr, span: Span) -> Expr {
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

    fn goto(&mut self, label: &Name, span: Span) -> Expr {
        let target = self.label(label, span);
        self.end(span);
        target
    }

    fn label(&mut self, label: &Name, span: Span) -> Expr {
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

    fn native_only(&mut self, what: &str, at: Span) {
        if !matches!(self.kind, CodeKind::Native(_)) {
            self.errors.push(Error::Misplaced {
                at,
                what: what.to_string(),
                why: "only a `native fn` runs between two other functions".to_string(),
                help: None,
            });
        }
    }

    /// Whether a field of this record may be stored to.
    pub(super) fn is_writable(&self, record: RecordId, stored: Option<FieldType>) -> bool {
        let framework = crate::layout::framework_records(TypeSet::EMPTY).len();
        (record.0 as usize) >= framework || matches!(stored, Some(FieldType::Value(_)))
    }
}
