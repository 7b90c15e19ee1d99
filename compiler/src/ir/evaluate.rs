//! Runs a function: the reference semantics that passes, handlers and templates are compared with.
//!
//! The evaluator knows instructions; memory, operands, runtime functions and callees are a [`Machine`]'s.

use super::function::{Block, Function, Program};
use super::ids::{BlockId, ExternId, FunctionId, Id, OperandId, RecordId, ValueId};
use super::inst::{CallArgs, Continuation, ContinuationTarget, Op, Terminator};
use super::numeric;
use super::spec::{CacheWord, ExternResult, FieldId, FieldType, LeafEncoding, RecordKind, ResultKind, SpecTables};
use super::types::TypeSet;

/// Everything outside the graph.
pub trait Machine {
    /// Reads `bytes` (1, 2, 4 or 8) at `address`, little-endian, zero-extended.
    fn read(&mut self, address: u64, bytes: u32) -> u64;
    /// Writes the low `bytes` (1, 2, 4 or 8) of `value` at `address`, little-endian.
    fn write(&mut self, address: u64, bytes: u32, value: u64);
    /// The address that references count from.
    fn arena(&self) -> u64;
    /// The address of slot 0 of the running frame.
    fn base(&self) -> u64;
    /// The running function object.
    fn callee(&self) -> u32;
    /// The surplus arguments of the running function.
    fn varargs(&self) -> Run;
    /// An operand of the running instruction.
    fn operand(&self, operand: OperandId) -> OperandValue;
    /// Where the running instruction puts its result.
    fn destination(&self) -> Destination;
    /// The end of an open result was set to `slot`.
    fn set_open_top(&mut self, slot: u32);
    /// A new object of this kind, all zero but for its header, with a trailing array of `count` elements; or what is thrown
    /// when there is no memory.
    fn allocate(&mut self, kind: u8, count: u32) -> Result<u32, u64>;
    /// Runs a runtime function. `args` are raw values, two for a list.
    fn call_extern(&mut self, callee: ExternId, args: &[u64]) -> ExternAnswer;
    /// A word that the instruction remembers.
    fn cache_word(&self, word: CacheWord) -> u64;
    /// Makes the instruction remember a word.
    fn set_cache_word(&mut self, word: CacheWord, value: u64);
    /// Makes the instruction one of this case; answers whether it did.
    fn cache_link(&mut self, case: u32) -> bool;
    /// Makes the instruction remember the callee of its call; answers whether it did.
    fn call_link(&mut self, callee: u32) -> bool;
    /// A guest call, resumption or yield: what it comes back with.
    fn call(&mut self, request: &Request) -> CallAnswer;
}

/// Values in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Run {
    /// The address of the first.
    pub address: u64,
    /// How many there are.
    pub count: u32,
}

/// What an instruction says about an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandValue {
    /// A slot number.
    Slot(u32),
    /// A boxed constant, or a constant reference.
    Const(u64),
    /// A number, or the distance of a label.
    Number(i32),
    /// A run of slots.
    Slots {
        /// The first slot.
        start: u32,
        /// How many there are.
        count: u32,
    },
}

/// Where a result goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The kind of result.
    pub kind: ResultKind,
    /// The first slot.
    pub start: u32,
    /// How many values are wanted, for [`ResultKind::Slots`].
    pub count: u32,
}

/// What a runtime function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExternAnswer {
    /// Its results: none, one, or two for a list.
    Returned(Vec<u64>),
    /// A case of a plan, and its payload: for each payload word its values.
    Plan {
        /// The case.
        case: u32,
        /// Per payload word: one value, or two for a list.
        payload: Vec<Vec<u64>>,
    },
    /// It threw this boxed value.
    Threw(u64),
}

/// What a function asks for when control leaves it for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Call a function object.
    Call {
        /// Its reference.
        callee: u32,
        /// The arguments.
        args: Vec<u64>,
    },
    /// Resume a coroutine.
    Resume {
        /// Its reference.
        coroutine: u32,
        /// The arguments.
        args: Vec<u64>,
    },
    /// Give values to the resumer.
    Yield(Vec<u64>),
}

