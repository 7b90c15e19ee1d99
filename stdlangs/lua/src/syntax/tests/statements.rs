use super::check;

#[test]
fn assignments() {
    check("a = 1", "(assign a = 1)");
    check("a, b.c, d[1] = 1, 2", r#"(assign a (index b "c") (index d 1) = 1 2)"#);
    check("f().x = 1", r#"(assign (index (call f) "x") = 1)"#);
    check("(a).b = 1", r#"(assign (index a "b") = 1)"#);
}

#[test]
fn calls() {
    check("f()", "(call f)");
    check("a.b:c'x'", r#"(method-call (index a "b") c "x")"#);
    check("(f or g)(1)", "(call (or f g) 1)");
}

#[test]
fn several_on_a_line() {
    check("a = 1 b = 2; c = 3", "(assign a = 1)\n(assign b = 2)\n(assign c = 3)");
    check("", "");
    check("f();", "(call f)");
}

#[test]
fn locals() {
    check("local a", "(local (a.0))");
    check("local a, b = 1, f()", "(local (a.0 b.1) 1 (call f))");
    check("local function f() end", "(local-function f.0 (fn () (block)))");
}

#[test]
fn blocks() {
    check("do local a end do end", "(do (block (local (a.0))))\n(do (block))");
    check("while a do f() end", "(while a (block (call f)))");
    check("while a do break end", "(while a (block (break)))");
    check("repeat f() until a", "(repeat (block (call f)) a)");
}

#[test]
fn conditions() {
    check("if a then end", "(if a (block))");
    check(
        "if a then f() else g() end",
        "(if a (block (call f)) else (block (call g)))",
    );
    check(
        "if a then elseif b then f() elseif c then else end",
        "(if a (block) b (block (call f)) c (block) else (block))",
    );
}

#[test]
fn loops_over_numbers() {
    check(
        "for i = 1, 2 do f(i) end",
        "(for (for index).0 (for limit).1 (for step).2 i.3 = 1 2 (block (call f i.3)))",
    );
    check(
        "for i = a, b, c do end",
        "(for (for index).0 (for limit).1 (for step).2 i.3 = a b c (block))",
    );
}

#[test]
fn loops_over_iterators() {
    check(
        "for k, v in f(t) do f(k, v) end",
        "(for (for generator).0 (for state).1 (for control).2 k.3 v.4 in (call f t) (block (call f k.3 v.4)))",
    );
    check(
        "for k in a, b do end",
        "(for (for generator).0 (for state).1 (for control).2 k.3 in a b (block))",
    );
}

#[test]
fn functions() {
    check("function f() end", "(function f (fn () (block)))");
    check(
        "function a.b.c() end",
        r#"(function (index (index a "b") "c") (fn () (block)))"#,
    );
    check(
        "function a.b:m(x) end",
        r#"(function (index (index a "b") "m") (fn (self.0 x.1) (block)))"#,
    );
}

#[test]
fn returns() {
    check("return", "(return)");
    check("return;", "(return)");
    check("return 1, f();", "(return 1 (call f))");
    check("do return end f()", "(do (block (return)))\n(call f)");
}

#[test]
fn labels() {
    check("::a:: goto a", "(label 0)\n(goto 0)");
    check(
        "goto b do goto a end ::a:: ::b::",
        "(goto 0)\n(do (block (goto 0)))\n(label 0)",
    );
    check("goto a local x ::a::", "(goto 0)\n(local (x.0))\n(label 0)");
    check(
        "::a:: do goto a ::a:: f() end",
        "(label 0)\n(do (block (goto 1) (label 1) (call f)))",
    );
    check("f() ::a:: x:y()", "(call f)\n(label 0)\n(method-call x y)");
}

#[test]
fn goto_as_a_name() {
    check("goto = goto.goto", r#"(assign goto = (index goto "goto"))"#);
    check("goto 'x' goto {}", "(call goto \"x\")\n(call goto (table))");
}
