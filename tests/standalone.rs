//! A VM that `dgc build` writes is a crate that builds by itself, with the runtime alone and without warnings.

use std::path::{Path, PathBuf};
use std::process::Command;

use dg_compiler::emit::standalone_crate;
use dg_compiler::pipeline::{self, Options};

#[test]
fn a_generated_vm_builds() {
    let directory = write("lua-vm", include_str!("../stdlangs/lua.dg"));
    cargo(&["check"], &directory);
}

#[test]
fn everything_crosses_to_the_host() {
    let directory = write("glue-vm", include_str!("glue/glue.dg"));
    let tests = directory.join("tests");
    std::fs::create_dir_all(&tests).expect("the target directory is writable");
    std::fs::write(tests.join("host.rs"), include_str!("glue/host.rs")).expect("the target directory is writable");
    cargo(&["test", "--test", "host"], &directory);
}

/// Writes the crate of a VM, and answers where it is.
fn write(name: &str, source: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let image = pipeline::image(source, &Options::default()).expect("the specification is right");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (path, text) in standalone_crate(&image, name, Some(&root.join("runtime"))) {
        let path = directory.join(path);
        std::fs::create_dir_all(path.parent().expect("a file in the crate")).expect("the target directory is writable");
        std::fs::write(path, text).expect("the target directory is writable");
    }
    // The versions that this workspace has: nothing has to be looked up.
    std::fs::copy(root.join("Cargo.lock"), directory.join("Cargo.lock")).expect("the workspace has a lock file");
    directory
}

fn cargo(arguments: &[&str], directory: &Path) {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--quiet"])
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .env("RUSTFLAGS", "-D warnings")
        .output()
        .expect("cargo runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}
