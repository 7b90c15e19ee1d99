//! Code objects: a finished bytecode buffer or a Rust function, and what is known about it.

use std::any::Any;
use std::cell::Cell;
use std::mem::offset_of;
use std::rc::Rc;

use crate::abi::{CODE_VARARG, Header, KIND_CODE};
use crate::glue::DelegatingNative;
use crate::language::{OpcodeInfo, OperandKind};
use crate::native::NativeFn;
use crate::object::{Object, Ref};
use crate::value::reference_in_bits;

/// What every callee object refers to: where to go, and how large a frame to make.
#[repr(C)]
pub struct Code {
    pub(crate) header: Header,
    /// The stub that sets up the frame.
    pub(crate) entry: Cell<*const u8>,
    /// First instruction; null for Rust functions.
    pub(crate) bytecode: Cell<*const u8>,
    /// Slots of a frame.
    pub(crate) frame_size: Cell<u32>,
    /// Named parameters.
    pub(crate) params: Cell<u32>,
    /// The Rust function, or null.
    pub(crate) native: Cell<*const ()>,
    /// Owned by the object; freed when it dies.
    pub(crate) info: Cell<*mut OwnedInfo>,
    /// What machine code reads of its compiled code, or null.
    pub(crate) compiled: Cell<*const u64>,
    /// Calls until it is compiled.
    pub(crate) countdown: Cell<u32>,
}

// SAFETY: `#[repr(C)]`, header first, cells of numbers and pointers.
unsafe impl Object for Code {
    const KIND: u8 = KIND_CODE;
}

const _: () = {
    assert!(offset_of!(Code, entry) == 8);
    assert!(offset_of!(Code, bytecode) == 16);
    assert!(offset_of!(Code, frame_size) == 24);
    assert!(offset_of!(Code, params) == 28);
    assert!(offset_of!(Code, native) == 32);
    assert!(offset_of!(Code, info) == 40);
    assert!(offset_of!(Code, compiled) == 48);
    assert!(offset_of!(Code, countdown) == 56);
    assert!(std::mem::size_of::<Code>() == 64);
};

/// What is known about a code object, out of the way of running it.
#[derive(Default)]
pub struct CodeInfo {
    /// Name of the function, for error messages.
    pub name: String,
    /// Name of the source it came from, in any encoding; shared by the functions of a source.
    pub source: Rc<[u8]>,
    /// First line of the function in its source.
    pub line_defined: u32,
    /// Last line of the function in its source.
    pub last_line: u32,
    /// The instructions; empty for Rust functions. They rewrite themselves when they run.
    pub bytecode: Box<[Cell<u64>]>,
    /// Source lines by position.
    pub lines: LineTable,
    /// Names of local variables.
    pub locals: Vec<LocalInfo>,
    /// Names of captured variables, by index.
    pub captured: Vec<String>,
    /// Where new functions with this code find what they capture, in the language's terms.
    pub captures: Box<[u32]>,
    /// What else the language wants to know, such as where operands came from.
    pub extra: Option<Box<dyn Any>>,
}

/// What a code object owns.
pub(crate) struct OwnedInfo {
    pub(crate) public: CodeInfo,
    /// Objects that the instructions refer to, each once.
    pub(crate) references: Box<[u32]>,
}

impl OwnedInfo {
    /// Finds what the instructions refer to, before they have run: later they also hold what they remember, which is not
    /// kept alive by that.
    pub(crate) fn new(public: CodeInfo, opcodes: &[OpcodeInfo]) -> OwnedInfo {
        let mut references = references(&public.bytecode, opcodes);
        references.sort_unstable();
        references.dedup();
        OwnedInfo {
            public,
            references: references.into(),
        }
    }

    /// How much memory it takes.
    pub(crate) fn bytes(&self) -> usize {
        let info = &self.public;
        size_of::<OwnedInfo>() + info.bytecode.len() * 8 + self.references.len() * 4 + info.lines.entries().len() * 8
    }
}

fn references(bytecode: &[Cell<u64>], opcodes: &[OpcodeInfo]) -> Vec<u32> {
    let mut found = Vec::new();
    let mut words = bytecode;
    // What ends in the middle of an instruction, or is none, can only be looked at, not run.
    while let Some(opcode) = words
        .first()
        .and_then(|first| opcodes.get(usize::from(first.get() as u16)))
    {
        for operand in opcode.operands {
            let Some(word) = words.get(operand.offset as usize / 8).map(Cell::get) else {
                return found;
            };
            match operand.kind {
                OperandKind::Constant => found.extend(reference_in_bits(word)),
                OperandKind::Code | OperandKind::Reference => {
                    found.push((word >> (operand.offset % 8 * 8)) as u32);
                }
                _ => {}
            }
        }
        words = words.get(opcode.length as usize / 8..).unwrap_or_default();
    }
    found
}

