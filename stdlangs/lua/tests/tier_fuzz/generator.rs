//! Writes random programs. They end, they print what they compute, and what they print depends on nothing but the
//! semantics: no addresses, no order of keys.
//!
//! A program defines functions and runs each often, with arguments that keep to one type for a while and then change, so
//! that what instructions remember goes stale. Each call is protected, and its error is printed.

use std::fmt::Write as _;

use crate::random::Random;

/// What a variable is expected to hold. A program does not always keep to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Truth,
    /// With fields, and numbers at indices.
    Table,
    /// Of the prelude's class, with metamethods.
    Object,
    Function,
}

const KINDS: [Kind; 6] = [
    Kind::Number,
    Kind::Text,
    Kind::Truth,
    Kind::Table,
    Kind::Object,
    Kind::Function,
];

const FIELDS: [&str; 8] = ["x", "y", "z", "name", "count", "link", "f", "missing"];
const GLOBALS: [(&str, Kind); 5] = [
    ("g_number", Kind::Number),
    ("g_text", Kind::Text),
    ("g_table", Kind::Table),
    ("g_object", Kind::Object),
    ("g_function", Kind::Function),
];
#[rustfmt::skip] // One line for each group.
const NUMBERS: [&str; 32] = [
    "0", "1", "2", "3", "7", "10", "-1", "-2", "-7", "100",
    "0.5", "-0.5", "0.1", "1.5", "-3.75", "1e15", "-0", "1 / 0",
    "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296",
    "9007199254740992", "9007199254740993", "-9007199254740992", "1e308", "1e-320", "0x10", "1e100", "255",
];
#[rustfmt::skip]
const TEXTS: [&str; 14] = [
    "''", "'a'", "'b'", "'ab'", "'10'", "'0x10'", "' 5 '", "'1e1'", "'x'", "'y'", "'nan'", "'a\\0b'", "'-3'",
    "'a longer text, which is not interned in every implementation'",
];
/// First, last and step of loops; each ends after a few turns.
#[rustfmt::skip]
const RANGES: [&str; 20] = [
    "1, 3", "1, 8", "3, 1, -1", "1, 0", "0, 1, 0.25", "1, 2, 0.1", "10, 1, -3", "-3, 3, 2", "5, 5", "5, 5, -1",
    "1, 10, 4", "2147483645, 2147483649", "-2147483647, -2147483650, -1", "9007199254740990, 9007199254740992", "1, -1 / 0",
    "1e308, 1 / 0, 1e308", "'2', '5'", "1, 40, 7", "0.1, 0.35, 0.1", "-1, -2",
];
/// Methods.
const METHODS: [&str; 4] = ["value", "add", "self_or", "missing_method"];

/// What every program begins with.
const PRELUDE: &str = r#"local fuel = 1000
local function burn()
  fuel = fuel - 1
  if fuel < 0 then error('out of fuel', 0) end
  if type(g_text) == 'string' and #g_text > 1000 then g_text = 'was long' end
end
local text_of = tostring
local function tostring(v)
  local kind = type(v)
  return (kind == 'table' or kind == 'function' or kind == 'thread') and kind or text_of(v)
