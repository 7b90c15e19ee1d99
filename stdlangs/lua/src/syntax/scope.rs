//! Scopes while parsing: which variable a name means, which functions have to capture it, and where `goto` goes.

use super::ast::{
    Block, Function, FunctionId, GotoId, Label, LabelId, Local, LocalId, StrId, Upvalue, UpvalueId, UpvalueSource,
    Vararg,
};

/// Most local variables that can be in scope in one function, hidden ones included.
const MAX_LOCALS: usize = 200;

/// Most upvalues of one function.
const MAX_UPVALUES: usize = 60;

/// A variable as the innermost function sees it.
#[derive(Clone, Copy)]
pub(super) enum Variable {
    Local(LocalId),
    Upvalue(UpvalueId),
    Global(StrId),
}

/// A function exceeds a limit.
pub(super) struct LimitExceeded {
    /// The line where the function begins, 0 for the main function.
    pub(super) function_line: u32,
    pub(super) limit: usize,
    /// What there is too much of.
    pub(super) what: &'static str,
}

/// A `goto` that cannot go where it is told to.
pub(super) struct WrongGoto {
    pub(super) line: u32,
    pub(super) label: StrId,
    /// The local variable that has no value yet at the label; none if there is no label.
    pub(super) enters: Option<StrId>,
}

/// The functions around the current point, the main one first.
#[derive(Default)]
pub(super) struct Scopes {
    functions: Vec<FunctionScope>,
}

/// The scopes of one function.
struct FunctionScope {
    id: FunctionId,
    function: Function,
    /// Variables in scope, innermost last.
    active: Vec<LocalId>,
    blocks: Vec<BlockScope>,
}

#[derive(Default)]
struct BlockScope {
    /// How many variables were in scope before the block.
    outer_active: usize,
    is_loop: bool,
    /// Labels that stand in it.
    labels: Vec<(StrId, LabelId)>,
    /// Each `goto` in it, or in a block inside of it, whose label has not been seen.
    open_gotos: Vec<OpenGoto>,
}

/// A `goto` whose label has not been seen.
struct OpenGoto {
    id: GotoId,
    label: StrId,
    line: u32,
    /// How many variables of the block are in scope where it leaves or starts from.
    active: usize,
}

impl Scopes {
    /// Enters a function that begins at `line`.
    pub(super) fn enter_function(&mut self, id: FunctionId, line: u32) {
        let function = Function {
            parent: self.functions.last().map(|outer| outer.id),
            line,
            ..Function::default()
        };
        self.functions.push(FunctionScope {
            id,
            function,
            active: Vec::new(),
            blocks: vec![BlockScope::default()],
        });
    }

    /// Leaves the innermost function and completes it.
    pub(super) fn leave_function(
        &mut self,
        body: Block,
        last_line: u32,
        end_line: u32,
    ) -> Result<(FunctionId, Function), WrongGoto> {
        let scope = self.functions.pop().expect("leaves what was entered");
        if let Some(goto) = scope.blocks.iter().find_map(|block| block.open_gotos.first()) {
            return Err(goto.wrong(None));
        }
        let function = Function {
            body,
            last_line,
            end_line,
            ..scope.function
        };
        Ok((scope.id, function))
    }

    /// The innermost function, to be completed as its parts are met.
    pub(super) fn function(&mut self) -> &mut Function {
        &mut self.current().function
    }

    pub(super) fn enter_block(&mut self, is_loop: bool) {
        let scope = self.current();
        let outer_active = scope.active.len();
        scope.blocks.push(BlockScope {
            outer_active,
            is_loop,
            ..BlockScope::default()
        });
    }

    pub(super) fn leave_block(&mut self) {
        let scope = self.current();
        let block = scope.blocks.pop().expect("leaves what was entered");
        scope.active.truncate(block.outer_active);
        for goto in block.open_gotos {
            scope.go(OpenGoto {
                active: block.outer_active,
                ..goto
            });
        }
    }

    /// Whether a `break` has a loop to leave.
    pub(super) fn in_loop(&mut self) -> bool {
        self.current().blocks.iter().any(|block| block.is_loop)
    }

    /// Adds a `goto`. Its label may stand further down.
    pub(super) fn add_goto(&mut self, label: StrId, line: u32) -> GotoId {
        let scope = self.current();
        let id = GotoId::from_index(scope.function.gotos.len());
        // Overwritten when the label is known.
        scope.function.gotos.push(LabelId::from_index(0));
        scope.go(OpenGoto {
            id,
            label,
            line,
            active: scope.active.len(),
        });
        id
    }

    /// Whether the innermost block has a label already.
    pub(super) fn has_label(&mut self, name: StrId) -> bool {
        self.current().block().label(name).is_some()
    }

    /// Adds labels that stand next to each other; `is_last` if nothing of their block follows.
    pub(super) fn add_label(&mut self, names: &[StrId], is_last: bool) -> Result<LabelId, WrongGoto> {
        let scope = self.current();
        let id = LabelId::from_index(scope.function.labels.len());
        let outer_active = scope.block().outer_active;
        let active = if is_last { outer_active } else { scope.active.len() };
        scope.function.labels.push(Label {
            innermost: scope.active[..active].last().copied(),
            used: false,
        });
        let block = scope.block();
        block.labels.extend(names.iter().map(|&name| (name, id)));
        let (found, open) = std::mem::take(&mut block.open_gotos)
            .into_iter()
            .partition(|goto| names.contains(&goto.label));
        block.open_gotos = open;
        for goto in found as Vec<OpenGoto> {
            if let Some(entered) = scope.active[..active].get(goto.active) {
                return Err(goto.wrong(Some(scope.function.locals[entered.index()].name)));
            }
            scope.resolve_goto(goto.id, id);
        }
        Ok(id)
    }

