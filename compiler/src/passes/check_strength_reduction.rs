//! The cheapest check given what is known.
//!
//! * Two checks for doubles, one after the other, that fail to the same cold place and guard arithmetic on both values
//!   become one: the comparison that loads both as doubles proves both. A NaN fails it too, and is left to the cold code.
//!
//!   ```text
//!   b0: branch (is v0 [double]) b1, b3     →   b0: branch (both_double v0, v1) b1, b3
//!   b1: branch (is v1 [double]) b2, b3         b1: jump b2
//!   ```
//!   The conjunction of two such checks is the same; a single one compares the double with itself.
//! * Two checks of one value that succeed to the same place become one check for the union, where that costs less:
//!   neighbours share a comparison ([`crate::ir::checks`]).
//! * A check may answer anything for leaves that the value cannot be of: of all sets that agree on the possible leaves,
//!   and their complements, the cheapest is checked.

use crate::ir::cfg::Cfg;
use crate::ir::checks::cost;
use crate::ir::facts::{Facts, root};
use crate::ir::spec::LeafEncoding;
use crate::ir::{
    BinaryOp, BlockCall, BlockId, Function, InstId, Likely, Op, SpecTables, Terminator, Type, TypeSet, UnaryOp,
    ValueDef, ValueId,
};

/// Runs each of the three once: pairs first, while the single checks are still recognisable, what is left over last.
pub fn run(spec: &SpecTables, function: &mut Function) {
    if let Some(double) = spec.double_leaf() {
        pair_double_checks(spec, function, TypeSet::leaf(double));
    }
    unite_checks(spec, function);
    cheapen_checks(spec, function);
    if let Some(double) = spec.double_leaf() {
        weaken_single_checks(spec, function, TypeSet::leaf(double));
    }
}

/// A block that branches on a type check of a value.
struct Check {
    value: ValueId,
    set: TypeSet,
    then: BlockCall,
    otherwise: BlockCall,
    likely: Likely,
}

fn check_at(function: &Function, block: BlockId) -> Option<Check> {
    let Terminator::Branch {
        cond,
        then,
        otherwise,
        likely,
    } = &function.blocks[block].terminator
    else {
        return None;
    };
    let Op::Is { value, set } = function.def(*cond)? else {
        return None;
    };
    if !has_one_use(function, *cond) {
        return None;
    }
    let value = root(function, *value);
    Some(Check {
        value,
        set: *set,
        then: then.clone(),
        otherwise: otherwise.clone(),
        likely: *likely,
    })
}

/// Whether one operation or terminator alone reads `cond`. What another one proves by the same condition would be lost.
fn has_one_use(function: &Function, cond: ValueId) -> bool {
    let by_insts = function.insts.values().flat_map(|inst| inst.op.args());
    let by_ends = function.blocks.values().flat_map(|block| block.terminator.args());
    by_insts.chain(by_ends).filter(|value| *value == cond).count() == 1
}

/// Whether only `from` leads to `to`, without arguments, and nothing before its end has an effect.
fn is_pure_successor(function: &Function, cfg: &Cfg, from: BlockId, to: &BlockCall) -> bool {
    cfg.predecessors(to.block) == [from]
        && to.args.is_empty()
        && function.blocks[to.block]
            .insts
            .iter()
            .all(|inst| !function.insts[*inst].op.has_effect())
}

fn pair_double_checks(spec: &SpecTables, function: &mut Function, double: TypeSet) {
    let cfg = Cfg::new(function);
    for block in cfg.order().to_vec() {
        weaken_conjunction(function, block, double);
        let Some(first) = check_at(function, block) else {
            continue;
        };
        let Some(second) = check_at(function, first.then.block) else {
            continue;
        };
        let applies = first.set == double
            && second.set == double
            && first.otherwise == second.otherwise
            && function.blocks[first.otherwise.block].cold
            && first.value != second.value
            && is_pure_successor(function, &cfg, block, &first.then)
            && is_unboxed(function, first.value, double)
            && is_unboxed(function, second.value, double);
        if !applies || !hoist(function, first.then.block, block, second.value) {
            continue;
        }
        let line = function.blocks[block].line;
        let both = crate::ir::builder::append(spec, function, block, Op::BothDouble(first.value, second.value), line);
        let cond = function.insts[both].results[0];
        let inner = first.then.block;
        function.blocks[block].terminator = Terminator::Branch {
            cond,
            then: first.then,
            otherwise: first.otherwise,
            likely: first.likely,
        };
        function.blocks[inner].terminator = Terminator::Jump(second.then);
    }
}

