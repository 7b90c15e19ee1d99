//! A small Lisp on a generated virtual machine: the example of `docs/new-language.md`.

mod emitter;
mod semantics;

#[allow(dead_code, missing_docs, clippy::all)]
pub mod generated {
    include!(concat!(env!("OUT_DIR"), "/vm.rs"));
}

use dg_runtime::{Hooks, Options, RuntimeError, Throw, Vm, VmBox};
use generated::{Boxed, Function, nil};
use semantics::{Semantics, State, global, message, text};

/// A Lisp system.
pub struct Lisp(pub VmBox);

impl Lisp {
    /// A system without any definitions.
    pub fn new(options: Options) -> std::io::Result<Lisp> {
        let hooks = Hooks::new(word_error);
        let state = Box::new(State::default());
        VmBox::new(generated::language::<Semantics>(), hooks, options, state).map(Lisp)
    }

    /// Runs a program. Answers the value of its last expression, or what went wrong.
    pub fn run(&mut self, source: &str) -> Result<String, String> {
        self.try_run(source).map_err(|_thrown| text(&self.0, self.0.thrown()))
    }

    fn try_run(&mut self, source: &str) -> Result<String, Throw> {
        let tokens = emitter::tokens(source);
        let (mut at, mut answer) = (0, String::new());
        while at < tokens.len() {
            let vm: &Vm = &self.0;
            let is_definition = tokens[at..]
                .iter()
                .take(3)
                .map(|token| token.0.as_str())
                .eq(["(", "define", "("]);
            at += if is_definition { 3 } else { 0 };
            let (code, end) = emitter::Emitter::new(vm, &tokens, at).function(is_definition)?;
            let function = vm.allocate::<Function>()?;
            function.set(|function| &function.code, code);
            if is_definition {
                global(vm, &tokens[at].0)?.set(|global| &global.content, function.boxed());
            } else {
                let pending = vm.prepare(function.boxed(), &[])?;
                let results = self.0.call(pending)?;
                answer = text(&self.0, results.get(&self.0, 0));
                self.0.pop(results);
            }
            at = end;
        }
        Ok(answer)
    }
}

/// The value to throw for an error of the runtime.
fn word_error(vm: &Vm, error: RuntimeError<'_>) -> u64 {
    message(vm, &error.to_string())
        .map_or(nil(), |text| text.boxed())
        .bits()
}
