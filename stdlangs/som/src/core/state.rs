//! What SOM keeps per virtual machine.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Instant;

use dg_runtime::{Code, Object, RawRef, Ref, Throw, Tracer, Vm};
use indexmap::IndexMap;

use super::lookup::LookupCache;
use crate::emit::BlockInfo;
use crate::generated::{Boxed, Class, Function, Global, Instance, Method, Operator, Symbol, World};
use crate::syntax::ast::Body;

/// The selectors of [`Operator`], in its order.
pub const OPERATOR_SELECTORS: [&str; Operator::ALL.len()] = [
    "+", "-", "*", "//", "%", "<", ">", "<=", ">=", "=", "<>", "/", "&", "~=", "==", "at:", "at:put:", "length",
    "isNil", "notNil",
];

/// Classes that the virtual machine itself knows, by the name of their field in [`CoreClasses`].
macro_rules! core_classes {
    ($($field:ident: $name:literal),* $(,)?) => {
        /// Classes that the virtual machine itself knows.
        #[derive(Default)]
        pub struct CoreClasses {
            $(
                #[doc = concat!("`", $name, "`")]
                pub $field: Root<Class>,
            )*
        }

        impl CoreClasses {
            /// All of them with their names.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, &Root<Class>)> {
                [$(($name, &self.$field)),*].into_iter()
            }
        }
    };
}

// In the order in which their files are read: each after its superclass.
core_classes! {
    object: "Object",
    class: "Class",
    metaclass: "Metaclass",
    nil: "Nil",
    array: "Array",
    method: "Method",
    primitive: "Primitive",
    string: "String",
    symbol: "Symbol",
    integer: "Integer",
    double: "Double",
    block: "Block",
    block1: "Block1",
    block2: "Block2",
    block3: "Block3",
    boolean: "Boolean",
    true_: "True",
    false_: "False",
    system: "System",
}

/// What instances of a class look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Objects with fields.
    Instance,
    /// Arrays.
    Array,
    /// Classes.
    Class,
    /// Values that `new` does not make.
    Value,
}

/// What the host knows of a class.
pub struct ClassInfo {
    /// The class.
    pub class: RawRef<Class>,
    /// What its instances look like.
    pub layout: Layout,
    /// Names of the fields of its instances, inherited ones first.
    pub fields: Vec<Rc<str>>,
    /// Its own methods by selector, in the order of its text.
    pub methods: IndexMap<RawRefKey, RawRef<Method>>,
    /// Where its text is; empty before it is read.
    pub file: Rc<str>,
}

/// A symbol as a key of a map.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawRefKey(pub u32);

/// What the host knows of a method.
pub struct MethodInfo {
    /// The method.
    pub method: RawRef<Method>,
    /// Its selector.
    pub selector: Rc<str>,
    /// Its code; none of a primitive.
    pub body: Option<Rc<Body>>,
    /// Where its text is.
    pub file: Rc<str>,
    /// The line that it begins in.
    pub line: u32,
    /// What its receivers look like.
    pub layout: Layout,
    /// The slot of its frame that holds the number of the activation, if a block may return from it.
    pub home_slot: Cell<u16>,
}

/// A reference that the collector is shown by [`SomState::trace`].
pub struct Root<T>(Cell<RawRef<T>>);

impl<T> Default for Root<T> {
    fn default() -> Root<T> {
        Root(Cell::new(RawRef::NULL))
    }
}

impl<T: Object> Root<T> {
    /// The object.
    ///
    /// # Panics
    /// Before it was set.
    #[inline]
    pub fn get<'v>(&self, vm: &'v Vm) -> Ref<'v, T> {
        self.find(vm).expect("the state is completed before anything runs")
    }

    /// The object, if there is one.
    #[inline]
    pub fn find<'v>(&self, vm: &'v Vm) -> Option<Ref<'v, T>> {
        let raw = self.0.get();
        // SAFETY: set from a reference of this VM only, and traced, so that the object is alive.
        (!raw.is_null()).then(|| unsafe { raw.get(vm) })
    }

    /// Refers to another object.
    pub fn set(&self, object: Ref<'_, T>) {
        self.0.set(object.raw());
    }
}

