//! The runtime functions that the bytecode of Lua calls.

use std::cmp::Ordering as Order;

use dg_runtime::{Code, CoroutineStatus, Ref, Str, Throw, Value, Vm};

use super::coerce::{self, to_number};
use super::meta::{self, Handler};
use super::state::lua;
use super::table::{Origin, lookup, shape};
use super::{closure, error, table};
use crate::generated::{
    Boxed, Callee, Concatenation, Event, Externs, Field, ForPart, Found, Function, HOLE, Kind, NIL, Ordering, Outcome,
    Place, Shape, Shown, Site, Step, Stored, Table, ValueKind, nil,
};
use crate::library;
use crate::library::memory::{MAX_STRING, check_size, with_scratch};
use crate::text::parse_number::parse_number;

/// `__index` and `__newindex` chains end here: longer ones are taken for loops.
const MAX_CHAIN: usize = 100;

/// The functions that the specification of Lua declares.
pub struct Semantics;

impl Externs for Semantics {
    fn arith_slow<'v>(vm: &'v Vm, event: Event, lhs: Value<'v>, rhs: Value<'v>) -> Result<Outcome<'v>, Throw> {
        if let (Some(lhs), Some(rhs)) = (to_number(vm, lhs), to_number(vm, rhs)) {
            return Ok(Outcome::Done(arithmetic(event, lhs, rhs).boxed()));
        }
        match binary_method(vm, lhs, rhs, event)? {
            Some(handler) => Ok(outcome(handler)),
            None => {
                let (operand, culprit) = if to_number(vm, lhs).is_none() {
                    ("lhs", lhs)
                } else {
                    ("rhs", rhs)
                };
                let operand = if event == Event::Unm { "x" } else { operand };
                Err(error::type_error(vm, Some(operand), culprit, "perform arithmetic on"))
            }
        }
    }

    fn power(_vm: &Vm, lhs: f64, rhs: f64) -> f64 {
        power(lhs, rhs)
    }

    fn concat_slow<'v>(vm: &'v Vm, operands: &'v [Value<'v>]) -> Result<Concatenation<'v>, Throw> {
        concatenate(vm, operands)
    }

    fn length_slow<'v>(vm: &'v Vm, operand: Value<'v>) -> Result<Outcome<'v>, Throw> {
        match meta::method(vm, operand, Event::Len) {
            method if method.bits() == NIL.0 => Err(error::type_error(vm, Some("x"), operand, "get length of")),
            method => Ok(outcome(meta::handler(vm, method)?)),
        }
    }

    fn argument_table<'v>(vm: &'v Vm, arguments: &'v [Value<'v>]) -> Result<Ref<'v, Table>, Throw> {
        let table = table::new(vm, arguments.len() as u32, 1)?;
        table::set_list(vm, table, arguments, 1)?;
        table::set_str(vm, table, vm.str(b"n")?, Value::double(arguments.len() as f64))?;
        Ok(table)
    }

    fn find_field<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, name: Ref<'v, Str>) -> Field<'v> {
        lookup::find_field(vm, shape, name)
    }

    fn find_place<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, name: Ref<'v, Str>) -> Place<'v> {
        lookup::find_place(vm, shape, name)
    }

    fn entry_after<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Step<'v> {
        match table::entry_after(vm, table, key) {
            Ok(Some((key, value, after))) => Step::Entry(key, value, after as u32),
            _ => Step::End,
        }
    }

    fn entry_from<'v>(vm: &'v Vm, table: Ref<'v, Table>, place: u32) -> Step<'v> {
        match table::entry_from(vm, table, place as usize) {
            Some((key, value, after)) => Step::Entry(key, value, after as u32),
            None => Step::End,
        }
    }

    fn table_length<'v>(vm: &'v Vm, operand: Ref<'v, Table>) -> f64 {
        table::length(vm, operand).into()
    }

    fn equal_slow<'v>(vm: &'v Vm, lhs: Value<'v>, rhs: Value<'v>) -> Result<Outcome<'v>, Throw> {
        match equality_method(vm, lhs, rhs) {
            Some(method) => Ok(outcome(meta::handler(vm, method)?)),
            None => Ok(Outcome::Done(boolean(coerce::raw_equal(lhs, rhs)))),
        }
    }

    fn less_slow<'v>(vm: &'v Vm, lhs: Value<'v>, rhs: Value<'v>) -> Result<Ordering<'v>, Throw> {
        if let Some(known) = compare(vm, lhs, rhs, |order| order == Some(Order::Less)) {
            return Ok(Ordering::Known(known));
        }
        match order_method(vm, lhs, rhs, Event::Lt) {
            Some(method) => Ok(match meta::handler(vm, method)? {
                Handler::Function(function) => Ordering::Call(function),
                Handler::Object(function, object) => Ordering::CallObject(function, object),
            }),
            None => Err(error::order_error(vm, lhs, rhs)),
        }
    }

    fn less_equal_slow<'v>(vm: &'v Vm, lhs: Value<'v>, rhs: Value<'v>) -> Result<Ordering<'v>, Throw> {
        if let Some(known) = compare(vm, lhs, rhs, |order| order.is_some_and(Order::is_le)) {
            return Ok(Ordering::Known(known));
        }
        if let Some(method) = order_method(vm, lhs, rhs, Event::Le) {
            return Ok(match meta::handler(vm, method)? {
                Handler::Function(function) => Ordering::Call(function),
                Handler::Object(function, object) => Ordering::CallObject(function, object),
            });
        }
        match order_method(vm, rhs, lhs, Event::Lt) {
            Some(method) => Ok(match meta::handler(vm, method)? {
                Handler::Function(function) => Ordering::Swapped(function),
                Handler::Object(function, object) => Ordering::SwappedObject(function, object),
            }),
            None => Err(error::order_error(vm, lhs, rhs)),
        }
    }

    fn index_slow<'v>(vm: &'v Vm, object: Value<'v>, key: Value<'v>) -> Result<Found<'v>, Throw> {
        index(vm, object, key)
    }

    fn store_slow<'v>(
        vm: &'v Vm,
        object: Value<'v>,
        key: Value<'v>,
        stored: Value<'v>,
        named: bool,
    ) -> Result<Stored<'v>, Throw> {
        let origin = if named { Origin::Named } else { Origin::Computed };
        store(vm, object, key, stored, origin)
    }

    fn new_table<'v>(vm: &'v Vm, site: Ref<'v, Site>, array: u32) -> Result<Ref<'v, Table>, Throw> {
        table::of_shape(vm, shape::of_site(vm, site)?, array)
    }

    fn new_object<'v>(vm: &'v Vm, shape: Ref<'v, Shape>, values: &'v [Value<'v>]) -> Result<Ref<'v, Table>, Throw> {
        table::with_fields(vm, shape, values)
    }

    fn set_list<'v>(vm: &'v Vm, target: Ref<'v, Table>, values: &'v [Value<'v>], first: u32) -> Result<(), Throw> {
        table::set_list(vm, target, values, first)
    }

    fn new_closure<'v>(vm: &'v Vm, code: Ref<'v, Code>) -> Result<Ref<'v, Function>, Throw> {
        closure::new_closure(vm, code)
    }

    fn close_upvalues(vm: &Vm, from: i32) {
        let coroutine = vm.current_coroutine();
        if !coroutine.captured().borrow().is_empty() {
            closure::close_upvalues(vm, &coroutine, vm.running_base().wrapping_add(from as usize));
        }
    }

    fn for_number<'v>(vm: &'v Vm, given: Value<'v>, part: ForPart) -> Result<f64, Throw> {
        to_number(vm, given).ok_or_else(|| {
            let part = match part {
                ForPart::Initial => "initial value",
                ForPart::Limit => "limit",
                ForPart::Step => "step",
            };
            error::throw(vm, format!("'for' {part} must be a number"))
        })
    }

    fn call_target<'v>(vm: &'v Vm, callee: Value<'v>) -> Result<Ref<'v, Function>, Throw> {
        let method = meta::method(vm, callee, Event::Call);
        method
            .as_function(vm)
            .ok_or_else(|| error::type_error(vm, Some("f"), callee, "call"))
    }

    fn check_callee_given<'v>(vm: &'v Vm, arguments: &'v [Value<'v>]) -> Result<(), Throw> {
        if arguments.is_empty() {
            Err(error::argument_error(vm, 0, "value expected"))
        } else {
            Ok(())
        }
    }

    fn check_handler_given<'v>(vm: &'v Vm, handler: Value<'v>) -> Result<(), Throw> {
        if handler == nil() {
            Err(error::argument_error(vm, 1, "value expected"))
        } else {
            Ok(())
        }
    }

    fn protected_target<'v>(vm: &'v Vm, callee: Value<'v>) -> Callee<'v> {
        if let Some(function) = callee.as_function(vm) {
            return Callee::Function(function);
        }
        match meta::method(vm, callee, Event::Call).as_function(vm) {
            Some(function) => Callee::Object(function),
            // The error belongs to what the call protects: a handler gets to see it.
            None => Callee::Function(
                lua(vm).not_callable[coerce::type_number(vm, callee)]
                    .get(vm)
                    .expect("the library was opened"),
            ),
        }
    }

    fn refusal<'v>(vm: &'v Vm, thread: Value<'v>) -> Result<Value<'v>, Throw> {
        let Some(coroutine) = thread.as_thread(vm) else {
            return Err(error::argument_error(vm, 0, "coroutine expected"));
        };
        let state = match coroutine.status() {
            CoroutineStatus::Running => "running",
            CoroutineStatus::Normal => "normal",
            CoroutineStatus::Dead => "dead",
            CoroutineStatus::New | CoroutineStatus::Suspended => "suspended",
        };
        Ok(coerce::message(vm, &format!("cannot resume {state} coroutine")))
    }

    fn wrapped_error<'v>(vm: &'v Vm, thrown: Value<'v>) -> Value<'v> {
        let mut text = error::position_at(vm, 1);
        if text.is_empty() || !coerce::append_text(vm, &mut text, thrown) {
            return thrown;
        }
        error::message_value(vm, &text)
    }

    fn sine(_vm: &Vm, x: f64) -> f64 {
        x.sin()
    }

    fn cosine(_vm: &Vm, x: f64) -> f64 {
        x.cos()
    }

    fn tangent(_vm: &Vm, x: f64) -> f64 {
        x.tan()
    }

    fn exponential(_vm: &Vm, x: f64) -> f64 {
        x.exp()
    }

    fn logarithm(_vm: &Vm, x: f64) -> f64 {
        x.ln()
    }

    fn remainder(_vm: &Vm, x: f64, y: f64) -> f64 {
        x % y
    }

    fn random_number(vm: &Vm) -> f64 {
        lua(vm).random.uniform()
    }

    fn string_of_byte(vm: &Vm, byte: u32) -> Ref<'_, Str> {
        lua(vm).byte_string(vm, byte as u8)
    }

    fn substring<'v>(vm: &'v Vm, text: Ref<'v, Str>, from: i32, to: i32) -> Result<Ref<'v, Str>, Throw> {
        library::substring(vm, text, from.into(), to.into())
    }

    fn raw_get<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>) -> Value<'v> {
        table::get(vm, table, key)
    }

    fn raw_set<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, stored: Value<'v>) -> Result<(), Throw> {
        set_checked(vm, table, key, stored)
    }

    fn metatable_shown<'v>(vm: &'v Vm, x: Value<'v>) -> Value<'v> {
        library::metatable_shown(vm, x)
    }

    fn set_metatable<'v>(vm: &'v Vm, table: Ref<'v, Table>, metatable: Ref<'v, Table>) -> Result<bool, Throw> {
        library::set_metatable(vm, table, Some(metatable))
    }

    fn show<'v>(vm: &'v Vm, x: Value<'v>) -> Result<Shown<'v>, Throw> {
        match library::shown(vm, x) {
            Some(text) => text.map(Shown::Text),
            None => Ok(Shown::Other),
        }
    }

    fn parse_number<'v>(_vm: &'v Vm, text: Ref<'v, Str>) -> Value<'v> {
        parse_number(text.as_bytes()).map_or(nil(), Boxed::boxed)
    }
}

