//! What Lua keeps per virtual machine.

use std::cell::{Cell, RefCell};

use dg_runtime::{Code, Coroutine, Handle, Object, RawRef, Ref, Str, Throw, Tracer, Values, Vm};

use super::coerce::{STRING, TYPE_NAMES};
use super::table::shape::{self, MAX_CAPACITY, UNUSED, WEAK_KEYS};
use super::watch::Watch;
use super::{alloc, table};
use crate::api::state::HostState;
use crate::generated::{Boxed, Event, Function, HOLE, Keys, Metatable, Nodes, Shape, Table, ValueKind, events};
use crate::library::files::Files;
use crate::text::pattern::Matcher;
use crate::text::pattern_cache::PatternCache;
use crate::text::random::Random;

/// How the metatable fields of the events are called, in the order of [`Event`].
const EVENT_NAMES: [&str; Event::ALL.len()] = [
    "__index",
    "__newindex",
    "__gc",
    "__mode",
    "__eq",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__mod",
    "__pow",
    "__unm",
    "__len",
    "__lt",
    "__le",
    "__concat",
    "__call",
    "__tostring",
    "__metatable",
];

/// Whether this is the name of a metatable field of an event. These are the first strings of a virtual machine, which
/// bytecode takes for granted.
#[inline]
pub fn is_event_name(name: Ref<'_, Str>) -> bool {
    (name.hash as usize) < EVENT_NAMES.len()
}

/// The state of Lua in a virtual machine. Until [`initialize`] has run it refers to nothing.
pub struct LuaState {
    globals: Root<Table>,
    /// The global variables of the coroutines that have others than the main one, with weak keys; none if there was
    /// never such a coroutine.
    own_globals: Root<Table>,
    registry: Root<Table>,
    /// The hooks of coroutines, with weak keys; none if there was never one.
    pub hook_functions: Root<Table>,
    /// What the hooks are called for.
    pub watch: Watch,
    /// By the number of the type.
    type_metatables: [Root<Table>; TYPE_NAMES.len()],
    event_names: [Root<Str>; EVENT_NAMES.len()],
    type_names: [Root<Str>; TYPE_NAMES.len()],
    /// What is called in place of a value that cannot be called, by the number of its type.
    pub not_callable: [Root<Function>; TYPE_NAMES.len()],
    /// The strings of one byte.
    byte_strings: Box<[Root<Str>; 256]>,
    /// The hash part of all tables that have none.
    no_nodes: Root<Nodes>,
    /// The array part of all tables that have none, and the spilled fields.
    no_values: Root<Values>,
    /// The keys of shapes without any.
    no_keys: Root<Keys>,
    /// The keys of the shapes of dictionaries: the search for any name ends at an entry with another.
    hashed_keys: Root<Keys>,
    /// Stands for the metatable of tables that have none.
    no_metatable: Root<Metatable>,
    /// The shape of a table without fields that has the metatable of strings: no table has it.
    shape_of_strings: Root<Shape>,
    /// The shapes of empty tables, by the number of fields that these have in themselves.
    pub(super) root_shapes: [Root<Shape>; MAX_CAPACITY as usize + 1],
    /// The code of the iterators of `string.gmatch`.
    pub gmatch_code: Root<Code>,
    /// The code of what `coroutine.wrap` answers.
    pub wrapped_code: Root<Code>,
    /// Patterns that were used lately.
    pub patterns: RefCell<PatternCache>,
    /// Scratch space of pattern matching.
    pub matcher: RefCell<Matcher>,
    /// Scratch space for strings that are being put together.
    pub scratch: RefCell<Vec<u8>>,
    /// An error handler of `xpcall` runs.
    pub handling: Cell<bool>,
    /// What the last finaliser that failed has thrown.
    pub finalizer_error: RefCell<Option<Handle>>,
    /// What `collectgarbage("setstepmul")` was given.
    pub step_multiplier: Cell<i64>,
    /// How many calls of `load` run, one in the reader function of the other.
    pub loading: Cell<u32>,
    /// The traceback of the last error that a host or nobody catches.
    pub traceback: RefCell<Vec<u8>>,
    /// What the embedding API keeps.
    pub host: HostState,
    /// Where `math.random` takes its numbers from.
    pub random: Random,
    /// Open files, and which of them are read and written by default.
    pub files: RefCell<Files>,
}

/// A reference that the collector is shown by [`LuaState::trace`].
pub struct Root<T>(Cell<RawRef<T>>);

impl<T: Object> Root<T> {
    fn new() -> Root<T> {
        Root(Cell::new(RawRef::NULL))
    }

    /// The object, if there is one.
    #[inline]
    pub fn get<'v>(&self, vm: &'v Vm) -> Option<Ref<'v, T>> {
        let raw = self.0.get();
        // SAFETY: set from a reference of this VM only, and traced, so that the object is alive.
        (!raw.is_null()).then(|| unsafe { raw.get(vm) })
    }

    /// Refers to another object.
    pub fn set(&self, object: Option<Ref<'_, T>>) {
        self.0.set(object.map_or(RawRef::NULL, Ref::raw));
    }
}

