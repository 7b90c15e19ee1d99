//! Walks the items of a specification and fills the tables.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use dg_spec::Span;
use dg_spec::ast::{
    EnumDecl, FunctionForm, Item, Language, Name, ObjectDecl, ObjectForm, OptionValue, PlanDecl, Spec, TemplateDecl,
    TypeKind, ValueDecl,
};

use super::error::Error;
use super::operands::unknown_word;
use super::{Declarations, TypeName};
use crate::ir::ids::Id;
use crate::ir::spec::{Enum, Field, FieldType, Group, Leaf, LeafEncoding, Plan, Record, RecordKind, Trailing};
use crate::ir::{LeafId, RecordId, TypeSet};
use crate::layout::{self, LeafForm};
use crate::typed::Ty;

/// Kind bytes that are left for objects.
const MAX_OBJECTS: usize = 200;
/// Slots of a frame unless the language says otherwise, and at most: operands name them with 16 bits.
const DEFAULT_SLOTS: u32 = 250;
const MAX_SLOTS: u64 = 60_000;

/// When functions are compiled unless the language says otherwise, and at most.
const DEFAULT_CALLS: u32 = 100;
const DEFAULT_JUMPS: u32 = 800;
const MAX_COUNT: u64 = 1_000_000_000;

const OPTIONS: [&str; 5] = [
    "callee",
    "tag_registers",
    "max_slots",
    "compile_after_calls",
    "compile_after_jumps",
];
const ENCODINGS: [&str; 4] = ["unit", "float64", "int32", "ref"];

/// Fills [`Declarations`].
pub struct Resolver<'a, 'o> {
    pub spec: &'a Spec,
    pub out: &'o mut Declarations<'a>,
    pub errors: &'o mut Vec<Error>,
    pub line: &'o dyn Fn(Span) -> u32,
    /// Where each name of each namespace was first declared.
    pub first: HashMap<(&'static str, Rc<str>), Span>,
}

impl<'a> Resolver<'a, '_> {
    /// Everything, in an order in which what is referred to is there.
    pub fn run(mut self) {
        let spec = self.spec;
        self.required_items();
        self.framework_names();
        let items = || spec.items.iter();
        for object in items().filter_map(|item| {
            if let Item::Object(object) = item {
                Some(object)
            } else {
                None
            }
        }) {
            self.record_name(object);
        }
        for decl in items().filter_map(|item| if let Item::Enum(decl) = item { Some(decl) } else { None }) {
            self.enumeration(decl);
        }
        for decl in items().filter_map(|item| if let Item::Value(decl) = item { Some(decl) } else { None }) {
            self.value(decl);
        }
        for decl in items().filter_map(|item| if let Item::Plan(decl) = item { Some(decl) } else { None }) {
            self.plan_name(decl);
        }
        self.framework_fields();
        for item in items() {
            if let Item::Object(object) = item {
                self.fields(object);
            }
        }
        self.place_records();
        for item in items() {
            match item {
                Item::Language(language) => self.language(language),
                Item::Plan(plan) => self.plan(plan),
                Item::Extern(decl) => self.external(decl),
                Item::Function(decl) if decl.form == FunctionForm::Native => self.native(decl),
                Item::Function(decl) => self.helper(decl),
                Item::Template(decl) => self.template(decl),
                _ => {}
            }
        }
        for item in items() {
            if let Item::Bytecode(decl) = item {
                self.bytecode(decl);
            }
        }
    }

    fn template(&mut self, decl: &'a TemplateDecl) {
        if self.declare("template", &decl.name) {
            self.out
                .templates
                .insert(Rc::clone(&decl.name.text), (decl, Cell::new(false)));
        }
    }

    /// Whether `name` is new among names of this kind; reports it if not.
    pub(super) fn declare(&mut self, what: &'static str, name: &Name) -> bool {
        match self.first.insert((what, Rc::clone(&name.text)), name.span) {
            None => true,
            Some(first) => {
                self.errors.push(Error::Duplicate {
                    at: name.span,
                    what,
                    name: name.text.to_string(),
                    first,
                });
                self.first.insert((what, Rc::clone(&name.text)), first);
                false
            }
        }
    }

