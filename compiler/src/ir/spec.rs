//! The tables that instructions refer to: everything the graph knows about a language.
//!
//! Filled once from the typed program; passes and lowering only read them.

use super::ids::{BytecodeId, EnumId, ExternId, LeafId, NativeId, OperandId, PlanId, RecordId, Table};
use super::types::{Type, TypeSet};

/// Everything declared in a specification, with its layout.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SpecTables {
    /// The name of the language.
    pub language: String,
    /// The object that every callable is (`callee` of the language); `None` for a language without functions.
    pub callee: Option<RecordId>,
    /// Leaves whose tags live in pinned registers, most important first.
    pub tag_registers: Vec<LeafId>,
    /// The largest number of slots in a frame.
    pub max_slots: u32,
    /// How many calls of a function are often: it is compiled then.
    pub compile_after_calls: u32,
    /// How many jumps back are often: the function that takes them is compiled then.
    pub compile_after_jumps: u32,
    /// The leaf types of the boxed value.
    pub leaves: Table<LeafId, Leaf>,
    /// Named sets of leaves.
    pub groups: Vec<Group>,
    /// Framework objects, then the objects and structs of the specification.
    pub records: Table<RecordId, Record>,
    /// Enums; a constant is the `i32` that is its position.
    pub enums: Table<EnumId, Enum>,
    /// Plans; a case is the `i32` that is its position.
    pub plans: Table<PlanId, Plan>,
    /// Runtime functions; the id is the index in the VM's table of externs.
    pub externs: Table<ExternId, Extern>,
    /// Bytecodes as declared.
    pub bytecodes: Table<BytecodeId, Bytecode>,
    /// Native functions.
    pub natives: Table<NativeId, Native>,
}

impl SpecTables {
    /// The set of all leaves.
    pub fn any(&self) -> TypeSet {
        TypeSet::all(self.leaves.len())
    }
    /// The leaf that holds doubles.
    pub fn double_leaf(&self) -> Option<LeafId> {
        self.leaves.find(|leaf| leaf.encoding == LeafEncoding::Double)
    }
    /// The leaf whose values are references to `record`.
    pub fn leaf_of_record(&self, record: RecordId) -> Option<LeafId> {
        self.leaves
            .find(|leaf| matches!(leaf.encoding, LeafEncoding::Ref { record: r, .. } if r == record))
    }
    /// The type that `Unbox` answers for a value of `leaf`; `None` for unit leaves, which hold nothing.
    pub fn unboxed(&self, leaf: LeafId) -> Option<Type> {
        match self.leaves[leaf].encoding {
            LeafEncoding::Unit { .. } => None,
            LeafEncoding::Double => Some(Type::F64),
            LeafEncoding::Int32 { .. } => Some(Type::I32),
            LeafEncoding::Ref { record, .. } => Some(Type::Ref(record)),
        }
    }
    /// The leaf that the boxed value `bits` belongs to; `None` for bits that encode no declared value.
    pub fn leaf_of_bits(&self, bits: u64) -> Option<LeafId> {
        self.leaves.find(|leaf| match leaf.encoding {
            LeafEncoding::Unit { bits: unit } => bits == unit,
            LeafEncoding::Double => bits <= MAX_DOUBLE_BITS,
            LeafEncoding::Int32 { tag } | LeafEncoding::Ref { tag, .. } => (bits >> 32) as u32 == tag,
        })
    }
    /// The field named `name` of `record`.
    pub fn field(&self, record: RecordId, name: &str) -> Option<FieldId> {
        self.records[record]
            .fields
            .iter()
            .position(|field| field.name == name)
            .map(|index| FieldId(index as u32))
    }
}

/// Boxed bits up to this one, unsigned, are raw doubles: the negative canonical NaN is the largest.
pub const MAX_DOUBLE_BITS: u64 = 0xFFF8_0000_0000_0000;

/// A leaf type of the boxed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its name in the specification.
    pub name: String,
    /// How it is told from other leaves, and where its payload is.
    pub encoding: LeafEncoding,
}

/// How a leaf is encoded in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafEncoding {
    /// The one value `bits`.
    Unit {
        /// The whole boxed value.
        bits: u64,
    },
    /// The raw double; NaNs are canonical. See [`MAX_DOUBLE_BITS`].
    Double,
    /// `tag` in the high 32 bits, an `i32` in the low.
    Int32 {
        /// The high 32 bits.
        tag: u32,
    },
    /// `tag` in the high 32 bits, a reference in the low.
    Ref {
        /// The high 32 bits.
        tag: u32,
        /// What is referred to.
        record: RecordId,
    },
}

