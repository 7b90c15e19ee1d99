//! Situations to run a bytecode or a native function in.

use dg_compiler::abi::{self, frame, hot};
use dg_compiler::ir::evaluate::{Destination, OperandValue, Run};
use dg_compiler::ir::spec::{CacheEncoding, CacheForm, CacheShape, OperandKind, ResultKind, SpecTables, Variant};
use dg_compiler::ir::{BytecodeId, LeafId, NativeId, TypeSet};

use crate::allocate;
use crate::arena::{Arena, BYTECODE, BYTECODE_END, PC, STACK, STACK_END};
use crate::heap::{self, FRAME_SIZE, Heap};
use crate::link::{CALLEE, Linked, RETURN};
use crate::random::{Random, hash};
use crate::script::Script;

/// The slot of the caller's base, from the start of the stack.
const CALLER: usize = 20;
/// The slot of the frame's base as the caller sees it.
const CALLED: usize = 32;
/// Slots that have values of all kinds: all that a frame and what lies below it can reach.
const FILLED: usize = 100;
/// The caller's program counter, from the start of the arena.
pub const CALLER_PC: usize = BYTECODE + 0x48;

/// What is run.
#[derive(Clone)]
pub enum Subject {
    /// A variant of a bytecode, by its opcode.
    Bytecode {
        opcode: u16,
        bytecode: BytecodeId,
        variant: Variant,
        form: CacheForm,
        needs_varargs: bool,
    },
    Native(NativeId),
}

/// Gives the objects of a language the shapes that its bytecodes rely on.
pub type Shape = fn(&SpecTables, &Arena, &Heap, &mut Random);

/// A situation. The arena holds its memory, of which `memory` is a copy.
pub struct Scenario {
    pub script: Script,
    pub heap: Heap,
    pub operands: Vec<OperandValue>,
    pub destination: Option<Destination>,
    /// Bytes of the instruction.
    pub length: u32,
    /// The slot that the instruction before has written, where it matters.
    pub last: Option<u32>,
    /// Whether the result is handed to the next instruction in a register.
    pub forwards: bool,
    /// What the instruction remembers, and where.
    pub cache: Option<(CacheShape, CacheEncoding)>,
    /// The running function object.
    pub callee: u32,
    /// Slot 0, from the start of the arena.
    pub base: usize,
    /// Slot 0 as the caller made it: below `base` if the frame was moved above surplus arguments.
    pub called_base: usize,
    /// Slots of the frame.
    pub frame_size: u32,
    pub varargs: Run,
    /// Arguments, of a native function.
    pub nargs: u32,
    pub is_native: bool,
    /// Whether a safepoint is due.
    pub safepoint: bool,
    pub memory: Vec<u8>,
}

