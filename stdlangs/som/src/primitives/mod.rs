//! The methods of the core library that are declared `primitive`.

mod array;
mod block;
mod class;
mod double;
mod integer;
mod method;
mod object;
mod operator;
mod string;
mod system;

use dg_runtime::{CallContext, DelegatingNative, NativeFn, NativeResult, SpecNative};

use crate::core::object::{Implementation, symbol_text};
use crate::core::state::som;
use crate::generated::Function;

/// Primitives of a class, or of its class side: selectors and how they are written.
type Table = &'static [(&'static str, Implementation)];

const fn native(function: NativeFn) -> Implementation {
    Implementation::Native(function)
}

const fn spec(native: &'static SpecNative) -> Implementation {
    Implementation::Spec(native)
}

const fn delegating(beginning: &'static DelegatingNative, function: NativeFn) -> Implementation {
    Implementation::Both(beginning, function)
}

/// The primitive for a selector of a class.
pub fn find(class: &str, selector: &str) -> Option<Implementation> {
    let table: Table = match class {
        "Object" => object::TABLE,
        "Class" => class::TABLE,
        "Method" | "Primitive" => method::TABLE,
        "Block" => block::TABLE,
        "Block1" | "Block2" | "Block3" => block::EVALUATION,
        "Array" => array::TABLE,
        "Array class" => array::CLASS_TABLE,
        "Integer" => integer::TABLE,
        "Integer class" => integer::CLASS_TABLE,
        "Double" => double::TABLE,
        "Double class" => double::CLASS_TABLE,
        "String" => string::TABLE,
        "Symbol" => string::SYMBOL_TABLE,
        "System" => system::TABLE,
        _ => return None,
    };
    let found = table.iter().find(|(known, _)| *known == selector);
    found.map(|(_, implementation)| *implementation)
}

/// What stands for a primitive that there is not: warns, and answers nil.
pub fn unknown(cx: &mut CallContext<'_>) -> NativeResult {
    let method = cx.callee::<Function>().method.get(cx);
    let holder = symbol_text(cx, method.holder.get(cx).name.get(cx));
    let selector = symbol_text(cx, method.signature.get(cx));
    som(cx).output.borrow_mut().flush();
    eprintln!("warning: {holder}>>{selector} is declared as a primitive, but there is none");
    cx.ret(cx.nil())
}
