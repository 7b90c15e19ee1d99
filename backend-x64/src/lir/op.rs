//! Operations and their operands.

use super::function::{Type, Value};
use crate::encoder::{Disp, Hole, Scale, Symbol};

/// A register that holds a piece of the virtual machine's state in every function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pinned {
    /// Address of the current instruction.
    Pc,
    /// Address of the current frame's first slot.
    Base,
    /// Address of the virtual machine's state, which is also the start of its heap.
    Vm,
    /// The n-th tag constant.
    Tag(u8),
    /// The n-th vector register that templates hand each other values in; a double. See
    /// [`Config::cached_values`](crate::machine::Config::cached_values).
    Cached(u8),
}

impl Pinned {
    /// How many tag constants there are at most.
    pub const MAX_TAGS: u8 = 2;

    /// How many registers there are for values that templates hand each other.
    pub const MAX_CACHED: u8 = 8;

    /// What it holds.
    pub fn ty(self) -> Type {
        match self {
            Pinned::Cached(_) => Type::F64,
            _ => Type::I64,
        }
    }
}

/// What an address starts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// Zero.
    None,
    /// A computed address or offset; a 32-bit value counts as unsigned.
    Value(Value),
    /// A pinned register, as it stands when the instruction runs.
    Pinned(Pinned),
    /// The address of a symbol; excludes an index.
    Symbol(Symbol),
}

/// `base + index * scale + disp`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Addr {
    /// Where it starts.
    pub base: Base,
    /// A value that is scaled and added; a 32-bit value counts as unsigned.
    pub index: Option<(Value, Scale)>,
    /// Bytes added.
    pub disp: Disp,
}

impl Addr {
    /// `[pinned + disp]`.
    pub fn pinned(pinned: Pinned, disp: i32) -> Addr {
        Addr {
            base: Base::Pinned(pinned),
            index: None,
            disp: Disp::Value(disp),
        }
    }

    /// `[value + disp]`.
    pub fn value(value: Value, disp: i32) -> Addr {
        Addr {
            base: Base::Value(value),
            index: None,
            disp: Disp::Value(disp),
        }
    }

    /// The same address plus `index * scale`.
    ///
    /// # Panics
    ///
    /// If there already is an index.
    pub fn indexed(mut self, index: Value, scale: Scale) -> Addr {
        assert!(self.index.is_none(), "an address has one index");
        self.index = Some((index, scale));
        self
    }

    /// The values it is computed from.
    pub fn values(&self) -> impl Iterator<Item = Value> {
        let base = match self.base {
            Base::Value(value) => Some(value),
            Base::None | Base::Pinned(_) | Base::Symbol(_) => None,
        };
        base.into_iter().chain(self.index.map(|(index, _)| index))
    }
}

/// The form of a number in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemType {
    /// Unsigned byte, an `I32` as a value.
    U8,
    /// Signed byte, an `I32` as a value.
    I8,
    /// Unsigned 16 bits, an `I32` as a value.
    U16,
    /// Signed 16 bits, an `I32` as a value.
    I16,
    /// 32 bits.
    I32,
    /// Signed 32 bits, an `I64` as a value.
    I32AsI64,
    /// 64 bits.
    I64,
    /// A double.
    F64,
}

impl MemType {
    /// The type of the value that is loaded or stored.
    pub fn value_type(self) -> Type {
        match self {
            MemType::U8 | MemType::I8 | MemType::U16 | MemType::I16 | MemType::I32 => Type::I32,
            MemType::I32AsI64 | MemType::I64 => Type::I64,
            MemType::F64 => Type::F64,
        }
    }

    /// Its size in bytes.
    pub fn bytes(self) -> u32 {
        match self {
            MemType::U8 | MemType::I8 => 1,
            MemType::U16 | MemType::I16 => 2,
            MemType::I32 | MemType::I32AsI64 => 4,
            MemType::I64 | MemType::F64 => 8,
        }
    }

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            MemType::U8 => "u8",
            MemType::I8 => "i8",
            MemType::U16 => "u16",
            MemType::I16 => "i16",
            MemType::I32 => "i32",
            MemType::I32AsI64 => "i32_as_i64",
            MemType::I64 => "i64",
            MemType::F64 => "f64",
        }
    }
}

/// Declares an enum whose variants have a name in the text form.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The name in the text form.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }
        }
    };
}

named! {
    /// An operation on two integers of the same type; shift counts are taken modulo the width.
    BinaryOp {
        /// Sum, wrapping.
        Add = "add",
        /// Difference, wrapping.
        Sub = "sub",
        /// Product, wrapping.
        Mul = "mul",
        /// Bits in both.
        And = "and",
        /// Bits in either.
        Or = "or",
        /// Bits in exactly one.
        Xor = "xor",
        /// Shift left.
        Shl = "shl",
        /// Shift right, filling with zeros.
        Shr = "shr",
        /// Shift right, filling with the sign.
        Sar = "sar",
    }
}

