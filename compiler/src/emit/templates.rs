//! Templates of compiled code as static tables: bytes, and what to write where.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use dg_backend_x64::code::{CodeObject, HoleField, RelocationKind};
use indexmap::IndexSet;

use super::image::{Exit, Image, Place as SlotField, Template, TemplatePart, TemplateVersion, Written};
use crate::lower::{Hole, HoleSource};

/// Bytes of the blocks that code is copied in: the runtime's `Bytes::BLOCK`.
const BLOCK: usize = 32;

/// A template whose parts have been joined.
struct Joined {
    hot: Vec<u8>,
    cold: Vec<u8>,
    patches: Vec<String>,
    is_linked: bool,
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
    for template in distinct(image).chain(&image.stub_templates) {
        for version in &template.versions {
            join(version, &mut outer);
        }
    }
    outer
}

/// The templates of opcodes, each once: several opcodes may have the same.
fn distinct(image: &Image) -> impl Iterator<Item = &Template> {
    let mut seen = HashSet::new();
    image
        .templates
        .iter()
        .filter(move |template| seen.insert(&template.name))
}

/// `static TEMPLATES: [Template; N] = [Template { hot: Bytes { .. }, cold: Bytes { .. }, patches: &[..], .. }, ..];`
pub(super) fn templates(image: &Image) -> String {
    let mut outer = IndexSet::new();
    let mut out = String::new();
    let of_opcodes: Vec<&Template> = distinct(image).collect();
    let numbers = image.templates.iter().map(|template| {
        let number = of_opcodes.iter().position(|other| other.name == template.name);
        number.map_or_else(String::new, |number| number.to_string())
    });
    let numbers: Vec<String> = numbers.collect();
    let _ = writeln!(
        out,
        "static OPCODE_TEMPLATES: [u16; {}] = [{}];\n",
        numbers.len(),
        numbers.join(", ")
    );
    let tables = [
        ("TEMPLATES", of_opcodes),
        ("STUB_TEMPLATES", image.stub_templates.iter().collect()),
    ];
    for (name, templates) in tables {
        let _ = writeln!(out, "static {name}: [Template; {}] = [", templates.len());
        for template in templates {
            let reads: Vec<String> = template.reads.iter().copied().map(slot).collect();
            let _ = writeln!(
                out,
                "    // {}\n    Template {{\n        length: {},\n        label: {},\n        reads: &[{}],\n        \
                 checked: {},",
                template.name,
                template.length,
                template.label.unwrap_or(0),
                reads.join(", "),
                template.checked,
            );
            let joined: Vec<Joined> = template
                .versions
                .iter()
                .map(|version| join(version, &mut outer))
                .collect();
            let most = |length: fn(&Joined) -> usize| joined.iter().map(length).max().unwrap_or(0);
            let _ = writeln!(
                out,
                "        most_hot: {},\n        most_cold: {},\n        versions: &[",
                most(|joined| joined.hot.len()),
                most(|joined| joined.cold.len()),
            );
            for (version, joined) in template.versions.iter().zip(joined) {
                out.push_str(&version_text(version, joined));
            }
            out.push_str("        ],\n    },\n");
        }
        out.push_str("];\n\n");
    }
    out
}

/// `Version { hot: Bytes { .. }, cold: Bytes { .. }, patches: &[..], next: Exit { .. }, target: Exit { .. } }`
fn version_text(version: &TemplateVersion, joined: Joined) -> String {
    let mut out = format!(
        "            Version {{\n                hot: {},\n                cold: {},\n                next: {},\n                \
         target: {},\n                is_linked: {},\n                patches: &[\n",
        bytes(&joined.hot),
        bytes(&joined.cold),
        exit(version.next.as_ref()),
        exit(version.target.as_ref()),
        joined.is_linked,
    );
    for patch in joined.patches {
        let _ = writeln!(out, "                    {patch},");
    }
    out.push_str("                ],\n            },\n");
    out
}

/// `SlotField::new(2, 0)`
fn slot(place: SlotField) -> String {
    format!("SlotField::new({}, {})", place.offset, place.element)
}

/// `Some(Exit { keeps: true, doubles: 3, writes: &[Write::double(SlotField::new(2, 0), 2)] })`
fn exit(exit: Option<&Exit>) -> String {
    let Some(exit) = exit else { return "None".into() };
    let writes: Vec<String> = exit
        .writes
        .iter()
        .map(|write| match write.register {
            Some((register, Written::Double)) => format!("Write::double({}, {register})", slot(write.place)),
            Some((register, Written::Like(read))) => format!("Write::like({}, {register}, {read})", slot(write.place)),
            Some((register, Written::Any)) => format!("Write::any({}, {register})", slot(write.place)),
            Some((register, Written::Lost)) => format!("Write::lost({}, {register})", slot(write.place)),
            None => format!("Write::unknown({})", slot(write.place)),
        })
        .collect();
    format!(
        "Some(Exit {{ keeps: {}, doubles: {}, writes: &[{}] }})",
        exit.keeps,
        exit.doubles,
        writes.join(", ")
    )
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
fn join(version: &TemplateVersion, outer: &mut IndexSet<String>) -> Joined {
    let mut joiner = Joiner {
        hot: Vec::new(),
        cold: Vec::new(),
        symbols: HashMap::new(),
        patches: Vec::new(),
        is_linked: false,
        outer,
    };
    let starts: Vec<[u32; 2]> = version.parts.iter().map(|part| joiner.place(part)).collect();
    for (part, [hot, cold]) in version.parts.iter().zip(starts) {
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
        is_linked: joiner.is_linked,
    }
}

struct Joiner<'o> {
    hot: Vec<u8>,
    cold: Vec<u8>,
    symbols: HashMap<String, Place>,
    patches: Vec<String>,
    is_linked: bool,
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
        for site in &object.high_vectors {
            self.patch(
                start.plus(site.offset),
                "Register",
                site.shift.into(),
                site.number.into(),
                0,
            );
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
        self.is_linked |= hole.source == HoleSource::Link;
        let (kind, source) = match hole.source {
            HoleSource::U16(offset) => ("U16", offset),
            HoleSource::I32(offset) => ("I32", offset),
            HoleSource::CacheKey(offset) => ("CacheKey", offset),
            HoleSource::CacheReference(offset) => ("CacheReference", offset),
            HoleSource::CacheNumber(offset) => ("CacheNumber", offset),
            HoleSource::Link => ("Link", 0),
            HoleSource::Position => ("Position", 0),
            HoleSource::FrameSize => ("FrameSize", 0),
            HoleSource::Params => ("Params", 0),
            HoleSource::Bytecode => ("Bytecode", 0),
            HoleSource::Next => ("Next", 0),
            HoleSource::Target(offset) => ("Target", offset),
            HoleSource::Slot => ("Slot", 0),
            HoleSource::Place => ("Place", 0),
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
