//! Says what is wrong with a function: structure, dominance, types, proofs of narrowing, the order of effects.

use std::fmt;

use super::builder::result_types;
use super::cfg::Cfg;
use super::facts::{Facts, State};
use super::function::{Function, FunctionKind, Program, Role, ValueDef};
use super::ids::{BlockId, FunctionId, Id, InstId, OperandId, RecordId, ValueId};
use super::inst::{BinaryOp, CallArgs, Continuation, ContinuationTarget, Edge, Op, Terminator, UnaryOp};
use super::print::{print_set, print_type};
use super::spec::{CacheForm, CacheWord, ExternResult, FieldId, FieldType, OperandKind, RecordKind, SpecTables};
use super::types::Type;

/// Something wrong in a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The function's name.
    pub function: String,
    /// The block.
    pub block: BlockId,
    /// The instruction, by position; `None` for parameters and the terminator.
    pub index: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.function, self.block)?;
        match self.index {
            Some(index) => write!(f, ", instruction {index}: {}", self.message),
            None => write!(f, ": {}", self.message),
        }
    }
}

/// Checks all functions of `program`.
///
/// # Errors
/// Everything that is wrong, in order.
pub fn verify_program(program: &Program) -> Result<(), Vec<Violation>> {
    let mut violations = Vec::new();
    for function in program.functions.values() {
        violations.extend(verify_function(program, function).err().unwrap_or_default());
    }
    if violations.is_empty() { Ok(()) } else { Err(violations) }
}

/// Checks one function; `program` has the functions that it mentions.
///
/// # Errors
/// Everything that is wrong, in order. When the structure is broken, only that is reported.
pub fn verify_function(program: &Program, function: &Function) -> Result<(), Vec<Violation>> {
    let mut verifier = Verifier {
        program,
        spec: &program.spec,
        function,
        violations: Vec::new(),
        block: function.entry,
        index: None,
    };
    verifier.structure();
    if verifier.violations.is_empty() {
        let cfg = Cfg::new(function);
        verifier.dominance(&cfg);
        if verifier.violations.is_empty() {
            verifier.blocks(&cfg);
        }
    }
    if verifier.violations.is_empty() {
        Ok(())
    } else {
        Err(verifier.violations)
    }
}

struct Verifier<'p> {
    program: &'p Program,
    spec: &'p SpecTables,
    function: &'p Function,
    violations: Vec<Violation>,
    block: BlockId,
    index: Option<usize>,
}

impl<'p> Verifier<'p> {
    fn report(&mut self, message: impl Into<String>) {
        self.violations.push(Violation {
            function: self.function.name.clone(),
            block: self.block,
            index: self.index,
            message: message.into(),
        });
    }

    /// Every id is one of its table, every definition is where its value says.
    fn structure(&mut self) {
        let function = self.function;
        let mut placed = vec![false; function.insts.len()];
        for (id, block) in function.blocks.iter() {
            (self.block, self.index) = (id, None);
            for (index, param) in block.params.iter().enumerate() {
                let def = function.values.get(*param).map(|value| value.def);
                if def != Some(ValueDef::Param(id, index as u32)) {
                    self.report(format!("parameter {index} is not defined as one"));
                }
            }
            for (index, inst) in block.insts.iter().enumerate() {
                self.index = Some(index);
                if inst.index() >= placed.len() || std::mem::replace(&mut placed[inst.index()], true) {
                    self.report("the instruction does not exist, or stands in two places");
                    continue;
                }
                let data = &function.insts[*inst];
                for (number, result) in data.results.iter().enumerate() {
                    let def = function.values.get(*result).map(|value| value.def);
                    if def != Some(ValueDef::Result(*inst, number as u32)) {
                        self.report(format!("result {number} is not defined here"));
                    }
                }
                self.existing(&data.op.args());
            }
            self.index = None;
            self.existing(&block.terminator.args());
            for next in block.terminator.successors() {
                if function.blocks.get(next).is_none() {
                    self.report(format!("there is no block {next}"));
                } else if next == function.entry {
                    self.report("the entry block has a predecessor");
                }
            }
        }
        if self.function.role == Role::Entry && !function.blocks[function.entry].params.is_empty() {
            self.block = function.entry;
            self.report("a function of role `entry` has no parameters");
        }
    }

