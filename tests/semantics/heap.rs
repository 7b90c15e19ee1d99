//! Objects of every kind of a language, and values of every type.

use dg_compiler::abi;
use dg_compiler::ir::spec::{ExternType, FieldType, LeafEncoding, RecordKind, SpecTables};
use dg_compiler::ir::{LeafId, RecordId, TypeSet};

use crate::arena::{Arena, HEAP, HEAP_END, PC, STACK};
use crate::random::Random;

/// Slots of the frames of bytecode functions.
pub const FRAME_SIZE: u32 = 24;
/// The number of coroutines' kind.
pub const COROUTINE: u8 = 4;
/// How many objects there are of each kind.
const INSTANCES: u32 = 5;
/// Lengths of trailing arrays.
const LENGTHS: [u32; 5] = [1, 3, 0, 4, 2];

/// An object on the heap.
#[derive(Clone, Copy, Debug)]
pub struct Object {
    pub record: RecordId,
    /// Where it is in the arena, in bytes.
    pub offset: usize,
    pub length: u32,
}

impl Object {
    pub fn reference(self) -> u32 {
        (self.offset / 8) as u32
    }
}

/// A place that the collector follows.
#[derive(Clone, Copy, Debug)]
pub struct Traced {
    pub owner: Object,
    pub offset: usize,
    /// Eight for a value, four for a reference.
    pub bytes: usize,
}

pub struct Heap {
    pub objects: Vec<Object>,
    pub traced: Vec<Traced>,
    /// The first object of each kind.
    firsts: Vec<Option<usize>>,
    /// Where objects end in the arena.
    pub end: usize,
}

impl Heap {
    /// Makes objects of every kind, of random contents. `entry` is what all code objects are entered at.
    pub fn build(spec: &SpecTables, arena: &Arena, random: &mut Random, entry: u64) -> Self {
        let mut heap = Self {
            objects: Vec::new(),
            traced: Vec::new(),
            firsts: Vec::new(),
            end: HEAP,
        };
        let mut at = HEAP;
        for (record, data) in spec.records.iter() {
            let RecordKind::Object { number } = data.kind else {
                heap.firsts.push(None);
                continue;
            };
            heap.firsts.push(Some(heap.objects.len()));
            for instance in 0..INSTANCES {
                let trailing = data.trailing.as_ref();
                let length = trailing.map_or(0, |_| LENGTHS[instance as usize % LENGTHS.len()]);
                let end = trailing.map_or(data.size, |array| array.offset + array.stride * length);
                heap.objects.push(Object {
                    record,
                    offset: at,
                    length,
                });
                arena.set_word(
                    at,
                    u64::from(length) << 32 | random.pick(&[0, 1, 1, 3]) << 8 | u64::from(number),
                );
                at += end.next_multiple_of(8) as usize;
                assert!(at <= HEAP_END, "the heap is too small");
            }
        }
        heap.end = at;
        for object in heap.objects.clone() {
            heap.fill(spec, arena, random, object);
            let data = &spec.records[object.record];
            if data.kind == (RecordKind::Object { number: abi::KIND_CODE }) {
                let vararg = u64::from(object.offset / 8 % 2 == 0) * u64::from(abi::code::VARARG);
                arena.write(object.offset + abi::code::FLAGS as usize, 2, vararg);
                arena.set_word(object.offset + abi::code::ENTRY as usize, entry);
                arena.set_word(object.offset + abi::code::BYTECODE as usize, arena.address(PC));
                arena.write(object.offset + abi::code::FRAME_SIZE as usize, 4, FRAME_SIZE.into());
                arena.write(object.offset + abi::code::PARAMS as usize, 4, 2);
            }
            if data.kind == (RecordKind::Object { number: COROUTINE }) {
                // Of no status that machine code switches to or from by itself: that is asked of the runtime.
                let status = random.pick(&[0, 2, 3, 4]);
                arena.write(object.offset + abi::coroutine::STATUS as usize, 1, status);
                arena.write(object.offset + abi::coroutine::RESUMER as usize, 4, 0);
            }
        }
        heap
    }

    fn fill(&mut self, spec: &SpecTables, arena: &Arena, random: &mut Random, object: Object) {
        let record = &spec.records[object.record];
        for field in &record.fields {
            self.fill_place(
                spec,
                arena,
                random,
                object,
                object.offset + field.offset as usize,
                field.ty,
            );
        }
        let Some(array) = &record.trailing else { return };
        for index in 0..object.length {
            let at = object.offset + (array.offset + index * array.stride) as usize;
            match array.element {
                FieldType::Struct(inner) => {
                    for field in &spec.records[inner].fields {
                        self.fill_place(spec, arena, random, object, at + field.offset as usize, field.ty);
                    }
                }
                ty => self.fill_place(spec, arena, random, object, at, ty),
            }
        }
    }

