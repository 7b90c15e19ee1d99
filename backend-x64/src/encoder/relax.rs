//! Branch relaxation: which branches to labels get along with an 8-bit distance.

use super::operand::Label;
use std::collections::HashMap;

/// A part of the object whose length, or whose place, matters to relaxation.
#[derive(Clone, Debug)]
pub(super) enum Fragment {
    /// Bytes of fixed length.
    Fixed { length: u64 },
    /// A branch to a label: `short` bytes with an 8-bit distance, else `near` bytes.
    Branch { target: Label, short: u64, near: u64 },
    /// Skips to the next multiple.
    Align { alignment: u32 },
    /// Binds a label; has no length.
    Bind { label: Label },
}

/// Where everything is.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Offset of each fragment, and the length of the object at the end.
    pub offsets: Vec<u64>,
    /// For each fragment: is it a branch that needs the long form?
    pub is_near: Vec<bool>,
    /// Offset of each label that is bound.
    pub labels: HashMap<Label, u64>,
}

/// Chooses the forms of the branches and places all fragments.
///
/// All branches start short, and those that cannot reach their target become near, until none is left. A near branch
/// never becomes short again, hence this ends after at most as many rounds as there are branches. Without alignments
/// distances only grow, and the result is the smallest there is. An alignment may absorb growth and thus leave a
/// branch near that has come to fit; it is still correct.
pub(super) fn relax(fragments: &[Fragment]) -> Layout {
    let mut is_near = vec![false; fragments.len()];
    loop {
        let layout = place(fragments, is_near);
        let mut grown = layout.is_near.clone();
        let mut changed = false;
        for (index, fragment) in fragments.iter().enumerate() {
            let Fragment::Branch { target, .. } = fragment else {
                continue;
            };
            // A missing target is reported when distances are filled in.
            let Some(&target) = layout.labels.get(target) else {
                continue;
            };
            let end = layout.offsets[index + 1];
            let fits = i8::try_from(target as i64 - end as i64).is_ok();
            if !grown[index] && !fits {
                grown[index] = true;
                changed = true;
            }
        }
        if !changed {
            return layout;
        }
        is_near = grown;
    }
}

fn place(fragments: &[Fragment], is_near: Vec<bool>) -> Layout {
    let mut offsets = Vec::with_capacity(fragments.len() + 1);
    let mut labels = HashMap::new();
    let mut offset = 0u64;
    for (fragment, is_near) in fragments.iter().zip(&is_near) {
        offsets.push(offset);
        offset = match *fragment {
            Fragment::Fixed { length } => offset + length,
            Fragment::Branch { near, .. } if *is_near => offset + near,
            Fragment::Branch { short, .. } => offset + short,
            Fragment::Align { alignment } => offset.next_multiple_of(u64::from(alignment)),
            Fragment::Bind { label } => {
                labels.insert(label, offset);
                offset
            }
        };
    }
    offsets.push(offset);
    Layout {
        offsets,
        is_near,
        labels,
    }
}
