//! The hooks of `debug.sethook`: what a program sees of another one, or of itself, while it runs.
//!
//! The runtime shows every instruction, and calls and returns of native functions. Calls and lines are found by comparing
//! with what was seen last: for each coroutine that has a hook there is a list of its frames, as far as their instructions
//! were shown.

use std::cell::RefCell;
use std::collections::HashMap;

use dg_runtime::{Coroutine, Frame, Moment, Ref, Throw, Tracer, Value, Vm};

use super::state::lua;
use super::table::shape;
use super::{alloc, coerce, names, table};
use crate::generated::{Boxed, Table, nil};

/// What a hook is called for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    /// Calls.
    pub call: bool,
    /// Returns.
    pub ret: bool,
    /// New lines.
    pub line: bool,
    /// So many instructions; 0 for none.
    pub count: u32,
}

/// The hooks of all coroutines.
#[derive(Default)]
pub struct Watch {
    /// By the reference of the coroutine.
    watched: RefCell<HashMap<u32, Watched>>,
}

/// A coroutine that has a hook.
struct Watched {
    mask: Mask,
    /// Instructions until the next count.
    left: u32,
    /// Frames of functions that are written in Lua, the innermost last.
    frames: Vec<Seen>,
}

/// A frame of which an instruction was shown.
#[derive(Clone, Copy)]
struct Seen {
    /// Its distance from the start of the stack.
    base: usize,
    code: u32,
    /// Where the last instruction is.
    at: u32,
    /// Whether it ends the function.
    end: End,
    /// How many functions it has replaced by tail calls.
    tail_calls: u32,
}

/// How an instruction ends a function.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    None,
    Return,
    TailCall,
}

/// What a hook is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Call,
    Return,
    TailReturn,
    Line(u32),
    Count,
}

/// Sets the hook of a coroutine, or takes it away.
///
/// # Errors
/// When memory runs out.
pub fn set<'v>(vm: &'v Vm, coroutine: Ref<'v, Coroutine>, hook: Option<Value<'v>>, mask: Mask) -> Result<(), Throw> {
    let functions = functions(vm)?;
    let mut watched = lua(vm).watch.watched.borrow_mut();
    match hook.filter(|_| mask != Mask::default()) {
        Some(hook) => {
            table::set(vm, functions, coroutine.boxed(), hook)?;
            let frames = watched.remove(&coroutine.raw().0).map_or(Vec::new(), |old| old.frames);
            let left = mask.count;
            watched.insert(coroutine.raw().0, Watched { mask, left, frames });
        }
        None => {
            table::set(vm, functions, coroutine.boxed(), nil())?;
            watched.remove(&coroutine.raw().0);
        }
    }
    vm.watch(!watched.is_empty());
    Ok(())
}

/// The hook of a coroutine, nil if it has none, and what it is called for.
pub fn get<'v>(vm: &'v Vm, coroutine: Ref<'v, Coroutine>) -> (Value<'v>, Mask) {
    let watched = lua(vm).watch.watched.borrow();
    let mask = watched.get(&coroutine.raw().0).map(|watched| watched.mask);
    (hook_of(vm, coroutine), mask.unwrap_or_default())
}

fn hook_of<'v>(vm: &'v Vm, coroutine: Ref<'v, Coroutine>) -> Value<'v> {
    let functions = lua(vm).hook_functions.get(vm);
    functions.map_or(nil(), |functions| table::get(vm, functions, coroutine.boxed()))
}

/// The table of hooks: its keys are coroutines.
fn functions(vm: &Vm) -> Result<Ref<'_, Table>, Throw> {
    if let Some(functions) = lua(vm).hook_functions.get(vm) {
        return Ok(functions);
    }
    let functions = alloc::table(vm)?;
    table::make_weak(vm, functions, lua(vm).no_metatable(vm), shape::WEAK_KEYS)?;
    lua(vm).hook_functions.set(Some(functions));
    Ok(functions)
}

/// Forgets coroutines that have died.
pub fn forget_dead(vm: &Vm, marks: &Tracer<'_>) {
    let mut watched = lua(vm).watch.watched.borrow_mut();
    watched.retain(|&coroutine, _| marks.is_marked(coroutine));
}

/// Tells the hook of the running coroutine what happens.
///
/// # Errors
/// What the hook throws.
pub fn happened(vm: &mut Vm, moment: Moment) -> Result<(), Throw> {
    let wanted = |vm: &Vm, wants: fn(Mask) -> bool| with_watched(vm, |watched| wants(watched.mask)) == Some(true);
    match moment {
        Moment::NativeCall if wanted(vm, |mask| mask.call) => call_hook(vm, Event::Call),
        Moment::NativeReturn if wanted(vm, |mask| mask.ret) => call_hook(vm, Event::Return),
        Moment::NativeCall | Moment::NativeReturn => Ok(()),
        Moment::Instruction => {
            // A hook may set another one, which the next events go to.
            let arrived = with_frame(vm, Watched::arrive);
            let Some(Arrival { before, events }) = arrived else {
                return Ok(());
            };
            for event in events {
                call_hook(vm, event)?;
            }
            let events = with_frame(vm, |watched, _, frame| watched.instruction(frame, before));
            for event in events.unwrap_or_default() {
                call_hook(vm, event)?;
            }
            Ok(())
        }
    }
}

