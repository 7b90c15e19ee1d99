//! The code that every VM has, whatever its language: entries of functions, the way in from C and out again, throwing
//! and switching between coroutines.

use dg_backend_x64::encoder::Scale;
use dg_backend_x64::lir::{
    Addr, BinaryOp, FloatCond, Function, IntCond, JumpTarget, MemType, Pinned, Role, Terminator, Type, UnaryOp, Value,
};

use super::LowerOptions;
use super::frame::{Code, Form};
use super::holes::{Hole, HoleSource};
use crate::abi::{self, Builtin, code, compiled, frame, hot};
use crate::emit::Stubs;
use crate::ir::SpecTables;
use crate::ir::spec::{FieldType, LeafEncoding, RecordKind};

const ENTER: &str = "stub.enter";
pub(super) const EXIT: &str = "stub.exit";
pub(super) const EXIT_THROWN: &str = "stub.exit_thrown";
const COROUTINE_FINISHED: &str = "stub.coroutine_finished";
const ENTRY_FIXED: &str = "stub.entry_fixed";
const ENTRY_VARARG: &str = "stub.entry_vararg";
/// Runs the Rust function of the code object.
pub(super) const ENTRY_NATIVE: &str = "stub.entry_native";
const SAFEPOINT: &str = "stub.safepoint";
/// `Hot::error` is set, base and program counter are saved.
pub(super) const THROW: &str = "stub.throw";
/// Goes on where the VM says.
pub(super) const SWITCH: &str = "stub.switch";
/// Goes on in compiled code, at the instruction of the program counter.
pub(super) const RESUME: &str = "stub.resume";
/// In a compiled function: runs the instruction of the program counter, whatever it has become, then goes on in compiled
/// code.
pub(super) const EXECUTE: &str = "stub.execute";
/// Goes on in the interpreter, without a look at what is due.
pub(super) const INTERPRET: &str = "stub.interpret";
/// Compiles the function that is called, then enters it.
const COMPILE: &str = "stub.compile";
/// The program counter is at an instruction that was jumped to: counts for the running function, then goes on.
pub(super) const TICK: &str = "stub.tick";
/// In a compiled function: runs the instruction of the program counter, whose code counts on values in registers, without
/// them, then goes on in compiled code.
const REENTER: &str = "stub.reenter";
/// Templates: of the two entries of a function, of what stands where a loop begins, of what is needed to have values
/// in registers, and of what follows when no case of a cache has the key.
pub(super) const TEMPLATES: [&str; 8] = [
    "entry_fixed",
    "entry_vararg",
    "loop_head",
    "load_value",
    "check_value",
    "reenter",
    "go_to",
    "miss",
];

/// What the stubs are called that the runtime has to know.
pub(super) fn symbols() -> Stubs {
    Stubs {
        enter: ENTER.into(),
        exit: EXIT.into(),
        exit_thrown: EXIT_THROWN.into(),
        coroutine_finished: COROUTINE_FINISHED.into(),
        entry_fixed: ENTRY_FIXED.into(),
        entry_vararg: ENTRY_VARARG.into(),
        entry_native: ENTRY_NATIVE.into(),
        safepoint: SAFEPOINT.into(),
    }
}

/// Where callee objects keep their code object, if the language has callees.
pub(super) fn callee_code(spec: &SpecTables) -> Option<i32> {
    let is_code = |ty: FieldType| match ty {
        FieldType::Ref {
            record,
            nullable: false,
        } => spec.records[record].kind == RecordKind::Object { number: abi::KIND_CODE },
        _ => false,
    };
    let fields = &spec.records[spec.callee?].fields;
    fields
        .iter()
        .find(|field| is_code(field.ty))
        .map(|field| field.offset as i32)
}

