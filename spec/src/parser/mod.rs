//! From text to syntax tree, one item at a time.
//!
//! The pest grammar is asked for one item at a time; where it refuses, the error is reported and reading goes
//! on with the next line that begins an item. No pest type leaves this module.

mod code;
mod cursor;
mod items;
mod refusal;
mod scan;

use pest::Parser;

use crate::ast::Spec;
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::syntax_error::SyntaxError;
use cursor::Cursor;
use items::Builder;

/// The largest source that is read, in bytes. The specifications of whole languages stay below a tenth of it.
pub const MAX_SOURCE: usize = 2 << 20;

/// How deep brackets, prefixes and operators may nest: the grammar is read by recursive descent.
pub const MAX_DEPTH: usize = 64;

/// After so many syntax errors the rest of a source is not read.
const MAX_ERRORS: usize = 50;

/// The grammar of `dg.pest`.
#[derive(pest_derive::Parser)]
#[grammar = "dg.pest"]
struct Grammar;

/// The text in `bytes`.
///
/// # Errors
///
/// If there are more than [`MAX_SOURCE`] of them, or they are not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, Diagnostic> {
    if bytes.len() > MAX_SOURCE {
        return Err(SyntaxError::TooLarge {
            size: bytes.len(),
            limit: MAX_SOURCE,
        }
        .diagnostic());
    }
    std::str::from_utf8(bytes).map_err(|error| {
        SyntaxError::NotText {
            offset: error.valid_up_to(),
        }
        .diagnostic()
    })
}

/// The syntax tree of `source`.
///
/// # Errors
///
/// All syntax errors, at most one per item.
pub fn parse(source: &str) -> Result<Spec, Vec<Diagnostic>> {
    let mut errors = Vec::new();
    let spec = parse_items(source, &mut errors);
    if errors.is_empty() {
        Ok(spec)
    } else {
        Err(errors.iter().map(SyntaxError::diagnostic).collect())
    }
}

fn parse_items(source: &str, errors: &mut Vec<SyntaxError>) -> Spec {
    let mut spec = Spec::default();
    if source.len() > MAX_SOURCE {
        errors.push(SyntaxError::TooLarge {
            size: source.len(),
            limit: MAX_SOURCE,
        });
        return spec;
    }
    if let Some(at) = scan::too_deep(source, MAX_DEPTH) {
        errors.push(SyntaxError::TooDeep { at, limit: MAX_DEPTH });
        return spec;
    }

    let mut position = scan::skip_trivia(source, 0);
    if let Ok(mut pairs) = Grammar::parse(Rule::module_docs, &source[position..])
        && let Some(pair) = pairs.next()
    {
        let end = position + pair.as_span().end();
        spec.docs = Cursor::new(pair, position).docs(Rule::module_doc);
        position = scan::skip_trivia(source, end);
    }

    while position < source.len() {
        if errors.len() >= MAX_ERRORS {
            errors.push(SyntaxError::TooMany {
                at: Span::new(position, position),
            });
            break;
        }
        let end = match Grammar::parse(Rule::documented_item, &source[position..]) {
            Ok(mut pairs) => {
                let Some(pair) = pairs.next() else { break };
                let end = position + pair.as_span().end();
                spec.items.push(Builder { errors }.item(Cursor::new(pair, position)));
                end
            }
            Err(error) => {
                let (error, at) = refusal::explain(source, position, &error);
                errors.push(error);
                scan::next_item(source, at.max(position + 1))
            }
        };
        position = scan::skip_trivia(source, end);
    }
    spec
}
