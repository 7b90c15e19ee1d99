//! Which parts of large objects were written.
//!
//! An old object that is written is remembered and traced again. For a large one that would take long, however little of
//! it was written. So its lines, which say of blocks with small objects what is in use, say of it what was written: each
//! is a *card*. Behind the object's own mark, which is the first of its first block, the marks of that block say which
//! of its blocks have such lines.

use std::ops::Range;

use super::blocks::{BLOCK, LINE, LINES, block_start, meta};

/// Bit of the first word of marks: the object is listed as one that was written.
const LISTED: u64 = 2;
/// The marks behind the first word: each stands for so many blocks that all have one.
const SUMMARY_BITS: u32 = 63 * 64;

/// Notes that a large object, given by its first block, was written at `place`. Answers whether it was not listed before.
///
/// # Safety
/// A large object, and an address in it.
pub unsafe fn write(arena: *mut u8, first: u32, place: *const u8) -> bool {
    let offset = place as usize - block_start(arena, first) as usize;
    let (block, line) = ((offset / BLOCK) as u32, offset % BLOCK / LINE);
    // SAFETY: the blocks of an object have descriptions; this reference is gone before the next one is made.
    unsafe {
        (*meta(arena, first + block)).lines[line / 64] |= 1 << (line % 64);
        let head = &mut *meta(arena, first);
        let bit = block / blocks_per_bit(head.large);
        head.marks[1 + bit as usize / 64] |= 1 << (bit % 64);
        let is_new = head.marks[0] & LISTED == 0;
        head.marks[0] |= LISTED;
        is_new
    }
}

/// Shows the byte ranges of a large object that were written, and forgets them.
///
/// # Safety
/// A large object, given by its first block.
pub unsafe fn take(arena: *mut u8, first: u32, mut show: impl FnMut(Range<usize>)) {
    // SAFETY: the blocks of an object have descriptions.
    let (count, summary) = unsafe {
        let head = &mut *meta(arena, first);
        head.marks[0] &= !LISTED;
        let summary: [u64; 63] = head.marks[1..].try_into().expect("a block has 64 words of marks");
        head.marks[1..].fill(0);
        (head.large, summary)
    };
    let per_bit = blocks_per_bit(count);
    let mut run = 0..0;
    for bit in set_bits(&summary) {
        for block in (bit as u32 * per_bit..(bit as u32 + 1) * per_bit).take_while(|&block| block < count) {
            // SAFETY: as above.
            let lines = std::mem::take(unsafe { &mut (*meta(arena, first + block)).lines });
            for line in set_bits(&lines) {
                let start = block as usize * BLOCK + line * LINE;
                if start != run.end {
                    if !run.is_empty() {
                        show(run.clone());
                    }
                    run = start..start;
                }
                run.end = start + LINE;
            }
        }
    }
    if !run.is_empty() {
        show(run);
    }
}

/// A large object has more blocks from now on: the marks that say where it was written may stand for more of them each.
///
/// # Safety
/// A large object, given by its first block, and the blocks behind it up to so many.
pub unsafe fn extend(arena: *mut u8, first: u32, blocks: u32) {
    // SAFETY: as the caller says.
    let head = unsafe { &mut *meta(arena, first) };
    let (before, after) = (blocks_per_bit(head.large), blocks_per_bit(blocks));
    head.large = blocks;
    if before == after {
        return;
    }
    let summary: [u64; 63] = head.marks[1..].try_into().expect("a block has 64 words of marks");
    head.marks[1..].fill(0);
    for bit in set_bits(&summary) {
        for block in bit as u32 * before..(bit as u32 + 1) * before {
            let bit = block / after;
            head.marks[1 + bit as usize / 64] |= 1 << (bit % 64);
        }
    }
}

fn blocks_per_bit(blocks: u32) -> u32 {
    if blocks <= SUMMARY_BITS {
        1
    } else {
        blocks.div_ceil(SUMMARY_BITS)
    }
}

fn set_bits(words: &[u64]) -> impl Iterator<Item = usize> {
    let bits_of = |(index, &word): (usize, &u64)| {
        let mut left = word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(index * 64 + bit)
        })
    };
    words.iter().enumerate().flat_map(bits_of)
}

const _: () = assert!(LINES == 8 * 64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::Arena;
    use crate::heap::blocks::BlockAllocator;

    /// The ranges that `take` shows for writes at these offsets in an object of so many blocks.
    fn written(blocks: u32, offsets: &[usize]) -> Vec<Range<usize>> {
        let arena = Arena::reserve().unwrap();
        let mut allocator = BlockAllocator::new(arena.start());
        let first = allocator.take(blocks).unwrap();
        let mut ranges = Vec::new();
        // SAFETY: the blocks were just taken.
        unsafe {
            (*meta(arena.start(), first)).large = blocks;
            (*meta(arena.start(), first)).marks[0] = 1;
            for (index, &offset) in offsets.iter().enumerate() {
                let is_new = write(arena.start(), first, block_start(arena.start(), first).add(offset));
                assert_eq!(is_new, index == 0);
            }
            take(arena.start(), first, |range| ranges.push(range));
            take(arena.start(), first, |range| panic!("{range:?} is shown twice"));
            assert_eq!((*meta(arena.start(), first)).marks[0], 1, "the object's own mark stays");
        }
        ranges
    }

    #[test]
    fn written_lines_are_shown_once() {
        assert_eq!(written(3, &[0, 8, 63, 200]), [0..64, 192..256]);
        assert_eq!(written(3, &[200, 130, 400]), [128..256, 384..448]);
        assert_eq!(
            written(3, &[BLOCK - 1, BLOCK, 3 * BLOCK - 1]),
            [BLOCK - LINE..BLOCK + LINE, 3 * BLOCK - LINE..3 * BLOCK]
        );
    }

    #[test]
    fn what_was_written_is_known_when_the_object_is_larger() {
        let arena = Arena::reserve().unwrap();
        let mut allocator = BlockAllocator::new(arena.start());
        let blocks = SUMMARY_BITS + 100;
        let first = allocator.take(blocks).unwrap();
        let mut ranges = Vec::new();
        // SAFETY: the blocks were just taken.
        unsafe {
            (*meta(arena.start(), first)).large = SUMMARY_BITS;
            for block in [3, SUMMARY_BITS - 1] {
                write(arena.start(), first, block_start(arena.start(), first + block));
            }
            extend(arena.start(), first, blocks);
            take(arena.start(), first, |range| ranges.push(range.start / BLOCK));
        }
        assert_eq!(ranges, [3, SUMMARY_BITS as usize - 1]);
    }

    #[test]
    fn a_bit_stands_for_several_blocks_of_the_largest() {
        let blocks = 2 * SUMMARY_BITS + 5;
        let last = blocks as usize * BLOCK - 1;
        assert_eq!(
            written(blocks, &[last, 7 * BLOCK]),
            [7 * BLOCK..7 * BLOCK + LINE, last + 1 - LINE..last + 1]
        );
    }
}
