//! What the embedding API keeps in a virtual machine.

use std::any::TypeId;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::ptr;

use dg_runtime::{RefHandle, RuntimeError, Tracer, Vm};

use super::host::HostValues;
use super::interrupt::Deadlines;
use super::lua::Shared;
use crate::core::state::lua;
use crate::generated::{Function, Table};

/// What the embedding API keeps in a virtual machine.
pub struct HostState {
    /// The [`Lua`](super::Lua) that owns the virtual machine; null as long as there is none.
    pub(super) owner: Cell<*const Shared>,
    /// Values of Rust that Lua owns.
    pub values: HostValues,
    /// The last finalisers run.
    pub closing: Cell<bool>,
    /// The metatables of types of userdata.
    pub(super) metatables: RefCell<HashMap<TypeId, RefHandle<Table>>>,
    pub(super) error_metatable: OnceCell<RefHandle<Table>>,
    /// `coroutine.resume`
    pub(super) resume: OnceCell<RefHandle<Function>>,
    boundary: Cell<Boundary>,
    /// The coroutine that the host has resumed last and that has not come back.
    pub(super) resumed: Cell<u32>,
    raised: Cell<Option<(Raised, u64)>>,
    pub(super) deadlines: Deadlines,
}

/// The frame of the host that called last, and catches what comes out of that call.
#[derive(Clone, Copy, Default)]
pub(super) struct Boundary {
    coroutine: u32,
    /// Bytes from the start of the stack, which may move, to the base of the frame.
    offset: usize,
}

/// Errors of the runtime that the host tells from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Raised {
    OutOfMemory,
    Interrupted,
}

impl Default for HostState {
    fn default() -> HostState {
        HostState {
            owner: Cell::new(ptr::null()),
            values: HostValues::default(),
            closing: Cell::default(),
            metatables: RefCell::default(),
            error_metatable: OnceCell::new(),
            resume: OnceCell::new(),
            boundary: Cell::default(),
            resumed: Cell::default(),
            raised: Cell::default(),
            deadlines: Deadlines::default(),
        }
    }
}

impl HostState {
    /// Notes an error of the runtime that was made a value to throw.
    pub fn note_raised(&self, vm: &Vm, error: &RuntimeError<'_>, thrown: u64) {
        let raised = match error {
            RuntimeError::OutOfMemory => Raised::OutOfMemory,
            RuntimeError::Interrupted => Raised::Interrupted,
            _ => return,
        };
        self.raised.set(Some((raised, thrown)));
        // Code whose time is up is interrupted again, and again, until it is left.
        if raised == Raised::Interrupted && self.deadlines.passed() {
            vm.interrupt_handle().interrupt();
        }
    }

    /// The running frame is about to call, and catches what comes out of it. Answers who did so before, to be put back
    /// with [`HostState::leave`].
    #[inline]
    pub(super) fn enter(&self, vm: &Vm) -> Boundary {
        let coroutine = vm.current_coroutine();
        // SAFETY: the hot part is always readable.
        let base = unsafe { (*vm.hot()).base };
        self.boundary.replace(Boundary {
            coroutine: coroutine.raw().0,
            offset: base as usize - coroutine.stack_start() as usize,
        })
    }

    /// The call has come back.
    #[inline]
    pub(super) fn leave(&self, outer: Boundary) {
        self.boundary.set(outer);
    }

    /// Whether the value was made for an error of the runtime.
    pub(super) fn raised_as(&self, thrown: u64) -> Option<Raised> {
        self.raised
            .get()
            .and_then(|(raised, value)| (value == thrown).then_some(raised))
    }

    /// Shows the collector what the state refers to: a value that is noted is not mistaken for a later one.
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        if let Some((_, value)) = self.raised.get() {
            tracer.value(value);
        }
    }
}

/// Whether a frame of the running coroutine with this base is the host's that catches, or further out.
pub fn is_host_boundary(vm: &Vm, base: *mut u64) -> bool {
    let (boundary, coroutine) = (lua(vm).host.boundary.get(), vm.current_coroutine());
    boundary.coroutine == coroutine.raw().0 && base as usize <= coroutine.stack_start() as usize + boundary.offset
}

/// Whether the host has resumed the running coroutine, and catches what comes out of it.
pub fn is_resumed_by_host(vm: &Vm) -> bool {
    lua(vm).host.resumed.get() == vm.current_coroutine().raw().0
}
