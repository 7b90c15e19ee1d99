//! What a VM crate is made of, before it becomes text.

use dg_backend_x64::code::CodeObject;

use crate::ir::ids::BytecodeId;
use crate::ir::spec::{CacheForm, SpecTables, Variant};
use crate::lower::Hole;

/// A whole VM: the tables of its language and its machine code.
#[derive(Clone, Debug)]
pub struct Image {
    /// The language.
    pub spec: SpecTables,
    /// Every opcode, in the order of their numbers.
    pub opcodes: Vec<Opcode>,
    /// The native functions, in declared order.
    pub natives: Vec<NativeImage>,
    /// Pairs of symbols: the continuation of a `try` call, and where to go when it threw.
    pub catches: Vec<(String, String)>,
    /// The symbols of the framework's own pieces of code.
    pub stubs: Stubs,
    /// The code of the interpreter, of native functions and of the stubs.
    pub code: Vec<CodeSymbol>,
    /// The code that compiled functions share.
    pub shared: Vec<CodeSymbol>,
    /// What compiled code is made of, by opcode; empty if functions cannot be compiled.
    pub templates: Vec<Template>,
    /// Templates of the entries `entry_fixed` and `entry_vararg`, of `loop_head`, and of `miss` and `go_on`, which belong to
    /// cases of caches.
    pub stub_templates: Vec<Template>,
}

/// What is copied for an instruction: its parts one behind the other, hot and cold code apart.
#[derive(Clone, Debug)]
pub struct Template {
    /// Its name, that of its opcode.
    pub name: String,
    /// Bytes of the instruction.
    pub length: u32,
    /// Where in it a label is, if it has one.
    pub label: Option<u32>,
    /// The slots that are in registers when it is entered: the first in the first register, and so on.
    pub reads: Vec<Place>,
    /// The reads that versions differ in, by bit: what is known to be a double or not.
    pub checked: u8,
    /// One for each set of checked reads that are known to be doubles, sets seen as numbers.
    pub versions: Vec<TemplateVersion>,
}

/// A version of a template.
#[derive(Clone, Debug)]
pub struct TemplateVersion {
    /// The entry, then the continuations of calls.
    pub parts: Vec<TemplatePart>,
    /// What holds when the next instruction follows; `None` if it never follows here.
    pub next: Option<Exit>,
    /// What holds when control goes to where the label says, if it can from here.
    pub target: Option<Exit>,
}

/// A slot that an instruction names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Where in the instruction its number stands.
    pub offset: u32,
    /// What is to be added to it.
    pub element: u32,
}

/// What holds where a template ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Whether what was in registers still is, except for what has been written.
    pub keeps: bool,
    /// Which reads are known to be doubles, by bit.
    pub doubles: u8,
    /// The slots that have been written.
    pub writes: Vec<Write>,
}

/// A slot that has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Which.
    pub place: Place,
    /// The number of the template's register that has its value, and what it is; `None` if it is in no register.
    pub register: Option<(u8, Written)>,
}

/// What is known of a value that has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is a double.
    Double,
    /// It is that of a read.
    Like(u8),
    /// It may be anything.
    Any,
    /// Not always has it been written, or not always like this: the slot is in no register, and the register is lost.
    Lost,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub struct TemplatePart {
    /// Its name, which it defines as a symbol.
    pub name: String,
    /// What is expected to run.
    pub hot: CodeObject,
    /// What is not.
    pub cold: Option<CodeObject>,
    /// What belongs into its holes, by kind.
    pub holes: Vec<Hole>,
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

/// A native function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeImage {
    /// The symbol of its entry.
    pub symbol: String,
    /// Whether it leaves some calls to a function of the host.
    pub delegates: bool,
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