fn arithmetic(event: Event, lhs: f64, rhs: f64) -> f64 {
    match event {
        Event::Add => lhs + rhs,
        Event::Sub => lhs - rhs,
        Event::Mul => lhs * rhs,
        Event::Div => lhs / rhs,
        Event::Mod => coerce::modulo(lhs, rhs),
        Event::Pow => power(lhs, rhs),
        Event::Unm => -lhs,
        _ => unreachable!("{event:?} is no arithmetic"),
    }
}

fn power(lhs: f64, rhs: f64) -> f64 {
    if rhs == 2.0 { lhs * lhs } else { lhs.powf(rhs) }
}

fn boolean<'v>(value: bool) -> Value<'v> {
    if value {
        crate::generated::true_()
    } else {
        crate::generated::false_()
    }
}

fn outcome(handler: Handler<'_>) -> Outcome<'_> {
    match handler {
        Handler::Function(function) => Outcome::Call(function),
        Handler::Object(function, object) => Outcome::CallObject(function, object),
    }
}

/// The metamethod of the left operand or, if it has none, of the right one.
fn binary_method<'v>(vm: &'v Vm, lhs: Value<'v>, rhs: Value<'v>, event: Event) -> Result<Option<Handler<'v>>, Throw> {
    let mut method = meta::method(vm, lhs, event);
    if method.bits() == NIL.0 {
        method = meta::method(vm, rhs, event);
    }
    if method.bits() == NIL.0 {
        Ok(None)
    } else {
        meta::handler(vm, method).map(Some)
    }
}

