//! Calls from Rust into guest code, and everything that leaves frames in other ways than returning: errors, resumes,
//! yields.

use std::mem::transmute;
use std::ptr;

use crate::abi::{FRAME_CALLEE, HEADER_WORDS, RESUME_DEPTH_MAX};
use crate::coroutine::{Coroutine, CoroutineStatus};
use crate::frames::{Frame, FrameHeader, callers_view_of_base, header, write_header};
use crate::language::RuntimeError;
use crate::native::{Pending, Results, Throw};
use crate::object::Ref;
use crate::value::Value;
use crate::vm::Vm;

/// How deeply calls from Rust into guest code may nest.
const NATIVE_DEPTH_MAX: u32 = 200;

/// Copies values that may overlap. Mostly there is one, for which a call would cost more than the copy.
///
/// # Safety
/// As for [`ptr::copy`].
#[inline]
pub(crate) unsafe fn copy_values(source: *const u64, destination: *mut u64, count: usize) {
    // SAFETY: as the caller says.
    unsafe {
        match count {
            1 => *destination = *source,
            _ => ptr::copy(source, destination, count),
        }
    }
}

type Enter = unsafe extern "C" fn(*mut Vm, *mut u64, u32, u32) -> u32;

// Slots of the running native frame.
impl Vm {
    /// Number of slots of the running frame that are in use. They are the arguments of the running native function, and
    /// what it has pushed.
    #[inline]
    pub fn top(&self) -> u32 {
        // SAFETY: the hot part is always readable.
        unsafe { (*self.hot()).open_top }
    }

    /// A slot of the running native frame.
    ///
    /// # Panics
    /// When it is not in use.
    #[inline]
    pub fn slot(&self, index: u32) -> Value<'_> {
        assert!(index < self.top(), "slot {index} is not in use");
        // SAFETY: slots in use are in the stack, and hold live values.
        unsafe { Value::from_bits(*(*self.hot()).base.wrapping_add(index as usize)) }
    }

    /// Replaces what is in a slot of the running native frame.
    ///
    /// # Panics
    /// When it is not in use.
    #[inline]
    pub fn set_slot(&self, index: u32, value: Value<'_>) {
        assert!(index < self.top(), "slot {index} is not in use");
        // SAFETY: slots in use are in the stack.
        unsafe { *(*self.hot()).base.wrapping_add(index as usize) = value.bits() };
    }

    /// Puts a value into a new slot of the running native frame.
    ///
    /// # Errors
    /// Stack overflow.
    #[inline]
    pub fn push(&self, value: Value<'_>) -> Result<(), Throw> {
        let top = self.top();
        self.reserve(top as usize + 1)?;
        // SAFETY: the slot was just reserved.
        unsafe {
            *(*self.hot()).base.wrapping_add(top as usize) = value.bits();
            (*self.hot()).open_top = top + 1;
        }
        Ok(())
    }

    /// Puts values into new slots of the running native frame.
    ///
    /// # Errors
    /// Stack overflow.
    #[inline]
    pub fn push_all(&self, values: &[Value<'_>]) -> Result<(), Throw> {
        self.push_each(values.iter().copied())
    }

    /// Puts values into new slots of the running native frame.
    ///
    /// # Errors
    /// Stack overflow.
    #[inline]
    pub fn push_each<'v>(&self, values: impl ExactSizeIterator<Item = Value<'v>>) -> Result<(), Throw> {
        let (top, count) = (self.top() as usize, values.len());
        self.reserve(top + count)?;
        // SAFETY: so many slots were just reserved.
        unsafe {
            let first = (*self.hot()).base.wrapping_add(top);
            let mut written = 0;
            for value in values.take(count) {
                *first.wrapping_add(written) = value.bits();
                written += 1;
            }
            (*self.hot()).open_top = (top + written) as u32;
        }
        Ok(())
    }

    /// Gives slots of the running native frame free, from `top` on.
    ///
    /// # Panics
    /// When fewer are in use.
    #[inline]
    pub fn set_top(&self, top: u32) {
        assert!(top <= self.top(), "slot {top} is not in use");
        // SAFETY: the hot part is always writable.
        unsafe { (*self.hot()).open_top = top };
    }

    /// Gives the slots of results free, and all that were pushed later.
    #[inline]
    pub fn pop(&self, results: Results) {
        self.set_top(results.start);
    }

    /// Makes room for this many slots of the running frame. The stack may move.
    #[inline]
    fn reserve(&self, slots: usize) -> Result<(), Throw> {
        // SAFETY: the hot part is always readable.
        let (base, limit) = unsafe { ((*self.hot()).base, (*self.hot()).stack_limit) };
        let end = base.wrapping_add(slots);
        if end <= limit { Ok(()) } else { self.reserve_more(end) }
    }

    #[cold]
    fn reserve_more(&self, end: *mut u64) -> Result<(), Throw> {
        self.reserve_stack(&self.current_coroutine(), end).map(|_| ())
    }
}

