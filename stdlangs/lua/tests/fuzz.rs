//! The libraries, called with arguments at random: whatever they are given, they answer or throw an error.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use dg_lua::{Error, Lua, LuaString, Options, StdLib, Tier};

/// Takes a seed, the number of calls, and a function that is told of each call and what came of it.
const PROGRAM: &str = include_str!("fuzz/library.lua");

/// What a run may take before it is taken for one that never ends.
const TIME: Duration = Duration::from_secs(300);

/// Runs calls, and answers what came of them.
fn run(seed: u32, calls: u32, options: Options) -> Vec<String> {
    let lua = Lua::new_with(StdLib::ALL, options).expect("there is memory for a state");
    let outcomes = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&outcomes);
    let show = lua.create_function(move |_, outcome: LuaString| {
        seen.borrow_mut().push(outcome.to_string_lossy());
        Ok(())
    });
    let program = lua.load(PROGRAM).set_name("@library.lua").into_function();
    let ran = lua.time_limit(TIME, || program?.call::<()>((seed, calls, show?)));
    match ran {
        // Where memory is short, the program itself may be what gets none.
        Ok(()) | Err(Error::MemoryError(_)) => {}
        Err(error) => panic!("seed {seed}, after {:?}: {error}", outcomes.borrow().last()),
    }
    outcomes.take()
}

fn options(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

/// All there is to check about the calls of a seed.
fn check(seed: u32, calls: u32) {
    let interpreted = run(seed, calls, options(|options| options.jit.tier = Tier::Interpreter));
    assert_eq!(interpreted.len(), calls as usize, "seed {seed}");
    let compiled = run(seed, calls, options(|options| options.jit.tier = Tier::Compiler));
    for (interpreted, compiled) in interpreted.iter().zip(&compiled) {
        assert_eq!(interpreted, compiled, "seed {seed}");
    }
    let stressed = run(seed, calls / 20, options(|options| options.gc.stress = true));
    for (interpreted, stressed) in interpreted.iter().zip(&stressed) {
        assert_eq!(
            interpreted, stressed,
            "seed {seed}, with a collection at every safepoint"
        );
    }
    for mebibytes in [4, 6, 10] {
        run(seed, calls, options(|options| options.gc.limit = Some(mebibytes << 20)));
    }
}

#[test]
fn smoke() {
    for seed in [1, 2] {
        check(seed, 1500);
    }
}

/// For as many seeds as `FUZZ_SEEDS` says, from `FUZZ_SEED` on, which is the time if it is not set.
#[test]
#[ignore = "runs long"]
fn many_seeds() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let first = number("FUZZ_SEED").unwrap_or(now.as_secs() as u32);
    for seed in (0..number("FUZZ_SEEDS").unwrap_or(100)).map(|offset| first.wrapping_add(offset)) {
        // Not captured: it has to be seen when the process crashes.
        writeln!(std::io::stderr(), "seed {seed}").expect("somebody watches");
        check(seed, 20_000);
    }
}
