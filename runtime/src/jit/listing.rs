//! Compiled code as text: the instructions of a function, and what the processor runs for each.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::mem::offset_of;

use iced_x86::{
    Decoder, DecoderOptions, Formatter, FormatterOutput, FormatterTextKind, Instruction, IntelFormatter,
    MemorySizeOptions, OpKind, Register, SymbolResolver, SymbolResult,
};

use super::Function;
use super::compile::Copied;
use super::memory::CodeMemory;
use crate::abi::Hot;
use crate::builtins;
use crate::code::Code;
use crate::language::LanguageInfo;
use crate::object::{RawRef, Ref};
use crate::vm::Vm;

/// Bytes of machine code on a line.
const BYTES: usize = 11;

impl Vm {
    /// The compiled code of the living functions that are called this, or begin at this `source:line`, as text. What was
    /// not compiled is compiled now. Empty if there is none; needs [`JitOptions::listings`](crate::JitOptions).
    pub fn list_compiled(&self, wanted: &str) -> String {
        let codes: Vec<u32> = self.heap().codes.borrow().iter().collect();
        let mut text = String::new();
        for raw in codes {
            // SAFETY: what is registered has not been freed.
            let code = unsafe { RawRef::<Code>::new(raw).get(self) };
            if !code.is_bytecode() || !self.is_called(code, wanted) {
                continue;
            }
            let was_compiled = self.jit().borrow().functions.contains_key(&raw);
            if !was_compiled {
                self.compile(code);
            }
            let jit = self.jit().borrow();
            match (jit.functions.get(&raw), &jit.memory) {
                (Some(function), Some(memory)) => {
                    let note = if was_compiled { "" } else { ", not compiled until now" };
                    let _ = writeln!(text, "; {}{note}", self.full_name(code));
                    self.list(&mut text, code, function, memory);
                }
                _ => {
                    let _ = writeln!(text, "; {} cannot be compiled", self.full_name(code));
                }
            }
        }
        text
    }

    fn is_called(&self, code: Ref<'_, Code>, wanted: &str) -> bool {
        let called = (self.hooks().function_name)(code);
        if called.name == wanted {
            return true;
        }
        let Some((source, line)) = wanted.rsplit_once(':') else {
            return false;
        };
        let is_source = called.source.strip_suffix(source).is_some_and(|rest| {
            let separator = rest.bytes().next_back();
            separator.is_none_or(|byte| !byte.is_ascii_alphanumeric() && byte != b'_')
        });
        is_source && line.parse() == Ok(code.info().line_defined)
    }

    fn list(&self, text: &mut String, code: Ref<'_, Code>, function: &Function, memory: &CodeMemory) {
        let compiled = &function.compiled;
        let Some(copies) = &compiled.copies else {
            return;
        };
        let _ = writeln!(
            text,
            "; version {}: {} instructions of {} bytes, {} bytes hot, {} bytes cold",
            function.retired.len() + 1,
            compiled.instructions,
            code.bytecode().len() * 8,
            compiled.hot_bytes,
            compiled.cold_bytes
        );
        let hot = Half {
            start: memory.run(compiled.hot.start),
            bytes: compiled.hot_bytes as usize,
            name: "hot",
            offset: |copied| copied.hot as usize,
        };
        let cold = Half {
            start: memory.run(compiled.cold.start),
            bytes: compiled.cold_bytes as usize,
            name: "cold",
            offset: |copied| copied.cold as usize,
        };
        let halves = [hot, cold];
        let mut formatter = formatter(self.language(), &halves);
        for half in &halves {
            let _ = writeln!(text, "; {} code, at {:p}", half.name, half.start);
            for (index, copied) in copies.iter().enumerate() {
                let start = (half.offset)(copied);
                let end = copies.get(index + 1).map_or(half.bytes, half.offset);
                if start < end {
                    self.describe(text, code, copied);
                    half.disassemble(text, start..end, &mut formatter, self.language());
                }
            }
        }
        text.push('\n');
    }

    /// `; fact:3  16  MUL.slot_last dst=s2 ..`
    fn describe(&self, text: &mut String, code: Ref<'_, Code>, copied: &Copied) {
        let templates = self.language().templates;
        let is = |template: &super::Template| std::ptr::eq(template, copied.template);
        let line = code.info().lines.line(copied.at);
        let place = line.map_or(String::new(), |line| format!("line {line}"));
        let name = match templates.stubs.iter().position(is) {
            Some(2) => "a loop begins".to_owned(),
            Some(_) => "entry".to_owned(),
            None => {
                let bytes: Vec<u8> = code.bytecode()[copied.at as usize / 8..]
                    .iter()
                    .take(copied.template.length as usize / 8)
                    .flat_map(|word| word.get().to_le_bytes())
                    .collect();
                let opcode = bytes.first_chunk().map(|opcode| u16::from_le_bytes(*opcode));
                let info = opcode.and_then(|opcode| self.language().opcodes.get(usize::from(opcode)));
                info.map_or(String::new(), |info| {
                    self.instruction_text(info, copied.at as usize, &bytes)
                })
            }
        };
        let _ = writeln!(text, "; {place:<10} {:>6}  {name}", copied.at);
    }
}

