//! Calls of guest functions, returns, coroutines.
//!
//! A call whose arguments already are neighbours makes them the first slots of the callee's frame; the three slots
//! below take its header. Any other call builds the frame above the caller's:
//!
//! ```text
//!     base                     base + frame_size * 8
//!     | slots of the caller .. | saved 0 | saved 1 | header (3) | fixed arguments .. list .. |
//!                                                               ^ the callee's base
//! ```
//!
//! What is saved across the call lies below the callee's header, where the continuation finds it from its own base. A
//! catch continuation may need more than the normal one: both find what they share in the same places.

use dg_backend_x64::lir::{self, Addr, BinaryOp, IntCond, MemType, Role as Place, Type as Low};

use super::LowerError;
use super::boxed::Boxed;
use super::copy::Run;
use super::coroutines::{self, Switch};
use super::frame::{Code, Form};
use super::holes::{Hole, HoleSource};
use super::part::{Held, Part};
use super::stubs::{self, nil};
use crate::abi::{Builtin, code as code_object, frame, hot};
use crate::ir::{CallArgs, Continuation, ContinuationTarget, FunctionKind, OperandId, Terminator, Type, ValueId};

/// Values at the two ends of a frame that is being made.
#[derive(Clone)]
pub(super) struct NewFrame {
    /// The callee's base.
    base: lir::Value,
    /// Its distance from the caller's in slots.
    delta: lir::Value,
    /// Number of arguments.
    count: lir::Value,
}

