//! Every form of the table, judged by a foreign decoder: bytes, flags, accesses, processor features.

mod judge;

use dg_backend_x64::encoder::{
    Access, Cond, EncodeError, Feature, Flags, Form, Gpr, Hole, Imm, Inst, Kind, Label, Mem, Op, Operand, Reg, Scale,
    Size, Xmm, forms,
};
use iced_x86::{CpuidFeature, Instruction, InstructionInfoFactory, InstructionInfoOptions, OpAccess, RflagsBits};

const SIZES: [Size; 5] = [Size::S8, Size::S16, Size::S32, Size::S64, Size::S128];

/// Numbers around every boundary an immediate field has.
fn boundary_values() -> Vec<i64> {
    let mut values = vec![0, 1, 2, i64::MIN, i64::MAX];
    for bits in [7, 8, 15, 16, 31, 32] {
        for near in -1..=1 {
            values.extend([(1 << bits) + near, -(1 << bits) + near]);
        }
    }
    values
}

fn general() -> Vec<Operand<Reg>> {
    Gpr::ALL.map(|gpr| Operand::Reg(gpr.into())).to_vec()
}

fn vector() -> Vec<Operand<Reg>> {
    Xmm::ALL.map(|xmm| Operand::Reg(xmm.into())).to_vec()
}

/// Every combination of base, index and scale, each with displacements of every width. With `stride` above 1 only
/// every so many of them, beginning with `phase`.
fn addresses(stride: usize, phase: usize) -> impl Iterator<Item = Operand<Reg>> {
    let registers = || std::iter::once(None).chain(Gpr::ALL.map(|gpr| Some(Reg::Gpr(gpr))));
    let sums = registers().flat_map(move |base| {
        let unindexed = std::iter::once((base, None));
        let indices = registers().flatten().filter(|reg| *reg != Reg::Gpr(Gpr::Rsp));
        let scaled = indices.flat_map(|index| Scale::ALL.map(|scale| (index, scale)));
        unindexed.chain(scaled.map(move |index| (base, Some(index))))
    });
    let all = sums.flat_map(|(base, index)| {
        [0, 1, 127, -128, 128, -129, i32::MAX, i32::MIN].map(|disp| {
            Operand::Mem(Mem::Sum {
                base,
                index,
                disp: disp.into(),
            })
        })
    });
    all.skip(phase % stride).step_by(stride)
}

/// Stands for memory where the addresses do not matter.
fn some_address() -> Operand<Reg> {
    Operand::Mem(Mem::base_index(Gpr::R13, Gpr::R9, Scale::X4, 1000))
}

/// All registers that may stand at a position of this kind.
fn register_choices(kind: Kind) -> Vec<Operand<Reg>> {
    match kind {
        Kind::R | Kind::Rm | Kind::Rm8 | Kind::O | Kind::V | Kind::Both => general(),
        Kind::OpNotRax => general()
            .into_iter()
            .filter(|reg| *reg != Operand::Reg(Gpr::Rax.into()))
            .collect(),
        Kind::Is(gpr) => vec![Operand::Reg(gpr.into())],
        Kind::X | Kind::Xr | Kind::Xm | Kind::XBoth => vector(),
        _ => Vec::new(),
    }
}

/// An operand for each position of the form: registers where possible, all different.
fn example(form: &Form) -> Vec<Operand<Reg>> {
    let operand = |(position, kind): (usize, Kind)| match kind {
        Kind::Is(gpr) => Operand::Reg(gpr.into()),
        Kind::M => some_address(),
        kind => match register_choices(kind).into_iter().nth_back(4 + position) {
            Some(register) => register,
            None => Operand::Imm(1.into()),
        },
    };
    form.slots
        .iter()
        .map(|slot| slot.kind())
        .enumerate()
        .map(operand)
        .collect()
}

/// Calls `f` with every form at every size, and a condition if it needs one. Branches are tested elsewhere.
fn for_each_form(mut f: impl FnMut(Op, Size, Option<Cond>, &Form)) {
    for &op in Op::ALL {
        for form in forms(op) {
            if form
                .slots
                .iter()
                .any(|slot| matches!(slot.kind(), Kind::J8 | Kind::J32))
            {
                continue;
            }
            for size in SIZES.into_iter().filter(|size| form.sizes.contains(*size)) {
                if op.facts().conditional {
                    Cond::ALL.into_iter().for_each(|cond| f(op, size, Some(cond), form));
                } else {
                    f(op, size, None, form);
                }
            }
        }
    }
}

