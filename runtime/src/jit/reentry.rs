//! Re-entry: control comes from outside to code that counts on values in registers.
//!
//! That happens when an instruction has left its expected path, and costs: the instructions from there on run without
//! their code, until one counts on nothing. Where it happens often, the function is compiled anew, with nothing in
//! registers there.

use std::collections::BTreeSet;

use super::compile::Cuts;
use crate::vm::Vm;

/// How often it may happen in a function until that is compiled anew, the first time; then four times as often.
const PATIENCE: u32 = 16;
/// How often a function is compiled for it at most.
const VERSIONS: u32 = 4;

/// Where it has happened in a function.
#[derive(Default)]
pub(super) struct Reentries {
    /// Since the function was compiled: byte offsets of instructions.
    at: BTreeSet<usize>,
    count: u32,
    versions: u32,
    /// Where nothing is to be in registers.
    pub(super) cuts: Cuts,
}

impl Vm {
    /// Control has come from outside to the instruction at `Hot::pc`, whose code counts on registers.
    pub(crate) fn reenter(&self) {
        if self.watching().get() {
            return;
        }
        let hot = self.hot();
        // SAFETY: machine code has saved the base of a frame, whose callee is alive.
        let callee = unsafe { *(*hot).base.byte_offset(crate::abi::FRAME_CALLEE) } as u32;
        let code = self.code_of(callee);
        // SAFETY: the hot part is always readable; `pc` is an instruction of the running function.
        let at = code.offset(unsafe { (*hot).pc }) as usize;
        let jit = &mut *self.jit().borrow_mut();
        let reentries = jit.reentries.entry(code.raw().0).or_default();
        reentries.count += 1;
        reentries.at.insert(at);
        if reentries.versions >= VERSIONS || reentries.count < PATIENCE << (2 * reentries.versions) {
            return;
        }
        reentries.versions += 1;
        match reentries.versions < VERSIONS {
            true => reentries
                .cuts
                .add(self.language().templates, code.bytecode(), &reentries.at),
            false => reentries.cuts.add_all(),
        }
        reentries.at.clear();
        reentries.count = 0;
        self.compile_now(jit, code);
    }
}
