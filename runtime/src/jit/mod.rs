//! The baseline compiler: functions that run often are compiled by copying templates, which generated code brings.
//!
//! Nothing here knows a language. A function's compiled code uses the same frames as the interpreter, and each of its
//! instructions can be entered; so calls, returns, errors and coroutines go from one to the other freely, and a loop that
//! turns out to be hot goes on in compiled code at its next iteration.
//!
//! When a function is compiled, its `Code::entry` is that of its compiled code. When the system gives no memory for code,
//! the interpreter goes on; when the budget is used up, code that is not used makes room (`eviction.rs`).

mod compile;
mod eviction;
mod fill;
#[cfg(feature = "debugging")]
mod gdb;
#[cfg(feature = "debugging")]
mod listing;
mod memory;
mod names;
mod reentry;
mod registers;
mod sites;
mod survey;
mod template;

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr;
use std::time::{Duration, Instant};

pub use template::{Bytes, Exit, ListingNames, Patch, PatchKind, SlotField, Template, Templates, Version, Write};

use compile::{Compiled, Cuts, Refusal, Source, compile};
use eviction::Evictions;
use memory::{CodeMemory, Half};
use reentry::Reentries;

use crate::code::Code;
use crate::language::{CompileAfter, LanguageInfo};
use crate::object::{RawRef, Ref};
use crate::vm::Vm;

/// Which functions are compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tier {
    /// None.
    Interpreter,
    /// Each when it is called first.
    Compiler,
    /// Those that run often.
    #[default]
    Automatic,
}

/// When to compile, and how much.
#[derive(Clone, Copy, Debug)]
pub struct JitOptions {
    /// Which functions are compiled.
    pub tier: Tier,
    /// How many calls are often, and in proportion jumps; otherwise the language says it
    /// ([`LanguageInfo::compile_after`](crate::LanguageInfo)).
    pub threshold: Option<u32>,
    /// Bytes of machine code at most, of which half is for what is expected to run.
    pub budget: usize,
    /// Keep what [`Vm::list_compiled`] needs.
    #[cfg(feature = "debugging")]
    pub listings: bool,
    /// Tell `perf` what compiled functions are called, in `/tmp/perf-PID.map`.
    pub perf_map: bool,
    /// Tell debuggers that know GDB's interface for compiled code what compiled functions are called.
    #[cfg(feature = "debugging")]
    pub gdb: bool,
}

impl Default for JitOptions {
    fn default() -> Self {
        JitOptions {
            tier: Tier::default(),
            threshold: None,
            budget: 64 << 20,
            #[cfg(feature = "debugging")]
            listings: false,
            perf_map: false,
            #[cfg(feature = "debugging")]
            gdb: false,
        }
    }
}

/// What the compiler has done.
#[derive(Clone, Copy, Debug, Default)]
pub struct JitStats {
    /// Functions compiled.
    pub functions: u64,
    /// Their instructions.
    pub instructions: u64,
    /// Bytes of their bytecode.
    pub bytecode_bytes: u64,
    /// Bytes of machine code that is expected to run.
    pub hot_bytes: u64,
    /// Bytes of machine code that is not.
    pub cold_bytes: u64,
    /// Bytes of machine code in use, expected to run or not.
    pub bytes_in_use: u64,
    /// Time that it took.
    pub time: Duration,
    /// Loops that went on in compiled code.
    pub loop_entries: u64,
    /// Answers of caches that compiled code was extended by.
    pub cases_added: u64,
    /// Times that a function could not be compiled: for lack of memory, or for its size.
    pub refused: u64,
    /// Functions whose code was discarded to make room for others.
    pub evicted: u64,
    /// Whether there is memory for machine code; false before it was asked for.
    pub has_memory: bool,
    /// Whether the system has refused it.
    pub was_refused_memory: bool,
}

/// The countdown of functions that will not be compiled.
pub(crate) const NEVER: u32 = u32::MAX;
/// Whether a countdown is that of a function that will not be compiled: entering it has counted down from [`NEVER`].
pub(crate) const fn is_never(countdown: u32) -> bool {
    countdown > NEVER / 2
}

