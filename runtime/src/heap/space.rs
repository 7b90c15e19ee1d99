//! Where objects lie: taking memory for them, and finding out what is free after a collection.

use super::Collection;
use super::blocks::{BLOCK, BlockAllocator, LINE, LINES, Release, block_start, meta};
use super::registry::Registry;

/// Blocks with fewer free lines than this are not worth a visit of the allocator.
const WORTHWHILE_LINES: usize = LINES / 16;

/// Where objects lie.
pub(super) struct Space {
    arena: *mut u8,
    pub blocks: BlockAllocator,
    /// All blocks of small objects but those that are to be swept in a full collection.
    small: Vec<u32>,
    /// Blocks of small objects that are to be swept.
    unswept: Vec<u32>,
    /// Those of them that have free lines and were not used since the last collection.
    recyclable: Vec<u32>,
    /// Those of them that have nothing but free lines.
    pub empty: Vec<u32>,
    /// Those of them that were used.
    used: Vec<u32>,
    /// First blocks of large objects.
    pub large: Registry,
    /// Block of the current run, and the line behind the run.
    current: u32,
    next_line: usize,
    pub run_start: *mut u8,
    medium: *mut u8,
    medium_end: *mut u8,
    /// Bytes that new blocks may take.
    pub room: usize,
}

impl Space {
    pub fn new(arena: *mut u8) -> Self {
        Space {
            arena,
            blocks: BlockAllocator::new(arena),
            small: Vec::new(),
            unswept: Vec::new(),
            recyclable: Vec::new(),
            empty: Vec::new(),
            used: Vec::new(),
            large: Registry::default(),
            current: 0,
            next_line: LINES,
            run_start: std::ptr::null_mut(),
            medium: std::ptr::null_mut(),
            medium_end: std::ptr::null_mut(),
            room: 0,
        }
    }

    /// What is allocated from now on lies elsewhere.
    pub fn retire(&mut self) {
        self.next_line = LINES;
        (self.medium, self.medium_end) = (std::ptr::null_mut(), std::ptr::null_mut());
    }

    /// Before a full collection marks: nothing is known to be alive. Until it is swept, memory comes from blocks only in
    /// which nothing is.
    pub fn clear_marks(&mut self) {
        self.recyclable.clear();
        for block in self.small.iter().copied().chain(self.large.iter()) {
            // SAFETY: blocks in use have descriptions.
            let meta = unsafe { &mut *meta(self.arena, block) };
            meta.marks.fill(0);
            meta.lines.fill(0);
        }
    }

    /// All that is alive is marked. What can have changed is to be swept: all blocks, or those that were allocated from.
    pub fn begin_sweep(&mut self, what: Collection) {
        self.large.begin_sweep(what);
        let used = std::mem::take(&mut self.used);
        match what {
            Collection::Minor => self.unswept = used,
            Collection::Full => {
                self.recyclable.clear();
                self.empty.clear();
                self.unswept = std::mem::take(&mut self.small);
            }
        }
    }

    /// Reclaims up to `count` large objects. Answers whether all are swept.
    pub fn sweep_large(&mut self, count: usize) -> bool {
        let (arena, blocks) = (self.arena, &mut self.blocks);
        self.large.sweep(count, |first| {
            // SAFETY: blocks in use have descriptions.
            let meta = unsafe { &mut *meta(arena, first) };
            let lives = meta.marks[0] & 1 != 0;
            if !lives {
                blocks.give_back(first, meta.large);
                meta.large = 0;
            }
            lives
        })
    }

    /// Makes the free lines of up to `count` blocks available. Answers whether all are swept.
    pub fn sweep_blocks(&mut self, what: Collection, count: usize, stress: bool) -> bool {
        for _ in 0..count {
            let Some(block) = self.unswept.pop() else {
                // Much longer than it will be soon.
                self.unswept = Vec::new();
                return true;
            };
            let lives = self.sweep_block(block, stress);
            match (what, lives) {
                (Collection::Minor, true) => {}
                (Collection::Minor, false) => self.empty.push(block),
                (Collection::Full, true) => self.small.push(block),
                (Collection::Full, false) => self.blocks.give_back(block, 1),
            }
        }
        false
    }

    /// To give memory back that is free, but for half as much as is in use.
    pub fn begin_release(&self, least_kept: usize) -> Release {
        let keep = (self.blocks.in_use() / 2).max((least_kept / BLOCK) as u32);
        Release::new(keep)
    }

    /// Makes the block's free lines available. Answers whether anything in it is alive.
    fn sweep_block(&mut self, block: u32, stress: bool) -> bool {
        // SAFETY: blocks in use have descriptions.
        let meta = unsafe { &mut *meta(self.arena, block) };
        meta.dirty = true;
        let marked: u32 = meta.lines.iter().map(|word| word.count_ones()).sum();
        if stress {
            self.poison(block);
        }
        if marked != 0 && LINES - marked as usize >= WORTHWHILE_LINES {
            self.recyclable.push(block);
        }
        marked != 0
    }

