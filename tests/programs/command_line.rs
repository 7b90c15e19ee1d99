//! What `dglua` does with its options, its environment, its input and signals.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn dglua(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dglua"));
    command.args(arguments).env_remove("LUA_INIT").env_remove("LUA_PATH");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn with_input(mut command: Command, input: &str) -> Output {
    let mut process = command.stdin(Stdio::piped()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

#[track_caller]
fn check(output: &Output, succeeds: bool, out: &str, err: &str) {
    let (found_out, found_err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(found_out, out, "{found_err}");
    assert!(found_err.contains(err), "{found_err}");
    assert_eq!(err.is_empty(), found_err.is_empty(), "{found_err}");
    assert_eq!(output.status.success(), succeeds);
}

#[track_caller]
fn check_run(arguments: &[&str], succeeds: bool, out: &str, err: &str) {
    check(&dglua(arguments).output().unwrap(), succeeds, out, err);
}

#[test]
fn options() {
    check_run(&["-e", "print(1)", "-eprint(2)"], true, "1\n2\n", "");
    check_run(&["-lstring", "-l", "io", "-e", "print(io ~= nil)"], true, "true\n", "");
    check_run(&["-v"], true, "", "Lua 5.1");
    check_run(&["-x"], false, "", "usage: ");
    check_run(&["-e"], false, "", "usage: ");
    check_run(
        &["-l", "no.such.module"],
        false,
        "",
        "module 'no.such.module' not found:",
    );
    check_run(
        &["-e", "x = = 1"],
        false,
        "",
        "(command line):1: unexpected symbol near '='",
    );
    check_run(&["no such file"], false, "", "cannot open no such file");
    check_run(
        &["-e", "error('a message', 0)"],
        false,
        "",
        ": a message\nstack traceback:\n\t[C]: in function 'error'",
    );
    check_run(&["-e", "os.exit(0)"], true, "", "");
    check_run(&["-e", "io.write('kept') os.exit(3)"], false, "kept", "");
}

#[test]
fn the_standard_input_is_a_program() {
    let script = "print(#arg, arg[0], arg[1], ...)";
    check(
        &with_input(dglua(&["-", "a", "b"]), script),
        true,
        "2\t-\ta\ta\tb\n",
        "",
    );
    check(&with_input(dglua(&[]), "print(arg)"), true, "nil\n", "");
    check(
        &with_input(
            dglua(&[]),
            "#!/usr/bin/env dglua\nprint(debug.getinfo(1, 'l').currentline)",
        ),
        true,
        "2\n",
        "",
    );
}

#[test]
fn the_environment_says_what_is_run_first() {
    let mut command = dglua(&["-e", "print(a)"]);
    command.env("LUA_INIT", "a = 'set'");
    check(&command.output().unwrap(), true, "set\n", "");
    command.env("LUA_INIT", "a = = 1");
    check(&command.output().unwrap(), false, "", "LUA_INIT:1: unexpected symbol");
    command.env("LUA_INIT", "@no such file");
    check(&command.output().unwrap(), false, "", "cannot open no such file");
    let mut command = dglua(&["-e", "print(package.path)"]);
    command.env("LUA_PATH", "here/?.lua");
    check(&command.output().unwrap(), true, "here/?.lua\n", "");
}

#[test]
fn interactive_mode() {
    let session = "x = 1\n=x, nil\nfor i = 1, 2 do\nprint(i)\nend\n= 'a\\\nb'\nerror('wrong')\n_PROMPT = '? '\n";
    let output = with_input(dglua(&["-i"]), session);
    let expected = "> > 1\tnil\n> >> >> 1\n2\n> >> a\nb\n> > ? \n";
    check(&output, true, expected, "\nstdin:1: wrong\nstack traceback:\n");
}

/// Sends the signal of Ctrl-C to a program that runs for ever, as soon as it has said that it does.
fn interrupted(program: &str) -> Output {
    let mut process = dglua(&["-e", &format!("print('running') io.stdout:flush() {program}")])
        .spawn()
        .unwrap();
    let mut line = [0; 8];
    std::io::Read::read_exact(process.stdout.as_mut().unwrap(), &mut line).unwrap();
    std::thread::sleep(Duration::from_millis(20));
    let id = libc::pid_t::try_from(process.id()).unwrap();
    // SAFETY: the process is our child and has not been waited for.
    assert_eq!(unsafe { libc::kill(id, libc::SIGINT) }, 0);
    process.wait_with_output().unwrap()
}

#[test]
fn interruptions_are_errors() {
    for program in [
        "while true do end",
        "local t = {} while true do t = { t[1] } end",
        "local function f(n) return f(n + 1) end f(1)",
        "while true do pcall(string.rep, 'x', 10) end",
        "coroutine.wrap(function() while true do end end)()",
        "table.sort({ 3, 2, 1 }, function() while true do end end)",
        "setmetatable(_G, { __index = function() while true do end end }) return x",
    ] {
        check(&interrupted(program), false, "", "interrupted!\nstack traceback:\n");
    }
    let caught = "print(pcall(function() while true do end end))";
    let output = interrupted(caught);
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("interrupted!"),
        "{output:?}"
    );
    assert!(output.status.success());
}

/// Two functions, one of which runs often.
const OFTEN: &str = "local function often(x)\n  return x + 1\nend\nlocal seldom = function(t) return t.x end\n\
                     for i = 1, 1000 do often(i) end\n";

#[test]
fn compiled_code_is_listed() {
    let listing = |function: &str| {
        let output = dglua(&["--dump-code", function, "-e", OFTEN]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let often = listing("often");
    assert!(often.starts_with("; often (command line):1\n; version 1: "), "{often}");
    for part in [
        "\n; line 2          0  entry\n",
        "\n; line 2          0  ADD.slot_double",
        "addsd   xmm",
        "[base",
        "; cold code, at 0x",
        "ADD.slot_double.cold1.jit",
        "RETURN1",
    ] {
        assert!(often.contains(part), "no {part:?} in:\n{often}");
    }
    let instructions = |listing: &str| listing.lines().filter(|line| line.contains("; line")).count();
    assert_eq!(instructions(&listing("(command line):1")), instructions(&often));
    let seldom = listing("seldom");
    assert!(
        seldom.starts_with("; seldom (command line):4, not compiled until now\n"),
        "{seldom}"
    );
    assert_eq!(listing("no_such"), "there is no function no_such\n");
    check_run(
        &["--dump-code"],
        false,
        "",
        "'--dump-code' needs the name of a function",
    );
}

#[test]
fn hits_and_misses_are_counted() {
    let stats = |option: &str, program: &str| {
        let output = dglua(&[option, "-e", program]).output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let one_shape = "local t = { x = 1 } for i = 1, 500 do local y = t.x end";
    let found = stats("--stats=hits", one_shape);
    let expected = "\"GETFIELD\": {\"misses\": 1, \"hits\": 499, \"uncached\": 0, \"sites\": {\"Inline\": 1}}";
    assert!(found.contains(expected), "{found}");
    let shapes = "local a, b = { x = 1 }, { y = 1, x = 1 } for i = 1, 5 do local y = a.x a, b = b, a end";
    let found = stats("--stats=hits", shapes);
    assert!(found.contains("\"GETFIELD\": {\"misses\": 5, \"hits\": 0,"), "{found}");
    let many = "local a, b = { x = 1 }, { y = 1, x = 1 } for i = 1, 500 do local y = a.x a, b = b, a end";
    let found = stats("--stats=hits", many);
    let expected = "\"GETFIELD\": {\"misses\": 33, \"hits\": 0, \"uncached\": 467, \"sites\": {\"uncached\": 1}}";
    assert!(found.contains(expected), "{found}");
    let found = stats("--stats", one_shape);
    assert!(found.contains("\"GETFIELD\": {\"misses\": 1, \"sites\": {"), "{found}");
}

#[test]
fn perf_is_told_names() {
    let process = dglua(&["--perf-map", "-e", OFTEN]).spawn().unwrap();
    let path = format!("/tmp/perf-{}.map", process.id());
    assert!(process.wait_with_output().unwrap().status.success());
    let map = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let is_named = |line: &str| {
        let mut fields = line.splitn(3, ' ');
        let is_number = |text: Option<&str>| u64::from_str_radix(text.unwrap(), 16).unwrap() > 0;
        is_number(fields.next()) && is_number(fields.next()) && fields.next() == Some("often (command line):1")
    };
    assert!(map.lines().any(is_named), "{map}");
}

#[test]
fn programs_run_while_a_debugger_is_told_names() {
    check_run(&["--gdb", "--tier=jit", "-e", OFTEN, "-e", "print(1)"], true, "1\n", "");
}
