//! From an [`Image`] to the text of a VM crate.
//!
//! The generated module is one file, `vm.rs`, and the assembly that it includes. In a language's own crate a build
//! script writes both to `OUT_DIR`; `dgc build` writes them as a crate of their own.

mod agreement;
mod caches;
mod code;
mod externs;
pub mod image;
pub(crate) mod names;
mod objects;
mod opcodes;
mod standalone;
mod tables;
mod templates;
mod values;

pub use code::{assembly, link_name};
pub use image::{
    CodeSymbol, Exit, Image, NativeImage, Opcode, Place, Section, Stubs, Template, TemplatePart, TemplateVersion,
    Write, Written,
};
pub use standalone::standalone_crate;

/// The generated Rust module, in sections of related items.
pub fn module(image: &Image) -> String {
    let sections = [
        head(image),
        agreement::assertions(),
        values::values(&image.spec),
        objects::objects(&image.spec),
        externs::externs(&image.spec),
        opcodes::opcodes(image),
        caches::caches(image),
        templates::templates(image),
        tables::tables(image),
    ];
    sections.concat()
}

fn head(image: &Image) -> String {
    format!(
        "// The virtual machine of `{}`, made by dgc. Do not edit: change the specification.\n\
         {IMPORTS}\n\
         core::arch::global_asm!(include_str!(concat!(env!(\"DG_VM_DIR\"), \"/vm.s\")), options(att_syntax));\n\n",
        image.spec.language
    )
}

const IMPORTS: &str = "\
use core::cell::Cell;
use core::mem::offset_of;

use dg_runtime::abi::Header;
pub use dg_runtime::{
    ArrayObject, BytecodeBuffer, BytecodeError, Code, Coroutine, DelegatingNative, Dest, Handle, InstPos, Label, List,
    Object, Operand, OptionalRefField, RawRef, RawValue, Ref, RefField, RefHandle, Run, Slot, SpecNative, Str, Throw,
    Value, ValueField, Values, Vm,
};
#[allow(unused_imports, reason = \"without templates some are not needed\")]
use dg_runtime::{
    Address, Bytes, Catch, CompileAfter, Exit, KindInfo, LanguageInfo, ListingNames, OpcodeInfo, OperandInfo,
    OperandKind, Patch, PatchKind, SlotField, Status, Stubs, Template, Templates, Tracer, Version, Write, glue,
};
";

#[cfg(test)]
mod tests {
    use super::names::TAKEN_ITEMS;
    use crate::pipeline::{self, Options};

    const SOURCE: &str = "language demo { callee Function; }
        value { nil = unit; integer = int32; double = float64; function = ref Function; }
        object Function { code: ref Code; } enum Step { First } plan Place { At(u32), else Nowhere }
        extern fn find(x: function) -> Place pure until moved; extern fn stop(step: Step) throws;
        native fn ask(f: value) { if f is not function { return f; } match try call f() { Returned(_) => return nil, \
        Threw(x) => return x } }
        bytecode FIND(x: slot) -> slot { if x is not function { stop(Step.First); return nil; } \
        match cache(x) find(x) { At(i) => to_double(i), Nowhere => nil } }
        bytecode MOVE(x: slot | const value) -> slot | slots | open slots { x }";

    #[test]
    fn no_name_of_the_module_can_be_taken() {
        let module = pipeline::vm(SOURCE, &Options::default()).expect("it is right").module;
        let own = ["Function", "Step", "Place"];
        let mut count = 0;
        let mut check = |name: &str| {
            if name.starts_with(char::is_uppercase) && !own.contains(&name) {
                assert!(TAKEN_ITEMS.contains(&name), "{name} could be taken by a specification");
                count += 1;
            }
        };
        for keyword in ["\nuse ", "\npub use "] {
            for imported in module.split(keyword).skip(1) {
                let list = imported.split(';').next().unwrap_or_default();
                list.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .for_each(&mut check);
            }
        }
        for item in ["\npub struct ", "\npub enum ", "\npub trait ", "\nstruct ", "\nenum "] {
            for declared in module.split(item).skip(1) {
                check(
                    declared
                        .split(|c: char| !c.is_alphanumeric())
                        .next()
                        .unwrap_or_default(),
                );
            }
        }
        assert!(count > 50, "only {count} names found");
    }
}
