//! Where things are: offsets and sizes of records, encodings of boxed values, the framework's own objects.
//!
//! The layout of instructions is [`crate::ir::spec::Variant::encoding`].

use crate::ir::LeafId;
use crate::ir::ids::{Id, Table};
use crate::ir::spec::{Field, FieldType, LeafEncoding, Record, RecordKind, Trailing};
use crate::ir::{RecordId, TypeSet};

/// Bytes of an object's header.
pub const HEADER: u32 = 8;

/// The kind byte of the first object of a specification; below are the framework's.
pub const FIRST_KIND: u8 = 8;

/// The high half of the first `int32` leaf; the next ones follow.
pub(crate) const INT_TAG: u32 = 0xFFFC_0000;

/// The high half of the first `ref` leaf; the next ones follow.
pub const REF_TAG: u32 = crate::abi::REF_HIGH;

/// How a leaf is declared to be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeafForm {
    /// `unit`
    Unit,
    /// `float64`
    Float64,
    /// `int32`
    Int32,
    /// `ref OBJECT`
    Ref(RecordId),
}

/// The encodings of leaves in declared order: units count down from the all-ones word, `int32` and `ref` leaves count
/// up from their first tag.
pub fn leaf_encodings(forms: &[LeafForm]) -> Vec<LeafEncoding> {
    let (mut units, mut ints, mut refs) = (0, 0, 0);
    let next = |counter: &mut u32| {
        *counter += 1;
        *counter - 1
    };
    forms
        .iter()
        .map(|form| match form {
            LeafForm::Unit => LeafEncoding::Unit {
                bits: u64::MAX - u64::from(next(&mut units)),
            },
            LeafForm::Float64 => LeafEncoding::Double,
            LeafForm::Int32 => LeafEncoding::Int32 {
                tag: INT_TAG + next(&mut ints),
            },
            LeafForm::Ref(record) => LeafEncoding::Ref {
                tag: REF_TAG + next(&mut refs),
                record: *record,
            },
        })
        .collect()
}

/// The framework's objects, in the order of their kind bytes, as far as a specification may read them.
pub fn framework_records(any: TypeSet) -> Vec<Record> {
    let field = |name: &str, offset, ty| Field {
        name: name.to_string(),
        offset,
        ty,
    };
    let object = |name: &str, number, fields, trailing, size| Record {
        name: name.to_string(),
        kind: RecordKind::Object { number },
        fields,
        trailing,
        size,
    };
    let bytes = Trailing {
        name: "bytes".to_string(),
        offset: 12,
        stride: 1,
        element: FieldType::U8,
    };
    let items = Trailing {
        name: "items".to_string(),
        offset: HEADER,
        stride: 8,
        element: FieldType::Value(any),
    };
    let code = vec![
        field("entry", 8, FieldType::Ptr),
        field("bytecode", 16, FieldType::Ptr),
        field("frame_size", 24, FieldType::U32),
        field("params", 28, FieldType::U32),
        field("native", 32, FieldType::Ptr),
        field("info", 40, FieldType::Ptr),
    ];
    vec![
        object("Str", 1, vec![field("hash", 8, FieldType::U32)], Some(bytes), 12),
        object("Values", 2, vec![], Some(items), HEADER),
        object("Code", 3, code, None, 48),
        object("Coroutine", 4, vec![field("status", 80, FieldType::U8)], None, 88),
    ]
}

/// Places the fields of `record` in declared order, each at its natural alignment, and the trailing array behind them.
/// Structs are rounded up to whole words.
pub fn place_fields(records: &mut Table<RecordId, Record>, id: RecordId) {
    let is_struct = records[id].kind == RecordKind::Struct;
    let mut at = if is_struct { 0 } else { HEADER };
    let record = &mut records[id];
    for field in &mut record.fields {
        // Fields are never structs, so each has a size.
        let bytes = field.ty.bytes().unwrap_or(8);
        field.offset = at.next_multiple_of(bytes);
        at = field.offset + bytes;
    }
    record.size = if is_struct { at.next_multiple_of(8) } else { at };
    let element = record.trailing.as_ref().map(|trailing| trailing.element);
    if let Some(element) = element {
        let stride = match element {
            FieldType::Struct(inner) => records[inner].size,
            other => other.bytes().unwrap_or(8),
        };
        let align = element.bytes().unwrap_or(8);
        let record = &mut records[id];
        if let Some(trailing) = &mut record.trailing {
            trailing.stride = stride;
            trailing.offset = record.size.next_multiple_of(align);
        }
    }
}

/// The set of all of `count` leaves.
pub fn all_leaves(count: usize) -> TypeSet {
    (0..count).map(LeafId::from_index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_count_from_their_first_tag() {
        let encodings = leaf_encodings(&[
            LeafForm::Unit,
            LeafForm::Float64,
            LeafForm::Ref(RecordId(5)),
            LeafForm::Unit,
            LeafForm::Int32,
            LeafForm::Ref(RecordId(2)),
        ]);
        assert_eq!(
            encodings,
            [
                LeafEncoding::Unit { bits: u64::MAX },
                LeafEncoding::Double,
                LeafEncoding::Ref {
                    tag: 0xFFFE_0000,
                    record: RecordId(5)
                },
                LeafEncoding::Unit { bits: u64::MAX - 1 },
                LeafEncoding::Int32 { tag: 0xFFFC_0000 },
                LeafEncoding::Ref {
                    tag: 0xFFFE_0001,
                    record: RecordId(2)
                },
            ]
        );
    }

    #[test]
    fn fields_are_aligned_and_arrays_follow() {
        let field = |ty| Field {
            name: String::new(),
            offset: 0,
            ty,
        };
        let mut records = Table::new();
        let pair = records.push(Record {
            name: "Pair".into(),
            kind: RecordKind::Struct,
            fields: vec![field(FieldType::Value(TypeSet::all(1))), field(FieldType::U32)],
            trailing: None,
            size: 0,
        });
        let object = records.push(Record {
            name: "Object".into(),
            kind: RecordKind::Object { number: 8 },
            fields: vec![
                field(FieldType::U8),
                field(FieldType::U32),
                field(FieldType::U16),
                field(FieldType::F64),
            ],
            trailing: Some(Trailing {
                name: "items".into(),
                offset: 0,
                stride: 0,
                element: FieldType::Struct(pair),
            }),
            size: 0,
        });
        place_fields(&mut records, pair);
        place_fields(&mut records, object);
        let offsets: Vec<u32> = records[object].fields.iter().map(|field| field.offset).collect();
        assert_eq!(offsets, [8, 12, 16, 24]);
        assert_eq!((records[pair].size, records[object].size), (16, 32));
        assert_eq!(
            records[object]
                .trailing
                .as_ref()
                .map(|array| (array.offset, array.stride)),
            Some((32, 16))
        );
    }
}
