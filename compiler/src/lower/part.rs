//! One part of a bytecode or native function: walks its blocks.

use std::collections::HashMap;

use dg_backend_x64::lir::{self, BinaryOp as Lir, MemType, Role as Place, UnaryOp as Convert};

use super::boxed::Boxed;
use super::cached::{self, Read, Registers};
use super::caches;
use super::calls::NewFrame;
use super::frame::{Code, Form};
use super::holes::Hole;
use super::natives;
use super::stubs::{self, Entry, MoreRoom};
use super::{LowerError, LowerOptions};
use crate::abi::{self, hot};
use crate::emit::Exit;
use crate::ir::cfg::Cfg;
use crate::ir::spec::{CacheForm, Encoding, FieldType, OperandKind, RecordKind, SpecTables, Variant};
use crate::ir::{
    BinaryOp, BlockCall, BlockId, FloatCond, Function, FunctionId, FunctionKind, IntCond, Op, OperandId, Program,
    RecordId, Role, Terminator, Type, UnaryOp, ValueId,
};

/// Lowers one function for the interpreter, or for what compiled functions share.
///
/// # Errors
/// What is not supported.
pub(super) fn lower(
    program: &Program,
    function: &Function,
    options: &LowerOptions,
    form: Form,
) -> Result<lir::Function, LowerError> {
    let name = form.symbol(&function.name);
    let part = Part::new(program, function, options, Code::new(&name, options, form), &[]);
    Ok(part.lower()?.function)
}

/// Lowers one function as a part of a template, `inlined` being its other parts. Answers its holes too.
///
/// An instruction with a `cache` may be rewritten while the function runs. The template of a case holds its key and its
/// answer, and the runtime changes them with the instruction; where they do not fit, it asks whether the instruction still
/// is of that case. That of the linking form goes to the cases that are linked to it, or leaves it to code that looks at the
/// instruction.
///
/// # Errors
/// What is not supported.
pub(super) fn template(
    program: &Program,
    function: &Function,
    options: &LowerOptions,
    inlined: &[FunctionId],
    opcode: u32,
    (reads, known): (&[Read], u8),
) -> Result<Lowered, LowerError> {
    let mut code = Code::new(&function.name, options, Form::Template);
    if function.role == Role::Entry && function.form == CacheForm::Linking {
        cached::take(&mut code, function, reads);
        match has_case_in_template(program, function) {
            true => code.link(),
            false => code.again(),
        }
        let (function, holes) = code.finish();
        return Ok(Lowered {
            function,
            holes,
            exits: [None, None],
        });
    }
    let mut part = Part::new(program, function, options, code, inlined);
    if function.role == Role::Entry {
        let registers = Registers::new(&program.spec, function, reads, known, options.value_registers);
        part.registers = Some(registers);
    }
    if matches!(function.form, CacheForm::Case(_)) {
        part.knows_cache = knows_cache(program, function);
        if function.role == Role::Entry && !part.knows_cache {
            part.expected_opcode = Some(opcode);
        }
    }
    part.lower()
}

/// A function that has been lowered.
pub(super) struct Lowered {
    pub(super) function: lir::Function,
    /// In a template: its holes.
    pub(super) holes: Vec<Hole>,
    /// In a template: what holds when the next instruction follows, and when the label is gone to.
    pub(super) exits: [Option<Exit>; 2],
}

/// Does the template of a case hold its key and answer? What runs inside of the instruction could change them. And no
/// part outside of the template may ask the instruction for them, which may be of another case by then.
fn knows_cache(program: &Program, function: &Function) -> bool {
    let (CacheForm::Case(case), Some(variant)) = (function.form, &function.variant) else {
        return false;
    };
    let entry = match function.role {
        Role::Entry => &function.name,
        Role::Cold { of } | Role::Continuation { of } | Role::Catch { of } => &program.functions[of].name,
    };
    let asks = |part: &Function| match part.role {
        Role::Entry => false,
        Role::Cold { of } | Role::Continuation { of } | Role::Catch { of } => {
            let mut insts = part.blocks.values().flat_map(|block| &block.insts);
            program.functions[of].name == *entry && insts.any(|inst| matches!(part.insts[*inst].op, Op::CacheLoad(_)))
        }
    };
    caches::fits_template(variant, case) && !reenters(program, function) && !program.functions.values().any(asks)
}

