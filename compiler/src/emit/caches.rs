//! What instructions remember, as tables for the runtime.

use std::fmt::Write as _;

use indexmap::IndexSet;

use super::image::{Image, Opcode};
use super::names::value_name;
use crate::ir::Type;
use crate::ir::ids::BytecodeId;
use crate::ir::spec::{CacheForm, Variant};

/// The caches of an image: one for each variant that the builder writes, shared by its forms.
pub(super) struct Caches<'i> {
    rows: IndexSet<(BytecodeId, &'i Variant)>,
}

impl<'i> Caches<'i> {
    pub(super) fn of(image: &'i Image) -> Self {
        let cached = image.opcodes.iter().filter(|opcode| opcode.variant.cache.is_some());
        Self {
            rows: cached.map(|opcode| (opcode.bytecode, &opcode.variant)).collect(),
        }
    }

    /// The row of an opcode with a cache.
    pub(super) fn index(&self, opcode: &'i Opcode) -> usize {
        match self.rows.get_index_of(&(opcode.bytecode, &opcode.variant)) {
            Some(index) => index,
            None => unreachable!("{} has a cache, so it has a row", opcode.name),
        }
    }
}

/// `pub mod events { pub const SHAPES_CHANGED: CacheEvent = CacheEvent(0); }` and
/// `static CACHES: [CacheInfo; N] = [CacheInfo { linking: 7, .. }, ..];`
pub(super) fn caches(image: &Image) -> String {
    let mut out = String::new();
    let caches = Caches::of(image);
    let events = events(image);
    events_module(&mut out, &events);
    if caches.rows.is_empty() {
        return out;
    }
    let names = ["CacheEvent", "CachedReference", "CallWords"];
    let mut rows = String::new();
    for (bytecode, variant) in &caches.rows {
        cache(&mut rows, image, *bytecode, variant, &events);
    }
    let mut used: Vec<&str> = names.into_iter().filter(|name| rows.contains(name)).collect();
    used.extend(["CacheCase", "CacheInfo"]);
    used.sort_unstable();
    let _ = writeln!(out, "use dg_runtime::{{{}}};\n", used.join(", "));
    let _ = writeln!(
        out,
        "/// What instructions remember.\nstatic CACHES: [CacheInfo; {}] = [",
        caches.rows.len()
    );
    out.push_str(&rows);
    out.push_str("];\n\n");
    out
}

/// The events that runtime functions name, in declared order.
fn events(image: &Image) -> IndexSet<&str> {
    let externs = image.spec.externs.values();
    externs
        .filter_map(|function| function.effects.until.as_deref())
        .collect()
}

fn events_module(out: &mut String, events: &IndexSet<&str>) {
    if events.is_empty() {
        return;
    }
    out.push_str("/// The events of `pure until EVENT`, for `Vm::invalidate`.\npub mod events {\n    use dg_runtime::CacheEvent;\n\n");
    for (number, event) in events.iter().enumerate() {
        let name = value_name(event).to_uppercase();
        let _ = writeln!(
            out,
            "    /// `{event}`\n    pub const {name}: CacheEvent = CacheEvent({number});"
        );
    }
    out.push_str("}\n\n");
}

fn cache(out: &mut String, image: &Image, bytecode: BytecodeId, variant: &Variant, events: &IndexSet<&str>) {
    let encoding = variant.encoding();
    let (Some(shape), Some(place)) = (&variant.cache, &encoding.cache) else {
        unreachable!("rows are variants with a cache")
    };
    let opcode = |form| {
        let is_it = |opcode: &Opcode| opcode.bytecode == bytecode && &opcode.variant == variant && opcode.form == form;
        match image.opcodes.iter().position(is_it) {
            Some(number) => number,
            None => unreachable!("a variant with a cache has all forms"),
        }
    };
    let until = shape.until.as_deref().and_then(|event| events.get_index_of(event));
    let until = until.map_or("None".to_owned(), |event| format!("Some(CacheEvent({event}))"));
    let _ = writeln!(
        out,
        "    CacheInfo {{\n        linking: {},\n        uncached: {},\n        links: {},\n        key: &[{}],\n\
         \x20       cases: &[",
        opcode(CacheForm::Linking),
        opcode(CacheForm::Plain),
        place.links,
        references(&shape.key, &place.key),
    );
    for (number, ((_, types), offsets)) in shape.cases.iter().zip(&place.cases).enumerate() {
        let _ = writeln!(
            out,
            "            CacheCase {{ opcode: {}, words: &[{}] }},",
            opcode(CacheForm::Case(number as u32)),
            references(types, offsets)
        );
    }
    let call = if shape.is_call {
        let places = place.cases.iter().map(|words| match words[..] {
            [callee, first, frame] => format!("CallWords {{ callee: {callee}, first: {first}, frame: {frame} }}"),
            _ => unreachable!("three words are remembered of a call"),
        });
        format!("Some([{}])", places.collect::<Vec<_>>().join(", "))
    } else {
        "None".to_owned()
    };
    let _ = writeln!(
        out,
        "        ],\n        until: {until},\n        ways: {},\n        call: {call},\n    }},",
        shape.ways
    );
}

/// The words that may refer to objects.
fn references(types: &[Type], offsets: &[u32]) -> String {
    let words = types.iter().zip(offsets).filter_map(|(ty, at)| match ty {
        Type::Ref(_) => Some(format!("CachedReference::Reference({at})")),
        Type::Val(_) => Some(format!("CachedReference::Value({at})")),
        _ => None,
    });
    words.collect::<Vec<_>>().join(", ")
}