// Calls.
impl Vm {
    /// Puts a call into guest slots; [`Vm::call`] makes it: `vm.call(vm.prepare(f, &[a, b])?)?`.
    ///
    /// # Errors
    /// Not callable; stack overflow.
    #[inline]
    pub fn prepare(&self, function: Value<'_>, arguments: &[Value<'_>]) -> Result<Pending, Throw> {
        let count = arguments.len();
        let pending = self.prepare_with_room(function, count)?;
        let first = pending.slot + 1 + HEADER_WORDS as u32;
        // SAFETY: so many slots were just reserved.
        unsafe {
            let destination = (*self.hot()).base.wrapping_add(first as usize);
            for (i, argument) in arguments.iter().enumerate() {
                *destination.wrapping_add(i) = argument.bits();
            }
            (*self.hot()).open_top = first + count as u32;
        }
        Ok(Pending {
            count: count as u32,
            ..pending
        })
    }

    /// As `prepare`, with arguments that are pushed one by one: [`Vm::push`] as often as wanted, then
    /// [`Vm::complete`].
    ///
    /// # Errors
    /// Not callable; stack overflow.
    #[inline]
    pub fn prepare_empty(&self, function: Value<'_>) -> Result<Pending, Throw> {
        self.prepare_with_room(function, 0)
    }

    /// As `prepare_empty`; so many arguments have room.
    #[inline]
    fn prepare_with_room(&self, function: Value<'_>, arguments: usize) -> Result<Pending, Throw> {
        self.callee_in(function)?;
        let slot = self.top();
        self.reserve(slot as usize + 1 + HEADER_WORDS + arguments)?;
        // SAFETY: so many slots were just reserved; those of the header are written by the call.
        unsafe {
            let first = (*self.hot()).base.wrapping_add(slot as usize);
            *first = function.bits();
            first.wrapping_add(1).write_bytes(0, HEADER_WORDS);
            (*self.hot()).open_top = slot + 1 + HEADER_WORDS as u32;
        }
        Ok(Pending { slot, count: 0 })
    }

    /// Everything that was pushed since `prepare_empty` is an argument.
    #[inline]
    pub fn complete(&self, pending: Pending) -> Pending {
        let arguments = pending.slot + 1 + HEADER_WORDS as u32;
        Pending {
            count: self.top() - arguments,
            ..pending
        }
    }

    /// Makes a call. The results replace the callee and its arguments in the slots of the running frame.
    ///
    /// # Errors
    /// Whatever is thrown and not caught; calls that nest too deeply.
    pub fn call(&mut self, pending: Pending) -> Result<Results, Throw> {
        let (results, count) = self.run_call(pending)?;
        self.take_results(results, count)
    }

    /// As `call`, for the first result only; leaves no slots behind.
    ///
    /// # Errors
    /// As `call`.
    #[inline]
    pub fn call_for_one(&mut self, pending: Pending) -> Result<Value<'_>, Throw> {
        let (results, count) = self.run_call(pending)?;
        if count == 0 {
            return Ok(self.nil());
        }
        // SAFETY: results stay where they are until something runs, and nothing is collected before the VM is used again,
        // which ends the borrow.
        Ok(unsafe { Value::from_bits(*results) })
    }

    /// Makes a call, and takes it from the slots of the running frame. The results, so many, may be anywhere.
    fn run_call(&mut self, pending: Pending) -> Result<(*mut u64, u32), Throw> {
        let Pending { slot, count } = pending;
        let callee = self.callee_in(self.slot(slot))?;
        assert!(
            slot + 1 + HEADER_WORDS as u32 + count <= self.top(),
            "the call's slots are not in use any more"
        );
        let hot = self.hot();
        // SAFETY: the hot part is always readable.
        let (base, pc, depth) = unsafe { ((*hot).base, (*hot).pc, (*hot).native_depth) };
        if depth >= NATIVE_DEPTH_MAX {
            self.set_top(slot);
            return Err(self.raise(RuntimeError::NativeStackOverflow));
        }
        self.free_left_stacks();
        self.end_unwinding();
        let coroutine = self.current_coroutine().raw();
        let offset = base as usize - self.current_coroutine().stack_start() as usize;
        let delta = slot as usize + 1 + HEADER_WORDS;
        let code = self.code_of(callee).raw().0;
        let return_address = self.language().stubs.exit.0;
        // SAFETY: the address is that of a function of this type; the header's slots and the arguments were pushed.
        let status = unsafe {
            let callee_base = base.wrapping_add(delta);
            write_header(
                callee_base,
                &FrameHeader {
                    callee,
                    delta,
                    return_address,
                    pc,
                },
            );
            let enter = transmute::<*const u8, Enter>(self.language().stubs.enter.0);
            (*hot).native_depth = depth + 1;
            enter(ptr::from_mut(self), callee_base, count, code)
        };
        debug_assert_eq!(
            coroutine,
            self.current_coroutine().raw(),
            "coroutines end where they were resumed"
        );
        let base = self.current_coroutine().stack_start().wrapping_byte_add(offset);
        // SAFETY: the hot part is always writable; the frame is where it was on a stack that may have moved.
        let (results, count) = unsafe {
            (*hot).native_depth = depth;
            (*hot).base = base;
            (*hot).pc = pc;
            (*hot).open_top = slot;
            ((*hot).results, (*hot).count as u32)
        };
        if status != 0 {
            return Err(Throw(()));
        }
        Ok((results, count))
    }

    /// Copies results, which may be anywhere on the stack, to new slots of the running frame.
    #[inline]
    fn take_results(&self, results: *mut u64, count: u32) -> Result<Results, Throw> {
        let start = self.top();
        let coroutine = self.current_coroutine();
        let on_stack = (coroutine.stack_start()..coroutine.stack_end()).contains(&results);
        let before = coroutine.stack_start();
        self.reserve(start as usize + count as usize)?;
        let moved = coroutine.stack_start() as isize - before as isize;
        let results = if on_stack {
            results.wrapping_byte_offset(moved)
        } else {
            results
        };
        // SAFETY: the results are `count` values, and so many slots were just reserved.
        unsafe {
            copy_values(results, (*self.hot()).base.wrapping_add(start as usize), count as usize);
            (*self.hot()).open_top = start + count;
        }
        Ok(Results { start, count })
    }
}

