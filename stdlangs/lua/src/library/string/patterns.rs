//! The functions of `string` that match patterns.

use std::rc::Rc;

use dg_runtime::{CallContext, NativeResult, Throw, Value, Vm};

use super::position;
use crate::core::coerce::{self, is_truthy};
use crate::core::state::lua;
use crate::core::{error, table};
use crate::generated::{Boxed, Function, Kind, ValueKind, nil};
use crate::library::args::{Args, to_int};
use crate::library::calls::{self, call_for_slot, captured};
use crate::library::memory::{check_size, keep_scratch, take_scratch};
use crate::text::pattern::{Capture, Matcher, Pattern, PatternError};
use crate::text::search::{expand_template, find_plain, has_specials};

pub fn find(cx: &mut CallContext<'_>) -> NativeResult {
    let (subject, pattern) = (cx.bytes(0)?, cx.bytes(1)?);
    let from = search_start(cx, subject)?;
    if is_truthy(cx.arg(3)) || !has_specials(pattern) {
        return match find_plain(subject, pattern, from) {
            Some(start) => cx.ret_all(&[number(start + 1), number(start + pattern.len())]),
            None => cx.ret_nil(),
        };
    }
    let pattern = compiled(cx, pattern, true);
    let mut matcher = lua(cx).matcher.borrow_mut();
    match pattern.find(&mut matcher, subject, from) {
        Ok(Some((start, end))) => {
            cx.push(number(start + 1))?;
            cx.push(number(end))?;
            let count = pattern.capture_count();
            push_captures(cx, &pattern, &matcher, subject, (start, end), count)?;
            cx.ret_pushed(2 + count as u32)
        }
        Ok(None) => cx.ret_nil(),
        Err(error) => Err(pattern_error(cx, error)),
    }
}

pub fn match_(cx: &mut CallContext<'_>) -> NativeResult {
    let (subject, pattern) = (cx.bytes(0)?, cx.bytes(1)?);
    let from = search_start(cx, subject)?;
    let pattern = compiled(cx, pattern, true);
    let mut matcher = lua(cx).matcher.borrow_mut();
    match pattern.find(&mut matcher, subject, from) {
        Ok(Some(span)) => ret_captures_or_whole(cx, &pattern, &matcher, subject, span),
        Ok(None) => cx.ret_nil(),
        Err(error) => Err(pattern_error(cx, error)),
    }
}

/// Makes the code that the iterators of `gmatch` share.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    lua(vm)
        .gmatch_code
        .set(Some(vm.new_native_code("gmatch iterator", next_match)?));
    Ok(())
}

pub fn gmatch(cx: &mut CallContext<'_>) -> NativeResult {
    let (subject, pattern) = (cx.string(0)?, cx.string(1)?);
    let code = lua(cx).gmatch_code.get(cx).expect("the library was opened");
    cx.ret(calls::with_code(cx, code, &[subject.boxed(), pattern.boxed(), number(0)])?.boxed())
}

/// An iterator of `gmatch`: captures the subject, the pattern and how far it has got.
fn next_match(cx: &mut CallContext<'_>) -> NativeResult {
    let iterator = cx.callee::<Function>();
    let [subject, pattern] = [0, 1].map(|index| captured(cx, iterator, index).as_string(cx));
    let (Some(subject), Some(pattern)) = (subject, pattern) else {
        unreachable!("gmatch made the iterator with two strings")
    };
    let subject = subject.as_bytes();
    let from = captured(cx, iterator, 2)
        .as_double()
        .expect("only the iterator sets it") as usize;
    if from > subject.len() {
        return cx.ret_none();
    }
    let pattern = compiled(cx, pattern.as_bytes(), false);
    let mut matcher = lua(cx).matcher.borrow_mut();
    match pattern.find(&mut matcher, subject, from) {
        Ok(Some((start, end))) => {
            // After an empty match the next one begins further on.
            let next = if end == start { end + 1 } else { end };
            iterator.items()[2].get(cx).closed.set_plain(number(next).bits());
            ret_captures_or_whole(cx, &pattern, &matcher, subject, (start, end))
        }
        Ok(None) => cx.ret_none(),
        Err(error) => Err(pattern_error(cx, error)),
    }
}

pub fn gsub(cx: &mut CallContext<'_>) -> NativeResult {
    cx.string(0)?;
    let pattern = compiled(cx, cx.bytes(1)?, true);
    let most = if cx.is_none_or_nil(3) {
        i64::MAX
    } else {
        to_int(cx.integer(3)?)
    };
    let replace: Replace = match cx.arg(2).kind(cx) {
        Kind::Double(_) | Kind::String(_) => {
            cx.string(2)?;
            replace_by_template
        }
        Kind::Table(_) => replace_by_field,
        Kind::Function(_) => replace_by_call,
        _ => return Err(cx.bad(2, "string/function/table expected")),
    };
    let mut out = take_scratch(cx);
    let count = substitute(cx, &mut out, &pattern, most, replace)?;
    cx.push(cx.str(&out)?.boxed())?;
    keep_scratch(cx, out);
    cx.push(Value::double(count as f64))?;
    cx.ret_pushed(2)
}

