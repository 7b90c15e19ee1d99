//! References to heap objects, and the fields that hold references.
//!
//! An object is a `#[repr(C)]` struct that starts with a [`Header`] and is written through shared references:
//! its numbers are `Cell`s, its references [`ValueField`], [`RefField`] and [`OptionalRefField`]. These can only be
//! written through [`Ref::set`] and its relatives, which run the write barrier.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::abi::{ARENA_SIZE, GC_MARKED, Header, KIND_STR, KIND_VALUES};
use crate::value::Value;
use crate::vm::Vm;

/// A heap object.
///
/// # Safety
/// The type is `#[repr(C)]`, starts with a [`Header`], is at most 8-aligned, and all-zero bytes after the header are
/// valid for it. `KIND` is its kind in every VM that it is used with.
pub unsafe trait Object {
    /// What [`Header::kind`] says.
    const KIND: u8;
}

/// A heap object with a trailing array, whose length is [`Header::aux`].
///
/// # Safety
/// The array starts at `ITEMS_OFFSET`, which is aligned for `Item`; all-zero items are valid.
pub unsafe trait ArrayObject: Object {
    /// Type of the elements.
    type Item;
    /// Bytes from the object's start to the first element.
    const ITEMS_OFFSET: usize;
}

/// A reference to an object that is alive as long as the VM is only borrowed shared.
#[repr(transparent)]
pub struct Ref<'v, T>(NonNull<T>, PhantomData<&'v Vm>);

/// A reference as objects hold it: 4 bytes, counted in 8-byte units from the arena's start; 0 is null.
#[repr(transparent)]
pub struct RawRef<T>(pub u32, PhantomData<*const T>);

impl<T> Clone for Ref<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ref<'_, T> {}
impl<T> PartialEq for Ref<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Ref<'_, T> {}
impl<T> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({:p})", self.0)
    }
}

impl<T> Clone for RawRef<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for RawRef<T> {}
impl<T> PartialEq for RawRef<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for RawRef<T> {}
impl<T> fmt::Debug for RawRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawRef({:#x})", self.0)
    }
}

impl<T> RawRef<T> {
    /// Refers to nothing.
    pub const NULL: Self = RawRef(0, PhantomData);

    /// The reference with this number.
    pub const fn new(raw: u32) -> Self {
        RawRef(raw, PhantomData)
    }

    /// Whether it refers to nothing.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// Where the object is.
    #[inline]
    pub fn address(self, vm: &Vm) -> *mut T {
        vm.address(self.0).cast()
    }
}

impl<T: Object> RawRef<T> {
    /// # Safety
    /// Not null, an object of `vm` of this type, and still alive.
    #[inline]
    pub unsafe fn get(self, vm: &Vm) -> Ref<'_, T> {
        debug_assert!(!self.is_null());
        // SAFETY: an address inside the arena is not null.
        let pointer = unsafe { NonNull::new_unchecked(self.address(vm)) };
        // SAFETY: the caller says that a live object is there.
        debug_assert_eq!(unsafe { (*pointer.as_ptr().cast::<Header>()).kind }, T::KIND);
        Ref(pointer, PhantomData)
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the object is alive for the reference's lifetime, and written through cells only.
        unsafe { self.0.as_ref() }
    }
}

impl<'v, T: Object> Ref<'v, T> {
    /// # Safety
    /// A live object of this type in the arena that `'v` borrows.
    #[inline]
    pub unsafe fn from_pointer(pointer: *mut T) -> Self {
        // SAFETY: an address inside an arena is not null.
        Ref(unsafe { NonNull::new_unchecked(pointer) }, PhantomData)
    }

    /// For storing where no lifetime can stand.
    #[inline]
    pub fn raw(self) -> RawRef<T> {
        RawRef::new(raw_of(self.0.as_ptr().cast()))
    }

    /// Where the object is.
    pub fn as_ptr(self) -> *mut T {
        self.0.as_ptr()
    }