/// The metamethod that both values have for a comparison by order.
fn order_method<'v>(vm: &'v Vm, lhs: Value<'v>, rhs: Value<'v>, event: Event) -> Option<Value<'v>> {
    if coerce::type_number(vm, lhs) != coerce::type_number(vm, rhs) {
        return None;
    }
    let method = meta::method(vm, lhs, event);
    let same = method.bits() != NIL.0 && coerce::raw_equal(method, meta::method(vm, rhs, event));
    same.then_some(method)
}

/// The metamethod that decides whether two objects are equal.
pub fn equality_method<'v>(vm: &'v Vm, lhs: Value<'v>, rhs: Value<'v>) -> Option<Value<'v>> {
    let comparable = matches!(
        (lhs.kind(vm), rhs.kind(vm)),
        (Kind::Table(_), Kind::Table(_)) | (Kind::Userdata(_), Kind::Userdata(_))
    );
    if !comparable || lhs == rhs {
        return None;
    }
    let (left, right) = (meta::metatable(vm, lhs)?, meta::metatable(vm, rhs)?);
    let method = meta::field(vm, left, Event::Eq);
    let same = left == right || coerce::raw_equal(method, meta::field(vm, right, Event::Eq));
    (same && method.bits() != NIL.0).then_some(method)
}

