//! Switching between coroutines: what the runtime's `resume` and `yield` do, without it, as far as nothing can fail.

use dg_backend_x64::lir::{Addr, BlockCall, IntCond, MemType, Role, Type, Value};

use super::copy::Run;
use super::frame::Code;
use super::stubs::SWITCH;
use crate::abi::{Builtin, coroutine, hot};

/// Up to so many values fit above whatever is saved across a yield, without a look at the stack's size.
const FEW: i64 = 8;

/// How the running coroutine stops.
pub(super) struct Switch {
    /// What the other coroutine gets.
    pub(super) values: Run,
    /// Where the running coroutine goes on.
    pub(super) continuation: Value,
    /// The end of what it has in use.
    pub(super) top: Value,
}

impl Switch {
    /// Leaves it to the runtime, which then says where to go on.
    fn by_runtime(&self, code: &mut Code, builtin: Builtin, target: Option<Value>) {
        code.save_state();
        let count = code.wide(self.values.count);
        let values = [self.values.ptr, count, self.continuation, self.top];
        let args: Vec<Value> = target.into_iter().chain(values).collect();
        code.call_builtin(builtin, &args, &[]);
        code.b.tail_jump(SWITCH, vec![]);
    }

    /// The running coroutine stops here.
    fn save(&self, code: &mut Code, running: Value, status: u32) {
        let (base, pc) = (code.base(), code.pc());
        let words = [
            (coroutine::BASE, base),
            (coroutine::PC, pc),
            (coroutine::CONTINUATION, self.continuation),
            (coroutine::CALLEE_BASE, self.top),
        ];
        for (place, word) in words {
            code.b.store(MemType::I64, Code::object(running, place), word);
        }
        let open_top = code.load_hot(MemType::I32, hot::OPEN_TOP);
        code.b
            .store(MemType::I32, Code::object(running, coroutine::OPEN_TOP), open_top);
        set_status(code, running, status);
    }
}

/// Resumes a coroutine that is suspended. Everything else is the runtime's: one that is not, many values, coroutines that
/// resume each other without end, and the first resumption after a collection, of which the collector has to know.
///
/// ```text
///     cmp  byte [vm+r*8+status], suspended
///     jne  cold
///     ..   cold as well: the rest
///     mov  ecx, [vm+coroutine]
///     ..   [vm+rcx*8+..]: base, pc, continuation, the end of what is in use, the status
///     ..   [vm+r*8+..]: resumer, depth, the status
///     ..   the values go to the top of its stack
///     mov  base, [vm+r*8+base]            ; and so on
///     jmp  [vm+r*8+continuation]
/// ```
pub(super) fn resume(code: &mut Code, target: Value, switch: &Switch, nil: u64) {
    let is_cold = code.b.is_cold();
    let cold = code.b.new_block(true);
    let unless = |code: &mut Code, condition: Value, why: &str| {
        let on = code.b.new_block(is_cold);
        code.b.comment(why);
        code.b.branch(condition, cold, on);
        code.b.switch_to(on);
    };

    let status = code.b.load(MemType::U8, Code::object(target, coroutine::STATUS));
    let differs = code.b.int_compare_imm(IntCond::Ne, status, coroutine::SUSPENDED.into());
    unless(code, differs, "it is not suspended");
    let is_long = code.b.int_compare_imm(IntCond::Ugt, switch.values.count, FEW);
    unless(code, is_long, "there may be no room");
    let flags = code.b.load(MemType::U16, Code::object(target, coroutine::FLAGS));
    let is_new = code.b.int_compare_imm(IntCond::Eq, flags, 0);
    unless(code, is_new, "the collector has to know");
    let running = code.load_hot(MemType::I32, hot::COROUTINE);
    let depth = code
        .b
        .load(MemType::I32, Code::object(running, coroutine::RESUME_DEPTH));
    let is_deep = code
        .b
        .int_compare_imm(IntCond::Uge, depth, coroutine::RESUME_DEPTH_MAX.into());
    unless(code, is_deep, "too many wait for one another");

    let depth = code.add_imm(depth, 1);
    let native_depth = code.load_hot(MemType::I32, hot::NATIVE_DEPTH);
    let halves = [
        (coroutine::RESUME_DEPTH, depth),
        (coroutine::NATIVE_DEPTH, native_depth),
        (coroutine::RESUMER, running),
    ];
    for (place, half) in halves {
        code.b.store(MemType::I32, Code::object(target, place), half);
    }
    switch.save(code, running, coroutine::NORMAL);
    let place = code.b.load(MemType::I64, Code::object(target, coroutine::CALLEE_BASE));
    // There is always a readable value.
    let missing = code.b.const64(nil);
    code.b.store(MemType::I64, Addr::value(place, 0), missing);
    code.copy_upwards(switch.values, place);
    run(code, target, place, switch.values.count);

    code.b.switch_to(cold);
    switch.by_runtime(code, Builtin::Resume, Some(target));
}

