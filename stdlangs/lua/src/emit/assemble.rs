//! From instructions to the virtual machine's bytecode and to what it keeps about a function.

use std::rc::Rc;

use super::expressions::upvalue_index;
use super::function::{FunctionCode, TooComplex, compile_function};
use super::inst::{Arith, Const, Dest, Inst, List, Operand, Run, Slot};
use super::tables::constant_keys;
use crate::generated::{self, Builder, Code, InstPos, RawRef, RawValue, Shape, Site};
use crate::syntax::ast::{Chunk, FunctionId, StrId, Text, Upvalue, UpvalueSource, Vararg};
use crate::syntax::{SyntaxError, parse};

/// What the machine has to do for emission. It keeps whatever it has made alive until the main function is made.
pub trait Target {
    /// The string value with these bytes.
    fn string(&mut self, bytes: &[u8]) -> RawValue;

    /// The value of a number.
    fn number(&mut self, number: f64) -> RawValue;

    /// Makes a table constructor; `fields` is what is known of the fields that its tables get.
    fn site(&mut self, fields: Option<u32>) -> RawRef<Site>;

    /// The hidden class of tables with these fields.
    fn shape(&mut self, names: &[RawValue]) -> RawRef<Shape>;

    /// What strings inherit, as a hidden class.
    fn shape_of_strings(&mut self) -> RawRef<Shape>;

    /// Makes a code object.
    fn code(&mut self, prototype: Prototype) -> RawRef<Code>;
}

/// A function before the machine has it.
pub struct Prototype {
    /// The name of its chunk, as given to [`compile`].
    pub chunk_name: Rc<[u8]>,
    /// The source that it is in.
    pub source: Rc<[u8]>,
    /// Where it is in the source.
    pub text: Text,
    /// The line of its `function`; 0 for the main function.
    pub line_defined: u32,
    /// The line of its `end`; 0 for the main function.
    pub last_line: u32,
    /// How many parameters it has. They are in the slots from 0 on.
    pub params: u16,
    /// Whether it keeps further arguments.
    pub is_vararg: bool,
    /// How many slots its frame has.
    pub frame_size: u16,
    /// Its instructions.
    pub code: Builder,
    /// The first function in it, if there is one.
    pub first_inner: Option<RawRef<Code>>,
    /// Each line with the first instruction from which on it holds.
    pub lines: Vec<(InstPos, u32)>,
    /// Where each local variable can be seen.
    pub locals: Vec<LocalInfo>,
    /// What a closure captures when it is made.
    pub captures: Vec<Capture>,
}

/// Where a local variable can be seen.
pub struct LocalInfo {
    /// Its name; those of hidden variables begin with a parenthesis.
    pub name: Rc<[u8]>,
    /// Its slot.
    pub slot: generated::Slot,
    /// The first instruction that sees it.
    pub from: InstPos,
    /// The first one that does not any more.
    pub to: InstPos,
}

/// A captured variable.
pub struct Capture {
    /// Its name.
    pub name: Rc<[u8]>,
    /// Where the function that makes the closure has it.
    pub source: CaptureSource,
}

/// Where a variable is captured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureSource {
    /// A slot of the frame.
    FromSlot(generated::Slot),
    /// What the function itself captured.
    FromCapture(u16),
}

/// Compiles a chunk to the code object of its main function.
///
/// # Errors
///
/// The first syntax error, or that a function needs too many slots, in the words of PUC Lua 5.1.
pub fn compile(source: &[u8], chunk_name: &[u8], target: &mut dyn Target) -> Result<RawRef<Code>, SyntaxError> {
    link(&parse(source, chunk_name)?, chunk_name, target)
}

/// Like [`compile`], for a chunk that has been parsed.
///
/// # Errors
///
/// That a function needs too many slots.
pub fn link(chunk: &Chunk, chunk_name: &[u8], target: &mut dyn Target) -> Result<RawRef<Code>, SyntaxError> {
    let too_complex =
        |TooComplex { line }| SyntaxError::new(chunk_name, line, "function or expression too complex", None);
    let ids = (0..chunk.functions.len()).map(FunctionId::from_index);
    let functions: Result<Vec<_>, _> = ids.map(|id| compile_function(chunk, id)).collect();
    let functions = functions.map_err(too_complex)?;
    let mut linker = Linker {
        chunk,
        source: Rc::clone(&chunk.source),
        chunk_name: chunk_name.into(),
        functions: &functions,
        strings: vec![None; chunk.strings.len()],
        codes: vec![None; functions.len()],
        target,
    };
    // A function stands after the one around it, but is made before.
    let mut last = None;
    for index in (0..functions.len()).rev() {
        last = Some(linker.link(FunctionId::from_index(index)));
    }
    Ok(last.expect("a chunk has a main function"))
}

