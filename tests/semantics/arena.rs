//! The memory that both the evaluator and machine code run on, laid out as the machine code expects a VM to be.

use std::ptr;

/// Where things are, in bytes from the start of the arena.
pub const CONTEXT: usize = 0x5400;
/// A few instructions: the one that runs is at [`PC`].
pub const BYTECODE: usize = 0x6000;
pub const BYTECODE_END: usize = 0x6800;
pub const PC: usize = 0x6400;
/// The first instruction of every callee that an instruction remembers.
pub const CALLEE_PC: usize = BYTECODE + 0x80;
pub const STACK: usize = 0x6800;
pub const STACK_END: usize = 0x8000;
/// Results of callees that do not lie on the stack.
pub const ELSEWHERE: usize = 0x8000;
pub const HEAP: usize = 0x8100;
pub const HEAP_END: usize = 0xC000;
/// Where the stack is after it has been moved.
pub const MOVED: usize = 0xC000;
/// Where new objects lie.
pub const NEW: usize = 0xE000;
pub const SIZE: usize = 0x10000;

/// Anonymous memory, unmapped when dropped.
pub struct Arena {
    start: *mut u8,
}

impl Arena {
    pub fn new() -> Self {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, at no particular address.
        let start = unsafe { libc::mmap(ptr::null_mut(), SIZE, protection, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "no memory");
        Self { start: start.cast() }
    }

    pub fn start(&self) -> *mut u8 {
        self.start
    }

    /// The address of the byte at `offset`.
    pub fn address(&self, offset: usize) -> u64 {
        self.start as u64 + offset as u64
    }

    /// Where `address` is, if it is in the arena.
    pub fn offset(&self, address: u64) -> Option<usize> {
        let offset = address.wrapping_sub(self.start as u64);
        (offset < SIZE as u64).then_some(offset as usize)
    }

    /// Reads `bytes` (at most 8) bytes.
    pub fn read(&self, offset: usize, bytes: usize) -> u64 {
        assert!(offset + bytes <= SIZE, "read at {offset:#x}");
        let mut word = [0; 8];
        // SAFETY: inside the mapping; machine code that could write there does not run now.
        unsafe { ptr::copy_nonoverlapping(self.start.add(offset), word.as_mut_ptr(), bytes) };
        u64::from_le_bytes(word)
    }

    /// Writes the low `bytes` (at most 8) bytes of `value`.
    pub fn write(&self, offset: usize, bytes: usize, value: u64) {
        assert!(offset + bytes <= SIZE, "write at {offset:#x}");
        // SAFETY: inside the mapping; machine code that could read there does not run now.
        unsafe { ptr::copy_nonoverlapping(value.to_le_bytes().as_ptr(), self.start.add(offset), bytes) };
    }

    pub fn word(&self, offset: usize) -> u64 {
        self.read(offset, 8)
    }

    pub fn set_word(&self, offset: usize, value: u64) {
        self.write(offset, 8, value);
    }

    /// A field of the VM's state.
    pub fn hot(&self, field: i32) -> u64 {
        self.word(field as usize)
    }

    pub fn set_hot(&self, field: i32, value: u64) {
        self.set_word(field as usize, value);
    }

    pub fn copy(&self) -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        // SAFETY: both are that long.
        unsafe { ptr::copy_nonoverlapping(self.start, bytes.as_mut_ptr(), SIZE) };
        bytes
    }

    pub fn restore(&self, bytes: &[u8]) {
        assert_eq!(bytes.len(), SIZE);
        // SAFETY: both are that long.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.start, SIZE) };
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and nobody uses it any more.
        unsafe { libc::munmap(self.start.cast(), SIZE) };
    }
}
