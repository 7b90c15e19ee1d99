//! Values of the host that Lua code holds and uses.

mod metamethod;
mod metatable;
mod registry;

use std::any::TypeId;
use std::cell::Cell;
use std::rc::Rc;

use dg_runtime::{Ref, Value as VmValue};

use super::cell::{BorrowCell, Borrowed, BorrowedMut};
use super::error::{Error, Result};
use super::host::{self, Content};
use super::lua::Lua;
use super::reference::Reference;
use super::table::{ObjectLike, Table};
use super::throw::caught;
use super::value::Value;
use crate::generated::{Boxed, Userdata, ValueKind};
pub use metamethod::MetaMethod;
pub use registry::{UserDataFields, UserDataMethods, UserDataRegistry};

/// A type of the host whose values Lua code may hold and use, by the fields, methods and metamethods that it adds.
///
/// ```
/// use dg_lua::{Lua, MetaMethod, UserData, UserDataFields, UserDataMethods, UserDataRef};
///
/// #[derive(Clone, Copy)]
/// struct Vector(f64, f64);
///
/// impl UserData for Vector {
///     fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
///         fields.add_field_method_get("x", |_, vector| Ok(vector.0));
///         fields.add_field_method_set("x", |_, vector, x| {
///             vector.0 = x;
///             Ok(())
///         });
///     }
///
///     fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
///         methods.add_function("new", |_, (x, y)| Ok(Vector(x, y)));
///         methods.add_method("length", |_, vector, ()| Ok(vector.0.hypot(vector.1)));
///         methods.add_meta_method(MetaMethod::Add, |_, vector, other: UserDataRef<Vector>| {
///             Ok(Vector(vector.0 + other.0, vector.1 + other.1))
///         });
///     }
/// }
///
/// let lua = Lua::new();
/// lua.globals().set("v", Vector(3.0, 0.0))?;
/// let length: f64 = lua.load("v.x = v.x - 1; return (v + v.new(1, 4)):length()").eval()?;
/// assert_eq!(length, 5.0);
/// # Ok::<(), dg_lua::Error>(())
/// ```
///
/// The value is dropped when the collector finds that nobody holds it any more, or with the state. Lua code sees `false`
/// for its metatable, and cannot change it.
pub trait UserData: Sized + 'static {
    /// Adds fields.
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        let _ = fields;
    }

    /// Adds methods, functions and metamethods.
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        let _ = methods;
    }
}

/// A userdata, of whatever type.
///
/// ```
/// use dg_lua::{AnyUserData, UserData};
///
/// struct Named(String);
/// impl UserData for Named {}
///
/// let lua = dg_lua::Lua::new();
/// let userdata: AnyUserData = lua.create_userdata(Named("a".into()))?;
/// userdata.borrow_mut::<Named>()?.0.push('b');
/// assert_eq!(userdata.borrow::<Named>()?.0, "ab");
/// assert!(userdata.is::<Named>() && !userdata.is::<String>());
/// assert_eq!(userdata.take::<Named>()?.0, "ab");
/// assert!(userdata.borrow::<Named>().is_err());
/// # Ok::<(), dg_lua::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AnyUserData(pub(crate) Reference);

/// A userdata's value that is read: an argument of a callback, or from [`AnyUserData::borrow`].
pub type UserDataRef<T> = Borrowed<T>;

/// A userdata's value that is changed: an argument of a callback, or from [`AnyUserData::borrow_mut`].
pub type UserDataRefMut<T> = BorrowedMut<T>;

/// What a userdata holds that owns its value.
type Owned<T> = Rc<BorrowCell<T>>;

/// What a userdata holds whose value is borrowed from a [`Scope`](super::Scope).
struct Scoped<T> {
    value: *mut T,
    /// The scope has it for itself.
    exclusive: bool,
    /// As in [`BorrowCell`].
    borrows: Cell<isize>,
}

