//! What a well-formed function is.

use super::function::{BlockCall, BlockId, Function, Role, Terminator, Type, Value};
use super::op::{Addr, Base, CallTarget, JumpTarget, Op, Pinned};
use std::collections::HashSet;
use std::error::Error;
use std::fmt;

/// Where and why a function is not well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LirError {
    /// The function.
    pub function: String,
    /// The block.
    pub block: BlockId,
    /// The instruction, counted from 0; `None` is the terminator or the block itself.
    pub inst: Option<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for LirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.function, self.block)?;
        match self.inst {
            Some(inst) => write!(f, ", instruction {inst}")?,
            None => f.write_str(", terminator")?,
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for LirError {}

/// Checks that every block ends, values are defined once and before their uses, operands and arguments have the right
/// types, and roles are distinct.
///
/// # Errors
///
/// The first violation, in the order of the blocks.
pub fn verify(function: &Function) -> Result<(), LirError> {
    let mut verifier = Verifier {
        function,
        block: BlockId::ENTRY,
        inst: None,
        dominators: immediate_dominators(function),
        places: Vec::new(),
    };
    verifier.definitions()?;
    verifier.roles()?;
    for (id, block) in function.blocks() {
        verifier.block = id;
        for (index, inst) in block.insts.iter().enumerate() {
            verifier.inst = Some(index);
            verifier.op(&inst.op, &inst.results)?;
            verifier.uses(|f| inst.op.for_each_operand(f))?;
        }
        verifier.inst = None;
        match &block.terminator {
            None => return verifier.fail("the block does not end"),
            Some(terminator) => {
                verifier.terminator(terminator)?;
                verifier.uses(|f| terminator.for_each_operand(f))?;
            }
        }
    }
    Ok(())
}

/// Where a value is defined: in which block, and after how many of its instructions.
type Place = (BlockId, usize);

struct Verifier<'a> {
    function: &'a Function,
    block: BlockId,
    inst: Option<usize>,
    dominators: Vec<Option<BlockId>>,
    places: Vec<Option<Place>>,
}

