//! From an [`Image`] to the text of a VM crate.
//!
//! The generated module is one file, `vm.rs`, and the assembly that it includes. In a language's own crate a build
//! script writes both to `OUT_DIR`; `dgc build` writes them as a crate of their own.

mod agreement;
mod caches;
mod code;
mod externs;
pub mod image;
mod names;
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
    ArrayObject, BytecodeBuffer, BytecodeError, Code, Coroutine, DelegatingNative, Dest, InstPos, Label, List, Object,
    Operand, OptionalRefField, RawRef, RawValue, Ref, RefField, Run, Slot, SpecNative, Str, Throw, Value, ValueField,
    Values, Vm,
};
#[allow(unused_imports, reason = \"without templates some are not needed\")]
use dg_runtime::{
    Address, Bytes, Catch, CompileAfter, Exit, KindInfo, LanguageInfo, ListingNames, OpcodeInfo, OperandInfo,
    OperandKind, Patch, PatchKind, SlotField, Status, Stubs, Template, Templates, Tracer, Version, Write, glue,
};
";
