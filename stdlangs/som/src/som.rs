//! SOM in a host program.
//!
//! ```
//! use dg_som::{Som, SomValue};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let mut som = Som::new(&["library".into()])?;
//!     let answer = som.evaluate("| sum | sum := 0. 1 to: 10 do: [ :i | sum := sum + i ]. sum")?;
//!     assert!(matches!(answer, SomValue::Integer(55)));
//!     Ok(())
//! }
//! ```

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use dg_runtime::{Handle, Options, Results, Throw, Value, Vm, VmBox};

use crate::core::class::{bootstrap, new_class, set_superclass};
use crate::core::externs::Semantics;
use crate::core::number::{Integer, integer};
use crate::core::object::{boolean, class_of, describe_thrown, global_value, symbol};
use crate::core::state::{Layout, SomState, som};
use crate::core::{error, hooks, load, lookup};
use crate::generated::{self, Boxed, Kind, ValueKind, nil};

/// A SOM system with its core library.
pub struct Som {
    vm: VmBox,
}

/// A value as a host sees it.
#[derive(Clone, Debug)]
pub enum SomValue {
    /// `nil`
    Nil,
    /// `true` or `false`
    Boolean(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// A larger integer, in digits.
    BigInteger(String),
    /// A double.
    Double(f64),
    /// The bytes of a string.
    String(Vec<u8>),
    /// The text of a symbol.
    Symbol(String),
    /// Any other object, kept alive.
    Object(Rc<Handle>),
}

/// Why a program has ended.
#[derive(Clone, Debug)]
pub enum SomError {
    /// It has asked to end, with this status.
    Exit(i32),
    /// It has done something wrong.
    Failed {
        /// What, and where if it is in the text of a class.
        message: String,
        /// The frames that were running, a line each.
        traceback: String,
    },
}

impl fmt::Display for SomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SomError::Exit(status) => write!(f, "the program has ended with status {status}"),
            SomError::Failed { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for SomError {}

/// The class whose methods are the lines of the interactive mode.
const EVALUATOR: &str = "Evaluation";

/// In bytes.
const HEAP_MINIMUM: usize = 32 << 20;

/// Room for about a million frames.
const STACK_SLOTS: usize = 10_000_000;

impl Som {
    /// A system that looks for classes in these directories, and then in the library that is built in.
    ///
    /// # Errors
    /// When the system has no memory or address space for it, or a class of the library cannot be loaded.
    pub fn new(class_path: &[PathBuf]) -> Result<Som, Box<dyn std::error::Error>> {
        Som::with_options(class_path, Som::options())
    }

    /// Options that suit SOM, where nearly everything is an object: the heap may grow to some size before it is
    /// collected as a whole.
    pub fn options() -> Options {
        let mut options = Options::default();
        options.gc.minimum = HEAP_MINIMUM;
        options
    }

    /// As [`Som::new`], with options for the collector.
    ///
    /// # Errors
    /// As [`Som::new`].
    pub fn with_options(class_path: &[PathBuf], options: Options) -> Result<Som, Box<dyn std::error::Error>> {
        let state = SomState::new();
        state.class_path.borrow_mut().extend_from_slice(class_path);
        let options = Options {
            stack_slots: options.stack_slots.or(Some(STACK_SLOTS)),
            ..options
        };
        let vm = VmBox::new(
            generated::language::<Semantics>(),
            hooks::hooks(),
            options,
            Box::new(state),
        )?;
        let system = Som { vm };
        match system.start() {
            Ok(()) => Ok(system),
            Err(throw) => Err(Box::new(system.caught(throw))),
        }
    }

    fn start(&self) -> Result<(), Throw> {
        let vm: &Vm = &self.vm;
        let uncompiled = vm.new_native_code("(not compiled)", |cx| {
            Err(error::throw(cx, "a method was run before it was compiled"))
        })?;
        som(vm).uncompiled.set(uncompiled);
        bootstrap(vm)?;
        for (name, root) in som(vm).core.all() {
            load::read_core_class(vm, name, root.get(vm))?;
        }
        crate::core::meaning::check_nil_tests(vm)
    }

    /// The virtual machine.
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// The virtual machine, for whatever may run SOM or collect.
    pub fn vm_mut(&mut self) -> &mut Vm {
        &mut self.vm
    }

    /// Where programs print to from now on, in place of the standard output.
    pub fn set_output(&mut self, target: Box<dyn Write>) {
        som(&self.vm).output.borrow_mut().target = Some(target);
    }

    /// Whether the bytecode of methods is shown on the standard error when they are compiled.
    pub fn show_bytecode(&mut self, show: bool) {
        som(&self.vm).show_bytecode.set(show);
    }

    /// Writes out what programs have printed.
    pub fn flush(&self) {
        som(&self.vm).output.borrow_mut().flush();
    }

    /// Starts a program as the system object does: `arguments` are the name of its class and what it is given.
    ///
    /// # Errors
    /// That it has asked to end, or has failed.
    pub fn run(&mut self, arguments: &[Vec<u8>]) -> Result<SomValue, SomError> {
        let strings: Vec<_> = arguments.iter().cloned().map(SomValue::String).collect();
        let array = self.array(&strings)?;
        let system = self.global("system")?;
        self.send(&system, "initialize:", &[array])
    }

    /// Loads a class, unless it is loaded. `None` if there is no text of it.
    ///
    /// # Errors
    /// That its text is no class.
    pub fn load(&mut self, name: &str) -> Result<Option<SomValue>, SomError> {
        let found = load::class(&self.vm, name).map(|class| class.map(|class| self.value(class.boxed())));
        found.map_err(|throw| self.caught(throw))
    }

    /// What a global is bound to; nil if nothing.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn global(&mut self, name: &str) -> Result<SomValue, SomError> {
        let found =
            symbol(&self.vm, name.as_bytes()).map(|name| self.value(global_value(&self.vm, name).unwrap_or(nil())));
        found.map_err(|throw| self.caught(throw))
    }

    /// Binds a global.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn set_global(&mut self, name: &str, value: &SomValue) -> Result<(), SomError> {
        let vm: &Vm = &self.vm;
        let set =
            symbol(vm, name.as_bytes()).and_then(|name| crate::core::class::bind(vm, name, self.guest_value(value)?));
        set.map_err(|throw| self.caught(throw))
    }