end
local depth = 0
local function show(...)
  local out = {}
  for i = 1, select('#', ...) do
    local v = select(i, ...)
    local kind = type(v)
    if kind == 'number' then
      out[i] = string.format('%.17g', v)
    elseif kind == 'string' then
      out[i] = '"' .. string.sub(v, 1, 60) .. '"' .. #v
    elseif kind == 'table' and depth < 2 then
      depth = depth + 1
      local parts = { tostring(rawget(v, 1)), text_of(#v) }
      for _, k in ipairs({ 'x', 'y', 'z', 'name', 'count', 'link', 'f' }) do
        local field = rawget(v, k)
        if field ~= nil then parts[#parts + 1] = k .. '=' .. show(field) end
      end
      depth = depth - 1
      out[i] = '{' .. table.concat(parts, ' ') .. '}'
    else
      out[i] = tostring(v)
    end
  end
  return table.concat(out, ' ')
end
local Object = {}
Object.__index = Object
local function number_of(v)
  if type(v) == 'table' then return tonumber(rawget(v, 'x')) or 0 end
  return tonumber(v) or 1
end
local function new(x, y)
  return setmetatable({ x = x, y = y }, Object)
end
function Object.__add(a, b) return new(number_of(a) + number_of(b), 'add') end
function Object.__sub(a, b) return number_of(a) - number_of(b) end
function Object.__mul(a, b) return new(number_of(a) * 2, b) end
function Object.__unm(a) return -number_of(a) end
function Object.__concat(a, b) return 'c' .. tostring(number_of(a)) .. tostring(number_of(b)) end
function Object.__eq(a, b) return number_of(a) == number_of(b) end
function Object.__lt(a, b) return number_of(a) < number_of(b) end
function Object.__le(a, b) return number_of(a) <= number_of(b) end
function Object.__call(self, a, ...) return number_of(self), a, select('#', ...) end
function Object:value() return self.x end
function Object:add(n) self.x = number_of(self) + number_of(n) return self end
function Object.self_or(a, b) return b or a end
local Derived = setmetatable({}, { __index = Object })
Derived.__index = function(t, k) if k == 'missing' then return 'computed' end return Object[k] end
Derived.__newindex = function(t, k, v) rawset(t, k, v == nil and 'none' or v) end
Derived.__add = Object.__add
local function derived(x) local o = setmetatable({}, Derived) o.x = x return o end
g_number, g_text, g_table, g_object = 1, 'g', { 1, 2, 3, x = 1 }, new(1, 2)
g_function = function(...) return ... end
"#;

/// The program of a seed.
pub fn program(seed: u64) -> String {
    let mut writer = Writer {
        random: Random::new(seed),
        text: String::from(PRELUDE),
        scopes: vec![Vec::new()],
        next_name: 0,
        indent: 0,
        loops: 0,
        functions: 0,
        in_vararg: false,
        statements: 0,
    };
    writer.whole();
    writer.text
}

#[derive(Clone)]
struct Variable {
    name: String,
    kind: Kind,
}

struct Writer {
    random: Random,
    text: String,
    scopes: Vec<Vec<Variable>>,
    next_name: u32,
    indent: usize,
    /// How many loops are around.
    loops: u32,
    /// How many functions are around.
    functions: u32,
    in_vararg: bool,
    /// How many have been written in this function.
    statements: u32,
}

impl Writer {
    fn whole(&mut self) {
        for _ in 0..1 + self.random.below(3) {
            let kind = *self.random.pick(&KINDS[..5]);
            let value = self.constant(kind);
            self.declare(kind, &value);
        }
        for _ in 0..2 + self.random.below(3) {
            self.statements = 0;
            let (name, params) = self.function_statement(true);
            self.drive(&name, &params);
        }
        self.line("print(show(g_number, g_text, g_table, g_object))");
    }

    /// Calls a function often, with arguments of the kinds that it expects first.
    fn drive(&mut self, name: &str, params: &[Kind]) {
        let rounds = 2 + self.random.below(3);
        for round in 0..rounds {
            let mut arguments: Vec<String> = Vec::new();
            for kind in params {
                let kind = match round {
                    0 => *kind,
                    _ if self.random.percent(60) => *kind,
                    _ => *self.random.pick(&KINDS),
                };
                arguments.push(self.value(kind, 1));
            }
            match self.random.below(6) {
                0 => drop(arguments.pop()),
                1 => arguments.push("'more'".into()),
                _ => {}
            }
            let turns = 1 + self.random.below(9);
            let call = format!("{name}({})", arguments.join(", "));
            self.line("fuel = 1000");
            self.line(&format!("for turn = 1, {turns} do"));
            self.line(&format!("  print({round}, show(pcall(function() return {call} end)))"));
            self.line("end");
        }
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn new_name(&mut self, kind: Kind) -> String {
        self.next_name += 1;
        let letter = match kind {
            Kind::Number => 'n',
            Kind::Text => 's',
            Kind::Truth => 'b',
            Kind::Table => 't',
            Kind::Object => 'o',
            Kind::Function => 'f',
        };
        format!("{letter}{}", self.next_name)
    }

    fn scope(&mut self) -> &mut Vec<Variable> {
        self.scopes.last_mut().expect("there is the outermost scope")
    }

    fn declare(&mut self, kind: Kind, value: &str) -> String {
        let name = self.new_name(kind);
        self.line(&format!("local {name} = {value}"));
        self.scope().push(Variable {
            name: name.clone(),
            kind,
        });
        name
    }

    /// A variable that should be of this kind.
    fn variable(&mut self, kind: Kind) -> Option<String> {
        let locals = self.scopes.iter().flatten().map(|local| (&local.name[..], local.kind));
        let all: Vec<&str> = locals
            .chain(GLOBALS)
            .filter(|(_, of)| *of == kind)
            .map(|(name, _)| name)
            .collect();
        if all.is_empty() {
            return None;
        }
        // The innermost are what a function works on.
        let from = if self.random.percent(60) {
            all.len().saturating_sub(7)
        } else {
            0
        };
        let index = from + self.random.below(all.len() - from);
        Some(all[index].to_owned())
    }

    fn any_variable(&mut self) -> String {
        loop {
            let kind = *self.random.pick(&KINDS);
            if let Some(name) = self.variable(kind) {
                return name;
            }
        }
    }

    // Statements.

    fn block(&mut self, depth: u32, count: usize) {
        self.indent += 1;
        self.scopes.push(Vec::new());
        for _ in 0..1 + self.random.below(count) {
            self.statement(depth);
        }
        self.scopes.pop();
        self.indent -= 1;
    }

    fn statement(&mut self, depth: u32) {
        self.statements += 1;
        let choice = if depth == 0 || self.statements > 60 {
            self.random.below(60)
        } else {
            self.random.below(100)
        };
        match choice {
            0..14 => {
                let kind = *self.random.pick(&KINDS);
                let value = self.value(kind, 3);
                self.declare(kind, &value);
            }
            14..28 => self.assignment(),
            28..40 => self.field_assignment(),
            40..46 => {
                let (a, b) = (self.any_variable(), self.any_variable());
                let value = self.any_value(2);
                self.line(&format!("{a}, {b} = {b}, {value}"));
            }
            46..52 => {
                let call = self.call(2);
                self.line(&format!("g_table[#g_table % 5 + 1] = {call}"));
            }
            52..55 => {
                let value = self.any_value(2);
                self.line(&format!("print(show({value}))"));
            }
            55..57 => {
                let name = self.any_variable();
                self.line(&format!(
                    "if type({name}) == 'string' and #{name} > 200 then {name} = 'long' end"
                ));
            }
            57..60 => {
                let (a, b, c) = (
                    self.new_name(Kind::Number),
                    self.new_name(Kind::Text),
                    self.new_name(Kind::Truth),
                );
                let call = self.call(2);
                self.line(&format!("local {a}, {b}, {c} = {call}"));
                for (name, kind) in [(a, Kind::Number), (b, Kind::Text), (c, Kind::Truth)] {
                    self.scope().push(Variable { name, kind });
                }
            }
            60..70 => self.branch(depth),
            70..86 if self.loops < 2 => self.any_loop(depth),
            86..90 if self.functions < 3 => drop(self.function_statement(false)),
            90..93 if self.functions < 3 => self.protected(depth),
            93..96 if self.functions < 3 => self.coroutine(depth),
            96 => self.line("collectgarbage()"),
            97 => {
                let value = self.value(Kind::Truth, 2);
                let thrown = self.any_value(1);
                self.line(&format!("if {value} then error({thrown}, {}) end", choice % 3));
            }
            98 if self.functions > 0 => {
                let (condition, value) = (self.value(Kind::Truth, 2), self.any_value(2));
                let tail = if self.random.percent(50) { self.call(1) } else { value };
                self.line(&format!("if {condition} then return {tail} end"));
            }
            _ => {
                self.line("do");
                self.block(depth - 1, 3);
                self.line("end");
            }
        }
    }

    fn assignment(&mut self) {
        let kind = *self.random.pick(&KINDS);
        let Some(name) = self.variable(kind) else { return };
        let value = match self.random.below(12) {
            0 => self.any_value(2),
            1 => "nil".into(),
            _ => self.value(kind, 3),
        };
        self.line(&format!("{name} = {value}"));
    }

    fn field_assignment(&mut self) {
        let kind = *self.random.pick(&[Kind::Table, Kind::Table, Kind::Object]);
        let Some(table) = self.variable(kind) else { return };
        let value = match self.random.below(8) {
            0 => "nil".into(),
            1 => self.any_value(2),
            _ => self.value(Kind::Number, 2),
        };
        let place = match self.random.below(6) {
            0..3 => format!(".{}", self.random.pick(&FIELDS)),
            3 => format!("[{}]", 1 + self.random.below(9)),
            4 => format!("[#{table} + 1]"),
            _ => {
                let key = self.any_value(1);
                format!("[{key}]")
            }
        };
        self.line(&format!("{table}{place} = {value}"));
    }

    fn branch(&mut self, depth: u32) {
        let condition = self.value(Kind::Truth, 3);
        self.line(&format!("if {condition} then"));
        self.block(depth - 1, 3);
        if self.random.percent(30) {
            let condition = self.value(Kind::Truth, 2);
            self.line(&format!("elseif {condition} then"));
            self.block(depth - 1, 2);
        }
        if self.random.percent(50) {
            self.line("else");
            self.block(depth - 1, 3);
        }
        self.line("end");
    }

    fn any_loop(&mut self, depth: u32) {
        let variable = self.new_name(Kind::Number);
        let other = self.new_name(Kind::Number);
        self.loops += 1;
        let mut end = "end".to_owned();
        match self.random.below(9) {
            0..4 => {
                let range = match self.random.below(4) {
                    0 => format!("1, {} % 7", self.value(Kind::Number, 1)),
                    _ => (*self.random.pick(&RANGES)).to_owned(),
                };
                self.line(&format!("for {variable} = {range} do burn()"));
            }
            4 => {
                let table = self.value(Kind::Table, 1);
                self.line(&format!("for {other}, {variable} in ipairs({table}) do burn()"));
            }
            5 => {
                let text = self.value(Kind::Text, 1);
                self.line(&format!("for {variable} in string.gmatch({text}, '%w') do burn()"));
            }
            6 => {
                let last = 1 + self.random.below(6);
                self.line(&format!(
                    "for {variable}, {other} in function(s, c) if c < s then return c + 1, s - c end end, {last}, 0 do"
                ));
            }
            7 => {
                let condition = self.value(Kind::Truth, 2);
                self.line(&format!(
                    "local {variable} = 0 while {variable} < 6 and {condition} do burn()"
                ));
                self.line(&format!("  {variable} = ({variable} or 0) + 1"));
                self.scope().push(Variable {
                    name: variable.clone(),
                    kind: Kind::Number,
                });
            }
            _ => {
                let condition = self.value(Kind::Truth, 2);
                self.line(&format!("local {variable} = 0 repeat burn()"));
                self.line(&format!("  {variable} = ({variable} or 0) + 1"));
                self.scope().push(Variable {
                    name: variable.clone(),
                    kind: Kind::Number,
                });
                end = format!("until {variable} > 4 or {condition}");
            }
        }
        self.indent += 1;
        self.scopes.push(vec![Variable {
            name: variable,
            kind: Kind::Number,
        }]);
        self.block(depth - 1, 4);
        if self.random.percent(20) {
            let condition = self.value(Kind::Truth, 2);
            self.line(&format!("if {condition} then break end"));
        }
        self.scopes.pop();
        self.indent -= 1;
        self.line(&end);
        self.loops -= 1;
    }

    /// A function in a local or global variable; answers its name and what it expects.
    fn function_statement(&mut self, is_large: bool) -> (String, Vec<Kind>) {
        let name = self.new_name(Kind::Function);
        let params: Vec<Kind> = (0..self.random.below(4)).map(|_| *self.random.pick(&KINDS)).collect();
        let is_global = !is_large && self.random.percent(20);
        let start = if is_global { "function g_" } else { "local function " };
        let is_vararg = self.random.percent(30);
        let header = self.parameters(&params, is_vararg);
        self.line(&format!("{start}{name}({}) burn()", header.1));
        self.function_body(
            header.0,
            is_vararg,
            if is_large { 7 } else { 3 },
            if is_large { 3 } else { 2 },
        );
        self.line("end");
        let name = if is_global { format!("g_{name}") } else { name };
        if !is_global {
            self.scope().push(Variable {
                name: name.clone(),
                kind: Kind::Function,
            });
        }
        (name, params)
    }

    fn parameters(&mut self, kinds: &[Kind], is_vararg: bool) -> (Vec<Variable>, String) {
        let params: Vec<Variable> = kinds
            .iter()
            .map(|kind| Variable {
                name: self.new_name(*kind),
                kind: *kind,
            })
            .collect();
        let mut names: Vec<&str> = params.iter().map(|param| &param.name[..]).collect();
        if is_vararg {
            names.push("...");
        }
        let list = names.join(", ");
        (params, list)
    }

    fn function_body(&mut self, params: Vec<Variable>, is_vararg: bool, count: usize, depth: u32) {
        let outer = (self.loops, std::mem::replace(&mut self.in_vararg, is_vararg));
        self.loops = 0;
        self.functions += 1;
        self.scopes.push(params);
        self.indent += 1;
        for _ in 0..1 + self.random.below(count) {
            self.statement(depth);
        }
        if self.random.percent(80) {
            let values: Vec<String> = (0..1 + self.random.below(3)).map(|_| self.any_value(2)).collect();
            self.line(&format!("return {}", values.join(", ")));
        }
        self.indent -= 1;
        self.scopes.pop();
        self.functions -= 1;
        (self.loops, self.in_vararg) = outer;
    }

    fn protected(&mut self, depth: u32) {
        let result = self.new_name(Kind::Truth);
        let is_handled = self.random.percent(30);
        let call = if is_handled { "xpcall" } else { "pcall" };
        self.line(&format!("local {result}, {result}e = {call}(function() burn()"));
        self.function_body(Vec::new(), false, 3, depth - 1);
        self.line(if is_handled {
            "end, function(e) return show(e) end)"
        } else {
            "end)"
        });
        self.line(&format!("print(show({result}, {result}e))"));
        self.scope().push(Variable {
            name: result,
            kind: Kind::Truth,
        });
    }

    fn coroutine(&mut self, depth: u32) {
        let name = self.new_name(Kind::Function);
        let params = [*self.random.pick(&KINDS), Kind::Number];
        let (params, list) = self.parameters(&params, false);
        let is_wrapped = self.random.percent(50);
        let make = if is_wrapped { "wrap" } else { "create" };
        self.line(&format!("local {name} = coroutine.{make}(function({list}) burn()"));
        let first = params[0].name.clone();
        self.indent += 1;
        let yields = 1 + self.random.below(4);
        self.line(&format!("for i = 1, {yields} do burn()"));
        self.line(&format!("  {first} = coroutine.yield({first}, i) or {first}"));
        self.line("end");
        self.indent -= 1;
        self.function_body(params, false, 3, depth - 1);
        self.line("end)");
        for _ in 0..1 + self.random.below(4) {
            let value = self.any_value(1);
            let call = match is_wrapped {
                true => format!("pcall({name}, {value}, 2)"),
                false => format!("coroutine.resume({name}, {value}, 2)"),
            };
            self.line(&format!("print(show({call}))"));
        }
    }

    // Expressions.

    fn any_value(&mut self, depth: u32) -> String {
        let kind = *self.random.pick(&KINDS);
        self.value(kind, depth)
    }

    /// An expression that should be of this kind.
    fn value(&mut self, kind: Kind, depth: u32) -> String {
        if self.random.percent(3) {
            let kind = *self.random.pick(&KINDS);
            if let Some(name) = self.variable(kind) {
                return name;
            }
        }
        if depth == 0 || self.random.percent(30) {
            if self.random.percent(70)
                && let Some(name) = self.variable(kind)
            {
                return name;
            }
            return self.constant(kind);
        }
        let depth = depth - 1;
        match kind {
            Kind::Number => self.number(depth),
            Kind::Text => self.string(depth),
            Kind::Truth => self.truth(depth),
            Kind::Table => self.table(depth),
            Kind::Object => self.object(depth),
            Kind::Function => self.function(depth),
        }
    }

    fn constant(&mut self, kind: Kind) -> String {
        match kind {
            Kind::Number => (*self.random.pick(&NUMBERS)).into(),
            Kind::Text => (*self.random.pick(&TEXTS)).into(),
            Kind::Truth => (*self.random.pick(&["true", "false", "nil"])).into(),
            Kind::Table => (*self.random.pick(&["{}", "{ 1, 2 }", "{ x = 1 }", "{ y = 1, x = 2 }"])).into(),
            Kind::Object => (*self.random.pick(&["new(1, 2)", "derived(3)", "new(2)"])).into(),
            Kind::Function => (*self
                .random
                .pick(&["tostring", "type", "g_function", "math.floor", "select"]))
            .into(),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        match self.random.below(14) {
            0..7 => {
                let operator = *self.random.pick(&["+", "-", "*", "/", "%", "^", "+", "-", "*"]);
                let (a, b) = (self.value(Kind::Number, depth), self.value(Kind::Number, depth));
                format!("({a} {operator} {b})")
            }
            7 => format!("(- {})", self.value(Kind::Number, depth)),
            8 => format!("#({})", self.value(Kind::Text, depth)),
            9 => {
                let table = self.place(depth);
                format!("(tonumber({table}) or 0)")
            }
            10 => self.place(depth),
            11 => {
                let function = self
                    .random
                    .pick(&["math.floor", "math.abs", "math.sqrt", "tonumber", "math.max"]);
                let value = self.value(Kind::Number, depth);
                format!("{function}({value})")
            }
            12 if self.in_vararg => "select('#', ...)".into(),
            _ => {
                let (a, b) = (self.value(Kind::Truth, depth), self.value(Kind::Number, depth));
                let c = self.value(Kind::Number, depth);
                format!("({a} and {b} or {c})")
            }
        }
    }

    /// A field, an element, or what a call returns.
    fn place(&mut self, depth: u32) -> String {
        let kind = *self.random.pick(&[Kind::Table, Kind::Table, Kind::Object]);
        let table = self.value(kind, depth.min(1));
        match self.random.below(6) {
            0..3 => format!("({table}).{}", self.random.pick(&FIELDS)),
            3 => format!("({table})[{}]", 1 + self.random.below(4)),
            4 => {
                let key = self.any_value(0);
                format!("({table})[{key}]")
            }
            _ => self.call(depth),
        }
    }

    fn call(&mut self, depth: u32) -> String {
        let depth = depth.saturating_sub(1);
        let mut arguments: Vec<String> = (0..self.random.below(4)).map(|_| self.any_value(depth)).collect();
        if self.in_vararg && self.random.percent(30) {
            arguments.push("...".into());
        }
        let list = arguments.join(", ");
        if self.random.percent(30) {
            let object = self.value(Kind::Object, depth);
            let method = self.random.pick(&METHODS);
            return format!("({object}):{method}({list})");
        }
        let kind = if self.random.percent(10) {
            Kind::Object
        } else {
            Kind::Function
        };
        let callee = self.value(kind, depth.min(1));
        format!("({callee})({list})")
    }

    fn string(&mut self, depth: u32) -> String {
        let first = self.value(Kind::Text, depth);
        match self.random.below(8) {
            0..3 => {
                let kind = *self.random.pick(&[Kind::Text, Kind::Number]);
                let second = self.value(kind, depth);
                let first = format!("({first} .. {second}");
                match self.random.percent(30) {
                    true => format!("{first} .. {})", self.value(Kind::Text, depth)),
                    false => format!("{first})"),
                }
            }
            3 => format!("string.sub({first}, {}, {})", self.number(0), 3),
            4 => format!(
                "({first}):{}()",
                self.random.pick(&["upper", "lower", "reverse", "len"])
            ),
            5 => format!("tostring({})", self.value(Kind::Number, depth)),
            6 => format!("string.rep({first}, {})", self.random.below(4)),
            _ => format!(
                "string.format('%s|%5.2f', {first}, {})",
                self.value(Kind::Number, depth)
            ),
        }
    }

    fn truth(&mut self, depth: u32) -> String {
        let kind = *self
            .random
            .pick(&[Kind::Number, Kind::Number, Kind::Number, Kind::Text, Kind::Object]);
        match self.random.below(10) {
            0..4 => {
                let operator = self.random.pick(&["<", "<=", ">", ">="]);
                let (a, b) = (self.value(kind, depth), self.value(kind, depth));
                format!("({a} {operator} {b})")
            }
            4..6 => {
                let operator = self.random.pick(&["==", "~="]);
                let kind = *self.random.pick(&KINDS);
                let (a, b) = (self.value(kind, depth), self.value(kind, depth));
                format!("({a} {operator} {b})")
            }
            6 => format!("(not {})", self.value(Kind::Truth, depth)),
            7 => {
                let (a, b) = (self.any_value(depth), self.any_value(depth));
                let operator = self.random.pick(&["and", "or"]);
                format!("({a} {operator} {b})")
            }
            8 => format!("({} == nil)", self.place(depth)),
            _ => format!("(type({}) == 'number')", self.any_value(depth)),
        }
    }

    fn table(&mut self, depth: u32) -> String {
        let mut parts: Vec<String> = Vec::new();
        for _ in 0..self.random.below(5) {
            let value = match self.random.percent(70) {
                true => self.value(Kind::Number, depth),
                false => self.any_value(depth),
            };
            parts.push(match self.random.below(4) {
                0..2 => format!("{} = {value}", self.random.pick(&FIELDS)),
                2 => value,
                _ => format!(
                    "[{}] = {value}",
                    self.random.pick(&["1", "2", "10", "'x'", "1.5", "true"])
                ),
            });
        }
        if self.in_vararg && self.random.percent(30) {
            parts.push("...".into());
        }
        format!("{{ {} }}", parts.join(", "))
    }

    fn object(&mut self, depth: u32) -> String {
        match self.random.below(5) {
            0 => format!("derived({})", self.value(Kind::Number, depth)),
            1 => format!(
                "({}):add({})",
                self.constant(Kind::Object),
                self.value(Kind::Number, depth)
            ),
            2 => format!("({} + {})", self.value(Kind::Object, depth), self.any_value(depth)),
            3 => format!("setmetatable({}, Object)", self.value(Kind::Table, depth)),
            _ => format!("new({}, {})", self.value(Kind::Number, depth), self.any_value(depth)),
        }
    }

    /// A function expression on one line.
    fn function(&mut self, depth: u32) -> String {
        if self.functions >= 3 {
            return self.constant(Kind::Function);
        }
        let params: Vec<Kind> = (0..self.random.below(3)).map(|_| *self.random.pick(&KINDS)).collect();
        let is_vararg = self.random.percent(30);
        let (params, list) = self.parameters(&params, is_vararg);
        let outer = std::mem::replace(&mut self.in_vararg, is_vararg);
        self.functions += 1;
        self.scopes.push(params);
        let mut text = format!("function({list}) burn() ");
        if self.random.percent(40)
            && let Some(name) = self.variable(Kind::Number)
        {
            let value = self.value(Kind::Number, depth);
            let _ = write!(text, "{name} = {value} ");
        }
        let _ = write!(text, "return {} end", self.any_value(depth));
        self.scopes.pop();
        self.functions -= 1;
        self.in_vararg = outer;
        text
    }
}
