//! Heap layouts as `#[repr(C)]` structs, and the tables from which the collector knows them.

use std::fmt::Write as _;

use super::names::{field_name, item_name, value_name};
use crate::ir::spec::{Field, FieldType, Record, RecordKind, SpecTables};

/// Structs, layout assertions and the collector's functions for every record that the specification declares.
pub fn objects(spec: &SpecTables) -> String {
    let mut out = String::new();
    for record in declared(spec) {
        record_struct(&mut out, spec, record);
        layout_assertions(&mut out, spec, record);
    }
    kinds_table(&mut out, spec);
    out
}

/// The records that are generated; the framework's own are the runtime's.
fn declared(spec: &SpecTables) -> impl Iterator<Item = &Record> {
    spec.records.values().filter(|record| !is_framework(record))
}

/// Whether the runtime defines this record.
pub fn is_framework(record: &Record) -> bool {
    matches!(record.kind, RecordKind::Object { number } if number < FIRST_KIND)
}

/// Whether the record is the framework's object for bytecode.
pub fn is_code(record: &Record) -> bool {
    is_framework(record) && record.name == "Code"
}

const FIRST_KIND: u8 = 8;

/// The name of the record's Rust struct.
pub fn record_name(record: &Record) -> String {
    if is_framework(record) {
        record.name.clone()
    } else {
        item_name(&record.name)
    }
}

/// The Rust type of a field.
fn field_type(spec: &SpecTables, ty: FieldType) -> String {
    match ty {
        FieldType::U8 => "Cell<u8>".into(),
        FieldType::U16 => "Cell<u16>".into(),
        FieldType::Bool => "Cell<bool>".into(),
        FieldType::I32 => "Cell<i32>".into(),
        FieldType::U32 => "Cell<u32>".into(),
        FieldType::I64 => "Cell<i64>".into(),
        FieldType::U64 => "Cell<u64>".into(),
        FieldType::F64 => "Cell<f64>".into(),
        FieldType::Value(_) => "ValueField".into(),
        FieldType::Ref {
            record,
            nullable: false,
        } => format!("RefField<{}>", record_name(&spec.records[record])),
        FieldType::Ref { record, nullable: true } => {
            format!("OptionalRefField<{}>", record_name(&spec.records[record]))
        }
        FieldType::Ptr | FieldType::ValuePtr => "Cell<*mut u64>".into(),
        FieldType::Struct(record) => record_name(&spec.records[record]),
    }
}

/// `#[repr(C)] pub struct <Record> { .. }` and, for objects, its `Object` and `ArrayObject`.
fn record_struct(out: &mut String, spec: &SpecTables, record: &Record) {
    let name = record_name(record);
    let _ = writeln!(
        out,
        "/// `{}` of the specification.\n#[repr(C)]\npub struct {name} {{",
        record.name
    );
    if matches!(record.kind, RecordKind::Object { .. }) {
        out.push_str("    /// What the collector knows of the object.\n    pub header: Header,\n");
    }
    for field in &record.fields {
        let (field_name, ty) = (field_name(&field.name), field_type(spec, field.ty));
        let _ = writeln!(
            out,
            "    /// `{}.{}`\n    pub {field_name}: {ty},",
            record.name, field.name
        );
    }
    out.push_str("}\n\n");
    if let RecordKind::Object { number } = record.kind {
        let _ = writeln!(
            out,
            "// SAFETY: `#[repr(C)]`, header first; the collector's tables are made from the same declaration.\n\
             unsafe impl Object for {name} {{\n    const KIND: u8 = {number};\n}}\n"
        );
    }
    if let Some(trailing) = &record.trailing {
        let _ = writeln!(
            out,
            "// SAFETY: the array follows the fixed part, aligned; the layout is asserted below.\n\
             unsafe impl ArrayObject for {name} {{\n    type Item = {};\n    const ITEMS_OFFSET: usize = {};\n}}\n",
            field_type(spec, trailing.element),
            trailing.offset
        );
    }
}

