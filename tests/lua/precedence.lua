-- Operator precedence and associativity, by values and by the calls that metamethods see.
print(1 + 2 * 3, (1 + 2) * 3, 2 * 3 + 1, 10 - 4 - 3, 10 - (4 - 3), 100 / 10 / 5, 2 ^ 2 ^ 3, (2 ^ 2) ^ 3, -2 ^ 2, 2 ^ -2, -2 ^ -2, 2 * -3, - -3, 7 % 4 * 2, 7 * 4 % 5, 5 - 3 % 2)
print(1 .. 2 .. 3, 1 + 1 .. 2 + 2, "a" .. 1 + 2, 2 * 2 .. 3 * 3, -1 .. 1, 2 ^ 2 .. 1)
print(1 < 2 == true, 1 + 1 == 2, "a" .. "b" == "ab", not 1 == 2, not (1 == 2), not nil == true, 1 == 1 == true, 1 ~= 2 == true, #"abc" == 3, -#"abc", not #"", #"a" + 1, - "2" + 3, #"ab" .. "c")
print(1 or error("no"), nil and error("no"), 1 and 2, nil or 3, false and 1 or 2, 1 and nil or 2, nil or false and 1, 1 or 2 and 3, (1 or 2) and 3, not nil and 1, not (nil and 1), 1 < 2 and 2 < 3, 1 > 2 or 2 < 3, 1 and 2 == 2, not 1 or 2)
local L = {}
local mt = {}
local function show(v) return type(v) == "table" and v.s or tostring(v) end
local function node(s) return setmetatable({ s = s }, mt) end
for name, op in pairs { add = "+", sub = "-", mul = "*", div = "/", mod = "%", pow = "^", concat = ".." } do
  mt["__" .. name] = function(a, b) return node("(" .. show(a) .. op .. show(b) .. ")") end
end
mt.__unm = function(a) return node("(-" .. show(a) .. ")") end
local a, b, c, d = node "a", node "b", node "c", node "d"
for _, e in ipairs { a + b * c, a * b + c, a - b - c, a ^ b ^ c, -a ^ b, (-a) ^ b, a .. b .. c .. d, a + b .. c + d, a * -b, a ^ -b, -a * b, a % b * c / d, a + b - c + d, -(-a), a / b / c, a - (b - c), a .. b + c .. d, (a .. b) .. c, a ^ b * c ^ d, -a + -b, - - a ^ b } do
  print(e.s)
end