/// Compares two numbers or two strings; `None` for other values.
pub fn compare<'v>(vm: &'v Vm, lhs: Value<'v>, rhs: Value<'v>, decide: impl Fn(Option<Order>) -> bool) -> Option<bool> {
    match (lhs.kind(vm), rhs.kind(vm)) {
        (Kind::Double(lhs), Kind::Double(rhs)) => Some(decide(lhs.partial_cmp(&rhs))),
        (Kind::String(lhs), Kind::String(rhs)) => Some(decide(Some(lhs.as_bytes().cmp(rhs.as_bytes())))),
        _ => None,
    }
}

/// Reads a field of any value, as far as possible without calling a function.
#[inline(always)]
pub fn index<'v>(vm: &'v Vm, object: Value<'v>, key: Value<'v>) -> Result<Found<'v>, Throw> {
    if let Some(name) = key.as_string(vm) {
        if let Some(found) = index_name(vm, object, name) {
            return Ok(found);
        }
    } else if let Some(table) = object.as_table(vm) {
        let found = table::get(vm, table, key);
        if found.bits() != NIL.0 || table::metatable(vm, table).is_none() {
            return Ok(Found::Value(found));
        }
    }
    index_any(vm, object, key)
}

/// Looks for a string key in tables and strings, along `__index` tables. `None` leaves the whole search to [`index_any`].
#[inline]
fn index_name<'v>(vm: &'v Vm, object: Value<'v>, name: Ref<'v, Str>) -> Option<Found<'v>> {
    let mut at = match object.as_table(vm) {
        Some(table) => table,
        None if object.as_string(vm).is_some() => {
            let metatable = lua(vm).type_metatable(vm, coerce::STRING)?;
            match metatable.shape.get(vm).role.get(vm) {
                Some(known) => known.index.get(vm)?,
                None => meta::field(vm, metatable, Event::Index).as_table(vm)?,
            }
        }
        None => return None,
    };
    for _ in 0..MAX_CHAIN {
        let found = table::get_str(vm, at, name);
        if found.bits() != NIL.0 {
            return Some(Found::Value(found));
        }
        let known = at.shape.get(vm).metatable.get(vm);
        if let Some(next) = known.index.get(vm) {
            at = next;
            continue;
        }
        let method = meta::table_field(vm, at, Event::Index);
        match method.as_table(vm) {
            Some(next) => at = next,
            None if method.bits() == NIL.0 => return Some(Found::Value(nil())),
            None => return method.as_function(vm).map(|function| Found::Call(function, at.boxed())),
        }
    }
    None
}

