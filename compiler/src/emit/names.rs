//! Names in generated Rust.

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
