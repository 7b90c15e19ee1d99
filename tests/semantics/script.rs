//! What the world answers: runtime functions and callees. The same for the evaluator and for machine code.

use dg_compiler::abi::hot;
use dg_compiler::ir::evaluate::{ExternAnswer, Request};
use dg_compiler::ir::spec::{ExternResult, ExternType, SpecTables};
use dg_compiler::ir::{ExternId, Id};

use crate::arena::{Arena, BYTECODE, ELSEWHERE, HEAP, SIZE, STACK, STACK_END};
use crate::heap::{FRAME_SIZE, Heap};
use crate::random::{Random, hash};

/// Chooses answers. They depend on the question, and on which of its kind it is, but for functions that an optimiser
/// may call more or less often.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    pub seed: u64,
    /// Which case comes first.
    pub turn: u64,
    /// Whether the instruction has given up remembering: what its cache asks answers the plan's `else` case.
    pub gives_up: bool,
}

/// What a runtime function answers, and what else it does.
pub struct Answer {
    pub answer: ExternAnswer,
    /// A word of the heap or of the frame that it changes: where, and to what.
    pub change: Option<(usize, u64)>,
}

/// Something that the world sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A runtime function that may do something was called. Lists are given by what is in them.
    Extern { name: String, args: Vec<u64>, memory: u64 },
    /// Control went elsewhere for a while.
    Request { request: Request, memory: u64 },
}

/// How a call came back, and what it did to the stack.
#[derive(Clone, Debug)]
pub struct Comeback {
    /// The callee had all of the stack from here on.
    pub wasted: usize,
    /// Where its results are.
    pub results: usize,
    pub values: Vec<u64>,
    pub threw: Option<u64>,
}

impl Script {
    /// Answers the call number `count` of a runtime function, whose arguments are `args`. The frame is at `base`.
    pub fn answer(self, spec: &SpecTables, heap: &Heap, base: usize, id: ExternId, args: &[u64], count: u64) -> Answer {
        let row = &spec.externs[id];
        let count = if row.effects.is_removable() { 0 } else { count };
        let words = [self.seed, id.index() as u64, count];
        let mut random = Random::new(hash(words.into_iter().chain(args.iter().copied())));
        let cases = match row.result {
            ExternResult::Plan(plan) => spec.plans[plan].cases.len() as u64,
            _ => 3,
        };
        let choice = (self.turn + count) % (cases + u64::from(row.effects.throws));
        let fallback = match row.result {
            ExternResult::Plan(plan) if self.gives_up && row.effects.is_removable() => spec.plans[plan].fallback,
            _ => None,
        };
        let choice = fallback.map_or(choice, u64::from);
        let change = (row.effects.may_write_heap() && random.one_in(2)).then(|| {
            let values: Vec<usize> = heap
                .traced
                .iter()
                .filter(|place| place.bytes == 8)
                .map(|place| place.offset)
                .collect();
            let plain = [u64::MAX, 3.0f64.to_bits(), 7.5f64.to_bits()];
            if row.effects.may_write_slots() && random.one_in(2) {
                let slot = random.below(FRAME_SIZE.into()) as usize;
                return Some((base + 8 * slot, random.pick(&plain)));
            }
            (!values.is_empty()).then(|| (random.pick(&values), random.pick(&plain)))
        });
        let answer = match row.result {
            _ if choice == cases => ExternAnswer::Threw(heap.value(spec, spec.any(), &mut random)),
            ExternResult::None => ExternAnswer::Returned(vec![]),
            ExternResult::One(ty) => ExternAnswer::Returned(vec![heap.of_extern_type(spec, ty, &mut random)]),
            ExternResult::Plan(plan) => {
                let case = &spec.plans[plan].cases[choice as usize];
                let payload = case
                    .payload
                    .iter()
                    .map(|ty| vec![heap.of_extern_type(spec, *ty, &mut random)]);
                ExternAnswer::Plan {
                    case: choice as u32,
                    payload: payload.collect(),
                }
            }
        };
        Answer {
            answer,
            change: change.flatten(),
        }
    }