fn inst(op: Op, size: Size, cond: Option<Cond>, operands: &[Operand<Reg>]) -> Inst<Reg> {
    let inst = match operands {
        [] => Inst::new(op, size, []),
        [a] => Inst::new(op, size, [a.clone()]),
        [a, b] => Inst::new(op, size, [a.clone(), b.clone()]),
        [a, b, c] => Inst::new(op, size, [a.clone(), b.clone(), c.clone()]),
        _ => unreachable!("no form has more operands"),
    };
    cond.into_iter().fold(inst, Inst::with_cond)
}

/// Every combination of one choice per position.
fn combinations(choices: &[Vec<Operand<Reg>>]) -> Vec<Vec<Operand<Reg>>> {
    choices.iter().fold(vec![Vec::new()], |prefixes, choices| {
        let extend = |prefix: &Vec<_>| {
            let extended = choices
                .iter()
                .map(|choice| [prefix.as_slice(), std::slice::from_ref(choice)].concat());
            extended.collect::<Vec<_>>()
        };
        prefixes.iter().flat_map(extend).collect()
    })
}

#[test]
fn all_registers() {
    let mut judged = 0;
    for_each_form(|op, size, cond, form| {
        let choices = form.slots.iter().zip(example(form)).map(|(slot, example)| {
            let registers = register_choices(slot.kind());
            if registers.is_empty() { vec![example] } else { registers }
        });
        for operands in combinations(&choices.collect::<Vec<_>>()) {
            judge::check(&inst(op, size, cond, &operands));
            judged += 1;
        }
    });
    assert!(judged > 90_000, "only {judged} instructions");
}

/// Judges every form that takes memory with every `stride`-th address.
fn judge_addresses(stride: usize) -> usize {
    let mut judged = 0;
    for_each_form(|op, size, cond, form| {
        let memory_at = form
            .slots
            .iter()
            .position(|slot| matches!(slot.kind(), Kind::M | Kind::Rm | Kind::Rm8 | Kind::Xm));
        let Some(memory_at) = memory_at else { return };
        for (count, address) in addresses(stride, judged).enumerate() {
            let mut operands = example(form);
            for (operand, slot) in operands.iter_mut().zip(form.slots) {
                let registers = register_choices(slot.kind());
                if !registers.is_empty() {
                    *operand = registers[(count + judged) % registers.len()].clone();
                }
            }
            operands[memory_at] = address;
            judge::check(&inst(op, size, cond, &operands));
            judged += 1;
        }
    });
    judged
}

#[test]
fn some_addresses_with_every_form() {
    // A prime, so that the sample of each form begins elsewhere and meets every displacement.
    let judged = judge_addresses(97);
    assert!(judged > 10_000, "only {judged} instructions");
}

#[test]
#[ignore = "takes minutes in a debug build: millions of instructions"]
fn all_addresses_with_every_form() {
    let judged = judge_addresses(1);
    assert!(judged > 2_000_000, "only {judged} instructions");
}

/// A representative of each way to write an address: with and without REX, escape bytes, mandatory prefix, VEX,
/// immediate behind it, opcode extension.
#[test]
fn all_addresses_with_representative_forms() {
    for address in addresses(1, 0) {
        let Operand::Mem(mem) = address else {
            unreachable!("addresses are memory")
        };
        for inst in [
            Inst::rm(Op::Mov, Size::S32, Gpr::Rcx, mem.clone()),
            Inst::rm(Op::Mov, Size::S64, Gpr::R10, mem.clone()),
            Inst::mr(Op::Mov, Size::S8, mem.clone(), Gpr::Rsi),
            Inst::mi(Op::Add, Size::S16, mem.clone(), 1000),
            Inst::rm(Op::Movzxw, Size::S32, Gpr::R8, mem.clone()),
            Inst::rm(Op::Movsd, Size::S64, Xmm::Xmm9, mem.clone()),
            Inst::rmi(Op::Roundsd, Size::S64, Xmm::Xmm3, mem.clone(), 9),
            Inst::new(
                Op::Andn,
                Size::S64,
                [
                    Operand::Reg(Gpr::R9.into()),
                    Operand::Reg(Gpr::Rdi.into()),
                    Operand::Mem(mem.clone()),
                ],
            ),
            Inst::rm(Op::Lea, Size::S64, Gpr::Rdx, mem.clone()),
            Inst::m(Op::Jmp, Size::S64, mem),
        ] {
            judge::check(&inst);
        }
    }
}