/// Calls a function with what is known of the running coroutine, if it has a hook.
fn with_watched<R>(vm: &Vm, run: impl FnOnce(&mut Watched) -> R) -> Option<R> {
    let mut watched = lua(vm).watch.watched.borrow_mut();
    watched.get_mut(&vm.current_coroutine().raw().0).map(run)
}

/// As [`with_watched`], with the frame whose instruction is about to run, unless it has not begun yet.
fn with_frame<R>(vm: &Vm, run: impl FnOnce(&mut Watched, &Vm, Frame<'_>) -> R) -> Option<R> {
    let frame = vm.frames().next()?;
    let has_begun = frame.offset()? >= names::body_start(frame.code());
    let known = with_watched(vm, |watched| has_begun.then(|| run(watched, vm, frame)));
    known.flatten()
}

fn call_hook(vm: &mut Vm, event: Event) -> Result<(), Throw> {
    let shared: &Vm = vm;
    let hook = hook_of(shared, shared.current_coroutine());
    if hook == nil() {
        // The hook of the event before has taken itself away.
        return Ok(());
    }
    let (name, line): (&[u8], _) = match event {
        Event::Call => (b"call", None),
        Event::Return => (b"return", None),
        Event::TailReturn => (b"tail return", None),
        Event::Line(line) => (b"line", Some(line)),
        Event::Count => (b"count", None),
    };
    let line = line.map_or(nil(), |line| f64::from(line).boxed());
    let pending = shared.prepare(hook, &[coerce::string(shared, name)?, line])?;
    let results = vm.call(pending)?;
    vm.pop(results);
    Ok(())
}

/// What the first look at an instruction shows.
struct Arrival {
    /// The instruction that the function ran before; none if this is its first one.
    before: Option<u32>,
    /// Returns that were not seen yet, and the call.
    events: Vec<Event>,
}

impl Watched {
    fn arrive(&mut self, vm: &Vm, frame: Frame<'_>) -> Arrival {
        let at = frame.offset().unwrap_or(0);
        let start = names::body_start(frame.code());
        let mut events = Vec::new();
        let tail_calls = self.leave_frames(vm, frame, at == start, &mut events);
        let last = self.frames.last().filter(|_| self.is_last(frame));
        let before = match last.map(|last| last.at) {
            Some(before) => Some(before),
            None => {
                self.frames.push(Seen {
                    base: base_of(frame),
                    code: frame.code().raw().0,
                    at,
                    end: End::None,
                    tail_calls,
                });
                // The hook may have been set in the middle of the function.
                (at > start).then(|| at - 1)
            }
        };
        if before.is_none() && self.mask.call {
            events.push(Event::Call);
        }
        Arrival { before, events }
    }

    fn instruction(&mut self, frame: Frame<'_>, before: Option<u32>) -> Vec<Event> {
        let mut events = Vec::new();
        let (code, at) = (frame.code(), frame.offset().unwrap_or(0));
        if before == Some(at) && names::remembers(code, at) {
            // It has remembered something, and starts again.
            return events;
        }
        if self.mask.count > 0 {
            self.left -= 1;
            if self.left == 0 {
                self.left = self.mask.count;
                events.push(Event::Count);
            }
        }
        if let Some(line) = frame.line().filter(|_| self.mask.line) {
            let lines = &code.info().lines;
            if before.is_none_or(|before| at <= before || lines.line(before) != Some(line)) {
                events.push(Event::Line(line));
            }
        }
        if let Some(last) = self.frames.last_mut() {
            last.at = at;
            last.end = match names::instruction_name(code, at) {
                Some("TAILCALL") => End::TailCall,
                Some(name) if name.starts_with("RETURN") => End::Return,
                _ => End::None,
            };
            if self.mask.ret && last.end == End::Return {
                events.push(Event::Return);
                events.extend((0..last.tail_calls).map(|_| Event::TailReturn));
            }
        }
        events
    }

    fn is_last(&self, frame: Frame<'_>) -> bool {
        let last = self.frames.last();
        last.is_some_and(|last| last.base == base_of(frame) && last.code == frame.code().raw().0)
    }

    /// Forgets the frames that are not there any more, now that `frame` runs, which `starts` or goes on. Answers how many
    /// functions it has replaced by tail calls.
    fn leave_frames(&mut self, vm: &Vm, frame: Frame<'_>, starts: bool, events: &mut Vec<Event>) -> u32 {
        let base = base_of(frame);
        let mut tail_calls = 0;
        while let Some(&last) = self.frames.last() {
            let tail_called = last.end == End::TailCall;
            let is_gone = if last.base == base {
                last.code != frame.code().raw().0 || starts && last.end != End::None
            } else {
                last.base > base || tail_called && !is_running(vm, last)
            };
            if !is_gone {
                break;
            }
            tail_calls = 0;
            if tail_called && starts {
                tail_calls = last.tail_calls + 1;
            } else if tail_called && self.mask.ret {
                // It has returned what a native function answered.
                events.push(Event::Return);
                events.extend((0..last.tail_calls).map(|_| Event::TailReturn));
            }
            self.frames.pop();
        }
        tail_calls
    }
}

/// How far the frame is from the start of its stack, which may move.
fn base_of(frame: Frame<'_>) -> usize {
    frame.base() as usize - frame.coroutine().stack_start() as usize
}

fn is_running(vm: &Vm, seen: Seen) -> bool {
    vm.frames()
        .any(|frame| base_of(frame) == seen.base && frame.code().raw().0 == seen.code)
}
