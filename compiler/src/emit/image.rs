//! What a VM crate is made of, before it becomes text.

use dg_backend_x64::code::CodeObject;

use crate::ir::ids::BytecodeId;
use crate::ir::spec::{CacheForm, SpecTables, Variant};

/// A whole VM: the tables of its language and its machine code.
#[derive(Clone, Debug)]
pub struct Image {
    /// The language.
    pub spec: SpecTables,
    /// Every opcode, in the order of their numbers.
    pub opcodes: Vec<Opcode>,
    /// The symbol of each native function's entry, in declared order.
    pub natives: Vec<String>,
    /// Pairs of symbols: the continuation of a `try` call, and where to go when it threw.
    pub catches: Vec<(String, String)>,
    /// The symbols of the framework's own pieces of code.
    pub stubs: Stubs,
    /// All machine code.
    pub code: Vec<CodeSymbol>,
}

/// One variant of a bytecode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opcode {
    /// The bytecode.
    pub bytecode: BytecodeId,
    /// Which alternatives.
    pub variant: Variant,
    /// Which form, of a bytecode with a cache.
    pub form: CacheForm,
    /// Its name in listings: `ADD`, or `ADD.slot_const` where there are several.
    pub name: String,
    /// The symbol of its interpreter handler.
    pub symbol: String,
}

impl Opcode {
    /// Whether the builder writes it: the others are what instructions become.
    pub fn is_written(&self) -> bool {
        match self.form {
            CacheForm::Linking => true,
            CacheForm::Plain => self.variant.cache.is_none(),
            CacheForm::Case(_) => false,
        }
    }
}

/// A named piece of machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeSymbol {
    /// Its name, unique in the image. The object may define symbols of its own besides, and this one itself.
    pub name: String,
    /// Where it belongs.
    pub section: Section,
    /// The code.
    pub object: CodeObject,
}

/// Hot code lies together, apart from what seldom runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What the common case runs.
    Hot,
    /// What is entered from slow paths only.
    Cold,
}

/// The symbols of the pieces of code that every VM has; see the runtime's `Stubs` for what each does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the runtime's `Stubs` documents them")]
pub struct Stubs {
    pub enter: String,
    pub exit: String,
    pub exit_thrown: String,
    pub coroutine_finished: String,
    pub entry_fixed: String,
    pub entry_vararg: String,
    pub entry_native: String,
    pub safepoint: String,
}
