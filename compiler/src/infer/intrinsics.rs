//! Operations that are written like functions.

use dg_spec::Span;
use dg_spec::ast::{self, BinaryOp as Sign, Name};

use super::{Checker, Want};
use crate::ir::inst::{BinaryOp, IntCond, UnaryOp};
use crate::resolve::error::Error;
use crate::typed::{Expr, ExprKind, Ty};

/// Their names.
pub const INTRINSICS: [&str; 29] = [
    "add",
    "sub",
    "mul",
    "div",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "floor",
    "ceil",
    "sqrt",
    "abs",
    "neg",
    "min",
    "max",
    "add_overflows",
    "sub_overflows",
    "mul_overflows",
    "truncate",
    "to_double",
    "as_u32",
    "as_i32",
    "hash_of",
    "first",
    "after_first",
    "skip",
    "count",
];

/// Whether `name` is one of them.
pub fn is_intrinsic(name: &str) -> bool {
    INTRINSICS.contains(&name)
}

impl Checker<'_, '_> {
    /// `name(args)` for an intrinsic.
    pub(super) fn intrinsic(&mut self, name: &Name, args: &[ast::Expr], span: Span) -> Expr {
        if let Some(operator) = operator(name.as_str()) {
            let [left, right] = args else {
                return self.wrong_arity(name, 2, args, span);
            };
            return self.binary(operator, left, right, span, None);
        }
        let float_binary = match name.as_str() {
            "min" => Some(BinaryOp::FMin),
            "max" => Some(BinaryOp::FMax),
            _ => None,
        };
        if let Some(operation) = float_binary {
            let [left, right] = args else {
                return self.wrong_arity(name, 2, args, span);
            };
            let (left, right) = (self.expr_of(left, Ty::Double), self.expr_of(right, Ty::Double));
            let kind = ExprKind::Binary(operation, Box::new(left), Box::new(right));
            return Expr {
                kind,
                ty: Ty::Double,
                span,
            };
        }
        let overflow = match name.as_str() {
            "add_overflows" => Some(IntCond::SumOverflows),
            "sub_overflows" => Some(IntCond::DifferenceOverflows),
            "mul_overflows" => Some(IntCond::ProductOverflows),
            _ => None,
        };
        if let Some(condition) = overflow {
            let [left, right] = args else {
                return self.wrong_arity(name, 2, args, span);
            };
            let (left, right) = (self.expr_of(left, Ty::I32), self.expr_of(right, Ty::I32));
            let kind = ExprKind::IntCompare(condition, Box::new(left), Box::new(right));
            return Expr {
                kind,
                ty: Ty::Bool,
                span,
            };
        }
        if name.as_str() == "skip" {
            let [list, count] = args else {
                return self.wrong_arity(name, 2, args, span);
            };
            let list = Box::new(self.expr_of(list, Ty::List));
            let count = Box::new(self.expr_of(count, Ty::U32));
            return Expr {
                kind: ExprKind::Skip { list, count },
                ty: Ty::List,
                span,
            };
        }
        let [arg] = args else {
            return self.wrong_arity(name, 1, args, span);
        };
        let typed = |kind: ExprKind, ty| Expr { kind, ty, span };
        let float_unary = match name.as_str() {
            "floor" => Some(UnaryOp::FFloor),
            "ceil" => Some(UnaryOp::FCeil),
            "sqrt" => Some(UnaryOp::FSqrt),
            "abs" => Some(UnaryOp::FAbs),
            _ => None,
        };
        if let Some(operation) = float_unary {
            let arg = self.expr_of(arg, Ty::Double);
            return typed(ExprKind::Unary(operation, Box::new(arg)), Ty::Double);
        }
        match name.as_str() {
            "neg" => self.negation(arg, span, None),
            "truncate" => {
                let arg = self.expr_of(arg, Ty::Double);
                typed(ExprKind::Unary(UnaryOp::TruncateToI32, Box::new(arg)), Ty::I32)
            }
            "to_double" => {
                let arg = self.infer(arg, Want::Any);
                let (arg, operation) = match arg.ty {
                    Ty::U8 | Ty::U16 => (self.adapt(arg, Want::Ty(Ty::U32)), UnaryOp::U32ToF64),
                    Ty::U32 => (arg, UnaryOp::U32ToF64),
                    _ => (self.adapt(arg, Want::Ty(Ty::I32)), UnaryOp::I32ToF64),
                };
                typed(ExprKind::Unary(operation, Box::new(arg)), Ty::Double)
            }
            "as_u32" => {
                let arg = self.expr_of(arg, Ty::I32);
                typed(ExprKind::Retype(Box::new(arg)), Ty::U32)
            }
            "as_i32" => {
                let arg = self.expr_of(arg, Ty::U32);
                typed(ExprKind::Retype(Box::new(arg)), Ty::I32)
            }
            "hash_of" => {
                let arg = self.expr_of(arg, Ty::Value(self.declarations.tables.any()));
                typed(ExprKind::Unary(UnaryOp::Hash, Box::new(arg)), Ty::U32)
            }
            "first" => {
                let arg = self.expr_of(arg, Ty::List);
                typed(
                    ExprKind::First(Box::new(arg)),
                    Ty::Value(self.declarations.tables.any()),
                )
            }
            "after_first" => {
                let arg = self.expr_of(arg, Ty::List);
                typed(ExprKind::AfterFirst(Box::new(arg)), Ty::List)
            }
            _ => {
                let arg = self.expr_of(arg, Ty::List);
                typed(ExprKind::Count(Box::new(arg)), Ty::U32)
            }
        }
    }

    /// Reports too few or too many arguments; they are looked into all the same.
    pub(super) fn wrong_arity(&mut self, name: &Name, wanted: usize, args: &[ast::Expr], span: Span) -> Expr {
        for arg in args {
            self.infer(arg, Want::Any);
        }
        self.fail(
            span,
            Error::Arity {
                at: span,
                name: name.text.to_string(),
                wanted,
                found: args.len(),
            },
        )
    }
}

/// The operator that an intrinsic is another name for.
fn operator(name: &str) -> Option<Sign> {
    Some(match name {
        "add" => Sign::Add,
        "sub" => Sign::Sub,
        "mul" => Sign::Mul,
        "div" => Sign::Div,
        "lt" => Sign::Lt,
        "le" => Sign::Le,
        "gt" => Sign::Gt,
        "ge" => Sign::Ge,
        "eq" => Sign::Eq,
        "ne" => Sign::Ne,
        _ => return None,
    })
}
