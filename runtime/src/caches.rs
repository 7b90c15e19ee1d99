//! What instructions remember: linking a site to a case, and forgetting.
//!
//! A *site* is an instruction with a `cache`. Its opcode says what it is: the linking form remembers nothing, a case
//! form has a key and an answer in its own words, the uncached form has given up. Machine code stores the words and asks
//! here ([`Builtin::CacheLink`](crate::Builtin)) to become the case.
//!
//! Compiled code of the instruction remembers with it, and forgets with it (`crate::jit`): what compiled code remembers, a
//! listed site does. It may have more answers than the instruction.
//!
//! What is remembered is not kept alive by it: a site that refers to something dead forgets in the collection that finds
//! it dead.

use std::cell::{Cell, RefCell};

use crate::code::Code;
use crate::heap::{Collection, Tracer};
use crate::object::{RawRef, Ref};
use crate::value::{reference_bits, reference_in_bits};
use crate::vm::Vm;

/// After this many links a site is uncached until the next full collection: its keys keep changing.
const MAX_LINKS: u16 = 32;

/// An event of the specification: `until EVENT`. What was answered before it does not hold any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CacheEvent(pub u16);

/// What a bytecode with a `cache` remembers; the same for all its forms.
#[derive(Debug)]
pub struct CacheInfo {
    /// The opcode that remembers nothing yet.
    pub linking: u16,
    /// The opcode that never will.
    pub uncached: u16,
    /// Where the `u16` is that counts links, in bytes from the instruction's start.
    pub links: u32,
    /// The words of the key that refer to objects.
    pub key: &'static [CachedReference],
    /// What the answer can be.
    pub cases: &'static [CacheCase],
    /// After which nothing that was remembered holds.
    pub until: Option<CacheEvent>,
    /// How many answers compiled code remembers.
    pub ways: usize,
    /// Of a call: its words when the callee is remembered (case 0), and when its code is (case 1).
    pub call: Option<[CallWords; 2]>,
}

/// What an instruction remembers of a call, in bytes from its start.
#[derive(Clone, Copy, Debug)]
pub struct CallWords {
    /// The callee, a value, or u32: its code.
    pub callee: u32,
    /// u64: the address of its first instruction.
    pub first: u32,
    /// u32: bytes of its frame.
    pub frame: u32,
}

/// What the answer of a `cache` can be.
#[derive(Debug)]
pub struct CacheCase {
    /// The opcode that has it remembered.
    pub opcode: u16,
    /// Its words that refer to objects.
    pub words: &'static [CachedReference],
}

/// A word of an instruction that may refer to an object, in bytes from its start.
#[derive(Clone, Copy, Debug)]
pub enum CachedReference {
    /// u32: a reference, or null.
    Reference(u32),
    /// u64: a value.
    Value(u32),
}

/// The sites of a VM that remember something.
#[derive(Default)]
pub(crate) struct Caches {
    /// Whether any may.
    is_on: bool,
    /// Without an event, then by event.
    linked: RefCell<Vec<SiteList>>,
    /// Sites that are uncached.
    uncached: RefCell<SiteList>,
    /// Sites linked since the last collection: what they refer to may be young.
    fresh: RefCell<Vec<Site>>,
}

#[derive(Default)]
struct SiteList {
    sites: Vec<Site>,
    /// How many were there at the last collection: their code is old.
    old: usize,
}

/// An instruction of a code object.
#[derive(Clone, Copy)]
struct Site {
    code: u32,
    /// Bytes from the code's first instruction.
    offset: u32,
}

impl Caches {
    /// No site has remembered anything yet; none ever will unless caches are on.
    pub(crate) fn new(is_on: bool) -> Self {
        Caches {
            is_on,
            ..Caches::default()
        }
    }
}

impl SiteList {
    /// Forgets sites whose code has died.
    fn retain(&mut self, what: Collection, lives: impl Fn(Site) -> bool) {
        let first = if what == Collection::Full { 0 } else { self.old };
        let mut kept = first;
        for index in first..self.sites.len() {
            let site = self.sites[index];
            if lives(site) {
                self.sites[kept] = site;
                kept += 1;
            }
        }
        self.sites.truncate(kept);
        self.old = kept;
    }
}

/// The instruction at a site, as fields.
struct Instruction<'v> {
    words: &'v [Cell<u64>],
}

impl<'v> Instruction<'v> {
    fn new(code: Ref<'v, Code>, offset: u32) -> Self {
        Instruction {
            words: &code.bytecode()[offset as usize / 8..],
        }
    }

    fn u64(&self, at: u32) -> u64 {
        self.words[at as usize / 8].get()
    }

    fn u32(&self, at: u32) -> u32 {
        (self.u64(at) >> (at % 8 * 8)) as u32
    }

    fn u16(&self, at: u32) -> u16 {
        self.u32(at) as u16
    }

