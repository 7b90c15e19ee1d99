//! New objects.

use dg_backend_x64::encoder::Scale;
use dg_backend_x64::lir::{self, Addr, Base, BinaryOp, IntCond, MemType, Pinned, Type as Low};

use super::LowerError;
use super::frame::Code;
use super::part::Part;
use crate::abi::{Builtin, hot};
use crate::ir::spec::{FieldId, RecordKind, Trailing};
use crate::ir::{Op, RecordId, ValueId};

/// Arrays up to this known length are filled without a loop.
const UNROLLED: u32 = 8;

impl Part<'_> {
    /// Makes an object in the memory that is handed out next, which is zero. Initialising stores need no barrier: the
    /// object is young.
    ///
    /// ```text
    ///     mov  rax, [vm+alloc_cursor]
    ///     lea  rcx, [rax+size]
    ///     cmp  rcx, [vm+alloc_end]
    ///     ja   cold                       ; no memory at hand
    ///     mov  [vm+alloc_cursor], rcx
    ///     mov  [rax], header
    ///     sub  rax, vm
    ///     shr  rax, 3
    ///     ..   [vm+rax*8+offset]: the fields
    /// ```
    pub(super) fn new_object(
        &mut self,
        record: RecordId,
        fields: &[(FieldId, ValueId)],
        array: Option<(ValueId, ValueId)>,
        results: &[ValueId],
    ) -> Result<(), LowerError> {
        let data = &self.spec.records[record];
        let RecordKind::Object { number: kind } = data.kind else {
            return self.unsupported("a struct has no life of its own");
        };
        let trailing = data.trailing.as_ref();
        let count = match array {
            Some((_, count)) => self.value(count),
            None => self.code.b.const32(0),
        };
        let known = match self.code.b.constant(count) {
            Some(lir::Op::Const32(count)) => Some(count),
            _ => None,
        };
        let object = match (known, trailing) {
            (Some(known), _) => {
                let items = trailing.map_or(0, |trailing| u64::from(trailing.stride) * u64::from(known));
                let Ok(bytes) = i32::try_from((u64::from(data.size) + items).next_multiple_of(8)) else {
                    return self.unsupported("an object of more than 2 GiB");
                };
                let header = self.code.b.const64(u64::from(known) << 32 | u64::from(kind));
                self.code
                    .allocate(kind, count, header, |code, cursor| code.add_imm(cursor, bytes.into()))
            }
            (None, Some(trailing)) => {
                let length = self.code.wide(count);
                let high = self.code.b.binary_imm(BinaryOp::Shl, length, 32);
                let header = self.code.b.binary_imm(BinaryOp::Or, high, kind.into());
                let (stride, offset) = (trailing.stride, trailing.offset);
                self.code.allocate(kind, count, header, |code, cursor| {
                    let items = match stride.is_power_of_two() {
                        true => code.b.binary_imm(BinaryOp::Shl, length, stride.trailing_zeros().into()),
                        false => code.b.binary_imm(BinaryOp::Mul, length, stride.into()),
                    };
                    // Rounded up to whole words.
                    let whole = stride % 8 == 0 && offset % 8 == 0;
                    let slack = if whole { 0 } else { 7 };
                    let bytes = code.add_imm(items, i64::from(offset) + slack);
                    let bytes = match whole {
                        true => bytes,
                        false => code.b.binary_imm(BinaryOp::And, bytes, -8),
                    };
                    code.add(cursor, bytes)
                })
            }
            (None, None) => return self.unsupported("the object has no trailing array"),
        };
        for (field, value) in fields {
            if self.is_zero(*value) {
                continue;
            }
            let field = &data.fields[field.0 as usize];
            self.write_field(field.ty, Code::object(object, field.offset as i32), *value);
        }
        if let (Some((element, _)), Some(trailing)) = (array, trailing) {
            self.fill_array(object, trailing, element, count, known)?;
        }
        self.define(results, object);
        Ok(())
    }

    /// Whether a value is known to be what new memory holds.
    fn is_zero(&self, value: ValueId) -> bool {
        match self.function.def(value) {
            Some(Op::ConstF64(bits) | Op::ConstVal(bits)) => *bits == 0,
            Some(Op::ConstI32(number)) => *number == 0,
            Some(Op::ConstI64(number)) => *number == 0,
            Some(Op::ConstBool(truth)) => !truth,
            Some(Op::ConstNull(_)) => true,
            _ => false,
        }
    }

    /// Writes every element of a new array.
    fn fill_array(
        &mut self,
        object: lir::Value,
        trailing: &Trailing,
        element: ValueId,
        count: lir::Value,
        known: Option<u32>,
    ) -> Result<(), LowerError> {
        if self.is_zero(element) {
            return Ok(());
        }
        let Some(scale) = Scale::from_factor(trailing.stride) else {
            return self.unsupported(format!("elements of {} bytes", trailing.stride));
        };
        let (ty, offset) = (trailing.element, trailing.offset as i32);
        if let Some(known @ 0..=UNROLLED) = known {
            for index in 0..known {
                let place = offset + (index * trailing.stride) as i32;
                self.write_field(ty, Code::object(object, place), element);
            }
            return Ok(());
        }
        let start = self.code.b.address_of(Code::object(object, offset));
        let (mem, value) = self.stored(ty, element);
        let zero = self.code.b.const32(0);
        self.code.count_up(zero, count, |code, index| {
            let addr = Addr {
                base: Base::Value(start),
                index: Some((index, scale)),
                disp: 0.into(),
            };
            code.b.store(mem, addr, value);
        });
        Ok(())
    }
}

impl Code {
    /// Takes memory for an object from the allocation run, or has the runtime make the object, and answers its
    /// reference. `end_of` computes the end of the object that begins at the address given.
    fn allocate(
        &mut self,
        kind: u8,
        count: lir::Value,
        header: lir::Value,
        end_of: impl FnOnce(&mut Self, lir::Value) -> lir::Value,
    ) -> lir::Value {
        let done = self.b.new_block(self.b.is_cold());
        let reference = self.b.block_param(done, Low::I32);
        let cursor = self.load_hot(MemType::I64, hot::ALLOC_CURSOR);
        let end = end_of(self, cursor);
        let limit = self.load_hot(MemType::I64, hot::ALLOC_END);
        let is_beyond = self.b.int_compare(IntCond::Ugt, end, limit);
        let cold = self.leave_if(is_beyond, "no memory at hand");
        self.store_hot(MemType::I64, hot::ALLOC_CURSOR, end);
        self.b.store(MemType::I64, Addr::value(cursor, 0), header);
        let vm = self.b.get_pinned(Pinned::Vm);
        let bytes = self.sub(cursor, vm);
        let words = self.b.binary_imm(BinaryOp::Shr, bytes, 3);
        let made = self.narrow(words);
        self.b.jump(done, vec![made]);
        self.in_block(cold, |code| {
            code.save_state();
            let kind = code.b.const32(kind.into());
            let status = code.call_builtin(Builtin::Allocate, &[kind, count], &[Low::I64, Low::I64]);
            code.throw_unless(status[1]);
            let made = code.narrow(status[0]);
            code.b.jump(done, vec![made]);
        });
        self.b.switch_to(done);
        reference
    }
}
