//! Writes random programs. They end, they print what they compute, and what they print depends on nothing but the
//! semantics.
//!
//! A program is a class with methods, and two subclasses that override some of them. Methods send each other only
//! messages for methods that were written before them. Each is run often, with receivers of the three classes, and with
//! integers that become doubles and leave 32 bits, so that what instructions remember goes stale.

use std::fmt::Write as _;

use crate::random::Random;

/// What an expression evaluates to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    /// An integer or a double.
    Number,
    Boolean,
    Text,
    /// An instance of one of the classes.
    Object,
    /// Four integers.
    Row,
}

const KINDS: [Kind; 6] = [
    Kind::Integer,
    Kind::Number,
    Kind::Boolean,
    Kind::Text,
    Kind::Object,
    Kind::Row,
];

#[rustfmt::skip] // One line for each group.
const INTEGERS: [&str; 22] = [
    "0", "1", "2", "3", "7", "10", "-1", "-2", "-7", "100", "255",
    "65535", "65536", "-65536", "46341", "2147483646", "2147483647", "2147483648", "-2147483648", "-2147483649",
    "4294967296", "9223372036854775807",
];
const DOUBLES: [&str; 8] = [
    "0.0",
    "0.5",
    "-0.5",
    "1.5",
    "-3.75",
    "100.25",
    "2147483648.0",
    "1000000000000.5",
];
const TEXTS: [&str; 6] = ["''", "'a'", "'b'", "'abc'", "'12'", "'a longer text, of some length'"];
const FIELDS: [&str; 3] = ["a", "b", "c"];
const CLASSES: [&str; 3] = ["Fuzz", "FuzzLeft", "FuzzRight"];

/// A method: its number is part of its name, and it takes two arguments.
#[derive(Clone, Copy)]
struct Method {
    arguments: [Kind; 2],
    answer: Kind,
}

struct Generator {
    random: Random,
    out: String,
    /// What can be read, by kind.
    variables: Vec<(String, Kind)>,
    methods: Vec<Method>,
    /// Names that were given.
    names: usize,
    indent: usize,
}

/// The program of a seed: the classes, with an empty line between them.
pub fn program(seed: u64) -> String {
    let mut generator = Generator {
        random: Random::new(seed),
        out: String::new(),
        variables: Vec::new(),
        methods: Vec::new(),
        names: 0,
        indent: 1,
    };
    generator.program();
    generator.out
}

impl Generator {
    fn program(&mut self) {
        self.out.push_str("Fuzz = (\n    | a b c |\n");
        for field in FIELDS {
            let _ = writeln!(
                self.out,
                "    {field} = ( ^ {field} )\n    {field}: x = ( {field} := x )"
            );
        }
        self.out
            .push_str("    truth = ( ^ true )\n    number = ( ^ 7 )\n    reset = ( a := 1. b := 2. c := 3 )\n");
        self.out.push_str("    with: x = ( a := x )\n");
        let count = 3 + self.random.below(2);
        for number in 0..count {
            let method = Method {
                arguments: [*self.random.pick(&KINDS), *self.random.pick(&KINDS)],
                answer: *self.random.pick(&KINDS),
            };
            self.method(number, method);
            self.methods.push(method);
        }
        self.run();
        self.out.push_str("----\n    make = ( ^ self new reset )\n)\n");
        let methods = std::mem::take(&mut self.methods);
        for class in &CLASSES[1..] {
            let _ = write!(self.out, "\n{class} = Fuzz (\n    a = ( ^ b )\n");
            for (number, method) in methods.iter().enumerate() {
                if self.random.percent(50) {
                    self.methods = methods[..number].to_vec();
                    self.method(number, *method);
                }
            }
            let truth = if *class == "FuzzLeft" { "false" } else { "a > b" };
            let _ = write!(self.out, "    truth = ( ^ {truth} )\n)\n");
        }
    }

    fn run(&mut self) {
        self.out.push_str("    run = (\n        | o |\n        self reset.\n");
        for number in 0..self.methods.len() {
            let method = self.methods[number];
            for class in CLASSES {
                let _ = writeln!(self.out, "        o := {class} make.");
                self.variables.clear();
                let arguments = [0, 1].map(|index| self.expression(method.arguments[index], 2));
                let again = [0, 1].map(|index| self.expression(method.arguments[index], 2));
                let _ = writeln!(
                    self.out,
                    "        1 to: 4 do: [ :i | self show: (o m{number}: {} with: {}) ].",
                    arguments[0], arguments[1]
                );
                let _ = writeln!(
                    self.out,
                    "        self show: (o m{number}: {} with: {}).",
                    again[0], again[1]
                );
            }
        }
        self.out.push_str("        'end' println )\n");
        self.out.push_str(
            "    show: x = ( x class println. (x class == Array) ifTrue: [ x do: [ :each | each println ] ]. ",
        );
        self.out.push_str(
            "(x class == Array or: [ x class superclass == Fuzz or: [ x class == Fuzz ] ]) ifFalse: [ x println ] )\n",
        );
    }