/// Yields to the resumer of the running coroutine. The runtime says what is wrong when that is impossible.
pub(super) fn yield_values(code: &mut Code, switch: &Switch, nil: u64) {
    let is_cold = code.b.is_cold();
    let running = code.load_hot(MemType::I32, hot::COROUTINE);
    let resumer = code.b.load(MemType::I32, Code::object(running, coroutine::RESUMER));
    let has_none = code.b.int_compare_imm(IntCond::Eq, resumer, 0);
    let alone = code.leave_if(has_none, "nobody has resumed it");
    let then = code
        .b
        .load(MemType::I32, Code::object(running, coroutine::NATIVE_DEPTH));
    let now = code.load_hot(MemType::I32, hot::NATIVE_DEPTH);
    let differs = code.b.int_compare(IntCond::Ne, then, now);
    let crosses = code.leave_if(differs, "there is native code between");

    switch.save(code, running, coroutine::SUSPENDED);
    let nobody = code.b.const32(0);
    code.b
        .store(MemType::I32, Code::object(running, coroutine::RESUMER), nobody);
    let (none, some) = (code.b.new_block(true), code.b.new_block(is_cold));
    let first = code.b.block_param(some, Type::I64);
    let is_empty = code.b.int_compare_imm(IntCond::Eq, switch.values.count, 0);
    code.b.comment("there is always a readable value");
    let given = BlockCall {
        block: some,
        args: vec![switch.values.ptr],
    };
    code.b.branch(is_empty, none, given);
    code.b.switch_to(none);
    let missing = code.b.const64(nil);
    code.b.store(MemType::I64, Addr::value(switch.top, 0), missing);
    code.b.jump(some, vec![switch.top]);
    code.b.switch_to(some);
    run(code, resumer, first, switch.values.count);

    for cold in [alone, crosses] {
        code.b.switch_to(cold);
        switch.by_runtime(code, Builtin::Yield, None);
    }
}

fn set_status(code: &mut Code, target: Value, status: u32) {
    let status = code.b.const32(status);
    code.b
        .store(MemType::U8, Code::object(target, coroutine::STATUS), status);
}

/// Another coroutine runs from now on, and has been given these values.
fn run(code: &mut Code, target: Value, values: Value, count: Value) {
    set_status(code, target, coroutine::RUNNING);
    code.store_hot(MemType::I32, hot::COROUTINE, target);
    let words = [
        (coroutine::STACK_LIMIT, hot::STACK_LIMIT, MemType::I64),
        (coroutine::OPEN_TOP, hot::OPEN_TOP, MemType::I32),
    ];
    for (from, to, mem) in words {
        let word = code.b.load(mem, Code::object(target, from));
        code.store_hot(mem, to, word);
    }
    let callee_base = code.b.load(MemType::I64, Code::object(target, coroutine::CALLEE_BASE));
    code.set_base(callee_base);
    let args = vec![(Role::Results, values), (Role::Count, count)];
    code.tail_jump(Code::object(target, coroutine::CONTINUATION), args);
}
