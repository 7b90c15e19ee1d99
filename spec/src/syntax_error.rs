//! The errors of reading a source: what they are, and how each is worded.

use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// A source that is no `.dg` file, with the place where that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyntaxError {
    /// The bytes are not text; with the offset of the first one that is not.
    NotText {
        /// Offset of the byte.
        offset: usize,
    },
    /// More text than any specification has.
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// What is accepted, in bytes.
        limit: usize,
    },
    /// Something else was expected here.
    Unexpected {
        /// What stands there.
        at: Span,
        /// What it is, e.g. `` `}` `` or `the end of the file`.
        found: String,
        /// What could stand there.
        expected: Vec<&'static str>,
        /// What is probably meant.
        help: Option<String>,
    },
    /// No item begins like this.
    UnknownItem {
        /// The word or character.
        at: Span,
        /// As written.
        found: String,
        /// The nearest keyword.
        nearest: Option<&'static str>,
    },
    /// Brackets, prefixes and operators pile up beyond what any reader follows.
    TooDeep {
        /// Where the limit is passed.
        at: Span,
        /// The limit.
        limit: usize,
    },
    /// A number that has no place in 64 bits.
    NumberTooLarge {
        /// The number.
        at: Span,
    },
    /// A documentation comment where nothing can be documented.
    StrayDoc {
        /// The comment.
        at: Span,
    },
    /// `call`, `tail call` or `resume` without arguments.
    CallWithoutArguments {
        /// The expression.
        at: Span,
        /// The word in front of it.
        word: &'static str,
    },
    /// `call f(..).x`: something behind the arguments of a call.
    CallFollowed {
        /// What follows.
        at: Span,
        /// The word in front of the call.
        word: &'static str,
    },
    /// `f(..)` where `f` is not a name.
    AppliedExpression {
        /// The expression.
        at: Span,
    },
    /// Something that is not a test behind `assume`.
    AssumeWithoutTest {
        /// The expression.
        at: Span,
    },
    /// So many errors that the rest is not read.
    TooMany {
        /// Where reading ends.
        at: Span,
    },
}

impl SyntaxError {
    /// The error in words.
    pub fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::NotText { offset } => Diagnostic::new(
                "E0001",
                format!("the source is not UTF-8 text: byte {offset} begins no character"),
                Span::default(),
                "",
            ),
            Self::TooLarge { size, limit } => Diagnostic::new(
                "E0002",
                format!("the source is too large: {size} bytes, at most {limit} are accepted"),
                Span::default(),
                "",
            ),
            Self::Unexpected {
                at,
                found,
                expected,
                help,
            } => Diagnostic::new(
                "E0003",
                format!("expected {}, found {found}", alternatives(expected)),
                *at,
                format!("expected {} here", alternatives(expected)),
            )
            .maybe_help(help.clone()),
            Self::UnknownItem { at, found, nearest } => Diagnostic::new(
                "E0004",
                format!("{found} begins no item"),
                *at,
                "an item was expected here",
            )
            .help(match nearest {
                Some(keyword) => format!("did you mean `{keyword}`?"),
                None => format!("items are {}", keyword_list()),
            }),
            Self::TooDeep { at, limit } => Diagnostic::new(
                "E0005",
                format!("nested more than {limit} deep"),
                *at,
                "brackets, prefixes and operators count",
            )
            .help("give parts of it a name with `let`, or move them to a `fn`"),
            Self::NumberTooLarge { at } => {
                Diagnostic::new("E0006", "number too large", *at, "does not fit into 64 bits")
            }
            Self::StrayDoc { at } => Diagnostic::new(
                "E0007",
                "a `///` comment documents an item, a field, a case or an operand",
                *at,
                "nothing that can be documented follows",
            )
            .help("write `//` for a remark"),
            Self::CallWithoutArguments { at, word } => Diagnostic::new(
                "E0008",
                format!("`{word}` without arguments"),
                *at,
                "what is called stands here",
            )
            .help(format!("write `{word} f(..)`, with `()` for no arguments")),
            Self::CallFollowed { at, word } => Diagnostic::new(
                "E0012",
                format!("a `{word}` ends with its arguments"),
                *at,
                "applies to what is called, not to what it answers",
            )
            .help("give what it answers a name with `let` first"),
            Self::AppliedExpression { at } => Diagnostic::new(
                "E0009",
                "only a name can be applied to arguments",
                *at,
                "this is not a name",
            )
            .help("to call a guest function, write `call` in front of it"),
            Self::AssumeWithoutTest { at } => {
                Diagnostic::new("E0010", "`assume` needs a test", *at, "not of the form `x is T`")
                    .help("write `assume x is T;`")
            }
            Self::TooMany { at } => Diagnostic::new(
                "E0011",
                "too many errors, the rest is not read",
                *at,
                "reading ends here",
            ),
        }
    }
}

/// The words that begin an item.
pub const ITEM_KEYWORDS: [&str; 12] = [
    "language", "value", "object", "struct", "enum", "plan", "extern", "fn", "cold", "native", "template", "bytecode",
];

fn keyword_list() -> String {
    let quoted: Vec<String> = ITEM_KEYWORDS.iter().map(|keyword| format!("`{keyword}`")).collect();
    quoted.join(", ")
}

fn alternatives(expected: &[&str]) -> String {
    match expected {
        [] => "something else".to_string(),
        [one] => (*one).to_string(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