    fn existing(&mut self, values: &[ValueId]) {
        for value in values {
            if self.function.values.get(*value).is_none() {
                self.report(format!("nothing defines {value}"));
            }
        }
    }

    /// Every use is dominated by its definition.
    fn dominance(&mut self, cfg: &Cfg) {
        let mut position = vec![None; self.function.insts.len()];
        for (id, block) in self.function.blocks.iter() {
            for (index, inst) in block.insts.iter().enumerate() {
                position[inst.index()] = Some((id, index));
            }
        }
        for id in cfg.order() {
            let block = &self.function.blocks[*id];
            self.block = *id;
            for (index, inst) in block.insts.iter().enumerate() {
                self.index = Some(index);
                for arg in self.function.insts[*inst].op.args() {
                    self.dominated(cfg, &position, arg, index);
                }
            }
            self.index = None;
            for arg in block.terminator.args() {
                self.dominated(cfg, &position, arg, usize::MAX);
            }
        }
    }

    fn dominated(&mut self, cfg: &Cfg, position: &[Option<(BlockId, usize)>], value: ValueId, at: usize) {
        let defined = match self.function.values[value].def {
            ValueDef::Param(block, _) => cfg.dominates(block, self.block),
            ValueDef::Result(inst, _) => match position[inst.index()] {
                Some((block, index)) if block == self.block => index < at,
                Some((block, _)) => cfg.dominates(block, self.block),
                None => false,
            },
        };
        if !defined {
            self.report(format!("{value} is not defined on every path to here"));
        }
    }

    fn blocks(&mut self, cfg: &Cfg) {
        let facts = Facts::new(self.spec, self.function, cfg);
        let answers = PlanAnswers::new(self.spec, self.function, cfg);
        for id in cfg.order() {
            self.block = *id;
            let block = &self.function.blocks[*id];
            let state = facts.at(*id);
            if state.is_impossible() {
                // What contradicts itself has no types.
                continue;
            }
            let mut answer = answers.at(*id);
            let mut fresh = self.is_fresh_continuation(*id, cfg);
            for (index, inst) in block.insts.iter().enumerate() {
                self.index = Some(index);
                self.instruction(*inst, &state);
                self.effects(*inst, &mut answer, &mut fresh);
            }
            self.index = None;
            self.terminator(&block.terminator, cfg);
        }
    }

    /// Which of `CallResults` and `Caught` can be read when `block` is entered.
    fn is_fresh_continuation(&self, block: BlockId, cfg: &Cfg) -> Fresh {
        if block == self.function.entry {
            return match self.function.role {
                Role::Continuation { .. } => Fresh::Results,
                Role::Catch { .. } => Fresh::Caught,
                Role::Entry | Role::Cold { .. } => Fresh::Nothing,
            };
        }
        let mut fresh = None;
        for predecessor in cfg.predecessors(block) {
            let terminator = &self.function.blocks[*predecessor].terminator;
            for (index, edge) in terminator
                .edges()
                .iter()
                .enumerate()
                .filter(|(_, edge)| edge.block() == block)
            {
                let through = match edge {
                    Edge::Call(_) if index == 0 => Fresh::Results,
                    Edge::Call(_) => Fresh::Caught,
                    Edge::Args(_) | Edge::Remembered(_) => Fresh::Nothing,
                };
                fresh = Some(if fresh.is_none_or(|other| other == through) {
                    through
                } else {
                    Fresh::Nothing
                });
            }
        }
        fresh.unwrap_or(Fresh::Nothing)
    }

