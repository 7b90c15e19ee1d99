//! New objects, with every field set before anyone sees them, and what values are made of.

use dg_runtime::{DelegatingNative, NativeFn, Ref, SpecNative, Str, Throw, Value, Vm};

use super::state::som;
use crate::generated::{
    Array, Boxed, Class, Function, Global, Instance, Kind, Method, NIL, Symbol, UNBOUND, ValueKind, false_, true_,
};

/// A block of no parameters has this kind; each parameter adds one.
pub const BLOCK_KIND: u32 = 2;
/// The kind of a primitive.
pub const PRIMITIVE_KIND: u32 = 1;
/// The kind of a method.
pub const METHOD_KIND: u32 = 0;

/// The symbol with this text.
pub fn symbol<'v>(vm: &'v Vm, text: &[u8]) -> Result<Ref<'v, Symbol>, Throw> {
    symbol_of(vm, vm.str(text)?)
}

/// The symbol with this text.
pub fn symbol_of<'v>(vm: &'v Vm, text: Ref<'v, Str>) -> Result<Ref<'v, Symbol>, Throw> {
    let key = text.raw().0;
    if let Some(&symbol) = som(vm).symbols.borrow().get(&key) {
        // SAFETY: symbols live for ever.
        return Ok(unsafe { symbol.get(vm) });
    }
    let symbol = vm.allocate::<Symbol>()?;
    symbol.set(|s| &s.text, text);
    symbol.arguments.set(count_arguments(text.as_bytes()));
    som(vm).symbols.borrow_mut().insert(key, symbol.raw());
    Ok(symbol)
}

/// How many arguments a message with this selector has.
pub fn count_arguments(selector: &[u8]) -> u32 {
    match selector.first() {
        Some(first) if first.is_ascii_alphabetic() || *first == b'_' => {
            selector.iter().filter(|&&byte| byte == b':').count() as u32
        }
        Some(_) => 1,
        None => 0,
    }
}

/// The global with this name; it may be unbound.
pub fn global<'v>(vm: &'v Vm, name: Ref<'v, Symbol>) -> Result<Ref<'v, Global>, Throw> {
    let key = name.raw().0;
    if let Some(&global) = som(vm).globals.borrow().get(&key) {
        // SAFETY: globals live for ever.
        return Ok(unsafe { global.get(vm) });
    }
    let global = vm.allocate::<Global>()?;
    global.set(|g| &g.name, name.boxed());
    global.content.set_plain(UNBOUND.0);
    som(vm).globals.borrow_mut().insert(key, global.raw());
    Ok(global)
}

/// What a global is bound to.
pub fn global_value<'v>(vm: &'v Vm, name: Ref<'v, Symbol>) -> Option<Value<'v>> {
    let global = *som(vm).globals.borrow().get(&name.raw().0)?;
    // SAFETY: globals live for ever.
    let value = unsafe { global.get(vm) }.content.get(vm);
    (value.raw() != UNBOUND).then_some(value)
}

/// An array of nils.
pub fn array_of<'v>(vm: &'v Vm, class: Ref<'v, Class>, length: usize) -> Result<Ref<'v, Array>, Throw> {
    let array = vm.allocate_array::<Array>(length)?;
    array.set(|a| &a.class, class);
    array.items().iter().for_each(|item| item.set_plain(NIL.0));
    Ok(array)
}

