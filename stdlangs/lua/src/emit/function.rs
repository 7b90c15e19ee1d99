//! The state of emission for one function: slots, scopes, and what is in them.

use super::inst::{Const, Inst, Label, Operand, Slot};
use super::instructions::{Instructions, VariableRange};
use crate::syntax::ast::{Block, Chunk, ExprId, Function, FunctionId, LabelId, LocalId, Vararg};

/// Most slots of a frame, as in PUC Lua, which has no room for headers among them.
const MAX_SLOTS: u16 = 249;

/// Slots before the arguments of a call that its frame header takes.
pub(super) const HEADER_SLOTS: u16 = 3;

/// The bytecode of one function.
#[derive(Debug)]
pub struct FunctionCode {
    /// Instructions and debug information.
    pub code: Instructions,
    /// How many slots its frame has.
    pub frame_size: u16,
    /// For each local variable its slot, 0 if it has none because it is never used.
    pub slots: Vec<Slot>,
}

/// A function needs more slots than a frame may have.
#[derive(Debug)]
pub struct TooComplex {
    /// The line where that becomes known.
    pub line: u32,
}

/// Emits the bytecode of one function, without those inside it.
///
/// # Errors
///
/// If its local variables and temporaries need more slots than a frame may have.
pub fn compile_function(chunk: &Chunk, id: FunctionId) -> Result<FunctionCode, TooComplex> {
    let function = &chunk[id];
    let mut emitter = Emitter {
        chunk,
        function,
        code: Instructions::new(),
        slots: vec![Slot(0); function.locals.len()],
        active: Vec::new(),
        loops: Vec::new(),
        targets: vec![None; function.labels.len()],
        free: 0,
        frame_size: 0,
        open_headers: 0,
        overflow: None,
    };
    emitter.parameters();
    emitter.statements(&function.body);
    emitter.leave_scope_at_end();
    if let Some(line) = emitter.overflow {
        return Err(TooComplex { line });
    }
    Ok(FunctionCode {
        code: emitter.code,
        frame_size: emitter.frame_size,
        slots: emitter.slots,
    })
}

/// Emission of one function.
pub(super) struct Emitter<'a> {
    pub(super) chunk: &'a Chunk,
    pub(super) function: &'a Function,
    pub(super) code: Instructions,
    /// For each local its slot, once it is declared.
    slots: Vec<Slot>,
    /// Locals in scope, with the first instruction that sees them.
    active: Vec<(LocalId, u32)>,
    pub(super) loops: Vec<Loop>,
    /// For each label of the program its place, once that is needed.
    targets: Vec<Option<Label>>,
    /// The first slot that is in use neither by a local nor by a temporary.
    pub(super) free: u16,
    frame_size: u16,
    /// Headers between the slots in use: calls whose arguments are being evaluated.
    pub(super) open_headers: u16,
    /// The line where slots ran out.
    overflow: Option<u32>,
}

/// A loop around the current point.
pub(super) struct Loop {
    /// Where `break` goes.
    pub(super) exit: Label,
    /// The scope around the body.
    pub(super) scope: Scope,
}

/// How many locals are in scope.
#[derive(Clone, Copy)]
pub(super) struct Scope(usize);

