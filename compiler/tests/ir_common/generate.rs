//! Random well-typed functions, made from a tape of numbers: a shorter tape makes a smaller function.

use dg_compiler::ir::builder::Builder;
use dg_compiler::ir::spec::FieldId;
use dg_compiler::ir::{
    BinaryOp, BlockCall, BlockId, BytecodeId, CallArgs, ExternId, FloatCond, Function, FunctionKind, IntCond, LeafId,
    Likely, Op, OperandId, PlanId, Program, Terminator, Type, TypeSet, UnaryOp, ValueId,
};

use super::{DOUBLE, PAIR, spec};

/// A program of one function, of the bytecode `ADD`, that does what the tape says.
pub fn program(tape: &[u8]) -> Program {
    let spec = spec();
    let builder = Builder::new(&spec, "ADD", FunctionKind::Bytecode(BytecodeId(0)));
    let mut generator = Generator {
        builder,
        tape: tape.iter(),
        blocks: 0,
    };
    generator.body(Scope::default(), None);
    let function: Function = generator.builder.finish();
    let mut program = Program::new((*spec).clone());
    program.functions.push(function);
    program
}

struct Generator<'t> {
    builder: Builder<'t>,
    tape: std::slice::Iter<'t, u8>,
    blocks: u32,
}

/// Values that may be used, by type.
#[derive(Clone, Default)]
struct Scope {
    vals: Vec<ValueId>,
    f64s: Vec<ValueId>,
    i32s: Vec<ValueId>,
    bools: Vec<ValueId>,
    pairs: Vec<ValueId>,
}