#[cold]
fn index_any<'v>(vm: &'v Vm, object: Value<'v>, key: Value<'v>) -> Result<Found<'v>, Throw> {
    let mut at = object;
    for step in 0..MAX_CHAIN {
        let method = match at.as_table(vm) {
            Some(table) => {
                let found = table::get(vm, table, key);
                if found.bits() != NIL.0 {
                    return Ok(Found::Value(found));
                }
                match meta::table_field(vm, table, Event::Index) {
                    method if method.bits() == NIL.0 => return Ok(Found::Value(nil())),
                    method => method,
                }
            }
            None => match meta::method(vm, at, Event::Index) {
                method if method.bits() == NIL.0 => {
                    let operand = (step == 0).then_some("object");
                    return Err(error::type_error(vm, operand, at, "index"));
                }
                method => method,
            },
        };
        if let Some(function) = method.as_function(vm) {
            return Ok(Found::Call(function, at));
        }
        at = method;
    }
    Err(error::throw(vm, "loop in gettable"))
}

/// Writes a field of any value, as far as possible without calling a function. `origin` says where the key is from, if it
/// is a string.
#[inline]
pub fn store<'v>(
    vm: &'v Vm,
    object: Value<'v>,
    key: Value<'v>,
    stored: Value<'v>,
    origin: Origin,
) -> Result<Stored<'v>, Throw> {
    if let Some(table) = object.as_table(vm) {
        let no_event = || meta::table_field(vm, table, Event::NewIndex).bits() == NIL.0;
        if let Some(name) = key.as_string(vm) {
            if table::set_str_if(vm, table, name, stored, origin, no_event)? {
                return Ok(Stored::Done);
            }
        } else if let Some(number) = key.as_double()
            && !number.is_nan()
            && no_event()
        {
            return table::set_number(vm, table, number, stored).map(|()| Stored::Done);
        }
    }
    store_any(vm, object, key, stored)
}

#[cold]
fn store_any<'v>(vm: &'v Vm, object: Value<'v>, key: Value<'v>, stored: Value<'v>) -> Result<Stored<'v>, Throw> {
    let mut at = object;
    for step in 0..MAX_CHAIN {
        let method = match at.as_table(vm) {
            Some(table) => {
                if table::metatable(vm, table).is_none() {
                    return set_checked(vm, table, key, stored).map(|()| Stored::Done);
                }
                check_key(vm, key)?;
                let method = meta::table_field(vm, table, Event::NewIndex);
                if method.bits() == NIL.0 || table::get(vm, table, key).bits() != NIL.0 {
                    return table::set(vm, table, key, stored).map(|()| Stored::Done);
                }
                method
            }
            None => match meta::method(vm, at, Event::NewIndex) {
                method if method.bits() == NIL.0 => {
                    let operand = (step == 0).then_some("object");
                    return Err(error::type_error(vm, operand, at, "index"));
                }
                method => method,
            },
        };
        if let Some(function) = method.as_function(vm) {
            return Ok(Stored::Call(function, at));
        }
        at = method;
    }
    Err(error::throw(vm, "loop in settable"))
}

