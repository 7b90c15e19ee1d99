//! The compiler from `.dg` specifications to VM crates.
