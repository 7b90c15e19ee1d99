//! Our x86-64 encoder.
//!
//! # A crash course
//!
//! An [`Inst`] is an operation, a size and up to three operands, in Intel's order. It is generic over what a register
//! is: `Inst<R>` over virtual registers flows through selection and allocation, [`Inst::try_map`] replaces them and
//! tells what each position demands ([`RegConstraint`]), and `Inst<Reg>` is what an [`Assembler`] takes.
//!
//! ```
//! use dg_backend_x64::encoder::{Assembler, Cond, Gpr, Hole, Inst, Mem, Op, Scale, Size, Xmm};
//!
//! let mut asm = Assembler::new();
//! let cold = asm.new_label();
//!
//! // movsd xmm0, [rbx+?]: a hole takes its full width and its position is part of the result.
//! asm.emit(&Inst::rm(Op::Movsd, Size::S64, Xmm::Xmm0, Mem::base(Gpr::Rbx, Hole::dword(0))))?;
//! asm.emit(&Inst::rm(Op::Movsd, Size::S64, Xmm::Xmm1, Mem::base_index(Gpr::Rbx, Gpr::Rcx, Scale::X8, 0)))?;
//! asm.emit(&Inst::rr(Op::Ucomisd, Size::S64, Xmm::Xmm0, Xmm::Xmm1))?;
//! // Branches to labels are short wherever they can be; comments end up in listings.
//! asm.emit_commented(&Inst::jcc(Cond::P, cold), "lhs or rhs is not a double")?;
//! asm.emit(&Inst::op0(Op::Ret))?;
//! asm.bind(cold)?;
//! asm.emit(&Inst::op0(Op::Ud2))?;
//!
//! let object = asm.finish()?;
//! assert_eq!(object.bytes[..8], [0xf2, 0x0f, 0x10, 0x83, 0, 0, 0, 0]);
//! assert_eq!(object.holes[0].offset, 4);
//! assert_eq!(object.label_offset(cold), Some(20));
//! # Ok::<(), dg_backend_x64::encoder::EncodeError>(())
//! ```
//!
//! An operand combination that does not exist is an [`EncodeError`], never a panic and never other bytes.
//!
//! # Where things are
//!
//! What is true of an operation whatever its operands are is a row of `op.rs`; what operands it takes and how they are
//! encoded are the rows of `forms.rs`; `encode.rs` interprets those rows. To add an instruction, add the rows: the tests
//! enumerate the tables and have a foreign decoder judge every form. `assembler.rs` collects instructions, `relax.rs`
//! decides on the lengths of branches.
//!
//! # What is absent
//!
//! Legacy byte registers (`ah` to `bh`), segment overrides, 32-bit addresses, x87, MMX, AVX; and any rewriting: the
//! encoder picks the shortest form of the instruction it is given, never another instruction.

mod assembler;
mod encode;
mod error;
mod forms;
mod holes;
mod inst;
mod op;
mod operand;
mod regs;
mod relax;

pub use assembler::Assembler;
pub use error::EncodeError;
pub use forms::{Encoding, Form, Kind, Map, Prefix, Sizes, Sizing, Slot, forms};
pub use holes::{FieldWidth, Hole, HoleKind};
pub use inst::{Access, Inst, RegConstraint};
pub use op::{Cond, Feature, Flags, Op, OpFacts};
pub use operand::{Disp, Imm, Label, Mem, Operand, Scale, Symbol, Target};
pub use regs::{Gpr, Reg, RegClass, Size, Xmm};
