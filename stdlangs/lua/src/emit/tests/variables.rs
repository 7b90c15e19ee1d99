use super::{check, check_function};

#[test]
fn upvalues() {
    check_function(
        1,
        "local a function f() return a end",
        "
            0 GETUPVAL r0 = ^0
            1 RETURN1 r0
        ",
    );
    check_function(
        1,
        "local a function f() a = 1 a = a + 1 end",
        "
            0 SETUPVAL ^0 = 1
            1 GETUPVAL r0 = ^0
            2 ADD r0 = r0, 1
            3 SETUPVAL ^0 = r0
            4 RETURN0
        ",
    );
    check_function(
        1,
        "local a function f() return function() return a end end",
        "
            0 CLOSURE r0 = fn 2
            1 RETURN1 r0
        ",
    );
}

#[test]
fn captured_variables_are_detached_where_they_end() {
    check(
        "do local a function f() return a end end g()",
        "
            0 LOADNIL r0 =
            1 CLOSURE r1 = fn 1
            2 SETGLOBAL f = r1
            3 CLOSE r0..
            4 GETGLOBAL r0 = g
            5 CALL _ = r0()
            6 RETURN0
        ",
    );
    check(
        "while x do local a function f() return a end end",
        "
            0 JUMP -> 5
            1 LOADNIL r0 =
            2 CLOSURE r1 = fn 1
            3 SETGLOBAL f = r1
            4 CLOSE r0..
            5 GETGLOBAL r0 = x
            6 JTRUE r0 -> 1
            7 RETURN0
        ",
    );
    check(
        "while x do local a function f() return a end if y then break end end",
        "
            0 JUMP -> 9
            1 LOADNIL r0 =
            2 CLOSURE r1 = fn 1
            3 SETGLOBAL f = r1
            4 GETGLOBAL r1 = y
            5 JFALSE r1 -> 8
            6 CLOSE r0..
            7 JUMP -> 11
            8 CLOSE r0..
            9 GETGLOBAL r0 = x
           10 JTRUE r0 -> 1
           11 RETURN0
        ",
    );
    check(
        "for i = 1, 2 do function f() return i end end",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 2
            2 LOADK r2 = 1
            3 FORPREP r0 -> 8
            4 CLOSURE r4 = fn 1
            5 SETGLOBAL f = r4
            6 CLOSE r3..
            7 FORLOOPUP r0 -> 4
            8 RETURN0
        ",
    );
    check(
        "for k in x do function f() return k end end",
        "
            0 GETGLOBAL r0 = x
            1 LOADNIL r1..r3 =
            2 JUMP -> 6
            3 CLOSURE r6 = fn 1
            4 SETGLOBAL f = r6
            5 CLOSE r4..
            6 FORSTEP r0, r4 -> 3
            7 FORCALL r4 = r0
            8 FORNEXT r0, r4 -> 3
            9 RETURN0
        ",
    );
    check(
        "repeat local a function f() return a end until a",
        "
            0 LOADNIL r0 =
            1 CLOSURE r1 = fn 1
            2 SETGLOBAL f = r1
            3 JTRUE r0 -> 6
            4 CLOSE r0..
            5 JUMP -> 0
            6 CLOSE r0..
            7 RETURN0
        ",
    );
    check(
        "local a function f() return a end return a",
        "
            0 LOADNIL r0 =
            1 CLOSURE r1 = fn 1
            2 SETGLOBAL f = r1
            3 CLOSE r0..
            4 RETURN1 r0
        ",
    );
    check(
        "local a function f() return a end return g(a)",
        "
            0 LOADNIL r0 =
            1 CLOSURE r1 = fn 1
            2 SETGLOBAL f = r1
            3 GETGLOBAL r1 = g
            4 MOVE r5 = r0
            5 CLOSE r0..
            6 TAILCALL r1(r5)
        ",
    );
    check(
        "while x do local a if a then break end end",
        "
            0 JUMP -> 3
            1 LOADNIL r0 =
            2 JTRUE r0 -> 5
            3 GETGLOBAL r0 = x
            4 JTRUE r0 -> 1
            5 RETURN0
        ",
    );
}

#[test]
fn arg() {
    check_function(
        1,
        "function f(...) return arg end",
        "
            0 ARGTABLE r0 =
            1 RETURN1 r0
        ",
    );
    check_function(
        1,
        "function f(...) return arg, ... end",
        "
            0 LOADNIL r0 =
            1 MOVE r1 = r0
            2 VARARG r2.. =
            3 RETURN r1..
        ",
    );
    check_function(
        1,
        "function f(a, ...) local b end",
        "
            0 ARGTABLE r1 =
            1 LOADNIL r2 =
            2 RETURN0
        ",
    );
}

#[test]
fn parameters() {
    check_function(
        1,
        "function f(a, b) return b end",
        "
            0 RETURN1 r1
        ",
    );
    check_function(
        1,
        "function a:m(x) return self, x end",
        "
            0 RETURN r0..r1
        ",
    );
}
