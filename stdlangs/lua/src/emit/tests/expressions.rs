use super::check;

#[test]
fn constants_and_variables_are_used_in_place() {
    check(
        "local a, b = ... return a + b",
        "
            0 VARARG r0..r1 =
            1 ADD r2 = r0, r1
            2 RETURN1 r2
        ",
    );
    check(
        "local a = ... return a * 2 - 1",
        "
            0 VARARG r0 =
            1 MUL r1 = r0, 2
            2 SUB r1 = r1, 1
            3 RETURN1 r1
        ",
    );
    check(
        "local a = ... return 2 / a",
        "
            0 VARARG r0 =
            1 DIV r1 = 2, r0
            2 RETURN1 r1
        ",
    );
    check(
        r#"x = "s""#,
        r#"
            0 SETGLOBAL x = "s"
            1 RETURN0
        "#,
    );
    check(
        "local a = nil x = true y = a",
        "
            0 LOADNIL r0 =
            1 SETGLOBAL x = true
            2 SETGLOBAL y = r0
            3 RETURN0
        ",
    );
}

#[test]
fn results_go_where_they_are_wanted() {
    check(
        "local a = x",
        "
            0 GETGLOBAL r0 = x
            1 RETURN0
        ",
    );
    check(
        "local a, b = x, y.z",
        "
            0 GETGLOBAL r0 = x
            1 GETGLOBAL r1 = y
            2 GETFIELD r1 = r1.z
            3 RETURN0
        ",
    );
    check(
        "local a, b a = b + 1",
        "
            0 LOADNIL r0..r1 =
            1 ADD r0 = r1, 1
            2 RETURN0
        ",
    );
    check(
        "local a a = a.b.c",
        "
            0 LOADNIL r0 =
            1 GETFIELD r1 = r0.b
            2 GETFIELD r0 = r1.c
            3 RETURN0
        ",
    );
    check(
        "local a, b a = a + b * 2",
        "
            0 LOADNIL r0..r1 =
            1 MUL r2 = r1, 2
            2 ADD r0 = r0, r2
            3 RETURN0
        ",
    );
}

#[test]
fn temporaries_are_used_again() {
    check(
        "x = a + b * c - d",
        "
            0 GETGLOBAL r0 = a
            1 GETGLOBAL r1 = b
            2 GETGLOBAL r2 = c
            3 MUL r1 = r1, r2
            4 ADD r0 = r0, r1
            5 GETGLOBAL r1 = d
            6 SUB r0 = r0, r1
            7 SETGLOBAL x = r0
            8 RETURN0
        ",
    );
    check(
        "return a.b.c.d",
        "
            0 GETGLOBAL r0 = a
            1 GETFIELD r0 = r0.b
            2 GETFIELD r0 = r0.c
            3 GETFIELD r0 = r0.d
            4 RETURN1 r0
        ",
    );
    check(
        "x = -#y",
        "
            0 GETGLOBAL r0 = y
            1 LEN r0 = r0
            2 UNM r0 = r0
            3 SETGLOBAL x = r0
            4 RETURN0
        ",
    );
}

#[test]
fn arithmetic_on_constants_is_done_ahead() {
    check(
        "return 1 + 2 * 3 ^ 2",
        "
            0 RETURN1 19
        ",
    );
    check(
        "return -5 % 3, 7 / 2, -0",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 3.5
            2 LOADK r2 = -0
            3 RETURN r0..r2
        ",
    );
    check(
        "x = -(2 - 2)",
        "
            0 SETGLOBAL x = -0
            1 RETURN0
        ",
    );
    check(
        "return not nil, not 0",
        "
            0 LOADK r0 = true
            1 LOADK r1 = false
            2 RETURN r0..r1
        ",
    );
}

#[test]
fn what_would_fail_or_give_nan_is_not_done_ahead() {
    check(
        "return 1 / 0",
        "
            0 LOADK r0 = 1
            1 DIV r0 = r0, 0
            2 RETURN1 r0
        ",
    );
    check(
        "return 1 % 0",
        "
            0 LOADK r0 = 1
            1 MOD r0 = r0, 0
            2 RETURN1 r0
        ",
    );
    check(
        r#"return "1" + 2"#,
        r#"
            0 LOADK r0 = "1"
            1 ADD r0 = r0, 2
            2 RETURN1 r0
        "#,
    );
    check(
        r#"return -"1""#,
        r#"
            0 LOADK r0 = "1"
            1 UNM r0 = r0
            2 RETURN1 r0
        "#,
    );
    check(
        "return 0 * (1e999 - 1e999)",
        "
            0 LOADK r0 = inf
            1 SUB r0 = r0, inf
            2 MUL r0 = 0, r0
            3 RETURN1 r0
        ",
    );
}

