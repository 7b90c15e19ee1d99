//! `package`, `require` and `module`, for modules that are written in Lua.

use std::os::unix::ffi::OsStrExt;

use dg_runtime::{CallContext, NativeResult, Ref, Throw, Value, Vm};

use super::args::Args;
use super::base::load_file;
use super::files::path_of;
use super::table::extensions;
use super::{Functions, library, register};
use crate::chunk::LoadError;
use crate::core::coerce::{self, is_truthy, string};
use crate::core::state::lua;
use crate::core::{alloc, error, table};
use crate::generated::{Boxed, Function, Table, ValueKind, nil, true_};

/// Where modules are looked for: `?` stands for the name, with `/` for its dots.
const PATH: &str = "./?.lua;/usr/local/share/lua/5.1/?.lua;/usr/local/share/lua/5.1/?/init.lua;\
                    /usr/local/lib/lua/5.1/?.lua;/usr/local/lib/lua/5.1/?/init.lua";

/// Where native modules would be looked for.
const NATIVE_PATH: &str = "./?.so;/usr/local/lib/lua/5.1/?.so;/usr/local/lib/lua/5.1/loadall.so";

/// Why they cannot be loaded.
const NO_NATIVE: &str = "dynamic libraries not enabled; check your Lua installation";

/// What `require` asks in turn.
const LOADERS: Functions = &[
    ("preload loader", load_preloaded),
    ("file loader", load_from_path),
    ("native loader", load_native),
    ("native root loader", load_native_root),
];

/// Opens the library; the tables of the other libraries must be there.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    let globals = lua(vm).globals(vm);
    let package = library(vm, "package", &[("loadlib", loadlib), ("seeall", seeall)])?;
    register(vm, globals, FUNCTIONS)?;
    let loaded = table::new(vm, 0, 16)?;
    for name in [
        "_G",
        "bit",
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
    let preload = alloc::table(vm)?;
    extensions::preload(vm, preload)?;
    let fields = [
        ("loaded", loaded.boxed()),
        ("preload", preload.boxed()),
        ("loaders", loaders.boxed()),
        ("path", string(vm, &path_from("LUA_PATH", PATH))?),
        ("cpath", string(vm, &path_from("LUA_CPATH", NATIVE_PATH))?),
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

/// What an environment variable says, where `;;` stands for the default, or else the default.
fn path_from(variable: &str, default: &str) -> Vec<u8> {
    match std::env::var_os(variable) {
        Some(path) => {
            let marked = replace(path.as_bytes(), b";;", b";\x01;");
            replace(&marked, b"\x01", default.as_bytes())
        }
        None => default.as_bytes().to_vec(),
    }
}

/// Puts `by` wherever `part` is.
fn replace(text: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut from = 0;
    for at in memchr::memmem::find_iter(text, part) {
        replaced.extend_from_slice(&text[from..at]);
        replaced.extend_from_slice(by);
        from = at + part.len();
    }
    replaced.extend_from_slice(&text[from..]);
    replaced
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

/// Where a module is.
enum Search {
    /// In this file, which can be read.
    Found(Vec<u8>),
    /// Nowhere; with a line for each file that is not there.
    Missing(Vec<u8>),
}

/// Looks for a module along the path in a field of `package`.
fn search(cx: &CallContext<'_>, field: &str, name: &[u8]) -> Result<Search, Throw> {
    let path = package_field(cx, field)?;
    let mut text = Vec::new();
    if !coerce::append_text(cx, &mut text, path) {
        return Err(error::throw_from_native(
            cx,
            format!("'package.{field}' must be a string"),
        ));
    }
    let file_name = replace(name, b".", b"/");
    let mut reasons = Vec::new();
    for template in text.split(|&byte| byte == b';').filter(|template| !template.is_empty()) {
        let candidate = replace(template, b"?", &file_name);
        if std::fs::File::open(path_of(&candidate)).is_ok() {
            return Ok(Search::Found(candidate));
        }
        reasons.extend_from_slice(&[b"\n\tno file '", &candidate[..], b"'"].concat());
    }
    Ok(Search::Missing(reasons))
}

/// The module cannot be loaded from the file that it is in.
fn broken(cx: &CallContext<'_>, name: &[u8], file: &[u8], reason: &[u8]) -> Throw {
    let message = [
        b"error loading module '",
        name,
        b"' from file '",
        file,
        b"':\n\t",
        reason,
    ];
    error::throw_from_native(cx, message.concat())
}

fn load_from_path(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.bytes(0)?;
    match search(cx, "path", name)? {
        Search::Found(file) => match load_file(cx, Some(&file)) {
            Ok(function) => cx.ret(function.boxed()),
            Err(LoadError::Thrown(throw)) => Err(throw),
            Err(LoadError::Syntax(message)) => Err(broken(cx, name, &file, &message)),
        },
        Search::Missing(reasons) => cx.ret_bytes(&reasons),
    }
}

/// A module that is no Lua is found, and refused.
fn load_native(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.bytes(0)?;
    match search(cx, "cpath", name)? {
        Search::Found(file) => Err(broken(cx, name, &file, NO_NATIVE.as_bytes())),
        Search::Missing(reasons) => cx.ret_bytes(&reasons),
    }
}

/// As [`load_native`], for the module that the one with this name would be a part of.
fn load_native_root(cx: &mut CallContext<'_>) -> NativeResult {
    let name = cx.bytes(0)?;
    let Some(dot) = name.iter().position(|&byte| byte == b'.') else {
        return cx.ret_none();
    };
    match search(cx, "cpath", &name[..dot])? {
        Search::Found(file) => Err(broken(cx, name, &file, NO_NATIVE.as_bytes())),
        Search::Missing(reasons) => cx.ret_bytes(&reasons),
    }
}

/// `package.loadlib(path, function)`, as where the system has no dynamic libraries.
fn loadlib(cx: &mut CallContext<'_>) -> NativeResult {
    cx.bytes(0)?;
    cx.bytes(1)?;
    let message = string(cx, NO_NATIVE.as_bytes())?;
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
    let metatable = match table::metatable(cx, module) {
        Some(metatable) => metatable,
        None => {
            let metatable = table::new(cx, 0, 1)?;
            table::set_metatable(cx, module, Some(metatable))?;
            metatable
        }
    };
    table::set_str(cx, metatable, cx.str(b"__index")?, lua(cx).globals(cx).boxed())?;
    cx.ret_none()
}
