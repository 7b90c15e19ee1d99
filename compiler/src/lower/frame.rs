//! The registers and the frame as low-level code sees them, pinned or not: what both functions and stubs are made of.

use std::collections::HashMap;

use dg_backend_x64::encoder::{self, Disp, Scale};
use dg_backend_x64::lir::{
    Addr, Base, BinaryOp, BlockId, Builder, CallTarget, IntCond, JumpTarget, MemType, Op, Pinned, Role, Terminator,
    Type, UnaryOp, Value,
};

use super::LowerOptions;
use super::holes::{Hole, HoleSource, Holes};
use crate::abi::{Builtin, code, frame, hot};

/// For whom code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The interpreter: an instruction ends with the dispatch of the next one.
    Interpreter,
    /// Code that compiled functions share, for what is off their expected path: decodes the instruction as the
    /// interpreter does, then goes on in the compiled code of the next one.
    Shared,
    /// A template of compiled code. What the instruction says is a hole. The register of the program counter holds the
    /// address of the function's first instruction.
    Template,
}

impl Form {
    /// What a part is called that belongs to code of this form.
    pub(super) fn symbol(self, name: &str) -> String {
        match self {
            Form::Interpreter => name.to_owned(),
            Form::Shared | Form::Template => format!("{name}.jit"),
        }
    }
}

/// Which instruction comes next.
#[derive(Clone, Copy)]
enum Next {
    /// The one so many bytes behind the running one.
    After(i32),
    /// The one that the label at this offset of the running one names.
    Label(u32),
}

/// Appends low-level code. Says in terms of the machine's state what is to be done with it.
pub(super) struct Code {
    pub(super) b: Builder,
    pub(super) form: Form,
    /// In a template: its holes.
    holes: Holes,
    /// In a template: numbers that are holes.
    open: HashMap<Value, Hole>,
    register_pinning: bool,
    safepoint_table: bool,
    /// In a handler or template: the operand that the instruction before has computed.
    pub(super) last: Option<Value>,
    /// Without pinning: what has been read of base and program counter in a block, until something changes it.
    read: [Option<(BlockId, Value)>; 2],
}

/// What is handed to the next instruction.
fn forwarding(value: Option<Value>) -> Vec<(Role, Value)> {
    value.map(|value| (Role::Forwarded, value)).into_iter().collect()
}

/// The two pieces of state that can live in the VM instead of registers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Base,
    Pc,
}

impl State {
    fn pinned(self) -> Pinned {
        match self {
            State::Base => Pinned::Base,
            State::Pc => Pinned::Pc,
        }
    }

    fn place(self) -> Addr {
        Addr::pinned(
            Pinned::Vm,
            match self {
                State::Base => hot::BASE,
                State::Pc => hot::PC,
            },
        )
    }
}

impl Code {
    pub(super) fn new(name: &str, options: &LowerOptions, form: Form) -> Code {
        Code {
            b: Builder::new(name),
            form,
            holes: Holes::new(),
            open: HashMap::new(),
            register_pinning: options.register_pinning,
            safepoint_table: options.safepoint_table,
            last: None,
            read: [None; 2],
        }
    }

    // Base and program counter --------------------------------------------------------------------------------------

    fn read(&mut self, state: State) -> Value {
        if self.register_pinning {
            return self.b.get_pinned(state.pinned());
        }
        match self.read[state as usize] {
            Some((block, value)) if block == self.b.current() => value,
            _ => {
                let value = self.b.load(MemType::I64, state.place());
                self.read[state as usize] = Some((self.b.current(), value));
                value
            }
        }
    }

    fn write(&mut self, state: State, value: Value) {
        if self.register_pinning {
            return self.b.set_pinned(state.pinned(), value);
        }
        self.b.store(MemType::I64, state.place(), value);
        self.read[state as usize] = Some((self.b.current(), value));
    }

    fn addr(&mut self, state: State, disp: i32) -> Addr {
        match self.register_pinning {
            true => Addr::pinned(state.pinned(), disp),
            false => Addr::value(self.read(state), disp),
        }
    }

    /// The frame's base.
    pub(super) fn base(&mut self) -> Value {
        self.read(State::Base)
    }

    /// Runs on in another frame.
    pub(super) fn set_base(&mut self, base: Value) {
        self.write(State::Base, base);
    }

    /// Address of the running instruction.
    pub(super) fn pc(&mut self) -> Value {
        self.pc_after(0)
    }

