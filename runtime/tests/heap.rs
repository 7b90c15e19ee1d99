//! The collector against a model of the object graph, and what it owes to strings, weak containers, finalisers, limits.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::*;
use dg_runtime::*;

/// What should be in the heap.
#[derive(Default)]
struct Model {
    children: BTreeMap<u32, Vec<Option<u32>>>,
    weak: BTreeSet<u32>,
}

impl Model {
    /// What the roots reach; through weak nodes only what others reach too.
    fn reachable(&self, roots: impl Iterator<Item = u32>) -> BTreeSet<u32> {
        let mut found: BTreeSet<u32> = roots.collect();
        let mut work: Vec<u32> = found.iter().copied().collect();
        while let Some(node) = work.pop() {
            if self.weak.contains(&node) {
                continue;
            }
            work.extend(
                self.children[&node]
                    .iter()
                    .flatten()
                    .filter(|&&child| found.insert(child)),
            );
        }
        found
    }
}

/// Compares what a handle reaches with the model.
fn check(vm: &Vm, model: &Model, roots: &[(u32, Handle)]) {
    let mut seen = BTreeSet::new();
    let mut work: Vec<_> = roots
        .iter()
        .map(|(id, handle)| (*id, as_node(vm, handle.get(vm)).unwrap()))
        .collect();
    while let Some((id, node)) = work.pop() {
        assert_eq!(node.id.get(), id);
        if !seen.insert(id) {
            continue;
        }
        let expected = &model.children[&id];
        assert_eq!(node.len(), expected.len());
        for (child, expected) in node.items().iter().zip(expected) {
            match (child.get(vm), expected) {
                (Some(child), Some(expected)) => work.push((*expected, child)),
                (None, None) => {}
                (child, expected) => panic!("node {id} has {child:?} instead of {expected:?}"),
            }
        }
    }
}

fn size(children: usize) -> usize {
    (24 + 4 * children).next_multiple_of(8)
}

/// Makes, changes and drops nodes at random. With `in_steps` a full collection is always under way while that happens.
fn random_graphs(seed: u64, steps: usize, gc: GcParameters, in_steps: bool) {
    let mut vm = new_vm(gc);
    let mut random = Random(seed);
    let mut model = Model::default();
    let mut roots: Vec<(u32, Handle)> = Vec::new();
    vm.collect_full();
    let baseline = vm.gc_stats().live;
    for id in 0..steps as u32 {
        let children = match random.below(200) {
            0 => random.below(12_000),
            1..9 => 100 + random.below(400),
            _ => random.below(8),
        };
        let node = new_node(&vm, id, children).unwrap();
        if random.below(10) == 0 {
            node.weak.set(1);
            model.weak.insert(id);
        }
        model.children.insert(id, vec![None; children]);
        // Some edges in both directions, to nodes found on a walk from a root.
        for _ in 0..3 {
            if roots.is_empty() {
                break;
            }
            let &(mut other_id, ref handle) = &roots[random.below(roots.len())];
            let mut other = as_node(&vm, handle.get(&vm)).unwrap();
            for _ in 0..random.below(6) {
                let next = (other.len() > 0).then(|| random.below(other.len()));
                let Some(child) = next.and_then(|next| other.items()[next].get(&vm)) else {
                    break;
                };
                (other_id, other) = (child.id.get(), child);
            }
            if children > 0 {
                let slot = random.below(children);
                node.set_item(slot, |child| child, Some(other));
                model.children.get_mut(&id).unwrap()[slot] = Some(other_id);
            }
            if other.len() > 0 {
                let slot = random.below(other.len());
                other.set_item(slot, |child| child, Some(node));
                model.children.get_mut(&other_id).unwrap()[slot] = Some(id);
                if in_steps && random.below(8) == 0 {
                    toggle_weak(&vm, &mut model, other_id, other);
                }
            }
        }
        match random.below(20) {
            0..4 => roots.push((id, vm.root(node_value(node)))),
            4..7 if !roots.is_empty() => drop(roots.swap_remove(random.below(roots.len()))),
            _ => {}
        }
        if in_steps {
            vm.collect_step(random.below(2000));
        }
        if random.below(30) != 0 {
            continue;
        }
        let full = random.below(4) == 0;
        match (full, in_steps) {
            (true, _) => vm.collect_full(),
            (false, true) => while !vm.collect_step(random.below(20_000)) {},
            (false, false) => vm.collect_minor(),
        }
        let reachable = model.reachable(roots.iter().map(|(id, _)| *id));
        // A minor collection may keep more, and weak edges to it.
        for (node, children) in &mut model.children {
            if full && model.weak.contains(node) {
                for child in children
                    .iter_mut()
                    .filter(|child| child.is_some_and(|child| !reachable.contains(&child)))
                {
                    *child = None;
                }
            }
        }
        if full {
            model.children.retain(|node, _| reachable.contains(node));
            let expected: usize = reachable.iter().map(|node| size(model.children[node].len())).sum();
            assert_eq!(
                vm.gc_stats().live - baseline,
                expected,
                "every reachable byte and no other, step {id}"
            );
            check(&vm, &model, &roots);
        } else if model.weak.is_empty() {
            check(&vm, &model, &roots);
        } else {
            adopt_cleared(&vm, &mut model, &roots);
            check(&vm, &model, &roots);
        }
    }
}

