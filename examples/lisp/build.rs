//! Makes the virtual machine from its specification.

fn main() {
    dg_compiler::build_script::compile("lisp.dg");
}
