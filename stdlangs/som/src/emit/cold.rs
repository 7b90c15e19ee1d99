//! What stands behind the code of a function: the control messages whose receivers were not what they are meant for are
//! really sent.
//!
//! The blocks that were compiled in place become real ones then, with copies of the variables that they assign; what
//! they have left in the copies is taken back when the message has answered.

use std::collections::HashMap;
use std::rc::Rc;

use dg_runtime::Throw;

use super::Source;
use super::control::Test;
use super::function::{Emitter, HEADER, Want, slot};
use crate::generated::Label;
use crate::syntax::ast::{Block, Expr, Send, VariableId};

/// Code that is hardly ever run.
pub(super) enum Cold<'a> {
    /// Copies a slot.
    Move {
        label: Label,
        from: u32,
        to: u32,
        then: Label,
    },
    /// Really sends a message that was compiled to jumps.
    Send {
        label: Label,
        /// The slots from here on are free.
        top: u32,
        /// Where the receiver is.
        receiver: u32,
        /// Where the first argument is, if it is no block.
        limit: Option<u32>,
        send: &'a Send,
        after: After,
    },
    /// The condition of a loop was no Boolean.
    Loop {
        label: Label,
        top: u32,
        receiver: u32,
        selector: &'static str,
        body: &'a Rc<Block>,
        line: u32,
        end: Label,
    },
}

/// What becomes of the answer.
#[derive(Clone, Copy)]
pub(super) enum After {
    /// It is the value of an expression.
    Value { want: Want, end: Label },
    /// It decides a jump; without one, execution goes on at `end`.
    Test { test: Test, end: Label },
}

impl<'a> Emitter<'a> {
    pub fn emit_cold(&mut self, cold: Cold<'a>) -> Result<(), Throw> {
        match cold {
            Cold::Move { label, from, to, then } => {
                self.builder.bind(label);
                self.move_to(from, to);
                self.builder.emit_jump(then);
            }
            Cold::Send {
                label,
                top,
                receiver,
                limit,
                send,
                after,
            } => {
                self.builder.bind(label);
                self.set_top(top);
                let answer = self.reserve(1);
                let arguments: Vec<_> = send
                    .arguments
                    .iter()
                    .map(|argument| match argument {
                        Expr::Block(block) => Argument::Block(block),
                        _ => Argument::Slot(limit.expect("an argument that is no block is evaluated before")),
                    })
                    .collect();
                self.really_send(send.line, &send.selector, receiver, &arguments, answer)?;
                match after {
                    After::Value { want, end } => {
                        if let Want::In(dst) = want {
                            self.move_to(answer, dst);
                        }
                        self.builder.emit_jump(end);
                    }
                    After::Test { test, end } => {
                        self.move_to(answer, test.answer);
                        self.jump_on(test.answer, test);
                        self.builder.emit_jump(end);
                    }
                }
            }
            Cold::Loop {
                label,
                top,
                receiver,
                selector,
                body,
                line,
                end,
            } => {
                self.builder.bind(label);
                self.set_top(top);
                let answer = self.reserve(1);
                self.really_send(line, selector, receiver, &[Argument::Block(body)], answer)?;
                self.builder.emit_jump(end);
            }
        }
        Ok(())
    }

    fn really_send(
        &mut self,
        line: u32,
        selector: &str,
        receiver: u32,
        arguments: &[Argument<'a>],
        dst: u32,
    ) -> Result<(), Throw> {
        let blocks = || {
            arguments.iter().filter_map(|argument| match argument {
                Argument::Block(block) => Some(*block),
                Argument::Slot(_) => None,
            })
        };
        // Variables that are not shared otherwise, but assigned in one of the blocks.
        let mut boxes: HashMap<VariableId, u32> = HashMap::new();
        let mut copies = Vec::new();
        for &(variable, _) in blocks().flat_map(|block| &block.free).filter(|(_, assigned)| *assigned) {
            let Some(place) = self.places[variable.index()] else {
                continue;
            };
            if let (Source::Slot(at), false, false) = (place.source, place.shared, boxes.contains_key(&variable)) {
                let copy = self.reserve(1);
                self.builder.emit_newvariable(slot(at.into()), slot(copy));
                boxes.insert(variable, copy);
                copies.push((u32::from(at), copy));
            }
        }
        if self.block.is_none() && !self.body.is_home && blocks().any(|block| block.returns) {
            self.builder.emit_home(slot(self.info.home_slot.get().into()));
        }
        let start = self.top + HEADER;
        self.set_top(start + arguments.len() as u32 + 1);
        self.move_to(receiver, start);
        for (index, argument) in arguments.iter().enumerate() {
            let at = start + index as u32 + 1;
            match argument {
                Argument::Block(block) => self.closure(block, at, &boxes)?,
                Argument::Slot(from) => self.move_to(*from, at),
            }
        }
        self.emit_send(line, selector, false, start, arguments.len(), dst)?;
        for (at, copy) in copies {
            self.builder.emit_getvariable(slot(copy), slot(at));
        }
        Ok(())
    }
}

/// An argument of a message that is really sent.
enum Argument<'a> {
    Block(&'a Rc<Block>),
    /// What is in a slot.
    Slot(u32),
}
