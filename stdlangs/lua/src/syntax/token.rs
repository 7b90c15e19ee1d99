//! Tokens and their names in messages.

use super::ast::StrId;

/// A lexical element of Lua.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    /// The end of the source.
    Eof,
    Name(StrId),
    String(StrId),
    Number(f64),
    /// A reserved word or a symbol of more than one byte.
    Word(Word),
    /// A symbol of one byte, or a byte that no token starts with.
    Byte(u8),
}

macro_rules! words {
    ($($variant:ident $text:literal)*) => {
        /// Reserved words and symbols of more than one byte.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Word { $($variant),* }

        impl Word {
            /// How the word is written.
            pub(super) fn text(self) -> &'static [u8] {
                match self { $(Self::$variant => $text),* }
            }

            /// The word that is written `text`.
            pub(super) fn from_text(text: &[u8]) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

words! {
    And b"and" Break b"break" Do b"do" Else b"else" Elseif b"elseif" End b"end" False b"false" For b"for"
    Function b"function" If b"if" In b"in" Local b"local" Nil b"nil" Not b"not" Or b"or" Repeat b"repeat"
    Return b"return" Then b"then" True b"true" Until b"until" While b"while"
    Concat b".." Dots b"..." Eq b"==" Ge b">=" Le b"<=" Ne b"~="
}

impl From<Word> for Token {
    fn from(word: Word) -> Self {
        Self::Word(word)
    }
}

impl From<u8> for Token {
    fn from(byte: u8) -> Self {
        Self::Byte(byte)
    }
}

impl Token {
    /// The token, or the kind of token, in an `expected` message.
    pub(super) fn describe(self) -> Vec<u8> {
        match self {
            Self::Eof => b"<eof>".to_vec(),
            Self::Name(_) => b"<name>".to_vec(),
            Self::String(_) => b"<string>".to_vec(),
            Self::Number(_) => b"<number>".to_vec(),
            Self::Word(word) => word.text().to_vec(),
            Self::Byte(byte) if byte.is_ascii_control() => format!("char({byte})").into_bytes(),
            Self::Byte(byte) => vec![byte],
        }
    }
}