/// Does the template of any case of the same instruction hold its key and answer?
fn has_case_in_template(program: &Program, linking: &Function) -> bool {
    let mut forms = program.functions.values();
    forms.any(|form| {
        form.kind == linking.kind
            && form.variant == linking.variant
            && form.role == Role::Entry
            && knows_cache(program, form)
    })
}

/// Takes what the instruction before has computed, if that is an operand.
fn take_last(code: &mut Code, variant: Option<&Variant>) {
    if variant.is_some_and(|variant| variant.operands.contains(&OperandKind::Last)) {
        code.last = Some(code.b.param(Place::Forwarded, lir::Type::F64));
    }
}

/// How a value of the graph is held.
#[derive(Clone)]
pub(super) enum Held {
    /// In a low-level value.
    Plain(lir::Value),
    /// As a boxed value, of which parts are read as they are needed.
    Boxed(Boxed),
}

/// A function being lowered.
pub(super) struct Part<'a> {
    pub(super) program: &'a Program,
    pub(super) spec: &'a SpecTables,
    pub(super) function: &'a Function,
    pub(super) options: &'a LowerOptions,
    pub(super) cfg: Cfg,
    pub(super) code: Code,
    pub(super) encoding: Option<Encoding>,
    /// What each value is held as.
    pub(super) held: HashMap<ValueId, Held>,
    blocks: HashMap<BlockId, lir::BlockId>,
    /// The block being lowered.
    pub(super) current: BlockId,
    /// How many of its instructions are done.
    pub(super) position: usize,
    /// The line of the specification that is being lowered.
    pub(super) line: u32,
    /// Changes whenever memory may have changed; what was read under the same number can be read again.
    pub(super) epoch: u32,
    epochs: u32,
    epoch_at_end: HashMap<BlockId, u32>,
    /// Has anything been allocated on the way here? Then a collection may be due at the end of the bytecode.
    pub(super) has_allocated: bool,
    /// What was stored as result, and in which block.
    pub(super) stored: Option<(BlockId, lir::Value)>,
    /// The frame that is being made of arguments in place, and from which block on it is known.
    pub(super) frame_in_place: Option<(BlockId, OperandId, NewFrame)>,
    /// In a continuation: results of the call.
    pub(super) results: Option<(lir::Value, lir::Value)>,
    /// In a template: its other parts.
    pub(super) inlined: &'a [FunctionId],
    /// In a template: what the instruction has to be still.
    expected_opcode: Option<u32>,
    /// Is the instruction being lowered the last one of the bytecode?
    pub(super) is_end: bool,
    /// In a template: what is remembered is filled in.
    pub(super) knows_cache: bool,
    /// In the first part of a native function: how it was entered.
    pub(super) native_entry: Option<natives::NativeEntry>,
    /// In the first part of a template: what is in registers.
    pub(super) registers: Option<Registers>,
}

impl<'a> Part<'a> {
    fn new(
        program: &'a Program,
        function: &'a Function,
        options: &'a LowerOptions,
        code: Code,
        inlined: &'a [FunctionId],
    ) -> Self {
        let mut part = Self {
            program,
            spec: &program.spec,
            function,
            options,
            cfg: Cfg::new(function),
            code,
            encoding: function.variant.as_ref().map(|variant| variant.encoding()),
            held: HashMap::new(),
            blocks: HashMap::new(),
            current: function.entry,
            position: 0,
            line: 0,
            epoch: 0,
            epochs: 0,
            epoch_at_end: HashMap::new(),
            has_allocated: allocates(program, function),
            stored: None,
            frame_in_place: None,
            results: None,
            inlined,
            expected_opcode: None,
            knows_cache: false,
            native_entry: None,
            is_end: false,
            registers: None,
        };
        part.make_blocks();
        part
    }

    fn lower(mut self) -> Result<Lowered, LowerError> {
        for block in self.cfg.order().to_vec() {
            self.block(block)?;
        }
        let exits = self.registers.map_or([None, None], Registers::exits);
        let (function, holes) = self.code.finish();
        Ok(Lowered { function, holes, exits })
    }