    fn set_u16(&self, at: u32, field: u16) {
        let (word, shift) = (&self.words[at as usize / 8], at % 8 * 8);
        word.set(word.get() & !(0xFFFF << shift) | u64::from(field) << shift);
    }

    fn set_u32(&self, at: u32, field: u32) {
        let (word, shift) = (&self.words[at as usize / 8], at % 8 * 8);
        word.set(word.get() & !(0xFFFF_FFFF << shift) | u64::from(field) << shift);
    }

    fn set_u64(&self, at: u32, field: u64) {
        self.words[at as usize / 8].set(field);
    }

    fn opcode(&self) -> u16 {
        self.u16(0)
    }

    fn set_opcode(&self, opcode: u16) {
        self.set_u16(0, opcode);
    }
}

impl Vm {
    /// Makes the running instruction, which has stored its words, one of `case`. Answers whether it did: a site whose
    /// key keeps changing becomes uncached instead.
    pub(crate) fn link_cache(&self, case: u32) -> bool {
        let (site, instruction) = self.running_site();
        match self.cache_info(&instruction) {
            Some(info) => {
                let is_linked = self.caches().is_on && self.link_site(site, &instruction, info, case);
                self.statistics().missed(info, is_linked);
                is_linked
            }
            None => false,
        }
    }

    /// Makes the running instruction remember the callee of its call. Answers whether it did: a callee that wants more
    /// than its frame, or a site that keeps calling others, makes it uncached instead.
    pub(crate) fn link_call(&self, callee: u32, nargs: u32) -> bool {
        let (site, instruction) = self.running_site();
        let Some(info) = self.cache_info(&instruction) else {
            return false;
        };
        let Some(call) = info.call else { return false };
        let is_linked = self.caches().is_on && self.link_call_site(site, &instruction, info, call, callee, nargs);
        self.statistics().missed(info, is_linked);
        is_linked
    }

    fn link_call_site(
        &self,
        site: Site,
        instruction: &Instruction<'_>,
        info: &CacheInfo,
        call: [CallWords; 2],
        callee: u32,
        nargs: u32,
    ) -> bool {
        let code = self.code_of(callee);
        // What may be compiled yet, or has been, is entered as its code says.
        let stays_interpreted = crate::jit::is_never(code.countdown.get());
        let is_plain = code.entry.get() == self.language().stubs.entry_fixed.0 && nargs >= code.params();
        let is_plain = is_plain && stays_interpreted;
        if !is_plain {
            self.give_up(site, instruction, info);
            return false;
        }
        // Another closure than the one that was remembered, of the same function: closures vary here.
        let first = code.bytecode().as_ptr() as u64;
        let had_closure = instruction.opcode() == info.cases[0].opcode;
        let case = u32::from(had_closure && instruction.u64(call[0].first) == first);
        let words = call[case as usize];
        instruction.set_u64(words.first, first);
        instruction.set_u32(words.frame, 8 * code.frame_size());
        match case {
            0 => instruction.set_u64(words.callee, reference_bits(self.language().callee_leaf, callee)),
            _ => instruction.set_u32(words.callee, code.raw().0),
        }
        self.link_site(site, instruction, info, case)
    }

    /// A function is compiled for the first time: instructions that gave up, because they remember one answer, try again.
    /// Compiled code remembers more.
    pub(crate) fn retry_caches(&self, code: Ref<'_, Code>) {
        let end = code.bytecode().len() * 8;
        let mut at = 0;
        while at < end {
            let instruction = Instruction::new(code, at as u32);
            let Some(opcode) = self.language().opcodes.get(usize::from(instruction.opcode())) else {
                return;
            };
            if let Some(info) = opcode.cache.filter(|info| info.ways > 1) {
                try_again(&instruction, info);
            }
            at += opcode.length as usize;
        }
    }

    /// The running instruction.
    fn running_site(&self) -> (Site, Instruction<'_>) {
        // SAFETY: machine code has saved its state; the callee of the running frame is alive, and its code is bytecode.
        let (code, pc) = unsafe {
            let hot = self.hot();
            let callee = *(*hot).base.byte_offset(crate::abi::FRAME_CALLEE) as u32;
            (self.code_of(callee), (*hot).pc)
        };
        let site = Site {
            code: code.raw().0,
            offset: code.offset(pc),
        };
        (site, Instruction::new(code, site.offset))
    }

    fn give_up(&self, site: Site, instruction: &Instruction<'_>, info: &CacheInfo) {
        instruction.set_opcode(info.uncached);
        self.forget_compiled(site.code, site.offset);
        self.caches().uncached.borrow_mut().sites.push(site);
    }