    /// Address of the instruction `length` bytes behind the running one.
    pub(super) fn pc_after(&mut self, length: i32) -> Value {
        if self.form == Form::Template {
            let addr = self.instruction(length);
            return self.b.address_of(addr);
        }
        let pc = self.read(State::Pc);
        match length {
            0 => pc,
            _ => self.add_imm(pc, length.into()),
        }
    }

    /// While a function is entered: the caller's program counter.
    pub(super) fn caller_pc(&mut self) -> Value {
        self.read(State::Pc)
    }

    /// Before a template goes to code that is no template: the program counter is that of the running instruction.
    pub(super) fn enter_instruction(&mut self) {
        let pc = self.pc();
        self.set_pc(pc);
    }

    /// Goes on at another instruction, when it is dispatched.
    pub(super) fn set_pc(&mut self, pc: Value) {
        self.write(State::Pc, pc);
    }

    /// `[base + disp]`.
    pub(super) fn frame(&mut self, disp: i32) -> Addr {
        self.addr(State::Base, disp)
    }

    /// `[base + (slot + offset) * 8]`.
    pub(super) fn slot(&mut self, slot: Value, offset: i32) -> Addr {
        let addr = self.addr(State::Base, offset * 8).indexed(slot, Scale::X8);
        self.folded(addr)
    }

    /// `[pc + disp]`: inside the running instruction.
    pub(super) fn instruction(&mut self, disp: i32) -> Addr {
        if self.form == Form::Template {
            let hole = self.holes.dword(Hole::of(HoleSource::Position).plus(disp));
            return Addr {
                disp: Disp::Hole(hole),
                ..Addr::pinned(Pinned::Pc, 0)
            };
        }
        self.addr(State::Pc, disp)
    }

    /// A field of the running instruction.
    pub(super) fn operand(&mut self, mem: MemType, offset: u32) -> Value {
        if self.form == Form::Template {
            match mem {
                MemType::U16 => return self.hole(Hole::of(HoleSource::U16(offset))),
                MemType::I32 => return self.hole(Hole::of(HoleSource::I32(offset))),
                _ => {}
            }
        }
        let addr = self.instruction(offset as i32);
        self.b.load_invariant(mem, addr)
    }

    /// Before anything that may look at the frame: base and program counter go to the VM.
    pub(super) fn save_state(&mut self) {
        let pc = self.pc();
        self.save_state_at(pc);
    }

    /// The base alone goes to the VM.
    pub(super) fn save_base(&mut self) {
        if self.register_pinning {
            let base = self.base();
            self.b.store(MemType::I64, State::Base.place(), base);
        }
    }

    /// The same for another program counter.
    fn save_state_at(&mut self, pc: Value) {
        if self.register_pinning {
            self.save_base();
            self.b.store(MemType::I64, State::Pc.place(), pc);
        }
    }

    // Holes ---------------------------------------------------------------------------------------------------------

    /// In a template: a number that is filled in, an `I32`.
    pub(super) fn hole(&mut self, hole: Hole) -> Value {
        let field = self.holes.dword(hole);
        let value = self.b.const_hole(Type::I32, field);
        self.open.insert(value, hole);
        value
    }

    /// In a template: the address of the function's first instruction.
    pub(super) fn bytecode_hole(&mut self) -> Value {
        let field = self.holes.qword(Hole::of(HoleSource::Bytecode));
        self.b.const_hole(Type::I64, field)
    }

    /// The address with an index that is a hole as its displacement, where that is possible.
    fn folded(&mut self, addr: Addr) -> Addr {
        let (Some((index, scale)), Disp::Value(disp)) = (addr.index, addr.disp) else {
            return addr;
        };
        match self.open.get(&index) {
            Some(hole) if hole.fits_displacement(scale.factor()) => Addr {
                index: None,
                disp: Disp::Hole(self.holes.dword(hole.times(scale.factor() as i32).plus(disp))),
                ..addr
            },
            _ => addr,
        }
    }

    /// In a template: goes to code that is filled in.
    pub(super) fn jump_to_hole(&mut self, source: HoleSource) {
        let hole = self.holes.dword(Hole::of(source));
        self.b.terminate(Terminator::TailJump {
            target: JumpTarget::Hole(hole),
            args: vec![],
        });
    }

    /// The function as far as it has been written, and its holes.
    pub(super) fn finish(self) -> (dg_backend_x64::lir::Function, Vec<Hole>) {
        (self.b.finish(), self.holes.into_vec())
    }

