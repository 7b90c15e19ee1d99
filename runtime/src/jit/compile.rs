//! The compiler: copies the template of each instruction, and fills it in.
//!
//! While it goes from instruction to instruction, it knows what is in registers ([`super::registers`]) and which version
//! of a template that allows. Where nothing is in registers, an instruction's code can be entered from anywhere. Where
//! something is, control that comes from outside (after an instruction has left its expected path) runs the
//! instruction without its code, and so on until nothing is in registers; a loop has an entry that loads what its
//! code counts on.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;

use super::fill::{self, Fill, Inputs};
use super::memory::{CodeMemory, Half, Piece};
use super::registers::{Kept, REGISTERS, State, Step, field_i32, field_u16};
use super::sites::{Case, Sites};
use super::survey::{Arrivals, Survey, template_at};
use super::template::{Bytes, Patch, PatchKind, Template, Templates, Version};
use crate::code::Code;
use crate::object::Ref;

/// What is to be compiled.
pub(super) struct Source<'a> {
    /// The instructions.
    pub(super) bytecode: &'a [Cell<u64>],
    /// Slots of a frame.
    pub(super) frame_size: u32,
    /// Named parameters.
    pub(super) params: u32,
    /// Does it keep surplus arguments?
    pub(super) is_vararg: bool,
    /// Is it to be known what was copied where?
    pub(super) wants_copies: bool,
    /// Where nothing is to be in registers.
    pub(super) cuts: &'a Cuts,
}

impl<'a> Source<'a> {
    /// A function made of instructions.
    pub(super) fn of(code: Ref<'a, Code>, wants_copies: bool, cuts: &'a Cuts) -> Self {
        Source {
            bytecode: code.bytecode(),
            frame_size: code.frame_size(),
            params: code.params(),
            is_vararg: code.is_vararg(),
            wants_copies,
            cuts,
        }
    }
}

/// Instructions that control came to from outside too often to have anything in registers there.
#[derive(Default)]
pub(super) struct Cuts {
    /// By byte offset.
    at: BTreeSet<usize>,
    /// All instructions.
    everywhere: bool,
}

impl Cuts {
    pub(super) fn contains(&self, at: usize) -> bool {
        self.everywhere || self.at.contains(&at)
    }

    /// Adds, of the instructions that control came to, those that it did not come to from one of the others.
    pub(super) fn add(&mut self, templates: &Templates, bytecode: &[Cell<u64>], entered: &BTreeSet<usize>) {
        let (mut at, mut before) = (0, None);
        while let Some(template) = (at < bytecode.len() * 8)
            .then(|| template_at(templates, bytecode, at))
            .flatten()
        {
            if entered.contains(&at) && !before.is_some_and(|before| entered.contains(&before)) {
                self.at.insert(at);
            }
            before = Some(at);
            at += template.length as usize;
        }
    }

    /// Nothing is to be in registers anywhere.
    pub(super) fn add_all(&mut self) {
        self.everywhere = true;
    }
}

/// Compiled code of a function.
pub(super) struct Compiled {
    /// What machine code reads: the address of the code, then for each word of the bytecode the offset of its code,
    /// `u32` each.
    table: Box<[u64]>,
    pub(super) hot: Piece,
    pub(super) cold: Piece,
    pub(super) sites: Sites,
    /// Instructions.
    pub(super) instructions: u32,
    /// Bytes of hot and of cold code.
    pub(super) hot_bytes: u32,
    pub(super) cold_bytes: u32,
    /// What was copied where, if that was asked for.
    #[cfg_attr(not(feature = "debugging"), allow(dead_code, reason = "for listings"))]
    pub(super) copies: Option<Box<[Copied]>>,
    /// What a debugger knows of it.
    #[cfg(feature = "debugging")]
    pub(super) registration: Option<super::gdb::Registration>,
}

/// Where the code of an instruction begins.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "debugging"), allow(dead_code, reason = "for listings"))]
pub(super) struct Copied {
    pub(super) template: &'static Template,
    /// Byte offset of the instruction.
    pub(super) at: u32,
    /// Offset in the function's hot code, and in its cold code.
    pub(super) hot: u32,
    pub(super) cold: u32,
}

