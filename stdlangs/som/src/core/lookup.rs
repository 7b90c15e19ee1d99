//! What a message means to a class.

use std::cell::Cell;

use dg_runtime::{RawRef, Ref, Throw, Value, Vm};

use super::class::chain;
use super::object::{class_of, symbol_text};
use super::state::{Handler, RawRefKey, som};
use super::{error, meaning};
use crate::emit;
use crate::generated::{Class, Function, Method, Symbol, events};

const ENTRIES: usize = 2048;

/// What was found lately: class, selector and function; 0 where nothing is.
pub struct LookupCache(Box<[Cell<(u32, u32, u32)>]>);

impl Default for LookupCache {
    fn default() -> LookupCache {
        LookupCache(vec![Cell::new((0, 0, 0)); ENTRIES].into())
    }
}

impl LookupCache {
    fn entry(&self, class: u32, selector: u32) -> &Cell<(u32, u32, u32)> {
        let hash = (class ^ selector.rotate_left(16)).wrapping_mul(0x9E37_79B1);
        &self.0[hash as usize >> 21]
    }

    fn clear(&self) {
        self.0.iter().for_each(|entry| entry.set((0, 0, 0)));
    }
}

/// Methods have changed: forgets what was found, here, in selectors and at the places of sends.
pub fn forget(vm: &Vm) {
    som(vm).cache.clear();
    meaning::forget(vm);
    vm.invalidate(events::METHODS_CHANGED);
}

/// The function that a message to an instance of `class` runs.
#[inline]
pub fn find<'v>(vm: &'v Vm, class: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Option<Ref<'v, Function>> {
    let entry = som(vm).cache.entry(class.raw().0, selector.raw().0);
    let (known_class, known_selector, function) = entry.get();
    if (known_class, known_selector) == (class.raw().0, selector.raw().0) {
        // SAFETY: methods live for ever, and keep their functions.
        return Some(unsafe { RawRef::new(function).get(vm) });
    }
    let function = search(vm, class, selector)?;
    if let Err(thrown) = emit::ensure_compiled(vm, function) {
        drop(thrown);
        *som(vm).failure.borrow_mut() = Some(super::object::describe_thrown(vm));
        return None;
    }
    entry.set((class.raw().0, selector.raw().0, function.raw().0));
    Some(function)
}

/// Whether there is a method for a message to an instance of `class`.
pub fn understands(vm: &Vm, class: Ref<'_, Class>, selector: Ref<'_, Symbol>) -> bool {
    let classes = som(vm).classes.borrow();
    let key = RawRefKey(selector.raw().0);
    chain(vm, class).any(|class| classes[class.number.get() as usize].methods.contains_key(&key))
}

/// The method of the class or of the nearest superclass that has one.
fn search<'v>(vm: &'v Vm, class: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Option<Ref<'v, Function>> {
    let classes = som(vm).classes.borrow();
    let key = RawRefKey(selector.raw().0);
    let found = chain(vm, class).find_map(|class| classes[class.number.get() as usize].methods.get(&key).copied())?;
    // SAFETY: methods live for ever.
    let method: Ref<'v, Method> = unsafe { found.get(vm) };
    method.function.get(vm)
}

/// The method for a message that the virtual machine itself sends.
///
/// # Errors
/// When there is none, or a lookup has failed before.
pub fn handler<'v>(vm: &'v Vm, receiver: Value<'v>, handler: Handler) -> Result<Ref<'v, Function>, Throw> {
    if let Some(failure) = som(vm).failure.take() {
        return Err(error::throw_plain(vm, failure));
    }
    let selector = som(vm).handlers[handler as usize].get(vm);
    let class = class_of(vm, receiver);
    find(vm, class, selector).ok_or_else(|| {
        let message = match som(vm).failure.take() {
            Some(failure) => failure,
            None => format!(
                "{} does not understand {}",
                symbol_text(vm, class.name.get(vm)),
                symbol_text(vm, selector)
            ),
        };
        error::throw(vm, message)
    })
}
