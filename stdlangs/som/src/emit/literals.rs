//! Constants.

use dg_runtime::{Throw, Value, Vm};

use crate::core::number::Integer;
use crate::core::object::{array, boolean, symbol};
use crate::generated::{Boxed, nil};
use crate::syntax::ast::Literal;

/// The value of a literal; an array is a new one.
pub fn literal<'v>(vm: &'v Vm, literal: &Literal) -> Result<Value<'v>, Throw> {
    Ok(match literal {
        Literal::Nil => nil(),
        Literal::Boolean(value) => boolean(*value),
        Literal::Integer(digits) => {
            let integer = Integer::parse(digits).expect("the lexer has seen digits");
            integer.value(vm)?
        }
        Literal::Double(double) => double.boxed(),
        Literal::String(text) => vm.str(text)?.boxed(),
        Literal::Symbol(text) => symbol(vm, text)?.boxed(),
        Literal::Array(elements) => {
            let values: Result<Vec<_>, _> = elements.iter().map(|element| self::literal(vm, element)).collect();
            array(vm, &values?)?.boxed()
        }
    })
}
