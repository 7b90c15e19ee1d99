-- Writes the tables that the tests of this folder's parent compare with: lua5.1 generate.lua FOLDER
--
-- Each line holds fields separated by tabs; bytes outside of printable ASCII, and `\`, are written as \xHH.

local folder = assert(arg[1], "usage: lua5.1 generate.lua FOLDER")

local function escape(text)
  return (tostring(text):gsub("[%c\\\127-\255]", function(c) return string.format("\\x%02x", c:byte()) end))
end

local function table_file(name)
  local file = assert(io.open(folder .. "/" .. name .. ".txt", "w"))
  return function(...)
    local fields = {}
    for i = 1, select("#", ...) do fields[i] = escape((select(i, ...))) end
    file:write(table.concat(fields, "\t"), "\n")
  end
end

-- "=" and the results, or "!" and the message without a position.
local function outcome(f, ...)
  local results = { pcall(f, ...) }
  if not results[1] then return "!" .. results[2]:gsub("^[^:]*:%d+: ", "") end
  local shown = {}
  for i = 2, select("#", pcall(f, ...)) do shown[#shown + 1] = tostring(results[i]) end
  return "=" .. table.concat(shown, ",")
end

math.randomseed(51)
local function exact(n) return string.format("%.17g", n) end

local numbers = { 0, -0, 1, -1, 10, 99999999999999, 100000000000000, -99999999999999, 123456789012345, 0.1, 0.5, 1 / 3, 2 / 3,
  -1.5, 1e15, 1e16, 1e100, 1e-5, 1e-4, 0.0001234, 0.00001234, 123456.789, 3.14159265358979, 2 ^ 53, 2 ^ 63, 2 ^ 64, 2 ^ 1023,
  2 ^ -1022, 2 ^ -1074, 1.7976931348623157e308, 99999999999999.5, 9999999999999.95, 9999999999999.951, 0.99999999999999, 9.99999999999995,
  0.999999999999995, 0.00099999999999999995, 1 / 0, -1 / 0, 0 / 0, -(0 / 0), 5e-324, 1e14 + 0.5, 1e13 + 0.5, 1e13 + 0.25, 12345678901234.5,
  12345678901235.5, 0.3, 100, 1e21, 1e22, 1e23, 4503599627370496.5, 1e-14, 1e-15, 9.5, 2.5, 0.125, 1234567890123456789 }
for e = -25, 25 do numbers[#numbers + 1] = math.random() * 10 ^ e end
for e = -300, 300, 13 do numbers[#numbers + 1] = (math.random() - 0.5) * 10 ^ e end
for e = -40, 60, 3 do numbers[#numbers + 1] = math.floor(math.random() * 1000) * 2 ^ e end

local row = table_file("number_text")
for _, n in ipairs(numbers) do row(exact(n), tostring(n)) end

row = table_file("format_number")
local formats = { "%d", "%i", "%5d|", "%-5d|", "%05d", "%+d", "% d", "%.3d", "%8.3d|", "%-8.3d|", "%08.3d|", "%.0d|", "%+.0d|", "%u", "%x", "%X", "%#x", "%#X",
  "%o", "%#o", "%#.3o", "%#.0o", "%08x", "%#08x", "%.5x", "%+x", "%c|", "%3c|", "%-3c|", "%05c|", "%f", "%.0f", "%.1f", "%.2f", "%.3f", "%10.3f|", "%-10.3f|",
  "%010.3f", "%+.2f", "% .2f", "%#.0f", "%.20f", "%.27f", "%.28f", "%e", "%.0e", "%#.0e", "%.3e", "%E", "%12.2e|", "%.20e", "%g", "%G", "%.0g", "%.1g",
  "%.3g", "%#g", "%#.3g", "%.14g", "%.16g", "%.17g", "%.18g", "%#.20g", "%+g", "%010g", "%-10g|", "%+#010.4g", "%99d", "%-+ #0d|" }
local operands = { 0, 1, -1, 7, 8, 65, 255, 256, 3.99, -3.99, 0.5, 1.5, 2.5, 0.125, 0.375, 1e15, 123456789, 2 ^ 31, 2 ^ 53, 2 ^ 63, 2 ^ 64, -2 ^ 63, 1e300, 1e-300, 0.1, 1 / 3, 99.995,
  9.9999995, 0.00001234, 123456.5, 1 / 0, -1 / 0, 0 / 0, -(0 / 0), 5e-324, -0, 1e21, 1e22, 1234567.891 }
for _, f in ipairs(formats) do
  for _, n in ipairs(operands) do row(f, exact(n), string.format(f, n)) end
end

for _, n in ipairs { 1 / 3, 1e300, 5e-324, 1.7976931348623157e308, 0 } do
  for _, f in ipairs { "%.99f", "%99.99f", "%.99e", "%.99g", "%#.99g" } do row(f, exact(n), string.format(f, n)) end
end

row = table_file("format_string")
for _, f in ipairs { "%s", "%5s|", "%-5s|", "%.2s|", "%5.2s|", "%-5.2s|", "%.0s|", "%.s|", "%05s|", "%+s", "%.20s", "%q", "%5.q", "%99s", "a%%b%sc" } do
  for _, s in ipairs { "", "a", "abc", "a\0b", "a\nb\r\0\"\\\200", ("x"):rep(99), ("x\0y"):rep(33), ("x\0y"):rep(34), ("z"):rep(120) } do
    row(f, s, string.format(f, s))
  end
end

row = table_file("format_error")
for _, f in ipairs { "%y", "%", "%5%", "%-----d", "%------d", "%-+ #0-d", "%100d", "%.123d", "%1234d", "%.3 d", "%a", "%A", "%F", "%l", "%\0", "%5", "%5.", "%-", "x%y%d", "%p", "%n" } do
  row(f, outcome(string.format, f, 1))
end

row = table_file("parse_number")
local texts = { "10\0abc", "0x10", "0X1p4", "0x.8", "0x", "0xg", "1e", "1e5", "1e+", "inf", "-inf", "INFINITY", "infinit", "nan", "-nan", "nan(12)", "nan(", "nan(a b)", "NaN", "nan(_9z)",
  "+5", "- 5", "--5", "+-5", " \t\n\v\f\r5 \t\v", "5 x", "0x1p", "1.", ".", ".5", "5.e3", "1e400", "-1e400", "1e-400", "0x1p-1074", "0x1p-1075", "0x1.8p-1075", "0x1.8p-1074", "0x3p-1075",
  "0xffffffffffffffffff", "-0", "-0x0", "1_0", "0b1", "1e5x", "", "  ", "1e99999999999999999999", "1e-99999999999999999999", "0e99999999999999999999", "0x1p99999999999999999999", "0x1p-99999999999999999999",
  "0x0p99999999999999999999", "0x0.0000000000000000000001", "0x1fffffffffffffffff", "0x10000000000000800000000000000000000001", "0x10000000000000800000000000000000000000", "0x1.p1", "0x.p1", "1\0", "\0 1",
  "123456789012345", "1234567890123456", "9007199254740993", "9007199254740992.9999999999999999999", "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
  "0x1.fffffffffffff8p1023", "0x1.fffffffffffff7ffffp1023", "2.2250738585072011e-308", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "0x.00001p20", "0x1P+3", "0x1p-3", "1E5", "1e+05", "1..2", "1.2.3", "e5", ".e5", "0x1e5", "0x1g", "1x", "x1", "0x-1", "0x 1",
  "1f", "1d", "1L", "1 2", "\"1\"", "١", "0.1e1e1", "000000000000000000000000000001", "00000000000000000000.5", "1e00000000000000000001", ("9"):rep(400), "0." .. ("0"):rep(330) .. "1", "0x" .. ("f"):rep(300), "0x0." .. ("0"):rep(300) .. "8p1200" }
for _, n in ipairs(numbers) do texts[#texts + 1] = exact(n) end
for _, s in ipairs(texts) do
  local n = tonumber(s)
  row(s, n and exact(n) or "nil")
end

row = table_file("parse_in_base")
for _, s in ipairs { "ff", "0xff", "-ff", "0b1", "zz", "ZZ", " 12 ", "18", "99999999999999999999999", "-99999999999999999999999", "", "0x", "7fffffffffffffff", "ffffffffffffffff", "fffffffffffffffff", "1.5", "+1", "10\0z", "0x1", "-", "0xg", "1 1", "-1", "0x-1", "--1", "_", "\t7\n", "0X7", "1111111111111111111111111111111111111111111111111111111111111111", "10000000000000000000000000000000000000000000000000000000000000000" } do
  for _, base in ipairs { 2, 8, 11, 16, 36 } do
    local n = tonumber(s, base)
    row(s, base, n and exact(n) or "nil")
  end
end

local subjects_and_patterns = {
  { "a", "b[" }, { "a", "[" }, { "a", "[a" }, { "a", "[]" }, { "a", "[^]" }, { "a", "%" }, { "a", "a%" }, { "b", "a%" }, { "a", "(a" }, { "b", "(a" }, { "a", "(a))" }, { "a", "a)*" }, { "a", "%1" }, { "a", "(%1)" }, { "a", "()%1" }, { "a", "%0" },
  { "a", "%f" }, { "a", "%fa" }, { "a", "%f[a" }, { "a", "%b" }, { "a", "%bx" }, { "a", ("()"):rep(33) }, { "a", ("()"):rep(32) }, { "a\0b", "a\0b*" }, { "a\0b", "a%z" }, { "a\0b", "a.b*" }, { "", "" }, { "", "^$" }, { "", "%s*" }, { "", "[" },
  { "  key = value", "^%s*(%w+)%s*=%s*(%w+)$" }, { "THE (quick) fox", "%((%a+)%)" }, { "THE (quick) fox", "%f[%a]%a+%f[%A]" }, { "x", "%f[%z]" }, { "x", "%f[^%z]x%f[%z]" }, { "x[[a]]", "%b[]" }, { "x[[a]", "%b[]" }, { "((a)(b))", "%b()" }, { "aaa", "%baa" }, { "abc", "()b()" }, { "aXb", "%u" },
  { "a]", "[]]" }, { "a]", "[^]]" }, { "a-", "[a-]+" }, { "a-z%", "[a-%z]+" }, { "a-z%", "[%a-z]+" }, { "a-z%", "[%%]" }, { "%]", "[a-%%]" }, { "]-a", "[]-a]+" }, { "^x", "[x^]+" }, { "$a$", "$a$" }, { "$a$", "$a%$" }, { "a$", "a$$" }, { "aaa", "a-$" }, { "aaab", "a-b" }, { "abab", "(ab)%1" }, { "abcabd", "(a.-)%1" }, { "a^", "a^" },
  { "a*b", "a*%*b" }, { "*", "*" }, { "*a", "*a" }, { "a", "a?a" }, { "aa", "a?a?a" }, { "a", "%i" }, { "i", "%i" }, { "I", "%I" }, { "hello world", "o w" }, { "hello world", "(h)(e)(l+)(o)" }, { "aaaaab", "(a*(a?)b)" }, { "aaaab", "a*ab" }, { "xxaby", "x*.-b" }, { "foo.bar.baz", "^(.*)%.(.-)$" }, { "foo.bar.baz", ".*%." },
  { "foo.bar.baz", ".-%." }, { "/usr/local/bin", "^(.*/)(.-)$" }, { "2024-01-31", "(%d+)-(%d+)-(%d+)" }, { "abc123", "%a+%d+" }, { "abc123", "%a-%d-$" }, { "abc", "[c-a]" }, { "a\nb", "a.b" }, { "tab\there", "%c" }, { "a.b", "%p" }, { "0xFfG", "%x+" }, { "\200\201", "%W+" }, { "\200", "%a" }, { "caf\233", "%A" },
  { "aab", "a+?b" }, { "a+b", "a%+b" }, { "((", "%(" }, { "ab", "a.-.-b" }, { "abc", ".-c" }, { "abc", "(.-)(c)" }, { "abc", "((a)(b))" }, { "abc", "(a)(b" }, { "abcd", "^bcd" }, { "abcd", "^abc" }, { "ab", "^^ab" }, { "^ab", "^^ab" }, { "aXaXa", "a.*X" }, { "aXaXa", "a.-X" }, { "key=val=x", "([^=]*)=(.*)" },
  { "  trim me  ", "^%s*(.-)%s*$" }, { "", "^%s*(.-)%s*$" }, { "    ", "^%s*(.-)%s*$" }, { "12ab", "^%d*" }, { "ab12", "%d*" }, { "ab12", "%d+$" }, { "ab12x", "%d+$" }, { "a,b,,c", ",," }, { "aaaa", "^(a-)a$" }, { "aaaa", "(a*)%1" }, { "one;two", ";" }, { "x = 1", "%s*=%s*" }, { "_G", "[_%a][_%w]*" }, { "9_G", "[_%a][_%w]*" }, { "[[x]]", "%[(=*)%[(.-)%]%1%]" }, { "[==[x]]==]", "%[(=*)%[(.-)%]%1%]" },
  { "aaa", "a-a-a-$" }, { "abcabc", "b()" }, { "x", "x$y" }, { "x$y", "x$y" }, { "a(b", "a%(b" }, { "aaaaaaaaab", ("a?"):rep(10) .. ("a"):rep(9) .. "b" }, { "%d", "%%d" }, { "a%", "a%%" }, { "abc", "a(.)c%1" }, { "abcb", "a(.)c%1" }, { "abcb", "a(.)c%2" }, { "ab", "(a)(b)%2" }, { "abb", "(a)(b)%2" },
}
row = table_file("find")
for _, case in ipairs(subjects_and_patterns) do
  row(case[1], case[2], outcome(string.find, case[1], case[2]))
end

row = table_file("gmatch")
for _, case in ipairs(subjects_and_patterns) do
  row(case[1], case[2], outcome(function()
    local found = {}
    for first, second in string.gmatch(case[1], case[2]) do
      found[#found + 1] = tostring(first)
      if second then found[#found + 1] = tostring(second) end
    end
    return table.concat(found, ",")
  end))
end

row = table_file("gsub")
for _, case in ipairs(subjects_and_patterns) do
  for _, template in ipairs { "x", "", "<%0>", "%1%%", "%2", "%", "%a%9" } do
    row(case[1], case[2], template, outcome(string.gsub, case[1], case[2], template))
  end
end

-- Where ties end up: the original places (from 1) of the elements, in their new order.
row = table_file("sort")
for _, length in ipairs { 0, 1, 2, 3, 4, 5, 8, 13, 50, 200 } do
  for _, keys in ipairs { 1, 2, 7, 1000003 } do
    local elements, keys_text, order = {}, {}, {}
    for i = 1, length do
      elements[i] = { key = (i * 7919 + i * i * 31) % keys, place = i }
      keys_text[i] = elements[i].key
    end
    table.sort(elements, function(a, b) return a.key < b.key end)
    for i = 1, length do order[i] = elements[i].place end
    row(table.concat(keys_text, " "), table.concat(order, " "))
  end
end