#[test]
fn fields_and_elements() {
    check(
        r#"local t, i = ... return t.x, t["y"], t[1], t[i]"#,
        r#"
            0 VARARG r0..r1 =
            1 GETFIELD r2 = r0.x
            2 GETFIELD r3 = r0.y
            3 GETELEM r4 = r0[1]
            4 GETINDEX r5 = r0[r1]
            5 RETURN r2..r5
        "#,
    );
    check(
        "local t = ... return t[-1], t[1.5], t[true]",
        "
            0 VARARG r0 =
            1 LOADK r1 = -1
            2 GETINDEX r1 = r0[r1]
            3 LOADK r2 = 1.5
            4 GETINDEX r2 = r0[r2]
            5 LOADK r3 = true
            6 GETINDEX r3 = r0[r3]
            7 RETURN r1..r3
        ",
    );
    check(
        "local t = ... return t[67108863]",
        "
            0 VARARG r0 =
            1 GETELEM r1 = r0[67108863]
            2 RETURN1 r1
        ",
    );
    check(
        "local t = ... return t[67108864]",
        "
            0 VARARG r0 =
            1 LOADK r1 = 67108864
            2 GETINDEX r1 = r0[r1]
            3 RETURN1 r1
        ",
    );
    check(
        r#"local t, i = ... t.x, t[1], t[i] = nil, 2, "s""#,
        r#"
            0 VARARG r0..r1 =
            1 SETINDEX r0[r1] = "s"
            2 SETELEM r0[1] = 2
            3 SETFIELD r0.x = nil
            4 RETURN0
        "#,
    );
}

#[test]
fn concatenation_takes_neighbouring_slots() {
    check(
        r#"local a, b = ... return a .. b .. "c""#,
        r#"
            0 VARARG r0..r1 =
            1 MOVE r2 = r0
            2 MOVE r3 = r1
            3 LOADK r4 = "c"
            4 CONCAT r2 = r2..r4
            5 RETURN1 r2
        "#,
    );
    check(
        "local a = ... return a .. (a .. a)",
        "
            0 VARARG r0 =
            1 MOVE r1 = r0
            2 MOVE r2 = r0
            3 MOVE r3 = r0
            4 CONCAT r1 = r1..r3
            5 RETURN1 r1
        ",
    );
    check(
        "local a = ... return (a .. a) .. a",
        "
            0 VARARG r0 =
            1 MOVE r1 = r0
            2 MOVE r2 = r0
            3 CONCAT r1 = r1..r2
            4 MOVE r2 = r0
            5 CONCAT r1 = r1..r2
            6 RETURN1 r1
        ",
    );
    check(
        "local a = ... x = 1 .. a + 1",
        "
            0 VARARG r0 =
            1 LOADK r1 = 1
            2 ADD r2 = r0, 1
            3 CONCAT r1 = r1..r2
            4 SETGLOBAL x = r1
            5 RETURN0
        ",
    );
}

#[test]
fn tables() {
    check(
        "return {}",
        "
            0 NEWTABLE r0 = 0, 0
            1 RETURN1 r0
        ",
    );
    check(
        "local t = {1, x = 2, [3] = 4, 5}",
        "
            0 NEWTABLE r0 = 2, 2
            1 LOADK r1 = 1
            2 SETFIELD r0.x = 2
            3 SETELEM r0[3] = 4
            4 LOADK r2 = 5
            5 SETLIST r0[1..] = r1..r2
            6 RETURN0
        ",
    );
    check(
        "local t = {x = 1, y = f()}",
        "
            0 LOADK r1 = 1
            1 GETGLOBAL r2 = f
            2 CALL r2 = r2()
            3 NEWOBJECT r0 = r1..r2: x, y
            4 RETURN0
        ",
    );
    check(
        "local t = {x = 1, x = 2}",
        "
            0 NEWTABLE r0 = 0, 2
            1 SETFIELD r0.x = 1
            2 SETFIELD r0.x = 2
            3 RETURN0
        ",
    );
    check(
        "local a = ... return {a, ...}",
        "
            0 VARARG r0 =
            1 NEWTABLE r1 = 1, 0
            2 MOVE r2 = r0
            3 VARARG r3.. =
            4 SETLIST r1[1..] = r2..
            5 RETURN1 r1
        ",
    );
    check(
        "local a = {f()}",
        "
            0 NEWTABLE r0 = 0, 0
            1 GETGLOBAL r1 = f
            2 CALL r1.. = r1()
            3 SETLIST r0[1..] = r1..
            4 RETURN0
        ",
    );
    check(
        "local a a = {}",
        "
            0 LOADNIL r0 =
            1 NEWTABLE r0 = 0, 0
            2 RETURN0
        ",
    );
    check(
        "local a a = {a}",
        "
            0 LOADNIL r0 =
            1 NEWTABLE r1 = 1, 0
            2 MOVE r2 = r0
            3 SETLIST r1[1..] = r2
            4 MOVE r0 = r1
            5 RETURN0
        ",
    );
    check(
        "return {[f()] = g()}",
        "
            0 NEWTABLE r0 = 0, 1
            1 GETGLOBAL r1 = f
            2 CALL r1 = r1()
            3 GETGLOBAL r2 = g
            4 CALL r2 = r2()
            5 SETINDEX r0[r1] = r2
            6 RETURN1 r0
        ",
    );
}

#[test]
fn varargs() {
    check(
        "local a = ...",
        "
            0 VARARG r0 =
            1 RETURN0
        ",
    );
    check(
        "local a, b = ...",
        "
            0 VARARG r0..r1 =
            1 RETURN0
        ",
    );
    check(
        "return ...",
        "
            0 VARARG r0.. =
            1 RETURN r0..
        ",
    );
    check(
        "f(1, ...)",
        "
            0 GETGLOBAL r0 = f
            1 LOADK r4 = 1
            2 VARARG r5.. =
            3 CALL _ = r0(r4..)
            4 RETURN0
        ",
    );
    check(
        "return (...)",
        "
            0 VARARG r0 =
            1 RETURN1 r0
        ",
    );
    check(
        "local a = {...}",
        "
            0 NEWTABLE r0 = 0, 0
            1 VARARG r1.. =
            2 SETLIST r0[1..] = r1..
            3 RETURN0
        ",
    );
}
