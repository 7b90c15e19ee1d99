//! Values of Rust that Lua owns: what a `Userdata` with the owner [`OWNER_RUST`] refers to.
//!
//! Each lies in a box of its own. Its userdata has the address; a list in the state has it as well, so that nothing leaks
//! when the virtual machine goes. Whichever comes first frees it: the finaliser, the end of a scope, taking the value out,
//! or the end of the virtual machine.

use std::any::TypeId;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use dg_runtime::{Ref, Throw, Vm};

use crate::core::alloc;
use crate::core::state::lua;
use crate::generated::{Table, Userdata};

/// `Userdata.owner` of those whose `host` is the address of a [`Header`], or 0 when the value is gone.
pub const OWNER_RUST: u32 = 1;

/// What is in a box.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// A value of this type.
    Data(TypeId),
    /// The state of a callback. Only the callback itself looks at it, which knows the type.
    Callback,
}

#[repr(C)]
struct Header {
    content: Content,
    /// Where in the list.
    index: u32,
    free: unsafe fn(NonNull<Header>),
}

#[repr(C)]
struct Boxed<T> {
    header: Header,
    value: T,
}

/// All boxes of a virtual machine.
#[derive(Default)]
pub struct HostValues(RefCell<List>);

#[derive(Default)]
struct List {
    boxes: Vec<Option<NonNull<Header>>>,
    unused: Vec<u32>,
}

/// # Safety
/// The header is that of a `Boxed<T>` from `Box::into_raw`, which nothing refers to any more.
unsafe fn free<T>(header: NonNull<Header>) {
    // SAFETY: as the caller says; the header is at the start.
    drop(unsafe { Box::from_raw(header.cast::<Boxed<T>>().as_ptr()) });
}

/// A new userdata that owns a value. `T` must be what `content` says, and live as long as the userdata is used.
///
/// # Errors
/// When memory runs out.
pub fn userdata<'v, T>(
    vm: &'v Vm,
    metatable: Option<Ref<'v, Table>>,
    content: Content,
    value: T,
) -> Result<Ref<'v, Userdata>, Throw> {
    let userdata = alloc::userdata(vm, metatable, 0)?;
    let mut list = lua(vm).host.values.0.borrow_mut();
    let index = match list.unused.pop() {
        Some(index) => index,
        None => {
            list.boxes.push(None);
            list.boxes.len() as u32 - 1
        }
    };
    let header = Header {
        content,
        index,
        free: free::<T>,
    };
    let address = NonNull::from(Box::leak(Box::new(Boxed { header, value }))).cast::<Header>();
    list.boxes[index as usize] = Some(address);
    userdata.host.set(address.as_ptr() as u64);
    userdata.owner.set(OWNER_RUST);
    vm.add_finalizer(userdata);
    Ok(userdata)
}

fn header(userdata: Ref<'_, Userdata>) -> Option<NonNull<Header>> {
    let address = if userdata.owner.get() == OWNER_RUST {
        userdata.host.get()
    } else {
        0
    };
    NonNull::new(address as *mut Header)
}

/// Whether the userdata is one of Rust's, even if its value is gone.
pub fn is_of_rust(userdata: Ref<'_, Userdata>) -> bool {
    userdata.owner.get() == OWNER_RUST
}

/// What the userdata has, if its value is still there.
pub fn content(userdata: Ref<'_, Userdata>) -> Option<Content> {
    // SAFETY: the address of a userdata is that of a live box.
    header(userdata).map(|header| unsafe { header.as_ref() }.content)
}

/// The value, if it is of this type.
///
/// The reference is good until the value is [destroyed](destroy), which code of the host may do whenever it runs.
pub fn data<T: 'static>(userdata: Ref<'_, Userdata>) -> Option<&T> {
    if content(userdata)? != Content::Data(TypeId::of::<T>()) {
        return None;
    }
    // SAFETY: the content says what is in the live box.
    header(userdata).map(|header| unsafe { &header.cast::<Boxed<T>>().as_ref().value })
}

/// The state of a callback, unless it is gone.
///
/// # Safety
/// The userdata was made with a value of this type. The reference is good until the value is destroyed.
#[inline]
pub unsafe fn callback<'a, T>(userdata: Ref<'a, Userdata>) -> Option<&'a T> {
    // It is of Rust, as the caller says: only whether the value is still there is asked.
    let header = NonNull::new(userdata.host.get() as *mut Header)?;
    // SAFETY: as the caller says.
    Some(unsafe { &header.cast::<Boxed<T>>().as_ref().value })
}

/// Frees the value, if it is still there. Its destructor may do anything with the virtual machine.
pub fn destroy(vm: &Vm, userdata: Ref<'_, Userdata>) {
    if let Some(header) = header(userdata) {
        userdata.host.set(0);
        // SAFETY: the address of a userdata is that of a live box; the userdata has just forgotten it.
        unsafe { lua(vm).host.values.free(header) };
    }
}

/// Takes the value out, if it is of this type and still there.
pub fn take<T: 'static>(vm: &Vm, userdata: Ref<'_, Userdata>) -> Option<T> {
    data::<T>(userdata)?;
    let header = header(userdata)?;
    userdata.host.set(0);
    // SAFETY: as in `destroy`; the content was just checked.
    unsafe {
        lua(vm).host.values.forget(header);
        Some(Box::from_raw(header.cast::<Boxed<T>>().as_ptr()).value)
    }
}

/// A userdata has died, or the program ends.
pub fn finalize(vm: &Vm, userdata: Ref<'_, Userdata>) {
    // Finalisers that run at the end may still call functions of the host: these go with the virtual machine.
    if !(lua(vm).host.closing.get() && content(userdata) == Some(Content::Callback)) {
        // As errors in `__gc`, a panic is lost, as there is nobody to tell.
        let _ = catch_unwind(AssertUnwindSafe(|| destroy(vm, userdata)));
    }
}

impl HostValues {
    /// # Safety
    /// The box is in this list, and nothing refers to it any more.
    unsafe fn free(&self, header: NonNull<Header>) {
        // SAFETY: as the caller says.
        unsafe {
            self.forget(header);
            (header.as_ref().free)(header);
        }
    }

    /// # Safety
    /// The box is in this list.
    unsafe fn forget(&self, header: NonNull<Header>) {
        // SAFETY: boxes in the list are alive.
        let index = unsafe { header.as_ref() }.index;
        let mut list = self.0.borrow_mut();
        list.boxes[index as usize] = None;
        list.unused.push(index);
    }
}

impl Drop for HostValues {
    fn drop(&mut self) {
        loop {
            let last = self.0.borrow_mut().boxes.pop();
            match last {
                None => break,
                // SAFETY: boxes in the list are alive; the userdata that has the address went with the virtual machine.
                Some(Some(header)) => unsafe { (header.as_ref().free)(header) },
                Some(None) => {}
            }
        }
    }
}
