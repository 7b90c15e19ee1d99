//! The functions of `string` that need no patterns.

use std::cmp::Ordering;

use dg_runtime::{CallContext, NativeResult, Ref, Str, Throw, Vm};

use super::position;
use crate::core::state::lua;
use crate::core::{closure, error};
use crate::generated::Boxed;
use crate::library::args::{Args, to_int};
use crate::library::memory::{check_size, with_scratch};
use crate::precompiled::Precompiled;

/// Up to so many bytes, `string.char` needs no memory of its own.
const SHORT: usize = 64;

pub fn byte(cx: &mut CallContext<'_>) -> NativeResult {
    let text = cx.bytes(0)?;
    let first = position(cx.integer_or(1, 1)?, text.len());
    let last = position(cx.integer_or(2, first)?, text.len());
    let (first, last) = (first.max(1) as usize, (last as usize).min(text.len()));
    if first == last {
        return cx.ret_number(text[first - 1].into());
    }
    if first > last {
        return cx.ret_none();
    }
    let bytes = &text[first - 1..last];
    if bytes.len() >= i32::MAX as usize {
        return Err(error::throw_from_native(cx, "string slice too long"));
    }
    for &byte in bytes {
        cx.push(f64::from(byte).boxed())?;
    }
    cx.ret_pushed(bytes.len() as u32)
}

pub fn char(cx: &mut CallContext<'_>) -> NativeResult {
    let count = cx.count() as usize;
    let mut short = [0; SHORT];
    let mut long = Vec::new();
    let bytes = match short.get_mut(..count) {
        Some(short) => short,
        None => {
            long.resize(count, 0);
            &mut long[..]
        }
    };
    for (index, byte) in (0..).zip(bytes.iter_mut()) {
        *byte = u8::try_from(to_int(cx.integer(index)?)).map_err(|_| cx.bad(index, "invalid value"))?;
    }
    cx.ret_bytes(bytes)
}

pub fn dump(cx: &mut CallContext<'_>) -> NativeResult {
    let code = cx.function(0)?.code.get(cx);
    let Some(origin) = closure::origin(code) else {
        return Err(error::throw_from_native(cx, "unable to dump given function"));
    };
    let info = code.info();
    let precompiled = Precompiled {
        kind: origin.text.kind,
        line: origin.text.line,
        chunk_name: &info.source,
        captured: info.captured.iter().map(|name| name.as_bytes()).collect(),
        text: &origin.source[origin.text.bytes.clone()],
    };
    match precompiled.write() {
        Some(bytes) => cx.ret_bytes(&bytes),
        None => Err(error::throw_from_native(cx, "function is too large to dump")),
    }
}

pub fn len(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret_number(cx.string(0)?.len() as f64)
}

pub fn lower(cx: &mut CallContext<'_>) -> NativeResult {
    map_bytes(cx, |out, text| out.extend(text.iter().map(u8::to_ascii_lowercase)))
}

pub fn upper(cx: &mut CallContext<'_>) -> NativeResult {
    map_bytes(cx, |out, text| out.extend(text.iter().map(u8::to_ascii_uppercase)))
}

pub fn reverse(cx: &mut CallContext<'_>) -> NativeResult {
    map_bytes(cx, |out, text| out.extend(text.iter().rev()))
}

fn map_bytes(cx: &CallContext<'_>, map: impl FnOnce(&mut Vec<u8>, &[u8])) -> NativeResult {
    let text = cx.bytes(0)?;
    check_size(cx, text.len())?;
    with_scratch(cx, |out| {
        map(out, text);
        cx.ret_bytes(out)
    })
}

pub fn rep(cx: &mut CallContext<'_>) -> NativeResult {
    let text = cx.bytes(0)?;
    let count = to_int(cx.integer(1)?).max(0) as usize;
    let total = text.len().saturating_mul(count);
    check_size(cx, total)?;
    with_scratch(cx, |out| {
        out.reserve(total);
        if let [byte] = *text {
            out.resize(total, byte);
        } else if total > 0 {
            out.extend_from_slice(text);
            // What there is repeats with the text's length, and so does any beginning of it behind it.
            while out.len() < total {
                out.extend_from_within(..out.len().min(total - out.len()));
            }
        }
        cx.ret_bytes(out)
    })
}

pub fn sub(cx: &mut CallContext<'_>) -> NativeResult {
    let text = cx.string(0)?;
    let (from, to) = (cx.integer(1)?, cx.integer_or(2, -1)?);
    cx.ret(substring(cx, text, from, to)?.boxed())
}

/// The bytes at the positions `from` to `to`.
///
/// # Errors
/// When memory runs out.
#[inline]
pub fn substring<'v>(vm: &'v Vm, whole: Ref<'v, Str>, from: i64, to: i64) -> Result<Ref<'v, Str>, Throw> {
    let text = whole.as_bytes();
    let first = position(from, text.len()).max(1) as usize;
    let last = (position(to, text.len()) as usize).min(text.len());
    match first.cmp(&last) {
        Ordering::Equal => Ok(lua(vm).byte_string(vm, text[first - 1])),
        Ordering::Less if first == 1 && last == text.len() => Ok(whole),
        Ordering::Less => vm.str(&text[first - 1..last]),
        Ordering::Greater => vm.str(b""),
    }
}
