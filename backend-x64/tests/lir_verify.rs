//! What is no well-formed low-level function, and how that is said.

use dg_backend_x64::lir::{
    Addr, BinaryOp, BlockCall, Builder, CallTarget, FloatBinaryOp, MemType, Pinned, Role, Terminator, Type, verify,
};

/// The message for the function that `write` makes.
fn message(write: impl FnOnce(&mut Builder)) -> String {
    let mut b = Builder::new("f");
    write(&mut b);
    verify(&b.finish())
        .expect_err("the function should be rejected")
        .to_string()
}

#[test]
fn every_block_ends() {
    assert_eq!(message(|_| {}), "f, block0, terminator: the block does not end");
}

#[test]
fn operands_have_the_right_types() {
    let found = message(|b| {
        let x = b.const_f64(1.0);
        let y = b.const32(1);
        b.float_binary(FloatBinaryOp::Add, x, y);
        b.terminate(Terminator::Trap);
    });
    assert_eq!(found, "f, block0, instruction 2: v1 is i32, f64 is needed");
    let found = message(|b| {
        let x = b.const64(1);
        let y = b.const32(1);
        b.binary(BinaryOp::Add, x, y);
        b.terminate(Terminator::Trap);
    });
    assert_eq!(found, "f, block0, instruction 2: v1 is i32, i64 is needed");
    let found = message(|b| {
        let x = b.const_f64(1.0);
        b.load(MemType::I32, Addr::value(x, 0));
        b.terminate(Terminator::Trap);
    });
    assert_eq!(found, "f, block0, instruction 1: v0 is f64, an integer is needed");
}

#[test]
fn values_are_defined_on_every_path_to_their_uses() {
    let found = message(|b| {
        let [left, right] = [false; 2].map(|is_cold| b.new_block(is_cold));
        let cond = b.const32(1);
        b.branch(cond, left, right);
        b.switch_to(left);
        let value = b.const64(1);
        b.jump(right, vec![]);
        b.switch_to(right);
        b.set_pinned(Pinned::Base, value);
        b.terminate(Terminator::Trap);
    });
    assert_eq!(found, "f, block2, instruction 0: v1 is not defined on every path");
}

#[test]
fn jumps_fit_their_blocks() {
    let found = message(|b| {
        let next = b.new_block(false);
        b.block_param(next, Type::I32);
        b.jump(next, vec![]);
        b.switch_to(next);
        b.terminate(Terminator::Trap);
    });
    assert_eq!(found, "f, block0, terminator: block1 takes 1 arguments");
    let found = message(|b| {
        let entry = b.current();
        b.terminate(Terminator::Jump(BlockCall {
            block: entry,
            args: vec![],
        }));
    });
    assert_eq!(found, "f, block0, terminator: the entry block cannot be jumped to");
}

#[test]
fn roles_are_distinct() {
    let found = message(|b| {
        let x = b.const64(1);
        // Both are `rdx`.
        b.tail_jump("g", vec![(Role::Code, x), (Role::Int(1), x)]);
    });
    assert_eq!(found, "f, block0, terminator: the register of int1 is needed twice");
    let found = message(|b| {
        let x = b.const_f64(1.0);
        b.tail_jump("g", vec![(Role::Results, x)]);
    });
    assert_eq!(found, "f, block0, terminator: v0 cannot be passed as results");
}

#[test]
fn calls_fit_into_registers() {
    let found = message(|b| {
        let x = b.const64(1);
        b.call(CallTarget::Symbol("g".into()), vec![x; 7], &[]);
        b.terminate(Terminator::Trap);
    });
    assert_eq!(
        found,
        "f, block0, instruction 1: more arguments than the registers of the C ABI hold"
    );
}