/// The name of a slot over a range of instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalInfo {
    /// The variable's name.
    pub name: String,
    /// Its slot.
    pub slot: u32,
    /// Byte offset of the first instruction at which it is visible.
    pub from: u32,
    /// Byte offset of the first instruction at which it is not visible any more.
    pub to: u32,
}

/// Source lines by byte offset of instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineTable(Vec<(u32, u32)>);

impl LineTable {
    /// Instructions from byte `offset` on, until the next entry, are of `line`. Offsets must not fall.
    pub fn push(&mut self, offset: u32, line: u32) {
        match self.0.last_mut() {
            Some(last) if last.1 == line => {}
            Some(last) if last.0 == offset => last.1 = line,
            _ => self.0.push((offset, line)),
        }
    }

    /// The line of the instruction at byte `offset`.
    pub fn line(&self, offset: u32) -> Option<u32> {
        let after = self.0.partition_point(|&(start, _)| start <= offset);
        (after > 0).then(|| self.0[after - 1].1)
    }

    /// The entries: byte offset of the first instruction, line.
    pub fn entries(&self) -> &[(u32, u32)] {
        &self.0
    }
}

impl CodeInfo {
    /// Names of the local variables visible at byte `offset`, innermost last.
    pub fn locals_at(&self, offset: u32) -> impl DoubleEndedIterator<Item = &LocalInfo> {
        self.locals
            .iter()
            .filter(move |local| local.from <= offset && offset < local.to)
    }
}

/// What a new bytecode function consists of.
pub struct NewCode {
    /// Named parameters.
    pub params: u32,
    /// Whether extra arguments are kept.
    pub vararg: bool,
    /// Slots of a frame, named parameters included.
    pub frame_size: u32,
    /// Instructions, and all the rest. What the instructions refer to, the collector finds by itself.
    pub info: CodeInfo,
}

impl<'v> Ref<'v, Code> {
    /// What is known about the code.
    pub fn info(self) -> &'v CodeInfo {
        // SAFETY: set when the object was made, and freed only with it.
        unsafe { &(*self.get().info.get()).public }
    }

    /// Slots of a frame.
    pub fn frame_size(self) -> u32 {
        self.frame_size.get()
    }

    /// Named parameters.
    pub fn params(self) -> u32 {
        self.params.get()
    }

    /// Whether extra arguments are kept.
    pub fn is_vararg(self) -> bool {
        self.header.flags & CODE_VARARG != 0
    }

    /// The Rust function, if it is one.
    pub fn native(self) -> Option<NativeFn> {
        let native = self.native.get();
        // SAFETY: only ever set from a `NativeFn`.
        (!native.is_null()).then(|| unsafe { std::mem::transmute::<*const (), NativeFn>(native) })
    }

    /// Lets all calls of a Rust function begin in machine code, which leaves to it what it does not do itself.
    ///
    /// # Panics
    /// When this is not the code of a Rust function.
    pub fn begin_with(self, native: &DelegatingNative) {
        assert!(self.native().is_some(), "only a Rust function can be delegated to");
        self.entry.set(native.0.entry.0);
        self.frame_size.set(native.0.params);
        self.params.set(native.0.params);
    }

    /// Whether it is made of instructions: written neither in Rust nor in the specification.
    pub fn is_bytecode(self) -> bool {
        !self.bytecode.get().is_null()
    }

    /// The instructions; empty for Rust functions.
    pub fn bytecode(self) -> &'v [Cell<u64>] {
        &self.info().bytecode
    }

    /// Byte offset of a pc in the instructions.
    pub fn offset(self, pc: *const u8) -> u32 {
        (pc as usize).wrapping_sub(self.bytecode.get() as usize) as u32
    }

    /// Source line of an instruction.
    pub fn line(self, pc: *const u8) -> Option<u32> {
        if self.is_bytecode() {
            self.info().lines.line(self.offset(pc))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut lines = LineTable::default();
        for (offset, line) in [(0, 1), (8, 1), (16, 3), (24, 3), (24, 4), (40, 2)] {
            lines.push(offset, line);
        }
        assert_eq!(
            lines.entries(),
            [(0, 1), (16, 3), (24, 4), (40, 2)],
            "the last word counts"
        );
        let at = |offset| lines.line(offset).unwrap();
        assert_eq!((at(0), at(8), at(16), at(32), at(40), at(400)), (1, 1, 3, 4, 2, 2));
        assert_eq!(LineTable::default().line(0), None);
    }
}
