//! What instructions that remember have found: states of sites, hits, misses.
//!
//! Misses are counted where they are answered, by the runtime. Hits never leave machine code; they are known when each
//! instruction is counted ([`Options::count_instructions`](crate::Options)), which the dispatch table does: nothing asks
//! whether it is to be counted.

use std::cell::Cell;

use crate::caches::CacheInfo;
use crate::code::Code;
use crate::language::LanguageInfo;
use crate::object::RawRef;
use crate::vm::Vm;

/// Counters, by opcode.
pub(crate) struct Statistics {
    /// Misses, at the opcode that remembers nothing yet.
    misses: Box<[Cell<u64>]>,
    /// Misses whose answer was remembered, likewise.
    links: Box<[Cell<u64>]>,
    /// Instructions that have run, if they are counted.
    runs: Option<Box<[Cell<u64>]>>,
}

/// What the sites of a bytecode's variant have found, and what they are now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SiteStats {
    /// The variant.
    pub name: &'static str,
    /// Times that a site looked its answer up, because it remembered none or another one. Sites that have given up are
    /// not counted.
    pub misses: u64,
    /// Times that what a site remembered was right; known when instructions are counted.
    pub hits: Option<u64>,
    /// Times that a site that has given up ran; known likewise.
    pub uncached: Option<u64>,
    /// How many sites of living functions are in which state.
    pub sites: Vec<(&'static str, u64)>,
}

impl Statistics {
    pub(crate) fn new(language: &LanguageInfo, counts_instructions: bool) -> Self {
        let zeros = || vec![Cell::new(0); language.opcodes.len()].into_boxed_slice();
        Statistics {
            misses: zeros(),
            links: zeros(),
            runs: counts_instructions.then(zeros),
        }
    }

    /// A site has looked its answer up.
    pub(crate) fn missed(&self, info: &CacheInfo, was_linked: bool) {
        add(&self.misses, info.linking, 1);
        add(&self.links, info.linking, u64::from(was_linked));
    }
}

fn add(counters: &[Cell<u64>], opcode: u16, number: u64) {
    if let Some(counter) = counters.get(usize::from(opcode)) {
        counter.set(counter.get() + number);
    }
}

impl Vm {
    /// The instruction at `Hot::pc` is about to run.
    pub(crate) fn count_instruction(&self) {
        if let Some(runs) = &self.statistics().runs {
            // SAFETY: at a safepoint, the program counter is at an instruction.
            let opcode = unsafe { *(*self.hot()).pc.cast::<u16>() };
            add(runs, opcode, 1);
        }
    }

    /// What the sites of each variant have found so far; those that never ran and are nowhere are left out.
    pub fn site_stats(&self) -> Vec<SiteStats> {
        let opcodes = self.language().opcodes;
        let states = self.sites_by_opcode();
        let mut all = Vec::new();
        for (opcode, info) in opcodes.iter().enumerate() {
            let Some(cache) = info.cache.filter(|cache| usize::from(cache.linking) == opcode) else {
                continue;
            };
            let statistics = self.statistics();
            let misses = statistics.misses[opcode].get();
            let cases = cache.cases.iter().map(|case| case.opcode);
            let runs = |opcodes: &mut dyn Iterator<Item = u16>| {
                let runs = statistics.runs.as_ref()?;
                Some(opcodes.map(|opcode| runs[usize::from(opcode)].get()).sum::<u64>())
            };
            // An instruction whose answer is remembered runs once more, to find it.
            let runs_cached = runs(&mut cases.clone().chain([cache.linking]));
            let hits = runs_cached.map(|runs| runs.saturating_sub(misses + statistics.links[opcode].get()));
            let named = [(cache.linking, "empty"), (cache.uncached, "uncached")];
            let sites = named.into_iter().chain(cases.map(|case| {
                let name = opcodes[usize::from(case)].name;
                (
                    case,
                    name.strip_prefix(info.name)
                        .map_or(name, |case| case.trim_start_matches('.')),
                )
            }));
            let sites: Vec<_> = sites
                .map(|(opcode, name)| (name, states[usize::from(opcode)]))
                .filter(|(_, count)| *count > 0)
                .collect();
            if misses > 0 || !sites.is_empty() {
                all.push(SiteStats {
                    name: info.name,
                    misses,
                    hits,
                    uncached: runs(&mut [cache.uncached].into_iter()),
                    sites,
                });
            }
        }
        all
    }

    /// How many instructions of living functions have each opcode.
    fn sites_by_opcode(&self) -> Vec<u64> {
        let opcodes = self.language().opcodes;
        let mut counts = vec![0; opcodes.len()];
        for code in self.heap().codes.borrow().iter() {
            // SAFETY: what is registered has not been freed.
            let bytecode = unsafe { RawRef::<Code>::new(code).get(self) }.bytecode();
            let mut at = 0;
            while at < bytecode.len() {
                let opcode = usize::from(bytecode[at].get() as u16);
                let Some(info) = opcodes.get(opcode) else { break };
                counts[opcode] += 1;
                at += (info.length as usize / 8).max(1);
            }
        }
        counts
    }
}