    fn method(&mut self, number: usize, method: Method) {
        let _ = writeln!(self.out, "    m{number}: p with: q = (");
        self.variables = vec![
            ("p".to_string(), method.arguments[0]),
            ("q".to_string(), method.arguments[1]),
        ];
        self.out.push_str("        | u v w |\n");
        self.indent = 2;
        for (name, kind) in [
            ("u", Kind::Integer),
            ("v", Kind::Number),
            ("w", *self.random.pick(&KINDS)),
        ] {
            let value = self.expression(kind, 1);
            self.line(&format!("{name} := {value}."));
            self.variables.push((name.to_string(), kind));
        }
        for _ in 0..2 + self.random.below(4) {
            self.statement(method.answer, 2);
        }
        let answer = self.expression(method.answer, 3);
        self.line(&format!("^ {answer} )"));
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = 4 * self.indent);
    }

    fn statement(&mut self, answer: Kind, depth: usize) {
        match self.random.below(if depth == 0 { 3 } else { 9 }) {
            0 | 1 => {
                let at = self.random.below(self.variables.len());
                let (name, kind) = self.variables[at].clone();
                if name.len() == 1 {
                    let value = self.expression(kind, 2);
                    // What grows is kept small now and then.
                    match kind {
                        Kind::Integer => self.line(&format!("{name} := {value} rem: 4294967311.")),
                        Kind::Number => self.line(&format!("{name} := {value} % 4294967311.")),
                        Kind::Text => self.line(&format!("{name} := {value} + '    ' substringFrom: 1 to: 4.")),
                        _ => self.line(&format!("{name} := {value}.")),
                    }
                }
            }
            2 => {
                let field = *self.random.pick(&FIELDS);
                let value = self.expression(Kind::Integer, 2);
                self.line(&format!("{field} := {value} rem: 100003."));
            }
            3 => {
                let condition = self.expression(Kind::Boolean, 2);
                let selector = *self.random.pick(&["ifTrue:", "ifFalse:"]);
                self.block(&format!("({condition}) {selector} ["), answer, depth, None);
            }
            4 => {
                let name = self.name();
                let loops = *self
                    .random
                    .pick(&["1 to: 4 do:", "3 downTo: 1 do:", "-1 to: 1 do:", "2 to: 5 by: 2 do:"]);
                self.block(
                    &format!("{loops} [ :{name} |"),
                    answer,
                    depth,
                    Some((name.clone(), Kind::Integer)),
                );
            }
            5 => {
                let name = self.name();
                let row = self.expression(Kind::Row, 1);
                self.block(
                    &format!("{row} do: [ :{name} |"),
                    answer,
                    depth,
                    Some((name.clone(), Kind::Integer)),
                );
            }
            6 => self.block("2 timesRepeat: [", answer, depth, None),
            7 => {
                let condition = self.expression(Kind::Boolean, 1);
                let value = self.expression(answer, 1);
                let row = self.expression(Kind::Row, 1);
                let name = self.name();
                self.line(&format!(
                    "{row} do: [ :{name} | ({condition} and: [ {name} > 3 ]) ifTrue: [ ^ {value} ] ]."
                ));
            }
            _ => {
                let row = self.expression(Kind::Row, 1);
                let (index, value) = (self.expression(Kind::Integer, 1), self.expression(Kind::Integer, 2));
                self.line(&format!("{row} at: {index} % 4 + 1 put: {value} % 1000003."));
            }
        }
    }

    /// Statements in a block, with a variable of their own.
    fn block(&mut self, head: &str, answer: Kind, depth: usize, variable: Option<(String, Kind)>) {
        self.line(head);
        self.indent += 1;
        let known = self.variables.len();
        self.variables.extend(variable);
        for _ in 0..1 + self.random.below(3) {
            self.statement(answer, depth - 1);
        }
        self.line("nil");
        self.variables.truncate(known);
        self.indent -= 1;
        self.line("].");
    }

    /// A name of more than one letter: nothing is assigned to it.
    fn name(&mut self) -> String {
        self.names += 1;
        format!("x{}", self.names)
    }

    fn expression(&mut self, kind: Kind, depth: usize) -> String {
        let fitting: Vec<String> = self
            .variables
            .iter()
            .filter(|(_, of)| *of == kind || kind == Kind::Number && *of == Kind::Integer)
            .map(|(name, _)| name.clone())
            .collect();
        if !fitting.is_empty() && self.random.percent(if depth == 0 { 70 } else { 30 }) {
            return self.random.pick(&fitting).clone();
        }
        if depth > 0 && self.random.percent(25) {
            return self.any(kind, depth - 1);
        }
        match kind {
            Kind::Integer => self.integer(depth),
            Kind::Number => self.number(depth),
            Kind::Boolean => self.boolean(depth),
            Kind::Text => self.text(depth),
            Kind::Object => {
                let class = *self.random.pick(&CLASSES);
                let value = self.expression(Kind::Integer, depth.saturating_sub(1));
                match self.random.below(3) {
                    0 => format!("{class} make"),
                    1 => format!("({class} make with: {value} % 1000)"),
                    _ => "self".to_string(),
                }
            }
            Kind::Row => match self.random.below(3) {
                0 => "#(4 3 2 1) copy".to_string(),
                1 => "(1 to: 4)".to_string(),
                _ => {
                    let name = self.name();
                    let factor = self.random.pick(&INTEGERS);
                    format!("(#(1 2 3 4) collect: [ :{name} | {name} * {factor} ])")
                }
            },
        }
    }

    /// What can have any value: choices, blocks, messages to methods.
    fn any(&mut self, kind: Kind, depth: usize) -> String {
        let one = self.expression(kind, depth);
        match self.random.below(5) {
            0 => {
                let (condition, other) = (self.expression(Kind::Boolean, depth), self.expression(kind, depth));
                format!("(({condition}) ifTrue: [ {one} ] ifFalse: [ {other} ])")
            }
            1 => format!("[ {one} ] value"),
            2 => {
                let name = self.name();
                let of = *self.random.pick(&KINDS);
                let argument = self.expression(of, depth);
                self.variables.push((name.clone(), of));
                let value = self.expression(kind, depth);
                self.variables.pop();
                format!("([ :{name} | {value} ] value: {argument})")
            }
            _ => {
                let fitting: Vec<usize> = (0..self.methods.len())
                    .filter(|at| self.methods[*at].answer == kind)
                    .collect();
                if fitting.is_empty() {
                    return one;
                }
                let number = *self.random.pick(&fitting);
                let arguments = self.methods[number]
                    .arguments
                    .map(|of| self.expression(of, depth.min(1)));
                let receiver = self.expression(Kind::Object, 0);
                format!("({receiver} m{number}: {} with: {})", arguments[0], arguments[1])
            }
        }
    }

    fn integer(&mut self, depth: usize) -> String {
        if depth == 0 {
            return (*self.random.pick(&INTEGERS)).to_string();
        }
        let one = self.expression(Kind::Integer, depth - 1);
        match self.random.below(12) {
            0 => {
                let object = self.expression(Kind::Object, depth - 1);
                let getter = *self.random.pick(&["a", "b", "c", "number"]);
                format!("{object} {getter}")
            }
            1 => {
                let row = self.expression(Kind::Row, depth - 1);
                format!("({row} at: {one} % 4 + 1)")
            }
            2 => format!("{} length", self.expression(Kind::Text, depth - 1)),
            3 => format!(
                "({one} {} {})",
                self.random.pick(&["/", "%", "rem:"]),
                self.random.pick(&INTEGERS[1..])
            ),
            4 => format!("{one} abs"),
            _ => {
                let other = self.expression(Kind::Integer, depth - 1);
                let operator = *self
                    .random
                    .pick(&["+", "-", "*", "+", "-", "&", "bitXor:", "max:", "min:"]);
                format!("({one} {operator} {other})")
            }
        }
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return (*self.random.pick(&DOUBLES)).to_string();
        }
        let (one, other) = (
            self.expression(Kind::Number, depth - 1),
            self.expression(Kind::Number, depth - 1),
        );
        let operator = *self.random.pick(&["+", "-", "*", "//"]);
        format!("({one} {operator} {other})")
    }

    fn boolean(&mut self, depth: usize) -> String {
        if depth == 0 {
            return (*self.random.pick(&["true", "false"])).to_string();
        }
        match self.random.below(7) {
            0 => {
                let (one, other) = (
                    self.expression(Kind::Boolean, depth - 1),
                    self.expression(Kind::Boolean, depth - 1),
                );
                let selector = *self.random.pick(&["and:", "or:"]);
                format!("({one} {selector} [ {other} ])")
            }
            1 => format!("{} not", self.expression(Kind::Boolean, depth - 1)),
            2 => {
                let (one, other) = (
                    self.expression(Kind::Text, depth - 1),
                    self.expression(Kind::Text, depth - 1),
                );
                let operator = *self.random.pick(&["=", "<>", "=="]);
                format!("({one} {operator} {other})")
            }
            3 => {
                let kind = *self.random.pick(&KINDS);
                format!(
                    "{} {}",
                    self.expression(kind, depth - 1),
                    self.random.pick(&["isNil", "notNil"])
                )
            }
            4 => format!("{} truth", self.expression(Kind::Object, depth - 1)),
            _ => {
                let kind = *self.random.pick(&[Kind::Integer, Kind::Integer, Kind::Number]);
                let (one, other) = (self.expression(kind, depth - 1), self.expression(kind, depth - 1));
                let operator = *self.random.pick(&["<", ">", "<=", ">=", "=", "<>", "~="]);
                format!("({one} {operator} {other})")
            }
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return (*self.random.pick(&TEXTS)).to_string();
        }
        match self.random.below(3) {
            0 => format!("{} asString", self.expression(Kind::Integer, depth - 1)),
            1 => {
                let text = self.expression(Kind::Text, depth - 1);
                let index = self.expression(Kind::Integer, depth - 1);
                format!("('xyz' + {text} charAt: {index} % 3 + 1)")
            }
            _ => {
                let (one, other) = (
                    self.expression(Kind::Text, depth - 1),
                    self.expression(Kind::Text, depth - 1),
                );
                format!("({one} + {other})")
            }
        }
    }
}
