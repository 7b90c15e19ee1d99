//! Moving runs of values.

use dg_backend_x64::lir::{BlockCall, IntCond, MemType, Type, Value};

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
    ///     ja   cold                       ; there is no room
    ///     ..   as `copy`
    /// ```
    pub(super) fn copy_with_room(&mut self, run: Run, destination: Value) -> Value {
        let end = self.advance(destination, run.count);
        let limit = self.load_hot(MemType::I64, hot::STACK_LIMIT);
        let is_beyond = self.b.int_compare(IntCond::Ugt, end, limit);
        let cold = self.leave_if(is_beyond, "there is no room");
        self.copy(run, destination);
        let done = self.b.new_block(self.b.is_cold());
        let place = self.b.block_param(done, Type::I64);
        self.b.jump(done, vec![destination]);
        self.in_block(cold, |code| {
            code.save_state();
            let count = code.wide(run.count);
            let copy = code.call_throwing(Builtin::CopyValues, &[run.ptr, count, destination]);
            code.b.jump(done, vec![copy]);
        });
        self.b.switch_to(done);
        place
    }

    /// Copies a run to `destination`, where there is room; the two may overlap.
    ///
    /// ```text
    ///     cmp  ptr, destination
    ///     jb   downwards
    ///     ..   the loop of `copy_upwards`
    /// ```
    pub(super) fn copy(&mut self, run: Run, destination: Value) {
        let is_cold = self.b.is_cold();
        let [up, down, done] = [(); 3].map(|()| self.b.new_block(is_cold));
        let is_below = self.b.int_compare(IntCond::Ult, run.ptr, destination);
        self.b.branch(is_below, down, up);
        self.b.switch_to(up);
        self.copy_upwards(run, destination);
        self.b.jump(done, vec![]);
        self.b.switch_to(down);
        self.copy_downwards(run, destination);
        self.b.jump(done, vec![]);
        self.b.switch_to(done);
    }

    /// Copies a run, the last value first.
    ///
    /// ```text
    ///     test count, count
    ///     je   done
    /// next:
    ///     sub  count, 1
    ///     mov  rax, [ptr+count*8]
    ///     mov  [destination+count*8], rax
    ///     jne  next
    /// done:
    /// ```
    fn copy_downwards(&mut self, run: Run, destination: Value) {
        let is_cold = self.b.is_cold();
        let (next, done) = (self.b.new_block(is_cold), self.b.new_block(is_cold));
        let left = self.b.block_param(next, Type::I32);
        let is_none = self.b.int_compare_imm(IntCond::Eq, run.count, 0);
        self.b.branch(
            is_none,
            done,
            BlockCall {
                block: next,
                args: vec![run.count],
            },
        );
        self.b.switch_to(next);
        let index = self.add_imm(left, -1);
        self.copy_one(run.ptr, destination, index);
        let is_more = self.b.int_compare_imm(IntCond::Ne, index, 0);
        self.b.branch(
            is_more,
            BlockCall {
                block: next,
                args: vec![index],
            },
            done,
        );
        self.b.switch_to(done);
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
            code.copy_one(run.ptr, destination, index);
        });
    }

    fn copy_one(&mut self, from: Value, to: Value, index: Value) {
        let from = self.values(from, index, 0);
        let value = self.b.load(MemType::I64, from);
        let to = self.values(to, index, 0);
        self.b.store(MemType::I64, to, value);
    }

    /// Writes `value` to the places `from` to `to`, counted from `destination`.
    pub(super) fn fill(&mut self, destination: Value, from: Value, to: Value, value: u64) {
        self.count_up(from, to, |code, index| {
            let value = code.b.const64(value);
            let place = code.values(destination, index, 0);
            code.b.store(MemType::I64, place, value);
        });
    }

    /// Does something for each number from `from` up to, but not including, `to`; both are `I32`, unsigned.
    pub(super) fn count_up(&mut self, from: Value, to: Value, body: impl FnOnce(&mut Self, Value)) {
        let is_cold = self.b.is_cold();
        let (next, done) = (self.b.new_block(is_cold), self.b.new_block(is_cold));
        let index = self.b.block_param(next, Type::I32);
        let is_none = self.b.int_compare(IntCond::Uge, from, to);
        let enter = BlockCall {
            block: next,
            args: vec![from],
        };
        self.b.branch(is_none, done, enter);
        self.b.switch_to(next);
        body(self, index);
        let following = self.add_imm(index, 1);
        let is_more = self.b.int_compare(IntCond::Ult, following, to);
        let again = BlockCall {
            block: next,
            args: vec![following],
        };
        self.b.branch(is_more, again, done);
        self.b.switch_to(done);
    }
}
