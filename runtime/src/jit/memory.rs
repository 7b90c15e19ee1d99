//! Memory for machine code.
//!
//! One file in memory is mapped twice: where code runs it cannot be written, and where it is written it cannot run. The
//! mapping that runs is within reach of the 32-bit distances to the VM's own code, between two pages that cannot be
//! touched. Its lower part is for hot code, the upper for cold code.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::ptr;

const PAGE: usize = 4096;
/// Code starts at multiples of this.
const ALIGNMENT: usize = 16;
/// So many free pieces are looked at before a new one is taken.
const NEAR: usize = 8;
/// Distances of code are signed and 32 bits wide; some room is left for where they are counted from.
const REACH: usize = (1 << 31) - (1 << 24);

/// Memory for machine code. Dropping it gives it back.
pub(super) struct CodeMemory {
    /// Where it runs, guard pages excluded.
    run: *const u8,
    /// Where it is written.
    write: *mut u8,
    size: usize,
    hot: Area,
    cold: Area,
}

/// A part of the memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Half {
    /// For what is expected to run.
    Hot,
    /// For what is not.
    Cold,
}

/// A piece of the memory, in bytes from its start.
pub(super) type Piece = Range<usize>;

/// Free memory.
struct Area {
    /// What was never used, or is free again up to there: most pieces come from its start.
    rest: Range<usize>,
    /// Free pieces before it, by start.
    free: BTreeMap<usize, usize>,
    used: usize,
}

impl CodeMemory {
    /// `size` bytes within reach of `near`.
    ///
    /// # Errors
    /// When the system has no such memory, or does not let it run.
    pub(super) fn new(size: usize, near: &[*const u8]) -> io::Result<Self> {
        let size = size.next_multiple_of(2 * PAGE);
        let file = File::new(size)?;
        let (low, high) = near.iter().fold((usize::MAX, 0), |(low, high), address| {
            (low.min(*address as usize), high.max(*address as usize))
        });
        let reserved = reserve_near(size + 2 * PAGE, low, high)?;
        let run = reserved.wrapping_add(PAGE);
        // SAFETY: replaces a part of the mapping that was just reserved.
        let mapped = unsafe {
            libc::mmap(
                run.cast(),
                size,
                libc::PROT_READ | libc::PROT_EXEC,
                libc::MAP_SHARED | libc::MAP_FIXED,
                file.0,
                0,
            )
        };
        if mapped == libc::MAP_FAILED {
            let error = io::Error::last_os_error();
            // SAFETY: reserved above, and nothing is in it.
            unsafe { libc::munmap(reserved.cast(), size + 2 * PAGE) };
            return Err(error);
        }
        // SAFETY: a new mapping at an address that the system chooses touches nothing that exists.
        let write = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                file.0,
                0,
            )
        };
        if write == libc::MAP_FAILED {
            let error = io::Error::last_os_error();
            // SAFETY: as above.
            unsafe { libc::munmap(reserved.cast(), size + 2 * PAGE) };
            return Err(error);
        }
        Ok(CodeMemory {
            run,
            write: write.cast(),
            size,
            hot: Area::new(0..size / 2),
            cold: Area::new(size / 2..size),
        })
    }

    /// A piece of `bytes` bytes, if there is one.
    pub(super) fn allocate(&mut self, half: Half, bytes: usize) -> Option<Piece> {
        self.area(half).allocate(bytes)
    }

    /// Gives a piece back.
    pub(super) fn free(&mut self, half: Half, piece: Piece) {
        self.area(half).free(piece);
    }

    /// Bytes of each half.
    pub(super) fn capacity(&self) -> usize {
        self.size / 2
    }

    /// Gives back what is behind the first `bytes` of a piece.
    pub(super) fn shrink(&mut self, half: Half, piece: Piece, bytes: usize) -> Piece {
        let end = piece
            .end
            .min(piece.start + bytes.next_multiple_of(ALIGNMENT).max(ALIGNMENT));
        if end < piece.end {
            self.free(half, end..piece.end);
        }
        piece.start..end
    }

    /// Where a byte runs.
    pub(super) fn run(&self, offset: usize) -> *const u8 {
        self.run.wrapping_add(offset)
    }

    /// Where a byte is written.
    pub(super) fn write(&self, offset: usize) -> *mut u8 {
        self.write.wrapping_add(offset)
    }

    /// Four bytes of a piece in use.
    pub(super) fn read_u32(&self, offset: usize) -> u32 {
        assert!(offset + 4 <= self.size, "inside of the memory");
        // SAFETY: readable, as was just checked.
        unsafe { self.write(offset).cast::<u32>().read_unaligned() }
    }

    /// Changes four bytes of a piece in use. Control is not there: whatever runs them next sees them.
    pub(super) fn write_u32(&self, offset: usize, number: u32) {
        assert!(offset + 4 <= self.size, "inside of the memory");
        // SAFETY: writable, as was just checked.
        unsafe { self.write(offset).cast::<u32>().write_unaligned(number) };
    }

    /// Bytes in use.
    pub(super) fn used(&self, half: Half) -> usize {
        match half {
            Half::Hot => self.hot.used,
            Half::Cold => self.cold.used,
        }
    }

    fn area(&mut self, half: Half) -> &mut Area {
        match half {
            Half::Hot => &mut self.hot,
            Half::Cold => &mut self.cold,
        }
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        // SAFETY: both were mapped by `new`, and whoever drops this runs and writes nothing in them any more.
        unsafe {
            libc::munmap(self.run.wrapping_sub(PAGE).cast_mut().cast(), self.size + 2 * PAGE);
            libc::munmap(self.write.cast(), self.size);
        }
    }
}

