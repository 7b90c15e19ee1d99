//! SOM in a host program: what `docs/som.md` shows, and what a host can rely on.

use std::fs;
use std::path::PathBuf;

use dg_som::{Som, SomError, SomValue};

const COUNTER: &str = "\
Counter = (
    | total |
    add: n = ( total := self total + n )
    total = ( ^ total isNil ifTrue: [ 0 ] ifFalse: [ total ] )
    fail = ( ^ self total / 0 )
    deep = ( ^ self deep + 1 )
)";

/// A directory with the class `Counter`.
fn classes(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&directory).expect("the directory for tests can be written");
    fs::write(directory.join("Counter.som"), COUNTER).expect("the directory for tests can be written");
    directory
}

fn integer(value: Result<SomValue, SomError>) -> i64 {
    match value {
        Ok(SomValue::Integer(number)) => number,
        other => panic!("{other:?} is no integer"),
    }
}

#[test]
fn objects_are_kept_and_get_messages() {
    let mut som = Som::new(&[classes("som-embedding-objects")]).unwrap();
    let counter = som.evaluate("Counter new").unwrap();
    for n in 1..=100 {
        som.send(&counter, "add:", &[SomValue::Integer(n)]).unwrap();
        // The counter is only kept alive by the host.
        som.evaluate("system fullGC").unwrap();
    }
    assert_eq!(integer(som.send(&counter, "total", &[])), 5050);
    som.set_global("Kept", &counter).unwrap();
    assert_eq!(integer(som.evaluate("Kept total + 1")), 5051);
    let counters = som.array(&[counter.clone(), counter]).unwrap();
    assert_eq!(integer(som.send(&counters, "length", &[])), 2);
}

#[test]
fn a_replaced_method_takes_effect_where_the_old_one_was_not_even_run() {
    let mut som = Som::new(&[classes("som-embedding-replaced")]).unwrap();
    som.evaluate("system global: #Kept put: Counter new").unwrap();
    som.evaluate("system global: #Ask put: [ | sum | sum := 0. 1 to: 50 do: [ :i | sum := sum + Kept number ]. sum ]")
        .unwrap();
    for (text, expected) in [
        ("number = ( ^ 1 )", 50),
        ("number = ( ^ total )", 0),
        ("number = ( ^ self total + 2 )", 100),
        ("number = ( ^ 3 )", 150),
    ] {
        som.replace_method("Counter", false, text).unwrap();
        som.evaluate("Kept add: 0").unwrap();
        for _ in 0..3 {
            assert_eq!(integer(som.evaluate("Ask value")), expected, "{text}");
        }
    }
    // Also where it is a test for nil that was looked at in place.
    let nil_test = "(Kept isNil ifTrue: [ 1 ] ifFalse: [ 2 ]) * 10 + (Kept notNil ifTrue: [ 1 ] ifFalse: [ 2 ])";
    assert_eq!(integer(som.evaluate(nil_test)), 21);
    som.replace_method("Counter", false, "isNil = ( ^ true )").unwrap();
    assert_eq!(integer(som.evaluate(nil_test)), 11);
    assert_eq!(integer(som.evaluate("nil isNil ifTrue: [ 1 ] ifFalse: [ 2 ]")), 1);
}

#[test]
fn the_system_goes_on_after_errors() {
    let mut som = Som::new(&[classes("som-embedding-errors")]).unwrap();
    let counter = som.evaluate("Counter new").unwrap();
    for (selector, message) in [("fail", "divides by zero"), ("deep", "too deep")] {
        match som.send(&counter, selector, &[]) {
            Err(SomError::Failed {
                message: found,
                traceback,
            }) => {
                assert!(found.contains("Counter.som:") && found.contains(message), "{found}");
                assert!(traceback.contains(&format!("Counter>>{selector} (")), "{traceback}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(integer(som.send(&counter, "total", &[])), 0);
    }
    assert!(matches!(
        som.send(&counter, "nothing", &[]),
        Err(SomError::Failed { .. })
    ));
    assert!(matches!(som.evaluate("1 +"), Err(SomError::Failed { .. })));
    assert!(matches!(som.evaluate("system exit: 4"), Err(SomError::Exit(4))));
}
