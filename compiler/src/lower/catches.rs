//! The table of the unwinder: which return addresses catch, and where.

use std::collections::BTreeMap;

use super::frame::Form;
use super::{LowerError, LowerOptions, stubs, templates};
use crate::ir::{Continuation, ContinuationTarget, Function, FunctionKind, Program};

/// Pairs of symbols: the continuation of a call that catches, and its catch continuation.
///
/// # Errors
/// When one continuation would have to catch in two ways: calls must not share it then.
pub(super) fn all(program: &Program, options: &LowerOptions) -> Result<Vec<(String, String)>, LowerError> {
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    for function in program.functions.values() {
        let forms: &[Form] = match function.kind {
            FunctionKind::Bytecode(_) if templates::can_compile(program, options) => &[Form::Interpreter, Form::Shared],
            FunctionKind::Bytecode(_) | FunctionKind::Native(_) => &[Form::Interpreter],
        };
        for (next, catch) in forms.iter().flat_map(|form| pairs(program, function, *form)) {
            match found.get(&next) {
                Some(known) if *known != catch => {
                    let message = format!("`{next}` continues calls that catch differently");
                    return Err(LowerError::Unsupported {
                        function: function.name.clone(),
                        line: 0,
                        message,
                    });
                }
                _ => found.insert(next, catch),
            };
        }
    }
    let catching = found.into_iter().filter_map(|(next, catch)| Some((next, catch?)));
    Ok([(stubs::EXIT.into(), stubs::EXIT_THROWN.into())]
        .into_iter()
        .chain(catching)
        .collect())
}

/// The continuation of each call in a function, with its catch continuation.
fn pairs(program: &Program, function: &Function, form: Form) -> Vec<(String, Option<String>)> {
    let name = |continuation: &Continuation| match continuation.target {
        ContinuationTarget::Function(id) => Some(form.symbol(&program.functions[id].name)),
        ContinuationTarget::Block(_) => None,
    };
    let pairs = function
        .blocks
        .values()
        .filter_map(|block| match block.terminator.continuations()[..] {
            [next] => Some((name(next)?, None)),
            [next, catch] => Some((name(next)?, name(catch))),
            _ => None,
        });
    pairs.collect()
}
