//! Calls, errors, coroutines and stacks, through stubs in machine code.

mod common;

use std::cell::Cell;

use common::*;
use dg_runtime::*;

fn quiet() -> VmBox {
    new_vm(GcParameters::default())
}

fn stressed() -> VmBox {
    new_vm(GcParameters {
        stress: true,
        ..GcParameters::default()
    })
}

fn sum(cx: &mut CallContext<'_>) -> NativeResult {
    let mut total = 0.0;
    for i in 0..cx.count() {
        total += cx.arg(i).as_double().ok_or_else(|| cx.error("number expected"))?;
    }
    cx.ret(Value::double(total))
}

fn number(vm: &Vm, results: Results, i: u32) -> f64 {
    results
        .get(vm, i)
        .as_double()
        .unwrap_or_else(|| panic!("{} is no number", text(vm, results.get(vm, i))))
}

#[test]
fn calls_return_values() {
    let mut vm = quiet();
    let pending = vm
        .prepare(native(&vm, sum), &[Value::double(2.0), Value::double(40.0)])
        .unwrap();
    let results = vm.call(pending).unwrap();
    assert_eq!((results.count, number(&vm, results, 0)), (1, 42.0));
    assert_eq!(results.get(&vm, 1).bits(), NIL);
    vm.pop(results);
    assert_eq!(vm.top(), 0);
}

#[test]
fn many_arguments_and_results_grow_the_stack() {
    fn reverse(cx: &mut CallContext<'_>) -> NativeResult {
        for i in (0..cx.count()).rev() {
            cx.push(cx.arg(i))?;
        }
        cx.ret_pushed(cx.count())
    }
    let mut vm = quiet();
    let pending = vm.prepare_empty(native(&vm, reverse)).unwrap();
    for i in 0..10_000 {
        vm.push(Value::double(i as f64)).unwrap();
    }
    let pending = vm.complete(pending);
    let results = vm.call(pending).unwrap();
    assert_eq!(results.count, 10_000);
    assert!((0..10_000).all(|i| number(&vm, results, i) == 9_999.0 - i as f64));
    assert!(vm.data::<Log>().moved.get() > 0);
}

