//! Expressions: constants, variables, messages, blocks.

use std::collections::HashMap;
use std::rc::Rc;

use dg_runtime::{Operand, Run, Throw};

use super::function::{Emitter, HEADER, Want, slot};
use super::literals::literal;
use super::{BlockInfo, Capture, Source};
use crate::core::lookup;
use crate::core::object::{BLOCK_KIND, global, symbol};
use crate::core::state::{Layout, som};
use crate::generated::{BlockText, Boxed, FALSE, NIL, TRUE};
use crate::syntax::ast::{Block, Expr, Literal, Send, VariableId};
use crate::syntax::control::Control;

impl<'a> Emitter<'a> {
    /// A statement of a method or of an inlined block.
    pub fn statement(&mut self, expr: &'a Expr) -> Result<(), Throw> {
        match expr {
            Expr::Return(value) => self.returns(value),
            _ => self.effect(expr),
        }
    }

    /// The statements of a block, of which the last one has the value.
    pub fn statements(&mut self, block: &'a Block, want: Want) -> Result<(), Throw> {
        let Some((last, others)) = block.statements.split_last() else {
            if let Want::In(dst) = want {
                self.load(dst, NIL);
            }
            return Ok(());
        };
        for statement in others {
            self.statement(statement)?;
        }
        match (last, want) {
            (Expr::Return(value), _) => self.returns(value),
            (_, Want::In(dst)) => self.value(last, dst),
            (_, Want::Effect) => self.effect(last),
        }
    }

    fn returns(&mut self, value: &'a Expr) -> Result<(), Throw> {
        let saved = self.top;
        if self.block.is_some() {
            let answer = self.operand(value)?;
            self.builder.emit_returnhome(slot(answer));
        } else if let Expr::Literal(constant) = value {
            let constant = literal(self.vm, constant)?;
            self.builder.emit_return(Operand::Const(constant.raw()));
        } else {
            let answer = self.operand(value)?;
            self.builder.emit_return(Operand::Slot(slot(answer)));
        }
        self.set_top(saved);
        Ok(())
    }

    /// An expression whose value nobody wants.
    pub fn effect(&mut self, expr: &'a Expr) -> Result<(), Throw> {
        let saved = self.top;
        match expr {
            Expr::Literal(_) | Expr::SelfName | Expr::Variable(_) | Expr::Field(_) | Expr::Name(..) => {}
            Expr::Assign(target, value) => {
                self.assign(target, value)?;
            }
            Expr::Send(send) => match Control::of(send) {
                Some(control) => self.control(send, control, Want::Effect)?,
                None => {
                    let dst = self.reserve(1);
                    self.send(send, dst)?;
                }
            },
            Expr::Global(_) | Expr::Block(_) | Expr::Return(_) => {
                let dst = self.reserve(1);
                self.value(expr, dst)?;
            }
        }
        self.set_top(saved);
        Ok(())
    }

    /// Puts the value of an expression into a slot: the last thing that is done.
    pub fn value(&mut self, expr: &'a Expr, dst: u32) -> Result<(), Throw> {
        let saved = self.top;
        match expr {
            Expr::Literal(constant) => {
                let constant = literal(self.vm, constant)?;
                self.builder.emit_loadk(constant.raw(), slot(dst));
            }
            Expr::SelfName if self.body.assigns_self() => self.variable(VariableId::SELF, dst),
            Expr::SelfName => self.move_to(self.self_slot, dst),
            Expr::Variable(variable) => self.variable(*variable, dst),
            Expr::Field(index) => self.field(*index, dst),
            Expr::Global(name) => {
                let name = symbol(self.vm, name.as_bytes())?;
                let global = global(self.vm, name)?;
                self.builder
                    .emit_getglobal(global.raw(), slot(self.self_slot), slot(dst));
            }
            Expr::Assign(target, value) => {
                let from = self.assign(target, value)?;
                self.move_to(from, dst);
            }
            Expr::Send(send) => match Control::of(send) {
                Some(control) => self.control(send, control, Want::In(dst))?,
                None => self.send(send, dst)?,
            },
            Expr::Block(block) => self.closure(block, dst, &HashMap::new())?,
            Expr::Return(value) => self.returns(value)?,
            Expr::Name(..) => unreachable!("names are resolved"),
        }
        self.set_top(saved);
        Ok(())
    }

    /// The slot of a value: that of a variable, or a new one.
    pub fn operand(&mut self, expr: &'a Expr) -> Result<u32, Throw> {
        let variable = match expr {
            Expr::SelfName if !self.body.assigns_self() => return Ok(self.self_slot),
            Expr::SelfName => Some(VariableId::SELF),
            Expr::Variable(variable) => Some(*variable),
            _ => None,
        };
        if let Some(at) = variable.and_then(|variable| self.own_slot(variable)) {
            return Ok(at);
        }
        let dst = self.reserve(1);
        self.value(expr, dst)?;
        Ok(dst)
    }

