//! Assertions that the numbers which the machine code was made with are those of the runtime that it is linked with.

use std::fmt::Write as _;

use crate::abi::{self, Builtin, coroutine, frame, hot};

#[rustfmt::skip] // rows
const HOT: [(&str, i32); 21] = [
    ("base", hot::BASE),             ("pc", hot::PC),                 ("stack_limit", hot::STACK_LIMIT),
    ("open_top", hot::OPEN_TOP),     ("safepoint", hot::SAFEPOINT),   ("error", hot::ERROR),
    ("target", hot::TARGET),         ("results", hot::RESULTS),       ("count", hot::COUNT),
    ("callee_base", hot::CALLEE_BASE), ("plan", hot::PLAN),           ("builtins", hot::BUILTINS),
    ("externs", hot::EXTERNS),       ("dispatch", hot::DISPATCH),     ("handlers", hot::HANDLERS),
    ("alloc_cursor", hot::ALLOC_CURSOR), ("alloc_end", hot::ALLOC_END),
    ("ticks", hot::TICKS),           ("shared", hot::SHARED),
    ("coroutine", hot::COROUTINE),   ("native_depth", hot::NATIVE_DEPTH),
];

#[rustfmt::skip] // rows
const NUMBERS: [(&str, i64); 27] = [
    ("FRAME_CALLEE", frame::CALLEE as i64),         ("FRAME_RETURN", frame::RETURN as i64),
    ("FRAME_PC", frame::PC as i64),                 ("FRAME_VARARGS", frame::VARARGS as i64),
    ("HEADER_WORDS", frame::HEADER_WORDS as i64),   ("GC_MARKED", abi::GC_OLD as i64),
    ("KIND_CODE", abi::KIND_CODE as i64),           ("DISPATCH", abi::MAX_OPCODES as i64),
    ("EXTERNS", abi::MAX_EXTERNS as i64),           ("CODE_VARARG", abi::code::VARARG as i64),
    ("DOUBLE_MAX_HIGH", abi::DOUBLE_MAX_HIGH as i64), ("KIND_VALUES", abi::KIND_VALUES as i64),
    ("STACK_SLACK", abi::STACK_SLACK as i64),       ("RESUME_DEPTH_MAX", coroutine::RESUME_DEPTH_MAX as i64),
    ("COROUTINE_RAN", coroutine::RAN as i64),       ("COROUTINE_STACK_LIMIT", coroutine::STACK_LIMIT as i64),
    ("COROUTINE_BASE", coroutine::BASE as i64),     ("COROUTINE_CONTINUATION", coroutine::CONTINUATION as i64),
    ("COROUTINE_PC", coroutine::PC as i64),         ("COROUTINE_CALLEE_BASE", coroutine::CALLEE_BASE as i64),
    ("COROUTINE_RESUMER", coroutine::RESUMER as i64), ("COROUTINE_OPEN_TOP", coroutine::OPEN_TOP as i64),
    ("COROUTINE_STATUS", coroutine::STATUS as i64), ("COROUTINE_NATIVE_DEPTH", coroutine::NATIVE_DEPTH as i64),
    ("COROUTINE_RESUME_DEPTH", coroutine::RESUME_DEPTH as i64), ("REF_HIGH", abi::REF_HIGH as i64),
    ("SMALL_OBJECT", abi::SMALL_OBJECT as i64),
];

const BUILTINS: [Builtin; 16] = [
    Builtin::Barrier,
    Builtin::Safepoint,
    Builtin::GrowStack,
    Builtin::Throw,
    Builtin::CopyValues,
    Builtin::Resume,
    Builtin::Yield,
    Builtin::CoroutineFinished,
    Builtin::CallNative,
    Builtin::CacheLink,
    Builtin::Allocate,
    Builtin::CallLink,
    Builtin::Compile,
    Builtin::Tick,
    Builtin::Reenter,
    Builtin::BarrierElement,
];

/// `const _: () = { assert!(offset_of!(Hot, base) == 0); .. };`
pub fn assertions() -> String {
    let mut out = String::from(
        "// The machine code was made for this layout of the runtime.\nconst _: () = {\n    use dg_runtime::abi;\n",
    );
    for (field, offset) in HOT {
        let _ = writeln!(out, "    assert!(offset_of!(abi::Hot, {field}) == {offset});");
    }
    for (name, number) in NUMBERS {
        let _ = writeln!(out, "    assert!(abi::{name} as i64 == {number});");
    }
    let _ = writeln!(out, "    assert!(abi::HASH_FACTOR == {});", abi::HASH_FACTOR);
    let _ = writeln!(out, "    assert!(offset_of!(Header, gc) == {});", abi::GC_BYTE);
    let _ = writeln!(out, "    assert!(offset_of!(Header, aux) == {});", abi::LENGTH);
    let _ = writeln!(out, "    assert!(offset_of!(Header, flags) == {});", abi::code::FLAGS);
    for builtin in BUILTINS {
        let _ = writeln!(
            out,
            "    assert!(dg_runtime::Builtin::{builtin:?} as usize == {});",
            builtin as u8
        );
    }
    out.push_str("};\n\n");
    out
}
