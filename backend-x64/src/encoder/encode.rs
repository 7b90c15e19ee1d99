//! From one instruction over physical registers to its bytes.

use super::error::EncodeError;
use super::forms::{Encoding, Form, Kind, Map, Prefix, Sizing, forms};
use super::holes::{FieldWidth, Hole, HoleKind};
use super::inst::Inst;
use super::operand::{Disp, Imm, Label, Mem, Operand, Scale, Symbol, Target};
use super::regs::{Gpr, Reg, Size};

/// No x86 instruction is longer.
const MAX_LENGTH: usize = 15;

/// How far a branch to a label may reach; symbols are always far away, and holes say how wide they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// 8-bit distance where the operation has it.
    Short,
    /// 32-bit distance.
    Near,
}

/// What a field of an encoded instruction stands for; the bytes of the field are zero until it is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldValue {
    /// A hole; `relative` if the value is a distance from the end of the instruction.
    Hole { kind: HoleKind, relative: bool },
    /// The distance of a label, plus an addend, from the end of the instruction.
    LabelDistance { label: Label, addend: i32 },
    /// The distance of a symbol, plus an addend, from the end of the instruction.
    SymbolDistance { symbol: Symbol, addend: i32 },
    /// The address of a symbol plus an addend.
    Address { symbol: Symbol, addend: i64 },
    /// The distance between two labels; only in data.
    Difference { target: Label, base: Label },
}

impl FieldValue {
    /// The distance of `target`; a hole says by itself what belongs there, and takes no addend.
    fn distance(target: &Target, addend: i32) -> FieldValue {
        match target {
            Target::Label(label) => FieldValue::LabelDistance { label: *label, addend },
            Target::Symbol(symbol) => FieldValue::SymbolDistance {
                symbol: symbol.clone(),
                addend,
            },
            Target::Hole(hole) => FieldValue::Hole {
                kind: hole.kind,
                relative: true,
            },
        }
    }
}

/// A field whose value the instruction itself does not say.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// Byte position in the instruction.
    pub position: usize,
    pub width: FieldWidth,
    pub value: FieldValue,
}

/// An encoded instruction.
#[derive(Clone, Debug)]
pub(super) struct Encoded {
    bytes: [u8; MAX_LENGTH],
    length: usize,
    /// In the order of their positions.
    pub fields: Vec<Field>,
    /// Where registers from `xmm8` on are named.
    pub high_vectors: Vec<HighVector>,
}

/// Three bits of an instruction that name a register from `xmm8` on; the fourth is always set.
#[derive(Clone, Copy, Debug)]
pub(super) struct HighVector {
    /// The byte.
    pub position: usize,
    /// The lowest of the bits.
    pub shift: u8,
    /// The register's number, less 8.
    pub number: u8,
}

impl Encoded {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The bytes of an instruction without fields, at most 15.
    pub fn verbatim(bytes: &[u8]) -> Encoded {
        let mut encoded = Encoded::empty();
        bytes.iter().for_each(|byte| encoded.push(*byte));
        encoded
    }

    fn empty() -> Encoded {
        Encoded {
            bytes: [0; MAX_LENGTH],
            length: 0,
            fields: Vec::new(),
            high_vectors: Vec::new(),
        }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    fn number(&mut self, value: i64, width: FieldWidth) {
        for byte in &value.to_le_bytes()[..width.bytes()] {
            self.push(*byte);
        }
    }

    fn field(&mut self, width: FieldWidth, value: FieldValue) {
        self.fields.push(Field {
            position: self.length,
            width,
            value,
        });
        self.number(0, width);
    }
}

/// Encodes `inst` in its shortest form; of equally short ones the first in the table.
pub(super) fn encode(inst: &Inst<Reg>, reach: Reach) -> Result<Encoded, EncodeError> {
    let mut shortest: Option<Encoded> = None;
    let mut closest = Mismatch::Shape;
    for form in forms(inst.op()) {
        match place(form, inst, reach) {
            Ok(placed) => {
                let encoded = emit(form, inst, &placed);
                if shortest.as_ref().is_none_or(|best| encoded.length < best.length) {
                    shortest = Some(encoded);
                }
            }
            Err(mismatch) => {
                if mismatch.rank() > closest.rank() {
                    closest = mismatch;
                }
            }
        }
    }
    shortest.ok_or_else(|| closest.into_error(inst))
}

/// Why an instruction is not of a form.
enum Mismatch {
    Shape,
    Register { operand: usize, expected: Option<Gpr> },
    AddressRegister,
    IndexIsRsp,
    HoleWidth(Hole),
    HoleAddend,
    AddressWidth,
    Immediate(i64),
}

impl Mismatch {
    /// How much of the form did fit; the best-fitting form makes the error message.
    fn rank(&self) -> u32 {
        match self {
            Mismatch::Shape => 0,
            Mismatch::Register { expected: None, .. } => 1,
            Mismatch::Register { expected: Some(_), .. } => 2,
            Mismatch::HoleWidth(_)
            | Mismatch::AddressWidth
            | Mismatch::Immediate(_)
            | Mismatch::AddressRegister
            | Mismatch::IndexIsRsp
            | Mismatch::HoleAddend => 3,
        }
    }

