//! What the runtime is told about the language: one `LanguageInfo`.

use std::fmt::Write as _;

use indexmap::IndexSet;

use super::code::link_name;
use super::image::Image;
use super::names::value_name;
use super::objects::is_code;
use super::templates::outer_symbols;
use crate::ir::spec::{LeafEncoding, RecordKind};

/// `pub fn language<E: Externs>() -> &'static LanguageInfo` and the entries of native functions.
pub fn tables(image: &Image) -> String {
    let mut out = String::new();
    let symbols = Symbols::of(image);
    symbols.declare(&mut out, image);
    natives(&mut out, image, &symbols);
    language(&mut out, image, &symbols);
    out
}

/// The symbols of machine code that Rust mentions, each declared once.
struct Symbols {
    all: IndexSet<String>,
    /// Those that templates refer to, by number.
    of_templates: IndexSet<String>,
}

impl Symbols {
    fn of(image: &Image) -> Self {
        let of_templates = outer_symbols(image);
        let stubs = &image.stubs;
        let named = [
            &stubs.enter,
            &stubs.exit,
            &stubs.exit_thrown,
            &stubs.coroutine_finished,
            &stubs.entry_fixed,
            &stubs.entry_vararg,
            &stubs.entry_native,
            &stubs.safepoint,
        ];
        let catches = image.catches.iter().flat_map(|(from, to)| [from, to]);
        let opcodes = image.opcodes.iter().map(|opcode| &opcode.symbol);
        let all = opcodes
            .chain(image.natives.iter().map(|native| &native.symbol))
            .chain(catches)
            .chain(named)
            .chain(&of_templates)
            .cloned()
            .chain(shared_entries(image))
            .collect();
        Self { all, of_templates }
    }

    /// `unsafe extern "C" { #[link_name = "dg_NAME_ADD"] fn code_0(); .. }`
    fn declare(&self, out: &mut String, image: &Image) {
        out.push_str("unsafe extern \"C\" {\n");
        for (index, symbol) in self.all.iter().enumerate() {
            let _ = writeln!(
                out,
                "    #[link_name = {:?}]\n    fn code_{index}();",
                link_name(image, symbol)
            );
        }
        out.push_str("}\n\n");
    }

    /// `Address(code_7 as *const u8)`
    fn address(&self, symbol: &str) -> String {
        match self.all.get_index_of(symbol) {
            Some(index) => format!("Address(code_{index} as *const u8)"),
            None => unreachable!("{symbol} was not collected"),
        }
    }
}

/// `pub mod natives { pub static PCALL: SpecNative = ..; }`: the functions that are written in the specification. Those
/// that leave some calls to a function of the host are of a type of their own.
fn natives(out: &mut String, image: &Image, symbols: &Symbols) {
    out.push_str("/// The `native fn`s of the specification: their entries, for code objects.\npub mod natives {\n");
    if !image.natives.is_empty() {
        out.push_str("    use super::*;\n\n");
    }
    for (native, entry) in image.spec.natives.values().zip(&image.natives) {
        for line in native.doc.lines() {
            let _ = writeln!(out, "    /// {}", line.trim());
        }
        let (ty, start, end) = match entry.delegates {
            true => ("DelegatingNative", "DelegatingNative(SpecNative {", "})"),
            false => ("SpecNative", "SpecNative {", "}"),
        };
        let _ = writeln!(
            out,
            "    pub static {}: {ty} = {start}\n        name: {:?},\n        params: {},\n\
             \x20       entry: {},\n    {end};",
            value_name(&native.name).to_uppercase(),
            native.name,
            native.params.len(),
            symbols.address(&entry.symbol)
        );
    }
    out.push_str("}\n\n");
}

