//! Values: 64-bit words that hold a double or a tagged payload.
//!
//! | leaf          | bits                                             |
//! |---------------|--------------------------------------------------|
//! | double        | the double itself, NaNs canonical                |
//! | k-th `int32`  | high half `0xFFFC_0000 + k`, low half the int    |
//! | k-th `ref`    | high half `0xFFFE_0000 + k`, low half the object |
//! | k-th unit     | the word `-1 - k`                                |

use std::fmt;
use std::marker::PhantomData;

use crate::abi::{DOUBLE_MAX_HIGH, HASH_FACTOR, INT32_HIGH, REF_HIGH};
use crate::object::{Object, RawRef, Ref};
use crate::vm::Vm;

/// A value that is known to be alive as long as the VM is only borrowed shared: whatever may collect takes
/// `&mut Vm`, so a value held across it does not compile. Keep it in a `Handle` or in a guest slot instead.
///
/// ```compile_fail,E0502
/// fn keep(vm: &mut dg_runtime::Vm, handle: &dg_runtime::Handle) {
///     let value = handle.get(vm);
///     vm.collect_full();
///     println!("{value:?}");
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Value<'v>(u64, PhantomData<&'v Vm>);

/// The bits of a value, as objects and stacks hold them. Nothing keeps what it refers to alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct RawValue(pub u64);

/// Bits of the k-th unit leaf.
pub const fn unit_bits(leaf: u32) -> u64 {
    u64::MAX - leaf as u64
}

/// Bits of a double; a NaN keeps nothing but its sign.
pub const fn double_bits(double: f64) -> u64 {
    if double.is_nan() {
        double.to_bits() & 1 << 63 | 0x7FF8_0000_0000_0000
    } else {
        double.to_bits()
    }
}

/// Bits of the k-th `int32` leaf.
pub const fn int32_bits(leaf: u32, int: i32) -> u64 {
    ((INT32_HIGH + leaf) as u64) << 32 | int as u32 as u64
}

/// What `hash_of` answers for a value with these bits.
///
/// Whole doubles differ in the high half only, references in the low one: the product of both together, of which the high
/// half depends on all of the bits below it.
#[inline]
pub const fn hash_of_bits(bits: u64) -> u32 {
    ((bits ^ bits >> 32).wrapping_mul(HASH_FACTOR) >> 32) as u32
}

/// Bits of the k-th `ref` leaf.
pub const fn reference_bits(leaf: u32, reference: u32) -> u64 {
    ((REF_HIGH + leaf) as u64) << 32 | reference as u64
}

/// Whether these bits are a double's.
pub const fn is_double_bits(bits: u64) -> bool {
    (bits >> 32) as u32 <= DOUBLE_MAX_HIGH
}

/// The reference in these bits, whatever `ref` leaf it is of.
pub const fn reference_in_bits(bits: u64) -> Option<u32> {
    if (bits >> 48) as u32 == REF_HIGH >> 16 {
        Some(bits as u32)
    } else {
        None
    }
}

impl<'v> Value<'v> {
    /// A double.
    pub const fn double(double: f64) -> Self {
        Value(double_bits(double), PhantomData)
    }

    /// The k-th unit leaf.
    pub const fn unit(leaf: u32) -> Self {
        Value(unit_bits(leaf), PhantomData)
    }

    /// The k-th `int32` leaf.
    pub const fn int32(leaf: u32, int: i32) -> Self {
        Value(int32_bits(leaf, int), PhantomData)
    }

    /// The k-th `ref` leaf.
    ///
    /// # Safety
    /// The language must have declared that leaf as a reference to `T`.
    pub unsafe fn reference<T: Object>(leaf: u32, object: Ref<'v, T>) -> Self {
        Value(reference_bits(leaf, object.raw().0), PhantomData)
    }

    /// # Safety
    /// The bits must be a value of the VM that `'v` borrows, and its object alive.
    pub const unsafe fn from_bits(bits: u64) -> Self {
        Value(bits, PhantomData)
    }

    /// The word itself.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// For storing where no lifetime can stand.
    pub const fn raw(self) -> RawValue {
        RawValue(self.0)
    }

    /// Whether this is a double.
    pub const fn is_double(self) -> bool {
        is_double_bits(self.0)
    }

    /// The double, if it is one.
    pub const fn as_double(self) -> Option<f64> {
        if self.is_double() {
            Some(f64::from_bits(self.0))
        } else {
            None
        }
    }

    /// The int, if this is of the k-th `int32` leaf.
    pub const fn as_int32(self, leaf: u32) -> Option<i32> {
        if (self.0 >> 32) as u32 == INT32_HIGH + leaf {
            Some(self.0 as i32)
        } else {
            None
        }
    }

    /// Whether this is of the k-th `ref` leaf.
    pub const fn is_reference(self, leaf: u32) -> bool {
        (self.0 >> 32) as u32 == REF_HIGH + leaf
    }

    /// The object, if this is of the k-th `ref` leaf.
    ///
    /// # Safety
    /// The language must have declared that leaf as a reference to `T`, and the value must be of this VM.
    pub unsafe fn as_reference<T: Object>(self, vm: &'v Vm, leaf: u32) -> Option<Ref<'v, T>> {
        if self.is_reference(leaf) {
            // SAFETY: a value of this VM is alive for `'v`; the caller says what the leaf refers to.
            Some(unsafe { RawRef::new(self.0 as u32).get(vm) })
        } else {
            None
        }
    }

    /// Which `ref` leaf this is of, if any.
    pub const fn reference_leaf(self) -> Option<u32> {
        if (self.0 >> 48) as u32 == REF_HIGH >> 16 {
            Some((self.0 >> 32) as u32 - REF_HIGH)
        } else {
            None
        }
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(double) = self.as_double() {
            write!(f, "{double}")
        } else if let Some(leaf) = self.reference_leaf() {
            write!(f, "ref{leaf}({:#x})", self.0 as u32)
        } else {
            write!(f, "{:#x}", self.0)
        }
    }
}

impl RawValue {
    /// # Safety
    /// The value must be one of `vm`, and its object still alive.
    pub unsafe fn get(self, _vm: &Vm) -> Value<'_> {
        Value(self.0, PhantomData)
    }
}
