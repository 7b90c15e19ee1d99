//! Coroutines: each has a guest stack of its own. Switching changes the base; the native stack is not involved.

use std::alloc::{self, Layout};
use std::cell::{Cell, RefCell};
use std::mem::offset_of;
use std::ptr;

use crate::abi::{
    COROUTINE_BASE, COROUTINE_CALLEE_BASE, COROUTINE_CONTINUATION, COROUTINE_NATIVE_DEPTH, COROUTINE_OPEN_TOP,
    COROUTINE_PC, COROUTINE_RAN, COROUTINE_RESUME_DEPTH, COROUTINE_RESUMER, COROUTINE_STACK_LIMIT, COROUTINE_STATUS,
    FRAME_CALLEE, Header, KIND_COROUTINE, STACK_EXTRA, STACK_SLACK,
};
use crate::heap::Tracer;
use crate::language::RuntimeError;
use crate::native::Throw;
use crate::object::{Object, Ref};
use crate::value::Value;
use crate::vm::Vm;

/// Slots of a new stack, slack not counted. Small, so that a million coroutines fit into memory.
const INITIAL_SLOTS: usize = 64;
/// Smaller stacks are not worth moving to a smaller one.
const SHRINK_FROM: usize = 8 * INITIAL_SLOTS;
/// Slots before the base of a stack's first frame: its header, and one where a vararg count may stand.
pub(crate) const FIRST_BASE: usize = 4;

/// Bit of `Header::flags`: has run since the last collection.
const RAN: u16 = COROUTINE_RAN;

/// A coroutine; the main program is one as well.
#[repr(C)]
pub struct Coroutine {
    header: Header,
    /// The stack, or null when it has returned.
    stack: Cell<*mut u64>,
    /// What `Hot::stack_limit` is while it runs.
    pub(crate) stack_limit: Cell<*mut u64>,
    /// State while it does not run; `base` is the base of its top frame.
    pub(crate) base: Cell<*mut u64>,
    pub(crate) pc: Cell<*const u8>,
    /// Where to go on when it is resumed or when what it resumed comes back.
    pub(crate) continuation: Cell<*const u8>,
    /// What the continuation finds in the base register: above `base`, with the distance and `pc` in a header. While it is
    /// suspended, nothing from here on is in use: what it is resumed with is put there.
    pub(crate) callee_base: Cell<*mut u64>,
    /// Slots of the stack, slack included.
    capacity: Cell<u32>,
    /// Slots in use from `base` on.
    pub(crate) open_top: Cell<u32>,
    /// Who resumed it, or 0.
    pub(crate) resumer: Cell<u32>,
    /// Frames of Rust at the time it was resumed.
    pub(crate) native_depth: Cell<u32>,
    /// How many coroutines wait for it, one for another.
    pub(crate) resume_depth: Cell<u32>,
    /// For the language to use; not traced.
    pub data: Cell<u32>,
    pub(crate) status: Cell<CoroutineStatus>,
    captured: RefCell<Vec<u32>>,
}

// SAFETY: `#[repr(C)]`, header first. It is initialised as it is allocated, before anything else sees it.
unsafe impl Object for Coroutine {
    const KIND: u8 = KIND_COROUTINE;
}

// What machine code reads and writes.
const _: () = {
    assert!(offset_of!(Coroutine, stack_limit) == COROUTINE_STACK_LIMIT);
    assert!(offset_of!(Coroutine, base) == COROUTINE_BASE);
    assert!(offset_of!(Coroutine, pc) == COROUTINE_PC);
    assert!(offset_of!(Coroutine, continuation) == COROUTINE_CONTINUATION);
    assert!(offset_of!(Coroutine, callee_base) == COROUTINE_CALLEE_BASE);
    assert!(offset_of!(Coroutine, open_top) == COROUTINE_OPEN_TOP);
    assert!(offset_of!(Coroutine, resumer) == COROUTINE_RESUMER);
    assert!(offset_of!(Coroutine, native_depth) == COROUTINE_NATIVE_DEPTH);
    assert!(offset_of!(Coroutine, resume_depth) == COROUTINE_RESUME_DEPTH);
    assert!(offset_of!(Coroutine, status) == COROUTINE_STATUS);
};

/// What a coroutine is doing. Machine code knows the numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CoroutineStatus {
    /// Not started yet.
    New = 0,
    /// Waits in a yield.
    Suspended = 1,
    /// Runs.
    Running = 2,
    /// Waits for one that it has resumed.
    Normal = 3,
    /// Has returned, or has thrown: then its frames are still there.
    Dead = 4,
}