/// A named set of leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name in the specification.
    pub name: String,
    /// Its leaves.
    pub set: TypeSet,
}

/// A field of a record, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u32);

/// An object or a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name in the specification, or the framework's.
    pub name: String,
    /// Object or struct.
    pub kind: RecordKind,
    /// Fields in declared order.
    pub fields: Vec<Field>,
    /// The array at the end of an object.
    pub trailing: Option<Trailing>,
    /// Bytes of the fixed part, the object header included, before the trailing array.
    pub size: u32,
}

/// Whether a record stands alone on the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Its header's kind byte.
    Object {
        /// The kind byte.
        number: u8,
    },
    /// An element of an object's trailing array; has no header.
    Struct,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Bytes from the start of the record (of the header, for objects).
    pub offset: u32,
    /// What is stored.
    pub ty: FieldType,
}

/// The array at the end of an object. Its length is the `aux` word of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailing {
    /// Its name.
    pub name: String,
    /// Bytes from the start of the object to element 0.
    pub offset: u32,
    /// Bytes per element.
    pub stride: u32,
    /// What an element is.
    pub element: FieldType,
}

/// What a field or an element holds in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// One byte, zero-extended to `I32`.
    U8,
    /// Two bytes, zero-extended to `I32`.
    U16,
    /// One byte, 0 or 1.
    Bool,
    /// Four bytes.
    I32,
    /// Four bytes.
    U32,
    /// Eight bytes.
    I64,
    /// Eight bytes.
    U64,
    /// An IEEE double.
    F64,
    /// A boxed value of one of these leaves.
    Value(TypeSet),
    /// A reference.
    Ref {
        /// What is referred to.
        record: RecordId,
        /// Whether it may be null.
        nullable: bool,
    },
    /// A machine address, of whatever the host means by it.
    Ptr,
    /// The machine address of a value: of a slot, or of a field of this very object. What is there is alive.
    ValuePtr,
    /// A struct, in place. Only elements of trailing arrays are.
    Struct(RecordId),
}

impl FieldType {
    /// The type of the SSA value that a load answers and a store takes; for [`FieldType::Struct`] the reference that
    /// `ElementRef` answers.
    pub const fn loaded(self) -> Type {
        match self {
            Self::U8 | Self::U16 | Self::I32 | Self::U32 => Type::I32,
            Self::Bool => Type::Bool,
            Self::I64 | Self::U64 => Type::I64,
            Self::F64 => Type::F64,
            Self::Value(set) => Type::Val(set),
            Self::Ref { record, .. } | Self::Struct(record) => Type::Ref(record),
            Self::Ptr | Self::ValuePtr => Type::Ptr,
        }
    }
    /// Whether the collector follows what is stored, so that a store needs a barrier.
    pub const fn is_traced(self) -> bool {
        matches!(self, Self::Value(_) | Self::Ref { .. })
    }
    /// Bytes in memory; `None` for structs, whose size is their record's.
    pub const fn bytes(self) -> Option<u32> {
        match self {
            Self::U8 | Self::Bool => Some(1),
            Self::U16 => Some(2),
            Self::I32 | Self::U32 | Self::Ref { .. } => Some(4),
            Self::I64 | Self::U64 | Self::F64 | Self::Value(_) | Self::Ptr | Self::ValuePtr => Some(8),
            Self::Struct(_) => None,
        }
    }
}

/// An enum: constant `i` is the `i32` i.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// Its name.
    pub name: String,
    /// Its constants in order.
    pub cases: Vec<String>,
}

/// A plan: the ways a function may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its cases; a case's number is its position.
    pub cases: Vec<PlanCase>,
    /// The case that is right whatever the answer would be: what a site takes that has given up remembering.
    pub fallback: Option<u32>,
}

/// One way to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanCase {
    /// Its name.
    pub name: String,
    /// What comes with it, one word of `Hot.plan` each.
    pub payload: Vec<ExternType>,
}

/// A runtime function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extern {
    /// Its name.
    pub name: String,
    /// Names and types of its parameters.
    pub params: Vec<(String, ExternType)>,
    /// What it answers.
    pub result: ExternResult,
    /// What it may do.
    pub effects: Effects,
}