    /// Adds a local variable, which comes into scope with [`Self::activate`]. Up to then `pending` others wait.
    pub(super) fn declare(&mut self, name: StrId, pending: usize) -> Result<LocalId, LimitExceeded> {
        let scope = self.current();
        if scope.active.len() + pending + 1 > MAX_LOCALS {
            return Err(scope.limit_exceeded(MAX_LOCALS, "local variables"));
        }
        let local = LocalId::from_index(scope.function.locals.len());
        scope.function.locals.push(Local {
            name,
            captured: false,
            assigned: false,
            used: false,
        });
        Ok(local)
    }

    /// Brings `count` declared variables, from `first` on, into scope.
    pub(super) fn activate(&mut self, first: LocalId, count: usize) {
        let active = &mut self.current().active;
        active.extend((0..count).map(|distance| first.after(distance)));
    }

    /// What `name` means here. Captures it where it belongs to an enclosing function.
    pub(super) fn resolve(&mut self, name: StrId) -> Result<Variable, LimitExceeded> {
        let innermost = self.functions.len() - 1;
        let owner = (0..=innermost)
            .rev()
            .find_map(|depth| Some((depth, self.functions[depth].find(name)?)));
        let Some((depth, local)) = owner else {
            return Ok(Variable::Global(name));
        };
        let variable = &mut self.functions[depth].function.locals[local.index()];
        variable.used = true;
        variable.captured |= depth < innermost;
        let mut source = UpvalueSource::Local(local);
        for scope in &mut self.functions[depth + 1..] {
            source = UpvalueSource::Upvalue(scope.capture(name, source)?);
        }
        Ok(match source {
            UpvalueSource::Local(local) => Variable::Local(local),
            UpvalueSource::Upvalue(upvalue) => Variable::Upvalue(upvalue),
        })
    }

    /// Notes that the local behind `variable` is assigned to.
    pub(super) fn mark_assigned(&mut self, variable: Variable) {
        let mut source = match variable {
            Variable::Local(local) => UpvalueSource::Local(local),
            Variable::Upvalue(upvalue) => UpvalueSource::Upvalue(upvalue),
            Variable::Global(_) => return,
        };
        for scope in self.functions.iter_mut().rev() {
            match source {
                UpvalueSource::Local(local) => {
                    scope.function.locals[local.index()].assigned = true;
                    return;
                }
                UpvalueSource::Upvalue(upvalue) => source = scope.function.upvalues[upvalue.index()].source,
            }
        }
    }

    /// Notes a use of `...`; false if the function has none.
    pub(super) fn use_varargs(&mut self) -> bool {
        let vararg = &mut self.function().vararg;
        if *vararg == Vararg::ArgTable {
            *vararg = Vararg::Dots;
        }
        *vararg != Vararg::No
    }

    /// A limit that the innermost function exceeds.
    pub(super) fn limit_exceeded(&mut self, limit: usize, what: &'static str) -> LimitExceeded {
        self.current().limit_exceeded(limit, what)
    }

    fn current(&mut self) -> &mut FunctionScope {
        self.functions.last_mut().expect("inside a function")
    }
}

impl OpenGoto {
    fn wrong(&self, enters: Option<StrId>) -> WrongGoto {
        WrongGoto {
            line: self.line,
            label: self.label,
            enters,
        }
    }
}

impl BlockScope {
    fn label(&self, name: StrId) -> Option<LabelId> {
        let found = self.labels.iter().find(|label| label.0 == name);
        found.map(|&(_, id)| id)
    }
}

impl FunctionScope {
    /// The innermost block.
    fn block(&mut self) -> &mut BlockScope {
        self.blocks.last_mut().expect("a function is a block")
    }

    /// Resolves a `goto` if the innermost block has its label; otherwise the label may stand further down.
    fn go(&mut self, goto: OpenGoto) {
        match self.block().label(goto.label) {
            Some(label) => self.resolve_goto(goto.id, label),
            None => self.block().open_gotos.push(goto),
        }
    }

    fn resolve_goto(&mut self, id: GotoId, label: LabelId) {
        self.function.gotos[id.index()] = label;
        self.function.labels[label.index()].used = true;
    }

    /// The innermost local variable in scope that is called `name`.
    fn find(&self, name: StrId) -> Option<LocalId> {
        let has_name = |local: &LocalId| self.function.locals[local.index()].name == name;
        self.active.iter().copied().rev().find(has_name)
    }

    /// The upvalue that `source` in the enclosing function is here.
    fn capture(&mut self, name: StrId, source: UpvalueSource) -> Result<UpvalueId, LimitExceeded> {
        let upvalues = &mut self.function.upvalues;
        if let Some(index) = upvalues.iter().position(|upvalue| upvalue.source == source) {
            return Ok(UpvalueId::from_index(index));
        }
        if upvalues.len() == MAX_UPVALUES {
            return Err(self.limit_exceeded(MAX_UPVALUES, "upvalues"));
        }
        upvalues.push(Upvalue { name, source });
        Ok(UpvalueId::from_index(upvalues.len() - 1))
    }

    fn limit_exceeded(&self, limit: usize, what: &'static str) -> LimitExceeded {
        LimitExceeded {
            function_line: self.function.line,
            limit,
            what,
        }
    }
}
