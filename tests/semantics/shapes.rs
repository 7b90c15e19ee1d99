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
    let string_value = |random: &mut Random| {
        let string = random.pick(&strings);
        let tag = heap.of_leaf(spec, string_leaf, random) >> 32;
        let hash = arena.read(field(string, "hash"), 4) as u32;
        (tag << 32 | u64::from(string.reference()), hash)
    };
    // There are as many shapes as tables: each has its own.
    for (table, shape) in heap.of(record("Table")).zip(heap.of(record("Shape"))) {
        let array = of(arena.read(field(table, "array"), 4)).expect("an array part");
        arena.write(field(table, "array_size"), 4, array.length.into());
        arena.write(field(table, "nodes"), 4, random.pick(&hashed).reference().into());
        arena.write(field(table, "shape"), 4, shape.reference().into());
        let spilled = of(arena.read(field(table, "spilled"), 4)).expect("spilled fields");
        arena.write(field(shape, "capacity"), 4, table.length.into());
        arena.write(field(shape, "count"), 4, u64::from(table.length + spilled.length));
        let keys = heap.of(record("Keys")).filter(|keys| keys.length.is_power_of_two());
        let keys = random.pick(&keys.collect::<Vec<_>>());
        arena.write(field(shape, "keys"), 4, keys.reference().into());
        for _ in 0..2 {
            let (name, hash) = string_value(random);
            let entry = keys.offset + 16 + 16 * (hash & (keys.length - 1)) as usize;
            arena.set_word(entry, name);
            arena.write(entry + 8, 4, random.below(6));
        }
    }
    for nodes in &hashed {
        for _ in 0..2 {
            let (name, hash) = string_value(random);
            arena.set_word(nodes.offset + 16 + 16 * (hash & (nodes.length - 1)) as usize, name);
        }
    }
}
