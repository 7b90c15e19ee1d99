//! Prints a syntax tree as `.dg` text that parses to the same tree.

use std::fmt::Write;

use crate::ast::{
    Arm, BinaryOp, Block, BytecodeBody, BytecodeCode, Expr, ExprKind, FunctionForm, Item, Name, ObjectForm,
    OperandKindExpr, OptionValue, Param, Pattern, Spec, StatementKind, TypeExpr, TypeKind, UnaryOp,
};

/// `spec` as text; comments that are no documentation are gone, every operation is in parentheses.
pub fn print(spec: &Spec) -> String {
    let mut printer = Printer {
        out: String::new(),
        indent: 0,
    };
    for line in &spec.docs {
        printer.line(format!("//! {line}").trim_end());
    }
    for item in &spec.items {
        printer.out.push('\n');
        printer.item(item);
    }
    printer.out
}

struct Printer {
    out: String,
    indent: usize,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:width$}{text}", "", width = self.indent * 4);
    }

    fn docs(&mut self, docs: &[String]) {
        for line in docs {
            self.line(format!("/// {line}").trim_end());
        }
    }

    /// `head {`, the indented lines, `}`
    fn braces(&mut self, head: &str, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("{head} {{"));
        self.indent += 1;
        inside(self);
        self.indent -= 1;
        self.line("}");
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Language(language) => {
                self.docs(&language.docs);
                self.braces(&format!("language {}", language.name.text), |p| {
                    for option in &language.options {
                        p.docs(&option.docs);
                        let values = list(&option.values, |value| match value {
                            OptionValue::Name(name) => name.text.to_string(),
                            OptionValue::Int(number, _) => number.to_string(),
                        });
                        p.line(&format!("{} {values};", option.name.text));
                    }
                });
            }
            Item::Value(value) => {
                self.docs(&value.docs);
                self.braces("value", |p| {
                    for leaf in &value.leaves {
                        p.docs(&leaf.docs);
                        let object = leaf
                            .object
                            .as_ref()
                            .map(|name| format!(" {}", name.text))
                            .unwrap_or_default();
                        p.line(&format!("{} = {}{object};", leaf.name.text, leaf.encoding.text));
                    }
                    for group in &value.groups {
                        p.docs(&group.docs);
                        let members: Vec<&str> = group.members.iter().map(Name::as_str).collect();
                        p.line(&format!("group {} = {};", group.name.text, members.join(" | ")));
                    }
                });
            }
            Item::Object(object) => {
                self.docs(&object.docs);
                let keyword = match object.form {
                    ObjectForm::Object => "object",
                    ObjectForm::Struct => "struct",
                };
                self.braces(&format!("{keyword} {}", object.name.text), |p| {
                    for field in &object.fields {
                        p.docs(&field.docs);
                        p.line(&format!("{}: {};", field.name.text, type_expr(&field.ty)));
                    }
                });
            }
            Item::Enum(decl) => {
                self.docs(&decl.docs);
                self.braces(&format!("enum {}", decl.name.text), |p| {
                    for case in &decl.cases {
                        p.docs(&case.docs);
                        p.line(&format!("{},", case.name.text));
                    }
                });
            }
            Item::Plan(decl) => {
                self.docs(&decl.docs);
                self.braces(&format!("plan {}", decl.name.text), |p| {
                    for case in &decl.cases {
                        p.docs(&case.docs);
                        let payload = match case.payload.is_empty() {
                            true => String::new(),
                            false => format!("({})", list(&case.payload, type_expr)),
                        };
                        let fallback = if case.is_fallback { "else " } else { "" };
                        p.line(&format!("{fallback}{}{payload},", case.name.text));
                    }
                });
            }
            Item::Extern(decl) => {
                self.docs(&decl.docs);
                let mut text = format!("extern fn {}({})", decl.name.text, params(&decl.params));
                text.push_str(&result_type(decl.result.as_ref()));
                for effect in &decl.effects {
                    let _ = write!(text, " {}", effect.name.text);
                    if let Some(event) = &effect.until {
                        let _ = write!(text, " until {}", event.text);
                    }
                }
                self.line(&format!("{text};"));
            }
            Item::Function(decl) => {
                self.docs(&decl.docs);
                let form = match decl.form {
                    FunctionForm::Inline => "",
                    FunctionForm::Cold => "cold ",
                    FunctionForm::Native => "native ",
                };
                let result = result_type(decl.result.as_ref());
                let head = format!("{form}fn {}({}){result}", decl.name.text, params(&decl.params));
                self.braces(&head, |p| p.block_lines(&decl.body));
            }
            Item::Template(decl) => {
                self.docs(&decl.docs);
                let names: Vec<&str> = decl.params.iter().map(Name::as_str).collect();
                self.code(
                    &format!("template {}({})", decl.name.text, names.join(", ")),
                    &decl.code,
                );
            }
            Item::Bytecode(decl) => {
                self.docs(&decl.docs);
                match &decl.body {
                    BytecodeBody::Code(code) => self.code(&format!("bytecode {}", decl.name.text), code),
                    BytecodeBody::Template { template, args, .. } => {
                        let args = list(args, |arg| self.expr(arg));
                        self.line(&format!("bytecode {} = {}({args});", decl.name.text, template.text));
                    }
                }
            }
        }
    }

    fn code(&mut self, head: &str, code: &BytecodeCode) {
        let documented = code.operands.iter().any(|operand| !operand.docs.is_empty());
        let kinds = |kinds: &[OperandKindExpr]| -> String {
            let kinds: Vec<String> = kinds.iter().map(operand_kind).collect();
            kinds.join(" | ")
        };
        let result = match code.result.is_empty() {
            true => String::new(),
            false => format!(" -> {}", kinds(&code.result)),
        };
        if documented {
            self.line(&format!("{head}("));
            self.indent += 1;
            for operand in &code.operands {
                self.docs(&operand.docs);
                self.line(&format!("{}: {},", operand.name.text, kinds(&operand.kinds)));
            }
            self.indent -= 1;
            self.braces(&format!("){result}"), |p| p.block_lines(&code.body));
        } else {
            let operands = list(&code.operands, |operand| {
                format!("{}: {}", operand.name.text, kinds(&operand.kinds))
            });
            self.braces(&format!("{head}({operands}){result}"), |p| p.block_lines(&code.body));
        }
    }

    fn block_lines(&mut self, block: &Block) {
        for statement in &block.statements {
            let text = match &statement.kind {
                StatementKind::Let { name, value } => format!("let {} = {};", name.text, self.expr(value)),
                StatementKind::Assume(test) => format!("assume {};", self.is_test(test)),
                StatementKind::Expr(expr) => format!("{};", self.action(expr)),
            };
            self.line(&text);
        }
        if let Some(value) = &block.value {
            let text = self.action(value);
            self.line(&text);
        }
    }

    /// A block as text of several lines, the first of which continues the current one.
    fn block(&self, block: &Block) -> String {
        let mut inner = Printer {
            out: String::new(),
            indent: self.indent + 1,
        };
        inner.block_lines(block);
        format!("{{\n{}{:width$}}}", inner.out, "", width = self.indent * 4)
    }

    fn action(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Assign { place, value } => format!("{} = {}", self.expr(place), self.expr(value)),
            _ => self.expr(expr),
        }
    }

    fn exprs(&self, exprs: &[Expr]) -> String {
        list(exprs, |expr| self.expr(expr))
    }

    /// The text of an expression that may stand anywhere.
    fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Int(number) => number.to_string(),
            ExprKind::Double(number) => format!("{number:?}"),
            ExprKind::Name(name) => name.text.to_string(),
            ExprKind::Field(object, field) => format!("{}.{}", self.operand(object), field.text),
            ExprKind::Index(array, index) => format!("{}[{}]", self.operand(array), self.expr(index)),
            ExprKind::Apply { function, args } => format!("{}({})", function.text, self.exprs(args)),
            ExprKind::Unary(operator, operand) => {
                let sign = match operator {
                    UnaryOp::Neg => "-",
                    UnaryOp::Not => "!",
                };
                format!("({sign}{})", self.operand(operand))
            }
            ExprKind::Binary(operator, left, right) => {
                format!("({} {} {})", self.operand(left), sign(*operator), self.operand(right))
            }
            ExprKind::Is { .. } => format!("({})", self.is_test(expr)),
            ExprKind::Call { catch, callee, args } => {
                let word = if *catch { "try call" } else { "call" };
                format!("{word} {}({})", self.operand(callee), self.exprs(args))
            }
            ExprKind::Resume { coroutine, args } => {
                format!("resume {}({})", self.operand(coroutine), self.exprs(args))
            }
            ExprKind::Yield(list) => format!("yield {}", self.expr(list)),
            ExprKind::Cache { keys, ways, body } => {
                let ways = ways.map(|(ways, _)| format!(", ways {ways}")).unwrap_or_default();
                format!("cache({}{ways}) {}", self.exprs(keys), self.operand(body))
            }
            ExprKind::New { object, fields } => {
                let fields = list(fields, |field| match &field.count {
                    Some(count) => format!(
                        "{}: [{}; {}]",
                        field.name.text,
                        self.expr(&field.value),
                        self.expr(count)
                    ),
                    None => format!("{}: {}", field.name.text, self.expr(&field.value)),
                });
                format!("new {} {{ {fields} }}", object.text)
            }
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => {
                let otherwise = otherwise.as_ref().map(|other| format!(" else {}", self.expr(other)));
                format!(
                    "if {} {}{}",
                    self.expr(condition),
                    self.block(then),
                    otherwise.unwrap_or_default()
                )
            }
            ExprKind::Match { subject, arms } => {
                let mut inner = Printer {
                    out: String::new(),
                    indent: self.indent + 1,
                };
                for arm in arms {
                    let text = inner.arm(arm);
                    inner.line(&text);
                }
                let width = self.indent * 4;
                format!("match {} {{\n{}{:width$}}}", self.expr(subject), inner.out, "")
            }
            ExprKind::Block(block) => self.block(block),
            ExprKind::Assign { .. } => format!("{{ {} }}", self.action(expr)),
            ExprKind::Return(values) => format!("return {}", self.exprs(values)).trim_end().to_string(),
            ExprKind::Leave(values) => format!("leave {}", self.exprs(values)).trim_end().to_string(),
            ExprKind::Slow(body) => format!("slow {}", self.expr(body)),
            ExprKind::Throw(value) => format!("throw {}", self.expr(value)),
            ExprKind::Goto(label) => format!("goto {}", label.text),
            ExprKind::Delegate => "delegate".to_string(),
            ExprKind::TailCall { callee, args } => {
                format!("tail call {}({})", self.operand(callee), self.exprs(args))
            }
        }
    }

    /// The text of an expression next to an operator or suffix.
    fn operand(&self, expr: &Expr) -> String {
        let text = self.expr(expr);
        match expr.kind {
            ExprKind::Int(_)
            | ExprKind::Double(_)
            | ExprKind::Name(_)
            | ExprKind::Field(..)
            | ExprKind::Index(..)
            | ExprKind::Apply { .. }
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::Is { .. } => text,
            _ => format!("({text})"),
        }
    }

    fn is_test(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Is { subject, negated, ty } => {
                let not = if *negated { "not " } else { "" };
                format!("{} is {not}{}", self.operand(subject), type_expr(ty))
            }
            _ => self.expr(expr),
        }
    }

    fn arm(&self, arm: &Arm) -> String {
        format!("{} => {},", pattern(&arm.pattern), self.action(&arm.body))
    }
}

