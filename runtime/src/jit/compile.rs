//! The compiler: copies the template of each instruction, and fills it in.

use std::cell::Cell;
use std::ops::Range;

use super::memory::{CodeMemory, Half, Piece};
use super::template::{Bytes, Patch, PatchKind, Template, Templates};

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
}

/// Compiled code of a function.
pub(super) struct Compiled {
    /// What machine code reads: the address of the code, then for each word of the bytecode the offset of its code,
    /// `u32` each.
    table: Box<[u64]>,
    pub(super) hot: Piece,
    pub(super) cold: Piece,
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

/// Where the template of an instruction was copied to.
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

    /// The code of the instruction at a byte offset.
    pub(super) fn code_at(&self, offset: u32) -> *const u8 {
        self.entry().wrapping_add(self.offset_at(offset) as usize)
    }

    /// Offset of the code of the instruction at a byte offset.
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
    let [fixed, vararg, loop_head] = templates.stubs else {
        return Err(Refusal::Never);
    };
    let entry = if source.is_vararg { vararg } else { fixed };
    let mut survey = Survey::of(templates, source.bytecode, loop_head).ok_or(Refusal::Never)?;
    survey.add(entry);
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
        hot: Cursor::new(memory, &hot),
        cold: Cursor::new(memory, &cold),
        table,
        forward: Vec::new(),
        copies: source.wants_copies.then(Vec::new),
    };
    writer.table[0] = writer.hot.run as u64;
    writer.all(entry, loop_head, &survey.heads);
    let (hot_bytes, cold_bytes) = (writer.hot.used as u32, writer.cold.used as u32);
    Ok(Compiled {
        table: writer.table,
        hot,
        cold,
        instructions: survey.instructions,
        hot_bytes,
        cold_bytes,
        copies: writer.copies.map(Vec::into_boxed_slice),
        #[cfg(feature = "debugging")]
        registration: None,
    })
}

/// The instruction's field of 2 bytes.
fn field_u16(bytecode: &[Cell<u64>], offset: usize) -> u16 {
    (bytecode[offset / 8].get() >> (8 * (offset % 8))) as u16
}

/// The instruction's aligned field of 4 bytes.
fn field_i32(bytecode: &[Cell<u64>], offset: usize) -> i32 {
    (bytecode[offset / 8].get() >> (8 * (offset % 8))) as i32
}

/// The sizes of everything, and where loops begin.
struct Survey {
    hot: usize,
    cold: usize,
    instructions: u32,
    heads: Bits,
}

impl Survey {
    fn of(templates: &Templates, bytecode: &[Cell<u64>], loop_head: &Template) -> Option<Self> {
        let mut survey = Survey {
            hot: 0,
            cold: 0,
            instructions: 0,
            heads: Bits::new(bytecode.len()),
        };
        let end = bytecode.len() * 8;
        let mut at = 0;
        while at < end {
            let template = templates.opcodes.get(usize::from(field_u16(bytecode, at)))?;
            if template.length as usize > end - at {
                return None;
            }
            survey.add(template);
            survey.instructions += 1;
            if template.label != 0 {
                let distance = field_i32(bytecode, at + template.label as usize);
                if distance <= 0 && survey.heads.insert(at.checked_add_signed(distance as isize)? / 8) {
                    survey.add(loop_head);
                }
            }
            at += template.length as usize;
        }
        Some(survey)
    }

    fn add(&mut self, template: &Template) {
        self.hot += template.hot.length as usize;
        self.cold += template.cold.length as usize;
    }
}

/// A set of small numbers.
struct Bits(Vec<u64>);

impl Bits {
    fn new(length: usize) -> Self {
        Bits(vec![0; length.div_ceil(64)])
    }

