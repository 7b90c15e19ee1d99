//! Random functions do the same before and after each pass: the same outcome, the same questions to the world, the same
//! memory.

mod ir_common;

use dg_compiler::ir::compact::compact;
use dg_compiler::ir::evaluate::{EvaluationError, Evaluator, OperandValue, Outcome};
use dg_compiler::ir::print::print_program;
use dg_compiler::ir::spec::OperandKind;
use dg_compiler::ir::verify::verify_program;
use dg_compiler::ir::{FunctionId, Program, Role, SpecTables};
use dg_compiler::passes::{Options, PASSES, run, run_one};
use ir_common::machine::ToyMachine;
use ir_common::{generate, lines, spec};
use proptest::prelude::*;

/// What slots, operands and answers are filled from.
const VALUES: [u64; 8] = [
    u64::MAX,
    u64::MAX - 1,
    u64::MAX - 2,
    0x3FF8_0000_0000_0000, // 1.5
    0xC01D_0000_0000_0000, // -7.25
    0xFFFC_0000_0000_0007, // the number 7
    0xFFFE_0001_0000_0010, // a pair
    0xFFFE_0002_0000_0020, // a function: runtime functions that answer it throw or ask for a call
];

type Seen<'s> = (Result<Outcome, EvaluationError>, ToyMachine<'s>, bool);

/// Runs the entry function of the variant that takes constants where `constant` says so.
fn evaluate<'s>(program: &Program, spec: &'s SpecTables, constant: [bool; 2], values: &[u64]) -> Seen<'s> {
    let takes = |id: FunctionId| {
        let function = &program.functions[id];
        let kinds = function
            .variant
            .as_ref()
            .map(|variant| variant.operands.clone())
            .unwrap_or_default();
        let fits = kinds
            .iter()
            .zip(constant)
            .all(|(kind, constant)| (*kind != OperandKind::Slot) == constant);
        function.role == Role::Entry && fits
    };
    let id = program
        .functions
        .ids()
        .find(|id| takes(*id))
        .expect("a variant of every shape");
    let operand = |slot: u32, constant: bool| {
        if constant {
            OperandValue::Const(2.5f64.to_bits())
        } else {
            OperandValue::Slot(slot)
        }
    };
    let operands = vec![operand(1, constant[0]), operand(2, constant[1])];
    let (slots, answers) = values.split_at(8);
    let mut machine = ToyMachine::new(spec, slots, operands, answers.to_vec());
    let mut evaluator = Evaluator::new(program, 10_000);
    let outcome = evaluator.run(id, &mut machine);
    (outcome, machine, evaluator.met_nan())
}

fn check(tape: &[u8], choices: &[usize], constant: [bool; 2]) -> Result<(), TestCaseError> {
    let spec = spec();
    let values: Vec<u64> = choices.iter().map(|choice| VALUES[choice % VALUES.len()]).collect();
    let mut original = generate::program(tape);
    compact(&mut original.functions[FunctionId(0)]);
    if let Err(violations) = verify_program(&original) {
        panic!(
            "the generator is wrong: {}\n{}",
            lines(&violations),
            print_program(&original)
        );
    }
    let (outcome, machine, met_nan) = evaluate(&original, &spec, constant, &values);
    prop_assume!(!met_nan);
    prop_assert!(outcome.is_ok(), "{outcome:?}\n{}", print_program(&original));

    let mut specialised = original.clone();
    run_one(&mut specialised, "specialise").expect("a program that can be translated");
    let mut all = original.clone();
    run(&mut all, &Options::default()).expect("a program that can be translated");
    let mut changed = vec![("specialise", specialised.clone()), ("all", all)];
    for pass in PASSES {
        let mut program = specialised.clone();
        run_one(&mut program, pass.name).expect("a program that can be translated");
        changed.push((pass.name, program));
    }
    for (name, program) in changed {
        let (new_outcome, new_machine, _) = evaluate(&program, &spec, constant, &values);
        let show = || {
            format!(
                "{name} changed\n{}into\n{}",
                print_program(&original),
                print_program(&program)
            )
        };
        prop_assert_eq!(&new_outcome, &outcome, "{}", show());
        prop_assert_eq!(&new_machine.log, &machine.log, "{}", show());
        prop_assert_eq!(&new_machine.memory, &machine.memory, "{}", show());
    }
    Ok(())
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        cases: count,
        failure_persistence: None,
        max_global_rejects: count * 8,
        ..ProptestConfig::default()
    }
}

fn inputs() -> impl Strategy<Value = (Vec<u8>, Vec<usize>, [bool; 2])> {
    let tape = proptest::collection::vec(any::<u8>(), 0..250);
    let choices = proptest::collection::vec(0usize..8, 13);
    (tape, choices, any::<[bool; 2]>())
}

proptest! {
    #![proptest_config(cases(10))]
    #[test]
    fn smoke((tape, choices, constant) in inputs()) {
        check(&tape, &choices, constant)?;
    }
}

proptest! {
    #![proptest_config(cases(50_000))]
    #[test]
    #[ignore = "runs for minutes"]
    fn long((tape, choices, constant) in inputs()) {
        check(&tape, &choices, constant)?;
    }
}
