-- The math library.
local function f(...)
  local o = {}
  for i = 1, select("#", ...) do o[i] = ("%.10g"):format((select(i, ...))) end
  print(table.concat(o, " "))
end
f(math.pi, math.abs(-5), math.abs(5.5), math.ceil(1.2), math.ceil(-1.2), math.floor(1.8), math.floor(-1.8), math.floor(5))
f(math.sqrt(2), math.exp(1), math.log(10), math.log10(1000), math.log(1), math.pow(2, 10), math.pow(2, 0.5))
f(math.sin(1), math.cos(1), math.tan(1), math.asin(1), math.acos(0), math.atan(1), math.atan2(1, -1), math.atan2(-1, -1))
f(math.sinh(1), math.cosh(1), math.tanh(1), math.deg(math.pi), math.rad(180))
f(math.max(1, 5, 3), math.min(4, 2, 8), math.max(-1), math.min(1, -1 / 0), math.max(2, "10"))
f(math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(5.5, 2), math.mod(7, 4))
f(math.modf(3.7))
f(math.modf(-3.7))
f(math.modf(5))
f(math.frexp(8))
f(math.frexp(0.3))
f(math.frexp(0))
f(math.ldexp(0.5, 4), math.ldexp(3, -1))
print(math.huge, -math.huge, math.huge > 1e308, math.floor(1e15 + 0.5), math.modf(1 / 0))
print(pcall(function() math.abs() end))
print(pcall(function() math.max() end))
print(pcall(function() math.sqrt("x") end))
print(pcall(function() math.floor({}) end))
print(pcall(function() math.pow(2) end))
print(math.sqrt("4"), math.floor("3.7"), math.abs("-1"))
local nan = math.sqrt(-1)
print(nan ~= nan, math.fmod(1, 0) ~= math.fmod(1, 0))
math.randomseed(1)
local a = {}
for i = 1, 100 do a[i] = math.random() end
local ok = true
for i = 1, 100 do ok = ok and a[i] >= 0 and a[i] < 1 end
print(ok)
for i = 1, 1000 do
  local r, s = math.random(6), math.random(-3, 3)
  ok = ok and r >= 1 and r <= 6 and r == math.floor(r) and s >= -3 and s <= 3 and s == math.floor(s)
end
print(ok, math.random(1), math.random(5, 5))
print(pcall(function() math.random(0) end))
print(pcall(function() math.random(2, 1) end))
print(pcall(function() math.random(1, 2, 3) end))
math.randomseed(42)
local x, y = math.random(), math.random(1000)
math.randomseed(42)
print(x == math.random(), y == math.random(1000))
local seen, n = {}, 0
for i = 1, 2000 do local r = math.random(10) if not seen[r] then seen[r] = true n = n + 1 end end
print(n)