    /// The low-level blocks with their parameters; those of the entry come in the registers of its role.
    fn make_blocks(&mut self) {
        let all_cold = matches!(self.function.role, Role::Cold { .. });
        let is_cold = all_cold || self.function.blocks[self.function.entry].cold;
        // A template is entered by running into it.
        let is_cold = is_cold && self.code.form != Form::Template;
        self.code.b.set_cold(lir::BlockId::ENTRY, is_cold);
        for id in self.cfg.order().to_vec() {
            if id == self.function.entry {
                self.blocks.insert(id, lir::BlockId::ENTRY);
                continue;
            }
            let block = self.code.b.new_block(all_cold || self.function.blocks[id].cold);
            self.blocks.insert(id, block);
            for param in &self.function.blocks[id].params {
                let ty = self.lir_type(self.function.ty(*param));
                let value = self.code.b.block_param(block, ty);
                self.hold_param(*param, value);
            }
        }
    }

    fn hold_param(&mut self, param: ValueId, value: lir::Value) {
        let held = match self.function.ty(param) {
            Type::Val(_) => Held::Boxed(Boxed::of_bits(value)),
            _ => Held::Plain(value),
        };
        self.held.insert(param, held);
    }

    // Entry -------------------------------------------------------------------------------------------------------------

    fn entry(&mut self) -> Result<(), LowerError> {
        match self.function.role {
            Role::Entry => self.enter_handler(),
            Role::Cold { .. } => self.enter_cold(),
            Role::Continuation { .. } | Role::Catch { .. } => self.enter_continuation(),
        }
    }

    /// A handler starts with nothing but its state. A native function makes its own frame, as far as it needs one:
    ///
    /// ```text
    ///     ..   room for the frame
    ///     ..   missing parameters become nil
    ///     mov  [vm+open_top], ecx         ; slots in use, surplus arguments included
    /// ```
    fn enter_handler(&mut self) -> Result<(), LowerError> {
        let FunctionKind::Native(native) = self.function.kind else {
            match self.code.form {
                Form::Template => self.take_registers(),
                Form::Interpreter | Form::Shared => take_last(&mut self.code, self.function.variant.as_ref()),
            }
            return Ok(());
        };
        let needs = natives::needs(self.program, native);
        let native = &self.spec.natives[native];
        let code = &mut self.code;
        let entry = Entry::new(code);
        let params = code.b.const32(native.params.len() as u32);
        if needs.room {
            let again = MoreRoom::Native(&self.function.name);
            stubs::make_room(code, &entry, params, &again);
        }
        let nil = stubs::nil(self.spec);
        let in_use = match (needs.count, native.params.is_empty()) {
            (false, true) => None,
            (true, true) => Some(entry.count),
            (true, false) => Some(natives::fill_and_count(code, &entry, params, nil)),
            (false, false) => {
                stubs::fill_missing(code, &entry, params, nil);
                None
            }
        };
        if let Some(count) = in_use.filter(|_| needs.open_top) {
            code.store_hot(MemType::I32, hot::OPEN_TOP, count);
        }
        self.native_entry = Some(natives::NativeEntry { entry, in_use });
        Ok(())
    }

    fn enter_cold(&mut self) -> Result<(), LowerError> {
        let params = self.function.blocks[self.function.entry].params.clone();
        let types: Vec<lir::Type> = params
            .iter()
            .map(|param| self.lir_type(self.function.ty(*param)))
            .collect();
        for ((param, ty), place) in params.iter().zip(&types).zip(self.places(&types)?) {
            let value = self.code.b.param(place, *ty);
            self.hold_param(*param, value);
        }
        Ok(())
    }

    /// The registers in which parts hand each other values.
    pub(super) fn places(&self, types: &[lir::Type]) -> Result<Vec<Place>, LowerError> {
        let (mut ints, mut floats) = (0, 0);
        let places: Vec<Place> = types
            .iter()
            .map(|ty| {
                let (counter, place): (&mut u8, fn(u8) -> Place) = match ty {
                    lir::Type::F64 => (&mut floats, Place::Float),
                    lir::Type::I32 | lir::Type::I64 => (&mut ints, Place::Int),
                };
                *counter += 1;
                place(*counter - 1)
            })
            .collect();
        match ints > 9 || floats > 16 {
            true => self.unsupported("too many values are needed by code that is out of line"),
            false => Ok(places),
        }
    }