/// A branch on two checks for doubles that fails to cold code branches on one.
fn weaken_conjunction(function: &mut Function, block: BlockId, double: TypeSet) {
    let Terminator::Branch { cond, otherwise, .. } = &function.blocks[block].terminator else {
        return;
    };
    let ValueDef::Result(inst, _) = function.values[*cond].def else {
        return;
    };
    if function.blocks[otherwise.block].cold
        && function.blocks[block].insts.contains(&inst)
        && has_one_use(function, *cond)
        && let Some((a, b)) = conjunction(function, inst, double)
    {
        function.insts[inst].op = Op::BothDouble(a, b);
    }
}

/// The two values that an instruction proves to be doubles by two checks.
fn conjunction(function: &Function, inst: InstId, double: TypeSet) -> Option<(ValueId, ValueId)> {
    let Op::Binary(BinaryOp::And, x, y) = function.insts[inst].op else {
        return None;
    };
    let checked = |cond: ValueId| match function.def(cond)? {
        Op::Is { value, set } if *set == double && has_one_use(function, cond) => Some(root(function, *value)),
        _ => None,
    };
    let (a, b) = (checked(x)?, checked(y)?);
    let worth = a != b && is_unboxed(function, a, double) && is_unboxed(function, b, double);
    worth.then_some((a, b))
}

/// A check for one double that is left over, and fails to cold code, compares the double as well.
fn weaken_single_checks(spec: &SpecTables, function: &mut Function, double: TypeSet) {
    for block in Cfg::new(function).order().to_vec() {
        let Some(check) = check_at(function, block) else {
            continue;
        };
        let cold = function.blocks[check.otherwise.block].cold;
        if check.set != double || !cold || !is_unboxed(function, check.value, double) {
            continue;
        }
        let line = function.blocks[block].line;
        let op = Op::BothDouble(check.value, check.value);
        let inst = crate::ir::builder::append(spec, function, block, op, line);
        let weak = function.insts[inst].results[0];
        if let Terminator::Branch { cond, .. } = &mut function.blocks[block].terminator {
            *cond = weak;
        }
    }
}

/// Whether some operation needs the double inside `value`.
fn is_unboxed(function: &Function, value: ValueId, double: TypeSet) -> bool {
    function.insts.values().any(|inst| match inst.op {
        Op::Unbox(boxed) => root(function, boxed) == value && function.ty(boxed) == Type::Val(double),
        _ => false,
    })
}

/// Moves what defines `value` from the end of one block to the end of the block before it, if it may run there whether
/// or not the first check holds: only reads of operands and slots may.
fn hoist(function: &mut Function, from: BlockId, to: BlockId, value: ValueId) -> bool {
    let mut moved: Vec<InstId> = Vec::new();
    let mut work = vec![value];
    while let Some(value) = work.pop() {
        let ValueDef::Result(inst, _) = function.values[value].def else {
            if matches!(function.values[value].def, ValueDef::Param(block, _) if block == from) {
                return false;
            }
            continue;
        };
        if !function.blocks[from].insts.contains(&inst) || moved.contains(&inst) {
            continue;
        }
        if !may_run_early(&function.insts[inst].op) {
            return false;
        }
        moved.push(inst);
        work.extend(function.insts[inst].op.args());
    }
    let insts = std::mem::take(&mut function.blocks[from].insts);
    let (early, late) = insts.into_iter().partition(|inst| moved.contains(inst));
    function.blocks[from].insts = late;
    let early: Vec<InstId> = early;
    function.blocks[to].insts.extend(early);
    true
}

const fn may_run_early(op: &Op) -> bool {
    matches!(
        op,
        Op::ConstI32(_)
            | Op::ConstVal(_)
            | Op::SlotIndex(_)
            | Op::Operand(_)
            | Op::ConstOperand(_)
            | Op::ImmOperand(_)
            | Op::SlotLoad { .. }
            | Op::Box { .. }
    )
}