impl Coroutine {
    /// What it is doing.
    pub fn status(&self) -> CoroutineStatus {
        self.status.get()
    }

    pub(crate) fn set_status(&self, status: CoroutineStatus) {
        self.status.set(status);
    }

    /// Objects that point into this stack, for the language to keep: references, traced as long as the coroutine lives.
    /// Such an object must keep the coroutine alive, and show the slot to the tracer ([`Tracer::slot`]).
    pub fn captured(&self) -> &RefCell<Vec<u32>> {
        &self.captured
    }

    /// First word of the stack.
    pub fn stack_start(&self) -> *mut u64 {
        self.stack.get()
    }

    pub(crate) fn stack_end(&self) -> *mut u64 {
        self.stack.get().wrapping_add(self.capacity.get() as usize)
    }

    fn set_stack(&self, stack: *mut u64, capacity: usize) {
        self.stack.set(stack);
        self.capacity.set(capacity as u32);
        self.stack_limit.set(self.stack_end().wrapping_sub(STACK_SLACK));
    }

    pub(crate) fn first_base(&self) -> *mut u64 {
        self.stack.get().wrapping_add(FIRST_BASE)
    }

    /// Slots from the saved base on that are in use: by the top frame, and by what is saved across a resume or yield.
    pub(crate) fn slots_in_use(&self, vm: &Vm) -> usize {
        if self.status.get() == CoroutineStatus::New {
            return 0;
        }
        let base = self.base.get();
        // SAFETY: the base of a live stack has a header below it.
        let callee = unsafe { *base.byte_offset(FRAME_CALLEE) } as u32;
        let frame = if callee == 0 {
            0
        } else {
            vm.code_of(callee).frame_size()
        };
        let slots = frame.max(self.open_top.get()) as usize;
        let top = base
            .wrapping_add(slots)
            .max(self.callee_base.get())
            .min(self.stack_end());
        (top as usize - base as usize) / 8
    }

    fn flags(&self) -> *mut u16 {
        (&raw const self.header.flags).cast_mut()
    }
}

impl Vm {
    /// A coroutine that will run `function`, the callee object of the language, when it is resumed.
    ///
    /// # Errors
    /// Out of memory; not callable.
    pub fn new_coroutine(&self, function: Value<'_>) -> Result<Ref<'_, Coroutine>, Throw> {
        let callee = self.callee_in(function)?;
        let coroutine = self.new_stack().ok_or_else(|| self.raise(RuntimeError::OutOfMemory))?;
        let base = coroutine.first_base();
        // SAFETY: a new stack has room for the first header.
        unsafe { *base.byte_offset(FRAME_CALLEE) = callee as u64 };
        Ok(coroutine)
    }

    /// The coroutine that runs.
    #[inline]
    pub fn current_coroutine(&self) -> Ref<'_, Coroutine> {
        // SAFETY: the running coroutine is alive.
        unsafe { Ref::from_pointer(self.address((*self.hot()).coroutine).cast()) }
    }