    // Blocks ------------------------------------------------------------------------------------------------------------

    fn block(&mut self, id: BlockId) -> Result<(), LowerError> {
        self.current = id;
        self.code.b.switch_to(self.blocks[&id]);
        self.epoch = self.epoch_at_start(id);
        if id == self.function.entry {
            self.entry()?;
            if let Some(opcode) = self.expected_opcode {
                self.code.expect_opcode(opcode);
            }
        }
        let insts = &self.function.blocks[id].insts;
        for (position, inst) in insts.iter().enumerate() {
            let inst = &self.function.insts[*inst];
            self.position = position;
            self.line = inst.line;
            self.is_end = position + 1 == insts.len() && self.is_followed_by_next(id);
            self.inst(&inst.op, &inst.results)?;
        }
        self.line = self.function.blocks[id].line;
        self.terminator(&self.function.blocks[id].terminator)?;
        self.epoch_at_end.insert(id, self.epoch);
        Ok(())
    }

    /// Whether nothing but the next instruction follows the instructions of a block.
    fn is_followed_by_next(&self, id: BlockId) -> bool {
        match &self.function.blocks[id].terminator {
            Terminator::Next => true,
            Terminator::Jump(to) => {
                let block = &self.function.blocks[to.block];
                block.insts.is_empty() && block.terminator == Terminator::Next
            }
            _ => false,
        }
    }

    /// That of the predecessors, if they agree; something new otherwise.
    fn epoch_at_start(&mut self, id: BlockId) -> u32 {
        let mut ends = self
            .cfg
            .predecessors(id)
            .iter()
            .map(|block| self.epoch_at_end.get(block));
        let first = ends.next().unwrap_or(Some(&0)).copied();
        match first {
            Some(epoch) if ends.all(|end| end == Some(&epoch)) => epoch,
            _ => self.new_epoch(),
        }
    }

    fn new_epoch(&mut self) -> u32 {
        self.epochs += 1;
        self.epochs
    }

    /// Memory may have changed.
    pub(super) fn memory_changed(&mut self) {
        self.epoch = self.new_epoch();
    }

    pub(super) fn unsupported<T>(&self, message: impl Into<String>) -> Result<T, LowerError> {
        let (function, line) = (self.function.name.clone(), self.line);
        Err(LowerError::Unsupported {
            function,
            line,
            message: message.into(),
        })
    }

    // Values ------------------------------------------------------------------------------------------------------------

    /// How values of a type are held.
    pub(super) fn lir_type(&self, ty: Type) -> lir::Type {
        match ty {
            Type::F64 => lir::Type::F64,
            Type::I32 | Type::Bool => lir::Type::I32,
            Type::Val(_) | Type::I64 | Type::Ptr => lir::Type::I64,
            // The address of a struct is a sum that is done in 64 bits.
            Type::Ref(record) if self.is_struct(record) => lir::Type::I64,
            Type::Ref(_) => lir::Type::I32,
        }
    }

    pub(super) fn is_struct(&self, record: RecordId) -> bool {
        self.spec.records[record].kind == RecordKind::Struct
    }

    /// The value that `value` is another name of: what more is known of a value does not change how it is held.
    pub(super) fn root(&self, mut value: ValueId) -> ValueId {
        while let Some(Op::Narrow { value: inner, .. } | Op::Assume { value: inner, .. }) = self.function.def(value) {
            value = *inner;
        }
        value
    }

    /// The low-level value of anything; of a boxed value its 64 bits.
    pub(super) fn value(&mut self, value: ValueId) -> lir::Value {
        let root = self.root(value);
        match &self.held[&root] {
            Held::Plain(value) => *value,
            Held::Boxed(_) => self.bits(root),
        }
    }

    pub(super) fn define(&mut self, results: &[ValueId], value: lir::Value) {
        let held = match self.function.ty(results[0]) {
            Type::Val(_) => Held::Boxed(Boxed::of_bits(value)),
            _ => Held::Plain(value),
        };
        self.held.insert(results[0], held);
    }

