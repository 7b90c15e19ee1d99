//! Listings, in full.

use dg_backend_x64::code::CodeObject;
use dg_backend_x64::encoder::{
    Assembler, Cond, EncodeError, Gpr, Hole, HoleKind, Imm, Inst, Label, Mem, Op, Reg, Scale, Size, Symbol, Target, Xmm,
};
use dg_backend_x64::listing::Listing;

fn assemble(build: impl FnOnce(&mut Assembler) -> Result<(), EncodeError>) -> CodeObject {
    let mut asm = Assembler::new();
    build(&mut asm).expect("every instruction has a form");
    asm.finish().expect("every label is bound")
}

fn check(listing: Listing<'_>, expected: &str) {
    let actual = listing.render();
    assert!(
        actual.lines().all(|line| line == line.trim_end()),
        "trailing blanks in\n{actual}"
    );
    let expected = expected
        .strip_prefix('\n')
        .expect("expected text starts on a line of its own");
    assert!(actual == expected, "expected:\n{expected}\nactual:\n{actual}");
}

#[test]
fn template_with_holes() {
    const LHS: u16 = 0;
    const RHS: u16 = 1;
    const DST: u16 = 2;
    const COLD: u16 = 3;
    let slot = |hole| Mem::base(Gpr::Rbx, Hole::dword(hole));
    let object = assemble(|asm| {
        asm.emit(&Inst::rm(Op::Movsd, Size::S64, Xmm::Xmm0, slot(LHS)))?;
        asm.emit(&Inst::rm(Op::Movsd, Size::S64, Xmm::Xmm1, slot(RHS)))?;
        asm.emit(&Inst::rr(Op::Ucomisd, Size::S64, Xmm::Xmm0, Xmm::Xmm1))?;
        asm.emit_commented(&Inst::jcc(Cond::P, Hole::dword(COLD)), "lhs or rhs is not a double")?;
        asm.emit(&Inst::rr(Op::Addsd, Size::S64, Xmm::Xmm0, Xmm::Xmm1))?;
        asm.emit_commented(&Inst::mr(Op::Movsd, Size::S64, slot(DST), Xmm::Xmm0), "falls through")
    });
    let name = |kind: HoleKind| ["lhs*8", "rhs*8", "dst*8", "cold"][kind.0 as usize].to_string();
    check(
        Listing::new(&object)
            .heading("ADD lhs: slot, rhs: slot -> slot      lhs + rhs")
            .part("baseline template, hot part")
            .register(Gpr::Rbx, "base")
            .holes(name),
        "
; ADD lhs: slot, rhs: slot -> slot      lhs + rhs
; baseline template, hot part: 6 instructions, 38 bytes, 4 holes
  00  f2 0f 10 83 [lhs*8]  movsd   xmm0, [base+lhs*8]
  08  f2 0f 10 8b [rhs*8]  movsd   xmm1, [base+rhs*8]
  10  66 0f 2e c1          ucomisd xmm0, xmm1
  14  0f 8a [cold]         jp      cold                ; lhs or rhs is not a double
  1a  f2 0f 58 c1          addsd   xmm0, xmm1
  1e  f2 0f 11 83 [dst*8]  movsd   [base+dst*8], xmm0  ; falls through
",
    );
}

