//! Caches in compiled code.
//!
//! The code of an instruction that remembers something consists of *cases*. Each holds a key and an answer in its own
//! bytes: it goes on with the answer if the key is the one it finds, and to the next case otherwise. The first case stands
//! in the main path, or a jump to it if the instruction remembered nothing when it was compiled. What the instruction
//! remembers later is added behind it, in cold memory, as long as the cache has ways. Behind the last case the instruction
//! is run as what it has become.
//!
//! When an instruction forgets, so do all its cases: their key becomes one that no object has. A case that has forgotten
//! holds the next answer of its kind. The bytes are changed only while control is in the runtime, hence never between the
//! comparison of a key and the use of its answer: nothing that a bytecode calls there runs other instructions.

use std::cell::Cell;

use super::memory::{CodeMemory, Half, Piece};
use super::registers::{REGISTERS, field_i32, field_u16};
use super::template::{Patch, PatchKind, Version};

/// A reference that no object has: an object does not fit in behind it.
const IMPOSSIBLE: u32 = u32::MAX;

/// One case of an instruction.
#[derive(Clone, Copy)]
pub(super) struct Case {
    /// The instruction's distance from the first one in bytes.
    pub(super) at: u32,
    pub(super) opcode: u16,
    /// What it is a copy of.
    pub(super) version: &'static Version,
    /// The registers of the template.
    pub(super) registers: [u8; REGISTERS],
    /// Where its hot and its cold code are in the memory for code.
    pub(super) hot: u32,
    pub(super) cold: u32,
}

/// What compiled code of a function remembers.
#[derive(Default)]
pub(super) struct Sites {
    /// Those in the main path, in the order of their instructions, then those added.
    cases: Vec<Case>,
    /// How many are in the main path.
    in_path: usize,
    /// Memory of those added.
    added: Vec<Piece>,
}

impl Sites {
    /// Those of the main path, which hold what their instructions remember.
    pub(super) fn new(cases: Vec<Case>, memory: &CodeMemory, bytecode: &[Cell<u64>]) -> Self {
        for case in &cases {
            case.fill(memory, bytecode);
        }
        Sites {
            in_path: cases.len(),
            cases,
            added: Vec::new(),
        }
    }

    /// The case of the main path, then the others in the order in which they are tried.
    fn at(&self, at: u32) -> impl Iterator<Item = &Case> {
        let (in_path, added) = self.cases.split_at(self.in_path);
        let first = in_path.binary_search_by_key(&at, |case| case.at).ok();
        first
            .map(|index| &in_path[index])
            .into_iter()
            .chain(added.iter().filter(move |case| first.is_some() && case.at == at))
    }

    /// The instruction remembers something else: a case that has forgotten, or has this key already, holds it from now
    /// on. Otherwise answers whether there may be one case more.
    pub(super) fn refill(&self, at: u32, ways: usize, memory: &CodeMemory, bytecode: &[Cell<u64>]) -> bool {
        let opcode = field_u16(bytecode, at as usize);
        let is_free =
            |case: &&Case| case.opcode == opcode && (case.has_forgotten(memory) || case.has_key(memory, bytecode));
        if let Some(case) = self.at(at).find(is_free) {
            case.fill(memory, bytecode);
            return false;
        }
        let cases = self.at(at).filter(|case| case.key().next().is_some()).count();
        cases < ways && self.at(at).next().is_some()
    }

    /// The case of the main path of an instruction.
    pub(super) fn first(&self, at: u32) -> Option<Case> {
        self.at(at).next().copied()
    }

    /// Adds a case behind the others of its instruction.
    pub(super) fn add(&mut self, case: Case, piece: Piece, memory: &CodeMemory, bytecode: &[Cell<u64>]) {
        case.fill(memory, bytecode);
        if let Some(last) = self.at(case.at).last() {
            last.link(case.hot, memory);
        }
        self.cases.push(case);
        self.added.push(piece);
    }

