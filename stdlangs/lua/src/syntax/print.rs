//! The text form of a syntax tree.

use std::fmt::{self, Write};

use super::ast::{
    Block, Chunk, Expr, ExprId, Field, FunctionId, Local, LocalId, Stat, StatKind, StrId, UpvalueSource, Vararg,
};

/// Writes a chunk as s-expressions, one statement of the main function to a line.
///
/// A local variable is `name.number`, with `/` and `c` (captured), `a` (assigned after its declaration) where it is
/// declared; an upvalue is `^number`, a global its bare name. A function begins with its upvalues as `^number=source`.
pub fn print(chunk: &Chunk) -> String {
    let mut printer = Printer {
        chunk,
        function: Chunk::MAIN,
        out: String::new(),
    };
    for stat in &chunk[Chunk::MAIN].body.stats {
        printer.stat(stat).expect("a string takes everything");
        printer.out.push('\n');
    }
    printer.out
}

struct Printer<'a> {
    chunk: &'a Chunk,
    function: FunctionId,
    out: String,
}

/// What remains to be written of an expression.
enum Rest {
    Text(&'static str),
    Expr(ExprId),
    Name(StrId),
}

impl Printer<'_> {
    fn block(&mut self, block: &Block) -> fmt::Result {
        self.out.write_str("(block")?;
        for stat in &block.stats {
            self.out.write_str(" ")?;
            self.stat(stat)?;
        }
        self.out.write_str(")")
    }

    fn stat(&mut self, stat: &Stat) -> fmt::Result {
        match &stat.kind {
            StatKind::Local { locals, values } => {
                self.out.write_str("(local (")?;
                self.declarations(locals.start, locals.end.index() - locals.start.index())?;
                self.out.write_str(")")?;
                self.exprs(values)?;
            }
            StatKind::LocalFunction { local, function } => {
                self.out.write_str("(local-function ")?;
                self.declarations(*local, 1)?;
                self.exprs(&[*function])?;
            }
            StatKind::Assign { targets, values } => {
                self.out.write_str("(assign")?;
                self.exprs(targets)?;
                self.out.write_str(" =")?;
                self.exprs(values)?;
            }
            StatKind::Function { target, function } => {
                self.out.write_str("(function")?;
                self.exprs(&[*target, *function])?;
            }
            StatKind::Call(call) => return self.expr(*call),
            StatKind::Do(body) => {
                self.out.write_str("(do ")?;
                self.block(body)?;
            }
            StatKind::While { condition, body } => {
                self.out.write_str("(while ")?;
                self.expr(*condition)?;
                self.out.write_str(" ")?;
                self.block(body)?;
            }
            StatKind::Repeat { body, condition } => {
                self.out.write_str("(repeat ")?;
                self.block(body)?;
                self.exprs(&[*condition])?;
            }
            StatKind::If { arms, otherwise } => {
                self.out.write_str("(if")?;
                for (condition, body) in arms {
                    self.exprs(&[*condition])?;
                    self.out.write_str(" ")?;
                    self.block(body)?;
                }
                if let Some(body) = otherwise {
                    self.out.write_str(" else ")?;
                    self.block(body)?;
                }
            }
            StatKind::NumericFor {
                hidden,
                start,
                limit,
                step,
                body,
                ..
            } => {
                self.out.write_str("(for ")?;
                self.declarations(*hidden, 4)?;
                self.out.write_str(" =")?;
                self.exprs(&[*start, *limit])?;
                self.exprs(step.as_slice())?;
                self.out.write_str(" ")?;
                self.block(body)?;
            }
            StatKind::GenericFor {
                hidden,
                variables,
                values,
                body,
                ..
            } => {
                self.out.write_str("(for ")?;
                self.declarations(*hidden, 3 + variables)?;
                self.out.write_str(" in")?;
                self.exprs(values)?;
                self.out.write_str(" ")?;
                self.block(body)?;
            }
            StatKind::Return(values) => {
                self.out.write_str("(return")?;
                self.exprs(values)?;
            }
            StatKind::Break => self.out.write_str("(break")?,
            StatKind::Goto(id) => {
                let label = self.chunk[self.function].gotos[id.index()];
                write!(self.out, "(goto {}", label.index())?;
            }
            StatKind::Label(label) => write!(self.out, "(label {}", label.index())?,
        }
        self.out.write_str(")")
    }

    /// `count` locals where they are declared, separated by spaces.
    fn declarations(&mut self, first: LocalId, count: usize) -> fmt::Result {
        for distance in 0..count {
            let id = first.after(distance);
            self.out.write_str(if distance > 0 { " " } else { "" })?;
            self.local(id)?;
            let &Local { captured, assigned, .. } = &self.chunk[self.function].locals[id.index()];
            self.out.write_str(match (captured, assigned) {
                (false, false) => "",
                (false, true) => "/a",
                (true, false) => "/c",
                (true, true) => "/ca",
            })?;
        }
        Ok(())
    }

