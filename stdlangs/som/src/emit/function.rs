//! A function in the making: its slots, its constants, and where its variables are.

use std::collections::VecDeque;

use dg_runtime::{Code, CodeInfo, LineTable, NewCode, Operand, Ref, Run, Slot, Throw, Vm};

use super::cold::Cold;
use super::{BlockInfo, Source};
use crate::core::error;
use crate::core::object::symbol_text;
use crate::core::state::{MethodInfo, som};
use crate::generated::{Builder, Class, Function, Label};
use crate::syntax::ast::{Block, Body, Expr, VariableId};

/// Slots that a call leaves free below its arguments.
pub(super) const HEADER: u32 = 3;
/// As the specification says.
const MAX_SLOTS: u32 = 60_000;

/// Where a variable is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub source: Source,
    /// There is a `Variable`, not its content.
    pub shared: bool,
}

/// What becomes of the value of an expression.
#[derive(Clone, Copy, Debug)]
pub(super) enum Want {
    /// Nobody wants it.
    Effect,
    /// It goes into a slot.
    In(u32),
}

pub(super) struct Emitter<'a> {
    pub vm: &'a Vm,
    pub info: &'a MethodInfo,
    pub body: &'a Body,
    /// The block that is compiled; none in a method.
    pub block: Option<&'a BlockInfo>,
    pub builder: Builder,
    pub places: Vec<Option<Place>>,
    /// The slot with the receiver of the method.
    pub self_slot: u32,
    /// The first free slot.
    pub top: u32,
    pub cold: VecDeque<Cold<'a>>,
    /// The first instruction.
    pub start: Label,
    holder: Ref<'a, Class>,
    /// The most slots that were in use.
    most: u32,
    lines: LineTable,
}

/// The code of a method.
pub(super) fn method<'v>(vm: &'v Vm, info: &MethodInfo, function: Ref<'v, Function>) -> Result<Ref<'v, Code>, Throw> {
    let body = info.body.as_ref().expect("primitives are never compiled");
    let mut emitter = Emitter::new(vm, info, body, None, function);
    emitter.line(info.line);
    emitter.method_prologue()?;
    let statements = &body.code.statements;
    for statement in statements {
        emitter.statement(statement)?;
    }
    if !matches!(statements.last(), Some(Expr::Return(_))) {
        let answer = emitter.operand(&Expr::SelfName)?;
        emitter.builder.emit_return(Operand::Slot(slot(answer)));
    }
    emitter.finish(vm, &body.code, "")
}

/// The code of a block; `running` is the function that makes it.
pub(super) fn block<'v>(vm: &'v Vm, info: &BlockInfo, running: Ref<'v, Function>) -> Result<Ref<'v, Code>, Throw> {
    let body = info.method.body.as_ref().expect("the block is in it");
    let mut emitter = Emitter::new(vm, &info.method, body, Some(info), running);
    emitter.line(info.block.line);
    emitter.block_prologue()?;
    let answer = emitter.reserve(1);
    emitter.statements(&info.block, Want::In(answer))?;
    if !matches!(info.block.statements.last(), Some(Expr::Return(_))) {
        emitter.builder.emit_return(Operand::Slot(slot(answer)));
    }
    emitter.finish(vm, &info.block, "[] in ")
}

