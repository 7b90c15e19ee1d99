//! The typed program: every name resolved, every expression with its type, every conversion explicit.
//!
//! What is declared stands in the graph's own tables ([`SpecTables`]); this module adds the code. Functions of the
//! specification are kept as functions, `build` inlines them; templates are already expanded.

use std::sync::Arc;

use dg_spec::Span;

use crate::ir::ids::Table;
use crate::ir::inst::{BinaryOp, FloatCond, IntCond, UnaryOp};
use crate::ir::spec::{FieldId, SpecTables};
use crate::ir::types::TypeSet;
use crate::ir::{BytecodeId, EnumId, ExternId, LeafId, NativeId, OperandId, PlanId, RecordId};

/// Declares ids of the typed program.
macro_rules! declare_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl crate::ir::ids::Id for $name {
            fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("more than 2^32 rows in a table"))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

declare_ids! {
    /// A `fn` of the specification.
    HelperId;
    /// A name inside one piece of code: a parameter, an operand, a `let`, what a case carries.
    LocalId;
}

/// A specification that has passed all checks.
#[derive(Clone, Debug)]
pub struct Program {
    /// Everything declared, with its layout.
    pub tables: Arc<SpecTables>,
    /// The functions of the specification, to be inlined.
    pub helpers: Table<HelperId, Helper>,
    /// The code of each bytecode.
    pub bytecodes: Table<BytecodeId, Code>,
    /// The code of each native function.
    pub natives: Table<NativeId, Code>,
    /// From byte offsets to lines.
    pub lines: Lines,
}

/// A `fn`.
#[derive(Clone, Debug)]
pub struct Helper {
    /// Its name.
    pub name: String,
    /// `cold fn`.
    pub cold: bool,
    /// Its parameters, the first locals of its code.
    pub params: Vec<LocalId>,
    /// What it answers; [`Ty::Unit`] for nothing.
    pub result: Ty,
    /// Its code.
    pub code: Code,
}

/// A body and its locals.
#[derive(Clone, Debug, Default)]
pub struct Code {
    /// Everything that has a name in it.
    pub locals: Table<LocalId, Local>,
    /// The body; its value is the answer.
    pub body: Option<Expr>,
}

/// A name inside a body.
#[derive(Clone, Debug)]
pub struct Local {
    /// As written.
    pub name: String,
    /// The type it is declared with, before anything is proven.
    pub ty: Ty,
    /// What it stands for.
    pub kind: LocalKind,
}

/// What a [`Local`] stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LocalKind {
    /// `let`, or a binding of a case.
    Let,
    /// Parameter of a `fn`, by position.
    Param,
    /// An operand of the bytecode.
    Operand(OperandId),
    /// Parameter of a `native fn`: this slot of its frame.
    Slot(u32),
    /// All further arguments of a `native fn`.
    Rest,
}

