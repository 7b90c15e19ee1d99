-- and, or, not: values, short circuit, in assignments, arguments and conditions.
print(nil and 1, false and 1, 0 and 1, "" and 2, nil and nil, false and nil, nil and false)
print(nil or 1, false or 1, 0 or 1, nil or false, false or nil)
print(1 and 2 or 3, nil and 2 or 3, 1 and nil or 3, 1 and false or nil)
print(not nil, not false, not 0, not not 1, not "")
local log = {}
local function say(v) log[#log + 1] = tostring(v) return v end
local _ = say(false) and say(1) or say(nil) or say(3)
print(table.concat(log, " "), _)
local a, b = 1, nil
local c = a and b
local d = b or a
local e = a == 1 and "one" or "other"
local f = not (a and b)
print(c, d, e, f)
print(1 == 1 and 2 == 2, 1 < 2 == true, not 1 == 2, not (1 == 2))
print("a" .. "b" == "ab" and "joined", 2 + 3 * 4 ^ 2 / 2 - -1)
local function pick(...) return select("#", ...), ... end
print(pick(nil and 1))
print(pick(false or pick()))
print((a and pick(1, 2)))
print(a and pick(1, 2))
local x = (b or { y = 5 }).y
print(x)
local t = { a and 1, b and 1, b or "default", n = not b }
print(t[1], t[2], t[3], t.n)
local i = 0
while i < 10 and not (i == 5 or i > 7) do i = i + 1 end
print(i)
if (a or b) and (b or a) and not (a and b) then print("mixed") end
local r = a and (b and 1 or 2) or 3
print(r, b and (a or 1) or not a, (b or a) and 7)
print(a > 0 and a < 2 and a ~= 1.5 and a <= 1 and a >= 1)
print(b == nil and "nil", a ~= nil and "set", (b ~= nil) or "unset")
