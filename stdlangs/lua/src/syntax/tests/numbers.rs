use super::{check, check_expr};

#[test]
fn literals() {
    check_expr("1.5, .5, 0x10, 1e2, 3.", "1.5 0.5 16 100 3");
    check("x = 3x", "t:1: malformed number near '3x'");
    check("x = 1..2", "t:1: malformed number near '1..2'");
    check("x = 1e+", "t:1: malformed number near '1e+'");
    check("x = 0x", "t:1: malformed number near '0x'");
    check_expr(
        "0x1p-2, 0x.8, 0xA.8p1, 0xe+1, 0x1..2",
        r#"0.25 0.5 21 (+ 14 1) (.. 1 2)"#,
    );
    check("x = 0x1p+", "t:1: malformed number near '0x1p+'");
    check("x = 0x1.8.2", "t:1: unexpected symbol near '.2'");
    check("x = 1_0", "t:1: malformed number near '1_0'");
    check("x = .5.", "t:1: malformed number near '.5.'");
}
