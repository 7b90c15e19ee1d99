//! GDB's interface for code that is made at run time: a list of object files in memory, and a function that it stops in
//! when the list changes.
//!
//! Each compiled function is an object file with two sections, for its hot and its cold code, which are where they are
//! already, and a symbol for each.

use std::ffi::c_char;
use std::ptr;
use std::sync::Mutex;

use super::names::Named;

/// An entry of the list, as GDB reads it.
#[repr(C)]
struct Entry {
    next: *mut Entry,
    previous: *mut Entry,
    file: *const c_char,
    size: u64,
}

/// What GDB looks for by name.
#[repr(C)]
pub struct Descriptor {
    version: u32,
    action: u32,
    relevant: *mut Entry,
    first: *mut Entry,
}

const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

/// The head of the list.
#[unsafe(no_mangle)]
static mut __jit_debug_descriptor: Descriptor = Descriptor {
    version: 1,
    action: 0,
    relevant: ptr::null_mut(),
    first: ptr::null_mut(),
};

/// GDB has a breakpoint here.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn __jit_debug_register_code() {
    // Not to be taken for a function without effect.
    std::hint::black_box(());
}

/// Held by who changes the list.
static LOCK: Mutex<()> = Mutex::new(());

/// Code that a debugger knows; dropping it makes the debugger forget it.
pub(super) struct Registration {
    entry: *mut Entry,
    /// Read by the debugger, through the entry.
    _file: Vec<u8>,
}

/// Tells a debugger of code.
pub(super) fn register(ranges: &[Named]) -> Registration {
    let file = object_file(ranges);
    let entry = Box::into_raw(Box::new(Entry {
        next: ptr::null_mut(),
        previous: ptr::null_mut(),
        file: file.as_ptr().cast(),
        size: file.len() as u64,
    }));
    let _guard = LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // SAFETY: the list is only touched under the lock, and its entries live until they are taken out.
    unsafe {
        let list = &raw mut __jit_debug_descriptor;
        (*entry).next = (*list).first;
        if !(*list).first.is_null() {
            (*(*list).first).previous = entry;
        }
        (*list).first = entry;
        tell(entry, REGISTER);
    }
    Registration { entry, _file: file }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let _guard = LOCK.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // SAFETY: as in `register`; the entry is taken out of the list before it is freed.
        unsafe {
            let list = &raw mut __jit_debug_descriptor;
            let Entry { next, previous, .. } = *self.entry;
            if previous.is_null() {
                (*list).first = next;
            } else {
                (*previous).next = next;
            }
            if !next.is_null() {
                (*next).previous = previous;
            }
            tell(self.entry, UNREGISTER);
            drop(Box::from_raw(self.entry));
        }
    }
}

/// # Safety
/// To be called under the lock.
unsafe fn tell(entry: *mut Entry, action: u32) {
    // SAFETY: nobody else touches it.
    unsafe {
        let list = &raw mut __jit_debug_descriptor;
        (*list).action = action;
        (*list).relevant = entry;
        __jit_debug_register_code();
        (*list).action = 0;
        (*list).relevant = ptr::null_mut();
    }
}

