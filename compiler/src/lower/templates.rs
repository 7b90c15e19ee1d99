//! Templates of compiled code: what each opcode is copied from.
//!
//! A template is the expected path of a variant: its entry, and the continuations of the calls on it. What is off that
//! path is code that all compiled functions share; the template jumps there with the program counter set. All parts of
//! a template are laid out one behind the other, hot and cold blocks apart, and the last hot one runs into the template
//! of the next instruction.

use dg_backend_x64::emit::{Compiled, compile};
use dg_backend_x64::machine::Config;

use super::cached::{self, Read};
use super::frame::Form;
use super::holes::{Hole, NEXT};
use super::{LowerError, LowerOptions, is_handler, part, stubs};
use crate::emit::{CodeSymbol, Exit, Section, Template, TemplatePart, TemplateVersion};
use crate::ir::spec::{CacheForm, OperandKind};
use crate::ir::{ContinuationTarget, Function, FunctionId, FunctionKind, Op, Program, Terminator};

/// All templates, and the code that compiled functions share.
#[derive(Default)]
pub(super) struct Compilation {
    /// By opcode.
    pub(super) opcodes: Vec<Template>,
    /// In the order of [`stubs::TEMPLATES`].
    pub(super) stubs: Vec<Template>,
    /// What they share.
    pub(super) shared: Vec<CodeSymbol>,
}

/// Can functions be compiled? Not without pinned registers, nor where nothing can be called.
pub(super) fn can_compile(program: &Program, options: &LowerOptions) -> bool {
    options.register_pinning && stubs::callee_code(&program.spec).is_some()
}

/// Lowers everything that compiled code consists of.
///
/// # Errors
/// See [`LowerError`].
pub(super) fn all(program: &Program, options: &LowerOptions, config: &Config) -> Result<Compilation, LowerError> {
    let mut all = Compilation::default();
    if !can_compile(program, options) {
        return Ok(all);
    }
    let copied = Config {
        entry_alignment: 1,
        cached_values: true,
        ..*config
    };
    for (id, function) in program.functions.iter() {
        if !matches!(function.kind, FunctionKind::Bytecode(_)) {
            continue;
        }
        let shared = part::lower(program, function, options, Form::Shared)?;
        all.shared.extend(symbols(compile(&shared, config)?, &shared.name));
        if is_handler(function) {
            let opcode = all.opcodes.len() as u32;
            let id = without_last(program, without_call_cache(program, id));
            all.opcodes.push(template(program, id, options, &copied, opcode)?);
        }
    }
    for (function, holes) in stubs::templates(&program.spec, options) {
        let part = link(&function, holes, &copied, true)?;
        all.stubs.push(Template {
            name: function.name,
            length: 0,
            label: None,
            reads: vec![],
            checked: 0,
            versions: vec![TemplateVersion {
                parts: vec![part],
                next: Some(Exit::default()),
                target: None,
            }],
        });
    }
    Ok(all)
}

/// The hot and the cold half of compiled code as symbols of an image.
pub(super) fn symbols(compiled: Compiled, name: &str) -> impl Iterator<Item = CodeSymbol> {
    let cold_name = match compiled.hot {
        Some(_) => format!("{name}.cold"),
        None => name.to_owned(),
    };
    let parts = [
        (compiled.hot, Section::Hot, name.to_owned()),
        (compiled.cold, Section::Cold, cold_name),
    ];
    parts
        .into_iter()
        .filter_map(|(object, section, name)| object.map(|object| CodeSymbol { name, section, object }))
}

fn template(
    program: &Program,
    id: FunctionId,
    options: &LowerOptions,
    config: &Config,
    opcode: u32,
) -> Result<Template, LowerError> {
    let reads = cached::reads(&program.spec, &program.functions[id], options.value_registers);
    let checked: Vec<usize> = (0..reads.len()).filter(|index| reads[*index].is_checked).collect();
    let mut versions = Vec::new();
    for set in 0..1_u8 << checked.len() {
        let known = checked.iter().enumerate().filter(|(bit, _)| set >> bit & 1 != 0);
        let known = known.fold(0, |known, (_, index)| known | 1 << index);
        versions.push(version(program, id, options, config, opcode, (&reads, known))?);
    }
    let function = &program.functions[id];
    let (Some(variant), FunctionKind::Bytecode(_)) = (&function.variant, function.kind) else {
        unreachable!("a handler is of a variant")
    };
    let encoding = variant.encoding();
    let label = variant.operands.iter().position(|kind| *kind == OperandKind::Label);
    Ok(Template {
        name: function.name.clone(),
        length: encoding.length,
        label: label.map(|index| encoding.operands[index].offset),
        reads: reads.iter().map(|read| read.place).collect(),
        checked: checked.iter().fold(0, |bits, index| bits | 1 << index),
        versions,
    })
}

