//! Types as written, and what they are in each place.

use dg_spec::Span;
use dg_spec::ast::{TypeExpr, TypeKind};

use super::error::Error;
use super::{Declarations, TypeName};
use crate::ir::spec::{ExternType, FieldType, LeafEncoding, RecordKind};
use crate::ir::{EnumId, PlanId, RecordId, Type, TypeSet};
use crate::typed::Ty;

/// The names of types that every specification has.
pub const BUILT_IN: [&str; 12] = [
    "value", "bool", "i32", "u32", "i64", "u64", "u8", "u16", "ptr", "double", "list", "rest",
];

/// What a type expression says, before it is known where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Written {
    /// Boxed values of these leaves.
    Set(TypeSet),
    /// A number, a condition, an address, a list.
    Plain(Ty),
    /// A reference.
    Ref { record: RecordId, nullable: bool },
    /// An enum.
    Enum(EnumId),
    /// A plan.
    Plan(PlanId),
    /// `rest`
    Rest,
}

impl Declarations<'_> {
    /// What `ty` says; arrays are for the caller.
    pub fn written(&self, ty: &TypeExpr) -> Result<Written, Error> {
        match &ty.kind {
            TypeKind::Name(name) => {
                if let Some(known) = self.types.get(&name.text) {
                    return Ok(match *known {
                        TypeName::Leaf(leaf) => Written::Set(TypeSet::leaf(leaf)),
                        TypeName::Group(set) => Written::Set(set),
                        TypeName::Record(record) => Written::Ref {
                            record,
                            nullable: false,
                        },
                        TypeName::Enum(id) => Written::Enum(id),
                        TypeName::Plan(id) => Written::Plan(id),
                    });
                }
                Ok(match name.as_str() {
                    "value" => Written::Set(self.tables.any()),
                    "bool" => Written::Plain(Ty::Bool),
                    "u8" => Written::Plain(Ty::U8),
                    "u16" => Written::Plain(Ty::U16),
                    "i32" => Written::Plain(Ty::I32),
                    "u32" => Written::Plain(Ty::U32),
                    "i64" => Written::Plain(Ty::I64),
                    "u64" => Written::Plain(Ty::U64),
                    "ptr" => Written::Plain(Ty::Ptr),
                    "double" => Written::Plain(Ty::Double),
                    "list" => Written::Plain(Ty::List),
                    "rest" => Written::Rest,
                    _ => return Err(self.unknown_type(name)),
                })
            }
            TypeKind::Ref { nullable, target } => match self.types.get(&target.text) {
                Some(TypeName::Record(record)) => Ok(Written::Ref {
                    record: *record,
                    nullable: *nullable,
                }),
                Some(other) => Err(Error::WrongKind {
                    at: target.span,
                    name: target.text.to_string(),
                    is: other.describe(),
                    wanted: "an object",
                }),
                None => Err(self.unknown_type(target)),
            },
            TypeKind::Pointer(inner) => match self.written(inner)? {
                Written::Set(set) if set == self.tables.any() => Ok(Written::Plain(Ty::ValuePtr)),
                _ => Err(Error::BadField {
                    at: ty.span,
                    why: "only `ptr value` and plain `ptr` exist".to_string(),
                    help: None,
                }),
            },
            TypeKind::Array(_) => Err(Error::BadField {
                at: ty.span,
                why: "an array can only be the last field of an object".to_string(),
                help: Some("for a run of values, write `list`".to_string()),
            }),
            TypeKind::Union(members) => {
                let mut set = TypeSet::EMPTY;
                for member in members {
                    match self.written(member)? {
                        Written::Set(leaves) => set = set.union(leaves),
                        _ => {
                            return Err(Error::BadField {
                                at: member.span,
                                why: "a union joins leaf types and groups of the value".to_string(),
                                help: None,
                            });
                        }
                    }
                }
                Ok(Written::Set(set))
            }
        }
    }

    /// The set of leaves that `ty` names, as a test `x is ty` needs it.
    pub fn written_set(&self, ty: &TypeExpr) -> Result<TypeSet, Error> {
        match self.written(ty)? {
            Written::Set(set) => Ok(set),
            Written::Ref {
                record,
                nullable: false,
            } => match self.leaf_of(record) {
                Some(leaf) => Ok(TypeSet::leaf(leaf)),
                None => Err(Error::BadTest {
                    at: ty.span,
                    why: format!("no value is a `{}`", self.tables.records[record].name),
                }),
            },
            _ => Err(Error::BadTest {
                at: ty.span,
                why: "not a type of value".to_string(),
            }),
        }
    }

    /// The type of a parameter, result or binding of the specification's own code.
    pub fn code_type(&self, ty: &TypeExpr) -> Result<Ty, Error> {
        Ok(match self.written(ty)? {
            Written::Set(set) => match set.single().and_then(|leaf| self.tables.unboxed(leaf)) {
                Some(Type::F64) => Ty::Double,
                Some(Type::I32) => Ty::I32,
                _ => Ty::Value(set),
            },
            Written::Plain(plain) => plain,
            Written::Ref { record, nullable } => Ty::Ref { record, nullable },
            Written::Enum(id) => Ty::Enum(id),
            Written::Plan(id) => Ty::Plan(id),
            Written::Rest => {
                return Err(Error::Misplaced {
                    at: ty.span,
                    what: "`rest`".to_string(),
                    why: "only the last parameter of a `native fn` takes the rest".to_string(),
                    help: Some("write `list`".to_string()),
                });
            }
        })
    }

    /// What crosses the border to the host for `ty`, and its type on this side.
    pub fn extern_type(&self, ty: &TypeExpr) -> Result<(ExternType, Ty), Error> {
        let refuse = |why: String| {
            Err(Error::BadExtern {
                at: ty.span,
                why,
                help: None,
            })
        };
        let reference = |record, nullable| {
            if self.tables.records[record].kind == RecordKind::Struct {
                return refuse(format!(
                    "`{}` is a struct inside an object",
                    self.tables.records[record].name
                ));
            }
            Ok((ExternType::Ref { record, nullable }, Ty::Ref { record, nullable }))
        };
        match self.written(ty)? {
            Written::Set(set) => match set.single().map(|leaf| self.tables.leaves[leaf].encoding) {
                Some(LeafEncoding::Double) => Ok((ExternType::F64, Ty::Double)),
                Some(LeafEncoding::Int32 { .. }) => Ok((ExternType::I32, Ty::I32)),
                Some(LeafEncoding::Ref { record, .. }) => reference(record, false),
                _ => Ok((ExternType::Value(set), Ty::Value(set))),
            },
            Written::Plain(plain) => {
                let crossing = match plain {
                    Ty::Bool => ExternType::Bool,
                    Ty::I32 => ExternType::I32,
                    Ty::U32 => ExternType::U32,
                    Ty::I64 => ExternType::I64,
                    Ty::U64 => ExternType::U64,
                    Ty::Ptr | Ty::ValuePtr => ExternType::Ptr,
                    Ty::Double => ExternType::F64,
                    Ty::List => ExternType::List,
                    _ => return refuse("numbers cross with 32 or 64 bits".to_string()),
                };
                Ok((crossing, plain))
            }
            Written::Ref { record, nullable } => reference(record, nullable),
            Written::Enum(id) => Ok((ExternType::Enum(id), Ty::Enum(id))),
            Written::Plan(_) => refuse("a plan can only be the result".to_string()),
            Written::Rest => refuse("write `list` for a run of values".to_string()),
        }
    }

    /// How a field or element of type `ty` is stored, and its type when read.
    pub fn field_type(&self, ty: &TypeExpr, in_array: bool) -> Result<(FieldType, Ty), Error> {
        let refuse = |why: &str| {
            Err(Error::BadField {
                at: ty.span,
                why: why.to_string(),
                help: None,
            })
        };
        Ok(match self.written(ty)? {
            Written::Set(set) => match set.single().map(|leaf| self.tables.leaves[leaf].encoding) {
                Some(LeafEncoding::Double) => (FieldType::F64, Ty::Double),
                Some(LeafEncoding::Int32 { .. }) => (FieldType::I32, Ty::I32),
                _ => (FieldType::Value(set), Ty::Value(set)),
            },
            Written::Plain(plain) => {
                let stored = match plain {
                    Ty::Bool => FieldType::Bool,
                    Ty::U8 => FieldType::U8,
                    Ty::U16 => FieldType::U16,
                    Ty::I32 => FieldType::I32,
                    Ty::U32 => FieldType::U32,
                    Ty::I64 => FieldType::I64,
                    Ty::U64 => FieldType::U64,
                    Ty::Double => FieldType::F64,
                    Ty::Ptr => FieldType::Ptr,
                    Ty::ValuePtr => FieldType::ValuePtr,
                    _ => return refuse("a list lives in a frame, not in an object"),
                };
                (stored, plain)
            }
            Written::Ref { record, nullable } => {
                let target = &self.tables.records[record];
                match (target.kind, in_array, nullable) {
                    (RecordKind::Struct, true, false) => (
                        FieldType::Struct(record),
                        Ty::Ref {
                            record,
                            nullable: false,
                        },
                    ),
                    (RecordKind::Struct, ..) => {
                        return refuse("structs are elements of arrays; nothing refers to one for long");
                    }
                    _ => (FieldType::Ref { record, nullable }, Ty::Ref { record, nullable }),
                }
            }
            Written::Enum(id) => (FieldType::I32, Ty::Enum(id)),
            Written::Plan(_) => return refuse("a plan is answered, not stored"),
            Written::Rest => return refuse("not a type of a field"),
        })
    }
}

impl TypeName {
    /// What it is, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Leaf(_) => "a type of value",
            Self::Group(_) => "a group of values",
            Self::Record(_) => "an object",
            Self::Enum(_) => "an enum",
            Self::Plan(_) => "a plan",
        }
    }
}

/// The span of a whole list of names.
pub fn span_of_all(spans: impl IntoIterator<Item = Span>) -> Span {
    spans.into_iter().reduce(Span::to).unwrap_or_default()
}
