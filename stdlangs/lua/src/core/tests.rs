//! Tables against a model, weak tables, and what needs no running program.

use std::collections::BTreeMap;

use dg_runtime::{Options, Ref, Str, Value, Vm, VmBox};
use proptest::prelude::*;

use super::externs::Semantics;
use super::state::{LuaState, initialize};
use super::table::lookup::{find_field, find_place};
use super::table::shape;
use super::{alloc, coerce, hooks, table};
use crate::generated::{Boxed, Field, Place, Table, ValueKind, language, nil, true_};

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
    fn value<'v>(&self, vm: &'v Vm) -> Value<'v> {
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
        5 => "[ab]{0,3}".prop_map(Key::Text),
        1 => Just(Key::True),
    ]
}

/// What changes the shape of a table but not its entries.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Metatable,
    NoMetatable,
    Weak,
    Own,
}

fn turns() -> impl Strategy<Value = Turn> {
    prop_oneof![
        Just(Turn::Metatable),
        Just(Turn::NoMetatable),
        Just(Turn::Weak),
        Just(Turn::Own)
    ]
}

fn take_turn(vm: &Vm, tested: Ref<'_, Table>, turn: Turn) {
    let metatable = || {
        let metatable = table::new(vm, 0, 0).expect("memory");
        if matches!(turn, Turn::Weak) {
            set_named(vm, metatable, "__mode", coerce::string(vm, b"k").expect("memory"));
        }
        metatable
    };
    match turn {
        Turn::Metatable | Turn::Weak => table::set_metatable(vm, tested, Some(metatable())).expect("memory"),
        Turn::NoMetatable => table::set_metatable(vm, tested, None).expect("memory"),
        Turn::Own => drop(shape::own(vm, tested).expect("memory")),
    }
}

fn name<'v>(vm: &'v Vm, name: &str) -> Ref<'v, Str> {
    vm.str(name.as_bytes()).expect("memory")
}

fn set_named<'v>(vm: &'v Vm, table: Ref<'v, Table>, field: &str, value: Value<'v>) {
    table::set_str(vm, table, name(vm, field), value).expect("memory");
}