/// How a request came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallAnswer {
    /// With results: at least one value is readable, nil when the count is 0.
    Returned(Run),
    /// With a thrown value.
    Threw(u64),
}

/// How a function ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next bytecode follows.
    Next,
    /// The same bytecode is executed again.
    Again,
    /// The bytecode at this distance follows.
    Goto(i32),
    /// The guest function returned these values.
    Leave(Vec<u64>),
    /// The guest function ended by calling another.
    TailCall {
        /// The function object.
        callee: u32,
        /// The arguments.
        args: Vec<u64>,
    },
    /// A boxed value was thrown, here or by a callee without a catch.
    Throw(u64),
    /// The call is left to the function of the host.
    Delegate,
}

/// Why evaluation stopped without an outcome: the graph or the machine broke a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// `Unreachable` was reached.
    Unreachable,
    /// More instructions ran than allowed.
    OutOfFuel,
    /// Something that the verifier excludes, or an answer of the machine of the wrong shape.
    Malformed(String),
}

/// Evaluates functions of a program.
pub struct Evaluator<'p> {
    program: &'p Program,
    /// Instructions that may still run.
    fuel: u64,
    nans: WeakChecks,
}

/// What happens when a weak check for doubles meets a NaN: an implementation may answer either way.
struct WeakChecks {
    /// Whether one has.
    met: bool,
    /// What it answers.
    answer: bool,
}

impl<'p> Evaluator<'p> {
    /// An evaluator that runs at most `fuel` instructions.
    pub const fn new(program: &'p Program, fuel: u64) -> Self {
        Self {
            program,
            fuel,
            nans: WeakChecks {
                met: false,
                answer: true,
            },
        }
    }
    /// The same evaluator, whose weak checks for doubles answer `answer` when they meet a NaN; without this, "double".
    #[must_use]
    pub const fn answering_nan(mut self, answer: bool) -> Self {
        self.nans.answer = answer;
        self
    }
    /// Whether a weak check for doubles has met a NaN; machine code may have answered otherwise.
    pub const fn met_nan(&self) -> bool {
        self.nans.met
    }
    /// Runs the function `id`, of role `Entry`, and what it goes on in.
    ///
    /// # Errors
    /// When the graph or the machine breaks a rule.
    pub fn run(&mut self, id: FunctionId, machine: &mut dyn Machine) -> Result<Outcome, EvaluationError> {
        let mut next = Entered {
            function: id,
            args: vec![],
            results: Run::default(),
            caught: 0,
        };
        let mut plan = Vec::new();
        loop {
            let function = &self.program.functions[next.function];
            let frame = Frame {
                spec: &self.program.spec,
                function,
                machine: &mut *machine,
                values: vec![None; function.values.len()],
                plan: &mut plan,
                results: next.results,
                caught: next.caught,
            };
            match self.frame(frame, &next.args)? {
                Step::Done(outcome) => return Ok(outcome),
                Step::Enter(entered) => next = entered,
            }
        }
    }

    fn frame(&mut self, mut frame: Frame<'_, '_>, args: &[u64]) -> Result<Step, EvaluationError> {
        let mut block = frame.function.entry;
        frame.bind(block, args)?;
        loop {
            let Block { insts, terminator, .. } = &frame.function.blocks[block];
            for inst in insts {
                self.fuel = self.fuel.checked_sub(1).ok_or(EvaluationError::OutOfFuel)?;
                let data = &frame.function.insts[*inst];
                match frame.op(&data.op, &mut self.nans)? {
                    Computed::Values(values) if values.len() == data.results.len() => {
                        for (result, value) in data.results.iter().zip(values) {
                            frame.values[result.index()] = Some(value);
                        }
                    }
                    Computed::Values(_) => return Err(malformed("an operation answered too many or too few values")),
                    Computed::Threw(error) => return Ok(Step::Done(Outcome::Throw(error))),
                }
            }
            self.fuel = self.fuel.checked_sub(1).ok_or(EvaluationError::OutOfFuel)?;
            match frame.terminator(terminator)? {
                Flow::Block(next) => block = next,
                Flow::Step(step) => return Ok(step),
            }
        }
    }
}

