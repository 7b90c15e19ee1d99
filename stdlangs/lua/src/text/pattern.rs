//! Lua patterns: compiled once to a list of steps, matched without recursion and without allocation per attempt.
//!
//! A pattern has no alternatives, so one path through it visits the steps in order. This gives three things for free:
//! which capture a parenthesis means is known when compiling; the backtracking stack never holds more entries than the
//! pattern has steps; and captures need no undo, since going back to a step runs every later step anew.
//!
//! Errors in a pattern are steps too. As in PUC Lua they surface when matching reaches them: `find("a", "b[")` is `nil`.

use memchr::memmem;

use super::byte_set::ByteSet;
use super::pattern_compile;

/// The most captures that a pattern can have.
pub const MAX_CAPTURES: usize = 32;

/// Why a pattern cannot be matched; worded by [`PatternError::message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternError {
    EndsWithEscape,
    MissingBracket,
    MissingFrontierSet,
    Unbalanced,
    TooManyCaptures,
    UnopenedCapture,
    UnfinishedCapture,
    InvalidCaptureIndex,
}

impl PatternError {
    /// The error message, without a position.
    pub fn message(self) -> &'static str {
        match self {
            PatternError::EndsWithEscape => "malformed pattern (ends with '%')",
            PatternError::MissingBracket => "malformed pattern (missing ']')",
            PatternError::MissingFrontierSet => "missing '[' after '%f' in pattern",
            PatternError::Unbalanced => "unbalanced pattern",
            PatternError::TooManyCaptures => "too many captures",
            PatternError::UnopenedCapture => "invalid pattern capture",
            PatternError::UnfinishedCapture => "unfinished capture",
            PatternError::InvalidCaptureIndex => "invalid capture index",
        }
    }
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Pattern {
    pub(super) steps: Vec<Step>,
    pub(super) captures: Vec<CaptureKind>,
    /// The match must begin where the search begins.
    pub(super) anchored: bool,
    /// What every match starts with.
    pub(super) start: Start,
}

/// One step of a pattern.
#[derive(Debug)]
pub(super) enum Step {
    One(Single),
    Optional(Single),
    /// As many as possible, at least `least`. `possessive`: what follows cannot match any earlier, so none is given back.
    Greedy {
        single: Single,
        least: usize,
        possessive: bool,
    },
    /// As few as possible.
    Lazy(Single),
    Open(usize),
    Close(usize),
    Position(usize),
    BackReference(usize),
    Balanced {
        open: u8,
        close: u8,
    },
    Frontier(Box<ByteSet>),
    /// `$` at the end of the pattern.
    SubjectEnd,
    Fail(PatternError),
    Accept,
}

/// What matches one byte.
#[derive(Debug)]
pub(super) enum Single {
    Byte(u8),
    Any,
    Set(Box<ByteSet>),
}

