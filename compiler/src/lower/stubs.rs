//! The code that every VM has, whatever its language: entries of functions, the way in from C and out again, throwing
//! and switching between coroutines.

use dg_backend_x64::lir::{Addr, BinaryOp, Function, IntCond, MemType, Pinned, Role, Terminator, Type, UnaryOp, Value};

use super::LowerOptions;
use super::frame::Code;
use crate::abi::{Builtin, code, frame, hot};
use crate::emit::Stubs;
use crate::ir::SpecTables;
use crate::ir::spec::LeafEncoding;

const ENTER: &str = "stub.enter";
pub(super) const EXIT: &str = "stub.exit";
pub(super) const EXIT_THROWN: &str = "stub.exit_thrown";
const COROUTINE_FINISHED: &str = "stub.coroutine_finished";
const ENTRY_FIXED: &str = "stub.entry_fixed";
const ENTRY_VARARG: &str = "stub.entry_vararg";
const ENTRY_NATIVE: &str = "stub.entry_native";
const SAFEPOINT: &str = "stub.safepoint";
/// `Hot::error` is set, base and program counter are saved.
pub(super) const THROW: &str = "stub.throw";
/// Goes on where the VM says.
pub(super) const SWITCH: &str = "stub.switch";

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

/// All stubs.
pub(super) fn all(spec: &SpecTables, options: &LowerOptions) -> Vec<Function> {
    let stub = |name: &str, write: &dyn Fn(&mut Code)| {
        let mut code = Code::new(name, options);
        write(&mut code);
        code.b.finish()
    };
    vec![
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
    let callee_base = code.b.param(Role::CalleeBase, Type::I64);
    code.store_hot(MemType::I64, hot::RESULTS, results);
    let count = code.wide(count);
    code.store_hot(MemType::I64, hot::COUNT, count);
    code.store_hot(MemType::I64, hot::CALLEE_BASE, callee_base);
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
    let callee_base = code.load_hot(MemType::I64, hot::CALLEE_BASE);
    let function = code.load_hot(MemType::I32, hot::PLAN);
    let args = vec![
        (Role::Results, results),
        (Role::Count, count),
        (Role::CalleeBase, callee_base),
        (Role::Code, function),
    ];
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

/// Makes a frame for code with a fixed number of parameters, and starts it.
///
/// ```text
///     mov  eax, [vm+rdx*8+frame_size]
///     lea  rax, [base+rax*8]
///     cmp  rax, [vm+stack_limit]
///     ja   cold                           ; the stack has to grow
///     ..   missing parameters become nil
///     mov  pc, [vm+rdx*8+bytecode]
///     movzx eax, word [pc]
///     jmp  [vm+rax*8+dispatch]
/// ```
fn entry_fixed(code: &mut Code, nil: u64) {
    let entry = Entry::new(code);
    let size = code
        .b
        .load(MemType::I32, Code::object(entry.function, code::FRAME_SIZE));
    make_room(code, &entry, size, ENTRY_FIXED);
    let params = code.b.load(MemType::I32, Code::object(entry.function, code::PARAMS));
    fill_missing(code, &entry, params, nil);
    start(code, entry.function);
}

/// Room for a frame of `size` slots. If the stack has to grow, `this` is entered once more afterwards.
///
/// An error belongs to the callee: it is thrown at its first instruction.
pub(super) fn make_room(code: &mut Code, entry: &Entry, size: Value, this: &str) {
    let base = code.base();
    let end = code.advance(base, size);
    let limit = code.load_hot(MemType::I64, hot::STACK_LIMIT);
    let is_beyond = code.b.int_compare(IntCond::Ugt, end, limit);
    let cold = code.leave_if(is_beyond, "the stack has to grow");
    code.in_block(cold, |code| {
        let pc = code.pc();
        code.save_state();
        let first = code.b.load(MemType::I64, Code::object(entry.function, code::BYTECODE));
        code.store_hot(MemType::I64, hot::PC, first);
        // Nothing else is kept in these places while a function is entered.
        code.store_hot(MemType::I32, hot::COUNT, entry.count);
        code.store_hot(MemType::I32, hot::PLAN, entry.function);
        code.call_throwing(Builtin::GrowStack, &[size]);
        code.store_hot(MemType::I64, hot::PC, pc);
        let count = code.load_hot(MemType::I32, hot::COUNT);
        let function = code.load_hot(MemType::I32, hot::PLAN);
        code.b
            .tail_jump(this, vec![(Role::Count, count), (Role::Code, function)]);
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
fn start(code: &mut Code, function: Value) {
    let pc = code.b.load(MemType::I64, Code::object(function, code::BYTECODE));
    code.set_pc(pc);
    code.safepoint();
    code.dispatch(0);
}

/// Makes a frame above the surplus arguments:
///
/// ```text
///     [header] p0 p1 | x0 x1 x2 | count   [header] p0 p1 ..
///              ^ old base       ^ -32              ^ new base = old base + (nargs + 4) * 8
/// ```
fn entry_vararg(code: &mut Code, nil: u64) {
    let entry = Entry::new(code);
    let size = code
        .b
        .load(MemType::I32, Code::object(entry.function, code::FRAME_SIZE));
    let shift = code.add_imm(entry.count, i64::from(frame::HEADER_WORDS) + 1);
    let needed = code.add(shift, size);
    make_room(code, &entry, needed, ENTRY_VARARG);

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

    let params = code.b.load(MemType::I32, Code::object(entry.function, code::PARAMS));
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
    start(code, entry.function);
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
fn safepoint(code: &mut Code) {
    code.save_state();
    code.call_throwing(Builtin::Safepoint, &[]);
    let opcode = code.operand(MemType::U16, 0);
    let handlers = code.load_hot(MemType::I64, hot::HANDLERS);
    code.tail_jump(Code::values(handlers, opcode, 0), vec![]);
}
