//! What `string.dump` makes of a function: its source text, and what is needed to compile that once more.
//!
//! ```text
//! "\27Lua" "dg" | version: u8 | kind: u8 | line: u32 | chunk name | count of captured variables: u32 | their names | text
//! ```
//!
//! Numbers are little-endian; names and text have their length, a `u32`, before them. Machine code and bytecode would
//! have to be trusted when they are loaded; source text is checked by compiling it.

use crate::syntax::ast::TextKind;

/// First bytes of every precompiled chunk, of whatever implementation of Lua.
pub const MARK: u8 = 0x1B;

const HEADER: &[u8] = b"\x1BLuadg\x01";

/// A function without the values of the variables that it captures.
#[derive(Debug, PartialEq, Eq)]
pub struct Precompiled<'a> {
    /// What `text` is.
    pub kind: TextKind,
    /// The line of its chunk where `text` begins.
    pub line: u32,
    /// The name of its chunk.
    pub chunk_name: &'a [u8],
    /// The variables that it captures, in the order in which its code refers to them.
    pub captured: Vec<&'a [u8]>,
    /// Its source.
    pub text: &'a [u8],
}

/// Why bytes are no precompiled chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// They begin differently, or another implementation of Lua has made them.
    Header,
    /// They end too early.
    End,
}

impl Damage {
    /// In the words of PUC Lua.
    pub fn message(self) -> &'static str {
        match self {
            Self::Header => "bad header in precompiled chunk",
            Self::End => "unexpected end in precompiled chunk",
        }
    }
}

impl<'a> Precompiled<'a> {
    /// The bytes that stand for the function; `None` if some part of it is 4 GiB long or more.
    pub fn write(&self) -> Option<Vec<u8>> {
        let kind = match self.kind {
            TextKind::Chunk => 0,
            TextKind::Function => 1,
            TextKind::Method => 2,
        };
        let mut bytes = HEADER.to_vec();
        bytes.push(kind);
        bytes.extend(self.line.to_le_bytes());
        push(&mut bytes, self.chunk_name)?;
        bytes.extend(u32::try_from(self.captured.len()).ok()?.to_le_bytes());
        for name in &self.captured {
            push(&mut bytes, name)?;
        }
        push(&mut bytes, self.text)?;
        Some(bytes)
    }

    /// Takes bytes apart.
    ///
    /// # Errors
    /// If [`write`](Self::write) cannot have made them.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Damage> {
        let mut reader = Reader(bytes);
        if reader.take(HEADER.len())? != HEADER {
            return Err(Damage::Header);
        }
        let kind = match reader.take(1)?[0] {
            0 => TextKind::Chunk,
            1 => TextKind::Function,
            2 => TextKind::Method,
            _ => return Err(Damage::Header),
        };
        let line = reader.number()?;
        let chunk_name = reader.bytes()?;
        let count = reader.number()?;
        let captured = (0..count).map(|_| reader.bytes()).collect::<Result<_, _>>()?;
        let text = reader.bytes()?;
        Ok(Self {
            kind,
            line,
            chunk_name,
            captured,
            text,
        })
    }

    /// A chunk of one line more than the text has line ends, in which the function is the first one, if it is not the
    /// chunk itself.
    pub fn source(&self) -> Vec<u8> {
        let mut source = Vec::with_capacity(self.text.len() + 64);
        if !self.captured.is_empty() {
            source.extend(b"local ");
            source.extend(self.captured.join(&b","[..]));
        }
        source.extend_from_slice(match self.kind {
            TextKind::Chunk => b"",
            TextKind::Function => b" return function",
            TextKind::Method => b" function object:method",
        });
        source.extend_from_slice(self.text);
        source
    }
}

fn push(bytes: &mut Vec<u8>, part: &[u8]) -> Option<()> {
    bytes.extend(u32::try_from(part.len()).ok()?.to_le_bytes());
    bytes.extend_from_slice(part);
    Some(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Damage::End)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, Damage> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().expect("four bytes were taken")))
    }

    fn bytes(&mut self) -> Result<&'a [u8], Damage> {
        let length = self.number()?;
        self.take(length as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Precompiled<'static> {
        Precompiled {
            kind: TextKind::Function,
            line: 7,
            chunk_name: b"@a.lua",
            captured: vec![b"a", b"b"],
            text: b"(x) return a + b + x end",
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let bytes = example().write().expect("it is short");
        assert_eq!(Precompiled::read(&bytes), Ok(example()));
    }

    #[test]
    fn cut_bytes_are_refused() {
        let bytes = example().write().expect("it is short");
        for length in 0..bytes.len() {
            assert_eq!(Precompiled::read(&bytes[..length]), Err(Damage::End), "{length} bytes");
        }
        assert_eq!(Precompiled::read(b"\x1BLua\x51\0\x01\x04"), Err(Damage::Header));
    }

    #[test]
    fn the_source_declares_what_is_captured() {
        assert_eq!(example().source(), b"local a,b return function(x) return a + b + x end");
        let method = Precompiled {
            kind: TextKind::Method,
            captured: Vec::new(),
            ..example()
        };
        assert_eq!(method.source(), b" function object:method(x) return a + b + x end");
    }
}