/// What is known about where matches can start.
#[derive(Debug)]
pub(super) enum Start {
    Anywhere,
    Literal(Box<memmem::Finder<'static>>),
    OneOf(Box<ByteSet>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaptureKind {
    Span,
    Position,
    Unfinished,
}

/// What a capture holds after a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// The bytes from `start` to before `end` of the subject.
    Span { start: usize, end: usize },
    /// A position in the subject, counted from 0: from `()` in the pattern.
    Position(usize),
}

/// Where matching keeps its captures and its way back; reusable for any pattern, one match at a time.
#[derive(Debug)]
pub struct Matcher {
    starts: [usize; MAX_CAPTURES],
    ends: [usize; MAX_CAPTURES],
    retries: Vec<Retry>,
}

/// A choice that can be made differently: continue at step `step` with the subject at `at`.
#[derive(Clone, Copy, Debug)]
struct Retry {
    step: usize,
    at: usize,
    /// How far `at` may move: greedy loops give back down to here, the others do not use it.
    least: usize,
    kind: RetryKind,
}

#[derive(Clone, Copy, Debug)]
enum RetryKind {
    Once,
    Shrink,
    /// Grow the lazy loop at `step - 1`.
    Grow,
}

impl Default for Matcher {
    fn default() -> Matcher {
        Matcher::new()
    }
}

impl Matcher {
    /// A matcher that has matched nothing yet.
    pub fn new() -> Matcher {
        Matcher {
            starts: [0; MAX_CAPTURES],
            ends: [0; MAX_CAPTURES],
            retries: Vec::new(),
        }
    }
}

impl Pattern {
    /// Compiles a pattern for `find`, `match` and `gsub`, where a leading `^` anchors.
    pub fn new(pattern: &[u8]) -> Pattern {
        pattern_compile::compile(pattern, true)
    }

    /// Compiles a pattern for `gmatch`, where a leading `^` is an ordinary character.
    pub fn without_anchor(pattern: &[u8]) -> Pattern {
        pattern_compile::compile(pattern, false)
    }

    /// Whether the pattern begins with an anchoring `^`.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    /// How many captures the pattern has.
    pub fn capture_count(&self) -> usize {
        self.captures.len()
    }

    /// Capture `index` (from 0) of the match that `matcher` found last, with this pattern.
    ///
    /// # Errors
    /// [`PatternError::InvalidCaptureIndex`] if the pattern has no such capture, [`PatternError::UnfinishedCapture`] if it
    /// lacks its closing parenthesis.
    pub fn capture(&self, matcher: &Matcher, index: usize) -> Result<Capture, PatternError> {
        match self.captures.get(index) {
            None => Err(PatternError::InvalidCaptureIndex),
            Some(CaptureKind::Unfinished) => Err(PatternError::UnfinishedCapture),
            Some(CaptureKind::Position) => Ok(Capture::Position(matcher.starts[index])),
            Some(CaptureKind::Span) => Ok(Capture::Span {
                start: matcher.starts[index],
                end: matcher.ends[index],
            }),
        }
    }

    /// Capture `index` of a match from `start` to `end`, where the whole match stands in for a first capture if there is
    /// none.
    ///
    /// # Errors
    /// As for [`Pattern::capture`].
    pub fn capture_or_whole(
        &self,
        matcher: &Matcher,
        index: usize,
        (start, end): (usize, usize),
    ) -> Result<Capture, PatternError> {
        if index == 0 && self.captures.is_empty() {
            return Ok(Capture::Span { start, end });
        }
        self.capture(matcher, index)
    }

    /// The first match that starts at `from` or later (exactly there, if anchored): its start and end.
    ///
    /// # Errors
    /// What is wrong with the pattern, if matching gets that far.
    pub fn find(
        &self,
        matcher: &mut Matcher,
        subject: &[u8],
        from: usize,
    ) -> Result<Option<(usize, usize)>, PatternError> {
        if self.anchored {
            return Ok(self.match_at(matcher, subject, from)?.map(|end| (from, end)));
        }
        let mut at = from;
        while let Some(start) = self.next_candidate(subject, at) {
            if let Some(end) = self.match_at(matcher, subject, start)? {
                return Ok(Some((start, end)));
            }
            at = start + 1;
        }
        Ok(None)
    }

    /// The first position from `at` on where a match could start.
    #[inline]
    fn next_candidate(&self, subject: &[u8], at: usize) -> Option<usize> {
        let rest = subject.get(at..)?;
        match &self.start {
            Start::Anywhere => Some(at),
            Start::Literal(finder) => finder.find(rest).map(|offset| at + offset),
            Start::OneOf(set) => rest
                .iter()
                .position(|&byte| set.contains(byte))
                .map(|offset| at + offset),
        }
    }

    /// The end of the match that starts at `start`, if there is one.
    ///
    /// # Errors
    /// What is wrong with the pattern, if matching gets that far.
    pub fn match_at(&self, matcher: &mut Matcher, subject: &[u8], start: usize) -> Result<Option<usize>, PatternError> {
        matcher.retries.clear();
        let (mut step, mut at) = (0, start);
        loop {
            match self.run(matcher, subject, step, at)? {
                Some(end) => return Ok(Some(end)),
                None => match self.next_retry(matcher, subject) {
                    Some(retry) => (step, at) = retry,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Runs the steps from `step` on until one fails (`None`) or the pattern has matched, up to the returned position.
    #[inline]
    fn run(
        &self,
        matcher: &mut Matcher,
        subject: &[u8],
        mut step: usize,
        mut at: usize,
    ) -> Result<Option<usize>, PatternError> {
        loop {
            match &self.steps[step] {
                Step::One(single) => {
                    if !single.matches_at(subject, at) {
                        return Ok(None);
                    }
                    at += 1;
                }
                Step::Optional(single) => {
                    if single.matches_at(subject, at) {
                        matcher.retries.push(Retry {
                            step: step + 1,
                            at,
                            least: at,
                            kind: RetryKind::Once,
                        });
                        at += 1;
                    }
                }
                Step::Greedy {
                    single,
                    least,
                    possessive,
                } => {
                    let least = at + least;
                    at += single.run_length(&subject[at..]);
                    if at < least {
                        return Ok(None);
                    }
                    if at > least && !possessive {
                        matcher.retries.push(Retry {
                            step: step + 1,
                            at,
                            least,
                            kind: RetryKind::Shrink,
                        });
                    }
                }
                Step::Lazy(_) => {
                    matcher.retries.push(Retry {
                        step: step + 1,
                        at,
                        least: at,
                        kind: RetryKind::Grow,
                    });
                }
                Step::Open(index) => matcher.starts[*index] = at,
                Step::Close(index) => matcher.ends[*index] = at,
                Step::Position(index) => matcher.starts[*index] = at,
                Step::BackReference(index) => {
                    // A position capture has no bytes to repeat: it never matches.
                    if self.captures[*index] != CaptureKind::Span {
                        return Ok(None);
                    }
                    let captured = &subject[matcher.starts[*index]..matcher.ends[*index]];
                    if !subject[at..].starts_with(captured) {
                        return Ok(None);
                    }
                    at += captured.len();
                }
                Step::Balanced { open, close } => match balanced_length(&subject[at..], *open, *close) {
                    Some(length) => at += length,
                    None => return Ok(None),
                },
                Step::Frontier(set) => {
                    // Both ends of the subject count as a zero byte.
                    let before = at.checked_sub(1).map_or(0, |before| subject[before]);
                    let here = subject.get(at).copied().unwrap_or(0);
                    if set.contains(before) || !set.contains(here) {
                        return Ok(None);
                    }
                }
                Step::SubjectEnd => {
                    if at != subject.len() {
                        return Ok(None);
                    }
                }
                Step::Fail(error) => return Err(*error),
                Step::Accept => return Ok(Some(at)),
            }
            step += 1;
        }
    }

    /// Takes the latest choice that can still be made differently: the step and position to continue from.
    #[inline]
    fn next_retry(&self, matcher: &mut Matcher, subject: &[u8]) -> Option<(usize, usize)> {
        while let Some(retry) = matcher.retries.last_mut() {
            match retry.kind {
                RetryKind::Shrink => {
                    let shorter = self.shrink(subject, retry);
                    let step = retry.step;
                    match shorter {
                        Some(at) if at > retry.least => retry.at = at,
                        _ => drop(matcher.retries.pop()),
                    }
                    if let Some(at) = shorter {
                        return Some((step, at));
                    }
                }
                RetryKind::Once => {
                    let next = (retry.step, retry.at);
                    matcher.retries.pop();
                    return Some(next);
                }
                RetryKind::Grow => {
                    if let Some(at) = self.grow(subject, retry.step, retry.at) {
                        retry.at = at;
                        return Some((retry.step, at));
                    }
                    matcher.retries.pop();
                }
            }
        }
        None
    }

    /// The next position at which to leave a greedy loop that was last left at `retry.at`, above `retry.least`.
    #[inline]
    fn shrink(&self, subject: &[u8], retry: &Retry) -> Option<usize> {
        // Leaving the loop before anything but the literal that must follow is in vain.
        if let Step::One(Single::Byte(literal)) = &self.steps[retry.step] {
            let given_back = &subject[retry.least..retry.at];
            return memchr::memrchr(*literal, given_back).map(|offset| retry.least + offset);
        }
        Some(retry.at - 1)
    }

    /// The next position at which to leave the lazy loop before `step`, which was last left at `at`.
    #[inline]
    fn grow(&self, subject: &[u8], step: usize, at: usize) -> Option<usize> {
        let Step::Lazy(single) = &self.steps[step - 1] else {
            unreachable!("only lazy loops grow")
        };
        if !single.matches_at(subject, at) {
            return None;
        }
        let at = at + 1;
        // As in `shrink`.
        if let (Single::Any, Step::One(Single::Byte(literal))) = (single, &self.steps[step]) {
            return memchr::memchr(*literal, &subject[at..]).map(|offset| at + offset);
        }
        Some(at)
    }
}

impl Single {
    #[inline]
    fn matches_at(&self, subject: &[u8], at: usize) -> bool {
        match (subject.get(at), self) {
            (None, _) => false,
            (Some(&byte), Single::Byte(expected)) => byte == *expected,
            (Some(_), Single::Any) => true,
            (Some(&byte), Single::Set(set)) => set.contains(byte),
        }
    }

    /// How many bytes at the start of `text` match.
    #[inline]
    fn run_length(&self, text: &[u8]) -> usize {
        let end = match self {
            Single::Byte(expected) => text.iter().position(|byte| byte != expected),
            Single::Any => None,
            Single::Set(set) => text.iter().position(|&byte| !set.contains(byte)),
        };
        end.unwrap_or(text.len())
    }
}

/// The length of the run at the start of `text` in which `open` and `close` balance; `None` if there is none.
fn balanced_length(text: &[u8], open: u8, close: u8) -> Option<usize> {
    if text.first() != Some(&open) {
        return None;
    }
    let mut depth = 1usize;
    for (offset, &byte) in text.iter().enumerate().skip(1) {
        if byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(offset + 1);
            }
        } else if byte == open {
            depth += 1;
        }
    }
    None
}