/// May `value` be the immediate of the operation? Said from the manual, not from the table.
fn immediate_fits(op: Op, size: Size, value: i64) -> bool {
    use Op::*;
    match op {
        Rol | Ror | Shl | Shr | Sar | Bt | Bts | Btr | Roundsd | Rorx => (-128..=255).contains(&value),
        Mov if size == Size::S64 => true,
        _ if size == Size::S64 => i32::try_from(value).is_ok(),
        _ => value >= -(1 << (size.bits() - 1)) && value < 1 << size.bits(),
    }
}

#[test]
fn all_immediates_at_their_boundaries() {
    for_each_form(|op, size, cond, form| {
        let example = example(form);
        let Some(at) = example.iter().position(|operand| matches!(operand, Operand::Imm(_))) else {
            return;
        };
        for value in boundary_values() {
            for first in [Gpr::Rax, Gpr::Rcx, Gpr::R12].map(|gpr| Operand::Reg(gpr.into())) {
                let mut operands = example.clone();
                operands[at] = Operand::Imm(value.into());
                if at > 0 && matches!(operands[0], Operand::Reg(Reg::Gpr(_))) {
                    operands[0] = first;
                }
                let inst = inst(op, size, cond, &operands);
                if immediate_fits(op, size, value) {
                    judge::check(&inst);
                } else {
                    let error = judge::assemble(&inst).expect_err("the number does not fit");
                    assert_eq!(
                        error,
                        EncodeError::Immediate {
                            inst: inst.to_string(),
                            value
                        }
                    );
                }
            }
        }
    });
}

#[test]
fn flags_features_and_accesses_are_what_the_judge_says() {
    let mut factory = InstructionInfoFactory::new();
    for_each_form(|op, size, cond, form| {
        let inst = inst(op, size, cond, &example(form));
        let decoded = judge::check(&inst);
        assert_eq!(
            inst.flags_read(),
            flags(decoded.rflags_read()),
            "flags read by `{inst}`"
        );
        // The judge treats shifts by 0, which change no flag, apart.
        if !matches!(op, Op::Rol | Op::Ror | Op::Shl | Op::Shr | Op::Sar) {
            assert_eq!(
                inst.flags_written(),
                flags(decoded.rflags_modified()),
                "flags written by `{inst}`"
            );
        } else {
            assert!(
                inst.flags_written().contains(flags(decoded.rflags_modified())),
                "flags of `{inst}`"
            );
        }
        assert_eq!(feature(&decoded), inst.feature(), "feature of `{inst}`");
        check_accesses(&mut factory, &inst, &decoded);
    });
}

fn flags(bits: u32) -> Flags {
    let pairs = [
        (RflagsBits::CF, Flags::C),
        (RflagsBits::PF, Flags::P),
        (RflagsBits::AF, Flags::A),
        (RflagsBits::ZF, Flags::Z),
        (RflagsBits::SF, Flags::S),
        (RflagsBits::OF, Flags::O),
    ];
    pairs
        .into_iter()
        .filter(|(bit, _)| bits & bit != 0)
        .fold(Flags::NONE, |set, (_, flag)| set | flag)
}

fn feature(decoded: &Instruction) -> Feature {
    match decoded.cpuid_features() {
        [CpuidFeature::SSE4_1] => Feature::Sse41,
        [CpuidFeature::POPCNT] => Feature::Popcnt,
        [CpuidFeature::LZCNT] => Feature::Lzcnt,
        [CpuidFeature::BMI1] => Feature::Bmi1,
        [CpuidFeature::BMI2] => Feature::Bmi2,
        _ => Feature::Baseline,
    }
}

/// Compares which registers are read and written as a whole, implied ones included.
fn check_accesses(factory: &mut InstructionInfoFactory, inst: &Inst<Reg>, decoded: &Instruction) {
    let mut ours = Vec::new();
    inst.visit(|reg, constraint| ours.push((*reg, constraint.access)))
        .expect("the form exists");
    let info = factory.info_options(decoded, InstructionInfoOptions::NO_MEMORY_USAGE);
    let number = |reg: &Reg| match reg {
        Reg::Gpr(gpr) => (false, usize::from(gpr.number())),
        Reg::Xmm(xmm) => (true, usize::from(xmm.number())),
    };
    for (reg, _) in &ours {
        let mine = ours.iter().filter(|(other, _)| other == reg).map(|(_, access)| *access);
        let (mut reads, mut writes) = (false, false);
        for access in mine {
            reads |= access != Access::Def;
            writes |= access != Access::Use;
        }
        let (mut judge_reads, mut judge_writes) = (false, false);
        for used in info.used_registers() {
            let full = used.register().full_register();
            let is_vector = full.is_vector_register();
            if (is_vector || full.is_gpr()) && (is_vector, full.number()) == number(reg) {
                use OpAccess::*;
                judge_reads |= matches!(used.access(), Read | CondRead | ReadWrite | ReadCondWrite);
                judge_writes |= matches!(used.access(), Write | CondWrite | ReadWrite | ReadCondWrite);
                // What is written only sometimes keeps its old value otherwise.
                judge_reads |= matches!(used.access(), CondWrite | ReadCondWrite);
            }
        }
        assert_eq!(writes, judge_writes, "does `{inst}` write {reg}?");
        if !is_exempt(inst) {
            assert_eq!(reads, judge_reads, "does `{inst}` read {reg}?");
        }
    }
}

