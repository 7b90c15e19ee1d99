//! Filling in the fields of a copied template.
//!
//! Most fields are a number times a factor plus a constant, some less where they are. What the number is depends on the
//! kind of the field; that is looked up in tables instead of asked, because which kind comes next cannot be foreseen:
//!
//! ```text
//! number = (the 4 bytes at from[kind] + source * UNIT[kind]) >> SHIFT[kind]
//!        + base[kind] + source * OFFSET[kind]
//! field  = number * scale + addend - (address of the field & DISTANCE[kind])
//! ```

use super::template::{Patch, PatchKind};

/// How many kinds of fields are filled in like this: the first ones.
const KINDS: usize = PatchKind::Symbol as usize + 1;

/// The kinds that the tables below are about, in their order.
const _: () = {
    use PatchKind::{Cold, FrameSize, Hot, I32, Next, Params, Place, Position, Slot, Symbol, U16};
    let order = [
        U16, I32, Position, FrameSize, Params, Slot, Next, Place, Hot, Cold, Symbol,
    ];
    let mut index = 0;
    while index < KINDS {
        assert!(order[index] as usize == index);
        index += 1;
    }
};

/// Bytes between what sources one apart stand for; 0 where nothing is read.
const UNIT: [u32; KINDS] = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 8];
const SHIFT: [u32; KINDS] = [16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const OFFSET: [u32; KINDS] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0];
const DISTANCE: [u32; KINDS] = [0, 0, 0, 0, 0, 0, !0, !0, !0, !0, !0];

/// Where what is read is 0.
static ZERO: u32 = 0;

/// What the fields of the templates of a function depend on. Addresses are meant modulo 2^32: distances are 32 bits wide.
pub(super) struct Fill {
    from: [*const u8; KINDS],
    base: [u32; KINDS],
    halves: [Copied; 2],
}

/// What the fields of a copy of a template depend on.
pub(super) struct Inputs {
    /// Where its instruction is.
    pub(super) instruction: *const u8,
    /// The instruction's distance from the first one in bytes.
    pub(super) at: u32,
    /// The slot that is loaded, and the place that is gone to, if there is one.
    pub(super) slot: u16,
    pub(super) place: *const u8,
    /// Where the code of the next instruction will run.
    pub(super) next: *const u8,
}

/// The copy of a half of a template.
#[derive(Clone, Copy)]
pub(super) struct Copied {
    /// Where it is written.
    pub(super) write: *mut u8,
    /// Where it runs.
    pub(super) run: *const u8,
}

impl Fill {
    /// For a function.
    pub(super) fn new(frame_size: u32, params: u32, symbols: *const u8) -> Self {
        let mut fill = Fill {
            from: [(&raw const ZERO).cast(); KINDS],
            base: [0; KINDS],
            halves: [Copied {
                write: std::ptr::null_mut(),
                run: std::ptr::null(),
            }; 2],
        };
        fill.base[PatchKind::FrameSize as usize] = frame_size;
        fill.base[PatchKind::Params as usize] = params;
        fill.from[PatchKind::Symbol as usize] = symbols;
        fill
    }

    /// For a copy of a template: what it depends on, and where its hot and its cold code are.
    pub(super) fn copied(&mut self, inputs: &Inputs, halves: [Copied; 2]) {
        // Two bytes are the upper ones of the four that end with them.
        self.from[PatchKind::U16 as usize] = inputs.instruction.wrapping_sub(2);
        self.from[PatchKind::I32 as usize] = inputs.instruction;
        self.base[PatchKind::Position as usize] = inputs.at;
        self.base[PatchKind::Slot as usize] = inputs.slot.into();
        self.base[PatchKind::Next as usize] = inputs.next as u32;
        self.base[PatchKind::Place as usize] = inputs.place as u32;
        self.base[PatchKind::Hot as usize] = halves[0].run as u32;
        self.base[PatchKind::Cold as usize] = halves[1].run as u32;
        self.halves = halves;
    }

    /// Fills in a field. Answers whether its kind is one that is filled in like this.
    ///
    /// # Safety
    /// The patch is of the template that [`Fill::copied`] was called for last, which is there as a whole, as is its
    /// instruction.
    #[inline]
    pub(super) unsafe fn fill(&self, patch: &Patch) -> bool {
        let kind = patch.kind as usize;
        if kind >= KINDS {
            return false;
        }
        let half = &self.halves[usize::from(patch.is_cold)];
        let source = u32::from(patch.source);
        let place = self.from[kind].wrapping_add((source * UNIT[kind]) as usize);
        // SAFETY: sources are fields of the instruction behind its opcode, or symbols that there are.
        let read = unsafe { place.cast::<u32>().read_unaligned() } >> SHIFT[kind];
        let number = read.wrapping_add(self.base[kind]).wrapping_add(source * OFFSET[kind]);
        let here = half.run.wrapping_add(usize::from(patch.at)) as u32;
        let field = number
            .wrapping_mul(i32::from(patch.scale) as u32)
            .wrapping_add(patch.addend as u32)
            .wrapping_sub(here & DISTANCE[kind]);
        // SAFETY: fields are inside of the copy.
        unsafe {
            half.write
                .add(usize::from(patch.at))
                .cast::<u32>()
                .write_unaligned(field)
        };
        true
    }
}
