//! Values that the host keeps in a state by keys.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{Error, Result};
use super::reference::Reference;

/// A key for a value that is kept in a state: see [`Lua::create_registry_value`](crate::Lua::create_registry_value).
///
/// Unlike the value itself it may go to other threads, and may be kept in values that have to be `Send`. When it is
/// dropped, the value is given free.
pub struct RegistryKey {
    index: usize,
    dropped: Arc<Dropped>,
}

/// The keys that were dropped, whose values are still there.
#[derive(Default)]
struct Dropped(Mutex<Vec<usize>>);

#[derive(Default)]
pub(super) struct Registry {
    values: RefCell<Vec<Option<Reference>>>,
    unused: RefCell<Vec<usize>>,
    dropped: Arc<Dropped>,
}

impl Registry {
    pub fn insert(&self, value: Reference) -> RegistryKey {
        self.sweep();
        let mut values = self.values.borrow_mut();
        let index = self.unused.borrow_mut().pop().unwrap_or_else(|| {
            values.push(None);
            values.len() - 1
        });
        values[index] = Some(value);
        RegistryKey {
            index,
            dropped: self.dropped.clone(),
        }
    }

    pub fn get(&self, key: &RegistryKey) -> Result<Reference> {
        self.check(key)?;
        let value = self.values.borrow()[key.index].clone();
        Ok(value.expect("the value is there as long as its key"))
    }

    pub fn replace(&self, key: &RegistryKey, value: Reference) -> Result<()> {
        self.check(key)?;
        self.values.borrow_mut()[key.index] = Some(value);
        Ok(())
    }

    fn check(&self, key: &RegistryKey) -> Result<()> {
        if Arc::ptr_eq(&self.dropped, &key.dropped) {
            self.sweep();
            Ok(())
        } else {
            Err(Error::MismatchedLua)
        }
    }

    /// Gives the values free whose keys were dropped.
    fn sweep(&self) {
        let dropped = std::mem::take(&mut *self.dropped.0.lock().unwrap_or_else(PoisonError::into_inner));
        for index in dropped {
            self.values.borrow_mut()[index] = None;
            self.unused.borrow_mut().push(index);
        }
    }
}

impl Drop for RegistryKey {
    fn drop(&mut self) {
        let mut dropped = self.dropped.0.lock().unwrap_or_else(PoisonError::into_inner);
        dropped.push(self.index);
    }
}

impl fmt::Debug for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryKey({})", self.index)
    }
}