    /// An Array.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn array(&mut self, elements: &[SomValue]) -> Result<SomValue, SomError> {
        let values: Result<Vec<_>, _> = elements.iter().map(|element| self.guest_value(element)).collect();
        let array = values.and_then(|values| crate::core::object::array(&self.vm, &values));
        array
            .map(|array| self.value(array.boxed()))
            .map_err(|throw| self.caught(throw))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// That the program has asked to end, or has failed; that the receiver does not understand the message.
    pub fn send(&mut self, receiver: &SomValue, selector: &str, arguments: &[SomValue]) -> Result<SomValue, SomError> {
        match self.try_send(receiver, selector, arguments) {
            Ok(results) => {
                let value = self.value(results.get(&self.vm, 0));
                self.vm.pop(results);
                Ok(value)
            }
            Err(throw) => Err(self.caught(throw)),
        }
    }

    fn try_send(&mut self, receiver: &SomValue, selector: &str, arguments: &[SomValue]) -> Result<Results, Throw> {
        let pending = {
            let vm: &Vm = &self.vm;
            let receiver = self.guest_value(receiver)?;
            let class = class_of(vm, receiver);
            let Some(function) = lookup::find(vm, class, symbol(vm, selector.as_bytes())?) else {
                let failure = som(vm).failure.take();
                let message = failure.unwrap_or_else(|| {
                    format!(
                        "{} does not understand {selector}",
                        crate::core::object::describe(vm, receiver)
                    )
                });
                return Err(error::throw(vm, message));
            };
            let pending = vm.prepare_empty(function.boxed())?;
            vm.push(receiver)?;
            for argument in arguments {
                vm.push(self.guest_value(argument)?)?;
            }
            vm.complete(pending)
        };
        self.vm.call(pending)
    }

    /// Evaluates statements, and answers the value of the last one.
    ///
    /// # Errors
    /// That they are no SOM, that they have asked to end, or have failed.
    pub fn evaluate(&mut self, source: &str) -> Result<SomValue, SomError> {
        self.evaluate_with(source, &SomValue::Nil)
    }

    /// As [`Som::evaluate`], with `it` bound to a value.
    ///
    /// # Errors
    /// As [`Som::evaluate`].
    pub fn evaluate_with(&mut self, source: &str, it: &SomValue) -> Result<SomValue, SomError> {
        let prepared = self.prepare_evaluation(source);
        let receiver = prepared.map_err(|throw| self.caught(throw))?;
        self.send(&receiver, "evaluate:", std::slice::from_ref(it))
    }

    /// Makes the statements a method of a class of their own, and answers an instance.
    fn prepare_evaluation(&self, source: &str) -> Result<SomValue, Throw> {
        let vm: &Vm = &self.vm;
        let class = new_class(vm, EVALUATOR, Layout::Instance)?;
        set_superclass(vm, class, Some(som(vm).core.object.get(vm)));
        load::define_evaluation(vm, class, source.as_bytes())?;
        Ok(self.value(crate::core::object::instance(vm, class)?.boxed()))
    }

    /// Compiles a method from its text, in place of the one with the same selector that the class has.
    ///
    /// # Errors
    /// That there is no such class, or that the text is no method.
    pub fn replace_method(&mut self, class: &str, class_side: bool, text: &str) -> Result<(), SomError> {
        let vm: &Vm = &self.vm;
        let replaced = load::class(vm, class).and_then(|found| match found {
            Some(found) => load::replace_method(vm, found, class_side, text.as_bytes()),
            None => Err(error::throw(vm, format!("there is no class {class}"))),
        });
        replaced.map_err(|throw| self.caught(throw))
    }