    /// What has to stand before anything that could overwrite it.
    fn effects(&mut self, inst: InstId, answer: &mut Option<ValueId>, fresh: &mut Fresh) {
        match &self.function.insts[inst].op {
            Op::CallResults if *fresh != Fresh::Results => {
                self.report("`call_results` stands first in a block that only calls continue in");
            }
            Op::Caught if *fresh != Fresh::Caught => {
                self.report("`caught` stands first in a block that only catching calls go to");
            }
            Op::CallExtern { .. } | Op::New { .. } => *fresh = Fresh::Nothing,
            Op::PlanPayload { answer: read, .. } if *answer != Some(*read) => {
                self.report(format!("the plan answered by {read} may have been overwritten"));
            }
            _ => {}
        }
        PlanAnswers::pass(self.spec, self.function, inst, answer);
    }

    fn instruction(&mut self, inst: InstId, state: &State) {
        let data = &self.function.insts[inst];
        self.operation(&data.op, state);
        let expected = result_types(self.spec, self.function, &data.op);
        let found: Vec<Type> = data.results.iter().map(|value| self.function.ty(*value)).collect();
        if expected != found {
            let show = |types: &[Type]| -> String {
                let types: Vec<String> = types.iter().map(|ty| print_type(self.spec, *ty)).collect();
                if types.is_empty() {
                    "nothing".into()
                } else {
                    types.join(", ")
                }
            };
            let (expected, found) = (show(&expected), show(&found));
            self.report(format!("answers {expected}, not {found}"));
        }
    }

