//! Functions of the language that are written in Rust.
//!
//! ```
//! use dg_runtime::{CallContext, NativeResult, Value};
//!
//! /// The sum of all arguments.
//! fn sum(cx: &mut CallContext<'_>) -> NativeResult {
//!     let mut total = 0.0;
//!     for i in 0..cx.count() {
//!         total += cx.arg(i).as_double().ok_or_else(|| cx.error("number expected"))?;
//!     }
//!     cx.ret(Value::double(total))
//! }
//! ```
//!
//! A native function runs in a guest frame of its own. Its arguments are the frame's first slots; it pushes results,
//! and callees with their arguments, behind them. Pushing takes `&self`: values stay usable. What runs guest code or
//! collects takes `&mut self`: values do not survive it, slots do.

use std::ops::{Deref, DerefMut};

use crate::object::{Object, Ref};
use crate::value::Value;
use crate::vm::Vm;

/// A function of the language, written in Rust.
pub type NativeFn = fn(&mut CallContext<'_>) -> NativeResult;

/// What a native function answers: made by [`CallContext::ret`] and its relatives, or [`Vm::throw`].
pub type NativeResult = Result<Returned, Throw>;

/// How many of the last pushed values are the results.
#[derive(Debug)]
pub struct Returned(pub(crate) u32);

/// A value is being thrown: it is in the VM, see [`Vm::thrown`]. To be passed on with `?`, or caught by dropping it.
#[derive(Debug)]
#[must_use = "an error is pending in the VM"]
pub struct Throw(pub(crate) ());

/// A call that is about to happen: the callee and its arguments are in guest slots. For [`Vm::call`].
#[derive(Debug)]
#[must_use = "nothing is called yet"]
pub struct Pending {
    /// Slot of the callee, from the running frame's base; its arguments follow after the header.
    pub(crate) slot: u32,
    pub(crate) count: u32,
}

/// The results of a call: guest slots of the running frame, from `start`. They stay until [`Vm::pop`].
#[derive(Clone, Copy, Debug)]
pub struct Results {
    /// Slot of the first one, from the running frame's base.
    pub start: u32,
    /// How many there are.
    pub count: u32,
}

impl Results {
    /// The i-th result, nil when there is none.
    #[inline]
    pub fn get(self, vm: &Vm, i: u32) -> Value<'_> {
        if i < self.count {
            vm.slot(self.start + i)
        } else {
            vm.nil()
        }
    }
}

/// The frame of a native function; everything that a [`Vm`] can do as well.
pub struct CallContext<'a> {
    vm: &'a mut Vm,
    count: u32,
}

impl Deref for CallContext<'_> {
    type Target = Vm;

    #[inline]
    fn deref(&self) -> &Vm {
        self.vm
    }
}

impl DerefMut for CallContext<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Vm {
        self.vm
    }
}

impl<'a> CallContext<'a> {
    #[inline]
    pub(crate) fn new(vm: &'a mut Vm, count: u32) -> Self {
        CallContext { vm, count }
    }

    /// Number of arguments.
    #[inline]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The i-th argument, nil when there is none.
    #[inline]
    pub fn arg(&self, i: u32) -> Value<'_> {
        if i < self.count { self.vm.slot(i) } else { self.vm.nil() }
    }

    /// Whether there is an i-th argument.
    #[inline]
    pub fn has_arg(&self, i: u32) -> bool {
        i < self.count
    }

    /// Replaces the i-th argument, which must be there; keeps a value alive across calls.
    ///
    /// # Panics
    /// When there is no i-th argument.
    #[inline]
    pub fn set_arg(&self, i: u32, value: Value<'_>) {
        assert!(i < self.count, "there is no argument {i}");
        self.vm.set_slot(i, value);
    }

    /// The function that runs. `T` is the callee object of the language.
    ///
    /// # Panics
    /// When `T` is another object.
    #[inline]
    pub fn callee<T: Object>(&self) -> Ref<'_, T> {
        self.vm.running_callee()
    }

    /// Returns nothing.
    #[inline]
    pub fn ret_none(&self) -> NativeResult {
        Ok(Returned(0))
    }

    /// Returns one value.
    #[inline]
    pub fn ret(&self, value: Value<'_>) -> NativeResult {
        self.vm.push(value)?;
        Ok(Returned(1))
    }

    /// Returns several values.
    #[inline]
    pub fn ret_all(&self, values: &[Value<'_>]) -> NativeResult {
        self.vm.push_all(values)?;
        Ok(Returned(values.len() as u32))
    }

    /// Returns the last `count` values that were pushed.
    ///
    /// # Panics
    /// When fewer were pushed.
    #[inline]
    pub fn ret_pushed(&self, count: u32) -> NativeResult {
        assert!(
            count <= self.vm.top() - self.count,
            "fewer than {count} values were pushed"
        );
        Ok(Returned(count))
    }

    /// Returns what a call answered, and everything pushed behind it.
    pub fn ret_results(&self, results: Results) -> NativeResult {
        self.ret_pushed(self.vm.top() - results.start)
    }

    /// Returns the arguments from the i-th on.
    pub fn ret_args(&self, from: u32) -> NativeResult {
        if self.vm.top() == self.count {
            // They are what was pushed last already.
            return Ok(Returned(self.count.saturating_sub(from)));
        }
        for i in from..self.count {
            self.vm.push(self.arg(i))?;
        }
        Ok(Returned(self.count.saturating_sub(from)))
    }
}
