//! Safepoints: where a collection, finalisers, an interruption or the language's own hook may come between two
//! instructions.
//!
//! Machine code does not ask whether something is due. Raising a flag puts the `safepoint` stub into every entry of the
//! dispatch table that an opcode has; the next instruction, whatever it is, then goes there. The stub calls
//! [`Vm::safepoint`], which does what is due and puts the handlers back, and runs the instruction. So every boundary
//! between instructions is a safepoint, and costs nothing. Code that does not go through the dispatch table may ask for
//! `Hot::safepoint` itself and call the same function.
//!
//! Flags are raised by any thread, at any time. Two rules make that safe. Whoever raises a flag sets it first and changes
//! the table then; whoever restores the table looks at the flags once more afterwards. Of the two, one sees the other. A
//! table that was changed though nothing is due any more costs one visit of the stub.

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering, fence};
use std::sync::{Arc, Mutex, TryLockError};

use crate::abi::{
    Hot, SAFEPOINT_COLLECT, SAFEPOINT_COUNT, SAFEPOINT_EVICT, SAFEPOINT_FINALIZE, SAFEPOINT_INTERRUPT, SAFEPOINT_WATCH,
};
use crate::language::{Address, LanguageInfo, Moment, RuntimeError};
use crate::native::Throw;
use crate::vm::Vm;

/// What is needed to raise a safepoint, from whatever thread.
#[derive(Clone, Copy)]
pub(crate) struct Safepoints {
    hot: *mut Hot,
    language: &'static LanguageInfo,
}

// SAFETY: only reaches atomics. Other threads hold it under a lock that the VM takes before it goes.
unsafe impl Send for Safepoints {}

/// Interrupts a VM from another thread or from a signal handler. Does nothing when the VM is gone.
#[derive(Clone)]
pub struct InterruptHandle(Arc<Mutex<Option<Safepoints>>>);

impl Safepoints {
    /// # Safety
    /// `hot` is that of a VM of this language, which outlives this.
    pub unsafe fn new(hot: *mut Hot, language: &'static LanguageInfo) -> Self {
        Safepoints { hot, language }
    }

    fn flags(&self) -> &AtomicU32 {
        // SAFETY: inside of a VM, as `new` was promised; machine code only reads it.
        unsafe { &*(&raw const (*self.hot).safepoint).cast::<AtomicU32>() }
    }

    fn raise(self, flag: u32) {
        if self.flags().fetch_or(flag, Ordering::SeqCst) & flag == 0 {
            self.divert();
        }
    }

    fn clear(self, flag: u32) {
        self.flags().fetch_and(!flag, Ordering::SeqCst);
    }

    /// Every instruction goes to the stub from now on.
    fn divert(self) {
        fence(Ordering::SeqCst);
        for opcode in 0..self.language.dispatch.len() {
            self.set_entry(opcode, self.language.stubs.safepoint);
        }
    }

    /// Every instruction goes to its handler from now on, unless something is due.
    fn restore(self) {
        if self.flags().load(Ordering::Relaxed) != 0 {
            return;
        }
        for (opcode, handler) in self.language.dispatch.iter().enumerate() {
            self.set_entry(opcode, *handler);
        }
        fence(Ordering::SeqCst);
        if self.flags().load(Ordering::Relaxed) != 0 {
            self.divert();
        }
    }

    fn set_entry(self, opcode: usize, code: Address) {
        // SAFETY: the table is as long as the language's, which was checked when the VM was made. Machine code reads
        // entries as aligned words.
        let entry = unsafe { &*(&raw const (*self.hot).dispatch[opcode]).cast::<AtomicPtr<u8>>() };
        entry.store(code.0.cast_mut(), Ordering::Relaxed);
    }
}

impl InterruptHandle {
    pub(crate) fn new(safepoints: Safepoints) -> Self {
        InterruptHandle(Arc::new(Mutex::new(Some(safepoints))))
    }

