//! Integers without a limit, and how numbers are written.

use dg_runtime::{Ref, Throw, Value, Vm};
use num_bigint::{BigInt, BigUint, Sign};

use crate::generated::{BigInteger, Boxed, Kind, ValueKind};

/// An integer. One that fits into 64 bits is always `Small`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integer {
    /// Of 64 bits.
    Small(i64),
    /// Larger.
    Big(BigInt),
}

/// An integer or a double.
#[derive(Clone, Debug)]
pub enum Number {
    /// An integer.
    Integer(Integer),
    /// A double.
    Double(f64),
}

impl Number {
    /// The nearest double.
    pub fn to_double(&self) -> f64 {
        match self {
            Number::Integer(integer) => integer.to_double(),
            Number::Double(double) => *double,
        }
    }
}

/// The number that a value is, if it is one.
pub fn number(vm: &Vm, value: Value<'_>) -> Option<Number> {
    Some(match value.kind(vm) {
        Kind::Integer(small) => Number::Integer(Integer::Small(small.into())),
        Kind::Double(double) => Number::Double(double),
        Kind::Big(big) => Number::Integer(unpack(big)),
        _ => return None,
    })
}

/// The integer that a value is, if it is one.
pub fn integer(vm: &Vm, value: Value<'_>) -> Option<Integer> {
    match number(vm, value)? {
        Number::Integer(integer) => Some(integer),
        Number::Double(_) => None,
    }
}

fn unpack(big: Ref<'_, BigInteger>) -> Integer {
    let parts = match big.items() {
        [low] => Some((low.get(), 0)),
        [low, high] => Some((low.get(), high.get())),
        _ => None,
    };
    if let Some((low, high)) = parts
        && let Ok(magnitude) = i64::try_from(u64::from(high) << 32 | u64::from(low))
    {
        return Integer::Small(if big.negative.get() { -magnitude } else { magnitude });
    }
    let digits: Vec<u32> = big.items().iter().map(|digit| digit.get()).collect();
    let sign = if big.negative.get() { Sign::Minus } else { Sign::Plus };
    Integer::from(BigInt::from_slice(sign, &digits))
}

impl From<BigInt> for Integer {
    fn from(big: BigInt) -> Integer {
        match i64::try_from(&big) {
            Ok(small) => Integer::Small(small),
            Err(_) => Integer::Big(big),
        }
    }
}

impl Integer {
    /// As a number of any size.
    pub fn to_big(&self) -> BigInt {
        match self {
            Integer::Small(small) => BigInt::from(*small),
            Integer::Big(big) => big.clone(),
        }
    }

    /// The nearest double.
    pub fn to_double(&self) -> f64 {
        match self {
            Integer::Small(small) => *small as f64,
            Integer::Big(big) => big_to_double(big),
        }
    }

    /// Whether it is 0.
    pub fn is_zero(&self) -> bool {
        *self == Integer::Small(0)
    }

    /// In 64 bits, if it fits.
    pub fn small(&self) -> Option<i64> {
        match self {
            Integer::Small(small) => Some(*small),
            Integer::Big(_) => None,
        }
    }

    /// The low 64 bits of two's complement.
    pub fn low_bits(&self) -> u64 {
        match self {
            Integer::Small(small) => *small as u64,
            Integer::Big(big) => {
                let low = big.magnitude().iter_u64_digits().next().unwrap_or(0);
                if big.sign() == Sign::Minus {
                    low.wrapping_neg()
                } else {
                    low
                }
            }
        }
    }

    /// The value for it.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn value<'v>(&self, vm: &'v Vm) -> Result<Value<'v>, Throw> {
        if let Some(small) = self.small().and_then(|small| i32::try_from(small).ok()) {
            return Ok(small.boxed());
        }
        if let Some(small) = self.small() {
            let magnitude = small.unsigned_abs();
            let length = if magnitude >> 32 == 0 { 1 } else { 2 };
            let big = vm.allocate_array::<BigInteger>(length)?;
            big.negative.set(small < 0);
            for (index, place) in big.items().iter().enumerate() {
                place.set((magnitude >> (32 * index)) as u32);
            }
            return Ok(big.boxed());
        }
        let (sign, digits) = self.to_big().to_u32_digits();
        let big = vm.allocate_array::<BigInteger>(digits.len())?;
        big.negative.set(sign == Sign::Minus);
        for (place, digit) in big.items().iter().zip(digits) {
            place.set(digit);
        }
        Ok(big.boxed())
    }

    /// The integer in digits with or without a sign.
    pub fn parse(text: &str) -> Option<Integer> {
        match text.parse() {
            Ok(small) => Some(Integer::Small(small)),
            Err(_) => text.parse::<BigInt>().ok().map(Integer::from),
        }
    }

    /// A double without its fraction; none of what is no number, or infinite.
    pub fn truncated(double: f64) -> Option<Integer> {
        if !double.is_finite() {
            return None;
        }
        let whole = double.trunc();
        if whole.abs() < 9.2e18 {
            return Some(Integer::Small(whole as i64));
        }
        // A double is an integer below 2^53 times a power of two.
        let bits = whole.to_bits();
        let exponent = (bits >> 52 & 0x7FF) as i32 - 1075;
        let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
        let magnitude = BigUint::from(mantissa) << exponent;
        let sign = if whole < 0.0 { Sign::Minus } else { Sign::Plus };
        Some(Integer::from(BigInt::from_biguint(sign, magnitude)))
    }
}

impl std::fmt::Display for Integer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Integer::Small(small) => small.fmt(f),
            Integer::Big(big) => big.fmt(f),
        }
    }
}

/// The nearest double; halves to the even one.
fn big_to_double(big: &BigInt) -> f64 {
    // Decimal text is exact, and Rust reads it with correct rounding.
    big.to_string().parse().unwrap_or(f64::NAN)
}

/// A double as SOM writes it: the shortest digits that read back, a point always.
pub fn double_text(double: f64) -> String {
    if double.is_nan() {
        "NaN".to_string()
    } else if double.is_infinite() {
        if double > 0.0 { "Infinity" } else { "-Infinity" }.to_string()
    } else {
        format!("{double:?}")
    }
}