impl Scenario {
    /// Situation number `number` of `subject`; `blank` is what [`blank`] answered for this arena.
    #[expect(clippy::too_many_arguments, reason = "a situation depends on everything")]
    pub fn new(
        spec: &SpecTables,
        arena: &Arena,
        linked: &Linked,
        blank: &[u8],
        subject: &Subject,
        shape: Shape,
        seed: u64,
        number: u64,
    ) -> Self {
        let mut random = Random::new(hash([seed, number]));
        arena.restore(blank);
        let heap = Heap::build(spec, arena, &mut random, linked.exit(CALLEE));
        shape(spec, arena, &heap, &mut random);
        for at in (STACK..STACK + 8 * FILLED).step_by(8) {
            arena.set_word(at, heap.value(spec, spec.any(), &mut random));
        }
        let mut scenario = Self {
            script: Script {
                seed: random.next(),
                turn: number,
                gives_up: matches!(
                    subject,
                    Subject::Bytecode {
                        variant: Variant { cache: Some(_), .. },
                        form: CacheForm::Plain,
                        ..
                    }
                ),
            },
            heap,
            operands: vec![],
            destination: None,
            length: 0,
            last: None,
            forwards: false,
            cache: None,
            callee: 0,
            base: 0,
            called_base: STACK + 8 * CALLED,
            frame_size: FRAME_SIZE,
            varargs: Run::default(),
            nargs: 0,
            is_native: false,
            safepoint: random.one_in(3),
            memory: vec![],
        };
        let mut values = Values::new(spec, number, random.clone());
        match subject {
            Subject::Bytecode {
                opcode,
                bytecode,
                variant,
                needs_varargs,
                ..
            } => {
                scenario.forwards = spec.bytecodes[*bytecode].forwards && variant.result == Some(ResultKind::Slot);
                let is_vararg = *needs_varargs || random.one_in(3);
                scenario.frame(spec, arena, linked, is_vararg, &mut random);
                let open_top = scenario.instruction(spec, arena, *opcode, variant, &mut values, &mut random);
                arena.write(hot::OPEN_TOP as usize, 4, open_top.into());
            }
            Subject::Native(native) => {
                scenario.is_native = true;
                scenario.frame(spec, arena, linked, false, &mut random);
                let params = spec.natives[*native].params.len() as u32;
                scenario.frame_size = params;
                scenario.nargs = random.below(u64::from(params) + 4) as u32;
                for slot in 0..scenario.nargs {
                    arena.set_word(scenario.slot(slot), values.next(spec, &scenario.heap, spec.any()));
                }
                let surplus = scenario.nargs.saturating_sub(params);
                scenario.varargs = Run {
                    address: arena.address(scenario.slot(params)),
                    count: surplus,
                };
            }
        }
        scenario.state(spec, arena, &mut random);
        scenario.memory = arena.copy();
        scenario
    }

    /// Where a slot is in the arena.
    pub fn slot(&self, slot: u32) -> usize {
        self.base + 8 * slot as usize
    }

    /// The words of the instruction that hold, also, what it remembers.
    pub fn cache_words(&self) -> impl Iterator<Item = usize> {
        let first = self.cache.as_ref().and_then(|(_, encoding)| {
            let words = encoding.key.iter().chain(encoding.cases.iter().flatten());
            words.min().copied()
        });
        let first = first.map_or(self.length as usize, |at| at as usize / 8 * 8);
        (PC + first..PC + self.length as usize).step_by(8)
    }

    /// The end of the frame in the arena.
    pub fn frame_end(&self) -> usize {
        self.slot(self.frame_size)
    }

