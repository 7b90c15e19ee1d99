//! Compares what the evaluator says, before and after all passes, with what machine code does.

use std::fmt::Write as _;

use dg_compiler::abi::hot;
use dg_compiler::emit::Template;
use dg_compiler::ir::evaluate::OperandValue;
use dg_compiler::ir::spec::{CacheForm, ResultKind};
use dg_compiler::ir::{Function, FunctionId, FunctionKind, Op, Program, Role, SpecTables};
use dg_compiler::lower::{self, LowerOptions};
use dg_compiler::{build, infer, passes};

use crate::arena::{Arena, BYTECODE, BYTECODE_END, CONTEXT, HEAP, NEW, PC, SIZE, STACK, STACK_END};
use crate::machine::{Machine, Ran};
use crate::oracle::{self, End, Seen};
use crate::scenario::{self, Scenario, Shape, Subject};
use crate::script::{Event, same_nan};

/// A language, as text and as all that is made of it.
pub struct Language {
    name: String,
    /// Before all passes.
    plain: Program,
    shape: Shape,
    builds: Vec<Build>,
}

/// One way to compile a language.
struct Build {
    name: &'static str,
    optimised: Program,
    machine: Machine,
}

/// What has been found out.
#[derive(Default)]
pub struct Report {
    /// Situations that were compared.
    pub compared: u64,
    /// Situations that no bytecode has to cope with.
    pub skipped: u64,
    pub differences: Vec<String>,
}

/// The differences that are told of one subject.
const TOLD: usize = 3;

