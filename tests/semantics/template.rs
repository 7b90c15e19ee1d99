//! Templates of compiled code, filled in for the instruction of a situation.

use std::collections::HashMap;

use dg_backend_x64::code::{CodeObject, HoleField, RelocationKind};
use dg_compiler::emit::TemplateVersion;
use dg_compiler::lower::{Hole, HoleSource};

use crate::arena::{Arena, PC};
use crate::link::{Linked, NEXT, TARGET};
use crate::scenario::Scenario;

/// The instruction's distance from the function's first one.
pub const POSITION: usize = 64;

/// Fills in a version of a template and puts it where it runs; answers its entry. What follows the instruction, and what its label
/// names, are exits.
///
/// What is linked to the template is `miss`, as where there is no other case.
pub fn place(
    version: &TemplateVersion,
    miss: &TemplateVersion,
    linked: &Linked,
    arena: &Arena,
    scenario: &Scenario,
) -> u64 {
    let mut filler = Filler {
        linked,
        arena,
        scenario,
        bytes: Vec::new(),
        symbols: HashMap::new(),
        next: 0,
        miss: 0,
    };
    let hot: Vec<usize> = version.parts.iter().map(|part| filler.append(&part.hot)).collect();
    filler.next = filler.address(filler.bytes.len());
    filler.jump(linked.exit(NEXT));
    let cold = version.parts.iter().map(|part| part.cold.as_ref());
    let cold: Vec<Option<usize>> = cold.map(|cold| cold.map(|cold| filler.append(cold))).collect();
    filler.miss = filler.address(filler.bytes.len());
    for part in &miss.parts {
        let start = filler.append(&part.hot);
        filler.fill(&part.hot, start, &part.holes);
    }
    for ((part, hot), cold) in version.parts.iter().zip(hot).zip(cold) {
        filler.fill(&part.hot, hot, &part.holes);
        if let (Some(object), Some(at)) = (&part.cold, cold) {
            filler.fill(object, at, &part.holes);
        }
    }
    linked.write_scratch(&filler.bytes);
    linked.scratch()
}

struct Filler<'a> {
    linked: &'a Linked,
    arena: &'a Arena,
    scenario: &'a Scenario,
    bytes: Vec<u8>,
    symbols: HashMap<String, u64>,
    next: u64,
    miss: u64,
}

impl Filler<'_> {
    fn address(&self, at: usize) -> u64 {
        self.linked.scratch() + at as u64
    }

    fn append(&mut self, object: &CodeObject) -> usize {
        let start = self.bytes.len();
        self.bytes.extend(&object.bytes);
        for site in &object.symbols {
            let at = self.address(start + site.offset as usize);
            self.symbols.insert(site.symbol.name().to_owned(), at);
        }
        start
    }

    /// `jmp target`
    fn jump(&mut self, target: u64) {
        let end = self.address(self.bytes.len() + 5);
        self.bytes.push(0xE9);
        self.bytes.extend((target.wrapping_sub(end) as i32).to_le_bytes());
    }

    fn fill(&mut self, object: &CodeObject, start: usize, holes: &[Hole]) {
        for site in &object.holes {
            let value = self.value(holes[usize::from(site.kind.0)]);
            let value = match site.field {
                HoleField::Value => value,
                HoleField::Distance { end } => value.wrapping_sub(self.address(start + end as usize) as i64),
            };
            let at = start + site.offset as usize;
            let width = site.width.bytes();
            self.bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        for relocation in &object.relocations {
            assert_eq!(relocation.kind, RelocationKind::PcRelative32);
            let name = relocation.symbol.name();
            let own = self.symbols.get(name).copied();
            let target = own.unwrap_or_else(|| self.linked.compiled_symbol(name));
            let at = start + relocation.offset as usize;
            let distance = target
                .wrapping_add_signed(relocation.addend)
                .wrapping_sub(self.address(at));
            self.bytes[at..at + 4].copy_from_slice(&(distance as i32).to_le_bytes());
        }
    }

    fn value(&self, hole: Hole) -> i64 {
        let source = match hole.source {
            HoleSource::U16(offset) => self.arena.read(PC + offset as usize, 2) as i64,
            HoleSource::I32(offset)
            | HoleSource::CacheKey(offset)
            | HoleSource::CacheReference(offset)
            | HoleSource::CacheNumber(offset) => i64::from(self.arena.read(PC + offset as usize, 4) as i32),
            HoleSource::Link => return self.miss as i64,
            HoleSource::Position => POSITION as i64,
            HoleSource::FrameSize => self.scenario.frame_size.into(),
            HoleSource::Next => return self.next as i64,
            HoleSource::Target(_) => return self.linked.exit(TARGET) as i64,
            HoleSource::Bytecode => return self.arena.address(PC - POSITION) as i64,
            HoleSource::Params => panic!("{hole:?} is of entries"),
            HoleSource::Slot | HoleSource::Place => panic!("{hole:?} is not of instructions"),
        };
        source * i64::from(hole.scale) + i64::from(hole.addend)
    }
}
