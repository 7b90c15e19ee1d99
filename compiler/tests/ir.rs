//! The text form, the verifier and the evaluator.

mod ir_common;

use dg_compiler::ir::checks::{Test, tests_for};
use dg_compiler::ir::evaluate::{EvaluationError, Evaluator, OperandValue, Outcome};
use dg_compiler::ir::parse::parse_program;
use dg_compiler::ir::print::print_program;
use dg_compiler::ir::spec::MAX_DOUBLE_BITS;
use dg_compiler::ir::verify::verify_program;
use dg_compiler::ir::{FunctionId, LeafId, Program, TypeSet};
use ir_common::machine::ToyMachine;
use ir_common::{lines, parse, parse_valid, spec};

const NIL: u64 = u64::MAX;

/// One of everything that the text form can say.
const EVERYTHING: &str = include_str!("ir/everything.ir");

#[test]
fn what_is_printed_parses_to_the_same() {
    let program = parse_valid(EVERYTHING);
    let printed = print_program(&program);
    assert_eq!(printed, EVERYTHING);
    assert_eq!(parse(&printed), program);
}

#[test]
fn mistakes_in_the_text_are_reported_with_their_line() {
    let check = |text: &str, expected: &str| {
        let error = parse_program(&spec(), text).expect_err(text);
        assert_eq!(error.to_string(), expected);
    };
    check("fn f bytecode NONE entry {\n}", "line 1: there is no bytecode `NONE`");
    check(
        "fn f bytecode ADD entry {\n}",
        "line 2: a function has at least one block",
    );
    check(
        "fn f bytecode ADD entry {\nb0:\n  jump b7\n}",
        "line 4: there is no block `b7`",
    );
    check(
        "fn f bytecode ADD entry {\nb0:\n  frobnicate v0\n}",
        "line 3: `frobnicate` is no operation",
    );
    check(
        "fn f bytecode ADD entry {\nb0:\n  store_result v0\n  next\n}",
        "line 5: nothing defines `v0`",
    );
    check(
        "fn f bytecode ADD entry {\nb0:\n  v0: i32 = i32 99999999999\n",
        "line 3: `99999999999` is not a number that fits here",
    );
    check(
        "fn f bytecode ADD entry {\nb0:\n  v0: i32 =",
        "line 3: the text ends too early",
    );
}

#[test]
fn what_is_ill_formed_is_reported() {
    let check = |body: &str, expected: &str| {
        let program = parse(&format!("fn f bytecode ADD entry {{\nb0:\n{body}}}\n"));
        let violations = verify_program(&program).expect_err(body);
        assert_eq!(lines(&violations), expected);
    };
    check(
        "  v0: val[double] = operand lhs\n  next\n",
        "f, b0, instruction 0: answers val, not val[double]\n",
    );
    check(
        "  v0: val = operand lhs\n  v1: f64 = unbox v0\n  next\n",
        "f, b0, instruction 1: v0 is not of one leaf with a payload, but val\nf, b0, instruction 1: answers nothing, not f64\n",
    );
    check(
        "  v0: val = operand lhs\n  v1: val[double] = narrow v0 [double]\n  next\n",
        "f, b0, instruction 1: v0 is not proven to be [double], here it may be [nil|false|true|double|int|text|pair|function]\n",
    );
    check(
        "  v0: bool = bool true\n  branch v0 b1, b2\nb1:\n  v1: i32 = i32 1\n  jump b2\nb2:\n  v2: i32 = iadd v1, v1\n  next\n",
        "f, b2, instruction 0: v1 is not defined on every path to here\nf, b2, instruction 0: v1 is not defined on every path to here\n",
    );
    check(
        "  jump b1\nb1:\n  jump b0\n",
        "f, b1: the entry block has a predecessor\n",
    );
    check(
        "  v0: i32 = i32 1\n  branch v0 b1, b1\nb1:\n  next\n",
        "f, b0: v0 is i32, not bool\n",
    );
    check("  jump b1\nb1(v0: i32):\n  next\n", "f, b0: takes 1 values, not 0\n");
    check(
        "  v0: val = caught\n  throw v0\n",
        "f, b0, instruction 0: `caught` stands first in a block that only catching calls go to\n",
    );
    check("  goto lhs\n", "f, b0: `lhs` is not a label\n");
    check(
        "  v0: val = operand lhs\n  v1: i32 = extern slow(v0, v0)\n  v2: i32 = extern slow(v0, v0)\n  v3: val = plan_payload v1 Outcome.Done 0\n  next\n",
        "f, b0, instruction 3: the plan answered by v1 may have been overwritten\n",
    );
}

#[test]
fn a_false_check_for_doubles_proves_nothing() {
    let text = "fn f bytecode ADD entry {
b0:
  v0: val = operand lhs
  v1: bool = is v0 [double|text]
  branch v1 b1, b2
b1:
  next
b2:
  v2: val[nil|false|true|double|int|pair|function] = narrow v0 [nil|false|true|double|int|pair|function]
  v3: bool = is v2 [double]
  branch v3 b1, b3
b3:
  v4: val[nil] = narrow v2 [nil]
  next
}
";
    let violations = verify_program(&parse(text)).expect_err("a NaN may be anywhere");
    let expected = "f, b3, instruction 0: v2 is not proven to be [nil], here it may be [nil|false|true|double|int|pair|function]\n";
    assert_eq!(lines(&violations), expected);
}

