//! From source text to a function.

use dg_runtime::{Code, CodeInfo, LineTable, LocalInfo, NewCode, RawRef, RawValue, Ref, Throw, Value, Vm};

use crate::core::alloc;
use crate::core::closure::{Capture, Origin};
use crate::core::state::lua;
use crate::core::table::shape;
use crate::emit::{self, CaptureSource, Prototype, Target};
use crate::generated::{Boxed, Function, NIL, Shape, Site, ValueKind};
use crate::precompiled::{self, Damage, Precompiled};
use crate::syntax::ast::{Chunk, TextKind};
use crate::syntax::{self, Source};

/// Why a chunk cannot be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The source is wrong: the message, with its position.
    Syntax(Vec<u8>),
    /// An error is pending in the virtual machine: memory ran out.
    Thrown(Throw),
}

/// Compiles a chunk to a function whose environment is the table of globals.
///
/// `name` is shown in messages: after `@` a file name, after `=` as it is, otherwise as source text. A precompiled
/// chunk brings its own; the variables that its function captures are new, and nil.
///
/// # Errors
/// If the source is no Lua 5.1, or memory runs out.
pub fn load<'v>(vm: &'v Vm, source: &[u8], name: &[u8]) -> Result<Ref<'v, Function>, LoadError> {
    if is_precompiled(source) {
        return load_precompiled(vm, source, name);
    }
    load_parsed(vm, &parse(Source::new(source, 1), name)?, name)
}

/// As [`load`], for a chunk that has been parsed.
///
/// # Errors
/// If a function is too complex, or memory runs out.
pub fn load_parsed<'v>(vm: &'v Vm, chunk: &Chunk, name: &[u8]) -> Result<Ref<'v, Function>, LoadError> {
    let main = link(vm, chunk, name)?.main;
    alloc::function(vm, main, lua(vm).globals(vm), 0).map_err(LoadError::Thrown)
}

/// Parses a chunk. Nothing of the virtual machine is needed for it: what gives the source its pieces may run Lua.
///
/// # Errors
/// If the source is no Lua 5.1.
pub fn parse<'s>(source: Source<'s>, name: &'s [u8]) -> Result<Chunk, LoadError> {
    syntax::parse_source(source, name).map_err(|error| LoadError::Syntax(error.message))
}

/// Whether these are the first bytes of a precompiled chunk.
pub fn is_precompiled(source: &[u8]) -> bool {
    source.first() == Some(&precompiled::MARK)
}

fn load_precompiled<'v>(vm: &'v Vm, bytes: &[u8], name: &[u8]) -> Result<Ref<'v, Function>, LoadError> {
    let refused = |damage: Damage| {
        let shown = match name.first() {
            Some(b'@' | b'=') => &name[1..],
            Some(&precompiled::MARK) => b"binary string",
            _ => name,
        };
        LoadError::Syntax([shown, b": ", damage.message().as_bytes()].concat())
    };
    let precompiled = Precompiled::read(bytes).map_err(refused)?;
    let source = Source::new(&precompiled.source(), precompiled.line);
    let compiled = link(vm, &parse(source, precompiled.chunk_name)?, precompiled.chunk_name)?;
    let code = match precompiled.kind {
        TextKind::Chunk => compiled.main,
        _ => compiled.first_inner.ok_or_else(|| refused(Damage::Header))?,
    };
    let captured = code.info().captured.len();
    let make = || {
        let function = alloc::function(vm, code, lua(vm).globals(vm), captured)?;
        for index in 0..captured {
            function.set_item(index, |item| item, alloc::upvalue(vm)?);
        }
        Ok(function)
    };
    make().map_err(LoadError::Thrown)
}

/// The code of a chunk.
struct Compiled<'v> {
    main: Ref<'v, Code>,
    /// Of the first function in it.
    first_inner: Option<Ref<'v, Code>>,
}

