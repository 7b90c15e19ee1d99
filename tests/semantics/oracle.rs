//! What the evaluator says.

use dg_compiler::abi::hot;
use dg_compiler::ir::evaluate::{
    CallAnswer, Destination, EvaluationError, Evaluator, ExternAnswer, Machine, OperandValue, Outcome, Request, Run,
};
use dg_compiler::ir::spec::{CacheWord, LeafEncoding};
use dg_compiler::ir::{ExternId, FunctionId, Id, OperandId, Program, SpecTables, Type};

use crate::allocate;
use crate::arena::{Arena, CALLEE_PC, PC, SIZE, STACK, STACK_END};
use crate::heap::FRAME_SIZE;
use crate::scenario::{Scenario, code_of};
use crate::script::{Comeback, Event, comparable, fingerprint, nil, same_nan};

/// Instructions that an evaluation may take.
const FUEL: u64 = 10_000;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// At the instruction at this distance.
    At(i64),
    /// The function returned.
    Leave(Vec<u64>),
    /// The function called another in its place.
    TailCall { callee: u32, args: Vec<u64> },
    /// This was thrown.
    Throw(u64),
    /// The call was left to a function of the host.
    Delegate,
}

/// Everything that can be observed of a run, but for memory.
pub struct Seen {
    pub end: Result<End, EvaluationError>,
    pub events: Vec<Event>,
    /// Why the situation is none that the bytecode has to cope with: an access outside of what there is.
    pub wild: Option<String>,
    /// Whether a weak check for doubles has met a NaN.
    pub met_nan: bool,
    /// The case of its cache that the instruction was made, if it was allowed to.
    pub linked: Option<u32>,
}

/// Evaluates `function` in the situation that the arena is in. `comebacks` is how calls come back, in order.
/// `nan_answer` is what weak checks for doubles answer for NaNs.
pub fn evaluate(
    program: &Program,
    function: FunctionId,
    arena: &Arena,
    scenario: &Scenario,
    comebacks: &[Comeback],
    nan_answer: bool,
) -> Seen {
    run(program, function, arena, scenario, comebacks, nan_answer, None)
}

/// Evaluates the linking form of a bytecode until it is linked, which leaves what it remembers in the arena: the case
/// that comes of it, for a call this one. Answers the case, or `None` if it does not get that far.
pub fn link(program: &Program, function: FunctionId, case: u32, arena: &Arena, scenario: &Scenario) -> Option<u32> {
    run(program, function, arena, scenario, &[], true, Some(case)).linked
}

fn run(
    program: &Program,
    function: FunctionId,
    arena: &Arena,
    scenario: &Scenario,
    comebacks: &[Comeback],
    nan_answer: bool,
    links: Option<u32>,
) -> Seen {
    let spec = &program.spec;
    if scenario.is_native {
        for slot in scenario.nargs..scenario.frame_size {
            arena.set_word(scenario.slot(slot), nil(spec));
        }
    }
    let mut oracle = Oracle {
        spec,
        arena,
        scenario,
        comebacks,
        requests: 0,
        externs: 0,
        events: Vec::new(),
        wild: None,
        links,
        linked: None,
    };
    let mut evaluator = Evaluator::new(program, FUEL).answering_nan(nan_answer);
    let outcome = evaluator.run(function, &mut oracle);
    let nans = |values: Vec<u64>| values.into_iter().map(same_nan).collect();
    let end = outcome.map(|outcome| match outcome {
        Outcome::Next => End::At(scenario.length.into()),
        Outcome::Again => End::At(0),
        Outcome::Goto(distance) => End::At(distance.into()),
        Outcome::Leave(values) => End::Leave(nans(values)),
        Outcome::TailCall { callee, args } => End::TailCall {
            callee,
            args: nans(args),
        },
        Outcome::Throw(value) => End::Throw(same_nan(value)),
        Outcome::Delegate => End::Delegate,
    });
    Seen {
        end,
        events: oracle.events,
        wild: oracle.wild,
        linked: oracle.linked,
        met_nan: evaluator.met_nan(),
    }
}

struct Oracle<'a> {
    spec: &'a SpecTables,
    arena: &'a Arena,
    scenario: &'a Scenario,
    comebacks: &'a [Comeback],
    requests: u64,
    externs: u64,
    events: Vec<Event>,
    wild: Option<String>,
    /// Whether the instruction may be linked; a call to this case.
    links: Option<u32>,
    linked: Option<u32>,
}

impl Oracle<'_> {
    /// Where a word is that the instruction remembers, and its bytes.
    fn cache_place(&self, word: CacheWord) -> (usize, usize) {
        let (shape, encoding) = self.scenario.cache.as_ref().expect("the bytecode has a cache");
        let bytes = match shape.ty(word).expect("the cache has the word") {
            Type::Val(_) | Type::F64 | Type::I64 | Type::Ptr => 8,
            Type::I32 | Type::Bool | Type::Ref(_) => 4,
        };
        (PC + encoding.word(word) as usize, bytes)
    }

    fn place(&mut self, address: u64, bytes: u32) -> Option<usize> {
        match self.arena.offset(address) {
            Some(at) if at >= STACK && at + bytes as usize <= SIZE => Some(at),
            _ => {
                let message = format!("access to {:#x}", address.wrapping_sub(self.arena.start() as u64));
                self.wild.get_or_insert(message);
                None
            }
        }
    }
}

