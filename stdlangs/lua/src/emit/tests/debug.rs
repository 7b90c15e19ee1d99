//! What is kept for error messages.

use super::compile;
use crate::emit::{Inst, VariableRange};

/// Checks the line of each instruction of the main function.
#[track_caller]
fn check_lines(source: &str, expected: &[u32]) {
    let (_, compiled) = compile(source, 0);
    let code = &compiled.code;
    let line_of = |index: usize| {
        let entry = code.lines.iter().rev().find(|&&(first, _)| first as usize <= index);
        entry.unwrap().1
    };
    let lines: Vec<_> = (0..code.insts.len()).map(line_of).collect();
    assert_eq!(lines, expected, "for {source}");
}

/// Checks the variables of a function: `name slot from..to`, in the order in which they end.
#[track_caller]
fn check_variables(function: usize, source: &str, expected: &[&str]) {
    let (chunk, compiled) = compile(source, function);
    let locals = &chunk.functions[function].locals;
    let describe = |range: &VariableRange| {
        let name = chunk[locals[range.local.index()].name].escape_ascii();
        let slot = compiled.slots[range.local.index()];
        format!("{name} {slot} {}..{}", range.from, range.to)
    };
    let variables: Vec<_> = compiled.code.variables.iter().map(describe).collect();
    assert_eq!(variables, expected, "for {source}");
}

#[test]
fn lines() {
    check_lines("a = 1\nb = 2", &[1, 2, 2]);
    check_lines("f(\n1,\n2)", &[1, 2, 3, 1, 3]);
    check_lines("x = a +\nb", &[1, 2, 2, 2, 2]);
    check_lines("x = a\n.b\n.c", &[1, 2, 3, 3, 3]);
    check_lines("local t = {\nx = 1,\ny = 2\n}", &[2, 3, 4, 4]);
    check_lines("for i = 1, 2\ndo\nf()\nend", &[1, 1, 2, 2, 3, 3, 1, 4]);
    check_lines("for k in\nx do\nf()\nend", &[2, 2, 2, 3, 3, 2, 2, 2, 4]);
    check_lines("function f()\nend", &[2, 1, 2]);
}

#[test]
fn variables() {
    check_variables(0, "local a local b = a", &["a r0 1..3", "b r1 2..3"]);
    check_variables(0, "do local a = 1 end local b = 2", &["a r0 1..1", "b r0 2..3"]);
    check_variables(0, "local function f() end", &["f r0 1..2"]);
    check_variables(
        0,
        "for i = 1, 2 do f() end",
        &[
            "i r3 4..6",
            "(for index) r0 3..7",
            "(for limit) r1 3..7",
            "(for step) r2 3..7",
        ],
    );
    check_variables(
        0,
        "for k, v in x do f() end",
        &[
            "k r4 3..5",
            "v r5 3..5",
            "(for generator) r0 2..8",
            "(for state) r1 2..8",
            "(for control) r2 2..8",
        ],
    );
    check_variables(1, "function f(a, b) g() end", &["a r0 0..3", "b r1 0..3"]);
    check_variables(1, "function f(a, ...) return arg end", &["a r0 0..2", "arg r1 0..2"]);
    check_variables(1, "function f(a, ...) end", &["a r0 0..2", "arg r1 0..2"]);
    check_variables(1, "function f(a, ...) return ... end", &["a r0 0..2"]);
}

#[test]
fn frames() {
    #[track_caller]
    fn check_frame(source: &str, expected: u16) {
        assert_eq!(compile(source, 0).1.frame_size, expected, "for {source}");
    }
    check_frame("", 0);
    check_frame("local a, b", 2);
    check_frame("f()", 4);
    check_frame("f(1, 2)", 6);
    check_frame("local a, b, c = f()", 4);
    check_frame("local a, b, c, d, e = f()", 5);
    check_frame("for i = 1, 2 do end", 4);
    check_frame("for k, v, w in x do end", 6);
    check_frame("do local a, b, c end local d", 3);
}

#[test]
fn arg_tables() {
    let has_arg_table = |source| {
        compile(source, 1)
            .1
            .code
            .insts
            .iter()
            .any(|inst| matches!(inst, Inst::ArgTable { .. }))
    };
    assert!(has_arg_table("function f(...) return arg end"));
    assert!(has_arg_table("function f(...) return function() return arg end end"));
    assert!(!has_arg_table("function f(...) return arg, ... end"));
    assert!(has_arg_table("function f(...) end"));
}
