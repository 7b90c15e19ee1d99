//! The language's values as Rust: constants, constructors, and the tagged union for `match`.

use std::fmt::Write as _;

use super::names::{constant_name, function_name, item_name, type_name};
use super::objects::record_name;
use crate::ir::spec::{LeafEncoding, SpecTables};
use crate::layout::INT_TAG;

/// Everything a host writes when it means a value.
pub fn values(spec: &SpecTables) -> String {
    let mut out = String::new();
    unit_constants(&mut out, spec);
    kind_enum(&mut out, spec);
    boxing(&mut out, spec);
    enums(&mut out, spec);
    out
}

/// `pub const NIL: RawValue = ..; pub const fn nil<'v>() -> Value<'v>` for each unit leaf.
fn unit_constants(out: &mut String, spec: &SpecTables) {
    for leaf in spec.leaves.values() {
        let LeafEncoding::Unit { bits } = leaf.encoding else {
            continue;
        };
        let index = u64::MAX - bits;
        let _ = writeln!(
            out,
            "/// The value `{0}`, where no lifetime can stand.\npub const {1}: RawValue = RawValue({bits:#x});\n\
             /// The value `{0}`.\npub const fn {2}<'v>() -> Value<'v> {{\n    Value::unit({index})\n}}\n",
            leaf.name,
            constant_name(&leaf.name),
            function_name(&leaf.name),
        );
    }
}

/// `pub enum Kind<'v> { Nil, .., Double(f64), String(Ref<'v, Str>), .. }` and the trait that takes a value apart.
fn kind_enum(out: &mut String, spec: &SpecTables) {
    out.push_str("/// A value, taken apart.\n#[derive(Clone, Copy, Debug, PartialEq)]\npub enum Kind<'v> {\n");
    for leaf in spec.leaves.values() {
        let payload = match leaf.encoding {
            LeafEncoding::Unit { .. } => String::new(),
            LeafEncoding::Double => "(f64)".into(),
            LeafEncoding::Int32 { .. } => "(i32)".into(),
            LeafEncoding::Ref { record, .. } => format!("(Ref<'v, {}>)", record_name(&spec.records[record])),
        };
        let _ = writeln!(out, "    /// `{}`\n    {}{payload},", leaf.name, type_name(&leaf.name));
    }
    out.push_str(
        "}\n\n/// Taking values apart.\npub trait ValueKind<'v>: Sized {\n    /// What the value is.\n\
         \x20   fn kind(self, vm: &'v Vm) -> Kind<'v>;\n",
    );
    for leaf in spec.leaves.values() {
        let LeafEncoding::Ref { record, .. } = leaf.encoding else {
            continue;
        };
        let _ = writeln!(
            out,
            "    /// The object, if the value is a `{0}`.\n    fn as_{1}(self, vm: &'v Vm) -> Option<Ref<'v, {2}>>;",
            leaf.name,
            leaf.name.to_lowercase(),
            record_name(&spec.records[record])
        );
    }
    out.push_str("}\n\nimpl<'v> ValueKind<'v> for Value<'v> {\n    #[inline]\n");
    out.push_str("    fn kind(self, vm: &'v Vm) -> Kind<'v> {\n");
    out.push_str("        if let Some(double) = self.as_double() {\n            return ");
    match spec.double_leaf() {
        Some(leaf) => {
            let _ = writeln!(out, "Kind::{}(double);\n        }}", type_name(&spec.leaves[leaf].name));
        }
        None => out.push_str("unreachable!(\"{double} is no value of this language\");\n        }\n"),
    }
    out.push_str("        match (self.bits() >> 32) as u32 {\n");
    for leaf in spec.leaves.values() {
        let name = type_name(&leaf.name);
        let _ = match leaf.encoding {
            LeafEncoding::Int32 { tag } => writeln!(out, "            {tag:#x} => Kind::{name}(self.bits() as i32),"),
            LeafEncoding::Ref { tag, .. } => writeln!(
                out,
                "            // SAFETY: the tag says what is referred to; values are alive for `'v`.\n\
                 \x20           {tag:#x} => Kind::{name}(unsafe {{ RawRef::new(self.bits() as u32).get(vm) }}),"
            ),
            LeafEncoding::Unit { .. } | LeafEncoding::Double => Ok(()),
        };
    }
    out.push_str("            _ => match RawValue(self.bits()) {\n");
    for leaf in spec
        .leaves
        .values()
        .filter(|leaf| matches!(leaf.encoding, LeafEncoding::Unit { .. }))
    {
        let _ = writeln!(
            out,
            "                {} => Kind::{},",
            constant_name(&leaf.name),
            type_name(&leaf.name)
        );
    }
    out.push_str("                other => unreachable!(\"{other:?} is no value of this language\"),\n");
    out.push_str("            },\n        }\n    }\n");
    for leaf in spec.leaves.values() {
        let LeafEncoding::Ref { record, tag } = leaf.encoding else {
            continue;
        };
        let _ = writeln!(
            out,
            "    #[inline]\n    fn as_{0}(self, vm: &'v Vm) -> Option<Ref<'v, {1}>> {{\n\
             \x20       // SAFETY: the specification says what the leaf refers to.\n\
             \x20       unsafe {{ self.as_reference(vm, {2}) }}\n    }}",
            leaf.name.to_lowercase(),
            record_name(&spec.records[record]),
            tag & 0xFFFF
        );
    }
    out.push_str("}\n\n");
}

