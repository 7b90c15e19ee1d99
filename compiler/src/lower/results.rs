//! Where results go.

use dg_backend_x64::lir::{self, IntCond, MemType};

use super::LowerError;
use super::copy::Run;
use super::frame::Form;
use super::part::Part;
use super::stubs::nil;
use crate::abi::hot;
use crate::ir::spec::ResultKind;
use crate::ir::{FunctionKind, Op, ValueId};

/// The result of an instruction: where, and how many are wanted if that is fixed.
enum Wanted {
    One(lir::Value),
    Run(lir::Value, lir::Value),
    Open(lir::Value),
}

impl Part<'_> {
    fn wanted(&mut self) -> Result<Wanted, LowerError> {
        let (Some(variant), Some(encoding)) = (&self.function.variant, self.encoding.clone()) else {
            return self.unsupported("only bytecodes have a result");
        };
        let (Some(kind), Some(offset)) = (variant.result, encoding.result) else {
            return self.unsupported("the bytecode has no result");
        };
        let slot = self.code.operand(MemType::U16, offset);
        Ok(match (kind, encoding.result_count) {
            (ResultKind::Slots, Some(offset)) => Wanted::Run(slot, self.code.operand(MemType::U16, offset)),
            (ResultKind::OpenSlots, _) => Wanted::Open(slot),
            _ => Wanted::One(slot),
        })
    }

    /// Stores one result.
    ///
    /// ```text
    ///     movzx eax, word [pc+2]
    ///     mov   [base+rax*8], value
    /// ```
    ///
    /// Of a run, the value is the first and all others become nil; of an open result it is all there is.
    pub(super) fn store_result(&mut self, value: ValueId) -> Result<(), LowerError> {
        match self.wanted()? {
            Wanted::One(slot) => {
                let addr = self.code.slot(slot, 0);
                self.store_boxed(addr, value);
                self.wrote_result(value);
                if self.forwards() {
                    let forwarded = self.float(value);
                    self.stored = Some((self.current, forwarded));
                }
            }
            Wanted::Run(slot, count) => {
                let known = self.known_bits(value);
                let addr = self.code.slot(slot, 0);
                let first = self.code.b.address_of(addr);
                let bits = self.bits(value);
                let (zero, one) = (self.code.b.const32(0), self.code.b.const32(1));
                if known == Some(nil(self.spec)) {
                    self.code.fill(first, zero, count, nil(self.spec));
                } else {
                    let least = self.code.b.int_compare(IntCond::Ult, count, one);
                    let least = self.code.b.select(least, count, one);
                    self.code.count_up(zero, least, |code, index| {
                        let place = code.values(first, index, 0);
                        code.b.store(MemType::I64, place, bits);
                    });
                    self.code.fill(first, one, count, nil(self.spec));
                }
            }
            Wanted::Open(slot) => {
                let addr = self.code.slot(slot, 0);
                self.store_boxed(addr, value);
                let top = self.code.add_imm(slot, 1);
                self.code.store_hot(MemType::I32, hot::OPEN_TOP, top);
            }
        }
        self.memory_changed();
        Ok(())
    }

    /// Whether the next instruction may read the result in a register.
    fn forwards(&self) -> bool {
        let is_slot = matches!(&self.function.variant, Some(variant) if variant.result == Some(ResultKind::Slot));
        match self.function.kind {
            FunctionKind::Bytecode(bytecode) => is_slot && self.spec.bytecodes[bytecode].forwards,
            FunctionKind::Native(_) => false,
        }
    }

    /// What the next instruction is handed: the result, from wherever it is at hand.
    pub(super) fn forwarded(&mut self) -> Result<Option<lir::Value>, LowerError> {
        // On the expected path of a template, values are handed on in other registers.
        if !self.forwards() || (self.code.form == Form::Template && !self.code.b.is_cold()) {
            return Ok(None);
        }
        match self.stored {
            Some((block, value)) if block == self.current => Ok(Some(value)),
            _ => match self.wanted()? {
                Wanted::One(slot) => {
                    let addr = self.code.slot(slot, 0);
                    Ok(Some(self.code.b.load(MemType::F64, addr)))
                }
                Wanted::Run(..) | Wanted::Open(_) => Ok(None),
            },
        }
    }

    /// Stores a list of results: as many as are wanted, missing ones being nil, or all of them.
    pub(super) fn store_results(&mut self, ptr: ValueId, count: ValueId) -> Result<(), LowerError> {
        let is_readable = matches!(self.function.def(ptr), Some(Op::CallResults));
        let run = self.run((ptr, count));
        match self.wanted()? {
            Wanted::One(slot) => self.store_first(run, is_readable, slot),
            Wanted::Run(slot, wanted) => {
                let code = &mut self.code;
                // A call whose results nobody wants is common, and needs none of this.
                let is_cold = code.b.is_cold();
                let (some, done) = (code.b.new_block(is_cold), code.b.new_block(is_cold));
                let wants_none = code.b.int_compare_imm(IntCond::Eq, wanted, 0);
                code.b.branch(wants_none, done, some);
                code.b.switch_to(some);
                let addr = code.slot(slot, 0);
                let first = code.b.address_of(addr);
                let is_short = code.b.int_compare(IntCond::Ult, run.count, wanted);
                let given = code.b.select(is_short, run.count, wanted);
                code.copy(Run { count: given, ..run }, first);
                // The frame may have moved only if the copy was made by the runtime, which needs no room here.
                code.fill(first, given, wanted, nil(self.spec));
                code.b.jump(done, vec![]);
                code.b.switch_to(done);
            }
            Wanted::Open(slot) => {
                let code = &mut self.code;
                let addr = code.slot(slot, 0);
                let first = code.b.address_of(addr);
                let top = code.add(slot, run.count);
                code.store_hot(MemType::I32, hot::OPEN_TOP, top);
                code.copy_with_room(run, first);
            }
        }
        self.memory_changed();
        Ok(())
    }

    /// Stores the first of a list. What a call has answered has a readable value, nil, even if there is none.
    fn store_first(&mut self, run: Run, is_readable: bool, slot: lir::Value) {
        let code = &mut self.code;
        if is_readable {
            let value = code.b.load(MemType::I64, lir::Addr::value(run.ptr, 0));
            let addr = code.slot(slot, 0);
            return code.b.store(MemType::I64, addr, value);
        }
        let is_cold = code.b.is_cold();
        let (full, empty, done) = (
            code.b.new_block(is_cold),
            code.b.new_block(is_cold),
            code.b.new_block(is_cold),
        );
        let value = code.b.block_param(done, lir::Type::I64);
        let is_empty = code.b.int_compare_imm(IntCond::Eq, run.count, 0);
        code.b.branch(is_empty, empty, full);
        code.b.switch_to(full);
        let first = code.b.load(MemType::I64, lir::Addr::value(run.ptr, 0));
        code.b.jump(done, vec![first]);
        code.b.switch_to(empty);
        let missing = code.b.const64(nil(self.spec));
        code.b.jump(done, vec![missing]);
        code.b.switch_to(done);
        let addr = code.slot(slot, 0);
        code.b.store(MemType::I64, addr, value);
    }
}
