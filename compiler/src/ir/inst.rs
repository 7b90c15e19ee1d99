//! Operations, which compute values inside a block, and terminators, which end one.

use super::ids::{BlockId, ExternId, FunctionId, LeafId, OperandId, PlanId, RecordId, ValueId};
use super::spec::{CacheWord, FieldId};
use super::types::TypeSet;

/// What an instruction does. Results are one value unless said otherwise; an operation has no effect unless it says so.
///
/// Slots are named by an `I32` value, usually [`Op::SlotIndex`], and a constant offset: slot `slot + offset` of the
/// running frame. Any two may be the same slot unless both are the same value with different offsets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `F64` of these bits.
    ConstF64(u64),
    /// `I32`.
    ConstI32(i32),
    /// `I64`.
    ConstI64(i64),
    /// `Bool`.
    ConstBool(bool),
    /// The boxed value of these bits: `Val` of its leaf.
    ConstVal(u64),
    /// The null reference to a record.
    ConstNull(RecordId),

    /// The slot number in the instruction of an operand that is a slot, a run or an out slot: `I32`.
    SlotIndex(OperandId),
    /// The value of an operand that has both slot and constant alternatives: `Val`. Only before `specialise`, which
    /// makes it a [`Op::SlotLoad`] or a [`Op::ConstOperand`].
    Operand(OperandId),
    /// A constant of the instruction: `Val` of the leaves of its kind, or the `Ref` of a constant reference.
    ConstOperand(OperandId),
    /// A number of the instruction: `I32` (16-bit ones zero-extended).
    ImmOperand(OperandId),
    /// A run of slots of the instruction. Two results: `Ptr` to the first, `I32` count.
    ListOperand(OperandId),
    /// The running function object: `Ref` of the language's callee.
    Callee,
    /// The surplus arguments of the running function. Two results: `Ptr`, `I32` count.
    Varargs,
    /// Only in a continuation, before anything that can call: what the callee answered. Two results: `Ptr`, `I32` count.
    /// There is always one readable value: nil when the count is 0.
    CallResults,
    /// Only in a catch continuation, before anything that can throw: the thrown value, `Val`.
    Caught,

    /// Reads a slot: `Val` of any leaf.
    SlotLoad { slot: ValueId, offset: i32 },
    /// Effect: writes a slot. No result.
    SlotStore { slot: ValueId, offset: i32, value: ValueId },
    /// The address of a slot: `Ptr`.
    SlotAddress { slot: ValueId, offset: i32 },
    /// Reads value `index` of a run, or of anything that a `Ptr` to values points at: `Val` of any leaf.
    PtrLoad { ptr: ValueId, index: ValueId },
    /// Effect: writes there. `owner` is the object to tell the collector of (the one that may hold the value). No result.
    PtrStore {
        ptr: ValueId,
        index: ValueId,
        value: ValueId,
        owner: ValueId,
    },
    /// The address `index` values further on: `Ptr`.
    PtrAdd { ptr: ValueId, index: ValueId },

    /// Effect: the one result of the bytecode, put where its variant says. No result.
    StoreResult(ValueId),
    /// Effect: a list of results, put where the variant says. No result.
    StoreResults { ptr: ValueId, count: ValueId },

    /// Whether a boxed value is of one of these leaves: `Bool`. Exact; but as it may become a [`Op::BothDouble`], false
    /// never proves that a value is no double.
    Is { value: ValueId, set: TypeSet },
    /// Whether both are doubles: `Bool`. A weak check: it may answer false when either is a NaN. Both operands may be
    /// the same value.
    BothDouble(ValueId, ValueId),
    /// Whether two boxed values have the same bits: `Bool`.
    SameBits(ValueId, ValueId),
    /// The same value, of which more is known here: `Val` of the leaves in both its type and `set`. Stands where a
    /// branch has proven it: only blocks that such an edge dominates may have it.
    Narrow { value: ValueId, set: TypeSet },
    /// The same, where the specification promises it (`assume`). What is promised is known of this value only.
    Assume { value: ValueId, set: TypeSet },
    /// What is inside a boxed value whose type is a single leaf with a payload: `F64`, `I32` or `Ref`.
    Unbox(ValueId),
    /// A boxed value of `leaf` from its payload: `Val` of that leaf. Boxing a double makes NaNs canonical.
    Box { leaf: LeafId, value: ValueId },

    /// One operand, see [`UnaryOp`].
    Unary(UnaryOp, ValueId),
    /// Two operands, see [`BinaryOp`].
    Binary(BinaryOp, ValueId, ValueId),
    /// Compares doubles: `Bool`.
    FloatCompare(FloatCond, ValueId, ValueId),
    /// Compares `I32`s, `I64`s, `Bool`s, `Ptr`s or `Ref`s of one type: `Bool`.
    IntCompare(IntCond, ValueId, ValueId),

    /// Reads a field.
    Load {
        record: RecordId,
        field: FieldId,
        base: ValueId,
    },
    /// Effect: writes a field. `owner` is the object that `base` is part of (for objects, `base` itself); lowering makes
    /// the barrier from it. No result.
    Store {
        record: RecordId,
        field: FieldId,
        base: ValueId,
        value: ValueId,
        owner: ValueId,
    },
    /// Element `index` (unsigned) of an object's trailing array of structs: `Ref` of the struct.
    ElementRef {
        record: RecordId,
        base: ValueId,
        index: ValueId,
    },
    /// Reads element `index` (unsigned) of an object's trailing array of anything but structs.
    ElementLoad {
        record: RecordId,
        base: ValueId,
        index: ValueId,
    },
    /// Effect: writes element `index` (unsigned). No result.
    ElementStore {
        record: RecordId,
        base: ValueId,
        index: ValueId,
        value: ValueId,
    },
    /// The length of an object's trailing array: `I32`, unsigned.
    Length { record: RecordId, base: ValueId },

    /// Effect: a new object: `Ref`. Fields that are not named are zero. `array` is every element of the trailing array, and
    /// how many there are (unsigned). When there is no memory, it throws, and the bytecode ends there.
    New {
        record: RecordId,
        fields: Vec<(FieldId, ValueId)>,
        array: Option<(ValueId, ValueId)>,
    },

    /// Calls a runtime function; effects as declared. Results: none, one, two for a list, the `I32` case for a plan.
    /// When it throws, the bytecode ends there.
    CallExtern { callee: ExternId, args: Vec<ValueId> },
    /// Word `index` of what came with `case` of a plan. `answer` is the result of the [`Op::CallExtern`]; no other
    /// extern that answers a plan is called in between. As many results as the payload has values.
    PlanPayload {
        answer: ValueId,
        plan: PlanId,
        case: u32,
        index: u32,
    },

    /// A word that the instruction remembers: of the type that its variant says. What is remembered can change when
    /// other code runs.
    CacheLoad(CacheWord),
    /// Effect: makes the instruction remember a word; it means nothing before it is linked. No result.
    CacheStore { word: CacheWord, value: ValueId },
    /// Effect: makes the instruction one of this case, whose words have been stored: `Bool`, whether that was done. It
    /// may be refused.
    CacheLink { case: u32 },
    /// Effect: makes the instruction remember the callee of its call with these arguments, all words of it: `Bool`,
    /// whether that was done. It may be refused.
    CallLink { callee: ValueId, args: OperandId },
    /// Whether the stack has room for a frame of so many bytes that begins with these arguments, an `I32`: `Bool`.
    FrameFits { args: OperandId, bytes: ValueId },
}

