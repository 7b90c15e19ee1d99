//! Interned strings: a table of all strings of a VM, from which dead ones vanish.

mod table;

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

use crate::abi::{Header, KIND_STR};
use crate::heap::{Collection, is_marked};
use crate::object::{Ref, Str};
use crate::vm::Vm;
use table::{Entry, Table};

/// The strings of a VM, by their contents.
pub(crate) struct Strings {
    seed: u64,
    interned: RefCell<Interned>,
}

struct Interned {
    table: Table,
    /// What the next string gets as [`Str::hash`].
    next_number: u32,
    /// Strings made since the last collection.
    young: Vec<Entry>,
    sweep: Sweep,
}

/// Dead strings leave the table while the program runs.
enum Sweep {
    Nothing,
    /// These, if they are dead.
    Young(Vec<Entry>),
    /// All that are dead, in segments from this one on.
    All(usize),
}

impl Strings {
    /// With a hash seed, or a random one.
    pub fn new(seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Strings {
            seed,
            interned: RefCell::new(Interned {
                table: Table::new(),
                next_number: 0,
                young: Vec::new(),
                sweep: Sweep::Nothing,
            }),
        }
    }

    /// The string with these bytes; `None` when there is no memory for it.
    pub fn intern<'v>(&self, vm: &'v Vm, bytes: &[u8]) -> Option<Ref<'v, Str>> {
        let hash = hash(self.seed, bytes);
        let mut interned = self.interned.borrow_mut();
        let found = interned.table.find(hash, |string| {
            // SAFETY: dead strings leave the table before their memory is used again.
            let string = unsafe { Ref::<Str>::from_pointer(vm.address(string).cast()) };
            is_same(string.as_bytes(), bytes)
        });
        let vacancy = match found {
            Ok(string) => {
                if !matches!(interned.sweep, Sweep::Nothing) {
                    vm.keep_string(string);
                }
                // SAFETY: as above.
                return Some(unsafe { Ref::from_pointer(vm.address(string).cast()) });
            }
            Err(vacancy) => vacancy,
        };
        let string = vm
            .allocate_sized(KIND_STR, bytes.len(), bytes.len().checked_add(12))?
            .cast::<Str>();
        // SAFETY: just allocated, with room for the bytes behind the 12 bytes of its fixed part.
        let string = unsafe {
            (*string).hash = interned.next_number;
            string
                .cast::<u8>()
                .add(12)
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            Ref::from_pointer(string)
        };
        let entry = Entry {
            hash,
            string: string.raw().0,
        };
        interned
            .table
            .insert(vacancy, entry, |string| is_marked(vm.arena(), string));
        interned.next_number = interned.next_number.wrapping_add(1);
        interned.young.push(entry);
        Some(string)
    }

    /// All that is alive is marked. From now on dead strings leave the table: any, or of the young ones.
    pub fn begin_sweep(&self, what: Collection) {
        let mut interned = self.interned.borrow_mut();
        let young = std::mem::take(&mut interned.young);
        interned.sweep = match what {
            Collection::Minor => Sweep::Young(young),
            Collection::Full => {
                interned.table.begin_sweep();
                Sweep::All(0)
            }
        };
    }

    /// Removes dead strings from the table, looking at about `count`. Answers whether none is left.
    pub fn sweep(&self, vm: &Vm, count: usize) -> bool {
        let lives = |string| is_marked(vm.arena(), string);
        let Interned {
            table, young, sweep, ..
        } = &mut *self.interned.borrow_mut();
        let is_done = match sweep {
            Sweep::Nothing => true,
            Sweep::Young(entries) => {
                for entry in entries.drain(entries.len().saturating_sub(count)..) {
                    if !lives(entry.string) {
                        table.remove(entry);
                    }
                }
                if entries.is_empty() && young.is_empty() {
                    // Its memory is of use again.
                    std::mem::swap(young, entries);
                }
                entries.is_empty()
            }
            Sweep::All(next) => {
                table.sweep_segment(*next, lives);
                *next += 1;
                *next >= table.segments()
            }
        };
        if is_done {
            *sweep = Sweep::Nothing;
        }
        is_done
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.interned.borrow().table.len()
    }
}

/// Hashes bytes, for the intern table: folded 64x64-bit multiplications over 16 bytes at a time, after W. Yi's wyhash.
fn hash(seed: u64, bytes: &[u8]) -> u32 {
    const A: u64 = 0xA076_1D64_78BD_642F;
    const B: u64 = 0xE703_7ED1_A0B4_28DB;
    let length = bytes.len();
    let mut state = seed ^ A;
    let (low, high) = if length <= 16 {
        short_bytes(bytes)
    } else {
        let mut at = 0;
        while length - at > 16 {
            state = fold(word(bytes, at) ^ B, word(bytes, at + 8) ^ state);
            at += 16;
        }
        (word(bytes, length - 16), word(bytes, length - 8))
    };
    let mixed = fold(low ^ B, high ^ state);
    let mixed = fold(mixed ^ A, length as u64 ^ B);
    (mixed ^ mixed >> 32) as u32
}

/// Whether the bytes are the same.
#[inline]
fn is_same(lhs: &[u8], rhs: &[u8]) -> bool {
    // Calling for a few bytes costs more than comparing them.
    match lhs.len() == rhs.len() {
        true if lhs.len() <= 16 => short_bytes(lhs) == short_bytes(rhs),
        same_length => same_length && lhs == rhs,
    }
}

/// All of up to 16 bytes, some of them twice: different for different bytes of the same length.
#[inline]
fn short_bytes(bytes: &[u8]) -> (u64, u64) {
    let half = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes")) as u64;
    let length = bytes.len();
    match length {
        0 => (0, 0),
        1..4 => {
            let (first, middle, last) = (bytes[0] as u64, bytes[length / 2] as u64, bytes[length - 1] as u64);
            (first << 16 | middle << 8 | last, 0)
        }
        4..8 => (half(0), half(length - 4)),
        _ => (word(bytes, 0), word(bytes, length - 8)),
    }
}

#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"))
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

const _: () = assert!(size_of::<Header>() + size_of::<u32>() == 12);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_byte_counts() {
        let bytes: Vec<u8> = (1..=80).collect();
        for length in 0..bytes.len() {
            let base = hash(1, &bytes[..length]);
            assert_ne!(base, hash(2, &bytes[..length]), "the seed counts at length {length}");
            assert_ne!(base, hash(1, &bytes[..length + 1]));
            for i in 0..length {
                let mut other = bytes[..length].to_vec();
                other[i] ^= 0x40;
                assert_ne!(base, hash(1, &other), "byte {i} of {length}");
            }
        }
    }

    #[test]
    fn few_collisions() {
        let hashes: HashSet<u32> = (0..100_000)
            .map(|i| hash(7, format!("key{i}").as_bytes()) & 0xF_FFFF)
            .collect();
        // 100,000 balls into 2^20 urns leave about 95,360 urns hit.
        assert!((95_000..95_700).contains(&hashes.len()), "{} distinct", hashes.len());
    }
}
