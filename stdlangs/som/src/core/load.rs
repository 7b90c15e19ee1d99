//! Loading classes: from the class path, or from the library that is built in.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use dg_runtime::{Ref, Throw, Vm};

use super::class::{add_method, bind, fields, inherited_layout, inherits, new_class, set_superclass};
use super::object::{Implementation, global_value, primitive, symbol, symbol_text, uncompiled};
use super::state::{MethodInfo, som};
use super::{error, library, lookup};
use crate::generated::{Boxed, Class, Method, ValueKind};
use crate::primitives;
use crate::syntax::ast::{ClassText, MethodText, Side};
use crate::syntax::{
    Position, SyntaxError, parse_class, parse_expression, parse_method, resolve_body, resolve_method, resolve_side,
};

/// A text with the name of its file.
struct Source {
    text: Cow<'static, [u8]>,
    file: String,
}

/// Finds the text of a class; none if there is none.
fn find(vm: &Vm, name: &str) -> Result<Option<Source>, Throw> {
    // A name is no path.
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(None);
    }
    for directory in som(vm).class_path.borrow().iter() {
        let path = directory.join(name).with_extension("som");
        match std::fs::read(&path) {
            Ok(text) => {
                let file = path.display().to_string();
                return Ok(Some(Source {
                    text: text.into(),
                    file,
                }));
            }
            Err(error) if path.is_file() => {
                return Err(error::throw(vm, format!("{} cannot be read: {error}", path.display())));
            }
            Err(_) => {}
        }
    }
    Ok(library::text(name).map(|text| Source {
        text: text.as_bytes().into(),
        file: format!("{name}.som"),
    }))
}

/// The class of a name: bound already, or loaded now. None if there is no text of it.
///
/// # Errors
/// When its text is no class, or memory runs out.
pub fn class<'v>(vm: &'v Vm, name: &str) -> Result<Option<Ref<'v, Class>>, Throw> {
    if let Some(class) = global_value(vm, symbol(vm, name.as_bytes())?).and_then(|value| value.as_class(vm)) {
        return Ok(Some(class));
    }
    let Some(source) = find(vm, name)? else {
        return Ok(None);
    };
    load(vm, name, &source).map(Some)
}

fn syntax_error(vm: &Vm, file: &str, error: &SyntaxError) -> Throw {
    error::throw_plain(vm, error.in_file(file))
}

fn error_at(vm: &Vm, file: &str, position: Position, message: impl Into<String>) -> Throw {
    let error = SyntaxError {
        position,
        message: message.into(),
    };
    syntax_error(vm, file, &error)
}

fn parse(vm: &Vm, name: &str, source: &Source) -> Result<ClassText, Throw> {
    let text = parse_class(&source.text).map_err(|error| syntax_error(vm, &source.file, &error))?;
    if *text.name == *name {
        return Ok(text);
    }
    let message = format!("this file has to define the class {name}, not {}", text.name);
    Err(error_at(vm, &source.file, text.position, message))
}

fn load<'v>(vm: &'v Vm, name: &str, source: &Source) -> Result<Ref<'v, Class>, Throw> {
    let text = parse(vm, name, source)?;
    let state = som(vm);
    let at = text.position;
    let superclass_name = text.superclass.clone().unwrap_or_else(|| "Object".into());
    if state.loading.borrow().contains(&text.name) {
        let message = format!("the class {name} inherits from itself");
        return Err(error_at(vm, &source.file, at, message));
    }
    if &*superclass_name == "nil" {
        return Err(error_at(vm, &source.file, at, "only Object has no superclass"));
    }
    state.loading.borrow_mut().push(Rc::clone(&text.name));
    let superclass = class(vm, &superclass_name);
    state.loading.borrow_mut().pop();
    let Some(superclass) = superclass? else {
        let message = format!("there is no class {superclass_name} to inherit from");
        return Err(error_at(vm, &source.file, at, message));
    };
    let class = new_class(vm, name, inherited_layout(vm, superclass))?;
    set_superclass(vm, class, Some(superclass));
    define(vm, class, text, source)?;
    bind(vm, class.name.get(vm), class.boxed())?;
    Ok(class)
}

/// Reads the file of a class that exists already: those that the virtual machine itself knows.
pub fn read_core_class(vm: &Vm, name: &str, class: Ref<'_, Class>) -> Result<(), Throw> {
    let Some(source) = find(vm, name)? else {
        return Err(error::throw(vm, format!("there is no class {name}")));
    };
    let text = parse(vm, name, &source)?;
    let stated = text.superclass.as_deref().unwrap_or("Object");
    // SAFETY: the class is alive as long as the VM is borrowed.
    let class = unsafe { class.raw().get(vm) };
    let actual = class
        .superclass
        .get(vm)
        .map(|superclass| symbol_text(vm, superclass.name.get(vm)));
    let actual = actual.as_deref().unwrap_or("nil");
    if stated != actual {
        let message = format!("the superclass of {name} is {actual}, not {stated}");
        return Err(error_at(vm, &source.file, text.position, message));
    }
    define(vm, class, text, &source)
}