    fn into_error(self, inst: &Inst<Reg>) -> EncodeError {
        let inst = inst.to_string();
        match self {
            Mismatch::Shape => EncodeError::NoForm { inst },
            Mismatch::Register { operand, expected } => EncodeError::Register {
                inst,
                operand,
                expected,
            },
            Mismatch::AddressRegister => EncodeError::AddressRegister { inst },
            Mismatch::IndexIsRsp => EncodeError::IndexIsRsp { inst },
            Mismatch::HoleWidth(hole) => EncodeError::HoleWidth { inst, hole },
            Mismatch::HoleAddend => EncodeError::HoleAddend { inst },
            Mismatch::AddressWidth => EncodeError::AddressWidth { inst },
            Mismatch::Immediate(value) => EncodeError::Immediate { inst, value },
        }
    }
}

/// The ModRM.rm operand.
#[derive(Clone, Copy)]
enum RmField<'a> {
    Absent,
    Reg(u8),
    Mem(&'a Mem<Reg>),
}

/// Operands in the fields of an encoding.
struct Placed<'a> {
    /// ModRM.reg, unless it is an opcode extension.
    reg: u8,
    rm: RmField<'a>,
    /// Added to the opcode.
    opcode_reg: u8,
    vvvv: u8,
    /// Immediate or branch distance: either a number or a field to be resolved.
    tail: Option<(FieldWidth, Tail)>,
    /// Does a byte register need a REX prefix, lest it mean `ah` to `bh`?
    rex_for_byte: bool,
    /// Numbers of vector registers in ModRM.reg and ModRM.rm.
    vectors: [Option<u8>; 2],
}

#[derive(Clone)]
enum Tail {
    Number(i64),
    Field(FieldValue),
}

/// Puts each operand into the field its kind names, if all of them fit the form.
fn place<'a>(form: &Form, inst: &'a Inst<Reg>, reach: Reach) -> Result<Placed<'a>, Mismatch> {
    if !inst.has_shape_of(form) {
        return Err(Mismatch::Shape);
    }
    let mut placed = Placed {
        reg: 0,
        rm: RmField::Absent,
        opcode_reg: 0,
        vvvv: 0,
        tail: None,
        rex_for_byte: false,
        vectors: [None; 2],
    };
    for (index, (slot, operand)) in form.slots.iter().zip(inst.operands()).enumerate() {
        match operand {
            Operand::Reg(reg) => placed.register(slot.kind(), *reg, inst.size(), index)?,
            Operand::Mem(mem) => {
                check_address(mem)?;
                placed.rm = RmField::Mem(mem);
            }
            Operand::Imm(imm) => placed.tail = Some(immediate(slot.kind(), imm, inst.size())?),
            Operand::Target(target) => placed.tail = Some(branch(slot.kind(), target, reach)?),
        }
    }
    Ok(placed)
}

