//! Puts an image into executable memory.

use std::collections::HashMap;
use std::ptr;

use dg_backend_x64::code::RelocationKind;
use dg_compiler::abi::{self, hot};
use dg_compiler::emit::Image;

use crate::arena::Arena;
use crate::cpu;

/// Numbers of exits: below are opcodes, at which dispatch arrived.
pub const CALLEE: u32 = 0x1000;
pub const RETURN: u32 = 0x1001;
pub const SWITCH: u32 = 0x1002;
pub const THROWN: u32 = 0x1003;
/// Of compiled code: the code of the next instruction, of the one that a label names, of the one at the program counter,
/// and what runs the instruction at the program counter.
pub const NEXT: u32 = 0x1004;
pub const TARGET: u32 = 0x1005;
pub const RESUME: u32 = 0x1006;
pub const EXECUTE: u32 = 0x1007;

/// Room for a template.
const SCRATCH: usize = 1 << 14;

/// Numbers of fake functions: below are runtime functions of the language.
pub const BUILTINS: u32 = 0x1000;
const BUILTIN_COUNT: u32 = 32;

/// Executable memory.
pub struct Linked {
    start: *mut u8,
    size: usize,
    symbols: HashMap<String, u64>,
    exits: HashMap<u32, u64>,
    functions: HashMap<u32, u64>,
}