impl BinaryOp {
    /// May the operands change places?
    pub const fn is_commutative(self) -> bool {
        matches!(
            self,
            BinaryOp::Add | BinaryOp::Mul | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor
        )
    }
}

named! {
    /// A conversion.
    UnaryOp {
        /// `I32` to `I64`, unsigned.
        Zext = "zext",
        /// `I32` to `I64`, signed.
        Sext = "sext",
        /// `I64` to its low half.
        Wrap = "wrap",
        /// Signed `I32` to double.
        I32ToF64 = "i32_to_f64",
        /// Signed `I64` to double.
        I64ToF64 = "i64_to_f64",
        /// Double to signed `I32`, towards zero; `i32::MIN` when it does not fit.
        F64ToI32 = "f64_to_i32",
        /// Double to signed `I64`, towards zero; `i64::MIN` when it does not fit.
        F64ToI64 = "f64_to_i64",
        /// The bits of a double.
        F64Bits = "f64_bits",
        /// The double with these bits.
        F64FromBits = "f64_from_bits",
    }
}

impl UnaryOp {
    /// Types of operand and result.
    pub const fn types(self) -> (Type, Type) {
        match self {
            UnaryOp::Zext | UnaryOp::Sext => (Type::I32, Type::I64),
            UnaryOp::Wrap => (Type::I64, Type::I32),
            UnaryOp::I32ToF64 => (Type::I32, Type::F64),
            UnaryOp::I64ToF64 | UnaryOp::F64FromBits => (Type::I64, Type::F64),
            UnaryOp::F64ToI32 => (Type::F64, Type::I32),
            UnaryOp::F64ToI64 | UnaryOp::F64Bits => (Type::F64, Type::I64),
        }
    }
}

named! {
    /// An operation on two doubles.
    FloatBinaryOp {
        /// Sum.
        Add = "fadd",
        /// Difference.
        Sub = "fsub",
        /// Product.
        Mul = "fmul",
        /// Quotient.
        Div = "fdiv",
        /// The first if it is less, otherwise the second.
        Min = "fmin",
        /// The first if it is greater, otherwise the second.
        Max = "fmax",
    }
}

named! {
    /// An operation on a double.
    FloatUnaryOp {
        /// Square root.
        Sqrt = "fsqrt",
        /// The largest whole number not above it.
        Floor = "ffloor",
        /// The smallest whole number not below it.
        Ceil = "fceil",
        /// Without its sign.
        Abs = "fabs",
        /// With the opposite sign.
        Neg = "fneg",
    }
}

named! {
    /// A comparison of integers; `u` is unsigned.
    IntCond {
        /// Equal.
        Eq = "eq",
        /// Not equal.
        Ne = "ne",
        /// Less, signed.
        Lt = "lt",
        /// Less or equal, signed.
        Le = "le",
        /// Greater, signed.
        Gt = "gt",
        /// Greater or equal, signed.
        Ge = "ge",
        /// Less, unsigned.
        Ult = "ult",
        /// Less or equal, unsigned.
        Ule = "ule",
        /// Greater, unsigned.
        Ugt = "ugt",
        /// Greater or equal, unsigned.
        Uge = "uge",
        /// The sum does not fit, signed.
        SumOverflows = "sum_overflows",
        /// The sum fits, signed.
        SumFits = "sum_fits",
        /// The difference does not fit, signed.
        DifferenceOverflows = "difference_overflows",
        /// The difference fits, signed.
        DifferenceFits = "difference_fits",
        /// The product does not fit, signed.
        ProductOverflows = "product_overflows",
        /// The product fits, signed.
        ProductFits = "product_fits",
    }
}

impl IntCond {
    /// The operation whose overflow it is about.
    pub const fn arithmetic(self) -> Option<BinaryOp> {
        match self {
            IntCond::SumOverflows | IntCond::SumFits => Some(BinaryOp::Add),
            IntCond::DifferenceOverflows | IntCond::DifferenceFits => Some(BinaryOp::Sub),
            IntCond::ProductOverflows | IntCond::ProductFits => Some(BinaryOp::Mul),
            _ => None,
        }
    }
}