    /// The coroutine that the program started in.
    #[inline]
    pub fn main_coroutine(&self) -> Ref<'_, Coroutine> {
        // SAFETY: the main coroutine lives as long as the VM.
        unsafe { Ref::from_pointer(self.address(self.main()).cast()) }
    }

    pub(crate) fn new_stack(&self) -> Option<Ref<'_, Coroutine>> {
        let capacity = INITIAL_SLOTS + STACK_SLACK;
        if !self.add_external(capacity * 8) {
            self.remove_external(capacity * 8);
            return None;
        }
        let Some(object) = self.allocate_object(KIND_COROUTINE, 0) else {
            self.remove_external(capacity * 8);
            return None;
        };
        // SAFETY: the layout is not empty.
        let stack = unsafe { alloc::alloc_zeroed(layout(capacity)) }.cast::<u64>();
        if stack.is_null() {
            alloc::handle_alloc_error(layout(capacity));
        }
        let object = object.cast::<Coroutine>();
        // SAFETY: just allocated, and initialised here field by field behind the header.
        let coroutine = unsafe {
            (&raw mut (*object).captured).write(RefCell::default());
            Ref::<Coroutine>::from_pointer(object)
        };
        coroutine.set_stack(stack, capacity);
        coroutine.set_status(CoroutineStatus::New);
        coroutine.base.set(coroutine.first_base());
        coroutine.callee_base.set(coroutine.first_base());
        self.heap().coroutines.borrow_mut().push(coroutine.raw().0);
        Some(coroutine)
    }

    /// The coroutine has returned. Its stack stays until the next one ends, because its results are read from there.
    pub(crate) fn kill_coroutine(&self, coroutine: &Coroutine) {
        coroutine.set_status(CoroutineStatus::Dead);
        let stack = coroutine.stack.replace(ptr::null_mut());
        let capacity = coroutine.capacity.replace(0);
        self.free_stack(self.last_stack().replace((stack, capacity)));
    }

    /// Frees the memory that stacks have moved out of. Slices of guest slots may still be read as long as the VM is only
    /// borrowed shared; this is for whoever has it to himself.
    #[inline]
    pub(crate) fn free_left_stacks(&mut self) {
        if !self.left_stacks().borrow().is_empty() {
            self.free_all_left_stacks();
        }
    }

    #[cold]
    fn free_all_left_stacks(&mut self) {
        for stack in std::mem::take(&mut *self.left_stacks().borrow_mut()) {
            self.free_stack(stack);
        }
    }

    pub(crate) fn free_stack(&self, (stack, capacity): (*mut u64, u32)) {
        if !stack.is_null() {
            self.remove_external(capacity as usize * 8);
            // SAFETY: allocated with this layout by `new_stack` or `reserve_stack`, and just forgotten.
            unsafe { alloc::dealloc(stack.cast(), layout(capacity as usize)) };
        }
    }

    /// Frees what a dead coroutine object owns.
    pub(crate) fn free_coroutine(&self, object: u32) {
        let coroutine = self.address(object).cast::<Coroutine>();
        // SAFETY: the object is in the list of coroutines and about to be forgotten; its memory is still there.
        unsafe {
            self.free_stack(((*coroutine).stack.get(), (*coroutine).capacity.get()));
            ptr::drop_in_place(&raw mut (*coroutine).captured);
        }
    }

    /// Makes room on a stack for everything below `end`, which may be beyond it. Everything moves: what pointed into
    /// the stack has to be adjusted by the bytes answered.
    pub(crate) fn reserve_stack(&self, coroutine: &Coroutine, end: *mut u64) -> Result<isize, Throw> {
        if end <= coroutine.stack_limit.get() {
            return Ok(0);
        }
        let old = coroutine.stack.get();
        let old_capacity = coroutine.capacity.get() as usize;
        let needed = (end as usize - old as usize) / 8;
        let most = if self.handling_errors() {
            self.stack_slots() + STACK_EXTRA
        } else {
            self.stack_slots()
        };
        if needed > most {
            return Err(self.raise(RuntimeError::StackOverflow));
        }
        let capacity = (needed.max(2 * old_capacity)).min(most) + STACK_SLACK;
        self.move_stack(coroutine, capacity, old_capacity)
            .ok_or_else(|| self.raise(RuntimeError::OutOfMemory))
    }

    /// Moves the first `used` slots of a stack to a new one. What pointed into it has to be adjusted by the bytes answered;
    /// `None` when there is no memory.
    fn move_stack(&self, coroutine: &Coroutine, capacity: usize, used: usize) -> Option<isize> {
        let (old, old_capacity) = (coroutine.stack.get(), coroutine.capacity.get());
        let more = capacity * 8;
        if !self.add_external(more) {
            self.remove_external(more);
            return None;
        }
        // SAFETY: the layout is not empty, and both stacks have as many slots as are used.
        let new = unsafe {
            let new = alloc::alloc_zeroed(layout(capacity)).cast::<u64>();
            if new.is_null() {
                alloc::handle_alloc_error(layout(capacity));
            }
            new.copy_from_nonoverlapping(old, used);
            new
        };
        self.left_stacks().borrow_mut().push((old, old_capacity));
        coroutine.set_stack(new, capacity);
        let by = new as isize - old as isize;
        coroutine.base.set(coroutine.base.get().wrapping_byte_offset(by));
        coroutine
            .callee_base
            .set(coroutine.callee_base.get().wrapping_byte_offset(by));
        if ptr::eq(coroutine, self.current_coroutine().get()) {
            let hot = self.hot();
            // SAFETY: the hot part is always writable.
            unsafe {
                (*hot).base = (*hot).base.wrapping_byte_offset(by);
                (*hot).stack_limit = coroutine.stack_limit.get();
            }
        }
        (self.hooks().stack_moved)(self, coroutine, by);
        Some(by)
    }

    /// Moves the stack of a coroutine to a smaller one, if it uses little of it. Not while it waits for another one: who
    /// has resumed that from Rust may know where the stack is.
    pub(crate) fn shrink_stack(&self, object: u32) {
        // SAFETY: a coroutine that is alive.
        let coroutine = unsafe { &*self.address(object).cast::<Coroutine>() };
        let capacity = coroutine.capacity.get() as usize;
        if capacity < SHRINK_FROM || coroutine.status() == CoroutineStatus::Normal {
            return;
        }
        let top = coroutine.base.get().wrapping_add(coroutine.slots_in_use(self));
        let used = (top as usize - coroutine.stack.get() as usize) / 8;
        let enough = (2 * used).max(INITIAL_SLOTS) + STACK_SLACK;
        if enough * 4 <= capacity {
            self.move_stack(coroutine, enough, used);
        }
    }

    /// Before a switch or a collection: the running state goes to the coroutine object.
    pub(crate) fn save_current(&self) -> &Coroutine {
        let coroutine = self.current_coroutine().get();
        let hot = self.hot();
        // SAFETY: the hot part is always readable.
        unsafe {
            coroutine.base.set((*hot).base);
            coroutine.pc.set((*hot).pc);
            coroutine.open_top.set((*hot).open_top);
            coroutine.callee_base.set((*hot).base);
        }
        coroutine
    }

    /// From now on this coroutine runs, from its saved state.
    pub(crate) fn make_current(&self, coroutine: Ref<'_, Coroutine>) {
        self.mark_ran(coroutine);
        let hot = self.hot();
        // SAFETY: the hot part is always writable.
        unsafe {
            (*hot).coroutine = coroutine.raw().0;
            (*hot).base = coroutine.base.get();
            (*hot).pc = coroutine.pc.get();
            (*hot).open_top = coroutine.open_top.get();
            (*hot).stack_limit = coroutine.stack_limit.get();
            (*hot).callee_base = coroutine.callee_base.get();
        }
        coroutine.set_status(CoroutineStatus::Running);
    }

    /// Stack writes have no barrier: what has run since the last collection is traced again by the next one.
    pub(crate) fn mark_ran(&self, coroutine: Ref<'_, Coroutine>) {
        // SAFETY: the flags of a live object, which only this crate uses.
        unsafe {
            let flags = coroutine.flags();
            if *flags & RAN == 0 {
                *flags |= RAN;
                self.ran().borrow_mut().push(coroutine.raw().0);
            }
        }
    }

    /// Roots in coroutines: the running one and those that wait for it, and old ones that have run.
    pub(crate) fn trace_coroutines(&self, tracer: &mut Tracer<'_>) {
        self.save_current();
        for coroutine in std::mem::take(&mut *self.ran().borrow_mut()) {
            // SAFETY: as nothing was collected since it ran, its memory is still there.
            unsafe { *(*self.address(coroutine).cast::<Coroutine>()).flags() &= !RAN };
            if tracer.is_marked(coroutine) {
                tracer.rescan(coroutine);
            }
        }
        tracer.reference(self.main());
        let mut running = Some(self.current_coroutine());
        while let Some(coroutine) = running {
            tracer.reference(coroutine.raw().0);
            // They run on, or are returned to, without notice.
            self.mark_ran(coroutine);
            let resumer = coroutine.resumer.get();
            // SAFETY: whoever waits for a running coroutine is alive.
            running = (resumer != 0).then(|| unsafe { Ref::from_pointer(self.address(resumer).cast()) });
        }
    }
}

