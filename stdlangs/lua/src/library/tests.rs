//! Programs that call the libraries, with what PUC Lua answers.

use dg_runtime::{GcParameters, Options};

use crate::{Lua, MultiValue, StdLib, Value};

/// Runs a chunk and shows what it returns, or the message of what it throws.
fn run(options: Options, source: &str) -> String {
    let lua = Lua::new_with(StdLib::ALL, options).unwrap();
    match lua.load(source).set_name("=t").call::<MultiValue>(()) {
        Ok(values) => values.iter().map(show).collect::<Vec<_>>().join(" "),
        Err(error) => error.message(),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => string.as_bytes().escape_ascii().to_string(),
        _ => "object".to_owned(),
    }
}

fn check(source: &str, expected: &str) {
    assert_eq!(run(Options::default(), source), expected, "{source}");
}

fn with_gc(change: impl FnOnce(&mut GcParameters)) -> Options {
    let mut options = Options::default();
    change(&mut options.gc);
    options
}

/// As `check`, also with a collection at every safepoint.
fn check_with_collections(source: &str, expected: &str) {
    check(source, expected);
    let stress = with_gc(|gc| gc.stress = true);
    assert_eq!(run(stress, source), expected, "under stress: {source}");
}

#[test]
fn positions_in_strings() {
    check("return ('hello'):byte(1, -1)", "104 101 108 108 111");
    check(
        "return select('#', ('hello'):byte(0)), select('#', ('hello'):byte(9))",
        "0 0",
    );
    check(
        "local s = 'hello' return s:sub(2, 3), s:sub(-3), s:sub(2, -2), s:sub(-9, 9)",
        "el llo ell hello",
    );
    check("return ('hello'):sub(4, 2) .. '|', ('hello'):sub(2^53) .. '|'", "| |");
}

#[test]
fn strings_are_made_of_bytes() {
    check(
        r"return string.char(0, 65, 255), ('a\0b'):len(), ('a\0b'):reverse(), ('aZ\200'):upper()",
        r"\x00A\xff 3 b\x00a AZ\xc8",
    );
    check(
        "return ('ab'):rep(3), ('x'):rep(4), ('ab'):rep(-1) .. '|', (''):rep(1e9) .. '|'",
        "ababab xxxx | |",
    );
    check("string.char(65, 256)", "t:1: bad argument #2 to 'char' (invalid value)");
}

#[test]
fn searches() {
    check("return ('a.b'):find('.', 1, true)", "2 2");
    check("return ('hello'):find('l', -2), ('hello'):find('', 10)", "4 6 5");
    check("return ('hello'):find('()l(l)')", "3 4 3 l");
    check("return ('k = v'):match('^(%w+)%s*=%s*(%w+)$')", "k v");
    check("return ('x'):find('[a')", "t:1: malformed pattern (missing ']')");
}

#[test]
fn substitutions() {
    check("return ('abc'):gsub('', '-')", "-a-b-c- 4");
    check("return ('abc'):gsub('%w*', 'x')", "xx 2");
    check("return ('hello world'):gsub('o', '%0%%', 1)", "hello% world 1");
    check("return ('abc'):gsub('%w', { a = 1, b = false })", "1bc 3");
    check("return ('aaa'):gsub('^a', 'b')", "baa 1");
    check(
        "return ('abc'):gsub('.', { a = {} })",
        "t:1: invalid replacement value (a table)",
    );
    check(
        "return ('abc'):gsub('.', true)",
        "t:1: bad argument #2 to 'gsub' (string/function/table expected)",
    );
}

#[test]
fn iterators_over_matches() {
    check(
        "local r = {} for k, v in ('a=1, b=2'):gmatch('(%w)=(%w)') do r[#r + 1] = k .. v end return unpack(r)",
        "a1 b2",
    );
    check(
        "local r = {} for p in ('ab'):gmatch('()') do r[#r + 1] = p end return unpack(r)",
        "1 2 3",
    );
}