/// Operations of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `F64`: flips the sign.
    FNeg,
    /// `F64`: clears the sign.
    FAbs,
    /// `F64`: square root, correctly rounded.
    FSqrt,
    /// `F64`: the largest integral double not above.
    FFloor,
    /// `F64`: the smallest integral double not below.
    FCeil,
    /// `I32` or `I64`: two's complement negation.
    INeg,
    /// `I32`, `I64` or `Bool`: every bit flipped (of a `Bool`, its one bit).
    Not,
    /// `F64` to `I32`: towards zero; `i32::MIN` for what does not fit, and for NaN.
    TruncateToI32,
    /// Signed `I32` to `F64`.
    I32ToF64,
    /// Unsigned `I32` to `F64`.
    U32ToF64,
    /// `I32` to `I64`, zero-extended.
    ZeroExtend,
    /// `I32` to `I64`, sign-extended.
    SignExtend,
    /// `I64` to `I32`: the low half.
    Wrap,
    /// `Bool` to `I32`: 0 or 1.
    BoolToI32,
    /// `Ref` to `Bool`: whether it is 0.
    IsNull,
    /// `Val` to `I32`: a hash of its bits.
    Hash,
}

/// Operations of two operands of one type, which is also the result's (but shifts count by an `I32`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `F64` +.
    FAdd,
    /// `F64` -.
    FSub,
    /// `F64` *.
    FMul,
    /// `F64` /.
    FDiv,
    /// `F64`: `a < b ? a : b`, so the second one when unordered or equal.
    FMin,
    /// `F64`: `a > b ? a : b`, so the second one when unordered or equal.
    FMax,
    /// Integers, wrapping.
    IAdd,
    /// Integers, wrapping.
    ISub,
    /// Integers, wrapping.
    IMul,
    /// Integers or `Bool`.
    And,
    /// Integers or `Bool`.
    Or,
    /// Integers or `Bool`.
    Xor,
    /// Left; the count is taken modulo the width.
    Shl,
    /// Right, zero-filling; the count is taken modulo the width.
    Shr,
    /// Right, sign-filling; the count is taken modulo the width.
    Sar,
}

