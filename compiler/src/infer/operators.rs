//! Operators and literals.

use dg_spec::Span;
use dg_spec::ast::{self, BinaryOp as Sign, ExprKind as Ast};

use super::{Checker, Want};
use crate::ir::inst::{BinaryOp, FloatCond, IntCond, UnaryOp};
use crate::ir::{Type, TypeSet};
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, Ty};

impl Checker<'_, '_> {
    /// A whole number; what is wanted decides its type.
    pub(super) fn int(&mut self, number: u64, negative: bool, span: Span, wanted: Option<Ty>) -> Expr {
        let ty = match wanted {
            Some(Ty::Enum(_) | Ty::Ref { .. }) | None => Ty::I32,
            Some(Ty::Value(_)) if self.declarations.int_leaf().is_none() => Ty::Double,
            Some(ty) if ty.is_int() || ty == Ty::Double => ty,
            Some(_) => Ty::I32,
        };
        if ty == Ty::Double {
            let value = if negative { -(number as f64) } else { number as f64 };
            return Expr {
                kind: ExprKind::Double(value),
                ty,
                span,
            };
        }
        let value = if negative {
            -i128::from(number)
        } else {
            i128::from(number)
        };
        let (least, most) = match ty {
            Ty::U8 => (0, i128::from(u8::MAX)),
            Ty::U16 => (0, i128::from(u16::MAX)),
            Ty::U32 => (0, i128::from(u32::MAX)),
            Ty::I64 => (i128::from(i64::MIN), i128::from(i64::MAX)),
            Ty::U64 => (0, i128::from(u64::MAX)),
            _ => (i128::from(i32::MIN), i128::from(i32::MAX)),
        };
        if !(least..=most).contains(&value) {
            let ty = self.declarations.ty_name(ty);
            return self.fail(span, Error::NumberRange { at: span, ty });
        }
        // The bits are kept: a large `u64` reads as a negative number.
        Expr {
            kind: ExprKind::Int(value as i64),
            ty,
            span,
        }
    }

    /// `-operand`
    pub(super) fn negation(&mut self, operand: &ast::Expr, span: Span, wanted: Option<Ty>) -> Expr {
        match operand.kind {
            Ast::Int(number) => return self.int(number, true, span, wanted),
            Ast::Double(number) => {
                return Expr {
                    kind: ExprKind::Double(-number),
                    ty: Ty::Double,
                    span,
                };
            }
            _ => {}
        }
        let operand = self.infer(operand, wanted.map_or(Want::Any, Want::Ty));
        let operand = self.number(operand);
        let operation = match operand.ty {
            Ty::Double => UnaryOp::FNeg,
            Ty::I32 | Ty::I64 => UnaryOp::INeg,
            Ty::Never => return self.poison(span),
            ty => {
                let (at, found) = (operand.span, self.declarations.ty_name(ty));
                let wanted = "a signed number".to_string();
                return self.fail(
                    span,
                    Error::Mismatch {
                        at,
                        wanted,
                        found,
                        help: None,
                    },
                );
            }
        };
        let ty = operand.ty;
        Expr {
            kind: ExprKind::Unary(operation, Box::new(operand)),
            ty,
            span,
        }
    }

    /// The number inside a boxed value that is proven to be one; anything else as it is.
    fn number(&mut self, value: Expr) -> Expr {
        let Ty::Value(set) = value.ty else { return value };
        match set.single().and_then(|leaf| self.declarations.tables.unboxed(leaf)) {
            Some(Type::F64) => self.adapt(value, Want::Ty(Ty::Double)),
            Some(Type::I32) => self.adapt(value, Want::Ty(Ty::I32)),
            _ => value,
        }
    }

    /// Both operands; a literal takes the type of the other side.
    fn operands(&mut self, left: &ast::Expr, right: &ast::Expr, wanted: Option<Ty>) -> (Expr, Expr) {
        let is_literal = |expr: &ast::Expr| match &expr.kind {
            Ast::Int(_) => true,
            Ast::Unary(ast::UnaryOp::Neg, inner) => matches!(inner.kind, Ast::Int(_)),
            Ast::Name(name) => matches!(name.as_str(), "true" | "false"),
            _ => false,
        };
        let first_want = wanted.map_or(Want::Any, Want::Ty);
        if is_literal(left) && !is_literal(right) {
            let right = self.infer(right, first_want);
            let hint = self.hint(right.ty);
            return (self.infer(left, hint), right);
        }
        let left = self.infer(left, first_want);
        let hint = self.hint(left.ty);
        (left, self.infer(right, hint))
    }

