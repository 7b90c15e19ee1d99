-- Varargs: select, storing, forwarding, nils, in the main chunk, in nested functions.
print(select("#", ...))
local function count(...) return select("#", ...) end
local function pack(...) return { n = select("#", ...), ... } end
print(count(), count(nil), count(nil, nil), count(1, nil, nil))
local p = pack(1, nil, 3, nil)
print(p.n, p[1], p[2], p[3], p[4])
local function first(...) local a = ... return a end
local function two(...) local a, b, c = ... return a, b, c end
print(first(), first(7, 8), two(1, 2), two(1, 2, 3, 4))
print(select(2, "a", "b", "c"))
print(select(-1, "a", "b", "c"))
print(select(-3, "a", "b", "c"))
print(select(4, "a", "b", "c"))
print(pcall(function() return (select(0, 1)) end))
print(pcall(function() return (select(-5, 1)) end))
print(pcall(function() return (select()) end))
print(pcall(function() return (select("x")) end))
print(select("2", "a", "b"))
local function wrap(...) return "[", ..., "]" end
print(wrap(1, 2, 3)) print((wrap()))
local function tail(...) return ... end
print(tail(), (tail()), (tail(nil)))
print(count(tail()), count((tail())), count(tail(), 1), count(1, tail()))
local function closure(...)
  local args = { ... }
  return function() return unpack(args) end
end
print(closure(1, 2, 3)())
print(loadstring("return ...")(5, 6), loadstring("local a, b = ... return b, a")(1, 2))
print(loadstring("function f() return ... end"))
local function sum(...) local s = 0 for _, v in ipairs { ... } do s = s + v end return s end
print(sum(), sum(1), sum(1, 2, 3), sum(unpack({ 4, 5, 6 })))
local function recursive(n, ...) if n == 0 then return ... end return recursive(n - 1, n, ...) end
print(recursive(6)) print(count(recursive(100)))
local function mixed(a, b, ...) return b, a, ... end
print(mixed()) print(mixed(1)) print(mixed(1, 2, 3, 4))
local t = { tail(1, 2), tail(3, 4) }
print(#t, t[1], t[2], t[3])
print((tail(1, 2)) + (tail(10)), -tail(5), #tail("abc", "d"), tail("x", "y") .. "z")
local function assign(...) local x = 1; x, y_global = ... return x, y_global end
print(assign(8, 9))
print(string.format("%s %s %s", tail("a", "b", "c")), math.max(tail(3, 9, 2)))
print(pcall(tail, 1, nil, 2))