/// Comparisons of doubles. The `U` forms are also true when either is a NaN, the others false, but `Ne`, which is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FloatCond {
    /// Ordered and equal.
    Eq,
    /// Unordered or unequal.
    Ne,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Unordered or less.
    Ult,
    /// Unordered, less or equal.
    Ule,
    /// Unordered or greater.
    Ugt,
    /// Unordered, greater or equal.
    Uge,
    /// Neither is a NaN.
    Ordered,
    /// At least one is a NaN.
    Unordered,
}

impl FloatCond {
    /// The comparison that is true when this one is false.
    #[must_use]
    pub const fn negate(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Uge,
            Self::Le => Self::Ugt,
            Self::Gt => Self::Ule,
            Self::Ge => Self::Ult,
            Self::Ult => Self::Ge,
            Self::Ule => Self::Gt,
            Self::Ugt => Self::Le,
            Self::Uge => Self::Lt,
            Self::Ordered => Self::Unordered,
            Self::Unordered => Self::Ordered,
        }
    }
    /// What it answers.
    pub fn evaluate(self, a: f64, b: f64) -> bool {
        let unordered = a.is_nan() || b.is_nan();
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => a < b,
            Self::Le => a <= b,
            Self::Gt => a > b,
            Self::Ge => a >= b,
            Self::Ult => unordered || a < b,
            Self::Ule => unordered || a <= b,
            Self::Ugt => unordered || a > b,
            Self::Uge => unordered || a >= b,
            Self::Ordered => !unordered,
            Self::Unordered => unordered,
        }
    }
}

/// Comparisons of integers; `S` signed, `U` unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntCond {
    /// Equal.
    Eq,
    /// Unequal.
    Ne,
    /// Signed less.
    Slt,
    /// Signed less or equal.
    Sle,
    /// Signed greater.
    Sgt,
    /// Signed greater or equal.
    Sge,
    /// Unsigned less.
    Ult,
    /// Unsigned less or equal.
    Ule,
    /// Unsigned greater.
    Ugt,
    /// Unsigned greater or equal.
    Uge,
    /// `I32` only: the sum does not fit into one, signed.
    SumOverflows,
    /// The sum fits.
    SumFits,
    /// `I32` only: the difference does not fit into one, signed.
    DifferenceOverflows,
    /// The difference fits.
    DifferenceFits,
    /// `I32` only: the product does not fit into one, signed.
    ProductOverflows,
    /// The product fits.
    ProductFits,
}