impl Compiled {
    /// What machine code reads.
    pub(super) fn table(&self) -> *const u64 {
        self.table.as_ptr()
    }

    /// Where the function is entered.
    pub(super) fn entry(&self) -> *const u8 {
        self.table[0] as *const u8
    }

    /// Where the instruction at a byte offset is entered from outside.
    pub(super) fn code_at(&self, offset: u32) -> *const u8 {
        self.entry().wrapping_add(self.offset_at(offset) as usize)
    }

    /// Adds a case to the instruction at a byte offset, of what it remembers. Answers whether that was possible.
    pub(super) fn add_case(
        &mut self,
        templates: &Templates,
        source: &Source<'_>,
        memory: &mut CodeMemory,
        at: u32,
    ) -> bool {
        let (Some(template), Some(first), Some(stubs)) = (
            template_at(templates, source.bytecode, at as usize),
            self.sites.first(at),
            Stubs::of(templates),
        ) else {
            return false;
        };
        let version = &template.versions[0];
        if !version.is_linked || !template.reads.is_empty() || !version.can_follow(first.version) {
            return false;
        }
        // Where nothing ran into the next instruction, its code may count on registers that came from elsewhere.
        let (end, registers) = match first.version.next {
            Some(_) => (memory.run(first.end()), first.registers),
            None => (
                self.code_at(at + template.length),
                std::array::from_fn(|register| register as u8),
            ),
        };
        let (go_to, miss) = (&stubs.go_to.versions[0], &stubs.miss.versions[0]);
        let room = |bytes: u32| (bytes as usize).next_multiple_of(Bytes::BLOCK) + Bytes::BLOCK;
        let hot = room(version.hot.length + go_to.hot.length);
        let cold = room(version.cold.length + miss.hot.length);
        let Some(piece) = memory.allocate(Half::Cold, hot + cold) else {
            return false;
        };
        let middle = piece.start + hot;
        let mut writer = Writer {
            templates,
            source,
            stubs,
            hot: Cursor::new(memory, &(piece.start..middle)),
            cold: Cursor::new(memory, &(middle..piece.end)),
            table: Box::default(),
            labels: Vec::new(),
            heads: Vec::new(),
            arrivals: Arrivals::default(),
            forward: Vec::new(),
            fill: Fill::new(source.frame_size, source.params, templates.symbols.as_ptr().cast()),
            copies: None,
            link: None,
            cases: Vec::new(),
        };
        let mut copy = Copy::of(at as usize);
        copy.registers = registers;
        writer.copy(Half::Hot, version, &copy);
        copy.place = end;
        writer.copy(Half::Hot, go_to, &copy);
        for case in writer.cases {
            self.sites.add(case, piece.clone(), memory, source.bytecode);
        }
        true
    }

    /// Gives its memory back.
    pub(super) fn free(self, memory: &mut CodeMemory) {
        memory.free(Half::Hot, self.hot);
        memory.free(Half::Cold, self.cold);
        self.sites.free(memory);
    }

    /// Offset of the same.
    pub(super) fn offset_at(&self, offset: u32) -> u32 {
        let word = offset / 8;
        (self.table[1 + word as usize / 2] >> (32 * (word % 2))) as u32
    }
}

/// Why a function is not compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// There is no room at the moment.
    NoRoom,
    /// It would fill more than half of the memory, or is not made of the language's instructions.
    Never,
}