    /// The object for as long as the VM is borrowed.
    #[inline]
    pub fn get(self) -> &'v T {
        // SAFETY: as in `deref`, and `'v` outlives no collection.
        unsafe { &*self.0.as_ptr() }
    }

    fn header(self) -> *mut Header {
        self.0.as_ptr().cast()
    }

    /// Tells the collector that the object will be written.
    #[inline]
    fn barrier(self) {
        // SAFETY: the object is alive, so its header is readable.
        if unsafe { (*self.header()).gc } == GC_MARKED {
            self.vm().remember(self.raw().0);
        }
    }

    /// The VM that the object belongs to.
    fn vm(self) -> &'v Vm {
        // SAFETY: arenas are aligned to their size, so the object's address names its VM, which `'v` keeps alive.
        unsafe { &*((self.0.as_ptr() as usize & !(ARENA_SIZE - 1)) as *const Vm) }
    }

    /// Stores into a field of the object.
    #[inline]
    pub fn set<F: Field>(self, field: impl FnOnce(&T) -> &F, stored: F::Stored<'v>) {
        self.barrier();
        // SAFETY: the barrier has run, and the projection can only answer a part of this object.
        unsafe { field(self.get()).write(stored) }
    }

    /// For several stores: the barrier runs once.
    #[inline]
    pub fn writer(self) -> Writer<'v, T> {
        self.barrier();
        Writer(self)
    }
}

impl<'v, T: ArrayObject> Ref<'v, T> {
    /// Number of elements of the trailing array.
    #[allow(clippy::len_without_is_empty)]
    #[inline]
    pub fn len(self) -> usize {
        // SAFETY: the object is alive.
        unsafe { (*self.header()).aux as usize }
    }

    /// The trailing array.
    #[inline]
    pub fn items(self) -> &'v [T::Item] {
        // SAFETY: the object is alive for `'v`, was allocated with `aux` items there, and is written through cells.
        unsafe {
            let items = self.0.as_ptr().byte_add(T::ITEMS_OFFSET).cast::<T::Item>();
            std::slice::from_raw_parts(items, self.len())
        }
    }

    /// Stores into a field of an element of the trailing array. Panics when there is no such element.
    #[inline]
    pub fn set_item<F: Field>(self, index: usize, field: impl FnOnce(&T::Item) -> &F, stored: F::Stored<'v>) {
        let item = &self.items()[index];
        self.will_write(item);
        // SAFETY: the barrier has run, and the projection can only answer a part of this object.
        unsafe { field(item).write(stored) }
    }

    /// Tells the collector that an element of the trailing array will be written: for who does that with
    /// [`Field::write`].
    #[inline]
    pub fn will_write(self, item: &T::Item) {
        // SAFETY: the object is alive, so its header is readable.
        if unsafe { (*self.header()).gc } == GC_MARKED {
            self.vm().remember_place(self.raw().0, std::ptr::from_ref(item).cast());
        }
    }
}

/// An object whose barrier has run; no collection can come before `'v` ends.
pub struct Writer<'v, T>(Ref<'v, T>);

impl<'v, T: Object> Writer<'v, T> {
    /// Stores into a field of the object.
    #[inline]
    pub fn set<F: Field>(&self, field: impl FnOnce(&T) -> &F, stored: F::Stored<'v>) {
        // SAFETY: the barrier has run, and the projection can only answer a part of this object.
        unsafe { field(self.0.get()).write(stored) }
    }
}

impl<'v, T: ArrayObject> Writer<'v, T> {
    /// Stores into a field of an element of the trailing array. Panics when there is no such element.
    #[inline]
    pub fn set_item<F: Field>(&self, index: usize, field: impl FnOnce(&T::Item) -> &F, stored: F::Stored<'v>) {
        // SAFETY: the barrier has run, and the projection can only answer a part of this object.
        unsafe { field(&self.0.items()[index]).write(stored) }
    }
}

#[inline]
pub(crate) fn raw_of(address: *const u8) -> u32 {
    ((address as usize & (ARENA_SIZE - 1)) >> 3) as u32
}

/// A field that holds references: written only behind a barrier.
pub trait Field {
    /// What can be stored.
    type Stored<'v>;

