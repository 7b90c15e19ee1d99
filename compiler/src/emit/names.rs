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

/// The name of a struct or enum of the generated module: that of the specification, unless it means something there.
pub fn item_name(name: &str) -> String {
    let mut out = type_name(name);
    if TAKEN_ITEMS.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// The name of a parameter of a generated function, which has names of its own.
pub fn parameter_name(name: &str) -> String {
    with_underscore(value_name(name), &["vm", "hot", "dst", "at", "position", "other"])
}

/// The name of a field of a generated struct, which begins with the object's header.
pub fn field_name(name: &str) -> String {
    with_underscore(value_name(name), &["header"])
}

/// The name of a constant of the generated module, which has tables of its own.
pub fn constant_name(name: &str) -> String {
    let mut out = name.to_uppercase();
    if [
        "BYTECODES",
        "CACHES",
        "KINDS",
        "MAX_SLOTS",
        "OPCODES",
        "STUB_TEMPLATES",
        "TEMPLATES",
    ]
    .contains(&out.as_str())
    {
        out.push('_');
    }
    out
}

/// The name of a function of the generated module, which has functions of its own.
pub fn function_name(name: &str) -> String {
    let mut out = with_underscore(value_name(name), &["language"]);
    if ["call_", "code_", "trace_"]
        .iter()
        .any(|prefix| out.starts_with(prefix))
    {
        out.push('_');
    }
    out
}

fn with_underscore(mut name: String, taken: &[&str]) -> String {
    if taken.contains(&name.as_str()) {
        name.push('_');
    }
    name
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

/// What the generated module imports, declares itself, or has of Rust's prelude.
#[rustfmt::skip] // As many in a line as fit.
pub const TAKEN_ITEMS: [&str; 77] = [
    "Address", "ArrayObject", "Box", "Boxed", "Builder", "Bytecode", "BytecodeBuffer", "BytecodeError", "Bytes",
    "CacheCase", "CacheEvent", "CacheInfo", "CachedReference", "CallWords", "Catch", "Cell", "Clone", "Code",
    "CompileAfter", "Copy", "Coroutine", "DelegatingNative", "Dest", "Exit", "Externs", "Fn", "FnOnce", "From",
    "Handle", "Header", "InstPos", "Iterator", "Kind", "KindInfo", "Label", "LanguageInfo", "List", "ListingNames",
    "None", "Object", "Ok", "OpcodeInfo", "Operand", "OperandInfo", "OperandKind", "Option", "OptionalRefField",
    "Patch", "PatchKind", "RawRef", "RawValue", "Ref", "RefField", "RefHandle", "Result", "Run", "Sized", "Slot",
    "SlotField", "Some", "SpecNative", "Status", "Str", "Stubs", "Tables", "Template", "Templates", "Throw", "Tracer",
    "Value", "ValueField", "ValueKind", "Values", "Vec", "Version", "Vm", "Write",
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

    #[test]
    fn names_of_the_module_itself_are_left_to_it() {
        assert_eq!(
            [item_name("vm"), item_name("Template"), item_name("Table")],
            ["Vm_", "Template_", "Table"]
        );
        assert_eq!([parameter_name("dst"), parameter_name("x")], ["dst_", "x"]);
        assert_eq!(field_name("header"), "header_");
        assert_eq!([constant_name("kinds"), constant_name("nil")], ["KINDS_", "NIL"]);
        assert_eq!(
            [function_name("language"), function_name("call_me")],
            ["language_", "call_me_"]
        );
    }
}