/// Compiles a function.
pub(super) fn compile(
    templates: &Templates,
    source: &Source<'_>,
    memory: &mut CodeMemory,
) -> Result<Compiled, Refusal> {
    let stubs = Stubs::of(templates).ok_or(Refusal::Never)?;
    let survey = Survey::of(templates, source.bytecode, source.cuts).ok_or(Refusal::Never)?;
    if survey.hot.max(survey.cold) > memory.capacity() / 2 {
        return Err(Refusal::Never);
    }
    // Whole blocks are copied: the last one may reach beyond what counts.
    let hot = memory.allocate(Half::Hot, survey.hot + Bytes::BLOCK);
    let hot = hot.ok_or(Refusal::NoRoom)?;
    let Some(cold) = memory.allocate(Half::Cold, survey.cold + Bytes::BLOCK) else {
        memory.free(Half::Hot, hot);
        return Err(Refusal::NoRoom);
    };
    let table = vec![0; 1 + source.bytecode.len().div_ceil(2)].into_boxed_slice();
    let mut writer = Writer {
        templates,
        source,
        stubs,
        hot: Cursor::new(memory, &hot),
        cold: Cursor::new(memory, &cold),
        table,
        labels: vec![0; source.bytecode.len()],
        heads: Vec::with_capacity(survey.heads.len()),
        arrivals: Arrivals::default(),
        forward: Vec::new(),
        fill: Fill::new(source.frame_size, source.params, templates.symbols.as_ptr().cast()),
        copies: source.wants_copies.then(Vec::new),
        link: None,
        cases: Vec::new(),
    };
    writer.table[0] = writer.hot.run as u64;
    writer.all(&survey);
    let (hot_bytes, cold_bytes) = (writer.hot.used, writer.cold.used);
    let (table, cases) = (writer.table, writer.cases);
    Ok(Compiled {
        table,
        sites: Sites::new(cases, memory, source.bytecode),
        hot: memory.shrink(Half::Hot, hot, hot_bytes),
        cold: memory.shrink(Half::Cold, cold, cold_bytes),
        instructions: survey.instructions,
        hot_bytes: hot_bytes as u32,
        cold_bytes: cold_bytes as u32,
        copies: writer.copies.map(Vec::into_boxed_slice),
        #[cfg(feature = "debugging")]
        registration: None,
    })
}

/// The templates that are not of instructions.
#[derive(Clone, Copy)]
struct Stubs {
    entry_fixed: &'static Template,
    entry_vararg: &'static Template,
    loop_head: &'static Template,
    load: &'static Template,
    check: &'static Template,
    reenter: &'static Template,
    go_to: &'static Template,
    miss: &'static Template,
}

impl Stubs {
    fn of(templates: &Templates) -> Option<Self> {
        let [entry_fixed, entry_vararg, loop_head, load, check, reenter, go_to, miss] = templates.stubs else {
            return None;
        };
        Some(Stubs {
            entry_fixed,
            entry_vararg,
            loop_head,
            load,
            check,
            reenter,
            go_to,
            miss,
        })
    }
}

/// Where code is written next.
struct Cursor {
    /// Where the first byte of the piece is written, and where it runs.
    write: *mut u8,
    run: *const u8,
    size: usize,
    used: usize,
    /// Where the piece starts in the memory.
    start: usize,
}

impl Cursor {
    fn new(memory: &CodeMemory, piece: &Range<usize>) -> Self {
        Cursor {
            write: memory.write(piece.start),
            run: memory.run(piece.start),
            size: piece.len(),
            used: 0,
            start: piece.start,
        }
    }

    /// Where the next byte runs.
    fn here(&self) -> *const u8 {
        self.run.wrapping_add(self.used)
    }

    /// Appends code; answers its offset.
    fn append(&mut self, code: &Bytes) -> usize {
        let start = self.used;
        assert!(
            size_of_val(code.blocks) <= self.size - start,
            "the survey found the sizes"
        );
        for (index, block) in code.blocks.iter().enumerate() {
            // SAFETY: the piece has room, as was just checked.
            unsafe {
                let place = self.write.add(start + index * Bytes::BLOCK);
                place.cast::<[u8; Bytes::BLOCK]>().write_unaligned(*block);
            }
        }
        self.used += code.length as usize;
        start
    }

    /// The copy of a half of a template.
    fn copied(&self, offset: usize) -> fill::Copied {
        fill::Copied {
            write: self.write.wrapping_add(offset),
            run: self.run.wrapping_add(offset),
        }
    }

