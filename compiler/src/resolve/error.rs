//! The errors of a specification that parses: what they are, and how each is worded.

use dg_spec::{Diagnostic, Span};

/// What is wrong, and where. Types and sets are already in words.
#[derive(Clone, Debug)]
pub enum Error {
    /// A name that nothing declares.
    UnknownName {
        at: Span,
        what: &'static str,
        name: String,
        nearest: Option<String>,
    },
    /// A second declaration of a name.
    Duplicate {
        at: Span,
        what: &'static str,
        name: String,
        first: Span,
    },
    /// A declaration that nothing refers to.
    Unused { at: Span, what: &'static str, name: String },
    /// A specification without something every specification has.
    MissingItem { what: &'static str, example: &'static str },
    /// A word out of a fixed list that is not on it.
    UnknownWord {
        at: Span,
        what: &'static str,
        found: String,
        nearest: Option<String>,
        all: String,
    },
    /// A name of something else than what is wanted.
    WrongKind {
        at: Span,
        name: String,
        is: &'static str,
        wanted: &'static str,
    },
    /// A value that is applied to arguments.
    AppliedValue { at: Span, name: String },
    /// Two names that are one in the generated Rust.
    SameInRust {
        at: Span,
        name: String,
        first: (String, Span),
        rust: String,
    },
    /// A language option that makes no sense.
    BadOption { at: Span, why: String },
    /// A value type that cannot be encoded.
    BadLeaf { at: Span, why: String },
    /// A field that cannot be laid out.
    BadField {
        at: Span,
        why: String,
        help: Option<String>,
    },
    /// A parameter or result that cannot cross to the host.
    BadExtern {
        at: Span,
        why: String,
        help: Option<String>,
    },
    /// An operand or result that cannot be encoded.
    BadOperand {
        at: Span,
        why: String,
        help: Option<String>,
    },
    /// A function that is inlined into itself.
    Recursion {
        at: Span,
        name: String,
        through: Vec<String>,
    },

    /// A body that grows beyond measure when what it uses is inlined.
    TooLarge { at: Span, size: usize, limit: usize },

    /// One type where another is wanted.
    Mismatch {
        at: Span,
        wanted: String,
        found: String,
        help: Option<String>,
    },
    /// A boxed value read as something it is not proven to be.
    Unproven {
        at: Span,
        text: String,
        wanted: String,
        known: String,
        help: Option<String>,
    },
    /// Too few or too many arguments.
    Arity {
        at: Span,
        name: String,
        wanted: usize,
        found: usize,
    },
    /// A field that the record does not have.
    NoField {
        at: Span,
        record: String,
        field: String,
        nearest: Option<String>,
        all: String,
    },
    /// A new object without fields that have to be given.
    MissingFields {
        at: Span,
        record: String,
        missing: Vec<String>,
    },
    /// Something of which there can be no new one.
    NoNew { at: Span, name: String, why: String },
    /// A field or element of something that has none.
    NoFields { at: Span, text: String, ty: String },
    /// A test that can never hold.
    NeverHolds {
        at: Span,
        text: String,
        wanted: String,
        known: String,
    },
    /// Code behind what never gets there.
    Unreachable { at: Span, after: Span },
    /// A `match` that leaves out cases.
    MissingCases { at: Span, of: String, missing: Vec<String> },
    /// An arm for what earlier arms cover.
    CoveredArm {
        at: Span,
        case: String,
        first: Option<Span>,
    },
    /// A case that the plan or enum does not have.
    UnknownCase {
        at: Span,
        of: String,
        case: String,
        nearest: Option<String>,
        all: String,
    },
    /// A pattern with more or fewer names than the case carries things.
    CaseArity {
        at: Span,
        case: String,
        carries: Vec<String>,
        found: usize,
    },
    /// A `match` over what has no cases.
    NoCases { at: Span, ty: String },
    /// What is remembered depends on what is not compared.
    CacheReads {
        at: Span,
        text: String,
        keys: Span,
        key_texts: String,
    },
    /// What is remembered has effects.
    CacheEffect { at: Span, what: String, effect: String },
    /// A store to what is no place.
    NoPlace { at: Span, why: String },
    /// A body whose value is not the declared result.
    Result {
        at: Span,
        declared: String,
        found: String,
        help: Option<String>,
    },
    /// A path without a value where one is wanted.
    NoValue { at: Span, wanted: String, why: String },
    /// A call of what is not proven to be callable.
    NotCallable {
        at: Span,
        text: String,
        callee: String,
        known: String,
        help: Option<String>,
    },
    /// Something that has no meaning in this kind of code.
    Misplaced {
        at: Span,
        what: String,
        why: String,
        help: Option<String>,
    },
    /// A list before other arguments.
    ListNotLast { at: Span },
    /// A name whose value a call has destroyed.
    Stale {
        at: Span,
        name: String,
        what: &'static str,
        call: Span,
    },
    /// A number that its type does not hold.
    NumberRange { at: Span, ty: String },
    /// Operands that do not go together.
    BadOperands {
        sign: String,
        left: (Span, String),
        right: (Span, String),
        help: Option<String>,
    },
    /// A value that goes nowhere.
    UnusedValue { at: Span, ty: String },
    /// A reference that may be null.
    MayBeNull { at: Span, text: String, local: bool },
    /// An index beyond a run of known length.
    IndexRange { at: Span, index: u64, length: u64 },
    /// A test that makes no sense for this type.
    BadTest { at: Span, why: String },
    /// A template argument that a body could not use.
    BadTemplateArgument { at: Span },
    /// A second cache in one bytecode.
    SecondCache { at: Span, first: Span },
    /// Something that must not happen twice, before a cache.
    EffectBeforeCache { at: Span, effect: Span },
    /// A number of ways that no cache has.
    BadWays { at: Span },
}

impl Error {
    /// The error in words.
    pub fn diagnostic(&self) -> Diagnostic {
        let worded = self
            .about_names()
            .or_else(|| self.about_types())
            .or_else(|| self.about_flow());
        match worded {
            Some(diagnostic) => diagnostic,
            None => unreachable!("an error without words: {self:?}"),
        }
    }