/// Jumps between two looks at the function that takes them, at most.
const JUMPS_PER_TICK: u32 = 64;

/// So many visits of instructions that it has no code for, times four for each version, and a function is compiled anew.
const CHANGES: u32 = 16;
/// How often a function is compiled at most.
const VERSIONS: u32 = 4;
/// Calls of a function that found no room until it is tried again.
const RETRY: u32 = 64;

/// The state of the compiler in a VM.
pub(crate) struct Jit {
    options: JitOptions,
    memory: Option<CodeMemory>,
    /// By code object.
    functions: HashMap<u32, Function, BuildHasherDefault<NumberHasher>>,
    evictions: Evictions,
    /// By code object.
    reentries: HashMap<u32, Reentries, BuildHasherDefault<NumberHasher>>,
    /// There is no memory, and none is to be asked for again.
    has_failed: bool,
    stats: JitStats,
}

/// A function with compiled code.
struct Function {
    compiled: Compiled,
    /// Former versions: frames may still return to them.
    retired: Vec<Compiled>,
    /// Functions are numbered as they are compiled.
    number: u64,
    /// On trial, it is not entered at its compiled code; this is the countdown that it will have again.
    trial: Option<u32>,
}

/// Hashes the number of an object: nobody chooses it to do harm.
#[derive(Default)]
struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(32);
    }
}

impl Jit {
    pub(crate) fn new(options: JitOptions) -> RefCell<Self> {
        RefCell::new(Jit {
            options,
            memory: None,
            functions: HashMap::default(),
            evictions: Evictions::default(),
            reentries: HashMap::default(),
            has_failed: false,
            stats: JitStats::default(),
        })
    }
}

impl Jit {
    /// All compiled code of a code object that frames may be in.
    fn versions(&self, code: u32) -> impl Iterator<Item = &Compiled> {
        let function = self.functions.get(&code).into_iter();
        function.flat_map(|function| function.retired.iter().chain([&function.compiled]))
    }
}

impl JitOptions {
    fn wants_copies(&self) -> bool {
        #[cfg(feature = "debugging")]
        return self.listings;
        #[cfg(not(feature = "debugging"))]
        false
    }

    /// Calls of a new function until it is compiled.
    pub(crate) fn countdown(&self, language: &LanguageInfo) -> u32 {
        match self.tier {
            Tier::Interpreter => NEVER,
            Tier::Compiler => 0,
            Tier::Automatic => self.threshold.unwrap_or(language.compile_after.calls),
        }
    }

    /// Jumps until the function that takes them is looked at.
    pub(crate) fn ticks(&self, language: &LanguageInfo) -> u32 {
        let CompileAfter { calls, jumps } = language.compile_after;
        let jumps = match self.threshold {
            None => jumps,
            Some(threshold) => scaled(threshold, jumps, calls),
        };
        match self.tier {
            Tier::Interpreter => u32::MAX,
            Tier::Compiler | Tier::Automatic => jumps.min(JUMPS_PER_TICK),
        }
    }

    /// How many calls so many jumps stand for, rounded up so that each counts.
    fn calls_for(language: &LanguageInfo, jumps: u32) -> u32 {
        scaled(jumps, language.compile_after.calls, language.compile_after.jumps).saturating_add(1)
    }
}

/// `number * factor / divisor`
fn scaled(number: u32, factor: u32, divisor: u32) -> u32 {
    let scaled = u64::from(number) * u64::from(factor) / u64::from(divisor.max(1));
    u32::try_from(scaled).unwrap_or(u32::MAX)
}

impl Vm {
    /// What the compiler has done so far.
    pub fn jit_stats(&self) -> JitStats {
        let jit = self.jit().borrow();
        let used = |half| jit.memory.as_ref().map_or(0, |memory| memory.used(half)) as u64;
        JitStats {
            bytes_in_use: used(Half::Hot) + used(Half::Cold),
            has_memory: jit.memory.is_some(),
            was_refused_memory: jit.has_failed,
            ..jit.stats
        }
    }

