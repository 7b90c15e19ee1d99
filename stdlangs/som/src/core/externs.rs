//! The runtime functions that the bytecode of SOM calls.

use dg_runtime::{Code, Ref, Throw, Value, Vm};

use super::class::inherits;
use super::object::{BLOCK_KIND, array, class_of, describe, symbol_text, text_of};
use super::state::{Handler, som};
use super::{arithmetic, error, lookup, meaning, number};
use crate::emit;
use crate::generated::{Array, BlockText, Class, Effect, Externs, Function, Operator, Symbol, Target, ValueKind};

/// The functions that the specification of SOM declares.
pub struct Semantics;

fn target(found: Option<Ref<'_, Function>>) -> Target<'_> {
    found.map_or(Target::Absent, Target::Method)
}

impl Externs for Semantics {
    fn effect_of<'v>(vm: &'v Vm, from: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Effect<'v> {
        meaning::effect(vm, from, selector)
    }

    fn learn_meaning<'v>(vm: &'v Vm, from: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Target<'v> {
        target(meaning::learn(vm, from, selector))
    }

    fn lookup<'v>(vm: &'v Vm, from: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Target<'v> {
        target(lookup::find(vm, from, selector))
    }

    fn compute<'v>(vm: &'v Vm, operator: Operator, lhs: Value<'v>, rhs: Value<'v>) -> Result<Value<'v>, Throw> {
        let operands = number::number(vm, lhs).zip(number::number(vm, rhs));
        let (lhs, rhs) = operands.expect("the specification has seen that both are numbers");
        arithmetic::compute(vm, operator, &lhs, &rhs)
    }

    fn lookup_dynamic<'v>(vm: &'v Vm, from: Ref<'v, Class>, selector: Value<'v>) -> Result<Target<'v>, Throw> {
        let symbol = match (selector.as_symbol(vm), text_of(vm, selector)) {
            (Some(symbol), _) => symbol,
            (None, Some(text)) => super::object::symbol_of(vm, text)?,
            (None, None) => return Err(error::wrong_argument(vm, "perform:", "a Symbol", selector)),
        };
        Ok(target(lookup::find(vm, from, symbol)))
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

    fn block_code<'v>(vm: &'v Vm, text: Ref<'v, BlockText>) -> Result<Ref<'v, Code>, Throw> {
        emit::block_code(vm, text)
    }

    fn home(vm: &Vm) -> u32 {
        emit::home(vm)
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
}