impl Emitter<'_> {
    /// Gives the parameters their slots, and `arg`, except where it would be nil and nobody asks for it.
    fn parameters(&mut self) {
        let mut count = self.function.parameters;
        let vararg = self.function.vararg;
        let has_arg = match vararg {
            Vararg::ArgTable => true,
            Vararg::Dots => self.function.locals[count].used,
            Vararg::No | Vararg::Main => false,
        };
        let arg = Slot(u16::try_from(count).expect("parameters are limited"));
        count += usize::from(has_arg);
        let first = LocalId::from_index(0);
        self.reserve(count, self.function.line);
        self.declare(first, count, Slot(0));
        if has_arg && vararg == Vararg::Dots {
            self.code.load_nil(arg, 1, self.function.line);
        } else if has_arg {
            self.code.push(Inst::ArgTable { dst: arg }, self.function.line);
        }
    }

    fn leave_scope_at_end(&mut self) {
        let line = self.function.end_line;
        if self.code.is_reachable() {
            self.close_all(line);
        }
        self.code.push(Inst::Return0, line);
        self.end_ranges(Scope(0));
    }

    /// Takes `count` neighbouring slots as temporaries.
    ///
    /// When a frame has no more slots, the error is noted and the result is any slot.
    pub(super) fn reserve(&mut self, count: usize, line: u32) -> Slot {
        let start = self.free;
        match u16::try_from(count).ok().and_then(|count| start.checked_add(count)) {
            Some(end) if end <= MAX_SLOTS + HEADER_SLOTS * self.open_headers => {
                self.free = end;
                self.frame_size = self.frame_size.max(end);
                Slot(start)
            }
            _ => {
                self.overflow.get_or_insert(line);
                Slot(0)
            }
        }
    }

    /// Brings `count` locals from `first` on into scope, whose values are in the slots from `start` on.
    pub(super) fn declare(&mut self, first: LocalId, count: usize, start: Slot) {
        let here = self.code.here();
        let mut slot = start;
        for distance in 0..count {
            let local = first.after(distance);
            self.slots[local.index()] = slot;
            self.active.push((local, here));
            slot.0 += 1;
        }
    }

    /// Where `goto` goes for a label.
    pub(super) fn target(&mut self, label: LabelId) -> Label {
        *self.targets[label.index()].get_or_insert_with(|| self.code.label())
    }

    /// The scope that has `innermost` as its last local, or no local.
    pub(super) fn scope_of(&self, innermost: Option<LocalId>) -> Scope {
        Scope(self.active.partition_point(|&(local, _)| Some(local) <= innermost))
    }

    /// The slot of a local in scope.
    pub(super) fn slot(&self, local: LocalId) -> Slot {
        self.slots[local.index()]
    }

    pub(super) fn scope(&self) -> Scope {
        Scope(self.active.len())
    }

    /// Emits a block; its locals are gone afterwards.
    pub(super) fn block(&mut self, block: &Block) {
        let (scope, free) = (self.scope(), self.free);
        self.statements(block);
        self.leave_scope(scope, free);
    }

    /// Detaches captured locals since `scope` and forgets all of them.
    pub(super) fn leave_scope(&mut self, scope: Scope, free: u16) {
        self.close(scope, self.last_line());
        self.end_ranges(scope);
        self.free = free;
    }

    /// Ends the visibility of the locals since `scope`.
    fn end_ranges(&mut self, scope: Scope) {
        let to = self.code.here();
        let ended = self.active.drain(scope.0..);
        self.code
            .variables
            .extend(ended.map(|(local, from)| VariableRange { local, from, to }));
    }

    /// Detaches captured locals since `scope`, which stay visible.
    pub(super) fn close(&mut self, scope: Scope, line: u32) {
        if let Some(from) = self.first_captured(scope) {
            self.code.push(Inst::Close { from }, line);
        }
    }

    /// Detaches all captured locals.
    pub(super) fn close_all(&mut self, line: u32) {
        self.close(Scope(0), line);
    }

    /// The lowest slot of the captured locals since `scope`.
    pub(super) fn first_captured(&self, scope: Scope) -> Option<Slot> {
        let is_captured = |&&(local, _): &&(LocalId, u32)| self.function.locals[local.index()].captured;
        let first = self.active[scope.0..].iter().find(is_captured);
        first.map(|&(local, _)| self.slot(local))
    }

    /// The line of the last instruction.
    pub(super) fn last_line(&self) -> u32 {
        self.code.lines.last().map_or(self.function.line, |&(_, line)| line)
    }

    /// Emits an instruction at the line of `expr`.
    pub(super) fn emit(&mut self, expr: ExprId, inst: Inst) {
        self.code.push(inst, self.chunk.line(expr));
    }

    /// The slot of a value, which is loaded into a temporary if it is a constant.
    pub(super) fn materialize(&mut self, value: Operand, line: u32) -> Slot {
        match value {
            Operand::Slot(slot) => slot,
            Operand::Const(k) => {
                let dst = self.reserve(1, line);
                self.load(k, dst, line);
                dst
            }
        }
    }

    /// Loads a constant.
    pub(super) fn load(&mut self, k: Const, dst: Slot, line: u32) {
        match k {
            Const::Nil => self.code.load_nil(dst, 1, line),
            _ => self.code.push(Inst::LoadK { k, dst }, line),
        }
    }
}
