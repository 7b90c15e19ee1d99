-- Generic for: protocol, pairs, ipairs, next, own iterators, closures, breaking off.
local function range(n)
  local function step(limit, i) if i < limit then return i + 1, (i + 1) ^ 2 end end
  return step, n, 0
end
for i, square in range(4) do io.write(i, "=", square, " ") end print()
for i, v in ipairs { "a", "b", nil, "d" } do io.write(i, v, " ") end print()
for i in ipairs {} do print("never") end
local keys = {}
for k, v in pairs { x = 1, y = 2, 10, 20 } do keys[#keys + 1] = tostring(k) .. "=" .. v end
table.sort(keys) print(table.concat(keys, " "))
for k in next, { only = 1 } do print(k) end
for a, b, c, d in (function() local n = 0 return function() n = n + 1 if n < 3 then return n, nil, n * 2 end end end)() do
  print(a, b, c, d)
end
local state = { "s" }
for v in function(s, c) if not c then return s[1] end end, state do print(v) end
local t = setmetatable({}, { __call = function(self, s, c)
  c = (c or 0) + 1
  if c <= 3 then return c end
end })
for i in t do io.write(i, " ") end print()
local fs = {}
for i, v in ipairs { "p", "q" } do fs[i] = function() v = v .. i return v end end
print(fs[1](), fs[1](), fs[2]())
for k, v in pairs { 1, 2, 3 } do if k == 2 then break end print(k, v) end
local q = { 1, 2, 3, 4, 5, 6 }
for k, v in pairs(q) do if v % 2 == 0 then q[k] = nil end end
local left = {}
for k in pairs(q) do left[#left + 1] = k end
table.sort(left) print(table.concat(left, ","))
for k, v in pairs(q) do q[k] = v * 10 end
print(q[1], q[3], q[5])
print(next({}), next({ 5 }), type(next), rawequal(next, next))
print(pcall(function() return (next({}, "missing")) end))
print(pcall(function() return (pairs()) end))
print(pcall(function() return (ipairs(nil)) end))
print(pcall(function() return (next(1)) end))
print(pcall(function() for i in nil do end end))
print(pcall(function() for i in 5 do end end))
print(select("#", pairs({})), select("#", ipairs({})), select(3, ipairs({})))
local words = {}
for w in ("one two three"):gmatch("%a+") do words[#words + 1] = w end
print(#words, words[3])
for i, v in ipairs({ n = 1, "x" }) do print(i, v) end