    fn define_pair(&mut self, results: &[ValueId], (ptr, count): (lir::Value, lir::Value)) {
        self.held.insert(results[0], Held::Plain(ptr));
        self.held.insert(results[1], Held::Plain(count));
    }

    pub(super) fn block_call(&mut self, call: &BlockCall) -> lir::BlockCall {
        let args = call.args.iter().map(|arg| self.value(*arg)).collect();
        lir::BlockCall {
            block: self.blocks[&call.block],
            args,
        }
    }

    // Instructions ------------------------------------------------------------------------------------------------------

    fn inst(&mut self, op: &Op, results: &[ValueId]) -> Result<(), LowerError> {
        match op {
            Op::ConstF64(bits) => {
                let value = self.code.b.const_f64(f64::from_bits(*bits));
                self.define(results, value);
            }
            Op::ConstI32(number) => {
                let value = self.code.b.const32(*number as u32);
                self.define(results, value);
            }
            Op::ConstI64(number) => {
                let value = self.code.b.const64(*number as u64);
                self.define(results, value);
            }
            Op::ConstBool(truth) => {
                let value = self.code.b.const32(u32::from(*truth));
                self.define(results, value);
            }
            Op::ConstNull(record) => {
                let value = match self.is_struct(*record) {
                    true => self.code.b.const64(0),
                    false => self.code.b.const32(0),
                };
                self.define(results, value);
            }
            Op::ConstVal(bits) => {
                let value = self.code.b.const64(*bits);
                self.held.insert(results[0], Held::Boxed(Boxed::constant(value, *bits)));
            }
            Op::Narrow { .. } | Op::Assume { .. } => {}
            Op::SlotIndex(_)
            | Op::Operand(_)
            | Op::ConstOperand(_)
            | Op::ImmOperand(_)
            | Op::SlotLoad { .. }
            | Op::SlotStore { .. }
            | Op::SlotAddress { .. }
            | Op::PtrLoad { .. }
            | Op::PtrStore { .. }
            | Op::PtrAdd { .. }
            | Op::Load { .. }
            | Op::Store { .. }
            | Op::ElementRef { .. }
            | Op::ElementLoad { .. }
            | Op::ElementStore { .. }
            | Op::Length { .. }
            | Op::Callee => self.memory(op, results)?,
            Op::ListOperand(operand) => {
                let run = self.list_operand(*operand)?;
                self.define_pair(results, run);
            }
            Op::Varargs => {
                let run = self.varargs()?;
                self.define_pair(results, run);
            }
            Op::CallResults => match self.results {
                Some(run) => self.define_pair(results, run),
                None => return self.unsupported("results are asked for outside of a continuation"),
            },
            Op::Caught => {
                let value = self.code.load_hot(MemType::I64, hot::ERROR);
                self.define(results, value);
            }
            Op::StoreResult(value) => self.store_result(*value)?,
            Op::StoreResults { ptr, count } => self.store_results(*ptr, *count)?,
            Op::Is { value, set } => {
                let truth = self.is(*value, *set);
                self.define(results, truth);
            }
            Op::BothDouble(lhs, rhs) => {
                let (lhs, rhs) = (self.float(*lhs), self.float(*rhs));
                let truth = self.code.b.float_compare(lir::FloatCond::Ordered, lhs, rhs);
                self.define(results, truth);
            }
            Op::SameBits(lhs, rhs) => {
                let (lhs, rhs) = (self.value(*lhs), self.value(*rhs));
                let truth = self.code.b.int_compare(lir::IntCond::Eq, lhs, rhs);
                self.define(results, truth);
            }
            Op::Unbox(value) => {
                let inside = self.unbox(*value, self.function.ty(results[0]));
                self.define(results, inside);
            }
            Op::Box { leaf, value } => self.make_box(*leaf, *value, results[0]),
            Op::Unary(op, operand) => {
                let value = self.unary(*op, *operand);
                self.define(results, value);
            }
            Op::Binary(op, lhs, rhs) => {
                let value = self.binary(*op, *lhs, *rhs);
                self.define(results, value);
            }
            Op::FloatCompare(cond, lhs, rhs) => {
                let (lhs, rhs) = (self.value(*lhs), self.value(*rhs));
                let value = self.code.b.float_compare(float_cond(*cond), lhs, rhs);
                self.define(results, value);
            }
            Op::IntCompare(cond, lhs, rhs) => {
                let (lhs, rhs) = (self.value(*lhs), self.value(*rhs));
                let value = self.code.b.int_compare(int_cond(*cond), lhs, rhs);
                self.define(results, value);
            }
            Op::New { record, fields, array } => self.new_object(*record, fields, *array, results)?,
            Op::CallExtern { callee, args } => self.call_extern(*callee, args, results)?,
            Op::PlanPayload { index, .. } => self.plan_payload(*index, results),
            Op::CacheLoad(word) => self.cache_load(*word, results)?,
            Op::CacheStore { word, value } => self.cache_store(*word, *value)?,
            Op::CacheLink { case } => self.cache_link(*case, results),
            Op::CallLink { callee, args } => self.call_link(*callee, *args, results)?,
            Op::FrameFits { args, bytes } => {
                let fits = self.frame_fits(*args, *bytes)?;
                self.define(results, fits);
            }
        }
        Ok(())
    }

