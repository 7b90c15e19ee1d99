//! The x86-64 back end: encoder, machine IR, register allocation and listings.