impl Language {
    /// Compiles a language in each of the ways that are named.
    pub fn new(name: &str, source: &str, shape: Shape, builds: &[(&'static str, &[&str], LowerOptions)]) -> Self {
        let spec = dg_spec::parse(source).and_then(|spec| infer::check(source, &spec));
        let typed = spec.unwrap_or_else(|diagnostics| {
            panic!(
                "{}",
                dg_spec::render(name, source, &diagnostics, 100, dg_spec::Style::Plain)
            )
        });
        let plain = build::build(&typed);
        let builds = builds.iter().map(|(build, disabled, lowering)| {
            let options = passes::Options::without(disabled.iter().copied()).expect("names of passes");
            let mut optimised = plain.clone();
            passes::run(&mut optimised, &options).unwrap_or_else(|error| panic!("{name}, {build}: {error}"));
            let image = lower::image(&optimised, lowering).unwrap_or_else(|error| panic!("{name}, {build}: {error}"));
            Build {
                name: build,
                optimised,
                machine: Machine::new(image, *lowering),
            }
        });
        Self {
            name: name.into(),
            builds: builds.collect(),
            plain,
            shape,
        }
    }

    /// Makes the machine code of two bytecodes change places.
    pub fn exchange(&mut self, one: &str, other: &str) {
        for build in &mut self.builds {
            build.machine.linked.exchange(one, other);
        }
    }

    /// Runs every variant of every bytecode and every native function in `count` situations, in each build.
    pub fn judge(&self, seed: u64, count: u64) -> Report {
        let mut report = Report::default();
        for build in &self.builds {
            for (index, (symbol, subject)) in build.subjects().into_iter().enumerate() {
                let seed = seed.wrapping_mul(1000).wrapping_add(index as u64);
                self.judge_one(build, &symbol, &subject, None, seed, count, &mut report);
                if let Some(template) = build.machine.template(&symbol) {
                    self.judge_one(build, &symbol, &subject, Some(template), seed, count, &mut report);
                }
            }
        }
        report
    }

    #[expect(clippy::too_many_arguments, reason = "what is judged, and how long")]
    fn judge_one(
        &self,
        build: &Build,
        symbol: &str,
        subject: &Subject,
        template: Option<&Template>,
        seed: u64,
        count: u64,
        report: &mut Report,
    ) {
        let spec = &*build.optimised.spec;
        let arena = Arena::new();
        let linked = &build.machine.linked;
        let blank = scenario::blank(&arena, linked);
        let plain = self.plain_function(subject);
        let optimised = build.optimised.function(symbol).expect("opcodes are functions");
        let (mut told, mut compared) = (0, 0);
        for number in 0..count {
            let mut scenario = Scenario::new(spec, &arena, linked, &blank, subject, self.shape, seed, number);
            if let Some((linking, case)) = build.linking_form(subject) {
                remember(&build.optimised, linking, case, &arena, &mut scenario);
            }
            let trial = Trial {
                language: self,
                build,
                arena: &arena,
                scenario: &scenario,
                plain,
                optimised,
                symbol,
                template,
            };
            match trial.run() {
                Verdict::Skipped => report.skipped += 1,
                Verdict::Same => compared += 1,
                Verdict::Different(what) => {
                    compared += 1;
                    told += 1;
                    if told <= TOLD {
                        let tier = if template.is_some() { ", template" } else { "" };
                        let title = format!("{} {symbol}, {}{tier}, number {number}", self.name, build.name);
                        report.differences.push(format!("{title}\n{}{what}", trial.describe()));
                    }
                }
            }
        }
        report.compared += compared;
        if compared == 0 {
            report
                .differences
                .push(format!("{} {symbol}: no situation of {count} fits", self.name));
        } else if told > TOLD {
            report
                .differences
                .push(format!("{} {symbol}: {told} of {compared} differ", self.name));
        }
    }

    fn plain_function(&self, subject: &Subject) -> FunctionId {
        let kind = match subject {
            Subject::Bytecode { bytecode, .. } => FunctionKind::Bytecode(*bytecode),
            Subject::Native(native) => FunctionKind::Native(*native),
        };
        self.plain
            .functions
            .find(|function| function.kind == kind)
            .expect("everything declared has a graph")
    }
}

impl Build {
    /// Of a form of a bytecode that remembers a case: the form that makes it remember, and the case.
    fn linking_form(&self, subject: &Subject) -> Option<(FunctionId, u32)> {
        let Subject::Bytecode {
            bytecode,
            variant,
            form: CacheForm::Case(case),
            ..
        } = subject
        else {
            return None;
        };
        let linking = self.optimised.functions.find(|function| {
            function.role == Role::Entry
                && function.kind == FunctionKind::Bytecode(*bytecode)
                && function.variant.as_ref() == Some(variant)
                && function.form == CacheForm::Linking
        });
        linking.map(|linking| (linking, *case))
    }

    /// Everything that is entered from outside, with its symbol.
    fn subjects(&self) -> Vec<(String, Subject)> {
        let image = &self.machine.image;
        let bytecodes = image.opcodes.iter().enumerate().map(|(number, opcode)| {
            let needs_varargs = self
                .optimised
                .functions
                .values()
                .any(|function| function.kind == FunctionKind::Bytecode(opcode.bytecode) && has_varargs(function));
            let subject = Subject::Bytecode {
                opcode: u16::try_from(number).expect("there are few opcodes"),
                bytecode: opcode.bytecode,
                variant: opcode.variant.clone(),
                form: opcode.form,
                needs_varargs,
            };
            (opcode.symbol.clone(), subject)
        });
        let natives = image.spec.natives.ids().zip(&image.natives);
        bytecodes
            .chain(natives.map(|(id, native)| (native.symbol.clone(), Subject::Native(id))))
            .collect()
    }
}

/// Lets the instruction remember what its linking form makes it, if that is of this case; if not, it will miss.
fn remember(program: &Program, linking: FunctionId, case: u32, arena: &Arena, scenario: &mut Scenario) {
    let Some(start) = scenario.cache_words().next() else {
        return;
    };
    arena.restore(&scenario.memory);
    if oracle::link(program, linking, case, arena, scenario) == Some(case) {
        let words: Vec<(usize, u64)> = (start..PC + scenario.length as usize)
            .step_by(8)
            .map(|at| (at, arena.word(at)))
            .collect();
        arena.restore(&scenario.memory);
        for (at, word) in words {
            arena.set_word(at, word);
        }
        scenario.memory = arena.copy();
    }
}

fn has_varargs(function: &Function) -> bool {
    function
        .blocks
        .values()
        .flat_map(|block| &block.insts)
        .any(|inst| function.insts[*inst].op == Op::Varargs)
}

enum Verdict {
    /// The situation is none that the bytecode has to cope with.
    Skipped,
    Same,
    Different(String),
}

/// One subject in one situation.
struct Trial<'a> {
    language: &'a Language,
    build: &'a Build,
    arena: &'a Arena,
    scenario: &'a Scenario,
    plain: FunctionId,
    optimised: FunctionId,
    symbol: &'a str,
    /// What runs as machine code, if it is not the interpreter's.
    template: Option<&'a Template>,
}

/// What has been seen of a run, and the memory after it.
struct Result<'a> {
    who: &'a str,
    end: std::result::Result<End, String>,
    events: &'a [Event],
    memory: Vec<u8>,
}

