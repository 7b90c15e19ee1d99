//! The syntax tree of a `.dg` file: what was written, nothing resolved.
//!
//! Every node has the [`Span`] it was read from. Names are kept as text; which of them exist, and what they
//! mean, is for the resolver to say. Operand kinds, effects and options are words here for the same reason:
//! any word parses, so that an unknown one gets an answer better than "expected one of".

use std::rc::Rc;

use crate::span::Span;

/// A name with the place where it stands.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name as written.
    pub text: Rc<str>,
    /// Where.
    pub span: Span,
}

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Lines of documentation (`///` or `//!`), without the slashes and one leading blank.
pub type Docs = Vec<String>;

/// A whole `.dg` file.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// The `//!` lines.
    pub docs: Docs,
    /// The items in the order of the file.
    pub items: Vec<Item>,
}

/// One declaration of a `.dg` file.
#[derive(Clone, Debug)]
pub enum Item {
    /// `language NAME { .. }`
    Language(Language),
    /// `value { .. }`
    Value(ValueDecl),
    /// `object NAME { .. }` or `struct NAME { .. }`
    Object(ObjectDecl),
    /// `enum NAME { .. }`
    Enum(EnumDecl),
    /// `plan NAME { .. }`
    Plan(PlanDecl),
    /// `extern fn name(..) -> T EFFECTS;`
    Extern(ExternDecl),
    /// `fn name(..) -> T { .. }`, `cold fn`, `native fn`
    Function(FunctionDecl),
    /// `template name(..)(..) -> RESULT { .. }`
    Template(TemplateDecl),
    /// `bytecode NAME(..) -> RESULT { .. }` or `bytecode NAME = template(..);`
    Bytecode(BytecodeDecl),
}

impl Item {
    /// The name that it declares; the types of values have none of their own.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Self::Language(item) => Some(&item.name),
            Self::Value(_) => None,
            Self::Object(item) => Some(&item.name),
            Self::Enum(item) => Some(&item.name),
            Self::Plan(item) => Some(&item.name),
            Self::Extern(item) => Some(&item.name),
            Self::Function(item) => Some(&item.name),
            Self::Template(item) => Some(&item.name),
            Self::Bytecode(item) => Some(&item.name),
        }
    }

    /// The whole item, its documentation excluded.
    pub fn span(&self) -> Span {
        match self {
            Self::Language(item) => item.span,
            Self::Value(item) => item.span,
            Self::Object(item) => item.span,
            Self::Enum(item) => item.span,
            Self::Plan(item) => item.span,
            Self::Extern(item) => item.span,
            Self::Function(item) => item.span,
            Self::Template(item) => item.span,
            Self::Bytecode(item) => item.span,
        }
    }
}

/// `language NAME { option values; .. }`
#[derive(Clone, Debug)]
pub struct Language {
    /// Its `///` lines.
    pub docs: Docs,
    /// The name of the language.
    pub name: Name,
    /// The options, in order.
    pub options: Vec<LanguageOption>,
    /// The whole item.
    pub span: Span,
}

/// `name value, value;`
#[derive(Clone, Debug)]
pub struct LanguageOption {
    /// Its `///` lines.
    pub docs: Docs,
    /// Which option.
    pub name: Name,
    /// What it is set to.
    pub values: Vec<OptionValue>,
    /// The whole option.
    pub span: Span,
}

/// A value of a language option.
#[derive(Clone, Debug)]
pub enum OptionValue {
    /// A name.
    Name(Name),
    /// A whole number.
    Int(u64, Span),
}

/// `value { leaf = encoding; group NAME = a | b; }`
#[derive(Clone, Debug)]
pub struct ValueDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// The leaf types, in order.
    pub leaves: Vec<LeafDecl>,
    /// The groups, in order.
    pub groups: Vec<GroupDecl>,
    /// The whole item.
    pub span: Span,
}

