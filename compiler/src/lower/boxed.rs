//! Boxed values: which of their parts are at hand, and how to get at the others.
//!
//! A boxed value that was read from memory is not held in a register by default: a check of its type compares its
//! upper half in memory, an unboxed double is loaded into a vector register, a reference is loaded as the 32 bits it
//! is. Each part is read when it is first asked for, as long as the memory has not changed; the whole value is also
//! read where it is defined, for later. What nobody uses, selection drops.

use dg_backend_x64::lir::{self, Addr, BinaryOp, FloatCond, MemType, Pinned, UnaryOp};

use super::part::{Held, Part};
use crate::abi::CANONICAL_NAN;
use crate::ir::spec::{LeafEncoding, SpecTables};
use crate::ir::{BlockId, LeafId, Op, Type, ValueId};

/// The tag of a leaf with a payload, in place.
pub(super) fn tag_bits(spec: &SpecTables, leaf: LeafId) -> u64 {
    match spec.leaves[leaf].encoding {
        LeafEncoding::Int32 { tag } | LeafEncoding::Ref { tag, .. } => u64::from(tag) << 32,
        LeafEncoding::Unit { .. } | LeafEncoding::Double => 0,
    }
}

/// A part of a boxed value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Half {
    /// All 64 bits.
    Bits,
    /// The upper 32 bits.
    High,
    /// The lower 32 bits.
    Low,
    /// All bits as a double.
    Float,
}

/// Where a boxed value can be read.
#[derive(Clone)]
struct Memory {
    addr: Addr,
    /// The epoch under which it holds the value; `None` for memory that never changes.
    epoch: Option<u32>,
}

/// A boxed value.
#[derive(Clone, Default)]
pub(super) struct Boxed {
    memory: Option<Memory>,
    /// Parts at hand, with the block from which on they are.
    parts: Vec<(Half, BlockId, lir::Value)>,
    /// Parts that are at hand wherever the value is.
    always: Vec<(Half, lir::Value)>,
    constant: Option<u64>,
}

impl Boxed {
    /// A value whose bits are at hand.
    pub(super) fn of_bits(bits: lir::Value) -> Boxed {
        Boxed {
            always: vec![(Half::Bits, bits)],
            ..Boxed::default()
        }
    }

    /// A known value.
    pub(super) fn constant(bits: lir::Value, constant: u64) -> Boxed {
        Boxed {
            constant: Some(constant),
            ..Boxed::of_bits(bits)
        }
    }

    /// The double that has been computed and boxed, if it is one.
    pub(super) fn computed_double(&self) -> Option<lir::Value> {
        match self.always[..] {
            [(Half::Float, float)] if self.memory.is_none() => Some(float),
            _ => None,
        }
    }

    /// The value, if it is known.
    pub(super) fn known(&self) -> Option<u64> {
        self.constant
    }
}

