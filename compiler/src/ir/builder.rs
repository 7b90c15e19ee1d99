//! Makes functions, an instruction at a time at the end of a current block; result types follow from the operation.

use super::function::{Function, FunctionKind};
use super::ids::{BlockId, InstId, OperandId, PlanId, ValueId};
use super::inst::{BinaryOp, BlockCall, Likely, Op, Terminator, UnaryOp};
use super::spec::{ExternResult, ExternType, OperandKind, SpecTables};
use super::types::{Type, TypeSet};

/// Builds one function.
///
/// ```text
/// let mut build = Builder::new(&spec, "ADD", FunctionKind::Bytecode(add));
/// let (fast, slow) = (build.block(false), build.block(true));
/// let lhs = build.one(Op::Operand(OperandId(0)));
/// let is = build.one(Op::Is { value: lhs, set: double });
/// build.branch(is, fast, slow, Likely::Then);
/// build.switch_to(fast);
/// let lhs = build.narrow(lhs, double);          // known here: `is` holds
/// let number = build.one(Op::Unbox(lhs));       // F64
/// ```
pub struct Builder<'s> {
    spec: &'s SpecTables,
    function: Function,
    block: BlockId,
    line: u32,
}

impl<'s> Builder<'s> {
    /// Starts a function; the current block is its entry.
    pub fn new(spec: &'s SpecTables, name: impl Into<String>, kind: FunctionKind) -> Self {
        let function = Function::new(name, kind);
        let block = function.entry;
        Self {
            spec,
            function,
            block,
            line: 0,
        }
    }
    /// The tables.
    pub const fn spec(&self) -> &'s SpecTables {
        self.spec
    }
    /// The function as it is so far.
    pub const fn function(&self) -> &Function {
        &self.function
    }
    /// The finished function.
    pub fn finish(self) -> Function {
        self.function
    }
    /// The line that what follows comes from.
    pub const fn set_line(&mut self, line: u32) {
        self.line = line;
    }
    /// The block that instructions are appended to.
    pub const fn current(&self) -> BlockId {
        self.block
    }
    /// Goes on in `block`.
    pub const fn switch_to(&mut self, block: BlockId) {
        self.block = block;
    }
    /// A new block, off the expected path when `cold`.
    pub fn block(&mut self, cold: bool) -> BlockId {
        let block = self.function.add_block();
        self.function.blocks[block].cold = cold;
        block
    }
    /// A new parameter of `block`.
    pub fn param(&mut self, block: BlockId, ty: Type) -> ValueId {
        self.function.add_param(block, ty)
    }
    /// The type of `value`.
    pub fn ty(&self, value: ValueId) -> Type {
        self.function.ty(value)
    }

    /// Appends an operation and answers all its results.
    pub fn op(&mut self, op: Op) -> Vec<ValueId> {
        let types = result_types(self.spec, &self.function, &op);
        let inst = self.function.make_inst(op, &types, self.line);
        self.function.blocks[self.block].insts.push(inst);
        self.function.insts[inst].results.clone()
    }
    /// Appends an operation of one result.
    ///
    /// # Panics
    /// When it has another number of results.
    pub fn one(&mut self, op: Op) -> ValueId {
        let results = self.op(op);
        assert_eq!(results.len(), 1, "not an operation of one result");
        results[0]
    }
    /// Appends an operation of two results (a list: address and count).
    ///
    /// # Panics
    /// When it has another number of results.
    pub fn two(&mut self, op: Op) -> (ValueId, ValueId) {
        let results = self.op(op);
        assert_eq!(results.len(), 2, "not an operation of two results");
        (results[0], results[1])
    }
    /// An `I32` constant.
    pub fn i32(&mut self, value: i32) -> ValueId {
        self.one(Op::ConstI32(value))
    }
    /// An `F64` constant.
    pub fn f64(&mut self, value: f64) -> ValueId {
        self.one(Op::ConstF64(value.to_bits()))
    }
    /// A `Bool` constant.
    pub fn bool(&mut self, value: bool) -> ValueId {
        self.one(Op::ConstBool(value))
    }
    /// A binary operation.
    pub fn binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId) -> ValueId {
        self.one(Op::Binary(op, a, b))
    }
    /// A unary operation.
    pub fn unary(&mut self, op: UnaryOp, a: ValueId) -> ValueId {
        self.one(Op::Unary(op, a))
    }
    /// `value` with what a branch has proven; `value` itself when that says nothing new.
    pub fn narrow(&mut self, value: ValueId, set: TypeSet) -> ValueId {
        match self.ty(value) {
            Type::Val(known) if !known.is_subset(set) => self.one(Op::Narrow { value, set }),
            _ => value,
        }
    }

    /// Ends the current block. Instructions appended to it afterwards would never run: switch to another block first.
    pub fn end(&mut self, terminator: Terminator) {
        let block = &mut self.function.blocks[self.block];
        block.terminator = terminator;
        block.line = self.line;
    }
    /// Ends the current block with a jump.
    pub fn jump(&mut self, block: BlockId, args: Vec<ValueId>) {
        self.end(Terminator::Jump(BlockCall { block, args }));
    }
    /// Ends the current block with a branch to two blocks without parameters.
    pub fn branch(&mut self, cond: ValueId, then: BlockId, otherwise: BlockId, likely: Likely) {
        self.end(Terminator::Branch {
            cond,
            then: then.into(),
            otherwise: otherwise.into(),
            likely,
        });
    }
}

/// Appends `op` to `block` of a function, with result types as [`result_types`] says.
pub fn append(spec: &SpecTables, function: &mut Function, block: BlockId, op: Op, line: u32) -> InstId {
    let types = result_types(spec, function, &op);
    let inst = function.make_inst(op, &types, line);
    function.blocks[block].insts.push(inst);
    inst
}

