//! Types: narrowing along control flow, conversions made explicit, and all that can be wrong in a body.

mod access;
mod cache;
mod calls;
mod coerce;
mod control;
mod expr;
mod flow;
mod intrinsics;
mod matching;
mod objects;
mod operators;
mod places;
mod summary;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use dg_spec::ast::{self, Block};
use dg_spec::{Diagnostic, Span};

use crate::ir::ids::{Id, Table};
use crate::ir::spec::{OperandKind, ResultKind};
use crate::ir::{BytecodeId, NativeId, OperandId};
use crate::resolve::error::Error;
use crate::resolve::{self, Declarations};
use crate::typed::{Code, Expr, Helper, HelperId, Lines, Local, LocalId, LocalKind, Program, Ty};
use flow::Flow;
pub use intrinsics::is_intrinsic;
use summary::Summary;

/// Resolves and checks `spec`, the syntax tree of `source`.
///
/// # Errors
///
/// Everything that is wrong with it, in the order of the source.
pub fn check(source: &str, spec: &ast::Spec) -> Result<Program, Vec<Diagnostic>> {
    let lines = Lines::new(source);
    let mut errors = Vec::new();
    let declarations = resolve::resolve(spec, &|span| lines.line(span.start), &mut errors);
    // Without types of value nothing in a body could be judged.
    if declarations.tables.leaves.is_empty() {
        return Err(diagnostics(spec, &errors));
    }
    let program = infer(source, declarations, &mut errors);
    if errors.is_empty() {
        Ok(program)
    } else {
        Err(diagnostics(spec, &errors))
    }
}

/// The errors in words and in the order of the source; what every use of a template repeats, once.
fn diagnostics(spec: &ast::Spec, errors: &[Error]) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = Vec::new();
    for error in errors.iter().filter(|error| !is_consequence(spec, error, errors)) {
        let diagnostic = error.diagnostic();
        if !all.contains(&diagnostic) {
            all.push(diagnostic);
        }
    }
    all.sort_by_key(Diagnostic::span);
    all
}

/// Whether `error` is about something unused that may only be misspelt where it is used, because more is wrong there.
fn is_consequence(spec: &ast::Spec, error: &Error, errors: &[Error]) -> bool {
    let Error::Unused { at, what, .. } = error else {
        return false;
    };
    let mut wrong = errors.iter().filter(|other| !matches!(other, Error::Unused { .. }));
    if matches!(*what, "function" | "template") {
        return wrong.next().is_some();
    }
    let item = spec.items.iter().map(ast::Item::span).find(|item| item.contains(*at));
    wrong.any(|other| item.is_some_and(|item| item.contains(other.diagnostic().span())))
}

/// Checks all bodies; errors go to `errors`.
fn infer(source: &str, declarations: Declarations<'_>, errors: &mut Vec<Error>) -> Program {
    let summaries = summary::summarise(&declarations, errors);
    let mut template_params_used = HashMap::new();
    let helpers: Vec<Helper> = declarations
        .helpers
        .ids()
        .map(|id| Checker::new(source, &declarations, &summaries, errors, CodeKind::Helper(id)).helper(id))
        .collect();
    let bytecodes: Vec<Code> = declarations
        .bytecodes
        .ids()
        .map(|id| {
            let mut checker = Checker::new(source, &declarations, &summaries, errors, CodeKind::Bytecode(id));
            let code = checker.bytecode(id);
            for (name, used) in &checker.template {
                if used.1
                    && let Some((template, ..)) = declarations.bytecodes[id].template
                {
                    template_params_used.insert((Rc::clone(&template.name.text), Rc::clone(name)), ());
                }
            }
            code
        })
        .collect();
    let natives: Vec<Code> = declarations
        .natives
        .ids()
        .map(|id| Checker::new(source, &declarations, &summaries, errors, CodeKind::Native(id)).native(id))
        .collect();

    for (template, used) in declarations.templates.values() {
        let (at, name) = (template.name.span, template.name.text.to_string());
        if !used.get() {
            errors.push(Error::Unused {
                at,
                what: "template",
                name,
            });
            continue;
        }
        for param in &template.params {
            let key = (Rc::clone(&template.name.text), Rc::clone(&param.text));
            if !template_params_used.contains_key(&key) && !param.as_str().starts_with('_') {
                let name = param.text.to_string();
                errors.push(Error::Unused {
                    at: param.span,
                    what: "parameter",
                    name,
                });
            }
        }
    }
    for signature in declarations
        .helpers
        .values()
        .map(|helper| &helper.signature)
        .chain(declarations.externs.values())
        .filter(|signature| !signature.used.get() && !signature.name.starts_with('_'))
    {
        errors.push(Error::Unused {
            at: signature.span,
            what: "function",
            name: signature.name.to_string(),
        });
    }
    Program {
        tables: Arc::new(declarations.tables),
        helpers: helpers.into_iter().collect(),
        bytecodes: bytecodes.into_iter().collect(),
        natives: natives.into_iter().collect(),
        lines: Lines::new(source),
    }
}

