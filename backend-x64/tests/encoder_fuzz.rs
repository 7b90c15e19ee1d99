//! Random instructions, most of them senseless: either an error or what was meant, never a panic, never other bytes.

mod judge;
mod property;

use dg_backend_x64::encoder::{Cond, Gpr, Inst, Mem, Op, Operand, Reg, Scale, Size, Slot, Xmm, forms};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

fn gpr() -> impl Strategy<Value = Reg> {
    select(&Gpr::ALL).prop_map(Reg::Gpr)
}

fn xmm() -> impl Strategy<Value = Reg> {
    select(&Xmm::ALL).prop_map(Reg::Xmm)
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![
        -2..=2_i64,
        -200..=300_i64,
        any::<i32>().prop_map(i64::from),
        any::<i64>()
    ]
}

fn memory() -> impl Strategy<Value = Mem<Reg>> {
    // Now and then a vector register, which no address may contain.
    let address_register = || prop_oneof![20 => gpr(), 1 => xmm()];
    let index = (address_register(), select(&Scale::ALL));
    let disp = prop_oneof![Just(0), -200..=200, any::<i32>()];
    (
        proptest::option::of(address_register()),
        proptest::option::of(index),
        disp,
    )
        .prop_map(|(base, index, disp)| Mem::Sum {
            base,
            index,
            disp: disp.into(),
        })
}

fn operand() -> impl Strategy<Value = Operand<Reg>> {
    prop_oneof![
        gpr().prop_map(Operand::Reg),
        xmm().prop_map(Operand::Reg),
        memory().prop_map(Operand::Mem),
        number().prop_map(|value| Operand::Imm(value.into())),
    ]
}

fn inst() -> impl Strategy<Value = Inst<Reg>> {
    let sizes = [Size::S8, Size::S16, Size::S32, Size::S64, Size::S128];
    let cond = proptest::option::of(select(&Cond::ALL));
    let operands = proptest::collection::vec(operand(), 3);
    (
        select(Op::ALL),
        select(sizes.to_vec()),
        cond,
        operands,
        0..4_usize,
        any::<prop::sample::Index>(),
    )
        .prop_map(|(op, size, cond, operands, count, row)| {
            // Mostly as many operands as some form has, and a condition where one is needed.
            let slots: &[Slot] = row.get(forms(op)).slots;
            let count = if count == 3 { operands.len() } else { slots.len() };
            let mut operands = operands.into_iter();
            let mut next = || operands.next().expect("three operands were made");
            let inst = match count {
                0 => Inst::new(op, size, []),
                1 => Inst::new(op, size, [next()]),
                2 => Inst::new(op, size, [next(), next()]),
                _ => Inst::new(op, size, [next(), next(), next()]),
            };
            let conditional = op.facts().conditional || count == 0;
            cond.into_iter().filter(|_| conditional).fold(inst, Inst::with_cond)
        })
}

fn right_or_rejected(inst: Inst<Reg>) -> TestCaseResult {
    if judge::assemble(&inst).is_ok() {
        judge::check(&inst);
    }
    Ok(())
}

#[test]
fn smoke() {
    property::check(5_000, inst(), right_or_rejected);
}

#[test]
#[ignore = "takes minutes: the long-running twin of `smoke`"]
fn long() {
    property::check(10_000_000, inst(), right_or_rejected);
}