    fn fill_place(
        &mut self,
        spec: &SpecTables,
        arena: &Arena,
        random: &mut Random,
        owner: Object,
        at: usize,
        ty: FieldType,
    ) {
        let bytes = ty.bytes().unwrap_or(8) as usize;
        let value = match ty {
            FieldType::U8 | FieldType::U16 | FieldType::I32 | FieldType::U32 => number(random),
            FieldType::Bool => random.below(2),
            FieldType::I64 | FieldType::U64 => wide_number(random),
            FieldType::F64 => raw_double(random),
            FieldType::Value(set) => self.value(spec, set, random),
            FieldType::Ref { record, nullable } => match nullable && random.one_in(2) {
                true => 0,
                false => self.any(record, random).reference().into(),
            },
            FieldType::Ptr => random.next(),
            // The address of a slot of a caller, of the running frame, or of a word of this object.
            FieldType::ValuePtr => match random.one_in(2) {
                true => arena.address(STACK + 8 * random.below(64) as usize),
                false => {
                    let own = self
                        .traced
                        .iter()
                        .rfind(|place| place.owner.offset == owner.offset && place.bytes == 8);
                    arena.address(own.map_or(at + 8, |place| place.offset))
                }
            },
            FieldType::Struct(_) => unreachable!("a struct is filled field by field"),
        };
        arena.write(at, bytes, value);
        if ty.is_traced() {
            self.traced.push(Traced {
                owner,
                offset: at,
                bytes,
            });
        }
    }

    /// All objects of a kind.
    pub fn of(&self, record: RecordId) -> impl Iterator<Item = Object> + '_ {
        self.objects
            .iter()
            .copied()
            .filter(move |object| object.record == record)
    }

    /// Some object of a kind.
    pub fn any(&self, record: RecordId, random: &mut Random) -> Object {
        let first = self.firsts[record.0 as usize].expect("a kind of objects");
        self.objects[first + random.below(INSTANCES.into()) as usize]
    }

    /// A value of one of these leaves; doubles are chosen more often than others.
    pub fn value(&self, spec: &SpecTables, set: TypeSet, random: &mut Random) -> u64 {
        match spec.double_leaf() {
            Some(double) if set.contains(double) && random.one_in(4) => self.of_leaf(spec, double, random),
            _ => loop {
                let leaf = LeafId(random.below(spec.leaves.len() as u64) as u32);
                if set.contains(leaf) {
                    return self.of_leaf(spec, leaf, random);
                }
            },
        }
    }

    pub fn of_leaf(&self, spec: &SpecTables, leaf: LeafId, random: &mut Random) -> u64 {
        match spec.leaves[leaf].encoding {
            LeafEncoding::Unit { bits } => bits,
            LeafEncoding::Double => double(random),
            LeafEncoding::Int32 { tag } => u64::from(tag) << 32 | u64::from(number(random) as u32),
            LeafEncoding::Ref { tag, record } => u64::from(tag) << 32 | u64::from(self.any(record, random).reference()),
        }
    }

    /// What a runtime function could answer, as one word.
    pub fn of_extern_type(&self, spec: &SpecTables, ty: ExternType, random: &mut Random) -> u64 {
        match ty {
            ExternType::Value(set) => self.value(spec, set, random),
            ExternType::F64 => raw_double(random),
            ExternType::I32 | ExternType::U32 => u64::from(number(random) as u32),
            ExternType::Enum(id) => random.below(spec.enums[id].cases.len() as u64),
            ExternType::I64 | ExternType::U64 => wide_number(random),
            ExternType::Bool => random.below(2),
            ExternType::Ptr => random.next(),
            ExternType::Ref { record, nullable } => match nullable && random.one_in(3) {
                true => 0,
                false => self.any(record, random).reference().into(),
            },
            ExternType::List => unreachable!("lists are not answered"),
        }
    }
}

/// Mostly small, else an edge.
pub fn number(random: &mut Random) -> u64 {
    match random.one_in(3) {
        false => random.below(5),
        true => random.pick(&[
            u64::MAX,
            u64::MAX - 1,
            0x7fff_ffff,
            0x8000_0000,
            0x8000_0001,
            0xffff,
            0x8000,
            0x7fff,
            0xff,
            31,
            32,
            0x1234_5678,
        ]),
    }
}

fn wide_number(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.pick(&[u64::MAX, i64::MIN as u64, i64::MAX as u64, 1 << 32, 0xffff_ffff, 63, 64]),
        1 => random.next(),
        _ => number(random),
    }
}

/// A double as values hold it: NaNs are canonical.
pub fn double(random: &mut Random) -> u64 {
    let value = match random.below(4) {
        0 | 1 => random.below(5) as f64,
        2 => random.pick(&[
            -0.0,
            -1.0,
            0.5,
            -2.5,
            2147483647.0,
            2147483648.0,
            -2147483648.0,
            -2147483649.0,
            4294967296.0,
            9007199254740992.0,
            1e308,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE / 8.0,
            -5e-324,
        ]),
        _ => match random.below(6) {
            0 => return 0x7FF8_0000_0000_0000,
            1 => return 0xFFF8_0000_0000_0000,
            _ => f64::from_bits(random.next()),
        },
    };
    if value.is_nan() {
        0x7FF8_0000_0000_0000
    } else {
        value.to_bits()
    }
}

/// A double as fields hold it, or runtime functions answer it: any NaN.
fn raw_double(random: &mut Random) -> u64 {
    if random.one_in(8) {
        random.pick(&[0x7FF8_0000_0000_1234, 0xFFFF_FFFF_0000_0001])
    } else {
        double(random)
    }
}
