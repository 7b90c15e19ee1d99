//! Words a refusal of the grammar.

use pest::error::{Error, ErrorVariant, InputLocation};

use super::Rule;
use crate::nearest::nearest;
use crate::span::Span;
use crate::syntax_error::{ITEM_KEYWORDS, SyntaxError};

/// The error for what the grammar refused in the item that begins at `base`, and its offset in the source.
pub fn explain(source: &str, base: usize, error: &Error<Rule>) -> (SyntaxError, usize) {
    let offset = base
        + match error.location {
            InputLocation::Pos(position) | InputLocation::Span((position, _)) => position,
        };
    let offset = super::scan::skip_trivia(source, offset);
    let token = token_at(source, offset);
    let at = Span::new(offset, offset + token.len());
    let found = if token.is_empty() {
        "the end of the file".to_string()
    } else {
        format!("`{token}`")
    };

    let begins_here = ITEM_KEYWORDS.iter().all(|keyword| *keyword != token)
        && super::scan::skip_trivia(source, base) == offset
        && !token.starts_with("//");
    if begins_here {
        let nearest = nearest(token, ITEM_KEYWORDS);
        return (SyntaxError::UnknownItem { at, found, nearest }, offset);
    }
    if token.starts_with("//") && !at_line_start(source, offset) {
        return (SyntaxError::StrayDoc { at }, offset);
    }
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => expectations(positives),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let help = help(source, offset, token, &expected);
    let found = if token.starts_with("//") {
        "a comment for the next item".to_string()
    } else {
        found
    };
    (
        SyntaxError::Unexpected {
            at,
            found,
            expected,
            help,
        },
        offset,
    )
}

/// What could have stood there, the likeliest alone where it is clear.
fn expectations(positives: &[Rule]) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for &rule in positives {
        if let Some(name) = describe(rule)
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    // After an expression nearly everything may follow; what is missing is what ends it.
    if names.contains(&"an operator") && names.iter().any(|name| ENDS.contains(name)) {
        names.retain(|name| ENDS.contains(name));
        if names.contains(&"`;`") {
            names = vec!["`;`"];
        }
    }
    names.sort_by_key(|name| name.starts_with('`'));
    names
}

/// What may end an expression.
const ENDS: [&str; 7] = ["`;`", "`=>`", "`]`", "`)`", "`,`", "`{`", "a block"];

fn help(source: &str, offset: usize, token: &str, expected: &[&str]) -> Option<String> {
    let is_word = token.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    if at_line_start(source, offset) && (ITEM_KEYWORDS.contains(&token) || token.starts_with("//")) {
        return Some("the item above is not complete: is a `}` missing?".to_string());
    }
    if is_word && expected.contains(&"a name") {
        return Some(format!("`{token}` is a word of the language and names nothing"));
    }
    None
}

/// The word, number or sign at `offset`; a comment up to the end of its line.
fn token_at(source: &str, offset: usize) -> &str {
    let rest = &source[offset..];
    if rest.starts_with("//") {
        return rest.lines().next().unwrap_or(rest);
    }
    let word = rest.len()
        - rest
            .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
            .len();
    if word > 0 {
        return &rest[..word];
    }
    for sign in ["=>", "->", "==", "!=", "<=", ">=", "<<", ">>", "&&", "||", ".."] {
        if rest.starts_with(sign) {
            return &rest[..sign.len()];
        }
    }
    rest.chars().next().map_or("", |c| &rest[..c.len_utf8()])
}

fn at_line_start(source: &str, offset: usize) -> bool {
    offset == 0 || source.as_bytes().get(offset - 1) == Some(&b'\n')
}

/// A rule in the words of a reader; none for what only clutters an error.
fn describe(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::name | Rule::word => "a name",
        Rule::integer => "a whole number",
        Rule::option_value => "a name or a whole number",
        Rule::type_expr | Rule::type_atom | Rule::array_type | Rule::ref_type | Rule::pointer_type => "a type",
        Rule::expr | Rule::unary | Rule::postfix | Rule::double | Rule::bang | Rule::action => "an expression",
        Rule::statement => "a statement",
        Rule::block => "a block",
        Rule::pattern => "a case",
        Rule::arm => "an arm",
        Rule::param => "a parameter",
        Rule::operand => "an operand",
        Rule::operand_kind => "an operand kind",
        Rule::field => "a field",
        Rule::option => "an option",
        Rule::enum_case | Rule::plan_case => "a case",
        Rule::leaf | Rule::group => "a type of value",
        Rule::effect => "an effect",
        Rule::open_brace => "`{`",
        Rule::close_brace => "`}`",
        Rule::open_paren | Rule::params | Rule::template_params | Rule::operands => "`(`",
        Rule::close_paren => "`)`",
        Rule::open_bracket => "`[`",
        Rule::close_bracket => "`]`",
        Rule::comma => "`,`",
        Rule::semicolon => "`;`",
        Rule::colon => "`:`",
        Rule::arrow => "`->`",
        Rule::fat_arrow => "`=>`",
        Rule::equals | Rule::template_use => "`=`",
        Rule::result_type | Rule::result_kind => "`->`",
        Rule::kw_fn => "`fn`",
        Rule::kw_call => "`call`",
        Rule::kw_until => "`until`",
        Rule::or_or
        | Rule::and_and
        | Rule::eq_eq
        | Rule::not_eq
        | Rule::shift_left
        | Rule::shift_right
        | Rule::less_eq
        | Rule::greater_eq
        | Rule::less
        | Rule::greater
        | Rule::plus
        | Rule::minus
        | Rule::star
        | Rule::slash
        | Rule::ampersand
        | Rule::pipe
        | Rule::caret
        | Rule::is_test
        | Rule::kw_is
        | Rule::dot
        | Rule::field_access
        | Rule::index_access
        | Rule::arguments => "an operator",
        _ => return None,
    })
}