    /// # Safety
    /// The field's object must be young, or remembered since the last collection.
    unsafe fn write(&self, stored: Self::Stored<'_>);
}

/// A field that holds a value.
#[repr(transparent)]
#[derive(Debug)]
pub struct ValueField(Cell<u64>);

/// A field that holds a reference to an object.
#[repr(transparent)]
pub struct RefField<T>(Cell<u32>, PhantomData<*const T>);

/// A field that may hold a reference to an object.
#[repr(transparent)]
pub struct OptionalRefField<T>(Cell<u32>, PhantomData<*const T>);

impl ValueField {
    /// The value in the field.
    #[inline]
    pub fn get<'v>(&self, _vm: &'v Vm) -> Value<'v> {
        // SAFETY: fields live in objects, and what a live object holds is alive.
        unsafe { Value::from_bits(self.0.get()) }
    }

    /// Its bits.
    #[inline]
    pub fn bits(&self) -> u64 {
        self.0.get()
    }

    /// Stores the bits of a unit leaf.
    #[inline]
    pub(crate) fn set_unit(&self, bits: u64) {
        debug_assert!(crate::value::reference_in_bits(bits).is_none());
        self.0.set(bits);
    }

    /// Stores bits that need no barrier: whatever is no reference.
    ///
    /// # Panics
    /// When the bits are a reference.
    #[inline]
    pub fn set_plain(&self, bits: u64) {
        assert!(
            crate::value::reference_in_bits(bits).is_none(),
            "a reference needs a barrier"
        );
        self.0.set(bits);
    }
}

impl Field for ValueField {
    type Stored<'v> = Value<'v>;

    #[inline]
    unsafe fn write(&self, stored: Value<'_>) {
        self.0.set(stored.bits());
    }
}

impl<T: Object> RefField<T> {
    /// The object that the field refers to.
    ///
    /// # Panics
    /// When the field was never set.
    #[inline]
    pub fn get<'v>(&self, vm: &'v Vm) -> Ref<'v, T> {
        assert!(self.0.get() != 0, "a reference field that was never set");
        // SAFETY: fields live in objects, and what a live object holds is alive and of its type.
        unsafe { RawRef::new(self.0.get()).get(vm) }
    }

    /// The reference itself.
    #[inline]
    pub fn raw(&self) -> RawRef<T> {
        RawRef::new(self.0.get())
    }
}

impl<T: Object> Field for RefField<T> {
    type Stored<'v> = Ref<'v, T>;

    #[inline]
    unsafe fn write(&self, stored: Ref<'_, T>) {
        self.0.set(stored.raw().0);
    }
}

impl<T: Object> OptionalRefField<T> {
    /// The object that the field refers to, if any.
    #[inline]
    pub fn get<'v>(&self, vm: &'v Vm) -> Option<Ref<'v, T>> {
        // SAFETY: fields live in objects, and what a live object holds is alive and of its type.
        (self.0.get() != 0).then(|| unsafe { RawRef::new(self.0.get()).get(vm) })
    }

    /// The reference itself.
    #[inline]
    pub fn raw(&self) -> RawRef<T> {
        RawRef::new(self.0.get())
    }

    /// Refers to nothing from now on; needs no barrier.
    pub fn clear(&self) {
        self.0.set(0);
    }
}

impl<T: Object> Field for OptionalRefField<T> {
    type Stored<'v> = Option<Ref<'v, T>>;

    #[inline]
    unsafe fn write(&self, stored: Option<Ref<'_, T>>) {
        self.0.set(stored.map_or(0, |object| object.raw().0));
    }
}

/// An interned string: equal bytes are the same object.
#[repr(C)]
#[derive(Debug)]
pub struct Str {
    pub(crate) header: Header,
    /// For hash tables: the string's number in the order in which strings were made. Names that are used together are
    /// mostly made together, and neighbouring numbers do not collide. Making many that do takes yet more strings.
    pub hash: u32,
}

// SAFETY: `#[repr(C)]`, header first, plain numbers.
unsafe impl Object for Str {
    const KIND: u8 = KIND_STR;
}

// SAFETY: the bytes follow the hash.
unsafe impl ArrayObject for Str {
    type Item = u8;
    const ITEMS_OFFSET: usize = 12;
}

impl<'v> Ref<'v, Str> {
    /// The bytes of the string.
    #[inline]
    pub fn as_bytes(self) -> &'v [u8] {
        self.items()
    }
}

/// A plain array of values.
#[repr(C)]
#[derive(Debug)]
pub struct Values {
    pub(crate) header: Header,
}

// SAFETY: `#[repr(C)]`, nothing but a header.
unsafe impl Object for Values {
    const KIND: u8 = KIND_VALUES;
}

// SAFETY: the values follow the header, 8-aligned.
unsafe impl ArrayObject for Values {
    type Item = ValueField;
    const ITEMS_OFFSET: usize = 8;
}

const _: () = {
    assert!(std::mem::offset_of!(Str, hash) == 8);
    assert!(std::mem::size_of::<Str>() == 12);
    assert!(std::mem::size_of::<Values>() == 8);
};