/// The type of an expression.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ty {
    /// Of what never gets that far.
    Never,
    /// Nothing.
    Unit,
    /// A boxed value of one of these leaves.
    Value(TypeSet),
    /// A double.
    Double,
    /// A condition.
    Bool,
    /// 8 bits, unsigned; widens to any larger number.
    U8,
    /// 16 bits, unsigned; widens to any larger number.
    U16,
    /// 32 bits, signed.
    I32,
    /// 32 bits, unsigned.
    U32,
    /// 64 bits, signed.
    I64,
    /// 64 bits, unsigned.
    U64,
    /// A machine address.
    Ptr,
    /// The address of values.
    ValuePtr,
    /// A reference to an object, or to a struct inside one.
    Ref {
        /// What is referred to.
        record: RecordId,
        /// Whether it may be null.
        nullable: bool,
    },
    /// A constant of an enum.
    Enum(EnumId),
    /// An answer of several cases.
    Plan(PlanId),
    /// A run of values.
    List,
    /// What a call that may throw came to: `Returned(list)` or `Threw(value)`.
    Attempt,
    /// A branch target.
    Label,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which form.
    pub kind: ExprKind,
    /// What is known about its value here.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an [`Expr`]. Operands of operations have exactly the types the operation asks for.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A whole number (of the type of the expression), also a constant of an enum.
    Int(i64),
    /// A double.
    Double(f64),
    /// A condition.
    Bool(bool),
    /// The value of a unit leaf.
    Unit(LeafId),
    /// What a local stands for, with what is proven about it here.
    Local(LocalId),
    /// The running function object.
    Callee,
    /// The surplus arguments.
    Varargs,
    /// Field of a record.
    Field {
        /// Reference to the record.
        base: Box<Expr>,
        /// Which record.
        record: RecordId,
        /// Which field.
        field: FieldId,
    },
    /// The length of an object's trailing array.
    Length {
        /// Reference to the object.
        base: Box<Expr>,
        /// Which object.
        record: RecordId,
    },
    /// Element of an object's trailing array; for structs, the reference to it.
    Element {
        /// Reference to the object.
        base: Box<Expr>,
        /// Which object.
        record: RecordId,
        /// Any number of at most 32 bits.
        index: Box<Expr>,
    },
    /// Value behind a pointer to values.
    Pointed {
        /// The pointer, a field of an object.
        pointer: Box<Expr>,
        /// Any number of at most 32 bits.
        index: Box<Expr>,
    },
    /// Value of a list.
    Item {
        /// The list.
        list: Box<Expr>,
        /// Any number of at most 32 bits.
        index: Box<Expr>,
    },
    /// Whether a boxed value is of one of these leaves.
    Is {
        /// The value.
        subject: Box<Expr>,
        /// The leaves.
        set: TypeSet,
    },
    /// Whether a reference is null.
    IsNull(Box<Expr>),
    /// `!a`
    Not(Box<Expr>),
    /// `a && b`
    And(Box<Expr>, Box<Expr>),
    /// `a || b`
    Or(Box<Expr>, Box<Expr>),
    /// An operation of the graph.
    Unary(UnaryOp, Box<Expr>),
    /// An operation of the graph.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// Comparison of doubles.
    FloatCompare(FloatCond, Box<Expr>, Box<Expr>),
    /// Comparison of numbers, conditions or references.
    IntCompare(IntCond, Box<Expr>, Box<Expr>),
    /// Whether two boxed values have the same bits.
    SameBits(Box<Expr>, Box<Expr>),
    /// A boxed value of this leaf.
    Box(LeafId, Box<Expr>),
    /// What is inside a boxed value of a single leaf.
    Unbox(Box<Expr>),
    /// The first value of a list, nil if there is none.
    First(Box<Expr>),
    /// The values of a list after the first.
    AfterFirst(Box<Expr>),
    /// The list without that many of its first values, which it has.
    Skip { list: Box<Expr>, count: Box<Expr> },
    /// How many values a list has.
    Count(Box<Expr>),
    /// The same bits under another type of the same representation.
    Retype(Box<Expr>),
    /// A `fn`.
    CallHelper {
        /// Which.
        helper: HelperId,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// A runtime function.
    CallExtern {
        /// Which.
        callee: ExternId,
        /// Its arguments.
        args: Vec<Expr>,
    },
    /// A call of a guest function; answers the list of its results.
    Call(Invocation),
    /// A call that may throw, and how it goes on.
    Attempt {
        /// `resume` instead of `try call`.
        resume: bool,
        /// What is called.
        invocation: Invocation,
        /// The name of the list, and what follows.
        returned: (Option<LocalId>, Box<Expr>),
        /// The name of what was thrown, and what follows.
        threw: (Option<LocalId>, Box<Expr>),
    },
    /// Gives values to the resumer; answers the list of what it is resumed with.
    Yield(Values),
    /// A remembered value.
    Cache {
        /// What is compared.
        keys: Vec<Expr>,
        /// How many are remembered.
        ways: u32,
        /// What is remembered.
        body: Box<Expr>,
    },
    /// A new object; fields that are not named are zero.
    New {
        /// Which object.
        record: RecordId,
        /// What is evaluated, in order: of a field, or of the trailing array the value of each element and their number.
        parts: Vec<NewPart>,
    },
    /// `if`
    If {
        /// The condition.
        condition: Box<Expr>,
        /// When it holds.
        then: Box<Expr>,
        /// When not.
        otherwise: Option<Box<Expr>>,
    },
    /// `match` over a plan.
    MatchPlan {
        /// The answer.
        subject: Box<Expr>,
        /// Which plan.
        plan: PlanId,
        /// The arms; together they cover every case once.
        arms: Vec<Arm>,
    },
    /// `match` over an enum.
    MatchEnum {
        /// The constant.
        subject: Box<Expr>,
        /// The arms; together they cover every case once.
        arms: Vec<Arm>,
    },
    /// `{ .. }`
    Block {
        /// Evaluated for their effects.
        statements: Vec<Expr>,
        /// The value.
        value: Option<Box<Expr>>,
    },
    /// `let`
    Let {
        /// The new local.
        local: LocalId,
        /// What it stands for.
        value: Box<Expr>,
    },
    /// `assume local is T`
    Assume {
        /// Of which this is promised.
        local: LocalId,
        /// The leaves.
        set: TypeSet,
    },
    /// `place = value`
    Assign {
        /// Where.
        place: Box<Place>,
        /// What.
        value: Box<Expr>,
    },
    /// Ends the code (of the `fn`, if it is in one) with this answer.
    Return(Option<Box<Expr>>),
    /// The same, off the expected path.
    Slow(Box<Expr>),
    /// Returns from the guest function.
    Leave(Values),
    /// Throws a value.
    Throw(Box<Expr>),
    /// Goes on at a branch target.
    Goto(LocalId),
    /// Leaves the call of a native function to the host's.
    Delegate,
    /// Calls in place of the running function.
    TailCall(Invocation),
}