/// Makes the code objects of a chunk.
struct Linker<'a> {
    chunk: &'a Chunk,
    source: Rc<[u8]>,
    chunk_name: Rc<[u8]>,
    functions: &'a [FunctionCode],
    /// String values made so far.
    strings: Vec<Option<RawValue>>,
    /// Code objects made so far.
    codes: Vec<Option<RawRef<Code>>>,
    target: &'a mut dyn Target,
}

impl Linker<'_> {
    fn link(&mut self, id: FunctionId) -> RawRef<Code> {
        let function = &self.chunk[id];
        let compiled = &self.functions[id.index()];
        let insts = &compiled.code.insts;
        let mut assembler = Assembler {
            linker: self,
            builder: Builder::new(),
            first_inner: None,
        };

        let mut labels = vec![None; insts.len()];
        for inst in insts {
            if let Some(label) = inst.target() {
                let target = compiled.code.position(label) as usize;
                labels[target].get_or_insert_with(|| assembler.builder.label());
            }
        }
        let mut positions = Vec::with_capacity(insts.len() + 1);
        for (inst, label) in insts.iter().zip(&labels) {
            if let Some(label) = *label {
                assembler.builder.bind(label);
            }
            positions.push(assembler.builder.here());
            let target = inst.target().and_then(|to| labels[compiled.code.position(to) as usize]);
            assembler.inst(inst, target);
        }
        positions.push(assembler.builder.here());

        let Assembler {
            builder, first_inner, ..
        } = assembler;
        let code = &compiled.code;
        let lines = code
            .lines
            .iter()
            .map(|&(index, line)| (positions[index as usize], line));
        let locals = code.variables.iter().map(|range| LocalInfo {
            name: Rc::clone(&self.chunk.strings[function.locals[range.local.index()].name.index()]),
            slot: slot(compiled.slots[range.local.index()]),
            from: positions[range.from as usize],
            to: positions[range.to as usize],
        });
        let prototype = Prototype {
            chunk_name: Rc::clone(&self.chunk_name),
            source: Rc::clone(&self.source),
            text: function.text.clone(),
            line_defined: function.line,
            last_line: function.last_line,
            params: u16::try_from(function.parameters).expect("parameters are limited"),
            is_vararg: function.vararg != Vararg::No,
            frame_size: compiled.frame_size,
            code: builder,
            first_inner,
            lines: lines.collect(),
            locals: locals.collect(),
            captures: self.captures(id),
        };
        let made = self.target.code(prototype);
        self.codes[id.index()] = Some(made);
        made
    }

    fn captures(&self, id: FunctionId) -> Vec<Capture> {
        let function = &self.chunk[id];
        let capture = |upvalue: &Upvalue| {
            let source = match upvalue.source {
                UpvalueSource::Local(local) => {
                    let parent = function.parent.expect("the main function captures nothing");
                    CaptureSource::FromSlot(slot(self.functions[parent.index()].slots[local.index()]))
                }
                UpvalueSource::Upvalue(upvalue) => CaptureSource::FromCapture(upvalue_index(upvalue)),
            };
            Capture {
                name: Rc::clone(&self.chunk.strings[upvalue.name.index()]),
                source,
            }
        };
        function.upvalues.iter().map(capture).collect()
    }
}

/// The instructions of one function in the making.
struct Assembler<'a, 'b> {
    linker: &'a mut Linker<'b>,
    builder: Builder,
    first_inner: Option<RawRef<Code>>,
}

