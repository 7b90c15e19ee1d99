//! What simple methods do, so that nobody has to run them; and what selectors remember.

use dg_runtime::{Ref, Throw, Value, Vm};

use super::lookup;
use super::object::{PRIMITIVE_KIND, boolean, symbol};
use super::state::{Layout, MethodInfo, som};
use crate::generated::{Boxed, Class, Effect, Function, MeaningKind, Meanings, Symbol, nil};
use crate::syntax::ast::{Expr, Literal};

/// A selector begins with room for so many classes.
const FIRST_MEANINGS: usize = 8;
/// It remembers at most so many; others that share a place with one of these replace it.
const MOST_MEANINGS: usize = 1024;

/// What a message to an instance of `class` does.
pub fn effect<'v>(vm: &'v Vm, class: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Effect<'v> {
    match lookup::find(vm, class, selector) {
        Some(function) => effect_of_method(vm, class, function),
        None => Effect::NotUnderstood,
    }
}

fn effect_of_method<'v>(vm: &'v Vm, class: Ref<'v, Class>, function: Ref<'v, Function>) -> Effect<'v> {
    let info = som(vm).method(function.method.get(vm));
    let effect = match &info.body {
        Some(body) if !body.assigns_self() => effect_of_body(vm, &info, &body.code.statements, &body.code.parameters),
        Some(_) => None,
        None => effect_of_primitive(vm, class, function, &info),
    };
    effect.unwrap_or(Effect::Run(function))
}

/// The effect of a method that consists of these statements, if it is so simple.
fn effect_of_body<'v>(
    vm: &'v Vm,
    info: &MethodInfo,
    statements: &[Expr],
    parameters: &[crate::syntax::ast::VariableId],
) -> Option<Effect<'v>> {
    let has_fields = info.layout == Layout::Instance;
    match statements {
        [] | [Expr::SelfName] => Some(Effect::Receiver),
        [Expr::Return(value)] => match &**value {
            Expr::SelfName => Some(Effect::Receiver),
            Expr::Field(index) if has_fields => Some(Effect::Get((*index).into())),
            Expr::Literal(literal) => constant(vm, literal).map(Effect::Constant),
            _ => None,
        },
        [Expr::Assign(target, value)] if has_fields => match (&**target, &**value) {
            (Expr::Field(index), Expr::Variable(variable)) if parameters == [*variable] => {
                Some(Effect::Set((*index).into()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The value of a literal that lives for ever, or is no object.
fn constant<'v>(vm: &'v Vm, literal: &Literal) -> Option<Value<'v>> {
    match literal {
        Literal::Nil => Some(nil()),
        Literal::Boolean(value) => Some(boolean(*value)),
        Literal::Integer(digits) => digits.parse::<i32>().ok().map(Boxed::boxed),
        Literal::Double(number) => Some(Value::double(*number)),
        Literal::Symbol(text) => symbol(vm, text).ok().map(Boxed::boxed),
        Literal::String(_) | Literal::Array(_) => None,
    }
}

/// The effect of the primitives that make objects and arrays of the only instance of `class`, a metaclass.
fn effect_of_primitive<'v>(
    vm: &'v Vm,
    class: Ref<'v, Class>,
    function: Ref<'v, Function>,
    info: &MethodInfo,
) -> Option<Effect<'v>> {
    let state = som(vm);
    if function.kind.get() != PRIMITIVE_KIND || class.class.get(vm) != state.core.metaclass.get(vm) {
        return None;
    }
    // A class is made right after its metaclass.
    let instance = class.number.get() as usize + 1;
    let layout = state.classes.borrow().get(instance)?.layout;
    let holder = function.method.get(vm).holder.get(vm);
    match (&*info.selector, layout) {
        ("new", Layout::Instance) if holder == state.core.class.get(vm) => Some(Effect::New),
        ("new:", Layout::Array) if holder == state.core.array.get(vm).class.get(vm) => Some(Effect::NewArray(function)),
        _ => None,
    }
}

/// Looks whether `isNil` and `notNil` are what they should be; otherwise they are sent from now on.
///
/// # Errors
/// When memory runs out.
pub fn check_nil_tests(vm: &Vm) -> Result<(), Throw> {
    let core = &som(vm).core;
    for (selector, of_nil) in [("isNil", true), ("notNil", false)] {
        let selector = symbol(vm, selector.as_bytes())?;
        for (class, expected) in [(&core.nil, of_nil), (&core.object, !of_nil)] {
            match effect(vm, class.get(vm), selector) {
                Effect::Constant(answer) if answer == boolean(expected) => {}
                _ => som(vm).world.get(vm).nil_is_sent.set(true),
            }
        }
    }
    Ok(())
}

/// Finds out what a message means, and lets the selector remember it. What there is no memory for is not remembered.
pub fn learn<'v>(vm: &'v Vm, class: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Option<Ref<'v, Function>> {
    let function = lookup::find(vm, class, selector)?;
    let (kind, payload) = match effect_of_method(vm, class, function) {
        Effect::Get(index) => (MeaningKind::Get, (index as i32).boxed()),
        Effect::Constant(value) => (MeaningKind::Constant, value),
        _ => (MeaningKind::Run, function.boxed()),
    };
    if let Some(meanings) = room(vm, class, selector) {
        let index = (class.place.get() & meanings.mask.get()) as usize;
        meanings.items()[index].kind.set(kind as i32);
        meanings.set_item(index, |meaning| &meaning.class, Some(class));
        meanings.set_item(index, |meaning| &meaning.payload, payload);
    }
    Some(function)
}

/// The meanings of a selector, with a place for `class` that is free, if there can be one.
fn room<'v>(vm: &'v Vm, class: Ref<'v, Class>, selector: Ref<'v, Symbol>) -> Option<Ref<'v, Meanings>> {
    let old = selector.meanings.get(vm);
    let mut length = old.map_or(FIRST_MEANINGS, |old| old.len());
    if let Some(old) = old {
        let taken = old.items()[(class.place.get() & old.mask.get()) as usize].class.get(vm);
        if taken.is_none() || length >= MOST_MEANINGS {
            return Some(old);
        }
        length *= 2;
    }
    let meanings = vm.allocate_array::<Meanings>(length).ok()?;
    meanings.mask.set(length as u32 - 1);
    for meaning in meanings.items() {
        meaning.payload.set_plain(crate::generated::NIL.0);
    }
    for known in old.into_iter().flat_map(|old| old.items()) {
        if let Some(class) = known.class.get(vm) {
            let index = (class.place.get() & meanings.mask.get()) as usize;
            meanings.items()[index].kind.set(known.kind.get());
            meanings.set_item(index, |meaning| &meaning.class, Some(class));
            meanings.set_item(index, |meaning| &meaning.payload, known.payload.get(vm));
        }
    }
    selector.set(|s| &s.meanings, Some(meanings));
    Some(meanings)
}

/// Methods have changed: selectors forget what they meant.
pub fn forget(vm: &Vm) {
    for symbol in som(vm).symbols.borrow().values() {
        // SAFETY: symbols live for ever.
        unsafe { symbol.get(vm) }.set(|s| &s.meanings, None);
    }
}
