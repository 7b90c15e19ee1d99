//! Small functions and the code that becomes of them.

use dg_backend_x64::emit::compile;
use dg_backend_x64::encoder::{Disp, Gpr, Hole, Scale};
use dg_backend_x64::lir::{
    Addr, Base, BinaryOp, Builder, CallTarget, FloatBinaryOp, FloatCond, FloatUnaryOp, IntCond, JumpTarget, MemType,
    Pinned, Role, Terminator, Type, UnaryOp, Value,
};
use dg_backend_x64::listing::Listing;
use dg_backend_x64::machine::Config;

/// The LIR and both parts of the code, for a snapshot.
fn render(builder: Builder) -> String {
    let function = builder.finish();
    let compiled = compile(&function, &Config::default()).unwrap_or_else(|error| panic!("{error}\n{function}"));
    let mut text = function.to_string();
    for (part, object) in [("hot", compiled.hot), ("cold", compiled.cold)] {
        if let Some(object) = object {
            let listing = Listing::new(&object).part(part);
            let names = [
                (Gpr::Rbp, "pc"),
                (Gpr::Rbx, "base"),
                (Gpr::R15, "vm"),
                (Gpr::R14, "tag0"),
            ];
            let listing = names
                .into_iter()
                .fold(listing, |listing, (gpr, name)| listing.register(gpr, name));
            text.push('\n');
            text.push_str(&listing.render());
        }
    }
    text
}

fn operand(b: &mut Builder, offset: i32) -> Value {
    b.load_invariant(MemType::U16, Addr::pinned(Pinned::Pc, offset))
}

fn slot(index: Value, offset: i32) -> Addr {
    Addr::pinned(Pinned::Base, offset).indexed(index, Scale::X8)
}

/// Goes on with the instruction `length` bytes further.
fn dispatch(b: &mut Builder, length: i32) {
    let opcode = operand(b, length);
    let pc = b.get_pinned(Pinned::Pc);
    let next = b.binary_imm(BinaryOp::Add, pc, length.into());
    b.set_pinned(Pinned::Pc, next);
    let target = JumpTarget::Memory(Addr::pinned(Pinned::Vm, 0x1400).indexed(opcode, Scale::X8));
    b.terminate(Terminator::TailJump { target, args: vec![] });
}

#[test]
fn add_of_two_slots() {
    let mut b = Builder::new("ADD");
    let (fast, slow) = (b.new_block(false), b.new_block(true));
    let lhs = operand(&mut b, 4);
    let rhs = operand(&mut b, 6);
    let x = b.load(MemType::F64, slot(lhs, 0));
    let y = b.load(MemType::F64, slot(rhs, 0));
    let unordered = b.float_compare(FloatCond::Unordered, x, y);
    b.comment("lhs or rhs is not a double");
    b.branch(unordered, slow, fast);
    b.switch_to(fast);
    let sum = b.float_binary(FloatBinaryOp::Add, x, y);
    let dst = operand(&mut b, 2);
    b.store(MemType::F64, slot(dst, 0), sum);
    dispatch(&mut b, 8);
    b.switch_to(slow);
    b.tail_jump("ADD.slow", vec![]);
    insta::assert_snapshot!(render(b));
}

/// One instruction adds and says whether the sum fits.
#[test]
fn a_sum_and_its_overflow_are_one_instruction() {
    let mut b = Builder::new("ADD");
    let (fast, slow) = (b.new_block(false), b.new_block(true));
    let lhs = operand(&mut b, 4);
    let rhs = operand(&mut b, 6);
    let x = b.load(MemType::I32, slot(lhs, 0));
    let y = b.load(MemType::I32, slot(rhs, 0));
    let sum = b.binary(BinaryOp::Add, x, y);
    let overflows = b.int_compare(IntCond::SumOverflows, x, y);
    b.branch(overflows, slow, fast);
    b.switch_to(fast);
    // Where the result is computed behind the question, it is no other one.
    let product = b.binary(BinaryOp::Mul, x, sum);
    let fits = b.int_compare(IntCond::ProductFits, x, sum);
    let end = b.new_block(false);
    b.branch(fits, end, slow);
    b.switch_to(end);
    let dst = operand(&mut b, 2);
    b.store(MemType::I32, slot(dst, 0), product);
    dispatch(&mut b, 8);
    b.switch_to(slow);
    b.tail_jump("ADD.slow", vec![]);
    insta::assert_snapshot!(render(b));
}

/// Ends a function that has computed `value`.
fn leave_with(b: &mut Builder, value: Value) {
    b.tail_jump("next", vec![(Role::Results, value)]);
}

