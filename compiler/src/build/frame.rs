//! The body that is being lowered and what is inlined into it.

use std::collections::HashMap;

use super::Lowering;
use super::value::Val;
use crate::ir::BlockId;
use crate::ir::inst::{Op, Terminator};
use crate::typed::{Code, LocalId};

/// One copy of a body.
pub struct Frame<'p> {
    /// Its locals and body.
    pub code: &'p Code,
    /// What its locals stand for where lowering is.
    pub locals: HashMap<LocalId, Val>,
    /// Where its answer goes.
    pub answer: Answer,
    /// The blocks in which it has answered, and what: for [`Answer::Collect`].
    pub arrivals: Vec<(BlockId, Val)>,
}

/// Where the answer of a body goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// To the result of the bytecode, which ends.
    Bytecode {
        /// Whether it has a result.
        has_result: bool,
    },
    /// A native function leaves with its answer on its own.
    Native,
    /// To what follows the use of an inlined function.
    Collect,
    /// To where the answer of the frame around it goes.
    Outer,
    /// It is a condition: to the first block when it holds, else to the second.
    Branch(BlockId, BlockId),
}

impl<'p> Frame<'p> {
    /// A copy of `code` that nothing is bound in yet.
    pub fn new(code: &'p Code, answer: Answer) -> Self {
        Self {
            code,
            locals: HashMap::new(),
            answer,
            arrivals: Vec::new(),
        }
    }
}

impl<'p> Lowering<'p> {
    /// The innermost frame.
    pub fn frame(&mut self) -> &mut Frame<'p> {
        match self.frames.last_mut() {
            Some(frame) => frame,
            None => unreachable!("the body itself is a frame"),
        }
    }

    /// Gives `value` as the answer of the innermost frame. The current block ends.
    pub fn deliver(&mut self, value: Val) {
        let at = self.frames.len() - 1;
        self.deliver_to(at, value);
    }

    fn deliver_to(&mut self, at: usize, value: Val) {
        match self.frames[at].answer {
            Answer::Outer => self.deliver_to(at - 1, value),
            Answer::Collect => {
                let block = self.build.current();
                self.frames[at].arrivals.push((block, value));
            }
            Answer::Bytecode { has_result } => {
                if has_result {
                    self.store_result(value);
                }
                self.build.end(Terminator::Next);
            }
            Answer::Branch(then, otherwise) => {
                let holds = self.single(value);
                self.build.branch(holds, then, otherwise, crate::ir::Likely::Unknown);
            }
            // The checker has seen that control does not get here.
            Answer::Native => self.build.end(Terminator::Unreachable),
        }
    }

    fn store_result(&mut self, value: Val) {
        match value {
            Val::One(value) => {
                self.build.op(Op::StoreResult(value));
            }
            list => {
                let (ptr, count) = self.list(list);
                self.build.op(Op::StoreResults { ptr, count });
            }
        }
    }
}