/// The types of the results of `op` in `function`, as far as its operands are well typed; the verifier says where they
/// are not. A malformed operand gives no result or an empty set rather than a panic.
pub fn result_types(spec: &SpecTables, function: &Function, op: &Op) -> Vec<Type> {
    let any = Type::Val(spec.any());
    let list = vec![Type::Ptr, Type::I32];
    let set_of = |value| function.ty(value).set().unwrap_or_default();
    let one = match op {
        Op::ConstF64(_) => Type::F64,
        Op::ConstI32(_) => Type::I32,
        Op::ConstI64(_) => Type::I64,
        Op::ConstBool(_) => Type::Bool,
        Op::ConstVal(bits) => Type::Val(spec.leaf_of_bits(*bits).map(TypeSet::leaf).unwrap_or_default()),
        Op::ConstNull(record) => Type::Ref(*record),
        Op::SlotIndex(_) | Op::ImmOperand(_) => Type::I32,
        Op::Operand(operand) | Op::ConstOperand(operand) => operand_type(spec, function, *operand),
        Op::ListOperand(_) | Op::Varargs | Op::CallResults => return list,
        Op::Callee => match spec.callee {
            Some(record) => Type::Ref(record),
            None => return vec![],
        },
        Op::Caught | Op::SlotLoad { .. } | Op::PtrLoad { .. } => any,
        Op::SlotAddress { .. } | Op::PtrAdd { .. } => Type::Ptr,
        Op::SlotStore { .. }
        | Op::PtrStore { .. }
        | Op::StoreResult(_)
        | Op::StoreResults { .. }
        | Op::Store { .. }
        | Op::ElementStore { .. } => return vec![],
        Op::Is { .. } | Op::BothDouble(..) | Op::SameBits(..) | Op::FloatCompare(..) | Op::IntCompare(..) => Type::Bool,
        Op::Narrow { value, set } | Op::Assume { value, set } => Type::Val(set_of(*value).intersect(*set)),
        Op::Unbox(value) => match set_of(*value).single().and_then(|leaf| spec.unboxed(leaf)) {
            Some(ty) => ty,
            None => return vec![],
        },
        Op::Box { leaf, .. } => Type::Val(TypeSet::leaf(*leaf)),
        Op::Unary(op, value) => unary_type(*op, function.ty(*value)),
        Op::Binary(_, a, _) => function.ty(*a),
        Op::Load { record, field, .. } => match spec.records[*record].fields.get(field.0 as usize) {
            Some(field) => field.ty.loaded(),
            None => return vec![],
        },
        Op::ElementRef { record, .. } | Op::ElementLoad { record, .. } => match &spec.records[*record].trailing {
            Some(trailing) => trailing.element.loaded(),
            None => return vec![],
        },
        Op::Length { .. } => Type::I32,
        Op::New { record, .. } => Type::Ref(*record),
        Op::CallExtern { callee, .. } => match spec.externs[*callee].result {
            ExternResult::None => return vec![],
            ExternResult::One(ty) => return ty.values(),
            ExternResult::Plan(_) => Type::I32,
        },
        Op::PlanPayload { plan, case, index, .. } => return payload(spec, *plan, *case, *index),
        Op::CacheLoad(word) => match function
            .variant
            .as_ref()
            .and_then(|variant| variant.cache.as_ref()?.ty(*word))
        {
            Some(ty) => ty,
            None => return vec![],
        },
        Op::CacheStore { .. } => return vec![],
        Op::CacheLink { .. } | Op::CallLink { .. } | Op::FrameFits { .. } => Type::Bool,
    };
    vec![one]
}

/// The SSA types of word `index` of what comes with a case of a plan.
fn payload(spec: &SpecTables, plan: PlanId, case: u32, index: u32) -> Vec<Type> {
    let case = spec.plans[plan].cases.get(case as usize);
    case.and_then(|case| case.payload.get(index as usize))
        .copied()
        .map(ExternType::values)
        .unwrap_or_default()
}

/// The type of a value operand: what its variant says, or before specialisation all its alternatives.
fn operand_type(spec: &SpecTables, function: &Function, operand: OperandId) -> Type {
    let index = operand.0 as usize;
    let declared = match function.kind {
        FunctionKind::Bytecode(bytecode) => spec.bytecodes[bytecode].operands.get(operand),
        FunctionKind::Native(_) => None,
    };
    let chosen = function
        .variant
        .as_ref()
        .and_then(|variant| variant.operands.get(index));
    let kinds = match (chosen, declared) {
        (Some(kind), _) => std::slice::from_ref(kind),
        (None, Some(declared)) => &declared.alternatives,
        (None, None) => &[],
    };
    let mut set = TypeSet::EMPTY;
    for kind in kinds {
        match kind {
            OperandKind::Const(leaves) => set = set.union(*leaves),
            OperandKind::ConstRef(record) => return Type::Ref(*record),
            _ => set = spec.any(),
        }
    }
    Type::Val(set)
}

/// The type of the result of a unary operation on a value of type `operand`.
const fn unary_type(op: UnaryOp, operand: Type) -> Type {
    match op {
        UnaryOp::FNeg | UnaryOp::FAbs | UnaryOp::FSqrt | UnaryOp::FFloor | UnaryOp::FCeil => Type::F64,
        UnaryOp::INeg | UnaryOp::Not => operand,
        UnaryOp::TruncateToI32 | UnaryOp::Wrap | UnaryOp::BoolToI32 | UnaryOp::Hash => Type::I32,
        UnaryOp::I32ToF64 | UnaryOp::U32ToF64 => Type::F64,
        UnaryOp::ZeroExtend | UnaryOp::SignExtend => Type::I64,
        UnaryOp::IsNull => Type::Bool,
    }
}