#[test]
fn checks_compare_memory_with_immediates() {
    let mut b = Builder::new("checks");
    let [no, second, third, fourth] = [true, false, false, false].map(|is_cold| b.new_block(is_cold));
    let index = operand(&mut b, 2);
    let high = b.load(MemType::I32, slot(index, 4));
    let differs = b.int_compare_imm(IntCond::Ne, high, 0xfffe_0001);
    b.comment("no table");
    b.branch(differs, no, second);
    b.switch_to(second);
    let bits = b.load(MemType::I64, slot(index, 0));
    let is_nil = b.int_compare_imm(IntCond::Eq, bits, -1);
    b.branch(is_nil, no, third);
    b.switch_to(third);
    let byte = b.load(MemType::U8, Addr::pinned(Pinned::Vm, 1).indexed(index, Scale::X8));
    let is_old = b.int_compare_imm(IntCond::Eq, byte, 1);
    b.branch(is_old, no, fourth);
    b.switch_to(fourth);
    let flags = b.load(MemType::U8, Addr::pinned(Pinned::Vm, 2).indexed(index, Scale::X8));
    let flag = b.binary_imm(BinaryOp::And, flags, 4);
    let zero = b.const32(0);
    let is_set = b.int_compare(IntCond::Ne, flag, zero);
    let end = b.new_block(false);
    b.branch(is_set, no, end);
    b.switch_to(no);
    b.tail_jump("checks.slow", vec![]);
    b.switch_to(end);
    b.tail_jump("checks.done", vec![]);
    insta::assert_snapshot!(render(b));
}

#[test]
fn addresses_take_in_sums_and_shifts() {
    let mut b = Builder::new("addresses");
    let object = b.param(Role::Results, Type::I64);
    let index = b.param(Role::Count, Type::I32);
    let wide = b.unary(UnaryOp::Zext, index);
    let doubled = b.binary_imm(BinaryOp::Shl, wide, 1);
    let moved = b.binary_imm(BinaryOp::Add, doubled, 3);
    let inside = b.binary_imm(BinaryOp::Add, object, 8);
    let value = b.load(MemType::I64, Addr::value(inside, 16).indexed(moved, Scale::X4));
    leave_with(&mut b, value);
    insta::assert_snapshot!(render(b));
}

#[test]
fn arithmetic_on_memory_is_one_instruction() {
    let mut b = Builder::new("update");
    let old = b.load(MemType::I32, Addr::pinned(Pinned::Vm, 0x20));
    let new = b.binary_imm(BinaryOp::Sub, old, 1);
    b.store(MemType::I32, Addr::pinned(Pinned::Vm, 0x20), new);
    let x = b.load(MemType::F64, Addr::pinned(Pinned::Base, 0));
    let y = b.load(MemType::F64, Addr::pinned(Pinned::Base, 8));
    let product = b.float_binary(FloatBinaryOp::Mul, x, y);
    b.store(MemType::F64, Addr::pinned(Pinned::Base, 16), product);
    b.tail_jump("next", vec![]);
    insta::assert_snapshot!(render(b));
}

#[test]
fn a_load_is_not_moved_over_a_store() {
    let mut b = Builder::new("order");
    let before = b.load(MemType::I64, Addr::pinned(Pinned::Base, 0));
    let zero = b.const64(0);
    b.store(MemType::I64, Addr::pinned(Pinned::Base, 8), zero);
    let other = b.get_pinned(Pinned::Pc);
    let sum = b.binary(BinaryOp::Add, other, before);
    leave_with(&mut b, sum);
    insta::assert_snapshot!(render(b));
}

#[test]
fn conversions_do_not_wait_for_old_values() {
    let mut b = Builder::new("conversions");
    let x = b.load(MemType::F64, Addr::pinned(Pinned::Base, 0));
    let whole = b.unary(UnaryOp::F64ToI32, x);
    let back = b.unary(UnaryOp::I32ToF64, whole);
    let differs = b.float_compare(FloatCond::Ne, back, x);
    let (no, yes) = (b.new_block(true), b.new_block(false));
    b.branch(differs, no, yes);
    b.switch_to(no);
    b.tail_jump("conversions.slow", vec![]);
    b.switch_to(yes);
    let negated = b.float_unary(FloatUnaryOp::Neg, x);
    b.store(MemType::F64, Addr::pinned(Pinned::Base, 8), negated);
    let floor = b.float_unary(FloatUnaryOp::Floor, x);
    b.store(MemType::F64, Addr::pinned(Pinned::Base, 16), floor);
    let truth = b.float_compare(FloatCond::Lt, x, floor);
    let truth = b.unary(UnaryOp::Zext, truth);
    leave_with(&mut b, truth);
    insta::assert_snapshot!(render(b));
}