impl Placed<'_> {
    fn register(&mut self, kind: Kind, reg: Reg, size: Size, operand: usize) -> Result<(), Mismatch> {
        let wrong = |expected| Mismatch::Register { operand, expected };
        let number = match (kind, reg) {
            (Kind::R | Kind::Rm | Kind::Rm8 | Kind::O | Kind::OpNotRax | Kind::V | Kind::Both, Reg::Gpr(gpr)) => {
                let is_byte = size == Size::S8 || kind == Kind::Rm8;
                self.rex_for_byte |= is_byte && (4..8).contains(&gpr.number());
                gpr.number()
            }
            (Kind::X | Kind::Xr | Kind::Xm | Kind::XBoth, Reg::Xmm(xmm)) => xmm.number(),
            (Kind::Is(expected), Reg::Gpr(gpr)) if expected == gpr => return Ok(()),
            (Kind::Is(expected), Reg::Gpr(_)) => return Err(wrong(Some(expected))),
            _ => return Err(wrong(None)),
        };
        if matches!(reg, Reg::Xmm(_)) {
            self.vectors[0] = self.vectors[0].or((kind == Kind::X || kind == Kind::XBoth).then_some(number));
            self.vectors[1] = self.vectors[1].or((kind != Kind::X).then_some(number));
        }
        match kind {
            Kind::R | Kind::X => self.reg = number,
            Kind::Rm | Kind::Rm8 | Kind::Xr | Kind::Xm => self.rm = RmField::Reg(number),
            Kind::Both | Kind::XBoth => {
                self.reg = number;
                self.rm = RmField::Reg(number);
            }
            Kind::OpNotRax if reg == Reg::Gpr(Gpr::Rax) => return Err(wrong(None)),
            Kind::V => self.vvvv = number,
            _ => self.opcode_reg = number,
        }
        Ok(())
    }
}

fn check_address(mem: &Mem<Reg>) -> Result<(), Mismatch> {
    match mem {
        Mem::Rip {
            target: Target::Hole(hole),
            ..
        } if hole.width != FieldWidth::B4 => Err(Mismatch::HoleWidth(*hole)),
        Mem::Rip {
            target: Target::Hole(_),
            addend,
        } if *addend != 0 => Err(Mismatch::HoleAddend),
        Mem::Rip { .. } => Ok(()),
        Mem::Sum { base, index, disp } => {
            if mem.registers().any(|reg| !matches!(reg, Reg::Gpr(_))) {
                return Err(Mismatch::AddressRegister);
            }
            if index.is_some_and(|(index, scale)| index == Reg::Gpr(Gpr::Rsp) && !is_really_base(base.is_some(), scale))
            {
                return Err(Mismatch::IndexIsRsp);
            }
            match disp {
                Disp::Hole(hole) => {
                    let has_base = base.is_some() || index.is_some_and(|(_, scale)| is_really_base(false, scale));
                    let fits = hole.width == FieldWidth::B4 || (hole.width == FieldWidth::B1 && has_base);
                    if fits { Ok(()) } else { Err(Mismatch::HoleWidth(*hole)) }
                }
                Disp::Value(_) => Ok(()),
            }
        }
    }
}

/// Without a base, an unscaled index serves as one, which saves three or four bytes.
fn is_really_base(has_base: bool, scale: Scale) -> bool {
    !has_base && scale == Scale::X1
}

/// The immediate as the field of this kind, if it fits.
fn immediate(kind: Kind, imm: &Imm, size: Size) -> Result<(FieldWidth, Tail), Mismatch> {
    let width = match kind {
        Kind::I => match size {
            Size::S8 => FieldWidth::B1,
            Size::S16 => FieldWidth::B2,
            _ => FieldWidth::B4,
        },
        Kind::Is8 | Kind::I8 => FieldWidth::B1,
        Kind::Iu32 => FieldWidth::B4,
        Kind::I64 => FieldWidth::B8,
        Kind::One => FieldWidth::B1,
        _ => return Err(Mismatch::Shape),
    };
    let tail = match imm {
        Imm::Hole(hole) => {
            if hole.width != width || matches!(kind, Kind::Iu32 | Kind::One) {
                return Err(Mismatch::HoleWidth(*hole));
            }
            Tail::Field(FieldValue::Hole {
                kind: hole.kind,
                relative: false,
            })
        }
        Imm::Address(symbol, addend) => {
            if kind != Kind::I64 {
                return Err(Mismatch::AddressWidth);
            }
            Tail::Field(FieldValue::Address {
                symbol: symbol.clone(),
                addend: *addend,
            })
        }
        Imm::Value(value) => {
            let fits = match kind {
                Kind::I8 => (-128..=255).contains(value),
                Kind::Iu32 => u32::try_from(*value).is_ok(),
                Kind::One => *value == 1,
                _ => sign_extended(*value, size).is_some_and(|value| width.holds_signed(value)),
            };
            if !fits {
                return Err(Mismatch::Immediate(*value));
            }
            Tail::Number(*value)
        }
    };
    Ok((width, tail))
}

