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
            let names = [(Gpr::Rbp, "pc"), (Gpr::Rbx, "base"), (Gpr::R15, "vm"), (Gpr::R14, "tag0")];
            let listing = names.into_iter().fold(listing, |listing, (gpr, name)| listing.register(gpr, name));
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