fn unite_checks(spec: &SpecTables, function: &mut Function) {
    let cfg = Cfg::new(function);
    // From the end, so that a chain of checks folds into its first.
    for block in cfg.order().iter().rev() {
        let Some(first) = check_at(function, *block) else {
            continue;
        };
        let Some(second) = check_at(function, first.otherwise.block) else {
            continue;
        };
        let union = first.set.union(second.set);
        let applies = first.value == second.value
            && first.then == second.then
            && is_pure_successor(function, &cfg, *block, &first.otherwise)
            && cost(spec, union) < cost(spec, first.set) + cost(spec, second.set);
        if !applies {
            continue;
        }
        let likely = match (first.likely, second.likely) {
            (Likely::Then, _) | (_, Likely::Then) => Likely::Then,
            (Likely::Else, Likely::Else) => Likely::Else,
            _ => Likely::Unknown,
        };
        let line = function.blocks[*block].line;
        let op = Op::Is {
            value: first.value,
            set: union,
        };
        let check = crate::ir::builder::append(spec, function, *block, op, line);
        let cond = function.insts[check].results[0];
        let inner = first.otherwise.block;
        function.blocks[*block].terminator = Terminator::Branch {
            cond,
            then: first.then,
            otherwise: first.otherwise,
            likely,
        };
        function.blocks[inner].terminator = Terminator::Jump(second.otherwise);
    }
}

fn cheapen_checks(spec: &SpecTables, function: &mut Function) {
    let cfg = Cfg::new(function);
    let facts = Facts::new(spec, function, &cfg);
    for block in cfg.order() {
        let state = facts.at(*block);
        for inst in function.blocks[*block].insts.clone() {
            match function.insts[inst].op {
                Op::Is { value, set } => {
                    let known = state.known(function, value).unwrap_or_default();
                    match cheapest(spec, known, set) {
                        Cheapest::Same => {}
                        Cheapest::Is(set) => function.insts[inst].op = Op::Is { value, set },
                        Cheapest::IsNot(set) => {
                            let line = function.insts[inst].line;
                            let check = function.make_inst(Op::Is { value, set }, &[Type::Bool], line);
                            function.insts[inst].op = Op::Unary(UnaryOp::Not, function.insts[check].results[0]);
                            let at = function.blocks[*block].insts.iter().position(|other| *other == inst);
                            function.blocks[*block].insts.insert(at.unwrap_or(0), check);
                        }
                    }
                }
                Op::BothDouble(a, b) => {
                    let double = spec.double_leaf().map(TypeSet::leaf).unwrap_or_default();
                    let is_double = |value| {
                        state
                            .known(function, value)
                            .is_some_and(|known| known.is_subset(double))
                    };
                    match (is_double(a), is_double(b)) {
                        (true, false) => function.insts[inst].op = Op::BothDouble(b, b),
                        (false, true) => function.insts[inst].op = Op::BothDouble(a, a),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Cheapest {
    Same,
    Is(TypeSet),
    IsNot(TypeSet),
}

/// The cheapest way to tell, for a value that is one of `known`, whether it is one of `set`.
fn cheapest(spec: &SpecTables, known: TypeSet, set: TypeSet) -> Cheapest {
    let of_kind = |test: fn(&LeafEncoding) -> bool| -> TypeSet {
        spec.leaves
            .iter()
            .filter(|(_, leaf)| test(&leaf.encoding))
            .map(|(id, _)| id)
            .collect()
    };
    let units = of_kind(|encoding| matches!(encoding, LeafEncoding::Unit { .. }));
    let refs = of_kind(|encoding| matches!(encoding, LeafEncoding::Ref { .. }));
    let double = spec.double_leaf().map(TypeSet::leaf).unwrap_or_default();
    let impossible = spec.any().minus(known);
    // With doubles that cannot be, a set is never cheaper.
    let fillers = [TypeSet::EMPTY, units, refs, units.union(refs), spec.any().minus(double)];
    let candidates = |wanted: TypeSet| fillers.map(|filler| wanted.union(filler.intersect(impossible)));

    let mut best = (cost(spec, set), Cheapest::Same);
    for candidate in candidates(set.intersect(known)) {
        if cost(spec, candidate) < best.0 && !candidate.is_empty() {
            best = (cost(spec, candidate), Cheapest::Is(candidate));
        }
    }
    // A check for doubles may answer false for a NaN, so its negation proves nothing.
    let others = known.minus(set);
    if others.is_disjoint(double) {
        for candidate in candidates(others) {
            if cost(spec, candidate) < best.0 && !candidate.is_empty() {
                best = (cost(spec, candidate), Cheapest::IsNot(candidate));
            }
        }
    }
    best.1
}