    /// Answers whether it is new.
    fn insert(&mut self, number: usize) -> bool {
        let (word, bit) = (&mut self.0[number / 64], 1 << (number % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    fn contains(&self, number: usize) -> bool {
        self.0[number / 64] & 1 << (number % 64) != 0
    }
}

/// Where code is written next.
struct Cursor {
    /// Where the first byte of the piece is written, and where it runs.
    write: *mut u8,
    run: *const u8,
    size: usize,
    used: usize,
}

impl Cursor {
    fn new(memory: &CodeMemory, piece: &Range<usize>) -> Self {
        Cursor {
            write: memory.write(piece.start),
            run: memory.run(piece.start),
            size: piece.len(),
            used: 0,
        }
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

    /// Writes a field.
    fn set<const N: usize>(&mut self, offset: usize, bytes: [u8; N]) {
        debug_assert!(offset + N <= self.used);
        // SAFETY: fields are inside of what was appended.
        unsafe { self.write.add(offset).cast::<[u8; N]>().write_unaligned(bytes) };
    }
}

struct Writer<'a> {
    templates: &'a Templates,
    source: &'a Source<'a>,
    hot: Cursor,
    cold: Cursor,
    table: Box<[u64]>,
    /// Distances to code that was not there yet.
    forward: Vec<Forward>,
    copies: Option<Vec<Copied>>,
}

/// A distance to be filled in when the code of its target is there.
struct Forward {
    is_cold: bool,
    field: usize,
    addend: i32,
    /// Byte offset of the target in the bytecode.
    target: usize,
}

impl Writer<'_> {
    fn all(&mut self, entry: &'static Template, loop_head: &'static Template, heads: &Bits) {
        self.template(entry, 0);
        let end = self.source.bytecode.len() * 8;
        let mut at = 0;
        while at < end {
            let word = at / 8;
            self.table[1 + word / 2] |= (self.hot.used as u64) << (32 * (word % 2));
            if heads.contains(word) {
                self.template(loop_head, at);
            }
            let template = &self.templates.opcodes[usize::from(field_u16(self.source.bytecode, at))];
            self.template(template, at);
            at += template.length as usize;
        }
        for forward in std::mem::take(&mut self.forward) {
            let target = self.code_at(forward.target);
            self.distance(forward.is_cold, forward.field, target, forward.addend);
        }
    }

    /// Where the code of an instruction runs.
    fn code_at(&self, at: usize) -> *const u8 {
        let word = at / 8;
        let offset = (self.table[1 + word / 2] >> (32 * (word % 2))) as u32;
        self.hot.run.wrapping_add(offset as usize)
    }

    /// Appends a template for the instruction at `at`.
    fn template(&mut self, template: &'static Template, at: usize) {
        let hot = self.hot.append(&template.hot);
        let cold = self.cold.append(&template.cold);
        if let Some(copies) = &mut self.copies {
            copies.push(Copied {
                template,
                at: at as u32,
                hot: hot as u32,
                cold: cold as u32,
            });
        }
        for patch in template.patches {
            self.patch(patch, at, hot, cold);
        }
    }

    fn patch(&mut self, patch: &Patch, at: usize, hot: usize, cold: usize) {
        let bytecode = self.source.bytecode;
        let source = usize::from(patch.source);
        let field = usize::from(patch.at) + if patch.is_cold { cold } else { hot };
        let number = match patch.kind {
            PatchKind::U16 => i32::from(field_u16(bytecode, at + source)),
            PatchKind::I32 => field_i32(bytecode, at + source),
            PatchKind::Position => at as i32,
            PatchKind::FrameSize => self.source.frame_size as i32,
            PatchKind::Params => self.source.params as i32,
            PatchKind::Bytecode => return self.set(patch.is_cold, field, (bytecode.as_ptr() as u64).to_le_bytes()),
            PatchKind::Next => {
                let next = self.hot.run.wrapping_add(self.hot.used);
                return self.distance(patch.is_cold, field, next, patch.addend);
            }
            PatchKind::Hot => {
                let place = self.hot.run.wrapping_add(hot + source);
                return self.distance(patch.is_cold, field, place, patch.addend);
            }
            PatchKind::Cold => {
                let place = self.cold.run.wrapping_add(cold + source);
                return self.distance(patch.is_cold, field, place, patch.addend);
            }
            PatchKind::Symbol => {
                let place = self.templates.symbols[source].0;
                return self.distance(patch.is_cold, field, place, patch.addend);
            }
            PatchKind::Target => {
                let target = at.wrapping_add_signed(field_i32(bytecode, at + source) as isize);
                if target > at {
                    return self.forward.push(Forward {
                        is_cold: patch.is_cold,
                        field,
                        addend: patch.addend,
                        target,
                    });
                }
                let place = self.code_at(target);
                return self.distance(patch.is_cold, field, place, patch.addend);
            }
        };
        let number = number.wrapping_mul(patch.scale.into()).wrapping_add(patch.addend);
        self.set(patch.is_cold, field, number.to_le_bytes());
    }

    fn set<const N: usize>(&mut self, is_cold: bool, field: usize, bytes: [u8; N]) {
        let half = if is_cold { &mut self.cold } else { &mut self.hot };
        half.set(field, bytes);
    }

    /// The distance from a field to `place`. It fits: the memory is within reach of all that code goes to.
    fn distance(&mut self, is_cold: bool, field: usize, place: *const u8, addend: i32) {
        let half = if is_cold { &mut self.cold } else { &mut self.hot };
        let from = half.run.wrapping_add(field);
        let distance = (place as isize - from as isize) as i32;
        half.set(field, distance.wrapping_add(addend).to_le_bytes());
    }
}