    pub(super) fn required_items(&mut self) {
        let spec = self.spec;
        let languages: Vec<&Language> = spec
            .items
            .iter()
            .filter_map(|item| {
                if let Item::Language(language) = item {
                    Some(language)
                } else {
                    None
                }
            })
            .collect();
        let values: Vec<&ValueDecl> = spec
            .items
            .iter()
            .filter_map(|item| {
                if let Item::Value(value) = item {
                    Some(value)
                } else {
                    None
                }
            })
            .collect();
        if languages.is_empty() {
            let example = "language NAME { callee Function; }";
            self.errors.push(Error::MissingItem {
                what: "`language` item",
                example,
            });
        }
        if values.iter().all(|value| value.leaves.is_empty()) {
            let example = "value { nil = unit; number = float64; }";
            self.errors.push(Error::MissingItem {
                what: "type of value",
                example,
            });
        }
        if let [first, second, ..] = languages.as_slice() {
            let name = second.name.text.to_string();
            let at = second.name.span;
            self.errors.push(Error::Duplicate {
                at,
                what: "language",
                name,
                first: first.name.span,
            });
        }
        if let [first, second, ..] = values.as_slice() {
            let head = |span: Span| Span {
                start: span.start,
                end: span.start + 5,
            };
            let (at, first) = (head(second.span), head(first.span));
            self.errors.push(Error::Duplicate {
                at,
                what: "item",
                name: "value".to_string(),
                first,
            });
        }
    }

    pub(super) fn framework_names(&mut self) {
        // Their fields follow when the leaves of the value are known.
        for record in layout::framework_records(TypeSet::EMPTY) {
            let name: Rc<str> = Rc::from(record.name.as_str());
            let id = self.out.tables.records.push(record);
            self.out.types.insert(name, TypeName::Record(id));
            self.out.fields.push(Vec::new());
            self.out.elements.push(None);
        }
    }

    pub(super) fn framework_fields(&mut self) {
        for (index, record) in layout::framework_records(self.out.tables.any()).into_iter().enumerate() {
            let id = RecordId::from_index(index);
            let ty = |field: FieldType| match field {
                FieldType::U8 => Ty::U8,
                FieldType::U32 => Ty::U32,
                FieldType::Value(set) => Ty::Value(set),
                _ => Ty::Ptr,
            };
            self.out.fields[id] = record.fields.iter().map(|field| ty(field.ty)).collect();
            self.out.elements[id] = record.trailing.as_ref().map(|trailing| ty(trailing.element));
            self.out.tables.records[id] = record;
        }
    }

    pub(super) fn declare_type(&mut self, name: &Name, meaning: TypeName) {
        if let Some(TypeName::Record(record)) = self.out.types.get(&name.text)
            && !self.first.contains_key(&("type", Rc::clone(&name.text)))
        {
            let why = format!(
                "the framework has an object `{}` of its own",
                self.out.tables.records[*record].name
            );
            let what = format!("a type named `{}`", name.text);
            self.errors.push(Error::Misplaced {
                at: name.span,
                what,
                why,
                help: None,
            });
            return;
        }
        if self.declare("type", name) {
            self.out.types.insert(Rc::clone(&name.text), meaning);
        }
    }