    /// What the type of one operand wants of the other.
    fn hint(&self, ty: Ty) -> Want {
        match ty {
            Ty::Never => Want::Any,
            Ty::Value(set) => match set.single().and_then(|leaf| self.declarations.tables.unboxed(leaf)) {
                Some(Type::F64) => Want::Ty(Ty::Double),
                Some(Type::I32) => Want::Ty(Ty::I32),
                _ => Want::Any,
            },
            ty => Want::Ty(ty),
        }
    }

    /// `left operator right`, but not `&&` and `||`.
    pub(super) fn binary(
        &mut self,
        operator: Sign,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        wanted: Option<Ty>,
    ) -> Expr {
        let comparison = matches!(
            operator,
            Sign::Eq | Sign::Ne | Sign::Lt | Sign::Le | Sign::Gt | Sign::Ge
        );
        let numeric = wanted.filter(|ty| !comparison && (ty.is_int() || *ty == Ty::Double));
        let (left, right) = self.operands(left, right, numeric);
        self.operation(operator, left, right, span)
    }

    /// The operation on operands that are checked already.
    pub(super) fn operation(&mut self, operator: Sign, left: Expr, right: Expr, span: Span) -> Expr {
        if left.ty == Ty::Never || right.ty == Ty::Never {
            return self.poison(span);
        }
        match operator {
            Sign::Eq | Sign::Ne => self.equality(operator, left, right, span),
            Sign::Lt | Sign::Le | Sign::Gt | Sign::Ge => self.order(operator, left, right, span),
            Sign::Shl | Sign::Shr => self.shift(operator, left, right, span),
            _ => self.arithmetic(operator, left, right, span),
        }
    }

    fn arithmetic(&mut self, operator: Sign, left: Expr, right: Expr, span: Span) -> Expr {
        let (left, right) = (self.number(left), self.number(right));
        let Some((left, right)) = self.balance(left, right, operator, span) else {
            return self.poison(span);
        };
        let ty = left.ty;
        let operation = match (operator, ty) {
            (Sign::Add, Ty::Double) => Some(BinaryOp::FAdd),
            (Sign::Sub, Ty::Double) => Some(BinaryOp::FSub),
            (Sign::Mul, Ty::Double) => Some(BinaryOp::FMul),
            (Sign::Div, Ty::Double) => Some(BinaryOp::FDiv),
            (Sign::Add, ty) if ty.is_int() => Some(BinaryOp::IAdd),
            (Sign::Sub, ty) if ty.is_int() => Some(BinaryOp::ISub),
            (Sign::Mul, ty) if ty.is_int() => Some(BinaryOp::IMul),
            (Sign::BitAnd, ty) if ty.is_int() || ty == Ty::Bool => Some(BinaryOp::And),
            (Sign::BitOr, ty) if ty.is_int() || ty == Ty::Bool => Some(BinaryOp::Or),
            (Sign::BitXor, ty) if ty.is_int() || ty == Ty::Bool => Some(BinaryOp::Xor),
            _ => None,
        };
        match operation {
            Some(operation) => {
                let kind = ExprKind::Binary(operation, Box::new(left), Box::new(right));
                Expr { kind, ty, span }
            }
            None => self.bad_operands(operator, &left, &right, span),
        }
    }

    fn shift(&mut self, operator: Sign, left: Expr, right: Expr, span: Span) -> Expr {
        let (left, right) = (self.number(left), self.number(right));
        if !left.ty.is_int() || !(right.ty.is_int() || matches!(right.ty, Ty::Enum(_))) {
            return self.bad_operands(operator, &left, &right, span);
        }
        let left = self.at_least_32_bits(left);
        let ty = left.ty;
        let right = match right.ty {
            Ty::I64 | Ty::U64 => {
                let at = right.span;
                Expr {
                    kind: ExprKind::Unary(UnaryOp::Wrap, Box::new(right)),
                    ty: Ty::I32,
                    span: at,
                }
            }
            _ => right,
        };
        let operation = match (operator, ty.is_signed()) {
            (Sign::Shl, _) => BinaryOp::Shl,
            (_, true) => BinaryOp::Sar,
            (_, false) => BinaryOp::Shr,
        };
        Expr {
            kind: ExprKind::Binary(operation, Box::new(left), Box::new(right)),
            ty,
            span,
        }
    }