/// Appends what replaces a match. The captures are those that the virtual machine's matcher found last.
type Replace = fn(&mut CallContext<'_>, &mut Vec<u8>, &Pattern, (usize, usize)) -> Result<(), Throw>;

/// Appends the subject, argument 0, with up to `most` matches replaced, and answers how many these were.
fn substitute(
    cx: &mut CallContext<'_>,
    out: &mut Vec<u8>,
    pattern: &Pattern,
    most: i64,
    replace: Replace,
) -> Result<i64, Throw> {
    let (mut at, mut count) = (0, 0);
    while count < most {
        let subject = cx.bytes(0)?;
        let found = pattern.find(&mut lua(cx).matcher.borrow_mut(), subject, at);
        let Some((start, end)) = found.map_err(|error| pattern_error(cx, error))? else {
            break;
        };
        out.extend_from_slice(&subject[at..start]);
        replace(cx, out, pattern, (start, end))?;
        check_size(cx, out.len())?;
        count += 1;
        at = end;
        if start == end {
            // After an empty match the next one begins further on.
            match cx.bytes(0)?.get(end) {
                Some(&byte) => out.push(byte),
                None => break,
            }
            at += 1;
        }
        if pattern.is_anchored() {
            break;
        }
    }
    out.extend_from_slice(&cx.bytes(0)?[at..]);
    Ok(count)
}

fn replace_by_template(
    cx: &mut CallContext<'_>,
    out: &mut Vec<u8>,
    pattern: &Pattern,
    span: (usize, usize),
) -> Result<(), Throw> {
    let (subject, template) = (cx.bytes(0)?, cx.bytes(2)?);
    let matcher = lua(cx).matcher.borrow();
    expand_template(out, template, pattern, &matcher, subject, span).map_err(|error| pattern_error(cx, error))
}

fn replace_by_field(
    cx: &mut CallContext<'_>,
    out: &mut Vec<u8>,
    pattern: &Pattern,
    span: (usize, usize),
) -> Result<(), Throw> {
    if let Some(table) = cx.arg(2).as_table(cx) {
        // Without a metamethod nothing runs meanwhile.
        let key = capture(cx, pattern, &lua(cx).matcher.borrow(), cx.bytes(0)?, span, 0)?;
        let found = table::get(cx, table, key);
        if found != nil() || table::metatable(cx, table).is_none() {
            return append_replacement(cx, out, found, span);
        }
    }
    let key_slot = cx.top();
    push_captures(cx, pattern, &lua(cx).matcher.borrow(), cx.bytes(0)?, span, 1)?;
    let found = calls::index(cx, 2, key_slot)?;
    append_replacement(cx, out, cx.slot(found), span)?;
    cx.set_top(key_slot);
    Ok(())
}

fn replace_by_call(
    cx: &mut CallContext<'_>,
    out: &mut Vec<u8>,
    pattern: &Pattern,
    span: (usize, usize),
) -> Result<(), Throw> {
    let pending = cx.prepare_empty(cx.arg(2))?;
    let count = pattern.capture_count().max(1);
    push_captures(cx, pattern, &lua(cx).matcher.borrow(), cx.bytes(0)?, span, count)?;
    let pending = cx.complete(pending);
    let answer = call_for_slot(cx, pending)?;
    append_replacement(cx, out, cx.slot(answer), span)?;
    cx.set_top(answer);
    Ok(())
}

/// Nil and false leave the match as it is.
fn append_replacement<'v>(
    cx: &'v CallContext<'_>,
    out: &mut Vec<u8>,
    replacement: Value<'v>,
    (start, end): (usize, usize),
) -> Result<(), Throw> {
    if !is_truthy(replacement) {
        out.extend_from_slice(&cx.bytes(0)?[start..end]);
    } else if !coerce::append_text(cx, out, replacement) {
        let type_name = coerce::type_name(cx, replacement);
        return Err(error::throw_from_native(
            cx,
            format!("invalid replacement value (a {type_name})"),
        ));
    }
    Ok(())
}

/// Where the search begins: argument 2, from 1 on or from the end.
#[inline]
fn search_start(cx: &CallContext<'_>, subject: &[u8]) -> Result<usize, Throw> {
    let from = position(cx.integer_or(2, 1)?, subject.len()) - 1;
    Ok((from.max(0) as usize).min(subject.len()))
}

fn compiled(vm: &Vm, pattern: &[u8], may_anchor: bool) -> Rc<Pattern> {
    lua(vm).patterns.borrow_mut().get(pattern, may_anchor)
}

/// Returns all captures, or the whole match if there are none.
fn ret_captures_or_whole(
    cx: &CallContext<'_>,
    pattern: &Pattern,
    matcher: &Matcher,
    subject: &[u8],
    span: (usize, usize),
) -> NativeResult {
    let count = pattern.capture_count().max(1);
    push_captures(cx, pattern, matcher, subject, span, count)?;
    cx.ret_pushed(count as u32)
}

/// Pushes the first captures, where the whole match stands in for the first one if there is none.
fn push_captures(
    cx: &CallContext<'_>,
    pattern: &Pattern,
    matcher: &Matcher,
    subject: &[u8],
    span: (usize, usize),
    count: usize,
) -> Result<(), Throw> {
    for index in 0..count {
        cx.push(capture(cx, pattern, matcher, subject, span, index)?)?;
    }
    Ok(())
}

/// A capture, where the whole match stands in for the first one if there is none.
#[inline]
fn capture<'c>(
    cx: &'c CallContext<'_>,
    pattern: &Pattern,
    matcher: &Matcher,
    subject: &[u8],
    span: (usize, usize),
    index: usize,
) -> Result<Value<'c>, Throw> {
    match pattern.capture_or_whole(matcher, index, span) {
        Ok(Capture::Span { start, end }) => coerce::string(cx, &subject[start..end]),
        Ok(Capture::Position(position)) => Ok(number(position + 1)),
        Err(error) => Err(pattern_error(cx, error)),
    }
}

fn pattern_error(vm: &Vm, error: PatternError) -> Throw {
    error::throw_from_native(vm, error.message())
}

fn number<'v>(count: usize) -> Value<'v> {
    Value::double(count as f64)
}
