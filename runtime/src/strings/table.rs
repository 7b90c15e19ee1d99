//! The table of strings: hashing in which nothing takes long.
//!
//! The entries lie in segments, told apart by the high bits of the hash; each is a small hash table with linear probing,
//! in which removal shifts entries back. A segment that is full is doubled, up to a size from which on it is split in two
//! (extendible hashing: R. Fagin et al., ACM TODS 4, 1979). So growing never moves more than a segment, and the table
//! can be swept a segment at a time.

use std::ptr::NonNull;

/// Entries of the first segment.
const FIRST_ENTRIES: usize = 1024;
/// A segment with so many entries is split when it is full.
const MOST_ENTRIES: usize = 2048;
/// A segment has at least so many.
const LEAST_ENTRIES: usize = 16;
/// Segments are not told apart by more bits than this: strings may be made to have the same ones.
const MOST_BITS: u32 = 20;

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub hash: u32,
    /// 0 where there is none.
    pub string: u32,
}

const EMPTY: Entry = Entry { hash: 0, string: 0 };

pub(super) struct Table {
    /// Where the entries are, by the first bits of the hash. Several may share a segment.
    directory: Vec<Place>,
    /// How many bits of a hash do not count in the directory.
    shift: u32,
    segments: Vec<Segment>,
    used: usize,
    /// Segments whose number is not this one are to be swept.
    sweep: u32,
}

/// A part of the directory.
#[derive(Clone, Copy)]
struct Place {
    entries: *mut Entry,
    /// Number of entries, a power of two, less one.
    mask: u32,
    segment: u32,
}

struct Segment {
    /// Owned; the directory has copies of the pointer.
    entries: NonNull<[Entry]>,
    used: u32,
    /// How many bits its hashes have in common, and these.
    bits: u32,
    prefix: u32,
    swept: u32,
}

/// Where an entry belongs that is not there yet.
pub(super) struct Vacancy {
    place: usize,
    index: usize,
}

impl Table {
    pub fn new() -> Self {
        let mut table = Table {
            directory: Vec::new(),
            shift: 32,
            segments: Vec::new(),
            used: 0,
            sweep: 0,
        };
        table.segments.push(Segment::new(FIRST_ENTRIES, 0, 0, 0));
        table.directory.push(table.segments[0].place(0));
        table
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.used
    }

