//! Dataflow graphs as pictures, in the DOT language.

use std::fmt::Write as _;

use crate::ir::print::print_function;
use crate::ir::{BlockId, Function, FunctionId, Program};

/// A picture with a cluster for each of `functions`: blocks with their instructions, edges between them.
pub fn dot(program: &Program, functions: &[FunctionId]) -> String {
    let mut out = String::from("digraph dg {\n  node [shape=box, fontname=monospace, fontsize=10];\n");
    for id in functions {
        cluster(&mut out, program, *id);
    }
    out.push_str("}\n");
    out
}

fn cluster(out: &mut String, program: &Program, id: FunctionId) {
    let function = &program.functions[id];
    let _ = writeln!(
        out,
        "  subgraph \"cluster_{}\" {{\n    label={:?};",
        id.0, function.name
    );
    let text = print_function(program, id);
    let blocks = block_texts(&text);
    for (block, data) in function.blocks.iter() {
        let Some(text) = blocks
            .iter()
            .find(|(name, _)| *name == block.to_string())
            .map(|(_, text)| text)
        else {
            continue;
        };
        let style = if data.cold { ", style=dashed" } else { "" };
        let _ = writeln!(out, "    {} [label=\"{}\"{style}];", node(id, block), escape(text));
    }
    edges(out, id, function);
    out.push_str("  }\n");
}

fn edges(out: &mut String, id: FunctionId, function: &Function) {
    for (block, data) in function.blocks.iter() {
        for edge in data.terminator.edges() {
            let _ = writeln!(out, "    {} -> {};", node(id, block), node(id, edge.block()));
        }
    }
}

fn node(function: FunctionId, block: BlockId) -> String {
    format!("f{}_{}", function.0, block.0)
}

/// The text form of a function, cut at its block headings (`b3:`, `b3(v1: f64):`).
fn block_texts(text: &str) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        let name: String = trimmed.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        let is_heading = trimmed.ends_with(':')
            && name
                .strip_prefix('b')
                .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()));
        if is_heading {
            blocks.push((name, String::new()));
        }
        if let Some((_, body)) = blocks.last_mut()
            && trimmed != "}"
        {
            let _ = writeln!(body, "{trimmed}");
        }
    }
    blocks
}

/// Left-justified lines of a DOT label.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\l")
}