#[test]
fn handler_with_labels_symbols_and_data() {
    let cold = Label(0);
    let table = Label(1);
    let dispatch = Mem::base_index(Gpr::R15, Gpr::Rax, Scale::X8, 256);
    let object = assemble(|asm| {
        asm.name_label(cold, "cold");
        asm.define_symbol("handler_ADD");
        asm.emit(&Inst::rm(Op::Movzxw, Size::S32, Gpr::Rax, Mem::base(Gpr::Rbp, 8)))?;
        asm.emit(&Inst::ri(Op::Cmp, Size::S32, Gpr::Rax, -2))?;
        asm.emit_commented(&Inst::jcc(Cond::E, cold), "not a number")?;
        asm.emit(&Inst::ri(Op::Add, Size::S64, Gpr::Rbp, 8))?;
        asm.emit(&Inst::rr(Op::Xor, Size::S32, Gpr::Rbp, Gpr::Rcx))?;
        asm.emit(&Inst::rm(Op::Lea, Size::S64, Gpr::Rcx, Mem::rip(table)))?;
        asm.emit(&Inst::ri(
            Op::Mov,
            Size::S64,
            Gpr::Rdx,
            Imm::Address(Symbol::new("nil"), 8),
        ))?;
        asm.emit(&Inst::ri(
            Op::Mov,
            Size::S64,
            Gpr::Rdx,
            0xfff8_0000_0000_0000_u64 as i64,
        ))?;
        asm.emit(&Inst::mi(Op::Mov, Size::S32, Mem::base(Gpr::R15, -8), 5000))?;
        asm.emit(&Inst::m(Op::Jmp, Size::S64, dispatch))?;
        asm.bind(cold)?;
        asm.emit(&Inst::call(Symbol::new("rt_add")))?;
        asm.emit(&Inst::<Reg>::jmp(Target::Symbol(Symbol::new("throw"))))?;
        asm.align(8)?;
        asm.bind(table)?;
        asm.quad(Imm::Address(Symbol::new("handler_SUB"), 0))?;
        asm.data(*b"0123456789");
        Ok(())
    });
    check(
        Listing::new(&object).register(Gpr::Rbp, "pc").register(Gpr::R15, "vm"),
        "
; 12 instructions, 90 bytes
handler_ADD:
  00  0f b7 45 08                    movzx   eax, word [pc+8]
  04  83 f8 fe                       cmp     eax, -2
  07  74 31                          je      cold                     ; not a number
  09  48 83 c5 08                    add     pc, 8
  0d  31 cd                          xor     pc.32, ecx
  0f  48 8d 0d 32 00 00 00           lea     rcx, [L1]
  16  48 ba [nil+8]                  mov     rdx, nil+8
  20  48 ba 00 00 00 00 00 00 f8 ff  mov     rdx, 0xfff8000000000000
  2a  41 c7 47 f8 88 13 00 00        mov     dword [vm-8], 5000
  32  41 ff a4 c7 00 01 00 00        jmp     qword [vm+rax*8+256]
cold:
  3a  e8 [rt_add]                    call    rt_add
  3f  e9 [throw]                     jmp     throw
  44  0f 1f 40 00                    align
L1:
  48  [handler_SUB]                  data
  50  30 31 32 33 34 35 36 37        data
  58  38 39                          data
",
    );
}

#[test]
fn holes_of_every_kind_are_named() {
    let object = assemble(|asm| {
        asm.emit(&Inst::ri(Op::Shl, Size::S64, Gpr::Rcx, Hole::byte(1)))?;
        asm.emit(&Inst::ri(Op::Add, Size::S64, Gpr::Rcx, Hole::byte(2)))?;
        asm.emit(&Inst::ri(Op::Mov, Size::S64, Gpr::Rcx, Hole::qword(3)))?;
        asm.emit(&Inst::mi(
            Op::Mov,
            Size::S64,
            Mem::base(Gpr::Rbx, Hole::byte(4)),
            Hole::dword(5),
        ))?;
        asm.emit(&Inst::rm(Op::Mov, Size::S32, Gpr::Rcx, Mem::rip(Hole::dword(6))))?;
        asm.emit(&Inst::rm(
            Op::Mov,
            Size::S32,
            Gpr::Rcx,
            Mem::index(Gpr::Rax, Scale::X8, Hole::dword(7)),
        ))?;
        asm.emit(&Inst::<Reg>::jmp(Hole::byte(8)))?;
        asm.quad(Hole::qword(9))
    });
    check(
        Listing::new(&object),
        "
; 7 instructions, 49 bytes, 9 holes
  00  48 c1 e1 [hole1]          shl     rcx, hole1
  04  48 83 c1 [hole2]          add     rcx, hole2
  08  48 b9 [hole3]             mov     rcx, hole3
  12  48 c7 43 [hole4] [hole5]  mov     qword [rbx+hole4], hole5
  1a  8b 0d [hole6]             mov     ecx, [hole6]
  20  8b 0c c5 [hole7]          mov     ecx, [rax*8+hole7]
  27  eb [hole8]                jmp     hole8
  29  [hole9]                   data
",
    );
}