/// Makes a node that was just written weak, or what it has children.
fn toggle_weak<'v>(vm: &'v Vm, model: &mut Model, id: u32, node: Ref<'v, Node>) {
    if model.weak.remove(&id) {
        node.weak.set(0);
        // What it has lost while it was weak is lost.
        let lost = |item: &OptionalRefField<Node>| item.get(vm).is_none();
        for (child, _) in model
            .children
            .get_mut(&id)
            .unwrap()
            .iter_mut()
            .zip(node.items())
            .filter(|(_, item)| lost(item))
        {
            *child = None;
        }
    } else {
        node.weak.set(1);
        model.weak.insert(id);
    }
}

/// After a minor collection young weak nodes may have lost children: only those that nothing else reaches.
fn adopt_cleared(vm: &Vm, model: &mut Model, roots: &[(u32, Handle)]) {
    let reachable = model.reachable(roots.iter().map(|(id, _)| *id));
    let mut seen = BTreeSet::new();
    let mut work: Vec<_> = roots
        .iter()
        .map(|(_, handle)| as_node(vm, handle.get(vm)).unwrap())
        .collect();
    while let Some(node) = work.pop() {
        let id = node.id.get();
        if !seen.insert(id) {
            continue;
        }
        for (slot, child) in node.items().iter().enumerate() {
            if let Some(child) = child.get(vm) {
                work.push(child);
            } else if let Some(lost) = model.children.get_mut(&id).unwrap()[slot].take() {
                assert!(
                    model.weak.contains(&id) && !reachable.contains(&lost),
                    "{lost} was lost from {id}"
                );
            }
        }
    }
}

#[test]
fn random_graphs_survive() {
    for seed in 1..3 {
        random_graphs(seed, 600, GcParameters::default(), false);
    }
}

#[test]
fn random_graphs_survive_with_poison() {
    for seed in 11..13 {
        random_graphs(
            seed,
            2000,
            GcParameters {
                stress: true,
                ..GcParameters::default()
            },
            false,
        );
    }
}

#[test]
fn random_graphs_survive_collections_in_steps() {
    for seed in 21..25 {
        random_graphs(
            seed,
            1500,
            GcParameters {
                stress: seed % 2 == 0,
                ..GcParameters::default()
            },
            true,
        );
    }
}