/// What a part of a bytecode is entered with.
struct Entered {
    function: FunctionId,
    args: Vec<u64>,
    results: Run,
    caught: u64,
}

enum Step {
    Done(Outcome),
    Enter(Entered),
}

enum Flow {
    Block(BlockId),
    Step(Step),
}

enum Computed {
    Values(Vec<u64>),
    Threw(u64),
}

struct Frame<'f, 'm> {
    spec: &'f SpecTables,
    function: &'f Function,
    machine: &'m mut dyn Machine,
    values: Vec<Option<u64>>,
    plan: &'m mut Vec<Vec<u64>>,
    results: Run,
    caught: u64,
}

type Evaluated<T> = Result<T, EvaluationError>;

impl Frame<'_, '_> {
    fn get(&self, value: ValueId) -> Evaluated<u64> {
        self.values[value.index()].ok_or_else(|| malformed(&format!("{value} has no value yet")))
    }

    fn list_of(&self, values: &[ValueId]) -> Evaluated<Vec<u64>> {
        values.iter().map(|value| self.get(*value)).collect()
    }

    fn bind(&mut self, block: BlockId, args: &[u64]) -> Evaluated<()> {
        let params = &self.function.blocks[block].params;
        if params.len() != args.len() {
            return Err(malformed(&format!(
                "{block} has {} parameters, not {}",
                params.len(),
                args.len()
            )));
        }
        for (param, arg) in params.iter().zip(args) {
            self.values[param.index()] = Some(*arg);
        }
        Ok(())
    }

