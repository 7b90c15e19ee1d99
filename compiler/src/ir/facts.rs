//! What branches have proven: for each block, what is known about values when it is entered.
//!
//! A forward dataflow analysis. Facts are about *roots*: a value and its narrowed copies ([`Op::Narrow`]) are one
//! thing. Where paths meet, what holds on all of them remains; an edge that contradicts what is known is no path.

use std::collections::BTreeMap;

use super::cfg::Cfg;
use super::function::Function;
use super::ids::{BlockId, Id, ValueId};
use super::inst::{BinaryOp, Edge, Op, Terminator, UnaryOp};
use super::spec::{LeafEncoding, SpecTables};
use super::types::TypeSet;

/// What is known at one point.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct State {
    /// Roots that branches say more about than their type does.
    sets: BTreeMap<ValueId, TypeSet>,
    /// Conditions that have been branched on.
    conditions: BTreeMap<ValueId, bool>,
    /// What is known contradicts itself: control never gets here.
    impossible: bool,
}

/// What is known on entry to each block.
pub struct Facts {
    entry: Vec<Option<State>>,
}

impl Facts {
    /// Analyses `function`.
    pub fn new(spec: &SpecTables, function: &Function, cfg: &Cfg) -> Self {
        let mut entry = vec![None; function.blocks.len()];
        entry[function.entry.index()] = Some(State::default());
        // Facts only shrink, and there are finitely many, so this ends; without loops after the second round.
        let mut changed = true;
        while changed {
            changed = false;
            for block in cfg.order() {
                let Some(state) = entry[block.index()].clone() else {
                    continue;
                };
                let terminator = &function.blocks[*block].terminator;
                for (index, edge) in terminator.edges().iter().enumerate() {
                    let mut state = state.clone();
                    if let (
                        Terminator::Branch {
                            cond, then, otherwise, ..
                        },
                        Edge::Args(_),
                    ) = (terminator, edge)
                        && then.block != otherwise.block
                    {
                        state.learn(spec, function, *cond, index == 0);
                    }
                    if state.impossible {
                        continue;
                    }
                    let slot = &mut entry[edge.block().index()];
                    let joined = match slot {
                        None => state,
                        Some(known) => known.join(&state),
                    };
                    if slot.as_ref() != Some(&joined) {
                        *slot = Some(joined);
                        changed = true;
                    }
                }
            }
        }
        Self { entry }
    }
    /// What is known on entry to `block`, and so in all of it.
    pub fn at(&self, block: BlockId) -> State {
        let unreachable = State {
            impossible: true,
            ..State::default()
        };
        self.entry[block.index()].clone().unwrap_or(unreachable)
    }
}

impl State {
    /// The leaves that `value` can be of here; `None` when it is not a boxed value.
    pub fn known(&self, function: &Function, value: ValueId) -> Option<TypeSet> {
        let set = function.ty(value).set()?;
        if self.impossible {
            return Some(TypeSet::EMPTY);
        }
        Some(
            self.sets
                .get(&root(function, value))
                .map_or(set, |known| known.intersect(set)),
        )
    }
    /// What condition `value` is here, if a branch has decided it.
    pub fn condition(&self, value: ValueId) -> Option<bool> {
        self.conditions.get(&value).copied()
    }
    /// Whether control never gets here.
    pub const fn is_impossible(&self) -> bool {
        self.impossible
    }
    /// Takes in that condition `cond` is `holds`.
    pub fn learn(&mut self, spec: &SpecTables, function: &Function, cond: ValueId, holds: bool) {
        self.impossible |= self.conditions.insert(cond, holds).is_some_and(|known| known != holds);
        let double = spec.double_leaf().map(TypeSet::leaf).unwrap_or_default();
        match function.def(cond) {
            Some(Op::ConstBool(known)) => self.impossible |= *known != holds,
            Some(Op::Is { value, set }) if holds => self.narrow(function, *value, *set),
            // Weak: false says nothing about doubles.
            Some(Op::Is { value, set }) => {
                self.narrow(function, *value, spec.any().minus(set.minus(double)));
            }
            Some(Op::BothDouble(a, b)) if holds => {
                self.narrow(function, *a, double);
                self.narrow(function, *b, double);
            }
            Some(Op::SameBits(a, b)) => {
                for (value, other) in [(*a, *b), (*b, *a)] {
                    let of_other = self.known(function, other).unwrap_or_default();
                    let one_value = matches!(function.def(other), Some(Op::ConstVal(_)))
                        && of_other
                            .single()
                            .is_some_and(|leaf| matches!(spec.leaves[leaf].encoding, LeafEncoding::Unit { .. }));
                    if holds {
                        self.narrow(function, value, of_other);
                    } else if one_value {
                        self.narrow(function, value, spec.any().minus(of_other));
                    }
                }
            }
            Some(Op::Unary(UnaryOp::Not, inner)) => self.learn(spec, function, *inner, !holds),
            Some(Op::Binary(BinaryOp::And, a, b)) if holds => {
                self.learn(spec, function, *a, true);
                self.learn(spec, function, *b, true);
            }
            Some(Op::Binary(BinaryOp::Or, a, b)) if !holds => {
                self.learn(spec, function, *a, false);
                self.learn(spec, function, *b, false);
            }
            _ => {}
        }
    }
    fn narrow(&mut self, function: &Function, value: ValueId, set: TypeSet) {
        let root = root(function, value);
        let Some(of_type) = function.ty(root).set() else { return };
        let known = self.sets.entry(root).or_insert(of_type);
        *known = known.intersect(set);
        self.impossible |= known.is_empty();
    }
    /// What holds in both states.
    fn join(&self, other: &Self) -> Self {
        let sets = self
            .sets
            .iter()
            .filter_map(|(value, set)| Some((*value, set.union(*other.sets.get(value)?))));
        let conditions = self
            .conditions
            .iter()
            .filter(|(value, holds)| other.conditions.get(value) == Some(holds));
        Self {
            sets: sets.collect(),
            conditions: conditions.map(|(value, holds)| (*value, *holds)).collect(),
            impossible: false,
        }
    }
}

/// Empties blocks that are only entered against what is known: nothing in them has to make sense.
pub fn drop_impossible(spec: &SpecTables, function: &mut Function) {
    let cfg = Cfg::new(function);
    let facts = Facts::new(spec, function, &cfg);
    for block in cfg.order() {
        if facts.at(*block).is_impossible() {
            function.blocks[*block].insts.clear();
            function.blocks[*block].terminator = Terminator::Unreachable;
        }
    }
}

/// The value that `value` is a narrowed copy of, or itself.
pub fn root(function: &Function, mut value: ValueId) -> ValueId {
    while let Some(Op::Narrow { value: inner, .. }) = function.def(value) {
        value = *inner;
    }
    value
}