    /// Fills free lines with what no object looks like, so that a stale reference shows at once.
    fn poison(&mut self, block: u32) {
        let mut from = 0;
        // SAFETY: blocks in use have descriptions, and no object touches free lines.
        unsafe {
            let lines = &(*meta(self.arena, block)).lines;
            while let Some((first, end)) = free_run(lines, from) {
                block_start(self.arena, block)
                    .add(first * LINE)
                    .write_bytes(0xDB, (end - first) * LINE);
                from = end;
            }
        }
    }

    /// The next run of free lines that is large enough, zeroed.
    pub fn next_run(&mut self, size: usize) -> Option<(*mut u8, *mut u8)> {
        loop {
            while self.next_line < LINES {
                // SAFETY: blocks in use have descriptions.
                let meta = unsafe { &mut *meta(self.arena, self.current) };
                let Some((first, end)) = free_run(&meta.lines, self.next_line) else {
                    break;
                };
                self.next_line = end;
                if (end - first) * LINE < size {
                    continue;
                }
                let start = block_start(self.arena, self.current).wrapping_add(first * LINE);
                if meta.dirty {
                    // SAFETY: no object touches free lines.
                    unsafe { start.write_bytes(0, (end - first) * LINE) };
                }
                meta.dirty |= end == LINES;
                self.run_start = start;
                return Some((start, start.wrapping_add((end - first) * LINE)));
            }
            self.current = match self.recyclable.pop() {
                Some(block) => block,
                None => self.new_small_block()?,
            };
            self.used.push(self.current);
            self.next_line = 0;
        }
    }

    fn new_small_block(&mut self) -> Option<u32> {
        if self.room < BLOCK {
            return None;
        }
        if let Some(block) = self.empty.pop() {
            return Some(block);
        }
        let block = self.blocks.take(1)?;
        // SAFETY: blocks that were taken have descriptions.
        debug_assert!(unsafe { (*meta(self.arena, block)).lines == [0; LINES / 64] });
        self.small.push(block);
        Some(block)
    }

    pub fn allocate_medium(&mut self, size: usize) -> Option<*mut u8> {
        if size > self.medium_end as usize - self.medium as usize {
            let block = self.new_small_block()?;
            self.used.push(block);
            let start = block_start(self.arena, block);
            self.zero(block, BLOCK);
            (self.medium, self.medium_end) = (start, start.wrapping_add(BLOCK));
        }
        let object = self.medium;
        self.medium = object.wrapping_add(size);
        Some(object)
    }

    pub fn allocate_large(&mut self, size: usize) -> Option<*mut u8> {
        if size > self.room {
            return None;
        }
        let count = u32::try_from(size.div_ceil(BLOCK)).ok()?;
        let first = self.blocks.take(count)?;
        for (i, block) in (first..first + count).enumerate() {
            self.zero(block, BLOCK.min(size - i * BLOCK));
        }
        // SAFETY: blocks that were taken have descriptions.
        unsafe { (*meta(self.arena, first)).large = count };
        self.large.push(first);
        Some(block_start(self.arena, first))
    }

    /// Makes the first bytes of a free block zero and the block dirty.
    fn zero(&mut self, block: u32, bytes: usize) {
        // SAFETY: blocks that were taken have descriptions, and nothing else in them.
        unsafe {
            let meta = &mut *meta(self.arena, block);
            if meta.dirty {
                block_start(self.arena, block).write_bytes(0, bytes);
            }
            meta.dirty = true;
        }
    }
}

/// First and last (exclusive) of the next free lines from `from` on.
fn free_run(lines: &[u64; LINES / 64], from: usize) -> Option<(usize, usize)> {
    let first = next_line(lines, from, true)?;
    Some((first, next_line(lines, first, false).unwrap_or(LINES)))
}

/// The next line that is free, or that is not.
fn next_line(lines: &[u64; LINES / 64], from: usize, free: bool) -> Option<usize> {
    let mut word = from / 64;
    let mut mask = u64::MAX << (from % 64);
    while word < lines.len() {
        let bits = if free { !lines[word] } else { lines[word] } & mask;
        if bits != 0 {
            return Some(word * 64 + bits.trailing_zeros() as usize);
        }
        word += 1;
        mask = u64::MAX;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_runs() {
        let mut lines = [0; LINES / 64];
        assert_eq!(free_run(&lines, 0), Some((0, LINES)));
        lines[0] = 0b1011;
        lines[2] = 1;
        assert_eq!(free_run(&lines, 0), Some((2, 3)));
        assert_eq!(free_run(&lines, 3), Some((4, 128)));
        assert_eq!(free_run(&lines, 128), Some((129, LINES)));
        assert_eq!(free_run(&[u64::MAX; LINES / 64], 0), None);
        lines[LINES / 64 - 1] = 1 << 63;
        assert_eq!(free_run(&lines, 129), Some((129, LINES - 1)));
        assert_eq!(free_run(&lines, LINES - 1), None);
    }
}