    fn op(&mut self, op: &Op, nans: &mut WeakChecks) -> Evaluated<Computed> {
        let value = match op {
            Op::ConstF64(bits) | Op::ConstVal(bits) => *bits,
            Op::ConstI32(value) => u64::from(*value as u32),
            Op::ConstI64(value) => *value as u64,
            Op::ConstBool(value) => u64::from(*value),
            Op::ConstNull(_) => 0,
            Op::SlotIndex(operand) => match self.machine.operand(*operand) {
                OperandValue::Slot(start) | OperandValue::Slots { start, .. } => u64::from(start),
                _ => return Err(malformed("the operand is no slot")),
            },
            Op::Operand(operand) => match self.machine.operand(*operand) {
                OperandValue::Slot(slot) => {
                    let address = self.slot_address(u64::from(slot), 0);
                    self.machine.read(address, 8)
                }
                OperandValue::Const(bits) => bits,
                _ => return Err(malformed("the operand is neither slot nor constant")),
            },
            Op::ConstOperand(operand) => match self.machine.operand(*operand) {
                OperandValue::Const(bits) => bits,
                _ => return Err(malformed("the operand is no constant")),
            },
            Op::ImmOperand(operand) => match self.machine.operand(*operand) {
                OperandValue::Number(number) => u64::from(number as u32),
                _ => return Err(malformed("the operand is no number")),
            },
            Op::ListOperand(operand) => {
                let run = self.run_operand(*operand)?;
                return Ok(Computed::Values(vec![run.address, u64::from(run.count)]));
            }
            Op::Callee => u64::from(self.machine.callee()),
            Op::Varargs => {
                let run = self.machine.varargs();
                return Ok(Computed::Values(vec![run.address, u64::from(run.count)]));
            }
            Op::CallResults => {
                return Ok(Computed::Values(vec![
                    self.results.address,
                    u64::from(self.results.count),
                ]));
            }
            Op::Caught => self.caught,
            Op::SlotLoad { slot, offset } => {
                let address = self.slot_address(self.get(*slot)?, *offset);
                self.machine.read(address, 8)
            }
            Op::SlotStore { slot, offset, value } => {
                let (address, value) = (self.slot_address(self.get(*slot)?, *offset), self.get(*value)?);
                return self.store(address, 8, value);
            }
            Op::SlotAddress { slot, offset } => self.slot_address(self.get(*slot)?, *offset),
            Op::PtrLoad { ptr, index } => {
                let address = self.indexed(*ptr, *index)?;
                self.machine.read(address, 8)
            }
            Op::PtrStore { ptr, index, value, .. } => {
                let (address, value) = (self.indexed(*ptr, *index)?, self.get(*value)?);
                return self.store(address, 8, value);
            }
            Op::PtrAdd { ptr, index } => self.indexed(*ptr, *index)?,
            Op::StoreResult(value) => {
                let value = self.get(*value)?;
                self.store_results(&[value]);
                return Ok(Computed::Values(vec![]));
            }
            Op::StoreResults { ptr, count } => {
                let values = self.read_list(*ptr, *count)?;
                self.store_results(&values);
                return Ok(Computed::Values(vec![]));
            }
            Op::Is { value, set } => u64::from(self.is(self.get(*value)?, *set)),
            Op::BothDouble(a, b) => {
                let double = self.spec.double_leaf().map(TypeSet::leaf).unwrap_or_default();
                let (a, b) = (self.get(*a)?, self.get(*b)?);
                let both = self.is(a, double) && self.is(b, double);
                let has_nan = both && (f64::from_bits(a).is_nan() || f64::from_bits(b).is_nan());
                nans.met |= has_nan;
                u64::from(both && (nans.answer || !has_nan))
            }
            Op::SameBits(a, b) => u64::from(self.get(*a)? == self.get(*b)?),
            Op::Narrow { value, set } | Op::Assume { value, set } => {
                let value = self.get(*value)?;
                if !self.spec.leaf_of_bits(value).is_some_and(|leaf| set.contains(leaf)) {
                    return Err(malformed("a value is not of the type that was proven or assumed"));
                }
                value
            }
            Op::Unbox(value) => {
                let leaf = self.function.ty(*value).set().and_then(TypeSet::single);
                let bits = self.get(*value)?;
                match leaf.map(|leaf| self.spec.leaves[leaf].encoding) {
                    Some(LeafEncoding::Double) => bits,
                    Some(LeafEncoding::Int32 { .. } | LeafEncoding::Ref { .. }) => u64::from(bits as u32),
                    _ => return Err(malformed("nothing to unbox")),
                }
            }
            Op::Box { leaf, value } => {
                let bits = self.get(*value)?;
                match self.spec.leaves[*leaf].encoding {
                    LeafEncoding::Double => numeric::canonical(bits),
                    LeafEncoding::Int32 { tag } | LeafEncoding::Ref { tag, .. } => {
                        u64::from(tag) << 32 | u64::from(bits as u32)
                    }
                    LeafEncoding::Unit { .. } => return Err(malformed("a unit leaf has nothing to box")),
                }
            }
            Op::Unary(op, a) => numeric::unary(*op, self.function.ty(*a), self.get(*a)?),
            Op::Binary(op, a, b) => numeric::binary(*op, self.function.ty(*a), self.get(*a)?, self.get(*b)?),
            Op::FloatCompare(cond, a, b) => {
                u64::from(cond.evaluate(f64::from_bits(self.get(*a)?), f64::from_bits(self.get(*b)?)))
            }
            Op::IntCompare(cond, a, b) => u64::from(numeric::int_compare(
                *cond,
                self.function.ty(*a),
                self.get(*a)?,
                self.get(*b)?,
            )),
            Op::Load { record, field, base } => {
                let field = &self.spec.records[*record].fields[field.0 as usize];
                let address = self.at(self.get(*base)?, field.offset);
                self.load(address, field.ty)?
            }
            Op::Store {
                record,
                field,
                base,
                value,
                ..
            } => {
                let field = &self.spec.records[*record].fields[field.0 as usize];
                let address = self.at(self.get(*base)?, field.offset);
                return self.store(address, field.ty.bytes().unwrap_or(8), self.get(*value)?);
            }
            Op::ElementRef { record, base, index } => {
                let (address, _) = self.element(*record, *base, *index)?;
                (address - self.machine.arena()) / 8
            }
            Op::ElementLoad { record, base, index } => {
                let (address, ty) = self.element(*record, *base, *index)?;
                self.load(address, ty)?
            }
            Op::ElementStore {
                record,
                base,
                index,
                value,
            } => {
                let (address, ty) = self.element(*record, *base, *index)?;
                let length = self.at(self.get(*base)?, LENGTH_OFFSET);
                if self.get(*index)? >= self.machine.read(length, 4) {
                    return Err(malformed("a store to an element that the object does not have"));
                }
                return self.store(address, ty.bytes().unwrap_or(8), self.get(*value)?);
            }
            Op::Length { base, .. } => {
                let address = self.at(self.get(*base)?, LENGTH_OFFSET);
                self.machine.read(address, 4)
            }
            Op::New { record, fields, array } => return self.new_object(*record, fields, *array),
            Op::CallExtern { callee, args } => return self.call_extern(*callee, args),
            Op::PlanPayload { plan, case, index, .. } => {
                // Words of cases that were not answered are read where all are remembered; nothing uses them.
                let ty = self.spec.plans[*plan].cases[*case as usize].payload[*index as usize];
                let word = self.plan.get(*index as usize).cloned();
                return Ok(Computed::Values(word.unwrap_or_else(|| vec![0; ty.values().len()])));
            }
            Op::CacheLoad(word) => self.machine.cache_word(*word),
            Op::CacheStore { word, value } => {
                let value = self.get(*value)?;
                self.machine.set_cache_word(*word, value);
                return Ok(Computed::Values(vec![]));
            }
            Op::CacheLink { case } => u64::from(self.machine.cache_link(*case)),
            Op::CallLink { callee, .. } => {
                let callee = self.get(*callee)? as u32;
                u64::from(self.machine.call_link(callee))
            }
            // An implementation may always go the longer way.
            Op::FrameFits { .. } => 1,
        };
        Ok(Computed::Values(vec![value]))
    }

