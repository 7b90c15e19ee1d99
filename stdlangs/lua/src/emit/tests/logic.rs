use super::check;

#[test]
fn conditions_branch_on_what_they_compare() {
    check(
        "local a, b = ... if a < b then f() end",
        "
            0 VARARG r0..r1 =
            1 JNLT r0, r1 -> 4
            2 GETGLOBAL r2 = f
            3 CALL _ = r2()
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... if a <= b then f() end",
        "
            0 VARARG r0..r1 =
            1 JNLE r0, r1 -> 4
            2 GETGLOBAL r2 = f
            3 CALL _ = r2()
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... if a > b then f() end",
        "
            0 VARARG r0..r1 =
            1 JNLT r1, r0 -> 4
            2 GETGLOBAL r2 = f
            3 CALL _ = r2()
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... if a >= b then f() end",
        "
            0 VARARG r0..r1 =
            1 JNLE r1, r0 -> 4
            2 GETGLOBAL r2 = f
            3 CALL _ = r2()
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... if a == b then f() end",
        "
            0 VARARG r0..r1 =
            1 JNE r0, r1 -> 4
            2 GETGLOBAL r2 = f
            3 CALL _ = r2()
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... if a ~= b then f() end",
        "
            0 VARARG r0..r1 =
            1 JEQ r0, r1 -> 4
            2 GETGLOBAL r2 = f
            3 CALL _ = r2()
            4 RETURN0
        ",
    );
    check(
        "local a = ... if not a then f() end",
        "
            0 VARARG r0 =
            1 JTRUE r0 -> 4
            2 GETGLOBAL r1 = f
            3 CALL _ = r1()
            4 RETURN0
        ",
    );
}

#[test]
fn comparisons_with_constants() {
    check(
        "local a = ... if a == nil then f() end",
        "
            0 VARARG r0 =
            1 JNEK r0, nil -> 4
            2 GETGLOBAL r1 = f
            3 CALL _ = r1()
            4 RETURN0
        ",
    );
    check(
        r#"local a = ... if "x" ~= a then f() end"#,
        r#"
            0 VARARG r0 =
            1 JEQK r0, "x" -> 4
            2 GETGLOBAL r1 = f
            3 CALL _ = r1()
            4 RETURN0
        "#,
    );
    check(
        "local a = ... if a == 1 then f() end",
        "
            0 VARARG r0 =
            1 JNE r0, 1 -> 4
            2 GETGLOBAL r1 = f
            3 CALL _ = r1()
            4 RETURN0
        ",
    );
    check(
        "local a = ... if 1 == a then f() end",
        "
            0 VARARG r0 =
            1 JNE r0, 1 -> 4
            2 GETGLOBAL r1 = f
            3 CALL _ = r1()
            4 RETURN0
        ",
    );
    check(
        "local a = ... if a < 1 then f() end",
        "
            0 VARARG r0 =
            1 JNLT r0, 1 -> 4
            2 GETGLOBAL r1 = f
            3 CALL _ = r1()
            4 RETURN0
        ",
    );
    check(
        "local a = ... if 1 > a then f() end",
        "
            0 VARARG r0 =
            1 JNLT r0, 1 -> 4
            2 GETGLOBAL r1 = f
            3 CALL _ = r1()
            4 RETURN0
        ",
    );
    check(
        r#"local a = ... if a < "x" then f() end"#,
        r#"
            0 VARARG r0 =
            1 LOADK r1 = "x"
            2 JNLT r0, r1 -> 5
            3 GETGLOBAL r1 = f
            4 CALL _ = r1()
            5 RETURN0
        "#,
    );
    check(
        "if 1 < 2 then f() end",
        "
            0 LOADK r0 = 1
            1 JNLT r0, 2 -> 4
            2 GETGLOBAL r0 = f
            3 CALL _ = r0()
            4 RETURN0
        ",
    );
    check(
        "if nil == nil then f() end",
        "
            0 LOADNIL r0 =
            1 JNEK r0, nil -> 4
            2 GETGLOBAL r0 = f
            3 CALL _ = r0()
            4 RETURN0
        ",
    );
}

#[test]
fn conditions_are_joined_by_branches() {
    check(
        "local a, b, c = ... if a and b or c then f() end",
        "
            0 VARARG r0..r2 =
            1 JFALSE r0 -> 3
            2 JTRUE r1 -> 4
            3 JFALSE r2 -> 6
            4 GETGLOBAL r3 = f
            5 CALL _ = r3()
            6 RETURN0
        ",
    );
    check(
        "local a, b, c = ... if a and (b or c) then f() end",
        "
            0 VARARG r0..r2 =
            1 JFALSE r0 -> 6
            2 JTRUE r1 -> 4
            3 JFALSE r2 -> 6
            4 GETGLOBAL r3 = f
            5 CALL _ = r3()
            6 RETURN0
        ",
    );
    check(
        "local a, b = ... if not (a and b) then f() end",
        "
            0 VARARG r0..r1 =
            1 JFALSE r0 -> 3
            2 JTRUE r1 -> 5
            3 GETGLOBAL r2 = f
            4 CALL _ = r2()
            5 RETURN0
        ",
    );
    check(
        "local a, b = ... if a < 1 and not (b == 2) then f() end",
        "
            0 VARARG r0..r1 =
            1 JNLT r0, 1 -> 5
            2 JEQ r1, 2 -> 5
            3 GETGLOBAL r2 = f
            4 CALL _ = r2()
            5 RETURN0
        ",
    );
}