/// A userdata that owns a value.
pub(super) fn create<T: UserData>(lua: &Lua, value: T) -> Result<AnyUserData> {
    make::<T, Owned<T>>(lua, BorrowCell::new(value))
}

/// A userdata for a value that is borrowed until the userdata is destroyed.
pub(super) fn create_scoped<T: UserData>(lua: &Lua, value: *mut T, exclusive: bool) -> Result<AnyUserData> {
    let borrows = Cell::new(0);
    make::<T, Rc<Scoped<T>>>(
        lua,
        Rc::new(Scoped {
            value,
            exclusive,
            borrows,
        }),
    )
}

fn make<T: UserData, H: 'static>(lua: &Lua, holder: H) -> Result<AnyUserData> {
    let metatable = metatable::of::<T>(lua)?;
    let content = Content::Data(TypeId::of::<H>());
    match host::userdata(lua.vm(), Some(metatable.reference(lua)?), content, holder) {
        Ok(userdata) => Ok(AnyUserData::new(lua, userdata.boxed())),
        Err(thrown) => Err(caught(lua, thrown)),
    }
}

/// Puts the count of borrows back, also when the borrower panics.
struct Restore<'a>(&'a Cell<isize>, isize);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Calls a function with the value of a userdata.
#[inline]
pub(super) fn with<T: 'static, R>(userdata: Ref<'_, Userdata>, f: impl FnOnce(&T) -> Result<R>) -> Result<R> {
    if let Some(owned) = host::data::<Owned<T>>(userdata) {
        let borrowed = Borrowed::try_new(owned).ok_or(Error::UserDataBorrowError)?;
        return f(&borrowed);
    }
    let scoped = scoped::<T>(userdata)?;
    let borrows = scoped.borrows.get();
    if borrows < 0 {
        return Err(Error::UserDataBorrowError);
    }
    scoped.borrows.set(borrows + 1);
    let _restore = Restore(&scoped.borrows, borrows);
    // SAFETY: the scope lasts, because the userdata still has the value, and outlives this call, which was made in it.
    // Nobody changes the value meanwhile.
    f(unsafe { &*scoped.value })
}

/// Calls a function with the value of a userdata, which it may change.
#[inline]
pub(super) fn with_mut<T: 'static, R>(userdata: Ref<'_, Userdata>, f: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
    if let Some(owned) = host::data::<Owned<T>>(userdata) {
        let mut borrowed = BorrowedMut::try_new(owned).ok_or(Error::UserDataBorrowMutError)?;
        return f(&mut borrowed);
    }
    let scoped = scoped::<T>(userdata)?;
    if !scoped.exclusive || scoped.borrows.get() != 0 {
        return Err(Error::UserDataBorrowMutError);
    }
    scoped.borrows.set(-1);
    let _restore = Restore(&scoped.borrows, 0);
    // SAFETY: as in `with`; the scope has the value for itself, and nobody else uses it meanwhile.
    f(unsafe { &mut *scoped.value })
}

/// The value of a userdata that is borrowed from a scope.
fn scoped<T: 'static>(userdata: Ref<'_, Userdata>) -> Result<Rc<Scoped<T>>> {
    match host::data::<Rc<Scoped<T>>>(userdata) {
        Some(scoped) => Ok(scoped.clone()),
        None => Err(missing(userdata)),
    }
}

/// Why a userdata has no value of the type that was asked for.
fn missing(userdata: Ref<'_, Userdata>) -> Error {
    if host::is_of_rust(userdata) && host::content(userdata).is_none() {
        Error::UserDataDestructed
    } else {
        Error::UserDataTypeMismatch
    }
}

impl AnyUserData {
    #[inline]
    pub(crate) fn new(lua: &Lua, userdata: VmValue<'_>) -> AnyUserData {
        AnyUserData(Reference::new(lua, userdata))
    }

