//! The runtime functions of a language: a trait that the host implements, and the functions that machine code calls.

use std::fmt::Write as _;

use super::names::{item_name, parameter_name, type_name, value_name};
use super::objects::record_name;
use crate::ir::spec::{Extern, ExternResult, ExternType, Plan, SpecTables};

/// `pub enum <Plan>`, `pub trait Externs`, and `extern_table`.
pub fn externs(spec: &SpecTables) -> String {
    let mut out = String::new();
    for plan in spec.plans.values() {
        plan_enum(&mut out, spec, plan);
    }
    externs_trait(&mut out, spec);
    for function in spec.externs.values() {
        wrapper(&mut out, spec, function);
    }
    out
}

/// `pub enum Outcome<'v> { Done(Value<'v>), .. }` with `fn leave_in(self, hot) -> u64`, which leaves the payload where
/// machine code looks for it.
fn plan_enum(out: &mut String, spec: &SpecTables, plan: &Plan) {
    let name = item_name(&plan.name);
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

/// `impl Outcome<'_> { unsafe fn leave_in(self, hot: *mut Hot) -> u64 { .. } }`
fn plan_answer(out: &mut String, plan: &Plan, lifetime: &str) {
    let has_payload = plan.cases.iter().any(|case| !case.payload.is_empty());
    let hot = if has_payload { "hot" } else { "_" };
    let _ = writeln!(
        out,
        "impl {}{lifetime} {{\n    /// The case's number; its payload goes to `Hot::plan`.\n    ///\n\
         \x20   /// # Safety\n    /// `hot` is that of a VM.\n    #[inline]\n\
         \x20   unsafe fn leave_in(self, {hot}: *mut dg_runtime::abi::Hot) -> u64 {{\n        match self {{",
        item_name(&plan.name)
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
                "            Self::{case}({}) => {{\n                // SAFETY: as the caller says.\n\
                 \x20               unsafe {{ glue::set_plan(hot, &[{}]) }};\n                {number}\n            }}",
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
                    .map(|(name, ty)| format!("{}: {}", parameter_name(name), parameter_type(spec, function, *ty))),
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
            format!("{}{}", item_name(&plan.name), if lifetime { "<'v>" } else { "" })
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
        ExternType::Enum(declared) => item_name(&spec.enums[declared].name),
        ExternType::U32 => "u32".into(),
        ExternType::I64 => "i64".into(),
        ExternType::U64 => "u64".into(),
        ExternType::Bool => "bool".into(),
        ExternType::Ptr => "*mut u64".into(),
        ExternType::Ref {
            record,
            nullable: false,
        } => format!("Ref<'v, {}>", record_name(&spec.records[record])),
        ExternType::Ref { record, nullable: true } => {
            format!("Option<Ref<'v, {}>>", record_name(&spec.records[record]))
        }
        ExternType::List => "&'v [Value<'v>]".into(),
    }
}

/// How a host writes the type of a parameter. A function that re-enters may collect: it gets handles.
fn parameter_type(spec: &SpecTables, function: &Extern, ty: ExternType) -> String {
    match ty {
        _ if !function.effects.reenters => rust_type(spec, ty),
        ExternType::Value(_) => "Handle".into(),
        ExternType::Ref { record, nullable } => {
            let handle = format!("RefHandle<{}>", record_name(&spec.records[record]));
            if nullable { format!("Option<{handle}>") } else { handle }
        }
        ExternType::List => "Vec<Handle>".into(),
        _ => rust_type(spec, ty),
    }
}

/// What keeps it alive for the host, if it needs that.
fn rooted(ty: ExternType, expression: &str) -> Option<String> {
    Some(match ty {
        ExternType::Value(_) => format!("vm.root({expression})"),
        ExternType::Ref { nullable: false, .. } => format!("vm.root_ref({expression})"),
        ExternType::Ref { nullable: true, .. } => format!("{expression}.map(|object| vm.root_ref(object))"),
        ExternType::List => format!("{expression}.iter().map(|value| vm.root(*value)).collect()"),
        _ => return None,
    })
}

/// The C parameters that carry it, and the expression that puts it together.
fn crossing(spec: &SpecTables, ty: ExternType, name: &str) -> (Vec<String>, String) {
    match ty {
        ExternType::Value(_) => (vec![format!("{name}: u64")], format!("Value::from_bits({name})")),
        ExternType::F64 => (vec![format!("{name}: f64")], name.into()),
        ExternType::I32 => (vec![format!("{name}: i32")], name.into()),
        ExternType::Enum(declared) => {
            let ty = item_name(&spec.enums[declared].name);
            (vec![format!("{name}: {ty}")], name.into())
        }
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
        ExternType::I32 | ExternType::Enum(_) => format!("u64::from({name} as u32)"),
        ExternType::U32 | ExternType::Bool => format!("u64::from({name})"),
        ExternType::I64 => format!("{name} as u64"),
        ExternType::U64 => name.into(),
        ExternType::Ptr => format!("{name} as u64"),
        ExternType::Ref { nullable: false, .. } => format!("u64::from({name}.raw().0)"),
        ExternType::Ref { nullable: true, .. } => format!("{name}.map_or(0, |object| u64::from(object.raw().0))"),
        ExternType::List => unreachable!("lists do not come from the host"),
    }
}

/// `unsafe extern "C" fn call_<name><E: Externs>(vm: *mut Vm, ..) -> ..`
fn wrapper(out: &mut String, spec: &SpecTables, function: &Extern) {
    let name = value_name(&function.name);
    let effects = &function.effects;
    let mut params = vec!["vm: *mut Vm".to_owned()];
    let mut args = vec!["vm".to_owned()];
    let mut body = Vec::new();
    if !effects.reenters {
        body.push("let vm = &*vm;".to_owned());
    }
    if matches!(function.result, ExternResult::Plan(_)) {
        body.push("let hot = vm.hot();".to_owned());
    }
    for (param, ty) in &function.params {
        let param = parameter_name(param);
        let (declared, expression) = crossing(spec, *ty, &param);
        params.extend(declared);
        match rooted(*ty, &expression).filter(|_| effects.reenters) {
            Some(handle) => {
                body.push(format!("let {param} = {handle};"));
                args.push(param);
            }
            None => args.push(expression),
        }
    }
    body.push(answer(function, &format!("E::{name}({})", args.join(", "))));
    if effects.reenters {
        let vm = if effects.throws { "vm" } else { "(*vm)" };
        body = enclosed(&format!("{vm}.protect_frame(|vm| {{"), body, "})");
    }
    if effects.throws {
        body = enclosed("glue::throwing(vm, |vm| {", body, "})");
    }
    let result = match function.result {
        _ if effects.throws => " -> Status",
        ExternResult::None => "",
        ExternResult::One(ExternType::F64) => " -> f64",
        ExternResult::One(_) | ExternResult::Plan(_) => " -> u64",
    };
    let lines: String = body.iter().map(|line| format!("        {line}\n")).collect();
    let _ = writeln!(
        out,
        "unsafe extern \"C\" fn call_{name}<E: Externs>({}){result} {{\n\
         \x20   // SAFETY: machine code passes its own VM, and values that are alive.\n\
         \x20   unsafe {{\n{lines}    }}\n}}\n",
        params.join(", ")
    );
}

/// What machine code gets for what the host's function answers.
fn answer(function: &Extern, call: &str) -> String {
    let throws = function.effects.throws;
    match function.result {
        ExternResult::None if throws => format!("{call}.map(|()| 0)"),
        ExternResult::One(ty) if throws => format!("{call}.map(|answer| {})", to_word(ty, "answer")),
        ExternResult::Plan(_) if throws => format!("{call}.map(|answer| answer.leave_in(hot))"),
        ExternResult::None | ExternResult::One(ExternType::F64) => call.to_owned(),
        ExternResult::One(ty) => to_word(ty, call),
        ExternResult::Plan(_) => format!("{call}.leave_in(hot)"),
    }
}

fn enclosed(head: &str, lines: Vec<String>, end: &str) -> Vec<String> {
    let lines = lines.into_iter().map(|line| format!("    {line}"));
    std::iter::once(head.to_owned())
        .chain(lines)
        .chain([end.to_owned()])
        .collect()
}
