//! From the typed program to the dataflow graph: one function per bytecode and native function, not yet specialised.
//!
//! Functions of the specification are inlined, each use a copy of its own: a *frame* here is one such copy. What is
//! `slow`, and the bodies of `cold fn`s, go to cold blocks. Operands are read once, at the start, so that a store to
//! a slot changes nothing that has been proven about them.

mod calls;
mod control;
mod expr;
mod frame;
mod value;

use std::sync::Arc;

use crate::ir::function::{FunctionKind, Program};
use crate::ir::ids::Table;
use crate::ir::inst::{Likely, Op, Terminator};
use crate::ir::spec::{OperandKind, SpecTables};
use crate::ir::{BlockId, Builder, Function, OperandId};
use crate::typed::{self, Code, LocalKind, Ty};
use frame::{Answer, Frame};
use value::Val;

/// The graph of every bytecode, then of every native function.
pub fn build(program: &typed::Program) -> Program {
    let tables = &program.tables;
    let mut functions = Table::new();
    for (id, code) in program.bytecodes.iter() {
        let name = &tables.bytecodes[id].name;
        functions.push(function(program, name, FunctionKind::Bytecode(id), code));
    }
    for (id, code) in program.natives.iter() {
        let name = &tables.natives[id].name;
        functions.push(function(program, name, FunctionKind::Native(id), code));
    }
    Program {
        spec: Arc::clone(tables),
        functions,
    }
}

fn function(program: &typed::Program, name: &str, kind: FunctionKind, code: &Code) -> Function {
    let answer = match kind {
        FunctionKind::Bytecode(id) => Answer::Bytecode {
            has_result: !program.tables.bytecodes[id].results.is_empty(),
        },
        FunctionKind::Native(_) => Answer::Native,
    };
    let mut lowering = Lowering {
        program,
        tables: &program.tables,
        kind,
        build: Builder::new(&program.tables, name, kind),
        frames: vec![Frame::new(code, answer)],
        cold: false,
        cold_blocks: Vec::new(),
    };
    lowering.bind_locals(code);
    if let Some(body) = &code.body {
        lowering.answer(body);
    }
    lowering.finish()
}

/// Lowers one function.
struct Lowering<'p> {
    program: &'p typed::Program,
    tables: &'p SpecTables,
    kind: FunctionKind,
    build: Builder<'p>,
    /// The body, and the functions that are being inlined into it, innermost last.
    frames: Vec<Frame<'p>>,
    /// Whether the code being lowered is off the expected path.
    cold: bool,
    /// Blocks that turned out to be cold after they were made.
    cold_blocks: Vec<BlockId>,
}

impl Lowering<'_> {
    /// Operands and parameters get their values at the start.
    fn bind_locals(&mut self, code: &Code) {
        for (id, local) in code.locals.iter() {
            let value = match local.kind {
                LocalKind::Operand(operand) => self.operand(operand, local.ty),
                LocalKind::Slot(index) => {
                    let first = self.build.i32(0);
                    Val::One(self.build.one(Op::SlotLoad {
                        slot: first,
                        offset: index as i32,
                    }))
                }
                LocalKind::Rest => {
                    let (ptr, count) = self.build.two(Op::Varargs);
                    Val::List {
                        ptr,
                        count,
                        has_first: false,
                    }
                }
                LocalKind::Let | LocalKind::Param => continue,
            };
            self.frame().locals.insert(id, value);
        }
    }

    fn operand(&mut self, operand: OperandId, ty: Ty) -> Val {
        match ty {
            Ty::List => return Val::Run(operand),
            Ty::Label | Ty::Unit => return Val::None,
            _ => {}
        }
        let op = match self.alternatives(operand) {
            [OperandKind::Slot] => {
                let slot = self.build.one(Op::SlotIndex(operand));
                Op::SlotLoad { slot, offset: 0 }
            }
            [OperandKind::Const(_) | OperandKind::ConstRef(_)] => Op::ConstOperand(operand),
            [OperandKind::ImmI32 | OperandKind::ImmU32 | OperandKind::ImmU16] => Op::ImmOperand(operand),
            _ => Op::Operand(operand),
        };
        Val::One(self.build.one(op))
    }

    /// The alternatives of an operand of the bytecode.
    fn alternatives(&self, operand: OperandId) -> &[OperandKind] {
        match self.kind {
            FunctionKind::Bytecode(id) => &self.tables.bytecodes[id].operands[operand].alternatives,
            FunctionKind::Native(_) => &[],
        }
    }

    /// The finished function; branches learn which side is cold.
    fn finish(self) -> Function {
        let mut function = self.build.finish();
        for block in self.cold_blocks {
            function.blocks[block].cold = true;
        }
        let cold: Vec<bool> = function.blocks.values().map(|block| block.cold).collect();
        for (_, block) in function.blocks.iter_mut() {
            if let Terminator::Branch {
                then,
                otherwise,
                likely,
                ..
            } = &mut block.terminator
            {
                *likely = match (cold[then.block.0 as usize], cold[otherwise.block.0 as usize]) {
                    (true, false) => Likely::Else,
                    (false, true) => Likely::Then,
                    _ => Likely::Unknown,
                };
            }
        }
        function
    }
}