    /// Writes a field.
    fn set<const N: usize>(&mut self, offset: usize, bytes: [u8; N]) {
        debug_assert!(offset + N <= self.used);
        // SAFETY: fields are inside of what was appended.
        unsafe { self.write.add(offset).cast::<[u8; N]>().write_unaligned(bytes) };
    }

    /// Writes three bits of a byte, from bit `shift` on.
    fn set_register(&mut self, offset: usize, shift: i16, register: u8) {
        debug_assert!(offset < self.used);
        // SAFETY: fields are inside of what was appended.
        unsafe {
            let byte = self.write.add(offset);
            *byte = *byte & !(7 << shift) | register << shift;
        }
    }
}

struct Writer<'a> {
    templates: &'a Templates,
    source: &'a Source<'a>,
    stubs: Stubs,
    hot: Cursor,
    cold: Cursor,
    table: Box<[u64]>,
    /// By word of the bytecode: offset of the hot code that control goes to from other instructions.
    labels: Vec<u32>,
    /// The beginnings of loops that have been written.
    heads: Vec<WrittenHead>,
    arrivals: Arrivals,
    /// Distances to code that was not there yet.
    forward: Vec<Forward>,
    fill: Fill,
    copies: Option<Vec<Copied>>,
    /// The field of the last copy that code is linked to: whether it is cold, where it is, what is added.
    link: Option<(bool, usize, i32)>,
    /// Cases of caches, in the order of their instructions.
    cases: Vec<Case>,
}

/// Where a loop begins.
struct WrittenHead {
    at: usize,
    state: State,
    /// The code that counts on `state`.
    code: *const u8,
    /// Code that leaves the compiled one for this instruction.
    leave: *const u8,
}

/// A distance to be filled in when the code of its target is there.
struct Forward {
    is_cold: bool,
    field: usize,
    addend: i32,
    /// Byte offset of the target in the bytecode.
    target: usize,
}

/// What a copy of a template is filled in with, besides its instruction.
struct Copy {
    /// The instruction.
    at: usize,
    registers: [u8; REGISTERS],
    slot: u16,
    place: *const u8,
    /// Where cold code goes that is followed by the next instruction; `None`: where all other code does.
    next_of_cold: Option<*const u8>,
    /// What is in registers where the label is gone to.
    target: Option<State>,
}

impl Copy {
    const fn of(at: usize) -> Self {
        Copy {
            at,
            registers: [0; REGISTERS],
            slot: 0,
            place: std::ptr::null(),
            next_of_cold: None,
            target: None,
        }
    }
}