impl Verifier<'_> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, LirError> {
        let function = self.function.name.clone();
        Err(LirError {
            function,
            block: self.block,
            inst: self.inst,
            message: message.into(),
        })
    }

    fn definitions(&mut self) -> Result<(), LirError> {
        self.places = vec![None; self.function.types.len()];
        for (id, block) in self.function.blocks() {
            let params = block.params.iter().map(|value| (*value, 0));
            let insts = block.insts.iter().enumerate();
            let results = insts.flat_map(|(index, inst)| inst.results.iter().map(move |value| (*value, index + 1)));
            for (value, index) in params.chain(results) {
                self.block = id;
                match self.places.get_mut(value.index()) {
                    None => return self.fail(format!("{value} is not of this function")),
                    Some(Some(_)) => return self.fail(format!("{value} is defined twice")),
                    Some(place) => *place = Some((id, index)),
                }
            }
        }
        Ok(())
    }

    fn roles(&mut self) -> Result<(), LirError> {
        self.block = BlockId::ENTRY;
        let params = &self.function.blocks[0].params;
        if params.len() != self.function.roles.len() {
            return self.fail("the entry block needs a role for each parameter");
        }
        let args: Vec<(Role, Value)> = self
            .function
            .roles
            .iter()
            .copied()
            .zip(params.iter().copied())
            .collect();
        self.distinct_roles(&args)
    }

    fn distinct_roles(&self, args: &[(Role, Value)]) -> Result<(), LirError> {
        let mut seen = HashSet::new();
        for (role, value) in args {
            let is_float = matches!(role, Role::Float(_) | Role::Forwarded);
            if is_float != (self.ty(*value)? == Type::F64) {
                return self.fail(format!("{value} cannot be passed as {role}"));
            }
            if !seen.insert(crate::machine::role_register(*role)) {
                return self.fail(format!("the register of {role} is needed twice"));
            }
        }
        Ok(())
    }

    fn ty(&self, value: Value) -> Result<Type, LirError> {
        match self.function.types.get(value.index()) {
            Some(ty) => Ok(*ty),
            None => self.fail(format!("{value} is not of this function")),
        }
    }

    fn expect(&self, value: Value, expected: Type) -> Result<(), LirError> {
        let found = self.ty(value)?;
        if found == expected {
            return Ok(());
        }
        self.fail(format!("{value} is {}, {} is needed", found.name(), expected.name()))
    }

    fn integer(&self, value: Value) -> Result<Type, LirError> {
        match self.ty(value)? {
            Type::F64 => self.fail(format!("{value} is f64, an integer is needed")),
            ty => Ok(ty),
        }
    }

    fn uses(&self, visit: impl FnOnce(&mut dyn FnMut(Value))) -> Result<(), LirError> {
        let mut result = Ok(());
        visit(&mut |value| {
            if result.is_ok() {
                result = self.dominated(value);
            }
        });
        result
    }

    fn dominated(&self, value: Value) -> Result<(), LirError> {
        let Some(Some((block, index))) = self.places.get(value.index()) else {
            return self.fail(format!("{value} is never defined"));
        };
        if *block == self.block {
            return match self.inst {
                Some(inst) if *index > inst => self.fail(format!("{value} is used before it is defined")),
                _ => Ok(()),
            };
        }
        let mut at = self.block;
        if self.dominators[at.index()].is_none() {
            return Ok(()); // unreachable
        }
        while at != *block {
            match self.dominators[at.index()] {
                Some(next) if next != at => at = next,
                _ => return self.fail(format!("{value} is not defined on every path")),
            }
        }
        Ok(())
    }

    fn addr(&self, addr: &Addr) -> Result<(), LirError> {
        for value in addr.values() {
            self.integer(value)?;
        }
        match addr.base {
            Base::Symbol(_) if addr.index.is_some() => self.fail("a symbol cannot be indexed"),
            Base::Pinned(Pinned::Cached(_)) => self.fail("a double is no address"),
            Base::Pinned(pinned) => self.pinned(pinned),
            _ => Ok(()),
        }
    }

    fn pinned(&self, pinned: Pinned) -> Result<(), LirError> {
        match pinned {
            Pinned::Tag(n) if n >= Pinned::MAX_TAGS => self.fail(format!("there is no {pinned}")),
            Pinned::Cached(n) if n >= Pinned::MAX_CACHED => self.fail(format!("there is no {pinned}")),
            _ => Ok(()),
        }
    }

    fn op(&self, op: &Op, results: &[Value]) -> Result<(), LirError> {
        let produced: Vec<Type> = match op {
            Op::Const32(_) => vec![Type::I32],
            Op::Const64(_) => vec![Type::I64],
            Op::ConstF64(_) => vec![Type::F64],
            Op::ConstHole(Type::F64, _) => return self.fail("a hole cannot be a double"),
            Op::ConstHole(ty, _) => vec![*ty],
            Op::GetPinned(pinned) => {
                self.pinned(*pinned)?;
                vec![pinned.ty()]
            }
            Op::SetPinned(pinned, value) => {
                self.pinned(*pinned)?;
                self.expect(*value, pinned.ty())?;
                vec![]
            }
            Op::Unary(op, value) => {
                self.expect(*value, op.types().0)?;
                vec![op.types().1]
            }
            Op::Binary(_, lhs, rhs) => {
                let ty = self.integer(*lhs)?;
                self.expect(*rhs, ty)?;
                vec![ty]
            }
            Op::FloatUnary(_, value) => {
                self.expect(*value, Type::F64)?;
                vec![Type::F64]
            }
            Op::FloatBinary(_, lhs, rhs) => {
                self.expect(*lhs, Type::F64)?;
                self.expect(*rhs, Type::F64)?;
                vec![Type::F64]
            }
            Op::IntCompare(_, lhs, rhs) => {
                let ty = self.integer(*lhs)?;
                self.expect(*rhs, ty)?;
                vec![Type::I32]
            }
            Op::FloatCompare(_, lhs, rhs) => {
                self.expect(*lhs, Type::F64)?;
                self.expect(*rhs, Type::F64)?;
                vec![Type::I32]
            }
            Op::Select(cond, then, other) => {
                self.expect(*cond, Type::I32)?;
                let ty = self.integer(*then)?;
                self.expect(*other, ty)?;
                vec![ty]
            }
            Op::AddressOf(addr) => {
                self.addr(addr)?;
                vec![Type::I64]
            }
            Op::Load { mem, addr, .. } => {
                self.addr(addr)?;
                vec![mem.value_type()]
            }
            Op::Store { mem, addr, value } => {
                self.addr(addr)?;
                self.expect(*value, mem.value_type())?;
                vec![]
            }
            Op::Call { target, args, results } => {
                self.call(target, args, results)?;
                results.clone()
            }
            Op::EnterNative | Op::Breakpoint => vec![],
        };
        if produced.len() != results.len() {
            return self.fail(format!("{} results, {} are expected", results.len(), produced.len()));
        }
        results
            .iter()
            .zip(produced)
            .try_for_each(|(value, ty)| self.expect(*value, ty))
    }

    fn call(&self, target: &CallTarget, args: &[Value], results: &[Type]) -> Result<(), LirError> {
        match target {
            CallTarget::Memory(addr) => self.addr(addr)?,
            CallTarget::Value(value) => self.expect(*value, Type::I64)?,
            CallTarget::Symbol(_) => {}
        }
        let mut floats = 0;
        for arg in args {
            floats += usize::from(self.ty(*arg)? == Type::F64);
        }
        if floats > 8 || args.len() - floats > 6 {
            return self.fail("more arguments than the registers of the C ABI hold");
        }
        match results {
            [] | [_] => Ok(()),
            [Type::I32 | Type::I64, Type::I32 | Type::I64] => Ok(()),
            _ => self.fail("more results than the C ABI returns in registers"),
        }
    }

    fn block_call(&self, call: &BlockCall) -> Result<(), LirError> {
        let Some(block) = self.function.blocks.get(call.block.index()) else {
            return self.fail(format!("there is no {}", call.block));
        };
        if call.block == BlockId::ENTRY {
            return self.fail("the entry block cannot be jumped to");
        }
        if block.params.len() != call.args.len() {
            return self.fail(format!("{} takes {} arguments", call.block, block.params.len()));
        }
        call.args
            .iter()
            .zip(&block.params)
            .try_for_each(|(arg, param)| self.expect(*arg, self.ty(*param)?))
    }

    fn terminator(&self, terminator: &Terminator) -> Result<(), LirError> {
        for call in terminator.successors() {
            self.block_call(call)?;
        }
        match terminator {
            Terminator::Branch { cond: value, .. } | Terminator::Switch { value, .. } => self.expect(*value, Type::I32),
            Terminator::CountDown { counter, .. } => self.addr(counter),
            Terminator::TailJump { target, args } => {
                match target {
                    JumpTarget::Memory(addr) => self.addr(addr)?,
                    JumpTarget::Value(value) => self.expect(*value, Type::I64)?,
                    JumpTarget::Symbol(_) | JumpTarget::Hole(_) => {}
                }
                self.distinct_roles(args)
            }
            Terminator::ReturnNative(Some(value)) => self.integer(*value).map(|_| ()),
            Terminator::Jump(_) | Terminator::ReturnNative(None) | Terminator::Trap => Ok(()),
        }
    }
}