    fn unary(&mut self, op: UnaryOp, operand: ValueId) -> lir::Value {
        let ty = self.function.ty(operand);
        let x = self.value(operand);
        let b = &mut self.code.b;
        match op {
            UnaryOp::FNeg => b.float_unary(lir::FloatUnaryOp::Neg, x),
            UnaryOp::FAbs => b.float_unary(lir::FloatUnaryOp::Abs, x),
            UnaryOp::FSqrt => b.float_unary(lir::FloatUnaryOp::Sqrt, x),
            UnaryOp::FFloor => b.float_unary(lir::FloatUnaryOp::Floor, x),
            UnaryOp::FCeil => b.float_unary(lir::FloatUnaryOp::Ceil, x),
            UnaryOp::INeg => {
                let zero = if ty == Type::I64 { b.const64(0) } else { b.const32(0) };
                b.binary(Lir::Sub, zero, x)
            }
            UnaryOp::Not if ty == Type::Bool => b.int_compare_imm(lir::IntCond::Eq, x, 0),
            UnaryOp::Not => b.binary_imm(Lir::Xor, x, -1),
            UnaryOp::TruncateToI32 => b.unary(Convert::F64ToI32, x),
            UnaryOp::I32ToF64 => b.unary(Convert::I32ToF64, x),
            UnaryOp::U32ToF64 => {
                let wide = b.unary(Convert::Zext, x);
                b.unary(Convert::I64ToF64, wide)
            }
            UnaryOp::ZeroExtend => b.unary(Convert::Zext, x),
            UnaryOp::SignExtend => b.unary(Convert::Sext, x),
            UnaryOp::Wrap => b.unary(Convert::Wrap, x),
            UnaryOp::BoolToI32 => x,
            UnaryOp::IsNull => b.int_compare_imm(lir::IntCond::Eq, x, 0),
            UnaryOp::Hash => {
                let high = b.binary_imm(Lir::Shr, x, 32);
                let folded = b.binary(Lir::Xor, x, high);
                let factor = b.const64(abi::HASH_FACTOR);
                let product = b.binary(Lir::Mul, folded, factor);
                let hash = b.binary_imm(Lir::Shr, product, 32);
                b.unary(Convert::Wrap, hash)
            }
        }
    }

    fn binary(&mut self, op: BinaryOp, lhs: ValueId, rhs: ValueId) -> lir::Value {
        let (lhs, mut rhs) = (self.value(lhs), self.value(rhs));
        let b = &mut self.code.b;
        let float = match op {
            BinaryOp::FAdd => lir::FloatBinaryOp::Add,
            BinaryOp::FSub => lir::FloatBinaryOp::Sub,
            BinaryOp::FMul => lir::FloatBinaryOp::Mul,
            BinaryOp::FDiv => lir::FloatBinaryOp::Div,
            BinaryOp::FMin => lir::FloatBinaryOp::Min,
            BinaryOp::FMax => lir::FloatBinaryOp::Max,
            _ => {
                let op = int_op(op);
                if b.value_type(lhs) == lir::Type::I64 && b.value_type(rhs) == lir::Type::I32 {
                    rhs = b.unary(Convert::Zext, rhs); // a shift count
                }
                return b.binary(op, lhs, rhs);
            }
        };
        b.float_binary(float, lhs, rhs)
    }
}