    /// After what may have moved the stack.
    pub(super) fn reload_base(&mut self) {
        self.reload(State::Base);
    }

    pub(super) fn reload_pc(&mut self) {
        self.reload(State::Pc);
    }

    fn reload(&mut self, state: State) {
        self.read[state as usize] = None;
        if self.register_pinning {
            let value = self.b.load(MemType::I64, state.place());
            self.b.set_pinned(state.pinned(), value);
        }
    }

    // Memory --------------------------------------------------------------------------------------------------------

    /// `[vm + disp]`.
    pub(super) fn hot(disp: i32) -> Addr {
        Addr::pinned(Pinned::Vm, disp)
    }

    /// `[vm + reference * 8 + disp]`: inside an object.
    pub(super) fn object(reference: Value, disp: i32) -> Addr {
        Addr::pinned(Pinned::Vm, disp).indexed(reference, Scale::X8)
    }

    /// The same address, `bytes` further.
    pub(super) fn offset(&mut self, addr: &Addr, bytes: i32) -> Addr {
        let disp = match addr.disp {
            Disp::Value(disp) => Disp::Value(disp + bytes),
            Disp::Hole(encoder::Hole { kind, .. }) => {
                let hole = self.holes.get(kind).plus(bytes);
                Disp::Hole(self.holes.dword(hole))
            }
        };
        Addr { disp, ..addr.clone() }
    }

    /// The address `ptr + (index + offset) * 8`.
    pub(super) fn values(&mut self, ptr: Value, index: Value, offset: i32) -> Addr {
        self.element(ptr, index, Scale::X8, 8 * offset)
    }

    /// The address `ptr + index * scale + disp`.
    pub(super) fn element(&mut self, ptr: Value, index: Value, scale: Scale, disp: i32) -> Addr {
        self.folded(Addr::value(ptr, disp).indexed(index, scale))
    }

    pub(super) fn load_hot(&mut self, mem: MemType, disp: i32) -> Value {
        self.b.load(mem, Self::hot(disp))
    }

    pub(super) fn store_hot(&mut self, mem: MemType, disp: i32, value: Value) {
        self.b.store(mem, Self::hot(disp), value);
    }

    /// The code object of the running function, whose callee object keeps it at `callee_code`.
    ///
    /// ```text
    ///     mov eax, [base-24]
    ///     mov eax, [vm+rax*8+callee_code]
    /// ```
    pub(super) fn running_code(&mut self, callee_code: i32) -> Value {
        let addr = self.frame(frame::CALLEE);
        let callee = self.b.load(MemType::I32, addr);
        self.b.load(MemType::I32, Self::object(callee, callee_code))
    }

    // Arithmetic ----------------------------------------------------------------------------------------------------

    pub(super) fn add(&mut self, lhs: Value, rhs: Value) -> Value {
        self.b.binary(BinaryOp::Add, lhs, rhs)
    }

    pub(super) fn add_imm(&mut self, lhs: Value, number: i64) -> Value {
        if let Some(hole) = self.open.get(&lhs) {
            return self.hole(hole.plus(number as i32));
        }
        match (number, self.b.constant(lhs)) {
            (0, _) => lhs,
            (_, Some(Op::Const32(known))) => self.b.const32(known.wrapping_add(number as u32)),
            _ => self.b.binary_imm(BinaryOp::Add, lhs, number),
        }
    }

    pub(super) fn sub(&mut self, lhs: Value, rhs: Value) -> Value {
        self.b.binary(BinaryOp::Sub, lhs, rhs)
    }

    /// A number of slots in bytes, 64 bits wide.
    pub(super) fn bytes(&mut self, slots: Value) -> Value {
        let wide = self.wide(slots);
        self.b.binary_imm(BinaryOp::Shl, wide, 3)
    }

    /// Zero-extended to 64 bits.
    pub(super) fn wide(&mut self, value: Value) -> Value {
        match self.b.value_type(value) {
            Type::I32 => self.b.unary(UnaryOp::Zext, value),
            Type::I64 | Type::F64 => value,
        }
    }

    /// The low half.
    pub(super) fn narrow(&mut self, value: Value) -> Value {
        match self.b.value_type(value) {
            Type::I64 => self.b.unary(UnaryOp::Wrap, value),
            Type::I32 | Type::F64 => value,
        }
    }

    /// `ptr + slots * 8`.
    pub(super) fn advance(&mut self, ptr: Value, slots: Value) -> Value {
        let addr = self.values(ptr, slots, 0);
        self.b.address_of(addr)
    }

