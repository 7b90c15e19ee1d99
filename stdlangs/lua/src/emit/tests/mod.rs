//! Tests of emission, by the text form of what comes out.

mod assemble;
mod calls;
mod debug;
mod expressions;
mod limits;
mod logic;
mod statements;
mod variables;

use super::{FunctionCode, compile_function, disassemble};
use crate::syntax::ast::{Chunk, FunctionId};
use crate::syntax::parse;

/// Compiles one function of a chunk.
fn compile(source: &str, function: usize) -> (Chunk, FunctionCode) {
    let chunk = parse(source.as_bytes(), b"=t").unwrap();
    let compiled = compile_function(&chunk, FunctionId::from_index(function)).unwrap();
    (chunk, compiled)
}

/// Checks the instructions of the main function; indentation does not count.
#[track_caller]
fn check(source: &str, expected: &str) {
    check_function(0, source, expected);
}

/// Checks the instructions of one function.
#[track_caller]
fn check_function(function: usize, source: &str, expected: &str) {
    let (chunk, compiled) = compile(source, function);
    let without_indentation = |text: &str| {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    };
    let text = disassemble(&compiled.code, &chunk);
    assert_eq!(
        without_indentation(&text),
        without_indentation(expected),
        "for {source}"
    );
}
