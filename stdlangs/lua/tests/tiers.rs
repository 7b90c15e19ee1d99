//! What the compiler says of itself, and what happens when it cannot go on.

use std::os::unix::process::CommandExt;
use std::process::Command;

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

/// `compile_after_calls 100` and `compile_after_jumps 800`, as `lua.dg` says; a threshold changes both.
#[test]
fn the_specification_says_how_often_is_often() {
    let compiled = |threshold, program: &str| {
        let mut options = options(Tier::Automatic);
        options.jit.threshold = threshold;
        run(options, program).1.functions
    };
    let calls = |count: u32| {
        format!(
            "local function f() return 1 end {} return 1",
            "f() ".repeat(count as usize)
        )
    };
    assert_eq!(compiled(None, &calls(99)), 0);
    assert_eq!(compiled(None, &calls(102)), 1);
    assert_eq!(compiled(Some(10), &calls(12)), 1);
    let jumps = |count: u32| format!("local n = 0 for i = 1, {count} do n = n + i end return n");
    assert_eq!(compiled(None, &jumps(600)), 0);
    assert_eq!(compiled(None, &jumps(900)), 1);
    assert_eq!(compiled(Some(10), &jumps(200)), 1);
    assert_eq!(compiled(Some(10_000), &jumps(900)), 0);
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

/// Runs `dglua --tier=jit --stats` in a process that is restricted first, and answers what it says of its memory.
fn restricted(restrict: fn() -> std::io::Result<()>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dglua"));
    command.args([
        "--tier=jit",
        "--stats",
        "-e",
        "local function f(x) return x + 1 end print(f(41))",
    ]);
    // SAFETY: between fork and exec it makes system calls only.
    unsafe { command.pre_exec(restrict) };
    let output = command.output().expect("dglua can be started");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"42\n");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn where_code_may_not_be_made_executable_the_interpreter_goes_on() {
    let stats = restricted(|| Ok(()));
    assert!(stats.contains("\"memory\": \"in use\""), "{stats}");
    for restrict in [forbid_memory_files, forbid_files] {
        let stats = restricted(restrict);
        assert!(stats.contains("\"functions\": 0"), "{stats}");
        assert!(stats.contains("\"memory\": \"refused\""), "{stats}");
    }
}

/// No file may have a byte.
fn forbid_files() -> std::io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: reads the limit.
    match unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// `memfd_create` is refused, as sandboxes do.
fn forbid_memory_files() -> std::io::Result<()> {
    let statement = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        // Load the number of the system call; if it is the one, refuse it, else allow it.
        statement(0x20, 0, 0, 0),
        statement(0x15, 0, 1, libc::SYS_memfd_create as u32),
        statement(0x06, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        statement(0x06, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the program is valid during the call.
    let refused = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) != 0
    };
    match refused {
        false => Ok(()),
        true => Err(std::io::Error::last_os_error()),
    }
}

/// A VM whose memory for code holds a few dozen small functions.
fn small_budget(tier: Tier) -> Options {
    let mut options = options(tier);
    options.jit.budget = 32 << 10;
    options
}

#[test]
fn a_full_budget_makes_code_give_way() {
    let program = "
        local functions = {}
        for i = 1, 200 do
            functions[i] = loadstring('local x = ... local y = x + ' .. i .. ' if y > 3 then y = y - x end return y')
        end
        local sum = 0
        for round = 1, 20 do
            for i = 1, 200 do sum = sum + functions[i](i) end
        end
        return sum";
    let (sum, stats) = run(small_budget(Tier::Compiler), program);
    assert_eq!(sum, 402_020.0);
    assert!(stats.evicted > 200 && stats.refused > 0, "{stats:?}");
    assert!(stats.bytes_in_use <= 32 << 10, "{stats:?}");
}

/// 2,000 functions that run twice pass by; ten run all the time, and are not compiled much more often than once.
#[test]
fn what_is_used_stays_compiled() {
    let program = "
        local hot = {}
        for i = 1, 10 do hot[i] = loadstring('local x = ... return x + 1') end
        local sum = 0
        for i = 1, 2000 do
            local cold = loadstring('local x = ... if x > 3 then return x end return ' .. i)
            keep = { keep, cold }
            cold(i) cold(i)
            for round = 1, 20 do
                for j = 1, 10 do sum = hot[j](sum) end
            end
        end
        return sum";
    let (sum, stats) = run(small_budget(Tier::Compiler), program);
    assert_eq!(sum, 400_000.0);
    assert!(stats.evicted > 1000, "{stats:?}");
    assert!(stats.functions < 2400, "{stats:?}");
}

/// Each level of a recursion compiles a function, so that the memory is full several times while frames wait in compiled
/// code to be returned to: normally, by errors, and in coroutines.
#[test]
fn frames_in_compiled_code_keep_it() {
    let program = "
        local number = 0
        local function fresh()
            number = number + 1
            local f = loadstring('local x = ... local y = x * 2 if y > 7 then y = y + 1 end return y - x')
            keep = { keep, f }
            return f(number) + f(number) - f(number)
        end
        local function down(n)
            if n == 0 then return 0 end
            local here = fresh()
            return here - here + n + down(n - 1)
        end
        local function failing(n)
            if n == 0 then error('bottom') end
            fresh()
            failing(n - 1)
            return 'never'
        end
        local function yielding(n)
            for i = 1, n do fresh() coroutine.yield(i) end
            return 0
        end
        local sum = down(300)
        local ok, message = pcall(failing, 300)
        assert(not ok and message:find('bottom'))
        local waiting = {}
        for i = 1, 40 do waiting[i] = coroutine.wrap(yielding) end
        for round = 1, 10 do
            for i = 1, 40 do sum = sum + waiting[i](10) end
        end
        for i = 1, 40 do sum = sum + waiting[i]() end
        return sum";
    for tier in [Tier::Compiler, Tier::Automatic] {
        let mut options = small_budget(tier);
        options.jit.threshold = Some(1);
        for stress in [false, true] {
            options.gc.stress = stress;
            let (sum, stats) = run(options, program);
            assert_eq!(sum, 45_150.0 + 2200.0);
            assert!(stats.evicted > 100, "{stats:?}");
        }
    }
}

#[test]
fn a_function_that_fills_the_budget_is_left_to_the_interpreter() {
    let mut program = String::from("local x = 0\nfor i = 1, 1000 do\n");
    program.push_str(&"x = x + 1 ".repeat(2000));
    program.push_str("end\nreturn x");
    let (x, stats) = run(small_budget(Tier::Compiler), &program);
    assert_eq!((x, stats.functions, stats.evicted), (2_000_000.0, 0, 0));
}

#[test]
fn ten_thousand_functions_are_compiled() {
    let program = "
        local sum = 0
        local functions = {}
        for i = 1, 10000 do functions[i] = loadstring('local x = ... return x + ' .. i) end
        for round = 1, 3 do
            for i = 1, 10000 do sum = sum + functions[i](round) end
        end
        return sum";
    let (sum, stats) = run(options(Tier::Compiler), program);
    assert_eq!(sum, 3.0 * 50_005_000.0 + 60_000.0);
    assert!(stats.functions > 10_000 && stats.refused == 0, "{stats:?}");
}

/// One error from each way that compiled code calls what may throw.
#[test]
fn errors_leave_compiled_code_from_each_kind_of_call() {
    for (body, message) in [
        ("return a + {}", "attempt to perform arithmetic"),
        ("return a .. {}", "attempt to concatenate"),
        ("return a < {}", "attempt to compare"),
        ("return a.x.y", "attempt to index"),
        ("a[1][2] = 3", "attempt to index"),
        ("a[nil] = 1", "index is nil"),
        ("return #1", "attempt to get length"),
        ("return -{}", "attempt to perform arithmetic"),
        ("return a()", "attempt to call"),
        ("return a:method()", "attempt to call method 'method'"),
        ("for i = 1, {} do end", "'for' limit must be a number"),
        ("for i in 3 do end", "attempt to call"),
        ("return string.rep()", "bad argument #1 to 'rep'"),
        (
            "return setmetatable({}, { __index = function() error('inside') end }).x",
            "inside",
        ),
        (
            "return setmetatable({}, { __add = function() error('inside') end }) + 1",
            "inside",
        ),
        ("return setmetatable({}, { __eq = error }) == a", "table"),
        ("return coroutine.wrap(function() error('inside') end)()", "inside"),
        (
            "local function f(n) return 1 + f(n + 1) end return f(1)",
            "stack overflow",
        ),
        (
            "return table.sort({ 1, 2, 3 }, function() error('inside') end)",
            "inside",
        ),
        ("return ('x'):rep(1e10)", "memory"),
        ("return load(function() error('inside') end)()", "attempt to call"),
        ("local t = {} t[0/0] = 1", "index is NaN"),
        ("undefined.x = 1", "attempt to index global 'undefined'"),
        ("return loadstring('error(\"inside\")')()", "inside"),
    ] {
        let program = format!(
            "local a = setmetatable({{}}, {{ __eq = error }})
             local function f() local before = 1 {body} end
             for i = 1, 5 do
                 local ok, message = pcall(f)
                 assert(not ok)
                 message = type(message) == 'table' and 'table' or message
                 if not message:find([[{message}]], 1, true) then error(message) end
             end
             return 5"
        );
        for tier in [Tier::Interpreter, Tier::Compiler] {
            let mut options = options(tier);
            options.gc.limit = Some(256 << 20);
            let (count, stats) = run(options, &program);
            assert_eq!(count, 5.0, "{body}");
            assert_eq!(stats.functions > 0, tier == Tier::Compiler);
        }
    }
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
fn compiled_code_remembers_several_shapes_but_not_all() {
    let program = |shapes: u32| {
        format!(
            "local function read(object) return object.x end
            local function shaped(i)
                local object = {{}}
                for k = 1, i % {shapes} do object['field' .. k] = k end
                object.x = i
                return object
            end
            local sum = 0
            for i = 1, 3000 do sum = sum + read(shaped(i)) end
            return sum"
        )
    };
    let cases = |shapes| {
        let (sum, stats) = run(options(Tier::Automatic), &program(shapes));
        assert_eq!(sum, 4_501_500.0);
        stats.cases_added
    };
    // `object.x` is read and written.
    assert_eq!(cases(1), 0);
    let (few, many) = (cases(3), cases(20));
    assert!((2..=9).contains(&few), "{few}");
    assert!((3..=9).contains(&many), "{many}");
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