#[test]
#[ignore = "runs for minutes"]
fn random_graphs_survive_for_long() {
    for seed in 100..200 {
        println!("seed {seed}");
        random_graphs(
            seed,
            5000,
            GcParameters {
                stress: seed % 2 == 0,
                ..GcParameters::default()
            },
            seed % 3 != 0,
        );
    }
}

#[test]
fn long_lists_do_not_recurse() {
    let mut vm = new_vm(GcParameters::default());
    let list = vm.root(node_value(new_node(&vm, 0, 1).unwrap()));
    for id in 1..300_000 {
        let node = new_node(&vm, id, 1).unwrap();
        node.set_item(0, |child| child, as_node(&vm, list.get(&vm)));
        list.set(&vm, node_value(node));
    }
    vm.collect_full();
    assert!(vm.gc_stats().live >= 300_000 * size(1));
    drop(list);
    vm.collect_full();
    assert!(vm.gc_stats().live < 10_000);
}

#[test]
fn memory_is_used_again_and_given_back() {
    let mut vm = new_vm(GcParameters::default());
    let mut most = 0;
    for round in 0..200 {
        for id in 0..2000 {
            new_node(&vm, id, id as usize % 40).unwrap();
        }
        new_node(&vm, round, 100_000).unwrap();
        if round % 5 == 0 {
            vm.collect_full()
        } else {
            vm.collect_minor()
        }
        if round == 20 {
            most = vm.bytes_committed();
        }
    }
    vm.collect_full();
    assert!(vm.bytes_committed() <= most);
    assert!(vm.bytes_in_use() < 10_000, "{} bytes", vm.bytes_in_use());
}

/// Pages of this process that are in memory, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[test]
fn the_system_gets_memory_back_after_a_peak() {
    const PEAK: usize = 256 << 20;
    let mut vm = new_vm(GcParameters::default());
    let root = vm.root_ref(vm.allocate_array::<Node>(PEAK / 8192).unwrap());
    for index in 0..PEAK / 8192 {
        // Half of it in small objects, half in large ones.
        let list = new_node(&vm, 0, 1).unwrap();
        root.get(&vm).set_item(index, |item| item, Some(list));
        let mut last = list;
        for id in 0..64 {
            let node = new_node(&vm, id, 10).unwrap();
            last.set_item(0, |item| item, Some(node));
            last = node;
        }
        let large = new_node(&vm, 0, 3 * 1024).unwrap();
        last.set_item(0, |item| item, Some(large));
    }
    vm.collect_full();
    let peak = resident();
    assert!(vm.gc_stats().live > PEAK * 3 / 4, "{:?}", vm.gc_stats());
    drop(root);
    vm.collect_full();
    let after = resident();
    assert!(after + PEAK / 2 < peak, "{after} bytes are resident, {peak} were");
    // What was given back is as good as new.
    let node = new_node(&vm, 7, 40_000).unwrap();
    assert!(node.items().iter().all(|item| item.raw().is_null()));
}

/// Fills a heap of so many bytes that stay alive with lists, and sees that all of it is there in the end.
fn heap_of(bytes: usize) {
    const LENGTH: usize = 1000;
    let mut vm = new_vm(GcParameters::default());
    let lists = bytes / (size(1) * LENGTH);
    let root = vm.root_ref(vm.allocate_array::<Node>(lists).unwrap());
    for index in 0..lists {
        for id in 0..LENGTH as u32 {
            let node = new_node(&vm, id, 1).unwrap();
            let array = root.get(&vm);
            node.set_item(0, |item| item, array.items()[index].get(&vm));
            array.set_item(index, |item| item, Some(node));
        }
        // And as much that dies.
        for id in 0..LENGTH as u32 {
            new_node(&vm, id, 1).unwrap();
        }
        vm.collect_if_due();
    }
    let stats = vm.gc_stats();
    assert!(stats.minor > 5 && stats.full > 0 && stats.live > bytes / 2, "{stats:?}");
    assert!(vm.bytes_committed() < 2 * bytes);
    for list in root.get(&vm).items() {
        let mut next = list.get(&vm);
        for id in (0..LENGTH as u32).rev() {
            let node = next.expect("a list of that length");
            assert_eq!(node.id.get(), id);
            next = node.items()[0].get(&vm);
        }
        assert!(next.is_none());
    }
}

