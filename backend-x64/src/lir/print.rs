//! The text form.

use super::function::{BlockCall, Function, Inst, Terminator};
use super::op::{Addr, Base, CallTarget, JumpTarget, Op, Pinned};
use crate::encoder::Disp;
use std::fmt;

impl fmt::Display for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pinned::Pc => f.write_str("pc"),
            Pinned::Base => f.write_str("base"),
            Pinned::Vm => f.write_str("vm"),
            Pinned::Tag(n) => write!(f, "tag{n}"),
            Pinned::Cached(n) => write!(f, "cached{n}"),
        }
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match &self.base {
            Base::None => {}
            Base::Value(value) => parts.push(value.to_string()),
            Base::Pinned(pinned) => parts.push(pinned.to_string()),
            Base::Symbol(symbol) => parts.push(symbol.to_string()),
        }
        if let Some((index, scale)) = self.index {
            parts.push(format!("{index}*{}", scale.factor()));
        }
        write!(f, "[{}", parts.join("+"))?;
        match self.disp {
            Disp::Value(0) if !parts.is_empty() => {}
            Disp::Value(disp) if parts.is_empty() => write!(f, "{disp}")?,
            Disp::Value(disp) => write!(f, "{disp:+}")?,
            Disp::Hole(hole) => write!(f, "+{hole}")?,
        }
        f.write_str("]")
    }
}

/// Values separated by commas.
struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for CallTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallTarget::Memory(addr) => addr.fmt(f),
            CallTarget::Value(value) => value.fmt(f),
            CallTarget::Symbol(symbol) => symbol.fmt(f),
        }
    }
}

impl fmt::Display for JumpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JumpTarget::Memory(addr) => addr.fmt(f),
            JumpTarget::Value(value) => value.fmt(f),
            JumpTarget::Symbol(symbol) => symbol.fmt(f),
            JumpTarget::Hole(hole) => hole.fmt(f),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Const32(number) => write!(f, "const32 {}", *number as i32),
            Op::Const64(number) => write!(f, "const64 {number:#x}"),
            Op::ConstF64(bits) => write!(f, "const_f64 {:?}", f64::from_bits(*bits)),
            Op::ConstHole(ty, hole) => write!(f, "const_hole.{} {hole}", ty.name()),
            Op::GetPinned(pinned) => write!(f, "get {pinned}"),
            Op::SetPinned(pinned, value) => write!(f, "set {pinned}, {value}"),
            Op::Unary(op, value) => write!(f, "{} {value}", op.name()),
            Op::Binary(op, lhs, rhs) => write!(f, "{} {lhs}, {rhs}", op.name()),
            Op::FloatUnary(op, value) => write!(f, "{} {value}", op.name()),
            Op::FloatBinary(op, lhs, rhs) => write!(f, "{} {lhs}, {rhs}", op.name()),
            Op::IntCompare(cond, lhs, rhs) => write!(f, "{} {lhs}, {rhs}", cond.name()),
            Op::FloatCompare(cond, lhs, rhs) => write!(f, "{} {lhs}, {rhs}", cond.name()),
            Op::Select(cond, then, other) => write!(f, "select {cond}, {then}, {other}"),
            Op::AddressOf(addr) => write!(f, "address {addr}"),
            Op::Load { mem, addr, invariant } => {
                write!(
                    f,
                    "load{}.{} {addr}",
                    if *invariant { "_invariant" } else { "" },
                    mem.name()
                )
            }
            Op::Store { mem, addr, value } => write!(f, "store.{} {addr}, {value}", mem.name()),
            Op::Call { target, args, .. } => write!(f, "call {target}({})", List(args)),
            Op::EnterNative => f.write_str("enter_native"),
            Op::Breakpoint => f.write_str("breakpoint"),
        }
    }
}

impl fmt::Display for BlockCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.block.fmt(f)?;
        if !self.args.is_empty() {
            write!(f, "({})", List(&self.args))?;
        }
        Ok(())
    }
}

impl fmt::Display for Terminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Terminator::Jump(call) => write!(f, "jump {call}"),
            Terminator::Branch { cond, then, other } => write!(f, "branch {cond}, {then}, {other}"),
            Terminator::CountDown { counter, empty, other } => write!(f, "count_down {counter}, {empty}, {other}"),
            Terminator::Switch { value, cases, default } => {
                write!(f, "switch {value}")?;
                for (number, call) in cases {
                    write!(f, ", {number}: {call}")?;
                }
                write!(f, ", else: {default}")
            }
            Terminator::TailJump { target, args } => {
                write!(f, "tail_jump {target}")?;
                let args: Vec<String> = args.iter().map(|(role, value)| format!("{role}: {value}")).collect();
                if args.is_empty() {
                    Ok(())
                } else {
                    write!(f, "({})", List(&args))
                }
            }
            Terminator::ReturnNative(None) => f.write_str("return_native"),
            Terminator::ReturnNative(Some(value)) => write!(f, "return_native {value}"),
            Terminator::Trap => f.write_str("trap"),
        }
    }
}

impl Inst {
    fn print(&self, function: &Function, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results: Vec<String> = self
            .results
            .iter()
            .map(|value| format!("{value}: {}", function.value_type(*value).name()))
            .collect();
        write!(f, "    ")?;
        if !results.is_empty() {
            write!(f, "{} = ", List(&results))?;
        }
        write!(f, "{}", self.op)?;
        print_comment(&self.comment, f)
    }
}

fn print_comment(comment: &Option<String>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match comment {
        Some(comment) => writeln!(f, "  ; {comment}"),
        None => writeln!(f),
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "function {} {{", self.name)?;
        for (id, block) in self.blocks() {
            let params = block.params.iter().enumerate().map(|(index, value)| {
                let ty = self.value_type(*value).name();
                match self.roles.get(index).filter(|_| id == super::BlockId::ENTRY) {
                    Some(role) => format!("{value}: {ty} in {role}"),
                    None => format!("{value}: {ty}"),
                }
            });
            let params: Vec<String> = params.collect();
            write!(f, "{id}")?;
            if !params.is_empty() {
                write!(f, "({})", List(&params))?;
            }
            writeln!(f, "{}:", if block.cold { " cold" } else { "" })?;
            for inst in &block.insts {
                inst.print(self, f)?;
            }
            if let Some(terminator) = &block.terminator {
                write!(f, "    {terminator}")?;
                print_comment(&block.terminator_comment, f)?;
            }
        }
        writeln!(f, "}}")
    }
}
