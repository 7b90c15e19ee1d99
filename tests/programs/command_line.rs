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