fn pattern(pattern: &Pattern) -> String {
    let Some(case) = &pattern.case else {
        return "_".to_string();
    };
    let mut text = String::new();
    if let Some(owner) = &pattern.owner {
        let _ = write!(text, "{}.", owner.text);
    }
    text.push_str(&case.text);
    if let Some(bindings) = &pattern.bindings {
        let names: Vec<&str> = bindings.iter().map(Name::as_str).collect();
        let _ = write!(text, "({})", names.join(", "));
    }
    text
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    let texts: Vec<String> = items.iter().map(text).collect();
    texts.join(", ")
}

fn params(params: &[Param]) -> String {
    list(params, |param| format!("{}: {}", param.name.text, type_expr(&param.ty)))
}

fn result_type(result: Option<&TypeExpr>) -> String {
    result.map(|ty| format!(" -> {}", type_expr(ty))).unwrap_or_default()
}

fn type_expr(ty: &TypeExpr) -> String {
    match &ty.kind {
        TypeKind::Name(name) => name.text.to_string(),
        TypeKind::Ref { nullable: true, target } => format!("ref? {}", target.text),
        TypeKind::Ref {
            nullable: false,
            target,
        } => format!("ref {}", target.text),
        TypeKind::Pointer(target) => format!("ptr {}", type_expr(target)),
        TypeKind::Array(item) => format!("[{}]", type_expr(item)),
        TypeKind::Union(members) => {
            let members: Vec<String> = members.iter().map(type_expr).collect();
            members.join(" | ")
        }
    }
}

fn operand_kind(kind: &OperandKindExpr) -> String {
    let words: Vec<&str> = kind.words.iter().map(Name::as_str).collect();
    let words = words.join(" ");
    match kind.length {
        Some((least, most)) if least == most => format!("{words}[{least}]"),
        Some((least, most)) => format!("{words}[{least}..{most}]"),
        None => words,
    }
}

fn sign(operator: BinaryOp) -> &'static str {
    match operator {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
    }
}
