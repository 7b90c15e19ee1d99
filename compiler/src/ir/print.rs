//! The text form, written. [`super::parse`] reads it.
//!
//! ```text
//! fn ADD.slot_slot bytecode ADD (slot, slot) -> slot entry {
//! b0:
//!   v0: i32 = slot_index lhs @3
//!   v1: val = slot_load v0[0] @3
//!   v2: bool = is v1 [double]
//!   branch v2 b1, b2 likely then
//! ..
//! }
//! ```
//! `@3` is the line of the specification. `val` alone is a value of any leaf.

use std::fmt::Write;

use super::function::{Block, Function, FunctionKind, Program, Role};
use super::ids::{BlockId, FunctionId, OperandId, RecordId, ValueId};
use super::inst::{BlockCall, CallArgs, Continuation, ContinuationTarget, Likely, Op, Terminator};
use super::names::{self, word};
use super::spec::{CacheForm, CacheShape, CacheWord, LeafEncoding, OperandKind, ResultKind, SpecTables, Variant};
use super::types::{Type, TypeSet};

/// Prints all functions of `program`.
pub fn print_program(program: &Program) -> String {
    let functions: Vec<String> = program.functions.ids().map(|id| print_function(program, id)).collect();
    functions.join("\n")
}

/// Prints one function.
pub fn print_function(program: &Program, id: FunctionId) -> String {
    print_detached(program, &program.functions[id])
}

/// Prints a function that need not be in `program`, whose other functions it may mention.
pub fn print_detached(program: &Program, function: &Function) -> String {
    let printer = Printer {
        program,
        spec: &program.spec,
        function,
    };
    let mut text = printer.header();
    for (id, block) in function.blocks.iter() {
        printer.block(&mut text, id, block);
    }
    text + "}\n"
}

/// Prints what is known about a boxed value: `[double|table]`.
pub fn print_set(spec: &SpecTables, set: TypeSet) -> String {
    let names: Vec<&str> = set
        .leaves()
        .map(|leaf| spec.leaves.get(leaf).map_or("undeclared", |leaf| leaf.name.as_str()))
        .collect();
    format!("[{}]", names.join("|"))
}

/// Prints a type.
pub fn print_type(spec: &SpecTables, ty: Type) -> String {
    match ty {
        Type::Val(set) if set == spec.any() => "val".into(),
        Type::Val(set) => format!("val{}", print_set(spec, set)),
        Type::F64 => "f64".into(),
        Type::I32 => "i32".into(),
        Type::I64 => "i64".into(),
        Type::Bool => "bool".into(),
        Type::Ptr => "ptr".into(),
        Type::Ref(record) => format!("ref {}", spec.records[record].name),
    }
}

/// Prints the shape of an instruction: `(slot, const[double]) -> slot`.
pub fn print_variant(spec: &SpecTables, variant: &Variant) -> String {
    let operands: Vec<String> = variant.operands.iter().map(|kind| operand_kind(spec, *kind)).collect();
    let result = match variant.result {
        None => "",
        Some(ResultKind::Slot) => " -> slot",
        Some(ResultKind::Slots) => " -> slots",
        Some(ResultKind::OpenSlots) => " -> open_slots",
    };
    let cache = variant
        .cache
        .as_ref()
        .map_or(String::new(), |shape| cache_shape(spec, shape));
    format!("({}){result}{cache}", operands.join(", "))
}

/// ` cache (i32) [Inline(i32), Absent()] until shapes_changed ways 4`
fn cache_shape(spec: &SpecTables, shape: &CacheShape) -> String {
    let types = |types: &[Type]| {
        let types: Vec<String> = types.iter().map(|ty| print_type(spec, *ty)).collect();
        format!("({})", types.join(", "))
    };
    let cases: Vec<String> = shape
        .cases
        .iter()
        .map(|(name, words)| name.clone() + &types(words))
        .collect();
    let until = shape
        .until
        .as_ref()
        .map_or(String::new(), |event| format!(" until {event}"));
    let ways = match shape.ways {
        1 => String::new(),
        ways => format!(" ways {ways}"),
    };
    let call = if shape.is_call { "call " } else { "" };
    let (key, cases) = (types(&shape.key), cases.join(", "));
    format!(" cache {call}{key} [{cases}]{until}{ways}")
}

