//! Bytecode as text.

use std::fmt::{self, Display, Write as _};

use crate::abi::{Header, KIND_FIRST, KIND_STR};
use crate::code::Code;
use crate::language::{OpcodeInfo, OperandInfo, OperandKind};
use crate::object::{RawRef, Ref, Str};
use crate::value::Value;
use crate::vm::Vm;

impl Vm {
    /// The instructions of a code object, one per line: byte offset, source line, name, operands.
    pub fn disassemble(&self, code: Ref<'_, Code>) -> String {
        let bytes: Vec<u8> = code
            .bytecode()
            .iter()
            .flat_map(|word| word.get().to_le_bytes())
            .collect();
        let mut text = String::new();
        let mut at = 0;
        while let Some(instruction) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let opcode = u16::from_le_bytes(field(instruction, 0));
            let Some(info) = self.language().opcodes.get(opcode as usize) else {
                let _ = writeln!(text, "{at:6}  no instruction has the number {opcode}");
                break;
            };
            let line = code
                .info()
                .lines
                .line(at as u32)
                .map_or(String::new(), |line| line.to_string());
            let _ = writeln!(
                text,
                "{at:6} {line:>5}  {}",
                self.instruction_text(info, at, instruction)
            );
            at += info.length as usize;
        }
        text
    }

    /// Name and operands of an instruction: the bytes from byte offset `at` on, read as `info` says.
    pub(crate) fn instruction_text(&self, info: &OpcodeInfo, at: usize, instruction: &[u8]) -> String {
        let mut text = format!("{:<24}", info.name);
        for operand in info.operands {
            let shown = Shown {
                vm: self,
                at,
                instruction,
                operand,
            };
            let _ = write!(text, " {}={shown}", operand.name);
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// An operand of the instruction at a byte offset.
struct Shown<'a> {
    vm: &'a Vm,
    at: usize,
    instruction: &'a [u8],
    operand: &'a OperandInfo,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.operand.offset as usize;
        let u16_field = || u16::from_le_bytes(field(self.instruction, at));
        let u32_field = || u32::from_le_bytes(field(self.instruction, at));
        match self.operand.kind {
            OperandKind::Slot | OperandKind::Result => write!(f, "s{}", u16_field()),
            OperandKind::Count | OperandKind::U16 => write!(f, "{}", u16_field()),
            OperandKind::U32 => write!(f, "{}", u32_field()),
            OperandKind::I32 => write!(f, "{}", u32_field() as i32),
            OperandKind::Label => write!(f, "@{}", self.at as i64 + i64::from(u32_field() as i32)),
            OperandKind::Constant => self.constant(f, u64::from_le_bytes(field(self.instruction, at))),
            OperandKind::Code => {
                // SAFETY: code objects in the instructions of a live one are alive.
                let code = unsafe { RawRef::<Code>::new(u32_field()).get(self.vm) };
                write!(f, "<{}>", code.info().name)
            }
            OperandKind::Reference => {
                let object = self.vm.address(u32_field()).cast::<Header>();
                // SAFETY: objects in the instructions of live code are alive.
                let kind = unsafe { (*object).kind };
                let name = self
                    .vm
                    .language()
                    .kinds
                    .get(usize::from(kind).wrapping_sub(usize::from(KIND_FIRST)));
                write!(f, "<{}>", name.map_or("object", |kind| kind.name))
            }
        }
    }
}

impl Shown<'_> {
    fn constant(&self, f: &mut fmt::Formatter<'_>, bits: u64) -> fmt::Result {
        // SAFETY: constants of live code are alive.
        let value = unsafe { Value::from_bits(bits) };
        if self.vm.kind_of(value) == Some(KIND_STR) {
            // SAFETY: as above, and the kind says that it is a string.
            let string = unsafe { RawRef::<Str>::new(bits as u32).get(self.vm) };
            write!(f, "\"{}\"", string.as_bytes().escape_ascii())
        } else {
            write!(f, "{value:?}")
        }
    }
}

/// The bytes of a field; missing ones are 0.
fn field<const N: usize>(instruction: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| instruction.get(at + i).copied().unwrap_or(0))
}
