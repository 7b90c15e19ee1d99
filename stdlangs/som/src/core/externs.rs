//! The runtime functions that the bytecode of SOM calls.

use dg_runtime::{Ref, Throw, Value, Vm};

use super::class::inherits;
use super::object::{BLOCK_KIND, array, class_of, describe, symbol_text, text_of};
use super::state::{Handler, som};
use super::{error, lookup};
use crate::emit;
use crate::generated::{Array, BlockText, Class, Externs, Function, Symbol, Target, ValueKind};

/// The functions that the specification of SOM declares.
pub struct Semantics;

fn target(found: Option<Ref<'_, Function>>) -> Target<'_> {
    found.map_or(Target::Absent, Target::Method)
}

impl Externs for Semantics {
    fn lookup<'v>(vm: &'v Vm, from: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Target<'v> {
        target(lookup::find(vm, from, selector))
    }

    fn lookup_operator<'v>(vm: &'v Vm, from: Ref<'v, Class>, operator: i32) -> Target<'v> {
        target(lookup::find(vm, from, som(vm).operator(vm, operator)))
    }

    fn lookup_dynamic<'v>(vm: &'v Vm, from: Ref<'v, Class>, selector: Value<'v>) -> Result<Target<'v>, Throw> {
        let symbol = match (selector.as_symbol(vm), text_of(vm, selector)) {
            (Some(symbol), _) => symbol,
            (None, Some(text)) => super::object::symbol_of(vm, text)?,
            (None, None) => return Err(error::wrong_argument(vm, "perform:", "a Symbol", selector)),
        };
        Ok(target(lookup::find(vm, from, symbol)))
    }

    fn operator_selector<'v>(vm: &'v Vm, operator: i32) -> Ref<'v, Symbol> {
        som(vm).operator(vm, operator)
    }

    fn not_understood_method<'v>(vm: &'v Vm, receiver: Value<'v>) -> Result<Ref<'v, Function>, Throw> {
        lookup::handler(vm, receiver, Handler::NotUnderstood)
    }

    fn unknown_global_method<'v>(vm: &'v Vm, receiver: Value<'v>) -> Result<Ref<'v, Function>, Throw> {
        lookup::handler(vm, receiver, Handler::UnknownGlobal)
    }

    fn leave_home<'v>(vm: &'v Vm, answer: Value<'v>) -> Result<Ref<'v, Function>, Throw> {
        emit::leave_home(vm, answer)
    }

    fn message_arguments<'v>(vm: &'v Vm, args: &'v [Value<'v>]) -> Result<Ref<'v, Array>, Throw> {
        array(vm, &args[1..])
    }

    fn no_arguments<'v>(vm: &'v Vm) -> Result<Ref<'v, Array>, Throw> {
        array(vm, &[])
    }

    fn one_argument<'v>(vm: &'v Vm, argument: Value<'v>) -> Result<Ref<'v, Array>, Throw> {
        array(vm, &[argument])
    }

    fn two_arguments<'v>(vm: &'v Vm, first: Value<'v>, second: Value<'v>) -> Result<Ref<'v, Array>, Throw> {
        array(vm, &[first, second])
    }

    fn new_block<'v>(
        vm: &'v Vm,
        template: Ref<'v, BlockText>,
        receiver: Value<'v>,
    ) -> Result<Ref<'v, Function>, Throw> {
        emit::new_block(vm, template, receiver)
    }

    fn starting_class<'v>(vm: &'v Vm, receiver: Value<'v>, class: Value<'v>) -> Result<Ref<'v, Class>, Throw> {
        let wanted = "perform:inSuperclass:";
        let Some(from) = class.as_class(vm) else {
            return Err(error::wrong_argument(vm, wanted, "a class", class));
        };
        if inherits(vm, class_of(vm, receiver), from) {
            return Ok(from);
        }
        let (receiver, class) = (describe(vm, receiver), describe(vm, class));
        Err(error::throw(
            vm,
            format!("{wanted} {class} is no superclass of the class of {receiver}"),
        ))
    }

    fn argument_array<'v>(vm: &'v Vm, array: Value<'v>) -> Result<Ref<'v, Array>, Throw> {
        array
            .as_array(vm)
            .ok_or_else(|| error::wrong_argument(vm, "with a list of arguments, a message", "an Array of them", array))
    }

    fn method_to_invoke<'v>(vm: &'v Vm, method: Value<'v>, receiver: Value<'v>) -> Result<Ref<'v, Function>, Throw> {
        let invokable = method
            .as_function(vm)
            .filter(|function| function.kind.get() < BLOCK_KIND);
        let Some(function) = invokable else {
            return Err(error::wrong_argument(vm, "invokeOn:with:", "a Method", method));
        };
        let holder = function.method.get(vm).holder.get(vm);
        if !inherits(vm, class_of(vm, receiver), holder) {
            let holder = symbol_text(vm, holder.name.get(vm));
            return Err(error::wrong_argument(
                vm,
                "invokeOn:with:",
                &format!("an instance of {holder}"),
                receiver,
            ));
        }
        emit::ensure_compiled(vm, function)?;
        Ok(function)
    }

    fn spreader<'v>(vm: &'v Vm) -> Ref<'v, Function> {
        som(vm).spreader.get(vm)
    }

    fn remainder(_vm: &Vm, lhs: i32, rhs: i32) -> i32 {
        // The specification has seen that `rhs` is not 0. The least integer by -1 leaves nothing.
        let remainder = lhs.wrapping_rem(rhs);
        if remainder != 0 && (remainder < 0) != (rhs < 0) {
            remainder + rhs
        } else {
            remainder
        }
    }
}
