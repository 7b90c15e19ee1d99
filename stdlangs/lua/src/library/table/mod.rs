//! `table`

pub(super) mod extensions;
mod sort;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use super::args::{Args, to_int};
use super::calls::call_for_slot;
use super::memory::{check_size, with_scratch};
use super::{Functions, library};
use crate::core::{coerce, error, table as tables};
use crate::generated::{NIL, Table, nil};

#[rustfmt::skip] // a table
const FUNCTIONS: Functions = &[
    ("concat", concat), ("foreach", foreach), ("foreachi", foreachi), ("getn", getn), ("insert", insert),
    ("maxn", maxn), ("remove", remove), ("setn", setn), ("sort", sort::sort),
];

/// Opens the library.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    library(vm, "table", FUNCTIONS).map(|_| ())
}

fn concat(cx: &mut CallContext<'_>) -> NativeResult {
    let separator = cx.bytes_or(1, b"")?;
    let table = cx.table(0)?;
    let first = to_int(cx.integer_or(2, 1)?);
    let last = if cx.is_none_or_nil(3) {
        length(cx, table)
    } else {
        to_int(cx.integer(3)?)
    };
    with_scratch(cx, |out| {
        for index in first..=last {
            let value = tables::get_number(cx, table, index as f64);
            if !coerce::append_text(cx, out, value) {
                let type_name = coerce::type_name(cx, value);
                let message = format!("invalid value ({type_name}) at index {index} in table for 'concat'");
                return Err(error::throw_from_native(cx, message));
            }
            if index < last {
                out.extend_from_slice(separator);
            }
            check_size(cx, out.len())?;
        }
        cx.ret_bytes(out)
    })
}

fn foreach(cx: &mut CallContext<'_>) -> NativeResult {
    cx.table(0)?;
    cx.function(1)?;
    // The key stays in a slot while the function runs.
    let key_slot = cx.top();
    cx.push(nil())?;
    loop {
        let (key, value) = match tables::next(cx, cx.table(0)?, cx.slot(key_slot)) {
            Ok(Some(entry)) => entry,
            Ok(None) => return cx.ret_none(),
            Err(tables::UnknownKey) => return Err(error::throw(cx, "invalid key to 'next'")),
        };
        cx.set_slot(key_slot, key);
        let pending = cx.prepare(cx.arg(1), &[key, value])?;
        let answer = call_for_slot(cx, pending)?;
        if cx.slot(answer) != nil() {
            return cx.ret_pushed(1);
        }
        cx.set_top(answer);
    }
}

fn foreachi(cx: &mut CallContext<'_>) -> NativeResult {
    let last = length(cx, cx.table(0)?);
    cx.function(1)?;
    for index in 1..=last {
        let value = tables::get_number(cx, cx.table(0)?, index as f64);
        let pending = cx.prepare(cx.arg(1), &[Value::double(index as f64), value])?;
        let answer = call_for_slot(cx, pending)?;
        if cx.slot(answer) != nil() {
            return cx.ret_pushed(1);
        }
        cx.set_top(answer);
    }
    cx.ret_none()
}

fn getn(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret_number(length(cx, cx.table(0)?) as f64)
}

fn setn(cx: &mut CallContext<'_>) -> NativeResult {
    cx.table(0)?;
    Err(error::throw_from_native(cx, "'setn' is obsolete"))
}

fn maxn(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    cx.ret_number(tables::largest_number(cx, table))
}

fn insert(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    let end = length(cx, table) + 1;
    match cx.count() {
        2 => tables::set_number(cx, table, end as f64, cx.arg(1))?,
        3 => {
            let at = to_int(cx.integer(1)?);
            if at < end {
                move_up(cx, table, at, end)?;
            }
            tables::set_number(cx, table, at as f64, cx.arg(2))?;
        }
        _ => return Err(error::throw_from_native(cx, "wrong number of arguments to 'insert'")),
    }
    cx.ret_none()
}

/// Moves the elements from `at` up to `end`, exclusive, up by one.
fn move_up<'v>(vm: &'v Vm, table: Ref<'v, Table>, at: i64, end: i64) -> Result<(), Throw> {
    // The last one first: it may make the array part grow.
    tables::set_number(vm, table, end as f64, tables::get_number(vm, table, (end - 1) as f64))?;
    if at >= 0 && end < table.array_size.get().into() {
        let array = table.array.get(vm);
        let (writer, items) = (array.writer(), array.items());
        for index in (at as usize + 1..end as usize).rev() {
            writer.set_item(index, |item| item, items[index - 1].get(vm));
        }
        return Ok(());
    }
    for index in (at + 1..end).rev() {
        tables::set_number(
            vm,
            table,
            index as f64,
            tables::get_number(vm, table, (index - 1) as f64),
        )?;
    }
    Ok(())
}

fn remove(cx: &mut CallContext<'_>) -> NativeResult {
    let table = cx.table(0)?;
    let end = length(cx, table);
    let at = to_int(cx.integer_or(1, end)?);
    if at < 1 || at > end {
        return cx.ret_none();
    }
    let removed = tables::get_number(cx, table, at as f64);
    if end < table.array_size.get().into() {
        let array = table.array.get(cx);
        let items = array.items();
        if at < end {
            let writer = array.writer();
            for index in at as usize..end as usize {
                writer.set_item(index, |item| item, items[index + 1].get(cx));
            }
        }
        items[end as usize].set_plain(NIL.0);
    } else {
        for index in at..end {
            tables::set_number(
                cx,
                table,
                index as f64,
                tables::get_number(cx, table, (index + 1) as f64),
            )?;
        }
        tables::set_number(cx, table, end as f64, nil())?;
    }
    cx.ret(removed)
}

fn length(vm: &Vm, table: Ref<'_, Table>) -> i64 {
    tables::length(vm, table).into()
}
