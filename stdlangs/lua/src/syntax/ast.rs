//! The syntax tree of a chunk.
//!
//! Expressions live in one arena and refer to each other by id, so that dropping a tree needs no recursion however
//! long its chains of operators are. Statements nest directly: the parser limits how deep.
//!
//! Every name is resolved: it is a local variable of its function, an upvalue of its function, or a global.

use std::ops::{Index, Range};
use std::rc::Rc;

/// Declares an index type.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            /// The id of the element at `index`.
            ///
            /// # Panics
            ///
            /// If `index` does not fit 32 bits.
            pub fn from_index(index: usize) -> Self {
                Self(u32::try_from(index).expect("fewer than 2^32 elements"))
            }

            /// Where the element stands.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A name or string constant in [`Chunk::strings`].
    StrId
    /// An expression in [`Chunk::exprs`].
    ExprId
    /// A function in [`Chunk::functions`].
    FunctionId
    /// A local variable in its function's [`Function::locals`].
    LocalId
    /// An upvalue in its function's [`Function::upvalues`].
    UpvalueId
    /// A place that `goto` can go to, in its function's [`Function::labels`].
    LabelId
    /// A `goto`, in its function's [`Function::gotos`].
    GotoId
}

impl LocalId {
    /// The local declared `distance` places after this one.
    pub fn after(self, distance: usize) -> Self {
        Self::from_index(self.index() + distance)
    }
}

/// A chunk after parsing.
#[derive(Debug)]
pub struct Chunk {
    /// Its text.
    pub source: Rc<[u8]>,
    /// Names and string constants, each once.
    pub strings: Vec<Rc<[u8]>>,
    /// Expressions; operands stand before what they are part of.
    pub exprs: Vec<Expr>,
    /// For each expression, the line that its errors name.
    pub lines: Vec<u32>,
    /// Functions; one stands before those inside it, and the main function is first.
    pub functions: Vec<Function>,
}

impl Chunk {
    /// The function that the chunk as a whole is.
    pub const MAIN: FunctionId = FunctionId(0);

    /// The line that errors of `expr` name: for a call the line where its arguments begin, for an index expression
    /// that of the token behind it in some places, for anything else the line where it ends.
    pub fn line(&self, expr: ExprId) -> u32 {
        self.lines[expr.index()]
    }
}

impl Index<StrId> for Chunk {
    type Output = [u8];

    fn index(&self, id: StrId) -> &[u8] {
        &self.strings[id.index()]
    }
}

impl Index<ExprId> for Chunk {
    type Output = Expr;

    fn index(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }
}

impl Index<FunctionId> for Chunk {
    type Output = Function;

    fn index(&self, id: FunctionId) -> &Function {
        &self.functions[id.index()]
    }
}

/// A function body with its variables.
#[derive(Debug, Default)]
pub struct Function {
    /// The function that it stands in; none for the main function.
    pub parent: Option<FunctionId>,
    /// The line of its `function`; 0 for the main function.
    pub line: u32,
    /// The line of its `end`; 0 for the main function.
    pub last_line: u32,
    /// The line of its last token, where it returns at its end.
    pub end_line: u32,
    /// Its source text.
    pub text: Text,
    /// How many parameters it has; they are its first locals.
    pub parameters: usize,
    /// What becomes of further arguments.
    pub vararg: Vararg,
    /// All local variables, in order of declaration.
    pub locals: Vec<Local>,
    /// The variables of enclosing functions that it, or a function inside it, uses.
    pub upvalues: Vec<Upvalue>,
    /// The places that have labels.
    pub labels: Vec<Label>,
    /// Where each `goto` goes.
    pub gotos: Vec<LabelId>,
    /// The statements.
    pub body: Block,
}

/// Where the source text of a function is, enough of it to compile the function once more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// Its bytes in the source: from the parenthesis before the parameters to the `end`. All of it for the main
    /// function.
    pub bytes: Range<usize>,
    /// The line where it begins.
    pub line: u32,
    /// What has to stand before it.
    pub kind: TextKind,
}

/// What the source text of a function is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextKind {
    /// A chunk: the function is the main function.
    #[default]
    Chunk,
    /// The rest of a function after its name.
    Function,
    /// The same, of a function that has `self` before its parameters.
    Method,
}

