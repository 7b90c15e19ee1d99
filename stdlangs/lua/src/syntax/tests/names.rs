use super::check;

#[test]
fn locals_come_into_scope_after_their_values() {
    check("local a = a", "(local (a.0) a)");
    check("local a = 1 local a = a", "(local (a.0) 1)\n(local (a.1) a.0)");
    check(
        "local function f() return f end",
        "(local-function f.0/c (fn ^0=f.0 () (block (return ^0))))",
    );
    check(
        "local f = function() return f end",
        "(local (f.0) (fn () (block (return f))))",
    );
}

#[test]
fn locals_end_with_their_block() {
    check("do local a end a = 1", "(do (block (local (a.0))))\n(assign a = 1)");
    check(
        "repeat local a until a a = 1",
        "(repeat (block (local (a.0))) a.0)\n(assign a = 1)",
    );
    check(
        "if a then local b else b = 1 end",
        "(if a (block (local (b.0))) else (block (assign b = 1)))",
    );
    check(
        "for i = i, 2 do end i = 1",
        "(for (for index).0 (for limit).1 (for step).2 i.3 = i 2 (block))\n(assign i = 1)",
    );
}

#[test]
fn inner_declarations_hide_outer_ones() {
    check(
        "local a do local a a = 1 end a = 2",
        "(local (a.0/a))\n(do (block (local (a.1/a)) (assign a.1 = 1)))\n(assign a.0 = 2)",
    );
}

#[test]
fn upvalues() {
    check(
        "local a, b function f() return b, a, b end",
        "(local (a.0/c b.1/c))\n(function f (fn ^0=b.1 ^1=a.0 () (block (return ^0 ^1 ^0))))",
    );
}

#[test]
fn upvalues_pass_through_functions_between() {
    check(
        "local a function f() return function() return a end end",
        "(local (a.0/c))\n(function f (fn ^0=a.0 () (block (return (fn ^0=^0 () (block (return ^0)))))))",
    );
}

#[test]
fn assignment_is_seen_through_functions() {
    check(
        "local a, b function f() function g() a = b end end",
        "(local (a.0/ca b.1/c))\n(function f (fn ^0=a.0 ^1=b.1 () (block \
         (function g (fn ^0=^0 ^1=^1 () (block (assign ^0 = ^1)))))))",
    );
    check(
        "local f function f() end",
        "(local (f.0/a))\n(function f.0 (fn () (block)))",
    );
}

#[test]
fn arg_is_a_local_of_vararg_functions() {
    check(
        "function f(a, ...) return arg end",
        "(function f (fn (a.0 arg) (block (return arg.1))))",
    );
    check("return arg", "(return arg)");
    check(
        "function f(...) return arg, ... end",
        "(function f (fn ( ...) (block (return arg.0 ...))))",
    );
}

#[test]
fn self_is_a_parameter_of_methods() {
    check(
        "function a:m() return self end",
        r#"(function (index a "m") (fn (self.0) (block (return self.0))))"#,
    );
}
