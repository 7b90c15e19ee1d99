//! From the text of a pattern to its steps.

use memchr::memmem;

use super::byte_set::ByteSet;
use super::pattern::{CaptureKind, MAX_CAPTURES, Pattern, PatternError, Single, Start, Step};

/// Compiles `pattern`, which ends at its first zero byte; a leading `^` anchors if `may_anchor`.
///
/// The first error becomes the last step, so that all before it can still fail to match first.
pub(super) fn compile(pattern: &[u8], may_anchor: bool) -> Pattern {
    let pattern = pattern.split(|&byte| byte == 0).next().unwrap_or_default();
    let (anchored, rest) = match pattern.strip_prefix(b"^") {
        Some(rest) if may_anchor => (true, rest),
        _ => (false, pattern),
    };
    let mut compiler = Compiler {
        rest,
        steps: Vec::new(),
        captures: Vec::new(),
    };
    let last = loop {
        match compiler.step() {
            Ok(true) => {}
            Ok(false) => break Step::Accept,
            Err(error) => break Step::Fail(error),
        }
    };
    let Compiler {
        mut steps, captures, ..
    } = compiler;
    steps.push(last);
    mark_possessive(&mut steps);
    let start = find_start(&steps);
    Pattern {
        steps,
        captures,
        anchored,
        start,
    }
}

struct Compiler<'p> {
    rest: &'p [u8],
    steps: Vec<Step>,
    captures: Vec<CaptureKind>,
}

impl Compiler<'_> {
    /// Compiles one step; false at the end of the pattern.
    fn step(&mut self) -> Result<bool, PatternError> {
        let (step, rest) = match self.rest {
            [] => return Ok(false),
            [b'$'] => (Step::SubjectEnd, &[][..]),
            [b'(', b')', rest @ ..] => (Step::Position(self.open(CaptureKind::Position)?), rest),
            [b'(', rest @ ..] => (Step::Open(self.open(CaptureKind::Unfinished)?), rest),
            [b')', rest @ ..] => (Step::Close(self.close()?), rest),
            [b'%', b'b', open, close, rest @ ..] => (
                Step::Balanced {
                    open: *open,
                    close: *close,
                },
                rest,
            ),
            [b'%', b'b', ..] => return Err(PatternError::Unbalanced),
            [b'%', b'f', rest @ ..] => frontier(rest)?,
            [b'%', digit @ b'0'..=b'9', rest @ ..] => (self.back_reference(*digit)?, rest),
            text => {
                let (single, rest) = single(text)?;
                repetition(single, rest)
            }
        };
        self.steps.push(step);
        self.rest = rest;
        Ok(true)
    }

    fn open(&mut self, kind: CaptureKind) -> Result<usize, PatternError> {
        if self.captures.len() == MAX_CAPTURES {
            return Err(PatternError::TooManyCaptures);
        }
        self.captures.push(kind);
        Ok(self.captures.len() - 1)
    }

    fn close(&mut self) -> Result<usize, PatternError> {
        let open = self.captures.iter().rposition(|&kind| kind == CaptureKind::Unfinished);
        let index = open.ok_or(PatternError::UnopenedCapture)?;
        self.captures[index] = CaptureKind::Span;
        Ok(index)
    }

    fn back_reference(&self, digit: u8) -> Result<Step, PatternError> {
        let index = usize::from(digit).checked_sub(usize::from(b'1'));
        match index.and_then(|index| self.captures.get(index)) {
            None | Some(CaptureKind::Unfinished) => Err(PatternError::InvalidCaptureIndex),
            Some(_) => Ok(Step::BackReference(usize::from(digit - b'1'))),
        }
    }
}

fn frontier(text: &[u8]) -> Result<(Step, &[u8]), PatternError> {
    let Some(body) = text.strip_prefix(b"[") else {
        return Err(PatternError::MissingFrontierSet);
    };
    let (set, rest) = bracket_set(body)?;
    Ok((Step::Frontier(Box::new(set)), rest))
}

/// Reads what matches one byte; `text` is not empty.
fn single(text: &[u8]) -> Result<(Single, &[u8]), PatternError> {
    match text {
        [b'.', rest @ ..] => Ok((Single::Any, rest)),
        [b'%'] => Err(PatternError::EndsWithEscape),
        [b'%', letter, rest @ ..] if letter.is_ascii_alphabetic() => {
            Ok((single_of_set(ByteSet::of_class(*letter)), rest))
        }
        [b'%', byte, rest @ ..] => Ok((Single::Byte(*byte), rest)),
        [b'[', body @ ..] => {
            let (set, rest) = bracket_set(body)?;
            Ok((single_of_set(set), rest))
        }
        [byte, rest @ ..] => Ok((Single::Byte(*byte), rest)),
        [] => unreachable!("the end of the pattern is a step of its own"),
    }
}