    pub(super) fn record_name(&mut self, decl: &ObjectDecl) {
        let objects = self
            .out
            .tables
            .records
            .values()
            .filter(|record| record.kind != RecordKind::Struct)
            .count();
        let kind = match decl.form {
            ObjectForm::Struct => RecordKind::Struct,
            // The framework's objects come first in the table, but their kind bytes stop before FIRST_KIND.
            ObjectForm::Object => {
                let declared = objects - layout::framework_records(TypeSet::EMPTY).len();
                if declared >= MAX_OBJECTS {
                    let why = format!("there are at most {MAX_OBJECTS} objects");
                    self.errors.push(Error::BadField {
                        at: decl.name.span,
                        why,
                        help: None,
                    });
                }
                RecordKind::Object {
                    number: layout::FIRST_KIND.saturating_add(declared as u8),
                }
            }
        };
        let name = decl.name.text.to_string();
        let record = Record {
            name,
            kind,
            fields: Vec::new(),
            trailing: None,
            size: 0,
        };
        let id = self.out.tables.records.push(record);
        self.out.fields.push(Vec::new());
        self.out.elements.push(None);
        self.declare_type(&decl.name, TypeName::Record(id));
    }

    pub(super) fn enumeration(&mut self, decl: &EnumDecl) {
        let mut cases: Vec<String> = Vec::new();
        for case in &decl.cases {
            if let Some(index) = cases.iter().position(|known| **known == *case.name.text) {
                let first = decl.cases[index].name.span;
                let name = case.name.text.to_string();
                self.errors.push(Error::Duplicate {
                    at: case.name.span,
                    what: "case",
                    name,
                    first,
                });
            }
            cases.push(case.name.text.to_string());
        }
        let id = self.out.tables.enums.push(Enum {
            name: decl.name.text.to_string(),
            cases,
        });
        self.declare_type(&decl.name, TypeName::Enum(id));
    }

    pub(super) fn value(&mut self, decl: &ValueDecl) {
        let mut forms = Vec::new();
        let mut doubles = 0;
        for leaf in &decl.leaves {
            let form = match (leaf.encoding.as_str(), &leaf.object) {
                ("unit", None) => LeafForm::Unit,
                ("int32", None) => LeafForm::Int32,
                ("float64", None) => {
                    doubles += 1;
                    if doubles == 2 {
                        let why = "a second `float64`: nothing could tell them apart".to_string();
                        self.errors.push(Error::BadLeaf {
                            at: leaf.encoding.span,
                            why,
                        });
                    }
                    LeafForm::Float64
                }
                ("ref", Some(object)) => match self.object_named(object) {
                    Some(record) => LeafForm::Ref(record),
                    None => LeafForm::Unit,
                },
                ("ref", None) => {
                    let why = "what it refers to is missing: `ref OBJECT`".to_string();
                    self.errors.push(Error::BadLeaf {
                        at: leaf.encoding.span,
                        why,
                    });
                    LeafForm::Unit
                }
                (known, Some(object)) if ENCODINGS.contains(&known) => {
                    let why = format!("`{known}` is the whole encoding");
                    self.errors.push(Error::BadLeaf { at: object.span, why });
                    LeafForm::Unit
                }
                _ => {
                    self.errors.push(unknown_word(&leaf.encoding, "encoding", &ENCODINGS));
                    LeafForm::Unit
                }
            };
            forms.push(form);
        }
        if forms.len() > TypeSet::MAX_LEAVES {
            let why = format!("there are at most {} types of value", TypeSet::MAX_LEAVES);
            self.errors.push(Error::BadLeaf {
                at: decl.leaves[TypeSet::MAX_LEAVES].name.span,
                why,
            });
            forms.truncate(TypeSet::MAX_LEAVES);
        }
        for (index, (encoding, leaf)) in layout::leaf_encodings(&forms).into_iter().zip(&decl.leaves).enumerate() {
            if let LeafEncoding::Ref { record, .. } = encoding
                && self.out.tables.leaf_of_record(record).is_some()
            {
                let why = format!(
                    "another type of value is a `{}` already",
                    self.out.tables.records[record].name
                );
                self.errors.push(Error::BadLeaf { at: leaf.span, why });
            }
            self.out.tables.leaves.push(Leaf {
                name: leaf.name.text.to_string(),
                encoding,
            });
            self.declare_type(&leaf.name, TypeName::Leaf(LeafId::from_index(index)));
        }
        for group in &decl.groups {
            let mut set = TypeSet::EMPTY;
            for member in &group.members {
                match self.out.types.get(&member.text) {
                    Some(TypeName::Leaf(leaf)) => set = set.union(TypeSet::leaf(*leaf)),
                    Some(TypeName::Group(leaves)) => set = set.union(*leaves),
                    Some(other) => self.errors.push(Error::WrongKind {
                        at: member.span,
                        name: member.text.to_string(),
                        is: other.describe(),
                        wanted: "a type of value",
                    }),
                    None => self.errors.push(self.out.unknown_type(member)),
                }
            }
            self.out.tables.groups.push(Group {
                name: group.name.text.to_string(),
                set,
            });
            self.declare_type(&group.name, TypeName::Group(set));
        }
    }

