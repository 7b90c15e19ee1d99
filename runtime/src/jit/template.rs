//! Templates: the tables that generated code gives to the compiler.

use crate::language::Address;

/// What compiled code is made of.
pub struct Templates {
    /// By opcode: the number of its template; empty if functions cannot be compiled.
    pub opcodes: &'static [u16],
    /// The templates of instructions.
    pub templates: &'static [Template],
    /// The entries of functions with a fixed number of parameters and with surplus arguments, what stands where a loop
    /// begins, what loads a register, checks it, leaves for code that counts on no register, and goes elsewhere, and what
    /// follows when no case of a cache has the key; empty if functions cannot be compiled.
    pub stubs: &'static [Template],
    /// Code outside that templates go to, by number.
    pub symbols: &'static [Address],
    /// Code by opcode that runs an instruction of a compiled function which has no code for it.
    pub shared: &'static [Address],
    /// What all this is called.
    pub names: &'static ListingNames,
}

/// What listings of compiled code call things.
pub struct ListingNames {
    /// The code outside that templates go to, by number.
    pub symbols: &'static [&'static str],
    /// Functions of the language, by declaration order.
    pub externs: &'static [&'static str],
    /// Registers, and what they hold.
    pub registers: &'static [(&'static str, &'static str)],
}

impl Templates {
    /// For languages whose functions cannot be compiled.
    pub const NONE: Templates = Templates {
        opcodes: &[],
        templates: &[],
        stubs: &[],
        symbols: &[],
        shared: &[],
        names: &ListingNames {
            symbols: &[],
            externs: &[],
            registers: &[],
        },
    };
}

/// Machine code that is copied for an instruction.
pub struct Template {
    /// Bytes of the instruction.
    pub length: u32,
    /// Where in the instruction a label is; 0 if it has none.
    pub label: u32,
    /// The slots that are in registers when it is entered: the first in its first register, and so on.
    pub reads: &'static [SlotField],
    /// The reads that versions differ in, by bit.
    pub checked: u8,
    /// The most bytes of hot code of a version.
    pub most_hot: u32,
    /// The most bytes of cold code of a version.
    pub most_cold: u32,
    /// One for each set of checked reads that are known to be doubles, sets seen as numbers.
    pub versions: &'static [Version],
}

/// A version of a template: its machine code, and what is written into each copy.
pub struct Version {
    /// What is expected to run; runs into what is copied behind it.
    pub hot: Bytes,
    /// What is not, laid out elsewhere.
    pub cold: Bytes,
    /// What holds when the next instruction follows; `None` if it never follows here.
    pub next: Option<Exit>,
    /// What holds when control goes to where the label says; `None` if it never does from here.
    pub target: Option<Exit>,
    /// Whether it goes to code that is linked to it: it is a case of a cache.
    pub is_linked: bool,
    /// What is written into the copy.
    pub patches: &'static [Patch],
}

impl Version {
    /// May this be copied for an instruction in whose place `first` is, with the same registers, and go on where that goes
    /// on? It has to leave the same there, or, where `first` never goes on, nothing is counted on.
    pub(super) fn can_follow(&self, first: &Version) -> bool {
        let (Some(own), true) = (&self.next, self.target.is_none() && first.target.is_none()) else {
            return false;
        };
        let fits =
            |first: &Exit| own.writes == first.writes && own.doubles == first.doubles && own.keeps >= first.keeps;
        first.next.as_ref().is_none_or(fits)
    }
}

/// A slot that an instruction names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SlotField {
    /// Where in the instruction its number stands.
    pub(super) offset: u16,
    /// What is to be added to it.
    pub(super) element: u16,
}

impl SlotField {
    /// The slot whose number, less `element`, stands at `offset` of the instruction.
    pub const fn new(offset: u16, element: u16) -> Self {
        SlotField { offset, element }
    }
}

/// What holds where a template ends.
pub struct Exit {
    /// Whether what was in registers still is, except for what has been written.
    pub keeps: bool,
    /// Which reads are known to be doubles, by bit.
    pub doubles: u8,
    /// The slots that have been written.
    pub writes: &'static [Write],
}