/// What crosses the border between generated code and the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternType {
    /// A boxed value.
    Value(TypeSet),
    /// A double.
    F64,
    /// A signed 32-bit number.
    I32,
    /// A constant of an enum: its number, 32 bits.
    Enum(EnumId),
    /// An unsigned 32-bit number.
    U32,
    /// A signed 64-bit number.
    I64,
    /// An unsigned 64-bit number.
    U64,
    /// 0 or 1.
    Bool,
    /// A machine address.
    Ptr,
    /// A reference, never null unless `nullable`.
    Ref {
        /// What is referred to.
        record: RecordId,
        /// Whether it may be null.
        nullable: bool,
    },
    /// A run of values: two SSA values, `Ptr` and `I32` count.
    List,
}

impl ExternType {
    /// The types of the SSA values this takes: two for a list, one for anything else.
    pub fn values(self) -> Vec<Type> {
        match self {
            Self::Value(set) => vec![Type::Val(set)],
            Self::F64 => vec![Type::F64],
            Self::I32 | Self::U32 | Self::Enum(_) => vec![Type::I32],
            Self::I64 | Self::U64 => vec![Type::I64],
            Self::Bool => vec![Type::Bool],
            Self::Ptr => vec![Type::Ptr],
            Self::Ref { record, .. } => vec![Type::Ref(record)],
            Self::List => vec![Type::Ptr, Type::I32],
        }
    }
}

/// What a runtime function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExternResult {
    /// Nothing.
    None,
    /// One thing; a list is two SSA values.
    One(ExternType),
    /// The number of a case (`I32`), its payload in `Hot.plan`.
    Plan(PlanId),
}

/// What an operation may do besides computing its results.
///
/// Writing is to the heap: runtime functions do not write slots of the running frame, unless they re-enter.
/// Allocating counts as reading and writing (the new object, tables of the host).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// May read slots and objects.
    pub reads: bool,
    /// May write objects.
    pub writes: bool,
    /// May allocate; a collection becomes due, it does not happen here.
    pub allocates: bool,
    /// May fail with a thrown value.
    pub throws: bool,
    /// May run guest code: reads and writes anything, slots included.
    pub reenters: bool,
    /// A pure function of its arguments until the named event happens.
    pub until: Option<String>,
}

impl Effects {
    /// No effect: the same arguments give the same answer.
    pub fn is_pure(&self) -> bool {
        !(self.reads || self.writes || self.allocates || self.throws || self.reenters) && self.until.is_none()
    }
    /// Whether what was loaded from the heap before may have changed.
    pub const fn may_write_heap(&self) -> bool {
        self.writes || self.allocates || self.reenters
    }
    /// Whether what was loaded from slots before may have changed.
    pub const fn may_write_slots(&self) -> bool {
        self.reenters
    }
    /// Whether it can be dropped when its results are not used.
    pub const fn is_removable(&self) -> bool {
        !(self.writes || self.allocates || self.throws || self.reenters)
    }
}

/// A bytecode as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytecode {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: String,
    /// The line of its declaration.
    pub line: u32,
    /// Its operands in declared order.
    pub operands: Table<OperandId, OperandDecl>,
    /// The alternatives of its result; empty when it has none.
    pub results: Vec<ResultKind>,
    /// Whether a result that is one slot is also handed to the next instruction in a register, as 64 bits.
    pub forwards: bool,
}

/// An operand as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperandDecl {
    /// Its name.
    pub name: String,
    /// What it may be; never empty.
    pub alternatives: Vec<OperandKind>,
}

/// What an operand is in one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperandKind {
    /// A value read from a slot.
    Slot,
    /// A boxed constant of one of these leaves, in the instruction.
    Const(TypeSet),
    /// A reference to an object that is no value (a `Code`), in the instruction.
    ConstRef(RecordId),
    /// A signed number of 32 bits.
    ImmI32,
    /// An unsigned number of 32 bits.
    ImmU32,
    /// An unsigned number of 16 bits.
    ImmU16,
    /// A branch target: bytes from this instruction's start.
    Label,
    /// A run of slots, its length in the instruction.
    Slots,
    /// A run of slots of this length.
    SlotsFixed(u16),
    /// A run of slots up to the end of the last open result.
    OpenSlots,
    /// A slot that is written.
    OutSlot,
    /// A value read from the slot that the instruction before, which forwards its result, has written.
    Last,
}

