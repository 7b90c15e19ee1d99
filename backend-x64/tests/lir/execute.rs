//! Runs compiled functions in this process.

use dg_backend_x64::code::{CodeObject, RelocationKind};
use dg_backend_x64::emit::Compiled;
use std::collections::HashMap;

/// Executable memory with a compiled C function at its start.
pub struct Executable {
    start: *mut u8,
    length: usize,
    entry: usize,
}

impl Executable {
    /// Places both parts next to each other and resolves what they say about each other.
    pub fn new(compiled: &Compiled, name: &str) -> Executable {
        let mut bytes = Vec::new();
        let mut symbols = HashMap::new();
        let mut parts = Vec::new();
        for object in [&compiled.hot, &compiled.cold].into_iter().flatten() {
            bytes.resize(bytes.len().next_multiple_of(16), 0xcc);
            let start = bytes.len();
            symbols.extend(
                object
                    .symbols
                    .iter()
                    .map(|site| (site.symbol.clone(), start + site.offset as usize)),
            );
            bytes.extend_from_slice(&object.bytes);
            parts.push((start, object));
        }
        for (start, object) in parts {
            relocate(&mut bytes, start, object, &symbols);
        }
        let entry = symbols
            .iter()
            .find(|(symbol, _)| symbol.name() == name)
            .map(|(_, offset)| *offset);
        let length = bytes.len();
        // SAFETY: a fresh private mapping that is written before it becomes executable, and owned by the result.
        let start = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let start = libc::mmap(std::ptr::null_mut(), length, protection, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED, "no memory");
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), length);
            assert_eq!(
                libc::mprotect(start, length, libc::PROT_READ | libc::PROT_EXEC),
                0,
                "mprotect failed"
            );
            start.cast()
        };
        Executable {
            start,
            length,
            entry: entry.expect("the entry has a symbol"),
        }
    }

    /// Calls the function.
    ///
    /// # Safety
    ///
    /// What it does with the arguments must be sound.
    pub unsafe fn call(&self, args: [u64; 4]) -> u64 {
        // SAFETY: the code follows the C ABI; the rest is the caller's promise.
        unsafe {
            let function: extern "C" fn(u64, u64, u64, u64) -> u64 = std::mem::transmute(self.start.add(self.entry));
            function(args[0], args[1], args[2], args[3])
        }
    }
}

impl Drop for Executable {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nothing refers to it any more.
        unsafe { libc::munmap(self.start.cast(), self.length) };
    }
}

fn relocate(
    bytes: &mut [u8],
    start: usize,
    object: &CodeObject,
    symbols: &HashMap<dg_backend_x64::encoder::Symbol, usize>,
) {
    for relocation in &object.relocations {
        assert_eq!(
            relocation.kind,
            RelocationKind::PcRelative32,
            "the parts refer to each other by distance"
        );
        let at = start + relocation.offset as usize;
        let distance = symbols[&relocation.symbol] as i64 + relocation.addend - at as i64;
        bytes[at..at + 4].copy_from_slice(&(distance as i32).to_le_bytes());
    }
}
