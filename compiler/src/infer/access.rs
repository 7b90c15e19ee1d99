//! Fields and elements.

use dg_spec::ast::{self, ExprKind as Ast, Name};
use dg_spec::{Span, nearest};

use super::{Checker, Want};
use crate::ir::spec::{FieldType, OperandKind};
use crate::ir::{RecordId, Type, TypeSet};
use crate::resolve::TypeName;
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, Ty};

impl Checker<'_, '_> {
    pub(super) fn field(&mut self, base: &ast::Expr, field: &Name, span: Span) -> Expr {
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

    pub(super) fn unproven_object(&self, base: &Expr, set: TypeSet, field: Option<&Name>) -> Error {
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

    pub(super) fn element(&mut self, base: &ast::Expr, index: &ast::Expr, span: Span) -> Expr {
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

    pub(super) fn element_of(&mut self, base: Expr, index: &ast::Expr, span: Span) -> Expr {
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

    /// Whether a field of this record may be stored to.
    pub(super) fn is_writable(&self, record: RecordId, stored: Option<FieldType>) -> bool {
        let framework = crate::layout::framework_records(TypeSet::EMPTY).len();
        (record.0 as usize) >= framework || matches!(stored, Some(FieldType::Value(_)))
    }
}
