//! The core library, written in SOM: what is not found on the class path is taken from here.

/// Its classes, by name.
macro_rules! library {
    ($($name:literal),* $(,)?) => {
        const CLASSES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../library/", $name, ".som")))),*];
    };
}

library! {
    "Array", "Block", "Block1", "Block2", "Block3", "Boolean", "Class", "Dictionary", "Double", "False", "HashEntry",
    "Hashtable", "Integer", "Metaclass", "Method", "Nil", "Object", "Pair", "Primitive", "Set", "String", "Symbol",
    "System", "True", "Vector",
}

/// The text of a class of the library.
pub fn text(name: &str) -> Option<&'static str> {
    let found = CLASSES.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}