    // Control -------------------------------------------------------------------------------------------------------

    /// Goes to a new cold block if the condition holds. Writing goes on in the other, new block; answers the cold one.
    pub(super) fn leave_if(&mut self, cond: Value, why: &str) -> BlockId {
        let (cold, on) = (self.b.new_block(true), self.b.new_block(self.b.is_cold()));
        if !why.is_empty() {
            self.b.comment(why);
        }
        self.b.branch(cond, cold, on);
        self.b.switch_to(on);
        cold
    }

    /// Takes one from a counter and leaves if it was 0; who goes on there sets it anew. Answers the cold block.
    ///
    /// ```text
    ///     sub dword [counter], 1
    ///     jb  cold
    /// ```
    pub(super) fn count_down(&mut self, counter: Addr, why: &str) -> BlockId {
        let (cold, on) = (self.b.new_block(true), self.b.new_block(self.b.is_cold()));
        self.b.comment(why);
        self.b.count_down(counter, cold, on);
        self.b.switch_to(on);
        cold
    }

    /// Writes `body` into the cold block `block` and comes back.
    pub(super) fn in_block(&mut self, block: BlockId, body: impl FnOnce(&mut Self)) {
        let on = self.b.current();
        self.b.switch_to(block);
        body(self);
        self.b.switch_to(on);
    }

    /// Calls a function of the runtime; the state has been saved.
    pub(super) fn call_builtin(&mut self, builtin: Builtin, args: &[Value], results: &[Type]) -> Vec<Value> {
        let mut all = vec![self.b.get_pinned(Pinned::Vm)];
        all.extend(args);
        self.b
            .call(CallTarget::Memory(Self::hot(builtin.offset())), all, results)
    }

    /// Calls a function of the runtime that may throw: then goes to the `throw` stub. Answers its value. The stack may
    /// have moved, the base has been read again.
    pub(super) fn call_throwing(&mut self, builtin: Builtin, args: &[Value]) -> Value {
        let status = self.call_builtin(builtin, args, &[Type::I64, Type::I64]);
        self.throw_unless(status[1]);
        self.reload_base();
        status[0]
    }

    /// Goes to the `throw` stub if `ok` is 0.
    pub(super) fn throw_unless(&mut self, ok: Value) {
        let thrown = self.b.int_compare_imm(IntCond::Eq, ok, 0);
        let cold = self.leave_if(thrown, "it has thrown");
        self.in_block(cold, |code| code.b.tail_jump(super::stubs::THROW, vec![]));
    }

    /// Before an instruction at which a loop, a function or a collection may begin. Where a due safepoint changes the
    /// dispatch table, the interpreter has nothing to do.
    pub(super) fn safepoint(&mut self) {
        if self.form != Form::Interpreter || !self.safepoint_table {
            self.poll(Next::After(0), None);
        }
    }

    /// Address of the next instruction.
    fn next_pc(&mut self, next: Next) -> Value {
        match next {
            Next::After(length) => self.pc_after(length),
            Next::Label(offset) => {
                let distance = self.operand(MemType::I32AsI64, offset);
                let pc = self.pc();
                self.add(pc, distance)
            }
        }
    }

    /// Does what is due at a safepoint between the running instruction and the next. Nothing but the frame is alive here.
    ///
    /// ```text
    ///     cmp dword [vm+safepoint], 0
    ///     jne cold                        ; a safepoint is due
    /// ```
    fn poll(&mut self, next: Next, forwarded: Option<Value>) {
        let due = self.load_hot(MemType::I32, hot::SAFEPOINT);
        let due = self.b.int_compare_imm(IntCond::Ne, due, 0);
        let cold = self.leave_if(due, "a safepoint is due");
        let on = self.b.current();
        self.in_block(cold, |code| {
            let pc = code.next_pc(next);
            code.save_state_at(pc);
            let leaves = code.call_throwing(Builtin::Safepoint, &[]);
            if code.form != Form::Interpreter {
                let leaves = code.b.int_compare_imm(IntCond::Ne, leaves, 0);
                let interpret = code.leave_if(leaves, "every instruction is to be seen");
                code.in_block(interpret, |code| {
                    let pc = code.next_pc(next);
                    code.set_pc(pc);
                    code.b.tail_jump(super::stubs::INTERPRET, forwarding(forwarded));
                });
            }
            code.b.jump(on, vec![]);
        });
        self.read = [None; 2];
    }