/// `name = unit;`, `name = float64;`, `name = int32;`, `name = ref OBJECT;`
#[derive(Clone, Debug)]
pub struct LeafDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// The name of the leaf type.
    pub name: Name,
    /// `unit`, `float64`, `int32` or `ref`.
    pub encoding: Name,
    /// The object of a `ref`.
    pub object: Option<Name>,
    /// The whole line.
    pub span: Span,
}

/// `group name = a | b;`
#[derive(Clone, Debug)]
pub struct GroupDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// The name of the group.
    pub name: Name,
    /// The leaves (or earlier groups) in it.
    pub members: Vec<Name>,
    /// The whole line.
    pub span: Span,
}

/// Which of the two layouts an [`ObjectDecl`] describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ObjectForm {
    /// `object`: lives in the heap, has a header.
    Object,
    /// `struct`: an element of an array.
    Struct,
}

/// `object NAME { .. }` or `struct NAME { .. }`
#[derive(Clone, Debug)]
pub struct ObjectDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Object or struct.
    pub form: ObjectForm,
    /// Its name.
    pub name: Name,
    /// Its fields, in order.
    pub fields: Vec<FieldDecl>,
    /// The whole item.
    pub span: Span,
}

/// `name: TYPE;`
#[derive(Clone, Debug)]
pub struct FieldDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// The name of the field.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
    /// The whole line.
    pub span: Span,
}

/// `enum NAME { A, B }`
#[derive(Clone, Debug)]
pub struct EnumDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// Its constants, numbered from 0.
    pub cases: Vec<EnumCase>,
    /// The whole item.
    pub span: Span,
}

/// A constant of an `enum`.
#[derive(Clone, Debug)]
pub struct EnumCase {
    /// Its `///` lines.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
}

/// `plan NAME { Case, Case(TYPE, ..), else Case }` or `plan NAME = Case | Case(TYPE, ..) | else Case;`
#[derive(Clone, Debug)]
pub struct PlanDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// Its cases, numbered from 0.
    pub cases: Vec<PlanCase>,
    /// The whole item.
    pub span: Span,
}

/// A case of a `plan`.
#[derive(Clone, Debug)]
pub struct PlanCase {
    /// Its `///` lines.
    pub docs: Docs,
    /// Written `else CASE`.
    pub is_fallback: bool,
    /// Its name.
    pub name: Name,
    /// What it carries.
    pub payload: Vec<TypeExpr>,
    /// The whole case.
    pub span: Span,
}

/// `extern fn name(p: TYPE, ..) -> TYPE EFFECTS;`
#[derive(Clone, Debug)]
pub struct ExternDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Param>,
    /// What it answers, if anything.
    pub result: Option<TypeExpr>,
    /// What it may do.
    pub effects: Vec<EffectExpr>,
    /// The whole item.
    pub span: Span,
}

/// `name: TYPE`
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeExpr,
}

/// `pure`, `throws`, .., or `pure until EVENT`
#[derive(Clone, Debug)]
pub struct EffectExpr {
    /// The effect.
    pub name: Name,
    /// The event that ends what `pure` promises.
    pub until: Option<Name>,
}

/// How a function of the spec is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionForm {
    /// `fn`: inlined where it is used.
    Inline,
    /// `cold fn`: inlined, and outlined with the slow path.
    Cold,
    /// `native fn`: a library function that guest code calls.
    Native,
}

/// `fn name(..) -> TYPE { .. }`
#[derive(Clone, Debug)]
pub struct FunctionDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Inline, cold or native.
    pub form: FunctionForm,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Param>,
    /// What it answers, if anything.
    pub result: Option<TypeExpr>,
    /// Its body.
    pub body: Block,
    /// From the keyword to the end of the signature.
    pub head: Span,
    /// The whole item.
    pub span: Span,
}

/// `template name(params)(operands) -> RESULT { .. }`
#[derive(Clone, Debug)]
pub struct TemplateDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// What a use of it supplies: functions, intrinsics, enum constants, literals.
    pub params: Vec<Name>,
    /// Operands, result and body of the bytecodes made from it.
    pub code: BytecodeCode,
    /// The whole item.
    pub span: Span,
}

