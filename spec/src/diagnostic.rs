//! What is wrong with a source, and how it is shown.

use codespan_reporting::diagnostic::{Diagnostic as Report, Label as ReportLabel};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term;
use codespan_reporting::term::termcolor::{Ansi, NoColor};

use crate::span::Span;

/// One error in a source: a message that stands alone, labels that say what is known at a place, and help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// `E0xxx`, one per kind of error.
    pub code: &'static str,
    /// Lower case, no full stop.
    pub message: String,
    /// The places; the first is where the error is.
    pub labels: Vec<Label>,
    /// What to do about it, if there is something to say; may hold text to paste.
    pub help: Option<String>,
}

/// A place in the source and what is known there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is known there.
    pub text: String,
}

impl Diagnostic {
    /// An error at `span`, where `text` holds.
    pub fn new(code: &'static str, message: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            labels: vec![Label {
                span,
                text: text.into(),
            }],
            help: None,
        }
    }

    /// Adds a second place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Says what to do, when there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Self {
        self.help = text;
        self
    }

    /// Where the error is.
    pub fn span(&self) -> Span {
        self.labels.first().map_or(Span::default(), |label| label.span)
    }

    fn report(&self) -> Report<()> {
        let labels = self.labels.iter().enumerate().map(|(index, label)| {
            let range = label.span.range();
            let place = if index == 0 {
                ReportLabel::primary((), range)
            } else {
                ReportLabel::secondary((), range)
            };
            place.with_message(visible(&label.text))
        });
        let mut report = Report::error()
            .with_code(self.code)
            .with_message(visible(&self.message))
            .with_labels(labels.collect());
        if let Some(help) = &self.help {
            report = report.with_notes(vec![format!("help: {}", visible(help).replace('\n', "\n      "))]);
        }
        report
    }
}

/// The text without what a terminal would obey instead of showing it, in as many bytes: spans stay right.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let turns_text_around =
            matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match letter {
            '\n' | '\r' | '\t' => out.push(letter),
            _ if letter.is_control() => out.extend(std::iter::repeat_n('?', letter.len_utf8())),
            _ if turns_text_around => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(letter),
        }
    }
    out
}

/// Whether a rendering carries terminal colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Plain text.
    Plain,
    /// ANSI escape sequences.
    Colored,
}

/// Renders `diagnostics` in the order of the source, at most `limit` of them; a last line counts those left out.
///
/// `path` names the source in the rendering.
pub fn render(path: &str, source: &str, diagnostics: &[Diagnostic], limit: usize, style: Style) -> String {
    let file = SimpleFile::new(visible(path), visible(source));
    let config = term::Config {
        tab_width: 4,
        ..term::Config::default()
    };
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| diagnostic.span());

    let mut out = Vec::new();
    for diagnostic in ordered.iter().take(limit) {
        let report = diagnostic.report();
        let emitted = match style {
            Style::Plain => term::emit(&mut NoColor::new(&mut out), &config, &file, &report),
            Style::Colored => term::emit(&mut Ansi::new(&mut out), &config, &file, &report),
        };
        if emitted.is_err() {
            // A span outside the source, which only an empty source can have: the message stands alone.
            out.extend_from_slice(format!("error[{}]: {}\n\n", diagnostic.code, diagnostic.message).as_bytes());
        }
    }
    let hidden = diagnostics.len().saturating_sub(limit);
    if hidden > 0 {
        let plural = if hidden == 1 { "" } else { "s" };
        out.extend_from_slice(format!("{hidden} more error{plural} not shown\n").as_bytes());
    }
    let text = String::from_utf8_lossy(&out);
    let mut lines: String = text.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    while lines.ends_with("\n\n") {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let source = "x \u{1b}[2J\u{9b}\u{202e} y";
        let at = Span {
            start: source.len() as u32 - 1,
            end: source.len() as u32,
        };
        let diagnostic = Diagnostic::new("E0000", "\u{7} here", at, "\u{1b}[31m").help("\u{8}");
        let rendered = render("\u{1b}.dg", source, &[diagnostic], 1, Style::Plain);
        assert!(
            !rendered.contains(|c: char| c.is_control() && c != '\n'),
            "{rendered:?}"
        );
        assert!(rendered.contains("x ?[2J??\u{fffd} y"), "{rendered}");
        assert!(
            rendered.lines().any(|line| line.trim_end().ends_with("^ ?[31m")),
            "{rendered}"
        );
    }
}