/// All stubs.
pub(super) fn all(spec: &SpecTables, options: &LowerOptions) -> Vec<Function> {
    let stub = |name: &str, write: &dyn Fn(&mut Code)| {
        let mut code = Code::new(name, options, Form::Interpreter);
        write(&mut code);
        code.finish().0
    };
    let mut stubs = vec![
        stub(ENTER, &|code| enter(code, spec, options)),
        stub(EXIT, &|code| exit(code, 0)),
        stub(EXIT_THROWN, &|code| exit(code, 1)),
        stub(COROUTINE_FINISHED, &coroutine_finished),
        stub(ENTRY_FIXED, &|code| entry_fixed(code, nil(spec))),
        stub(ENTRY_VARARG, &|code| entry_vararg(code, nil(spec))),
        stub(ENTRY_NATIVE, &entry_native),
        stub(SAFEPOINT, &safepoint),
        stub(THROW, &throw),
        stub(SWITCH, &switch),
        stub(COMPILE, &compile),
        stub(TICK, &tick),
        stub(INTERPRET, &interpret),
    ];
    if let Some(callee_code) = callee_code(spec) {
        stubs.push(stub(RESUME, &|code| resume(code, callee_code)));
        stubs.push(stub(EXECUTE, &|code| execute(code, callee_code)));
        stubs.push(stub(REENTER, &reenter));
    }
    stubs
}

/// What compiled functions have besides their instructions, in the order of [`TEMPLATES`].
pub(super) fn templates(spec: &SpecTables, options: &LowerOptions) -> Vec<(Function, Vec<Hole>)> {
    let template = |name: &str, write: &dyn Fn(&mut Code)| {
        let mut code = Code::new(name, options, Form::Template);
        write(&mut code);
        code.finish()
    };
    let [fixed, vararg, head, load, check, reenter, go_to, miss] = TEMPLATES;
    vec![
        template(fixed, &|code| entry_fixed(code, nil(spec))),
        template(vararg, &|code| entry_vararg(code, nil(spec))),
        template(head, &loop_head),
        template(load, &load_value),
        template(check, &check_value),
        template(reenter, &|code| {
            code.enter_instruction();
            code.b.tail_jump(REENTER, vec![]);
        }),
        template(go_to, &|code| code.jump_to_hole(HoleSource::Place)),
        template(miss, &run_again),
    ]
}

/// The value that stands for a missing one: the first unit leaf.
pub(super) fn nil(spec: &SpecTables) -> u64 {
    let mut units = spec.leaves.values().filter_map(|leaf| match leaf.encoding {
        LeafEncoding::Unit { bits } => Some(bits),
        _ => None,
    });
    units.next().unwrap_or(u64::MAX)
}

/// `extern "C" fn(vm, base, nargs, code) -> u32`: runs a function whose arguments and header are in place.
///
/// ```text
///     push ..; sub rsp, 136               ; the native frame
///     mov  vm, rdi
///     mov  base, rsi
///     mov  pc, [vm+pc]
///     mov  tag0, ..
///     jmp  [vm+rcx*8+entry]               ; ecx = nargs, edx = code
/// ```
fn enter(code: &mut Code, spec: &SpecTables, options: &LowerOptions) {
    let vm = code.b.param(Role::CArg(0), Type::I64);
    let base = code.b.param(Role::CArg(1), Type::I64);
    let count = code.b.param(Role::CArg(2), Type::I64);
    let function = code.b.param(Role::CArg(3), Type::I64);
    code.enter_native();
    // The C ABI leaves the upper halves of 32-bit arguments undefined.
    let [count, function] = [count, function].map(|value| code.b.unary(UnaryOp::Wrap, value));
    code.b.set_pinned(Pinned::Vm, vm);
    code.set_base(base);
    code.reload_pc();
    if options.tag_registers {
        let leaves = spec.tag_registers.iter().take(Pinned::MAX_TAGS.into());
        for (number, leaf) in leaves.enumerate() {
            let tag = code.b.const64(super::boxed::tag_bits(spec, *leaf));
            code.b.set_pinned(Pinned::Tag(number as u8), tag);
        }
    }
    code.enter(function, count);
}

/// The return address of functions that C called, and where they go when they throw: leaves what came back in the VM.
fn exit(code: &mut Code, status: u32) {
    let results = code.b.param(Role::Results, Type::I64);
    let count = code.b.param(Role::Count, Type::I32);
    code.store_hot(MemType::I64, hot::RESULTS, results);
    let count = code.wide(count);
    code.store_hot(MemType::I64, hot::COUNT, count);
    let status = code.b.const32(status);
    code.b.terminate(Terminator::ReturnNative(Some(status)));
}

