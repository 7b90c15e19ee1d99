//! Tracebacks in the form of PUC Lua.

use dg_runtime::Vm;

use super::levels::Level;
use super::names;
use crate::syntax::{RUNTIME_CHUNK_ID_LEN, chunk_id};

/// Of a deep stack, the levels below this one are shown, and
const TOP_LEVELS: usize = 12;
/// so many at its bottom.
const BOTTOM_LEVELS: usize = 10;

/// Appends `stack traceback:` and a line for each of the levels, from `first` on. `hidden` are the levels that PUC Lua
/// would have in front of them: they count when a deep stack is cut.
pub fn append<'v>(vm: &'v Vm, out: &mut Vec<u8>, levels: impl Iterator<Item = Level<'v>>, first: usize, hidden: usize) {
    out.extend_from_slice(b"stack traceback:");
    let levels: Vec<Level<'_>> = levels.collect();
    let first = first.min(levels.len());
    let cut = TOP_LEVELS.saturating_sub(hidden).max(first);
    if levels.len() > cut + BOTTOM_LEVELS + 1 {
        let (top, bottom) = (&levels[first..cut], &levels[levels.len() - BOTTOM_LEVELS..]);
        top.iter().for_each(|&level| append_level(vm, out, level));
        out.extend_from_slice(b"\n\t...");
        bottom.iter().for_each(|&level| append_level(vm, out, level));
    } else {
        levels[first..].iter().for_each(|&level| append_level(vm, out, level));
    }
}

fn append_level<'v>(vm: &'v Vm, out: &mut Vec<u8>, level: Level<'v>) {
    out.extend_from_slice(b"\n\t");
    let (frame, caller) = match level {
        Level::Function { frame, .. } => (frame, level.caller(vm)),
        Level::TailCall => return out.extend_from_slice(b"(tail call): ?"),
        Level::Host => return out.extend_from_slice(b"[C]: ?"),
    };
    let code = frame.code();
    let source = chunk_id(&code.info().source, RUNTIME_CHUNK_ID_LEN);
    match frame.line() {
        Some(line) => {
            out.extend_from_slice(&source);
            out.extend_from_slice(format!(":{line}:").as_bytes());
        }
        None => out.extend_from_slice(b"[C]:"),
    }
    if let Some(name) = caller.and_then(|caller| names::of_callee(vm, caller)) {
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