    /// The next safepoint throws `RuntimeError::Interrupted`. May be called by a signal handler.
    pub fn interrupt(&self) {
        // Whoever holds the lock interrupts as well, or the VM is about to go. A signal handler must not wait.
        let guard = match self.0.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if let Some(safepoints) = *guard {
            safepoints.raise(SAFEPOINT_INTERRUPT);
        }
    }

    /// The VM is about to go.
    pub(crate) fn disconnect(&self) {
        *self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
    }
}

impl std::fmt::Debug for InterruptHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InterruptHandle")
    }
}

impl Vm {
    fn safepoints(&self) -> Safepoints {
        // SAFETY: the hot part of this VM.
        unsafe { Safepoints::new(self.hot(), self.language()) }
    }

    pub(crate) fn raise_safepoint(&self, flag: u32) {
        self.safepoints().raise(flag);
    }

    /// What `flag` stands for is not due any more. The next visit of the stub restores the dispatch table.
    pub(crate) fn clear_safepoint(&self, flag: u32) {
        self.safepoints().clear(flag);
    }

    /// What is due at a safepoint: a collection, finalisers, an interruption, the language's hook.
    pub(crate) fn safepoint(&mut self) -> Result<(), Throw> {
        self.free_left_stacks();
        let flags = self.safepoints().flags().load(Ordering::Relaxed);
        if flags & SAFEPOINT_COUNT != 0 {
            self.count_instruction();
        }
        if flags & SAFEPOINT_COLLECT != 0 {
            self.collect_due();
        }
        if flags & SAFEPOINT_EVICT != 0 {
            self.evict();
        }
        if flags & SAFEPOINT_FINALIZE != 0 {
            self.protect_frame(Vm::run_finalizers);
        }
        let outcome = if flags & SAFEPOINT_INTERRUPT != 0 {
            self.clear_safepoint(SAFEPOINT_INTERRUPT);
            Err(self.raise(RuntimeError::Interrupted))
        } else if flags & SAFEPOINT_WATCH != 0 {
            self.show(Moment::Instruction)
        } else {
            Ok(())
        };
        self.safepoints().restore();
        outcome
    }

    /// Collects and runs finalisers, if that is due: for a host that allocates while no guest code runs.
    #[inline]
    pub fn collect_if_due(&mut self) {
        let flags = self.safepoints().flags().load(Ordering::Relaxed);
        if flags & (SAFEPOINT_COLLECT | SAFEPOINT_FINALIZE) != 0 {
            self.collect_now(flags);
        }
    }

    #[cold]
    fn collect_now(&mut self, flags: u32) {
        self.free_left_stacks();
        if flags & SAFEPOINT_COLLECT != 0 {
            self.collect_due();
        }
        self.run_finalizers();
    }

    /// Forgets an interruption that has not been thrown yet.
    pub fn clear_interrupt(&self) {
        self.clear_safepoint(SAFEPOINT_INTERRUPT);
    }

    /// From now on [`Hooks::watched`](crate::Hooks) is called, or not any more.
    pub fn watch(&self, on: bool) {
        self.watching().set(on);
        self.use_compiled_code(!on);
        if !self.showing().get() {
            self.set_watch(on);
        }
    }

    fn set_watch(&self, on: bool) {
        self.watch_natives(on);
        if on {
            self.raise_safepoint(SAFEPOINT_WATCH);
        } else {
            self.clear_safepoint(SAFEPOINT_WATCH);
        }
    }

    /// Shows the language what is about to happen. What its hook runs is not shown to it.
    ///
    /// # Errors
    /// What the hook throws.
    pub fn show(&mut self, moment: Moment) -> Result<(), Throw> {
        if self.showing().replace(true) {
            return Ok(());
        }
        self.set_watch(false);
        self.safepoints().restore();
        let hook = self.hooks().watched;
        let outcome = self.protect_frame(|vm| hook(vm, moment));
        self.showing().set(false);
        self.set_watch(self.watching().get());
        outcome
    }
}