/// The return address of the first frame of a coroutine.
fn coroutine_finished(code: &mut Code) {
    let results = code.b.param(Role::Results, Type::I64);
    let count = code.b.param(Role::Count, Type::I32);
    code.save_state();
    let count = code.wide(count);
    code.call_builtin(Builtin::CoroutineFinished, &[results, count], &[]);
    code.b.tail_jump(SWITCH, vec![]);
}

/// `Hot::error` has been set and the state saved: goes where it is caught.
fn throw(code: &mut Code) {
    code.call_builtin(Builtin::Throw, &[], &[]);
    code.b.tail_jump(SWITCH, vec![]);
}

/// Goes on where the VM says, as when a function returns there, or as when one is entered.
fn switch(code: &mut Code) {
    code.reload_base();
    code.reload_pc();
    let results = code.load_hot(MemType::I64, hot::RESULTS);
    let count = code.load_hot(MemType::I32, hot::COUNT);
    let function = code.load_hot(MemType::I32, hot::PLAN);
    let args = vec![(Role::Results, results), (Role::Count, count), (Role::Code, function)];
    code.tail_jump(Code::hot(hot::TARGET), args);
}

/// How a function is entered: the base is that of its frame, whose header is complete.
pub(super) struct Entry {
    /// Arguments given: `I32`.
    pub(super) count: Value,
    /// The code object.
    pub(super) function: Value,
}

impl Entry {
    /// Takes what a call passes.
    pub(super) fn new(code: &mut Code) -> Entry {
        let count = code.b.param(Role::Count, Type::I32);
        Entry {
            count,
            function: code.b.param(Role::Code, Type::I32),
        }
    }
}

/// Numbers that code has to know to make a frame.
struct Frame {
    /// Slots.
    size: Value,
    /// Named parameters.
    params: Value,
    /// Address of the first instruction.
    bytecode: Value,
}

impl Frame {
    /// Reads them from the code object; in a template they are filled in.
    fn of(code: &mut Code, function: Value) -> Frame {
        if code.form == Form::Template {
            return Frame {
                size: code.hole(Hole::of(HoleSource::FrameSize)),
                params: code.hole(Hole::of(HoleSource::Params)),
                bytecode: code.bytecode_hole(),
            };
        }
        let mut load = |mem, field| code.b.load(mem, Code::object(function, field));
        Frame {
            size: load(MemType::I32, code::FRAME_SIZE),
            params: load(MemType::I32, code::PARAMS),
            bytecode: load(MemType::I64, code::BYTECODE),
        }
    }
}

/// Makes a frame for code with a fixed number of parameters, and starts it.
///
/// ```text
///     sub  dword [vm+rdx*8+countdown], 1
///     jb   stub.compile                   ; it has been called often
///     mov  eax, [vm+rdx*8+frame_size]
///     lea  rax, [base+rax*8]
///     cmp  rax, [vm+stack_limit]
///     ja   cold                           ; the stack has to grow
///     ..   missing parameters become nil
///     mov  pc, [vm+rdx*8+bytecode]
///     movzx eax, word [pc]
///     jmp  [vm+rax*8+dispatch]
/// ```
///
/// In a template the frame's numbers are known, and the first instruction follows.
fn entry_fixed(code: &mut Code, nil: u64) {
    let entry = Entry::new(code);
    count_call(code, &entry);
    let frame = Frame::of(code, entry.function);
    make_room(code, &entry, frame.size, &MoreRoom::Of(ENTRY_FIXED, frame.bytecode));
    fill_missing(code, &entry, frame.params, nil);
    start(code, frame.bytecode);
}

/// In the interpreter: counts a call.
fn count_call(code: &mut Code, entry: &Entry) {
    if code.form == Form::Template {
        return;
    }
    let addr = Code::object(entry.function, code::COUNTDOWN);
    let cold = code.count_down(addr, "it has been called often");
    code.in_block(cold, |code| {
        let args = vec![(Role::Count, entry.count), (Role::Code, entry.function)];
        code.b.tail_jump(COMPILE, args);
    });
}