impl IntCond {
    /// The comparison that is true when this one is false.
    #[must_use]
    pub const fn negate(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Slt => Self::Sge,
            Self::Sle => Self::Sgt,
            Self::Sgt => Self::Sle,
            Self::Sge => Self::Slt,
            Self::Ult => Self::Uge,
            Self::Ule => Self::Ugt,
            Self::Ugt => Self::Ule,
            Self::Uge => Self::Ult,
            Self::SumOverflows => Self::SumFits,
            Self::SumFits => Self::SumOverflows,
            Self::DifferenceOverflows => Self::DifferenceFits,
            Self::DifferenceFits => Self::DifferenceOverflows,
            Self::ProductOverflows => Self::ProductFits,
            Self::ProductFits => Self::ProductOverflows,
        }
    }

    /// Is it about the result of arithmetic on two `I32`?
    pub const fn is_about_overflow(self) -> bool {
        matches!(
            self,
            Self::SumOverflows
                | Self::SumFits
                | Self::DifferenceOverflows
                | Self::DifferenceFits
                | Self::ProductOverflows
                | Self::ProductFits
        )
    }

    /// What it answers for two sign-extended integers of the same width.
    pub const fn evaluate(self, a: i64, b: i64) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Slt => a < b,
            Self::Sle => a <= b,
            Self::Sgt => a > b,
            Self::Sge => a >= b,
            Self::Ult => (a as u64) < b as u64,
            Self::Ule => a as u64 <= b as u64,
            Self::Ugt => a as u64 > b as u64,
            Self::Uge => a as u64 >= b as u64,
            Self::SumOverflows | Self::SumFits => fits(a + b) == matches!(self, Self::SumFits),
            Self::DifferenceOverflows | Self::DifferenceFits => fits(a - b) == matches!(self, Self::DifferenceFits),
            Self::ProductOverflows | Self::ProductFits => fits(a * b) == matches!(self, Self::ProductFits),
        }
    }
}

/// Whether the exact result of arithmetic on two `I32` is one.
const fn fits(result: i64) -> bool {
    result == result as i32 as i64
}

/// A block and the arguments of its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockCall {
    /// Where to go.
    pub block: BlockId,
    /// One per parameter.
    pub args: Vec<ValueId>,
}

impl BlockCall {
    /// A block without parameters.
    pub const fn to(block: BlockId) -> Self {
        Self {
            block,
            args: Vec::new(),
        }
    }
}

impl From<BlockId> for BlockCall {
    fn from(block: BlockId) -> Self {
        Self::to(block)
    }
}

/// Which side of a branch is the hot one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Likely {
    /// Nothing is known.
    #[default]
    Unknown,
    /// The condition is expected to hold.
    Then,
    /// The condition is expected not to hold.
    Else,
}

/// The arguments of a guest call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallArgs {
    /// The run of slots that an operand names: they become the callee's first slots where they are.
    InPlace(OperandId),
    /// These values, then the values of the list, are copied to a new frame.
    Copied {
        fixed: Vec<ValueId>,
        list: Option<(ValueId, ValueId)>,
    },
}

/// Where the running function goes on after a call.
///
/// Before `split` a block of the same function, whose values it sees by dominance. After it, a function of role
/// [`super::function::Role::Continuation`] or `Catch`, whose entry parameters are the values of `saved`; they are of
/// type `Val` or `F64`, or numbers, so that a frame can hold them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// Block or function.
    pub target: ContinuationTarget,
    /// What is saved below the callee's frame header across the call; empty before `split`. There is one place for it:
    /// what a catch continuation saves starts with what the normal one saves, so the longer list is what is stored.
    /// Calls that save anything have copied arguments.
    pub saved: Vec<ValueId>,
}

/// What a [`Continuation`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContinuationTarget {
    /// A block without parameters.
    Block(BlockId),
    /// A function.
    Function(FunctionId),
}

impl From<BlockId> for Continuation {
    fn from(block: BlockId) -> Self {
        Self {
            target: ContinuationTarget::Block(block),
            saved: Vec::new(),
        }
    }
}

