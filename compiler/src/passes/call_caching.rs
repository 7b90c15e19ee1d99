//! A bytecode that calls remembers whom it has called.
//!
//! A call goes to whatever its callee's code object says: three loads, each waiting for the one before, until the first
//! instruction of the callee is known. Most calls always call the same function. An instruction with a call whose
//! arguments are in place, so many as the instruction says, gets forms, as one with a `cache` does ([`super::inline_caching`]):
//!
//! * the *linking* form asks the runtime to remember the callee. It refuses what needs more than a frame and a jump:
//!   functions that are not made of instructions, that take surplus arguments, or that are given too few.
//! * `same_closure`: the callee is this very object, which also proves that it is callable. Where its first instruction
//!   is stands in the instruction.
//! * `same_code`: another closure of the same function; its code object is compared.
//! * `uncached`: the call as it was, for all others, and when the stack has to grow.
//!
//! ```text
//! v1: val = slot_load v0[0]                  →   v1: val = slot_load v0[0]
//! v2: bool = is v1 [function]                    v2: val[function] = cache_load case 0 0
//! branch v2 b1, b2                               v3: bool = same_bits v1, v2
//! b1: ..                                         branch v3 .., miss                        miss: tail_jump CALL
//!   call v4 in_place args next fn ..               v5: i32 = cache_load case 0 2
//!                                                  v6: bool = frame_fits args v5
//!                                                  branch v6 .., full                      full: tail_jump CALL.uncached
//!                                                  v7: ptr = cache_load case 0 1
//!                                                  call v4 in_place args first v7 next fn ..
//! ```
//!
//! Runs behind `split`: the forms share their cold parts and continuations. Switched off, nothing is remembered.

use super::PassError;
use super::inline_caching::effect_before;
use crate::abi::KIND_CODE;
use crate::ir::builder::append;
use crate::ir::cfg::Cfg;
use crate::ir::facts::root;
use crate::ir::spec::{CacheForm, CacheShape, CacheWord, FieldId, FieldType, OperandKind, RecordKind};
use crate::ir::{
    BlockCall, BlockId, CallArgs, ContinuationTarget, Function, FunctionId, FunctionKind, Id, InstId, IntCond, Likely,
    Op, OperandId, Program, RecordId, Role, SpecTables, Terminator, Type, TypeSet, ValueDef, ValueId,
};

/// The cases of the cache of a call, and their words. The runtime writes them.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Case {
    /// The callee as a value, its first instruction, bytes of its frame.
    SameClosure,
    /// The code object, its first instruction, bytes of its frame.
    SameCode,
}

const FIRST: u32 = 1;
const FRAME: u32 = 2;

impl Case {
    fn word(self, index: u32) -> Op {
        let case = self as u32;
        Op::CacheLoad(CacheWord::Payload { case, index })
    }
}

/// Makes the forms of every variant that calls.
pub fn run(program: &mut Program, enabled: bool) -> Result<(), PassError> {
    let spec = program.spec.clone();
    let Some(callee) = Callee::of(&spec).filter(|_| enabled) else {
        return Ok(());
    };
    let ids: Vec<FunctionId> = program.functions.ids().collect();
    for id in ids {
        let Some(site) = Site::find(&spec, &program.functions[id]) else {
            continue;
        };
        let shape = callee.shape();
        let is_part = |function: &Function| match function.role {
            Role::Entry => false,
            Role::Cold { of } | Role::Continuation { of } | Role::Catch { of } => of == id,
        };
        for (part, function) in program.functions.iter_mut() {
            if (part == id || is_part(function))
                && let Some(variant) = &mut function.variant
            {
                variant.cache = Some(shape.clone());
            }
        }
        let plain = program.functions[id].clone();
        let uncached = program.functions.push(named(&plain, ".uncached", CacheForm::Plain));
        program.functions[id] = site.linking(&spec, &plain);
        let forms = [
            site.same_closure(&spec, &plain, id, uncached),
            site.same_code(&spec, &plain, &callee, id, uncached),
        ];
        for form in forms {
            program.functions.push(form);
        }
    }
    Ok(())
}

