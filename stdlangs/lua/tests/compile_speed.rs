//! How fast functions are compiled. To be run alone, optimised:
//! `cargo test --release -p dg-lua --test compile_speed -- --ignored --nocapture`.
//!
//! All functions of the programs in `benches/lua` and `tests/lua` are compiled, none is run; `DG_SOURCES=directory` takes those
//! below a directory instead.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dg_lua::{Function, Lua, Options, StdLib, Tier};

/// How often everything is loaded and compiled.
const ROUNDS: usize = 40;

#[test]
#[ignore = "measures time"]
fn functions_are_compiled_fast() {
    let mut options = Options::default();
    options.jit.tier = Tier::Automatic;
    options.jit.budget = 256 << 20;
    let lua = Lua::new_with(StdLib::ALL, options).expect("there is memory for a state");
    let sources = sources();
    let mut fastest = f64::INFINITY;
    let mut total = Duration::ZERO;
    for _ in 0..ROUNDS {
        let chunks = sources.iter().map(|source| lua.load(&source[..]).into_function());
        let functions: Vec<Function> = chunks.filter_map(Result::ok).collect();
        assert!(functions.len() > sources.len() / 2, "most sources are programs");
        let before = lua.jit_stats();
        let start = cpu_time();
        lua.compile_all();
        let time = cpu_time() - start;
        let instructions = lua.jit_stats().instructions - before.instructions;
        fastest = fastest.min(time.as_secs_f64() / instructions as f64);
        total += time;
        drop(functions);
        lua.gc_collect();
    }
    let stats = lua.jit_stats();
    assert_eq!((stats.refused, stats.evicted), (0, 0));
    let millions = |seconds_for_one: f64| 1e-6 / seconds_for_one;
    println!(
        "{} functions of {} instructions, {:.1} bytes each: {:.1} M instructions/s, {:.1} in the fastest of {ROUNDS} \
         rounds; hot code {:.1} times the bytecode, cold code {:.1} times",
        stats.functions,
        stats.instructions,
        stats.bytecode_bytes as f64 / stats.instructions as f64,
        millions(total.as_secs_f64() / stats.instructions as f64),
        millions(fastest),
        stats.hot_bytes as f64 / stats.bytecode_bytes as f64,
        stats.cold_bytes as f64 / stats.bytecode_bytes as f64,
    );
}

fn sources() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut directories = match std::env::var_os("DG_SOURCES") {
        Some(directory) => vec![PathBuf::from(directory)],
        None => vec![root.join("benches/lua"), root.join("tests/lua")],
    };
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(&directory).expect("a directory of programs");
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "lua") {
                sources.push(fs::read(&path).expect("a file that was just listed"));
            }
        }
    }
    sources
}

fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the time.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