/// How a block ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// Goes to a block.
    Jump(BlockCall),
    /// Goes to one of two blocks.
    Branch {
        cond: ValueId,
        then: BlockCall,
        otherwise: BlockCall,
        likely: Likely,
    },
    /// Goes to block `index`, an `I32` that is below the number of blocks.
    Switch { index: ValueId, cases: Vec<BlockCall> },
    /// A remembered computation: when `key` is what it was, goes to `done` with the arguments it was reached with from
    /// `body` at that time; otherwise goes to `body`. Always going to `body` is a correct implementation.
    Cache {
        key: Vec<ValueId>,
        ways: u32,
        body: BlockCall,
        done: BlockId,
    },
    /// The bytecode ends; the next one follows.
    Next,
    /// The bytecode ends; the one that a label operand names follows.
    Goto(OperandId),
    /// Returns from the guest function with these values, then those of the list.
    Leave {
        values: Vec<ValueId>,
        list: Option<(ValueId, ValueId)>,
    },
    /// Calls the function object `callee` (`Ref` of the language's callee). If its first instruction is known (`Ptr`), its
    /// frame fits, and it is given all its arguments and none too many.
    Call {
        callee: ValueId,
        args: CallArgs,
        first: Option<ValueId>,
        next: Continuation,
        catch: Option<Continuation>,
    },
    /// Calls `callee` in place of the running function.
    TailCall { callee: ValueId, args: CallArgs },
    /// Throws a boxed value.
    Throw(ValueId),
    /// Runs a coroutine (`Ref`) until it yields, returns or throws.
    Resume {
        coroutine: ValueId,
        args: CallArgs,
        next: Continuation,
        catch: Option<Continuation>,
    },
    /// Gives these values, then those of the list, to the resumer; goes on when resumed again.
    Yield {
        values: Vec<ValueId>,
        list: Option<(ValueId, ValueId)>,
        next: Continuation,
    },
    /// The same instruction is executed again, as what it has become.
    Again,
    /// Goes on in another function of the same frame, whose entry parameters are `args`. Made by `split`, and by
    /// `inline_caching` to the linking form of the same bytecode.
    TailJump { function: FunctionId, args: Vec<ValueId> },
    /// Leaves the call of a native function to the host's: it runs in this frame, which is as the caller made it.
    Delegate,
    /// Never reached.
    Unreachable,
}

/// Visits every value that an operation reads: `f` gets `&ValueId` or `&mut ValueId`, as `$op` is borrowed.
macro_rules! visit_op_args {
    ($op:expr, $f:expr) => {{
        let mut f = $f;
        match $op {
            Op::ConstF64(_)
            | Op::ConstI32(_)
            | Op::ConstI64(_)
            | Op::ConstBool(_)
            | Op::ConstVal(_)
            | Op::ConstNull(_)
            | Op::SlotIndex(_)
            | Op::Operand(_)
            | Op::ConstOperand(_)
            | Op::ImmOperand(_)
            | Op::ListOperand(_)
            | Op::Callee
            | Op::Varargs
            | Op::CallResults
            | Op::Caught
            | Op::CacheLoad(_)
            | Op::CacheLink { .. } => {}
            Op::SlotLoad { slot, .. } | Op::SlotAddress { slot, .. } => f(slot),
            Op::SlotStore { slot, value, .. } => {
                f(slot);
                f(value);
            }
            Op::PtrLoad { ptr, index } | Op::PtrAdd { ptr, index } => {
                f(ptr);
                f(index);
            }
            Op::PtrStore {
                ptr,
                index,
                value,
                owner,
            } => {
                f(ptr);
                f(index);
                f(value);
                f(owner);
            }
            Op::StoreResults { ptr, count } => {
                f(ptr);
                f(count);
            }
            Op::StoreResult(value)
            | Op::Is { value, .. }
            | Op::Narrow { value, .. }
            | Op::Assume { value, .. }
            | Op::Unbox(value)
            | Op::Box { value, .. }
            | Op::Unary(_, value)
            | Op::PlanPayload { answer: value, .. }
            | Op::CacheStore { value, .. }
            | Op::CallLink { callee: value, .. }
            | Op::FrameFits { bytes: value, .. }
            | Op::Load { base: value, .. }
            | Op::Length { base: value, .. } => f(value),
            Op::BothDouble(a, b)
            | Op::SameBits(a, b)
            | Op::Binary(_, a, b)
            | Op::FloatCompare(_, a, b)
            | Op::IntCompare(_, a, b)
            | Op::ElementRef { base: a, index: b, .. }
            | Op::ElementLoad { base: a, index: b, .. } => {
                f(a);
                f(b);
            }
            Op::Store { base, value, owner, .. } => {
                f(base);
                f(value);
                f(owner);
            }
            Op::ElementStore { base, index, value, .. } => {
                f(base);
                f(index);
                f(value);
            }
            Op::CallExtern { args, .. } => {
                for arg in args {
                    f(arg);
                }
            }
            Op::New { fields, array, .. } => {
                for (_, value) in fields {
                    f(value);
                }
                if let Some((element, count)) = array {
                    f(element);
                    f(count);
                }
            }
        }
    }};
}

