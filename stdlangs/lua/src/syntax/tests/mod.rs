//! Tests of the front end, by its text forms: trees as s-expressions, errors as messages.

mod errors;
mod expressions;
mod lexing;
mod limits;
mod names;
mod numbers;
mod smoke;
mod statements;

use super::{parse, print};

/// Parses a chunk called `=t` and prints it without the last line end; an error as its message.
fn outcome(source: &[u8]) -> String {
    match parse(source, b"=t") {
        Ok(chunk) => print(&chunk).trim_end().to_owned(),
        Err(error) => error.message.escape_ascii().to_string().replace("\\\'", "'"),
    }
}

#[track_caller]
fn check(source: &str, expected: &str) {
    assert_eq!(outcome(source.as_bytes()), expected, "for {source}");
}

/// Checks the tree of an expression.
#[track_caller]
fn check_expr(source: &str, expected: &str) {
    check(&format!("return {source}"), &format!("(return {expected})"));
}