    fn operation(&mut self, op: &Op, state: &State) {
        match op {
            Op::ConstF64(_) | Op::ConstI32(_) | Op::ConstI64(_) | Op::ConstBool(_) | Op::ConstNull(_) => {}
            Op::ConstVal(bits) => {
                if self.spec.leaf_of_bits(*bits).is_none() {
                    self.report(format!("{bits:#x} encodes no value"));
                }
            }
            Op::SlotIndex(operand) => self.operand(*operand, "a slot or a run of slots", |kind| {
                use OperandKind::{Last, OpenSlots, OutSlot, Slot, Slots, SlotsFixed};
                matches!(kind, Slot | Last | OutSlot | Slots | SlotsFixed(_) | OpenSlots)
            }),
            Op::Operand(operand) => {
                self.operand(*operand, "a slot or a constant", |kind| {
                    matches!(kind, OperandKind::Slot | OperandKind::Const(_))
                });
                if self.function.variant.is_some() {
                    self.report("`operand` is gone after specialisation");
                }
            }
            Op::ConstOperand(operand) => self.operand(*operand, "a constant", |kind| {
                matches!(kind, OperandKind::Const(_) | OperandKind::ConstRef(_))
            }),
            Op::ImmOperand(operand) => self.operand(*operand, "a number", |kind| {
                matches!(kind, OperandKind::ImmI32 | OperandKind::ImmU32 | OperandKind::ImmU16)
            }),
            Op::ListOperand(operand) => self.run_operand(*operand),
            Op::Callee => {
                if self.spec.callee.is_none() {
                    self.report("the language declares no callee");
                }
            }
            Op::Varargs | Op::CallResults | Op::Caught => {}
            Op::SlotLoad { slot, .. } | Op::SlotAddress { slot, .. } => self.of_type(*slot, Type::I32),
            Op::SlotStore { slot, value, .. } => {
                self.of_type(*slot, Type::I32);
                self.boxed(*value);
            }
            Op::PtrLoad { ptr, index } | Op::PtrAdd { ptr, index } => {
                self.of_type(*ptr, Type::Ptr);
                self.of_type(*index, Type::I32);
            }
            Op::PtrStore {
                ptr,
                index,
                value,
                owner,
            } => {
                self.of_type(*ptr, Type::Ptr);
                self.of_type(*index, Type::I32);
                self.boxed(*value);
                self.reference(*owner);
            }
            Op::StoreResult(value) => {
                self.has_result();
                self.boxed(*value);
            }
            Op::StoreResults { ptr, count } => {
                self.has_result();
                self.of_type(*ptr, Type::Ptr);
                self.of_type(*count, Type::I32);
            }
            Op::Is { value, .. } | Op::Assume { value, .. } => self.boxed(*value),
            Op::BothDouble(a, b) | Op::SameBits(a, b) => {
                self.boxed(*a);
                self.boxed(*b);
                if matches!(op, Op::BothDouble(..)) && self.spec.double_leaf().is_none() {
                    self.report("the language has no doubles");
                }
            }
            Op::Narrow { value, set } => {
                self.boxed(*value);
                if let Some(known) = state.known(self.function, *value)
                    && !known.is_subset(*set)
                {
                    let (known, set) = (print_set(self.spec, known), print_set(self.spec, *set));
                    self.report(format!("{value} is not proven to be {set}, here it may be {known}"));
                }
            }
            Op::Unbox(value) => {
                let set = self.function.ty(*value).set().unwrap_or_default();
                let payload = set.single().and_then(|leaf| self.spec.unboxed(leaf));
                if payload.is_none() {
                    let ty = print_type(self.spec, self.function.ty(*value));
                    self.report(format!("{value} is not of one leaf with a payload, but {ty}"));
                }
            }
            Op::Box { leaf, value } => match self.spec.unboxed(*leaf) {
                Some(ty) => self.of_type(*value, ty),
                None => self.report("a unit leaf has nothing to box"),
            },
            Op::Unary(op, value) => self.unary(*op, *value),
            Op::Binary(op, a, b) => self.binary(*op, *a, *b),
            Op::FloatCompare(_, a, b) => {
                self.of_type(*a, Type::F64);
                self.of_type(*b, Type::F64);
            }
            Op::IntCompare(cond, a, b) => {
                if cond.is_about_overflow() {
                    self.of_type(*a, Type::I32);
                }
                self.one_of(*a, "an integer, a condition, an address or a reference", |ty| {
                    !matches!(ty, Type::Val(_) | Type::F64)
                });
                self.of_type(*b, self.function.ty(*a));
            }
            Op::Load { record, base, field } => {
                self.of_type(*base, Type::Ref(*record));
                self.field(*record, field.0);
            }
            Op::Store {
                record,
                field,
                base,
                value,
                owner,
            } => {
                self.of_type(*base, Type::Ref(*record));
                self.reference(*owner);
                if let Some(ty) = self.field(*record, field.0) {
                    self.of_type(*value, ty.loaded());
                }
            }
            Op::ElementRef { record, base, index } => self.element(*record, *base, *index, true),
            Op::ElementLoad { record, base, index } => self.element(*record, *base, *index, false),
            Op::ElementStore {
                record,
                base,
                index,
                value,
            } => {
                self.element(*record, *base, *index, false);
                if let Some(trailing) = &self.spec.records[*record].trailing {
                    self.of_type(*value, trailing.element.loaded());
                }
            }
            Op::Length { record, base } => self.of_type(*base, Type::Ref(*record)),
            Op::New { record, fields, array } => self.new_object(*record, fields, *array),
            Op::CallExtern { callee, args } => {
                let params = &self.spec.externs[*callee].params;
                let expected: Vec<Type> = params.iter().flat_map(|(_, ty)| ty.values()).collect();
                self.of_types(args, &expected);
            }
            Op::PlanPayload { answer, plan, .. } => {
                let answered = match self.function.def(*answer) {
                    Some(Op::CallExtern { callee, .. }) => Some(self.spec.externs[*callee].result),
                    _ => None,
                };
                let handed_over = is_handed_over(self.function, *answer);
                if answered != Some(ExternResult::Plan(*plan)) && !handed_over {
                    self.report(format!(
                        "{answer} is not a `{}` answered by an extern",
                        self.spec.plans[*plan].name
                    ));
                }
            }
            Op::CacheLoad(word) => {
                self.cache_word(*word);
            }
            Op::CacheStore { word, value } => {
                if let Some(ty) = self.cache_word(*word) {
                    self.of_type(*value, ty);
                }
            }
            Op::CacheLink { case } => self.cache_case(*case),
            Op::CallLink { callee, args } => {
                self.callee(*callee);
                self.run_operand(*args);
            }
            Op::FrameFits { args, bytes } => {
                self.run_operand(*args);
                self.of_type(*bytes, Type::I32);
            }
        }
    }