/// Visits every value that a terminator reads, arguments of successors included.
macro_rules! visit_terminator_args {
    ($terminator:expr, $f:expr, $iter:ident) => {{
        let mut f = $f;
        if let Terminator::Call { first: Some(first), .. } = $terminator {
            f(first);
        }
        match $terminator {
            Terminator::Next
            | Terminator::Again
            | Terminator::Goto(_)
            | Terminator::Delegate
            | Terminator::Unreachable => {}
            Terminator::Jump(to) => to.args.$iter().for_each(f),
            Terminator::Branch {
                cond, then, otherwise, ..
            } => {
                f(cond);
                then.args.$iter().for_each(&mut f);
                otherwise.args.$iter().for_each(f);
            }
            Terminator::Switch { index, cases } => {
                f(index);
                cases.$iter().for_each(|case| case.args.$iter().for_each(&mut f));
            }
            Terminator::Cache { key, body, .. } => {
                key.$iter().for_each(&mut f);
                body.args.$iter().for_each(f);
            }
            Terminator::Leave { values, list } => {
                values.$iter().for_each(&mut f);
                if let Some((ptr, count)) = list {
                    f(ptr);
                    f(count);
                }
            }
            Terminator::Yield { values, list, next } => {
                values.$iter().for_each(&mut f);
                if let Some((ptr, count)) = list {
                    f(ptr);
                    f(count);
                }
                next.saved.$iter().for_each(f);
            }
            Terminator::Call {
                callee,
                args,
                next,
                catch,
                ..
            }
            | Terminator::Resume {
                coroutine: callee,
                args,
                next,
                catch,
            } => {
                f(callee);
                if let CallArgs::Copied { fixed, list } = args {
                    fixed.$iter().for_each(&mut f);
                    if let Some((ptr, count)) = list {
                        f(ptr);
                        f(count);
                    }
                }
                next.saved.$iter().for_each(&mut f);
                if let Some(catch) = catch {
                    catch.saved.$iter().for_each(f);
                }
            }
            Terminator::TailCall { callee, args } => {
                f(callee);
                if let CallArgs::Copied { fixed, list } = args {
                    fixed.$iter().for_each(&mut f);
                    if let Some((ptr, count)) = list {
                        f(ptr);
                        f(count);
                    }
                }
            }
            Terminator::Throw(value) => f(value),
            Terminator::TailJump { args, .. } => args.$iter().for_each(f),
        }
    }};
}

impl Op {
    /// Whether it writes slots or the heap, allocates or calls a runtime function: whether it must stay where it is.
    pub const fn has_effect(&self) -> bool {
        matches!(
            self,
            Self::SlotStore { .. }
                | Self::PtrStore { .. }
                | Self::StoreResult(_)
                | Self::StoreResults { .. }
                | Self::Store { .. }
                | Self::ElementStore { .. }
                | Self::CallExtern { .. }
                | Self::CacheStore { .. }
                | Self::CacheLink { .. }
                | Self::New { .. }
                | Self::CallLink { .. }
        )
    }
    /// Every value it reads, in the order of its fields.
    pub fn args(&self) -> Vec<ValueId> {
        let mut args = Vec::new();
        visit_op_args!(self, |value: &ValueId| args.push(*value));
        args
    }
    /// Calls `visit` on every value it reads, to change it.
    pub fn visit_args_mut(&mut self, visit: impl FnMut(&mut ValueId)) {
        visit_op_args!(self, visit);
    }
}