    fn order(&mut self, operator: Sign, left: Expr, right: Expr, span: Span) -> Expr {
        let (left, right) = (self.number(left), self.number(right));
        let Some((left, right)) = self.balance(left, right, operator, span) else {
            return self.poison(span);
        };
        if left.ty == Ty::Double {
            let condition = match operator {
                Sign::Lt => FloatCond::Lt,
                Sign::Le => FloatCond::Le,
                Sign::Gt => FloatCond::Gt,
                _ => FloatCond::Ge,
            };
            return Expr {
                kind: ExprKind::FloatCompare(condition, Box::new(left), Box::new(right)),
                ty: Ty::Bool,
                span,
            };
        }
        if !left.ty.is_int() {
            return self.bad_operands(operator, &left, &right, span);
        }
        let condition = match (operator, left.ty.is_signed()) {
            (Sign::Lt, true) => IntCond::Slt,
            (Sign::Le, true) => IntCond::Sle,
            (Sign::Gt, true) => IntCond::Sgt,
            (_, true) => IntCond::Sge,
            (Sign::Lt, false) => IntCond::Ult,
            (Sign::Le, false) => IntCond::Ule,
            (Sign::Gt, false) => IntCond::Ugt,
            (_, false) => IntCond::Uge,
        };
        Expr {
            kind: ExprKind::IntCompare(condition, Box::new(left), Box::new(right)),
            ty: Ty::Bool,
            span,
        }
    }

    fn equality(&mut self, operator: Sign, left: Expr, right: Expr, span: Span) -> Expr {
        let double = self.declarations.tables.double_leaf().map(TypeSet::leaf);
        let is_double = |ty: Ty| ty == Ty::Double || matches!(ty, Ty::Value(set) if Some(set) == double);
        let equal = operator == Sign::Eq;
        let typed = |kind| Expr {
            kind,
            ty: Ty::Bool,
            span,
        };
        if is_double(left.ty) && is_double(right.ty) {
            let (left, right) = (self.number(left), self.number(right));
            let condition = if equal { FloatCond::Eq } else { FloatCond::Ne };
            return typed(ExprKind::FloatCompare(condition, Box::new(left), Box::new(right)));
        }
        let condition = if equal { IntCond::Eq } else { IntCond::Ne };
        if let (Ty::Ref { record: a, .. }, Ty::Ref { record: b, .. }) = (left.ty, right.ty)
            && a == b
        {
            return typed(ExprKind::IntCompare(condition, Box::new(left), Box::new(right)));
        }
        let same_plain = left.ty == right.ty && matches!(left.ty, Ty::Bool | Ty::Ptr | Ty::ValuePtr | Ty::Enum(_));
        if same_plain {
            return typed(ExprKind::IntCompare(condition, Box::new(left), Box::new(right)));
        }
        if left.ty.is_int() && (right.ty.is_int() || self.holds_int(right.ty))
            || right.ty.is_int() && self.holds_int(left.ty)
        {
            let (left, right) = (self.number(left), self.number(right));
            let Some((left, right)) = self.balance(left, right, operator, span) else {
                return self.poison(span);
            };
            return typed(ExprKind::IntCompare(condition, Box::new(left), Box::new(right)));
        }
        if self.boxed_set(left.ty).is_some() && self.boxed_set(right.ty).is_some() {
            let any = Want::Ty(Ty::Value(self.declarations.tables.any()));
            let (left, right) = (self.adapt(left, any), self.adapt(right, any));
            let same = typed(ExprKind::SameBits(Box::new(left), Box::new(right)));
            return if equal {
                same
            } else {
                typed(ExprKind::Not(Box::new(same)))
            };
        }
        self.bad_operands(operator, &left, &right, span)
    }

