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
pub(crate) struct RootList {
    slots: RefCell<Vec<u64>>,
    free: RefCell<Vec<u32>>,
}

impl RootList {
    fn insert(&self, bits: u64) -> u32 {
        let mut slots = self.slots.borrow_mut();
        match self.free.borrow_mut().pop() {
            Some(index) => {
                slots[index as usize] = bits;
                index
            }
            None => {
                slots.push(bits);
                slots.len() as u32 - 1
            }
        }
    }

    pub fn for_each(&self, f: impl FnMut(u64)) {
        self.slots.borrow().iter().copied().for_each(f);
    }
}

/// Keeps a value alive until dropped.
pub struct Handle {
    roots: Rc<RootList>,
    index: u32,
}

impl Handle {
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
    pub fn get<'v>(&self, vm: &'v Vm) -> Value<'v> {
        self.check(vm);
        // SAFETY: the collector keeps what handles of this VM refer to.
        unsafe { Value::from_bits(self.roots.slots.borrow()[self.index as usize]) }
    }

    /// Keeps another value instead.
    ///
    /// # Panics
    /// When the handle is of another VM.
    pub fn set(&self, vm: &Vm, value: Value<'_>) {
        self.check(vm);
        self.roots.slots.borrow_mut()[self.index as usize] = value.bits();
    }

    fn check(&self, vm: &Vm) {
        assert!(Rc::ptr_eq(&self.roots, vm.roots()), "a handle of another VM");
    }
}

impl Clone for Handle {
    /// Another handle for the same value.
    fn clone(&self) -> Handle {
        let bits = self.roots.slots.borrow()[self.index as usize];
        Handle::new(&self.roots, bits)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.roots.slots.borrow_mut()[self.index as usize] = 0;
        self.roots.free.borrow_mut().push(self.index);
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