    fn new_object(&mut self, record: RecordId, fields: &[(FieldId, ValueId)], array: Option<(ValueId, ValueId)>) {
        let data = &self.spec.records[record];
        if data.kind == RecordKind::Struct {
            self.report(format!("`{}` is a struct, which has no life of its own", data.name));
        }
        for (field, value) in fields {
            if let Some(ty) = self.field(record, field.0) {
                self.of_type(*value, ty.loaded());
            }
        }
        if let Some((element, count)) = array {
            self.of_type(count, Type::I32);
            match &data.trailing {
                Some(trailing) if !matches!(trailing.element, FieldType::Struct(_)) => {
                    self.of_type(element, trailing.element.loaded());
                }
                _ => self.report(format!("`{}` has no array of values", data.name)),
            }
        }
    }

    fn unary(&mut self, op: UnaryOp, value: ValueId) {
        match op {
            UnaryOp::FNeg
            | UnaryOp::FAbs
            | UnaryOp::FSqrt
            | UnaryOp::FFloor
            | UnaryOp::FCeil
            | UnaryOp::TruncateToI32 => self.of_type(value, Type::F64),
            UnaryOp::INeg => self.one_of(value, "an integer", |ty| matches!(ty, Type::I32 | Type::I64)),
            UnaryOp::Not => self.one_of(value, "an integer or a condition", |ty| {
                matches!(ty, Type::I32 | Type::I64 | Type::Bool)
            }),
            UnaryOp::I32ToF64 | UnaryOp::U32ToF64 | UnaryOp::ZeroExtend | UnaryOp::SignExtend => {
                self.of_type(value, Type::I32);
            }
            UnaryOp::Wrap => self.of_type(value, Type::I64),
            UnaryOp::BoolToI32 => self.of_type(value, Type::Bool),
            UnaryOp::IsNull => self.reference(value),
            UnaryOp::Hash => self.one_of(value, "a value", |ty| matches!(ty, Type::Val(_))),
        }
    }

