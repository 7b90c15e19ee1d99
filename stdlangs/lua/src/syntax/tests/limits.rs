use crate::syntax::{parse, print};

/// How deep a chunk nests that is nothing but one statement of one expression.
const EXPRESSION_LEVELS: usize = 196;

const TOO_DEEP: &str = "t:1: chunk has too many syntax levels";

fn message(source: &str) -> Option<String> {
    parse(source.as_bytes(), b"=t").err().map(|error| error.to_string())
}

/// Checks that `count` repetitions of `open` (around `inner`) parse, and one more fails.
#[track_caller]
fn check_depth(count: usize, before: &str, open: &str, inner: &str, close: &str) {
    let nested = |count| format!("{before}{}{inner}{}", open.repeat(count), close.repeat(count));
    assert_eq!(message(&nested(count)), None);
    assert_eq!(message(&nested(count + 1)).as_deref(), Some(TOO_DEEP));
    assert_eq!(message(&nested(100_000)).as_deref(), Some(TOO_DEEP));
}

#[test]
fn nesting() {
    check_depth(EXPRESSION_LEVELS, "x = ", "(", "1", ")");
    check_depth(EXPRESSION_LEVELS + 1, "x = ", "{", "", "}");
    check_depth(EXPRESSION_LEVELS, "x = ", "- ", "1", "");
    check_depth(EXPRESSION_LEVELS, "x = ", "not ", "1", "");
    check_depth(EXPRESSION_LEVELS, "x = ", "a ..", "a", "");
    check_depth(EXPRESSION_LEVELS, "x = ", "a ^", "a", "");
    check_depth(EXPRESSION_LEVELS, "x = ", "a[", "a", "]");
    check_depth(EXPRESSION_LEVELS + 2, "", "f(", "", ")");
    check_depth(EXPRESSION_LEVELS + 1, "", "do ", "", " end");
    check_depth(EXPRESSION_LEVELS + 1, "", "while a do ", "", " end");
    check_depth(EXPRESSION_LEVELS + 1, "", "repeat ", "", " until a");
    check_depth(EXPRESSION_LEVELS + 1, "", "if a then else ", "", " end");
    check_depth(EXPRESSION_LEVELS + 1, "", "function f() ", "", " end");
}

#[test]
fn chains_have_no_limit() {
    const LENGTH: usize = 100_000;
    let chains = [
        format!("x = a{}", "+a".repeat(LENGTH)),
        format!("x = a{}", " and a or a".repeat(LENGTH)),
        format!("x = a{}", ".b".repeat(LENGTH)),
        format!("f{}", "()".repeat(LENGTH)),
        format!("f{}", ":m()".repeat(LENGTH)),
        format!("if a then {}end", "elseif a then ".repeat(LENGTH)),
        format!("x = {{{}}}", "1,".repeat(LENGTH)),
        format!("f({}1)", "1,".repeat(LENGTH)),
        "a = 1 ".repeat(LENGTH),
    ];
    for source in chains {
        let chunk = parse(source.as_bytes(), b"=t").unwrap();
        assert!(print(&chunk).len() > LENGTH);
    }
}

#[test]
fn local_variables() {
    let locals = |count| "local a ".repeat(count);
    assert_eq!(message(&locals(200)), None);
    let expected = "t:1: main function has more than 200 local variables";
    assert_eq!(message(&locals(201)).as_deref(), Some(expected));
    let in_a_function = format!("\nfunction f()\n{} end", locals(201));
    let expected = "t:3: function at line 2 has more than 200 local variables";
    assert_eq!(message(&in_a_function).as_deref(), Some(expected));
    let in_blocks = "do local a end ".repeat(300);
    assert_eq!(message(&in_blocks), None);
    assert_eq!(message(&format!("{} for i = 1, 2 do end", locals(196))), None);
    assert!(message(&format!("{} for i = 1, 2 do end", locals(197))).is_some());
    assert_eq!(message(&format!("{} for i, j in a do end", locals(195))), None);
    assert!(message(&format!("{} for i, j in a do end", locals(196))).is_some());
}

#[test]
fn parameters() {
    let parameters = |count: usize| format!("function f({}a) end", "a, ".repeat(count - 1));
    assert_eq!(message(&parameters(200)), None);
    let expected = "t:1: function at line 1 has more than 200 local variables";
    assert_eq!(message(&parameters(201)).as_deref(), Some(expected));
}

#[test]
fn upvalues() {
    let uses = |count: usize| {
        let names: Vec<_> = (0..count).map(|index| format!("a{index}")).collect();
        let names = names.join(", ");
        format!("local {names}\nfunction f()\nreturn {names} end")
    };
    assert_eq!(message(&uses(60)), None);
    let expected = "t:3: function at line 2 has more than 60 upvalues";
    assert_eq!(message(&uses(61)).as_deref(), Some(expected));
}

#[test]
fn targets_of_an_assignment() {
    let targets = |count: usize| format!("{}a = 1", "a, ".repeat(count - 1));
    assert_eq!(message(&targets(198)), None);
    let expected = "t:1: main function has more than 197 variables in assignment";
    assert_eq!(message(&targets(199)).as_deref(), Some(expected));
}