// Unwinding: each function sets up what the `switch` stub reads.
impl Vm {
    /// Finds out who catches the error that `Hot::error` holds.
    pub(crate) fn unwind(&mut self) {
        if let Some(offset) = self.leaving().get() {
            self.unwind_leaving(offset);
            return;
        }
        if !self.unwinding().get() {
            self.show_thrown();
            self.unwinding().set(true);
        }
        let hot = self.hot();
        // SAFETY: the hot part is always readable; a frame is running.
        let mut base = unsafe { (*hot).base };
        loop {
            let frame = header(base);
            if frame.return_address == self.language().stubs.coroutine_finished.0 {
                match self.finish_coroutine(base) {
                    Some(resumer_base) => base = resumer_base,
                    None => return,
                }
                continue;
            }
            assert!(frame.delta != 0, "an error has left the first frame of the program");
            if let Some(catch) = self.catch(frame.return_address) {
                let callee_base = callers_view_of_base(self, base);
                (self.hooks().leave_frames)(self, self.current_coroutine().get(), callee_base);
                // SAFETY: the hot part is always writable.
                unsafe { (*hot).pc = frame.pc };
                self.continue_at_catch(catch, callee_base);
                return;
            }
            base = base.wrapping_sub(frame.delta);
        }
    }

    /// Leaves `frame`, a frame of the running coroutine, from inside of a function that it has called, at whatever
    /// distance: its caller goes on as if `frame` had returned `value`. To be passed on as an error is; nobody in
    /// between can catch it, but Rust functions in between see an error pass.
    ///
    /// # Panics
    /// When the frame is one of another coroutine.
    pub fn leave(&self, frame: Frame<'_>, value: Value<'_>) -> Throw {
        let offset = frame.base() as usize - self.current_coroutine().stack_start() as usize;
        assert!(
            self.current_coroutine().stack_start() <= frame.base()
                && frame.base() < self.current_coroutine().stack_end(),
            "a frame can only be left on its own coroutine"
        );
        let throw = self.throw(value);
        self.leaving().set(Some(offset));
        throw
    }

