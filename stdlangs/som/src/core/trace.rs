//! Stack traces.

use std::fmt::Write;

use dg_runtime::Vm;

/// So many frames at each end of a trace are shown.
const SHOWN: usize = 12;

/// The frames of the running program, the innermost first, a line each.
pub fn trace(vm: &Vm) -> String {
    let mut lines = Vec::new();
    for frame in vm.frames() {
        let info = frame.code().info();
        let mut line = format!("    {}", info.name);
        if let Some(number) = frame.line() {
            let _ = write!(line, " ({}:{number})", String::from_utf8_lossy(&info.source));
        }
        lines.push(line);
    }
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        if lines.len() > 2 * SHOWN + 1 && index == SHOWN {
            let _ = writeln!(text, "    .. and {} more", lines.len() - 2 * SHOWN);
        }
        if index < SHOWN || index + SHOWN >= lines.len() || lines.len() <= 2 * SHOWN + 1 {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}
