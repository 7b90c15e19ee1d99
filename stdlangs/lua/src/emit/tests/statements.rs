use super::check;

#[test]
fn declarations() {
    check(
        "local a",
        "
            0 LOADNIL r0 =
            1 RETURN0
        ",
    );
    check(
        "local a local b, c",
        "
            0 LOADNIL r0..r2 =
            1 RETURN0
        ",
    );
    check(
        "local a, b = 1",
        "
            0 LOADK r0 = 1
            1 LOADNIL r1 =
            2 RETURN0
        ",
    );
    check(
        "local a, b = 1, 2, f()",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 2
            2 GETGLOBAL r2 = f
            3 CALL r2 = r2()
            4 RETURN0
        ",
    );
    check(
        "local a, b, c = f()",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0..r2 = r0()
            2 RETURN0
        ",
    );
    check(
        "local a, b, c = 1, f()",
        "
            0 LOADK r0 = 1
            1 GETGLOBAL r1 = f
            2 CALL r1..r2 = r1()
            3 RETURN0
        ",
    );
    check(
        "local a = f()",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0 = r0()
            2 RETURN0
        ",
    );
    check(
        "local function f() end",
        "
            0 CLOSURE r0 = fn 1
            1 RETURN0
        ",
    );
}

#[test]
fn assignments() {
    check(
        "a = 1",
        "
            0 SETGLOBAL a = 1
            1 RETURN0
        ",
    );
    check(
        "local a a = f()",
        "
            0 LOADNIL r0 =
            1 GETGLOBAL r1 = f
            2 CALL r0 = r1()
            3 RETURN0
        ",
    );
    check(
        "a.b = c",
        "
            0 GETGLOBAL r0 = a
            1 GETGLOBAL r1 = c
            2 SETFIELD r0.b = r1
            3 RETURN0
        ",
    );
    check(
        "local t t[1], t.x = 1, 2",
        "
            0 LOADNIL r0 =
            1 SETFIELD r0.x = 2
            2 SETELEM r0[1] = 1
            3 RETURN0
        ",
    );
}

#[test]
fn several_assignments_at_once() {
    check(
        "local a, b a, b = b, a",
        "
            0 LOADNIL r0..r1 =
            1 MOVE r2 = r1
            2 MOVE r1 = r0
            3 MOVE r0 = r2
            4 RETURN0
        ",
    );
    check(
        "local i, j i, j = i + 1, j - 1",
        "
            0 LOADNIL r0..r1 =
            1 ADD r0 = r0, 1
            2 SUB r1 = r1, 1
            3 RETURN0
        ",
    );
    check(
        "local a a, a = 1, 2",
        "
            0 LOADNIL r0 =
            1 LOADK r0 = 2
            2 LOADK r0 = 1
            3 RETURN0
        ",
    );
    check(
        "a, b = f()",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0..r1 = r0()
            2 SETGLOBAL b = r1
            3 SETGLOBAL a = r0
            4 RETURN0
        ",
    );
    check(
        "a, b = 1",
        "
            0 LOADK r0 = 1
            1 LOADNIL r1 =
            2 SETGLOBAL b = r1
            3 SETGLOBAL a = r0
            4 RETURN0
        ",
    );
    check(
        "a, b = 1, 2, f()",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 2
            2 GETGLOBAL r2 = f
            3 CALL r2 = r2()
            4 SETGLOBAL b = r1
            5 SETGLOBAL a = r0
            6 RETURN0
        ",
    );
    check(
        "local i, t i, t[i] = i + 1, 20",
        "
            0 LOADNIL r0..r1 =
            1 ADD r2 = r0, 1
            2 SETINDEX r1[r0] = 20
            3 MOVE r0 = r2
            4 RETURN0
        ",
    );
    check(
        "local i, t t[i], i = 20, i + 1",
        "
            0 LOADNIL r0..r1 =
            1 MOVE r2 = r0
            2 ADD r0 = r0, 1
            3 SETINDEX r1[r2] = 20
            4 RETURN0
        ",
    );
    check(
        "local t t.x, t = 1, 2",
        "
            0 LOADNIL r0 =
            1 MOVE r1 = r0
            2 LOADK r0 = 2
            3 SETFIELD r1.x = 1
            4 RETURN0
        ",
    );
}

