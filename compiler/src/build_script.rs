//! For the build scripts of languages that live in Rust crates of their own.
//!
//! The `main` of a `build.rs`:
//!
//! ```no_run
//! dg_compiler::build_script::compile("my_language.dg");
//! ```
//!
//! In `src/lib.rs`: a module `generated` with `include!(concat!(env!("OUT_DIR"), "/vm.rs"));`.

use std::path::{Path, PathBuf};
use std::process;

use dg_spec::Style;

use crate::pipeline::{self, Failure, Options};

/// The environment variable that names optimisations to leave out, separated by commas.
pub const DISABLE: &str = "DG_DISABLE";

/// Compiles the specification at `path` (from the crate's root) to `vm.rs` and `vm.s` in `OUT_DIR`. Ends the build with
/// the diagnostics when there are errors.
pub fn compile(path: impl AsRef<Path>) {
    let path = path.as_ref();
    println!("cargo::rerun-if-changed={}", path.display());
    println!("cargo::rerun-if-env-changed={DISABLE}");
    if let Err(message) = try_compile(path) {
        eprint!("{message}");
        process::exit(1);
    }
}

fn try_compile(path: &Path) -> Result<(), String> {
    let shown = path.display().to_string();
    let cannot = |error: &dyn std::fmt::Display| format!("error: {shown}: {error}\n");
    let bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    let source =
        dg_spec::decode(&bytes).map_err(|diagnostic| dg_spec::render(&shown, "", &[diagnostic], 1, Style::Plain))?;
    let disabled = std::env::var(DISABLE).unwrap_or_default();
    let disabled = disabled.split(',').map(str::trim).filter(|name| !name.is_empty());
    let options = Options::without(disabled).map_err(|error| format!("error: {DISABLE}: {error}\n"))?;
    let files = pipeline::vm(source, &options).map_err(|failure| match failure {
        Failure::Spec(diagnostics) => dg_spec::render(&shown, source, &diagnostics, usize::MAX, Style::Plain),
        Failure::Unsupported(message) => cannot(&message),
    })?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("error: OUT_DIR is not set: this is no build script\n")?);
    std::fs::write(out.join("vm.rs"), files.module).map_err(|error| cannot(&error))?;
    std::fs::write(out.join("vm.s"), files.assembly).map_err(|error| cannot(&error))?;
    println!("cargo::rustc-env=DG_VM_DIR={}", out.display());
    Ok(())
}
