//! Which register is what: pinned registers, roles, the C ABI, and what is left to allocate.

use crate::encoder::{Gpr, HoleKind, Reg, Xmm};
use crate::lir::{Pinned, Role};

/// What a client may decide about the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many tag constants are kept in registers, at most [`Pinned::MAX_TAGS`].
    pub tag_registers: u8,
    /// Are the program counter and the frame base kept in registers? If not, code must not mention them.
    pub pin_frame: bool,
    /// Where entries start: at multiples of this many bytes.
    pub entry_alignment: u32,
    /// Are the registers from `xmm8` on kept for values that templates hand each other, as [`Pinned::Cached`]?
    pub cached_values: bool,
    /// The hole that stands for what follows the hot part in memory. A jump there from the hot part is a jump to its
    /// end, or none at all.
    pub next: Option<HoleKind>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            tag_registers: 1,
            pin_frame: true,
            entry_alignment: 16,
            cached_values: false,
            next: None,
        }
    }
}

/// Bytes of the native frame: the spill area, and what aligns the stack for calls.
pub(crate) const FRAME_BYTES: i32 = 136;

/// How many eight-byte spill slots the native frame has, from `[rsp]` upwards.
pub(crate) const SPILL_SLOTS: usize = 16;

/// What the C ABI asks a function to preserve, in the order in which the native frame saves it.
pub(crate) const CALLEE_SAVED: [Gpr; 6] = [Gpr::Rbp, Gpr::Rbx, Gpr::R12, Gpr::R13, Gpr::R14, Gpr::R15];

/// The register of a pinned part of the machine's state.
///
/// # Panics
///
/// For a tag constant beyond [`Pinned::MAX_TAGS`], or a cached value beyond [`Pinned::MAX_CACHED`].
pub fn pinned_register(pinned: Pinned) -> Reg {
    let gpr = match pinned {
        Pinned::Pc => Gpr::Rbp,
        Pinned::Base => Gpr::Rbx,
        Pinned::Vm => Gpr::R15,
        Pinned::Tag(0) => Gpr::R14,
        Pinned::Tag(1) => Gpr::R13,
        Pinned::Tag(n) => panic!("there is no register for tag constant {n}"),
        Pinned::Cached(n) => return Xmm::ALL[8 + usize::from(n)].into(),
    };
    gpr.into()
}

/// The integer arguments of the C ABI.
pub fn c_int_args() -> [Gpr; 6] {
    [Gpr::Rdi, Gpr::Rsi, Gpr::Rdx, Gpr::Rcx, Gpr::R8, Gpr::R9]
}

/// The double arguments of the C ABI.
pub fn c_float_args() -> [Xmm; 8] {
    std::array::from_fn(|n| Xmm::ALL[n])
}

/// Integers handed from one part of a function to another: first the registers in which a C function would take
/// what follows the machine's state, since that is what such a part often does with them.
const PART_ARGS: [Gpr; 9] = [
    Gpr::Rsi,
    Gpr::Rdx,
    Gpr::Rcx,
    Gpr::R8,
    Gpr::R9,
    Gpr::Rax,
    Gpr::Rdi,
    Gpr::R10,
    Gpr::R11,
];

/// The register of a role.
///
/// # Panics
///
/// If the number of an argument is out of range.
pub fn role_register(role: Role) -> Reg {
    match role {
        Role::Results => Gpr::Rax.into(),
        Role::Count => Gpr::Rcx.into(),
        Role::Code => Gpr::Rdx.into(),
        Role::Forwarded => Xmm::ALL[0].into(),
        Role::Int(n) => PART_ARGS[usize::from(n)].into(),
        Role::Float(n) => Xmm::ALL[usize::from(n)].into(),
        Role::CArg(n) => c_int_args()[usize::from(n)].into(),
    }
}

/// Registers a call may change.
pub(crate) fn clobbered_by_calls() -> Vec<Reg> {
    let general = [
        Gpr::Rax,
        Gpr::Rcx,
        Gpr::Rdx,
        Gpr::Rsi,
        Gpr::Rdi,
        Gpr::R8,
        Gpr::R9,
        Gpr::R10,
        Gpr::R11,
    ];
    general
        .into_iter()
        .map(Reg::from)
        .chain(Xmm::ALL.into_iter().map(Reg::from))
        .collect()
}

/// The registers to allocate: those with short encodings, then the others.
pub(crate) fn allocatable(config: &Config) -> (Vec<Reg>, Vec<Reg>) {
    let short = [Gpr::Rax, Gpr::Rcx, Gpr::Rdx, Gpr::Rsi, Gpr::Rdi];
    let mut long: Vec<Reg> = [Gpr::R8, Gpr::R9, Gpr::R10, Gpr::R11, Gpr::R12].map(Reg::from).to_vec();
    long.extend((config.tag_registers..Pinned::MAX_TAGS).map(|n| pinned_register(Pinned::Tag(n))));
    if !config.pin_frame {
        long.extend([Pinned::Pc, Pinned::Base].map(pinned_register));
    }
    let high = if config.cached_values { &[] } else { &Xmm::ALL[8..] };
    let short = short
        .into_iter()
        .map(Reg::from)
        .chain(Xmm::ALL[..8].iter().map(|xmm| Reg::from(*xmm)));
    let long = long.into_iter().chain(high.iter().map(|xmm| Reg::from(*xmm)));
    (short.collect(), long.collect())
}