/// Where a bytecode's result goes in one variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultKind {
    /// Into one slot.
    Slot,
    /// Into a run of slots, its length in the instruction: missing values are filled, surplus ones dropped.
    Slots,
    /// All of them, from a slot upwards; sets the end of the open result.
    OpenSlots,
}

/// One shape of a bytecode: every alternative chosen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The kind of each operand.
    pub operands: Vec<OperandKind>,
    /// The kind of the result, if there is one.
    pub result: Option<ResultKind>,
    /// What the instruction remembers for its `cache`, if it has one.
    pub cache: Option<CacheShape>,
}

/// What an instruction remembers: the words of the key, and for each case of the answer the words that come with it.
/// Every form of a bytecode with a cache has room for the same, as one is rewritten to another in place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheShape {
    /// The types of the key's words.
    pub key: Vec<Type>,
    /// The name of each case and the types of its words.
    pub cases: Vec<(String, Vec<Type>)>,
    /// The event after which nothing that was remembered holds, if there is one.
    pub until: Option<String>,
    /// How many answers compiled code remembers at one instruction.
    pub ways: u32,
    /// Whether it is the callee of the bytecode's call that is remembered: then the runtime writes the words.
    pub is_call: bool,
}

/// A word that an instruction remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheWord {
    /// Of the key.
    Key(u32),
    /// Of what comes with a case.
    Payload {
        /// The case.
        case: u32,
        /// Which of its words.
        index: u32,
    },
}

impl CacheShape {
    /// The type of a word; `None` when there is no such word.
    pub fn ty(&self, word: CacheWord) -> Option<Type> {
        let types = match word {
            CacheWord::Key(index) => (&self.key, index),
            CacheWord::Payload { case, index } => (&self.cases.get(case as usize)?.1, index),
        };
        types.0.get(types.1 as usize).copied()
    }
}

/// Which of the forms of a bytecode with a `cache` a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum CacheForm {
    /// It remembers nothing: a bytecode without a `cache`, or one whose keys keep changing.
    #[default]
    Plain,
    /// What the builder writes: computes the answer, remembers it, and becomes that case.
    Linking,
    /// The answer is of this case while the key is the one that is remembered; else goes on in the linking form.
    Case(u32),
}

/// Where the parts of an instruction are, in bytes from its start. The opcode is the `u16` at 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The `u16` slot that the result starts at.
    pub result: Option<u32>,
    /// The `u16` number of results wanted, for [`ResultKind::Slots`].
    pub result_count: Option<u32>,
    /// Each operand.
    pub operands: Vec<OperandEncoding>,
    /// What the instruction remembers.
    pub cache: Option<CacheEncoding>,
    /// Bytes of the whole instruction, a multiple of 8.
    pub length: u32,
}

/// Where the parts of a cache are in an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheEncoding {
    /// The `u16` that counts how often the site has been linked.
    pub links: u32,
    /// The words of the key.
    pub key: Vec<u32>,
    /// The words of each case; the cases share their room.
    pub cases: Vec<Vec<u32>>,
}

impl CacheEncoding {
    /// Where a word is.
    pub fn word(&self, word: CacheWord) -> u32 {
        match word {
            CacheWord::Key(index) => self.key[index as usize],
            CacheWord::Payload { case, index } => self.cases[case as usize][index as usize],
        }
    }
}

/// Where an operand is in an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperandEncoding {
    /// Its field: `u16` for slots, runs and `u16` numbers, 4 bytes for other numbers, labels and references, 8 bytes
    /// for boxed constants.
    pub offset: u32,
    /// The `u16` length of a run ([`OperandKind::Slots`]).
    pub count: Option<u32>,
}

impl OperandKind {
    /// Bytes of its field (the first one, of a run with a length).
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Slot
            | Self::ImmU16
            | Self::Slots
            | Self::SlotsFixed(_)
            | Self::OpenSlots
            | Self::OutSlot
            | Self::Last => 2,
            Self::ImmI32 | Self::ImmU32 | Self::Label | Self::ConstRef(_) => 4,
            Self::Const(_) => 8,
        }
    }
}

