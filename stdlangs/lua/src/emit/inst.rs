//! Instructions as emission makes them: those of the virtual machine, with constants and functions still by name.

use crate::syntax::ast::{ExprId, FunctionId, StrId};

/// A slot of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot(pub u16);

/// Neighbouring slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The first one.
    pub start: Slot,
    /// How many there are.
    pub count: u16,
}

/// Values that an instruction takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// As many as the run is long.
    Run(Run),
    /// From this slot to the end of the last open result.
    Open(Slot),
}

/// Where the results of an instruction go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dest {
    /// The first one to this slot.
    Slot(Slot),
    /// As many as the run is long.
    Run(Run),
    /// All of them, from this slot on.
    Open(Slot),
}

/// A constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Const {
    /// `nil`
    Nil,
    /// `false`
    False,
    /// `true`
    True,
    /// A number, never a NaN.
    Number(f64),
    /// A string.
    String(StrId),
}

impl Const {
    /// Whether a condition takes it for true.
    pub fn is_truthy(self) -> bool {
        !matches!(self, Self::Nil | Self::False)
    }
}

impl From<bool> for Const {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// What an instruction reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// The value of a slot.
    Slot(Slot),
    /// A constant.
    Const(Const),
}

/// A branch target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(pub u32);

/// Arithmetic on two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arith {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
}

/// An instruction; the set's description says what each does.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the instruction set's description documents the operands")]
pub enum Inst {
    Move {
        x: Slot,
        dst: Slot,
    },
    LoadK {
        k: Const,
        dst: Slot,
    },
    LoadNil {
        dst: Run,
    },
    GetUpval {
        i: u16,
        dst: Slot,
    },
    SetUpval {
        i: u16,
        x: Operand,
    },
    Closure {
        function: FunctionId,
        dst: Slot,
    },
    Close {
        from: Slot,
    },
    GetGlobal {
        name: StrId,
        dst: Slot,
    },
    SetGlobal {
        name: StrId,
        x: Operand,
    },
    GetField {
        object: Slot,
        name: StrId,
        dst: Slot,
    },
    SetField {
        object: Slot,
        name: StrId,
        x: Operand,
    },
    SelfField {
        object: Slot,
        name: StrId,
        receiver: Slot,
        dst: Slot,
    },
    GetIndex {
        object: Slot,
        key: Slot,
        dst: Slot,
    },
    SetIndex {
        object: Slot,
        key: Slot,
        x: Operand,
    },
    GetElem {
        object: Slot,
        i: u32,
        dst: Slot,
    },
    SetElem {
        object: Slot,
        i: u32,
        x: Operand,
    },
    NewTable {
        array: u32,
        hash: u32,
        dst: Slot,
    },
    /// The names of the fields are those of the constructor `fields`.
    NewObject {
        fields: ExprId,
        values: Run,
        dst: Slot,
    },
    SetList {
        object: Slot,
        values: List,
        first: u32,
    },
    Arith {
        op: Arith,
        lhs: Operand,
        rhs: Operand,
        dst: Slot,
    },
    Unm {
        x: Slot,
        dst: Slot,
    },
    Not {
        x: Slot,
        dst: Slot,
    },
    Len {
        x: Slot,
        dst: Slot,
    },
    Concat {
        values: Run,
        dst: Slot,
    },
    Jump {
        to: Label,
    },
    /// JTRUE, or JFALSE if `sense` is false.
    Test {
        x: Slot,
        sense: bool,
        to: Label,
    },
    /// JEQ, or JNE if `sense` is false. A constant is a number.
    Equal {
        lhs: Slot,
        rhs: Operand,
        sense: bool,
        to: Label,
    },
    /// JEQK, or JNEK if `sense` is false. The constant is not a number.
    EqualConst {
        x: Slot,
        k: Const,
        sense: bool,
        to: Label,
    },
    /// JLT, or JNLT if `sense` is false. Constants are numbers.
    Less {
        lhs: Operand,
        rhs: Operand,
        sense: bool,
        to: Label,
    },
    /// JLE, or JNLE if `sense` is false. Constants are numbers.
    LessEqual {
        lhs: Operand,
        rhs: Operand,
        sense: bool,
        to: Label,
    },
    ForPrep {
        control: Slot,
        exit: Label,
    },
    /// FORLOOPUP, or FORLOOP if the step is not `known_positive`.
    ForLoop {
        control: Slot,
        known_positive: bool,
        body: Label,
    },
    ForCall {
        iterator: Slot,
        dst: Run,
    },
    ArgTable {
        dst: Slot,
    },
    ForStep {
        iterator: Slot,
        variables: Slot,
        body: Label,
    },
    ForNext {
        iterator: Slot,
        variable: Slot,
        body: Label,
    },
    Call {
        f: Slot,
        args: List,
        dst: Dest,
    },
    TailCall {
        f: Slot,
        args: List,
    },
    Return {
        values: List,
    },
    Return1 {
        x: Operand,
    },
    Return0,
    Vararg {
        dst: Dest,
    },
}

impl Inst {
    /// Whether what stands behind it runs only if something jumps there.
    pub fn is_terminator(&self) -> bool {
        matches!(
            self,
            Self::Jump { .. } | Self::TailCall { .. } | Self::Return { .. } | Self::Return1 { .. } | Self::Return0
        )
    }

    /// Where it may jump.
    pub fn target(&self) -> Option<Label> {
        match *self {
            Self::Jump { to }
            | Self::Test { to, .. }
            | Self::Equal { to, .. }
            | Self::EqualConst { to, .. }
            | Self::Less { to, .. }
            | Self::LessEqual { to, .. } => Some(to),
            Self::ForPrep { exit, .. } => Some(exit),
            Self::ForLoop { body, .. } | Self::ForStep { body, .. } | Self::ForNext { body, .. } => Some(body),
            _ => None,
        }
    }
}