    fn holds_int(&self, ty: Ty) -> bool {
        let Ty::Value(set) = ty else { return false };
        set.single().and_then(|leaf| self.declarations.tables.unboxed(leaf)) == Some(Type::I32)
    }

    /// Widens the smaller number to the type of the larger.
    fn balance(&mut self, left: Expr, right: Expr, operator: Sign, span: Span) -> Option<(Expr, Expr)> {
        let (left, right) = (self.at_least_32_bits(left), self.at_least_32_bits(right));
        if left.ty == right.ty {
            return Some((left, right));
        }
        let small = |expr: &Expr| match &expr.kind {
            ExprKind::Retype(inner) => matches!(inner.ty, Ty::U8 | Ty::U16),
            ExprKind::Int(number) => *number >= 0 && expr.ty == Ty::I32,
            _ => false,
        };
        match (left.ty, right.ty) {
            (Ty::I32 | Ty::U32, Ty::I32 | Ty::U32) if small(&left) => {
                let ty = right.ty;
                Some((Expr { ty, ..left }, right))
            }
            (Ty::I32 | Ty::U32, Ty::I32 | Ty::U32) if small(&right) => {
                let ty = left.ty;
                Some((left, Expr { ty, ..right }))
            }
            (Ty::I64, Ty::I32 | Ty::U32) | (Ty::U64, Ty::U32) => {
                let to = Want::Ty(left.ty);
                let right = self.adapt(right, to);
                Some((left, right))
            }
            (Ty::I32 | Ty::U32, Ty::I64) | (Ty::U32, Ty::U64) => {
                let to = Want::Ty(right.ty);
                Some((self.adapt(left, to), right))
            }
            _ => {
                self.bad_operands(operator, &left, &right, span);
                None
            }
        }
    }

    /// Numbers of 8 and 16 bits as numbers of 32.
    fn at_least_32_bits(&mut self, value: Expr) -> Expr {
        match value.ty {
            Ty::U8 | Ty::U16 => self.adapt(value, Want::Ty(Ty::U32)),
            _ => value,
        }
    }

    fn bad_operands(&mut self, operator: Sign, left: &Expr, right: &Expr, span: Span) -> Expr {
        let names = |expr: &Expr| (expr.span, self.declarations.ty_name(expr.ty));
        let help = match (left.ty, right.ty) {
            (Ty::I32, Ty::U32) => Some(format!("write `as_u32({})`", self.text(left.span))),
            (Ty::U32, Ty::I32) => Some(format!("write `as_u32({})`", self.text(right.span))),
            (Ty::Double, ty) if ty.is_small_int() => Some(format!("write `to_double({})`", self.text(right.span))),
            (ty, Ty::Double) if ty.is_small_int() => Some(format!("write `to_double({})`", self.text(left.span))),
            (Ty::Value(_), _) => Some(self.prove_number(left)),
            (_, Ty::Value(_)) => Some(self.prove_number(right)),
            _ => None,
        };
        let error = Error::BadOperands {
            sign: sign(operator).to_string(),
            left: names(left),
            right: names(right),
            help,
        };
        self.fail(span, error)
    }

    fn prove_number(&self, value: &Expr) -> String {
        let tables = &self.declarations.tables;
        let leaf = tables
            .leaves
            .ids()
            .find(|leaf| matches!(tables.unboxed(*leaf), Some(Type::F64 | Type::I32)));
        let name = leaf.map_or("a number", |leaf| tables.leaves[leaf].name.as_str());
        self.test_first(value, self.text(value.span), name)
    }
}

/// An operator as it is written.
pub(super) const fn sign(operator: Sign) -> &'static str {
    match operator {
        Sign::Add => "+",
        Sign::Sub => "-",
        Sign::Mul => "*",
        Sign::Div => "/",
        Sign::BitAnd => "&",
        Sign::BitOr => "|",
        Sign::BitXor => "^",
        Sign::Shl => "<<",
        Sign::Shr => ">>",
        Sign::Eq => "==",
        Sign::Ne => "!=",
        Sign::Lt => "<",
        Sign::Le => "<=",
        Sign::Gt => ">",
        Sign::Ge => ">=",
        Sign::And => "&&",
        Sign::Or => "||",
    }
}
