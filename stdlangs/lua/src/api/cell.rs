//! A value that is shared by counting and borrowed with checks, by guards that own their share.

use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// The value, and who borrows it: 0 nobody, n > 0 so many readers, -1 a writer.
pub(super) struct BorrowCell<T> {
    borrows: Cell<isize>,
    value: UnsafeCell<T>,
}

impl<T> BorrowCell<T> {
    pub fn new(value: T) -> Rc<BorrowCell<T>> {
        Rc::new(BorrowCell {
            borrows: Cell::new(0),
            value: UnsafeCell::new(value),
        })
    }

    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// A value that is read. It stays where it is, even if the state of Lua goes, until this is dropped.
pub struct Borrowed<T: 'static>(Rc<BorrowCell<T>>);

/// A value that is changed. It stays where it is, even if the state of Lua goes, until this is dropped.
pub struct BorrowedMut<T: 'static>(Rc<BorrowCell<T>>);

impl<T> Borrowed<T> {
    /// Unless it is being changed.
    #[inline]
    pub(super) fn try_new(cell: &Rc<BorrowCell<T>>) -> Option<Borrowed<T>> {
        let borrows = cell.borrows.get();
        if borrows < 0 {
            return None;
        }
        cell.borrows.set(borrows + 1);
        Some(Borrowed(cell.clone()))
    }
}

impl<T> BorrowedMut<T> {
    /// Unless it is borrowed.
    #[inline]
    pub(super) fn try_new(cell: &Rc<BorrowCell<T>>) -> Option<BorrowedMut<T>> {
        if cell.borrows.get() != 0 {
            return None;
        }
        cell.borrows.set(-1);
        Some(BorrowedMut(cell.clone()))
    }
}

impl<T> Deref for Borrowed<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: as long as this reader counts there is no writer.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> Deref for BorrowedMut<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this is the only one who borrows.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for BorrowedMut<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this is the only one who borrows.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Drop for Borrowed<T> {
    #[inline]
    fn drop(&mut self) {
        self.0.borrows.set(self.0.borrows.get() - 1);
    }
}

impl<T> Drop for BorrowedMut<T> {
    #[inline]
    fn drop(&mut self) {
        self.0.borrows.set(0);
    }
}

impl<T: fmt::Debug> fmt::Debug for Borrowed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for BorrowedMut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
