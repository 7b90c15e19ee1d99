//! Writing bytecode: fields of every width, labels, patching. Generated builders are made of this.

use std::cell::Cell;
use std::fmt;

/// A growing run of instructions.
#[derive(Default, Debug)]
pub struct BytecodeBuffer {
    bytes: Vec<u8>,
    labels: Vec<Option<u32>>,
    uses: Vec<LabelUse>,
}

/// A place in the bytecode that instructions can branch to, before it is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(u32);

#[derive(Debug)]
struct LabelUse {
    label: Label,
    /// Start of the instruction.
    instruction: u32,
    /// Where the i32 goes.
    field: u32,
}

/// Why bytecode cannot be finished.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BytecodeError {
    /// More than `i32::MAX` bytes.
    TooLong,
    /// A branch to a label that was never bound.
    UnboundLabel(Label),
}

impl fmt::Display for BytecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BytecodeError::TooLong => write!(f, "function is too large"),
            BytecodeError::UnboundLabel(Label(label)) => write!(f, "label {label} was never bound"),
        }
    }
}

impl std::error::Error for BytecodeError {}

impl BytecodeBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes so far: the offset of the next instruction.
    pub fn offset(&self) -> u32 {
        self.bytes.len().min(u32::MAX as usize) as u32
    }

    /// Starts an instruction of `length` bytes (a multiple of 8), all zero after its opcode; answers its offset.
    pub fn instruction(&mut self, opcode: u16, length: u32) -> u32 {
        debug_assert!(length >= 8 && length.is_multiple_of(8));
        let start = self.offset();
        self.bytes.resize(self.bytes.len() + length as usize, 0);
        self.set_u16(start, opcode);
        start
    }

    /// Writes a 2-byte field at a byte offset.
    pub fn set_u16(&mut self, at: u32, field: u16) {
        self.set(at, &field.to_le_bytes());
    }

    /// Writes a 4-byte field at a byte offset.
    pub fn set_u32(&mut self, at: u32, field: u32) {
        self.set(at, &field.to_le_bytes());
    }

    /// Writes a signed 4-byte field at a byte offset.
    pub fn set_i32(&mut self, at: u32, field: i32) {
        self.set(at, &field.to_le_bytes());
    }

    /// Writes an 8-byte field at a byte offset.
    pub fn set_u64(&mut self, at: u32, field: u64) {
        self.set(at, &field.to_le_bytes());
    }

    /// Reads a 2-byte field.
    pub fn get_u16(&self, at: u32) -> u16 {
        u16::from_le_bytes(self.get(at))
    }

    /// Reads a 4-byte field.
    pub fn get_u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.get(at))
    }

    /// Reads an 8-byte field.
    pub fn get_u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.get(at))
    }

    /// A label that is bound later.
    pub fn new_label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() as u32 - 1)
    }

    /// The label is here: before the next instruction. Binding it again moves it.
    pub fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = Some(self.offset());
    }

    /// The offset that a label is bound to.
    pub fn label_offset(&self, label: Label) -> Option<u32> {
        self.labels[label.0 as usize]
    }

    /// The i32 field at byte `field` of the instruction at `instruction` is the distance to the label. A field that is
    /// set again refers to the last label.
    pub fn set_label(&mut self, instruction: u32, field: u32, label: Label) {
        self.uses.push(LabelUse {
            label,
            instruction,
            field,
        });
    }

    /// The whole bytecode with all labels filled in.
    pub fn finish(mut self) -> Result<Box<[Cell<u64>]>, BytecodeError> {
        if self.bytes.len() > i32::MAX as usize {
            return Err(BytecodeError::TooLong);
        }
        for LabelUse {
            label,
            instruction,
            field,
        } in std::mem::take(&mut self.uses)
        {
            let target = self.labels[label.0 as usize].ok_or(BytecodeError::UnboundLabel(label))?;
            self.set_i32(field, target as i32 - instruction as i32);
        }
        let words = self
            .bytes
            .chunks_exact(8)
            .map(|word| Cell::new(u64::from_le_bytes(word.try_into().expect("8 bytes"))));
        Ok(words.collect())
    }

    fn set(&mut self, at: u32, bytes: &[u8]) {
        self.bytes[at as usize..][..bytes.len()].copy_from_slice(bytes);
    }

    fn get<const N: usize>(&self, at: u32) -> [u8; N] {
        self.bytes[at as usize..][..N].try_into().expect("N bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_relative_to_their_instruction() {
        let mut buffer = BytecodeBuffer::new();
        let (top, end) = (buffer.new_label(), buffer.new_label());
        buffer.bind(top);
        let first = buffer.instruction(7, 16);
        buffer.set_u64(first + 8, u64::MAX);
        buffer.set_u16(first + 2, 0xABCD);
        let branch = buffer.instruction(9, 8);
        buffer.set_label(branch, branch + 4, end);
        let back = buffer.instruction(9, 8);
        buffer.set_label(back, back + 4, top);
        buffer.bind(end);
        assert_eq!(buffer.get_u16(first + 2), 0xABCD);
        assert_eq!(buffer.label_offset(end), Some(32));
        let words: Vec<u64> = buffer.finish().unwrap().iter().map(Cell::get).collect();
        assert_eq!(words[..2], [0xABCD_0007, u64::MAX]);
        assert_eq!((words[2] >> 32) as i32, 16);
        assert_eq!((words[3] >> 32) as i32, -24);
    }

    #[test]
    fn unbound_labels_are_errors() {
        let mut buffer = BytecodeBuffer::new();
        let label = buffer.new_label();
        let branch = buffer.instruction(1, 8);
        buffer.set_label(branch, branch + 4, label);
        assert_eq!(buffer.finish(), Err(BytecodeError::UnboundLabel(label)));
    }
}
