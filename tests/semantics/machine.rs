//! What machine code does.

use std::collections::HashMap;

use dg_compiler::abi::{self, Builtin, frame, hot};
use dg_compiler::emit::{Image, Place, Template, Written};
use dg_compiler::ir::ExternId;
use dg_compiler::ir::evaluate::{ExternAnswer, OperandValue, Request};
use dg_compiler::ir::spec::{ExternResult, ExternType, LeafEncoding};
use dg_compiler::lower::{LowerOptions, shared_symbol};

use crate::allocate;
use crate::arena::{Arena, CALLEE_PC, ELSEWHERE, HEAP, MOVED, PC, STACK, STACK_END};
use crate::cpu::{self, CallRegisters, Context, Host};
use crate::heap::FRAME_SIZE;
use crate::link::{BUILTINS, CALLEE, EXECUTE, Linked, NEXT, RESUME, RETURN, SWITCH, TARGET, THROWN};
use crate::oracle::End;
use crate::scenario::{CALLER_PC, Scenario, code_of};
use crate::script::{Comeback, Event, comparable, fingerprint, nil, read_run, same_nan};
use crate::template::POSITION;

/// How often control may come back to a bytecode.
const ROUNDS: usize = 8;

/// Machine code that can be run.
pub struct Machine {
    pub image: Image,
    pub linked: Linked,
    pub options: LowerOptions,
    /// From a continuation to where to go when the callee threw.
    catches: HashMap<u64, u64>,
}

/// Everything that can be observed of a run, but for memory.
pub struct Ran {
    pub end: Result<End, String>,
    pub events: Vec<Event>,
    pub comebacks: Vec<Comeback>,
    /// What machine code must not do, and did.
    pub complaints: Vec<String>,
    /// Objects that the collector was told of.
    pub barriers: Vec<u32>,
    pub safepoints: u32,
    /// Words of the heap that runtime functions changed.
    pub changed: Vec<usize>,
    /// Whether something has been allocated since control came to this part of the bytecode.
    pub has_allocated: bool,
}

impl Machine {
    pub fn new(image: Image, options: LowerOptions) -> Self {
        let linked = Linked::new(&image);
        let catches = image
            .catches
            .iter()
            .map(|(from, to)| (linked.symbol(from), linked.symbol(to)))
            .collect();
        Self {
            image,
            linked,
            options,
            catches,
        }
    }

    /// The template of the opcode with this symbol, if it has one of its own.
    pub fn template(&self, symbol: &str) -> Option<&Template> {
        self.image.templates.iter().find(|template| template.name == symbol)
    }

    /// Runs the code at `symbol` in the situation that the arena is in: that of the interpreter, or a template.
    pub fn run(&self, symbol: &str, template: Option<&Template>, arena: &Arena, scenario: &Scenario) -> Ran {
        let registers = Registers::new(template, arena, scenario);
        let start = match template {
            Some(template) => {
                let mut stubs = self.image.stub_templates.iter();
                let miss = stubs.find(|stub| stub.name == "miss").expect("there are templates");
                let version = &template.versions[registers.version];
                crate::template::place(version, &miss.versions[0], &self.linked, arena, scenario)
            }
            None => self.linked.symbol(symbol),
        };
        let mut run = Run {
            template,
            registers,
            machine: self,
            arena,
            scenario,
            externs: 0,
            pending: None,
            is_delegated: false,
            is_moved: false,
            left: None,
            header: vec![],
            ran: Ran {
                end: Err(String::new()),
                events: vec![],
                comebacks: vec![],
                complaints: vec![],
                barriers: vec![],
                safepoints: 0,
                changed: vec![],
                has_allocated: false,
            },
        };
        let end = run.whole(start);
        run.ran.end = end;
        run.ran
    }
}

/// What is in registers when a template is entered.
struct Registers {
    /// Which version of the template that allows.
    version: usize,
    before: [u64; 8],
}

