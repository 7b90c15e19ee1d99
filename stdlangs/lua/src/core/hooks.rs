//! What the runtime asks Lua to do: word its errors, move and close captured variables, treat weak tables.

use dg_runtime::abi::Header;
use dg_runtime::{
    FunctionName, Handle, Hooks, Object, RawRef, Ref, RuntimeError, Tracer, Value, Vm, WeakPhase, reference_in_bits,
};

use super::levels::levels;
use super::state::lua;
use super::table::shape::{self, WEAK_KEYS, WEAK_VALUES};
use super::{closure, coerce, error, meta, table, traceback, watch};
use crate::api::host;
use crate::api::state::{is_host_boundary, is_resumed_by_host};
use crate::generated::{Boxed, Event, NIL, Nodes, Table, Transitions, Userdata, ValueKind, natives};
use crate::syntax::chunk_id;

/// The hooks of Lua.
pub fn hooks() -> Hooks {
    Hooks {
        stack_moved: closure::move_upvalues,
        leave_frames: closure::close_upvalues,
        trace_roots: |vm, tracer| lua(vm).trace(tracer),
        special_trace: &[
            (Table::KIND, trace_table),
            (Nodes::KIND, trace_nodes),
            (Transitions::KIND, shape::trace_transitions),
        ],
        clear_weak,
        finalize,
        watched: watch::happened,
        thrown,
        function_name: |code| FunctionName {
            name: closure::defined_name(code),
            source: String::from_utf8_lossy(&chunk_id(&code.info().source, 4096)).into_owned(),
        },
        ..Hooks::new(word_error)
    }
}

/// The error value for an error of the runtime.
fn word_error(vm: &Vm, error: RuntimeError<'_>) -> u64 {
    let thrown = match error {
        RuntimeError::StackOverflow => error::throw(vm, "stack overflow"),
        RuntimeError::NativeStackOverflow => error::throw(vm, "C stack overflow"),
        RuntimeError::OutOfMemory => error::throw_plain(vm, b"not enough memory"),
        RuntimeError::Interrupted => error::throw(vm, "interrupted!"),
        RuntimeError::Panic(message) | RuntimeError::Message(message) => {
            let native_runs = vm.frames().next().is_some_and(|frame| frame.line().is_none());
            error::throw_at(vm, usize::from(native_runs), message)
        }
        RuntimeError::NotCallable(bits) => {
            // SAFETY: the runtime was given this value by the running function.
            let value = unsafe { Value::from_bits(bits) };
            error::throw(vm, format!("attempt to call a {} value", coerce::type_name(vm, value)))
        }
        RuntimeError::NotSuspended => error::throw(vm, "cannot resume dead coroutine"),
        RuntimeError::CannotYield => error::throw(vm, "attempt to yield across metamethod/C-call boundary"),
    };
    drop(thrown);
    let bits = vm.thrown().bits();
    lua(vm).host.note_raised(vm, &error, bits);
    bits
}

/// Traces weak tables: their entries are looked at when everything else is marked. Strings are values, not objects: they
/// are kept.
fn trace_table(vm: &Vm, object: *const Header, tracer: &mut Tracer<'_>) -> bool {
    // SAFETY: the collector calls it with live tables.
    let table = unsafe { Ref::<Table>::from_pointer(object.cast_mut().cast()) };
    let weak = table.shape.get(vm).traits.get() & (WEAK_KEYS | WEAK_VALUES);
    if weak == 0 {
        return false;
    }
    // A dictionary: it has no fields.
    tracer.reference(table.shape.raw().0);
    tracer.mark_only(table.spilled.raw().0);
    tracer.mark_only(table.array.raw().0);
    tracer.mark_only(table.nodes.raw().0);
    let mut show = |bits: u64, is_weak: bool| {
        // SAFETY: a value in a live table.
        let is_string = unsafe { Value::from_bits(bits) }.as_string(vm).is_some();
        if !is_weak || is_string {
            tracer.value(bits);
        }
    };
    for item in table.array.get(vm).items() {
        show(item.bits(), weak & WEAK_VALUES != 0);
    }
    for node in table
        .nodes
        .get(vm)
        .items()
        .iter()
        .filter(|node| node.value.bits() != NIL.0)
    {
        show(node.key.bits(), weak & WEAK_KEYS != 0);
        show(node.value.bits(), weak & WEAK_VALUES != 0);
    }
    tracer.weak(table.raw().0);
    true
}

/// Traces the hash part of a table that is not weak. The key of an entry without a value stays, so that a traversal finds
/// it, but keeps nothing alive; strings excepted, because the table may look at their contents.
fn trace_nodes(vm: &Vm, object: *const Header, tracer: &mut Tracer<'_>) -> bool {
    // SAFETY: the collector calls it with live hash parts.
    let nodes = unsafe { Ref::<Nodes>::from_pointer(object.cast_mut().cast()) };
    for node in &nodes.items()[tracer.part(nodes.len())] {
        let (key, value) = (node.key.bits(), node.value.bits());
        // SAFETY: the key is not used if it is anything but a string, which an earlier collection has kept.
        if value != NIL.0 || unsafe { Value::from_bits(key) }.as_string(vm).is_some() {
            tracer.value(key);
            tracer.value(value);
        }
    }
    true
}

