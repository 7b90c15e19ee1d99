use super::check;
use crate::syntax::{RUNTIME_CHUNK_ID_LEN, chunk_id, parse};

#[test]
fn unexpected_symbols() {
    check("x = }", "t:1: unexpected symbol near '}'");
    check("x =", "t:1: unexpected symbol near '<eof>'");
    check("f(", "t:1: unexpected symbol near '<eof>'");
    check("x = end", "t:1: unexpected symbol near 'end'");
    check("x = ..", "t:1: unexpected symbol near '..'");
    check("\u{1}", "t:1: unexpected symbol near 'char(1)'");
    check("'a' = 1", "t:1: unexpected symbol near ''a''");
    check("x = 1 \"a\\65\"", "t:1: unexpected symbol near '\\\"aA\\\"'");
    check("[==[a\n]==] = 1", "t:2: unexpected symbol near '[==[a\\n]==]'");
    check("5 = 1", "t:1: unexpected symbol near '5'");
    check("x = \0", "t:1: unexpected symbol");
    check("'a\0b' = 1", "t:1: unexpected symbol near ''a'");
}

#[test]
fn expected_tokens() {
    check("local 1", "t:1: '<name>' expected near '1'");
    check("x", "t:1: '=' expected near '<eof>'");
    check("if x f()", "t:1: 'then' expected near 'f'");
    check("for i = 1 do", "t:1: ',' expected near 'do'");
    check("for 1", "t:1: '<name>' expected near '1'");
    check("for i do", "t:1: '=' or 'in' expected near 'do'");
    check("for i, j do", "t:1: 'in' expected near 'do'");
    check("x = {a b}", "t:1: '}' expected near 'b'");
    check("a:b = 1", "t:1: function arguments expected near '='");
    check("function f(1) end", "t:1: <name> or '...' expected near '1'");
    check("function f(..., a) end", "t:1: ')' expected near ','");
    check("function f end", "t:1: '(' expected near 'end'");
    check("end", "t:1: '<eof>' expected near 'end'");
    check("return return", "t:1: unexpected symbol near 'return'");
    check("return 1 f()", "t:1: '<eof>' expected near 'f'");
    check("goto = 1 x y", "t:1: '=' expected near 'y'");
}

#[test]
fn labels() {
    check("\ngoto a", "t:2: undefined label 'a'");
    check("do ::a:: end goto a", "t:1: undefined label 'a'");
    check("::a:: function f() goto a end", "t:1: undefined label 'a'");
    check("::a:: ::a::", "t:1: duplicate label 'a'");
    check(
        "do goto a end local x, y ::a:: f()",
        "t:1: <goto a> jumps into the scope of local 'x'",
    );
    check("::a", "t:1: '::' expected near '<eof>'");
    check("::a: :", "t:1: '::' expected near ':'");
    check(": :a::", "t:1: unexpected symbol near ':'");
    check("x::y", "t:1: '=' expected near ':'");
}

#[test]
fn closing_tokens() {
    check("if x then", "t:1: 'end' expected near '<eof>'");
    check(
        "\n\nif x then\n\n",
        "t:5: 'end' expected (to close 'if' at line 3) near '<eof>'",
    );
    check(
        "while x do\n",
        "t:2: 'end' expected (to close 'while' at line 1) near '<eof>'",
    );
    check(
        "for i = 1, 2 do\n",
        "t:2: 'end' expected (to close 'for' at line 1) near '<eof>'",
    );
    check(
        "do\nuntil x",
        "t:2: 'end' expected (to close 'do' at line 1) near 'until'",
    );
    check(
        "repeat\nend",
        "t:2: 'until' expected (to close 'repeat' at line 1) near 'end'",
    );
    check(
        "function f()\n",
        "t:2: 'end' expected (to close 'function' at line 1) near '<eof>'",
    );
    check("f(\n1", "t:2: ')' expected (to close '(' at line 1) near '<eof>'");
    check("x = {\n1", "t:2: '}' expected (to close '{' at line 1) near '<eof>'");
}

#[test]
fn misplaced_parts() {
    check("break", "t:1: no loop to break near '<eof>'");
    check(
        "while x do function f() break end end",
        "t:1: no loop to break near 'end'",
    );
    check(
        "function f() return ... end",
        "t:1: cannot use '...' outside a vararg function near '...'",
    );
    check(
        "f\n(1)",
        "t:2: ambiguous syntax (function call x new statement) near '('",
    );
    check("(a) = 1", "t:1: syntax error near '='");
    check("a, f() = 1", "t:1: syntax error near '='");
    check("(f())", "t:1: syntax error near '<eof>'");
    check("f() = 1", "t:1: unexpected symbol near '='");
}

#[test]
fn broken_tokens() {
    check("x = \"abc", "t:1: unfinished string near '<eof>'");
    check("x = \"abc\n\"", "t:1: unfinished string near '\\\"abc'");
    check("x = 'a\\", "t:1: unfinished string near '<eof>'");
    check("x = 'a\\65b\n'", "t:1: unfinished string near ''aAb'");
    check("x = [[a\n", "t:2: unfinished long string near '<eof>'");
    check("--[[a\n", "t:2: unfinished long comment near '<eof>'");
    check("x = '\\300'", "t:1: escape sequence too large near '''");
    check("x = 'ab\\256'", "t:1: escape sequence too large near ''ab'");
    check("x = [==a", "t:1: invalid long string delimiter near '[=='");
    check("x = [[ [[ ]]", "t:1: nesting of [[...]] is deprecated near '['");
    check("--[[ [[ ]]", "t:1: nesting of [[...]] is deprecated near '['");
}

#[test]
fn position() {
    let error = parse(b"\n\n!", b"@dir/file.lua").unwrap_err();
    assert_eq!(error.line, 3);
    assert_eq!(error.to_string(), "dir/file.lua:3: unexpected symbol near '!'");
    let error = parse(b"x = \xff", b"x = \xff").unwrap_err();
    assert_eq!(error.message, b"[string \"x = \xff\"]:1: unexpected symbol near '\xff'");
}

#[test]
fn chunk_names() {
    #[track_caller]
    fn check_id(name: &str, expected: &str) {
        let id = chunk_id(name.as_bytes(), RUNTIME_CHUNK_ID_LEN);
        assert_eq!(String::from_utf8(id).unwrap(), expected);
    }
    check_id("=stdin", "stdin");
    check_id(&format!("={}", "x".repeat(100)), &"x".repeat(59));
    check_id("@a.lua", "a.lua");
    check_id(&format!("@{}", "x".repeat(52)), &"x".repeat(52));
    check_id(&format!("@y{}", "x".repeat(52)), &format!("...{}", "x".repeat(52)));
    check_id("return 1", "[string \"return 1\"]");
    check_id("return 1\nx", "[string \"return 1...\"]");
    check_id("a\rb", "[string \"a...\"]");
    check_id("", "[string \"\"]");
    check_id("a\0b", "[string \"a\"]");
    check_id(&"x".repeat(43), &format!("[string \"{}\"]", "x".repeat(43)));
    check_id(&"x".repeat(44), &format!("[string \"{}...\"]", "x".repeat(43)));
}