fn operand_kind(spec: &SpecTables, kind: OperandKind) -> String {
    match kind {
        OperandKind::Slot => "slot".into(),
        OperandKind::Const(set) => format!("const{}", print_set(spec, set)),
        OperandKind::ConstRef(record) => format!("const_ref {}", spec.records[record].name),
        OperandKind::ImmI32 => "imm_i32".into(),
        OperandKind::ImmU32 => "imm_u32".into(),
        OperandKind::ImmU16 => "imm_u16".into(),
        OperandKind::Label => "label".into(),
        OperandKind::Slots => "slots".into(),
        OperandKind::SlotsFixed(count) => format!("slots[{count}]"),
        OperandKind::OpenSlots => "open_slots".into(),
        OperandKind::OutSlot => "out_slot".into(),
        OperandKind::Last => "last".into(),
    }
}

struct Printer<'p> {
    program: &'p Program,
    spec: &'p SpecTables,
    function: &'p Function,
}

impl Printer<'_> {
    fn header(&self) -> String {
        let Function {
            name,
            kind,
            variant,
            form,
            role,
            ..
        } = self.function;
        let mut text = format!("fn {name} ");
        let _ = match kind {
            FunctionKind::Bytecode(id) => write!(text, "bytecode {} ", self.spec.bytecodes[*id].name),
            FunctionKind::Native(id) => write!(text, "native {} ", self.spec.natives[*id].name),
        };
        if let Some(variant) = variant {
            let _ = write!(text, "{} ", print_variant(self.spec, variant));
        }
        let _ = match form {
            CacheForm::Plain => Ok(()),
            CacheForm::Linking => write!(text, "linking "),
            CacheForm::Case(case) => write!(text, "case {case} "),
        };
        let _ = match role {
            Role::Entry => write!(text, "entry"),
            Role::Cold { of } => write!(text, "cold of {}", self.name(*of)),
            Role::Continuation { of } => write!(text, "continuation of {}", self.name(*of)),
            Role::Catch { of } => write!(text, "catch of {}", self.name(*of)),
        };
        text + " {\n"
    }

    fn block(&self, text: &mut String, id: BlockId, block: &Block) {
        let _ = write!(text, "{id}");
        if !block.params.is_empty() {
            let params: Vec<String> = block.params.iter().map(|value| self.declare(*value)).collect();
            let _ = write!(text, "({})", params.join(", "));
        }
        let _ = writeln!(text, "{}:", if block.cold { " cold" } else { "" });
        for inst in &block.insts {
            let inst = &self.function.insts[*inst];
            let results: Vec<String> = inst.results.iter().map(|value| self.declare(*value)).collect();
            let equals = if results.is_empty() { "" } else { " = " };
            let _ = writeln!(
                text,
                "  {}{equals}{}{}",
                results.join(", "),
                self.op(&inst.op),
                line(inst.line)
            );
        }
        let _ = writeln!(text, "  {}{}", self.terminator(&block.terminator), line(block.line));
    }

    fn declare(&self, value: ValueId) -> String {
        format!("{value}: {}", print_type(self.spec, self.function.ty(value)))
    }

    fn name(&self, function: FunctionId) -> &str {
        self.program
            .functions
            .get(function)
            .map_or("undeclared", |function| &function.name)
    }

    fn operand(&self, operand: OperandId) -> String {
        let FunctionKind::Bytecode(bytecode) = self.function.kind else {
            return operand.to_string();
        };
        let declared = self.spec.bytecodes[bytecode].operands.get(operand);
        declared.map_or_else(|| operand.to_string(), |operand| operand.name.clone())
    }

    fn record(&self, record: RecordId) -> &str {
        &self.spec.records[record].name
    }

    fn op(&self, op: &Op) -> String {
        match op {
            Op::ConstF64(bits) => format!("f64 {}", number(*bits)),
            Op::ConstI32(value) => format!("i32 {value}"),
            Op::ConstI64(value) => format!("i64 {value}"),
            Op::ConstBool(value) => format!("bool {value}"),
            Op::ConstVal(bits) => format!("val {}", self.boxed(*bits)),
            Op::ConstNull(record) => format!("null {}", self.record(*record)),
            Op::SlotIndex(operand) => format!("slot_index {}", self.operand(*operand)),
            Op::Operand(operand) => format!("operand {}", self.operand(*operand)),
            Op::ConstOperand(operand) => format!("const_operand {}", self.operand(*operand)),
            Op::ImmOperand(operand) => format!("imm_operand {}", self.operand(*operand)),
            Op::ListOperand(operand) => format!("list_operand {}", self.operand(*operand)),
            Op::Callee => "callee".into(),
            Op::Varargs => "varargs".into(),
            Op::CallResults => "call_results".into(),
            Op::Caught => "caught".into(),
            Op::SlotLoad { slot, offset } => format!("slot_load {slot}[{offset}]"),
            Op::SlotStore { slot, offset, value } => format!("slot_store {slot}[{offset}] = {value}"),
            Op::SlotAddress { slot, offset } => format!("slot_address {slot}[{offset}]"),
            Op::PtrLoad { ptr, index } => format!("ptr_load {ptr}[{index}]"),
            Op::PtrStore {
                ptr,
                index,
                value,
                owner,
            } => format!("ptr_store {ptr}[{index}] = {value} owner {owner}"),
            Op::PtrAdd { ptr, index } => format!("ptr_add {ptr}[{index}]"),
            Op::StoreResult(value) => format!("store_result {value}"),
            Op::StoreResults { ptr, count } => format!("store_results {ptr}, {count}"),
            Op::Is { value, set } => format!("is {value} {}", print_set(self.spec, *set)),
            Op::BothDouble(a, b) => format!("both_double {a}, {b}"),
            Op::SameBits(a, b) => format!("same_bits {a}, {b}"),
            Op::Narrow { value, set } => format!("narrow {value} {}", print_set(self.spec, *set)),
            Op::Assume { value, set } => format!("assume {value} {}", print_set(self.spec, *set)),
            Op::Unbox(value) => format!("unbox {value}"),
            Op::Box { leaf, value } => format!("box {} {value}", self.spec.leaves[*leaf].name),
            Op::Unary(op, a) => format!("{} {a}", word(names::UNARY, op)),
            Op::Binary(op, a, b) => format!("{} {a}, {b}", word(names::BINARY, op)),
            Op::FloatCompare(cond, a, b) => format!("fcmp {} {a}, {b}", word(names::FLOAT_CONDS, cond)),
            Op::IntCompare(cond, a, b) => format!("icmp {} {a}, {b}", word(names::INT_CONDS, cond)),
            Op::Load { record, field, base } => format!("load {} {base}", self.field(*record, *field)),
            Op::Store {
                record,
                field,
                base,
                value,
                owner,
            } => {
                format!("store {} {base} = {value} owner {owner}", self.field(*record, *field))
            }
            Op::ElementRef { record, base, index } => format!("element_ref {} {base}[{index}]", self.record(*record)),
            Op::ElementLoad { record, base, index } => format!("element_load {} {base}[{index}]", self.record(*record)),
            Op::ElementStore {
                record,
                base,
                index,
                value,
            } => {
                format!("element_store {} {base}[{index}] = {value}", self.record(*record))
            }
            Op::Length { record, base } => format!("length {} {base}", self.record(*record)),
            Op::New { record, fields, array } => {
                let names = &self.spec.records[*record].fields;
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(field, value)| {
                        let name = names.get(field.0 as usize).map_or("undeclared", |field| &field.name);
                        format!("{name}: {value}")
                    })
                    .collect();
                let array = array.map_or_else(String::new, |(element, count)| {
                    format!(" array {element} times {count}")
                });
                format!("new {} ({}){array}", self.record(*record), fields.join(", "))
            }
            Op::CallExtern { callee, args } => format!("extern {}{}", self.spec.externs[*callee].name, list(args)),
            Op::PlanPayload {
                answer,
                plan,
                case,
                index,
            } => {
                let plan = &self.spec.plans[*plan];
                let case = plan.cases.get(*case as usize).map_or("undeclared", |case| &case.name);
                format!("plan_payload {answer} {}.{case} {index}", plan.name)
            }
            Op::CacheLoad(word) => format!("cache_load {}", cache_word(*word)),
            Op::CacheStore { word, value } => format!("cache_store {} = {value}", cache_word(*word)),
            Op::CacheLink { case } => format!("cache_link {case}"),
            Op::CallLink { callee, args } => format!("call_link {callee} {}", self.operand(*args)),
            Op::FrameFits { args, bytes } => format!("frame_fits {} {bytes}", self.operand(*args)),
        }
    }

    fn field(&self, record: RecordId, field: super::spec::FieldId) -> String {
        let record = &self.spec.records[record];
        let field = record
            .fields
            .get(field.0 as usize)
            .map_or("undeclared", |field| &field.name);
        format!("{}.{field}", record.name)
    }

    /// A boxed constant: `nil`, `double 1.5`, `int 3`, or its bits.
    fn boxed(&self, bits: u64) -> String {
        let Some(leaf) = self.spec.leaf_of_bits(bits) else {
            return format!("{bits:#x}");
        };
        let leaf = &self.spec.leaves[leaf];
        match leaf.encoding {
            LeafEncoding::Unit { .. } => leaf.name.clone(),
            LeafEncoding::Double => format!("{} {}", leaf.name, number(bits)),
            LeafEncoding::Int32 { .. } => format!("{} {}", leaf.name, bits as u32 as i32),
            LeafEncoding::Ref { .. } => format!("{bits:#x}"),
        }
    }

    fn terminator(&self, terminator: &Terminator) -> String {
        match terminator {
            Terminator::Jump(to) => format!("jump {}", block_call(to)),
            Terminator::Branch {
                cond,
                then,
                otherwise,
                likely,
            } => {
                let likely = match likely {
                    Likely::Unknown => "",
                    Likely::Then => " likely then",
                    Likely::Else => " likely else",
                };
                format!("branch {cond} {}, {}{likely}", block_call(then), block_call(otherwise))
            }
            Terminator::Switch { index, cases } => {
                let cases: Vec<String> = cases.iter().map(block_call).collect();
                format!("switch {index} [{}]", cases.join(", "))
            }
            Terminator::Cache { key, ways, body, done } => {
                format!("cache {} ways {ways} {} done {done}", list(key), block_call(body))
            }
            Terminator::Next => "next".into(),
            Terminator::Again => "again".into(),
            Terminator::Goto(operand) => format!("goto {}", self.operand(*operand)),
            Terminator::Leave { values, list } => format!("leave {}", values_and_list(values, *list)),
            Terminator::Call {
                callee,
                args,
                first,
                next,
                catch,
            } => {
                let first = first.map_or(String::new(), |first| format!(" first {first}"));
                format!(
                    "call {callee} {}{first}{}",
                    self.call_args(args),
                    self.continuations(next, catch.as_ref())
                )
            }
            Terminator::TailCall { callee, args } => format!("tail_call {callee} {}", self.call_args(args)),
            Terminator::Throw(value) => format!("throw {value}"),
            Terminator::Delegate => "delegate".to_string(),
            Terminator::Resume {
                coroutine,
                args,
                next,
                catch,
            } => {
                format!(
                    "resume {coroutine} {}{}",
                    self.call_args(args),
                    self.continuations(next, catch.as_ref())
                )
            }
            Terminator::Yield { values, list, next } => {
                format!(
                    "yield {}{}",
                    values_and_list(values, *list),
                    self.continuations(next, None)
                )
            }
            Terminator::TailJump { function, args } => format!("tail_jump {}{}", self.name(*function), list(args)),
            Terminator::Unreachable => "unreachable".into(),
        }
    }

    fn call_args(&self, args: &CallArgs) -> String {
        match args {
            CallArgs::InPlace(operand) => format!("in_place {}", self.operand(*operand)),
            CallArgs::Copied { fixed, list } => format!("copied {}", values_and_list(fixed, *list)),
        }
    }

    fn continuations(&self, next: &Continuation, catch: Option<&Continuation>) -> String {
        let mut text = format!(" next {}", self.continuation(next));
        if let Some(catch) = catch {
            let _ = write!(text, " catch {}", self.continuation(catch));
        }
        text
    }

    fn continuation(&self, continuation: &Continuation) -> String {
        match continuation.target {
            ContinuationTarget::Block(block) => block.to_string(),
            ContinuationTarget::Function(function) => {
                format!("fn {} saved {}", self.name(function), list(&continuation.saved))
            }
        }
    }
}

/// A double that reads back to the same bits: decimal where that works, else its bits.
fn number(bits: u64) -> String {
    let value = f64::from_bits(bits);
    if value.is_finite() {
        format!("{value:?}")
    } else {
        format!("{bits:#x}")
    }
}

/// `key 0`, `case 1 0`
fn cache_word(word: CacheWord) -> String {
    match word {
        CacheWord::Key(index) => format!("key {index}"),
        CacheWord::Payload { case, index } => format!("case {case} {index}"),
    }
}

fn line(line: u32) -> String {
    if line == 0 { String::new() } else { format!(" @{line}") }
}

fn block_call(to: &BlockCall) -> String {
    if to.args.is_empty() {
        to.block.to_string()
    } else {
        format!("{}{}", to.block, list(&to.args))
    }
}

fn list(values: &[ValueId]) -> String {
    let values: Vec<String> = values.iter().map(ValueId::to_string).collect();
    format!("({})", values.join(", "))
}

fn values_and_list(values: &[ValueId], rest: Option<(ValueId, ValueId)>) -> String {
    match rest {
        None => list(values),
        Some((ptr, count)) => format!("{} list ({ptr}, {count})", list(values)),
    }
}
