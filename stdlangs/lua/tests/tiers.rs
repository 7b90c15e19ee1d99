//! What the compiler says of itself, and what happens when it cannot go on.

use dg_lua::{JitStats, Lua, Options, StdLib, Tier};

/// Runs a program with these options; answers its result and what was compiled.
fn run(options: Options, program: &str) -> (f64, JitStats) {
    let lua = Lua::new_with(StdLib::ALL, options).expect("there is memory for a state");
    let result = lua.load(program).call(()).expect("the program is right");
    (result, lua.jit_stats())
}

fn options(tier: Tier) -> Options {
    let mut options = Options::default();
    options.jit.tier = tier;
    options
}

const CALLS: &str = "
    local function square(x) return x * x end
    local sum = 0
    for i = 1, 1000 do sum = sum + square(i) end
    return sum";

const SUM: f64 = 333_833_500.0;

#[test]
fn the_interpreter_compiles_nothing() {
    let (sum, stats) = run(options(Tier::Interpreter), CALLS);
    assert_eq!((sum, stats.functions, stats.has_memory), (SUM, 0, false));
}

#[test]
fn each_function_is_compiled_at_its_first_call() {
    let (sum, stats) = run(options(Tier::Compiler), CALLS);
    assert_eq!(sum, SUM);
    assert!(stats.functions >= 2, "{stats:?}");
    assert_eq!(stats.loop_entries, 0, "nothing was ever interpreted: {stats:?}");
    assert!(
        stats.has_memory && stats.instructions > 8 && stats.hot_bytes > 100,
        "{stats:?}"
    );
    assert!(stats.bytes_in_use >= stats.hot_bytes, "{stats:?}");
}

#[test]
fn a_hot_loop_goes_on_in_compiled_code() {
    let (sum, stats) = run(options(Tier::Automatic), CALLS);
    assert_eq!(sum, SUM);
    assert!(stats.loop_entries >= 1, "{stats:?}");
}

#[test]
fn what_runs_seldom_is_not_compiled() {
    let (_, stats) = run(
        options(Tier::Automatic),
        "local t = {} for i = 1, 5 do t[i] = i end return #t",
    );
    assert_eq!((stats.functions, stats.has_memory), (0, false));
}

#[test]
fn without_executable_memory_the_interpreter_goes_on() {
    let mut options = options(Tier::Compiler);
    // No address space is that large.
    options.jit.budget = 1 << 46;
    let (sum, stats) = run(options, CALLS);
    assert_eq!((sum, stats.functions, stats.has_memory), (SUM, 0, false));
    assert!(stats.refused > 0, "{stats:?}");
}

#[test]
fn a_full_budget_leaves_functions_to_the_interpreter() {
    let mut options = options(Tier::Compiler);
    options.jit.budget = 16 << 10;
    let program = "
        local functions = {}
        for i = 1, 200 do
            functions[i] = loadstring('local x = ... local y = x + ' .. i .. ' if y > 3 then y = y - x end return y')
        end
        local sum = 0
        for round = 1, 3 do
            for i = 1, 200 do sum = sum + functions[i](i) end
        end
        return sum";
    let (sum, stats) = run(options, program);
    assert_eq!(sum, 60_303.0);
    assert!(stats.functions > 0 && stats.refused > 0, "{stats:?}");
}

#[test]
fn code_of_dead_functions_is_given_back() {
    let mut options = options(Tier::Compiler);
    options.jit.budget = 64 << 10;
    let program = "
        local sum = 0
        for i = 1, 3000 do
            sum = sum + loadstring('local x = ... return x + 1')(i)
            if i % 50 == 0 then collectgarbage() end
        end
        return sum";
    let (sum, stats) = run(options, program);
    assert_eq!(sum, 4_504_500.0);
    assert_eq!(stats.refused, 0, "{stats:?}");
    assert!(stats.functions > 3000, "{stats:?}");
}

#[test]
fn a_very_long_function_is_compiled() {
    let mut program = String::from("local x = 0\n");
    for _ in 0..40_000 {
        program.push_str("x = x + 1 if x < 0 then x = 1 end\n");
    }
    program.push_str("return x");
    let (x, stats) = run(options(Tier::Compiler), &program);
    assert_eq!(x, 40_000.0);
    assert!(stats.functions > 0 && stats.instructions > 80_000, "{stats:?}");
}

#[test]
fn a_coroutine_may_die_while_it_is_suspended_in_compiled_code() {
    let program = "
        local function body() for i = 1, 1e9 do coroutine.yield(i) end end
        local sum = 0
        for i = 1, 500 do
            local next = coroutine.wrap(body)
            for j = 1, 5 do sum = sum + next() end
            if i % 100 == 0 then collectgarbage() end
        end
        return sum";
    let (sum, stats) = run(options(Tier::Compiler), program);
    assert_eq!(sum, 7500.0);
    assert_eq!(stats.refused, 0, "{stats:?}");
}
