//! Blocks: the unit in which the heap takes and gives back memory, and what is known about each.

use std::collections::{BTreeMap, BTreeSet};

use crate::arena;

/// Bytes of a block.
pub const BLOCK: usize = 32 << 10;
/// Bytes of a line, the unit in which small objects' memory is reused.
pub const LINE: usize = 64;
/// Lines of a block.
pub const LINES: usize = BLOCK / LINE;

/// Where the descriptions of blocks start in the arena.
const META_START: usize = 1 << 20;
/// Number of the first block that can be used; the descriptions take the space before.
const FIRST_BLOCK: u32 = ((META_START + (crate::abi::ARENA_SIZE / BLOCK) * size_of::<BlockMeta>()) / BLOCK + 1) as u32;
const LAST_BLOCK: u32 = (crate::abi::ARENA_SIZE / BLOCK) as u32;
/// Blocks that are committed at a time, at least.
const COMMIT: u32 = 64;

/// What is known about a block.
#[repr(C, align(64))]
pub struct BlockMeta {
    /// A bit per line that holds some of a marked object.
    pub lines: [u64; LINES / 64],
    /// A bit per 8 bytes at which a marked object starts.
    pub marks: [u64; BLOCK / 8 / 64],
    /// Of the first block of a large object: its number of blocks. 0 for blocks of small objects.
    pub large: u32,
    /// Whether its bytes may be something else than zero.
    pub dirty: bool,
}

/// The description of a block.
pub fn meta(arena: *mut u8, block: u32) -> *mut BlockMeta {
    arena
        .wrapping_add(META_START)
        .cast::<BlockMeta>()
        .wrapping_add(block as usize)
}

/// The first byte of a block.
pub fn block_start(arena: *mut u8, block: u32) -> *mut u8 {
    arena.wrapping_add(block as usize * BLOCK)
}

/// Which blocks are free. Neighbours are one range; a request takes the smallest range that is large enough.
pub struct BlockAllocator {
    arena: *mut u8,
    by_start: BTreeMap<u32, u32>,
    by_length: BTreeSet<(u32, u32)>,
    /// Blocks from here on were never used.
    frontier: u32,
    committed: u32,
    in_use: u32,
}

impl BlockAllocator {
    pub fn new(arena: *mut u8) -> Self {
        BlockAllocator {
            arena,
            by_start: BTreeMap::new(),
            by_length: BTreeSet::new(),
            frontier: FIRST_BLOCK,
            committed: FIRST_BLOCK,
            in_use: 0,
        }
    }

    /// Number of blocks that are not free.
    pub fn in_use(&self) -> u32 {
        self.in_use
    }

    /// Takes `count` neighbouring blocks; `None` when there is no memory for them.
    pub fn take(&mut self, count: u32) -> Option<u32> {
        let fitting = self.by_length.range((count, 0)..).next().copied();
        let start = match fitting {
            Some((length, start)) => {
                self.remove_range(start, length);
                if length > count {
                    self.insert_range(start + count, length - count);
                }
                start
            }
            None => {
                let start = self.frontier;
                let end = start.checked_add(count).filter(|&end| end <= LAST_BLOCK)?;
                self.commit_to(end)?;
                self.frontier = end;
                start
            }
        };
        self.in_use += count;
        Some(start)
    }

    /// Takes `count` blocks from `start` on, if they are free and there is memory for them.
    pub fn take_at(&mut self, start: u32, count: u32) -> bool {
        let free = if start == self.frontier {
            0
        } else {
            match self.by_start.get(&start) {
                Some(&length) => length,
                None => return false,
            }
        };
        if free < count {
            // Behind the free ones must be those that were never used.
            let end = start.checked_add(count).filter(|&end| end <= LAST_BLOCK);
            let is_last = start + free == self.frontier;
            let Some(end) = end.filter(|&end| is_last && self.commit_to(end).is_some()) else {
                return false;
            };
            self.frontier = end;
        }
        if free > 0 {
            self.remove_range(start, free);
        }
        if free > count {
            self.insert_range(start + count, free - count);
        }
        self.in_use += count;
        true
    }

    /// Frees blocks that were taken. Their marks must be clear.
    pub fn give_back(&mut self, mut start: u32, mut count: u32) {
        self.in_use -= count;
        if let Some((&before, &length)) = self.by_start.range(..start).next_back()
            && before + length == start
        {
            self.remove_range(before, length);
            start = before;
            count += length;
        }
        if let Some(&length) = self.by_start.get(&(start + count)) {
            self.remove_range(start + count, length);
            count += length;
        }
        self.insert_range(start, count);
    }

