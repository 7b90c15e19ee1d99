//! Builds the items of the syntax tree.

use super::Rule;
use super::cursor::Cursor;
use crate::ast::{
    BytecodeBody, BytecodeCode, BytecodeDecl, EffectExpr, EnumCase, EnumDecl, ExternDecl, FieldDecl, FunctionDecl,
    FunctionForm, GroupDecl, Item, Language, LanguageOption, LeafDecl, ObjectDecl, ObjectForm, OperandDecl,
    OperandKindExpr, OptionValue, Param, PlanCase, PlanDecl, TemplateDecl, TypeExpr, TypeKind, ValueDecl,
};
use crate::span::Span;
use crate::syntax_error::SyntaxError;

/// Builds nodes; what the grammar lets through and is wrong all the same goes into `errors`.
pub struct Builder<'e> {
    /// The errors found so far.
    pub errors: &'e mut Vec<SyntaxError>,
}

impl Builder<'_> {
    /// `documented_item`
    pub fn item(&mut self, mut cursor: Cursor<'_>) -> Item {
        let docs = cursor.docs(Rule::doc);
        let mut item = cursor.expect();
        let span = item.span;
        match item.rule {
            Rule::language => {
                let name = item.name();
                let mut options = Vec::new();
                while let Some(option) = item.next() {
                    options.push(self.option(option));
                }
                Item::Language(Language {
                    docs,
                    name,
                    options,
                    span,
                })
            }
            Rule::value_types => self.value_types(docs, item),
            Rule::object => Item::Object(self.object(docs, ObjectForm::Object, item)),
            Rule::structure => Item::Object(self.object(docs, ObjectForm::Struct, item)),
            Rule::enumeration => {
                let name = item.name();
                let mut cases = Vec::new();
                while let Some(mut case) = item.next() {
                    cases.push(EnumCase {
                        docs: case.docs(Rule::doc),
                        name: case.name(),
                    });
                }
                Item::Enum(EnumDecl {
                    docs,
                    name,
                    cases,
                    span,
                })
            }
            Rule::plan => {
                let name = item.name();
                let mut cases = Vec::new();
                while let Some(mut case) = item.next() {
                    let docs = case.docs(Rule::doc);
                    let is_fallback = case.take(Rule::kw_fallback).is_some();
                    let name = case.name();
                    let mut payload = Vec::new();
                    while let Some(ty) = case.next() {
                        payload.push(self.type_expr(ty));
                    }
                    cases.push(PlanCase {
                        docs,
                        is_fallback,
                        name,
                        payload,
                        span: case.span,
                    });
                }
                Item::Plan(PlanDecl {
                    docs,
                    name,
                    cases,
                    span,
                })
            }
            Rule::external => {
                let name = item.name();
                let params = self.params(item.expect());
                let result = self.result_type(&mut item);
                let mut effects = Vec::new();
                while let Some(mut effect) = item.next() {
                    effects.push(EffectExpr {
                        name: effect.name(),
                        until: effect.take_name(),
                    });
                }
                Item::Extern(ExternDecl {
                    docs,
                    name,
                    params,
                    result,
                    effects,
                    span,
                })
            }
            Rule::function => {
                let form = if item.take(Rule::kw_cold).is_some() {
                    FunctionForm::Cold
                } else if item.take(Rule::kw_native).is_some() {
                    FunctionForm::Native
                } else {
                    FunctionForm::Inline
                };
                let name = item.name();
                let params = item.expect();
                let mut head = Span {
                    start: span.start,
                    end: params.span.end,
                };
                let params = self.params(params);
                let result = self.result_type(&mut item);
                if let Some(result) = &result {
                    head.end = result.span.end;
                }
                let body = self.block(item.expect());
                Item::Function(FunctionDecl {
                    docs,
                    form,
                    name,
                    params,
                    result,
                    body,
                    head,
                    span,
                })
            }
            Rule::template => {
                let name = item.name();
                let mut list = item.expect();
                let mut params = Vec::new();
                while let Some(param) = list.take_name() {
                    params.push(param);
                }
                let code = self.code(item.expect());
                Item::Template(TemplateDecl {
                    docs,
                    name,
                    params,
                    code,
                    span,
                })
            }
            Rule::bytecode => {
                let name = item.name();
                let mut body = item.expect();
                let body = if body.rule == Rule::template_use {
                    let template = body.name();
                    let args = body.expect();
                    let span = template.span.to(args.span);
                    BytecodeBody::Template {
                        template,
                        args: self.arguments(args),
                        span,
                    }
                } else {
                    BytecodeBody::Code(self.code(body))
                };
                Item::Bytecode(BytecodeDecl { docs, name, body, span })
            }
            rule => unreachable!("{rule:?} is no item"),
        }
    }

    fn option(&mut self, mut option: Cursor<'_>) -> LanguageOption {
        let docs = option.docs(Rule::doc);
        let name = option.name();
        let mut values = Vec::new();
        while let Some(mut value) = option.next() {
            values.push(match value.take_name() {
                Some(name) => OptionValue::Name(name),
                None => {
                    let (number, span) = self.integer(&mut value);
                    OptionValue::Int(number, span)
                }
            });
        }
        LanguageOption {
            docs,
            name,
            values,
            span: option.span,
        }
    }

    fn value_types(&mut self, docs: Vec<String>, mut item: Cursor<'_>) -> Item {
        let (mut leaves, mut groups) = (Vec::new(), Vec::new());
        let span = item.span;
        while let Some(mut line) = item.next() {
            let docs = line.docs(Rule::doc);
            let name = line.name();
            if line.rule == Rule::group {
                let mut members = Vec::new();
                while let Some(member) = line.take_name() {
                    members.push(member);
                }
                groups.push(GroupDecl {
                    docs,
                    name,
                    members,
                    span: line.span,
                });
            } else {
                let encoding = line.name();
                leaves.push(LeafDecl {
                    docs,
                    name,
                    encoding,
                    object: line.take_name(),
                    span: line.span,
                });
            }
        }
        Item::Value(ValueDecl {
            docs,
            leaves,
            groups,
            span,
        })
    }

    fn object(&mut self, docs: Vec<String>, form: ObjectForm, mut item: Cursor<'_>) -> ObjectDecl {
        let name = item.name();
        let mut list = item.expect();
        let mut fields = Vec::new();
        while let Some(mut field) = list.next() {
            let docs = field.docs(Rule::doc);
            let name = field.name();
            let ty = self.type_expr(field.expect());
            fields.push(FieldDecl {
                docs,
                name,
                ty,
                span: field.span,
            });
        }
        ObjectDecl {
            docs,
            form,
            name,
            fields,
            span: item.span,
        }
    }

    fn params(&mut self, mut list: Cursor<'_>) -> Vec<Param> {
        let mut params = Vec::new();
        while let Some(mut param) = list.next() {
            let name = param.name();
            params.push(Param {
                name,
                ty: self.type_expr(param.expect()),
            });
        }
        params
    }

    fn result_type(&mut self, item: &mut Cursor<'_>) -> Option<TypeExpr> {
        item.take(Rule::result_type)
            .map(|mut result| self.type_expr(result.expect()))
    }

    fn code(&mut self, mut code: Cursor<'_>) -> BytecodeCode {
        let mut list = code.expect();
        let mut head = list.span;
        let mut operands = Vec::new();
        while let Some(mut operand) = list.next() {
            let docs = operand.docs(Rule::doc);
            let name = operand.name();
            let kinds = self.operand_kinds(&mut operand);
            operands.push(OperandDecl {
                docs,
                name,
                kinds,
                span: operand.span,
            });
        }
        let mut result = Vec::new();
        if let Some(mut kinds) = code.take(Rule::result_kind) {
            head = head.to(kinds.span);
            result = self.operand_kinds(&mut kinds);
        }
        BytecodeCode {
            operands,
            result,
            body: self.block(code.expect()),
            head,
        }
    }

    fn operand_kinds(&mut self, list: &mut Cursor<'_>) -> Vec<OperandKindExpr> {
        let mut kinds = Vec::new();
        while let Some(mut kind) = list.take(Rule::operand_kind) {
            let mut words = Vec::new();
            while let Some(word) = kind.take_name() {
                words.push(word);
            }
            let mut bounds = Vec::new();
            while let Some(bound) = kind.take(Rule::integer) {
                bounds.push(self.number(bound.own_text()));
            }
            let length = bounds
                .first()
                .map(|&least| (least, bounds.last().copied().unwrap_or(least)));
            kinds.push(OperandKindExpr {
                words,
                length,
                span: kind.span,
            });
        }
        kinds
    }

    /// `type_expr`
    pub fn type_expr(&mut self, mut cursor: Cursor<'_>) -> TypeExpr {
        let span = cursor.span;
        let mut members = Vec::new();
        while let Some(atom) = cursor.take(Rule::type_atom) {
            members.push(self.type_atom(atom));
        }
        match members.len() {
            1 => members.swap_remove(0),
            _ => TypeExpr {
                kind: TypeKind::Union(members),
                span,
            },
        }
    }

    fn type_atom(&mut self, mut atom: Cursor<'_>) -> TypeExpr {
        let span = atom.span;
        if let Some(name) = atom.take_name() {
            return TypeExpr {
                kind: TypeKind::Name(name),
                span,
            };
        }
        let mut form = atom.expect();
        let kind = match form.rule {
            Rule::array_type => TypeKind::Array(Box::new(self.type_expr(form.expect()))),
            Rule::ref_type => {
                let nullable = form.take(Rule::question).is_some();
                TypeKind::Ref {
                    nullable,
                    target: form.name(),
                }
            }
            _ => {
                let target = form.expect();
                TypeKind::Pointer(Box::new(self.type_atom(target)))
            }
        };
        TypeExpr { kind, span }
    }

    /// The next child as a whole number.
    pub fn integer(&mut self, cursor: &mut Cursor<'_>) -> (u64, Span) {
        let token = cursor.text();
        (self.number(token), token.1)
    }

    /// The value of an `integer` token.
    pub fn number(&mut self, (text, span): (&str, Span)) -> u64 {
        let digits = text.replace('_', "");
        let value = match digits.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        value.unwrap_or_else(|_| {
            self.errors.push(SyntaxError::NumberTooLarge { at: span });
            0
        })
    }
}
