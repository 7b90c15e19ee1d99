//! Patterns that were used lately, compiled.

use std::rc::Rc;

use super::pattern::Pattern;

/// How many patterns are kept: programs use few, and a collision only costs a compilation.
const SLOTS: usize = 64;

/// A direct-mapped cache from the text of a pattern to its compiled form.
#[derive(Debug)]
pub struct PatternCache {
    slots: Vec<Option<Entry>>,
}

#[derive(Debug)]
struct Entry {
    text: Box<[u8]>,
    may_anchor: bool,
    pattern: Rc<Pattern>,
}

impl Default for PatternCache {
    fn default() -> PatternCache {
        PatternCache::new()
    }
}

impl PatternCache {
    /// An empty cache.
    pub fn new() -> PatternCache {
        PatternCache {
            slots: (0..SLOTS).map(|_| None).collect(),
        }
    }

    /// The compiled form of `text`; see [`Pattern::new`] and, without `may_anchor`, [`Pattern::without_anchor`].
    pub fn get(&mut self, text: &[u8], may_anchor: bool) -> Rc<Pattern> {
        let slot = &mut self.slots[slot_of(text)];
        match slot {
            Some(entry) if entry.may_anchor == may_anchor && *entry.text == *text => Rc::clone(&entry.pattern),
            _ => {
                let compiled = if may_anchor {
                    Pattern::new(text)
                } else {
                    Pattern::without_anchor(text)
                };
                let pattern = Rc::new(compiled);
                *slot = Some(Entry {
                    text: text.into(),
                    may_anchor,
                    pattern: Rc::clone(&pattern),
                });
                pattern
            }
        }
    }
}

/// Multiplicative hashing of the length and the first bytes, which is where short patterns differ.
fn slot_of(text: &[u8]) -> usize {
    const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
    let seed = (text.len() as u64).wrapping_mul(MULTIPLIER);
    let hash = text
        .iter()
        .take(32)
        .fold(seed, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(MULTIPLIER));
    (hash >> 32) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_compiled_once_per_meaning_of_the_anchor() {
        let mut cache = PatternCache::new();
        let anchored = cache.get(b"^a", true);
        assert!(Rc::ptr_eq(&anchored, &cache.get(b"^a", true)));
        let literal = cache.get(b"^a", false);
        assert!(anchored.is_anchored() && !literal.is_anchored());
    }

    #[test]
    fn more_patterns_than_slots_are_still_told_apart() {
        let mut cache = PatternCache::new();
        for round in 0..2 {
            for count in 0..200 {
                let text = "()".repeat(count % 30) + &"x".repeat(count / 30);
                assert_eq!(
                    cache.get(text.as_bytes(), true).capture_count(),
                    count % 30,
                    "{text} in round {round}"
                );
            }
        }
    }
}
