//! Classes: how they are made, how they are related.

use std::rc::Rc;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};
use indexmap::IndexMap;

use super::object::{Implementation, global, instance, primitive, symbol};
use super::state::{ClassInfo, Layout, RawRefKey, som};
use crate::generated::{Boxed, Class, FALSE, Method, NIL, Symbol, TRUE, ValueKind, World};

/// The class and its superclasses.
pub fn chain<'v>(vm: &'v Vm, class: Ref<'v, Class>) -> impl Iterator<Item = Ref<'v, Class>> {
    std::iter::successors(Some(class), |class| class.superclass.get(vm))
}

/// Whether a class is another one, or inherits from it.
pub fn inherits<'v>(vm: &'v Vm, class: Ref<'v, Class>, from: Ref<'v, Class>) -> bool {
    chain(vm, class).any(|class| class == from)
}

/// A new class with its metaclass, related to nothing yet.
pub fn new_class<'v>(vm: &'v Vm, name: &str, layout: Layout) -> Result<Ref<'v, Class>, Throw> {
    let metaclass = bare_class(vm, &format!("{name} class"), Layout::Class)?;
    let class = bare_class(vm, name, layout)?;
    class.set(|c| &c.class, metaclass);
    // While the first classes are made, there is no class of metaclasses yet.
    metaclass.set(|c| &c.class, som(vm).core.metaclass.find(vm).unwrap_or(class));
    Ok(class)
}

fn bare_class<'v>(vm: &'v Vm, name: &str, layout: Layout) -> Result<Ref<'v, Class>, Throw> {
    let name = symbol(vm, name.as_bytes())?;
    let fields = vm.new_values(0)?;
    let class = vm.allocate::<Class>()?;
    let state = som(vm);
    class.set(|c| &c.world, state.world.get(vm));
    class.set(|c| &c.name, name);
    class.set(|c| &c.fields, fields);
    // Until `new_class` knows better.
    class.set(|c| &c.class, class);
    let mut classes = state.classes.borrow_mut();
    class.number.set(classes.len() as u32);
    // A class and its metaclass are hardly ever receivers of the same message.
    class.place.set(classes.len() as u32 / 2);
    classes.push(ClassInfo {
        class: class.raw(),
        layout,
        fields: Vec::new(),
        methods: IndexMap::new(),
        file: "".into(),
    });
    Ok(class)
}

/// Makes `superclass` the superclass of a class, and its metaclass that of the class's metaclass.
pub fn set_superclass<'v>(vm: &'v Vm, class: Ref<'v, Class>, superclass: Option<Ref<'v, Class>>) {
    class.set(|c| &c.superclass, superclass);
    let above = match superclass {
        Some(superclass) => superclass.class.get(vm),
        None => som(vm).core.class.get(vm),
    };
    class.class.get(vm).set(|c| &c.superclass, Some(above));
}

/// Binds the global of a class's name.
pub fn bind<'v>(vm: &'v Vm, name: Ref<'v, Symbol>, value: Value<'v>) -> Result<(), Throw> {
    let global = global(vm, name)?;
    global.set(|g| &g.content, value);
    Ok(())
}

/// What instances of a class that inherits from `superclass` look like.
pub fn inherited_layout(vm: &Vm, superclass: Ref<'_, Class>) -> Layout {
    som(vm).classes.borrow()[superclass.number.get() as usize].layout
}

/// Makes the classes that the virtual machine itself knows, `nil`, `true`, `false` and `system`; their files are still
/// to be read.
///
/// # Errors
/// When memory runs out.
pub fn bootstrap(vm: &Vm) -> Result<(), Throw> {
    let state = som(vm);
    let core = &state.core;
    state.world.set(vm.allocate::<World>()?);
    state.make_symbols(vm)?;
    for (name, root) in core.all() {
        let layout = match name {
            "Object" | "Boolean" | "System" => Layout::Instance,
            "Array" => Layout::Array,
            "Class" | "Metaclass" => Layout::Class,
            _ => Layout::Value,
        };
        root.set(new_class(vm, name, layout)?);
    }
    state.nowhere.set(new_class(vm, "nil", Layout::Value)?);
    for (name, root) in core.all() {
        let class = root.get(vm);
        let superclass = match name {
            "Object" => None,
            "Metaclass" => Some(&core.class),
            "Symbol" => Some(&core.string),
            "Block1" | "Block2" | "Block3" => Some(&core.block),
            "True" | "False" => Some(&core.boolean),
            _ => Some(&core.object),
        };
        class.class.get(vm).set(|c| &c.class, core.metaclass.get(vm));
        set_superclass(vm, class, superclass.map(|root| root.get(vm)));
        bind(vm, class.name.get(vm), class.boxed())?;
    }
    let method = vm.allocate::<Method>()?;
    method.set(|m| &m.holder, core.object.get(vm));
    method.set(|m| &m.signature, symbol(vm, b"perform:withArguments:")?);
    let spread = Implementation::Native(spread);
    state
        .spreader
        .set(primitive(vm, method, "perform:withArguments:", spread)?);
    let world = state.world.get(vm);
    world.set(|w| &w.nil_class, core.nil.get(vm));
    world.set(|w| &w.false_class, core.false_.get(vm));
    world.set(|w| &w.true_class, core.true_.get(vm));
    world.set(|w| &w.double_class, core.double.get(vm));
    world.set(|w| &w.integer_class, core.integer.get(vm));
    world.set(|w| &w.string_class, core.string.get(vm));
    world.set(|w| &w.symbol_class, core.symbol.get(vm));
    state.system.set(instance(vm, core.system.get(vm))?);
    let constants = [("nil", NIL.0), ("true", TRUE.0), ("false", FALSE.0)];
    for (name, bits) in constants {
        global(vm, symbol(vm, name.as_bytes())?)?.content.set_plain(bits);
    }
    bind(vm, symbol(vm, b"system")?, state.system.get(vm).boxed())
}

/// Adds a method to a class, in place of one with the same selector.
pub fn add_method<'v>(vm: &'v Vm, class: Ref<'v, Class>, method: Ref<'v, Method>) {
    let mut classes = som(vm).classes.borrow_mut();
    let methods = &mut classes[class.number.get() as usize].methods;
    methods.insert(RawRefKey(method.signature.raw().0), method.raw());
}

/// The names of the fields of a class's instances.
pub fn fields(vm: &Vm, class: Ref<'_, Class>) -> Vec<Rc<str>> {
    som(vm).classes.borrow()[class.number.get() as usize].fields.clone()
}

/// Calls its first argument with the second one and the elements of the third one.
fn spread(cx: &mut CallContext<'_>) -> NativeResult {
    let pending = {
        let vm: &Vm = cx;
        let arguments = cx.arg(2).as_array(vm).expect("the specification gives an array");
        let pending = vm.prepare_empty(cx.arg(0))?;
        vm.push(cx.arg(1))?;
        for item in arguments.items() {
            vm.push(item.get(vm))?;
        }
        vm.complete(pending)
    };
    let results = cx.call(pending)?;
    cx.ret_results(results)
}