    fn reference<'v>(&self, lua: &'v Lua) -> Result<Ref<'v, Userdata>> {
        let value = self.0.value(lua)?;
        Ok(value.as_userdata(lua.vm()).expect("a userdata's value is a userdata"))
    }

    fn owned<T: 'static>(&self) -> Result<Owned<T>> {
        let lua = self.0.lua()?;
        let userdata = self.reference(&lua)?;
        host::data::<Owned<T>>(userdata)
            .cloned()
            .ok_or_else(|| missing(userdata))
    }

    /// Whether its value is of this type, and still there.
    pub fn is<T: 'static>(&self) -> bool {
        self.0.lua().is_ok_and(|lua| {
            self.reference(&lua).is_ok_and(|userdata| {
                host::data::<Owned<T>>(userdata).is_some() || host::data::<Rc<Scoped<T>>>(userdata).is_some()
            })
        })
    }

    /// The value, for reading.
    ///
    /// # Errors
    /// When it is of another type, gone, being changed, or borrowed from a scope (see [`AnyUserData::with`]).
    pub fn borrow<T: 'static>(&self) -> Result<UserDataRef<T>> {
        Borrowed::try_new(&self.owned()?).ok_or(Error::UserDataBorrowError)
    }

    /// The value, for changing.
    ///
    /// # Errors
    /// When it is of another type, gone, in use, or borrowed from a scope (see [`AnyUserData::with_mut`]).
    pub fn borrow_mut<T: 'static>(&self) -> Result<UserDataRefMut<T>> {
        BorrowedMut::try_new(&self.owned()?).ok_or(Error::UserDataBorrowMutError)
    }

    /// Calls a function with the value, which may be borrowed from a scope.
    ///
    /// # Errors
    /// When the value is of another type, gone, or being changed.
    pub fn with<T: 'static, R>(&self, f: impl FnOnce(&T) -> R) -> Result<R> {
        let lua = self.0.lua()?;
        with(self.reference(&lua)?, |value| Ok(f(value)))
    }

    /// Calls a function with the value, which it may change, and which may be borrowed from a scope.
    ///
    /// # Errors
    /// When the value is of another type, gone, in use, or only lent for reading.
    pub fn with_mut<T: 'static, R>(&self, f: impl FnOnce(&mut T) -> R) -> Result<R> {
        let lua = self.0.lua()?;
        with_mut(self.reference(&lua)?, |value| Ok(f(value)))
    }

    /// Takes the value out. Who uses the userdata afterwards gets an error.
    ///
    /// # Errors
    /// When it is of another type, gone, or in use.
    pub fn take<T: 'static>(&self) -> Result<T> {
        let lua = self.0.lua()?;
        let userdata = self.reference(&lua)?;
        // Nobody else may have a share of it.
        match host::data::<Owned<T>>(userdata).map(Rc::strong_count) {
            None => return Err(missing(userdata)),
            Some(1) => {}
            Some(_) => return Err(Error::UserDataBorrowMutError),
        }
        let owned = host::take::<Owned<T>>(lua.vm(), userdata).and_then(Rc::into_inner);
        owned.map(BorrowCell::into_inner).ok_or(Error::UserDataBorrowMutError)
    }

    /// Drops the value now. Who uses the userdata afterwards gets an error.
    ///
    /// # Errors
    /// When it is in use, or belongs to a scope or to the library.
    pub fn destroy<T: 'static>(&self) -> Result<()> {
        self.take::<T>().map(drop)
    }

    /// The metatable.
    pub fn metatable(&self) -> Option<Table> {
        let lua = self.0.lua().ok()?;
        let metatable = self.reference(&lua).ok()?.metatable.get(lua.vm())?;
        Some(Table::new(&lua, metatable.boxed()))
    }

    /// What tells it from other objects of its state.
    pub fn to_pointer(&self) -> usize {
        self.0.address()
    }
}

impl ObjectLike for AnyUserData {
    fn object(&self) -> Value {
        Value::UserData(self.clone())
    }

    fn state(&self) -> Result<Lua> {
        self.0.lua()
    }
}
