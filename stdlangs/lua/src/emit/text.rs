//! The text form of instructions.

use std::fmt::{self, Display, Write};

use super::inst::{Arith, Const, Dest, Inst, List, Operand, Run, Slot};
use super::instructions::Instructions;
use super::tables::constant_keys;
use crate::syntax::ast::{Chunk, StrId};

/// Writes one instruction to a line, with its number in front; branch targets are numbers too.
///
/// Slots are `r0`, runs of them `r0..r2` (inclusive, `r0..` if open), functions `fn 1`. What an instruction writes
/// stands before `=`.
pub fn disassemble(code: &Instructions, chunk: &Chunk) -> String {
    let mut text = String::new();
    for (index, inst) in code.insts.iter().enumerate() {
        let line = Line { inst, code, chunk };
        writeln!(text, "{index:>3} {line}").expect("a string takes everything");
    }
    text
}

struct Line<'a> {
    inst: &'a Inst,
    code: &'a Instructions,
    chunk: &'a Chunk,
}

impl Line<'_> {
    fn name(&self, id: StrId) -> impl Display {
        self.chunk[id].escape_ascii()
    }

    fn constant(&self, k: Const) -> String {
        match k {
            Const::Nil => "nil".to_owned(),
            Const::False => "false".to_owned(),
            Const::True => "true".to_owned(),
            Const::Number(number) => number.to_string(),
            Const::String(id) => format!("\"{}\"", self.name(id)),
        }
    }

    fn operand(&self, operand: Operand) -> String {
        match operand {
            Operand::Slot(slot) => slot.to_string(),
            Operand::Const(k) => self.constant(k),
        }
    }

    /// ` -> 12`
    fn branch(&self) -> String {
        let target = self.inst.target().map(|label| self.code.position(label));
        target.map_or_else(String::new, |index| format!(" -> {index}"))
    }
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let branch = self.branch();
        match *self.inst {
            Inst::Move { x, dst } => write!(f, "MOVE {dst} = {x}"),
            Inst::LoadK { k, dst } => write!(f, "LOADK {dst} = {}", self.constant(k)),
            Inst::LoadNil { dst } => write!(f, "LOADNIL {dst} ="),
            Inst::GetUpval { i, dst } => write!(f, "GETUPVAL {dst} = ^{i}"),
            Inst::SetUpval { i, x } => write!(f, "SETUPVAL ^{i} = {}", self.operand(x)),
            Inst::Closure { function, dst } => write!(f, "CLOSURE {dst} = fn {}", function.index()),
            Inst::Close { from } => write!(f, "CLOSE {from}.."),
            Inst::GetGlobal { name, dst } => write!(f, "GETGLOBAL {dst} = {}", self.name(name)),
            Inst::SetGlobal { name, x } => write!(f, "SETGLOBAL {} = {}", self.name(name), self.operand(x)),
            Inst::GetField { object, name, dst } => write!(f, "GETFIELD {dst} = {object}.{}", self.name(name)),
            Inst::SetField { object, name, x } => {
                write!(f, "SETFIELD {object}.{} = {}", self.name(name), self.operand(x))
            }
            Inst::SelfField {
                object,
                name,
                receiver,
                dst,
            } => {
                write!(f, "SELF {dst}, {receiver} = {object}:{}", self.name(name))
            }
            Inst::GetIndex { object, key, dst } => write!(f, "GETINDEX {dst} = {object}[{key}]"),
            Inst::SetIndex { object, key, x } => write!(f, "SETINDEX {object}[{key}] = {}", self.operand(x)),
            Inst::GetElem { object, i, dst } => write!(f, "GETELEM {dst} = {object}[{i}]"),
            Inst::SetElem { object, i, x } => write!(f, "SETELEM {object}[{i}] = {}", self.operand(x)),
            Inst::NewTable { array, hash, dst } => write!(f, "NEWTABLE {dst} = {array}, {hash}"),
            Inst::NewObject { fields, values, dst } => {
                let names = constant_keys(self.chunk, fields).map(|name| self.name(name).to_string());
                write!(
                    f,
                    "NEWOBJECT {dst} = {values}: {}",
                    names.collect::<Vec<_>>().join(", ")
                )
            }
            Inst::SetList { object, values, first } => write!(f, "SETLIST {object}[{first}..] = {values}"),
            Inst::Arith { op, lhs, rhs, dst } => {
                write!(
                    f,
                    "{} {dst} = {}, {}",
                    mnemonic(op),
                    self.operand(lhs),
                    self.operand(rhs)
                )
            }
            Inst::Unm { x, dst } => write!(f, "UNM {dst} = {x}"),
            Inst::Not { x, dst } => write!(f, "NOT {dst} = {x}"),
            Inst::Len { x, dst } => write!(f, "LEN {dst} = {x}"),
            Inst::Concat { values, dst } => write!(f, "CONCAT {dst} = {values}"),
            Inst::Jump { .. } => write!(f, "JUMP{branch}"),
            Inst::Test { x, sense, .. } => write!(f, "{} {x}{branch}", either(sense, "JTRUE", "JFALSE")),
            Inst::Equal { lhs, rhs, sense, .. } => {
                write!(
                    f,
                    "{} {lhs}, {}{branch}",
                    either(sense, "JEQ", "JNE"),
                    self.operand(rhs)
                )
            }
            Inst::EqualConst { x, k, sense, .. } => {
                write!(f, "{} {x}, {}{branch}", either(sense, "JEQK", "JNEK"), self.constant(k))
            }
            Inst::Less { lhs, rhs, sense, .. } => {
                let (lhs, rhs) = (self.operand(lhs), self.operand(rhs));
                write!(f, "{} {lhs}, {rhs}{branch}", either(sense, "JLT", "JNLT"))
            }
            Inst::LessEqual { lhs, rhs, sense, .. } => {
                let (lhs, rhs) = (self.operand(lhs), self.operand(rhs));
                write!(f, "{} {lhs}, {rhs}{branch}", either(sense, "JLE", "JNLE"))
            }
            Inst::ForPrep { control, .. } => write!(f, "FORPREP {control}{branch}"),
            Inst::ForLoop {
                control,
                known_positive,
                ..
            } => {
                write!(
                    f,
                    "{} {control}{branch}",
                    either(known_positive, "FORLOOPUP", "FORLOOP")
                )
            }
            Inst::ForCall { iterator, dst } => write!(f, "FORCALL {dst} = {iterator}"),
            Inst::ArgTable { dst } => write!(f, "ARGTABLE {dst} ="),
            Inst::ForStep {
                iterator, variables, ..
            } => write!(f, "FORSTEP {iterator}, {variables}{branch}"),
            Inst::ForNext { iterator, variable, .. } => write!(f, "FORNEXT {iterator}, {variable}{branch}"),
            Inst::Call { f: callee, args, dst } => write!(f, "CALL {dst} = {callee}({args})"),
            Inst::TailCall { f: callee, args } => write!(f, "TAILCALL {callee}({args})"),
            Inst::Return { values } => write!(f, "RETURN {values}"),
            Inst::Return1 { x } => write!(f, "RETURN1 {}", self.operand(x)),
            Inst::Return0 => f.write_str("RETURN0"),
            Inst::Vararg { dst } => write!(f, "VARARG {dst} ="),
        }
    }
}

fn either(sense: bool, yes: &'static str, no: &'static str) -> &'static str {
    if sense { yes } else { no }
}

fn mnemonic(op: Arith) -> &'static str {
    match op {
        Arith::Add => "ADD",
        Arith::Sub => "SUB",
        Arith::Mul => "MUL",
        Arith::Div => "DIV",
        Arith::Mod => "MOD",
        Arith::Pow => "POW",
    }
}

impl Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

impl Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.start.0;
        match self.count {
            0 => Ok(()),
            1 => write!(f, "r{first}"),
            count => write!(f, "r{first}..r{}", first + count - 1),
        }
    }
}

impl Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => write!(f, "{run}"),
            Self::Open(start) => write!(f, "{start}.."),
        }
    }
}

impl Display for Dest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot(slot) => write!(f, "{slot}"),
            Self::Run(run) if run.count == 0 => f.write_str("_"),
            Self::Run(run) => write!(f, "{run}"),
            Self::Open(start) => write!(f, "{start}.."),
        }
    }
}