    /// Compiles every living function that has no compiled code yet, whether it runs or not.
    pub fn compile_all(&self) {
        let codes: Vec<u32> = self.heap().codes.borrow().iter().collect();
        for code in codes {
            // SAFETY: what is registered has not been freed.
            let code = unsafe { RawRef::<Code>::new(code).get(self) };
            if code.is_bytecode() && code.compiled.get().is_null() {
                self.compile(code);
            }
        }
    }

    pub(crate) fn jit_options(&self) -> JitOptions {
        self.jit().borrow().options
    }

    /// The interpreter has jumped often: counts for the running function. Answers where it goes on if it has compiled
    /// code now; then `Hot::pc` is what compiled code wants it to be.
    pub(crate) fn tick(&self) -> *const u8 {
        let ticks = self.jit_options().ticks(self.language());
        let hot = self.hot();
        // SAFETY: the hot part is always writable.
        unsafe { (*hot).ticks = ticks };
        // SAFETY: machine code has saved the base of a frame, whose callee is alive.
        let callee = unsafe { *(*hot).base.byte_offset(crate::abi::FRAME_CALLEE) } as u32;
        let code = self.code_of(callee);
        let counted = JitOptions::calls_for(self.language(), ticks);
        if !is_never(code.countdown.get()) {
            code.countdown.set(code.countdown.get().saturating_sub(counted));
        }
        if code.compiled.get().is_null() && code.countdown.get() == 0 {
            self.compile(code);
        }
        if code.compiled.get().is_null() {
            return ptr::null();
        }
        let mut jit = self.jit().borrow_mut();
        let Some(function) = jit.functions.get_mut(&code.raw().0) else {
            return ptr::null();
        };
        self.end_trial(function, code);
        // SAFETY: the hot part is always writable; `pc` is an instruction of the running function.
        unsafe {
            let target = function.compiled.code_at(code.offset((*hot).pc));
            (*hot).pc = code.bytecode.get();
            jit.stats.loop_entries += 1;
            target
        }
    }

    /// A function is called often, or runs instructions that have changed since it was compiled: compiles it, if that is
    /// possible, and sets its countdown anew.
    pub(crate) fn compile(&self, code: Ref<'_, Code>) {
        code.countdown.set(NEVER);
        if !code.is_bytecode() {
            return;
        }
        let jit = &mut *self.jit().borrow_mut();
        if self.watching().get() {
            // The call goes on, and counts once more.
            code.countdown.set(jit.options.countdown(self.language()).max(1));
            return;
        }
        if let Some(function) = jit.functions.get_mut(&code.raw().0)
            && self.end_trial(function, code)
        {
            return;
        }
        self.compile_now(jit, code);
    }

    /// Compiles a function, for the first time or anew.
    fn compile_now(&self, jit: &mut Jit, code: Ref<'_, Code>) {
        let start = Instant::now();
        let options = jit.options;
        let reentries = jit.reentries.remove(&code.raw().0).unwrap_or_default();
        if !jit.functions.contains_key(&code.raw().0) {
            self.retry_caches(code);
        }
        let memory = self.code_memory(jit).ok_or(Refusal::Never);
        let source = Source::of(code, options.wants_copies(), &reentries.cuts);
        let compiled = memory.and_then(|memory| compile(self.language().templates, &source, memory));
        jit.reentries.insert(code.raw().0, reentries);
        let mut compiled = match compiled {
            Ok(compiled) => compiled,
            Err(refusal) => {
                jit.stats.refused += 1;
                if refusal == Refusal::NoRoom {
                    code.countdown.set(RETRY);
                    self.want_room(jit);
                }
                return;
            }
        };
        let stats = &mut jit.stats;
        stats.functions += 1;
        stats.instructions += u64::from(compiled.instructions);
        stats.bytecode_bytes += code.bytecode().len() as u64 * 8;
        stats.hot_bytes += u64::from(compiled.hot_bytes);
        stats.cold_bytes += u64::from(compiled.cold_bytes);
        stats.time += start.elapsed();
        code.compiled.set(compiled.table());
        code.entry.set(compiled.entry());
        self.announce(code, &mut compiled, options, jit.memory.as_ref());
        let number = jit.stats.functions;
        let function = match jit.functions.entry(code.raw().0) {
            Entry::Vacant(entry) => entry.insert(Function {
                compiled,
                retired: Vec::new(),
                number,
                trial: None,
            }),
            Entry::Occupied(entry) => {
                let function = entry.into_mut();
                function.number = number;
                let old = std::mem::replace(&mut function.compiled, compiled);
                function.retired.push(old);
                function
            }
        };
        let versions = 1 + function.retired.len() as u32;
        if versions < VERSIONS {
            code.countdown.set(CHANGES << (2 * versions));
        }
        self.watch_room(jit);
    }