    fn local(&mut self, id: LocalId) -> fmt::Result {
        let name = self.chunk[self.function].locals[id.index()].name;
        self.name(name)?;
        write!(self.out, ".{}", id.index())
    }

    /// Expressions, each after a space.
    fn exprs(&mut self, exprs: &[ExprId]) -> fmt::Result {
        for &expr in exprs {
            self.out.write_str(" ")?;
            self.expr(expr)?;
        }
        Ok(())
    }

    fn expr(&mut self, expr: ExprId) -> fmt::Result {
        // A stack of its own: operators and calls chain without limit.
        let mut rest = vec![Rest::Expr(expr)];
        while let Some(item) = rest.pop() {
            match item {
                Rest::Text(text) => self.out.write_str(text)?,
                Rest::Name(name) => self.name(name)?,
                Rest::Expr(expr) => self.expr_start(expr, &mut rest)?,
            }
        }
        Ok(())
    }

    /// Writes the start of an expression and leaves the rest on the stack.
    fn expr_start(&mut self, expr: ExprId, rest: &mut Vec<Rest>) -> fmt::Result {
        let mut parts = Vec::new();
        match &self.chunk[expr] {
            Expr::Nil => self.out.write_str("nil")?,
            Expr::True => self.out.write_str("true")?,
            Expr::False => self.out.write_str("false")?,
            Expr::Vararg => self.out.write_str("...")?,
            Expr::Number(number) => write!(self.out, "{number}")?,
            Expr::String(id) => write!(self.out, "\"{}\"", self.chunk[*id].escape_ascii())?,
            Expr::Global(name) => self.name(*name)?,
            Expr::Local(id) => self.local(*id)?,
            Expr::Upvalue(id) => write!(self.out, "^{}", id.index())?,
            Expr::Function(id) => self.function(*id)?,
            Expr::Index { object, key } => {
                self.out.write_str("(index")?;
                parts.extend([*object, *key].map(Rest::Expr));
            }
            Expr::Call { callee, args } => {
                self.out.write_str("(call")?;
                parts.push(Rest::Expr(*callee));
                parts.extend(args.iter().copied().map(Rest::Expr));
            }
            Expr::MethodCall { object, name, args } => {
                self.out.write_str("(method-call")?;
                parts.extend([Rest::Expr(*object), Rest::Name(*name)]);
                parts.extend(args.iter().copied().map(Rest::Expr));
            }
            Expr::Paren(inner) => {
                self.out.write_str("(paren")?;
                parts.push(Rest::Expr(*inner));
            }
            Expr::Unary { op, operand } => {
                write!(self.out, "({}", op.text())?;
                parts.push(Rest::Expr(*operand));
            }
            Expr::Binary { op, lhs, rhs } => {
                write!(self.out, "({}", op.text())?;
                parts.extend([*lhs, *rhs].map(Rest::Expr));
            }
            Expr::Table(fields) => {
                self.out.write_str("(table")?;
                for field in fields {
                    match *field {
                        Field::Item(value) => parts.push(Rest::Expr(value)),
                        Field::Keyed { key, value, .. } => {
                            parts.extend([Rest::Expr(key), Rest::Text("="), Rest::Expr(value)]);
                        }
                    }
                }
                if fields.is_empty() {
                    self.out.write_str(")")?;
                }
            }
        }
        if !parts.is_empty() {
            rest.push(Rest::Text(")"));
            for part in parts.into_iter().rev() {
                rest.extend([part, Rest::Text(" ")]);
            }
        }
        Ok(())
    }

    fn function(&mut self, id: FunctionId) -> fmt::Result {
        let chunk = self.chunk;
        let function = &chunk[id];
        self.out.write_str("(fn")?;
        for (index, upvalue) in function.upvalues.iter().enumerate() {
            write!(self.out, " ^{index}=")?;
            match upvalue.source {
                UpvalueSource::Local(local) => self.local(local)?,
                UpvalueSource::Upvalue(upvalue) => write!(self.out, "^{}", upvalue.index())?,
            }
        }
        let outer = std::mem::replace(&mut self.function, id);
        self.out.write_str(" (")?;
        self.declarations(LocalId::from_index(0), function.parameters)?;
        self.out.write_str(match function.vararg {
            Vararg::No | Vararg::Main => "",
            Vararg::Dots => " ...",
            Vararg::ArgTable => " arg",
        })?;
        self.out.write_str(") ")?;
        self.block(&function.body)?;
        self.function = outer;
        self.out.write_str(")")
    }

    fn name(&mut self, id: StrId) -> fmt::Result {
        write!(self.out, "{}", self.chunk[id].escape_ascii())
    }
}
