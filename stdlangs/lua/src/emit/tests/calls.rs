use super::check;

#[test]
fn arguments_leave_room_for_the_frame_header() {
    check(
        "f()",
        "
            0 GETGLOBAL r0 = f
            1 CALL _ = r0()
            2 RETURN0
        ",
    );
    check(
        "f(1, 2)",
        "
            0 GETGLOBAL r0 = f
            1 LOADK r4 = 1
            2 LOADK r5 = 2
            3 CALL _ = r0(r4..r5)
            4 RETURN0
        ",
    );
    check(
        "local f = ... f(1)",
        "
            0 VARARG r0 =
            1 LOADK r4 = 1
            2 CALL _ = r0(r4)
            3 RETURN0
        ",
    );
    check(
        "f(g())",
        "
            0 GETGLOBAL r0 = f
            1 GETGLOBAL r4 = g
            2 CALL r4.. = r4()
            3 CALL _ = r0(r4..)
            4 RETURN0
        ",
    );
    check(
        "f(g(), h())",
        "
            0 GETGLOBAL r0 = f
            1 GETGLOBAL r4 = g
            2 CALL r4 = r4()
            3 GETGLOBAL r5 = h
            4 CALL r5.. = r5()
            5 CALL _ = r0(r4..)
            6 RETURN0
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
        "x = f(1)",
        "
            0 GETGLOBAL r0 = f
            1 LOADK r4 = 1
            2 CALL r0 = r0(r4)
            3 SETGLOBAL x = r0
            4 RETURN0
        ",
    );
}

#[test]
fn methods() {
    check(
        "a:b(1)",
        "
            0 GETGLOBAL r0 = a
            1 SELF r0, r4 = r0:b
            2 LOADK r5 = 1
            3 CALL _ = r0(r4..r5)
            4 RETURN0
        ",
    );
    check(
        "local a = ... a:b()",
        "
            0 VARARG r0 =
            1 SELF r1, r5 = r0:b
            2 CALL _ = r1(r5)
            3 RETURN0
        ",
    );
    check(
        "a:b():c()",
        "
            0 GETGLOBAL r0 = a
            1 SELF r0, r4 = r0:b
            2 CALL r0 = r0(r4)
            3 SELF r0, r4 = r0:c
            4 CALL _ = r0(r4)
            5 RETURN0
        ",
    );
    check(
        "local a = ... return a:b(...)",
        "
            0 VARARG r0 =
            1 SELF r1, r5 = r0:b
            2 VARARG r6.. =
            3 TAILCALL r1(r5..)
        ",
    );
}

#[test]
fn results() {
    check(
        "local a, b = f()",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0..r1 = r0()
            2 RETURN0
        ",
    );
    check(
        "f(g(1))",
        "
            0 GETGLOBAL r0 = f
            1 GETGLOBAL r4 = g
            2 LOADK r8 = 1
            3 CALL r4.. = r4(r8)
            4 CALL _ = r0(r4..)
            5 RETURN0
        ",
    );
    check(
        "return {f(), g()}",
        "
            0 NEWTABLE r0 = 1, 0
            1 GETGLOBAL r1 = f
            2 CALL r1 = r1()
            3 GETGLOBAL r2 = g
            4 CALL r2.. = r2()
            5 SETLIST r0[1..] = r1..
            6 RETURN1 r0
        ",
    );
    check(
        "a = f().x",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0 = r0()
            2 GETFIELD r0 = r0.x
            3 SETGLOBAL a = r0
            4 RETURN0
        ",
    );
    check(
        "f()()",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0 = r0()
            2 CALL _ = r0()
            3 RETURN0
        ",
    );
}

#[test]
fn a_function_is_read_before_its_arguments() {
    check(
        "local f f = function() end local g = function() f = nil end f(g())",
        "
            0 LOADNIL r0 =
            1 CLOSURE r0 = fn 1
            2 CLOSURE r1 = fn 2
            3 MOVE r2 = r0
            4 CALL r6.. = r1()
            5 CALL _ = r2(r6..)
            6 CLOSE r0..
            7 RETURN0
        ",
    );
    check(
        "local f = x f(g())",
        "
            0 GETGLOBAL r0 = x
            1 GETGLOBAL r4 = g
            2 CALL r4.. = r4()
            3 CALL _ = r0(r4..)
            4 RETURN0
        ",
    );
}

#[test]
fn statements_have_no_results() {
    check(
        "local a = 1 f(a)",
        "
            0 LOADK r0 = 1
            1 GETGLOBAL r1 = f
            2 MOVE r5 = r0
            3 CALL _ = r1(r5)
            4 RETURN0
        ",
    );
}