/// A relocatable ELF file with a section without contents and a symbol for each range.
fn object_file(ranges: &[Named]) -> Vec<u8> {
    const FILE_HEADER: usize = 64;
    const SECTION_HEADER: usize = 64;
    // What stands in the file: names of sections, symbols, their names.
    let mut section_names = Strings::new();
    let mut symbol_names = Strings::new();
    let mut symbols = vec![0; SYMBOL];
    let mut sections = vec![[0; 10]];
    for (index, range) in ranges.iter().enumerate() {
        // A function that everyone sees, at the start of its section.
        symbols.extend((symbol_names.add(&range.name) as u32).to_le_bytes());
        symbols.extend([0x12, 0]);
        symbols.extend((index as u16 + 1).to_le_bytes());
        symbols.extend(0u64.to_le_bytes());
        symbols.extend((range.size as u64).to_le_bytes());
        let name = section_names.add([".text", ".text.cold"][index.min(1)]);
        // Occupies memory and can be executed; has no contents.
        sections.push([name, 8, 2 | 4, range.start as u64, 0, range.size as u64, 0, 0, 16, 0]);
    }
    let strings = ranges.len() as u64 + 2;
    let symtab = section_names.add(".symtab");
    let strtab = section_names.add(".strtab");
    let shstrtab = section_names.add(".shstrtab");
    let contents = [symbols, symbol_names.0, section_names.0];
    let mut offset = (FILE_HEADER + SECTION_HEADER * (sections.len() + contents.len())) as u64;
    let kinds = [
        (symtab, 2, strings, 1, SYMBOL as u64),
        (strtab, 3, 0, 0, 0),
        (shstrtab, 3, 0, 0, 0),
    ];
    for ((name, kind, link, info, entry), bytes) in kinds.into_iter().zip(&contents) {
        let size = bytes.len() as u64;
        sections.push([name, kind, 0, 0, offset, size, link, info, 8, entry]);
        offset += size;
    }
    let mut file = Vec::with_capacity(offset as usize);
    file.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    // Relocatable, x86-64, version 1.
    file.extend([1, 0, 62, 0, 1, 0, 0, 0]);
    // No entry, no program headers; section headers follow at once.
    file.extend(
        [0u64, 0, FILE_HEADER as u64]
            .iter()
            .flat_map(|field| field.to_le_bytes()),
    );
    file.extend([0; 4]);
    let counts = [
        FILE_HEADER as u16,
        0,
        0,
        SECTION_HEADER as u16,
        sections.len() as u16,
        sections.len() as u16 - 1,
    ];
    file.extend(counts.iter().flat_map(|field| field.to_le_bytes()));
    for [name, kind, flags, address, offset, size, link, info, alignment, entry] in sections {
        file.extend([name as u32, kind as u32].iter().flat_map(|field| field.to_le_bytes()));
        let fields = [flags, address, offset, size];
        file.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
        file.extend([link as u32, info as u32].iter().flat_map(|field| field.to_le_bytes()));
        file.extend([alignment, entry].iter().flat_map(|field| field.to_le_bytes()));
    }
    for bytes in contents {
        file.extend(bytes);
    }
    file
}

/// Bytes of a symbol.
const SYMBOL: usize = 24;

/// A table of strings that end with 0.
struct Strings(Vec<u8>);

impl Strings {
    fn new() -> Self {
        Strings(vec![0])
    }

    /// Answers where it is.
    fn add(&mut self, text: &str) -> u64 {
        let start = self.0.len() as u64;
        self.0.extend(text.bytes().filter(|byte| *byte != 0));
        self.0.push(0);
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges() -> [Named; 2] {
        [("fact", 0x1000, 64), ("fact (cold)", 0x9000, 32)].map(|(name, start, size)| Named {
            name: name.to_owned(),
            start,
            size,
        })
    }

    #[test]
    fn sections_are_where_the_code_is() {
        let file = object_file(&ranges());
        let u64_at = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap());
        let section = |index: usize| 64 + 64 * index;
        assert_eq!((u64_at(section(1) + 16), u64_at(section(1) + 32)), (0x1000, 64));
        assert_eq!((u64_at(section(2) + 16), u64_at(section(2) + 32)), (0x9000, 32));
        let (names, size) = (u64_at(section(4) + 24), u64_at(section(4) + 32));
        assert_eq!(&file[names as usize..][..size as usize], b"\0fact\0fact (cold)\0");
        let names = u64_at(section(5) + 24) as usize;
        assert_eq!(names + u64_at(section(5) + 32) as usize, file.len());
    }

    #[test]
    fn what_is_dropped_leaves_the_list() {
        let list = || {
            let _guard = LOCK.lock().unwrap();
            let mut files = Vec::new();
            // SAFETY: entries live as long as they are in the list.
            unsafe {
                let list = &raw const __jit_debug_descriptor;
                let mut entry = (*list).first;
                while !entry.is_null() {
                    files.push(entry);
                    entry = (*entry).next;
                }
            }
            files
        };
        let [a, b, c] = [0, 1, 2].map(|_| register(&ranges()));
        assert_eq!(list(), [c.entry, b.entry, a.entry]);
        drop(b);
        assert_eq!(list(), [c.entry, a.entry]);
        drop(c);
        assert_eq!(list(), [a.entry]);
        drop(a);
        assert!(list().is_empty());
    }
}