impl Variant {
    /// Lays out the instruction: opcode, then all 2-byte fields in order (result, its count, operands, each run
    /// followed by its count, then the count of a cache), then the 4-byte and the 8-byte fields, each group aligned to
    /// its size; then what a cache remembers.
    pub fn encoding(&self) -> Encoding {
        let mut at = 2;
        let mut take = |bytes: u32| take(&mut at, bytes);
        let result = self.result.map(|_| take(2));
        let result_count = (self.result == Some(ResultKind::Slots)).then(|| take(2));
        let mut operands = vec![OperandEncoding { offset: 0, count: None }; self.operands.len()];
        let mut links = None;
        for bytes in [2, 4, 8] {
            for (kind, encoding) in self
                .operands
                .iter()
                .zip(&mut operands)
                .filter(|(kind, _)| kind.bytes() == bytes)
            {
                encoding.offset = take(bytes);
                encoding.count = (*kind == OperandKind::Slots).then(|| take(2));
            }
            if bytes == 2 && self.cache.is_some() {
                links = Some(take(2));
            }
        }
        let cache = self.cache.as_ref().zip(links);
        let cache = cache.map(|(shape, links)| shape.place(links, &mut at));
        Encoding {
            result,
            result_count,
            operands,
            cache,
            length: u32::next_multiple_of(at, 8),
        }
    }
}

/// The next field of `bytes` at its natural alignment.
const fn take(at: &mut u32, bytes: u32) -> u32 {
    *at = u32::next_multiple_of(*at, bytes) + bytes;
    *at - bytes
}

impl CacheShape {
    /// The key stands first; the cases lie over each other.
    fn place(&self, links: u32, at: &mut u32) -> CacheEncoding {
        let key = self.key.iter().map(|ty| take(at, word_bytes(*ty))).collect();
        let start = *at;
        let cases = self.cases.iter().map(|(_, types)| {
            let mut end = start;
            let words = types.iter().map(|ty| take(&mut end, word_bytes(*ty))).collect();
            *at = end.max(*at);
            words
        });
        CacheEncoding {
            links,
            key,
            cases: cases.collect(),
        }
    }
}

/// Bytes of a word that is remembered.
const fn word_bytes(ty: Type) -> u32 {
    match ty {
        Type::I32 | Type::Bool | Type::Ref(_) => 4,
        Type::Val(_) | Type::F64 | Type::I64 | Type::Ptr => 8,
    }
}

/// A library function written in the specification. Its parameters are slots 0.. of its frame; missing ones are
/// filled by the entry stub, surplus ones are `Varargs` when it takes the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Native {
    /// Its name.
    pub name: String,
    /// Its doc comment.
    pub doc: String,
    /// The line of its declaration.
    pub line: u32,
    /// Names of its parameters, the rest excluded.
    pub params: Vec<String>,
    /// The name of the parameter that takes all further arguments.
    pub rest: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_laid_out_by_field_size() {
        let variant = Variant {
            operands: vec![
                OperandKind::Const(TypeSet::all(1)),
                OperandKind::Slots,
                OperandKind::Label,
            ],
            result: Some(ResultKind::Slots),
            cache: None,
        };
        let encoding = variant.encoding();
        assert_eq!((encoding.result, encoding.result_count), (Some(2), Some(4)));
        assert_eq!(
            encoding.operands[1],
            OperandEncoding {
                offset: 6,
                count: Some(8)
            }
        );
        assert_eq!(encoding.operands[2].offset, 12);
        assert_eq!(encoding.operands[0].offset, 16);
        assert_eq!(encoding.length, 24);
    }

    #[test]
    fn an_instruction_without_operands_is_one_unit() {
        assert_eq!(
            Variant {
                operands: vec![],
                result: None,
                cache: None,
            }
            .encoding()
            .length,
            8
        );
    }

    #[test]
    fn cases_of_a_cache_share_their_room() {
        let variant = Variant {
            operands: vec![OperandKind::Slot],
            result: Some(ResultKind::Slot),
            cache: Some(CacheShape {
                key: vec![Type::I32],
                cases: vec![
                    ("One".into(), vec![Type::I32]),
                    ("Two".into(), vec![Type::F64, Type::Bool]),
                    ("None".into(), vec![]),
                ],
                until: None,
                ways: 1,
                is_call: false,
            }),
        };
        let encoding = variant.encoding();
        let cache = encoding.cache.expect("the variant has one");
        assert_eq!((cache.links, cache.key), (6, vec![8]));
        assert_eq!(cache.cases, [vec![12], vec![16, 24], vec![]]);
        assert_eq!(encoding.length, 32);
    }
}