    /// Goes to the handler of the instruction at `[pc + length]`.
    ///
    /// ```text
    ///     movzx eax, word [pc+length]
    ///     add   pc, length
    ///     jmp   [vm+rax*8+dispatch]
    /// ```
    ///
    /// `forwarded` is what the instruction before it has computed.
    pub(super) fn dispatch(&mut self, length: i32, forwarded: Option<Value>) {
        if self.form != Form::Interpreter {
            return self.resume(length, forwarded);
        }
        let opcode = self.operand(MemType::U16, length as u32);
        if length != 0 {
            let pc = self.pc();
            let next = self.add_imm(pc, length.into());
            self.set_pc(next);
        }
        self.tail_jump(Self::object(opcode, hot::DISPATCH), forwarding(forwarded));
    }

    /// Ends the running instruction, which is `length` bytes long: goes on with the one behind it. After an allocation
    /// that is a safepoint.
    pub(super) fn next(&mut self, length: i32, has_allocated: bool, forwarded: Option<Value>) {
        match self.form {
            // Off the expected path nothing is in registers that the next instruction might count on.
            Form::Template if self.b.is_cold() => self.safepoint_between(length, has_allocated, forwarded),
            Form::Template => {
                if has_allocated {
                    self.poll(Next::After(length), forwarded);
                }
                self.jump_to_hole(HoleSource::Next);
            }
            Form::Shared if has_allocated => self.safepoint_between(length, true, forwarded),
            Form::Interpreter if has_allocated && !self.safepoint_table => {
                self.safepoint_between(length, true, forwarded);
            }
            Form::Interpreter | Form::Shared => self.dispatch(length, forwarded),
        }
    }

    fn safepoint_between(&mut self, length: i32, has_allocated: bool, forwarded: Option<Value>) {
        if has_allocated && (self.form != Form::Interpreter || !self.safepoint_table) {
            self.poll(Next::After(length), forwarded);
        }
        self.dispatch(length, forwarded);
    }

    /// Goes on at the instruction that the label at `offset` of the running one names. It may stand before this one: a
    /// loop has a safepoint, in compiled code where it begins.
    ///
    /// ```text
    ///     movsxd rax, dword [pc+label]
    ///     add    pc, rax
    ///     sub    dword [vm+ticks], 1
    ///     jb     stub.tick                ; often jumped
    ///     movzx  eax, word [pc]
    ///     jmp    [vm+rax*8+dispatch]
    /// ```
    pub(super) fn goto(&mut self, offset: u32, has_allocated: bool) {
        if self.form == Form::Template {
            if has_allocated {
                self.poll(Next::Label(offset), None);
            }
            if !self.b.is_cold() {
                return self.jump_to_hole(HoleSource::Target(offset));
            }
            let target = self.next_pc(Next::Label(offset));
            self.set_pc(target);
            return self.b.tail_jump(super::stubs::RESUME, vec![]);
        }
        let target = self.next_pc(Next::Label(offset));
        self.set_pc(target);
        if self.form == Form::Interpreter {
            let cold = self.count_down(Self::hot(hot::TICKS), "often jumped");
            self.in_block(cold, |code| code.b.tail_jump(super::stubs::TICK, vec![]));
        }
        if self.form == Form::Interpreter || has_allocated {
            self.safepoint();
        }
        self.dispatch(0, None);
    }

    /// Runs the instruction again: it has become another form of itself.
    pub(super) fn again(&mut self) {
        match self.form {
            Form::Interpreter => self.dispatch(0, self.last),
            Form::Shared => self.b.tail_jump(super::stubs::EXECUTE, forwarding(self.last)),
            Form::Template => self.execute(),
        }
    }

    /// In a template: the instruction is run by code that compiled functions share.
    fn execute(&mut self) {
        self.write_cold();
        self.execute_here();
    }

    /// The same, without leaving the expected path.
    pub(super) fn execute_here(&mut self) {
        self.enter_instruction();
        self.b.tail_jump(super::stubs::EXECUTE, forwarding(self.last));
    }

    /// In a template: goes on where the runtime says.
    pub(super) fn link(&mut self) {
        let hole = self.holes.dword(Hole::of(HoleSource::Link));
        self.b.terminate(Terminator::TailJump {
            target: JumpTarget::Hole(hole),
            args: forwarding(self.last),
        });
    }

    /// Goes on writing in a cold block.
    pub(super) fn write_cold(&mut self) {
        if !self.b.is_cold() {
            let cold = self.b.new_block(true);
            self.b.jump(cold, vec![]);
            self.b.switch_to(cold);
        }
    }

