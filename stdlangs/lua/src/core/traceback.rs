//! Tracebacks in the form of PUC Lua.

use dg_runtime::{Frame, Frames, Vm};

use super::names;
use crate::syntax::{RUNTIME_CHUNK_ID_LEN, chunk_id};

/// Of a deep stack, so many levels are shown at its top and
const TOP_LEVELS: usize = 12;
/// so many at its bottom.
const BOTTOM_LEVELS: usize = 10;

/// Appends `stack traceback:` and a line for each level of the running coroutine, from `level` on (0 runs).
pub fn append(vm: &Vm, out: &mut Vec<u8>, level: usize) {
    append_frames(vm, out, vm.frames(), level);
    // What runs the program is C in PUC Lua.
    if vm.current_coroutine() == vm.main_coroutine() {
        out.extend_from_slice(b"\n\t[C]: ?");
    }
}

/// As [`append`], for the frames of any coroutine.
pub fn append_frames<'v>(vm: &'v Vm, out: &mut Vec<u8>, frames: Frames<'v>, level: usize) {
    out.extend_from_slice(b"stack traceback:");
    let frames: Vec<Frame<'_>> = frames.collect();
    let last = frames.len();
    for (index, &frame) in frames.iter().enumerate().skip(level) {
        let shown = index - level;
        let left = last - index;
        if shown >= TOP_LEVELS && left > BOTTOM_LEVELS {
            if shown == TOP_LEVELS {
                out.extend_from_slice(b"\n\t...");
            }
            continue;
        }
        append_level(vm, out, frame, frames.get(index + 1).copied());
    }
}

fn append_level(vm: &Vm, out: &mut Vec<u8>, frame: Frame<'_>, caller: Option<Frame<'_>>) {
    let code = frame.code();
    let source = chunk_id(code.info().source.as_bytes(), RUNTIME_CHUNK_ID_LEN);
    out.extend_from_slice(b"\n\t");
    match frame.line() {
        Some(line) => {
            out.extend_from_slice(&source);
            out.extend_from_slice(format!(":{line}:").as_bytes());
        }
        None => out.extend_from_slice(b"[C]:"),
    }
    let name = caller
        .filter(|_| !frame.is_called_by_host())
        .and_then(|caller| names::of_callee(vm, caller));
    if let Some(name) = name {
        out.extend_from_slice(b" in function '");
        out.extend_from_slice(&name.name);
        out.push(b'\'');
    } else if frame.line().is_none() {
        out.extend_from_slice(b" ?");
    } else if code.info().line_defined == 0 {
        out.extend_from_slice(b" in main chunk");
    } else {
        out.extend_from_slice(b" in function <");
        out.extend_from_slice(&source);
        out.extend_from_slice(format!(":{}>", code.info().line_defined).as_bytes());
    }
}
