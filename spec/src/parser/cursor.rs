//! Walks the children of a pest pair.

use std::iter::Peekable;
use std::rc::Rc;

use pest::iterators::{Pair, Pairs};

use super::Rule;
use crate::ast::{Docs, Name};
use crate::span::Span;

/// The children of a pair that carry meaning; punctuation and keywords that only lead are passed over.
pub struct Cursor<'i> {
    /// Which rule the pair is.
    pub rule: Rule,
    /// Where the pair stands in the source.
    pub span: Span,
    source: &'i str,
    children: Peekable<Pairs<'i, Rule>>,
    base: usize,
}

impl<'i> Cursor<'i> {
    /// The children of `pair`, whose text begins at `base` in the source.
    pub fn new(pair: Pair<'i, Rule>, base: usize) -> Self {
        let span = span_of(&pair, base);
        Self {
            rule: pair.as_rule(),
            span,
            source: pair.as_str().trim_end(),
            children: pair.into_inner().peekable(),
            base,
        }
    }

    /// The next child that carries meaning.
    pub fn next(&mut self) -> Option<Cursor<'i>> {
        self.skip_noise();
        self.children.next().map(|pair| Cursor::new(pair, self.base))
    }

    /// The next child, which the grammar guarantees.
    ///
    /// # Panics
    ///
    /// If the grammar and this reader of it disagree.
    pub fn expect(&mut self) -> Cursor<'i> {
        match self.next() {
            Some(child) => child,
            None => unreachable!("the grammar gives {:?} one more child", self.rule),
        }
    }

    /// The next child if it is of this rule.
    pub fn take(&mut self, rule: Rule) -> Option<Cursor<'i>> {
        self.skip_noise();
        self.children
            .next_if(|pair| pair.as_rule() == rule)
            .map(|pair| Cursor::new(pair, self.base))
    }

    /// The next child as a name.
    pub fn name(&mut self) -> Name {
        self.skip_noise();
        match self.children.next() {
            Some(pair) => name_of(&pair, self.base),
            None => unreachable!("the grammar gives {:?} a name", self.rule),
        }
    }

    /// The next child as a name, if it is one.
    pub fn take_name(&mut self) -> Option<Name> {
        self.skip_noise();
        self.children
            .next_if(|pair| pair.as_rule() == Rule::name)
            .map(|pair| name_of(&pair, self.base))
    }

    /// The next child with its text.
    pub fn text(&mut self) -> (&'i str, Span) {
        self.skip_noise();
        match self.children.next() {
            Some(pair) => (pair.as_str(), span_of(&pair, self.base)),
            None => unreachable!("the grammar gives {:?} a token", self.rule),
        }
    }

    /// The text of the pair itself.
    pub fn own_text(&self) -> (&'i str, Span) {
        (self.source, self.span)
    }

    /// The lines of documentation that come next, `rule` being `doc` or `module_doc`.
    pub fn docs(&mut self, rule: Rule) -> Docs {
        let mut docs = Vec::new();
        while let Some(pair) = self.children.next_if(|pair| pair.as_rule() == rule) {
            let line = pair.as_str()[3..].trim_end();
            docs.push(line.strip_prefix(' ').unwrap_or(line).to_string());
        }
        docs
    }

    /// Whether nothing that carries meaning is left.
    pub fn is_done(&mut self) -> bool {
        self.skip_noise();
        self.children.peek().is_none()
    }

    /// Whether the last child is a `;`.
    pub fn ends_with_semicolon(&self) -> bool {
        self.children
            .clone()
            .last()
            .is_some_and(|pair| pair.as_rule() == Rule::semicolon)
    }

    /// All children as they are, and where their text begins.
    pub fn raw(self) -> (Peekable<Pairs<'i, Rule>>, usize) {
        (self.children, self.base)
    }

    fn skip_noise(&mut self) {
        while self.children.next_if(|pair| is_noise(pair.as_rule())).is_some() {}
    }
}

/// Where `pair` stands in the source.
///
/// The span that pest gives goes on over blanks and comments when something optional could have followed; the end of
/// the last token is meant.
pub fn span_of(pair: &Pair<'_, Rule>, base: usize) -> Span {
    let mut last = pair.clone();
    while let Some(inner) = last.clone().into_inner().next_back() {
        last = inner;
    }
    let end = last.as_span().start() + last.as_str().trim_end().len();
    Span::new(base + pair.as_span().start(), base + end)
}

fn name_of(pair: &Pair<'_, Rule>, base: usize) -> Name {
    Name {
        text: Rc::from(pair.as_str()),
        span: span_of(pair, base),
    }
}

fn is_noise(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::open_brace
            | Rule::close_brace
            | Rule::open_paren
            | Rule::close_paren
            | Rule::open_bracket
            | Rule::close_bracket
            | Rule::comma
            | Rule::semicolon
            | Rule::colon
            | Rule::pipe
            | Rule::dot
            | Rule::dot_dot
            | Rule::arrow
            | Rule::fat_arrow
            | Rule::equals
            | Rule::kw_assume
            | Rule::kw_bytecode
            | Rule::kw_cache
            | Rule::kw_call
            | Rule::kw_delegate
            | Rule::kw_else
            | Rule::kw_enum
            | Rule::kw_extern
            | Rule::kw_fn
            | Rule::kw_goto
            | Rule::kw_group
            | Rule::kw_if
            | Rule::kw_is
            | Rule::kw_language
            | Rule::kw_leave
            | Rule::kw_let
            | Rule::kw_match
            | Rule::kw_new
            | Rule::kw_object
            | Rule::kw_plan
            | Rule::kw_ptr
            | Rule::kw_ref
            | Rule::kw_resume
            | Rule::kw_return
            | Rule::kw_slow
            | Rule::kw_struct
            | Rule::kw_tail
            | Rule::kw_template
            | Rule::kw_throw
            | Rule::kw_try
            | Rule::kw_until
            | Rule::kw_value
            | Rule::kw_ways
            | Rule::kw_yield
    )
}