impl<'a> Emitter<'a> {
    fn new(
        vm: &'a Vm,
        info: &'a MethodInfo,
        body: &'a Body,
        block: Option<&'a BlockInfo>,
        function: Ref<'a, Function>,
    ) -> Emitter<'a> {
        let mut builder = Builder::new();
        let start = builder.label();
        Emitter {
            vm,
            info,
            body,
            block,
            builder,
            places: vec![None; body.variables.len()],
            self_slot: 0,
            top: 0,
            cold: VecDeque::new(),
            start,
            holder: function.method.get(vm).holder.get(vm),
            most: 0,
            lines: LineTable::default(),
        }
    }

    /// Slot 0 is the receiver, the arguments follow.
    fn method_prologue(&mut self) -> Result<(), Throw> {
        let body = self.body;
        self.top = 1;
        for &parameter in &body.code.parameters {
            let slot = self.reserve(1);
            self.place(parameter, slot);
        }
        self.builder.bind(self.start);
        for &parameter in &body.code.parameters {
            self.share(parameter);
        }
        if body.assigns_self() {
            let slot = self.reserve(1);
            self.builder.emit_move(Slot(0), self::slot(slot));
            self.place(VariableId::SELF, slot);
            self.share(VariableId::SELF);
        }
        if body.may_be_home {
            let home = self.reserve(1);
            self.info.home_slot.set(home as u16);
            if body.is_home {
                self.builder.emit_home(slot(home));
            }
        }
        self.locals(&body.code.locals);
        Ok(())
    }

    /// Slot 0 is the block, the arguments follow.
    fn block_prologue(&mut self) -> Result<(), Throw> {
        let info = self.block.expect("a block is compiled");
        self.top = 1;
        for &parameter in &info.block.parameters {
            let slot = self.reserve(1);
            self.place(parameter, slot);
        }
        self.builder.bind(self.start);
        for &parameter in &info.block.parameters {
            self.share(parameter);
        }
        for (index, capture) in info.captures.iter().enumerate() {
            self.places[capture.variable.index()] = Some(Place {
                source: Source::Captured(index as u16),
                shared: capture.shared,
            });
        }
        if info.block.uses_self {
            self.self_slot = self.reserve(1);
            self.builder.emit_getself(slot(self.self_slot));
        }
        self.locals(&info.block.locals);
        Ok(())
    }

    /// Makes room for local variables; all of them are nil.
    pub fn locals(&mut self, locals: &[VariableId]) {
        if locals.is_empty() {
            return;
        }
        let first = self.reserve(locals.len() as u32);
        self.builder.emit_loadnil(Run {
            start: slot(first),
            count: locals.len() as u16,
        });
        for (offset, &local) in locals.iter().enumerate() {
            self.place(local, first + offset as u32);
            self.share(local);
        }
    }

    /// A variable is in a slot from now on.
    pub fn place(&mut self, variable: VariableId, slot: u32) {
        self.places[variable.index()] = Some(Place {
            source: Source::Slot(slot as u16),
            shared: false,
        });
    }

    /// If a variable, which is in a slot, is shared with blocks, its content moves to a `Variable`.
    pub fn share(&mut self, variable: VariableId) {
        if !self.body.variables[variable.index()].is_shared() {
            return;
        }
        if let Some(Place {
            source: Source::Slot(at),
            shared,
        }) = &mut self.places[variable.index()]
        {
            *shared = true;
            let at = *at;
            self.builder.emit_newvariable(Slot(at), Slot(at));
        }
    }

    /// Takes free slots.
    pub fn reserve(&mut self, count: u32) -> u32 {
        let first = self.top;
        self.set_top(first + count);
        first
    }

    /// The slots from `top` on are free.
    pub fn set_top(&mut self, top: u32) {
        self.top = top;
        self.most = self.most.max(top);
    }

    /// The instructions from here on are of this line.
    pub fn line(&mut self, line: u32) {
        self.lines.push(self.builder.here().0, line);
    }

    /// The class where a message to `super` is looked for first.
    pub fn super_class(&self) -> Ref<'a, Class> {
        let above = self.holder.superclass.get(self.vm);
        above.unwrap_or_else(|| som(self.vm).nowhere.get(self.vm))
    }

    /// The name of the class that the method is of.
    pub fn holder_name(&self) -> String {
        symbol_text(self.vm, self.holder.name.get(self.vm))
    }

    fn finish<'v>(mut self, vm: &'v Vm, block: &Block, prefix: &str) -> Result<Ref<'v, Code>, Throw> {
        while let Some(cold) = self.cold.pop_front() {
            self.emit_cold(cold)?;
        }
        let name = format!("{prefix}{}>>{}", self.holder_name(), self.info.selector);
        if self.most > MAX_SLOTS {
            return Err(error::throw(
                vm,
                format!("{name} is too large: it needs {} slots", self.most),
            ));
        }
        let bytecode = self.builder.finish();
        let bytecode = bytecode.map_err(|error| error::throw(vm, format!("{name} is too large: {error}")))?;
        let code = vm.new_code(NewCode {
            params: block.parameters.len() as u32 + 1,
            vararg: false,
            frame_size: self.most.max(1),
            info: CodeInfo {
                name,
                source: self.info.file.as_bytes().into(),
                line_defined: block.line,
                bytecode,
                lines: self.lines,
                ..CodeInfo::default()
            },
        })?;
        if som(vm).show_bytecode.get() {
            eprintln!("{}:\n{}", code.info().name, vm.disassemble(code));
        }
        Ok(code)
    }
}

/// A slot of the frame. Frames that are too large are refused at the end.
pub(super) fn slot(slot: u32) -> Slot {
    Slot(slot as u16)
}
