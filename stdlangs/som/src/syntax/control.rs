//! The messages that are compiled to jumps when literal blocks are sent with them.

use std::rc::Rc;

use super::ast::{Block, Expr, Send};

/// A message that is compiled to jumps.
#[derive(Clone, Copy, Debug)]
pub enum Control<'a> {
    /// `ifTrue:` and its relatives: the block for a receiver of each kind, if there is one.
    If {
        /// For true.
        on_true: Option<&'a Rc<Block>>,
        /// For false.
        on_false: Option<&'a Rc<Block>>,
    },
    /// `ifNil:` and its relatives. Without a block for its kind, the receiver is the answer.
    IfNil {
        /// For nil.
        on_nil: Option<&'a Rc<Block>>,
        /// For anything else.
        on_other: Option<&'a Rc<Block>>,
    },
    /// `and:`, `&&`
    And(&'a Rc<Block>),
    /// `or:`, `||`
    Or(&'a Rc<Block>),
    /// `whileTrue:`, `whileFalse:`
    While {
        /// For which answer of the condition the loop goes on.
        sense: bool,
        /// The receiver.
        condition: &'a Rc<Block>,
        /// The argument.
        body: &'a Rc<Block>,
    },
    /// `to:do:`, `downTo:do:`
    Count {
        /// Whether it counts down.
        down: bool,
        /// The second argument.
        body: &'a Rc<Block>,
    },
}

impl<'a> Control<'a> {
    /// What `send` is compiled to, if it is such a message.
    pub fn of(send: &'a Send) -> Option<Control<'a>> {
        if send.to_super {
            return None;
        }
        let block = |index: usize, parameters: usize| literal_block(&send.arguments[index], parameters);
        Some(match &*send.selector {
            "ifTrue:" => Control::If {
                on_true: Some(block(0, 0)?),
                on_false: None,
            },
            "ifFalse:" => Control::If {
                on_true: None,
                on_false: Some(block(0, 0)?),
            },
            "ifTrue:ifFalse:" => Control::If {
                on_true: Some(block(0, 0)?),
                on_false: Some(block(1, 0)?),
            },
            "ifFalse:ifTrue:" => Control::If {
                on_true: Some(block(1, 0)?),
                on_false: Some(block(0, 0)?),
            },
            "ifNil:" => Control::IfNil {
                on_nil: Some(block(0, 0)?),
                on_other: None,
            },
            "ifNotNil:" => Control::IfNil {
                on_nil: None,
                on_other: Some(block(0, 0)?),
            },
            "ifNil:ifNotNil:" => Control::IfNil {
                on_nil: Some(block(0, 0)?),
                on_other: Some(block(1, 0)?),
            },
            "ifNotNil:ifNil:" => Control::IfNil {
                on_nil: Some(block(1, 0)?),
                on_other: Some(block(0, 0)?),
            },
            "and:" | "&&" => Control::And(block(0, 0)?),
            "or:" | "||" => Control::Or(block(0, 0)?),
            selector @ ("whileTrue:" | "whileFalse:") => Control::While {
                sense: selector == "whileTrue:",
                condition: literal_block(&send.receiver, 0)?,
                body: block(0, 0)?,
            },
            selector @ ("to:do:" | "downTo:do:") => Control::Count {
                down: selector == "downTo:do:",
                body: block(1, 1)?,
            },
            _ => return None,
        })
    }
}

fn literal_block(expr: &Expr, parameters: usize) -> Option<&Rc<Block>> {
    match expr {
        Expr::Block(block) if block.names.0.len() == parameters => Some(block),
        _ => None,
    }
}