    fn new_object(
        &mut self,
        record: RecordId,
        fields: &[(FieldId, ValueId)],
        array: Option<(ValueId, ValueId)>,
    ) -> Evaluated<Computed> {
        let data = &self.spec.records[record];
        let RecordKind::Object { number } = data.kind else {
            return Err(malformed("a struct has no life of its own"));
        };
        let count = match array {
            Some((_, count)) => self.get(count)? as u32,
            None => 0,
        };
        let object = match self.machine.allocate(number, count) {
            Ok(object) => u64::from(object),
            Err(error) => return Ok(Computed::Threw(error)),
        };
        for (field, value) in fields {
            let field = &data.fields[field.0 as usize];
            let (address, value) = (self.at(object, field.offset), self.get(*value)?);
            self.machine.write(address, field.ty.bytes().unwrap_or(8), value);
        }
        if let (Some((element, _)), Some(trailing)) = (array, &data.trailing) {
            let (start, element) = (self.at(object, trailing.offset), self.get(element)?);
            for index in 0..u64::from(count) {
                let address = start + u64::from(trailing.stride) * index;
                self.machine
                    .write(address, trailing.element.bytes().unwrap_or(8), element);
            }
        }
        Ok(Computed::Values(vec![object]))
    }

    fn call_extern(&mut self, callee: ExternId, args: &[ValueId]) -> Evaluated<Computed> {
        let args = self.list_of(args)?;
        let row = &self.spec.externs[callee];
        match (self.machine.call_extern(callee, &args), row.result) {
            (ExternAnswer::Plan { case, payload }, ExternResult::Plan(_)) => {
                *self.plan = payload;
                Ok(Computed::Values(vec![u64::from(case)]))
            }
            (ExternAnswer::Returned(values), ExternResult::None | ExternResult::One(_)) => Ok(Computed::Values(values)),
            (ExternAnswer::Threw(error), _) if row.effects.throws => Ok(Computed::Threw(error)),
            (answer, _) => Err(malformed(&format!("`{}` cannot answer {answer:?}", row.name))),
        }
    }

