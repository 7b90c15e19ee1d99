//! Handles: values that stay alive, and survive collections, as long as the handle does.

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use crate::object::{Object, RawRef, Ref};
use crate::value::{Value, reference_bits};
use crate::vm::Vm;

/// The values of all handles of a VM; shared with the handles, so that one may outlive its VM.
#[derive(Default)]
pub(crate) struct RootList(RefCell<Slots>);

#[derive(Default)]
struct Slots {
    /// Values; in unused places the next unused one, counted from 1, which looks like a double.
    bits: Vec<u64>,
    /// The first unused place, counted from 1; 0 when there is none.
    unused: u64,
}

impl RootList {
    #[inline]
    fn insert(&self, bits: u64) -> u32 {
        let mut slots = self.0.borrow_mut();
        match (slots.unused as usize).checked_sub(1) {
            Some(index) => {
                slots.unused = std::mem::replace(&mut slots.bits[index], bits);
                index as u32
            }
            None => {
                slots.bits.push(bits);
                slots.bits.len() as u32 - 1
            }
        }
    }

    #[inline]
    fn remove(&self, index: u32) {
        let mut slots = self.0.borrow_mut();
        let unused = std::mem::replace(&mut slots.unused, u64::from(index) + 1);
        slots.bits[index as usize] = unused;
    }

    #[inline]
    fn get(&self, index: u32) -> u64 {
        self.0.borrow().bits[index as usize]
    }

    pub fn for_each(&self, f: impl FnMut(u64)) {
        self.0.borrow().bits.iter().copied().for_each(f);
    }
}

/// Keeps a value alive until dropped.
pub struct Handle {
    roots: Rc<RootList>,
    index: u32,
}

impl Handle {
    #[inline]
    pub(crate) fn new(roots: &Rc<RootList>, bits: u64) -> Self {
        Handle {
            roots: roots.clone(),
            index: roots.insert(bits),
        }
    }

    /// The value.
    ///
    /// # Panics
    /// When the handle is of another VM.
    #[inline]
    pub fn get<'v>(&self, vm: &'v Vm) -> Value<'v> {
        self.check(vm);
        // SAFETY: the collector keeps what handles of this VM refer to.
        unsafe { Value::from_bits(self.roots.get(self.index)) }
    }

    /// Keeps another value instead.
    ///
    /// # Panics
    /// When the handle is of another VM.
    pub fn set(&self, vm: &Vm, value: Value<'_>) {
        self.check(vm);
        self.roots.0.borrow_mut().bits[self.index as usize] = value.bits();
    }

    #[inline]
    fn check(&self, vm: &Vm) {
        assert!(Rc::ptr_eq(&self.roots, vm.roots()), "a handle of another VM");
    }
}

impl Clone for Handle {
    /// Another handle for the same value.
    fn clone(&self) -> Handle {
        Handle::new(&self.roots, self.roots.get(self.index))
    }
}

impl Drop for Handle {
    #[inline]
    fn drop(&mut self) {
        self.roots.remove(self.index);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.index)
    }
}

/// Keeps an object alive until dropped.
#[derive(Debug)]
pub struct RefHandle<T>(Handle, PhantomData<*const T>);

impl<T: Object> RefHandle<T> {
    pub(crate) fn new(roots: &Rc<RootList>, object: Ref<'_, T>) -> Self {
        // The leaf does not matter to the collector.
        RefHandle(Handle::new(roots, reference_bits(0, object.raw().0)), PhantomData)
    }

    /// The object.
    ///
    /// # Panics
    /// When the handle is of another VM.
    pub fn get<'v>(&self, vm: &'v Vm) -> Ref<'v, T> {
        let bits = self.0.get(vm).bits();
        // SAFETY: the handle was made from a `Ref<T>`, and the collector keeps its object.
        unsafe { RawRef::new(bits as u32).get(vm) }
    }
}