/// What is entered once more when the stack has grown.
pub(super) enum MoreRoom<'n> {
    /// A stub for functions whose first instruction is at this address.
    Of(&'n str, Value),
    /// A native function, which has no instructions.
    Native(&'n str),
}

/// Room for a frame of `size` slots. If the stack has to grow, the function is entered once more afterwards.
///
/// An error belongs to the callee: it is thrown at its first instruction.
pub(super) fn make_room(code: &mut Code, entry: &Entry, size: Value, again: &MoreRoom<'_>) {
    let base = code.base();
    let end = code.advance(base, size);
    let limit = code.load_hot(MemType::I64, hot::STACK_LIMIT);
    let is_beyond = code.b.int_compare(IntCond::Ugt, end, limit);
    let cold = code.leave_if(is_beyond, "the stack has to grow");
    code.in_block(cold, |code| {
        let pc = code.caller_pc();
        code.save_base();
        let first = match again {
            MoreRoom::Of(_, bytecode) => *bytecode,
            MoreRoom::Native(_) => code.b.load(MemType::I64, Code::object(entry.function, code::BYTECODE)),
        };
        code.store_hot(MemType::I64, hot::PC, first);
        // Nothing else is kept in these places while a function is entered.
        code.store_hot(MemType::I32, hot::COUNT, entry.count);
        code.store_hot(MemType::I32, hot::PLAN, entry.function);
        code.call_throwing(Builtin::GrowStack, &[size]);
        code.store_hot(MemType::I64, hot::PC, pc);
        let count = code.load_hot(MemType::I32, hot::COUNT);
        let function = code.load_hot(MemType::I32, hot::PLAN);
        match again {
            MoreRoom::Of(name, _) | MoreRoom::Native(name) if code.form != Form::Template => {
                code.b
                    .tail_jump(*name, vec![(Role::Count, count), (Role::Code, function)]);
            }
            _ => code.enter(function, count),
        }
    });
}

/// Parameters without an argument become nil.
pub(super) fn fill_missing(code: &mut Code, entry: &Entry, params: Value, nil: u64) {
    let is_short = code.b.int_compare(IntCond::Ult, entry.count, params);
    let cold = code.leave_if(is_short, "arguments are missing");
    let on = code.b.current();
    code.in_block(cold, |code| {
        let base = code.base();
        code.fill(base, entry.count, params, nil);
        code.b.jump(on, vec![]);
    });
}

/// Runs the first instruction.
fn start(code: &mut Code, bytecode: Value) {
    code.set_pc(bytecode);
    code.safepoint();
    code.next(0, false, None);
}

/// Makes a frame above the surplus arguments:
///
/// ```text
///     [header] p0 p1 | x0 x1 x2 | count   [header] p0 p1 ..
///              ^ old base       ^ -32              ^ new base = old base + (nargs + 4) * 8
/// ```
fn entry_vararg(code: &mut Code, nil: u64) {
    let entry = Entry::new(code);
    count_call(code, &entry);
    let Frame { size, params, bytecode } = Frame::of(code, entry.function);
    let shift = code.add_imm(entry.count, i64::from(frame::HEADER_WORDS) + 1);
    let needed = code.add(shift, size);
    make_room(code, &entry, needed, &MoreRoom::Of(ENTRY_VARARG, bytecode));

    let old = code.base();
    let new = code.advance(old, shift);
    let header = code.frame(frame::CALLEE);
    let header = code.b.load(MemType::I64, header);
    let wide = code.wide(shift);
    let shift_high = code.b.binary_imm(BinaryOp::Shl, wide, 32);
    let header = code.add(header, shift_high);
    code.b.store(MemType::I64, Addr::value(new, frame::CALLEE), header);
    for place in [frame::RETURN, frame::PC] {
        let addr = code.frame(place);
        let word = code.b.load(MemType::I64, addr);
        code.b.store(MemType::I64, Addr::value(new, place), word);
    }

    let has_surplus = code.b.int_compare(IntCond::Ugt, entry.count, params);
    let surplus = code.sub(entry.count, params);
    let zero = code.b.const32(0);
    let surplus = code.b.select(has_surplus, surplus, zero);
    let surplus = code.wide(surplus);
    let surplus = code.b.binary(BinaryOp::Or, surplus, shift_high);
    code.b.store(MemType::I64, Addr::value(new, frame::VARARGS), surplus);

    let given = code.b.select(has_surplus, params, entry.count);
    code.copy_upwards(super::copy::Run { ptr: old, count: given }, new);
    code.fill(new, given, params, nil);
    code.set_base(new);
    start(code, bytecode);
}

/// Runs a function written in Rust, and returns.
fn entry_native(code: &mut Code) {
    let entry = Entry::new(code);
    code.save_state();
    code.call_throwing(Builtin::CallNative, &[entry.count, entry.function]);
    let results = code.load_hot(MemType::I64, hot::RESULTS);
    let count = code.load_hot(MemType::I32, hot::COUNT);
    code.return_to_caller(results, count);
}

/// Stands in the dispatch table instead of every handler when a safepoint is due. Does what is due, then runs the
/// instruction, whatever is in the dispatch table now.
///
/// ```text
///     mov  [vm], base; mov [vm+8], pc
///     mov  rdi, vm
///     call [vm+safepoint_builtin]
///     test rdx, rdx
///     je   stub.throw
///     mov  base, [vm]
///     movzx eax, word [pc]
///     mov  rcx, [vm+handlers]
///     jmp  [rcx+rax*8]
/// ```
///
/// The instruction may go on with what the one before it has computed.
fn safepoint(code: &mut Code) {
    let forwarded = code.b.param(Role::Forwarded, Type::F64);
    code.save_state();
    code.call_throwing(Builtin::Safepoint, &[]);
    jump_through(code, hot::HANDLERS, forwarded);
}

/// Runs the instruction, whatever is in the dispatch table.
///
/// ```text
///     movzx eax, word [pc]
///     mov  rcx, [vm+handlers]
///     jmp  [rcx+rax*8]
/// ```
fn interpret(code: &mut Code) {
    let forwarded = code.b.param(Role::Forwarded, Type::F64);
    jump_through(code, hot::HANDLERS, forwarded);
}

/// Goes where a table says for the instruction.
fn jump_through(code: &mut Code, table: i32, forwarded: Value) {
    let opcode = code.operand(MemType::U16, 0);
    let table = code.load_hot(MemType::I64, table);
    let handler = code.values(table, opcode, 0);
    code.tail_jump(handler, vec![(Role::Forwarded, forwarded)]);
}

/// Runs the instruction as compiled functions do that have no code for it. If that happens often, the function is
/// compiled anew, for what its instructions have become.
///
/// ```text
///     mov  eax, [base-24]; mov eax, [vm+rax*8+code]
///     sub  dword [vm+rax*8+countdown], 1
///     jb   cold                           ; its instructions have changed
///     movzx eax, word [pc]
///     mov  rcx, [vm+shared]
///     jmp  [rcx+rax*8]
/// ```
fn execute(code: &mut Code, callee_code: i32) {
    let forwarded = code.b.param(Role::Forwarded, Type::F64);
    let function = code.running_code(callee_code);
    let cold = code.count_down(Code::object(function, code::COUNTDOWN), "its instructions have changed");
    let on = code.b.current();
    code.in_block(cold, |code| {
        code.save_state();
        code.call_builtin(Builtin::Compile, &[function], &[]);
        code.b.jump(on, vec![]);
    });
    // The countdown has been set anew.
    jump_through(code, hot::SHARED, forwarded);
}

/// Runs the instruction as if the function had no code for it, and notes down that this was needed.
///
/// ```text
///     ..   base and pc are saved
///     mov  rdi, vm
///     call [vm+reenter]
///     movzx eax, word [pc]
///     mov  rcx, [vm+shared]
///     jmp  [rcx+rax*8]
/// ```
fn reenter(code: &mut Code) {
    let forwarded = code.b.param(Role::Forwarded, Type::F64);
    code.save_state();
    code.call_builtin(Builtin::Reenter, &[], &[]);
    jump_through(code, hot::SHARED, forwarded);
}

/// Loads a slot into a register.
///
/// ```text
///     movsd value, [base+slot*8]
/// ```
fn load_value(code: &mut Code) {
    let slot = code.hole(Hole::of(HoleSource::Slot));
    let addr = code.slot(slot, 0);
    let value = code.b.load(MemType::F64, addr);
    code.b.set_pinned(Pinned::Cached(0), value);
    code.jump_to_hole(HoleSource::Next);
}

/// Goes elsewhere if a value in a register is no double.
///
/// ```text
///     ucomisd value, value
///     jp   place
/// ```
fn check_value(code: &mut Code) {
    let value = code.b.get_pinned(Pinned::Cached(0));
    let is_other = code.b.float_compare(FloatCond::Unordered, value, value);
    let cold = code.leave_if(is_other, "it is no double");
    code.in_block(cold, |code| code.jump_to_hole(HoleSource::Place));
    code.jump_to_hole(HoleSource::Next);
}

/// The running function goes on in its compiled code, or in the interpreter if it has none any more.
///
/// ```text
///     mov  eax, [base-24]; mov eax, [vm+rax*8+code]
///     mov  rcx, [vm+rax*8+compiled]
///     test rcx, rcx
///     je   cold                           ; it has no compiled code
///     mov  rdx, [vm+rax*8+bytecode]
///     sub  pc, rdx
///     shr  pc, 1                          ; 4 bytes for each word
///     mov  eax, [rcx+pc+offsets]
///     add  rax, [rcx+start]
///     mov  pc, rdx
///     jmp  rax
/// ```
fn resume(code: &mut Code, callee_code: i32) {
    let forwarded = code.b.param(Role::Forwarded, Type::F64);
    let function = code.running_code(callee_code);
    let compiled = code.b.load(MemType::I64, Code::object(function, code::COMPILED));
    let is_gone = code.b.int_compare_imm(IntCond::Eq, compiled, 0);
    let cold = code.leave_if(is_gone, "it has no compiled code");
    code.in_block(cold, |code| code.dispatch(0, Some(forwarded)));
    let first = code.b.load(MemType::I64, Code::object(function, code::BYTECODE));
    let pc = code.pc();
    let distance = code.sub(pc, first);
    let place = code.b.binary_imm(BinaryOp::Shr, distance, 1);
    let place = Addr::value(compiled, compiled::OFFSETS).indexed(place, Scale::X1);
    let offset = code.b.load(MemType::I32, place);
    let start = code.b.load(MemType::I64, Addr::value(compiled, compiled::START));
    let offset = code.wide(offset);
    let target = code.add(start, offset);
    code.set_pc(first);
    code.b.terminate(Terminator::TailJump {
        target: JumpTarget::Value(target),
        args: vec![(Role::Forwarded, forwarded)],
    });
}

/// A function that has been called often is about to be entered: compiles it first, if it can be.
fn compile(code: &mut Code) {
    let entry = Entry::new(code);
    code.save_base();
    code.store_hot(MemType::I32, hot::COUNT, entry.count);
    code.store_hot(MemType::I32, hot::PLAN, entry.function);
    code.call_builtin(Builtin::Compile, &[entry.function], &[]);
    let count = code.load_hot(MemType::I32, hot::COUNT);
    let function = code.load_hot(MemType::I32, hot::PLAN);
    code.enter(function, count);
}

/// The interpreter has jumped often: counts for the running function, which may go on in compiled code from here.
fn tick(code: &mut Code) {
    code.save_state();
    let target = code.call_builtin(Builtin::Tick, &[], &[Type::I64])[0];
    code.reload_pc();
    let is_interpreted = code.b.int_compare_imm(IntCond::Eq, target, 0);
    let cold = code.leave_if(is_interpreted, "");
    code.in_block(cold, |code| {
        code.safepoint();
        code.dispatch(0, None);
    });
    code.b.terminate(Terminator::TailJump {
        target: JumpTarget::Value(target),
        args: vec![],
    });
}

/// No case of a cache has the key: the instruction is run as what it has become.
///
/// ```text
///     lea pc, [pc+pos]
///     jmp stub.execute
/// ```
fn run_again(code: &mut Code) {
    code.last = Some(code.b.param(Role::Forwarded, Type::F64));
    code.execute_here();
}

/// Where a loop begins in compiled code.
fn loop_head(code: &mut Code) {
    code.safepoint();
    code.next(0, false, None);
}
