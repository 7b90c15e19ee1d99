//! The runtime functions of a language: a trait that the host implements, and the functions that machine code calls.

use std::fmt::Write as _;

use super::names::{type_name, value_name};
use crate::ir::spec::{Extern, ExternResult, ExternType, Plan, SpecTables};

/// `pub enum <Plan>`, `pub trait Externs`, and `extern_table`.
pub fn externs(spec: &SpecTables) -> String {
    let mut out = String::new();
    for plan in spec.plans.values() {
        plan_enum(&mut out, spec, plan);
    }
    externs_trait(&mut out, spec);
    for function in spec.externs.values() {
        wrapper(&mut out, function);
    }
    out
}

/// `pub enum Outcome<'v> { Done(Value<'v>), .. }` with `fn answer(self, vm) -> u64`, which leaves the payload where
/// machine code looks for it.
fn plan_enum(out: &mut String, spec: &SpecTables, plan: &Plan) {
    let name = type_name(&plan.name);
    let mentions_lifetime = plan
        .cases
        .iter()
        .flat_map(|case| &case.payload)
        .any(|ty| has_lifetime(*ty));
    let lifetime = if mentions_lifetime { "<'v>" } else { "" };
    let _ = writeln!(
        out,
        "/// `{}` of the specification.\n#[derive(Clone, Copy, Debug)]\npub enum {name}{lifetime} {{",
        plan.name
    );
    for case in &plan.cases {
        let payload: Vec<String> = case.payload.iter().map(|ty| rust_type(spec, *ty)).collect();
        let payload = if payload.is_empty() {
            String::new()
        } else {
            format!("({})", payload.join(", "))
        };
        let _ = writeln!(
            out,
            "    /// `{}.{}`\n    {}{payload},",
            plan.name,
            case.name,
            type_name(&case.name)
        );
    }
    out.push_str("}\n\n");
    plan_answer(out, plan, if mentions_lifetime { "<'_>" } else { "" });
}

/// `impl Outcome<'_> { fn answer(self, vm: &Vm) -> u64 { .. } }`
fn plan_answer(out: &mut String, plan: &Plan, lifetime: &str) {
    let has_payload = plan.cases.iter().any(|case| !case.payload.is_empty());
    let vm = if has_payload { "vm" } else { "_" };
    let _ = writeln!(
        out,
        "impl {}{lifetime} {{\n    /// The case's number; its payload goes to `Hot::plan`.\n    #[inline]\n\
         \x20   fn answer(self, {vm}: &Vm) -> u64 {{\n        match self {{",
        type_name(&plan.name)
    );
    for (number, case) in plan.cases.iter().enumerate() {
        let names: Vec<String> = (0..case.payload.len()).map(|index| format!("p{index}")).collect();
        let words: Vec<String> = case
            .payload
            .iter()
            .zip(&names)
            .map(|(ty, name)| to_word(*ty, name))
            .collect();
        let case = type_name(&case.name);
        let _ = if words.is_empty() {
            writeln!(out, "            Self::{case} => {number},")
        } else {
            writeln!(
                out,
                "            Self::{case}({}) => {{\n                glue::set_plan(vm, &[{}]);\n                {number}\n            }}",
                names.join(", "),
                words.join(", ")
            )
        };
    }
    out.push_str("        }\n    }\n}\n\n");
}

/// `pub trait Externs { fn arith_slow<'v>(vm: &'v Vm, ..) -> Result<Outcome<'v>, Throw>; .. }`
fn externs_trait(out: &mut String, spec: &SpecTables) {
    out.push_str(
        "/// What the host has to supply: the `extern fn`s of the specification. None of them sees a collection between\n\
         /// two of its own lines, unless it takes `&mut Vm` and re-enters.\npub trait Externs: 'static {\n",
    );
    for function in spec.externs.values() {
        let receiver = if function.effects.reenters {
            "vm: &'v mut Vm"
        } else {
            "vm: &'v Vm"
        };
        let params: Vec<String> = std::iter::once(receiver.to_owned())
            .chain(
                function
                    .params
                    .iter()
                    .map(|(name, ty)| format!("{}: {}", value_name(name), rust_type(spec, *ty))),
            )
            .collect();
        let _ = writeln!(
            out,
            "    /// `extern fn {}`{}.\n    fn {}<'v>({}){};",
            function.name,
            effects_text(function),
            value_name(&function.name),
            params.join(", "),
            result_type(spec, function)
        );
    }
    out.push_str("}\n\n");
}

fn effects_text(function: &Extern) -> String {
    let effects = &function.effects;
    let named = [
        (effects.reads, "reads"),
        (effects.writes, "writes"),
        (effects.allocates, "allocates"),
        (effects.throws, "throws"),
        (effects.reenters, "reenters"),
    ];
    let words: Vec<&str> = named.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect();
    if words.is_empty() {
        ", which is pure".into()
    } else {
        format!(", which {}", words.join(", "))
    }
}

fn result_type(spec: &SpecTables, function: &Extern) -> String {
    let plain = match function.result {
        ExternResult::None => "()".to_owned(),
        ExternResult::One(ty) => rust_type(spec, ty),
        ExternResult::Plan(plan) => {
            let plan = &spec.plans[plan];
            let lifetime = plan
                .cases
                .iter()
                .flat_map(|case| &case.payload)
                .any(|ty| has_lifetime(*ty));
            format!("{}{}", type_name(&plan.name), if lifetime { "<'v>" } else { "" })
        }
    };
    match (function.effects.throws, plain.as_str()) {
        (true, _) => format!(" -> Result<{plain}, Throw>"),
        (false, "()") => String::new(),
        (false, _) => format!(" -> {plain}"),
    }
}