    /// Gives the memory of dirty free blocks back to the system, except for about `keep` blocks.
    pub fn release_free(&mut self, keep: u32) {
        let mut kept = 0;
        for (&start, &count) in &self.by_start {
            let mut block = start;
            while block < start + count {
                // SAFETY: descriptions of blocks below the frontier are committed.
                let is_dirty = |block| unsafe { (*meta(self.arena, block)).dirty };
                let first = block;
                while block < start + count && is_dirty(block) {
                    block += 1;
                }
                let spare = (block - first).min(keep - kept);
                kept += spare;
                let first = first + spare;
                if first < block {
                    let bytes = (block - first) as usize * BLOCK;
                    // SAFETY: these blocks are free.
                    unsafe { arena::release(block_start(self.arena, first), bytes) };
                    for released in first..block {
                        // SAFETY: as above.
                        unsafe { (*meta(self.arena, released)).dirty = false };
                    }
                }
                block += 1;
            }
        }
    }

    fn commit_to(&mut self, end: u32) -> Option<()> {
        if end <= self.committed {
            return Some(());
        }
        let step = COMMIT.max((self.committed - FIRST_BLOCK) / 4);
        let new = end.max(self.committed + step).min(LAST_BLOCK);
        let count = (new - self.committed) as usize;
        arena::commit(block_start(self.arena, self.committed), count * BLOCK).ok()?;
        arena::commit(meta(self.arena, self.committed).cast(), count * size_of::<BlockMeta>()).ok()?;
        self.committed = new;
        Some(())
    }

    fn insert_range(&mut self, start: u32, length: u32) {
        self.by_start.insert(start, length);
        self.by_length.insert((length, start));
    }

    fn remove_range(&mut self, start: u32, length: u32) {
        self.by_start.remove(&start);
        self.by_length.remove(&(length, start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;

    #[test]
    fn ranges_split_and_join() {
        let arena = Arena::reserve().unwrap();
        let mut blocks = BlockAllocator::new(arena.start());
        let first = blocks.take(4).unwrap();
        let second = blocks.take(2).unwrap();
        let third = blocks.take(1).unwrap();
        assert_eq!((second, third), (first + 4, first + 6));
        blocks.give_back(first, 4);
        assert_eq!(blocks.take(2), Some(first));
        assert_eq!(blocks.take(3), Some(first + 7), "the hole is too small");
        blocks.give_back(second, 2);
        assert_eq!(blocks.take(4), Some(first + 2), "the holes have joined");
        assert_eq!(blocks.in_use(), 10);
        assert_eq!(blocks.take(u32::MAX / 2), None);
    }

    #[test]
    fn blocks_are_taken_where_they_are_free() {
        let arena = Arena::reserve().unwrap();
        let mut blocks = BlockAllocator::new(arena.start());
        let first = blocks.take(4).unwrap();
        assert!(!blocks.take_at(first + 3, 1), "it is in use");
        assert!(blocks.take_at(first + 4, 2), "it was never used");
        blocks.give_back(first + 1, 3);
        assert!(!blocks.take_at(first + 1, 4), "there are only three");
        assert!(!blocks.take_at(first + 2, 1), "no range begins there");
        assert!(blocks.take_at(first + 1, 2));
        assert_eq!(blocks.take(1), Some(first + 3), "one is left");
        blocks.give_back(first + 5, 1);
        assert!(blocks.take_at(first + 5, 300), "a free one, and what was never used");
        assert_eq!((blocks.take(1), blocks.in_use()), (Some(first + 305), 306));
        assert!(!blocks.take_at(first + 306, u32::MAX / 2));
    }

    #[test]
    fn released_blocks_are_zero() {
        let arena = Arena::reserve().unwrap();
        let mut blocks = BlockAllocator::new(arena.start());
        let first = blocks.take(4).unwrap();
        // SAFETY: the blocks were just taken.
        unsafe {
            for block in first..first + 4 {
                block_start(arena.start(), block).write_bytes(0xFF, BLOCK);
                (*meta(arena.start(), block)).dirty = true;
            }
            blocks.give_back(first, 4);
            blocks.release_free(1);
            let dirty = |block| (*meta(arena.start(), block)).dirty;
            assert!(dirty(first) && !dirty(first + 1) && !dirty(first + 3));
            assert_eq!(*block_start(arena.start(), first), 0xFF);
            assert_eq!(*block_start(arena.start(), first + 3), 0);
        }
    }
}