    fn terminator(&mut self, terminator: &Terminator) -> Evaluated<Flow> {
        let done = |outcome| Ok(Flow::Step(Step::Done(outcome)));
        match terminator {
            Terminator::Jump(to) | Terminator::Cache { body: to, .. } => self.go(to),
            Terminator::Branch {
                cond, then, otherwise, ..
            } => self.go(if self.get(*cond)? != 0 { then } else { otherwise }),
            Terminator::Switch { index, cases } => {
                let index = self.get(*index)?;
                let case = usize::try_from(index).ok().and_then(|index| cases.get(index));
                self.go(case.ok_or_else(|| malformed("a switch has no such case"))?)
            }
            Terminator::Next => done(Outcome::Next),
            Terminator::Again => done(Outcome::Again),
            Terminator::Goto(operand) => match self.machine.operand(*operand) {
                OperandValue::Number(distance) => done(Outcome::Goto(distance)),
                _ => Err(malformed("the operand is no label")),
            },
            Terminator::Leave { values, list } => done(Outcome::Leave(self.values_and_list(values, *list)?)),
            Terminator::Call {
                callee,
                args,
                next,
                catch,
                ..
            } => {
                let request = Request::Call {
                    callee: self.get(*callee)? as u32,
                    args: self.call_args(args)?,
                };
                self.leave_for(&request, next, catch.as_ref())
            }
            Terminator::TailCall { callee, args } => done(Outcome::TailCall {
                callee: self.get(*callee)? as u32,
                args: self.call_args(args)?,
            }),
            Terminator::Throw(value) => done(Outcome::Throw(self.get(*value)?)),
            Terminator::Delegate => done(Outcome::Delegate),
            Terminator::Resume {
                coroutine,
                args,
                next,
                catch,
            } => {
                let request = Request::Resume {
                    coroutine: self.get(*coroutine)? as u32,
                    args: self.call_args(args)?,
                };
                self.leave_for(&request, next, catch.as_ref())
            }
            Terminator::Yield { values, list, next } => {
                let request = Request::Yield(self.values_and_list(values, *list)?);
                self.leave_for(&request, next, None)
            }
            Terminator::TailJump { function, args } => {
                let args = self.list_of(args)?;
                let (results, caught) = (self.results, self.caught);
                Ok(Flow::Step(Step::Enter(Entered {
                    function: *function,
                    args,
                    results,
                    caught,
                })))
            }
            Terminator::Unreachable => Err(EvaluationError::Unreachable),
        }
    }

    fn leave_for(&mut self, request: &Request, next: &Continuation, catch: Option<&Continuation>) -> Evaluated<Flow> {
        let continuation = match (self.machine.call(request), catch) {
            (CallAnswer::Returned(run), _) => {
                self.results = run;
                next
            }
            (CallAnswer::Threw(error), Some(catch)) => {
                self.caught = error;
                catch
            }
            (CallAnswer::Threw(error), None) => return Ok(Flow::Step(Step::Done(Outcome::Throw(error)))),
        };
        match continuation.target {
            ContinuationTarget::Block(block) => Ok(Flow::Block(block)),
            ContinuationTarget::Function(function) => {
                let args = self.list_of(&continuation.saved)?;
                let (results, caught) = (self.results, self.caught);
                Ok(Flow::Step(Step::Enter(Entered {
                    function,
                    args,
                    results,
                    caught,
                })))
            }
        }
    }

    fn go(&mut self, to: &super::inst::BlockCall) -> Evaluated<Flow> {
        let args = self.list_of(&to.args)?;
        self.bind(to.block, &args)?;
        Ok(Flow::Block(to.block))
    }

