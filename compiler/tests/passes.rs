//! Each pass on small graphs, before and after.

mod ir_common;

use std::path::Path;

use dg_compiler::ir::print::{print_program, print_type};
use dg_compiler::passes::{Options, PASSES, run, run_one};
use ir_common::parse_valid;

/// The folder says the pass; `all` runs all of them.
fn after(path: &Path) -> String {
    let before = std::fs::read_to_string(path).expect("a readable file");
    let pass = path
        .parent()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .expect("a folder");
    let mut program = parse_valid(&before);
    match pass {
        "all" => run(&mut program, &Options::default()).expect("a program that can be translated"),
        pass => run_one(&mut program, pass).expect("a program that can be translated"),
    }
    format!("{before}\n; after {pass}\n\n{}", print_program(&program))
}

#[test]
fn passes_do_what_they_say() {
    insta::glob!("passes/*/*.ir", |path| {
        if !path.parent().is_some_and(|folder| folder.ends_with("inputs")) {
            insta::assert_snapshot!(after(path));
        }
    });
}

#[test]
fn every_pass_has_an_example() {
    for pass in PASSES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/passes")
            .join(pass.name);
        let examples = std::fs::read_dir(&folder).map(Iterator::count).unwrap_or_default();
        assert!(examples > 0, "{} has no example", pass.name);
    }
}

#[test]
fn an_unknown_pass_is_named_with_those_that_there_are() {
    let error = Options::without(["split", "inline"]).expect_err("there is no such pass");
    insta::assert_snapshot!(error, @"there is no pass `inline`; there are call_caching, check_strength_reduction, common_subexpressions, constant_folding, dead_code, inline_caching, result_forwarding, specialise, split, type_check_removal");
}

#[test]
fn what_cannot_be_kept_across_a_call_is_an_error() {
    let mut program = parse_valid(
        "fn CALL.to_slots bytecode CALL (slots) -> slots entry {
b0:
  v0: ref Function = callee @3
  call v0 copied () next b1 @3
b1:
  v1: ptr, v2: i32 = call_results @4
  call v0 copied () next b2 @5
b2:
  store_results v1, v2 @6
  next @6
}
",
    );
    let error = run_one(&mut program, "split").expect_err("results of a call do not outlive the next");
    let expected =
        "CALL.to_slots, line 6: a list or an address cannot be kept across a call: read it again after the call";
    assert_eq!(error.to_string(), expected);
}

/// What an instruction cannot remember is an error with its line.
#[test]
fn what_cannot_be_remembered_is_an_error() {
    let cached = |before: &str, key: &str, second: &str| {
        format!(
            "fn GET.text bytecode GET (slot, const[text]) -> slot entry {{
b0:
  v0: i32 = slot_index object
  v1: val = slot_load v0[0]
  v2: f64 = f64 1.5
  v3: val[double] = box double v2
{before}  cache ({key}) ways 1 b1 done b2 @7
b1 cold:
  jump b2(v0)
b2(v4: i32):
{second}}}
"
        )
    };
    let store = "  store_result v3 @5\n";
    let second = "  cache (v4) ways 1 b3 done b3 @9\nb3:\n  next\n";
    let cases = [
        (cached("", "v0", second), "one `cache`"),
        (cached(store, "v0", "  next\n"), "has an effect and stands before"),
        (cached("", "v2", "  next\n"), "a double cannot be a key"),
    ];
    for (text, expected) in cases {
        let mut program = parse_valid(&text);
        let error = run_one(&mut program, "inline_caching").expect_err(expected);
        assert!(error.line == 7 || error.line == 9, "{error}");
        assert!(error.message.contains(expected), "{error}");
    }
}

/// Switched off, a bytecode has a variant per shape, but none per type of constant.
#[test]
fn without_specialisation_constants_share_a_variant() {
    let text = "fn GET bytecode GET entry {
b0:
  v0: val[double|text] = operand key
  store_result v0
  next
}
";
    let names = |options: &Options| {
        let mut program = parse_valid(text);
        run(&mut program, options).expect("a program that can be translated");
        let functions = program.functions.values().map(|function| {
            let value = function.ty(dg_compiler::ir::ValueId(0));
            format!("{} {}\n", function.name, print_type(&program.spec, value))
        });
        functions.collect::<String>()
    };
    assert_eq!(
        names(&Options::default()),
        "GET.text val[text]\nGET.double val[double]\n"
    );
    let off = Options::without(["specialise"]).expect("the name of a pass");
    assert_eq!(names(&off), "GET val[double|text]\n");
}