#[test]
fn a_large_heap_stays_whole() {
    heap_of(64 << 20);
}

#[test]
#[ignore = "takes 2 GiB of memory"]
fn a_heap_of_a_gigabyte_stays_whole() {
    heap_of(1 << 30);
}

#[test]
fn only_the_written_parts_of_large_objects_are_traced() {
    const LENGTH: usize = 400_000;
    let mut vm = new_vm(GcParameters::default());
    let array = vm.root_ref(vm.allocate_array::<Node>(LENGTH).unwrap());
    vm.collect_minor();
    let mut random = Random(7);
    let mut model = vec![None; LENGTH];
    for round in 0..60 {
        for _ in 0..random.below(200) {
            let id = random.below(LENGTH);
            let node = new_node(&vm, id as u32, 1).unwrap();
            array.get(&vm).set_item(id, |item| item, Some(node));
            model[id] = Some(id as u32);
        }
        match round % 6 {
            5 => vm.collect_full(),
            3 => while !vm.collect_step(100_000) {},
            _ => vm.collect_minor(),
        }
        // What is lost would be used again.
        for id in 0..2000 {
            new_node(&vm, id, 1).unwrap();
        }
    }
    let array = array.get(&vm);
    for (item, expected) in array.items().iter().zip(model) {
        assert_eq!(item.get(&vm).map(|node| node.id.get()), expected);
    }
}

#[test]
fn a_step_says_when_a_collection_is_complete() {
    let mut vm = new_vm(GcParameters::default());
    let root = vm.root_ref(vm.allocate_array::<Node>(100).unwrap());
    for round in 1..5 {
        for id in 0..100 {
            let node = new_node(&vm, id, 100).unwrap();
            root.get(&vm).set_item(id as usize, |item| item, Some(node));
        }
        let mut steps = 1;
        while !vm.collect_step(1024) {
            assert_eq!(vm.gc_stats().full, round - 1);
            steps += 1;
        }
        assert!((2..200).contains(&steps), "{steps} steps for 40 KiB");
        let stats = vm.gc_stats();
        assert_eq!((stats.full, stats.minor), (round, 0));
        assert!(stats.pauses >= steps * round / 4 && stats.longest_pause <= stats.total_pause);
    }
    assert!(vm.collect_step(usize::MAX), "a large step is a whole collection");
}

#[test]
fn strings_are_found_while_they_are_swept() {
    const COUNT: usize = 20_000;
    let mut vm = new_vm(GcParameters::default());
    let name = |id: usize| format!("a string that is kept, or not: {id}").into_bytes();
    for round in 0..4 {
        let kept: Vec<_> = (0..COUNT)
            .filter_map(|id| {
                let string = vm.str(&name(id)).unwrap();
                (id % 3 == 0).then(|| vm.root(string_value(string)))
            })
            .collect();
        let mut random = Random(round);
        let mut found = Vec::new();
        while !vm.collect_step(4096) {
            // Some of these are dead, and are not in the table any more, or are to leave it.
            let id = random.below(COUNT);
            let string = vm.str(&name(id)).unwrap();
            assert_eq!(string.as_bytes(), name(id));
            found.push((id, vm.root(string_value(string))));
            vm.str(format!("another: {round} {id}").as_bytes()).unwrap();
        }
        for (index, handle) in kept.iter().enumerate() {
            assert_eq!(string_value(vm.str(&name(3 * index)).unwrap()), handle.get(&vm));
        }
        for (id, handle) in &found {
            assert_eq!(
                string_value(vm.str(&name(*id)).unwrap()),
                handle.get(&vm),
                "there is one of each"
            );
        }
        drop((kept, found));
    }
    vm.collect_full();
    assert!(vm.string_count() < 10);
}

