//! New objects: where they come to lie, for the evaluator and for machine code alike.

use dg_compiler::abi::hot;
use dg_compiler::ir::SpecTables;
use dg_compiler::ir::spec::RecordKind;

use crate::arena::{Arena, NEW, SIZE};
use crate::random::Random;

/// What is thrown when there is no memory.
const NO_MEMORY: u64 = 0x4024_0000_0000_0000;
/// From here on lies what the runtime has allocated; the first word is where the next object goes.
const BY_RUNTIME: usize = NEW + 0x1000;

/// Gives machine code some memory to hand out, or none.
pub fn prepare(arena: &Arena, random: &mut Random) {
    let room = random.pick(&[0, 8, 40, 0x1000]);
    arena.set_hot(hot::ALLOC_CURSOR, arena.address(NEW));
    arena.set_hot(hot::ALLOC_END, arena.address(NEW + room as usize));
    arena.set_word(BY_RUNTIME, arena.address(BY_RUNTIME + 8));
}

/// What a bytecode that makes an object means: from the memory at hand, else from the runtime.
pub fn allocate(spec: &SpecTables, arena: &Arena, kind: u8, count: u32) -> Result<u32, u64> {
    let bytes = size(spec, kind, count);
    let (cursor, end) = (arena.hot(hot::ALLOC_CURSOR), arena.hot(hot::ALLOC_END));
    if cursor + bytes > end {
        return by_runtime(spec, arena, kind, count);
    }
    arena.set_hot(hot::ALLOC_CURSOR, cursor + bytes);
    Ok(begin(arena, cursor, kind, count))
}

/// What the runtime does.
pub fn by_runtime(spec: &SpecTables, arena: &Arena, kind: u8, count: u32) -> Result<u32, u64> {
    let cursor = arena.word(BY_RUNTIME);
    let end = cursor + size(spec, kind, count);
    if end > arena.address(SIZE) {
        return Err(NO_MEMORY);
    }
    arena.set_word(BY_RUNTIME, end);
    Ok(begin(arena, cursor, kind, count))
}

fn begin(arena: &Arena, address: u64, kind: u8, count: u32) -> u32 {
    let at = arena.offset(address).expect("inside the arena");
    arena.set_word(at, u64::from(count) << 32 | u64::from(kind));
    (at / 8) as u32
}

fn size(spec: &SpecTables, kind: u8, count: u32) -> u64 {
    let record = spec
        .records
        .values()
        .find(|record| record.kind == RecordKind::Object { number: kind })
        .expect("a declared kind");
    let array = record.trailing.as_ref().map_or(0, |array| {
        u64::from(array.offset) + u64::from(array.stride) * u64::from(count)
    });
    array.max(record.size.into()).next_multiple_of(8)
}