    /// The object that `name` names; reports what is none.
    pub(super) fn object_named(&mut self, name: &Name) -> Option<RecordId> {
        let is = match self.out.types.get(&name.text) {
            Some(TypeName::Record(record)) if self.out.tables.records[*record].kind == RecordKind::Struct => "a struct",
            Some(TypeName::Record(record)) => return Some(*record),
            Some(other) => other.describe(),
            None => {
                self.errors.push(self.out.unknown_type(name));
                return None;
            }
        };
        self.errors.push(Error::WrongKind {
            at: name.span,
            name: name.text.to_string(),
            is,
            wanted: "an object",
        });
        None
    }

    pub(super) fn fields(&mut self, decl: &ObjectDecl) {
        let Some(TypeName::Record(id)) = self.out.types.get(&decl.name.text).copied() else {
            return;
        };
        if !self.out.tables.records[id].fields.is_empty() {
            // A second declaration of the name, reported already.
            return;
        }
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (index, field) in decl.fields.iter().enumerate() {
            if let Some(first) = seen.insert(field.name.as_str(), field.name.span) {
                let name = field.name.text.to_string();
                self.errors.push(Error::Duplicate {
                    at: field.name.span,
                    what: "field",
                    name,
                    first,
                });
                continue;
            }
            let name = field.name.text.to_string();
            if let TypeKind::Array(element) = &field.ty.kind {
                if index + 1 < decl.fields.len() || decl.form == ObjectForm::Struct {
                    let why = "an array can only be the last field of an object".to_string();
                    self.errors.push(Error::BadField {
                        at: field.ty.span,
                        why,
                        help: None,
                    });
                    continue;
                }
                match self.out.field_type(element, true) {
                    Ok((element, ty)) => {
                        self.out.tables.records[id].trailing = Some(Trailing {
                            name,
                            offset: 0,
                            stride: 0,
                            element,
                        });
                        self.out.elements[id] = Some(ty);
                    }
                    Err(error) => self.errors.push(error),
                }
                continue;
            }
            match self.out.field_type(&field.ty, false) {
                Ok((stored, ty)) => {
                    self.out.tables.records[id].fields.push(Field {
                        name,
                        offset: 0,
                        ty: stored,
                    });
                    self.out.fields[id].push(ty);
                }
                Err(error) => self.errors.push(error),
            }
        }
    }

    /// Structs first: arrays of objects need their sizes.
    pub(super) fn place_records(&mut self) {
        let records = &mut self.out.tables.records;
        let framework = layout::framework_records(TypeSet::EMPTY).len();
        let ids: Vec<RecordId> = records.ids().skip(framework).collect();
        for wanted in [true, false] {
            for &id in &ids {
                if (records[id].kind == RecordKind::Struct) == wanted {
                    layout::place_fields(records, id);
                }
            }
        }
    }

