use super::ast::{Expr, Literal};
use super::lexer::{TokenKind, tokens};
use super::{parse_class, parse_expression, resolve_body};

/// The tokens of a text, in words.
fn lex(source: &str) -> String {
    match tokens(source.as_bytes()) {
        Ok(tokens) => {
            let words: Vec<_> = tokens.iter().map(|token| token.kind.describe()).collect();
            words[..words.len() - 1].join(" ")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn words_and_operators() {
    assert_eq!(lex("a b_1 k: := x:=3"), "`a` `b_1` `k:` `:=` `x:` `=` `3`");
    assert_eq!(
        lex("3--3 - -3 --> ---- ------ -"),
        "`3` `--` `3` `-` `-` `3` `-->` `----` `----` `-`"
    );
    assert_eq!(lex("~&|*/\\+=><,@%"), "`~&|*/\\+=><,@%`");
    assert_eq!(
        lex("1.5 1. 1.x 12345678901234567890"),
        "`1.5` `1` `.` `1` `.` `x` `12345678901234567890`"
    );
    assert_eq!(lex("\"a\n'b\" c"), "`c`");
}

#[test]
fn symbols() {
    assert_eq!(lex("#a #at:put: #+ #==> #'two words' #(1)"), {
        "the symbol #a the symbol #at:put: the symbol #+ the symbol #==> the symbol #two words `#(` `1` `)`"
    });
}

#[test]
fn strings_have_escapes() {
    let kinds = tokens(br"'\t\b\n\r\f\0\'\\'").unwrap();
    assert_eq!(kinds[0].kind, TokenKind::String(b"\t\x08\n\r\x0C\0'\\".to_vec()));
}

#[test]
fn what_no_token_is_has_a_place() {
    assert_eq!(lex("a\n  'b"), "2:3: this string has no end");
    assert_eq!(lex("\"b"), "1:1: this comment has no end");
    assert_eq!(
        lex(r"'\q'"),
        r"1:2: no such escape: there are \t \b \n \r \f \0 \' and \\"
    );
    assert_eq!(lex("a ! b"), "1:3: the character `!` means nothing here");
    assert_eq!(lex("a # ]"), "1:3: a `#` begins a symbol or a literal array");
    assert_eq!(
        lex("\u{7f}"),
        "1:1: the byte 0x7f may only stand in strings and comments"
    );
}

fn parse_error(source: &str) -> String {
    parse_class(source.as_bytes()).map_or_else(|error| error.to_string(), |class| format!("{class:?}"))
}

#[test]
fn classes() {
    let class = parse_class(
        b"A = B ( | a b | foo = ( ^ a ) + x = primitive at: i put: x = ( ) ---- | c | primitive = ( ^ primitive ) )",
    )
    .unwrap();
    assert_eq!((&*class.name, class.superclass.as_deref()), ("A", Some("B")));
    assert_eq!(class.instance.fields.len(), 2);
    let selectors: Vec<_> = class.instance.methods.iter().map(|method| &*method.selector).collect();
    assert_eq!(selectors, ["foo", "+", "at:put:"]);
    assert!(class.instance.methods[1].body.is_none());
    assert_eq!(class.class.fields.len(), 1);
    assert_eq!(&*class.class.methods[0].selector, "primitive");
}

#[test]
fn errors_say_what_is_expected() {
    assert_eq!(
        parse_error("A = ("),
        "1:6: a method or `)` expected, but the end of the text found"
    );
    assert_eq!(parse_error("A B"), "1:3: `=` expected, but `B` found");
    assert_eq!(
        parse_error("A = () x"),
        "1:8: the end of the text expected, but `x` found"
    );
    assert_eq!(
        parse_error("A = ( a = ( 1 2 ) )"),
        "1:15: `.` or `)` expected, but `2` found"
    );
    assert_eq!(
        parse_error("A = ( a = ( ^ 1. 2 ) )"),
        "1:18: `)` expected, but `2` found"
    );
    assert_eq!(
        parse_error("A = ( a = ( x foo: ) )"),
        "1:20: an expression expected, but `)` found"
    );
    assert_eq!(
        parse_error("A = ( a = ( x:=3 ) )"),
        "1:13: an expression expected, but `x:` found"
    );
    assert_eq!(
        parse_error("A = ( a = ( [:a :b :c | 1 ] ) )"),
        "1:20: a block has two parameters at most"
    );
    assert_eq!(
        parse_error("A = ( a = ( #(a) ) )"),
        "1:15: a literal or `)` expected, but `a` found"
    );
    let deep = format!("A = ( a = ( {}1{} ) )", "(".repeat(2000), ")".repeat(2000));
    assert!(parse_error(&deep).ends_with("this is nested too deeply"));
    let long = format!("A = ( a = ( 1{} ) )", " + 1".repeat(2000));
    assert!(parse_error(&long).ends_with("this chain of messages is too long"));
}

/// The tree of an expression in brackets.
fn tree(source: &str) -> String {
    let mut body = parse_expression(source.as_bytes(), &["it"]).unwrap();
    resolve_body(&mut body, &["field".into()]).unwrap();
    let statements: Vec<_> = body.code.statements.iter().map(show).collect();
    statements.join(". ")
}

fn show(expr: &Expr) -> String {
    match expr {
        Expr::Literal(Literal::Integer(digits)) => digits.clone(),
        Expr::Literal(literal) => format!("{literal:?}"),
        Expr::Name(name, _) => format!("?{name}"),
        Expr::SelfName => "self".into(),
        Expr::Variable(variable) => format!("v{}", variable.0),
        Expr::Field(index) => format!("f{index}"),
        Expr::Global(name) => format!("g{name}"),
        Expr::Assign(target, value) => format!("({} := {})", show(target), show(value)),
        Expr::Send(send) => {
            let mut text = format!(
                "({}{} {}",
                show(&send.receiver),
                if send.to_super { "^" } else { "" },
                send.selector
            );
            for argument in &send.arguments {
                text += &format!(" {}", show(argument));
            }
            text + ")"
        }
        Expr::Block(block) => {
            let statements: Vec<_> = block.statements.iter().map(show).collect();
            format!("[{}]", statements.join(". "))
        }
        Expr::Return(value) => format!("^{}", show(value)),
    }
}

#[test]
fn messages_have_their_precedence() {
    assert_eq!(tree("1 + 2 * 3 foo: 4 - 5 bar"), "^(((1 + 2) * 3) foo: (4 - (5 bar)))");
    assert_eq!(tree("a foo bar: b baz: c"), "^((ga foo) bar:baz: gb gc)");
    assert_eq!(tree("3 - -3. 5 -3"), "(3 - -3). ^(5 - 3)");
    assert_eq!(
        tree("super foo bar. super + super foo. (super) foo"),
        "((self^ foo) bar). (self^ + (self^ foo)). ^(self foo)"
    );
    assert_eq!(tree("1e3"), "^(1 e3)");
    assert_eq!(tree("| x | x := it := field := 3"), "^(v2 := (v1 := (f0 := 3)))");
    assert_eq!(tree("| x | [ :y | [ x + y + it ] ]"), "^[[((v2 + v3) + v1)]]");
}

#[test]
fn what_is_captured_and_assigned_is_shared() {
    let mut body = parse_expression(
        b"| a b c | a := 1. b := 2. [ a := b ]. it > 1 ifTrue: [ c := a ]",
        &["it"],
    )
    .unwrap();
    resolve_body(&mut body, &[]).unwrap();
    let shared: Vec<_> = body.variables.iter().map(|variable| variable.is_shared()).collect();
    // self, it, a, b, c: the block of ifTrue: is no function of its own.
    assert_eq!(shared, [false, false, true, true, false]);
}

#[test]
fn only_variables_can_be_assigned() {
    let mut body = parse_expression(b"Foo := 1", &[]).unwrap();
    let error = resolve_body(&mut body, &[]).unwrap_err();
    assert_eq!(
        error.in_file("A.som"),
        "A.som:1:1: `Foo` cannot be assigned: it is no variable, parameter or field here"
    );
}
