//! Tells tools outside what compiled functions are called.

use std::fs::OpenOptions;
use std::io::Write;

use super::JitOptions;
use super::compile::Compiled;
use super::memory::CodeMemory;
use crate::code::Code;
use crate::language::FunctionName;
use crate::object::Ref;
use crate::vm::Vm;

/// A range of code, and its name.
pub(super) struct Named {
    pub(super) start: usize,
    pub(super) size: usize,
    pub(super) name: String,
}

impl Vm {
    /// Where a function is from: `name source:line`.
    pub(super) fn full_name(&self, code: Ref<'_, Code>) -> String {
        let FunctionName { name, source } = (self.hooks().function_name)(code);
        let space = if name.is_empty() { "" } else { " " };
        format!("{name}{space}{source}:{}", code.info().line_defined)
    }

    /// A function was compiled: tells whoever wants to know.
    pub(super) fn announce(
        &self,
        code: Ref<'_, Code>,
        compiled: &mut Compiled,
        options: JitOptions,
        memory: Option<&CodeMemory>,
    ) {
        #[cfg(feature = "debugging")]
        let wants_names = options.perf_map || options.gdb;
        #[cfg(not(feature = "debugging"))]
        let wants_names = options.perf_map;
        let (true, Some(memory)) = (wants_names, memory) else {
            return;
        };
        let name = self.full_name(code);
        let range = |start: usize, bytes: u32, name: String| Named {
            start: memory.run(start) as usize,
            size: bytes as usize,
            name,
        };
        let ranges = [
            range(compiled.hot.start, compiled.hot_bytes, name.clone()),
            range(compiled.cold.start, compiled.cold_bytes, format!("{name} (cold)")),
        ];
        if options.perf_map {
            write_perf_map(&ranges);
        }
        #[cfg(feature = "debugging")]
        if options.gdb {
            compiled.registration = Some(super::gdb::register(&ranges));
        }
    }
}

/// Appends lines of `perf`'s format: start, size, name. It is written on request only; where it cannot be, names are
/// missing.
fn write_perf_map(ranges: &[Named]) {
    let path = format!("/tmp/perf-{}.map", std::process::id());
    let Ok(mut file) = OpenOptions::new().create(true).append(true).open(path) else {
        return;
    };
    let mut text = String::new();
    for Named { start, size, name } in ranges {
        let name = name.replace('\n', " ");
        text.push_str(&format!("{start:x} {size:x} {name}\n"));
    }
    // One write, as several VMs may append.
    let _ = file.write_all(text.as_bytes());
}
