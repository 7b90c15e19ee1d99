//! Blocks: the unit in which the heap takes and gives back memory, and what is known about each.

use std::collections::{BTreeMap, BTreeSet};

use crate::arena;

/// Bytes of a block.
pub const BLOCK: usize = 32 << 10;
/// Bytes of a line, the unit in which small objects' memory is reused.
pub const LINE: usize = 64;
/// Lines of a block.
pub const LINES: usize = BLOCK / LINE;

/// 8-byte units of a block, which references count.
pub const UNITS: u32 = (BLOCK / 8) as u32;

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
    /// A bit per line that holds some of a marked object. In blocks of a large object: a bit per line that was written.
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

/// How far free memory has been given back.
pub struct Release {
    next: u32,
    /// Blocks that are still to be kept.
    keep: u32,
}

impl Release {
    /// To begin with, keeping about `keep` blocks.
    pub fn new(keep: u32) -> Self {
        Release { next: 0, keep }
    }
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

    /// Gives the memory of up to `count` dirty free blocks back to the system, unless `keep` of them have been passed
    /// before. Answers whether all free blocks have been passed.
    pub fn release_free(&self, release: &mut Release, mut count: u32) -> bool {
        let (mut start, mut end) = (release.next, release.next);
        if let Some((&first, &length)) = self.by_start.range(..=release.next).next_back() {
            end = first + length;
        }
        loop {
            if start >= end {
                let Some((&first, &length)) = self.by_start.range(start..).next() else {
                    return true;
                };
                (start, end) = (first, first + length);
            }
            // SAFETY: descriptions of blocks below the frontier are committed.
            let is_dirty = |block| unsafe { (*meta(self.arena, block)).dirty };
            let first = start;
            while start < end && is_dirty(start) && start - first < count {
                start += 1;
            }
            let spare = (start - first).min(release.keep);
            release.keep -= spare;
            self.release(first + spare, start);
            count -= start - first;
            release.next = start;
            if count == 0 {
                return false;
            }
            while start < end && !is_dirty(start) {
                start += 1;
            }
        }
    }

    /// Gives the memory of free blocks back.
    fn release(&self, first: u32, end: u32) {
        if first < end {
            // SAFETY: these blocks are free, and below the frontier.
            unsafe {
                arena::release(block_start(self.arena, first), (end - first) as usize * BLOCK);
                (first..end).for_each(|block| (*meta(self.arena, block)).dirty = false);
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
            assert!(blocks.release_free(&mut Release::new(1), u32::MAX));
            let dirty = |block| (*meta(arena.start(), block)).dirty;
            assert!(dirty(first) && !dirty(first + 1) && !dirty(first + 3));
            assert_eq!(*block_start(arena.start(), first), 0xFF);
            assert_eq!(*block_start(arena.start(), first + 3), 0);
        }
    }

    #[test]
    fn blocks_are_released_a_few_at_a_time() {
        let arena = Arena::reserve().unwrap();
        let mut blocks = BlockAllocator::new(arena.start());
        let first = blocks.take(20).unwrap();
        for block in first..first + 20 {
            // SAFETY: the blocks were just taken.
            unsafe { (*meta(arena.start(), block)).dirty = true };
        }
        blocks.give_back(first + 1, 5);
        blocks.give_back(first + 8, 4);
        let mut release = Release::new(2);
        let mut calls = 1;
        while !blocks.release_free(&mut release, 2) {
            calls += 1;
            // What is taken meanwhile is left alone.
            if calls == 3 {
                assert_eq!(blocks.take(4), Some(first + 8));
            }
        }
        // SAFETY: these blocks have descriptions.
        let dirty: Vec<_> = (first..first + 20)
            .filter(|&block| unsafe { (*meta(arena.start(), block)).dirty })
            .collect();
        let expected = (first..first + 3).chain(first + 6..first + 20);
        assert_eq!(dirty, expected.collect::<Vec<_>>());
    }
}
