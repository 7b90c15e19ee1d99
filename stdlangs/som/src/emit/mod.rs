//! From the tree of a method to bytecode, when the method is first needed; the same for blocks.

mod cold;
mod control;
mod expressions;
mod function;
mod literals;

use std::rc::Rc;

use dg_runtime::{Code, Ref, Throw, Value, Vm};

use crate::core::lookup;
use crate::core::state::{Handler, MethodInfo, som};
use crate::generated::{BlockText, Boxed, Function};
use crate::syntax::ast::{Block, VariableId};

/// What is known of a block in the text of a method.
pub struct BlockInfo {
    block: Rc<Block>,
    method: Rc<MethodInfo>,
    captures: Vec<Capture>,
}

/// A variable that a block captures.
#[derive(Clone, Copy, Debug)]
struct Capture {
    variable: VariableId,
    source: Source,
    /// What is captured is a `Variable`, not its content.
    shared: bool,
}

/// Where the function that makes a block finds what it captures.
#[derive(Clone, Copy, Debug)]
enum Source {
    Slot(u16),
    Captured(u16),
}

/// Makes the code of a method that was not called yet.
///
/// # Errors
/// When it is too large, or memory runs out.
pub fn ensure_compiled(vm: &Vm, function: Ref<'_, Function>) -> Result<(), Throw> {
    if function.code.raw() != som(vm).uncompiled.get(vm).raw() {
        return Ok(());
    }
    // SAFETY: the function is alive as long as the VM is borrowed.
    let function = unsafe { function.raw().get(vm) };
    let info = som(vm).method(function.method.get(vm));
    let code = function::method(vm, &info, function)?;
    function.set(|f| &f.code, code);
    Ok(())
}

/// The code of a block, of which the running function makes the first one.
///
/// # Errors
/// When it is too large, or memory runs out.
pub fn block_code<'v>(vm: &'v Vm, text: Ref<'v, BlockText>) -> Result<Ref<'v, Code>, Throw> {
    let info = Rc::clone(&som(vm).blocks.borrow()[text.definition.get() as usize]);
    let frame = vm.frames().next().expect("a function runs");
    let running = frame.callee::<Function>().expect("callees are functions");
    let code = function::block(vm, &info, running)?;
    text.set(|t| &t.code, Some(code));
    Ok(code)
}

/// Where the frame of the running method is: blocks that return from it find it there.
pub fn home(vm: &Vm) -> u32 {
    let frame = vm.frames().next().expect("a method runs");
    let start = vm.current_coroutine().stack_start();
    ((frame.base() as usize - start as usize) / 8) as u32
}

/// Leaves the home of the running block with this answer; or answers the method for `escapedBlock:`, if the home has
/// ended.
///
/// # Errors
/// The one that leaves the home, if it has not ended; when there is no method for `escapedBlock:`.
pub fn leave_home<'v>(vm: &'v Vm, answer: Value<'v>) -> Result<Ref<'v, Function>, Throw> {
    let block = vm
        .frames()
        .next()
        .and_then(|frame| frame.callee::<Function>())
        .expect("a block runs");
    let home = vm
        .current_coroutine()
        .stack_start()
        .wrapping_add(block.home.get() as usize);
    let method = block.method.get(vm);
    let function = method.function.get(vm);
    let slot = som(vm).method(method).home_slot.get();
    let number = (block.activation.get() as i32).boxed();
    let frame = vm.frames().find(|frame| frame.base() <= home);
    let alive = frame.filter(|frame| {
        frame.base() == home && frame.callee::<Function>() == function && frame.slot(slot.into()) == number
    });
    match alive {
        Some(frame) => Err(vm.leave(frame, answer)),
        None => lookup::handler(vm, block.receiver.get(vm), Handler::EscapedBlock),
    }
}