    /// Leaves frames up to the one with this base: its caller continues, or first a Rust function in between.
    fn unwind_leaving(&self, offset: usize) {
        let hot = self.hot();
        let last = self.current_coroutine().stack_start().wrapping_byte_add(offset);
        // SAFETY: the hot part is always readable; a frame is running.
        let mut base = unsafe { (*hot).base };
        loop {
            let frame = header(base);
            let is_last = base == last;
            let target = if is_last {
                Some(frame.return_address)
            } else if frame.return_address == self.language().stubs.exit.0 {
                Some(self.language().stubs.exit_thrown.0)
            } else {
                None
            };
            if let Some(target) = target {
                let callee_base = callers_view_of_base(self, base);
                (self.hooks().leave_frames)(self, self.current_coroutine().get(), callee_base);
                // SAFETY: the hot part is always writable.
                unsafe { (*hot).pc = frame.pc };
                let leaving = self.leaving().get();
                self.continue_at_catch(target, callee_base);
                self.leaving().set(leaving.filter(|_| !is_last));
                return;
            }
            assert!(frame.delta != 0, "the frame to leave is not on the stack");
            base = base.wrapping_sub(frame.delta);
        }
    }

    /// Shows the error to the language while the frames are still there.
    fn show_thrown(&mut self) {
        let thrown = self.root(self.thrown());
        self.handling().set(self.handling().get() + 1);
        let hook = self.hooks().thrown;
        let replaced = self.protect_frame(hook);
        self.handling().set(self.handling().get() - 1);
        // SAFETY: the hot part is always writable.
        unsafe { (*self.hot()).error = replaced.unwrap_or(thrown).get(self).bits() };
    }

    /// An error leaves the first frame of the running coroutine. The resumer runs from now on: either its resume
    /// catches, or the base of its frame is answered, to be unwound next.
    fn finish_coroutine(&self, base: *mut u64) -> Option<*mut u64> {
        let dead = self.current_coroutine();
        (self.hooks().leave_frames)(self, dead.get(), base);
        self.save_current();
        let continuation = self.switch_to_resumer(dead);
        // The stack stays, to be looked at.
        dead.set_status(CoroutineStatus::Dead);
        let hot = self.hot();
        // SAFETY: the hot part is always readable.
        let (base, callee_base) = unsafe { ((*hot).base, (*hot).callee_base) };
        match self.catch(continuation) {
            Some(catch) => {
                self.continue_at_catch(catch, callee_base);
                None
            }
            None => Some(base),
        }
    }

    /// The caller of the frame with this base goes on at `catch`.
    fn continue_at_catch(&self, catch: *const u8, callee_base: *mut u64) {
        let hot = self.hot();
        // SAFETY: the hot part is always writable.
        unsafe {
            (*hot).base = callee_base;
            (*hot).target = catch;
            (*hot).results = &raw mut (*hot).error;
            (*hot).count = 1;
        }
        if catch != self.language().stubs.exit_thrown.0 {
            self.end_unwinding();
        }
    }

