//! Different names of the specification must not become one name in Rust, which knows fewer of them: there, `find_field`
//! and `FindField` are the same type.

use std::collections::HashMap;

use dg_spec::Span;
use dg_spec::ast::{BytecodeBody, FunctionForm, Item, Name, OperandDecl, Spec};

use super::error::Error;
use crate::emit::names::{field_name, item_name, parameter_name, type_name, value_name};

/// Reports all names that meet in Rust.
pub fn check(spec: &Spec, errors: &mut Vec<Error>) {
    let (mut items, mut leaves, mut externs) = (Names::default(), Names::default(), Names::default());
    let (mut bytecodes, mut natives) = (Names::default(), Names::default());
    for item in &spec.items {
        match item {
            Item::Object(decl) => {
                items.add(&decl.name, item_name, errors);
                distinct(decl.fields.iter().map(|field| &field.name), field_name, errors);
            }
            Item::Enum(decl) => {
                items.add(&decl.name, item_name, errors);
                distinct(decl.cases.iter().map(|case| &case.name), type_name, errors);
            }
            Item::Plan(decl) => {
                items.add(&decl.name, item_name, errors);
                distinct(decl.cases.iter().map(|case| &case.name), type_name, errors);
            }
            Item::Value(decl) => {
                for leaf in &decl.leaves {
                    leaves.add(&leaf.name, type_name, errors);
                }
            }
            Item::Extern(decl) => {
                externs.add(&decl.name, value_name, errors);
                distinct(decl.params.iter().map(|param| &param.name), parameter_name, errors);
            }
            Item::Function(decl) if decl.form == FunctionForm::Native => {
                natives.add(&decl.name, value_name, errors);
            }
            Item::Bytecode(decl) => {
                bytecodes.add(&decl.name, type_name, errors);
                if let BytecodeBody::Code(code) = &decl.body {
                    operands(&code.operands, errors);
                }
            }
            Item::Template(decl) => operands(&decl.code.operands, errors),
            Item::Language(_) | Item::Function(_) => {}
        }
    }
}

fn operands(operands: &[OperandDecl], errors: &mut Vec<Error>) {
    distinct(operands.iter().map(|operand| &operand.name), parameter_name, errors);
}

fn distinct<'a>(names: impl Iterator<Item = &'a Name>, in_rust: fn(&str) -> String, errors: &mut Vec<Error>) {
    let mut seen = Names::default();
    for name in names {
        seen.add(name, in_rust, errors);
    }
}

/// The names of one kind, by what they are in Rust.
#[derive(Default)]
struct Names<'a>(HashMap<String, (&'a str, Span)>);

impl<'a> Names<'a> {
    fn add(&mut self, name: &'a Name, in_rust: fn(&str) -> String, errors: &mut Vec<Error>) {
        let rust = in_rust(name.as_str());
        let &mut (first, at) = self.0.entry(rust.clone()).or_insert((name.as_str(), name.span));
        // The same name twice is another error.
        if first != name.as_str() {
            errors.push(Error::SameInRust {
                at: name.span,
                name: name.text.to_string(),
                first: (first.to_string(), at),
                rust,
            });
        }
    }
}
