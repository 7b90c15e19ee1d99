//! Names in generated Rust.

use crate::ir::spec::{OperandKind, ResultKind, SpecTables, Variant};

/// `GET_FIELD` or `get_field` as a type name: `GetField`.
pub fn type_name(name: &str) -> String {
    let mut out = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        let shouted = !word.chars().any(char::is_lowercase);
        let mut letters = word.chars();
        out.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        out.extend(letters.map(|letter| if shouted { letter.to_ascii_lowercase() } else { letter }));
    }
    // The one keyword that looks like a type.
    if out == "Self" {
        out.push('_');
    }
    out
}

/// `arraySize` or `ADD` as a function or field name: `array_size`, `add`; keywords get a trailing underscore.
pub fn value_name(name: &str) -> String {
    let mut out = String::new();
    let mut previous_is_lower = false;
    for letter in name.chars() {
        if letter.is_uppercase() && previous_is_lower {
            out.push('_');
        }
        previous_is_lower = letter.is_lowercase();
        out.push(letter.to_ascii_lowercase());
    }
    if KEYWORDS.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

const KEYWORDS: [&str; 38] = [
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while", "yield",
];

/// What tells one variant of a bytecode from the others, for symbols, listings and opcode names: the kinds of those
/// operands and of that result that have alternatives, such as `slot_const_double`. Empty for a single variant.
pub fn variant_suffix(spec: &SpecTables, bytecode: &crate::ir::spec::Bytecode, variant: &Variant) -> String {
    let mut parts = Vec::new();
    for (declared, kind) in bytecode.operands.values().zip(&variant.operands) {
        if declared.alternatives.len() > 1 {
            let constants = declared
                .alternatives
                .iter()
                .filter(|a| matches!(a, OperandKind::Const(_)))
                .count();
            parts.push(match kind {
                OperandKind::Const(set) if constants > 1 => format!("const_{}", set_name(spec, *set)),
                other => operand_kind_name(*other).to_owned(),
            });
        }
    }
    if bytecode.results.len() > 1 {
        parts.extend(variant.result.map(|result| format!("to_{}", result_kind_name(result))));
    }
    parts.join("_")
}

/// How the kind of an operand is called in `.dg` (constants without their type).
pub const fn operand_kind_name(kind: OperandKind) -> &'static str {
    match kind {
        OperandKind::Slot => "slot",
        OperandKind::Const(_) | OperandKind::ConstRef(_) => "const",
        OperandKind::ImmI32 | OperandKind::ImmU32 | OperandKind::ImmU16 => "imm",
        OperandKind::Label => "label",
        OperandKind::Slots | OperandKind::SlotsFixed(_) => "slots",
        OperandKind::OpenSlots => "open",
        OperandKind::OutSlot => "out",
    }
}

/// How the kind of a result is called.
pub const fn result_kind_name(kind: ResultKind) -> &'static str {
    match kind {
        ResultKind::Slot => "slot",
        ResultKind::Slots => "slots",
        ResultKind::OpenSlots => "open",
    }
}

/// A set by the name of its leaf or group, or by its leaves.
fn set_name(spec: &SpecTables, set: crate::ir::types::TypeSet) -> String {
    if set == spec.any() {
        return "value".to_owned();
    }
    if let Some(group) = spec.groups.iter().find(|group| group.set == set) {
        return group.name.clone();
    }
    set.leaves()
        .map(|leaf| spec.leaves[leaf].name.as_str())
        .collect::<Vec<_>>()
        .join("_or_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust_style() {
        let check = |name: &str, ty: &str, value: &str| {
            assert_eq!((type_name(name).as_str(), value_name(name).as_str()), (ty, value));
        };
        check("GETFIELD", "Getfield", "getfield");
        check("array_size", "ArraySize", "array_size");
        check("NewIndex", "NewIndex", "new_index");
        check("SELF", "Self_", "self_");
    }
}