/// What is called, with what.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Reference to the function object or coroutine.
    pub target: Box<Expr>,
    /// The arguments.
    pub args: Values,
}

/// Some values and then those of a list.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// Boxed values.
    pub fixed: Vec<Expr>,
    /// A list.
    pub list: Option<Box<Expr>>,
}

/// A part of a new object.
#[derive(Clone, Debug)]
pub enum NewPart {
    /// A field.
    Field(FieldId, Expr),
    /// The trailing array.
    Array {
        /// Every element.
        element: Expr,
        /// Any number of at most 32 bits.
        count: Expr,
    },
}

/// An arm of a `match`.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The numbers of the cases it is for; several for `_`.
    pub cases: Vec<u32>,
    /// The names of what the case carries; none for what is not wanted.
    pub bindings: Vec<Option<LocalId>>,
    /// What it answers.
    pub body: Expr,
}

/// Where a store goes.
#[derive(Clone, Debug)]
pub enum Place {
    /// An `out slot` operand.
    Out(OperandId),
    /// An element of a run of slots.
    Slot {
        /// The operand.
        operand: OperandId,
        /// Any number of at most 32 bits.
        index: Expr,
    },
    /// A field.
    Field {
        /// Reference to the record.
        base: Expr,
        /// Which record.
        record: RecordId,
        /// Which field.
        field: FieldId,
    },
    /// An element of a trailing array.
    Element {
        /// Reference to the object.
        base: Expr,
        /// Which object.
        record: RecordId,
        /// Any number of at most 32 bits.
        index: Expr,
    },
    /// Behind a pointer that is a field of an object.
    Pointed {
        /// Reference to the object; the collector is told of it.
        base: Expr,
        /// Which object.
        record: RecordId,
        /// The field with the pointer.
        field: FieldId,
        /// Any number of at most 32 bits.
        index: Expr,
    },
}

/// From byte offsets to line numbers.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    /// The lines of `source`.
    pub fn new(source: &str) -> Self {
        let after = source
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(index, _)| index as u32 + 1);
        Self {
            starts: std::iter::once(0).chain(after).collect(),
        }
    }

    /// The line of the offset, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        self.starts.partition_point(|start| *start <= offset) as u32
    }
}

impl Ty {
    /// Whether it is a number of at most 32 bits, as an index may be.
    pub const fn is_small_int(self) -> bool {
        matches!(self, Self::U8 | Self::U16 | Self::I32 | Self::U32)
    }