impl Generator<'_> {
    /// The next number of the tape, below `limit`; 0 when it has ended.
    fn pick(&mut self, limit: usize) -> usize {
        self.tape.next().map_or(0, |number| usize::from(*number) % limit)
    }

    /// Fills the current block and ends it: by going to `join` with a double and a value, or for good.
    fn body(&mut self, mut scope: Scope, join: Option<BlockId>) {
        for _ in 0..=self.pick(5) {
            self.step(&mut scope);
        }
        self.blocks += 1;
        let choice = if self.blocks > 12 || self.tape.len() == 0 {
            0
        } else {
            self.pick(8)
        };
        match choice {
            0 => self.end(&mut scope, join),
            1..=3 => self.check(&scope, join),
            4 => self.condition(&mut scope, join),
            5 => self.joined(&mut scope, join),
            6 => self.call(&mut scope, join),
            _ => self.plan(&mut scope, join),
        }
    }

    fn step(&mut self, scope: &mut Scope) {
        match self.pick(22) {
            0 => scope.f64s.push(self.double_constant()),
            1 => scope.i32s.push(self.small_constant()),
            2 => {
                let bits = [u64::MAX, u64::MAX - 1, 2.5f64.to_bits(), 0xFFFC_0000_0000_0007][self.pick(4)];
                scope.vals.push(self.builder.one(Op::ConstVal(bits)));
            }
            3 => {
                let operand = OperandId(self.pick(2) as u32);
                scope.vals.push(self.builder.one(Op::Operand(operand)));
            }
            4 | 5 => {
                let (slot, offset) = (self.small_constant(), self.pick(3) as i32);
                scope.vals.push(self.builder.one(Op::SlotLoad { slot, offset }));
            }
            6 => {
                let (slot, offset, value) = (self.small_constant(), self.pick(3) as i32, self.val(scope));
                self.builder.op(Op::SlotStore { slot, offset, value });
            }
            7 => {
                let op = [BinaryOp::FAdd, BinaryOp::FSub, BinaryOp::FMul, BinaryOp::FMin][self.pick(4)];
                let (a, b) = (self.f64(scope), self.f64(scope));
                scope.f64s.push(self.builder.binary(op, a, b));
            }
            8 => {
                let op = [
                    BinaryOp::IAdd,
                    BinaryOp::And,
                    BinaryOp::Shl,
                    BinaryOp::Sar,
                    BinaryOp::IMul,
                ][self.pick(5)];
                let (a, b) = (self.i32(scope), self.i32(scope));
                scope.i32s.push(self.builder.binary(op, a, b));
            }
            9 => {
                let op = [UnaryOp::FNeg, UnaryOp::FAbs, UnaryOp::FFloor][self.pick(3)];
                let value = self.f64(scope);
                scope.f64s.push(self.builder.unary(op, value));
            }
            10 => {
                let value = self.f64(scope);
                scope.vals.push(self.builder.one(Op::Box { leaf: DOUBLE, value }));
            }
            11 => {
                let value = self.i32(scope);
                scope.vals.push(self.builder.one(Op::Box { leaf: LeafId(4), value }));
            }
            12 => {
                let cond = [FloatCond::Lt, FloatCond::Eq, FloatCond::Uge][self.pick(3)];
                let (a, b) = (self.f64(scope), self.f64(scope));
                scope.bools.push(self.builder.one(Op::FloatCompare(cond, a, b)));
            }
            13 => {
                let cond = [IntCond::Slt, IntCond::Eq, IntCond::Ule][self.pick(3)];
                let (a, b) = (self.i32(scope), self.i32(scope));
                scope.bools.push(self.builder.one(Op::IntCompare(cond, a, b)));
            }
            14 => {
                let (value, set) = (self.val(scope), self.set());
                scope.bools.push(self.builder.one(Op::Is { value, set }));
            }
            15 => {
                let (a, b) = (self.bool(scope), self.bool(scope));
                let op = [BinaryOp::And, BinaryOp::Or][self.pick(2)];
                scope.bools.push(self.builder.binary(op, a, b));
                scope.bools.push(self.builder.unary(UnaryOp::Not, a));
            }
            16 => {
                let (a, b) = (self.val(scope), self.val(scope));
                scope.bools.push(self.builder.one(Op::SameBits(a, b)));
            }
            17 => {
                let value = self.val(scope);
                scope.vals.push(self.builder.one(Op::CallExtern {
                    callee: ExternId(2),
                    args: vec![value],
                }));
            }
            18 => {
                let value = self.val(scope);
                self.builder.op(Op::CallExtern {
                    callee: ExternId(3),
                    args: vec![value],
                });
            }
            19 => {
                let value = self.val(scope);
                scope.vals.push(self.builder.one(Op::CallExtern {
                    callee: ExternId(5),
                    args: vec![value],
                }));
            }
            _ => self.pair_step(scope),
        }
    }

    /// Reads or writes a field, if there is a pair.
    fn pair_step(&mut self, scope: &mut Scope) {
        let Some(base) = scope.pairs.last().copied() else {
            return;
        };
        let (head, tail, marks) = (FieldId(0), FieldId(1), FieldId(2));
        match self.pick(5) {
            0 | 1 => scope.vals.push(self.builder.one(Op::Load {
                record: PAIR,
                field: head,
                base,
            })),
            2 => scope.pairs.push(self.builder.one(Op::Load {
                record: PAIR,
                field: tail,
                base,
            })),
            3 => {
                let value = self.val(scope);
                self.builder.op(Op::Store {
                    record: PAIR,
                    field: head,
                    base,
                    value,
                    owner: base,
                });
            }
            _ => {
                let value = self.i32(scope);
                self.builder.op(Op::Store {
                    record: PAIR,
                    field: marks,
                    base,
                    value,
                    owner: base,
                });
                scope.i32s.push(self.builder.one(Op::Load {
                    record: PAIR,
                    field: marks,
                    base,
                }));
            }
        }
    }

    fn end(&mut self, scope: &mut Scope, join: Option<BlockId>) {
        let value = self.val(scope);
        if let Some(join) = join {
            let number = self.f64(scope);
            return self.builder.jump(join, vec![number, value]);
        }
        match self.pick(4) {
            0 => {
                self.builder.op(Op::StoreResult(value));
                self.builder.end(Terminator::Next);
            }
            1 => self.builder.end(Terminator::Leave {
                values: vec![value],
                list: None,
            }),
            2 => self.builder.end(Terminator::Throw(value)),
            _ => {
                let callee = self.builder.one(Op::Callee);
                let args = CallArgs::Copied {
                    fixed: vec![value],
                    list: None,
                };
                self.builder.end(Terminator::TailCall { callee, args });
            }
        }
    }

    /// A branch on a check, with what it proves on both sides.
    fn check(&mut self, scope: &Scope, join: Option<BlockId>) {
        let mut scope = scope.clone();
        let value = self.val(&mut scope);
        let set = self.set();
        let other = self.val(&mut scope);
        let both = self.pick(4) == 0;
        let double = TypeSet::leaf(DOUBLE);
        let op = if both {
            Op::BothDouble(value, other)
        } else {
            Op::Is { value, set }
        };
        let cond = self.builder.one(op);
        let (cold_then, cold_otherwise) = [(false, true), (false, false), (true, false), (false, true)][self.pick(4)];
        let (then, otherwise) = (self.builder.block(cold_then), self.builder.block(cold_otherwise));
        let likely = [Likely::Unknown, Likely::Then][self.pick(2)];
        self.builder.branch(cond, then, otherwise, likely);

        self.builder.switch_to(then);
        let mut proven = scope.clone();
        self.learn(&mut proven, value, if both { double } else { set });
        if both {
            self.learn(&mut proven, other, double);
        }
        self.body(proven, join);

        self.builder.switch_to(otherwise);
        if !both {
            let rest = self.builder.spec().any().minus(set.minus(double));
            self.learn(&mut scope, value, rest);
        }
        self.body(scope, join);
    }

    /// A narrowed copy, and what is inside when that is one thing.
    fn learn(&mut self, scope: &mut Scope, value: ValueId, set: TypeSet) {
        let narrowed = self.builder.narrow(value, set);
        let known = self.builder.ty(narrowed).set().unwrap_or_default();
        if known.is_empty() {
            return;
        }
        scope.vals.push(narrowed);
        let inside = known.single().and_then(|leaf| self.builder.spec().unboxed(leaf));
        if let Some(ty) = inside {
            let unboxed = self.builder.one(Op::Unbox(narrowed));
            match ty {
                Type::F64 => scope.f64s.push(unboxed),
                Type::I32 => scope.i32s.push(unboxed),
                Type::Ref(record) if record == PAIR => scope.pairs.push(unboxed),
                _ => {}
            }
        }
    }

    /// A branch on any condition.
    fn condition(&mut self, scope: &mut Scope, join: Option<BlockId>) {
        let cond = self.bool(scope);
        let (then, otherwise) = (self.builder.block(false), self.builder.block(true));
        self.builder.branch(cond, then, otherwise, Likely::Unknown);
        for side in [then, otherwise] {
            self.builder.switch_to(side);
            self.body(scope.clone(), join);
        }
    }

    /// What follows goes on in one block, from wherever it ends.
    fn joined(&mut self, scope: &mut Scope, join: Option<BlockId>) {
        let cold = self.pick(3) == 0;
        let meeting = self.builder.block(cold);
        let number = self.builder.param(meeting, Type::F64);
        let value = self.builder.param(meeting, Type::Val(self.builder.spec().any()));
        self.body(scope.clone(), Some(meeting));
        self.builder.switch_to(meeting);
        scope.f64s.push(number);
        scope.vals.push(value);
        self.body(scope.clone(), join);
    }

    fn call(&mut self, scope: &mut Scope, join: Option<BlockId>) {
        let callee = self.builder.one(Op::Callee);
        let args = CallArgs::Copied {
            fixed: vec![self.val(scope)],
            list: None,
        };
        let next = self.builder.block(false);
        let catch = (self.pick(2) == 0).then(|| self.builder.block(true));
        let (next_at, catch_at) = (next.into(), catch.map(Into::into));
        self.builder.end(Terminator::Call {
            callee,
            args,
            first: None,
            next: next_at,
            catch: catch_at,
        });
        self.builder.switch_to(next);
        let (ptr, _) = self.builder.two(Op::CallResults);
        let index = self.builder.i32(0);
        let mut after = scope.clone();
        after.vals.push(self.builder.one(Op::PtrLoad { ptr, index }));
        self.body(after, join);
        if let Some(catch) = catch {
            self.builder.switch_to(catch);
            scope.vals.push(self.builder.one(Op::Caught));
            self.body(scope.clone(), join);
        }
    }

    fn plan(&mut self, scope: &mut Scope, join: Option<BlockId>) {
        let args = vec![self.val(scope), self.val(scope)];
        let answer = self.builder.one(Op::CallExtern {
            callee: ExternId(0),
            args,
        });
        let cases = [self.builder.block(false), self.builder.block(true)];
        self.builder.end(Terminator::Switch {
            index: answer,
            cases: cases.map(BlockCall::to).to_vec(),
        });
        for (case, block) in cases.into_iter().enumerate() {
            self.builder.switch_to(block);
            let mut scope = scope.clone();
            let (plan, case) = (PlanId(0), case as u32);
            scope.vals.push(self.builder.one(Op::PlanPayload {
                answer,
                plan,
                case,
                index: case,
            }));
            self.body(scope, join);
        }
    }

    fn set(&mut self) -> TypeSet {
        let leaves: [&[u32]; 7] = [&[3], &[0, 1], &[6], &[4], &[0], &[3, 4], &[2, 5, 6]];
        leaves[self.pick(leaves.len())]
            .iter()
            .map(|leaf| LeafId(*leaf))
            .collect()
    }

    fn double_constant(&mut self) -> ValueId {
        let number = [0.0, 1.5, -0.0, 1e300, -7.25][self.pick(5)];
        self.builder.f64(number)
    }

    fn small_constant(&mut self) -> ValueId {
        let number = self.pick(4) as i32;
        self.builder.i32(number)
    }

    fn val(&mut self, scope: &mut Scope) -> ValueId {
        if scope.vals.is_empty() {
            let slot = self.small_constant();
            scope.vals.push(self.builder.one(Op::SlotLoad { slot, offset: 0 }));
        }
        scope.vals[self.pick(scope.vals.len())]
    }

    fn f64(&mut self, scope: &mut Scope) -> ValueId {
        if scope.f64s.is_empty() {
            scope.f64s.push(self.double_constant());
        }
        scope.f64s[self.pick(scope.f64s.len())]
    }

    fn i32(&mut self, scope: &mut Scope) -> ValueId {
        if scope.i32s.is_empty() {
            scope.i32s.push(self.small_constant());
        }
        scope.i32s[self.pick(scope.i32s.len())]
    }

    fn bool(&mut self, scope: &mut Scope) -> ValueId {
        if scope.bools.is_empty() {
            let value = self.val(scope);
            scope.bools.push(self.builder.one(Op::Is {
                value,
                set: TypeSet::leaf(LeafId(0)),
            }));
        }
        scope.bools[self.pick(scope.bools.len())]
    }
}
