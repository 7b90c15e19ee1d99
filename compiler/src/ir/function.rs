//! Functions: blocks of instructions over SSA values.

use std::sync::Arc;

use super::ids::{BlockId, BytecodeId, FunctionId, InstId, NativeId, Table, ValueId};
use super::inst::{Op, Terminator};
use super::spec::{CacheForm, SpecTables, Variant};
use super::types::Type;

/// All functions of a language, and the tables they refer to.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// What instructions refer to.
    pub spec: Arc<SpecTables>,
    /// One per bytecode and native function; after `specialise` one per variant; after `split` also their cold parts
    /// and continuations.
    pub functions: Table<FunctionId, Function>,
}

impl Program {
    /// A program without functions.
    pub fn new(spec: SpecTables) -> Self {
        Self {
            spec: Arc::new(spec),
            functions: Table::new(),
        }
    }
    /// The function named `name`.
    pub fn function(&self, name: &str) -> Option<FunctionId> {
        self.functions.find(|function| function.name == name)
    }
}

/// What a function implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// (A part of) a bytecode.
    Bytecode(BytecodeId),
    /// (A part of) a native function.
    Native(NativeId),
}

/// Which part of it. All parts run on the same guest frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Entered by dispatch (a native: by its entry stub); no parameters.
    Entry,
    /// Entered by a `TailJump` from `of` or another part; its parameters are the jump's arguments.
    Cold {
        /// The part of role `Entry`.
        of: FunctionId,
    },
    /// Entered when a callee returns; its parameters are the values saved by the call.
    Continuation {
        /// The part of role `Entry`.
        of: FunctionId,
    },
    /// Entered when a callee throws; its parameters are the values saved by the call.
    Catch {
        /// The part of role `Entry`.
        of: FunctionId,
    },
}

/// A function. Blocks, instructions and values are never removed from their tables; what no block mentions is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name, unique in the program, fit for a symbol: `ADD`, `ADD.slot_double`, `ADD.slot_slot.cold1`.
    pub name: String,
    /// What it implements.
    pub kind: FunctionKind,
    /// The shape of the instruction, from `specialise` on. Natives never have one.
    pub variant: Option<Variant>,
    /// Which form of a bytecode with a `cache`.
    pub form: CacheForm,
    /// Which part it is.
    pub role: Role,
    /// Where it starts. The entry block has no predecessors.
    pub entry: BlockId,
    /// Blocks, in the order they are printed.
    pub blocks: Table<BlockId, Block>,
    /// Instructions.
    pub insts: Table<InstId, InstData>,
    /// SSA values.
    pub values: Table<ValueId, ValueData>,
}

/// A basic block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its parameters; of the entry block, the function's.
    pub params: Vec<ValueId>,
    /// Its instructions in order.
    pub insts: Vec<InstId>,
    /// How it ends.
    pub terminator: Terminator,
    /// The line of the specification that the terminator comes from, 0 when unknown.
    pub line: u32,
    /// Off the expected path: `slow` code.
    pub cold: bool,
}

/// An instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstData {
    /// What it does.
    pub op: Op,
    /// The values it defines.
    pub results: Vec<ValueId>,
    /// The line of the specification that it comes from, 0 when unknown.
    pub line: u32,
}

/// An SSA value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueData {
    /// Its type.
    pub ty: Type,
    /// Where it is defined.
    pub def: ValueDef,
}

/// Where a value is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueDef {
    /// Result number `.1` of an instruction.
    Result(InstId, u32),
    /// Parameter number `.1` of a block.
    Param(BlockId, u32),
}

impl Function {
    /// A function with an empty, unreachable entry block.
    pub fn new(name: impl Into<String>, kind: FunctionKind) -> Self {
        let mut function = Self {
            name: name.into(),
            kind,
            variant: None,
            form: CacheForm::Plain,
            role: Role::Entry,
            entry: BlockId(0),
            blocks: Table::new(),
            insts: Table::new(),
            values: Table::new(),
        };
        function.entry = function.add_block();
        function
    }
    /// Appends an empty hot block that ends in `Unreachable`.
    pub fn add_block(&mut self) -> BlockId {
        self.blocks.push(Block {
            params: vec![],
            insts: vec![],
            terminator: Terminator::Unreachable,
            line: 0,
            cold: false,
        })
    }
    /// Appends a parameter to `block`.
    pub fn add_param(&mut self, block: BlockId, ty: Type) -> ValueId {
        let index = self.blocks[block].params.len() as u32;
        let value = self.values.push(ValueData {
            ty,
            def: ValueDef::Param(block, index),
        });
        self.blocks[block].params.push(value);
        value
    }
    /// Makes an instruction whose results have `types`; the caller puts it into a block.
    pub fn make_inst(&mut self, op: Op, types: &[Type], line: u32) -> InstId {
        let inst = self.insts.next_id();
        let results = types
            .iter()
            .enumerate()
            .map(|(index, ty)| {
                self.values.push(ValueData {
                    ty: *ty,
                    def: ValueDef::Result(inst, index as u32),
                })
            })
            .collect();
        self.insts.push(InstData { op, results, line })
    }
    /// The type of `value`.
    pub fn ty(&self, value: ValueId) -> Type {
        self.values[value].ty
    }
    /// The operation that defines `value`; `None` for block parameters.
    pub fn def(&self, value: ValueId) -> Option<&Op> {
        match self.values[value].def {
            ValueDef::Result(inst, _) => Some(&self.insts[inst].op),
            ValueDef::Param(..) => None,
        }
    }
}