    /// In a template for one form of an instruction that may be rewritten: leaves unless it still is of this form.
    ///
    /// ```text
    ///     cmp word [pc+position], opcode
    ///     jne cold                        ; it is another form now
    /// ```
    pub(super) fn expect_opcode(&mut self, opcode: u32) {
        let addr = self.instruction(0);
        let found = self.b.load(MemType::U16, addr);
        let differs = self.b.int_compare_imm(IntCond::Ne, found, opcode.into());
        let cold = self.leave_if(differs, "it is another form now");
        self.in_block(cold, Self::execute);
    }

    /// Goes on in the compiled code of the instruction `length` bytes behind this one.
    fn resume(&mut self, length: i32, forwarded: Option<Value>) {
        let next = self.pc_after(length);
        self.set_pc(next);
        self.b.tail_jump(super::stubs::RESUME, forwarding(forwarded));
    }

    /// Enters a function whose frame has been made.
    pub(super) fn enter(&mut self, code_object: Value, count: Value) {
        let target = Self::object(code_object, code::ENTRY);
        self.tail_jump(target, vec![(Role::Count, count), (Role::Code, code_object)]);
    }

    pub(super) fn tail_jump(&mut self, target: Addr, args: Vec<(Role, Value)>) {
        self.b.terminate(Terminator::TailJump {
            target: JumpTarget::Memory(target),
            args,
        });
    }

    /// Returns to the caller of the running frame. The base stays that of the frame that is left: whoever goes on leaves it,
    /// and compiled code knows how far its own frame is away.
    ///
    /// ```text
    ///     jmp [base-16]
    /// ```
    pub(super) fn return_to_caller(&mut self, results: Value, count: Value) {
        let args = vec![(Role::Results, results), (Role::Count, count)];
        let addr = self.frame(frame::RETURN);
        self.tail_jump(addr, args);
    }

    /// Where a call comes back: from the frame that is left to that of its caller.
    ///
    /// ```text
    ///     mov pc, [base-8]
    ///     mov eax, [base-20]              ; the distance to the caller's base
    ///     shl rax, 3
    ///     sub base, rax
    /// ```
    pub(super) fn leave_frame(&mut self) {
        let addr = self.frame(frame::PC);
        let pc = self.b.load(MemType::I64, addr);
        self.set_pc(pc);
        self.leave_frame_by_header();
    }

    fn leave_frame_by_header(&mut self) {
        let base = self.base();
        let addr = self.frame(frame::DELTA);
        let delta = self.b.load(MemType::I32, addr);
        let distance = self.bytes(delta);
        let caller = self.sub(base, distance);
        self.set_base(caller);
    }

    /// The same in a template, for a call that made its frame `delta` slots above its own. The frame of a function with
    /// surplus arguments has moved. To compare is better than to compute: the base is there at once.
    ///
    /// ```text
    ///     cmp dword [base-20], delta
    ///     jne cold                        ; the frame has moved
    ///     lea base, [base-delta*8]
    ///     mov pc, bytecode
    /// ```
    pub(super) fn leave_frame_of(&mut self, delta: Value) {
        let Some(hole) = self.open.get(&delta).copied() else {
            unreachable!("in a template a frame is at a distance that is filled in")
        };
        let addr = self.frame(frame::DELTA);
        let found = self.b.load(MemType::I32, addr);
        let differs = self.b.int_compare(IntCond::Ne, found, delta);
        let cold = self.leave_if(differs, "the frame has moved");
        let done = self.b.new_block(self.b.is_cold());
        let back = self.holes.dword(hole.times(-8));
        let addr = Addr {
            disp: Disp::Hole(back),
            ..Addr::pinned(Pinned::Base, 0)
        };
        let caller = self.b.address_of(addr);
        self.set_base(caller);
        self.b.jump(done, vec![]);
        self.b.switch_to(cold);
        self.leave_frame_by_header();
        self.b.jump(done, vec![]);
        self.b.switch_to(done);
        let first = self.bytecode_hole();
        self.set_pc(first);
    }

    /// The address of code that is named by a symbol.
    pub(super) fn symbol(&mut self, name: &str) -> Value {
        let addr = Addr {
            base: Base::Symbol(name.into()),
            index: None,
            disp: Disp::Value(0),
        };
        self.b.address_of(addr)
    }

    /// The first operation of a C function.
    pub(super) fn enter_native(&mut self) {
        self.b.push(Op::EnterNative, &[]);
    }
}
