//! The registers and the frame as low-level code sees them, pinned or not: what both functions and stubs are made of.

use dg_backend_x64::encoder::{Disp, Scale};
use dg_backend_x64::lir::{
    Addr, Base, BinaryOp, BlockId, Builder, CallTarget, IntCond, JumpTarget, MemType, Op, Pinned, Role, Terminator,
    Type, UnaryOp, Value,
};

use super::LowerOptions;
use crate::abi::{Builtin, code, frame, hot};

/// Appends low-level code. Says in terms of the machine's state what is to be done with it.
pub(super) struct Code {
    pub(super) b: Builder,
    register_pinning: bool,
    safepoint_table: bool,
    /// Without pinning: what has been read of base and program counter in a block, until something changes it.
    read: [Option<(BlockId, Value)>; 2],
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
    pub(super) fn new(name: &str, options: &LowerOptions) -> Code {
        Code {
            b: Builder::new(name),
            register_pinning: options.register_pinning,
            safepoint_table: options.safepoint_table,
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
        self.read(State::Pc)
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
        self.addr(State::Base, offset * 8).indexed(slot, Scale::X8)
    }

    /// `[pc + disp]`.
    pub(super) fn instruction(&mut self, disp: i32) -> Addr {
        self.addr(State::Pc, disp)
    }

    /// A field of the running instruction.
    pub(super) fn operand(&mut self, mem: MemType, offset: u32) -> Value {
        let addr = self.instruction(offset as i32);
        self.b.load_invariant(mem, addr)
    }

    /// Before anything that may look at the frame: base and program counter go to the VM.
    pub(super) fn save_state(&mut self) {
        if self.register_pinning {
            for state in [State::Base, State::Pc] {
                let value = self.read(state);
                self.b.store(MemType::I64, state.place(), value);
            }
        }
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
    pub(super) fn offset(addr: &Addr, bytes: i32) -> Addr {
        let Disp::Value(disp) = addr.disp else {
            unreachable!("the interpreter's code has no holes")
        };
        Addr {
            disp: Disp::Value(disp + bytes),
            ..addr.clone()
        }
    }

    /// The address `ptr + (index + offset) * 8`.
    pub(super) fn values(ptr: Value, index: Value, offset: i32) -> Addr {
        Addr {
            base: Base::Value(ptr),
            index: Some((index, Scale::X8)),
            disp: Disp::Value(8 * offset),
        }
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
        self.b.address_of(Self::values(ptr, slots, 0))
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

    /// Before an instruction is dispatched at which a loop, a function or a collection may begin. Where a due safepoint
    /// changes the dispatch table, there is nothing to do.
    pub(super) fn safepoint(&mut self) {
        if !self.safepoint_table {
            self.poll();
        }
    }

    /// Does what is due at a safepoint. Nothing but the frame is alive here.
    ///
    /// ```text
    ///     cmp dword [vm+safepoint], 0
    ///     jne cold                        ; a safepoint is due
    /// ```
    fn poll(&mut self) {
        let due = self.load_hot(MemType::I32, hot::SAFEPOINT);
        let due = self.b.int_compare_imm(IntCond::Ne, due, 0);
        let cold = self.leave_if(due, "a safepoint is due");
        let on = self.b.current();
        self.in_block(cold, |code| {
            code.save_state();
            code.call_throwing(Builtin::Safepoint, &[]);
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
    pub(super) fn dispatch(&mut self, length: i32) {
        let opcode = self.operand(MemType::U16, length as u32);
        if length != 0 {
            let pc = self.pc();
            let next = self.add_imm(pc, length.into());
            self.set_pc(next);
        }
        self.tail_jump(Self::object(opcode, hot::DISPATCH), vec![]);
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

    /// Returns to the caller of the running frame.
    ///
    /// ```text
    ///     mov rdi, base
    ///     mov pc, [base-8]
    ///     mov edx, [base-20]              ; the distance to the caller's base
    ///     shl rdx, 3
    ///     sub base, rdx
    ///     jmp [rdi-16]
    /// ```
    pub(super) fn return_to_caller(&mut self, results: Value, count: Value) {
        let base = self.base();
        let addr = self.frame(frame::PC);
        let pc = self.b.load(MemType::I64, addr);
        self.set_pc(pc);
        let addr = self.frame(frame::DELTA);
        let delta = self.b.load(MemType::I32, addr);
        let distance = self.bytes(delta);
        let caller = self.sub(base, distance);
        self.set_base(caller);
        let args = vec![(Role::Results, results), (Role::Count, count), (Role::CalleeBase, base)];
        self.tail_jump(Addr::value(base, frame::RETURN), args);
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
