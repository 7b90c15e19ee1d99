//! Errors in the words of PUC Lua, with the position and the names that it gives.

use dg_runtime::{Frame, Throw, Value, Vm};

use super::coerce::type_name;
use super::levels::{Level, levels};
use super::names::{self, Name};
use crate::generated::{Boxed, nil};
use crate::syntax::{RUNTIME_CHUNK_ID_LEN, append_chunk_id};
use crate::text::number::write_unsigned;

/// Bytes that most messages do not exceed, with their position.
const MESSAGE_LEN: usize = 128;

/// Throws a message; if bytecode runs, with its position in front.
pub fn throw(vm: &Vm, message: impl AsRef<[u8]>) -> Throw {
    throw_at(vm, 0, message)
}

/// Throws a message of a native function, with the position of its caller in front.
pub fn throw_from_native(vm: &Vm, message: impl AsRef<[u8]>) -> Throw {
    throw_at(vm, 1, message)
}

/// Throws a message with the position of the function at `level` in front: 0 runs, 1 has called it, and so on.
pub fn throw_at(vm: &Vm, level: usize, message: impl AsRef<[u8]>) -> Throw {
    let mut text = position_at(vm, level);
    text.extend_from_slice(message.as_ref());
    throw_plain(vm, &text)
}

/// As [`throw`], for a message in parts.
fn throw_parts(vm: &Vm, parts: &[&[u8]]) -> Throw {
    let mut text = position_at(vm, 0);
    parts.iter().for_each(|part| text.extend_from_slice(part));
    throw_plain(vm, &text)
}

/// Throws a message as it is.
pub fn throw_plain(vm: &Vm, message: &[u8]) -> Throw {
    vm.throw(message_value(vm, message))
}

/// A message as a value; nil when there is no memory for it.
pub fn message_value<'v>(vm: &'v Vm, message: &[u8]) -> Value<'v> {
    vm.str(message).map_or(nil(), Boxed::boxed)
}

/// `chunk:line: ` of what a frame runs; empty for native functions.
pub fn position(frame: Frame<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    if let Some(line) = frame.line() {
        text.reserve(MESSAGE_LEN);
        append_chunk_id(&mut text, &frame.code().info().source, RUNTIME_CHUNK_ID_LEN);
        text.push(b':');
        write_unsigned(&mut text, line.into());
        text.extend_from_slice(b": ");
    }
    text
}

/// The position of the function at `level`: 0 runs, 1 has called it, and so on; empty if there is none.
pub fn position_at(vm: &Vm, level: usize) -> Vec<u8> {
    let frame = levels(vm).nth(level).and_then(Level::frame);
    frame.map_or(Vec::new(), position)
}

/// "attempt to `action` a value of this type", with the name of the operand that holds the value.
pub fn type_error(vm: &Vm, operand: Option<&str>, value: Value<'_>, action: &str) -> Throw {
    type_error_in_run(vm, operand.map(|operand| (operand, 0)), value, action)
}

/// As [`type_error`], for the slot at an offset in a run of slots.
pub fn type_error_in_run(vm: &Vm, operand: Option<(&str, u32)>, value: Value<'_>, action: &str) -> Throw {
    let name = operand.and_then(|(operand, offset)| names::of_operand(vm, vm.frames().next()?, operand, offset));
    let type_name = type_name(vm, value);
    match name {
        Some(Name { kind, name }) => throw_parts(
            vm,
            &[
                b"attempt to ",
                action.as_bytes(),
                b" ",
                kind.as_bytes(),
                b" '",
                &name,
                b"' (a ",
                type_name.as_bytes(),
                b" value)",
            ],
        ),
        None => throw_parts(
            vm,
            &[
                b"attempt to ",
                action.as_bytes(),
                b" a ",
                type_name.as_bytes(),
                b" value",
            ],
        ),
    }
}

/// "attempt to compare ..."
pub fn order_error(vm: &Vm, lhs: Value<'_>, rhs: Value<'_>) -> Throw {
    let (lhs, rhs) = (type_name(vm, lhs).as_bytes(), type_name(vm, rhs).as_bytes());
    if lhs == rhs {
        throw_parts(vm, &[b"attempt to compare two ", lhs, b" values"])
    } else {
        throw_parts(vm, &[b"attempt to compare ", lhs, b" with ", rhs])
    }
}

/// "bad argument #1 to 'name' (reason)" for argument `index`, from 0, of the running native function.
pub fn argument_error(vm: &Vm, index: u32, reason: impl AsRef<[u8]>) -> Throw {
    let caller = vm.frames().nth(1);
    let name = caller.and_then(|caller| names::of_callee(vm, caller));
    let mut number = index + 1;
    let mut message = Vec::new();
    match &name {
        Some(Name { kind: "method", name }) if number == 1 => {
            message.extend_from_slice(b"calling '");
            message.extend_from_slice(name);
            message.extend_from_slice(b"' on bad self");
        }
        name => {
            let shown = name.as_ref().map_or(&b"?"[..], |name| &name.name);
            number -= u32::from(name.as_ref().is_some_and(|name| name.kind == "method"));
            message.extend_from_slice(format!("bad argument #{number} to '").as_bytes());
            message.extend_from_slice(shown);
            message.push(b'\'');
        }
    }
    message.extend_from_slice(b" (");
    message.extend_from_slice(reason.as_ref());
    message.push(b')');
    throw_from_native(vm, message)
}