impl Area {
    fn new(whole: Range<usize>) -> Self {
        Area {
            rest: whole,
            free: BTreeMap::new(),
            used: 0,
        }
    }

    /// A free piece that is large enough: one of the first, a new one, or any.
    fn allocate(&mut self, bytes: usize) -> Option<Piece> {
        let bytes = bytes.next_multiple_of(ALIGNMENT);
        let first = |pieces: usize| {
            let mut pieces = self.free.iter().take(pieces);
            pieces.find_map(|(&start, &length)| (length >= bytes).then_some((start, length)))
        };
        let is_new = self.rest.len() >= bytes;
        let found = first(NEAR).or_else(|| first(if is_new { 0 } else { usize::MAX }));
        let start = match found {
            Some((start, length)) => {
                self.free.remove(&start);
                if length > bytes {
                    self.free.insert(start + bytes, length - bytes);
                }
                start
            }
            None if is_new => {
                self.rest.start += bytes;
                self.rest.start - bytes
            }
            None => return None,
        };
        self.used += bytes;
        Some(start..start + bytes)
    }

    /// Joins the piece with its free neighbours.
    fn free(&mut self, piece: Piece) {
        let Range { mut start, mut end } = piece;
        self.used -= end - start;
        if let Some(length) = self.free.remove(&end) {
            end += length;
        }
        if let Some((&before, &length)) = self.free.range(..start).next_back()
            && before + length == start
        {
            start = before;
            self.free.remove(&start);
        }
        if end == self.rest.start {
            self.rest.start = start;
        } else {
            self.free.insert(start, end - start);
        }
    }
}

/// A file in memory. Its mappings outlive it.
struct File(libc::c_int);

impl File {
    fn new(size: usize) -> io::Result<Self> {
        // SAFETY: the name is a string that ends with 0.
        let file = unsafe { libc::memfd_create(c"machine code".as_ptr(), libc::MFD_CLOEXEC) };
        if file < 0 {
            return Err(io::Error::last_os_error());
        }
        let file = File(file);
        if size as u64 > file_size_limit() {
            // Exceeding the limit would be answered with a signal.
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // SAFETY: the file was just made.
        if unsafe { libc::ftruncate(file.0, size as libc::off_t) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(file)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and not used any more.
        unsafe { libc::close(self.0) };
    }
}

/// How large the process may make files.
fn file_size_limit() -> u64 {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the call writes nothing but the limit, which stays infinite if it fails.
    unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    limit.rlim_cur
}

/// Reserves `size` bytes such that the distance of each to everything from `low` to `high` fits.
fn reserve_near(size: usize, low: usize, high: usize) -> io::Result<*mut u8> {
    let step = size.next_multiple_of(1 << 20);
    let first = high.saturating_sub(REACH).next_multiple_of(PAGE).max(1 << 20);
    let last = low.saturating_add(REACH).saturating_sub(size) & !(PAGE - 1);
    let below = (1..).map_while(|n| (low & !(PAGE - 1)).checked_sub(n * step).filter(|at| *at >= first));
    let above = (1..).map_while(|n| {
        high.next_multiple_of(PAGE)
            .checked_add(n * step)
            .filter(|at| *at <= last)
    });
    for at in below.chain(above) {
        // SAFETY: never replaces what exists.
        let start = unsafe {
            libc::mmap(
                at as *mut libc::c_void,
                size,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE,
                -1,
                0,
            )
        };
        if start as usize == at {
            return Ok(start.cast());
        }
        if start != libc::MAP_FAILED {
            // SAFETY: an old system took the address for a hint; nothing is in the mapping.
            unsafe { libc::munmap(start, size) };
        } else if io::Error::last_os_error().raw_os_error() != Some(libc::EEXIST) {
            return Err(io::Error::last_os_error());
        }
    }
    Err(io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_reused_and_joined() {
        let mut area = Area::new(64..64 + 160);
        let pieces: Vec<Piece> = (0..3).map(|_| area.allocate(33).unwrap()).collect();
        assert_eq!(pieces, [64..112, 112..160, 160..208]);
        assert_eq!(area.allocate(33), None);
        assert_eq!(area.used, 144);
        area.free(pieces[0].clone());
        area.free(pieces[2].clone());
        assert_eq!(area.allocate(64), Some(160..224));
        area.free(160..224);
        area.free(pieces[1].clone());
        assert_eq!((area.free, area.rest), (BTreeMap::new(), 64..224));
        assert_eq!(area.used, 0);
    }

    #[test]
    fn code_runs_where_it_was_written() {
        extern "C" fn near() {}
        let memory = CodeMemory::new(1 << 20, &[near as *const u8]);
        let mut memory = memory.expect("tests run where there is executable memory");
        let piece = memory.allocate(Half::Cold, 6).unwrap();
        let distance = (memory.run(piece.start) as isize) - (near as *const u8 as isize);
        assert!(i32::try_from(distance).is_ok(), "{distance}");
        // mov eax, 42; ret
        let bytes = [0xb8, 42, 0, 0, 0, 0xc3];
        // SAFETY: the piece has room for the bytes, which are a C function without arguments.
        let answer = unsafe {
            memory.write(piece.start).copy_from(bytes.as_ptr(), bytes.len());
            let function: extern "C" fn() -> i32 = std::mem::transmute(memory.run(piece.start));
            function()
        };
        assert_eq!(answer, 42);
    }
}
