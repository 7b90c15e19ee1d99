//! Moving runs of values.

use dg_backend_x64::lir::{BlockId, IntCond, MemType, Type, Value};

use super::frame::Code;
use crate::abi::{Builtin, hot};

/// A run of values.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// Address of the first: `I64`.
    pub(super) ptr: Value,
    /// How many: `I32`.
    pub(super) count: Value,
}

impl Code {
    /// Copies a run to `destination` in the running frame or above, where room is made first. Answers where the copy
    /// is, since that may move the stack. The base has to be asked for again.
    ///
    /// ```text
    ///     lea  rdx, [destination+count*8]
    ///     cmp  rdx, [vm+stack_limit]
    ///     ja   cold                       ; no room
    ///     cmp  ptr, destination
    ///     jb   cold                       ; from below: may overlap
    ///     ..   the loop of copy_upwards
    /// ```
    pub(super) fn copy_with_room(&mut self, run: Run, destination: Value) -> Value {
        let end = self.advance(destination, run.count);
        let limit = self.load_hot(MemType::I64, hot::STACK_LIMIT);
        let is_beyond = self.b.int_compare(IntCond::Ugt, end, limit);
        self.copy_unless(run, destination, Some(is_beyond))
    }

    /// Copies a run to `destination`, where there is room. The stack does not move.
    pub(super) fn copy(&mut self, run: Run, destination: Value) {
        self.copy_unless(run, destination, None);
    }

    fn copy_unless(&mut self, run: Run, destination: Value, is_beyond: Option<Value>) -> Value {
        let is_cold = self.b.is_cold();
        let (done, by_runtime) = (self.b.new_block(is_cold), self.b.new_block(true));
        let place = self.b.block_param(done, Type::I64);
        if let Some(is_beyond) = is_beyond {
            self.branch_to(is_beyond, by_runtime, "there is no room");
        }
        let is_below = self.b.int_compare(IntCond::Ult, run.ptr, destination);
        self.branch_to(is_below, by_runtime, "the copy may overlap what is still to be copied");
        self.copy_upwards(run, destination);
        self.b.jump(done, vec![destination]);

        self.b.switch_to(by_runtime);
        self.save_state();
        let count = self.wide(run.count);
        let copy = self.call_throwing(Builtin::CopyValues, &[run.ptr, count, destination]);
        self.b.jump(done, vec![copy]);
        self.b.switch_to(done);
        place
    }

    /// Goes to `target` if the condition holds; writing goes on in a new block.
    fn branch_to(&mut self, cond: Value, target: BlockId, why: &str) {
        let on = self.b.new_block(self.b.is_cold());
        self.b.comment(why);
        self.b.branch(cond, target, on);
        self.b.switch_to(on);
    }

    /// Copies a run, the first value first.
    ///
    /// ```text
    ///     xor  ecx, ecx
    ///     test count, count
    ///     je   done
    /// next:
    ///     mov  rax, [ptr+rcx*8]
    ///     mov  [destination+rcx*8], rax
    ///     add  ecx, 1
    ///     cmp  ecx, count
    ///     jb   next
    /// done:
    /// ```
    pub(super) fn copy_upwards(&mut self, run: Run, destination: Value) {
        let zero = self.b.const32(0);
        self.count_up(zero, run.count, |code, index| {
            let value = code.b.load(MemType::I64, Self::values(run.ptr, index, 0));
            code.b.store(MemType::I64, Self::values(destination, index, 0), value);
        });
    }

    /// Writes `value` to the places `from` to `to`, counted from `destination`.
    pub(super) fn fill(&mut self, destination: Value, from: Value, to: Value, value: u64) {
        self.count_up(from, to, |code, index| {
            let value = code.b.const64(value);
            code.b.store(MemType::I64, Self::values(destination, index, 0), value);
        });
    }

    /// Does something for each number from `from` up to, but not including, `to`; both are `I32`, unsigned.
    pub(super) fn count_up(&mut self, from: Value, to: Value, body: impl FnOnce(&mut Self, Value)) {
        let is_cold = self.b.is_cold();
        let (next, done) = (self.b.new_block(is_cold), self.b.new_block(is_cold));
        let index = self.b.block_param(next, Type::I32);
        let is_none = self.b.int_compare(IntCond::Uge, from, to);
        let enter = dg_backend_x64::lir::BlockCall { block: next, args: vec![from] };
        self.b.branch(is_none, done, enter);
        self.b.switch_to(next);
        body(self, index);
        let following = self.add_imm(index, 1);
        let is_more = self.b.int_compare(IntCond::Ult, following, to);
        let again = dg_backend_x64::lir::BlockCall { block: next, args: vec![following] };
        self.b.branch(is_more, again, done);
        self.b.switch_to(done);
    }
}