    fn about_names(&self) -> Option<Diagnostic> {
        Some(match self {
            Self::UnknownName {
                at,
                what,
                name,
                nearest,
            } => Diagnostic::new(
                "E0101",
                format!("no {what} is named `{name}`"),
                *at,
                "nothing declares this name",
            )
            .maybe_help(did_you_mean(nearest.as_ref())),
            Self::Duplicate { at, what, name, first } => Diagnostic::new(
                "E0102",
                format!("the {what} `{name}` is declared twice"),
                *at,
                "declared again here",
            )
            .label(*first, "first declared here"),
            Self::Unused { at, what, name } => Diagnostic::new(
                "E0103",
                format!("the {what} `{name}` is never used"),
                *at,
                "nothing refers to it",
            )
            .help(match *what {
                "binding" => format!("write `_` or `_{name}` for what is not wanted"),
                "parameter" | "operand" => format!("remove it, or name it `_{name}` to keep its place"),
                _ => "remove it".to_string(),
            }),
            Self::MissingItem { what, example } => {
                Diagnostic::new("E0104", format!("the specification has no {what}"), Span::default(), "")
                    .help(format!("add one: `{example}`"))
            }
            Self::UnknownWord {
                at,
                what,
                found,
                nearest,
                all,
            } => Diagnostic::new(
                "E0105",
                format!("`{found}` is no {what}"),
                *at,
                format!("not {} that there is", article(what)),
            )
            .help(did_you_mean(nearest.as_ref()).unwrap_or_else(|| format!("there are {all}"))),
            Self::WrongKind { at, name, is, wanted } => {
                let message = format!("`{name}` is {is}, not {wanted}");
                Diagnostic::new("E0106", message, *at, format!("{wanted} was expected here"))
            }
            Self::AppliedValue { at, name } => Diagnostic::new(
                "E0107",
                format!("`{name}` is a value, not a function"),
                *at,
                "applied to arguments",
            )
            .help(format!("to call a guest function, write `call {name}(..)`")),
            Self::SameInRust { at, name, first, rust } => Diagnostic::new(
                "E0108",
                format!("`{name}` and `{}` are one name in Rust", first.0),
                *at,
                format!("in the generated module this is `{rust}`"),
            )
            .label(first.1, "and so is this")
            .help("rename one of them"),
            Self::BadOption { at, why } => Diagnostic::new("E0120", "this option has no meaning", *at, why),
            Self::BadLeaf { at, why } => Diagnostic::new("E0121", "this type of value cannot be encoded", *at, why),
            Self::BadField { at, why, help } => {
                Diagnostic::new("E0122", "this field cannot be laid out", *at, why).maybe_help(help.clone())
            }
            Self::BadExtern { at, why, help } => {
                Diagnostic::new("E0123", "this runtime function cannot be called", *at, why).maybe_help(help.clone())
            }
            Self::BadOperand { at, why, help } => {
                Diagnostic::new("E0124", "this cannot be encoded in an instruction", *at, why).maybe_help(help.clone())
            }
            Self::Recursion { at, name, through } => {
                let mut text = "inlined where it is used".to_string();
                if !through.is_empty() {
                    text = format!("it uses {}, and so itself", through.join(", which uses "));
                }
                Diagnostic::new("E0125", format!("the function `{name}` uses itself"), *at, text)
                    .help("a `fn` is inlined where it is used; write an `extern fn` for what recurs")
            }
            Self::TooLarge { at, size, limit } => {
                let message = format!("this body is too large: at most {limit} expressions can be inlined into one");
                Diagnostic::new("E0126", message, *at, format!("the functions it uses add {size}"))
                    .help("a `fn` is inlined at each of its uses; write an `extern fn` for what is large")
            }
            _ => return None,
        })
    }

