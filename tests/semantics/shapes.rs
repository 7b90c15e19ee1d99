//! What the bytecodes of a language take for granted about its objects.

use dg_compiler::ir::SpecTables;

use crate::arena::Arena;
use crate::heap::{Heap, Object};
use crate::random::Random;

/// Nothing.
pub fn any(_: &SpecTables, _: &Arena, _: &Heap, _: &mut Random) {}

/// Tables know the sizes of their parts, and find some keys at once.
pub fn tables(spec: &SpecTables, arena: &Arena, heap: &Heap, random: &mut Random) {
    let record = |name: &str| {
        spec.records
            .find(|record| record.name == name)
            .expect("a record of this name")
    };
    let field = |object: Object, name: &str| {
        let field = spec.field(object.record, name).expect("a field of this name");
        object.offset + spec.records[object.record].fields[field.0 as usize].offset as usize
    };
    let of = |reference: u64| {
        heap.objects
            .iter()
            .find(|object| u64::from(object.reference()) == reference)
            .copied()
    };
    let hashed: Vec<Object> = heap
        .of(record("Nodes"))
        .filter(|nodes| nodes.length.is_power_of_two())
        .collect();
    let strings: Vec<Object> = heap.of(record("Str")).collect();
    let string_leaf = spec.leaf_of_record(record("Str")).expect("strings are values");
    for table in heap.of(record("Table")) {
        let array = of(arena.read(field(table, "array"), 4)).expect("an array part");
        arena.write(field(table, "array_size"), 4, array.length.into());
        let nodes = random.pick(&hashed);
        arena.write(field(table, "nodes"), 4, nodes.reference().into());
        arena.write(field(table, "node_mask"), 4, u64::from(nodes.length) - 1);
    }
    for nodes in &hashed {
        for _ in 0..2 {
            let string = random.pick(&strings);
            let hash = arena.read(field(string, "hash"), 4) as u32;
            let node = nodes.offset + 8 + 16 * (hash & (nodes.length - 1)) as usize;
            let tag = heap.of_leaf(spec, string_leaf, random) >> 32;
            arena.set_word(node, tag << 32 | u64::from(string.reference()));
        }
    }
}
