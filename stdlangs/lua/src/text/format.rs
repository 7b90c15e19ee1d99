//! The format string of `string.format`, split into literal pieces and directives.
//!
//! Splitting is apart from formatting so that the caller can fetch an argument between the two.

/// Flags may repeat, but not more often than there are flags.
const MAX_FLAGS: usize = 5;

/// A part of a format string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'f> {
    /// Bytes to copy.
    Literal(&'f [u8]),
    /// Formats the next argument.
    Directive(Directive),
}

/// What stands between a `%` and its letter, and what the letter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directive {
    pub conversion: Conversion,
    /// The letter itself.
    pub letter: u8,
    pub flags: Flags,
    /// At least so many bytes, 0 to 99.
    pub width: usize,
    /// 0 to 99; what it limits depends on the conversion.
    pub precision: Option<usize>,
}

/// How an argument is fetched and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// `c`: a number as the byte with that value.
    Byte,
    /// `d` and `i`: a number, truncated to an integer.
    Signed,
    /// `u`, `o`, `x`, `X`: a number, truncated to an unsigned integer.
    Unsigned,
    /// `e`, `E`, `f`, `g`, `G`: a number.
    Float,
    /// `q`: a string, quoted so that a Lua reader gets it back.
    Quoted,
    /// `s`: a string.
    String,
}

/// The flags of a directive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-`
    pub left: bool,
    /// `+`
    pub plus: bool,
    /// A space.
    pub space: bool,
    /// `#`
    pub alternate: bool,
    /// `0`
    pub zero: bool,
}

/// What is wrong with a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormatError {
    RepeatedFlags,
    TooLong,
    /// The letter, if the format does not end before it.
    InvalidOption(Option<u8>),
}

impl FormatError {
    /// The error message, without a position.
    pub fn message(self) -> Vec<u8> {
        match self {
            FormatError::RepeatedFlags => b"invalid format (repeated flags)".to_vec(),
            FormatError::TooLong => b"invalid format (width or precision too long)".to_vec(),
            FormatError::InvalidOption(letter) => {
                // A zero byte ends a C string.
                let shown = letter.filter(|&letter| letter != 0);
                [b"invalid option '%", shown.as_slice(), b"' to 'format'"].concat()
            }
        }
    }
}

/// The pieces of a format string, in order.
///
/// Each error belongs to a directive, and so does each argument: a caller that runs out of arguments reports that first,
/// whether the next item is a directive or an error. After an error the iterator ends.
#[derive(Clone, Debug)]
pub struct Pieces<'f> {
    rest: &'f [u8],
}

impl<'f> Pieces<'f> {
    /// The pieces of `format`.
    pub fn new(format: &'f [u8]) -> Pieces<'f> {
        Pieces { rest: format }
    }
}

impl<'f> Iterator for Pieces<'f> {
    type Item = Result<Piece<'f>, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (piece, rest) = match self.rest {
            [] => return None,
            [b'%', b'%', rest @ ..] => (Ok(Piece::Literal(b"%")), rest),
            [b'%', rest @ ..] => match scan_directive(rest) {
                Ok((directive, rest)) => (Ok(Piece::Directive(directive)), rest),
                Err(error) => (Err(error), &[][..]),
            },
            text => {
                let (literal, rest) = text.split_at(memchr::memchr(b'%', text).unwrap_or(text.len()));
                (Ok(Piece::Literal(literal)), rest)
            }
        };
        self.rest = rest;
        Some(piece)
    }
}

/// Reads a directive behind its `%`.
fn scan_directive(text: &[u8]) -> Result<(Directive, &[u8]), FormatError> {
    let (flags, rest) = scan_flags(text)?;
    let (width, rest) = scan_up_to_two_digits(rest);
    let (precision, rest) = match rest {
        [b'.', rest @ ..] => {
            let (precision, rest) = scan_up_to_two_digits(rest);
            (Some(precision), rest)
        }
        _ => (None, rest),
    };
    if rest.first().is_some_and(u8::is_ascii_digit) {
        return Err(FormatError::TooLong);
    }
    let Some((&letter, rest)) = rest.split_first() else {
        return Err(FormatError::InvalidOption(None));
    };
    let conversion = match letter {
        b'c' => Conversion::Byte,
        b'd' | b'i' => Conversion::Signed,
        b'u' | b'o' | b'x' | b'X' => Conversion::Unsigned,
        b'e' | b'E' | b'f' | b'g' | b'G' => Conversion::Float,
        b'q' => Conversion::Quoted,
        b's' => Conversion::String,
        _ => return Err(FormatError::InvalidOption(Some(letter))),
    };
    Ok((
        Directive {
            conversion,
            letter,
            flags,
            width,
            precision,
        },
        rest,
    ))
}

fn scan_flags(text: &[u8]) -> Result<(Flags, &[u8]), FormatError> {
    let mut flags = Flags::default();
    for (index, byte) in text.iter().enumerate() {
        let flag = match byte {
            b'-' => &mut flags.left,
            b'+' => &mut flags.plus,
            b' ' => &mut flags.space,
            b'#' => &mut flags.alternate,
            b'0' => &mut flags.zero,
            _ => return Ok((flags, &text[index..])),
        };
        if index == MAX_FLAGS {
            return Err(FormatError::RepeatedFlags);
        }
        *flag = true;
    }
    Ok((flags, &[]))
}

fn scan_up_to_two_digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    (
        digits
            .iter()
            .fold(0, |value, digit| value * 10 + usize::from(digit - b'0')),
        rest,
    )
}
