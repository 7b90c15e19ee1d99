//! Labels, branch relaxation, holes, relocations and data, judged by decoding the finished object.

mod judge;
mod property;

use dg_backend_x64::code::{CodeObject, HoleField, HoleSite, Piece, PieceKind, Relocation, RelocationKind};
use dg_backend_x64::encoder::{
    Access, Assembler, Cond, Disp, EncodeError, FieldWidth, Gpr, Hole, HoleKind, Imm, Inst, Label, Mem, Op, Operand,
    Reg, RegClass, RegConstraint, Scale, Size, Symbol, Target, Xmm,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A part of a random object.
#[derive(Clone, Debug)]
enum Part {
    Jmp(prop::sample::Index),
    Jcc(prop::sample::Index),
    Call(prop::sample::Index),
    HoledJmp,
    Load(prop::sample::Index),
    Data(usize),
    Align(u32),
    Bind,
}

/// Random parts; branches and data lengths are such that many distances are close to what 8 bits hold.
fn parts(with_alignments: bool) -> impl Strategy<Value = Vec<Part>> {
    let label = any::<prop::sample::Index>;
    let part = prop_oneof![
        4 => label().prop_map(Part::Jmp),
        4 => label().prop_map(Part::Jcc),
        1 => label().prop_map(Part::Call),
        1 => Just(Part::HoledJmp),
        1 => label().prop_map(Part::Load),
        3 => (0..140_usize).prop_map(Part::Data),
        u32::from(with_alignments) => (0..6_u32).prop_map(|log| Part::Align(1 << log)),
        4 => Just(Part::Bind),
    ];
    proptest::collection::vec(part, 0..80)
}

/// The object, and the label each instruction should refer to, if any.
fn build(parts: &[Part]) -> (CodeObject, Vec<Option<Label>>) {
    let mut asm = Assembler::new();
    let bound = parts.iter().filter(|part| matches!(part, Part::Bind)).count();
    let labels: Vec<Label> = (0..=bound).map(|_| asm.new_label()).collect();
    let mut unbound = labels.iter();
    let mut meant = Vec::new();
    for part in parts {
        let (inst, label) = match part {
            Part::Jmp(to) => (Inst::jmp(*to.get(&labels)), Some(*to.get(&labels))),
            Part::Jcc(to) => (Inst::jcc(Cond::Ne, *to.get(&labels)), Some(*to.get(&labels))),
            Part::Call(to) => (Inst::call(*to.get(&labels)), Some(*to.get(&labels))),
            Part::Load(from) => {
                let label = *from.get(&labels);
                // With an immediate behind the distance, which counts from the end of the instruction.
                (Inst::mi(Op::Cmp, Size::S32, Mem::rip(label), 1000), Some(label))
            }
            Part::HoledJmp => (Inst::jmp(Hole::dword(7)), None),
            Part::Data(length) => {
                asm.data(vec![0x90; *length]);
                continue;
            }
            Part::Align(alignment) => {
                asm.align(*alignment).expect("a power of two");
                continue;
            }
            Part::Bind => {
                asm.bind(*unbound.next().expect("as many labels as binds"))
                    .expect("bound once");
                continue;
            }
        };
        asm.emit(&inst).expect("the form exists");
        meant.push(label);
    }
    asm.bind(*unbound.next().expect("one label for the end"))
        .expect("bound once");
    (asm.finish().expect("every label is bound"), meant)
}

fn instructions(object: &CodeObject) -> impl Iterator<Item = &Piece> {
    object
        .pieces
        .iter()
        .filter(|piece| piece.kind == PieceKind::Instruction)
}

fn every_target_is_right(parts: Vec<Part>) -> TestCaseResult {
    let (object, meant) = build(&parts);
    prop_assert_eq!(&build(&parts).0, &object, "the result depends on nothing else");
    prop_assert_eq!(instructions(&object).count(), meant.len());
    for (piece, label) in instructions(&object).zip(meant) {
        let decoded = judge::decode(&object.bytes, piece.offset);
        prop_assert_eq!(decoded.len(), piece.length as usize);
        let Some(label) = label else { continue };
        let target = object.label_offset(label).expect("the label is bound");
        let reached = if decoded.is_ip_rel_memory_operand() {
            decoded.ip_rel_memory_address()
        } else {
            decoded.near_branch_target()
        };
        prop_assert_eq!(reached, u64::from(target));
    }
    let mut end = 0;
    for piece in &object.pieces {
        prop_assert_eq!(piece.offset, end, "pieces leave no gap");
        end += piece.length;
    }
    prop_assert_eq!(end as usize, object.bytes.len());
    Ok(())
}

fn no_branch_is_longer_than_needed(parts: Vec<Part>) -> TestCaseResult {
    let (object, meant) = build(&parts);
    for (piece, label) in instructions(&object).zip(meant) {
        let decoded = judge::decode(&object.bytes, piece.offset);
        let short_length = 2;
        if label.is_none() || !decoded.is_jmp_near() && !decoded.is_jcc_near() {
            continue;
        }
        let target = decoded.near_branch_target() as i64;
        // If it were short, what follows would move towards it: the target too, if that lies ahead.
        let short_end = i64::from(piece.offset) + short_length;
        let saved = i64::from(piece.length) - short_length;
        let is_ahead = target > i64::from(piece.offset);
        let distance = target - short_end - if is_ahead { saved } else { 0 };
        prop_assert!(
            i8::try_from(distance).is_err(),
            "a near branch over {} bytes at {}",
            distance,
            piece.offset
        );
    }
    Ok(())
}

#[test]
fn smoke_targets() {
    property::check(300, parts(true), every_target_is_right);
}

#[test]
fn smoke_shortness() {
    property::check(300, parts(false), no_branch_is_longer_than_needed);
}

#[test]
#[ignore = "takes minutes: the long-running twin of the smoke tests"]
fn long() {
    property::check(100_000, parts(true), every_target_is_right);
    property::check(100_000, parts(false), no_branch_is_longer_than_needed);
}

#[test]
fn branches_at_the_limits_of_eight_bits() {
    let length_of_jump = |forward: bool, between: usize| {
        let mut asm = Assembler::new();
        let label = asm.new_label();
        if !forward {
            asm.bind(label).expect("bound once");
            asm.data(vec![0; between]);
        }
        asm.emit(&Inst::jmp(label)).expect("the form exists");
        if forward {
            asm.data(vec![0; between]);
            asm.bind(label).expect("bound once");
        }
        let object = asm.finish().expect("the label is bound");
        instructions(&object).next().expect("one instruction").length
    };
    assert_eq!(length_of_jump(true, 127), 2);
    assert_eq!(length_of_jump(true, 128), 5);
    assert_eq!(length_of_jump(false, 126), 2);
    assert_eq!(length_of_jump(false, 127), 5);
}

/// Growing one branch pushes another out of reach, and so on through the chain.
#[test]
fn growth_cascades() {
    const JUMPS: usize = 200;
    // Each jump but the last spans up to 63 others: at most 126 bytes, and too many as soon as one of them has grown.
    let lengths = |beyond_last: usize| {
        let mut asm = Assembler::new();
        let labels: Vec<Label> = (0..JUMPS).map(|_| asm.new_label()).collect();
        for index in 0..JUMPS {
            asm.emit(&Inst::jmp(labels[index])).expect("the form exists");
            if let Some(start) = index.checked_sub(63) {
                asm.bind(labels[start]).expect("bound once");
            }
        }
        for label in &labels[JUMPS - 63..JUMPS - 1] {
            asm.bind(*label).expect("bound once");
        }
        asm.data(vec![0; beyond_last]);
        asm.bind(labels[JUMPS - 1]).expect("bound once");
        let object = asm.finish().expect("all labels are bound");
        instructions(&object).map(|piece| piece.length).collect::<Vec<_>>()
    };
    assert_eq!(lengths(127), [2; JUMPS]);
    // The last 62 before the last have shorter ways to go.
    let expected = [vec![5; JUMPS - 63], vec![2; 62], vec![5]].concat();
    assert_eq!(lengths(128), expected);
}

/// Writes `value` into the hole.
fn fill(bytes: &mut [u8], site: &HoleSite, value: i64) {
    let width = site.width.bytes();
    bytes[site.offset as usize..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
}

const WIDTHS: [FieldWidth; 4] = [FieldWidth::B1, FieldWidth::B2, FieldWidth::B4, FieldWidth::B8];

/// A number of this width whose bytes all differ, so that a misplaced one shows.
fn telling_number(width: FieldWidth) -> i64 {
    0x1122_3344_5566_7708 & (!0_u64 >> (64 - 8 * width.bytes())) as i64
}

fn holes_of(inst: &Inst<Reg>) -> Option<CodeObject> {
    match judge::assemble(inst) {
        Ok(object) => Some(object),
        Err(EncodeError::HoleWidth { .. } | EncodeError::NoForm { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn immediate_holes_hold_what_is_filled_in() {
    let registers = [Operand::Reg(Reg::Gpr(Gpr::R9)), Operand::Reg(Reg::Gpr(Gpr::Rax))];
    let memory = Operand::Mem(Mem::base(Gpr::R13, 5));
    let mut filled = 0;
    for &op in Op::ALL {
        for size in Size::GENERAL {
            for width in WIDTHS {
                for first in registers.iter().chain([&memory]) {
                    let hole = Hole::new(HoleKind(3), width);
                    let with = |imm: Imm| Inst::new(op, size, [first.clone(), Operand::Imm(imm)]);
                    let Some(object) = holes_of(&with(hole.into())) else {
                        continue;
                    };
                    let [site] = object.holes[..] else {
                        panic!("one hole, not {:?}", object.holes)
                    };
                    assert_eq!(
                        (site.kind, site.width, site.field),
                        (hole.kind, width, HoleField::Value)
                    );
                    let mut bytes = object.bytes.clone();
                    fill(&mut bytes, &site, telling_number(width));
                    judge::check_bytes(&with(telling_number(width).into()), &bytes);
                    filled += 1;
                }
            }
        }
    }
    assert!(filled > 200, "only {filled} forms took a hole");
}

#[test]
fn displacement_holes_hold_what_is_filled_in() {
    for base in Gpr::ALL {
        for width in [FieldWidth::B1, FieldWidth::B4] {
            let hole = Hole::new(HoleKind(1), width);
            let value = telling_number(width) as i32;
            let with = |disp: Disp| {
                [
                    Inst::<Reg>::rm(Op::Movsd, Size::S64, Xmm::Xmm9, Mem::base(base, disp)),
                    Inst::mi(Op::Mov, Size::S16, Mem::base(base, disp), 0x1234),
                    Inst::mi(Op::Cmp, Size::S64, Mem::base_index(base, Gpr::R12, Scale::X8, disp), 1),
                ]
            };
            for (holed, plain) in with(hole.into()).iter().zip(with(value.into())) {
                let object = holes_of(holed).expect("the form exists");
                let [site] = object.holes[..] else {
                    panic!("one hole, not {:?}", object.holes)
                };
                let mut bytes = object.bytes.clone();
                fill(&mut bytes, &site, value.into());
                judge::check_bytes(&plain, &bytes);
            }
        }
    }
    let narrow = Mem::<Reg>::absolute(Hole::byte(0));
    let inst = Inst::rm(Op::Mov, Size::S32, Gpr::Rax, narrow);
    assert!(matches!(judge::assemble(&inst), Err(EncodeError::HoleWidth { .. })));
}

#[test]
fn two_holes_in_one_instruction() {
    let cell = |disp| Mem::<Reg>::base(Gpr::Rbx, disp);
    let inst = Inst::mi(Op::Mov, Size::S64, cell(Hole::dword(1).into()), Hole::dword(2));
    let mut object = judge::assemble(&inst).expect("the form exists");
    let [first, second] = object.holes[..] else {
        panic!("two holes, not {:?}", object.holes)
    };
    assert_eq!((first.kind, second.kind), (HoleKind(1), HoleKind(2)));
    fill(&mut object.bytes, &first, 80);
    fill(&mut object.bytes, &second, -7);
    judge::check_bytes(&Inst::mi(Op::Mov, Size::S64, cell(Disp::Value(80)), -7), &object.bytes);
}

#[test]
fn holed_targets_hold_a_distance() {
    let cases: [(Inst<Reg>, i64); 6] = [
        (Inst::jmp(Hole::dword(0)), 0x1234_5678),
        (Inst::jmp(Hole::byte(0)), 100),
        (Inst::jcc(Cond::P, Hole::dword(0)), 0x1234_5678),
        (Inst::jcc(Cond::P, Hole::byte(0)), 100),
        (Inst::call(Hole::dword(0)), 0x1234_5678),
        (Inst::mi(Op::Cmp, Size::S32, Mem::rip(Hole::dword(0)), 1), 0x1234_5678),
    ];
    for (inst, target) in cases {
        let mut object = judge::assemble(&inst).expect("the form exists");
        let [site] = object.holes[..] else {
            panic!("one hole, not {:?}", object.holes)
        };
        let HoleField::Distance { end } = site.field else {
            panic!("`{inst}` holds a distance")
        };
        assert_eq!(end as usize, object.bytes.len());
        fill(&mut object.bytes, &site, target - i64::from(end));
        let decoded = judge::decode(&object.bytes, 0);
        let reached = if decoded.is_ip_rel_memory_operand() {
            decoded.ip_rel_memory_address()
        } else {
            decoded.near_branch_target()
        };
        assert_eq!(reached as i64, target, "`{inst}`");
    }
    let wide = Inst::<Reg>::call(Hole::byte(0));
    assert!(matches!(judge::assemble(&wide), Err(EncodeError::HoleWidth { .. })));
    let with_addend = Mem::Rip {
        target: Target::Hole(Hole::dword(0)),
        addend: 4,
    };
    let inst = Inst::rm(Op::Mov, Size::S32, Gpr::Rax, with_addend);
    assert!(matches!(judge::assemble(&inst), Err(EncodeError::HoleAddend { .. })));
}

/// Places the object at 0 and resolves its relocations as a linker does.
fn link(object: &CodeObject, address: i64) -> Vec<u8> {
    let mut bytes = object.bytes.clone();
    for Relocation {
        offset, kind, addend, ..
    } in &object.relocations
    {
        let at = *offset as usize;
        match kind {
            RelocationKind::PcRelative32 => {
                let value = i32::try_from(address + addend - i64::from(*offset)).expect("in reach");
                bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            }
            RelocationKind::Absolute64 => bytes[at..at + 8].copy_from_slice(&(address + addend).to_le_bytes()),
        }
    }
    bytes
}

#[test]
fn relocations_resolve_to_the_symbol() {
    let there = || Symbol::new("there");
    let at = |addend| Mem::<Reg>::Rip {
        target: there().into(),
        addend,
    };
    let address = 0x0123_4567;
    let branches = [
        Inst::<Reg>::jmp(there()),
        Inst::jcc(Cond::A, there()),
        Inst::call(there()),
    ];
    for inst in branches {
        let object = judge::assemble(&inst).expect("the form exists");
        assert_eq!(
            judge::decode(&link(&object, address), 0).near_branch_target(),
            address as u64,
            "`{inst}`"
        );
    }
    let accesses = [
        Inst::rm(Op::Movsd, Size::S64, Xmm::Xmm0, at(8)),
        Inst::mi(Op::Cmp, Size::S8, at(8), 1),
        Inst::mi(Op::Cmp, Size::S16, at(8), 1000),
        Inst::mi(Op::Cmp, Size::S32, at(8), 1000),
        Inst::m(Op::Jmp, Size::S64, at(8)),
    ];
    for inst in accesses {
        let object = judge::assemble(&inst).expect("the form exists");
        let decoded = judge::decode(&link(&object, address), 0);
        assert_eq!(decoded.ip_rel_memory_address() as i64, address + 8, "`{inst}`");
    }
    let inst = Inst::<Reg>::ri(Op::Mov, Size::S64, Gpr::R9, Imm::Address(there(), -8));
    let object = judge::assemble(&inst).expect("the form exists");
    assert_eq!(
        judge::decode(&link(&object, 1 << 40), 0).immediate64() as i64,
        (1 << 40) - 8
    );
}

#[test]
fn data_and_alignment() {
    let mut asm = Assembler::new();
    let table = asm.new_label();
    let code = asm.new_label();
    asm.data([1, 2, 3]);
    asm.align(16).expect("a power of two");
    asm.define_symbol("table");
    asm.bind(table).expect("bound once");
    asm.label_difference(code, table);
    asm.quad(-2).expect("a number");
    asm.quad(Imm::Address("x".into(), 5)).expect("an address");
    asm.quad(Hole::qword(9)).expect("a hole");
    asm.bind(code).expect("bound once");
    asm.emit(&Inst::op0(Op::Ret)).expect("the form exists");
    let object = asm.finish().expect("every label is bound");
    assert_eq!(object.alignment, 16);
    assert_eq!(object.bytes[..3], [1, 2, 3]);
    assert_eq!(object.label_offset(table), Some(16));
    assert_eq!(object.symbols[0].offset, 16);
    assert_eq!(object.bytes[16..20], 28_i32.to_le_bytes());
    assert_eq!(object.bytes[20..28], (-2_i64).to_le_bytes());
    assert_eq!((object.relocations[0].offset, object.relocations[0].addend), (28, 5));
    assert_eq!((object.holes[0].offset, object.holes[0].width), (36, FieldWidth::B8));
    assert_eq!(object.label_offset(code), Some(44));
    assert_eq!(object.instruction_count(), 1);
}

#[test]
fn nops_of_every_length() {
    for length in 0..40 {
        let mut asm = Assembler::new();
        asm.nop(length);
        let object = asm.finish().expect("nothing can fail");
        assert_eq!(object.bytes.len(), length);
        assert_eq!(object.instruction_count(), length.div_ceil(9));
        for piece in &object.pieces {
            let decoded = judge::decode(&object.bytes, piece.offset);
            assert_eq!(
                (decoded.mnemonic(), decoded.len()),
                (iced_x86::Mnemonic::Nop, piece.length as usize)
            );
        }
    }
}

#[test]
fn mistakes_with_labels_and_alignments() {
    let mut asm = Assembler::new();
    let label = asm.new_label();
    asm.bind(label).expect("bound once");
    assert_eq!(asm.bind(label), Err(EncodeError::LabelBoundTwice(label)));
    assert_eq!(asm.align(3), Err(EncodeError::Alignment(3)));
    assert_eq!(asm.align(8192), Err(EncodeError::Alignment(8192)));
    assert!(matches!(asm.quad(Hole::dword(0)), Err(EncodeError::HoleWidth { .. })));
    asm.emit(&Inst::jmp(Label(77))).expect("the form exists");
    assert!(asm.new_label().0 > 77, "a label that was mentioned is not handed out");
    assert_eq!(asm.finish(), Err(EncodeError::UnboundLabel(Label(77))));
}

#[test]
fn comments_and_counts() {
    let mut asm = Assembler::new();
    asm.emit_commented(&Inst::op0(Op::Ud2), "never")
        .expect("the form exists");
    asm.emit(&Inst::op0(Op::Ret)).expect("the form exists");
    let object = asm.finish().expect("no labels");
    let comments: Vec<_> = object
        .pieces
        .iter()
        .map(|piece| (piece.offset, piece.comment.as_deref()))
        .collect();
    assert_eq!(comments, [(0, Some("never")), (2, None)]);
}

/// What a register allocator sees of instructions over numbered registers.
#[test]
fn register_operands_and_their_constraints() {
    let seen = |inst: Inst<u32>| {
        let mut seen = Vec::new();
        inst.visit(|reg, constraint| seen.push((*reg, constraint)))
            .expect("the form exists");
        seen
    };
    let gpr = |access| RegConstraint {
        access,
        class: RegClass::Gpr,
        fixed: None,
        excluded: None,
    };
    let xmm = |access| RegConstraint {
        class: RegClass::Xmm,
        ..gpr(access)
    };
    let fixed = |access, register| RegConstraint {
        fixed: Some(register),
        ..gpr(access)
    };
    let index = RegConstraint {
        excluded: Some(Gpr::Rsp),
        ..gpr(Access::Use)
    };

    assert_eq!(
        seen(Inst::rr(Op::Add, Size::S64, 1_u32, 2_u32)),
        [(1, gpr(Access::Mod)), (2, gpr(Access::Use))]
    );
    assert_eq!(seen(Inst::ri(Op::Cmp, Size::S64, 1_u32, 5)), [(1, gpr(Access::Use))]);
    assert_eq!(
        seen(Inst::rr(Op::Shl, Size::S64, 1_u32, 2_u32)),
        [(1, gpr(Access::Mod)), (2, fixed(Access::Use, Gpr::Rcx))]
    );
    assert_eq!(
        seen(Inst::rrr(Op::Idiv, Size::S32, 1_u32, 2_u32, 3_u32)),
        [
            (1, fixed(Access::Mod, Gpr::Rax)),
            (2, fixed(Access::Mod, Gpr::Rdx)),
            (3, gpr(Access::Use))
        ]
    );
    let address = Mem::base_index(5_u32, 6_u32, Scale::X8, 0);
    assert_eq!(
        seen(Inst::mr(Op::Movsd, Size::S64, address, 7_u32)),
        [(5, gpr(Access::Use)), (6, index), (7, xmm(Access::Use))]
    );
    assert_eq!(
        seen(Inst::rr(Op::Cvttsd2si, Size::S32, 1_u32, 2_u32)),
        [(1, gpr(Access::Def)), (2, xmm(Access::Use))]
    );
    assert_eq!(seen(Inst::r(Op::Zero, Size::S32, 1_u32)), [(1, gpr(Access::Def))]);

    let error = Inst::<u32>::op0(Op::Add)
        .visit(|_, _| {})
        .expect_err("there is no such form");
    assert_eq!(error, EncodeError::NoForm { inst: "add".into() });
}

/// Physical registers take the place of numbered ones, in the order of the operands.
#[test]
fn registers_can_be_replaced() {
    let address = Mem::base_index(0_u32, 1_u32, Scale::X4, 12);
    let inst: Inst<u32> = Inst::rm(Op::Cmov, Size::S32, 2_u32, address).with_cond(Cond::Le);
    let homes = [Gpr::R12, Gpr::Rbp, Gpr::Rdi];
    let mapped: Inst<Reg> = inst
        .try_map(|reg, _| Ok::<_, EncodeError>(homes[*reg as usize].into()))
        .expect("the form exists");
    assert_eq!(mapped.to_string(), "cmovle.32 rdi, [r12+rbp*4+12]");
    judge::check(&mapped);
}