/// An array of these values.
pub fn array<'v>(vm: &'v Vm, values: &[Value<'v>]) -> Result<Ref<'v, Array>, Throw> {
    let array = vm.allocate_array::<Array>(values.len())?;
    array.set(|a| &a.class, som(vm).core.array.get(vm));
    for (index, value) in values.iter().enumerate() {
        array.set_item(index, |item| item, *value);
    }
    Ok(array)
}

/// An object whose fields are nil.
pub fn instance<'v>(vm: &'v Vm, class: Ref<'v, Class>) -> Result<Ref<'v, Instance>, Throw> {
    let instance = vm.allocate_array::<Instance>(class.instance_size.get() as usize)?;
    instance.set(|i| &i.class, class);
    instance.items().iter().for_each(|field| field.set_plain(NIL.0));
    Ok(instance)
}

/// The function of a method that was not called yet.
pub fn uncompiled<'v>(vm: &'v Vm, method: Ref<'v, Method>) -> Result<Ref<'v, Function>, Throw> {
    let function = vm.allocate_array::<Function>(0)?;
    function.set(|f| &f.code, som(vm).uncompiled.get(vm));
    function.set(|f| &f.class, som(vm).core.method.get(vm));
    function.set(|f| &f.method, method);
    function.kind.set(METHOD_KIND);
    function.receiver.set_plain(NIL.0);
    Ok(function)
}

/// How a primitive is written.
#[derive(Clone, Copy)]
pub enum Implementation {
    /// In Rust.
    Native(NativeFn),
    /// In the specification.
    Spec(&'static SpecNative),
    /// In the specification where that is simple, otherwise in Rust.
    Both(&'static DelegatingNative, NativeFn),
}

/// The function of a primitive.
pub fn primitive<'v>(
    vm: &'v Vm,
    method: Ref<'v, Method>,
    name: &str,
    implementation: Implementation,
) -> Result<Ref<'v, Function>, Throw> {
    let code = match implementation {
        Implementation::Native(native) => vm.new_native_code(name, native)?,
        Implementation::Spec(native) => vm.new_spec_code(native)?,
        Implementation::Both(beginning, native) => {
            let code = vm.new_native_code(name, native)?;
            code.begin_with(beginning);
            code
        }
    };
    let function = vm.allocate_array::<Function>(0)?;
    function.set(|f| &f.code, code);
    function.set(|f| &f.class, som(vm).core.primitive.get(vm));
    function.set(|f| &f.method, method);
    function.kind.set(PRIMITIVE_KIND);
    function.receiver.set_plain(NIL.0);
    Ok(function)
}

/// true or false
#[inline]
pub fn boolean<'v>(value: bool) -> Value<'v> {
    if value { true_() } else { false_() }
}

/// The class of a value.
#[inline]
pub fn class_of<'v>(vm: &'v Vm, value: Value<'v>) -> Ref<'v, Class> {
    let core = &som(vm).core;
    match value.kind(vm) {
        Kind::Object(object) => object.class.get(vm),
        Kind::Function(function) => function.class.get(vm),
        Kind::Array(array) => array.class.get(vm),
        Kind::Class(class) => class.class.get(vm),
        Kind::Integer(_) | Kind::Big(_) => core.integer.get(vm),
        Kind::Double(_) => core.double.get(vm),
        Kind::String(_) => core.string.get(vm),
        Kind::Symbol(_) => core.symbol.get(vm),
        Kind::True => core.true_.get(vm),
        Kind::False => core.false_.get(vm),
        Kind::Nil | Kind::Unbound | Kind::Variable(_) => core.nil.get(vm),
    }
}

/// The text of a string or a symbol.
pub fn text_of<'v>(vm: &'v Vm, value: Value<'v>) -> Option<Ref<'v, Str>> {
    value
        .as_string(vm)
        .or_else(|| value.as_symbol(vm).map(|symbol| symbol.text.get(vm)))
}

/// The text of a symbol, for messages.
pub fn symbol_text(vm: &Vm, symbol: Ref<'_, Symbol>) -> String {
    String::from_utf8_lossy(symbol.text.get(vm).as_bytes()).into_owned()
}

/// A value in a few words, for messages.
pub fn describe(vm: &Vm, value: Value<'_>) -> String {
    match value.kind(vm) {
        Kind::Nil | Kind::Unbound | Kind::Variable(_) => "nil".to_string(),
        Kind::True => "true".to_string(),
        Kind::False => "false".to_string(),
        Kind::Integer(number) => number.to_string(),
        Kind::Double(number) => super::number::double_text(number),
        Kind::Symbol(symbol) => format!("#{}", symbol_text(vm, symbol)),
        Kind::String(_) => "a String".to_string(),
        Kind::Class(class) => symbol_text(vm, class.name.get(vm)),
        _ => format!("an instance of {}", symbol_text(vm, class_of(vm, value).name.get(vm))),
    }
}

/// The message of what was thrown last.
pub fn describe_thrown(vm: &Vm) -> String {
    let thrown = vm.thrown();
    match text_of(vm, thrown) {
        Some(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        None => describe(vm, thrown),
    }
}