#[test]
fn new_objects_are_zero() {
    let mut vm = new_vm(GcParameters {
        stress: true,
        ..GcParameters::default()
    });
    for round in 0..20 {
        let keep: Vec<_> = (0..50)
            .map(|i| {
                for children in [0, 3, 200, 1500, 20_000] {
                    let node = vm.allocate_array::<Node>(children).unwrap();
                    assert!(node.id.get() == 0 && node.items().iter().all(|child| child.raw().is_null()));
                    node.id.set(u32::MAX);
                }
                vm.root(node_value(new_node(&vm, round, i).unwrap()))
            })
            .collect();
        vm.collect_minor();
        drop(keep);
    }
}

#[test]
fn strings_are_interned_until_they_die() {
    let mut vm = new_vm(GcParameters::default());
    let before = vm.string_count();
    let kept = vm.root(string_value(vm.str(b"kept").unwrap()));
    for i in 0..5000 {
        let bytes = format!("string number {i}").into_bytes();
        let string = vm.str(&bytes).unwrap();
        assert_eq!(string.as_bytes(), bytes);
        assert_eq!(string, vm.str(&bytes).unwrap());
    }
    assert_eq!(vm.string_count(), before + 5001);
    vm.collect_minor();
    assert_eq!(vm.string_count(), before + 1, "young strings die in minor collections");
    assert_eq!(string_value(vm.str(b"kept").unwrap()), kept.get(&vm));
    drop(kept);
    vm.collect_full();
    assert_eq!(vm.string_count(), before);
    let empty = vm.str(b"").unwrap();
    assert!(empty.as_bytes().is_empty() && empty == vm.str(b"").unwrap());
    let long = vec![b'x'; 1 << 20];
    assert_eq!(vm.str(&long).unwrap(), vm.str(&long).unwrap());
}

#[test]
fn finalisers_run_once_youngest_first() {
    let mut vm = new_vm(GcParameters::default());
    let mut kept = Vec::new();
    for id in 0..10 {
        let node = new_node(&vm, id, 1).unwrap();
        // The child must still be there when its parent is finalised.
        node.set_item(0, |child| child, Some(new_node(&vm, 100 + id, 0).unwrap()));
        vm.add_finalizer(node);
        if id % 2 == 0 {
            kept.push(vm.root(node_value(node)));
        }
    }
    vm.collect_minor();
    assert_eq!(
        *vm.data::<Log>().finalized.borrow(),
        [],
        "not in the middle of a collection"
    );
    vm.run_finalizers();
    assert_eq!(*vm.data::<Log>().finalized.borrow(), [9, 7, 5, 3, 1]);
    kept.pop();
    vm.collect_minor();
    vm.run_finalizers();
    assert_eq!(
        vm.data::<Log>().finalized.borrow().len(),
        5,
        "old ones wait for a full collection"
    );
    vm.collect_full();
    vm.finalize_all();
    assert_eq!(vm.data::<Log>().finalized.borrow()[5..], [8, 6, 4, 2, 0]);
    vm.collect_full();
    vm.finalize_all();
    assert_eq!(vm.data::<Log>().finalized.borrow().len(), 10);
}

#[test]
fn handles_are_of_one_vm() {
    let (vm, other) = (new_vm(GcParameters::default()), new_vm(GcParameters::default()));
    let handle = vm.root(Value::double(1.0));
    assert_eq!(handle.get(&vm).as_double(), Some(1.0));
    let foreign = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| handle.get(&other)));
    assert!(foreign.is_err());
    drop(vm);
    drop(handle);
}

