//! `package`, `require` and `module`, for modules that are written in Lua.

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use super::args::Args;
use super::base::load_file;
use super::files::path_of;
use super::{Functions, library, register};
use crate::chunk::LoadError;
use crate::core::coerce::{self, is_truthy, string};
use crate::core::state::lua;
use crate::core::{alloc, error, hooks, table};
use crate::generated::{Boxed, Function, Table, ValueKind, nil, true_};

/// Where modules are looked for: `?` stands for the name, with `/` for its dots.
const PATH: &str = "./?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;\
                    /usr/local/lib/lua/5.1/?.lua;/usr/local/lib/lua/5.1/?/init.lua";

/// The environment variable that replaces the path; `;;` in it stands for [`PATH`].
const PATH_VARIABLE: &str = "LUA_PATH";

/// What `require` asks in turn.
const LOADERS: Functions = &[
    ("preload loader", load_preloaded),
    ("file loader", load_from_path),
    ("native loader", load_native),
    ("native root loader", load_native),
];

/// Opens the library; the tables of the other libraries must be there.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    let globals = lua(vm).globals(vm);
    let package = library(vm, "package", &[("loadlib", loadlib), ("seeall", seeall)])?;
    register(vm, globals, FUNCTIONS)?;
    let loaded = table::new(vm, 0, 16)?;
    for name in [
        "_G",
        "coroutine",
        "debug",
        "io",
        "math",
        "os",
        "package",
        "string",
        "table",
    ] {
        let key = vm.str(name.as_bytes())?;
        let library = table::get_str(vm, globals, key);
        table::set_str(vm, loaded, key, library)?;
    }
    let loaders = table::new(vm, LOADERS.len() as u32, 0)?;
    for (index, &(name, loader)) in (1u32..).zip(LOADERS) {
        table::set_number(vm, loaders, index.into(), alloc::native(vm, name, loader)?.boxed())?;
    }
    let path = std::env::var(PATH_VARIABLE).map(|path| path.replace(";;", &format!(";{PATH};")));
    let fields = [
        ("loaded", loaded.boxed()),
        ("preload", alloc::table(vm)?.boxed()),
        ("loaders", loaders.boxed()),
        ("path", string(vm, path.as_deref().unwrap_or(PATH).as_bytes())?),
        ("cpath", string(vm, b"")?),
        ("config", string(vm, b"/\n;\n?\n!\n-\n")?),
    ];
    for (name, value) in fields {
        table::set_str(vm, package, vm.str(name.as_bytes())?, value)?;
    }
    table::set_str(
        vm,
        lua(vm).registry(vm),
        vm.str(b"loading")?,
        alloc::userdata(vm, None, 0)?.boxed(),
    )?;
    table::set_str(vm, lua(vm).registry(vm), vm.str(b"package")?, package.boxed())
}

const FUNCTIONS: Functions = &[("module", module), ("require", require)];

/// A field of `package`.
fn package_field<'v>(vm: &'v Vm, name: &str) -> Result<Value<'v>, Throw> {
    let package = table::get_str(vm, lua(vm).registry(vm), vm.str(b"package")?);
    let package = package.as_table(vm).expect("the library was opened");
    Ok(table::get_str(vm, package, vm.str(name.as_bytes())?))
}

fn package_table<'v>(vm: &'v Vm, name: &str) -> Result<Ref<'v, Table>, Throw> {
    let field = package_field(vm, name)?.as_table(vm);
    field.ok_or_else(|| error::throw_from_native(vm, format!("'package.{name}' must be a table")))
}

fn require(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.string(0)?;
    let known = table::get_str(cx, package_table(cx, "loaded")?, name);
    if is_truthy(known) {
        if known == loading_mark(cx)? {
            let message = format!("loop or previous error loading module '{}'", show(name.as_bytes()));
            return Err(error::throw_from_native(cx, message));
        }
        return cx.ret(known);
    }
    let mut reasons = Vec::new();
    let loader = cx.top();
    for index in 1.. {
        let candidate = table::get_number(cx, package_table(cx, "loaders")?, index.into());
        if candidate == nil() {
            let name = show(cx.bytes(0)?);
            let message = format!("module '{name}' not found:{}", show(&reasons));
            return Err(error::throw_from_native(cx, message));
        }
        let pending = cx.prepare(candidate, &[cx.arg(0)])?;
        let results = cx.call(pending)?;
        let answer = results.get(cx, 0);
        cx.pop(results);
        if answer.as_function(cx).is_some() {
            cx.push(answer)?;
            break;
        }
        if answer.as_string(cx).is_some() {
            coerce::append_text(cx, &mut reasons, answer);
        }
    }
    table::set(cx, package_table(cx, "loaded")?, cx.arg(0), loading_mark(cx)?)?;
    let pending = cx.prepare(cx.slot(loader), &[cx.arg(0)])?;
    let results = cx.call(pending)?;
    let answer = results.get(cx, 0);
    cx.pop(results);
    let loaded = package_table(cx, "loaded")?;
    if answer != nil() {
        table::set(cx, loaded, cx.arg(0), answer)?;
    } else if table::get(cx, loaded, cx.arg(0)) == loading_mark(cx)? {
        table::set(cx, loaded, cx.arg(0), true_())?;
    }
    cx.ret(table::get(cx, loaded, cx.arg(0)))
}