impl Writer<'_> {
    fn all(&mut self, survey: &Survey) {
        let entry = match self.source.is_vararg {
            true => self.stubs.entry_vararg,
            false => self.stubs.entry_fixed,
        };
        self.note(entry, 0);
        self.copy(Half::Hot, &entry.versions[0], &Copy::of(0));
        let bytecode = self.source.bytecode;
        let end = bytecode.len() * 8;
        let mut heads = survey.heads.iter().peekable();
        let mut state = Some(State::EMPTY);
        let mut at = 0;
        while at < end {
            let template = template_at(self.templates, bytecode, at).expect("the survey has seen the instructions");
            let mut before = self.arrivals.arrive(at, state);
            self.labels[at / 8] = self.hot.used as u32;
            if self.source.cuts.contains(at) {
                before = State::EMPTY;
            }
            let entry = match heads.next_if(|head| head.at == at) {
                Some(head) => {
                    self.note(self.stubs.loop_head, at);
                    let entry = self.head(at, &before, &head.state);
                    before = head.state;
                    self.note(template, at);
                    entry
                }
                None => {
                    self.note(template, at);
                    match before.is_empty() {
                        true => self.hot.here(),
                        false => self.leave(at),
                    }
                }
            };
            let offset = entry as usize - self.hot.run as usize;
            self.table[1 + at / 16] |= (offset as u64 & 0xFFFF_FFFF) << (32 * (at / 8 % 2));
            state = self.instruction(template, at, &before);
            at += template.length as usize;
        }
        for forward in std::mem::take(&mut self.forward) {
            let target = self.hot.run.wrapping_add(self.labels[forward.target / 8] as usize);
            self.distance(forward.is_cold, forward.field, target, forward.addend);
        }
    }

    /// What follows is of an instruction.
    fn note(&mut self, template: &'static Template, at: usize) {
        if let Some(copies) = &mut self.copies {
            copies.push(Copied {
                template,
                at: at as u32,
                hot: self.hot.used as u32,
                cold: self.cold.used as u32,
            });
        }
    }

    /// The beginning of a loop that counts on `state`, where `before` is in registers above. Answers where it is
    /// entered from outside.
    fn head(&mut self, at: usize, before: &State, state: &State) -> *const u8 {
        let leave = match state.is_empty() {
            true => std::ptr::null(),
            false => self.leave(at),
        };
        self.restore(Half::Hot, state, before, leave);
        let code = self.hot.here();
        let poll = &self.stubs.loop_head.versions[0];
        let mut copy = Copy::of(at);
        let mut outside = code;
        if !state.is_empty() {
            let behind = code.wrapping_add(poll.hot.length as usize);
            copy.next_of_cold = Some(self.entry(state, leave, behind));
            outside = self.entry(state, leave, code);
        }
        self.copy(Half::Hot, poll, &copy);
        self.heads.push(WrittenHead {
            at,
            state: *state,
            code,
            leave,
        });
        outside
    }

    /// Cold code that loads registers, then goes to `code`.
    fn entry(&mut self, state: &State, leave: *const u8, code: *const u8) -> *const u8 {
        let entry = self.cold.here();
        self.restore(Half::Cold, state, &State::EMPTY, leave);
        self.go_to(code);
        entry
    }

    fn go_to(&mut self, place: *const u8) {
        let mut copy = Copy::of(0);
        copy.place = place;
        let version = &self.stubs.go_to.versions[0];
        // What is hot in the template is written to the cold half here.
        self.copy(Half::Cold, version, &copy);
    }

    /// Cold code that runs an instruction without its code.
    fn leave(&mut self, at: usize) -> *const u8 {
        let place = self.cold.here();
        self.copy(Half::Cold, &self.stubs.reenter.versions[0], &Copy::of(at));
        place
    }

    /// Loads and checks what is in registers in `wanted` but not in `state`.
    fn restore(&mut self, half: Half, wanted: &State, state: &State, leave: *const u8) {
        for kept in wanted.kept().filter(|kept| !state.has(*kept)) {
            if !state.has_slot(kept) {
                self.load(half, kept.slot, kept.register);
            }
            if kept.is_double {
                self.check(half, kept, leave);
            }
        }
    }

    fn load(&mut self, half: Half, slot: u16, register: u8) {
        let mut copy = Copy::of(0);
        copy.registers[0] = register;
        copy.slot = slot;
        self.copy(half, &self.stubs.load.versions[0], &copy);
    }

    fn check(&mut self, half: Half, kept: Kept, leave: *const u8) {
        let mut copy = Copy::of(0);
        copy.registers[0] = kept.register;
        copy.place = leave;
        self.copy(half, &self.stubs.check.versions[0], &copy);
    }

    /// Appends the code of an instruction. Answers what is in registers behind it, if control gets there.
    fn instruction(&mut self, template: &'static Template, at: usize, before: &State) -> Option<State> {
        let step = Step::new(template, self.source.bytecode, at, before);
        for (slot, register) in &step.loads[..step.load_count] {
            self.load(Half::Hot, *slot, *register);
        }
        let copy = Copy {
            registers: step.registers,
            target: step.target,
            ..Copy::of(at)
        };
        self.copy(Half::Hot, step.version, &copy);
        step.next
    }

    /// Appends a copy of a template: its hot code to `half`, its cold code to the cold one. If it is a case of a cache it
    /// is the last one.
    fn copy(&mut self, half: Half, version: &'static Version, copy: &Copy) {
        let hot = match half {
            Half::Hot => self.hot.append(&version.hot),
            Half::Cold => self.cold.append(&version.hot),
        };
        let cold = self.cold.append(&version.cold);
        let written = match half {
            Half::Hot => self.hot.copied(hot),
            Half::Cold => self.cold.copied(hot),
        };
        let instruction = self.source.bytecode[copy.at / 8..].as_ptr().cast::<u8>();
        let inputs = Inputs {
            instruction,
            at: copy.at as u32,
            slot: copy.slot,
            next: self.hot.here(),
            place: copy.place,
        };
        self.fill.copied(&inputs, [written, self.cold.copied(cold)]);
        for patch in version.patches {
            // SAFETY: the template was just copied; the survey has seen that the instruction is there as a whole.
            if !unsafe { self.fill.fill(patch) } {
                let is_cold = patch.is_cold || matches!(half, Half::Cold);
                let start = if patch.is_cold { cold } else { hot };
                self.patch(patch, copy, is_cold, start + usize::from(patch.at));
            }
        }
        if let Some(next) = copy.next_of_cold {
            let nexts = version
                .patches
                .iter()
                .filter(|patch| patch.kind == PatchKind::Next && patch.is_cold);
            for patch in nexts {
                self.distance(true, cold + usize::from(patch.at), next, patch.addend);
            }
        }
        if version.is_linked {
            self.cases.push(Case {
                at: copy.at as u32,
                opcode: field_u16(self.source.bytecode, copy.at),
                version,
                registers: copy.registers,
                hot: (self.hot.start + hot) as u32,
                cold: (self.cold.start + cold) as u32,
            });
            let link = self.link.take();
            let place = self.cold.here();
            self.copy(Half::Cold, &self.stubs.miss.versions[0], &Copy::of(copy.at));
            if let Some((is_cold, field, addend)) = link {
                self.distance(is_cold, field, place, addend);
            }
        }
    }

    /// Fills in a field that is not like most.
    fn patch(&mut self, patch: &Patch, copy: &Copy, is_cold: bool, field: usize) {
        let bytecode = self.source.bytecode;
        match patch.kind {
            // Filled in with the case.
            PatchKind::CacheKey | PatchKind::CacheReference | PatchKind::CacheNumber => {}
            PatchKind::Link => self.link = Some((is_cold, field, patch.addend)),
            PatchKind::Bytecode => self.half(is_cold).set(field, (bytecode.as_ptr() as u64).to_le_bytes()),
            PatchKind::Register => {
                let register = copy.registers[usize::from(patch.source)];
                self.half(is_cold).set_register(field, patch.scale, register);
            }
            PatchKind::Target => {
                let distance = field_i32(bytecode, copy.at + usize::from(patch.source));
                let target = copy.at.wrapping_add_signed(distance as isize);
                let state = copy.target.unwrap_or(State::EMPTY);
                if target > copy.at {
                    self.arrivals.add(target, &state);
                    return self.forward.push(Forward {
                        is_cold,
                        field,
                        addend: patch.addend,
                        target,
                    });
                }
                let place = self.back(target, &state);
                self.distance(is_cold, field, place, patch.addend);
            }
            kind => unreachable!("{kind:?} is filled in like most"),
        }
    }

    /// Where a jump back to `target` goes with `state` in registers.
    fn back(&mut self, target: usize, state: &State) -> *const u8 {
        let head = self.heads.iter().rfind(|head| head.at == target);
        let &WrittenHead {
            code,
            leave,
            state: wanted,
            ..
        } = head.expect("the survey has found where loops begin");
        if wanted.kept().all(|kept| state.has(kept)) {
            return code;
        }
        let entry = self.cold.here();
        self.restore(Half::Cold, &wanted, state, leave);
        self.go_to(code);
        entry
    }

    fn half(&mut self, is_cold: bool) -> &mut Cursor {
        if is_cold { &mut self.cold } else { &mut self.hot }
    }

    /// The distance from a field to `place`. It fits: the memory is within reach of all that code goes to.
    fn distance(&mut self, is_cold: bool, field: usize, place: *const u8, addend: i32) {
        let half = self.half(is_cold);
        let from = half.run.wrapping_add(field);
        let distance = (place as isize - from as isize) as i32;
        half.set(field, distance.wrapping_add(addend).to_le_bytes());
    }
}