    /// A word of the memory that the run starts with.
    pub fn memory_word(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.memory[at..at + 8].try_into().expect("eight bytes"))
    }

    /// The VM's own state.
    fn state(&self, spec: &SpecTables, arena: &Arena, random: &mut Random) {
        arena.set_hot(hot::BASE, arena.address(self.base));
        arena.set_hot(hot::PC, arena.address(if self.is_native { CALLER_PC } else { PC }));
        let is_tight = random.one_in(4);
        let limit = if is_tight { self.frame_end() } else { STACK_END };
        arena.set_hot(hot::STACK_LIMIT, arena.address(limit));
        arena.write(hot::SAFEPOINT as usize, 4, self.safepoint.into());
        arena.set_hot(hot::ERROR, 0x1111);
        allocate::prepare(arena, random);
        let running = self.heap.objects.iter().find(|object| {
            spec.records[object.record].kind
                == (dg_compiler::ir::spec::RecordKind::Object {
                    number: heap::COROUTINE,
                })
        });
        let running = running.expect("there are coroutines").reference();
        arena.write(hot::COROUTINE as usize, 4, running.into());
        for word in 0..6 {
            arena.set_hot(hot::PLAN + 8 * word, 0xFFFE_3333_2222_1111);
        }
    }

    /// The header of the running frame, and what lies below it.
    fn frame(&mut self, spec: &SpecTables, arena: &Arena, linked: &Linked, is_vararg: bool, random: &mut Random) {
        if let Some(record) = spec.callee {
            self.callee = self.heap.any(record, random).reference();
        }
        self.base = self.called_base;
        let mut delta = (CALLED - CALLER) as u64;
        self.header(arena, linked, delta);
        let Some(code) = code_of(spec, arena, self.callee) else {
            return;
        };
        let flags = u64::from(is_vararg) * u64::from(abi::code::VARARG);
        arena.write(code + abi::code::FLAGS as usize, 2, flags);
        if is_vararg {
            let nargs = random.below(6);
            let surplus = nargs.saturating_sub(2);
            let shift = nargs + 4;
            self.base += 8 * shift as usize;
            delta += shift;
            self.header(arena, linked, delta);
            arena.set_word((self.base as i32 + frame::VARARGS) as usize, shift << 32 | surplus);
            let address = arena.address((self.base as i32 + frame::VARARGS) as usize) - 8 * surplus;
            self.varargs = Run {
                address,
                count: surplus as u32,
            };
        }
    }

    fn header(&self, arena: &Arena, linked: &Linked, delta: u64) {
        let at = |offset: i32| (self.base as i32 + offset) as usize;
        arena.set_word(at(frame::CALLEE), delta << 32 | u64::from(self.callee));
        arena.set_word(at(frame::RETURN), linked.exit(RETURN));
        arena.set_word(at(frame::PC), arena.address(CALLER_PC));
    }

    /// The instruction. Answers the end of the open operand.
    fn instruction(
        &mut self,
        spec: &SpecTables,
        arena: &Arena,
        opcode: u16,
        variant: &Variant,
        values: &mut Values,
        random: &mut Random,
    ) -> u32 {
        let encoding = variant.encoding();
        self.length = encoding.length;
        self.cache = variant.cache.clone().zip(encoding.cache.clone());
        for at in (0..encoding.length as usize).step_by(8) {
            arena.set_word(PC + at, 0xEEEE_EEEE_EEEE_EEEE);
        }
        arena.write(PC, 2, opcode.into());
        let mut open_top = random.below(FRAME_SIZE.into()) as u32;
        let first_run = 3 + random.below(6) as u32;
        let mut next_run = first_run;
        for (kind, place) in variant.operands.iter().zip(&encoding.operands) {
            let at = PC + place.offset as usize;
            let operand = match *kind {
                OperandKind::Slot | OperandKind::Last => {
                    let slot = random.below(FRAME_SIZE.into()) as u32;
                    arena.set_word(self.slot(slot), values.next(spec, &self.heap, spec.any()));
                    arena.write(at, 2, slot.into());
                    if *kind == OperandKind::Last {
                        self.last = Some(slot);
                    }
                    OperandValue::Slot(slot)
                }
                OperandKind::OutSlot => {
                    let slot = random.below(FRAME_SIZE.into()) as u32;
                    arena.write(at, 2, slot.into());
                    OperandValue::Slot(slot)
                }
                OperandKind::Const(set) => {
                    let value = values.next(spec, &self.heap, set);
                    arena.set_word(at, value);
                    OperandValue::Const(value)
                }
                OperandKind::ConstRef(record) => {
                    let reference = u64::from(self.heap.any(record, random).reference());
                    arena.write(at, 4, reference);
                    OperandValue::Const(reference)
                }
                OperandKind::ImmI32 | OperandKind::ImmU32 => {
                    let number = heap::number(random) as u32;
                    arena.write(at, 4, number.into());
                    OperandValue::Number(number as i32)
                }
                OperandKind::ImmU16 => {
                    let number = heap::number(random) as u16;
                    arena.write(at, 2, number.into());
                    OperandValue::Number(number.into())
                }
                OperandKind::Label => {
                    let length = encoding.length as i32;
                    let near = [0, length, length + 8, -8];
                    let far = 8 * random.below(50) as i32;
                    let far = if random.one_in(2) { length + far } else { -far };
                    let distance = if random.one_in(2) { random.pick(&near) } else { far };
                    arena.write(at, 4, u64::from(distance as u32));
                    OperandValue::Number(distance)
                }
                OperandKind::Slots | OperandKind::SlotsFixed(_) | OperandKind::OpenSlots => {
                    let start = next_run;
                    let count = match *kind {
                        OperandKind::SlotsFixed(count) => count.into(),
                        _ => random.pick(&[0, 1, 2, 3, 3, 5]),
                    };
                    next_run = (start + count).min(FRAME_SIZE - 6);
                    arena.write(at, 2, start.into());
                    if let Some(place) = place.count {
                        arena.write(PC + place as usize, 2, count.into());
                    }
                    if *kind == OperandKind::OpenSlots {
                        open_top = start + count;
                    }
                    for slot in start..start + count {
                        arena.set_word(self.slot(slot), values.next(spec, &self.heap, spec.any()));
                    }
                    OperandValue::Slots { start, count }
                }
            };
            self.operands.push(operand);
        }
        self.destination = variant.result.map(|kind| {
            let start = match kind {
                ResultKind::Slot => random.below(FRAME_SIZE.into()) as u32,
                // At or below the source of results.
                _ => random.below(u64::from(first_run) + 1) as u32,
            };
            let count = random.pick(&[0, 1, 2, 3, 5]);
            arena.write(
                PC + encoding.result.expect("there is a result") as usize,
                2,
                start.into(),
            );
            if let Some(at) = encoding.result_count {
                arena.write(PC + at as usize, 2, count.into());
            }
            Destination { kind, start, count }
        });
        open_top
    }
}

