//! Names and string constants of a chunk, each stored once.

use std::collections::HashMap;
use std::rc::Rc;

use super::ast::StrId;

/// Gives equal byte strings equal ids, in order of first appearance.
#[derive(Default)]
pub(super) struct Interner {
    ids: HashMap<Rc<[u8]>, StrId>,
    strings: Vec<Rc<[u8]>>,
}

impl Interner {
    /// The id of `bytes`.
    pub(super) fn intern(&mut self, bytes: &[u8]) -> StrId {
        if let Some(&id) = self.ids.get(bytes) {
            return id;
        }
        let id = StrId::from_index(self.strings.len());
        let string: Rc<[u8]> = bytes.into();
        self.strings.push(Rc::clone(&string));
        self.ids.insert(string, id);
        id
    }

    /// The bytes behind `id`.
    pub(super) fn get(&self, id: StrId) -> &[u8] {
        &self.strings[id.index()]
    }

    /// All strings, each at its id's index.
    pub(super) fn into_strings(self) -> Vec<Rc<[u8]>> {
        self.strings
    }
}