    fn binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId) {
        use BinaryOp::{And, FAdd, FDiv, FMax, FMin, FMul, FSub, IAdd, IMul, ISub, Or, Sar, Shl, Shr, Xor};
        let ty = self.function.ty(a);
        match op {
            FAdd | FSub | FMul | FDiv | FMin | FMax => {
                self.of_type(a, Type::F64);
                self.of_type(b, Type::F64);
            }
            IAdd | ISub | IMul => {
                self.one_of(a, "an integer", |ty| matches!(ty, Type::I32 | Type::I64));
                self.of_type(b, ty);
            }
            And | Or | Xor => {
                self.one_of(a, "an integer or a condition", |ty| {
                    matches!(ty, Type::I32 | Type::I64 | Type::Bool)
                });
                self.of_type(b, ty);
            }
            Shl | Shr | Sar => {
                self.one_of(a, "an integer", |ty| matches!(ty, Type::I32 | Type::I64));
                self.of_type(b, Type::I32);
            }
        }
    }

    fn field(&mut self, record: RecordId, field: u32) -> Option<FieldType> {
        let found = self.spec.records[record]
            .fields
            .get(field as usize)
            .map(|field| field.ty);
        if found.is_none() {
            self.report(format!("`{}` has no field {field}", self.spec.records[record].name));
        }
        found
    }

    fn element(&mut self, record: RecordId, base: ValueId, index: ValueId, is_struct: bool) {
        self.of_type(base, Type::Ref(record));
        self.of_type(index, Type::I32);
        let trailing = self.spec.records[record].trailing.as_ref();
        if trailing.map(|trailing| matches!(trailing.element, FieldType::Struct(_))) != Some(is_struct) {
            let what = if is_struct { "structs" } else { "plain values" };
            self.report(format!(
                "`{}` has no trailing array of {what}",
                self.spec.records[record].name
            ));
        }
    }

    /// The type of a word that the instruction remembers.
    fn cache_word(&mut self, word: CacheWord) -> Option<Type> {
        let shape = self
            .function
            .variant
            .as_ref()
            .and_then(|variant| variant.cache.as_ref());
        let ty = shape.and_then(|shape| shape.ty(word));
        if ty.is_none() {
            self.report("the instruction remembers no such word");
        }
        ty
    }

    fn cache_case(&mut self, case: u32) {
        let shape = self
            .function
            .variant
            .as_ref()
            .and_then(|variant| variant.cache.as_ref());
        if shape.is_none_or(|shape| shape.cases.len() <= case as usize) {
            self.report("the cache has no such case");
        }
    }

    fn has_result(&mut self) {
        let result = match (self.function.kind, &self.function.variant) {
            (FunctionKind::Bytecode(_), Some(variant)) => variant.result.is_some(),
            (FunctionKind::Bytecode(id), None) => !self.spec.bytecodes[id].results.is_empty(),
            (FunctionKind::Native(_), _) => false,
        };
        if !result {
            self.report("there is no result to store");
        }
    }

    fn run_operand(&mut self, operand: OperandId) {
        self.operand(operand, "a run of slots", |kind| {
            matches!(
                kind,
                OperandKind::Slots | OperandKind::SlotsFixed(_) | OperandKind::OpenSlots
            )
        });
    }

    /// `operand` exists and all its kinds satisfy `test`.
    fn operand(&mut self, operand: OperandId, what: &str, test: impl Fn(&OperandKind) -> bool) {
        let FunctionKind::Bytecode(bytecode) = self.function.kind else {
            return self.report("a native function has no operands");
        };
        let Some(declared) = self.spec.bytecodes[bytecode].operands.get(operand) else {
            return self.report(format!("there is no {operand}"));
        };
        let fits = match &self.function.variant {
            Some(variant) => variant.operands.get(operand.index()).is_some_and(test),
            None => declared.alternatives.iter().all(test),
        };
        if !fits {
            self.report(format!("`{}` is not {what}", declared.name));
        }
    }

    fn boxed(&mut self, value: ValueId) {
        self.one_of(value, "a boxed value", |ty| matches!(ty, Type::Val(_)));
    }

    fn reference(&mut self, value: ValueId) {
        self.one_of(value, "a reference", |ty| matches!(ty, Type::Ref(_)));
    }

    fn one_of(&mut self, value: ValueId, what: &str, test: impl Fn(Type) -> bool) {
        let ty = self.function.ty(value);
        if !test(ty) {
            self.report(format!("{value} is {}, not {what}", print_type(self.spec, ty)));
        }
    }

    fn of_type(&mut self, value: ValueId, expected: Type) {
        let found = self.function.ty(value);
        if !found.fits(expected) {
            let (found, expected) = (print_type(self.spec, found), print_type(self.spec, expected));
            self.report(format!("{value} is {found}, not {expected}"));
        }
    }

    fn of_types(&mut self, values: &[ValueId], expected: &[Type]) {
        if values.len() != expected.len() {
            self.report(format!("takes {} values, not {}", expected.len(), values.len()));
        }
        for (value, ty) in values.iter().zip(expected) {
            self.of_type(*value, *ty);
        }
    }

    fn types_of_params(&self, function: &Function) -> Vec<Type> {
        function.blocks[function.entry]
            .params
            .iter()
            .map(|param| function.ty(*param))
            .collect()
    }

    fn terminator(&mut self, terminator: &Terminator, cfg: &Cfg) {
        for edge in terminator.edges() {
            if let Edge::Args(to) = edge {
                let params = &self.function.blocks[to.block].params;
                let expected: Vec<Type> = params.iter().map(|param| self.function.ty(*param)).collect();
                self.of_types(&to.args, &expected);
            }
        }
        match terminator {
            Terminator::Jump(_) | Terminator::Next | Terminator::Again | Terminator::Unreachable => {}
            Terminator::Cache { body, done, .. } => {
                if !cfg.is_reachable(body.block) || !cfg.is_reachable(*done) {
                    self.report("a cache has a body and a block after it");
                }
            }
            Terminator::Branch { cond, .. } => self.of_type(*cond, Type::Bool),
            Terminator::Switch { index, cases } => {
                self.of_type(*index, Type::I32);
                if cases.is_empty() {
                    self.report("a switch has at least one case");
                }
            }
            Terminator::Goto(operand) => {
                self.operand(*operand, "a label", |kind| *kind == OperandKind::Label);
            }
            Terminator::Leave { values, list } => self.values_and_list(values, *list),
            Terminator::Call {
                callee,
                args,
                first,
                next,
                catch,
            } => {
                if let Some(first) = first {
                    self.of_type(*first, Type::Ptr);
                }
                self.callee(*callee);
                self.call_args(args);
                self.continuations(next, catch.as_ref());
            }
            Terminator::TailCall { callee, args } => {
                self.callee(*callee);
                self.call_args(args);
            }
            Terminator::Throw(value) => self.boxed(*value),
            Terminator::Delegate => {
                if !matches!(self.function.kind, FunctionKind::Native(_)) {
                    self.report("only a native function leaves its call to another");
                }
            }
            Terminator::Resume {
                coroutine,
                args,
                next,
                catch,
            } => {
                self.reference(*coroutine);
                self.call_args(args);
                self.continuations(next, catch.as_ref());
            }
            Terminator::Yield { values, list, next } => {
                self.values_and_list(values, *list);
                self.continuations(next, None);
            }
            Terminator::TailJump { function, args } => {
                let Some(target) = self.function_of_same_kind(*function) else {
                    return;
                };
                self.of_types(args, &self.types_of_params(target));
                let is_form = target.variant.as_ref().is_some_and(|variant| variant.cache.is_some());
                let is_entered_again =
                    target.role == Role::Entry && is_form && !matches!(target.form, CacheForm::Case(_));
                if !matches!(target.role, Role::Cold { .. }) && !is_entered_again {
                    self.report(format!("`{}` is not entered by tail jumps", target.name));
                }
            }
        }
    }

    fn callee(&mut self, callee: ValueId) {
        match self.spec.callee {
            Some(record) => self.of_type(callee, Type::Ref(record)),
            None => self.report("the language declares no callee"),
        }
    }

    fn call_args(&mut self, args: &CallArgs) {
        match args {
            CallArgs::InPlace(operand) => self.run_operand(*operand),
            CallArgs::Copied { fixed, list } => self.values_and_list(fixed, *list),
        }
    }

    fn values_and_list(&mut self, values: &[ValueId], list: Option<(ValueId, ValueId)>) {
        for value in values {
            self.boxed(*value);
        }
        if let Some((ptr, count)) = list {
            self.of_type(ptr, Type::Ptr);
            self.of_type(count, Type::I32);
        }
    }

    fn continuations(&mut self, next: &Continuation, catch: Option<&Continuation>) {
        self.continuation(next, |role| matches!(role, Role::Continuation { .. }));
        if let Some(catch) = catch {
            self.continuation(catch, |role| matches!(role, Role::Catch { .. }));
            if !catch.saved.starts_with(&next.saved) {
                self.report("what a catch reads starts with what the normal continuation reads");
            }
        }
    }

    fn continuation(&mut self, continuation: &Continuation, has_role: impl Fn(Role) -> bool) {
        match continuation.target {
            ContinuationTarget::Block(block) => {
                if !self.function.blocks[block].params.is_empty() || !continuation.saved.is_empty() {
                    self.report(format!("{block} continues after a call, so it has no parameters"));
                }
            }
            ContinuationTarget::Function(function) => {
                let Some(target) = self.function_of_same_kind(function) else {
                    return;
                };
                self.of_types(&continuation.saved, &self.types_of_params(target));
                if !has_role(target.role) {
                    self.report(format!("`{}` is not a function of the right role", target.name));
                }
                for value in &continuation.saved {
                    self.one_of(*value, "something that a frame can hold", |ty| {
                        matches!(ty, Type::Val(_) | Type::F64 | Type::I32 | Type::Bool)
                    });
                }
            }
        }
    }

    fn function_of_same_kind(&mut self, id: FunctionId) -> Option<&'p Function> {
        let found = self
            .program
            .functions
            .get(id)
            .filter(|found| found.kind == self.function.kind);
        if found.is_none() {
            self.report(format!("{id} is not a part of the same bytecode"));
        }
        found
    }
}

