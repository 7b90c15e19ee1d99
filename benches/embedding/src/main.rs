//! Calls between Rust and Lua, through `dg-lua` and through `mlua` with PUC Lua 5.1, side by side in one run.
//!
//! Both have the same source here: the macro below is expanded with either crate. The rounds of the two take turns, and CPU
//! time counts, so that what else the machine does falls on both alike. Of each the median of all rounds is shown.

use std::time::Duration;

/// Operations of one round.
const OPERATIONS: u32 = 100_000;

/// A benchmark that is set up: runs so many operations.
type Run = Box<dyn Fn(u32)>;

/// The benchmarks with one of the crates: names, and how they are set up.
macro_rules! benchmarks {
    ($name:ident, $library:ident) => {
        mod $name {
            use $library::{Function, Lua, Table, UserData, UserDataMethods};

            use super::Run;

            struct Counter(f64);

            impl UserData for Counter {
                fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
                    methods.add_method("get", |_, counter, ()| Ok(counter.0));
                    methods.add_method_mut("add", |_, counter, by: f64| {
                        counter.0 += by;
                        Ok(())
                    });
                }
            }

            /// A function of Lua that is given the number of operations.
            fn looping(lua: &Lua, body: &str) -> Run {
                let source = format!("local n = ... for i = 1, n do {body} end");
                let function: Function = lua.load(&source).into_function().unwrap();
                Box::new(move |count| function.call::<()>(count).unwrap())
            }

            pub fn set_up(lua: &Lua) -> Vec<(&'static str, Run)> {
                let empty: Function = lua.load("function() end").eval().unwrap();
                let add: Function = lua.load("function(a, b) return a + b end").eval().unwrap();
                let length: Function = lua.load("function(s) return #s end").eval().unwrap();
                let globals: Table = lua.globals();
                let define = |name: &str, function: Function| globals.set(name, function).unwrap();
                define("empty", lua.create_function(|_, ()| Ok(())).unwrap());
                define(
                    "add",
                    lua.create_function(|_, (a, b): (f64, f64)| Ok(a + b)).unwrap(),
                );
                define(
                    "text",
                    lua.create_function(|_, text: String| Ok(text.len())).unwrap(),
                );
                let back = add.clone();
                define(
                    "back",
                    lua.create_function(move |_, n: f64| back.call::<f64>((n, 1.0)))
                        .unwrap(),
                );
                globals.set("counter", Counter(0.0)).unwrap();
                let table = lua.create_table().unwrap();
                table.set("field", 1.0).unwrap();
                vec![
                    (
                        "Rust calls an empty Lua function",
                        Box::new(move |count: u32| (0..count).for_each(|_| empty.call::<()>(()).unwrap())) as Run,
                    ),
                    (
                        "Rust calls a Lua function that adds two numbers",
                        Box::new(move |count: u32| {
                            let sum: f64 = (0..count).map(|n| add.call::<f64>((n, 1.0)).unwrap()).sum();
                            assert!(sum > 0.0);
                        }),
                    ),
                    (
                        "Rust calls a Lua function with a string",
                        Box::new(move |count: u32| {
                            (0..count).for_each(|_| assert!(length.call::<u32>("text").unwrap() == 4))
                        }),
                    ),
                    ("Lua calls an empty Rust function", looping(lua, "empty()")),
                    (
                        "Lua calls a Rust function that adds two numbers",
                        looping(lua, "add(i, 1)"),
                    ),
                    (
                        "Lua calls a Rust function with a string",
                        looping(lua, "text('text')"),
                    ),
                    (
                        "Lua calls a Rust function that calls Lua back",
                        looping(lua, "back(i)"),
                    ),
                    (
                        "Lua calls a method that reads a userdata",
                        looping(lua, "counter:get()"),
                    ),
                    (
                        "Lua calls a method that changes a userdata",
                        looping(lua, "counter:add(1)"),
                    ),
                    (
                        "Rust reads and writes a field of a table",
                        Box::new(move |count: u32| {
                            for _ in 0..count {
                                let number: f64 = table.get("field").unwrap();
                                table.set("field", number + 1.0).unwrap();
                            }
                        }),
                    ),
                ]
            }
        }
    };
}

benchmarks!(ours, dg_lua);
benchmarks!(theirs, mlua);

/// Takes the number of rounds, and a part of the names of the benchmarks to run.
fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments
        .next()
        .map_or(31, |rounds| rounds.parse().expect("a number of rounds"));
    let wanted = arguments.next().unwrap_or_default();
    let (ours, theirs) = (dg_lua::Lua::new(), mlua::Lua::new());
    println!(
        "{:<50} {:>9} {:>9} {:>7}",
        "nanoseconds of CPU time", "dg-lua", "mlua", "ratio"
    );
    let benchmarks = ours::set_up(&ours).into_iter().zip(theirs::set_up(&theirs));
    for ((name, our_run), (_, their_run)) in benchmarks.filter(|((name, _), _)| name.contains(&wanted)) {
        let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            our_times.push(time(&our_run));
            their_times.push(time(&their_run));
        }
        let (our, their) = (median(our_times), median(their_times));
        println!("{name:<50} {our:>9.1} {their:>9.1} {:>7.2}", their / our);
    }
}

/// Nanoseconds of an operation.
fn time(run: &Run) -> f64 {
    let begin = cpu_time();
    run(OPERATIONS);
    (cpu_time() - begin).as_nanos() as f64 / f64::from(OPERATIONS)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// CPU time of this thread.
fn cpu_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock exists on Linux, and the result is written to where it may be.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    assert_eq!(failed, 0, "the clock of the thread");
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