/// How a function treats arguments beyond its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vararg {
    /// Drops them.
    #[default]
    No,
    /// Keeps them for `...`. It is the main function, which has no `arg`.
    Main,
    /// Keeps them for `...`, which the function uses. The first local after its parameters is `arg`, and nil.
    Dots,
    /// Collects them in the first local after its parameters, `arg`, as Lua 5.0 did: `...` is never used.
    ArgTable,
}

/// A local variable.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name; the hidden variables of a `for` loop have names that begin with a parenthesis.
    pub name: StrId,
    /// It is an upvalue of some function.
    pub captured: bool,
    /// It is assigned to after its declaration, in its own function or another.
    pub assigned: bool,
    /// It is read, assigned or captured at all.
    pub used: bool,
}

/// A place that has one or more labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// The innermost local variable that is in scope there.
    pub innermost: Option<LocalId>,
    /// Some `goto` goes there.
    pub used: bool,
}

/// A variable of an enclosing function.
#[derive(Clone, Debug)]
pub struct Upvalue {
    /// The variable's name.
    pub name: StrId,
    /// Where the enclosing function has it when the closure is made.
    pub source: UpvalueSource,
}

/// Where an upvalue is found in the enclosing function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpvalueSource {
    /// Among its locals.
    Local(LocalId),
    /// Among its own upvalues.
    Upvalue(UpvalueId),
}

/// Statements with a scope of their own.
#[derive(Debug, Default)]
pub struct Block {
    /// The statements in order.
    pub stats: Vec<Stat>,
}

/// A statement.
#[derive(Debug)]
pub struct Stat {
    /// The line where it ends; for a compound statement and a function the line where it begins.
    pub line: u32,
    /// What it does.
    pub kind: StatKind,
}

/// What a statement does.
#[derive(Debug)]
pub enum StatKind {
    /// `local a, b = values`: the locals are in scope after the values.
    Local {
        /// The variables, which have consecutive ids.
        locals: Range<LocalId>,
        /// Their values, fewer or more than there are variables.
        values: Box<[ExprId]>,
    },
    /// `local function f`: the local is in scope inside the function.
    LocalFunction {
        /// The variable.
        local: LocalId,
        /// Its value, always [`Expr::Function`].
        function: ExprId,
    },
    /// `targets = values`
    Assign {
        /// Variables and [`Expr::Index`]es, at least one.
        targets: Box<[ExprId]>,
        /// Their values, at least one.
        values: Box<[ExprId]>,
    },
    /// `function target`
    Function {
        /// A variable or an [`Expr::Index`].
        target: ExprId,
        /// Its value, always [`Expr::Function`].
        function: ExprId,
    },
    /// A call, always [`Expr::Call`] or [`Expr::MethodCall`], for its effects.
    Call(ExprId),
    /// `do ... end`
    Do(Block),
    /// `while condition do ... end`
    While {
        /// Checked before each turn.
        condition: ExprId,
        /// The statements.
        body: Block,
    },
    /// `repeat ... until condition`
    Repeat {
        /// The statements.
        body: Block,
        /// Checked after each turn, in the scope of the body.
        condition: ExprId,
    },
    /// `if ... then ... elseif ... then ... else ... end`
    If {
        /// Conditions and what they guard, at least one.
        arms: Vec<(ExprId, Block)>,
        /// The `else` part.
        otherwise: Option<Block>,
    },
    /// `for variable = start, limit, step do ... end`
    NumericFor {
        /// The first of three hidden locals (index, limit, step), which precede the variable.
        hidden: LocalId,
        /// The first value.
        start: ExprId,
        /// The last value.
        limit: ExprId,
        /// The step, 1 if it is missing.
        step: Option<ExprId>,
        /// The line of `do`.
        do_line: u32,
        /// The statements.
        body: Block,
    },
    /// `for variables in values do ... end`
    GenericFor {
        /// The first of three hidden locals (generator, state, control), which precede the variables.
        hidden: LocalId,
        /// How many variables there are, at least one.
        variables: usize,
        /// The generator, its state and the control's first value, adjusted to three.
        values: Box<[ExprId]>,
        /// The line where the values begin.
        values_line: u32,
        /// The statements.
        body: Block,
    },
    /// `return values`
    Return(Box<[ExprId]>),
    /// `break`
    Break,
    /// `goto name`
    Goto(GotoId),
    /// `::name::`, or several of them in a row.
    Label(LabelId),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// `nil`
    Nil,
    /// `true`
    True,
    /// `false`
    False,
    /// A numeral.
    Number(f64),
    /// A string constant.
    String(StrId),
    /// `...`
    Vararg,
    /// A closure.
    Function(FunctionId),
    /// A local variable of the current function.
    Local(LocalId),
    /// A variable of an enclosing function.
    Upvalue(UpvalueId),
    /// A field of the function's environment.
    Global(StrId),
    /// `object[key]`, or `object.name` with a string as key.
    Index {
        /// What is indexed.
        object: ExprId,
        /// With what.
        key: ExprId,
    },
    /// `callee(args)`
    Call {
        /// What is called.
        callee: ExprId,
        /// The arguments; a call or `...` at the end gives all its values.
        args: Box<[ExprId]>,
    },
    /// `object:name(args)`
    MethodCall {
        /// The receiver, which is also the first argument.
        object: ExprId,
        /// The method.
        name: StrId,
        /// The further arguments; a call or `...` at the end gives all its values.
        args: Box<[ExprId]>,
    },
    /// A call or `...` in parentheses, which make one value of it. Other parentheses leave no trace.
    Paren(ExprId),
    /// A prefix operator.
    Unary {
        /// Which one.
        op: UnaryOp,
        /// Its operand.
        operand: ExprId,
    },
    /// An infix operator.
    Binary {
        /// Which one.
        op: BinaryOp,
        /// What stands before it.
        lhs: ExprId,
        /// What stands after it.
        rhs: ExprId,
    },
    /// `{fields}`
    Table(Box<[Field]>),
}