/// A half of a function's code.
struct Half {
    start: *const u8,
    bytes: usize,
    name: &'static str,
    offset: fn(&Copied) -> usize,
}

impl Half {
    fn disassemble(
        &self,
        text: &mut String,
        range: std::ops::Range<usize>,
        formatter: &mut IntelFormatter,
        language: &LanguageInfo,
    ) {
        // SAFETY: compiled code of this length is there, and is not changed while it is listed.
        let code = unsafe { std::slice::from_raw_parts(self.start.add(range.start), range.len()) };
        let address = self.start as u64 + range.start as u64;
        let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        while decoder.can_decode() {
            let start = decoder.position();
            decoder.decode_out(&mut instruction);
            let bytes = &code[start..decoder.position()];
            let mut output = Output {
                text: String::new(),
                skip_space: false,
                language,
            };
            formatter.format(&instruction, &mut output);
            let mut hex = String::new();
            for byte in bytes {
                let _ = write!(hex, "{byte:02x} ");
            }
            let line = format!(
                "  {:04x}  {hex:<width$} {}",
                range.start + start,
                output.text,
                width = 3 * BYTES
            );
            let comment = callee(&instruction, language).map_or(String::new(), |name| format!("  ; {name}"));
            let _ = writeln!(text, "{line}{comment}");
        }
    }
}

/// The function of the runtime or the language that an instruction calls through the VM's tables.
fn callee(instruction: &Instruction, language: &LanguageInfo) -> Option<String> {
    let vm = language
        .templates
        .names
        .registers
        .iter()
        .find(|(_, role)| *role == "vm")?;
    let is_vm = format!("{:?}", instruction.memory_base()).eq_ignore_ascii_case(vm.0);
    if !instruction.is_call_near_indirect() || !is_vm || instruction.memory_index() != Register::None {
        return None;
    }
    let offset = instruction.memory_displacement64() as usize;
    let number = |table: usize| offset.checked_sub(table).map(|distance| distance / 8);
    if let Some(number) = number(offset_of!(Hot, externs)) {
        return language
            .templates
            .names
            .externs
            .get(number)
            .map(|name| (*name).to_owned());
    }
    let number = number(offset_of!(Hot, builtins))?;
    let builtin = builtins::TABLE
        .iter()
        .find(|(builtin, _)| *builtin as usize == number)?;
    Some(format!("{:?}", builtin.0))
}

fn formatter(language: &'static LanguageInfo, halves: &[Half]) -> IntelFormatter {
    let templates = language.templates;
    let mut places: HashMap<u64, String> = HashMap::new();
    for (address, name) in templates.symbols.iter().zip(templates.names.symbols) {
        places.insert(address.0 as u64, (*name).to_owned());
    }
    let halves = halves
        .iter()
        .map(|half| (half.start as u64, half.bytes as u64, half.name));
    let resolver = Resolver {
        places,
        halves: halves.collect(),
    };
    let mut formatter = IntelFormatter::with_options(Some(Box::new(resolver)), None);
    let options = formatter.options_mut();
    options.set_first_operand_char_index(8);
    options.set_space_after_operand_separator(true);
    options.set_memory_size_options(MemorySizeOptions::Minimal);
    options.set_show_branch_size(false);
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    formatter
}

/// Names what code jumps to.
struct Resolver {
    places: HashMap<u64, String>,
    halves: Vec<(u64, u64, &'static str)>,
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
        let is_place = match instruction.op_kind(instruction_operand?) {
            OpKind::NearBranch64 => true,
            OpKind::Memory => instruction.is_ip_rel_memory_operand(),
            _ => false,
        };
        if !is_place {
            return None;
        }
        let own = self.halves.iter().find_map(|(start, bytes, name)| {
            let offset = address.checked_sub(*start).filter(|offset| offset <= bytes)?;
            Some(format!("{name}+{offset:04x}"))
        });
        let name = self.places.get(&address).cloned().or(own)?;
        Some(SymbolResult::with_string(address, name))
    }
}

/// Collects the formatter's tokens, with the names of registers that hold something particular.
struct Output<'l> {
    text: String,
    skip_space: bool,
    language: &'l LanguageInfo,
}

impl FormatterOutput for Output<'_> {
    fn write(&mut self, text: &str, kind: FormatterTextKind) {
        // `qword ptr [..]` says nothing that `qword [..]` does not.
        if kind == FormatterTextKind::Keyword && text == "ptr" {
            self.skip_space = true;
            return;
        }
        if std::mem::take(&mut self.skip_space) && text == " " {
            return;
        }
        let registers = self.language.templates.names.registers;
        let role = registers.iter().find(|(register, _)| *register == text);
        match role {
            Some((_, role)) if kind == FormatterTextKind::Register => self.text.push_str(role),
            _ => self.text.push_str(text),
        }
    }
}