/// Traces a stack: every slot, and the callee in every header. What is above is cleared, because frames do not clear
/// their slots and stale references must not survive a collection unseen.
pub(crate) unsafe fn trace(object: *const Header, tracer: &mut Tracer<'_>) {
    // SAFETY: a live coroutine; it is written through cells only.
    let coroutine = unsafe { &*object.cast::<Coroutine>() };
    tracer.reference(coroutine.resumer.get());
    for &captured in coroutine.captured.borrow().iter() {
        tracer.reference(captured);
    }
    let stack = coroutine.stack.get();
    if stack.is_null() {
        return;
    }
    let top = coroutine.base.get().wrapping_add(coroutine.slots_in_use(tracer.vm()));
    let used = (top as usize - stack as usize) / 8;
    // SAFETY: both parts lie inside the stack. Words of headers look like doubles, callees excepted: these come next.
    unsafe {
        tracer.values(stack, used);
        top.write_bytes(0, coroutine.capacity.get() as usize - used);
    }
    let mut base = coroutine.base.get();
    loop {
        // SAFETY: a base of this stack; below it is its header.
        let word = unsafe { *base.byte_offset(FRAME_CALLEE) };
        tracer.reference(word as u32);
        let delta = (word >> 32) as usize;
        if delta == 0 {
            return;
        }
        base = base.wrapping_sub(delta);
    }
}

fn layout(slots: usize) -> Layout {
    Layout::array::<u64>(slots).expect("a stack is far smaller than the address space")
}
