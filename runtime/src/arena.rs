//! The address space of a VM: 32 GiB, aligned to its size, committed bit by bit.

use std::io;
use std::ptr::NonNull;

use crate::abi::ARENA_SIZE;

const PAGE: usize = 4096;

/// Reserved address space. Dropping it gives it back.
#[derive(Debug)]
pub struct Arena(NonNull<u8>);

impl Arena {
    /// Reserves the address space; nothing of it is accessible yet.
    pub fn reserve() -> io::Result<Self> {
        let twice = 2 * ARENA_SIZE;
        // SAFETY: a new private mapping at an address that the system chooses touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                twice,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let before = (start as usize).next_multiple_of(ARENA_SIZE) - start as usize;
        let aligned = start.cast::<u8>().wrapping_add(before);
        // SAFETY: both ranges are parts of the mapping made above, outside of the part that is kept.
        unsafe {
            if before > 0 {
                libc::munmap(start, before);
            }
            libc::munmap(aligned.wrapping_add(ARENA_SIZE).cast(), ARENA_SIZE - before);
        }
        Ok(Arena(NonNull::new(aligned).expect("a mapping is not at address 0")))
    }

    /// Its first byte.
    pub fn start(&self) -> *mut u8 {
        self.0.as_ptr()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `reserve`, and whoever drops the arena uses nothing in it any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), ARENA_SIZE) };
    }
}

/// Makes the pages that hold these bytes of an arena readable and writable; new ones are zero.
pub fn commit(start: *mut u8, bytes: usize) -> io::Result<()> {
    let first = start as usize & !(PAGE - 1);
    let last = (start as usize + bytes).next_multiple_of(PAGE);
    // SAFETY: callers pass ranges of their own arena; giving access to reserved pages changes no memory in use.
    let status = unsafe { libc::mprotect(first as *mut _, last - first, libc::PROT_READ | libc::PROT_WRITE) };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Gives the memory of these whole pages back; they read as zero from now on.
///
/// # Safety
/// Committed pages of an arena that hold nothing of use.
pub unsafe fn release(start: *mut u8, bytes: usize) {
    // SAFETY: as the caller says. A failure leaves the pages as they are, which is why the result decides.
    let status = unsafe { libc::madvise(start.cast(), bytes, libc::MADV_DONTNEED) };
    if status != 0 {
        // SAFETY: the same pages; whoever relies on zeros gets them.
        unsafe { std::ptr::write_bytes(start, 0, bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserve_commit_release() {
        let (arena, other) = (Arena::reserve().unwrap(), Arena::reserve().unwrap());
        assert_eq!(arena.start() as usize % ARENA_SIZE, 0);
        assert_ne!(arena.start(), other.start());
        let page = arena.start().wrapping_add(ARENA_SIZE - PAGE);
        commit(page, PAGE).unwrap();
        // SAFETY: the page was just committed and holds nothing.
        unsafe {
            assert_eq!(*page, 0);
            page.write(7);
            release(page, PAGE);
            assert_eq!(*page, 0);
        }
    }
}
