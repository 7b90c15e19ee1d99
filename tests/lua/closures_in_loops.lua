-- Each iteration has its own locals, in every kind of loop.
local fs = {}
for i = 1, 5 do fs[i] = function(d) i = i + (d or 0) return i end end
print(fs[1](10), fs[1](), fs[2](), fs[5](1), fs[5]())
for i, v in ipairs { "a", "b", "c" } do fs[i] = function() v = v .. i return v end end
print(fs[1](), fs[1](), fs[2](), fs[3]())
local i = 0
while i < 3 do i = i + 1 local k = i fs[i] = function() k = k * 2 return k, i end end
print(fs[1]()) print(fs[2]()) print(fs[3]())
i = 0
repeat local k = i i = i + 1 fs[i] = function() return k end until k >= 2
print(fs[1](), fs[2](), fs[3]())
for a = 1, 2 do for b = 1, 2 do fs[#fs + 1] = function() a, b = b, a return a * 10 + b end end end
print(fs[#fs](), fs[#fs - 1](), fs[#fs - 2](), fs[#fs - 1]())
local getters, setters = {}, {}
for k = 1, 3 do
  local shared = k
  getters[k] = function() return shared end
  setters[k] = function(v) shared = v end
end
setters[2]("changed") print(getters[1](), getters[2](), getters[3]())
for k = 1, 10 do
  local v = k
  if k % 2 == 0 then fs[k] = function() return v end else fs[k] = nil end
  if k == 7 then break end
end
print(fs[2](), fs[4](), fs[6](), fs[1], fs[8] and "older")
local function each(n, f) for k = 1, n do f(function() k = k + 100 return k end) end end
local got = {} each(3, function(g) got[#got + 1] = g end) print(got[1](), got[1](), got[3]())
local acc = {}
for _, op in ipairs { "+", "-" } do
  acc[op] = function(x, y) if op == "+" then return x + y end return x - y end
end
print(acc["+"](5, 3), acc["-"](5, 3))
