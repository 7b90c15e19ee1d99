//! Interned strings: a table of all strings of a VM, from which dead ones vanish.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

use crate::abi::{Header, KIND_STR};
use crate::object::{Ref, Str};
use crate::vm::Vm;

/// The intern table: open addressing with linear probing; removal shifts entries back.
pub(crate) struct Strings {
    seed: u64,
    table: RefCell<Table>,
}

struct Table {
    /// Length a power of two; a null reference is an empty entry.
    entries: Vec<Entry>,
    used: usize,
    /// What the next string gets as [`Str::hash`].
    next_number: u32,
    /// Strings made since the last collection.
    young: Vec<Entry>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Entry {
    hash: u32,
    string: u32,
}

const EMPTY: Entry = Entry { hash: 0, string: 0 };
const INITIAL: usize = 1024;

impl Strings {
    /// With a hash seed, or a random one.
    pub fn new(seed: Option<u64>) -> Self {
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Strings {
            seed,
            table: RefCell::new(Table {
                entries: vec![EMPTY; INITIAL],
                used: 0,
                next_number: 0,
                young: Vec::new(),
            }),
        }
    }

    /// The string with these bytes; `None` when there is no memory for it.
    pub fn intern<'v>(&self, vm: &'v Vm, bytes: &[u8]) -> Option<Ref<'v, Str>> {
        let hash = hash(self.seed, bytes);
        let mut table = self.table.borrow_mut();
        let (entries, mask) = (&table.entries[..], table.entries.len() - 1);
        let mut index = hash as usize & mask;
        // At most half of the entries are in use, so the search ends.
        loop {
            let entry = entries[index];
            if entry.string == 0 {
                break;
            }
            if entry.hash == hash {
                // SAFETY: dead strings leave the table before their memory is used again.
                let string = unsafe { Ref::<Str>::from_pointer(vm.address(entry.string).cast()) };
                if is_same(string.as_bytes(), bytes) {
                    return Some(string);
                }
            }
            index = (index + 1) & mask;
        }
        let string = vm
            .allocate_sized(KIND_STR, bytes.len(), bytes.len().checked_add(12))?
            .cast::<Str>();
        // SAFETY: just allocated, with room for the bytes behind the 12 bytes of its fixed part.
        let string = unsafe {
            (*string).hash = table.next_number;
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
        table.entries[index] = entry;
        table.next_number = table.next_number.wrapping_add(1);
        table.young.push(entry);
        table.used += 1;
        if table.used * 2 > table.entries.len() {
            table.grow();
        }
        Some(string)
    }

    /// Removes dead strings: all, or of the young ones only.
    pub fn sweep(&self, all: bool, lives: impl Fn(u32) -> bool) {
        let mut table = self.table.borrow_mut();
        let young = std::mem::take(&mut table.young);
        if all {
            table.retain(lives);
        } else {
            for entry in young {
                if !lives(entry.string) {
                    table.remove(entry);
                }
            }
        }
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.table.borrow().used
    }
}

impl Table {
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.entries.len() - 1)
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.entries);
        self.entries = vec![EMPTY; old.len() * 2];
        for entry in old {
            if entry.string != 0 {
                self.insert(entry);
            }
        }
    }

    fn retain(&mut self, lives: impl Fn(u32) -> bool) {
        let mut kept: Vec<Entry> = std::mem::take(&mut self.entries);
        let length = kept.len();
        kept.retain(|entry| entry.string != 0 && lives(entry.string));
        self.used = kept.len();
        let shrunk = (self.used * 4).next_power_of_two().clamp(INITIAL, length);
        self.entries = vec![EMPTY; shrunk];
        for entry in kept {
            self.insert(entry);
        }
    }

    fn insert(&mut self, entry: Entry) {
        let mut index = self.home(entry.hash);
        while self.entries[index].string != 0 {
            index = (index + 1) & (self.entries.len() - 1);
        }
        self.entries[index] = entry;
    }

    fn remove(&mut self, entry: Entry) {
        let mask = self.entries.len() - 1;
        let mut hole = self.home(entry.hash);
        while self.entries[hole] != entry {
            hole = (hole + 1) & mask;
        }
        self.used -= 1;
        // Entries that could not get nearer to their home than behind the hole move into it.
        let mut next = hole;
        loop {
            next = (next + 1) & mask;
            let candidate = self.entries[next];
            if candidate.string == 0 {
                break;
            }
            let distance = next.wrapping_sub(self.home(candidate.hash)) & mask;
            if distance >= (next.wrapping_sub(hole) & mask) {
                self.entries[hole] = candidate;
                hole = next;
            }
        }
        self.entries[hole] = EMPTY;
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
    use std::collections::{BTreeSet, HashSet};

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

    #[test]
    fn removal_keeps_the_others_reachable() {
        let mut table = Table {
            entries: vec![EMPTY; 64],
            used: 0,
            next_number: 0,
            young: Vec::new(),
        };
        let mut model = BTreeSet::new();
        let mut random = 12345u64;
        for step in 1..20_000u32 {
            random = random
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            // Few homes, near the end of the table, so that chains are long and wrap around.
            let hash = 56 + (random >> 60) as u32;
            if model.len() < 40 && random >> 32 & 1 == 0 {
                table.insert(Entry { hash, string: step });
                table.used += 1;
                model.insert((step, hash));
            } else if let Some(&(string, hash)) = model.iter().nth(random as usize >> 40 & 31) {
                table.remove(Entry { hash, string });
                model.remove(&(string, hash));
            }
            for &(string, hash) in &model {
                let mut index = table.home(hash);
                while table.entries[index].string != string {
                    assert_ne!(table.entries[index].string, 0, "{string} is lost");
                    index = (index + 1) & 63;
                }
            }
            assert_eq!(
                table.entries.iter().filter(|entry| entry.string != 0).count(),
                model.len()
            );
        }
    }
}
