//! Declarations: which names there are, what they mean, where things are laid out.
//!
//! Fills the graph's tables from the syntax tree and keeps beside them what only type inference needs: signatures
//! in the types of the specification, and the bodies. No body is looked into here.

mod declare;
pub mod error;
mod functions;
mod operands;
mod rust_names;
mod types;

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use dg_spec::ast::{BytecodeCode, Expr, FunctionDecl, Name, Spec, TemplateDecl};
use dg_spec::{Span, nearest};
use indexmap::IndexMap;

use crate::ir::ids::Table;
use crate::ir::spec::{FieldId, LeafEncoding, SpecTables};
use crate::ir::{BytecodeId, EnumId, ExternId, LeafId, NativeId, PlanId, RecordId, TypeSet};
use crate::typed::{HelperId, Ty};
use error::Error;

/// Everything that a specification declares.
pub struct Declarations<'a> {
    /// What the graph refers to.
    pub tables: SpecTables,
    /// What a name means where a type is wanted.
    pub types: IndexMap<Rc<str>, TypeName>,
    /// What a name means where a function is wanted.
    pub functions: IndexMap<Rc<str>, FunctionName>,
    /// Types of the fields of each record, in order.
    pub fields: Table<RecordId, Vec<Ty>>,
    /// Type of the elements of each record's trailing array.
    pub elements: Table<RecordId, Option<Ty>>,
    /// Types of what each case of each plan carries.
    pub payloads: Table<PlanId, Vec<Vec<Ty>>>,
    /// Signatures of the runtime functions.
    pub externs: Table<ExternId, Signature>,
    /// The functions of the specification.
    pub helpers: Table<HelperId, HelperSource<'a>>,
    /// The native functions.
    pub natives: Table<NativeId, &'a FunctionDecl>,
    /// The bytecodes.
    pub bytecodes: Table<BytecodeId, BytecodeSource<'a>>,
    /// The templates, and whether a bytecode uses them.
    pub templates: IndexMap<Rc<str>, (&'a TemplateDecl, Cell<bool>)>,
}

/// What a name means where a type is wanted.
#[derive(Clone, Copy, Debug)]
pub enum TypeName {
    /// A leaf of the value.
    Leaf(LeafId),
    /// A named set of leaves.
    Group(TypeSet),
    /// An object or a struct.
    Record(RecordId),
    /// An enum.
    Enum(EnumId),
    /// A plan.
    Plan(PlanId),
}

/// What a name means where a function is wanted.
#[derive(Clone, Copy, Debug)]
pub enum FunctionName {
    /// A `fn`.
    Helper(HelperId),
    /// An `extern fn`.
    Extern(ExternId),
}

/// Names and types of parameters, and the result.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The name of the function.
    pub name: Rc<str>,
    /// Where it stands.
    pub span: Span,
    /// The parameters.
    pub params: Vec<Ty>,
    /// What it answers; [`Ty::Unit`] for nothing.
    pub result: Ty,
    /// Whether anything calls it.
    pub used: Cell<bool>,
}

/// A `fn`: its signature and its syntax.
pub struct HelperSource<'a> {
    /// Its signature.
    pub signature: Signature,
    /// Its syntax.
    pub decl: &'a FunctionDecl,
}

/// A bytecode: its code, and what the parameters of its template stand for.
pub struct BytecodeSource<'a> {
    /// Operands, result and body.
    pub code: &'a BytecodeCode,
    /// The template it is made from, with the arguments.
    pub template: Option<(&'a TemplateDecl, &'a [Expr])>,
}

/// Resolves all declarations of `spec`; errors go to `errors`.
pub fn resolve<'a>(spec: &'a Spec, line: &dyn Fn(Span) -> u32, errors: &mut Vec<Error>) -> Declarations<'a> {
    let mut declarations = Declarations {
        tables: SpecTables::default(),
        types: IndexMap::new(),
        functions: IndexMap::new(),
        fields: Table::new(),
        elements: Table::new(),
        payloads: Table::new(),
        externs: Table::new(),
        helpers: Table::new(),
        natives: Table::new(),
        bytecodes: Table::new(),
        templates: IndexMap::new(),
    };
    declare::Resolver {
        spec,
        out: &mut declarations,
        errors,
        line,
        first: HashMap::new(),
    }
    .run();
    rust_names::check(spec, errors);
    declarations
}