impl Registers {
    /// Some of the reads that are doubles are known to be.
    fn new(template: Option<&Template>, arena: &Arena, scenario: &Scenario) -> Self {
        let mut registers = Self {
            version: 0,
            before: std::array::from_fn(|number| 0x7A7A_0000_0000_0000 + number as u64),
        };
        let mut bit = 0;
        for (number, place) in template.iter().flat_map(|template| &template.reads).enumerate() {
            let slot = arena.read(PC + place.offset as usize, 2) as u32 + place.element;
            let value = arena.word(scenario.slot(slot));
            registers.before[number] = value;
            if template.is_some_and(|template| template.checked >> number & 1 != 0) {
                let is_known = is_double_bits(value)
                    && !f64::from_bits(value).is_nan()
                    && scenario.script.seed >> (number + 1) & 1 != 0;
                registers.version |= usize::from(is_known) << bit;
                bit += 1;
            }
        }
        registers
    }
}

/// Are these the bits of a boxed double?
fn is_double_bits(bits: u64) -> bool {
    (bits >> 32) as u32 <= abi::DOUBLE_MAX_HIGH
}

/// A coroutine switch that is under way.
struct Switching {
    request: Request,
    continuation: u64,
    callee_base: usize,
}

struct Run<'a> {
    template: Option<&'a Template>,
    registers: Registers,
    machine: &'a Machine,
    arena: &'a Arena,
    scenario: &'a Scenario,
    externs: u64,
    pending: Option<Switching>,
    /// Whether the call was left to a function of the host.
    is_delegated: bool,
    /// Whether the stack is at [`MOVED`].
    is_moved: bool,
    /// The base of the frame that is left where control comes back, until it does.
    left: Option<u64>,
    /// Words of its header: where they are, what else would be there, and the words.
    header: Vec<(usize, u64, u64)>,
    ran: Ran,
}

/// How far the stack moves.
const DISTANCE: usize = MOVED - STACK;