/// Where the code object of a callee is.
pub fn code_of(spec: &SpecTables, arena: &Arena, callee: u32) -> Option<usize> {
    use dg_compiler::ir::spec::{FieldType, RecordKind};
    let is_code = |ty: FieldType| match ty {
        FieldType::Ref { record, .. } => spec.records[record].kind == RecordKind::Object { number: abi::KIND_CODE },
        _ => false,
    };
    let field = spec.records[spec.callee?]
        .fields
        .iter()
        .find(|field| is_code(field.ty))?;
    Some(8 * arena.read(8 * callee as usize + field.offset as usize, 4) as usize)
}

/// Memory before anything of a situation is in it.
pub fn blank(arena: &Arena, linked: &Linked) -> Vec<u8> {
    for at in (0..crate::arena::SIZE).step_by(8) {
        // New objects begin as zero.
        let is_new = at >= crate::arena::NEW;
        arena.set_word(at, if is_new { 0 } else { 0x5A5A_5A5A_5A5A_5A5A });
    }
    linked.fill_tables(arena);
    for at in (BYTECODE..BYTECODE_END).step_by(8) {
        arena.set_word(at, (at - BYTECODE) as u64 / 8 + 1000);
    }
    arena.copy()
}

/// Chooses the values of operands.
struct Values {
    random: Random,
    plan: Plan,
}

/// Which leaves they have.
enum Plan {
    /// These, in order, then any.
    Leaves(Vec<LeafId>),
    /// All the same.
    Same(LeafId),
    Any,
}

impl Values {
    /// One third of the situations goes through all combinations of leaves.
    fn new(spec: &SpecTables, number: u64, mut random: Random) -> Self {
        let leaves: Vec<LeafId> = spec.any().leaves().take(spec.leaves.len()).collect();
        let count = leaves.len() as u64;
        let plan = match number % 3 {
            0 => {
                let mut rest = number / 3;
                let digits = (0..3).map(|_| {
                    let digit = rest % count;
                    rest /= count;
                    leaves[digit as usize]
                });
                Plan::Leaves(digits.collect::<Vec<_>>().into_iter().rev().collect())
            }
            1 => match spec.double_leaf() {
                Some(double) if random.one_in(2) => Plan::Same(double),
                _ => Plan::Same(random.pick(&leaves)),
            },
            _ => Plan::Any,
        };
        Self { random, plan }
    }

    fn next(&mut self, spec: &SpecTables, heap: &Heap, set: TypeSet) -> u64 {
        let leaf = match &mut self.plan {
            Plan::Leaves(leaves) => leaves.pop(),
            Plan::Same(leaf) => Some(*leaf),
            Plan::Any => None,
        };
        match leaf {
            Some(leaf) if set.contains(leaf) => heap.of_leaf(spec, leaf, &mut self.random),
            _ => heap.value(spec, set, &mut self.random),
        }
    }
}
