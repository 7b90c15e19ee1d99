//! Tables against a model, weak tables, and what needs no running program.

use std::collections::BTreeMap;

use dg_runtime::{Options, Value, VmBox};
use proptest::prelude::*;

use super::externs::Semantics;
use super::state::{LuaState, initialize};
use super::{alloc, coerce, hooks, table};
use crate::generated::{Boxed, ValueKind, language, nil, true_};

fn new_vm() -> VmBox {
    let data = Box::new(LuaState::new());
    let vm = VmBox::new(language::<Semantics>(), hooks::hooks(), Options::default(), data).expect("memory");
    initialize(&vm).expect("memory");
    vm
}

/// A key of the model: orders and compares as a table's keys do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// In quarters, so that some are whole numbers.
    Number(i64),
    Text(String),
    True,
}

impl Key {
    fn value<'v>(&self, vm: &'v dg_runtime::Vm) -> Value<'v> {
        match self {
            Key::Number(quarters) => Value::double(*quarters as f64 / 4.0),
            Key::Text(text) => coerce::string(vm, text.as_bytes()).expect("memory"),
            Key::True => true_(),
        }
    }
}

fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        6 => (0i64..40).prop_map(|whole| Key::Number(whole * 4)),
        1 => (-20i64..200).prop_map(Key::Number),
        3 => "[ab]{0,3}".prop_map(Key::Text),
        1 => Just(Key::True),
    ]
}

proptest! {
    #[test]
    fn a_table_is_a_map(
        array in 0u32..9,
        hash in 0u32..9,
        steps in prop::collection::vec((keys(), prop::option::of(1u32..100)), 0..200),
    ) {
        let vm = new_vm();
        let tested = table::new(&vm, array, hash).expect("memory");
        let mut model = BTreeMap::new();
        for (key, stored) in steps {
            let value = stored.map_or(nil(), |stored| Value::double(stored.into()));
            table::set(&vm, tested, key.value(&vm), value).expect("memory");
            match stored {
                Some(stored) => model.insert(key, stored),
                None => model.remove(&key),
            };
        }
        for (key, stored) in &model {
            prop_assert_eq!(table::get(&vm, tested, key.value(&vm)).as_double(), Some(f64::from(*stored)));
        }
        // Traversal shows each entry once, even if it removes what it has seen.
        let (mut seen, mut key) = (0, nil());
        while let Some((next_key, value)) = table::next(&vm, tested, key).expect("the key is there") {
            prop_assert!(value.as_double().is_some());
            seen += 1;
            table::set(&vm, tested, next_key, nil()).expect("memory");
            key = next_key;
        }
        prop_assert_eq!(seen, model.len());
        prop_assert_eq!(table::length(&vm, tested), 0);
    }

    #[test]
    fn the_length_is_a_border(present in prop::collection::vec(any::<bool>(), 0..70), preset in 0u32..20) {
        let vm = new_vm();
        let tested = table::new(&vm, preset, 0).expect("memory");
        for (index, _) in present.iter().enumerate().filter(|(_, present)| **present) {
            table::set_number(&vm, tested, index as f64 + 1.0, true_()).expect("memory");
        }
        let border = table::length(&vm, tested) as usize;
        prop_assert!(border == 0 || present[border - 1]);
        prop_assert!(present.get(border) != Some(&true));
    }
}

#[test]
fn appended_elements_live_in_the_array_part() {
    let vm = new_vm();
    let tested = table::new(&vm, 0, 0).expect("memory");
    for index in 1..=1000u32 {
        table::set_number(&vm, tested, index.into(), Value::double(index.into())).expect("memory");
        assert_eq!(table::length(&vm, tested), index);
    }
    assert_eq!(tested.node_used.get(), 0);
    assert!(tested.array_size.get() > 1000);
}

#[test]
fn elements_that_were_stored_backwards_end_up_in_the_array_part() {
    let vm = new_vm();
    let tested = table::new(&vm, 0, 0).expect("memory");
    for index in (1..=1000u32).rev() {
        table::set_number(&vm, tested, index.into(), true_()).expect("memory");
    }
    assert_eq!(table::length(&vm, tested), 1000);
    assert!(tested.array_size.get() > 500, "{}", tested.array_size.get());
}

#[test]
fn a_queue_does_not_grow() {
    let vm = new_vm();
    let queue = table::new(&vm, 0, 0).expect("memory");
    for index in 1..=100_000u32 {
        table::set_number(&vm, queue, index.into(), true_()).expect("memory");
        if index > 8 {
            table::set_number(&vm, queue, f64::from(index - 8), nil()).expect("memory");
        }
    }
    assert!(
        queue.array_size.get() + queue.node_mask.get() < 200,
        "{}",
        queue.array_size.get()
    );
}

#[test]
fn zeros_are_one_key() {
    let vm = new_vm();
    let tested = table::new(&vm, 0, 0).expect("memory");
    table::set_number(&vm, tested, -0.0, true_()).expect("memory");
    assert_eq!(table::get_number(&vm, tested, 0.0), true_());
    assert_eq!(table::get_number(&vm, tested, f64::NAN), nil());
    assert_eq!(table::get(&vm, tested, nil()), nil());
}

#[test]
fn weak_tables_lose_what_nobody_else_has() {
    for (mode, keeps_entry) in [("k", true), ("v", false), ("kv", false), ("", true)] {
        let mut vm = new_vm();
        let (weak, kept) = {
            let vm = &*vm;
            let weak = table::new(vm, 0, 0).expect("memory");
            let metatable = table::new(vm, 0, 0).expect("memory");
            table::set_str(
                vm,
                metatable,
                vm.str(b"__mode").unwrap(),
                coerce::string(vm, mode.as_bytes()).unwrap(),
            )
            .unwrap();
            weak.set(|t| &t.metatable, Some(metatable));
            hooks::note_mode(vm, weak);
            let kept = table::new(vm, 0, 0).expect("memory");
            // Kept by both ends, a dead value, a dead key, and strings, which count as values.
            table::set(vm, weak, kept.boxed(), kept.boxed()).unwrap();
            table::set_number(vm, weak, 1.0, alloc::table(vm).unwrap().boxed()).unwrap();
            table::set(vm, weak, alloc::table(vm).unwrap().boxed(), true_()).unwrap();
            table::set_str(
                vm,
                weak,
                vm.str(b"a string").unwrap(),
                coerce::string(vm, b"another").unwrap(),
            )
            .unwrap();
            (vm.root(weak.boxed()), vm.root(kept.boxed()))
        };
        vm.collect_full();
        let vm = &*vm;
        let weak = weak.get(vm).as_table(vm).expect("it is rooted");
        assert_eq!(table::get(vm, weak, kept.get(vm)), kept.get(vm));
        assert_eq!(table::get_number(vm, weak, 1.0) != nil(), keeps_entry, "mode {mode}");
        let text = table::get_str(vm, weak, vm.str(b"a string").unwrap());
        assert_eq!(text.as_string(vm).expect("strings stay").as_bytes(), b"another");
        let mut count = 0;
        let mut key = nil();
        while let Ok(Some((next, _))) = table::next(vm, weak, key) {
            (key, count) = (next, count + 1);
        }
        let expected = match mode {
            "" => 4,
            "kv" => 2,
            _ => 3,
        };
        assert_eq!(count, expected, "mode {mode}");
    }
}