/// The callee object of the language.
struct Callee {
    record: RecordId,
    /// Its field with the code object.
    code: FieldId,
    code_record: RecordId,
    /// What its values are.
    values: TypeSet,
}

impl Callee {
    fn of(spec: &SpecTables) -> Option<Self> {
        let record = spec.callee?;
        let values = TypeSet::leaf(spec.leaf_of_record(record)?);
        let is_code = |record| spec.records[record].kind == RecordKind::Object { number: KIND_CODE };
        let mut fields = spec.records[record].fields.iter().enumerate();
        let (code, code_record) = fields.find_map(|(index, field)| match field.ty {
            FieldType::Ref {
                record,
                nullable: false,
            } if is_code(record) => Some((FieldId(index as u32), record)),
            _ => None,
        })?;
        Some(Self {
            record,
            code,
            code_record,
            values,
        })
    }

    fn shape(&self) -> CacheShape {
        let words = |remembered| vec![remembered, Type::Ptr, Type::I32];
        CacheShape {
            key: vec![],
            cases: vec![
                ("same_closure".into(), words(Type::Val(self.values))),
                ("same_code".into(), words(Type::Ref(self.code_record))),
            ],
            until: None,
            ways: 1,
            is_call: true,
        }
    }
}

/// The call of a function.
struct Site {
    block: BlockId,
    args: OperandId,
    callee: ValueId,
    /// The boxed callee and where it is read.
    boxed: ValueId,
    boxed_at: (BlockId, InstId),
}

impl Site {
    /// The call of `function`, if it is one that can be remembered.
    fn find(spec: &SpecTables, function: &Function) -> Option<Self> {
        let is_bytecode = matches!(function.kind, FunctionKind::Bytecode(_)) && function.role == Role::Entry;
        if !is_bytecode || function.variant.as_ref()?.cache.is_some() {
            return None;
        }
        let cfg = Cfg::new(function);
        let mut calls = cfg
            .order()
            .iter()
            .filter_map(|block| match &function.blocks[*block].terminator {
                Terminator::Call {
                    callee,
                    args: CallArgs::InPlace(args),
                    next,
                    catch: None,
                    ..
                } if next.saved.is_empty() && matches!(next.target, ContinuationTarget::Function(_)) => {
                    (!function.blocks[*block].cold).then_some((*block, *callee, *args))
                }
                _ => None,
            });
        let (Some((block, callee, args)), None) = (calls.next(), calls.next()) else {
            return None;
        };
        // How many arguments an open run has differs from call to call.
        let kind = function.variant.as_ref()?.operands[args.index()];
        let is_counted = matches!(kind, OperandKind::Slots | OperandKind::SlotsFixed(_));
        if !is_counted || effect_before(spec, function, &cfg, block).is_some() {
            return None;
        }
        let Some(Op::Unbox(boxed)) = function.def(callee) else {
            return None;
        };
        let boxed = root(function, *boxed);
        let ValueDef::Result(inst, _) = function.values[boxed].def else {
            return None;
        };
        let at = cfg
            .order()
            .iter()
            .find(|block| function.blocks[**block].insts.contains(&inst))?;
        Some(Self {
            block,
            args,
            callee,
            boxed,
            boxed_at: (*at, inst),
        })
    }

    /// Asks whether the callee is remembered now, before it is called.
    fn linking(&self, spec: &SpecTables, plain: &Function) -> Function {
        let mut function = named(plain, "", CacheForm::Linking);
        let line = function.blocks[self.block].line;
        let (again, call) = (function.add_block(), function.add_block());
        for block in [again, call] {
            function.blocks[block].line = line;
            function.blocks[block].cold = true;
        }
        function.blocks[call].terminator = function.blocks[self.block].terminator.clone();
        function.blocks[again].terminator = Terminator::Again;
        let link = Op::CallLink {
            callee: self.callee,
            args: self.args,
        };
        let linked = append(spec, &mut function, self.block, link, line);
        branch(&mut function, self.block, linked, again, call);
        function
    }