/// Makes the code of a chunk.
fn link<'v>(vm: &'v Vm, chunk: &Chunk, name: &[u8]) -> Result<Compiled<'v>, LoadError> {
    let mut loader = Loader {
        vm,
        failure: None,
        first_inner: None,
    };
    let main = emit::link(chunk, name, &mut loader).map_err(|error| LoadError::Syntax(error.message))?;
    if let Some(failure) = loader.failure {
        return Err(LoadError::Thrown(failure));
    }
    // SAFETY: the code was just made, without a failure; nothing is collected before a function refers to it.
    let made = |code: RawRef<Code>| unsafe { code.get(vm) };
    Ok(Compiled {
        main: made(main),
        first_inner: loader.first_inner.map(made),
    })
}

/// Makes the constants and code objects of a chunk. Nothing is collected meanwhile: allocation never collects.
struct Loader<'v> {
    vm: &'v Vm,
    /// What went wrong first. From then on nothing that is made is used.
    failure: Option<Throw>,
    /// The first function in the one that was made last.
    first_inner: Option<RawRef<Code>>,
}

impl Loader<'_> {
    fn or_failure<T>(&mut self, made: Result<T, Throw>, otherwise: T) -> T {
        made.unwrap_or_else(|failure| {
            self.failure.get_or_insert(failure);
            otherwise
        })
    }
}

impl Target for Loader<'_> {
    fn string(&mut self, bytes: &[u8]) -> RawValue {
        let made = self.vm.str(bytes).map(|string| string.boxed().raw());
        self.or_failure(made, NIL)
    }

    fn number(&mut self, number: f64) -> RawValue {
        Value::double(number).raw()
    }

    fn site(&mut self, fields: Option<u32>) -> RawRef<Site> {
        let made = shape::new_site(self.vm, fields).map(Ref::raw);
        self.or_failure(made, RawRef::NULL)
    }

    fn shape(&mut self, names: &[RawValue]) -> RawRef<Shape> {
        let vm = self.vm;
        // SAFETY: the names were just made; after a failure they may be nil.
        let names = names
            .iter()
            .filter_map(|name| unsafe { Value::from_bits(name.0) }.as_string(vm));
        let made = shape::with_keys(vm, names).map(Ref::raw);
        self.or_failure(made, RawRef::NULL)
    }

    fn shape_of_strings(&mut self) -> RawRef<Shape> {
        lua(self.vm).shape_of_strings(self.vm).raw()
    }

    fn code(&mut self, prototype: Prototype) -> RawRef<Code> {
        self.first_inner = prototype.first_inner;
        let Some(new) = new_code(prototype).filter(|_| self.failure.is_none()) else {
            self.failure
                .get_or_insert_with(|| self.vm.error("function is too large"));
            return RawRef::NULL;
        };
        let made = self.vm.new_code(new).map(Ref::raw);
        self.or_failure(made, RawRef::NULL)
    }
}

/// What the runtime wants to know of a function; `None` if its bytecode is too large.
fn new_code(prototype: Prototype) -> Option<NewCode> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut lines = LineTable::default();
    for &(position, line) in &prototype.lines {
        lines.push(position.0, line);
    }
    let locals = prototype.locals.iter().map(|local| LocalInfo {
        name: text(&local.name),
        slot: local.slot.0.into(),
        from: local.from.0,
        to: local.to.0,
    });
    let mut locals: Vec<_> = locals.collect();
    // They come in the order in which their scopes end. Those that are visible together are numbered as declared.
    locals.sort_by_key(|local| local.slot);
    let captures = prototype
        .captures
        .iter()
        .map(|capture| match capture.source {
            CaptureSource::FromSlot(slot) => Capture::Slot(slot.0),
            CaptureSource::FromCapture(index) => Capture::Captured(index),
        })
        .map(Capture::number)
        .collect();
    let info = CodeInfo {
        name: String::new(),
        source: prototype.chunk_name,
        line_defined: prototype.line_defined,
        last_line: prototype.last_line,
        lines,
        locals,
        captured: prototype.captures.iter().map(|capture| text(&capture.name)).collect(),
        captures,
        extra: Some(Box::new(Origin {
            source: prototype.source,
            text: prototype.text,
        })),
        bytecode: prototype.code.finish().ok()?,
    };
    Some(NewCode {
        params: prototype.params.into(),
        vararg: prototype.is_vararg,
        frame_size: prototype.frame_size.into(),
        info,
    })
}