/// The version of a template for reads that are known to be doubles.
fn version(
    program: &Program,
    id: FunctionId,
    options: &LowerOptions,
    config: &Config,
    opcode: u32,
    (reads, known): (&[Read], u8),
) -> Result<TemplateVersion, LowerError> {
    let assumed = cached::assume(&program.spec, &program.functions[id], reads, known);
    let ids = inlined(program, id);
    let mut version = TemplateVersion {
        parts: vec![],
        next: Some(Exit::default()),
        target: Some(Exit::default()),
    };
    for (index, id) in ids.iter().enumerate() {
        let function = if index == 0 { &assumed } else { &program.functions[*id] };
        let lowered = part::template(program, function, options, &ids, opcode, (reads, known))?;
        if ids.len() == 1 {
            let keeps = cached::keeps_registers(function, &lowered.function, &lowered.holes);
            let [next, target] = lowered.exits.map(|exit| {
                exit.map(|exit| Exit {
                    keeps: exit.keeps && keeps,
                    ..exit
                })
            });
            version.next = next;
            version.target = target;
        }
        version
            .parts
            .push(link(&lowered.function, lowered.holes, config, index + 1 == ids.len())?);
    }
    Ok(version)
}

/// Of a variant for what the instruction before has computed, the one that reads a slot: for compiled code this is the
/// same. Not where the instruction itself may be run after all.
fn without_last(program: &Program, id: FunctionId) -> FunctionId {
    let function = &program.functions[id];
    let Some(mut variant) = function.variant.clone() else {
        return id;
    };
    for kind in variant.operands.iter_mut().filter(|kind| **kind == OperandKind::Last) {
        *kind = OperandKind::Slot;
    }
    let is_same = |other: &Function| {
        other.kind == function.kind
            && other.variant.as_ref() == Some(&variant)
            && is_handler(other)
            && other.form == CacheForm::Plain
    };
    match function.form {
        CacheForm::Plain => program.functions.find(is_same).unwrap_or(id),
        CacheForm::Linking | CacheForm::Case(_) => id,
    }
}

/// Of an instruction that remembers whom it calls, the form that does not: compiled code calls functions as their code
/// says, since this changes when they are compiled.
fn without_call_cache(program: &Program, id: FunctionId) -> FunctionId {
    let function = &program.functions[id];
    let is_form = |other: &Function| other.kind == function.kind && other.variant == function.variant;
    let links = |other: &Function| {
        let mut insts = other.insts.values();
        is_form(other) && insts.any(|inst| matches!(inst.op, Op::CallLink { .. }))
    };
    if !program.functions.values().any(links) {
        return id;
    }
    let is_plain = |other: &Function| is_form(other) && is_handler(other) && other.form == CacheForm::Plain;
    program.functions.find(is_plain).unwrap_or(id)
}

/// Compiles a part; the last one runs into what follows.
fn link(
    function: &dg_backend_x64::lir::Function,
    holes: Vec<Hole>,
    config: &Config,
    is_last: bool,
) -> Result<TemplatePart, LowerError> {
    let config = Config {
        next: is_last.then_some(NEXT),
        ..*config
    };
    let Compiled { hot, cold } = compile(function, &config)?;
    Ok(TemplatePart {
        name: function.name.clone(),
        hot: hot.expect("the entry of a template is hot"),
        cold,
        holes,
    })
}

/// An entry and the continuations on its expected path, in the order of their calls.
fn inlined(program: &Program, entry: FunctionId) -> Vec<FunctionId> {
    let mut ids = vec![entry];
    if program.functions[entry].form == CacheForm::Linking {
        return ids;
    }
    let mut next = 0;
    while let Some(id) = ids.get(next) {
        for continuation in continuations(&program.functions[*id]) {
            if !ids.contains(&continuation) {
                ids.push(continuation);
            }
        }
        next += 1;
    }
    ids
}

/// The continuations of calls outside of cold blocks that nobody has to find by their address.
fn continuations(function: &Function) -> Vec<FunctionId> {
    let blocks = function.blocks.values().filter(|block| !block.cold);
    let calls = blocks.filter_map(|block| match &block.terminator {
        Terminator::Call { next, catch: None, .. } => match next.target {
            ContinuationTarget::Function(id) => Some(id),
            ContinuationTarget::Block(_) => None,
        },
        _ => None,
    });
    calls.collect()
}