#[test]
fn the_memory_limit_is_an_error() {
    let limit = 4 << 20;
    let mut vm = new_vm(GcParameters {
        limit: Some(limit),
        ..GcParameters::default()
    });
    assert!(new_node(&vm, 0, limit).is_err(), "larger than the limit");
    assert_eq!(text(&vm, vm.thrown()), "OutOfMemory");
    let list = vm.root(vm.nil());
    let count = (0..1_000_000)
        .take_while(|&id| match new_node(&vm, id, 6) {
            Ok(node) => {
                node.set_item(0, |child| child, as_node(&vm, list.get(&vm)));
                list.set(&vm, node_value(node));
                true
            }
            Err(_) => false,
        })
        .count();
    assert!((60_000..90_000).contains(&count), "{count} objects of 48 bytes");
    assert!(
        vm.bytes_committed() <= limit + (64 << 10),
        "only the error's text may be beyond"
    );
    vm.collect_full();
    assert!(vm.bytes_in_use() > limit / 2, "nothing of the list is lost");
    drop(list);
    vm.collect_full();
    assert!(new_node(&vm, 0, 6).is_ok());
    assert!(new_node(&vm, 0, usize::MAX).is_err() && new_node(&vm, 0, u32::MAX as usize).is_err());
}

#[test]
fn collections_are_asked_for_in_time() {
    let nursery = 256 << 10;
    let vm = new_vm(GcParameters {
        nursery,
        ..GcParameters::default()
    });
    let mut allocated = 0;
    // SAFETY: the hot part is readable.
    while unsafe { (*vm.hot()).safepoint } == 0 {
        allocated += size(new_node(&vm, 0, 6).unwrap().len());
    }
    assert!(
        (nursery - (64 << 10)..nursery + (64 << 10)).contains(&allocated),
        "{allocated} bytes"
    );
    assert!(vm.bytes_in_use() >= allocated && vm.bytes_in_use() < allocated + 5000);
}

#[test]
fn two_vms_share_nothing() {
    let (mut first, second) = (new_vm(GcParameters::default()), new_vm(GcParameters::default()));
    let node = second.root(node_value(new_node(&second, 7, 0).unwrap()));
    for id in 0..1000 {
        new_node(&first, id, 5).unwrap();
    }
    first.collect_full();
    drop(first);
    assert_eq!(as_node(&second, node.get(&second)).unwrap().id.get(), 7);
}

/// Calls what machine code calls when a collection is due.
fn visit_safepoint(vm: &mut Vm) {
    // SAFETY: the table holds a function of this type.
    unsafe {
        let builtin = (*vm.hot()).builtins[Builtin::Safepoint as usize];
        let safepoint = std::mem::transmute::<*const (), unsafe extern "C" fn(*mut Vm) -> Status>(builtin);
        assert_eq!(safepoint(vm).ok, 1);
    }
}

/// A chain of nodes changes all the time while full collections mark a few objects per step: what is moved from one place
/// to another behind the collector's back, and what is made meanwhile, stays alive; the rest is reclaimed.
#[test]
fn marking_in_steps_sees_what_is_written_meanwhile() {
    const ROOTS: usize = 200;
    let mut vm = new_vm(GcParameters {
        nursery: 0,
        step: std::time::Duration::ZERO,
        minimum: 0,
        pause: 0,
        ..GcParameters::default()
    });
    let root = vm.root_ref(vm.allocate_array::<Node>(ROOTS).unwrap());
    let mut state = 12345_u64;
    let mut random = move |below: usize| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    let mut lengths = [0_u32; ROOTS];
    for round in 0..200_000_u32 {
        {
            let array = root.get(&vm);
            let (from, to) = (random(ROOTS), random(ROOTS));
            match random(16) {
                // A chain is dropped.
                0 => {
                    array.items()[to].clear();
                    lengths[to] = 0;
                }
                // A chain moves.
                1..4 => {
                    let chain = array.items()[from].get(&vm);
                    array.items()[from].clear();
                    let length = std::mem::take(&mut lengths[from]);
                    match chain {
                        Some(chain) => array.set_item(to, |item| item, Some(chain)),
                        None => array.items()[to].clear(),
                    }
                    lengths[to] = length;
                }
                // A chain grows at its head.
                _ => {
                    let node = vm.allocate_array::<Node>(1).unwrap();
                    node.id.set(lengths[to] + 1);
                    if let Some(rest) = array.items()[to].get(&vm) {
                        node.set_item(0, |item| item, Some(rest));
                    }
                    array.set_item(to, |item| item, Some(node));
                    lengths[to] += 1;
                }
            }
        }
        if round % 50 == 0 {
            visit_safepoint(&mut vm);
        }
    }
    let stats = vm.gc_stats();
    assert!(stats.full > 3, "{stats:?}");
    let array = root.get(&vm);
    for (chain, &length) in array.items().iter().zip(&lengths) {
        let mut next = chain.get(&vm);
        for id in (1..=length).rev() {
            let node = next.expect("a chain of that length");
            assert_eq!(node.id.get(), id);
            next = node.items()[0].get(&vm);
        }
        assert!(next.is_none());
    }
}