/// Where we and the judge differ about reads, for the reasons the table gives: the upper half of a vector register and
/// the rest of a byte or word register do not count as read; a zeroing idiom reads nothing; `bsf` of 0 keeps its
/// destination.
fn is_exempt(inst: &Inst<Reg>) -> bool {
    use Op::*;
    matches!(
        inst.op(),
        Sqrtsd | Cvtsi2sd | Cvtss2sd | Cvtsd2ss | Roundsd | Zero | ZeroXmm | Bsf | Bsr
    )
}

#[test]
fn implied_registers_are_checked() {
    let wrong = |inst: &Inst<Reg>, operand, expected| {
        let error = judge::assemble(inst).expect_err("the register is wrong");
        assert_eq!(
            error,
            EncodeError::Register {
                inst: inst.to_string(),
                operand,
                expected
            }
        );
    };
    wrong(&Inst::rr(Op::Shl, Size::S64, Gpr::Rax, Gpr::Rdx), 1, Some(Gpr::Rcx));
    wrong(
        &Inst::rrr(Op::Idiv, Size::S64, Gpr::Rcx, Gpr::Rdx, Gpr::Rbx),
        0,
        Some(Gpr::Rax),
    );
    wrong(
        &Inst::rrr(Op::Idiv, Size::S64, Gpr::Rax, Gpr::Rcx, Gpr::Rbx),
        1,
        Some(Gpr::Rdx),
    );
    wrong(&Inst::rr(Op::Imul, Size::S8, Gpr::Rcx, Gpr::Rdx), 0, Some(Gpr::Rax));
    wrong(&Inst::rr(Op::Add, Size::S64, Gpr::Rax, Xmm::Xmm1), 1, None);
    wrong(&Inst::rr(Op::Addsd, Size::S64, Xmm::Xmm1, Gpr::Rax), 1, None);
}

#[test]
fn what_has_no_form_is_an_error() {
    let cell = || Mem::base(Gpr::Rax, 0);
    let no_form = |inst: Inst<Reg>| {
        let error = judge::assemble(&inst).expect_err("there is no such form");
        assert_eq!(error, EncodeError::NoForm { inst: inst.to_string() });
    };
    no_form(Inst::new(Op::Mov, Size::S64, [cell().into(), cell().into()]));
    no_form(Inst::rr(Op::Mov, Size::S128, Gpr::Rax, Gpr::Rcx));
    no_form(Inst::rr(Op::Lea, Size::S64, Gpr::Rax, Gpr::Rcx));
    no_form(Inst::rr(Op::Movzxb, Size::S8, Gpr::Rax, Gpr::Rcx));
    no_form(Inst::op0(Op::Add));
    no_form(Inst::r(Op::Set, Size::S8, Gpr::Rax));
    no_form(Inst::rr(Op::Add, Size::S64, Gpr::Rax, Gpr::Rcx).with_cond(Cond::E));
    no_form(Inst::new(Op::Add, Size::S64, [Operand::Target(Label(0).into())]));

    let index = Inst::rm(
        Op::Mov,
        Size::S64,
        Gpr::Rax,
        Mem::base_index(Gpr::Rax, Gpr::Rsp, Scale::X1, 0),
    );
    assert_eq!(
        judge::assemble(&index),
        Err(EncodeError::IndexIsRsp {
            inst: index.to_string()
        })
    );
    let vector = Inst::rm(Op::Mov, Size::S64, Gpr::Rax, Mem::base(Xmm::Xmm1, 0));
    assert_eq!(
        judge::assemble(&vector),
        Err(EncodeError::AddressRegister {
            inst: vector.to_string()
        })
    );
    let hole = Hole::byte(0);
    let narrow = Inst::ri(Op::Mov, Size::S64, Gpr::Rax, hole);
    assert_eq!(
        judge::assemble(&narrow),
        Err(EncodeError::HoleWidth {
            inst: narrow.to_string(),
            hole
        })
    );
    let address = Inst::ri(Op::Add, Size::S64, Gpr::Rax, Imm::Address("there".into(), 0));
    assert_eq!(
        judge::assemble(&address),
        Err(EncodeError::AddressWidth {
            inst: address.to_string()
        })
    );
}

