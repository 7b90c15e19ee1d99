//! Every program in `tests/som` gives the output that stands beside it, however the VM is run; and what is wrong in a
//! program ends it with an error that says so.

mod runner;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use runner::{Suite, programs_give_their_output};

const SUITE: Suite = Suite {
    program: env!("CARGO_BIN_EXE_dgsom"),
    directory: concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/som"),
    extension: "som",
    least: 5,
    unstressed: None,
};

programs_give_their_output!(SUITE);

/// What a program prints, and its exit status. `files` are classes with their texts, the first one is run.
fn run(name: &str, files: &[(&str, &str)], options: &[&str]) -> (String, i32) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("the directory for tests can be written");
    for (class, text) in files {
        fs::write(directory.join(class).with_extension("som"), text).expect("the directory for tests can be written");
    }
    let output = Command::new(SUITE.program)
        .args(options)
        .arg(format!("{}.som", files[0].0))
        .current_dir(&directory)
        .stdin(Stdio::null())
        .output()
        .expect("dgsom runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (text, output.status.code().expect("it ends by itself"))
}

/// A class `A` whose method `run` has this body ends with this error and status 1.
fn fails(name: &str, body: &str, expected: &str) {
    let text = format!("A = (\n| f |\nrun = (\n{body} )\nloop = ( ^ self loop + 1 ) )");
    let (output, status) = run(name, &[("A", &text)], &[]);
    assert_eq!((output.trim(), status), (expected, 1), "{body}");
}

#[test]
fn errors_name_the_place() {
    for (number, (body, expected)) in [
        (
            "(Array new: 3) at: 4",
            "ERROR: ./A.som:4: at: 4: the index has to be between 1 and 3",
        ),
        (
            "(Array new: 0) at: 1",
            "ERROR: ./A.som:4: at: 1: there is nothing in it",
        ),
        (
            "#(1) at: 0 put: 2",
            "ERROR: ./A.som:4: at:put: 0: the index has to be between 1 and 1",
        ),
        (
            "#(1) at: nil",
            "ERROR: ./A.som:4: at: needs an Integer as index, not nil",
        ),
        (
            "Array new: -1",
            "ERROR: ./A.som:4: new: needs a length of 0 or more, not -1",
        ),
        ("1 / 0", "ERROR: ./A.som:4: / divides by zero"),
        ("1 % 0", "ERROR: ./A.som:4: % divides by zero"),
        ("1 rem: 0", "ERROR: ./A.som:4: rem: divides by zero"),
        ("1 / 0.0", "ERROR: ./A.som:4: / divides by zero"),
        ("1 + nil", "ERROR: ./A.som:4: + needs a number, not nil"),
        ("1.5 * #a", "ERROR: ./A.som:4: * needs a number, not #a"),
        ("1 < self", "ERROR: ./A.som:4: < needs a number, not an instance of A"),
        ("1 & 1.5", "ERROR: ./A.som:4: & needs an Integer, not 1.5"),
        (
            "1 << 99999999999",
            "ERROR: ./A.som:4: << 99999999999: this would be too large",
        ),
        ("1 >>> -1", "ERROR: ./A.som:4: >>> -1: the count has to be 0 or more"),
        ("(0.0 // 0) asInteger", "ERROR: ./A.som:4: asInteger: NaN is no Integer"),
        (
            "Integer fromString: 'x'",
            "ERROR: ./A.som:4: fromString: 'x' is no Integer",
        ),
        (
            "Integer fromString: 3",
            "ERROR: ./A.som:4: fromString: needs a String, not 3",
        ),
        (
            "'a' concatenate: 3",
            "ERROR: ./A.som:4: concatenate: needs a String, not 3",
        ),
        (
            "'abc' primSubstringFrom: 2 to: 4",
            "ERROR: ./A.som:4: primSubstringFrom:to: 2, 4: the String has the characters 1 to 3",
        ),
        (
            "Integer new",
            "ERROR: ./A.som:4: Integer new: instances of Integer are not made with new",
        ),
        ("self perform: 3", "ERROR: ./A.som:4: perform: needs a Symbol, not 3"),
        (
            "self perform: #a withArguments: 3",
            "ERROR: ./A.som:4: with a list of arguments, a message needs an Array of them, not 3",
        ),
        (
            "self perform: #a inSuperclass: Integer",
            "ERROR: ./A.som:4: perform:inSuperclass: Integer is no superclass of the class of an instance of A",
        ),
        (
            "(Integer methods at: 1) invokeOn: self with: #()",
            "ERROR: ./A.som:4: invokeOn:with: needs an instance of Integer, not an instance of A",
        ),
        (
            "self instVarAt: 2",
            "ERROR: ./A.som:4: instVarAt: 2: the index has to be between 1 and 1",
        ),
        (
            "self instVarNamed: #g",
            "ERROR: ./A.som:4: instVarNamed: A has no field g",
        ),
        ("system exit: nil", "ERROR: ./A.som:4: exit: needs an Integer, not nil"),
        (
            "self loop",
            "ERROR: ./A.som:5: the recursion is too deep: the stack cannot grow any more",
        ),
        ("3 ifTrue: [ 4 ]", "ERROR: Method ifTrue: not found in class Integer"),
        (
            "[ 3 ] whileTrue: [ 4 ]",
            "ERROR: Method ifTrue: not found in class Integer",
        ),
        ("self foo: 3", "ERROR: Method foo: not found in class A"),
        (
            "NoSuchClass new",
            "ERROR: Tried loading 'NoSuchClass' as a class, but failed.",
        ),
        ("System new", "ERROR: The system object is singular"),
    ]
    .iter()
    .enumerate()
    {
        fails(&format!("som-errors-{number}"), body, expected);
    }
}

