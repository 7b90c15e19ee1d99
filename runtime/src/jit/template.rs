//! Templates: the tables that generated code gives to the compiler.

use crate::language::Address;

/// What compiled code is made of.
pub struct Templates {
    /// By opcode; empty if functions cannot be compiled.
    pub opcodes: &'static [Template],
    /// The entries of functions with a fixed number of parameters and with surplus arguments, and what stands where
    /// a loop begins; empty if functions cannot be compiled.
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

/// Machine code that is copied, and what is written into each copy.
pub struct Template {
    /// Bytes of the instruction.
    pub length: u32,
    /// Where in the instruction a label is; 0 if it has none.
    pub label: u32,
    /// What is expected to run; runs into what is copied behind it.
    pub hot: Bytes,
    /// What is not, laid out elsewhere.
    pub cold: Bytes,
    /// What is written into the copy.
    pub patches: &'static [Patch],
}

/// Code in blocks, which are copied whole: the rest of the last one is filled up.
pub struct Bytes {
    /// How many bytes count.
    pub length: u32,
    /// The code.
    pub blocks: &'static [[u8; Bytes::BLOCK]],
}

impl Bytes {
    /// Bytes of a block: what one store writes.
    pub const BLOCK: usize = 16;
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

/// What a field depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    /// Eight bytes: the address of the first instruction.
    Bytecode,
    /// A distance: the code of the next instruction.
    Next,
    /// A distance: the code of the instruction that the label at offset `source` names.
    Target,
    /// A distance: the code outside with number `source`.
    Symbol,
    /// A distance: byte `source` of the hot code.
    Hot,
    /// A distance: byte `source` of the cold code.
    Cold,
}