/// The immediate dominator of each block, the entry's being itself and an unreachable block's `None`.
///
/// Algorithm: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm".
fn immediate_dominators(function: &Function) -> Vec<Option<BlockId>> {
    let mut dominators = vec![None; function.blocks.len()];
    if function.blocks.iter().any(|block| {
        let successors = block.terminator.as_ref().map_or(Vec::new(), Terminator::successors);
        successors
            .iter()
            .any(|call| call.block.index() >= function.blocks.len())
    }) {
        return dominators; // reported as a jump to a missing block
    }
    let order = function.reverse_postorder();
    let mut position = vec![usize::MAX; function.blocks.len()];
    let mut predecessors = vec![Vec::new(); function.blocks.len()];
    for (index, id) in order.iter().enumerate() {
        position[id.index()] = index;
        for call in function
            .block(*id)
            .terminator
            .as_ref()
            .map_or(Vec::new(), Terminator::successors)
        {
            predecessors[call.block.index()].push(*id);
        }
    }
    dominators[0] = Some(BlockId::ENTRY);
    let mut changed = true;
    while changed {
        changed = false;
        for id in &order[1..] {
            let mut common: Option<BlockId> = None;
            for predecessor in predecessors[id.index()]
                .iter()
                .filter(|block| dominators[block.index()].is_some())
            {
                common = Some(match common {
                    None => *predecessor,
                    Some(other) => intersect(&dominators, &position, other, *predecessor),
                });
            }
            if dominators[id.index()] != common {
                dominators[id.index()] = common;
                changed = true;
            }
        }
    }
    dominators
}

fn intersect(dominators: &[Option<BlockId>], position: &[usize], mut a: BlockId, mut b: BlockId) -> BlockId {
    while a != b {
        while position[a.index()] > position[b.index()] {
            a = dominators[a.index()].expect("a processed block has a dominator");
        }
        while position[b.index()] > position[a.index()] {
            b = dominators[b.index()].expect("a processed block has a dominator");
        }
    }
    a
}