proptest! {
    #[test]
    fn a_table_is_a_map(
        array in 0u32..9,
        hash in 0u32..9,
        steps in prop::collection::vec((keys(), prop::option::of(1u32..100), any::<bool>()), 0..200),
        turns in prop::collection::vec((0usize..200, turns()), 0..4),
    ) {
        let vm = new_vm();
        let tested = table::new(&vm, array, hash).expect("memory");
        let mut model = BTreeMap::new();
        for (step, (key, stored, named)) in steps.into_iter().enumerate() {
            for (_, turn) in turns.iter().filter(|(at, _)| *at == step) {
                take_turn(&vm, tested, *turn);
            }
            let value = stored.map_or(nil(), |stored| Value::double(stored.into()));
            match (named, key.value(&vm).as_string(&vm)) {
                (true, Some(name)) => table::set_str(&vm, tested, name, value).expect("memory"),
                _ => table::set(&vm, tested, key.value(&vm), value).expect("memory"),
            }
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
    assert_eq!(tested.nodes.get(&vm).used.get(), 0);
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
        queue.array_size.get() as usize + queue.nodes.get(&vm).len() < 200,
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
            table::set_metatable(vm, weak, Some(metatable)).unwrap();
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

#[test]
fn tables_that_are_filled_alike_have_the_same_shape() {
    let vm = new_vm();
    let filled = |fields: &[&str]| {
        let table = table::new(&vm, 0, 2).expect("memory");
        fields.iter().for_each(|field| set_named(&vm, table, field, true_()));
        table
    };
    let (one, two) = (filled(&["x", "y", "z"]), filled(&["x", "y", "z"]));
    assert_eq!(one.shape.raw(), two.shape.raw());
    assert_ne!(one.shape.raw(), filled(&["y", "x", "z"]).shape.raw());
    // Two fields are in the table, one is not.
    assert_eq!((one.len(), one.spilled.get(&vm).len()), (2, 4));
    let metatable = table::new(&vm, 0, 0).expect("memory");
    table::set_metatable(&vm, one, Some(metatable)).expect("memory");
    assert_ne!(one.shape.raw(), two.shape.raw());
    table::set_metatable(&vm, two, Some(metatable)).expect("memory");
    assert_eq!(one.shape.raw(), two.shape.raw());
}

#[test]
fn branching_shapes_keep_their_keys_apart() {
    let vm = new_vm();
    let start = table::new(&vm, 0, 0).expect("memory");
    set_named(&vm, start, "a", true_());
    let shape = start.shape.get(&vm);
    for branch in 0..20 {
        let table = table::of_shape(&vm, shape::root(&vm, 0).expect("memory"), 0).expect("memory");
        set_named(&vm, table, "a", true_());
        assert_eq!(table.shape.raw(), shape.raw());
        for field in ["b", "c"] {
            set_named(&vm, table, &format!("{field}{branch}"), Value::double(branch.into()));
        }
        for other in 0..=branch {
            let found = table::get_str(&vm, table, name(&vm, &format!("c{other}")));
            assert_eq!(found != nil(), other == branch);
        }
    }
    assert_eq!(table::get_str(&vm, start, name(&vm, "b0")), nil());
}

#[test]
fn computed_keys_make_dictionaries() {
    let vm = new_vm();
    // Each of many tables with keys of its own, and one table with many keys.
    let root = shape::root(&vm, 0).expect("memory");
    for number in 0..2000 {
        let table = table::new(&vm, 0, 0).expect("memory");
        for key in 0..4 {
            let key = coerce::string(&vm, format!("{number}.{key}").as_bytes()).expect("memory");
            table::set(&vm, table, key, true_()).expect("memory");
        }
        assert!(number < 20 || shape::is_dictionary(table.shape.get(&vm)));
    }
    assert!(root.transitions.get(&vm).expect("it has been left").len() <= 32);
    let large = table::new(&vm, 0, 0).expect("memory");
    for number in 0..10_000 {
        set_named(&vm, large, &format!("n{number}"), Value::double(number.into()));
    }
    assert!(shape::is_dictionary(large.shape.get(&vm)));
    assert_eq!(table::get_str(&vm, large, name(&vm, "n77")).as_double(), Some(77.0));
}

#[test]
fn shapes_die_with_their_tables() {
    let mut vm = new_vm();
    let ways = |vm: &Vm| {
        let transitions = shape::root(vm, 0).expect("memory").transitions.get(vm);
        transitions.map_or(0, |ways| {
            ways.items().iter().filter(|way| !way.to.raw().is_null()).count()
        })
    };
    let kept = {
        let vm = &*vm;
        let mut kept = None;
        for number in 0..100 {
            let table = table::new(vm, 0, 0).expect("memory");
            set_named(vm, table, &format!("f{number}"), true_());
            if number == 50 {
                kept = Some(vm.root(table.boxed()));
            }
        }
        kept.expect("there are more than 50")
    };
    assert_eq!(ways(&vm), 100);
    vm.collect_full();
    // The table that is kept, and the way that was taken last.
    assert_eq!(ways(&vm), 2);
    let vm = &*vm;
    let again = table::new(vm, 0, 0).expect("memory");
    set_named(vm, again, "f50", nil());
    set_named(vm, again, "f50", true_());
    assert_eq!(
        again.shape.raw(),
        kept.get(vm).as_table(vm).expect("it is rooted").shape.raw()
    );
}

#[test]
fn constructors_learn_how_many_fields_their_tables_get() {
    let vm = new_vm();
    let site = shape::new_site(&vm, None).expect("memory");
    let mut sizes = Vec::new();
    for _ in 0..40 {
        let table = table::of_shape(&vm, shape::of_site(&vm, site).expect("memory"), 0).expect("memory");
        for field in ["a", "b", "c", "d", "e", "f"] {
            set_named(&vm, table, field, true_());
        }
        sizes.push((table.len(), table.spilled.get(&vm).len()));
    }
    assert_eq!(sizes[0], (4, 4));
    assert_eq!(sizes[39], (6, 0));
}

/// Where `find_field` finds something, without where that is.
fn found(field: Field<'_>) -> &'static str {
    match field {
        Field::Inline(_) => "inline",
        Field::Spilled(_) => "spilled",
        Field::InlineFirst(_) => "inline, then inherited",
        Field::SpilledFirst(_) => "spilled, then inherited",
        Field::Inherited(..) | Field::InheritedSpilled(..) => "inherited",
        Field::Hashed => "hashed",
        Field::InheritedHashed(_) => "inherited, hashed",
        Field::Absent => "absent",
        Field::Unknown => "unknown",
    }
}

#[test]
fn what_is_remembered_of_a_table_is_forgotten_when_it_changes() {
    let vm = new_vm();
    let new = || table::new(&vm, 0, 1).expect("memory");
    let (object, class, base) = (new(), new(), new());
    set_named(&vm, class, "__index", base.boxed());
    set_named(&vm, base, "method", true_());
    table::set_metatable(&vm, object, Some(class)).expect("memory");
    let look = |field: &str| found(find_field(&vm, object.shape.get(&vm), name(&vm, field)));
    let watched = |table: Ref<'_, Table>| table.shape.get(&vm).role.get(&vm).expect("it is watched").watched.get() != 0;
    assert_eq!((look("method"), look("nothing")), ("inherited", "absent"));
    assert!(watched(class) && watched(base));
    // Values and unrelated names change nothing of it.
    set_named(&vm, base, "method", Value::double(1.0));
    let missing = base.shape.get(&vm).role.get(&vm).expect("it is watched").missing.get();
    let unrelated = (0..)
        .map(|n| format!("u{n}"))
        .find(|text| missing & 1 << (name(&vm, text).hash & 31) == 0);
    set_named(&vm, base, &unrelated.expect("not all bits are set"), true_());
    assert!(watched(base));
    set_named(&vm, base, "nothing", true_());
    assert!(!watched(base));
    assert_eq!(look("nothing"), "inherited");
    set_named(&vm, class, "__index", nil());
    assert!(!watched(class));
    assert_eq!(look("method"), "absent");
}

#[test]
fn fields_of_events_are_stored_by_the_runtime_alone() {
    let vm = new_vm();
    let object = table::new(&vm, 0, 4).expect("memory");
    for event in ["__index", "__newindex", "__add", "__metatable"] {
        set_named(&vm, object, event, true_());
        let place = find_place(&vm, object.shape.get(&vm), name(&vm, event));
        assert!(matches!(place, Place::Unknown), "{event}");
    }
    set_named(&vm, object, "plain", true_());
    let place = find_place(&vm, object.shape.get(&vm), name(&vm, "plain"));
    assert!(matches!(place, Place::Spilled(0)));
}
