//! The tree of a class. The parser leaves names as they are; [`super::resolve`] finds out what they mean.

use std::rc::Rc;

use super::error::Position;

/// A class file.
#[derive(Debug)]
pub struct ClassText {
    /// Its name.
    pub name: Rc<str>,
    /// Where its name stands.
    pub position: Position,
    /// Its superclass, if it names one. `nil` for the class that has none.
    pub superclass: Option<Rc<str>>,
    /// What instances have.
    pub instance: Side,
    /// What the class itself has.
    pub class: Side,
}

/// The fields and methods of one side of a class.
#[derive(Debug, Default)]
pub struct Side {
    /// The names of its own fields.
    pub fields: Vec<Rc<str>>,
    /// Its methods in order.
    pub methods: Vec<MethodText>,
}

/// A method.
#[derive(Debug)]
pub struct MethodText {
    /// Its selector.
    pub selector: Rc<str>,
    /// Where it begins.
    pub position: Position,
    /// Its code; none of a primitive.
    pub body: Option<Body>,
}

/// The code of a method with all blocks in it.
#[derive(Debug)]
pub struct Body {
    /// The variables of the method and its blocks. The first one is `self`, which is used only if it is assigned.
    pub variables: Vec<Variable>,
    /// The method itself.
    pub code: Block,
    /// A block that is not inlined has a `^`.
    pub is_home: bool,
    /// Any block has a `^`.
    pub may_be_home: bool,
}

/// A variable of a method or of a block in it.
#[derive(Debug)]
pub struct Variable {
    /// A block that is not inlined uses a variable of an outer function.
    pub captured: bool,
    /// Something is assigned to it.
    pub assigned: bool,
}

impl Variable {
    /// Whether the variable lives in an object of its own.
    pub fn is_shared(&self) -> bool {
        self.captured && self.assigned
    }
}

impl Body {
    /// Whether `self` is assigned somewhere, and so is a variable.
    pub fn assigns_self(&self) -> bool {
        self.variables[VariableId::SELF.index()].assigned
    }
}

/// Which variable of a [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VariableId(pub u32);

impl VariableId {
    /// `self` as a variable.
    pub const SELF: VariableId = VariableId(0);

    /// Its index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The code of a method or a block.
#[derive(Debug, Default)]
pub struct Block {
    /// Names of its parameters and of its local variables, for the resolver.
    pub names: (Vec<Rc<str>>, Vec<Rc<str>>),
    /// Its parameters.
    pub parameters: Vec<VariableId>,
    /// Its local variables.
    pub locals: Vec<VariableId>,
    /// What it does.
    pub statements: Vec<Expr>,
    /// The line that it begins in.
    pub line: u32,
    /// It, or a block in it, has a `^`.
    pub returns: bool,
    /// It, or a block in it, needs `self`.
    pub uses_self: bool,
    /// The variables of outer blocks that it, or a block in it, uses; and whether it assigns them.
    pub free: Vec<(VariableId, bool)>,
}

/// An expression. A return is one too, but only stands last in a method or block.
#[derive(Debug)]
pub enum Expr {
    /// A constant.
    Literal(Literal),
    /// A name that was not resolved yet.
    Name(Rc<str>, Position),
    /// `self`, or `super` where it is not the receiver of a message.
    SelfName,
    /// A variable of the method or of a block.
    Variable(VariableId),
    /// A field, by its index.
    Field(u16),
    /// A global.
    Global(Rc<str>),
    /// `target := value`
    Assign(Box<Expr>, Box<Expr>),
    /// A message.
    Send(Box<Send>),
    /// A block.
    Block(Rc<Block>),
    /// `^ value`
    Return(Box<Expr>),
}

/// A message.
#[derive(Debug)]
pub struct Send {
    /// What it is sent to.
    pub receiver: Expr,
    /// Whether it was sent to `super`.
    pub to_super: bool,
    /// Its selector.
    pub selector: Rc<str>,
    /// Its arguments.
    pub arguments: Vec<Expr>,
    /// The line of its selector.
    pub line: u32,
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `nil`
    Nil,
    /// `true`, `false`
    Boolean(bool),
    /// Digits, perhaps with a minus in front.
    Integer(String),
    /// A double.
    Double(f64),
    /// A string.
    String(Vec<u8>),
    /// A symbol.
    Symbol(Vec<u8>),
    /// An array.
    Array(Vec<Literal>),
}