const fn has_lifetime(ty: ExternType) -> bool {
    matches!(ty, ExternType::Value(_) | ExternType::Ref { .. } | ExternType::List)
}

/// How a host writes the type.
fn rust_type(spec: &SpecTables, ty: ExternType) -> String {
    match ty {
        ExternType::Value(_) => "Value<'v>".into(),
        ExternType::F64 => "f64".into(),
        ExternType::I32 => "i32".into(),
        ExternType::U32 => "u32".into(),
        ExternType::I64 => "i64".into(),
        ExternType::U64 => "u64".into(),
        ExternType::Bool => "bool".into(),
        ExternType::Ptr => "*mut u64".into(),
        ExternType::Ref {
            record,
            nullable: false,
        } => format!("Ref<'v, {}>", type_name(&spec.records[record].name)),
        ExternType::Ref { record, nullable: true } => {
            format!("Option<Ref<'v, {}>>", type_name(&spec.records[record].name))
        }
        ExternType::List => "&'v [Value<'v>]".into(),
    }
}

/// The types of the C parameters that carry it, the names that they get, and the expression that puts it together.
fn parameter(ty: ExternType, name: &str) -> (Vec<String>, String) {
    match ty {
        ExternType::Value(_) => (vec![format!("{name}: u64")], format!("Value::from_bits({name})")),
        ExternType::F64 => (vec![format!("{name}: f64")], name.into()),
        ExternType::I32 => (vec![format!("{name}: i32")], name.into()),
        ExternType::U32 => (vec![format!("{name}: u32")], name.into()),
        ExternType::I64 => (vec![format!("{name}: i64")], name.into()),
        ExternType::U64 => (vec![format!("{name}: u64")], name.into()),
        ExternType::Bool => (vec![format!("{name}: u32")], format!("{name} & 1 != 0")),
        ExternType::Ptr => (vec![format!("{name}: *mut u64")], name.into()),
        ExternType::Ref { nullable: false, .. } => {
            (vec![format!("{name}: u32")], format!("RawRef::new({name}).get(vm)"))
        }
        ExternType::Ref { nullable: true, .. } => (
            vec![format!("{name}: u32")],
            format!("({name} != 0).then(|| RawRef::new({name}).get(vm))"),
        ),
        ExternType::List => (
            vec![format!("{name}: *const Value<'static>"), format!("{name}_count: u32")],
            format!("std::slice::from_raw_parts({name}, {name}_count as usize)"),
        ),
    }
}

/// The word that stands for `name` in `Hot::plan` or in an answer.
fn to_word(ty: ExternType, name: &str) -> String {
    match ty {
        ExternType::Value(_) => format!("{name}.bits()"),
        ExternType::F64 => format!("{name}.to_bits()"),
        ExternType::I32 => format!("u64::from({name} as u32)"),
        ExternType::U32 | ExternType::Bool => format!("u64::from({name})"),
        ExternType::I64 => format!("{name} as u64"),
        ExternType::U64 => name.into(),
        ExternType::Ptr => format!("{name} as u64"),
        ExternType::Ref { nullable: false, .. } => format!("u64::from({name}.raw().0)"),
        ExternType::Ref { nullable: true, .. } => format!("{name}.map_or(0, |object| u64::from(object.raw().0))"),
        ExternType::List => unreachable!("lowering refuses lists that come from the host"),
    }
}

/// `unsafe extern "C" fn call_<name><E: Externs>(vm: *mut Vm, ..) -> ..`
fn wrapper(out: &mut String, function: &Extern) {
    let name = value_name(&function.name);
    let mut params = vec!["vm: *mut Vm".to_owned()];
    let mut args = vec!["vm".to_owned()];
    for (param, ty) in &function.params {
        let (declared, expression) = parameter(*ty, &value_name(param));
        params.extend(declared);
        args.push(expression);
    }
    let call = format!("E::{name}({})", args.join(", "));
    let reborrow = if function.effects.reenters {
        ""
    } else {
        "\n            let vm = &*vm;"
    };
    if function.effects.throws {
        let answer = match function.result {
            ExternResult::None => format!("{call}.map(|()| 0)"),
            ExternResult::One(ty) => format!("{call}.map(|answer| {})", to_word(ty, "answer")),
            ExternResult::Plan(_) => format!("{call}.map(|answer| answer.answer(vm))"),
        };
        let _ = writeln!(
            out,
            "unsafe extern \"C\" fn call_{name}<E: Externs>({}) -> Status {{\n\
             \x20   // SAFETY: machine code passes its own VM, and values that are alive.\n    unsafe {{\n\
             \x20       glue::throwing(vm, |vm| {{{reborrow}\n            {answer}\n        }})\n    }}\n}}\n",
            params.join(", ")
        );
        return;
    }
    let (result, answer) = match function.result {
        ExternResult::None => (String::new(), call),
        ExternResult::One(ExternType::F64) => (" -> f64".into(), call),
        ExternResult::One(ty) => (
            " -> u64".into(),
            format!("let answer = {call};\n        {}", to_word(ty, "answer")),
        ),
        ExternResult::Plan(_) => (" -> u64".into(), format!("{call}.answer(vm)")),
    };
    let reborrow = if function.effects.reenters {
        "let vm = &mut *vm;"
    } else {
        "let vm = &*vm;"
    };
    let _ = writeln!(
        out,
        "unsafe extern \"C\" fn call_{name}<E: Externs>({}){result} {{\n\
         \x20   // SAFETY: machine code passes its own VM, and values that are alive.\n    unsafe {{\n\
         \x20       {reborrow}\n        {answer}\n    }}\n}}\n",
        params.join(", ")
    );
}