/// How many expressions may be inlined into one body: what lies beyond is no handler of a bytecode any more.
const MAX_INLINED: usize = 20_000;

/// Which kind of code is checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum CodeKind {
    Helper(HelperId),
    Bytecode(BytecodeId),
    Native(NativeId),
}

/// What an expression is wanted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Want {
    /// Whatever it is.
    Any,
    /// Its effects.
    Nothing,
    /// This type.
    Ty(Ty),
    /// The answer of the code, of this type.
    Answer(Ty),
    /// The answer of a bytecode that takes one value or a list.
    Results,
}

/// Checks one body.
struct Checker<'c, 'a> {
    source: &'c str,
    declarations: &'c Declarations<'a>,
    summaries: &'c Table<HelperId, Summary>,
    errors: &'c mut Vec<Error>,
    kind: CodeKind,
    /// What the body has to answer.
    answer: Want,
    locals: Table<LocalId, Local>,
    /// For each local: where it is declared, what it is called in errors, whether anything reads it.
    uses: Vec<(Span, &'static str, bool)>,
    /// For each local: the guest call and the answer by plan that came last before it.
    born: Vec<(u32, u32)>,
    /// Names in scope, innermost last.
    scope: Vec<(Rc<str>, LocalId)>,
    /// What the parameters of the template stand for, and whether the body uses them.
    template: HashMap<Rc<str>, (&'a ast::Expr, bool)>,
    flow: Flow,
    /// How many expressions the functions it uses add to the body.
    inlined: usize,
    /// How many guest calls, and answers by plan, have been seen.
    calls: u32,
    plans: u32,
    /// The first `cache`.
    cache: Option<Span>,
}

impl<'c, 'a> Checker<'c, 'a> {
    fn new(
        source: &'c str,
        declarations: &'c Declarations<'a>,
        summaries: &'c Table<HelperId, Summary>,
        errors: &'c mut Vec<Error>,
        kind: CodeKind,
    ) -> Self {
        Self {
            source,
            declarations,
            summaries,
            errors,
            kind,
            answer: Want::Nothing,
            locals: Table::new(),
            uses: Vec::new(),
            born: Vec::new(),
            scope: Vec::new(),
            template: HashMap::new(),
            flow: Flow::default(),
            inlined: 0,
            calls: 0,
            plans: 0,
            cache: None,
        }
    }

    fn helper(mut self, id: HelperId) -> Helper {
        let source = &self.declarations.helpers[id];
        let signature = &source.signature;
        let params = source
            .decl
            .params
            .iter()
            .zip(&signature.params)
            .map(|(param, ty)| self.local(&param.name, *ty, LocalKind::Param, "parameter"))
            .collect();
        self.answer = Want::Answer(signature.result);
        let body = self.body(&source.decl.body);
        Helper {
            name: signature.name.to_string(),
            cold: source.decl.form == ast::FunctionForm::Cold,
            params,
            result: signature.result,
            code: Code {
                locals: self.locals,
                body: Some(body),
            },
        }
    }

    fn bytecode(&mut self, id: BytecodeId) -> Code {
        let source = &self.declarations.bytecodes[id];
        let table = &self.declarations.tables.bytecodes[id];
        if let Some((template, args)) = source.template {
            for (param, arg) in template.params.iter().zip(args) {
                self.template.insert(Rc::clone(&param.text), (arg, false));
                self.check_template_argument(arg);
            }
        }
        for (index, operand) in source.code.operands.iter().enumerate() {
            let operand_id = OperandId::from_index(index);
            let ty = self.declarations.operand_type(&table.operands[operand_id]);
            self.local(&operand.name, ty, LocalKind::Operand(operand_id), "operand");
        }
        self.answer = match table.results.as_slice() {
            [] => Want::Answer(Ty::Unit),
            [ResultKind::Slot] => Want::Answer(Ty::Value(self.declarations.tables.any())),
            _ => Want::Results,
        };
        let body = self.body(&source.code.body);
        Code {
            locals: std::mem::take(&mut self.locals),
            body: Some(body),
        }
    }

    fn native(mut self, id: NativeId) -> Code {
        let decl = self.declarations.natives[id];
        let any = Ty::Value(self.declarations.tables.any());
        let rest = self.declarations.tables.natives[id].rest.is_some();
        for (index, param) in decl.params.iter().enumerate() {
            if rest && index + 1 == decl.params.len() {
                self.local(&param.name, Ty::List, LocalKind::Rest, "parameter");
            } else {
                self.local(&param.name, any, LocalKind::Slot(index as u32), "parameter");
            }
        }
        self.answer = Want::Answer(Ty::Never);
        let body = self.body(&decl.body);
        Code {
            locals: self.locals,
            body: Some(body),
        }
    }

    /// A whole body, whose value is the answer.
    fn body(&mut self, block: &Block) -> Expr {
        let want = self.answer;
        // A native answers with `return`; that it does is checked at its end.
        let native = matches!(self.kind, CodeKind::Native(_));
        let body = self.block(block, if native { Want::Nothing } else { want });
        if native && self.flow.is_alive() {
            let end = Span {
                start: block.span.end - 1,
                end: block.span.end,
            };
            self.errors.push(Error::NoValue {
                at: end,
                wanted: "the answer of a native function".to_string(),
                why: "control ends here without `return`".to_string(),
            });
        }
        self.leave_scope(0);
        if self.inlined > MAX_INLINED {
            let at = Span {
                start: block.span.start,
                end: block.span.start + 1,
            };
            self.errors.push(Error::TooLarge {
                at,
                size: self.inlined,
                limit: MAX_INLINED,
            });
        }
        body
    }

    /// Declares a local and brings it into scope.
    fn local(&mut self, name: &ast::Name, ty: Ty, kind: LocalKind, what: &'static str) -> LocalId {
        let id = self.locals.push(Local {
            name: name.text.to_string(),
            ty,
            kind,
        });
        self.uses.push((name.span, what, false));
        self.born.push((self.flow.call.0, self.flow.plan));
        self.scope.push((Rc::clone(&name.text), id));
        id
    }

    /// Takes names out of scope until `depth` are left, and reports those that nothing used.
    fn leave_scope(&mut self, depth: usize) {
        for (name, id) in self.scope.split_off(depth) {
            let (at, what, used) = self.uses[id.index()];
            if !used && !name.starts_with('_') {
                self.errors.push(Error::Unused {
                    at,
                    what,
                    name: name.to_string(),
                });
            }
        }
    }

    /// The local that `name` names here.
    fn find(&self, name: &str) -> Option<LocalId> {
        self.scope
            .iter()
            .rev()
            .find(|(known, _)| **known == *name)
            .map(|(_, id)| *id)
    }

    /// The source of `span`.
    fn text(&self, span: Span) -> &'c str {
        self.source.get(span.range()).unwrap_or_default()
    }

    /// The alternatives of the operand that a local stands for.
    fn alternatives(&self, local: LocalId) -> &'c [OperandKind] {
        match (self.kind, self.locals[local].kind) {
            (CodeKind::Bytecode(bytecode), LocalKind::Operand(operand)) => {
                &self.declarations.tables.bytecodes[bytecode].operands[operand].alternatives
            }
            _ => &[],
        }
    }

    /// Whether the body is checked once for several uses, so that what is odd for one may be right for another.
    fn in_template(&self) -> bool {
        !self.template.is_empty()
    }

    /// Control does not come past `at`.
    fn end(&mut self, at: Span) {
        self.flow.ended.get_or_insert(at);
    }

    fn check_template_argument(&mut self, arg: &ast::Expr) {
        let plain = match &arg.kind {
            ast::ExprKind::Int(_) | ast::ExprKind::Double(_) | ast::ExprKind::Name(_) => true,
            ast::ExprKind::Field(base, _) => matches!(base.kind, ast::ExprKind::Name(_)),
            ast::ExprKind::Unary(ast::UnaryOp::Neg, inner) => {
                matches!(inner.kind, ast::ExprKind::Int(_) | ast::ExprKind::Double(_))
            }
            _ => false,
        };
        if !plain {
            self.errors.push(Error::BadTemplateArgument { at: arg.span });
        }
    }
}