    /// The slot with the content of a variable, if there is one.
    pub fn own_slot(&self, variable: VariableId) -> Option<u32> {
        match self.places[variable.index()] {
            Some(place) if !place.shared => match place.source {
                Source::Slot(at) => Some(at.into()),
                Source::Captured(_) => None,
            },
            _ => None,
        }
    }

    /// The slot of an operand that is used after `later` is evaluated.
    fn steady_operand(&mut self, expr: &'a Expr, later: &'a [Expr]) -> Result<u32, Throw> {
        let variable = match expr {
            Expr::Variable(variable) => *variable,
            Expr::SelfName => VariableId::SELF,
            _ => return self.operand(expr),
        };
        let changes =
            self.body.variables[variable.index()].assigned && later.iter().any(|expr| assigns(expr, variable));
        if !changes {
            return self.operand(expr);
        }
        let dst = self.reserve(1);
        self.value(expr, dst)?;
        Ok(dst)
    }

    fn small_constant(&mut self, expr: &Expr) -> Result<Option<Operand>, Throw> {
        if let Expr::Literal(constant @ Literal::Integer(_)) = expr {
            let value = literal(self.vm, constant)?;
            if value.as_int32(0).is_some() {
                return Ok(Some(Operand::Const(value.raw())));
            }
        }
        Ok(None)
    }

    fn operand_or_constant(&mut self, expr: &'a Expr) -> Result<Operand, Throw> {
        match self.small_constant(expr)? {
            Some(constant) => Ok(constant),
            None => Ok(Operand::Slot(slot(self.operand(expr)?))),
        }
    }

    /// Both operands of a binary message.
    pub fn operands(&mut self, send: &'a Send) -> Result<(u32, Operand), Throw> {
        let lhs = self.steady_operand(&send.receiver, &send.arguments)?;
        let rhs = self.operand_or_constant(&send.arguments[0])?;
        Ok((lhs, rhs))
    }

    /// The same in slots.
    pub fn steady_operands(&mut self, send: &'a Send) -> Result<(u32, u32), Throw> {
        let lhs = self.steady_operand(&send.receiver, &send.arguments)?;
        Ok((lhs, self.operand(&send.arguments[0])?))
    }

    pub fn load(&mut self, dst: u32, constant: dg_runtime::RawValue) {
        self.builder.emit_loadk(constant, slot(dst));
    }

    pub fn move_to(&mut self, from: u32, to: u32) {
        if from != to {
            self.builder.emit_move(slot(from), slot(to));
        }
    }

    fn variable(&mut self, variable: VariableId, dst: u32) {
        let place = self.places[variable.index()].expect("a variable is placed before it is used");
        match (place.source, place.shared) {
            (Source::Slot(at), false) => self.move_to(at.into(), dst),
            (Source::Slot(at), true) => {
                self.builder.emit_getvariable(slot(at.into()), slot(dst));
            }
            (Source::Captured(index), false) => {
                self.builder.emit_getcaptured(index, slot(dst));
            }
            (Source::Captured(index), true) => {
                self.builder.emit_getcapturedvariable(index, slot(dst));
            }
        }
    }

    fn field(&mut self, index: u16, dst: u32) {
        match self.info.layout {
            Layout::Instance => {
                self.builder.emit_getfield(slot(self.self_slot), index, slot(dst));
            }
            Layout::Class => {
                self.builder.emit_getclassfield(slot(self.self_slot), index, slot(dst));
            }
            // Values have no room for fields of their own.
            Layout::Array | Layout::Value => self.load(dst, NIL),
        }
    }

    /// Assigns, and answers the slot that the value is in.
    fn assign(&mut self, target: &'a Expr, value: &'a Expr) -> Result<u32, Throw> {
        if let Expr::Variable(variable) = target {
            if let Some(at) = self.own_slot(*variable) {
                self.value(value, at)?;
                return Ok(at);
            }
            let from = self.operand(value)?;
            let place = self.places[variable.index()].expect("a variable is placed before it is used");
            let x = Operand::Slot(slot(from));
            match place.source {
                Source::Slot(at) => self.builder.emit_setvariable(slot(at.into()), x),
                Source::Captured(index) => self.builder.emit_setcapturedvariable(index, x),
            };
            return Ok(from);
        }
        let from = self.operand(value)?;
        if let Expr::Field(index) = target {
            let x = Operand::Slot(slot(from));
            match self.info.layout {
                Layout::Instance => {
                    self.builder.emit_setfield(slot(self.self_slot), *index, x);
                }
                Layout::Class => {
                    self.builder.emit_setclassfield(slot(self.self_slot), *index, x);
                }
                Layout::Array | Layout::Value => {}
            }
        }
        Ok(from)
    }

