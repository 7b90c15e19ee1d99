//! Functions and the variables that they capture.
//!
//! A captured variable is *open* while the frame that it belongs to runs: it points to the slot. The coroutine whose stack
//! that is has a list of them, sorted by slot. While a variable is open its field `closed` holds that coroutine, so that
//! the slot lives as long as the variable.

use std::rc::Rc;

use dg_runtime::{Code, Coroutine, Frame, RawRef, Ref, Throw, Vm};

use super::alloc;
use crate::generated::{Boxed, Function, Upvalue};
use crate::syntax::ast::Text;

/// Where a new function finds a variable that it captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// In a slot of the running frame.
    Slot(u16),
    /// Among the captured variables of the running function.
    Captured(u16),
}

impl Capture {
    const CAPTURED: u32 = 1 << 16;

    /// As `CodeInfo::captures` has it.
    pub fn number(self) -> u32 {
        match self {
            Capture::Slot(slot) => u32::from(slot),
            Capture::Captured(index) => u32::from(index) | Capture::CAPTURED,
        }
    }

    fn of_number(number: u32) -> Capture {
        if number & Capture::CAPTURED == 0 {
            Capture::Slot(number as u16)
        } else {
            Capture::Captured(number as u16)
        }
    }
}

/// What the code of a function keeps in `CodeInfo::extra`.
#[derive(Debug)]
pub struct Origin {
    /// The source that it is in.
    pub source: Rc<[u8]>,
    /// Where it is in the source.
    pub text: Text,
}

/// Where code comes from; `None` for functions that are not written in Lua.
pub fn origin(code: Ref<'_, Code>) -> Option<&Origin> {
    code.info().extra.as_ref()?.downcast_ref()
}

/// What a function is called where it is defined: `f` of `function f()`, `local function f()` and `f = function()`.
/// Empty when it is anonymous.
pub fn defined_name(code: Ref<'_, Code>) -> String {
    let Some(origin) = origin(code) else {
        return code.info().name.clone();
    };
    if code.info().line_defined == 0 {
        return "main chunk".into();
    }
    let is_in_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.:".contains(byte);
    let last_word = |text: &[u8]| -> (usize, String) {
        let start = text.iter().rposition(|byte| !is_in_name(byte)).map_or(0, |at| at + 1);
        (start, String::from_utf8_lossy(&text[start..]).into_owned())
    };
    let before = origin
        .source
        .get(..origin.text.bytes.start)
        .unwrap_or_default()
        .trim_ascii_end();
    let (start, word) = last_word(before);
    if word != "function" {
        return word;
    }
    match before[..start].trim_ascii_end() {
        [target @ .., b'='] if !target.ends_with(b"=") => last_word(target.trim_ascii_end()).1,
        _ => String::new(),
    }
}

/// A new function from code of the running function.
///
/// # Errors
/// When memory runs out.
pub fn new_closure<'v>(vm: &'v Vm, code: Ref<'v, Code>) -> Result<Ref<'v, Function>, Throw> {
    let running = vm.running_callee::<Function>();
    let captures = &code.info().captures;
    let function = alloc::function(vm, code, running.env.get(vm), captures.len())?;
    for (index, &capture) in captures.iter().enumerate() {
        let upvalue = match Capture::of_number(capture) {
            Capture::Slot(slot) => open_upvalue(vm, vm.running_base().wrapping_add(usize::from(slot)))?,
            Capture::Captured(index) => running.items()[usize::from(index)].get(vm),
        };
        function.set_item(index, |item| item, upvalue);
    }
    Ok(function)
}

/// The variable for a slot of the running coroutine's stack.
fn open_upvalue(vm: &Vm, location: *mut u64) -> Result<Ref<'_, Upvalue>, Throw> {
    let coroutine = vm.current_coroutine();
    let mut captured = coroutine.captured().borrow_mut();
    // New variables are mostly those of the innermost frame.
    let mut place = captured.len();
    while place > 0 {
        let upvalue = upvalue(vm, captured[place - 1]);
        if upvalue.location.get() == location {
            return Ok(upvalue);
        }
        if upvalue.location.get() < location {
            break;
        }
        place -= 1;
    }
    let upvalue = alloc::upvalue(vm)?;
    upvalue.location.set(location);
    upvalue.set(|u| &u.closed, coroutine.boxed());
    captured.insert(place, upvalue.raw().0);
    Ok(upvalue)
}

/// Closes the variables of a stack from the slot `from` on: they keep their values when the slots go.
pub fn close_upvalues(vm: &Vm, coroutine: &Coroutine, from: *mut u64) {
    let mut captured = coroutine.captured().borrow_mut();
    while let Some(&last) = captured.last() {
        let upvalue = upvalue(vm, last);
        let location = upvalue.location.get();
        if location < from {
            break;
        }
        captured.pop();
        // SAFETY: the slot of an open variable is on a stack, which is alive and holds values.
        let value = unsafe { dg_runtime::Value::from_bits(*location) };
        upvalue.set(|u| &u.closed, value);
        upvalue.location.set(closed_location(upvalue));
    }
}

/// Whether a slot of a frame is a captured variable.
pub fn is_captured(vm: &Vm, frame: Frame<'_>, slot: u32) -> bool {
    let location = frame.base().wrapping_add(slot as usize);
    let coroutine = frame.coroutine();
    let captured = coroutine.captured().borrow();
    captured
        .iter()
        .any(|&open| upvalue(vm, open).location.get() == location)
}

/// A stack has moved: its open variables move along.
pub fn move_upvalues(vm: &Vm, coroutine: &Coroutine, by_bytes: isize) {
    for &open in coroutine.captured().borrow().iter() {
        let upvalue = upvalue(vm, open);
        upvalue
            .location
            .set(upvalue.location.get().wrapping_byte_offset(by_bytes));
    }
}

/// Where a closed variable keeps its value.
pub fn closed_location(upvalue: Ref<'_, Upvalue>) -> *mut u64 {
    (&raw const upvalue.get().closed).cast_mut().cast()
}

fn upvalue(vm: &Vm, raw: u32) -> Ref<'_, Upvalue> {
    // SAFETY: the lists of coroutines hold open variables only, and keep them alive.
    unsafe { RawRef::new(raw).get(vm) }
}