    /// The string of an entry with this hash that `is_same` answers true for, or where it belongs.
    #[inline]
    pub fn find(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Result<u32, Vacancy> {
        let place = self.place_of(hash);
        let Place { entries, mask, .. } = self.directory[place];
        let mut index = hash as usize & mask as usize;
        // Not all of the entries are in use, so the search ends.
        loop {
            // SAFETY: the entries of a segment, as many as its mask says.
            let entry = unsafe { *entries.add(index) };
            if entry.string == 0 {
                return Err(Vacancy { place, index });
            }
            if entry.hash == hash && is_same(entry.string) {
                return Ok(entry.string);
            }
            index = (index + 1) & mask as usize;
        }
    }

    /// Adds an entry where [`Table::find`] has said. A sweep that is under way looks at its segment first.
    #[inline]
    pub fn insert(&mut self, vacancy: Vacancy, entry: Entry, lives: impl Fn(u32) -> bool) {
        let place = self.directory[vacancy.place];
        let segment = &mut self.segments[place.segment as usize];
        if segment.swept != self.sweep || is_full(segment.used + 1, place.mask as usize + 1) {
            return self.insert_slow(place.segment, entry, lives);
        }
        segment.used += 1;
        self.used += 1;
        // SAFETY: nothing has happened to the segment since the place was found.
        unsafe { *place.entries.add(vacancy.index) = entry };
    }

    #[cold]
    fn insert_slow(&mut self, segment: u32, entry: Entry, lives: impl Fn(u32) -> bool) {
        self.sweep_segment(segment as usize, lives);
        self.add(entry);
    }

    fn add(&mut self, entry: Entry) {
        loop {
            let number = self.directory[self.place_of(entry.hash)].segment;
            let segment = &mut self.segments[number as usize];
            let length = segment.entries().len();
            if !is_full(segment.used + 1, length) {
                segment.add(entry);
                self.used += 1;
                return;
            }
            if length >= MOST_ENTRIES && segment.bits < MOST_BITS {
                self.split(number);
            } else {
                segment.resize(2 * length);
                self.renew_places(number);
            }
        }
    }

    /// Removes an entry that is there.
    pub fn remove(&mut self, entry: Entry) {
        let number = self.directory[self.place_of(entry.hash)].segment;
        self.segments[number as usize].remove(entry);
        self.used -= 1;
    }

    /// From now on, all segments are to be swept.
    pub fn begin_sweep(&mut self) {
        self.sweep = self.sweep.wrapping_add(1);
    }

    /// Number of segments.
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Removes entries from a segment that is still to be swept, but for those that `lives` answers true for.
    pub fn sweep_segment(&mut self, number: usize, lives: impl Fn(u32) -> bool) {
        let segment = &mut self.segments[number];
        if segment.swept == self.sweep {
            return;
        }
        segment.swept = self.sweep;
        self.used -= segment.retain(lives);
        let least = (segment.used as usize * 4).next_power_of_two().max(LEAST_ENTRIES);
        let least = if self.segments.len() == 1 {
            least.max(FIRST_ENTRIES)
        } else {
            least
        };
        let segment = &mut self.segments[number];
        if segment.entries().len() > 2 * least {
            segment.resize(least);
            self.renew_places(number as u32);
        }
    }

    #[inline]
    fn place_of(&self, hash: u32) -> usize {
        (u64::from(hash) >> self.shift) as usize
    }

    fn split(&mut self, number: u32) {
        let bits = self.segments[number as usize].bits + 1;
        if bits > 32 - self.shift {
            self.directory = self.directory.iter().flat_map(|&place| [place, place]).collect();
            self.shift -= 1;
        }
        let segment = &self.segments[number as usize];
        let [low, high] = [0, 1].map(|half| {
            let is_there = |entry: &&Entry| entry.string != 0 && entry.hash >> (32 - bits) & 1 == half;
            let count = segment.entries().iter().filter(is_there).count() as u32;
            let room = if is_full(count, MOST_ENTRIES / 2) {
                MOST_ENTRIES
            } else {
                MOST_ENTRIES / 2
            };
            let mut made = Segment::new(room, bits, segment.prefix << 1 | half, segment.swept);
            segment
                .entries()
                .iter()
                .filter(is_there)
                .for_each(|&entry| made.add(entry));
            made
        });
        self.segments[number as usize] = low;
        self.segments.push(high);
        self.renew_places(number);
        self.renew_places(self.segments.len() as u32 - 1);
    }

    fn renew_places(&mut self, number: u32) {
        let segment = &self.segments[number as usize];
        let unused_bits = 32 - self.shift - segment.bits;
        let first = (segment.prefix as usize) << unused_bits;
        self.directory[first..first + (1 << unused_bits)].fill(segment.place(number));
    }
}

/// Whether so many entries are too many for a segment.
fn is_full(used: u32, entries: usize) -> bool {
    used as usize * 8 > entries * 5
}

impl Segment {
    fn new(entries: usize, bits: u32, prefix: u32, swept: u32) -> Self {
        let entries = Box::into_raw(vec![EMPTY; entries].into_boxed_slice());
        Segment {
            entries: NonNull::new(entries).expect("a box is somewhere"),
            used: 0,
            bits,
            prefix,
            swept,
        }
    }

    fn place(&self, number: u32) -> Place {
        Place {
            entries: self.entries.as_ptr().cast(),
            mask: self.mask() as u32,
            segment: number,
        }
    }

    fn entries(&self) -> &[Entry] {
        // SAFETY: owned, and written only by who has the table to himself.
        unsafe { self.entries.as_ref() }
    }

    fn entries_mut(&mut self) -> &mut [Entry] {
        // SAFETY: as above.
        unsafe { self.entries.as_mut() }
    }

    fn mask(&self) -> usize {
        self.entries().len() - 1
    }

    /// Adds an entry, for which there is room.
    fn add(&mut self, entry: Entry) {
        let mask = self.mask();
        let entries = self.entries_mut();
        let mut index = entry.hash as usize & mask;
        while entries[index].string != 0 {
            index = (index + 1) & mask;
        }
        entries[index] = entry;
        self.used += 1;
    }

    fn remove(&mut self, entry: Entry) {
        let mask = self.mask();
        let mut index = entry.hash as usize & mask;
        while self.entries()[index] != entry {
            index = (index + 1) & mask;
        }
        self.remove_at(index);
    }

    fn remove_at(&mut self, mut hole: usize) {
        let mask = self.mask();
        let entries = self.entries_mut();
        // Entries that could not get nearer to their home than behind the hole move into it.
        let mut next = hole;
        loop {
            next = (next + 1) & mask;
            let candidate = entries[next];
            if candidate.string == 0 {
                break;
            }
            let distance = next.wrapping_sub(candidate.hash as usize) & mask;
            if distance >= (next.wrapping_sub(hole) & mask) {
                entries[hole] = candidate;
                hole = next;
            }
        }
        entries[hole] = EMPTY;
        self.used -= 1;
    }

