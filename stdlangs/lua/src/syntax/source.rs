//! The text of a chunk while it is read.

/// Appends a piece of text; nothing if there is none.
type More<'a> = &'a mut dyn FnMut(&mut Vec<u8>);

/// The text of a chunk, or of a part of it, all there from the start or read piece by piece.
pub struct Source<'a> {
    pub(super) text: Vec<u8>,
    /// The line of its chunk where it begins.
    pub(super) first_line: u32,
    more: Option<More<'a>>,
}

impl<'a> Source<'a> {
    /// Text that begins in the line `first_line` of its chunk.
    pub fn new(text: &[u8], first_line: u32) -> Source<'a> {
        Source {
            text: text.to_vec(),
            first_line,
            more: None,
        }
    }

    /// Text of which `begin` is known. At its end `more` is asked to append something; if it does not, that was all.
    pub fn in_pieces(begin: Vec<u8>, more: More<'a>) -> Source<'a> {
        Source {
            text: begin,
            first_line: 1,
            more: Some(more),
        }
    }

    /// The byte at `position`; none at the end.
    #[inline]
    pub(super) fn byte(&mut self, position: usize) -> Option<u8> {
        match self.text.get(position) {
            Some(&byte) => Some(byte),
            None => self.next_piece(position),
        }
    }

    #[cold]
    fn next_piece(&mut self, position: usize) -> Option<u8> {
        while let Some(more) = &mut self.more {
            let before = self.text.len();
            more(&mut self.text);
            if self.text.len() == before {
                self.more = None;
            } else if let Some(&byte) = self.text.get(position) {
                return Some(byte);
            }
        }
        None
    }
}
