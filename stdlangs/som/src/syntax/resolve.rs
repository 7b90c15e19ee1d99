//! What the names in methods mean, and which variables are shared with blocks.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ast::{Block, Body, Expr, Literal, MethodText, Send, Side, Variable, VariableId};
use super::control::Control;
use super::error::{Position, SyntaxError};

/// Resolves the names in all methods of a side, whose fields are these, inherited ones first.
///
/// # Errors
/// The first assignment to a name that is neither a variable nor a field.
pub fn resolve_side(side: &mut Side, fields: &[Rc<str>]) -> Result<(), SyntaxError> {
    side.methods
        .iter_mut()
        .try_for_each(|method| resolve_method(method, fields))
}

/// Resolves the names in a method of a class with these fields.
///
/// # Errors
/// The first assignment to a name that is neither a variable nor a field.
pub fn resolve_method(method: &mut MethodText, fields: &[Rc<str>]) -> Result<(), SyntaxError> {
    method.body.as_mut().map_or(Ok(()), |body| resolve_body(body, fields))
}

/// Resolves the names in code of a class with these fields.
///
/// # Errors
/// The first assignment to a name that is neither a variable nor a field.
pub fn resolve_body(body: &mut Body, fields: &[Rc<str>]) -> Result<(), SyntaxError> {
    let mut resolver = Resolver {
        fields,
        variables: Vec::new(),
        scopes: Vec::new(),
        function: 0,
        functions: 1,
        is_home: false,
        may_be_home: false,
    };
    resolver.variable();
    resolver.block(&mut body.code, true)?;
    body.variables = resolver.variables.into_iter().map(|(variable, _)| variable).collect();
    body.is_home = resolver.is_home;
    body.may_be_home = resolver.may_be_home;
    Ok(())
}

struct Resolver<'f> {
    fields: &'f [Rc<str>],
    /// With the function that each belongs to.
    variables: Vec<(Variable, usize)>,
    /// The method and the blocks around the current place.
    scopes: Vec<Scope>,
    /// The method or real block around the current place, and how many there were.
    function: usize,
    functions: usize,
    is_home: bool,
    may_be_home: bool,
}

#[derive(Default)]
struct Scope {
    names: Vec<(Rc<str>, VariableId)>,
    free: BTreeMap<VariableId, bool>,
    returns: bool,
    uses_self: bool,
    function: usize,
}

