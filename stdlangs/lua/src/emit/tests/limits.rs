use crate::emit::{FunctionCode, TooComplex, compile_function};
use crate::syntax::ast::FunctionId;
use crate::syntax::parse;

/// Compiles all functions of a chunk.
fn compile_all(source: &str) -> Result<Vec<FunctionCode>, TooComplex> {
    let chunk = parse(source.as_bytes(), b"=t").unwrap();
    let ids = (0..chunk.functions.len()).map(FunctionId::from_index);
    ids.map(|id| compile_function(&chunk, id)).collect()
}

/// How many instructions a chunk's main function has.
#[track_caller]
fn main_length(source: &str) -> usize {
    compile_all(source).unwrap()[0].code.insts.len()
}

#[test]
fn chains_have_no_limit() {
    const LENGTH: usize = 100_000;
    assert_eq!(main_length(&format!("x = a{}", "+a".repeat(LENGTH))), 2 * LENGTH + 3);
    assert_eq!(main_length(&format!("x = 1{}", "+1".repeat(LENGTH))), 2);
    assert_eq!(main_length(&format!("x = a{}", ".b".repeat(LENGTH))), LENGTH + 3);
    assert_eq!(main_length(&format!("f{}", "()".repeat(LENGTH))), LENGTH + 2);
    assert_eq!(main_length(&format!("f{}", ":m()".repeat(LENGTH))), 2 * LENGTH + 2);
    assert_eq!(main_length(&format!("x = a{}", " or a".repeat(LENGTH))), 2 * LENGTH + 3);
    assert_eq!(
        main_length(&format!("local a if a{} then f() end", " and a or a".repeat(LENGTH))),
        2 * LENGTH + 5
    );
    assert!(main_length(&format!("x = a{}", " < a".repeat(LENGTH))) > LENGTH);
    assert!(main_length(&format!("if a then {}end", "elseif a then f() ".repeat(LENGTH))) > LENGTH);
}

#[test]
fn constants_instructions_and_functions_have_no_limit() {
    let constants: String = (0..300_000).map(|index| format!("{index}.5,")).collect();
    assert_eq!(
        main_length(&format!("return {{{constants}}}")),
        300_000 + 300_000 / 50 + 2
    );
    let strings: String = (0..300_000).map(|index| format!("x.a{index} = {index} ")).collect();
    assert_eq!(main_length(&strings), 600_001);
    let loop_body = "f() ".repeat(50_000);
    assert_eq!(main_length(&format!("while x do {loop_body} end")), 100_004);
    assert_eq!(compile_all(&"function f() end ".repeat(5_000)).unwrap().len(), 5_001);
}

#[test]
fn nesting_up_to_the_limit_of_the_parser() {
    let nested = |before: &str, open: &str, inner: &str, close: &str| {
        format!("{before}{}{inner}{}", open.repeat(195), close.repeat(195))
    };
    for source in [
        nested("x = ", "- ", "a", ""),
        nested("x = ", "{", "", "}"),
        nested("x = ", "not ", "a", ""),
        nested("x = ", "a[", "a", "]"),
        nested("", "f(", "a", ")"),
        nested("", "if a then ", "f()", " end"),
        nested("", "while a do ", "f()", " end"),
        nested("", "repeat ", "f()", " until a"),
        nested("", "function f() ", "", " end"),
    ] {
        assert!(compile_all(&source).is_ok(), "for {source}");
    }
}

#[test]
fn slots() {
    let arguments = |count: usize| format!("f({}1)", "1,".repeat(count - 1));
    assert!(compile_all(&arguments(248)).is_ok());
    assert_eq!(compile_all(&format!("\n{}", arguments(249))).unwrap_err().line, 2);
    assert!(compile_all(&arguments(100_000)).is_err());
    assert!(compile_all(&format!("{}a{}", "a:f(".repeat(100), ")".repeat(100))).is_ok());
    assert!(compile_all(&format!("{}a{}", "a:f(".repeat(130), ")".repeat(130))).is_err());
    assert!(compile_all(&format!("local a {}", "local a ".repeat(199))).is_ok());
    assert!(compile_all(&format!("x = {}a", "a .. ".repeat(190))).is_ok());
    assert!(compile_all(&format!("return {}1", "1, ".repeat(248))).is_ok());
    assert!(compile_all(&format!("return {}1", "1, ".repeat(249))).is_err());
}
