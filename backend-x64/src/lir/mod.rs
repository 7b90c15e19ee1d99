//! The low-level IR: the input of the back end.
//!
//! Functions in SSA form with block parameters over machine integers, doubles and raw memory. Nothing here knows a
//! language, but two things know the machine they describe: *pinned registers*, which hold the state of a virtual
//! machine across functions, and *roles*, the fixed registers in which functions pass values to the functions they
//! jump to. A function never returns to whoever jumped to it; it ends in a jump to the next one.
//!
//! * [`Function`] and its parts are plain data; [`Builder`] appends to them.
//! * [`verify`] states what a well-formed function is.
//! * `Display` prints the stable text form that dumps and snapshots show.
//!
//! Values of type [`Type::I32`] keep the upper half of their register zero, so that [`UnaryOp::Zext`] costs nothing
//! and a 32-bit value may scale an address.

mod builder;
mod function;
mod op;
mod print;
mod verify;

pub use builder::Builder;
pub use function::{Block, BlockCall, BlockId, Function, Inst, Role, Terminator, Type, Value};
pub use op::{
    Addr, Base, BinaryOp, CallTarget, FloatBinaryOp, FloatCond, FloatUnaryOp, IntCond, JumpTarget, MemType, Op, Pinned,
    UnaryOp,
};
pub use verify::{LirError, verify};