    fn same_closure(&self, spec: &SpecTables, plain: &Function, linking: FunctionId, uncached: FunctionId) -> Function {
        let mut function = named(plain, ".same_closure", CacheForm::Case(Case::SameClosure as u32));
        self.enter(spec, &mut function, Case::SameClosure, uncached);
        // The comparison stands where the callee has just been read: that it is callable follows.
        let (block, inst) = self.boxed_at;
        let line = function.insts[inst].line;
        let insts = &mut function.blocks[block].insts;
        let behind = insts.iter().position(|other| *other == inst).map_or(0, |at| at + 1);
        let rest = insts.split_off(behind);
        let same = function.add_block();
        function.blocks[same].insts = rest;
        function.blocks[same].cold = function.blocks[block].cold;
        function.blocks[same].line = function.blocks[block].line;
        function.blocks[same].terminator = function.blocks[block].terminator.clone();
        let known = append(spec, &mut function, block, Case::SameClosure.word(0), line);
        let known = function.insts[known].results[0];
        let compared = append(spec, &mut function, block, Op::SameBits(self.boxed, known), line);
        let miss = leave(&mut function, linking, line);
        branch(&mut function, block, compared, same, miss);
        function
    }

    fn same_code(
        &self,
        spec: &SpecTables,
        plain: &Function,
        callee: &Callee,
        linking: FunctionId,
        uncached: FunctionId,
    ) -> Function {
        let mut function = named(plain, ".same_code", CacheForm::Case(Case::SameCode as u32));
        let line = function.blocks[self.block].line;
        let fits = self.enter(spec, &mut function, Case::SameCode, uncached);
        let load = Op::Load {
            record: callee.record,
            field: callee.code,
            base: self.callee,
        };
        let code = append(spec, &mut function, self.block, load, line);
        let known = append(spec, &mut function, self.block, Case::SameCode.word(0), line);
        let [code, known] = [code, known].map(|inst| function.insts[inst].results[0]);
        let compare = Op::IntCompare(IntCond::Eq, code, known);
        let compared = append(spec, &mut function, self.block, compare, line);
        let miss = leave(&mut function, linking, line);
        branch(&mut function, self.block, compared, fits, miss);
        function
    }

    /// Replaces the call by one that goes to the first instruction, if the frame fits. Answers the block with the test,
    /// in which the block of the call now ends.
    fn enter(&self, spec: &SpecTables, function: &mut Function, case: Case, uncached: FunctionId) -> BlockId {
        let line = function.blocks[self.block].line;
        let (test, call) = (function.add_block(), function.add_block());
        function.blocks[test].line = line;
        function.blocks[call].line = line;
        let mut terminator = function.blocks[self.block].terminator.clone();
        let first_inst = append(spec, function, call, case.word(FIRST), line);
        if let Terminator::Call { first, .. } = &mut terminator {
            *first = Some(function.insts[first_inst].results[0]);
        }
        function.blocks[call].terminator = terminator;
        let bytes = append(spec, function, test, case.word(FRAME), line);
        let bytes = function.insts[bytes].results[0];
        let fits = Op::FrameFits { args: self.args, bytes };
        let fits = append(spec, function, test, fits, line);
        let full = leave(function, uncached, line);
        branch(function, test, fits, call, full);
        function.blocks[self.block].terminator = Terminator::Jump(BlockCall::to(test));
        test
    }
}

/// `plain` as another form.
fn named(plain: &Function, suffix: &str, form: CacheForm) -> Function {
    let mut function = plain.clone();
    function.name.push_str(suffix);
    function.form = form;
    function
}

/// A cold block that goes on in another form.
fn leave(function: &mut Function, to: FunctionId, line: u32) -> BlockId {
    let block = function.add_block();
    function.blocks[block].cold = true;
    function.blocks[block].line = line;
    function.blocks[block].terminator = Terminator::TailJump {
        function: to,
        args: vec![],
    };
    block
}

fn branch(function: &mut Function, block: BlockId, condition: InstId, then: BlockId, otherwise: BlockId) {
    function.blocks[block].terminator = Terminator::Branch {
        cond: function.insts[condition].results[0],
        then: BlockCall::to(then),
        otherwise: BlockCall::to(otherwise),
        likely: Likely::Then,
    };
}
