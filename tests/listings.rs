//! The machine code of every bytecode of the languages, as listings that are reviewed when they change.

use std::collections::BTreeMap;

use dg_compiler::emit::Image;
use dg_compiler::listing::{listings, templates};
use dg_compiler::pipeline::{self, Options};

#[test]
fn listings_of_lua() {
    check("lua", include_str!("../stdlangs/lua.dg"));
}

#[test]
fn listings_of_som() {
    check("som", include_str!("../stdlangs/som.dg"));
}

/// A snapshot for each opcode, with its hot, cold and continuation parts, and one for each stub; another one for each
/// template of compiled code.
fn check(language: &str, source: &str) {
    let image = pipeline::image(source, &Options::default()).expect("the specification is right");
    let mut snapshots: BTreeMap<&str, String> = BTreeMap::new();
    let listings = listings(&image, &format!("stdlangs/{language}.dg"));
    for (symbol, listing) in &listings {
        let text = snapshots.entry(owner(&image, symbol)).or_default();
        text.push_str(&without_line(listing));
        text.push('\n');
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(format!("snapshots/{language}/interpreter"));
    settings.bind(|| {
        for (name, text) in snapshots {
            insta::assert_snapshot!(name, text.trim_end());
        }
    });
    settings.set_snapshot_path(format!("snapshots/{language}/jit"));
    settings.bind(|| {
        for (name, text) in templates(&image, &format!("stdlangs/{language}.dg")) {
            let text: String = text.split_inclusive("\n\n").map(without_line).collect();
            insta::assert_snapshot!(name, text.trim_end());
        }
    });
}

/// The listing without the line of the specification in its heading, which moves with every line above it.
fn without_line(listing: &str) -> String {
    let (heading, rest) = listing.split_once('\n').expect("a listing has a heading");
    match heading.split_once(".dg:") {
        Some((path, place)) => format!(
            "{path}.dg {}\n{rest}",
            place.trim_start_matches(|c: char| c.is_ascii_digit())
        ),
        None => listing.to_owned(),
    }
}

/// What a symbol is a part of: an opcode, a native function or a stub.
fn owner<'a>(image: &'a Image, symbol: &'a str) -> &'a str {
    let opcodes = image.opcodes.iter().map(|opcode| opcode.symbol.as_str());
    // A form of a bytecode has a name of its own: the longest that fits.
    let opcode = opcodes
        .filter(|opcode| is_part(symbol, opcode))
        .max_by_key(|opcode| opcode.len());
    opcode.unwrap_or_else(|| {
        let components = if symbol.starts_with("stub.") { 2 } else { 1 };
        let end = symbol
            .match_indices('.')
            .nth(components - 1)
            .map_or(symbol.len(), |(end, _)| end);
        &symbol[..end]
    })
}

fn is_part(symbol: &str, of: &str) -> bool {
    symbol
        .strip_prefix(of)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