named! {
    /// A comparison of doubles. Those that begin with `Not` are true when an operand is a NaN, as is `Ne`.
    FloatCond {
        /// Equal.
        Eq = "feq",
        /// Not equal, or unordered.
        Ne = "fne",
        /// Less.
        Lt = "flt",
        /// Less or equal.
        Le = "fle",
        /// Greater.
        Gt = "fgt",
        /// Greater or equal.
        Ge = "fge",
        /// Not less.
        NotLt = "fnlt",
        /// Not less or equal.
        NotLe = "fnle",
        /// Not greater.
        NotGt = "fngt",
        /// Not greater or equal.
        NotGe = "fnge",
        /// Neither is a NaN.
        Ordered = "ford",
        /// One is a NaN.
        Unordered = "funo",
    }
}

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallTarget {
    /// The function whose address is in memory.
    Memory(Addr),
    /// The function with this address.
    Value(Value),
    /// The function of this name.
    Symbol(Symbol),
}

/// Where control goes for good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum JumpTarget {
    /// The code of this name.
    Symbol(Symbol),
    /// The code at this address.
    Value(Value),
    /// The code whose address is in memory.
    Memory(Addr),
    /// Code whose address is filled in when this code is copied.
    Hole(Hole),
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A 32-bit number.
    Const32(u32),
    /// A 64-bit number.
    Const64(u64),
    /// The double with these bits.
    ConstF64(u64),
    /// A number that is filled in when the code is copied; four bytes are sign-extended to 64 bits.
    ConstHole(Type, Hole),
    /// What a pinned register holds, an `I64`.
    GetPinned(Pinned),
    /// Changes a pinned register.
    SetPinned(Pinned, Value),
    /// A conversion.
    Unary(UnaryOp, Value),
    /// Integer arithmetic.
    Binary(BinaryOp, Value, Value),
    /// Arithmetic on a double.
    FloatUnary(FloatUnaryOp, Value),
    /// Arithmetic on doubles.
    FloatBinary(FloatBinaryOp, Value, Value),
    /// Compares integers of the same type: an `I32`, 1 or 0.
    IntCompare(IntCond, Value, Value),
    /// Compares doubles: an `I32`, 1 or 0.
    FloatCompare(FloatCond, Value, Value),
    /// The second if the first, an `I32`, is not zero, otherwise the third; both are integers.
    Select(Value, Value, Value),
    /// The address itself, an `I64`.
    AddressOf(Addr),
    /// Reads memory.
    Load {
        /// What is there.
        mem: MemType,
        /// Where.
        addr: Addr,
        /// Is the memory never written while the function runs? Then stores do not order the load.
        invariant: bool,
    },
    /// Writes memory.
    Store {
        /// What is written.
        mem: MemType,
        /// Where.
        addr: Addr,
        /// The value.
        value: Value,
    },
    /// Calls a C function; integers and doubles are passed in its ABI's registers, at most six and eight of them.
    /// Results are up to two integers, or one double; of an `I32` the upper half may be anything in the callee.
    Call {
        /// The function.
        target: CallTarget,
        /// What it is given.
        args: Vec<Value>,
        /// What it returns.
        results: Vec<Type>,
    },
    /// As the first operation of a C function: saves what its caller wants kept and makes the native frame.
    EnterNative,
    /// A breakpoint, for code that cannot be reached.
    Breakpoint,
}

impl Op {
    /// Calls `f` with every operand.
    pub fn for_each_operand(&self, mut f: impl FnMut(Value)) {
        match self {
            Op::Const32(_) | Op::Const64(_) | Op::ConstF64(_) | Op::ConstHole(..) | Op::GetPinned(_) => {}
            Op::EnterNative | Op::Breakpoint => {}
            Op::SetPinned(_, value) | Op::Unary(_, value) | Op::FloatUnary(_, value) => f(*value),
            Op::Binary(_, lhs, rhs) | Op::FloatBinary(_, lhs, rhs) => [*lhs, *rhs].into_iter().for_each(f),
            Op::IntCompare(_, lhs, rhs) | Op::FloatCompare(_, lhs, rhs) => [*lhs, *rhs].into_iter().for_each(f),
            Op::Select(cond, then, other) => [*cond, *then, *other].into_iter().for_each(f),
            Op::AddressOf(addr) | Op::Load { addr, .. } => addr.values().for_each(f),
            Op::Store { addr, value, .. } => addr.values().chain([*value]).for_each(f),
            Op::Call { target, args, .. } => {
                match target {
                    CallTarget::Memory(addr) => addr.values().for_each(&mut f),
                    CallTarget::Value(value) => f(*value),
                    CallTarget::Symbol(_) => {}
                }
                args.iter().copied().for_each(f);
            }
        }
    }

    /// Must it run even if its results are not used?
    pub fn has_effect(&self) -> bool {
        matches!(
            self,
            Op::SetPinned(..) | Op::Store { .. } | Op::Call { .. } | Op::EnterNative | Op::Breakpoint
        )
    }
}
