//! What a running function calls the things in its slots, found out by reading its bytecode.

use std::cell::Cell;

use dg_runtime::{Code, Frame, OpcodeInfo, OperandKind, RawValue, Ref, Vm};

use super::closure;
use crate::generated::{OPCODES, ValueKind};

/// A variable or field, as error messages show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `local`, `global`, `field`, `method` or `upvalue`.
    pub kind: &'static str,
    /// Its name.
    pub name: Vec<u8>,
}

/// What the operand `operand` of the instruction that `frame` runs is called; `offset` counts slots in a run.
pub fn of_operand(vm: &Vm, frame: Frame<'_>, operand: &str, offset: u32) -> Option<Name> {
    let code = frame.code();
    let at = frame.offset().filter(|_| !code.bytecode().is_empty())?;
    let slot = Inst::at(code, at)?.slot(operand)?;
    of_slot(vm, code, at, slot + offset)
}

/// What the function that `frame` has called is called there.
pub fn of_callee(vm: &Vm, frame: Frame<'_>) -> Option<Name> {
    let at = frame.offset().filter(|_| !frame.code().bytecode().is_empty())?;
    match Inst::at(frame.code(), at)?.kind {
        "CALL" | "TAILCALL" => of_operand(vm, frame, "f", 0),
        "FORCALL" => of_operand(vm, frame, "iterator", 0),
        _ => None,
    }
}

/// Whether the function of a frame has taken the place of another one, which its caller has called, by a tail call. Of
/// what the caller has called only the variable is left that it was in: that it has been assigned to meanwhile is ruled
/// out where a variable is captured, and a function that calls itself by a tail call is not noticed.
pub fn is_replaced(vm: &Vm, frame: Frame<'_>, caller: Frame<'_>) -> bool {
    let slot = || {
        let at = caller.offset().filter(|_| !caller.code().bytecode().is_empty())?;
        let inst = Inst::at(caller.code(), at)?;
        match inst.kind {
            "CALL" | "TAILCALL" => inst.slot("f"),
            "FORCALL" => inst.slot("iterator"),
            _ => None,
        }
    };
    slot().is_some_and(|slot| {
        let called = caller.slot(slot);
        let is_other = called.as_function(vm).is_some() && called != frame.function();
        is_other && !closure::is_captured(vm, caller, slot)
    })
}

/// What `slot` is called before the instruction at `at`.
fn of_slot(vm: &Vm, code: Ref<'_, Code>, at: u32, slot: u32) -> Option<Name> {
    let info = code.info();
    if let Some(local) = info.locals_at(at).rfind(|local| local.slot == slot) {
        return Some(Name {
            kind: "local",
            name: local.name.clone().into_bytes(),
        });
    }
    let setter = find_setter(code, at, slot)?;
    let named = |kind, operand| {
        Some(Name {
            kind,
            name: setter.string(vm, operand)?,
        })
    };
    match setter.kind {
        "GETGLOBAL" => named("global", "name"),
        "GETFIELD" => named("field", "name"),
        "GETINDEX" | "GETELEM" => Some(Name {
            kind: "field",
            name: b"?".to_vec(),
        }),
        "SELF" if setter.slot("result") == Some(slot) => named("method", "name"),
        "GETUPVAL" => {
            let name = info.captured.get(setter.field("i")? as usize)?;
            Some(Name {
                kind: "upvalue",
                name: name.clone().into_bytes(),
            })
        }
        "MOVE" => {
            let source = setter.slot("x").filter(|&source| source < slot)?;
            of_slot(vm, code, setter.at, source)
        }
        _ => None,
    }
}