impl Linked {
    pub fn new(image: &Image) -> Self {
        let mut bytes: Vec<u8> = Vec::new();
        let mut place = |code: &[u8], alignment: usize| {
            let offset = bytes.len().next_multiple_of(alignment);
            bytes.resize(offset, 0xCC);
            bytes.extend(code);
            offset
        };
        let mut symbols = HashMap::new();
        let mut relocations = Vec::new();
        for code in image.code.iter().chain(&image.shared) {
            let offset = place(&code.object.bytes, (code.object.alignment as usize).max(16));
            assert!(code.object.holes.is_empty(), "{} has holes", code.name);
            define(&mut symbols, &code.name, offset);
            for site in &code.object.symbols {
                let at = offset + site.offset as usize;
                if symbols.get(site.symbol.name()) != Some(&(at as u64)) {
                    define(&mut symbols, site.symbol.name(), at);
                }
            }
            let is_shared = code.name.ends_with(".jit") || code.name.ends_with(".jit.cold");
            let list = code.object.relocations.iter();
            relocations.extend(list.map(|relocation| (offset, relocation, is_shared)));
        }
        let mut exits = HashMap::new();
        let opcodes = 0..abi::MAX_OPCODES as u32;
        let others = [CALLEE, RETURN, SWITCH, THROWN, NEXT, TARGET, RESUME, EXECUTE];
        for number in opcodes.chain(others) {
            exits.insert(number, place(&cpu::exit_stub(number), 16) as u64);
        }
        let mut functions = HashMap::new();
        let externs = 0..image.spec.externs.len() as u32;
        for number in externs.chain(BUILTINS..BUILTINS + BUILTIN_COUNT) {
            functions.insert(number, place(&cpu::function_stub(number), 16) as u64);
        }

        let code = bytes.len().next_multiple_of(4096);
        let size = code + SCRATCH;
        let start = map(size);
        for table in [&mut exits, &mut functions] {
            table.values_mut().for_each(|offset| *offset += start as u64);
        }
        symbols.values_mut().for_each(|offset| *offset += start as u64);
        for (object, relocation, is_shared) in relocations {
            let name = relocation.symbol.name();
            let exit = compiled_exit(name).filter(|_| is_shared).map(|exit| exits[&exit]);
            let defined = exit.or_else(|| symbols.get(name).copied());
            let target = defined.unwrap_or_else(|| panic!("`{name}` is not defined"));
            let value = target.wrapping_add_signed(relocation.addend);
            let at = object + relocation.offset as usize;
            match relocation.kind {
                RelocationKind::PcRelative32 => {
                    let distance = value.wrapping_sub(start as u64 + at as u64) as i64;
                    let distance = i32::try_from(distance).expect("code is near");
                    bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
                }
                RelocationKind::Absolute64 => bytes[at..at + 8].copy_from_slice(&value.to_le_bytes()),
            }
        }
        // SAFETY: the mapping is that large; it becomes executable before anything runs.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
            assert_eq!(libc::mprotect(start.cast(), code, libc::PROT_READ | libc::PROT_EXEC), 0);
            let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
            assert_eq!(libc::mprotect(start.add(code).cast(), SCRATCH, all), 0);
        }
        Self {
            start,
            size,
            symbols,
            exits,
            functions,
        }
    }

    pub fn symbol(&self, name: &str) -> u64 {
        *self
            .symbols
            .get(name)
            .unwrap_or_else(|| panic!("`{name}` is not defined"))
    }

    /// A symbol as compiled code means it: what goes on in compiled code is an exit.
    pub fn compiled_symbol(&self, name: &str) -> u64 {
        match compiled_exit(name) {
            Some(exit) => self.exit(exit),
            None => self.symbol(name),
        }
    }

    /// Where a template runs.
    pub fn scratch(&self) -> u64 {
        self.start as u64 + (self.size - SCRATCH) as u64
    }

    /// Puts code there.
    pub fn write_scratch(&self, bytes: &[u8]) {
        assert!(bytes.len() <= SCRATCH, "a template has {} bytes", bytes.len());
        // SAFETY: the end of the mapping is for this, and nothing runs there now.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.scratch() as *mut u8, bytes.len()) };
    }

    /// Gives two pieces of code each other's name.
    pub fn exchange(&mut self, one: &str, other: &str) {
        let (first, second) = (self.symbol(one), self.symbol(other));
        self.symbols.insert(one.into(), second);
        self.symbols.insert(other.into(), first);
    }

    pub fn exit(&self, number: u32) -> u64 {
        self.exits[&number]
    }

    /// Where an address is, for messages.
    pub fn describe(&self, address: u64) -> String {
        let before = self
            .symbols
            .iter()
            .filter(|(_, at)| **at <= address)
            .max_by_key(|(_, at)| **at);
        match before {
            Some((name, at)) if address < self.start as u64 + self.size as u64 => {
                format!("{name}+{:#x}", address - at)
            }
            _ => format!("{address:#x}"),
        }
    }

    /// Fills the tables of the VM.
    pub fn fill_tables(&self, arena: &Arena) {
        for opcode in 0..abi::MAX_OPCODES as i32 {
            arena.set_hot(hot::DISPATCH + 8 * opcode, self.exits[&(opcode as u32)]);
        }
        for (number, address) in &self.functions {
            let field = match number.checked_sub(BUILTINS) {
                Some(builtin) => hot::BUILTINS + 8 * builtin as i32,
                None => hot::EXTERNS + 8 * *number as i32,
            };
            arena.set_hot(field, *address);
        }
    }
}

impl Drop for Linked {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, and nothing runs there any more.
        unsafe { libc::munmap(self.start.cast(), self.size) };
    }
}

/// The stubs through which code of compiled functions goes on in compiled code.
fn compiled_exit(name: &str) -> Option<u32> {
    match name {
        "stub.resume" => Some(RESUME),
        "stub.execute" => Some(EXECUTE),
        _ => None,
    }
}

fn define(symbols: &mut HashMap<String, u64>, name: &str, offset: usize) {
    let before = symbols.insert(name.to_owned(), offset as u64);
    assert!(before.is_none(), "`{name}` is defined twice");
}

fn map(size: usize) -> *mut u8 {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping, at no particular address.
    let start = unsafe {
        libc::mmap(
            ptr::null_mut(),
            size,
            protection,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    assert_ne!(start, libc::MAP_FAILED, "no memory");
    start.cast()
}
