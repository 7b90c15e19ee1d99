-- Closures: sharing, independence, loops, nesting, mutation after the scope ended.
local function counter()
  local n = 0
  return function() n = n + 1 return n end, function() return n end, function(v) n = v end
end
local inc, get, set = counter()
local inc2 = counter()
print(inc(), inc(), get(), inc2()) set(100) print(inc(), get(), inc2())
local fs = {}
for i = 1, 3 do local j = i * 10 fs[#fs + 1] = function(d) j = j + d return i, j end end
print(fs[1](1)) print(fs[1](1)) print(fs[2](5)) print(fs[3](0))
local function adder(x) return function(y) return function(z) x = x + 1 return x + y + z end end end
local a1 = adder(1) local a12 = a1(2)
print(a12(3), a12(3), a1(10)(0), adder(1)(2)(3))
local k = 0
while k < 3 do
  k = k + 1
  local v = k
  fs[k] = function() v = v * 2 return v end
end
print(fs[1](), fs[2](), fs[3](), fs[1]())
local function early(flag)
  local v = "start"
  local f = function() return v end
  if flag then v = "changed" return f end
  v = "other"
  return f
end
print(early(true)(), early(false)())
local function siblings()
  local shared = {}
  return function(x) shared[#shared + 1] = x end, function() return table.concat(shared, ",") end
end
local put, all = siblings() put(1) put(2) print(all())
local function outer(a, b)
  local c = a + b
  local function middle()
    local d = c * 2
    local function inner() a = a + 1 b = b + 1 c = c + 1 d = d + 1 return a, b, c, d end
    return inner
  end
  return middle(), function() return a, b, c end
end
local inner, peek = outer(1, 2)
print(inner()) print(inner()) print(peek())
local function fact() local f f = function(n) return n <= 1 and 1 or n * f(n - 1) end return f end
print(fact()(10))
local x = 1
local function read() return x end
x = 2 print(read())
do local x = 3 print(read(), x) end
for _, f in ipairs { (function()
  local y = 5
  return function() y = y + 1 return y end
end)() } do
  print(f(), f())
end
local function param(p) local set = function(v) p = v end set(9) return p end
print(param(1))
local function many()
  local t = {}
  for i = 1, 60 do local v = i t[i] = function() return v end end
  local s = 0
  for i = 1, 60 do s = s + t[i]() end
  return s
end
print(many())
local result = {}
for i = 1, 2 do
  for j = 1, 2 do result[#result + 1] = function() i, j = i + 1, j + 1 return i * 10 + j end end
end
print(result[1](), result[1](), result[2](), result[3](), result[4]())
local f1, f2 = function() end, function() end
print(f1 == f2, f1 == f1)
print(pcall(function() local e = 5 local g = function() error("v" .. e, 0) end e = 6 g() end))