    fn call_args(&mut self, args: &CallArgs) -> Evaluated<Vec<u64>> {
        match args {
            CallArgs::InPlace(operand) => {
                let run = self.run_operand(*operand)?;
                Ok(self.read_run(run))
            }
            CallArgs::Copied { fixed, list } => self.values_and_list(fixed, *list),
        }
    }

    fn values_and_list(&mut self, values: &[ValueId], list: Option<(ValueId, ValueId)>) -> Evaluated<Vec<u64>> {
        let mut values = self.list_of(values)?;
        if let Some((ptr, count)) = list {
            values.extend(self.read_list(ptr, count)?);
        }
        Ok(values)
    }

    fn read_list(&mut self, ptr: ValueId, count: ValueId) -> Evaluated<Vec<u64>> {
        let run = Run {
            address: self.get(ptr)?,
            count: self.get(count)? as u32,
        };
        Ok(self.read_run(run))
    }

    fn read_run(&mut self, run: Run) -> Vec<u64> {
        (0..u64::from(run.count))
            .map(|index| self.machine.read(run.address + 8 * index, 8))
            .collect()
    }

    fn run_operand(&self, operand: OperandId) -> Evaluated<Run> {
        match self.machine.operand(operand) {
            OperandValue::Slots { start, count } => Ok(Run {
                address: self.slot_address(u64::from(start), 0),
                count,
            }),
            _ => Err(malformed("the operand is no run of slots")),
        }
    }

    /// Puts results where the instruction says: missing ones are filled with the first unit leaf, whose bits are all
    /// ones.
    fn store_results(&mut self, values: &[u64]) {
        let Destination { kind, start, count } = self.machine.destination();
        let count = match kind {
            ResultKind::Slot => 1,
            ResultKind::Slots => count,
            ResultKind::OpenSlots => values.len() as u32,
        };
        for index in 0..count {
            let value = values.get(index as usize).copied().unwrap_or(u64::MAX);
            let address = self.slot_address(u64::from(start + index), 0);
            self.machine.write(address, 8, value);
        }
        if kind == ResultKind::OpenSlots {
            self.machine.set_open_top(start + count);
        }
    }

    fn is(&self, bits: u64, set: TypeSet) -> bool {
        self.spec.leaf_of_bits(bits).is_some_and(|leaf| set.contains(leaf))
    }

    fn slot_address(&self, slot: u64, offset: i32) -> u64 {
        let slot = i64::from(slot as u32 as i32) + i64::from(offset);
        self.machine.base().wrapping_add_signed(8 * slot)
    }

    fn indexed(&self, ptr: ValueId, index: ValueId) -> Evaluated<u64> {
        let index = i64::from(self.get(index)? as u32 as i32);
        Ok(self.get(ptr)?.wrapping_add_signed(8 * index))
    }

    fn at(&self, reference: u64, offset: u32) -> u64 {
        self.machine.arena() + 8 * reference + u64::from(offset)
    }

    fn element(&self, record: super::ids::RecordId, base: ValueId, index: ValueId) -> Evaluated<(u64, FieldType)> {
        let trailing = self.spec.records[record].trailing.as_ref();
        let trailing = trailing.ok_or_else(|| malformed("the object has no elements"))?;
        let start = self.at(self.get(base)?, trailing.offset);
        Ok((start + u64::from(trailing.stride) * self.get(index)?, trailing.element))
    }

    fn load(&mut self, address: u64, ty: FieldType) -> Evaluated<u64> {
        let bytes = ty.bytes().ok_or_else(|| malformed("a struct is not loaded whole"))?;
        Ok(self.machine.read(address, bytes))
    }

    fn store(&mut self, address: u64, bytes: u32, value: u64) -> Evaluated<Computed> {
        self.machine.write(address, bytes, value);
        Ok(Computed::Values(vec![]))
    }
}

/// Bytes from the start of an object to the length of its trailing array.
const LENGTH_OFFSET: u32 = 4;

fn malformed(message: &str) -> EvaluationError {
    EvaluationError::Malformed(message.into())
}