/// What stands for a module that is being loaded: a value that programs do not have.
fn loading_mark<'v>(vm: &'v Vm) -> Result<Value<'v>, Throw> {
    Ok(table::get_str(vm, lua(vm).registry(vm), vm.str(b"loading")?))
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn load_preloaded(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.string(0)?;
    match table::get_str(cx, package_table(cx, "preload")?, name) {
        loader if loader == nil() => {
            cx.ret_bytes(format!("\n\tno field package.preload['{}']", show(name.as_bytes())).as_bytes())
        }
        loader => cx.ret(loader),
    }
}

fn load_from_path(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.bytes(0)?;
    let Some(path) = package_field(cx, "path")?.as_string(cx) else {
        return Err(error::throw_from_native(cx, "'package.path' must be a string"));
    };
    let file_name: Vec<u8> = name
        .iter()
        .map(|&byte| if byte == b'.' { b'/' } else { byte })
        .collect();
    let mut reasons = Vec::new();
    for template in path
        .as_bytes()
        .split(|&byte| byte == b';')
        .filter(|template| !template.is_empty())
    {
        let parts: Vec<&[u8]> = template.split(|&byte| byte == b'?').collect();
        let candidate = parts.join(&file_name[..]);
        if std::fs::File::open(path_of(&candidate)).is_ok() {
            return match load_file(cx, Some(&candidate)) {
                Ok(function) => cx.ret(function.boxed()),
                Err(LoadError::Thrown(throw)) => Err(throw),
                Err(LoadError::Syntax(message)) => {
                    let (name, file, message) = (show(name), show(&candidate), show(&message));
                    let message = format!("error loading module '{name}' from file '{file}':\n\t{message}");
                    Err(error::throw_from_native(cx, message))
                }
            };
        }
        reasons.extend_from_slice(format!("\n\tno file '{}'", show(&candidate)).as_bytes());
    }
    cx.ret_bytes(&reasons)
}

/// Modules that are no Lua cannot be loaded; PUC Lua has two loaders for them.
fn load_native(cx: &mut CallContext<'_>) -> NativeResult {
    cx.ret_bytes(b"")
}

/// `package.loadlib(path, function)`, as where the system has no dynamic libraries.
fn loadlib(cx: &mut CallContext<'_>) -> NativeResult {
    cx.bytes(0)?;
    cx.bytes(1)?;
    let message = string(cx, b"dynamic libraries not enabled; check your Lua installation")?;
    cx.ret_all(&[nil(), message, string(cx, b"absent")?])
}

/// Makes the table of a module the environment of its caller.
fn module(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.string(0)?;
    let loaded = package_table(cx, "loaded")?;
    let module = match table::get_str(cx, loaded, name).as_table(cx) {
        Some(module) => module,
        None => {
            let Some(module) = global_table(cx, name.as_bytes())? else {
                let message = format!("name conflict for module '{}'", show(name.as_bytes()));
                return Err(error::throw_from_native(cx, message));
            };
            table::set_str(cx, loaded, name, module.boxed())?;
            module
        }
    };
    if table::get_str(cx, module, cx.str(b"_NAME")?) == nil() {
        let package = name
            .as_bytes()
            .iter()
            .rposition(|&byte| byte == b'.')
            .map_or(0, |dot| dot + 1);
        table::set_str(cx, module, cx.str(b"_M")?, module.boxed())?;
        table::set_str(cx, module, cx.str(b"_NAME")?, name.boxed())?;
        table::set_str(
            cx,
            module,
            cx.str(b"_PACKAGE")?,
            string(cx, &name.as_bytes()[..package])?,
        )?;
    }
    let caller = cx.frames().nth(1).and_then(|frame| frame.callee::<Function>());
    match caller.filter(|caller| !caller.code.get(cx).bytecode().is_empty()) {
        Some(caller) => caller.set(|f| &f.env, module),
        None => return Err(error::throw_from_native(cx, "'module' not called from a Lua function")),
    }
    let module = cx.top();
    cx.push(table::get_str(cx, package_table(cx, "loaded")?, cx.string(0)?))?;
    for option in 1..cx.count() {
        let pending = cx.prepare(cx.arg(option), &[cx.slot(module)])?;
        let results = cx.call(pending)?;
        cx.pop(results);
    }
    cx.ret_none()
}

/// The table at a dotted name among the globals, made where it is missing; `None` if something else is there.
fn global_table<'v>(vm: &'v Vm, name: &[u8]) -> Result<Option<Ref<'v, Table>>, Throw> {
    let mut at = lua(vm).globals(vm);
    for part in name.split(|&byte| byte == b'.') {
        let key = vm.str(part)?;
        let found = table::get_str(vm, at, key);
        at = match found.as_table(vm) {
            Some(next) => next,
            None if found == nil() => {
                let made = alloc::table(vm)?;
                table::set_str(vm, at, key, made.boxed())?;
                made
            }
            None => return Ok(None),
        };
    }
    Ok(Some(at))
}

/// Lets a module see the globals.
fn seeall(cx: &mut CallContext<'_>) -> NativeResult {
    let module = cx.table(0)?;
    let metatable = match module.metatable.get(cx) {
        Some(metatable) => metatable,
        None => {
            let metatable = table::new(cx, 0, 1)?;
            module.set(|t| &t.metatable, Some(metatable));
            hooks::note_mode(cx, module);
            metatable
        }
    };
    table::set_str(cx, metatable, cx.str(b"__index")?, lua(cx).globals(cx).boxed())?;
    cx.ret_none()
}