#[test]
fn where_paths_meet_what_holds_on_both_is_known() {
    parse_valid(
        "fn f bytecode ADD entry {
b0:
  v0: val = operand lhs
  v1: bool = is v0 [double]
  branch v1 b2, b1
b1:
  v2: bool = is v0 [text]
  branch v2 b2, b3
b2:
  v3: val[double|text] = narrow v0 [double|text]
  store_result v3
  next
b3 cold:
  next
}
",
    );
}

fn run(program: &Program, machine: &mut ToyMachine<'_>) -> Result<Outcome, EvaluationError> {
    Evaluator::new(program, 1000).run(FunctionId(0), machine)
}

#[test]
fn the_evaluator_adds() {
    let program = parse_valid(include_str!("passes/inputs/add.ir"));
    let spec = spec();
    let operands = vec![OperandValue::Slot(0), OperandValue::Const(2.5f64.to_bits())];
    let mut machine = ToyMachine::new(&spec, &[1f64.to_bits(), NIL], operands, vec![]);
    assert_eq!(run(&program, &mut machine), Ok(Outcome::Next));
    assert_eq!(f64::from_bits(machine.slot(9)), 3.5);
    assert_eq!(machine.log, Vec::<String>::new());
}

#[test]
fn the_evaluator_goes_through_calls() {
    let program = parse_valid(include_str!("passes/inputs/add.ir"));
    let spec = spec();
    let operands = vec![OperandValue::Slot(0), OperandValue::Slot(1)];
    let function = 0xFFFE_0002_0000_0005;
    let mut machine = ToyMachine::new(&spec, &[NIL, NIL], operands, vec![function, 4f64.to_bits(), NIL]);
    assert_eq!(run(&program, &mut machine), Ok(Outcome::Next));
    assert_eq!(f64::from_bits(machine.slot(9)), 4.0);
    assert_eq!(
        machine.log,
        [
            "slow [ffffffffffffffff, ffffffffffffffff]",
            "Call { callee: 5, args: [fffe000200000005, ffffffffffffffff, ffffffffffffffff] }"
        ]
    );
}

#[test]
fn a_loop_runs_out_of_fuel() {
    let program = parse_valid("fn f bytecode ADD entry {\nb0:\n  jump b1\nb1:\n  jump b1\n}\n");
    let spec = spec();
    let mut machine = ToyMachine::new(&spec, &[], vec![], vec![]);
    assert_eq!(run(&program, &mut machine), Err(EvaluationError::OutOfFuel));
}

#[test]
fn tests_tell_every_set_of_leaves_from_the_others() {
    let spec = spec();
    let samples = [
        (0, u64::MAX),
        (1, u64::MAX - 1),
        (2, u64::MAX - 2),
        (3, 0),
        (3, 0xFFF8_0000_0000_0000),
        (4, 0xFFFC_0000_0000_0000),
        (4, 0xFFFC_0000_FFFF_FFFF),
        (5, 0xFFFE_0000_0000_0001),
        (6, 0xFFFE_0001_FFFF_FFFF),
        (7, 0xFFFE_0002_0000_0001),
    ];
    let holds = |test: Test, bits: u64| match test {
        Test::Double => bits <= MAX_DOUBLE_BITS,
        Test::Tag(tag) => (bits >> 32) as u32 == tag,
        Test::TagAtLeast(tag) => (bits >> 32) as u32 >= tag,
        Test::TagRange(low, high) => (low..=high).contains(&((bits >> 32) as u32)),
        Test::Bits(expected) => bits == expected,
        Test::BitsAtLeast(low) => bits >= low,
    };
    for chosen in 0..256u32 {
        let set: TypeSet = (0..8).filter(|leaf| chosen >> leaf & 1 == 1).map(LeafId).collect();
        let tests = tests_for(&spec, set);
        for (leaf, bits) in samples {
            let answer = tests.iter().any(|test| holds(*test, bits));
            assert_eq!(answer, set.contains(LeafId(leaf)), "{set:?} {bits:x} {tests:?}");
        }
    }
}

#[test]
fn neighbours_share_a_test() {
    let spec = spec();
    let check = |leaves: &[u32], expected: &[Test]| {
        assert_eq!(
            tests_for(&spec, leaves.iter().map(|leaf| LeafId(*leaf)).collect()),
            expected
        );
    };
    check(&[0], &[Test::Bits(u64::MAX)]);
    check(&[0, 1], &[Test::BitsAtLeast(u64::MAX - 1)]);
    check(&[5, 6], &[Test::TagRange(0xFFFE_0000, 0xFFFE_0001)]);
    check(&[0, 1, 2, 7], &[Test::TagAtLeast(0xFFFE_0002)]);
    check(&[0, 1, 2, 4, 5, 6, 7], &[Test::TagAtLeast(0xFFFC_0000)]);
    check(&[3, 4], &[Test::Double, Test::Tag(0xFFFC_0000)]);
    check(&[], &[]);
}