impl Assembler<'_, '_> {
    /// Builds one instruction, whose branch goes to `target` if it has one.
    fn inst(&mut self, inst: &Inst, target: Option<generated::Label>) {
        let to = || target.expect("a branch has a target");
        match *inst {
            Inst::Move { x, dst } => self.builder.emit_move(slot(x), slot(dst)),
            Inst::LoadK { k, dst } => {
                let k = self.constant(k);
                self.builder.emit_loadk(k, slot(dst))
            }
            Inst::LoadNil { dst } => self.builder.emit_loadnil(run(dst)),
            Inst::GetUpval { i, dst } => self.builder.emit_getupval(i, slot(dst)),
            Inst::SetUpval { i, x } => {
                let x = self.operand(x);
                self.builder.emit_setupval(i, x)
            }
            Inst::Closure { function, dst } => {
                let code = self.linker.codes[function.index()].expect("inner functions are made first");
                self.first_inner.get_or_insert(code);
                self.builder.emit_closure(code, slot(dst))
            }
            Inst::Close { from } => self.builder.emit_close(from.0),
            Inst::GetGlobal { name, dst } => {
                let name = self.string(name);
                self.builder.emit_getglobal(name, slot(dst))
            }
            Inst::SetGlobal { name, x } => {
                let (name, x) = (self.string(name), self.operand(x));
                self.builder.emit_setglobal(name, x)
            }
            Inst::GetField { object, name, dst } => {
                let name = self.string(name);
                self.builder.emit_getfield(slot(object), name, slot(dst))
            }
            Inst::SetField { object, name, x } => {
                let (name, x) = (self.string(name), self.operand(x));
                self.builder.emit_setfield(slot(object), name, x)
            }
            Inst::SelfField {
                object,
                name,
                receiver,
                dst,
            } => {
                let name = self.string(name);
                let strings = self.linker.target.shape_of_strings();
                self.builder
                    .emit_self(slot(object), name, strings, slot(receiver), slot(dst))
            }
            Inst::GetIndex { object, key, dst } => self.builder.emit_getindex(slot(object), slot(key), slot(dst)),
            Inst::SetIndex { object, key, x } => {
                let x = self.operand(x);
                self.builder.emit_setindex(slot(object), slot(key), x)
            }
            Inst::GetElem { object, i, dst } => self.builder.emit_getelem(slot(object), i, slot(dst)),
            Inst::SetElem { object, i, x } => {
                let x = self.operand(x);
                self.builder.emit_setelem(slot(object), i, x)
            }
            Inst::NewTable { array, hash, dst } => {
                let fields = (array > 0 || hash > 0).then_some(hash);
                let site = self.linker.target.site(fields);
                self.builder.emit_newtable(site, array, slot(dst))
            }
            Inst::NewObject { fields, values, dst } => {
                let names: Vec<_> = constant_keys(self.linker.chunk, fields).collect();
                let names: Vec<_> = names.into_iter().map(|name| self.string(name)).collect();
                let shape = self.linker.target.shape(&names);
                self.builder.emit_newobject(shape, run(values), slot(dst))
            }
            Inst::SetList { object, values, first } => self.builder.emit_setlist(slot(object), list(values), first),
            Inst::Arith { op, lhs, rhs, dst } => {
                let (lhs, rhs, dst) = (self.operand(lhs), self.operand(rhs), slot(dst));
                match op {
                    Arith::Add => self.builder.emit_add(lhs, rhs, dst),
                    Arith::Sub => self.builder.emit_sub(lhs, rhs, dst),
                    Arith::Mul => self.builder.emit_mul(lhs, rhs, dst),
                    Arith::Div => self.builder.emit_div(lhs, rhs, dst),
                    Arith::Mod => self.builder.emit_mod(lhs, rhs, dst),
                    Arith::Pow => self.builder.emit_pow(lhs, rhs, dst),
                }
            }
            Inst::Unm { x, dst } => self.builder.emit_unm(slot(x), slot(dst)),
            Inst::Not { x, dst } => self.builder.emit_not(slot(x), slot(dst)),
            Inst::Len { x, dst } => self.builder.emit_len(slot(x), slot(dst)),
            Inst::Concat { values, dst } => {
                let again = self.builder.label();
                self.builder.bind(again);
                self.builder.emit_concat(run(values), again, slot(dst))
            }
            Inst::Jump { .. } => self.builder.emit_jump(to()),
            Inst::Test { x, sense: true, .. } => self.builder.emit_jtrue(slot(x), to()),
            Inst::Test { x, sense: false, .. } => self.builder.emit_jfalse(slot(x), to()),
            Inst::Equal { lhs, rhs, sense, .. } => {
                let (lhs, rhs) = (slot(lhs), self.operand(rhs));
                if sense {
                    self.builder.emit_jeq(lhs, rhs, to())
                } else {
                    self.builder.emit_jne(lhs, rhs, to())
                }
            }
            Inst::EqualConst { x, k, sense, .. } => {
                let (x, k) = (slot(x), self.constant(k));
                if sense {
                    self.builder.emit_jeqk(x, k, to())
                } else {
                    self.builder.emit_jnek(x, k, to())
                }
            }
            Inst::Less { lhs, rhs, sense, .. } => {
                let (lhs, rhs) = (self.operand(lhs), self.operand(rhs));
                if sense {
                    self.builder.emit_jlt(lhs, rhs, to())
                } else {
                    self.builder.emit_jnlt(lhs, rhs, to())
                }
            }
            Inst::LessEqual { lhs, rhs, sense, .. } => {
                let (lhs, rhs) = (self.operand(lhs), self.operand(rhs));
                if sense {
                    self.builder.emit_jle(lhs, rhs, to())
                } else {
                    self.builder.emit_jnle(lhs, rhs, to())
                }
            }
            Inst::ForPrep { control, .. } => self.builder.emit_forprep(slot(control), to()),
            Inst::ForLoop {
                control,
                known_positive: true,
                ..
            } => self.builder.emit_forloopup(slot(control), to()),
            Inst::ForLoop {
                control,
                known_positive: false,
                ..
            } => self.builder.emit_forloop(slot(control), to()),
            Inst::ForCall { iterator, dst } => self.builder.emit_forcall(slot(iterator), run(dst)),
            Inst::ArgTable { dst } => self.builder.emit_argtable(slot(dst)),
            Inst::ForStep {
                iterator, variables, ..
            } => self.builder.emit_forstep(slot(iterator), slot(variables), to()),
            Inst::ForNext { iterator, variable, .. } => self.builder.emit_fornext(slot(iterator), slot(variable), to()),
            Inst::Call { f, args, dst } => self.builder.emit_call(slot(f), list(args), dest(dst)),
            Inst::TailCall { f, args } => self.builder.emit_tailcall(slot(f), list(args)),
            Inst::Return { values } => self.builder.emit_return(list(values)),
            Inst::Return1 { x } => {
                let x = self.operand(x);
                self.builder.emit_return1(x)
            }
            Inst::Return0 => self.builder.emit_return0(),
            Inst::Vararg { dst } => self.builder.emit_vararg(dest(dst)),
        };
    }

