//! What the machine is given.

use crate::emit::{CaptureSource, Prototype, Target, compile};
use crate::generated::{self, InstPos, RawRef, RawValue};
use crate::syntax::SyntaxError;

/// A machine that only takes notes.
#[derive(Default)]
struct Notes {
    strings: Vec<Vec<u8>>,
    prototypes: Vec<Prototype>,
}

impl Target for Notes {
    fn string(&mut self, bytes: &[u8]) -> RawValue {
        self.strings.push(bytes.to_vec());
        RawValue(self.strings.len() as u64)
    }

    fn number(&mut self, number: f64) -> RawValue {
        RawValue(number.to_bits())
    }

    fn site(&mut self, _: Option<u32>) -> RawRef<generated::Site> {
        RawRef::NULL
    }

    fn shape(&mut self, _: &[RawValue]) -> RawRef<generated::Shape> {
        RawRef::NULL
    }

    fn shape_of_strings(&mut self) -> RawRef<generated::Shape> {
        RawRef::NULL
    }

    fn code(&mut self, prototype: Prototype) -> RawRef<generated::Code> {
        self.prototypes.push(prototype);
        RawRef::NULL
    }
}

fn assemble(source: &str) -> Result<Notes, SyntaxError> {
    let mut notes = Notes::default();
    compile(source.as_bytes(), b"=t", &mut notes)?;
    Ok(notes)
}

#[test]
fn functions_are_made_from_the_inside() {
    let notes = assemble("function f()\nfunction g(a, b)\nend end\nfunction h(...) end").unwrap();
    let lines: Vec<_> = notes
        .prototypes
        .iter()
        .map(|made| (made.line_defined, made.last_line))
        .collect();
    assert_eq!(lines, [(4, 4), (2, 3), (1, 3), (0, 0)]);
    let have_inner: Vec<_> = notes.prototypes.iter().map(|made| made.first_inner.is_some()).collect();
    assert_eq!(have_inner, [false, false, true, true]);
    let parameters: Vec<_> = notes
        .prototypes
        .iter()
        .map(|made| (made.params, made.is_vararg))
        .collect();
    assert_eq!(parameters, [(0, true), (2, false), (0, false), (0, true)]);
}

#[test]
fn captures_say_where_the_enclosing_function_has_the_variable() {
    let notes = assemble("local a, b function f(c) return function() return c, b end end").unwrap();
    let captures = |index: usize| {
        let captures = notes.prototypes[index].captures.iter();
        captures
            .map(|capture| (&*capture.name, capture.source))
            .collect::<Vec<_>>()
    };
    let slot = |index| CaptureSource::FromSlot(generated::Slot(index));
    assert_eq!(
        captures(0),
        [(&b"c"[..], slot(0)), (b"b", CaptureSource::FromCapture(0))]
    );
    assert_eq!(captures(1), [(&b"b"[..], slot(1))]);
    assert_eq!(captures(2), []);
}

#[test]
fn a_string_is_made_once() {
    let notes = assemble("x.y = 'y' x.y = x function f() return x end").unwrap();
    assert_eq!(notes.strings, [&b"x"[..], b"y", b"f"]);
}

#[test]
fn positions_are_those_of_instructions() {
    let notes = assemble("local a = 1\nlocal b = a + 2\nreturn b").unwrap();
    let [main] = &notes.prototypes[..] else {
        panic!("one function");
    };
    let lines: Vec<_> = main.lines.iter().map(|&(_, line)| line).collect();
    assert_eq!(lines, [1, 2, 3]);
    let (second, third, end) = (main.lines[1].0, main.lines[2].0, main.code.here());
    assert_eq!(main.lines[0].0, InstPos(0));
    let locals: Vec<_> = main
        .locals
        .iter()
        .map(|local| (&*local.name, local.from, local.to))
        .collect();
    assert_eq!(locals, [(&b"a"[..], second, end), (b"b", third, end)]);
}

#[test]
fn every_branch_has_its_label() {
    let source = "while a do if b then break elseif c then f() end end \
                  for i = 1, 2 do end for k in d do x = k and i or a .. b end repeat local z until z > 1";
    for prototype in assemble(source).unwrap().prototypes {
        assert!(prototype.code.finish().is_ok());
    }
}

#[test]
fn errors() {
    let message = |source: &str| assemble(source).err().map(|error| error.to_string());
    assert_eq!(message("x = }").as_deref(), Some("t:1: unexpected symbol near '}'"));
    let too_complex = format!("\nf({}1)", "1,".repeat(300));
    assert_eq!(
        message(&too_complex).as_deref(),
        Some("t:2: function or expression too complex")
    );
}
