//! From the syntax tree to bytecode.
//!
//! ```text
//! Chunk --function--> FunctionCode, one per function --assemble--> code objects, innermost functions first
//! ```
//!
//! Slots are given out like a stack: local variables at the bottom, each in one slot for as long as it is in scope,
//! temporaries above them. An expression is told where its result is wanted, so that it gets there without a move; a
//! local variable or a constant is used in place.
//!
//! The native stack used grows with the nesting of the program, which the parser limits, but not with the length of
//! chains of operators, indexing or calls.

mod assemble;
mod assignment;
mod calls;
mod expressions;
mod fold;
mod function;
mod inst;
mod instructions;
mod logic;
mod loops;
mod statements;
mod tables;
mod text;

#[cfg(test)]
mod tests;

pub use assemble::{Capture, CaptureSource, LocalInfo, Prototype, Target, compile, link};
pub use function::{FunctionCode, TooComplex, compile_function};
pub use inst::{Arith, Const, Dest, Inst, Label, List, Operand, Run, Slot};
pub use instructions::{Instructions, VariableRange};
pub use text::disassemble;
