//! The dataflow graph: SSA in basic blocks with block parameters, typed values, explicit effects.
//!
//! * [`ids`]: the newtypes everything is named by, and [`ids::Table`], a vector indexed by one.
//! * [`types`]: value types and [`TypeSet`], the lattice over a language's leaf types.
//! * [`spec`]: what instructions refer to: leaf types, records, externs, plans, operands. Plain data, no AST.
//! * [`inst`]: operations and terminators.
//! * [`function`]: blocks, values, functions, programs.
//! * [`builder`]: how graphs are made.
//!
//! The graph names no language: everything that differs between languages is in the tables of [`spec`].

pub mod builder;
pub mod function;
pub mod ids;
pub mod inst;
pub mod spec;
pub mod types;

pub use builder::Builder;
pub use function::{Block, Function, FunctionKind, InstData, Program, Role, ValueData, ValueDef};
pub use ids::{
    BlockId, BytecodeId, EnumId, ExternId, FunctionId, InstId, LeafId, NativeId, OperandId, PlanId,
    RecordId, Table, ValueId,
};
pub use inst::{
    BinaryOp, BlockCall, CallArgs, Continuation, ContinuationTarget, FloatCond, IntCond, Likely,
    Op, Terminator, UnaryOp,
};
pub use spec::SpecTables;
pub use types::{Type, TypeSet};