impl Part<'_> {
    // Continuations -----------------------------------------------------------------------------------------------------

    /// Results come in registers, the base is that of the frame that was left. What was saved is read from above the own
    /// frame:
    ///
    /// ```text
    ///     ..   see `Code::leave_frame`
    ///     mov eax, [base-24]; mov eax, [vm+rax*8+code]; mov eax, [vm+rax*8+frame_size]
    ///     mov rax, [base+rax*8+8*k]
    /// ```
    pub(super) fn enter_continuation(&mut self) -> Result<(), LowerError> {
        let results = self.code.b.param(Place::Results, Low::I64);
        let count = self.code.b.param(Place::Count, Low::I32);
        self.results = Some((results, count));
        match self.code.form {
            Form::Template => {
                let delta = self.delta_of_call()?;
                self.code.leave_frame_of(delta);
            }
            Form::Interpreter | Form::Shared => self.code.leave_frame(),
        }
        let params = self.function.blocks[self.function.entry].params.clone();
        if params.is_empty() {
            return Ok(());
        }
        let size = self.frame_size()?;
        for (k, param) in params.iter().enumerate() {
            let addr = self.code.slot(size, k as i32);
            match self.function.ty(*param) {
                Type::Val(_) => {
                    let bits = self.code.b.load(MemType::I64, addr);
                    self.held.insert(*param, Held::Boxed(Boxed::of_bits(bits)));
                }
                ty => {
                    let mem = match self.lir_type(ty) {
                        Low::F64 => MemType::F64,
                        Low::I64 => MemType::I64,
                        Low::I32 => MemType::I32,
                    };
                    let value = self.code.b.load(mem, addr);
                    self.held.insert(*param, Held::Plain(value));
                }
            }
        }
        Ok(())
    }

    /// In a continuation in a template: how far above the own frame its call has made one.
    fn delta_of_call(&mut self) -> Result<lir::Value, LowerError> {
        let functions = &self.program.functions;
        let calls = self.inlined.iter().flat_map(|id| functions[*id].blocks.values());
        let mut calls = calls.filter_map(|block| match &block.terminator {
            Terminator::Call { args, next, catch, .. } => match next.target {
                ContinuationTarget::Function(id) if functions[id].name == self.function.name => {
                    Some((args, saved_across(next, catch.as_ref())))
                }
                _ => None,
            },
            _ => None,
        });
        match calls.next() {
            Some((CallArgs::InPlace(operand), [])) => Ok(self.slots_operand(*operand)?.0),
            Some((_, saved)) => {
                let size = self.frame_size()?;
                Ok(self.code.add_imm(size, distance_above(saved)))
            }
            None => self.unsupported("a continuation without a call"),
        }
    }

    /// Slots of the running frame.
    pub(super) fn frame_size(&mut self) -> Result<lir::Value, LowerError> {
        if let FunctionKind::Native(native) = self.function.kind {
            return Ok(self.code.b.const32(self.spec.natives[native].params.len() as u32));
        }
        if self.code.form == Form::Template {
            return Ok(self.code.hole(Hole::of(HoleSource::FrameSize)));
        }
        let callee_code = self.callee_code()?;
        let code = self.code.running_code(callee_code);
        Ok(self
            .code
            .b
            .load(MemType::I32, Code::object(code, code_object::FRAME_SIZE)))
    }

    /// Where the callee object keeps its code object.
    fn callee_code(&self) -> Result<i32, LowerError> {
        match stubs::callee_code(self.spec) {
            Some(offset) => Ok(offset),
            None => self.unsupported("the language has no callee with a field `ref Code`"),
        }
    }

    // Calls -------------------------------------------------------------------------------------------------------------

    /// A call. In place:
    ///
    /// ```text
    ///     movzx eax, word [pc+args]
    ///     movzx ecx, word [pc+count]
    ///     mov   edx, [vm+callee*8+code]
    ///     lea   base, [base+rax*8]
    ///     mov   [base-24], callee
    ///     mov   [base-20], eax            ; the distance in slots
    ///     lea   rsi, [rip+continuation]
    ///     mov   [base-16], rsi
    ///     mov   [base-8], pc
    ///     jmp   [vm+rdx*8+entry]
    /// ```
    ///
    /// If the first instruction is known, and that the frame fits, the callee starts with it:
    ///
    /// ```text
    ///     mov   pc, first
    ///     movzx eax, word [pc]
    ///     jmp   [vm+rax*8+dispatch]
    /// ```
    pub(super) fn call(
        &mut self,
        callee: ValueId,
        args: &CallArgs,
        first: Option<ValueId>,
        next: &Continuation,
        catch: Option<&Continuation>,
    ) -> Result<(), LowerError> {
        let callee = self.value(callee);
        let continuation = match next.target {
            ContinuationTarget::Function(id) if catch.is_none() && self.inlined.contains(&id) => {
                self.program.functions[id].name.clone()
            }
            target => self.continuation(target)?,
        };
        let saved = saved_across(next, catch);
        let new = match args {
            CallArgs::InPlace(operand) if saved.is_empty() => self.frame_in_place(*operand)?,
            _ => self.frame_above(args, saved)?,
        };
        let callee_code = self.callee_code()?;
        let first = first.map(|first| self.value(first));
        let code = &mut self.code;
        let target = match first {
            Some(_) => None,
            None => Some(code.b.load(MemType::I32, Code::object(callee, callee_code))),
        };
        code.set_base(new.base);
        for (place, half) in [(frame::CALLEE, callee), (frame::DELTA, new.delta)] {
            let addr = code.frame(place);
            code.b.store(MemType::I32, addr, half);
        }
        let address = code.symbol(&continuation);
        let addr = code.frame(frame::RETURN);
        code.b.store(MemType::I64, addr, address);
        let pc = code.pc();
        let addr = code.frame(frame::PC);
        code.b.store(MemType::I64, addr, pc);
        match (first, target) {
            (Some(first), _) => {
                code.set_pc(first);
                code.safepoint();
                code.dispatch(0, None);
            }
            (None, Some(target)) => code.enter(target, new.count),
            (None, None) => unreachable!("without its first instruction the callee's code is read"),
        }
        Ok(())
    }

    fn frame_in_place(&mut self, operand: OperandId) -> Result<NewFrame, LowerError> {
        if let Some((block, known, frame)) = &self.frame_in_place
            && *known == operand
            && self.cfg.dominates(*block, self.current)
        {
            return Ok(frame.clone());
        }
        let (start, count) = self.slots_operand(operand)?;
        let addr = self.code.slot(start, 0);
        let base = self.code.b.address_of(addr);
        let frame = NewFrame {
            base,
            delta: start,
            count,
        };
        self.frame_in_place = Some((self.current, operand, frame.clone()));
        Ok(frame)
    }

    /// Whether a callee's frame fits:
    ///
    /// ```text
    ///     movzx eax, word [pc+args]
    ///     lea   rax, [base+rax*8]
    ///     mov   ecx, bytes
    ///     add   rcx, rax
    ///     cmp   rcx, [vm+stack_limit]
    /// ```
    pub(super) fn frame_fits(&mut self, args: OperandId, bytes: ValueId) -> Result<lir::Value, LowerError> {
        let new = self.frame_in_place(args)?;
        let bytes = self.value(bytes);
        let code = &mut self.code;
        let bytes = code.wide(bytes);
        let end = code.add(bytes, new.base);
        let limit = code.load_hot(MemType::I64, hot::STACK_LIMIT);
        Ok(code.b.int_compare(IntCond::Ule, end, limit))
    }

    /// The runtime decides whether the instruction remembers the callee:
    ///
    /// ```text
    ///     mov  [vm], base
    ///     mov  [vm+8], pc
    ///     mov  rdi, vm
    ///     mov  esi, callee
    ///     movzx edx, word [pc+count]
    ///     call [vm+CallLink]
    /// ```
    pub(super) fn call_link(
        &mut self,
        callee: ValueId,
        args: OperandId,
        results: &[ValueId],
    ) -> Result<(), LowerError> {
        let callee = self.value(callee);
        let (_, count) = self.slots_operand(args)?;
        self.code.save_state();
        let linked = self.code.call_builtin(Builtin::CallLink, &[callee, count], &[Low::I64]);
        let linked = self.code.narrow(linked[0]);
        self.memory_changed();
        self.define(results, linked);
        Ok(())
    }

    /// Builds a frame above the running one: the list first, for it may lie where the frame will be.
    fn frame_above(&mut self, args: &CallArgs, saved: &[ValueId]) -> Result<NewFrame, LowerError> {
        let (fixed, list) = self.arguments(args)?;
        let saved: Vec<lir::Value> = saved.iter().map(|value| self.value(*value)).collect();
        let size = self.frame_size()?;
        let delta = self.code.add_imm(size, distance_above(&saved));
        let count = match list {
            Some(run) => {
                let first = self.code.slot(delta, fixed.len() as i32);
                let first = self.code.b.address_of(first);
                self.code.copy_with_room(run, first);
                self.code.add_imm(run.count, fixed.len() as i64)
            }
            None => self.code.b.const32(fixed.len() as u32),
        };
        let addr = self.code.slot(delta, 0);
        let base = self.code.b.address_of(addr);
        for (index, value) in fixed.into_iter().enumerate() {
            self.store_word(Addr::value(base, 8 * index as i32), value);
        }
        self.store_saved(base, saved);
        Ok(NewFrame { base, delta, count })
    }

    /// Stores what is saved across a call below the header of the frame at `base`.
    fn store_saved(&mut self, base: lir::Value, saved: Vec<lir::Value>) {
        let first = frame::CALLEE - 8 * saved.len() as i32;
        for (k, value) in saved.into_iter().enumerate() {
            self.store_word(Addr::value(base, first + 8 * k as i32), value);
        }
    }

    /// The arguments of a call, read before anything is overwritten.
    fn arguments(&mut self, args: &CallArgs) -> Result<(Vec<lir::Value>, Option<Run>), LowerError> {
        match args {
            CallArgs::InPlace(operand) => {
                let (ptr, count) = self.list_operand(*operand)?;
                Ok((Vec::new(), Some(Run { ptr, count })))
            }
            CallArgs::Copied { fixed, list } => {
                let fixed = fixed.iter().map(|value| self.value(*value)).collect();
                Ok((fixed, list.map(|list| self.run(list))))
            }
        }
    }

    /// Stores anything into a whole word.
    fn store_word(&mut self, addr: Addr, value: lir::Value) {
        let (mem, value) = match self.code.b.value_type(value) {
            Low::F64 => (MemType::F64, value),
            Low::I32 | Low::I64 => (MemType::I64, self.code.wide(value)),
        };
        self.code.b.store(mem, addr, value);
    }

    /// A call in place of the running function: its arguments move down to where the frame begins, the header stays
    /// but for the callee.
    ///
    /// ```text
    ///     mov  eax, [base-24]; mov eax, [vm+rax*8+code]
    ///     test word [vm+rax*8+2], 1       ; the frame was moved above surplus arguments:
    ///     jne  cold                       ; begin where it was before
    ///     ..   the loop of copy_upwards
    ///     mov  [base-24], callee
    ///     jmp  [vm+rdx*8+entry]
    /// ```
    pub(super) fn tail_call(&mut self, callee: ValueId, args: &CallArgs) -> Result<(), LowerError> {
        let callee = self.value(callee);
        let (fixed, list) = self.arguments(args)?;
        let base = self.frame_as_called()?;
        let count = match list {
            // Slots of the running frame are never below its beginning.
            Some(run) if matches!(args, CallArgs::InPlace(_)) => {
                self.code.copy_upwards(run, base);
                run.count
            }
            Some(run) => {
                let first = self.code.add_imm(base, 8 * fixed.len() as i64);
                self.code.copy(run, first);
                self.code.add_imm(run.count, fixed.len() as i64)
            }
            None => self.code.b.const32(fixed.len() as u32),
        };
        for (index, value) in fixed.into_iter().enumerate() {
            self.store_word(Addr::value(base, 8 * index as i32), value);
        }
        let callee_code = self.callee_code()?;
        let code = &mut self.code;
        let target = code.b.load(MemType::I32, Code::object(callee, callee_code));
        code.set_base(base);
        let addr = code.frame(frame::CALLEE);
        code.b.store(MemType::I32, addr, callee);
        code.enter(target, count);
        Ok(())
    }

    /// The base of the running frame as its caller set it up: below, if it was moved above surplus arguments. There the
    /// header is still complete.
    fn frame_as_called(&mut self) -> Result<lir::Value, LowerError> {
        if matches!(self.function.kind, FunctionKind::Native(_)) {
            return Ok(self.code.base());
        }
        let callee_code = self.callee_code()?;
        let code = &mut self.code;
        let function = code.running_code(callee_code);
        let flags = code.b.load(MemType::U16, Code::object(function, code_object::FLAGS));
        let flag = code.b.binary_imm(BinaryOp::And, flags, code_object::VARARG.into());
        let is_moved = code.b.int_compare_imm(IntCond::Ne, flag, 0);
        let is_cold = code.b.is_cold();
        let (moved, done) = (code.b.new_block(true), code.b.new_block(is_cold));
        let place = code.b.block_param(done, Low::I64);
        let base = code.base();
        code.b.comment("the frame was moved above surplus arguments");
        code.b.branch(
            is_moved,
            moved,
            lir::BlockCall {
                block: done,
                args: vec![base],
            },
        );
        code.b.switch_to(moved);
        let addr = code.frame(frame::SHIFT);
        let shift = code.b.load(MemType::I32, addr);
        let bytes = code.bytes(shift);
        let base = code.base();
        let below = code.sub(base, bytes);
        code.b.jump(done, vec![below]);
        code.b.switch_to(done);
        Ok(place)
    }

    // Returns -----------------------------------------------------------------------------------------------------------

    /// Returns to the caller. There is always a readable value, nil if nothing is returned.
    ///
    /// ```text
    ///     ..   rax: the first result, ecx: how many
    ///     ..   see `Code::return_to_caller`
    /// ```
    pub(super) fn leave(&mut self, values: &[ValueId], list: Option<(ValueId, ValueId)>) {
        let (first, count) = match (values, list) {
            ([], None) => {
                let missing = self.code.b.const64(nil(self.spec));
                let addr = self.code.frame(0);
                self.code.b.store(MemType::I64, addr, missing);
                (self.code.base(), self.code.b.const32(0))
            }
            ([value], None) => (self.readable(*value), self.code.b.const32(1)),
            ([], Some(list)) => {
                let run = self.run(list);
                (self.never_empty(list.0, run), run.count)
            }
            (_, list) => {
                let fixed: Vec<lir::Value> = values.iter().map(|value| self.bits(*value)).collect();
                let list = list.map(|list| self.run(list));
                let count = match list {
                    Some(run) => {
                        let addr = self.code.frame(8 * fixed.len() as i32);
                        let destination = self.code.b.address_of(addr);
                        self.code.copy_with_room(run, destination);
                        self.code.add_imm(run.count, fixed.len() as i64)
                    }
                    None => self.code.b.const32(fixed.len() as u32),
                };
                for (index, value) in fixed.into_iter().enumerate() {
                    let addr = self.code.frame(8 * index as i32);
                    self.code.b.store(MemType::I64, addr, value);
                }
                (self.code.base(), count)
            }
        };
        self.code.return_to_caller(first, count);
    }

    /// An address at which a value can be read: where it is, if it is in a slot, or the first slot, which nobody needs
    /// any more.
    fn readable(&mut self, value: ValueId) -> lir::Value {
        if let Some(addr) = self.place_of(value) {
            return self.code.b.address_of(addr);
        }
        let addr = self.code.frame(0);
        self.store_boxed(addr, value);
        self.code.base()
    }

    /// Makes sure that there is a readable value, nil, where an empty list is.
    fn never_empty(&mut self, ptr: ValueId, run: Run) -> lir::Value {
        if matches!(self.function.def(ptr), Some(crate::ir::Op::CallResults)) {
            return run.ptr;
        }
        let code = &mut self.code;
        let is_cold = code.b.is_cold();
        let (empty, done) = (code.b.new_block(true), code.b.new_block(is_cold));
        let place = code.b.block_param(done, Low::I64);
        let is_empty = code.b.int_compare_imm(IntCond::Eq, run.count, 0);
        code.b.branch(
            is_empty,
            empty,
            lir::BlockCall {
                block: done,
                args: vec![run.ptr],
            },
        );
        code.b.switch_to(empty);
        let missing = code.b.const64(nil(self.spec));
        let addr = code.frame(0);
        code.b.store(MemType::I64, addr, missing);
        let base = code.base();
        code.b.jump(done, vec![base]);
        code.b.switch_to(done);
        place
    }

    // Coroutines --------------------------------------------------------------------------------------------------------

    /// Resumes a coroutine.
    pub(super) fn resume(
        &mut self,
        coroutine: ValueId,
        args: &CallArgs,
        next: &Continuation,
        catch: Option<&Continuation>,
    ) -> Result<(), LowerError> {
        let coroutine = self.value(coroutine);
        let (fixed, list) = self.arguments(args)?;
        self.switch_coroutine(Some(coroutine), fixed, list, next, saved_across(next, catch))
    }

    /// Yields.
    pub(super) fn yield_values(
        &mut self,
        values: &[ValueId],
        list: Option<(ValueId, ValueId)>,
        next: &Continuation,
    ) -> Result<(), LowerError> {
        let fixed = values.iter().map(|value| self.value(*value)).collect();
        let list = list.map(|list| self.run(list));
        self.switch_coroutine(None, fixed, list, next, &next.saved)
    }

    /// Resumes a coroutine, or yields if there is none. Its continuation is entered as that of a call is: with the base of
    /// a frame above, of which there is no more than the header.
    fn switch_coroutine(
        &mut self,
        coroutine: Option<lir::Value>,
        fixed: Vec<lir::Value>,
        list: Option<Run>,
        next: &Continuation,
        saved: &[ValueId],
    ) -> Result<(), LowerError> {
        let continuation = self.continuation(next.target)?;
        let saved: Vec<lir::Value> = saved.iter().map(|value| self.value(*value)).collect();
        let size = self.frame_size()?;
        let distance = distance_above(&saved) as i32;
        let (run, delta) = match list {
            // The header must not be where the values are.
            Some(run) if fixed.is_empty() && saved.is_empty() => {
                let base = self.code.base();
                let start = self.code.sub(run.ptr, base);
                let start = self.code.b.binary_imm(BinaryOp::Shr, start, 3);
                let start = self.code.narrow(start);
                let end = self.code.add(start, run.count);
                let is_above = self.code.b.int_compare(IntCond::Ugt, end, size);
                let end = self.code.b.select(is_above, end, size);
                (run, self.code.add_imm(end, distance.into()))
            }
            list => (
                self.gather(size, distance, &fixed, list),
                self.code.add_imm(size, distance.into()),
            ),
        };
        let addr = self.code.slot(delta, 0);
        let top = self.code.b.address_of(addr);
        self.store_saved(top, saved);
        self.code.b.store(MemType::I32, Addr::value(top, frame::DELTA), delta);
        let pc = self.code.pc();
        self.code.b.store(MemType::I64, Addr::value(top, frame::PC), pc);
        let switch = Switch {
            values: run,
            continuation: self.code.symbol(&continuation),
            top,
        };
        let missing = nil(self.spec);
        match coroutine {
            Some(target) => coroutines::resume(&mut self.code, target, &switch, missing),
            None => coroutines::yield_values(&mut self.code, &switch, missing),
        }
        Ok(())
    }

    /// Brings values together above the frame.
    fn gather(&mut self, size: lir::Value, distance: i32, fixed: &[lir::Value], list: Option<Run>) -> Run {
        let count = match list {
            Some(run) => {
                let first = self.code.slot(size, distance + fixed.len() as i32);
                let first = self.code.b.address_of(first);
                self.code.copy_with_room(run, first);
                self.code.add_imm(run.count, fixed.len() as i64)
            }
            None => self.code.b.const32(fixed.len() as u32),
        };
        let base = self.code.base();
        let addr = self.code.values(base, size, distance);
        let ptr = self.code.b.address_of(addr);
        for (index, value) in fixed.iter().enumerate() {
            self.store_word(Addr::value(ptr, 8 * index as i32), *value);
        }
        Run { ptr, count }
    }
}

/// How far above the end of a frame is the base of the next one, if so much is saved in between.
fn distance_above<T>(saved: &[T]) -> i64 {
    saved.len() as i64 + i64::from(frame::HEADER_WORDS)
}

/// What has to be saved across a call: what a catch continuation needs starts with what the normal one needs, or the
/// other way round.
fn saved_across<'c>(next: &'c Continuation, catch: Option<&'c Continuation>) -> &'c [ValueId] {
    match catch {
        Some(catch) if catch.saved.len() > next.saved.len() => &catch.saved,
        _ => &next.saved,
    }
}
