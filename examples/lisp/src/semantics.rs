//! What the bytecode needs of its host: errors, records, and names.

use std::cell::RefCell;
use std::collections::HashMap;

use dg_runtime::{Ref, RefHandle, Str, Throw, Value, Vm};

use crate::generated::{Externs, Global, Kind, Place, Problem, Record, ValueKind, nil};

/// The names of the fields of each shape, and what global names stand for.
#[derive(Default)]
pub struct State {
    shapes: RefCell<Vec<Vec<String>>>,
    globals: RefCell<HashMap<String, RefHandle<Global>>>,
}

/// The runtime functions of the specification.
pub struct Semantics;

impl Externs for Semantics {
    fn complaint<'v>(vm: &'v Vm, problem: Problem, about: Value<'v>) -> Result<Ref<'v, Str>, Throw> {
        let about = text(vm, about);
        let what = match problem {
            Problem::NoNumber => format!("{about} is no number"),
            Problem::NoRecord => format!("{about} is no record"),
            Problem::NoField => format!("there is no field {about}"),
            Problem::NoFunction => format!("{about} is no function"),
        };
        message(vm, &what)
    }

    fn new_record<'v>(vm: &'v Vm, shape: u32, fields: &'v [Value<'v>]) -> Result<Ref<'v, Record>, Throw> {
        let record = vm.allocate_array::<Record>(fields.len())?;
        record.shape.set(shape);
        for (index, field) in fields.iter().enumerate() {
            record.set_item(index, |item| item, *field);
        }
        Ok(record)
    }

    fn find_field<'v>(vm: &'v Vm, shape: u32, name: Ref<'v, Str>) -> Place {
        let shapes = vm.data::<State>().shapes.borrow();
        let mut names = shapes[shape as usize].iter();
        let position = names.position(|field| field.as_bytes() == name.as_bytes());
        position.map_or(Place::Missing, |index| Place::At(index as u32))
    }
}

/// The number of the shape with these fields.
pub fn shape(vm: &Vm, names: Vec<String>) -> u32 {
    let mut shapes = vm.data::<State>().shapes.borrow_mut();
    let known = shapes.iter().position(|fields| *fields == names);
    known.unwrap_or_else(|| {
        shapes.push(names);
        shapes.len() - 1
    }) as u32
}

/// What a global name stands for; nil at first.
pub fn global<'v>(vm: &'v Vm, name: &str) -> Result<Ref<'v, Global>, Throw> {
    let mut globals = vm.data::<State>().globals.borrow_mut();
    if let Some(global) = globals.get(name) {
        return Ok(global.get(vm));
    }
    let global = vm.allocate::<Global>()?;
    global.set(|global| &global.content, nil());
    globals.insert(name.to_string(), vm.root_ref(global));
    Ok(global)
}

/// The text of an error: what is wrong, and in which line.
pub fn message<'v>(vm: &'v Vm, what: &str) -> Result<Ref<'v, Str>, Throw> {
    match vm.frames().find_map(|frame| frame.line()) {
        Some(line) => vm.str(format!("line {line}: {what}").as_bytes()),
        None => vm.str(what.as_bytes()),
    }
}

/// How a value is shown.
pub fn text(vm: &Vm, value: Value<'_>) -> String {
    match value.kind(vm) {
        Kind::Nil => "nil".to_string(),
        Kind::False => "false".to_string(),
        Kind::True => "true".to_string(),
        Kind::Integer(integer) => integer.to_string(),
        Kind::Double(double) => format!("{double:?}"),
        Kind::String(string) => String::from_utf8_lossy(string.as_bytes()).into_owned(),
        Kind::Function(function) => format!("<{}>", function.code.get(vm).info().name),
        Kind::Record(record) => {
            let names = &vm.data::<State>().shapes.borrow()[record.shape.get() as usize];
            let fields = names
                .iter()
                .zip(record.items())
                .map(|(name, field)| format!(" {name} {}", text(vm, field.get(vm))));
            format!("(record{})", fields.collect::<String>())
        }
    }
}