/// What a block may read that a call left behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fresh {
    Nothing,
    Results,
    Caught,
}

/// Whether `value` is a parameter of a cold part.
fn is_handed_over(function: &Function, value: ValueId) -> bool {
    let parameter = matches!(function.values[value].def, ValueDef::Param(block, _) if block == function.entry);
    parameter && matches!(function.role, Role::Cold { .. })
}

/// Which call's plan is in `Hot.plan`, on entry to each block.
struct PlanAnswers {
    entry: Vec<Option<Option<ValueId>>>,
}

impl PlanAnswers {
    fn new(spec: &SpecTables, function: &Function, cfg: &Cfg) -> Self {
        let mut entry: Vec<Option<Option<ValueId>>> = vec![None; function.blocks.len()];
        entry[function.entry.index()] = Some(Self::on_entry(function));
        let mut changed = true;
        while changed {
            changed = false;
            for block in cfg.order() {
                let Some(mut answer) = entry[block.index()] else {
                    continue;
                };
                for inst in &function.blocks[*block].insts {
                    Self::pass(spec, function, *inst, &mut answer);
                }
                for edge in function.blocks[*block].terminator.edges() {
                    let after = if matches!(edge, Edge::Call(_)) { None } else { answer };
                    let slot = &mut entry[edge.block().index()];
                    let joined = if slot.is_none_or(|known| known == after) {
                        after
                    } else {
                        None
                    };
                    changed |= *slot != Some(joined);
                    *slot = Some(joined);
                }
            }
        }
        Self { entry }
    }
    /// A cold part may be handed an answer whose plan it reads: the parameter that it reads first.
    fn on_entry(function: &Function) -> Option<ValueId> {
        let read = function.insts.values().find_map(|inst| match inst.op {
            Op::PlanPayload { answer, .. } if is_handed_over(function, answer) => Some(answer),
            _ => None,
        });
        read.filter(|_| matches!(function.role, Role::Cold { .. }))
    }
    fn at(&self, block: BlockId) -> Option<ValueId> {
        self.entry[block.index()].flatten()
    }
    fn pass(spec: &SpecTables, function: &Function, inst: InstId, answer: &mut Option<ValueId>) {
        let data = &function.insts[inst];
        if let Op::CallExtern { callee, .. } = &data.op {
            match spec.externs[*callee].result {
                ExternResult::Plan(_) => *answer = data.results.first().copied(),
                _ if spec.externs[*callee].effects.reenters => *answer = None,
                _ => {}
            }
        }
    }
}