    fn about_types(&self) -> Option<Diagnostic> {
        Some(match self {
            Self::Mismatch {
                at,
                wanted,
                found,
                help,
            } => Diagnostic::new(
                "E0201",
                format!("expected {wanted}, found {found}"),
                *at,
                format!("this is {found}"),
            )
            .maybe_help(help.clone()),
            Self::Unproven {
                at,
                text,
                wanted,
                known,
                help,
            } => Diagnostic::new(
                "E0202",
                format!("`{text}` is read as {wanted}, but not proven to be that"),
                *at,
                format!("known here: {known}"),
            )
            .maybe_help(help.clone()),
            Self::Arity {
                at,
                name,
                wanted,
                found,
            } => Diagnostic::new(
                "E0203",
                format!("`{name}` takes {}, found {found}", plural(*wanted, "argument")),
                *at,
                format!("{} here", plural(*found, "argument")),
            ),
            Self::NoField {
                at,
                record,
                field,
                nearest,
                all,
            } => {
                let message = format!("`{record}` has no field `{field}`");
                Diagnostic::new("E0204", message, *at, format!("no field of `{record}`")).maybe_help(
                    did_you_mean(nearest.as_ref()).or_else(|| (!all.is_empty()).then(|| format!("it has {all}"))),
                )
            }
            Self::MissingFields { at, record, missing } => {
                let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
                let example: Vec<String> = missing.iter().map(|name| format!("{name}: ..")).collect();
                let verb = if missing.len() == 1 { "is" } else { "are" };
                let label = format!("{} {verb} not given", names.join(" and "));
                Diagnostic::new("E0231", format!("a new `{record}` lacks fields"), *at, label).help(format!(
                    "write `new {record} {{ {}, .. }}`; only numbers, conditions and `ref?` have a value without that",
                    example.join(", ")
                ))
            }
            Self::NoNew { at, name, why } => {
                Diagnostic::new("E0232", format!("no `{name}` can be made here"), *at, why.clone())
            }
            Self::NoFields { at, text, ty } => Diagnostic::new(
                "E0205",
                format!("`{text}` is no object and no list"),
                *at,
                format!("this is {ty}"),
            ),
            Self::NeverHolds {
                at,
                text,
                wanted,
                known,
            } => Diagnostic::new(
                "E0207",
                format!("`{text}` can never be {wanted} here"),
                *at,
                format!("known here: {known}"),
            )
            .help("remove the test and what depends on it"),
            Self::Result {
                at,
                declared,
                found,
                help,
            } => Diagnostic::new(
                "E0217",
                format!("the result is declared as {declared}, but this is {found}"),
                *at,
                format!("this is {found}"),
            )
            .maybe_help(help.clone()),
            Self::NoValue { at, wanted, why } => Diagnostic::new(
                "E0218",
                format!("{wanted} is wanted here, but not every path has one"),
                *at,
                why,
            ),
            Self::NotCallable {
                at,
                text,
                callee,
                known,
                help,
            } => Diagnostic::new(
                "E0219",
                format!("`{text}` is called, but not proven to be {callee}"),
                *at,
                format!("known here: {known}"),
            )
            .maybe_help(help.clone()),
            Self::NumberRange { at, ty } => Diagnostic::new(
                "E0223",
                format!("the number does not fit into {ty}"),
                *at,
                format!("used as {ty}"),
            ),
            Self::BadOperands {
                sign,
                left,
                right,
                help,
            } => {
                let message = format!("`{sign}` does not apply to {} and {}", left.1, right.1);
                Diagnostic::new("E0224", message, left.0, format!("this is {}", left.1))
                    .label(right.0, format!("this is {}", right.1))
                    .maybe_help(help.clone())
            }
            Self::MayBeNull { at, text, local } => Diagnostic::new(
                "E0226",
                format!("`{text}` may be null"),
                *at,
                "a `ref?` that is not proven to refer to something",
            )
            .help(match local {
                true => format!("test it first: `if {text} is null {{ slow .. }}`"),
                false => format!("give it a name and test that: `let r = {text}; if r is null {{ slow .. }}`"),
            }),
            Self::BadTest { at, why } => Diagnostic::new("E0228", "this test has no meaning", *at, why),
            _ => return None,
        })
    }

