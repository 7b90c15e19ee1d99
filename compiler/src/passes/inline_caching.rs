//! A form of each bytecode with a `cache` per case of its answer.
//!
//! `cache` says what may be remembered; this pass makes the instruction remember it. A variant becomes several forms,
//! which the instruction is rewritten to in place, as their opcodes:
//!
//! * the *linking* form, which the builder writes: computes the answer, stores key and answer into the instruction, and
//!   asks the runtime to make it the form of that case. If that is done, the instruction is executed again, so nothing
//!   with an effect may stand before a cache.
//! * a form for each *case* of a plan (one, if the answer is no plan): compares the key, and goes on with what is
//!   remembered. The case is a constant in it, so the passes that follow specialise it on the case; the words that come
//!   with it are read from the instruction. When the key is another one, the linking form takes over.
//! * the *uncached* form, for a site whose key keeps changing. It takes the plan's `else` case if there is one.
//!
//! ```text
//! cache (v9) ways 1 b3 done b4       →   GETFIELD          b3: ..; cache_store key 0 = v9; cache_link 0; again
//!                                        GETFIELD.Inline   v10 = cache_load key 0; v11 = icmp eq v9, v10
//!                                                          branch v11 .., miss    miss: tail_jump GETFIELD
//!                                        GETFIELD.Absent   ..
//!                                        GETFIELD.uncached jump b3
//! ```
//!
//! Switched off, nothing is remembered.

use super::PassError;
use crate::ir::builder::append;
use crate::ir::cfg::Cfg;
use crate::ir::spec::{CacheForm, CacheShape, CacheWord, ExternResult, RecordKind};
use crate::ir::{
    BlockCall, BlockId, Function, FunctionId, FunctionKind, IntCond, Likely, Op, PlanId, Program, SpecTables,
    Terminator, Type, ValueId,
};

/// Makes the forms of every variant with a cache.
///
/// # Errors
/// A cache that no instruction can remember.
pub fn run(program: &mut Program, enabled: bool) -> Result<(), PassError> {
    if !enabled {
        return Ok(());
    }
    let spec = program.spec.clone();
    let ids: Vec<FunctionId> = program.functions.ids().collect();
    for id in ids {
        let function = program.functions[id].clone();
        let Some(site) = Site::find(&spec, &function)? else {
            continue;
        };
        program.functions[id] = site.linking(&spec, &function);
        for case in 0..site.shape.cases.len() as u32 {
            program.functions.push(site.case(&spec, &function, case, id));
        }
        program.functions.push(site.uncached(&spec, &function));
    }
    Ok(())
}

/// The cache of a function.
struct Site {
    /// The block that it ends.
    block: BlockId,
    key: Vec<ValueId>,
    body: BlockCall,
    done: BlockId,
    /// What its body consists of.
    body_blocks: Vec<BlockId>,
    /// The plan that is answered: the first argument of `done` is its case.
    plan: Option<PlanId>,
    shape: CacheShape,
}

/// What a block with a cache ends with.
struct Remembering {
    block: BlockId,
    key: Vec<ValueId>,
    ways: u32,
    body: BlockCall,
    done: BlockId,
}

impl Site {
    fn find(spec: &SpecTables, function: &Function) -> Result<Option<Self>, PassError> {
        let cfg = Cfg::new(function);
        let mut sites = cfg
            .order()
            .iter()
            .filter_map(|block| match &function.blocks[*block].terminator {
                Terminator::Cache { key, ways, body, done } => Some(Remembering {
                    block: *block,
                    key: key.clone(),
                    ways: *ways,
                    body: body.clone(),
                    done: *done,
                }),
                _ => None,
            });
        let Some(Remembering {
            block,
            key,
            ways,
            body,
            done,
        }) = sites.next()
        else {
            return Ok(None);
        };
        let refuse = |at: BlockId, message: &str| {
            Err(PassError {
                function: function.name.clone(),
                line: function.blocks[at].line,
                message: message.into(),
            })
        };
        if let Some(second) = sites.next() {
            return refuse(
                second.block,
                "a bytecode can remember the answer of one `cache`: this is the second on its way",
            );
        }
        if matches!(function.kind, FunctionKind::Native(_)) {
            return refuse(
                block,
                "a native function has no instruction that could remember: use `cache` in bytecodes",
            );
        }
        if let Some(at) = effect_before(spec, function, &cfg, block) {
            return refuse(
                at,
                "this has an effect and stands before a `cache`: the bytecode starts again after a miss",
            );
        }
        if key.iter().any(|key| function.ty(*key) == Type::F64) {
            return refuse(block, "a double cannot be a key: compare it before the `cache`");
        }
        let is_part = |ty: Type| matches!(ty, Type::Ref(record) if spec.records[record].kind == RecordKind::Struct);
        let remembered = key.iter().chain(&function.blocks[done].params);
        if remembered.into_iter().any(|value| is_part(function.ty(*value))) {
            return refuse(
                block,
                "a reference to a struct cannot be remembered: remember its object and index",
            );
        }
        let body_blocks: Vec<BlockId> = cfg
            .order()
            .iter()
            .copied()
            .filter(|inner| cfg.dominates(body.block, *inner) && !cfg.dominates(done, *inner))
            .collect();
        let plan = answered_plan(spec, function, &body_blocks, done);
        let Some(until) = event(spec, function, &body_blocks) else {
            return refuse(
                block,
                "what is remembered here holds until two different events: one is possible",
            );
        };
        let params = function.blocks[done].params.iter().map(|param| function.ty(*param));
        let cases = match plan {
            Some(plan) => {
                let cases = spec.plans[plan].cases.iter();
                let types = |case: &crate::ir::spec::PlanCase| case.payload.iter().flat_map(|ty| ty.values()).collect();
                cases.map(|case| (case.name.clone(), types(case))).collect()
            }
            None => vec![("cached".into(), params.collect())],
        };
        let shape = CacheShape {
            key: key.iter().map(|key| function.ty(*key)).collect(),
            cases,
            until,
            ways,
            is_call: false,
        };
        Ok(Some(Self {
            block,
            key,
            body,
            done,
            body_blocks,
            plan,
            shape,
        }))
    }