impl Run<'_> {
    /// Whether this is a run in which the stack moves whenever it can.
    fn moves(&self) -> bool {
        self.scenario.script.seed.is_multiple_of(2)
    }

    /// Moves the stack, with all that points at it. Nothing of use stays where it was.
    fn move_stack(&mut self) {
        if self.is_moved {
            return;
        }
        self.is_moved = true;
        for at in (STACK..STACK_END).step_by(8) {
            self.arena.set_word(at + DISTANCE, self.arena.word(at));
            self.arena.set_word(at, 0x3FF6_0000_0000_0000 + at as u64);
        }
        self.redirect(STACK, DISTANCE as u64);
    }

    fn move_back(&mut self) {
        if !self.is_moved {
            return;
        }
        self.is_moved = false;
        for at in (STACK..STACK_END).step_by(8) {
            self.arena.set_word(at, self.arena.word(at + DISTANCE));
        }
        self.redirect(MOVED, (DISTANCE as u64).wrapping_neg());
    }

    /// Adds to everything in the heap and in the VM's state that is an address of the stack at `from`.
    fn redirect(&self, from: usize, distance: u64) {
        let hot = [hot::BASE, hot::STACK_LIMIT, hot::RESULTS, hot::CALLEE_BASE].map(|field| field as usize);
        for at in hot.into_iter().chain((HEAP..self.scenario.heap.end).step_by(8)) {
            let word = self.arena.word(at);
            if self.is_on_stack(word, from) {
                self.arena.set_word(at, word.wrapping_add(distance));
            }
        }
    }

    fn is_on_stack(&self, address: u64, start: usize) -> bool {
        let size = STACK_END - STACK;
        self.arena
            .offset(address)
            .is_some_and(|at| (start..=start + size).contains(&at))
    }

    /// An address of the stack as it would be had the stack not moved.
    fn unmoved(&self, address: u64) -> u64 {
        if self.is_on_stack(address, MOVED) {
            address - DISTANCE as u64
        } else {
            address
        }
    }

    /// An address of the stack as it is now.
    fn current(&self, address: u64) -> u64 {
        if self.is_moved && self.is_on_stack(address, STACK) {
            address + DISTANCE as u64
        } else {
            address
        }
    }

    fn whole(&mut self, start: u64) -> Result<End, String> {
        let (arena, scenario) = (self.arena, self.scenario);
        let garbage = 0x7B7B_7B7B_0000_0000;
        let mut context = Context {
            rax: garbage + 1,
            rcx: garbage + 2,
            rdx: garbage + 3,
            rsi: garbage + 4,
            rdi: garbage + 5,
            r8: garbage + 6,
            r9: garbage + 7,
            r10: garbage + 8,
            r11: garbage + 9,
            r12: garbage + 10,
            target: start,
            ..Context::default()
        };
        context.xmm0 = scenario.last.map_or(garbage, |slot| arena.word(scenario.slot(slot)));
        if scenario.is_native {
            let code = code_of(&self.machine.image.spec, arena, scenario.callee).unwrap_or(0) as u64 / 8;
            // The upper halves of 32-bit arguments are zero, as after any 32-bit operation.
            (context.rcx, context.rdx) = (scenario.nargs.into(), code);
        }
        for round in 0..ROUNDS {
            let left = self.left.take();
            self.set_state(&mut context, left);
            context.high = self.registers.before;
            if self.template.is_some() && round == 0 {
                context.rbp = self.first_pc();
            }
            // SAFETY: the code was linked with exits and functions of `cpu` only.
            context = unsafe { cpu::run(arena.start(), context, self) };
            if let Some(end) = self.after(&mut context)? {
                return Ok(end);
            }
        }
        Err(format!("control came back {ROUNDS} times"))
    }

    /// Registers that always hold the same, or the state of the frame, or of one that was `left`: then the program counter
    /// is the callee's.
    fn set_state(&self, context: &mut Context, left: Option<u64>) {
        let (arena, scenario) = (self.arena, self.scenario);
        let garbage = 0x7B7B_7B7B_1111_1111;
        let own = arena.address(if scenario.is_native { CALLER_PC } else { PC });
        let (base, pc) = match left {
            Some(base) => (base, garbage),
            None => (arena.address(scenario.base), own),
        };
        (context.rbp, context.rbx, context.r14, context.r13) = (garbage, garbage, garbage, garbage);
        if self.machine.options.register_pinning {
            (context.rbp, context.rbx) = (pc, base);
        } else {
            arena.set_hot(hot::PC, pc);
            arena.set_hot(hot::BASE, base);
        }
        for (tag, register) in self.tags().into_iter().zip([&mut context.r14, &mut context.r13]) {
            *register = tag;
        }
    }

    fn complain(&mut self, what: impl Into<String>) {
        self.ran.complaints.push(what.into());
    }

    /// What an exit means: an end, or the next thing to run.
    fn after(&mut self, context: &mut Context) -> Result<Option<End>, String> {
        let (arena, scenario) = (self.arena, self.scenario);
        self.forget_header();
        if context.exit == cpu::CRASHED {
            let [signal, at, address] = context.fault;
            let (at, accessed) = (
                self.machine.linked.describe(at),
                address.wrapping_sub(arena.start() as u64),
            );
            return Err(format!("signal {signal} at {at}, address arena+{accessed:#x}"));
        }
        if self.is_moved {
            for register in [&mut context.rax, &mut context.rbx, &mut context.rdi] {
                *register = self.unmoved(*register);
            }
            self.move_back();
        }
        if context.rsp != context.host_rsp - cpu::FRAME {
            self.complain(format!(
                "the stack pointer is off by {}",
                context.rsp as i64 - context.host_rsp as i64
            ));
        }
        self.check_tags(context);
        let (base, pc) = match self.machine.options.register_pinning {
            true => (context.rbx, context.rbp),
            false => (arena.hot(hot::BASE), arena.hot(hot::PC)),
        };
        match context.exit as u32 {
            opcode if opcode < abi::MAX_OPCODES as u32 && pc == arena.address(CALLEE_PC) => {
                self.entered_directly(context, base)
            }
            opcode if opcode < abi::MAX_OPCODES as u32 => self.dispatched(opcode, context.xmm0, base, pc).map(Some),
            CALLEE => self.entered(context, base, pc),
            RETURN => self.returned(context, base).map(Some),
            SWITCH => self.switched(context),
            THROWN if self.is_delegated => Ok(Some(End::Delegate)),
            THROWN => Ok(Some(End::Throw(same_nan(arena.hot(hot::ERROR))))),
            NEXT => {
                self.check_registers(context, false);
                self.went_on(base, pc, scenario.length.into()).map(Some)
            }
            TARGET => {
                let label = self.template.and_then(|template| template.label).ok_or("no label")?;
                let distance = arena.read(PC + label as usize, 4) as i32;
                self.check_registers(context, true);
                self.went_on(base, pc, distance.into()).map(Some)
            }
            RESUME if pc == arena.address(CALLEE_PC) => self.entered_directly(context, base),
            RESUME => {
                let at = arena.offset(pc).ok_or("the program counter is nowhere")?;
                let distance = at as i64 - PC as i64;
                self.check_forwarded(distance, context.xmm0);
                self.resumed(base).map(|()| Some(End::At(distance)))
            }
            EXECUTE => {
                if pc != arena.address(PC) {
                    self.complain("the program counter is wrong when the instruction is run again");
                }
                let opcode = &self.machine.image.opcodes[arena.read(PC, 2) as usize];
                context.target = self.machine.linked.symbol(&shared_symbol(&opcode.symbol));
                Ok(None)
            }
            exit => Err(format!("exit {exit}")),
        }
    }

    fn check_tags(&mut self, context: &Context) {
        let tags = self.tags();
        if tags
            .iter()
            .zip([context.r14, context.r13])
            .any(|(should, is)| *should != is)
        {
            self.complain("a tag register has changed");
        }
    }

    /// What the tag registers hold.
    fn tags(&self) -> Vec<u64> {
        let spec = &self.machine.image.spec;
        let tags = spec.tag_registers.iter().map(|leaf| match spec.leaves[*leaf].encoding {
            LeafEncoding::Int32 { tag } | LeafEncoding::Ref { tag, .. } => u64::from(tag) << 32,
            LeafEncoding::Unit { .. } | LeafEncoding::Double => 0,
        });
        if self.machine.options.tag_registers {
            tags.take(2).collect()
        } else {
            vec![]
        }
    }

    /// What the register of the program counter holds in compiled code.
    fn first_pc(&self) -> u64 {
        self.arena.address(PC - POSITION)
    }

    /// Compiled code went on with the instruction at this distance.
    fn went_on(&mut self, base: u64, pc: u64, distance: i64) -> Result<End, String> {
        if pc != self.first_pc() {
            self.complain("the register of the program counter is not that of the function's first instruction");
        }
        self.resumed(base)?;
        Ok(End::At(distance))
    }

    fn resumed(&mut self, base: u64) -> Result<(), String> {
        if self.template.is_none() {
            return Err("the interpreter went to compiled code".into());
        }
        if base != self.arena.address(self.scenario.base) {
            self.complain("the base has changed");
        }
        Ok(())
    }

    fn dispatched(&mut self, opcode: u32, forwarded: u64, base: u64, pc: u64) -> Result<End, String> {
        if self.template.is_some() {
            self.complain("compiled code went to the interpreter");
        }
        if base != self.arena.address(self.scenario.base) {
            self.complain("the base has changed");
        }
        let Some(at) = self.arena.offset(pc) else {
            return Err(format!("the program counter is {pc:#x}"));
        };
        let expected = self.arena.read(at, 2) as u32;
        if opcode != expected {
            self.complain(format!("opcode {opcode} was dispatched at {expected}"));
        }
        let distance = at as i64 - PC as i64;
        self.check_forwarded(distance, forwarded);
        Ok(End::At(distance))
    }

    /// What compiled code counts on when a template is left holds.
    fn check_registers(&mut self, context: &Context, is_target: bool) {
        let Some(template) = self.template else { return };
        let version = &template.versions[self.registers.version];
        let exit = if is_target { &version.target } else { &version.next };
        let Some(exit) = exit else {
            return self.complain("the template is left in a way that it should not be");
        };
        let slot = |place: &Place| {
            let slot = self.arena.read(PC + place.offset as usize, 2) as u32 + place.element;
            self.arena.word(self.scenario.slot(slot))
        };
        let mut complaints = Vec::new();
        let mut written = 0;
        let number = |place: &Place| self.arena.read(PC + place.offset as usize, 2) as u32 + place.element;
        for (index, write) in exit.writes.iter().enumerate() {
            let Some((register, what)) = write.register else {
                continue;
            };
            written |= 1 << register;
            // Where two places are one slot, they share a register, and the last one counts.
            let mut later = exit.writes[index + 1..].iter();
            if what == Written::Lost || later.any(|later| number(&later.place) == number(&write.place)) {
                continue;
            }
            let (found, should) = (context.high[usize::from(register)], slot(&write.place));
            if found != should {
                complaints.push(format!("register {register} holds {found:#x}, its slot {should:#x}"));
            }
            let is_double_read = |read: u8| exit.doubles >> read & 1 != 0;
            let is_double = match what {
                Written::Double => true,
                Written::Lost | Written::Any => false,
                Written::Like(read) => is_double_read(read),
            };
            if is_double && !is_double_bits(should) {
                complaints.push(format!("{should:#x} in register {register} is no double"));
            }
        }
        for (number, before) in self.registers.before.iter().enumerate() {
            if exit.keeps && written >> number & 1 == 0 && context.high[number] != *before {
                complaints.push(format!("register {number} has been lost"));
            }
            if exit.doubles >> number & 1 != 0 && !is_double_bits(*before) {
                complaints.push(format!("{before:#x}, read in register {number}, is no double"));
            }
        }
        self.ran.complaints.extend(complaints);
    }

    /// What the next instruction is handed is the result.
    fn check_forwarded(&mut self, distance: i64, forwarded: u64) {
        if self.scenario.forwards
            && distance == i64::from(self.scenario.length)
            && let Some(to) = self.scenario.destination
        {
            let result = self.arena.word(self.scenario.slot(to.start));
            if result != forwarded {
                self.complain(format!("{forwarded:#x} was handed on instead of {result:#x}"));
            }
        }
    }

    /// The first instruction of a callee was reached that the instruction has remembered: it has the arguments that the
    /// instruction says, and a frame that fits.
    fn entered_directly(&mut self, context: &mut Context, base: u64) -> Result<Option<End>, String> {
        let (arena, scenario) = (self.arena, self.scenario);
        let Some(new) = arena.offset(base).filter(|at| (STACK..STACK_END).contains(at)) else {
            return Err(format!("a callee's base is {base:#x}"));
        };
        if base + 8 * u64::from(FRAME_SIZE) > arena.hot(hot::STACK_LIMIT) {
            self.complain("a callee was entered whose frame does not fit");
        }
        let callee = arena.word((new as i32 + frame::CALLEE) as usize) as u32;
        let operands = scenario.operands.iter().rev();
        let counts = operands.filter_map(|operand| match operand {
            OperandValue::Slots { start, count } if scenario.slot(*start) == new => Some(*count),
            _ => None,
        });
        let count = counts.max().ok_or("the arguments of a call are no operand")?;
        context.rcx = count.into();
        context.rdx = code_of(&self.machine.image.spec, arena, callee).unwrap_or(0) as u64 / 8;
        self.entered(context, base, arena.address(PC))
    }

    /// A callee's entry was reached.
    fn entered(&mut self, context: &mut Context, base: u64, pc: u64) -> Result<Option<End>, String> {
        let (arena, scenario) = (self.arena, self.scenario);
        let spec = &self.machine.image.spec;
        let Some(new) = arena.offset(base).filter(|at| (STACK..STACK_END).contains(at)) else {
            return Err(format!("a callee's base is {base:#x}"));
        };
        let header = |offset: i32| arena.word((new as i32 + offset) as usize);
        let callee = header(frame::CALLEE) as u32;
        let code = code_of(spec, arena, callee).unwrap_or(0) as u64 / 8;
        if code != u64::from(context.rdx as u32) {
            self.complain(format!("edx is {:#x}, not the code object {code:#x}", context.rdx));
        }
        let nargs = u64::from(context.rcx as u32);
        let args = read_run(arena, base, nargs)?;
        let delta = (header(frame::CALLEE) >> 32) as usize;
        if header(frame::RETURN) == self.machine.linked.exit(RETURN) {
            let caller = self.caller_base();
            if new != scenario.called_base || new - 8 * delta != caller {
                self.complain(format!("a tail call made the base {new:#x}, delta {delta}"));
            }
            if header(frame::PC) != arena.address(CALLER_PC) {
                self.complain("a tail call changed the caller's program counter");
            }
            return Ok(Some(End::TailCall { callee, args }));
        }
        if new - 8 * delta != scenario.base {
            self.complain(format!(
                "the callee's base {new:#x} and delta {delta} do not give the caller's"
            ));
        }
        let is_right = pc == arena.address(PC) || self.template.is_some() && pc == self.first_pc();
        if !scenario.is_native && (header(frame::PC) != arena.address(PC) || !is_right) {
            self.complain("the program counter saved by a call is wrong");
        }
        let request = Request::Call { callee, args };
        self.come_back(context, request, header(frame::RETURN), new)
    }

    /// Control comes back from a request, as the script says.
    fn come_back(
        &mut self,
        context: &mut Context,
        request: Request,
        continuation: u64,
        callee_base: usize,
    ) -> Result<Option<End>, String> {
        let (arena, scenario) = (self.arena, self.scenario);
        let spec = &self.machine.image.spec;
        let hidden = callee_base - 24..callee_base;
        let memory = fingerprint(arena, &scenario.heap, scenario.frame_end(), hidden);
        let may_throw = !matches!(request, Request::Yield(_));
        self.ran.events.push(Event::Request { request, memory });
        let number = self.ran.comebacks.len() as u64;
        let mut comeback = scenario
            .script
            .come_back(spec, &scenario.heap, number, Some(callee_base));
        comeback.threw = comeback.threw.filter(|_| may_throw);
        let header = [frame::CALLEE, frame::PC].map(|at| arena.word((callee_base as i32 + at) as usize));
        comeback.apply(spec, arena);
        self.ran.comebacks.push(comeback.clone());
        self.ran.has_allocated = false;
        let mut target = continuation;
        if let Some(error) = comeback.threw {
            match self.machine.catches.get(&continuation) {
                None => return Ok(Some(End::Throw(same_nan(error)))),
                Some(catch) => target = *catch,
            }
            arena.set_hot(hot::ERROR, error);
        }
        self.leave_header(header, callee_base, number % 2 * 12);
        *context = Context {
            rax: arena.address(comeback.results),
            rcx: comeback.values.len() as u64,
            rdi: 0x7777_0000_0000_0000,
            rdx: 0x7777_0000_0000_0001,
            rsi: 0x7777_0000_0000_0002,
            r8: 0x7777_0000_0000_0003,
            r9: 0x7777_0000_0000_0004,
            r10: 0x7777_0000_0000_0005,
            r11: 0x7777_0000_0000_0006,
            r12: 0x7777_0000_0000_0007,
            target,
            ..Context::default()
        };
        Ok(None)
    }

    /// Puts the words of a header where it is found below the base of the frame that is left: that of the callee, or
    /// `shift` slots above it, as when its frame was moved above surplus arguments.
    fn leave_header(&mut self, words: [u64; 2], callee_base: usize, shift: u64) {
        let moved = callee_base + 8 * shift as usize;
        let words = [words[0] + (shift << 32), words[1]];
        for (place, word) in [frame::CALLEE, frame::PC].into_iter().zip(words) {
            let at = (moved as i32 + place) as usize;
            self.header.push((at, self.arena.word(at), word));
            self.arena.set_word(at, word);
        }
        self.left = Some(self.arena.address(moved));
    }

    /// Control has come back: what is left of the header is no different from the rest of the callee's frame.
    fn forget_header(&mut self) {
        for (at, before, word) in self.header.drain(..) {
            if self.arena.word(at) == word {
                self.arena.set_word(at, before);
            }
        }
    }

    fn caller_base(&self) -> usize {
        let header = self
            .scenario
            .memory_word((self.scenario.called_base as i32 + frame::CALLEE) as usize);
        self.scenario.called_base - 8 * (header >> 32) as usize
    }

    fn returned(&mut self, context: &Context, base: u64) -> Result<End, String> {
        let arena = self.arena;
        if base != arena.address(self.scenario.base) {
            self.complain("the base is not that of the frame that is left by a return");
        }
        for place in [frame::CALLEE, frame::PC] {
            let at = (self.scenario.base as i32 + place) as usize;
            if arena.word(at) != self.scenario.memory_word(at) {
                self.complain("a return finds another header");
            }
        }
        let count = u64::from(context.rcx as u32);
        if count == 0 && read_run(arena, context.rax, 1)? != [nil(&self.machine.image.spec)] {
            self.complain("there is no readable value after a return without results");
        }
        Ok(End::Leave(read_run(arena, context.rax, count)?))
    }

    /// The `switch` stub has gone where a builtin said.
    fn switched(&mut self, context: &mut Context) -> Result<Option<End>, String> {
        match self.pending.take() {
            Some(Switching {
                request,
                continuation,
                callee_base,
            }) => self.come_back(context, request, continuation, callee_base),
            None => Err("a switch without a reason".into()),
        }
    }

    /// Base and program counter must have been saved.
    fn check_saved(&mut self, what: &str) {
        if self.arena.hot(hot::BASE) != self.current(self.arena.address(self.scenario.base)) {
            self.complain(format!("the base is not saved at {what}"));
        }
        if !self.scenario.is_native && self.arena.hot(hot::PC) != self.arena.address(PC) {
            self.complain(format!("the program counter is not saved at {what}"));
        }
    }

    fn call_extern(&mut self, registers: &mut CallRegisters) -> Result<(), String> {
        let (arena, scenario) = (self.arena, self.scenario);
        let spec = &self.machine.image.spec;
        let id = ExternId(registers.number as u32);
        let row = &spec.externs[id];
        let types: Vec<ExternType> = row.params.iter().map(|(_, ty)| *ty).collect();
        let (mut ints, mut floats) = (registers.ints[1..].iter(), registers.floats.iter());
        let mut words = Vec::new();
        for ty in &types {
            let count = if *ty == ExternType::List { 2 } else { 1 };
            for _ in 0..count {
                let next = if *ty == ExternType::F64 {
                    floats.next()
                } else {
                    ints.next()
                };
                words.push(*next.ok_or("more arguments than registers")?);
            }
        }
        let args = comparable(arena, &types, &words)?;
        if !row.effects.is_pure() {
            self.check_saved(&row.name);
        }
        // Where it is looked at, the stack is where it was.
        let was_moved = self.is_moved;
        self.move_back();
        let answer = scenario
            .script
            .answer(spec, &scenario.heap, scenario.base, id, &args, self.externs);
        if !row.effects.is_removable() {
            let memory = fingerprint(arena, &scenario.heap, scenario.frame_end(), 0..0);
            self.ran.events.push(Event::Extern {
                name: row.name.clone(),
                args,
                memory,
            });
            self.externs += 1;
        }
        self.ran.has_allocated |= row.effects.allocates;
        if let Some((at, value)) = answer.change {
            arena.set_word(at, value);
            self.ran.changed.push(at);
        }
        if was_moved {
            self.move_stack();
        }
        if row.effects.reenters && self.moves() {
            self.move_stack();
        }
        for word in 0..abi::MAX_PLAN as i32 {
            arena.set_hot(hot::PLAN + 8 * word, 0xFFFE_3333_2222_1111);
        }
        let mut ok = 1;
        let word = match answer.answer {
            ExternAnswer::Returned(values) => values.first().copied().unwrap_or(0x4444_4444_4444_4444),
            ExternAnswer::Plan { case, payload } => {
                for (index, word) in payload.into_iter().flatten().enumerate() {
                    arena.set_hot(hot::PLAN + 8 * index as i32, word);
                }
                case.into()
            }
            ExternAnswer::Threw(error) => {
                arena.set_hot(hot::ERROR, error);
                ok = 0;
                0x4444_4444_4444_4444
            }
        };
        registers.floats[0] = 0x4444_4444_4444_4444;
        (registers.ints[0], registers.ints[1]) = (word, 0x4444_4444_4444_4444);
        let is_narrow = match row.result {
            ExternResult::None => false,
            ExternResult::Plan(_) => true,
            ExternResult::One(ty) => matches!(
                ty,
                ExternType::I32 | ExternType::U32 | ExternType::Enum(_) | ExternType::Bool | ExternType::Ref { .. }
            ),
        };
        if row.effects.throws {
            registers.ints[1] = ok;
        } else if row.result == ExternResult::One(ExternType::F64) {
            (registers.floats[0], registers.ints[0]) = (word, 0x4444_4444_4444_4444);
        } else if is_narrow {
            registers.ints[0] |= 0x4444_4444_0000_0000;
        }
        Ok(())
    }

    fn call_builtin(&mut self, number: u32, registers: &mut CallRegisters) -> Result<(), String> {
        let arena = self.arena;
        let [_, first, second, third, fourth, fifth] = registers.ints;
        let is = |builtin: Builtin| builtin as u32 == number;
        let mut status = (0, 1);
        if is(Builtin::Barrier) {
            self.ran.barriers.push(first as u32);
        } else if is(Builtin::Safepoint) {
            self.ran.safepoints += 1;
            arena.write(hot::SAFEPOINT as usize, 4, 0);
            if self.moves() {
                self.move_stack();
            }
        } else if is(Builtin::GrowStack) {
            arena.set_hot(hot::STACK_LIMIT, arena.address(STACK_END));
            if self.moves() {
                self.move_stack();
            }
        } else if is(Builtin::Throw) {
            self.check_saved("a throw");
            arena.set_hot(hot::TARGET, self.machine.linked.exit(THROWN));
        } else if is(Builtin::CacheLink) || is(Builtin::CallLink) {
            self.check_saved("a link");
            status = (0, 0x4444_4444_4444_4444);
        } else if is(Builtin::CallNative) {
            self.check_saved("a call of a host's function");
            let code = code_of(&self.machine.image.spec, arena, self.scenario.callee).unwrap_or(0) as u64 / 8;
            if (first, second) != (self.scenario.nargs.into(), code) {
                self.complain(format!(
                    "{first} arguments were left to the host's function, code {second:#x}"
                ));
            }
            // Nothing that matters here follows: the shortest way out is a throw.
            self.is_delegated = true;
            status = (0, 0);
        } else if is(Builtin::CopyValues) {
            self.check_saved("a copy");
            let values = read_run(arena, first, second)?;
            if self.moves() {
                self.move_stack();
            }
            let place = self.current(third);
            let to = arena
                .offset(self.unmoved(place))
                .filter(|at| (STACK..STACK_END).contains(at));
            to.ok_or("values are copied to nowhere")?;
            for (index, value) in values.iter().enumerate() {
                arena.set_word((place - arena.address(0)) as usize + 8 * index, *value);
            }
            status = (place, 1);
        } else if is(Builtin::Resume) || is(Builtin::Yield) {
            self.check_saved("a switch");
            let (values, count, continuation, callee_base) = match is(Builtin::Resume) {
                true => (second, third, fourth, fifth),
                false => (first, second, third, fourth),
            };
            let args = read_run(arena, values, count)?;
            let request = match is(Builtin::Resume) {
                true => Request::Resume {
                    coroutine: first as u32,
                    args,
                },
                false => Request::Yield(args),
            };
            let callee_base = arena
                .offset(self.unmoved(callee_base))
                .filter(|at| (STACK..ELSEWHERE).contains(at));
            let callee_base = callee_base.ok_or("what is saved across a switch is nowhere")?;
            self.pending = Some(Switching {
                request,
                continuation,
                callee_base,
            });
            arena.set_hot(hot::TARGET, self.machine.linked.exit(SWITCH));
        } else if is(Builtin::Allocate) {
            self.check_saved("an allocation");
            self.ran.has_allocated = true;
            match allocate::by_runtime(&self.machine.image.spec, arena, first as u8, second as u32) {
                Ok(object) => status = (object.into(), 1),
                Err(error) => {
                    arena.set_hot(hot::ERROR, error);
                    status = (0, 0);
                }
            }
        } else {
            return Err(format!("builtin {number} was called"));
        }
        (registers.ints[0], registers.ints[1]) = status;
        Ok(())
    }
}

impl Host for Run<'_> {
    fn called(&mut self, registers: &mut CallRegisters) {
        self.forget_header();
        if registers.ints[0] != self.arena.start() as u64 {
            self.complain("the first argument of a function is not the VM");
        }
        if !registers.rsp.is_multiple_of(16) {
            self.complain("the native stack is not aligned at a call");
        }
        let number = registers.number as u32;
        let done = match number.checked_sub(BUILTINS) {
            None => self.call_extern(registers),
            Some(builtin) => self.call_builtin(builtin, registers),
        };
        if let Err(problem) = done {
            self.complain(problem);
            // Ends the bytecode, whatever it makes of the answer.
            (registers.ints[0], registers.ints[1]) = (0, 0);
        }
    }
}