    /// Whether it is any whole number.
    pub const fn is_int(self) -> bool {
        matches!(
            self,
            Self::U8 | Self::U16 | Self::I32 | Self::U32 | Self::I64 | Self::U64
        )
    }

    /// Whether comparisons and shifts read it signed.
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }
}

impl Expr {
    /// Calls `visit` on every expression directly inside, in the order of evaluation.
    pub fn for_each_child<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            ExprKind::Int(_)
            | ExprKind::Double(_)
            | ExprKind::Bool(_)
            | ExprKind::Unit(_)
            | ExprKind::Local(_)
            | ExprKind::Callee
            | ExprKind::Varargs
            | ExprKind::Assume { .. }
            | ExprKind::Goto(_)
            | ExprKind::Delegate => {}
            ExprKind::Field { base: inner, .. }
            | ExprKind::Length { base: inner, .. }
            | ExprKind::Is { subject: inner, .. }
            | ExprKind::IsNull(inner)
            | ExprKind::Not(inner)
            | ExprKind::Unary(_, inner)
            | ExprKind::Box(_, inner)
            | ExprKind::Unbox(inner)
            | ExprKind::First(inner)
            | ExprKind::AfterFirst(inner)
            | ExprKind::Count(inner)
            | ExprKind::Retype(inner)
            | ExprKind::Let { value: inner, .. }
            | ExprKind::Slow(inner)
            | ExprKind::Throw(inner) => visit(inner),
            ExprKind::Element { base: a, index: b, .. }
            | ExprKind::Pointed { pointer: a, index: b }
            | ExprKind::Item { list: a, index: b }
            | ExprKind::Skip { list: a, count: b }
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Binary(_, a, b)
            | ExprKind::FloatCompare(_, a, b)
            | ExprKind::IntCompare(_, a, b)
            | ExprKind::SameBits(a, b) => {
                visit(a);
                visit(b);
            }
            ExprKind::CallHelper { args, .. } | ExprKind::CallExtern { args, .. } => args.iter().for_each(visit),
            ExprKind::New { parts, .. } => {
                for part in parts {
                    match part {
                        NewPart::Field(_, value) => visit(value),
                        NewPart::Array { element, count } => {
                            visit(element);
                            visit(count);
                        }
                    }
                }
            }
            ExprKind::Call(invocation) | ExprKind::TailCall(invocation) => invocation.for_each_child(visit),
            ExprKind::Attempt {
                invocation,
                returned,
                threw,
                ..
            } => {
                invocation.for_each_child(visit);
                visit(&returned.1);
                visit(&threw.1);
            }
            ExprKind::Yield(values) | ExprKind::Leave(values) => values.for_each_child(visit),
            ExprKind::Cache { keys, body, .. } => {
                keys.iter().for_each(&mut *visit);
                visit(body);
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                visit(condition);
                visit(then);
                if let Some(otherwise) = otherwise {
                    visit(otherwise);
                }
            }
            ExprKind::MatchPlan { subject, arms, .. } | ExprKind::MatchEnum { subject, arms } => {
                visit(subject);
                arms.iter().for_each(|arm| visit(&arm.body));
            }
            ExprKind::Block { statements, value } => {
                statements.iter().for_each(&mut *visit);
                if let Some(value) = value {
                    visit(value);
                }
            }
            ExprKind::Assign { place, value } => {
                match &**place {
                    Place::Out(_) => {}
                    Place::Slot { index, .. } => visit(index),
                    Place::Field { base, .. } => visit(base),
                    Place::Element { base, index, .. } | Place::Pointed { base, index, .. } => {
                        visit(base);
                        visit(index);
                    }
                }
                visit(value);
            }
            ExprKind::Return(value) => {
                if let Some(value) = value {
                    visit(value);
                }
            }
        }
    }
}

impl Values {
    /// Calls `visit` on every value, then on the list.
    fn for_each_child<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        self.fixed.iter().for_each(&mut *visit);
        if let Some(list) = &self.list {
            visit(list);
        }
    }
}

impl Invocation {
    /// Calls `visit` on the target, then on the arguments.
    fn for_each_child<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(&self.target);
        self.args.for_each_child(visit);
    }
}