/// The state of SOM in a virtual machine.
#[derive(Default)]
pub struct SomState {
    /// What all classes share.
    pub world: Root<World>,
    /// Classes that the virtual machine itself knows.
    pub core: CoreClasses,
    /// A class without methods: where the search for a message to Object's `super` begins.
    pub nowhere: Root<Class>,
    /// The object `system`.
    pub system: Root<Instance>,
    /// The code of methods that were not called yet.
    pub uncompiled: Root<Code>,
    /// Calls its first argument with the second one and the elements of the third one.
    pub spreader: Root<Function>,
    /// `doesNotUnderstand:arguments:`, `unknownGlobal:`, `escapedBlock:`
    pub handlers: [Root<Symbol>; 3],
    /// By the string of their text.
    pub symbols: RefCell<HashMap<u32, RawRef<Symbol>>>,
    /// By the symbol of their name.
    pub globals: RefCell<HashMap<u32, RawRef<Global>>>,
    /// By `Class.number`.
    pub classes: RefCell<Vec<ClassInfo>>,
    /// By `Method.definition`.
    pub methods: RefCell<Vec<Rc<MethodInfo>>>,
    /// By `BlockText.definition`.
    pub blocks: RefCell<Vec<Rc<BlockInfo>>>,
    /// What `lookup` has found lately.
    pub cache: LookupCache,
    /// Directories to look for classes in.
    pub class_path: RefCell<Vec<PathBuf>>,
    /// Classes whose superclass is being loaded.
    pub loading: RefCell<Vec<Rc<str>>>,
    /// Where programs print to.
    pub output: RefCell<Output>,
    /// The program has asked to end with this status.
    pub exit: Cell<Option<i32>>,
    /// A lookup has failed for this reason, and could not say so.
    pub failure: RefCell<Option<String>>,
    /// Where the last error was thrown.
    pub traceback: RefCell<String>,
    /// Whether bytecode is shown when it is made.
    pub show_bytecode: Cell<bool>,
    /// The state of `atRandom`.
    pub random: Cell<u64>,
    started: OnceCell<Instant>,
}

/// What programs print, on its way out.
#[derive(Default)]
pub struct Output {
    pending: Vec<u8>,
    /// Where it goes; the standard output if nothing else is said.
    pub target: Option<Box<dyn Write>>,
}

/// So much is kept before it is written.
const OUTPUT_BUFFER: usize = 1 << 16;

impl Output {
    /// Prints.
    pub fn print(&mut self, text: &[u8]) {
        self.pending.extend_from_slice(text);
        if self.pending.len() >= OUTPUT_BUFFER {
            self.flush();
        }
    }

    /// Writes out what was printed. What cannot be written is lost: there is nobody to tell.
    pub fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let _ = match &mut self.target {
            Some(target) => target.write_all(&pending).and_then(|()| target.flush()),
            None => {
                let mut out = std::io::stdout();
                out.write_all(&pending).and_then(|()| out.flush())
            }
        };
    }
}

/// A message that the virtual machine itself sends.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// `doesNotUnderstand:arguments:`
    NotUnderstood,
    /// `unknownGlobal:`
    UnknownGlobal,
    /// `escapedBlock:`
    EscapedBlock,
}

impl SomState {
    /// A state to give to the virtual machine when it is made.
    pub fn new() -> SomState {
        SomState {
            started: OnceCell::from(Instant::now()),
            random: Cell::new(0x2545_F491_4F6C_DD1D),
            ..SomState::default()
        }
    }

    /// Makes the symbols that the virtual machine itself knows.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn make_symbols(&self, vm: &Vm) -> Result<(), Throw> {
        let handlers = ["doesNotUnderstand:arguments:", "unknownGlobal:", "escapedBlock:"];
        for (root, name) in self.handlers.iter().zip(handlers) {
            root.set(super::object::symbol(vm, name.as_bytes())?);
        }
        let world = self.world.get(vm);
        let selectors = vm.new_values(OPERATOR_SELECTORS.len())?;
        for (index, name) in OPERATOR_SELECTORS.iter().enumerate() {
            let selector = super::object::symbol(vm, name.as_bytes())?;
            selectors.set_item(index, |item| item, selector.boxed());
        }
        world.set(|w| &w.selectors, selectors);
        let characters = vm.new_values(256)?;
        for byte in 0..=u8::MAX {
            characters.set_item(byte.into(), |item| item, vm.str(&[byte])?.boxed());
        }
        world.set(|w| &w.characters, characters);
        Ok(())
    }

    /// When the virtual machine was made.
    pub fn started(&self) -> Instant {
        *self.started.get_or_init(Instant::now)
    }

    /// What the host knows of a method.
    pub fn method(&self, method: Ref<'_, Method>) -> Rc<MethodInfo> {
        Rc::clone(&self.methods.borrow()[method.definition.get() as usize])
    }

    /// Shows the collector what the state refers to: symbols, globals, classes and methods live for ever.
    pub fn trace(&self, tracer: &mut Tracer<'_>) {
        tracer.reference(self.world.0.get().0);
        tracer.reference(self.system.0.get().0);
        tracer.reference(self.uncompiled.0.get().0);
        tracer.reference(self.spreader.0.get().0);
        for symbol in self.symbols.borrow().values() {
            tracer.reference(symbol.0);
        }
        for global in self.globals.borrow().values() {
            tracer.reference(global.0);
        }
        for class in self.classes.borrow().iter() {
            tracer.reference(class.class.0);
        }
        for method in self.methods.borrow().iter() {
            tracer.reference(method.method.0);
        }
    }
}

/// The state of SOM in a virtual machine.
#[inline]
pub fn som(vm: &Vm) -> &SomState {
    vm.data()
}
