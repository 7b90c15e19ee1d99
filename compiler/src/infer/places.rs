//! Stores.

use dg_spec::Span;
use dg_spec::ast::{self, ExprKind as Ast, Name};

use super::{Checker, Want};
use crate::ir::spec::OperandKind;
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, LocalKind, Place, Ty};

impl Checker<'_, '_> {
    /// `place = value`
    pub(super) fn assign(&mut self, place: &ast::Expr, value: &ast::Expr, span: Span) -> Expr {
        let any = Ty::Value(self.declarations.tables.any());
        let Some((place, ty)) = self.place(place, any) else {
            self.infer(value, Want::Any);
            return self.poison(span);
        };
        let value = Box::new(self.expr_of(value, ty));
        self.note_effect(span);
        Expr {
            kind: ExprKind::Assign {
                place: Box::new(place),
                value,
            },
            ty: Ty::Unit,
            span,
        }
    }

    /// The place, and the type of what it takes.
    fn place(&mut self, place: &ast::Expr, any: Ty) -> Option<(Place, Ty)> {
        let at = place.span;
        match &place.kind {
            Ast::Name(name) => self.out_slot(name, any),
            Ast::Field(base, field) => {
                let base = self.infer(base, Want::Any);
                let (base, record) = self.record(base, Some(field))?;
                let Some((id, ty)) = self.declarations.field(record, field.as_str()) else {
                    let data = &self.declarations.tables.records[record];
                    let trailing = data
                        .trailing
                        .as_ref()
                        .is_some_and(|trailing| trailing.name == *field.text);
                    let error = if trailing || (field.as_str() == "length" && data.trailing.is_some()) {
                        Error::NoPlace {
                            at,
                            why: "the array of an object is made with it".to_string(),
                        }
                    } else {
                        self.no_field(record, field)
                    };
                    self.errors.push(error);
                    return None;
                };
                if !self.is_writable(record, None) {
                    self.framework_owns(at, record);
                    return None;
                }
                Some((
                    Place::Field {
                        base,
                        record,
                        field: id,
                    },
                    ty,
                ))
            }
            Ast::Index(base, index) => self.element_place(base, index, at, any),
            _ => {
                self.errors.push(Error::NoPlace {
                    at,
                    why: "the result of an operation".to_string(),
                });
                None
            }
        }
    }

    fn out_slot(&mut self, name: &Name, any: Ty) -> Option<(Place, Ty)> {
        let Some(local) = self.find(name.as_str()) else {
            // The error of reading it names what is near.
            let read = ast::Expr {
                kind: Ast::Name(name.clone()),
                span: name.span,
            };
            if self.infer(&read, Want::Any).ty != Ty::Never {
                self.errors.push(Error::NoPlace {
                    at: name.span,
                    why: "a constant".to_string(),
                });
            }
            return None;
        };
        self.uses[local.0 as usize].2 = true;
        match self.locals[local].kind {
            LocalKind::Operand(operand) if self.alternatives(local) == [OperandKind::OutSlot] => {
                Some((Place::Out(operand), any))
            }
            kind => {
                let what = match kind {
                    LocalKind::Operand(_) => "an operand that is only read",
                    LocalKind::Let => "a name for a value, which does not change",
                    _ => "a parameter, which does not change",
                };
                self.errors.push(Error::NoPlace {
                    at: name.span,
                    why: what.to_string(),
                });
                None
            }
        }
    }

    fn element_place(&mut self, base: &ast::Expr, index: &ast::Expr, at: Span, any: Ty) -> Option<(Place, Ty)> {
        if let Ast::Field(object, field) = &base.kind {
            let object = self.infer(object, Want::Any);
            let (object, record) = self.record(object, Some(field))?;
            let index = self.index(index);
            let trailing = self.declarations.tables.records[record].trailing.as_ref();
            if let Some(trailing) = trailing
                && trailing.name == *field.text
                && let Some(ty) = self.declarations.elements[record]
            {
                if let crate::ir::spec::FieldType::Struct(_) = trailing.element {
                    let why = "a whole struct; its fields can be stored to".to_string();
                    self.errors.push(Error::NoPlace { at, why });
                    return None;
                }
                if !self.is_writable(record, Some(trailing.element)) {
                    self.framework_owns(at, record);
                    return None;
                }
                return Some((
                    Place::Element {
                        base: object,
                        record,
                        index,
                    },
                    ty,
                ));
            }
            return match self.declarations.field(record, field.as_str()) {
                Some((id, Ty::ValuePtr)) => Some((
                    Place::Pointed {
                        base: object,
                        record,
                        field: id,
                        index,
                    },
                    any,
                )),
                Some((_, ty)) => {
                    let (text, ty) = (self.text(base.span).to_string(), self.declarations.ty_name(ty));
                    self.errors.push(Error::NoFields {
                        at: base.span,
                        text,
                        ty,
                    });
                    None
                }
                None => {
                    let error = self.no_field(record, field);
                    self.errors.push(error);
                    None
                }
            };
        }
        let list = self.infer(base, Want::Any);
        let index = self.index(index);
        if list.ty == Ty::Never {
            return None;
        }
        if let ExprKind::Local(local) = list.kind
            && let LocalKind::Operand(operand) = self.locals[local].kind
            && list.ty == Ty::List
        {
            self.check_range(&list, &index);
            return Some((Place::Slot { operand, index }, any));
        }
        let why = match list.ty {
            Ty::List => "only a run of slots that is an operand can be stored to".to_string(),
            Ty::ValuePtr => "the collector has to know the object: write `object.field[i] = ..`".to_string(),
            ty => format!("this is {}", self.declarations.ty_name(ty)),
        };
        self.errors.push(Error::NoPlace { at, why });
        None
    }

    fn framework_owns(&mut self, at: Span, record: crate::ir::RecordId) {
        let why = format!(
            "`{}` is an object of the framework",
            self.declarations.tables.records[record].name
        );
        self.errors.push(Error::NoPlace { at, why });
    }
}