    /// A message that is really sent, or has a bytecode of its own.
    fn send(&mut self, send: &'a Send, dst: u32) -> Result<(), Throw> {
        self.send_at(send, dst, None)
    }

    /// `start`: where the receiver and the arguments are to be put, if that is decided.
    fn send_at(&mut self, send: &'a Send, dst: u32, start: Option<u32>) -> Result<(), Throw> {
        if !send.to_super && self.operator(send, dst)? {
            return Ok(());
        }
        let saved = self.top;
        let start = start.unwrap_or(self.top + HEADER);
        self.set_top(start);
        match &send.receiver {
            Expr::Send(inner) if Control::of(inner).is_none() => self.send_at(inner, start, Some(start))?,
            receiver => {
                self.set_top(start + 1);
                self.value(receiver, start)?;
            }
        }
        for (index, argument) in send.arguments.iter().enumerate() {
            self.set_top(start + index as u32 + 2);
            self.value(argument, start + index as u32 + 1)?;
        }
        self.emit_send(
            send.line,
            &send.selector,
            send.to_super,
            start,
            send.arguments.len(),
            dst,
        )?;
        self.set_top(saved);
        Ok(())
    }

    /// The message itself; receiver and arguments are in place.
    pub fn emit_send(
        &mut self,
        line: u32,
        selector: &str,
        to_super: bool,
        start: u32,
        arguments: usize,
        dst: u32,
    ) -> Result<(), Throw> {
        self.set_top(start + arguments as u32 + 1);
        let symbol = symbol(self.vm, selector.as_bytes())?.boxed().raw();
        let args = Run {
            start: slot(start),
            count: arguments as u16 + 1,
        };
        self.line(line);
        if to_super {
            let from = self.super_class().boxed().raw();
            self.builder.emit_sendsuper(symbol, from, args, slot(dst));
        } else if matches!(selector, "value" | "value:" | "value:with:") {
            self.builder.emit_sendvalue(symbol, args, slot(dst));
        } else if self.is_rather_core(selector) {
            self.builder.emit_sendcore(symbol, args, slot(dst));
        } else {
            self.builder.emit_send(symbol, args, slot(dst));
        }
        Ok(())
    }

    /// Whether a message is rather meant for a class, a number, a string, an array or a block than for an object with
    /// fields: such a class has a method of its own for it, and Object has none.
    fn is_rather_core(&self, selector: &str) -> bool {
        let core = &som(self.vm).core;
        let Ok(selector) = symbol(self.vm, selector.as_bytes()) else {
            return false;
        };
        let classes = [
            &core.class,
            &core.integer,
            &core.double,
            &core.string,
            &core.array,
            &core.block,
        ];
        let understands = |class| lookup::understands(self.vm, class, selector);
        !understands(core.object.get(self.vm))
            && (classes.iter().any(|class| understands(class.get(self.vm)))
                || understands(core.array.get(self.vm).class.get(self.vm)))
    }

    /// A message with a bytecode of its own. Answers whether it is one.
    fn operator(&mut self, send: &'a Send, dst: u32) -> Result<bool, Throw> {
        let saved = self.top;
        let to = slot(dst);
        match &*send.selector {
            "+" | "-" | "*" | "/" | "//" | "%" | "&" | "<" | ">" | "<=" | ">=" | "=" | "<>" => {
                let (lhs, rhs) = self.operands(send)?;
                let lhs = slot(lhs);
                self.line(send.line);
                let builder = &mut self.builder;
                match &*send.selector {
                    "+" => builder.emit_add(lhs, rhs, to),
                    "-" => builder.emit_sub(lhs, rhs, to),
                    "*" => builder.emit_mul(lhs, rhs, to),
                    "/" => builder.emit_div(lhs, rhs, to),
                    "//" => builder.emit_quotient(lhs, rhs, to),
                    "%" => builder.emit_mod(lhs, rhs, to),
                    "&" => builder.emit_bitand(lhs, rhs, to),
                    "<" => builder.emit_less(lhs, rhs, to),
                    ">" => builder.emit_greater(lhs, rhs, to),
                    "<=" => builder.emit_lessequal(lhs, rhs, to),
                    ">=" => builder.emit_greaterequal(lhs, rhs, to),
                    "=" => builder.emit_equal(lhs, rhs, to),
                    _ => builder.emit_different(lhs, rhs, to),
                };
            }
            "==" | "~=" => {
                let (lhs, rhs) = self.steady_operands(send)?;
                self.line(send.line);
                if &*send.selector == "==" {
                    self.builder.emit_same(slot(lhs), slot(rhs), to);
                } else {
                    self.builder.emit_notsame(slot(lhs), slot(rhs), to);
                }
            }
            "at:" => {
                let (receiver, index) = self.operands(send)?;
                self.line(send.line);
                self.builder.emit_at(slot(receiver), index, to);
            }
            "at:put:" => {
                let receiver = self.steady_operand(&send.receiver, &send.arguments)?;
                let index = match self.small_constant(&send.arguments[0])? {
                    Some(constant) => constant,
                    None => Operand::Slot(slot(self.steady_operand(&send.arguments[0], &send.arguments[1..])?)),
                };
                let x = self.operand(&send.arguments[1])?;
                self.line(send.line);
                self.builder.emit_atput(slot(receiver), index, slot(x), to);
            }
            "isNil" | "notNil" => {
                let x = self.operand(&send.receiver)?;
                self.line(send.line);
                if &*send.selector == "isNil" {
                    self.builder.emit_isnil(slot(x), to);
                } else {
                    self.builder.emit_notnil(slot(x), to);
                }
            }
            "length" => {
                let receiver = self.operand(&send.receiver)?;
                self.line(send.line);
                self.builder.emit_length(slot(receiver), to);
            }
            "restart" if self.restarts(send) => {
                self.builder.emit_jump(self.start);
            }
            _ => return Ok(false),
        }
        self.set_top(saved);
        Ok(true)
    }