/// An edge out of a block, inside its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge<'a> {
    /// With these arguments.
    Args(&'a BlockCall),
    /// To the block after a cache, with arguments remembered from before.
    Remembered(BlockId),
    /// Through a call, to its continuation or catch block.
    Call(BlockId),
}

impl Edge<'_> {
    /// Where the edge leads.
    pub const fn block(&self) -> BlockId {
        match self {
            Self::Args(to) => to.block,
            Self::Remembered(block) | Self::Call(block) => *block,
        }
    }
}

impl Terminator {
    /// Every value it reads, arguments of successors included.
    pub fn args(&self) -> Vec<ValueId> {
        let mut args = Vec::new();
        visit_terminator_args!(self, |value: &ValueId| args.push(*value), iter);
        args
    }
    /// Calls `visit` on every value it reads, to change it.
    pub fn visit_args_mut(&mut self, visit: impl FnMut(&mut ValueId)) {
        visit_terminator_args!(self, visit, iter_mut);
    }
    /// The edges out of the block, in order; a block may occur more than once.
    pub fn edges(&self) -> Vec<Edge<'_>> {
        fn through<'a>(next: &Continuation) -> Option<Edge<'a>> {
            match next.target {
                ContinuationTarget::Block(block) => Some(Edge::Call(block)),
                ContinuationTarget::Function(_) => None,
            }
        }
        match self {
            Self::Jump(to) => vec![Edge::Args(to)],
            Self::Branch { then, otherwise, .. } => vec![Edge::Args(then), Edge::Args(otherwise)],
            Self::Switch { cases, .. } => cases.iter().map(Edge::Args).collect(),
            Self::Cache { body, done, .. } => vec![Edge::Args(body), Edge::Remembered(*done)],
            Self::Call { next, catch, .. } | Self::Resume { next, catch, .. } => through(next)
                .into_iter()
                .chain(catch.as_ref().and_then(through))
                .collect(),
            Self::Yield { next, .. } => through(next).into_iter().collect(),
            Self::Next
            | Self::Again
            | Self::Goto(_)
            | Self::Leave { .. }
            | Self::TailCall { .. }
            | Self::Throw(_)
            | Self::TailJump { .. }
            | Self::Delegate
            | Self::Unreachable => vec![],
        }
    }
    /// The blocks that may follow, in order; a block may occur more than once.
    pub fn successors(&self) -> Vec<BlockId> {
        self.edges().iter().map(Edge::block).collect()
    }
    /// The edges that carry arguments, to change them.
    pub fn block_calls_mut(&mut self) -> Vec<&mut BlockCall> {
        match self {
            Self::Jump(to) | Self::Cache { body: to, .. } => vec![to],
            Self::Branch { then, otherwise, .. } => vec![then, otherwise],
            Self::Switch { cases, .. } => cases.iter_mut().collect(),
            _ => vec![],
        }
    }
    /// The continuations of a call, to change them.
    pub fn continuations_mut(&mut self) -> Vec<&mut Continuation> {
        match self {
            Self::Call { next, catch, .. } | Self::Resume { next, catch, .. } => {
                std::iter::once(next).chain(catch.as_mut()).collect()
            }
            Self::Yield { next, .. } => vec![next],
            _ => vec![],
        }
    }
    /// The continuations of a call: after it, then the catch one.
    pub fn continuations(&self) -> Vec<&Continuation> {
        match self {
            Self::Call { next, catch, .. } | Self::Resume { next, catch, .. } => {
                std::iter::once(next).chain(catch.as_ref()).collect()
            }
            Self::Yield { next, .. } => vec![next],
            _ => vec![],
        }
    }
}
