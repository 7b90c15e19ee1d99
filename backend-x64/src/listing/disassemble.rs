//! One instruction as text, through iced-x86.

use crate::encoder::{Gpr, Reg, Xmm};
use iced_x86::{
    ConstantOffsets, Decoder, DecoderOptions, Formatter, FormatterOutput, FormatterTextKind, Instruction,
    IntelFormatter, MemorySizeOptions, NumberKind, OpKind, Register, SymbolResolver, SymbolResult,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Column of the first operand, counted from the mnemonic.
const OPERAND_COLUMN: u32 = 8;
/// Numbers below this are shown in decimal, others are more likely to be bit patterns or addresses.
const DECIMAL_LIMIT: u64 = 1 << 16;

/// The offset in the object that the instruction refers to, if it jumps, calls or addresses memory `rip`-relatively.
pub(super) fn target(offset: u32, bytes: &[u8]) -> Option<u32> {
    let (instruction, _) = decode(offset, bytes);
    let address = match instruction.op0_kind() {
        OpKind::NearBranch64 => instruction.near_branch64(),
        _ if instruction.is_ip_rel_memory_operand() => instruction.ip_rel_memory_address(),
        _ => return None,
    };
    address.try_into().ok()
}

fn decode(offset: u32, bytes: &[u8]) -> (Instruction, ConstantOffsets) {
    let mut decoder = Decoder::with_ip(64, bytes, offset.into(), DecoderOptions::NONE);
    let instruction = decoder.decode();
    (instruction, decoder.get_constant_offsets(&instruction))
}

/// Turns instructions into text.
pub(super) struct Disassembler {
    formatter: IntelFormatter,
    current: Rc<RefCell<Current>>,
    registers: HashMap<Reg, String>,
}

/// The instruction being formatted, shared with the formatter's symbol resolver.
#[derive(Default)]
struct Current {
    /// Its unknown fields: byte position in the instruction, and name.
    fields: Vec<(usize, String)>,
    offsets: ConstantOffsets,
}

impl Disassembler {
    /// A disassembler that calls some general registers by other names, and that knows names of offsets.
    pub fn new(registers: HashMap<Reg, String>, places: HashMap<u64, String>) -> Disassembler {
        let current = Rc::new(RefCell::new(Current::default()));
        let resolver = Resolver {
            current: current.clone(),
            places,
        };
        let mut formatter = IntelFormatter::with_options(Some(Box::new(resolver)), None);
        let options = formatter.options_mut();
        options.set_first_operand_char_index(OPERAND_COLUMN);
        options.set_space_after_operand_separator(true);
        options.set_memory_size_options(MemorySizeOptions::Minimal);
        options.set_show_branch_size(false);
        options.set_hex_prefix("0x");
        options.set_hex_suffix("");
        options.set_uppercase_hex(false);
        Disassembler {
            formatter,
            current,
            registers,
        }
    }

    /// The text of the instruction that `bytes` are, at `offset`, with the names of its unknown fields.
    pub fn text(&mut self, offset: u32, bytes: &[u8], fields: Vec<(usize, String)>) -> String {
        let (instruction, offsets) = decode(offset, bytes);
        *self.current.borrow_mut() = Current { fields, offsets };
        let mut output = Output {
            text: String::new(),
            registers: &self.registers,
            skip_space: false,
        };
        self.formatter.format(&instruction, &mut output);
        output.text
    }
}

/// Names the fields and places of the current instruction.
struct Resolver {
    current: Rc<RefCell<Current>>,
    places: HashMap<u64, String>,
}

impl SymbolResolver for Resolver {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        let current = self.current.borrow();
        let kind = instruction.op_kind(instruction_operand?);
        let (position, is_place) = match kind {
            OpKind::Memory if current.offsets.has_displacement() => (
                current.offsets.displacement_offset(),
                instruction.is_ip_rel_memory_operand(),
            ),
            OpKind::NearBranch64 => (current.offsets.immediate_offset(), true),
            _ if current.offsets.has_immediate() => (current.offsets.immediate_offset(), false),
            _ => return None,
        };
        let field = current
            .fields
            .iter()
            .find(|(offset, _)| *offset == position)
            .map(|(_, name)| name);
        let place = is_place.then(|| self.places.get(&address)).flatten();
        let name = field.or(place)?;
        Some(SymbolResult::with_string(address, name.clone()))
    }
}

/// Collects the formatter's tokens, with our names of registers and our notation of numbers.
struct Output<'a> {
    text: String,
    registers: &'a HashMap<Reg, String>,
    skip_space: bool,
}

impl FormatterOutput for Output<'_> {
    fn write(&mut self, text: &str, kind: FormatterTextKind) {
        // `qword ptr [...]` says nothing that `qword [...]` does not.
        if kind == FormatterTextKind::Keyword && text == "ptr" {
            self.skip_space = true;
        } else if !std::mem::take(&mut self.skip_space) || text != " " {
            self.text.push_str(text);
        }
    }

    fn write_number(
        &mut self,
        instruction: &Instruction,
        _operand: u32,
        instruction_operand: Option<u32>,
        number_text: &str,
        value: u64,
        number_kind: NumberKind,
        _kind: FormatterTextKind,
    ) {
        let is_memory = instruction_operand.is_some_and(|operand| instruction.op_kind(operand) == OpKind::Memory);
        let text = if is_memory {
            // The sign of a displacement is a token of its own.
            magnitude(number_text)
        } else {
            immediate(value, number_kind)
        };
        self.text.push_str(&text.unwrap_or_else(|| number_text.to_string()));
    }

    fn write_register(
        &mut self,
        _instruction: &Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        text: &str,
        register: Register,
    ) {
        match whole(register).and_then(|whole| Some((whole, self.registers.get(&whole)?))) {
            Some((whole, name)) if whole.to_string() == text => self.text.push_str(name),
            Some((_, name)) => self.text.push_str(&format!("{name}.{}", register.size() * 8)),
            None => self.text.push_str(text),
        }
    }
}

/// The register that `register` is or is a part of.
fn whole(register: Register) -> Option<Reg> {
    if register.is_xmm() {
        return Some(Xmm::ALL[register.number()].into());
    }
    let full = register.full_register();
    full.is_gpr64().then(|| Gpr::ALL[full.number()].into())
}

/// A number without sign, in decimal if it is small.
fn magnitude(text: &str) -> Option<String> {
    let value = u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
    (value < DECIMAL_LIMIT).then(|| value.to_string())
}

/// An immediate in decimal, if it is small; whether it is signed is the operation's business.
fn immediate(value: u64, kind: NumberKind) -> Option<String> {
    let bits = match kind {
        NumberKind::Int8 | NumberKind::UInt8 => 8,
        NumberKind::Int16 | NumberKind::UInt16 => 16,
        NumberKind::Int32 | NumberKind::UInt32 => 32,
        _ => 64,
    };
    let unsigned = value << (64 - bits) >> (64 - bits);
    let signed = (value << (64 - bits)) as i64 >> (64 - bits);
    if signed.unsigned_abs() < DECIMAL_LIMIT && bits > 8 {
        Some(signed.to_string())
    } else {
        (unsigned < DECIMAL_LIMIT).then(|| unsigned.to_string())
    }
}
