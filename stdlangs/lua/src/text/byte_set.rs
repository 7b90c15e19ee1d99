//! Sets of bytes: what a character class of a pattern matches.

/// A set of bytes, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// The bytes for which `accept` holds.
    pub fn of(accept: impl Fn(u8) -> bool) -> ByteSet {
        let mut set = ByteSet::default();
        (0..=u8::MAX)
            .filter(|&byte| accept(byte))
            .for_each(|byte| set.insert(byte));
        set
    }

    /// The letter of a pattern's `%letter`: a class of the C locale, its complement if upper case, or the letter itself.
    pub fn of_class(letter: u8) -> ByteSet {
        let set = match letter.to_ascii_lowercase() {
            b'a' => ByteSet::of(|byte| byte.is_ascii_alphabetic()),
            b'c' => ByteSet::of(|byte| byte.is_ascii_control()),
            b'd' => ByteSet::of(|byte| byte.is_ascii_digit()),
            // An extension, which LuaJIT has too.
            b'g' => ByteSet::of(|byte| byte.is_ascii_graphic()),
            b'l' => ByteSet::of(|byte| byte.is_ascii_lowercase()),
            b'p' => ByteSet::of(|byte| byte.is_ascii_punctuation()),
            b's' => ByteSet::of(super::parse_number::is_space),
            b'u' => ByteSet::of(|byte| byte.is_ascii_uppercase()),
            b'w' => ByteSet::of(|byte| byte.is_ascii_alphanumeric()),
            b'x' => ByteSet::of(|byte| byte.is_ascii_hexdigit()),
            b'z' => ByteSet::of(|byte| byte == 0),
            _ => return ByteSet::of(|byte| byte == letter),
        };
        if letter.is_ascii_uppercase() {
            set.complement()
        } else {
            set
        }
    }

    /// Adds a byte.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Whether the byte is in the set.
    #[inline]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Whether no byte is in both sets.
    pub fn is_disjoint(&self, other: &ByteSet) -> bool {
        self.0.iter().zip(other.0).all(|(left, right)| left & right == 0)
    }

    /// All bytes that are in either set.
    pub fn union(&self, other: &ByteSet) -> ByteSet {
        ByteSet(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// All bytes that are not in the set.
    pub fn complement(&self) -> ByteSet {
        ByteSet(self.0.map(|word| !word))
    }
}
