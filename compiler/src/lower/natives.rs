//! How native functions are entered, and how they leave a call to the function of the host.

use dg_backend_x64::lir::{self, IntCond, Role as Place};

use super::LowerError;
use super::frame::Code;
use super::part::Part;
use super::stubs::{self, Entry};
use crate::ir::{FunctionKind, NativeId, Op, Program, Role, Terminator};

/// A native function that calls nothing has its parameters in the slack of the stack, as any other would have them until
/// it has checked. No more than this, since what the caller has written there already needs some of it.
const MOST_UNCHECKED: usize = 8;

/// What has to be done before a native function can run.
pub(super) struct Needs {
    /// Room for its frame has to be made.
    pub(super) room: bool,
    /// Somebody may ask how many slots are in use.
    pub(super) open_top: bool,
    /// How many slots are in use has to be known, for that or for the surplus arguments.
    pub(super) count: bool,
}

/// How the first part of a native function was entered.
pub(super) struct NativeEntry {
    /// What the caller passed.
    pub(super) entry: Entry,
    /// Slots in use, if that had to be known.
    pub(super) in_use: Option<lir::Value>,
}

/// Looks at all parts of a native function.
pub(super) fn needs(program: &Program, native: NativeId) -> Needs {
    let parts = program
        .functions
        .values()
        .filter(|part| part.kind == FunctionKind::Native(native));
    let (mut calls, mut throws, mut takes_rest, mut takes_rest_later) = (false, false, false, false);
    for part in parts {
        calls |= part.blocks.values().any(|block| {
            matches!(block.terminator, Terminator::TailCall { .. }) || !block.terminator.continuations().is_empty()
        });
        for inst in part.insts.values() {
            match &inst.op {
                Op::CallExtern { callee, .. } => {
                    let effects = &program.spec.externs[*callee].effects;
                    calls |= effects.reenters;
                    throws |= effects.throws;
                }
                Op::Varargs => {
                    takes_rest = true;
                    takes_rest_later |= part.role != Role::Entry;
                }
                _ => {}
            }
        }
    }
    let open_top = calls || throws || takes_rest_later;
    Needs {
        room: calls || program.spec.natives[native].params.len() > MOST_UNCHECKED,
        open_top,
        count: open_top || takes_rest,
    }
}

/// Parameters without an argument become nil. Answers the slots in use: the parameters, given or not, and the surplus
/// arguments.
///
/// ```text
///     cmp ecx, params
///     jb  cold                            ; arguments are missing
///     mov edi, ecx
/// ```
pub(super) fn fill_and_count(code: &mut Code, entry: &Entry, params: lir::Value, nil: u64) -> lir::Value {
    let is_short = code.b.int_compare(IntCond::Ult, entry.count, params);
    let (cold, on) = (code.b.new_block(true), code.b.new_block(false));
    let in_use = code.b.block_param(on, lir::Type::I32);
    let given = lir::BlockCall {
        block: on,
        args: vec![entry.count],
    };
    code.b.comment("arguments are missing");
    code.b.branch(is_short, cold, given);
    code.in_block(cold, |code| {
        let base = code.base();
        code.fill(base, entry.count, params, nil);
        code.b.jump(on, vec![params]);
    });
    code.b.switch_to(on);
    in_use
}

impl Part<'_> {
    /// Enters the function of the host in place of the running one, whose frame is as the caller made it.
    ///
    /// ```text
    ///     jmp stub.entry_native               ; ecx = nargs, edx = code
    /// ```
    pub(super) fn delegate(&mut self) -> Result<(), LowerError> {
        match &self.native_entry {
            Some(NativeEntry { entry, .. }) => {
                let args = vec![(Place::Count, entry.count), (Place::Code, entry.function)];
                self.code.b.tail_jump(stubs::ENTRY_NATIVE, args);
                Ok(())
            }
            None => {
                self.unsupported("after a call, and in code that is out of line, a native function cannot `delegate`")
            }
        }
    }
}