    /// The running coroutine resumes another one, or starts it. Machine code does the same by itself for a suspended one
    /// and few values, as far as nothing can fail.
    pub(crate) fn resume(
        &mut self,
        coroutine: u32,
        values: *const u64,
        count: usize,
        continuation: *const u8,
        callee_base: *mut u64,
    ) {
        // SAFETY: machine code passes a coroutine that was proven to be one.
        let target = unsafe { Ref::<Coroutine>::from_pointer(self.address(coroutine).cast()) };
        let is_new = target.status() == CoroutineStatus::New;
        let depth = self.current_coroutine().resume_depth.get() + 1;
        let prepared = if depth > RESUME_DEPTH_MAX {
            Err(self.raise(RuntimeError::NativeStackOverflow))
        } else if is_new || target.status() == CoroutineStatus::Suspended {
            self.put_values(&target, values, count)
        } else {
            Err(self.raise(RuntimeError::NotSuspended))
        };
        let Ok(results) = prepared else {
            self.fail_at(continuation, callee_base);
            return;
        };
        let resumer = self.save_current();
        resumer.continuation.set(continuation);
        resumer.callee_base.set(callee_base);
        resumer.set_status(CoroutineStatus::Normal);
        target.resumer.set(self.current_coroutine().raw().0);
        target.resume_depth.set(depth);
        let hot = self.hot();
        // SAFETY: the hot part is always writable; a new stack has its callee in the first header.
        unsafe {
            target.native_depth.set((*hot).native_depth);
            if is_new {
                let base = target.base.get();
                let callee = *base.byte_offset(FRAME_CALLEE) as u32;
                let return_address = self.language().stubs.coroutine_finished.0;
                write_header(
                    base,
                    &FrameHeader {
                        callee,
                        delta: 0,
                        return_address,
                        pc: ptr::null(),
                    },
                );
                let code = self.code_of(callee);
                (*hot).plan[0] = code.raw().0 as u64;
                (*hot).target = code.entry.get();
            } else {
                (*hot).target = target.continuation.get();
            }
            self.make_current(target);
            // A function is entered with its own base; who goes on leaves the frame above.
            (*hot).base = if is_new { (*hot).base } else { (*hot).callee_base };
            (*hot).results = results;
            (*hot).count = count as u64;
        }
    }

    /// Copies the arguments of a resume to the top of a waiting coroutine's stack.
    fn put_values(&self, target: &Coroutine, values: *const u64, count: usize) -> Result<*mut u64, Throw> {
        self.reserve_stack(target, target.callee_base.get().wrapping_add(count))?;
        let place = target.callee_base.get();
        // SAFETY: the room was just made; the values are on another stack or in the VM.
        unsafe {
            *place = self.language().nil;
            copy_values(values, place, count);
        }
        Ok(place)
    }

    /// The running coroutine yields to its resumer.
    pub(crate) fn yield_values(
        &mut self,
        values: *const u64,
        count: usize,
        continuation: *const u8,
        callee_base: *mut u64,
    ) {
        let current = self.current_coroutine();
        // SAFETY: the hot part is always readable.
        let crosses_rust = unsafe { (*self.hot()).native_depth } != current.native_depth.get();
        if current.resumer.get() == 0 || crosses_rust {
            let Throw(()) = self.raise(RuntimeError::CannotYield);
            self.unwind();
            return;
        }
        self.save_current();
        current.continuation.set(continuation);
        current.callee_base.set(callee_base);
        let target = self.switch_to_resumer(current);
        current.set_status(CoroutineStatus::Suspended);
        self.go_on(target, values, count);
    }

    /// The first frame of the running coroutine has returned these values to its resumer.
    pub(crate) fn coroutine_finished(&self, values: *const u64, count: usize) {
        let dead = self.current_coroutine();
        let target = self.switch_to_resumer(dead);
        self.kill_coroutine(&dead);
        self.go_on(target, values, count);
    }

    fn go_on(&self, target: *const u8, values: *const u64, count: usize) {
        let hot = self.hot();
        // SAFETY: the hot part is always writable.
        unsafe {
            (*hot).target = target;
            (*hot).base = (*hot).callee_base;
            (*hot).results = if count == 0 {
                self.no_results()
            } else {
                values.cast_mut()
            };
            (*hot).count = count as u64;
        }
    }

    /// The resumer of a coroutine runs again; answers its continuation.
    fn switch_to_resumer(&self, coroutine: Ref<'_, Coroutine>) -> *const u8 {
        // SAFETY: whoever waits for a running coroutine is alive.
        let resumer = unsafe { Ref::<Coroutine>::from_pointer(self.address(coroutine.resumer.replace(0)).cast()) };
        let continuation = resumer.continuation.get();
        self.make_current(resumer);
        continuation
    }

    /// A resume has failed: its own catch continuation gets the error, or whoever catches around it.
    fn fail_at(&mut self, continuation: *const u8, callee_base: *mut u64) {
        match self.catch(continuation) {
            Some(catch) => self.continue_at_catch(catch, callee_base),
            None => self.unwind(),
        }
    }
}
