//! Operands, slots, fields and elements.

use dg_backend_x64::encoder::Scale;
use dg_backend_x64::lir::{self, Addr, BinaryOp, IntCond, MemType, Type as Low};

use super::LowerError;
use super::copy::Run;
use super::frame::{Code, Form};
use super::part::{Held, Part, mem_type};
use crate::abi::{self, Builtin, frame, hot};
use crate::ir::spec::{FieldType, OperandEncoding, OperandKind, RecordKind, Trailing};
use crate::ir::{FunctionKind, Op, OperandId, RecordId, Role, Type, ValueId};

impl Part<'_> {
    /// Lowers an operation that reads or writes memory, or decodes an operand.
    pub(super) fn memory(&mut self, op: &Op, results: &[ValueId]) -> Result<(), LowerError> {
        match op {
            Op::SlotIndex(operand) => {
                let offset = self.operand(*operand)?.1.offset;
                let slot = self.code.operand(MemType::U16, offset);
                self.define(results, slot);
            }
            Op::ConstOperand(operand) => match self.operand(*operand)? {
                (OperandKind::ConstRef(_), encoding) => {
                    let reference = self.code.operand(MemType::I32, encoding.offset);
                    self.define(results, reference);
                }
                (_, encoding) => {
                    let addr = self.code.instruction(encoding.offset as i32);
                    self.define_in_memory(results[0], addr, true);
                }
            },
            Op::ImmOperand(operand) => {
                let (kind, encoding) = self.operand(*operand)?;
                let mem = if kind == OperandKind::ImmU16 {
                    MemType::U16
                } else {
                    MemType::I32
                };
                let number = self.code.operand(mem, encoding.offset);
                self.define(results, number);
            }
            Op::Operand(_) => return self.unsupported("an operand has not been specialised"),
            Op::SlotLoad { slot, offset } => {
                let addr = self.slot(*slot, *offset);
                self.define_in_memory(results[0], addr, false);
                if let Some(register) = self.register_of_slot(*slot, *offset, results[0]) {
                    self.define_float(results[0], register);
                } else if let Some(last) = self.code.last
                    && *offset == 0
                    && self.is_last(*slot)?
                {
                    self.define_float(results[0], last);
                }
            }
            Op::SlotStore { slot, offset, value } => {
                let addr = self.slot(*slot, *offset);
                self.store_boxed(addr, *value);
                self.wrote_slot(*slot, *offset, *value);
                self.memory_changed();
            }
            Op::SlotAddress { slot, offset } => {
                let addr = self.slot(*slot, *offset);
                let ptr = self.code.b.address_of(addr);
                self.define(results, ptr);
            }
            Op::PtrLoad { ptr, index } => {
                let addr = self.pointed(*ptr, *index);
                self.define_in_memory(results[0], addr, false);
            }
            Op::PtrStore {
                ptr,
                index,
                value,
                owner,
            } => {
                let addr = self.pointed(*ptr, *index);
                self.store_boxed(addr, *value);
                self.memory_changed();
                self.barrier(*owner, *value, None);
            }
            Op::PtrAdd { ptr, index } => {
                let addr = self.pointed(*ptr, *index);
                let ptr = self.code.b.address_of(addr);
                self.define(results, ptr);
            }
            Op::Load { record, field, base } => {
                let field = &self.spec.records[*record].fields[field.0 as usize];
                let addr = self.inside(*base, field.offset as i32);
                self.load_field(results, field.ty, addr);
            }
            Op::Store {
                record,
                field,
                base,
                value,
                owner,
            } => {
                let field = &self.spec.records[*record].fields[field.0 as usize];
                let addr = self.inside(*base, field.offset as i32);
                // A struct is an element of its owner.
                let is_element = self.spec.records[*record].kind == RecordKind::Struct;
                self.store_field(field.ty, addr, *value, *owner, is_element);
            }
            Op::ElementRef { record, base, index } => {
                let element = self.element_ref(*record, *base, *index)?;
                self.define(results, element);
            }
            Op::ElementLoad { record, base, index } => {
                let (addr, ty) = self.element(*record, *base, *index)?;
                self.load_field(results, ty, addr);
            }
            Op::ElementStore {
                record,
                base,
                index,
                value,
            } => {
                let (addr, ty) = self.element(*record, *base, *index)?;
                self.store_field(ty, addr, *value, *base, true);
            }
            Op::Length { base, .. } => {
                let addr = self.inside(*base, abi::LENGTH);
                let length = self.code.b.load(MemType::I32, addr);
                self.define(results, length);
            }
            Op::Callee => {
                let addr = self.code.frame(frame::CALLEE);
                let callee = self.code.b.load_invariant(MemType::I32, addr);
                self.define(results, callee);
            }
            _ => unreachable!("{op:?} is no operation on memory"),
        }
        Ok(())
    }

    /// Whether a slot is the operand that the instruction before has written, and still has that value.
    fn is_last(&self, slot: ValueId) -> Result<bool, LowerError> {
        match self.function.def(slot) {
            Some(Op::SlotIndex(operand)) if self.epoch == 0 => Ok(self.operand(*operand)?.0 == OperandKind::Last),
            _ => Ok(false),
        }
    }

    // Operands ----------------------------------------------------------------------------------------------------------

    /// What an operand is, and where it stands in the instruction.
    pub(super) fn operand(&self, operand: OperandId) -> Result<(OperandKind, OperandEncoding), LowerError> {
        let index = operand.0 as usize;
        match (&self.function.variant, &self.encoding) {
            (Some(variant), Some(encoding)) => Ok((variant.operands[index], encoding.operands[index])),
            _ => self.unsupported("there are operands in bytecodes only"),
        }
    }

    /// The run of slots that an operand names: address and count.
    ///
    /// ```text
    ///     movzx eax, word [pc+start]
    ///     lea   rdx, [base+rax*8]
    ///     movzx ecx, word [pc+count]
    /// ```
    pub(super) fn list_operand(&mut self, operand: OperandId) -> Result<(lir::Value, lir::Value), LowerError> {
        let (start, count) = self.slots_operand(operand)?;
        let addr = self.code.slot(start, 0);
        Ok((self.code.b.address_of(addr), count))
    }

    /// The run of slots that an operand names: first slot and count.
    pub(super) fn slots_operand(&mut self, operand: OperandId) -> Result<(lir::Value, lir::Value), LowerError> {
        let (kind, encoding) = self.operand(operand)?;
        let start = self.code.operand(MemType::U16, encoding.offset);
        let count = match (kind, encoding.count) {
            (OperandKind::Slots, Some(offset)) => self.code.operand(MemType::U16, offset),
            (OperandKind::SlotsFixed(count), _) => self.code.b.const32(count.into()),
            (OperandKind::OpenSlots, _) => {
                let top = self.code.load_hot(MemType::I32, hot::OPEN_TOP);
                self.code.sub(top, start)
            }
            _ => return self.unsupported("the operand is no run of slots"),
        };
        Ok((start, count))
    }

    /// The surplus arguments: below the header of a bytecode function, behind the parameters of a native one.
    pub(super) fn varargs(&mut self) -> Result<(lir::Value, lir::Value), LowerError> {
        let native = match self.function.kind {
            FunctionKind::Native(native) => native,
            FunctionKind::Bytecode(_) => {
                let addr = self.code.frame(frame::VARARGS);
                let count = self.code.b.load_invariant(MemType::I32, addr);
                let bytes = self.code.bytes(count);
                let addr = self.code.frame(frame::VARARGS);
                let end = self.code.b.address_of(addr);
                return Ok((self.code.sub(end, bytes), count));
            }
        };
        if !matches!(self.function.role, Role::Entry | Role::Cold { .. }) {
            return self.unsupported("after a call, a native function has no surplus arguments any more");
        }
        let params = self.spec.natives[native].params.len() as i32;
        let addr = self.code.frame(8 * params);
        let ptr = self.code.b.address_of(addr);
        let top = match self.native_entry.as_ref().and_then(|entry| entry.in_use) {
            Some(in_use) => in_use,
            None => self.code.load_hot(MemType::I32, hot::OPEN_TOP),
        };
        Ok((ptr, self.code.add_imm(top, -i64::from(params))))
    }

    /// A run that the graph holds as two values.
    pub(super) fn run(&mut self, (ptr, count): (ValueId, ValueId)) -> Run {
        Run {
            ptr: self.value(ptr),
            count: self.value(count),
        }
    }

    // Addresses ---------------------------------------------------------------------------------------------------------

    fn slot(&mut self, slot: ValueId, offset: i32) -> Addr {
        let slot = self.value(slot);
        self.code.slot(slot, offset)
    }

    fn pointed(&mut self, ptr: ValueId, index: ValueId) -> Addr {
        let (ptr, index) = (self.value(ptr), self.value(index));
        self.code.values(ptr, index, 0)
    }

    /// `[vm + base * 8 + offset]`
    fn inside(&mut self, base: ValueId, offset: i32) -> Addr {
        let base = self.value(base);
        Code::object(base, offset)
    }

    fn trailing(&self, record: RecordId) -> Result<&Trailing, LowerError> {
        match &self.spec.records[record].trailing {
            Some(trailing) => Ok(trailing),
            None => self.unsupported("the object has no trailing array"),
        }
    }

    /// Element `index` of an array that is no struct.
    ///
    /// ```text
    ///     lea eax, [base*8]               ; the index takes the place of the scale
    ///     add rax, vm
    ///     ..  [rax+index*8+offset]
    /// ```
    fn element(&mut self, record: RecordId, base: ValueId, index: ValueId) -> Result<(Addr, FieldType), LowerError> {
        let (offset, stride, ty) = {
            let trailing = self.trailing(record)?;
            (trailing.offset as i32, trailing.stride, trailing.element)
        };
        let (base, index) = (self.value(base), self.value(index));
        let object = self.code.b.address_of(Code::object(base, 0));
        let Some(scale) = Scale::from_factor(stride) else {
            return self.unsupported(format!("elements of {stride} bytes"));
        };
        Ok((self.code.element(object, index, scale, offset), ty))
    }

    /// The reference to a struct in an array: references count words, and so do strides of structs.
    ///
    /// ```text
    ///     lea rax, [base+index*2+offset/8]
    /// ```
    fn element_ref(&mut self, record: RecordId, base: ValueId, index: ValueId) -> Result<lir::Value, LowerError> {
        let (offset, stride) = {
            let trailing = self.trailing(record)?;
            (trailing.offset, trailing.stride)
        };
        if offset % 8 != 0 || stride % 8 != 0 {
            return self.unsupported("structs that are not aligned to words");
        }
        let (base, index) = (self.value(base), self.value(index));
        let words = stride / 8;
        let (index, scale) = match Scale::from_factor(words) {
            Some(scale) => (index, scale),
            None => {
                let wide = self.code.wide(index);
                (self.code.b.binary_imm(BinaryOp::Mul, wide, words.into()), Scale::X1)
            }
        };
        let addr = self.code.element(base, index, scale, offset as i32 / 8);
        Ok(self.code.b.address_of(addr))
    }

    // Fields ------------------------------------------------------------------------------------------------------------

    fn load_field(&mut self, results: &[ValueId], ty: FieldType, addr: Addr) {
        match ty {
            FieldType::Value(_) => self.define_in_memory(results[0], addr, false),
            _ => {
                let value = self.code.b.load(mem_type(ty), addr);
                self.define(results, value);
            }
        }
    }

    fn store_field(&mut self, ty: FieldType, addr: Addr, value: ValueId, owner: ValueId, is_element: bool) {
        self.write_field(ty, addr.clone(), value);
        self.memory_changed();
        if ty.is_traced() {
            self.barrier(owner, value, is_element.then_some(addr));
        }
    }

    /// Writes a field, whoever else has to know of it.
    pub(super) fn write_field(&mut self, ty: FieldType, addr: Addr, value: ValueId) {
        match self.function.ty(value) {
            Type::Val(_) => self.store_boxed(addr, value),
            _ => {
                let (mem, value) = self.stored(ty, value);
                self.code.b.store(mem, addr, value);
            }
        }
    }

    /// What is written to a field that holds `value`, and how.
    pub(super) fn stored(&mut self, ty: FieldType, value: ValueId) -> (MemType, lir::Value) {
        (mem_type(ty), self.value(value))
    }

    /// Tells the collector of an old object into which a reference has been stored. Of an object with very many elements it
    /// wants to know which one was written, every time: unless what is stored is no reference. An object that gets such
    /// values is mostly full of them: it is remembered as a whole, once, and looked through.
    ///
    /// ```text
    ///     cmp byte [vm+owner*8+1], 1
    ///     je  cold                        ; an old object has changed
    /// cold:
    ///     cmp dword [vm+owner*8+4], many
    ///     jb  small
    ///     cmp word [element+6], references
    ///     jne small
    ///     lea rdx, [element]
    ///     call barrier_element
    ///     jmp on
    /// small:
    ///     call barrier
    ///     jmp on
    /// ```
    fn barrier(&mut self, owner: ValueId, value: ValueId, element: Option<Addr>) {
        let (may_refer, must_refer) = match self.function.ty(value) {
            Type::Val(set) => {
                let is_reference = |leaf| matches!(self.spec.unboxed(leaf), Some(Type::Ref(_)));
                (set.leaves().any(is_reference), set.leaves().all(is_reference))
            }
            ty => (matches!(ty, Type::Ref(_)), true),
        };
        if !may_refer {
            return;
        }
        let Held::Plain(held) = self.held[&self.root(owner)] else {
            unreachable!("an owner is a reference")
        };
        let many = match self.function.ty(owner) {
            Type::Ref(record) if element.is_some() => self.many_elements(record),
            _ => None,
        };
        let owner = self.code.narrow(held);
        // In a template the call destroys what is in registers, so it does not come back.
        let has_allocated = self.has_allocated;
        let is_end = self.code.form == Form::Template && self.is_end;
        let length = self
            .encoding
            .as_ref()
            .filter(|_| is_end)
            .map(|encoding| encoding.length as i32);
        let code = &mut self.code;
        let state = code.b.load(MemType::U8, Code::object(owner, abi::GC_BYTE));
        let is_old = code.b.int_compare_imm(IntCond::Eq, state, abi::GC_OLD.into());
        let cold = code.leave_if(is_old, "an old object has changed");
        let on = code.b.current();
        code.in_block(cold, |code| {
            let go_on = |code: &mut Code| match length {
                Some(length) => code.next(length, has_allocated, None),
                None => code.b.jump(on, vec![]),
            };
            if let (Some(many), Some(addr)) = (many, element) {
                let length = code.b.load(MemType::I32, Code::object(owner, abi::LENGTH));
                let is_small = code.b.int_compare_imm(IntCond::Ult, length, many.into());
                let (small, large) = (code.b.new_block(true), code.b.new_block(true));
                code.b.branch(is_small, small, large);
                code.b.switch_to(large);
                if !must_refer {
                    let high = code.offset(&addr, 6);
                    let high = code.b.load(MemType::U16, high);
                    let is_plain = code.b.int_compare_imm(IntCond::Ne, high, (abi::REF_HIGH >> 16).into());
                    let refers = code.b.new_block(true);
                    code.b.branch(is_plain, small, refers);
                    code.b.switch_to(refers);
                }
                let place = code.b.address_of(addr);
                code.call_builtin(Builtin::BarrierElement, &[owner, place], &[] as &[Low]);
                go_on(code);
                code.b.switch_to(small);
            }
            code.call_builtin(Builtin::Barrier, &[owner], &[] as &[Low]);
            go_on(code);
        });
    }

    /// From how many elements on objects of a kind are large, if they have elements.
    fn many_elements(&self, record: RecordId) -> Option<u32> {
        let trailing = self.spec.records[record].trailing.as_ref()?;
        Some((abi::SMALL_OBJECT - trailing.offset) / trailing.stride + 1)
    }
}