fn language(out: &mut String, image: &Image, symbols: &Symbols) {
    let spec = &image.spec;
    let _ = writeln!(
        out,
        "/// Slots of a frame at most.\npub const MAX_SLOTS: u32 = {};\n",
        spec.max_slots
    );
    out.push_str(
        "/// All that the runtime has to know about the language.\n\
         pub const fn language<E: Externs>() -> &'static LanguageInfo {\n    &Tables::<E>::LANGUAGE\n}\n\n\
         struct Tables<E>(std::marker::PhantomData<E>);\n\nimpl<E: Externs> Tables<E> {\n",
    );
    let _ = writeln!(out, "    const EXTERNS: [Address; {}] = [", spec.externs.len());
    for function in spec.externs.values() {
        let _ = writeln!(
            out,
            "        Address(call_{}::<E> as *const u8),",
            value_name(&function.name)
        );
    }
    out.push_str("    ];\n\n");
    let _ = writeln!(out, "    const DISPATCH: [Address; {}] = [", image.opcodes.len());
    for opcode in &image.opcodes {
        let _ = writeln!(out, "        {},", symbols.address(&opcode.symbol));
    }
    out.push_str("    ];\n\n");
    let _ = writeln!(out, "    const CATCHES: [Catch; {}] = [", image.catches.len());
    for (from, to) in &image.catches {
        let _ = writeln!(
            out,
            "        Catch {{ continuation: {}, catch: {} }},",
            symbols.address(from),
            symbols.address(to)
        );
    }
    out.push_str("    ];\n\n");
    let symbols_of_templates = &symbols.of_templates;
    let _ = writeln!(
        out,
        "    const TEMPLATES: Templates = Templates {{\n        opcodes: &OPCODE_TEMPLATES,\n        templates: &TEMPLATES,\n        stubs: &STUB_TEMPLATES,\n\
         \x20       symbols: &["
    );
    for symbol in symbols_of_templates {
        let _ = writeln!(out, "            {},", symbols.address(symbol));
    }
    out.push_str("        ],\n        shared: &[\n");
    for symbol in shared_entries(image) {
        let _ = writeln!(out, "            {},", symbols.address(&symbol));
    }
    out.push_str("        ],\n        names: &Self::NAMES,\n    };\n\n");
    names(out, image, symbols);
    let _ = writeln!(out, "    const LANGUAGE: LanguageInfo = LanguageInfo {{");
    let _ = writeln!(out, "        name: {:?},", spec.language);
    let references = spec
        .leaves
        .values()
        .filter(|leaf| matches!(leaf.encoding, LeafEncoding::Ref { .. }))
        .count();
    let _ = writeln!(out, "        reference_leaves: {references},");
    let nothing = spec.leaves.values().find_map(|leaf| match leaf.encoding {
        LeafEncoding::Unit { bits } => Some(bits),
        _ => None,
    });
    let _ = writeln!(out, "        nil: {:#x},", nothing.unwrap_or(u64::MAX));
    let (leaf, kind, code) = callee(image);
    let _ = writeln!(
        out,
        "        callee_leaf: {leaf},\n        callee_kind: {kind},\n        callee_code: {code},"
    );
    let _ = writeln!(
        out,
        "        compile_after: CompileAfter {{ calls: {}, jumps: {} }},",
        spec.compile_after_calls, spec.compile_after_jumps
    );
    out.push_str("        kinds: &KINDS,\n        dispatch: &Self::DISPATCH,\n        externs: &Self::EXTERNS,\n");
    let stubs = &image.stubs;
    let _ = writeln!(out, "        stubs: Stubs {{");
    for (name, symbol) in [
        ("enter", &stubs.enter),
        ("exit", &stubs.exit),
        ("exit_thrown", &stubs.exit_thrown),
        ("coroutine_finished", &stubs.coroutine_finished),
        ("entry_fixed", &stubs.entry_fixed),
        ("entry_vararg", &stubs.entry_vararg),
        ("entry_native", &stubs.entry_native),
        ("safepoint", &stubs.safepoint),
    ] {
        let _ = writeln!(out, "            {name}: {},", symbols.address(symbol));
    }
    out.push_str("        },\n        catches: &Self::CATCHES,\n        opcodes: &OPCODES,\n        templates: &Self::TEMPLATES,\n    };\n}\n");
}

/// `const NAMES: ListingNames = ..;`: what listings of compiled code call things.
fn names(out: &mut String, image: &Image, symbols: &Symbols) {
    let _ = writeln!(
        out,
        "    const NAMES: ListingNames = ListingNames {{\n        symbols: &{:?},",
        symbols.of_templates.iter().collect::<Vec<_>>()
    );
    let externs = image.spec.externs.values().map(|function| &function.name);
    let _ = writeln!(out, "        externs: &{:?},", externs.collect::<Vec<_>>());
    let pinned = crate::listing::pinned(image);
    let registers = pinned.iter().map(|(register, name)| (register.to_string(), name));
    let _ = writeln!(
        out,
        "        registers: &{:?},\n    }};\n",
        registers.collect::<Vec<_>>()
    );
}

/// By opcode, what runs an instruction of a compiled function that has no code for it.
fn shared_entries(image: &Image) -> impl Iterator<Item = String> {
    let templates = image.templates.iter();
    templates.map(|template| crate::lower::shared_symbol(&template.name))
}

/// Of the callee object: which reference leaf it is, its kind, and where it keeps its code.
fn callee(image: &Image) -> (u32, u8, u32) {
    let spec = &image.spec;
    let Some(record) = spec.callee else {
        return (u32::MAX, 0, 0);
    };
    let leaf = spec
        .leaf_of_record(record)
        .map_or(u32::MAX, |leaf| match spec.leaves[leaf].encoding {
            LeafEncoding::Ref { tag, .. } => tag & 0xFFFF,
            _ => u32::MAX,
        });
    let declared = &spec.records[record];
    let kind = match declared.kind {
        RecordKind::Object { number } => number,
        RecordKind::Struct => 0,
    };
    let code = declared.fields.iter().find(|field| {
        matches!(field.ty, crate::ir::spec::FieldType::Ref { record, .. }
            if is_code(&spec.records[record]))
    });
    (leaf, kind, code.map_or(0, |field| field.offset))
}