impl LuaState {
    /// A state to give to the virtual machine when it is made; [`initialize`] completes it.
    pub fn new() -> LuaState {
        LuaState {
            globals: Root::new(),
            own_globals: Root::new(),
            registry: Root::new(),
            hook_functions: Root::new(),
            watch: Watch::default(),
            type_metatables: std::array::from_fn(|_| Root::new()),
            event_names: std::array::from_fn(|_| Root::new()),
            type_names: std::array::from_fn(|_| Root::new()),
            not_callable: std::array::from_fn(|_| Root::new()),
            byte_strings: Box::new(std::array::from_fn(|_| Root::new())),
            no_nodes: Root::new(),
            no_values: Root::new(),
            no_keys: Root::new(),
            hashed_keys: Root::new(),
            no_metatable: Root::new(),
            shape_of_strings: Root::new(),
            root_shapes: std::array::from_fn(|_| Root::new()),
            gmatch_code: Root::new(),
            wrapped_code: Root::new(),
            patterns: RefCell::default(),
            matcher: RefCell::default(),
            scratch: RefCell::default(),
            handling: Cell::default(),
            finalizer_error: RefCell::default(),
            step_multiplier: Cell::new(200),
            loading: Cell::default(),
            traceback: RefCell::default(),
            host: HostState::default(),
            random: Random::default(),
            files: RefCell::default(),
        }
    }

    /// The global variables of chunks that are loaded now.
    pub fn globals<'v>(&self, vm: &'v Vm) -> Ref<'v, Table> {
        match self.own_globals.get(vm) {
            None => self.globals.get(vm).expect(INITIALIZED),
            Some(_) => self.globals_of(vm, vm.current_coroutine()),
        }
    }

    /// The global variables of chunks that a coroutine loads.
    pub fn globals_of<'v>(&self, vm: &'v Vm, coroutine: Ref<'v, Coroutine>) -> Ref<'v, Table> {
        let own = self.own_globals.get(vm);
        let own = own.and_then(|own| table::get(vm, own, coroutine.boxed()).as_table(vm));
        own.or_else(|| self.globals.get(vm)).expect(INITIALIZED)
    }

    /// Replaces the global variables of chunks that a coroutine loads.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn set_globals_of<'v>(
        &self,
        vm: &'v Vm,
        coroutine: Ref<'v, Coroutine>,
        globals: Ref<'v, Table>,
    ) -> Result<(), Throw> {
        if coroutine == vm.main_coroutine() {
            self.globals.set(Some(globals));
            return Ok(());
        }
        let own = match self.own_globals.get(vm) {
            Some(own) => own,
            None => {
                let own = alloc::table(vm)?;
                table::make_weak(vm, own, self.no_metatable(vm), WEAK_KEYS)?;
                self.own_globals.set(Some(own));
                own
            }
        };
        table::set(vm, own, coroutine.boxed(), globals.boxed())
    }

    /// Gives a new coroutine the global variables of the running one.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn hand_down_globals(&self, vm: &Vm, coroutine: Ref<'_, Coroutine>) -> Result<(), Throw> {
        match self.own_globals.get(vm) {
            None => Ok(()),
            Some(_) => self.set_globals_of(vm, coroutine, self.globals(vm)),
        }
    }

    /// A table that programs do not see.
    pub fn registry<'v>(&self, vm: &'v Vm) -> Ref<'v, Table> {
        self.registry.get(vm).expect(INITIALIZED)
    }

    /// The metatable that all values of a type share.
    pub fn type_metatable<'v>(&self, vm: &'v Vm, type_number: usize) -> Option<Ref<'v, Table>> {
        self.type_metatables[type_number].get(vm)
    }

    /// Sets the metatable that all values of a type share.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn set_type_metatable(
        &self,
        vm: &Vm,
        type_number: usize,
        metatable: Option<Ref<'_, Table>>,
    ) -> Result<(), Throw> {
        if type_number == STRING {
            let known = match metatable {
                Some(metatable) => shape::own(vm, metatable)?,
                None => self.no_metatable(vm),
            };
            self.shape_of_strings(vm).set(|s| &s.metatable, known);
            // Instructions have remembered what strings inherit.
            vm.invalidate(events::SHAPES_CHANGED);
        }
        self.type_metatables[type_number].set(metatable);
        Ok(())
    }

    /// What strings inherit, as the shape of a table without fields.
    pub fn shape_of_strings<'v>(&self, vm: &'v Vm) -> Ref<'v, Shape> {
        self.shape_of_strings.get(vm).expect(INITIALIZED)
    }

    /// The metatable field of an event.
    #[inline]
    pub fn event_name<'v>(&self, vm: &'v Vm, event: Event) -> Ref<'v, Str> {
        self.event_names[event as usize].get(vm).expect(INITIALIZED)
    }

    /// The name of a type.
    pub fn type_name<'v>(&self, vm: &'v Vm, type_number: usize) -> Ref<'v, Str> {
        self.type_names[type_number].get(vm).expect(INITIALIZED)
    }

    /// The string of one byte.
    #[inline]
    pub fn byte_string<'v>(&self, vm: &'v Vm, byte: u8) -> Ref<'v, Str> {
        self.byte_strings[usize::from(byte)].get(vm).expect(INITIALIZED)
    }

    pub(super) fn no_nodes<'v>(&self, vm: &'v Vm) -> Ref<'v, Nodes> {
        self.no_nodes.get(vm).expect(INITIALIZED)
    }

    pub(super) fn no_values<'v>(&self, vm: &'v Vm) -> Ref<'v, Values> {
        self.no_values.get(vm).expect(INITIALIZED)
    }

    /// Forgets the traceback of an error that somebody has caught.
    #[inline]
    pub fn forget_traceback(&self) {
        self.traceback.borrow_mut().clear();
    }

    pub(super) fn no_keys<'v>(&self, vm: &'v Vm) -> Ref<'v, Keys> {
        self.no_keys.get(vm).expect(INITIALIZED)
    }

    pub(super) fn hashed_keys<'v>(&self, vm: &'v Vm) -> Ref<'v, Keys> {
        self.hashed_keys.get(vm).expect(INITIALIZED)
    }

    pub(super) fn no_metatable<'v>(&self, vm: &'v Vm) -> Ref<'v, Metatable> {
        self.no_metatable.get(vm).expect(INITIALIZED)
    }

    /// Shows the collector what the state refers to.
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        let tables =
            self.type_metatables
                .iter()
                .chain([&self.globals, &self.own_globals, &self.registry, &self.hook_functions]);
        tables.for_each(|table| tracer.reference(table.0.get().0));
        let names = self
            .event_names
            .iter()
            .chain(&self.type_names)
            .chain(&*self.byte_strings);
        names.for_each(|name| tracer.reference(name.0.get().0));
        [&self.gmatch_code, &self.wrapped_code]
            .iter()
            .for_each(|code| tracer.reference(code.0.get().0));
        self.not_callable
            .iter()
            .for_each(|function| tracer.reference(function.0.get().0));
        tracer.reference(self.no_nodes.0.get().0);
        tracer.reference(self.no_values.0.get().0);
        self.host.trace(tracer);
        tracer.reference(self.no_keys.0.get().0);
        tracer.reference(self.hashed_keys.0.get().0);
        tracer.reference(self.no_metatable.0.get().0);
        tracer.reference(self.shape_of_strings.0.get().0);
        self.root_shapes
            .iter()
            .for_each(|shape| tracer.reference(shape.0.get().0));
    }
}

