-- Messages of syntax errors.
local function try(code) print((select(2, loadstring(code, "=c")))) end
for _, code in ipairs {
  "x", "x = ", "x = 1 2", "if", "if x", "if x then", "if x then else", "if x then elseif", "while true", "while true do", "for", "for i", "for i =", "for i = 1", "for i = 1,", "for i = 1, 2", "for i = 1, 2 do",
  "for 1 = 1, 2 do end", "for a, b", "for a, b in", "for a b in x do end", "for a.b = 1, 2 do end", "repeat", "repeat until", "function", "function f", "function f(", "function f(a", "function f(a,", "function f(a,)", "function f() ",
  "function f(..., a) end", "function f(1) end", "function f.g:h.i() end", "function f[1]() end", "local", "local function", "local function f.g() end", "local x.y = 1", "local x =", "local 5", "return return", "return 1,",
  "f(", "f(1", "f(1,", "f(1,)", "f{", "f{1", "f.1", "f:g", "f:g = 1", "f.", "a.b:c", "1 = 2", "f() = 1", "(a) = 1", "a, f() = 1, 2", "a, b", "a, b + 1", "a + 1", "'s'", "{}", "{} = 1", "(f)", "not x", "x = not", "x = -", "x = #", "x = a +", "x = a ..",
  "x = (1", "x = (", "x = ()", "x = {1 2}", "x = {a = }", "x = {[1] 2}", "x = {[1 = 2}", "x = {a.b = 1}", "x = }", "x = ]", "x == 1", "x ~= 1", "x = 1 = 2", "x = a b", "x = = 1", "x = 1 + + 2", "x = a and", "x = and a", "break", "do break end", "end", "else", "until x", "then", "do", "do end end", "in", "...", "x = ...  y =",
  "if x then\n\n\nend end", "while x do\n\n", "function f()\n\nlocal x = \n\n", "x = 'abc", "x = \"abc\ndef\"", "x = [[abc", "x = [=[abc]]", "--[[abc", "x = 1e", "x = 3x", "x = @", "x = !", "x = a ! b", "x ? y", "x = ~1", "x = a & b", "x = a | b", "x = 1 // 2", "x += 1", "x++", "local x <const> = 1",
  "for i = 1, 2, 3, 4 do end", "x = function", "x = function(", "x = function()", "x = function end", "function (a) end", "f().x", "f()\n(g)()", "x = f\n()", "local a = {} a.b\n.c = 1 a.b.c()", "return;;", "return 1 x", "f 1", "f nil", "f'x' = 1", "a.b'c'", "('x'):rep",
} do try(code) end
