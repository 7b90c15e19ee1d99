//! From text to bytecode, in one pass.

use dg_runtime::{Code, CodeInfo, NewCode, Operand, Ref, Run, Slot, Throw, Value, Vm};

use crate::generated::{Boxed, Builder, MAX_SLOTS, false_, nil, true_};
use crate::semantics::{global, shape};

/// The words and parentheses of a program, each with its line.
pub fn tokens(source: &str) -> Vec<(String, u32)> {
    let spaced = source.replace('(', " ( ").replace(')', " ) ");
    let lines = (1..).zip(spaced.lines());
    lines
        .flat_map(|(line, text)| text.split_whitespace().map(move |word| (word.to_string(), line)))
        .collect()
}

/// A function in the making.
pub struct Emitter<'v> {
    vm: &'v Vm,
    tokens: &'v [(String, u32)],
    at: usize,
    builder: Builder,
    locals: Vec<(&'v str, Slot)>,
    top: u16,
    most: u16,
    info: CodeInfo,
}

impl<'v> Emitter<'v> {
    pub fn new(vm: &'v Vm, tokens: &'v [(String, u32)], at: usize) -> Self {
        Emitter {
            vm,
            tokens,
            at,
            builder: Builder::new(),
            locals: Vec::new(),
            top: 0,
            most: 0,
            info: CodeInfo::default(),
        }
    }

    /// The code of one expression, or of `NAME PARAMETER ..) EXPRESSION .. )`; and the token behind it.
    pub fn function(mut self, is_defined: bool) -> Result<(Ref<'v, Code>, usize), Throw> {
        if is_defined {
            self.info.name = self.next()?.to_string();
            while self.is_more() {
                let (parameter, slot) = (self.next()?, self.reserve(1)?);
                self.locals.push((parameter, slot));
            }
        }
        let params = self.locals.len() as u32;
        let answer = self.reserve(1)?;
        self.expression(answer)?;
        if is_defined {
            self.body(answer)?;
            self.at += 1;
        }
        self.builder.emit_return(answer);
        self.info.bytecode = self
            .builder
            .finish()
            .map_err(|error| self.vm.error(error.to_string()))?;
        let code = NewCode {
            params,
            vararg: false,
            frame_size: self.most.into(),
            info: self.info,
        };
        Ok((self.vm.new_code(code)?, self.at))
    }

