use super::{check, check_expr, outcome};
use crate::syntax::skip_shebang;

#[test]
fn comments() {
    check("a = 1 -- b\n-- c", "(assign a = 1)");
    check("--[[ a\nb ]] c = 1", "(assign c = 1)");
    check("--[==[ a ]] ]=] ]==] c = 1", "(assign c = 1)");
    check("--[=a\nc = 1", "(assign c = 1)");
    check("--[==", "");
}

#[test]
fn symbols() {
    check_expr("a==b", "(== a b)");
    check_expr("a..b", "(.. a b)");
    check_expr("a<=b", "(<= a b)");
    check_expr("a>b", "(> a b)");
    check_expr("a-b--c", "(- a b)");
}

#[test]
fn escapes() {
    check_expr(r#""\a\b\f\n\r\t\v""#, r#""\x07\x08\x0c\n\r\t\x0b""#);
    check_expr(r#"'\\\'\"\q'"#, r#""\\\'\"q""#);
    check_expr(r#""\0\65\0651\255""#, r#""\x00AA1\xff""#);
    check_expr("'a\\\nb'", r#""a\nb""#);
    check_expr("'a\\\r\nb'", r#""a\nb""#);
}

#[test]
fn long_strings() {
    check_expr("[[a]]", r#""a""#);
    check_expr("[==[a]]b]=]c]==]", r#""a]]b]=]c""#);
    check_expr("[=[a]==]]=]", r#""a]==]""#);
    check_expr("[[a]b]]", r#""a]b""#);
    check_expr("[=[ [[ ]] ]=]", r#"" [[ ]] ""#);
    check_expr(r"[[\n]]", r#""\\n""#);
    check_expr("[[\na\n\nb]]", r#""a\n\nb""#);
    check_expr("[[\r\na\r\nb\n\rc\rd]]", r#""a\nb\nc\nd""#);
    check_expr("[[\n\n]]", r#""\n""#);
}

#[test]
fn strings_are_bytes() {
    assert_eq!(outcome(b"return '\xff\0\xc3\xa4'"), r#"(return "\xff\x00\xc3\xa4")"#);
    assert_eq!(outcome(b"return [[\xff\0]]"), r#"(return "\xff\x00")"#);
}

#[test]
fn line_ends() {
    check("a\n=\r\n1\n\r\r!", "t:5: unexpected symbol near '!'");
    check("x = [[\n\n]] !", "t:3: unexpected symbol near '!'");
    check("--[[\n\r\n]] !", "t:3: unexpected symbol near '!'");
    check("x = 'a\\\nb' !", "t:2: unexpected symbol near '!'");
}

#[test]
fn white_space() {
    check("\ta\x0b=\x0c1 \r\n", "(assign a = 1)");
}

#[test]
fn shebang() {
    assert_eq!(skip_shebang(b"#!/bin/lua\nx"), b"\nx");
    assert_eq!(skip_shebang(b"#!/bin/lua"), b"");
    assert_eq!(skip_shebang(b"x\n#"), b"x\n#");
    assert_eq!(skip_shebang(b""), b"");
}
