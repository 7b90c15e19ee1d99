//! Checks of types.
//!
//! Seen as unsigned numbers, boxed values are in order: doubles, then the `int32` leaves, the `ref` leaves, and at the
//! top the units. Among the leaves that are still possible, the ones that are asked for form a few runs in that order,
//! usually one, and each run is one comparison: with a single tag, or with one end of the run.

use dg_backend_x64::lir::{self, BinaryOp, IntCond};

use super::part::Part;
use crate::abi::DOUBLE_MAX_HIGH;
use crate::ir::spec::{LeafEncoding, MAX_DOUBLE_BITS};
use crate::ir::{LeafId, Type, TypeSet, ValueId};

/// The boxed values of a leaf, as unsigned numbers, both ends included.
#[derive(Clone, Copy, Debug)]
struct Range {
    first: u64,
    last: u64,
}

/// Leaves that are neighbours among the possible ones.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: Range,
    last: Range,
    /// Is no possible leaf below it?
    is_lowest: bool,
    /// Is no possible leaf above it?
    is_highest: bool,
}

impl Part<'_> {
    /// Whether a value is of one of these leaves: 1 or 0.
    ///
    /// ```text
    ///     cmp dword [slot+4], 0xfff80000  ; a double: not above
    ///     cmp dword [slot+4], 0xfffe0001  ; a reference
    ///     cmp qword [slot], -2            ; nil or false
    /// ```
    pub(super) fn is(&mut self, value: ValueId, set: TypeSet) -> lir::Value {
        let possible = match self.function.ty(value) {
            Type::Val(possible) => possible,
            _ => self.spec.any(),
        };
        let wanted = set.intersect(possible);
        if wanted.is_empty() || wanted == possible {
            return self.code.b.const32(u32::from(!wanted.is_empty()));
        }
        let others = possible.minus(wanted);
        let (runs, gaps) = (self.runs(wanted, possible), self.runs(others, possible));
        match gaps.len() < runs.len() {
            false => self.any_of(value, &runs),
            true => {
                let truth = self.any_of(value, &gaps);
                self.code.b.int_compare_imm(IntCond::Eq, truth, 0)
            }
        }
    }

    fn any_of(&mut self, value: ValueId, runs: &[Run]) -> lir::Value {
        let mut truths = runs
            .iter()
            .map(|run| self.in_run(value, *run))
            .collect::<Vec<_>>()
            .into_iter();
        let first = truths.next().expect("a set that is neither empty nor all has a run");
        truths.fold(first, |any, truth| self.code.b.binary(BinaryOp::Or, any, truth))
    }

    /// Splits a set into runs among the possible leaves.
    fn runs(&self, set: TypeSet, possible: TypeSet) -> Vec<Run> {
        let mut leaves: Vec<(Range, bool)> = possible
            .leaves()
            .map(|leaf| (self.range(leaf), set.contains(leaf)))
            .collect();
        leaves.sort_by_key(|(range, _)| range.first);
        let mut runs: Vec<Run> = Vec::new();
        let mut is_open = false;
        for (index, (range, is_in)) in leaves.iter().enumerate() {
            let is_highest = index + 1 == leaves.len();
            match (is_open, is_in) {
                (true, true) => {
                    let run = runs.last_mut().expect("a run is open");
                    (run.last, run.is_highest) = (*range, is_highest);
                }
                (false, true) => runs.push(Run {
                    first: *range,
                    last: *range,
                    is_lowest: index == 0,
                    is_highest,
                }),
                (_, false) => {}
            }
            is_open = *is_in;
        }
        runs
    }

    fn range(&self, leaf: LeafId) -> Range {
        match self.spec.leaves[leaf].encoding {
            LeafEncoding::Unit { bits } => Range {
                first: bits,
                last: bits,
            },
            LeafEncoding::Double => Range {
                first: 0,
                last: MAX_DOUBLE_BITS,
            },
            LeafEncoding::Int32 { tag } | LeafEncoding::Ref { tag, .. } => {
                let first = u64::from(tag) << 32;
                Range {
                    first,
                    last: first | 0xffff_ffff,
                }
            }
        }
    }

    fn in_run(&mut self, value: ValueId, run: Run) -> lir::Value {
        let is_unit = run.first.first == run.first.last;
        if is_unit && run.first.first == run.last.first {
            let bits = self.bits(value);
            return self.code.b.int_compare_imm(IntCond::Eq, bits, run.first.first as i64);
        }
        if is_unit {
            let bits = self.bits(value);
            return self.between(bits, run, run.first.first as i64, run.last.last as i64);
        }
        let high = self.high(value);
        let last = match run.last.last {
            MAX_DOUBLE_BITS => DOUBLE_MAX_HIGH,
            last => (last >> 32) as u32,
        };
        // Units share their upper half with no tag: a run that ends among them but not at the top needs all bits.
        let ends_in_units = last == u32::MAX;
        if ends_in_units && !run.is_highest {
            let bits = self.bits(value);
            return self.between(bits, run, run.first.first as i64, run.last.last as i64);
        }
        let first = (run.first.first >> 32) as u32;
        self.between(high, run, first.into(), last.into())
    }

    /// Compares with the ends that matter.
    fn between(&mut self, value: lir::Value, run: Run, first: i64, last: i64) -> lir::Value {
        let b = &mut self.code.b;
        if first == last {
            b.int_compare_imm(IntCond::Eq, value, first)
        } else if run.is_highest {
            b.int_compare_imm(IntCond::Uge, value, first)
        } else if run.is_lowest {
            b.int_compare_imm(IntCond::Ule, value, last)
        } else {
            let above = b.binary_imm(BinaryOp::Sub, value, first);
            b.int_compare_imm(IntCond::Ule, above, last.wrapping_sub(first))
        }
    }
}