impl Machine for Oracle<'_> {
    fn read(&mut self, address: u64, bytes: u32) -> u64 {
        self.place(address, bytes)
            .map_or(0, |at| self.arena.read(at, bytes as usize))
    }

    fn write(&mut self, address: u64, bytes: u32, value: u64) {
        if let Some(at) = self.place(address, bytes) {
            self.arena.write(at, bytes as usize, value);
        }
    }

    fn arena(&self) -> u64 {
        self.arena.start() as u64
    }

    fn base(&self) -> u64 {
        self.arena.address(self.scenario.base)
    }

    fn callee(&self) -> u32 {
        self.scenario.callee
    }

    fn varargs(&self) -> Run {
        self.scenario.varargs
    }

    fn operand(&self, operand: OperandId) -> OperandValue {
        self.scenario.operands[operand.index()]
    }

    fn destination(&self) -> Destination {
        self.scenario.destination.expect("the bytecode has a result")
    }

    fn cache_word(&self, word: CacheWord) -> u64 {
        let (at, bytes) = self.cache_place(word);
        self.arena.read(at, bytes)
    }

    fn set_cache_word(&mut self, word: CacheWord, value: u64) {
        let (at, bytes) = self.cache_place(word);
        self.arena.write(at, bytes, value);
    }

    fn cache_link(&mut self, case: u32) -> bool {
        self.linked = self.links.map(|_| case);
        self.linked.is_some()
    }

    fn call_link(&mut self, callee: u32) -> bool {
        let Some(case) = self.links else { return false };
        let code = code_of(self.spec, self.arena, callee).unwrap_or(0) as u64 / 8;
        let boxed = self.spec.callee.and_then(|record| self.spec.leaf_of_record(record));
        let tag = boxed.map_or(0, |leaf| match self.spec.leaves[leaf].encoding {
            LeafEncoding::Ref { tag, .. } => u64::from(tag) << 32,
            _ => 0,
        });
        let remembered = if case == 0 { tag | u64::from(callee) } else { code };
        let words = [remembered, self.arena.address(CALLEE_PC), 8 * u64::from(FRAME_SIZE)];
        for (index, word) in words.into_iter().enumerate() {
            let index = index as u32;
            self.set_cache_word(CacheWord::Payload { case, index }, word);
        }
        self.linked = Some(case);
        true
    }

    fn set_open_top(&mut self, slot: u32) {
        self.arena.write(hot::OPEN_TOP as usize, 4, slot.into());
    }

    fn allocate(&mut self, kind: u8, count: u32) -> Result<u32, u64> {
        allocate::allocate(self.spec, self.arena, kind, count)
    }

    fn call_extern(&mut self, callee: ExternId, args: &[u64]) -> ExternAnswer {
        let row = &self.spec.externs[callee];
        let types: Vec<_> = row.params.iter().map(|(_, ty)| *ty).collect();
        let args = comparable(self.arena, &types, args).unwrap_or_else(|problem| {
            self.wild.get_or_insert(problem);
            vec![]
        });
        let answer = {
            let Scenario { script, heap, base, .. } = self.scenario;
            script.answer(self.spec, heap, *base, callee, &args, self.externs)
        };
        if !row.effects.is_removable() {
            let memory = fingerprint(self.arena, &self.scenario.heap, self.scenario.frame_end(), 0..0);
            self.events.push(Event::Extern {
                name: row.name.clone(),
                args,
                memory,
            });
            self.externs += 1;
        }
        if let Some((at, value)) = answer.change {
            self.arena.set_word(at, value);
        }
        answer.answer
    }

    fn call(&mut self, request: &Request) -> CallAnswer {
        let (spec, scenario) = (self.spec, self.scenario);
        let known = self.comebacks.get(self.requests as usize).cloned();
        let comeback = known.unwrap_or_else(|| scenario.script.come_back(spec, &scenario.heap, self.requests, None));
        self.requests += 1;
        let hidden = comeback.wasted..(comeback.wasted + 24).min(STACK_END);
        let memory = fingerprint(self.arena, &scenario.heap, scenario.frame_end(), hidden);
        self.events.push(Event::Request {
            request: plain(request),
            memory,
        });
        comeback.apply(spec, self.arena);
        match comeback.threw {
            Some(value) => CallAnswer::Threw(value),
            None => CallAnswer::Returned(Run {
                address: self.arena.address(comeback.results),
                count: comeback.values.len() as u32,
            }),
        }
    }
}

fn plain(request: &Request) -> Request {
    let nans = |values: &[u64]| values.iter().copied().map(same_nan).collect();
    match request {
        Request::Call { callee, args } => Request::Call {
            callee: *callee,
            args: nans(args),
        },
        Request::Resume { coroutine, args } => Request::Resume {
            coroutine: *coroutine,
            args: nans(args),
        },
        Request::Yield(values) => Request::Yield(nans(values)),
    }
}
