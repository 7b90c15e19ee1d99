//! `table.sort`: quicksort in the order of comparisons of PUC Lua 5.1, so that ties end up where programs expect them.
//!
//! Two things differ, both out of sight of a consistent order: indices never leave the range whatever the comparator
//! answers, and a range that keeps splitting badly is heap-sorted, which bounds the whole by O(n log n).

/// What is sorted: a sequence addressed by index, and the order in it.
///
/// Only indices pass between the driver and the sequence, so a comparator may run any code between two calls.
pub trait Sequence {
    /// Why comparing failed.
    type Error;

    /// Whether the element at `left` comes before the one at `right`.
    fn less(&mut self, left: usize, right: usize) -> Result<bool, Self::Error>;

    /// Exchanges two elements.
    fn swap(&mut self, left: usize, right: usize) -> Result<(), Self::Error>;

    /// The comparator contradicts itself: "invalid order function for sorting".
    fn invalid_order(&mut self) -> Self::Error;
}

/// Sorts the elements from `first` to `last`, both included.
///
/// # Errors
/// What [`Sequence::less`] returns, and [`Sequence::invalid_order`] if that contradicts itself in a way that shows.
pub fn sort<S: Sequence>(sequence: &mut S, first: usize, last: usize) -> Result<(), S::Error> {
    if first >= last {
        return Ok(());
    }
    // Twice the depth of even splits is what sorts of this kind allow; twice that again leaves skewed inputs alone.
    let splits = 4 * (last - first + 1).ilog2() + 8;
    quicksort(sequence, first, last, splits)
}

fn quicksort<S: Sequence>(
    sequence: &mut S,
    mut first: usize,
    mut last: usize,
    mut splits: u32,
) -> Result<(), S::Error> {
    while first < last {
        if splits == 0 {
            return heapsort(sequence, first, last);
        }
        splits -= 1;
        let Some(middle) = partition(sequence, first, last)? else {
            return Ok(());
        };
        // Recurring into the smaller part bounds the depth by log2 of the length.
        if middle - first < last - middle {
            if middle > first {
                quicksort(sequence, first, middle - 1, splits)?;
            }
            first = middle + 1;
        } else {
            quicksort(sequence, middle + 1, last, splits)?;
            if middle == first {
                return Ok(());
            }
            last = middle - 1;
        }
    }
    Ok(())
}

/// Splits around the median of the first, middle and last element and returns where that ended up; `None` if putting
/// these three in order has already sorted everything.
fn partition<S: Sequence>(sequence: &mut S, first: usize, last: usize) -> Result<Option<usize>, S::Error> {
    if sequence.less(last, first)? {
        sequence.swap(first, last)?;
    }
    if last - first == 1 {
        return Ok(None);
    }
    let middle = (first + last) / 2;
    if sequence.less(middle, first)? {
        sequence.swap(middle, first)?;
    } else if sequence.less(last, middle)? {
        sequence.swap(middle, last)?;
    }
    if last - first == 2 {
        return Ok(None);
    }
    let pivot = last - 1;
    sequence.swap(middle, pivot)?;
    let (mut left, mut right) = (first, pivot);
    loop {
        left += 1;
        while sequence.less(left, pivot)? {
            if left >= last {
                return Err(sequence.invalid_order());
            }
            left += 1;
        }
        right -= 1;
        while sequence.less(pivot, right)? {
            if right <= first {
                return Err(sequence.invalid_order());
            }
            right -= 1;
        }
        if right < left {
            sequence.swap(pivot, left)?;
            return Ok(Some(left));
        }
        sequence.swap(left, right)?;
    }
}

fn heapsort<S: Sequence>(sequence: &mut S, first: usize, last: usize) -> Result<(), S::Error> {
    let length = last - first + 1;
    for root in (0..length / 2).rev() {
        sift_down(sequence, first, root, length)?;
    }
    for end in (1..length).rev() {
        sequence.swap(first, first + end)?;
        sift_down(sequence, first, 0, end)?;
    }
    Ok(())
}

/// Moves the element at `root` down its heap, which has `length` elements from `base` on.
fn sift_down<S: Sequence>(sequence: &mut S, base: usize, mut root: usize, length: usize) -> Result<(), S::Error> {
    loop {
        let mut child = 2 * root + 1;
        if child >= length {
            return Ok(());
        }
        if child + 1 < length && sequence.less(base + child, base + child + 1)? {
            child += 1;
        }
        if !sequence.less(base + root, base + child)? {
            return Ok(());
        }
        sequence.swap(base + root, base + child)?;
        root = child;
    }
}