impl Resolver<'_> {
    /// A new variable of the current function.
    fn variable(&mut self) -> VariableId {
        let id = VariableId(self.variables.len() as u32);
        let variable = Variable {
            captured: false,
            assigned: false,
        };
        self.variables.push((variable, self.function));
        id
    }

    /// The method, or a block; `real` if it is a function of its own.
    fn block(&mut self, block: &mut Block, real: bool) -> Result<(), SyntaxError> {
        let outer = self.function;
        if real && !self.scopes.is_empty() {
            self.function = self.functions;
            self.functions += 1;
        }
        let mut scope = Scope {
            function: self.function,
            ..Scope::default()
        };
        let (parameters, locals) = &block.names;
        for name in parameters {
            let variable = self.variable();
            scope.names.push((Rc::clone(name), variable));
            block.parameters.push(variable);
        }
        for name in locals {
            let variable = self.variable();
            scope.names.push((Rc::clone(name), variable));
            block.locals.push(variable);
        }
        self.scopes.push(scope);
        for statement in &mut block.statements {
            self.expr(statement)?;
        }
        let scope = self.scopes.pop().expect("it was just pushed");
        block.free = scope.free.into_iter().collect();
        block.returns = scope.returns;
        block.uses_self = scope.uses_self;
        self.function = outer;
        Ok(())
    }

    fn expr(&mut self, expr: &mut Expr) -> Result<(), SyntaxError> {
        match expr {
            Expr::Literal(_) | Expr::Variable(_) | Expr::Field(_) | Expr::Global(_) => Ok(()),
            Expr::SelfName => {
                self.use_self();
                self.reference(VariableId::SELF, false);
                Ok(())
            }
            Expr::Name(name, _) => {
                *expr = self.meaning(name);
                Ok(())
            }
            Expr::Assign(target, value) => {
                self.target(target)?;
                self.expr(value)
            }
            Expr::Send(send) => self.send(send),
            Expr::Block(block) => {
                self.use_self();
                self.block(exclusive(block), true)
            }
            Expr::Return(value) => {
                let (first, inner) = self.scopes.split_first_mut().expect("a method is around");
                for scope in inner {
                    scope.returns = true;
                    self.may_be_home = true;
                    self.is_home |= scope.function != first.function;
                }
                self.expr(value)
            }
        }
    }

    fn send(&mut self, send: &mut Send) -> Result<(), SyntaxError> {
        let inlined = Control::of(send).is_some();
        let condition_too = matches!(Control::of(send), Some(Control::While { .. }));
        if send.to_super || inlined {
            self.use_self();
        }
        for (is_receiver, part) in std::iter::once((true, &mut send.receiver))
            .chain(send.arguments.iter_mut().map(|argument| (false, argument)))
        {
            match part {
                Expr::Block(block) if inlined && (!is_receiver || condition_too) => {
                    self.block(exclusive(block), false)?;
                }
                part => self.expr(part)?,
            }
        }
        Ok(())
    }

    fn use_self(&mut self) {
        self.scopes.iter_mut().for_each(|scope| scope.uses_self = true);
    }

    fn find(&self, name: &str) -> Option<VariableId> {
        let names = self.scopes.iter().rev().flat_map(|scope| scope.names.iter().rev());
        names
            .clone()
            .find(|(known, _)| **known == *name)
            .map(|&(_, variable)| variable)
    }

    /// What a name means where it is read.
    fn meaning(&mut self, name: &Rc<str>) -> Expr {
        if let Some(variable) = self.find(name) {
            self.reference(variable, false);
            return Expr::Variable(variable);
        }
        if let Some(field) = self.field(name) {
            self.use_self();
            return field;
        }
        match &**name {
            "nil" => Expr::Literal(Literal::Nil),
            "true" => Expr::Literal(Literal::Boolean(true)),
            "false" => Expr::Literal(Literal::Boolean(false)),
            _ => {
                self.use_self();
                Expr::Global(Rc::clone(name))
            }
        }
    }

    fn field(&self, name: &str) -> Option<Expr> {
        let index = self.fields.iter().rposition(|field| **field == *name)?;
        Some(Expr::Field(u16::try_from(index).ok()?))
    }

    /// What a name means where it is assigned.
    fn target(&mut self, target: &mut Expr) -> Result<(), SyntaxError> {
        let Expr::Name(name, position) = target else {
            return Ok(());
        };
        let position: Position = *position;
        let found = if **name == *"self" {
            Some(VariableId::SELF)
        } else {
            self.find(name)
        };
        if let Some(variable) = found {
            self.variables[variable.index()].0.assigned = true;
            self.reference(variable, true);
            *target = Expr::Variable(variable);
            return Ok(());
        }
        match self.field(name) {
            Some(field) => {
                self.use_self();
                *target = field;
                Ok(())
            }
            None => {
                let message = format!("`{name}` cannot be assigned: it is no variable, parameter or field here");
                Err(SyntaxError::new(position, message))
            }
        }
    }

    /// A variable is used here.
    fn reference(&mut self, variable: VariableId, assigned: bool) {
        let (data, owner) = &mut self.variables[variable.index()];
        data.captured |= *owner != self.function;
        for scope in self.scopes.iter_mut().rev() {
            if scope.names.iter().any(|&(_, known)| known == variable) {
                break;
            }
            *scope.free.entry(variable).or_default() |= assigned;
        }
    }
}

/// Before a text is resolved, nobody else refers to its blocks.
fn exclusive(block: &mut Rc<Block>) -> &mut Block {
    Rc::get_mut(block).expect("blocks are shared only after they are resolved")
}