    /// `function` as one of its forms.
    fn form(&self, function: &Function, suffix: &str, form: CacheForm) -> Function {
        let mut function = function.clone();
        function.name.push_str(suffix);
        function.form = form;
        if let Some(variant) = &mut function.variant {
            variant.cache = Some(self.shape.clone());
        }
        function
    }

    /// Asks each time, or takes the case that is always right.
    fn uncached(&self, spec: &SpecTables, function: &Function) -> Function {
        let mut function = self.form(function, ".uncached", CacheForm::Plain);
        if let Some(case) = self.plan.and_then(|plan| spec.plans[plan].fallback) {
            self.enter(spec, &mut function, self.block, case);
            return function;
        }
        for block in &self.body_blocks {
            function.blocks[*block].cold = function.blocks[self.block].cold;
        }
        function.blocks[self.block].terminator = Terminator::Jump(self.body.clone());
        function
    }

    /// The body, and behind it: store, link, and start again.
    fn linking(&self, spec: &SpecTables, function: &Function) -> Function {
        let mut function = self.form(function, "", CacheForm::Linking);
        let line = function.blocks[self.block].line;
        function.blocks[self.block].terminator = Terminator::Jump(self.body.clone());
        let store = self.cold_block(&mut function);
        let types: Vec<Type> = function.blocks[self.done]
            .params
            .iter()
            .map(|param| function.ty(*param))
            .collect();
        let answer: Vec<ValueId> = types.into_iter().map(|ty| function.add_param(store, ty)).collect();
        for block in &self.body_blocks {
            for edge in function.blocks[*block].terminator.block_calls_mut() {
                if edge.block == self.done {
                    edge.block = store;
                }
            }
        }
        for (index, key) in self.key.iter().enumerate() {
            let word = CacheWord::Key(index as u32);
            append(spec, &mut function, store, Op::CacheStore { word, value: *key }, line);
        }
        let cases: Vec<BlockId> = (0..self.shape.cases.len() as u32)
            .map(|case| self.link(spec, &mut function, case, &answer))
            .collect();
        function.blocks[store].terminator = match self.plan {
            Some(_) => Terminator::Switch {
                index: answer[0],
                cases: cases.into_iter().map(BlockCall::to).collect(),
            },
            None => Terminator::Jump(BlockCall::to(cases[0])),
        };
        function
    }

    /// A block that stores what comes with a case and links it.
    fn link(&self, spec: &SpecTables, function: &mut Function, case: u32, answer: &[ValueId]) -> BlockId {
        let line = function.blocks[self.block].line;
        let (link, again) = (self.cold_block(function), self.cold_block(function));
        for (word, value) in self.words().zip(&answer[self.fixed()..]) {
            if matches!(word, CacheWord::Payload { case: of, .. } if of == case) {
                append(spec, function, link, Op::CacheStore { word, value: *value }, line);
            }
        }
        let linked = append(spec, function, link, Op::CacheLink { case }, line);
        function.blocks[again].terminator = Terminator::Again;
        function.blocks[link].terminator = Terminator::Branch {
            cond: function.insts[linked].results[0],
            then: BlockCall::to(again),
            otherwise: BlockCall {
                block: self.done,
                args: answer.to_vec(),
            },
            likely: Likely::Then,
        };
        link
    }

