//! String and Symbol.

use dg_runtime::{CallContext, NativeResult, Ref, Str, Throw, Vm};

use super::object::string_hash;
use super::{Table, delegating, native};
use crate::core::error;
use crate::core::object::{boolean, symbol_of, text_of};
use crate::generated::{Boxed, natives};

#[rustfmt::skip] // one row each
pub const TABLE: Table = &[
    ("concatenate:",          native(concatenate)),
    ("asSymbol",              native(as_symbol)),
    ("hashcode",              native(hashcode)),
    ("length",                native(length)),
    ("charAt:",               delegating(&natives::CHAR_AT, char_at)),
    ("isWhiteSpace",          native(is_white_space)),
    ("isLetters",             native(is_letters)),
    ("isDigits",              native(is_digits)),
    ("=",                     native(equal)),
    ("primSubstringFrom:to:", native(substring)),
];

#[rustfmt::skip] // one row each
pub const SYMBOL_TABLE: Table = &[
    ("asString", native(as_string)),
];

fn receiver<'v>(cx: &'v CallContext<'_>, selector: &str) -> Result<Ref<'v, Str>, Throw> {
    let vm: &'v Vm = cx;
    text_of(vm, cx.arg(0)).ok_or_else(|| error::wrong_argument(vm, selector, "a String as receiver", cx.arg(0)))
}

/// The text of the i-th argument.
pub fn argument<'v>(cx: &'v CallContext<'_>, index: u32, selector: &str) -> Result<Ref<'v, Str>, Throw> {
    let vm: &'v Vm = cx;
    text_of(vm, cx.arg(index)).ok_or_else(|| error::wrong_argument(vm, selector, "a String", cx.arg(index)))
}

/// What the specification leaves: a Symbol, or an index that there is not.
fn char_at(cx: &mut CallContext<'_>) -> NativeResult {
    let bytes = receiver(cx, "charAt:")?.as_bytes();
    let index = cx.arg(1).as_int32(0).and_then(|index| usize::try_from(index - 1).ok());
    match index.and_then(|index| bytes.get(index)) {
        Some(byte) => cx.ret(cx.str(&[*byte])?.boxed()),
        None => Err(error::out_of_range(cx, "charAt:", cx.arg(1), bytes.len())),
    }
}

fn concatenate(cx: &mut CallContext<'_>) -> NativeResult {
    let text = [
        receiver(cx, "concatenate:")?.as_bytes(),
        argument(cx, 1, "concatenate:")?.as_bytes(),
    ]
    .concat();
    cx.ret(cx.str(&text)?.boxed())
}

fn as_symbol(cx: &mut CallContext<'_>) -> NativeResult {
    let text = receiver(cx, "asSymbol")?;
    cx.ret(symbol_of(cx, text)?.boxed())
}

fn as_string(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(receiver(cx, "asString")?.boxed())
}

fn hashcode(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret(string_hash(receiver(cx, "hashcode")?.as_bytes()).boxed())
}

fn length(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret((receiver(cx, "length")?.as_bytes().len() as i32).boxed())
}

/// Whether the text has characters, and all are of a kind. What is no Unicode is judged by its bytes.
fn all(cx: &CallContext<'_>, selector: &str, is_wanted: fn(char) -> bool) -> NativeResult {
    let text = receiver(cx, selector)?.as_bytes();
    let all = match std::str::from_utf8(text) {
        Ok(text) => text.chars().all(is_wanted),
        Err(_) => text.iter().all(|&byte| byte.is_ascii() && is_wanted(char::from(byte))),
    };
    cx.ret(boolean(all && !text.is_empty()))
}

fn is_white_space(cx: &mut CallContext<'_>) -> NativeResult {
    all(cx, "isWhiteSpace", char::is_whitespace)
}

fn is_letters(cx: &mut CallContext<'_>) -> NativeResult {
    all(cx, "isLetters", char::is_alphabetic)
}

fn is_digits(cx: &mut CallContext<'_>) -> NativeResult {
    all(cx, "isDigits", char::is_numeric)
}

fn equal(cx: &mut CallContext<'_>) -> NativeResult {
    let same = text_of(cx, cx.arg(1)).is_some_and(|other| text_of(cx, cx.arg(0)) == Some(other));
    cx.ret(boolean(same))
}

/// From a character to another one, both included; nothing if the second one is just before the first one.
fn substring(cx: &mut CallContext<'_>) -> NativeResult {
    let selector = "primSubstringFrom:to:";
    let text = receiver(cx, selector)?.as_bytes();
    let index = |i: u32| {
        let given = cx.arg(i);
        given
            .as_int32(0)
            .ok_or_else(|| error::wrong_argument(cx, selector, "an Integer as index", given))
    };
    let (from, to) = (index(1)?, index(2)?);
    let part = usize::try_from(from - 1)
        .ok()
        .zip(usize::try_from(to).ok())
        .and_then(|(from, to)| text.get(from..to));
    match part {
        Some(part) => cx.ret(cx.str(part)?.boxed()),
        None => {
            let length = text.len();
            Err(error::throw(
                cx,
                format!("{selector} {from}, {to}: the String has the characters 1 to {length}"),
            ))
        }
    }
}