/// Whether other instructions may run while this part does.
fn reenters(program: &Program, function: &Function) -> bool {
    let mut insts = function.insts.values();
    insts.any(|inst| match &inst.op {
        Op::CallExtern { callee, .. } => program.spec.externs[*callee].effects.reenters,
        _ => false,
    })
}

/// Whether something may be allocated in this part, or was in the one that it is a cold part of.
fn allocates(program: &Program, function: &Function) -> bool {
    let here = function.insts.values().any(|inst| match &inst.op {
        Op::CallExtern { callee, .. } => program.spec.externs[*callee].effects.allocates,
        Op::New { .. } => true,
        _ => false,
    });
    let before = match function.role {
        Role::Cold { of } => allocates(program, &program.functions[of]),
        _ => false,
    };
    here || before
}

/// An integer operation of the back end.
///
/// # Panics
/// For operations on doubles.
fn int_op(op: BinaryOp) -> Lir {
    match op {
        BinaryOp::IAdd => Lir::Add,
        BinaryOp::ISub => Lir::Sub,
        BinaryOp::IMul => Lir::Mul,
        BinaryOp::And => Lir::And,
        BinaryOp::Or => Lir::Or,
        BinaryOp::Xor => Lir::Xor,
        BinaryOp::Shl => Lir::Shl,
        BinaryOp::Shr => Lir::Shr,
        BinaryOp::Sar => Lir::Sar,
        _ => unreachable!("{op:?} is an operation on doubles"),
    }
}

fn float_cond(cond: FloatCond) -> lir::FloatCond {
    match cond {
        FloatCond::Eq => lir::FloatCond::Eq,
        FloatCond::Ne => lir::FloatCond::Ne,
        FloatCond::Lt => lir::FloatCond::Lt,
        FloatCond::Le => lir::FloatCond::Le,
        FloatCond::Gt => lir::FloatCond::Gt,
        FloatCond::Ge => lir::FloatCond::Ge,
        FloatCond::Ult => lir::FloatCond::NotGe,
        FloatCond::Ule => lir::FloatCond::NotGt,
        FloatCond::Ugt => lir::FloatCond::NotLe,
        FloatCond::Uge => lir::FloatCond::NotLt,
        FloatCond::Ordered => lir::FloatCond::Ordered,
        FloatCond::Unordered => lir::FloatCond::Unordered,
    }
}

fn int_cond(cond: IntCond) -> lir::IntCond {
    match cond {
        IntCond::Eq => lir::IntCond::Eq,
        IntCond::Ne => lir::IntCond::Ne,
        IntCond::Slt => lir::IntCond::Lt,
        IntCond::Sle => lir::IntCond::Le,
        IntCond::Sgt => lir::IntCond::Gt,
        IntCond::Sge => lir::IntCond::Ge,
        IntCond::Ult => lir::IntCond::Ult,
        IntCond::Ule => lir::IntCond::Ule,
        IntCond::Ugt => lir::IntCond::Ugt,
        IntCond::Uge => lir::IntCond::Uge,
        IntCond::SumOverflows => lir::IntCond::SumOverflows,
        IntCond::SumFits => lir::IntCond::SumFits,
        IntCond::DifferenceOverflows => lir::IntCond::DifferenceOverflows,
        IntCond::DifferenceFits => lir::IntCond::DifferenceFits,
        IntCond::ProductOverflows => lir::IntCond::ProductOverflows,
        IntCond::ProductFits => lir::IntCond::ProductFits,
    }
}

/// The form in memory of what a field holds.
pub(super) fn mem_type(ty: FieldType) -> MemType {
    match ty {
        FieldType::U8 | FieldType::Bool => MemType::U8,
        FieldType::U16 => MemType::U16,
        FieldType::I32 | FieldType::U32 | FieldType::Ref { .. } => MemType::I32,
        FieldType::I64 | FieldType::U64 | FieldType::Value(_) | FieldType::Ptr | FieldType::ValuePtr => MemType::I64,
        FieldType::F64 => MemType::F64,
        FieldType::Struct(_) => unreachable!("a struct is not loaded as a whole"),
    }
}
