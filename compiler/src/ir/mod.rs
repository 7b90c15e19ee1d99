//! The dataflow graph: SSA in basic blocks with block parameters, typed values, explicit effects.
//!
//! * [`ids`]: the newtypes everything is named by, and [`ids::Table`], a vector indexed by one.
//! * [`types`]: value types and [`TypeSet`], the lattice over a language's leaf types.
//! * [`spec`]: what instructions refer to: leaf types, records, externs, plans, operands. Plain data, no AST.
//! * [`inst`]: operations and terminators.
//! * [`function`]: blocks, values, functions, programs.
//! * [`builder`]: how graphs are made; [`compact`] renumbers them.
//! * [`cfg`] and [`facts`]: analyses of control flow, and of what branches prove about types.
//! * [`checks`]: which comparisons tell a set of leaves from all others.
//! * [`evaluate`]: the reference semantics.
//! * [`print`] and [`parse`]: the text form; [`verify`]: what is wrong with a graph.
//!
//! The graph names no language: everything that differs between languages is in the tables of [`spec`].

pub mod builder;
pub mod cfg;
pub mod checks;
pub mod compact;
pub mod evaluate;
pub mod facts;
pub mod function;
pub mod ids;
pub mod inst;
mod lex;
mod names;
pub mod numeric;
pub mod parse;
pub mod print;
pub mod spec;
pub mod types;
pub mod verify;

pub use builder::Builder;
pub use function::{Block, Function, FunctionKind, InstData, Program, Role, ValueData, ValueDef};
pub use ids::{
    BlockId, BytecodeId, EnumId, ExternId, FunctionId, Id, InstId, LeafId, NativeId, OperandId, PlanId, RecordId,
    Table, ValueId,
};
pub use inst::{
    BinaryOp, BlockCall, CallArgs, Continuation, ContinuationTarget, FloatCond, IntCond, Likely, Op, Terminator,
    UnaryOp,
};
pub use spec::SpecTables;
pub use types::{Type, TypeSet};
