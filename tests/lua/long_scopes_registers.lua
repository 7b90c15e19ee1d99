-- Many locals, many temporaries, deep expressions, many arguments and results at once.
local function many_locals()
  local a, b, c, d, e, f, g, h, i, j = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
  local k, l, m, n, o, p, q, r, s, t = a + b, b + c, c + d, d + e, e + f, f + g, g + h, h + i, i + j, j + a
  return a + b + c + d + e + f + g + h + i + j, k * l + m * n + o * p + q * r + s * t
end
print(many_locals())
local parts = {}
for i = 1, 120 do parts[i] = "local v" .. i .. " = " .. i .. " * x" end
parts[#parts + 1] = "return v1 + v60 + v120, function() v1 = v1 + 1 return v1 end"
local f = loadstring("local x = ... " .. table.concat(parts, " "))
print((f(2)))
local _, inc = f(1)
print(inc(), inc())
local function args(...) return select("#", ...), (select(-1, ...)) end
local list = {}
for i = 1, 250 do list[i] = i end
print(args(unpack(list)))
local expr = "1"
for i = 2, 100 do expr = "(" .. expr .. "+" .. i .. ")" end
print(loadstring("return " .. expr)())
expr = "1"
for i = 2, 60 do expr = i .. "-(" .. expr .. ")" end
print(loadstring("return " .. expr)())
local call = "x"
for i = 1, 50 do call = "f(" .. call .. ")" end
print(loadstring("local x, f = 0, function(v) return v + 1 end return " .. call)())
local idx = "t"
for i = 1, 60 do idx = idx .. ".n" end
local t = {}
t.n = t
print(loadstring("local t = ... return " .. idx)(t) == t)
local function swap3(a, b, c) a, b, c = c, a, b return a, b, c end
print(swap3(1, 2, 3))
local function spread() return 1, 2, 3 end
local x = { spread(), spread(), [10] = spread(), k = spread(), (spread()) }
print(#x, x[1], x[2], x[3], x[10], x.k)
local s = 0
for a = 1, 2 do
  for b = 1, 2 do
    for c = 1, 2 do
      for d = 1, 2 do for e = 1, 2 do s = s + a * 10000 + b * 1000 + c * 100 + d * 10 + e end end
    end
  end
end
print(s)
local function nest(n)
  local a, b, c = n, n + 1, n + 2
  if n > 0 then local d, e = nest(n - 1) return a + d, b + c + e end
  return a, b
end
print(nest(30))
local r = (function(a, b, c, ...)
  local d, e = ...
  return a .. b .. c .. d .. e
end)(1, 2, 3, 4, 5, 6)
print(r)
print((function(a, b) return b, a end)((function() return 1, 2 end)()))