    /// Compares the key, and goes on with what is remembered of a case.
    fn case(&self, spec: &SpecTables, function: &Function, case: u32, linking: FunctionId) -> Function {
        let suffix = format!(".{}", self.shape.cases[case as usize].0);
        let mut function = self.form(function, &suffix, CacheForm::Case(case));
        let line = function.blocks[self.block].line;
        let cold = function.blocks[self.block].cold;
        let miss = self.cold_block(&mut function);
        function.blocks[miss].terminator = Terminator::TailJump {
            function: linking,
            args: vec![],
        };
        let mut block = self.block;
        for (index, key) in self.key.iter().enumerate() {
            let known = append(
                spec,
                &mut function,
                block,
                Op::CacheLoad(CacheWord::Key(index as u32)),
                line,
            );
            let known = function.insts[known].results[0];
            let compare = match function.ty(*key) {
                Type::Val(_) => Op::SameBits(*key, known),
                _ => Op::IntCompare(IntCond::Eq, *key, known),
            };
            let same = append(spec, &mut function, block, compare, line);
            let next = function.add_block();
            function.blocks[next].cold = cold;
            function.blocks[next].line = line;
            function.blocks[block].terminator = Terminator::Branch {
                cond: function.insts[same].results[0],
                then: BlockCall::to(next),
                otherwise: BlockCall::to(miss),
                likely: Likely::Then,
            };
            block = next;
        }
        self.enter(spec, &mut function, block, case);
        function
    }

    /// Goes on behind the cache, from the end of `block`, with what is remembered of a case.
    fn enter(&self, spec: &SpecTables, function: &mut Function, block: BlockId, case: u32) {
        let line = function.blocks[self.block].line;
        let mut args = Vec::new();
        if self.plan.is_some() {
            let number = append(spec, function, block, Op::ConstI32(case as i32), line);
            args.push(function.insts[number].results[0]);
        }
        // Words of other cases are read too: nothing uses them.
        for word in self.words() {
            let load = append(spec, function, block, Op::CacheLoad(word), line);
            args.push(function.insts[load].results[0]);
        }
        function.blocks[block].terminator = Terminator::Jump(BlockCall { block: self.done, args });
    }

    /// All words of all cases, in the order of the arguments of `done`.
    fn words(&self) -> impl Iterator<Item = CacheWord> {
        let cases = self.shape.cases.iter().enumerate();
        cases.flat_map(|(case, (_, words))| {
            (0..words.len() as u32).map(move |index| CacheWord::Payload {
                case: case as u32,
                index,
            })
        })
    }

    /// How many arguments of `done` are no words.
    fn fixed(&self) -> usize {
        usize::from(self.plan.is_some())
    }

    fn cold_block(&self, function: &mut Function) -> BlockId {
        let block = function.add_block();
        function.blocks[block].cold = true;
        function.blocks[block].line = function.blocks[self.block].line;
        block
    }
}

/// A block on the way to `block` with something that must not be done twice.
pub(super) fn effect_before(spec: &SpecTables, function: &Function, cfg: &Cfg, block: BlockId) -> Option<BlockId> {
    let mut before = vec![block];
    let mut seen = before.clone();
    while let Some(block) = before.pop() {
        let has_effect = function.blocks[block]
            .insts
            .iter()
            .any(|inst| match &function.insts[*inst].op {
                Op::CallExtern { callee, .. } => !spec.externs[*callee].effects.is_removable(),
                op => op.has_effect(),
            });
        if has_effect {
            return Some(block);
        }
        for predecessor in cfg.predecessors(block) {
            if !function.blocks[*predecessor].terminator.continuations().is_empty() {
                return Some(*predecessor);
            }
            if !seen.contains(predecessor) {
                seen.push(*predecessor);
                before.push(*predecessor);
            }
        }
    }
    None
}

/// The plan whose case and words are what `done` is entered with.
fn answered_plan(spec: &SpecTables, function: &Function, body: &[BlockId], done: BlockId) -> Option<PlanId> {
    let mut answers = body
        .iter()
        .filter_map(|block| match &function.blocks[*block].terminator {
            Terminator::Jump(to) if to.block == done => Some(&to.args),
            _ => None,
        });
    let (answer, None) = (answers.next()?, answers.next()) else {
        return None;
    };
    match function.def(*answer.first()?)? {
        Op::CallExtern { callee, .. } => match spec.externs[*callee].result {
            ExternResult::Plan(plan) => Some(plan),
            _ => None,
        },
        _ => None,
    }
}

/// The event until which what is remembered holds; `None` when there are several.
fn event(spec: &SpecTables, function: &Function, body: &[BlockId]) -> Option<Option<String>> {
    let mut found: Option<String> = None;
    for inst in body.iter().flat_map(|block| &function.blocks[*block].insts) {
        let Op::CallExtern { callee, .. } = &function.insts[*inst].op else {
            continue;
        };
        match (&found, &spec.externs[*callee].effects.until) {
            (_, None) => {}
            (Some(known), Some(event)) if known != event => return None,
            (_, Some(event)) => found = Some(event.clone()),
        }
    }
    Some(found)
}
