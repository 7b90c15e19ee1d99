//! Large arrays that become longer where they are.

use super::blocks::{BLOCK, block_start, meta};
use super::cards;
use crate::abi::{GC_MARKED, Header, SMALL_OBJECT};
use crate::object::{Ref, Values};
use crate::vm::Vm;

impl Vm {
    /// Makes an array longer where it is, if it is large and the memory behind it is free; its new elements are nil. False,
    /// with nothing done, if that is not so: then a longer one has to be made and the elements to be copied, which for a
    /// large array costs twice the memory meanwhile.
    pub fn grow_values(&self, values: Ref<'_, Values>, length: usize) -> bool {
        let (old_length, old_size) = (values.len(), bytes_of(values.len()));
        let (Ok(aux), true) = (u32::try_from(length), length >= old_length) else {
            return false;
        };
        if old_size <= SMALL_OBJECT || !self.extend_large(values.as_ptr().cast(), bytes_of(length)) {
            return false;
        }
        let header = values.as_ptr().cast::<Header>();
        // SAFETY: the object has as many bytes now. Its new elements have never been seen, and none is a reference.
        unsafe {
            let elements = header.add(1).cast::<u64>();
            for index in old_length..length {
                *elements.add(index) = self.language().nil;
            }
            (*header).aux = aux;
        }
        let (heap, more) = (self.heap(), bytes_of(length) - old_size);
        // SAFETY: as above.
        let is_old = unsafe { (*header).gc } & GC_MARKED != 0;
        let counter = if is_old { &heap.live } else { &heap.allocated };
        counter.set(counter.get() + more);
        self.check_budget();
        true
    }

    /// Takes the blocks that a large object needs to have `size` bytes.
    fn extend_large(&self, object: *mut u8, size: usize) -> bool {
        let heap = self.heap();
        let mut space = heap.space.borrow_mut();
        let arena = self.arena();
        let first = ((object as usize - arena as usize) / BLOCK) as u32;
        // Machine code also puts arrays of some size into a run of lines, among others.
        if block_start(arena, first) != object {
            return false;
        }
        // SAFETY: blocks in use have descriptions.
        let count = unsafe { (*meta(arena, first)).large };
        let Some(more) = u32::try_from(size.div_ceil(BLOCK))
            .ok()
            .filter(|_| count > 0)
            .and_then(|new| new.checked_sub(count))
        else {
            return false;
        };
        if more == 0 {
            return true;
        }
        let limit = heap.parameters.get().limit;
        let fits = limit.is_none_or(|limit| self.committed(&space) + more as usize * BLOCK <= limit);
        if !fits || !space.blocks.take_at(first + count, more) {
            return false;
        }
        // SAFETY: blocks that were taken have descriptions.
        unsafe {
            cards::extend(arena, first, count + more);
            (first + count..first + count + more).for_each(|block| (*meta(arena, block)).dirty = true);
        }
        true
    }
}

fn bytes_of(length: usize) -> usize {
    size_of::<Header>() + length * size_of::<u64>()
}
