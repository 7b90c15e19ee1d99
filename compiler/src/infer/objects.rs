//! New objects.

use dg_spec::Span;
use dg_spec::ast::{Name, NewField};

use super::{Checker, Want};
use crate::abi::KIND_VALUES;
use crate::ir::RecordId;
use crate::ir::spec::{FieldType, RecordKind};
use crate::resolve::TypeName;
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, NewPart, Ty};

impl Checker<'_, '_> {
    /// `new OBJECT { field: e, array: [e; count] }`
    pub(super) fn new_object(&mut self, object: &Name, fields: &[NewField], span: Span) -> Expr {
        let Some(record) = self.constructible(object) else {
            for field in fields {
                self.infer(&field.value, Want::Any);
                field.count.iter().for_each(|count| {
                    self.index(count);
                });
            }
            return self.poison(span);
        };
        let mut parts = Vec::new();
        for (number, field) in fields.iter().enumerate() {
            if let Some(first) = fields[..number].iter().find(|other| other.name.text == field.name.text) {
                self.errors.push(Error::Duplicate {
                    at: field.name.span,
                    what: "field",
                    name: field.name.text.to_string(),
                    first: first.name.span,
                });
            }
            parts.extend(self.new_part(record, field));
        }
        self.check_complete(record, fields, span);
        let ty = Ty::Ref {
            record,
            nullable: false,
        };
        self.note_effect(span);
        Expr {
            kind: ExprKind::New { record, parts },
            ty,
            span,
        }
    }

    /// The object of this name, if machine code may make one.
    fn constructible(&mut self, object: &Name) -> Option<RecordId> {
        let name = object.text.to_string();
        let record = match self.declarations.types.get(&object.text) {
            Some(TypeName::Record(record)) => *record,
            Some(other) => {
                let is = other.describe();
                let wanted = "an object";
                let at = object.span;
                self.errors.push(Error::WrongKind { at, name, is, wanted });
                return None;
            }
            None => {
                let error = self.declarations.unknown_type(object);
                self.errors.push(error);
                return None;
            }
        };
        let data = &self.declarations.tables.records[record];
        let why = match data.kind {
            RecordKind::Struct => "a struct is part of an object and has no life of its own",
            RecordKind::Object { number } if number != KIND_VALUES && !self.is_writable(record, None) => {
                "an object of the framework, which the runtime makes"
            }
            RecordKind::Object { .. } => return Some(record),
        };
        self.errors.push(Error::NoNew {
            at: object.span,
            name,
            why: why.to_string(),
        });
        None
    }

    /// What one field starts with.
    fn new_part(&mut self, record: RecordId, field: &NewField) -> Option<NewPart> {
        let name = &field.name;
        let data = &self.declarations.tables.records[record];
        let trailing = data.trailing.as_ref().filter(|trailing| trailing.name == *name.text);
        if let Some((id, ty)) = self.declarations.field(record, name.as_str()) {
            if let Some(count) = &field.count {
                self.index(count);
                self.misplaced(count.span, "a number of elements", "this field is no array");
            }
            return Some(NewPart::Field(id, self.expr_of(&field.value, ty)));
        }
        let Some(element) = trailing.map(|trailing| trailing.element) else {
            let error = self.no_field(record, name);
            self.errors.push(error);
            self.infer(&field.value, Want::Any);
            return None;
        };
        let Some(count) = &field.count else {
            self.infer(&field.value, Want::Any);
            self.misplaced(
                field.value.span,
                "one value",
                "this is the trailing array: `[value; count]`",
            );
            return None;
        };
        let count = self.index(count);
        let ty = self.declarations.elements[record].filter(|_| !matches!(element, FieldType::Struct(_)));
        let Some(ty) = ty else {
            self.infer(&field.value, Want::Any);
            self.misplaced(field.value.span, "one value for all", "the elements are structs");
            return None;
        };
        let element = self.expr_of(&field.value, ty);
        Some(NewPart::Array { element, count })
    }

    /// Reports fields that have no value of their own and are given none.
    fn check_complete(&mut self, record: RecordId, fields: &[NewField], span: Span) {
        let data = &self.declarations.tables.records[record];
        let missing = data.fields.iter().filter(|field| {
            let given = fields.iter().any(|given| *given.name.text == *field.name);
            !given && !starts_as_zero(field.ty)
        });
        let missing: Vec<String> = missing.map(|field| field.name.clone()).collect();
        if !missing.is_empty() {
            self.errors.push(Error::MissingFields {
                at: span,
                record: data.name.clone(),
                missing,
            });
        }
    }

    fn misplaced(&mut self, at: Span, what: &str, why: &str) {
        self.errors.push(Error::Misplaced {
            at,
            what: what.to_string(),
            why: why.to_string(),
            help: None,
        });
    }
}

/// Whether zero is a sensible value of a field.
fn starts_as_zero(ty: FieldType) -> bool {
    match ty {
        FieldType::Value(_) | FieldType::Ptr | FieldType::ValuePtr | FieldType::Struct(_) => false,
        FieldType::Ref { nullable, .. } => nullable,
        _ => true,
    }
}