fn clear_weak(vm: &Vm, container: u32, marks: &Tracer<'_>, phase: WeakPhase) {
    let keys_too = phase == WeakPhase::AfterFinalizers;
    // SAFETY: what registers itself is alive: tables, and what shapes remember.
    if unsafe { (*RawRef::<Header>::new(container).address(vm)).kind } == Transitions::KIND {
        if keys_too {
            // SAFETY: as above, and its kind says what it is.
            shape::clear_transitions(unsafe { RawRef::new(container).get(vm) }, marks);
        }
        return;
    }
    // SAFETY: as above.
    let table = unsafe { RawRef::<Table>::new(container).get(vm) };
    let weak = table.shape.get(vm).traits.get();
    // Keys of entries without a value were not traced: they go as well.
    let is_dead = |bits: u64| reference_in_bits(bits).is_some() && !marks.is_value_marked(bits);
    let values_too = weak & WEAK_VALUES != 0;
    if keys_too && lua(vm).hook_functions.get(vm) == Some(table) {
        watch::forget_dead(vm, marks);
    }
    table::remove_entries(
        vm,
        table,
        |bits| values_too && is_dead(bits),
        |bits| keys_too && is_dead(bits),
    );
}

/// Calls the `__gc` of a userdata, or drops the value of the host that it owns. An error in it is kept for
/// `collectgarbage`, the first of several; when the program has not asked for the collection there is nobody to tell.
fn finalize(vm: &mut Vm, object: u32) {
    let shared: &Vm = vm;
    // SAFETY: only userdata are given to `Vm::add_finalizer`; the runtime keeps the object alive.
    let userdata = unsafe { RawRef::<Userdata>::new(object).get(shared) };
    if host::is_of_rust(userdata) {
        return host::finalize(shared, userdata);
    }
    let method = meta::method(shared, userdata.boxed(), Event::Gc);
    if method.as_function(shared).is_none() {
        return;
    }
    let pending = shared.prepare(method, &[userdata.boxed()]);
    match pending.and_then(|pending| vm.call(pending)) {
        Ok(results) => vm.pop(results),
        Err(_) => {
            let thrown = vm.root(vm.thrown());
            lua(vm).finalizer_error.borrow_mut().get_or_insert(thrown);
        }
    }
}

/// Lets the handler of an `xpcall` replace what is thrown, or notes a traceback of what the host or nobody catches.
fn thrown(vm: &mut Vm) -> Option<Handle> {
    let handler = match catcher(vm) {
        Catcher::Host => {
            note_traceback(vm);
            return None;
        }
        Catcher::Plain => return None,
        Catcher::Handler(bits) => bits,
    };
    // SAFETY: the handler is in the frame of its `xpcall`.
    let pending = vm.prepare(unsafe { Value::from_bits(handler) }, &[vm.thrown()]);
    let state = lua(vm);
    let outer = state.handling.replace(true);
    let answered = pending.and_then(|pending| vm.call_for_one(pending).map(|value| value.bits()));
    lua(vm).handling.set(outer);
    let replaced = match answered {
        // SAFETY: the value was just answered, and nothing has run since.
        Ok(bits) => unsafe { Value::from_bits(bits) },
        Err(_in_handler) => error::message_value(vm, b"error in error handling"),
    };
    Some(vm.root(replaced))
}

/// Who catches what the running coroutine throws.
enum Catcher {
    /// A host that has called or resumed; or nobody does.
    Host,
    /// It is caught as it is.
    Plain,
    /// An `xpcall` with this handler.
    Handler(u64),
}

fn catcher(vm: &Vm) -> Catcher {
    let in_handler = lua(vm).handling.get();
    for (depth, frame) in vm.frames().enumerate() {
        if is_host_boundary(vm, frame.base()) {
            return Catcher::Host;
        }
        // What pcall and xpcall throw themselves is thrown to their callers.
        if depth > 0 && !frame.code().is_bytecode() {
            let name = &frame.code().info().name;
            if name == natives::PCALL.name {
                return Catcher::Plain;
            }
            if name == natives::XPCALL.name {
                return Catcher::Handler(frame.slot(1).bits());
            }
        }
        if in_handler && frame.is_called_by_host() {
            return Catcher::Plain;
        }
    }
    // `resume` catches what leaves a coroutine.
    if vm.current_coroutine() == vm.main_coroutine() || is_resumed_by_host(vm) {
        Catcher::Host
    } else {
        Catcher::Plain
    }
}

fn note_traceback(vm: &Vm) {
    let mut traceback = lua(vm).traceback.borrow_mut();
    traceback.clear();
    // A message handler and the function that makes the traceback, which PUC Lua calls.
    traceback::append(vm, &mut traceback, levels(vm), 0, 2);
}