#[test]
fn conditionals() {
    check(
        "if a then f() end",
        "
            0 GETGLOBAL r0 = a
            1 JFALSE r0 -> 4
            2 GETGLOBAL r0 = f
            3 CALL _ = r0()
            4 RETURN0
        ",
    );
    check(
        "if a then f() else g() end",
        "
            0 GETGLOBAL r0 = a
            1 JFALSE r0 -> 5
            2 GETGLOBAL r0 = f
            3 CALL _ = r0()
            4 JUMP -> 7
            5 GETGLOBAL r0 = g
            6 CALL _ = r0()
            7 RETURN0
        ",
    );
    check(
        "if a then f() elseif b then g() else h() end",
        "
            0 GETGLOBAL r0 = a
            1 JFALSE r0 -> 5
            2 GETGLOBAL r0 = f
            3 CALL _ = r0()
            4 JUMP -> 12
            5 GETGLOBAL r0 = b
            6 JFALSE r0 -> 10
            7 GETGLOBAL r0 = g
            8 CALL _ = r0()
            9 JUMP -> 12
           10 GETGLOBAL r0 = h
           11 CALL _ = r0()
           12 RETURN0
        ",
    );
    check(
        "if a then return 1 else return 2 end",
        "
            0 GETGLOBAL r0 = a
            1 JFALSE r0 -> 3
            2 RETURN1 1
            3 RETURN1 2
        ",
    );
    check(
        "if a then return 1 end",
        "
            0 GETGLOBAL r0 = a
            1 JFALSE r0 -> 3
            2 RETURN1 1
            3 RETURN0
        ",
    );
}

#[test]
fn while_loops() {
    check(
        "while a do f() end",
        "
            0 JUMP -> 3
            1 GETGLOBAL r0 = f
            2 CALL _ = r0()
            3 GETGLOBAL r0 = a
            4 JTRUE r0 -> 1
            5 RETURN0
        ",
    );
    check(
        "while true do f() end",
        "
            0 GETGLOBAL r0 = f
            1 CALL _ = r0()
            2 JUMP -> 0
        ",
    );
    check(
        "while a do if b then break end f() end",
        "
            0 JUMP -> 5
            1 GETGLOBAL r0 = b
            2 JTRUE r0 -> 7
            3 GETGLOBAL r0 = f
            4 CALL _ = r0()
            5 GETGLOBAL r0 = a
            6 JTRUE r0 -> 1
            7 RETURN0
        ",
    );
    check(
        "while true do end",
        "
            0 JUMP -> 0
        ",
    );
    check(
        "while a < 1 do break end",
        "
            0 JUMP -> 2
            1 JUMP -> 4
            2 GETGLOBAL r0 = a
            3 JLT r0, 1 -> 4
            4 RETURN0
        ",
    );
}

#[test]
fn repeat_loops() {
    check(
        "repeat local a = f() until a",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0 = r0()
            2 JFALSE r0 -> 0
            3 RETURN0
        ",
    );
    check(
        "repeat f() if a then break end until b",
        "
            0 GETGLOBAL r0 = f
            1 CALL _ = r0()
            2 GETGLOBAL r0 = a
            3 JTRUE r0 -> 6
            4 GETGLOBAL r0 = b
            5 JFALSE r0 -> 0
            6 RETURN0
        ",
    );
}

#[test]
fn loops_over_numbers() {
    check(
        "for i = 1, 10 do f(i) end",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 10
            2 LOADK r2 = 1
            3 FORPREP r0 -> 8
            4 GETGLOBAL r4 = f
            5 MOVE r8 = r3
            6 CALL _ = r4(r8)
            7 FORLOOPUP r0 -> 4
            8 RETURN0
        ",
    );
    check(
        "local n = ... for i = n, 1, -1 do end",
        "
            0 VARARG r0 =
            1 MOVE r1 = r0
            2 LOADK r2 = 1
            3 LOADK r3 = -1
            4 FORPREP r1 -> 6
            5 FORLOOP r1 -> 5
            6 RETURN0
        ",
    );
    check(
        "for i = 1, 2, n do end",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 2
            2 GETGLOBAL r2 = n
            3 FORPREP r0 -> 5
            4 FORLOOP r0 -> 4
            5 RETURN0
        ",
    );
    check(
        "for i = 1, 2 do break end",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 2
            2 LOADK r2 = 1
            3 FORPREP r0 -> 4
            4 RETURN0
        ",
    );
}

