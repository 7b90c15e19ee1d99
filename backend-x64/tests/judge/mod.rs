//! The foreign judge: iced-x86 decodes what the encoder wrote, and both sides are described in the same neutral terms.
//!
//! The description of what was meant starts from the instruction alone, never from the encoder's table of forms.

use dg_backend_x64::code::CodeObject;
use dg_backend_x64::encoder::{Assembler, Cond, Disp, EncodeError, Gpr, Imm, Inst, Mem, Op, Operand, Reg, Size};
use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind, Register};

/// Assembles a single instruction.
pub fn assemble(inst: &Inst<Reg>) -> Result<CodeObject, EncodeError> {
    let mut asm = Assembler::new();
    asm.emit(inst)?;
    asm.finish()
}

/// Decodes the instruction at `offset`; panics unless it is valid.
pub fn decode(bytes: &[u8], offset: u32) -> Instruction {
    let mut decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
    decoder
        .set_position(offset as usize)
        .expect("the offset is in the code");
    decoder.set_ip(offset.into());
    let decoded = decoder.decode();
    assert!(
        !decoded.is_invalid(),
        "invalid bytes {:02x?}",
        &bytes[offset as usize..]
    );
    decoded
}

/// Encodes `inst` and panics unless the judge sees in the bytes what was meant. Returns what the judge decoded.
pub fn check(inst: &Inst<Reg>) -> Instruction {
    let object = assemble(inst).unwrap_or_else(|error| panic!("{error}"));
    check_bytes(inst, &object.bytes)
}

/// Panics unless the judge sees in `bytes` what `inst` means.
pub fn check_bytes(inst: &Inst<Reg>, bytes: &[u8]) -> Instruction {
    let decoded = decode(bytes, 0);
    assert_eq!(decoded.len(), bytes.len(), "`{inst}`: length of {bytes:02x?}");
    let seen = describe_decoded(&decoded, immediate_bits(inst));
    let meant = meanings(inst);
    assert!(
        meant.contains(&seen),
        "`{inst}` became {bytes:02x?}\n  meant {meant:?}\n  seen  {seen}"
    );
    decoded
}

/// The registers, memory and numbers of a decoded instruction.
fn describe_decoded(decoded: &Instruction, immediate_bits: u32) -> String {
    let mnemonic = format!("{:?}", decoded.mnemonic()).to_lowercase();
    let operands = (0..decoded.op_count()).map(|index| match decoded.op_kind(index) {
        OpKind::Register => register_name(decoded.op_register(index)),
        OpKind::Memory => {
            let scale = decoded.memory_index_scale();
            let index = decoded.memory_index();
            let index = if index == Register::None {
                String::new()
            } else {
                format!("{}*{scale}", register_name(index))
            };
            let base = decoded.memory_base();
            let base = if base == Register::None {
                String::new()
            } else {
                register_name(base)
            };
            let disp = decoded.memory_displacement64() as i64;
            format!("m{}[{base},{index},{disp}]", decoded.memory_size().size() * 8)
        }
        OpKind::NearBranch64 => format!("to {}", decoded.near_branch64()),
        _ => format!("#{:x}", masked(decoded.immediate(index), immediate_bits)),
    });
    format!("{mnemonic} {}", operands.collect::<Vec<_>>().join(" "))
}

fn register_name(register: Register) -> String {
    let name = format!("{register:?}").to_lowercase();
    // iced says r8l, everyone else r8b.
    match name.strip_suffix('l') {
        Some(number) if number.starts_with('r') => format!("{number}b"),
        _ => name,
    }
}

fn masked(value: u64, bits: u32) -> u64 {
    value << (64 - bits) >> (64 - bits)
}

/// How many bits of the immediate count.
fn immediate_bits(inst: &Inst<Reg>) -> u32 {
    use Op::*;
    match inst.op() {
        Rol | Ror | Shl | Shr | Sar | Bt | Bts | Btr | Roundsd | Rorx => 8,
        _ => inst.size().bits().min(64),
    }
}

/// The descriptions the decoded instruction may have: one, or two where another size or order means the same.
fn meanings(inst: &Inst<Reg>) -> Vec<String> {
    use Op::*;
    let mut meanings = vec![describe(inst, inst.size(), false)];
    let writes_32_bits_zero_extended = match inst.op() {
        Zero | Movzxb | Movzxw | Movmskpd => true,
        Mov => matches!(inst.operands().nth(1), Some(Operand::Imm(Imm::Value(0..=0xffff_ffff)))),
        _ => false,
    };
    if inst.size() == Size::S64 && writes_32_bits_zero_extended {
        meanings.push(describe(inst, Size::S32, false));
    }
    if matches!(inst.op(), Test | Xchg) {
        meanings.push(describe(inst, inst.size(), true));
    }
    meanings
}