impl Default for LuaState {
    fn default() -> LuaState {
        LuaState::new()
    }
}

const INITIALIZED: &str = "the state is initialized before anything runs";

/// The state of Lua in a virtual machine.
#[inline]
pub fn lua(vm: &Vm) -> &LuaState {
    vm.data()
}

/// Completes the state of a new virtual machine.
///
/// # Errors
/// When memory runs out.
pub fn initialize(vm: &Vm) -> Result<(), Throw> {
    let state = lua(vm);
    for (root, name) in state.event_names.iter().zip(EVENT_NAMES) {
        let name = vm.str(name.as_bytes())?;
        assert!(
            is_event_name(name),
            "strings have been made before the names of the events"
        );
        root.set(Some(name));
    }
    state.no_values.set(Some(alloc::values(vm, 0)?));
    state.no_nodes.set(Some(alloc::nodes(vm, 1)?));
    for (root, only) in [(&state.no_keys, UNUSED), (&state.hashed_keys, HOLE.0)] {
        let keys = vm.allocate_array::<Keys>(1)?;
        keys.set(|k| &k.names, state.no_values(vm));
        keys.items()[0].name.set_plain(only);
        root.set(Some(keys));
    }
    let none = vm.allocate::<Metatable>()?;
    none.absent.set(u32::MAX);
    state.no_metatable.set(Some(none));
    state.shape_of_strings.set(Some(shape::new_root(vm, 0, None)?));
    for (root, byte) in state.byte_strings.iter().zip(0..=u8::MAX) {
        root.set(Some(vm.str(&[byte])?));
    }
    for (root, name) in state.type_names.iter().zip(TYPE_NAMES) {
        root.set(Some(vm.str(name.as_bytes())?));
    }
    state.registry.set(Some(alloc::table(vm)?));
    let globals = super::table::new(vm, 0, 0)?;
    // There are many of them, and each is named.
    shape::own(vm, globals)?;
    state.globals.set(Some(globals));
    super::table::set_str(vm, globals, vm.str(b"_G")?, globals.boxed())
}