impl Trial<'_> {
    fn run(&self) -> Verdict {
        let (plain, optimised) = (&self.language.plain, &self.build.optimised);
        let is_unfit = |seen: &Seen| seen.wild.is_some() || seen.end.is_err();
        let dry = oracle::evaluate(plain, self.plain, self.arena, self.scenario, &[], true);
        if is_unfit(&dry) {
            return Verdict::Skipped;
        }
        self.arena.restore(&self.scenario.memory);
        let machine = &self.build.machine;
        let ran = machine.run(self.symbol, self.template, self.arena, self.scenario);
        let ran_memory = self.arena.copy();
        let evaluate = |program, function, nan_answer| {
            self.arena.restore(&self.scenario.memory);
            let seen = oracle::evaluate(program, function, self.arena, self.scenario, &ran.comebacks, nan_answer);
            (seen, self.arena.copy())
        };
        let (seen, seen_memory) = evaluate(plain, self.plain, true);
        if is_unfit(&seen) {
            return Verdict::Skipped;
        }
        let (seen_after, after_memory) = evaluate(optimised, self.optimised, true);
        let (seen_nan, nan_memory) = evaluate(optimised, self.optimised, false);

        let plain = result("before the passes", &seen, seen_memory);
        let after = result("after the passes", &seen_after, after_memory);
        let nan = result("after the passes, a NaN failing weak checks", &seen_nan, nan_memory);
        let machine = Result {
            who: "machine code",
            end: ran.end.clone(),
            events: &ran.events,
            memory: ran_memory,
        };
        let mut problems = String::new();
        self.compare(&plain, &after, &mut problems);
        if seen_after.met_nan {
            self.compare(&nan, &machine, &mut problems);
            let (with, without) = (plain.events, nan.events);
            let asks = without
                .iter()
                .zip(with.iter().map(Some).chain([None]))
                .find(|(new, old)| Some(*new) != *old);
            let decides = matches!(asks, Some((Event::Extern { .. }, _))) || nan.end == Ok(End::Delegate);
            if plain.end != nan.end && !decides {
                let _ = writeln!(problems, "  a NaN fails a weak check, and no runtime function decides");
            }
        } else {
            self.compare(&plain, &machine, &mut problems);
        }
        self.check(&ran, &machine.memory, &mut problems);
        if problems.is_empty() {
            Verdict::Same
        } else {
            Verdict::Different(problems)
        }
    }

    fn compare(&self, should: &Result<'_>, is: &Result<'_>, problems: &mut String) {
        let mut tell = |what: &str, one: &dyn std::fmt::Debug, other: &dyn std::fmt::Debug| {
            let _ = writeln!(
                problems,
                "  {what} differ\n    {}: {one:x?}\n    {}: {other:x?}",
                should.who, is.who
            );
        };
        if should.end != is.end {
            tell("ends", &should.end, &is.end);
        }
        if should.events != is.events {
            tell("events", &should.events, &is.events);
        }
        if should.end != is.end {
            return;
        }
        let Ok(end) = &should.end else { return };
        let scenario = self.scenario;
        let open_top = word(&should.memory, hot::OPEN_TOP as usize - hot::OPEN_TOP as usize % 8) as u32;
        let has_open_result = scenario.destination.is_some_and(|to| to.kind == ResultKind::OpenSlots);
        let visible = match end {
            End::At(_) if has_open_result => scenario.slot(scenario.frame_size.max(open_top)),
            End::At(_) | End::Throw(_) | End::Delegate => scenario.frame_end(),
            End::Leave(_) | End::TailCall { .. } => scenario.called_base - 24,
        };
        let stack = STACK..visible.min(STACK_END);
        for area in [BYTECODE..BYTECODE_END, stack, HEAP..scenario.heap.end, NEW..SIZE] {
            if should.memory[area.clone()] == is.memory[area.clone()] {
                continue;
            }
            for at in area.step_by(8) {
                // What is remembered is seen by what it does.
                if scenario.cache_words().any(|word| word == at) {
                    continue;
                }
                let (one, other) = (word(&should.memory, at), word(&is.memory, at));
                if same_nan(one) != same_nan(other) {
                    tell(&format!("words at {}", self.place(at)), &one, &other);
                }
            }
        }
        let top = |memory: &[u8]| word(memory, 0x18) as u32;
        if matches!(end, End::At(_)) && !scenario.is_native && top(&should.memory) != top(&is.memory) {
            tell("ends of the open result", &top(&should.memory), &top(&is.memory));
        }
    }

    /// What only machine code has to do.
    fn check(&self, ran: &Ran, memory: &[u8], problems: &mut String) {
        for complaint in &ran.complaints {
            let _ = writeln!(problems, "  {complaint}");
        }
        let tables = hot::BUILTINS as usize..CONTEXT;
        if memory[tables.clone()] != self.scenario.memory[tables] {
            let _ = writeln!(problems, "  the VM's tables have changed");
        }
        let spec = &self.language.plain.spec;
        for place in &self.scenario.heap.traced {
            let owner = place.owner.offset;
            let is_old = self.scenario.memory[owner + 1] == 1;
            let part = |word: u64| {
                if place.bytes == 8 {
                    word
                } else {
                    word >> (8 * (place.offset % 8)) & 0xffff_ffff
                }
            };
            let aligned = place.offset - place.offset % 8;
            let (before, after) = (part(self.scenario.memory_word(aligned)), part(word(memory, aligned)));
            let refers = if place.bytes == 8 {
                refers(spec, after)
            } else {
                after != 0
            };
            let by_runtime = ran.changed.contains(&place.offset);
            if is_old && before != after && refers && !by_runtime && !ran.barriers.contains(&place.owner.reference()) {
                let _ = writeln!(problems, "  no barrier for a store at {}", self.place(place.offset));
            }
        }
        for object in &ran.barriers {
            if self
                .scenario
                .heap
                .objects
                .iter()
                .all(|known| known.reference() != *object)
            {
                let _ = writeln!(problems, "  a barrier for {object:#x}, which is no object");
            }
        }
        let goes_on = match &ran.end {
            Ok(End::At(distance)) => Some(*distance != i64::from(self.scenario.length)),
            _ => None,
        };
        let is_compiled = self.template.is_some();
        // Compiled code asks where loops begin, not where they jump.
        let due = goes_on.is_some_and(|jumps| jumps && !is_compiled || ran.has_allocated);
        let asks = is_compiled || !self.build.machine.options.safepoint_table;
        if self.scenario.safepoint && asks && due && ran.safepoints == 0 {
            let _ = writeln!(problems, "  no safepoint, though one is due");
        }
        if !(self.scenario.safepoint && asks) && ran.safepoints > 0 {
            let _ = writeln!(problems, "  a safepoint, though none is due");
        }
    }

    /// Names a place in memory.
    fn place(&self, at: usize) -> String {
        if at >= HEAP {
            let before = self.scenario.heap.objects.iter().rfind(|object| object.offset <= at);
            let record = |object: &crate::heap::Object| &self.language.plain.spec.records[object.record].name;
            return before.map_or(format!("{at:#x}"), |object| {
                format!("{} {:#x} + {}", record(object), object.reference(), at - object.offset)
            });
        }
        let slot = (at as i64 - self.scenario.base as i64) / 8;
        format!("slot {slot}")
    }

    /// The situation, as text.
    fn describe(&self) -> String {
        let scenario = self.scenario;
        let slot = |slot: u32| scenario.memory_word(scenario.slot(slot));
        let mut text = String::new();
        for operand in &scenario.operands {
            let _ = match operand {
                OperandValue::Slot(number) => writeln!(text, "  slot {number}: {}", self.value(slot(*number))),
                OperandValue::Const(bits) => writeln!(text, "  constant {}", self.value(*bits)),
                OperandValue::Number(number) => writeln!(text, "  number {number}"),
                OperandValue::Slots { start, count } => {
                    let values: Vec<String> = (*start..start + count).map(|n| self.value(slot(n))).collect();
                    writeln!(text, "  slots {start}..: {}", values.join(", "))
                }
            };
        }
        if let Some(to) = scenario.destination {
            let _ = writeln!(text, "  result {:?} {} ({})", to.kind, to.start, to.count);
        }
        if scenario.is_native {
            let values: Vec<String> = (0..scenario.nargs).map(|n| self.value(slot(n))).collect();
            let _ = writeln!(text, "  arguments {}", values.join(", "));
        }
        let limit = u64::from_le_bytes(scenario.memory[0x10..0x18].try_into().expect("eight bytes"));
        let is_tight = limit != self.arena.address(STACK_END);
        let _ = writeln!(text, "  varargs {}, tight stack {is_tight}", scenario.varargs.count);
        text
    }

    /// A value, as text.
    fn value(&self, bits: u64) -> String {
        let spec = &self.language.plain.spec;
        match spec.leaf_of_bits(bits) {
            Some(leaf) if Some(leaf) == spec.double_leaf() => format!("{:?}", f64::from_bits(bits)),
            Some(leaf) => format!("{} {:#x}", spec.leaves[leaf].name, bits as u32),
            None => format!("{bits:#x}"),
        }
    }
}

fn result<'a>(who: &'a str, seen: &'a Seen, memory: Vec<u8>) -> Result<'a> {
    let end = match (&seen.end, &seen.wild) {
        (Ok(end), None) => Ok(end.clone()),
        (Ok(_), Some(wild)) => Err(wild.clone()),
        (Err(error), _) => Err(format!("{error:?}")),
    };
    Result {
        who,
        end,
        events: &seen.events,
        memory,
    }
}

fn word(memory: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(memory[at..at + 8].try_into().expect("eight bytes"))
}

/// Whether a value is a reference.
fn refers(spec: &SpecTables, value: u64) -> bool {
    use dg_compiler::ir::spec::LeafEncoding;
    let leaf = spec.leaf_of_bits(value);
    leaf.is_some_and(|leaf| matches!(spec.leaves[leaf].encoding, LeafEncoding::Ref { .. }))
}