#[test]
fn conditions_that_are_constant() {
    check(
        "if true then f() end",
        "
            0 GETGLOBAL r0 = f
            1 CALL _ = r0()
            2 RETURN0
        ",
    );
    check(
        "if nil then f() else g() end",
        "
            0 GETGLOBAL r0 = g
            1 CALL _ = r0()
            2 RETURN0
        ",
    );
    check(
        "if 1 and x then f() end",
        "
            0 GETGLOBAL r0 = x
            1 JFALSE r0 -> 4
            2 GETGLOBAL r0 = f
            3 CALL _ = r0()
            4 RETURN0
        ",
    );
    check(
        "while false do f() end",
        "
            0 RETURN0
        ",
    );
    check(
        "return nil and x",
        "
            0 LOADNIL r0 =
            1 RETURN1 r0
        ",
    );
    check(
        "return 1 or x",
        "
            0 LOADK r0 = 1
            1 RETURN1 r0
        ",
    );
    check(
        "return false or 2",
        "
            0 LOADK r0 = 2
            1 RETURN1 r0
        ",
    );
}

#[test]
fn values_of_logical_operators() {
    check(
        "local a, b = ... local c = a and b",
        "
            0 VARARG r0..r1 =
            1 MOVE r2 = r0
            2 JFALSE r2 -> 4
            3 MOVE r2 = r1
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... local c = a or b",
        "
            0 VARARG r0..r1 =
            1 MOVE r2 = r0
            2 JTRUE r2 -> 4
            3 MOVE r2 = r1
            4 RETURN0
        ",
    );
    check(
        "local a, b, c = ... local d = a and b or c",
        "
            0 VARARG r0..r2 =
            1 JFALSE r0 -> 4
            2 MOVE r3 = r1
            3 JTRUE r3 -> 5
            4 MOVE r3 = r2
            5 RETURN0
        ",
    );
    check(
        "local a, b = ... local c = a < 1 and b",
        "
            0 VARARG r0..r1 =
            1 LOADK r2 = false
            2 JNLT r0, 1 -> 4
            3 MOVE r2 = r1
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... local c = not (a < b)",
        "
            0 VARARG r0..r1 =
            1 LOADK r2 = true
            2 JNLT r0, r1 -> 4
            3 LOADK r2 = false
            4 RETURN0
        ",
    );
    check(
        "local a = ... local b = a == nil or a",
        "
            0 VARARG r0 =
            1 LOADK r1 = true
            2 JEQK r0, nil -> 4
            3 MOVE r1 = r0
            4 RETURN0
        ",
    );
    check(
        "x = a or {}",
        "
            0 GETGLOBAL r0 = a
            1 JTRUE r0 -> 3
            2 NEWTABLE r0 = 0, 0
            3 SETGLOBAL x = r0
            4 RETURN0
        ",
    );
    check(
        "local a = ... f(a and 1)",
        "
            0 VARARG r0 =
            1 GETGLOBAL r1 = f
            2 MOVE r5 = r0
            3 JFALSE r5 -> 5
            4 LOADK r5 = 1
            5 CALL _ = r1(r5)
            6 RETURN0
        ",
    );
}

#[test]
fn a_variable_keeps_its_value_while_it_is_needed() {
    check(
        "local a a = a or 1",
        "
            0 LOADNIL r0 =
            1 JTRUE r0 -> 3
            2 LOADK r0 = 1
            3 RETURN0
        ",
    );
    check(
        "local a, b a = b and a",
        "
            0 LOADNIL r0..r1 =
            1 MOVE r2 = r1
            2 JFALSE r2 -> 4
            3 MOVE r2 = r0
            4 MOVE r0 = r2
            5 RETURN0
        ",
    );
    check(
        "local a, b a = b and b.x",
        "
            0 LOADNIL r0..r1 =
            1 MOVE r0 = r1
            2 JFALSE r0 -> 4
            3 GETFIELD r0 = r1.x
            4 RETURN0
        ",
    );
    check(
        "local a, b = ... a = a < b",
        "
            0 VARARG r0..r1 =
            1 LOADK r2 = true
            2 JLT r0, r1 -> 4
            3 LOADK r2 = false
            4 MOVE r0 = r2
            5 RETURN0
        ",
    );
    check(
        "local a, b = ... b = a < 1",
        "
            0 VARARG r0..r1 =
            1 LOADK r1 = true
            2 JLT r0, 1 -> 4
            3 LOADK r1 = false
            4 RETURN0
        ",
    );
}

#[test]
fn values_of_comparisons() {
    check(
        "local a, b = ... local c = a == b",
        "
            0 VARARG r0..r1 =
            1 LOADK r2 = true
            2 JEQ r0, r1 -> 4
            3 LOADK r2 = false
            4 RETURN0
        ",
    );
    check(
        "x = a < b",
        "
            0 GETGLOBAL r0 = a
            1 GETGLOBAL r1 = b
            2 JLT r0, r1 -> 5
            3 LOADK r0 = false
            4 JUMP -> 6
            5 LOADK r0 = true
            6 SETGLOBAL x = r0
            7 RETURN0
        ",
    );
    check(
        "local a, b = ... return a < b",
        "
            0 VARARG r0..r1 =
            1 JLT r0, r1 -> 3
            2 RETURN1 false
            3 RETURN1 true
        ",
    );
    check(
        "local a, b = ... return not (a and b)",
        "
            0 VARARG r0..r1 =
            1 JFALSE r0 -> 4
            2 JFALSE r1 -> 4
            3 RETURN1 false
            4 RETURN1 true
        ",
    );
}