impl Part<'_> {
    /// Defines `result` as what is in memory; `invariant` if it never changes while the bytecode runs.
    pub(super) fn define_in_memory(&mut self, result: ValueId, addr: Addr, invariant: bool) {
        let bits = self.read(MemType::I64, addr.clone(), invariant);
        let epoch = (!invariant).then_some(self.epoch);
        let boxed = Boxed {
            memory: Some(Memory { addr, epoch }),
            ..Boxed::of_bits(bits)
        };
        self.held.insert(result, Held::Boxed(boxed));
    }

    /// The value is at hand as a double, too.
    pub(super) fn define_float(&mut self, value: ValueId, float: lir::Value) {
        if let Some(Held::Boxed(boxed)) = self.held.get_mut(&value) {
            boxed.parts.push((Half::Float, self.function.entry, float));
        }
    }

    fn read(&mut self, mem: MemType, addr: Addr, invariant: bool) -> lir::Value {
        match invariant {
            true => self.code.b.load_invariant(mem, addr),
            false => self.code.b.load(mem, addr),
        }
    }

    /// All 64 bits.
    pub(super) fn bits(&mut self, value: ValueId) -> lir::Value {
        self.half(value, Half::Bits)
    }

    /// The value as a double, whatever it is.
    pub(super) fn float(&mut self, value: ValueId) -> lir::Value {
        self.half(value, Half::Float)
    }

    /// The upper half.
    pub(super) fn high(&mut self, value: ValueId) -> lir::Value {
        self.half(value, Half::High)
    }

    /// What a boxed value holds, as a value of type `ty`.
    pub(super) fn unbox(&mut self, value: ValueId, ty: Type) -> lir::Value {
        match ty {
            Type::F64 => self.float(value),
            _ => self.half(value, Half::Low),
        }
    }

    /// What is known of a boxed value.
    pub(super) fn known_bits(&self, value: ValueId) -> Option<u64> {
        match &self.held[&self.root(value)] {
            Held::Boxed(boxed) => boxed.known(),
            Held::Plain(_) => None,
        }
    }

    /// Where a boxed value can be read now, if it can.
    pub(super) fn place_of(&self, value: ValueId) -> Option<Addr> {
        let Held::Boxed(boxed) = &self.held[&self.root(value)] else {
            return None;
        };
        let memory = boxed.memory.as_ref()?;
        memory
            .epoch
            .is_none_or(|epoch| epoch == self.epoch)
            .then(|| memory.addr.clone())
    }

    fn half(&mut self, value: ValueId, half: Half) -> lir::Value {
        let root = self.root(value);
        let Held::Boxed(boxed) = self.held[&root].clone() else {
            unreachable!("{value} is not boxed")
        };
        let is_here = |(known, block, part): &(Half, BlockId, lir::Value)| {
            (*known == half && self.cfg.dominates(*block, self.current)).then_some(*part)
        };
        if let Some(part) = boxed.parts.iter().find_map(is_here) {
            return part;
        }
        let part = match self.place_of(root) {
            Some(addr) => {
                let invariant = boxed.memory.as_ref().is_some_and(|memory| memory.epoch.is_none());
                match half {
                    Half::Bits => self.read(MemType::I64, addr, invariant),
                    Half::High => {
                        let high = self.code.offset(&addr, 4);
                        self.read(MemType::I32, high, invariant)
                    }
                    Half::Low => self.read(MemType::I32, addr, invariant),
                    Half::Float => self.read(MemType::F64, addr, invariant),
                }
            }
            None => match boxed.always.iter().find(|(known, _)| *known == half) {
                Some((_, part)) => return *part,
                None => self.derive(&boxed, half),
            },
        };
        if let Some(Held::Boxed(boxed)) = self.held.get_mut(&root) {
            boxed.parts.push((half, self.current, part));
        }
        part
    }

    /// A part computed from another one.
    fn derive(&mut self, boxed: &Boxed, half: Half) -> lir::Value {
        let find = |half| {
            boxed
                .always
                .iter()
                .find(|(known, _)| *known == half)
                .map(|(_, part)| *part)
        };
        let bits = match (find(Half::Bits), find(Half::Float)) {
            (Some(bits), _) => bits,
            (None, Some(float)) => self.code.b.unary(UnaryOp::F64Bits, float),
            (None, None) => unreachable!("a boxed value is its bits or a double"),
        };
        let b = &mut self.code.b;
        match half {
            Half::Bits => bits,
            Half::High => {
                let high = b.binary_imm(BinaryOp::Shr, bits, 32);
                b.unary(UnaryOp::Wrap, high)
            }
            Half::Low => b.unary(UnaryOp::Wrap, bits),
            Half::Float => b.unary(UnaryOp::F64FromBits, bits),
        }
    }

    /// Boxes the payload of a leaf:
    ///
    /// ```text
    ///     lea rax, [tag+rax]              ; a reference or an int32
    /// ```
    ///
    /// A double is its own box, but of NaNs there is only one: those that arithmetic makes of canonical ones are
    /// canonical, those that come from elsewhere are replaced.
    pub(super) fn make_box(&mut self, leaf: LeafId, value: ValueId, result: ValueId) {
        let payload = self.value(value);
        let boxed = match self.spec.leaves[leaf].encoding {
            LeafEncoding::Double => match self.may_be_any_nan(value) {
                false => Boxed {
                    always: vec![(Half::Float, payload)],
                    ..Boxed::default()
                },
                true => {
                    let bits = self.code.b.unary(UnaryOp::F64Bits, payload);
                    let is_nan = self.code.b.float_compare(FloatCond::Unordered, payload, payload);
                    let canonical = self.code.b.const64(CANONICAL_NAN);
                    Boxed::of_bits(self.code.b.select(is_nan, canonical, bits))
                }
            },
            LeafEncoding::Unit { bits } => Boxed::constant(self.code.b.const64(bits), bits),
            LeafEncoding::Int32 { .. } | LeafEncoding::Ref { .. } => {
                let tag = self.tag(leaf);
                let wide = self.code.wide(payload);
                let mut boxed = Boxed::of_bits(self.code.b.binary(BinaryOp::Add, wide, tag));
                boxed.always.push((Half::Low, payload));
                boxed
            }
        };
        self.held.insert(result, Held::Boxed(boxed));
    }

    /// The tag of a leaf in the upper half, from its register if it has one.
    fn tag(&mut self, leaf: LeafId) -> lir::Value {
        let register = self.spec.tag_registers.iter().position(|tagged| *tagged == leaf);
        match register {
            Some(number) if self.options.tag_registers && number < usize::from(Pinned::MAX_TAGS) => {
                self.code.b.get_pinned(Pinned::Tag(number as u8))
            }
            _ => self.code.b.const64(tag_bits(self.spec, leaf)),
        }
    }

    /// Could a double be a NaN with bits that no boxed value has?
    fn may_be_any_nan(&self, value: ValueId) -> bool {
        if self.function.ty(value) != Type::F64 {
            return false;
        }
        match self.function.def(value) {
            None => true,
            Some(
                Op::CallExtern { .. }
                | Op::PlanPayload { .. }
                | Op::CacheLoad(_)
                | Op::Load { .. }
                | Op::ElementLoad { .. },
            ) => true,
            // What arithmetic makes of a NaN is that NaN.
            Some(Op::Unary(_, a)) => self.may_be_any_nan(*a),
            Some(Op::Binary(_, a, b)) => self.may_be_any_nan(*a) || self.may_be_any_nan(*b),
            Some(_) => false,
        }
    }

    /// Stores a boxed value, from whichever part is at hand.
    pub(super) fn store_boxed(&mut self, addr: Addr, value: ValueId) {
        let root = self.root(value);
        let computed = match &self.held[&root] {
            Held::Boxed(boxed) => boxed.computed_double(),
            Held::Plain(_) => None,
        };
        if let Some(float) = computed.or_else(|| self.raw_register(root)) {
            return self.code.b.store(MemType::F64, addr, float);
        }
        let bits = self.bits(root);
        self.code.b.store(MemType::I64, addr, bits);
    }
}
