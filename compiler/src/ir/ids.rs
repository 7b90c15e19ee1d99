//! Ids are newtypes over `u32`; an id names a row of a [`Table`] and nothing else.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// An index that names a row of a [`Table`].
pub trait Id: Copy + Eq + Ord {
    /// The id of row `index`.
    ///
    /// # Panics
    /// When `index` does not fit in 32 bits.
    fn from_index(index: usize) -> Self;
    /// The row this id names.
    fn index(self) -> usize;
}

/// Declares ids: `/// doc  Name "prefix"` makes a newtype that prints as the prefix and its number.
macro_rules! declare_ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl Id for $name {
            fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("more than 2^32 rows in a table"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

declare_ids! {
    /// A leaf type of the boxed value, in declared order.
    LeafId "leaf";
    /// An object or a struct: anything with fields.
    RecordId "record";
    /// A runtime function.
    ExternId "extern";
    /// An enum of constants.
    EnumId "enum";
    /// A plan: the ways a function may answer.
    PlanId "plan";
    /// A bytecode as declared, before specialisation.
    BytecodeId "bytecode";
    /// A native function.
    NativeId "native";
    /// An operand of a bytecode, in declared order.
    OperandId "operand";
    /// A function of a program.
    FunctionId "fn";
    /// A basic block of a function.
    BlockId "b";
    /// An instruction of a function.
    InstId "i";
    /// An SSA value of a function.
    ValueId "v";
}

/// A vector whose index is the id `K`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Table<K, T> {
    rows: Vec<T>,
    key: PhantomData<K>,
}

impl<K: Id, T> Table<K, T> {
    /// An empty table.
    pub const fn new() -> Self {
        Self {
            rows: Vec::new(),
            key: PhantomData,
        }
    }
    /// Appends `row` and answers its id.
    pub fn push(&mut self, row: T) -> K {
        self.rows.push(row);
        K::from_index(self.rows.len() - 1)
    }
    /// The id that the next [`Table::push`] will answer.
    pub fn next_id(&self) -> K {
        K::from_index(self.rows.len())
    }
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// The row named `id`, if there is one.
    pub fn get(&self, id: K) -> Option<&T> {
        self.rows.get(id.index())
    }
    /// All ids in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator + use<K, T> {
        (0..self.rows.len()).map(K::from_index)
    }
    /// All rows with their ids, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (K, &T)> + ExactSizeIterator {
        self.rows
            .iter()
            .enumerate()
            .map(|(index, row)| (K::from_index(index), row))
    }
    /// All rows, mutable, with their ids, in order.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (K, &mut T)> + ExactSizeIterator {
        self.rows
            .iter_mut()
            .enumerate()
            .map(|(index, row)| (K::from_index(index), row))
    }
    /// All rows in order.
    pub fn values(&self) -> std::slice::Iter<'_, T> {
        self.rows.iter()
    }
    /// The id of the first row that satisfies `test`.
    pub fn find(&self, test: impl FnMut(&T) -> bool) -> Option<K> {
        self.rows.iter().position(test).map(K::from_index)
    }
}

impl<K: Id, T> Default for Table<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Id, T> FromIterator<T> for Table<K, T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        Self {
            rows: rows.into_iter().collect(),
            key: PhantomData,
        }
    }
}

impl<K: Id, T> Index<K> for Table<K, T> {
    type Output = T;
    fn index(&self, id: K) -> &T {
        &self.rows[id.index()]
    }
}

impl<K: Id, T> IndexMut<K> for Table<K, T> {
    fn index_mut(&mut self, id: K) -> &mut T {
        &mut self.rows[id.index()]
    }
}

impl<K: Id + fmt::Debug, T: fmt::Debug> fmt::Debug for Table<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
