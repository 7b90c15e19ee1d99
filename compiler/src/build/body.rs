//! A whole body: what its locals are bound to, how it ends.

use std::collections::HashMap;

use super::likely;
use crate::ir::ids::Id as _;
use crate::ir::spec::OperandKind;
use crate::ir::{BlockId, Builder, Function, FunctionKind, Op, OperandId, Terminator, Type, ValueId};
use crate::typed::{self, Code, Expr, LocalId, LocalKind, Program, Ty};

/// What an expression comes to.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// It never gets that far.
    Never,
    /// Nothing.
    Unit,
    /// A value; also the case of a plan.
    Value(ValueId),
    /// A run of values.
    List(List),
}

/// A run of values.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// Address of the first.
    pub ptr: ValueId,
    /// How many.
    pub count: ValueId,
    /// The operand that it is, if it is one.
    pub operand: Option<OperandId>,
    /// Whether the first value can be read even when there are none: it is nil then.
    pub padded: bool,
}

/// What a local stands for.
#[derive(Clone, Copy, Debug)]
pub enum Binding {
    /// What an expression came to.
    Known(Outcome),
    /// A branch target.
    Label(OperandId),
}

/// The locals of one body in one place of the graph.
#[derive(Clone, Default)]
pub struct Scope {
    bindings: HashMap<LocalId, Binding>,
}

/// Where the `return`s of an inlined `fn` go.
pub struct Exits {
    ty: Ty,
    /// Whether what follows is off the expected path.
    cold: bool,
    /// Made when the first one is taken.
    join: Option<BlockId>,
}

/// Builds the graph of one body and of all that is inlined into it.
pub struct Body<'p> {
    pub program: &'p Program,
    pub build: Builder<'p>,
    /// The code whose locals are in scope.
    pub code: &'p Code,
    pub scope: Scope,
    /// Of references to structs: the object that they are part of.
    pub owners: HashMap<ValueId, ValueId>,
    /// Of an inlined `fn`; `None` in the body of the bytecode itself.
    exits: Option<Exits>,
    /// Whether new blocks are off the expected path.
    pub cold: bool,
    /// Whether the bytecode has a result.
    has_result: bool,
}

/// The graph of a bytecode or native function.
pub fn function<'p>(program: &'p Program, name: &str, kind: FunctionKind, code: &'p Code) -> Function {
    let has_result = match kind {
        FunctionKind::Bytecode(id) => !program.tables.bytecodes[id].results.is_empty(),
        FunctionKind::Native(_) => false,
    };
    let mut body = Body {
        program,
        build: Builder::new(&program.tables, name, kind),
        code,
        scope: Scope::default(),
        owners: HashMap::new(),
        exits: None,
        cold: false,
        has_result,
    };
    body.bind_parameters(kind);
    let outcome = match &code.body {
        Some(expr) => body.expr(expr),
        None => Outcome::Unit,
    };
    body.finish(outcome);
    let mut function = body.build.finish();
    likely::mark(&mut function);
    function
}

impl<'p> Body<'p> {
    /// Binds operands and parameters: all are read on entry.
    fn bind_parameters(&mut self, kind: FunctionKind) {
        for (local, declared) in self.code.locals.iter() {
            let binding = match declared.kind {
                LocalKind::Operand(operand) => self.operand(kind, operand),
                LocalKind::Slot(slot) => {
                    let slot = self.build.i32(slot as i32);
                    Binding::Known(Outcome::Value(self.build.one(Op::SlotLoad { slot, offset: 0 })))
                }
                LocalKind::Rest => {
                    let (ptr, count) = self.build.two(Op::Varargs);
                    Binding::Known(Outcome::List(List {
                        ptr,
                        count,
                        operand: None,
                        padded: false,
                    }))
                }
                LocalKind::Let | LocalKind::Param => continue,
            };
            self.scope.bindings.insert(local, binding);
        }
    }

    fn operand(&mut self, kind: FunctionKind, operand: OperandId) -> Binding {
        let FunctionKind::Bytecode(bytecode) = kind else {
            unreachable!("only bytecodes have operands")
        };
        let alternatives = &self.program.tables.bytecodes[bytecode].operands[operand].alternatives;
        let value = |body: &mut Self, op| Binding::Known(Outcome::Value(body.build.one(op)));
        match alternatives[0] {
            OperandKind::Label => Binding::Label(operand),
            OperandKind::Slots | OperandKind::SlotsFixed(_) | OperandKind::OpenSlots => {
                let (ptr, count) = self.build.two(Op::ListOperand(operand));
                Binding::Known(Outcome::List(List {
                    ptr,
                    count,
                    operand: Some(operand),
                    padded: false,
                }))
            }
            OperandKind::ImmI32 | OperandKind::ImmU32 | OperandKind::ImmU16 => value(self, Op::ImmOperand(operand)),
            // Written, never read.
            OperandKind::OutSlot => Binding::Known(Outcome::Unit),
            OperandKind::Slot | OperandKind::Const(_) | OperandKind::ConstRef(_) if alternatives.len() > 1 => {
                value(self, Op::Operand(operand))
            }
            OperandKind::Const(_) | OperandKind::ConstRef(_) => value(self, Op::ConstOperand(operand)),
            OperandKind::Slot => {
                let slot = self.build.one(Op::SlotIndex(operand));
                value(self, Op::SlotLoad { slot, offset: 0 })
            }
        }
    }