    /// The instruction at `at` forgets.
    pub(super) fn forget(&self, at: u32, memory: &CodeMemory) {
        for case in self.at(at) {
            case.forget(memory);
        }
    }

    /// Does any case of the instruction refer to an object that is not alive?
    pub(super) fn refers_to(&self, at: u32, is_dead: impl Fn(u32) -> bool, memory: &CodeMemory) -> bool {
        self.at(at).any(|case| {
            let mut patches = case.version.patches.iter();
            !case.has_forgotten(memory)
                && patches.any(|patch| {
                    matches!(patch.kind, PatchKind::CacheKey | PatchKind::CacheReference)
                        && is_dead(memory.read_u32(case.place(patch)))
                })
        })
    }

    /// Gives back the memory of the cases that were added.
    pub(super) fn free(self, memory: &mut CodeMemory) {
        for piece in self.added {
            memory.free(Half::Cold, piece);
        }
    }
}

impl Case {
    /// The end of its hot code in the memory.
    pub(super) fn end(self) -> usize {
        (self.hot + self.version.hot.length) as usize
    }

    /// Where a field is in the memory.
    fn place(self, patch: &Patch) -> usize {
        let start = if patch.is_cold { self.cold } else { self.hot };
        start as usize + usize::from(patch.at)
    }

    fn key(self) -> impl Iterator<Item = &'static Patch> {
        let patches = self.version.patches.iter();
        patches.filter(|patch| patch.kind == PatchKind::CacheKey)
    }

    fn has_forgotten(self, memory: &CodeMemory) -> bool {
        self.key().any(|patch| memory.read_u32(self.place(patch)) == IMPOSSIBLE)
    }

    /// Is its key that of the instruction?
    fn has_key(self, memory: &CodeMemory, bytecode: &[Cell<u64>]) -> bool {
        self.key()
            .all(|patch| memory.read_u32(self.place(patch)) == self.field(patch, bytecode))
    }

    fn field(self, patch: &Patch, bytecode: &[Cell<u64>]) -> u32 {
        field_i32(bytecode, self.at as usize + usize::from(patch.source)) as u32
    }

    /// Holds what the instruction remembers, which is of this case.
    fn fill(self, memory: &CodeMemory, bytecode: &[Cell<u64>]) {
        let mut fits = true;
        for patch in self.version.patches {
            let word = self.field_if_cached(patch, bytecode);
            let Some(word) = word else { continue };
            let number = match patch.scale {
                1 => Some(word.wrapping_add(patch.addend as u32)),
                // A displacement, which is signed.
                scale => i32::try_from(i64::from(word) * i64::from(scale) + i64::from(patch.addend))
                    .ok()
                    .map(|number| number as u32),
            };
            fits &= number.is_some();
            memory.write_u32(self.place(patch), number.unwrap_or_default());
        }
        if !fits {
            self.forget(memory);
        }
    }

    /// The instruction's word for a field that holds what is remembered.
    fn field_if_cached(self, patch: &Patch, bytecode: &[Cell<u64>]) -> Option<u32> {
        let is_cached = matches!(
            patch.kind,
            PatchKind::CacheKey | PatchKind::CacheReference | PatchKind::CacheNumber
        );
        is_cached.then(|| self.field(patch, bytecode))
    }

    fn forget(self, memory: &CodeMemory) {
        for patch in self.key() {
            memory.write_u32(self.place(patch), IMPOSSIBLE);
        }
    }

    /// With another key it goes to the code at `target` in the memory.
    fn link(self, target: u32, memory: &CodeMemory) {
        let patches = self.version.patches.iter();
        for patch in patches.filter(|patch| patch.kind == PatchKind::Link) {
            let place = self.place(patch);
            let distance = target as i32 - place as i32;
            memory.write_u32(place, distance.wrapping_add(patch.addend) as u32);
        }
    }
}
