//! What SOM is made of at run time: classes, methods, blocks, numbers, and the functions that bytecode calls.

pub mod arithmetic;
pub mod class;
pub mod error;
pub mod externs;
pub mod hooks;
pub mod library;
pub mod load;
pub mod lookup;
pub mod meaning;
pub mod number;
pub mod object;
pub mod state;
pub mod trace;