    /// Every function with compiled code runs it from now on, or none does. Frames that are in compiled code leave it at
    /// a safepoint.
    pub(crate) fn use_compiled_code(&self, on: bool) {
        let jit = &*self.jit().borrow();
        for (code, function) in &jit.functions {
            // SAFETY: compiled code of dead functions has gone.
            let code = unsafe { RawRef::<Code>::new(*code).get(self) };
            code.compiled
                .set(if on { function.compiled.table() } else { ptr::null() });
            if on && function.trial.is_none() {
                code.entry.set(function.compiled.entry());
            } else {
                self.enter_interpreted(code);
            }
        }
    }

    /// A function is entered in the interpreter from now on.
    fn enter_interpreted(&self, code: Ref<'_, Code>) {
        let stubs = &self.language().stubs;
        let entry = if code.is_vararg() {
            stubs.entry_vararg
        } else {
            stubs.entry_fixed
        };
        code.entry.set(entry.0);
    }

    /// The memory for code, asked for when it is first needed.
    fn code_memory<'j>(&self, jit: &'j mut Jit) -> Option<&'j mut CodeMemory> {
        let templates = self.language().templates;
        if jit.memory.is_none() && !jit.has_failed && !templates.opcodes.is_empty() {
            let symbols: Vec<*const u8> = templates.symbols.iter().map(|symbol| symbol.0).collect();
            jit.memory = CodeMemory::new(jit.options.budget, &symbols).ok();
            jit.has_failed = jit.memory.is_none();
        }
        jit.memory.as_mut()
    }

    /// Compiled code whose function has died goes.
    pub(crate) fn free_compiled(&self, code: u32) {
        let jit = &mut *self.jit().borrow_mut();
        let Some(memory) = &mut jit.memory else { return };
        jit.reentries.remove(&code);
        if let Some(function) = jit.functions.remove(&code) {
            for version in function.retired.into_iter().chain([function.compiled]) {
                version.free(memory);
            }
        }
    }

    /// An instruction remembers something else: so does its compiled code, which has cases for as many as `ways` answers.
    pub(crate) fn link_compiled(&self, code: Ref<'_, Code>, at: u32, ways: usize) {
        let jit = &mut *self.jit().borrow_mut();
        let cuts = Cuts::default();
        let (templates, source) = (self.language().templates, Source::of(code, false, &cuts));
        let Some(memory) = &mut jit.memory else { return };
        let Some(function) = jit.functions.get_mut(&code.raw().0) else {
            return;
        };
        for retired in &function.retired {
            retired.sites.refill(at, 0, memory, source.bytecode);
        }
        let compiled = &mut function.compiled;
        if compiled.sites.refill(at, ways, memory, source.bytecode) {
            let is_added = compiled.add_case(templates, &source, memory, at);
            jit.stats.cases_added += u64::from(is_added);
        }
    }

    /// An instruction of a code object forgets: so does its compiled code.
    pub(crate) fn forget_compiled(&self, code: u32, at: u32) {
        let jit = &*self.jit().borrow();
        let Some(memory) = &jit.memory else { return };
        for compiled in jit.versions(code) {
            compiled.sites.forget(at, memory);
        }
    }

    /// Does the compiled code of an instruction remember an object that has died?
    pub(crate) fn compiled_refers_to(&self, code: u32, at: u32, is_dead: impl Fn(u32) -> bool) -> bool {
        let jit = &*self.jit().borrow();
        let Some(memory) = &jit.memory else { return false };
        jit.versions(code)
            .any(|compiled| compiled.sites.refers_to(at, &is_dead, memory))
    }
}