#[test]
fn the_shortest_form_is_chosen() {
    use Op::*;
    use Size::*;
    let check = |length: usize, inst: Inst<Reg>| {
        judge::check(&inst);
        let bytes = judge::assemble(&inst).expect("the form exists").bytes;
        assert_eq!(bytes.len(), length, "`{inst}` became {bytes:02x?}");
    };
    let at = |base: Gpr, disp: i32| Mem::<Reg>::base(base, disp);
    check(5, Inst::ri(Mov, S32, Gpr::Rax, 0));
    check(5, Inst::ri(Mov, S64, Gpr::Rax, 0xffff_ffff_i64));
    check(6, Inst::ri(Mov, S64, Gpr::R9, 1));
    check(7, Inst::ri(Mov, S64, Gpr::Rax, -1));
    check(10, Inst::ri(Mov, S64, Gpr::Rax, 1_i64 << 32));
    check(2, Inst::ri(Mov, S8, Gpr::Rcx, 7));
    check(4, Inst::ri(Mov, S16, Gpr::Rcx, 7));
    check(3, Inst::ri(Add, S32, Gpr::Rcx, -128));
    check(3, Inst::ri(Add, S32, Gpr::Rcx, 0xffff_ff80_u32));
    check(6, Inst::ri(Add, S32, Gpr::Rcx, 128));
    check(5, Inst::ri(Add, S32, Gpr::Rax, 128));
    check(6, Inst::ri(Cmp, S64, Gpr::Rax, 128));
    check(2, Inst::ri(Cmp, S8, Gpr::Rax, 1));
    check(5, Inst::ri(Test, S32, Gpr::Rax, 1));
    check(3, Inst::rri(Imul, S32, Gpr::Rcx, Gpr::Rcx, 3));
    check(2, Inst::ri(Shl, S32, Gpr::Rcx, 1));
    check(3, Inst::ri(Shl, S32, Gpr::Rcx, 2));
    check(2, Inst::rr(Xchg, S64, Gpr::Rax, Gpr::R9));
    check(2, Inst::rr(Xchg, S32, Gpr::Rax, Gpr::Rax));
    check(1, Inst::r(Push, S64, Gpr::Rax));
    check(2, Inst::i(Push, S64, 127));
    check(5, Inst::i(Push, S64, 128));
    check(2, Inst::r(Pop, S64, Gpr::R8));
    check(2, Inst::r(Zero, S64, Gpr::Rax));
    check(3, Inst::rm(Movzxb, S64, Gpr::Rax, at(Gpr::Rcx, 0)));
    check(2, Inst::rm(Mov, S32, Gpr::Rax, at(Gpr::Rcx, 0)));
    check(3, Inst::rm(Mov, S32, Gpr::Rax, at(Gpr::Rsp, 0)));
    check(3, Inst::rm(Mov, S32, Gpr::Rax, at(Gpr::Rbp, 0)));
    check(4, Inst::rm(Mov, S32, Gpr::Rax, at(Gpr::R12, 0)));
    check(4, Inst::rm(Mov, S32, Gpr::Rax, at(Gpr::R13, 0)));
    check(3, Inst::rm(Mov, S32, Gpr::Rax, at(Gpr::Rcx, -128)));
    check(6, Inst::rm(Mov, S32, Gpr::Rax, at(Gpr::Rcx, 128)));
    check(2, Inst::rm(Mov, S32, Gpr::Rax, Mem::index(Gpr::Rcx, Scale::X1, 0)));
    check(7, Inst::rm(Mov, S32, Gpr::Rax, Mem::index(Gpr::Rcx, Scale::X2, 0)));
    check(4, Inst::rm(MovToXmm, S64, Xmm::Xmm0, at(Gpr::Rax, 0)));
    check(3, Inst::rr(Movaps, S128, Xmm::Xmm0, Xmm::Xmm1));
    check(3, Inst::r(ZeroXmm, S128, Xmm::Xmm0));
}