/// `const _: () = { assert!(offset_of!(..) == ..); .. };`
fn layout_assertions(out: &mut String, spec: &SpecTables, record: &Record) {
    let name = record_name(record);
    out.push_str("const _: () = {\n");
    for Field {
        name: field, offset, ..
    } in &record.fields
    {
        let _ = writeln!(
            out,
            "    assert!(offset_of!({name}, {}) == {offset});",
            field_name(field)
        );
    }
    if let Some(trailing) = &record.trailing {
        let item = field_type(spec, trailing.element);
        let _ = writeln!(out, "    assert!(size_of::<{item}>() == {});", trailing.stride);
        let _ = writeln!(out, "    assert!({} % align_of::<{item}>() == 0);", trailing.offset);
    }
    out.push_str("};\n\n");
}

/// `static KINDS: [KindInfo; N]`: what the collector knows of each object, with a function that shows it the references.
fn kinds_table(out: &mut String, spec: &SpecTables) {
    let mut rows = String::new();
    let mut count = 0;
    for record in declared(spec).filter(|record| matches!(record.kind, RecordKind::Object { .. })) {
        let name = record_name(record);
        let trace = trace_function(out, spec, record);
        let item_size = record.trailing.as_ref().map_or(0, |trailing| trailing.stride);
        let size = record.trailing.as_ref().map_or(record.size, |trailing| trailing.offset);
        let _ = writeln!(
            rows,
            "    KindInfo {{ name: {name:?}, size: {size}, item_size: {item_size}, trace: {trace} }},"
        );
        count += 1;
    }
    let _ = writeln!(
        out,
        "/// What the collector knows of each object, in the order of their kinds.\n\
         pub static KINDS: [KindInfo; {count}] = [\n{rows}];\n"
    );
}

/// `unsafe fn trace_<record>(object: *const Header, tracer: &mut Tracer<'_>)`; answers its name.
fn trace_function(out: &mut String, spec: &SpecTables, record: &Record) -> String {
    let name = record_name(record);
    let function = format!("trace_{}", value_name(&record.name));
    let mut body = String::new();
    for field in record.fields.iter().filter(|field| is_followed(field.ty)) {
        let _ = writeln!(
            body,
            "    {}",
            trace_field(&format!("object.{}", field_name(&field.name)), field.ty)
        );
    }
    if let Some(trailing) = &record.trailing {
        trace_trailing(&mut body, spec, trailing.element);
    }
    if body.is_empty() {
        let _ = writeln!(out, "unsafe fn {function}(_: *const Header, _: &mut Tracer<'_>) {{}}\n");
    } else {
        let _ = writeln!(
            out,
            "unsafe fn {function}(object: *const Header, tracer: &mut Tracer<'_>) {{\n\
             \x20   // SAFETY: the collector calls it with a live object of this kind.\n\
             \x20   let object = unsafe {{ Ref::from_pointer(object.cast::<{name}>().cast_mut()) }};\n{body}}}\n"
        );
    }
    function
}

/// Whether the collector follows the field.
fn is_followed(ty: FieldType) -> bool {
    ty.is_traced() || ty == FieldType::ValuePtr
}

fn trace_field(place: &str, ty: FieldType) -> String {
    match ty {
        FieldType::Value(_) => format!("tracer.value({place}.bits());"),
        FieldType::ValuePtr => format!(
            "// SAFETY: null, or the address of a value, as the specification says.\n    \
             unsafe {{ tracer.slot({place}.get()) }};"
        ),
        _ => format!("tracer.reference({place}.raw().0);"),
    }
}

fn trace_trailing(body: &mut String, spec: &SpecTables, element: FieldType) {
    let each = match element {
        FieldType::Struct(record) => spec.records[record]
            .fields
            .iter()
            .filter(|field| field.ty.is_traced())
            .map(|field| trace_field(&format!("item.{}", field_name(&field.name)), field.ty))
            .collect::<Vec<_>>()
            .join(" "),
        other if other.is_traced() => trace_field("item", other),
        _ => return,
    };
    let _ = writeln!(
        body,
        "    for item in &object.items()[tracer.part(object.len())] {{\n        {each}\n    }}"
    );
}