/// The instruction that set `slot` before `end`, on the straight way there; `None` if it depends on a condition.
fn find_setter(code: Ref<'_, Code>, end: u32, slot: u32) -> Option<Inst<'_>> {
    let (mut at, mut setter, mut skips) = (0, None, Vec::new());
    while at < end {
        let inst = Inst::at(code, at)?;
        if inst.writes(slot) {
            setter = Some(inst);
        }
        let next = at + inst.info.length;
        let target = inst.field("to").map(|by| at.wrapping_add(by as u32));
        match target.filter(|target| (next..=end).contains(target)) {
            Some(target) if inst.kind == "JUMP" => at = target,
            target => {
                skips.extend(target.map(|target| at..target));
                at = next;
            }
        }
    }
    setter.filter(|setter: &Inst<'_>| !skips.iter().any(|skip| skip.contains(&setter.at)))
}

/// The name of the bytecode of the instruction at `at`.
pub fn instruction_name(code: Ref<'_, Code>, at: u32) -> Option<&'static str> {
    Inst::at(code, at).map(|inst| inst.kind)
}

/// Where the body of a function begins: behind the instruction that makes the table of arguments, if there is one.
pub fn body_start(code: Ref<'_, Code>) -> u32 {
    let first = Inst::at(code, 0).filter(|first| first.kind == "ARGTABLE");
    first.map_or(0, |first| first.info.length)
}

/// Whether the instruction there may remember something, after which it starts again.
pub fn remembers(code: Ref<'_, Code>, at: u32) -> bool {
    Inst::at(code, at).is_some_and(|inst| inst.info.cache.is_some())
}

/// An instruction in a code object.
#[derive(Clone, Copy)]
struct Inst<'c> {
    bytecode: &'c [Cell<u64>],
    at: u32,
    /// The name of its bytecode.
    kind: &'static str,
    info: &'static OpcodeInfo,
}

impl<'c> Inst<'c> {
    fn at(code: Ref<'c, Code>, at: u32) -> Option<Inst<'c>> {
        let bytecode = code.bytecode();
        let opcode = bytecode.get(at as usize / 8)?.get() as u16;
        let info = OPCODES.get(usize::from(opcode))?;
        let kind = info.name.split('.').next().unwrap_or(info.name);
        Some(Inst {
            bytecode,
            at,
            kind,
            info,
        })
    }

    /// The bits of the operand with this name.
    fn field(&self, name: &str) -> Option<u64> {
        let operand = self.info.operands.iter().find(|operand| operand.name == name)?;
        Some(self.read(operand.offset, operand.kind))
    }

    fn read(&self, offset: u32, kind: OperandKind) -> u64 {
        let at = (self.at + offset) as usize;
        let word = self.bytecode[at / 8].get() >> (at % 8 * 8);
        match kind {
            OperandKind::Slot | OperandKind::Result | OperandKind::Count | OperandKind::U16 => word & 0xFFFF,
            OperandKind::U32 | OperandKind::I32 | OperandKind::Label | OperandKind::Code | OperandKind::Reference => {
                word & 0xFFFF_FFFF
            }
            OperandKind::Constant => word,
        }
    }

    /// The slot that the operand with this name is, if it is one.
    fn slot(&self, name: &str) -> Option<u32> {
        let is_slot = |kind| matches!(kind, OperandKind::Slot | OperandKind::Result);
        let operand = self
            .info
            .operands
            .iter()
            .find(|operand| operand.name == name && is_slot(operand.kind))?;
        Some(self.read(operand.offset, operand.kind) as u32)
    }

    /// The string constant that the operand with this name is, if it is one.
    fn string(&self, vm: &Vm, name: &str) -> Option<Vec<u8>> {
        // SAFETY: a constant of an instruction is kept alive by its code.
        let constant = unsafe { RawValue(self.field(name)?).get(vm) };
        Some(constant.as_string(vm)?.as_bytes().to_vec())
    }

    /// Whether running the instruction changes `slot`.
    fn writes(&self, slot: u32) -> bool {
        let results = self
            .info
            .operands
            .iter()
            .filter(|operand| operand.kind == OperandKind::Result);
        let mut starts = results.map(|operand| (operand.name, self.read(operand.offset, operand.kind) as u32));
        starts.any(|(name, start)| {
            let count = match self.kind {
                // What is above the results of a call has been used by the callee.
                "CALL" | "FORCALL" | "VARARG" => u32::MAX,
                _ if name == "result" => self.field("results").map_or(1, |count| count as u32),
                _ => 1,
            };
            (start..start.saturating_add(count)).contains(&slot)
        })
    }
}