/// A slot that has been written.
#[derive(PartialEq, Eq)]
pub struct Write {
    pub(super) slot: SlotField,
    pub(super) value: Written,
}

/// What is known of a value that has been written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It is in no register.
    Unknown,
    /// It is in the template's register of this number, and a double.
    Double(u8),
    /// It is in the first of these registers, and what a read was.
    Like(u8, u8),
    /// It is in the template's register of this number, and may be anything.
    Any(u8),
    /// It is in no register, and what was in the template's register of this number is lost.
    Lost(u8),
}

impl Write {
    /// A value that is in no register.
    pub const fn unknown(slot: SlotField) -> Self {
        let value = Written::Unknown;
        Write { slot, value }
    }

    /// A double that is in the template's register of this number.
    pub const fn double(slot: SlotField, register: u8) -> Self {
        let value = Written::Double(register);
        Write { slot, value }
    }

    /// A value that may be anything, in the template's register of this number.
    pub const fn any(slot: SlotField, register: u8) -> Self {
        let value = Written::Any(register);
        Write { slot, value }
    }

    /// A value that is in no register; the template's register of this number is lost.
    pub const fn lost(slot: SlotField, register: u8) -> Self {
        let value = Written::Lost(register);
        Write { slot, value }
    }

    /// The value of a read, in the template's register of this number.
    pub const fn like(slot: SlotField, register: u8, read: u8) -> Self {
        let value = Written::Like(register, read);
        Write { slot, value }
    }
}

/// Code in blocks, which are copied whole: the rest of the last one is filled up.
pub struct Bytes {
    /// How many bytes count.
    pub length: u32,
    /// The code.
    pub blocks: &'static [[u8; Bytes::BLOCK]],
}

impl Bytes {
    /// Bytes of a block.
    pub const BLOCK: usize = 32;
}

/// A field of a template, and what belongs there: `source * scale + addend`, or the distance from the field to it.
pub struct Patch {
    /// Offset in the hot or the cold code.
    pub(super) at: u16,
    pub(super) kind: PatchKind,
    pub(super) is_cold: bool,
    pub(super) source: u16,
    pub(super) scale: i16,
    pub(super) addend: i32,
}

impl Patch {
    /// A field of hot code.
    pub const fn hot(at: u16, kind: PatchKind, scale: i16, source: u16, addend: i32) -> Self {
        Patch {
            at,
            kind,
            is_cold: false,
            source,
            scale,
            addend,
        }
    }

    /// A field of cold code.
    pub const fn cold(at: u16, kind: PatchKind, scale: i16, source: u16, addend: i32) -> Self {
        Patch {
            is_cold: true,
            ..Self::hot(at, kind, scale, source, addend)
        }
    }
}

/// What a field depends on. Those up to `Symbol` are 4 bytes wide and filled in without asking which it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum PatchKind {
    /// A number: the `u16` at offset `source` of the instruction.
    U16,
    /// A number: the 4 bytes at offset `source` of the instruction.
    I32,
    /// A number: the instruction's distance from the first one in bytes.
    Position,
    /// A number: slots of the frame.
    FrameSize,
    /// A number: named parameters.
    Params,
    /// A number: the slot that is loaded.
    Slot,
    /// A distance: the code of the next instruction.
    Next,
    /// A distance: the place that is gone to.
    Place,
    /// A distance: byte `source` of the hot code.
    Hot,
    /// A distance: byte `source` of the cold code.
    Cold,
    /// A distance: the code outside with number `source`.
    Symbol,
    /// A number: the reference at offset `source` of the instruction, a word of the key that it remembers.
    CacheKey,
    /// A number: the reference at offset `source` of the instruction, a word of the answer that it remembers.
    CacheReference,
    /// A number: the 4 bytes at offset `source` of the instruction, a word of the answer that it remembers. If it is
    /// multiplied the sum is a signed number.
    CacheNumber,
    /// A distance: the code that is linked to this.
    Link,
    /// Eight bytes: the address of the first instruction.
    Bytecode,
    /// Three bits from bit `scale` on: the register that is the template's register `source`.
    Register,
    /// A distance: the code of the instruction that the label at offset `source` names.
    Target,
}