/// The number that the low bits of `value` mean as a signed number of this size, if no other bit is lost.
fn sign_extended(value: i64, size: Size) -> Option<i64> {
    let bits = size.bits().min(64);
    if bits == 64 {
        return Some(value);
    }
    let representable = value >= -(1 << (bits - 1)) && value < 1 << bits;
    representable.then_some(value << (64 - bits) >> (64 - bits))
}

/// The branch target as the distance field of this kind, if it fits.
fn branch(kind: Kind, target: &Target, reach: Reach) -> Result<(FieldWidth, Tail), Mismatch> {
    let width = match kind {
        Kind::J8 => FieldWidth::B1,
        Kind::J32 => FieldWidth::B4,
        _ => return Err(Mismatch::Shape),
    };
    match target {
        Target::Hole(hole) if hole.width != width => return Err(Mismatch::HoleWidth(*hole)),
        Target::Label(_) if width == FieldWidth::B1 && reach == Reach::Near => {
            return Err(Mismatch::Shape);
        }
        Target::Symbol(_) if width == FieldWidth::B1 => return Err(Mismatch::Shape),
        Target::Hole(_) | Target::Label(_) | Target::Symbol(_) => {}
    }
    let value = FieldValue::distance(target, 0);
    Ok((width, Tail::Field(value)))
}

/// Writes the bytes: prefixes, opcode, ModRM and address, immediate.
fn emit(form: &Form, inst: &Inst<Reg>, placed: &Placed<'_>) -> Encoded {
    let mut out = Encoded::empty();
    let encoding = &form.encoding;
    prefixes(&mut out, encoding, inst.size(), placed);
    out.push(opcode(encoding, inst, placed));
    if !matches!(placed.rm, RmField::Absent) {
        for (vector, shift) in placed.vectors.into_iter().zip([3, 0]) {
            let high = vector.and_then(|number| number.checked_sub(8));
            out.high_vectors.extend(high.map(|number| HighVector {
                position: out.length,
                shift,
                number,
            }));
        }
        modrm(&mut out, encoding.digit.unwrap_or(placed.reg) & 7, placed.rm);
    }
    match &placed.tail {
        // The constant 1 of a shift is in the opcode.
        Some(_) if form.slots.last().is_some_and(|slot| slot.kind() == Kind::One) => {}
        Some((width, Tail::Number(value))) => out.number(*value, *width),
        Some((width, Tail::Field(value))) => out.field(*width, value.clone()),
        None => {}
    }
    out
}

fn opcode(encoding: &Encoding, inst: &Inst<Reg>, placed: &Placed<'_>) -> u8 {
    let wide = encoding.sizing == Sizing::IntOrByte && inst.size() != Size::S8;
    let cond = inst.cond().map_or(0, |cond| cond as u8);
    encoding.opcode + u8::from(wide) + cond + (placed.opcode_reg & 7)
}

/// Legacy prefixes, REX and escape bytes; or VEX, which stands for all of them.
fn prefixes(out: &mut Encoded, encoding: &Encoding, size: Size, placed: &Placed<'_>) {
    let w = encoding.sizing != Sizing::Fixed && size == Size::S64;
    let r = placed.reg >= 8;
    let (x, b) = match placed.rm {
        RmField::Absent => (false, placed.opcode_reg >= 8),
        RmField::Reg(number) => (false, number >= 8),
        RmField::Mem(mem) => address_extensions(mem),
    };
    if encoding.vex {
        let map = match encoding.map {
            Map::One | Map::M0F => 1,
            Map::M0F38 => 2,
            Map::M0F3A => 3,
        };
        let prefix = match encoding.prefix {
            Prefix::None => 0,
            Prefix::P66 => 1,
            Prefix::PF3 => 2,
            Prefix::PF2 => 3,
        };
        out.push(0xc4);
        out.push(u8::from(!r) << 7 | u8::from(!x) << 6 | u8::from(!b) << 5 | map);
        out.push(u8::from(w) << 7 | (!placed.vvvv & 15) << 3 | prefix);
        return;
    }
    if size == Size::S16 && matches!(encoding.sizing, Sizing::Int | Sizing::IntOrByte) {
        out.push(0x66);
    }
    match encoding.prefix {
        Prefix::None => {}
        Prefix::P66 => out.push(0x66),
        Prefix::PF3 => out.push(0xf3),
        Prefix::PF2 => out.push(0xf2),
    }
    let rex = u8::from(w) << 3 | u8::from(r) << 2 | u8::from(x) << 1 | u8::from(b);
    if rex != 0 || placed.rex_for_byte {
        out.push(0x40 | rex);
    }
    match encoding.map {
        Map::One => {}
        Map::M0F => out.push(0x0f),
        Map::M0F38 => {
            out.push(0x0f);
            out.push(0x38);
        }
        Map::M0F3A => {
            out.push(0x0f);
            out.push(0x3a);
        }
    }
}

