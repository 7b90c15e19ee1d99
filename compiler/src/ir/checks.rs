//! How a set of leaves is told from all others: the comparisons that a check of a boxed value takes.
//!
//! Depends on encodings alone: doubles lie below everything else, then numbers with a tag, then references by tag, then
//! units at the very top, the first unit highest. So units that are declared first, and everything from some tag
//! upwards, take one comparison.

use super::ids::LeafId;
use super::spec::{LeafEncoding, SpecTables};
use super::types::TypeSet;

/// One comparison. A check holds when any of its tests does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// All 64 bits are at most [`super::spec::MAX_DOUBLE_BITS`] unsigned; or, weaker, the double is no NaN.
    Double,
    /// The high 32 bits are this tag.
    Tag(u32),
    /// The high 32 bits are at least this tag, unsigned.
    TagAtLeast(u32),
    /// The high 32 bits are between these tags.
    TagRange(u32, u32),
    /// All 64 bits are these.
    Bits(u64),
    /// All 64 bits are at least these, unsigned.
    BitsAtLeast(u64),
}

impl Test {
    /// What it costs, in comparisons.
    pub const fn cost(self) -> u32 {
        match self {
            Self::TagRange(..) => 2,
            _ => 1,
        }
    }
}

/// The tests that tell a value of `set` from every other value; none for the empty set.
pub fn tests_for(spec: &SpecTables, set: TypeSet) -> Vec<Test> {
    let mut tests = Vec::new();
    if spec.double_leaf().is_some_and(|double| set.contains(double)) {
        tests.push(Test::Double);
    }
    let units = units_from_top(spec);
    let mut tags = tags_from_top(spec);
    let mut open_end = units.iter().all(|(leaf, _)| set.contains(*leaf));
    if open_end {
        // All units: every tag at the top of the set is part of the same comparison.
        let joined = tags.iter().take_while(|(leaf, _)| set.contains(*leaf)).count();
        if joined > 0 {
            tests.push(Test::TagAtLeast(tags[joined - 1].1));
            tags.drain(..joined);
        } else {
            open_end = false;
        }
    }
    if !open_end {
        let joined = units.iter().take_while(|(leaf, _)| set.contains(*leaf)).count();
        if joined > 1 {
            tests.push(Test::BitsAtLeast(units[joined - 1].1));
        }
        let alone = if joined > 1 { joined } else { 0 };
        let rest = units[alone..].iter().filter(|(leaf, _)| set.contains(*leaf));
        tests.extend(rest.map(|(_, bits)| Test::Bits(*bits)));
    }
    let mut run: Option<(u32, u32)> = None;
    for (leaf, tag) in tags {
        match &mut run {
            Some((low, _)) if set.contains(leaf) && tag + 1 == *low => *low = tag,
            _ if set.contains(leaf) => {
                tests.extend(run.replace((tag, tag)).map(tag_test));
            }
            _ => tests.extend(run.take().map(tag_test)),
        }
    }
    tests.extend(run.map(tag_test));
    tests
}

/// What telling `set` from everything else costs, in comparisons.
pub fn cost(spec: &SpecTables, set: TypeSet) -> u32 {
    tests_for(spec, set).into_iter().map(Test::cost).sum()
}

const fn tag_test((low, high): (u32, u32)) -> Test {
    if low == high {
        Test::Tag(low)
    } else {
        Test::TagRange(low, high)
    }
}

/// Unit leaves with their bits, the highest first.
fn units_from_top(spec: &SpecTables) -> Vec<(LeafId, u64)> {
    let mut units: Vec<(LeafId, u64)> = spec
        .leaves
        .iter()
        .filter_map(|(id, leaf)| match leaf.encoding {
            LeafEncoding::Unit { bits } => Some((id, bits)),
            _ => None,
        })
        .collect();
    units.sort_by_key(|(_, bits)| std::cmp::Reverse(*bits));
    units
}

/// Leaves with a tag, the highest tag first.
fn tags_from_top(spec: &SpecTables) -> Vec<(LeafId, u32)> {
    let mut tags: Vec<(LeafId, u32)> = spec
        .leaves
        .iter()
        .filter_map(|(id, leaf)| match leaf.encoding {
            LeafEncoding::Int32 { tag } | LeafEncoding::Ref { tag, .. } => Some((id, tag)),
            _ => None,
        })
        .collect();
    tags.sort_by_key(|(_, tag)| std::cmp::Reverse(*tag));
    tags
}