#[test]
fn errors_reach_rust() {
    let mut vm = quiet();
    let pending = vm.prepare(native(&vm, sum), &[vm.nil()]).unwrap();
    assert!(vm.call(pending).is_err());
    assert_eq!(text(&vm, vm.thrown()), r#"Message("number expected")"#);
    assert_eq!((vm.top(), vm.data::<Log>().thrown.get()), (0, 1));
    assert!(vm.prepare(Value::double(1.0), &[]).is_err());
    assert!(text(&vm, vm.thrown()).starts_with("NotCallable"));
}

#[test]
fn errors_are_caught_in_guest_code() {
    let mut vm = quiet();
    for (argument, expected) in [(Value::double(7.0), 1.0), (Value::unit(0), 0.0)] {
        let pending = vm.prepare(spec(&vm, &PCALL), &[native(&vm, sum), argument]).unwrap();
        let results = vm.call(pending).unwrap();
        assert_eq!(number(&vm, results, 0), expected);
        vm.pop(results);
    }
}

#[test]
fn panics_become_errors() {
    let mut vm = quiet();
    let pending = vm
        .prepare(native(&vm, |cx| panic!("{} arguments", cx.count())), &[])
        .unwrap();
    assert!(vm.call(pending).is_err());
    assert_eq!(text(&vm, vm.thrown()), r#"Panic("0 arguments")"#);
}

/// f(f, n): calls itself through guest code until n is 0.
fn nested(cx: &mut CallContext<'_>) -> NativeResult {
    let n = cx.arg(1).as_double().unwrap();
    if n == 0.0 {
        return cx.ret(Value::double(0.0));
    }
    let pending = cx.prepare(cx.arg(0), &[cx.arg(0), Value::double(n - 1.0)])?;
    let inner = cx.call_for_one(pending)?.as_double().unwrap();
    cx.ret(Value::double(inner + 1.0))
}

#[test]
fn rust_and_guest_calls_nest_up_to_a_limit() {
    let mut vm = quiet();
    for (depth, expected) in [(199.0, Some(199.0)), (200.0, None)] {
        let function = native(&vm, nested);
        let pending = vm.prepare(function, &[function, Value::double(depth)]).unwrap();
        let answer = vm.call_for_one(pending).map(|value| value.as_double().unwrap()).ok();
        assert_eq!(answer, expected);
    }
    assert_eq!(text(&vm, vm.thrown()), "NativeStackOverflow");
    assert_eq!(
        vm.data::<Log>().thrown.get(),
        1,
        "shown once, however many frames of Rust it leaves"
    );
}

#[test]
fn endless_recursion_ends() {
    let mut vm = quiet();
    for _ in 0..3 {
        let recurse = spec(&vm, &RECURSE);
        let pending = vm.prepare(spec(&vm, &PCALL), &[recurse, recurse]).unwrap();
        let results = vm.call(pending).unwrap();
        assert_eq!(number(&vm, results, 0), 0.0);
        assert_eq!(text(&vm, results.get(&vm, 1)), "StackOverflow");
        vm.pop(results);
    }
}

#[test]
fn errors_leave_vararg_frames() {
    let mut vm = quiet();
    let info = CodeInfo {
        name: "vararg".into(),
        bytecode: Box::new([Cell::new(0)]),
        ..CodeInfo::default()
    };
    let code = vm
        .new_code(NewCode {
            params: 1,
            vararg: true,
            frame_size: 3,
            info,
        })
        .unwrap();
    let thrower = vm.root(function(&vm, code));
    let arguments = [thrower.get(&vm), Value::double(8.0), Value::double(9.0)];
    let pending = vm.prepare(spec(&vm, &PCALL), &arguments).unwrap();
    let results = vm.call(pending).unwrap();
    let numbers: Vec<_> = (0..3).map(|i| number(&vm, results, i)).collect();
    assert_eq!(numbers, [0.0, 8.0, 7.0], "the base is where the caller put it");
    vm.pop(results);
    let coroutine = vm.new_coroutine(thrower.get(&vm)).unwrap();
    let coroutine = vm.root(coroutine_value(coroutine));
    assert_eq!(resume_once(&mut vm, &coroutine, 5.0).unwrap().1, ["-1", "5", "6"]);
}

/// Resumes with one argument: number and text of the results, or the text of the error.
fn resume_once(vm: &mut Vm, coroutine: &Handle, argument: f64) -> Result<(u32, Vec<String>), String> {
    let pending = vm
        .prepare(spec(vm, &RESUME), &[coroutine.get(vm), Value::double(argument)])
        .unwrap();
    match vm.call(pending) {
        Ok(results) => {
            let texts = (0..results.count).map(|i| text(vm, results.get(vm, i))).collect();
            vm.pop(results);
            Ok((results.count, texts))
        }
        Err(_) => Err(text(vm, vm.thrown())),
    }
}

#[test]
fn coroutines_start_yield_and_end() {
    for mut vm in [quiet(), stressed()] {
        let coroutine = vm.new_coroutine(spec(&vm, &YIELD)).unwrap();
        let coroutine = vm.root(coroutine_value(coroutine));
        let resume = |vm: &mut Vm, argument| {
            vm.collect_minor();
            resume_once(vm, &coroutine, argument)
        };
        assert_eq!(resume(&mut vm, 5.0), Ok((1, vec!["5".into()])), "yields its argument");
        vm.collect_full();
        assert_eq!(
            resume(&mut vm, 6.0),
            Ok((1, vec!["6".into()])),
            "returns what it was resumed with"
        );
        let (_, failed) = resume(&mut vm, 7.0).unwrap();
        assert_eq!(failed, ["-1", "NotSuspended", "6"]);
        let status = vm.main_coroutine().status();
        assert_eq!(status, CoroutineStatus::Running);
    }
}

#[test]
fn errors_in_coroutines_reach_the_resumer() {
    let mut vm = quiet();
    let coroutine = vm.new_coroutine(native(&vm, |cx| Err(cx.error("oops")))).unwrap();
    let coroutine = vm.root(coroutine_value(coroutine));
    assert_eq!(
        resume_once(&mut vm, &coroutine, 0.0),
        Ok((3, vec!["-1".into(), r#"Message("oops")"#.into(), "6".into()]))
    );
}

#[test]
fn yields_need_a_resumer_without_rust_between() {
    let mut vm = quiet();
    let pending = vm.prepare(spec(&vm, &YIELD), &[]).unwrap();
    assert!(vm.call(pending).is_err());
    assert_eq!(text(&vm, vm.thrown()), "CannotYield");
    fn yields_from_rust(cx: &mut CallContext<'_>) -> NativeResult {
        let pending = cx.prepare(spec(cx, &YIELD), &[])?;
        let results = cx.call(pending)?;
        cx.ret_results(results)
    }
    let coroutine = vm.new_coroutine(native(&vm, yields_from_rust)).unwrap();
    let coroutine = vm.root(coroutine_value(coroutine));
    assert_eq!(
        resume_once(&mut vm, &coroutine, 0.0),
        Ok((3, vec!["-1".into(), "CannotYield".into(), "6".into()]))
    );
}

#[test]
fn coroutines_resume_coroutines() {
    /// (depth): resumes a coroutine of its own with depth - 1, adds 1.
    fn chain(cx: &mut CallContext<'_>) -> NativeResult {
        let depth = cx.arg(0).as_double().unwrap();
        cx.collect_minor();
        if depth == 0.0 {
            return cx.ret(string_value(cx.str(b"bottom")?));
        }
        let inner = cx.new_coroutine(native(cx, chain))?;
        let pending = cx.prepare(spec(cx, &RESUME), &[coroutine_value(inner), Value::double(depth - 1.0)])?;
        let results = cx.call(pending)?;
        let longer = format!("{}+", text(cx, results.get(cx, 0)));
        cx.ret(string_value(cx.str(longer.as_bytes())?))
    }
    let mut vm = stressed();
    let coroutine = vm.new_coroutine(native(&vm, chain)).unwrap();
    let coroutine = vm.root(coroutine_value(coroutine));
    let expected = format!("bottom{}", "+".repeat(20));
    assert_eq!(resume_once(&mut vm, &coroutine, 20.0), Ok((1, vec![expected])));
}

#[test]
fn stacks_of_dead_coroutines_are_freed() {
    let mut vm = quiet();
    vm.collect_full();
    let before = vm.bytes_in_use();
    for _ in 0..1000 {
        let coroutine = vm.new_coroutine(spec(&vm, &YIELD)).unwrap();
        let handle = vm.root(coroutine_value(coroutine));
        resume_once(&mut vm, &handle, 1.0).unwrap();
    }
    assert!(
        vm.bytes_in_use() > before + 1000 * 700,
        "suspended ones keep their stacks"
    );
    vm.collect_full();
    assert!(
        vm.bytes_in_use() < before + 2000,
        "{} bytes more",
        vm.bytes_in_use() - before
    );
}

#[test]
fn slots_keep_values() {
    fn pushes(cx: &mut CallContext<'_>) -> NativeResult {
        for i in 0..200 {
            cx.push(string_value(cx.str(format!("value {i}").as_bytes())?))?;
            cx.collect_minor();
        }
        for i in 0..200 {
            assert_eq!(text(cx, cx.slot(i)), format!("value {i}"));
        }
        cx.ret_none()
    }
    let mut vm = stressed();
    vm.collect_full();
    let pending = vm.prepare(native(&vm, pushes), &[]).unwrap();
    let results = vm
        .call(pending)
        .unwrap_or_else(|_| panic!("{}", text(&vm, vm.thrown())));
    assert_eq!(results.count, 0);
}

#[test]
fn old_coroutines_keep_new_values() {
    let mut vm = stressed();
    let coroutine = vm.new_coroutine(spec(&vm, &ECHO)).unwrap();
    let coroutine = vm.root(coroutine_value(coroutine));
    for i in 0..50 {
        let argument = format!("value {i}");
        let string = string_value(vm.str(argument.as_bytes()).unwrap());
        let pending = vm.prepare(spec(&vm, &RESUME), &[coroutine.get(&vm), string]).unwrap();
        let results = vm.call(pending).unwrap();
        assert_eq!(text(&vm, results.get(&vm, 0)), argument);
        vm.pop(results);
        if i % 7 == 0 {
            vm.collect_full();
        } else {
            vm.collect_minor();
        }
        // SAFETY: the declared leaf.
        let suspended = unsafe { coroutine.get(&vm).as_reference::<Coroutine>(&vm, LEAF_COROUTINE) }.unwrap();
        let frame = vm.frames_of(suspended).next().unwrap();
        assert_eq!(text(&vm, frame.slot(0)), argument, "kept by the stack alone");
    }
}

#[test]
fn frames_are_walked_from_the_inside() {
    fn inner(cx: &mut CallContext<'_>) -> NativeResult {
        let names: Vec<_> = cx.frames().map(|frame| frame.code().info().name.clone()).collect();
        let catcher = cx.catching_frame().map(|frame| frame.code().info().name.clone());
        cx.ret(string_value(cx.str(format!("{names:?} {catcher:?}").as_bytes())?))
    }
    let mut vm = quiet();
    let pending = vm.prepare(spec(&vm, &PCALL), &[native(&vm, inner)]).unwrap();
    let results = vm.call(pending).unwrap();
    assert_eq!(text(&vm, results.get(&vm, 1)), r#"["native", "pcall"] Some("pcall")"#);
}

#[test]
fn interruptions_come_from_other_threads() {
    let vm = quiet();
    let handle = vm.interrupt_handle();
    let thread = std::thread::spawn({
        let handle = handle.clone();
        move || handle.interrupt()
    });
    thread.join().unwrap();
    // SAFETY: the hot part is readable.
    assert_eq!(unsafe { (*vm.hot()).safepoint }, abi::SAFEPOINT_INTERRUPT);
    drop(vm);
    handle.interrupt();
}

/// Whether every instruction goes to the safepoint stub; `None` when some do.
fn is_diverted(vm: &Vm) -> Option<bool> {
    let language = vm.language();
    let entries = |expected: &dyn Fn(usize) -> Address| {
        // SAFETY: the hot part is readable.
        (0..language.dispatch.len()).all(|opcode| unsafe { (*vm.hot()).dispatch[opcode] } == expected(opcode).0)
    };
    if entries(&|_| language.stubs.safepoint) {
        Some(true)
    } else {
        entries(&|opcode| language.dispatch[opcode]).then_some(false)
    }
}

/// What the `safepoint` stub calls. Answers whether nothing was thrown.
fn visit_safepoint(vm: &mut Vm) -> bool {
    // SAFETY: the table holds a function of this type.
    unsafe {
        let builtin = (*vm.hot()).builtins[Builtin::Safepoint as usize];
        let safepoint = std::mem::transmute::<*const (), unsafe extern "C" fn(*mut Vm) -> Status>(builtin);
        safepoint(vm).ok != 0
    }
}

#[test]
fn what_is_due_diverts_every_instruction() {
    let mut vm = quiet();
    assert_eq!(is_diverted(&vm), Some(false));
    vm.interrupt_handle().interrupt();
    assert_eq!(is_diverted(&vm), Some(true));
    assert!(!visit_safepoint(&mut vm), "it is interrupted");
    assert_eq!(is_diverted(&vm), Some(false));
    assert!(visit_safepoint(&mut vm));
    let parameters = vm.gc_parameters();
    vm.set_gc_parameters(GcParameters {
        stress: true,
        stopped: false,
        ..parameters
    });
    for _ in 0..3 {
        assert!(visit_safepoint(&mut vm));
        assert_eq!(is_diverted(&vm), Some(true), "each instruction collects");
    }
    assert_eq!(vm.gc_stats().minor + vm.gc_stats().full, 3);
    vm.set_gc_parameters(parameters);
    assert!(visit_safepoint(&mut vm));
    assert_eq!(is_diverted(&vm), Some(false));
}

#[test]
fn no_interruption_is_lost_between_threads() {
    let mut vm = quiet();
    let handle = vm.interrupt_handle();
    let (asked, answered) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        for _ in 0..2000 {
            handle.interrupt();
            asked.send(()).unwrap();
        }
    });
    let mut interruptions = 0;
    let mut is_over = false;
    while !is_over {
        is_over = matches!(
            answered.recv_timeout(std::time::Duration::ZERO),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected)
        );
        // As machine code does: only what stands in the table leads to a safepoint.
        if is_diverted(&vm) == Some(true) && !visit_safepoint(&mut vm) {
            interruptions += 1;
        }
    }
    thread.join().unwrap();
    // SAFETY: the hot part is readable.
    let flags = unsafe { (*vm.hot()).safepoint };
    assert!(interruptions > 0);
    assert_eq!(
        flags != 0,
        is_diverted(&vm) == Some(true),
        "what is due is always found"
    );
}

#[test]
fn each_instruction_can_be_watched() {
    // The hook throws the second time, and wants to see no more after the third.
    let mut vm = quiet();
    vm.watch(true);
    for seen in 1..=3 {
        assert_eq!(is_diverted(&vm), Some(true));
        assert_eq!(visit_safepoint(&mut vm), seen != 2);
    }
    assert_eq!(is_diverted(&vm), Some(false));
    assert_eq!(vm.data::<Log>().watched.get(), 3);
}

#[test]
fn bytecode_is_shown_as_text() {
    let vm = quiet();
    let mut buffer = BytecodeBuffer::new();
    let top = buffer.new_label();
    let mut lines = LineTable::default();
    let mut load = |buffer: &mut BytecodeBuffer, slot, line, constant| {
        let at = buffer.instruction(0, 16);
        buffer.set_u16(at + 2, slot);
        buffer.set_u64(at + 8, constant);
        lines.push(at, line);
    };
    load(&mut buffer, 3, 1, Value::double(0.5).bits());
    buffer.bind(top);
    load(&mut buffer, 4, 2, string_value(vm.str(b"a\n").unwrap()).bits());
    let jump = buffer.instruction(1, 8);
    buffer.set_label(jump, jump + 4, top);
    buffer.instruction(77, 8);
    let bytecode = buffer.finish().unwrap();
    let info = CodeInfo {
        bytecode,
        lines,
        ..CodeInfo::default()
    };
    let code = vm
        .new_code(NewCode {
            params: 0,
            vararg: false,
            frame_size: 5,
            info,
        })
        .unwrap();
    let expected = [
        "     0     1  LOAD                     to=s3 k=0.5",
        "    16     2  LOAD                     to=s4 k=\"a\\n\"",
        "    32     2  JUMP                     to=@16",
        "    40  no instruction has the number 77",
    ];
    assert_eq!(vm.disassemble(code).lines().collect::<Vec<_>>(), expected);
}

/// seek(f, n): calls itself through guest code n times; the innermost call leaves the outermost frame.
fn seek(cx: &mut CallContext<'_>) -> NativeResult {
    let n = cx.arg(1).as_double().unwrap();
    if n == 0.0 {
        let outermost = cx
            .frames()
            .take_while(|frame| frame.callee::<Function>().is_some())
            .last()
            .unwrap();
        return Err(cx.leave(outermost, Value::double(42.0)));
    }
    let pending = cx.prepare(cx.arg(0), &[cx.arg(0), Value::double(n - 1.0)])?;
    cx.call_for_one(pending)?;
    panic!("the frame has been left");
}

#[test]
fn frames_are_left_from_inside() {
    let mut vm = quiet();
    for depth in [0.0, 1.0, 5.0] {
        let function = native(&vm, seek);
        let pending = vm.prepare(function, &[function, Value::double(depth)]).unwrap();
        let answer = vm.call_for_one(pending).unwrap().as_double();
        assert_eq!((answer, vm.top()), (Some(42.0), 0));
    }
    assert_eq!(vm.data::<Log>().thrown.get(), 0, "leaving is no error");
    // Afterwards errors are caught as ever.
    let pending = vm.prepare(spec(&vm, &PCALL), &[native(&vm, sum), vm.nil()]).unwrap();
    let results = vm.call(pending).unwrap();
    assert_eq!(number(&vm, results, 0), 0.0);
}