/// `bytecode NAME ..`
#[derive(Clone, Debug)]
pub struct BytecodeDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// Its own code or the use of a template.
    pub body: BytecodeBody,
    /// The whole item.
    pub span: Span,
}

/// What stands behind the name of a bytecode.
#[derive(Clone, Debug)]
pub enum BytecodeBody {
    /// `(operands) -> RESULT { .. }`
    Code(BytecodeCode),
    /// `= template(args);`
    Template {
        /// Which template.
        template: Name,
        /// Names, `Enum.Case` or literals.
        args: Vec<Expr>,
        /// `template(args)`
        span: Span,
    },
}

/// `(operands) -> RESULT { .. }`
#[derive(Clone, Debug)]
pub struct BytecodeCode {
    /// The operands, in order.
    pub operands: Vec<OperandDecl>,
    /// The alternatives behind `->`, e.g. `slot | open slots`; empty without a result.
    pub result: Vec<OperandKindExpr>,
    /// The semantics.
    pub body: Block,
    /// From the opening parenthesis of the operands to the end of the result.
    pub head: Span,
}

/// `name: kind | kind`
#[derive(Clone, Debug)]
pub struct OperandDecl {
    /// Its `///` lines.
    pub docs: Docs,
    /// Its name.
    pub name: Name,
    /// The alternatives.
    pub kinds: Vec<OperandKindExpr>,
    /// The whole operand.
    pub span: Span,
}

/// One alternative of an operand: words, e.g. `const string`, and a length for `slots[N]` or `slots[A..B]`.
#[derive(Clone, Debug)]
pub struct OperandKindExpr {
    /// The words, at least one.
    pub words: Vec<Name>,
    /// Smallest and largest length, equal for `[N]`.
    pub length: Option<(u64, u64)>,
    /// The whole alternative.
    pub span: Span,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    /// Which form.
    pub kind: TypeKind,
    /// Where.
    pub span: Span,
}

/// The forms of a [`TypeExpr`].
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// A leaf, group, object, struct, enum, plan or built-in type.
    Name(Name),
    /// `ref OBJECT` or `ref? OBJECT`
    Ref {
        /// Whether it may be null (`ref?`).
        nullable: bool,
        /// The object.
        target: Name,
    },
    /// `ptr TYPE`
    Pointer(Box<TypeExpr>),
    /// `[TYPE]`, the trailing array of an object.
    Array(Box<TypeExpr>),
    /// `a | b`
    Union(Vec<TypeExpr>),
}

/// `{ statements; value }`
#[derive(Clone, Debug)]
pub struct Block {
    /// The statements before the value.
    pub statements: Vec<Statement>,
    /// The last expression, when no `;` follows it.
    pub value: Option<Box<Expr>>,
    /// From brace to brace.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Which form.
    pub kind: StatementKind,
    /// The whole statement.
    pub span: Span,
}

/// The forms of a [`Statement`].
#[derive(Clone, Debug)]
pub enum StatementKind {
    /// `let name = value;`
    Let {
        /// The new name.
        name: Name,
        /// What it stands for.
        value: Expr,
    },
    /// `assume e is T;`, `value` being the whole test
    Assume(Expr),
    /// `e;`, or an `if`, `match` or block without semicolon
    Expr(Expr),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Which form.
    pub kind: ExprKind,
    /// The whole expression.
    pub span: Span,
}