    fn link_site(&self, site: Site, instruction: &Instruction<'_>, info: &CacheInfo, case: u32) -> bool {
        let links = instruction.u16(info.links);
        let was_linked = instruction.opcode() != info.linking;
        let caches = self.caches();
        if links >= MAX_LINKS {
            self.give_up(site, instruction, info);
            return false;
        }
        instruction.set_u16(info.links, links + 1);
        instruction.set_opcode(info.cases[case as usize].opcode);
        if !was_linked {
            let list = info.until.map_or(0, |event| 1 + usize::from(event.0));
            let mut linked = caches.linked.borrow_mut();
            if linked.len() <= list {
                linked.resize_with(list + 1, SiteList::default);
            }
            linked[list].sites.push(site);
        }
        caches.fresh.borrow_mut().push(site);
        self.link_compiled(self.code(site), site.offset, info.ways);
        true
    }

    /// The event has happened: nothing holds any more that was to hold until then.
    pub fn invalidate(&self, event: CacheEvent) {
        let list = 1 + usize::from(event.0);
        let Some(list) = self.caches().linked.borrow_mut().get_mut(list).map(std::mem::take) else {
            return;
        };
        for site in list.sites {
            let instruction = self.instruction(site);
            if let Some(info) = self.cache_info(&instruction) {
                self.forget_cached(site, &instruction, info);
            }
        }
    }

    /// Makes sites forget what a collection has found dead, before its memory is used again.
    pub(crate) fn sweep_caches(&self, what: Collection, marks: &Tracer<'_>) {
        let caches = self.caches();
        let lives = |site: Site| marks.is_marked(site.code);
        caches.uncached.borrow_mut().retain(what, lives);
        for list in caches.linked.borrow_mut().iter_mut() {
            list.retain(what, lives);
        }
        let fresh = std::mem::take(&mut *caches.fresh.borrow_mut());
        let mut has_forgotten = what == Collection::Full;
        match what {
            Collection::Minor => {
                for site in fresh.into_iter().filter(|site| lives(*site)) {
                    has_forgotten |= self.sweep_site(site, marks);
                }
            }
            Collection::Full => {
                for list in caches.linked.borrow().iter() {
                    for site in &list.sites {
                        self.sweep_site(*site, marks);
                    }
                }
                // The program may be in another phase: they try again.
                for site in std::mem::take(&mut *caches.uncached.borrow_mut()).sites {
                    let instruction = self.instruction(site);
                    if let Some(info) = self.cache_info(&instruction) {
                        try_again(&instruction, info);
                    }
                }
            }
        }
        if !has_forgotten {
            return;
        }
        // A site that has forgotten is linked, and listed, again when it is run.
        for list in caches.linked.borrow_mut().iter_mut() {
            list.retain(Collection::Full, |site| {
                let instruction = self.instruction(site);
                let info = self.cache_info(&instruction);
                info.is_some_and(|info| instruction.opcode() != info.linking && instruction.opcode() != info.uncached)
            });
        }
    }

    /// Makes a site forget what refers to something dead. Answers whether it did.
    fn sweep_site(&self, site: Site, marks: &Tracer<'_>) -> bool {
        let instruction = self.instruction(site);
        let Some(info) = self.cache_info(&instruction) else {
            return false;
        };
        let Some(case) = info.cases.iter().find(|case| case.opcode == instruction.opcode()) else {
            return false;
        };
        let is_dead = |word: &CachedReference| match *word {
            CachedReference::Reference(at) => {
                let reference = instruction.u32(at);
                reference != 0 && !marks.is_marked(reference)
            }
            CachedReference::Value(at) => {
                reference_in_bits(instruction.u64(at)).is_some_and(|reference| !marks.is_marked(reference))
            }
        };
        let forgets = info.key.iter().chain(case.words).any(is_dead)
            || self.compiled_refers_to(site.code, site.offset, |object| object != 0 && !marks.is_marked(object));
        if forgets {
            self.forget_cached(site, &instruction, info);
        }
        forgets
    }

    fn forget_cached(&self, site: Site, instruction: &Instruction<'_>, info: &CacheInfo) {
        if instruction.opcode() != info.uncached {
            instruction.set_opcode(info.linking);
            self.forget_compiled(site.code, site.offset);
        }
    }

    fn instruction(&self, site: Site) -> Instruction<'_> {
        Instruction::new(self.code(site), site.offset)
    }

    fn code(&self, site: Site) -> Ref<'_, Code> {
        // SAFETY: sites of dead code leave the lists before its memory is used again.
        unsafe { RawRef::<Code>::new(site.code).get(self) }
    }

    fn cache_info(&self, instruction: &Instruction<'_>) -> Option<&'static CacheInfo> {
        self.language().opcodes.get(usize::from(instruction.opcode()))?.cache
    }
}

/// An instruction that gave up may remember again.
fn try_again(instruction: &Instruction<'_>, info: &CacheInfo) {
    if instruction.opcode() == info.uncached {
        instruction.set_u16(info.links, 0);
        instruction.set_opcode(info.linking);
    }
}