    /// How request number `count` comes back. `callee_base` is where the callee's frame is, if that is known.
    pub fn come_back(self, spec: &SpecTables, heap: &Heap, count: u64, callee_base: Option<usize>) -> Comeback {
        let mut random = Random::new(hash([self.seed, 77, count]));
        let threw = random.one_in(4).then(|| heap.value(spec, spec.any(), &mut random));
        let length = random.below(4);
        let values = (0..length).map(|_| heap.value(spec, spec.any(), &mut random)).collect();
        let results = match callee_base {
            Some(base) if random.one_in(2) => (base + 8 * random.below(4) as usize).min(STACK_END - 64),
            _ => ELSEWHERE + 8 * random.below(3) as usize,
        };
        let wasted = callee_base.map_or(STACK_END, |base| base - 24);
        Comeback {
            wasted,
            results,
            values,
            threw,
        }
    }
}

impl Comeback {
    /// What the callee leaves behind: a stack that it has used, and results, of which one can be read at least.
    pub fn apply(&self, spec: &SpecTables, arena: &Arena) {
        for at in (self.wasted..STACK_END).step_by(8) {
            arena.set_word(at, 0x3FF7_0000_0000_0000 + at as u64);
        }
        for (index, value) in self.values.iter().enumerate() {
            arena.set_word(self.results + 8 * index, *value);
        }
        if self.values.is_empty() {
            arena.set_word(self.results, nil(spec));
        }
        arena.write(hot::OPEN_TOP as usize, 4, 0x7777);
    }
}

/// The value that stands for a missing one.
pub fn nil(spec: &SpecTables) -> u64 {
    use dg_compiler::ir::spec::LeafEncoding;
    let units = spec.leaves.values().filter_map(|leaf| match leaf.encoding {
        LeafEncoding::Unit { bits } => Some(bits),
        _ => None,
    });
    units.into_iter().next().unwrap_or(u64::MAX)
}

/// The arguments of a runtime function as they are compared: lists by what is in them, `words` being two for each.
pub fn comparable(arena: &Arena, types: &[ExternType], words: &[u64]) -> Result<Vec<u64>, String> {
    let mut words = words.iter().copied();
    let mut args = Vec::new();
    let mut next = || words.next().ok_or("too few arguments");
    for ty in types {
        let word = next()?;
        match ty {
            ExternType::List => {
                let count = u64::from(next()? as u32);
                args.push(count);
                args.extend(read_run(arena, word, count)?);
            }
            ExternType::I32 | ExternType::U32 | ExternType::Enum(_) | ExternType::Ref { .. } => {
                args.push(u64::from(word as u32))
            }
            ExternType::Bool => args.push(word & 0xff),
            ExternType::F64 if f64::from_bits(word).is_nan() => args.push(f64::NAN.to_bits()),
            _ => args.push(same_nan(word)),
        }
    }
    Ok(args)
}

/// Values in memory.
pub fn read_run(arena: &Arena, address: u64, count: u64) -> Result<Vec<u64>, String> {
    // A single constant may be where it is: in the instruction.
    let fits = |start: usize| start >= BYTECODE && count < 1000 && start + 8 * count as usize <= SIZE;
    match arena.offset(address) {
        _ if count == 0 => Ok(vec![]),
        Some(start) if fits(start) => Ok((0..count as usize)
            .map(|i| same_nan(arena.word(start + 8 * i)))
            .collect()),
        _ => Err(format!(
            "a list of {count} at {:#x} of the arena",
            address.wrapping_sub(arena.start() as u64)
        )),
    }
}

/// Of the two canonical NaNs, always the same: which one comes out of arithmetic is up to the processor.
pub fn same_nan(word: u64) -> u64 {
    if word == 0xFFF8_0000_0000_0000 {
        0x7FF8_0000_0000_0000
    } else {
        word
    }
}

/// A number for all that callees and runtime functions can see: the heap, and the stack from its start to `end`, but for
/// `hidden`.
pub fn fingerprint(arena: &Arena, heap: &Heap, end: usize, hidden: std::ops::Range<usize>) -> u64 {
    let stack = (STACK..end).step_by(8).filter(|at| !hidden.contains(at));
    let words = stack
        .chain((HEAP..heap.end).step_by(8))
        .map(|at| same_nan(arena.word(at)));
    words.fold(0, |sum: u64, word| {
        (sum.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    })
}