/// The forms of an [`Expr`].
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `42`, `0xff`
    Int(u64),
    /// `1.5`
    Double(f64),
    /// A local, operand, parameter, leaf, function, enum ..
    Name(Name),
    /// `a.b`
    Field(Box<Expr>, Name),
    /// `a[i]`
    Index(Box<Expr>, Box<Expr>),
    /// `f(args)`: a function of the spec, an extern, an intrinsic, a template parameter
    Apply {
        /// What is applied.
        function: Name,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `-a`, `!a`
    Unary(UnaryOp, Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `a is T`, `a is not T`; `null` is written as a name
    Is {
        /// What is tested.
        subject: Box<Expr>,
        /// `is not`
        negated: bool,
        /// For what.
        ty: TypeExpr,
    },
    /// `call f(args)` or `try call f(args)`: a call of a guest function
    Call {
        /// `try`
        catch: bool,
        /// The function object.
        callee: Box<Expr>,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `resume co(args)`
    Resume {
        /// The coroutine.
        coroutine: Box<Expr>,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `yield list`
    Yield(Box<Expr>),
    /// `cache(key, .., ways N) body`
    Cache {
        /// What is compared on the next visit.
        keys: Vec<Expr>,
        /// How many answers are kept.
        ways: Option<(u64, Span)>,
        /// What is remembered.
        body: Box<Expr>,
    },
    /// `new OBJECT { field: e, array: [e; count] }`
    New {
        /// The object.
        object: Name,
        /// What its fields start with, as written.
        fields: Vec<NewField>,
    },
    /// `if c { .. } else { .. }`
    If {
        /// The condition.
        condition: Box<Expr>,
        /// Taken when it holds.
        then: Block,
        /// Taken when not: a block or another `if`.
        otherwise: Option<Box<Expr>>,
    },
    /// `match e { .. }`
    Match {
        /// What decides.
        subject: Box<Expr>,
        /// The arms, in order.
        arms: Vec<Arm>,
    },
    /// `{ .. }`
    Block(Block),
    /// `place = value`
    Assign {
        /// A slot operand, field or element.
        place: Box<Expr>,
        /// What is stored.
        value: Box<Expr>,
    },
    /// `return`, `return e`, `return a, b, list`
    Return(Vec<Expr>),
    /// `slow e`: ends the code out of line with what `e` answers
    Slow(Box<Expr>),
    /// `throw e`
    Throw(Box<Expr>),
    /// `goto label`
    Goto(Name),
    /// `leave e, list`: returns from the guest function
    Leave(Vec<Expr>),
    /// `delegate`: leaves a call of a native function to the host's
    Delegate,
    /// `tail call f(args)`
    TailCall {
        /// The function object.
        callee: Box<Expr>,
        /// The arguments.
        args: Vec<Expr>,
    },
}

/// `field: e`, or `array: [e; count]` for the trailing array
#[derive(Clone, Debug)]
pub struct NewField {
    /// The field, or the trailing array.
    pub name: Name,
    /// Its value, or that of each element.
    pub value: Expr,
    /// How many elements the array has.
    pub count: Option<Expr>,
}

/// `pattern => body`
#[derive(Clone, Debug)]
pub struct Arm {
    /// What it is for.
    pub pattern: Pattern,
    /// What it answers.
    pub body: Expr,
    /// The whole arm.
    pub span: Span,
}

/// `Case`, `Case(a, b)`, `Enum.Case` or `_`
#[derive(Clone, Debug)]
pub struct Pattern {
    /// The case; none for `_`.
    pub case: Option<Name>,
    /// The enum or plan in front of the case, if written.
    pub owner: Option<Name>,
    /// The names given to what the case carries; `_` for what is not wanted.
    pub bindings: Option<Vec<Name>>,
    /// The whole pattern.
    pub span: Span,
}

/// A prefix operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    /// `-a`
    Neg,
    /// `!a`
    Not,
}

/// An infix operator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// `a & b`
    BitAnd,
    /// `a | b`
    BitOr,
    /// `a ^ b`
    BitXor,
    /// `a << b`
    Shl,
    /// `a >> b`
    Shr,
    /// `a == b`
    Eq,
    /// `a != b`
    Ne,
    /// `a < b`
    Lt,
    /// `a <= b`
    Le,
    /// `a > b`
    Gt,
    /// `a >= b`
    Ge,
    /// `a && b`
    And,
    /// `a || b`
    Or,
}
