//! Pseudorandom numbers for `math.random`.

use std::cell::Cell;

/// D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators" (2018): xoshiro256+.
#[derive(Debug)]
pub struct Random(Cell<[u64; 4]>);

impl Default for Random {
    fn default() -> Random {
        let random = Random(Cell::default());
        random.seed(0);
        random
    }
}

impl Random {
    /// The next number, from 0 to below 1.
    pub fn uniform(&self) -> f64 {
        let mut s = self.0.get();
        let sum = s[0].wrapping_add(s[3]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        self.0.set(s);
        (sum >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Starts a sequence: the state is filled by splitmix64, as its authors recommend.
    pub fn seed(&self, mut seed: u64) {
        self.0.set(std::array::from_fn(|_| {
            seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = seed;
            z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^ z >> 31
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_determines_the_numbers_and_they_spread() {
        let (one, other) = (Random::default(), Random::default());
        one.seed(42);
        other.seed(42);
        let numbers: Vec<f64> = (0..1000).map(|_| one.uniform()).collect();
        assert!(
            numbers
                .iter()
                .all(|number| *number == other.uniform() && (0.0..1.0).contains(number))
        );
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "the mean is {mean}");
        other.seed(43);
        assert_ne!(one.uniform(), other.uniform());
    }
}
