//! From the tree of a method to bytecode, when the method is first needed; the same for blocks.

mod cold;
mod control;
mod expressions;
mod function;
mod literals;

use std::rc::Rc;

use dg_runtime::{Ref, Throw, Value, Vm};

use crate::core::lookup;
use crate::core::object::BLOCK_KIND;
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

/// A new block, made by the running function.
///
/// # Errors
/// When its code is too large, or memory runs out.
pub fn new_block<'v>(
    vm: &'v Vm,
    template: Ref<'v, BlockText>,
    receiver: Value<'v>,
) -> Result<Ref<'v, Function>, Throw> {
    let state = som(vm);
    let info = Rc::clone(&state.blocks.borrow()[template.definition.get() as usize]);
    let frame = vm.frames().next().expect("a function runs");
    let running = frame.callee::<Function>().expect("callees are functions");
    let code = match template.code.get(vm) {
        Some(code) => code,
        None => {
            let code = function::block(vm, &info, running)?;
            template.set(|t| &t.code, Some(code));
            code
        }
    };
    let block = vm.allocate_array::<Function>(info.captures.len())?;
    let core = &state.core;
    let parameters = info.block.parameters.len();
    let class = [&core.block1, &core.block2, &core.block3][parameters].get(vm);
    let writer = block.writer();
    writer.set(|b| &b.code, code);
    writer.set(|b| &b.class, class);
    writer.set(|b| &b.method, running.method.get(vm));
    writer.set(|b| &b.receiver, receiver);
    block.kind.set(BLOCK_KIND + parameters as u32);
    if running.kind.get() >= BLOCK_KIND {
        block.home.set(running.home.get());
        block.activation.set(running.activation.get());
    } else if info.block.returns {
        let start = vm.current_coroutine().stack_start();
        block.home.set(((frame.base() as usize - start as usize) / 8) as u32);
        let number = frame.slot(info.method.home_slot.get().into());
        block
            .activation
            .set(number.as_int32(0).expect("the home has its number") as u32);
    }
    for (index, capture) in info.captures.iter().enumerate() {
        let captured = match capture.source {
            Source::Slot(slot) => frame.slot(slot.into()),
            Source::Captured(index) => running.items()[usize::from(index)].get(vm),
        };
        writer.set_item(index, |item| item, captured);
    }
    Ok(block)
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