    pub(super) fn language(&mut self, language: &Language) {
        self.out.tables.language = language.name.text.to_string();
        self.out.tables.max_slots = DEFAULT_SLOTS;
        self.out.tables.compile_after_calls = DEFAULT_CALLS;
        self.out.tables.compile_after_jumps = DEFAULT_JUMPS;
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for option in &language.options {
            if let Some(first) = seen.insert(option.name.as_str(), option.name.span) {
                let name = option.name.text.to_string();
                self.errors.push(Error::Duplicate {
                    at: option.name.span,
                    what: "option",
                    name,
                    first,
                });
                continue;
            }
            match (option.name.as_str(), option.values.as_slice()) {
                ("callee", [OptionValue::Name(object)]) => {
                    let callee = self.object_named(object);
                    if let Some(record) = callee
                        && self.out.tables.leaf_of_record(record).is_none()
                    {
                        let why = "no type of value is a `ref` to it".to_string();
                        self.errors.push(Error::BadOption { at: object.span, why });
                    }
                    self.out.tables.callee = callee;
                }
                ("tag_registers", values) => {
                    for value in values {
                        self.tag_register(value);
                    }
                }
                ("max_slots", [OptionValue::Int(count, at)]) => {
                    if (1..=MAX_SLOTS).contains(count) {
                        self.out.tables.max_slots = *count as u32;
                    } else {
                        let why = format!("a frame has between 1 and {MAX_SLOTS} slots");
                        self.errors.push(Error::BadOption { at: *at, why });
                    }
                }
                (name @ ("compile_after_calls" | "compile_after_jumps"), [OptionValue::Int(count, at)]) => {
                    if !(1..=MAX_COUNT).contains(count) {
                        let why = "functions are compiled after 1 to 1000000000 of them".to_string();
                        self.errors.push(Error::BadOption { at: *at, why });
                    } else if name == "compile_after_calls" {
                        self.out.tables.compile_after_calls = *count as u32;
                    } else {
                        self.out.tables.compile_after_jumps = *count as u32;
                    }
                }
                (known, _) if OPTIONS.contains(&known) => {
                    let why = match known {
                        "callee" => "takes one object: `callee OBJECT;`",
                        "compile_after_calls" => "takes one number: `compile_after_calls 100;`",
                        "compile_after_jumps" => "takes one number: `compile_after_jumps 800;`",
                        _ => "takes one number: `max_slots 250;`",
                    };
                    self.errors.push(Error::BadOption {
                        at: option.span,
                        why: why.to_string(),
                    });
                }
                _ => self
                    .errors
                    .push(unknown_word(&option.name, "option of a language", &OPTIONS)),
            }
        }
    }

    pub(super) fn tag_register(&mut self, value: &OptionValue) {
        let (name, at) = match value {
            OptionValue::Int(_, at) => {
                self.errors.push(Error::BadOption {
                    at: *at,
                    why: "takes types of value".to_string(),
                });
                return;
            }
            OptionValue::Name(name) => (name, name.span),
        };
        let leaf = match self.out.types.get(&name.text) {
            Some(TypeName::Leaf(leaf)) => *leaf,
            Some(other) => {
                let (name, is) = (name.text.to_string(), other.describe());
                self.errors.push(Error::WrongKind {
                    at,
                    name,
                    is,
                    wanted: "a type of value",
                });
                return;
            }
            None => return self.errors.push(self.out.unknown_type(name)),
        };
        if self
            .out
            .tables
            .unboxed(leaf)
            .is_none_or(|ty| ty == crate::ir::Type::F64)
        {
            let why = "it has no tag that a register could hold".to_string();
            self.errors.push(Error::BadOption { at, why });
        } else if self.out.tables.tag_registers.len() == 2 {
            self.errors.push(Error::BadOption {
                at,
                why: "there are two registers for tags".to_string(),
            });
        } else {
            self.out.tables.tag_registers.push(leaf);
        }
    }

    pub(super) fn plan_name(&mut self, decl: &PlanDecl) {
        let id = self.out.tables.plans.push(Plan {
            name: decl.name.text.to_string(),
            cases: Vec::new(),
            fallback: None,
        });
        self.out.payloads.push(Vec::new());
        self.declare_type(&decl.name, TypeName::Plan(id));
    }
}