    /// `self restart` in a method of a class of blocks starts that method again.
    fn restarts(&self, send: &Send) -> bool {
        self.block.is_none()
            && matches!(send.receiver, Expr::SelfName)
            && matches!(&*self.holder_name(), "Block" | "Block1" | "Block2" | "Block3")
    }

    /// A block. What `boxes` says of a variable comes first.
    pub fn closure(&mut self, block: &'a Rc<Block>, dst: u32, boxes: &HashMap<VariableId, u32>) -> Result<(), Throw> {
        let mut captures = Vec::new();
        for &(variable, _) in &block.free {
            if variable == VariableId::SELF && !self.body.assigns_self() {
                continue;
            }
            let (source, shared) = match boxes.get(&variable) {
                Some(&at) => (Source::Slot(at as u16), true),
                None => {
                    let place = self.places[variable.index()].expect("a variable is placed before it is captured");
                    (place.source, place.shared)
                }
            };
            captures.push(Capture {
                variable,
                source,
                shared,
            });
        }
        let text = self.vm.allocate::<BlockText>()?;
        let method = match self.block {
            Some(info) => Rc::clone(&info.method),
            None => som(self.vm).methods.borrow()[self.definition() as usize].clone(),
        };
        {
            let mut blocks = som(self.vm).blocks.borrow_mut();
            text.definition.set(blocks.len() as u32);
            blocks.push(Rc::new(BlockInfo {
                block: Rc::clone(block),
                method,
                captures: captures.clone(),
            }));
        }
        let core = &som(self.vm).core;
        let class = [&core.block1, &core.block2, &core.block3][block.parameters.len()];
        text.set(|t| &t.class, class.get(self.vm));
        text.kind.set(BLOCK_KIND + block.parameters.len() as u32);
        text.captures.set(captures.len() as u32);
        let text = text.raw();
        let receiver = slot(self.self_slot);
        if self.block.is_none() && block.returns {
            let activation = slot(self.info.home_slot.get().into());
            self.builder.emit_homeblock(text, receiver, activation, slot(dst));
        } else {
            self.builder.emit_block(text, receiver, slot(dst));
        }
        for (index, capture) in captures.iter().enumerate() {
            let saved = self.top;
            let from = match capture.source {
                Source::Slot(at) => at.into(),
                Source::Captured(outer) => {
                    let copy = self.reserve(1);
                    self.builder.emit_getcaptured(outer, slot(copy));
                    copy
                }
            };
            self.builder.emit_capture(slot(dst), index as u16, slot(from));
            self.set_top(saved);
        }
        Ok(())
    }

    fn definition(&self) -> u32 {
        // SAFETY: methods live for ever.
        unsafe { self.info.method.get(self.vm) }.definition.get()
    }

    /// true or false into a slot.
    pub fn load_boolean(&mut self, dst: u32, value: bool) {
        self.load(dst, if value { TRUE } else { FALSE });
    }
}

/// Whether evaluating an expression may assign a variable.
fn assigns(expr: &Expr, variable: VariableId) -> bool {
    match expr {
        Expr::Assign(target, value) => {
            matches!(**target, Expr::Variable(assigned) if assigned == variable) || assigns(value, variable)
        }
        Expr::Send(send) => {
            assigns(&send.receiver, variable) || send.arguments.iter().any(|argument| assigns(argument, variable))
        }
        Expr::Block(block) => block.free.contains(&(variable, true)),
        Expr::Return(value) => assigns(value, variable),
        _ => false,
    }
}