/// An address reduced to what ModRM and SIB can say.
fn base_and_index(mem: &Mem<Reg>) -> (Option<u8>, Option<(u8, Scale)>) {
    let number = |reg: &Reg| match reg {
        Reg::Gpr(gpr) => gpr.number(),
        Reg::Xmm(xmm) => xmm.number(),
    };
    match mem {
        Mem::Rip { .. } => (None, None),
        Mem::Sum {
            base: None,
            index: Some((index, scale)),
            ..
        } if is_really_base(false, *scale) => (Some(number(index)), None),
        Mem::Sum { base, index, .. } => (
            base.as_ref().map(number),
            index.as_ref().map(|(index, scale)| (number(index), *scale)),
        ),
    }
}

/// The X and B extension bits of an address.
fn address_extensions(mem: &Mem<Reg>) -> (bool, bool) {
    let (base, index) = base_and_index(mem);
    (
        index.is_some_and(|(index, _)| index >= 8),
        base.is_some_and(|base| base >= 8),
    )
}

/// ModRM, SIB and displacement.
fn modrm(out: &mut Encoded, reg: u8, rm: RmField<'_>) {
    let reg = reg << 3;
    let mem = match rm {
        RmField::Absent => return,
        RmField::Reg(number) => return out.push(0b11 << 6 | reg | number & 7),
        RmField::Mem(mem) => mem,
    };
    let disp = match mem {
        Mem::Rip { target, addend } => {
            out.push(reg | 0b101);
            return out.field(FieldWidth::B4, FieldValue::distance(target, *addend));
        }
        Mem::Sum { disp, .. } => *disp,
    };
    /// In ModRM.rm: a SIB byte follows. In SIB.index: there is none.
    const SIB: u8 = 0b100;
    /// In SIB.base, with mode 0: there is none, and a 32-bit displacement follows.
    const NO_BASE: u8 = 0b101;
    let (base, index) = base_and_index(mem);
    let (mode, width) = displacement(base, disp);
    let index_bits = index.map_or(SIB << 3, |(index, scale)| (scale as u8) << 6 | (index & 7) << 3);
    match base {
        Some(base) if index.is_none() && base & 7 != SIB => out.push(mode << 6 | reg | base & 7),
        _ => {
            out.push(mode << 6 | reg | SIB);
            out.push(index_bits | base.map_or(NO_BASE, |base| base & 7));
        }
    }
    match (disp, width) {
        (_, None) => {}
        (Disp::Value(value), Some(width)) => out.number(value.into(), width),
        (Disp::Hole(hole), Some(width)) => out.field(
            width,
            FieldValue::Hole {
                kind: hole.kind,
                relative: false,
            },
        ),
    }
}

/// The ModRM mode and the width of the displacement.
fn displacement(base: Option<u8>, disp: Disp) -> (u8, Option<FieldWidth>) {
    let Some(base) = base else {
        return (0b00, Some(FieldWidth::B4));
    };
    match disp {
        // `rbp` and `r13` have no form without displacement: their encoding in mode 0 means something else.
        Disp::Value(0) if base & 7 != 0b101 => (0b00, None),
        Disp::Value(value) if FieldWidth::B1.holds_signed(value.into()) => (0b01, Some(FieldWidth::B1)),
        Disp::Hole(Hole {
            width: FieldWidth::B1, ..
        }) => (0b01, Some(FieldWidth::B1)),
        _ => (0b10, Some(FieldWidth::B4)),
    }
}