#[test]
fn formats() {
    check(
        "return ('%5d|%-5s|%05.1f|%x|%c|%%'):format(42, 'ab', 3.14159, 255, 65)",
        "   42|ab   |003.1|ff|A|%",
    );
    check("return ('%q'):format('a\\n\"\\0')", r#"\"a\\\n\\\"\\000\""#);
    check(
        "local s = ('%d'):format()",
        "t:1: bad argument #1 to 'format' (no value)",
    );
    check(
        "local s = string.format('%d', 'x')",
        "t:1: bad argument #2 to 'format' (number expected, got string)",
    );
    check(
        "local s = string.format('%y', 1)",
        "t:1: invalid option '%y' to 'format'",
    );
}

#[test]
fn lists() {
    check(
        "local t = { 1, 2, 3 } table.insert(t, 2, 'x') table.insert(t, 'y') return unpack(t)",
        "1 x 2 3 y",
    );
    check(
        "local t = { 1, 2, 3 } return table.remove(t, 1), table.remove(t), #t, table.remove({})",
        "1 3 1",
    );
    check(
        "local t = {} table.insert(t, 5, 'far') table.insert(t, 0, 'zero') return t[5], t[0], #t",
        "far zero 0",
    );
    check(
        "return table.concat({ 1, 2.5, 'x' }, ', ', 2), table.concat({}) .. '|'",
        "2.5, x |",
    );
    check(
        "table.concat({ 1, {}, 3 })",
        "t:1: invalid value (table) at index 2 in table for 'concat'",
    );
    check(
        "return table.maxn({ 1, 2, [10.5] = 3, [-1] = 4 }), table.maxn({})",
        "10.5 0",
    );
    check(
        "table.insert({}, 1, 2, 3)",
        "t:1: wrong number of arguments to 'insert'",
    );
}

#[test]
fn sorting() {
    check("local t = { 5, 2, 8, 1 } table.sort(t) return unpack(t)", "1 2 5 8");
    check(
        "local t = { 'b', '', 'a', 'B' } table.sort(t) return unpack(t)",
        " B a b",
    );
    check(
        "local t = { 5, 2, 8, 1 } table.sort(t, function(a, b) return a > b end) return unpack(t)",
        "8 5 2 1",
    );
    check("table.sort({ 1, 'x' })", "attempt to compare string with number");
    check(
        "local t = {} for i = 1, 99 do t[i] = i end table.sort(t, function() return true end)",
        "t:1: invalid order function for sorting",
    );
}

#[test]
fn what_callbacks_do_does_no_harm() {
    check_with_collections(
        "local function churn() local t = {} for i = 1, 9 do t[i] = { ('x'):rep(i) } end end
         local s = ('abc def'):gsub('%a+', function(w) churn() return w:upper() end)
         local t = {} for i = 1, 20 do t[i] = { (i * 7) % 23 } end
         table.sort(t, function(a, b) churn() return a[1] < b[1] end)
         local n = 0 table.foreach({ a = 1, b = 2 }, function(_, v) churn() n = n + v end)
         local x = ('k'):gsub('k', setmetatable({}, { __index = function(_, k) churn() return k .. k end }))
         return s, t[1][1], t[20][1], n, x",
        "ABC DEF 1 22 3 kk",
    );
    check(
        "return pcall(string.gsub, 'ab', '%w', function(v) return ('xy'):gsub('%w', function(w) return v .. w end) end)",
        "true axaybxby 2",
    );
}

#[test]
fn files_are_read_as_they_were_written() {
    check_with_collections(
        "local f = io.tmpfile() f:write('line\\n', 12, ' ', 0.5, '\\nrest') f:seek('set')
         local r = { f:read('*l', '*n', '*n', 1, 2, '*a') }
         r[#r + 1] = #f:read('*a') r[#r + 1] = tostring(f:read('*l')) f:close()
         r[#r + 1] = io.type(f) return unpack(r)",
        r"line 12 0.5 \n re st 0 nil closed file",
    );
    check(
        "local f = io.tmpfile() f:write('a\\nb') f:seek('set') local r = {} for l in f:lines() do r[#r + 1] = l end
         return #r, r[2], f:read()",
        "2 b nil",
    );
    check(
        "local f = io.tmpfile() f:close() f:read()",
        "t:1: attempt to use a closed file",
    );
    check(
        "return io.open('/nonexistent/file')",
        "nil /nonexistent/file: No such file or directory 2",
    );
    check(
        "io.lines('/nonexistent')",
        "t:1: bad argument #1 to 'lines' (/nonexistent: No such file or directory)",
    );
    check(
        "io.stdout.write({})",
        "t:1: bad argument #1 to 'write' (FILE* expected, got table)",
    );
    check("return io.stdout:close()", "nil cannot close standard file");
    check(
        "local p = io.popen('echo one') return p:read('*a'), p:close()",
        r"one\n true",
    );
}

#[test]
fn results_beyond_the_memory_limit_are_errors() {
    let check = |source: &str| {
        let limited = with_gc(|gc| gc.limit = Some(32 << 20));
        let source = format!("local s = ('x'):rep(2^20) return pcall(function() {source} end)");
        assert_eq!(run(limited, &source), "false not enough memory", "{source}");
    };
    check("return s:rep(64)");
    check("local t = {} for i = 1, 64 do t[i] = s end return table.concat(t)");
    check("return ('%s%s'):format(s:rep(12), s:rep(12))");
    check("return s:gsub('x', ('y'):rep(64))");
}

#[test]
fn a_module_that_is_not_found_is_looked_for_everywhere() {
    check(
        "package.path, package.cpath = './?.lua;/none/?/init.lua', '/none/?.so'
         return select(2, pcall(require, 'no.such'))",
        "module \\'no.such\\' not found:\\n\\tno field package.preload[\\'no.such\\']\\n\\tno file \\'./no/such.lua\\'\\n\\tno \
         file \\'/none/no/such/init.lua\\'\\n\\tno file \\'/none/no/such.so\\'\\n\\tno file \\'/none/no.so\\'",
    );
}

#[test]
fn native_modules_are_refused() {
    check(
        "package.path, package.cpath = '', '/none/?.so;/dev/null'
         return select(2, pcall(require, 'native'))",
        "error loading module \\'native\\' from file \\'/dev/null\\':\\n\\tdynamic libraries not enabled; check your Lua \
         installation",
    );
}