/// A set of one byte is cheaper as that byte, and literals can be searched for.
fn single_of_set(set: ByteSet) -> Single {
    let mut members = (0..=u8::MAX).filter(|&byte| set.contains(byte));
    match (members.next(), members.next()) {
        (Some(byte), None) => Single::Byte(byte),
        _ => Single::Set(Box::new(set)),
    }
}

/// Reads a set behind its `[`, up to and including its `]`.
fn bracket_set(body: &[u8]) -> Result<(ByteSet, &[u8]), PatternError> {
    let (negated, body) = match body.strip_prefix(b"^") {
        Some(body) => (true, body),
        None => (false, body),
    };
    let length = bracket_length(body)?;
    let (mut items, rest) = (&body[..length], &body[length + 1..]);
    let mut set = ByteSet::default();
    loop {
        items = match items {
            [] => break,
            [b'%', letter, rest @ ..] => {
                set = set.union(&ByteSet::of_class(*letter));
                rest
            }
            // A range has taken the `%` that kept a later one from escaping: now that one escapes the closing bracket.
            [b'%'] => {
                set.insert(b']');
                &[]
            }
            [first, b'-', last, rest @ ..] => {
                (*first..=*last).for_each(|byte| set.insert(byte));
                rest
            }
            [byte, rest @ ..] => {
                set.insert(*byte);
                rest
            }
        };
    }
    Ok((if negated { set.complement() } else { set }, rest))
}

/// How many bytes stand before the `]` that closes a set; one that comes first, or behind `%`, is a member.
fn bracket_length(body: &[u8]) -> Result<usize, PatternError> {
    let mut length = 0;
    loop {
        length += match &body[length.min(body.len())..] {
            [] | [b'%'] => return Err(PatternError::MissingBracket),
            [b']', ..] if length > 0 => return Ok(length),
            [b'%', ..] => 2,
            _ => 1,
        };
    }
}

fn repetition(single: Single, rest: &[u8]) -> (Step, &[u8]) {
    let (step, length) = match rest.first() {
        Some(b'?') => (Step::Optional(single), 1),
        Some(b'*') => (
            Step::Greedy {
                single,
                least: 0,
                possessive: false,
            },
            1,
        ),
        Some(b'+') => (
            Step::Greedy {
                single,
                least: 1,
                possessive: false,
            },
            1,
        ),
        Some(b'-') => (Step::Lazy(single), 1),
        _ => (Step::One(single), 0),
    };
    (step, &rest[length..])
}

/// Marks the greedy loops that need not give anything back: a byte given back would have to match what follows the loop.
fn mark_possessive(steps: &mut [Step]) {
    for index in 0..steps.len() {
        let (head, tail) = steps.split_at_mut(index + 1);
        if let Step::Greedy { single, possessive, .. } = &mut head[index] {
            *possessive = cannot_follow(tail, &single.set());
        }
    }
}

/// Whether `steps` surely fail on a byte of `set`, or surely match without a look at the subject.
fn cannot_follow(steps: &[Step], set: &ByteSet) -> bool {
    let next = steps
        .iter()
        .find(|step| !matches!(step, Step::Open(_) | Step::Close(_) | Step::Position(_)));
    match next {
        Some(
            Step::One(next)
            | Step::Greedy {
                single: next, least: 1, ..
            },
        ) => next.set().is_disjoint(set),
        Some(Step::Accept | Step::SubjectEnd) => true,
        _ => false,
    }
}

/// What every match must start with.
fn find_start(steps: &[Step]) -> Start {
    let consuming = |step: &&Step| !matches!(step, Step::Open(_) | Step::Position(_));
    let mut literal = Vec::new();
    for step in steps.iter().filter(consuming) {
        match step {
            Step::One(Single::Byte(byte)) => literal.push(*byte),
            Step::Close(_) if !literal.is_empty() => {}
            Step::Greedy {
                single: Single::Byte(byte),
                least: 1,
                ..
            } => {
                literal.push(*byte);
                break;
            }
            Step::One(Single::Set(set))
            | Step::Greedy {
                single: Single::Set(set),
                least: 1,
                ..
            } if literal.is_empty() => {
                return Start::OneOf(set.clone());
            }
            Step::Balanced { open, .. } => {
                literal.push(*open);
                break;
            }
            _ => break,
        }
    }
    if literal.is_empty() {
        Start::Anywhere
    } else {
        Start::Literal(Box::new(memmem::Finder::new(&literal).into_owned()))
    }
}

impl Single {
    fn set(&self) -> ByteSet {
        match self {
            Single::Byte(byte) => ByteSet::of(|candidate| candidate == *byte),
            Single::Any => ByteSet::default().complement(),
            Single::Set(set) => **set,
        }
    }
}
