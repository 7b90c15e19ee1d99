//! Plans, functions and bytecodes: signatures and operands.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use dg_spec::ast::{BytecodeBody, BytecodeDecl, EffectExpr, ExternDecl, FunctionDecl, Name, PlanDecl, TypeKind};
use dg_spec::{Span, nearest};

use super::declare::Resolver;
use super::error::Error;
use super::operands::unknown_word;
use super::types::span_of_all;
use super::{BytecodeSource, FunctionName, HelperSource, Signature, TypeName};
use crate::ir::spec::{Bytecode, Effects, Extern, ExternResult, ExternType, Native, PlanCase};
use crate::typed::Ty;

/// Words of `Hot.plan`: what a case may carry.
const PLAN_WORDS: usize = 6;
/// Argument registers for numbers, references and values (the first one holds the VM), and for doubles.
const WORD_REGISTERS: usize = 5;
const DOUBLE_REGISTERS: usize = 8;
/// Rows of the VM's table of runtime functions.
const MAX_EXTERNS: usize = 512;

const EFFECTS: [&str; 6] = ["pure", "reads", "writes", "allocates", "throws", "reenters"];

impl<'a> Resolver<'a, '_> {
    pub(super) fn plan(&mut self, decl: &PlanDecl) {
        let Some(TypeName::Plan(id)) = self.out.types.get(&decl.name.text).copied() else {
            return;
        };
        if !self.out.tables.plans[id].cases.is_empty() {
            return;
        }
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for case in &decl.cases {
            let name = case.name.text.to_string();
            if let Some(first) = seen.insert(case.name.as_str(), case.name.span) {
                self.errors.push(Error::Duplicate {
                    at: case.name.span,
                    what: "case",
                    name,
                    first,
                });
                continue;
            }
            let (mut payload, mut types) = (Vec::new(), Vec::new());
            for ty in &case.payload {
                match self.out.extern_type(ty) {
                    Ok((ExternType::List, _)) => self.errors.push(list_from_host(ty.span)),
                    Ok((crossing, ty)) => {
                        payload.push(crossing);
                        types.push(ty);
                    }
                    Err(error) => self.errors.push(error),
                }
            }
            if words(&payload) > PLAN_WORDS {
                let why = format!("a case carries at most {PLAN_WORDS} words");
                self.errors.push(Error::BadExtern {
                    at: case.span,
                    why,
                    help: None,
                });
            }
            let plan = &mut self.out.tables.plans[id];
            if case.is_fallback {
                let is_second = plan.fallback.replace(plan.cases.len() as u32).is_some();
                if is_second || !payload.is_empty() {
                    self.errors.push(Error::BadExtern {
                        at: case.span,
                        why: "a plan has one `else` case at most, which carries nothing".to_string(),
                        help: None,
                    });
                }
            }
            plan.cases.push(PlanCase { name, payload });
            self.out.payloads[id].push(types);
        }
    }

    pub(super) fn external(&mut self, decl: &ExternDecl) {
        let effects = self.effects(decl);
        let (mut params, mut types) = (Vec::new(), Vec::new());
        self.distinct_params(decl.params.iter().map(|param| &param.name));
        for param in &decl.params {
            match self.out.extern_type(&param.ty) {
                Ok((crossing, ty)) => {
                    params.push((param.name.text.to_string(), crossing));
                    types.push(ty);
                }
                Err(error) => self.errors.push(error),
            }
        }
        let crossing: Vec<ExternType> = params.iter().map(|param| param.1).collect();
        let doubles = crossing.iter().filter(|ty| **ty == ExternType::F64).count();
        if words(&crossing) - doubles > WORD_REGISTERS || doubles > DOUBLE_REGISTERS {
            let at = span_of_all(decl.params.iter().map(|param| param.name.span.to(param.ty.span)));
            let why = format!("at most {WORD_REGISTERS} words (a list being two) and {DOUBLE_REGISTERS} doubles fit");
            self.errors.push(Error::BadExtern { at, why, help: None });
        }
        let (mut result, mut result_ty) = (ExternResult::None, Ty::Unit);
        if let Some(ty) = &decl.result {
            let plan = match &ty.kind {
                TypeKind::Name(name) => match self.out.types.get(&name.text) {
                    Some(TypeName::Plan(plan)) => Some(*plan),
                    _ => None,
                },
                _ => None,
            };
            if let Some(plan) = plan {
                (result, result_ty) = (ExternResult::Plan(plan), Ty::Plan(plan));
            } else {
                match self.out.extern_type(ty) {
                    Ok((ExternType::List, _)) => self.errors.push(list_from_host(ty.span)),
                    Ok((crossing, ty)) => (result, result_ty) = (ExternResult::One(crossing), ty),
                    Err(error) => self.errors.push(error),
                }
            }
        }
        if self.out.tables.externs.len() == MAX_EXTERNS {
            let why = format!("there are at most {MAX_EXTERNS} of them");
            self.errors.push(Error::BadExtern {
                at: decl.name.span,
                why,
                help: None,
            });
        }
        let name = decl.name.text.to_string();
        let id = self.out.tables.externs.push(Extern {
            name,
            params,
            result,
            effects,
        });
        self.out.externs.push(signature(&decl.name, types, result_ty));
        self.declare_function(&decl.name, FunctionName::Extern(id));
    }

    pub(super) fn effects(&mut self, decl: &ExternDecl) -> Effects {
        let mut effects = Effects::default();
        let mut pure: Option<Span> = None;
        let mut other: Option<Span> = None;
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for EffectExpr { name, until } in &decl.effects {
            if let Some(first) = seen.insert(name.as_str(), name.span) {
                let text = name.text.to_string();
                self.errors.push(Error::Duplicate {
                    at: name.span,
                    what: "effect",
                    name: text,
                    first,
                });
            }
            let flag = match name.as_str() {
                "pure" => {
                    pure = Some(name.span);
                    effects.until = until.as_ref().map(|event| event.text.to_string());
                    continue;
                }
                "reads" => &mut effects.reads,
                "writes" => &mut effects.writes,
                "allocates" => &mut effects.allocates,
                "throws" => &mut effects.throws,
                "reenters" => &mut effects.reenters,
                _ => {
                    self.errors.push(unknown_word(name, "effect", &EFFECTS));
                    continue;
                }
            };
            *flag = true;
            other = Some(name.span);
            if let Some(event) = until {
                let why = "only `pure` ends with an event".to_string();
                self.errors.push(Error::BadExtern {
                    at: event.span,
                    why,
                    help: None,
                });
            }
        }
        match (pure, other) {
            (Some(at), Some(_)) => self.errors.push(Error::BadExtern {
                at,
                why: "`pure` excludes every other effect".to_string(),
                help: Some("remove `pure`, or the others".to_string()),
            }),
            (None, None) if decl.effects.is_empty() => self.errors.push(Error::BadExtern {
                at: decl.name.span,
                why: "nothing says what it may do".to_string(),
                help: Some("write its effects behind the result: `pure`, or what it does, e.g. `reads throws`".into()),
            }),
            _ => {}
        }
        effects
    }

    pub(super) fn declare_function(&mut self, name: &Name, function: FunctionName) {
        if crate::infer::is_intrinsic(name.as_str()) {
            let what = format!("a function named `{}`", name.text);
            let why = "an operation of the language has this name".to_string();
            self.errors.push(Error::Misplaced {
                at: name.span,
                what,
                why,
                help: None,
            });
        } else if self.declare("function", name) {
            self.out.functions.insert(Rc::clone(&name.text), function);
        }
    }

    pub(super) fn helper(&mut self, decl: &'a FunctionDecl) {
        let mut types = Vec::new();
        self.distinct_params(decl.params.iter().map(|param| &param.name));
        for param in &decl.params {
            match self.out.code_type(&param.ty) {
                Ok(ty) => types.push(ty),
                Err(error) => {
                    self.errors.push(error);
                    types.push(Ty::Value(self.out.tables.any()));
                }
            }
        }
        let result = match decl.result.as_ref().map(|ty| self.out.code_type(ty)) {
            None => Ty::Unit,
            Some(Ok(ty)) => ty,
            Some(Err(error)) => {
                self.errors.push(error);
                Ty::Value(self.out.tables.any())
            }
        };
        let id = self.out.helpers.push(HelperSource {
            signature: signature(&decl.name, types, result),
            decl,
        });
        self.declare_function(&decl.name, FunctionName::Helper(id));
    }

    pub(super) fn native(&mut self, decl: &'a FunctionDecl) {
        self.distinct_params(decl.params.iter().map(|param| &param.name));
        let (mut params, mut rest) = (Vec::new(), None);
        for (index, param) in decl.params.iter().enumerate() {
            let word = match &param.ty.kind {
                TypeKind::Name(name) => name.as_str(),
                _ => "",
            };
            match word {
                "value" => params.push(param.name.text.to_string()),
                "rest" if index + 1 == decl.params.len() => rest = Some(param.name.text.to_string()),
                _ => self.errors.push(Error::Misplaced {
                    at: param.ty.span,
                    what: "this type".to_string(),
                    why: "guest code passes values; the last parameter may take the `rest`".to_string(),
                    help: Some("write `value`, and test it in the body".to_string()),
                }),
            }
        }
        if let Some(result) = &decl.result {
            self.errors.push(Error::Misplaced {
                at: result.span,
                what: "a result type".to_string(),
                why: "a native function answers a list of values".to_string(),
                help: Some("remove it; `return a, b, list` answers".to_string()),
            });
        }
        if self.declare("native function", &decl.name) {
            let name = decl.name.text.to_string();
            let line = (self.line)(decl.name.span);
            self.out.tables.natives.push(Native {
                name,
                doc: decl.docs.join("\n"),
                line,
                params,
                rest,
            });
            self.out.natives.push(decl);
        }
    }

    pub(super) fn bytecode(&mut self, decl: &'a BytecodeDecl) {
        if !self.declare("bytecode", &decl.name) {
            return;
        }
        let (code, template) = match &decl.body {
            BytecodeBody::Code(code) => (code, None),
            BytecodeBody::Template { template, args, span } => {
                let Some((found, used)) = self.out.templates.get(&template.text) else {
                    let known = self.out.templates.keys().map(|name| &**name);
                    let nearest = nearest(template.as_str(), known).map(str::to_string);
                    let name = template.text.to_string();
                    self.errors.push(Error::UnknownName {
                        at: template.span,
                        what: "template",
                        name,
                        nearest,
                    });
                    return;
                };
                used.set(true);
                if found.params.len() != args.len() {
                    let (wanted, found) = (found.params.len(), args.len());
                    let name = template.text.to_string();
                    self.errors.push(Error::Arity {
                        at: *span,
                        name,
                        wanted,
                        found,
                    });
                    return;
                }
                (&found.code, Some((*found, args.as_slice())))
            }
        };
        self.distinct_params(code.operands.iter().map(|operand| &operand.name));
        let operands = self.out.operands(code, self.errors);
        let results = self.out.results(code, self.errors);
        let (name, doc) = (decl.name.text.to_string(), decl.docs.join("\n"));
        let line = (self.line)(decl.name.span);
        self.out.tables.bytecodes.push(Bytecode {
            name,
            doc,
            line,
            operands,
            results,
            forwards: false,
        });
        self.out.bytecodes.push(BytecodeSource { code, template });
    }

    pub(super) fn distinct_params<'n>(&mut self, names: impl Iterator<Item = &'n Name>) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for name in names {
            if let Some(first) = seen.insert(name.as_str(), name.span)
                && name.as_str() != "_"
            {
                let text = name.text.to_string();
                self.errors.push(Error::Duplicate {
                    at: name.span,
                    what: "parameter",
                    name: text,
                    first,
                });
            }
        }
    }
}

/// Lists are runs of slots: the host has none to give.
fn list_from_host(at: Span) -> Error {
    Error::BadExtern {
        at,
        why: "a list goes to the host, it does not come from there".to_string(),
        help: Some("answer an object that holds the values, or a function to call".to_string()),
    }
}

fn signature(name: &Name, params: Vec<Ty>, result: Ty) -> Signature {
    Signature {
        name: Rc::clone(&name.text),
        span: name.span,
        params,
        result,
        used: Cell::new(false),
    }
}

/// How many words these take: a list takes two.
fn words(types: &[ExternType]) -> usize {
    types.iter().map(|ty| ty.values().len()).sum()
}
