//! `table.sort`

use std::cmp::Ordering as Order;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use crate::core::coerce::is_truthy;
use crate::core::error;
use crate::core::externs::{Semantics, compare};
use crate::core::table as tables;
use crate::generated::{Boxed, Externs, Ordering, Table, ValueKind};
use crate::library::args::Args;
use crate::text::sort::{self, Sequence};

pub fn sort(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    let length = tables::length(cx, table) as usize;
    if !cx.is_none_or_nil(1) {
        cx.function(1)?;
        sort::sort(&mut Elements { cx, less: less_by_call }, 1, length)?;
    } else if !sort_plain(cx, table, length) {
        sort::sort(
            &mut Elements {
                cx,
                less: less_by_value,
            },
            1,
            length,
        )?;
    }
    cx.ret_none()
}

/// Sorts an array of nothing but numbers or nothing but strings, where equal elements are the same; false, with nothing
/// done, if there is something else.
fn sort_plain(vm: &Vm, table: Ref<'_, Table>, length: usize) -> bool {
    let array = table.array.get(vm);
    let Some(items) = array.items().get(1..=length) else {
        return false;
    };
    if let Some(mut numbers) = all(items.iter().map(|item| item.get(vm).as_double())) {
        if numbers.iter().any(|number| number.is_nan()) {
            return false;
        }
        numbers.sort_unstable_by(|lhs, rhs| lhs.partial_cmp(rhs).unwrap_or(Order::Equal));
        for (item, number) in items.iter().zip(numbers) {
            item.set_plain(Value::double(number).bits());
        }
        return true;
    }
    let Some(mut strings) = all(items.iter().map(|item| item.get(vm).as_string(vm))) else {
        return false;
    };
    strings.sort_unstable_by(|lhs, rhs| lhs.as_bytes().cmp(rhs.as_bytes()));
    let writer = array.writer();
    for (index, string) in strings.into_iter().enumerate() {
        writer.set_item(index + 1, |item| item, string.boxed());
    }
    true
}

/// The contents of all options, unless one is empty.
fn all<T>(options: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    options.collect()
}

/// The elements of the table that is argument 0, ordered by `less`.
struct Elements<'c, 'a> {
    cx: &'c mut CallContext<'a>,
    less: fn(&mut CallContext<'_>, usize, usize) -> Result<bool, Throw>,
}

impl Sequence for Elements<'_, '_> {
    type Error = Throw;

    fn less(&mut self, left: usize, right: usize) -> Result<bool, Throw> {
        (self.less)(self.cx, left, right)
    }

    fn swap(&mut self, left: usize, right: usize) -> Result<(), Throw> {
        let (cx, table) = (&*self.cx, self.cx.table(0)?);
        let (at_left, at_right) = (element(cx, table, left), element(cx, table, right));
        let array = table.array.get(cx);
        if left.max(right) < array.items().len() {
            array.set_item(left, |item| item, at_right);
            array.set_item(right, |item| item, at_left);
            return Ok(());
        }
        tables::set_number(cx, table, left as f64, at_right)?;
        tables::set_number(cx, table, right as f64, at_left)
    }

    fn invalid_order(&mut self) -> Throw {
        error::throw_from_native(self.cx, "invalid order function for sorting")
    }
}

/// The element at an index, most likely in the array part.
#[inline]
fn element<'v>(vm: &'v Vm, table: Ref<'v, Table>, index: usize) -> Value<'v> {
    match table.array.get(vm).items().get(index) {
        Some(item) => item.get(vm),
        None => tables::get_number(vm, table, index as f64),
    }
}

fn less_by_call(cx: &mut CallContext<'_>, left: usize, right: usize) -> Result<bool, Throw> {
    let table = cx.table(0)?;
    let (lhs, rhs) = (element(cx, table, left), element(cx, table, right));
    let pending = cx.prepare(cx.arg(1), &[lhs, rhs])?;
    Ok(is_truthy(cx.call_for_one(pending)?))
}

/// Compares as `<` does.
fn less_by_value(cx: &mut CallContext<'_>, left: usize, right: usize) -> Result<bool, Throw> {
    let table = cx.table(0)?;
    let (lhs, rhs) = (element(cx, table, left), element(cx, table, right));
    if let Some(is_less) = compare(cx, lhs, rhs, |order| order == Some(Order::Less)) {
        return Ok(is_less);
    }
    let pending = match Semantics::less_slow(cx, lhs, rhs)? {
        Ordering::Known(is_less) => return Ok(is_less),
        Ordering::Call(function) => cx.prepare(function.boxed(), &[lhs, rhs])?,
        Ordering::CallObject(function, object) => cx.prepare(function.boxed(), &[object, lhs, rhs])?,
        Ordering::Swapped(_) | Ordering::SwappedObject(..) => {
            unreachable!("only `<=` can be asked the other way round")
        }
    };
    Ok(is_truthy(cx.call_for_one(pending)?))
}