#[test]
fn flags_of_a_check_serve_the_comparison_after_it() {
    let mut b = Builder::new("flags");
    let [slow, fast, yes, no] = [true, false, false, false].map(|is_cold| b.new_block(is_cold));
    let x = b.load(MemType::F64, Addr::pinned(Pinned::Base, 0));
    let y = b.load(MemType::F64, Addr::pinned(Pinned::Base, 8));
    let unordered = b.float_compare(FloatCond::Unordered, x, y);
    b.branch(unordered, slow, fast);
    b.switch_to(fast);
    let less = b.float_compare(FloatCond::Lt, x, y);
    b.branch(less, yes, no);
    for (block, target) in [(slow, "flags.slow"), (yes, "flags.yes"), (no, "flags.no")] {
        b.switch_to(block);
        b.tail_jump(target, vec![]);
    }
    insta::assert_snapshot!(render(b));
}

#[test]
fn calls_keep_values_apart_from_the_hot_path() {
    let mut b = Builder::new("call");
    let (cold, done) = (b.new_block(true), b.new_block(false));
    let index = operand(&mut b, 2);
    let state = b.load(MemType::U8, Addr::pinned(Pinned::Vm, 1).indexed(index, Scale::X8));
    let is_old = b.int_compare_imm(IntCond::Eq, state, 1);
    b.branch(is_old, cold, done);
    b.switch_to(cold);
    let vm = b.get_pinned(Pinned::Vm);
    b.call(
        CallTarget::Memory(Addr::pinned(Pinned::Vm, 0x100)),
        vec![vm, index],
        &[],
    );
    b.jump(done, vec![]);
    b.switch_to(done);
    dispatch(&mut b, 8);
    insta::assert_snapshot!(render(b));
}

#[test]
fn a_c_function_saves_what_its_caller_needs() {
    let mut b = Builder::new("enter");
    let vm = b.param(Role::CArg(0), Type::I64);
    let code = b.param(Role::CArg(1), Type::I32);
    b.push(dg_backend_x64::lir::Op::EnterNative, &[]);
    b.set_pinned(Pinned::Vm, vm);
    let state = b.load(MemType::I64, Addr::pinned(Pinned::Vm, 0).indexed(code, Scale::X8));
    b.terminate(Terminator::ReturnNative(Some(state)));
    insta::assert_snapshot!(render(b));
}

#[test]
fn a_counter_is_tested_as_it_is_counted_down() {
    let mut b = Builder::new("count_down");
    let (cold, on) = (b.new_block(true), b.new_block(false));
    b.count_down(Addr::pinned(Pinned::Vm, 152), cold, on);
    b.switch_to(cold);
    b.tail_jump("often", vec![]);
    b.switch_to(on);
    dispatch(&mut b, 8);
    insta::assert_snapshot!(render(b));
}

#[test]
fn a_sum_is_not_made_to_be_compared() {
    let mut b = Builder::new("sum");
    let (done, on) = (b.new_block(false), b.new_block(false));
    let count = b.load(MemType::I32, Addr::pinned(Pinned::Vm, 8));
    let more = b.binary_imm(BinaryOp::Add, count, -2);
    let is_none = b.int_compare_imm(IntCond::Eq, more, 0);
    b.branch(is_none, done, on);
    for (block, length) in [(done, 8), (on, 16)] {
        b.switch_to(block);
        dispatch(&mut b, length);
    }
    insta::assert_snapshot!(render(b));
}

#[test]
fn holes_stay_open() {
    let mut b = Builder::new("template");
    let lhs = Addr {
        base: Base::Pinned(Pinned::Base),
        index: None,
        disp: Disp::Hole(Hole::dword(0)),
    };
    let x = b.load(MemType::I64, lhs);
    let number = b.const_hole(Type::I64, Hole::dword(1));
    let sum = b.binary(BinaryOp::Add, x, number);
    let result = Addr {
        base: Base::Pinned(Pinned::Base),
        index: None,
        disp: Disp::Hole(Hole::dword(2)),
    };
    b.store(MemType::I64, result, sum);
    b.terminate(Terminator::TailJump {
        target: JumpTarget::Hole(Hole::dword(3)),
        args: vec![],
    });
    insta::assert_snapshot!(render(b));
}
