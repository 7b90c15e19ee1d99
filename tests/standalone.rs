//! A VM that `dgc build` writes is a crate that builds by itself, with the runtime alone and without warnings.

use std::path::Path;
use std::process::Command;

use dg_compiler::emit::standalone_crate;
use dg_compiler::pipeline::{self, Options};

#[test]
fn a_generated_vm_builds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = include_str!("../stdlangs/lua.dg");
    let image = pipeline::image(source, &Options::default()).expect("the specification is right");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lua-vm");
    for (path, text) in standalone_crate(&image, "lua-vm", Some(&root.join("runtime"))) {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a file in the crate")).expect("the target directory is writable");
        std::fs::write(path, text).expect("the target directory is writable");
    }
    // The versions that this workspace has: nothing has to be looked up.
    std::fs::copy(root.join("Cargo.lock"), directory.join("Cargo.lock")).expect("the workspace has a lock file");
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet"])
        .current_dir(&directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .env("RUSTFLAGS", "-D warnings")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