#[test]
fn classes_that_cannot_be_loaded_are_errors() {
    let check = |name: &str, files: &[(&str, &str)], expected: &str| {
        assert_eq!(run(name, files, &[]), (format!("ERROR: {expected}\n"), 1));
    };
    check(
        "som-no-superclass",
        &[("A", "A = NoSuchClass ( )")],
        "./A.som:1:1: there is no class NoSuchClass to inherit from",
    );
    check(
        "som-circle",
        &[("A", "A = B ( )"), ("B", "B = A ( )")],
        "./A.som:1:1: the class A inherits from itself",
    );
    check(
        "som-other-name",
        &[("A", "\nB = ( )")],
        "./A.som:2:1: this file has to define the class A, not B",
    );
    check(
        "som-nil",
        &[("A", "A = nil ( )")],
        "./A.som:1:1: only Object has no superclass",
    );
    check(
        "som-syntax",
        &[("A", "A = (\n  run = ( 1 + )\n)")],
        "./A.som:2:15: an expression expected, but `)` found",
    );
    check(
        "som-assignment",
        &[("A", "A = ( run = ( x := 1 ) )")],
        "./A.som:1:15: `x` cannot be assigned: it is no variable, parameter or field here",
    );
    let (output, status) = run(
        "som-missing",
        &[("A", "A = ( run = ( B new ) )"), ("B", "B = ( run = )")],
        &[],
    );
    assert_eq!(
        (output.as_str(), status),
        ("ERROR: ./B.som:1:13: `(` expected, but `)` found\n", 1)
    );
}

#[test]
fn recursion_may_be_deep() {
    let text =
        "A = ( run = ( (self down: 500000) println ) down: n = ( n = 0 ifTrue: [ ^ 0 ]. ^ (self down: n - 1) + 1 ) )";
    assert_eq!(run("som-deep", &[("A", text)], &[]), ("500000\n".to_string(), 0));
}

#[test]
fn memory_may_be_limited() {
    let text = "A = ( run = ( | a | [ true ] whileTrue: [ a := Array with: a ] ) )";
    let (output, status) = run("som-memory", &[("A", text)], &["-H32MB"]);
    assert!(output.contains("there is not enough memory"), "{output}");
    assert_eq!(status, 1);
}

#[test]
fn programs_end_with_a_status() {
    for (number, (body, expected)) in [
        ("^ 3", ("", 0)),
        ("system exit: 7. 'not here' println", ("", 7)),
        ("'here' print. system exit: 257", ("here", 1)),
        ("[ [ system exit ] value ] value", ("", 0)),
        ("self error: 'wrong'", ("\nERROR: wrong\n", 1)),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("A = ( run = ( {body} ) )");
        let (output, status) = run(&format!("som-status-{number}"), &[("A", &text)], &[]);
        assert_eq!((output.as_str(), status), expected);
    }
}

#[test]
fn programs_are_given_their_arguments() {
    let text = "A = ( run: arguments = ( arguments do: [ :each | each println ] ) )";
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("som-arguments");
    fs::create_dir_all(directory.join("classes")).expect("the directory for tests can be written");
    fs::write(directory.join("classes/A.som"), text).expect("the directory for tests can be written");
    for words in [
        &["classes/A.som", "-cp", "1"][..],
        &["-cp", "x:classes", "A", "-cp", "1"],
        &["-H8MB", "classes/A", "-cp", "1"],
    ] {
        let output = Command::new(SUITE.program)
            .args(words)
            .current_dir(&directory)
            .output()
            .expect("dgsom runs");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "A\n-cp\n1\n", "{words:?}");
    }
}

#[test]
fn unknown_primitives_warn_when_they_are_called() {
    let text = "A = ( foo = primitive run = ( 'before' println. self foo println ) )";
    assert_eq!(
        run("som-primitive", &[("A", text)], &[]),
        ("before\nnil\n".to_string(), 0)
    );
}

#[test]
fn lines_are_evaluated() {
    let mut child = Command::new(SUITE.program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("dgsom runs");
    let lines = "3 + 4\nit * 2\n1 +\n1 / 0\nit\n[system exit: 5] value\n'not here' println\n";
    child
        .stdin
        .take()
        .expect("it is piped")
        .write_all(lines.as_bytes())
        .expect("dgsom reads");
    let output = child.wait_with_output().expect("dgsom ends");
    let expected = "7\n14\n\
        ERROR: (line):1:4: an expression expected, but the end of the text found\n\
        ERROR: (line):1: / divides by zero\n14\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(output.status.code(), Some(5));
}
