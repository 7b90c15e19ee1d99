//! From the typed program to the graph: one function per bytecode and native function.
//!
//! `fn`s are inlined, control flow becomes blocks, what is known about a value becomes [`Op::Narrow`](crate::ir::Op).
//! Operands with alternatives stay [`Op::Operand`](crate::ir::Op): the `specialise` pass makes the variants.

mod body;
mod expressions;
mod likely;
mod places;

use crate::ir::{FunctionKind, Program};
use crate::typed;

/// The graph of every bytecode and native function of `program`.
pub fn build(program: &typed::Program) -> Program {
    let mut graph = Program::new((*program.tables).clone());
    for (id, code) in program.bytecodes.iter() {
        let name = &program.tables.bytecodes[id].name;
        graph
            .functions
            .push(body::function(program, name, FunctionKind::Bytecode(id), code));
    }
    for (id, code) in program.natives.iter() {
        let name = format!("native.{}", program.tables.natives[id].name);
        graph
            .functions
            .push(body::function(program, &name, FunctionKind::Native(id), code));
    }
    graph
}