/// `impl Boxed for Ref<'_, Table> { .. }` for each reference leaf.
fn boxing(out: &mut String, spec: &SpecTables) {
    out.push_str(
        "/// What can be made a value.\npub trait Boxed<'v> {\n    /// The value.\n\
         \x20   fn boxed(self) -> Value<'v>;\n}\n\n\
         impl<'v> Boxed<'v> for Value<'v> {\n    #[inline]\n    fn boxed(self) -> Value<'v> {\n        self\n    }\n}\n\n",
    );
    let integers: Vec<u32> = spec
        .leaves
        .values()
        .filter_map(|leaf| match leaf.encoding {
            LeafEncoding::Int32 { tag } => Some(tag - INT_TAG),
            _ => None,
        })
        .collect();
    if let [leaf] = integers[..] {
        let _ = write!(
            out,
            "impl<'v> Boxed<'v> for i32 {{\n    #[inline]\n    fn boxed(self) -> Value<'v> {{\n\
             \x20       Value::int32({leaf}, self)\n    }}\n}}\n\n"
        );
    }
    if spec.double_leaf().is_some() {
        out.push_str(
            "impl<'v> Boxed<'v> for f64 {\n    #[inline]\n    fn boxed(self) -> Value<'v> {\n\
             \x20       Value::double(self)\n    }\n}\n\n",
        );
    }
    for leaf in spec.leaves.values() {
        let LeafEncoding::Ref { record, tag } = leaf.encoding else {
            continue;
        };
        let _ = writeln!(
            out,
            "impl<'v> Boxed<'v> for Ref<'v, {}> {{\n    #[inline]\n    fn boxed(self) -> Value<'v> {{\n\
             \x20       // SAFETY: this is the leaf that the specification declares for the object.\n\
             \x20       unsafe {{ Value::reference({}, self) }}\n    }}\n}}\n",
            record_name(&spec.records[record]),
            tag & 0xFFFF
        );
    }
}

/// `#[repr(i32)] pub enum Event { .. }` for each enum.
fn enums(out: &mut String, spec: &SpecTables) {
    for declared in spec.enums.values() {
        let name = item_name(&declared.name);
        let _ = writeln!(
            out,
            "/// `{}` of the specification.\n#[repr(i32)]\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, \
             Hash)]\npub enum {name} {{",
            declared.name
        );
        for case in &declared.cases {
            let _ = writeln!(out, "    /// `{}.{case}`\n    {},", declared.name, type_name(case));
        }
        let _ = writeln!(
            out,
            "}}\n\nimpl {name} {{\n    /// All of them, in order.\n    pub const ALL: &'static [Self] = &["
        );
        for case in &declared.cases {
            let _ = writeln!(out, "        Self::{},", type_name(case));
        }
        out.push_str("    ];\n}\n\n");
    }
}