    fn operand(&mut self, operand: Operand) -> generated::Operand {
        match operand {
            Operand::Slot(x) => generated::Operand::Slot(slot(x)),
            Operand::Const(k) => generated::Operand::Const(self.constant(k)),
        }
    }

    fn constant(&mut self, k: Const) -> RawValue {
        /// The machine's value number `index` of those that carry nothing.
        fn unit(index: u64) -> RawValue {
            RawValue(!index)
        }
        match k {
            Const::Nil => unit(0),
            Const::False => unit(1),
            Const::True => unit(2),
            Const::Number(number) => self.linker.target.number(number),
            Const::String(id) => self.string(id),
        }
    }

    fn string(&mut self, id: StrId) -> RawValue {
        let Linker {
            chunk, strings, target, ..
        } = &mut *self.linker;
        *strings[id.index()].get_or_insert_with(|| target.string(&chunk[id]))
    }
}

fn slot(slot: Slot) -> generated::Slot {
    generated::Slot(slot.0)
}

fn run(run: Run) -> generated::Run {
    generated::Run {
        start: slot(run.start),
        count: run.count,
    }
}

fn list(list: List) -> generated::List {
    match list {
        List::Run(values) => generated::List::Run(run(values)),
        List::Open(start) => generated::List::Open(slot(start)),
    }
}

fn dest(dest: Dest) -> generated::Dest {
    match dest {
        Dest::Slot(dst) => generated::Dest::Slot(slot(dst)),
        Dest::Run(results) => generated::Dest::Run(run(results)),
        Dest::Open(start) => generated::Dest::Open(slot(start)),
    }
}
