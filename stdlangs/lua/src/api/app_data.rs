//! Values of the host that go with a state, one for each type.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::cell::{BorrowCell, Borrowed, BorrowedMut};

/// A value of [`Lua::app_data_ref`](crate::Lua::app_data_ref).
pub type AppDataRef<T> = Borrowed<T>;

/// A value of [`Lua::app_data_mut`](crate::Lua::app_data_mut).
pub type AppDataRefMut<T> = BorrowedMut<T>;

/// By type, each an `Rc<BorrowCell<T>>`.
#[derive(Default)]
pub(super) struct AppData(RefCell<HashMap<TypeId, Box<dyn Any>>>);

impl AppData {
    fn find<T: Any>(&self) -> Option<Rc<BorrowCell<T>>> {
        let values = self.0.borrow();
        values.get(&TypeId::of::<T>())?.downcast_ref().cloned()
    }

    pub fn insert<T: Any>(&self, data: T) -> Option<T> {
        let before = self.remove();
        let cell: Box<dyn Any> = Box::new(BorrowCell::new(data));
        self.0.borrow_mut().insert(TypeId::of::<T>(), cell);
        before
    }

    pub fn borrow<T: Any>(&self) -> Option<AppDataRef<T>> {
        let cell = self.find()?;
        Some(Borrowed::try_new(&cell).expect("the app data is being changed"))
    }

    pub fn borrow_mut<T: Any>(&self) -> Option<AppDataRefMut<T>> {
        let cell = self.find()?;
        Some(BorrowedMut::try_new(&cell).expect("the app data is in use"))
    }

    pub fn remove<T: Any>(&self) -> Option<T> {
        let cell = self.find::<T>()?;
        assert!(BorrowedMut::try_new(&cell).is_some(), "the app data is in use");
        self.0.borrow_mut().remove(&TypeId::of::<T>());
        Rc::into_inner(cell).map(BorrowCell::into_inner)
    }
}
