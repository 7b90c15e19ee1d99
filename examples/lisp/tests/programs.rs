//! What programs answer: in each tier, and with a collection wherever one could be.

use dg_runtime::{GcParameters, JitOptions, Options, Tier};
use example_lisp::Lisp;

fn check(source: &str, expected: Result<&str, &str>) {
    for tier in [Tier::Interpreter, Tier::Compiler, Tier::Automatic] {
        let jit = JitOptions {
            tier,
            ..JitOptions::default()
        };
        let gc = GcParameters {
            stress: true,
            ..GcParameters::default()
        };
        let mut lisp = Lisp::new(Options {
            jit,
            gc,
            stack_slots: Some(2000),
            ..Options::default()
        })
        .expect("there is memory");
        let expected = expected.map(str::to_string).map_err(str::to_string);
        assert_eq!(lisp.run(source), expected, "{source} ({tier:?})");
    }
}

#[test]
fn arithmetic() {
    check("(+ 1 (* 2 3))", Ok("7"));
    check("(- 0.5 1)", Ok("-0.5"));
    check("(+ 2147483647 1)", Ok("2147483648.0"));
    check("(* (- 0 65536) 65536)", Ok("-4294967296.0"));
    check("(< 1 1.5)", Ok("true"));
}

#[test]
fn functions_and_variables() {
    check(
        "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (fib 15)",
        Ok("610"),
    );
    check("(let i 0 (while (< i 500) (set i (+ i 1))) i)", Ok("500"));
    check("(define (f) nil) f", Ok("<f>"));
}

#[test]
fn records() {
    check(
        "(let p (record x 1 y 2) (put p y (record z p)) (+ (get p x) (get (get (get p y) z) x)))",
        Ok("2"),
    );
    check(
        "(define (x r) (get r x)) (+ (x (record x 1)) (+ (x (record y 2 x 3)) (x (record x 5))))",
        Ok("9"),
    );
}

#[test]
fn errors() {
    check("(let a 1\n  (+ a nil))", Err("line 2: nil is no number"));
    check("(get 1 x)", Err("line 1: 1 is no record"));
    check("(get (record a 1) b)", Err("line 1: there is no field b"));
    check("(undefined 1)", Err("line 1: nil is no function"));
    check("(define (f n) (f n)) (f 1)", Err("line 1: stack overflow"));
    check("(+ 1", Err("a parenthesis is not closed"));
}

#[test]
fn loops_are_compiled() {
    let mut lisp = Lisp::new(Options::default()).expect("there is memory");
    let source = include_str!("../programs/points.lisp");
    assert_eq!(
        lisp.run(source).as_deref(),
        Ok("(record sum 3.333328333342866e17 last (record x 999999 y 0.5))")
    );
    let stats = lisp.0.jit_stats();
    assert!(stats.functions >= 3 && stats.loop_entries >= 1);
}