    /// Ends the body of the bytecode with its answer: stores it, and the next bytecode follows.
    fn finish(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Never => return,
            Outcome::Value(value) if self.has_result => {
                self.build.op(Op::StoreResult(value));
            }
            Outcome::List(List { ptr, count, .. }) if self.has_result => {
                self.build.op(Op::StoreResults { ptr, count });
            }
            _ => {}
        }
        self.build.end(Terminator::Next);
    }

    /// `return` and `slow`: ends the `fn` that is being inlined, or the bytecode.
    pub fn leave_code(&mut self, outcome: Outcome) {
        if matches!(outcome, Outcome::Never) {
            return;
        }
        let Some(exits) = &mut self.exits else {
            return self.finish(outcome);
        };
        let (ty, cold) = (exits.ty, exits.cold);
        let join = *exits.join.get_or_insert_with(|| self.build.block(cold));
        self.jump_to_join(join, ty, outcome);
    }

    /// Inlines a `fn` whose parameters are bound to `args`.
    pub fn inline(&mut self, helper: &'p typed::Helper, args: &[Outcome]) -> Outcome {
        let mut scope = Scope::default();
        for (local, arg) in helper.params.iter().zip(args) {
            scope.bindings.insert(*local, Binding::Known(*arg));
        }
        let outer_code = std::mem::replace(&mut self.code, &helper.code);
        let outer_scope = std::mem::replace(&mut self.scope, scope);
        let outer_exits = self.exits.replace(Exits {
            ty: helper.result,
            cold: self.cold,
            join: None,
        });
        let outer_cold = self.cold;
        if helper.cold && !self.cold {
            self.enter_cold();
        }
        let outcome = match &helper.code.body {
            Some(body) => self.expr(body),
            None => Outcome::Unit,
        };
        let exits = std::mem::replace(&mut self.exits, outer_exits);
        self.code = outer_code;
        self.scope = outer_scope;
        self.cold = outer_cold;
        match exits.and_then(|exits| exits.join) {
            // Only the end of the body leads here: no join is needed.
            None => outcome,
            Some(join) => {
                if !matches!(outcome, Outcome::Never) {
                    self.jump_to_join(join, helper.result, outcome);
                }
                self.build.switch_to(join);
                self.join_outcome(join, helper.result)
            }
        }
    }

    /// Goes on in a block off the expected path.
    pub fn enter_cold(&mut self) {
        self.cold = true;
        let block = self.build.block(true);
        self.build.jump(block, vec![]);
        self.build.switch_to(block);
    }

    /// Ends the current block with a jump to `join`, which gets a parameter for each part of the outcome.
    pub fn jump_to_join(&mut self, join: BlockId, ty: Ty, outcome: Outcome) {
        let args = match (outcome, ty) {
            (_, Ty::Unit | Ty::Never) | (Outcome::Never | Outcome::Unit, _) => vec![],
            (Outcome::Value(value), _) => match self.owners.get(&value) {
                Some(owner) => vec![value, *owner],
                None => vec![value],
            },
            (Outcome::List(list), _) => vec![list.ptr, list.count],
        };
        if self.build.function().blocks[join].params.is_empty() {
            for (index, arg) in args.iter().enumerate() {
                let ty = if index == 0 {
                    self.param_type(ty, *arg)
                } else {
                    self.build.ty(*arg)
                };
                self.build.param(join, ty);
            }
        }
        self.build.jump(join, args);
    }

    /// The type of a join's parameter: that of the expression, for boxed values with all that may come.
    fn param_type(&self, ty: Ty, arg: ValueId) -> Type {
        match ty {
            Ty::Value(set) => Type::Val(set),
            _ => self.build.ty(arg),
        }
    }

    /// What the parameters of a join stand for.
    pub fn join_outcome(&mut self, join: BlockId, ty: Ty) -> Outcome {
        let params = &self.build.function().blocks[join].params;
        match (params.as_slice(), ty) {
            ([], _) => Outcome::Unit,
            ([ptr, count], Ty::List) => Outcome::List(List {
                ptr: *ptr,
                count: *count,
                operand: None,
                padded: false,
            }),
            ([value, owner], _) => {
                let (value, owner) = (*value, *owner);
                self.owners.insert(value, owner);
                Outcome::Value(value)
            }
            ([value, ..], _) => Outcome::Value(*value),
        }
    }

    /// Binds a local.
    pub fn bind(&mut self, local: LocalId, outcome: Outcome) {
        self.scope.bindings.insert(local, Binding::Known(outcome));
    }

    /// What a local is bound to.
    pub fn binding(&self, local: LocalId) -> Binding {
        match self.scope.bindings.get(&local) {
            Some(binding) => *binding,
            None => unreachable!("local {} is read before it is bound", local.index()),
        }
    }

    /// Follows an expression's span.
    pub fn at(&mut self, expr: &Expr) {
        self.build.set_line(self.program.lines.line(expr.span.start));
    }
}