/// An array of values that is larger than a block, whose elements count from 0.
fn counting_array(vm: &Vm, length: usize) -> Ref<'_, Values> {
    let values = vm.new_values(length).unwrap();
    for index in 0..length {
        values.set_item(index, |item| item, Value::double(index as f64));
    }
    values
}

fn check_grown(vm: &Vm, values: Ref<'_, Values>, counted: usize) {
    for (index, item) in values.items().iter().enumerate() {
        let expected = if index < counted {
            Value::double(index as f64)
        } else {
            vm.nil()
        };
        assert!(item.get(vm) == expected, "element {index}");
    }
}

#[test]
fn large_arrays_grow_where_they_are() {
    for stress in [false, true] {
        let mut vm = new_vm(GcParameters {
            stress,
            ..GcParameters::default()
        });
        // Memory that was in use before is not nil by itself.
        drop(vm.root_ref(counting_array(&vm, 100_000)));
        vm.collect_full();
        let values = counting_array(&vm, 5_000);
        let handle = vm.root_ref(values);
        let before = vm.bytes_in_use();
        assert!(vm.grow_values(values, 50_000));
        assert_eq!(vm.bytes_in_use() - before, 45_000 * 8);
        check_grown(&vm, values, 5_000);
        vm.collect_minor();
        let values = handle.get(&vm);
        // An old array may refer to young objects in its new part.
        assert!(vm.grow_values(values, 60_000));
        let young = vm.str(b"kept by the last element").unwrap();
        values.set_item(59_999, |item| item, string_value(young));
        vm.collect_minor();
        vm.collect_full();
        let values = handle.get(&vm);
        assert_eq!(
            (values.len(), text(&vm, values.items()[59_999].get(&vm)).as_str()),
            (60_000, "kept by the last element")
        );
        values.set_item(59_999, |item| item, vm.nil());
        check_grown(&vm, values, 5_000);
        drop(handle);
        vm.collect_full();
        assert!(vm.bytes_in_use() < before);
    }
}

#[test]
fn arrays_that_cannot_grow_stay_as_they_are() {
    let vm = new_vm(GcParameters {
        limit: Some(16 << 20),
        ..GcParameters::default()
    });
    let small = counting_array(&vm, 10);
    assert!(!vm.grow_values(small, 20), "others lie behind it");
    let large = counting_array(&vm, 10_000);
    assert!(!vm.grow_values(large, 9_000), "that is no growth");
    assert!(!vm.grow_values(large, 3 << 20), "the limit");
    let next = counting_array(&vm, 10_000);
    assert!(!vm.grow_values(large, 20_000), "another one is behind it");
    assert!(vm.grow_values(next, 20_000));
    for (values, length) in [(small, 10), (large, 10_000), (next, 20_000)] {
        assert_eq!(values.len(), length);
        check_grown(&vm, values, length.min(10_000));
    }
}
