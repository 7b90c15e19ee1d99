use super::{check, check_expr};

#[test]
fn constants() {
    check_expr("nil, true, false, 1, 'a', ...", r#"nil true false 1 "a" ..."#);
}

#[test]
fn priorities() {
    check_expr("a or b and c", "(or a (and b c))");
    check_expr("a and b == c", "(and a (== b c))");
    check_expr("a < b .. c", "(< a (.. b c))");
    check_expr("a .. b + c", "(.. a (+ b c))");
    check_expr("a + b * c", "(+ a (* b c))");
    check_expr("a * -b", "(* a (- b))");
    check_expr("-a ^ b", "(- (^ a b))");
    check_expr("a ^ -b", "(^ a (- b))");
    check_expr("not a == b", "(== (not a) b)");
    check_expr("#a + 1", "(+ (# a) 1)");
    check_expr("(a + b) * c", "(* (+ a b) c)");
}

#[test]
fn associativity() {
    check_expr("a - b - c", "(- (- a b) c)");
    check_expr("a / b * c % d", "(% (* (/ a b) c) d)");
    check_expr("a .. b .. c", "(.. a (.. b c))");
    check_expr("a ^ b ^ c", "(^ a (^ b c))");
    check_expr("a == b ~= c", "(~= (== a b) c)");
    check_expr("a < b <= c > d >= e", "(>= (> (<= (< a b) c) d) e)");
    check_expr("not not - - #a", "(not (not (- (- (# a)))))");
}

#[test]
fn suffixes() {
    check_expr("a.b.c", r#"(index (index a "b") "c")"#);
    check_expr("a[b][1]", "(index (index a b) 1)");
    check_expr("f()", "(call f)");
    check_expr("f(1, 2)", "(call f 1 2)");
    check_expr("f'x'", r#"(call f "x")"#);
    check_expr("f{}", "(call f (table))");
    check_expr("a:m(1)", "(method-call a m 1)");
    check_expr(
        "a.b:m'x'(2)[3]",
        r#"(index (call (method-call (index a "b") m "x") 2) 3)"#,
    );
    check_expr("('x'):rep(3)", r#"(method-call "x" rep 3)"#);
}

#[test]
fn parentheses_stay_where_they_truncate() {
    check_expr("(a)", "a");
    check_expr("((a + b))", "(+ a b)");
    check_expr("(f())", "(paren (call f))");
    check_expr("((f()))", "(paren (call f))");
    check_expr("(a:m())", "(paren (method-call a m))");
    check_expr("(...)", "(paren ...)");
    check_expr("(f)()", "(call f)");
}

#[test]
fn tables() {
    check_expr("{}", "(table)");
    check_expr("{1, 2; 3,}", "(table 1 2 3)");
    check_expr("{a = 1, [b] = 2, c}", r#"(table "a" = 1 b = 2 c)"#);
    check_expr("{a == b, a}", "(table (== a b) a)");
    check_expr("{{}, f()}", "(table (table) (call f))");
}

#[test]
fn functions() {
    check_expr("function() end", "(fn () (block))");
    check_expr("function(a, b) return a end", "(fn (a.0 b.1) (block (return a.0)))");
}

#[test]
fn lines_of_errors() {
    /// The line of the value that is returned.
    #[track_caller]
    fn check_line(source: &str, expected: u32) {
        let source = format!("return {source}");
        let chunk = crate::syntax::parse(source.as_bytes(), b"=t").unwrap();
        let last = chunk.exprs.len() - 1;
        assert_eq!(chunk.lines[last], expected, "for {source}");
    }
    check_line("a", 1);
    check_line("a +\n\nb", 3);
    check_line("a\n.b", 2);
    check_line("a\n[1\n]", 3);
    check_line("a\n:m(\n1\n)", 2);
    check_line("f{\n}", 1);
    check_line("f\n{\n}", 2);
    check_line("-\na", 2);
    check_line("function()\nend", 2);
}

#[test]
fn vararg_use() {
    check(
        "f = function(...) return ... end",
        "(assign f = (fn ( ...) (block (return ...))))",
    );
    check("f = function(a, ...) end", "(assign f = (fn (a.0 arg) (block)))");
}