fn describe(inst: &Inst<Reg>, size: Size, reverse: bool) -> String {
    let mut operands = Vec::new();
    let shown: Vec<_> = inst.operands().skip(implied_operands(inst)).collect();
    for (index, operand) in shown.into_iter().enumerate() {
        operands.push(describe_operand(inst, operand, operand_bits(inst.op(), size, index)));
    }
    if matches!(inst.op(), Op::Zero | Op::ZeroXmm) {
        operands.push(operands[0].clone());
    }
    if reverse {
        operands.reverse();
    }
    format!("{} {}", mnemonic(inst), operands.join(" "))
}

/// How many leading operands the mnemonic implies.
fn implied_operands(inst: &Inst<Reg>) -> usize {
    use Op::*;
    let count = inst.operands().len();
    let is_register = |index| matches!(inst.operands().nth(index), Some(Operand::Reg(_)));
    match inst.op() {
        Cdq => 2,
        Mul | Div | Idiv => count - 1,
        Imul if inst.size() == Size::S8 => 1,
        Imul if count == 3 && !matches!(inst.operands().nth(2), Some(Operand::Imm(_))) && is_register(1) => 2,
        _ => 0,
    }
}

fn mnemonic(inst: &Inst<Reg>) -> String {
    use Op::*;
    let size = inst.size();
    let cond = |prefix| format!("{prefix}{}", inst.cond().map_or("", Cond::suffix));
    match inst.op() {
        Zero => "xor".into(),
        ZeroXmm => "xorps".into(),
        Movzxb | Movzxw => "movzx".into(),
        Movsxb | Movsxw => "movsx".into(),
        MovToXmm | MovFromXmm => if size == Size::S64 { "movq" } else { "movd" }.into(),
        Cdq if size == Size::S16 => "cwd".into(),
        Cdq if size == Size::S64 => "cqo".into(),
        Jcc => cond("j"),
        Cmov => cond("cmov"),
        Set => cond("set"),
        op => format!("{op:?}").to_lowercase(),
    }
}

/// The width of a register or of memory at an operand position.
fn operand_bits(op: Op, size: Size, index: usize) -> u32 {
    use Op::*;
    match (op, index) {
        (Movzxb | Movsxb, 1) => 8,
        (Movzxw | Movsxw, 1) => 16,
        (Movsxd | Cvtss2sd, 1) => 32,
        (Rol | Ror | Shl | Shr | Sar, 1) => 8,
        (Cvttsd2si | Cvtsd2si, 1) => 64,
        (Lea, 1) => 0,
        _ => size.bits(),
    }
}

fn describe_operand(inst: &Inst<Reg>, operand: &Operand<Reg>, bits: u32) -> String {
    match operand {
        Operand::Reg(reg) => describe_register(*reg, bits),
        Operand::Mem(Mem::Sum { base, index, disp }) => {
            let address_register = |reg: &Reg| describe_register(*reg, 64);
            let mut base = base.as_ref().map(address_register).unwrap_or_default();
            let mut index = index
                .as_ref()
                .map(|(reg, scale)| format!("{}*{}", address_register(reg), scale.factor()));
            // A lone unscaled index is a base.
            if base.is_empty()
                && let Some(lone) = index.as_ref().and_then(|index| index.strip_suffix("*1"))
            {
                base = lone.to_string();
                index = None;
            }
            let disp = match disp {
                Disp::Value(value) => *value,
                Disp::Hole(_) => 0,
            };
            format!("m{bits}[{base},{},{disp}]", index.unwrap_or_default())
        }
        Operand::Imm(Imm::Value(value)) => {
            format!("#{:x}", masked(*value as u64, immediate_bits(inst)))
        }
        other => panic!("the judge cannot describe {other}"),
    }
}

fn describe_register(reg: Reg, bits: u32) -> String {
    let size = Size::GENERAL.into_iter().find(|size| size.bits() == bits);
    match reg {
        Reg::Gpr(gpr) => general_name(gpr, size.expect("general registers have one of four sizes")),
        Reg::Xmm(xmm) => format!("xmm{}", xmm.number()),
    }
}

/// Spelled out from the manual's rules rather than taken from the encoder.
fn general_name(gpr: Gpr, size: Size) -> String {
    let full = format!("{gpr:?}").to_lowercase();
    let stem = &full[1..];
    let numbered = stem.parse::<u32>().is_ok();
    match (size, numbered) {
        (Size::S64 | Size::S128, _) => full,
        (Size::S32, true) => format!("{full}d"),
        (Size::S16, true) => format!("{full}w"),
        (Size::S8, true) => format!("{full}b"),
        (Size::S32, false) => format!("e{stem}"),
        (Size::S16, false) => stem.to_string(),
        (Size::S8, false) => match stem.strip_suffix('x') {
            Some(letter) => format!("{letter}l"),
            None => format!("{stem}l"),
        },
    }
}