#[test]
fn loops_over_iterators() {
    check(
        "for k, v in f() do g(k, v) end",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0..r2 = r0()
            2 LOADNIL r3 =
            3 JUMP -> 8
            4 GETGLOBAL r6 = g
            5 MOVE r10 = r4
            6 MOVE r11 = r5
            7 CALL _ = r6(r10..r11)
            8 FORSTEP r0, r4 -> 4
            9 FORCALL r4..r5 = r0
           10 FORNEXT r0, r4 -> 4
           11 RETURN0
        ",
    );
    check(
        "for k in a, b do end",
        "
            0 GETGLOBAL r0 = a
            1 GETGLOBAL r1 = b
            2 LOADNIL r2..r3 =
            3 JUMP -> 4
            4 FORSTEP r0, r4 -> 4
            5 FORCALL r4 = r0
            6 FORNEXT r0, r4 -> 4
            7 RETURN0
        ",
    );
    check(
        "for k, v, w in a, b, c do end",
        "
            0 GETGLOBAL r0 = a
            1 GETGLOBAL r1 = b
            2 GETGLOBAL r2 = c
            3 JUMP -> 4
            4 FORCALL r3..r5 = r0
            5 FORNEXT r0, r3 -> 4
            6 RETURN0
        ",
    );
    check(
        "for k in a, b, c, d do end",
        "
            0 GETGLOBAL r0 = a
            1 GETGLOBAL r1 = b
            2 GETGLOBAL r2 = c
            3 GETGLOBAL r3 = d
            4 LOADNIL r3 =
            5 JUMP -> 6
            6 FORSTEP r0, r4 -> 6
            7 FORCALL r4 = r0
            8 FORNEXT r0, r4 -> 6
            9 RETURN0
        ",
    );
}

#[test]
fn returns() {
    check(
        "return",
        "
            0 RETURN0
        ",
    );
    check(
        "return 1",
        "
            0 RETURN1 1
        ",
    );
    check(
        "return x",
        "
            0 GETGLOBAL r0 = x
            1 RETURN1 r0
        ",
    );
    check(
        "local a, b, c = ... return b, c",
        "
            0 VARARG r0..r2 =
            1 RETURN r1..r2
        ",
    );
    check(
        "local a, b, c = ... return c, b",
        "
            0 VARARG r0..r2 =
            1 MOVE r3 = r2
            2 MOVE r4 = r1
            3 RETURN r3..r4
        ",
    );
    check(
        "return 1, f()",
        "
            0 LOADK r0 = 1
            1 GETGLOBAL r1 = f
            2 CALL r1.. = r1()
            3 RETURN r0..
        ",
    );
    check(
        "return f()",
        "
            0 GETGLOBAL r0 = f
            1 TAILCALL r0()
        ",
    );
    check(
        "return (f())",
        "
            0 GETGLOBAL r0 = f
            1 CALL r0 = r0()
            2 RETURN1 r0
        ",
    );
    check(
        "return a:b()",
        "
            0 GETGLOBAL r0 = a
            1 SELF r0, r4 = r0:b
            2 TAILCALL r0(r4)
        ",
    );
    check(
        "return 1, 2",
        "
            0 LOADK r0 = 1
            1 LOADK r1 = 2
            2 RETURN r0..r1
        ",
    );
}

#[test]
fn nothing_follows_a_return() {
    check(
        "do return 1 end f()",
        "
            0 RETURN1 1
        ",
    );
    check(
        "while a do return 1 end",
        "
            0 JUMP -> 2
            1 RETURN1 1
            2 GETGLOBAL r0 = a
            3 JTRUE r0 -> 1
            4 RETURN0
        ",
    );
    check(
        "if a then return end f()",
        "
            0 GETGLOBAL r0 = a
            1 JFALSE r0 -> 3
            2 RETURN0
            3 GETGLOBAL r0 = f
            4 CALL _ = r0()
            5 RETURN0
        ",
    );
}

#[test]
fn gotos() {
    check(
        "while f() do if x then goto next end y() ::next:: end",
        "
            0 JUMP -> 6
            1 GETGLOBAL r0 = x
            2 JFALSE r0 -> 4
            3 JUMP -> 6
            4 GETGLOBAL r0 = y
            5 CALL _ = r0()
            6 GETGLOBAL r0 = f
            7 CALL r0 = r0()
            8 JTRUE r0 -> 1
            9 RETURN0
        ",
    );
    check(
        "::more:: local x do local y = function() return x end goto more end",
        "
            0 LOADNIL r0 =
            1 CLOSURE r1 = fn 1
            2 CLOSE r0..
            3 JUMP -> 0
        ",
    );
    check(
        "goto second ::first:: do return 1 end ::second:: goto first",
        "
            0 JUMP -> 1
            1 RETURN1 1
            2 JUMP -> 1
        ",
    );
}