/// Gives a class its fields and methods.
fn define<'v>(vm: &'v Vm, class: Ref<'v, Class>, text: ClassText, source: &Source) -> Result<(), Throw> {
    let file: Rc<str> = source.file.as_str().into();
    let metaclass = class.class.get(vm);
    let own_same = text
        .instance
        .methods
        .iter()
        .chain(&text.class.methods)
        .any(|method| &*method.selector == "==");
    if own_same && som(vm).core.all().all(|(_, root)| root.get(vm) != class) {
        som(vm).world.get(vm).same_is_sent.set(true);
    }
    define_side(vm, class, text.instance, &file)?;
    define_side(vm, metaclass, text.class, &file)?;
    let fields = vm.new_values(metaclass.instance_size.get() as usize)?;
    class.set(|c| &c.fields, fields);
    Ok(())
}

/// `class` is a class or a metaclass.
fn define_side<'v>(vm: &'v Vm, class: Ref<'v, Class>, mut side: Side, file: &Rc<str>) -> Result<(), Throw> {
    let mut all = class
        .superclass
        .get(vm)
        .map_or(Vec::new(), |superclass| fields(vm, superclass));
    all.extend(side.fields.iter().cloned());
    if all.len() > usize::from(u16::MAX) {
        return Err(error::throw(
            vm,
            format!("{file}: a class has {} fields at most", u16::MAX),
        ));
    }
    resolve_side(&mut side, &all).map_err(|error| syntax_error(vm, file, &error))?;
    class.instance_size.set(all.len() as u32);
    {
        let mut classes = som(vm).classes.borrow_mut();
        let info = &mut classes[class.number.get() as usize];
        info.fields = all;
        info.file = Rc::clone(file);
    }
    for method in side.methods {
        define_method(vm, class, method, file)?;
    }
    Ok(())
}

fn define_method<'v>(vm: &'v Vm, class: Ref<'v, Class>, text: MethodText, file: &Rc<str>) -> Result<(), Throw> {
    let state = som(vm);
    let signature = symbol(vm, text.selector.as_bytes())?;
    let method = vm.allocate::<Method>()?;
    method.set(|m| &m.holder, class);
    method.set(|m| &m.signature, signature);
    let info = MethodInfo {
        method: method.raw(),
        selector: Rc::clone(&text.selector),
        body: text.body.map(Rc::new),
        file: Rc::clone(file),
        line: text.position.line,
        layout: inherited_layout(vm, class),
        home_slot: Cell::new(0),
    };
    let is_primitive = info.body.is_none();
    let knows_nil = [&state.core.object, &state.core.nil].map(|root| root.get(vm));
    if matches!(&*text.selector, "isNil" | "notNil") && !knows_nil.contains(&class) {
        state.world.get(vm).nil_is_sent.set(true);
    }
    {
        let mut methods = state.methods.borrow_mut();
        method.definition.set(methods.len() as u32);
        methods.push(Rc::new(info));
    }
    let function = if is_primitive {
        let holder = symbol_text(vm, class.name.get(vm));
        let name = format!("{holder}>>{}", text.selector);
        let implementation = primitives::find(&holder, &text.selector);
        let implementation = implementation.unwrap_or(Implementation::Native(primitives::unknown));
        primitive(vm, method, &name, implementation)?
    } else {
        uncompiled(vm, method)?
    };
    method.set(|m| &m.function, Some(function));
    add_method(vm, class, method);
    Ok(())
}

/// Compiles the text of a method for a class, in place of one with the same selector. `class_side` says for which side.
///
/// # Errors
/// When the text is no method, or memory runs out.
pub fn replace_method<'v>(vm: &'v Vm, class: Ref<'v, Class>, class_side: bool, text: &[u8]) -> Result<(), Throw> {
    let class = if class_side { class.class.get(vm) } else { class };
    let file: Rc<str> = "(method)".into();
    let mut method = parse_method(text).map_err(|error| syntax_error(vm, &file, &error))?;
    resolve_method(&mut method, &fields(vm, class)).map_err(|error| syntax_error(vm, &file, &error))?;
    let world = som(vm).world.get(vm);
    match &*method.selector {
        "==" if !inherits(vm, som(vm).core.integer.get(vm), class) => world.same_is_sent.set(true),
        "isNil" | "notNil" => world.nil_is_sent.set(true),
        _ => {}
    }
    define_method(vm, class, method, &file)?;
    lookup::forget(vm);
    Ok(())
}

/// Makes statements the method `evaluate:` of a class; its parameter is `it`.
pub fn define_evaluation<'v>(vm: &'v Vm, class: Ref<'v, Class>, source: &[u8]) -> Result<(), Throw> {
    let file: Rc<str> = "(line)".into();
    let body = parse_expression(source, &["it"]).and_then(|mut body| {
        resolve_body(&mut body, &[])?;
        Ok(body)
    });
    let text = MethodText {
        selector: "evaluate:".into(),
        position: Position { line: 1, column: 1 },
        body: Some(body.map_err(|error| syntax_error(vm, &file, &error))?),
    };
    define_method(vm, class, text, &file)
}