    fn about_flow(&self) -> Option<Diagnostic> {
        Some(match self {
            Self::Unreachable { at, after } => {
                Diagnostic::new("E0208", "this code is never reached", *at, "nothing leads here")
                    .label(*after, "control does not come past this")
            }
            Self::MissingCases { at, of, missing } => {
                let cases: Vec<String> = missing.iter().map(|case| format!("`{case}`")).collect();
                let message = format!("the match over `{of}` leaves out {}", cases.join(", "));
                Diagnostic::new("E0209", message, *at, "not every case has an arm").help(format!(
                    "add an arm: `{} => ..,`",
                    missing.first().map_or("_", String::as_str)
                ))
            }
            Self::CoveredArm { at, case, first } => {
                let diagnostic = Diagnostic::new(
                    "E0210",
                    "this arm is never taken",
                    *at,
                    match case.as_str() {
                        "_" => "every case has an arm of its own".to_string(),
                        case => format!("`{case}` is covered already"),
                    },
                );
                match first {
                    Some(first) => diagnostic.label(*first, "covered here"),
                    None => diagnostic,
                }
            }
            Self::UnknownCase {
                at,
                of,
                case,
                nearest,
                all,
            } => Diagnostic::new(
                "E0211",
                format!("`{of}` has no case `{case}`"),
                *at,
                format!("no case of `{of}`"),
            )
            .help(did_you_mean(nearest.as_ref()).unwrap_or_else(|| format!("it has {all}"))),
            Self::CaseArity {
                at,
                case,
                carries,
                found,
            } => {
                let message = format!(
                    "`{case}` carries {}, the pattern names {found}",
                    plural(carries.len(), "thing")
                );
                Diagnostic::new(
                    "E0212",
                    message,
                    *at,
                    match carries.is_empty() {
                        true => "it carries nothing".to_string(),
                        false => format!("it carries {}", carries.join(", ")),
                    },
                )
            }
            Self::NoCases { at, ty } => Diagnostic::new(
                "E0213",
                "only plans, enums and attempts can be matched",
                *at,
                format!("this is {ty}"),
            )
            .help("test types of values with `if x is T`"),
            Self::CacheReads {
                at,
                text,
                keys,
                key_texts,
            } => Diagnostic::new(
                "E0214",
                format!("`{text}` decides what is cached, but is not part of the cache key"),
                *at,
                "read once, when the site misses",
            )
            .label(*keys, "only this is compared on the next visit")
            .help(format!(
                "read `{text}` after the cache, or make it part of the key: `cache({key_texts}, {text})`"
            )),
            Self::CacheEffect { at, what, effect } => Diagnostic::new(
                "E0215",
                format!("{what} cannot be cached: it is not pure"),
                *at,
                format!("{effect}, which the next visit would not repeat"),
            )
            .help("cache only what `pure` functions answer"),
            Self::NoPlace { at, why } => Diagnostic::new("E0216", "nothing can be stored here", *at, why)
                .help("places are `out slot` operands, elements of `slots` operands, fields, elements of objects"),
            Self::Misplaced { at, what, why, help } => {
                Diagnostic::new("E0220", format!("{what} is not possible here"), *at, why).maybe_help(help.clone())
            }
            Self::ListNotLast { at } => {
                Diagnostic::new("E0221", "a list can only come last", *at, "a list, and more follows")
                    .help("take one value of it: `first(..)`")
            }
            Self::Stale { at, name, what, call } => Diagnostic::new(
                "E0222",
                format!("`{name}` does not survive the call"),
                *at,
                format!("{what}, used after the call"),
            )
            .label(*call, "this runs other code, which may end or move what it stands for")
            .help("use it before the call, or read it again afterwards"),
            Self::UnusedValue { at, ty } => Diagnostic::new(
                "E0225",
                "this value goes nowhere",
                *at,
                format!("{ty}, and nothing happens to it"),
            )
            .help("remove it, or give it a name with `let`"),
            Self::IndexRange { at, index, length } => {
                let message = format!("there is no element {index}");
                Diagnostic::new(
                    "E0227",
                    message,
                    *at,
                    format!("the run has {}", plural(*length as usize, "slot")),
                )
            }
            Self::BadTemplateArgument { at } => Diagnostic::new(
                "E0229",
                "a template takes names, constants of enums and literals",
                *at,
                "none of these",
            ),
            Self::SecondCache { at, first } => {
                Diagnostic::new("E0233", "a bytecode can remember one answer", *at, "the second `cache`")
                    .label(*first, "the first one")
                    .help("let one function answer all that is to be remembered, by a plan if need be")
            }
            Self::EffectBeforeCache { at, effect } => Diagnostic::new(
                "E0234",
                "an effect cannot stand before a `cache`",
                *at,
                "on a miss the bytecode starts again from its beginning",
            )
            .label(*effect, "and does this again")
            .help("move it behind the `cache`"),
            Self::BadWays { at } => Diagnostic::new(
                "E0230",
                "a cache remembers between 1 and 16 answers",
                *at,
                "not in that range",
            ),
            _ => return None,
        })
    }
}

fn did_you_mean(nearest: Option<&String>) -> Option<String> {
    nearest.map(|name| format!("did you mean `{name}`?"))
}

/// `a` or `an` in front of a word.
fn article(what: &str) -> String {
    let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {what}")
}

/// `1 argument`, `2 arguments`
fn plural(count: usize, what: &str) -> String {
    match count {
        0 if what == "thing" => "nothing".to_string(),
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