    fn next(&mut self) -> Result<&'v str, Throw> {
        let (word, line) = self
            .tokens
            .get(self.at)
            .ok_or_else(|| self.vm.error("a parenthesis is not closed"))?;
        self.info.lines.push(self.builder.here().0, *line);
        self.at += 1;
        Ok(word)
    }

    fn peek(&self) -> &'v str {
        self.tokens.get(self.at).map_or("", |(word, _)| word)
    }

    /// Whether something stands before the next closing parenthesis, which is passed.
    fn is_more(&mut self) -> bool {
        let is_end = self.peek() == ")";
        self.at += usize::from(is_end);
        !is_end
    }

    fn reserve(&mut self, count: u16) -> Result<Slot, Throw> {
        self.top += count;
        self.most = self.most.max(self.top);
        match u32::from(self.top) <= MAX_SLOTS {
            true => Ok(Slot(self.top - count)),
            false => Err(self.vm.error("a function needs too many slots")),
        }
    }

    fn local(&self, name: &str) -> Option<Slot> {
        self.locals
            .iter()
            .rev()
            .find(|(local, _)| *local == name)
            .map(|(_, slot)| *slot)
    }

    /// The slot of a variable, or a new one with the value of any other expression.
    fn slot(&mut self) -> Result<Slot, Throw> {
        if let Some(slot) = self.local(self.peek()) {
            self.at += 1;
            return Ok(slot);
        }
        let slot = self.reserve(1)?;
        self.expression(slot)?;
        Ok(slot)
    }

    fn operand(&mut self) -> Result<Operand, Throw> {
        match number(self.peek()) {
            Some(number) => self.next().map(|_| Operand::Const(number.raw())),
            None => self.slot().map(Operand::Slot),
        }
    }

    /// dst = the value of the next expression
    fn expression(&mut self, dst: Slot) -> Result<(), Throw> {
        let (top, locals) = (self.top, self.locals.len());
        match self.next()? {
            "(" => self.list(dst)?,
            name => self.name(name, dst)?,
        }
        self.top = top;
        self.locals.truncate(locals);
        Ok(())
    }

    fn name(&mut self, name: &str, dst: Slot) -> Result<(), Throw> {
        let constant = match name {
            "nil" => Some(nil()),
            "true" => Some(true_()),
            "false" => Some(false_()),
            _ => number(name),
        };
        match (constant, self.local(name)) {
            (Some(constant), _) => self.builder.emit_move(Operand::Const(constant.raw()), dst),
            (None, Some(slot)) => self.builder.emit_move(Operand::Slot(slot), dst),
            (None, None) => self.builder.emit_getglobal(global(self.vm, name)?.raw(), dst),
        };
        Ok(())
    }

    /// dst = the value of what stands behind an opening parenthesis
    fn list(&mut self, dst: Slot) -> Result<(), Throw> {
        match self.next()? {
            word @ ("+" | "-" | "*" | "<") => {
                let (lhs, rhs) = (self.slot()?, self.operand()?);
                match word {
                    "+" => self.builder.emit_add(lhs, rhs, dst),
                    "-" => self.builder.emit_sub(lhs, rhs, dst),
                    "*" => self.builder.emit_mul(lhs, rhs, dst),
                    _ => self.builder.emit_less(lhs, rhs, dst),
                };
            }
            "let" => {
                let (name, slot) = (self.next()?, self.reserve(1)?);
                self.expression(slot)?;
                self.locals.push((name, slot));
                self.body(dst)?;
            }
            "set" => {
                let name = self.next()?;
                let slot = self
                    .local(name)
                    .ok_or_else(|| self.vm.error(format!("there is no variable {name}")))?;
                self.expression(slot)?;
            }
            "if" => {
                let (other, end) = (self.builder.label(), self.builder.label());
                let condition = self.slot()?;
                self.builder.emit_jfalse(condition, other);
                self.expression(dst)?;
                self.builder.emit_jump(end);
                self.builder.bind(other);
                self.expression(dst)?;
                self.builder.bind(end);
            }
            "while" => {
                let (again, end) = (self.builder.label(), self.builder.label());
                self.builder.bind(again);
                let condition = self.slot()?;
                self.builder.emit_jfalse(condition, end);
                self.body(dst)?;
                self.builder.emit_jump(again);
                self.builder.bind(end);
            }
            "get" => {
                let (record, field) = (self.slot()?, self.vm.str(self.next()?.as_bytes())?);
                self.builder.emit_getfield(record, field.boxed().raw(), dst);
            }
            "put" => {
                let (record, field) = (self.slot()?, self.vm.str(self.next()?.as_bytes())?);
                let value = self.slot()?;
                self.builder.emit_setfield(record, field.boxed().raw(), value);
            }
            "record" => {
                let (start, mut names) = (Slot(self.top), Vec::new());
                while self.peek() != ")" {
                    names.push(self.next()?.to_string());
                    self.argument()?;
                }
                let fields = Run {
                    start,
                    count: names.len() as u16,
                };
                self.builder.emit_record(shape(self.vm, names), fields, dst);
            }
            // A call leaves room for the header of the new frame below its arguments.
            name => {
                let f = self.reserve(4)?;
                self.name(name, f)?;
                let start = Slot(self.top);
                while self.peek() != ")" {
                    self.argument()?;
                }
                self.builder.emit_call(
                    f,
                    Run {
                        start,
                        count: self.top - start.0,
                    },
                    dst,
                );
            }
        }
        match self.is_more() {
            true => Err(self.vm.error("there are too many arguments")),
            false => Ok(()),
        }
    }

    /// Expressions up to the closing parenthesis: the value of the last one is that of all.
    fn body(&mut self, dst: Slot) -> Result<(), Throw> {
        while self.peek() != ")" {
            self.expression(dst)?;
        }
        Ok(())
    }

    fn argument(&mut self) -> Result<(), Throw> {
        let slot = self.reserve(1)?;
        self.expression(slot)
    }
}

fn number(word: &str) -> Option<Value<'static>> {
    match (word.parse::<i32>(), word.parse::<f64>()) {
        (Ok(integer), _) => Some(integer.boxed()),
        (_, Ok(double)) if !word.starts_with(char::is_alphabetic) => Some(double.boxed()),
        _ => None,
    }
}