impl Expr {
    /// Whether it can give any number of values.
    pub fn is_multiple(&self) -> bool {
        matches!(self, Self::Call { .. } | Self::MethodCall { .. } | Self::Vararg)
    }
}

impl Expr {
    /// Calls `visit` with each expression that is directly part of this one, functions' bodies excepted.
    pub fn for_each_operand(&self, mut visit: impl FnMut(ExprId)) {
        match self {
            Self::Nil
            | Self::True
            | Self::False
            | Self::Number(_)
            | Self::String(_)
            | Self::Vararg
            | Self::Function(_)
            | Self::Local(_)
            | Self::Upvalue(_)
            | Self::Global(_) => {}
            Self::Paren(operand) | Self::Unary { operand, .. } => visit(*operand),
            Self::Index { object: lhs, key: rhs } | Self::Binary { lhs, rhs, .. } => {
                visit(*lhs);
                visit(*rhs);
            }
            Self::Call { callee: first, args }
            | Self::MethodCall {
                object: first, args, ..
            } => {
                visit(*first);
                args.iter().copied().for_each(visit);
            }
            Self::Table(fields) => {
                for field in fields {
                    match *field {
                        Field::Item(value) => visit(value),
                        Field::Keyed { key, value, .. } => {
                            visit(key);
                            visit(value);
                        }
                    }
                }
            }
        }
    }
}

/// A part of a table constructor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The next element of the array. As the last field, a call or `...` gives all its values.
    Item(ExprId),
    /// `[key] = value`, or `name = value` with a string as key.
    Keyed {
        /// The key.
        key: ExprId,
        /// Its value.
        value: ExprId,
        /// The line where the field ends.
        line: u32,
    },
}

/// Declares operators with the way they are written.
macro_rules! operators {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $text:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant),*
        }

        impl $name {
            /// How the operator is written.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
    };
}

operators! {
    /// A prefix operator.
    UnaryOp { Neg "-" Not "not" Len "#" }
}

operators! {
    /// An infix operator.
    BinaryOp {
        Add "+" Sub "-" Mul "*" Div "/" Mod "%" Pow "^" Concat ".."
        Eq "==" Ne "~=" Lt "<" Le "<=" Gt ">" Ge ">=" And "and" Or "or"
    }
}
