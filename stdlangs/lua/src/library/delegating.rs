//! Functions that begin in the specification: what is expected of a call is done there, the rest is left to the Rust
//! function that the library has.

use dg_runtime::{DelegatingNative, Ref, Throw, Value, Vm};

use super::calls;
use crate::core::state::lua;
use crate::core::{coerce, table};
use crate::generated::{Boxed, Table, ValueKind, natives};

/// Functions of a library and what their calls begin with.
type Beginnings = &'static [(&'static str, &'static DelegatingNative)];

#[rustfmt::skip] // a table
const GLOBALS: Beginnings = &[
    ("assert", &natives::ASSERT_TRUE), ("getmetatable", &natives::GETMETATABLE), ("ipairs", &natives::IPAIRS),
    ("next", &natives::NEXT), ("pairs", &natives::PAIRS), ("rawequal", &natives::RAW_EQUAL),
    ("rawget", &natives::RAWGET), ("rawset", &natives::RAWSET), ("setmetatable", &natives::SETMETATABLE),
    ("tonumber", &natives::TONUMBER), ("tostring", &natives::TOSTRING),
];

#[rustfmt::skip] // a table
const MATH: Beginnings = &[
    ("abs", &natives::MATH_ABS), ("ceil", &natives::MATH_CEIL), ("cos", &natives::MATH_COS), ("exp", &natives::MATH_EXP),
    ("floor", &natives::MATH_FLOOR), ("fmod", &natives::MATH_FMOD), ("log", &natives::MATH_LOG),
    ("max", &natives::MATH_MAX), ("min", &natives::MATH_MIN), ("mod", &natives::MATH_FMOD), ("pow", &natives::MATH_POW),
    ("random", &natives::MATH_RANDOM), ("sin", &natives::MATH_SIN), ("sqrt", &natives::MATH_SQRT),
    ("tan", &natives::MATH_TAN),
];

const STRING: Beginnings = &[
    ("byte", &natives::STRING_BYTE),
    ("char", &natives::STRING_CHAR),
    ("len", &natives::STRING_LEN),
    ("sub", &natives::STRING_SUB),
];

const TABLE: Beginnings = &[("insert", &natives::TABLE_INSERT), ("remove", &natives::TABLE_REMOVE)];

/// Lets the functions begin so. All libraries are open, and no program has run.
pub fn open(vm: &Vm) -> Result<(), Throw> {
    let globals = lua(vm).globals(vm);
    begin(vm, globals, GLOBALS)?;
    for (name, beginnings) in [("math", MATH), ("string", STRING), ("table", TABLE)] {
        if let Some(library) = table::get_str(vm, globals, vm.str(name.as_bytes())?).as_table(vm) {
            begin(vm, library, beginnings)?;
        }
    }
    let type_names: Vec<Value<'_>> = (0..coerce::TYPE_NAMES.len())
        .map(|number| lua(vm).type_name(vm, number).boxed())
        .collect();
    begin_with_captured(vm, globals, "type", &natives::TYPE_NAME, &type_names)?;
    begin_with_captured(vm, globals, "select", &natives::SELECT_FROM, &[vm.str(b"#")?.boxed()])
}

fn begin(vm: &Vm, library: Ref<'_, Table>, beginnings: Beginnings) -> Result<(), Throw> {
    for (name, beginning) in beginnings {
        let name = vm.str(name.as_bytes())?;
        if let Some(function) = table::get_str(vm, library, name).as_function(vm) {
            function.code.get(vm).begin_with(beginning);
        }
    }
    Ok(())
}

/// Replaces a function by one that has captured values, which its beginning reads.
fn begin_with_captured<'v>(
    vm: &'v Vm,
    library: Ref<'v, Table>,
    name: &str,
    beginning: &DelegatingNative,
    captured: &[Value<'v>],
) -> Result<(), Throw> {
    let name = vm.str(name.as_bytes())?;
    if let Some(function) = table::get_str(vm, library, name).as_function(vm) {
        let code = function.code.get(vm);
        code.begin_with(beginning);
        table::set_str(vm, library, name, calls::with_code(vm, code, captured)?.boxed())?;
    }
    Ok(())
}
