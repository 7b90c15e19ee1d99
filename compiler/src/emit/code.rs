//! Machine code as the text of a `global_asm!`: bytes under named, sized symbols.

use std::fmt::Write as _;

use dg_backend_x64::code::{CodeObject, RelocationKind};

use super::image::{CodeSymbol, Image, Section};

/// The assembly of a whole VM: every code symbol under its linker name.
///
/// ```text
///     .pushsection .text.dg_NAME.hot,"ax",@progbits
///     .p2align 4
///     .hidden dg_NAME_ADD
/// /// dg_NAME_ADD:
///     .byte 0x0f,0xb7,0x45,0x04
///     ...
///     .size dg_NAME_ADD,.-dg_NAME_ADD
///     .popsection
/// ```
pub fn assembly(image: &Image) -> String {
    let mut out = String::new();
    for section in [Section::Hot, Section::Cold] {
        let name = match section {
            Section::Hot => "hot",
            Section::Cold => "cold",
        };
        let _ = writeln!(
            out,
            "    .pushsection .text.dg_{}.{name},\"ax\",@progbits",
            image.spec.language
        );
        let symbols = image.code.iter().chain(&image.shared);
        for symbol in symbols.filter(|symbol| symbol.section == section) {
            code_symbol(&mut out, image, symbol);
        }
        out.push_str("    .popsection\n");
    }
    out
}

/// The linker's name of a symbol of this image.
pub fn link_name(image: &Image, symbol: &str) -> String {
    let clean: String = symbol
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    format!("dg_{}_{clean}", image.spec.language)
}

fn code_symbol(out: &mut String, image: &Image, symbol: &CodeSymbol) {
    let name = link_name(image, &symbol.name);
    let _ = writeln!(out, "    .p2align {}", symbol.object.alignment.max(16).trailing_zeros());
    let _ = writeln!(out, "    .type {name},@function");
    if symbol
        .object
        .symbols
        .iter()
        .all(|site| site.symbol.name() != symbol.name)
    {
        let _ = writeln!(out, "{name}:");
    }
    object_bytes(out, image, &symbol.object);
    let _ = writeln!(out, "    .size {name},.-{name}");
}

/// The bytes of an object, a line for each instruction; relocated fields name their symbol.
fn object_bytes(out: &mut String, image: &Image, object: &CodeObject) {
    let mut relocations = object.relocations.iter().peekable();
    let mut inner = object.symbols.iter().peekable();
    for piece in &object.pieces {
        while let Some(site) = inner.next_if(|site| site.offset <= piece.offset) {
            let name = link_name(image, &site.symbol.to_string());
            let _ = writeln!(out, "    .hidden {name}\n    .globl {name}\n{name}:");
        }
        let end = piece.offset + piece.length;
        let mut at = piece.offset;
        while let Some(relocation) = relocations.next_if(|relocation| relocation.offset < end) {
            byte_line(out, &object.bytes[at as usize..relocation.offset as usize]);
            let target = link_name(image, &relocation.symbol.to_string());
            let addend = relocation.addend;
            at = relocation.offset
                + match relocation.kind {
                    RelocationKind::PcRelative32 => {
                        let _ = writeln!(out, "    .long {target}-.{addend:+}");
                        4
                    }
                    RelocationKind::Absolute64 => {
                        let _ = writeln!(out, "    .quad {target}{addend:+}");
                        8
                    }
                };
        }
        byte_line(out, &object.bytes[at as usize..end as usize]);
    }
}

fn byte_line(out: &mut String, bytes: &[u8]) {
    for chunk in bytes.chunks(16) {
        out.push_str("    .byte ");
        for (index, byte) in chunk.iter().enumerate() {
            let _ = write!(out, "{}0x{byte:02x}", if index == 0 { "" } else { "," });
        }
        out.push('\n');
    }
}