    /// A value of the virtual machine for the host.
    pub fn value(&self, value: Value<'_>) -> SomValue {
        match value.kind(&self.vm) {
            Kind::Nil | Kind::Unbound | Kind::Variable(_) => SomValue::Nil,
            Kind::False => SomValue::Boolean(false),
            Kind::True => SomValue::Boolean(true),
            Kind::Double(number) => SomValue::Double(number),
            Kind::Integer(_) | Kind::Big(_) => match integer(&self.vm, value) {
                Some(Integer::Small(number)) => SomValue::Integer(number),
                Some(big) => SomValue::BigInteger(big.to_string()),
                None => SomValue::Nil,
            },
            Kind::String(text) => SomValue::String(text.as_bytes().to_vec()),
            Kind::Symbol(symbol) => SomValue::Symbol(crate::core::object::symbol_text(&self.vm, symbol)),
            _ => SomValue::Object(Rc::new(self.vm.root(value))),
        }
    }

    /// A value of the host for the virtual machine.
    ///
    /// # Errors
    /// When memory runs out, or digits are none.
    pub fn guest_value(&self, value: &SomValue) -> Result<Value<'_>, Throw> {
        let vm: &Vm = &self.vm;
        Ok(match value {
            SomValue::Nil => nil(),
            SomValue::Boolean(value) => boolean(*value),
            SomValue::Integer(number) => Integer::Small(*number).value(vm)?,
            SomValue::BigInteger(digits) => match Integer::parse(digits) {
                Some(number) => number.value(vm)?,
                None => return Err(error::throw(vm, format!("'{digits}' is no Integer"))),
            },
            SomValue::Double(number) => Value::double(*number),
            SomValue::String(bytes) => vm.str(bytes)?.boxed(),
            SomValue::Symbol(text) => symbol(vm, text.as_bytes())?.boxed(),
            SomValue::Object(handle) => handle.get(vm),
        })
    }

    /// The error for what was thrown last.
    fn caught(&self, throw: Throw) -> SomError {
        drop(throw);
        let vm: &Vm = &self.vm;
        match som(vm).exit.take() {
            Some(status) => SomError::Exit(status),
            None => SomError::Failed {
                message: describe_thrown(vm),
                traceback: som(vm).traceback.take(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Som {
        Som::new(&[]).expect("the library is right")
    }

    fn integer(value: &SomValue) -> i64 {
        match value {
            SomValue::Integer(number) => *number,
            other => panic!("{other:?} is no integer"),
        }
    }

    #[test]
    fn values_go_in_and_out() {
        let mut som = new();
        let array = som
            .array(&[SomValue::Integer(1 << 40), SomValue::Boolean(true)])
            .unwrap();
        assert_eq!(
            integer(&som.send(&array, "at:", &[SomValue::Integer(1)]).unwrap()),
            1 << 40
        );
        som.set_global("Given", &SomValue::BigInteger("9223372036854775808".into()))
            .unwrap();
        let sum = som.evaluate("Given + 1").unwrap();
        assert!(matches!(sum, SomValue::BigInteger(digits) if digits == "9223372036854775809"));
        assert!(matches!(som.evaluate("#a"), Ok(SomValue::Symbol(text)) if text == "a"));
        assert!(matches!(som.evaluate("'a' + 1"), Ok(SomValue::String(text)) if text == b"a1"));
        assert!(matches!(som.evaluate("1 // 2"), Ok(SomValue::Double(0.5))));
        assert!(matches!(som.evaluate("nil"), Ok(SomValue::Nil)));
    }

    #[test]
    fn a_replaced_method_is_run_where_the_old_one_was_remembered() {
        let mut som = new();
        som.evaluate("system global: #Sum put: [ | sum | sum := 0. 1 to: 200 do: [ :i | sum := sum + i one ]. sum ]")
            .unwrap();
        for expected in [1, 2, 3] {
            som.replace_method("Integer", false, &format!("one = ( ^ {expected} )"))
                .unwrap();
            for _ in 0..2 {
                assert_eq!(integer(&som.evaluate("Sum value").unwrap()), 200 * expected);
            }
        }
    }

    #[test]
    fn errors_come_with_the_frames() {
        let mut som = new();
        match som.evaluate("#(1) do: [ :each | each / 0 ]") {
            Err(SomError::Failed { message, traceback }) => {
                assert_eq!(message, "(line):1: / divides by zero");
                assert!(
                    traceback.contains("[] in Evaluation>>evaluate: ((line):1)"),
                    "{traceback}"
                );
                assert!(traceback.contains("Array>>do: (Array.som:"), "{traceback}");
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(som.evaluate("system exit: 3"), Err(SomError::Exit(3))));
        assert_eq!(integer(&som.evaluate("3 + 4").unwrap()), 7);
        assert!(som.replace_method("NoSuchClass", false, "a = ( )").is_err());
        assert!(matches!(som.load("NoSuchClass"), Ok(None)));
    }
}
