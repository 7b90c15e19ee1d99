//! The `.dg` language: grammar, syntax tree and diagnostics.
