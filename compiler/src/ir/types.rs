//! Types of SSA values.

use super::ids::{Id, LeafId, RecordId};

/// A set of leaf types: what is known about a boxed value. The empty set is the type of a value that cannot exist
/// (its block is unreachable); the lattice order is set inclusion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TypeSet(u64);

impl TypeSet {
    /// No leaf: nothing can have this type.
    pub const EMPTY: Self = Self(0);
    /// A language may declare this many leaves.
    pub const MAX_LEAVES: usize = 64;

    /// The set of one leaf.
    pub const fn leaf(leaf: LeafId) -> Self {
        Self(1 << leaf.0)
    }
    /// The first `count` leaves: with the number of a language's leaves, every value.
    pub const fn all(count: usize) -> Self {
        if count >= Self::MAX_LEAVES {
            Self(u64::MAX)
        } else {
            Self((1 << count) - 1)
        }
    }
    /// The leaves of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// The leaves that both have.
    #[must_use]
    pub const fn intersect(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
    /// The leaves of `self` that `other` lacks.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// Whether there is no leaf.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
    /// Whether every leaf of `self` is one of `other`.
    pub const fn is_subset(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
    /// Whether no leaf is in both.
    pub const fn is_disjoint(self, other: Self) -> bool {
        self.0 & other.0 == 0
    }
    /// Whether `leaf` is in the set.
    pub const fn contains(self, leaf: LeafId) -> bool {
        self.0 & (1 << leaf.0) != 0
    }
    /// How many leaves there are.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }
    /// The leaf of a set that has exactly one.
    pub fn single(self) -> Option<LeafId> {
        (self.len() == 1).then(|| LeafId(self.0.trailing_zeros()))
    }
    /// The leaves in declared order.
    pub fn leaves(self) -> impl Iterator<Item = LeafId> {
        (0..Self::MAX_LEAVES)
            .map(LeafId::from_index)
            .filter(move |leaf| self.contains(*leaf))
    }
}

impl FromIterator<LeafId> for TypeSet {
    fn from_iter<I: IntoIterator<Item = LeafId>>(leaves: I) -> Self {
        leaves
            .into_iter()
            .fold(Self::EMPTY, |set, leaf| set.union(Self::leaf(leaf)))
    }
}

/// The type of an SSA value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// A boxed value (64 bits) that is of one of these leaves.
    Val(TypeSet),
    /// An IEEE double.
    F64,
    /// 32 bits; instructions say whether they read them signed.
    I32,
    /// 64 bits; instructions say whether they read them signed.
    I64,
    /// A condition, 0 or 1.
    Bool,
    /// A machine address: of a stack slot, of a value in an object, or of something of the host.
    Ptr,
    /// A reference (32 bits, counted in 8-byte units from the arena's start) to an object, or to a struct inside one.
    /// What was loaded from a `ref?` may be 0, that is null, until [`super::inst::UnaryOp::IsNull`] has said no.
    Ref(RecordId),
}

impl Type {
    /// What is known about a boxed value; `None` for other types.
    pub const fn set(self) -> Option<TypeSet> {
        match self {
            Self::Val(set) => Some(set),
            _ => None,
        }
    }
    /// Whether a value of type `self` may stand where `expected` is asked for: the same type, or a boxed value of
    /// which more is known.
    pub fn fits(self, expected: Self) -> bool {
        match (self, expected) {
            (Self::Val(have), Self::Val(want)) => have.is_subset(want),
            _ => self == expected,
        }
    }
}