impl Declarations<'_> {
    /// A set of leaves in words.
    pub fn set_name(&self, set: TypeSet) -> String {
        let all = self.tables.any();
        if set == all {
            return "any value".to_string();
        }
        if set.is_empty() {
            return "no value at all".to_string();
        }
        let leaf = |id: LeafId| format!("`{}`", self.tables.leaves[id].name);
        if let Some(group) = self
            .tables
            .groups
            .iter()
            .find(|group| group.set == set && set.len() > 1)
        {
            return format!("`{}`", group.name);
        }
        let missing = all.minus(set);
        if missing.len() <= 2 && set.len() > 3 {
            let missing: Vec<String> = missing.leaves().map(leaf).collect();
            return format!("any value but {}", missing.join(" and "));
        }
        let leaves: Vec<String> = set.leaves().map(leaf).collect();
        match leaves.as_slice() {
            [one] => one.clone(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
            [] => String::new(),
        }
    }

    /// A type in words.
    pub fn ty_name(&self, ty: Ty) -> String {
        match ty {
            Ty::Never => "code that does not come back".to_string(),
            Ty::Unit => "nothing".to_string(),
            Ty::Value(set) => self.set_name(set),
            Ty::Double => "a double".to_string(),
            Ty::Bool => "a condition".to_string(),
            Ty::U8 => "a `u8`".to_string(),
            Ty::U16 => "a `u16`".to_string(),
            Ty::I32 => "an `i32`".to_string(),
            Ty::U32 => "a `u32`".to_string(),
            Ty::I64 => "an `i64`".to_string(),
            Ty::U64 => "a `u64`".to_string(),
            Ty::Ptr => "a `ptr`".to_string(),
            Ty::ValuePtr => "a `ptr value`".to_string(),
            Ty::Ref {
                record,
                nullable: false,
            } => format!("a reference to `{}`", self.tables.records[record].name),
            Ty::Ref { record, nullable: true } => {
                format!("a reference to `{}` or null", self.tables.records[record].name)
            }
            Ty::Enum(id) => format!("a constant of `{}`", self.tables.enums[id].name),
            Ty::Plan(id) => format!("a plan `{}`", self.tables.plans[id].name),
            Ty::List => "a list".to_string(),
            Ty::Attempt => "an attempted call".to_string(),
            Ty::Label => "a label".to_string(),
        }
    }

    /// The leaf that a reference to `record` is boxed as.
    pub fn leaf_of(&self, record: RecordId) -> Option<LeafId> {
        self.tables.leaf_of_record(record)
    }

    /// The first leaf that holds an `i32`.
    pub fn int_leaf(&self) -> Option<LeafId> {
        self.tables
            .leaves
            .find(|leaf| matches!(leaf.encoding, LeafEncoding::Int32 { .. }))
    }

    /// The leaf named `name`, if it holds nothing.
    pub fn unit_leaf(&self, name: &str) -> Option<LeafId> {
        match self.types.get(name) {
            Some(TypeName::Leaf(leaf)) if self.tables.unboxed(*leaf).is_none() => Some(*leaf),
            _ => None,
        }
    }

    /// The field `name` of `record`, with its type.
    pub fn field(&self, record: RecordId, name: &str) -> Option<(FieldId, Ty)> {
        let field = self.tables.field(record, name)?;
        Some((field, self.fields[record][field.0 as usize]))
    }

    /// The error for a type name that nothing declares.
    pub fn unknown_type(&self, name: &Name) -> Error {
        let known = self.types.keys().map(|known| &**known).chain(types::BUILT_IN);
        let nearest = nearest(name.as_str(), known).map(str::to_string);
        Error::UnknownName {
            at: name.span,
            what: "type",
            name: name.text.to_string(),
            nearest,
        }
    }
}
