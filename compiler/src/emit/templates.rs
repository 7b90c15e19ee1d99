//! Templates of compiled code as static tables: bytes, and what to write where.

use std::collections::HashMap;
use std::fmt::Write as _;

use dg_backend_x64::code::{CodeObject, HoleField, RelocationKind};
use indexmap::IndexSet;

use super::image::{Image, Template, TemplatePart};
use crate::lower::{Hole, HoleSource};

/// Bytes of the blocks that code is copied in: the runtime's `Bytes::BLOCK`.
const BLOCK: usize = 16;

/// A template whose parts have been joined.
struct Joined {
    hot: Vec<u8>,
    cold: Vec<u8>,
    patches: Vec<String>,
}

/// Where something is in a template.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    is_cold: bool,
    offset: u32,
}

/// The symbols outside of templates that these refer to, in the order of their numbers.
pub(super) fn outer_symbols(image: &Image) -> IndexSet<String> {
    let mut outer = IndexSet::new();
    for template in image.templates.iter().chain(&image.stub_templates) {
        join(template, &mut outer);
    }
    outer
}

/// `static TEMPLATES: [Template; N] = [Template { hot: Bytes { .. }, cold: Bytes { .. }, patches: &[..], .. }, ..];`
pub(super) fn templates(image: &Image) -> String {
    let mut outer = IndexSet::new();
    let mut out = String::new();
    let tables = [
        ("TEMPLATES", &image.templates),
        ("STUB_TEMPLATES", &image.stub_templates),
    ];
    for (name, templates) in tables {
        let _ = writeln!(out, "static {name}: [Template; {}] = [", templates.len());
        for template in templates {
            let joined = join(template, &mut outer);
            let _ = writeln!(
                out,
                "    // {}\n    Template {{\n        length: {},\n        label: {},\n        hot: {},\n        \
                 cold: {},\n        patches: &[",
                template.name,
                template.length,
                template.label.unwrap_or(0),
                bytes(&joined.hot),
                bytes(&joined.cold),
            );
            for patch in joined.patches {
                let _ = writeln!(out, "            {patch},");
            }
            out.push_str("        ],\n    },\n");
        }
        out.push_str("];\n\n");
    }
    out
}

/// `Bytes { length: 2, blocks: &[*b"\x48\x8d.."] }`
fn bytes(bytes: &[u8]) -> String {
    let mut text = format!("Bytes {{ length: {}, blocks: &[", bytes.len());
    for block in bytes.chunks(BLOCK) {
        text.push_str("*b\"");
        for index in 0..BLOCK {
            let _ = write!(text, "\\x{:02x}", block.get(index).unwrap_or(&0xCC));
        }
        text.push_str("\", ");
    }
    text.push_str("] }");
    text
}

/// Lays the parts of a template one behind the other.
fn join(template: &Template, outer: &mut IndexSet<String>) -> Joined {
    let mut joiner = Joiner {
        hot: Vec::new(),
        cold: Vec::new(),
        symbols: HashMap::new(),
        patches: Vec::new(),
        outer,
    };
    let starts: Vec<[u32; 2]> = template.parts.iter().map(|part| joiner.place(part)).collect();
    for (part, [hot, cold]) in template.parts.iter().zip(starts) {
        joiner.fields(
            part,
            &part.hot,
            Place {
                is_cold: false,
                offset: hot,
            },
        );
        if let Some(object) = &part.cold {
            joiner.fields(
                part,
                object,
                Place {
                    is_cold: true,
                    offset: cold,
                },
            );
        }
    }
    Joined {
        hot: joiner.hot,
        cold: joiner.cold,
        patches: joiner.patches,
    }
}

struct Joiner<'o> {
    hot: Vec<u8>,
    cold: Vec<u8>,
    symbols: HashMap<String, Place>,
    patches: Vec<String>,
    outer: &'o mut IndexSet<String>,
}

impl Joiner<'_> {
    /// Appends the bytes of a part; answers where its halves start.
    fn place(&mut self, part: &TemplatePart) -> [u32; 2] {
        let starts = [self.hot.len() as u32, self.cold.len() as u32];
        self.hot.extend(&part.hot.bytes);
        self.define(
            &part.hot,
            Place {
                is_cold: false,
                offset: starts[0],
            },
        );
        if let Some(cold) = &part.cold {
            self.cold.extend(&cold.bytes);
            self.define(
                cold,
                Place {
                    is_cold: true,
                    offset: starts[1],
                },
            );
        }
        starts
    }

    fn define(&mut self, object: &CodeObject, start: Place) {
        for site in &object.symbols {
            let place = start.plus(site.offset);
            self.symbols.insert(site.symbol.name().to_owned(), place);
        }
    }

    /// Fills in or notes down the open fields of an object that starts at `start`.
    fn fields(&mut self, part: &TemplatePart, object: &CodeObject, start: Place) {
        for site in &object.holes {
            let hole = part.holes[usize::from(site.kind.0)];
            let distance = match site.field {
                HoleField::Value => 0,
                HoleField::Distance { end } => site.offset as i32 - end as i32,
            };
            self.hole(start.plus(site.offset), hole, distance);
        }
        for relocation in &object.relocations {
            assert_eq!(
                relocation.kind,
                RelocationKind::PcRelative32,
                "templates hold no addresses of symbols"
            );
            let at = start.plus(relocation.offset);
            let name = relocation.symbol.name();
            let addend = relocation.addend as i32;
            match self.symbols.get(name).copied() {
                Some(place) if place.is_cold == at.is_cold => {
                    let value = place.offset as i32 - at.offset as i32 + addend;
                    let half = if at.is_cold { &mut self.cold } else { &mut self.hot };
                    half[at.offset as usize..][..4].copy_from_slice(&value.to_le_bytes());
                }
                Some(place) => {
                    let kind = if place.is_cold { "Cold" } else { "Hot" };
                    self.patch(at, kind, 1, place.offset, addend);
                }
                None => {
                    let number = self.outer.insert_full(name.to_owned()).0;
                    self.patch(at, "Symbol", 1, number as u32, addend);
                }
            }
        }
    }

    fn hole(&mut self, at: Place, hole: Hole, distance: i32) {
        let (kind, source) = match hole.source {
            HoleSource::U16(offset) => ("U16", offset),
            HoleSource::I32(offset) => ("I32", offset),
            HoleSource::Position => ("Position", 0),
            HoleSource::FrameSize => ("FrameSize", 0),
            HoleSource::Params => ("Params", 0),
            HoleSource::Bytecode => ("Bytecode", 0),
            HoleSource::Next => ("Next", 0),
            HoleSource::Target(offset) => ("Target", offset),
        };
        self.patch(at, kind, hole.scale, source, hole.addend + distance);
    }

    /// `Patch::hot(4, PatchKind::U16, 8, 2, 0)`
    fn patch(&mut self, at: Place, kind: &str, scale: i32, source: u32, addend: i32) {
        let half = if at.is_cold { "cold" } else { "hot" };
        let offset = at.offset;
        self.patches.push(format!(
            "Patch::{half}({offset}, PatchKind::{kind}, {scale}, {source}, {addend})"
        ));
    }
}

impl Place {
    const fn plus(self, bytes: u32) -> Self {
        Self {
            offset: self.offset + bytes,
            ..self
        }
    }
}
