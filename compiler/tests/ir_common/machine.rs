//! A machine with little memory, whose runtime functions answer by rote and log what they were asked.

use std::collections::BTreeMap;

use dg_compiler::ir::evaluate::{CallAnswer, Destination, ExternAnswer, Machine, OperandValue, Request, Run};
use dg_compiler::ir::spec::{CacheWord, ExternResult, ResultKind};
use dg_compiler::ir::{ExternId, Id, OperandId, SpecTables};

/// The arena starts here; references are small.
const ARENA: u64 = 0x10_0000;
/// Slot 0 of the frame.
const BASE: u64 = 0x20_0000;
/// Where results of calls are put.
const RESULTS: u64 = 0x30_0000;

/// The machine: equal inputs give equal logs and memory.
#[derive(Clone, Debug, PartialEq)]
pub struct ToyMachine<'s> {
    spec: &'s SpecTables,
    /// What was written, by address of 8-byte words.
    pub memory: BTreeMap<u64, u64>,
    /// One per operand.
    pub operands: Vec<OperandValue>,
    /// Where the result goes.
    pub destination: Destination,
    /// Everything asked of the world, in order.
    pub log: Vec<String>,
    /// Boxed values that answers are taken from in turn.
    pub answers: Vec<u64>,
    next_answer: usize,
    /// The object that was made last.
    made: u32,
}

impl<'s> ToyMachine<'s> {
    /// A machine with these slots and operands; `answers` are what runtime functions answer, in turn.
    pub fn new(spec: &'s SpecTables, slots: &[u64], operands: Vec<OperandValue>, answers: Vec<u64>) -> Self {
        let memory = slots
            .iter()
            .enumerate()
            .map(|(index, slot)| (BASE + 8 * index as u64, *slot))
            .collect();
        let destination = Destination {
            kind: ResultKind::Slot,
            start: 9,
            count: 1,
        };
        Self {
            spec,
            memory,
            operands,
            destination,
            log: Vec::new(),
            answers,
            next_answer: 0,
            made: 0x8000,
        }
    }
    /// The slot numbered `slot`.
    pub fn slot(&mut self, slot: u32) -> u64 {
        self.read(BASE + 8 * u64::from(slot), 8)
    }
    fn answer(&mut self) -> u64 {
        self.next_answer += 1;
        self.answers
            .get((self.next_answer - 1) % self.answers.len().max(1))
            .copied()
            .unwrap_or(u64::MAX)
    }
}

impl Machine for ToyMachine<'_> {
    fn read(&mut self, address: u64, bytes: u32) -> u64 {
        let word = self.memory.get(&(address & !7)).copied().unwrap_or(0);
        let shifted = word >> (8 * (address & 7));
        if bytes == 8 {
            shifted
        } else {
            shifted & ((1 << (8 * bytes)) - 1)
        }
    }
    fn write(&mut self, address: u64, bytes: u32, value: u64) {
        let shift = 8 * (address & 7);
        let mask = if bytes == 8 {
            u64::MAX
        } else {
            ((1 << (8 * bytes)) - 1) << shift
        };
        let word = self.memory.entry(address & !7).or_insert(0);
        *word = *word & !mask | value << shift & mask;
    }
    fn arena(&self) -> u64 {
        ARENA
    }
    fn base(&self) -> u64 {
        BASE
    }
    fn callee(&self) -> u32 {
        77
    }
    fn varargs(&self) -> Run {
        Run {
            address: BASE + 16,
            count: 2,
        }
    }
    fn operand(&self, operand: OperandId) -> OperandValue {
        self.operands[operand.index()]
    }
    fn destination(&self) -> Destination {
        self.destination
    }
    fn cache_word(&self, _word: CacheWord) -> u64 {
        0
    }
    fn set_cache_word(&mut self, word: CacheWord, value: u64) {
        self.log.push(format!("remember {word:?} {value:#x}"));
    }
    fn cache_link(&mut self, case: u32) -> bool {
        self.log.push(format!("link {case}"));
        false
    }
    fn call_link(&mut self, callee: u32) -> bool {
        self.log.push(format!("link the callee {callee}"));
        false
    }
    fn set_open_top(&mut self, slot: u32) {
        self.log.push(format!("open top {slot}"));
    }
    fn allocate(&mut self, kind: u8, count: u32) -> Result<u32, u64> {
        self.log.push(format!("new {kind} {count}"));
        let answer = self.answer();
        // A function as answer stands for want of memory.
        if answer >> 32 == 0xFFFE_0002 {
            return Err(answer);
        }
        self.made += 0x100;
        let object = self.made;
        self.write(
            ARENA + 8 * u64::from(object),
            8,
            u64::from(count) << 32 | u64::from(kind),
        );
        Ok(object)
    }
    fn call_extern(&mut self, callee: ExternId, args: &[u64]) -> ExternAnswer {
        let row = &self.spec.externs[callee];
        // What is pure or only reads may be called more or less often, and says nothing.
        if row.effects.is_removable() {
            let mixed = args.iter().fold(0u64, |mixed, arg| mixed.rotate_left(7) ^ arg);
            return ExternAnswer::Returned(vec![f64::from(mixed as u32 >> 4).to_bits()]);
        }
        self.log.push(format!("{} {args:x?}", row.name));
        let answer = self.answer();
        match row.result {
            ExternResult::None => ExternAnswer::Returned(vec![]),
            // A function as answer makes the extern throw, so that both happen.
            ExternResult::One(_) if answer >> 32 == 0xFFFE_0002 => ExternAnswer::Threw(answer),
            ExternResult::One(_) => ExternAnswer::Returned(vec![answer]),
            ExternResult::Plan(_) if answer >> 32 == 0xFFFE_0002 => ExternAnswer::Plan {
                case: 1,
                payload: vec![vec![answer & 0xFFFF_FFFF], vec![answer]],
            },
            ExternResult::Plan(_) => ExternAnswer::Plan {
                case: 0,
                payload: vec![vec![answer]],
            },
        }
    }
    fn call(&mut self, request: &Request) -> CallAnswer {
        self.log.push(format!("{request:x?}"));
        let (first, second) = (self.answer(), self.answer());
        if first >> 32 == 0xFFFE_0002 {
            return CallAnswer::Threw(second);
        }
        // The callee may have captured variables of the caller: it writes a slot.
        self.write(BASE + 8, 8, second);
        self.write(RESULTS, 8, first);
        self.write(RESULTS + 8, 8, second);
        CallAnswer::Returned(Run {
            address: RESULTS,
            count: 2,
        })
    }
}