    /// Removes the entries that `lives` answers false for. Answers how many these were.
    fn retain(&mut self, lives: impl Fn(u32) -> bool) -> usize {
        let before = self.used;
        let mut index = 0;
        while let Some(entry) = self.entries().get(index) {
            if entry.string != 0 && !lives(entry.string) {
                // Another entry may have moved there.
                self.remove_at(index);
            } else {
                index += 1;
            }
        }
        (before - self.used) as usize
    }

    /// Moves the entries to others, so many.
    fn resize(&mut self, entries: usize) {
        let mut resized = Segment::new(entries, self.bits, self.prefix, self.swept);
        self.entries()
            .iter()
            .filter(|entry| entry.string != 0)
            .for_each(|&entry| resized.add(entry));
        *self = resized;
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: made of a box by `new`, and its places are renewed before they are used again.
        drop(unsafe { Box::from_raw(self.entries.as_ptr()) });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Checks that exactly these entries are found.
    fn check(table: &Table, model: &BTreeSet<(u32, u32)>) {
        assert_eq!(table.len(), model.len());
        let in_segments = table.segments.iter().flat_map(|segment| segment.entries());
        assert_eq!(in_segments.filter(|entry| entry.string != 0).count(), model.len());
        for &(string, hash) in model {
            let found = table.find(hash, |other| other == string);
            assert_eq!(found.ok(), Some(string));
        }
    }

    /// Adds, removes and sweeps at random; `hash` makes a hash of a random number.
    fn exercise(steps: u32, most: usize, hash: impl Fn(u64) -> u32) {
        let mut table = Table::new();
        let mut model = BTreeSet::new();
        let mut state = 12345u64;
        let mut random = move || {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            state >> 16
        };
        for string in 1..steps {
            let lives = |string: u32| !string.is_multiple_of(3);
            match random() % 4 {
                0..3 if model.len() < most => {
                    let entry = Entry {
                        hash: hash(random()),
                        string,
                    };
                    let Err(vacancy) = table.find(entry.hash, |other| other == string) else {
                        panic!("{entry:?} was not added")
                    };
                    table.insert(vacancy, entry, lives);
                    model.insert((string, entry.hash));
                }
                _ => {
                    let index = random() as usize % model.len().max(1);
                    if let Some(&(string, hash)) = model.iter().nth(index.min(50)) {
                        table.remove(Entry { hash, string });
                        model.remove(&(string, hash));
                    }
                }
            }
            if string % (steps / 8) == 0 {
                check(&table, &model);
                table.begin_sweep();
                model.retain(|&(string, _)| lives(string));
                (0..table.segments()).for_each(|segment| table.sweep_segment(segment, lives));
                check(&table, &model);
            }
        }
        check(&table, &model);
    }

    #[test]
    fn all_entries_are_found() {
        exercise(60_000, usize::MAX, |random| random as u32);
    }

    #[test]
    fn chains_are_long_and_wrap_around() {
        exercise(20_000, 40, |random| 1020 + (random % 8) as u32);
    }

    #[test]
    fn hashes_may_collide() {
        exercise(20_000, usize::MAX, |random| (random % 3) as u32);
    }

    #[test]
    fn what_comes_during_a_sweep_stays() {
        let mut table = Table::new();
        let hash = |string: u32| string.wrapping_mul(0x9E37_79B9);
        let add = |table: &mut Table, string, lives: fn(u32) -> bool| {
            let Err(vacancy) = table.find(hash(string), |other| other == string) else {
                panic!("{string} is there")
            };
            table.insert(
                vacancy,
                Entry {
                    hash: hash(string),
                    string,
                },
                lives,
            );
        };
        (1..=10_000).for_each(|string| add(&mut table, string, |_| true));
        assert!(table.segments() > 4);
        table.begin_sweep();
        table.sweep_segment(0, |string| string % 2 == 0);
        // New strings are not marked.
        (20_001..=21_000).for_each(|string| add(&mut table, string, |string| string % 2 == 0 && string <= 10_000));
        for segment in 0..table.segments() {
            table.sweep_segment(segment, |string| string % 2 == 0 && string <= 10_000);
        }
        let model = (1..=10_000).filter(|string| string % 2 == 0).chain(20_001..=21_000);
        check(&table, &model.map(|string| (string, hash(string))).collect());
        // Nothing is left: the segments become small.
        table.begin_sweep();
        (0..table.segments()).for_each(|segment| table.sweep_segment(segment, |_| false));
        check(&table, &BTreeSet::new());
        assert!(
            table
                .segments
                .iter()
                .all(|segment| segment.entries().len() <= 2 * LEAST_ENTRIES)
        );
    }
}