/// Sets a field of a table without metamethods; an invalid key is an error.
pub fn set_checked<'v>(vm: &'v Vm, table: Ref<'v, Table>, key: Value<'v>, stored: Value<'v>) -> Result<(), Throw> {
    check_key(vm, key)?;
    table::set(vm, table, key, stored)
}

fn check_key<'v>(vm: &'v Vm, key: Value<'v>) -> Result<(), Throw> {
    match key.kind(vm) {
        Kind::Nil => Err(error::throw(vm, "table index is nil")),
        Kind::Double(number) if number.is_nan() => Err(error::throw(vm, "table index is NaN")),
        _ => Ok(()),
    }
}

/// Joins the operands from the right, up to one that needs a metamethod. Operands that are done with have become holes.
fn concatenate<'v>(vm: &'v Vm, operands: &'v [Value<'v>]) -> Result<Concatenation<'v>, Throw> {
    let is_text = |value: Value<'v>| value.is_double() || value.as_string(vm).is_some();
    let end = operands
        .iter()
        .rposition(|operand| operand.bits() != HOLE.0)
        .map_or(0, |last| last + 1);
    let (last, others) = operands[..end].split_last().expect("a concatenation has operands");
    let mut joined = *last;
    let mut start = end - 1;
    if is_text(joined) {
        start = others
            .iter()
            .rposition(|&operand| !is_text(operand))
            .map_or(0, |index| index + 1);
        if end - start > 1 {
            joined = join(vm, &operands[start..end])?;
        }
    }
    if start == 0 {
        return Ok(Concatenation::Done(joined));
    }
    let lhs = operands[start - 1];
    let Some(handler) = binary_method(vm, lhs, joined, Event::Concat)? else {
        let (culprit, offset) = if is_text(lhs) {
            (joined, start)
        } else {
            (lhs, start - 1)
        };
        return Err(error::type_error_in_run(
            vm,
            Some(("values", offset as u32)),
            culprit,
            "concatenate",
        ));
    };
    let at = (start - 1) as i32;
    let frame = vm.frames().next().expect("a function runs");
    let first_slot = (operands.as_ptr() as usize - frame.base() as usize) / size_of::<u64>();
    for used in start..end {
        frame.set_slot((first_slot + used) as u32, crate::generated::hole());
    }
    Ok(match handler {
        Handler::Function(function) => Concatenation::Call(function, lhs, joined, at),
        Handler::Object(function, object) => Concatenation::CallObject(function, object, lhs, joined, at),
    })
}

/// Up to so many bytes, strings are joined without memory of their own.
const SHORT: usize = 64;

/// The text of all operands, which are strings or numbers.
fn join<'v>(vm: &'v Vm, operands: &[Value<'v>]) -> Result<Value<'v>, Throw> {
    let length: usize = operands
        .iter()
        .filter_map(|operand| operand.as_string(vm))
        .map(|text| text.as_bytes().len())
        .sum();
    if length > MAX_STRING {
        return Err(error::throw(vm, "string length overflow"));
    }
    if length <= SHORT && operands.iter().all(|operand| operand.as_string(vm).is_some()) {
        let (mut joined, mut end) = ([0; SHORT], 0);
        for text in operands.iter().filter_map(|operand| operand.as_string(vm)) {
            joined[end..end + text.len()].copy_from_slice(text.as_bytes());
            end += text.len();
        }
        return coerce::string(vm, &joined[..end]);
    }
    check_size(vm, length)?;
    with_scratch(vm, |joined| {
        for &operand in operands {
            coerce::append_text(vm, joined, operand);
        }
        coerce::string(vm, joined)
    })
}
